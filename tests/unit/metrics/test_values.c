/*
 * test_values.c - counters, meters and histograms: what they say of what they were told.
 */
#include <check.h>
#include <stdlib.h>

#include "metrics/values.h"

static struct weir_histogram histogram;
static struct weir_meter meter;

static void setup(void)
{
    histogram = (struct weir_histogram){0};
    meter = (struct weir_meter){0};
}

static double quantile(double question)
{
    double answer;

    weir_histogram_quantiles(&histogram, &question, &answer, 1);
    return answer;
}

/* Goal: every value counts within a sixteenth of itself, the largest there is included. */
START_TEST(buckets_are_narrow)
{
    for (int shift = 0; shift < 64; shift++) {
        for (int64_t delta = -1; delta <= 1; delta++) {
            uint64_t value = (UINT64_C(1) << shift) + (uint64_t)delta;
            double answer;

            setup();
            weir_histogram_record(&histogram, value);
            answer = quantile(0.5);
            ck_assert_msg(answer <= (double)value && answer >= (double)value * 15 / 16, "%.15g for %llu", answer,
                          (unsigned long long)value);
            ck_assert(weir_histogram_largest(&histogram) == value);
        }
    }
    setup();
    weir_histogram_record(&histogram, UINT64_MAX);
    ck_assert_double_ge(quantile(1), 1.7e19);
}
END_TEST

START_TEST(quantiles_of_a_spread)
{
    static const double questions[] = {0, 0.5, 0.9, 0.99, 1};
    double answers[5];

    for (uint64_t i = 1; i <= 1000; i++)
        weir_histogram_record(&histogram, i);
    weir_histogram_quantiles(&histogram, questions, answers, 5);
    ck_assert_double_eq(answers[0], 1);
    ck_assert_double_eq_tol(answers[1], 500, 20);
    ck_assert_double_eq_tol(answers[2], 900, 32);
    ck_assert_double_eq_tol(answers[3], 990, 32);
    ck_assert_double_eq_tol(answers[4], 1000, 32);
    ck_assert_double_le(answers[4], 1000);
    ck_assert(weir_counter_get(&histogram.count) == 1000);
    ck_assert(weir_counter_get(&histogram.sum) == 500500);
}
END_TEST

/* Goal: quantiles forget after two periods; count and sum do not. */
START_TEST(a_histogram_looks_at_the_last_periods)
{
    weir_histogram_record(&histogram, 1000);
    weir_histogram_rotate(&histogram);
    weir_histogram_record(&histogram, 10);
    ck_assert_double_eq_tol(quantile(1), 1000, 32);
    weir_histogram_rotate(&histogram);
    ck_assert_double_eq(quantile(1), 10);
    ck_assert(weir_histogram_largest(&histogram) == 10);
    weir_histogram_rotate(&histogram);
    ck_assert_double_eq(quantile(0.5), 0);
    ck_assert(weir_counter_get(&histogram.count) == 2 && weir_counter_get(&histogram.sum) == 1010);
}
END_TEST

START_TEST(a_meter_tells_the_rate_of_the_last_minute)
{
    for (int i = 0; i < 6; i++) {
        weir_meter_mark(&meter, 50);
        weir_meter_tick(&meter);
        ck_assert_double_eq(weir_gauge_get(&meter.rate), 10); /* from the first period on */
    }
    for (int i = 0; i < 6; i++)
        weir_meter_tick(&meter);
    ck_assert_double_eq(weir_gauge_get(&meter.rate), 5);
    for (int i = 0; i < 12; i++)
        weir_meter_tick(&meter);
    ck_assert_double_eq(weir_gauge_get(&meter.rate), 0);
    ck_assert(weir_counter_get(&meter.count) == 300);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("values");
    TCase *tc = tcase_create("values");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, buckets_are_narrow);
    tcase_add_test(tc, quantiles_of_a_spread);
    tcase_add_test(tc, a_histogram_looks_at_the_last_periods);
    tcase_add_test(tc, a_meter_tells_the_rate_of_the_last_minute);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
