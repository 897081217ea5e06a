/*
 * real_listen.c - a listening socket. While the process has no descriptor left for another connection, it stops
 * accepting for a moment instead of spinning: the peers wait in the backlog.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/real_conn.h"

#define ACCEPTS_PER_TURN 64
#define PAUSE_NS (100 * WEIR_NS_PER_MS)

struct real_listener {
    struct weir_listener base;
    struct weir_real_loop *loop;
    int fd;
    void (*on_accept)(void *arg, struct weir_conn *conn);
    void *arg;
    struct event event;
    struct weir_deferred visit;
    struct weir_timer pause;
    bool starved; /* the pause has been logged */
    bool *gone;   /* set to true by a close from within on_accept */
};

static void pause_accepting(struct real_listener *listener, int error)
{
    if (!listener->starved)
        weir_log_warn(
            weir_loop_log(&listener->loop->base), "net",
            "cannot accept connections on port %u, trying again: %s (raise the limit on open files, ulimit -n)",
            listener->base.port, strerror(error));
    listener->starved = true;
    event_del(&listener->event);
    weir_timer_start(&listener->loop->base, &listener->pause, PAUSE_NS);
}

static void resume_accepting(void *arg)
{
    struct real_listener *listener = arg;

    if (event_add(&listener->event, NULL) != 0)
        weir_timer_start(&listener->loop->base, &listener->pause, PAUSE_NS);
}

static void name_peer(struct weir_real_conn *conn, const struct sockaddr *address, socklen_t len)
{
    char host[INET6_ADDRSTRLEN + 16], port[8];

    if (getnameinfo(address, len, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(conn->peer, sizeof(conn->peer), "unknown peer");
    else
        weir_real_peer_text(conn->peer, host, (unsigned)strtoul(port, NULL, 10));
}

/* 0 if a connection came, else an errno. */
static int accept_one(struct real_listener *listener)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);
    struct weir_real_conn *conn;
    int fd = accept4(listener->fd, (struct sockaddr *)&address, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return errno;
    conn = weir_real_conn_new(listener->loop, NULL, NULL);
    if (conn == NULL) {
        close(fd);
        return ENOMEM;
    }
    name_peer(conn, (struct sockaddr *)&address, len);
    weir_real_conn_watch(conn, fd);
    weir_real_conn_opened(conn);
    listener->on_accept(listener->arg, &conn->base);
    return 0;
}

static void visit(void *arg)
{
    struct real_listener *listener = arg;
    bool gone = false;

    listener->gone = &gone;
    for (int i = 0; i < ACCEPTS_PER_TURN && !gone; i++) {
        int error = accept_one(listener);

        if (gone)
            return;
        if (error == EAGAIN)
            break;
        if (error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS) {
            pause_accepting(listener, error);
            break;
        }
        if (error == 0)
            listener->starved = false;
        /* other errors belong to the connection that did not come about */
    }
    listener->gone = NULL;
}

static void acceptable_now(evutil_socket_t fd, short what, void *arg)
{
    struct real_listener *listener = arg;

    (void)fd;
    (void)what;
    weir_deferred_queue_push(&listener->loop->ready, &listener->visit);
}

static void real_listener_close(struct weir_listener *base)
{
    struct real_listener *listener = (struct real_listener *)base;

    if (listener->gone != NULL)
        *listener->gone = true;
    weir_timer_stop(&listener->loop->base, &listener->pause);
    weir_deferred_queue_remove(&listener->loop->ready, &listener->visit);
    if (event_initialized(&listener->event))
        event_del(&listener->event);
    close(listener->fd);
    free(listener);
}

static const struct weir_listener_ops real_listener_ops = {.close = real_listener_close};

/* The socket, or -1 with errno. */
static int bind_to(const struct addrinfo *address)
{
    static const int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static enum weir_status fail_to_listen(struct weir_error *err, const char *at, int error)
{
    switch (error) {
    case EADDRINUSE:
        return weir_fail_sys(err, WEIR_E_BUSY, error,
                             "cannot listen on %s (stop what listens there, or choose another port)", at);
    case EADDRNOTAVAIL:
        return weir_fail_sys(err, WEIR_E_INVAL, error, "cannot listen on %s (no interface has this address)", at);
    case EACCES:
        return weir_fail_sys(err, WEIR_E_DENIED, error, "cannot listen on %s (choose a port above 1023)", at);
    case EMFILE:
    case ENFILE:
        return weir_fail_sys(err, WEIR_E_LIMIT, error, "cannot listen on %s (raise the limit on open files, ulimit -n)",
                             at);
    default:
        return weir_fail_sys(err, WEIR_E_IO, error, "cannot listen on %s", at);
    }
}

/* Binds the first address of host:port that can be had. Blocks for a name; programs listen as they start. */
static enum weir_status open_socket(const struct weir_target *at, const char *text, int *fd, struct weir_error *err)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *addresses;
    char service[8];
    int error;

    snprintf(service, sizeof(service), "%u", at->port);
    error = getaddrinfo(at->host, service, &hints, &addresses);
    if (error != 0)
        return weir_fail(err, WEIR_E_INVAL, "cannot listen on %s: looking up its address failed: %s", text,
                         gai_strerror(error));
    error = EADDRNOTAVAIL;
    *fd = -1;
    for (struct addrinfo *address = addresses; address != NULL && *fd < 0; address = address->ai_next) {
        *fd = bind_to(address);
        if (*fd < 0)
            error = errno;
    }
    freeaddrinfo(addresses);
    return *fd >= 0 ? WEIR_OK : fail_to_listen(err, text, error);
}

static uint16_t bound_port(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t len = sizeof(address);

    getsockname(fd, (struct sockaddr *)&address, &len);
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

enum weir_status weir_real_listen(struct weir_loop *loop, const struct weir_target *at,
                                  void (*on_accept)(void *arg, struct weir_conn *conn), void *arg,
                                  struct weir_listener **out, struct weir_error *err)
{
    struct real_listener *listener = calloc(1, sizeof(*listener));
    char text[WEIR_PEER_TEXT_LEN_MAX];
    enum weir_status status;

    weir_real_peer_text(text, at->host != NULL ? at->host : "*", at->port);
    if (listener == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "cannot listen on %s: out of memory", text);
    status = open_socket(at, text, &listener->fd, err);
    if (status != WEIR_OK) {
        free(listener);
        return status;
    }
    listener->base = (struct weir_listener){.ops = &real_listener_ops, .port = bound_port(listener->fd)};
    listener->loop = weir_real_loop(loop);
    listener->on_accept = on_accept;
    listener->arg = arg;
    listener->visit = (struct weir_deferred){.fn = visit, .arg = listener};
    listener->pause = (struct weir_timer){.fn = resume_accepting, .arg = listener};
    event_assign(&listener->event, listener->loop->events, listener->fd, EV_READ | EV_PERSIST, acceptable_now,
                 listener);
    if (event_add(&listener->event, NULL) != 0) {
        int error = errno;

        real_listener_close(&listener->base);
        return fail_to_listen(err, text, error);
    }
    *out = &listener->base;
    return WEIR_OK;
}
