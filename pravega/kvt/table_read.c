/*
 * table_read.c - entries by their keys, from all segments that have some of them.
 *
 * The keys are sorted by segment and cut into *slices* of at most 15, one question each. Of each segment 5 slices are
 * asked for at first; the answer to a slice brings the one that is 5 further on. Values are gathered in one buffer,
 * found by offset until all are there.
 *
 *     order   | keys of segment 0        | keys of segment 1 | ...      indexes of the keys asked for
 *     slices  | 15 | 15 | 15 | ... | 3   | 15 | 7            |
 */
#include <stdlib.h>

#include "pravega/kvt/table_int.h"

#define SLICE_KEYS_MAX 15
#define SLICES_UNDER_WAY_MAX 5
#define KEYS_LEN_MAX ((size_t)1 << 30)

struct read_task;

struct slice {
    struct read_task *read;
    struct pravega_segment_request request;
    struct pravega_table_segment *segment;
    size_t first, count; /* in order[] */
};

struct found {
    size_t at; /* of the value, in `values` */
    struct pravega_table_entry entry;
};

/* A key asked for, and then its place in the order. */
struct asked_key {
    size_t at; /* in `keys` */
    size_t primary_len, secondary_len;
    struct pravega_table_segment *segment;
};

struct read_task {
    struct pravega_table_task task; /* first */
    void (*done)(void);             /* a pravega_table_entries_fn, or a pravega_table_entry_fn */
    void *arg;
    bool is_single;
    struct weir_buf keys; /* whole keys, one behind the other */
    struct weir_buf values;
    size_t count, slice_count, left_count; /* keys; slices; slices not answered */
    struct asked_key *asked;
    size_t *order;
    struct found *found;
    struct slice *slices;
};

static struct read_task *read_task(struct pravega_table_task *task)
{
    return (struct read_task *)task;
}

/* ---- the end ---- */

static void free_read(struct read_task *read)
{
    for (size_t i = 0; i < read->slice_count; i++)
        pravega_segment_request_cancel(&read->slices[i].request);
    weir_buf_fini(&read->keys);
    weir_buf_fini(&read->values);
    free(read->asked);
    free(read->order);
    free(read->found);
    free(read->slices);
    free(read);
}

static void call_back(const struct read_task *read, enum weir_status status, const struct pravega_table_entry *entries,
                      size_t count, const struct weir_error *why)
{
    if (read->is_single)
        ((pravega_table_entry_fn *)read->done)(
            read->arg, status, count > 0 && entries->version.version != PRAVEGA_WIRE_NOT_EXISTS ? entries : NULL, why);
    else
        ((pravega_table_entries_fn *)read->done)(read->arg, status, entries, count, why);
}

/* The task has ended; the last thing that a function does. */
static void fail(struct pravega_table_task *task, const struct weir_error *why)
{
    struct read_task *read = read_task(task), ended = *read;
    struct weir_error kept = *why;

    free_read(read);
    call_back(&ended, kept.status, NULL, 0, &kept);
}

static void refuse(struct read_task *read, const struct weir_error *why)
{
    pravega_table_task_end(&read->task);
    fail(&read->task, why);
}

static void free_task(struct pravega_table_task *task)
{
    free_read(read_task(task));
}

/* All is there: what is handed out lives until the callback is over, and the callback may free the table. */
static void finish(struct read_task *read)
{
    struct pravega_table_entry *entries = malloc((read->count + 1) * sizeof(*entries));
    struct weir_error why = {0};

    if (entries == NULL || read->values.status != WEIR_OK) {
        free(entries);
        weir_fail(&why, WEIR_E_NOMEM, "no memory for the values of %zu keys", read->count);
        refuse(read, &why);
        return;
    }
    for (size_t i = 0; i < read->count; i++) {
        entries[i] = read->found[i].entry;
        if (entries[i].value.len > 0)
            entries[i].value.ptr = read->values.ptr + read->found[i].at;
    }
    pravega_table_task_end(&read->task);
    call_back(read, WEIR_OK, entries, read->count, &why);
    free(entries);
    free_read(read);
}

/* ---- slices ---- */

static struct weir_view whole_key(const struct read_task *read, const struct asked_key *asked)
{
    return weir_view(read->keys.ptr + asked->at, asked->primary_len + asked->secondary_len);
}

static void encode(void *arg, const struct pravega_segment_asked *asked, struct weir_buf *out)
{
    struct slice *slice = arg;
    struct read_task *read = slice->read;
    struct pravega_wire_read_table ask = {
        asked->request_id, asked->segment, asked->token, {(int32_t)slice->count, {0}}};
    struct weir_buf items;

    weir_buf_init(&items, PRAVEGA_WIRE_FRAME_LEN_MAX);
    for (size_t i = 0; i < slice->count; i++) {
        struct weir_view key = whole_key(read, &read->asked[read->order[slice->first + i]]);

        pravega_wire_put_key(&items, &(struct pravega_wire_key){key, PRAVEGA_WIRE_NO_VERSION});
    }
    ask.keys.items = weir_buf_view(&items);
    if (items.status == WEIR_OK)
        pravega_wire_encode_read_table(out, &ask);
    else
        out->status = items.status; /* shows as a lost connection */
    weir_buf_fini(&items);
}

static const struct pravega_segment_question read_question = {PRAVEGA_WIRE_TABLE_READ, true, encode};

/* Takes the entries of a slice, in the order asked for. False if they are not these. */
static bool take_entries(struct slice *slice, const struct pravega_wire_list *entries)
{
    struct read_task *read = slice->read;
    struct weir_in items = pravega_wire_items(entries);

    if ((size_t)entries->count != slice->count)
        return false;
    for (size_t i = 0; i < slice->count; i++) {
        size_t index = read->order[slice->first + i];
        struct pravega_wire_entry wire = pravega_wire_entry_next(&items);
        struct found *found = &read->found[index];
        struct weir_view key = whole_key(read, &read->asked[index]);

        if (!weir_view_equal(wire.key.key, key))
            return false;
        found->at = read->values.len;
        found->entry.key = pravega_table_key_split(&read->task.table->config, key);
        found->entry.value = weir_view(NULL, wire.value.len);
        found->entry.version = wire.key.version == PRAVEGA_WIRE_NOT_EXISTS
                                   ? PRAVEGA_TABLE_NOT_EXISTS
                                   : (struct pravega_table_version){slice->segment->id, wire.key.version};
        if (wire.value.len > 0)
            weir_buf_append(&read->values, wire.value.ptr, wire.value.len);
    }
    return true;
}

static void on_slice(void *arg, enum weir_status status, const struct pravega_wire_command *answer,
                     const struct weir_error *why);

/* Nothing if there is no such slice of this segment. */
static void start_slice(struct read_task *read, size_t index, const struct pravega_table_segment *segment)
{
    if (index < read->slice_count && read->slices[index].segment == segment)
        pravega_segment_request_start(&read->slices[index].request, &read->slices[index].segment->line, &read_question,
                                      on_slice, &read->slices[index]);
}

static void on_slice(void *arg, enum weir_status status, const struct pravega_wire_command *answer,
                     const struct weir_error *why)
{
    struct slice *slice = arg;
    struct read_task *read = slice->read;
    struct weir_error bad = *why;

    if (status == WEIR_OK && !take_entries(slice, &answer->table_read.entries))
        status = weir_fail(&bad, WEIR_E_PROTO, "table segment %s: the store answered with other keys than asked for",
                           slice->segment->line.link.segment_name);
    if (status != WEIR_OK) {
        refuse(read, &bad);
        return;
    }
    start_slice(read, (size_t)(slice - read->slices) + SLICES_UNDER_WAY_MAX, slice->segment);
    if (--read->left_count == 0)
        finish(read);
}

/* ---- beginning ---- */

static int by_segment(const void *a, const void *b, void *arg)
{
    const struct asked_key *asked = arg;
    size_t left = *(const size_t *)a, right = *(const size_t *)b;
    const struct pravega_table_segment *of_left = asked[left].segment, *of_right = asked[right].segment;

    if (of_left != of_right)
        return of_left < of_right ? -1 : 1;
    return (left > right) - (left < right);
}

static enum weir_status find_segments(struct read_task *read, struct weir_error *err)
{
    for (size_t i = 0; i < read->count; i++) {
        struct asked_key *asked = &read->asked[i];
        enum weir_status status =
            pravega_table_key_check(&read->task.table->config, asked->primary_len, asked->secondary_len, err);

        if (status != WEIR_OK)
            return status;
        asked->segment =
            pravega_table_segment_of(read->task.table, weir_view(read->keys.ptr + asked->at, asked->primary_len));
        read->order[i] = i;
    }
    qsort_r(read->order, read->count, sizeof(*read->order), by_segment, read->asked);
    return WEIR_OK;
}

static enum weir_status cut_slices(struct read_task *read, struct weir_error *err)
{
    struct slice *slice = NULL;

    read->slices = calloc(read->count, sizeof(*read->slices)); /* at most one for each key */
    if (read->slices == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory to read %zu keys", read->count);
    for (size_t i = 0; i < read->count; i++) {
        struct pravega_table_segment *segment = read->asked[read->order[i]].segment;

        if (slice == NULL || slice->segment != segment || slice->count == SLICE_KEYS_MAX) {
            slice = &read->slices[read->slice_count++];
            *slice = (struct slice){.read = read, .segment = segment, .first = i};
        }
        slice->count++;
    }
    read->left_count = read->slice_count;
    return WEIR_OK;
}

static void start_slices(struct read_task *read)
{
    size_t of_segment = 0;

    for (size_t i = 0; i < read->slice_count; i++) {
        of_segment = i > 0 && read->slices[i].segment == read->slices[i - 1].segment ? of_segment + 1 : 0;
        if (of_segment < SLICES_UNDER_WAY_MAX)
            start_slice(read, i, read->slices[i].segment);
    }
}

static void begin(struct pravega_table_task *task)
{
    struct read_task *read = read_task(task);
    struct weir_error why = {0};

    if (read->count == 0)
        finish(read);
    else if (find_segments(read, &why) != WEIR_OK || cut_slices(read, &why) != WEIR_OK)
        refuse(read, &why);
    else
        start_slices(read);
}

static const struct pravega_table_task_ops task_ops = {begin, fail, free_task};

/* ---- taking keys ---- */

static void take_keys(struct read_task *read, const struct pravega_table_key *keys)
{
    for (size_t i = 0; i < read->count; i++) {
        read->asked[i] = (struct asked_key){read->keys.len, keys[i].primary.len, keys[i].secondary.len, NULL};
        if (keys[i].primary.len > 0)
            weir_buf_append(&read->keys, keys[i].primary.ptr, keys[i].primary.len);
        if (keys[i].secondary.len > 0)
            weir_buf_append(&read->keys, keys[i].secondary.ptr, keys[i].secondary.len);
    }
}

/* NULL: no memory. */
static struct read_task *read_new(const struct pravega_table_key *keys, size_t count)
{
    struct read_task *read = calloc(1, sizeof(*read));

    if (read == NULL)
        return NULL;
    weir_buf_init(&read->keys, KEYS_LEN_MAX);
    weir_buf_init(&read->values, SIZE_MAX);
    read->count = count;
    read->asked = calloc(count + 1, sizeof(*read->asked));
    read->order = calloc(count + 1, sizeof(*read->order));
    read->found = calloc(count + 1, sizeof(*read->found));
    if (read->asked != NULL && read->order != NULL && read->found != NULL)
        take_keys(read, keys);
    else
        read->keys.status = WEIR_E_NOMEM;
    if (read->keys.status == WEIR_OK)
        return read;
    free_read(read);
    return NULL;
}

static void start(struct pravega_table *table, const struct pravega_table_key *keys, size_t count, bool is_single,
                  void (*done)(void), void *arg)
{
    struct read_task *read = read_new(keys, count);

    if (read == NULL) {
        struct read_task none = {.done = done, .arg = arg, .is_single = is_single};
        struct weir_error why = {0};

        weir_fail(&why, WEIR_E_NOMEM, "key-value table %s/%s: no memory to read %zu keys", table->scope, table->name,
                  count);
        call_back(&none, why.status, NULL, 0, &why);
        return;
    }
    read->done = done;
    read->arg = arg;
    read->is_single = is_single;
    pravega_table_task_start(table, &read->task, &task_ops);
}

void pravega_table_get(struct pravega_table *table, const struct pravega_table_key *key, pravega_table_entry_fn *done,
                       void *arg)
{
    start(table, key, 1, true, (void (*)(void))done, arg);
}

void pravega_table_get_all(struct pravega_table *table, const struct pravega_table_key *keys, size_t count,
                           pravega_table_entries_fn *done, void *arg)
{
    start(table, keys, count, false, (void (*)(void))done, arg);
}
