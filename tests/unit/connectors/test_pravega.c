/*
 * test_pravega.c - the Pravega reader and writer on an embedded store, all of it in a simulated world.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/segment_reader.h"
#include "pravega/streams.h"
#include "runtime/context.h"
#include "weir/connectors.h"
#include "weir/pravega.h"
#include "weir/sim.h"
#include "weir/store.h"

#define BURST 300
#define BURSTS 40
#define NUMBER_COUNT (BURST * BURSTS)

static struct weir_sim *sim;
static struct weir_host *store_host, *host;
static struct weir_loop *store_loop, *loop;
static struct weir_store *store;
static struct pravega_client *client;
static struct weir_pravega_config config;
static enum weir_status call_status;

static void on_called(void *arg, enum weir_status status, const struct weir_error *why)
{
    (void)arg;
    (void)why;
    call_status = status;
    weir_loop_stop(loop);
}

static void create_stream(const char *name, int segments)
{
    struct pravega_stream_name stream = {"test", name};
    struct pravega_stream_config stream_config = {.min_segments = segments};

    pravega_stream_create(client, &stream, &stream_config, on_called, NULL);
    weir_loop_run(loop);
    ck_assert_int_eq(call_status, WEIR_OK);
}

static void setup(void)
{
    struct weir_sim_options options = {.seed = 3};
    struct weir_store_options store_options = {.data_dir = "data"};
    struct pravega_client_options client_options = {0};

    ck_assert_int_eq(weir_sim_new(&options, &sim, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "store", "store-disk", &store_host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "job", "job-disk", &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(store_host, "store", &store_loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_store_open(store_loop, &store_options, &store, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(store_loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "test", &loop, NULL), WEIR_OK);
    config = (struct weir_pravega_config){.controller_uri = weir_store_uri(store), .scope = "test"};
    client_options.controller_uri = config.controller_uri;
    ck_assert_int_eq(pravega_client_new(loop, &client_options, &client, NULL), WEIR_OK);
    pravega_scope_create(client, "test", on_called, NULL);
    weir_loop_run(loop);
    ck_assert_int_eq(call_status, WEIR_OK);
}

static void teardown(void)
{
    pravega_client_free(client);
    weir_loop_free(loop);
    weir_loop_stop(store_loop);
    weir_loop_join(store_loop);
    weir_store_close(store);
    weir_loop_free(store_loop);
    weir_host_free(host);
    weir_host_free(store_host);
    weir_sim_free(sim);
}

static void number_of(void *arg, int64_t index, void *element)
{
    (void)arg;
    *(int64_t *)element = index;
}

/* One number becomes BURST numbers: more than the small window of these tests has room for. */
static enum weir_status burst(void *arg, const void *in, struct weir_collector *out, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    (void)arg;
    for (int64_t i = 0; i < BURST && status == WEIR_OK; i++) {
        int64_t number = *(const int64_t *)in * BURST + i;

        status = weir_collect(out, &number, err);
    }
    return status;
}

static struct weir_view route(void *arg, const void *element)
{
    static char key[24];

    (void)arg;
    return weir_view(key, (size_t)snprintf(key, sizeof(key), "%" PRId64, *(const int64_t *)element % 7));
}

static void write_bursts(enum weir_pravega_writer_mode mode, const char *stream)
{
    struct weir_env_options options = {.host = host, .checkpoint_interval_ms = 5, .checkpoints_dir = "chk"};
    struct weir_generator_options source = {.type = weir_long_type(), .generate = number_of, .count = BURSTS};
    struct weir_pravega_writer_options sink = {.config = &config,
                                               .stream = stream,
                                               .writer_mode = mode,
                                               .serialization_schema = weir_long_serialization(),
                                               .event_router = route,
                                               .window_bytes = 1000};
    weir_env *env = weir_env_new(&options);
    weir_stream *numbers = weir_env_add_source(env, weir_generator(env, &source), NULL, "numbers");
    struct weir_error err = {0};

    numbers = weir_flat_map(numbers, weir_long_type(), burst, NULL, "burst");
    weir_add_sink(numbers, weir_pravega_writer(env, &sink), "out");
    ck_assert_msg(weir_env_execute(env, "bursts", NULL, &err) == WEIR_OK, "%s", err.message);
    weir_env_free(env);
}

struct tally {
    int counts[NUMBER_COUNT];
    int64_t last[7]; /* of each key */
    int64_t out_of_order;
};

static enum weir_status tally_number(void *arg, const void *in, void *out, struct weir_error *err)
{
    struct tally *tally = arg;
    int64_t number = *(const int64_t *)in;

    (void)err;
    tally->counts[number]++;
    tally->out_of_order += number < tally->last[number % 7];
    tally->last[number % 7] = number;
    *(int64_t *)out = number;
    return WEIR_OK;
}

static void check_stream(const char *stream)
{
    struct tally *tally = calloc(1, sizeof(*tally));
    struct weir_env_options options = {.host = host};
    struct weir_pravega_reader_options source = {.config = &config,
                                                 .streams = {stream},
                                                 .end = WEIR_PRAVEGA_TAIL,
                                                 .deserialization_schema = weir_long_deserialization()};
    weir_env *env = weir_env_new(&options);
    weir_stream *numbers = weir_env_add_source(env, weir_pravega_reader(env, &source), NULL, "numbers");
    struct weir_error err = {0};

    weir_add_sink(weir_map(numbers, weir_long_type(), tally_number, tally, "tally"),
                  weir_blackhole_sink(env, weir_long_type()), "nothing");
    ck_assert_msg(weir_env_execute(env, "tally", NULL, &err) == WEIR_OK, "%s", err.message);
    weir_env_free(env);
    for (int i = 0; i < NUMBER_COUNT; i++)
        ck_assert_msg(tally->counts[i] == 1, "number %d stands %d times", i, tally->counts[i]);
    ck_assert_int_eq(tally->out_of_order, 0);
    free(tally);
}

/* Goal: a full window loses nothing and keeps the order of each key. */
START_TEST(bursts_beyond_the_window_arrive)
{
    static const enum weir_pravega_writer_mode modes[] = {WEIR_PRAVEGA_ATLEAST_ONCE, WEIR_PRAVEGA_EXACTLY_ONCE};

    create_stream("out", 3);
    write_bursts(modes[_i], "out");
    check_stream("out");
}
END_TEST

static enum weir_status execute_read(const char *stream, bool skip, struct weir_error *err)
{
    struct weir_env_options options = {.host = host, .restart_attempts = -1};
    struct weir_pravega_reader_options source = {.config = &config,
                                                 .streams = {stream},
                                                 .end = WEIR_PRAVEGA_TAIL,
                                                 .skip_malformed = skip,
                                                 .deserialization_schema = weir_int_deserialization()};
    weir_env *env = weir_env_new(&options);
    enum weir_status status;

    weir_add_sink(weir_env_add_source(env, weir_pravega_reader(env, &source), NULL, "numbers"),
                  weir_blackhole_sink(env, weir_int_type()), "nothing");
    status = weir_env_execute(env, "read", NULL, err);
    weir_env_free(env);
    return status;
}

START_TEST(what_cannot_be_read_is_named)
{
    struct weir_error err = {0};

    ck_assert_int_eq(execute_read("nowhere", false, &err), WEIR_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, "stream test/nowhere does not exist"));
    ck_assert_ptr_nonnull(strstr(err.message, "weir stream create"));
    create_stream("longs", 1);
    write_bursts(WEIR_PRAVEGA_ATLEAST_ONCE, "longs");
    ck_assert_int_eq(execute_read("longs", false, &err), WEIR_E_DAMAGED);
    ck_assert_ptr_nonnull(strstr(err.message, "test/longs, segment 0.#epoch.0, offset 0"));
    ck_assert_int_eq(execute_read("longs", true, &err), WEIR_OK);
}
END_TEST

static enum weir_status refuse(void *arg, const void *in, void *out, struct weir_error *err)
{
    (void)arg, (void)in, (void)out;
    return weir_fail(err, WEIR_E_DAMAGED, "refused on purpose");
}

/* Goal: skip_malformed is about messages; an operator's failure of the same status loses no record. */
START_TEST(an_operator_that_fails_is_no_malformed_event)
{
    struct weir_env_options options = {.host = host, .restart_attempts = -1};
    struct weir_pravega_reader_options source = {.config = &config,
                                                 .streams = {"longs"},
                                                 .end = WEIR_PRAVEGA_TAIL,
                                                 .skip_malformed = true,
                                                 .deserialization_schema = weir_long_deserialization()};
    weir_env *env = weir_env_new(&options);
    struct weir_error err = {0};
    weir_stream *numbers;

    create_stream("longs", 1);
    write_bursts(WEIR_PRAVEGA_ATLEAST_ONCE, "longs");
    numbers = weir_env_add_source(env, weir_pravega_reader(env, &source), NULL, "numbers");
    weir_add_sink(weir_map(numbers, weir_long_type(), refuse, NULL, "refuse"),
                  weir_blackhole_sink(env, weir_long_type()), "nothing");
    ck_assert_int_eq(weir_env_execute(env, "refused", NULL, &err), WEIR_E_DAMAGED);
    ck_assert_ptr_nonnull(strstr(err.message, "refused on purpose"));
    weir_env_free(env);
}
END_TEST

START_TEST(options_are_checked_when_the_job_is_built)
{
    struct weir_env_options options = {.host = host};
    struct weir_pravega_reader_options reader = {.config = &config,
                                                 .deserialization_schema = weir_int_deserialization()};
    struct weir_pravega_writer_options writer = {.config = &config,
                                                 .stream = "out",
                                                 .txn_lease_renewal_period_ms = 5,
                                                 .serialization_schema = weir_int_serialization()};
    weir_env *env = weir_env_new(&options);
    struct weir_error err = {0};

    ck_assert_ptr_null(weir_pravega_reader(env, &reader));
    ck_assert_int_eq(weir_env_execute(env, "x", NULL, &err), WEIR_E_INVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "at least one stream must be supplied"));
    weir_env_free(env);
    env = weir_env_new(&options);
    ck_assert_ptr_null(weir_pravega_writer(env, &writer));
    ck_assert_int_eq(weir_env_execute(env, "x", NULL, &err), WEIR_E_INVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "txn_lease_renewal_period_ms is 5"));
    weir_env_free(env);
}
END_TEST

START_TEST(exactly_once_asks_for_checkpoints)
{
    struct weir_env_options options = {.host = host};
    struct weir_generator_options source = {.type = weir_long_type(), .generate = number_of, .count = 1};
    struct weir_pravega_writer_options sink = {.config = &config,
                                               .stream = "out",
                                               .writer_mode = WEIR_PRAVEGA_EXACTLY_ONCE,
                                               .serialization_schema = weir_long_serialization()};
    weir_env *env = weir_env_new(&options);
    struct weir_error err = {0};

    weir_add_sink(weir_env_add_source(env, weir_generator(env, &source), NULL, "numbers"),
                  weir_pravega_writer(env, &sink), "out");
    ck_assert_int_eq(weir_env_execute(env, "x", NULL, &err), WEIR_E_INVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "EXACTLY_ONCE needs checkpoints"));
    weir_env_free(env);
}
END_TEST

/* --- a writer driven by hand ---------------------------------------------------------------------------------------
 */

static void on_wake(void *arg)
{
    (void)arg;
    weir_loop_stop(loop);
}

static void on_fail(void *arg, const struct weir_error *why)
{
    (void)arg;
    ck_abort_msg("%s", why->message);
}

/* Runs the loop until an operator wakes it, at the most a second. */
static void await_wake(void)
{
    struct weir_timer limit = {.fn = on_wake};

    weir_timer_start(loop, &limit, WEIR_NS_PER_S);
    weir_loop_run(loop);
    weir_timer_stop(loop, &limit);
}

static void write_number(struct weir_operator *op, int64_t number)
{
    for (int i = 0; i < 100 && !op->ops->ready(op); i++)
        await_wake();
    ck_assert(op->ops->ready(op));
    ck_assert_int_eq(op->ops->on_record(op, &number, WEIR_NO_TIMESTAMP, NULL), WEIR_OK);
}

static void await_ok(enum weir_status (*step)(struct weir_operator *op, int64_t checkpoint_id, struct weir_error *err),
                     struct weir_operator *op, int64_t checkpoint_id)
{
    enum weir_status status = step(op, checkpoint_id, NULL);

    for (int i = 0; i < 100 && status == WEIR_E_AGAIN; i++) {
        await_wake();
        status = step(op, checkpoint_id, NULL);
    }
    ck_assert_int_eq(status, WEIR_OK);
}

static enum weir_status count_number(void *arg, const void *in, void *out, struct weir_error *err)
{
    (void)err;
    (*(int64_t *)arg)++;
    *(int64_t *)out = *(const int64_t *)in;
    return WEIR_OK;
}

static int64_t count_of(const char *stream)
{
    struct weir_env_options options = {.host = host};
    struct weir_pravega_reader_options source = {.config = &config,
                                                 .streams = {stream},
                                                 .end = WEIR_PRAVEGA_TAIL,
                                                 .deserialization_schema = weir_long_deserialization()};
    weir_env *env = weir_env_new(&options);
    weir_stream *numbers = weir_env_add_source(env, weir_pravega_reader(env, &source), NULL, "numbers");
    int64_t count = 0;

    weir_add_sink(weir_map(numbers, weir_long_type(), count_number, &count, "count"),
                  weir_blackhole_sink(env, weir_long_type()), "nothing");
    ck_assert_int_eq(weir_env_execute(env, "count", NULL, NULL), WEIR_OK);
    weir_env_free(env);
    return count;
}

/* Goal: a checkpoint that is given up in the middle of a flush does not stop the writer, and the next one covers what
 * came since. Method: the flush of checkpoint 1 is begun and not asked after again, one more record is written, and
 * checkpoint 2 has to have both. */
START_TEST(a_given_up_flush_covers_nothing_more)
{
    static const enum weir_pravega_writer_mode modes[] = {WEIR_PRAVEGA_ATLEAST_ONCE, WEIR_PRAVEGA_EXACTLY_ONCE};
    struct weir_chain_host chain_host = {.loop = loop,
                                         .parallelism = 1,
                                         .max_parallelism = 128,
                                         .checkpointing = true,
                                         .wake = on_wake,
                                         .fail = on_fail};
    struct weir_context ctx = {.host = &chain_host, .name = "out", .uid = "out"};
    struct weir_pravega_writer_options options = {.config = &config,
                                                  .stream = "out",
                                                  .writer_mode = modes[_i],
                                                  .serialization_schema = weir_long_serialization()};
    weir_env *env = weir_env_new(&(struct weir_env_options){.host = host});
    struct weir_sink *sink = weir_pravega_writer(env, &options);
    struct weir_operator *op = NULL;

    create_stream("out", 1);
    ck_assert_int_eq(sink->factory.create(&sink->factory, &ctx, &op, NULL), WEIR_OK);
    op->ctx = &ctx;
    ck_assert_int_eq(op->ops->open(op, NULL), WEIR_OK);
    write_number(op, 1);
    for (int i = 0; i < 100 && !op->ops->ready(op); i++) /* exactly once: the transaction has to begin */
        await_wake();
    ck_assert_int_eq(op->ops->prepare(op, 1, NULL), WEIR_E_AGAIN);
    if (op->ops->aborted != NULL)
        op->ops->aborted(op, 1);
    await_wake();
    write_number(op, 2);
    await_ok(op->ops->prepare, op, 2);
    if (op->ops->committed != NULL)
        await_ok(op->ops->committed, op, 2);
    op->ops->free(op);
    sink->factory.free(&sink->factory);
    weir_env_free(env);
    ck_assert_int_eq(count_of("out"), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pravega connectors");
    TCase *tc = tcase_create("pravega connectors");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, bursts_beyond_the_window_arrive, 0, 2);
    tcase_add_test(tc, what_cannot_be_read_is_named);
    tcase_add_test(tc, an_operator_that_fails_is_no_malformed_event);
    tcase_add_test(tc, options_are_checked_when_the_job_is_built);
    tcase_add_test(tc, exactly_once_asks_for_checkpoints);
    tcase_add_loop_test(tc, a_given_up_flush_covers_nothing_more, 0, 2);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
