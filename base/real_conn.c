/*
 * real_conn.c - a connection over a non-blocking socket.
 *
 *     RESOLVING --> CONNECTING --> OPEN          (accepted ones begin in OPEN)
 *         |             |
 *         +-------------+--------> REFUSED
 *
 * Each direction of an open connection ends by itself: `read_end` after the peer's end or a failure, `write_end` after
 * a failure. The socket's events only set flags and queue a visit; the visit, in the loop's phase for connections,
 * calls the owner. Few system calls: read interest stays registered, write interest exists only after a short write,
 * and a read that got less than it could take is not followed by one that gets nothing.
 */
#include "base/real_conn.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct weir_conn_handler deaf;

static struct weir_real_conn *real_conn(struct weir_conn *conn)
{
    return (struct weir_real_conn *)conn;
}

void weir_real_peer_text(char out[WEIR_PEER_TEXT_LEN_MAX], const char *host, unsigned port)
{
    const char *fmt = strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u";

    snprintf(out, WEIR_PEER_TEXT_LEN_MAX, fmt, host, port);
}

void weir_real_conn_touch(struct weir_real_conn *conn)
{
    weir_deferred_queue_push(&conn->loop->ready, &conn->visit);
}

/* Keeps the words of the first end; the owner hears of it in a visit, if it does not close the connection before. */
static enum weir_status end(struct weir_real_conn *conn, enum weir_status *direction, enum weir_status status,
                            int sys_errno, const char *what)
{
    if (conn->why.status == WEIR_OK) {
        if (sys_errno != 0)
            weir_fail_sys(&conn->why, status, sys_errno, "cannot %s %s", what, conn->peer);
        else
            weir_fail(&conn->why, status, "%s closed the connection", conn->peer);
    }
    *direction = status;
    weir_real_conn_touch(conn);
    return status;
}

static enum weir_status ended(const struct weir_real_conn *conn, enum weir_status status, struct weir_error *err)
{
    if (err != NULL) {
        *err = conn->why;
        err->status = status;
    }
    return status;
}

/* An event that nobody wants is taken out; before, one look whether it is the end. */
static void look_for_end(struct weir_real_conn *conn)
{
    char byte;
    ssize_t got = recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

    if (got == 0)
        end(conn, &conn->read_end, WEIR_E_CLOSED, 0, "");
    else if (got < 0 && errno != EAGAIN && errno != EINTR)
        end(conn, &conn->read_end, WEIR_E_IO, errno, "read from");
}

static bool reads_wanted(const struct weir_real_conn *conn)
{
    return conn->want_read && conn->handler->on_readable != NULL && conn->read_end == WEIR_OK;
}

static void watch_reads(struct weir_real_conn *conn)
{
    if (conn->state != WEIR_REAL_OPEN || !reads_wanted(conn) || event_pending(&conn->readable_event, EV_READ, NULL))
        return;
    if (event_add(&conn->readable_event, NULL) != 0)
        end(conn, &conn->read_end, WEIR_E_IO, errno, "watch");
}

static void readable_now(evutil_socket_t fd, short what, void *arg)
{
    struct weir_real_conn *conn = arg;

    (void)fd;
    (void)what;
    if (!reads_wanted(conn)) {
        event_del(&conn->readable_event);
        if (conn->read_end == WEIR_OK)
            look_for_end(conn);
        return;
    }
    conn->readable = true;
    weir_real_conn_touch(conn);
}

static void writable_now(evutil_socket_t fd, short what, void *arg)
{
    struct weir_real_conn *conn = arg;

    (void)fd;
    (void)what;
    conn->writable = true;
    weir_real_conn_touch(conn);
}

/* Calls the owner as long as it does not close the connection. */
static void tell(struct weir_real_conn *conn, const bool *gone)
{
    if (conn->announce) {
        conn->announce = false;
        if (conn->handler->on_open != NULL)
            conn->handler->on_open(conn->arg);
        if (*gone)
            return;
    }
    if (conn->readable && reads_wanted(conn)) {
        conn->handler->on_readable(conn->arg);
        if (*gone)
            return;
    }
    if (conn->want_write && conn->writable) {
        conn->want_write = false;
        if (conn->handler->on_writable != NULL)
            conn->handler->on_writable(conn->arg);
    }
}

/* The end is told in a visit of its own, after what could still be read. */
static bool end_is_due(const struct weir_real_conn *conn)
{
    if (conn->told)
        return false;
    return conn->read_end != WEIR_OK || (conn->write_end != WEIR_OK && !(conn->readable && reads_wanted(conn)));
}

static void tell_end(struct weir_real_conn *conn)
{
    struct weir_error why = conn->why; /* the owner may close the connection and still use the words */

    conn->told = true;
    if (conn->handler->on_error != NULL)
        conn->handler->on_error(conn->arg, &why);
}

static void visit(void *arg)
{
    struct weir_real_conn *conn = arg;
    bool gone = false;

    if (conn->state == WEIR_REAL_CONNECTING)
        weir_real_connect_progress(conn);
    if (conn->state == WEIR_REAL_CONNECTING)
        return;
    if (end_is_due(conn)) {
        tell_end(conn);
        return;
    }
    conn->gone = &gone;
    tell(conn, &gone);
    if (!gone)
        conn->gone = NULL;
}

static void real_set_handler(struct weir_conn *base, const struct weir_conn_handler *handler, void *arg)
{
    struct weir_real_conn *conn = real_conn(base);

    conn->handler = handler != NULL ? handler : &deaf;
    conn->arg = arg;
    watch_reads(conn);
}

static void real_want_read(struct weir_conn *base, bool want)
{
    struct weir_real_conn *conn = real_conn(base);

    conn->want_read = want;
    if (want)
        watch_reads(conn); /* and with false, the next event takes itself out: a short pause costs nothing */
}

static enum weir_status real_read(struct weir_conn *base, void *buf, size_t cap, size_t *got, struct weir_error *err)
{
    struct weir_real_conn *conn = real_conn(base);
    ssize_t len;

    if (conn->read_end != WEIR_OK)
        return ended(conn, conn->read_end, err);
    if (!conn->readable)
        return WEIR_E_AGAIN;
    do
        len = recv(conn->fd, buf, cap, MSG_DONTWAIT);
    while (len < 0 && errno == EINTR);
    conn->readable = len == (ssize_t)cap;
    if (len > 0) {
        *got = (size_t)len;
        return WEIR_OK;
    }
    if (len == 0)
        return ended(conn, end(conn, &conn->read_end, WEIR_E_CLOSED, 0, ""), err);
    if (errno == EAGAIN)
        return WEIR_E_AGAIN;
    return ended(conn, end(conn, &conn->read_end, WEIR_E_IO, errno, "read from"), err);
}

static enum weir_status await_space(struct weir_real_conn *conn, struct weir_error *err)
{
    conn->want_write = true;
    conn->writable = false;
    if (conn->state == WEIR_REAL_OPEN && event_add(&conn->writable_event, NULL) != 0)
        return ended(conn, end(conn, &conn->write_end, WEIR_E_IO, errno, "watch"), err);
    return WEIR_OK;
}

static size_t iov_len(const struct iovec *iov, int count)
{
    size_t len = 0;

    for (int i = 0; i < count; i++)
        len += iov[i].iov_len;
    return len;
}

/* One sendmsg(2). -1 with errno, or what it took. */
static ssize_t send_some(int fd, const struct iovec *iov, int count)
{
    struct msghdr msg = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};
    ssize_t len;

    do
        len = sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (len < 0 && errno == EINTR);
    return len;
}

static enum weir_status real_writev(struct weir_conn *base, const struct iovec *iov, int count, size_t *taken,
                                    struct weir_error *err)
{
    struct weir_real_conn *conn = real_conn(base);

    *taken = 0;
    if (conn->write_end != WEIR_OK)
        return ended(conn, conn->write_end, err);
    if (conn->state != WEIR_REAL_OPEN)
        return await_space(conn, err);
    while (count > 0) {
        int part = count < IOV_MAX ? count : IOV_MAX;
        ssize_t len = send_some(conn->fd, iov, part);

        if (len < 0 && errno != EAGAIN)
            return ended(conn,
                         end(conn, &conn->write_end, errno == EPIPE || errno == ECONNRESET ? WEIR_E_CLOSED : WEIR_E_IO,
                             errno, "write to"),
                         err);
        *taken += len > 0 ? (size_t)len : 0;
        if (len < 0 || (size_t)len < iov_len(iov, part))
            return await_space(conn, err);
        iov += part;
        count -= part;
    }
    return WEIR_OK;
}

static void real_close(struct weir_conn *base)
{
    struct weir_real_conn *conn = real_conn(base);

    if (conn->gone != NULL)
        *conn->gone = true;
    weir_deferred_queue_remove(&conn->loop->ready, &conn->visit);
    weir_real_connect_abandon(conn);
    weir_real_conn_unwatch(conn);
    free(conn);
}

static const char *real_peer(struct weir_conn *base)
{
    return real_conn(base)->peer;
}

static const struct weir_conn_ops real_conn_ops = {
    .set_handler = real_set_handler,
    .read = real_read,
    .writev = real_writev,
    .want_read = real_want_read,
    .close = real_close,
    .peer = real_peer,
};

struct weir_real_conn *weir_real_conn_new(struct weir_real_loop *loop, const struct weir_conn_handler *handler,
                                          void *arg)
{
    struct weir_real_conn *conn = calloc(1, sizeof(*conn));

    if (conn == NULL)
        return NULL;
    conn->base.ops = &real_conn_ops;
    conn->loop = loop;
    conn->handler = handler != NULL ? handler : &deaf;
    conn->arg = arg;
    conn->fd = -1;
    conn->want_read = true;
    conn->visit = (struct weir_deferred){.fn = visit, .arg = conn};
    return conn;
}

void weir_real_conn_watch(struct weir_real_conn *conn, int fd)
{
    conn->fd = fd;
    event_assign(&conn->readable_event, conn->loop->events, fd, EV_READ | EV_PERSIST, readable_now, conn);
    event_assign(&conn->writable_event, conn->loop->events, fd, EV_WRITE, writable_now, conn);
}

void weir_real_conn_unwatch(struct weir_real_conn *conn)
{
    if (conn->fd < 0)
        return;
    event_del(&conn->readable_event);
    event_del(&conn->writable_event);
    close(conn->fd);
    conn->fd = -1;
}

void weir_real_conn_opened(struct weir_real_conn *conn)
{
    static const int on = 1;

    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    conn->state = WEIR_REAL_OPEN;
    watch_reads(conn);
    if (conn->want_write)
        await_space(conn, NULL);
}
