/*
 * table.c - the index of a table segment, and the entries that it points to.
 *
 * An *order key* is what the index is sorted by: the key itself, or in a hash table its hash, with the highest bit of
 * both halves flipped (Java compares them as signed numbers), and then the key.
 */
#include "store/container/table.h"

#include <stdlib.h>

#include "base/hash.h"

#define ORDER_KEY_LEN_MAX (WEIR_TABLE_HASH_LEN + WEIR_TABLE_KEY_LEN_MAX)

/* --- Entries --- */

uint8_t *weir_table_entry_put(uint8_t *at, const struct weir_table_entry *entry)
{
    at[0] = 0;
    weir_put_u32be(at + 1, (uint32_t)entry->key.len);
    weir_put_u32be(at + 5, entry->removal ? UINT32_MAX : (uint32_t)entry->value.len);
    weir_put_u64be(at + 9, (uint64_t)entry->version);
    at += WEIR_TABLE_ENTRY_HEAD_LEN;
    memcpy(at, entry->key.ptr, entry->key.len); /* a key is never empty */
    at += entry->key.len;
    if (entry->value.len > 0)
        memcpy(at, entry->value.ptr, entry->value.len);
    return at + entry->value.len;
}

enum weir_status weir_table_entry_get(struct weir_in *in, struct weir_table_entry *out)
{
    struct weir_in at = *in;
    uint8_t format = weir_in_u8(&at);
    uint32_t key_len = weir_in_u32be(&at), value_len = weir_in_u32be(&at);

    *out = (struct weir_table_entry){.version = (int64_t)weir_in_u64be(&at), .removal = value_len == UINT32_MAX};
    if (at.bad)
        return WEIR_E_AGAIN;
    if (out->removal)
        value_len = 0;
    if (format != 0 || key_len == 0 || key_len > WEIR_TABLE_KEY_LEN_MAX || value_len > WEIR_TABLE_ENTRY_LEN_MAX ||
        WEIR_TABLE_ENTRY_HEAD_LEN + key_len + value_len > WEIR_TABLE_ENTRY_LEN_MAX ||
        (out->version < 0 && out->version != WEIR_TABLE_NO_VERSION))
        return WEIR_E_DAMAGED;
    out->key = weir_in_take(&at, key_len);
    out->value = weir_in_take(&at, value_len);
    if (at.bad)
        return WEIR_E_AGAIN;
    *in = at;
    return WEIR_OK;
}

/* --- Order --- */

void weir_table_hash(struct weir_view key, uint8_t out[WEIR_TABLE_HASH_LEN])
{
    uint8_t digest[WEIR_SHA256_LEN];

    weir_sha256(key, digest);
    memcpy(out, digest, WEIR_TABLE_HASH_LEN);
    out[0] ^= 0x80;
    out[8] ^= 0x80;
}

/* The order key, in `room` if it is not the key itself. */
static struct weir_view order_key(const struct weir_table *table, struct weir_view key, uint8_t room[ORDER_KEY_LEN_MAX])
{
    if (table->key_len > 0)
        return key;
    weir_table_hash(key, room);
    memcpy(room + WEIR_TABLE_HASH_LEN, key.ptr, key.len);
    return weir_view(room, WEIR_TABLE_HASH_LEN + key.len);
}

/* --- The index --- */

struct weir_table *weir_table_new(uint32_t key_len, uint64_t seed)
{
    struct weir_table *table = calloc(1, sizeof(*table));

    if (table == NULL)
        return NULL;
    table->key_len = key_len;
    weir_metadata_init(&table->index, seed);
    return table;
}

void weir_table_free(struct weir_table *table)
{
    if (table == NULL)
        return;
    weir_metadata_fini(&table->index);
    free(table);
}

bool weir_table_takes_key(const struct weir_table *table, size_t key_len)
{
    return table->key_len > 0 ? key_len == table->key_len : key_len > 0 && key_len <= WEIR_TABLE_KEY_LEN_MAX;
}

struct weir_view weir_table_index_key(const struct weir_table *table, const struct weir_metadata_entry *entry)
{
    size_t skip = table->key_len > 0 ? 0 : WEIR_TABLE_HASH_LEN;

    return weir_view(entry->key.ptr + skip, entry->key.len - skip);
}

struct weir_table_place weir_table_index_place(const struct weir_metadata_entry *entry)
{
    struct weir_table_place place;

    memcpy(&place, entry->value.ptr, sizeof(place)); /* it has no alignment there */
    return place;
}

static uint64_t live_len(struct weir_view key, const struct weir_table_place *place)
{
    return WEIR_TABLE_ENTRY_HEAD_LEN + key.len + place->value_len;
}

static bool find_order(const struct weir_table *table, struct weir_view order, struct weir_table_place *out)
{
    const struct weir_metadata_entry *entry = weir_metadata_seek(&table->index, order, false);

    if (entry == NULL || !weir_view_equal(entry->key, order))
        return false;
    *out = weir_table_index_place(entry);
    return true;
}

bool weir_table_find(const struct weir_table *table, struct weir_view key, struct weir_table_place *out)
{
    uint8_t room[ORDER_KEY_LEN_MAX];

    return weir_table_takes_key(table, key.len) && find_order(table, order_key(table, key, room), out);
}

static enum weir_status set(struct weir_table *table, struct weir_view key, const struct weir_table_place *place)
{
    uint8_t room[ORDER_KEY_LEN_MAX];
    struct weir_view order = order_key(table, key, room);
    struct weir_table_place before;
    uint64_t replaced_len = find_order(table, order, &before) ? live_len(key, &before) : 0;
    enum weir_status status = weir_metadata_put(&table->index, order, weir_view(place, sizeof(*place)));

    if (status == WEIR_OK)
        table->live_len += live_len(key, place) - replaced_len;
    return status;
}

enum weir_status weir_table_load(struct weir_table *table, struct weir_view key, const struct weir_table_place *place)
{
    struct weir_table_place before;

    if (!weir_table_takes_key(table, key.len) || weir_table_find(table, key, &before))
        return WEIR_E_DAMAGED;
    return set(table, key, place);
}

void weir_table_drop(struct weir_table *table, struct weir_view key)
{
    uint8_t room[ORDER_KEY_LEN_MAX];
    struct weir_table_place before;

    if (!weir_table_find(table, key, &before))
        return;
    weir_metadata_remove(&table->index, order_key(table, key, room));
    table->live_len -= live_len(key, &before);
}

enum weir_status weir_table_enter(struct weir_table *table, const struct weir_table_entry *entry, int64_t offset)
{
    struct weir_table_place place = {
        .offset = offset, .version = entry->version, .value_len = (uint32_t)entry->value.len};
    struct weir_table_place before;

    if (!weir_table_takes_key(table, entry->key.len))
        return WEIR_E_DAMAGED;
    if (entry->removal) {
        weir_table_drop(table, entry->key);
        return WEIR_OK;
    }
    if (entry->version == WEIR_TABLE_NO_VERSION)
        place.version = offset;
    else if (!weir_table_find(table, entry->key, &before) || before.version != entry->version)
        return WEIR_E_DAMAGED;
    return set(table, entry->key, &place);
}
