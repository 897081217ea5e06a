/*
 * test_management.c - the checks of management_checks.h against the embedded store in a simulated world; and what a
 * session does when a call takes too long, is interrupted, or has nobody to answer it.
 */
#include "management_checks.h"

#include <check.h>
#include <stdlib.h>

#include "weir/sim.h"
#include "weir/store.h"

static struct weir_sim *sim;
static struct weir_host *store_host, *client_host;
static struct weir_loop *store_loop;
static struct weir_store *store;
static struct pravega_session *session;

static void setup(void)
{
    struct weir_store_options options = {
        .data_dir = "store", .advertised_host = "store", .controller_port = 9090, .segment_port = 12345};
    struct pravega_client_options client_options = {.controller_uri = "tcp://store:9090"};
    struct weir_error err = {0};

    ck_assert_int_eq(weir_sim_new(&(struct weir_sim_options){.seed = 7, .log_fd = -1}, &sim, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "store", "store-disk", &store_host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "client", "client-disk", &client_host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(store_host, "store", &store_loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(store_loop, NULL), WEIR_OK);
    ck_assert_msg(weir_store_open(store_loop, &options, &store, &err) == WEIR_OK, "%s", err.message);
    ck_assert_msg(pravega_session_open(client_host, &client_options, &session, &err) == WEIR_OK, "%s", err.message);
}

static void teardown(void)
{
    pravega_session_close(session);
    weir_store_close(store);
    weir_loop_stop(store_loop);
    weir_loop_join(store_loop);
    weir_loop_free(store_loop);
    weir_host_free(store_host);
    weir_host_free(client_host);
    weir_sim_free(sim);
}

START_TEST(the_store_passes)
{
    struct weir_error why = {0};

    ck_assert_msg(management_checks[_i].run(session, "checks", &why), "%s: %s", management_checks[_i].name,
                  why.message);
}
END_TEST

/* ---- sessions */

static int64_t now_ms(void)
{
    return weir_sim_now_ns(sim) / WEIR_NS_PER_MS;
}

/* The store falls silent: its loop does not turn. */
static void silence_store(void)
{
    weir_sim_host_silence(store_host);
}

START_TEST(a_call_that_takes_too_long_is_left)
{
    struct pravega_names *names;
    struct weir_error err = {0};
    int64_t started = now_ms();

    silence_store();
    pravega_session_set_timeout(session, 1500);
    ck_assert_int_eq(pravega_await_scope_list(session, &names, &err), WEIR_E_TIMEOUT);
    ck_assert_ptr_null(names);
    ck_assert_int_eq(now_ms() - started, 1500);
    /* Its callback comes while another call is waited for, and finds nobody. */
    pravega_session_set_timeout(session, 0);
    ck_assert_int_ne(pravega_await_scope_create(session, "late", &err), WEIR_OK);
    ck_assert_int_ge(now_ms() - started, 1500);
}
END_TEST

START_TEST(a_session_closes_with_calls_that_were_left)
{
    struct pravega_names *names;

    silence_store();
    pravega_session_set_timeout(session, 10);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pravega_await_scope_list(session, &names, NULL), WEIR_E_TIMEOUT);
}
END_TEST

static void interrupt(void *arg)
{
    pravega_session_interrupt(arg);
}

START_TEST(a_call_can_be_interrupted)
{
    struct weir_timer timer = {.fn = interrupt, .arg = session};
    struct weir_error err = {0};
    int64_t started = now_ms();

    silence_store();
    weir_timer_start(pravega_session_loop(session), &timer, 200 * WEIR_NS_PER_MS);
    ck_assert_int_eq(pravega_await_scope_create(session, "never", &err), WEIR_E_CANCELLED);
    ck_assert_int_eq(now_ms() - started, 200);
    pravega_session_interrupt(session); /* the next one, then */
    ck_assert_int_eq(pravega_await_scope_create(session, "never", &err), WEIR_E_CANCELLED);
    ck_assert_int_eq(now_ms() - started, 200);
}
END_TEST

START_TEST(a_full_window_is_waited_for)
{
    struct pravega_stream_name stream = {"demo", "s"};
    struct pravega_writer_options options = {.window_bytes = 1000, .block_bytes = 500};
    struct pravega_stream_config config = {.min_segments = 1};
    struct pravega_stream_info *info;
    struct pravega_writer *writer;
    uint8_t bytes[300] = {0};

    ck_assert_int_eq(pravega_await_scope_create(session, "demo", NULL), WEIR_OK);
    ck_assert_int_eq(pravega_await_stream_create(session, &stream, &config, NULL), WEIR_OK);
    ck_assert_int_eq(pravega_await_writer_new(session, &stream, &options, &writer, NULL), WEIR_OK);
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(pravega_await_write(session, writer, NULL, weir_view(bytes, sizeof(bytes)), NULL), WEIR_OK);
    ck_assert_int_eq(pravega_await_flush(session, writer, NULL), WEIR_OK);
    pravega_writer_free(writer);
    ck_assert_int_eq(pravega_await_stream_info(session, &stream, &info, NULL), WEIR_OK);
    ck_assert_int_eq(info->tail->positions[0].offset, 50 * 308);
    free(info);
}
END_TEST

START_TEST(a_session_needs_a_uri_that_is_one)
{
    struct pravega_client_options options = {.controller_uri = "nonsense"};
    struct pravega_session *none = NULL;
    struct weir_error err = {0};

    ck_assert_int_eq(pravega_session_open(client_host, &options, &none, &err), WEIR_E_INVAL);
    ck_assert_ptr_null(none);
    ck_assert_str_ne(err.message, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("management");
    TCase *tc = tcase_create("management");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, the_store_passes, 0, (int)management_check_count);
    tcase_add_test(tc, a_call_that_takes_too_long_is_left);
    tcase_add_test(tc, a_session_closes_with_calls_that_were_left);
    tcase_add_test(tc, a_call_can_be_interrupted);
    tcase_add_test(tc, a_full_window_is_waited_for);
    tcase_add_test(tc, a_session_needs_a_uri_that_is_one);
    tcase_set_timeout(tc, 120);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
