/*
 * test_pipeline.c - whole pipelines without checkpoints, on a simulated host and on a real one: everything arrives,
 * once, in order within a channel, whatever the size of the buffers, and ends in order.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline.h"
#include "weir/sim.h"

static struct weir_sim *sim;
static struct weir_host *host;
static struct number_sink_spec *sunk;

static void use_simulation(void)
{
    struct weir_sim_options options = {.seed = 7};

    ck_assert_int_eq(weir_sim_new(&options, &sim, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "host", "disk", &host, NULL), WEIR_OK);
    sunk = calloc(1, sizeof(*sunk));
}

static void use_real(void)
{
    ck_assert_int_eq(weir_host_new(NULL, &host, NULL), WEIR_OK);
    sunk = calloc(1, sizeof(*sunk));
}

static void teardown(void)
{
    weir_host_free(host);
    weir_sim_free(sim);
    free(sunk);
    sim = NULL;
}

static enum weir_status twice(void *arg, const void *in, void *out, struct weir_error *err)
{
    int64_t number;

    (void)arg;
    (void)err;
    memcpy(&number, in, sizeof(number));
    number *= 2;
    memcpy(out, &number, sizeof(number));
    return WEIR_OK;
}

static bool is_even_half(void *arg, const void *in)
{
    int64_t number;

    (void)arg;
    memcpy(&number, in, sizeof(number));
    return number % 4 == 0;
}

static void check_numbers(int64_t count, int64_t step, int want)
{
    for (int64_t i = 0; i < count; i++)
        ck_assert_msg(sunk->seen[i] == (i % step == 0 ? want : 0), "number %lld seen %d times", (long long)i,
                      sunk->seen[i]);
}

static void execute(weir_env *env, struct weir_job_result *result)
{
    struct weir_error err = {0};
    enum weir_status status = weir_env_execute(env, "test", result, &err);

    ck_assert_msg(status == WEIR_OK, "%s: %s", weir_status_name(status), err.message);
}

/* Goal: a chain of source, map, filter, sink does all of it in one task. */
START_TEST(a_chain_runs_to_its_end)
{
    struct number_source_spec numbers = {.count = 1000};
    struct weir_env_options options = pipeline_options(host, NULL);
    weir_env *env = weir_env_new(&options);
    weir_stream *stream = weir_env_add_source(env, number_source(&numbers), NULL, "numbers");
    struct weir_job_result result;

    stream = weir_map(stream, weir_long_type(), twice, NULL, "twice");
    stream = weir_filter(stream, is_even_half, NULL, "half");
    weir_add_sink(stream, number_sink(sunk), "sink");
    execute(env, &result);
    check_numbers(2000, 4, 1);
    ck_assert_uint_eq(result.records_in, 1000);
    ck_assert_uint_eq(result.records_out, 500);
    ck_assert_int_eq(sunk->watermark_ms, INT64_MAX);
    ck_assert_int_ge(result.first_record_ns, 0);
    weir_env_free(env);
}
END_TEST

static void number_key(void *arg, const void *element, void *key)
{
    (void)arg;
    memcpy(key, element, sizeof(int64_t));
}

struct passing {
    struct weir_operator_factory base;
};

static enum weir_status pass_on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                       struct weir_error *err)
{
    (void)timestamp_ms;
    if (memcmp(weir_context_key(op->ctx), element, sizeof(int64_t)) != 0)
        return weir_fail(err, WEIR_E_INVAL, "the key is not the element's");
    return weir_collect(op->out, element, err);
}

static void pass_free(struct weir_operator *op)
{
    free(op);
}

static const struct weir_operator_ops pass_ops = {.name = "pass", .on_record = pass_on_record, .free = pass_free};

static enum weir_status pass_create(const struct weir_operator_factory *factory, struct weir_context *ctx,
                                    struct weir_operator **out, struct weir_error *err)
{
    struct weir_operator *op = calloc(1, sizeof(*op));

    (void)factory;
    (void)ctx;
    (void)err;
    op->ops = &pass_ops;
    *out = op;
    return WEIR_OK;
}

static void factory_free(struct weir_operator_factory *factory)
{
    free(factory);
}

static struct weir_operator_factory *pass_factory(void)
{
    struct weir_operator_factory *factory = calloc(1, sizeof(*factory));

    *factory = (struct weir_operator_factory){pass_create, factory_free};
    return factory;
}

/* Goal: every way of partitioning brings each number to its receivers exactly as often as it should.
 * Method: source of 2, operator of 3, the smallest buffers and rings, so that every path through a full ring is taken.
 */
START_TEST(partitioning_loses_and_doubles_nothing)
{
    struct number_source_spec numbers = {.count = 20000};
    struct weir_env_options options = pipeline_options(host, NULL);
    struct weir_job_result result;
    weir_stream *stream;
    weir_env *env;

    options.parallelism = 2;
    options.buffer_bytes = 1024;
    options.buffers_per_channel = 2;
    options.buffer_timeout_ms = _i == 5 ? -1 : 0;
    env = weir_env_new(&options);
    stream = weir_env_add_source(env, number_source(&numbers), NULL, "numbers");
    switch (_i) {
    case 1:
        stream = weir_broadcast(stream);
        break;
    case 2:
        stream = weir_global(stream);
        break;
    case 3:
        stream = weir_keyed_transform(weir_key_by(stream, weir_long_type(), number_key, NULL), weir_long_type(),
                                      pass_factory(), "keyed");
        break;
    case 4:
        stream = weir_union(stream, weir_rebalance(stream));
        break;
    default:
        stream = weir_rebalance(stream);
        break;
    }
    stream = weir_filter(stream, is_even_half, NULL, "half");
    weir_set_parallelism(stream, 3);
    weir_add_sink(stream, number_sink(sunk), "sink");
    execute(env, &result);
    check_numbers(20000, 4, _i == 1 ? 3 : _i == 4 ? 2 : 1);
    weir_env_free(env);
}
END_TEST

struct text_check {
    _Atomic int64_t next, errors;
};

/* A STRING element of 0..3000 bytes: longer ones do not fit a buffer of 1 KiB. */
static enum weir_status to_text(void *arg, const void *in, void *out, struct weir_error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    static _Thread_local char text[4096];
    struct weir_view view;
    int64_t number;

    (void)arg;
    (void)err;
    memcpy(&number, in, sizeof(number));
    view = weir_view(text, (size_t)(number * 37 % 3000));
    memset(text, letters[number % 26], view.len);
    memcpy(out, &view, sizeof(view));
    return WEIR_OK;
}

static bool check_text(void *arg, const void *in)
{
    struct text_check *check = arg;
    const struct weir_view *text = in;
    int64_t number = atomic_fetch_add(&check->next, 1); /* one split's turn after the other: in order */

    if (text->len != (size_t)(number * 37 % 3000) ||
        (text->len > 0 && text->ptr[text->len - 1] != (uint8_t)('a' + number % 26)))
        atomic_fetch_add(&check->errors, 1);
    return false;
}

/* Goal: elements of changing length arrive whole and in order, those longer than a buffer included. */
START_TEST(long_elements_keep_their_order)
{
    struct number_source_spec numbers = {.count = 3000, .timestamps = true};
    struct weir_env_options options = pipeline_options(host, NULL);
    struct text_check check = {0};
    weir_stream *stream;
    weir_env *env;

    options.buffer_bytes = 1024;
    options.buffers_per_channel = 2;
    env = weir_env_new(&options);
    stream = weir_env_add_source(env, number_source(&numbers), NULL, "numbers");
    stream = weir_map(stream, weir_string_type(), to_text, NULL, "text");
    weir_filter(weir_rebalance(stream), check_text, &check, "check");
    execute(env, NULL);
    ck_assert_int_eq(check.next, 3000);
    ck_assert_int_eq(check.errors, 0);
    weir_env_free(env);
}
END_TEST

static enum weir_status fail_at_700(void *arg, const void *in, void *out, struct weir_error *err)
{
    int64_t number;

    (void)arg;
    memcpy(&number, in, sizeof(number));
    if (number == 700)
        return weir_fail(err, WEIR_E_USER, "cannot stand 700");
    memcpy(out, &number, sizeof(number));
    return WEIR_OK;
}

/* Goal: a failing function ends the job with its operator, its subtask and its words. */
START_TEST(a_failure_names_operator_and_subtask)
{
    struct number_source_spec numbers = {.count = 1000};
    struct weir_env_options options = pipeline_options(host, NULL);
    struct weir_error err = {0};
    weir_env *env;
    weir_stream *stream;

    options.parallelism = 4;
    env = weir_env_new(&options);
    stream = weir_env_add_source(env, number_source(&numbers), NULL, "numbers");
    stream = weir_map(stream, weir_long_type(), fail_at_700, NULL, "picky");
    weir_add_sink(stream, number_sink(sunk), "sink");
    ck_assert_int_eq(weir_env_execute(env, "test", NULL, &err), WEIR_E_USER);
    ck_assert_str_eq(err.message, "operator \"picky\" (subtask 1/4): cannot stand 700");
    weir_env_free(env);
}
END_TEST

static void cancel_later(void *arg, const struct weir_job_result *so_far)
{
    if (so_far->records_out > 10)
        weir_env_cancel(arg);
}

/* Goal: cancelling ends an unbounded job, and says so. */
START_TEST(cancel_ends_the_job)
{
    _Atomic bool released = false;
    struct number_source_spec numbers = {.count = 10000, .hold_at = 50, .released = &released};
    struct weir_env_options options = pipeline_options(host, NULL);
    struct weir_error err = {0};
    weir_env *env;

    options.parallelism = 2;
    env = weir_env_new(&options);
    weir_add_sink(weir_env_add_source(env, number_source(&numbers), NULL, "numbers"), number_sink(sunk), "sink");
    weir_env_on_progress(env, 1, cancel_later, env);
    ck_assert_int_eq(weir_env_execute(env, "test", NULL, &err), WEIR_E_CANCELLED);
    ck_assert_ptr_nonnull(strstr(err.message, "cancelled"));
    weir_env_free(env);
}
END_TEST

static void add_all(TCase *tc)
{
    tcase_add_test(tc, a_chain_runs_to_its_end);
    tcase_add_loop_test(tc, partitioning_loses_and_doubles_nothing, 0, 6);
    tcase_add_test(tc, long_elements_keep_their_order);
    tcase_add_test(tc, a_failure_names_operator_and_subtask);
    tcase_add_test(tc, cancel_ends_the_job);
}

int main(void)
{
    Suite *suite = suite_create("pipeline");
    TCase *simulated = tcase_create("simulated"), *real = tcase_create("real");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(simulated, use_simulation, teardown);
    tcase_add_checked_fixture(real, use_real, teardown);
    add_all(simulated);
    add_all(real);
    suite_add_tcase(suite, simulated);
    suite_add_tcase(suite, real);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
