/*
 * play_table.c - see play_table.h.
 */
#include "play_table.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static size_t key_len_of(const struct play_table *table)
{
    return (size_t)(table->config.primary_key_len + table->config.secondary_key_len);
}

static struct play_table_segment *find_segment(struct play_table *table, struct weir_view name)
{
    for (int32_t i = 0; i < table->config.partition_count; i++)
        if (weir_view_equal(weir_view_str(table->segments[i].name), name))
            return &table->segments[i];
    return NULL;
}

/* Where the key is, or would be. */
static size_t position_of(const struct play_table *table, const struct play_table_segment *segment, const uint8_t *key)
{
    size_t at = 0;

    while (at < segment->count && memcmp(segment->entries[at].key, key, key_len_of(table)) < 0)
        at++;
    return at;
}

static struct play_table_entry *find_entry(const struct play_table *table, const struct play_table_segment *segment,
                                           const uint8_t *key)
{
    size_t at = position_of(table, segment, key);

    return at < segment->count && memcmp(segment->entries[at].key, key, key_len_of(table)) == 0 ? &segment->entries[at]
                                                                                                : NULL;
}

/* ---- changing ---- */

static bool holds(const struct play_table *table, const struct play_table_segment *segment,
                  const struct pravega_wire_key *key)
{
    const struct play_table_entry *entry = find_entry(table, segment, key->key.ptr);

    if (key->version == PRAVEGA_WIRE_NO_VERSION)
        return true;
    return (entry != NULL ? entry->version : PRAVEGA_WIRE_NOT_EXISTS) == key->version;
}

static int64_t put_entry(struct play_table *table, struct play_table_segment *segment,
                         const struct pravega_wire_entry *from)
{
    struct play_table_entry *entry = find_entry(table, segment, from->key.key.ptr);
    size_t at = position_of(table, segment, from->key.key.ptr);

    if (entry == NULL) {
        ck_assert_uint_lt(segment->count, PLAY_TABLE_ENTRIES_MAX);
        entry = &segment->entries[at];
        memmove(entry + 1, entry, (segment->count++ - at) * sizeof(*entry));
        memcpy(entry->key, from->key.key.ptr, from->key.key.len);
        weir_buf_init(&entry->value, SIZE_MAX);
    }
    weir_buf_reset(&entry->value);
    if (from->value.len > 0)
        weir_buf_append(&entry->value, from->value.ptr, from->value.len);
    entry->version = segment->length;
    segment->length += 21 + (int64_t)(from->key.key.len + from->value.len);
    return entry->version;
}

static void remove_entry(struct play_table *table, struct play_table_segment *segment, const uint8_t *key)
{
    struct play_table_entry *entry = find_entry(table, segment, key);

    if (entry == NULL)
        return;
    weir_buf_fini(&entry->value);
    memmove(entry, entry + 1, (size_t)(segment->entries + --segment->count - entry) * sizeof(*entry));
}

/* Keys of the right length whose conditions hold? Answers if not. */
static bool check_keys(struct play_table *table, struct play_table_segment *segment, bool entries,
                       const struct pravega_wire_list *list, int64_t request_id, struct weir_buf *out)
{
    struct weir_in items = pravega_wire_items(list);

    ck_assert_int_le(list->count, 256);
    for (int32_t i = 0; i < list->count; i++) {
        struct pravega_wire_key key = entries ? pravega_wire_entry_next(&items).key : pravega_wire_key_next(&items);

        ck_assert_uint_eq(key.key.len, key_len_of(table));
        if (!holds(table, segment, &key)) {
            pravega_wire_encode_table_key_bad_version(
                out, &(struct pravega_wire_table_key_bad_version){request_id, weir_view_str(segment->name),
                                                                  weir_view_str("")});
            return false;
        }
    }
    return true;
}

static void on_update(struct play_table *table, struct play_table_segment *segment,
                      const struct pravega_wire_update_table_entries *ask, struct weir_buf *out)
{
    struct weir_in items = pravega_wire_items(&ask->entries);
    struct pravega_wire_table_entries_updated reply = {ask->request_id, {ask->entries.count, {NULL, 0}}};
    struct weir_buf versions;

    if (!check_keys(table, segment, true, &ask->entries, ask->request_id, out))
        return;
    weir_buf_init(&versions, SIZE_MAX);
    for (int32_t i = 0; i < ask->entries.count; i++) {
        struct pravega_wire_entry entry = pravega_wire_entry_next(&items);

        weir_buf_u64be(&versions, (uint64_t)put_entry(table, segment, &entry));
    }
    if (table->lie == PLAY_FEWER_VERSIONS) {
        reply.versions.count--;
        versions.len -= 8;
    }
    table->update_count++;
    reply.versions.items = weir_buf_view(&versions);
    pravega_wire_encode_table_entries_updated(out, &reply);
    weir_buf_fini(&versions);
}

static void on_remove(struct play_table *table, struct play_table_segment *segment,
                      const struct pravega_wire_remove_table_keys *ask, struct weir_buf *out)
{
    struct weir_in items = pravega_wire_items(&ask->keys);

    if (!check_keys(table, segment, false, &ask->keys, ask->request_id, out))
        return;
    for (int32_t i = 0; i < ask->keys.count; i++)
        remove_entry(table, segment, pravega_wire_key_next(&items).key.ptr);
    table->update_count++;
    pravega_wire_encode_table_keys_removed(
        out, &(struct pravega_wire_table_keys_removed){ask->request_id, weir_view_str(segment->name)});
}

/* ---- reading ---- */

static void put_found(struct weir_buf *items, struct weir_view key, const struct play_table_entry *entry)
{
    struct pravega_wire_entry wire = {{key, PRAVEGA_WIRE_NOT_EXISTS}, {NULL, 0}};

    if (entry != NULL) {
        wire.key.version = entry->version;
        wire.value = weir_buf_view(&entry->value);
    }
    pravega_wire_put_entry(items, &wire);
}

static void count_read(struct play_table *table, const struct play_table_segment *segment, size_t key_count)
{
    size_t i = (size_t)(segment - table->segments);
    int64_t now_ns = weir_loop_now_ns(table->store->loop);

    if (key_count > table->read_keys_max)
        table->read_keys_max = key_count;
    table->reads_at_once[i] = table->read_ns[i] == now_ns ? table->reads_at_once[i] + 1 : 1;
    table->read_ns[i] = now_ns;
    if (table->reads_at_once[i] > table->reads_at_once_max)
        table->reads_at_once_max = table->reads_at_once[i];
}

static void on_read_table(struct play_table *table, struct play_table_segment *segment,
                          const struct pravega_wire_read_table *ask, struct weir_buf *out)
{
    struct weir_in keys = pravega_wire_items(&ask->keys);
    int32_t count = ask->keys.count - (table->lie == PLAY_FEWER_ENTRIES);
    struct pravega_wire_table_read reply = {ask->request_id, weir_view_str(segment->name), {count, {NULL, 0}}};
    struct weir_buf items;

    count_read(table, segment, (size_t)ask->keys.count);
    weir_buf_init(&items, SIZE_MAX);
    for (int32_t i = 0; i < count; i++) {
        struct weir_view key = pravega_wire_key_next(&keys).key;
        uint8_t other[32];

        ck_assert_uint_eq(key.len, key_len_of(table));
        memcpy(other, key.ptr, key.len);
        other[0] ^= table->lie == PLAY_OTHER_KEY;
        put_found(&items, weir_view(other, key.len), find_entry(table, segment, key.ptr));
    }
    reply.entries.items = weir_buf_view(&items);
    pravega_wire_encode_table_read(out, &reply);
    weir_buf_fini(&items);
}

/* The entries, or keys, of from..to, as many as are due; returns how many. */
static int32_t put_range(struct play_table *table, struct play_table_segment *segment, struct weir_view from,
                         struct weir_view to, int32_t count_max, bool keys_only, struct weir_buf *items)
{
    int32_t count = 0;

    ck_assert_int_gt(count_max, 0);
    ck_assert_uint_eq(from.len, key_len_of(table));
    ck_assert_uint_eq(to.len, key_len_of(table));
    if (table->page_count_max > 0 && (size_t)count_max > table->page_count_max)
        count_max = (int32_t)table->page_count_max;
    for (size_t at = position_of(table, segment, from.ptr);
         at < segment->count && count < count_max && memcmp(segment->entries[at].key, to.ptr, to.len) <= 0; at++) {
        const struct play_table_entry *entry = &segment->entries[at];
        struct weir_view key = weir_view(entry->key, from.len);

        if (keys_only)
            pravega_wire_put_key(items, &(struct pravega_wire_key){key, entry->version});
        else
            put_found(items, key, entry);
        count++;
        at -= table->lie == PLAY_REPEATED;
    }
    return count;
}

static void on_read_entries(struct play_table *table, struct play_table_segment *segment,
                            const struct pravega_wire_read_table_entries *ask, struct weir_buf *out)
{
    struct pravega_wire_table_entries_read reply = {ask->request_id, weir_view_str(segment->name)};
    struct weir_buf items;

    ck_assert_uint_eq(ask->continuation.len, 0);
    weir_buf_init(&items, SIZE_MAX);
    reply.entries.count = put_range(table, segment, ask->from_key, ask->to_key, ask->suggested_count, false, &items);
    reply.entries.items = weir_buf_view(&items);
    reply.continuation = weir_view_str("opaque");
    pravega_wire_encode_table_entries_read(out, &reply);
    weir_buf_fini(&items);
}

static void on_read_keys(struct play_table *table, struct play_table_segment *segment,
                         const struct pravega_wire_read_table_keys *ask, struct weir_buf *out)
{
    struct pravega_wire_table_keys_read reply = {ask->request_id, weir_view_str(segment->name)};
    struct weir_buf items;

    ck_assert_uint_eq(ask->continuation.len, 0);
    weir_buf_init(&items, SIZE_MAX);
    reply.keys.count = put_range(table, segment, ask->from_key, ask->to_key, ask->suggested_count, true, &items);
    reply.keys.items = weir_buf_view(&items);
    pravega_wire_encode_table_keys_read(out, &reply);
    weir_buf_fini(&items);
}

static struct weir_view segment_name_of(const struct pravega_wire_command *cmd)
{
    switch ((int)cmd->type) {
    case PRAVEGA_WIRE_UPDATE_TABLE_ENTRIES:
        return cmd->update_table_entries.segment;
    case PRAVEGA_WIRE_REMOVE_TABLE_KEYS:
        return cmd->remove_table_keys.segment;
    case PRAVEGA_WIRE_READ_TABLE:
        return cmd->read_table.segment;
    case PRAVEGA_WIRE_READ_TABLE_ENTRIES:
        return cmd->read_table_entries.segment;
    case PRAVEGA_WIRE_READ_TABLE_KEYS:
        return cmd->read_table_keys.segment;
    default:
        return weir_view(NULL, 0);
    }
}

static bool on_command(struct play_store *store, const struct pravega_wire_command *cmd, struct weir_buf *out)
{
    struct play_table *table = store->other;
    struct play_table_segment *segment = find_segment(table, segment_name_of(cmd));

    if (segment == NULL)
        return false;
    if (cmd->type == PRAVEGA_WIRE_UPDATE_TABLE_ENTRIES)
        on_update(table, segment, &cmd->update_table_entries, out);
    else if (cmd->type == PRAVEGA_WIRE_REMOVE_TABLE_KEYS)
        on_remove(table, segment, &cmd->remove_table_keys, out);
    else if (cmd->type == PRAVEGA_WIRE_READ_TABLE)
        on_read_table(table, segment, &cmd->read_table, out);
    else if (cmd->type == PRAVEGA_WIRE_READ_TABLE_ENTRIES)
        on_read_entries(table, segment, &cmd->read_table_entries, out);
    else
        on_read_keys(table, segment, &cmd->read_table_keys, out);
    return true;
}

/* ---- the controller ---- */

static void answer_config(const struct play_table *table, struct weir_grpc_request *request)
{
    Pravega__KeyValueTableConfigResponse reply = PRAVEGA__KEY_VALUE_TABLE_CONFIG_RESPONSE__INIT;
    Pravega__KeyValueTableConfig config = PRAVEGA__KEY_VALUE_TABLE_CONFIG__INIT;

    config.scope = PLAY_SCOPE;
    config.kvtname = PLAY_TABLE;
    config.partitioncount = table->config.partition_count;
    config.primarykeylength = table->config.primary_key_len;
    config.secondarykeylength = table->config.secondary_key_len;
    reply.config = &config;
    if (table->config.partition_count == 0)
        reply.status = PRAVEGA__KEY_VALUE_TABLE_CONFIG_RESPONSE__STATUS__TABLE_NOT_FOUND;
    play_store_answer(request, &reply.base);
}

static void answer_segments(const struct play_table *table, struct weir_grpc_request *request)
{
    Pravega__SegmentRanges reply = PRAVEGA__SEGMENT_RANGES__INIT;
    Pravega__StreamInfo info = PRAVEGA__STREAM_INFO__INIT;
    Pravega__SegmentId ids[PLAY_TABLE_SEGMENTS_MAX];
    Pravega__SegmentRange ranges[PLAY_TABLE_SEGMENTS_MAX], *pointers[PLAY_TABLE_SEGMENTS_MAX];
    int32_t count = table->config.partition_count;

    info.scope = PLAY_SCOPE;
    info.stream = PLAY_TABLE;
    for (int32_t i = 0; i < count; i++) {
        pravega__segment_id__init(&ids[i]);
        pravega__segment_range__init(&ranges[i]);
        ids[i].streaminfo = &info;
        ids[i].segmentid = i;
        ranges[i].segmentid = &ids[i];
        ranges[i].minkey = i * (1.0 / count);
        ranges[i].maxkey = (i + 1) * (1.0 / count);
        pointers[count - 1 - i] = &ranges[i];
    }
    reply.n_segmentranges = (size_t)count;
    reply.segmentranges = pointers;
    play_store_answer(request, &reply.base);
}

static bool on_call(struct play_store *store, const char *method, const ProtobufCMessage *ask,
                    struct weir_grpc_request *request)
{
    (void)ask;
    if (strcmp(method, "getKeyValueTableConfiguration") == 0)
        answer_config(store->other, request);
    else if (strcmp(method, "getCurrentSegmentsKeyValueTable") == 0)
        answer_segments(store->other, request);
    else
        return false;
    return true;
}

/* ---- life ---- */

void play_table_open(struct play_table *table, struct play_store *store, const struct pravega_table_config *config)
{
    struct pravega_stream_name name = {PLAY_SCOPE, PLAY_TABLE "_kvtable"};

    *table = (struct play_table){.store = store, .config = *config};
    ck_assert_int_le(config->partition_count, PLAY_TABLE_SEGMENTS_MAX);
    for (int32_t i = 0; i < config->partition_count; i++) {
        pravega_segment_name(&name, i, table->segments[i].name, sizeof(table->segments[i].name));
        table->segments[i].entries = calloc(PLAY_TABLE_ENTRIES_MAX, sizeof(struct play_table_entry));
    }
    store->other = table;
    store->other_command = on_command;
    store->other_call = on_call;
}

void play_table_close(struct play_table *table)
{
    for (int32_t i = 0; i < table->config.partition_count; i++) {
        for (size_t k = 0; k < table->segments[i].count; k++)
            weir_buf_fini(&table->segments[i].entries[k].value);
        free(table->segments[i].entries);
    }
}

size_t play_table_count(const struct play_table *table)
{
    size_t count = 0;

    for (int32_t i = 0; i < table->config.partition_count; i++)
        count += table->segments[i].count;
    return count;
}
