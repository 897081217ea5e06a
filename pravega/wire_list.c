/*
 * wire_list.c - the items of the lists inside wire commands.
 *
 * A list stays on the wire's bytes: decoding checks it once from end to end and keeps the view, so that a command needs
 * no memory of its own, however many items it has. Table keys and values carry their own totals:
 *     key    i32 4 + key_len + 8 | i32 key_len | key | i64 version     (key_len 0: the two integers only)
 *     value  i32 4 + value_len | i32 value_len | value
 */
#include "pravega/wire.h"

#include "pravega/wire_int.h"

struct weir_view pravega_wire_name_next(struct weir_in *items)
{
    return get_STR(items);
}

struct pravega_wire_key pravega_wire_key_next(struct weir_in *items)
{
    uint32_t total = weir_in_u32be(items), key_len = weir_in_u32be(items);
    struct pravega_wire_key key = {{NULL, 0}, PRAVEGA_WIRE_NO_VERSION};

    if (total != (uint64_t)key_len + 12) {
        items->bad = true;
        return key;
    }
    key.key = weir_in_take(items, key_len);
    if (key_len > 0)
        key.version = get_I64(items);
    return key;
}

static struct weir_view value_next(struct weir_in *items)
{
    uint32_t total = weir_in_u32be(items), value_len = weir_in_u32be(items);

    if (total != (uint64_t)value_len + 4)
        items->bad = true;
    return weir_in_take(items, value_len);
}

struct pravega_wire_entry pravega_wire_entry_next(struct weir_in *items)
{
    struct pravega_wire_entry entry;

    entry.key = pravega_wire_key_next(items);
    entry.value = value_next(items);
    return entry;
}

struct pravega_wire_merged pravega_wire_merged_next(struct weir_in *items)
{
    struct pravega_wire_merged merged;

    merged.source = get_STR(items);
    merged.target_write_offset = get_I64(items);
    return merged;
}

struct pravega_wire_update pravega_wire_update_next(struct weir_in *items)
{
    struct pravega_wire_update update;

    update.attribute_id = get_UUID(items);
    update.update_type = get_I8(items);
    update.new_value = get_I64(items);
    update.old_value = get_I64(items);
    return update;
}

struct pravega_wire_chunk pravega_wire_chunk_next(struct weir_in *items)
{
    struct pravega_wire_chunk chunk;

    chunk.len_in_metadata = get_I64(items);
    chunk.len_in_storage = get_I64(items);
    chunk.start_offset = get_I64(items);
    chunk.name = get_STR(items);
    chunk.exists_in_storage = get_BOOL(items);
    return chunk;
}

/* get_NAMES() and its kind: walk over `count` items and keep the bytes they span. */
#define GET_LIST(KIND, next)                                                                                           \
    struct pravega_wire_list pravega_wire_get_##KIND(struct weir_in *in) {                                             \
        struct pravega_wire_list list = {get_I32(in), {in->ptr, 0}};                                                   \
                                                                                                                       \
        if (list.count < 0)                                                                                            \
            in->bad = true;                                                                                            \
        for (int32_t i = 0; i < list.count && !in->bad; i++)                                                           \
            (void)next(in);                                                                                            \
        list.items.len = (size_t)(in->ptr - list.items.ptr);                                                           \
        return list;                                                                                                   \
    }
GET_LIST(NAMES, pravega_wire_name_next)
GET_LIST(NUMBERS, pravega_wire_number_next)
GET_LIST(KEYS, pravega_wire_key_next)
GET_LIST(ENTRIES, pravega_wire_entry_next)
GET_LIST(MERGED, pravega_wire_merged_next)
GET_LIST(UPDATES, pravega_wire_update_next)
GET_LIST(CHUNKS, pravega_wire_chunk_next)

void pravega_wire_put_name(struct weir_buf *items, struct weir_view name)
{
    put_STR(items, name);
}

void pravega_wire_put_key(struct weir_buf *items, const struct pravega_wire_key *key)
{
    put_len(items, key->key.len + 12);
    put_BUF(items, key->key);
    if (key->key.len > 0)
        put_I64(items, key->version);
}

void pravega_wire_put_entry(struct weir_buf *items, const struct pravega_wire_entry *entry)
{
    pravega_wire_put_key(items, &entry->key);
    put_len(items, entry->value.len + 4);
    put_BUF(items, entry->value);
}

uint8_t *pravega_wire_put_entry_room(struct weir_buf *items, const struct pravega_wire_key *key, size_t value_len)
{
    pravega_wire_put_key(items, key);
    put_len(items, value_len + 4);
    put_len(items, value_len);
    return weir_buf_extend(items, value_len);
}

void pravega_wire_put_merged(struct weir_buf *items, const struct pravega_wire_merged *merged)
{
    put_STR(items, merged->source);
    put_I64(items, merged->target_write_offset);
}

void pravega_wire_put_update(struct weir_buf *items, const struct pravega_wire_update *update)
{
    put_UUID(items, update->attribute_id);
    put_I8(items, update->update_type);
    put_I64(items, update->new_value);
    put_I64(items, update->old_value);
}

void pravega_wire_put_chunk(struct weir_buf *items, const struct pravega_wire_chunk *chunk)
{
    put_I64(items, chunk->len_in_metadata);
    put_I64(items, chunk->len_in_storage);
    put_I64(items, chunk->start_offset);
    put_STR(items, chunk->name);
    put_BOOL(items, chunk->exists_in_storage);
}
