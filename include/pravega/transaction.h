/**
 * @file pravega/transaction.h
 * @brief Transactions: events that appear in the stream all at once, or never. Mirrors upstream's
 *        TransactionalEventStreamWriter and Transaction.
 *
 *     OPEN --commit--> COMMITTING --> COMMITTED
 *     OPEN --abort, or the lease runs out--> ABORTING --> ABORTED
 *
 * An open transaction is pinged until its outcome is known or its object is freed; a scale meanwhile changes nothing
 * for who writes to it. Its id can be kept (in a checkpoint) and committed later by another process through
 * pravega_txn_commit_id(), or gone on with through pravega_txn_resume().
 *
 * Several tasks of one loop may write to one transaction: the order per key is that of their calls. Threads with loops
 * of their own each resume it by its id, and flush before one of them commits; between them keys have no order.
 */
#ifndef PRAVEGA_TRANSACTION_H
#define PRAVEGA_TRANSACTION_H

#include "pravega/client.h"
#include "pravega/writer.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pravega_txn; /* opaque */

enum pravega_txn_status {
    PRAVEGA_TXN_UNKNOWN = 0, /**< never existed, or ended so long ago that the controller forgot it */
    PRAVEGA_TXN_OPEN,
    PRAVEGA_TXN_COMMITTING,
    PRAVEGA_TXN_COMMITTED,
    PRAVEGA_TXN_ABORTING,
    PRAVEGA_TXN_ABORTED,
};
const char *pravega_txn_status_name(enum pravega_txn_status status);

/** Zero means the default; strings are copied. */
struct pravega_txn_options {
    int64_t lease_ms;    /**< upstream's transactionTimeoutTime: 10000..600000; 0 means 599999, the Java client's */
    size_t window_bytes; /**< as the writer's; 0 means 16 MiB */
    size_t block_bytes;  /**< as the writer's; 0 means 256 KiB */
    void (*on_ready)(void *arg); /**< as the writer's */
    void *arg;
    struct pravega_retry retry; /**< as the writer's */
    const char *writer_id;      /**< whose time a commit with a timestamp notes; NULL means the text of a random UUID */
};

/** `txn` is owned by the callback's owner; NULL unless status is WEIR_OK. WEIR_E_NOT_FOUND, WEIR_E_SEALED: the stream.
 *  WEIR_E_INVAL: an option out of its range, and nothing was begun. */
typedef void pravega_txn_fn(void *arg, enum weir_status status, struct pravega_txn *txn, const struct weir_error *why);
void pravega_txn_begin(struct pravega_client *client, const struct pravega_stream_name *stream,
                       const struct pravega_txn_options *options, pravega_txn_fn *done, void *arg);
/** Goes on with a transaction begun elsewhere: upstream's getTxn. WEIR_E_TXN_FAILED: it is not open (the message says
 *  what it is); the functions on ids below tell more. */
void pravega_txn_resume(struct pravega_client *client, const struct pravega_stream_name *stream,
                        struct pravega_txn_id id, const struct pravega_txn_options *options, pravega_txn_fn *done,
                        void *arg);
/** Stops pinging and forgets it here; it stays what it is at the store until its lease runs out. Callbacks of what is
 *  under way do not run, but a commit or abort that has reached the controller takes its course. NULL is fine. */
void pravega_txn_free(struct pravega_txn *txn);
struct pravega_txn_id pravega_txn_id(const struct pravega_txn *txn);

/** As pravega_writer_write; an event without a key goes where the transaction's id hashes to, as upstream's.
 *  WEIR_E_TXN_FAILED: it is no longer open here, or being committed or aborted. */
enum weir_status pravega_txn_write(struct pravega_txn *txn, const struct weir_view *key, struct weir_view event,
                                   struct weir_error *err);
/** Ends when everything written is durable in the transaction. */
void pravega_txn_flush(struct pravega_txn *txn, pravega_done_fn *done, void *arg);

/**
 * Flushes, commits, and polls until the outcome is known; pinged until then.
 * @param timestamp_ms NULL, or the time that the commit notes for the writer id (Transaction.commit(timestamp))
 * WEIR_OK: it is COMMITTED. WEIR_E_TXN_FAILED: it is aborted, timed out or unknown, or being ended already. Others: the
 * events could not be flushed (it stays open), or the outcome is not known: ask again by its id.
 */
void pravega_txn_commit(struct pravega_txn *txn, const int64_t *timestamp_ms, pravega_done_fn *done, void *arg);
/** Gives up what is not flushed and aborts. As pravega_txn_abort_id; WEIR_E_TXN_FAILED: being ended already. */
void pravega_txn_abort(struct pravega_txn *txn, pravega_done_fn *done, void *arg);

/**
 * Commits transaction `id`, and polls until the outcome is known.
 * WEIR_OK: it is COMMITTED (also if it had been before). WEIR_E_TXN_FAILED: it is aborted, timed out or unknown; the
 * message says which. Other statuses: the outcome is not known; ask again.
 */
void pravega_txn_commit_id(struct pravega_client *client, const struct pravega_stream_name *stream,
                           struct pravega_txn_id id, pravega_done_fn *done, void *arg);
/** WEIR_OK: aborted or aborting, or not known to the controller. WEIR_E_STATE: it is committed or committing. */
void pravega_txn_abort_id(struct pravega_client *client, const struct pravega_stream_name *stream,
                          struct pravega_txn_id id, pravega_done_fn *done, void *arg);
typedef void pravega_txn_status_fn(void *arg, enum weir_status status, enum pravega_txn_status txn_status,
                                   const struct weir_error *why);
void pravega_txn_status_id(struct pravega_client *client, const struct pravega_stream_name *stream,
                           struct pravega_txn_id id, pravega_txn_status_fn *done, void *arg);

/** A transaction that has ended: upstream's TransactionInfo. */
struct pravega_txn_info {
    struct pravega_txn_id id;
    enum pravega_txn_status status; /**< PRAVEGA_TXN_COMMITTED or PRAVEGA_TXN_ABORTED */
};
/** `txns` are borrowed for the call, in the controller's order. */
typedef void pravega_txn_infos_fn(void *arg, enum weir_status status, const struct pravega_txn_info *txns, size_t count,
                                  const struct weir_error *why);
/** The transactions that ended most lately, as many as the controller keeps: StreamManager.listCompletedTransactions.
 *  WEIR_E_NOT_FOUND. */
void pravega_txn_list_completed(struct pravega_client *client, const struct pravega_stream_name *stream,
                                pravega_txn_infos_fn *done, void *arg);

#ifdef __cplusplus
}
#endif

#endif
