/**
 * @file base/net_int.h
 * @brief What a connection or a listener implementation provides. Used by base/ only.
 */
#ifndef WEIR_BASE_NET_INT_H
#define WEIR_BASE_NET_INT_H

#include "weir/net.h"

struct weir_conn_ops {
    void (*set_handler)(struct weir_conn *conn, const struct weir_conn_handler *handler, void *arg);
    enum weir_status (*read)(struct weir_conn *conn, void *buf, size_t cap, size_t *got, struct weir_error *err);
    enum weir_status (*writev)(struct weir_conn *conn, const struct iovec *iov, int count, size_t *taken,
                               struct weir_error *err);
    void (*want_read)(struct weir_conn *conn, bool want);
    void (*close)(struct weir_conn *conn);
    const char *(*peer)(struct weir_conn *conn);
};

struct weir_conn {
    const struct weir_conn_ops *ops;
};

struct weir_listener_ops {
    void (*close)(struct weir_listener *listener);
};

struct weir_listener {
    const struct weir_listener_ops *ops;
    uint16_t port;
};

#endif
