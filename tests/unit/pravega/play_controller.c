/*
 * play_controller.c - the controller of a play store: answers what the client's data plane asks. See play_store.h.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "play_store.h"
#include "pravega/proto.h"

void play_store_answer(struct weir_grpc_request *request, const ProtobufCMessage *message)
{
    uint8_t *bytes;
    size_t len;

    ck_assert_int_eq(pravega_proto_pack(message, &bytes, &len, NULL), WEIR_OK);
    weir_grpc_answer(request, WEIR_GRPC_OK, weir_view(bytes, len), NULL);
    free(bytes);
}

struct range_message {
    Pravega__StreamInfo stream;
    Pravega__SegmentId id;
    Pravega__SegmentRange range;
};

static Pravega__SegmentRange *fill_range(struct range_message *message, const struct play_segment *segment)
{
    pravega__stream_info__init(&message->stream);
    pravega__segment_id__init(&message->id);
    pravega__segment_range__init(&message->range);
    message->stream.scope = PLAY_SCOPE;
    message->stream.stream = PLAY_STREAM;
    message->id.streaminfo = &message->stream;
    message->id.segmentid = segment->id;
    message->range.segmentid = &message->id;
    message->range.minkey = segment->min_key;
    message->range.maxkey = segment->max_key;
    return &message->range;
}

static size_t fill_current(struct play_store *store, struct range_message *messages, Pravega__SegmentRange **ranges)
{
    size_t count = 0;

    for (size_t i = 0; i < store->segment_count; i++)
        if (store->segments[i].current) {
            ranges[count] = fill_range(&messages[count], &store->segments[i]);
            count++;
        }
    return count;
}

static void answer_current(struct play_store *store, struct weir_grpc_request *request)
{
    struct range_message messages[PLAY_SEGMENTS_MAX];
    Pravega__SegmentRange *ranges[PLAY_SEGMENTS_MAX];
    Pravega__SegmentRanges reply = PRAVEGA__SEGMENT_RANGES__INIT;

    if (store->stream_missing) {
        weir_grpc_answer(request, WEIR_GRPC_NOT_FOUND, weir_view(NULL, 0), "no such stream");
        return;
    }
    reply.n_segmentranges = fill_current(store, messages, ranges);
    reply.segmentranges = ranges;
    play_store_answer(request, &reply.base);
}

static void answer_successors(struct play_store *store, struct weir_grpc_request *request, int64_t id)
{
    struct play_segment *segment = play_store_find(store, id);
    struct range_message messages[4];
    Pravega__SuccessorResponse__SegmentEntry entries[4], *pointers[4];
    Pravega__SuccessorResponse reply = PRAVEGA__SUCCESSOR_RESPONSE__INIT;

    ck_assert_ptr_nonnull(segment);
    for (size_t i = 0; i < segment->successor_count; i++) {
        pravega__successor_response__segment_entry__init(&entries[i]);
        entries[i].segment = fill_range(&messages[i], play_store_find(store, segment->successors[i]));
        entries[i].n_value = 1;
        entries[i].value = &segment->id;
        pointers[i] = &entries[i];
    }
    reply.n_segments = segment->successor_count;
    reply.segments = pointers;
    play_store_answer(request, &reply.base);
}

static void answer_endpoint(struct play_store *store, struct weir_grpc_request *request)
{
    Pravega__NodeUri reply = PRAVEGA__NODE_URI__INIT;

    store->endpoint_count++;
    reply.endpoint = "0.0.0.0"; /* as a standalone Pravega does */
    reply.port = PLAY_STORE_PORT;
    play_store_answer(request, &reply.base);
}

static void answer_create_txn(struct play_store *store, struct weir_grpc_request *request)
{
    struct range_message messages[PLAY_SEGMENTS_MAX];
    Pravega__SegmentRange *ranges[PLAY_SEGMENTS_MAX];
    Pravega__TxnId id = PRAVEGA__TXN_ID__INIT;
    Pravega__CreateTxnResponse reply = PRAVEGA__CREATE_TXN_RESPONSE__INIT;

    store->create_count++;
    id.lowbits = 7;
    reply.txnid = &id;
    reply.n_activesegments = fill_current(store, messages, ranges);
    reply.activesegments = ranges;
    if (reply.n_activesegments == 0)
        weir_grpc_answer(request, WEIR_GRPC_INTERNAL, weir_view(NULL, 0), "sealed");
    else
        play_store_answer(request, &reply.base);
}

static void answer_ping(struct play_store *store, struct weir_grpc_request *request)
{
    Pravega__PingTxnStatus reply = PRAVEGA__PING_TXN_STATUS__INIT;

    store->ping_count++;
    reply.status = (Pravega__PingTxnStatus__Status)store->txn_ping;
    play_store_answer(request, &reply.base);
}

static void answer_note(struct play_store *store, struct weir_grpc_request *request,
                        const Pravega__TimestampFromWriter *ask)
{
    struct play_note *note = &store->notes[store->note_count++];
    Pravega__TimestampResponse reply = PRAVEGA__TIMESTAMP_RESPONSE__INIT;

    ck_assert_uint_le(store->note_count, PLAY_NOTES_MAX);
    snprintf(note->writer, sizeof(note->writer), "%s", ask->writer);
    note->timestamp_ms = ask->timestamp;
    note->at_ns = weir_sim_now_ns(store->sim);
    note->position_count = ask->position->n_cut;
    for (size_t i = 0; i < note->position_count; i++)
        note->position[i] = (struct pravega_segment_offset){ask->position->cut[i]->key, ask->position->cut[i]->value};
    if (store->note_count > 1 && note->timestamp_ms < note[-1].timestamp_ms)
        reply.result = PRAVEGA__TIMESTAMP_RESPONSE__STATUS__INVALID_TIME;
    play_store_answer(request, &reply.base);
}

/* All segments of an epoch; here, all that are no shadows. */
static void answer_epoch(struct play_store *store, struct weir_grpc_request *request, int32_t epoch)
{
    struct range_message messages[PLAY_SEGMENTS_MAX];
    Pravega__SegmentRange *ranges[PLAY_SEGMENTS_MAX];
    Pravega__SegmentRanges reply = PRAVEGA__SEGMENT_RANGES__INIT;

    ck_assert_int_eq(epoch, PLAY_TXN_EPOCH);
    reply.n_segmentranges = fill_current(store, messages, ranges);
    reply.segmentranges = ranges;
    play_store_answer(request, &reply.base);
}

static void answer_end_txn(struct play_store *store, struct weir_grpc_request *request, const Pravega__TxnRequest *ask,
                           bool commit)
{
    Pravega__TxnStatus reply = PRAVEGA__TXN_STATUS__INIT;

    *(commit ? &store->commit_count : &store->abort_count) += 1;
    if (commit) {
        snprintf(store->commit_writer, sizeof(store->commit_writer), "%s", ask->writerid);
        store->commit_timestamp_ms = ask->timestamp;
    }
    if (store->txn_state == PRAVEGA__TXN_STATE__STATE__OPEN)
        store->txn_state = commit ? PRAVEGA__TXN_STATE__STATE__COMMITTING : PRAVEGA__TXN_STATE__STATE__ABORTED;
    else
        reply.status = PRAVEGA__TXN_STATUS__STATUS__FAILURE;
    play_store_answer(request, &reply.base);
}

static void answer_txn_state(struct play_store *store, struct weir_grpc_request *request)
{
    Pravega__TxnState reply = PRAVEGA__TXN_STATE__INIT;

    store->check_count++;
    if (store->txn_state == PRAVEGA__TXN_STATE__STATE__COMMITTING && store->committing_checks-- <= 0)
        store->txn_state = PRAVEGA__TXN_STATE__STATE__COMMITTED;
    reply.state = (Pravega__TxnState__State)store->txn_state;
    play_store_answer(request, &reply.base);
}

static void answer_completed(struct weir_grpc_request *request)
{
    Pravega__ListCompletedTxnResponse reply = PRAVEGA__LIST_COMPLETED_TXN_RESPONSE__INIT;
    Pravega__TxnResponse txns[2], *pointers[2] = {&txns[0], &txns[1]};
    Pravega__TxnId ids[2];

    for (int i = 0; i < 2; i++) {
        pravega__txn_response__init(&txns[i]);
        pravega__txn_id__init(&ids[i]);
        ids[i].lowbits = 7 + i;
        txns[i].txnid = &ids[i];
        txns[i].status = i == 0 ? PRAVEGA__TXN_RESPONSE__STATUS__COMMITTED : PRAVEGA__TXN_RESPONSE__STATUS__ABORTED;
    }
    reply.n_response = 2;
    reply.response = pointers;
    play_store_answer(request, &reply.base);
}

void play_store_serve(void *arg, struct weir_grpc_request *request, const char *path, const char *authorization,
                      struct weir_view message)
{
    struct play_store *store = arg;
    const ProtobufCMethodDescriptor *method = pravega_proto_method(path);
    ProtobufCMessage *ask;

    (void)authorization;
    ck_assert_ptr_nonnull(method);
    ck_assert_int_eq(pravega_proto_unpack(method->input, message, &ask, NULL), WEIR_OK);
    if (strcmp(method->name, "getCurrentSegments") == 0)
        answer_current(store, request);
    else if (strcmp(method->name, "getURI") == 0)
        answer_endpoint(store, request);
    else if (strncmp(method->name, "getSegmentsImmed", 16) == 0)
        answer_successors(store, request, ((Pravega__SegmentId *)ask)->segmentid);
    else if (strcmp(method->name, "createTransaction") == 0)
        answer_create_txn(store, request);
    else if (strcmp(method->name, "pingTransaction") == 0)
        answer_ping(store, request);
    else if (strcmp(method->name, "noteTimestampFromWriter") == 0)
        answer_note(store, request, (const Pravega__TimestampFromWriter *)ask);
    else if (strcmp(method->name, "getEpochSegments") == 0)
        answer_epoch(store, request, ((const Pravega__GetEpochSegmentsRequest *)ask)->epoch);
    else if (strcmp(method->name, "commitTransaction") == 0)
        answer_end_txn(store, request, (const Pravega__TxnRequest *)ask, true);
    else if (strcmp(method->name, "abortTransaction") == 0)
        answer_end_txn(store, request, (const Pravega__TxnRequest *)ask, false);
    else if (strcmp(method->name, "checkTransactionState") == 0)
        answer_txn_state(store, request);
    else if (strcmp(method->name, "listCompletedTransactions") == 0)
        answer_completed(request);
    else if (store->other_call == NULL || !store->other_call(store, method->name, ask, request))
        ck_abort_msg("the client called %s", method->name);
    pravega_proto_free(ask);
}
