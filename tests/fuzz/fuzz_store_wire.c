/*
 * fuzz_store_wire.c - any sequence of frames, on two connections, to a store.
 *
 * Each piece of the input: a byte (top bit: which connection; the rest: which command, the last one meaning bytes as
 * they are), a 16-bit length, a payload. Properties: connections end or are answered; a new one is served afterwards,
 * and nothing is held for those that are gone; the store comes up again on what is in its folder.
 */
#include "pravega/wire.h"
#include "sim_store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int32_t codes[] = {
#define X(NAME, name, code, direction, ...) code,
    PRAVEGA_WIRE_COMMANDS(X)
#undef X
};
#define CODE_COUNT (sizeof(codes) / sizeof(codes[0]))

static void peer_open(struct sim_store *s, struct sim_client *peer)
{
    struct weir_target to = {.host = "store", .port = 6000};

    *peer = (struct sim_client){.drops = true};
    sim_client_open(peer, s->peer_loop, &to, (size_t)64 << 20);
}

static void say_piece(struct sim_client *peer, uint8_t which, struct weir_view payload)
{
    size_t index = which & 127;

    if (index != 127) {
        weir_buf_u32be(&peer->out, (uint32_t)codes[index % CODE_COUNT]);
        weir_buf_u32be(&peer->out, (uint32_t)payload.len);
    }
    sim_client_say(peer, payload);
}

static bool answered(void *arg)
{
    return ((struct sim_client *)arg)->got >= PRAVEGA_WIRE_HEADER_LEN + 8;
}

/* Somebody new is served. */
static void greet(struct sim_store *s)
{
    struct sim_client peer;

    peer_open(s, &peer);
    pravega_wire_encode_hello(&peer.out, &(struct pravega_wire_hello){15, 5});
    sim_client_push(&peer);
    if (!weir_sim_run(s->sim, answered, &peer, 100 * WEIR_NS_PER_S))
        abort();
    sim_client_close(&peer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_in in = weir_in(weir_view(data, size));
    struct weir_store_stats stats;
    struct sim_client peers[2];
    struct sim_store s;

    sim_store_init(&s);
    peer_open(&s, &peers[0]);
    peer_open(&s, &peers[1]);
    while (weir_in_left(&in) > 3) {
        uint8_t which = weir_in_u8(&in);
        size_t len = weir_in_u16be(&in), left = weir_in_left(&in);

        say_piece(&peers[which >> 7], which, weir_in_take(&in, len < left ? len : left));
        sim_pass(s.sim, 20000);
    }
    sim_pass(s.sim, WEIR_NS_PER_S);
    greet(&s);
    sim_client_close(&peers[0]);
    sim_client_close(&peers[1]);
    sim_pass(s.sim, 100 * WEIR_NS_PER_MS);
    weir_store_stats(s.store, &stats);
    if (stats.connection_count != 0 || stats.connection_bytes != 0)
        abort();
    sim_store_fini(&s);
    return 0;
}
