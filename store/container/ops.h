/**
 * @file store/container/ops.h
 * @brief The operations inside records: how they are written, and how they are read back.
 *
 * One flat struct stands for any operation; which members count is said by the code (the table is in ops.c).
 */
#ifndef WEIR_STORE_OPS_H
#define WEIR_STORE_OPS_H

#include "base/uuid.h"
#include "weir/buf.h"

enum weir_op_code {
    WEIR_OP_APPEND = 1,
    WEIR_OP_CREATE,
    WEIR_OP_DELETE,
    WEIR_OP_SEAL,
    WEIR_OP_TRUNCATE,
    WEIR_OP_MERGE,
    WEIR_OP_ATTRIBUTES,
    WEIR_OP_PUT,
    WEIR_OP_REMOVE,
    WEIR_OP_TABLE_CREATE,
    WEIR_OP_TABLE_UPDATE, /**< appends entries to a table (store/container/table.h), which says what becomes of their
                             keys */
    WEIR_OP_TABLE_REMOVE, /**< takes keys out of a table of fixed-length keys */
    /* Only in checkpoints. */
    WEIR_OP_BEGIN = 16, /**< counters and the number of segments, chunks and map entries that follow */
    WEIR_OP_CHUNK,      /**< a chunk file */
    WEIR_OP_SEGMENT,    /**< a segment as it stands; its attributes and extents follow */
    WEIR_OP_EXTENT,     /**< the next bytes of a segment, where they stand in a chunk */
    WEIR_OP_TABLE,      /**< the segment before is a table; its keys follow */
    WEIR_OP_TABLE_KEY,  /**< a key, and where its entry stands */
};

struct weir_op {
    enum weir_op_code code;
    uint64_t segment, source;
    int64_t offset, length;
    int64_t event_number, event_count;
    int64_t time_ms;
    struct weir_uuid writer;
    bool sealed;
    uint64_t chunk, run_offset;
    uint64_t run_len, skip;
    struct weir_view name;       /**< of a segment, or a key, or keys of one length */
    struct weir_view data;       /**< appended bytes, or a value */
    struct weir_view attributes; /**< WEIR_OP_ATTRIBUTE_LEN bytes each */
};

#define WEIR_OP_ATTRIBUTE_LEN 24u
/** Bytes of an APPEND, a TABLE_UPDATE, before its data. */
#define WEIR_OP_APPEND_HEAD_LEN 61u
#define WEIR_OP_TABLE_UPDATE_HEAD_LEN 29u

/** Writes all of an APPEND but its data (op->data.ptr is not looked at). */
void weir_op_append_head_put(uint8_t out[WEIR_OP_APPEND_HEAD_LEN], const struct weir_op *op);
/** The same of a TABLE_UPDATE. */
void weir_op_table_update_head_put(uint8_t out[WEIR_OP_TABLE_UPDATE_HEAD_LEN], const struct weir_op *op);
/** Appends the operation; a failure sticks in buf->status. */
void weir_op_put(struct weir_buf *buf, const struct weir_op *op);
/** Takes the next operation from `in`; views point into it. False if it is malformed. Look at weir_in_left first. */
bool weir_op_get(struct weir_in *in, struct weir_op *out);

static inline void weir_op_attribute_put(struct weir_buf *buf, struct weir_uuid id, int64_t value)
{
    weir_buf_u64be(buf, id.msb);
    weir_buf_u64be(buf, id.lsb);
    weir_buf_u64be(buf, (uint64_t)value);
}
static inline size_t weir_op_attribute_count(const struct weir_op *op)
{
    return op->attributes.len / WEIR_OP_ATTRIBUTE_LEN;
}
static inline int64_t weir_op_attribute_at(const struct weir_op *op, size_t i, struct weir_uuid *id)
{
    const uint8_t *at = op->attributes.ptr + i * WEIR_OP_ATTRIBUTE_LEN;

    *id = (struct weir_uuid){weir_get_u64be(at), weir_get_u64be(at + 8)};
    return (int64_t)weir_get_u64be(at + 16);
}

#endif
