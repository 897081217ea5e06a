/*
 * grpc_room.c - what the gRPC server's connections hold, together, and who is ended for it, or for what does not
 * arrive.
 *
 * What a request holds is counted into the room of all connections: its message as it comes, until it is answered, then
 * the answer, until its stream is over. An owner's requests whose connection has gone are counted until it answers: a
 * client that comes, asks and goes, again and again, must not pile them up.
 */
#include <inttypes.h>

#include "base/grpc_server_int.h"

void weir_grpc_watch(struct weir_grpc_server *server)
{
    if (!weir_timer_armed(&server->look))
        weir_timer_start(server->loop, &server->look, WEIR_ROOM_LOOK_NS);
}

void weir_grpc_count_conn(struct weir_grpc_server_conn *conn, size_t held)
{
    struct weir_grpc_server *server = conn->server;

    if (conn->held == 0 && held > 0)
        conn->moved_ns = weir_loop_now_ns(server->loop);
    weir_room_count(server->limits.room, &conn->held, held);
    if (held > 0)
        weir_grpc_watch(server);
}

void weir_grpc_count_request(struct weir_grpc_request *request, size_t held)
{
    size_t before = request->counted;

    request->counted = held;
    if (request->conn != NULL)
        weir_grpc_count_conn(request->conn, request->conn->held - before + held);
}

bool weir_grpc_fits(const struct weir_grpc_server_conn *conn, size_t more)
{
    return weir_room_fits(conn->server->limits.room, conn->held, more);
}

/* It has not moved, and it is its turn: not ours, as while a call is served. */
static bool is_stuck(struct weir_grpc_server_conn *conn, int64_t now_ns)
{
    const struct weir_grpc_request *request;
    uint64_t progress = weir_http2_progress(conn->h2);

    if (progress != conn->progress)
        conn->moved_ns = now_ns;
    conn->progress = progress;
    if (conn->held == 0 || now_ns - conn->moved_ns < WEIR_ROOM_STUCK_NS)
        return false;
    TAILQ_FOREACH (request, &conn->requests, entry) {
        if (request->open && (request->state == REQUEST_RECEIVING || request->state == REQUEST_ANSWERED))
            return true;
    }
    return conn->unsent > 0;
}

static void end_stuck(struct weir_grpc_server_conn *conn, int64_t now_ns)
{
    struct weir_grpc_server *server = conn->server;

    server->limits.room->stuck_count++;
    if (weir_log_turn(&server->stuck_ones, now_ns))
        weir_log_warn(weir_loop_log(server->loop), "grpc",
                      "connections are ended that hold memory which others need, and do not move: %" PRIu64 " so far",
                      server->limits.room->stuck_count);
    weir_grpc_conn_free(conn);
}

/* Headers that do not come whole hold up all that the connection sends, so it ends; a message only its own call. */
static bool ends_late(struct weir_grpc_server_conn *conn, int64_t now_ns)
{
    struct weir_grpc_request *request, *next;

    if (!conn->greeted)
        return weir_arrival_is_late(&conn->arrival, now_ns, 0);
    for (request = TAILQ_FIRST(&conn->requests); request != NULL; request = next) {
        next = TAILQ_NEXT(request, entry);
        if (request->state != REQUEST_RECEIVING ||
            !weir_arrival_is_late(&request->arrival, now_ns, request->inbox.message.len))
            continue;
        if (!request->has_headers)
            return true;
        conn->server->stats.late_count++;
        weir_grpc_refuse(request, WEIR_GRPC_DEADLINE_EXCEEDED, "the request did not arrive in time");
    }
    return false;
}

static void end_late(struct weir_grpc_server_conn *conn, int64_t now_ns)
{
    struct weir_grpc_server *server = conn->server;

    server->stats.late_count++;
    if (weir_log_turn(&server->late_ones, now_ns))
        weir_log_warn(weir_loop_log(server->loop), "grpc",
                      "connections are ended that begin something which does not arrive: %" PRIu64 " so far",
                      server->stats.late_count);
    weir_grpc_conn_free(conn);
}

/* Once a second while somebody holds something, or has not greeted. */
void weir_grpc_look(void *arg)
{
    struct weir_grpc_server *server = arg;
    int64_t now_ns = weir_loop_now_ns(server->loop);
    struct weir_grpc_server_conn *conn, *next;
    bool again = false;

    for (conn = TAILQ_FIRST(&server->conns); conn != NULL; conn = next) {
        next = TAILQ_NEXT(conn, entry);
        again |= conn->held > 0 || !conn->greeted;
        if (is_stuck(conn, now_ns) && weir_room_is_short(server->limits.room))
            end_stuck(conn, now_ns);
        else if (ends_late(conn, now_ns))
            end_late(conn, now_ns);
    }
    if (again)
        weir_timer_start(server->loop, &server->look, WEIR_ROOM_LOOK_NS);
}

/* Whoever has been without calls longest makes place; clients come again when they need to. False: all have calls. */
bool weir_grpc_make_place(struct weir_grpc_server *server)
{
    struct weir_grpc_server_conn *conn;

    if (server->limits.connection_max == 0 || server->stats.connection_count < server->limits.connection_max)
        return true;
    TAILQ_FOREACH (conn, &server->conns, entry) {
        if (TAILQ_EMPTY(&conn->requests) && conn->unsent == 0) {
            server->stats.displaced_count++;
            weir_grpc_conn_free(conn);
            return true;
        }
    }
    return false;
}
