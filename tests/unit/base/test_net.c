/*
 * test_net.c - connections of the real loop over loopback sockets.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/rng.h"
#include "tests/kept_port.h"
#include "weir/host.h"
#include "weir/net.h"

#define GUARD_NS (60 * WEIR_NS_PER_S) /* a test that hangs fails here */
#define BIG_LEN ((size_t)32 << 20)
#define CHUNK_LEN 65536

static struct weir_host *host;
static struct weir_loop *loop;
static struct weir_timer guard;

static void on_guard(void *arg)
{
    (void)arg;
    ck_abort_msg("nothing happened for too long");
}

static void setup(void)
{
    ck_assert_int_eq(weir_host_new(NULL, &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "test", &loop, NULL), WEIR_OK);
    guard = (struct weir_timer){.fn = on_guard};
    weir_timer_start(loop, &guard, GUARD_NS);
}

static void teardown(void)
{
    weir_timer_stop(loop, &guard);
    weir_loop_free(loop);
    weir_host_free(host);
}

/* What one end of a connection saw and does. */
struct end {
    struct weir_conn *conn;
    int opened, readable, writable, failed;
    struct weir_error why;
    uint8_t *sent, *got;
    size_t send_len, sent_len, got_len, got_cap;
    size_t get_per_call; /* 0: until AGAIN */
    bool echo, close_when_sent, close_on_read, stop_on_end;
    enum weir_status end_status;
};

static void end_close(struct end *end)
{
    weir_conn_close(end->conn);
    end->conn = NULL;
}

static void end_push(struct end *end)
{
    while (end->sent_len < end->send_len) {
        struct iovec iov[2];
        size_t left = end->send_len - end->sent_len, half = left / 2, taken;

        iov[0] = (struct iovec){end->sent + end->sent_len, half};
        iov[1] = (struct iovec){end->sent + end->sent_len + half, left - half};
        ck_assert_int_eq(weir_conn_writev(end->conn, iov, 2, &taken, NULL), WEIR_OK);
        end->sent_len += taken;
        if (taken < left)
            return;
    }
    if (end->close_when_sent)
        end_close(end);
}

static void end_opened(void *arg)
{
    struct end *end = arg;

    end->opened++;
    end_push(end);
}

static void end_readable(void *arg)
{
    struct end *end = arg;
    struct weir_error err = {0};
    enum weir_status status = WEIR_OK;

    end->readable++;
    if (end->close_on_read) {
        end_close(end);
        weir_loop_stop(loop);
        return;
    }
    for (int i = 0; i == 0 || (end->get_per_call == 0 && status == WEIR_OK); i++) {
        size_t cap = end->get_per_call != 0 ? end->get_per_call : CHUNK_LEN, got = 0;

        if (end->got_len + cap > end->got_cap) {
            end->got_cap = 2 * (end->got_len + cap);
            end->got = realloc(end->got, end->got_cap);
        }
        status = weir_conn_read(end->conn, end->got + end->got_len, cap, &got, &err);
        if (status == WEIR_OK)
            end->got_len += got;
    }
    if (end->echo) {
        end->sent = end->got;
        end->send_len = end->got_len;
        end_push(end);
    }
    if (status != WEIR_OK && status != WEIR_E_AGAIN) {
        ck_assert_int_eq(err.status, status);
        ck_assert_int_ne(err.message[0], '\0');
        end->end_status = status;
        if (end->stop_on_end)
            weir_loop_stop(loop);
    }
}

static void end_writable(void *arg)
{
    struct end *end = arg;

    end->writable++;
    end_push(end);
}

static void end_failed(void *arg, const struct weir_error *why)
{
    struct end *end = arg;

    end->failed++;
    end->why = *why;
    end_close(end);
    weir_loop_stop(loop);
}

static const struct weir_conn_handler end_handler = {
    .on_open = end_opened, .on_readable = end_readable, .on_writable = end_writable, .on_error = end_failed};

static void on_accept(void *arg, struct weir_conn *conn)
{
    struct end *end = arg;

    ck_assert_ptr_null(end->conn);
    end->conn = conn;
    ck_assert_int_eq(strncmp(weir_conn_peer(conn), "127.0.0.1:", 10), 0);
    weir_conn_set_handler(conn, &end_handler, end);
    if (end->send_len > 0)
        end_push(end);
}

static struct weir_listener *listen_here(void (*accept)(void *arg, struct weir_conn *conn), void *arg)
{
    struct weir_target at = {.host = "127.0.0.1"};
    struct weir_listener *listener;

    ck_assert_int_eq(weir_net_listen(loop, &at, accept, arg, &listener, NULL), WEIR_OK);
    ck_assert_uint_ne(weir_listener_port(listener), 0);
    return listener;
}

static void connect_here(const char *name, uint16_t port, struct end *end)
{
    struct weir_target target = {.host = name, .port = port};

    ck_assert_int_eq(weir_net_connect(loop, &target, &end_handler, end, &end->conn, NULL), WEIR_OK);
}

static uint8_t *random_bytes(size_t len)
{
    uint8_t *bytes = malloc(len);
    struct weir_rng rng;

    weir_rng_init(&rng, 7);
    for (size_t i = 0; i < len; i += 8) {
        uint64_t word = weir_rng_next(&rng);

        memcpy(bytes + i, &word, len - i < 8 ? len - i : 8);
    }
    return bytes;
}

static void end_fini(struct end *end)
{
    weir_conn_close(end->conn);
    free(end->got);
}

/* Goal: more bytes than any socket buffer holds go there and back unchanged, and each side is stopped by the other.
 * Method: the client sends all, the server echoes what it has, the client closes when it has all. */
static void echo_done(void *arg)
{
    struct end *end = arg;

    end_readable(arg);
    if (end->got_len == BIG_LEN)
        weir_loop_stop(loop);
}

static const struct weir_conn_handler echo_handler = {
    .on_open = end_opened, .on_readable = echo_done, .on_writable = end_writable, .on_error = end_failed};

START_TEST(big_transfers_come_back_unchanged)
{
    struct end server = {.echo = true}, client = {.send_len = BIG_LEN};
    struct weir_listener *listener = listen_here(on_accept, &server);
    struct weir_target target = {.host = _i == 0 ? "127.0.0.1" : "localhost", .port = weir_listener_port(listener)};
    uint8_t *bytes = random_bytes(BIG_LEN);

    client.sent = bytes;
    ck_assert_int_eq(weir_net_connect(loop, &target, &echo_handler, &client, &client.conn, NULL), WEIR_OK);
    weir_loop_run(loop);
    ck_assert_int_eq(client.opened, 1);
    ck_assert_uint_eq(client.got_len, BIG_LEN);
    ck_assert_mem_eq(client.got, bytes, BIG_LEN);
    ck_assert_int_gt(client.writable, 0);
    end_fini(&client);
    end_fini(&server);
    weir_listener_close(listener);
    free(bytes);
}
END_TEST

/* Goal: on_readable comes again while bytes wait, even if its owner takes few at a time, and the end comes last. */
START_TEST(unread_bytes_are_told_again_and_precede_the_end)
{
    static uint8_t bytes[1000];
    struct end server = {.sent = bytes, .send_len = sizeof(bytes), .close_when_sent = true};
    struct end client = {.get_per_call = 7, .stop_on_end = true};
    struct weir_listener *listener = listen_here(on_accept, &server);

    connect_here("127.0.0.1", weir_listener_port(listener), &client);
    weir_loop_run(loop);
    ck_assert_uint_eq(client.got_len, sizeof(bytes));
    ck_assert_int_eq(client.end_status, WEIR_E_CLOSED);
    ck_assert_int_eq(client.failed, 0);
    while (client.failed == 0)
        weir_loop_run(loop); /* the end is told once more to who did not close */
    ck_assert_int_eq(client.why.status, WEIR_E_CLOSED);
    end_fini(&client);
    weir_listener_close(listener);
}
END_TEST

START_TEST(refused_connection_names_its_target)
{
    struct end client = {0};
    uint16_t port;
    int kept = kept_port(&port);
    char where[32];

    snprintf(where, sizeof(where), "%s:%u", _i == 0 ? "127.0.0.1" : "localhost", port);
    connect_here(_i == 0 ? "127.0.0.1" : "localhost", port, &client);
    ck_assert_int_eq(client.failed, 0);
    weir_loop_run(loop);
    ck_assert_int_eq(client.failed, 1);
    ck_assert_int_eq(client.opened, 0);
    ck_assert_int_eq(client.why.status, WEIR_E_REFUSED);
    ck_assert_ptr_nonnull(strstr(client.why.message, where));
    close(kept);
}
END_TEST

START_TEST(unknown_name_is_not_found)
{
    struct end client = {0};

    connect_here("no such name", 1, &client);
    weir_loop_run(loop);
    ck_assert_int_eq(client.failed, 1);
    ck_assert(client.why.status == WEIR_E_NOT_FOUND || client.why.status == WEIR_E_TIMEOUT);
    ck_assert_ptr_nonnull(strstr(client.why.message, "no such name:1"));
}
END_TEST

/* Closing while the name is being looked up, and freeing the loop before the answer is back. */
START_TEST(close_during_lookup_leaves_nothing)
{
    struct end client = {0};

    connect_here("localhost", 1, &client);
    end_close(&client);
}
END_TEST

START_TEST(invalid_targets_are_refused_at_once)
{
    struct weir_target no_port = {.host = "127.0.0.1"}, no_host = {.host = "", .port = 1};
    struct weir_conn *conn = NULL;
    struct weir_error err = {0};

    ck_assert_int_eq(weir_net_connect(loop, &no_port, &end_handler, NULL, &conn, &err), WEIR_E_INVAL);
    ck_assert_int_eq(weir_net_connect(loop, &no_host, &end_handler, NULL, &conn, &err), WEIR_E_INVAL);
    ck_assert_ptr_null(conn);
}
END_TEST

/* Each end closes within its own on_readable; what the other had written before is of no effect. */
START_TEST(close_within_a_callback_ends_all_callbacks)
{
    static uint8_t bytes[100];
    struct end server = {.sent = bytes, .send_len = sizeof(bytes)}, client = {.close_on_read = true};
    struct weir_listener *listener = listen_here(on_accept, &server);

    connect_here("127.0.0.1", weir_listener_port(listener), &client);
    while (client.readable == 0 || server.failed == 0) /* each of them stops the loop */
        weir_loop_run(loop);
    ck_assert_int_eq(client.readable, 1);
    ck_assert_int_eq(server.failed, 1);
    end_fini(&server);
    weir_listener_close(listener);
}
END_TEST

/* Goal: writing to a peer that is gone gives a status, not SIGPIPE. */
static void keep_writing(void *arg)
{
    struct end *end = arg;
    static uint8_t bytes[CHUNK_LEN];
    struct iovec iov = {bytes, sizeof(bytes)};
    struct weir_error err = {0};
    enum weir_status status = WEIR_OK;
    size_t taken = sizeof(bytes);

    while (status == WEIR_OK && taken == sizeof(bytes))
        status = weir_conn_writev(end->conn, &iov, 1, &taken, &err);
    if (status != WEIR_OK) {
        end->end_status = status;
        ck_assert_int_ne(err.message[0], '\0');
    }
}

static const struct weir_conn_handler writing_handler = {
    .on_open = keep_writing, .on_writable = keep_writing, .on_error = end_failed};

START_TEST(writing_to_a_closed_peer_gives_a_status)
{
    struct end server = {.close_on_read = true}, client = {0};
    struct weir_listener *listener = listen_here(on_accept, &server);
    struct weir_target target = {.host = "127.0.0.1", .port = weir_listener_port(listener)};

    ck_assert_int_eq(weir_net_connect(loop, &target, &writing_handler, &client, &client.conn, NULL), WEIR_OK);
    while (client.failed == 0) /* the server closes with unread bytes, which stops the loop: a reset */
        weir_loop_run(loop);
    ck_assert_int_eq(client.failed, 1);
    ck_assert(client.why.status == WEIR_E_CLOSED || client.why.status == WEIR_E_IO);
    weir_listener_close(listener);
}
END_TEST

/* The other order: the peer ended in order, its reset comes upon the first byte, and the next byte breaks the pipe. */
static struct weir_timer drip;

static void drip_byte(void *arg)
{
    struct end *end = arg;
    struct iovec iov = {"x", 1};
    struct weir_error err = {0};
    size_t taken;

    end->end_status = weir_conn_writev(end->conn, &iov, 1, &taken, &err);
    if (end->end_status == WEIR_OK)
        weir_timer_start(loop, &drip, WEIR_NS_PER_MS);
}

static const struct weir_conn_handler dripping_handler = {.on_open = drip_byte, .on_error = end_failed};

static void close_accepted(void *arg, struct weir_conn *conn)
{
    (void)arg;
    weir_conn_close(conn);
}

START_TEST(writing_into_a_broken_pipe_raises_no_signal)
{
    struct end client = {0};
    struct weir_listener *listener = listen_here(close_accepted, NULL);
    struct weir_target target = {.host = "127.0.0.1", .port = weir_listener_port(listener)};

    drip = (struct weir_timer){.fn = drip_byte, .arg = &client};
    ck_assert_int_eq(weir_net_connect(loop, &target, &dripping_handler, &client, &client.conn, NULL), WEIR_OK);
    weir_loop_run(loop);
    ck_assert_int_eq(client.end_status, WEIR_E_CLOSED);
    ck_assert_int_eq(client.why.status, WEIR_E_CLOSED);
    weir_listener_close(listener);
}
END_TEST

/* Goal: with want_read(false) nothing is told and the sender is stopped; with true again all comes.
 * Method: the server does not read until the client was told twice that it can't write more. */
struct pause {
    struct end *server, *client;
    struct weir_timer timer;
    size_t stood_at;
};

static void pause_tick(void *arg)
{
    struct pause *pause = arg;

    if (pause->server->conn == NULL || pause->stood_at != pause->client->sent_len || pause->stood_at == 0) {
        pause->stood_at = pause->client->sent_len;
        weir_timer_start(loop, &pause->timer, 20 * WEIR_NS_PER_MS);
        return;
    }
    ck_assert_uint_lt(pause->client->sent_len, BIG_LEN);
    ck_assert_int_eq(pause->server->readable, 0);
    weir_conn_want_read(pause->server->conn, true);
}

static void accept_paused(void *arg, struct weir_conn *conn)
{
    on_accept(arg, conn);
    weir_conn_want_read(conn, false);
}

START_TEST(paused_reading_stops_the_sender)
{
    struct end server = {.stop_on_end = true}, client = {.send_len = BIG_LEN, .close_when_sent = true};
    struct weir_listener *listener = listen_here(accept_paused, &server);
    struct pause pause = {.server = &server, .client = &client, .timer = {.fn = pause_tick, .arg = &pause}};
    uint8_t *bytes = random_bytes(BIG_LEN);

    client.sent = bytes;
    connect_here("127.0.0.1", weir_listener_port(listener), &client);
    weir_timer_start(loop, &pause.timer, 0);
    weir_loop_run(loop);
    ck_assert_uint_eq(server.got_len, BIG_LEN);
    ck_assert_mem_eq(server.got, bytes, BIG_LEN);
    end_fini(&server);
    weir_listener_close(listener);
    free(bytes);
}
END_TEST

/* Goal: an end is told even to an owner that does not read. */
START_TEST(end_is_told_while_reading_is_paused)
{
    struct end server = {0}, client = {.close_when_sent = true};
    struct weir_listener *listener = listen_here(accept_paused, &server);

    connect_here("127.0.0.1", weir_listener_port(listener), &client);
    weir_loop_run(loop);
    ck_assert_int_eq(server.failed, 1);
    ck_assert_int_eq(server.readable, 0);
    ck_assert_int_eq(server.why.status, WEIR_E_CLOSED);
    weir_listener_close(listener);
}
END_TEST

START_TEST(taken_port_is_busy)
{
    struct end nobody = {0};
    struct weir_listener *listener = listen_here(on_accept, &nobody), *second = NULL;
    struct weir_target at = {.host = "127.0.0.1", .port = weir_listener_port(listener)};
    struct weir_error err = {0};

    ck_assert_int_eq(weir_net_listen(loop, &at, on_accept, NULL, &second, &err), WEIR_E_BUSY);
    ck_assert_ptr_nonnull(strstr(err.message, "127.0.0.1:"));
    weir_listener_close(listener);
}
END_TEST

static void accept_and_close(void *arg, struct weir_conn *conn)
{
    struct weir_listener **listener = arg;

    weir_conn_close(conn);
    weir_listener_close(*listener);
    *listener = NULL;
    weir_loop_stop(loop);
}

START_TEST(listener_may_be_closed_within_on_accept)
{
    struct end client = {0};
    struct weir_listener *listener;

    listener = listen_here(accept_and_close, &listener);
    connect_here("127.0.0.1", weir_listener_port(listener), &client);
    weir_loop_run(loop);
    ck_assert_ptr_null(listener);
    end_fini(&client);
}
END_TEST

/* Goal: without a free descriptor the listener waits, says so once, and goes on when there is one again. */
static void free_descriptors(void *arg)
{
    struct rlimit *limit = arg;

    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, limit), 0);
}

static void accept_and_stop(void *arg, struct weir_conn *conn)
{
    on_accept(arg, conn);
    weir_loop_stop(loop);
}

START_TEST(accepting_waits_for_descriptors)
{
    struct end server = {0}, client = {0};
    struct weir_listener *listener = listen_here(accept_and_stop, &server);
    struct rlimit limit, none;
    struct weir_timer timer = {.fn = free_descriptors, .arg = &limit};
    int next;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    connect_here("127.0.0.1", weir_listener_port(listener), &client);
    next = dup(0); /* the lowest free number: no descriptor can be had from here on */
    close(next);
    none = (struct rlimit){(rlim_t)next, limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    weir_timer_start(loop, &timer, 50 * WEIR_NS_PER_MS);
    weir_loop_run(loop);
    ck_assert_ptr_nonnull(server.conn);
    end_fini(&client);
    end_fini(&server);
    weir_listener_close(listener);
}
END_TEST

/* Goal: an accepted connection that nobody has a handler for yet neither spins nor loses bytes. */
static struct weir_timer adoption;

static void adopt(void *arg)
{
    struct end *end = arg;

    weir_conn_set_handler(end->conn, &end_handler, end);
}

static void accept_only(void *arg, struct weir_conn *conn)
{
    struct end *end = arg;

    end->conn = conn;
    adoption = (struct weir_timer){.fn = adopt, .arg = end};
    weir_timer_start(loop, &adoption, 30 * WEIR_NS_PER_MS);
}

START_TEST(handler_may_come_late)
{
    static uint8_t bytes[100];
    struct end server = {.stop_on_end = true},
               client = {.sent = bytes, .send_len = sizeof(bytes), .close_when_sent = true};
    struct weir_listener *listener = listen_here(accept_only, &server);

    connect_here("127.0.0.1", weir_listener_port(listener), &client);
    weir_loop_run(loop);
    ck_assert_uint_eq(server.got_len, sizeof(bytes));
    end_fini(&server);
    weir_listener_close(listener);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("net");
    TCase *tc = tcase_create("loopback");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, big_transfers_come_back_unchanged, 0, 2);
    tcase_add_test(tc, unread_bytes_are_told_again_and_precede_the_end);
    tcase_add_loop_test(tc, refused_connection_names_its_target, 0, 2);
    tcase_add_test(tc, unknown_name_is_not_found);
    tcase_add_test(tc, close_during_lookup_leaves_nothing);
    tcase_add_test(tc, invalid_targets_are_refused_at_once);
    tcase_add_test(tc, close_within_a_callback_ends_all_callbacks);
    tcase_add_test(tc, writing_to_a_closed_peer_gives_a_status);
    tcase_add_test(tc, writing_into_a_broken_pipe_raises_no_signal);
    tcase_add_test(tc, paused_reading_stops_the_sender);
    tcase_add_test(tc, end_is_told_while_reading_is_paused);
    tcase_add_test(tc, taken_port_is_busy);
    tcase_add_test(tc, listener_may_be_closed_within_on_accept);
    tcase_add_test(tc, accepting_waits_for_descriptors);
    tcase_add_test(tc, handler_may_come_late);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
