/*
 * fuzz_grpc_server.c - any bytes from a client, in slices of any size, leave the server whole and nothing behind.
 *
 * Byte 0: the slice length, and in its top bit whether HTTP/2's preface is sent first. The rest is what the client
 * says.
 */
#include "base/grpc.h"
#include "tests/unit/base/pipe_net.h"
#include "weir/sim.h"

#include <assert.h>

#define HELD_MAX 64

static struct weir_grpc_request *held[HELD_MAX];
static size_t held_count;

/* Answers at once, with a failure, or after the connection is gone, as the path's length has it. */
static void on_serve(void *arg, struct weir_grpc_request *request, const char *path, const char *authorization,
                     struct weir_view message)
{
    (void)arg, (void)authorization;
    assert(message.len <= WEIR_GRPC_MESSAGE_LEN_MAX);
    if (strlen(path) % 3 == 0 && held_count < HELD_MAX)
        held[held_count++] = request;
    else
        weir_grpc_answer(request, strlen(path) % 3 == 1 ? WEIR_GRPC_OK : WEIR_GRPC_NOT_FOUND, message, path);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void say(struct weir_sim *sim, struct weir_conn *client, const uint8_t *ptr, size_t len)
{
    struct iovec iov = {(void *)ptr, len};
    size_t taken;

    weir_conn_writev(client, &iov, 1, &taken, NULL);
    weir_sim_run(sim, never, NULL, 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
    struct weir_target at = {"pipe", 1, NULL}, target = at;
    struct weir_grpc_server *server;
    struct weir_conn *client;
    struct weir_host *host;
    struct weir_loop *loop;
    struct weir_sim *sim;
    size_t slice_len;

    if (size < 1)
        return 0;
    slice_len = (size_t)(data[0] & 127) * 8 + 1;
    held_count = 0;
    assert(weir_sim_new(&(struct weir_sim_options){.seed = 1}, &sim, NULL) == WEIR_OK);
    assert(weir_sim_host_new(sim, "server", "disk", &host, NULL) == WEIR_OK);
    assert(weir_loop_new(host, "server", &loop, NULL) == WEIR_OK);
    assert(weir_loop_start(loop, NULL) == WEIR_OK);
    pipe_net_install(loop);
    assert(weir_grpc_server_new(loop, &at, on_serve, NULL, &server, NULL) == WEIR_OK);
    assert(weir_net_connect(loop, &target, &pipe_deaf, NULL, &client, NULL) == WEIR_OK);
    ((struct pipe_conn *)client)->room = (size_t)1 << 30;
    if (data[0] < 128)
        say(sim, client, (const uint8_t *)preface, sizeof(preface) - 1);
    for (size_t i = 1; i < size; i += slice_len)
        say(sim, client, data + i, size - i < slice_len ? size - i : slice_len);
    weir_conn_close(client);
    weir_sim_run(sim, never, NULL, WEIR_NS_PER_S);
    while (held_count > 0)
        weir_grpc_answer(held[--held_count], WEIR_GRPC_OK, weir_view("late", 4), NULL);
    weir_grpc_server_free(server);
    pipe_net_remove(loop);
    weir_loop_stop(loop);
    weir_loop_join(loop);
    weir_loop_free(loop);
    weir_host_free(host);
    weir_sim_free(sim);
    return 0;
}
