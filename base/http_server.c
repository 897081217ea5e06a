/*
 * http_server.c - connections of an HTTP/1.1 server.
 *
 *     READING --a request is whole--> READY --end of the turn--> SERVING --answered--> SENDING
 *     SENDING --all is sent, the connection goes on--> READING
 *     SENDING --all is sent, the client wants no more--> freed
 *     READING --refused, late--> SENDING (an error) --all is sent--> LINGERING --the peer ends, or a second--> freed
 *
 * One timer for each connection, of its state. LINGERING reads on and drops what comes: a socket that is closed with
 * bytes unread takes back what its peer has not fetched yet. A request that is being served outlives its connection.
 */
#include "base/http_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <time.h>

#include "base/log.h"

#define HEAD_LEN_DEFAULT ((size_t)16 << 10)
#define HEADERS_DEFAULT 64
#define BODY_LEN_DEFAULT ((size_t)1 << 20)
#define ANSWER_LEN_DEFAULT ((size_t)64 << 20)
#define CONNECTIONS_DEFAULT 256
#define IDLE_DEFAULT_NS (60 * WEIR_NS_PER_S)
#define TRANSFER_DEFAULT_NS (30 * WEIR_NS_PER_S)
#define LINGER_NS WEIR_NS_PER_S
#define LINGER_LEN_MAX ((size_t)4 << 20)
#define READ_LEN ((size_t)16 << 10)
#define ANSWER_HEAD_LEN_MAX ((size_t)16 << 10)

enum conn_state { CONN_READING, CONN_READY, CONN_SERVING, CONN_SENDING, CONN_LINGERING };

struct http_conn;

struct weir_http_request {
    struct http_conn *conn; /* NULL: the connection has gone, the answer goes nowhere */
    struct weir_http_message message;
    struct weir_http_parser *parser; /* the message points into it */
    char peer[64];
};

struct http_conn {
    struct weir_http_server *server;
    struct weir_conn *lower;
    enum conn_state state;
    struct weir_http_parser *parser;
    struct weir_http_request *request; /* READY, SERVING */
    uint8_t in[READ_LEN];
    size_t in_at, in_len; /* read and not parsed yet */
    struct weir_buf out;
    size_t out_at, lingered_len;
    bool goes_on;    /* after this answer */
    bool refused;    /* what else it sent was not read */
    bool peer_ended; /* it sends no more, and may still wait for its answer */
    struct weir_timer timer;
    struct weir_deferred step;
    TAILQ_ENTRY(http_conn) entry; /* the one that has been quiet longest is the first */
};

struct weir_http_server {
    struct weir_loop *loop;
    struct weir_http_server_options options;
    struct weir_listener *listener;
    TAILQ_HEAD(, http_conn) conns;
    struct weir_http_server_stats stats;
    struct weir_log_limit refusals;
    struct weir_deferred serve;
    bool serving, doomed; /* the serve function is running, and has freed the server */
};

static void conn_free(struct http_conn *conn);

/* --- Requests ----------------------------------------------------------------------------------------------------- */

const struct weir_http_message *weir_http_request_message(const struct weir_http_request *request)
{
    return &request->message;
}

const char *weir_http_request_peer(const struct weir_http_request *request)
{
    return request->peer;
}

static void request_free(struct weir_http_request *request)
{
    if (request->conn == NULL)
        weir_http_parser_free(request->parser);
    free(request);
}

/* --- States and their time ---------------------------------------------------------------------------------------- */

static void enter(struct http_conn *conn, enum conn_state state)
{
    struct weir_http_server *server = conn->server;
    int64_t limit_ns = server->options.transfer_ns;

    conn->state = state;
    if (state == CONN_READING && !weir_http_parser_begun(conn->parser))
        limit_ns = server->options.idle_ns;
    if (state == CONN_LINGERING)
        limit_ns = LINGER_NS;
    if (state == CONN_SERVING || state == CONN_READY)
        weir_timer_stop(server->loop, &conn->timer);
    else
        weir_timer_start(server->loop, &conn->timer, limit_ns);
    weir_conn_want_read(conn->lower, state == CONN_READING || state == CONN_LINGERING);
}

static void touch(struct http_conn *conn)
{
    TAILQ_REMOVE(&conn->server->conns, conn, entry);
    TAILQ_INSERT_TAIL(&conn->server->conns, conn, entry);
}

/* --- Answers ------------------------------------------------------------------------------------------------------ */

static void put_date(struct weir_buf *out, int64_t wall_ms)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;

    gmtime_r(&seconds, &utc);
    weir_buf_printf(out, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n", days + 3 * utc.tm_wday, utc.tm_mday,
                    months + 3 * utc.tm_mon, utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

static bool has_body(enum weir_http_status status)
{
    return status >= 200 && status != WEIR_HTTP_NO_CONTENT && status != WEIR_HTTP_NOT_MODIFIED;
}

static void put_answer(struct http_conn *conn, const struct weir_http_answer *answer, bool without_body)
{
    struct weir_buf *out = &conn->out;

    weir_buf_printf(out, "HTTP/1.1 %d %s\r\n", (int)answer->status, weir_http_reason(answer->status));
    put_date(out, weir_loop_wall_ms(conn->server->loop));
    for (size_t i = 0; i < answer->header_count; i++) {
        weir_buf_append(out, answer->headers[i].name.ptr, answer->headers[i].name.len);
        weir_buf_append(out, ": ", 2);
        weir_buf_append(out, answer->headers[i].value.ptr, answer->headers[i].value.len);
        weir_buf_append(out, "\r\n", 2);
    }
    if (answer->content_type != NULL)
        weir_buf_printf(out, "Content-Type: %s\r\nX-Content-Type-Options: nosniff\r\n", answer->content_type);
    if (has_body(answer->status))
        weir_buf_printf(out, "Content-Length: %zu\r\n", answer->body.len);
    weir_buf_printf(out, "Connection: %s\r\n\r\n", conn->goes_on ? "keep-alive" : "close");
    if (has_body(answer->status) && !without_body && answer->body.len > 0)
        weir_buf_append(out, answer->body.ptr, answer->body.len);
}

static void send_answer(struct http_conn *conn, const struct weir_http_answer *answer, bool without_body)
{
    static const struct weir_http_answer too_large = {.status = WEIR_HTTP_INTERNAL_SERVER_ERROR};

    put_answer(conn, answer, without_body);
    if (conn->out.status != WEIR_OK) {
        weir_log_warn(weir_loop_log(conn->server->loop), "http", "an answer of %zu bytes for %s cannot be sent",
                      answer->body.len, weir_conn_peer(conn->lower));
        weir_buf_reset(&conn->out);
        conn->out_at = 0;
        put_answer(conn, &too_large, true);
    }
    enter(conn, CONN_SENDING);
    weir_loop_defer(conn->server->loop, &conn->step);
}

/* The server's own word about a request that is none; the connection ends with it. */
static void refuse(struct http_conn *conn, enum weir_http_status status, const char *words)
{
    char line[WEIR_ERROR_MESSAGE_LEN_MAX + 2];
    int len = snprintf(line, sizeof(line), "%s\n", words);
    struct weir_http_answer answer = {
        .status = status, .content_type = "text/plain; charset=utf-8", .body = weir_view(line, (size_t)len)};

    weir_log_debug(weir_loop_log(conn->server->loop), "http", "refused a request of %s with %d: %s",
                   weir_conn_peer(conn->lower), (int)status, words);
    conn->server->stats.refused_count++;
    conn->goes_on = false;
    conn->refused = true;
    conn->in_at = conn->in_len = 0;
    send_answer(conn, &answer, false);
}

void weir_http_answer(struct weir_http_request *request, const struct weir_http_answer *answer)
{
    struct http_conn *conn = request->conn;

    if (conn != NULL) {
        conn->request = NULL;
        conn->goes_on = request->message.keep_alive;
        send_answer(conn, answer, request->message.method == WEIR_HTTP_HEAD);
    }
    request_free(request);
}

void weir_http_refuse(struct weir_http_request *request, enum weir_http_status status, const char *words)
{
    char line[512];
    int len = snprintf(line, sizeof(line), "%s\n", words != NULL ? words : weir_http_reason(status));
    struct weir_http_answer answer = {.status = status,
                                      .content_type = "text/plain; charset=utf-8",
                                      .body = weir_view(line, (size_t)len < sizeof(line) ? (size_t)len : 511)};

    weir_http_answer(request, &answer);
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

static void ready(struct http_conn *conn, const struct weir_http_message *message)
{
    struct weir_http_request *request = calloc(1, sizeof(*request));

    if (request == NULL) {
        refuse(conn, WEIR_HTTP_SERVICE_UNAVAILABLE, "the server is out of memory");
        return;
    }
    *request = (struct weir_http_request){.conn = conn, .message = *message, .parser = conn->parser};
    snprintf(request->peer, sizeof(request->peer), "%s", weir_conn_peer(conn->lower));
    conn->request = request;
    conn->server->stats.request_count++;
    enter(conn, CONN_READY);
    weir_loop_defer(conn->server->loop, &conn->server->serve);
}

/* The interim answer for a client that waits for it before it sends the body. */
static void put_continue(struct http_conn *conn)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

    weir_buf_append(&conn->out, text, sizeof(text) - 1);
    weir_loop_defer(conn->server->loop, &conn->step);
}

static void parse(struct http_conn *conn)
{
    struct weir_view in = weir_view(conn->in + conn->in_at, conn->in_len - conn->in_at);
    bool begun = weir_http_parser_begun(conn->parser);
    struct weir_http_message message;
    struct weir_error err = {0};
    enum weir_status status = weir_http_parser_next(conn->parser, &in, &message, &err);

    conn->in_at = conn->in_len - in.len;
    if (status == WEIR_OK) {
        ready(conn, &message);
    } else if (status != WEIR_E_AGAIN) {
        refuse(conn, weir_http_parser_refusal(conn->parser), err.message);
    } else {
        if (!begun && weir_http_parser_begun(conn->parser))
            enter(conn, CONN_READING); /* its time runs from now */
        if (weir_http_parser_take_expectation(conn->parser))
            put_continue(conn);
    }
}

/* The peer has gone, or sends what nobody looks at. */
static void linger(struct http_conn *conn, enum weir_status status, size_t got)
{
    conn->lingered_len += got;
    if (status != WEIR_OK || conn->lingered_len > LINGER_LEN_MAX)
        conn_free(conn);
}

static void on_readable(void *arg)
{
    struct http_conn *conn = arg;
    size_t got = 0;
    enum weir_status status;

    if (conn->state != CONN_READING && conn->state != CONN_LINGERING)
        return;
    status = weir_conn_read(conn->lower, conn->in, sizeof(conn->in), &got, NULL);
    if (status == WEIR_E_AGAIN)
        return;
    if (conn->state == CONN_LINGERING) {
        linger(conn, status, got);
        return;
    }
    if (status != WEIR_OK) {
        conn_free(conn);
        return;
    }
    touch(conn);
    conn->in_at = 0;
    conn->in_len = got;
    parse(conn);
}

/* --- Sending ------------------------------------------------------------------------------------------------------ */

/* @return false if the connection is gone */
static bool flush(struct http_conn *conn)
{
    struct iovec iov = {conn->out.ptr + conn->out_at, conn->out.len - conn->out_at};
    size_t taken = 0;

    if (iov.iov_len == 0)
        return true;
    if (weir_conn_writev(conn->lower, &iov, 1, &taken, NULL) != WEIR_OK) {
        conn_free(conn);
        return false;
    }
    conn->out_at += taken;
    return true;
}

static void drop_sent(struct http_conn *conn)
{
    if (conn->out.cap > READ_LEN) { /* one large answer is no reason to hold its memory */
        weir_buf_fini(&conn->out);
        weir_buf_init(&conn->out, conn->server->options.answer_len_max + ANSWER_HEAD_LEN_MAX);
    }
    weir_buf_reset(&conn->out);
    conn->out_at = 0;
}

static void step(void *arg)
{
    struct http_conn *conn = arg;

    if (!flush(conn) || conn->out_at < conn->out.len)
        return; /* on_writable, or the timer */
    drop_sent(conn);
    if (conn->state != CONN_SENDING)
        return;
    if (conn->peer_ended || (!conn->goes_on && !conn->refused)) {
        conn_free(conn);
        return;
    }
    touch(conn);
    enter(conn, conn->goes_on ? CONN_READING : CONN_LINGERING);
    if (conn->state == CONN_READING && conn->in_at < conn->in_len)
        parse(conn);
}

static void on_writable(void *arg)
{
    struct http_conn *conn = arg;

    if (conn->state == CONN_SENDING) /* it fetches: it has its time anew */
        enter(conn, CONN_SENDING);
    step(conn);
}

static void on_error(void *arg, const struct weir_error *why)
{
    struct http_conn *conn = arg;

    if (why->status == WEIR_E_CLOSED && !conn->peer_ended && conn->state != CONN_READING &&
        conn->state != CONN_LINGERING)
        conn->peer_ended = true; /* a write will tell whether it is there */
    else
        conn_free(conn);
}

static const struct weir_conn_handler handler = {
    .on_readable = on_readable, .on_writable = on_writable, .on_error = on_error};

static void on_timer(void *arg)
{
    struct http_conn *conn = arg;

    if (conn->state == CONN_READING && weir_http_parser_begun(conn->parser))
        refuse(conn, WEIR_HTTP_REQUEST_TIMEOUT, "the request did not arrive in time");
    else
        conn_free(conn);
}

/* --- Serving ------------------------------------------------------------------------------------------------------ */

static struct http_conn *first_ready(struct weir_http_server *server)
{
    struct http_conn *conn;

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
    struct http_conn *conn;

    server->serving = true;
    while (!server->doomed && (conn = first_ready(server)) != NULL) {
        enter(conn, CONN_SERVING);
        server->options.serve(server->options.arg, conn->request);
    }
    server->serving = false;
    if (server->doomed)
        free(server);
}

/* --- Connections -------------------------------------------------------------------------------------------------- */

static void conn_free(struct http_conn *conn)
{
    struct weir_http_server *server = conn->server;

    if (conn->state == CONN_SERVING) {
        conn->request->conn = NULL; /* the owner's alone, and the parser goes with it */
        conn->parser = NULL;
    } else {
        free(conn->request);
    }
    weir_http_parser_free(conn->parser);
    weir_timer_stop(server->loop, &conn->timer);
    weir_deferred_cancel(server->loop, &conn->step);
    weir_conn_close(conn->lower);
    weir_buf_fini(&conn->out);
    TAILQ_REMOVE(&server->conns, conn, entry);
    server->stats.connection_count--;
    free(conn);
}

/* Whoever has idled longest makes room. False: all are at work. */
static bool make_room(struct weir_http_server *server)
{
    struct http_conn *conn;

    if (server->stats.connection_count < server->options.connection_max)
        return true;
    TAILQ_FOREACH (conn, &server->conns, entry) {
        if (conn->state == CONN_LINGERING || (conn->state == CONN_READING && !weir_http_parser_begun(conn->parser))) {
            conn_free(conn);
            return true;
        }
    }
    return false;
}

static void on_accept(void *arg, struct weir_conn *lower)
{
    struct weir_http_server *server = arg;
    struct http_conn *conn = make_room(server) ? calloc(1, sizeof(*conn)) : NULL;

    if (conn == NULL || weir_http_parser_new(&server->options.limits, &conn->parser, NULL) != WEIR_OK) {
        server->stats.refused_count++;
        if (weir_log_turn(&server->refusals, weir_loop_now_ns(server->loop)))
            weir_log_warn(weir_loop_log(server->loop), "http", "no room for the connection of %s; %llu refused so far",
                          weir_conn_peer(lower), (unsigned long long)server->stats.refused_count);
        free(conn);
        weir_conn_close(lower);
        return;
    }
    conn->server = server;
    conn->lower = lower;
    conn->timer = (struct weir_timer){.fn = on_timer, .arg = conn};
    conn->step = (struct weir_deferred){.fn = step, .arg = conn};
    weir_buf_init(&conn->out, server->options.answer_len_max + ANSWER_HEAD_LEN_MAX);
    TAILQ_INSERT_TAIL(&server->conns, conn, entry);
    server->stats.connection_count++;
    server->stats.accepted_count++;
    weir_conn_set_handler(lower, &handler, conn);
    enter(conn, CONN_READING);
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
    struct http_conn *conn;

    if (server == NULL)
        return;
    weir_listener_close(server->listener);
    while ((conn = TAILQ_FIRST(&server->conns)) != NULL)
        conn_free(conn);
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
