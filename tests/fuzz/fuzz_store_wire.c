/*
 * fuzz_store_wire.c - any sequence of frames, on two connections, to a store.
 *
 * Each piece of the input: a byte (top bit: which connection; the rest: which command, the last one meaning bytes as they
 * are), a 16-bit length, a payload. Properties: connections end or are answered; a new one is served afterwards, and
 * nothing is held for those that are gone; the store comes up again on what is in its folder.
 */
#include "pravega/wire.h"
#include "sim_store.h"
#include "weir/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct peer {
    struct weir_conn *conn;
    struct weir_buf out;
    uint64_t got;
};

static const int32_t codes[] = {
#define X(NAME, name, code, direction, ...) code,
    PRAVEGA_WIRE_COMMANDS(X)
#undef X
};
#define CODE_COUNT (sizeof(codes) / sizeof(codes[0]))

static void push(void *arg)
{
    struct peer *peer = arg;
    struct iovec iov = {peer->out.ptr, peer->out.len};
    size_t taken = 0;

    if (peer->out.len > 0 && weir_conn_writev(peer->conn, &iov, 1, &taken, NULL) == WEIR_OK)
        weir_buf_consume(&peer->out, taken);
}

static void on_readable(void *arg)
{
    struct peer *peer = arg;
    uint8_t bytes[4096];
    size_t got = 0;

    if (weir_conn_read(peer->conn, bytes, sizeof(bytes), &got, NULL) == WEIR_OK)
        peer->got += got;
}

static const struct weir_conn_handler handler = {.on_open = push, .on_readable = on_readable, .on_writable = push};

static void peer_open(struct sim_store *s, struct peer *peer)
{
    struct weir_target to = {.host = "store", .port = 6000};
    enum weir_status status;

    *peer = (struct peer){0};
    weir_buf_init(&peer->out, (size_t)64 << 20);
    status = weir_net_connect(s->peer_loop, &to, &handler, peer, &peer->conn, NULL);
    assert(status == WEIR_OK);
    (void)status;
}

static void peer_close(struct peer *peer)
{
    weir_conn_close(peer->conn);
    weir_buf_fini(&peer->out);
}

static void say_piece(struct peer *peer, uint8_t which, struct weir_view payload)
{
    size_t index = which & 127;

    if (index != 127) {
        weir_buf_u32be(&peer->out, (uint32_t)codes[index % CODE_COUNT]);
        weir_buf_u32be(&peer->out, (uint32_t)payload.len);
    }
    weir_buf_view_append(&peer->out, payload);
    push(peer);
}

static bool answered(void *arg)
{
    return ((struct peer *)arg)->got >= PRAVEGA_WIRE_HEADER_LEN + 8;
}

/* Somebody new is served. */
static void greet(struct sim_store *s)
{
    struct peer peer;

    peer_open(s, &peer);
    pravega_wire_encode_hello(&peer.out, &(struct pravega_wire_hello){15, 5});
    push(&peer);
    if (!weir_sim_run(s->sim, answered, &peer, 100 * WEIR_NS_PER_S))
        abort();
    peer_close(&peer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_in in = weir_in(weir_view(data, size));
    struct weir_store_stats stats;
    struct peer peers[2];
    struct sim_store s;

    sim_store_init(&s);
    peer_open(&s, &peers[0]);
    peer_open(&s, &peers[1]);
    while (weir_in_left(&in) > 3) {
        uint8_t which = weir_in_u8(&in);
        size_t len = weir_in_u16be(&in), left = weir_in_left(&in);

        say_piece(&peers[which >> 7], which, weir_in_take(&in, len < left ? len : left));
        sim_store_pass(&s, 20000);
    }
    sim_store_pass(&s, WEIR_NS_PER_S);
    greet(&s);
    peer_close(&peers[0]);
    peer_close(&peers[1]);
    sim_store_pass(&s, 100 * WEIR_NS_PER_MS);
    weir_store_stats(s.store, &stats);
    if (stats.connection_count != 0 || stats.connection_bytes != 0)
        abort();
    sim_store_fini(&s);
    return 0;
}
