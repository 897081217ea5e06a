/*
 * grpc_server.c - unary calls that come in: collected from HTTP/2, handed to the owner, answered.
 *
 *     RECEIVING --whole--> READY --the serve function has it--> SERVING --answer--> ANSWERED --sent--> freed
 *     RECEIVING, READY --connection or stream lost--> freed
 *     any --refused, deadline passed--> ANSWERED (by us)
 *
 * A request has two holders: HTTP/2, while its stream is open (`open`), and the owner, from the serve function
 * to weir_grpc_answer() (`held`). It goes with the last of them, so an owner may answer long after the connection is
 * lost. The serve function runs at the end of a turn and never inside nghttp2; it may free the server.
 *
 * What a request holds is counted into the room of all connections: its message as it comes, until it is answered, then
 * the answer, until its stream is over. An owner's requests whose connection has gone are counted until it answers: a
 * client that comes, asks and goes, again and again, must not pile them up.
 */
#include "base/grpc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/grpc_message.h"
#include "base/http2.h"
#include "base/log.h"

/* Of one connection: what is held back then is refused. */
#define HELD_COUNT_MAX (2 * WEIR_HTTP2_SERVER_STREAMS_MAX)
#define BUFFERED_LEN_MAX (64u << 20)
#define WORDS_LEN_MAX 1024
#define REQUEST_LEN 4096u /* what is counted for a request and a short answer, beside a message or a long one */
#define ANSWER_LEN_SHORT 2048u

enum request_state { REQUEST_RECEIVING, REQUEST_READY, REQUEST_SERVING, REQUEST_ANSWERED };

TAILQ_HEAD(request_list, weir_grpc_request);
TAILQ_HEAD(conn_list, server_conn);

struct weir_grpc_request {
    struct weir_http2_stream stream;      /* first: HTTP/2 hands it back */
    TAILQ_ENTRY(weir_grpc_request) entry; /* in conn->requests, or in server->orphans */
    TAILQ_ENTRY(weir_grpc_request) ready; /* in server->ready, while READY */
    enum request_state state;
    struct server_conn *conn; /* NULL once it is gone */
    bool open, held;
    bool is_post, is_grpc;
    char *path, *authorization;
    int64_t timeout_ns; /* 0 means none */
    struct weir_timer deadline;
    struct weir_grpc_inbox inbox;
    struct weir_grpc_server *server; /* NULL once it is gone */
    size_t counted;                  /* of the room of all connections */
    struct weir_buf reply; /* framed, or a page of words for who does not speak gRPC */
};

struct server_conn {
    TAILQ_ENTRY(server_conn) entry;
    struct weir_grpc_server *server;
    struct weir_http2 *h2;
    struct request_list requests; /* open or held */
    size_t held, unsent;          /* all that is counted for it; HTTP/2's part of that */
    uint64_t progress;            /* when it was looked at last */
    int64_t moved_ns;             /* the last time that it was another one, or that it began to hold something */
    size_t held_count;            /* not the same as open streams: a client may reset them */
    size_t buffered_len;          /* of messages not served yet */
};

struct weir_grpc_server {
    struct weir_loop *loop;
    struct weir_listener *listener;
    weir_grpc_serve_fn *serve;
    void *arg;
    struct weir_grpc_server_limits limits;
    struct weir_room boundless; /* where no room was given */
    struct weir_grpc_server_stats stats;
    struct weir_log_limit refusals, stuck_ones;
    struct conn_list conns;      /* the one whose last call began or ended longest ago is the first */
    struct request_list orphans; /* held by the owner alone */
    size_t orphans_held;
    struct weir_timer look; /* while somebody holds something */
    struct request_list ready;
    struct weir_deferred serve_ready;
    bool serving; /* the serve function may be running */
    bool doomed;  /* and has freed the server */
};

/* --- what they hold --- */

static void count_conn(struct server_conn *conn, size_t held)
{
    struct weir_grpc_server *server = conn->server;

    if (conn->held == 0 && held > 0)
        conn->moved_ns = weir_loop_now_ns(server->loop);
    weir_room_count(server->limits.room, &conn->held, held);
    if (held > 0 && !weir_timer_armed(&server->look))
        weir_timer_start(server->loop, &server->look, WEIR_ROOM_LOOK_NS);
}

static void count_request(struct weir_grpc_request *request, size_t held)
{
    size_t before = request->counted;

    request->counted = held;
    if (request->conn != NULL)
        count_conn(request->conn, request->conn->held - before + held);
}

static bool fits(const struct server_conn *conn, size_t more)
{
    return weir_room_fits(conn->server->limits.room, conn->held, more);
}

/* All of it but the answer. */
static size_t held_by(const struct weir_grpc_request *request)
{
    size_t path = request->path != NULL ? strlen(request->path) : 0;
    size_t authorization = request->authorization != NULL ? strlen(request->authorization) : 0;

    return REQUEST_LEN + path + authorization + request->inbox.message.cap;
}

/* --- requests --- */

static void request_free(struct weir_grpc_request *request)
{
    weir_grpc_inbox_fini(&request->inbox);
    weir_buf_fini(&request->reply);
    free(request->path);
    free(request->authorization);
    free(request);
}

static struct weir_grpc_request *request_of(struct weir_http2_stream *stream)
{
    return (struct weir_grpc_request *)stream; /* its first member */
}

static void leave_ready(struct weir_grpc_request *request)
{
    if (request->state == REQUEST_READY)
        TAILQ_REMOVE(&request->conn->server->ready, request, ready);
}

/* Its message is served or dropped: others may take the room. */
static void drop_message(struct weir_grpc_request *request)
{
    request->conn->buffered_len -= request->inbox.message.len;
    weir_grpc_inbox_fini(&request->inbox);
    weir_grpc_inbox_init(&request->inbox);
}

static void release(struct weir_grpc_request *request)
{
    count_request(request, 0);
    TAILQ_REMOVE(&request->conn->requests, request, entry);
    request_free(request);
}

/* The connection has gone; the owner still holds the request. */
static void orphan(struct weir_grpc_request *request)
{
    struct weir_grpc_server *server = request->server;
    size_t counted = request->counted;

    count_request(request, 0);
    TAILQ_REMOVE(&request->conn->requests, request, entry);
    request->conn = NULL;
    request->counted = counted;
    TAILQ_INSERT_TAIL(&server->orphans, request, entry);
    weir_room_count(server->limits.room, &server->orphans_held, server->orphans_held + counted);
}

static void release_orphan(struct weir_grpc_request *request)
{
    struct weir_grpc_server *server = request->server;

    if (server != NULL) {
        TAILQ_REMOVE(&server->orphans, request, entry);
        weir_room_count(server->limits.room, &server->orphans_held, server->orphans_held - request->counted);
    }
    request_free(request);
}

/* The stream is over; the owner may still hold the request. */
static void lose_stream(struct weir_grpc_request *request)
{
    if (request->open) {
        leave_ready(request);
        drop_message(request);
        weir_timer_stop(request->conn->server->loop, &request->deadline);
        request->open = false;
    }
    if (!request->held)
        release(request);
}

/* --- answers --- */

#define NAME_VALUE(name, value)                                                                                        \
    {                                                                                                                  \
        (uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, sizeof(value) - 1, NGHTTP2_NV_FLAG_NONE               \
    }

static const nghttp2_nv headers_ok[] = {
    NAME_VALUE(":status", "200"),
    NAME_VALUE("content-type", "application/grpc"),
    NAME_VALUE("grpc-encoding", "identity"),
    NAME_VALUE("grpc-accept-encoding", "identity"),
};
static const nghttp2_nv trailers_ok[] = {NAME_VALUE("grpc-status", "0")};

/* From here on the request waits for its stream's end only. */
static void respond(struct weir_grpc_request *request, const nghttp2_nv *headers, size_t count)
{
    struct server_conn *conn = request->conn;

    leave_ready(request);
    drop_message(request);
    weir_timer_stop(conn->server->loop, &request->deadline);
    request->state = REQUEST_ANSWERED;
    request->stream.body = weir_buf_view(&request->reply);
    count_request(request, REQUEST_LEN + request->reply.cap);
    if (weir_http2_respond(conn->h2, &request->stream, headers, count) == WEIR_OK)
        return;
    weir_http2_detach(conn->h2, &request->stream, NGHTTP2_INTERNAL_ERROR);
    lose_stream(request);
}

/* Trailers only: code and words, no message. */
static void refuse(struct weir_grpc_request *request, enum weir_grpc_code code, const char *words)
{
    char number[12], text[WORDS_LEN_MAX];
    nghttp2_nv headers[4] = {headers_ok[0], headers_ok[1]};
    size_t count = 2;

    headers[count++] = weir_http2_nv(weir_view_str("grpc-status"),
                                     weir_view(number, (size_t)snprintf(number, sizeof(number), "%d", (int)code)));
    if (words != NULL && words[0] != '\0')
        headers[count++] = weir_http2_nv(weir_view_str("grpc-message"),
                                         weir_view(text, weir_grpc_words_encode(words, text, sizeof(text))));
    weir_buf_reset(&request->reply);
    respond(request, headers, count);
}

/* For who does not speak gRPC: an HTTP status and a line of text. */
static void refuse_http(struct weir_grpc_request *request, const char *http_status, const char *line)
{
    nghttp2_nv headers[] = {
        NAME_VALUE(":status", ""),
        NAME_VALUE("content-type", "text/plain; charset=utf-8"),
        NAME_VALUE("allow", "POST"),
    };

    headers[0].value = (uint8_t *)http_status;
    headers[0].valuelen = strlen(http_status);
    weir_buf_reset(&request->reply);
    weir_buf_append(&request->reply, line, strlen(line));
    respond(request, headers, sizeof(headers) / sizeof(headers[0]));
}

static void refuse_for_room(struct weir_grpc_request *request)
{
    request->server->limits.room->refused_count++;
    refuse(request, WEIR_GRPC_RESOURCE_EXHAUSTED,
           "what all connections hold together is used up; try again when others have let go");
}

static void answer(struct weir_grpc_request *request, enum weir_grpc_code code, struct weir_view message,
                   const char *words)
{
    char text[WORDS_LEN_MAX];

    if (code != WEIR_GRPC_OK) {
        refuse(request, code, words);
        return;
    }
    if (message.len > WEIR_GRPC_MESSAGE_LEN_MAX) {
        snprintf(text, sizeof(text), "the answer has %zu bytes, at most %u can be sent", message.len,
                 WEIR_GRPC_MESSAGE_LEN_MAX);
        refuse(request, WEIR_GRPC_RESOURCE_EXHAUSTED, text);
        return;
    }
    if (message.len > ANSWER_LEN_SHORT && !fits(request->conn, message.len)) {
        refuse_for_room(request); /* of answers to changes none is so long that matters, so no change is hidden by it */
        return;
    }
    weir_grpc_frame(&request->reply, message);
    if (request->reply.status != WEIR_OK) {
        refuse(request, WEIR_GRPC_RESOURCE_EXHAUSTED, "no memory for the answer");
        return;
    }
    request->stream.trailers = trailers_ok;
    request->stream.trailer_count = 1;
    respond(request, headers_ok, sizeof(headers_ok) / sizeof(headers_ok[0]));
}

static void on_deadline(void *arg)
{
    refuse(arg, WEIR_GRPC_DEADLINE_EXCEEDED, "the deadline passed before there was an answer");
}

/* --- what the client says --- */

static void touch(struct server_conn *conn)
{
    TAILQ_REMOVE(&conn->server->conns, conn, entry);
    TAILQ_INSERT_TAIL(&conn->server->conns, conn, entry);
}

static struct weir_http2_stream *on_begin(void *arg)
{
    struct server_conn *conn = arg;
    struct weir_grpc_request *request;

    if (conn->held_count >= HELD_COUNT_MAX)
        return NULL;
    if (!fits(conn, REQUEST_LEN) || conn->server->orphans_held > conn->server->limits.room->bytes_max) {
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
    count_request(request, REQUEST_LEN);
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
    count_request(request, held_by(request));
    if (too_large)
        refuse_http(request, "431", "The headers are too large.\n");
    else if (!request->is_post)
        refuse_http(request, "405", "This is a gRPC server: requests are POST.\n");
    else if (!request->is_grpc)
        refuse_http(request, "415", "This is a gRPC server: the content type has to be application/grpc.\n");
    else if (request->path == NULL || request->path[0] != '/' || strchr(request->path + 1, '/') == NULL)
        refuse_http(request, "404", "This is a gRPC server: paths are /package.Service/method.\n");
    else if (request->timeout_ns > 0 && !weir_timer_armed(&request->deadline))
        weir_timer_start(request->conn->server->loop, &request->deadline, request->timeout_ns);
}

static void on_data(void *arg, struct weir_http2_stream *stream, struct weir_view data)
{
    struct weir_grpc_request *request = request_of(stream);
    struct server_conn *conn = arg;
    struct weir_error why = {0};
    size_t before = request->inbox.message.len;
    enum weir_grpc_code code;

    if (request->state != REQUEST_RECEIVING)
        return;
    if (!fits(conn, data.len)) {
        refuse_for_room(request);
        return;
    }
    code = weir_grpc_inbox_feed(&request->inbox, data, &why);
    conn->buffered_len += request->inbox.message.len - before;
    count_request(request, held_by(request));
    if (code != WEIR_GRPC_OK)
        refuse(request, code, why.message);
    else if (conn->buffered_len > BUFFERED_LEN_MAX)
        refuse(request, WEIR_GRPC_RESOURCE_EXHAUSTED, "too much is being sent on this connection at once");
}

static void on_end(void *arg, struct weir_http2_stream *stream)
{
    struct weir_grpc_request *request = request_of(stream);
    struct weir_grpc_server *server = ((struct server_conn *)arg)->server;

    if (request->state != REQUEST_RECEIVING)
        return;
    if (!weir_grpc_inbox_whole(&request->inbox)) {
        refuse(request, WEIR_GRPC_INTERNAL, "the request ended without a whole message");
        return;
    }
    request->state = REQUEST_READY;
    TAILQ_INSERT_TAIL(&server->ready, request, ready);
    weir_loop_defer(server->loop, &server->serve_ready);
}

static void on_close(void *arg, struct weir_http2_stream *stream, uint32_t code)
{
    (void)arg, (void)code;
    lose_stream(request_of(stream));
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

void weir_grpc_answer(struct weir_grpc_request *request, enum weir_grpc_code code, struct weir_view message,
                      const char *words)
{
    request->held = false;
    if (request->conn == NULL) { /* nobody waits any more */
        release_orphan(request);
        return;
    }
    request->conn->held_count--;
    if (!request->open)
        release(request);
    else if (request->state == REQUEST_SERVING) /* else its deadline has passed */
        answer(request, code, message, words);
}

/* --- connections --- */

static void conn_free(struct server_conn *conn)
{
    struct weir_grpc_request *request;

    weir_http2_free(conn->h2); /* sends what is answered, so the requests go after it */
    while ((request = TAILQ_FIRST(&conn->requests)) != NULL) {
        bool held = request->held;

        lose_stream(request);
        if (held)
            orphan(request);
    }
    count_conn(conn, 0);
    TAILQ_REMOVE(&conn->server->conns, conn, entry);
    conn->server->stats.connection_count--;
    free(conn);
}

static void on_lost(void *arg, const struct weir_error *why)
{
    struct server_conn *conn = arg;

    weir_log_debug(weir_loop_log(conn->server->loop), "grpc", "connection over: %s", why->message);
    conn_free(conn);
}

static void on_settings(void *arg)
{
    (void)arg;
}

static void on_goaway(void *arg)
{
    (void)arg; /* its calls are still answered; HTTP/2 ends the connection after them */
}

static void on_sent(void *arg)
{
    struct server_conn *conn = arg;
    size_t unsent = weir_http2_unsent(conn->h2), before = conn->unsent;

    conn->unsent = unsent;
    count_conn(conn, conn->held - before + unsent);
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

/* --- who makes room --- */

/* It has not moved, and it is its turn: not ours, as while a call is served. */
static bool is_stuck(struct server_conn *conn, int64_t now_ns)
{
    const struct weir_grpc_request *request;
    uint64_t progress = weir_http2_progress(conn->h2);

    if (progress != conn->progress)
        conn->moved_ns = now_ns;
    conn->progress = progress;
    if (conn->held == 0 || now_ns - conn->moved_ns < WEIR_ROOM_STUCK_NS)
        return false;
    TAILQ_FOREACH (request, &conn->requests, entry) {
        if (request->open && (request->state == REQUEST_RECEIVING || request->state == REQUEST_ANSWERED))
            return true;
    }
    return conn->unsent > 0;
}

static void end_stuck(struct server_conn *conn, int64_t now_ns)
{
    struct weir_grpc_server *server = conn->server;

    server->limits.room->stuck_count++;
    if (weir_log_turn(&server->stuck_ones, now_ns))
        weir_log_warn(weir_loop_log(server->loop), "grpc",
                      "connections are ended that hold memory which others need, and do not move: %" PRIu64 " so far",
                      server->limits.room->stuck_count);
    conn_free(conn);
}

/* Once a second while somebody holds something. */
static void on_look(void *arg)
{
    struct weir_grpc_server *server = arg;
    int64_t now_ns = weir_loop_now_ns(server->loop);
    struct server_conn *conn, *next;
    bool again = false;

    for (conn = TAILQ_FIRST(&server->conns); conn != NULL; conn = next) {
        next = TAILQ_NEXT(conn, entry);
        again |= conn->held > 0;
        if (is_stuck(conn, now_ns) && weir_room_is_short(server->limits.room))
            end_stuck(conn, now_ns);
    }
    if (again)
        weir_timer_start(server->loop, &server->look, WEIR_ROOM_LOOK_NS);
}

/* Whoever has been without calls longest makes place; clients come again when they need to. False: all have calls. */
static bool make_place(struct weir_grpc_server *server)
{
    struct server_conn *conn;

    if (server->limits.connection_max == 0 || server->stats.connection_count < server->limits.connection_max)
        return true;
    TAILQ_FOREACH (conn, &server->conns, entry) {
        if (TAILQ_EMPTY(&conn->requests) && conn->unsent == 0) {
            server->stats.displaced_count++;
            conn_free(conn);
            return true;
        }
    }
    return false;
}

static void on_accept(void *arg, struct weir_conn *lower)
{
    struct weir_grpc_server *server = arg;
    struct server_conn *conn = make_place(server) ? calloc(1, sizeof(*conn)) : NULL;
    struct weir_error err = {0};

    if (conn == NULL) {
        server->stats.refused_count++;
        if (weir_log_turn(&server->refusals, weir_loop_now_ns(server->loop)))
            weir_log_warn(weir_loop_log(server->loop), "grpc", "no room for the connection of %s; %" PRIu64 " refused so far",
                          weir_conn_peer(lower), server->stats.refused_count);
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
    server->look = (struct weir_timer){.fn = on_look, .arg = server};
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
    struct server_conn *conn;

    if (server == NULL)
        return;
    weir_listener_close(server->listener);
    while ((conn = TAILQ_FIRST(&server->conns)) != NULL)
        conn_free(conn);
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
