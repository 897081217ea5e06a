/**
 * @file base/tls_conn_int.h
 * @brief One TLS connection as its files know it: tls_conn.c (what happens on it), tls_wrap.c (making one), tls_bio.c
 * (what OpenSSL reads and writes), tls_words.c (what went wrong).
 */
#ifndef WEIR_BASE_TLS_CONN_INT_H
#define WEIR_BASE_TLS_CONN_INT_H

#include "base/net_int.h"
#include "base/tls_int.h"
#include "weir/buf.h"

#define WEIR_TLS_HANDSHAKE_NS (30 * WEIR_NS_PER_S)

enum tls_state { TLS_CONNECTING, TLS_HANDSHAKE, TLS_OPEN, TLS_ENDED, TLS_BROKEN, TLS_LINGERING };

struct tls_conn {
    struct weir_conn base;
    enum tls_state state;
    struct weir_loop *loop;
    struct weir_tls *tls;
    struct weir_conn *lower;
    SSL *ssl;
    const struct weir_conn_handler *handler;
    void *arg;
    struct weir_buf out;         /* records that `lower` has not taken yet */
    struct weir_deferred again;  /* tells the owner of bytes that OpenSSL holds */
    struct weir_timer timer;     /* of HANDSHAKE and LINGERING */
    struct weir_error lower_why; /* why `lower` gives or takes no more; status OK while it does */
    struct weir_error why;       /* of ENDED and BROKEN */
    char *host;                  /* a client's: what the certificate has to name */
    unsigned depth;              /* callbacks under way: freed when the last returns */
    bool is_client, drained, want_read, writer_waits, closed;
    bool told; /* on_error has been called, for BROKEN or ENDED */
};

/* --- tls_conn.c --- */

/** What it is to whoever owns it, and what the connection below tells it. */
extern const struct weir_conn_ops weir_tls_conn_ops;
extern const struct weir_conn_handler weir_tls_lower_handler;
/** The callbacks of `again` and `timer`; `arg` is the connection. */
void weir_tls_conn_on_again(void *arg);
void weir_tls_conn_on_timer(void *arg);
/** Closes the connection below, too, if there is one. */
void weir_tls_conn_destroy(struct tls_conn *conn);

/* --- tls_words.c --- */

/** Words the failure that an SSL call just reported. */
void weir_tls_word_failure(struct tls_conn *conn, struct weir_error *why);
/** The connection below is over. */
void weir_tls_word_lower_failure(struct tls_conn *conn, struct weir_error *why);

#endif
