/*
 * segment_ops.c - the commands that ask about a segment or change one as a whole.
 *
 * Each becomes one job: what a query says is fixed at once and leaves after a barrier, a change is told when it is
 * durable. `finish` turns the outcome into the reply; the names that a reply repeats are copied behind the job.
 */
#include <stdlib.h>

#include "store/segments/segment_job.h"

static void job_free(struct weir_segment_job *job)
{
    weir_buf_fini(&job->items);
    free(job->changes);
    free(job);
}

static void job_cancel(struct weir_wire_job *base)
{
    struct weir_segment_job *job = (struct weir_segment_job *)base;

    weir_store_op_cancel(&job->op);
    job_free(job);
}

static void job_done(struct weir_store_op *op)
{
    struct weir_segment_job *job = (struct weir_segment_job *)((char *)op - offsetof(struct weir_segment_job, op));
    struct weir_wire_conn *conn = job->job.conn;

    conn->table_bytes -= job->held_bytes;
    weir_wire_job_end(&job->job);
    job->finish(job, weir_wire_reply(conn));
    job_free(job);
}

struct weir_segment_job *weir_segment_job_new(struct weir_wire_conn *conn, int64_t request_id, struct weir_view segment,
                                              struct weir_view source,
                                              void (*finish)(struct weir_segment_job *, struct weir_buf *))
{
    struct weir_segment_job *job = calloc(1, sizeof(*job) + segment.len + source.len);

    if (job == NULL) {
        weir_wire_conn_end(conn, "out of memory");
        return NULL;
    }
    if (segment.len > 0)
        memcpy(job->names, segment.ptr, segment.len);
    if (source.len > 0)
        memcpy(job->names + segment.len, source.ptr, source.len);
    job->segment = weir_view(job->names, segment.len);
    job->source = weir_view(job->names + segment.len, source.len);
    job->request_id = request_id;
    job->finish = finish;
    job->job.cancel = job_cancel;
    job->op.done = job_done;
    weir_buf_init(&job->items, PRAVEGA_WIRE_FRAME_LEN_MAX);
    weir_wire_job_begin(conn, &job->job);
    return job;
}

void weir_segment_job_drop(struct weir_segment_job *job)
{
    weir_wire_job_end(&job->job);
    job_free(job);
}

void weir_segment_reply_missing(struct weir_wire_conn *conn, int64_t request_id, struct weir_view segment,
                                int64_t offset)
{
    pravega_wire_encode_no_such_segment(
        weir_wire_reply(conn),
        &(struct pravega_wire_no_such_segment){.request_id = request_id, .segment = segment, .offset = offset});
}

void weir_segment_finish_refused(struct weir_segment_job *job, struct weir_buf *out)
{
    switch (job->op.status) {
    case WEIR_E_NOT_FOUND:
        weir_segment_reply_missing(job->job.conn, job->request_id, job->segment, -1);
        return;
    case WEIR_E_SEALED:
        pravega_wire_encode_segment_is_sealed(
            out, &(struct pravega_wire_segment_is_sealed){
                     .request_id = job->request_id, .segment = job->segment, .offset = -1});
        return;
    case WEIR_E_EXISTS:
        pravega_wire_encode_segment_already_exists(
            out, &(struct pravega_wire_segment_already_exists){.request_id = job->request_id, .segment = job->segment});
        return;
    default:
        weir_wire_conn_end(job->job.conn, weir_status_text(job->op.status));
        return;
    }
}

/* --- Queries ---------------------------------------------------------------------------------------------------- */

static void finish_info(struct weir_segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK) {
        weir_segment_finish_refused(job, out);
        return;
    }
    pravega_wire_encode_stream_segment_info(
        out, &(struct pravega_wire_stream_segment_info){.request_id = job->request_id,
                                                        .segment = job->segment,
                                                        .exists = true,
                                                        .is_sealed = job->info.sealed,
                                                        .is_deleted = job->info.deleted,
                                                        .last_modified_ms = job->info.last_modified_ms,
                                                        .write_offset = job->info.length,
                                                        .start_offset = job->info.start_offset});
}

static void get_info(struct weir_wire_conn *conn, const struct pravega_wire_get_stream_segment_info *cmd)
{
    struct weir_segment *seg = weir_segment_peek(conn->server->ctr, cmd->segment);
    struct weir_segment_job *job;

    if (seg == NULL) {
        weir_segment_reply_missing(conn, cmd->request_id, cmd->segment, -1);
        return;
    }
    job = weir_segment_job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_info);
    if (job == NULL)
        return;
    weir_segment_info(seg, &job->info);
    weir_container_barrier(conn->server->ctr, &job->op);
}

static void finish_attribute(struct weir_segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK)
        weir_segment_finish_refused(job, out);
    else
        pravega_wire_encode_segment_attribute(
            out, &(struct pravega_wire_segment_attribute){.request_id = job->request_id, .value = job->value});
}

/* As upstream shows it: no count of events before the first one, and a segment's type even if it has none. */
static int64_t attribute_of(const struct weir_segment *seg, struct weir_uuid id)
{
    int64_t value = weir_segment_attribute(seg, id);

    if (weir_uuid_equal(id, WEIR_ATTRIBUTE_EVENT_COUNT))
        return value == 0 ? WEIR_ATTRIBUTE_NONE : value;
    return value == WEIR_ATTRIBUTE_NONE && weir_uuid_equal(id, WEIR_ATTRIBUTE_SEGMENT_TYPE) ? 0 : value;
}

static void get_attribute(struct weir_wire_conn *conn, const struct pravega_wire_get_segment_attribute *cmd)
{
    struct weir_segment *seg = weir_segment_peek(conn->server->ctr, cmd->segment);
    struct weir_segment_job *job;

    if (seg == NULL) {
        weir_segment_reply_missing(conn, cmd->request_id, cmd->segment, -1);
        return;
    }
    job = weir_segment_job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_attribute);
    if (job == NULL)
        return;
    job->value = attribute_of(seg, cmd->attribute_id);
    weir_container_barrier(conn->server->ctr, &job->op);
}

/* --- Changes of one segment ------------------------------------------------------------------------------------- */

static void finish_attribute_updated(struct weir_segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK && job->op.status != WEIR_E_CONFLICT) {
        weir_segment_finish_refused(job, out);
        return;
    }
    pravega_wire_encode_segment_attribute_updated(
        out, &(struct pravega_wire_segment_attribute_updated){.request_id = job->request_id,
                                                              .success = job->op.status == WEIR_OK});
}

/* What the container has to find. Core attributes are compared as they are shown, and one that is not there is never
 * replaced, as upstream, where "not there" is a value of other attributes only. */
static int64_t expected_of(struct weir_container *ctr, const struct pravega_wire_update_segment_attribute *cmd)
{
    const struct weir_segment *seg = weir_segment_peek(ctr, cmd->segment);
    int64_t shown, stored;

    if (seg == NULL || cmd->attribute_id.msb != WEIR_ATTRIBUTE_CORE_MSB)
        return cmd->expected_value;
    shown = attribute_of(seg, cmd->attribute_id);
    stored = weir_segment_attribute(seg, cmd->attribute_id);
    return shown != WEIR_ATTRIBUTE_NONE && shown == cmd->expected_value ? stored : stored ^ 1;
}

static void update_attribute(struct weir_wire_conn *conn, const struct pravega_wire_update_segment_attribute *cmd)
{
    struct weir_attribute_update update = {.id = cmd->attribute_id,
                                           .type = WEIR_ATTRIBUTE_REPLACE_IF_EQUALS,
                                           .value = cmd->new_value,
                                           .expected = expected_of(conn->server->ctr, cmd)};
    struct weir_change change = {
        .kind = WEIR_CHANGE_ATTRIBUTES, .name = cmd->segment, .updates = &update, .update_count = 1};
    struct weir_segment_job *job =
        weir_segment_job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_attribute_updated);

    if (job != NULL)
        weir_container_change(conn->server->ctr, &change, 1, &job->op);
}

static void finish_policy_updated(struct weir_segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK)
        weir_segment_finish_refused(job, out);
    else
        pravega_wire_encode_segment_policy_updated(
            out, &(struct pravega_wire_segment_policy_updated){.request_id = job->request_id, .segment = job->segment});
}

static void update_policy(struct weir_wire_conn *conn, const struct pravega_wire_update_segment_policy *cmd)
{
    struct weir_attribute_update updates[] = {
        {.id = WEIR_ATTRIBUTE_SCALE_TYPE, .type = WEIR_ATTRIBUTE_REPLACE, .value = cmd->scale_type},
        {.id = WEIR_ATTRIBUTE_SCALE_RATE, .type = WEIR_ATTRIBUTE_REPLACE, .value = cmd->target_rate}};
    struct weir_change change = {
        .kind = WEIR_CHANGE_ATTRIBUTES, .name = cmd->segment, .updates = updates, .update_count = 2};
    struct weir_segment_job *job =
        weir_segment_job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_policy_updated);

    if (job != NULL)
        weir_container_change(conn->server->ctr, &change, 1, &job->op);
}

void weir_segment_finish_created(struct weir_segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK)
        weir_segment_finish_refused(job, out);
    else
        pravega_wire_encode_segment_created(
            out, &(struct pravega_wire_segment_created){.request_id = job->request_id, .segment = job->segment});
}

static void create(struct weir_wire_conn *conn, const struct pravega_wire_create_segment *cmd)
{
    struct weir_attribute_update updates[] = {
        {.id = WEIR_ATTRIBUTE_SCALE_TYPE, .type = WEIR_ATTRIBUTE_REPLACE, .value = cmd->scale_type},
        {.id = WEIR_ATTRIBUTE_SCALE_RATE, .type = WEIR_ATTRIBUTE_REPLACE, .value = cmd->target_rate},
        {.id = WEIR_ATTRIBUTE_ROLLOVER_SIZE,
         .type = WEIR_ATTRIBUTE_REPLACE,
         .value = cmd->rollover_bytes > 0 ? cmd->rollover_bytes : 0}};
    struct weir_change change = {
        .kind = WEIR_CHANGE_CREATE, .name = cmd->segment, .updates = updates, .update_count = 3};
    struct weir_segment_job *job =
        weir_segment_job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), weir_segment_finish_created);

    if (job != NULL)
        weir_container_change(conn->server->ctr, &change, 1, &job->op);
}

static void finish_sealed(struct weir_segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK)
        weir_segment_finish_refused(job, out);
    else
        pravega_wire_encode_segment_sealed(
            out, &(struct pravega_wire_segment_sealed){.request_id = job->request_id, .segment = job->segment});
}

static void seal(struct weir_wire_conn *conn, const struct pravega_wire_seal_segment *cmd)
{
    struct weir_change change = {.kind = WEIR_CHANGE_SEAL, .name = cmd->segment};
    struct weir_segment_job *job =
        weir_segment_job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_sealed);

    if (job != NULL)
        weir_container_change(conn->server->ctr, &change, 1, &job->op);
}

static void finish_truncated(struct weir_segment_job *job, struct weir_buf *out)
{
    if (job->op.status == WEIR_OK)
        pravega_wire_encode_segment_truncated(
            out, &(struct pravega_wire_segment_truncated){.request_id = job->request_id, .segment = job->segment});
    else if (job->op.status == WEIR_E_TRUNCATED)
        pravega_wire_encode_segment_is_truncated(
            out, &(struct pravega_wire_segment_is_truncated){.request_id = job->request_id,
                                                             .segment = job->segment,
                                                             .start_offset = job->info.start_offset,
                                                             .offset = job->value});
    else if (job->op.status == WEIR_E_NOT_FOUND)
        weir_segment_reply_missing(job->job.conn, job->request_id, job->segment, job->value);
    else if (job->op.status == WEIR_E_INVAL) /* a table: upstream does it, and loses keys */
        pravega_wire_encode_operation_unsupported(
            out, &(struct pravega_wire_operation_unsupported){.request_id = job->request_id,
                                                              .operation = weir_view_str("truncateSegment")});
    else
        weir_segment_finish_refused(job, out);
}

static void truncate_at(struct weir_wire_conn *conn, const struct pravega_wire_truncate_segment *cmd)
{
    struct weir_change change = {.kind = WEIR_CHANGE_TRUNCATE, .name = cmd->segment, .offset = cmd->truncation_offset};
    struct weir_segment_job *job;

    if (cmd->truncation_offset < 0 && weir_segment_peek(conn->server->ctr, cmd->segment) != NULL) {
        weir_wire_conn_end(conn, "it truncated at a negative offset");
        return;
    }
    job = weir_segment_job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_truncated);
    if (job == NULL)
        return;
    job->value = cmd->truncation_offset;
    weir_container_change(conn->server->ctr, &change, 1, &job->op);
    job->info.start_offset = change.result;
}

static void finish_deleted(struct weir_segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK)
        weir_segment_finish_refused(job, out);
    else
        pravega_wire_encode_segment_deleted(
            out, &(struct pravega_wire_segment_deleted){.request_id = job->request_id, .segment = job->segment});
}

static void delete (struct weir_wire_conn *conn, const struct pravega_wire_delete_segment *cmd)
{
    struct weir_change change = {.kind = WEIR_CHANGE_DELETE, .name = cmd->segment};
    struct weir_segment_job *job =
        weir_segment_job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_deleted);

    if (job != NULL)
        weir_container_change(conn->server->ctr, &change, 1, &job->op);
}

/* --- The table of commands -------------------------------------------------------------------------------------- */

bool weir_wire_segment_command(struct weir_wire_conn *conn, const struct pravega_wire_command *cmd)
{
    switch (cmd->type) {
    case PRAVEGA_WIRE_GET_STREAM_SEGMENT_INFO:
        get_info(conn, &cmd->get_stream_segment_info);
        return true;
    case PRAVEGA_WIRE_GET_SEGMENT_ATTRIBUTE:
        get_attribute(conn, &cmd->get_segment_attribute);
        return true;
    case PRAVEGA_WIRE_UPDATE_SEGMENT_ATTRIBUTE:
        update_attribute(conn, &cmd->update_segment_attribute);
        return true;
    case PRAVEGA_WIRE_UPDATE_SEGMENT_POLICY:
        update_policy(conn, &cmd->update_segment_policy);
        return true;
    case PRAVEGA_WIRE_CREATE_SEGMENT:
        create(conn, &cmd->create_segment);
        return true;
    case PRAVEGA_WIRE_CREATE_TRANSIENT_SEGMENT:
        weir_wire_create_transient(conn, &cmd->create_transient_segment);
        return true;
    case PRAVEGA_WIRE_SEAL_SEGMENT:
        seal(conn, &cmd->seal_segment);
        return true;
    case PRAVEGA_WIRE_TRUNCATE_SEGMENT:
        truncate_at(conn, &cmd->truncate_segment);
        return true;
    case PRAVEGA_WIRE_DELETE_SEGMENT:
        delete (conn, &cmd->delete_segment);
        return true;
    case PRAVEGA_WIRE_MERGE_SEGMENTS:
        weir_wire_merge(conn, &cmd->merge_segments);
        return true;
    case PRAVEGA_WIRE_MERGE_SEGMENTS_BATCH:
        weir_wire_merge_batch(conn, &cmd->merge_segments_batch);
        return true;
    default:
        return false;
    }
}
