/*
 * directory.c - scopes, streams, transactions and reader groups as they stand in memory.
 */
#include "store/controller/directory.h"

#include <stdlib.h>
#include <string.h>

#include "store/controller/upkeep.h"

static int name_compare(struct weir_view a, struct weir_view b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static struct weir_view name_of(const void *object)
{
    return weir_view_str(*(char *const *)object);
}

void weir_name_table_fini(struct weir_name_table *table)
{
    free(table->items);
    memset(table, 0, sizeof(*table));
}

/* Index of the first object whose name is not less than `name`. */
static size_t lower_bound(const struct weir_name_table *table, struct weir_view name)
{
    size_t low = 0, high = table->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (name_compare(name_of(table->items[middle]), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void *weir_name_table_find(const struct weir_name_table *table, struct weir_view name)
{
    size_t at = lower_bound(table, name);

    return at < table->count && weir_view_equal(name_of(table->items[at]), name) ? table->items[at] : NULL;
}

enum weir_status weir_name_table_insert(struct weir_name_table *table, void *object)
{
    size_t at = lower_bound(table, name_of(object));

    if (at < table->count && weir_view_equal(name_of(table->items[at]), name_of(object)))
        return WEIR_E_EXISTS;
    if (table->count == table->cap) {
        size_t cap = table->cap == 0 ? 8 : table->cap * 2;
        void **items = realloc(table->items, cap * sizeof(*items));

        if (items == NULL)
            return WEIR_E_NOMEM;
        table->items = items;
        table->cap = cap;
    }
    memmove(table->items + at + 1, table->items + at, (table->count - at) * sizeof(*table->items));
    table->items[at] = object;
    table->count++;
    return WEIR_OK;
}

void weir_name_table_remove(struct weir_name_table *table, const void *object)
{
    size_t at = lower_bound(table, name_of(object));

    if (at < table->count && table->items[at] == object) {
        table->count--;
        memmove(table->items + at, table->items + at + 1, (table->count - at) * sizeof(*table->items));
    }
}

size_t weir_name_table_after(const struct weir_name_table *table, struct weir_view name)
{
    size_t at = lower_bound(table, name);

    return at < table->count && weir_view_equal(name_of(table->items[at]), name) ? at + 1 : at;
}

/* A zeroed object of `size` bytes that begins with a copy of its name. */
static void *named_new(size_t size, struct weir_view name)
{
    void *object = calloc(1, size);
    char *copy = malloc(name.len + 1);

    if (object == NULL || copy == NULL) {
        free(object);
        free(copy);
        return NULL;
    }
    if (name.len > 0)
        memcpy(copy, name.ptr, name.len);
    copy[name.len] = '\0';
    *(char **)object = copy;
    return object;
}

struct weir_held_scope *weir_held_scope_new(struct weir_view name)
{
    return named_new(sizeof(struct weir_held_scope), name);
}

struct weir_held_stream *weir_held_stream_new(struct weir_held_scope *scope, struct weir_view name)
{
    struct weir_held_stream *stream = named_new(sizeof(*stream), name);

    if (stream != NULL)
        stream->scope = scope;
    return stream;
}

struct weir_held_group *weir_held_group_new(struct weir_view name)
{
    return named_new(sizeof(struct weir_held_group), name);
}

struct weir_held_kvt *weir_held_kvt_new(struct weir_view name)
{
    return named_new(sizeof(struct weir_held_kvt), name);
}

struct weir_held_writer *weir_held_writer_new(struct weir_view name)
{
    return named_new(sizeof(struct weir_held_writer), name);
}

struct weir_held_subscriber *weir_held_subscriber_new(struct weir_view name)
{
    return named_new(sizeof(struct weir_held_subscriber), name);
}

void weir_held_group_free(struct weir_held_group *group)
{
    if (group == NULL)
        return;
    weir_group_record_fini(&group->rec);
    free(group->name);
    free(group);
}

void weir_held_kvt_free(struct weir_held_kvt *kvt)
{
    if (kvt == NULL)
        return;
    free(kvt->name);
    free(kvt);
}

void weir_held_writer_free(struct weir_held_writer *writer)
{
    if (writer == NULL)
        return;
    weir_writer_record_fini(&writer->rec);
    free(writer->name);
    free(writer);
}

void weir_held_subscriber_free(struct weir_held_subscriber *subscriber)
{
    if (subscriber == NULL)
        return;
    weir_subscriber_record_fini(&subscriber->rec);
    free(subscriber->name);
    free(subscriber);
}

static void txn_free(struct weir_held_txn *txn, struct weir_loop *loop)
{
    if (weir_timer_armed(&txn->lease))
        weir_timer_stop(loop, &txn->lease);
    weir_txn_record_fini(&txn->rec);
    free(txn);
}

void weir_held_stream_free(struct weir_held_stream *stream, struct weir_loop *loop)
{
    if (stream == NULL)
        return;
    weir_upkeep_free(stream->upkeep, loop);
    for (size_t i = 0; i < stream->txn_count; i++)
        txn_free(stream->txns[i], loop);
    free(stream->txns);
    for (size_t i = 0; i < stream->writers.count; i++)
        weir_held_writer_free(stream->writers.items[i]);
    weir_name_table_fini(&stream->writers);
    for (size_t i = 0; i < stream->subscribers.count; i++)
        weir_held_subscriber_free(stream->subscribers.items[i]);
    weir_name_table_fini(&stream->subscribers);
    weir_stream_record_fini(&stream->rec);
    free(stream->name);
    free(stream);
}

void weir_held_scope_free(struct weir_held_scope *scope, struct weir_loop *loop)
{
    if (scope == NULL)
        return;
    for (size_t i = 0; i < scope->streams.count; i++)
        weir_held_stream_free(scope->streams.items[i], loop);
    weir_name_table_fini(&scope->streams);
    for (size_t i = 0; i < scope->groups.count; i++)
        weir_held_group_free(scope->groups.items[i]);
    weir_name_table_fini(&scope->groups);
    for (size_t i = 0; i < scope->kvts.count; i++)
        weir_held_kvt_free(scope->kvts.items[i]);
    weir_name_table_fini(&scope->kvts);
    free(scope->name);
    free(scope);
}

void weir_directory_fini(struct weir_directory *dir, struct weir_loop *loop)
{
    for (size_t i = 0; i < dir->scopes.count; i++)
        weir_held_scope_free(dir->scopes.items[i], loop);
    weir_name_table_fini(&dir->scopes);
}

struct weir_held_scope *weir_directory_scope(const struct weir_directory *dir, struct weir_view scope)
{
    return weir_name_table_find(&dir->scopes, scope);
}

struct weir_held_stream *weir_directory_stream(const struct weir_directory *dir, struct weir_view scope,
                                               struct weir_view stream)
{
    struct weir_held_scope *held = weir_directory_scope(dir, scope);

    return held != NULL ? weir_name_table_find(&held->streams, stream) : NULL;
}

struct weir_held_group *weir_directory_group(const struct weir_directory *dir, struct weir_view scope,
                                             struct weir_view group)
{
    struct weir_held_scope *held = weir_directory_scope(dir, scope);

    return held != NULL ? weir_name_table_find(&held->groups, group) : NULL;
}

struct weir_held_kvt *weir_directory_kvt(const struct weir_directory *dir, struct weir_view scope, struct weir_view kvt)
{
    struct weir_held_scope *held = weir_directory_scope(dir, scope);

    return held != NULL ? weir_name_table_find(&held->kvts, kvt) : NULL;
}

/* The counter in an id: bits 64..95 are its upper part, above them stands the epoch. */
static int number_compare(struct weir_uuid a, struct weir_uuid b)
{
    uint32_t high_a = (uint32_t)a.msb, high_b = (uint32_t)b.msb;

    if (high_a != high_b)
        return high_a < high_b ? -1 : 1;
    return (a.lsb > b.lsb) - (a.lsb < b.lsb);
}

/* Index of the first transaction whose number is not less. */
static size_t txn_lower_bound(const struct weir_held_stream *stream, struct weir_uuid id)
{
    size_t low = 0, high = stream->txn_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (number_compare(stream->txns[middle]->id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct weir_held_txn *weir_held_stream_txn(const struct weir_held_stream *stream, struct weir_uuid id)
{
    size_t at = txn_lower_bound(stream, id);

    return at < stream->txn_count && weir_uuid_equal(stream->txns[at]->id, id) ? stream->txns[at] : NULL;
}

struct weir_held_txn *weir_held_stream_add_txn(struct weir_held_stream *stream, struct weir_uuid id)
{
    size_t at = txn_lower_bound(stream, id);
    struct weir_held_txn *txn;

    if (at < stream->txn_count && number_compare(stream->txns[at]->id, id) == 0)
        return NULL;
    if (stream->txn_count == stream->txn_cap) {
        size_t cap = stream->txn_cap == 0 ? 8 : stream->txn_cap * 2;
        struct weir_held_txn **txns = realloc(stream->txns, cap * sizeof(struct weir_held_txn *));

        if (txns == NULL)
            return NULL;
        stream->txns = txns;
        stream->txn_cap = cap;
    }
    txn = calloc(1, sizeof(*txn));
    if (txn == NULL)
        return NULL;
    txn->stream = stream;
    txn->id = id;
    memmove(stream->txns + at + 1, stream->txns + at, (stream->txn_count - at) * sizeof(struct weir_held_txn *));
    stream->txns[at] = txn;
    stream->txn_count++;
    return txn;
}

void weir_held_stream_drop_txn(struct weir_held_txn *txn, struct weir_loop *loop)
{
    struct weir_held_stream *stream = txn->stream;
    size_t at = txn_lower_bound(stream, txn->id);

    stream->txn_count--;
    memmove(stream->txns + at, stream->txns + at + 1, (stream->txn_count - at) * sizeof(struct weir_held_txn *));
    txn_free(txn, loop);
}
