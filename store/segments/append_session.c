/*
 * append_session.c - the appending half of a connection.
 *
 * A *session* is one writer id on one connection, from its SETUP_APPEND on:
 *
 *     OPEN --an append is refused--> REFUSING --its outcome is told--> FAILED --SETUP_APPEND--> a new session
 *
 * What is pipelined behind a refused append is dropped from the moment of the refusal: were it stored, its number would
 * acknowledge the refused one. A conditional append that does not meet its offset is no such refusal.
 *
 * The container takes an append at once and tells its outcome when it is durable, in the order of the calls: what
 * reaches a session's outcomes is already in its writer's order. Plain acknowledgements of a turn are gathered: one
 * frame says the last number. Conditional appends are answered one by one.
 *
 * Appends of one writer id over two connections would fork its history: each append first looks whether the segment
 * still has the last number that this session knows.
 */
#include <stdlib.h>

#include "store/segments/wire_server_int.h"

#define SESSIONS_MAX 4096

enum session_state { SESSION_OPEN, SESSION_REFUSING, SESSION_FAILED };

struct weir_append_session {
    struct weir_uuid writer;
    enum session_state state;
    struct weir_segment *seg;
    uint32_t ref_count;    /* the connection's table, and each append under way */
    int64_t last_number;   /* the last one handed to the container, or the segment's at setup */
    int64_t last_received; /* the highest one seen on this connection */
    int64_t last_acked;
    /* The acknowledgement that leaves at the end of the turn. */
    bool ack_waits, listed; /* listed: in the connection's list of sessions to look at then */
    int64_t ack_number, ack_request_id, ack_offset;
    struct weir_append_session *next_unacked;
    struct weir_append_session *next; /* of its bucket */
};

/* One append, or the setup's look at the last number, until it is durable. */
struct append_job {
    struct weir_wire_job job; /* first */
    struct weir_store_op op;
    struct weir_append_session *session;
    int64_t event_number;
    int64_t request_id;
    size_t len;
    bool conditional;
};

static void session_unref(struct weir_append_session *session)
{
    if (--session->ref_count == 0) {
        weir_segment_unref(session->seg);
        free(session);
    }
}

static struct weir_append_session **bucket_of(struct weir_appends *appends, struct weir_uuid writer)
{
    return &appends->buckets[(writer.msb ^ writer.lsb ^ writer.lsb >> 32) % WEIR_SESSION_BUCKETS];
}

static struct weir_append_session *session_find(struct weir_appends *appends, struct weir_uuid writer)
{
    struct weir_append_session *session = appends->recent;

    if (session != NULL && weir_uuid_equal(session->writer, writer))
        return session;
    for (session = *bucket_of(appends, writer); session != NULL; session = session->next) {
        if (weir_uuid_equal(session->writer, writer)) {
            appends->recent = session;
            return session;
        }
    }
    return NULL;
}

static void session_forget(struct weir_appends *appends, struct weir_append_session *session)
{
    struct weir_append_session **link = bucket_of(appends, session->writer);

    while (*link != session)
        link = &(*link)->next;
    *link = session->next;
    if (appends->recent == session)
        appends->recent = NULL;
    appends->session_count--;
    session_unref(session);
}

static void session_flush_ack(struct weir_wire_conn *conn, struct weir_append_session *session)
{
    if (!session->ack_waits)
        return;
    session->ack_waits = false;
    pravega_wire_encode_data_appended(weir_wire_reply(conn),
                                      &(struct pravega_wire_data_appended){.writer_id = session->writer,
                                                                           .event_number = session->ack_number,
                                                                           .previous_event_number = session->last_acked,
                                                                           .request_id = session->ack_request_id,
                                                                           .write_offset = session->ack_offset});
    session->last_acked = session->ack_number;
}

void weir_appends_flush_acks(struct weir_wire_conn *conn)
{
    while (conn->appends.unacked != NULL) {
        struct weir_append_session *session = conn->appends.unacked;

        conn->appends.unacked = session->next_unacked;
        session->listed = false;
        session_flush_ack(conn, session);
        session_unref(session);
    }
}

/* Gathers one more plain acknowledgement; one of another request goes out first. */
static void session_ack(struct weir_wire_conn *conn, struct weir_append_session *session, const struct append_job *job)
{
    if (session->ack_waits && session->ack_request_id != job->request_id)
        session_flush_ack(conn, session);
    session->ack_waits = true;
    session->ack_number = job->event_number;
    session->ack_request_id = job->request_id;
    session->ack_offset = job->op.value;
    if (!session->listed) {
        session->listed = true;
        session->ref_count++;
        session->next_unacked = conn->appends.unacked;
        conn->appends.unacked = session;
        weir_wire_reply(conn); /* so that the turn's end comes */
    }
}

static void close_block(struct weir_appends *appends)
{
    pravega_wire_area_unref(appends->area);
    appends->area = NULL;
    appends->block = weir_view(NULL, 0);
}

void weir_appends_fini(struct weir_wire_conn *conn)
{
    struct weir_appends *appends = &conn->appends;

    while (appends->unacked != NULL) {
        struct weir_append_session *session = appends->unacked;

        appends->unacked = session->next_unacked;
        session_unref(session);
    }
    for (size_t i = 0; i < WEIR_SESSION_BUCKETS; i++) {
        while (appends->buckets[i] != NULL)
            session_forget(appends, appends->buckets[i]);
    }
    close_block(appends);
}

static void job_cancel(struct weir_wire_job *base)
{
    struct append_job *job = (struct append_job *)base;

    weir_store_op_cancel(&job->op);
    session_unref(job->session);
    free(job);
}

static struct append_job *job_new(struct weir_wire_conn *conn, struct weir_append_session *session,
                                  void (*done)(struct weir_store_op *op))
{
    struct append_job *job = calloc(1, sizeof(*job));

    if (job == NULL) {
        weir_wire_conn_end(conn, "out of memory");
        return NULL;
    }
    job->job.cancel = job_cancel;
    job->op.done = done;
    job->session = session;
    session->ref_count++;
    weir_wire_job_begin(conn, &job->job);
    return job;
}

static struct append_job *job_of(struct weir_store_op *op)
{
    return (struct append_job *)((char *)op - offsetof(struct append_job, op));
}

static void job_free(struct append_job *job)
{
    weir_wire_job_end(&job->job);
    session_unref(job->session);
    free(job);
}

static void setup_done(struct weir_store_op *op)
{
    struct append_job *job = job_of(op);
    struct weir_append_session *session = job->session;

    weir_appends_flush_acks(job->job.conn); /* what an earlier session of this writer gathered belongs before it */
    if (op->status != WEIR_OK)
        weir_wire_conn_end(job->job.conn, weir_status_text(op->status));
    else
        pravega_wire_encode_append_setup(weir_wire_reply(job->job.conn),
                                         &(struct pravega_wire_append_setup){.request_id = job->request_id,
                                                                             .segment = weir_segment_name(session->seg),
                                                                             .writer_id = session->writer,
                                                                             .last_event_number = job->event_number});
    job_free(job);
}

void weir_wire_setup_append(struct weir_wire_conn *conn, const struct pravega_wire_setup_append *cmd)
{
    struct weir_appends *appends = &conn->appends;
    struct weir_segment *seg = weir_segment_find(conn->server->ctr, cmd->segment);
    struct weir_append_session *session = session_find(appends, cmd->writer_id);
    struct weir_table_info table;
    struct append_job *job;

    if (session != NULL) /* also if there is no other one to come: what is sent next is not for the old segment */
        session_forget(appends, session);
    if (seg == NULL) {
        pravega_wire_encode_no_such_segment(weir_wire_reply(conn),
                                            &(struct pravega_wire_no_such_segment){
                                                .request_id = cmd->request_id, .segment = cmd->segment, .offset = -1});
        return;
    }
    if (weir_table_info(seg, &table)) {
        weir_segment_unref(seg);
        weir_wire_conn_end(conn, "it wanted to append to a table");
        return;
    }
    session = appends->session_count < SESSIONS_MAX ? calloc(1, sizeof(*session)) : NULL;
    if (session == NULL) {
        weir_segment_unref(seg);
        weir_wire_conn_end(conn, "too many writers on one connection");
        return;
    }
    session->writer = cmd->writer_id;
    session->seg = seg;
    session->ref_count = 1;
    session->last_number = session->last_acked = weir_segment_attribute(seg, cmd->writer_id);
    session->next = *bucket_of(appends, cmd->writer_id);
    *bucket_of(appends, cmd->writer_id) = session;
    appends->session_count++;
    /* The number is an acknowledgement: it may leave only when what it rests on is durable. */
    job = job_new(conn, session, setup_done);
    if (job == NULL)
        return;
    job->request_id = cmd->request_id;
    job->event_number = session->last_number;
    weir_container_barrier(conn->server->ctr, &job->op);
}

/* Tells why an append failed, and forgets the writer. */
static void refuse(struct append_job *job)
{
    struct weir_append_session *session = job->session;
    struct weir_wire_conn *conn = job->job.conn;
    struct weir_view segment = weir_segment_name(session->seg);

    session->state = SESSION_FAILED;
    switch (job->op.status) {
    case WEIR_E_SEALED:
        pravega_wire_encode_segment_is_sealed(
            weir_wire_reply(conn), &(struct pravega_wire_segment_is_sealed){
                                       .request_id = job->request_id, .segment = segment, .offset = job->event_number});
        return;
    case WEIR_E_NOT_FOUND:
        pravega_wire_encode_no_such_segment(
            weir_wire_reply(conn),
            &(struct pravega_wire_no_such_segment){.request_id = job->request_id, .segment = segment, .offset = -1});
        return;
    case WEIR_E_EXISTS:
        pravega_wire_encode_invalid_event_number(
            weir_wire_reply(conn), &(struct pravega_wire_invalid_event_number){.writer_id = session->writer,
                                                                               .request_id = job->request_id,
                                                                               .event_number = job->event_number});
        weir_wire_conn_end(conn, "its writer id was used on another connection");
        return;
    default:
        weir_wire_conn_end(conn, weir_status_text(job->op.status));
        return;
    }
}

static void append_done(struct weir_store_op *op)
{
    struct append_job *job = job_of(op);
    struct weir_append_session *session = job->session;
    struct weir_wire_conn *conn = job->job.conn;

    conn->appends.waiting_bytes -= job->len;
    if (session->state == SESSION_FAILED) {
        job_free(job); /* behind a refused one: the writer knows */
        return;
    }
    if (op->status == WEIR_OK && !job->conditional) {
        session_ack(conn, session, job);
        job_free(job);
        return;
    }
    session_flush_ack(conn, session);
    if (op->status == WEIR_OK) {
        session_ack(conn, session, job);
        session_flush_ack(conn, session);
    } else if (op->status == WEIR_E_CONFLICT) {
        pravega_wire_encode_conditional_check_failed(
            weir_wire_reply(conn), &(struct pravega_wire_conditional_check_failed){.writer_id = session->writer,
                                                                                   .event_number = job->event_number,
                                                                                   .request_id = job->request_id});
    } else {
        refuse(job);
    }
    job_free(job);
}

/* Another connection appended under this writer's id, so nobody knows what this one still has to send. */
static void refuse_forked(struct weir_wire_conn *conn, struct weir_append_session *session, int64_t event_number,
                          int64_t request_id)
{
    session->state = SESSION_FAILED;
    session_flush_ack(conn, session);
    pravega_wire_encode_invalid_event_number(weir_wire_reply(conn),
                                             &(struct pravega_wire_invalid_event_number){.writer_id = session->writer,
                                                                                         .request_id = request_id,
                                                                                         .event_number = event_number});
    weir_wire_conn_end(conn, "its writer id was used on another connection");
}

/* Hands an append to the container. Its bytes are copied there. */
static void submit(struct weir_wire_conn *conn, struct weir_append_session *session, const struct weir_append *append,
                   size_t len, int64_t request_id)
{
    struct append_job *job;
    int64_t stored = weir_segment_attribute(session->seg, session->writer);

    if (stored != session->last_number && stored != WEIR_ATTRIBUTE_NONE) {
        refuse_forked(conn, session, append->event_number, request_id);
        return;
    }
    job = job_new(conn, session, append_done);
    if (job == NULL)
        return;
    job->event_number = append->event_number;
    job->request_id = request_id;
    job->len = len;
    job->conditional = append->expected_offset != WEIR_APPEND_ANYWHERE;
    conn->appends.waiting_bytes += len;
    weir_segment_append(session->seg, append, &job->op);
    if (job->op.status == WEIR_OK)
        session->last_number = append->event_number;
    else if (job->op.status != WEIR_E_CONFLICT)
        session->state = SESSION_REFUSING;
}

/* The session that may append `number` now; NULL if there is nothing to do: it failed, the number is old, or the
 * connection ended. */
static struct weir_append_session *session_for(struct weir_wire_conn *conn, struct weir_uuid writer, int64_t number)
{
    struct weir_append_session *session = session_find(&conn->appends, writer);

    if (session == NULL) {
        weir_wire_conn_end(conn, "it appended without SETUP_APPEND");
        return NULL;
    }
    if (session->state != SESSION_OPEN)
        return NULL;
    if (number < session->last_received) {
        weir_wire_conn_end(conn, "event numbers of a writer went backwards");
        return NULL;
    }
    session->last_received = number;
    /* Stored already: APPEND_SETUP or an acknowledgement has said so. It must not be stored twice. */
    return number <= session->last_number ? NULL : session;
}

void weir_wire_append_block(struct weir_wire_conn *conn, const struct pravega_wire_append_block *cmd,
                            struct pravega_wire_area *area)
{
    if (session_find(&conn->appends, cmd->writer_id) == NULL) {
        weir_wire_conn_end(conn, "it began an append block without SETUP_APPEND");
        return;
    }
    conn->appends.block_writer = cmd->writer_id;
    conn->appends.block = cmd->data;
    conn->appends.area = pravega_wire_area_ref(area);
}

static void append_parts(struct weir_wire_conn *conn, const struct pravega_wire_append_block_end *cmd,
                         const struct weir_view *parts)
{
    struct weir_append_session *session = session_for(conn, cmd->writer_id, cmd->last_event_number);
    struct iovec iov[PRAVEGA_WIRE_APPEND_PARTS];
    struct weir_append append = {.writer = cmd->writer_id,
                                 .event_number = cmd->last_event_number,
                                 .event_count = cmd->event_count,
                                 .expected_offset = WEIR_APPEND_ANYWHERE,
                                 .iov = iov};
    size_t len = 0;

    if (session == NULL)
        return;
    for (int i = 0; i < PRAVEGA_WIRE_APPEND_PARTS; i++) {
        if (parts[i].len == 0)
            continue;
        iov[append.iov_count++] = (struct iovec){(void *)(uintptr_t)parts[i].ptr, parts[i].len};
        len += parts[i].len;
    }
    submit(conn, session, &append, len, cmd->request_id);
}

void weir_wire_append_block_end(struct weir_wire_conn *conn, const struct pravega_wire_append_block_end *cmd)
{
    struct weir_appends *appends = &conn->appends;
    struct pravega_wire_append_block block = {appends->block_writer, appends->block};
    bool has_block = weir_appends_block_open(conn);
    struct weir_view parts[PRAVEGA_WIRE_APPEND_PARTS];
    struct weir_error err = {0};

    if (has_block && !weir_uuid_equal(appends->block_writer, cmd->writer_id))
        weir_wire_conn_end(conn, "an append block was ended by another writer");
    else if (cmd->event_count <= 0)
        weir_wire_conn_end(conn, "it appended without events");
    else if (pravega_wire_append_parts(has_block ? &block : NULL, cmd, parts, &err) != WEIR_OK)
        weir_wire_conn_end(conn, err.message);
    else
        append_parts(conn, cmd, parts);
    close_block(appends);
}

static void conditional(struct weir_wire_conn *conn, struct weir_uuid writer, int64_t number, int64_t expected_offset,
                        struct weir_view bytes, int64_t request_id)
{
    struct weir_append_session *session = session_find(&conn->appends, writer);
    struct iovec iov = {(void *)(uintptr_t)bytes.ptr, bytes.len};
    struct weir_append append = {.writer = writer,
                                 .event_number = number,
                                 .event_count = 1,
                                 /* a negative one is no condition, upstream */
                                 .expected_offset = expected_offset >= 0 ? expected_offset : WEIR_APPEND_ANYWHERE,
                                 .iov = &iov,
                                 .iov_count = 1};

    /* Its writer waits for an answer to this very number, so an old one cannot be passed over in silence. */
    if (session != NULL && session->state == SESSION_OPEN && number <= session->last_number) {
        refuse_forked(conn, session, number, request_id);
        return;
    }
    session = session_for(conn, writer, number);
    if (session != NULL)
        submit(conn, session, &append, bytes.len, request_id);
}

void weir_wire_conditional_append(struct weir_wire_conn *conn, const struct pravega_wire_conditional_append *cmd)
{
    /* What is stored is the event with its header, which stands right before it in the frame. */
    struct weir_view framed = weir_view(cmd->event.ptr - 8, cmd->event.len + 8);

    conditional(conn, cmd->writer_id, cmd->event_number, cmd->expected_offset, framed, cmd->request_id);
}

void weir_wire_conditional_block_end(struct weir_wire_conn *conn, const struct pravega_wire_conditional_block_end *cmd)
{
    conditional(conn, cmd->writer_id, cmd->event_number, cmd->expected_offset, cmd->data, cmd->request_id);
}
