/*
 * test_http_server.c - connections of the HTTP server, in a simulated world: answers in order, limits of size, number
 * and time, peers that go away.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/http_server.h"
#include "tests/sim_client.h"

#define HEADERS "Host: h\r\n"
#define CLIENT_MAX 8
#define HELD_MAX 8
#define LARGE_LEN ((size_t)3 << 20)

static struct weir_sim *sim;
static struct weir_host *host;
static struct weir_loop *loop;
static struct weir_http_server *server;
static struct weir_http_request *held[HELD_MAX];
static size_t held_count;
static char *large;
static struct sim_client clients[CLIENT_MAX];

/* "/hold" waits for the test, "/large" answers with much, anything else with what it was asked. */
static void on_serve(void *arg, struct weir_http_request *request)
{
    const struct weir_http_message *message = weir_http_request_message(request);
    struct weir_http_answer answer = {.status = WEIR_HTTP_OK, .content_type = "text/plain"};
    struct weir_buf text;

    (void)arg;
    if (weir_view_equal(message->path, weir_view_str("/hold"))) {
        ck_assert_uint_lt(held_count, HELD_MAX);
        held[held_count++] = request;
        return;
    }
    if (weir_view_equal(message->path, weir_view_str("/large"))) {
        answer.body = weir_view(large, LARGE_LEN);
        weir_http_answer(request, &answer);
        return;
    }
    weir_buf_init(&text, 4096);
    weir_buf_printf(&text, "%d %.*s %.*s", message->method, (int)message->path.len, (const char *)message->path.ptr,
                    (int)message->body.len, (const char *)message->body.ptr);
    answer.body = weir_buf_view(&text);
    weir_http_answer(request, &answer);
    weir_buf_fini(&text);
}

static void setup(void)
{
    struct weir_http_server_options options = {.listen = {.host = "127.0.0.1", .port = 0},
                                               .serve = on_serve,
                                               .limits = {.body_len_max = 100},
                                               .connection_max = 4};

    held_count = 0;
    memset(clients, 0, sizeof(clients));
    large = malloc(LARGE_LEN);
    memset(large, 'x', LARGE_LEN);
    ck_assert_int_eq(weir_sim_new(&(struct weir_sim_options){.seed = 5}, &sim, NULL), WEIR_OK);
    sim_machine_begin(sim, "host", &host, &loop);
    ck_assert_int_eq(weir_http_server_new(loop, &options, &server, NULL), WEIR_OK);
}

static void teardown(void)
{
    weir_http_server_free(server);
    for (size_t i = 0; i < CLIENT_MAX; i++)
        sim_client_close(&clients[i]);
    sim_machine_end(host, loop);
    weir_sim_free(sim);
    free(large);
}

static void wait_ms(int64_t ms)
{
    sim_pass(sim, ms * WEIR_NS_PER_MS);
}

static struct sim_client *call(size_t i, const char *text)
{
    struct weir_target at = {.host = "127.0.0.1", .port = weir_http_server_port(server)};
    struct sim_client *client = &clients[i];

    if (client->conn == NULL) {
        sim_client_open(client, loop, &at, 2 * LARGE_LEN);
        wait_ms(10);
    }
    sim_client_say(client, weir_view_str(text));
    return client;
}

#define ck_says(client, text)                                                                                          \
    ck_assert_msg(sim_client_count(client, text) == 1, "it said: %.*s", (int)(client)->in.len,                         \
                  (const char *)(client)->in.ptr)

START_TEST(requests_are_answered_in_order)
{
    struct sim_client *client = call(0, "GET /a HTTP/1.1\r\n" HEADERS "\r\nPOST /b HTTP/1.1\r\n" HEADERS
                                    "Content-Length: 3\r\n\r\nxyzHEAD /c HTTP/1.1\r\n" HEADERS "\r\n");

    wait_ms(100);
    ck_says(client, "Content-Length: 5\r\nConnection: keep-alive\r\n\r\n0 /a HTTP/1.1 200 OK");
    ck_says(client, "\r\n\r\n2 /b xyzHTTP/1.1 200 OK");
    ck_assert_uint_eq(sim_client_count(client, "1 /c"), 0); /* HEAD: the head only */
    ck_assert_uint_eq(sim_client_count(client, "Date: "), 3);
    ck_assert(!client->ended);
    call(0, "DELETE /d HTTP/1.1\r\nConnection: close\r\n" HEADERS "\r\n");
    wait_ms(2000);
    ck_says(client, "Connection: close\r\n\r\n4 /d ");
    ck_assert(client->ended);
}
END_TEST

START_TEST(a_body_is_sent_when_it_is_asked_for)
{
    struct sim_client *client =
        call(0, "PUT /p HTTP/1.1\r\n" HEADERS "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n");

    wait_ms(100);
    ck_says(client, "HTTP/1.1 100 Continue\r\n\r\n");
    call(0, "2\r\nab\r\n0\r\n\r\n");
    wait_ms(100);
    ck_says(client, "3 /p ab");
}
END_TEST

static const struct {
    const char *text, *answer;
} refusals[] = {
    {"GET / HTTP/1.1\n", "HTTP/1.1 400 Bad Request"},
    {"GET / HTTP/3.0\r\n", "HTTP/1.1 505 HTTP Version Not Supported"},
    {"POST / HTTP/1.1\r\n" HEADERS "Content-Length: 101\r\n\r\n", "HTTP/1.1 413 Content Too Large"},
    {"POST / HTTP/1.1\r\n" HEADERS "Transfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 501 Not Implemented"},
    {"POST / HTTP/1.1\r\n" HEADERS "Transfer-Encoding: chunked\r\n\r\n65\r\n", "HTTP/1.1 413 Content Too Large"},
};

/* Goal: what is behind a refused request is not taken for a request, and the client gets its answer first. */
START_TEST(a_refusal_ends_the_connection)
{
    struct sim_client *client = call(0, refusals[_i].text);

    wait_ms(50);
    call(0, "GET /smuggled HTTP/1.1\r\n" HEADERS "\r\n");
    wait_ms(100);
    ck_says(client, refusals[_i].answer);
    ck_says(client, "Connection: close");
    ck_assert(!client->ended); /* it may still be fetching the answer */
    wait_ms(2000);
    ck_assert(client->ended);
    ck_assert_uint_eq(sim_client_count(client, "smuggled"), 0);
}
END_TEST

START_TEST(time_is_limited)
{
    struct sim_client *idle = call(0, "GET /a HTTP/1.1\r\n" HEADERS "\r\n"), *slow = call(1, "GET /b HT");
    struct weir_http_server_stats stats;

    for (int i = 0; i < 40 && !slow->ended; i++) { /* a byte a second does not help */
        wait_ms(1000);
        if (slow->in.len == 0)
            call(1, i == 0 ? "TP/1.1\r\nX: " : "x");
    }
    ck_says(slow, "HTTP/1.1 408 Request Timeout");
    ck_assert(slow->ended);
    ck_assert(!idle->ended);
    wait_ms(60000);
    ck_assert(idle->ended);
    weir_http_server_stats(server, &stats);
    ck_assert_uint_eq(stats.connection_count, 0);
    ck_assert_uint_eq(stats.accepted_count, 2);
    ck_assert_uint_eq(stats.request_count, 1);
    ck_assert_uint_eq(stats.refused_count, 1);
}
END_TEST

/* Goal: who idles makes room, longest first; who is at work does not. */
START_TEST(connections_are_limited)
{
    for (size_t i = 0; i < 4; i++)
        call(i, i == 1 ? "GET /hold HTTP/1.1\r\n" HEADERS "\r\n" : "GET /a HTTP/1.1\r\n" HEADERS "\r\n");
    wait_ms(100);
    call(0, "GET /again HTTP/1.1\r\n" HEADERS "\r\n"); /* now the third one has idled longest */
    wait_ms(100);
    call(4, "GET /hold HTTP/1.1\r\n" HEADERS "\r\n");
    wait_ms(100);
    ck_assert(!clients[0].ended && !clients[1].ended && clients[2].ended && !clients[3].ended && !clients[4].ended);
    call(0, "GET /hold HTTP/1.1\r\n" HEADERS "\r\n");
    call(3, "GET /hold HTTP/1.1\r\n" HEADERS "\r\n");
    wait_ms(100);
    call(5, "GET /a HTTP/1.1\r\n" HEADERS "\r\n");
    wait_ms(100);
    ck_assert(clients[5].ended && clients[5].in.len == 0);
    ck_assert_uint_eq(held_count, 4);
    for (size_t i = 0; i < 4; i++)
        weir_http_refuse(held[i], WEIR_HTTP_CONFLICT, NULL);
    wait_ms(100);
    ck_says(&clients[1], "HTTP/1.1 409 Conflict");
    ck_says(&clients[1], "Conflict\n");
}
END_TEST

/* Goal: a request outlives its connection, and its server. */
START_TEST(answers_may_come_too_late)
{
    call(0, "GET /hold HTTP/1.1\r\n" HEADERS "X: kept\r\n\r\n");
    call(1, "GET /hold HTTP/1.1\r\n" HEADERS "\r\n");
    wait_ms(100);
    ck_assert_uint_eq(held_count, 2);
    sim_client_close(&clients[0]);
    wait_ms(100);
    ck_assert(weir_view_equal(weir_http_header(weir_http_request_message(held[0]), "x"), weir_view_str("kept")));
    ck_assert_str_ne(weir_http_request_peer(held[0]), "");
    weir_http_refuse(held[0], WEIR_HTTP_OK, "nobody hears it");
    weir_http_server_free(server);
    server = NULL;
    ck_assert(weir_http_request_message(held[1])->keep_alive);
    weir_http_refuse(held[1], WEIR_HTTP_OK, "nobody hears it");
    wait_ms(100);
}
END_TEST

/* Goal: a large answer comes whole; one that nobody fetches costs a connection's time only. */
START_TEST(large_answers)
{
    struct sim_client *client = call(0, "GET /large HTTP/1.1\r\n" HEADERS "\r\n"), *deaf;

    wait_ms(10000);
    ck_assert_uint_gt(client->in.len, LARGE_LEN);
    ck_assert_mem_eq(client->in.ptr + client->in.len - LARGE_LEN, large, LARGE_LEN);
    deaf = call(1, "GET /large HTTP/1.1\r\n" HEADERS "\r\n");
    deaf->deaf = true;
    wait_ms(25000);
    call(0, "GET /a HTTP/1.1\r\n" HEADERS "\r\n");
    wait_ms(1000);
    ck_says(client, "0 /a ");
    wait_ms(60000);
    ck_assert_uint_eq(deaf->in.len, 0);
    deaf->deaf = false;
    wait_ms(1000);
    ck_assert(deaf->ended || deaf->in.len < LARGE_LEN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_server");
    TCase *tc = tcase_create("connections");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, requests_are_answered_in_order);
    tcase_add_test(tc, a_body_is_sent_when_it_is_asked_for);
    tcase_add_loop_test(tc, a_refusal_ends_the_connection, 0, sizeof(refusals) / sizeof(refusals[0]));
    tcase_add_test(tc, time_is_limited);
    tcase_add_test(tc, connections_are_limited);
    tcase_add_test(tc, answers_may_come_too_late);
    tcase_add_test(tc, large_answers);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
