/*
 * segment_merge.c - segments that end in another one: transient segments, and merges.
 *
 * Transient segments (of large events) live until they are merged or their connection ends. The map remembers them as
 * "transient/<name>", so that a restart removes those whose connection did not live to do it. Merged ones are
 * remembered as "merged/<name>" for MERGED_KEPT_MS: a merge that is asked for again is told that it happened. Later
 * merges, and a restart, forget them.
 */
#include "store/segments/segment_merge.h"

#include <stdlib.h>

#include "store/rules/names.h"
#include "store/segments/segment_job.h"

#define MERGED_KEPT_MS (INT64_C(3600) * 1000)
#define FORGET_EVERY_MS (MERGED_KEPT_MS / 8)
#define FORGOTTEN_PER_CHANGE 256
#define SOURCES_MAX 4096
#define UPDATES_MAX 1024
#define TYPE_TRANSIENT 128 /* upstream's bit of a segment's type */
#define TRANSIENT_KEY "transient/"
#define MERGED_KEY "merged/"
#define KEY_SIZE (sizeof(TRANSIENT_KEY) + PRAVEGA_SEGMENT_NAME_LEN_MAX)

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

void weir_wire_create_transient(struct weir_wire_conn *conn, const struct pravega_wire_create_transient_segment *cmd)
{
    char name[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1], key[KEY_SIZE];
    struct weir_uuid random = {weir_rng_next(&conn->server->rng), weir_rng_next(&conn->server->rng)};
    struct transient *transient;
    struct weir_segment_job *job;
    struct weir_view view;

    if (!weir_transient_name(cmd->parent, cmd->writer_id, random, name)) {
        weir_wire_conn_end(conn, "a transient segment's parent has too long a name");
        return;
    }
    view = weir_view_str(name);
    job = weir_segment_job_new(conn, cmd->request_id, view, weir_view(NULL, 0), weir_segment_finish_created);
    transient = job != NULL ? calloc(1, sizeof(*transient) + view.len) : NULL;
    if (transient != NULL) {
        struct weir_attribute_update type = {
            .id = WEIR_ATTRIBUTE_SEGMENT_TYPE, .type = WEIR_ATTRIBUTE_REPLACE, .value = TYPE_TRANSIENT};
        struct weir_change changes[] = {
            {.kind = WEIR_CHANGE_CREATE, .name = view, .updates = &type, .update_count = 1},
            {.kind = WEIR_CHANGE_PUT, .name = map_key(key, TRANSIENT_KEY, view), .value = weir_view("", 0)}};

        memcpy(transient->name, name, view.len);
        transient->name_len = view.len;
        transient->job.cancel = transient_cancel;
        weir_wire_job_begin(conn, &transient->job);
        weir_container_change(conn->server->ctr, changes, 2, &job->op);
    } else if (job != NULL) {
        weir_segment_job_drop(job);
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

/* A merge into itself, or with a table: upstream does the latter, or ends the connection, and damages what is there. */
static void refuse_kind(struct weir_segment_job *job, struct weir_buf *out, struct weir_view source)
{
    if (weir_view_equal(source, job->segment))
        pravega_wire_encode_segment_is_sealed(
            out, &(struct pravega_wire_segment_is_sealed){
                     .request_id = job->request_id, .segment = job->segment, .offset = -1});
    else
        pravega_wire_encode_operation_unsupported(
            out, &(struct pravega_wire_operation_unsupported){.request_id = job->request_id,
                                                              .operation = weir_view_str("mergeSegments")});
}

static void finish_merged(struct weir_segment_job *job, struct weir_buf *out)
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
        weir_segment_reply_missing(job->job.conn, job->request_id, job->source, -1);
        return;
    case WEIR_E_INVAL:
        refuse_kind(job, out, job->source);
        return;
    case WEIR_E_SEALED: /* the target is; upstream names the source here, too */
        pravega_wire_encode_segment_is_sealed(
            out, &(struct pravega_wire_segment_is_sealed){
                     .request_id = job->request_id, .segment = job->source, .offset = -1});
        return;
    case WEIR_E_CONFLICT:
        pravega_wire_encode_segment_attribute_updated(
            out, &(struct pravega_wire_segment_attribute_updated){.request_id = job->request_id, .success = false});
        return;
    default:
        weir_segment_finish_refused(job, out);
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

/* A merge seals its source first, and so it is sealed when the merge is refused. */
static void seal_refused_source(struct weir_container *ctr, enum weir_status why, struct weir_view source)
{
    struct weir_change change = {.kind = WEIR_CHANGE_SEAL, .lenient = true, .name = source};

    if (why == WEIR_E_SEALED || why == WEIR_E_CONFLICT)
        change_unasked(ctr, &change, 1);
}

static bool is_truncated(struct weir_container *ctr, struct weir_view segment)
{
    struct weir_segment *seg = weir_segment_peek(ctr, segment);
    struct weir_segment_info info = {0};

    if (seg != NULL)
        weir_segment_info(seg, &info);
    return info.start_offset > 0;
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
                      struct weir_segment_job *job, const struct weir_attribute_update *updates)
{
    int64_t wall_ms = weir_loop_wall_ms(conn->server->loop);
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

    weir_put_u64be(now, (uint64_t)wall_ms);
    weir_container_change(conn->server->ctr, changes, is_transient(cmd->source) ? 3 : 2, &job->op);
    job->value = changes[0].result;
    if (job->op.status == WEIR_OK)
        forget_transient(conn, cmd->source);
    seal_refused_source(conn->server->ctr, job->op.status, cmd->source);
    if (wall_ms - conn->server->merges_forgotten_ms > FORGET_EVERY_MS) {
        conn->server->merges_forgotten_ms = wall_ms;
        weir_segment_merge_forget(conn->server->ctr, wall_ms);
    }
}

void weir_wire_merge(struct weir_wire_conn *conn, const struct pravega_wire_merge_segments *cmd)
{
    struct weir_attribute_update *updates = NULL;
    struct weir_segment_job *job;

    if (cmd->updates.count > UPDATES_MAX || cmd->source.len > PRAVEGA_SEGMENT_NAME_LEN_MAX) {
        weir_wire_conn_end(conn, "a merge has too many attribute updates or too long a name");
        return;
    }
    if (is_truncated(conn->server->ctr, cmd->source)) {
        weir_wire_conn_end(conn, "the source of a merge has lost its beginning");
        return;
    }
    job = weir_segment_job_new(conn, cmd->request_id, cmd->target, cmd->source, finish_merged);
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
        weir_segment_job_drop(job);
        weir_wire_conn_end(conn, updates == NULL ? "out of memory" : "a merge has an unknown kind of update");
    }
    free(updates);
}

static void finish_batch_merged(struct weir_segment_job *job, struct weir_buf *out)
{
    struct pravega_wire_list sources = {(int32_t)job->change_count, weir_buf_view(&job->items)};
    struct weir_in items = pravega_wire_items(&sources);
    struct weir_buf merged;

    if (job->op.status == WEIR_E_INVAL) {
        struct weir_view refused = pravega_wire_name_next(&items);

        for (size_t i = 0; i < job->op.refused_index; i++)
            refused = pravega_wire_name_next(&items);
        refuse_kind(job, out, refused);
        return;
    }
    if (job->op.status != WEIR_OK) {
        weir_segment_finish_refused(job, out);
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

static int by_source(const void *a, const void *b)
{
    const struct weir_change *left = *(struct weir_change *const *)a, *right = *(struct weir_change *const *)b;
    int order = weir_view_compare(left->source, right->source);

    return order != 0 ? order : (left > right) - (left < right);
}

/* A source that is named again counts as merged, like one that is missing; a change without a source is lenient. */
static bool pass_over_repeated(struct weir_change *changes, size_t count)
{
    struct weir_change **sorted = calloc(count + 1, sizeof(struct weir_change *));
    struct weir_view before = weir_view(NULL, 0);

    if (sorted == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &changes[i];
    qsort(sorted, count, sizeof(struct weir_change *), by_source);
    for (size_t i = 0; i < count; i++) {
        struct weir_view source = sorted[i]->source;

        if (i > 0 && weir_view_equal(source, before))
            sorted[i]->source = weir_view(NULL, 0);
        before = source;
    }
    free(sorted);
    return true;
}

void weir_wire_merge_batch(struct weir_wire_conn *conn, const struct pravega_wire_merge_segments_batch *cmd)
{
    struct weir_in items = pravega_wire_items(&cmd->sources);
    struct weir_segment_job *job;

    if (cmd->sources.count > 0 && weir_segment_peek(conn->server->ctr, cmd->target) == NULL) {
        weir_segment_reply_missing(conn, cmd->request_id, cmd->target, -1);
        return;
    }
    job = cmd->sources.count <= SOURCES_MAX
              ? weir_segment_job_new(conn, cmd->request_id, cmd->target, weir_view(NULL, 0), finish_batch_merged)
              : NULL;
    if (job == NULL) {
        weir_wire_conn_end(conn, "a merge has too many sources");
        return;
    }
    job->change_count = (size_t)cmd->sources.count;
    job->changes = calloc(job->change_count + 1, sizeof(*job->changes));
    weir_buf_append(&job->items, cmd->sources.items.ptr, cmd->sources.items.len);
    if (job->changes == NULL || job->items.status != WEIR_OK) {
        weir_segment_job_drop(job);
        weir_wire_conn_end(conn, "out of memory");
        return;
    }
    for (size_t i = 0; i < job->change_count; i++)
        job->changes[i] = (struct weir_change){
            .kind = WEIR_CHANGE_MERGE, .lenient = true, .name = cmd->target, .source = pravega_wire_name_next(&items)};
    if (!pass_over_repeated(job->changes, job->change_count)) {
        weir_segment_job_drop(job);
        weir_wire_conn_end(conn, "out of memory");
        return;
    }
    weir_container_change(conn->server->ctr, job->changes, job->change_count, &job->op);
    items = pravega_wire_items(&cmd->sources);
    for (size_t i = 0; i < job->change_count; i++)
        seal_refused_source(conn->server->ctr, job->op.status, pravega_wire_name_next(&items));
}

/* --- Forgetting ------------------------------------------------------------------------------------------------- */

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

static bool is_old(struct weir_view value, int64_t wall_ms)
{
    return value.len != 8 || wall_ms - (int64_t)weir_get_u64be(value.ptr) > MERGED_KEPT_MS;
}

void weir_segment_merge_forget(struct weir_container *ctr, int64_t wall_ms)
{
    struct weir_change changes[FORGOTTEN_PER_CHANGE];
    struct weir_view key = weir_view(NULL, 0), value;
    char last[KEY_SIZE];
    size_t count;

    do {
        for (count = 0; count < FORGOTTEN_PER_CHANGE && next_key(ctr, MERGED_KEY, last, &key, &value);) {
            struct weir_view entry;

            if (is_old(value, wall_ms) && weir_map_seek(ctr, key, false, &entry, &value))
                changes[count++] = (struct weir_change){.kind = WEIR_CHANGE_REMOVE, .name = entry};
        }
        if (count > 0)
            change_unasked(ctr, changes, count);
    } while (count == FORGOTTEN_PER_CHANGE);
}

void weir_segment_merge_recover(struct weir_container *ctr, int64_t wall_ms)
{
    struct weir_view key = weir_view(NULL, 0), value;
    size_t prefix_len = strlen(TRANSIENT_KEY);
    char last[KEY_SIZE];

    while (next_key(ctr, TRANSIENT_KEY, last, &key, &value))
        remove_transient(ctr, weir_view(key.ptr + prefix_len, key.len - prefix_len));
    weir_segment_merge_forget(ctr, wall_ms);
}
