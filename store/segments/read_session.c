/*
 * read_session.c - READ_SEGMENT: one job for each, answered when there is something to say.
 *
 *     READING --bytes, end, refusal--> SENDING (the data is lent to the outbox) --last byte gone--> freed
 *     READING --HOLD_NS without news--> an empty reply, freed
 *     READING --bytes, while too much is unsent--> PARKED (the bytes are let go) --replies have gone--> READING
 *     READING --its turn to fetch bytes, while too much is unsent--> PARKED
 *
 * A read at the tail is held until data comes; readers ask again after an empty reply.
 */
#include <stdlib.h>

#include "store/segments/wire_server_int.h"

#define READ_LEN_MIN 8
#define READ_LEN_MAX (2 * 1024 * 1024)
#define HOLD_NS (60 * WEIR_NS_PER_S)

#define GO_ON_AT_ONCE 4 /* reads that are taken up again in one turn */

struct weir_read_job {
    struct weir_wire_job job;   /* first */
    bool parked;                /* in the connection's list */
    struct weir_read_job *next; /* there */
    struct weir_segment_read read;
    struct weir_segment *seg;
    struct weir_timer hold;
    struct weir_wire_outbox_loan loan;
    int64_t request_id;
    uint8_t tail[PRAVEGA_WIRE_READ_TAIL_LEN];
};

static void read_job_free(struct weir_read_job *job)
{
    weir_segment_unref(job->seg);
    free(job);
}

static void unpark(struct weir_read_job *job)
{
    struct weir_wire_conn *conn = job->job.conn;
    struct weir_read_job **link = &conn->parked;

    while (*link != job)
        link = &(*link)->next;
    *link = job->next;
    if (conn->parked_tail == &job->next)
        conn->parked_tail = link;
    job->parked = false;
}

static void read_job_cancel(struct weir_wire_job *base)
{
    struct weir_read_job *job = (struct weir_read_job *)base;

    weir_timer_stop(base->conn->server->loop, &job->hold);
    if (job->parked)
        unpark(job);
    else
        weir_segment_read_cancel(&job->read);
    read_job_free(job);
}

static void loan_returned(struct weir_wire_outbox_loan *loan)
{
    struct weir_read_job *job = (struct weir_read_job *)((char *)loan - offsetof(struct weir_read_job, loan));

    weir_segment_read_release(&job->read);
    read_job_free(job);
}

/* A reply without data, encoded whole. */
static void reply_empty(struct weir_read_job *job, bool at_tail, bool end_of_segment)
{
    struct pravega_wire_segment_read reply = {.segment = weir_segment_name(job->seg),
                                              .offset = job->read.offset,
                                              .at_tail = at_tail,
                                              .end_of_segment = end_of_segment,
                                              .request_id = job->request_id};

    pravega_wire_encode_segment_read(weir_wire_reply(job->job.conn), &reply);
}

/* A reply whose data goes out from where it lies. The job lives on as the loan. */
static void reply_data(struct weir_read_job *job, bool at_tail, bool end_of_segment)
{
    struct weir_wire_conn *conn = job->job.conn;
    struct weir_buf *frames = weir_wire_reply(conn);
    struct pravega_wire_segment_read reply = {.segment = weir_segment_name(job->seg),
                                              .offset = job->read.offset,
                                              .at_tail = at_tail,
                                              .end_of_segment = end_of_segment,
                                              .data = job->read.data,
                                              .request_id = job->request_id};

    pravega_wire_segment_read_around(&reply, frames, job->tail);
    job->loan = (struct weir_wire_outbox_loan){.returned = loan_returned, .bytes = job->read.data};
    weir_wire_outbox_lend(&conn->outbox, &job->loan);
    weir_buf_append(frames, job->tail, sizeof(job->tail));
    weir_wire_count(conn);
}

static void reply_refused(struct weir_read_job *job)
{
    struct weir_wire_conn *conn = job->job.conn;
    struct weir_view segment = weir_segment_name(job->seg);

    switch (job->read.status) {
    case WEIR_E_TRUNCATED:
        pravega_wire_encode_segment_is_truncated(
            weir_wire_reply(conn), &(struct pravega_wire_segment_is_truncated){.request_id = job->request_id,
                                                                               .segment = segment,
                                                                               .start_offset = job->read.start_offset,
                                                                               .offset = job->read.offset});
        return;
    case WEIR_E_SEALED:
        pravega_wire_encode_segment_is_sealed(
            weir_wire_reply(conn), &(struct pravega_wire_segment_is_sealed){
                                       .request_id = job->request_id, .segment = segment, .offset = job->read.offset});
        return;
    default:
        weir_wire_conn_end(conn, job->read.status == WEIR_E_INVAL ? "it read beyond the end of a sealed segment"
                                                                  : weir_status_text(job->read.status));
        return;
    }
}

/* The bytes are read again when there is room for them: what waits to be sent to those who do not read is bounded. */
static void park(struct weir_read_job *job)
{
    struct weir_wire_conn *conn = job->job.conn;

    weir_segment_read_release(&job->read);
    job->parked = true;
    job->next = NULL;
    *conn->parked_tail = job;
    conn->parked_tail = &job->next;
}

static void begin_read(struct weir_read_job *job)
{
    weir_timer_start(job->job.conn->server->loop, &job->hold, HOLD_NS);
    weir_segment_read(job->seg, &job->read);
}

void weir_wire_reads_go_on(struct weir_wire_conn *conn)
{
    for (int left = GO_ON_AT_ONCE; left > 0 && conn->parked != NULL && conn->state == WEIR_WIRE_SERVING; left--) {
        struct weir_read_job *job = conn->parked;

        if (!weir_wire_may_reply(conn))
            return;
        unpark(job);
        begin_read(job);
    }
}

static struct weir_read_job *job_of(struct weir_segment_read *read)
{
    return (struct weir_read_job *)((char *)read - offsetof(struct weir_read_job, read));
}

/* Bytes that could not be sent are not worth the copy, or the read from the disk. */
static bool read_wanted(struct weir_segment_read *read)
{
    return weir_wire_may_reply(job_of(read)->job.conn);
}

static void read_done(struct weir_segment_read *read)
{
    struct weir_read_job *job = job_of(read);

    weir_timer_stop(job->job.conn->server->loop, &job->hold);
    if (read->status == WEIR_E_AGAIN && weir_wire_may_reply(job->job.conn)) {
        begin_read(job); /* replies have gone meanwhile, and nobody would take it up again */
        return;
    }
    if (read->status == WEIR_E_AGAIN) {
        park(job);
        return;
    }
    if (read->status == WEIR_OK && read->data.len > 0 && !weir_wire_may_reply(job->job.conn)) {
        park(job);
        return;
    }
    weir_wire_job_end(&job->job);
    if (read->status == WEIR_OK && read->data.len > 0) {
        /* As in Pravega, a read that got all that it asked for has not looked beyond it. */
        reply_data(job, read->at_tail && !read->end_of_segment && read->data.len < read->len_max, read->end_of_segment);
        return;
    }
    if (read->status == WEIR_OK)
        reply_empty(job, !read->end_of_segment, read->end_of_segment);
    else if (read->status == WEIR_E_NOT_FOUND) /* it was there when the read began: who asks again is told */
        reply_empty(job, true, false);
    else
        reply_refused(job);
    weir_segment_read_release(read);
    read_job_free(job);
}

static void hold_over(void *arg)
{
    struct weir_read_job *job = arg;

    weir_segment_read_cancel(&job->read);
    weir_wire_job_end(&job->job);
    reply_empty(job, true, false);
    read_job_free(job);
}

void weir_wire_read_segment(struct weir_wire_conn *conn, const struct pravega_wire_read_segment *cmd)
{
    struct weir_segment *seg = weir_segment_find(conn->server->ctr, cmd->segment);
    struct weir_read_job *job;
    int32_t len = cmd->suggested_len;

    if (seg == NULL) {
        pravega_wire_encode_no_such_segment(
            weir_wire_reply(conn), &(struct pravega_wire_no_such_segment){
                                       .request_id = cmd->request_id, .segment = cmd->segment, .offset = cmd->offset});
        return;
    }
    job = cmd->offset >= 0 ? calloc(1, sizeof(*job)) : NULL;
    if (job == NULL) {
        weir_segment_unref(seg);
        weir_wire_conn_end(conn, cmd->offset < 0 ? "it read at a negative offset" : "out of memory");
        return;
    }
    job->job.cancel = read_job_cancel;
    job->seg = seg;
    job->request_id = cmd->request_id;
    job->hold = (struct weir_timer){.fn = hold_over, .arg = job};
    len = len < READ_LEN_MIN ? READ_LEN_MIN : len;
    job->read = (struct weir_segment_read){.done = read_done,
                                           .wanted = read_wanted,
                                           .offset = cmd->offset,
                                           .len_max = (size_t)(len > READ_LEN_MAX ? READ_LEN_MAX : len),
                                           .wait = true};
    weir_wire_job_begin(conn, &job->job);
    begin_read(job);
}
