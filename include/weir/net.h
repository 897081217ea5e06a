/**
 * @file weir/net.h
 * @brief Byte-stream connections on a loop: connect, listen, read, write, close; TLS included.
 *
 * A connection is a stack of filters: the lowest is a socket or a simulated pipe, TLS stands on one. All look the same
 * from above. Thread: the loop's.
 */
#ifndef WEIR_NET_H
#define WEIR_NET_H

#include <stdint.h>
#include <sys/uio.h>

#include "weir/error.h"
#include "weir/loop.h"
#include "weir/view.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weir_conn;     /* opaque; implementations see base/net_int.h */
struct weir_listener; /* opaque */
struct weir_tls;      /* opaque: certificates and rules, shared by many connections */

/** What a connection tells its owner. Every function may close the connection. Any may be NULL. */
struct weir_conn_handler {
    void (*on_open)(void *arg);     /**< connected, TLS included; once; not for accepted plain ones */
    void (*on_readable)(void *arg); /**< bytes or the end wait; called again in a later turn while they do */
    void (*on_writable)(void *arg); /**< once, after weir_conn_writev() took less than it was given */
    /**
     * Broken, refused or ended by the peer while nothing is left to read; once. Still to be closed by its owner. It
     * comes in a later turn also to an owner that a read or a write has told so already and that has not closed since.
     */
    void (*on_error)(void *arg, const struct weir_error *why);
};

struct weir_target {
    const char *host; /**< name or address, borrowed for the call */
    uint16_t port;
    struct weir_tls *tls; /**< NULL means plain; referenced by the connection */
};

/**
 * Begins to connect; `on_open` or `on_error` follows in a later turn.
 * @param handler borrowed, outlives the connection (a static const)
 * @retval WEIR_E_NOMEM, WEIR_E_INVAL nothing was begun
 */
enum weir_status weir_net_connect(struct weir_loop *loop, const struct weir_target *target,
                                  const struct weir_conn_handler *handler, void *arg, struct weir_conn **out,
                                  struct weir_error *err);
/** Sets who hears of the connection: for an accepted one, within on_accept. */
void weir_conn_set_handler(struct weir_conn *conn, const struct weir_conn_handler *handler, void *arg);
/**
 * @retval WEIR_OK        1..cap bytes in buf, *got of them
 * @retval WEIR_E_AGAIN   none now; on_readable will say
 * @retval WEIR_E_CLOSED  the peer ended its side in order
 * @retval WEIR_E_IO      broken
 */
enum weir_status weir_conn_read(struct weir_conn *conn, void *buf, size_t cap, size_t *got, struct weir_error *err);
/**
 * Takes bytes from the front of iov[0..count). Less than all is flow control: on_writable will say.
 * @retval WEIR_OK        *taken bytes, 0 or more, were accepted
 * @retval WEIR_E_CLOSED, WEIR_E_IO  broken; nothing more will be accepted
 */
enum weir_status weir_conn_writev(struct weir_conn *conn, const struct iovec *iov, int count, size_t *taken,
                                  struct weir_error *err);
/** With false, on_readable is not called until it is true again, and the peer feels it. It starts as true. */
void weir_conn_want_read(struct weir_conn *conn, bool want);
/** Ends and frees it at once (accepted bytes are still sent if the peer takes them). No callback follows. NULL is
 * fine. */
void weir_conn_close(struct weir_conn *conn);
/** "127.0.0.1:9090"; lives as long as the connection. */
const char *weir_conn_peer(struct weir_conn *conn);

/**
 * Listens on host:port; port 0 picks a free one. `on_accept` owns the connection that it is given.
 * @param tls NULL means plain; else accepted connections report on_open after the handshake
 * @retval WEIR_E_BUSY the port is taken @retval WEIR_E_IO, WEIR_E_NOMEM, WEIR_E_INVAL
 */
enum weir_status weir_net_listen(struct weir_loop *loop, const struct weir_target *at,
                                 void (*on_accept)(void *arg, struct weir_conn *conn), void *arg,
                                 struct weir_listener **out, struct weir_error *err);
uint16_t weir_listener_port(const struct weir_listener *listener);
void weir_listener_close(struct weir_listener *listener); /**< NULL is fine */

struct weir_tls_options {
    const char *trust_store;  /**< PEM file of authorities, or a folder of such, named by openssl-rehash(1);
                               *   NULL means the system's */
    const char *certificate;  /**< PEM chain, for a server */
    const char *private_key;  /**< PEM, for a server */
    bool skip_hostname_check; /**< upstream's validateHostName = false */
};
/** @retval WEIR_E_INVAL a file is missing or not what it should be; the message names it */
enum weir_status weir_tls_new(const struct weir_tls_options *options, struct weir_tls **out, struct weir_error *err);
struct weir_tls *weir_tls_ref(struct weir_tls *tls);
void weir_tls_unref(struct weir_tls *tls); /**< NULL is fine */

#ifdef __cplusplus
}
#endif

#endif
