/*
 * test_process.c - what a program asks of the system for itself: signals as calls on its loop, its limit on open files.
 */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/open_files.h"
#include "base/signals.h"
#include "weir/host.h"

static struct weir_host *host;
static struct weir_loop *loop;
static int hangup_count, end_count;

static void setup(void)
{
    hangup_count = end_count = 0;
    ck_assert_int_eq(weir_host_new(NULL, &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "test", &loop, NULL), WEIR_OK);
}

static void teardown(void)
{
    weir_loop_free(loop);
    weir_host_free(host);
}

static void on_end(void *arg, int signo)
{
    (void)arg;
    ck_assert_int_eq(signo, SIGTERM);
    end_count++;
    weir_loop_stop(loop);
}

static void on_hangup(void *arg)
{
    ck_assert_ptr_eq(arg, &hangup_count);
    hangup_count++;
    weir_loop_stop(loop);
}

/* Goal: SIGHUP is heard as often as it comes, also after the signal that ends the program. */
START_TEST(a_hangup_is_a_call)
{
    struct weir_signals *signals;

    ck_assert_int_eq(weir_signals_watch(loop, on_end, NULL, &signals, NULL), WEIR_OK);
    ck_assert_int_eq(weir_signals_on_hangup(signals, on_hangup, &hangup_count, NULL), WEIR_OK);
    for (int i = 1; i <= 3; i++) {
        kill(getpid(), SIGHUP);
        weir_loop_run(loop);
        ck_assert_int_eq(hangup_count, i);
    }
    kill(getpid(), SIGTERM);
    weir_loop_run(loop);
    ck_assert_int_eq(end_count, 1);
    kill(getpid(), SIGHUP);
    weir_loop_run(loop);
    ck_assert_int_eq(hangup_count, 4);
    weir_signals_free(signals);
}
END_TEST

START_TEST(open_files_are_raised_to_what_there_is)
{
    struct rlimit before, lowered, now;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    lowered = (struct rlimit){64, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    ck_assert_uint_eq(weir_open_files_raise(), before.rlim_max);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &now), 0);
    ck_assert_uint_eq(now.rlim_cur, before.rlim_max);
    ck_assert_uint_eq(weir_open_files_raise(), before.rlim_max); /* again is no harm */
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("process");
    TCase *tc = tcase_create("process");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_hangup_is_a_call);
    tcase_add_test(tc, open_files_are_raised_to_what_there_is);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
