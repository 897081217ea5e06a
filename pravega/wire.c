/*
 * wire.c - names, encoders and decoders of all wire commands, made from the table in wire.h.
 */
#include "pravega/wire.h"

#include <assert.h>

#include "pravega/wire_int.h"
#include "weir/endian.h"

#define NOTHING ((struct weir_view){NULL, 0})
#define NO_ITEMS ((struct pravega_wire_list){0, {NULL, 0}})

enum direction { DIRECTION_C = 1, DIRECTION_S = 2, DIRECTION_CS = 3 };

static enum direction direction_of(int32_t type)
{
    switch (type) {
#define X(NAME, name, code, direction, ...)                                                                            \
    case code:                                                                                                         \
        return DIRECTION_##direction;
        PRAVEGA_WIRE_COMMANDS(X)
#undef X
    }
    return 0;
}

bool pravega_wire_sent_by_client(int32_t type)
{
    return (direction_of(type) & DIRECTION_C) != 0;
}

bool pravega_wire_sent_by_server(int32_t type)
{
    return (direction_of(type) & DIRECTION_S) != 0;
}

const char *pravega_wire_name(int32_t type)
{
    switch (type) {
#define X(NAME, name, code, direction, ...)                                                                            \
    case code:                                                                                                         \
        return #NAME;
        PRAVEGA_WIRE_COMMANDS(X)
#undef X
    }
    return "?";
}

/* Only the field of kind ID gives code here. */
#define ID_OF_I8(field)
#define ID_OF_BOOL(field)
#define ID_OF_I32(field)
#define ID_OF_I64(field)
#define ID_OF_UUID(field)
#define ID_OF_STR(field)
#define ID_OF_BUF(field)
#define ID_OF_REST(field)
#define ID_OF_EVENT(field)
#define ID_OF_NAMES(field)
#define ID_OF_NUMBERS(field)
#define ID_OF_KEYS(field)
#define ID_OF_ENTRIES(field)
#define ID_OF_MERGED(field)
#define ID_OF_UPDATES(field)
#define ID_OF_CHUNKS(field)
#define ID_OF_ID(field) id = body->field;

int64_t pravega_wire_request_id(const struct pravega_wire_command *cmd)
{
    int64_t id = 0;

    switch (cmd->type) {
#define FIELD(kind, field) ID_OF_##kind(field)
#define TAIL(kind, field, fallback) ID_OF_##kind(field)
#define X(NAME, name, code, direction, ...)                                                                            \
    case PRAVEGA_WIRE_##NAME: {                                                                                        \
        const struct pravega_wire_##name *body = &cmd->name;                                                           \
        (void)body;                                                                                                    \
        __VA_ARGS__                                                                                                    \
    } break;
        PRAVEGA_WIRE_COMMANDS(X)
#undef X
#undef TAIL
#undef FIELD
    }
    return id;
}

static size_t frame_begin(struct weir_buf *buf, int32_t type)
{
    size_t at = buf->len;

    put_I32(buf, type);
    put_I32(buf, 0);
    return at;
}

/* Sets the length once it is known; a frame that failed half way is taken back. */
static void frame_end(struct weir_buf *buf, size_t at)
{
    if (buf->status == WEIR_OK && buf->len - at > PRAVEGA_WIRE_FRAME_LEN_MAX)
        buf->status = WEIR_E_LIMIT;
    if (buf->status == WEIR_OK)
        weir_put_u32be(buf->ptr + at + 4, (uint32_t)(buf->len - at - PRAVEGA_WIRE_HEADER_LEN));
    else
        buf->len = at;
}

#define FIELD(kind, field) put_##kind(buf, cmd->field);
#define TAIL(kind, field, fallback) put_##kind(buf, cmd->field);
#define X(NAME, name, code, direction, ...)                                                                            \
    void pravega_wire_encode_##name(struct weir_buf *buf, const struct pravega_wire_##name *cmd)                       \
    {                                                                                                                  \
        size_t at = frame_begin(buf, code);                                                                            \
                                                                                                                       \
        (void)cmd;                                                                                                     \
        __VA_ARGS__                                                                                                    \
        frame_end(buf, at);                                                                                            \
    }
PRAVEGA_WIRE_COMMANDS(X)
#undef X
#undef TAIL
#undef FIELD

void pravega_wire_encode(struct weir_buf *buf, const struct pravega_wire_command *cmd)
{
    switch (cmd->type) {
#define X(NAME, name, code, direction, ...)                                                                            \
    case PRAVEGA_WIRE_##NAME:                                                                                          \
        pravega_wire_encode_##name(buf, &cmd->name);                                                                   \
        break;
        PRAVEGA_WIRE_COMMANDS(X)
#undef X
    }
}

#define FIELD(kind, field) cmd->field = get_##kind(in);
#define TAIL(kind, field, fallback) cmd->field = weir_in_left(in) >= SIZE_MIN_##kind ? get_##kind(in) : fallback;
#define X(NAME, name, code, direction, ...)                                                                            \
    static void decode_##name(struct weir_in *in, struct pravega_wire_##name *cmd)                                     \
    {                                                                                                                  \
        (void)in;                                                                                                      \
        (void)cmd;                                                                                                     \
        __VA_ARGS__                                                                                                    \
    }
PRAVEGA_WIRE_COMMANDS(X)
#undef X
#undef TAIL
#undef FIELD

enum weir_status pravega_wire_decode(int32_t type, struct weir_view payload, struct pravega_wire_command *out,
                                     struct weir_error *err)
{
    struct weir_in in = weir_in(payload);

    switch (type) {
#define X(NAME, name, code, direction, ...)                                                                            \
    case code:                                                                                                         \
        decode_##name(&in, &out->name);                                                                                \
        break;
        PRAVEGA_WIRE_COMMANDS(X)
#undef X
    default:
        return weir_fail(err, WEIR_E_PROTO, "wire command %d is not known", (int)type);
    }
    if (in.bad)
        return weir_fail(err, WEIR_E_PROTO, "wire command %s of %zu bytes is malformed", pravega_wire_name(type),
                         payload.len);
    out->type = (enum pravega_wire_type)type;
    return WEIR_OK;
}

void pravega_wire_append_block_end_around(const struct pravega_wire_append_block_end *cmd,
                                          uint8_t head[PRAVEGA_WIRE_APPEND_HEAD_LEN],
                                          uint8_t tail[PRAVEGA_WIRE_APPEND_TAIL_LEN])
{
    size_t frame_len = PRAVEGA_WIRE_APPEND_HEAD_LEN + cmd->data.len + PRAVEGA_WIRE_APPEND_TAIL_LEN;

    assert(frame_len <= PRAVEGA_WIRE_FRAME_LEN_MAX);
    weir_put_u32be(head, PRAVEGA_WIRE_APPEND_BLOCK_END);
    weir_put_u32be(head + 4, (uint32_t)(frame_len - PRAVEGA_WIRE_HEADER_LEN));
    weir_put_u64be(head + 8, cmd->writer_id.msb);
    weir_put_u64be(head + 16, cmd->writer_id.lsb);
    weir_put_u32be(head + 24, (uint32_t)cmd->whole_len);
    weir_put_u32be(head + 28, (uint32_t)cmd->data.len);
    weir_put_u32be(tail, (uint32_t)cmd->event_count);
    weir_put_u64be(tail + 4, (uint64_t)cmd->last_event_number);
    weir_put_u64be(tail + 12, (uint64_t)cmd->request_id);
}

void pravega_wire_conditional_block_end_around(const struct pravega_wire_conditional_block_end *cmd,
                                               uint8_t head[PRAVEGA_WIRE_CONDITIONAL_HEAD_LEN],
                                               uint8_t tail[PRAVEGA_WIRE_CONDITIONAL_TAIL_LEN])
{
    size_t payload_len =
        PRAVEGA_WIRE_CONDITIONAL_HEAD_LEN - PRAVEGA_WIRE_HEADER_LEN + cmd->data.len + PRAVEGA_WIRE_CONDITIONAL_TAIL_LEN;

    weir_put_u32be(head, (uint32_t)PRAVEGA_WIRE_CONDITIONAL_BLOCK_END);
    weir_put_u32be(head + 4, (uint32_t)payload_len);
    weir_put_u64be(head + 8, cmd->writer_id.msb);
    weir_put_u64be(head + 16, cmd->writer_id.lsb);
    weir_put_u64be(head + 24, (uint64_t)cmd->event_number);
    weir_put_u64be(head + 32, (uint64_t)cmd->expected_offset);
    weir_put_u32be(head + 40, (uint32_t)cmd->data.len);
    weir_put_u64be(tail, (uint64_t)cmd->request_id);
}

void pravega_wire_segment_read_around(const struct pravega_wire_segment_read *cmd, struct weir_buf *head,
                                      uint8_t tail[PRAVEGA_WIRE_READ_TAIL_LEN])
{
    size_t at = frame_begin(head, PRAVEGA_WIRE_SEGMENT_READ), payload_len;

    put_STR(head, cmd->segment);
    put_I64(head, cmd->offset);
    put_BOOL(head, cmd->at_tail);
    put_BOOL(head, cmd->end_of_segment);
    put_len(head, cmd->data.len);
    payload_len = head->len - at - PRAVEGA_WIRE_HEADER_LEN + cmd->data.len + PRAVEGA_WIRE_READ_TAIL_LEN;
    if (head->status == WEIR_OK && payload_len > PRAVEGA_WIRE_FRAME_LEN_MAX - PRAVEGA_WIRE_HEADER_LEN)
        head->status = WEIR_E_LIMIT;
    if (head->status == WEIR_OK)
        weir_put_u32be(head->ptr + at + 4, (uint32_t)payload_len);
    else
        head->len = at;
    weir_put_u64be(tail, (uint64_t)cmd->request_id);
}
