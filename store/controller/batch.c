/*
 * batch.c - the controller's changes to the container, gathered into one.
 */
#include "store/controller/batch.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "pravega/types.h"
#include "store/controller/upkeep.h"
#include "store/rules/names.h"

#define BLOCK_LEN ((size_t)4096)

struct weir_batch_block {
    struct weir_batch_block *next;
    size_t used, cap;
    _Alignas(max_align_t) uint8_t bytes[];
};

void weir_batch_init(struct weir_batch *batch)
{
    *batch = (struct weir_batch){0};
}

void weir_batch_fini(struct weir_batch *batch)
{
    while (batch->blocks != NULL) {
        struct weir_batch_block *block = batch->blocks;

        batch->blocks = block->next;
        free(block);
    }
    free(batch->changes);
    weir_batch_init(batch);
}

void *weir_batch_alloc(struct weir_batch *batch, size_t size)
{
    struct weir_batch_block *block = batch->blocks;
    size_t need = (size + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);
    void *memory;

    if (block == NULL || block->cap - block->used < need) {
        size_t cap = need > BLOCK_LEN ? need : BLOCK_LEN;

        block = calloc(1, sizeof(*block) + cap);
        if (block == NULL) {
            batch->status = WEIR_E_NOMEM;
            return NULL;
        }
        block->cap = cap;
        block->next = batch->blocks;
        batch->blocks = block;
    }
    memory = block->bytes + block->used;
    block->used += need;
    return memory;
}

struct weir_view weir_batch_keep(struct weir_batch *batch, struct weir_view view)
{
    uint8_t *copy = weir_batch_alloc(batch, view.len + 1);

    if (copy == NULL)
        return weir_view(NULL, 0);
    if (view.len > 0)
        memcpy(copy, view.ptr, view.len);
    return weir_view(copy, view.len);
}

static struct weir_change *add(struct weir_batch *batch, enum weir_change_kind kind)
{
    if (batch->count == batch->cap) {
        size_t cap = batch->cap == 0 ? 16 : batch->cap * 2;
        struct weir_change *changes = realloc(batch->changes, cap * sizeof(*changes));

        if (changes == NULL) {
            batch->status = WEIR_E_NOMEM;
            return NULL;
        }
        batch->changes = changes;
        batch->cap = cap;
    }
    batch->changes[batch->count] = (struct weir_change){.kind = kind};
    return &batch->changes[batch->count++];
}

/* A change of something with a name that is formatted here. */
static struct weir_change *add_named(struct weir_batch *batch, enum weir_change_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static struct weir_change *add_named(struct weir_batch *batch, enum weir_change_kind kind, const char *fmt, ...)
{
    struct weir_change *change = add(batch, kind);
    char *text = NULL;
    va_list args;
    int len;

    if (change == NULL)
        return NULL;
    va_start(args, fmt);
    len = vasprintf(&text, fmt, args);
    va_end(args);
    if (len < 0) {
        batch->status = WEIR_E_NOMEM;
        return change;
    }
    change->name = weir_batch_keep(batch, weir_view(text, (size_t)len));
    free(text);
    return change;
}

/* --- Segments --------------------------------------------------------------------------------------------------- */

static struct weir_change *add_segment(struct weir_batch *batch, enum weir_change_kind kind,
                                       const struct weir_held_stream *stream, int64_t id)
{
    struct pravega_stream_name full = {stream->scope->name, stream->name};
    char name[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1];

    pravega_segment_name(&full, id, name, sizeof(name));
    return add_named(batch, kind, "%s", name);
}

void weir_batch_create_segment(struct weir_batch *batch, const struct weir_held_stream *stream, int64_t id)
{
    struct weir_change *change = add_segment(batch, WEIR_CHANGE_CREATE, stream, id);

    if (change != NULL)
        change->lenient = true;
}

void weir_batch_seal_segment(struct weir_batch *batch, const struct weir_held_stream *stream, int64_t id)
{
    struct weir_change *change = add_segment(batch, WEIR_CHANGE_SEAL, stream, id);

    if (change != NULL)
        change->lenient = true;
}

void weir_batch_delete_segment(struct weir_batch *batch, const struct weir_held_stream *stream, int64_t id)
{
    struct weir_change *change = add_segment(batch, WEIR_CHANGE_DELETE, stream, id);

    if (change != NULL)
        change->lenient = true;
}

void weir_batch_truncate_segment(struct weir_batch *batch, const struct weir_held_stream *stream, int64_t id,
                                 int64_t offset)
{
    struct weir_change *change = add_segment(batch, WEIR_CHANGE_TRUNCATE, stream, id);

    if (change != NULL)
        change->offset = offset;
}

void weir_batch_set_attribute(struct weir_batch *batch, const struct weir_held_stream *stream, int64_t id,
                              struct weir_uuid attribute, int64_t value)
{
    struct weir_change *change = add_segment(batch, WEIR_CHANGE_ATTRIBUTES, stream, id);
    struct weir_attribute_update *update = weir_batch_alloc(batch, sizeof(*update));

    if (change == NULL || update == NULL)
        return;
    *update = (struct weir_attribute_update){.id = attribute, .type = WEIR_ATTRIBUTE_REPLACE, .value = value};
    change->updates = update;
    change->update_count = 1;
}

static void shadow_name(char out[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1], const struct weir_held_stream *stream,
                        struct weir_uuid txn, int32_t number)
{
    struct pravega_stream_name full = {stream->scope->name, stream->name};

    pravega_txn_segment_name(&full, weir_segment_id((int32_t)(txn.msb >> 32), number),
                             (struct pravega_txn_id){txn.msb, txn.lsb}, out, PRAVEGA_SEGMENT_NAME_LEN_MAX + 1);
}

void weir_batch_create_shadow(struct weir_batch *batch, const struct weir_held_stream *stream, struct weir_uuid txn,
                              int32_t number)
{
    char name[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1];

    shadow_name(name, stream, txn, number);
    add_named(batch, WEIR_CHANGE_CREATE, "%s", name);
}

void weir_batch_delete_shadow(struct weir_batch *batch, const struct weir_held_stream *stream, struct weir_uuid txn,
                              int32_t number)
{
    char name[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1];
    struct weir_change *change;

    shadow_name(name, stream, txn, number);
    change = add_named(batch, WEIR_CHANGE_DELETE, "%s", name);
    if (change != NULL)
        change->lenient = true;
}

void weir_batch_merge_shadow(struct weir_batch *batch, const struct weir_held_stream *stream, struct weir_uuid txn,
                             int32_t number, int64_t target)
{
    struct weir_change *change = add_segment(batch, WEIR_CHANGE_MERGE, stream, target);
    char name[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1];

    shadow_name(name, stream, txn, number);
    if (change != NULL) {
        change->lenient = true;
        change->source = weir_batch_keep(batch, weir_view_str(name));
    }
}

static struct weir_change *add_kvt_segment(struct weir_batch *batch, enum weir_change_kind kind, const char *scope,
                                           const struct weir_held_kvt *kvt, int32_t number)
{
    return add_named(batch, kind, "%s/%s" WEIR_KVT_SUFFIX "/%" PRId32 ".#epoch.0", scope, kvt->name, number);
}

void weir_batch_create_kvt_segment(struct weir_batch *batch, const char *scope, const struct weir_held_kvt *kvt,
                                   int32_t number)
{
    struct weir_change *change = add_kvt_segment(batch, WEIR_CHANGE_CREATE, scope, kvt, number);

    if (change != NULL) {
        change->table = true;
        change->key_len = (uint32_t)(kvt->rec.primary_key_len + kvt->rec.secondary_key_len);
    }
}

void weir_batch_delete_kvt_segment(struct weir_batch *batch, const char *scope, const struct weir_held_kvt *kvt,
                                   int32_t number)
{
    struct weir_change *change = add_kvt_segment(batch, WEIR_CHANGE_DELETE, scope, kvt, number);

    if (change != NULL)
        change->lenient = true;
}

/* --- Records ---------------------------------------------------------------------------------------------------- */

/* Moves an encoded record into a PUT and frees the buffer. */
static void set_value(struct weir_batch *batch, struct weir_change *put, struct weir_buf *record)
{
    if (record->status != WEIR_OK && batch->status == WEIR_OK)
        batch->status = record->status;
    if (put != NULL && record->status == WEIR_OK)
        put->value = weir_batch_keep(batch, weir_buf_view(record));
    weir_buf_fini(record);
}

void weir_batch_put_format(struct weir_batch *batch)
{
    struct weir_buf record;

    weir_buf_init(&record, 16);
    weir_buf_u32be(&record, WEIR_CATALOG_FORMAT);
    set_value(batch, add_named(batch, WEIR_CHANGE_PUT, WEIR_CATALOG_FORMAT_KEY), &record);
}

void weir_batch_put_scope(struct weir_batch *batch, const char *scope)
{
    struct weir_buf record;

    weir_buf_init(&record, WEIR_CATALOG_RECORD_LEN_MAX);
    weir_scope_record_encode(&record);
    set_value(batch, add_named(batch, WEIR_CHANGE_PUT, WEIR_CATALOG_SCOPE "%s", scope), &record);
}

void weir_batch_remove_scope(struct weir_batch *batch, const char *scope)
{
    add_named(batch, WEIR_CHANGE_REMOVE, WEIR_CATALOG_SCOPE "%s", scope);
}

void weir_batch_put_stream(struct weir_batch *batch, const struct weir_held_stream *stream)
{
    struct weir_buf record;

    weir_buf_init(&record, WEIR_CATALOG_RECORD_LEN_MAX);
    weir_stream_record_encode(&record, &stream->rec);
    set_value(batch, add_named(batch, WEIR_CHANGE_PUT, WEIR_CATALOG_STREAM "%s/%s", stream->scope->name, stream->name),
              &record);
}

void weir_batch_put_dead_stream(struct weir_batch *batch, const struct weir_held_stream *stream, int32_t next_number)
{
    struct weir_buf record;

    weir_buf_init(&record, 16);
    weir_buf_u32be(&record, (uint32_t)next_number);
    set_value(batch, add_named(batch, WEIR_CHANGE_PUT, WEIR_CATALOG_DEAD "%s/%s", stream->scope->name, stream->name),
              &record);
}

static struct weir_change *add_txn(struct weir_batch *batch, enum weir_change_kind kind,
                                   const struct weir_held_txn *txn)
{
    return add_named(batch, kind, WEIR_CATALOG_TXN "%s/%s/%016" PRIx64 "%016" PRIx64, txn->stream->scope->name,
                     txn->stream->name, txn->id.msb, txn->id.lsb);
}

void weir_batch_put_txn(struct weir_batch *batch, const struct weir_held_txn *txn)
{
    struct weir_buf record;

    weir_buf_init(&record, WEIR_CATALOG_RECORD_LEN_MAX);
    weir_txn_record_encode(&record, &txn->rec);
    set_value(batch, add_txn(batch, WEIR_CHANGE_PUT, txn), &record);
}

void weir_batch_remove_txn(struct weir_batch *batch, const struct weir_held_txn *txn)
{
    add_txn(batch, WEIR_CHANGE_REMOVE, txn);
}

void weir_batch_put_txn_counter(struct weir_batch *batch, uint32_t high, uint64_t low)
{
    struct weir_buf record;

    weir_buf_init(&record, 16);
    weir_buf_u32be(&record, high);
    weir_buf_u64be(&record, low);
    set_value(batch, add_named(batch, WEIR_CHANGE_PUT, WEIR_CATALOG_TXN_COUNTER_KEY), &record);
}

void weir_batch_put_writer(struct weir_batch *batch, const struct weir_held_stream *stream, const char *writer,
                           const struct weir_writer_record *rec)
{
    struct weir_buf record;

    weir_buf_init(&record, WEIR_CATALOG_RECORD_LEN_MAX);
    weir_writer_record_encode(&record, rec);
    set_value(
        batch,
        add_named(batch, WEIR_CHANGE_PUT, WEIR_CATALOG_WRITER "%s/%s/%s", stream->scope->name, stream->name, writer),
        &record);
}

void weir_batch_remove_writer(struct weir_batch *batch, const struct weir_held_stream *stream, const char *writer)
{
    add_named(batch, WEIR_CHANGE_REMOVE, WEIR_CATALOG_WRITER "%s/%s/%s", stream->scope->name, stream->name, writer);
}

void weir_batch_put_mark(struct weir_batch *batch, const struct weir_held_stream *stream,
                         const struct weir_mark_record *rec)
{
    struct weir_buf record;

    weir_buf_init(&record, WEIR_CATALOG_RECORD_LEN_MAX);
    weir_mark_record_encode(&record, rec);
    set_value(batch, add_named(batch, WEIR_CHANGE_PUT, WEIR_CATALOG_MARK "%s/%s", stream->scope->name, stream->name),
              &record);
}

void weir_batch_remove_mark(struct weir_batch *batch, const struct weir_held_stream *stream)
{
    add_named(batch, WEIR_CHANGE_REMOVE, WEIR_CATALOG_MARK "%s/%s", stream->scope->name, stream->name);
}

void weir_batch_put_retention(struct weir_batch *batch, const struct weir_held_stream *stream,
                              const struct weir_retention_cut *rec)
{
    struct weir_buf record;

    weir_buf_init(&record, WEIR_CATALOG_RECORD_LEN_MAX);
    weir_retention_record_encode(&record, rec);
    set_value(batch,
              add_named(batch, WEIR_CHANGE_PUT, WEIR_CATALOG_RETENTION "%s/%s/%016" PRIx64, stream->scope->name,
                        stream->name, (uint64_t)rec->time_ms),
              &record);
}

void weir_batch_remove_retention(struct weir_batch *batch, const struct weir_held_stream *stream, int64_t time_ms)
{
    add_named(batch, WEIR_CHANGE_REMOVE, WEIR_CATALOG_RETENTION "%s/%s/%016" PRIx64, stream->scope->name, stream->name,
              (uint64_t)time_ms);
}

void weir_batch_put_group(struct weir_batch *batch, const char *scope, const char *group,
                          const struct weir_group_record *rec)
{
    struct weir_buf record;

    weir_buf_init(&record, WEIR_CATALOG_RECORD_LEN_MAX);
    weir_group_record_encode(&record, rec);
    set_value(batch, add_named(batch, WEIR_CHANGE_PUT, WEIR_CATALOG_GROUP "%s/%s", scope, group), &record);
}

void weir_batch_remove_group(struct weir_batch *batch, const char *scope, const char *group)
{
    add_named(batch, WEIR_CHANGE_REMOVE, WEIR_CATALOG_GROUP "%s/%s", scope, group);
}

void weir_batch_put_subscriber(struct weir_batch *batch, const struct weir_held_stream *stream, const char *subscriber,
                               const struct weir_subscriber_record *rec)
{
    struct weir_buf record;

    weir_buf_init(&record, WEIR_CATALOG_RECORD_LEN_MAX);
    weir_subscriber_record_encode(&record, rec);
    set_value(batch,
              add_named(batch, WEIR_CHANGE_PUT, WEIR_CATALOG_SUBSCRIBER "%s/%s/%s", stream->scope->name, stream->name,
                        subscriber),
              &record);
}

void weir_batch_remove_subscriber(struct weir_batch *batch, const struct weir_held_stream *stream,
                                  const char *subscriber)
{
    add_named(batch, WEIR_CHANGE_REMOVE, WEIR_CATALOG_SUBSCRIBER "%s/%s/%s", stream->scope->name, stream->name,
              subscriber);
}

void weir_batch_put_kvt(struct weir_batch *batch, const char *scope, const struct weir_held_kvt *kvt)
{
    struct weir_buf record;

    weir_buf_init(&record, WEIR_CATALOG_RECORD_LEN_MAX);
    weir_kvt_record_encode(&record, &kvt->rec);
    set_value(batch, add_named(batch, WEIR_CHANGE_PUT, WEIR_CATALOG_TABLE "%s/%s", scope, kvt->name), &record);
}

void weir_batch_remove_kvt(struct weir_batch *batch, const char *scope, const struct weir_held_kvt *kvt)
{
    add_named(batch, WEIR_CHANGE_REMOVE, WEIR_CATALOG_TABLE "%s/%s", scope, kvt->name);
}

void weir_batch_put_dead_kvt(struct weir_batch *batch, const char *scope, const struct weir_held_kvt *kvt)
{
    struct weir_buf record;

    weir_buf_init(&record, 16);
    weir_buf_u32be(&record, (uint32_t)(kvt->rec.first_number + kvt->rec.segment_count));
    set_value(batch, add_named(batch, WEIR_CHANGE_PUT, WEIR_CATALOG_DEAD_TABLE "%s/%s", scope, kvt->name), &record);
}

void weir_batch_remove_stream(struct weir_batch *batch, const struct weir_held_stream *stream)
{
    add_named(batch, WEIR_CHANGE_REMOVE, WEIR_CATALOG_STREAM "%s/%s", stream->scope->name, stream->name);
    for (size_t i = 0; i < stream->txn_count; i++)
        weir_batch_remove_txn(batch, stream->txns[i]);
    for (size_t i = 0; i < stream->writers.count; i++)
        weir_batch_remove_writer(batch, stream, ((struct weir_held_writer *)stream->writers.items[i])->name);
    for (size_t i = 0; i < stream->subscribers.count; i++)
        weir_batch_remove_subscriber(batch, stream,
                                     ((struct weir_held_subscriber *)stream->subscribers.items[i])->name);
    weir_upkeep_remove(batch, stream);
}

/* --- Commit ----------------------------------------------------------------------------------------------------- */

enum weir_status weir_batch_commit(struct weir_batch *batch, struct weir_container *ctr, struct weir_store_op *op)
{
    if (batch->status != WEIR_OK)
        return batch->status;
    if (batch->count == 0)
        weir_container_barrier(ctr, op);
    else
        weir_container_change(ctr, batch->changes, batch->count, op);
    return op->status;
}

enum weir_status weir_batch_commit_unasked(struct weir_batch *batch, struct weir_container *ctr)
{
    struct weir_store_op op = {0};
    enum weir_status status = weir_batch_commit(batch, ctr, &op);

    if (batch->status == WEIR_OK)
        weir_store_op_cancel(&op);
    return status;
}
