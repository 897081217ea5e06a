/*
 * fuzz_wire.c - any bytes, in slices of any size, end in AGAIN or PROTO; a frame that decodes can be encoded, and
 * decodes to the same again. Byte 0 picks the size of the slices (0: all at once).
 */
#include <assert.h>

#include "pravega/wire.h"
#include "pravega/wire_inbox.h"

/* The bytes need not be the same (trailing ones are dropped, defaults are filled in), but encoding is stable. */
static void check_round_trip(const struct pravega_wire_command *cmd)
{
    struct pravega_wire_command second;
    struct weir_buf once, twice;

    weir_buf_init(&once, SIZE_MAX);
    weir_buf_init(&twice, SIZE_MAX);
    pravega_wire_encode(&once, cmd);
    if (once.status == WEIR_OK) { /* filled-in defaults can push it over the longest frame */
        assert(pravega_wire_decode(cmd->type,
                                   weir_view(once.ptr + PRAVEGA_WIRE_HEADER_LEN, once.len - PRAVEGA_WIRE_HEADER_LEN),
                                   &second, NULL) == WEIR_OK);
        pravega_wire_encode(&twice, &second);
        assert(weir_view_equal(weir_buf_view(&once), weir_buf_view(&twice)));
        assert(pravega_wire_request_id(cmd) == pravega_wire_request_id(&second));
    }
    weir_buf_fini(&twice);
    weir_buf_fini(&once);
}

/* An append is put together from the block before it, whatever both hold. */
static void check_append(const struct pravega_wire_command *block, const struct pravega_wire_command *end)
{
    struct weir_view parts[PRAVEGA_WIRE_APPEND_PARTS];
    size_t len = end->append_block_end.data.len + (block != NULL ? block->append_block.data.len : 0);

    if (pravega_wire_append_parts(block != NULL ? &block->append_block : NULL, &end->append_block_end, parts, NULL) ==
        WEIR_OK)
        assert(parts[0].len + parts[1].len + parts[2].len <= len);
}

static enum weir_status take_frames(struct pravega_wire_inbox *inbox, struct pravega_wire_command *block)
{
    struct pravega_wire_frame frame;
    struct pravega_wire_command cmd;
    enum weir_status status;

    while ((status = pravega_wire_inbox_next(inbox, &frame, NULL)) == WEIR_OK) {
        if (pravega_wire_decode(frame.type, frame.payload, &cmd, NULL) != WEIR_OK)
            continue;
        check_round_trip(&cmd);
        if (cmd.type == PRAVEGA_WIRE_APPEND_BLOCK_END)
            check_append(block->type == PRAVEGA_WIRE_APPEND_BLOCK ? block : NULL, &cmd);
        *block = cmd;
    }
    block->type = PRAVEGA_WIRE_KEEP_ALIVE; /* its views end with the next receive */
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pravega_wire_command block = {.type = PRAVEGA_WIRE_KEEP_ALIVE};
    struct pravega_wire_inbox inbox;
    enum weir_status status = WEIR_E_AGAIN;
    size_t slice = size > 0 && data[0] > 0 ? data[0] : SIZE_MAX;

    pravega_wire_inbox_init(&inbox);
    for (size_t at = 1; at < size && status == WEIR_E_AGAIN;) {
        size_t cap, len;
        uint8_t *room = pravega_wire_inbox_room(&inbox, &cap);

        len = size - at < slice ? size - at : slice;
        len = len < cap ? len : cap;
        memcpy(room, data + at, len);
        pravega_wire_inbox_filled(&inbox, len);
        at += len;
        status = take_frames(&inbox, &block);
    }
    assert(status == WEIR_E_AGAIN || status == WEIR_E_PROTO);
    pravega_wire_inbox_fini(&inbox);
    return 0;
}
