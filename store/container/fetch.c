/*
 * fetch.c - reads of all bytes of a run: one read after the other, each from where the one before ended.
 */
#include "store/container/fetch.h"

#include <assert.h>
#include <stddef.h>

static void end(struct weir_segment_fetch *fetch, enum weir_status status)
{
    struct weir_segment *seg = fetch->seg;

    fetch->status = status;
    fetch->seg = NULL;
    fetch->done(fetch); /* may free it */
    weir_segment_unref(seg);
}

static void go_on(struct weir_segment_fetch *fetch);

static void read_done(struct weir_segment_read *read)
{
    struct weir_segment_fetch *fetch =
        (struct weir_segment_fetch *)((char *)read - offsetof(struct weir_segment_fetch, read));
    enum weir_status status = read->status;

    if (status == WEIR_OK && read->data.len == 0)
        status = WEIR_E_INVAL; /* the end of a sealed segment */
    if (status == WEIR_OK) {
        memcpy(fetch->to + fetch->got, read->data.ptr, read->data.len);
        fetch->got += read->data.len;
    }
    weir_segment_read_release(read);
    if (status != WEIR_OK || fetch->got == fetch->len)
        end(fetch, status == WEIR_E_SEALED ? WEIR_E_INVAL : status);
    else
        go_on(fetch);
}

static void go_on(struct weir_segment_fetch *fetch)
{
    fetch->read = (struct weir_segment_read){.done = read_done,
                                             .offset = fetch->offset + (int64_t)fetch->got,
                                             .len_max = fetch->len - fetch->got,
                                             .wait = true};
    weir_segment_read(fetch->seg, &fetch->read);
}

void weir_segment_fetch(struct weir_segment *seg, struct weir_segment_fetch *fetch)
{
    assert(fetch->len > 0);
    fetch->seg = weir_segment_ref(seg);
    fetch->got = 0;
    go_on(fetch);
}

void weir_segment_fetch_cancel(struct weir_segment_fetch *fetch)
{
    if (fetch->seg == NULL)
        return;
    weir_segment_read_cancel(&fetch->read);
    weir_segment_unref(fetch->seg);
    fetch->seg = NULL;
}
