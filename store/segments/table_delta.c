/*
 * table_delta.c - READ_TABLE_ENTRIES_DELTA: what a hash table got since a position, out of its log of entries.
 *
 *     window: READING --its bytes--> entries that the index still points to go into the reply --full, or at the end-->
 * answered
 *
 * An entry that was overwritten or removed since is left out here, where upstream hands it out if what replaced it
 * stands in a later page. A compaction appends entries from below the position again: if it did so meanwhile, the delta
 * begins anew, and tells the client to clear what it has, as upstream does.
 */
#include <stdlib.h>

#include "store/container/fetch.h"
#include "store/container/table.h"
#include "store/segments/table_service.h"

#define PAGE_LEN_MAX (2u << 20)
#define WINDOW_LEN ((size_t)2 * WEIR_TABLE_ENTRY_LEN_MAX) /* holds a whole entry wherever it begins */
#define BEGINNINGS_MAX 16

struct delta {
    struct weir_wire_job job; /* first */
    struct weir_segment *seg; /* referenced */
    struct weir_table_wait wait;
    struct weir_store_op barrier;
    struct weir_segment_fetch fetch;
    bool durable, gathered;
    int begin_count;
    int64_t request_id;
    int64_t from;            /* as asked */
    int64_t begin, end;      /* of what is looked at */
    int64_t at;              /* the next entry */
    int32_t count_max, count;
    bool should_clear;
    struct weir_buf items;
    uint8_t *window;
    size_t window_cap; /* WINDOW_LEN, or all that is looked at; counted in the connection's table_bytes */
};

static void delta_free(struct delta *delta)
{
    weir_table_wait_cancel(&delta->wait);
    weir_segment_fetch_cancel(&delta->fetch);
    weir_store_op_cancel(&delta->barrier);
    weir_buf_fini(&delta->items);
    weir_segment_unref(delta->seg);
    free(delta->window);
    free(delta);
}

static void delta_cancel(struct weir_wire_job *base)
{
    delta_free((struct delta *)base);
}

/* Where nothing was left to look at, upstream answers with the position 0 and says nothing of clearing. */
static void answer(struct delta *delta)
{
    bool looked = delta->at > delta->begin;

    pravega_wire_encode_table_entries_delta_read(
        weir_wire_reply(delta->job.conn),
        &(struct pravega_wire_table_entries_delta_read){.request_id = delta->request_id,
                                                        .segment = weir_segment_name(delta->seg),
                                                        .entries = {delta->count, weir_buf_view(&delta->items)},
                                                        .should_clear = looked && delta->should_clear,
                                                        .reached_end = !looked || delta->at >= delta->end,
                                                        .last_position = looked ? delta->at : 0});
}

static void end(struct delta *delta, enum weir_status status)
{
    struct weir_wire_conn *conn = delta->job.conn;

    weir_wire_job_end(&delta->job);
    conn->table_bytes -= delta->window_cap;
    if (status == WEIR_OK)
        answer(delta);
    else if (status == WEIR_E_NOT_FOUND)
        pravega_wire_encode_no_such_segment(
            weir_wire_reply(conn),
            &(struct pravega_wire_no_such_segment){
                .request_id = delta->request_id, .segment = weir_segment_name(delta->seg), .offset = -1});
    else
        weir_wire_conn_end(conn, status == WEIR_E_DAMAGED ? "it asked for a table's entries from where none begins"
                                                          : weir_status_text(status));
    delta_free(delta);
}

static void begin(struct delta *delta);

/* Whether what was looked at has been moved since. */
static bool overtaken(const struct delta *delta)
{
    struct weir_segment_info info;

    weir_segment_info(delta->seg, &info);
    return info.start_offset > delta->begin;
}

static void go_on(struct delta *delta)
{
    if (!delta->durable || !delta->gathered)
        return;
    if (!overtaken(delta))
        end(delta, WEIR_OK);
    else if (delta->begin_count < BEGINNINGS_MAX)
        begin(delta);
    else
        end(delta, WEIR_E_TRUNCATED);
}

static void barrier_done(struct weir_store_op *op)
{
    struct delta *delta = (struct delta *)((char *)op - offsetof(struct delta, barrier));

    delta->durable = true;
    if (op->status != WEIR_OK)
        end(delta, op->status);
    else
        go_on(delta);
}

static bool is_full(const struct delta *delta)
{
    return delta->at >= delta->end || delta->count >= delta->count_max || delta->items.len >= PAGE_LEN_MAX;
}

static void put(struct delta *delta, const struct weir_table_entry *entry)
{
    struct weir_table_place place;

    if (entry->removal || !weir_table_get(delta->seg, entry->key, &place) || place.offset != delta->at)
        return;
    pravega_wire_put_entry(&delta->items, &(struct pravega_wire_entry){{entry->key, place.version}, entry->value});
    delta->count++;
}

static enum weir_status gather(struct delta *delta)
{
    struct weir_in in = weir_in(weir_view(delta->window, delta->fetch.len));
    enum weir_status status = WEIR_OK;
    struct weir_table_entry entry;

    while (!is_full(delta) && (status = weir_table_entry_get(&in, &entry)) == WEIR_OK) {
        put(delta, &entry);
        delta->at += (int64_t)weir_table_entry_len(&entry);
    }
    if (status == WEIR_E_AGAIN && delta->at > delta->fetch.offset)
        status = WEIR_OK; /* the next window begins with it */
    return status == WEIR_OK ? delta->items.status : WEIR_E_DAMAGED;
}

static void next_window(struct delta *delta);

static void window_read(struct weir_segment_fetch *fetch)
{
    struct delta *delta = (struct delta *)((char *)fetch - offsetof(struct delta, fetch));
    enum weir_status status = fetch->status;

    if (status == WEIR_OK)
        status = gather(delta);
    delta->gathered = status == WEIR_E_TRUNCATED || is_full(delta);
    if (status != WEIR_OK && status != WEIR_E_TRUNCATED)
        end(delta, status);
    else if (delta->gathered)
        go_on(delta);
    else
        next_window(delta);
}

static void next_window(struct delta *delta)
{
    delta->fetch = (struct weir_segment_fetch){
        .done = window_read, .offset = delta->at, .to = delta->window, .len = delta->window_cap};
    if ((int64_t)delta->window_cap > delta->end - delta->at)
        delta->fetch.len = (size_t)(delta->end - delta->at);
    weir_segment_fetch(delta->seg, &delta->fetch);
}

/* False if there is no memory. */
static bool make_window(struct delta *delta)
{
    size_t len = (size_t)(delta->end - delta->at), cap = len < WINDOW_LEN ? len : WINDOW_LEN;

    free(delta->window);
    delta->window = malloc(cap + 1);
    delta->job.conn->table_bytes += cap - delta->window_cap;
    delta->window_cap = cap;
    return delta->window != NULL;
}

static void begin(struct delta *delta)
{
    struct weir_segment_info info;

    weir_segment_info(delta->seg, &info);
    delta->begin_count++;
    delta->should_clear = delta->from < info.start_offset;
    delta->begin = delta->at = delta->should_clear ? info.start_offset : delta->from;
    delta->end = info.length;
    delta->count = 0;
    weir_buf_reset(&delta->items);
    if (!make_window(delta)) {
        end(delta, WEIR_E_NOMEM);
        return;
    }
    delta->durable = false;
    delta->barrier = (struct weir_store_op){.done = barrier_done};
    weir_container_barrier(delta->job.conn->server->ctr, &delta->barrier);
    delta->gathered = is_full(delta);
    if (!delta->gathered)
        next_window(delta);
}

static void begin_at_last(struct weir_table_wait *wait)
{
    begin((struct delta *)((char *)wait - offsetof(struct delta, wait)));
}

void weir_wire_read_table_delta(struct weir_wire_conn *conn, const struct pravega_wire_read_table_entries_delta *cmd)
{
    struct weir_table_info info;
    struct weir_segment_info numbers;
    struct weir_segment *seg = weir_table_asked(conn, cmd->request_id, cmd->segment, -1, &info);
    struct delta *delta;

    if (seg == NULL)
        return;
    weir_segment_info(seg, &numbers);
    if (info.key_len > 0) {
        weir_table_reply_unsupported(conn, cmd->request_id, "readTableEntriesDelta");
        return;
    }
    if (cmd->from_position < 0 || cmd->from_position > numbers.length) {
        weir_table_reply_illegal(conn, cmd->request_id, cmd->segment, "the position is not one of the table's");
        return;
    }
    delta = calloc(1, sizeof(*delta));
    if (delta == NULL) {
        weir_wire_conn_end(conn, "out of memory");
        return;
    }
    delta->seg = weir_segment_ref(seg);
    delta->request_id = cmd->request_id;
    delta->from = cmd->from_position;
    delta->count_max = cmd->suggested_count;
    weir_buf_init(&delta->items, PRAVEGA_WIRE_FRAME_LEN_MAX);
    delta->job.cancel = delta_cancel;
    delta->wait.go_on = begin_at_last;
    weir_wire_job_begin(conn, &delta->job);
    weir_table_wait(conn, &delta->wait);
}
