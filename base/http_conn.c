/*
 * http_conn.c - one connection of an HTTP/1.1 server: its states, what it reads and sends.
 *
 *     READING --a request is whole--> READY --end of the turn--> SERVING --answered--> SENDING
 *     SENDING --all is sent, the connection goes on--> READING
 *     SENDING --all is sent, the client wants no more--> freed
 *     READING --refused, late--> SENDING (an error) --all is sent--> LINGERING --the peer ends, or a second--> freed
 *
 * One timer for each connection, of its state. LINGERING reads on and drops what comes: a socket that is closed with
 * bytes unread takes back what its peer has not fetched yet. A request that is being served outlives its connection.
 */
#include "base/http_server_int.h"

#include <stdio.h>
#include <stdlib.h>

#define LINGER_NS WEIR_NS_PER_S
#define LINGER_LEN_MAX ((size_t)4 << 20)

/* --- States and their time ---------------------------------------------------------------------------------------- */

void weir_http_conn_enter(struct weir_http_conn *conn, enum weir_http_conn_state state)
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

static void touch(struct weir_http_conn *conn)
{
    TAILQ_REMOVE(&conn->server->conns, conn, entry);
    TAILQ_INSERT_TAIL(&conn->server->conns, conn, entry);
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

static void ready(struct weir_http_conn *conn, const struct weir_http_message *message)
{
    struct weir_http_request *request = calloc(1, sizeof(*request));

    if (request == NULL) {
        weir_http_conn_refuse(conn, WEIR_HTTP_SERVICE_UNAVAILABLE, "the server is out of memory");
        return;
    }
    *request =
        (struct weir_http_request){.conn = conn, .server = conn->server, .message = *message, .parser = conn->parser};
    snprintf(request->peer, sizeof(request->peer), "%s", weir_conn_peer(conn->lower));
    conn->request = request;
    conn->server->stats.request_count++;
    weir_http_conn_enter(conn, CONN_READY);
    weir_loop_defer(conn->server->loop, &conn->server->serve);
}

/* The interim answer for a client that waits for it before it sends the body. */
static void put_continue(struct weir_http_conn *conn)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

    weir_buf_append(&conn->out, text, sizeof(text) - 1);
    weir_loop_defer(conn->server->loop, &conn->step);
}

static void parse(struct weir_http_conn *conn)
{
    struct weir_view in = weir_view(conn->in + conn->in_at, conn->in_len - conn->in_at);
    bool begun = weir_http_parser_begun(conn->parser);
    struct weir_http_message message;
    struct weir_error err = {0};
    enum weir_status status = weir_http_parser_next(conn->parser, &in, &message, &err);

    conn->in_at = conn->in_len - in.len;
    weir_http_room_count(conn);
    if (status == WEIR_OK) {
        ready(conn, &message);
    } else if (status != WEIR_E_AGAIN) {
        weir_http_conn_refuse(conn, weir_http_parser_refusal(conn->parser), err.message);
    } else if (!weir_http_room_fits(conn, 0)) {
        weir_http_conn_refuse(conn, WEIR_HTTP_SERVICE_UNAVAILABLE,
                              "what all connections hold together is used up; try again when others have let go");
    } else {
        if (!begun && weir_http_parser_begun(conn->parser))
            weir_http_conn_enter(conn, CONN_READING); /* its time runs from now */
        if (weir_http_parser_take_expectation(conn->parser))
            put_continue(conn);
    }
}

/* The peer has gone, or sends what nobody looks at. */
static void linger(struct weir_http_conn *conn, enum weir_status status, size_t got)
{
    conn->lingered_len += got;
    if (status != WEIR_OK || conn->lingered_len > LINGER_LEN_MAX)
        weir_http_conn_free(conn);
}

static void on_readable(void *arg)
{
    struct weir_http_conn *conn = arg;
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
        weir_http_conn_free(conn);
        return;
    }
    touch(conn);
    weir_http_room_moved(conn);
    conn->in_at = 0;
    conn->in_len = got;
    parse(conn);
}

/* --- Sending ------------------------------------------------------------------------------------------------------ */

/* @return false if the connection is gone */
static bool flush(struct weir_http_conn *conn)
{
    struct iovec iov = {conn->out.ptr + conn->out_at, conn->out.len - conn->out_at};
    size_t taken = 0;

    if (iov.iov_len == 0)
        return true;
    if (weir_conn_writev(conn->lower, &iov, 1, &taken, NULL) != WEIR_OK) {
        weir_http_conn_free(conn);
        return false;
    }
    conn->out_at += taken;
    if (taken > 0)
        weir_http_room_moved(conn);
    return true;
}

static void drop_sent(struct weir_http_conn *conn)
{
    weir_buf_fini(&conn->out); /* an idle connection holds nothing */
    weir_buf_init(&conn->out, conn->server->options.answer_len_max + WEIR_HTTP_ANSWER_HEAD_LEN_MAX);
    conn->out_at = 0;
    weir_http_room_count(conn);
}

static void step(void *arg)
{
    struct weir_http_conn *conn = arg;

    if (!flush(conn) || conn->out_at < conn->out.len)
        return; /* on_writable, or the timer */
    drop_sent(conn);
    if (conn->state != CONN_SENDING)
        return;
    if (conn->peer_ended || (!conn->goes_on && !conn->refused)) {
        weir_http_conn_free(conn);
        return;
    }
    touch(conn);
    weir_http_conn_enter(conn, conn->goes_on ? CONN_READING : CONN_LINGERING);
    if (conn->state == CONN_READING && conn->in_at < conn->in_len)
        parse(conn);
}

static void on_writable(void *arg)
{
    struct weir_http_conn *conn = arg;

    if (conn->state == CONN_SENDING) /* it fetches: it has its time anew */
        weir_http_conn_enter(conn, CONN_SENDING);
    step(conn);
}

static void on_error(void *arg, const struct weir_error *why)
{
    struct weir_http_conn *conn = arg;

    if (why->status == WEIR_E_CLOSED && !conn->peer_ended && conn->state != CONN_READING &&
        conn->state != CONN_LINGERING)
        conn->peer_ended = true; /* a write will tell whether it is there */
    else
        weir_http_conn_free(conn);
}

static const struct weir_conn_handler handler = {
    .on_readable = on_readable, .on_writable = on_writable, .on_error = on_error};

static void on_timer(void *arg)
{
    struct weir_http_conn *conn = arg;

    if (conn->state == CONN_READING && weir_http_parser_begun(conn->parser))
        weir_http_conn_refuse(conn, WEIR_HTTP_REQUEST_TIMEOUT, "the request did not arrive in time");
    else
        weir_http_conn_free(conn);
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

bool weir_http_conn_new(struct weir_http_server *server, struct weir_conn *lower)
{
    struct weir_http_conn *conn = calloc(1, sizeof(*conn));

    if (conn == NULL || weir_http_parser_new(&server->options.limits, &conn->parser, NULL) != WEIR_OK) {
        free(conn);
        return false;
    }
    conn->server = server;
    conn->lower = lower;
    conn->timer = (struct weir_timer){.fn = on_timer, .arg = conn};
    conn->step = (struct weir_deferred){.fn = step, .arg = conn};
    weir_buf_init(&conn->out, server->options.answer_len_max + WEIR_HTTP_ANSWER_HEAD_LEN_MAX);
    TAILQ_INSERT_TAIL(&server->conns, conn, entry);
    server->stats.connection_count++;
    weir_conn_set_handler(lower, &handler, conn);
    weir_http_conn_enter(conn, CONN_READING);
    return true;
}

void weir_http_conn_free(struct weir_http_conn *conn)
{
    struct weir_http_server *server = conn->server;

    weir_http_room_leave(conn);
    if (conn->state == CONN_SERVING)
        conn->parser = NULL; /* it goes with the request, which is the owner's alone now */
    else
        free(conn->request);
    weir_http_parser_free(conn->parser);
    weir_timer_stop(server->loop, &conn->timer);
    weir_deferred_cancel(server->loop, &conn->step);
    weir_conn_close(conn->lower);
    weir_buf_fini(&conn->out);
    TAILQ_REMOVE(&server->conns, conn, entry);
    server->stats.connection_count--;
    free(conn);
}
