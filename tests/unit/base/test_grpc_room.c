/*
 * test_grpc_room.c - what all connections of a gRPC server hold together: peers that ask and do not fetch, that begin
 * and do not end, that come, ask and go; and that whoever asks for little is served meanwhile.
 *
 * In a simulated world. Hostile peers speak raw frames; good ones are channels.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/grpc.h"
#include "tests/sim_client.h"

#define ROOM_LEN ((uint64_t)8 << 20)
#define LARGE_LEN ((size_t)1 << 20)
#define PEER_MAX 60
#define HELD_MAX 20000
#define CHANNEL_MAX 8
#define PLACES 70

enum frame_type { FRAME_DATA = 0, FRAME_HEADERS = 1, FRAME_SETTINGS = 4, FRAME_PING = 6 };
enum frame_flag { FLAG_NONE = 0, FLAG_END_STREAM = 1, FLAG_END_HEADERS = 4 };

static struct weir_sim *sim;
static struct weir_host *server_host, *peer_host;
static struct weir_loop *server_loop, *peer_loop;
static struct weir_grpc_server *server;
static struct weir_room room;
static struct weir_grpc_channel *channels[CHANNEL_MAX];
static struct weir_grpc_request *held[HELD_MAX];
static size_t held_count;
static uint8_t *large;

/* --- The service -------------------------------------------------------------------------------------------------- */

static void on_serve(void *arg, struct weir_grpc_request *request, const char *path, const char *authorization,
                     struct weir_view message)
{
    (void)arg, (void)authorization;
    if (strcmp(path, "/t.S/Large") == 0) {
        weir_grpc_answer(request, WEIR_GRPC_OK, weir_view(large, LARGE_LEN), NULL);
    } else if (strcmp(path, "/t.S/Hold") == 0) {
        ck_assert_uint_lt(held_count, HELD_MAX);
        held[held_count++] = request;
    } else {
        weir_grpc_answer(request, WEIR_GRPC_OK, message, NULL);
    }
}

static void let_go(void)
{
    while (held_count > 0)
        weir_grpc_answer(held[--held_count], WEIR_GRPC_OK, weir_view_str("held"), NULL);
}

static struct weir_grpc_server_stats stats(void)
{
    struct weir_grpc_server_stats out;

    weir_grpc_server_stats(server, &out);
    return out;
}

/* --- Hostile peers ------------------------------------------------------------------------------------------------ */

/* Whatever comes is dropped: it never says that it has room for more. */
struct peer {
    struct sim_client client; /* first */
    uint32_t stream;
} peers[PEER_MAX];

static void push(struct peer *peer)
{
    sim_client_push(&peer->client);
}

static void frame(struct peer *peer, enum frame_type type, uint8_t flags, uint32_t stream, const void *ptr, size_t len)
{
    weir_buf_u8(&peer->client.out, (uint8_t)(len >> 16));
    weir_buf_u16be(&peer->client.out, (uint16_t)len);
    weir_buf_u8(&peer->client.out, type);
    weir_buf_u8(&peer->client.out, flags);
    weir_buf_u32be(&peer->client.out, stream);
    weir_buf_append(&peer->client.out, ptr, len);
}

/* HPACK, literal and never indexed. */
static void header(struct weir_buf *out, const char *name, const char *value)
{
    weir_buf_u8(out, 0x10);
    weir_buf_u8(out, (uint8_t)strlen(name));
    weir_buf_append(out, name, strlen(name));
    weir_buf_u8(out, (uint8_t)strlen(value));
    weir_buf_append(out, value, strlen(value));
}

static void begin_call(struct peer *peer, const char *path)
{
    struct weir_buf block;

    weir_buf_init(&block, 4096);
    header(&block, ":method", "POST");
    header(&block, ":scheme", "http");
    header(&block, ":authority", "server");
    header(&block, ":path", path);
    header(&block, "content-type", "application/grpc");
    frame(peer, FRAME_HEADERS, FLAG_END_HEADERS, peer->stream, block.ptr, block.len);
    weir_buf_fini(&block);
}

/* A whole call with an empty message. */
static void ask(struct peer *peer, const char *path)
{
    begin_call(peer, path);
    frame(peer, FRAME_DATA, FLAG_END_STREAM, peer->stream, "\0\0\0\0", 5);
    peer->stream += 2;
}

/* Begins with a window of `window` bytes for what it asks for. */
static void greet(struct peer *peer, uint32_t window)
{
    uint8_t setting[6] = {
        0, 4, (uint8_t)(window >> 24), (uint8_t)(window >> 16), (uint8_t)(window >> 8), (uint8_t)window};
    struct weir_target to = {.host = "server", .port = 7000};

    *peer = (struct peer){.client.drops = true, .stream = 1};
    sim_client_open(&peer->client, peer_loop, &to, (size_t)64 << 20);
    weir_buf_append(&peer->client.out, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
    frame(peer, FRAME_SETTINGS, FLAG_NONE, 0, setting, sizeof(setting));
}

static void leave(struct peer *peer)
{
    sim_client_close(&peer->client);
}

/* --- Good ones ---------------------------------------------------------------------------------------------------- */

struct outcome {
    bool done;
    enum weir_grpc_code code;
    size_t reply_len;
};

static void on_done(void *arg, enum weir_grpc_code code, struct weir_view reply, const struct weir_error *why)
{
    (void)why;
    *(struct outcome *)arg = (struct outcome){true, code, reply.len};
}

static bool is_done(void *arg)
{
    return ((struct outcome *)arg)->done;
}

static struct outcome call(size_t i, const char *path)
{
    struct weir_target to = {.host = "server", .port = 7000};
    struct outcome outcome = {0};

    if (channels[i] == NULL)
        ck_assert_int_eq(weir_grpc_channel_new(peer_loop, &to, NULL, &channels[i], NULL), WEIR_OK);
    ck_assert_int_eq(weir_grpc_call(channels[i], path, weir_view_str("hello"), 5000, on_done, &outcome, NULL, NULL),
                     WEIR_OK);
    ck_assert(weir_sim_run(sim, is_done, &outcome, 10 * WEIR_NS_PER_S));
    return outcome;
}

static void ck_served(size_t i)
{
    struct outcome outcome = call(i, "/t.S/Echo");

    ck_assert_int_eq(outcome.code, WEIR_GRPC_OK);
    ck_assert_uint_eq(outcome.reply_len, 5);
}

/* --- The world ---------------------------------------------------------------------------------------------------- */

static void pass_ms(int64_t ms)
{
    sim_pass(sim, ms * WEIR_NS_PER_MS);
}

static void setup(void)
{
    struct weir_target at = {.host = "server", .port = 7000};
    struct weir_grpc_server_limits limits = {.connection_max = PLACES, .room = &room};

    room = (struct weir_room){.bytes_max = ROOM_LEN};
    held_count = 0;
    memset(peers, 0, sizeof(peers));
    memset(channels, 0, sizeof(channels));
    large = calloc(1, LARGE_LEN);
    ck_assert_int_eq(weir_sim_new(&(struct weir_sim_options){.seed = 11, .log_fd = -1}, &sim, NULL), WEIR_OK);
    sim_machine_begin(sim, "server", &server_host, &server_loop);
    sim_machine_begin(sim, "peers", &peer_host, &peer_loop);
    ck_assert_int_eq(weir_grpc_server_new(server_loop, &at, on_serve, NULL, &server, NULL), WEIR_OK);
    weir_grpc_server_limit(server, &limits);
}

static void teardown(void)
{
    for (size_t i = 0; i < PEER_MAX; i++)
        leave(&peers[i]);
    for (size_t i = 0; i < CHANNEL_MAX; i++)
        weir_grpc_channel_free(channels[i]);
    let_go();
    pass_ms(100);
    ck_assert_uint_eq(room.held, 0); /* what was counted in was counted out */
    weir_grpc_server_free(server);
    sim_machine_end(peer_host, peer_loop);
    sim_machine_end(server_host, server_loop);
    weir_sim_free(sim);
    free(large);
}

static void ck_bound(void)
{
    ck_assert_uint_le(room.held_max, ROOM_LEN + PEER_MAX * WEIR_ROOM_SMALL);
}

/* --- Tests -------------------------------------------------------------------------------------------------------- */

/* Goal: answers that nobody fetches hold no more than the room; who asks for little is served, and in the end who asks
 * for much, since the deaf ones are ended. Method: deaf ones that do not read at all, and such as read, and ping each
 * second, but never open their windows. */
START_TEST(deaf_peers)
{
    bool reads = _i == 1;

    for (size_t i = 0; i < PEER_MAX; i++) {
        greet(&peers[i], reads ? 0 : 1u << 30);
        weir_conn_want_read(peers[i].client.conn, reads);
        for (int k = 0; k < 4; k++)
            ask(&peers[i], "/t.S/Large");
    }
    pass_ms(1000);
    ck_assert_uint_gt(room.held, ROOM_LEN / 2);
    ck_assert_uint_gt(room.refused_count, 0);
    for (int second = 0; second < 15; second++) {
        ck_served(0);
        for (size_t i = 0; i < PEER_MAX && reads; i++) {
            frame(&peers[i], FRAME_PING, FLAG_NONE, 0, "12345678", 8);
            push(&peers[i]);
        }
        pass_ms(1000);
    }
    ck_bound();
    ck_assert_uint_gt(room.stuck_count, 0);
    ck_assert_uint_le(room.held, ROOM_LEN / 2);
    ck_assert_uint_eq(call(1, "/t.S/Large").reply_len, LARGE_LEN);
}
END_TEST

/* Goal: halves of requests likewise; who is refused for want of room is told so, and may come again. */
START_TEST(halves_of_requests)
{
    static const uint8_t prefix[5] = {0, 0, 0x20, 0, 0}; /* a message of 2 MiB */

    for (size_t i = 0; i < PEER_MAX; i++) {
        greet(&peers[i], 1u << 20);
        begin_call(&peers[i], "/t.S/Echo");
        frame(&peers[i], FRAME_DATA, FLAG_NONE, 1, prefix, sizeof(prefix));
        for (int k = 0; k < 50; k++) /* within the windows that it was given */
            frame(&peers[i], FRAME_DATA, FLAG_NONE, 1, large, 16384);
        push(&peers[i]);
    }
    pass_ms(2000);
    ck_assert_uint_gt(room.held, ROOM_LEN / 2);
    ck_assert_uint_gt(room.refused_count, 0);
    ck_served(0);
    ck_bound();
    pass_ms(15000);
    ck_assert_uint_gt(room.stuck_count, 0);
    ck_assert_uint_le(room.held, ROOM_LEN / 2);
    ck_served(0);
}
END_TEST

/* Goal: who has many calls under way is in nobody's way, and is not ended: it is not its turn. */
START_TEST(calls_that_wait_for_the_owner)
{
    for (size_t i = 0; i < PEER_MAX; i++) {
        greet(&peers[i], 1u << 20);
        for (int k = 0; k < 100; k++)
            ask(&peers[i], "/t.S/Hold");
        push(&peers[i]);
    }
    pass_ms(20000);
    ck_assert_uint_gt(held_count, ROOM_LEN / 8192);
    ck_assert_uint_lt(held_count, PEER_MAX * 100);
    ck_assert_uint_gt(room.refused_count, 0);
    ck_bound();
    ck_served(0);
    ck_assert_uint_eq(room.stuck_count, 0);
    let_go();
    pass_ms(1000);
    ck_assert_uint_eq(room.held, 0);
}
END_TEST

/* Goal: calls whose clients have gone are counted until their owner has answered. */
START_TEST(who_comes_asks_and_goes)
{
    for (int round = 0; round < 200; round++) {
        greet(&peers[0], 1u << 20);
        for (int k = 0; k < 50; k++)
            ask(&peers[0], "/t.S/Hold");
        push(&peers[0]);
        pass_ms(20);
        leave(&peers[0]);
    }
    pass_ms(100);
    ck_assert_uint_gt(room.held, ROOM_LEN / 2);
    ck_assert_uint_le(room.held, ROOM_LEN + 2 * WEIR_ROOM_SMALL);
    ck_assert_uint_lt(held_count, 200 * 50);
    let_go();
    ck_assert_uint_eq(room.held, 0);
    ck_served(0);
}
END_TEST

/* Goal: who makes us send, and does not read, is not read either. Method: streams that are refused for their number,
 * without end. */
START_TEST(a_flood_of_refusals)
{
    struct peer *peer = &peers[0];
    size_t sent = 0;

    greet(peer, 1u << 20);
    weir_conn_want_read(peer->client.conn, false);
    while (!peer->client.ended && peer->client.out.len < (4u << 20) && sent < (64u << 20)) {
        size_t before = peer->client.out.len;

        for (int k = 0; k < 1000; k++)
            ask(peer, "/t.S/Hold");
        sent += peer->client.out.len - before;
        push(peer);
        pass_ms(10);
    }
    ck_assert_msg(peer->client.ended || sent < (64u << 20), "all of the flood was taken");
    ck_served(0);
}
END_TEST

static void send_part(struct peer *peer, const char *text, size_t at)
{
    weir_buf_append(&peer->client.out, text + at, 1);
    push(peer);
}

static void send_data(struct peer *peer, uint8_t flags, const void *ptr, size_t len)
{
    frame(peer, FRAME_DATA, flags, 1, ptr, len);
    push(peer);
}

/* Goal: what is begun and trickles in is given up, though there is room for all: a greeting and a request's headers
 * with their connections, a message with its call only. Who is slow and sends on is served, who idles stays. */
START_TEST(what_trickles_in_is_given_up)
{
    static const uint8_t prefix[5] = {0, 0, 1, 0, 0}; /* a message of 64 KiB */
    static const uint8_t headers[9] = {0, 16, 0, FRAME_HEADERS, FLAG_END_HEADERS, 0, 0, 0, 1};
    struct peer *strange = &peers[0], *half = &peers[1], *slow = &peers[2], *honest = &peers[3];

    ck_served(0); /* and idles */
    for (size_t i = 0; i < 4; i++)
        greet(&peers[i], 1u << 20);
    weir_buf_reset(&strange->client.out);
    weir_buf_append(&half->client.out, headers, sizeof(headers));
    push(half);
    begin_call(slow, "/t.S/Echo");
    send_data(slow, FLAG_NONE, prefix, sizeof(prefix));
    begin_call(honest, "/t.S/Hold");
    send_data(honest, FLAG_NONE, prefix, sizeof(prefix));
    for (size_t i = 0; i < 7; i++) {
        send_part(strange, "PRI * HTTP/2.0", i);
        send_part(half, "\x10\x07:method", i);
        send_data(slow, FLAG_NONE, large, 1);
        send_data(honest, FLAG_NONE, large, 8000);
        pass_ms(5000);
    }
    ck_assert(strange->client.ended && half->client.ended && !slow->client.ended && !honest->client.ended);
    ck_assert_uint_eq(stats().late_count, 3);
    ck_assert_uint_eq(stats().connection_count, 3);
    send_data(honest, FLAG_END_STREAM, large, 65536 - 7 * 8000);
    slow->stream = 3;
    ask(slow, "/t.S/Hold");
    push(slow);
    pass_ms(100);
    ck_assert_uint_eq(held_count, 2);
    ck_served(0);
    ck_assert_uint_eq(stats().accepted_count, 5); /* over the connection that idled */
    ck_assert_uint_eq(room.refused_count + room.stuck_count, 0);
}
END_TEST

/* Goal: connections without calls make place for others, longest first; those with calls do not. */
START_TEST(places_are_limited)
{
    struct weir_grpc_server_limits limits = {.connection_max = 3, .room = &room};

    weir_grpc_server_limit(server, &limits);
    for (size_t i = 0; i < 3; i++)
        ck_served(i);
    ck_served(0); /* now the second one has idled longest */
    ck_served(3);
    pass_ms(100);
    ck_assert_uint_eq(stats().displaced_count, 1);
    ck_assert_uint_eq(stats().connection_count, 3);
    ck_served(0);
    ck_assert_uint_eq(stats().accepted_count, 4); /* it was still there */
    ck_served(1);                                 /* it comes again */
    ck_assert_uint_eq(stats().accepted_count, 5);
    for (size_t i = 0; i < 3; i++) {
        greet(&peers[i], 1u << 20);
        ask(&peers[i], "/t.S/Hold");
        push(&peers[i]);
        pass_ms(100);
    }
    ck_assert_uint_eq(held_count, 3);
    greet(&peers[3], 1u << 20);
    pass_ms(100);
    ck_assert(peers[3].client.ended);
    ck_assert_uint_eq(stats().refused_count, 1);
    ck_assert_uint_eq(stats().connection_count, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grpc_room");
    TCase *tc = tcase_create("room");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, deaf_peers, 0, 2);
    tcase_add_test(tc, halves_of_requests);
    tcase_add_test(tc, calls_that_wait_for_the_owner);
    tcase_add_test(tc, who_comes_asks_and_goes);
    tcase_add_test(tc, a_flood_of_refusals);
    tcase_add_test(tc, what_trickles_in_is_given_up);
    tcase_add_test(tc, places_are_limited);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
