/**
 * @file store/container/table.h
 * @brief A table segment in memory: which keys it has, and where in the segment their entries stand.
 *
 * A table's segment is a log of *entries*: each update of a key appends one, so values live where other segments' bytes
 * do. In memory is only the *index*, key -> place. An entry's bytes are upstream's, so that versions and lengths are:
 *
 *     u8 0 | i32 key length | i32 value length, -1: a removal | i64 version | key | value
 *
 * The version of an entry is where it was first appended; that is written down (else the field is
 * WEIR_TABLE_NO_VERSION) when a compaction appends it again. Order: tables with keys of a fixed length are sorted by
 * key; hash tables by the first 16 bytes of the key's SHA-256 as Java compares them, which is upstream's order.
 *
 * Nothing here does I/O or knows of the log; state.c changes tables as records say.
 */
#ifndef WEIR_STORE_TABLE_H
#define WEIR_STORE_TABLE_H

#include "store/container/container.h"
#include "store/container/metadata.h"
#include "weir/buf.h"

#define WEIR_TABLE_ENTRY_HEAD_LEN 17u
#define WEIR_TABLE_HASH_LEN 16u

/** An entry as it stands in the segment. */
struct weir_table_entry {
    struct weir_view key, value;
    int64_t version; /**< WEIR_TABLE_NO_VERSION: where the entry stands */
    bool removal;
};

static inline size_t weir_table_entry_len(const struct weir_table_entry *entry)
{
    return WEIR_TABLE_ENTRY_HEAD_LEN + entry->key.len + entry->value.len;
}
/** Writes its weir_table_entry_len() bytes; @return what follows them */
uint8_t *weir_table_entry_put(uint8_t *at, const struct weir_table_entry *entry);
/**
 * Takes the next entry; views point into `in`.
 * @retval WEIR_E_AGAIN    its end is not there yet; nothing was taken
 * @retval WEIR_E_DAMAGED  no entry begins like this
 */
enum weir_status weir_table_entry_get(struct weir_in *in, struct weir_table_entry *out);

struct weir_table {
    uint32_t key_len;           /**< of every key; 0: a hash table */
    struct weir_metadata index; /**< order key -> struct weir_table_place */
    uint64_t live_len;          /**< bytes of the entries that the index has */
    struct weir_segment *next_due; /**< waits for its compaction behind this one; see table_compact.c */
    bool due, stays;               /**< waits or is under way; cannot be compacted because it is damaged */
};

/** NULL if there is no memory. @param seed of the index's heights */
struct weir_table *weir_table_new(uint32_t key_len, uint64_t seed);
void weir_table_free(struct weir_table *table); /**< NULL is fine */

/** Whether a key may stand in the table. */
bool weir_table_takes_key(const struct weir_table *table, size_t key_len);
bool weir_table_find(const struct weir_table *table, struct weir_view key, struct weir_table_place *out);
/** Enters a key of a checkpoint. @retval WEIR_E_DAMAGED it is there already, or none that the table takes */
enum weir_status weir_table_load(struct weir_table *table, struct weir_view key, const struct weir_table_place *place);
/** Fine if it is not there. */
void weir_table_drop(struct weir_table *table, struct weir_view key);
/**
 * Enters what `entry`, appended at `offset`, does.
 * @retval WEIR_E_DAMAGED  a key that the table does not take; a moved entry of a version that the table does not have
 */
enum weir_status weir_table_enter(struct weir_table *table, const struct weir_table_entry *entry, int64_t offset);

/** What a hash table is sorted by, in an order that bytes have. */
void weir_table_hash(struct weir_view key, uint8_t out[WEIR_TABLE_HASH_LEN]);
/** An index entry's key and place. */
struct weir_view weir_table_index_key(const struct weir_table *table, const struct weir_metadata_entry *entry);
struct weir_table_place weir_table_index_place(const struct weir_metadata_entry *entry);

#endif
