/*
 * test_window.c - the window operator driven by hand: what a restore makes of windows, and times at the ends of time.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/context.h"
#include "runtime/keyed_operators.h"
#include "runtime/snapshot.h"

static int64_t emitted_sum;

static enum weir_status note(struct weir_collector *out, const void *element, struct weir_error *err)
{
    (void)out;
    (void)err;
    emitted_sum += *(const int64_t *)element;
    return WEIR_OK;
}

static void add(void *arg, void *acc, const void *value)
{
    (void)arg;
    *(int64_t *)acc += *(const int64_t *)value;
}

static struct weir_collector out = {note, 0};
static struct weir_chain_host host = {.parallelism = 1, .max_parallelism = 16};
static struct weir_context ctx = {.host = &host, .name = "window", .uid = "window"};
static struct weir_operator_factory *factory;

static void setup(void)
{
    struct weir_window_spec spec = {
        .selector = {.type = weir_long_type()}, .assigner = {.size_ms = 10}, .allowed_lateness_ms = 100};
    struct weir_reducer reducer = {.type = weir_long_type(), .fn = add};

    ck_assert_int_eq(weir_window_reduce_factory_new(&spec, &reducer, &factory, NULL), WEIR_OK);
    emitted_sum = 0;
}

static void teardown(void)
{
    factory->free(factory);
}

static struct weir_operator *make(void)
{
    struct weir_operator *op;

    ck_assert_int_eq(factory->create(factory, &ctx, &op, NULL), WEIR_OK);
    op->ctx = &ctx;
    op->out = &out;
    return op;
}

static void put(struct weir_operator *op, int64_t number, int64_t timestamp_ms)
{
    ck_assert_int_eq(op->ops->on_record(op, &number, timestamp_ms, NULL), WEIR_OK);
}

static void restore(struct weir_operator *op, const struct weir_snapshot *from)
{
    struct weir_snapshot_cursor cursor = weir_snapshot_cursor(weir_buf_view(&from->entries));
    struct weir_restored entry;
    char name[128];

    while (weir_snapshot_next(&cursor, &entry, name) == WEIR_OK)
        ck_assert_int_eq(op->ops->restore(op, &entry, NULL), WEIR_OK);
}

/* Goal: no window's result is lost when subtasks whose watermarks differed (at least once does not align them) become
 * one. Method: key 1's window has fired, key 2's has not; both are restored into one operator, in both orders. */
START_TEST(a_window_that_fired_elsewhere_only_fires_again)
{
    struct weir_snapshot snapshots[2];

    for (int i = 0; i < 2; i++) {
        struct weir_operator *op = make();

        weir_snapshot_init(&snapshots[i]);
        weir_snapshot_begin_operator(&snapshots[i], "window");
        put(op, i + 1, 5);
        if (i == _i)
            ck_assert_int_eq(op->ops->on_watermark(op, 9, NULL), WEIR_OK);
        ck_assert_int_eq(op->ops->snapshot(op, 1, &snapshots[i], NULL), WEIR_OK);
        op->ops->free(op);
    }
    ck_assert_int_eq(emitted_sum, _i + 1);
    emitted_sum = 0;
    struct weir_operator *both = make();

    restore(both, &snapshots[0]);
    restore(both, &snapshots[1]);
    ck_assert_int_eq(both->ops->on_watermark(both, 9, NULL), WEIR_OK);
    ck_assert_int_eq(emitted_sum, 3);
    both->ops->free(both);
    weir_snapshot_fini(&snapshots[0]);
    weir_snapshot_fini(&snapshots[1]);
}
END_TEST

/* A window that has fired everywhere does not fire again, but for an element that is late. */
START_TEST(a_restored_window_does_not_fire_twice)
{
    struct weir_operator *op = make();
    struct weir_snapshot snapshot;

    weir_snapshot_init(&snapshot);
    weir_snapshot_begin_operator(&snapshot, "window");
    put(op, 1, 5);
    ck_assert_int_eq(op->ops->on_watermark(op, 9, NULL), WEIR_OK);
    ck_assert_int_eq(op->ops->snapshot(op, 1, &snapshot, NULL), WEIR_OK);
    op->ops->free(op);
    emitted_sum = 0;
    op = make();
    restore(op, &snapshot);
    ck_assert_int_eq(op->ops->on_watermark(op, 20, NULL), WEIR_OK);
    ck_assert_int_eq(emitted_sum, 0);
    put(op, 1, 6);
    ck_assert_int_eq(emitted_sum, 2);
    op->ops->free(op);
    weir_snapshot_fini(&snapshot);
}
END_TEST

/* Event times come from the data: any is possible. */
START_TEST(times_may_be_anything)
{
    static const int64_t times[] = {INT64_MIN + 1, INT64_MIN + 5, -1, 0, INT64_MAX - 1, INT64_MAX};
    struct weir_operator *op = make();

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
        put(op, 1, times[i]);
    ck_assert_int_eq(op->ops->on_watermark(op, INT64_MAX, NULL), WEIR_OK);
    ck_assert_int_eq(emitted_sum, 6);
    op->ops->free(op);
}
END_TEST

struct average {
    int64_t sum, count;
};

static const struct weir_field average_fields[] = {WEIR_FIELD(struct average, sum, LONG),
                                                   WEIR_FIELD(struct average, count, LONG)};
static const struct weir_type average_type = WEIR_STRUCT_TYPE(struct average, average_fields, true);

static void begin_at_one(void *arg, void *acc)
{
    (void)arg;
    *(struct average *)acc = (struct average){1, 0};
}

static void add_to_average(void *arg, void *acc, const void *element)
{
    struct average *average = acc;

    (void)arg;
    average->sum += *(const int64_t *)element;
    average->count++;
}

static void result_of(void *arg, const void *key, const struct weir_window *window, const void *acc, void *result)
{
    const struct average *average = acc;

    ck_assert_ptr_eq(arg, &emitted_sum);
    ck_assert_int_eq(window->end_ms - window->start_ms, 10);
    *(int64_t *)result =
        average->sum * 1000 + average->count * 100 + *(const int64_t *)key * 10 + window->start_ms / 10;
}

START_TEST(an_aggregate_is_folded_and_made_into_a_result)
{
    struct weir_window_spec spec = {.selector = {.type = weir_long_type()}, .assigner = {.size_ms = 10}};
    struct weir_aggregate aggregate = {&average_type,  weir_long_type(), begin_at_one,
                                       add_to_average, result_of,        &emitted_sum};
    struct weir_error err = {0};
    struct weir_operator *op;

    factory->free(factory);
    ck_assert_int_eq(weir_window_aggregate_factory_new(&spec, &aggregate, &factory, NULL), WEIR_OK);
    op = make();
    put(op, 2, 25);
    put(op, 2, 29);
    ck_assert_int_eq(op->ops->on_watermark(op, 28, NULL), WEIR_OK);
    ck_assert_int_eq(emitted_sum, 0);
    ck_assert_int_eq(op->ops->on_watermark(op, 29, NULL), WEIR_OK);
    ck_assert_int_eq(emitted_sum, 5222);
    op->ops->free(op);
    aggregate.acc_type = weir_string_type();
    ck_assert_int_eq(weir_window_aggregate_factory_new(&spec, &aggregate, NULL, &err), WEIR_E_INVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "has to be fixed"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("window");
    TCase *tc = tcase_create("window");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, a_window_that_fired_elsewhere_only_fires_again, 0, 2);
    tcase_add_test(tc, a_restored_window_does_not_fire_twice);
    tcase_add_test(tc, times_may_be_anything);
    tcase_add_test(tc, an_aggregate_is_folded_and_made_into_a_result);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
