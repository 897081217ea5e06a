/*
 * transaction.c - a transaction in our hands: written to, pinged, committed or aborted.
 *
 *     OPEN --commit--> FLUSHING --flushed--> ENDING --> ENDED       FLUSHING --the flush failed--> OPEN
 *     OPEN --abort--> ENDING --> ENDED
 *
 * What is written goes through an event writer whose segments are the transaction's shadow segments, each connected
 * with its first event. That writer fails when the transaction turns out to be gone: its segments are, or a ping says
 * so. Pings go on until the outcome is known. Committing and aborting itself go by id: transaction_outcome.c.
 */
#include "pravega/transaction.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "pravega/client_int.h"
#include "pravega/transaction_int.h"
#include "pravega/writer_int.h"

#define PING_FIRST_MS 10

enum txn_state { TXN_OPEN, TXN_FLUSHING, TXN_ENDING, TXN_ENDED };

struct pravega_txn {
    struct pravega_client *client;
    struct pravega_writer *writer;
    struct pravega_txn_id id;
    enum txn_state state;
    int64_t lease_ms;
    struct weir_timer ping_timer;
    struct pravega_call ping;
    struct pravega_user_call *ending; /* in ENDING */
    bool has_timestamp;
    int64_t timestamp_ms;
    pravega_done_fn *done;
    void *arg;
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

enum weir_status pravega_txn_make(struct pravega_client *client, const struct pravega_stream_name *stream,
                                  struct pravega_txn_id id, const struct pravega_segment_range *segments, size_t count,
                                  const struct pravega_txn_options *options, struct pravega_txn **out,
                                  struct weir_error *err)
{
    struct pravega_writer_options of_writer = pravega_txn_writer_options(options);
    struct pravega_txn *txn = calloc(1, sizeof(*txn));
    enum weir_status status;

    if (txn == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a transaction of stream %s/%s", stream->scope,
                         stream->stream);
    txn->client = client;
    txn->id = id;
    txn->lease_ms = options->lease_ms;
    txn->ping_timer = (struct weir_timer){.fn = on_ping_timer, .arg = txn};
    status = pravega_writer_make(client, stream, &of_writer, &txn->writer, err);
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

static void stop_pinging(struct pravega_txn *txn)
{
    pravega_call_cancel(&txn->ping);
    weir_timer_stop(txn->client->loop, &txn->ping_timer);
}

void pravega_txn_free(struct pravega_txn *txn)
{
    if (txn == NULL)
        return;
    stop_pinging(txn);
    if (txn->ending != NULL)
        pravega_user_call_free(txn->ending);
    pravega_writer_free(txn->writer);
    free(txn);
}

struct pravega_txn_id pravega_txn_id(const struct pravega_txn *txn)
{
    return txn->id;
}

static struct pravega_stream_name stream_of(const struct pravega_txn *txn)
{
    return (struct pravega_stream_name){txn->writer->scope, txn->writer->stream};
}

static enum weir_status being_ended(const struct pravega_txn *txn, struct weir_error *err)
{
    char text[37];

    pravega_txn_id_text(txn->id, text);
    return weir_fail(err, WEIR_E_TXN_FAILED,
                     "transaction %s of stream %s/%s is no longer open: it was committed or "
                     "aborted here",
                     text, txn->writer->scope, txn->writer->stream);
}

enum weir_status pravega_txn_write(struct pravega_txn *txn, const struct weir_view *key, struct weir_view event,
                                   struct weir_error *err)
{
    if (txn->state != TXN_OPEN)
        return being_ended(txn, err);
    return pravega_writer_write(txn->writer, key, event, NULL, NULL, err);
}

void pravega_txn_flush(struct pravega_txn *txn, pravega_done_fn *done, void *arg)
{
    pravega_writer_flush(txn->writer, done, arg);
}

/* ---- ending ---- */

/* Always last: the callback may free the transaction. */
static void finish(struct pravega_txn *txn, enum txn_state state, enum weir_status status, const struct weir_error *why)
{
    pravega_done_fn *done = txn->done;

    txn->state = state;
    txn->done = NULL;
    done(txn->arg, status, why);
}

/* Of a call that failed the outcome is not known: the transaction stays alive for whoever asks again. */
static void on_ended(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_txn *txn = arg;

    txn->ending = NULL;
    if (status == WEIR_OK || status == WEIR_E_TXN_FAILED || status == WEIR_E_STATE)
        stop_pinging(txn);
    finish(txn, TXN_ENDED, status, why);
}

/* Without memory the end has come already, and the transaction may be gone. */
static void begin_ending(struct pravega_txn *txn, struct pravega_user_call *ending)
{
    if (ending != NULL)
        txn->ending = ending;
}

static void on_flushed(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_txn *txn = arg;
    struct pravega_stream_name stream = stream_of(txn);
    const char *writer_id = txn->has_timestamp ? pravega_writer_id(txn->writer) : NULL;

    if (status != WEIR_OK) {
        finish(txn, TXN_OPEN, status, why);
        return;
    }
    txn->state = TXN_ENDING;
    begin_ending(txn,
                 pravega_txn_commit_as(txn->client, &stream, txn->id, writer_id, txn->timestamp_ms, on_ended, txn));
}

/* False: another end is under way, which the callback will be told. */
static bool begin_to_end(struct pravega_txn *txn, pravega_done_fn *done, void *arg)
{
    struct weir_error why = {0};

    if (txn->state != TXN_OPEN) {
        being_ended(txn, &why);
        pravega_txn_refuse(txn->client, &why, done, arg);
        return false;
    }
    txn->done = done;
    txn->arg = arg;
    return true;
}

void pravega_txn_commit(struct pravega_txn *txn, const int64_t *timestamp_ms, pravega_done_fn *done, void *arg)
{
    if (!begin_to_end(txn, done, arg))
        return;
    txn->has_timestamp = timestamp_ms != NULL;
    txn->timestamp_ms = timestamp_ms != NULL ? *timestamp_ms : 0;
    txn->state = TXN_FLUSHING;
    pravega_writer_flush(txn->writer, on_flushed, txn);
}

void pravega_txn_abort(struct pravega_txn *txn, pravega_done_fn *done, void *arg)
{
    struct pravega_stream_name stream = stream_of(txn);

    if (!begin_to_end(txn, done, arg))
        return;
    fail_txn(txn, "it is being aborted");
    txn->state = TXN_ENDING;
    begin_ending(txn, pravega_txn_abort_as(txn->client, &stream, txn->id, on_ended, txn));
}

/* By its id, so that nothing of it has to live until then. */
static void on_abandoned(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct weir_log *log = arg;

    if (status != WEIR_OK)
        weir_log_info(log, "pravega", "a transaction that nobody waits for stays open for its lease: %s", why->message);
}

void pravega_txn_abandon(struct pravega_txn *txn)
{
    struct pravega_stream_name stream;

    if (txn == NULL)
        return;
    stream = stream_of(txn);
    pravega_txn_abort_id(txn->client, &stream, txn->id, on_abandoned, weir_loop_log(txn->client->loop));
    pravega_txn_free(txn);
}
