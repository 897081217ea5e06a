/**
 * @file base/tls_int.h
 * @brief What tls.c (certificates and rules) and the files of one connection share.
 */
#ifndef WEIR_BASE_TLS_INT_H
#define WEIR_BASE_TLS_INT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <openssl/ssl.h>

#include "weir/net.h"

struct weir_tls {
    atomic_uint refs;     /* connections of several loops share it; all but `ctx` is read-only after weir_tls_new() */
    pthread_mutex_t lock; /* of `ctx`, which weir_tls_reload() replaces; connections keep the one they began with */
    SSL_CTX *ctx;
    BIO_METHOD *bio;   /* reads from and writes to the connection below, see tls_bio.c */
    char *trust_store; /* for words; NULL means the system's */
    bool has_certificate;
    bool skip_hostname_check;
};

/** The first words in OpenSSL's queue, which is emptied. Static or in `text`. */
const char *weir_tls_reason(char *text, size_t cap);

/** A connection's state, by the certificates of now; NULL without memory. */
SSL *weir_tls_ssl_new(struct weir_tls *tls);
/** The BIO method behind weir_tls.bio; NULL without memory. */
BIO_METHOD *weir_tls_bio_new(void);

#endif
