/*
 * sim_net.c - connections between simulated hosts: in-memory pipes with delays, stalls, cuts and a bounded capacity.
 *
 * All hosts share one space of ports. A connection is two ends, each with the pipe of the bytes that come to it:
 *
 *     CONNECTING --somebody listens--> OPEN --the peer closed, crashed, or the network cut it--> ENDED
 *     CONNECTING --nobody listens, or the network cut it----------------------------------------> ENDED
 *     any --its host fell silent, or its loop was freed--> SHELL (takes bytes and drops them, tells nothing)
 *
 * An end learns of its peer's end by a last chunk, behind the bytes that were already on their way. Between the two it
 * writes into the void, as with a real network.
 */
#include "base/sim_int.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sim_pipe.h"

#define STALL_MAX_NS (2 * WEIR_NS_PER_S)
#define EPHEMERAL_PORT_MIN 49152
#define PEER_NAME_LEN_MAX 128
#define ODD_WRITE_ODDS 64 /* one write in so many is taken in part */
#define CHUNK_ODDS 4      /* one write in so many is cut into chunks; one joins the chunk before it */

enum conn_state { CONN_CONNECTING, CONN_OPEN, CONN_ENDED, CONN_SHELL };

struct sim_conn {
    struct weir_conn base;
    enum conn_state state;
    struct sim_loop *loop; /* NULL in a shell */
    struct sim_host *host;
    struct sim_conn *peer;         /* NULL before the connection is made and once either end is gone */
    struct sim_listener *listener; /* until it is accepted */
    const struct weir_conn_handler *handler;
    void *arg;
    struct sim_event hand;   /* of the handshake */
    struct sim_event arrive; /* of the next chunk */
    struct sim_pipe in;
    enum weir_status end; /* why it ended */
    const char *end_text;
    struct sim_conn_queue *queue; /* which one it is in, or NULL */
    TAILQ_ENTRY(sim_conn) in_queue;
    TAILQ_ENTRY(sim_conn) in_owner; /* the loop's, or the host's shells */
    bool want_read;
    bool blocked; /* a write was not taken whole: on_writable is owed */
    /* News for the handler. */
    bool tell_open, tell_writable, tell_end_readable, tell_error;
    uint16_t port;
    char target[PEER_NAME_LEN_MAX], peer_name[PEER_NAME_LEN_MAX];
};

struct sim_listener {
    struct weir_listener base;
    struct sim_loop *loop; /* NULL in a shell */
    struct sim_host *host;
    void (*on_accept)(void *arg, struct weir_conn *conn);
    void *arg;
    TAILQ_ENTRY(sim_listener) in_sim;
    TAILQ_ENTRY(sim_listener) in_owner;
};

static const struct weir_conn_handler deaf;
static const struct weir_conn_ops sim_conn_ops;

static struct sim_conn *sim_conn(struct weir_conn *conn)
{
    return SIM_CONTAINER(conn, struct sim_conn, base);
}

static struct weir_sim *sim_of(const struct sim_conn *conn)
{
    return conn->host->sim;
}

void weir_sim_net_calm(struct weir_sim *sim)
{
    sim->options.cut_per_million = 0;
    sim->options.stall_per_million = 0;
}

static int64_t arrival_ns(struct weir_sim *sim)
{
    int64_t delay_ns = weir_sim_between(sim, sim->options.net_delay_min_ns, sim->options.net_delay_max_ns);

    if (weir_sim_chance(sim, sim->options.stall_per_million))
        delay_ns += weir_sim_between(sim, 0, STALL_MAX_NS);
    return sim->now_ns + delay_ns;
}

/* News */

static bool readable(const struct sim_conn *conn)
{
    return conn->want_read && (conn->in.readable > 0 || conn->tell_end_readable) && conn->handler->on_readable != NULL;
}

/* The end is told after the bytes before it; not to wait for an owner that does not read, a break is told even so. */
static bool error_due(const struct sim_conn *conn)
{
    return conn->tell_error && (conn->in.readable == 0 || (!conn->want_read && conn->end != WEIR_E_CLOSED));
}

static bool has_news(const struct sim_conn *conn)
{
    return conn->listener != NULL || conn->tell_open || conn->tell_writable || readable(conn) || error_due(conn);
}

static void queue_news(struct sim_conn *conn)
{
    if (conn->state == CONN_SHELL || conn->queue != NULL || conn->loop->telling == conn || !has_news(conn))
        return;
    conn->queue = &conn->loop->ready;
    TAILQ_INSERT_TAIL(conn->queue, conn, in_queue);
    weir_sim_loop_ready(conn->loop);
}

static void unqueue(struct sim_conn *conn)
{
    if (conn->queue != NULL)
        TAILQ_REMOVE(conn->queue, conn, in_queue);
    conn->queue = NULL;
}

static void accept_conn(struct sim_conn *conn)
{
    struct sim_listener *listener = conn->listener;

    conn->listener = NULL;
    listener->on_accept(listener->arg, &conn->base);
}

static void tell_error(struct sim_conn *conn)
{
    struct weir_error why = {0};

    conn->tell_error = conn->tell_end_readable = false;
    weir_fail(&why, conn->end, "connection to %s: %s", conn->peer_name, conn->end_text);
    if (conn->handler->on_error != NULL)
        conn->handler->on_error(conn->arg, &why);
}

/* One callback a turn: each may close the connection, or any other. */
static void tell(struct sim_conn *conn)
{
    const struct weir_conn_handler *handler = conn->handler;

    if (conn->listener != NULL) {
        accept_conn(conn);
    } else if (conn->tell_open) {
        conn->tell_open = false;
        if (handler->on_open != NULL)
            handler->on_open(conn->arg);
    } else if (readable(conn)) {
        if (conn->in.readable == 0)
            conn->tell_end_readable = false;
        handler->on_readable(conn->arg);
    } else if (conn->tell_writable) {
        conn->tell_writable = false;
        if (handler->on_writable != NULL)
            handler->on_writable(conn->arg);
    } else if (error_due(conn)) {
        tell_error(conn);
    }
}

void weir_sim_net_turn(struct sim_loop *loop)
{
    struct sim_conn *conn;

    TAILQ_FOREACH (conn, &loop->ready, in_queue)
        conn->queue = &loop->ready_now;
    TAILQ_CONCAT(&loop->ready_now, &loop->ready, in_queue);
    while ((conn = TAILQ_FIRST(&loop->ready_now)) != NULL) {
        unqueue(conn);
        loop->telling = conn;
        tell(conn);
        if (loop->telling == conn) {
            loop->telling = NULL;
            queue_news(conn);
        }
    }
}

/* Ends */

static void end_conn(struct sim_conn *conn, enum weir_status status, const char *text)
{
    conn->tell_end_readable = conn->state == CONN_OPEN;
    conn->state = CONN_ENDED;
    conn->end = status;
    conn->end_text = text;
    conn->tell_error = true;
    if (conn->blocked) {
        conn->blocked = false;
        conn->tell_writable = true; /* its next write says why not */
    }
    queue_news(conn);
}

static void schedule_arrival(struct sim_conn *conn)
{
    const struct sim_chunk *next = weir_sim_pipe_next(&conn->in);

    if (next != NULL && conn->arrive.slot == 0)
        weir_sim_event_start(sim_of(conn), &conn->arrive, next->at_ns);
}

/* `conn` will hear that its peer is no more. */
static void send_end(struct sim_conn *conn, enum weir_status status)
{
    conn->peer = NULL;
    weir_sim_pipe_chunk(&conn->in, arrival_ns(sim_of(conn)), 0, status);
    schedule_arrival(conn);
}

static void part(struct sim_conn *conn, enum weir_status status_for_peer)
{
    if (conn->peer != NULL)
        send_end(conn->peer, status_for_peer);
    conn->peer = NULL;
}

static void cut(struct sim_conn *conn)
{
    struct sim_conn *peer = conn->peer;

    if (peer != NULL) {
        weir_sim_pipe_drop(&peer->in);
        weir_sim_event_stop(sim_of(peer), &peer->arrive);
        part(conn, WEIR_E_IO);
    }
    weir_sim_pipe_drop(&conn->in);
    weir_sim_event_stop(sim_of(conn), &conn->arrive);
    end_conn(conn, WEIR_E_IO, "broken");
}

static void arrive(struct sim_event *event)
{
    struct sim_conn *conn = SIM_CONTAINER(event, struct sim_conn, arrive);
    struct weir_sim *sim = sim_of(conn);
    struct sim_chunk chunk = *weir_sim_pipe_next(&conn->in);

    if (chunk.end == WEIR_OK && weir_sim_chance(sim, sim->options.cut_per_million)) {
        cut(conn);
        return;
    }
    weir_sim_pipe_arrive(&conn->in);
    weir_sim_note(sim, conn->loop->id, weir_view(&chunk.len, sizeof(chunk.len)));
    if (chunk.end != WEIR_OK) {
        end_conn(conn, chunk.end, chunk.end == WEIR_E_CLOSED ? "closed by the peer" : "broken");
        return;
    }
    schedule_arrival(conn);
    queue_news(conn);
}

/* Handshake */

static struct sim_conn *conn_new(struct sim_loop *loop, const struct weir_conn_handler *handler, void *arg)
{
    struct sim_conn *conn = weir_sim_alloc(sizeof(*conn));

    conn->base.ops = &sim_conn_ops;
    conn->loop = loop;
    conn->host = weir_sim_host(loop->base.host);
    conn->handler = handler;
    conn->arg = arg;
    conn->want_read = true;
    conn->arrive.fn = arrive;
    TAILQ_INSERT_TAIL(&loop->conns, conn, in_owner);
    return conn;
}

static bool names(const struct sim_listener *listener, const char *host)
{
    static const char *const everybody[] = {"127.0.0.1", "localhost", "0.0.0.0", "::1", "::"};

    for (size_t i = 0; i < sizeof(everybody) / sizeof(everybody[0]); i++)
        if (strcmp(host, everybody[i]) == 0)
            return true;
    return strcmp(host, listener->host->name) == 0;
}

static struct sim_listener *find_listener(struct weir_sim *sim, uint16_t port)
{
    struct sim_listener *listener;

    TAILQ_FOREACH (listener, &sim->listeners, in_sim)
        if (listener->base.port == port)
            return listener;
    return NULL;
}

static void hand_later(struct sim_conn *conn, void (*fn)(struct sim_event *event))
{
    int64_t at_ns = arrival_ns(sim_of(conn));

    conn->hand.fn = fn;
    conn->in.last_ns = at_ns; /* bytes of an eager server do not come before its answer */
    weir_sim_event_start(sim_of(conn), &conn->hand, at_ns);
}

static void refused(struct sim_event *event)
{
    end_conn(SIM_CONTAINER(event, struct sim_conn, hand), WEIR_E_REFUSED, "refused, nobody listens there");
}

static void opened(struct sim_event *event)
{
    struct sim_conn *conn = SIM_CONTAINER(event, struct sim_conn, hand);

    if (weir_sim_chance(sim_of(conn), sim_of(conn)->options.cut_per_million)) {
        cut(conn);
        return;
    }
    conn->state = CONN_OPEN;
    conn->tell_open = true;
    conn->tell_writable = conn->blocked;
    conn->blocked = false;
    queue_news(conn);
}

static void called(struct sim_event *event)
{
    struct sim_conn *conn = SIM_CONTAINER(event, struct sim_conn, hand), *server;
    struct sim_listener *listener = find_listener(sim_of(conn), conn->port);

    if (listener == NULL || !names(listener, conn->target)) {
        hand_later(conn, refused);
        return;
    }
    server = conn_new(listener->loop, &deaf, NULL);
    server->state = CONN_OPEN;
    server->listener = listener;
    server->peer = conn;
    conn->peer = server;
    snprintf(server->peer_name, sizeof(server->peer_name), "%s", conn->host->name);
    queue_news(server);
    hand_later(conn, opened);
}

enum weir_status weir_sim_connect(struct weir_loop *base, const struct weir_target *target,
                                  const struct weir_conn_handler *handler, void *arg, struct weir_conn **out,
                                  struct weir_error *err)
{
    struct sim_loop *loop = SIM_CONTAINER(base, struct sim_loop, base);
    struct sim_conn *conn;

    if (strlen(target->host) >= PEER_NAME_LEN_MAX - 8)
        return weir_fail(err, WEIR_E_INVAL, "host name %.40s... is too long", target->host);
    conn = conn_new(loop, handler, arg);
    conn->port = target->port;
    strcpy(conn->target, target->host);
    snprintf(conn->peer_name, sizeof(conn->peer_name), "%s:%u", target->host, target->port);
    if (conn->host->silent)
        weir_sim_net_silence(loop); /* born as a shell */
    else
        hand_later(conn, called);
    *out = &conn->base;
    return WEIR_OK;
}

/* Connections, as their owners see them */

static void conn_set_handler(struct weir_conn *base, const struct weir_conn_handler *handler, void *arg)
{
    struct sim_conn *conn = sim_conn(base);

    conn->handler = handler;
    conn->arg = arg;
    queue_news(conn);
}

/* Room in the pipe is felt at the other end once half of it is free. */
static void let_peer_write(struct sim_conn *conn)
{
    struct sim_conn *peer = conn->peer;

    if (peer == NULL || !peer->blocked || peer->state != CONN_OPEN || conn->in.len > SIM_PIPE_CAP / 2)
        return;
    peer->blocked = false;
    peer->tell_writable = true;
    queue_news(peer);
}

static enum weir_status ended(const struct sim_conn *conn, struct weir_error *err)
{
    return weir_fail(err, conn->end == WEIR_E_CLOSED ? WEIR_E_CLOSED : WEIR_E_IO, "connection to %s: %s",
                     conn->peer_name, conn->end_text);
}

static enum weir_status conn_read(struct weir_conn *base, void *buf, size_t cap, size_t *got, struct weir_error *err)
{
    struct sim_conn *conn = sim_conn(base);

    if (conn->state == CONN_SHELL)
        return WEIR_E_AGAIN;
    *got = weir_sim_pipe_read(&conn->in, buf, cap);
    if (*got > 0) {
        let_peer_write(conn);
        return WEIR_OK;
    }
    return conn->state == CONN_ENDED ? ended(conn, err) : WEIR_E_AGAIN;
}

static size_t total_len(const struct iovec *iov, int count)
{
    size_t len = 0;

    for (int i = 0; i < count; i++)
        len += iov[i].iov_len;
    return len;
}

/* Cuts `len` bytes into chunks with a delay each. */
static void send_chunks(struct sim_conn *to, size_t len)
{
    struct weir_sim *sim = sim_of(to);
    uint64_t way = weir_rng_below(&sim->rng, CHUNK_ODDS);

    if (way == 0 && weir_sim_pipe_grow_chunk(&to->in, len))
        return;
    while (len > 0) {
        size_t part_len = way == 1 ? 1 + (size_t)weir_rng_below(&sim->rng, len) : len;

        weir_sim_pipe_chunk(&to->in, arrival_ns(sim), part_len, WEIR_OK);
        len -= part_len;
    }
    schedule_arrival(to);
}

static void send_bytes(struct sim_conn *to, const struct iovec *iov, size_t len)
{
    size_t left = len;

    for (; left > 0; iov++) {
        size_t part_len = iov->iov_len < left ? iov->iov_len : left;

        weir_sim_pipe_write(&to->in, iov->iov_base, part_len);
        weir_sim_note(sim_of(to), part_len, weir_view(iov->iov_base, part_len));
        left -= part_len;
    }
    if (len > 0)
        send_chunks(to, len);
}

static enum weir_status conn_writev(struct weir_conn *base, const struct iovec *iov, int count, size_t *taken,
                                    struct weir_error *err)
{
    struct sim_conn *conn = sim_conn(base);
    size_t len = total_len(iov, count), room;

    *taken = 0;
    if (conn->state == CONN_ENDED)
        return ended(conn, err);
    if (conn->state == CONN_CONNECTING) {
        conn->blocked = conn->blocked || len > 0;
        return WEIR_OK;
    }
    if (conn->state == CONN_SHELL || conn->peer == NULL) {
        *taken = len; /* into the void */
        return WEIR_OK;
    }
    room = weir_sim_pipe_room(&conn->peer->in);
    *taken = len < room ? len : room;
    if (*taken > 1 && weir_rng_below(&sim_of(conn)->rng, ODD_WRITE_ODDS) == 0)
        *taken = 1 + (size_t)weir_rng_below(&sim_of(conn)->rng, *taken - 1);
    send_bytes(conn->peer, iov, *taken);
    if (*taken < len) {
        conn->blocked = true;
        let_peer_write(conn->peer);
    }
    return WEIR_OK;
}

static void conn_want_read(struct weir_conn *base, bool want)
{
    struct sim_conn *conn = sim_conn(base);

    conn->want_read = want;
    queue_news(conn);
}

/* Out of the loop; what is left is the memory. */
static void leave_loop(struct sim_conn *conn)
{
    unqueue(conn);
    if (conn->loop->telling == conn)
        conn->loop->telling = NULL;
    weir_sim_event_stop(sim_of(conn), &conn->hand);
    weir_sim_event_stop(sim_of(conn), &conn->arrive);
    weir_sim_pipe_fini(&conn->in);
    TAILQ_REMOVE(&conn->loop->conns, conn, in_owner);
    conn->loop = NULL;
    conn->state = CONN_SHELL;
}

static void conn_close(struct weir_conn *base)
{
    struct sim_conn *conn = sim_conn(base);
    struct sim_host *host = conn->host;

    if (conn->state == CONN_SHELL) {
        TAILQ_REMOVE(&host->shell_conns, conn, in_owner);
    } else {
        part(conn, WEIR_E_CLOSED);
        leave_loop(conn);
    }
    free(conn);
    weir_sim_host_settle(host);
}

static const char *conn_peer(struct weir_conn *base)
{
    return sim_conn(base)->peer_name;
}

static const struct weir_conn_ops sim_conn_ops = {
    .set_handler = conn_set_handler,
    .read = conn_read,
    .writev = conn_writev,
    .want_read = conn_want_read,
    .close = conn_close,
    .peer = conn_peer,
};

/* Listeners */

/* Connections that nobody has accepted yet belong to their listener and end with it. */
static void drop_unaccepted(struct sim_listener *listener)
{
    struct sim_conn *conn = TAILQ_FIRST(&listener->loop->conns);

    while (conn != NULL) {
        struct sim_conn *next = TAILQ_NEXT(conn, in_owner);

        if (conn->listener == listener) {
            part(conn, WEIR_E_IO);
            leave_loop(conn);
            free(conn);
        }
        conn = next;
    }
}

static void listener_leave_loop(struct sim_listener *listener)
{
    drop_unaccepted(listener);
    TAILQ_REMOVE(&listener->host->sim->listeners, listener, in_sim);
    TAILQ_REMOVE(&listener->loop->listeners, listener, in_owner);
    listener->loop = NULL;
}

static void listener_close(struct weir_listener *base)
{
    struct sim_listener *listener = SIM_CONTAINER(base, struct sim_listener, base);
    struct sim_host *host = listener->host;

    if (listener->loop != NULL)
        listener_leave_loop(listener);
    else
        TAILQ_REMOVE(&host->shell_listeners, listener, in_owner);
    free(listener);
    weir_sim_host_settle(host);
}

static const struct weir_listener_ops sim_listener_ops = {.close = listener_close};

static uint16_t free_port(struct weir_sim *sim)
{
    do {
        if (sim->next_port < EPHEMERAL_PORT_MIN)
            sim->next_port = EPHEMERAL_PORT_MIN;
        sim->next_port++;
    } while (sim->next_port == 0 || find_listener(sim, sim->next_port) != NULL);
    return sim->next_port;
}

enum weir_status weir_sim_listen(struct weir_loop *base, const struct weir_target *at,
                                 void (*on_accept)(void *arg, struct weir_conn *conn), void *arg,
                                 struct weir_listener **out, struct weir_error *err)
{
    struct sim_loop *loop = SIM_CONTAINER(base, struct sim_loop, base);
    struct weir_sim *sim = loop->sim;
    struct sim_listener *listener;

    if (at->port != 0 && find_listener(sim, at->port) != NULL)
        return weir_fail(err, WEIR_E_BUSY, "cannot listen on %s:%u: the port is taken", at->host, at->port);
    listener = weir_sim_alloc(sizeof(*listener));
    listener->base.ops = &sim_listener_ops;
    listener->base.port = at->port != 0 ? at->port : free_port(sim);
    listener->loop = loop;
    listener->host = weir_sim_host(base->host);
    listener->on_accept = on_accept;
    listener->arg = arg;
    TAILQ_INSERT_TAIL(&sim->listeners, listener, in_sim);
    TAILQ_INSERT_TAIL(&loop->listeners, listener, in_owner);
    if (listener->host->silent)
        weir_sim_net_silence(loop); /* born as a shell */
    *out = &listener->base;
    return WEIR_OK;
}

/* The end of a loop or a host */

void weir_sim_net_silence(struct sim_loop *loop)
{
    struct sim_host *host = weir_sim_host(loop->base.host);
    struct sim_listener *listener;
    struct sim_conn *conn;

    while ((listener = TAILQ_FIRST(&loop->listeners)) != NULL) {
        listener_leave_loop(listener);
        TAILQ_INSERT_TAIL(&host->shell_listeners, listener, in_owner);
    }
    while ((conn = TAILQ_FIRST(&loop->conns)) != NULL) {
        part(conn, WEIR_E_IO);
        leave_loop(conn);
        TAILQ_INSERT_TAIL(&host->shell_conns, conn, in_owner);
    }
}

void weir_sim_net_destroy(struct sim_host *host)
{
    struct sim_listener *listener;
    struct sim_conn *conn;

    while ((listener = TAILQ_FIRST(&host->shell_listeners)) != NULL)
        listener_close(&listener->base);
    while ((conn = TAILQ_FIRST(&host->shell_conns)) != NULL)
        conn_close(&conn->base);
}
