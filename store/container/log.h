/**
 * @file store/container/log.h
 * @brief The write-ahead log: records gather in memory, are written and synced in groups, and then count.
 *
 * Thread: the loop's. Writes and syncs happen on the pool, one group at a time.
 */
#ifndef WEIR_STORE_LOG_H
#define WEIR_STORE_LOG_H

#include "store/container/block.h"
#include "store/container/record.h"
#include "weir/loop.h"
#include "weir/store.h"

struct weir_store_log; /* opaque */
struct weir_store_figures;

struct weir_store_log_options {
    struct weir_loop *loop;
    const char *dir; /**< borrowed, outlives the log */
    enum weir_durability durability;
    uint32_t store; /**< in the headers of its files */
    uint64_t next_lsn;
    uint64_t file_len_max; /**< a new file begins beyond this */
    struct weir_store_figures *figures; /**< NULL: nothing is measured */
    void *arg;
    /** Records up to weir_store_log_acked() count now. From the loop, never from inside a call. */
    void (*on_acked)(void *arg);
    /** No more will be written; called once. From the loop. */
    void (*on_failed)(void *arg, const struct weir_error *why);
};

/** Touches no file yet: the first group makes the first file. @retval WEIR_E_NOMEM */
enum weir_status weir_store_log_new(const struct weir_store_log_options *options, struct weir_store_log **out);
/**
 * Writes and syncs all that is open, and the mark of an orderly end. Blocks. The loop need not run.
 * @retval WEIR_E_FULL, WEIR_E_IO some of it could not be written
 */
enum weir_status weir_store_log_finish(struct weir_store_log *log, struct weir_error *err);
/** Takes back what is in flight and forgets what is open. NULL is fine. */
void weir_store_log_free(struct weir_store_log *log);

/**
 * Makes room for a record of `payload_len` bytes and returns where the payload goes; *block is what it stands in
 * (borrowed). NULL if there is no memory. weir_store_log_commit() must follow before any other call.
 */
uint8_t *weir_store_log_reserve(struct weir_store_log *log, size_t payload_len, struct weir_block **block);
/** The payload is there: seals the record, and has it written at the end of this turn. @return its LSN */
uint64_t weir_store_log_commit(struct weir_store_log *log, enum weir_record_type type);
/** The next record begins a new file. @return the LSN of the last record before it */
uint64_t weir_store_log_roll(struct weir_store_log *log);
/** With true, no group that begins after `lsn` is written: who feeds the log feels that acknowledgements stay away. */
void weir_store_log_hold(struct weir_store_log *log, bool hold, uint64_t lsn);

uint64_t weir_store_log_last_lsn(const struct weir_store_log *log); /**< of the latest record made */
uint64_t weir_store_log_acked(const struct weir_store_log *log);    /**< up to here, records count (see durability) */
uint64_t weir_store_log_written(const struct weir_store_log *log);  /**< up to here, records are in the files */
/** The disk is full; what is open waits, and is tried again. */
bool weir_store_log_full(const struct weir_store_log *log);
/** Bytes of all records so far. */
uint64_t weir_store_log_bytes(const struct weir_store_log *log);

struct weir_store_log_stats {
    uint64_t record_count, group_count, sync_count;
};
void weir_store_log_stats(const struct weir_store_log *log, struct weir_store_log_stats *out);

#endif
