/*
 * fuzz_grpc_client.c - whatever a server says, in slices of any size, each call ends exactly once.
 *
 * Byte 0 is the slice length; the rest is what the first connection's server says before it leaves. Further connections
 * (after a refused stream) meet silence.
 */
#include "base/grpc.h"
#include "tests/unit/base/pipe_net.h"
#include "weir/sim.h"

#include <assert.h>

#define CALL_COUNT 3

static struct weir_conn *servers[8];
static size_t server_count;
static size_t done_count;

static void on_accept(void *arg, struct weir_conn *conn)
{
    (void)arg;
    assert(server_count < sizeof(servers) / sizeof(servers[0]));
    servers[server_count++] = conn;
    ((struct pipe_conn *)conn)->room = (size_t)1 << 30;
}

static void on_done(void *arg, enum weir_grpc_code code, struct weir_view reply, const struct weir_error *why)
{
    int *done = arg;

    assert(code == WEIR_GRPC_OK || (reply.len == 0 && why->message[0] != '\0' && why->status != WEIR_OK));
    assert(reply.len <= WEIR_GRPC_MESSAGE_LEN_MAX);
    assert(++*done == 1);
    done_count++;
}

static bool all_done(void *arg)
{
    (void)arg;
    return done_count == CALL_COUNT;
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void say(struct weir_sim *sim, const uint8_t *ptr, size_t len)
{
    struct iovec iov = {(void *)ptr, len};
    size_t taken;

    weir_conn_writev(servers[0], &iov, 1, &taken, NULL);
    weir_sim_run(sim, never, NULL, 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_target target = {"pipe", 1, NULL};
    struct weir_listener *listener;
    struct weir_grpc_channel *channel;
    struct weir_host *host;
    struct weir_loop *loop;
    struct weir_sim *sim;
    int done[CALL_COUNT] = {0};
    size_t slice_len;

    if (size < 1)
        return 0;
    slice_len = (size_t)data[0] * 4 + 1;
    server_count = done_count = 0;
    assert(weir_sim_new(&(struct weir_sim_options){.seed = 1}, &sim, NULL) == WEIR_OK);
    assert(weir_sim_host_new(sim, "client", "disk", &host, NULL) == WEIR_OK);
    assert(weir_loop_new(host, "client", &loop, NULL) == WEIR_OK);
    assert(weir_loop_start(loop, NULL) == WEIR_OK);
    pipe_net_install(loop);
    assert(weir_net_listen(loop, &target, on_accept, NULL, &listener, NULL) == WEIR_OK);
    assert(weir_grpc_channel_new(loop, &target, NULL, &channel, NULL) == WEIR_OK);
    for (int i = 0; i < CALL_COUNT; i++)
        assert(weir_grpc_call(channel, "/t.S/M", weir_view("hello", 5), 5000, on_done, &done[i], NULL, NULL) ==
               WEIR_OK);
    weir_sim_run(sim, never, NULL, 1000);
    assert(server_count == 1);
    for (size_t i = 1; i < size; i += slice_len)
        say(sim, data + i, size - i < slice_len ? size - i : slice_len);
    weir_conn_close(servers[0]);
    assert(weir_sim_run(sim, all_done, NULL, 10 * WEIR_NS_PER_S));
    weir_grpc_channel_free(channel);
    for (size_t i = 1; i < server_count; i++)
        weir_conn_close(servers[i]);
    weir_listener_close(listener);
    pipe_net_remove(loop);
    weir_loop_stop(loop);
    weir_loop_join(loop);
    weir_loop_free(loop);
    weir_host_free(host);
    weir_sim_free(sim);
    return 0;
}
