/*
 * grpc_client.c - a channel: unary calls over one HTTP/2 connection, made when needed and remade when lost.
 *
 * A call:       WAITING for a connection --> SENT --> FINISHED, its callback due --> freed
 *               REFUSED by a server that never looked at it: back to WAITING, once
 * A transport:  CONNECTING --> READY --GOAWAY--> DRAINING (ends its calls, takes no new ones)
 *
 * The channel has at most one transport that is not draining. Callbacks of calls run from one place, deliver(), at the
 * end of a turn and never inside nghttp2: there, and only there, they may free the channel.
 * One failed attempt to connect fails the waiting calls and nothing more; after a second in a row new calls wait,
 * within their deadlines, until the next attempt is due.
 */
#include "base/grpc.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/grpc_message.h"
#include "base/http2.h"
#include "base/rng.h"
#include "base/tls.h"
#include "weir/host.h"

#define CONNECT_NS (20 * WEIR_NS_PER_S)
#define BACKOFF_MIN_NS (50 * WEIR_NS_PER_MS)
#define BACKOFF_MAX_NS (2 * WEIR_NS_PER_S)
#define WORDS_LEN_MAX 256
#define USER_AGENT "weir-c/0.1"

enum call_state { CALL_WAITING, CALL_SENT, CALL_FINISHED, CALL_DELIVERED };
enum transport_state { TRANSPORT_CONNECTING, TRANSPORT_READY, TRANSPORT_DRAINING };

TAILQ_HEAD(call_list, weir_grpc_call);
TAILQ_HEAD(transport_list, transport);

struct weir_grpc_call {
    struct weir_http2_stream stream;   /* first: HTTP/2 hands it back */
    TAILQ_ENTRY(weir_grpc_call) entry; /* in the list of its state */
    enum call_state state;
    struct weir_grpc_channel *channel;
    struct transport *transport; /* of SENT */
    struct weir_timer deadline;
    int64_t deadline_ns;
    weir_grpc_done_fn *done;
    void *arg;
    char *path;
    struct weir_buf request; /* framed */
    bool refused_once;
    /* What the server said. */
    struct weir_grpc_inbox reply;
    int http_status;
    bool is_grpc, ended, has_code;
    enum weir_grpc_code server_code;
    char server_words[WORDS_LEN_MAX];
    /* The outcome. */
    enum weir_grpc_code code;
    struct weir_error why;
};

struct transport {
    TAILQ_ENTRY(transport) entry; /* in channel->transports */
    enum transport_state state;
    struct weir_grpc_channel *channel;
    struct weir_conn *conn;    /* of CONNECTING; h2 owns it later */
    struct weir_http2 *h2;     /* from READY on */
    struct weir_timer connect; /* of CONNECTING */
    struct call_list calls;    /* SENT */
};

struct weir_grpc_channel {
    struct weir_loop *loop;
    char *host;
    uint16_t port;
    struct weir_tls *tls;
    char *authorization; /* or NULL */
    char *name;          /* "host:port", for :authority and for words */
    struct weir_rng rng;
    struct transport *current; /* CONNECTING or READY, or NULL */
    struct transport_list transports;
    struct call_list waiting, finished;
    struct weir_deferred pump;
    bool greeted;           /* a server has spoken HTTP/2 on it */
    unsigned failure_count; /* attempts to connect that failed in a row */
    struct weir_timer backoff;
    bool delivering; /* a callback of a call may be running */
    bool doomed;     /* and has freed the channel */
};

static void pump_later(struct weir_grpc_channel *channel)
{
    weir_loop_defer(channel->loop, &channel->pump);
}

/* --- calls --- */

static void call_free(struct weir_grpc_call *call)
{
    weir_buf_fini(&call->request);
    weir_grpc_inbox_fini(&call->reply);
    free(call->path);
    free(call);
}

static struct call_list *list_of(struct weir_grpc_call *call)
{
    switch (call->state) {
    case CALL_WAITING:
        return &call->channel->waiting;
    case CALL_SENT:
        return &call->transport->calls;
    case CALL_FINISHED:
        return &call->channel->finished;
    case CALL_DELIVERED:
        break;
    }
    assert(!"a delivered call is in no list");
    return NULL;
}

static void move(struct weir_grpc_call *call, enum call_state state, struct transport *transport)
{
    TAILQ_REMOVE(list_of(call), call, entry);
    call->state = state;
    call->transport = transport;
    TAILQ_INSERT_TAIL(list_of(call), call, entry);
}

/* The call is over with the code; the words are in call->why unless it is OK. HTTP/2 knows nothing of it any more. */
static void finish(struct weir_grpc_call *call, enum weir_grpc_code code)
{
    assert(call->state != CALL_FINISHED);
    call->code = code;
    weir_timer_stop(call->channel->loop, &call->deadline);
    move(call, CALL_FINISHED, NULL);
    pump_later(call->channel);
}

static void finish_unavailable(struct weir_grpc_call *call, const struct weir_error *why)
{
    weir_fail(&call->why, why->status, "%s at %s is unavailable: %s", call->path, call->channel->name, why->message);
    call->why.sys_errno = why->sys_errno;
    finish(call, WEIR_GRPC_UNAVAILABLE);
}

/* Ends a call whose stream may be open. */
static void abandon(struct weir_grpc_call *call)
{
    if (call->state == CALL_SENT)
        weir_http2_detach(call->transport->h2, &call->stream, NGHTTP2_CANCEL);
}

static void on_deadline(void *arg)
{
    struct weir_grpc_call *call = arg;
    bool waited = call->state == CALL_WAITING;

    if (call->state == CALL_SENT)
        weir_http2_probe(call->transport->h2); /* is anybody there? */
    abandon(call);
    weir_fail(&call->why, WEIR_E_TIMEOUT, "%s at %s: deadline passed %s", call->path, call->channel->name,
              waited ? "before a connection could be made" : "without an answer");
    finish(call, WEIR_GRPC_DEADLINE_EXCEEDED);
}

static void deliver(struct weir_grpc_channel *channel)
{
    struct weir_grpc_call *call;

    channel->delivering = true;
    while ((call = TAILQ_FIRST(&channel->finished)) != NULL) {
        struct weir_view reply = {NULL, 0};

        TAILQ_REMOVE(&channel->finished, call, entry);
        call->state = CALL_DELIVERED;
        if (call->code == WEIR_GRPC_OK)
            reply = weir_buf_view(&call->reply.message);
        call->done(call->arg, call->code, reply, &call->why);
        call_free(call);
    }
    channel->delivering = false;
    if (channel->doomed)
        free(channel);
}

/* --- what the server says --- */

static struct weir_grpc_call *call_of(struct weir_http2_stream *stream)
{
    return (struct weir_grpc_call *)stream; /* its first member */
}

static bool view_is(struct weir_view view, const char *text)
{
    return weir_view_equal(view, weir_view_str(text));
}

static void on_header(void *arg, struct weir_http2_stream *stream, struct weir_view name, struct weir_view value)
{
    struct weir_grpc_call *call = call_of(stream);

    (void)arg;
    if (view_is(name, ":status") && value.len == 3) {
        call->http_status = (value.ptr[0] - '0') * 100 + (value.ptr[1] - '0') * 10 + (value.ptr[2] - '0');
    } else if (view_is(name, "content-type")) {
        call->is_grpc = value.len >= 16 && memcmp(value.ptr, "application/grpc", 16) == 0;
    } else if (view_is(name, "grpc-status")) {
        call->has_code = true;
        call->server_code = weir_grpc_code_parse(value);
    } else if (view_is(name, "grpc-message")) {
        weir_grpc_words_decode(value, call->server_words, sizeof(call->server_words));
    }
}

static void on_headers(void *arg, struct weir_http2_stream *stream, bool too_large)
{
    struct weir_grpc_call *call = call_of(stream);

    (void)arg;
    if (!too_large)
        return;
    abandon(call);
    weir_fail(&call->why, WEIR_E_LIMIT, "%s at %s: the reply's headers have more than %u bytes", call->path,
              call->channel->name, WEIR_HTTP2_HEADERS_LEN_MAX);
    finish(call, WEIR_GRPC_RESOURCE_EXHAUSTED);
}

static void on_data(void *arg, struct weir_http2_stream *stream, struct weir_view data)
{
    struct weir_grpc_call *call = call_of(stream);
    struct weir_error why = {0};
    enum weir_grpc_code code;

    (void)arg;
    if (call->http_status != 200 || !call->is_grpc)
        return; /* some web server's page; conclude() says so */
    code = weir_grpc_inbox_feed(&call->reply, data, &why);
    if (code == WEIR_GRPC_OK)
        return;
    abandon(call);
    weir_fail(&call->why, why.status, "reply to %s from %s: %s", call->path, call->channel->name, why.message);
    finish(call, code);
}

static void on_end(void *arg, struct weir_http2_stream *stream)
{
    (void)arg;
    call_of(stream)->ended = true;
}

/* Back to the start, as if never sent. */
static void wait_again(struct weir_grpc_call *call)
{
    call->refused_once = true;
    call->stream = (struct weir_http2_stream){0};
    move(call, CALL_WAITING, NULL);
    pump_later(call->channel);
}

static void conclude_by_server(struct weir_grpc_call *call)
{
    const char *name = call->channel->name;

    if (call->server_code != WEIR_GRPC_OK) {
        weir_fail(&call->why, weir_grpc_code_status(call->server_code), "%s answers %s to %s%s%s", name,
                  weir_grpc_code_name(call->server_code), call->path, call->server_words[0] != '\0' ? ": " : "",
                  call->server_words);
        finish(call, call->server_code);
    } else if (!weir_grpc_inbox_whole(&call->reply)) {
        weir_fail(&call->why, WEIR_E_PROTO, "%s answers OK to %s without a whole message", name, call->path);
        finish(call, WEIR_GRPC_INTERNAL);
    } else {
        finish(call, WEIR_GRPC_OK);
    }
}

/* The stream is over: what does it amount to? */
static void conclude(struct weir_grpc_call *call, uint32_t reset_code)
{
    const char *name = call->channel->name;
    enum weir_grpc_code code;

    if (call->ended && call->has_code) {
        conclude_by_server(call);
        return;
    }
    if (call->ended && (call->http_status != 200 || !call->is_grpc)) {
        code = weir_grpc_code_of_http(call->http_status);
        weir_fail(&call->why, weir_grpc_code_status(code), "%s answers HTTP status %d to %s: is it a gRPC server?",
                  name, call->http_status, call->path);
    } else if (call->ended) {
        code = WEIR_GRPC_UNKNOWN;
        weir_fail(&call->why, WEIR_E_PROTO, "%s answers %s without a grpc-status", name, call->path);
    } else {
        code = weir_grpc_code_of_reset(reset_code);
        weir_fail(&call->why, weir_grpc_code_status(code), "%s broke %s off: %s", name, call->path,
                  nghttp2_http2_strerror(reset_code));
    }
    finish(call, code);
}

static void on_close(void *arg, struct weir_http2_stream *stream, uint32_t code)
{
    struct weir_grpc_call *call = call_of(stream);
    struct transport *transport = arg;

    if (code == NGHTTP2_REFUSED_STREAM && !call->ended && !call->refused_once)
        wait_again(call);
    else
        conclude(call, code);
    if (transport->state == TRANSPORT_DRAINING)
        pump_later(transport->channel); /* perhaps it was the last */
}

/* --- transports --- */

static void transport_free(struct transport *transport)
{
    struct weir_grpc_channel *channel = transport->channel;

    assert(TAILQ_EMPTY(&transport->calls));
    weir_timer_stop(channel->loop, &transport->connect);
    weir_conn_close(transport->conn);
    weir_http2_free(transport->h2);
    TAILQ_REMOVE(&channel->transports, transport, entry);
    if (channel->current == transport)
        channel->current = NULL;
    free(transport);
}

static void start_backoff(struct weir_grpc_channel *channel)
{
    int64_t delay_ns = BACKOFF_MIN_NS;

    channel->failure_count++;
    if (channel->failure_count < 2)
        return;
    for (unsigned i = 2; i < channel->failure_count && delay_ns < BACKOFF_MAX_NS; i++)
        delay_ns *= 2;
    if (delay_ns > BACKOFF_MAX_NS)
        delay_ns = BACKOFF_MAX_NS;
    delay_ns -= (int64_t)weir_rng_below(&channel->rng, (uint64_t)delay_ns / 4); /* not all clients at once */
    weir_timer_start(channel->loop, &channel->backoff, delay_ns);
}

static void fail_all(struct call_list *calls, const struct weir_error *why)
{
    struct weir_grpc_call *call;

    while ((call = TAILQ_FIRST(calls)) != NULL)
        finish_unavailable(call, why);
}

/* A server that ended the connection before it ever spoke HTTP/2: not what we take it for, and no use to try often. */
static void doubt_protocol(const struct weir_grpc_channel *channel, struct weir_error *why)
{
    if (!channel->greeted && (why->status == WEIR_E_CLOSED || why->status == WEIR_E_PROTO))
        weir_fail(why, WEIR_E_PROTO, "%s did not answer in HTTP/2 over %s", channel->name,
                  channel->tls != NULL ? "TLS" : "a plain connection");
}

static void connect_failed(struct transport *transport, const struct weir_error *why)
{
    struct weir_grpc_channel *channel = transport->channel;
    struct weir_error copy = *why; /* it may live in the connection */

    if (copy.status == WEIR_E_IO)
        copy.status = WEIR_E_REFUSED; /* a later attempt may do: the caller can try again */
    if (channel->tls != NULL)
        doubt_protocol(channel, &copy);
    transport_free(transport);
    start_backoff(channel);
    fail_all(&channel->waiting, &copy);
}

static void on_lost(void *arg, const struct weir_error *why)
{
    struct transport *transport = arg;
    struct weir_error closed = *why;

    if (closed.status == WEIR_E_IO)
        closed.status = WEIR_E_CLOSED; /* a new connection may do: likewise */
    doubt_protocol(transport->channel, &closed);
    fail_all(&transport->calls, &closed);
    transport_free(transport);
}

static void on_settings(void *arg)
{
    struct transport *transport = arg;

    transport->channel->failure_count = 0;
    transport->channel->greeted = true;
}

static void on_goaway(void *arg)
{
    struct transport *transport = arg;

    transport->state = TRANSPORT_DRAINING;
    if (transport->channel->current == transport)
        transport->channel->current = NULL;
    pump_later(transport->channel);
}

static const struct weir_http2_ops http2_ops = {
    .on_header = on_header,
    .on_headers = on_headers,
    .on_data = on_data,
    .on_end = on_end,
    .on_close = on_close,
    .on_settings = on_settings,
    .on_goaway = on_goaway,
    .on_lost = on_lost,
};

static void on_open(void *arg)
{
    struct transport *transport = arg;
    struct weir_error err = {0};

    weir_timer_stop(transport->channel->loop, &transport->connect);
    if (weir_http2_new(transport->channel->loop, transport->conn, false, &http2_ops, transport, &transport->h2, &err) !=
        WEIR_OK) {
        connect_failed(transport, &err);
        return;
    }
    transport->conn = NULL;
    transport->state = TRANSPORT_READY;
    pump_later(transport->channel);
}

static void on_connect_error(void *arg, const struct weir_error *why)
{
    connect_failed(arg, why);
}

static void on_connect_timeout(void *arg)
{
    struct transport *transport = arg;
    struct weir_error why = {0};

    weir_fail(&why, WEIR_E_TIMEOUT, "no connection within %d s", (int)(CONNECT_NS / WEIR_NS_PER_S));
    connect_failed(transport, &why);
}

static const struct weir_conn_handler connecting_handler = {.on_open = on_open, .on_error = on_connect_error};

static void begin_to_connect(struct weir_grpc_channel *channel)
{
    struct weir_target target = {channel->host, channel->port, channel->tls};
    struct transport *transport = calloc(1, sizeof(*transport));
    struct weir_error err = {0};

    if (transport == NULL) {
        weir_fail(&err, WEIR_E_NOMEM, "no memory for a connection");
        fail_all(&channel->waiting, &err);
        return;
    }
    transport->channel = channel;
    TAILQ_INIT(&transport->calls);
    TAILQ_INSERT_TAIL(&channel->transports, transport, entry);
    channel->current = transport;
    transport->connect = (struct weir_timer){.fn = on_connect_timeout, .arg = transport};
    if (weir_net_connect(channel->loop, &target, &connecting_handler, transport, &transport->conn, &err) != WEIR_OK ||
        (channel->tls != NULL && weir_tls_offer_protocol(transport->conn, "h2", &err) != WEIR_OK)) {
        connect_failed(transport, &err);
        return;
    }
    weir_timer_start(channel->loop, &transport->connect, CONNECT_NS);
}

/* --- the pump: moves calls on, at the end of a turn --- */

static enum weir_status send_call(struct weir_grpc_call *call, struct transport *transport)
{
    struct weir_grpc_channel *channel = call->channel;
    char timeout[WEIR_GRPC_TIMEOUT_LEN_MAX];
    size_t timeout_len = weir_grpc_timeout_format(call->deadline_ns - weir_loop_now_ns(channel->loop), timeout);
    nghttp2_nv headers[9];
    size_t count = 0;

#define HEADER(name, value) headers[count++] = weir_http2_nv(weir_view_str(name), value)
    HEADER(":method", weir_view_str("POST"));
    HEADER(":scheme", weir_view_str(channel->tls != NULL ? "https" : "http"));
    HEADER(":path", weir_view_str(call->path));
    HEADER(":authority", weir_view_str(channel->name));
    HEADER("content-type", weir_view_str("application/grpc"));
    HEADER("te", weir_view_str("trailers"));
    HEADER("user-agent", weir_view_str(USER_AGENT));
    HEADER("grpc-timeout", weir_view(timeout, timeout_len));
    if (channel->authorization != NULL)
        HEADER("authorization", weir_view_str(channel->authorization));
#undef HEADER
    call->stream.body = weir_buf_view(&call->request);
    return weir_http2_request(transport->h2, &call->stream, headers, count);
}

/* Sends what waits. A transport that takes no more is left to drain. */
static void send_waiting(struct weir_grpc_channel *channel)
{
    struct weir_grpc_call *call;

    while (channel->current != NULL && channel->current->state == TRANSPORT_READY &&
           (call = TAILQ_FIRST(&channel->waiting)) != NULL) {
        enum weir_status status = send_call(call, channel->current);

        if (status == WEIR_OK) {
            move(call, CALL_SENT, channel->current);
        } else if (status == WEIR_E_CLOSED) {
            on_goaway(channel->current);
        } else {
            weir_fail(&call->why, status, "%s at %s: no memory for the call", call->path, channel->name);
            finish(call, WEIR_GRPC_RESOURCE_EXHAUSTED);
        }
    }
}

static void free_drained(struct weir_grpc_channel *channel)
{
    struct transport *transport = TAILQ_FIRST(&channel->transports);

    while (transport != NULL) {
        struct transport *next = TAILQ_NEXT(transport, entry);

        if (transport->state == TRANSPORT_DRAINING && TAILQ_EMPTY(&transport->calls))
            transport_free(transport);
        transport = next;
    }
}

static void on_pump(void *arg)
{
    struct weir_grpc_channel *channel = arg;

    send_waiting(channel);
    free_drained(channel);
    if (!TAILQ_EMPTY(&channel->waiting) && channel->current == NULL && !weir_timer_armed(&channel->backoff))
        begin_to_connect(channel);
    deliver(channel); /* last: the channel may be gone afterwards */
}

/* --- the public calls --- */

static enum weir_status no_memory(struct weir_error *err)
{
    return weir_fail(err, WEIR_E_NOMEM, "no memory for a gRPC channel");
}

static char *name_of(const struct weir_target *target)
{
    const char *form = strchr(target->host, ':') != NULL ? "[%s]:%u" : "%s:%u";
    char *name;

    return asprintf(&name, form, target->host, target->port) >= 0 ? name : NULL;
}

enum weir_status weir_grpc_channel_new(struct weir_loop *loop, const struct weir_target *target,
                                       const char *authorization, struct weir_grpc_channel **out,
                                       struct weir_error *err)
{
    struct weir_grpc_channel *channel = calloc(1, sizeof(*channel));

    if (channel == NULL)
        return no_memory(err);
    channel->loop = loop;
    channel->port = target->port;
    channel->tls = weir_tls_ref(target->tls);
    weir_rng_init(&channel->rng, weir_host_random(weir_loop_host(loop)));
    TAILQ_INIT(&channel->transports);
    TAILQ_INIT(&channel->waiting);
    TAILQ_INIT(&channel->finished);
    channel->pump = (struct weir_deferred){.fn = on_pump, .arg = channel};
    channel->backoff = (struct weir_timer){.fn = on_pump, .arg = channel};
    channel->host = strdup(target->host);
    channel->name = name_of(target);
    channel->authorization = authorization != NULL ? strdup(authorization) : NULL;
    if (channel->host == NULL || channel->name == NULL || (authorization != NULL && channel->authorization == NULL)) {
        weir_grpc_channel_free(channel);
        return no_memory(err);
    }
    *out = channel;
    return WEIR_OK;
}

enum weir_status weir_grpc_channel_authorize(struct weir_grpc_channel *channel, const char *authorization,
                                             struct weir_error *err)
{
    char *copy = authorization != NULL ? strdup(authorization) : NULL;

    if (copy == NULL && authorization != NULL)
        return no_memory(err);
    free(channel->authorization);
    channel->authorization = copy;
    return WEIR_OK;
}

void weir_grpc_channel_free(struct weir_grpc_channel *channel)
{
    struct transport *transport;
    struct weir_grpc_call *call;

    if (channel == NULL)
        return;
    while ((transport = TAILQ_FIRST(&channel->transports)) != NULL) {
        while ((call = TAILQ_FIRST(&transport->calls)) != NULL)
            weir_grpc_cancel(call);
        transport_free(transport);
    }
    while ((call = TAILQ_FIRST(&channel->waiting)) != NULL)
        weir_grpc_cancel(call);
    while ((call = TAILQ_FIRST(&channel->finished)) != NULL)
        weir_grpc_cancel(call);
    weir_timer_stop(channel->loop, &channel->backoff);
    weir_deferred_cancel(channel->loop, &channel->pump);
    weir_tls_unref(channel->tls);
    free(channel->host);
    free(channel->name);
    free(channel->authorization);
    channel->doomed = true;
    if (!channel->delivering)
        free(channel);
}

enum weir_status weir_grpc_call(struct weir_grpc_channel *channel, const char *path, struct weir_view request,
                                int64_t deadline_ms, weir_grpc_done_fn *done, void *arg, struct weir_grpc_call **out,
                                struct weir_error *err)
{
    struct weir_grpc_call *call;
    int64_t deadline_ns;

    if (deadline_ms <= 0 || deadline_ms > INT32_MAX)
        return weir_fail(err, WEIR_E_INVAL, "%s: the deadline has to be 1..%d ms", path, INT32_MAX);
    if (request.len > WEIR_GRPC_MESSAGE_LEN_MAX)
        return weir_fail(err, WEIR_E_LIMIT, "%s: the request has %zu bytes, at most %u can be sent", path, request.len,
                         WEIR_GRPC_MESSAGE_LEN_MAX);
    call = calloc(1, sizeof(*call));
    if (call == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "%s: no memory for the call", path);
    call->channel = channel;
    call->done = done;
    call->arg = arg;
    call->path = strdup(path);
    weir_grpc_inbox_init(&call->reply);
    weir_buf_init(&call->request, WEIR_GRPC_PREFIX_LEN + WEIR_GRPC_MESSAGE_LEN_MAX);
    weir_grpc_frame(&call->request, request);
    if (call->path == NULL || call->request.status != WEIR_OK) {
        call_free(call);
        return weir_fail(err, WEIR_E_NOMEM, "%s: no memory for the call", path);
    }
    deadline_ns = deadline_ms * WEIR_NS_PER_MS;
    call->deadline_ns = weir_loop_now_ns(channel->loop) + deadline_ns;
    call->deadline = (struct weir_timer){.fn = on_deadline, .arg = call};
    weir_timer_start(channel->loop, &call->deadline, deadline_ns);
    TAILQ_INSERT_TAIL(&channel->waiting, call, entry);
    if (channel->current != NULL && channel->current->state == TRANSPORT_READY)
        send_waiting(channel); /* leaves with this turn */
    else
        pump_later(channel);
    if (out != NULL)
        *out = call;
    return WEIR_OK;
}

void weir_grpc_cancel(struct weir_grpc_call *call)
{
    struct weir_grpc_channel *channel = call->channel;

    abandon(call);
    weir_timer_stop(channel->loop, &call->deadline);
    TAILQ_REMOVE(list_of(call), call, entry);
    call_free(call);
    pump_later(channel); /* its transport may have been waiting for it */
}
