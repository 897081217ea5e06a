/**
 * @file store/container/state.h
 * @brief What the records say: all segments, the map and the chunks. It changes by weir_state_apply() and nowhere else.
 *
 * A live change is checked, written as operations, and applied from there, just as recovery applies what it reads: so
 * what recovery builds is what was there.
 */
#ifndef WEIR_STORE_STATE_H
#define WEIR_STORE_STATE_H

#include "store/container/chunk.h"
#include "store/container/metadata.h"
#include "store/container/ops.h"
#include "store/container/segment.h"

enum weir_effect_kind { WEIR_EFFECT_LENGTH, WEIR_EFFECT_SEALED, WEIR_EFFECT_DELETED };

/** What readers may see of a segment once record `lsn` is acknowledged. */
struct weir_effect {
    enum weir_effect_kind kind;
    uint64_t lsn;
    struct weir_segment *seg; /**< referenced */
    int64_t length;
};

struct weir_state {
    struct weir_container *ctr; /**< given to each segment */
    uint64_t seed;              /**< of the name hashes */
    uint32_t store;             /**< weir_file_header_join(): 0 until a file was read or the store is new */
    struct weir_segment **by_name, **by_id;
    size_t table_cap, segment_count;
    uint64_t next_segment_id;
    struct weir_metadata map;
    struct weir_chunk_set chunks;
    struct weir_effect *effects; /**< a ring: [effect_first, effect_first + effect_count) modulo effect_cap */
    size_t effect_first, effect_count, effect_cap;
};

/** @retval WEIR_E_NOMEM */
enum weir_status weir_state_init(struct weir_state *state, struct weir_container *ctr, uint64_t seed);
/** Segments that others reference live on without their bytes. */
void weir_state_fini(struct weir_state *state);

struct weir_segment *weir_state_find(const struct weir_state *state, struct weir_view name);
struct weir_segment *weir_state_by_id(const struct weir_state *state, uint64_t id);
/** Adds an empty segment. @retval WEIR_E_NOMEM */
enum weir_status weir_state_add(struct weir_state *state, uint64_t id, struct weir_view name,
                                struct weir_segment **out);
/** Makes the new segment a table. @retval WEIR_E_DAMAGED no length that keys may have @retval WEIR_E_NOMEM */
enum weir_status weir_state_make_table(struct weir_state *state, struct weir_segment *seg, int64_t key_len);
/** Calls `each` for every segment; it must not add or remove any. */
void weir_state_each(const struct weir_state *state, void (*each)(void *arg, struct weir_segment *seg), void *arg);

/**
 * Applies one operation of record `lsn`; appended bytes stay where they are, in `block`.
 * @retval WEIR_E_NOMEM    it may have happened in part
 * @retval WEIR_E_DAMAGED  the operation does not fit the state; never so for one that was checked
 */
enum weir_status weir_state_apply(struct weir_state *state, const struct weir_op *op, struct weir_block *block,
                                  uint64_t lsn);

/**
 * Applies a whole record as recovery does: all that it did counts as acknowledged. @retval as weir_state_apply()
 */
enum weir_status weir_state_apply_record(struct weir_state *state, const struct weir_record *record,
                                         struct weir_block *block);

/** Takes the next effect of a record up to `lsn`; the reference goes to the caller. */
bool weir_state_take_effect(struct weir_state *state, uint64_t lsn, struct weir_effect *out);

#endif
