/*
 * test_watermark_operator.c - the operator that makes watermarks at a timer, in a chain of its own.
 */
#include <check.h>
#include <stdlib.h>

#include "runtime/chain.h"
#include "runtime/operators.h"
#include "weir/sim.h"

static struct weir_sim *sim;
static struct weir_host *host;
static struct weir_loop *loop;
static struct weir_operator_factory *factory;
static struct weir_chain *chain;
static int64_t watermark_ms; /* the last one that left the chain */

static enum weir_status ignore(struct weir_collector *out, const void *element, struct weir_error *err)
{
    (void)out;
    (void)element;
    (void)err;
    return WEIR_OK;
}

static enum weir_status note_watermark(struct weir_chain_output *out, int64_t ms, struct weir_error *err)
{
    (void)out;
    (void)err;
    watermark_ms = ms;
    return WEIR_OK;
}

static enum weir_status ignore_idle(struct weir_chain_output *out, bool idle, struct weir_error *err)
{
    (void)out;
    (void)idle;
    (void)err;
    return WEIR_OK;
}

static struct weir_chain_output sink = {{ignore, 0}, note_watermark, ignore_idle};

static void ignore_wake(void *arg)
{
    (void)arg;
}

static void on_fail(void *arg, const struct weir_error *why)
{
    (void)arg;
    ck_abort_msg("%s", why->message);
}

static void setup(void)
{
    static struct weir_node node;
    static struct weir_vertex_link link = {&node, -1};
    static const struct weir_vertex vertex = {.parallelism = 1, .links = &link, .link_count = 1};
    struct weir_sim_options options = {.seed = 3};
    struct weir_watermark_strategy strategy = {.kind = WEIR_WATERMARK_MONOTONOUS};
    struct weir_chain_exit exit = {0, &sink};
    struct weir_chain_host chain_host;

    ck_assert_int_eq(weir_sim_new(&options, &sim, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "host", "disk", &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "task", &loop, NULL), WEIR_OK);
    factory = weir_watermark_factory(&strategy);
    node = (struct weir_node){.name = (char *)"marks", .uid = (char *)"marks", .factory = factory};
    node.makes_watermarks = true;
    chain_host = (struct weir_chain_host){.loop = loop,
                                          .parallelism = 1,
                                          .max_parallelism = 16,
                                          .auto_watermark_interval_ms = 10,
                                          .wake = ignore_wake,
                                          .fail = on_fail};
    ck_assert_int_eq(weir_chain_new(&vertex, &chain_host, &exit, 1, &chain, NULL), WEIR_OK);
    ck_assert_int_eq(weir_chain_open(chain, NULL, NULL), WEIR_OK);
    watermark_ms = INT64_MIN;
}

static void teardown(void)
{
    weir_chain_free(chain);
    factory->free(factory);
    weir_loop_free(loop);
    weir_host_free(host);
    weir_sim_free(sim);
}

static void stop_loop(void *arg)
{
    (void)arg;
    weir_loop_stop(loop);
}

static void run_50_ms(void)
{
    struct weir_timer end = {.fn = stop_loop};

    weir_timer_start(loop, &end, 50 * WEIR_NS_PER_MS);
    weir_loop_run(loop);
}

static void put(int64_t timestamp_ms)
{
    int64_t number = 0;

    ck_assert_int_eq(weir_chain_element(chain, &number, timestamp_ms, NULL), WEIR_OK);
}

/* Goal: nothing that a watermark sets off comes between an operator's prepare and the snapshot: a sink that is prepared
 * already would take it for the next checkpoint, the snapshot would have it done. */
START_TEST(no_watermark_while_a_checkpoint_is_prepared)
{
    struct weir_snapshot snapshot;

    weir_snapshot_init(&snapshot);
    put(5);
    run_50_ms();
    ck_assert_int_eq(watermark_ms, 4);
    put(8);
    ck_assert_int_eq(weir_chain_prepare(chain, 1, NULL), WEIR_OK);
    run_50_ms();
    ck_assert_int_eq(watermark_ms, 4);
    if (_i == 0)
        ck_assert_int_eq(weir_chain_snapshot(chain, 1, &snapshot, NULL), WEIR_OK);
    else
        weir_chain_abort(chain, 1);
    run_50_ms();
    ck_assert_int_eq(watermark_ms, 7);
    weir_snapshot_fini(&snapshot);
}
END_TEST

START_TEST(no_watermark_after_close)
{
    put(5);
    ck_assert(weir_chain_close(chain));
    run_50_ms();
    ck_assert_int_eq(watermark_ms, INT64_MIN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watermark operator");
    TCase *tc = tcase_create("watermark operator");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, no_watermark_while_a_checkpoint_is_prepared, 0, 2);
    tcase_add_test(tc, no_watermark_after_close);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
