/*
 * keyed_table.c - values by key: a dense row of entries and an open-addressing table of their hashes.
 *
 *     slots  [hash|3] [0] [hash|1] [hash|2] ...     (power of two, at most half full, linear probing)
 *                 |           |
 *     entries  [key 1, value 1] [key 2, value 2] [key 3, value 3] ...
 */
#include "runtime/keyed_table.h"

#include <stdlib.h>

#include "base/hash.h"
#include "runtime/key.h"
#include "runtime/snapshot.h"

#define SLOTS_MIN 64u
#define ENTRIES_MAX (UINT32_MAX / 4)
#define KEY_STATE_LEN_MAX ((size_t)1 << 30) /* of one key group in a snapshot */

static size_t align8(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

void weir_keyed_table_init(struct weir_keyed_table *table, const struct weir_type *key_type,
                           const struct weir_type *value_type)
{
    *table = (struct weir_keyed_table){.key_type = key_type,
                                       .value_type = value_type,
                                       .value_at = align8(key_type->size),
                                       .entry_size = align8(key_type->size) + align8(value_type->size)};
}

void weir_keyed_table_fini(struct weir_keyed_table *table)
{
    for (uint32_t i = 0; i < table->entry_count && (!table->key_type->fixed || !table->value_type->fixed); i++) {
        weir_type_destroy(table->key_type, (void *)weir_keyed_table_key(table, i));
        weir_type_destroy(table->value_type, weir_keyed_table_value(table, i));
    }
    free(table->entries);
    free(table->slots);
    table->entries = NULL;
    table->slots = NULL;
    table->entry_count = table->entry_cap = table->slot_mask = 0;
}

/* The finalizer of splitmix64: spreads numbers that differ in few bits. */
static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static uint64_t hash_of(const struct weir_type *type, const void *key)
{
    uint64_t number;

    if (type->fixed && type->size == sizeof(number)) {
        memcpy(&number, key, sizeof(number));
        return mix(number);
    }
    if (type->fixed)
        return weir_hash64(weir_view(key, type->size), 0);
    if (type->fields == NULL) /* text or bytes */
        return weir_hash64(*(const struct weir_view *)key, 0);
    return mix((uint32_t)weir_type_hash_code(type, key));
}

static bool keys_equal(const struct weir_type *type, const void *a, const void *b)
{
    if (type->fixed && type->size == sizeof(uint64_t))
        return memcmp(a, b, sizeof(uint64_t)) == 0;
    return type->fixed ? memcmp(a, b, type->size) == 0 : weir_type_equal(type, a, b);
}

static uint64_t slot_of(uint64_t hash, uint32_t entry)
{
    return (hash & UINT64_C(0xffffffff00000000)) | (entry + 1);
}

static void place(struct weir_keyed_table *table, uint64_t hash, uint32_t entry)
{
    uint32_t at = (uint32_t)hash & table->slot_mask;

    while (table->slots[at] != 0)
        at = (at + 1) & table->slot_mask;
    table->slots[at] = slot_of(hash, entry);
}

static bool grow_slots(struct weir_keyed_table *table)
{
    uint32_t count = table->slots == NULL ? SLOTS_MIN : 2 * (table->slot_mask + 1);
    uint64_t *slots = calloc(count, sizeof(*slots));

    if (slots == NULL)
        return false;
    free(table->slots);
    table->slots = slots;
    table->slot_mask = count - 1;
    for (uint32_t i = 0; i < table->entry_count; i++)
        place(table, hash_of(table->key_type, weir_keyed_table_key(table, i)), i);
    return true;
}

static bool grow_entries(struct weir_keyed_table *table)
{
    uint32_t cap = table->entry_cap == 0 ? SLOTS_MIN / 2 : 2 * table->entry_cap;
    uint8_t *entries;

    if (cap > ENTRIES_MAX)
        return false;
    entries = realloc(table->entries, cap * table->entry_size);
    if (entries == NULL)
        return false;
    table->entries = entries;
    table->entry_cap = cap;
    return true;
}

static void *add(struct weir_keyed_table *table, const void *key, uint64_t hash)
{
    uint32_t entry = table->entry_count;

    if (table->slots == NULL || 2 * (entry + 1) > table->slot_mask + 1) {
        if (!grow_slots(table))
            return NULL;
    }
    if (entry == table->entry_cap && !grow_entries(table))
        return NULL;
    memset(table->entries + (size_t)entry * table->entry_size, 0, table->entry_size);
    if (weir_type_copy(table->key_type, table->entries + (size_t)entry * table->entry_size, key) != WEIR_OK)
        return NULL;
    table->entry_count++;
    place(table, hash, entry);
    return weir_keyed_table_value(table, entry);
}

void *weir_keyed_table_get(struct weir_keyed_table *table, const void *key, bool *added)
{
    uint64_t hash = hash_of(table->key_type, key), slot;
    uint32_t at;

    *added = false;
    if (table->slots != NULL) {
        for (at = (uint32_t)hash & table->slot_mask; (slot = table->slots[at]) != 0; at = (at + 1) & table->slot_mask) {
            uint32_t entry = (uint32_t)slot - 1;

            if (slot == slot_of(hash, entry) && keys_equal(table->key_type, weir_keyed_table_key(table, entry), key))
                return weir_keyed_table_value(table, entry);
        }
    }
    *added = true;
    return add(table, key, hash);
}

/* Entry numbers sorted by key group; `first[g]` is where group g begins, `first[max]` is the end. */
static bool sort_by_group(const struct weir_keyed_table *table, int max_parallelism, uint32_t *first, uint32_t *sorted)
{
    uint16_t *groups = malloc((table->entry_count + 1) * sizeof(*groups));

    if (groups == NULL)
        return false;
    memset(first, 0, ((size_t)max_parallelism + 1) * sizeof(*first));
    for (uint32_t i = 0; i < table->entry_count; i++) {
        groups[i] = (uint16_t)weir_key_group(table->key_type, weir_keyed_table_key(table, i), max_parallelism);
        first[groups[i] + 1]++;
    }
    for (int g = 0; g < max_parallelism; g++)
        first[g + 1] += first[g];
    for (uint32_t i = table->entry_count; i > 0; i--) /* backwards: first[g + 1] walks down to where g begins */
        sorted[--first[groups[i - 1] + 1]] = i - 1;
    free(groups);
    return true;
}

static void write_group(const struct weir_keyed_table *table, const uint32_t *entries, uint32_t count,
                        struct weir_buf *out)
{
    for (uint32_t i = 0; i < count; i++) {
        weir_type_serialize(table->key_type, weir_keyed_table_key(table, entries[i]), out);
        weir_type_serialize(table->value_type, weir_keyed_table_value(table, entries[i]), out);
    }
}

void weir_keyed_table_snapshot(const struct weir_keyed_table *table, const char *state_name, struct weir_view head,
                               int max_parallelism, struct weir_snapshot *out)
{
    uint32_t *first = malloc(((size_t)max_parallelism + 1) * sizeof(*first));
    uint32_t *sorted = malloc(((size_t)table->entry_count + 1) * sizeof(*sorted));
    struct weir_buf bytes;

    weir_buf_init(&bytes, KEY_STATE_LEN_MAX);
    if (first == NULL || sorted == NULL || !sort_by_group(table, max_parallelism, first, sorted)) {
        weir_snapshot_fail(out, WEIR_E_NOMEM);
    } else {
        /* After the sort, group g begins at first[g + 1] and ends where the next begins. */
        for (int g = 0; g < max_parallelism; g++) {
            uint32_t begin = first[g + 1], end = g + 1 < max_parallelism ? first[g + 2] : table->entry_count;

            if (begin == end)
                continue;
            weir_buf_reset(&bytes);
            weir_buf_append(&bytes, head.ptr, head.len);
            write_group(table, sorted + begin, end - begin, &bytes);
            if (bytes.status != WEIR_OK)
                weir_snapshot_fail(out, bytes.status);
            weir_snapshot_add(out, WEIR_STATE_KEYED, state_name, g, weir_buf_view(&bytes));
        }
    }
    weir_buf_fini(&bytes);
    free(first);
    free(sorted);
}

/* Reads one key and its value; the views of both are copied. */
static enum weir_status restore_entry(struct weir_keyed_table *table, struct weir_in *in, void *key, void *value)
{
    bool added;
    void *room;

    weir_type_deserialize(table->key_type, in, key);
    weir_type_deserialize(table->value_type, in, value);
    if (in->bad)
        return WEIR_E_DAMAGED;
    room = weir_keyed_table_get(table, key, &added);
    if (room == NULL)
        return WEIR_E_NOMEM;
    return added ? weir_type_copy(table->value_type, room, value) : WEIR_E_DAMAGED;
}

enum weir_status weir_keyed_table_restore(struct weir_keyed_table *table, struct weir_in *in, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;
    void *scratch = calloc(1, table->entry_size);

    if (scratch == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory to restore state");
    while (status == WEIR_OK && weir_in_left(in) > 0)
        status = restore_entry(table, in, scratch, (uint8_t *)scratch + table->value_at);
    free(scratch);
    if (status == WEIR_E_DAMAGED)
        return weir_fail(err, status,
                         "restored state is not of key type %s and value type %s: has the job's type changed?",
                         table->key_type->name, table->value_type->name);
    return status == WEIR_OK ? status : weir_fail(err, status, "no memory to restore state");
}
