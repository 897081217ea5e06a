/*
 * test_epochs.c - key ranges, scales, successors and stream cuts.
 */
#include "store/rules/epochs.h"

#include <check.h>
#include <stdlib.h>

static struct weir_epochs epochs;

static void start(int32_t count)
{
    ck_assert_int_eq(weir_epochs_init(&epochs, count, 0, 0), WEIR_OK);
}

static void stop(void)
{
    weir_epochs_fini(&epochs);
}

/* Goal: ranges are those that clients of a real cluster see, to the last bit.
 * Method: values observed at a 0.13.0 server, and the formula for many counts. */
START_TEST(init_splits_as_pravega_does)
{
    start(3);
    ck_assert(epochs.list[0].segments[0].max_key == 0.3333333333333333);
    ck_assert(epochs.list[0].segments[1].max_key == 0.6666666666666666);
    ck_assert(epochs.list[0].segments[2].max_key == 1.0);
    ck_assert_int_eq(epochs.list[0].segments[2].id, 2);
    stop();
    for (int32_t count = 1; count <= 1000; count++) {
        start(count);
        for (int32_t i = 0; i < count; i++) {
            ck_assert(epochs.list[0].segments[i].min_key == i * (1.0 / count));
            ck_assert(epochs.list[0].segments[i].max_key == (i + 1) * (1.0 / count));
        }
        /* The largest key that a hash can give is 1 - 2^-52: it has an owner. */
        ck_assert(epochs.list[0].segments[count - 1].max_key >= 1.0 - 0x1p-52);
        stop();
    }
}
END_TEST

START_TEST(init_refuses_counts_that_cannot_be)
{
    ck_assert_int_eq(weir_epochs_init(&epochs, 0, 0, 0), WEIR_E_INVAL);
    ck_assert_int_eq(weir_epochs_init(&epochs, -1, 0, 0), WEIR_E_INVAL);
    ck_assert_int_eq(weir_epochs_init(&epochs, WEIR_EPOCH_SEGMENTS_MAX + 1, 0, 0), WEIR_E_INVAL);
    ck_assert_int_eq(weir_epochs_init(&epochs, 2, INT32_MAX - 1, 0), WEIR_E_INVAL);
}
END_TEST

START_TEST(init_numbers_on_from_an_older_stream)
{
    ck_assert_int_eq(weir_epochs_init(&epochs, 2, 7, 0), WEIR_OK);
    ck_assert_int_eq(epochs.list[0].segments[0].id, 7);
    ck_assert_int_eq(weir_epochs_next_number(&epochs), 9);
    stop();
}
END_TEST

/* Two segments: the second is split in two. */
static void split_second(void)
{
    int64_t sealed = 1;
    struct weir_segment_range ranges[] = {{0, 0.75, 1.0}, {0, 0.5, 0.75}};

    start(2);
    ck_assert_int_eq(weir_epochs_scale(&epochs, &sealed, 1, ranges, 2, 0), WEIR_OK);
}

START_TEST(scale_numbers_in_the_order_of_the_request)
{
    const struct weir_epoch *active;

    split_second();
    active = weir_epochs_active(&epochs);
    ck_assert_int_eq(weir_epochs_active_number(&epochs), 1);
    ck_assert_uint_eq(active->segment_count, 3);
    ck_assert_int_eq(active->segments[0].id, 0);
    ck_assert_int_eq(active->segments[1].id, weir_segment_id(1, 3)); /* 0.5..0.75 was asked for second */
    ck_assert_int_eq(active->segments[2].id, weir_segment_id(1, 2));
    ck_assert_int_eq(weir_epochs_end_of(&epochs, 1), 1);
    ck_assert_int_eq(weir_epochs_end_of(&epochs, 0), -1);
    ck_assert_int_eq(weir_epochs_end_of(&epochs, 77), -1);
    ck_assert_ptr_nonnull(weir_epochs_find(&epochs, weir_segment_id(1, 3)));
    ck_assert_ptr_null(weir_epochs_find(&epochs, weir_segment_id(1, 1)));
    ck_assert_ptr_null(weir_epochs_find(&epochs, weir_segment_id(9, 0)));
    stop();
}
END_TEST

START_TEST(scale_refuses_what_does_not_fit)
{
    int64_t both[] = {0, 1}, twice[] = {1, 1, 0}, first_and_unknown[] = {0, 0, 5}, unknown = 5;
    struct weir_segment_range negative = {0, -0.0, 1.0};
    struct weir_segment_range whole = {0, 0.0, 1.0}, half = {0, 0.5, 1.0}, empty = {0, 0.5, 0.5};

    start(2);
    ck_assert_int_eq(weir_epochs_scale(&epochs, &unknown, 1, &half, 1, 0), WEIR_E_STATE);
    ck_assert_int_eq(weir_epochs_scale(&epochs, twice, 2, &half, 1, 0), WEIR_E_INVAL);
    ck_assert_int_eq(weir_epochs_scale(&epochs, twice, 3, &half, 1, 0), WEIR_E_INVAL);
    ck_assert_int_eq(weir_epochs_scale(&epochs, first_and_unknown, 3, &half, 1, 0), WEIR_E_STATE);
    ck_assert_int_eq(weir_epochs_scale(&epochs, &unknown, 1, NULL, 0, 0), WEIR_E_STATE);
    ck_assert_int_eq(weir_epochs_scale(&epochs, both, 2, &negative, 1, 0), WEIR_E_INVAL);
    ck_assert_int_eq(weir_epochs_scale(&epochs, both, 2, &half, 1, 0), WEIR_E_INVAL);
    ck_assert_int_eq(weir_epochs_scale(&epochs, both + 1, 1, &whole, 1, 0), WEIR_E_INVAL);
    ck_assert_int_eq(weir_epochs_scale(&epochs, both + 1, 1, &empty, 1, 0), WEIR_E_INVAL);
    ck_assert_int_eq(weir_epochs_scale(&epochs, both, 0, &whole, 1, 0), WEIR_E_INVAL);
    ck_assert_uint_eq(epochs.count, 1);
    ck_assert_int_eq(weir_epochs_scale(&epochs, both, 2, &whole, 1, 0), WEIR_OK);
    ck_assert_int_eq(weir_epochs_active(&epochs)->segments[0].id, weir_segment_id(1, 2));
    stop();
}
END_TEST

START_TEST(duplicate_keeps_numbers_and_reference)
{
    split_second();
    ck_assert_int_eq(weir_epochs_duplicate(&epochs, 0, 0), WEIR_OK);
    ck_assert_int_eq(weir_epochs_duplicate(&epochs, 1, 0), WEIR_OK);
    ck_assert_int_eq(epochs.list[2].reference, 0);
    ck_assert_int_eq(epochs.list[2].segments[1].id, weir_segment_id(2, 1));
    ck_assert_int_eq(epochs.list[3].reference, 1);
    ck_assert_int_eq(epochs.list[3].segments[2].id, weir_segment_id(3, 2));
    ck_assert_int_eq(weir_epochs_end_of(&epochs, 0), 2);
    ck_assert_int_eq(weir_epochs_next_number(&epochs), 4);
    stop();
}
END_TEST

/* Goal: times go up whatever the clock says, and say which epoch was active when; splits and merges are counted as
 * Pravega counts them. */
START_TEST(times_and_splits)
{
    int64_t first = 0, both[] = {weir_segment_id(1, 1), weir_segment_id(1, 2)};
    struct weir_segment_range halves[] = {{0, 0.0, 0.5}, {0, 0.5, 1.0}};
    struct weir_segment_range thirds[] = {{0, 0.0, 0.4}, {0, 0.4, 0.6}, {0, 0.6, 1.0}};

    ck_assert_int_eq(weir_epochs_init(&epochs, 1, 0, 1000), WEIR_OK);
    ck_assert_int_eq(weir_epochs_scale(&epochs, &first, 1, halves, 2, 2000), WEIR_OK);
    ck_assert_int_eq(weir_epochs_scale(&epochs, both, 2, thirds, 3, 500), WEIR_OK); /* the clock was set back */
    ck_assert_int_eq(epochs.list[2].created_ms, 2001);
    ck_assert_int_eq(weir_epochs_at(&epochs, INT64_MIN), 0);
    ck_assert_int_eq(weir_epochs_at(&epochs, 1999), 0);
    ck_assert_int_eq(weir_epochs_at(&epochs, 2000), 1);
    ck_assert_int_eq(weir_epochs_at(&epochs, 2001), 2);
    ck_assert_int_eq(weir_epochs_at(&epochs, INT64_MAX), 2);
    ck_assert_uint_eq(weir_epoch_splits(&epochs.list[0], &epochs.list[1]), 1);
    ck_assert_uint_eq(weir_epoch_splits(&epochs.list[1], &epochs.list[0]), 0);
    ck_assert_uint_eq(weir_epoch_splits(&epochs.list[1], &epochs.list[2]), 2);
    ck_assert_uint_eq(weir_epoch_splits(&epochs.list[2], &epochs.list[1]), 1);
    ck_assert_uint_eq(weir_epoch_splits(&epochs.list[0], &epochs.list[2]), 1);
    ck_assert_uint_eq(weir_epoch_splits(&epochs.list[2], &epochs.list[0]), 0);
    ck_assert_uint_eq(weir_epoch_splits(&epochs.list[2], &epochs.list[2]), 0);
    stop();
}
END_TEST

static bool valid(const struct weir_cut_entry *entries, size_t count)
{
    struct weir_cut cut = {(struct weir_cut_entry *)entries, count};

    return weir_cut_valid(&epochs, &cut);
}

/* Goal: a cut is taken if and only if it is a place where a reader can stand. */
START_TEST(cut_validity)
{
    int64_t left = weir_segment_id(1, 3), right = weir_segment_id(1, 2); /* 0.5..0.75, 0.75..1 */

    split_second();
    ck_assert(valid((struct weir_cut_entry[]){{0, 5}, {1, 9}}, 2));
    ck_assert(valid((struct weir_cut_entry[]){{0, 5}, {right, 0}, {left, 0}}, 3));
    ck_assert(!valid(NULL, 0));
    ck_assert(!valid((struct weir_cut_entry[]){{0, 5}}, 1));                        /* a gap */
    ck_assert(!valid((struct weir_cut_entry[]){{0, 5}, {left, 1}}, 2));             /* a gap at the end */
    ck_assert(!valid((struct weir_cut_entry[]){{0, 5}, {1, 9}, {right, 0}}, 3));    /* two at one place */
    ck_assert(valid((struct weir_cut_entry[]){{0, 5}, {1, 9}, {right, -1}}, 3));    /* one not begun */
    ck_assert(valid((struct weir_cut_entry[]){{0, 5}, {left, 3}, {right, -1}}, 3)); /* one not begun fills */
    ck_assert(!valid((struct weir_cut_entry[]){{0, 5}, {1, -1}, {right, 0}, {left, 0}}, 4));
    ck_assert(!valid((struct weir_cut_entry[]){{0, 5}, {77, 0}}, 2)); /* never was */
    stop();
}
END_TEST

START_TEST(cut_order_and_span)
{
    int64_t left = weir_segment_id(1, 3), right = weir_segment_id(1, 2);
    struct weir_cut_entry early_entries[] = {{0, 5}, {1, 9}}, late_entries[] = {{0, 5}, {right, 0}, {left, 0}};
    struct weir_cut early = {early_entries, 2}, late = {late_entries, 3}, none = {0};
    struct weir_segment_range probe;

    split_second();
    weir_cut_sort(&late);
    ck_assert(weir_cut_not_before(&epochs, &late, &early));
    ck_assert(!weir_cut_not_before(&epochs, &early, &late));
    ck_assert(weir_cut_not_before(&epochs, &early, &early));
    ck_assert(weir_cut_not_before(&epochs, &early, &none));
    early_entries[0].offset = 6;
    ck_assert(!weir_cut_not_before(&epochs, &late, &early));
    probe = *weir_epochs_find(&epochs, 1);
    ck_assert(weir_cut_is_past(&epochs, &late, &probe));
    ck_assert(!weir_cut_is_past(&epochs, &early, &probe));
    ck_assert(weir_cut_between(&epochs, &early, &late, &probe));
    ck_assert(!weir_cut_between(&epochs, &late, &none, &probe));
    ck_assert(weir_cut_between(&epochs, &none, &early, &probe));
    probe = *weir_epochs_find(&epochs, left);
    ck_assert(!weir_cut_between(&epochs, &none, &early, &probe));
    ck_assert(weir_cut_between(&epochs, &early, &late, &probe));
    ck_assert_int_eq(weir_cut_find(&late, right)->offset, 0);
    ck_assert_ptr_null(weir_cut_find(&late, 99));
    stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("epochs");
    TCase *tc = tcase_create("epochs");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, init_splits_as_pravega_does);
    tcase_add_test(tc, init_refuses_counts_that_cannot_be);
    tcase_add_test(tc, init_numbers_on_from_an_older_stream);
    tcase_add_test(tc, scale_numbers_in_the_order_of_the_request);
    tcase_add_test(tc, scale_refuses_what_does_not_fit);
    tcase_add_test(tc, duplicate_keeps_numbers_and_reference);
    tcase_add_test(tc, times_and_splits);
    tcase_add_test(tc, cut_validity);
    tcase_add_test(tc, cut_order_and_span);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
