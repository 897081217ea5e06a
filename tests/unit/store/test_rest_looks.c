/*
 * test_rest_looks.c - how many requests over HTTP may look into the states of reader groups at a time. In virtual time: a
 * slow disk holds answers back, so that all of the requests are under way together.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/blocking.h"
#include "weir/net.h"
#include "weir/sim.h"
#include "weir/store.h"

#define LOOKS_MAX 8 /* as store/operation/rest_groups.c has it */
#define CLIENTS 20

static struct weir_sim *sim;
static struct weir_host *store_host, *client_host;
static struct weir_loop *store_loop, *client_loop;
static struct weir_store *store;
static struct pravega_session *session;
static struct weir_error err;
static const struct pravega_stream_name stream = {"sc", "st"};

#define must(call) ck_assert_msg((call) == WEIR_OK, "%s", err.message)

/* --- Clients over HTTP -------------------------------------------------------------------------------------------- */

struct client {
    struct weir_conn *conn;
    const char *request;
    char answer[1024];
    size_t len;
} clients[CLIENTS + 1], changer;

static void on_open(void *arg)
{
    struct client *client = arg;
    struct iovec iov = {(void *)(uintptr_t)client->request, strlen(client->request)};
    size_t taken;

    must(weir_conn_writev(client->conn, &iov, 1, &taken, &err));
    ck_assert_uint_eq(taken, iov.iov_len);
}

static void on_readable(void *arg)
{
    struct client *client = arg;
    size_t got;

    if (weir_conn_read(client->conn, client->answer + client->len, sizeof(client->answer) - 1 - client->len, &got, NULL) ==
        WEIR_OK)
        client->len += got;
}

static const struct weir_conn_handler handler = {.on_open = on_open, .on_readable = on_readable};

static void say(struct client *client, const char *request)
{
    struct weir_target to = {.host = "store", .port = 9091};

    client->request = request;
    must(weir_net_connect(client_loop, &to, &handler, client, &client->conn, &err));
}

static void ask(struct client *client)
{
    say(client, "GET /v1/scopes/sc/readergroups/rg HTTP/1.1\r\nHost: h\r\n\r\n");
}

static void make_scope(struct client *client)
{
    say(client, "POST /v1/scopes HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n"
                "{\"scopeName\":\"other\"}");
}

static size_t count_of(const char *beginning)
{
    size_t count = 0;

    for (size_t i = 0; i <= CLIENTS; i++)
        count += strncmp(clients[i].answer, beginning, strlen(beginning)) == 0;
    return count;
}

/* --- The world ---------------------------------------------------------------------------------------------------- */

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void pass_ms(int64_t ms)
{
    (void)weir_sim_run(sim, never, NULL, ms * WEIR_NS_PER_MS);
}

static void setup(void)
{
    struct weir_sim_options world = {.seed = 7,
                                     .log_fd = -1,
                                     .sync_delay_min_ns = WEIR_NS_PER_S,
                                     .sync_delay_max_ns = WEIR_NS_PER_S + 1};
    struct weir_store_options options = {.data_dir = "store",
                                         .advertised_host = "store",
                                         .controller_port = 9090,
                                         .segment_port = 12345,
                                         .rest = true,
                                         .rest_port = 9091};

    memset(clients, 0, sizeof(clients));
    memset(&changer, 0, sizeof(changer));
    must(weir_sim_new(&world, &sim, &err));
    must(weir_sim_host_new(sim, "store", "store-disk", &store_host, &err));
    must(weir_loop_new(store_host, "store", &store_loop, &err));
    must(weir_loop_start(store_loop, &err));
    must(weir_store_open(store_loop, &options, &store, &err));
    must(weir_sim_host_new(sim, "client", "client-disk", &client_host, &err));
    must(weir_loop_new(client_host, "client", &client_loop, &err));
    must(weir_loop_start(client_loop, &err));
    must(pravega_session_open(client_host, &(struct pravega_client_options){.controller_uri = "tcp://store:9090"}, &session,
                              &err));
}

static void loop_end(struct weir_loop *loop)
{
    weir_loop_stop(loop);
    weir_loop_join(loop);
    weir_loop_free(loop);
}

static void teardown(void)
{
    for (size_t i = 0; i <= CLIENTS; i++) {
        if (clients[i].conn != NULL)
            weir_conn_close(clients[i].conn);
    }
    weir_conn_close(changer.conn);
    pravega_session_close(session);
    loop_end(client_loop);
    weir_store_close(store);
    loop_end(store_loop);
    weir_host_free(store_host);
    weir_host_free(client_host);
    weir_sim_free(sim);
}

static void make_group(void)
{
    struct pravega_group_stream of = {.stream = stream};
    struct pravega_reader_group_config config = {.streams = &of, .stream_count = 1};
    struct pravega_group_name name = {"sc", "rg"};

    must(pravega_await_scope_create(session, "sc", &err));
    must(pravega_await_stream_create(session, &stream, &(struct pravega_stream_config){.min_segments = 1}, &err));
    must(pravega_await_reader_group_create(session, &name, &config, &err));
}

/* Goal: eight at a time look, the others are told to try again, at once; and then there is room again.
 * Method: a change on its way to the disk, behind which answers wait for a second. */
START_TEST(groups_are_looked_at_by_eight_at_a_time)
{
    make_group();
    make_scope(&changer);
    pass_ms(100);
    for (size_t i = 0; i < CLIENTS; i++)
        ask(&clients[i]);
    pass_ms(200);
    ck_assert_uint_eq(count_of("HTTP/1.1 503 "), CLIENTS - LOOKS_MAX);
    ck_assert_uint_eq(count_of("HTTP/1.1 200 "), 0);
    ck_assert_uint_eq(changer.len, 0);
    pass_ms(3000);
    ck_assert_uint_eq(count_of("HTTP/1.1 503 "), CLIENTS - LOOKS_MAX);
    ck_assert_uint_eq(count_of("HTTP/1.1 200 "), LOOKS_MAX);
    ck_assert_int_eq(strncmp(changer.answer, "HTTP/1.1 201 ", 13), 0);
    ask(&clients[CLIENTS]);
    pass_ms(3000);
    ck_assert_uint_eq(count_of("HTTP/1.1 200 "), LOOKS_MAX + 1);
    ck_assert_ptr_nonnull(strstr(clients[CLIENTS].answer, "\"streamList\":[\"sc/st\"]"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rest_looks");
    TCase *tc = tcase_create("rest_looks");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, groups_are_looked_at_by_eight_at_a_time);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
