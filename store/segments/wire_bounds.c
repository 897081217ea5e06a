/*
 * wire_bounds.c - how much memory all connections together may hold, and who waits when it is used up.
 *
 * Two sums, since different things let go of what they count:
 *
 *     taken  receive areas, appends and updates of tables that are not durable, and tables' replies that are being
 *            gathered. The disk and the rest of the frame let go of it.
 *     owed   replies that were not sent. Only the peers' reading lets go of it.
 *
 * While `taken` is used up, connections that append, and those in the midst of a long frame for which there is no room
 * yet, are not read. While `owed` is, reads are put off. They wait in one queue, and are woken in its order when a sum
 * falls. So whoever asks for nothing that is scarce is served all the while.
 *
 * Who waits must not wait for somebody who does nothing: a connection that owes the rest of a frame, or does not take
 * what it asked for, and has not moved a byte in STUCK_NS while others wait, is ended. Whether others wait or not, what
 * has begun has to arrive in time (base/arrival.h).
 */
#include <inttypes.h>

#include "base/log.h"
#include "store/segments/wire_server_int.h"

#define CONN_UNSENT_MAX ((size_t)8 << 20)
#define CONN_WAITING_MAX ((size_t)32 << 20)
#define CONN_JOBS_MAX ((size_t)16384)
#define CONN_JOBS_FEW ((size_t)64)  /* as many are always fine */
#define JOBS_MAX ((size_t)1 << 18)  /* of all connections */
#define FRAME_SHORT ((size_t)65536) /* a frame up to this needs no room set aside */
#define STUCK_NS (10 * WEIR_NS_PER_S)
#define LOOK_NS WEIR_NS_PER_S

static bool taken_up(const struct weir_wire_server *server)
{
    return server->taken > server->limits.bytes_max / 2;
}

static bool owed_up(const struct weir_wire_server *server)
{
    return server->owed > server->limits.bytes_max / 2;
}

static void relief(void *arg)
{
    struct weir_wire_server *server = arg;
    struct weir_wire_conn *conn;

    for (size_t left = server->queue_len; left > 0; left--) { /* those that queue up again meanwhile come next time */
        conn = TAILQ_FIRST(&server->queue);
        weir_wire_unqueue(conn);
        weir_loop_defer(server->loop, &conn->turn_end);
    }
}

/* An open append block keeps the area in which it came. */
static size_t block_held(const struct weir_wire_conn *conn)
{
    const struct pravega_wire_area *area = conn->appends.area;

    return area != NULL && area != conn->inbox.area ? area->cap : 0;
}

void weir_wire_count(struct weir_wire_conn *conn)
{
    struct weir_wire_server *server = conn->server;
    size_t taken =
        pravega_wire_inbox_held(&conn->inbox) + conn->appends.waiting_bytes + conn->table_bytes + block_held(conn);
    size_t owed = weir_wire_outbox_len(&conn->outbox);
    bool fell = taken < conn->taken || owed < conn->owed;

    server->taken += taken - conn->taken; /* modulo 2^64, so that a fall works as well */
    server->owed += owed - conn->owed;
    if (owed < conn->owed)
        conn->moved_ns = weir_loop_now_ns(server->loop);
    conn->taken = taken;
    conn->owed = owed;
    if (server->taken + server->owed > server->held_max)
        server->held_max = server->taken + server->owed;
    if (fell && server->queue_len > 0 && (!taken_up(server) || !owed_up(server)))
        weir_loop_defer(server->loop, &server->relief);
}

/* Whether it waits for others to let go, rather than for what it asked for itself. */
static bool waits_for_others(const struct weir_wire_conn *conn)
{
    const struct weir_wire_server *server = conn->server;
    size_t arriving = pravega_wire_inbox_arriving(&conn->inbox);

    if (taken_up(server) && (conn->appends.session_count > 0 || conn->table_bytes > 0) &&
        !weir_appends_block_open(conn))
        return true; /* with a block open, its end is what lets go */
    if (server->job_count > JOBS_MAX && conn->job_count > CONN_JOBS_FEW)
        return true;
    if (owed_up(server) && conn->owed > 0)
        return true;
    return arriving > FRAME_SHORT && pravega_wire_inbox_held(&conn->inbox) < arriving &&
           server->taken + arriving > server->limits.bytes_max / 2;
}

bool weir_wire_may_serve(struct weir_wire_conn *conn, size_t divisor)
{
    weir_wire_count(conn);
    if (conn->appends.waiting_bytes + conn->table_bytes > CONN_WAITING_MAX / divisor ||
        conn->owed > CONN_UNSENT_MAX / divisor || conn->job_count > CONN_JOBS_MAX / divisor)
        return false;
    if (!waits_for_others(conn))
        return true;
    weir_wire_queue(conn);
    return false;
}

bool weir_wire_may_reply(struct weir_wire_conn *conn)
{
    weir_wire_count(conn);
    if (owed_up(conn->server)) {
        weir_wire_queue(conn);
        return false;
    }
    return conn->owed <= CONN_UNSENT_MAX;
}

bool weir_wire_may_gather(struct weir_wire_conn *conn)
{
    weir_wire_count(conn);
    if (taken_up(conn->server) || owed_up(conn->server)) {
        weir_wire_queue(conn);
        return false;
    }
    return conn->owed <= CONN_UNSENT_MAX && conn->table_bytes <= CONN_WAITING_MAX;
}

/* --- The queue, and who keeps it waiting --- */

void weir_wire_queue(struct weir_wire_conn *conn)
{
    struct weir_wire_server *server = conn->server;

    if (conn->queued)
        return;
    conn->queued = true;
    TAILQ_INSERT_TAIL(&server->queue, conn, in_queue);
    server->queue_len++;
    weir_wire_watch(conn);
}

void weir_wire_unqueue(struct weir_wire_conn *conn)
{
    if (!conn->queued)
        return;
    conn->queued = false;
    TAILQ_REMOVE(&conn->server->queue, conn, in_queue);
    conn->server->queue_len--;
}

/* Half of a frame is there, or a block without its end. */
static bool has_begun(const struct weir_wire_conn *conn)
{
    return pravega_wire_inbox_pending(&conn->inbox) > 0 || weir_appends_block_open(conn);
}

static bool is_stuck(const struct weir_wire_conn *conn, int64_t now_ns)
{
    bool owes_rest = (!conn->paused && has_begun(conn)) || weir_appends_block_open(conn);

    return (owes_rest || conn->owed > 0) && now_ns - conn->moved_ns >= STUCK_NS;
}

static bool is_late(struct weir_wire_conn *conn, int64_t now_ns)
{
    if (!conn->paused && conn->state == WEIR_WIRE_SERVING && has_begun(conn))
        return weir_arrival_is_late(&conn->arrival, now_ns, conn->got_bytes);
    weir_arrival_end(&conn->arrival);
    return false;
}

/* Once a second while somebody waits, has begun something, or holds an area that was not needed of late. */
static void look(void *arg)
{
    struct weir_wire_server *server = arg;
    int64_t now_ns = weir_loop_now_ns(server->loop);
    bool again = server->queue_len > 0;

    for (struct weir_wire_conn *conn = server->conns; conn != NULL; conn = conn->next) {
        if (server->queue_len > 0 && is_stuck(conn, now_ns)) {
            server->stuck_count++;
            weir_wire_conn_break(conn, "others wait for the memory that it holds, and it has not moved for 10 s");
            continue;
        }
        if (is_late(conn, now_ns)) {
            server->late_count++;
            weir_wire_conn_break(conn, "what it has begun to send came with less than 30 KiB in 30 s");
            continue;
        }
        again |= conn->arrival.under_way;
        if (now_ns - conn->moved_ns >= LOOK_NS) {
            pravega_wire_inbox_rest(&conn->inbox);
            weir_wire_count(conn);
        } else {
            again = true;
        }
    }
    if (again)
        weir_timer_start(server->loop, &server->look, LOOK_NS);
}

void weir_wire_watch(struct weir_wire_conn *conn)
{
    if (!weir_timer_armed(&conn->server->look))
        weir_timer_start(conn->server->loop, &conn->server->look, LOOK_NS);
}

void weir_wire_moved(struct weir_wire_conn *conn)
{
    struct weir_wire_server *server = conn->server;

    conn->moved_ns = weir_loop_now_ns(server->loop);
    if (taken_up(server))
        pravega_wire_inbox_rest(&conn->inbox); /* at once, not in a second */
    weir_wire_count(conn);
    weir_wire_watch(conn);
}

/* --- Life --- */

bool weir_wire_admit(struct weir_wire_server *server, struct weir_conn *accepted)
{
    int64_t now_ns = weir_loop_now_ns(server->loop);

    if (server->conn_count < server->limits.connections_max)
        return true;
    if (server->refused_count++ == 0 || now_ns - server->refused_ns >= WEIR_NS_PER_S) {
        server->refused_ns = now_ns;
        weir_log_warn(weir_loop_log(server->loop), "store",
                      "refused the connection of %s: %" PRIu64 " are open, and no more are allowed (%" PRIu64
                      " refused so far)",
                      weir_conn_peer(accepted), server->conn_count, server->refused_count);
    }
    return false;
}

void weir_wire_bounds_init(struct weir_wire_server *server, const struct weir_wire_limits *limits)
{
    server->limits = *limits;
    if (server->limits.connections_max == 0)
        server->limits.connections_max = WEIR_STORE_CONNECTIONS_DEFAULT;
    if (server->limits.bytes_max == 0)
        server->limits.bytes_max = WEIR_STORE_CONNECTION_BYTES_DEFAULT;
    if (server->limits.bytes_max < 4 * (size_t)PRAVEGA_WIRE_FRAME_LEN_MAX)
        server->limits.bytes_max = 4 * (size_t)PRAVEGA_WIRE_FRAME_LEN_MAX; /* the longest frame has to fit */
    TAILQ_INIT(&server->queue);
    server->relief = (struct weir_deferred){.fn = relief, .arg = server};
    server->look = (struct weir_timer){.fn = look, .arg = server};
}

void weir_wire_bounds_fini(struct weir_wire_server *server)
{
    weir_deferred_cancel(server->loop, &server->relief);
    weir_timer_stop(server->loop, &server->look);
}
