/*
 * test_sim_net.c - the simulated network: the same seed gives the same world; bytes arrive whole and in order through
 * delays, stalls and cuts; refusal, backpressure, the end of a peer.
 */
#include "sim_echo.h"

#include "weir/buf.h"

#define CLIENT_COUNT 4
#define PIPE_CAP (256 * 1024)

static struct weir_sim *sim;
static struct weir_host *server_host, *client_host;
static struct weir_loop *client_loop;
static struct echo_server server;

static void open_world(const struct weir_sim_options *options)
{
    ck_assert_int_eq(weir_sim_new(options, &sim, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "server", "disk-s", &server_host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "client", "disk-c", &client_host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(client_host, "client", &client_loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(client_loop, NULL), WEIR_OK);
    server = (struct echo_server){0};
}

static void close_world(void)
{
    weir_sim_host_silence(client_host);
    weir_loop_free(client_loop);
    weir_host_free(client_host);
    weir_sim_free(sim);
}

static void stop_server(void)
{
    weir_sim_host_silence(server_host);
    echo_server_free(&server);
    weir_host_free(server_host);
}

static bool all_done(void *arg)
{
    struct echo_client *clients = arg;

    for (int i = 0; i < CLIENT_COUNT; i++)
        if (!echo_client_done(&clients[i]))
            return false;
    return true;
}

static uint64_t play(const struct weir_sim_options *options, unsigned *error_count)
{
    struct echo_client clients[CLIENT_COUNT] = {0};
    uint64_t trace;

    open_world(options);
    echo_server_start(&server, server_host);
    for (int i = 0; i < CLIENT_COUNT; i++)
        echo_client_start(&clients[i], sim, client_loop, 300000);
    ck_assert(weir_sim_run(sim, all_done, clients, 600 * WEIR_NS_PER_S));
    trace = weir_sim_trace(sim) ^ (uint64_t)weir_sim_now_ns(sim);
    for (int i = 0; i < CLIENT_COUNT; i++) {
        *error_count += clients[i].error_count;
        echo_client_free(&clients[i]);
    }
    stop_server();
    close_world();
    return trace;
}

/* Goal: a seed is all there is to know about a run.
 * Method: clients chat with an echo server through cuts and stalls, twice with one seed, once with the next. */
START_TEST(same_seed_gives_the_same_world)
{
    struct weir_sim_options options = {.seed = (uint64_t)_i, .cut_per_million = 10000, .stall_per_million = 5000};
    unsigned error_count = 0;
    uint64_t first = play(&options, &error_count), second;
    void *padding = malloc(100000 + (size_t)_i * 16); /* so that addresses differ */

    ck_assert_uint_gt(error_count, 0);
    second = play(&options, &error_count);
    free(padding);
    ck_assert_uint_eq(first, second);
    options.seed += 1000;
    ck_assert_uint_ne(first, play(&options, &error_count));
}
END_TEST

START_TEST(without_faults_nothing_breaks)
{
    struct weir_sim_options options = {.seed = 7};
    unsigned error_count = 0;

    play(&options, &error_count);
    ck_assert_uint_eq(error_count, 0);
}
END_TEST

static bool has_error(void *arg)
{
    return ((struct echo_client *)arg)->error_count > 0;
}

START_TEST(connecting_to_nobody_is_refused)
{
    struct weir_sim_options options = {.seed = 1};
    struct echo_client client = {0};

    open_world(&options);
    echo_client_start(&client, sim, client_loop, 1);
    ck_assert(weir_sim_run(sim, has_error, &client, WEIR_NS_PER_S));
    ck_assert_int_eq(client.last_error, WEIR_E_REFUSED);
    ck_assert_uint_eq(client.open_count, 0);
    /* Once somebody listens, the next attempt is heard. */
    echo_server_start(&server, server_host);
    ck_assert(weir_sim_run(sim, echo_client_done, &client, WEIR_NS_PER_S));
    echo_client_free(&client);
    stop_server();
    close_world();
}
END_TEST

START_TEST(ports_are_shared_by_all_hosts)
{
    struct weir_sim_options options = {.seed = 1};
    struct weir_target taken = {"0.0.0.0", ECHO_PORT, NULL}, any = {"0.0.0.0", 0, NULL};
    struct weir_listener *listener, *other;

    open_world(&options);
    echo_server_start(&server, server_host);
    ck_assert_int_eq(weir_net_listen(client_loop, &taken, echo_accept, NULL, &listener, NULL), WEIR_E_BUSY);
    ck_assert_int_eq(weir_net_listen(client_loop, &any, echo_accept, NULL, &listener, NULL), WEIR_OK);
    ck_assert_int_eq(weir_net_listen(client_loop, &any, echo_accept, NULL, &other, NULL), WEIR_OK);
    ck_assert_uint_ne(weir_listener_port(listener), weir_listener_port(other));
    weir_listener_close(listener);
    weir_listener_close(other);
    stop_server();
    ck_assert_int_eq(weir_net_listen(client_loop, &taken, echo_accept, NULL, &listener, NULL), WEIR_OK);
    weir_listener_close(listener);
    close_world();
}
END_TEST

/* A crash of the server breaks its connections: bytes on their way arrive, then the client hears of it. */
START_TEST(crash_of_a_peer_is_heard)
{
    struct weir_sim_options options = {.seed = (uint64_t)_i};
    struct echo_client client = {0};

    open_world(&options);
    echo_server_start(&server, server_host);
    echo_client_start(&client, sim, client_loop, UINT64_MAX);
    weir_sim_run(sim, NULL, NULL, 20 * WEIR_NS_PER_MS + (int64_t)weir_sim_below(sim, WEIR_NS_PER_MS));
    ck_assert_uint_eq(client.error_count, 0);
    stop_server();
    ck_assert(weir_sim_run(sim, has_error, &client, WEIR_NS_PER_S));
    ck_assert_int_eq(client.last_error, WEIR_E_IO);
    echo_client_free(&client);
    close_world();
}
END_TEST

/* Backpressure and orderly end */

struct end { /* one end of a quiet connection */
    struct weir_conn *conn;
    unsigned open_count, readable_count, writable_count, error_count;
    enum weir_status error;
};

static void end_open(void *arg)
{
    ((struct end *)arg)->open_count++;
}

static void end_readable(void *arg)
{
    struct end *end = arg;

    end->readable_count++;
    weir_conn_want_read(end->conn, false);
}

static void end_writable(void *arg)
{
    ((struct end *)arg)->writable_count++;
}

static void end_error(void *arg, const struct weir_error *why)
{
    ((struct end *)arg)->error_count++;
    ((struct end *)arg)->error = why->status;
}

static const struct weir_conn_handler end_handler = {
    .on_open = end_open, .on_readable = end_readable, .on_writable = end_writable, .on_error = end_error};

static void end_accept(void *arg, struct weir_conn *conn)
{
    ((struct end *)arg)->conn = conn;
    weir_conn_set_handler(conn, &end_handler, arg);
}

static void open_pair(const struct weir_sim_options *options, struct end *near, struct end *far)
{
    struct weir_target at = {"server", ECHO_PORT, NULL};

    open_world(options);
    ck_assert_int_eq(weir_loop_new(server_host, "server", &server.loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_net_listen(server.loop, &at, end_accept, far, &server.listener, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(server.loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_net_connect(client_loop, &at, &end_handler, near, &near->conn, NULL), WEIR_OK);
    weir_sim_run(sim, NULL, NULL, 10 * WEIR_NS_PER_MS);
    ck_assert_uint_eq(near->open_count, 1);
    ck_assert_ptr_nonnull(far->conn);
}

static size_t write_all_that_fits(struct weir_conn *conn)
{
    static uint8_t bytes[1000];
    struct iovec iov = {bytes, sizeof(bytes)};
    size_t sum = 0, taken, odd = 0;

    do {
        ck_assert_int_eq(weir_conn_writev(conn, &iov, 1, &taken, NULL), WEIR_OK);
        sum += taken;
        odd = taken > 0 ? 0 : odd + 1;
    } while (odd < 2);
    return sum;
}

START_TEST(a_full_pipe_stops_the_writer)
{
    struct weir_sim_options options = {.seed = 3};
    struct end near = {0}, far = {0};
    uint8_t buf[PIPE_CAP];
    size_t got, sum = 0;

    open_pair(&options, &near, &far);
    weir_conn_want_read(far.conn, false);
    ck_assert_uint_eq(write_all_that_fits(near.conn), PIPE_CAP);
    weir_sim_run(sim, NULL, NULL, WEIR_NS_PER_S);
    near.writable_count = 0; /* a write that was taken in part by chance may have been told */
    write_all_that_fits(near.conn);
    weir_sim_run(sim, NULL, NULL, WEIR_NS_PER_S);
    ck_assert_uint_eq(near.writable_count, 0);
    ck_assert_uint_eq(far.readable_count, 0);
    while (weir_conn_read(far.conn, buf, 1000, &got, NULL) == WEIR_OK)
        sum += got;
    ck_assert_uint_eq(sum, PIPE_CAP);
    weir_sim_run(sim, NULL, NULL, WEIR_NS_PER_S);
    ck_assert_uint_eq(near.writable_count, 1);
    weir_conn_close(near.conn);
    weir_conn_close(far.conn);
    stop_server();
    close_world();
}
END_TEST

START_TEST(an_orderly_end_comes_after_the_bytes)
{
    struct weir_sim_options options = {.seed = (uint64_t)_i};
    struct end near = {0}, far = {0};
    struct iovec iov = {"farewell", 8};
    char buf[16];
    size_t got, sum = 0, taken;

    open_pair(&options, &near, &far);
    ck_assert_int_eq(weir_conn_writev(near.conn, &iov, 1, &taken, NULL), WEIR_OK);
    weir_conn_close(near.conn);
    weir_sim_run(sim, NULL, NULL, WEIR_NS_PER_S);
    ck_assert_uint_eq(far.error_count, 0);
    while (weir_conn_read(far.conn, buf + sum, sizeof(buf) - sum, &got, NULL) == WEIR_OK)
        sum += got;
    ck_assert_uint_eq(sum, taken);
    ck_assert_mem_eq(buf, "farewell", taken);
    ck_assert_int_eq(weir_conn_read(far.conn, buf, 1, &got, NULL), WEIR_E_CLOSED);
    ck_assert_int_eq(weir_conn_writev(far.conn, &iov, 1, &taken, NULL), WEIR_E_CLOSED);
    weir_conn_want_read(far.conn, true);
    weir_sim_run(sim, NULL, NULL, WEIR_NS_PER_S);
    ck_assert_uint_eq(far.error_count, 1);
    ck_assert_int_eq(far.error, WEIR_E_CLOSED);
    weir_conn_close(far.conn);
    stop_server();
    close_world();
}
END_TEST

/* A connection outlives its loop as a shell: safe to use, without effect. */
START_TEST(a_silent_host_keeps_safe_shells)
{
    struct weir_sim_options options = {.seed = 5};
    struct end near = {0}, far = {0};
    struct iovec iov = {"x", 1};
    char buf[1];
    size_t got, taken;

    open_pair(&options, &near, &far);
    weir_sim_host_silence(server_host);
    weir_listener_close(server.listener);
    weir_loop_free(server.loop);
    ck_assert_int_eq(weir_conn_writev(far.conn, &iov, 1, &taken, NULL), WEIR_OK);
    ck_assert_uint_eq(taken, 1);
    ck_assert_int_eq(weir_conn_read(far.conn, buf, 1, &got, NULL), WEIR_E_AGAIN);
    weir_conn_want_read(far.conn, true);
    weir_sim_run(sim, NULL, NULL, WEIR_NS_PER_S);
    ck_assert_uint_eq(far.error_count, 0);
    ck_assert_uint_eq(near.error_count, 1);
    ck_assert_int_eq(near.error, WEIR_E_IO);
    ck_assert_int_eq(weir_conn_writev(near.conn, &iov, 1, &taken, NULL), WEIR_E_IO);
    weir_sim_host_crash(server_host);
    weir_conn_close(far.conn);
    weir_conn_close(near.conn);
    close_world();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_net");
    TCase *tc = tcase_create("sim_net");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, same_seed_gives_the_same_world, 0, 5);
    tcase_add_test(tc, without_faults_nothing_breaks);
    tcase_add_test(tc, connecting_to_nobody_is_refused);
    tcase_add_test(tc, ports_are_shared_by_all_hosts);
    tcase_add_loop_test(tc, crash_of_a_peer_is_heard, 0, 20);
    tcase_add_test(tc, a_full_pipe_stops_the_writer);
    tcase_add_loop_test(tc, an_orderly_end_comes_after_the_bytes, 0, 10);
    tcase_add_test(tc, a_silent_host_keeps_safe_shells);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
