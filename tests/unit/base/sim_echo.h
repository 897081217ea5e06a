/*
 * sim_echo.h - a chatty workload for the tests of the simulated network: an echo server, and clients that send numbered
 * bytes, check what comes back, and connect again when the connection breaks.
 */
#ifndef WEIR_TESTS_SIM_ECHO_H
#define WEIR_TESTS_SIM_ECHO_H

#include <check.h>
#include <stdlib.h>

#include "base/rng.h"
#include "weir/net.h"
#include "weir/sim.h"

#define ECHO_PORT 9090
#define ECHO_BUF_LEN 65536

struct echo_peer { /* the server's end of a connection */
    struct weir_conn *conn;
    uint8_t buf[ECHO_BUF_LEN];
    size_t len, at;
    struct echo_peer *next;
    struct echo_server *server;
};

struct echo_server {
    struct weir_loop *loop;
    struct weir_listener *listener;
    struct weir_tls *tls;
    struct echo_peer *peers;
    uint64_t message_count;
};

static void echo_peer_free(struct echo_peer *peer)
{
    struct echo_peer **link = &peer->server->peers;

    while (*link != peer)
        link = &(*link)->next;
    *link = peer->next;
    weir_conn_close(peer->conn);
    free(peer);
}

static void echo_peer_pump(void *arg)
{
    struct echo_peer *peer = arg;

    for (;;) {
        struct iovec iov = {peer->buf + peer->at, peer->len - peer->at};
        size_t taken;

        if (peer->at < peer->len) {
            if (weir_conn_writev(peer->conn, &iov, 1, &taken, NULL) != WEIR_OK)
                return; /* on_error follows */
            peer->at += taken;
            weir_conn_want_read(peer->conn, peer->at == peer->len);
            if (peer->at < peer->len)
                return;
        }
        peer->at = peer->len = 0;
        if (weir_conn_read(peer->conn, peer->buf, sizeof(peer->buf), &peer->len, NULL) != WEIR_OK)
            return;
        peer->server->message_count++;
    }
}

static void echo_peer_error(void *arg, const struct weir_error *why)
{
    (void)why;
    echo_peer_free(arg);
}

static const struct weir_conn_handler echo_peer_handler = {
    .on_readable = echo_peer_pump, .on_writable = echo_peer_pump, .on_error = echo_peer_error};

static void echo_accept(void *arg, struct weir_conn *conn)
{
    struct echo_peer *peer = calloc(1, sizeof(*peer));

    peer->conn = conn;
    peer->server = arg;
    peer->next = peer->server->peers;
    peer->server->peers = peer;
    weir_conn_set_handler(conn, &echo_peer_handler, peer);
}

static inline void echo_server_start(struct echo_server *server, struct weir_host *host)
{
    struct weir_target at = {"0.0.0.0", ECHO_PORT, server->tls};

    ck_assert_int_eq(weir_loop_new(host, "server", &server->loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_net_listen(server->loop, &at, echo_accept, server, &server->listener, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(server->loop, NULL), WEIR_OK);
}

static inline void echo_server_free(struct echo_server *server)
{
    while (server->peers != NULL)
        echo_peer_free(server->peers);
    weir_listener_close(server->listener);
    weir_loop_free(server->loop);
}

struct echo_client {
    struct weir_sim *sim;
    struct weir_loop *loop;
    struct weir_conn *conn;
    struct weir_tls *tls;
    struct weir_rng rng;
    struct weir_timer retry;
    size_t message_len_max;
    uint64_t goal, sent, received; /* bytes of the connection */
    uint64_t acked;                /* bytes that came back, of all connections */
    unsigned open_count, error_count, blocked_count;
    enum weir_status last_error;
};

static inline void echo_client_connect(void *arg);

static void echo_client_send(void *arg)
{
    struct echo_client *client = arg;
    uint8_t buf[4096];
    struct iovec iov = {buf, 1 + (size_t)weir_rng_below(&client->rng, client->message_len_max)};
    size_t taken;

    for (size_t i = 0; i < iov.iov_len; i++)
        buf[i] = (uint8_t)((client->sent + i) * 131 >> 3);
    if (weir_conn_writev(client->conn, &iov, 1, &taken, NULL) != WEIR_OK)
        return;
    client->blocked_count += taken < iov.iov_len;
    client->sent += taken;
}

static void echo_client_readable(void *arg)
{
    struct echo_client *client = arg;
    uint8_t buf[4096];
    bool good = true;
    size_t got;

    while (weir_conn_read(client->conn, buf, sizeof(buf), &got, NULL) == WEIR_OK) {
        for (size_t i = 0; i < got; i++)
            good = good && buf[i] == (uint8_t)((client->received + i) * 131 >> 3);
        client->received += got;
        client->acked += got;
    }
    ck_assert(good && client->received <= client->sent);
    if (client->acked < client->goal && client->received == client->sent)
        echo_client_send(client);
}

static void echo_client_error(void *arg, const struct weir_error *why)
{
    struct echo_client *client = arg;

    client->error_count++;
    client->last_error = why->status;
    weir_conn_close(client->conn);
    client->conn = NULL;
    weir_timer_start(client->loop, &client->retry, 10 * WEIR_NS_PER_MS);
}

static void echo_client_open(void *arg)
{
    struct echo_client *client = arg;

    client->open_count++;
    client->sent = client->received = 0;
    echo_client_send(client);
}

static void echo_client_writable(void *arg)
{
    (void)arg;
}

static const struct weir_conn_handler echo_client_handler = {.on_open = echo_client_open,
                                                             .on_readable = echo_client_readable,
                                                             .on_writable = echo_client_writable,
                                                             .on_error = echo_client_error};

static inline void echo_client_connect(void *arg)
{
    struct echo_client *client = arg;
    struct weir_target target = {"localhost", ECHO_PORT, client->tls};

    ck_assert_int_eq(weir_net_connect(client->loop, &target, &echo_client_handler, client, &client->conn, NULL),
                     WEIR_OK);
}

static inline void echo_client_start(struct echo_client *client, struct weir_sim *sim, struct weir_loop *loop,
                                     uint64_t goal)
{
    client->sim = sim;
    client->loop = loop;
    client->goal = goal;
    client->message_len_max = client->message_len_max > 0 ? client->message_len_max : 4096;
    client->retry.fn = echo_client_connect;
    client->retry.arg = client;
    weir_rng_init(&client->rng, weir_host_random(weir_loop_host(loop)));
    echo_client_connect(client);
}

static inline bool echo_client_done(void *arg)
{
    struct echo_client *client = arg;

    return client->acked >= client->goal;
}

static inline void echo_client_free(struct echo_client *client)
{
    weir_timer_stop(client->loop, &client->retry);
    weir_conn_close(client->conn);
}

#endif
