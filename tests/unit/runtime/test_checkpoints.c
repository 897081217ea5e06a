/*
 * test_checkpoints.c - whole pipelines with checkpoints: whatever fails, every number is committed exactly once, and
 * the keyed state counts each once. Simulated host, unless a test says otherwise.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline.h"
#include "runtime/checkpoint_storage.h"
#include "weir/sim.h"

#define KEYS 10

struct tally {
    int64_t key, count;
};

static const struct weir_field tally_fields[] = {WEIR_FIELD(struct tally, key, LONG),
                                                 WEIR_FIELD(struct tally, count, LONG)};
static const struct weir_type tally_type = WEIR_STRUCT_TYPE(struct tally, tally_fields, true);

static struct weir_sim *sim;
static struct weir_host *host;
static struct number_sink_spec *sunk;
static _Atomic int64_t tallies[KEYS]; /* the greatest count that came out of the sum for each key */
static _Atomic int failures_left;     /* times that picky() still fails */
static _Atomic int64_t fail_from;     /* at the first number from here on */

static void setup(void)
{
    struct weir_sim_options options = {.seed = 11};

    ck_assert_int_eq(weir_sim_new(&options, &sim, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "host", "disk", &host, NULL), WEIR_OK);
    sunk = calloc(1, sizeof(*sunk));
    memset(tallies, 0, sizeof(tallies));
    failures_left = 0;
}

static void teardown(void)
{
    weir_host_free(host);
    weir_sim_free(sim);
    free(sunk);
}

static enum weir_status picky(void *arg, const void *in, void *out, struct weir_error *err)
{
    int64_t number;

    (void)arg;
    memcpy(&number, in, sizeof(number));
    memcpy(out, in, sizeof(number));
    if (number >= fail_from && atomic_load(&failures_left) > 0 && atomic_fetch_sub(&failures_left, 1) > 0)
        return weir_fail(err, WEIR_E_USER, "injected at %lld", (long long)number);
    return WEIR_OK;
}

static enum weir_status to_tally(void *arg, const void *in, void *out, struct weir_error *err)
{
    struct tally *tally = out;
    int64_t number;

    (void)arg;
    (void)err;
    memcpy(&number, in, sizeof(number));
    *tally = (struct tally){number % KEYS, 1};
    return WEIR_OK;
}

static bool note_tally(void *arg, const void *in)
{
    const struct tally *tally = in;
    int64_t seen = atomic_load(&tallies[tally->key]);

    (void)arg;
    while (tally->count > seen && !atomic_compare_exchange_weak(&tallies[tally->key], &seen, tally->count))
        ;
    return false;
}

/* numbers -> picky -+-> (rebalance) sink, in two phases
 *                   +-> tally -> key by key -> sum -> note */
static weir_env *build(const struct weir_env_options *options, const struct number_source_spec *numbers)
{
    weir_env *env = weir_env_new(options);
    weir_stream *stream, *sums;

    stream = weir_uid(weir_env_add_source(env, number_source(numbers), NULL, "numbers"), "numbers");
    stream = weir_map(stream, weir_long_type(), picky, NULL, "picky");
    sums = weir_map(stream, &tally_type, to_tally, NULL, "tally");
    sums = weir_uid(weir_sum(weir_key_by_field(sums, "key"), "count"), "sums");
    weir_filter(sums, note_tally, NULL, "note");
    weir_add_sink(weir_rebalance(stream), number_sink(sunk), "sink");
    return env;
}

static struct weir_env_options options_of(int parallelism)
{
    struct weir_env_options options = pipeline_options(host, "checkpoints");

    options.parallelism = parallelism;
    options.checkpoint_interval_ms = 20;
    return options;
}

static void check_exactly_once(int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        ck_assert_msg(sunk->committed[i] == 1, "number %lld committed %d times", (long long)i, sunk->committed[i]);
    for (int key = 0; key < KEYS; key++)
        ck_assert_int_eq(tallies[key], count / KEYS);
}

static void expect_ok(weir_env *env, struct weir_job_result *result)
{
    struct weir_error err = {0};
    enum weir_status status = weir_env_execute(env, "test", result, &err);

    ck_assert_msg(status == WEIR_OK, "%s: %s", weir_status_name(status), err.message);
    weir_env_free(env);
}

/* Goal: a job that fails a number of times is restarted from its last checkpoint and still counts everything once.
 * Method: parallelism 1..4 (the loop index), two failures. */
START_TEST(restarts_keep_exactly_once)
{
    struct number_source_spec numbers = {.count = 4000, .per_poll = 10};
    struct weir_env_options options = options_of(_i);
    struct weir_job_result result;

    fail_from = 2000;
    failures_left = 2;
    expect_ok(build(&options, &numbers), &result);
    ck_assert_uint_ge(result.restarts, _i == 1 ? 2 : 1); /* two subtasks may fail in one attempt */
    ck_assert_uint_le(result.restarts, 2);
    ck_assert_uint_ge(result.checkpoints_completed, 2);
    check_exactly_once(4000);
}
END_TEST

/* Goal: the same on threads. */
START_TEST(restarts_keep_exactly_once_on_threads)
{
    struct number_source_spec numbers = {.count = 60000};
    struct weir_env_options options = options_of(3);
    char dir[] = "/tmp/weir-test-XXXXXX", command[64];
    struct weir_host *real;
    struct weir_job_result result;

    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(weir_host_new(NULL, &real, NULL), WEIR_OK);
    options.host = real;
    options.checkpoints_dir = dir;
    options.checkpoint_interval_ms = 1;
    options.buffers_per_channel = 2;
    options.buffer_bytes = 1024;
    fail_from = 30000;
    failures_left = 3;
    expect_ok(build(&options, &numbers), &result);
    ck_assert_uint_ge(result.restarts, 1);
    check_exactly_once(60000);
    weir_host_free(real);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

static void cancel_after_checkpoints(void *arg, const struct weir_job_result *so_far)
{
    if (so_far->checkpoints_completed >= 3)
        weir_env_cancel(arg);
}

/* Runs until a few checkpoints are complete, with the numbers held at `hold_at`; then cancels. */
static void run_part(int parallelism, int64_t hold_at, const char *from)
{
    struct number_source_spec numbers = {.count = 6000, .hold_at = hold_at};
    struct weir_env_options options = options_of(parallelism);
    struct weir_error err = {0};
    weir_env *env;

    options.from_checkpoint = from;
    env = build(&options, &numbers);
    weir_env_on_progress(env, 5, cancel_after_checkpoints, env);
    ck_assert_int_eq(weir_env_execute(env, "test", NULL, &err), WEIR_E_CANCELLED);
    weir_env_free(env);
}

/* Goal: a checkpoint can be restored with another parallelism, up and down. */
START_TEST(parallelism_may_change_at_restore)
{
    struct number_source_spec numbers = {.count = 6000};
    struct weir_env_options options = options_of(1);

    run_part(2, 2000, NULL);
    run_part(3, 4000, "latest");
    options.from_checkpoint = "latest";
    expect_ok(build(&options, &numbers), NULL);
    check_exactly_once(6000);
}
END_TEST

/* Goal: steps that say AGAIN are repeated and awaited: nothing is lost, and the job's end waits for them. */
START_TEST(again_is_awaited)
{
    struct number_source_spec numbers = {.count = 1000, .per_poll = 5, .again_prepare = 3};
    struct weir_env_options options = options_of(2);

    sunk->again_prepare = _i & 1 ? 4 : 0;
    sunk->again_committed = _i & 2 ? 5 : 0;
    sunk->again_end = _i & 4 ? 6 : 0;
    expect_ok(build(&options, &numbers), NULL);
    check_exactly_once(1000);
    ck_assert_int_eq(sunk->end_calls, 2 * (1 + sunk->again_end));
    ck_assert_int_eq(sunk->prepare_calls % (1 + sunk->again_prepare), 0);
}
END_TEST

/* Goal: a job that is shorter than the interval is committed by its final checkpoint. */
START_TEST(the_final_checkpoint_commits)
{
    struct number_source_spec numbers = {.count = 100};
    struct weir_env_options options = options_of(3);
    struct weir_job_result result;

    options.checkpoint_interval_ms = 1000000;
    expect_ok(build(&options, &numbers), &result);
    ck_assert_uint_eq(result.checkpoints_completed, 1);
    ck_assert_int_eq(result.last_checkpoint_id, sunk->last_committed_id);
    check_exactly_once(100);
}
END_TEST

/* Goal: at-least-once does not wait for slow channels, and after a failure counts nothing less than once. */
START_TEST(at_least_once_loses_nothing)
{
    struct number_source_spec numbers = {.count = 4000, .per_poll = 10};
    struct weir_env_options options = options_of(3);

    options.checkpoint_mode = WEIR_AT_LEAST_ONCE;
    fail_from = 2000;
    failures_left = 1;
    expect_ok(build(&options, &numbers), NULL);
    for (int64_t i = 0; i < 4000; i++)
        ck_assert_int_ge(sunk->committed[i], 1);
    for (int key = 0; key < KEYS; key++)
        ck_assert_int_ge(tallies[key], 400);
}
END_TEST

/* Goal: a checkpoint that cannot be written is given up; so many in a row as tolerated; the job goes on.
 * Method: the disk fails at its n-th write from the start, for every n (the loop index). */
START_TEST(failed_checkpoints_are_tolerated)
{
    struct number_source_spec numbers = {.count = 1000, .per_poll = 5};
    struct weir_env_options options = options_of(2);
    struct weir_job_result result;

    options.tolerable_failed_checkpoints = 1;
    weir_sim_disk_fail_write(sim, "disk", (uint64_t)_i, WEIR_E_IO);
    expect_ok(build(&options, &numbers), &result);
    ck_assert_uint_eq(result.checkpoints_failed, 1);
    ck_assert_uint_eq(result.restarts, 0);
    check_exactly_once(1000);
}
END_TEST

/* Goal: one that is not tolerated fails the job, which restarts. */
START_TEST(a_failed_checkpoint_restarts_the_job)
{
    struct number_source_spec numbers = {.count = 1000, .per_poll = 5};
    struct weir_env_options options = options_of(2);
    struct weir_job_result result;

    weir_sim_disk_fail_write(sim, "disk", 3, WEIR_E_IO);
    expect_ok(build(&options, &numbers), &result);
    ck_assert_uint_eq(result.restarts, 1);
    check_exactly_once(1000);
}
END_TEST

/* Goal: a checkpoint whose barriers do not come through in time is given up, and the words say so. */
START_TEST(a_slow_checkpoint_times_out)
{
    struct number_source_spec numbers = {.count = 1000, .per_poll = 5, .again_prepare = 1 << 30};
    struct weir_env_options options = options_of(1);
    struct weir_error err = {0};
    weir_env *env;

    options.checkpoint_timeout_ms = 50;
    options.restart_attempts = -1;
    env = build(&options, &numbers);
    ck_assert_int_eq(weir_env_execute(env, "test", NULL, &err), WEIR_E_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(err.message, "execution.checkpointing.timeout"));
    weir_env_free(env);
}
END_TEST

/* Goal: restarts are used up at some point, and the job then fails of what failed it last. */
START_TEST(restarts_are_counted)
{
    struct number_source_spec numbers = {.count = 1000, .per_poll = 5};
    struct weir_env_options options = options_of(1);
    struct weir_job_result result;
    struct weir_error err = {0};
    weir_env *env;

    options.restart_attempts = 2;
    fail_from = 500;
    failures_left = 100;
    env = build(&options, &numbers);
    ck_assert_int_eq(weir_env_execute(env, "test", &result, &err), WEIR_E_USER);
    ck_assert_ptr_nonnull(strstr(err.message, "operator \"picky\" (subtask 1/1): injected at "));
    ck_assert_uint_eq(result.restarts, 2);
    weir_env_free(env);
}
END_TEST

/* Goal: state of an operator that the pipeline does not have is refused, unless that is allowed. */
START_TEST(unclaimed_state_is_refused)
{
    struct number_source_spec numbers = {.count = 6000};
    struct weir_env_options options = options_of(2);
    struct weir_error err = {0};
    weir_env *env;

    run_part(2, 2000, NULL);
    options.from_checkpoint = "latest";
    options.ignore_unclaimed_state = _i == 1;
    env = weir_env_new(&options);
    weir_uid(weir_env_add_source(env, number_source(&numbers), NULL, "numbers"), "numbers");
    if (_i == 1) {
        ck_assert_int_eq(weir_env_execute(env, "test", NULL, &err), WEIR_OK);
    } else {
        ck_assert_int_eq(weir_env_execute(env, "test", NULL, &err), WEIR_E_STATE);
        ck_assert_ptr_nonnull(strstr(err.message, "which this pipeline does not have"));
    }
    weir_env_free(env);
}
END_TEST

/* Goal: a checkpoint that is not there is an error that names it. */
START_TEST(a_missing_checkpoint_is_named)
{
    struct number_source_spec numbers = {.count = 10};
    struct weir_env_options options = options_of(1);
    struct weir_error err = {0};
    weir_env *env;

    options.from_checkpoint = "checkpoints/chk-77";
    options.restart_attempts = -1;
    env = build(&options, &numbers);
    ck_assert_int_eq(weir_env_execute(env, "test", NULL, &err), WEIR_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "chk-77"));
    weir_env_free(env);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoints");
    TCase *tc = tcase_create("simulated");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, restarts_keep_exactly_once, 1, 5);
    tcase_add_test(tc, restarts_keep_exactly_once_on_threads);
    tcase_add_test(tc, parallelism_may_change_at_restore);
    tcase_add_loop_test(tc, again_is_awaited, 0, 8);
    tcase_add_test(tc, the_final_checkpoint_commits);
    tcase_add_test(tc, at_least_once_loses_nothing);
    tcase_add_loop_test(tc, failed_checkpoints_are_tolerated, 0, 12);
    tcase_add_test(tc, a_failed_checkpoint_restarts_the_job);
    tcase_add_test(tc, a_slow_checkpoint_times_out);
    tcase_add_test(tc, restarts_are_counted);
    tcase_add_loop_test(tc, unclaimed_state_is_refused, 0, 2);
    tcase_add_test(tc, a_missing_checkpoint_is_named);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
