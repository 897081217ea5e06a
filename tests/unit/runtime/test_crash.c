/*
 * test_crash.c - the process dies at some moment, all of it; another one starts from the newest checkpoint on the disk.
 * Everything is committed exactly once in the end, wherever the crash came, and nothing leaks.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline.h"
#include "weir/sim.h"

#define COUNT 600

static struct number_source_spec numbers = {.count = COUNT, .per_poll = 5};
static struct number_sink_spec *sunk;

struct process {
    struct weir_sim *sim;
    struct weir_host *host;
    struct weir_loop *loop;
    weir_env *env;
    bool done;
    enum weir_status status;
};

static void on_done(void *arg, enum weir_status status, const struct weir_job_result *result,
                    const struct weir_error *why)
{
    struct process *process = arg;

    (void)result;
    (void)why;
    process->done = true;
    process->status = status;
}

static void start(struct process *process, int parallelism)
{
    struct weir_env_options options;
    struct weir_error err = {0};

    ck_assert_int_eq(weir_sim_host_new(process->sim, "host", "disk", &process->host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(process->host, "main", &process->loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(process->loop, NULL), WEIR_OK);
    options = pipeline_options(process->host, "checkpoints");
    options.parallelism = parallelism;
    options.checkpoint_interval_ms = 5;
    options.from_checkpoint = "latest";
    process->env = weir_env_new(&options);
    weir_add_sink(weir_rebalance(
                      weir_uid(weir_env_add_source(process->env, number_source(&numbers), NULL, "numbers"), "numbers")),
                  number_sink(sunk), "sink");
    process->done = false;
    ck_assert_msg(weir_env_start(process->env, process->loop, "test", on_done, process, &err) == WEIR_OK, "%s",
                  err.message);
}

static void crash(struct process *process)
{
    weir_sim_host_silence(process->host);
    weir_env_free(process->env);
    weir_loop_free(process->loop);
    weir_sim_host_crash(process->host);
}

static void finish(struct process *process)
{
    weir_env_free(process->env);
    weir_loop_stop(process->loop);
    weir_loop_join(process->loop);
    weir_loop_free(process->loop);
    weir_host_free(process->host);
}

static bool is_done(void *arg)
{
    const struct process *process = arg;

    return process->done;
}

/* Method: the seed (the loop index) picks when each of three crashes comes, and the parallelism after it. */
START_TEST(crashes_anywhere_keep_exactly_once)
{
    struct weir_sim_options options = {.seed = (uint64_t)_i + 1, .torn_per_million = 300000};
    struct process process = {0};

    sunk = calloc(1, sizeof(*sunk));
    ck_assert_int_eq(weir_sim_new(&options, &process.sim, NULL), WEIR_OK);
    start(&process, 2);
    for (int i = 0; i < 3 && !process.done; i++) {
        int64_t limit_ns = (int64_t)weir_sim_below(process.sim, 40 * WEIR_NS_PER_MS);

        if (weir_sim_run(process.sim, is_done, &process, limit_ns))
            break;
        crash(&process);
        start(&process, 1 + (int)weir_sim_below(process.sim, 3));
    }
    ck_assert(weir_sim_run(process.sim, is_done, &process, 100 * WEIR_NS_PER_S));
    ck_assert_int_eq(process.status, WEIR_OK);
    finish(&process);
    for (int64_t i = 0; i < COUNT; i++)
        ck_assert_msg(sunk->committed[i] == 1, "seed %d: number %lld committed %d times", _i + 1, (long long)i,
                      sunk->committed[i]);
    weir_sim_free(process.sim);
    free(sunk);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("crash");
    TCase *tc = tcase_create("crash");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tc, crashes_anywhere_keep_exactly_once, 0, 60);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
