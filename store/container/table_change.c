/*
 * table_change.c - updates and removals of a table's keys: check the conditions, write a record, apply from there.
 *
 * The conditions are held against the index, which has everything that was accepted before, durable or not; outcomes
 * are told in the order of the calls, so nobody hears of a version whose entry could still be lost.
 *
 * A removal is an entry where the log of entries is read (hash tables: deltas). A table of fixed-length keys keeps its
 * length, as upstream's does: the record alone says which keys go.
 */
#include "store/container/container_int.h"

static bool condition_can_be(int64_t version)
{
    return version >= WEIR_TABLE_NOT_EXISTS || version == WEIR_TABLE_NO_VERSION;
}

/* Lengths and conditions as such; *len becomes that of all entries. */
static enum weir_status check_items(const struct weir_table *table, const struct weir_table_item *items, size_t count,
                                    size_t *len)
{
    *len = 0;
    for (size_t i = 0; i < count; i++) {
        size_t entry_len = WEIR_TABLE_ENTRY_HEAD_LEN + items[i].key.len + items[i].value.len;

        if (items[i].key.len > WEIR_TABLE_KEY_LEN_MAX || entry_len > WEIR_TABLE_ENTRY_LEN_MAX)
            return WEIR_E_LIMIT;
        if (!weir_table_takes_key(table, items[i].key.len) || !condition_can_be(items[i].version))
            return WEIR_E_INVAL;
        *len += entry_len;
        if (*len > WEIR_APPEND_LEN_MAX)
            return WEIR_E_LIMIT;
    }
    return WEIR_OK;
}

/* A key that is missing comes before one with another version: hash tables answer differently to it. */
static enum weir_status check_versions(const struct weir_table *table, const struct weir_table_item *items,
                                       size_t count, struct weir_store_op *op)
{
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < count; i++) {
        struct weir_table_place place;
        int64_t version;

        if (items[i].version == WEIR_TABLE_NO_VERSION)
            continue;
        version = weir_table_find(table, items[i].key, &place) ? place.version : WEIR_TABLE_NOT_EXISTS;
        if (version == items[i].version || (status != WEIR_OK && version != WEIR_TABLE_NOT_EXISTS))
            continue;
        status = WEIR_E_CONFLICT;
        op->value = version;
        op->refused_index = i;
        if (version == WEIR_TABLE_NOT_EXISTS)
            break;
    }
    return status;
}

static enum weir_status check(const struct weir_segment *seg, const struct weir_table_item *items, size_t count,
                              int64_t expected_length, size_t *len, struct weir_store_op *op)
{
    enum weir_status status;

    if (seg->deleted)
        return WEIR_E_NOT_FOUND;
    if (seg->table == NULL)
        return WEIR_E_INVAL;
    status = check_items(seg->table, items, count, len);
    if (status != WEIR_OK)
        return status;
    if (seg->sealed)
        return WEIR_E_SEALED;
    status = check_versions(seg->table, items, count, op);
    if (status == WEIR_OK && expected_length != WEIR_TABLE_ANY_LENGTH && expected_length != seg->length) {
        op->value = seg->length;
        return WEIR_E_TRUNCATED;
    }
    return status;
}

/* Values are copied once: from where they were received into the log's buffer, from which they are also read. */
static enum weir_status record_entries(struct weir_segment *seg, const struct weir_table_item *items, size_t count,
                                       size_t len, bool removals)
{
    struct weir_container *ctr = seg->ctr;
    struct weir_op record = {.code = WEIR_OP_TABLE_UPDATE,
                             .segment = seg->id,
                             .offset = seg->length,
                             .time_ms = weir_loop_wall_ms(ctr->loop),
                             .data = {NULL, len}};
    struct weir_block *block;
    uint8_t *head = weir_store_log_reserve(ctr->log, WEIR_OP_TABLE_UPDATE_HEAD_LEN + len, &block);
    uint8_t *at;

    if (head == NULL)
        return WEIR_E_NOMEM;
    weir_op_table_update_head_put(head, &record);
    record.data.ptr = at = head + WEIR_OP_TABLE_UPDATE_HEAD_LEN;
    for (size_t i = 0; i < count; i++)
        at = weir_table_entry_put(at, &(struct weir_table_entry){.key = items[i].key,
                                                                 .value = items[i].value,
                                                                 .version = WEIR_TABLE_NO_VERSION,
                                                                 .removal = removals});
    return weir_container_apply(ctr, &record, block, weir_store_log_commit(ctr->log, WEIR_RECORD_OPS));
}

static enum weir_status record_removal(struct weir_segment *seg, const struct weir_table_item *items, size_t count)
{
    struct weir_container *ctr = seg->ctr;
    struct weir_op record = {
        .code = WEIR_OP_TABLE_REMOVE, .segment = seg->id, .time_ms = weir_loop_wall_ms(ctr->loop)};
    struct weir_buf keys;
    enum weir_status status;

    weir_buf_init(&keys, WEIR_APPEND_LEN_MAX);
    for (size_t i = 0; i < count; i++)
        weir_buf_append(&keys, items[i].key.ptr, items[i].key.len);
    status = keys.status;
    if (status == WEIR_OK) {
        record.name = weir_buf_view(&keys);
        weir_buf_reset(&ctr->scratch);
        weir_op_put(&ctr->scratch, &record);
        status = weir_container_record_scratch(ctr);
    }
    weir_buf_fini(&keys);
    return status;
}

static void change(struct weir_segment *seg, const struct weir_table_item *items, size_t count, int64_t expected_length,
                   bool removals, struct weir_store_op *op)
{
    struct weir_container *ctr = seg->ctr;
    enum weir_status status;
    size_t len;

    if (!weir_container_takes(ctr, op))
        return;
    status = check(seg, items, count, expected_length, &len, op);
    if (status == WEIR_OK) {
        op->value = seg->length;
        if (removals && seg->table->key_len > 0)
            status = record_removal(seg, items, count);
        else
            status = record_entries(seg, items, count, len, removals);
        weir_table_consider(seg);
    }
    weir_store_op_settle(ctr, op, status);
}

void weir_table_update(struct weir_segment *seg, const struct weir_table_item *items, size_t count,
                       int64_t expected_length, struct weir_store_op *op)
{
    change(seg, items, count, expected_length, false, op);
}

void weir_table_remove(struct weir_segment *seg, const struct weir_table_item *items, size_t count,
                       int64_t expected_length, struct weir_store_op *op)
{
    change(seg, items, count, expected_length, true, op);
}
