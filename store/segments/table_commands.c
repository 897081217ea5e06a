/*
 * table_commands.c - the commands that make, remove, describe and change table segments.
 *
 * They are segment jobs (segment_job.h): what is refused and what is done is known at once, and told when it is
 * durable.
 */
#include <stdlib.h>

#include "store/container/table.h"
#include "store/segments/segment_job.h"
#include "store/segments/table_service.h"

#define ROLLOVER_BYTES (INT64_C(16) << 20) /* of a table that is made without a size, as upstream tells it */

/* --- Refusals --------------------------------------------------------------------------------------------------- */

struct weir_segment *weir_table_asked(struct weir_wire_conn *conn, int64_t request_id, struct weir_view segment,
                                      int64_t offset, struct weir_table_info *info)
{
    struct weir_segment *seg = weir_segment_peek(conn->server->ctr, segment);

    if (seg == NULL) {
        weir_segment_reply_missing(conn, request_id, segment, offset);
        return NULL;
    }
    if (weir_table_info(seg, info))
        return seg;
    weir_wire_conn_end(conn, "it asked for a table where another segment is");
    return NULL;
}

void weir_table_reply_illegal(struct weir_wire_conn *conn, int64_t request_id, struct weir_view segment,
                              const char *why)
{
    pravega_wire_encode_error_message(
        weir_wire_reply(conn), &(struct pravega_wire_error_message){.request_id = request_id,
                                                                    .segment = segment,
                                                                    .message = weir_view_str(why),
                                                                    .error_code = PRAVEGA_WIRE_ERROR_ILLEGAL_ARGUMENT});
}

void weir_table_reply_unsupported(struct weir_wire_conn *conn, int64_t request_id, const char *operation)
{
    pravega_wire_encode_operation_unsupported(
        weir_wire_reply(conn), &(struct pravega_wire_operation_unsupported){.request_id = request_id,
                                                                            .operation = weir_view_str(operation)});
}

/* --- Reads that wait --------------------------------------------------------------------------------------------- */

void weir_table_wait(struct weir_wire_conn *conn, struct weir_table_wait *wait)
{
    if (conn->table_waits == NULL && weir_wire_may_gather(conn)) {
        wait->go_on(wait);
        return;
    }
    wait->conn = conn;
    wait->next = NULL;
    *conn->table_waits_tail = wait;
    conn->table_waits_tail = &wait->next;
}

void weir_table_wait_cancel(struct weir_table_wait *wait)
{
    struct weir_wire_conn *conn = wait->conn;
    struct weir_table_wait **link;

    if (conn == NULL)
        return;
    for (link = &conn->table_waits; *link != wait; link = &(*link)->next)
        ;
    *link = wait->next;
    if (conn->table_waits_tail == &wait->next)
        conn->table_waits_tail = link;
    wait->conn = NULL;
}

void weir_wire_tables_go_on(struct weir_wire_conn *conn)
{
    while (conn->table_waits != NULL && conn->state == WEIR_WIRE_SERVING && weir_wire_may_gather(conn)) {
        struct weir_table_wait *wait = conn->table_waits;

        weir_table_wait_cancel(wait);
        wait->go_on(wait);
    }
}

/* --- The table as a whole --------------------------------------------------------------------------------------- */

static void create(struct weir_wire_conn *conn, const struct pravega_wire_create_table_segment *cmd)
{
    struct weir_attribute_update update = {.id = WEIR_ATTRIBUTE_ROLLOVER_SIZE,
                                           .type = WEIR_ATTRIBUTE_REPLACE,
                                           .value = cmd->rollover_bytes > 0 ? cmd->rollover_bytes : ROLLOVER_BYTES};
    struct weir_change change = {.kind = WEIR_CHANGE_CREATE,
                                 .table = true,
                                 .key_len = cmd->key_len > 0 ? (uint32_t)cmd->key_len : 0,
                                 .name = cmd->segment,
                                 .updates = &update,
                                 .update_count = 1};
    struct weir_segment_job *job =
        weir_segment_job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), weir_segment_finish_created);

    if (job != NULL)
        weir_container_change(conn->server->ctr, &change, 1, &job->op);
}

static void finish_deleted(struct weir_segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK)
        weir_segment_finish_refused(job, out);
    else if (job->table.entry_count > 0)
        pravega_wire_encode_table_segment_not_empty(out, &(struct pravega_wire_table_segment_not_empty){
                                                             .request_id = job->request_id, .segment = job->segment});
    else
        pravega_wire_encode_segment_deleted(
            out, &(struct pravega_wire_segment_deleted){.request_id = job->request_id, .segment = job->segment});
}

static void delete_table(struct weir_wire_conn *conn, const struct pravega_wire_delete_table_segment *cmd)
{
    struct weir_change change = {.kind = WEIR_CHANGE_DELETE, .name = cmd->segment};
    struct weir_segment_job *job;
    struct weir_table_info info;

    if (weir_table_asked(conn, cmd->request_id, cmd->segment, -1, &info) == NULL)
        return;
    if (cmd->must_be_empty && info.key_len > 0) {
        weir_table_reply_unsupported(conn, cmd->request_id, "deleteTableSegment");
        return;
    }
    job = weir_segment_job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_deleted);
    if (job == NULL)
        return;
    job->table.entry_count = cmd->must_be_empty ? info.entry_count : 0;
    if (job->table.entry_count > 0)
        weir_container_barrier(conn->server->ctr, &job->op);
    else
        weir_container_change(conn->server->ctr, &change, 1, &job->op);
}

static void finish_info(struct weir_segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK)
        weir_segment_finish_refused(job, out);
    else
        pravega_wire_encode_table_segment_info(
            out, &(struct pravega_wire_table_segment_info){.request_id = job->request_id,
                                                           .segment = job->segment,
                                                           .start_offset = job->info.start_offset,
                                                           .length = job->info.length,
                                                           .entry_count = (int64_t)job->table.entry_count,
                                                           .key_len = (int32_t)job->table.key_len});
}

static void get_info(struct weir_wire_conn *conn, const struct pravega_wire_get_table_segment_info *cmd)
{
    struct weir_table_info info;
    struct weir_segment *seg = weir_table_asked(conn, cmd->request_id, cmd->segment, -1, &info);
    struct weir_segment_job *job =
        seg != NULL ? weir_segment_job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_info) : NULL;

    if (job == NULL)
        return;
    job->table = info;
    weir_segment_info(seg, &job->info);
    weir_container_barrier(conn->server->ctr, &job->op);
}

/* --- Keys ------------------------------------------------------------------------------------------------------- */

/* Hash tables tell a key that is missing from one with another version; tables of fixed-length keys do not. */
static void refuse_condition(struct weir_segment_job *job, struct weir_buf *out)
{
    if (job->op.value == WEIR_TABLE_NOT_EXISTS && job->table.key_len == 0)
        pravega_wire_encode_table_key_does_not_exist(
            out,
            &(struct pravega_wire_table_key_does_not_exist){.request_id = job->request_id, .segment = job->segment});
    else
        pravega_wire_encode_table_key_bad_version(
            out, &(struct pravega_wire_table_key_bad_version){.request_id = job->request_id, .segment = job->segment});
}

static void finish_refused(struct weir_segment_job *job, struct weir_buf *out)
{
    switch (job->op.status) {
    case WEIR_E_CONFLICT:
        refuse_condition(job, out);
        return;
    case WEIR_E_TRUNCATED: /* upstream's answer to a length that is not the expected one */
        pravega_wire_encode_segment_is_truncated(
            out, &(struct pravega_wire_segment_is_truncated){.request_id = job->request_id,
                                                             .segment = job->segment,
                                                             .start_offset = job->op.value,
                                                             .offset = job->value});
        return;
    case WEIR_E_SEALED:
        pravega_wire_encode_segment_is_sealed(
            out, &(struct pravega_wire_segment_is_sealed){
                     .request_id = job->request_id, .segment = job->segment, .offset = job->value});
        return;
    case WEIR_E_INVAL:
        weir_table_reply_illegal(job->job.conn, job->request_id, job->segment,
                                 "a key has not the length that this table's keys have");
        return;
    case WEIR_E_LIMIT:
        weir_table_reply_illegal(job->job.conn, job->request_id, job->segment,
                                 "a key is longer than 8192 bytes, or an entry than 1 MiB");
        return;
    default:
        weir_segment_finish_refused(job, out);
        return;
    }
}

static void finish_updated(struct weir_segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK)
        finish_refused(job, out);
    else
        pravega_wire_encode_table_entries_updated(
            out, &(struct pravega_wire_table_entries_updated){
                     .request_id = job->request_id,
                     .versions = {(int32_t)job->item_count, weir_buf_view(&job->items)}});
}

static void finish_removed(struct weir_segment_job *job, struct weir_buf *out)
{
    if (job->op.status != WEIR_OK)
        finish_refused(job, out);
    else
        pravega_wire_encode_table_keys_removed(
            out, &(struct pravega_wire_table_keys_removed){.request_id = job->request_id, .segment = job->segment});
}

/* The items of a list of entries, or of keys; NULL if there is no memory. */
static struct weir_table_item *take_items(const struct pravega_wire_list *list, bool are_entries)
{
    struct weir_table_item *items = calloc((size_t)list->count + 1, sizeof(*items));
    struct weir_in in = pravega_wire_items(list);

    for (int32_t i = 0; i < list->count && items != NULL; i++) {
        struct pravega_wire_entry entry = {0};

        if (are_entries)
            entry = pravega_wire_entry_next(&in);
        else
            entry.key = pravega_wire_key_next(&in);
        items[i] = (struct weir_table_item){entry.key.key, entry.value, entry.key.version};
    }
    return items;
}

/* Conditions as a client's library makes them; upstream ends the connection of others. */
static bool conditions_can_be(const struct weir_table_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (items[i].version < WEIR_TABLE_NOT_EXISTS && items[i].version != WEIR_TABLE_NO_VERSION)
            return false;
    return true;
}

/* The versions that the update gave, for the reply. */
static void note_versions(struct weir_segment_job *job, const struct weir_table_item *items, size_t count)
{
    uint64_t version = (uint64_t)job->op.value;

    job->item_count = count;
    for (size_t i = 0; i < count; i++) {
        weir_buf_u64be(&job->items, version);
        version += WEIR_TABLE_ENTRY_HEAD_LEN + items[i].key.len + items[i].value.len;
    }
}

/* A command's change of keys, the same for updates and removals up to the call. */
static void change_keys(struct weir_segment_job *job, struct weir_segment *seg, const struct pravega_wire_list *list,
                        bool are_entries)
{
    struct weir_wire_conn *conn = job->job.conn;
    struct weir_table_item *items = take_items(list, are_entries);

    if (items == NULL || !conditions_can_be(items, (size_t)list->count)) {
        weir_segment_job_drop(job);
        weir_wire_conn_end(conn, items == NULL ? "out of memory" : "it expected a version that no key can have");
        free(items);
        return;
    }
    job->held_bytes = list->items.len;
    conn->table_bytes += job->held_bytes;
    (are_entries ? weir_table_update : weir_table_remove)(
        seg, items, (size_t)list->count, job->value >= 0 ? job->value : WEIR_TABLE_ANY_LENGTH, &job->op);
    if (are_entries && job->op.status == WEIR_OK)
        note_versions(job, items, (size_t)list->count);
    if (job->items.status != WEIR_OK)
        weir_wire_conn_end(conn, "out of memory");
    free(items);
}

static void update(struct weir_wire_conn *conn, const struct pravega_wire_update_table_entries *cmd)
{
    struct weir_table_info info;
    struct weir_segment *seg =
        weir_table_asked(conn, cmd->request_id, cmd->segment, cmd->table_segment_offset, &info);
    struct weir_segment_job *job =
        seg != NULL ? weir_segment_job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_updated)
                    : NULL;

    if (job == NULL)
        return;
    job->table = info;
    job->value = cmd->table_segment_offset;
    change_keys(job, seg, &cmd->entries, true);
}

static void remove_keys(struct weir_wire_conn *conn, const struct pravega_wire_remove_table_keys *cmd)
{
    struct weir_table_info info;
    struct weir_segment *seg =
        weir_table_asked(conn, cmd->request_id, cmd->segment, cmd->table_segment_offset, &info);
    struct weir_segment_job *job =
        seg != NULL ? weir_segment_job_new(conn, cmd->request_id, cmd->segment, weir_view(NULL, 0), finish_removed)
                    : NULL;

    if (job == NULL)
        return;
    job->table = info;
    job->value = cmd->table_segment_offset;
    change_keys(job, seg, &cmd->keys, false);
}

/* --- The table of commands -------------------------------------------------------------------------------------- */

bool weir_wire_table_command(struct weir_wire_conn *conn, const struct pravega_wire_command *cmd)
{
    switch (cmd->type) {
    case PRAVEGA_WIRE_CREATE_TABLE_SEGMENT:
        create(conn, &cmd->create_table_segment);
        return true;
    case PRAVEGA_WIRE_DELETE_TABLE_SEGMENT:
        delete_table(conn, &cmd->delete_table_segment);
        return true;
    case PRAVEGA_WIRE_GET_TABLE_SEGMENT_INFO:
        get_info(conn, &cmd->get_table_segment_info);
        return true;
    case PRAVEGA_WIRE_UPDATE_TABLE_ENTRIES:
        update(conn, &cmd->update_table_entries);
        return true;
    case PRAVEGA_WIRE_REMOVE_TABLE_KEYS:
        remove_keys(conn, &cmd->remove_table_keys);
        return true;
    case PRAVEGA_WIRE_READ_TABLE:
        weir_wire_read_table(conn, &cmd->read_table);
        return true;
    case PRAVEGA_WIRE_READ_TABLE_KEYS:
        weir_wire_read_table_keys(conn, &cmd->read_table_keys);
        return true;
    case PRAVEGA_WIRE_READ_TABLE_ENTRIES:
        weir_wire_read_table_entries(conn, &cmd->read_table_entries);
        return true;
    case PRAVEGA_WIRE_READ_TABLE_ENTRIES_DELTA:
        weir_wire_read_table_delta(conn, &cmd->read_table_entries_delta);
        return true;
    default:
        return false;
    }
}
