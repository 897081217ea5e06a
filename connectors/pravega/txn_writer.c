/*
 * txn_writer.c - the Pravega writer, exactly once: a transaction for each checkpoint, committed when that is complete.
 *
 *     current:  NONE --first record--> BEGINNING --> OPEN --barrier N: flush--> FLUSHING --> FLUSHED
 *               FLUSHED --(joins the row of the prepared)--> NONE, or, if N was given up, --next record--> OPEN
 *     prepared: waits for N --N is complete: commit--> COMMITTING --outcome known--> gone
 *
 * The row of prepared transactions is what a checkpoint holds. After a restore they are committed at once, since their
 * checkpoint was complete; one that the checkpoint does not list is never committed and ends with its lease. Commits go
 * one at a time in the order of their barriers, so that a stream shows them in that order. That order has to hold over
 * a restore too, where another subtask may get the row: the row is one entry of the checkpoint and stays together, and
 * no checkpoint completes, so nothing newer is committed anywhere, before all that was restored is. A commit that can't
 * succeed is data lost: the job fails and says which transaction.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "connectors/pravega/writer_int.h"
#include "pravega/transaction.h"

#define STATE_NAME "transactions" /* stands in checkpoints: for each one u64 id msb, u64 id lsb, i64 checkpoint */
#define TXN_STATE_LEN 24
#define TXN_TEXT_LEN 37
#define RESTORED 0

/* One whose events are durable, but not visible yet. */
struct prepared {
    struct prepared *next;
    struct pravega_txn_id id;
    int64_t checkpoint_id;   /* RESTORED: to be committed at once */
    struct pravega_txn *txn; /* keeps it alive; NULL if it was restored */
};

struct txn_writer {
    struct weir_pravega_writer_op base;
    enum { TXN_NONE, TXN_BEGINNING, TXN_OPEN, TXN_FLUSHING, TXN_FLUSHED } state;
    struct pravega_txn *txn;
    struct prepared *first, **last; /* in the order of their barriers */
    int64_t complete_id;            /* the newest complete checkpoint that we heard of */
    bool committing;                /* `first` */
    struct weir_error failure;
    bool failed;
    enum { CLOSE_NONE, CLOSE_ABORTING, CLOSE_DONE } close;
};

static struct txn_writer *txn_writer(struct weir_operator *op)
{
    return (struct txn_writer *)op;
}

/* Keeps the first failure and lets the task fail with it. */
static void fail(struct txn_writer *writer, enum weir_status status, const struct weir_error *why)
{
    if (writer->failed)
        return;
    writer->failed = true;
    weir_pravega_writer_failure(&writer->base, status, why, &writer->failure);
    weir_context_fail(writer->base.base.ctx, &writer->failure);
}

static enum weir_status failure_of(const struct txn_writer *writer, struct weir_error *err)
{
    if (err != NULL)
        *err = writer->failure;
    return writer->failure.status;
}

static bool add_prepared(struct txn_writer *writer, struct pravega_txn_id id, int64_t checkpoint_id,
                         struct pravega_txn *txn)
{
    struct prepared *prepared = malloc(sizeof(*prepared));

    if (prepared == NULL)
        return false;
    *prepared = (struct prepared){.id = id, .checkpoint_id = checkpoint_id, .txn = txn};
    *writer->last = prepared;
    writer->last = &prepared->next;
    return true;
}

static void drop_first(struct txn_writer *writer)
{
    struct prepared *gone = writer->first;

    writer->first = gone->next;
    if (writer->first == NULL)
        writer->last = &writer->first;
    pravega_txn_free(gone->txn);
    free(gone);
}

static void commit_next(struct txn_writer *writer);

static void on_committed(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct txn_writer *writer = arg;
    struct weir_error worded = {0};
    char id[TXN_TEXT_LEN];

    writer->committing = false;
    if (status == WEIR_OK) {
        drop_first(writer);
        commit_next(writer);
        weir_context_wake(writer->base.base.ctx);
        return;
    }
    pravega_txn_id_text(writer->first->id, id);
    weir_fail(&worded, status, "transaction %s of checkpoint %" PRId64 " was not committed: %s%s", id,
              writer->first->checkpoint_id, why->message,
              status == WEIR_E_TXN_FAILED ? "; its events are lost: was the job down for longer than the lease "
                                            "(txn_lease_renewal_period_ms)?"
                                          : "");
    fail(writer, status, &worded);
}

/* Commits the first one, if its checkpoint is complete and no commit is under way. */
static void commit_next(struct txn_writer *writer)
{
    struct pravega_stream_name name = weir_pravega_stream_name(&writer->base.sink->stream);

    if (writer->committing || writer->failed || writer->first == NULL ||
        writer->first->checkpoint_id > writer->complete_id)
        return;
    writer->committing = true;
    pravega_txn_commit_id(writer->base.client, &name, writer->first->id, on_committed, writer);
}

static enum weir_status txn_open(struct weir_operator *op, struct weir_error *err)
{
    struct txn_writer *writer = txn_writer(op);
    const struct weir_pravega_sink *sink = writer->base.sink;
    enum weir_status status =
        weir_pravega_connect(&sink->config, weir_context_loop(op->ctx), &writer->base.client, err);

    if (status == WEIR_OK)
        commit_next(writer);
    return status;
}

static void on_ready(void *arg)
{
    struct txn_writer *writer = arg;

    weir_context_wake(writer->base.base.ctx);
}

static void on_begun(void *arg, enum weir_status status, struct pravega_txn *txn, const struct weir_error *why)
{
    struct txn_writer *writer = arg;

    if (status != WEIR_OK) {
        fail(writer, status, why);
        return;
    }
    writer->txn = txn;
    writer->state = TXN_OPEN;
    weir_context_wake(writer->base.base.ctx);
}

static void begin(struct txn_writer *writer)
{
    const struct weir_pravega_sink *sink = writer->base.sink;
    struct pravega_stream_name name = weir_pravega_stream_name(&sink->stream);
    struct pravega_txn_options options = {.lease_ms = sink->options.txn_lease_renewal_period_ms,
                                          .window_bytes = sink->options.window_bytes,
                                          .on_ready = on_ready,
                                          .arg = writer};

    writer->state = TXN_BEGINNING;
    pravega_txn_begin(writer->base.client, &name, &options, on_begun, writer);
}

static enum weir_status put(struct weir_pravega_writer_op *op, const struct weir_view *key, struct weir_view event,
                            struct weir_error *err)
{
    struct txn_writer *writer = (struct txn_writer *)op;

    if (writer->state == TXN_NONE)
        begin(writer);
    if (writer->state == TXN_FLUSHED) /* and not in the row: its checkpoint was given up */
        writer->state = TXN_OPEN;
    return writer->state == TXN_OPEN ? pravega_txn_write(writer->txn, key, event, err) : WEIR_E_AGAIN;
}

static enum weir_status txn_on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                      struct weir_error *err)
{
    (void)timestamp_ms;
    return weir_pravega_writer_take(&txn_writer(op)->base, element, put, err);
}

static bool txn_ready(struct weir_operator *op)
{
    return weir_pravega_writer_retry(&txn_writer(op)->base, put);
}

static void on_flushed(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct txn_writer *writer = arg;

    writer->state = TXN_FLUSHED;
    if (status != WEIR_OK)
        fail(writer, status, why);
    weir_context_wake(writer->base.base.ctx);
}

/* First phase: the transaction's events are durable when this is OK, and it stands in the row. */
static enum weir_status txn_prepare(struct weir_operator *op, int64_t checkpoint_id, struct weir_error *err)
{
    struct txn_writer *writer = txn_writer(op);

    if (!weir_pravega_writer_retry(&writer->base, put))
        return WEIR_E_AGAIN;
    if (writer->failed)
        return failure_of(writer, err);
    if (writer->first != NULL && writer->first->checkpoint_id == RESTORED)
        return WEIR_E_AGAIN;
    if (writer->state == TXN_NONE)
        return WEIR_OK;
    if (writer->state == TXN_OPEN) {
        writer->state = TXN_FLUSHING;
        pravega_txn_flush(writer->txn, on_flushed, writer);
    }
    if (writer->state != TXN_FLUSHED)
        return WEIR_E_AGAIN;
    if (!add_prepared(writer, pravega_txn_id(writer->txn), checkpoint_id, writer->txn))
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a transaction");
    writer->txn = NULL;
    writer->state = TXN_NONE;
    return WEIR_OK;
}

static enum weir_status txn_snapshot(struct weir_operator *op, int64_t checkpoint_id, struct weir_snapshot *out,
                                     struct weir_error *err)
{
    enum weir_status status;
    struct weir_buf row;

    (void)checkpoint_id;
    weir_buf_init(&row, SIZE_MAX / 2);
    for (const struct prepared *prepared = txn_writer(op)->first; prepared != NULL; prepared = prepared->next) {
        weir_buf_u64be(&row, prepared->id.msb);
        weir_buf_u64be(&row, prepared->id.lsb);
        weir_buf_u64be(&row, (uint64_t)prepared->checkpoint_id);
    }
    status = row.status;
    if (status != WEIR_OK)
        weir_fail(err, status, "no memory for the state of a Pravega writer");
    else if (row.len > 0)
        weir_snapshot_add(out, WEIR_STATE_LIST, STATE_NAME, 0, weir_buf_view(&row));
    weir_buf_fini(&row);
    return status;
}

static enum weir_status txn_restore(struct weir_operator *op, const struct weir_restored *entry, struct weir_error *err)
{
    struct weir_view row = entry->bytes;
    struct pravega_txn_id id;

    if (strcmp(entry->state_name, STATE_NAME) != 0 || row.len % TXN_STATE_LEN != 0)
        return weir_fail(err, WEIR_E_DAMAGED, "restored state \"%s\" is not a Pravega writer's transactions",
                         entry->state_name);
    for (size_t at = 0; at < row.len; at += TXN_STATE_LEN) {
        id = (struct pravega_txn_id){weir_get_u64be(row.ptr + at), weir_get_u64be(row.ptr + at + 8)};
        if (!add_prepared(txn_writer(op), id, RESTORED, NULL))
            return weir_fail(err, WEIR_E_NOMEM, "no memory for a transaction");
    }
    return WEIR_OK;
}

/* Second phase: AGAIN until every transaction up to this checkpoint is committed. */
static enum weir_status txn_committed(struct weir_operator *op, int64_t checkpoint_id, struct weir_error *err)
{
    struct txn_writer *writer = txn_writer(op);

    if (writer->failed)
        return failure_of(writer, err);
    if (checkpoint_id > writer->complete_id)
        writer->complete_id = checkpoint_id;
    commit_next(writer);
    return writer->first != NULL && writer->first->checkpoint_id <= checkpoint_id ? WEIR_E_AGAIN : WEIR_OK;
}

static void on_aborted(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct txn_writer *writer = arg;

    (void)status; /* what could not be aborted ends with its lease */
    (void)why;
    writer->close = CLOSE_DONE;
    weir_context_wake(writer->base.base.ctx);
}

/* The current transaction is in no checkpoint: it is aborted, so that it need not wait for its lease. The prepared ones
 * stay: a checkpoint may list them. */
static enum weir_status txn_close(struct weir_operator *op)
{
    struct txn_writer *writer = txn_writer(op);
    struct pravega_stream_name name = weir_pravega_stream_name(&writer->base.sink->stream);

    if (writer->state == TXN_BEGINNING && !writer->failed)
        return WEIR_E_AGAIN;
    if (writer->txn != NULL && writer->close == CLOSE_NONE) {
        writer->close = CLOSE_ABORTING;
        pravega_txn_abort_id(writer->base.client, &name, pravega_txn_id(writer->txn), on_aborted, writer);
    }
    return writer->close == CLOSE_ABORTING ? WEIR_E_AGAIN : WEIR_OK;
}

static void txn_free(struct weir_operator *op)
{
    struct txn_writer *writer = txn_writer(op);

    while (writer->first != NULL)
        drop_first(writer);
    pravega_txn_free(writer->txn);
    weir_pravega_writer_fini(&writer->base);
    free(writer);
}

static const struct weir_operator_ops txn_ops = {.name = "Pravega Writer",
                                                 .open = txn_open,
                                                 .on_record = txn_on_record,
                                                 .ready = txn_ready,
                                                 .prepare = txn_prepare,
                                                 .snapshot = txn_snapshot,
                                                 .restore = txn_restore,
                                                 .committed = txn_committed,
                                                 .close = txn_close,
                                                 .free = txn_free};

enum weir_status weir_pravega_txn_writer_new(const struct weir_pravega_sink *sink, struct weir_context *ctx,
                                             struct weir_operator **out, struct weir_error *err)
{
    struct txn_writer *writer = calloc(1, sizeof(*writer));

    if (writer == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a Pravega writer");
    weir_pravega_writer_init(&writer->base, sink, &txn_ops, ctx);
    writer->last = &writer->first;
    *out = &writer->base.base;
    return WEIR_OK;
}
