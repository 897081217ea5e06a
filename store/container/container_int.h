/**
 * @file store/container/container_int.h
 * @brief The container as its own files know it.
 */
#ifndef WEIR_STORE_CONTAINER_INT_H
#define WEIR_STORE_CONTAINER_INT_H

#include "store/container/container.h"
#include "store/container/log.h"
#include "store/container/state.h"
#include "weir/fs.h"

/** Rings: doubly linked, the head is the oldest. */
#define WEIR_STORE_RING(name, type)                                                                                    \
    static inline void name##_push(type **ring, type *item)                                                            \
    {                                                                                                                  \
        type *first = *ring;                                                                                           \
                                                                                                                       \
        item->next = first != NULL ? first : item;                                                                     \
        item->prev = first != NULL ? first->prev : item;                                                               \
        item->next->prev = item;                                                                                       \
        item->prev->next = item;                                                                                       \
        if (first == NULL)                                                                                             \
            *ring = item;                                                                                              \
    }                                                                                                                  \
    static inline void name##_remove(type **ring, type *item)                                                          \
    {                                                                                                                  \
        item->next->prev = item->prev;                                                                                 \
        item->prev->next = item->next;                                                                                 \
        if (*ring == item)                                                                                             \
            *ring = item->next != item ? item->next : NULL;                                                            \
        item->next = item->prev = NULL;                                                                                \
    }

WEIR_STORE_RING(weir_op_ring, struct weir_store_op)

/** Open operations know their ring, so that they can be cancelled. */
static inline void weir_store_op_queue(struct weir_store_op **ring, struct weir_store_op *op)
{
    op->ring = ring;
    weir_op_ring_push(ring, op);
}
static inline struct weir_store_op *weir_store_op_take(struct weir_store_op **ring)
{
    struct weir_store_op *op = *ring;

    weir_op_ring_remove(ring, op);
    op->ring = NULL;
    return op;
}

WEIR_STORE_RING(weir_read_ring, struct weir_segment_read)

/** This many flush_bytes in the log while a flush is late: acknowledgements stay away. */
#define WEIR_FLUSH_HOLD_FACTOR 4u

struct weir_flush;     /* flush_int.h */
struct weir_sweep;     /* sweep.c */
struct weir_cold_read; /* read.c */
struct weir_table_compaction; /* table_compact.c */

struct weir_container {
    struct weir_loop *loop;
    struct weir_fs *fs;
    char *dir;
    struct weir_container_options options;
    struct weir_fs_lock *lock;
    struct weir_state state;
    struct weir_store_log *log;
    struct weir_buf scratch;       /**< the operations of the record being encoded */
    struct weir_store_op *ops;     /**< open, in order of their LSNs */
    struct weir_store_op *at_once; /**< refused out of order: FULL, IO */
    struct weir_segment_read *ready;
    struct weir_segment_read *queued; /**< reads that wait for memory; see read.c */
    struct weir_cold_read *cold;
    struct weir_deferred deliver;
    struct weir_flush *flush; /**< under way, or NULL */
    struct weir_timer flush_retry;
    struct weir_store_op *flush_ops;      /**< wait for the flush under way */
    struct weir_store_op *next_flush_ops; /**< wait for the one after it */
    struct weir_sweep *sweep;             /**< a removal of files under way, or NULL */
    struct weir_table_compaction *compaction; /**< of a table, under way, or NULL */
    struct weir_segment *compact_first, *compact_last; /**< tables that wait for it, referenced */
    uint64_t published_lsn;               /**< of the newest checkpoint */
    uint64_t log_base;                    /**< log bytes of earlier processes that are still needed */
    uint64_t log_flushed;                 /**< of this process's log bytes: covered by the newest checkpoint */
    bool flush_full;                      /**< the flush waits for space */
    uint64_t dead_kept;                   /**< dead bytes in chunks that the last flush could not move */
    bool swept;                           /**< nothing is left over from before the newest checkpoint */
    bool delivering, failed, failure_told;
    struct weir_error failure;
    struct weir_container_stats stats;
};

/* container.c */
/** Stops the container; the news is told from the loop. */
void weir_container_fail(struct weir_container *ctr, const struct weir_error *why);
/** Hands out what is acknowledged at the end of this turn. */
void weir_container_deliver_soon(struct weir_container *ctr);
/** Log bytes that no checkpoint covers. */
uint64_t weir_container_unflushed(const struct weir_container *ctr);
/** The operation will be told `status` when everything up to now is acknowledged. */
void weir_store_op_settle(struct weir_container *ctr, struct weir_store_op *op, enum weir_status status);
/** False, and the operation is refused, if nothing can be changed now. */
bool weir_container_takes(struct weir_container *ctr, struct weir_store_op *op);
/** Records that count even after a power cut (or, if asked for less, that are in the files). */
static inline uint64_t weir_container_safe_lsn(const struct weir_container *ctr)
{
    return ctr->options.durability == WEIR_DURABILITY_SYNC ? weir_store_log_written(ctr->log) : ctr->published_lsn;
}

/* change.c */
/**
 * Applies what has just been recorded. It was checked, so only memory can be missing; then memory and log differ, and
 * the container stops.
 */
enum weir_status weir_container_apply(struct weir_container *ctr, const struct weir_op *op, struct weir_block *block,
                                      uint64_t lsn);
/** Makes a record of the operations in ctr->scratch and applies it. @return also the buffer's own failure */
enum weir_status weir_container_record_scratch(struct weir_container *ctr);

/* read.c */
/** What is acknowledged of the segment changed: looks at those who wait for it. */
void weir_segment_wake(struct weir_segment *seg);
/** Ends those who wait with IO. */
void weir_segment_fail_waiting(struct weir_segment *seg);
/** Forgets all reads of the segment that wait. */
void weir_segment_forget_waiting(struct weir_segment *seg);
/** Hands out the reads that are ready. */
void weir_container_deliver_reads(struct weir_container *ctr);
/** Takes back the reads that are on the pool and forgets those that are ready. */
void weir_container_forget_reads(struct weir_container *ctr);

/* flush.c */
/** Begins, continues or ends a flush and removes dead files, as the figures say. Called when records were acknowledged.
 */
void weir_flush_step(struct weir_container *ctr);
void weir_flush_init(struct weir_container *ctr);
/** Takes back what is on the pool and forgets it. */
void weir_flush_stop(struct weir_container *ctr);

/* sweep.c */
/** Removes what can be removed, unless it is being done. */
void weir_sweep_step(struct weir_container *ctr);
/** Takes it back from the pool. */
void weir_sweep_stop(struct weir_container *ctr);

/* table_compact.c */
/** Compacts the table by and by if too much of it is dead. */
void weir_table_consider(struct weir_segment *seg);
/** Considers all tables: after a recovery. */
void weir_table_consider_all(struct weir_container *ctr);
/** Takes back what is under way and forgets which tables wait. */
void weir_table_compact_stop(struct weir_container *ctr);

/* recovery.c */
/** Reads checkpoint and log files into ctr->state. @param next_lsn receives the LSN for the next record */
enum weir_status weir_container_recover(struct weir_container *ctr, uint64_t *next_lsn, struct weir_error *err);

#endif
