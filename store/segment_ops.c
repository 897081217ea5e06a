/*
 * segment_ops.c - the commands that ask about a segment or change one as a whole.
 *
 * Each becomes one job: what a query says is fixed at once and leaves after a barrier, a change is told when it is
 * durable. `finish` turns the outcome into the reply; the names that a reply repeats are copied behind the job.
 *
 * Transient segments (of large events) live until they are merged or their connection ends. The map remembers them as
 * "transient/<name>", so that a restart removes those whose connection did not live to do it. Merged ones are
 * remembered as "merged/<name>" for MERGED_KEPT_MS: a merge that is asked for again is told that it happened.
 */
#include <stdlib.h>

#include "base/log.h"
#include "store/names.h"
#include "store/segment_ops.h"
#include "store/wire_server_int.h"

#define MERGED_KEPT_MS (INT64_C(3600) * 1000)
#define SOURCES_MAX 4096
#define UPDATES_MAX 1024
#define TRANSIENT_KEY "transient/"
#define MERGED_KEY "merged/"
#define KEY_SIZE (sizeof(TRANSIENT_KEY) + PRAVEGA_SEGMENT_NAME_LEN_MAX)

struct segment_job {
    struct weir_wire_job job; /* first */
    struct weir_store_op op;
    void (*finish)(struct segment_job *job, struct weir_buf *out);
    int64_t request_id;
    struct weir_view segment, source; /* in `names` */
    int64_t value;                    /* of an attribute; a truncation's offset */
    struct weir_segment_info info;
    struct weir_change *changes; /* kept for their results; their views are gone */
    size_t change_count;
    struct weir_buf sources; /* of a batch: the list as it came */
    char names[];
};

static void job_free(struct segment_job *job)
{
    weir_buf_fini(&job->sources);
    free(job->changes);
    free(job);
}

static void job_cancel(struct weir_wire_job *base)
{
    struct segment_job *job = (struct segment_job *)base;

    weir_store_op_cancel(&job->op);
    job_free(job);
}

static void job_done(struct weir_store_op *op)
{
    struct segment_job *job = (struct segment_job *)((char *)op - offsetof(struct segment_job, op));
    struct weir_wire_conn *conn = job->job.conn;

    weir_wire_job_end(&job->job);
    job->finish(job, weir_wire_reply(conn));
    job_free(job);
}

/* A job in the connection's list; NULL after the connection was ended for lack of memory. */
static struct segment_job *job_new(struct weir_wire_conn *conn, int64_t request_id, struct weir_view segment,
                                   struct weir_view source, void (*finish)(struct segment_job *, struct weir_buf *))
{
    struct segment_job *job = calloc(1, sizeof(*job) + segment.len + source.len);

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
    weir_buf_init(&job->sources, PRAVEGA_WIRE_FRAME_LEN_MAX);
    weir_wire_job_begin(conn, &job->job);
    return job;
}

static void reply_missing(struct weir_wire_conn *conn, int64_t request_id, struct weir_view segment, int64_t offset)
{
    pravega_wire_encode_no_such_segment(
        weir_wire_reply(conn),
        &(struct pravega_wire_no_such_segment){.request_id = request_id, .segment = segment, .offset = offset});
}

/* The replies that refusals of every command share; others end the connection, as upstream does. */
static void finish_refused(struct segment_job *job, struct weir_buf *out)
{
    switch (job->op.status) {
    case WEIR_E_NOT_FOUND:
        reply_missing(job->job.conn, job->request_id, job->segment, -1);
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

static void finish_info(struct segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK) {
        finish_refused(job, out);
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
    struct segment_job *job;

    if (seg == NULL) {
        reply_missing(conn, cmd->request_id, cmd->segment, -1);
        return;
    }
    job = job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_info);
    if (job == NULL)
        return;
    weir_segment_info(seg, &job->info);
    weir_container_barrier(conn->server->ctr, &job->op);
}

static void finish_attribute(struct segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK)
        finish_refused(job, out);
    else
        pravega_wire_encode_segment_attribute(
            out, &(struct pravega_wire_segment_attribute){.request_id = job->request_id, .value = job->value});
}

static void get_attribute(struct weir_wire_conn *conn, const struct pravega_wire_get_segment_attribute *cmd)
{
    struct weir_segment *seg = weir_segment_peek(conn->server->ctr, cmd->segment);
    struct segment_job *job;

    if (seg == NULL) {
        reply_missing(conn, cmd->request_id, cmd->segment, -1);
        return;
    }
    job = job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_attribute);
    if (job == NULL)
        return;
    job->value = weir_segment_attribute(seg, cmd->attribute_id);
    weir_container_barrier(conn->server->ctr, &job->op);
}

/* --- Changes of one segment ------------------------------------------------------------------------------------- */

static void finish_attribute_updated(struct segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK && job->op.status != WEIR_E_CONFLICT) {
        finish_refused(job, out);
        return;
    }
    pravega_wire_encode_segment_attribute_updated(
        out, &(struct pravega_wire_segment_attribute_updated){.request_id = job->request_id,
                                                              .success = job->op.status == WEIR_OK});
}

static void update_attribute(struct weir_wire_conn *conn, const struct pravega_wire_update_segment_attribute *cmd)
{
    struct weir_attribute_update update = {.id = cmd->attribute_id,
                                           .type = WEIR_ATTRIBUTE_REPLACE_IF_EQUALS,
                                           .value = cmd->new_value,
                                           .expected = cmd->expected_value};
    struct weir_change change = {
        .kind = WEIR_CHANGE_ATTRIBUTES, .name = cmd->segment, .updates = &update, .update_count = 1};
    struct segment_job *job =
        job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_attribute_updated);

    if (job != NULL)
        weir_container_change(conn->server->ctr, &change, 1, &job->op);
}

static void finish_policy_updated(struct segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK)
        finish_refused(job, out);
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
    struct segment_job *job = job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_policy_updated);

    if (job != NULL)
        weir_container_change(conn->server->ctr, &change, 1, &job->op);
}

static void finish_created(struct segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK)
        finish_refused(job, out);
    else
        pravega_wire_encode_segment_created(
            out, &(struct pravega_wire_segment_created){.request_id = job->request_id, .segment = job->segment});
}

static void create(struct weir_wire_conn *conn, const struct pravega_wire_create_segment *cmd)
{
    struct weir_attribute_update updates[] = {
        {.id = WEIR_ATTRIBUTE_SCALE_TYPE, .type = WEIR_ATTRIBUTE_REPLACE, .value = cmd->scale_type},
        {.id = WEIR_ATTRIBUTE_SCALE_RATE, .type = WEIR_ATTRIBUTE_REPLACE, .value = cmd->target_rate},
        {.id = WEIR_ATTRIBUTE_ROLLOVER_SIZE, .type = WEIR_ATTRIBUTE_REPLACE, .value = cmd->rollover_bytes}};
    struct weir_change change = {
        .kind = WEIR_CHANGE_CREATE, .name = cmd->segment, .updates = updates, .update_count = 3};
    struct segment_job *job = job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_created);

    if (job != NULL)
        weir_container_change(conn->server->ctr, &change, 1, &job->op);
}

static void finish_sealed(struct segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK)
        finish_refused(job, out);
    else
        pravega_wire_encode_segment_sealed(
            out, &(struct pravega_wire_segment_sealed){.request_id = job->request_id, .segment = job->segment});
}

static void seal(struct weir_wire_conn *conn, const struct pravega_wire_seal_segment *cmd)
{
    struct weir_change change = {.kind = WEIR_CHANGE_SEAL, .name = cmd->segment};
    struct segment_job *job = job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_sealed);

    if (job != NULL)
        weir_container_change(conn->server->ctr, &change, 1, &job->op);
}

static void finish_truncated(struct segment_job *job, struct weir_buf *out)
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
    else
        finish_refused(job, out);
}

static void truncate_at(struct weir_wire_conn *conn, const struct pravega_wire_truncate_segment *cmd)
{
    struct weir_change change = {.kind = WEIR_CHANGE_TRUNCATE, .name = cmd->segment, .offset = cmd->truncation_offset};
    struct segment_job *job = job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_truncated);

    if (job == NULL)
        return;
    job->value = cmd->truncation_offset;
    weir_container_change(conn->server->ctr, &change, 1, &job->op);
    job->info.start_offset = change.result;
}

static void finish_deleted(struct segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK)
        finish_refused(job, out);
    else
        pravega_wire_encode_segment_deleted(
            out, &(struct pravega_wire_segment_deleted){.request_id = job->request_id, .segment = job->segment});
}

static void delete (struct weir_wire_conn *conn, const struct pravega_wire_delete_segment *cmd)
{
    struct weir_change change = {.kind = WEIR_CHANGE_DELETE, .name = cmd->segment};
    struct segment_job *job = job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_deleted);

    if (job != NULL)
        weir_container_change(conn->server->ctr, &change, 1, &job->op);
}

/* --- Transient segments ----------------------------------------------------------------------------------------- */

/* Stands in the connection's list while the connection does; its cancellation removes the segment. */
struct transient {
    struct weir_wire_job job; /* first */
    size_t name_len;
    char name[];
};

static struct weir_view map_key(char out[KEY_SIZE], const char *prefix, struct weir_view name)
{
    size_t prefix_len = strlen(prefix);

    memcpy(out, prefix, prefix_len);
    memcpy(out + prefix_len, name.ptr, name.len);
    return weir_view(out, prefix_len + name.len);
}

/* A change whose outcome nobody waits for. */
static void change_unasked(struct weir_container *ctr, struct weir_change *changes, size_t count)
{
    struct weir_store_op op = {0};

    weir_container_change(ctr, changes, count, &op);
    weir_store_op_cancel(&op);
}

static void remove_transient(struct weir_container *ctr, struct weir_view name)
{
    char key[KEY_SIZE];
    struct weir_change changes[] = {{.kind = WEIR_CHANGE_DELETE, .lenient = true, .name = name},
                                    {.kind = WEIR_CHANGE_REMOVE, .name = map_key(key, TRANSIENT_KEY, name)}};

    change_unasked(ctr, changes, 2);
}

static void transient_cancel(struct weir_wire_job *base)
{
    struct transient *transient = (struct transient *)base;

    remove_transient(base->conn->server->ctr, weir_view(transient->name, transient->name_len));
    free(transient);
}

static void create_transient(struct weir_wire_conn *conn, const struct pravega_wire_create_transient_segment *cmd)
{
    char name[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1], key[KEY_SIZE];
    struct weir_uuid random = {weir_rng_next(&conn->server->rng), weir_rng_next(&conn->server->rng)};
    struct transient *transient;
    struct segment_job *job;
    struct weir_view view;

    if (!weir_transient_name(cmd->parent, cmd->writer_id, random, name)) {
        weir_wire_conn_end(conn, "a transient segment's parent has too long a name");
        return;
    }
    view = weir_view_str(name);
    job = job_new(conn, cmd->request_id, view, weir_view(NULL, 0), finish_created);
    transient = job != NULL ? calloc(1, sizeof(*transient) + view.len) : NULL;
    if (transient != NULL) {
        struct weir_change changes[] = {
            {.kind = WEIR_CHANGE_CREATE, .name = view},
            {.kind = WEIR_CHANGE_PUT, .name = map_key(key, TRANSIENT_KEY, view), .value = weir_view("", 0)}};

        memcpy(transient->name, name, view.len);
        transient->name_len = view.len;
        transient->job.cancel = transient_cancel;
        weir_wire_job_begin(conn, &transient->job);
        weir_container_change(conn->server->ctr, changes, 2, &job->op);
    } else if (job != NULL) {
        weir_wire_job_end(&job->job);
        job_free(job);
        weir_wire_conn_end(conn, "out of memory");
    }
}

static void forget_transient(struct weir_wire_conn *conn, struct weir_view name)
{
    for (struct weir_wire_job *job = conn->jobs; job != NULL; job = job->next) {
        struct transient *transient = (struct transient *)job;

        if (job->cancel == transient_cancel && weir_view_equal(weir_view(transient->name, transient->name_len), name)) {
            weir_wire_job_end(job);
            free(transient);
            return;
        }
    }
}

/* --- Merges ----------------------------------------------------------------------------------------------------- */

static void finish_merged(struct segment_job *job, struct weir_buf *out)
{
    switch (job->op.status) {
    case WEIR_OK:
        pravega_wire_encode_segments_merged(out,
                                            &(struct pravega_wire_segments_merged){.request_id = job->request_id,
                                                                                   .target = job->segment,
                                                                                   .source = job->source,
                                                                                   .target_write_offset = job->value});
        return;
    case WEIR_E_NOT_FOUND: /* upstream names the source, whichever is missing */
        reply_missing(job->job.conn, job->request_id, job->source, -1);
        return;
    case WEIR_E_CONFLICT:
        pravega_wire_encode_segment_attribute_updated(
            out, &(struct pravega_wire_segment_attribute_updated){.request_id = job->request_id, .success = false});
        return;
    default:
        finish_refused(job, out);
        return;
    }
}

/* Whether this merge happened before; then the target's length is in *length. */
static bool merged_before(struct weir_container *ctr, struct weir_view target, struct weir_view source, int64_t *length)
{
    struct weir_segment *seg = weir_segment_peek(ctr, target);
    struct weir_segment_info info;
    struct weir_view value;
    char key[KEY_SIZE];

    if (seg == NULL || source.len > PRAVEGA_SEGMENT_NAME_LEN_MAX || weir_segment_peek(ctr, source) != NULL ||
        !weir_map_get(ctr, map_key(key, MERGED_KEY, source), &value))
        return false;
    weir_segment_info(seg, &info);
    *length = info.length;
    return true;
}

static bool is_transient(struct weir_view name)
{
    return name.len > 0 && memmem(name.ptr, name.len, "#transient.", 11) != NULL;
}

/* The wire's types are the container's, but for 0 (none), which sets what is not set. */
static bool take_updates(const struct pravega_wire_list *list, struct weir_attribute_update *updates)
{
    struct weir_in items = pravega_wire_items(list);

    for (int32_t i = 0; i < list->count; i++) {
        struct pravega_wire_update update = pravega_wire_update_next(&items);

        if (update.update_type < WEIR_ATTRIBUTE_SET_NEW || update.update_type > WEIR_ATTRIBUTE_REPLACE_IF_EQUALS)
            return false;
        updates[i] = (struct weir_attribute_update){.id = update.attribute_id,
                                                    .type = (enum weir_attribute_update_type)update.update_type,
                                                    .value = update.new_value,
                                                    .expected = update.old_value};
    }
    return true;
}

static void merge_now(struct weir_wire_conn *conn, const struct pravega_wire_merge_segments *cmd,
                      struct segment_job *job, const struct weir_attribute_update *updates)
{
    uint8_t now[8];
    char merged_key[KEY_SIZE], transient_key[KEY_SIZE];
    struct weir_change changes[3] = {
        {.kind = WEIR_CHANGE_MERGE,
         .name = cmd->target,
         .source = cmd->source,
         .updates = updates,
         .update_count = (size_t)cmd->updates.count},
        {.kind = WEIR_CHANGE_PUT,
         .name = map_key(merged_key, MERGED_KEY, cmd->source),
         .value = weir_view(now, sizeof(now))},
        {.kind = WEIR_CHANGE_REMOVE, .name = map_key(transient_key, TRANSIENT_KEY, cmd->source)}};

    weir_put_u64be(now, (uint64_t)weir_loop_wall_ms(conn->server->loop));
    weir_container_change(conn->server->ctr, changes, is_transient(cmd->source) ? 3 : 2, &job->op);
    job->value = changes[0].result;
    if (job->op.status == WEIR_OK)
        forget_transient(conn, cmd->source);
}

static void merge(struct weir_wire_conn *conn, const struct pravega_wire_merge_segments *cmd)
{
    struct weir_attribute_update *updates = NULL;
    struct segment_job *job;

    if (cmd->updates.count > UPDATES_MAX || cmd->source.len > PRAVEGA_SEGMENT_NAME_LEN_MAX) {
        weir_wire_conn_end(conn, "a merge has too many attribute updates or too long a name");
        return;
    }
    job = job_new(conn, cmd->request_id, cmd->target, cmd->source, finish_merged);
    if (job == NULL)
        return;
    if (merged_before(conn->server->ctr, cmd->target, cmd->source, &job->value)) {
        weir_container_barrier(conn->server->ctr, &job->op);
        return;
    }
    updates = calloc((size_t)cmd->updates.count + 1, sizeof(*updates));
    if (updates != NULL && take_updates(&cmd->updates, updates)) {
        merge_now(conn, cmd, job, updates);
    } else {
        weir_wire_job_end(&job->job);
        job_free(job);
        weir_wire_conn_end(conn, updates == NULL ? "out of memory" : "a merge has an unknown kind of update");
    }
    free(updates);
}

static void finish_batch_merged(struct segment_job *job, struct weir_buf *out)
{
    struct pravega_wire_list sources = {(int32_t)job->change_count, weir_buf_view(&job->sources)};
    struct weir_in items = pravega_wire_items(&sources);
    struct weir_buf merged;

    if (job->op.status != WEIR_OK) {
        finish_refused(job, out);
        return;
    }
    weir_buf_init(&merged, PRAVEGA_WIRE_FRAME_LEN_MAX);
    for (size_t i = 0; i < job->change_count; i++)
        pravega_wire_put_merged(&merged, &(struct pravega_wire_merged){.source = pravega_wire_name_next(&items),
                                                                       .target_write_offset = job->changes[i].result});
    if (merged.status != WEIR_OK)
        weir_wire_conn_end(job->job.conn, weir_status_text(merged.status));
    else
        pravega_wire_encode_segments_batch_merged(out,
                                                  &(struct pravega_wire_segments_batch_merged){
                                                      .request_id = job->request_id,
                                                      .target = job->segment,
                                                      .merged = {(int32_t)job->change_count, weir_buf_view(&merged)}});
    weir_buf_fini(&merged);
}

static void merge_batch(struct weir_wire_conn *conn, const struct pravega_wire_merge_segments_batch *cmd)
{
    struct weir_in items = pravega_wire_items(&cmd->sources);
    struct segment_job *job;

    if (weir_segment_peek(conn->server->ctr, cmd->target) == NULL) {
        reply_missing(conn, cmd->request_id, cmd->target, -1);
        return;
    }
    job = cmd->sources.count <= SOURCES_MAX
              ? job_new(conn, cmd->request_id, cmd->target, weir_view(NULL, 0), finish_batch_merged)
              : NULL;
    if (job == NULL) {
        weir_wire_conn_end(conn, "a merge has too many sources");
        return;
    }
    job->change_count = (size_t)cmd->sources.count;
    job->changes = calloc(job->change_count + 1, sizeof(*job->changes));
    weir_buf_append(&job->sources, cmd->sources.items.ptr, cmd->sources.items.len);
    if (job->changes == NULL || job->sources.status != WEIR_OK) {
        weir_wire_job_end(&job->job);
        job_free(job);
        weir_wire_conn_end(conn, "out of memory");
        return;
    }
    for (size_t i = 0; i < job->change_count; i++)
        job->changes[i] = (struct weir_change){
            .kind = WEIR_CHANGE_MERGE, .lenient = true, .name = cmd->target, .source = pravega_wire_name_next(&items)};
    weir_container_change(conn->server->ctr, job->changes, job->change_count, &job->op);
}

/* --- The table of commands -------------------------------------------------------------------------------------- */

static void unsupported(struct weir_wire_conn *conn, const struct pravega_wire_command *cmd)
{
    pravega_wire_encode_operation_unsupported(
        weir_wire_reply(conn),
        &(struct pravega_wire_operation_unsupported){.request_id = pravega_wire_request_id(cmd),
                                                     .operation = weir_view_str(pravega_wire_name(cmd->type))});
}

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
        create_transient(conn, &cmd->create_transient_segment);
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
        merge(conn, &cmd->merge_segments);
        return true;
    case PRAVEGA_WIRE_MERGE_SEGMENTS_BATCH:
        merge_batch(conn, &cmd->merge_segments_batch);
        return true;
    case PRAVEGA_WIRE_GET_TABLE_SEGMENT_INFO:
    case PRAVEGA_WIRE_CREATE_TABLE_SEGMENT:
    case PRAVEGA_WIRE_DELETE_TABLE_SEGMENT:
    case PRAVEGA_WIRE_UPDATE_TABLE_ENTRIES:
    case PRAVEGA_WIRE_REMOVE_TABLE_KEYS:
    case PRAVEGA_WIRE_READ_TABLE:
    case PRAVEGA_WIRE_READ_TABLE_KEYS:
    case PRAVEGA_WIRE_READ_TABLE_ENTRIES:
    case PRAVEGA_WIRE_READ_TABLE_ENTRIES_DELTA:
        unsupported(conn, cmd);
        return true;
    default:
        return false;
    }
}

/* --- After a start ---------------------------------------------------------------------------------------------- */

/* The key after `last` with the prefix, copied to `last`, since a key lives until the next change only. */
static bool next_key(struct weir_container *ctr, const char *prefix, char last[KEY_SIZE], struct weir_view *key,
                     struct weir_view *value)
{
    if (!weir_map_next(ctr, weir_view_str(prefix), *key, key, value) || key->len > KEY_SIZE)
        return false;
    memmove(last, key->ptr, key->len);
    *key = weir_view(last, key->len);
    return true;
}

void weir_segment_ops_recover(struct weir_container *ctr, int64_t wall_ms)
{
    struct weir_view key = weir_view(NULL, 0), value;
    size_t prefix_len = strlen(TRANSIENT_KEY);
    char last[KEY_SIZE];

    while (next_key(ctr, TRANSIENT_KEY, last, &key, &value))
        remove_transient(ctr, weir_view(key.ptr + prefix_len, key.len - prefix_len));
    key = weir_view(NULL, 0);
    while (next_key(ctr, MERGED_KEY, last, &key, &value)) {
        struct weir_change change = {.kind = WEIR_CHANGE_REMOVE, .name = key};

        if (value.len != 8 || wall_ms - (int64_t)weir_get_u64be(value.ptr) > MERGED_KEPT_MS)
            change_unasked(ctr, &change, 1);
    }
}
