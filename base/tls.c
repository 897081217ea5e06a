/*
 * tls.c - certificates and rules, read from PEM files and shared by many connections.
 *
 * One SSL_CTX serves both sides: which one a connection plays, and whether it checks its peer, is set per connection
 * (tls_conn.c). Host name checks are on unless asked otherwise.
 */
#include "base/tls.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include "base/tls_int.h"

const char *weir_tls_reason(char *text, size_t cap)
{
    unsigned long code = ERR_get_error();
    const char *reason;

    ERR_clear_error();
    if (ERR_SYSTEM_ERROR(code))
        return strerror_r(ERR_GET_REASON(code), text, cap);
    reason = ERR_reason_error_string(code);
    return reason != NULL ? reason : "unknown reason";
}

static enum weir_status fail_file(struct weir_error *err, const char *what, const char *path)
{
    char text[128];

    return weir_fail(err, WEIR_E_INVAL, "cannot use %s %s: %s; it has to be a readable PEM file", what, path,
                     weir_tls_reason(text, sizeof(text)));
}

/* ALPN: the one protocol that the connection's server speaks, if the client's list has it. Names have their length in
 * front. */
static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                           unsigned int in_len, void *arg)
{
    const char *spoken = SSL_get_app_data(ssl);
    size_t len = spoken != NULL ? strlen(spoken) : 0;

    (void)arg;
    for (size_t at = 0; len > 0 && at < in_len && in[at] < in_len - at; at += in[at] + 1u) {
        if (in[at] != len || memcmp(in + at + 1, spoken, len) != 0)
            continue;
        *out = in + at + 1;
        *out_len = in[at];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

/* Without it OpenSSL would ask the terminal for the password of an encrypted key. */
static int no_password(char *buf, int size, int writing, void *arg)
{
    (void)buf, (void)size, (void)writing, (void)arg;
    return -1;
}

static void set_rules(SSL_CTX *ctx)
{
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    /* Without renegotiation, writing never waits for reading once the handshake is done. */
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_default_passwd_cb(ctx, no_password);
    SSL_CTX_set_alpn_select_cb(ctx, select_protocol, NULL);
    /* A certificate in the trust store is trusted as it stands, an intermediate or a server's own included. */
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_PARTIAL_CHAIN);
}

static bool is_folder(const char *path)
{
    struct stat found;

    return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

static enum weir_status load_trust_store(struct weir_tls *tls, const char *path, struct weir_error *err)
{
    if (path == NULL) {
        if (SSL_CTX_set_default_verify_paths(tls->ctx) != 1)
            return weir_fail(err, WEIR_E_INVAL, "cannot use the system's certificate authorities");
        return WEIR_OK;
    }
    if ((is_folder(path) ? SSL_CTX_load_verify_dir(tls->ctx, path) : SSL_CTX_load_verify_file(tls->ctx, path)) != 1)
        return fail_file(err, "trust store", path);
    tls->trust_store = strdup(path);
    return tls->trust_store != NULL ? WEIR_OK : weir_fail(err, WEIR_E_NOMEM, "no memory for TLS");
}

static enum weir_status load_certificate(SSL_CTX *ctx, const struct weir_tls_options *options, struct weir_error *err)
{
    if (options->certificate == NULL || options->private_key == NULL)
        return weir_fail(err, WEIR_E_INVAL, "TLS needs a certificate and its private key, but %s is missing",
                         options->certificate == NULL ? "the certificate" : "the private key");
    if (SSL_CTX_use_certificate_chain_file(ctx, options->certificate) != 1)
        return fail_file(err, "certificate", options->certificate);
    if (SSL_CTX_use_PrivateKey_file(ctx, options->private_key, SSL_FILETYPE_PEM) != 1) {
        if (ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH) {
            ERR_clear_error();
            return weir_fail(err, WEIR_E_INVAL, "private key %s does not belong to certificate %s",
                             options->private_key, options->certificate);
        }
        return fail_file(err, "private key", options->private_key);
    }
    return WEIR_OK;
}

/* --- the time of a certificate --- */

static int64_t ms_of(const ASN1_TIME *time)
{
    struct tm parts;

    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) * 1000 : 0;
}

static enum weir_status check_time(SSL_CTX *ctx, const char *path, int64_t now_ms, struct weir_error *err)
{
    const X509 *certificate = SSL_CTX_get0_certificate(ctx);
    int64_t from_ms = ms_of(X509_get0_notBefore(certificate)), until_ms = ms_of(X509_get0_notAfter(certificate));
    bool is_over = now_ms > until_ms;
    time_t at_s = (time_t)((is_over ? until_ms : from_ms) / 1000);
    struct tm parts;
    char text[32];

    if (now_ms >= from_ms && !is_over)
        return WEIR_OK;
    strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", gmtime_r(&at_s, &parts));
    if (is_over)
        return weir_fail(err, WEIR_E_INVAL, "certificate %s expired at %s UTC; renew it", path, text);
    return weir_fail(err, WEIR_E_INVAL, "certificate %s is good from %s UTC on, not yet; is the clock right?", path,
                     text);
}

enum weir_status weir_tls_check_time(struct weir_tls *tls, const struct weir_tls_options *options, int64_t now_ms,
                                     struct weir_error *err)
{
    enum weir_status status;

    pthread_mutex_lock(&tls->lock);
    status = check_time(tls->ctx, options->certificate, now_ms, err);
    pthread_mutex_unlock(&tls->lock);
    return status;
}

/* --- life --- */

enum weir_status weir_tls_new(const struct weir_tls_options *options, struct weir_tls **out, struct weir_error *err)
{
    struct weir_tls *tls = calloc(1, sizeof(*tls));
    enum weir_status status;

    if (tls == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for TLS");
    atomic_init(&tls->refs, 1);
    pthread_mutex_init(&tls->lock, NULL);
    ERR_clear_error();
    tls->ctx = SSL_CTX_new(TLS_method());
    tls->bio = weir_tls_bio_new();
    if (tls->ctx == NULL || tls->bio == NULL) {
        status = weir_fail(err, WEIR_E_NOMEM, "no memory for TLS");
        goto fail;
    }
    set_rules(tls->ctx);
    tls->skip_hostname_check = options->skip_hostname_check;
    status = load_trust_store(tls, options->trust_store, err);
    if (status != WEIR_OK)
        goto fail;
    tls->has_certificate = options->certificate != NULL || options->private_key != NULL;
    status = tls->has_certificate ? load_certificate(tls->ctx, options, err) : WEIR_OK;
    if (status != WEIR_OK)
        goto fail;
    *out = tls;
    return WEIR_OK;
fail:
    weir_tls_unref(tls);
    return status;
}

struct weir_tls *weir_tls_ref(struct weir_tls *tls)
{
    if (tls != NULL)
        atomic_fetch_add_explicit(&tls->refs, 1, memory_order_relaxed);
    return tls;
}

void weir_tls_unref(struct weir_tls *tls)
{
    if (tls == NULL || atomic_fetch_sub_explicit(&tls->refs, 1, memory_order_acq_rel) != 1)
        return;
    SSL_CTX_free(tls->ctx);
    BIO_meth_free(tls->bio);
    pthread_mutex_destroy(&tls->lock);
    free(tls->trust_store);
    free(tls);
}

SSL *weir_tls_ssl_new(struct weir_tls *tls)
{
    SSL *ssl;

    pthread_mutex_lock(&tls->lock);
    ssl = SSL_new(tls->ctx); /* keeps the context as long as it lives */
    pthread_mutex_unlock(&tls->lock);
    return ssl;
}

enum weir_status weir_tls_reload(struct weir_tls *tls, const struct weir_tls_options *options, int64_t now_ms,
                                 struct weir_error *err)
{
    SSL_CTX *fresh, *old;
    enum weir_status status;

    ERR_clear_error();
    fresh = SSL_CTX_new(TLS_method());
    if (fresh == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for TLS");
    set_rules(fresh);
    status = load_certificate(fresh, options, err);
    if (status == WEIR_OK)
        status = check_time(fresh, options->certificate, now_ms, err);
    if (status != WEIR_OK) {
        SSL_CTX_free(fresh);
        return status;
    }
    pthread_mutex_lock(&tls->lock);
    old = tls->ctx;
    SSL_CTX_set1_cert_store(fresh, SSL_CTX_get_cert_store(old));
    tls->ctx = fresh;
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(old);
    return WEIR_OK;
}

bool weir_tls_can_serve(const struct weir_tls *tls)
{
    return tls->has_certificate;
}
