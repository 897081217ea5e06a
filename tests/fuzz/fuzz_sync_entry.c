/*
 * fuzz_sync_entry.c - any bytes are an entry of a state synchronizer or DAMAGED; what was parsed, put together again,
 * is the same bytes. And as text, they are a revision or INVAL; a revision's text comes back as the same revision.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/revisioned_stream.h"
#include "pravega/sync/update_or_init.h"

static void check_entry(struct weir_view bytes)
{
    struct pravega_sync_entry entry;
    struct weir_view update;
    struct weir_buf again;
    enum weir_status status = pravega_sync_entry_parse(bytes, &entry, NULL);

    assert(status == WEIR_OK || status == WEIR_E_DAMAGED);
    if (status != WEIR_OK)
        return;
    weir_buf_init(&again, SIZE_MAX);
    pravega_sync_entry_begin(&again, entry.kind);
    if (entry.kind == PRAVEGA_SYNC_INIT)
        weir_buf_append(&again, entry.body.ptr, entry.body.len);
    else
        while (pravega_sync_update_next(&entry.body, &update))
            pravega_sync_update_put(&again, update);
    assert(again.status == WEIR_OK && weir_view_equal(weir_buf_view(&again), bytes));
    weir_buf_fini(&again);
}

static void check_revision(struct weir_view bytes)
{
    static const struct pravega_stream_name stream = {"s", "t"};
    struct pravega_revision revision, back;
    char again[128], *text = malloc(bytes.len + 1);

    assert(text != NULL);
    if (bytes.len > 0)
        memcpy(text, bytes.ptr, bytes.len);
    text[bytes.len] = '\0';
    if (pravega_revision_parse(text, &stream, &revision, NULL) == WEIR_OK) {
        assert(pravega_revision_text(&stream, &revision, again, sizeof(again)) > 0);
        assert(pravega_revision_parse(again, &stream, &back, NULL) == WEIR_OK);
        assert(pravega_revision_compare(&revision, &back) == 0);
    }
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_entry(weir_view(data, size));
    check_revision(weir_view(data, size));
    return 0;
}
