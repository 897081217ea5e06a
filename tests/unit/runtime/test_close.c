/*
 * test_close.c - at the end of an attempt operators give up what they have open elsewhere, and are not waited for
 * without end.
 */
#include <check.h>
#include <stdlib.h>

#include "pipeline.h"
#include "weir/sim.h"

static struct weir_sim *sim;
static struct weir_host *host;

static void setup(void)
{
    struct weir_sim_options options = {.seed = 5};

    ck_assert_int_eq(weir_sim_new(&options, &sim, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "host", "disk", &host, NULL), WEIR_OK);
}

static void teardown(void)
{
    weir_host_free(host);
    weir_sim_free(sim);
}

/* A sink that has something open, and takes `answer_ns` to give it up. */
struct closing_sink {
    struct weir_sink base;
    int64_t answer_ns; /* -1: for ever */
    int fail_at;       /* the record that fails, 0: none */
    int records, begun, done, freed;
};

struct closing_op {
    struct weir_operator base;
    struct closing_sink *sink;
    struct weir_timer answer;
    bool begun, done;
};

static void on_answer(void *arg)
{
    struct closing_op *closing = arg;

    closing->done = true;
    closing->sink->done++;
    weir_context_wake(closing->base.ctx);
}

static enum weir_status closing_on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                          struct weir_error *err)
{
    struct closing_sink *sink = ((struct closing_op *)op)->sink;

    (void)element;
    (void)timestamp_ms;
    if (++sink->records == sink->fail_at)
        return weir_fail(err, WEIR_E_USER, "failed on purpose");
    return WEIR_OK;
}

static enum weir_status closing_close(struct weir_operator *op)
{
    struct closing_op *closing = (struct closing_op *)op;

    if (!closing->begun) {
        closing->begun = true;
        closing->sink->begun++;
        if (closing->sink->answer_ns >= 0)
            weir_timer_start(weir_context_loop(op->ctx), &closing->answer, closing->sink->answer_ns);
    }
    return closing->done ? WEIR_OK : WEIR_E_AGAIN;
}

static void closing_free(struct weir_operator *op)
{
    struct closing_op *closing = (struct closing_op *)op;

    weir_timer_stop(weir_context_loop(op->ctx), &closing->answer);
    closing->sink->freed++;
    free(closing);
}

static const struct weir_operator_ops closing_ops = {
    .name = "closing", .on_record = closing_on_record, .close = closing_close, .free = closing_free};

static enum weir_status create(const struct weir_operator_factory *factory, struct weir_context *ctx,
                               struct weir_operator **out, struct weir_error *err)
{
    struct closing_op *closing = calloc(1, sizeof(*closing));

    (void)err;
    closing->base = (struct weir_operator){.ops = &closing_ops, .ctx = ctx};
    closing->sink = (struct closing_sink *)factory;
    closing->answer = (struct weir_timer){.fn = on_answer, .arg = closing};
    *out = &closing->base;
    return WEIR_OK;
}

static void factory_free(struct weir_operator_factory *factory)
{
    (void)factory; /* the test's */
}

static enum weir_status run(struct closing_sink *sink)
{
    struct number_source_spec numbers = {.count = 100};
    struct weir_env_options options = {.host = host, .parallelism = 2, .restart_attempts = -1};
    weir_env *env = weir_env_new(&options);
    enum weir_status status;

    sink->base = (struct weir_sink){
        .factory = {.create = create, .free = factory_free}, .type = weir_long_type(), .name = "Closing"};
    weir_add_sink(weir_env_add_source(env, number_source(&numbers), NULL, "numbers"), &sink->base, "closing");
    status = weir_env_execute(env, "close", NULL, NULL);
    weir_env_free(env);
    return status;
}

START_TEST(the_end_waits_until_all_is_given_up)
{
    struct closing_sink sink = {.answer_ns = 200 * WEIR_NS_PER_MS};
    int64_t start_ns = weir_sim_now_ns(sim);

    ck_assert_int_eq(run(&sink), WEIR_OK);
    ck_assert_int_eq(sink.begun, 2);
    ck_assert_int_eq(sink.done, 2);
    ck_assert_int_eq(sink.freed, 2);
    ck_assert_int_ge(weir_sim_now_ns(sim) - start_ns, 200 * WEIR_NS_PER_MS);
}
END_TEST

START_TEST(a_failed_attempt_gives_up_too)
{
    struct closing_sink sink = {.answer_ns = 0, .fail_at = 30};

    ck_assert_int_eq(run(&sink), WEIR_E_USER);
    ck_assert_int_eq(sink.begun, 2);
    ck_assert_int_eq(sink.done, 2);
    ck_assert_int_eq(sink.freed, 2);
}
END_TEST

START_TEST(nobody_is_waited_for_without_end)
{
    struct closing_sink sink = {.answer_ns = -1};

    ck_assert_int_eq(run(&sink), WEIR_OK);
    ck_assert_int_eq(sink.begun, 2);
    ck_assert_int_eq(sink.done, 0);
    ck_assert_int_eq(sink.freed, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("close");
    TCase *tc = tcase_create("close");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, the_end_waits_until_all_is_given_up);
    tcase_add_test(tc, a_failed_attempt_gives_up_too);
    tcase_add_test(tc, nobody_is_waited_for_without_end);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
