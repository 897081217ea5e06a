/*
 * table_iterator.c - the entries of a range of keys in ascending order, a page at a time.
 *
 * A range within one primary key lies in one segment; any other one may lie in all of them. Each segment has a *cursor*
 * with the entries that it answered last and that are not handed out yet. When none of the cursors is empty, the
 * smallest of their first keys is the next one:
 *
 *     FETCHING --each cursor has entries, or has come to its end--> merge --a cursor is empty--> FETCHING
 *                                                                        --the page is full, or all have ended--> page
 *
 * The store's answers stop at a number of entries, or of bytes, so that one without any is the end. The next question
 * begins at the key after the last one of the answer.
 */
#include <assert.h>
#include <stdlib.h>

#include "pravega/kvt/table_int.h"

#define PAGE_SIZE_DEFAULT 10

struct cursor {
    struct pravega_table_iterator *iterator;
    struct pravega_segment_request request;
    struct pravega_table_segment *segment;
    struct pravega_table_walk walk; /* what the store is still to be asked for */
    struct weir_buf answer;         /* entries, or keys, in wire form */
    struct weir_in items;           /* those of the answer behind `first` */
    size_t left_count;              /* `first` included */
    struct pravega_wire_entry first;
};

/* An entry of the page: its bytes are in `bytes`, which moves while it grows. */
struct page_entry {
    size_t at, value_len;
    struct pravega_table_version version;
};

struct pravega_table_iterator {
    struct pravega_table_task task; /* under way if it is in the table */
    struct pravega_table *table;
    size_t page_size;
    bool keys_only, begun;
    struct pravega_table_range range; /* its views point into `parts` */
    struct weir_buf parts;
    struct pravega_table_walk walk; /* what has not been handed out */
    struct cursor *cursors;
    size_t cursor_count, asked_count;
    struct page_entry *page;
    size_t page_count;
    struct weir_buf bytes;
    pravega_table_page_fn *done;
    void *arg;
};

static struct pravega_table_iterator *iterator_of(struct pravega_table_task *task)
{
    return (struct pravega_table_iterator *)task;
}

/* ---- the end of a page: the last thing that a function does ---- */

static void stop_asking(struct pravega_table_iterator *iterator)
{
    for (size_t i = 0; i < iterator->cursor_count; i++)
        pravega_segment_request_cancel(&iterator->cursors[i].request);
    iterator->asked_count = 0;
}

/* What is in the page already stays for the next attempt. The task has ended. */
static void fail(struct pravega_table_task *task, const struct weir_error *why)
{
    struct pravega_table_iterator *iterator = iterator_of(task);
    struct weir_error kept = *why;

    iterator->done(iterator->arg, kept.status, NULL, 0, weir_view(NULL, 0), &kept);
}

static void refuse(struct pravega_table_iterator *iterator, const struct weir_error *why)
{
    stop_asking(iterator);
    pravega_table_task_end(&iterator->task);
    fail(&iterator->task, why);
}

static void refuse_nomem(struct pravega_table_iterator *iterator)
{
    struct weir_error why = {0};

    weir_fail(&why, WEIR_E_NOMEM, "key-value table %s/%s: no memory for a page of entries", iterator->table->scope,
              iterator->table->name);
    refuse(iterator, &why);
}

/* What the callback gets is its own while it runs, since it may free the iterator. */
static void hand_out(struct pravega_table_iterator *iterator)
{
    const struct pravega_table_config *config = &iterator->table->config;
    size_t key_len = pravega_table_key_len(config), count = iterator->page_count;
    struct pravega_table_entry *entries = malloc((count + 1) * sizeof(*entries));
    struct weir_buf bytes = iterator->bytes, continuation;
    struct weir_error why = {0};

    if (count == 0)
        iterator->walk.is_over = true;
    else
        pravega_table_walk_after(&iterator->walk, weir_view(bytes.ptr + iterator->page[count - 1].at, key_len));
    weir_buf_init(&continuation, SIZE_MAX);
    pravega_table_walk_put(&iterator->walk, &continuation);
    if (entries == NULL || continuation.status != WEIR_OK) {
        free(entries);
        weir_buf_fini(&continuation);
        refuse_nomem(iterator);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct page_entry *from = &iterator->page[i];
        struct weir_view key = weir_view(bytes.ptr + from->at, key_len);

        entries[i] = (struct pravega_table_entry){pravega_table_key_split(config, key),
                                                  weir_view(key.ptr + key_len, from->value_len), from->version};
    }
    weir_buf_init(&iterator->bytes, SIZE_MAX);
    iterator->page_count = 0;
    pravega_table_task_end(&iterator->task);
    iterator->done(iterator->arg, WEIR_OK, entries, count, weir_buf_view(&continuation), &why);
    free(entries);
    weir_buf_fini(&bytes);
    weir_buf_fini(&continuation);
}

/* ---- merging ---- */

static void advance(struct cursor *cursor)
{
    if (cursor->left_count == 0)
        return;
    if (cursor->iterator->keys_only)
        cursor->first = (struct pravega_wire_entry){pravega_wire_key_next(&cursor->items), {NULL, 0}};
    else
        cursor->first = pravega_wire_entry_next(&cursor->items);
}

static struct cursor *smallest(struct pravega_table_iterator *iterator)
{
    struct cursor *best = NULL;

    for (size_t i = 0; i < iterator->cursor_count; i++) {
        struct cursor *cursor = &iterator->cursors[i];

        if (cursor->left_count > 0 &&
            (best == NULL || memcmp(cursor->first.key.key.ptr, best->first.key.key.ptr, cursor->first.key.key.len) < 0))
            best = cursor;
    }
    return best;
}

static void take(struct pravega_table_iterator *iterator, struct cursor *cursor)
{
    struct weir_view key = cursor->first.key.key, value = cursor->first.value;

    iterator->page[iterator->page_count++] =
        (struct page_entry){iterator->bytes.len, value.len, {cursor->segment->id, cursor->first.key.version}};
    weir_buf_append(&iterator->bytes, key.ptr, key.len);
    if (value.len > 0)
        weir_buf_append(&iterator->bytes, value.ptr, value.len);
    cursor->left_count--;
    advance(cursor);
}

static void fetch(struct cursor *cursor);

static void go_on(struct pravega_table_iterator *iterator)
{
    struct cursor *cursor = NULL;

    while (iterator->asked_count == 0 && iterator->page_count < iterator->page_size) {
        for (size_t i = 0; i < iterator->cursor_count; i++)
            if (iterator->cursors[i].left_count == 0 && !iterator->cursors[i].walk.is_over)
                fetch(&iterator->cursors[i]);
        if (iterator->asked_count > 0)
            return;
        cursor = smallest(iterator);
        if (cursor == NULL)
            break;
        take(iterator, cursor);
    }
    if (iterator->asked_count > 0)
        return;
    if (iterator->bytes.status == WEIR_OK)
        hand_out(iterator);
    else
        refuse_nomem(iterator);
}

/* ---- asking ---- */

static void encode(void *arg, const struct pravega_segment_asked *asked, struct weir_buf *out)
{
    struct cursor *cursor = arg;
    int32_t count = (int32_t)cursor->iterator->page_size;
    struct weir_view none = {NULL, 0}, from = weir_buf_view(&cursor->walk.from), to = weir_buf_view(&cursor->walk.to);

    if (cursor->iterator->keys_only)
        pravega_wire_encode_read_table_keys(out, &(struct pravega_wire_read_table_keys){asked->request_id,
                                                                                        asked->segment, asked->token,
                                                                                        count, none, none, from, to});
    else
        pravega_wire_encode_read_table_entries(
            out, &(struct pravega_wire_read_table_entries){asked->request_id, asked->segment, asked->token, count, none,
                                                           none, from, to});
}

static const struct pravega_segment_question keys_question = {PRAVEGA_WIRE_TABLE_KEYS_READ, true, encode};
static const struct pravega_segment_question entries_question = {PRAVEGA_WIRE_TABLE_ENTRIES_READ, true, encode};

/* Whether the entries are what was asked for: ascending keys of the table's length, within the range. Moves the walk
 * behind them. */
static bool follow(struct cursor *cursor)
{
    struct weir_in items = cursor->items;
    size_t len = cursor->walk.from.len;

    for (size_t i = 0; i < cursor->left_count; i++) {
        struct weir_view key =
            cursor->iterator->keys_only ? pravega_wire_key_next(&items).key : pravega_wire_entry_next(&items).key.key;

        if (cursor->walk.is_over || key.len != len || memcmp(key.ptr, cursor->walk.from.ptr, len) < 0 ||
            memcmp(key.ptr, cursor->walk.to.ptr, len) > 0)
            return false;
        pravega_table_walk_after(&cursor->walk, key);
    }
    return true;
}

static enum weir_status take_answer(struct cursor *cursor, const struct pravega_wire_command *answer,
                                    struct weir_error *err)
{
    const struct pravega_wire_list *list =
        cursor->iterator->keys_only ? &answer->table_keys_read.keys : &answer->table_entries_read.entries;

    if (list->count == 0) {
        cursor->walk.is_over = true;
        return WEIR_OK;
    }
    weir_buf_reset(&cursor->answer);
    weir_buf_append(&cursor->answer, list->items.ptr, list->items.len);
    if (cursor->answer.status != WEIR_OK)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for %d entries of a table", (int)list->count);
    cursor->items = weir_in(weir_buf_view(&cursor->answer));
    cursor->left_count = (size_t)list->count;
    if (follow(cursor)) {
        advance(cursor);
        return WEIR_OK;
    }
    cursor->left_count = 0;
    return weir_fail(err, WEIR_E_PROTO, "table segment %s: the store answered with keys that were not asked for",
                     cursor->segment->line.link.segment_name);
}

static void on_answer(void *arg, enum weir_status status, const struct pravega_wire_command *answer,
                      const struct weir_error *why)
{
    struct cursor *cursor = arg;
    struct pravega_table_iterator *iterator = cursor->iterator;
    struct weir_error bad = *why;

    iterator->asked_count--;
    if (status == WEIR_OK)
        status = take_answer(cursor, answer, &bad);
    if (status == WEIR_OK)
        go_on(iterator);
    else
        refuse(iterator, &bad);
}

static void fetch(struct cursor *cursor)
{
    cursor->iterator->asked_count++;
    pravega_segment_request_start(&cursor->request, &cursor->segment->line,
                                  cursor->iterator->keys_only ? &keys_question : &entries_question, on_answer, cursor);
}

/* ---- beginning ---- */

static enum weir_status copy_walk(struct pravega_table_walk *to, const struct pravega_table_walk *from,
                                  struct weir_error *err)
{
    struct weir_buf bytes;
    enum weir_status status;

    weir_buf_init(&bytes, SIZE_MAX);
    pravega_table_walk_put(from, &bytes);
    status = bytes.status == WEIR_OK ? pravega_table_walk_get(to, weir_buf_view(&bytes), err)
                                     : weir_fail(err, WEIR_E_NOMEM, "no memory for a range of keys");
    weir_buf_fini(&bytes);
    return status;
}

static enum weir_status make_cursors(struct pravega_table_iterator *iterator, struct weir_error *err)
{
    struct pravega_table *table = iterator->table;
    bool is_single = pravega_table_walk_is_single(&iterator->walk, &table->config);
    struct weir_view primary = weir_view(iterator->walk.from.ptr, (size_t)table->config.primary_key_len);
    size_t count = is_single ? 1 : table->segment_count;
    enum weir_status status = WEIR_OK;

    iterator->cursors = calloc(count, sizeof(*iterator->cursors));
    if (iterator->cursors == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory to walk over %zu segments", count);
    iterator->cursor_count = count;
    for (size_t i = 0; i < count; i++) {
        struct cursor *cursor = &iterator->cursors[i];

        cursor->iterator = iterator;
        cursor->segment = is_single ? pravega_table_segment_of(table, primary) : &table->segments[i];
        weir_buf_init(&cursor->answer, PRAVEGA_WIRE_FRAME_LEN_MAX);
        if (status == WEIR_OK)
            status = copy_walk(&cursor->walk, &iterator->walk, err);
    }
    return status;
}

static void free_cursors(struct pravega_table_iterator *iterator)
{
    stop_asking(iterator);
    for (size_t i = 0; i < iterator->cursor_count; i++) {
        pravega_table_walk_fini(&iterator->cursors[i].walk);
        weir_buf_fini(&iterator->cursors[i].answer);
    }
    free(iterator->cursors);
    iterator->cursors = NULL;
    iterator->cursor_count = 0;
}

/* The first page. Of a continuation the walk is there already. */
static enum weir_status begin_walk(struct pravega_table_iterator *iterator, struct weir_error *err)
{
    const struct pravega_table_config *config = &iterator->table->config;
    enum weir_status status = iterator->walk.is_over || iterator->walk.from.len > 0
                                  ? pravega_table_walk_check(&iterator->walk, config, err)
                                  : pravega_table_walk_begin(&iterator->walk, config, &iterator->range, err);

    if (status == WEIR_OK && !iterator->walk.is_over)
        status = make_cursors(iterator, err);
    if (status != WEIR_OK)
        free_cursors(iterator);
    iterator->begun = status == WEIR_OK;
    return status;
}

static void begin(struct pravega_table_task *task)
{
    struct pravega_table_iterator *iterator = iterator_of(task);
    struct weir_error why = {0};

    if (!iterator->begun && begin_walk(iterator, &why) != WEIR_OK)
        refuse(iterator, &why);
    else
        go_on(iterator);
}

/* The table is freed before the iterator, against the rule: it is not touched any more. */
static void orphan(struct pravega_table_task *task)
{
    stop_asking(iterator_of(task));
}

static const struct pravega_table_task_ops task_ops = {begin, fail, orphan};

void pravega_table_iterator_next(struct pravega_table_iterator *iterator, pravega_table_page_fn *done, void *arg)
{
    assert(iterator->task.at == NULL);
    iterator->done = done;
    iterator->arg = arg;
    pravega_table_task_start(iterator->table, &iterator->task, &task_ops);
}

/* ---- life ---- */

/* The range outlives its views: one buffer has the bytes of all three. */
static void keep_range(struct pravega_table_iterator *iterator, const struct pravega_table_range *range)
{
    struct weir_view *views[] = {&iterator->range.primary, &iterator->range.from, &iterator->range.to};
    size_t at = 0;

    iterator->range = *range;
    for (size_t i = 0; i < 3; i++)
        if (views[i]->len > 0)
            weir_buf_append(&iterator->parts, views[i]->ptr, views[i]->len);
    for (size_t i = 0; i < 3 && iterator->parts.status == WEIR_OK; i++) {
        views[i]->ptr = at < iterator->parts.len ? iterator->parts.ptr + at : iterator->parts.ptr;
        at += views[i]->len;
    }
}

enum weir_status pravega_table_iterator_new(struct pravega_table *table, const struct pravega_table_range *range,
                                            const struct pravega_table_iterator_options *options,
                                            struct pravega_table_iterator **out, struct weir_error *err)
{
    static const struct pravega_table_iterator_options defaults;
    struct pravega_table_iterator *iterator = calloc(1, sizeof(*iterator));
    enum weir_status status = WEIR_OK;

    options = options != NULL ? options : &defaults;
    if (iterator == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory to walk over a table");
    iterator->table = table;
    iterator->page_size = options->page_size > 0 ? (size_t)options->page_size : PAGE_SIZE_DEFAULT;
    iterator->keys_only = options->keys_only;
    weir_buf_init(&iterator->parts, 3 * (size_t)PRAVEGA_TABLE_KEY_LEN_MAX);
    weir_buf_init(&iterator->bytes, SIZE_MAX);
    if (options->page_size < 0)
        status = weir_fail(err, WEIR_E_INVAL, "a page of %d entries", (int)options->page_size);
    else if (options->continuation.len > 0)
        status = pravega_table_walk_get(&iterator->walk, options->continuation, err);
    else
        keep_range(iterator, range);
    if (status == WEIR_OK && iterator->parts.status != WEIR_OK)
        status = weir_fail(err, iterator->parts.status == WEIR_E_LIMIT ? WEIR_E_INVAL : WEIR_E_NOMEM,
                           "a range of keys longer than %d bytes, or no memory for it", PRAVEGA_TABLE_KEY_LEN_MAX);
    if (status == WEIR_OK)
        iterator->page = calloc(iterator->page_size, sizeof(*iterator->page));
    if (status == WEIR_OK && iterator->page == NULL)
        status = weir_fail(err, WEIR_E_NOMEM, "no memory for pages of %zu entries", iterator->page_size);
    if (status == WEIR_OK)
        *out = iterator;
    else
        pravega_table_iterator_free(iterator);
    return status;
}

void pravega_table_iterator_free(struct pravega_table_iterator *iterator)
{
    if (iterator == NULL)
        return;
    if (iterator->task.at != NULL)
        pravega_table_task_end(&iterator->task);
    free_cursors(iterator);
    pravega_table_walk_fini(&iterator->walk);
    weir_buf_fini(&iterator->parts);
    weir_buf_fini(&iterator->bytes);
    free(iterator->page);
    free(iterator);
}
