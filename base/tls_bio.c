/*
 * tls_bio.c - what OpenSSL reads from and writes to: the connection below, and the records that it has not taken yet.
 */
#include "base/tls_conn_int.h"

static int bio_read(BIO *bio, char *buf, int len)
{
    struct tls_conn *conn = BIO_get_data(bio);
    struct weir_error err = {0};
    size_t got = 0;
    enum weir_status status;

    BIO_clear_retry_flags(bio);
    if (len <= 0)
        return -1;
    status = weir_conn_read(conn->lower, buf, (size_t)len, &got, &err);
    if (status == WEIR_OK)
        return (int)got;
    if (status == WEIR_E_AGAIN) {
        BIO_set_retry_read(bio);
        return -1;
    }
    if (conn->lower_why.status == WEIR_OK) {
        conn->lower_why = err;
        conn->lower_why.status = status;
    }
    return status == WEIR_E_CLOSED ? 0 : -1;
}

static int bio_write(BIO *bio, const char *buf, int len)
{
    struct tls_conn *conn = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (len < 0)
        return -1;
    weir_buf_append(&conn->out, buf, (size_t)len);
    return conn->out.status == WEIR_OK ? len : -1;
}

static long bio_ctrl(BIO *bio, int command, long num, void *ptr)
{
    (void)bio, (void)num, (void)ptr;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *weir_tls_bio_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "weir connection");

    if (method == NULL)
        return NULL;
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_ctrl);
    return method;
}
