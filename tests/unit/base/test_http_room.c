/*
 * test_http_room.c - what all connections of an HTTP server hold together: clients that do not fetch their answers,
 * that send half of a body, that ask and go; and that whoever asks for little is served meanwhile. In a simulated
 * world.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/http_server.h"
#include "tests/sim_client.h"

#define ROOM_LEN ((uint64_t)8 << 20)
#define LARGE_LEN ((size_t)1 << 20)
#define CLIENT_MAX 60
#define HELD_MAX 1000

static struct weir_sim *sim;
static struct weir_host *host;
static struct weir_loop *loop, *client_loop;
static struct weir_http_server *server;
static struct weir_room room;
static struct weir_http_request *held[HELD_MAX];
static size_t held_count;
static char *large;

/* "/hold" waits for the test, "/large" answers with much, anything else with a word. */
static void on_serve(void *arg, struct weir_http_request *request)
{
    struct weir_view path = weir_http_request_message(request)->path;
    struct weir_http_answer answer = {
        .status = WEIR_HTTP_OK, .content_type = "text/plain", .body = weir_view_str("word")};

    (void)arg;
    if (weir_view_equal(path, weir_view_str("/hold"))) {
        ck_assert_uint_lt(held_count, HELD_MAX);
        held[held_count++] = request;
        return;
    }
    if (weir_view_equal(path, weir_view_str("/large")))
        answer.body = weir_view(large, LARGE_LEN);
    weir_http_answer(request, &answer);
}

static void let_go(void)
{
    while (held_count > 0)
        weir_http_refuse(held[--held_count], WEIR_HTTP_OK, "held");
}

/* --- Clients ------------------------------------------------------------------------------------------------------ */

static struct sim_client clients[CLIENT_MAX + 1];

static struct sim_client *say(size_t i, const char *text, size_t more)
{
    struct weir_target at = {.host = "127.0.0.1", .port = weir_http_server_port(server)};
    struct sim_client *client = &clients[i];

    if (client->conn == NULL)
        sim_client_open(client, client_loop, &at, 4 * LARGE_LEN);
    weir_buf_append(&client->out, text, strlen(text));
    sim_client_say(client, weir_view(large, more));
    return client;
}

static void pass_ms(int64_t ms)
{
    sim_pass(sim, ms * WEIR_NS_PER_MS);
}

/* Somebody who asks for little, on a connection of its own. */
static void ck_served(void)
{
    struct sim_client *client = say(CLIENT_MAX, "GET /word HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 0);

    pass_ms(100);
    ck_assert_uint_eq(sim_client_count(client, "HTTP/1.1 200 OK"), 1);
    sim_client_close(client);
    pass_ms(10);
}

static size_t refused_count(void)
{
    size_t count = 0;

    for (size_t i = 0; i < CLIENT_MAX; i++)
        count += sim_client_count(&clients[i], "HTTP/1.1 503 ");
    return count;
}

/* --- The world ---------------------------------------------------------------------------------------------------- */

static void setup(void)
{
    struct weir_http_server_options options = {
        .listen = {.host = "127.0.0.1"}, .serve = on_serve, .room = &room, .transfer_ns = 3600 * WEIR_NS_PER_S};

    held_count = 0;
    room = (struct weir_room){.bytes_max = ROOM_LEN};
    memset(clients, 0, sizeof(clients));
    large = malloc(LARGE_LEN);
    memset(large, 'x', LARGE_LEN);
    ck_assert_int_eq(weir_sim_new(&(struct weir_sim_options){.seed = 5, .log_fd = -1}, &sim, NULL), WEIR_OK);
    sim_machine_begin(sim, "host", &host, &loop);
    client_loop = loop;
    ck_assert_int_eq(weir_http_server_new(loop, &options, &server, NULL), WEIR_OK);
}

static void teardown(void)
{
    for (size_t i = 0; i <= CLIENT_MAX; i++)
        sim_client_close(&clients[i]);
    let_go();
    pass_ms(2000);
    ck_assert_uint_eq(room.held, 0); /* what was counted in was counted out */
    weir_http_server_free(server);
    sim_machine_end(host, loop);
    weir_sim_free(sim);
    free(large);
}

static void ck_bound(void)
{
    ck_assert_uint_gt(room.held_max, ROOM_LEN / 2);
    ck_assert_uint_le(room.held_max, ROOM_LEN + CLIENT_MAX * WEIR_ROOM_SMALL);
}

/* --- Tests -------------------------------------------------------------------------------------------------------- */

/* Goal: answers that nobody fetches hold no more than the room, and go when others need it. */
START_TEST(deaf_clients)
{
    for (size_t i = 0; i < CLIENT_MAX; i++) {
        say(i, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n", 0);
        weir_conn_want_read(clients[i].conn, i % 8 == 7); /* some hear that there is no room */
    }
    pass_ms(1000);
    ck_bound();
    ck_assert_uint_gt(room.refused_count, 0);
    ck_assert_uint_gt(refused_count(), 0);
    ck_served();
    pass_ms(15000);
    ck_assert_uint_gt(room.stuck_count, 0);
    ck_assert_uint_le(room.held, ROOM_LEN / 2);
    ck_bound();
    sim_client_close(&clients[0]);
    say(0, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n", 0);
    pass_ms(2000);
    ck_assert_uint_gt(clients[0].in.len, LARGE_LEN);
}
END_TEST

/* Goal: halves of bodies likewise. */
START_TEST(halves_of_bodies)
{
    for (size_t i = 0; i < CLIENT_MAX; i++)
        say(i, "POST /word HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n", 700000);
    pass_ms(1000);
    ck_bound();
    ck_assert_uint_gt(refused_count(), 0);
    ck_served();
    pass_ms(15000);
    ck_assert_uint_gt(room.stuck_count, 0);
    ck_assert_uint_le(room.held, ROOM_LEN / 2);
    ck_served();
}
END_TEST

/* Goal: bodies whose clients have gone are counted until their owner has answered, and who waits for it is not
 * ended. */
START_TEST(who_asks_and_goes)
{
    for (int round = 0; round < 20; round++) {
        say(0, "POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 700000\r\n\r\n", 700000);
        pass_ms(100);
        sim_client_close(&clients[0]);
    }
    say(1, "POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n", 10);
    pass_ms(20000);
    ck_bound();
    ck_assert_uint_gt(room.held, ROOM_LEN / 2);
    ck_assert_uint_lt(held_count, 21);
    ck_assert(!clients[1].ended);
    ck_served();
    let_go();
    pass_ms(100);
    ck_assert_uint_eq(sim_client_count(&clients[1], "HTTP/1.1 200 OK"), 1);
    ck_assert_uint_eq(room.held, 0); /* idle connections hold nothing */
}
END_TEST

/* On a machine of its own, which dies: the server sees a connection that broke, not one that ended. */
static void ask_and_die(const char *text, size_t more)
{
    struct weir_host *doomed;

    sim_machine_begin(sim, "doomed", &doomed, &client_loop);
    say(0, text, more);
    pass_ms(20);
    weir_sim_host_silence(doomed);
    sim_client_close(&clients[0]);
    sim_machine_end(doomed, client_loop);
    client_loop = loop;
    pass_ms(20);
}

/* Goal: small ones, too, though each of them is let in: many that break off must not pile up with the owner. */
START_TEST(who_asks_and_dies)
{
    struct weir_http_server_stats stats;

    for (int round = 0; round < 400; round++)
        ask_and_die("POST /hold HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n", 60000);
    weir_http_server_stats(server, &stats);
    ck_assert_uint_eq(stats.connection_count, 0);
    ck_bound();
    ck_assert_uint_gt(room.held, ROOM_LEN / 2);
    ck_assert_uint_le(room.held, ROOM_LEN + WEIR_ROOM_SMALL);
    ck_assert_uint_lt(held_count, 400);
    let_go();
    ck_assert_uint_eq(room.held, 0);
    ck_served();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_room");
    TCase *tc = tcase_create("room");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, deaf_clients);
    tcase_add_test(tc, halves_of_bodies);
    tcase_add_test(tc, who_asks_and_goes);
    tcase_add_test(tc, who_asks_and_dies);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
