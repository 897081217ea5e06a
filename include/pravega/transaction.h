/**
 * @file pravega/transaction.h
 * @brief Transactions: events that appear in the stream all at once, or never. Mirrors upstream's
 *        TransactionalEventStreamWriter and Transaction.
 *
 *     OPEN --commit--> COMMITTING --> COMMITTED
 *     OPEN --abort, or the lease runs out--> ABORTING --> ABORTED
 *
 * An open transaction is pinged until its outcome is known or its object is freed. Its id can be kept (in a checkpoint)
 * and committed later by another process through pravega_txn_commit_id().
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

struct pravega_txn_options {
    int64_t lease_ms;     /**< 10000..600000; 0 means 599999, the Java client's default */
    size_t window_bytes;  /**< as the writer's; 0 means 16 MiB */
    size_t block_bytes;   /**< as the writer's; 0 means 256 KiB */
    void (*on_ready)(void *arg); /**< as the writer's */
    void *arg;
};

/** `txn` is owned by the callback's owner; NULL unless status is WEIR_OK. WEIR_E_NOT_FOUND, WEIR_E_SEALED: the stream. */
typedef void pravega_txn_fn(void *arg, enum weir_status status, struct pravega_txn *txn, const struct weir_error *why);
void pravega_txn_begin(struct pravega_client *client, const struct pravega_stream_name *stream,
                       const struct pravega_txn_options *options, pravega_txn_fn *done, void *arg);
/** Stops pinging and forgets it here; it stays what it is at the store until its lease runs out. NULL is fine. */
void pravega_txn_free(struct pravega_txn *txn);
struct pravega_txn_id pravega_txn_id(const struct pravega_txn *txn);

/** As pravega_writer_write; an event without a key goes where the transaction's id hashes to, as upstream's.
 *  WEIR_E_TXN_FAILED: it is no longer open. */
enum weir_status pravega_txn_write(struct pravega_txn *txn, const struct weir_view *key, struct weir_view event,
                                   struct weir_error *err);
/** Ends when everything written is durable in the transaction. */
void pravega_txn_flush(struct pravega_txn *txn, pravega_done_fn *done, void *arg);

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

#ifdef __cplusplus
}
#endif

#endif
