/*
 * transaction_begin.c - how a transaction comes into our hands: begun, or found by its id and gone on with.
 *
 *     begin:   CREATE --> made                   CREATE --failed--> are there SEGMENTS? none: the stream is sealed
 *     resume:  CHECK --OPEN--> SEGMENTS of its epoch --> made           CHECK --anything else--> WEIR_E_TXN_FAILED
 */
#include <inttypes.h>
#include <stdlib.h>

#include "pravega/client_int.h"
#include "pravega/transaction_int.h"
#include "pravega/writer_int.h"

/* A pravega_txn_begin() or pravega_txn_resume() under way. */
struct begin {
    struct pravega_op op;
    struct pravega_client *client;
    char *scope, *stream, *writer_id;
    struct pravega_txn_id id; /* to resume */
    struct pravega_txn_options options;
    pravega_txn_fn *done;
    void *arg;
    struct pravega_call call;
    struct weir_error why;   /* of the controller's first answer, or why nothing was asked */
    struct weir_timer timer; /* brings `why` in a later turn */
};

/* ---- the end ---- */

static void free_begin(struct pravega_op *op)
{
    struct begin *begin = (struct begin *)op;

    pravega_call_cancel(&begin->call);
    weir_timer_stop(begin->client->loop, &begin->timer);
    free(begin->scope);
    free(begin->stream);
    free(begin->writer_id);
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

/* ---- beginning ---- */

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
        pravega_txn_make(begin->client, &stream, id, segments, count, &begin->options, &txn, &begin->why);
    finish(begin, txn, txn == NULL ? &begin->why : NULL);
}

static void on_not_begun(void *arg)
{
    struct begin *begin = arg;

    finish(begin, NULL, &begin->why);
}

/* What the options say, checked, as a transaction that was begun in vain stays open until its lease runs out: why it
 * cannot be is in begin->why. */
static void take_options(struct begin *begin, const struct pravega_txn_options *options)
{
    struct pravega_writer_options of_writer;

    if (options != NULL)
        begin->options = *options;
    if (begin->options.lease_ms == 0)
        begin->options.lease_ms = PRAVEGA_LEASE_MS_DEFAULT;
    if (begin->options.writer_id != NULL)
        begin->options.writer_id = begin->writer_id = strdup(begin->options.writer_id);
    if (begin->options.lease_ms < PRAVEGA_LEASE_MS_MIN || begin->options.lease_ms > PRAVEGA_LEASE_MS_MAX)
        weir_fail(&begin->why, WEIR_E_INVAL, "lease_ms %" PRId64 " of a transaction is not %d..%d",
                  begin->options.lease_ms, PRAVEGA_LEASE_MS_MIN, PRAVEGA_LEASE_MS_MAX);
    else if (begin->scope == NULL || begin->stream == NULL ||
             (options != NULL && options->writer_id != NULL && begin->writer_id == NULL))
        weir_fail(&begin->why, WEIR_E_NOMEM, "no memory for a transaction");
    of_writer = pravega_txn_writer_options(&begin->options);
    if (begin->why.status == WEIR_OK)
        pravega_writer_check(&of_writer, &begin->why);
}

/* NULL if there is no memory: the callback has been called. With a `why` it ends in a later turn. */
static struct begin *begin_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                               const struct pravega_txn_options *options, pravega_txn_fn *done, void *arg)
{
    struct begin *begin = calloc(1, sizeof(*begin));

    if (begin == NULL) {
        struct weir_error why = {0};

        weir_fail(&why, WEIR_E_NOMEM, "no memory for a transaction of stream %s/%s", stream->scope, stream->stream);
        done(arg, why.status, NULL, &why);
        return NULL;
    }
    begin->client = client;
    begin->op.free = free_begin;
    begin->done = done;
    begin->arg = arg;
    begin->timer = (struct weir_timer){.fn = on_not_begun, .arg = begin};
    begin->scope = strdup(stream->scope);
    begin->stream = strdup(stream->stream);
    take_options(begin, options);
    pravega_op_start(client, &begin->op);
    if (begin->why.status != WEIR_OK)
        weir_timer_start(client->loop, &begin->timer, 0);
    return begin;
}

void pravega_txn_begin(struct pravega_client *client, const struct pravega_stream_name *stream,
                       const struct pravega_txn_options *options, pravega_txn_fn *done, void *arg)
{
    struct begin *begin = begin_new(client, stream, options, done, arg);

    if (begin != NULL && begin->why.status == WEIR_OK)
        pravega_controller_create_txn(&begin->call, client, stream, begin->options.lease_ms, on_created, begin);
}

/* ---- resuming ---- */

static int32_t epoch_of(struct pravega_txn_id id)
{
    return (int32_t)(uint32_t)(id.msb >> 32);
}

/* A shadow segment is named by the transaction's epoch, whichever epoch its segment is of. */
static void on_epoch_segments(void *arg, enum weir_status status, const struct pravega_segment_range *segments,
                              size_t count, const struct weir_error *why)
{
    struct begin *begin = arg;
    struct pravega_stream_name stream = {begin->scope, begin->stream};
    struct pravega_segment_range *general = status == WEIR_OK ? calloc(count + 1, sizeof(*general)) : NULL;
    struct pravega_txn *txn = NULL;

    for (size_t i = 0; general != NULL && i < count; i++) {
        general[i] = segments[i];
        general[i].id = (pravega_segment_id)epoch_of(begin->id) << 32 | pravega_segment_number(segments[i].id);
    }
    if (status != WEIR_OK)
        begin->why = *why;
    else if (general == NULL)
        weir_fail(&begin->why, WEIR_E_NOMEM, "no memory for a transaction of stream %s/%s", stream.scope,
                  stream.stream);
    else if (count == 0)
        weir_fail(&begin->why, WEIR_E_PROTO, "the controller knows no segments of epoch %" PRId32 " of stream %s/%s",
                  epoch_of(begin->id), stream.scope, stream.stream);
    else
        pravega_txn_make(begin->client, &stream, begin->id, general, count, &begin->options, &txn, &begin->why);
    free(general);
    finish(begin, txn, txn == NULL ? &begin->why : NULL);
}

static void on_status(void *arg, enum weir_status status, enum pravega_txn_status txn_status,
                      const struct weir_error *why)
{
    struct begin *begin = arg;
    struct pravega_stream_name stream = {begin->scope, begin->stream};
    char text[37];

    if (status == WEIR_OK && txn_status == PRAVEGA_TXN_OPEN) {
        pravega_controller_epoch_segments(&begin->call, begin->client, &stream, epoch_of(begin->id), on_epoch_segments,
                                          begin);
        return;
    }
    pravega_txn_id_text(begin->id, text);
    if (status != WEIR_OK)
        begin->why = *why;
    else
        weir_fail(&begin->why, WEIR_E_TXN_FAILED, "transaction %s of stream %s/%s is not open: it is %s", text,
                  begin->scope, begin->stream, pravega_txn_status_name(txn_status));
    finish(begin, NULL, &begin->why);
}

void pravega_txn_resume(struct pravega_client *client, const struct pravega_stream_name *stream,
                        struct pravega_txn_id id, const struct pravega_txn_options *options, pravega_txn_fn *done,
                        void *arg)
{
    struct begin *begin = begin_new(client, stream, options, done, arg);

    if (begin == NULL || begin->why.status != WEIR_OK)
        return;
    begin->id = id;
    pravega_controller_check_txn(&begin->call, client, stream, id, on_status, begin);
}
