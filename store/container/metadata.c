/*
 * metadata.c - the ordered map: a skip list whose heights come from a seeded hash of the key.
 *
 * An entry takes part in level n+1 with a quarter of the chance of level n, so a search looks at about 4 log4(n) keys.
 * A key's height never changes: putting a key again replaces its entry by one of the same height.
 */
#include "store/container/metadata.h"

#include <stdlib.h>

#include "base/hash.h"

static int levels_of(const struct weir_metadata *map, struct weir_view key)
{
    uint64_t bits = weir_hash64(key, map->seed);
    int levels = 1;

    while (levels < WEIR_METADATA_LEVELS && (bits & 3) == 0) {
        levels++;
        bits >>= 2;
    }
    return levels;
}

/* links[n]: the pointer of level n that leads to the first entry at or after `key`. */
static void find(struct weir_metadata *map, struct weir_view key,
                 struct weir_metadata_entry **links[WEIR_METADATA_LEVELS])
{
    struct weir_metadata_entry **tower = map->heads;

    for (int level = WEIR_METADATA_LEVELS - 1; level >= 0; level--) {
        while (tower[level] != NULL && weir_view_compare(tower[level]->key, key) < 0)
            tower = tower[level]->next;
        links[level] = &tower[level];
    }
}

static struct weir_metadata_entry *entry_new(struct weir_view key, struct weir_view value, int levels)
{
    size_t links_len = (size_t)levels * sizeof(struct weir_metadata_entry *);
    struct weir_metadata_entry *entry = malloc(sizeof(*entry) + links_len + key.len + value.len);
    uint8_t *bytes;

    if (entry == NULL)
        return NULL;
    bytes = (uint8_t *)entry->next + links_len;
    entry->levels = levels;
    entry->key = weir_view(bytes, key.len);
    entry->value = weir_view(bytes + key.len, value.len);
    if (key.len > 0)
        memcpy(bytes, key.ptr, key.len);
    if (value.len > 0)
        memcpy(bytes + key.len, value.ptr, value.len);
    return entry;
}

void weir_metadata_init(struct weir_metadata *map, uint64_t seed)
{
    *map = (struct weir_metadata){.seed = seed};
}

void weir_metadata_fini(struct weir_metadata *map)
{
    struct weir_metadata_entry *next;

    for (struct weir_metadata_entry *entry = map->heads[0]; entry != NULL; entry = next) {
        next = entry->next[0];
        free(entry);
    }
    weir_metadata_init(map, map->seed);
}

enum weir_status weir_metadata_put(struct weir_metadata *map, struct weir_view key, struct weir_view value)
{
    struct weir_metadata_entry **links[WEIR_METADATA_LEVELS], *old;
    struct weir_metadata_entry *entry = entry_new(key, value, levels_of(map, key));

    if (entry == NULL)
        return WEIR_E_NOMEM;
    find(map, key, links);
    old = *links[0] != NULL && weir_view_equal((*links[0])->key, key) ? *links[0] : NULL;
    for (int level = 0; level < entry->levels; level++) {
        entry->next[level] = old != NULL ? old->next[level] : *links[level];
        *links[level] = entry;
    }
    if (old == NULL)
        map->count++;
    free(old);
    return WEIR_OK;
}

bool weir_metadata_remove(struct weir_metadata *map, struct weir_view key)
{
    struct weir_metadata_entry **links[WEIR_METADATA_LEVELS], *old;

    find(map, key, links);
    old = *links[0];
    if (old == NULL || !weir_view_equal(old->key, key))
        return false;
    for (int level = 0; level < old->levels; level++)
        *links[level] = old->next[level];
    map->count--;
    free(old);
    return true;
}

const struct weir_metadata_entry *weir_metadata_seek(const struct weir_metadata *map, struct weir_view key, bool after)
{
    struct weir_metadata_entry *const *tower = map->heads;

    for (int level = WEIR_METADATA_LEVELS - 1; level >= 0; level--)
        while (tower[level] != NULL && weir_view_compare(tower[level]->key, key) < (after ? 1 : 0))
            tower = tower[level]->next;
    return tower[0];
}
