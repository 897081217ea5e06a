/**
 * @file store/container/metadata.h
 * @brief An ordered map of byte keys to byte values, in memory: a skip list.
 */
#ifndef WEIR_STORE_METADATA_H
#define WEIR_STORE_METADATA_H

#include <stdbool.h>

#include "weir/error.h"
#include "weir/view.h"

#define WEIR_METADATA_LEVELS 20

struct weir_metadata_entry {
    struct weir_view key, value; /**< views into the entry's own memory */
    int levels;
    struct weir_metadata_entry *next[];
};

struct weir_metadata {
    size_t count;
    uint64_t seed; /**< of the hash that gives an entry its height: nobody outside can shape the list */
    struct weir_metadata_entry *heads[WEIR_METADATA_LEVELS];
};

void weir_metadata_init(struct weir_metadata *map, uint64_t seed);
void weir_metadata_fini(struct weir_metadata *map);
/** Copies both. @retval WEIR_E_NOMEM nothing changed */
enum weir_status weir_metadata_put(struct weir_metadata *map, struct weir_view key, struct weir_view value);
/** @return whether it was there */
bool weir_metadata_remove(struct weir_metadata *map, struct weir_view key);
/** The first entry at or after (with `after`: after) `key`, or NULL; it lives until it is put again or removed. */
const struct weir_metadata_entry *weir_metadata_seek(const struct weir_metadata *map, struct weir_view key, bool after);
static inline const struct weir_metadata_entry *weir_metadata_next(const struct weir_metadata_entry *entry)
{
    return entry->next[0];
}

#endif
