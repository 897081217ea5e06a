/*
 * pipe_net.h - puts pipes in place of a real loop's sockets, so that a test holds both ends of each connection.
 */
#ifndef WEIR_TESTS_PIPE_NET_H
#define WEIR_TESTS_PIPE_NET_H

#include "base/loop_int.h"
#include "tests/unit/base/pipe_conn.h"

struct pipe_listener {
    struct weir_listener base;
    void (*on_accept)(void *arg, struct weir_conn *conn);
    void *arg;
};

static struct pipe_listener *pipe_listening; /* where connections go; NULL refuses them */
static void (*pipe_prepare)(struct pipe_conn *connecting, struct pipe_conn *accepted); /* a test's wishes, or NULL */
static const struct weir_loop_ops *pipe_real_ops;
static struct weir_loop_ops pipe_loop_ops;

static enum weir_status pipe_connect(struct weir_loop *loop, const struct weir_target *target,
                                     const struct weir_conn_handler *handler, void *arg, struct weir_conn **out,
                                     struct weir_error *err)
{
    struct pipe_conn *connecting, *accepted;

    (void)target;
    if (pipe_listening == NULL)
        return weir_fail(err, WEIR_E_REFUSED, "no pipe");
    pipe_new(loop, &connecting, &accepted);
    if (pipe_prepare != NULL)
        pipe_prepare(connecting, accepted);
    weir_conn_set_handler(&connecting->base, handler, arg);
    pipe_listening->on_accept(pipe_listening->arg, &accepted->base);
    *out = &connecting->base;
    return WEIR_OK;
}

static void pipe_listener_close(struct weir_listener *listener)
{
    pipe_listening = NULL;
    free(listener);
}

static const struct weir_listener_ops pipe_listener_ops = {pipe_listener_close};

static enum weir_status pipe_listen(struct weir_loop *loop, const struct weir_target *at,
                                    void (*on_accept)(void *arg, struct weir_conn *conn), void *arg,
                                    struct weir_listener **out, struct weir_error *err)
{
    (void)loop, (void)at, (void)err;
    pipe_listening = calloc(1, sizeof(*pipe_listening));
    pipe_listening->base.ops = &pipe_listener_ops;
    pipe_listening->base.port = 1;
    pipe_listening->on_accept = on_accept;
    pipe_listening->arg = arg;
    *out = &pipe_listening->base;
    return WEIR_OK;
}

static void pipe_net_install(struct weir_loop *loop)
{
    pipe_real_ops = loop->ops;
    pipe_loop_ops = *loop->ops;
    pipe_loop_ops.connect = pipe_connect;
    pipe_loop_ops.listen = pipe_listen;
    loop->ops = &pipe_loop_ops;
}

static void pipe_net_remove(struct weir_loop *loop)
{
    loop->ops = pipe_real_ops;
    pipe_prepare = NULL;
}

#endif
