/*
 * test_transaction_outcome.c - what becomes of a transaction known by its id: every state that a controller can tell,
 * after a commit or abort that it took or refused.
 */
#include "pravega/transaction.h"

#include "scripted_controller.h"

static const struct pravega_stream_name s1 = {"demo", "s1"};
static const struct pravega_txn_id txn = {0, 1};

#define TOOK ""        /* commit, abort: SUCCESS */
#define REFUSED "0801" /* FAILURE */
#define UNKNOWN ""
#define OPEN "0801"
#define COMMITTING "0802"
#define COMMITTED "0803"
#define ABORTING "0804"
#define ABORTED "0805"

#define ANSWERS_MAX 6

/* The answers in turn, each with the call that is to ask for it; the last stays. */
struct script {
    const char *answers[ANSWERS_MAX];
    const char *asked; /* c commit, a abort, ? check; in order */
    enum weir_status status;
    const char *words;
};

static const struct script commits[] = {
    {{TOOK, COMMITTED}, "c?", WEIR_OK, NULL},
    {{TOOK, COMMITTING, COMMITTING, COMMITTED}, "c???", WEIR_OK, NULL},
    {{TOOK, COMMITTING, ABORTED}, "c??", WEIR_E_TXN_FAILED, "was aborted, or its lease ran out"},
    {{TOOK, ABORTED}, "c?", WEIR_E_TXN_FAILED, "was aborted, or its lease ran out"},
    {{TOOK, ABORTING}, "c?", WEIR_E_TXN_FAILED, "was aborted, or its lease ran out"},
    {{TOOK, UNKNOWN}, "c?", WEIR_E_TXN_FAILED, "took the commit and no longer knows"},
    {{TOOK, OPEN, TOOK, COMMITTED}, "c?c?", WEIR_OK, NULL},
    {{REFUSED, COMMITTED}, "c?", WEIR_OK, NULL},
    {{REFUSED, COMMITTING, COMMITTED}, "c??", WEIR_OK, NULL},
    {{REFUSED, ABORTED}, "c?", WEIR_E_TXN_FAILED, "was aborted, or its lease ran out"},
    {{REFUSED, ABORTING}, "c?", WEIR_E_TXN_FAILED, "was aborted, or its lease ran out"},
    {{REFUSED, UNKNOWN}, "c?", WEIR_E_TXN_FAILED, "does not know it"},
    {{REFUSED, OPEN, TOOK, COMMITTED}, "c?c?", WEIR_OK, NULL},
    {{"0802"}, "c", WEIR_E_NOT_FOUND, "the stream does not exist"},
    {{"0803", UNKNOWN}, "c?", WEIR_E_TXN_FAILED, "does not know it"},
    {{"0809"}, "c", WEIR_E_PROTO, "status 9"},
    {{TOOK, "0809"}, "c?", WEIR_E_PROTO, "state 9"},
};

static const struct script aborts[] = {
    {{TOOK}, "a", WEIR_OK, NULL},
    {{REFUSED, ABORTED}, "a?", WEIR_OK, NULL},
    {{REFUSED, ABORTING}, "a?", WEIR_OK, NULL},
    {{REFUSED, UNKNOWN}, "a?", WEIR_OK, NULL},
    {{REFUSED, COMMITTING}, "a?", WEIR_E_STATE, "it is committed"},
    {{REFUSED, COMMITTED}, "a?", WEIR_E_STATE, "it is committed"},
    {{REFUSED, OPEN, TOOK}, "a?a", WEIR_OK, NULL},
    {{"0802"}, "a", WEIR_E_NOT_FOUND, "the stream does not exist"},
    {{"0803", UNKNOWN}, "a?", WEIR_OK, NULL},
};

static struct world *playing(const struct script *script)
{
    struct world *world = world_new(NULL);
    struct answer answers[ANSWERS_MAX] = {0};
    size_t count = strlen(script->asked);

    for (size_t i = 0; i < count; i++)
        answers[i].hex = script->answers[i];
    world_script(world, answers, count);
    return world;
}

static void assert_played(const struct world *world, const struct script *script, const struct result *result)
{
    ck_assert_int_eq(result->status, script->status);
    if (script->words != NULL)
        ck_assert_msg(strstr(result->words, script->words) != NULL, "%s", result->words);
    if (script->words != NULL)
        ck_assert_msg(strstr(result->words, "00000000-0000-0000-0000-000000000001") != NULL ||
                          script->status == WEIR_E_PROTO,
                      "%s", result->words);
    ck_assert_uint_eq(world->seen_count, strlen(script->asked));
    for (size_t i = 0; i < world->seen_count; i++)
        assert_seen(world, i,
                    script->asked[i] == 'c'   ? "commitTransaction"
                    : script->asked[i] == 'a' ? "abortTransaction"
                                              : "checkTransactionState");
}

START_TEST(commit_ends_as_the_controller_says)
{
    struct world *world = playing(&commits[_i]);
    struct result result = {0};

    pravega_txn_commit_id(world->client, &s1, txn, on_done, &result);
    world_await(world, &result);
    assert_played(world, &commits[_i], &result);
    world_free(world);
}
END_TEST

START_TEST(abort_ends_as_the_controller_says)
{
    struct world *world = playing(&aborts[_i]);
    struct result result = {0};

    pravega_txn_abort_id(world->client, &s1, txn, on_done, &result);
    world_await(world, &result);
    assert_played(world, &aborts[_i], &result);
    world_free(world);
}
END_TEST

/* Waits double from 5 ms to 500 ms. */
START_TEST(a_long_commit_is_looked_at_less_and_less)
{
    static const int64_t wait_ms[] = {5, 10, 20, 40, 80, 160, 320, 500, 500};
    struct world *world = world_new(NULL);
    struct result result = {0};
    struct answer answers[12] = {0};

    for (size_t i = 1; i < 11; i++)
        answers[i].hex = COMMITTING;
    answers[11].hex = COMMITTED;
    world_script(world, answers, 12);
    pravega_txn_commit_id(world->client, &s1, txn, on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_OK);
    for (size_t i = 0; i < 9; i++) {
        int64_t waited_ms = world->seen[i + 2].at_ms - world->seen[i + 1].at_ms;

        ck_assert_int_ge(waited_ms, wait_ms[i]);
        ck_assert_int_le(waited_ms, wait_ms[i] + 3);
    }
    world_free(world);
}
END_TEST

/* Not known to be committed is not committed: but it is not lost either, and can be asked for again. */
START_TEST(a_commit_without_end_is_a_timeout)
{
    struct world *world = world_new(&(struct pravega_client_options){.rpc_timeout_ms = 5000});
    struct result result = {0};

    SCRIPT(world, {.hex = TOOK}, {.hex = COMMITTING});
    pravega_txn_commit_id(world->client, &s1, txn, on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(result.words, "it is still committing"));
    ck_assert_int_le(world_now_ms(world), 5000);
    world_free(world);
}
END_TEST

START_TEST(a_commit_goes_on_through_lost_answers)
{
    struct world *world = world_new(NULL);
    struct result result = {0};

    SCRIPT(world, {.code = WEIR_GRPC_UNAVAILABLE}, {.hex = TOOK}, {.code = WEIR_GRPC_UNKNOWN}, {.hex = COMMITTED});
    pravega_txn_commit_id(world->client, &s1, txn, on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_OK);
    world_free(world);
}
END_TEST

START_TEST(a_failed_call_is_an_unknown_outcome)
{
    struct world *world = world_new(NULL);
    struct result result = {0};

    SCRIPT(world, {.hex = TOOK}, {.code = WEIR_GRPC_UNAUTHENTICATED, .words = "script"});
    pravega_txn_commit_id(world->client, &s1, txn, on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_AUTH);
    world_free(world);
}
END_TEST

static void on_state(void *arg, enum weir_status status, enum pravega_txn_status state, const struct weir_error *why)
{
    struct result *result = arg;

    result_set(result, status, why);
    snprintf(result->words, sizeof(result->words), "%s", pravega_txn_status_name(state));
}

START_TEST(status_is_what_the_controller_says)
{
    static const char *const answers[] = {UNKNOWN, OPEN, COMMITTING, COMMITTED, ABORTING, ABORTED};
    static const char *const names[] = {"UNKNOWN", "OPEN", "COMMITTING", "COMMITTED", "ABORTING", "ABORTED"};
    struct world *world = world_new(NULL);
    struct result result = {0};

    SCRIPT(world, {.hex = answers[_i]});
    pravega_txn_status_id(world->client, &s1, txn, on_state, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_OK);
    ck_assert_str_eq(result.words, names[_i]);
    world_free(world);
}
END_TEST

/* The client goes while the commit is sent, asked about and waited for: no callback, nothing leaks. */
START_TEST(a_freed_client_ends_its_work)
{
    struct world *world = world_new(NULL);
    struct result result = {0};

    SCRIPT(world, {.hex = TOOK}, {.hex = COMMITTING});
    pravega_txn_commit_id(world->client, &s1, txn, on_done, &result);
    if (_i > 0)
        world_run_ms(world, _i);
    pravega_client_free(world->client);
    world->client = NULL;
    world_run_ms(world, 1000);
    ck_assert_int_eq(result.calls, 0);
    world_free(world);
}
END_TEST

static void add_cases(TCase *tc)
{
    tcase_add_loop_test(tc, commit_ends_as_the_controller_says, 0, sizeof(commits) / sizeof(commits[0]));
    tcase_add_loop_test(tc, abort_ends_as_the_controller_says, 0, sizeof(aborts) / sizeof(aborts[0]));
    tcase_add_test(tc, a_long_commit_is_looked_at_less_and_less);
    tcase_add_test(tc, a_commit_without_end_is_a_timeout);
    tcase_add_test(tc, a_commit_goes_on_through_lost_answers);
    tcase_add_test(tc, a_failed_call_is_an_unknown_outcome);
    tcase_add_loop_test(tc, status_is_what_the_controller_says, 0, 6);
    tcase_add_loop_test(tc, a_freed_client_ends_its_work, 0, 20);
}

int main(void)
{
    return run_cases("transaction_outcome", add_cases);
}
