/*
 * test_grpc.c - unary gRPC: channel and server on one loop, over loopback sockets, TLS, and pipes cut everywhere.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/grpc.h"
#include "base/grpc_message.h"
#include "base/http2.h"
#include "tests/kept_port.h"
#include "tests/unit/base/pipe_net.h"
#include "tests/unit/base/tls_certs.h"
#include "weir/host.h"

#define GUARD_NS (60 * WEIR_NS_PER_S)
#define LONG_MS 50000
#define HELD_MAX 2000

static struct weir_host *host;
static struct weir_loop *loop;
static struct weir_timer guard;
static struct weir_grpc_server *server;
static struct weir_grpc_channel *channel;

/* What the service holds back ("/t.S/Hold"). */
static struct weir_grpc_request *held[HELD_MAX];
static size_t held_count;
static size_t served_count;

/* One call's outcome. */
struct outcome {
    int done;
    enum weir_grpc_code code;
    struct weir_error why;
    uint8_t *reply;
    size_t reply_len;
    struct weir_grpc_call *call;
};

static size_t done_count, done_wanted;

static void on_guard(void *arg)
{
    (void)arg;
    ck_abort_msg("nothing happened for too long");
}

static void on_serve(void *arg, struct weir_grpc_request *request, const char *path, const char *authorization,
                     struct weir_view message)
{
    char words[64];

    (void)arg;
    served_count++;
    if (strcmp(path, "/t.S/Echo") == 0) {
        weir_grpc_answer(request, WEIR_GRPC_OK, message, NULL);
    } else if (strcmp(path, "/t.S/Who") == 0) {
        weir_grpc_answer(request, WEIR_GRPC_OK, weir_view_str(authorization), NULL);
    } else if (strcmp(path, "/t.S/Fail") == 0) { /* the message is code and words */
        snprintf(words, sizeof(words), "%.*s", (int)message.len - 1, (const char *)message.ptr + 1);
        weir_grpc_answer(request, (enum weir_grpc_code)message.ptr[0], weir_view_str("ignored"), words);
    } else if (strcmp(path, "/t.S/Hold") == 0) {
        held[held_count++] = request;
        if (held_count == HELD_MAX || message.len > 0)
            weir_loop_stop(loop);
    } else if (strcmp(path, "/t.S/Die") == 0) {
        weir_grpc_server_free(server);
        server = NULL;
        weir_grpc_answer(request, WEIR_GRPC_OK, message, NULL);
    } else {
        weir_grpc_answer(request, WEIR_GRPC_UNIMPLEMENTED, weir_view(NULL, 0), "no such method");
    }
}

static void on_done(void *arg, enum weir_grpc_code code, struct weir_view reply, const struct weir_error *why)
{
    struct outcome *outcome = arg;

    outcome->done++;
    outcome->call = NULL;
    outcome->code = code;
    outcome->why = *why;
    outcome->reply_len = reply.len;
    outcome->reply = malloc(reply.len + 1);
    if (reply.len > 0)
        memcpy(outcome->reply, reply.ptr, reply.len);
    if (++done_count == done_wanted)
        weir_loop_stop(loop);
}

static void outcome_fini(struct outcome *outcome)
{
    free(outcome->reply);
    *outcome = (struct outcome){0};
}

static void begin(struct outcome *outcome, const char *path, struct weir_view request, int64_t deadline_ms)
{
    struct weir_error err = {0};
    enum weir_status status =
        weir_grpc_call(channel, path, request, deadline_ms, on_done, outcome, &outcome->call, &err);

    ck_assert_msg(status == WEIR_OK, "%s", err.message);
    ck_assert_int_eq(outcome->done, 0);
}

/* Runs until `count` more calls are done. */
static void await(size_t count)
{
    done_wanted = done_count + count;
    while (done_count < done_wanted)
        weir_loop_run(loop);
}

static void call(struct outcome *outcome, const char *path, struct weir_view request)
{
    outcome_fini(outcome);
    begin(outcome, path, request, LONG_MS);
    await(1);
    ck_assert_int_eq(outcome->done, 1);
}

static void expect_ok(const struct outcome *outcome, struct weir_view reply)
{
    ck_assert_msg(outcome->code == WEIR_GRPC_OK, "%s: %s", weir_grpc_code_name(outcome->code), outcome->why.message);
    ck_assert_uint_eq(outcome->reply_len, reply.len);
    if (reply.len > 0)
        ck_assert_mem_eq(outcome->reply, reply.ptr, reply.len);
}

static void serve_at(uint16_t port, struct weir_tls *tls)
{
    struct weir_target at = {"127.0.0.1", port, tls};

    ck_assert_int_eq(weir_grpc_server_new(loop, &at, on_serve, NULL, &server, NULL), WEIR_OK);
}

static void open_channel(const char *name, uint16_t port, struct weir_tls *tls, const char *authorization)
{
    struct weir_target target = {name, port, tls};

    weir_grpc_channel_free(channel);
    ck_assert_int_eq(weir_grpc_channel_new(loop, &target, authorization, &channel, NULL), WEIR_OK);
}

static void setup_loop(void)
{
    ck_assert_int_eq(weir_host_new(NULL, &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "test", &loop, NULL), WEIR_OK);
    guard = (struct weir_timer){.fn = on_guard};
    weir_timer_start(loop, &guard, GUARD_NS);
    held_count = served_count = done_count = done_wanted = 0;
}

static void setup(void)
{
    setup_loop();
    serve_at(0, NULL);
    open_channel("127.0.0.1", weir_grpc_server_port(server), NULL, NULL);
}

static void setup_pipes(void)
{
    setup_loop();
    pipe_net_install(loop);
    serve_at(0, NULL);
    open_channel("pipe", 1, NULL, NULL);
}

static void teardown(void)
{
    weir_grpc_channel_free(channel);
    channel = NULL;
    weir_grpc_server_free(server);
    server = NULL;
    for (size_t i = 0; i < held_count; i++)
        weir_grpc_answer(held[i], WEIR_GRPC_OK, weir_view(NULL, 0), NULL);
    weir_timer_stop(loop, &guard);
    weir_loop_free(loop);
    weir_host_free(host);
}

static void teardown_pipes(void)
{
    pipe_net_remove(loop);
    teardown();
}

static uint8_t *pattern(size_t len)
{
    uint8_t *bytes = malloc(len + 1);

    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(i * 2654435761u >> 11);
    return bytes;
}

/* --- calls --- */

START_TEST(a_call_is_answered_whatever_its_size)
{
    static const size_t sizes[] = {0, 1, 5, 16384, 65531, 1 << 20, WEIR_GRPC_MESSAGE_LEN_MAX};
    uint8_t *bytes = pattern(sizes[_i]);
    struct outcome outcome = {0};

    call(&outcome, "/t.S/Echo", weir_view(bytes, sizes[_i]));
    expect_ok(&outcome, weir_view(bytes, sizes[_i]));
    outcome_fini(&outcome);
    free(bytes);
}
END_TEST

START_TEST(many_calls_run_at_once_and_are_told_apart)
{
    enum { COUNT = 1500 }; /* more than the server takes at once on a connection */
    struct outcome *outcomes = calloc(COUNT, sizeof(*outcomes));

    for (int i = 0; i < COUNT; i++) {
        uint8_t number[4];

        weir_put_u32be(number, (uint32_t)i);
        begin(&outcomes[i], "/t.S/Echo", weir_view(number, sizeof(number)), LONG_MS);
    }
    await(COUNT);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_int_eq(outcomes[i].code, WEIR_GRPC_OK);
        ck_assert_uint_eq(weir_get_u32be(outcomes[i].reply), (unsigned)i);
        outcome_fini(&outcomes[i]);
    }
    free(outcomes);
}
END_TEST

START_TEST(answers_may_come_in_any_order)
{
    struct outcome outcomes[3] = {0};

    for (int i = 0; i < 3; i++)
        begin(&outcomes[i], "/t.S/Hold", weir_view("abc" + i, i == 2), LONG_MS);
    weir_loop_run(loop); /* until the service holds all */
    ck_assert_uint_eq(held_count, 3);
    for (size_t i = held_count; i-- > 0;)
        weir_grpc_answer(held[i], WEIR_GRPC_OK, weir_view("012" + i, 1), NULL);
    held_count = 0;
    await(3);
    for (int i = 0; i < 3; i++) {
        expect_ok(&outcomes[i], weir_view("012" + i, 1));
        outcome_fini(&outcomes[i]);
    }
}
END_TEST

START_TEST(every_code_comes_with_its_words)
{
    struct outcome outcome = {0};
    char message[64];
    int len = snprintf(message, sizeof(message), "%c100%% gone: \"\xc3\xbc\"\n", _i);

    call(&outcome, "/t.S/Fail", weir_view(message, (size_t)len));
    ck_assert_int_eq(outcome.code, _i);
    ck_assert_uint_eq(outcome.reply_len, 0);
    ck_assert_int_eq(outcome.why.status, weir_grpc_code_status((enum weir_grpc_code)_i));
    ck_assert_ptr_nonnull(strstr(outcome.why.message, message + 1));
    ck_assert_ptr_nonnull(strstr(outcome.why.message, weir_grpc_code_name((enum weir_grpc_code)_i)));
    outcome_fini(&outcome);
}
END_TEST

START_TEST(the_authorization_header_goes_along)
{
    struct outcome outcome = {0};

    call(&outcome, "/t.S/Who", weir_view(NULL, 0));
    expect_ok(&outcome, weir_view(NULL, 0));
    open_channel("127.0.0.1", weir_grpc_server_port(server), NULL, "Basic YWRtaW46MTEx");
    call(&outcome, "/t.S/Who", weir_view(NULL, 0));
    expect_ok(&outcome, weir_view_str("Basic YWRtaW46MTEx"));
    outcome_fini(&outcome);
}
END_TEST

START_TEST(bad_calls_are_refused_at_once)
{
    struct weir_grpc_call *refused = NULL;
    uint8_t *bytes = pattern(WEIR_GRPC_MESSAGE_LEN_MAX + 1);
    struct outcome outcome = {0};

    ck_assert_int_eq(weir_grpc_call(channel, "/t.S/Echo", weir_view(bytes, WEIR_GRPC_MESSAGE_LEN_MAX + 1), LONG_MS,
                                    on_done, &outcome, &refused, NULL),
                     WEIR_E_LIMIT);
    ck_assert_int_eq(weir_grpc_call(channel, "/t.S/Echo", weir_view(bytes, 1), 0, on_done, &outcome, &refused, NULL),
                     WEIR_E_INVAL);
    ck_assert_ptr_null(refused);
    free(bytes);
}
END_TEST

/* --- ends of calls that nobody answers --- */

/* Method: a deadline that a slow machine misses before the service has the call is asked for anew, twice as far. */
START_TEST(a_call_without_answer_ends_at_its_deadline)
{
    struct outcome outcome = {0};

    for (int64_t deadline_ms = 50; held_count == 0; deadline_ms *= 2) {
        outcome_fini(&outcome);
        begin(&outcome, "/t.S/Hold", weir_view(NULL, 0), deadline_ms);
        await(1);
        ck_assert_int_eq(outcome.code, WEIR_GRPC_DEADLINE_EXCEEDED);
        ck_assert_int_eq(outcome.why.status, WEIR_E_TIMEOUT);
    }
    while (held_count > 0)
        weir_grpc_answer(held[--held_count], WEIR_GRPC_OK, weir_view("late", 4), NULL); /* without effect */
    call(&outcome, "/t.S/Echo", weir_view("a", 1));
    expect_ok(&outcome, weir_view("a", 1));
    outcome_fini(&outcome);
}
END_TEST

START_TEST(a_cancelled_call_is_not_heard_of_again)
{
    struct outcome cancelled[3] = {0}, outcome = {0};

    begin(&cancelled[0], "/t.S/Hold", weir_view("x", 1), LONG_MS);
    weir_loop_run(loop); /* until the service has it */
    weir_grpc_cancel(cancelled[0].call);
    begin(&cancelled[1], "/t.S/Echo", weir_view("x", 1), LONG_MS); /* submitted, not sent */
    weir_grpc_cancel(cancelled[1].call);
    weir_grpc_answer(held[0], WEIR_GRPC_OK, weir_view("late", 4), NULL);
    held_count = 0;
    call(&outcome, "/t.S/Echo", weir_view("a", 1));
    expect_ok(&outcome, weir_view("a", 1));
    open_channel("127.0.0.1", weir_grpc_server_port(server), NULL, NULL);
    begin(&cancelled[2], "/t.S/Echo", weir_view("x", 1), LONG_MS); /* not even a connection */
    weir_grpc_cancel(cancelled[2].call);
    call(&outcome, "/t.S/Echo", weir_view("b", 1));
    expect_ok(&outcome, weir_view("b", 1));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(cancelled[i].done, 0);
    outcome_fini(&outcome);
}
END_TEST

START_TEST(a_server_that_dies_fails_its_calls_and_the_channel_finds_the_next_one)
{
    struct outcome lost = {0}, outcome = {0};
    uint16_t port;
    int kept = kept_port(&port);
    char where[32];

    weir_grpc_server_free(server);
    serve_at(port, NULL);
    open_channel("127.0.0.1", port, NULL, NULL);
    snprintf(where, sizeof(where), "127.0.0.1:%u", port);
    begin(&lost, "/t.S/Hold", weir_view(NULL, 0), LONG_MS);
    begin(&outcome, "/t.S/Die", weir_view(NULL, 0), LONG_MS);
    await(2);
    ck_assert_int_eq(lost.code, WEIR_GRPC_UNAVAILABLE);
    ck_assert_int_eq(lost.why.status, WEIR_E_CLOSED);
    ck_assert_ptr_nonnull(strstr(lost.why.message, where));
    for (int i = 0; i < 3; i++) { /* the third waits for the backoff */
        call(&outcome, "/t.S/Echo", weir_view("a", 1));
        ck_assert_int_eq(outcome.code, WEIR_GRPC_UNAVAILABLE);
        ck_assert_int_eq(outcome.why.status, WEIR_E_REFUSED);
        ck_assert_ptr_nonnull(strstr(outcome.why.message, where));
    }
    serve_at(port, NULL);
    call(&outcome, "/t.S/Echo", weir_view("a", 1));
    expect_ok(&outcome, weir_view("a", 1));
    outcome_fini(&lost);
    outcome_fini(&outcome);
    close(kept);
}
END_TEST

static void free_channel(void *arg, enum weir_grpc_code code, struct weir_view reply, const struct weir_error *why)
{
    (void)code, (void)reply, (void)why;
    ++*(int *)arg;
    weir_grpc_channel_free(channel);
    channel = NULL;
    weir_loop_stop(loop);
}

START_TEST(a_callback_may_free_the_channel)
{
    struct outcome others[2] = {0};
    int freed = 0;

    begin(&others[0], "/t.S/Hold", weir_view(NULL, 0), LONG_MS);
    ck_assert_int_eq(weir_grpc_call(channel, "/t.S/Echo", weir_view("a", 1), LONG_MS, free_channel, &freed, NULL, NULL),
                     WEIR_OK);
    begin(&others[1], "/t.S/Echo", weir_view(NULL, 0), LONG_MS);
    weir_loop_run(loop);
    ck_assert_int_eq(freed, 1);
    ck_assert_int_eq(others[0].done + others[1].done, 0);
}
END_TEST

START_TEST(a_request_outlives_its_lost_connection)
{
    struct outcome lost = {0}, outcome = {0};

    begin(&lost, "/t.S/Hold", weir_view("x", 1), LONG_MS);
    weir_loop_run(loop); /* until the service has it */
    open_channel("127.0.0.1", weir_grpc_server_port(server), NULL, NULL);
    call(&outcome, "/t.S/Echo", weir_view("a", 1)); /* meanwhile the server hears of the end */
    expect_ok(&outcome, weir_view("a", 1));
    ck_assert_uint_eq(held_count, 1);
    weir_grpc_answer(held[0], WEIR_GRPC_OK, weir_view("late", 4), NULL);
    held_count = 0;
    ck_assert_int_eq(lost.done, 0);
    outcome_fini(&outcome);
}
END_TEST

/* --- TLS --- */

START_TEST(calls_go_over_tls_and_a_bad_certificate_says_so)
{
    struct tls_certs certs;
    struct weir_tls *served, *good, *bad;
    struct outcome outcome = {0};
    uint8_t *bytes = pattern(1 << 20);

    tls_certs_make(&certs, "DNS:localhost");
    ck_assert_int_eq(
        weir_tls_new(&(struct weir_tls_options){certs.authority, certs.certificate, certs.private_key, false}, &served,
                     NULL),
        WEIR_OK);
    ck_assert_int_eq(weir_tls_new(&(struct weir_tls_options){.trust_store = certs.authority}, &good, NULL), WEIR_OK);
    ck_assert_int_eq(weir_tls_new(&(struct weir_tls_options){.trust_store = certs.other_authority}, &bad, NULL),
                     WEIR_OK);
    weir_grpc_server_free(server);
    serve_at(0, served);
    open_channel("localhost", weir_grpc_server_port(server), good, NULL);
    call(&outcome, "/t.S/Echo", weir_view(bytes, 1 << 20));
    expect_ok(&outcome, weir_view(bytes, 1 << 20));
    open_channel("localhost", weir_grpc_server_port(server), bad, NULL);
    call(&outcome, "/t.S/Echo", weir_view("a", 1));
    ck_assert_int_eq(outcome.code, WEIR_GRPC_UNAVAILABLE);
    ck_assert_int_eq(outcome.why.status, WEIR_E_AUTH);
    ck_assert_ptr_nonnull(strstr(outcome.why.message, "is not trusted"));
    outcome_fini(&outcome);
    weir_tls_unref(served);
    weir_tls_unref(good);
    weir_tls_unref(bad);
    tls_certs_remove(&certs);
    free(bytes);
}
END_TEST

/* --- the byte stream, cut --- */

static size_t cut_at;
static bool cut_request;

static void hold_once(struct pipe_conn *connecting, struct pipe_conn *accepted)
{
    struct pipe_conn *cut = cut_request ? accepted : connecting;

    cut->hold_at = cut_at;
    cut->hold_once = true;
}

static void slice(struct pipe_conn *connecting, struct pipe_conn *accepted)
{
    connecting->slice_len = accepted->slice_len = cut_at;
    connecting->room = accepted->room = 3 * cut_at;
}

/* Goal: neither side depends on how the network slices the other's bytes.
 * Method: one call with a reply and one that fails, the stream of one side held for a turn at every offset. */
START_TEST(a_cut_at_every_offset_changes_nothing)
{
    pipe_prepare = hold_once;
    cut_request = _i == 0;
    for (cut_at = 1; cut_at < 500; cut_at++) {
        struct outcome outcome = {0};

        open_channel("pipe", 1, NULL, "token");
        call(&outcome, "/t.S/Echo", weir_view("hello", 5));
        expect_ok(&outcome, weir_view("hello", 5));
        call(&outcome, "/t.S/Fail", weir_view("\005gone", 5));
        ck_assert_int_eq(outcome.code, WEIR_GRPC_NOT_FOUND);
        ck_assert_ptr_nonnull(strstr(outcome.why.message, "gone"));
        outcome_fini(&outcome);
    }
}
END_TEST

START_TEST(small_slices_and_little_room_change_nothing)
{
    static const size_t sizes[] = {1, 3, 100};
    uint8_t *bytes = pattern(100000);
    struct outcome outcome = {0};

    pipe_prepare = slice;
    cut_at = sizes[_i];
    call(&outcome, "/t.S/Echo", weir_view(bytes, 100000));
    expect_ok(&outcome, weir_view(bytes, 100000));
    outcome_fini(&outcome);
    free(bytes);
}
END_TEST

/* --- who speaks to our server without being gRPC --- */

struct visitor {
    struct weir_http2 *h2;
    struct weir_http2_stream stream;
    char status[4], code[4], words[128];
    bool over;
    uint32_t reset;
};

static void visitor_header(void *arg, struct weir_http2_stream *stream, struct weir_view name, struct weir_view value)
{
    struct visitor *visitor = arg;
    char *to = NULL;
    size_t cap = 4;

    (void)stream;
    if (weir_view_equal(name, weir_view_str(":status")))
        to = visitor->status;
    else if (weir_view_equal(name, weir_view_str("grpc-status")))
        to = visitor->code;
    else if (weir_view_equal(name, weir_view_str("grpc-message")))
        to = visitor->words, cap = sizeof(visitor->words);
    if (to != NULL)
        snprintf(to, cap, "%.*s", (int)value.len, (const char *)value.ptr);
}

static void visitor_headers(void *arg, struct weir_http2_stream *stream, bool too_large)
{
    (void)arg, (void)stream, (void)too_large;
}

static void visitor_data(void *arg, struct weir_http2_stream *stream, struct weir_view data)
{
    (void)arg, (void)stream, (void)data;
}

static void visitor_end(void *arg, struct weir_http2_stream *stream)
{
    (void)arg, (void)stream;
}

static void visitor_close(void *arg, struct weir_http2_stream *stream, uint32_t code)
{
    struct visitor *visitor = arg;

    (void)stream;
    visitor->over = true;
    visitor->reset = code;
    weir_loop_stop(loop);
}

static void visitor_event(void *arg)
{
    (void)arg;
}

static void visitor_lost(void *arg, const struct weir_error *why)
{
    struct visitor *visitor = arg;

    (void)why;
    weir_http2_free(visitor->h2);
    visitor->h2 = NULL;
    visitor->over = true;
    weir_loop_stop(loop);
}

static const struct weir_http2_ops visitor_ops = {NULL,          visitor_header, visitor_headers,
                                                  visitor_data,  visitor_end,    visitor_close,
                                                  visitor_event, visitor_event,  visitor_lost};

/* Sends one request with any method, path, content type and body, and waits for its end. */
static void visit(struct visitor *visitor, const char *method, const char *path, const char *type,
                  struct weir_view body)
{
    const nghttp2_nv headers[] = {
        weir_http2_nv(weir_view_str(":method"), weir_view_str(method)),
        weir_http2_nv(weir_view_str(":scheme"), weir_view_str("http")),
        weir_http2_nv(weir_view_str(":path"), weir_view_str(path)),
        weir_http2_nv(weir_view_str(":authority"), weir_view_str("pipe")),
        weir_http2_nv(weir_view_str("content-type"), weir_view_str(type)),
    };
    struct weir_conn *conn;

    memset(visitor, 0, sizeof(*visitor));
    ck_assert_int_eq(pipe_connect(loop, NULL, &pipe_deaf, NULL, &conn, NULL), WEIR_OK);
    ck_assert_int_eq(weir_http2_new(loop, conn, false, &visitor_ops, visitor, &visitor->h2, NULL), WEIR_OK);
    visitor->stream.body = body;
    ck_assert_int_eq(weir_http2_request(visitor->h2, &visitor->stream, headers, 5), WEIR_OK);
    while (!visitor->over)
        weir_loop_run(loop);
    weir_http2_free(visitor->h2);
}

START_TEST(requests_that_are_not_grpc_get_an_http_status)
{
    struct visitor visitor;
    char *long_path = malloc(9001);

    visit(&visitor, "GET", "/t.S/Echo", "application/grpc", weir_view(NULL, 0));
    ck_assert_str_eq(visitor.status, "405");
    visit(&visitor, "POST", "/t.S/Echo", "text/html", weir_view(NULL, 0));
    ck_assert_str_eq(visitor.status, "415");
    visit(&visitor, "POST", "/t.S/Echo", "application/grpc-web", weir_view(NULL, 0));
    ck_assert_str_eq(visitor.status, "415");
    visit(&visitor, "POST", "/index.html", "application/grpc", weir_view(NULL, 0));
    ck_assert_str_eq(visitor.status, "404");
    memset(long_path, '/', 9000);
    long_path[9000] = '\0';
    visit(&visitor, "POST", long_path, "application/grpc", weir_view(NULL, 0));
    ck_assert_str_eq(visitor.status, "431");
    ck_assert_uint_eq(served_count, 0);
    free(long_path);
}
END_TEST

START_TEST(bodies_that_are_no_unary_message_are_refused)
{
    static const struct {
        struct weir_view body;
        const char *code;
    } bodies[] = {
        {{(const uint8_t *)"", 0}, "13"},
        {{(const uint8_t *)"\0\0\0\0", 4}, "13"},
        {{(const uint8_t *)"\0\0\0\0\2x", 6}, "13"},
        {{(const uint8_t *)"\0\0\0\0\1xy", 7}, "13"},
        {{(const uint8_t *)"\7\0\0\0\1x", 6}, "13"},
        {{(const uint8_t *)"\1\0\0\0\1x", 6}, "12"},
        {{(const uint8_t *)"\0\0\x40\0\1", 5}, "8"},
        {{(const uint8_t *)"\0\xff\xff\xff\xff", 5}, "8"},
    };
    struct visitor visitor;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        visit(&visitor, "POST", "/t.S/Echo", "application/grpc+proto", bodies[i].body);
        ck_assert_str_eq(visitor.status, "200");
        ck_assert_str_eq(visitor.code, bodies[i].code);
        ck_assert_int_gt((int)strlen(visitor.words), 0);
    }
    ck_assert_uint_eq(served_count, 0);
}
END_TEST

START_TEST(bytes_that_are_not_http2_end_the_connection)
{
    struct visitor visitor = {0};
    struct weir_conn *conn;
    struct iovec iov = {(void *)"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27};
    size_t taken;

    ck_assert_int_eq(pipe_connect(loop, NULL, &pipe_deaf, NULL, &conn, NULL), WEIR_OK);
    ck_assert_int_eq(weir_conn_writev(conn, &iov, 1, &taken, NULL), WEIR_OK);
    ck_assert_int_eq(weir_http2_new(loop, conn, false, &visitor_ops, &visitor, &visitor.h2, NULL), WEIR_OK);
    while (!visitor.over)
        weir_loop_run(loop);
    ck_assert_ptr_null(visitor.h2);
}
END_TEST

/* --- what servers may do to a channel --- */

static size_t refused_count;

static struct weir_http2_stream *refuse_begin(void *arg)
{
    (void)arg;
    refused_count++;
    return NULL;
}

static const struct weir_http2_ops refusing_ops = {.on_begin = refuse_begin,
                                                   .on_header = visitor_header,
                                                   .on_headers = visitor_headers,
                                                   .on_data = visitor_data,
                                                   .on_end = visitor_end,
                                                   .on_close = visitor_close,
                                                   .on_settings = visitor_event,
                                                   .on_goaway = visitor_event,
                                                   .on_lost = visitor_lost};

static struct visitor refusing;

static void accept_refusing(void *arg, struct weir_conn *conn)
{
    (void)arg;
    ck_assert_int_eq(weir_http2_new(loop, conn, true, &refusing_ops, &refusing, &refusing.h2, NULL), WEIR_OK);
}

START_TEST(a_call_that_is_refused_unseen_is_sent_once_more)
{
    struct outcome outcome = {0};

    refused_count = 0;
    pipe_listening->on_accept = accept_refusing;
    call(&outcome, "/t.S/Echo", weir_view("a", 1));
    ck_assert_uint_eq(refused_count, 2);
    ck_assert_int_eq(outcome.code, WEIR_GRPC_UNAVAILABLE);
    ck_assert_int_eq(outcome.why.status, WEIR_E_CLOSED);
    outcome_fini(&outcome);
    weir_http2_free(refusing.h2);
}
END_TEST

static void (*accept_next)(void *arg, struct weir_conn *conn);
static struct weir_conn *leaving;

/* Says that it takes no stream at all, and stays; the next connection is the real server's. */
static void accept_leaving(void *arg, struct weir_conn *conn)
{
    static const uint8_t frames[] = "\0\0\0\4\0\0\0\0\0"                 /* SETTINGS */
                                    "\0\0\10\7\0\0\0\0\0\0\0\0\0\0\0\0"; /* GOAWAY, last stream 0 */
    struct iovec iov = {(void *)frames, sizeof(frames)};
    size_t taken;

    (void)arg;
    leaving = conn;
    ck_assert_int_eq(weir_conn_writev(conn, &iov, 1, &taken, NULL), WEIR_OK);
    pipe_listening->on_accept = accept_next;
}

START_TEST(calls_move_to_another_connection_after_goaway)
{
    struct outcome outcomes[3] = {0};

    accept_next = pipe_listening->on_accept;
    pipe_listening->on_accept = accept_leaving;
    for (int i = 0; i < 3; i++)
        begin(&outcomes[i], "/t.S/Echo", weir_view("abc" + i, 1), LONG_MS);
    await(3);
    for (int i = 0; i < 3; i++) {
        expect_ok(&outcomes[i], weir_view("abc" + i, 1));
        outcome_fini(&outcomes[i]);
    }
    weir_conn_close(leaving);
}
END_TEST

/* --- the bytes of gRPC --- */

START_TEST(timeouts_are_read_and_written)
{
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {{"299999m", 299999 * WEIR_NS_PER_MS},
                {"1n", 1},
                {"0S", 0},
                {"2u", 2000},
                {"3M", 180 * WEIR_NS_PER_S},
                {"1H", 3600 * WEIR_NS_PER_S},
                {"99999999H", 365 * 24 * 3600 * WEIR_NS_PER_S}};
    static const char *bad[] = {"", "m", "1", "123456789m", "-1m", "1x", " 1m", "1 m"};
    char text[WEIR_GRPC_TIMEOUT_LEN_MAX];
    int64_t ns = -1;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ck_assert(weir_grpc_timeout_parse(weir_view_str(good[i].text), &ns));
        ck_assert_int_eq(ns, good[i].ns);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!weir_grpc_timeout_parse(weir_view_str(bad[i]), &ns), "%s", bad[i]);
    for (int64_t want = 1; want < INT64_MAX / 7; want *= 7) { /* never shorter than asked, at most a year */
        size_t len = weir_grpc_timeout_format(want, text);

        ck_assert(weir_grpc_timeout_parse(weir_view(text, len), &ns));
        ck_assert(ns >= want || ns == 365 * 24 * 3600 * WEIR_NS_PER_S);
    }
}
END_TEST

START_TEST(words_survive_percent_encoding)
{
    char words[256], encoded[3 * 256], decoded[256];
    size_t len;

    for (int i = 0; i < 255; i++)
        words[i] = (char)(i + 1);
    words[255] = '\0';
    len = weir_grpc_words_encode(words, encoded, sizeof(encoded));
    for (size_t i = 0; i < len; i++)
        ck_assert(encoded[i] >= 0x20 && encoded[i] <= 0x7e);
    weir_grpc_words_decode(weir_view(encoded, len), decoded, sizeof(decoded));
    ck_assert_str_eq(decoded, words);
    weir_grpc_words_decode(weir_view_str("50% %4 %zz %41"), decoded, sizeof(decoded));
    ck_assert_str_eq(decoded, "50% %4 %zz A");
    weir_grpc_words_decode(weir_view_str("abcdef"), decoded, 4);
    ck_assert_str_eq(decoded, "abc");
    ck_assert_uint_eq(weir_grpc_words_encode("ab\n", encoded, 4), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grpc");
    TCase *sockets = tcase_create("sockets"), *pipes = tcase_create("pipes"), *bytes = tcase_create("bytes");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(sockets, setup, teardown);
    tcase_set_timeout(sockets, 120);
    tcase_add_loop_test(sockets, a_call_is_answered_whatever_its_size, 0, 7);
    tcase_add_test(sockets, many_calls_run_at_once_and_are_told_apart);
    tcase_add_test(sockets, answers_may_come_in_any_order);
    tcase_add_loop_test(sockets, every_code_comes_with_its_words, 1, 17);
    tcase_add_test(sockets, the_authorization_header_goes_along);
    tcase_add_test(sockets, bad_calls_are_refused_at_once);
    tcase_add_test(sockets, a_call_without_answer_ends_at_its_deadline);
    tcase_add_test(sockets, a_cancelled_call_is_not_heard_of_again);
    tcase_add_test(sockets, a_server_that_dies_fails_its_calls_and_the_channel_finds_the_next_one);
    tcase_add_test(sockets, a_callback_may_free_the_channel);
    tcase_add_test(sockets, a_request_outlives_its_lost_connection);
    tcase_add_test(sockets, calls_go_over_tls_and_a_bad_certificate_says_so);
    suite_add_tcase(suite, sockets);
    tcase_add_checked_fixture(pipes, setup_pipes, teardown_pipes);
    tcase_set_timeout(pipes, 120);
    tcase_add_loop_test(pipes, a_cut_at_every_offset_changes_nothing, 0, 2);
    tcase_add_loop_test(pipes, small_slices_and_little_room_change_nothing, 0, 3);
    tcase_add_test(pipes, requests_that_are_not_grpc_get_an_http_status);
    tcase_add_test(pipes, bodies_that_are_no_unary_message_are_refused);
    tcase_add_test(pipes, bytes_that_are_not_http2_end_the_connection);
    tcase_add_test(pipes, a_call_that_is_refused_unseen_is_sent_once_more);
    tcase_add_test(pipes, calls_move_to_another_connection_after_goaway);
    suite_add_tcase(suite, pipes);
    tcase_add_test(bytes, timeouts_are_read_and_written);
    tcase_add_test(bytes, words_survive_percent_encoding);
    suite_add_tcase(suite, bytes);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
