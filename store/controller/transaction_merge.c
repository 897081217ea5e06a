/*
 * transaction_merge.c - how transactions that are to be committed get into their stream.
 *
 * One batch merges the shadows of several transactions, in the order of the commit requests, and marks the transactions
 * COMMITTED: both or neither. If the container refuses it, they stay COMMITTING and the sweep tries again.
 *
 * A transaction belongs to the epoch that its id names. If the stream was scaled since, the transaction *rolls*: its
 * epoch is laid out once more, sealed with the transaction's data in it, and then the active epoch once more, so
 * that what was written after the scale stays after.
 */
#include <stdlib.h>

#include "base/log.h"
#include "pravega/types.h"
#include "store/controller/transaction_int.h"

#define MERGED_PER_BATCH 100

/* A batch of transactions of one epoch that are merged together. */
struct merge {
    struct weir_controller *ctl;
    struct weir_held_stream *stream;
    struct weir_held_txn *txns[MERGED_PER_BATCH];
    size_t count;
    int32_t epoch;
};

/* The oldest epoch that has something to commit goes first; -1: none has. What is committing is among the newest
 * transactions, so the search begins there and ends with the last one that it looks for. */
static int32_t epoch_to_commit(const struct weir_held_stream *stream)
{
    size_t left = stream->committing_count;
    int32_t epoch = -1;

    for (size_t i = stream->txn_count; left > 0; i--) {
        const struct weir_held_txn *txn = stream->txns[i - 1];

        if (txn->rec.state != WEIR_TXN_COMMITTING)
            continue;
        left--;
        if (epoch < 0 || weir_txn_epoch(txn) < epoch)
            epoch = weir_txn_epoch(txn);
    }
    return epoch;
}

static int by_commit_number(const void *a, const void *b)
{
    const struct weir_held_txn *x = *(struct weir_held_txn *const *)a, *y = *(struct weir_held_txn *const *)b;

    return (x->rec.commit_number > y->rec.commit_number) - (x->rec.commit_number < y->rec.commit_number);
}

/* Picks the first MERGED_PER_BATCH commit requests of an epoch. */
static void pick(struct merge *merge)
{
    const struct weir_held_stream *stream = merge->stream;
    size_t left = stream->committing_count;

    for (size_t i = stream->txn_count; left > 0; i--) {
        struct weir_held_txn *txn = stream->txns[i - 1];

        if (txn->rec.state != WEIR_TXN_COMMITTING)
            continue;
        left--;
        if (weir_txn_epoch(txn) != merge->epoch)
            continue;
        if (merge->count < MERGED_PER_BATCH) {
            merge->txns[merge->count++] = txn;
            qsort(merge->txns, merge->count, sizeof(merge->txns[0]), by_commit_number);
        } else if (by_commit_number(&txn, &merge->txns[MERGED_PER_BATCH - 1]) < 0) {
            merge->txns[MERGED_PER_BATCH - 1] = txn;
            qsort(merge->txns, merge->count, sizeof(merge->txns[0]), by_commit_number);
        }
    }
}

static const struct weir_segment_range *by_number(const struct weir_epoch *epoch, int32_t number)
{
    for (size_t i = 0; i < epoch->segment_count; i++) {
        if (weir_segment_number(epoch->segments[i].id) == number)
            return &epoch->segments[i];
    }
    return NULL;
}

/* What a transaction brings into a segment that scales by itself was written while it was open. */
static void tell_meter(struct merge *merge, const struct weir_held_txn *txn, int32_t number, int64_t into)
{
    struct pravega_stream_name name = {merge->stream->scope->name, merge->stream->name};
    char text[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1];
    struct weir_segment_info info;
    struct weir_segment *shadow;

    pravega_txn_segment_name(&name, weir_segment_id(weir_txn_epoch(txn), number),
                             (struct pravega_txn_id){txn->id.msb, txn->id.lsb}, text, sizeof(text));
    shadow = weir_segment_peek(merge->ctl->ctr, weir_view_str(text));
    if (shadow == NULL)
        return;
    weir_segment_info(shadow, &info);
    weir_autoscale_merged(merge->ctl, merge->stream, into, weir_segment_attribute(shadow, WEIR_ATTRIBUTE_EVENT_COUNT),
                          info.length, weir_loop_wall_ms(merge->ctl->loop) - txn->rec.created_ms);
}

static void merge_one(struct merge *merge, struct weir_batch *batch, const struct weir_held_txn *txn,
                      const struct weir_epoch *target)
{
    const struct weir_epoch *own = &txn->stream->rec.epochs.list[weir_txn_epoch(txn)];

    for (size_t i = 0; i < own->segment_count; i++) {
        int32_t number = weir_segment_number(own->segments[i].id);
        const struct weir_segment_range *into = by_number(target, number);

        if (into == NULL)
            continue;
        weir_batch_merge_shadow(batch, txn->stream, txn->id, number, into->id);
        if (merge->stream->policy.scale_type != WEIR_SCALE_FIXED)
            tell_meter(merge, txn, number, into->id);
    }
}

/* Merges and COMMITTED as one batch, with what is in it already. */
static bool merge_into(struct merge *merge, int32_t target, struct weir_batch *batch)
{
    enum weir_status status;

    for (size_t i = 0; i < merge->count; i++) {
        merge_one(merge, batch, merge->txns[i], &merge->stream->rec.epochs.list[target]);
        weir_txn_become(merge->txns[i], WEIR_TXN_COMMITTED);
        weir_batch_put_txn(batch, merge->txns[i]);
    }
    status = weir_batch_commit_unasked(batch, merge->ctl->ctr);
    for (size_t i = 0; i < merge->count && status != WEIR_OK; i++)
        weir_txn_become(merge->txns[i], WEIR_TXN_COMMITTING);
    if (status != WEIR_OK)
        weir_log_warn(weir_loop_log(merge->ctl->loop), "store", "%s/%s: %zu transactions wait to be merged: %s",
                      merge->stream->scope->name, merge->stream->name, merge->count, weir_status_text(status));
    return status == WEIR_OK;
}

static void create_epoch(struct weir_batch *batch, const struct weir_held_stream *stream, int32_t epoch)
{
    const struct weir_epoch *added = &stream->rec.epochs.list[epoch];

    for (size_t i = 0; i < added->segment_count; i++)
        weir_batch_create_segment(batch, stream, added->segments[i].id);
}

static void seal_epoch(struct weir_batch *batch, const struct weir_held_stream *stream, int32_t epoch)
{
    const struct weir_epoch *old = &stream->rec.epochs.list[epoch];

    for (size_t i = 0; i < old->segment_count; i++)
        weir_batch_seal_segment(batch, stream, old->segments[i].id);
}

/* One batch of what `add` says for an epoch, and for another one if there is one. */
static bool change_epoch(struct merge *merge, int32_t epoch, int32_t other,
                         void (*add)(struct weir_batch *, const struct weir_held_stream *, int32_t))
{
    struct weir_batch batch;
    enum weir_status status;

    weir_batch_init(&batch);
    add(&batch, merge->stream, epoch);
    if (other >= 0)
        add(&batch, merge->stream, other);
    status = weir_batch_commit_unasked(&batch, merge->ctl->ctr);
    weir_batch_fini(&batch);
    return status == WEIR_OK;
}

/*
 * A merge into a layout that is not the active one any more. Segments have to be there before a batch merges into them,
 * and cannot be sealed by it; so there is a batch before (again at the next try if there is no next batch) and one
 * after (again at the next start: see seal_past).
 */
static bool roll(struct merge *merge)
{
    struct weir_epochs *epochs = &merge->stream->rec.epochs;
    int32_t active = weir_epochs_active_number(epochs);
    int64_t now_ms = weir_loop_wall_ms(merge->ctl->loop);
    struct weir_batch batch;
    bool merged;

    if (weir_epochs_duplicate(epochs, merge->epoch, now_ms) != WEIR_OK)
        return false;
    if (weir_epochs_duplicate(epochs, active, now_ms) != WEIR_OK) {
        weir_epochs_drop_last(epochs);
        return false;
    }
    weir_batch_init(&batch);
    seal_epoch(&batch, merge->stream, active);
    weir_batch_put_stream(&batch, merge->stream);
    merged = change_epoch(merge, active + 1, active + 2, create_epoch) && merge_into(merge, active + 1, &batch);
    weir_batch_fini(&batch);
    if (!merged) {
        weir_epochs_drop_last(epochs);
        weir_epochs_drop_last(epochs);
        return false;
    }
    weir_upkeep_follow(merge->ctl, merge->stream);
    return change_epoch(merge, active + 1, -1, seal_epoch);
}

static void seal_ended(struct weir_batch *batch, const struct weir_held_stream *stream, int32_t epoch)
{
    const struct weir_epoch *old = &stream->rec.epochs.list[epoch];

    for (size_t i = 0; i < old->segment_count; i++) {
        if (weir_epochs_end_of(&stream->rec.epochs, old->segments[i].id) >= 0)
            weir_batch_seal_segment(batch, stream, old->segments[i].id);
    }
}

/* Seals what a roll has left open, if its last batch did not come to the disk. */
static void seal_past(struct weir_controller *ctl, struct weir_held_stream *stream)
{
    struct merge merge = {.ctl = ctl, .stream = stream};

    for (int32_t e = 1; e < weir_epochs_active_number(&stream->rec.epochs); e++) {
        if (stream->rec.epochs.list[e].reference != e)
            change_epoch(&merge, e, -1, seal_ended);
    }
}

/* A commit with a timestamp says how far its writer has come: the same as if it had noted the time there. */
static void note_commit(struct merge *merge, const struct weir_held_txn *txn, struct weir_batch *batch)
{
    struct weir_writer_record rec = {.timestamp = txn->rec.timestamp};

    if (txn->rec.writer.len == 0 || txn->rec.timestamp == WEIR_TXN_NO_TIMESTAMP)
        return;
    if (weir_stream_tail(merge->ctl, merge->stream, &rec.position) != WEIR_OK)
        return; /* one mark less; a later one makes up for it */
    weir_writer_note(batch, merge->stream, weir_buf_view(&txn->rec.writer), &rec);
    weir_writer_record_fini(&rec);
}

static void note_commits(struct merge *merge)
{
    struct weir_batch batch;

    weir_batch_init(&batch);
    for (size_t i = 0; i < merge->count; i++)
        note_commit(merge, merge->txns[i], &batch);
    if (batch.count > 0) {
        weir_batch_commit_unasked(&batch, merge->ctl->ctr);
        weir_watermarks_follow(merge->ctl, merge->stream);
    }
    weir_batch_fini(&batch);
}

bool weir_txns_merge(struct weir_controller *ctl, struct weir_held_stream *stream)
{
    for (;;) {
        struct merge merge = {.ctl = ctl, .stream = stream, .epoch = epoch_to_commit(stream)};
        int32_t active = weir_epochs_active_number(&stream->rec.epochs);
        struct weir_batch batch;
        bool merged;

        if (merge.epoch < 0)
            return true;
        pick(&merge);
        weir_batch_init(&batch);
        merged = stream->rec.epochs.list[active].reference == stream->rec.epochs.list[merge.epoch].reference
                     ? merge_into(&merge, active, &batch)
                     : roll(&merge);
        weir_batch_fini(&batch);
        if (!merged) {
            ctl->merge_refused = true;
            weir_timer_start(ctl->loop, &ctl->sweep, WEIR_TXN_MERGE_AGAIN_NS);
            return false;
        }
        note_commits(&merge);
    }
}

void weir_txns_merge_again(struct weir_controller *ctl, struct weir_held_stream *stream)
{
    seal_past(ctl, stream);
    weir_txns_merge(ctl, stream);
}
