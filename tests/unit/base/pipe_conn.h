/*
 * pipe_conn.h - two connections in memory that are each other's peer, for tests that slice, stall and cut byte streams.
 *
 * What one end writes is in the other's `in` at once; a visit in the loop's deferred phase tells the owner.
 */
#ifndef WEIR_TESTS_PIPE_CONN_H
#define WEIR_TESTS_PIPE_CONN_H

#include <stdlib.h>
#include <string.h>

#include "base/net_int.h"
#include "weir/buf.h"

struct pipe_conn {
    struct weir_conn base;
    struct weir_loop *loop;
    struct pipe_conn *peer; /* NULL once it is closed */
    const struct weir_conn_handler *handler;
    void *arg;
    struct weir_buf in;
    struct weir_deferred visit;
    size_t room;      /* bytes that may wait in `in` */
    size_t slice_len; /* a read gets no more than this; 0 means no limit */
    size_t hold_at;   /* reads stop here, counted from the start; 0 means never */
    size_t read_len;  /* so far */
    bool hold_once;   /* the hold is for a turn only */
    bool announce, want_read, writer_waits, told;
};

static const struct weir_conn_handler pipe_deaf;

static size_t pipe_readable(const struct pipe_conn *conn)
{
    size_t len = conn->in.len;

    if (conn->slice_len > 0 && len > conn->slice_len)
        len = conn->slice_len;
    if (conn->hold_at > 0 && len > conn->hold_at - conn->read_len)
        len = conn->hold_at - conn->read_len;
    return len;
}

static bool pipe_ended(const struct pipe_conn *conn)
{
    return conn->peer == NULL && conn->in.len == 0;
}

static void pipe_touch(struct pipe_conn *conn)
{
    weir_loop_defer(conn->loop, &conn->visit);
}

static void pipe_visit(void *arg)
{
    struct pipe_conn *conn = arg;

    if (conn->announce) {
        conn->announce = false;
        pipe_touch(conn);
        if (conn->handler->on_open != NULL)
            conn->handler->on_open(conn->arg);
    } else if (conn->writer_waits && (conn->peer == NULL || conn->peer->in.len < conn->peer->room)) {
        conn->writer_waits = false;
        pipe_touch(conn);
        if (conn->handler->on_writable != NULL)
            conn->handler->on_writable(conn->arg);
    } else if (conn->want_read && conn->handler->on_readable != NULL && pipe_readable(conn) > 0) {
        pipe_touch(conn);
        conn->handler->on_readable(conn->arg);
    } else if (conn->hold_once && conn->hold_at > 0 && conn->in.len > 0 && conn->read_len == conn->hold_at) {
        conn->hold_at = 0;
        pipe_touch(conn);
    } else if (pipe_ended(conn) && !conn->told) {
        struct weir_error why = {0};

        weir_fail(&why, WEIR_E_CLOSED, "pipe closed");
        conn->told = true;
        if (conn->handler->on_error != NULL)
            conn->handler->on_error(conn->arg, &why);
    }
}

static void pipe_set_handler(struct weir_conn *base, const struct weir_conn_handler *handler, void *arg)
{
    struct pipe_conn *conn = (struct pipe_conn *)base;

    conn->handler = handler;
    conn->arg = arg;
    pipe_touch(conn);
}

static enum weir_status pipe_read(struct weir_conn *base, void *buf, size_t cap, size_t *got, struct weir_error *err)
{
    struct pipe_conn *conn = (struct pipe_conn *)base;
    size_t len = pipe_readable(conn);

    if (pipe_ended(conn))
        return weir_fail(err, WEIR_E_CLOSED, "pipe closed");
    if (len == 0)
        return WEIR_E_AGAIN;
    *got = len < cap ? len : cap;
    memcpy(buf, conn->in.ptr, *got);
    weir_buf_consume(&conn->in, *got);
    conn->read_len += *got;
    if (conn->peer != NULL)
        pipe_touch(conn->peer);
    pipe_touch(conn);
    return WEIR_OK;
}

static enum weir_status pipe_writev(struct weir_conn *base, const struct iovec *iov, int count, size_t *taken,
                                    struct weir_error *err)
{
    struct pipe_conn *conn = (struct pipe_conn *)base;

    *taken = 0;
    if (conn->peer == NULL)
        return weir_fail(err, WEIR_E_CLOSED, "pipe closed");
    for (int i = 0; i < count; i++) {
        size_t room = conn->peer->in.len < conn->peer->room ? conn->peer->room - conn->peer->in.len : 0;
        size_t len = iov[i].iov_len < room ? iov[i].iov_len : room;

        if (len > 0)
            weir_buf_append(&conn->peer->in, iov[i].iov_base, len);
        *taken += len;
        if (len < iov[i].iov_len) {
            conn->writer_waits = true;
            break;
        }
    }
    pipe_touch(conn->peer);
    return WEIR_OK;
}

static void pipe_want_read(struct weir_conn *base, bool want)
{
    struct pipe_conn *conn = (struct pipe_conn *)base;

    conn->want_read = want;
    pipe_touch(conn);
}

static void pipe_close(struct weir_conn *base)
{
    struct pipe_conn *conn = (struct pipe_conn *)base;

    if (conn->peer != NULL) {
        conn->peer->peer = NULL;
        pipe_touch(conn->peer);
    }
    weir_deferred_cancel(conn->loop, &conn->visit);
    weir_buf_fini(&conn->in);
    free(conn);
}

static const char *pipe_peer(struct weir_conn *base)
{
    (void)base;
    return "pipe:1";
}

static const struct weir_conn_ops pipe_ops = {pipe_set_handler, pipe_read,  pipe_writev,
                                              pipe_want_read,   pipe_close, pipe_peer};

static struct pipe_conn *pipe_new_end(struct weir_loop *loop)
{
    struct pipe_conn *conn = calloc(1, sizeof(*conn));

    conn->base.ops = &pipe_ops;
    conn->loop = loop;
    conn->handler = &pipe_deaf;
    conn->room = 65536;
    conn->want_read = true;
    conn->visit = (struct weir_deferred){.fn = pipe_visit, .arg = conn};
    weir_buf_init(&conn->in, (size_t)1 << 30);
    return conn;
}

/* The first end says on_open, as one that connects; the second does not, as an accepted one. */
static void pipe_new(struct weir_loop *loop, struct pipe_conn **connecting, struct pipe_conn **accepted)
{
    *connecting = pipe_new_end(loop);
    *accepted = pipe_new_end(loop);
    (*connecting)->peer = *accepted;
    (*accepted)->peer = *connecting;
    (*connecting)->announce = true;
}

#endif
