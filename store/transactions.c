/*
 * transactions.c - transactions, from their making to the day they are forgotten.
 *
 *     OPEN --commitTransaction--> COMMITTING --merged--> COMMITTED
 *     OPEN --abortTransaction, lease over, stream sealed--> ABORTED
 *
 * An open transaction has a shadow segment for each segment of its epoch. A commit is asked for durably first; then one
 * batch merges the shadows, in the order of the requests, and marks the transactions COMMITTED: both or neither. An
 * abort is one batch as well, so there is no ABORTING. What a completed one became is remembered, to answer those who
 * ask again.
 *
 * A transaction belongs to the epoch that its id names. If the stream was scaled since, the transaction *rolls*: its
 * epoch is laid out once more, sealed with the transaction's data in it, and then the active epoch once more, so
 * that what was written after the scale stays after.
 */
#include <stdlib.h>

#include "base/log.h"
#include "pravega/types.h"
#include "store/controller_int.h"

#define MERGED_PER_BATCH 100
#define COMPLETED_LISTED 500
#define COMPLETED_KEPT_MS (INT64_C(24) * 3600 * 1000)
#define COMPLETED_KEPT_MAX 65536 /* of one stream */
#define EXECUTION_MAX_MS (INT64_C(24) * 3600 * 1000)
#define EXECUTION_MAX_LEASES 1000
#define SWEEP_NS (60 * WEIR_NS_PER_S)
#define SWEEP_SOON_NS (WEIR_NS_PER_S / 5)

static int32_t txn_epoch(const struct weir_held_txn *txn)
{
    return (int32_t)(txn->id.msb >> 32);
}

/* The only place that changes a state; a refused batch takes its step back. */
static void become(struct weir_held_txn *txn, enum weir_txn_state state)
{
    txn->rec.state = state;
    txn->rec.completed_ms =
        state == WEIR_TXN_COMMITTED || state == WEIR_TXN_ABORTED ? weir_loop_wall_ms(txn->ctl->loop) : 0;
    if (state != WEIR_TXN_OPEN)
        weir_timer_stop(txn->ctl->loop, &txn->lease);
}

/* --- Merging ---------------------------------------------------------------------------------------------------- */

/* A batch of transactions of one epoch that are merged together. */
struct merge {
    struct weir_controller *ctl;
    struct weir_held_stream *stream;
    struct weir_held_txn *txns[MERGED_PER_BATCH];
    size_t count;
    int32_t epoch;
};

/* The oldest epoch that has something to commit goes first; -1: none has. */
static int32_t epoch_to_commit(const struct weir_held_stream *stream)
{
    int32_t epoch = -1;

    for (size_t i = 0; i < stream->txn_count; i++) {
        const struct weir_held_txn *txn = stream->txns[i];

        if (txn->rec.state == WEIR_TXN_COMMITTING && (epoch < 0 || txn_epoch(txn) < epoch))
            epoch = txn_epoch(txn);
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

    for (size_t i = 0; i < stream->txn_count; i++) {
        struct weir_held_txn *txn = stream->txns[i];

        if (txn->rec.state != WEIR_TXN_COMMITTING || txn_epoch(txn) != merge->epoch)
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

static void merge_one(struct weir_batch *batch, const struct weir_held_txn *txn, const struct weir_epoch *target)
{
    const struct weir_epoch *own = &txn->stream->rec.epochs.list[txn_epoch(txn)];

    for (size_t i = 0; i < own->segment_count; i++) {
        int32_t number = weir_segment_number(own->segments[i].id);
        const struct weir_segment_range *into = by_number(target, number);

        if (into != NULL)
            weir_batch_merge_shadow(batch, txn->stream, txn->id, number, into->id);
    }
}

/* Merges and COMMITTED as one batch, with what is in it already. */
static bool merge_into(struct merge *merge, int32_t target, struct weir_batch *batch)
{
    enum weir_status status;

    for (size_t i = 0; i < merge->count; i++) {
        merge_one(batch, merge->txns[i], &merge->stream->rec.epochs.list[target]);
        become(merge->txns[i], WEIR_TXN_COMMITTED);
        weir_batch_put_txn(batch, merge->txns[i]);
    }
    status = weir_batch_commit_unasked(batch, merge->ctl->ctr);
    for (size_t i = 0; i < merge->count && status != WEIR_OK; i++)
        become(merge->txns[i], WEIR_TXN_COMMITTING);
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
    struct weir_batch batch;
    bool merged;

    if (weir_epochs_duplicate(epochs, merge->epoch) != WEIR_OK)
        return false;
    if (weir_epochs_duplicate(epochs, active) != WEIR_OK) {
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
    const struct weir_epoch *target = weir_epochs_active(&merge->stream->rec.epochs);
    struct weir_writer_record rec = {.timestamp = txn->rec.timestamp};

    if (txn->rec.writer.len == 0 || txn->rec.timestamp == WEIR_TXN_NO_TIMESTAMP)
        return;
    rec.position.entries = calloc(target->segment_count, sizeof(*rec.position.entries));
    if (rec.position.entries == NULL)
        return; /* one mark less; a later one makes up for it */
    for (size_t i = 0; i < target->segment_count; i++) {
        struct pravega_stream_name name = {merge->stream->scope->name, merge->stream->name};
        char text[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1];
        struct weir_segment_info info = {0};
        struct weir_segment *seg;

        pravega_segment_name(&name, target->segments[i].id, text, sizeof(text));
        seg = weir_segment_peek(merge->ctl->ctr, weir_view_str(text));
        if (seg != NULL)
            weir_segment_info(seg, &info);
        rec.position.entries[rec.position.count++] = (struct weir_cut_entry){target->segments[i].id, info.length};
    }
    weir_cut_sort(&rec.position);
    if (weir_writer_note(batch, merge->stream, weir_buf_view(&txn->rec.writer), &rec) != WEIR_OK)
        weir_writer_record_fini(&rec);
}

static void note_commits(struct merge *merge)
{
    struct weir_batch batch;

    weir_batch_init(&batch);
    for (size_t i = 0; i < merge->count; i++)
        note_commit(merge, merge->txns[i], &batch);
    if (batch.count > 0)
        weir_batch_commit_unasked(&batch, merge->ctl->ctr);
    weir_batch_fini(&batch);
}

/* Merges all that is to be committed. False if the container refused; then the sweep tries again. */
static bool merge_all(struct weir_controller *ctl, struct weir_held_stream *stream)
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
            weir_timer_start(ctl->loop, &ctl->sweep, SWEEP_SOON_NS);
            return false;
        }
        note_commits(&merge);
    }
}

/* --- Ends ------------------------------------------------------------------------------------------------------- */

/* Puts the abort of an open transaction into a batch. */
static void abort_prepare(struct weir_batch *batch, struct weir_held_txn *txn)
{
    const struct weir_epoch *own = &txn->stream->rec.epochs.list[txn_epoch(txn)];

    for (size_t i = 0; i < own->segment_count; i++)
        weir_batch_delete_shadow(batch, txn->stream, txn->id, weir_segment_number(own->segments[i].id));
    become(txn, WEIR_TXN_ABORTED);
    weir_batch_put_txn(batch, txn);
}

/* The batch was refused: the transaction is open still. */
static void reopen(struct weir_held_txn *txn)
{
    become(txn, WEIR_TXN_OPEN);
    weir_timer_start(txn->ctl->loop, &txn->lease, txn->rec.lease_ms * WEIR_NS_PER_MS);
}

static bool abort_now(struct weir_held_txn *txn)
{
    struct weir_batch batch;
    enum weir_status status;

    weir_batch_init(&batch);
    abort_prepare(&batch, txn);
    status = weir_batch_commit_unasked(&batch, txn->ctl->ctr);
    weir_batch_fini(&batch);
    if (status != WEIR_OK)
        reopen(txn);
    return status == WEIR_OK;
}

static void lease_over(void *arg)
{
    struct weir_held_txn *txn = arg;

    weir_log_info(weir_loop_log(txn->ctl->loop), "store", "%s/%s: a transaction's lease is over, it is aborted",
                  txn->stream->scope->name, txn->stream->name);
    abort_now(txn);
}

static void start_lease(struct weir_controller *ctl, struct weir_held_txn *txn, int64_t lease_ms)
{
    txn->ctl = ctl;
    txn->lease.fn = lease_over;
    txn->lease.arg = txn;
    weir_timer_start(ctl->loop, &txn->lease, lease_ms * WEIR_NS_PER_MS);
}

bool weir_txns_finish(struct weir_controller *ctl, struct weir_held_stream *stream)
{
    bool finished = merge_all(ctl, stream);

    for (size_t i = 0; i < stream->txn_count && finished; i++) {
        if (stream->txns[i]->rec.state == WEIR_TXN_OPEN)
            finished = abort_now(stream->txns[i]);
    }
    return finished;
}

static bool is_completed(const struct weir_held_txn *txn)
{
    return txn->rec.state == WEIR_TXN_COMMITTED || txn->rec.state == WEIR_TXN_ABORTED;
}

/* Forgets those that completed long ago, and the oldest of too many. */
static void forget_completed(struct weir_controller *ctl, struct weir_held_stream *stream)
{
    int64_t before = weir_loop_wall_ms(ctl->loop) - COMPLETED_KEPT_MS;
    size_t at = 0, over = stream->txn_count > COMPLETED_KEPT_MAX ? stream->txn_count - COMPLETED_KEPT_MAX : 0;

    while (at < stream->txn_count) {
        struct weir_held_txn *txn = stream->txns[at];
        struct weir_batch batch;
        bool forgotten;

        if (!is_completed(txn) || (over == 0 && txn->rec.completed_ms > before)) {
            at++;
            continue;
        }
        weir_batch_init(&batch);
        weir_batch_remove_txn(&batch, txn);
        forgotten = weir_batch_commit_unasked(&batch, ctl->ctr) == WEIR_OK;
        weir_batch_fini(&batch);
        if (!forgotten)
            return;
        weir_held_stream_drop_txn(txn, ctl->loop);
        over -= over > 0 ? 1 : 0;
    }
}

static void for_each_stream(struct weir_controller *ctl,
                            void (*fn)(struct weir_controller *ctl, struct weir_held_stream *stream))
{
    for (size_t i = 0; i < ctl->dir.scopes.count; i++) {
        struct weir_held_scope *scope = ctl->dir.scopes.items[i];

        for (size_t j = 0; j < scope->streams.count; j++)
            fn(ctl, scope->streams.items[j]);
    }
}

static void retry(struct weir_controller *ctl, struct weir_held_stream *stream)
{
    seal_past(ctl, stream);
    merge_all(ctl, stream);
}

static void sweep(void *arg)
{
    struct weir_controller *ctl = arg;
    bool refused = ctl->merge_refused;

    if (weir_container_failure(ctl->ctr) != NULL)
        return;
    ctl->merge_refused = false;
    if (refused)
        for_each_stream(ctl, retry);
    for_each_stream(ctl, forget_completed);
    weir_timer_start(ctl->loop, &ctl->sweep, ctl->merge_refused ? SWEEP_SOON_NS : SWEEP_NS);
}

static void recover(struct weir_controller *ctl, struct weir_held_stream *stream)
{
    for (size_t i = 0; i < stream->txn_count; i++) {
        stream->txns[i]->ctl = ctl;
        if (stream->txns[i]->rec.state == WEIR_TXN_OPEN)
            start_lease(ctl, stream->txns[i], stream->txns[i]->rec.lease_ms);
    }
    retry(ctl, stream);
}

void weir_txns_recover(struct weir_controller *ctl)
{
    ctl->sweep = (struct weir_timer){.fn = sweep, .arg = ctl};
    weir_timer_start(ctl->loop, &ctl->sweep, SWEEP_NS);
    for_each_stream(ctl, recover);
}

/* --- The calls -------------------------------------------------------------------------------------------------- */

static struct weir_uuid id_of(const Pravega__TxnId *id)
{
    return id != NULL ? (struct weir_uuid){(uint64_t)id->highbits, (uint64_t)id->lowbits} : (struct weir_uuid){0, 0};
}

static struct weir_held_txn *find(const struct weir_call *call, const Pravega__StreamInfo *info,
                                  const Pravega__TxnId *id)
{
    struct weir_held_stream *stream = weir_call_stream(call, info);

    return stream != NULL && id != NULL ? weir_held_stream_txn(stream, id_of(id)) : NULL;
}

/* The next id: the epoch that new transactions belong to, then a number that is never used again. */
static struct weir_uuid next_id(struct weir_controller *ctl, const struct weir_held_stream *stream)
{
    uint64_t epoch = (uint32_t)weir_epochs_active(&stream->rec.epochs)->reference;

    if (++ctl->txn_counter_low == 0)
        ctl->txn_counter_high++;
    return (struct weir_uuid){epoch << 32 | ctl->txn_counter_high, ctl->txn_counter_low};
}

static struct weir_held_txn *create(struct weir_call *call, struct weir_held_stream *stream, int64_t lease_ms)
{
    const struct weir_epoch *active = weir_epochs_active(&stream->rec.epochs);
    int64_t now = weir_loop_wall_ms(call->ctl->loop), execution = lease_ms * EXECUTION_MAX_LEASES;
    struct weir_held_txn *txn = weir_held_stream_add_txn(stream, next_id(call->ctl, stream));

    if (txn == NULL) {
        call->batch.status = WEIR_E_NOMEM;
        return NULL;
    }
    txn->ctl = call->ctl;
    txn->rec = (struct weir_txn_record){
        .state = WEIR_TXN_OPEN,
        .created_ms = now,
        .lease_ms = lease_ms,
        .max_expiry_ms = now + (execution < EXECUTION_MAX_MS ? execution : EXECUTION_MAX_MS),
        .timestamp = WEIR_TXN_NO_TIMESTAMP,
    };
    for (size_t i = 0; i < active->segment_count; i++)
        weir_batch_create_shadow(&call->batch, stream, txn->id, weir_segment_number(active->segments[i].id));
    weir_batch_put_txn(&call->batch, txn);
    weir_batch_put_txn_counter(&call->batch, call->ctl->txn_counter_high, call->ctl->txn_counter_low);
    if (weir_call_commit(call) == WEIR_OK)
        return txn;
    weir_held_stream_drop_txn(txn, call->ctl->loop);
    return NULL;
}

static void answer_created(struct weir_call *call, const struct weir_held_txn *txn)
{
    const struct weir_epoch *active = weir_epochs_active(&txn->stream->rec.epochs);
    Pravega__CreateTxnResponse reply = PRAVEGA__CREATE_TXN_RESPONSE__INIT;
    Pravega__TxnId id = PRAVEGA__TXN_ID__INIT;

    id.highbits = (int64_t)txn->id.msb;
    id.lowbits = (int64_t)txn->id.lsb;
    reply.txnid = &id;
    reply.n_activesegments = active->segment_count;
    reply.activesegments = weir_call_alloc(call, active->segment_count, sizeof(*reply.activesegments));
    for (size_t i = 0; i < active->segment_count && reply.activesegments != NULL; i++)
        reply.activesegments[i] =
            weir_call_range(call, txn->stream, &active->segments[i],
                            weir_segment_id(txn_epoch(txn), weir_segment_number(active->segments[i].id)));
    weir_call_answer(call, &reply.base);
}

void weir_rpc_create_transaction(struct weir_call *call, const void *message)
{
    const Pravega__CreateTxnRequest *in = message;
    struct weir_held_stream *stream = weir_call_stream(call, in->streaminfo);
    struct weir_held_txn *txn;

    if (stream == NULL) {
        weir_call_refuse(call, WEIR_GRPC_NOT_FOUND, "no such stream");
        return;
    }
    if (in->lease < WEIR_TXN_LEASE_MIN_MS || in->lease > WEIR_TXN_LEASE_MAX_MS) {
        weir_call_refuse(call, WEIR_GRPC_UNKNOWN, "a lease is 10000 to 600000 ms");
        return;
    }
    if (stream->rec.state == WEIR_STREAM_SEALED) {
        weir_call_refuse(call, WEIR_GRPC_INTERNAL, "the stream is sealed");
        return;
    }
    txn = create(call, stream, in->lease);
    if (txn == NULL) {
        weir_call_refuse(call, WEIR_GRPC_INTERNAL, "the transaction's segments could not be made");
        return;
    }
    start_lease(call->ctl, txn, in->lease);
    answer_created(call, txn);
}

/* Asks for the commit, durably, and merges at once; if that has to wait, the request stands. */
static int commit(struct weir_call *call, struct weir_held_txn *txn, const Pravega__TxnRequest *in)
{
    weir_buf_fini(&txn->rec.writer);
    weir_buf_init(&txn->rec.writer, WEIR_CATALOG_RECORD_LEN_MAX);
    weir_buf_append(&txn->rec.writer, in->writerid, strlen(in->writerid));
    txn->rec.timestamp = in->timestamp;
    txn->rec.commit_number = ++call->ctl->commit_number;
    become(txn, WEIR_TXN_COMMITTING);
    weir_batch_put_txn(&call->batch, txn);
    if (weir_call_commit(call) != WEIR_OK) {
        reopen(txn);
        return PRAVEGA__TXN_STATUS__STATUS__FAILURE;
    }
    merge_all(call->ctl, txn->stream);
    return PRAVEGA__TXN_STATUS__STATUS__SUCCESS;
}

void weir_rpc_commit_transaction(struct weir_call *call, const void *message)
{
    const Pravega__TxnRequest *in = message;
    Pravega__TxnStatus reply = PRAVEGA__TXN_STATUS__INIT;
    struct weir_held_txn *txn = find(call, in->streaminfo, in->txnid);

    if (txn == NULL || txn->rec.state == WEIR_TXN_ABORTED)
        reply.status = PRAVEGA__TXN_STATUS__STATUS__FAILURE;
    else if (txn->rec.state == WEIR_TXN_OPEN)
        reply.status = commit(call, txn, in);
    weir_call_answer(call, &reply.base);
}

void weir_rpc_abort_transaction(struct weir_call *call, const void *message)
{
    const Pravega__TxnRequest *in = message;
    Pravega__TxnStatus reply = PRAVEGA__TXN_STATUS__INIT;
    struct weir_held_txn *txn = find(call, in->streaminfo, in->txnid);

    if (txn == NULL || txn->rec.state == WEIR_TXN_COMMITTING || txn->rec.state == WEIR_TXN_COMMITTED) {
        reply.status = PRAVEGA__TXN_STATUS__STATUS__FAILURE;
    } else if (txn->rec.state == WEIR_TXN_OPEN) {
        abort_prepare(&call->batch, txn);
        if (weir_call_commit(call) != WEIR_OK) {
            reopen(txn);
            reply.status = PRAVEGA__TXN_STATUS__STATUS__FAILURE;
        }
    }
    weir_call_answer(call, &reply.base);
}

static int ping(struct weir_held_txn *txn, int64_t lease_ms)
{
    if (lease_ms > WEIR_TXN_LEASE_MAX_MS)
        return PRAVEGA__PING_TXN_STATUS__STATUS__LEASE_TOO_LARGE;
    if (weir_loop_wall_ms(txn->ctl->loop) + lease_ms > txn->rec.max_expiry_ms)
        return PRAVEGA__PING_TXN_STATUS__STATUS__MAX_EXECUTION_TIME_EXCEEDED;
    start_lease(txn->ctl, txn, lease_ms > 0 ? lease_ms : 0);
    return PRAVEGA__PING_TXN_STATUS__STATUS__OK;
}

void weir_rpc_ping_transaction(struct weir_call *call, const void *message)
{
    const Pravega__PingTxnRequest *in = message;
    Pravega__PingTxnStatus reply = PRAVEGA__PING_TXN_STATUS__INIT;
    struct weir_held_txn *txn = find(call, in->streaminfo, in->txnid);

    if (txn == NULL)
        reply.status = PRAVEGA__PING_TXN_STATUS__STATUS__UNKNOWN;
    else if (txn->rec.state == WEIR_TXN_OPEN)
        reply.status = ping(txn, in->lease);
    else if (txn->rec.state == WEIR_TXN_ABORTED)
        reply.status = PRAVEGA__PING_TXN_STATUS__STATUS__ABORTED;
    else
        reply.status = PRAVEGA__PING_TXN_STATUS__STATUS__COMMITTED;
    weir_call_answer(call, &reply.base);
}

void weir_rpc_check_transaction_state(struct weir_call *call, const void *message)
{
    const Pravega__TxnRequest *in = message;
    Pravega__TxnState reply = PRAVEGA__TXN_STATE__INIT;
    struct weir_held_txn *txn = find(call, in->streaminfo, in->txnid);

    if (txn != NULL) /* the numbers are the protocol's */
        reply.state = (Pravega__TxnState__State)txn->rec.state;
    weir_call_answer(call, &reply.base);
}

void weir_rpc_list_completed_transactions(struct weir_call *call, const void *message)
{
    const Pravega__ListCompletedTxnRequest *in = message;
    Pravega__ListCompletedTxnResponse reply = PRAVEGA__LIST_COMPLETED_TXN_RESPONSE__INIT;
    struct weir_held_stream *stream = weir_call_stream(call, in->streaminfo);
    Pravega__TxnResponse *items = weir_call_alloc(call, COMPLETED_LISTED, sizeof(*items));
    Pravega__TxnId *ids = weir_call_alloc(call, COMPLETED_LISTED, sizeof(*ids));

    reply.response = weir_call_alloc(call, COMPLETED_LISTED, sizeof(*reply.response));
    if (stream == NULL) {
        weir_call_refuse(call, WEIR_GRPC_NOT_FOUND, "no such stream");
        return;
    }
    for (size_t i = stream->txn_count;
         i > 0 && reply.n_response < COMPLETED_LISTED && items != NULL && ids != NULL && reply.response != NULL; i--) {
        const struct weir_held_txn *txn = stream->txns[i - 1];
        size_t at = reply.n_response;

        if (!is_completed(txn))
            continue;
        pravega__txn_id__init(&ids[at]);
        ids[at].highbits = (int64_t)txn->id.msb;
        ids[at].lowbits = (int64_t)txn->id.lsb;
        pravega__txn_response__init(&items[at]);
        items[at].txnid = &ids[at];
        items[at].status = txn->rec.state == WEIR_TXN_ABORTED ? PRAVEGA__TXN_RESPONSE__STATUS__ABORTED
                                                              : PRAVEGA__TXN_RESPONSE__STATUS__COMMITTED;
        reply.response[reply.n_response++] = &items[at];
    }
    weir_call_answer(call, &reply.base);
}
