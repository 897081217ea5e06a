/*
 * controller_txn.c - the controller's calls on transactions: begin, ping, commit, abort, ask.
 */
#include "pravega/controller_int.h"

#include <stdio.h>
#include <stdlib.h>

/* 0.13 says FAILURE of a transaction that is aborted, expired or unknown, and never the two others. */
static const struct pravega_outcome commit_outcomes[] = {
    [PRAVEGA__TXN_STATUS__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__TXN_STATUS__STATUS__FAILURE] = {WEIR_E_TXN_FAILED, "it is aborted, timed out or unknown"},
    [PRAVEGA__TXN_STATUS__STATUS__STREAM_NOT_FOUND] = {WEIR_E_NOT_FOUND, "the stream does not exist"},
    [PRAVEGA__TXN_STATUS__STATUS__TRANSACTION_NOT_FOUND] = {WEIR_E_TXN_FAILED, "the controller does not know it"},
};
static const struct pravega_outcome abort_outcomes[] = {
    [PRAVEGA__TXN_STATUS__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__TXN_STATUS__STATUS__FAILURE] = {WEIR_E_STATE, "it is committing, committed or unknown"},
    [PRAVEGA__TXN_STATUS__STATUS__STREAM_NOT_FOUND] = {WEIR_E_NOT_FOUND, "the stream does not exist"},
    [PRAVEGA__TXN_STATUS__STATUS__TRANSACTION_NOT_FOUND] = {WEIR_E_STATE, "the controller does not know it"},
};
static const struct pravega_outcome ping_outcomes[] = {
    [PRAVEGA__PING_TXN_STATUS__STATUS__OK] = {WEIR_OK, NULL},
    [PRAVEGA__PING_TXN_STATUS__STATUS__LEASE_TOO_LARGE] = {WEIR_E_INVAL,
                                                           "the lease is longer than the controller allows"},
    [PRAVEGA__PING_TXN_STATUS__STATUS__MAX_EXECUTION_TIME_EXCEEDED] = {WEIR_E_LIMIT,
                                                                       "it has been open for as long as it may"},
    [PRAVEGA__PING_TXN_STATUS__STATUS__SCALE_GRACE_TIME_EXCEEDED] = {WEIR_E_LIMIT,
                                                                     "it has been open for too long after a scale"},
    [PRAVEGA__PING_TXN_STATUS__STATUS__DISCONNECTED] = {WEIR_E_CLOSED, "the controller does not watch leases now"},
    [PRAVEGA__PING_TXN_STATUS__STATUS__COMMITTED] = {WEIR_OK, NULL},
    [PRAVEGA__PING_TXN_STATUS__STATUS__ABORTED] = {WEIR_OK, NULL},
    [PRAVEGA__PING_TXN_STATUS__STATUS__UNKNOWN] = {WEIR_OK, NULL},
};

static void finish_created(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_ping(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_state(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_completed(struct pravega_end *end, const ProtobufCMessage *reply);

/* INTERNAL is what 0.13 says of a sealed stream, each time: retrying would take minutes to tell. */
static const struct pravega_rpc create_rpc = {"createTransaction", "begin a transaction in",
                                              .final_codes = 1u << WEIR_GRPC_INTERNAL, .finish = finish_created};
static const struct pravega_rpc commit_rpc = {"commitTransaction", "commit", PRAVEGA_OUTCOMES(commit_outcomes),
                                              .finish = pravega_finish_done};
static const struct pravega_rpc abort_rpc = {"abortTransaction", "abort", PRAVEGA_OUTCOMES(abort_outcomes),
                                             .finish = pravega_finish_done};
static const struct pravega_rpc ping_rpc = {"pingTransaction", "ping", PRAVEGA_OUTCOMES(ping_outcomes),
                                            .finish = finish_ping};
static const struct pravega_rpc check_rpc = {"checkTransactionState", "get the state of", .finish = finish_state};
static const struct pravega_rpc completed_rpc = {"listCompletedTransactions", "list the completed transactions of",
                                                 .finish = finish_completed};

void pravega_controller_create_txn(struct pravega_call *call, struct pravega_client *client,
                                   const struct pravega_stream_name *stream, int64_t lease_ms,
                                   pravega_txn_created_fn *done, void *arg)
{
    Pravega__CreateTxnRequest request = PRAVEGA__CREATE_TXN_REQUEST__INIT;
    Pravega__StreamInfo info;

    pravega_stream_info(&info, stream);
    request.streaminfo = &info;
    request.lease = lease_ms;
    pravega_call_start_stream(call, client, &create_rpc, stream, NULL, &request.base, (void (*)(void))done, arg);
}

static void finish_created(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__CreateTxnResponse *created = (const Pravega__CreateTxnResponse *)reply;
    pravega_txn_created_fn *done = (pravega_txn_created_fn *)end->done;
    struct pravega_segment_range *ranges = NULL;
    struct pravega_txn_id txn = {0};

    if (created != NULL && created->txnid == NULL)
        end->status = weir_fail(&end->why, WEIR_E_PROTO, "the controller answered with a transaction without id");
    else if (created != NULL)
        ranges = pravega_ranges_of(end, created->activesegments, created->n_activesegments);
    if (ranges == NULL) {
        done(end->arg, end->status, txn, NULL, 0, &end->why);
        return;
    }
    txn = (struct pravega_txn_id){(uint64_t)created->txnid->highbits, (uint64_t)created->txnid->lowbits};
    done(end->arg, WEIR_OK, txn, ranges, created->n_activesegments, &end->why);
    free(ranges);
}

/* "transaction 00000000-0000-0000-0000-000000000001" */
#define TXN_PART_LEN 64

static void txn_part(char part[TXN_PART_LEN], struct pravega_txn_id txn)
{
    char text[37];

    pravega_txn_id_text(txn, text);
    snprintf(part, TXN_PART_LEN, "transaction %s", text);
}

static Pravega__TxnId txn_id(struct pravega_txn_id txn)
{
    Pravega__TxnId id = PRAVEGA__TXN_ID__INIT;

    id.highbits = (int64_t)txn.msb;
    id.lowbits = (int64_t)txn.lsb;
    return id;
}

static void start_txn(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                      const struct pravega_stream_name *stream, struct pravega_txn_id txn, const char *writer,
                      int64_t timestamp_ms, void (*done)(void), void *arg)
{
    Pravega__TxnRequest request = PRAVEGA__TXN_REQUEST__INIT;
    Pravega__TxnId id = txn_id(txn);
    Pravega__StreamInfo info;
    char part[TXN_PART_LEN];

    pravega_stream_info(&info, stream);
    txn_part(part, txn);
    request.streaminfo = &info;
    request.txnid = &id;
    if (writer != NULL)
        request.writerid = pravega_proto_str(writer);
    request.timestamp = timestamp_ms;
    pravega_call_start_stream(call, client, rpc, stream, part, &request.base, done, arg);
}

void pravega_controller_commit_txn(struct pravega_call *call, struct pravega_client *client,
                                   const struct pravega_stream_name *stream, struct pravega_txn_id txn,
                                   const char *writer, int64_t timestamp_ms, pravega_done_fn *done, void *arg)
{
    start_txn(call, client, &commit_rpc, stream, txn, writer, writer != NULL ? timestamp_ms : INT64_MIN,
              (void (*)(void))done, arg);
}

void pravega_controller_abort_txn(struct pravega_call *call, struct pravega_client *client,
                                  const struct pravega_stream_name *stream, struct pravega_txn_id txn,
                                  pravega_done_fn *done, void *arg)
{
    start_txn(call, client, &abort_rpc, stream, txn, NULL, 0, (void (*)(void))done, arg);
}

void pravega_controller_ping_txn(struct pravega_call *call, struct pravega_client *client,
                                 const struct pravega_stream_name *stream, struct pravega_txn_id txn, int64_t lease_ms,
                                 pravega_txn_status_fn *done, void *arg)
{
    Pravega__PingTxnRequest request = PRAVEGA__PING_TXN_REQUEST__INIT;
    Pravega__TxnId id = txn_id(txn);
    Pravega__StreamInfo info;
    char part[TXN_PART_LEN];

    pravega_stream_info(&info, stream);
    txn_part(part, txn);
    request.streaminfo = &info;
    request.txnid = &id;
    request.lease = lease_ms;
    pravega_call_start_stream(call, client, &ping_rpc, stream, part, &request.base, (void (*)(void))done, arg);
}

static void finish_ping(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__PingTxnStatus *ping = (const Pravega__PingTxnStatus *)reply;
    enum pravega_txn_status state = PRAVEGA_TXN_UNKNOWN;

    if (ping != NULL && ping->status == PRAVEGA__PING_TXN_STATUS__STATUS__OK)
        state = PRAVEGA_TXN_OPEN;
    else if (ping != NULL && ping->status == PRAVEGA__PING_TXN_STATUS__STATUS__COMMITTED)
        state = PRAVEGA_TXN_COMMITTED;
    else if (ping != NULL && ping->status == PRAVEGA__PING_TXN_STATUS__STATUS__ABORTED)
        state = PRAVEGA_TXN_ABORTED;
    ((pravega_txn_status_fn *)end->done)(end->arg, end->status, state, &end->why);
}

void pravega_controller_check_txn(struct pravega_call *call, struct pravega_client *client,
                                  const struct pravega_stream_name *stream, struct pravega_txn_id txn,
                                  pravega_txn_status_fn *done, void *arg)
{
    start_txn(call, client, &check_rpc, stream, txn, NULL, 0, (void (*)(void))done, arg);
}

static void finish_state(struct pravega_end *end, const ProtobufCMessage *reply)
{
    static const enum pravega_txn_status states[] = {
        [PRAVEGA__TXN_STATE__STATE__UNKNOWN] = PRAVEGA_TXN_UNKNOWN,
        [PRAVEGA__TXN_STATE__STATE__OPEN] = PRAVEGA_TXN_OPEN,
        [PRAVEGA__TXN_STATE__STATE__COMMITTING] = PRAVEGA_TXN_COMMITTING,
        [PRAVEGA__TXN_STATE__STATE__COMMITTED] = PRAVEGA_TXN_COMMITTED,
        [PRAVEGA__TXN_STATE__STATE__ABORTING] = PRAVEGA_TXN_ABORTING,
        [PRAVEGA__TXN_STATE__STATE__ABORTED] = PRAVEGA_TXN_ABORTED,
    };
    const Pravega__TxnState *state = (const Pravega__TxnState *)reply;
    size_t at = state != NULL ? (size_t)state->state : 0;

    if (at >= sizeof(states) / sizeof(states[0])) {
        end->status = weir_fail(&end->why, WEIR_E_PROTO, "the controller answered transaction state %d, which is none",
                                (int)state->state);
        at = 0;
    }
    ((pravega_txn_status_fn *)end->done)(end->arg, end->status, states[at], &end->why);
}

void pravega_controller_completed_txns(struct pravega_call *call, struct pravega_client *client,
                                       const struct pravega_stream_name *stream, pravega_txn_infos_fn *done, void *arg)
{
    Pravega__ListCompletedTxnRequest request = PRAVEGA__LIST_COMPLETED_TXN_REQUEST__INIT;
    Pravega__StreamInfo info;

    pravega_stream_info(&info, stream);
    request.streaminfo = &info;
    pravega_call_start_stream(call, client, &completed_rpc, stream, NULL, &request.base, (void (*)(void))done, arg);
}

/* A copy of the reply's transactions; NULL if it fails, which `end` tells. */
static struct pravega_txn_info *completed_of(struct pravega_end *end, const Pravega__ListCompletedTxnResponse *reply)
{
    struct pravega_txn_info *txns = calloc(reply->n_response + 1, sizeof(*txns));

    if (txns == NULL) {
        end->status = weir_fail(&end->why, WEIR_E_NOMEM, "out of memory for %zu transactions", reply->n_response);
        return NULL;
    }
    for (size_t i = 0; i < reply->n_response; i++) {
        const Pravega__TxnResponse *txn = reply->response[i];

        if (txn->txnid == NULL || (unsigned)txn->status > PRAVEGA__TXN_RESPONSE__STATUS__ABORTED) {
            end->status =
                weir_fail(&end->why, WEIR_E_PROTO, "the controller answered with a transaction without id or outcome");
            free(txns);
            return NULL;
        }
        txns[i].id = (struct pravega_txn_id){(uint64_t)txn->txnid->highbits, (uint64_t)txn->txnid->lowbits};
        txns[i].status =
            txn->status == PRAVEGA__TXN_RESPONSE__STATUS__COMMITTED ? PRAVEGA_TXN_COMMITTED : PRAVEGA_TXN_ABORTED;
    }
    return txns;
}

static void finish_completed(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__ListCompletedTxnResponse *list = (const Pravega__ListCompletedTxnResponse *)reply;
    struct pravega_txn_info *txns = NULL;

    if (list != NULL)
        txns = completed_of(end, list);
    ((pravega_txn_infos_fn *)end->done)(end->arg, end->status, txns, txns != NULL ? list->n_response : 0, &end->why);
    free(txns);
}
