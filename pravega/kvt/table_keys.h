/**
 * @file pravega/kvt/table_keys.h
 * @brief Keys of a table as bytes: their layout, the segment they belong to, and the range of them that a walk has
 * left.
 *
 * On the wire a key is its primary part and then its secondary part, so that all keys of a table have one length, and
 * ascending order is that of unsigned bytes. Nothing here does I/O. Thread: any.
 */
#ifndef PRAVEGA_KVT_TABLE_KEYS_H
#define PRAVEGA_KVT_TABLE_KEYS_H

#include "pravega/key_value_table.h"
#include "weir/buf.h"

static inline size_t pravega_table_key_len(const struct pravega_table_config *config)
{
    return (size_t)config->primary_key_len + (size_t)config->secondary_key_len;
}
/** @retval WEIR_E_INVAL the message says which part has which length, and which is due */
enum weir_status pravega_table_key_check(const struct pravega_table_config *config, size_t primary_len,
                                         size_t secondary_len, struct weir_error *err);
/** The parts of a whole key, borrowed from it. */
static inline struct pravega_table_key pravega_table_key_split(const struct pravega_table_config *config,
                                                               struct weir_view key)
{
    size_t primary_len = (size_t)config->primary_key_len;

    return (struct pravega_table_key){weir_view(key.ptr, primary_len),
                                      weir_view(key.ptr + primary_len, key.len - primary_len)};
}
/** Where in [0, 1) a primary key lies: the segment with the smallest max_key that is not below it has the entry. */
double pravega_table_hash(struct weir_view primary);
/** The next key in order, in place; false if there is none (all bytes were 255, and are 0 now). */
bool pravega_table_key_increment(uint8_t *key, size_t len);

/** What is left of a walk: from..to, both included, whole keys of one length. Zero it. */
struct pravega_table_walk {
    struct weir_buf from, to;
    bool is_over;
};
void pravega_table_walk_fini(struct pravega_table_walk *walk); /**< Fine for a zeroed one. */
/** A walk over `range`. @retval WEIR_E_INVAL a part without the table's length @retval WEIR_E_NOMEM */
enum weir_status pravega_table_walk_begin(struct pravega_table_walk *walk, const struct pravega_table_config *config,
                                          const struct pravega_table_range *range, struct weir_error *err);
/** What is left after `last`, a key of the walk. */
void pravega_table_walk_after(struct pravega_table_walk *walk, struct weir_view last);
/** Whether all keys that are left have one primary key, and so lie in one segment. */
bool pravega_table_walk_is_single(const struct pravega_table_walk *walk, const struct pravega_table_config *config);
/** A walk as the bytes with which it goes on elsewhere: u8 1 | u8 is_over | u16 key_len | from | to; over: no keys. */
void pravega_table_walk_put(const struct pravega_table_walk *walk, struct weir_buf *out);
/** @retval WEIR_E_INVAL bytes that pravega_table_walk_put() did not write @retval WEIR_E_NOMEM */
enum weir_status pravega_table_walk_get(struct pravega_table_walk *walk, struct weir_view bytes,
                                        struct weir_error *err);
/** @retval WEIR_E_INVAL it is of a table with keys of another length */
enum weir_status pravega_table_walk_check(const struct pravega_table_walk *walk,
                                          const struct pravega_table_config *config, struct weir_error *err);

#endif
