/*
 * tls_conn.c - one TLS connection, a filter over any other connection.
 *
 * OpenSSL sees the lower connection through a BIO (tls_bio.c). Reading from the BIO reads the lower connection; writing
 * to it appends to `out`, which flush() hands down. So a record, once made, is accepted for good, and at most
 * OUT_LEN_FULL bytes and a record wait here while the lower connection is full.
 *
 *     CONNECTING --lower open--> HANDSHAKE --finished--> OPEN --close_notify--> ENDED (may still write)
 *     any of these --failure--> BROKEN (final)
 *     OPEN, ENDED --closed by the owner while bytes wait--> LINGERING --sent, or LINGER_NS passed--> freed
 *
 * OpenSSL may hold bytes that the lower connection no longer announces. `drained` is false from the moment something
 * may be readable until a read comes up empty; while it is false and OpenSSL holds bytes, the owner is told again each
 * turn.
 */
#include "base/tls_conn_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#define RECORD_LEN_MAX 16384u
#define OUT_LEN_FULL (4 * RECORD_LEN_MAX) /* no new record is made above it */
#define LINGER_NS (5 * WEIR_NS_PER_S)

static struct tls_conn *tls_conn(struct weir_conn *conn)
{
    return (struct tls_conn *)conn; /* base is the first member */
}

/* --- end of life --- */

void weir_tls_conn_destroy(struct tls_conn *conn)
{
    if (conn->lower != NULL)
        weir_conn_close(conn->lower);
    weir_timer_stop(conn->loop, &conn->timer);
    weir_deferred_cancel(conn->loop, &conn->again);
    SSL_free(conn->ssl);
    weir_buf_fini(&conn->out);
    weir_tls_unref(conn->tls);
    free(conn->host);
    free(conn);
}

/* Callbacks of the owner run between enter() and leave(): it may close the connection in any of them. */
static void enter(struct tls_conn *conn)
{
    conn->depth++;
}

static void leave(struct tls_conn *conn)
{
    if (--conn->depth == 0 && conn->closed && conn->state != TLS_LINGERING)
        weir_tls_conn_destroy(conn);
}

static void break_off(struct tls_conn *conn, const struct weir_error *why)
{
    if (conn->state == TLS_BROKEN)
        return;
    conn->state = TLS_BROKEN;
    conn->why = *why;
    weir_timer_stop(conn->loop, &conn->timer);
}

/* The peer has ended its side: nothing is left to read, and the lower connection has nothing of use to say. */
static void end_reading(struct tls_conn *conn)
{
    conn->state = TLS_ENDED;
    weir_fail(&conn->why, WEIR_E_CLOSED, "%s ended the connection", weir_conn_peer(conn->lower));
    weir_conn_want_read(conn->lower, false);
}

/* The owner hears of the end once, after what could still be read. */
static void tell_end(struct tls_conn *conn)
{
    struct weir_error why = conn->why;

    if (conn->told || conn->closed)
        return;
    conn->told = true;
    if (conn->handler->on_error != NULL)
        conn->handler->on_error(conn->arg, &why);
}

/* Something waits for the owner that the lower connection will not announce. */
static bool holds_news(const struct tls_conn *conn)
{
    if (conn->state == TLS_ENDED || conn->state == TLS_BROKEN)
        return !conn->told;
    return conn->state == TLS_OPEN && conn->want_read && !conn->drained &&
           (SSL_has_pending(conn->ssl) || conn->lower_why.status != WEIR_OK);
}

static void tell_again(struct tls_conn *conn)
{
    if (!conn->closed && holds_news(conn))
        weir_loop_defer(conn->loop, &conn->again);
}

static void break_off_by_ssl(struct tls_conn *conn)
{
    struct weir_error why = {0};

    weir_tls_word_failure(conn, &why);
    break_off(conn, &why);
}

static void break_off_by_lower(struct tls_conn *conn)
{
    struct weir_error why = {0};

    weir_tls_word_lower_failure(conn, &why);
    break_off(conn, &why);
}

/* --- downwards: records to the lower connection --- */

static enum weir_status flush(struct tls_conn *conn)
{
    struct weir_error err = {0};
    struct iovec iov = {conn->out.ptr, conn->out.len};
    size_t taken = 0;
    enum weir_status status;

    if (conn->out.len == 0 || conn->state == TLS_CONNECTING)
        return WEIR_OK;
    status = weir_conn_writev(conn->lower, &iov, 1, &taken, &err);
    if (status != WEIR_OK) {
        err.status = status;
        break_off(conn, &err);
        weir_buf_reset(&conn->out);
        return status;
    }
    weir_buf_consume(&conn->out, taken);
    return WEIR_OK;
}

/* The next piece of iov[], at most one record: borrowed where it lies whole, gathered in `staging` otherwise. */
static struct weir_view next_piece(const struct iovec *iov, int count, size_t skip, uint8_t *staging)
{
    size_t len = 0;
    int i = 0;

    while (i < count && skip >= iov[i].iov_len)
        skip -= iov[i++].iov_len;
    if (i == count)
        return weir_view(NULL, 0);
    if (i == count - 1 || iov[i].iov_len - skip >= RECORD_LEN_MAX) {
        len = iov[i].iov_len - skip;
        return weir_view((const uint8_t *)iov[i].iov_base + skip, len < RECORD_LEN_MAX ? len : RECORD_LEN_MAX);
    }
    for (; i < count && len < RECORD_LEN_MAX; i++, skip = 0) {
        size_t take = iov[i].iov_len - skip;

        if (take > RECORD_LEN_MAX - len)
            take = RECORD_LEN_MAX - len;
        if (take > 0)
            memcpy(staging + len, (const uint8_t *)iov[i].iov_base + skip, take);
        len += take;
    }
    return weir_view(staging, len);
}

/* Makes records of iov[] from *taken on until `out` is full or nothing is left. */
static enum weir_status encrypt(struct tls_conn *conn, const struct iovec *iov, int count, size_t *taken)
{
    uint8_t staging[RECORD_LEN_MAX];

    while (conn->out.len < OUT_LEN_FULL) {
        struct weir_view piece = next_piece(iov, count, *taken, staging);
        size_t written = 0;

        if (piece.len == 0)
            return WEIR_OK;
        ERR_clear_error();
        if (SSL_write_ex(conn->ssl, piece.ptr, piece.len, &written) != 1) {
            break_off_by_ssl(conn);
            return conn->why.status;
        }
        *taken += written;
    }
    return WEIR_OK;
}

static enum weir_status fail_ended(struct tls_conn *conn, struct weir_error *err)
{
    tell_again(conn);
    if (err != NULL)
        *err = conn->why;
    return conn->why.status;
}

static enum weir_status conn_writev(struct weir_conn *base, const struct iovec *iov, int count, size_t *taken,
                                    struct weir_error *err)
{
    struct tls_conn *conn = tls_conn(base);
    size_t len = 0, before;

    *taken = 0;
    for (int i = 0; i < count; i++)
        len += iov[i].iov_len;
    if (conn->state == TLS_BROKEN)
        return fail_ended(conn, err);
    if (conn->state == TLS_CONNECTING || conn->state == TLS_HANDSHAKE) {
        conn->writer_waits = len > 0;
        return WEIR_OK;
    }
    do {
        before = *taken;
        if (conn->out.len < OUT_LEN_FULL && encrypt(conn, iov, count, taken) != WEIR_OK)
            return fail_ended(conn, err);
        if (flush(conn) != WEIR_OK)
            return fail_ended(conn, err);
    } while (*taken > before && *taken < len);
    conn->writer_waits = *taken < len;
    return WEIR_OK;
}

/* --- upwards: handshake, bytes, the end --- */

static void tell_readable(struct tls_conn *conn)
{
    if (conn->closed)
        return;
    enter(conn);
    if (conn->state == TLS_ENDED || conn->state == TLS_BROKEN)
        tell_end(conn);
    else if (conn->want_read && conn->handler->on_readable != NULL)
        conn->handler->on_readable(conn->arg);
    if (conn->state == TLS_OPEN && conn->drained && conn->lower_why.status != WEIR_OK)
        break_off_by_lower(conn); /* it broke while bytes were left, and now none are */
    tell_again(conn);
    leave(conn);
}

void weir_tls_conn_on_again(void *arg)
{
    tell_readable(arg);
}

static void tell_writable(struct tls_conn *conn)
{
    if (!conn->writer_waits || conn->closed)
        return;
    conn->writer_waits = false;
    if (conn->handler->on_writable != NULL)
        conn->handler->on_writable(conn->arg);
}

static void finish_handshake(struct tls_conn *conn)
{
    conn->state = TLS_OPEN;
    conn->drained = false;
    weir_timer_stop(conn->loop, &conn->timer);
    if (!conn->want_read)
        weir_conn_want_read(conn->lower, false);
    if (conn->handler->on_open != NULL)
        conn->handler->on_open(conn->arg);
    tell_writable(conn);
    tell_again(conn);
}

static void handshake(struct tls_conn *conn)
{
    int result;

    ERR_clear_error();
    result = SSL_do_handshake(conn->ssl);
    if (result != 1 && SSL_get_error(conn->ssl, result) != SSL_ERROR_WANT_READ) {
        struct weir_error why = {0};

        weir_tls_word_failure(conn, &why);
        flush(conn); /* the alert that tells the peer */
        break_off(conn, &why);
    } else if (flush(conn) == WEIR_OK && result == 1) {
        finish_handshake(conn);
    }
    if (conn->state == TLS_BROKEN)
        tell_end(conn);
}

static enum weir_status conn_read(struct weir_conn *base, void *buf, size_t cap, size_t *got, struct weir_error *err)
{
    struct tls_conn *conn = tls_conn(base);
    size_t len = 0, part;

    *got = 0;
    if (conn->state == TLS_BROKEN || conn->state == TLS_ENDED)
        return fail_ended(conn, err);
    if (conn->state != TLS_OPEN)
        return WEIR_E_AGAIN;
    ERR_clear_error();
    while (len < cap && SSL_read_ex(conn->ssl, (uint8_t *)buf + len, cap - len, &part) == 1)
        len += part;
    *got = len;
    if (len == cap)
        return WEIR_OK;
    switch (SSL_get_error(conn->ssl, 0)) {
    case SSL_ERROR_WANT_READ:
        conn->drained = true;
        break;
    case SSL_ERROR_ZERO_RETURN:
        end_reading(conn);
        break;
    default:
        break_off_by_ssl(conn);
    }
    flush(conn); /* an alert, or the answer to a key update */
    if (len > 0) {
        tell_again(conn); /* the end, if it came with the bytes */
        return WEIR_OK;
    }
    return conn->state == TLS_OPEN ? WEIR_E_AGAIN : conn_read(base, buf, cap, got, err);
}

/* --- what the lower connection tells --- */

static void lower_on_open(void *arg)
{
    struct tls_conn *conn = arg;

    if (conn->state != TLS_CONNECTING)
        return;
    enter(conn);
    conn->state = TLS_HANDSHAKE;
    handshake(conn);
    leave(conn);
}

static void lower_on_readable(void *arg)
{
    struct tls_conn *conn = arg;

    if (conn->state == TLS_LINGERING || conn->state == TLS_CONNECTING)
        return;
    if (conn->state == TLS_HANDSHAKE) {
        enter(conn);
        handshake(conn);
        leave(conn);
        return;
    }
    conn->drained = false;
    tell_readable(conn);
}

static void lower_on_writable(void *arg)
{
    struct tls_conn *conn = arg;
    enum weir_status status = flush(conn);

    if (conn->closed) {
        if (status != WEIR_OK || conn->out.len == 0)
            weir_tls_conn_destroy(conn);
        return;
    }
    enter(conn);
    if (status != WEIR_OK)
        tell_end(conn);
    else if (conn->state == TLS_OPEN || conn->state == TLS_ENDED)
        tell_writable(conn);
    leave(conn);
}

static void lower_on_error(void *arg, const struct weir_error *why)
{
    struct tls_conn *conn = arg;

    if (conn->state == TLS_LINGERING) {
        weir_tls_conn_destroy(conn);
        return;
    }
    if (conn->lower_why.status == WEIR_OK)
        conn->lower_why = *why;
    if (conn->state == TLS_ENDED && why->status == WEIR_E_CLOSED)
        return; /* close_notify has said it */
    if (conn->state == TLS_OPEN && !conn->drained) {
        tell_again(conn); /* OpenSSL may hold bytes: they come first */
        return;
    }
    enter(conn);
    break_off_by_lower(conn);
    tell_end(conn);
    leave(conn);
}

const struct weir_conn_handler weir_tls_lower_handler = {
    .on_open = lower_on_open,
    .on_readable = lower_on_readable,
    .on_writable = lower_on_writable,
    .on_error = lower_on_error,
};

void weir_tls_conn_on_timer(void *arg)
{
    struct tls_conn *conn = arg;
    struct weir_error why = {0};

    if (conn->state == TLS_LINGERING) {
        weir_tls_conn_destroy(conn);
        return;
    }
    weir_fail(&why, WEIR_E_TIMEOUT, "no TLS handshake with %s within %d s", weir_conn_peer(conn->lower),
              (int)(WEIR_TLS_HANDSHAKE_NS / WEIR_NS_PER_S));
    enter(conn);
    break_off(conn, &why);
    tell_end(conn);
    leave(conn);
}

/* --- the rest of the connection's operations --- */

static void conn_set_handler(struct weir_conn *base, const struct weir_conn_handler *handler, void *arg)
{
    tls_conn(base)->handler = handler;
    tls_conn(base)->arg = arg;
}

static void conn_want_read(struct weir_conn *base, bool want)
{
    struct tls_conn *conn = tls_conn(base);

    if (conn->want_read == want)
        return;
    conn->want_read = want;
    if (conn->state != TLS_OPEN)
        return; /* a handshake reads on, and finish_handshake() passes the wish on */
    weir_conn_want_read(conn->lower, want);
    tell_again(conn);
}

static void conn_close(struct weir_conn *base)
{
    struct tls_conn *conn = tls_conn(base);

    assert(!conn->closed);
    conn->closed = true;
    weir_deferred_cancel(conn->loop, &conn->again);
    weir_timer_stop(conn->loop, &conn->timer);
    if (conn->state == TLS_OPEN || conn->state == TLS_ENDED) {
        ERR_clear_error();
        SSL_shutdown(conn->ssl); /* close_notify */
        if (flush(conn) == WEIR_OK && conn->out.len > 0) {
            conn->state = TLS_LINGERING;
            weir_conn_want_read(conn->lower, false);
            weir_timer_start(conn->loop, &conn->timer, LINGER_NS);
            return;
        }
    }
    if (conn->depth == 0)
        weir_tls_conn_destroy(conn);
}

static const char *conn_peer(struct weir_conn *base)
{
    return weir_conn_peer(tls_conn(base)->lower);
}

const struct weir_conn_ops weir_tls_conn_ops = {
    .set_handler = conn_set_handler,
    .read = conn_read,
    .writev = conn_writev,
    .want_read = conn_want_read,
    .close = conn_close,
    .peer = conn_peer,
};
