/*
 * http2.c - one HTTP/2 connection: nghttp2 does the protocol, this moves its bytes and knows when it is over.
 *
 * Sending is pulled: submitted frames stay in nghttp2 until flush(), at the end of the turn, copies up to OUT_LEN_FULL
 * bytes of them to `out` and hands these to the connection. While it takes less, nothing is pulled, so a peer that does
 * not read holds up its own streams only. A server does not read from one that lets answers to its frames pile up
 * (settings, pings, streams that are refused) until it has taken them.
 *
 *     session alive --read or write failure, nghttp2 has nothing more to do, no answer to a ping--> lost (final)
 *
 * Nothing but lose() ends it, and lose() is always the last thing a function does: the owner frees us in on_lost.
 */
#include "base/http2.h"

#include <assert.h>
#include <stdlib.h>

#include "weir/buf.h"

#define READ_LEN 16384
#define READS_PER_TURN 4
#define OUT_LEN_FULL 65536u
#define OUT_LEN_MAX (4u << 20)                /* one frame above OUT_LEN_FULL has to fit */
#define OUT_LEN_KEPT 4096u
#define WAITING_FRAMES_MAX 1000u              /* in nghttp2, of a peer that does not take them */
#define KEEPALIVE_NS (6 * 60 * WEIR_NS_PER_S) /* silence before a ping; servers permit one in five minutes */
#define PONG_NS (20 * WEIR_NS_PER_S)

struct weir_http2 {
    struct weir_loop *loop;
    struct weir_conn *conn;
    nghttp2_session *session;
    const struct weir_http2_ops *ops;
    void *arg;
    struct weir_buf out; /* pulled from nghttp2, not taken by the connection yet */
    struct weir_deferred flush;
    struct weir_timer keepalive; /* until the next look at `heard`, or the end of the wait for an answer */
    size_t request_count;        /* a client's streams that are not over */
    uint64_t progress;           /* bytes of bodies, in and out, and of `out` while the peer takes less than all */
    uint32_t fault;              /* NGHTTP2_ error code of the GOAWAY that we sent, if any */
    bool is_server;
    bool blocked; /* the connection took less: on_writable will say */
    bool paused;  /* it is not read: it does not take what it causes us to send */
    bool heard;   /* bytes came since the keepalive timer started */
    bool probing; /* the keepalive timer waits for a sign of life */
    bool ending;  /* weir_http2_free() is at work: no more callbacks */
};

static void lose(struct weir_http2 *h2, const struct weir_error *why)
{
    weir_timer_stop(h2->loop, &h2->keepalive);
    weir_deferred_cancel(h2->loop, &h2->flush);
    h2->ops->on_lost(h2->arg, why);
}

static void lose_with(struct weir_http2 *h2, enum weir_status status, const char *words)
{
    struct weir_error why = {0};

    weir_fail(&why, status, "%s %s", weir_conn_peer(h2->conn), words);
    lose(h2, &why);
}

static struct weir_http2_stream *stream_of(struct weir_http2 *h2, int32_t id)
{
    return h2->ending ? NULL : nghttp2_session_get_stream_user_data(h2->session, id);
}

/* --- what nghttp2 calls --- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct weir_http2 *h2 = arg;
    struct weir_http2_stream *stream = stream_of(h2, frame->hd.stream_id);

    if (h2->is_server && frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        stream = h2->ops->on_begin(h2->arg);
        if (stream == NULL)
            return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
        stream->id = frame->hd.stream_id;
        nghttp2_session_set_stream_user_data(session, stream->id, stream);
    }
    if (stream != NULL)
        stream->headers_len = 0;
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *arg)
{
    struct weir_http2 *h2 = arg;
    struct weir_http2_stream *stream = stream_of(h2, frame->hd.stream_id);

    (void)session, (void)flags;
    if (stream == NULL)
        return 0;
    stream->headers_len += name_len + value_len + 32;
    if (stream->headers_len <= WEIR_HTTP2_HEADERS_LEN_MAX)
        h2->ops->on_header(h2->arg, stream, weir_view(name, name_len), weir_view(value, value_len));
    return 0;
}

static int on_data_chunk(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *ptr, size_t len, void *arg)
{
    struct weir_http2 *h2 = arg;
    struct weir_http2_stream *stream = stream_of(h2, id);

    (void)session, (void)flags;
    h2->progress += len;
    if (stream != NULL)
        h2->ops->on_data(h2->arg, stream, weir_view(ptr, len));
    return 0;
}

/* A client whose request is answered before it was sent whole has nothing more to send. */
static int end_of_peer(struct weir_http2 *h2, int32_t id)
{
    struct weir_http2_stream *stream = stream_of(h2, id);

    if (stream != NULL)
        h2->ops->on_end(h2->arg, stream);
    if (!h2->is_server && nghttp2_session_get_stream_local_close(h2->session, id) == 0)
        return nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    return 0;
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct weir_http2 *h2 = arg;
    struct weir_http2_stream *stream;

    (void)session;
    switch (frame->hd.type) {
    case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0)
            h2->ops->on_settings(h2->arg);
        return 0;
    case NGHTTP2_GOAWAY:
        h2->ops->on_goaway(h2->arg);
        return 0;
    case NGHTTP2_HEADERS:
        stream = stream_of(h2, frame->hd.stream_id);
        if (stream != NULL)
            h2->ops->on_headers(h2->arg, stream, stream->headers_len > WEIR_HTTP2_HEADERS_LEN_MAX);
        break;
    case NGHTTP2_DATA:
        break;
    default:
        return 0;
    }
    return (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 ? end_of_peer(h2, frame->hd.stream_id) : 0;
}

/* A server that has answered does not want the rest of the request. */
static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
    struct weir_http2 *h2 = arg;

    if (frame->hd.type == NGHTTP2_GOAWAY && h2->fault == 0)
        h2->fault = frame->goaway.error_code;
    if (!h2->is_server || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
        return 0;
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
        nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0)
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    return 0;
}

/* A request that waited for its turn when the peer said GOAWAY never left: it may go elsewhere, as a refused one. */
static int on_frame_not_send(nghttp2_session *session, const nghttp2_frame *frame, int error, void *arg)
{
    struct weir_http2 *h2 = arg;
    struct weir_http2_stream *stream = stream_of(h2, frame->hd.stream_id);

    if (frame->hd.type != NGHTTP2_HEADERS || error != NGHTTP2_ERR_START_STREAM_NOT_ALLOWED || stream == NULL)
        return 0;
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, NULL);
    h2->ops->on_close(h2->arg, stream, NGHTTP2_REFUSED_STREAM);
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t code, void *arg)
{
    struct weir_http2 *h2 = arg;
    struct weir_http2_stream *stream = stream_of(h2, id);

    (void)session;
    if (!h2->is_server && h2->request_count > 0)
        h2->request_count--;
    if (stream != NULL)
        h2->ops->on_close(h2->arg, stream, code);
    return 0;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t cap, uint32_t *flags,
                         nghttp2_data_source *source, void *arg)
{
    struct weir_http2_stream *stream = nghttp2_session_get_stream_user_data(session, id);
    size_t len;

    (void)source;
    if (stream == NULL) /* detached: its reset is under way */
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    len = stream->body.len < cap ? stream->body.len : cap;
    if (len > 0)
        memcpy(buf, stream->body.ptr, len);
    stream->body.ptr += len;
    stream->body.len -= len;
    ((struct weir_http2 *)arg)->progress += len;
    if (stream->body.len > 0)
        return (ssize_t)len;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (stream->trailers != NULL) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        if (nghttp2_submit_trailer(session, id, stream->trailers, stream->trailer_count) != 0)
            return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    }
    return (ssize_t)len;
}

/* --- bytes --- */

/* Pulls frames from nghttp2 into `out`. */
static bool fill(struct weir_http2 *h2)
{
    while (h2->out.len < OUT_LEN_FULL) {
        const uint8_t *ptr;
        ssize_t len = nghttp2_session_mem_send(h2->session, &ptr);

        if (len <= 0)
            return len == 0;
        weir_buf_append(&h2->out, ptr, (size_t)len);
        if (h2->out.status != WEIR_OK)
            return false;
    }
    return true;
}

/* Sends what can be sent now; false if the connection is broken (why is set). */
static bool send_out(struct weir_http2 *h2, struct weir_error *why)
{
    while (!h2->blocked) {
        struct iovec iov;
        size_t taken = 0;
        enum weir_status status;

        if (!fill(h2)) {
            weir_fail(why, WEIR_E_NOMEM, "no memory for HTTP/2 frames to %s", weir_conn_peer(h2->conn));
            return false;
        }
        if (h2->out.len == 0)
            break;
        iov = (struct iovec){h2->out.ptr, h2->out.len};
        status = weir_conn_writev(h2->conn, &iov, 1, &taken, why);
        if (status != WEIR_OK) {
            why->status = status;
            return false;
        }
        h2->blocked = taken < h2->out.len;
        if (h2->blocked)
            h2->progress += taken;
        weir_buf_consume(&h2->out, taken);
    }
    if (h2->out.len == 0 && h2->out.cap > OUT_LEN_KEPT) { /* an idle connection holds no memory */
        weir_buf_fini(&h2->out);
        weir_buf_init(&h2->out, OUT_LEN_MAX);
    }
    return true;
}

static void pause_or_go_on(struct weir_http2 *h2)
{
    bool piles_up = h2->is_server && h2->blocked &&
                    nghttp2_session_get_outbound_queue_size(h2->session) > WAITING_FRAMES_MAX;

    if (piles_up == h2->paused)
        return;
    h2->paused = piles_up;
    weir_conn_want_read(h2->conn, !piles_up);
}

static void on_flush(void *arg)
{
    struct weir_http2 *h2 = arg;
    struct weir_error why = {0};

    if (!send_out(h2, &why)) {
        lose(h2, &why);
        return;
    }
    pause_or_go_on(h2);
    if (h2->ops->on_sent != NULL)
        h2->ops->on_sent(h2->arg);
    if (h2->blocked || nghttp2_session_want_read(h2->session) || nghttp2_session_want_write(h2->session))
        return;
    if (h2->fault != NGHTTP2_NO_ERROR)
        lose_with(h2, WEIR_E_PROTO, "does not keep to HTTP/2");
    else
        lose_with(h2, WEIR_E_CLOSED, "ended the connection");
}

static void on_readable(void *arg)
{
    struct weir_http2 *h2 = arg;
    uint8_t buf[READ_LEN];
    struct weir_error why = {0};

    for (int i = 0; i < READS_PER_TURN; i++) {
        size_t got = 0;
        enum weir_status status = weir_conn_read(h2->conn, buf, sizeof(buf), &got, &why);

        if (status == WEIR_E_AGAIN)
            break;
        if (status != WEIR_OK) {
            why.status = status;
            lose(h2, &why);
            return;
        }
        h2->heard = true;
        if (nghttp2_session_mem_recv(h2->session, buf, got) < 0) {
            lose_with(h2, WEIR_E_PROTO, "does not speak HTTP/2");
            return;
        }
    }
    weir_loop_defer(h2->loop, &h2->flush);
}

static void on_writable(void *arg)
{
    struct weir_http2 *h2 = arg;

    h2->blocked = false;
    weir_loop_defer(h2->loop, &h2->flush);
}

static void on_error(void *arg, const struct weir_error *why)
{
    lose(arg, why);
}

static const struct weir_conn_handler conn_handler = {
    .on_readable = on_readable,
    .on_writable = on_writable,
    .on_error = on_error,
};

/* --- signs of life --- */

static void on_keepalive(void *arg)
{
    struct weir_http2 *h2 = arg;

    if (h2->probing && !h2->heard) {
        lose_with(h2, WEIR_E_CLOSED, "gives no sign of life");
        return;
    }
    h2->probing = false;
    /* gRPC's policy: a client without calls does not ping. */
    if (!h2->heard && (h2->is_server || h2->request_count > 0)) {
        weir_http2_probe(h2);
        return;
    }
    h2->heard = false;
    weir_timer_start(h2->loop, &h2->keepalive, KEEPALIVE_NS);
}

void weir_http2_probe(struct weir_http2 *h2)
{
    if (h2->probing)
        return;
    h2->probing = true;
    h2->heard = false;
    nghttp2_submit_ping(h2->session, NGHTTP2_FLAG_NONE, NULL);
    weir_loop_defer(h2->loop, &h2->flush);
    weir_timer_start(h2->loop, &h2->keepalive, PONG_NS);
}

/* --- making one, streams --- */

static int session_new(struct weir_http2 *h2)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    int result = nghttp2_session_callbacks_new(&callbacks);

    if (result != 0)
        return result;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    result = nghttp2_option_new(&option);
    if (result == 0) {
        nghttp2_option_set_no_closed_streams(option, 1); /* it would keep them for priorities, which nobody has */
        if (h2->is_server)
            result = nghttp2_session_server_new2(&h2->session, callbacks, h2, option);
        else
            result = nghttp2_session_client_new2(&h2->session, callbacks, h2, option);
        nghttp2_option_del(option);
    }
    nghttp2_session_callbacks_del(callbacks);
    return result;
}

static int submit_settings(struct weir_http2 *h2)
{
    const nghttp2_settings_entry entries[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WEIR_HTTP2_WINDOW_LEN},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, WEIR_HTTP2_HEADERS_LEN_MAX},
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, h2->is_server ? WEIR_HTTP2_SERVER_STREAMS_MAX : 0},
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, /* last: a client's only */
    };
    size_t count = sizeof(entries) / sizeof(entries[0]) - (h2->is_server ? 1 : 0);
    int result = nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, entries, count);

    if (result != 0)
        return result;
    return nghttp2_session_set_local_window_size(h2->session, NGHTTP2_FLAG_NONE, 0, WEIR_HTTP2_WINDOW_LEN);
}

enum weir_status weir_http2_new(struct weir_loop *loop, struct weir_conn *conn, bool is_server,
                                const struct weir_http2_ops *ops, void *arg, struct weir_http2 **out,
                                struct weir_error *err)
{
    struct weir_http2 *h2 = calloc(1, sizeof(*h2));

    if (h2 == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for an HTTP/2 connection");
    h2->loop = loop;
    h2->is_server = is_server;
    h2->ops = ops;
    h2->arg = arg;
    h2->flush = (struct weir_deferred){.fn = on_flush, .arg = h2};
    h2->keepalive = (struct weir_timer){.fn = on_keepalive, .arg = h2};
    weir_buf_init(&h2->out, OUT_LEN_MAX);
    if (session_new(h2) != 0 || submit_settings(h2) != 0) {
        weir_http2_free(h2);
        return weir_fail(err, WEIR_E_NOMEM, "no memory for an HTTP/2 connection");
    }
    h2->conn = conn;
    weir_conn_set_handler(conn, &conn_handler, h2);
    weir_timer_start(loop, &h2->keepalive, KEEPALIVE_NS);
    weir_loop_defer(loop, &h2->flush);
    *out = h2;
    return WEIR_OK;
}

void weir_http2_free(struct weir_http2 *h2)
{
    if (h2 == NULL)
        return;
    h2->ending = true;
    if (h2->conn != NULL) {
        struct weir_error ignored;

        nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h2->session),
                              NGHTTP2_NO_ERROR, NULL, 0);
        send_out(h2, &ignored);
        weir_conn_close(h2->conn);
    }
    weir_timer_stop(h2->loop, &h2->keepalive);
    weir_deferred_cancel(h2->loop, &h2->flush);
    nghttp2_session_del(h2->session);
    weir_buf_fini(&h2->out);
    free(h2);
}

enum weir_status weir_http2_request(struct weir_http2 *h2, struct weir_http2_stream *stream, const nghttp2_nv *headers,
                                    size_t count)
{
    nghttp2_data_provider body = {.read_callback = read_body};
    int32_t id;

    assert(!h2->is_server);
    if (!nghttp2_session_check_request_allowed(h2->session))
        return WEIR_E_CLOSED;
    id = nghttp2_submit_request(h2->session, NULL, headers, count, &body, stream);
    if (id < 0)
        return id == NGHTTP2_ERR_STREAM_ID_NOT_AVAILABLE ? WEIR_E_CLOSED : WEIR_E_NOMEM;
    stream->id = id;
    h2->request_count++;
    weir_loop_defer(h2->loop, &h2->flush);
    return WEIR_OK;
}

enum weir_status weir_http2_respond(struct weir_http2 *h2, struct weir_http2_stream *stream, const nghttp2_nv *headers,
                                    size_t count)
{
    nghttp2_data_provider body = {.read_callback = read_body};

    assert(h2->is_server);
    if (nghttp2_submit_response(h2->session, stream->id, headers, count, stream->body.len > 0 ? &body : NULL) != 0)
        return WEIR_E_NOMEM;
    weir_loop_defer(h2->loop, &h2->flush);
    return WEIR_OK;
}

void weir_http2_detach(struct weir_http2 *h2, struct weir_http2_stream *stream, uint32_t code)
{
    nghttp2_session_set_stream_user_data(h2->session, stream->id, NULL);
    nghttp2_submit_rst_stream(h2->session, NGHTTP2_FLAG_NONE, stream->id, code);
    weir_loop_defer(h2->loop, &h2->flush);
}

size_t weir_http2_unsent(const struct weir_http2 *h2)
{
    return h2->out.len > 0 ? h2->out.cap : 0;
}

uint64_t weir_http2_progress(const struct weir_http2 *h2)
{
    return h2->progress;
}
