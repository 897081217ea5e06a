/*
 * connection.c - one connection to a segment store.
 *
 *     CONNECTING --on_open--> OPEN --error, silence, bad frame, fail()--> DOWN (freed at the end of the turn's
 * dispatch)
 *
 * What is to be sent is a queue of pieces: commands that are copied, and blocks that are lent. A piece leaves the queue
 * when the network has taken it. A connection goes down in the deferred phase of a turn, never within a call of its
 * users.
 */
#include "pravega/connection.h"

#include <assert.h>
#include <stdlib.h>

#include "pravega/connection_int.h"

#define CONNECT_TIMEOUT_NS (5 * WEIR_NS_PER_S)
#define KEEP_ALIVE_FIRST_NS (20 * WEIR_NS_PER_S)
#define KEEP_ALIVE_NEXT_NS (10 * WEIR_NS_PER_S)
#define SILENCE_MAX_NS (180 * WEIR_NS_PER_S)
#define IOV_MAX_COUNT 16
#define READS_PER_TURN 8

enum connection_state { CONNECTION_CONNECTING, CONNECTION_OPEN, CONNECTION_DOWN };

struct pravega_connection {
    struct weir_loop *loop;
    struct weir_conn *conn;
    const struct pravega_connection_owner *owner;
    void *owner_arg;
    enum connection_state state;
    bool greeted;   /* the store's HELLO has come */
    bool exclusive; /* its one flow wants it alone */
    bool in_use;    /* frames are being handed out: free() only marks it */
    bool freed;
    struct pravega_flow *flows;
    size_t flow_count;
    uint32_t next_flow;
    uint32_t round; /* of replies that go to all flows */
    uint64_t attach_count;
    struct pravega_wire_inbox inbox;
    struct weir_buf command; /* being encoded */
    struct pravega_piece_queue out;
    bool write_blocked; /* on_writable will come */
    int64_t received_ns;
    bool received_since_tick;
    struct weir_timer timer; /* connect timeout, then keep-alive */
    struct weir_deferred going_down;
    struct weir_error why;
};

static void destroy(struct pravega_connection *connection)
{
    weir_timer_stop(connection->loop, &connection->timer);
    weir_deferred_cancel(connection->loop, &connection->going_down);
    weir_conn_close(connection->conn);
    pravega_wire_inbox_fini(&connection->inbox);
    weir_buf_fini(&connection->command);
    pravega_pieces_fini(&connection->out);
    free(connection);
}

static void detach_all(struct pravega_connection *connection)
{
    while (connection->flows != NULL)
        pravega_connection_detach(connection->flows);
}

void pravega_connection_free(struct pravega_connection *connection)
{
    if (connection == NULL)
        return;
    detach_all(connection);
    connection->freed = true;
    if (!connection->in_use)
        destroy(connection);
}

/* Tells the owner, then the flows one by one: each may free anything but the connection, which is nobody's by now. */
static void go_down(void *arg)
{
    struct pravega_connection *connection = arg;

    connection->in_use = true;
    connection->owner->on_gone(connection->owner_arg, connection);
    while (connection->flows != NULL) {
        struct pravega_flow *flow = connection->flows;

        pravega_connection_detach(flow);
        flow->handler->on_down(flow->arg, &connection->why);
    }
    destroy(connection);
}

void pravega_connection_fail(struct pravega_connection *connection, const struct weir_error *why)
{
    if (connection->state == CONNECTION_DOWN || connection->freed)
        return;
    connection->state = CONNECTION_DOWN;
    connection->why = *why;
    weir_timer_stop(connection->loop, &connection->timer);
    weir_loop_defer(connection->loop, &connection->going_down);
}

static void fail_with(struct pravega_connection *connection, enum weir_status status, const char *what)
{
    struct weir_error why = {0};

    weir_fail(&why, status, "segment store %s %s",
              connection->conn != NULL ? weir_conn_peer(connection->conn) : "connection", what);
    pravega_connection_fail(connection, &why);
}

/* ---- sending ---- */

static void write_out(struct pravega_connection *connection)
{
    struct iovec iov[IOV_MAX_COUNT];
    int count;

    if (connection->state != CONNECTION_OPEN || connection->write_blocked)
        return;
    while ((count = pravega_pieces_iov(&connection->out, iov, IOV_MAX_COUNT)) > 0) {
        struct weir_error why = {0};
        size_t want = 0, taken = 0;
        enum weir_status status = weir_conn_writev(connection->conn, iov, count, &taken, &why);

        if (status != WEIR_OK) {
            pravega_connection_fail(connection, &why);
            return;
        }
        for (int i = 0; i < count; i++)
            want += iov[i].iov_len;
        pravega_pieces_take(&connection->out, taken);
        if (taken < want) {
            connection->write_blocked = true;
            return;
        }
    }
}

struct weir_buf *pravega_connection_begin(struct pravega_connection *connection)
{
    weir_buf_reset(&connection->command);
    return &connection->command;
}

static void queue_command(struct pravega_connection *connection)
{
    if (connection->command.status != WEIR_OK ||
        !pravega_pieces_copy(&connection->out, weir_buf_view(&connection->command)))
        fail_with(connection, WEIR_E_NOMEM, "could not be sent a command: out of memory, or a name is too long");
}

void pravega_connection_send(struct pravega_connection *connection)
{
    if (connection->state == CONNECTION_DOWN)
        return;
    queue_command(connection);
    write_out(connection);
}

void pravega_connection_lend(struct pravega_connection *connection, struct weir_view bytes)
{
    if (connection->state == CONNECTION_DOWN)
        return;
    if (!pravega_pieces_lend(&connection->out, bytes))
        fail_with(connection, WEIR_E_NOMEM, "could not be sent a block: out of memory");
    write_out(connection);
}

uint64_t pravega_connection_queued_count(const struct pravega_connection *connection)
{
    return connection->out.queued_count;
}

uint64_t pravega_connection_written_count(const struct pravega_connection *connection)
{
    return connection->out.written_count;
}

/* ---- receiving ---- */

static void take_hello(struct pravega_connection *connection, const struct pravega_wire_hello *hello)
{
    connection->greeted = true;
    if (hello->low_version > PRAVEGA_WIRE_VERSION_HIGH || hello->high_version < PRAVEGA_WIRE_VERSION_LOW) {
        struct weir_error why = {0};

        weir_fail(&why, WEIR_E_UNSUPPORTED, "segment store %s speaks wire versions %d to %d, this client %d to %d",
                  weir_conn_peer(connection->conn), (int)hello->low_version, (int)hello->high_version,
                  PRAVEGA_WIRE_VERSION_LOW, PRAVEGA_WIRE_VERSION_HIGH);
        pravega_connection_fail(connection, &why);
    }
}

/*
 * An exclusive connection has one flow to answer, whatever id the reply has; but a reply to a flow that had the
 * connection before is nobody's any more. Success that nobody awaits is dropped.
 */
static struct pravega_flow *flow_of(struct pravega_connection *connection, int64_t request_id)
{
    if (connection->exclusive && request_id <= 0)
        return connection->flows;
    for (struct pravega_flow *flow = connection->flows; flow != NULL; flow = flow->next)
        if (flow->request_id >> 32 == request_id >> 32)
            return flow;
    return NULL;
}

/*
 * Servers put a read's offset where this reply's request id belongs, so that it cannot be told whose it is: all hear
 * it. A flow may end itself and others meanwhile, so each is marked when it is told, and the search starts again.
 */
static void answer_all(struct pravega_connection *connection, const struct pravega_wire_command *reply,
                       const struct pravega_wire_frame *frame)
{
    uint32_t round = ++connection->round;
    struct pravega_flow *flow = connection->flows;

    while (flow != NULL && connection->state == CONNECTION_OPEN && !connection->freed) {
        if (flow->told_round == round) {
            flow = flow->next;
            continue;
        }
        flow->told_round = round;
        flow->handler->on_reply(flow->arg, reply, frame);
        flow = connection->flows;
    }
}

static void dispatch(struct pravega_connection *connection, const struct pravega_wire_frame *frame)
{
    struct pravega_wire_command reply;
    struct weir_error why = {0};
    struct pravega_flow *flow;

    if (pravega_wire_decode(frame->type, frame->payload, &reply, &why) != WEIR_OK ||
        !pravega_wire_sent_by_server(frame->type)) {
        if (why.status == WEIR_OK)
            weir_fail(&why, WEIR_E_PROTO, "segment store sent %s, which only clients send",
                      pravega_wire_name(frame->type));
        pravega_connection_fail(connection, &why);
        return;
    }
    if (reply.type == PRAVEGA_WIRE_HELLO) {
        take_hello(connection, &reply.hello);
    } else if (!connection->greeted) {
        fail_with(connection, WEIR_E_PROTO, "answered before its HELLO; is it one?");
    } else if (reply.type == PRAVEGA_WIRE_AUTH_TOKEN_CHECK_FAILED) {
        answer_all(connection, &reply, frame);
    } else if (reply.type != PRAVEGA_WIRE_KEEP_ALIVE) {
        flow = flow_of(connection, pravega_wire_request_id(&reply));
        if (flow != NULL)
            flow->handler->on_reply(flow->arg, &reply, frame);
    }
}

static void dispatch_frames(struct pravega_connection *connection)
{
    struct pravega_wire_frame frame;
    struct weir_error why = {0};
    enum weir_status status = WEIR_E_AGAIN;

    while (connection->state == CONNECTION_OPEN && !connection->freed &&
           (status = pravega_wire_inbox_next(&connection->inbox, &frame, &why)) == WEIR_OK)
        dispatch(connection, &frame);
    if (status != WEIR_OK && status != WEIR_E_AGAIN)
        pravega_connection_fail(connection, &why);
}

/* True if there may be more to read. */
static bool receive_once(struct pravega_connection *connection)
{
    struct weir_error why = {0};
    size_t cap, got = 0;
    uint8_t *room = pravega_wire_inbox_room(&connection->inbox, &cap);
    enum weir_status status;

    if (room == NULL) {
        fail_with(connection, WEIR_E_NOMEM, "sent more than there is memory for");
        return false;
    }
    status = weir_conn_read(connection->conn, room, cap, &got, &why);
    if (status == WEIR_E_AGAIN)
        return false;
    if (status != WEIR_OK) {
        if (why.status == WEIR_OK)
            weir_fail(&why, status, "segment store %s closed the connection", weir_conn_peer(connection->conn));
        pravega_connection_fail(connection, &why);
        return false;
    }
    pravega_wire_inbox_filled(&connection->inbox, got);
    connection->received_ns = weir_loop_now_ns(connection->loop);
    connection->received_since_tick = true;
    dispatch_frames(connection);
    return got == cap && connection->state == CONNECTION_OPEN && !connection->freed;
}

static void on_readable(void *arg)
{
    struct pravega_connection *connection = arg;

    if (connection->state != CONNECTION_OPEN)
        return;
    connection->in_use = true;
    for (int i = 0; i < READS_PER_TURN && receive_once(connection); i++)
        ;
    connection->in_use = false;
    if (connection->freed)
        destroy(connection);
}

static void on_writable(void *arg)
{
    struct pravega_connection *connection = arg;

    connection->write_blocked = false;
    write_out(connection);
}

static void on_error(void *arg, const struct weir_error *why)
{
    pravega_connection_fail(arg, why);
}

static void on_open(void *arg)
{
    struct pravega_connection *connection = arg;

    if (connection->state != CONNECTION_CONNECTING)
        return;
    connection->state = CONNECTION_OPEN;
    connection->received_ns = weir_loop_now_ns(connection->loop);
    weir_timer_start(connection->loop, &connection->timer, KEEP_ALIVE_FIRST_NS);
    write_out(connection);
}

static const struct weir_conn_handler conn_handler = {on_open, on_readable, on_writable, on_error};

/* ---- time ---- */

static void on_timer(void *arg)
{
    struct pravega_connection *connection = arg;

    if (connection->state == CONNECTION_CONNECTING) {
        fail_with(connection, WEIR_E_TIMEOUT, "did not take the connection within 5 s");
        return;
    }
    if (connection->flow_count == 0) {
        connection->owner->on_gone(connection->owner_arg, connection);
        destroy(connection);
        return;
    }
    if (weir_loop_now_ns(connection->loop) - connection->received_ns >= SILENCE_MAX_NS) {
        fail_with(connection, WEIR_E_TIMEOUT, "has said nothing for 180 s");
        return;
    }
    weir_timer_start(connection->loop, &connection->timer, KEEP_ALIVE_NEXT_NS);
    if (!connection->received_since_tick && pravega_pieces_empty(&connection->out)) {
        pravega_wire_encode_keep_alive(pravega_connection_begin(connection), &(struct pravega_wire_keep_alive){});
        pravega_connection_send(connection);
    }
    connection->received_since_tick = false;
}

/* ---- life ---- */

enum weir_status pravega_connection_new(struct weir_loop *loop, const struct weir_target *target,
                                        const struct pravega_connection_owner *owner, void *arg,
                                        struct pravega_connection **out, struct weir_error *err)
{
    struct pravega_connection *connection = calloc(1, sizeof(*connection));
    enum weir_status status;

    if (connection == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a connection to segment store %s", target->host);
    connection->loop = loop;
    connection->owner = owner;
    connection->owner_arg = arg;
    connection->timer = (struct weir_timer){.fn = on_timer, .arg = connection};
    connection->going_down = (struct weir_deferred){.fn = go_down, .arg = connection};
    pravega_wire_inbox_init(&connection->inbox);
    weir_buf_init(&connection->command, PRAVEGA_WIRE_FRAME_LEN_MAX);
    pravega_pieces_init(&connection->out);
    status = weir_net_connect(loop, target, &conn_handler, connection, &connection->conn, err);
    if (status != WEIR_OK) {
        destroy(connection);
        return status;
    }
    weir_timer_start(loop, &connection->timer, CONNECT_TIMEOUT_NS);
    pravega_wire_encode_hello(pravega_connection_begin(connection),
                              &(struct pravega_wire_hello){PRAVEGA_WIRE_VERSION_HIGH, PRAVEGA_WIRE_VERSION_LOW});
    queue_command(connection);
    *out = connection;
    return WEIR_OK;
}

void pravega_connection_attach(struct pravega_connection *connection, struct pravega_flow *flow, bool exclusive)
{
    assert(flow->connection == NULL && !connection->exclusive && !(exclusive && connection->flow_count > 0));
    connection->exclusive = exclusive;
    connection->next_flow = connection->next_flow % INT32_MAX + 1; /* 1..INT32_MAX: a request id is never negative */
    connection->attach_count++;
    connection->flow_count++;
    flow->request_id = (int64_t)connection->next_flow << 32;
    flow->connection = connection;
    flow->told_round = connection->round;
    flow->next = connection->flows;
    flow->link = &connection->flows;
    if (flow->next != NULL)
        flow->next->link = &flow->next;
    connection->flows = flow;
}

void pravega_connection_detach(struct pravega_flow *flow)
{
    struct pravega_connection *connection = flow->connection;

    if (connection == NULL)
        return;
    *flow->link = flow->next;
    if (flow->next != NULL)
        flow->next->link = flow->link;
    flow->connection = NULL;
    connection->flow_count--;
    connection->exclusive = false;
}

size_t pravega_connection_flow_count(const struct pravega_connection *connection)
{
    return connection->flow_count;
}

bool pravega_connection_is_usable(const struct pravega_connection *connection)
{
    return connection->state != CONNECTION_DOWN && !connection->freed;
}

bool pravega_connection_is_exclusive(const struct pravega_connection *connection)
{
    return connection->exclusive;
}

uint64_t pravega_connection_attach_count(const struct pravega_connection *connection)
{
    return connection->attach_count;
}
