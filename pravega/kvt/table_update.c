/*
 * table_update.c - changes of entries: some updates, or some removals, of one primary key, as one command to one
 * segment.
 *
 * Whether a key exists is asked as upstream does, by its removal on the condition that it does not.
 *
 * Entries are put into wire form at once; lengths are checked when the table's are known. A command whose answer was
 * lost is sent again. If it had a condition, a conflict in the second answer may be our own doing: that is said.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pravega/kvt/table_int.h"

struct key_lens {
    size_t primary_len, secondary_len;
};

struct update_task {
    struct pravega_table_task task; /* first */
    struct pravega_segment_request request;
    struct pravega_table_segment *segment;
    void (*done)(void); /* a pravega_table_versions_fn, or a pravega_table_exists_fn */
    void *arg;
    bool is_removal, is_exists, is_insert;
    int64_t expected; /* of the first condition, for the message */
    uint32_t sent_count;
    struct weir_error why;              /* found out while there was nobody to tell */
    struct weir_buf items;              /* entries, or keys, in wire form */
    pravega_segment_id version_segment; /* of the versions in conditions; PRAVEGA_TABLE_NO_SEGMENT: none */
    size_t count;
    struct key_lens lens[];
};

static struct update_task *update_task(struct pravega_table_task *task)
{
    return (struct update_task *)task;
}

/* ---- the end ---- */

static void free_update(struct update_task *update)
{
    pravega_segment_request_cancel(&update->request);
    weir_buf_fini(&update->items);
    free(update);
}

/* The last thing that a function does. The task has ended. */
static void finish(struct update_task *update, enum weir_status status, const struct pravega_table_version *versions,
                   size_t count, const struct weir_error *why)
{
    void (*done)(void) = update->done;
    void *arg = update->arg;
    bool is_exists = update->is_exists;

    free_update(update);
    if (is_exists)
        ((pravega_table_exists_fn *)done)(arg, status == WEIR_E_CONFLICT ? WEIR_OK : status, status == WEIR_E_CONFLICT,
                                          why);
    else
        ((pravega_table_versions_fn *)done)(arg, status, versions, count, why);
}

static void fail(struct pravega_table_task *task, const struct weir_error *why)
{
    finish(update_task(task), why->status, NULL, 0, why);
}

static void free_task(struct pravega_table_task *task)
{
    free_update(update_task(task));
}

static void refuse(struct update_task *update, const struct weir_error *why)
{
    struct weir_error kept = *why;

    pravega_table_task_end(&update->task);
    finish(update, kept.status, NULL, 0, &kept);
}

/* ---- the answer ---- */

/* The words of a condition that does not hold, or does not after the command was sent twice. */
static enum weir_status explain_conflict(const struct update_task *update, struct weir_error *why)
{
    const char *segment = update->segment->line.link.segment_name;
    const char *which = update->count > 1 ? "one of the keys" : "the key";

    if (update->sent_count > 1)
        return weir_fail(why, WEIR_E_CLOSED,
                         "table segment %s: the connection was lost during a conditional update, whose condition does "
                         "not hold now; it may have been carried out: read %s",
                         segment, which);
    if (update->count == 1 && update->is_insert)
        return weir_fail(why, WEIR_E_CONFLICT, "table segment %s: the key exists already", segment);
    if (update->count == 1)
        return weir_fail(why, WEIR_E_CONFLICT, "table segment %s: the key has not version %" PRId64 ", or is missing",
                         segment, update->expected);
    return weir_fail(why, WEIR_E_CONFLICT,
                     "table segment %s: one of %zu keys has another version than expected, or exists already, or is "
                     "missing; none was changed",
                     segment, update->count);
}

static void finish_versions(struct update_task *update, const struct pravega_wire_table_entries_updated *updated)
{
    struct weir_in items = pravega_wire_items(&updated->versions);
    struct pravega_table_version versions[PRAVEGA_TABLE_UPDATE_COUNT_MAX];
    struct weir_error why = {0};

    if ((size_t)updated->versions.count != update->count) {
        weir_fail(&why, WEIR_E_PROTO, "table segment %s: the store answered an update of %zu keys with %d versions",
                  update->segment->line.link.segment_name, update->count, (int)updated->versions.count);
        finish(update, why.status, NULL, 0, &why);
        return;
    }
    for (size_t i = 0; i < update->count; i++)
        versions[i] = (struct pravega_table_version){update->segment->id, pravega_wire_number_next(&items)};
    finish(update, WEIR_OK, versions, update->count, &why);
}

static void on_answer(void *arg, enum weir_status status, const struct pravega_wire_command *answer,
                      const struct weir_error *why)
{
    struct update_task *update = arg;
    struct weir_error kept = *why;

    pravega_table_task_end(&update->task);
    if (status == WEIR_E_CONFLICT && !update->is_exists)
        status = explain_conflict(update, &kept);
    if (status == WEIR_OK && !update->is_removal)
        finish_versions(update, &answer->table_entries_updated);
    else
        finish(update, status, NULL, 0, &kept);
}

/* ---- the question ---- */

static void encode(void *arg, const struct pravega_segment_asked *asked, struct weir_buf *out)
{
    struct update_task *update = arg;
    struct pravega_wire_list items = {(int32_t)update->count, weir_buf_view(&update->items)};

    update->sent_count++;
    if (update->is_removal)
        pravega_wire_encode_remove_table_keys(
            out, &(struct pravega_wire_remove_table_keys){asked->request_id, asked->segment, asked->token, items, -1});
    else
        pravega_wire_encode_update_table_entries(out, &(struct pravega_wire_update_table_entries){
                                                          asked->request_id, asked->segment, asked->token, items, -1});
}

static const struct pravega_segment_question update_question = {PRAVEGA_WIRE_TABLE_ENTRIES_UPDATED, true, encode};
static const struct pravega_segment_question remove_question = {PRAVEGA_WIRE_TABLE_KEYS_REMOVED, true, encode};

static struct weir_view first_key(const struct update_task *update)
{
    struct weir_in items = weir_in(weir_buf_view(&update->items));

    return pravega_wire_key_next(&items).key;
}

static enum weir_status check_lens(const struct update_task *update, struct weir_error *err)
{
    for (size_t i = 0; i < update->count; i++) {
        enum weir_status status = pravega_table_key_check(&update->task.table->config, update->lens[i].primary_len,
                                                          update->lens[i].secondary_len, err);

        if (status != WEIR_OK)
            return status;
    }
    return WEIR_OK;
}

static void begin(struct pravega_table_task *task)
{
    struct update_task *update = update_task(task);
    struct pravega_table *table = task->table;
    struct weir_error why = update->why;

    if (why.status == WEIR_OK && update->count > 0)
        check_lens(update, &why);
    if (why.status != WEIR_OK || update->count == 0) {
        refuse(update, &why);
        return;
    }
    update->segment =
        pravega_table_segment_of(table, weir_view(first_key(update).ptr, (size_t)table->config.primary_key_len));
    if (update->version_segment != PRAVEGA_TABLE_NO_SEGMENT && update->version_segment != update->segment->id) {
        weir_fail(&why, WEIR_E_INVAL, "a version of segment %" PRId64 " is expected of a key in segment %" PRId64,
                  update->version_segment, update->segment->id);
        refuse(update, &why);
        return;
    }
    pravega_segment_request_start(&update->request, &update->segment->line,
                                  update->is_removal ? &remove_question : &update_question, on_answer, update);
}

static const struct pravega_table_task_ops task_ops = {begin, fail, free_task};

/* ---- taking updates ---- */

static enum weir_status put_item(struct update_task *update, const struct pravega_table_update *from,
                                 struct weir_error *err)
{
    uint8_t key[PRAVEGA_TABLE_KEY_LEN_MAX];
    const struct weir_view primary = from->key.primary, secondary = from->key.secondary;
    struct pravega_wire_key wire = {weir_view(key, primary.len + secondary.len), from->version.version};

    if (primary.len > sizeof(key) || secondary.len > sizeof(key) - primary.len || wire.key.len == 0)
        return weir_fail(err, WEIR_E_INVAL, "a key of %zu and %zu bytes: keys have 1 to %zu", primary.len,
                         secondary.len, sizeof(key));
    if (primary.len > 0)
        memcpy(key, primary.ptr, primary.len);
    if (secondary.len > 0)
        memcpy(key + primary.len, secondary.ptr, secondary.len);
    if (from->is_removal) {
        pravega_wire_put_key(&update->items, &wire);
    } else {
        if (from->value.len > PRAVEGA_TABLE_VALUE_LEN_MAX)
            return weir_fail(err, WEIR_E_LIMIT, "a value of %zu bytes is longer than %d, the most that a table takes",
                             from->value.len, PRAVEGA_TABLE_VALUE_LEN_MAX);
        pravega_wire_put_entry(&update->items, &(struct pravega_wire_entry){wire, from->value});
    }
    return WEIR_OK;
}

/* What several updates may be together. */
static enum weir_status check_one(struct update_task *update, const struct pravega_table_update *first,
                                  const struct pravega_table_update *one, struct weir_error *err)
{
    if (!weir_view_equal(one->key.primary, first->key.primary))
        return weir_fail(err, WEIR_E_INVAL, "updates of several primary keys cannot be made together");
    if (one->is_removal != first->is_removal)
        return weir_fail(err, WEIR_E_INVAL, "updates and removals cannot be made together");
    if (one->version.segment == PRAVEGA_TABLE_NO_SEGMENT)
        return WEIR_OK;
    if (update->version_segment != PRAVEGA_TABLE_NO_SEGMENT && update->version_segment != one->version.segment)
        return weir_fail(err, WEIR_E_INVAL, "versions of several segments are expected of one primary key");
    update->version_segment = one->version.segment;
    return WEIR_OK;
}

static enum weir_status take_updates(struct update_task *update, const struct pravega_table_update *updates,
                                     size_t count, struct weir_error *err)
{
    size_t len = 0;

    if (count > PRAVEGA_TABLE_UPDATE_COUNT_MAX)
        return weir_fail(err, WEIR_E_LIMIT, "%zu updates at once are more than %d", count,
                         PRAVEGA_TABLE_UPDATE_COUNT_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct pravega_table_update *one = &updates[i];
        enum weir_status status = check_one(update, &updates[0], one, err);

        if (status == WEIR_OK)
            status = put_item(update, one, err);
        if (status != WEIR_OK)
            return status;
        update->lens[i] = (struct key_lens){one->key.primary.len, one->key.secondary.len};
        len += one->key.primary.len + one->key.secondary.len + (one->is_removal ? 0 : one->value.len);
        if (len > PRAVEGA_TABLE_UPDATE_LEN_MAX)
            return weir_fail(err, WEIR_E_LIMIT, "updates of more than %d bytes cannot be made together",
                             PRAVEGA_TABLE_UPDATE_LEN_MAX);
    }
    if (update->items.status != WEIR_OK)
        return weir_fail(err, update->items.status, "no memory for an update of %zu bytes", len);
    return WEIR_OK;
}

static void start(struct pravega_table *table, const struct pravega_table_update *updates, size_t count, bool is_exists,
                  void (*done)(void), void *arg)
{
    size_t lens_count = count <= PRAVEGA_TABLE_UPDATE_COUNT_MAX ? count : 0; /* too many are refused */
    struct update_task *update = calloc(1, sizeof(*update) + lens_count * sizeof(update->lens[0]));
    struct weir_error why = {0};

    if (update == NULL) {
        weir_fail(&why, WEIR_E_NOMEM, "key-value table %s/%s: no memory for an update", table->scope, table->name);
        if (is_exists)
            ((pravega_table_exists_fn *)done)(arg, why.status, false, &why);
        else
            ((pravega_table_versions_fn *)done)(arg, why.status, NULL, 0, &why);
        return;
    }
    update->done = done;
    update->arg = arg;
    update->is_exists = is_exists;
    update->count = count;
    update->version_segment = PRAVEGA_TABLE_NO_SEGMENT;
    if (count > 0) {
        update->is_removal = updates[0].is_removal;
        update->expected = updates[0].version.version;
        update->is_insert = update->expected == PRAVEGA_WIRE_NOT_EXISTS;
    }
    weir_buf_init(&update->items, PRAVEGA_WIRE_FRAME_LEN_MAX);
    take_updates(update, updates, count, &update->why);
    pravega_table_task_start(table, &update->task, &task_ops);
}

void pravega_table_update(struct pravega_table *table, const struct pravega_table_update *updates, size_t count,
                          pravega_table_versions_fn *done, void *arg)
{
    start(table, updates, count, false, (void (*)(void))done, arg);
}

void pravega_table_exists(struct pravega_table *table, const struct pravega_table_key *key,
                          pravega_table_exists_fn *done, void *arg)
{
    struct pravega_table_update absent = pravega_table_remove_of(*key, PRAVEGA_TABLE_NOT_EXISTS);

    start(table, &absent, 1, true, (void (*)(void))done, arg);
}

void pravega_table_put(struct pravega_table *table, const struct pravega_table_key *key, struct weir_view value,
                       pravega_table_versions_fn *done, void *arg)
{
    struct pravega_table_update update = pravega_table_put_of(*key, value);

    pravega_table_update(table, &update, 1, done, arg);
}

void pravega_table_insert(struct pravega_table *table, const struct pravega_table_key *key, struct weir_view value,
                          pravega_table_versions_fn *done, void *arg)
{
    struct pravega_table_update update = pravega_table_insert_of(*key, value);

    pravega_table_update(table, &update, 1, done, arg);
}

void pravega_table_replace(struct pravega_table *table, const struct pravega_table_key *key, struct weir_view value,
                           struct pravega_table_version version, pravega_table_versions_fn *done, void *arg)
{
    struct pravega_table_update update = pravega_table_replace_of(*key, value, version);

    pravega_table_update(table, &update, 1, done, arg);
}

void pravega_table_remove(struct pravega_table *table, const struct pravega_table_key *key,
                          struct pravega_table_version version, pravega_table_versions_fn *done, void *arg)
{
    struct pravega_table_update update = pravega_table_remove_of(*key, version);

    pravega_table_update(table, &update, 1, done, arg);
}
