/*
 * tls_wrap.c - makes a TLS connection over another one: a client's, which knows whom the certificate has to name, or a
 * server's.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/tls.h"
#include "base/tls_conn_int.h"

#define OUT_LEN_MAX (1u << 20) /* a handshake flight with a long chain fits */

static enum weir_status set_client_rules(struct tls_conn *conn, const char *host)
{
    struct in6_addr address;
    bool is_address = inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;

    conn->host = strdup(host);
    if (conn->host == NULL)
        return WEIR_E_NOMEM;
    SSL_set_connect_state(conn->ssl);
    SSL_set_verify(conn->ssl, SSL_VERIFY_PEER, NULL);
    if (!is_address && SSL_set_tlsext_host_name(conn->ssl, host) != 1)
        return WEIR_E_INVAL;
    if (conn->tls->skip_hostname_check)
        return WEIR_OK;
    if (is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(conn->ssl), host) == 1 ? WEIR_OK : WEIR_E_INVAL;
    SSL_set_hostflags(conn->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(conn->ssl, host) == 1 ? WEIR_OK : WEIR_E_INVAL;
}

static const struct weir_conn_handler silent_handler = {0};

static struct tls_conn *conn_new(struct weir_loop *loop, struct weir_tls *tls)
{
    struct tls_conn *conn = calloc(1, sizeof(*conn));
    BIO *bio;

    if (conn == NULL)
        return NULL;
    conn->base.ops = &weir_tls_conn_ops;
    conn->loop = loop;
    conn->tls = weir_tls_ref(tls);
    conn->handler = &silent_handler;
    conn->want_read = true;
    conn->again = (struct weir_deferred){.fn = weir_tls_conn_on_again, .arg = conn};
    conn->timer = (struct weir_timer){.fn = weir_tls_conn_on_timer, .arg = conn};
    weir_buf_init(&conn->out, OUT_LEN_MAX);
    conn->ssl = weir_tls_ssl_new(tls);
    bio = conn->ssl != NULL ? BIO_new(tls->bio) : NULL;
    if (bio == NULL) {
        weir_tls_conn_destroy(conn);
        return NULL;
    }
    BIO_set_data(bio, conn);
    BIO_set_init(bio, 1);
    SSL_set_bio(conn->ssl, bio, bio);
    return conn;
}

/* Nothing can fail from here on. */
static struct weir_conn *stand_on(struct tls_conn *conn, struct weir_conn *lower)
{
    conn->lower = lower;
    weir_conn_set_handler(lower, &weir_tls_lower_handler, conn);
    weir_timer_start(conn->loop, &conn->timer, WEIR_TLS_HANDSHAKE_NS);
    return &conn->base;
}

enum weir_status weir_tls_wrap_client(struct weir_loop *loop, struct weir_tls *tls, const char *host,
                                      struct weir_conn *lower, const struct weir_conn_handler *handler, void *arg,
                                      struct weir_conn **out, struct weir_error *err)
{
    struct tls_conn *conn = conn_new(loop, tls);
    enum weir_status status;

    if (conn == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a TLS connection to %s", host);
    conn->is_client = true;
    conn->handler = handler;
    conn->arg = arg;
    status = set_client_rules(conn, host);
    if (status != WEIR_OK) {
        weir_tls_conn_destroy(conn);
        return weir_fail(err, status, "\"%s\" cannot be the host name of a TLS connection", host);
    }
    *out = stand_on(conn, lower);
    return WEIR_OK;
}

enum weir_status weir_tls_wrap_server(struct weir_loop *loop, struct weir_tls *tls, struct weir_conn *lower,
                                      struct weir_conn **out, struct weir_error *err)
{
    struct tls_conn *conn;

    if (!weir_tls_can_serve(tls))
        return weir_fail(err, WEIR_E_INVAL, "a TLS server needs a certificate and its private key");
    conn = conn_new(loop, tls);
    if (conn == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a TLS connection");
    conn->state = TLS_HANDSHAKE;
    SSL_set_accept_state(conn->ssl);
    *out = stand_on(conn, lower);
    return WEIR_OK;
}

enum weir_status weir_tls_offer_protocol(struct weir_conn *base, const char *name, struct weir_error *err)
{
    struct tls_conn *conn = (struct tls_conn *)base; /* its first member */
    size_t len = strlen(name);
    uint8_t list[256];

    assert(base->ops == &weir_tls_conn_ops && conn->is_client);
    assert(len > 0 && len < sizeof(list));
    list[0] = (uint8_t)len;
    memcpy(list + 1, name, len);
    if (SSL_set_alpn_protos(conn->ssl, list, (unsigned)len + 1) != 0)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a TLS connection");
    return WEIR_OK;
}

void weir_tls_agree_to_protocol(struct weir_conn *base, const char *name)
{
    struct tls_conn *conn = (struct tls_conn *)base; /* if it has TLS */

    if (base->ops != &weir_tls_conn_ops)
        return;
    assert(!conn->is_client);
    SSL_set_app_data(conn->ssl, (void *)(uintptr_t)name); /* for select_protocol() in tls.c */
}
