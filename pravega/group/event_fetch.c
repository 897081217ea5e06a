/*
 * event_fetch.c - one event, again, by its pointer: a segment reader that begins at the event and ends behind it.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "pravega/client_int.h"
#include "pravega/event_reader.h"
#include "pravega/segment_reader_int.h"

#define BUFFER_BYTES ((size_t)1 << 10)        /* beyond the event itself */
#define FETCH_TIMEOUT_NS (30 * WEIR_NS_PER_S) /* an event that is not written yet */

struct fetch {
    struct pravega_op op; /* first */
    struct pravega_client *client;
    int64_t offset;
    int32_t length;
    struct pravega_segment_reader *reader;
    struct weir_timer timer;
    struct weir_error why; /* of what the timer ends with */
    pravega_event_fetched_fn *done;
    void *arg;
};

static void fetch_fini(struct fetch *fetch)
{
    weir_timer_stop(fetch->client->loop, &fetch->timer);
    pravega_segment_reader_free(fetch->reader);
    free(fetch);
}

static void fetch_free(struct pravega_op *op)
{
    fetch_fini((struct fetch *)op);
}

/* The end. The payload is taken or copied: the callback may free the client, which no segment reader outlives. */
static void fetch_end(struct fetch *fetch, enum weir_status status, struct weir_view payload, struct weir_error *why)
{
    pravega_event_fetched_fn *done = fetch->done;
    void *arg = fetch->arg;
    struct weir_buf kept;

    weir_buf_init(&kept, payload.len + 1);
    if (status == WEIR_OK && !pravega_segment_reader_take_joined(fetch->reader, &kept)) {
        weir_buf_append(&kept, payload.ptr, payload.len);
        if (kept.status != WEIR_OK)
            status = weir_fail(why, WEIR_E_NOMEM, "no memory for an event of %zu bytes", payload.len);
        payload = weir_buf_view(&kept);
    }
    pravega_op_end(&fetch->op);
    fetch_fini(fetch);
    done(arg, status, status == WEIR_OK ? payload : weir_view(NULL, 0), why);
    weir_buf_fini(&kept);
}

static void on_ready(void *arg)
{
    struct fetch *fetch = arg;
    struct pravega_event event = {.payload = {NULL, 0}};
    struct weir_error why = {0};
    enum weir_status status = pravega_segment_reader_next(fetch->reader, &event, &why);

    if (status == WEIR_E_AGAIN)
        return;
    if (status == WEIR_OK && (size_t)(event.next_offset - event.offset) != (size_t)fetch->length)
        status = weir_fail(&why, WEIR_E_DAMAGED,
                           "the event at offset %" PRId64 " takes %" PRId64 " bytes, its pointer says %" PRId32,
                           fetch->offset, event.next_offset - event.offset, fetch->length);
    else if (status == WEIR_E_END)
        status = weir_fail(&why, WEIR_E_NOT_FOUND, "the segment ends at offset %" PRId64 ": there is no event",
                           fetch->offset);
    fetch_end(fetch, status, status == WEIR_OK ? event.payload : weir_view(NULL, 0), &why);
}

static void on_timer(void *arg)
{
    struct fetch *fetch = arg;
    struct weir_error why = fetch->why;

    fetch_end(fetch, why.status, weir_view(NULL, 0), &why);
}

/* INT64_MAX for a pointer that is none, which begin() refuses. */
static int64_t end_of(const struct pravega_event_pointer *pointer)
{
    int64_t end;

    return __builtin_add_overflow(pointer->offset, pointer->length, &end) ? INT64_MAX : end;
}

/* Begins to read; the segment reader calls on_ready in later turns only. */
static enum weir_status begin(struct fetch *fetch, const struct pravega_event_pointer *pointer, struct weir_error *err)
{
    struct pravega_segment_reader_options options = {.start_offset = pointer->offset,
                                                     .end_offset = end_of(pointer),
                                                     .buffer_bytes = BUFFER_BYTES,
                                                     .event_len_max =
                                                         (size_t)pointer->length - PRAVEGA_EVENT_HEADER_LEN,
                                                     .on_ready = on_ready,
                                                     .arg = fetch};
    struct pravega_event event;
    enum weir_status status;

    if (pointer->offset < 0 || pointer->length < PRAVEGA_EVENT_HEADER_LEN || end_of(pointer) == INT64_MAX)
        return weir_fail(err, WEIR_E_INVAL, "no event is at offset %" PRId64 " with %" PRId32 " bytes", pointer->offset,
                         pointer->length);
    status =
        pravega_segment_reader_new(fetch->client, &pointer->stream, pointer->segment, &options, &fetch->reader, err);
    if (status == WEIR_OK)
        status = pravega_segment_reader_next(fetch->reader, &event, err);
    return status == WEIR_E_AGAIN ? WEIR_OK : status;
}

void pravega_event_fetch(struct pravega_client *client, const struct pravega_event_pointer *pointer,
                         pravega_event_fetched_fn *done, void *arg)
{
    struct fetch *fetch = calloc(1, sizeof(*fetch));
    struct weir_error why = {0};

    if (fetch == NULL) {
        weir_fail(&why, WEIR_E_NOMEM, "no memory to fetch an event");
        done(arg, WEIR_E_NOMEM, weir_view(NULL, 0), &why);
        return;
    }
    *fetch = (struct fetch){.op = {.free = fetch_free},
                            .client = client,
                            .offset = pointer->offset,
                            .length = pointer->length,
                            .timer = {.fn = on_timer, .arg = fetch},
                            .done = done,
                            .arg = arg};
    pravega_op_start(client, &fetch->op);
    if (begin(fetch, pointer, &fetch->why) == WEIR_OK) {
        weir_fail(&fetch->why, WEIR_E_TIMEOUT, "no event came from offset %" PRId64 " within %d s", pointer->offset,
                  (int)(FETCH_TIMEOUT_NS / WEIR_NS_PER_S));
        weir_timer_start(client->loop, &fetch->timer, FETCH_TIMEOUT_NS);
    } else {
        weir_timer_start(client->loop, &fetch->timer, 0);
    }
}
