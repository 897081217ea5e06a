/*
 * ops.c - encoding of the operations inside records.
 *
 * A code byte, then fields: big-endian u64 unless said otherwise; "bytes" is a LEB128 length and the bytes.
 *
 *      1 APPEND      u32 data length, segment, offset, writer (2), event number, event count, time, data
 *      2 CREATE      segment, time, name bytes, attributes
 *      3 DELETE      segment
 *      4 SEAL        segment, time
 *      5 TRUNCATE    segment, time, offset
 *      6 MERGE       segment (target), source, time, attributes
 *      7 ATTRIBUTES  segment, time, attributes
 *      8 PUT         name bytes (key), data bytes (value)
 *      9 REMOVE      name bytes (key)
 *     10 TABLE_CREATE  segment, time, length (of a key, 0: hash table), name bytes, attributes
 *     11 TABLE_UPDATE  u32 data length, segment, offset, time, data (entries)
 *     12 TABLE_REMOVE  segment, time, name bytes (keys)
 *     16 BEGIN       segment (next id), chunk (next id), event count (segments), length (chunks), offset (map entries)
 *     17 CHUNK       chunk, length (bytes of the file), run_offset (salt)
 *     18 SEGMENT     segment, offset (start), length, time, event count, u8 sealed, name bytes, attributes
 *     19 EXTENT      segment, offset, length, chunk, run_offset, run_len, skip
 *     20 TABLE       segment, length (of a key, 0: hash table), event count (keys)
 *     21 TABLE_KEY   segment, offset, event number (version), length (of the value), name bytes (key)
 *
 * attributes: bytes; each 24: id (2), value, where the lowest value unsets.
 */
#include "store/container/ops.h"

void weir_op_append_head_put(uint8_t out[WEIR_OP_APPEND_HEAD_LEN], const struct weir_op *op)
{
    out[0] = WEIR_OP_APPEND;
    weir_put_u32be(out + 1, (uint32_t)op->data.len);
    weir_put_u64be(out + 5, op->segment);
    weir_put_u64be(out + 13, (uint64_t)op->offset);
    weir_put_u64be(out + 21, op->writer.msb);
    weir_put_u64be(out + 29, op->writer.lsb);
    weir_put_u64be(out + 37, (uint64_t)op->event_number);
    weir_put_u64be(out + 45, (uint64_t)op->event_count);
    weir_put_u64be(out + 53, (uint64_t)op->time_ms);
}

void weir_op_table_update_head_put(uint8_t out[WEIR_OP_TABLE_UPDATE_HEAD_LEN], const struct weir_op *op)
{
    out[0] = WEIR_OP_TABLE_UPDATE;
    weir_put_u32be(out + 1, (uint32_t)op->data.len);
    weir_put_u64be(out + 5, op->segment);
    weir_put_u64be(out + 13, (uint64_t)op->offset);
    weir_put_u64be(out + 21, (uint64_t)op->time_ms);
}

static void table_update_put(struct weir_buf *buf, const struct weir_op *op)
{
    uint8_t *head = weir_buf_extend(buf, WEIR_OP_TABLE_UPDATE_HEAD_LEN);

    if (head != NULL)
        weir_op_table_update_head_put(head, op);
    weir_buf_append(buf, op->data.ptr, op->data.len);
}

static void append_put(struct weir_buf *buf, const struct weir_op *op)
{
    uint8_t *head = weir_buf_extend(buf, WEIR_OP_APPEND_HEAD_LEN);

    if (head != NULL)
        weir_op_append_head_put(head, op);
    weir_buf_append(buf, op->data.ptr, op->data.len);
}

static void extent_put(struct weir_buf *buf, const struct weir_op *op)
{
    weir_buf_u64be(buf, op->segment);
    weir_buf_u64be(buf, (uint64_t)op->offset);
    weir_buf_u64be(buf, (uint64_t)op->length);
    weir_buf_u64be(buf, op->chunk);
    weir_buf_u64be(buf, op->run_offset);
    weir_buf_u64be(buf, op->run_len);
    weir_buf_u64be(buf, op->skip);
}

static void segment_put(struct weir_buf *buf, const struct weir_op *op)
{
    weir_buf_u64be(buf, op->segment);
    weir_buf_u64be(buf, (uint64_t)op->offset);
    weir_buf_u64be(buf, (uint64_t)op->length);
    weir_buf_u64be(buf, (uint64_t)op->time_ms);
    weir_buf_u64be(buf, (uint64_t)op->event_count);
    weir_buf_u8(buf, op->sealed);
    weir_buf_view_append(buf, op->name);
    weir_buf_view_append(buf, op->attributes);
}

static void table_key_put(struct weir_buf *buf, const struct weir_op *op)
{
    weir_buf_u64be(buf, op->segment);
    weir_buf_u64be(buf, (uint64_t)op->offset);
    weir_buf_u64be(buf, (uint64_t)op->event_number);
    weir_buf_u64be(buf, (uint64_t)op->length);
    weir_buf_view_append(buf, op->name);
}

void weir_op_put(struct weir_buf *buf, const struct weir_op *op)
{
    if (op->code == WEIR_OP_APPEND || op->code == WEIR_OP_TABLE_UPDATE) {
        (op->code == WEIR_OP_APPEND ? append_put : table_update_put)(buf, op);
        return;
    }
    weir_buf_u8(buf, (uint8_t)op->code);
    switch (op->code) {
    case WEIR_OP_APPEND:
    case WEIR_OP_TABLE_UPDATE:
        break;
    case WEIR_OP_CREATE:
        weir_buf_u64be(buf, op->segment);
        weir_buf_u64be(buf, (uint64_t)op->time_ms);
        weir_buf_view_append(buf, op->name);
        weir_buf_view_append(buf, op->attributes);
        break;
    case WEIR_OP_DELETE:
        weir_buf_u64be(buf, op->segment);
        break;
    case WEIR_OP_SEAL:
        weir_buf_u64be(buf, op->segment);
        weir_buf_u64be(buf, (uint64_t)op->time_ms);
        break;
    case WEIR_OP_TRUNCATE:
        weir_buf_u64be(buf, op->segment);
        weir_buf_u64be(buf, (uint64_t)op->time_ms);
        weir_buf_u64be(buf, (uint64_t)op->offset);
        break;
    case WEIR_OP_MERGE:
        weir_buf_u64be(buf, op->segment);
        weir_buf_u64be(buf, op->source);
        weir_buf_u64be(buf, (uint64_t)op->time_ms);
        weir_buf_view_append(buf, op->attributes);
        break;
    case WEIR_OP_ATTRIBUTES:
        weir_buf_u64be(buf, op->segment);
        weir_buf_u64be(buf, (uint64_t)op->time_ms);
        weir_buf_view_append(buf, op->attributes);
        break;
    case WEIR_OP_PUT:
        weir_buf_view_append(buf, op->name);
        weir_buf_view_append(buf, op->data);
        break;
    case WEIR_OP_REMOVE:
        weir_buf_view_append(buf, op->name);
        break;
    case WEIR_OP_TABLE_CREATE:
        weir_buf_u64be(buf, op->segment);
        weir_buf_u64be(buf, (uint64_t)op->time_ms);
        weir_buf_u64be(buf, (uint64_t)op->length);
        weir_buf_view_append(buf, op->name);
        weir_buf_view_append(buf, op->attributes);
        break;
    case WEIR_OP_TABLE_REMOVE:
        weir_buf_u64be(buf, op->segment);
        weir_buf_u64be(buf, (uint64_t)op->time_ms);
        weir_buf_view_append(buf, op->name);
        break;
    case WEIR_OP_BEGIN:
        weir_buf_u64be(buf, op->segment);
        weir_buf_u64be(buf, op->chunk);
        weir_buf_u64be(buf, (uint64_t)op->event_count);
        weir_buf_u64be(buf, (uint64_t)op->length);
        weir_buf_u64be(buf, (uint64_t)op->offset);
        break;
    case WEIR_OP_CHUNK:
        weir_buf_u64be(buf, op->chunk);
        weir_buf_u64be(buf, (uint64_t)op->length);
        weir_buf_u64be(buf, op->run_offset);
        break;
    case WEIR_OP_SEGMENT:
        segment_put(buf, op);
        break;
    case WEIR_OP_EXTENT:
        extent_put(buf, op);
        break;
    case WEIR_OP_TABLE:
        weir_buf_u64be(buf, op->segment);
        weir_buf_u64be(buf, (uint64_t)op->length);
        weir_buf_u64be(buf, (uint64_t)op->event_count);
        break;
    case WEIR_OP_TABLE_KEY:
        table_key_put(buf, op);
        break;
    }
}

static int64_t i64(struct weir_in *in)
{
    return (int64_t)weir_in_u64be(in);
}

static void append_get(struct weir_in *in, struct weir_op *op)
{
    size_t data_len = weir_in_u32be(in);

    op->segment = weir_in_u64be(in);
    op->offset = i64(in);
    op->writer.msb = weir_in_u64be(in);
    op->writer.lsb = weir_in_u64be(in);
    op->event_number = i64(in);
    op->event_count = i64(in);
    op->time_ms = i64(in);
    op->data = weir_in_take(in, data_len);
}

static void extent_get(struct weir_in *in, struct weir_op *op)
{
    op->segment = weir_in_u64be(in);
    op->offset = i64(in);
    op->length = i64(in);
    op->chunk = weir_in_u64be(in);
    op->run_offset = weir_in_u64be(in);
    op->run_len = weir_in_u64be(in);
    op->skip = weir_in_u64be(in);
}

static void segment_get(struct weir_in *in, struct weir_op *op)
{
    op->segment = weir_in_u64be(in);
    op->offset = i64(in);
    op->length = i64(in);
    op->time_ms = i64(in);
    op->event_count = i64(in);
    op->sealed = weir_in_u8(in) != 0;
    op->name = weir_in_view(in);
    op->attributes = weir_in_view(in);
}

static void table_update_get(struct weir_in *in, struct weir_op *op)
{
    size_t data_len = weir_in_u32be(in);

    op->segment = weir_in_u64be(in);
    op->offset = i64(in);
    op->time_ms = i64(in);
    op->data = weir_in_take(in, data_len);
}

static void table_key_get(struct weir_in *in, struct weir_op *op)
{
    op->segment = weir_in_u64be(in);
    op->offset = i64(in);
    op->event_number = i64(in);
    op->length = i64(in);
    op->name = weir_in_view(in);
}

bool weir_op_get(struct weir_in *in, struct weir_op *op)
{
    *op = (struct weir_op){.code = (enum weir_op_code)weir_in_u8(in)};
    switch (op->code) {
    case WEIR_OP_APPEND:
        append_get(in, op);
        break;
    case WEIR_OP_CREATE:
        op->segment = weir_in_u64be(in);
        op->time_ms = i64(in);
        op->name = weir_in_view(in);
        op->attributes = weir_in_view(in);
        break;
    case WEIR_OP_DELETE:
        op->segment = weir_in_u64be(in);
        break;
    case WEIR_OP_SEAL:
        op->segment = weir_in_u64be(in);
        op->time_ms = i64(in);
        break;
    case WEIR_OP_TRUNCATE:
        op->segment = weir_in_u64be(in);
        op->time_ms = i64(in);
        op->offset = i64(in);
        break;
    case WEIR_OP_MERGE:
        op->segment = weir_in_u64be(in);
        op->source = weir_in_u64be(in);
        op->time_ms = i64(in);
        op->attributes = weir_in_view(in);
        break;
    case WEIR_OP_ATTRIBUTES:
        op->segment = weir_in_u64be(in);
        op->time_ms = i64(in);
        op->attributes = weir_in_view(in);
        break;
    case WEIR_OP_PUT:
        op->name = weir_in_view(in);
        op->data = weir_in_view(in);
        break;
    case WEIR_OP_REMOVE:
        op->name = weir_in_view(in);
        break;
    case WEIR_OP_TABLE_CREATE:
        op->segment = weir_in_u64be(in);
        op->time_ms = i64(in);
        op->length = i64(in);
        op->name = weir_in_view(in);
        op->attributes = weir_in_view(in);
        break;
    case WEIR_OP_TABLE_UPDATE:
        table_update_get(in, op);
        break;
    case WEIR_OP_TABLE_REMOVE:
        op->segment = weir_in_u64be(in);
        op->time_ms = i64(in);
        op->name = weir_in_view(in);
        break;
    case WEIR_OP_BEGIN:
        op->segment = weir_in_u64be(in);
        op->chunk = weir_in_u64be(in);
        op->event_count = i64(in);
        op->length = i64(in);
        op->offset = i64(in);
        break;
    case WEIR_OP_CHUNK:
        op->chunk = weir_in_u64be(in);
        op->length = i64(in);
        op->run_offset = weir_in_u64be(in);
        break;
    case WEIR_OP_SEGMENT:
        segment_get(in, op);
        break;
    case WEIR_OP_EXTENT:
        extent_get(in, op);
        break;
    case WEIR_OP_TABLE:
        op->segment = weir_in_u64be(in);
        op->length = i64(in);
        op->event_count = i64(in);
        break;
    case WEIR_OP_TABLE_KEY:
        table_key_get(in, op);
        break;
    default: /* from outside: any byte may stand here */
        return false;
    }
    return !in->bad && op->attributes.len % WEIR_OP_ATTRIBUTE_LEN == 0;
}
