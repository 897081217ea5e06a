/**
 * @file runtime/keyed_table.h
 * @brief Values by key, for one operator of one subtask: the heap state backend.
 *
 * Keys and values lie next to each other in one dense row in the order they came, with a table of their hashes beside
 * it: walking is in a repeatable order, and a lookup touches two cache lines. Nothing is removed one by one; a window's
 * table goes as a whole. Thread: the task's worker.
 */
#ifndef WEIR_RUNTIME_KEYED_TABLE_H
#define WEIR_RUNTIME_KEYED_TABLE_H

#include "weir/operator.h"
#include "weir/type.h"

struct weir_keyed_table {
    const struct weir_type *key_type;
    const struct weir_type *value_type;
    size_t value_at, entry_size; /* offsets in an entry: the key is at 0 */
    uint8_t *entries;
    uint32_t entry_count, entry_cap;
    uint64_t *slots; /* hash's upper 32 bits | entry number + 1; 0 is free */
    uint32_t slot_mask;
};

void weir_keyed_table_init(struct weir_keyed_table *table, const struct weir_type *key_type,
                           const struct weir_type *value_type);
void weir_keyed_table_fini(struct weir_keyed_table *table);

/**
 * The value of `key`, borrowed until the next call that may add one.
 * @param added receives true if the key is new: the key is copied in, the value is zeroed and the caller's to fill
 * @return NULL if memory is out (nothing is added then)
 */
void *weir_keyed_table_get(struct weir_keyed_table *table, const void *key, bool *added);

static inline const void *weir_keyed_table_key(const struct weir_keyed_table *table, uint32_t entry)
{
    return table->entries + (size_t)entry * table->entry_size;
}
static inline void *weir_keyed_table_value(const struct weir_keyed_table *table, uint32_t entry)
{
    return table->entries + (size_t)entry * table->entry_size + table->value_at;
}

/** Adds the table to a snapshot: for each key group `head`, then its keys and values. */
void weir_keyed_table_snapshot(const struct weir_keyed_table *table, const char *state_name, struct weir_view head,
                               int max_parallelism, struct weir_snapshot *out);
/** Adds the keys and values that follow the head of one such entry. @retval WEIR_E_DAMAGED, WEIR_E_NOMEM */
enum weir_status weir_keyed_table_restore(struct weir_keyed_table *table, struct weir_in *in, struct weir_error *err);

#endif
