/*
 * transactions.c - transactions, from their making to the day they are forgotten.
 *
 *     OPEN --commitTransaction--> COMMITTING --merged--> COMMITTED
 *     OPEN --abortTransaction, lease over, stream sealed--> ABORTED
 *
 * An open transaction has a shadow segment for each segment of its epoch. A commit is asked for durably first; merging
 * is transaction_merge.c's. An abort is one batch, so there is no ABORTING. What a completed one became is remembered,
 * to answer those who ask again.
 */
#include <stdlib.h>

#include "base/log.h"
#include "pravega/types.h"
#include "store/controller/transaction_int.h"
#include "store/rules/upstream_order.h"

#define COMPLETED_LISTED 500
#define COMPLETED_KEPT_MS (INT64_C(24) * 3600 * 1000)
#define COMPLETED_KEPT_MAX 65536 /* of one stream */
#define EXECUTION_MAX_MS (INT64_C(24) * 3600 * 1000)
#define EXECUTION_MAX_LEASES 1000
#define LEASE_TICK_MS INT64_C(400) /* upstream looks at leases this often: shorter ones last as long */
#define SWEEP_NS (60 * WEIR_NS_PER_S)

void weir_txn_become(struct weir_held_txn *txn, enum weir_txn_state state)
{
    txn->stream->committing_count -= txn->rec.state == WEIR_TXN_COMMITTING;
    txn->stream->committing_count += state == WEIR_TXN_COMMITTING;
    txn->rec.state = state;
    txn->rec.completed_ms =
        state == WEIR_TXN_COMMITTED || state == WEIR_TXN_ABORTED ? weir_loop_wall_ms(txn->ctl->loop) : 0;
    if (state != WEIR_TXN_OPEN)
        weir_timer_stop(txn->ctl->loop, &txn->lease);
}

/* --- Ends ------------------------------------------------------------------------------------------------------- */

/* Puts the abort of an open transaction into a batch. */
static void abort_prepare(struct weir_batch *batch, struct weir_held_txn *txn)
{
    const struct weir_epoch *own = &txn->stream->rec.epochs.list[weir_txn_epoch(txn)];

    for (size_t i = 0; i < own->segment_count; i++)
        weir_batch_delete_shadow(batch, txn->stream, txn->id, weir_segment_number(own->segments[i].id));
    weir_txn_become(txn, WEIR_TXN_ABORTED);
    weir_batch_put_txn(batch, txn);
}

/* The batch was refused: the transaction is open still. */
static void reopen(struct weir_held_txn *txn)
{
    weir_txn_become(txn, WEIR_TXN_OPEN);
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
    bool finished = weir_txns_merge(ctl, stream);

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

static void sweep(void *arg)
{
    struct weir_controller *ctl = arg;
    bool refused = ctl->merge_refused;

    if (weir_container_failure(ctl->ctr) != NULL)
        return;
    ctl->merge_refused = false;
    if (refused)
        weir_controller_each_stream(ctl, weir_txns_merge_again);
    weir_controller_each_stream(ctl, forget_completed);
    weir_timer_start(ctl->loop, &ctl->sweep, ctl->merge_refused ? WEIR_TXN_MERGE_AGAIN_NS : SWEEP_NS);
}

static void recover(struct weir_controller *ctl, struct weir_held_stream *stream)
{
    for (size_t i = 0; i < stream->txn_count; i++) {
        stream->txns[i]->ctl = ctl;
        stream->committing_count += stream->txns[i]->rec.state == WEIR_TXN_COMMITTING;
        if (stream->txns[i]->rec.state == WEIR_TXN_OPEN)
            start_lease(ctl, stream->txns[i], stream->txns[i]->rec.lease_ms);
    }
    weir_txns_merge_again(ctl, stream);
}

void weir_txns_recover(struct weir_controller *ctl)
{
    ctl->sweep = (struct weir_timer){.fn = sweep, .arg = ctl};
    weir_timer_start(ctl->loop, &ctl->sweep, SWEEP_NS);
    weir_controller_each_stream(ctl, recover);
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
                            weir_segment_id(weir_txn_epoch(txn), weir_segment_number(active->segments[i].id)));
    reply.delegationtoken = call->token;
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
    weir_txn_become(txn, WEIR_TXN_COMMITTING);
    weir_batch_put_txn(&call->batch, txn);
    if (weir_call_commit(call) != WEIR_OK) {
        reopen(txn);
        return PRAVEGA__TXN_STATUS__STATUS__FAILURE;
    }
    weir_txns_merge(call->ctl, txn->stream);
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
    start_lease(txn->ctl, txn, lease_ms > LEASE_TICK_MS ? lease_ms : LEASE_TICK_MS);
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

/* --- The list of completed ones --------------------------------------------------------------------------------- */

struct listed_txn {
    const struct weir_held_txn *txn;
    uint32_t place; /* in the list */
};

static int later_first(const void *left, const void *right)
{
    const struct weir_txn_record *a = &((const struct listed_txn *)left)->txn->rec;
    const struct weir_txn_record *b = &((const struct listed_txn *)right)->txn->rec;

    return (a->completed_ms < b->completed_ms) - (a->completed_ms > b->completed_ms);
}

static int place_order(const void *left, const void *right)
{
    const struct listed_txn *a = left, *b = right;

    return a->place != b->place ? (a->place > b->place) - (a->place < b->place) : later_first(a, b);
}

/* Those that completed last, in upstream's order. @return how many */
static size_t choose_listed(const struct weir_held_stream *stream, struct listed_txn *listed)
{
    size_t count = 0;

    for (size_t i = stream->txn_count; i > 0; i--)
        if (is_completed(stream->txns[i - 1]))
            listed[count++].txn = stream->txns[i - 1];
    qsort(listed, count, sizeof(*listed), later_first);
    count = count < COMPLETED_LISTED ? count : COMPLETED_LISTED;
    for (size_t i = 0; i < count; i++)
        listed[i].place = weir_txn_list_place(listed[i].txn->id, count);
    qsort(listed, count, sizeof(*listed), place_order);
    return count;
}

static void tell_listed(const struct weir_held_txn *txn, Pravega__TxnResponse *item, Pravega__TxnId *id)
{
    pravega__txn_id__init(id);
    id->highbits = (int64_t)txn->id.msb;
    id->lowbits = (int64_t)txn->id.lsb;
    pravega__txn_response__init(item);
    item->txnid = id;
    item->status = txn->rec.state == WEIR_TXN_ABORTED ? PRAVEGA__TXN_RESPONSE__STATUS__ABORTED
                                                      : PRAVEGA__TXN_RESPONSE__STATUS__COMMITTED;
}

void weir_rpc_list_completed_transactions(struct weir_call *call, const void *message)
{
    const Pravega__ListCompletedTxnRequest *in = message;
    Pravega__ListCompletedTxnResponse reply = PRAVEGA__LIST_COMPLETED_TXN_RESPONSE__INIT;
    struct weir_held_stream *stream = weir_call_stream(call, in->streaminfo);
    struct listed_txn *listed = stream != NULL ? weir_call_alloc(call, stream->txn_count + 1, sizeof(*listed)) : NULL;
    size_t count = listed != NULL ? choose_listed(stream, listed) : 0; /* of no stream, there are none */
    Pravega__TxnResponse *items = weir_call_alloc(call, count + 1, sizeof(*items));
    Pravega__TxnId *ids = weir_call_alloc(call, count + 1, sizeof(*ids));

    reply.response = weir_call_alloc(call, count + 1, sizeof(*reply.response));
    for (size_t i = 0; i < count && items != NULL && ids != NULL && reply.response != NULL; i++) {
        tell_listed(listed[i].txn, &items[i], &ids[i]);
        reply.response[reply.n_response++] = &items[i];
    }
    weir_call_answer(call, &reply.base);
}
