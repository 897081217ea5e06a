/*
 * real_connect.c - from a host and a port to a connected socket.
 *
 * A numeric address is tried at once. A name goes to the pool, because getaddrinfo(3) blocks; then its addresses are
 * tried in turn, and the connection fails with the reason of the last one. The look-up outlives a connection that is
 * closed meanwhile: it is in the loop's list and frees itself when it comes back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/real_conn.h"

#define HOST_LEN_MAX 255

struct weir_resolve {
    struct weir_job job;
    struct weir_real_conn *conn; /* NULL once it is closed */
    struct weir_resolve *next, **link;
    char host[HOST_LEN_MAX + 1];
    uint16_t port;
    struct addrinfo *addresses;
    int gai_error;
    int sys_errno;
};

static int look_up(const char *host, uint16_t port, int flags, struct addrinfo **out)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    char service[8];

    snprintf(service, sizeof(service), "%u", port);
    return getaddrinfo(host, service, &hints, out);
}

/* It never opened. The owner hears of it in a visit. */
static void refuse(struct weir_real_conn *conn, enum weir_status status)
{
    conn->state = WEIR_REAL_REFUSED;
    conn->read_end = status;
    conn->write_end = status;
    weir_real_conn_touch(conn);
}

static void refuse_sys(struct weir_real_conn *conn, int error)
{
    const char *remedy = "check the address and the network";
    enum weir_status status = WEIR_E_REFUSED;

    switch (error) {
    case ECONNREFUSED:
        remedy = "check that a server listens there";
        break;
    case ETIMEDOUT:
        status = WEIR_E_TIMEOUT;
        break;
    case EACCES:
    case EPERM:
        status = WEIR_E_DENIED;
        remedy = "check the firewall";
        break;
    case EMFILE:
    case ENFILE:
        status = WEIR_E_LIMIT;
        remedy = "raise the limit on open files, ulimit -n";
        break;
    case ENOMEM:
    case ENOBUFS:
        status = WEIR_E_NOMEM;
        remedy = "free some memory";
        break;
    default:
        break;
    }
    refuse(conn, weir_fail_sys(&conn->why, status, error, "cannot connect to %s (%s)", conn->peer, remedy));
}

static void refuse_name(struct weir_real_conn *conn, const struct weir_resolve *resolve)
{
    enum weir_status status = WEIR_E_NOT_FOUND;

    if (resolve->gai_error == EAI_AGAIN)
        status = WEIR_E_TIMEOUT;
    else if (resolve->gai_error == EAI_MEMORY)
        status = WEIR_E_NOMEM;
    weir_fail(&conn->why, status, "cannot connect to %s: looking up its address failed: %s", conn->peer,
              resolve->gai_error == EAI_SYSTEM ? strerror(resolve->sys_errno) : gai_strerror(resolve->gai_error));
    refuse(conn, status);
}

/* 0 once the attempt is under way, else an errno. */
static int begin(struct weir_real_conn *conn, const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS) {
        int error = errno;

        close(fd);
        return error;
    }
    conn->writable = false;
    weir_real_conn_watch(conn, fd);
    if (event_add(&conn->writable_event, NULL) == 0)
        return 0;
    weir_real_conn_unwatch(conn);
    return ENOMEM;
}

/* Tries from conn->address on. `error` is why the one before failed. */
static void try_addresses(struct weir_real_conn *conn, int error)
{
    for (; conn->address != NULL; conn->address = conn->address->ai_next) {
        error = begin(conn, conn->address);
        if (error == 0)
            return;
    }
    refuse_sys(conn, error);
}

/* A loopback connect to a free port of the range for outgoing connections can meet itself. */
static bool meets_itself(int fd)
{
    struct sockaddr_storage here = {0}, there = {0};
    socklen_t here_len = sizeof(here), there_len = sizeof(there);

    return getsockname(fd, (struct sockaddr *)&here, &here_len) == 0 &&
           getpeername(fd, (struct sockaddr *)&there, &there_len) == 0 && here_len == there_len &&
           memcmp(&here, &there, here_len) == 0;
}

static int outcome(int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        return errno;
    return error == 0 && meets_itself(fd) ? ECONNREFUSED : error;
}

void weir_real_connect_progress(struct weir_real_conn *conn)
{
    int error;

    if (!conn->writable)
        return;
    error = outcome(conn->fd);
    if (error == 0) {
        weir_real_connect_abandon(conn); /* the other addresses */
        conn->announce = true;
        weir_real_conn_opened(conn);
        return;
    }
    weir_real_conn_unwatch(conn);
    conn->address = conn->address->ai_next;
    try_addresses(conn, error);
}

static void connect_to(struct weir_real_conn *conn, struct addrinfo *addresses)
{
    conn->state = WEIR_REAL_CONNECTING;
    conn->addresses = addresses;
    conn->address = addresses;
    try_addresses(conn, EADDRNOTAVAIL);
}

static void resolve_free(struct weir_resolve *resolve)
{
    *resolve->link = resolve->next;
    if (resolve->next != NULL)
        resolve->next->link = resolve->link;
    if (resolve->addresses != NULL)
        freeaddrinfo(resolve->addresses);
    free(resolve);
}

/* Thread: the pool's. */
static void resolve_work(struct weir_job *job)
{
    struct weir_resolve *resolve = (struct weir_resolve *)job;

    resolve->gai_error = look_up(resolve->host, resolve->port, 0, &resolve->addresses);
    resolve->sys_errno = errno;
}

static void resolve_done(struct weir_job *job)
{
    struct weir_resolve *resolve = (struct weir_resolve *)job;
    struct weir_real_conn *conn = resolve->conn;

    if (conn != NULL) {
        conn->resolve = NULL;
        if (resolve->gai_error == 0) {
            connect_to(conn, resolve->addresses);
            resolve->addresses = NULL;
        } else {
            refuse_name(conn, resolve);
        }
    }
    resolve_free(resolve);
}

static bool resolve_start(struct weir_real_conn *conn, const struct weir_target *target)
{
    struct weir_real_loop *loop = conn->loop;
    struct weir_resolve *resolve = calloc(1, sizeof(*resolve));

    if (resolve == NULL)
        return false;
    resolve->job = (struct weir_job){.work = resolve_work, .done = resolve_done, .loop = &loop->base};
    resolve->conn = conn;
    resolve->port = target->port;
    memcpy(resolve->host, target->host, strlen(target->host));
    resolve->next = loop->resolves;
    resolve->link = &loop->resolves;
    if (resolve->next != NULL)
        resolve->next->link = &resolve->next;
    loop->resolves = resolve;
    conn->resolve = resolve;
    weir_host_submit(loop->base.host, &resolve->job);
    return true;
}

void weir_real_resolves_free(struct weir_real_loop *loop)
{
    while (loop->resolves != NULL)
        resolve_free(loop->resolves);
}

void weir_real_connect_abandon(struct weir_real_conn *conn)
{
    if (conn->resolve != NULL)
        conn->resolve->conn = NULL;
    conn->resolve = NULL;
    if (conn->addresses != NULL)
        freeaddrinfo(conn->addresses);
    conn->addresses = NULL;
    conn->address = NULL;
}

enum weir_status weir_real_connect(struct weir_loop *loop, const struct weir_target *target,
                                   const struct weir_conn_handler *handler, void *arg, struct weir_conn **out,
                                   struct weir_error *err)
{
    struct weir_real_conn *conn;
    struct addrinfo *addresses;

    if (target->host == NULL || target->host[0] == '\0' || strlen(target->host) > HOST_LEN_MAX)
        return weir_fail(err, WEIR_E_INVAL, "cannot connect: the host name is not 1..%d bytes long", HOST_LEN_MAX);
    if (target->port == 0)
        return weir_fail(err, WEIR_E_INVAL, "cannot connect to %s: the port is 0, not 1..65535", target->host);
    conn = weir_real_conn_new(weir_real_loop(loop), handler, arg);
    if (conn == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "cannot connect to %s: out of memory", target->host);
    weir_real_peer_text(conn->peer, target->host, target->port);
    if (look_up(target->host, target->port, AI_NUMERICHOST, &addresses) == 0) {
        connect_to(conn, addresses);
    } else if (!resolve_start(conn, target)) {
        weir_conn_close(&conn->base);
        return weir_fail(err, WEIR_E_NOMEM, "cannot connect to %s: out of memory", target->host);
    }
    *out = &conn->base;
    return WEIR_OK;
}
