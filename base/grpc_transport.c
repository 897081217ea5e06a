/*
 * grpc_transport.c - the connections of a channel.
 *
 *     CONNECTING --> READY --GOAWAY--> DRAINING (ends its calls, takes no new ones)
 *
 * The channel has at most one that is not draining. One failed attempt to connect fails the waiting calls and nothing
 * more; after a second in a row new calls wait, within their deadlines, until the next attempt is due.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/grpc_client_int.h"
#include "base/tls.h"

#define CONNECT_NS (20 * WEIR_NS_PER_S)
#define BACKOFF_MIN_NS (50 * WEIR_NS_PER_MS)
#define BACKOFF_MAX_NS (2 * WEIR_NS_PER_S)

void weir_grpc_transport_free(struct transport *transport)
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

static void finish_unavailable(struct weir_grpc_call *call, const struct weir_error *why)
{
    weir_fail(&call->why, why->status, "%s at %s is unavailable: %s", call->path, call->channel->name, why->message);
    call->why.sys_errno = why->sys_errno;
    weir_grpc_call_finish(call, WEIR_GRPC_UNAVAILABLE);
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
    weir_grpc_transport_free(transport);
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
    weir_grpc_transport_free(transport);
}

static void on_settings(void *arg)
{
    struct transport *transport = arg;

    transport->channel->failure_count = 0;
    transport->channel->greeted = true;
}

void weir_grpc_transport_drain(struct transport *transport)
{
    transport->state = TRANSPORT_DRAINING;
    if (transport->channel->current == transport)
        transport->channel->current = NULL;
    weir_grpc_pump_later(transport->channel);
}

static void on_goaway(void *arg)
{
    weir_grpc_transport_drain(arg);
}

static const struct weir_http2_ops http2_ops = {
    .on_header = weir_grpc_on_header,
    .on_headers = weir_grpc_on_headers,
    .on_data = weir_grpc_on_data,
    .on_end = weir_grpc_on_end,
    .on_close = weir_grpc_on_close,
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
    weir_grpc_pump_later(transport->channel);
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

void weir_grpc_connect(struct weir_grpc_channel *channel)
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
