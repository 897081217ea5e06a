/*
 * grpc_server.c - unary calls that come in: collected from HTTP/2, handed to the owner, answered.
 *
 *     RECEIVING --whole--> READY --the serve function has it--> SERVING --answer--> ANSWERED --sent--> freed
 *     RECEIVING, READY --connection or stream lost--> freed
 *     any --refused, deadline passed--> ANSWERED (by us)
 *
 * The serve function runs at the end of a turn and never inside nghttp2; it may free the server.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/grpc_server_int.h"
#include "base/tls.h"

/* Of one connection: what is held back then is refused. */
#define HELD_COUNT_MAX (2 * WEIR_HTTP2_SERVER_STREAMS_MAX)
#define BUFFERED_LEN_MAX (64u << 20)

/* --- what the client says --- */

static struct weir_grpc_request *request_of(struct weir_http2_stream *stream)
{
    return (struct weir_grpc_request *)stream; /* its first member */
}

/* All of it but the answer. */
static size_t held_by(const struct weir_grpc_request *request)
{
    size_t path = request->path != NULL ? strlen(request->path) : 0;
    size_t authorization = request->authorization != NULL ? strlen(request->authorization) : 0;

    return WEIR_GRPC_REQUEST_LEN + path + authorization + request->inbox.message.cap;
}

static void on_deadline(void *arg)
{
    weir_grpc_refuse(arg, WEIR_GRPC_DEADLINE_EXCEEDED, "the deadline passed before there was an answer");
}

static void touch(struct weir_grpc_server_conn *conn)
{
    TAILQ_REMOVE(&conn->server->conns, conn, entry);
    TAILQ_INSERT_TAIL(&conn->server->conns, conn, entry);
}

static struct weir_http2_stream *on_begin(void *arg)
{
    struct weir_grpc_server_conn *conn = arg;
    struct weir_grpc_request *request;

    if (conn->held_count >= HELD_COUNT_MAX)
        return NULL;
    if (!weir_grpc_fits(conn, WEIR_GRPC_REQUEST_LEN) ||
        conn->server->orphans_held > conn->server->limits.room->bytes_max) {
        conn->server->limits.room->refused_count++;
        return NULL;
    }
    request = calloc(1, sizeof(*request));
    if (request == NULL)
        return NULL;
    request->conn = conn;
    request->server = conn->server;
    request->open = true;
    request->deadline = (struct weir_timer){.fn = on_deadline, .arg = request};
    weir_grpc_inbox_init(&request->inbox);
    weir_buf_init(&request->reply, WEIR_GRPC_PREFIX_LEN + WEIR_GRPC_MESSAGE_LEN_MAX);
    TAILQ_INSERT_TAIL(&conn->requests, request, entry);
    weir_grpc_count_request(request, WEIR_GRPC_REQUEST_LEN);
    touch(conn);
    return &request->stream;
}

static bool view_is(struct weir_view view, const char *text)
{
    return weir_view_equal(view, weir_view_str(text));
}

/* "application/grpc", "application/grpc+proto", "application/grpc; ..."; not "application/grpc-web". */
static bool is_grpc_type(struct weir_view value)
{
    size_t len = strlen("application/grpc");

    if (value.len < len || memcmp(value.ptr, "application/grpc", len) != 0)
        return false;
    return value.len == len || value.ptr[len] == '+' || value.ptr[len] == ';' || value.ptr[len] == ' ';
}

/* The first value of a header is kept. Without memory it stays NULL, and on_headers() refuses the request. */
static void keep(char **kept, struct weir_view value)
{
    if (*kept == NULL)
        *kept = strndup((const char *)value.ptr, value.len);
}

static void on_header(void *arg, struct weir_http2_stream *stream, struct weir_view name, struct weir_view value)
{
    struct weir_grpc_request *request = request_of(stream);

    (void)arg;
    if (view_is(name, ":method"))
        request->is_post = view_is(value, "POST");
    else if (view_is(name, ":path"))
        keep(&request->path, value);
    else if (view_is(name, "content-type"))
        request->is_grpc = is_grpc_type(value);
    else if (view_is(name, "authorization"))
        keep(&request->authorization, value);
    else if (view_is(name, "grpc-timeout") && !weir_grpc_timeout_parse(value, &request->timeout_ns))
        request->timeout_ns = 0;
}

static void on_headers(void *arg, struct weir_http2_stream *stream, bool too_large)
{
    struct weir_grpc_request *request = request_of(stream);

    (void)arg;
    if (request->state != REQUEST_RECEIVING)
        return;
    request->has_headers = true;
    weir_grpc_count_request(request, held_by(request));
    if (too_large)
        weir_grpc_refuse_http(request, "431", "The headers are too large.\n");
    else if (!request->is_post)
        weir_grpc_refuse_http(request, "405", "This is a gRPC server: requests are POST.\n");
    else if (!request->is_grpc)
        weir_grpc_refuse_http(request, "415", "This is a gRPC server: the content type has to be application/grpc.\n");
    else if (request->path == NULL || request->path[0] != '/' || strchr(request->path + 1, '/') == NULL)
        weir_grpc_refuse_http(request, "404", "This is a gRPC server: paths are /package.Service/method.\n");
    else if (request->timeout_ns > 0 && !weir_timer_armed(&request->deadline))
        weir_timer_start(request->conn->server->loop, &request->deadline, request->timeout_ns);
}

static void on_data(void *arg, struct weir_http2_stream *stream, struct weir_view data)
{
    struct weir_grpc_request *request = request_of(stream);
    struct weir_grpc_server_conn *conn = arg;
    struct weir_error why = {0};
    size_t before = request->inbox.message.len;
    enum weir_grpc_code code;

    if (request->state != REQUEST_RECEIVING)
        return;
    if (!weir_grpc_fits(conn, data.len)) {
        weir_grpc_refuse_for_room(request);
        return;
    }
    code = weir_grpc_inbox_feed(&request->inbox, data, &why);
    conn->buffered_len += request->inbox.message.len - before;
    weir_grpc_count_request(request, held_by(request));
    if (code != WEIR_GRPC_OK)
        weir_grpc_refuse(request, code, why.message);
    else if (conn->buffered_len > BUFFERED_LEN_MAX)
        weir_grpc_refuse(request, WEIR_GRPC_RESOURCE_EXHAUSTED, "too much is being sent on this connection at once");
}

static void on_end(void *arg, struct weir_http2_stream *stream)
{
    struct weir_grpc_request *request = request_of(stream);
    struct weir_grpc_server *server = ((struct weir_grpc_server_conn *)arg)->server;

    if (request->state != REQUEST_RECEIVING)
        return;
    if (!weir_grpc_inbox_whole(&request->inbox)) {
        weir_grpc_refuse(request, WEIR_GRPC_INTERNAL, "the request ended without a whole message");
        return;
    }
    request->state = REQUEST_READY;
    TAILQ_INSERT_TAIL(&server->ready, request, ready);
    weir_loop_defer(server->loop, &server->serve_ready);
}

static void on_close(void *arg, struct weir_http2_stream *stream, uint32_t code)
{
    (void)arg, (void)code;
    weir_grpc_lose_stream(request_of(stream));
}

/* --- serving --- */

/* The owner gets what is its own for the call: it may answer, or free the server, before it returns. */
static void serve(struct weir_grpc_server *server, struct weir_grpc_request *request)
{
    struct weir_buf message = request->inbox.message;
    char *path = request->path, *authorization = request->authorization;

    TAILQ_REMOVE(&server->ready, request, ready);
    request->state = REQUEST_SERVING;
    request->conn->buffered_len -= message.len;
    weir_grpc_inbox_init(&request->inbox);
    request->path = request->authorization = NULL;
    request->held = true;
    request->conn->held_count++;
    server->serve(server->arg, request, path, authorization, weir_buf_view(&message));
    weir_buf_fini(&message);
    free(path);
    free(authorization);
}

static void on_serve_ready(void *arg)
{
    struct weir_grpc_server *server = arg;
    struct weir_grpc_request *request;

    server->serving = true;
    while ((request = TAILQ_FIRST(&server->ready)) != NULL)
        serve(server, request);
    server->serving = false;
    if (server->doomed)
        free(server);
}

/* --- connections --- */

void weir_grpc_conn_free(struct weir_grpc_server_conn *conn)
{
    struct weir_grpc_request *request;

    weir_http2_free(conn->h2); /* sends what is answered, so the requests go after it */
    while ((request = TAILQ_FIRST(&conn->requests)) != NULL) {
        bool held = request->held;

        weir_grpc_lose_stream(request);
        if (held)
            weir_grpc_orphan(request);
    }
    weir_grpc_count_conn(conn, 0);
    TAILQ_REMOVE(&conn->server->conns, conn, entry);
    conn->server->stats.connection_count--;
    free(conn);
}

static void on_lost(void *arg, const struct weir_error *why)
{
    struct weir_grpc_server_conn *conn = arg;

    weir_log_debug(weir_loop_log(conn->server->loop), "grpc", "connection over: %s", why->message);
    weir_grpc_conn_free(conn);
}

static void on_settings(void *arg)
{
    ((struct weir_grpc_server_conn *)arg)->greeted = true;
}

static void on_goaway(void *arg)
{
    (void)arg; /* its calls are still answered; HTTP/2 ends the connection after them */
}

static void on_sent(void *arg)
{
    struct weir_grpc_server_conn *conn = arg;
    size_t unsent = weir_http2_unsent(conn->h2), before = conn->unsent;

    conn->unsent = unsent;
    weir_grpc_count_conn(conn, conn->held - before + unsent);
}

static const struct weir_http2_ops http2_ops = {
    .on_begin = on_begin,
    .on_header = on_header,
    .on_headers = on_headers,
    .on_data = on_data,
    .on_end = on_end,
    .on_close = on_close,
    .on_settings = on_settings,
    .on_goaway = on_goaway,
    .on_sent = on_sent,
    .on_lost = on_lost,
};

static void on_accept(void *arg, struct weir_conn *lower)
{
    struct weir_grpc_server *server = arg;
    struct weir_grpc_server_conn *conn = weir_grpc_make_place(server) ? calloc(1, sizeof(*conn)) : NULL;
    struct weir_error err = {0};

    weir_tls_agree_to_protocol(lower, "h2");
    if (conn == NULL) {
        server->stats.refused_count++;
        if (weir_log_turn(&server->refusals, weir_loop_now_ns(server->loop)))
            weir_log_warn(weir_loop_log(server->loop), "grpc",
                          "no room for the connection of %s; %" PRIu64 " refused so far", weir_conn_peer(lower),
                          server->stats.refused_count);
        weir_conn_close(lower);
        return;
    }
    conn->server = server;
    TAILQ_INIT(&conn->requests);
    if (weir_http2_new(server->loop, lower, true, &http2_ops, conn, &conn->h2, &err) != WEIR_OK) {
        weir_log_warn(weir_loop_log(server->loop), "grpc", "connection from %s dropped: %s", weir_conn_peer(lower),
                      err.message);
        weir_conn_close(lower);
        free(conn);
        return;
    }
    TAILQ_INSERT_TAIL(&server->conns, conn, entry);
    server->stats.connection_count++;
    server->stats.accepted_count++;
    weir_grpc_watch(server);
}

/* --- the server --- */

enum weir_status weir_grpc_server_new(struct weir_loop *loop, const struct weir_target *at,
                                      weir_grpc_serve_fn *serve_fn, void *arg, struct weir_grpc_server **out,
                                      struct weir_error *err)
{
    struct weir_grpc_server *server = calloc(1, sizeof(*server));
    enum weir_status status;

    if (server == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a gRPC server");
    server->loop = loop;
    server->serve = serve_fn;
    server->arg = arg;
    server->serve_ready = (struct weir_deferred){.fn = on_serve_ready, .arg = server};
    server->boundless.bytes_max = UINT64_MAX;
    server->limits.room = &server->boundless;
    server->look = (struct weir_timer){.fn = weir_grpc_look, .arg = server};
    TAILQ_INIT(&server->conns);
    TAILQ_INIT(&server->orphans);
    TAILQ_INIT(&server->ready);
    status = weir_net_listen(loop, at, on_accept, server, &server->listener, err);
    if (status != WEIR_OK) {
        free(server);
        return status;
    }
    *out = server;
    return WEIR_OK;
}

void weir_grpc_server_limit(struct weir_grpc_server *server, const struct weir_grpc_server_limits *limits)
{
    server->limits = *limits;
    if (server->limits.room == NULL)
        server->limits.room = &server->boundless;
}

void weir_grpc_server_stats(const struct weir_grpc_server *server, struct weir_grpc_server_stats *out)
{
    *out = server->stats;
}

uint16_t weir_grpc_server_port(const struct weir_grpc_server *server)
{
    return weir_listener_port(server->listener);
}

void weir_grpc_server_free(struct weir_grpc_server *server)
{
    struct weir_grpc_request *request;
    struct weir_grpc_server_conn *conn;

    if (server == NULL)
        return;
    weir_listener_close(server->listener);
    while ((conn = TAILQ_FIRST(&server->conns)) != NULL)
        weir_grpc_conn_free(conn);
    while ((request = TAILQ_FIRST(&server->orphans)) != NULL) { /* its owner answers to nobody */
        TAILQ_REMOVE(&server->orphans, request, entry);
        request->server = NULL;
    }
    weir_room_count(server->limits.room, &server->orphans_held, 0);
    weir_timer_stop(server->loop, &server->look);
    weir_deferred_cancel(server->loop, &server->serve_ready);
    server->doomed = true;
    if (!server->serving)
        free(server);
}
