/*
 * grpc_client.c - a channel: unary calls over one HTTP/2 connection, made when needed and remade when lost.
 *
 * A call:       WAITING for a connection --> SENT --> FINISHED, its callback due --> freed
 *               REFUSED by a server that never looked at it: back to WAITING, once
 *
 * Callbacks of calls run from one place, deliver(), at the end of a turn and never inside nghttp2: there, and only
 * there, they may free the channel.
 */
#include "base/grpc_client_int.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tls.h"
#include "weir/host.h"

#define USER_AGENT "weir-c/0.1"

void weir_grpc_pump_later(struct weir_grpc_channel *channel)
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

void weir_grpc_call_move(struct weir_grpc_call *call, enum call_state state, struct transport *transport)
{
    TAILQ_REMOVE(list_of(call), call, entry);
    call->state = state;
    call->transport = transport;
    TAILQ_INSERT_TAIL(list_of(call), call, entry);
}

void weir_grpc_call_finish(struct weir_grpc_call *call, enum weir_grpc_code code)
{
    assert(call->state != CALL_FINISHED);
    call->code = code;
    weir_timer_stop(call->channel->loop, &call->deadline);
    weir_grpc_call_move(call, CALL_FINISHED, NULL);
    weir_grpc_pump_later(call->channel);
}

void weir_grpc_call_abandon(struct weir_grpc_call *call)
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
    weir_grpc_call_abandon(call);
    weir_fail(&call->why, WEIR_E_TIMEOUT, "%s at %s: deadline passed %s", call->path, call->channel->name,
              waited ? "before a connection could be made" : "without an answer");
    weir_grpc_call_finish(call, WEIR_GRPC_DEADLINE_EXCEEDED);
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
            weir_grpc_call_move(call, CALL_SENT, channel->current);
        } else if (status == WEIR_E_CLOSED) {
            weir_grpc_transport_drain(channel->current);
        } else {
            weir_fail(&call->why, status, "%s at %s: no memory for the call", call->path, channel->name);
            weir_grpc_call_finish(call, WEIR_GRPC_RESOURCE_EXHAUSTED);
        }
    }
}

static void free_drained(struct weir_grpc_channel *channel)
{
    struct transport *transport = TAILQ_FIRST(&channel->transports);

    while (transport != NULL) {
        struct transport *next = TAILQ_NEXT(transport, entry);

        if (transport->state == TRANSPORT_DRAINING && TAILQ_EMPTY(&transport->calls))
            weir_grpc_transport_free(transport);
        transport = next;
    }
}

static void on_pump(void *arg)
{
    struct weir_grpc_channel *channel = arg;

    send_waiting(channel);
    free_drained(channel);
    if (!TAILQ_EMPTY(&channel->waiting) && channel->current == NULL && !weir_timer_armed(&channel->backoff))
        weir_grpc_connect(channel);
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
        weir_grpc_transport_free(transport);
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
        weir_grpc_pump_later(channel);
    if (out != NULL)
        *out = call;
    return WEIR_OK;
}

void weir_grpc_cancel(struct weir_grpc_call *call)
{
    struct weir_grpc_channel *channel = call->channel;

    weir_grpc_call_abandon(call);
    weir_timer_stop(channel->loop, &call->deadline);
    TAILQ_REMOVE(list_of(call), call, entry);
    call_free(call);
    weir_grpc_pump_later(channel); /* its transport may have been waiting for it */
}
