/*
 * test_registry.c - names, labels and families, and the two texts that are made of them.
 */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "metrics/registry.h"

static struct weir_metrics *metrics;
static struct weir_metric_scope *root;
static struct weir_counter counter, other;
static struct weir_gauge gauge;
static struct weir_meter meter;
static struct weir_histogram histogram;
static struct weir_buf text;

static void setup(void)
{
    counter = other = (struct weir_counter){0};
    gauge = (struct weir_gauge){0};
    meter = (struct weir_meter){0};
    histogram = (struct weir_histogram){0};
    weir_buf_init(&text, 1 << 16);
    ck_assert_int_eq(weir_metrics_new(0, &metrics, NULL), WEIR_OK);
    root = weir_metrics_root(metrics);
}

static void teardown(void)
{
    weir_metrics_free(metrics);
    weir_buf_fini(&text);
}

static struct weir_metric_scope *scope(struct weir_metric_scope *parent, const char *name, const char *label,
                                       const char *value)
{
    struct weir_metric_scope *made = NULL;

    ck_assert_int_eq(weir_metric_scope_new(parent, name, label, value, &made, NULL), WEIR_OK);
    return made;
}

static void add(struct weir_metric_scope *to, enum weir_metric_kind kind, const char *name, const void *value)
{
    ck_assert_int_eq(weir_metric_add(to, kind, name, "What it is.", value, NULL), WEIR_OK);
}

static const char *report(void)
{
    weir_buf_reset(&text);
    weir_metrics_prometheus(metrics, &text);
    weir_buf_u8(&text, 0);
    ck_assert_int_eq(text.status, WEIR_OK);
    return (const char *)text.ptr;
}

START_TEST(families_stand_together)
{
    struct weir_metric_scope *store = scope(root, "pravega.store", "host", "a\"b\\c\nd");

    add(scope(store, NULL, "kind", "x"), WEIR_METRIC_COUNTER, "bytes", &counter);
    add(store, WEIR_METRIC_GAUGE, "a-gauge", &gauge);
    add(scope(store, NULL, "kind", "y"), WEIR_METRIC_COUNTER, "bytes", &other);
    weir_counter_add(&counter, 7);
    weir_counter_set(&other, UINT64_C(1) << 40);
    weir_gauge_set(&gauge, -1.5);
    ck_assert_str_eq(report(), "# HELP pravega_store_a_gauge What it is.\n"
                               "# TYPE pravega_store_a_gauge gauge\n"
                               "pravega_store_a_gauge{host=\"a\\\"b\\\\c\\nd\"} -1.5\n"
                               "# HELP pravega_store_bytes_total What it is.\n"
                               "# TYPE pravega_store_bytes_total counter\n"
                               "pravega_store_bytes_total{kind=\"x\",host=\"a\\\"b\\\\c\\nd\"} 7\n"
                               "pravega_store_bytes_total{kind=\"y\",host=\"a\\\"b\\\\c\\nd\"} 1099511627776\n");
}
END_TEST

START_TEST(summaries_and_meters)
{
    add(scope(root, NULL, "c", "0"), WEIR_METRIC_HISTOGRAM, "latency_ms", &histogram);
    add(root, WEIR_METRIC_METER, "records", &meter);
    weir_histogram_record(&histogram, 3);
    weir_histogram_record(&histogram, 5);
    weir_meter_mark(&meter, 50);
    weir_meter_tick(&meter);
    ck_assert_str_eq(report(), "# HELP latency_ms What it is.\n# TYPE latency_ms summary\n"
                               "latency_ms{c=\"0\",quantile=\"0.5\"} 3\nlatency_ms{c=\"0\",quantile=\"0.9\"} 5\n"
                               "latency_ms{c=\"0\",quantile=\"0.99\"} 5\nlatency_ms{c=\"0\",quantile=\"0.999\"} 5\n"
                               "latency_ms{c=\"0\",quantile=\"1\"} 5\n"
                               "latency_ms_sum{c=\"0\"} 8\nlatency_ms_count{c=\"0\"} 2\n"
                               "# HELP records_total What it is.\n# TYPE records_total counter\nrecords_total 50\n"
                               "# HELP records_per_second What it is.\n# TYPE records_per_second gauge\n"
                               "records_per_second 10\n");
}
END_TEST

START_TEST(lines_of_json)
{
    struct weir_metric_scope *named = scope(root, "s", "k", "v\"\t");

    add(named, WEIR_METRIC_COUNTER, "c", &counter);
    add(named, WEIR_METRIC_GAUGE, "g", &gauge);
    add(root, WEIR_METRIC_HISTOGRAM, "h", &histogram);
    weir_gauge_set(&gauge, INFINITY);
    weir_histogram_record(&histogram, 4);
    weir_metrics_json_lines(metrics, 12, &text);
    weir_buf_u8(&text, 0);
    ck_assert_str_eq((const char *)text.ptr,
                     "{\"time_ms\":12,\"name\":\"h\",\"labels\":{},\"kind\":\"histogram\",\"count\":1,\"sum\":4,"
                     "\"p50\":4,\"p90\":4,\"p99\":4,\"p999\":4,\"max\":4}\n"
                     "{\"time_ms\":12,\"name\":\"s.c\",\"labels\":{\"k\":\"v\\\"\\u0009\"},\"kind\":\"counter\","
                     "\"count\":0}\n"
                     "{\"time_ms\":12,\"name\":\"s.g\",\"labels\":{\"k\":\"v\\\"\\u0009\"},\"kind\":\"gauge\","
                     "\"value\":null}\n");
}
END_TEST

START_TEST(a_name_is_one_thing)
{
    struct weir_metric_scope *a = scope(root, NULL, "k", "a");

    add(a, WEIR_METRIC_COUNTER, "n", &counter);
    ck_assert_int_eq(weir_metric_add(a, WEIR_METRIC_COUNTER, "n", "", &other, NULL), WEIR_E_EXISTS);
    ck_assert_int_eq(weir_metric_add(scope(root, NULL, "k", "a"), WEIR_METRIC_COUNTER, "n", "", &other, NULL),
                     WEIR_E_EXISTS);
    ck_assert_int_eq(weir_metric_add(root, WEIR_METRIC_GAUGE, "n", "", &gauge, NULL), WEIR_E_CONFLICT);
    add(root, WEIR_METRIC_COUNTER, "n", &other);
    weir_metric_scope_free(a);
    ck_assert_str_eq(report(), "# HELP n_total What it is.\n# TYPE n_total counter\nn_total 0\n");
}
END_TEST

START_TEST(the_number_is_limited)
{
    char name[16];

    weir_metrics_free(metrics);
    ck_assert_int_eq(weir_metrics_new(100, &metrics, NULL), WEIR_OK);
    root = weir_metrics_root(metrics);
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "n%d", i * 37 % 100);
        add(root, WEIR_METRIC_COUNTER, name, &counter);
    }
    ck_assert_int_eq(weir_metric_add(root, WEIR_METRIC_COUNTER, "more", "", &counter, NULL), WEIR_E_LIMIT);
}
END_TEST

static void count_up(void *arg)
{
    weir_counter_add(arg, 1);
}

START_TEST(values_are_fetched_before_a_report)
{
    add(root, WEIR_METRIC_COUNTER, "total", &counter);
    weir_metrics_on_report(metrics, count_up, &counter);
    report();
    ck_assert_str_eq(report(), "# HELP total_total What it is.\n# TYPE total_total counter\ntotal_total 2\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("registry");
    TCase *tc = tcase_create("registry");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, families_stand_together);
    tcase_add_test(tc, summaries_and_meters);
    tcase_add_test(tc, lines_of_json);
    tcase_add_test(tc, a_name_is_one_thing);
    tcase_add_test(tc, the_number_is_limited);
    tcase_add_test(tc, values_are_fetched_before_a_report);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
