/*
 * http_server.c - an HTTP/1.1 server: who gets a connection, and in which order requests are served.
 */
#include "base/http_server_int.h"

#include <stdlib.h>

#include "base/tls.h"

#define HEAD_LEN_DEFAULT ((size_t)16 << 10)
#define HEADERS_DEFAULT 64
#define BODY_LEN_DEFAULT ((size_t)1 << 20)
#define ANSWER_LEN_DEFAULT ((size_t)64 << 20)
#define CONNECTIONS_DEFAULT 256
#define IDLE_DEFAULT_NS (60 * WEIR_NS_PER_S)
#define TRANSFER_DEFAULT_NS (30 * WEIR_NS_PER_S)

/* --- Serving ------------------------------------------------------------------------------------------------------ */

static struct weir_http_conn *first_ready(struct weir_http_server *server)
{
    struct weir_http_conn *conn;

    TAILQ_FOREACH (conn, &server->conns, entry) {
        if (conn->state == CONN_READY)
            return conn;
    }
    return NULL;
}

/* The owner may answer, or free the server, within its call. */
static void serve(void *arg)
{
    struct weir_http_server *server = arg;
    struct weir_http_conn *conn;

    server->serving = true;
    while (!server->doomed && (conn = first_ready(server)) != NULL) {
        weir_http_conn_enter(conn, CONN_SERVING);
        server->options.serve(server->options.arg, conn->request);
    }
    server->serving = false;
    if (server->doomed)
        free(server);
}

/* --- Connections -------------------------------------------------------------------------------------------------- */

/* Whoever has idled longest makes room. False: all are at work. */
static bool make_room(struct weir_http_server *server)
{
    struct weir_http_conn *conn;

    if (server->orphans_held > server->options.room->bytes_max)
        return false;
    if (server->stats.connection_count < server->options.connection_max)
        return true;
    TAILQ_FOREACH (conn, &server->conns, entry) {
        if (conn->state == CONN_LINGERING || (conn->state == CONN_READING && !weir_http_parser_begun(conn->parser))) {
            weir_http_conn_free(conn);
            return true;
        }
    }
    return false;
}

static void on_accept(void *arg, struct weir_conn *lower)
{
    struct weir_http_server *server = arg;

    weir_tls_agree_to_protocol(lower, "http/1.1");
    if (make_room(server) && weir_http_conn_new(server, lower)) {
        server->stats.accepted_count++;
        return;
    }
    server->stats.refused_count++;
    if (weir_log_turn(&server->refusals, weir_loop_now_ns(server->loop)))
        weir_log_warn(weir_loop_log(server->loop), "http", "no room for the connection of %s; %llu refused so far",
                      weir_conn_peer(lower), (unsigned long long)server->stats.refused_count);
    weir_conn_close(lower);
}

/* --- The server --------------------------------------------------------------------------------------------------- */

static void set_defaults(struct weir_http_server_options *options)
{
    if (options->limits.head_len_max == 0)
        options->limits.head_len_max = HEAD_LEN_DEFAULT;
    if (options->limits.header_count_max == 0)
        options->limits.header_count_max = HEADERS_DEFAULT;
    if (options->limits.body_len_max == 0)
        options->limits.body_len_max = BODY_LEN_DEFAULT;
    if (options->answer_len_max == 0)
        options->answer_len_max = ANSWER_LEN_DEFAULT;
    if (options->connection_max == 0)
        options->connection_max = CONNECTIONS_DEFAULT;
    if (options->idle_ns == 0)
        options->idle_ns = IDLE_DEFAULT_NS;
    if (options->transfer_ns == 0)
        options->transfer_ns = TRANSFER_DEFAULT_NS;
}

enum weir_status weir_http_server_new(struct weir_loop *loop, const struct weir_http_server_options *options,
                                      struct weir_http_server **out, struct weir_error *err)
{
    struct weir_http_server *server = calloc(1, sizeof(*server));
    enum weir_status status;

    if (server == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for an HTTP server");
    server->loop = loop;
    server->options = *options;
    set_defaults(&server->options);
    weir_http_room_begin(server);
    server->serve = (struct weir_deferred){.fn = serve, .arg = server};
    TAILQ_INIT(&server->conns);
    status = weir_net_listen(loop, &options->listen, on_accept, server, &server->listener, err);
    if (status != WEIR_OK) {
        free(server);
        return status;
    }
    *out = server;
    return WEIR_OK;
}

void weir_http_server_free(struct weir_http_server *server)
{
    struct weir_http_conn *conn;

    if (server == NULL)
        return;
    weir_listener_close(server->listener);
    while ((conn = TAILQ_FIRST(&server->conns)) != NULL)
        weir_http_conn_free(conn);
    weir_http_room_end(server);
    weir_deferred_cancel(server->loop, &server->serve);
    server->doomed = true;
    if (!server->serving)
        free(server);
}

uint16_t weir_http_server_port(const struct weir_http_server *server)
{
    return weir_listener_port(server->listener);
}

void weir_http_server_stats(const struct weir_http_server *server, struct weir_http_server_stats *out)
{
    *out = server->stats;
}
