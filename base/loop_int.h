/**
 * @file base/loop_int.h
 * @brief What a loop implementation provides. Used by base/ only.
 */
#ifndef WEIR_BASE_LOOP_INT_H
#define WEIR_BASE_LOOP_INT_H

#include "base/deferred.h"
#include "weir/host.h"
#include "weir/loop.h"
#include "weir/net.h"

struct weir_loop_ops {
    void (*free)(struct weir_loop *loop);
    int64_t (*now_ns)(struct weir_loop *loop);
    int64_t (*wall_ms)(struct weir_loop *loop);
    void (*timer_start)(struct weir_loop *loop, struct weir_timer *timer, int64_t delay_ns);
    void (*timer_stop)(struct weir_loop *loop, struct weir_timer *timer);
    void (*deferred)(struct weir_loop *loop); /* NULL, or called after work was deferred, perhaps outside a turn */
    void (*post)(struct weir_loop *loop, struct weir_mail *mail);
    void (*run)(struct weir_loop *loop);
    void (*stop)(struct weir_loop *loop);
    enum weir_status (*start)(struct weir_loop *loop, struct weir_error *err);
    void (*join)(struct weir_loop *loop);
    /* Plain connections; TLS is layered on top by base/tls.c. */
    enum weir_status (*connect)(struct weir_loop *loop, const struct weir_target *target,
                                const struct weir_conn_handler *handler, void *arg, struct weir_conn **out,
                                struct weir_error *err);
    enum weir_status (*listen)(struct weir_loop *loop, const struct weir_target *at,
                               void (*on_accept)(void *arg, struct weir_conn *conn), void *arg,
                               struct weir_listener **out, struct weir_error *err);
};

/** First member of every implementation's loop. */
struct weir_loop {
    const struct weir_loop_ops *ops;
    struct weir_host *host;
    const char *name;
    struct weir_deferred_queue
        deferred; /* run at the end of the turn; while it has something, the loop does not sleep */
};

#endif
