/*
 * test_tls.c - TLS connections of the real loop over loopback: bytes both ways, the ends, and every refusal's words.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/tls.h"
#include "tests/kept_port.h"
#include "tests/unit/base/pipe_conn.h"
#include "tests/unit/base/tls_certs.h"
#include "weir/host.h"
#include "weir/net.h"

#define GUARD_NS (60 * WEIR_NS_PER_S)
#define BIG_LEN ((size_t)4 << 20)

static struct tls_certs certs;
static struct weir_host *host;
static struct weir_loop *loop;
static struct weir_timer guard;
static struct weir_tls *server_tls, *client_tls;
static struct weir_listener *listener;

/* One end: sends `sent`, collects `got`, then stops the loop when what the test waits for has come. */
struct end {
    struct weir_conn *conn;
    const uint8_t *sent;
    size_t send_len, sent_len, read_cap;
    uint8_t *got;
    size_t got_len, got_max;
    int opened, failed;
    enum weir_status read_end;
    struct weir_error why;
    bool echo, pause_once, close_when_sent, close_on_open;
};

static struct end client, server;

static void end_close(struct end *end)
{
    weir_conn_close(end->conn);
    end->conn = NULL;
}

static void push(struct end *end)
{
    while (end->conn != NULL && end->sent_len < end->send_len) {
        size_t left = end->send_len - end->sent_len, head = left < 100 ? left : 100, taken = 0;
        /* Three parts, an empty one among them. */
        struct iovec iov[3] = {{(void *)(end->sent + end->sent_len), head},
                               {NULL, 0},
                               {(void *)(end->sent + end->sent_len + head), left - head}};

        ck_assert_int_eq(weir_conn_writev(end->conn, iov, 3, &taken, NULL), WEIR_OK);
        end->sent_len += taken;
        if (taken < left)
            return;
    }
    if (end->conn != NULL && end->close_when_sent && end->send_len > 0)
        end_close(end);
}

static void on_open(void *arg)
{
    struct end *end = arg;

    end->opened++;
    if (end->close_on_open)
        end_close(end);
    else
        push(end);
}

static void on_readable(void *arg)
{
    struct end *end = arg;
    size_t got = 0;
    enum weir_status status;

    if (end->pause_once) {
        end->pause_once = false;
        weir_conn_want_read(end->conn, false);
        weir_conn_want_read(end->conn, true);
        return;
    }
    status = weir_conn_read(end->conn, end->got + end->got_len, end->read_cap, &got, &end->why);
    if (status == WEIR_E_AGAIN)
        return;
    if (status != WEIR_OK) {
        end->read_end = status;
        end_close(end);
        weir_loop_stop(loop);
        return;
    }
    if (end->echo) {
        end->sent = end->got;
        end->send_len = end->got_len + got;
        push(end);
    }
    end->got_len += got;
    if (end->got_max > 0 && end->got_len == end->got_max)
        weir_loop_stop(loop);
}

static void on_writable(void *arg)
{
    push(arg);
}

static void on_error(void *arg, const struct weir_error *why)
{
    struct end *end = arg;

    end->failed++;
    end->why = *why;
    end_close(end);
    weir_loop_stop(loop);
}

static const struct weir_conn_handler handler = {on_open, on_readable, on_writable, on_error};

static void on_accept(void *arg, struct weir_conn *conn)
{
    (void)arg;
    server.conn = conn;
    weir_conn_set_handler(conn, &handler, &server);
}

static void on_guard(void *arg)
{
    (void)arg;
    ck_abort_msg("nothing happened for too long");
}

/* Once `cut` has been read up to its hold, what is left of its stream is lost and the peer with it. */
static struct pipe_conn *cut;

static void on_cut_timer(void *arg)
{
    struct weir_timer *timer = arg;

    if (client.conn == NULL)
        return;
    if (cut->read_len < cut->hold_at && server.conn != NULL) {
        weir_timer_start(loop, timer, WEIR_NS_PER_MS / 10);
        return;
    }
    weir_buf_reset(&cut->in);
    end_close(&server);
    weir_buf_reset(&cut->in); /* the close_notify too */
    cut->peer = NULL;
    pipe_touch(cut);
}

static struct weir_timer cut_timer = {.fn = on_cut_timer, .arg = &cut_timer};

static void listen_with(struct weir_tls *tls)
{
    struct weir_target at = {"127.0.0.1", 0, tls};

    ck_assert_int_eq(weir_net_listen(loop, &at, on_accept, NULL, &listener, NULL), WEIR_OK);
}

static void connect_to(const char *name, struct weir_tls *tls)
{
    struct weir_target target = {name, weir_listener_port(listener), tls};

    ck_assert_int_eq(weir_net_connect(loop, &target, &handler, &client, &client.conn, NULL), WEIR_OK);
}

static struct weir_tls *trusting(const char *authority, bool skip_hostname_check)
{
    struct weir_tls_options options = {.trust_store = authority, .skip_hostname_check = skip_hostname_check};
    struct weir_tls *tls;

    ck_assert_int_eq(weir_tls_new(&options, &tls, NULL), WEIR_OK);
    return tls;
}

static struct weir_tls *serving(void)
{
    struct weir_tls_options options = {
        .trust_store = certs.authority, .certificate = certs.certificate, .private_key = certs.private_key};
    struct weir_tls *tls;

    ck_assert_int_eq(weir_tls_new(&options, &tls, NULL), WEIR_OK);
    return tls;
}

static void setup(void)
{
    ck_assert_int_eq(weir_host_new(NULL, &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "test", &loop, NULL), WEIR_OK);
    guard = (struct weir_timer){.fn = on_guard};
    weir_timer_start(loop, &guard, GUARD_NS);
    memset(&client, 0, sizeof(client));
    memset(&server, 0, sizeof(server));
    client.got = malloc(BIG_LEN + 65536);
    server.got = malloc(BIG_LEN + 65536);
    client.read_cap = server.read_cap = 65536;
    server_tls = serving();
    client_tls = trusting(certs.authority, false);
}

/* Once for all tests of a case: keys take their time. */
static void make_certs(void)
{
    tls_certs_make(&certs, "DNS:localhost,IP:127.0.0.1");
}

static void make_misnamed_certs(void)
{
    tls_certs_make(&certs, "DNS:example.org,IP:192.0.2.1");
}

static void remove_certs(void)
{
    tls_certs_remove(&certs);
}

static void teardown(void)
{
    end_close(&client);
    end_close(&server);
    weir_listener_close(listener);
    listener = NULL;
    weir_tls_unref(server_tls);
    weir_tls_unref(client_tls);
    weir_timer_stop(loop, &guard);
    weir_loop_free(loop);
    weir_host_free(host);
    free(client.got);
    free(server.got);
}

/* Bytes of every value, and both directions at once; larger than all buffers on the way. */
static uint8_t *big_bytes(void)
{
    uint8_t *bytes = malloc(BIG_LEN);

    for (size_t i = 0; i < BIG_LEN; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    return bytes;
}

START_TEST(bytes_pass_both_ways_whatever_the_reader_takes_at_once)
{
    static const size_t caps[] = {1000, 16384, 65536};
    uint8_t *bytes = big_bytes();

    client.read_cap = server.read_cap = caps[_i];
    client.sent = bytes;
    client.send_len = client.got_max = BIG_LEN;
    client.pause_once = true;
    server.echo = true;
    listen_with(server_tls);
    connect_to("127.0.0.1", client_tls);
    weir_loop_run(loop);
    ck_assert_int_eq(client.opened, 1);
    ck_assert_int_eq(server.opened, 1);
    ck_assert_uint_eq(client.got_len, BIG_LEN);
    ck_assert_mem_eq(client.got, bytes, BIG_LEN);
    free(bytes);
}
END_TEST

/* How the connection ended: a read meets it, or if all had been read before it came, on_error tells it. */
static enum weir_status end_of(const struct end *end)
{
    return end->read_end != WEIR_OK ? end->read_end : end->why.status;
}

START_TEST(what_was_accepted_arrives_before_the_end_of_a_closed_connection)
{
    uint8_t *bytes = big_bytes();

    client.sent = bytes;
    client.send_len = BIG_LEN;
    client.close_when_sent = true;
    listen_with(server_tls);
    connect_to("localhost", client_tls);
    weir_loop_run(loop);
    ck_assert_int_eq(end_of(&server), WEIR_E_CLOSED);
    ck_assert_uint_eq(server.got_len, BIG_LEN);
    ck_assert_mem_eq(server.got, bytes, BIG_LEN);
    free(bytes);
}
END_TEST

START_TEST(an_owner_may_close_within_on_open)
{
    client.close_on_open = true;
    listen_with(server_tls);
    connect_to("localhost", client_tls);
    weir_loop_run(loop);
    ck_assert_int_eq(client.opened, 1);
    ck_assert_int_eq(end_of(&server), WEIR_E_CLOSED);
}
END_TEST

static void expect_refusal(const char *name, enum weir_status status, const char *words)
{
    connect_to(name, client_tls);
    while (client.failed == 0)
        weir_loop_run(loop);
    ck_assert_int_eq(client.opened, 0);
    ck_assert_int_eq(client.failed, 1);
    ck_assert_msg(client.why.status == status, "%s: %s", weir_status_name(client.why.status), client.why.message);
    ck_assert_msg(strstr(client.why.message, words) != NULL, "%s", client.why.message);
}

START_TEST(an_untrusted_certificate_is_refused_by_name)
{
    weir_tls_unref(client_tls);
    client_tls = trusting(certs.other_authority, false);
    listen_with(server_tls);
    expect_refusal("localhost", WEIR_E_AUTH, "is not trusted");
    ck_assert_ptr_nonnull(strstr(client.why.message, certs.other_authority));
}
END_TEST

START_TEST(a_server_hears_why_its_client_refused)
{
    weir_tls_unref(client_tls);
    client_tls = trusting(certs.other_authority, false);
    listen_with(server_tls);
    connect_to("localhost", client_tls);
    while (server.failed == 0)
        weir_loop_run(loop);
    ck_assert_int_eq(server.opened, 0);
    ck_assert_int_eq(server.why.status, WEIR_E_PROTO);
    ck_assert_ptr_nonnull(strstr(server.why.message, "unknown ca"));
}
END_TEST

/* Goal: certificates are replaced under a listener. Method: a connection lives across the reload and still passes
 * bytes; the next client trusts the new authority alone, and one that trusts the old one alone is refused. */
START_TEST(certificates_are_reloaded_while_connections_live)
{
    static const uint8_t bytes[] = "before and after";
    struct tls_certs renewed;
    struct weir_tls_options fresh = {0};

    tls_certs_make(&renewed, "DNS:localhost");
    fresh.certificate = renewed.certificate;
    fresh.private_key = renewed.private_key;
    listen_with(server_tls);
    client.sent = bytes;
    client.send_len = server.got_max = 6;
    connect_to("localhost", client_tls);
    weir_loop_run(loop);
    ck_assert_int_eq(weir_tls_reload(server_tls, &fresh, weir_loop_wall_ms(loop), NULL), WEIR_OK);
    client.send_len = server.got_max = sizeof(bytes);
    push(&client);
    weir_loop_run(loop);
    ck_assert_mem_eq(server.got, bytes, sizeof(bytes));
    end_close(&client);
    end_close(&server);
    client.opened = 0;
    expect_refusal("localhost", WEIR_E_AUTH, "is not trusted");
    end_close(&server);
    weir_tls_unref(client_tls);
    client_tls = trusting(renewed.authority, false);
    client.sent_len = server.got_len = 0;
    connect_to("localhost", client_tls);
    while (server.got_len < server.got_max)
        weir_loop_run(loop);
    ck_assert_int_eq(client.opened, 1);
    tls_certs_remove(&renewed);
}
END_TEST

START_TEST(a_bad_reload_changes_nothing_and_says_why)
{
    struct weir_tls_options mixed = {.certificate = certs.certificate, .private_key = certs.authority};
    struct weir_tls_options right = {.certificate = certs.certificate, .private_key = certs.private_key};
    int64_t now_ms = weir_loop_wall_ms(loop), two_hours_ms = INT64_C(7200000);
    struct weir_error err = {0};

    ck_assert_int_eq(weir_tls_reload(server_tls, &mixed, now_ms, &err), WEIR_E_INVAL);
    ck_assert_ptr_nonnull(strstr(err.message, certs.authority));
    ck_assert_int_eq(weir_tls_reload(server_tls, &right, now_ms + two_hours_ms, &err), WEIR_E_INVAL);
    ck_assert_msg(strstr(err.message, "expired at") != NULL, "%s", err.message);
    ck_assert_int_eq(weir_tls_check_time(server_tls, &right, now_ms - two_hours_ms, &err), WEIR_E_INVAL);
    ck_assert_msg(strstr(err.message, "not yet") != NULL, "%s", err.message);
    ck_assert_int_eq(weir_tls_check_time(server_tls, &right, now_ms, &err), WEIR_OK);
    listen_with(server_tls);
    client.sent = (const uint8_t *)"x";
    client.send_len = server.got_max = 1;
    connect_to("localhost", client_tls);
    weir_loop_run(loop);
    ck_assert_uint_eq(server.got_len, 1);
}
END_TEST

START_TEST(a_wrong_name_is_refused_and_named)
{
    listen_with(server_tls);
    expect_refusal(_i == 0 ? "localhost" : "127.0.0.1", WEIR_E_AUTH, _i == 0 ? "\"localhost\"" : "\"127.0.0.1\"");
}
END_TEST

START_TEST(a_wrong_name_is_taken_with_the_check_off)
{
    weir_tls_unref(client_tls);
    client_tls = trusting(certs.authority, true);
    client.sent = (const uint8_t *)"x";
    client.send_len = client.got_max = 1;
    server.echo = true;
    listen_with(server_tls);
    connect_to("localhost", client_tls);
    weir_loop_run(loop);
    ck_assert_msg(client.opened == 1 && client.got_len == 1, "%s", client.why.message);
}
END_TEST

START_TEST(with_the_name_check_off_trust_is_still_checked)
{
    weir_tls_unref(client_tls);
    client_tls = trusting(certs.other_authority, true);
    listen_with(server_tls);
    expect_refusal("localhost", WEIR_E_AUTH, "is not trusted");
}
END_TEST

START_TEST(a_servers_own_certificate_may_stand_in_the_trust_store)
{
    weir_tls_unref(client_tls);
    client_tls = trusting(certs.certificate, false);
    client.sent = (const uint8_t *)"x";
    client.send_len = client.got_max = 1;
    server.echo = true;
    listen_with(server_tls);
    connect_to("localhost", client_tls);
    weir_loop_run(loop);
    ck_assert_msg(client.opened == 1, "%s", client.why.message);
}
END_TEST

START_TEST(a_server_that_does_not_speak_tls_is_refused)
{
    server.echo = true; /* of the client's hello */
    listen_with(NULL);
    expect_refusal("localhost", WEIR_E_PROTO, "TLS with");
}
END_TEST

START_TEST(a_refused_connection_says_so)
{
    struct weir_target target = {"127.0.0.1", 0, client_tls};
    int kept = kept_port(&target.port);

    ck_assert_int_eq(weir_net_connect(loop, &target, &handler, &client, &client.conn, NULL), WEIR_OK);
    weir_loop_run(loop);
    ck_assert_int_eq(client.failed, 1);
    ck_assert_int_eq(client.why.status, WEIR_E_REFUSED);
    close(kept);
}
END_TEST

START_TEST(a_client_that_leaves_during_the_handshake_is_told_apart)
{
    listen_with(server_tls);
    connect_to("localhost", NULL); /* speaks no TLS at all */
    client.close_on_open = true;
    while (server.failed == 0)
        weir_loop_run(loop);
    ck_assert_int_eq(server.opened, 0);
    ck_assert_int_eq(server.why.status, WEIR_E_CLOSED);
    ck_assert_ptr_nonnull(strstr(server.why.message, "during the TLS handshake"));
}
END_TEST

/* Goal: TLS does not depend on how the bytes below are sliced, nor on how little the lower connection takes.
 * Method: both filters over a pipe of small room, each read cut to the loop's index. */
START_TEST(bytes_pass_over_any_lower_connection_in_any_slices)
{
    static const size_t slices[] = {1, 2, 5, 7, 63, 1000};
    uint8_t *bytes = big_bytes();
    struct pipe_conn *lower_client, *lower_server;

    pipe_new(loop, &lower_client, &lower_server);
    lower_client->slice_len = lower_server->slice_len = slices[_i];
    lower_client->room = lower_server->room = 700;
    client.sent = bytes;
    client.send_len = client.got_max = 100000;
    server.echo = true;
    ck_assert_int_eq(
        weir_tls_wrap_client(loop, client_tls, "localhost", &lower_client->base, &handler, &client, &client.conn, NULL),
        WEIR_OK);
    ck_assert_int_eq(weir_tls_wrap_server(loop, server_tls, &lower_server->base, &server.conn, NULL), WEIR_OK);
    weir_conn_set_handler(server.conn, &handler, &server);
    weir_loop_run(loop);
    ck_assert_uint_eq(client.got_len, 100000);
    ck_assert_mem_eq(client.got, bytes, 100000);
    free(bytes);
}
END_TEST

/* Goal: a stream cut by somebody in between does not look like an end in order; nor does it crash or hang, wherever.
 * Method: the server's bytes stop at the loop's index and the pipe ends. */
START_TEST(a_cut_at_every_offset_is_a_failure)
{
    struct pipe_conn *lower_client, *lower_server;

    pipe_new(loop, &lower_client, &lower_server);
    lower_client->hold_at = (size_t)_i + 1;
    client.sent = (const uint8_t *)"hello";
    client.send_len = client.got_max = 5;
    server.echo = server.close_when_sent = true;
    ck_assert_int_eq(
        weir_tls_wrap_client(loop, client_tls, "localhost", &lower_client->base, &handler, &client, &client.conn, NULL),
        WEIR_OK);
    ck_assert_int_eq(weir_tls_wrap_server(loop, server_tls, &lower_server->base, &server.conn, NULL), WEIR_OK);
    weir_conn_set_handler(server.conn, &handler, &server);
    cut = lower_client;
    weir_timer_start(loop, &cut_timer, 0);
    weir_loop_run(loop);
    weir_timer_stop(loop, &cut_timer);
    if (client.got_len < 5) {
        ck_assert_msg(client.failed == 1 || client.read_end != WEIR_OK, "neither bytes nor an end");
        ck_assert_int_ne(client.why.status, WEIR_OK);
        ck_assert(client.opened == 0 || client.why.status == WEIR_E_IO);
    }
}
END_TEST

static void expect_bad_files(struct weir_tls_options options, const char *words)
{
    struct weir_error err = {0};
    struct weir_tls *tls = NULL;

    ck_assert_int_eq(weir_tls_new(&options, &tls, &err), WEIR_E_INVAL);
    ck_assert_ptr_null(tls);
    ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
}

START_TEST(files_that_cannot_be_used_are_named)
{
    expect_bad_files((struct weir_tls_options){.trust_store = "/nowhere/ca.pem"},
                     "trust store /nowhere/ca.pem: No such file");
    expect_bad_files((struct weir_tls_options){.trust_store = certs.private_key}, certs.private_key);
    expect_bad_files((struct weir_tls_options){.certificate = "/nowhere/cert.pem", .private_key = certs.private_key},
                     "certificate /nowhere/cert.pem: No such file");
    expect_bad_files((struct weir_tls_options){.certificate = certs.certificate, .private_key = "/nowhere/key.pem"},
                     "private key /nowhere/key.pem: No such file");
    expect_bad_files((struct weir_tls_options){.certificate = certs.authority, .private_key = certs.private_key},
                     "does not belong to");
    expect_bad_files((struct weir_tls_options){.certificate = certs.certificate}, "the private key is missing");
}
END_TEST

START_TEST(a_listener_without_certificate_is_refused)
{
    struct weir_target at = {"127.0.0.1", 0, client_tls};
    struct weir_error err = {0};

    ck_assert_int_eq(weir_net_listen(loop, &at, on_accept, NULL, &listener, &err), WEIR_E_INVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "needs a certificate"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tls");
    TCase *tc = tcase_create("loopback"), *misnamed = tcase_create("misnamed");
    SRunner *runner;
    int failed;

    tcase_add_unchecked_fixture(tc, make_certs, remove_certs);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, bytes_pass_both_ways_whatever_the_reader_takes_at_once, 0, 3);
    tcase_add_test(tc, what_was_accepted_arrives_before_the_end_of_a_closed_connection);
    tcase_add_test(tc, an_owner_may_close_within_on_open);
    tcase_add_test(tc, an_untrusted_certificate_is_refused_by_name);
    tcase_add_test(tc, certificates_are_reloaded_while_connections_live);
    tcase_add_test(tc, a_bad_reload_changes_nothing_and_says_why);
    tcase_add_test(tc, a_server_hears_why_its_client_refused);
    tcase_add_test(tc, with_the_name_check_off_trust_is_still_checked);
    tcase_add_test(tc, a_servers_own_certificate_may_stand_in_the_trust_store);
    tcase_add_test(tc, a_server_that_does_not_speak_tls_is_refused);
    tcase_add_test(tc, a_refused_connection_says_so);
    tcase_add_test(tc, a_client_that_leaves_during_the_handshake_is_told_apart);
    tcase_add_test(tc, a_listener_without_certificate_is_refused);
    tcase_add_test(tc, files_that_cannot_be_used_are_named);
    tcase_add_loop_test(tc, bytes_pass_over_any_lower_connection_in_any_slices, 0, 6);
    tcase_add_loop_test(tc, a_cut_at_every_offset_is_a_failure, 0, 1200);
    suite_add_tcase(suite, tc);
    tcase_add_unchecked_fixture(misnamed, make_misnamed_certs, remove_certs);
    tcase_add_checked_fixture(misnamed, setup, teardown);
    tcase_add_loop_test(misnamed, a_wrong_name_is_refused_and_named, 0, 2);
    tcase_add_test(misnamed, a_wrong_name_is_taken_with_the_check_off);
    suite_add_tcase(suite, misnamed);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
