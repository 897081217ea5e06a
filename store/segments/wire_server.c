/*
 * wire_server.c - the segment store's side of the wire protocol: connections, and which command goes where.
 *
 * A connection reads frames in place, hands them on, and gathers what it has to say until the end of the turn. It stops
 * reading while too much of what it asked for is unfinished or not fetched (back-pressure reaches the peer's socket),
 * so its memory is bounded. Replies of different commands have no order; the acknowledgements of one writer do.
 */
#include "store/segments/wire_server.h"

#include <stdlib.h>

#include "base/log.h"
#include "store/segments/wire_server_int.h"

#define OUTBOX_FRAMES_MAX ((size_t)64 << 20)
#define READ_PER_TURN_MAX ((size_t)1 << 20)

static void wake(struct weir_wire_conn *conn)
{
    weir_loop_defer(conn->server->loop, &conn->turn_end);
}

struct weir_buf *weir_wire_reply(struct weir_wire_conn *conn)
{
    wake(conn);
    return &conn->outbox.frames;
}

void weir_wire_conn_end(struct weir_wire_conn *conn, const char *why)
{
    if (conn->state != WEIR_WIRE_SERVING)
        return;
    weir_log_info(weir_loop_log(conn->server->loop), "store", "closing the connection of %s: %s",
                  weir_conn_peer(conn->conn), why);
    conn->state = WEIR_WIRE_ENDING;
    weir_conn_want_read(conn->conn, false);
    wake(conn);
}

void weir_wire_conn_break(struct weir_wire_conn *conn, const char *why)
{
    weir_log_warn(weir_loop_log(conn->server->loop), "store", "closing the connection of %s: %s",
                  weir_conn_peer(conn->conn), why);
    conn->state = WEIR_WIRE_BROKEN;
    weir_conn_want_read(conn->conn, false);
    wake(conn);
}

static void conn_break(struct weir_wire_conn *conn)
{
    conn->state = WEIR_WIRE_BROKEN;
    weir_conn_want_read(conn->conn, false);
    wake(conn);
}

void weir_wire_job_begin(struct weir_wire_conn *conn, struct weir_wire_job *job)
{
    job->conn = conn;
    job->next = conn->jobs;
    job->link = &conn->jobs;
    if (job->next != NULL)
        job->next->link = &job->next;
    conn->jobs = job;
    conn->job_count++;
    conn->server->job_count++;
}

void weir_wire_job_end(struct weir_wire_job *job)
{
    *job->link = job->next;
    if (job->next != NULL)
        job->next->link = job->link;
    job->conn->job_count--;
    job->conn->server->job_count--;
    wake(job->conn); /* it may read again */
}

static void conn_free(struct weir_wire_conn *conn)
{
    struct weir_wire_server *server = conn->server;

    while (conn->jobs != NULL) {
        struct weir_wire_job *job = conn->jobs;

        weir_wire_job_end(job);
        job->cancel(job);
    }
    weir_appends_fini(conn);
    weir_wire_outbox_fini(&conn->outbox);
    weir_timer_stop(server->loop, &conn->token_end);
    pravega_wire_inbox_fini(&conn->inbox);
    conn->appends.waiting_bytes = 0;
    weir_wire_count(conn);
    weir_wire_unqueue(conn);
    weir_deferred_cancel(server->loop, &conn->turn_end);
    weir_conn_close(conn->conn);
    *conn->link = conn->next;
    if (conn->next != NULL)
        conn->next->link = conn->link;
    server->conn_count--;
    free(conn);
}

static void hello(struct weir_wire_conn *conn, const struct pravega_wire_hello *cmd)
{
    struct pravega_wire_hello mine = {PRAVEGA_WIRE_VERSION_HIGH, PRAVEGA_WIRE_VERSION_LOW};

    pravega_wire_encode_hello(weir_wire_reply(conn), &mine);
    if (cmd->low_version > mine.high_version || cmd->high_version < mine.low_version)
        weir_wire_conn_end(conn, "no common version of the wire protocol");
}

static bool is_append(enum pravega_wire_type type)
{
    return type == PRAVEGA_WIRE_SETUP_APPEND || type == PRAVEGA_WIRE_APPEND_BLOCK || type == PRAVEGA_WIRE_PADDING ||
           type == PRAVEGA_WIRE_PARTIAL_EVENT || type == PRAVEGA_WIRE_CONDITIONAL_APPEND ||
           type == PRAVEGA_WIRE_CONDITIONAL_BLOCK_END;
}

static void dispatch(struct weir_wire_conn *conn, const struct pravega_wire_command *cmd,
                     struct pravega_wire_area *area)
{
    struct pravega_wire_keep_alive echo = {};

    if (weir_appends_block_open(conn) && is_append(cmd->type)) {
        weir_wire_conn_end(conn, "an append block was not followed by its end");
        return;
    }
    if (conn->server->checks_tokens && !weir_wire_allowed(conn, cmd))
        return;
    switch (cmd->type) {
    case PRAVEGA_WIRE_APPEND_BLOCK_END:
        weir_wire_append_block_end(conn, &cmd->append_block_end);
        return;
    case PRAVEGA_WIRE_APPEND_BLOCK:
        weir_wire_append_block(conn, &cmd->append_block, area);
        return;
    case PRAVEGA_WIRE_READ_SEGMENT:
        weir_wire_read_segment(conn, &cmd->read_segment);
        return;
    case PRAVEGA_WIRE_SETUP_APPEND:
        weir_wire_setup_append(conn, &cmd->setup_append);
        return;
    case PRAVEGA_WIRE_CONDITIONAL_APPEND:
        weir_wire_conditional_append(conn, &cmd->conditional_append);
        return;
    case PRAVEGA_WIRE_CONDITIONAL_BLOCK_END:
        weir_wire_conditional_block_end(conn, &cmd->conditional_block_end);
        return;
    case PRAVEGA_WIRE_HELLO:
        hello(conn, &cmd->hello);
        return;
    case PRAVEGA_WIRE_KEEP_ALIVE:
        pravega_wire_encode_keep_alive(weir_wire_reply(conn), &echo);
        return;
    case PRAVEGA_WIRE_PADDING:
        return;
    default: /* the rest is about segments or tables as a whole, or nothing that a client sends */
        if (!weir_wire_segment_command(conn, cmd) && !weir_wire_table_command(conn, cmd))
            weir_wire_conn_end(conn, "it sent a command that is not a client's");
        return;
    }
}

/* With false, it pauses. */
static bool may_go_on(struct weir_wire_conn *conn)
{
    if (weir_wire_may_serve(conn, 1))
        return true;
    conn->paused = true;
    weir_conn_want_read(conn->conn, false);
    return false;
}

/* Serves the frames that are whole. False: the connection ended. */
static bool serve_frames(struct weir_wire_conn *conn)
{
    while (conn->state == WEIR_WIRE_SERVING) {
        struct pravega_wire_command cmd;
        struct pravega_wire_frame frame;
        bool in_block = weir_appends_block_open(conn);
        struct weir_error err = {0};
        enum weir_status status;

        if (!may_go_on(conn))
            return true;
        status = pravega_wire_inbox_next(&conn->inbox, &frame, &err);
        if (status == WEIR_E_AGAIN)
            return true;
        if (status == WEIR_OK)
            status = pravega_wire_decode(frame.type, frame.payload, &cmd, &err);
        if (status != WEIR_OK)
            weir_wire_conn_end(conn, err.message);
        else
            dispatch(conn, &cmd, frame.area);
        if (!in_block || !weir_appends_block_open(conn)) /* what comes in the midst of a block does not prolong it */
            weir_arrival_end(&conn->arrival);
    }
    return false;
}

static void receive(struct weir_wire_conn *conn)
{

    for (size_t taken = 0; taken < READ_PER_TURN_MAX && conn->state == WEIR_WIRE_SERVING && !conn->paused;) {
        size_t cap, got = 0;
        enum weir_status status;
        uint8_t *room;

        if (!may_go_on(conn)) /* there may be no room for the frame that is arriving */
            return;
        room = pravega_wire_inbox_room(&conn->inbox, &cap);
        if (room == NULL) {
            weir_wire_conn_end(conn, "out of memory");
            return;
        }
        status = weir_conn_read(conn->conn, room, cap, &got, NULL);
        if (status == WEIR_E_AGAIN)
            return;
        if (status != WEIR_OK) {
            conn_break(conn);
            return;
        }
        pravega_wire_inbox_filled(&conn->inbox, got);
        conn->got_bytes += got;
        taken += got;
        if (!serve_frames(conn) || got < cap)
            return;
    }
}

static void on_readable(void *arg)
{
    receive(arg);
    weir_wire_moved(arg);
}

static void on_writable(void *arg)
{
    struct weir_wire_conn *conn = arg;

    conn->waits_for_writable = false;
    wake(conn);
}

static void on_error(void *arg, const struct weir_error *why)
{
    (void)why;
    conn_break(arg);
}

static const struct weir_conn_handler handler = {
    .on_readable = on_readable, .on_writable = on_writable, .on_error = on_error};

static void unpause(struct weir_wire_conn *conn)
{
    if (!conn->paused || conn->state != WEIR_WIRE_SERVING || !weir_wire_may_serve(conn, 2))
        return;
    conn->paused = false;
    weir_wire_unqueue(conn);
    serve_frames(conn);
    if (!conn->paused && conn->state == WEIR_WIRE_SERVING) {
        weir_conn_want_read(conn->conn, true);
        weir_wire_watch(conn);
    }
}

static void turn_end(void *arg)
{
    struct weir_wire_conn *conn = arg;
    enum weir_status status = WEIR_OK;

    unpause(conn);
    weir_wire_reads_go_on(conn);
    weir_wire_tables_go_on(conn);
    weir_appends_flush_acks(conn);
    if (conn->outbox.frames.status != WEIR_OK)
        conn->state = WEIR_WIRE_BROKEN; /* a reply is missing: only a new connection can be right again */
    if (conn->state != WEIR_WIRE_BROKEN && !conn->waits_for_writable) {
        status = weir_wire_outbox_flush(&conn->outbox, conn->conn, NULL);
        conn->waits_for_writable = status == WEIR_E_AGAIN;
    }
    if (conn->state == WEIR_WIRE_BROKEN || (status != WEIR_OK && status != WEIR_E_AGAIN) ||
        (conn->state == WEIR_WIRE_ENDING && status == WEIR_OK && !conn->waits_for_writable)) {
        conn_free(conn);
        return;
    }
    weir_wire_count(conn);
    if (conn->queued)
        return; /* it is woken when others have let go */
    if (conn->owed == 0 && (conn->parked != NULL || (conn->table_waits != NULL && conn->table_bytes == 0)))
        wake(conn);
    if (conn->paused && weir_wire_may_serve(conn, 2))
        wake(conn); /* the flush made room: go on in the next turn */
}

static void on_accept(void *arg, struct weir_conn *accepted)
{
    struct weir_wire_server *server = arg;
    struct weir_wire_conn *conn = weir_wire_admit(server, accepted) ? calloc(1, sizeof(*conn)) : NULL;

    if (conn == NULL) {
        weir_conn_close(accepted);
        return;
    }
    conn->server = server;
    conn->conn = accepted;
    pravega_wire_inbox_init(&conn->inbox);
    weir_wire_outbox_init(&conn->outbox, OUTBOX_FRAMES_MAX);
    conn->turn_end = (struct weir_deferred){.fn = turn_end, .arg = conn};
    conn->parked_tail = &conn->parked;
    conn->table_waits_tail = &conn->table_waits;
    conn->moved_ns = weir_loop_now_ns(server->loop);
    conn->next = server->conns;
    conn->link = &server->conns;
    if (conn->next != NULL)
        conn->next->link = &conn->next;
    server->conns = conn;
    server->conn_count++;
    server->accepted_count++;
    weir_conn_set_handler(accepted, &handler, conn);
}

enum weir_status weir_wire_server_new(struct weir_loop *loop, struct weir_container *ctr, const struct weir_target *at,
                                      const struct weir_token_key *key, const struct weir_wire_limits *limits,
                                      struct weir_wire_server **out, struct weir_error *err)
{
    struct weir_wire_server *server = calloc(1, sizeof(*server));
    enum weir_status status;

    if (server == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for the segment service");
    server->loop = loop;
    server->ctr = ctr;
    server->checks_tokens = key != NULL;
    if (key != NULL)
        server->token_key = *key;
    weir_rng_init(&server->rng, weir_host_random(weir_loop_host(loop)));
    weir_wire_bounds_init(server, limits);
    status = weir_net_listen(loop, at, on_accept, server, &server->listener, err);
    if (status != WEIR_OK) {
        free(server);
        return status;
    }
    *out = server;
    return WEIR_OK;
}

void weir_wire_server_free(struct weir_wire_server *server)
{
    if (server == NULL)
        return;
    weir_listener_close(server->listener);
    while (server->conns != NULL)
        conn_free(server->conns);
    weir_wire_bounds_fini(server);
    free(server);
}

uint16_t weir_wire_server_port(const struct weir_wire_server *server)
{
    return weir_listener_port(server->listener);
}

void weir_wire_server_stats(const struct weir_wire_server *server, struct weir_wire_stats *out)
{
    *out = (struct weir_wire_stats){.connection_count = server->conn_count,
                                    .held_bytes = server->taken + server->owed,
                                    .held_bytes_max = server->held_max,
                                    .refused_count = server->refused_count,
                                    .stuck_count = server->stuck_count,
                                    .late_count = server->late_count,
                                    .accepted_count = server->accepted_count};
    for (const struct weir_wire_conn *conn = server->conns; conn != NULL; conn = conn->next) {
        out->paused_count += conn->paused;
        out->unsent_bytes += weir_wire_outbox_len(&conn->outbox);
        out->unacked_bytes += conn->appends.waiting_bytes;
    }
}
