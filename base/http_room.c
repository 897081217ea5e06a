/*
 * http_room.c - what the connections of an HTTP/1.1 server hold together: bodies until they are answered, answers until
 * they are fetched.
 *
 * A request that is being served outlives its connection when that breaks. It is counted until it is answered, and
 * while such orphans fill the room, nobody is let in: a client that asks and breaks off, again and again, must not pile
 * them up.
 */
#include "base/http_server_int.h"

void weir_http_room_count(struct weir_http_conn *conn)
{
    struct weir_http_server *server = conn->server;

    weir_room_count(server->options.room, &conn->held, weir_http_parser_held(conn->parser) + conn->out.cap);
    if (conn->held > 0 && !weir_timer_armed(&server->look))
        weir_timer_start(server->loop, &server->look, WEIR_ROOM_LOOK_NS);
}

void weir_http_room_moved(struct weir_http_conn *conn)
{
    conn->moved_ns = weir_loop_now_ns(conn->server->loop);
}

bool weir_http_room_fits(struct weir_http_conn *conn, size_t more)
{
    struct weir_room *room = conn->server->options.room;

    if (weir_room_fits(room, conn->held, more))
        return true;
    room->refused_count++;
    return false;
}

/* --- Orphans ------------------------------------------------------------------------------------------------------ */

void weir_http_room_leave(struct weir_http_conn *conn)
{
    struct weir_http_server *server = conn->server;
    struct weir_http_request *request = conn->request;

    weir_room_count(server->options.room, &conn->held, 0);
    if (conn->state != CONN_SERVING)
        return;
    request->conn = NULL;
    request->counted = weir_http_parser_held(request->parser);
    TAILQ_INSERT_TAIL(&server->orphans, request, orphan);
    weir_room_count(server->options.room, &server->orphans_held, server->orphans_held + request->counted);
}

void weir_http_room_forget(struct weir_http_request *request)
{
    struct weir_http_server *server = request->server;

    if (server == NULL)
        return;
    TAILQ_REMOVE(&server->orphans, request, orphan);
    weir_room_count(server->options.room, &server->orphans_held, server->orphans_held - request->counted);
    request->server = NULL;
}

/* --- Who does not move -------------------------------------------------------------------------------------------- */

/* It is its turn, and it has not moved. */
static bool is_stuck(const struct weir_http_conn *conn, int64_t now_ns)
{
    bool is_its_turn = conn->state == CONN_SENDING || conn->state == CONN_LINGERING ||
                       (conn->state == CONN_READING && weir_http_parser_begun(conn->parser));

    return is_its_turn && conn->held > 0 && now_ns - conn->moved_ns >= WEIR_ROOM_STUCK_NS;
}

static void end_stuck(struct weir_http_conn *conn, int64_t now_ns)
{
    struct weir_http_server *server = conn->server;

    server->options.room->stuck_count++;
    if (weir_log_turn(&server->stuck_ones, now_ns))
        weir_log_warn(weir_loop_log(server->loop), "http",
                      "connections are ended that hold memory which others need, and do not move: %llu so far",
                      (unsigned long long)server->options.room->stuck_count);
    weir_http_conn_free(conn);
}

/* Once a second while somebody holds something. */
static void on_look(void *arg)
{
    struct weir_http_server *server = arg;
    int64_t now_ns = weir_loop_now_ns(server->loop);
    struct weir_http_conn *conn, *next;
    bool again = false;

    for (conn = TAILQ_FIRST(&server->conns); conn != NULL; conn = next) {
        next = TAILQ_NEXT(conn, entry);
        again |= conn->held > 0;
        if (is_stuck(conn, now_ns) && weir_room_is_short(server->options.room))
            end_stuck(conn, now_ns);
    }
    if (again)
        weir_timer_start(server->loop, &server->look, WEIR_ROOM_LOOK_NS);
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

void weir_http_room_begin(struct weir_http_server *server)
{
    server->boundless.bytes_max = UINT64_MAX;
    if (server->options.room == NULL)
        server->options.room = &server->boundless;
    server->look = (struct weir_timer){.fn = on_look, .arg = server};
    TAILQ_INIT(&server->orphans);
}

void weir_http_room_end(struct weir_http_server *server)
{
    while (!TAILQ_EMPTY(&server->orphans)) /* their owners answer to nobody */
        weir_http_room_forget(TAILQ_FIRST(&server->orphans));
    weir_timer_stop(server->loop, &server->look);
}
