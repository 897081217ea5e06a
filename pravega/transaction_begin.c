/*
 * transaction_begin.c - how a transaction comes into our hands: begun, or found by its id and gone on with.
 *
 *     begin:   CREATE --> made                   CREATE --failed--> are there SEGMENTS? none: the stream is sealed
 *     resume:  CHECK --OPEN--> SEGMENTS of its epoch --> made           CHECK --anything else--> WEIR_E_TXN_FAILED
 */
#include <inttypes.h>
#include <stdlib.h>

#include "pravega/transaction_int.h"
#include "pravega/writer_int.h"

/* A pravega_txn_begin() or pravega_txn_resume() under way. */
struct begin {
    struct pravega_user_call user; /* first */
    char *writer_id;
    struct pravega_txn_id id; /* to resume */
    struct pravega_txn_options options;
    struct weir_error why; /* of the controller's first answer, or why nothing was asked */
};

/* ---- the end ---- */

static void begin_fini(struct pravega_user_call *user)
{
    free(((struct begin *)user)->writer_id);
}

/* The end, with a transaction or with begin->why. */
static void finish(struct begin *begin, struct pravega_txn *txn)
{
    pravega_user_call_end(&begin->user);
    ((pravega_txn_fn *)begin->user.done)(begin->user.arg, begin->why.status, txn, &begin->why);
    pravega_user_call_free(&begin->user);
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
        weir_fail(&begin->why, WEIR_E_SEALED, "stream %s/%s is sealed and takes no transactions", begin->user.scope,
                  begin->user.stream);
    finish(begin, NULL);
}

static void on_created(void *arg, enum weir_status status, struct pravega_txn_id id,
                       const struct pravega_segment_range *segments, size_t count, const struct weir_error *why)
{
    struct begin *begin = arg;
    struct pravega_stream_name stream = pravega_user_call_stream(&begin->user);
    struct pravega_txn *txn = NULL;

    if (status == WEIR_E_IO) {
        begin->why = *why;
        pravega_controller_current_segments(&begin->user.call, begin->user.client, &stream, on_segments, begin);
        return;
    }
    if (status != WEIR_OK)
        begin->why = *why;
    else if (count == 0)
        weir_fail(&begin->why, WEIR_E_PROTO, "the controller made a transaction without segments");
    else
        pravega_txn_make(begin->user.client, &stream, id, segments, count, &begin->options, &txn, &begin->why);
    finish(begin, txn);
}

static void on_not_begun(void *arg, enum weir_status status, const struct weir_error *why)
{
    (void)status;
    (void)why;
    finish(arg, NULL);
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
    else if ((options != NULL && options->writer_id != NULL && begin->writer_id == NULL))
        weir_fail(&begin->why, WEIR_E_NOMEM, "no memory for a transaction");
    of_writer = pravega_txn_writer_options(&begin->options);
    if (begin->why.status == WEIR_OK)
        pravega_writer_check(&of_writer, &begin->why);
}

/* NULL if nothing is to be asked: the callback has been called, or will be in a later turn. */
static struct begin *begin_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                               const struct pravega_txn_options *options, pravega_txn_fn *done, void *arg)
{
    struct weir_error why;
    struct begin *begin =
        pravega_user_call_new(client, sizeof(*begin), stream, (void (*)(void))done, arg, begin_fini, &why);

    if (begin == NULL) {
        done(arg, why.status, NULL, &why);
        return NULL;
    }
    take_options(begin, options);
    if (begin->why.status == WEIR_OK)
        return begin;
    pravega_user_call_later(&begin->user, &begin->why, on_not_begun);
    return NULL;
}

void pravega_txn_begin(struct pravega_client *client, const struct pravega_stream_name *stream,
                       const struct pravega_txn_options *options, pravega_txn_fn *done, void *arg)
{
    struct begin *begin = begin_new(client, stream, options, done, arg);

    if (begin != NULL)
        pravega_controller_create_txn(&begin->user.call, client, stream, begin->options.lease_ms, on_created, begin);
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
    struct pravega_stream_name stream = pravega_user_call_stream(&begin->user);
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
        pravega_txn_make(begin->user.client, &stream, begin->id, general, count, &begin->options, &txn, &begin->why);
    free(general);
    finish(begin, txn);
}

static void on_status(void *arg, enum weir_status status, enum pravega_txn_status txn_status,
                      const struct weir_error *why)
{
    struct begin *begin = arg;
    struct pravega_stream_name stream = pravega_user_call_stream(&begin->user);
    char text[37];

    if (status == WEIR_OK && txn_status == PRAVEGA_TXN_OPEN) {
        pravega_controller_epoch_segments(&begin->user.call, begin->user.client, &stream, epoch_of(begin->id),
                                          on_epoch_segments, begin);
        return;
    }
    pravega_txn_id_text(begin->id, text);
    if (status != WEIR_OK)
        begin->why = *why;
    else
        weir_fail(&begin->why, WEIR_E_TXN_FAILED, "transaction %s of stream %s/%s is not open: it is %s", text,
                  begin->user.scope, begin->user.stream, pravega_txn_status_name(txn_status));
    finish(begin, NULL);
}

void pravega_txn_resume(struct pravega_client *client, const struct pravega_stream_name *stream,
                        struct pravega_txn_id id, const struct pravega_txn_options *options, pravega_txn_fn *done,
                        void *arg)
{
    struct begin *begin = begin_new(client, stream, options, done, arg);

    if (begin == NULL)
        return;
    begin->id = id;
    pravega_controller_check_txn(&begin->user.call, client, stream, id, on_status, begin);
}
