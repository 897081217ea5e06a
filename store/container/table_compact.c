/*
 * table_compact.c - gives back the bytes of a table that no key needs any more.
 *
 *     a change leaves a table more dead than alive --> it waits --> a pass: windows from its start up to where it ended
 *     window: READING --its bytes--> what lives is appended again, with its versions, and the start moves behind the
 *             window, in one record --durable--> the next window
 *
 * A pass copies what lives once for at least as much that was dead. One table is compacted at a time, and one
 * window waits for the other's record, so that compaction never gets ahead of the disk. Entries are looked up in the
 * turn in which their record is made: a key that changed while its window was read is not touched.
 */
#include <stdlib.h>

#include "base/log.h"
#include "store/container/container_int.h"
#include "store/container/fetch.h"

#define WINDOW_LEN ((size_t)2 * WEIR_TABLE_ENTRY_LEN_MAX) /* holds a whole entry wherever it begins */
#define DEAD_SHARE_OF_FLUSH 16u                           /* less than this share of flush_bytes is not worth it */

struct weir_table_compaction {
    struct weir_container *ctr;
    struct weir_segment *seg; /* referenced */
    int64_t end;              /* of the pass */
    struct weir_segment_fetch fetch;
    struct weir_store_op op;
    struct weir_buf moved; /* entries of the window that live */
    size_t window_cap;     /* WINDOW_LEN, or all that the pass looks at */
    uint8_t window[];
};

static void step(struct weir_container *ctr);
static void next_window(struct weir_table_compaction *compaction);

static void compaction_free(struct weir_table_compaction *compaction)
{
    compaction->ctr->compaction = NULL;
    weir_buf_fini(&compaction->moved);
    weir_segment_unref(compaction->seg);
    free(compaction);
}

static void end_pass(struct weir_table_compaction *compaction)
{
    struct weir_container *ctr = compaction->ctr;

    compaction->seg->table->due = false;
    compaction_free(compaction);
    step(ctr);
}

/* The pass came to its end. What died meanwhile may be worth another one, when its turn comes. */
static void complete_pass(struct weir_table_compaction *compaction)
{
    struct weir_container *ctr = compaction->ctr;

    compaction->seg->table->due = false;
    weir_table_consider(compaction->seg); /* at the end of the queue */
    compaction_free(compaction);
    step(ctr);
}

/* What can't be read can't be moved. It stays where it is, and reads of it say so. */
static void give_up(struct weir_table_compaction *compaction, const char *why)
{
    weir_log_error(weir_loop_log(compaction->ctr->loop), "store", "cannot compact table %.*s: %s",
                   (int)compaction->seg->name_len, compaction->seg->name, why);
    compaction->seg->table->stays = true;
    end_pass(compaction);
}

static bool lives(const struct weir_segment *seg, const struct weir_table_entry *entry, int64_t offset)
{
    struct weir_table_place place;

    return !entry->removal && weir_table_find(seg->table, entry->key, &place) && place.offset == offset;
}

static void move(struct weir_table_compaction *compaction, const struct weir_table_entry *entry, int64_t offset)
{
    struct weir_table_entry again = *entry;
    uint8_t *at = weir_buf_extend(&compaction->moved, weir_table_entry_len(entry));

    if (again.version == WEIR_TABLE_NO_VERSION)
        again.version = offset;
    if (at != NULL)
        weir_table_entry_put(at, &again);
}

/* Gathers what lives in the window; @return the bytes of its whole entries, 0 if there is none */
static size_t gather(struct weir_table_compaction *compaction)
{
    struct weir_in in = weir_in(weir_view(compaction->window, compaction->fetch.len));
    struct weir_table_entry entry;
    size_t len = 0;

    weir_buf_reset(&compaction->moved);
    while (weir_table_entry_get(&in, &entry) == WEIR_OK) {
        if (lives(compaction->seg, &entry, compaction->fetch.offset + (int64_t)len))
            move(compaction, &entry, compaction->fetch.offset + (int64_t)len);
        len += weir_table_entry_len(&entry);
    }
    return len;
}

static enum weir_status record(struct weir_table_compaction *compaction, int64_t start)
{
    struct weir_container *ctr = compaction->ctr;
    struct weir_op op = {.code = WEIR_OP_TABLE_UPDATE,
                         .segment = compaction->seg->id,
                         .offset = compaction->seg->length,
                         .time_ms = compaction->seg->last_modified_ms, /* nobody changed it */
                         .data = weir_buf_view(&compaction->moved)};

    weir_buf_reset(&ctr->scratch);
    if (op.data.len > 0)
        weir_op_put(&ctr->scratch, &op);
    op.code = WEIR_OP_TRUNCATE;
    op.offset = start;
    weir_op_put(&ctr->scratch, &op);
    return weir_container_record_scratch(ctr);
}

static void recorded(struct weir_store_op *op)
{
    struct weir_table_compaction *compaction =
        (struct weir_table_compaction *)((char *)op - offsetof(struct weir_table_compaction, op));

    if (op->status == WEIR_OK)
        next_window(compaction);
    else
        end_pass(compaction); /* no space, or no more container: a later change begins anew */
}

static void window_read(struct weir_segment_fetch *fetch)
{
    struct weir_table_compaction *compaction =
        (struct weir_table_compaction *)((char *)fetch - offsetof(struct weir_table_compaction, fetch));
    struct weir_segment *seg = compaction->seg;
    size_t len;

    if (fetch->status == WEIR_E_DAMAGED) {
        give_up(compaction, "its bytes are damaged");
        return;
    }
    if (fetch->status != WEIR_OK || seg->deleted || seg->sealed) {
        end_pass(compaction);
        return;
    }
    len = gather(compaction);
    if (len == 0) {
        give_up(compaction, "no entry stands where one begins");
        return;
    }
    compaction->op.done = recorded;
    if (weir_container_takes(compaction->ctr, &compaction->op))
        weir_store_op_settle(compaction->ctr, &compaction->op,
                             compaction->moved.status == WEIR_OK ? record(compaction, fetch->offset + (int64_t)len)
                                                                 : compaction->moved.status);
}

static void next_window(struct weir_table_compaction *compaction)
{
    struct weir_segment *seg = compaction->seg;

    if (seg->deleted || seg->sealed || seg->start_offset >= compaction->end) {
        complete_pass(compaction);
        return;
    }
    compaction->fetch = (struct weir_segment_fetch){
        .done = window_read, .offset = seg->start_offset, .to = compaction->window, .len = compaction->window_cap};
    if ((int64_t)compaction->window_cap > compaction->end - seg->start_offset)
        compaction->fetch.len = (size_t)(compaction->end - seg->start_offset);
    weir_segment_fetch(seg, &compaction->fetch);
}

/* --- Which table, and when --- */

static struct weir_segment *take_due(struct weir_container *ctr)
{
    struct weir_segment *seg = ctr->compact_first;

    ctr->compact_first = seg->table->next_due;
    if (ctr->compact_first == NULL)
        ctr->compact_last = NULL;
    seg->table->next_due = NULL;
    return seg;
}

/* Without memory nothing is compacted: the next change tries again. */
static void step(struct weir_container *ctr)
{
    while (ctr->compaction == NULL && ctr->compact_first != NULL) {
        struct weir_segment *seg = take_due(ctr);
        size_t len = (size_t)(seg->length - seg->start_offset), cap = len < WINDOW_LEN ? len : WINDOW_LEN;
        struct weir_table_compaction *compaction = malloc(sizeof(*compaction) + cap);

        if (compaction == NULL) {
            seg->table->due = false;
            weir_segment_unref(seg);
            return;
        }
        *compaction = (struct weir_table_compaction){
            .ctr = ctr, .seg = seg, .end = seg->length, .window_cap = cap};
        weir_buf_init(&compaction->moved, WINDOW_LEN);
        ctr->compaction = compaction;
        next_window(compaction);
    }
}

static bool is_due(const struct weir_segment *seg)
{
    const struct weir_table *table = seg->table;
    uint64_t dead_len = (uint64_t)(seg->length - seg->start_offset) - table->live_len;

    return !table->due && !table->stays && !seg->sealed && !seg->deleted && dead_len > table->live_len &&
           dead_len > seg->ctr->options.flush_bytes / DEAD_SHARE_OF_FLUSH;
}

void weir_table_consider(struct weir_segment *seg)
{
    struct weir_container *ctr = seg->ctr;

    if (ctr->failed || !is_due(seg))
        return;
    seg->table->due = true;
    weir_segment_ref(seg);
    if (ctr->compact_last != NULL)
        ctr->compact_last->table->next_due = seg;
    else
        ctr->compact_first = seg;
    ctr->compact_last = seg;
    step(ctr);
}

static void consider(void *arg, struct weir_segment *seg)
{
    (void)arg;
    if (seg->table != NULL)
        weir_table_consider(seg);
}

void weir_table_consider_all(struct weir_container *ctr)
{
    weir_state_each(&ctr->state, consider, NULL);
}

void weir_table_compact_stop(struct weir_container *ctr)
{
    if (ctr->compaction != NULL) {
        weir_segment_fetch_cancel(&ctr->compaction->fetch);
        weir_store_op_cancel(&ctr->compaction->op);
        compaction_free(ctr->compaction);
    }
    while (ctr->compact_first != NULL)
        weir_segment_unref(take_due(ctr));
}
