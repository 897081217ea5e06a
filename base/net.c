/*
 * net.c - the network's public calls. A plain connection is the loop's own (real_conn.c, sim_net.c); with `tls` set,
 * the TLS filter is put on it here, so that neither kind of loop knows of TLS.
 */
#include "weir/net.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/loop_int.h"
#include "base/net_int.h"
#include "base/tls.h"

/* A listener whose accepted connections get TLS. Stands on a plain listener. */
struct tls_listener {
    struct weir_listener base;
    struct weir_loop *loop;
    struct weir_listener *lower;
    struct weir_tls *tls;
    void (*on_accept)(void *arg, struct weir_conn *conn);
    void *arg;
};

static const struct weir_conn_handler deaf; /* until the filter has set its own */

static enum weir_status connect_tls(struct weir_loop *loop, const struct weir_target *target,
                                    const struct weir_conn_handler *handler, void *arg, struct weir_conn **out,
                                    struct weir_error *err)
{
    struct weir_conn *lower;
    enum weir_status status = loop->ops->connect(loop, target, &deaf, NULL, &lower, err);

    if (status != WEIR_OK)
        return status;
    status = weir_tls_wrap_client(loop, target->tls, target->host, lower, handler, arg, out, err);
    if (status != WEIR_OK)
        weir_conn_close(lower);
    return status;
}

static void accept_tls(void *arg, struct weir_conn *lower)
{
    struct tls_listener *listener = arg;
    struct weir_conn *conn;
    struct weir_error err = {0};

    if (weir_tls_wrap_server(listener->loop, listener->tls, lower, &conn, &err) != WEIR_OK) {
        weir_log_warn(weir_loop_log(listener->loop), "net", "connection from %s dropped: %s", weir_conn_peer(lower),
                      err.message);
        weir_conn_close(lower);
        return;
    }
    listener->on_accept(listener->arg, conn);
}

static void tls_listener_close(struct weir_listener *base)
{
    struct tls_listener *listener = (struct tls_listener *)base;

    weir_listener_close(listener->lower);
    weir_tls_unref(listener->tls);
    free(listener);
}

static const struct weir_listener_ops tls_listener_ops = {.close = tls_listener_close};

static enum weir_status listen_tls(struct weir_loop *loop, const struct weir_target *at,
                                   void (*on_accept)(void *arg, struct weir_conn *conn), void *arg,
                                   struct weir_listener **out, struct weir_error *err)
{
    struct tls_listener *listener;
    enum weir_status status;

    if (!weir_tls_can_serve(at->tls))
        return weir_fail(err, WEIR_E_INVAL, "cannot listen on %s:%u with TLS: it needs a certificate and a private key",
                         at->host, at->port);
    listener = calloc(1, sizeof(*listener));
    if (listener == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "cannot listen on %s:%u: out of memory", at->host, at->port);
    status = loop->ops->listen(loop, at, accept_tls, listener, &listener->lower, err);
    if (status != WEIR_OK) {
        free(listener);
        return status;
    }
    listener->base.ops = &tls_listener_ops;
    listener->base.port = listener->lower->port;
    listener->loop = loop;
    listener->tls = weir_tls_ref(at->tls);
    listener->on_accept = on_accept;
    listener->arg = arg;
    *out = &listener->base;
    return WEIR_OK;
}

enum weir_status weir_net_connect(struct weir_loop *loop, const struct weir_target *target,
                                  const struct weir_conn_handler *handler, void *arg, struct weir_conn **out,
                                  struct weir_error *err)
{
    if (target->tls != NULL)
        return connect_tls(loop, target, handler, arg, out, err);
    return loop->ops->connect(loop, target, handler, arg, out, err);
}

void weir_conn_set_handler(struct weir_conn *conn, const struct weir_conn_handler *handler, void *arg)
{
    conn->ops->set_handler(conn, handler, arg);
}

enum weir_status weir_conn_read(struct weir_conn *conn, void *buf, size_t cap, size_t *got, struct weir_error *err)
{
    return conn->ops->read(conn, buf, cap, got, err);
}

enum weir_status weir_conn_writev(struct weir_conn *conn, const struct iovec *iov, int count, size_t *taken,
                                  struct weir_error *err)
{
    return conn->ops->writev(conn, iov, count, taken, err);
}

void weir_conn_want_read(struct weir_conn *conn, bool want)
{
    conn->ops->want_read(conn, want);
}

void weir_conn_close(struct weir_conn *conn)
{
    if (conn != NULL)
        conn->ops->close(conn);
}

const char *weir_conn_peer(struct weir_conn *conn)
{
    return conn->ops->peer(conn);
}

enum weir_status weir_net_listen(struct weir_loop *loop, const struct weir_target *at,
                                 void (*on_accept)(void *arg, struct weir_conn *conn), void *arg,
                                 struct weir_listener **out, struct weir_error *err)
{
    if (at->tls != NULL)
        return listen_tls(loop, at, on_accept, arg, out, err);
    return loop->ops->listen(loop, at, on_accept, arg, out, err);
}

uint16_t weir_listener_port(const struct weir_listener *listener)
{
    return listener->port;
}

void weir_listener_close(struct weir_listener *listener)
{
    if (listener != NULL)
        listener->ops->close(listener);
}
