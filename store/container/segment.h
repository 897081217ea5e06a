/**
 * @file store/container/segment.h
 * @brief One segment in memory: its numbers, its attributes, and the extents that say where its bytes are.
 *
 * Nothing here does I/O or knows of the log; state.c changes segments as records say.
 */
#ifndef WEIR_STORE_SEGMENT_H
#define WEIR_STORE_SEGMENT_H

#include "base/uuid.h"
#include "store/container/block.h"
#include "store/container/chunk.h"
#include "store/container/container.h"
#include "store/container/table.h"

/**
 * A run of a segment's bytes: in memory (block, a part of the log's buffer) or in a chunk file (chunk). References: its
 * segment's, and a flush's that moves it from the one to the other.
 */
struct weir_extent {
    int64_t offset; /**< in the segment */
    uint64_t len;
    uint32_t refs;
    bool attached; /**< its segment has it */
    struct weir_block *block;
    const uint8_t *ptr; /**< with block */
    struct weir_chunk *chunk;
    uint64_t run_offset, run_len, skip; /**< with chunk: see weir_chunk_place */
};

void weir_extent_unref(struct weir_extent *extent);

struct weir_attribute {
    struct weir_uuid id;
    int64_t value; /**< WEIR_ATTRIBUTE_NONE: a free slot */
};

/** Open addressing; at most 3/4 full. */
struct weir_attribute_table {
    struct weir_attribute *slots;
    size_t cap, count; /**< cap is a power of two, or 0 */
};

int64_t weir_attribute_get(const struct weir_attribute_table *table, struct weir_uuid id);
/** WEIR_ATTRIBUTE_NONE removes. @retval WEIR_E_NOMEM nothing changed */
enum weir_status weir_attribute_set(struct weir_attribute_table *table, struct weir_uuid id, int64_t value);

struct weir_segment {
    uint32_t refs;
    struct weir_container *ctr; /**< NULL once it is closed */
    uint64_t id;
    struct weir_segment *by_name_next, *by_id_next; /**< chains of the tables in state.c */
    uint64_t name_hash;
    int64_t start_offset, length, last_modified_ms, event_count;
    bool sealed, deleted;
    int64_t durable_length; /**< acknowledged: what reads may show */
    bool durable_sealed;
    bool marked; /**< by the check of a batch: some change of it creates, deletes, seals or takes it */
    bool target; /**< likewise: a target of it */
    struct weir_attribute_table attributes;
    struct weir_table *table; /**< NULL: not a table */
    struct weir_extent **extents; /**< [extent_first, extent_end): in order, without gaps up to `length` */
    size_t extent_first, extent_end, extent_cap;
    struct weir_segment_read *waiting; /**< reads at the tail, in a ring */
    struct weir_segment_watch *watch;  /**< told of the next growth, or NULL */
    size_t name_len;
    char name[];
};

/** One reference is the caller's; NULL if there is no memory. */
struct weir_segment *weir_segment_new(uint64_t id, struct weir_view name, uint64_t name_hash);
/** Appends bytes that stand in `block` (referenced). @retval WEIR_E_NOMEM */
enum weir_status weir_segment_push_block(struct weir_segment *seg, struct weir_block *block, struct weir_view data);
/** Appends bytes that stand in `chunk`. @retval WEIR_E_NOMEM */
enum weir_status weir_segment_push_chunk(struct weir_segment *seg, struct weir_chunk_set *chunks,
                                         struct weir_chunk *chunk, const struct weir_chunk_place *place, uint64_t len);
/** Drops the extents that lie below `offset` whole, and moves the start. */
void weir_segment_cut(struct weir_segment *seg, struct weir_chunk_set *chunks, int64_t offset);
/** Moves the bytes of `source` to the end of `seg`. @retval WEIR_E_NOMEM nothing changed */
enum weir_status weir_segment_take(struct weir_segment *seg, struct weir_segment *source,
                                   struct weir_chunk_set *chunks);
/** Lets go of all extents. */
void weir_segment_drop(struct weir_segment *seg, struct weir_chunk_set *chunks);
/** Joins neighbours that are neighbours in one run. Not while a flush has extents of it. */
void weir_segment_coalesce(struct weir_segment *seg);
/** Index of the extent that holds `offset`; extent_end if none does. */
size_t weir_segment_locate(const struct weir_segment *seg, int64_t offset);

#endif
