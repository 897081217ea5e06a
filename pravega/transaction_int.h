/**
 * @file pravega/transaction_int.h
 * @brief What the parts of transactions share: transaction_begin.c makes the object that transaction.c is about, and
 *        transaction_outcome.c ends it.
 */
#ifndef PRAVEGA_TRANSACTION_INT_H
#define PRAVEGA_TRANSACTION_INT_H

#include "pravega/transaction.h"
#include "pravega/user_call.h"

#define PRAVEGA_LEASE_MS_DEFAULT 599999
#define PRAVEGA_LEASE_MS_MIN 10000
#define PRAVEGA_LEASE_MS_MAX 600000

/** What they ask of the writer that the transaction is written through. Strings are borrowed. */
static inline struct pravega_writer_options pravega_txn_writer_options(const struct pravega_txn_options *options)
{
    return (struct pravega_writer_options){.window_bytes = options->window_bytes,
                                           .block_bytes = options->block_bytes,
                                           .on_ready = options->on_ready,
                                           .arg = options->arg,
                                           .retry = options->retry,
                                           .writer_id = options->writer_id};
}
/**
 * An open transaction, pinged from now on.
 * @param segments  of its epoch: their ids carry it
 * @param options   with a lease
 */
enum weir_status pravega_txn_make(struct pravega_client *client, const struct pravega_stream_name *stream,
                                  struct pravega_txn_id id, const struct pravega_segment_range *segments, size_t count,
                                  const struct pravega_txn_options *options, struct pravega_txn **out,
                                  struct weir_error *err);

/** Nobody wants it: it is aborted, without anybody to tell, and freed. NULL is fine. */
void pravega_txn_abandon(struct pravega_txn *txn);

/** As pravega_txn_commit_id(). The work under way, which can be freed until `done` is called; NULL: it has been.
 *  @param writer_id NULL, or whose `timestamp_ms` is noted */
struct pravega_user_call *pravega_txn_commit_as(struct pravega_client *client, const struct pravega_stream_name *stream,
                                                struct pravega_txn_id id, const char *writer_id, int64_t timestamp_ms,
                                                pravega_done_fn *done, void *arg);
/** As pravega_txn_abort_id(); likewise. */
struct pravega_user_call *pravega_txn_abort_as(struct pravega_client *client, const struct pravega_stream_name *stream,
                                               struct pravega_txn_id id, pravega_done_fn *done, void *arg);
/** Calls back with `why` in a later turn. */
void pravega_txn_refuse(struct pravega_client *client, const struct weir_error *why, pravega_done_fn *done, void *arg);

#endif
