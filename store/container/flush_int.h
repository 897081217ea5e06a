/**
 * @file store/container/flush_int.h
 * @brief A flush under way, as its files know it: flush.c (when, and how it ends), flush_plan.c, flush_write.c.
 */
#ifndef WEIR_STORE_FLUSH_INT_H
#define WEIR_STORE_FLUSH_INT_H

#include "store/container/checkpoint.h"
#include "store/container/container_int.h"

/** Bytes that move: of one extent, which may be cut, moved to another segment, or gone when they have arrived. */
struct weir_flush_piece {
    struct weir_extent *extent; /**< referenced */
    const uint8_t *ptr;         /**< in memory then, or NULL */
    struct weir_chunk_place from;
    struct weir_chunk *source; /**< with NULL ptr; counted in readers */
    uint64_t len;
    uint64_t run_offset, run_len, skip; /**< where it goes */
    bool ends_run;
};

enum weir_flush_state { WEIR_FLUSH_WAIT_LOG, WEIR_FLUSH_WRITING, WEIR_FLUSH_RETRY };

struct weir_flush {
    struct weir_job job;
    struct weir_container *ctr;
    enum weir_flush_state state;
    int64_t began_ns;
    uint64_t lsn, log_bytes;  /**< the log's bytes at that LSN */
    struct weir_chunk *chunk; /**< NULL: there is nothing to move */
    uint64_t chunk_id, chunk_salt; /**< chunk_id 0: likewise */
    struct weir_flush_piece *pieces;
    size_t count, cap;
    struct weir_checkpoint_writer checkpoint;
    enum weir_status status;
    struct weir_error error;
};

/** Whether a flush would ever move what lives in the chunk, as it is now: little of it, readable, and not too much. */
bool weir_flush_may_move(const struct weir_container *ctr, const struct weir_chunk *chunk);
/**
 * Chooses what moves, where in a new chunk it goes, and writes the checkpoint that says so, in memory. False: there was
 * no memory for it; what was planned until then is in `flush` all the same.
 */
bool weir_flush_plan(struct weir_flush *flush);
/** Writes chunk and checkpoint, and publishes it; the outcome is in flush->status. Thread: the pool's. */
void weir_flush_work(struct weir_job *job);

#endif
