/*
 * transaction_outcome.c - what becomes of a transaction, which is known by its id here: commit, abort, ask.
 *
 *     commit:  COMMIT --accepted, or refused--> CHECK
 *              CHECK --COMMITTED--> ok           CHECK --COMMITTING--> WAIT --> CHECK
 *              CHECK --OPEN--> WAIT --> COMMIT   CHECK --ABORTING, ABORTED, UNKNOWN--> WEIR_E_TXN_FAILED
 *     abort:   ABORT --accepted--> ok            ABORT --refused--> CHECK
 *              CHECK --ABORTING, ABORTED, UNKNOWN--> ok
 *              CHECK --OPEN--> WAIT --> ABORT    CHECK --COMMITTING, COMMITTED--> WEIR_E_STATE
 *
 * A refusal does not say why, so the state decides: only what the controller says it is becomes an outcome, and a
 * commit is a success when the controller says COMMITTED and never before. Any other failure of a call ends the work
 * with that failure: the outcome is not known, and the same question can be asked again, by any process.
 */
#include <stdlib.h>
#include <string.h>

#include "pravega/controller_int.h"
#include "pravega/transaction_int.h"

/* Between two looks at a transaction that is not yet what it will be. */
#define WAIT_MIN_MS 5
#define WAIT_MAX_MS 500

enum goal { GOAL_COMMIT, GOAL_ABORT, GOAL_STATUS };

struct outcome {
    struct pravega_op op; /* first */
    struct pravega_client *client;
    enum goal goal;
    char *scope, *stream;
    char *writer_id; /* whose timestamp_ms a commit notes; NULL: nobody's */
    int64_t timestamp_ms;
    struct pravega_txn_id txn;
    struct pravega_call call;
    struct weir_timer timer;
    int64_t wait_ms, deadline_ns;
    bool accepted;         /* the controller took the commit */
    struct weir_error why; /* nothing is asked: it ends so */
    enum pravega_txn_status state;
    void (*done)(void); /* pravega_txn_status_fn for GOAL_STATUS, else pravega_done_fn */
    void *arg;
};

const char *pravega_txn_status_name(enum pravega_txn_status status)
{
    switch (status) {
    case PRAVEGA_TXN_UNKNOWN:
        return "UNKNOWN";
    case PRAVEGA_TXN_OPEN:
        return "OPEN";
    case PRAVEGA_TXN_COMMITTING:
        return "COMMITTING";
    case PRAVEGA_TXN_COMMITTED:
        return "COMMITTED";
    case PRAVEGA_TXN_ABORTING:
        return "ABORTING";
    case PRAVEGA_TXN_ABORTED:
        return "ABORTED";
    }
    return "?";
}

/* ---- the end */

static void outcome_fini(struct outcome *outcome)
{
    pravega_call_cancel(&outcome->call);
    weir_timer_stop(outcome->client->loop, &outcome->timer);
    free(outcome->scope);
    free(outcome->stream);
    free(outcome->writer_id);
    free(outcome);
}

static void outcome_free(struct pravega_op *op)
{
    outcome_fini((struct outcome *)op);
}

static void call_back(enum goal goal, void (*done)(void), void *arg, enum weir_status status,
                      enum pravega_txn_status state, const struct weir_error *why)
{
    if (goal == GOAL_STATUS)
        ((pravega_txn_status_fn *)done)(arg, status, state, why);
    else
        ((pravega_done_fn *)done)(arg, status, why);
}

static void outcome_end(struct outcome *outcome, enum weir_status status, const struct weir_error *why)
{
    enum pravega_txn_status state = status == WEIR_OK ? outcome->state : PRAVEGA_TXN_UNKNOWN;
    enum goal goal = outcome->goal;
    void (*done)(void) = outcome->done;
    void *arg = outcome->arg;

    pravega_op_end(&outcome->op);
    outcome_fini(outcome);
    call_back(goal, done, arg, status, state, why);
}

static void end_in_state(struct outcome *outcome, enum weir_status status, const char *words)
{
    struct weir_error why = {0};
    char text[37];

    pravega_txn_id_text(outcome->txn, text);
    if (status != WEIR_OK)
        weir_fail(&why, status, "cannot %s transaction %s of stream %s/%s: %s",
                  outcome->goal == GOAL_ABORT ? "abort" : "commit", text, outcome->scope, outcome->stream, words);
    outcome_end(outcome, status, &why);
}

/* ---- waiting */

static void commit(struct outcome *outcome);
static void abort_it(struct outcome *outcome);
static void check(struct outcome *outcome);

static void on_timer(void *arg)
{
    struct outcome *outcome = arg;
    struct weir_error why = outcome->why;

    if (why.status != WEIR_OK)
        outcome_end(outcome, why.status, &why);
    else if (outcome->state != PRAVEGA_TXN_OPEN)
        check(outcome);
    else if (outcome->goal == GOAL_COMMIT)
        commit(outcome);
    else
        abort_it(outcome);
}

static void look_later(struct outcome *outcome)
{
    int64_t wait_ns = outcome->wait_ms * WEIR_NS_PER_MS;

    if (weir_loop_now_ns(outcome->client->loop) + wait_ns >= outcome->deadline_ns) {
        end_in_state(outcome, WEIR_E_TIMEOUT,
                     outcome->state == PRAVEGA_TXN_OPEN ? "the controller leaves it open" : "it is still committing");
        return;
    }
    outcome->wait_ms = outcome->wait_ms * 2 < WAIT_MAX_MS ? outcome->wait_ms * 2 : WAIT_MAX_MS;
    weir_timer_start(outcome->client->loop, &outcome->timer, wait_ns);
}

/* ---- what a state means to who asked */

static void commit_in_state(struct outcome *outcome)
{
    switch (outcome->state) {
    case PRAVEGA_TXN_COMMITTED:
        end_in_state(outcome, WEIR_OK, NULL);
        return;
    case PRAVEGA_TXN_COMMITTING:
    case PRAVEGA_TXN_OPEN:
        look_later(outcome);
        return;
    case PRAVEGA_TXN_ABORTING:
    case PRAVEGA_TXN_ABORTED:
        end_in_state(outcome, WEIR_E_TXN_FAILED, "it was aborted, or its lease ran out");
        return;
    case PRAVEGA_TXN_UNKNOWN:
        end_in_state(outcome, WEIR_E_TXN_FAILED,
                     outcome->accepted ? "the controller took the commit and no longer knows the transaction"
                                       : "the controller does not know it (never begun, or ended more than a day ago)");
        return;
    }
}

static void abort_in_state(struct outcome *outcome)
{
    switch (outcome->state) {
    case PRAVEGA_TXN_ABORTING:
    case PRAVEGA_TXN_ABORTED:
    case PRAVEGA_TXN_UNKNOWN:
        end_in_state(outcome, WEIR_OK, NULL);
        return;
    case PRAVEGA_TXN_OPEN:
        look_later(outcome);
        return;
    case PRAVEGA_TXN_COMMITTING:
    case PRAVEGA_TXN_COMMITTED:
        end_in_state(outcome, WEIR_E_STATE, "it is committed");
        return;
    }
}

static void on_state(void *arg, enum weir_status status, enum pravega_txn_status state, const struct weir_error *why)
{
    struct outcome *outcome = arg;

    outcome->state = state;
    if (status != WEIR_OK || outcome->goal == GOAL_STATUS)
        outcome_end(outcome, status, why);
    else if (outcome->goal == GOAL_COMMIT)
        commit_in_state(outcome);
    else
        abort_in_state(outcome);
}

/* ---- questions */

static struct pravega_stream_name stream_of(const struct outcome *outcome)
{
    return (struct pravega_stream_name){outcome->scope, outcome->stream};
}

static void check(struct outcome *outcome)
{
    struct pravega_stream_name stream = stream_of(outcome);

    pravega_controller_check_txn(&outcome->call, outcome->client, &stream, outcome->txn, on_state, outcome);
}

static void on_committed(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct outcome *outcome = arg;

    outcome->accepted |= status == WEIR_OK;
    if (status == WEIR_OK || status == WEIR_E_TXN_FAILED)
        check(outcome);
    else
        outcome_end(outcome, status, why);
}

static void commit(struct outcome *outcome)
{
    struct pravega_stream_name stream = stream_of(outcome);

    pravega_controller_commit_txn(&outcome->call, outcome->client, &stream, outcome->txn, outcome->writer_id,
                                  outcome->timestamp_ms, on_committed, outcome);
}

static void on_aborted(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct outcome *outcome = arg;

    if (status == WEIR_E_STATE)
        check(outcome);
    else
        outcome_end(outcome, status, why);
}

static void abort_it(struct outcome *outcome)
{
    struct pravega_stream_name stream = stream_of(outcome);

    pravega_controller_abort_txn(&outcome->call, outcome->client, &stream, outcome->txn, on_aborted, outcome);
}

/* ---- the start */

/* NULL if there is no memory: the callback has been called. */
static struct outcome *outcome_new(struct pravega_client *client, enum goal goal,
                                   const struct pravega_stream_name *stream, struct pravega_txn_id txn,
                                   void (*done)(void), void *arg)
{
    struct outcome *outcome = calloc(1, sizeof(*outcome));
    char *scope = strdup(stream->scope), *name = strdup(stream->stream);
    struct weir_error why;

    if (outcome == NULL || scope == NULL || name == NULL) {
        free(scope);
        free(name);
        free(outcome);
        weir_fail(&why, WEIR_E_NOMEM, "out of memory for a call to the controller");
        call_back(goal, done, arg, why.status, PRAVEGA_TXN_UNKNOWN, &why);
        return NULL;
    }
    *outcome = (struct outcome){.op.free = outcome_free,
                                .client = client,
                                .goal = goal,
                                .scope = scope,
                                .stream = name,
                                .txn = txn,
                                .timer = {.fn = on_timer, .arg = outcome},
                                .wait_ms = WAIT_MIN_MS,
                                .done = done,
                                .arg = arg};
    outcome->deadline_ns = weir_loop_now_ns(client->loop) + client->rpc_timeout_ms * WEIR_NS_PER_MS;
    pravega_op_start(client, &outcome->op);
    return outcome;
}

struct pravega_op *pravega_txn_commit_as(struct pravega_client *client, const struct pravega_stream_name *stream,
                                         struct pravega_txn_id id, const char *writer_id, int64_t timestamp_ms,
                                         pravega_done_fn *done, void *arg)
{
    struct outcome *outcome = outcome_new(client, GOAL_COMMIT, stream, id, (void (*)(void))done, arg);

    if (outcome == NULL)
        return NULL;
    if (writer_id != NULL && (outcome->writer_id = strdup(writer_id)) == NULL) {
        weir_fail(&outcome->why, WEIR_E_NOMEM, "out of memory for a call to the controller");
        weir_timer_start(client->loop, &outcome->timer, 0);
        return &outcome->op;
    }
    outcome->timestamp_ms = timestamp_ms;
    commit(outcome);
    return &outcome->op;
}

struct pravega_op *pravega_txn_abort_as(struct pravega_client *client, const struct pravega_stream_name *stream,
                                        struct pravega_txn_id id, pravega_done_fn *done, void *arg)
{
    struct outcome *outcome = outcome_new(client, GOAL_ABORT, stream, id, (void (*)(void))done, arg);

    if (outcome == NULL)
        return NULL;
    abort_it(outcome);
    return &outcome->op;
}

void pravega_txn_refuse(struct pravega_client *client, const struct pravega_stream_name *stream,
                        struct pravega_txn_id id, const struct weir_error *why, pravega_done_fn *done, void *arg)
{
    struct outcome *outcome = outcome_new(client, GOAL_COMMIT, stream, id, (void (*)(void))done, arg);

    if (outcome == NULL)
        return;
    outcome->why = *why;
    weir_timer_start(client->loop, &outcome->timer, 0);
}

void pravega_txn_commit_id(struct pravega_client *client, const struct pravega_stream_name *stream,
                           struct pravega_txn_id id, pravega_done_fn *done, void *arg)
{
    pravega_txn_commit_as(client, stream, id, NULL, 0, done, arg);
}

void pravega_txn_abort_id(struct pravega_client *client, const struct pravega_stream_name *stream,
                          struct pravega_txn_id id, pravega_done_fn *done, void *arg)
{
    pravega_txn_abort_as(client, stream, id, done, arg);
}

void pravega_txn_status_id(struct pravega_client *client, const struct pravega_stream_name *stream,
                           struct pravega_txn_id id, pravega_txn_status_fn *done, void *arg)
{
    struct outcome *outcome = outcome_new(client, GOAL_STATUS, stream, id, (void (*)(void))done, arg);

    if (outcome != NULL)
        check(outcome);
}
