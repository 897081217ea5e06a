/*
 * test_bounds.c - what all connections together may hold, and that whoever asks for nothing scarce is served meanwhile.
 *
 * A store and many raw connections in a simulated world: clients that do not read, that send half a frame, that send
 * more than the disk takes or has room for, that are only there. Memory is what the store counts itself
 * (weir_store_stats).
 */
#include <check.h>
#include <stdlib.h>

#include "pravega/wire.h"
#include "pravega/wire_inbox.h"
#include "weir/net.h"
#include "weir/sim.h"
#include "weir/store.h"

#define SEG "sc/st/0.#epoch.0"
#define BYTES_MAX ((size_t)64 << 20)
#define READING_MAX (64 * MIB) /* reads that need memory of their own and are under way */
#define MIB ((size_t)1 << 20)
#define LIMIT_NS (120 * WEIR_NS_PER_S)

static struct weir_sim *sim;
static struct weir_host *store_host, *peer_host;
static struct weir_loop *store_loop, *peer_loop;
static struct weir_store *store;

/* --- raw connections --- */

struct peer {
    struct weir_conn *conn;
    struct weir_buf out;
    struct pravega_wire_inbox inbox;
    bool deaf, ended;
    uint64_t got_bytes, got_frames; /* frames are counted by who is not deaf */
    int32_t last_type;
    int64_t last_event;
};

static void push(void *arg)
{
    struct peer *peer = arg;
    struct iovec iov = {peer->out.ptr, peer->out.len};
    size_t taken = 0;

    if (peer->out.len > 0 && weir_conn_writev(peer->conn, &iov, 1, &taken, NULL) == WEIR_OK)
        weir_buf_consume(&peer->out, taken);
}

static void take_frames(struct peer *peer)
{
    struct pravega_wire_frame frame;
    struct pravega_wire_command cmd;

    while (pravega_wire_inbox_next(&peer->inbox, &frame, NULL) == WEIR_OK) {
        ck_assert_int_eq(pravega_wire_decode(frame.type, frame.payload, &cmd, NULL), WEIR_OK);
        peer->got_frames++;
        peer->last_type = frame.type;
        if (cmd.type == PRAVEGA_WIRE_DATA_APPENDED)
            peer->last_event = cmd.data_appended.event_number;
    }
}

static void on_readable(void *arg)
{
    struct peer *peer = arg;
    size_t cap, got = 0;
    uint8_t *room = pravega_wire_inbox_room(&peer->inbox, &cap);
    enum weir_status status = weir_conn_read(peer->conn, room, cap, &got, NULL);

    peer->ended |= status != WEIR_OK && status != WEIR_E_AGAIN;
    if (status != WEIR_OK)
        return;
    peer->got_bytes += got;
    pravega_wire_inbox_filled(&peer->inbox, got);
    take_frames(peer);
}

static void on_error(void *arg, const struct weir_error *why)
{
    (void)why;
    ((struct peer *)arg)->ended = true;
}

static const struct weir_conn_handler handler = {push, on_readable, push, on_error};

static void peer_open(struct peer *peer, bool deaf)
{
    struct weir_target to = {.host = "store", .port = 12345};

    *peer = (struct peer){.deaf = deaf, .last_event = INT64_MIN};
    weir_buf_init(&peer->out, (size_t)1 << 30);
    pravega_wire_inbox_init(&peer->inbox);
    ck_assert_int_eq(weir_net_connect(peer_loop, &to, &handler, peer, &peer->conn, NULL), WEIR_OK);
    weir_conn_want_read(peer->conn, !deaf);
}

static void peer_close(struct peer *peer)
{
    weir_conn_close(peer->conn);
    weir_buf_fini(&peer->out);
    pravega_wire_inbox_fini(&peer->inbox);
}

#define say(peer, TYPE, member, ...)                                                                                   \
    do {                                                                                                               \
        pravega_wire_encode(&(peer)->out, &(struct pravega_wire_command){.type = PRAVEGA_WIRE_##TYPE,                  \
                                                                         .member = {__VA_ARGS__}});                    \
        push(peer);                                                                                                    \
    } while (0)

/* --- waiting --- */

struct frames {
    const struct peer *peer;
    uint64_t count;
};

static bool frames_came(void *arg)
{
    const struct frames *frames = arg;

    return frames->peer->got_frames >= frames->count || frames->peer->ended;
}

/* So many more frames have come. */
static void await_frames(struct peer *peer, uint64_t count)
{
    struct frames frames = {peer, peer->got_frames + count};

    ck_assert(weir_sim_run(sim, frames_came, &frames, LIMIT_NS));
    ck_assert_msg(!peer->ended, "the store ended the connection");
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void pass_ms(int64_t ms)
{
    weir_sim_run(sim, never, NULL, ms * WEIR_NS_PER_MS);
}

static struct weir_store_stats stats(void)
{
    struct weir_store_stats out;

    weir_store_stats(store, &out);
    return out;
}

/* --- the world --- */

static void open_world(const struct weir_store_options *limits, int64_t sync_ns)
{
    struct weir_sim_options options = {
        .seed = 7, .log_fd = -1, .sync_delay_min_ns = sync_ns, .sync_delay_max_ns = sync_ns + 1};
    struct weir_store_options store_options = *limits;
    struct weir_error err = {0};

    ck_assert_int_eq(weir_sim_new(&options, &sim, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "store", "disk", &store_host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(store_host, "store", &store_loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(store_loop, NULL), WEIR_OK);
    store_options.segment_port = 12345;
    store_options.controller_port = 9090;
    ck_assert_msg(weir_store_open(store_loop, &store_options, &store, &err) == WEIR_OK, "%s", err.message);
    ck_assert_int_eq(weir_sim_host_new(sim, "peers", "peers", &peer_host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(peer_host, "peers", &peer_loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(peer_loop, NULL), WEIR_OK);
}

static void host_end(struct weir_host *host, struct weir_loop *loop)
{
    weir_loop_stop(loop);
    weir_loop_join(loop);
    weir_loop_free(loop);
    weir_host_free(host);
}

static void close_world(void)
{
    host_end(peer_host, peer_loop);
    weir_store_close(store);
    host_end(store_host, store_loop);
    weir_sim_free(sim);
}

static void make_segment(struct peer *peer)
{
    peer_open(peer, false);
    say(peer, CREATE_SEGMENT, create_segment, .request_id = 1, .segment = weir_view_str(SEG));
    await_frames(peer, 1);
}

static void set_up(struct peer *peer, uint64_t writer)
{
    say(peer, SETUP_APPEND, setup_append, .request_id = 1, .writer_id = {1, writer}, .segment = weir_view_str(SEG));
}

static void append(struct peer *peer, uint64_t writer, int64_t number, const uint8_t *bytes, size_t len)
{
    say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = {1, writer}, .data = weir_view(bytes, len),
        .event_count = 1, .last_event_number = number, .request_id = 2);
}

static void ask(struct peer *peer, int64_t offset)
{
    say(peer, READ_SEGMENT, read_segment, .segment = weir_view_str(SEG), .offset = offset, .suggested_len = 1 << 20,
        .request_id = 3);
}

/* A connection that asks for nothing scarce has its answer. */
static void assert_served(struct peer *peer)
{
    say(peer, GET_STREAM_SEGMENT_INFO, get_stream_segment_info, .request_id = 4, .segment = weir_view_str(SEG));
    await_frames(peer, 1);
    ck_assert_int_eq(peer->last_type, PRAVEGA_WIRE_STREAM_SEGMENT_INFO);
}

/* --- tests --- */

START_TEST(those_beyond_the_limit_are_closed)
{
    struct peer peers[6];

    open_world(&(struct weir_store_options){.connections_max = 5}, 100000);
    make_segment(&peers[0]);
    for (int i = 1; i < 6; i++) {
        peer_open(&peers[i], false);
        pass_ms(10);
    }
    ck_assert(peers[5].ended);
    ck_assert_uint_eq(stats().refused_count, 1);
    ck_assert_uint_eq(stats().connection_count, 5);
    assert_served(&peers[0]);
    peer_close(&peers[1]);
    pass_ms(10);
    peer_close(&peers[5]);
    peer_open(&peers[5], false);
    peer_open(&peers[1], false);
    pass_ms(10);
    ck_assert(peers[5].ended != peers[1].ended); /* there was room for one */
    for (int i = 0; i < 6; i++)
        peer_close(&peers[i]);
    close_world();
}
END_TEST

/* Goal: ten thousand connections that said hello and nothing since hold nothing, and cost others nothing. */
START_TEST(idle_connections_hold_nothing)
{
    struct peer *peers = calloc(10000, sizeof(*peers)), busy;

    open_world(&(struct weir_store_options){0}, 100000);
    make_segment(&busy);
    for (int i = 0; i < 10000; i++) {
        peer_open(&peers[i], false);
        say(&peers[i], HELLO, hello, .high_version = 15, .low_version = 5);
    }
    pass_ms(5000);
    ck_assert_uint_eq(stats().connection_count, 10001);
    ck_assert_uint_eq(stats().connection_bytes, 0);
    assert_served(&busy);
    for (int i = 0; i < 10000; i++) {
        ck_assert_uint_eq(peers[i].got_frames, 1);
        peer_close(&peers[i]);
    }
    peer_close(&busy);
    pass_ms(10);
    ck_assert_uint_eq(stats().connection_count, 0);
    free(peers);
    close_world();
}
END_TEST

/* Goal: those who never read hold no more than the bound, and end when others need it; others read on. What could not
 * be sent to them is not fetched from the disk either, but for what was under way when that showed. Method: 60 deaf
 * connections ask for 24 MiB each, of a segment of 2 MiB; one that reads asks for all of it, again and again. */
START_TEST(those_who_do_not_read)
{
    struct peer deaf[60], reader;
    uint8_t *bytes = calloc(1, 2 * MIB);
    uint64_t before;

    open_world(&(struct weir_store_options){.connection_bytes_max = BYTES_MAX, .flush_bytes = _i == 0 ? 0 : MIB},
               100000);
    make_segment(&reader);
    set_up(&reader, 1);
    append(&reader, 1, 1, bytes, 2 * MIB);
    await_frames(&reader, 2);
    pass_ms(2000); /* with a small log, it is in a chunk by now */
    for (int i = 0; i < 60; i++) {
        peer_open(&deaf[i], true);
        for (int k = 0; k < 24; k++)
            ask(&deaf[i], (int64_t)(k % 2) * (int64_t)MIB);
    }
    pass_ms(500);
    ck_assert_uint_ge(stats().connection_bytes, BYTES_MAX / 2 - 3 * MIB);
    if (_i == 1)
        ck_assert_uint_le(stats().read_bytes, BYTES_MAX / 2 + 2 * READING_MAX); /* of 1440 MiB */
    before = reader.got_bytes;
    for (int64_t at = 0; at < (int64_t)(2 * MIB); at = (int64_t)(reader.got_bytes - before) / 65536 * 65536) {
        ask(&reader, at);
        await_frames(&reader, 1);
    }
    assert_served(&reader);
    ck_assert_uint_le(stats().connection_bytes_max, BYTES_MAX);
    ck_assert_uint_gt(stats().stuck_count, 0);
    for (int i = 0; i < 60; i++)
        peer_close(&deaf[i]);
    peer_close(&reader);
    pass_ms(10);
    ck_assert_uint_eq(stats().connection_bytes, 0); /* what was counted in was counted out */
    free(bytes);
    close_world();
}
END_TEST

/* Goal: halves of long frames hold no more than the bound; a long frame that comes whole is served all the same. */
START_TEST(halves_of_frames)
{
    static const uint8_t head[] = {0, 0, 0, 3, 0, 0xc0, 0, 0}; /* an APPEND_BLOCK of 12 MiB */
    struct peer halves[100], writer;
    uint8_t *bytes = calloc(1, 8 * MIB);

    open_world(&(struct weir_store_options){.connection_bytes_max = BYTES_MAX}, 100000);
    make_segment(&writer);
    for (int i = 0; i < 100; i++) {
        peer_open(&halves[i], false);
        weir_buf_append(&halves[i].out, head, sizeof(head));
        weir_buf_append(&halves[i].out, bytes, i % 2 == 0 ? 100 : MIB);
        push(&halves[i]);
    }
    pass_ms(3000);
    ck_assert_uint_le(stats().connection_bytes_max, BYTES_MAX + 100 * 65536);
    assert_served(&writer);
    set_up(&writer, 1);
    append(&writer, 1, 1, bytes, 8 * MIB);
    await_frames(&writer, 2);
    ck_assert_int_eq(writer.last_type, PRAVEGA_WIRE_DATA_APPENDED);
    ck_assert_uint_le(stats().connection_bytes_max, BYTES_MAX + 100 * 65536);
    for (int i = 0; i < 100; i++)
        peer_close(&halves[i]);
    peer_close(&writer);
    pass_ms(10);
    ck_assert_uint_eq(stats().connection_bytes, 0);
    free(bytes);
    close_world();
}
END_TEST

/* `step` bytes at a time, until all of the frame is sent, its connection has ended, or `for_ms` have passed. */
static void send_slowly(struct peer *peer, const struct weir_buf *frame, size_t step, int64_t every_ms, int64_t for_ms)
{
    size_t sent = 0;

    for (int64_t ms = 0; ms < for_ms && sent < frame->len && !peer->ended; ms += every_ms) {
        size_t len = step < frame->len - sent ? step : frame->len - sent;

        weir_buf_append(&peer->out, frame->ptr + sent, len);
        sent += len;
        push(peer);
        pass_ms(every_ms);
    }
}

/* Goal: half of a frame that trickles in is given up, whatever came before it, though nobody waits for anything; who is
 * slow and sends on is not, nor is who idles between frames.
 * Method: 0 the header of a frame, 1 the middle of a long one after its first 8 MiB came at once, 2 a block whose end
 * does not come, with a sign of life every 5 s. */
START_TEST(what_trickles_in_is_given_up)
{
    struct peer slow, honest, idle;
    struct pravega_wire_command block = {
        .type = PRAVEGA_WIRE_APPEND_BLOCK_END,
        .append_block_end = {.writer_id = {1, 2}, .event_count = 1, .last_event_number = 1}};
    uint8_t *bytes = calloc(1, 8 * MIB + 65536);
    struct weir_buf frame;

    open_world(&(struct weir_store_options){0}, 100000);
    make_segment(&idle);
    peer_open(&slow, false);
    peer_open(&honest, false);
    set_up(&slow, 1);
    set_up(&honest, 2);
    await_frames(&slow, 1);
    weir_buf_init(&frame, 16 * MIB);
    if (_i < 2) {
        block.append_block_end.data = weir_view(bytes, 8 * MIB + 65536);
        pravega_wire_encode(&frame, &block);
        send_slowly(&slow, &frame, _i == 0 ? 3 : 4 * MIB, 2000, _i == 0 ? 2000 : 4000);
        ck_assert(!slow.ended);
        weir_buf_consume(&frame, _i == 0 ? 3 : 8 * MIB);
        send_slowly(&slow, &frame, 1, 5000, _i == 0 ? 35000 : 65000);
    } else {
        say(&slow, APPEND_BLOCK, append_block, .writer_id = {1, 1}, .data = weir_view(bytes, 100));
        for (int i = 0; i < 7; i++) {
            pravega_wire_encode(&slow.out, &(struct pravega_wire_command){.type = PRAVEGA_WIRE_KEEP_ALIVE});
            push(&slow);
            pass_ms(5000);
        }
    }
    ck_assert(slow.ended);
    ck_assert_uint_eq(stats().late_count, 1);
    weir_buf_reset(&frame); /* 200 KiB at 2 KiB/s */
    block.append_block_end.data = weir_view(bytes, 200 << 10);
    pravega_wire_encode(&frame, &block);
    send_slowly(&honest, &frame, 2048, 1000, 200000);
    pass_ms(100);
    ck_assert(!honest.ended);
    ck_assert_int_eq(honest.last_event, 1);
    ck_assert_uint_eq(stats().late_count, 1);
    assert_served(&idle);
    peer_close(&slow);
    peer_close(&honest);
    peer_close(&idle);
    pass_ms(10);
    ck_assert_uint_eq(stats().connection_bytes, 0);
    weir_buf_fini(&frame);
    free(bytes);
    close_world();
}
END_TEST

/* Goal: it is not the peer's turn while the store does not read.
 * Method: a disk that takes nothing for two minutes, and a writer that has sent more than the store takes meanwhile, so
 * that it is stopped in the midst of a frame. */
START_TEST(who_is_not_read_is_not_late)
{
    struct peer writer;
    uint8_t *bytes = calloc(1, MIB);

    open_world(&(struct weir_store_options){0}, 120 * WEIR_NS_PER_S);
    peer_open(&writer, false);
    say(&writer, CREATE_SEGMENT, create_segment, .request_id = 1, .segment = weir_view_str(SEG));
    pass_ms(300000);
    set_up(&writer, 1);
    for (int64_t n = 1; n <= 80; n++)
        append(&writer, 1, n, bytes, MIB);
    for (int minutes = 0; minutes < 60 && writer.last_event < 80 && !writer.ended; minutes++)
        pass_ms(60000);
    ck_assert(!writer.ended);
    ck_assert_int_eq(writer.last_event, 80);
    ck_assert_uint_eq(stats().late_count, 0);
    peer_close(&writer);
    free(bytes);
    close_world();
}
END_TEST

/* Goal: what a slow disk does not take waits with those who send it, within the bound; all are acknowledged in the end,
 * nobody is ended, and nobody is far behind the others.
 * Method: 20 writers send 20 MiB each to a disk of a second a sync; another connection asks meanwhile. */
START_TEST(a_slow_disk)
{
    struct peer writers[20], other;
    uint8_t *bytes = calloc(1, MIB);
    struct frames last;

    open_world(&(struct weir_store_options){.connection_bytes_max = BYTES_MAX}, WEIR_NS_PER_S);
    make_segment(&other);
    for (int i = 0; i < 20; i++) {
        peer_open(&writers[i], false);
        set_up(&writers[i], (uint64_t)i + 1);
        for (int64_t n = 1; n <= 20; n++)
            append(&writers[i], (uint64_t)i + 1, n, bytes, MIB);
    }
    for (int seconds = 0; seconds < 6; seconds++) {
        pass_ms(1000);
        assert_served(&other);
    }
    for (int i = 0; i < 20; i++) {
        for (last = (struct frames){&writers[i], 0}; writers[i].last_event < 20 && !writers[i].ended;) {
            last.count = writers[i].got_frames + 1;
            ck_assert(weir_sim_run(sim, frames_came, &last, LIMIT_NS));
        }
        ck_assert(!writers[i].ended);
    }
    ck_assert_uint_le(stats().connection_bytes_max, BYTES_MAX);
    ck_assert_uint_eq(stats().append_bytes, 400 * MIB);
    ck_assert_uint_eq(stats().stuck_count, 0);
    for (int i = 0; i < 20; i++)
        peer_close(&writers[i]);
    peer_close(&other);
    free(bytes);
    close_world();
}
END_TEST

/* Goal: on a full disk nothing acknowledged is lost, reads go on, and when there is space writes go on, without a
 * restart. A writer that asks for more meanwhile sees its connection end, and can come again. */
START_TEST(a_full_disk)
{
    struct peer writer, reader, late;
    uint8_t *bytes = calloc(1, MIB);
    struct frames frames = {.peer = &writer};
    int64_t acked;

    open_world(&(struct weir_store_options){0}, 100000);
    make_segment(&reader);
    peer_open(&writer, false);
    set_up(&writer, 1);
    append(&writer, 1, 1, bytes, MIB);
    await_frames(&writer, 2);
    weir_sim_disk_capacity(sim, "disk", 4 * MIB);
    for (int64_t n = 2; n <= 20; n++)
        append(&writer, 1, n, bytes, MIB);
    pass_ms(2000);
    acked = writer.last_event;
    ck_assert_int_lt(acked, 20);
    ask(&reader, 0);
    await_frames(&reader, 1);
    ck_assert_int_eq(reader.last_type, PRAVEGA_WIRE_SEGMENT_READ);
    peer_open(&late, false);
    set_up(&late, 2); /* its answer rests on what is not durable: it waits */
    pass_ms(2000);
    ck_assert_uint_eq(late.got_frames, 0);
    weir_sim_disk_capacity(sim, "disk", 0);
    await_frames(&late, 1);
    frames.count = UINT64_MAX; /* until the connection ends, or not at all */
    if (!writer.ended)
        weir_sim_run(sim, frames_came, &frames, 2 * WEIR_NS_PER_S);
    ck_assert_int_ge(writer.last_event, acked);
    peer_close(&writer);
    peer_open(&writer, false);
    set_up(&writer, 1);
    await_frames(&writer, 1);
    for (int64_t n = 2; n <= 20; n++) /* all of them again: what is stored is passed over */
        append(&writer, 1, n, bytes, MIB);
    append(&writer, 1, 21, bytes, 1);
    while (writer.last_event != 21)
        await_frames(&writer, 1);
    ck_assert_uint_eq(stats().append_bytes, 20 * MIB + 1);
    peer_close(&writer);
    peer_close(&reader);
    peer_close(&late);
    free(bytes);
    close_world();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("bounds");
    TCase *tc = tcase_create("bounds");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 200);
    tcase_add_test(tc, those_beyond_the_limit_are_closed);
    tcase_add_test(tc, idle_connections_hold_nothing);
    tcase_add_loop_test(tc, those_who_do_not_read, 0, 2);
    tcase_add_test(tc, halves_of_frames);
    tcase_add_loop_test(tc, what_trickles_in_is_given_up, 0, 3);
    tcase_add_test(tc, who_is_not_read_is_not_late);
    tcase_add_test(tc, a_slow_disk);
    tcase_add_test(tc, a_full_disk);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
