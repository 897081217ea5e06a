/*
 * update_or_init.c - the codec of a state synchronizer's entries.
 */
#include "pravega/sync/update_or_init.h"

#include <inttypes.h>

/* A body of updates is whole if its lengths end where it ends. */
static bool is_whole(struct weir_view body)
{
    struct weir_in in = weir_in(body);

    while (weir_in_left(&in) > 0 && !in.bad)
        weir_in_take(&in, weir_in_u32be(&in)); /* a negative length is one that is never there */
    return !in.bad;
}

enum weir_status pravega_sync_entry_parse(struct weir_view bytes, struct pravega_sync_entry *out,
                                          struct weir_error *err)
{
    struct weir_in in = weir_in(bytes);
    uint32_t kind = weir_in_u32be(&in);

    if (in.bad || (kind != PRAVEGA_SYNC_INIT && kind != PRAVEGA_SYNC_UPDATES))
        return weir_fail(err, WEIR_E_DAMAGED, "an entry of %zu bytes and kind %" PRIu32 " is none of a synchronizer",
                         bytes.len, kind);
    out->kind = (enum pravega_sync_entry_kind)kind;
    out->body = weir_view(in.ptr, weir_in_left(&in));
    if (kind == PRAVEGA_SYNC_UPDATES && !is_whole(out->body))
        return weir_fail(err, WEIR_E_DAMAGED, "the updates in an entry of %zu bytes are not whole", bytes.len);
    return WEIR_OK;
}

bool pravega_sync_update_next(struct weir_view *body, struct weir_view *update)
{
    struct weir_in in = weir_in(*body);

    if (body->len == 0)
        return false;
    *update = weir_in_take(&in, weir_in_u32be(&in));
    *body = weir_view(in.ptr, weir_in_left(&in));
    return true;
}

void pravega_sync_entry_begin(struct weir_buf *out, enum pravega_sync_entry_kind kind)
{
    weir_buf_reset(out);
    weir_buf_u32be(out, (uint32_t)kind);
}

void pravega_sync_update_put(struct weir_buf *out, struct weir_view update)
{
    if (update.len > INT32_MAX && out->status == WEIR_OK)
        out->status = WEIR_E_LIMIT;
    weir_buf_u32be(out, (uint32_t)update.len);
    weir_buf_append(out, update.ptr, update.len);
}
