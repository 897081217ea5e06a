/*
 * tls_words.c - words for what OpenSSL refuses, and for a connection that ended below it.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/tls_conn_int.h"

static void word_bad_certificate(struct tls_conn *conn, long verdict, struct weir_error *why)
{
    const char *peer = weir_conn_peer(conn->lower);
    const char *text = X509_verify_cert_error_string(verdict);

    switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        weir_fail(why, WEIR_E_AUTH,
                  "certificate of %s does not name \"%s\"; connect by a name that it holds, or switch the host name "
                  "check off",
                  peer, conn->host);
        return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        weir_fail(why, WEIR_E_AUTH, "certificate of %s is out of its time: %s; renew it", peer, text);
        return;
    default:
        weir_fail(why, WEIR_E_AUTH, "certificate of %s is not trusted: %s; add its authority to the trust store (%s)",
                  peer, text, conn->tls->trust_store != NULL ? conn->tls->trust_store : "the system's");
    }
}

/* The lower connection is over. An end without close_notify may be somebody's in between: not an end in order. */
void weir_tls_word_lower_failure(struct tls_conn *conn, struct weir_error *why)
{
    const char *peer = weir_conn_peer(conn->lower);

    if (conn->lower_why.status != WEIR_E_CLOSED || conn->state == TLS_CONNECTING)
        *why = conn->lower_why;
    else if (conn->state == TLS_HANDSHAKE)
        weir_fail(why, WEIR_E_CLOSED, "%s ended the connection during the TLS handshake", peer);
    else
        weir_fail(why, WEIR_E_IO, "%s ended the connection without a TLS close", peer);
}

void weir_tls_word_failure(struct tls_conn *conn, struct weir_error *why)
{
    const char *peer = weir_conn_peer(conn->lower);
    long verdict = SSL_get_verify_result(conn->ssl);
    char text[128];

    if (conn->is_client && conn->state == TLS_HANDSHAKE && verdict != X509_V_OK)
        word_bad_certificate(conn, verdict, why);
    else if (conn->lower_why.status != WEIR_OK)
        weir_tls_word_lower_failure(conn, why);
    else if (conn->out.status != WEIR_OK)
        weir_fail(why, WEIR_E_NOMEM, "no memory for TLS records to %s", peer);
    else
        weir_fail(why, WEIR_E_PROTO, "TLS with %s failed: %s", peer, weir_tls_reason(text, sizeof(text)));
    ERR_clear_error();
}
