/*
 * fuzz_store_group_log.c - any bytes of a reader group's stream make a state or are refused, and how they are cut makes
 * no difference. Byte 0 is the size of the slices.
 */
#include <assert.h>

#include "store/operation/group_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The readers that are online, or -1: refused. */
static int64_t readers_of(struct weir_view bytes, size_t slice_len)
{
    struct weir_group_log log;
    enum weir_status status = WEIR_OK;
    int64_t count = -1;

    weir_group_log_init(&log);
    for (size_t at = 0; at < bytes.len && status == WEIR_OK; at += slice_len)
        status = weir_group_log_take(
            &log, weir_view(bytes.ptr + at, bytes.len - at < slice_len ? bytes.len - at : slice_len));
    assert(status == WEIR_OK || status == WEIR_E_DAMAGED || status == WEIR_E_INVAL || status == WEIR_E_STATE);
    if (status == WEIR_OK)
        count = log.state != NULL ? (int64_t)log.state->reader_count : 0;
    weir_group_log_fini(&log);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 1)
        assert(readers_of(weir_view(data + 1, size - 1), (size_t)data[0] + 1) ==
               readers_of(weir_view(data + 1, size - 1), size));
    return 0;
}
