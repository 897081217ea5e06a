/**
 * @file base/tls_int.h
 * @brief What tls.c (certificates and rules) and tls_conn.c (one connection) share.
 */
#ifndef WEIR_BASE_TLS_INT_H
#define WEIR_BASE_TLS_INT_H

#include <stdatomic.h>
#include <stdbool.h>

#include <openssl/ssl.h>

#include "weir/net.h"

struct weir_tls {
    atomic_uint refs; /* connections of several loops share it; all else is read-only after weir_tls_new() */
    SSL_CTX *ctx;
    BIO_METHOD *bio;   /* reads from and writes to the connection below, see tls_conn.c */
    char *trust_store; /* for words; NULL means the system's */
    bool has_certificate;
    bool skip_hostname_check;
};

/** The first words in OpenSSL's queue, which is emptied. Static or in `text`. */
const char *weir_tls_reason(char *text, size_t cap);

/** The BIO method behind weir_tls.bio; NULL without memory. */
BIO_METHOD *weir_tls_bio_new(void);

#endif
