/*
 * transaction.c - an open transaction: begun, written to, pinged.
 *
 *     OPEN (pinged) --written segments sealed or gone, ping says ABORTED or unknown--> FAILED: writes and flushes say
 * so
 *                   --ping says COMMITTED--> no more pings
 *
 * What is written goes through an event writer whose segments are the transaction's shadow segments, each connected
 * with its first event. Committing and aborting go by id: transaction_outcome.c.
 */
#include "pravega/transaction.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "pravega/client_int.h"
#include "pravega/writer_int.h"

#define LEASE_MS_DEFAULT 599999
#define LEASE_MS_MIN 10000
#define LEASE_MS_MAX 600000
#define PING_FIRST_MS 10

struct pravega_txn {
    struct pravega_client *client;
    struct pravega_writer *writer;
    struct pravega_txn_id id;
    int64_t lease_ms;
    struct weir_timer ping_timer;
    struct pravega_call ping;
};

/* A pravega_txn_begin() under way. */
struct begin {
    struct pravega_op op;
    struct pravega_client *client;
    char *scope, *stream;
    struct pravega_txn_options options;
    pravega_txn_fn *done;
    void *arg;
    struct pravega_call call;
    struct weir_error why;   /* of the controller's first answer, or why nothing was asked */
    struct weir_timer timer; /* brings `why` in a later turn */
};

/* ---- pings ---- */

/* Upstream's Pinger: lease / sqrt(lease in seconds), rounded. With a lease over 1 s that is sqrt(1000 * lease in ms).
 */
static int64_t ping_interval_ms(int64_t lease_ms)
{
    int64_t square = 1000 * lease_ms, root = 1;

    while ((root + 1) * (root + 1) <= square)
        root++;
    return square - root * root > root ? root + 1 : root;
}

static void ping_later(struct pravega_txn *txn, int64_t delay_ms)
{
    weir_timer_start(txn->client->loop, &txn->ping_timer, delay_ms * WEIR_NS_PER_MS);
}

static void fail_txn(struct pravega_txn *txn, const char *what)
{
    char text[37];
    struct weir_error why = {0};

    pravega_txn_id_text(txn->id, text);
    weir_fail(&why, WEIR_E_TXN_FAILED, "transaction %s of stream %s/%s is no longer open: %s", text, txn->writer->scope,
              txn->writer->stream, what);
    pravega_writer_fail(txn->writer, why.status, &why);
}

static void on_pinged(void *arg, enum weir_status status, enum pravega_txn_status txn_status,
                      const struct weir_error *why)
{
    struct pravega_txn *txn = arg;

    if (status == WEIR_E_NOT_FOUND || (status == WEIR_OK && txn_status == PRAVEGA_TXN_UNKNOWN)) {
        fail_txn(txn, "the controller does not know it");
    } else if (status == WEIR_OK && (txn_status == PRAVEGA_TXN_ABORTED || txn_status == PRAVEGA_TXN_ABORTING)) {
        fail_txn(txn, "it is aborted, perhaps because its lease ran out");
    } else if (status != WEIR_OK || txn_status == PRAVEGA_TXN_OPEN) {
        if (status != WEIR_OK)
            weir_log_warn(weir_loop_log(txn->client->loop), "pravega", "ping of a transaction: %s", why->message);
        ping_later(txn, ping_interval_ms(txn->lease_ms));
    }
}

static void on_ping_timer(void *arg)
{
    struct pravega_txn *txn = arg;
    struct pravega_stream_name stream = {txn->writer->scope, txn->writer->stream};

    pravega_controller_ping_txn(&txn->ping, txn->client, &stream, txn->id, txn->lease_ms, on_pinged, txn);
}

/* ---- the object ---- */

static enum weir_status make(const struct begin *begin, struct pravega_txn_id id,
                             const struct pravega_segment_range *segments, size_t count, struct pravega_txn **out,
                             struct weir_error *err)
{
    struct pravega_stream_name stream = {begin->scope, begin->stream};
    struct pravega_writer_options options = {.window_bytes = begin->options.window_bytes,
                                             .block_bytes = begin->options.block_bytes,
                                             .on_ready = begin->options.on_ready,
                                             .arg = begin->options.arg};
    struct pravega_txn *txn = calloc(1, sizeof(*txn));
    enum weir_status status;

    if (txn == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a transaction of stream %s/%s", stream.scope, stream.stream);
    txn->client = begin->client;
    txn->id = id;
    txn->lease_ms = begin->options.lease_ms;
    txn->ping_timer = (struct weir_timer){.fn = on_ping_timer, .arg = txn};
    status = pravega_writer_make(begin->client, &stream, &options, &txn->writer, err);
    if (status == WEIR_OK) {
        txn->writer->is_txn = true;
        txn->writer->txn = id;
        if (!pravega_writer_set_segments(txn->writer, segments, count, false))
            status = pravega_writer_failure(txn->writer, err);
    }
    if (status != WEIR_OK) {
        pravega_txn_free(txn);
        return status;
    }
    ping_later(txn, PING_FIRST_MS);
    *out = txn;
    return WEIR_OK;
}

void pravega_txn_free(struct pravega_txn *txn)
{
    if (txn == NULL)
        return;
    pravega_call_cancel(&txn->ping);
    weir_timer_stop(txn->client->loop, &txn->ping_timer);
    pravega_writer_free(txn->writer);
    free(txn);
}

struct pravega_txn_id pravega_txn_id(const struct pravega_txn *txn)
{
    return txn->id;
}

enum weir_status pravega_txn_write(struct pravega_txn *txn, const struct weir_view *key, struct weir_view event,
                                   struct weir_error *err)
{
    return pravega_writer_write(txn->writer, key, event, NULL, NULL, err);
}

void pravega_txn_flush(struct pravega_txn *txn, pravega_done_fn *done, void *arg)
{
    pravega_writer_flush(txn->writer, done, arg);
}

/* ---- beginning ---- */

static void free_begin(struct pravega_op *op)
{
    struct begin *begin = (struct begin *)op;

    pravega_call_cancel(&begin->call);
    weir_timer_stop(begin->client->loop, &begin->timer);
    free(begin->scope);
    free(begin->stream);
    free(begin);
}

/* The end: `begin` is gone. Either `txn` or `why` is NULL; the callback gets words without content instead. */
static void finish(struct begin *begin, struct pravega_txn *txn, const struct weir_error *why)
{
    pravega_txn_fn *done = begin->done;
    void *arg = begin->arg;
    struct weir_error kept = why != NULL ? *why : (struct weir_error){0};

    pravega_op_end(&begin->op);
    free_begin(&begin->op);
    done(arg, kept.status, txn, &kept);
}

/* The controller only says that it failed, when the stream is sealed: one without segments to write to is. */
static void on_segments(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                        const struct weir_error *why)
{
    struct begin *begin = arg;

    (void)segments;
    (void)why;
    if (status == WEIR_OK && count == 0)
        weir_fail(&begin->why, WEIR_E_SEALED, "stream %s/%s is sealed and takes no transactions", begin->scope,
                  begin->stream);
    finish(begin, NULL, &begin->why);
}

static void on_created(void *arg, enum weir_status status, struct pravega_txn_id id,
                       const struct pravega_segment_range *segments, size_t count, const struct weir_error *why)
{
    struct begin *begin = arg;
    struct pravega_stream_name stream = {begin->scope, begin->stream};
    struct pravega_txn *txn = NULL;

    if (status == WEIR_E_IO) {
        begin->why = *why;
        pravega_controller_current_segments(&begin->call, begin->client, &stream, on_segments, begin);
        return;
    }
    if (status != WEIR_OK)
        begin->why = *why;
    else if (count == 0)
        weir_fail(&begin->why, WEIR_E_PROTO, "the controller made a transaction without segments");
    else
        make(begin, id, segments, count, &txn, &begin->why);
    finish(begin, txn, txn == NULL ? &begin->why : NULL);
}

static void on_not_begun(void *arg)
{
    struct begin *begin = arg;

    finish(begin, NULL, &begin->why);
}

void pravega_txn_begin(struct pravega_client *client, const struct pravega_stream_name *stream,
                       const struct pravega_txn_options *options, pravega_txn_fn *done, void *arg)
{
    struct begin *begin = calloc(1, sizeof(*begin));

    if (begin == NULL) {
        struct weir_error why = {0};

        weir_fail(&why, WEIR_E_NOMEM, "no memory for a transaction of stream %s/%s", stream->scope, stream->stream);
        done(arg, why.status, NULL, &why);
        return;
    }
    begin->client = client;
    begin->op.free = free_begin;
    begin->done = done;
    begin->arg = arg;
    begin->timer = (struct weir_timer){.fn = on_not_begun, .arg = begin};
    begin->scope = strdup(stream->scope);
    begin->stream = strdup(stream->stream);
    if (options != NULL)
        begin->options = *options;
    if (begin->options.lease_ms == 0)
        begin->options.lease_ms = LEASE_MS_DEFAULT;
    pravega_op_start(client, &begin->op);
    if (begin->options.lease_ms < LEASE_MS_MIN || begin->options.lease_ms > LEASE_MS_MAX)
        weir_fail(&begin->why, WEIR_E_INVAL, "lease_ms %" PRId64 " of a transaction is not %d..%d",
                  begin->options.lease_ms, LEASE_MS_MIN, LEASE_MS_MAX);
    else if (begin->scope == NULL || begin->stream == NULL)
        weir_fail(&begin->why, WEIR_E_NOMEM, "no memory for a transaction of stream %s/%s", stream->scope,
                  stream->stream);
    if (begin->why.status != WEIR_OK)
        weir_timer_start(client->loop, &begin->timer, 0);
    else
        pravega_controller_create_txn(&begin->call, client, stream, begin->options.lease_ms, on_created, begin);
}
