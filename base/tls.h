/**
 * @file base/tls.h
 * @brief TLS as a filter: a connection that encrypts over any other connection, a socket's or a simulated pipe's.
 *
 * Used by base/net.c (when a target has certificates) and by tests. Thread: the loop's.
 */
#ifndef WEIR_BASE_TLS_H
#define WEIR_BASE_TLS_H

#include "weir/loop.h"
#include "weir/net.h"

/**
 * The client side over `lower`, which is being connected: the handshake begins with its on_open, and `on_open` of the
 * new connection follows once the server's certificate is found good.
 * @param host  what the certificate has to name; copied
 * @param lower owned by the new connection; still the caller's after a failure
 * @retval WEIR_E_NOMEM, WEIR_E_INVAL nothing was made
 */
enum weir_status weir_tls_wrap_client(struct weir_loop *loop, struct weir_tls *tls, const char *host,
                                      struct weir_conn *lower, const struct weir_conn_handler *handler, void *arg,
                                      struct weir_conn **out, struct weir_error *err);
/**
 * The server side over `lower`, just accepted. Its owner sets a handler before the turn ends and hears on_open after
 * the handshake.
 * @retval WEIR_E_NOMEM nothing was made @retval WEIR_E_INVAL `tls` has no certificate
 */
enum weir_status weir_tls_wrap_server(struct weir_loop *loop, struct weir_tls *tls, struct weir_conn *lower,
                                      struct weir_conn **out, struct weir_error *err);

/**
 * Reads a server's certificate and key anew: connections that are accepted from now on get them, those under way keep
 * what they have. If anything is wrong with them, the old ones stay. Thread: any.
 * @param now_ms wall clock: a certificate that is out of its time is refused
 * @retval WEIR_E_INVAL as weir_tls_new(), or out of its time @retval WEIR_E_NOMEM
 */
enum weir_status weir_tls_reload(struct weir_tls *tls, const struct weir_tls_options *options, int64_t now_ms,
                                 struct weir_error *err);

/** Whether the certificate is good at a time. @retval WEIR_E_INVAL it has expired, or begins later: the words say it */
enum weir_status weir_tls_check_time(struct weir_tls *tls, const struct weir_tls_options *options, int64_t now_ms,
                                     struct weir_error *err);

/** Whether servers can be made with it: it has a certificate and its private key. */
bool weir_tls_can_serve(const struct weir_tls *tls);

/**
 * Offers one application protocol ("h2") to the server, as gRPC peers demand. `conn` is a client's TLS connection, in
 * the turn in which it was made.
 */
enum weir_status weir_tls_offer_protocol(struct weir_conn *conn, const char *name, struct weir_error *err);
/**
 * The protocol that a server speaks on a connection, in the turn in which it was accepted: it is agreed to when the
 * client offers it, and no other one is. Clients that offer several choose by it what they speak. Nothing on a plain
 * connection.
 * @param name static
 */
void weir_tls_agree_to_protocol(struct weir_conn *conn, const char *name);

#endif
