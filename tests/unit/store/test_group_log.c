/*
 * test_group_log.c - a reader group's state out of its stream's bytes, however they are cut, and what is none.
 */
#include "store/operation/group_log.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "group_events.h"

static struct weir_group_log group_log;
static struct weir_buf bytes;

static void setup(void)
{
    weir_group_log_init(&group_log);
    weir_buf_init(&bytes, 1 << 20);
}

static void teardown(void)
{
    weir_group_log_fini(&group_log);
    weir_buf_fini(&bytes);
}

static enum weir_status take(void)
{
    return weir_group_log_take(&group_log, weir_buf_view(&bytes));
}

/* Goal: the last whole state and the updates behind it count, however the bytes are cut. Method: slices of every size.
 */
START_TEST(any_slices_make_the_same_state)
{
    put_join(&bytes, "unknown"); /* of a state that was truncated away */
    put_state_event(&bytes);
    put_join(&bytes, "r1");
    put_leave(&bytes, "r1");
    put_join(&bytes, "r2");
    put_state_event(&bytes);
    put_join(&bytes, "r3");
    put_join(&bytes, "r4");
    for (size_t slice_len = 1; slice_len <= bytes.len; slice_len++) {
        for (size_t at = 0; at < bytes.len; at += slice_len) {
            struct weir_view slice = {bytes.ptr + at, bytes.len - at < slice_len ? bytes.len - at : slice_len};

            ck_assert_int_eq(weir_group_log_take(&group_log, slice), WEIR_OK);
        }
        ck_assert(weir_group_log_is_whole(&group_log));
        ck_assert_uint_eq(group_log.state->reader_count, 2);
        ck_assert_str_eq(group_log.state->readers[0].id, "r3");
        ck_assert_str_eq(group_log.state->readers[1].id, "r4");
        weir_group_log_fini(&group_log);
        weir_group_log_init(&group_log);
    }
}
END_TEST

START_TEST(nothing_is_no_state)
{
    ck_assert_int_eq(take(), WEIR_OK);
    ck_assert(weir_group_log_is_whole(&group_log));
    ck_assert_ptr_null(group_log.state);
    put_join(&bytes, "r1");
    ck_assert_int_eq(take(), WEIR_OK);
    ck_assert_ptr_null(group_log.state);
    bytes.len--;
    ck_assert_int_eq(take(), WEIR_OK);
    ck_assert(!weir_group_log_is_whole(&group_log));
}
END_TEST

START_TEST(what_is_no_group_is_refused)
{
    static const struct {
        const char *bytes;
        size_t len;
    } wrong[] = {
        {"\0\0\0\1\0\0\0\4\0\0\0\1", 12},         /* no event */
        {"\0\0\0\0\377\377\377\377\0\0\0\1", 12}, /* a length below 0 */
        {"\0\0\0\0\0\200\0\1\0\0\0\1", 12},       /* longer than an event may be */
        {"\0\0\0\0\0\0\0\0", 8},                  /* an entry of nothing */
        {"\0\0\0\0\0\0\0\4\0\0\0\3", 12},         /* of another kind */
        {"\0\0\0\0\0\0\0\4\0\0\0\1", 12},         /* a state of nothing */
    };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        enum weir_status status = weir_group_log_take(&group_log, weir_view(wrong[i].bytes, wrong[i].len));

        ck_assert_msg(status == WEIR_E_DAMAGED || status == WEIR_E_INVAL, "%zu: %s", i, weir_status_text(status));
        ck_assert_ptr_null(group_log.state);
        weir_group_log_fini(&group_log);
        weir_group_log_init(&group_log);
    }
    put_state_event(&bytes);
    put_join(&bytes, "r1");
    put_join(&bytes, "r1"); /* who is there already */
    ck_assert_int_eq(take(), WEIR_E_STATE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("group_log");
    TCase *tc = tcase_create("group_log");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, any_slices_make_the_same_state);
    tcase_add_test(tc, nothing_is_no_state);
    tcase_add_test(tc, what_is_no_group_is_refused);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
