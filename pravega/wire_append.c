/*
 * wire_append.c - the shapes in which the bytes of an append travel.
 *
 *     bare end         |               END data
 *     exact block      | whole         END
 *     block + padding  | whole | PADDING frame | END
 *     block + partial  | whole | PARTIAL_EVENT frame | END data
 */
#include "pravega/wire.h"
#include "weir/endian.h"

static enum weir_status bad_shape(struct weir_error *err, const char *what)
{
    return weir_fail(err, WEIR_E_PROTO, "append block %s", what);
}

/* What follows the whole events in a block: one frame, to its end. */
static enum weir_status rest_of_block(struct weir_view rest, struct weir_view end_data, struct weir_view *partial,
                                      struct weir_error *err)
{
    int32_t type;

    if (rest.len < PRAVEGA_WIRE_HEADER_LEN || weir_get_u32be(rest.ptr + 4) != rest.len - PRAVEGA_WIRE_HEADER_LEN)
        return bad_shape(err, "ends in bytes that are no frame");
    type = (int32_t)weir_get_u32be(rest.ptr);
    if (type == PRAVEGA_WIRE_PARTIAL_EVENT) {
        *partial = weir_view(rest.ptr + PRAVEGA_WIRE_HEADER_LEN, rest.len - PRAVEGA_WIRE_HEADER_LEN);
        return WEIR_OK;
    }
    if (type != PRAVEGA_WIRE_PADDING)
        return bad_shape(err, "ends in neither padding nor a partial event");
    return end_data.len == 0 ? WEIR_OK : bad_shape(err, "has padding before the data of its end");
}

enum weir_status pravega_wire_append_parts(const struct pravega_wire_append_block *block,
                                           const struct pravega_wire_append_block_end *end,
                                           struct weir_view parts[PRAVEGA_WIRE_APPEND_PARTS], struct weir_error *err)
{
    struct weir_view rest;

    parts[0] = parts[1] = (struct weir_view){NULL, 0};
    parts[2] = end->data;
    if (block == NULL)
        return WEIR_OK;
    if (end->whole_len < 0 || (size_t)end->whole_len > block->data.len)
        return bad_shape(err, "has fewer bytes than its end says");
    parts[0] = weir_view(block->data.ptr, (size_t)end->whole_len);
    rest = weir_view(block->data.ptr + end->whole_len, block->data.len - (size_t)end->whole_len);
    if (rest.len > 0)
        return rest_of_block(rest, end->data, &parts[1], err);
    return end->data.len == 0 ? WEIR_OK : bad_shape(err, "is full, and its end has data of its own");
}
