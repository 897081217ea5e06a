/*
 * change.c - everything that changes the container: check against the state, write as operations, apply from there.
 */
#include <assert.h>

#include "store/container/container_int.h"

enum weir_status weir_container_apply(struct weir_container *ctr, const struct weir_op *op, struct weir_block *block,
                                      uint64_t lsn)
{
    enum weir_status status = weir_state_apply(&ctr->state, op, block, lsn);
    struct weir_error why = {0};

    assert(status != WEIR_E_DAMAGED);
    if (status != WEIR_OK) {
        weir_fail(&why, status, "out of memory to apply a change to %s", ctr->dir);
        weir_container_fail(ctr, &why);
    }
    return status;
}

/* --- Append --- */

static enum weir_status check_append(const struct weir_segment *seg, const struct weir_append *append, size_t len,
                                     int64_t *value)
{
    if (seg->deleted)
        return WEIR_E_NOT_FOUND;
    if (seg->sealed)
        return WEIR_E_SEALED;
    if (seg->table != NULL)
        return WEIR_E_INVAL;
    if (len > WEIR_APPEND_LEN_MAX)
        return WEIR_E_LIMIT;
    if (append->event_number != WEIR_ATTRIBUTE_NONE) {
        *value = weir_attribute_get(&seg->attributes, append->writer);
        if (append->event_number <= *value)
            return WEIR_E_EXISTS;
    }
    *value = seg->length;
    if (append->expected_offset != WEIR_APPEND_ANYWHERE && append->expected_offset != seg->length)
        return WEIR_E_CONFLICT;
    return WEIR_OK;
}

static size_t iov_len(const struct iovec *iov, int count)
{
    size_t len = 0;

    for (int i = 0; i < count; i++)
        len += iov[i].iov_len;
    return len;
}

/* The one copy of the bytes: from where they were received into the log's buffer, from which they are also read. */
static void copy_iov(uint8_t *out, const struct iovec *iov, int count)
{
    for (int i = 0; i < count; i++) {
        if (iov[i].iov_len > 0)
            memcpy(out, iov[i].iov_base, iov[i].iov_len);
        out += iov[i].iov_len;
    }
}

void weir_segment_append(struct weir_segment *seg, const struct weir_append *append, struct weir_store_op *op)
{
    struct weir_container *ctr = seg->ctr;
    size_t len = iov_len(append->iov, append->iov_count);
    struct weir_op record = {.code = WEIR_OP_APPEND,
                             .segment = seg->id,
                             .offset = seg->length,
                             .writer = append->writer,
                             .event_number = append->event_number,
                             .event_count = append->event_count,
                             .time_ms = weir_loop_wall_ms(ctr->loop),
                             .data = {NULL, len}};
    struct weir_block *block;
    enum weir_status status;
    uint8_t *at;

    if (!weir_container_takes(ctr, op))
        return;
    status = check_append(seg, append, len, &op->value);
    if (status != WEIR_OK) {
        weir_store_op_settle(ctr, op, status);
        return;
    }
    at = weir_store_log_reserve(ctr->log, WEIR_OP_APPEND_HEAD_LEN + len, &block);
    if (at == NULL) {
        weir_store_op_settle(ctr, op, WEIR_E_NOMEM);
        return;
    }
    weir_op_append_head_put(at, &record);
    copy_iov(at + WEIR_OP_APPEND_HEAD_LEN, append->iov, append->iov_count);
    record.data.ptr = at + WEIR_OP_APPEND_HEAD_LEN;
    status = weir_container_apply(ctr, &record, block, weir_store_log_commit(ctr->log, WEIR_RECORD_OPS));
    op->value = seg->length;
    ctr->stats.append_count++;
    ctr->stats.append_bytes += len;
    ctr->stats.event_count += (uint64_t)append->event_count;
    weir_store_op_settle(ctr, op, status);
}

/* --- The check of a batch --- */

struct batch {
    struct weir_container *ctr;
    struct weir_change *changes;
    size_t count;
};

/* What an update makes of the attribute; false if its condition does not hold. */
static bool update_value(const struct weir_segment *seg, const struct weir_attribute_update *update, int64_t *out)
{
    int64_t now = seg != NULL ? weir_segment_attribute(seg, update->id) : WEIR_ATTRIBUTE_NONE;

    *out = update->value;
    switch (update->type) {
    case WEIR_ATTRIBUTE_SET_NEW:
        return now == WEIR_ATTRIBUTE_NONE;
    case WEIR_ATTRIBUTE_REPLACE:
        return true;
    case WEIR_ATTRIBUTE_REPLACE_IF_GREATER:
        return now == WEIR_ATTRIBUTE_NONE || update->value > now;
    case WEIR_ATTRIBUTE_ACCUMULATE:
        if (now != WEIR_ATTRIBUTE_NONE)
            *out = (int64_t)((uint64_t)now + (uint64_t)update->value);
        return true;
    case WEIR_ATTRIBUTE_REPLACE_IF_EQUALS:
        return now == update->expected;
    }
    return false; /* a type that the wire made up */
}

static enum weir_status check_updates(const struct weir_segment *seg, const struct weir_change *change)
{
    int64_t value;

    for (size_t i = 0; i < change->update_count; i++)
        if (!update_value(seg, &change->updates[i], &value))
            return WEIR_E_CONFLICT;
    return WEIR_OK;
}

/* A segment that this batch ends or closes: by one change only, and nothing goes into it. */
static enum weir_status claim(struct weir_segment *seg)
{
    if (seg->marked || seg->target)
        return WEIR_E_INVAL;
    seg->marked = true;
    return WEIR_OK;
}

static enum weir_status claim_target(struct weir_segment *seg)
{
    if (seg->marked)
        return WEIR_E_INVAL;
    seg->target = true;
    return WEIR_OK;
}

static enum weir_status check_create(const struct batch *batch, const struct weir_change *change)
{
    if (change->name.len == 0 || change->name.len > WEIR_SEGMENT_NAME_LEN_MAX)
        return WEIR_E_LIMIT;
    if (change->key_len > (change->table ? WEIR_TABLE_FIXED_KEY_LEN_MAX : 0))
        return WEIR_E_INVAL;
    if (weir_segment_peek(batch->ctr, change->name) != NULL)
        return change->lenient ? WEIR_OK : WEIR_E_EXISTS;
    for (const struct weir_change *other = batch->changes; other < change; other++)
        if (other->kind == WEIR_CHANGE_CREATE && weir_view_equal(other->name, change->name))
            return WEIR_E_INVAL;
    return check_updates(NULL, change);
}

static enum weir_status check_merge(struct batch *batch, struct weir_change *change)
{
    struct weir_segment *target = weir_segment_peek(batch->ctr, change->name);
    struct weir_segment *source = weir_segment_peek(batch->ctr, change->source);
    enum weir_status status;

    if (target == NULL || (source == NULL && !change->lenient))
        return WEIR_E_NOT_FOUND;
    if (source == NULL)
        return WEIR_OK;
    if (source == target || source->table != NULL || target->table != NULL)
        return WEIR_E_INVAL;
    if (target->sealed)
        return WEIR_E_SEALED;
    status = claim_target(target);
    if (status == WEIR_OK)
        status = claim(source);
    return status == WEIR_OK ? check_updates(target, change) : status;
}

static enum weir_status check_seal(struct weir_segment *seg, const struct weir_change *change)
{
    if (seg == NULL)
        return change->lenient ? WEIR_OK : WEIR_E_NOT_FOUND;
    if (seg->sealed)
        return change->lenient ? WEIR_OK : WEIR_E_SEALED;
    return claim(seg);
}

static enum weir_status check_truncate(const struct weir_segment *seg, struct weir_change *change)
{
    if (seg == NULL)
        return WEIR_E_NOT_FOUND;
    if (seg->marked || seg->table != NULL || change->offset < seg->start_offset || change->offset > seg->length) {
        change->result = seg->start_offset;
        return seg->marked || seg->table != NULL ? WEIR_E_INVAL : WEIR_E_TRUNCATED;
    }
    return WEIR_OK;
}

static enum weir_status check_change(struct batch *batch, struct weir_change *change)
{
    struct weir_segment *seg;

    switch (change->kind) {
    case WEIR_CHANGE_PUT:
        return change->name.len > WEIR_MAP_KEY_LEN_MAX || change->value.len > WEIR_MAP_VALUE_LEN_MAX ? WEIR_E_LIMIT
                                                                                                     : WEIR_OK;
    case WEIR_CHANGE_REMOVE:
        return WEIR_OK;
    case WEIR_CHANGE_CREATE:
        return check_create(batch, change);
    case WEIR_CHANGE_MERGE:
        return check_merge(batch, change);
    case WEIR_CHANGE_DELETE:
        seg = weir_segment_peek(batch->ctr, change->name);
        if (seg == NULL)
            return change->lenient ? WEIR_OK : WEIR_E_NOT_FOUND;
        return claim(seg);
    case WEIR_CHANGE_SEAL:
        return check_seal(weir_segment_peek(batch->ctr, change->name), change);
    case WEIR_CHANGE_TRUNCATE:
        seg = weir_segment_peek(batch->ctr, change->name);
        if (seg == NULL || check_truncate(seg, change) != WEIR_OK)
            return check_truncate(seg, change);
        return claim_target(seg);
    case WEIR_CHANGE_ATTRIBUTES:
        seg = weir_segment_peek(batch->ctr, change->name);
        if (seg == NULL)
            return WEIR_E_NOT_FOUND;
        if (seg->sealed)
            return WEIR_E_SEALED;
        return claim_target(seg) == WEIR_OK ? check_updates(seg, change) : WEIR_E_INVAL;
    }
    return WEIR_E_INVAL;
}

static void unmark(struct weir_container *ctr, struct weir_view name)
{
    struct weir_segment *seg = weir_segment_peek(ctr, name);

    if (seg != NULL)
        seg->marked = seg->target = false;
}

static enum weir_status check_batch(struct batch *batch, size_t *refused_index)
{
    enum weir_status status = WEIR_OK;
    size_t i;

    for (i = 0; i < batch->count; i++) {
        batch->changes[i].result = 0;
        status = check_change(batch, &batch->changes[i]);
        if (status != WEIR_OK)
            break;
    }
    *refused_index = i;
    for (size_t checked = 0; checked < batch->count; checked++) {
        unmark(batch->ctr, batch->changes[checked].name);
        unmark(batch->ctr, batch->changes[checked].source);
    }
    return status;
}

/* --- Its operations --- */

static bool put_updates(struct weir_container *ctr, const struct weir_segment *seg, const struct weir_change *change,
                        struct weir_buf *out)
{
    weir_buf_init(out, WEIR_BATCH_LEN_MAX);
    for (size_t i = 0; i < change->update_count; i++) {
        int64_t value;

        update_value(seg, &change->updates[i], &value);
        weir_op_attribute_put(out, change->updates[i].id, value);
    }
    if (out->status != WEIR_OK)
        ctr->scratch.status = out->status;
    return out->status == WEIR_OK;
}

static void put_with_updates(struct weir_container *ctr, struct weir_op *op, const struct weir_segment *seg,
                             const struct weir_change *change)
{
    struct weir_buf attributes;

    if (put_updates(ctr, seg, change, &attributes)) {
        op->attributes = weir_buf_view(&attributes);
        weir_op_put(&ctr->scratch, op);
    }
    weir_buf_fini(&attributes);
}

/* Writes the change's operation; @return false if there is nothing to do (a lenient one). */
static bool put_change(struct weir_container *ctr, const struct weir_change *change, uint64_t *next_segment_id)
{
    struct weir_segment *seg = NULL, *source;
    struct weir_op op = {.time_ms = weir_loop_wall_ms(ctr->loop), .offset = change->offset, .name = change->name};

    if (change->kind != WEIR_CHANGE_PUT && change->kind != WEIR_CHANGE_REMOVE)
        seg = weir_segment_peek(ctr, change->name);
    op.segment = seg != NULL ? seg->id : 0;
    switch (change->kind) {
    case WEIR_CHANGE_PUT:
        op.code = WEIR_OP_PUT;
        op.data = change->value;
        break;
    case WEIR_CHANGE_REMOVE:
        op.code = WEIR_OP_REMOVE;
        break;
    case WEIR_CHANGE_CREATE:
        if (seg != NULL)
            return false;
        op.code = change->table ? WEIR_OP_TABLE_CREATE : WEIR_OP_CREATE;
        op.length = change->key_len;
        op.segment = (*next_segment_id)++;
        put_with_updates(ctr, &op, NULL, change);
        return true;
    case WEIR_CHANGE_MERGE:
        source = weir_segment_peek(ctr, change->source);
        if (source == NULL)
            return false;
        op.code = WEIR_OP_MERGE;
        op.source = source->id;
        put_with_updates(ctr, &op, seg, change);
        return true;
    case WEIR_CHANGE_ATTRIBUTES:
        op.code = WEIR_OP_ATTRIBUTES;
        put_with_updates(ctr, &op, seg, change);
        return true;
    case WEIR_CHANGE_DELETE:
        op.code = WEIR_OP_DELETE;
        break;
    case WEIR_CHANGE_SEAL:
        op.code = WEIR_OP_SEAL;
        break;
    case WEIR_CHANGE_TRUNCATE:
        op.code = WEIR_OP_TRUNCATE;
        break;
    }
    if (seg == NULL && op.code != WEIR_OP_PUT && op.code != WEIR_OP_REMOVE)
        return false;
    if (op.code == WEIR_OP_SEAL && seg->sealed)
        return false;
    weir_op_put(&ctr->scratch, &op);
    return true;
}

static void put_batch(const struct batch *batch)
{
    struct weir_container *ctr = batch->ctr;
    uint64_t next_segment_id = ctr->state.next_segment_id;

    weir_buf_reset(&ctr->scratch);
    for (size_t i = 0; i < batch->count; i++)
        put_change(ctr, &batch->changes[i], &next_segment_id);
}

/* Applies the operations of the record at `in`. */
static enum weir_status apply_record(struct weir_container *ctr, struct weir_in in, struct weir_block *block,
                                     uint64_t lsn)
{
    enum weir_status status = WEIR_OK;
    struct weir_op op;

    while (weir_in_left(&in) > 0 && status == WEIR_OK) {
        bool right = weir_op_get(&in, &op);

        assert(right);
        (void)right;
        status = weir_container_apply(ctr, &op, block, lsn);
    }
    return status;
}

enum weir_status weir_container_record_scratch(struct weir_container *ctr)
{
    struct weir_block *block;
    uint8_t *at;

    if (ctr->scratch.status != WEIR_OK || ctr->scratch.len == 0)
        return ctr->scratch.status;
    at = weir_store_log_reserve(ctr->log, ctr->scratch.len, &block);
    if (at == NULL)
        return WEIR_E_NOMEM;
    memcpy(at, ctr->scratch.ptr, ctr->scratch.len);
    return apply_record(ctr, weir_in(weir_view(at, ctr->scratch.len)), block,
                        weir_store_log_commit(ctr->log, WEIR_RECORD_OPS));
}

/* A merge's result is the length after it: the lengths of the sources are known before they go. */
static void note_merge_lengths(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct weir_change *change = &batch->changes[i];
        const struct weir_segment *target, *source;
        int64_t before = WEIR_ATTRIBUTE_NONE;

        if (change->kind != WEIR_CHANGE_MERGE)
            continue;
        for (size_t j = i; j-- > 0 && before == WEIR_ATTRIBUTE_NONE;)
            if (batch->changes[j].kind == WEIR_CHANGE_MERGE && weir_view_equal(batch->changes[j].name, change->name))
                before = batch->changes[j].result;
        target = weir_segment_peek(batch->ctr, change->name);
        source = weir_segment_peek(batch->ctr, change->source);
        change->result = before != WEIR_ATTRIBUTE_NONE ? before : target->length;
        if (source != NULL)
            change->result += source->length - source->start_offset;
    }
}

static enum weir_status record_batch(const struct batch *batch)
{
    put_batch(batch);
    note_merge_lengths(batch);
    return weir_container_record_scratch(batch->ctr);
}

void weir_container_change(struct weir_container *ctr, struct weir_change *changes, size_t count,
                           struct weir_store_op *op)
{
    struct batch batch = {.ctr = ctr, .changes = changes, .count = count};
    enum weir_status status;

    if (!weir_container_takes(ctr, op))
        return;
    status = check_batch(&batch, &op->refused_index);
    if (status == WEIR_OK)
        status = record_batch(&batch);
    weir_store_op_settle(ctr, op, status);
}
