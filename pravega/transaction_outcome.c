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

#include "pravega/transaction_int.h"
#include "pravega/user_call.h"

/* Between two looks at a transaction that is not yet what it will be. */
#define WAIT_MIN_MS 5
#define WAIT_MAX_MS 500

enum goal { GOAL_COMMIT, GOAL_ABORT, GOAL_STATUS };

struct outcome {
    struct pravega_user_call user; /* first; its `done` is a pravega_txn_status_fn for GOAL_STATUS, else a done_fn */
    enum goal goal;
    char *writer_id; /* whose timestamp_ms a commit notes; NULL: nobody's */
    int64_t timestamp_ms;
    struct pravega_txn_id txn;
    struct weir_timer timer;
    int64_t wait_ms, deadline_ns;
    bool accepted; /* the controller took the commit */
    enum pravega_txn_status state;
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

static void outcome_fini(struct pravega_user_call *user)
{
    struct outcome *outcome = (struct outcome *)user;

    if (weir_timer_armed(&outcome->timer))
        weir_timer_stop(user->client->loop, &outcome->timer);
    free(outcome->writer_id);
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

    pravega_user_call_end(&outcome->user);
    call_back(outcome->goal, outcome->user.done, outcome->user.arg, status, state, why);
    pravega_user_call_free(&outcome->user);
}

static void end_in_state(struct outcome *outcome, enum weir_status status, const char *words)
{
    struct weir_error why = {0};
    char text[37];

    pravega_txn_id_text(outcome->txn, text);
    if (status != WEIR_OK)
        weir_fail(&why, status, "cannot %s transaction %s of stream %s/%s: %s",
                  outcome->goal == GOAL_ABORT ? "abort" : "commit", text, outcome->user.scope, outcome->user.stream,
                  words);
    outcome_end(outcome, status, &why);
}

/* ---- waiting */

static void commit(struct outcome *outcome);
static void abort_it(struct outcome *outcome);
static void check(struct outcome *outcome);

static void on_timer(void *arg)
{
    struct outcome *outcome = arg;

    if (outcome->state != PRAVEGA_TXN_OPEN)
        check(outcome);
    else if (outcome->goal == GOAL_COMMIT)
        commit(outcome);
    else
        abort_it(outcome);
}

static void look_later(struct outcome *outcome)
{
    int64_t wait_ns = outcome->wait_ms * WEIR_NS_PER_MS;

    if (weir_loop_now_ns(outcome->user.client->loop) + wait_ns >= outcome->deadline_ns) {
        end_in_state(outcome, WEIR_E_TIMEOUT,
                     outcome->state == PRAVEGA_TXN_OPEN ? "the controller leaves it open" : "it is still committing");
        return;
    }
    outcome->wait_ms = outcome->wait_ms * 2 < WAIT_MAX_MS ? outcome->wait_ms * 2 : WAIT_MAX_MS;
    weir_timer_start(outcome->user.client->loop, &outcome->timer, wait_ns);
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

static void check(struct outcome *outcome)
{
    struct pravega_stream_name stream = pravega_user_call_stream(&outcome->user);

    pravega_controller_check_txn(&outcome->user.call, outcome->user.client, &stream, outcome->txn, on_state, outcome);
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
    struct pravega_stream_name stream = pravega_user_call_stream(&outcome->user);

    pravega_controller_commit_txn(&outcome->user.call, outcome->user.client, &stream, outcome->txn, outcome->writer_id,
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
    struct pravega_stream_name stream = pravega_user_call_stream(&outcome->user);

    pravega_controller_abort_txn(&outcome->user.call, outcome->user.client, &stream, outcome->txn, on_aborted, outcome);
}

/* ---- the start */

/* NULL if there is no memory: the callback has been called. */
static struct outcome *outcome_new(struct pravega_client *client, enum goal goal,
                                   const struct pravega_stream_name *stream, struct pravega_txn_id txn,
                                   void (*done)(void), void *arg)
{
    struct weir_error why;
    struct outcome *outcome = pravega_user_call_new(client, sizeof(*outcome), stream, done, arg, outcome_fini, &why);

    if (outcome == NULL) {
        call_back(goal, done, arg, why.status, PRAVEGA_TXN_UNKNOWN, &why);
        return NULL;
    }
    outcome->goal = goal;
    outcome->txn = txn;
    outcome->timer = (struct weir_timer){.fn = on_timer, .arg = outcome};
    outcome->wait_ms = WAIT_MIN_MS;
    outcome->deadline_ns = weir_loop_now_ns(client->loop) + client->rpc_timeout_ms * WEIR_NS_PER_MS;
    return outcome;
}

static void on_refused(void *arg, enum weir_status status, const struct weir_error *why)
{
    outcome_end(arg, status, why);
}

struct pravega_user_call *pravega_txn_commit_as(struct pravega_client *client, const struct pravega_stream_name *stream,
                                                struct pravega_txn_id id, const char *writer_id, int64_t timestamp_ms,
                                                pravega_done_fn *done, void *arg)
{
    struct outcome *outcome = outcome_new(client, GOAL_COMMIT, stream, id, (void (*)(void))done, arg);
    struct weir_error why;

    if (outcome == NULL)
        return NULL;
    outcome->timestamp_ms = timestamp_ms;
    if (writer_id == NULL || (outcome->writer_id = strdup(writer_id)) != NULL) {
        commit(outcome);
    } else {
        weir_fail(&why, WEIR_E_NOMEM, "out of memory for a call to the controller");
        pravega_user_call_later(&outcome->user, &why, on_refused);
    }
    return &outcome->user;
}

struct pravega_user_call *pravega_txn_abort_as(struct pravega_client *client, const struct pravega_stream_name *stream,
                                               struct pravega_txn_id id, pravega_done_fn *done, void *arg)
{
    struct outcome *outcome = outcome_new(client, GOAL_ABORT, stream, id, (void (*)(void))done, arg);

    if (outcome == NULL)
        return NULL;
    abort_it(outcome);
    return &outcome->user;
}

void pravega_txn_refuse(struct pravega_client *client, const struct weir_error *why, pravega_done_fn *done, void *arg)
{
    struct outcome *outcome =
        outcome_new(client, GOAL_COMMIT, NULL, (struct pravega_txn_id){0}, (void (*)(void))done, arg);

    if (outcome != NULL)
        pravega_user_call_later(&outcome->user, why, on_refused);
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
