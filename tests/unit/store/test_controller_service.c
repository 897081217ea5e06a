/*
 * test_controller_service.c - the controller's calls over gRPC: good and bad answers as observed at a Pravega 0.13.0
 * controller.
 */
#include <stdio.h>
#include <stdlib.h>

#include "serve_fixture.h"
#include "store/container/container.h"
#include "store/controller/catalog.h"

static struct served *served;
static Pravega__StreamInfo st; /* sc/st */

static void setup(void)
{
    served = served_new();
    make_scope(served, "sc");
    st = stream_info("sc", "st");
}

static void teardown(void)
{
    served_free(served);
}

/* The status of a call whose reply has one; they all stand first in the reply's struct, but for a few. */
#define STATUS_OF(type, name, request) (((const type *)rpc(served, name, request, NULL))->status)

static enum weir_grpc_code code_of(const char *name, const void *request)
{
    enum weir_grpc_code code;

    rpc(served, name, request, &code);
    return code;
}

static int create_scope(const char *name)
{
    Pravega__ScopeInfo info = PRAVEGA__SCOPE_INFO__INIT;

    info.scope = pravega_proto_str(name);
    return STATUS_OF(Pravega__CreateScopeStatus, "createScope", &info);
}

static int delete_scope(const char *name)
{
    Pravega__ScopeInfo info = PRAVEGA__SCOPE_INFO__INIT;

    info.scope = pravega_proto_str(name);
    return STATUS_OF(Pravega__DeleteScopeStatus, "deleteScope", &info);
}

static int create_stream(const char *scope, const char *stream, int32_t segments)
{
    Pravega__StreamConfig config = PRAVEGA__STREAM_CONFIG__INIT;
    Pravega__StreamInfo info = stream_info(scope, stream);
    Pravega__ScalingPolicy scaling = PRAVEGA__SCALING_POLICY__INIT;

    scaling.minnumsegments = segments;
    config.streaminfo = &info;
    config.scalingpolicy = &scaling;
    return STATUS_OF(Pravega__CreateStreamStatus, "createStream", &config);
}

static int seal(Pravega__StreamInfo *info)
{
    return STATUS_OF(Pravega__UpdateStreamStatus, "sealStream", info);
}

static int delete_stream(Pravega__StreamInfo *info)
{
    return STATUS_OF(Pravega__DeleteStreamStatus, "deleteStream", info);
}

static const Pravega__SegmentRanges *current(void)
{
    return rpc(served, "getCurrentSegments", &st, NULL);
}

/* Appends `len` bytes to a segment, so that a test has something to cut. */
static void append(const char *segment, int64_t number, size_t len)
{
    struct peer *peer = peer_new(served);
    struct weir_uuid writer = {7, (uint64_t)number};
    char data[256];

    memset(data, 'd', sizeof(data));
    ck_assert_uint_le(len, sizeof(data));
    peer_say(peer, SETUP_APPEND, setup_append, .writer_id = writer, .segment = weir_view_str(segment));
    peer_expect(peer, PRAVEGA_WIRE_APPEND_SETUP);
    peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = writer, .data = weir_view(data, len),
             .event_count = 1, .last_event_number = number);
    peer_expect(peer, PRAVEGA_WIRE_DATA_APPENDED);
    peer_free(peer);
}

/* Length of a segment; -1: there is none. */
static int64_t length_of(const char *segment)
{
    struct peer *peer = peer_new(served);
    const struct pravega_wire_command *cmd;
    int64_t length = -1;

    peer_say(peer, GET_STREAM_SEGMENT_INFO, get_stream_segment_info, .segment = weir_view_str(segment));
    cmd = peer_next(peer);
    if (cmd->type == PRAVEGA_WIRE_STREAM_SEGMENT_INFO)
        length = cmd->stream_segment_info.write_offset;
    peer_free(peer);
    return length;
}

/* --- Scopes ----------------------------------------------------------------------------------------------------- */

START_TEST(scopes)
{
    Pravega__ScopeInfo info = PRAVEGA__SCOPE_INFO__INIT;

    ck_assert_int_eq(create_scope("sc"), PRAVEGA__CREATE_SCOPE_STATUS__STATUS__SCOPE_EXISTS);
    ck_assert_int_eq(create_scope("s/c"), PRAVEGA__CREATE_SCOPE_STATUS__STATUS__INVALID_SCOPE_NAME);
    ck_assert_int_eq(create_scope("__c"), PRAVEGA__CREATE_SCOPE_STATUS__STATUS__INVALID_SCOPE_NAME);
    ck_assert_int_eq(create_scope("_intern.al-1"), PRAVEGA__CREATE_SCOPE_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(code_of("createScope", &info), WEIR_GRPC_INTERNAL);
    info.scope = pravega_proto_str("sc");
    ck_assert(((const Pravega__ExistsResponse *)rpc(served, "checkScopeExists", &info, NULL))->exists);
    ck_assert_int_eq(delete_scope("none"), PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SCOPE_NOT_FOUND);
    ck_assert_int_eq(delete_scope("_system"), PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SCOPE_NOT_EMPTY); /* its own */
    make_stream(served, "sc", "st", 1);
    ck_assert_int_eq(delete_scope("sc"), PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SCOPE_NOT_EMPTY);
    ck_assert_uint_eq(current()->n_segmentranges, 1); /* refused without damage */
    ck_assert_int_eq(seal(&st), PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(delete_stream(&st), PRAVEGA__DELETE_STREAM_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(delete_scope("sc"), PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SUCCESS);
    ck_assert(!((const Pravega__ExistsResponse *)rpc(served, "checkScopeExists", &info, NULL))->exists);
}
END_TEST

START_TEST(a_scope_goes_with_all_it_holds)
{
    Pravega__ScopeInfo info = PRAVEGA__SCOPE_INFO__INIT;

    make_stream(served, "sc", "st", 2);
    info.scope = pravega_proto_str("sc");
    for (int i = 0; i < 2; i++) /* gone is as good */
        ck_assert_int_eq(STATUS_OF(Pravega__DeleteScopeStatus, "deleteScopeRecursive", &info),
                         PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(length_of("sc/st/1.#epoch.0"), -1);
    ck_assert_int_eq(length_of("sc/_MARKst/0.#epoch.0"), -1);
    served_restart(served);
    ck_assert(!((const Pravega__ExistsResponse *)rpc(served, "checkScopeExists", &info, NULL))->exists);
}
END_TEST

/* Goal: pages come to an end with an empty one, and hold everything once. */
START_TEST(lists_are_paged)
{
    Pravega__ContinuationToken token = PRAVEGA__CONTINUATION_TOKEN__INIT;
    Pravega__StreamsInScopeRequest request = PRAVEGA__STREAMS_IN_SCOPE_REQUEST__INIT;
    Pravega__ScopeInfo scope = PRAVEGA__SCOPE_INFO__INIT;
    char name[32], last[300] = "";
    size_t count = 0, pages = 0;

    for (int i = 0; i < 1010; i++) {
        snprintf(name, sizeof(name), "p%d", i);
        if (i < 510)
            make_stream(served, "sc", name, 1);
        ck_assert_int_eq(create_scope(name), PRAVEGA__CREATE_SCOPE_STATUS__STATUS__SUCCESS);
    }
    scope.scope = pravega_proto_str("sc");
    request.scope = &scope;
    request.continuationtoken = &token;
    for (;; pages++) {
        const Pravega__StreamsInScopeResponse *reply = rpc(served, "listStreamsInScope", &request, NULL);

        ck_assert_int_eq(reply->status, PRAVEGA__STREAMS_IN_SCOPE_RESPONSE__STATUS__SUCCESS);
        ck_assert_uint_le(reply->n_streams, 1000);
        if (reply->n_streams == 0)
            break;
        count += reply->n_streams;
        snprintf(last, sizeof(last), "%s", reply->continuationtoken->token);
        token.token = last;
    }
    ck_assert_uint_eq(count, 2 * 510); /* with the mark streams */
    ck_assert_uint_eq(pages, 2);
    count = 0;
    last[0] = '\0';
    for (;;) {
        Pravega__ScopesRequest request_scopes = PRAVEGA__SCOPES_REQUEST__INIT;
        const Pravega__ScopesResponse *reply;

        request_scopes.continuationtoken = &token;
        reply = rpc(served, "listScopes", &request_scopes, NULL);
        if (reply->n_scopes == 0)
            break;
        count += reply->n_scopes;
        snprintf(last, sizeof(last), "%s", reply->continuationtoken->token);
    }
    ck_assert_uint_eq(count, 1012); /* with the one that a cluster has for itself */
    scope.scope = pravega_proto_str("none");
    ck_assert_int_eq(STATUS_OF(Pravega__StreamsInScopeResponse, "listStreamsInScope", &request),
                     PRAVEGA__STREAMS_IN_SCOPE_RESPONSE__STATUS__SCOPE_NOT_FOUND);
}
END_TEST

/* --- Streams ---------------------------------------------------------------------------------------------------- */

START_TEST(streams_come_and_go)
{
    Pravega__StreamInfo mark = stream_info("sc", "_MARKst"), none = stream_info("sc", "none");
    const Pravega__SegmentRanges *ranges;

    ck_assert_int_eq(create_stream("none", "st", 1), PRAVEGA__CREATE_STREAM_STATUS__STATUS__SCOPE_NOT_FOUND);
    ck_assert_int_eq(create_stream("sc", "s/t", 1), PRAVEGA__CREATE_STREAM_STATUS__STATUS__INVALID_STREAM_NAME);
    ck_assert_int_eq(create_stream("sc", "st", 0), PRAVEGA__CREATE_STREAM_STATUS__STATUS__FAILURE);
    ck_assert_int_eq(create_stream("sc", "st", 3), PRAVEGA__CREATE_STREAM_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(create_stream("sc", "st", 3), PRAVEGA__CREATE_STREAM_STATUS__STATUS__STREAM_EXISTS);
    ck_assert(((const Pravega__ExistsResponse *)rpc(served, "checkStreamExists", &mark, NULL))->exists);
    ck_assert(!((const Pravega__ExistsResponse *)rpc(served, "checkStreamExists", &none, NULL))->exists);
    ranges = current();
    ck_assert_uint_eq(ranges->n_segmentranges, 3);
    ck_assert(ranges->segmentranges[0]->maxkey == 0.3333333333333333);
    ck_assert_str_eq(ranges->segmentranges[1]->segmentid->streaminfo->stream, "st");
    ck_assert_int_eq(ranges->segmentranges[1]->segmentid->segmentid, 1);
    ck_assert_int_eq(code_of("getCurrentSegments", &none), WEIR_GRPC_NOT_FOUND);
    ck_assert_int_eq(delete_stream(&st), PRAVEGA__DELETE_STREAM_STATUS__STATUS__STREAM_NOT_SEALED);
    ck_assert_int_eq(delete_stream(&none), PRAVEGA__DELETE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND);
    ck_assert_int_eq(seal(&none), PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND);
    ck_assert_int_eq(seal(&st), PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(seal(&st), PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SUCCESS);
    ck_assert_uint_eq(current()->n_segmentranges, 0);
    ck_assert_int_eq(length_of("sc/st/2.#epoch.0"), 0);
    ck_assert_int_eq(delete_stream(&st), PRAVEGA__DELETE_STREAM_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(length_of("sc/st/2.#epoch.0"), -1);
    ck_assert(!((const Pravega__ExistsResponse *)rpc(served, "checkStreamExists", &mark, NULL))->exists);
    make_stream(served, "sc", "st", 1); /* its segments are new ones */
    ck_assert_int_eq(current()->segmentranges[0]->segmentid->segmentid, 3);
}
END_TEST

static void make_tagged(char *name, Pravega__Tags *tags)
{
    Pravega__StreamConfig config = PRAVEGA__STREAM_CONFIG__INIT;
    Pravega__ScalingPolicy scaling = PRAVEGA__SCALING_POLICY__INIT;
    Pravega__StreamInfo info = stream_info("sc", name);

    scaling.minnumsegments = 1;
    config.streaminfo = &info;
    config.scalingpolicy = &scaling;
    config.tags = tags;
    ck_assert_int_eq(STATUS_OF(Pravega__CreateStreamStatus, "createStream", &config),
                     PRAVEGA__CREATE_STREAM_STATUS__STATUS__SUCCESS);
}

/* The page has these streams, and its token leads to none. */
static void expect_tagged(Pravega__StreamsInScopeWithTagRequest *tagged, const char *expected)
{
    const Pravega__StreamsInScopeResponse *list = rpc(served, "listStreamsInScopeForTag", tagged, NULL);
    Pravega__ContinuationToken next = PRAVEGA__CONTINUATION_TOKEN__INIT;
    char names[64] = "", token[64];

    for (size_t i = 0; i < list->n_streams; i++) {
        strcat(names, list->streams[i]->stream);
        strcat(names, " ");
    }
    ck_assert_str_eq(names, expected);
    snprintf(token, sizeof(token), "%s", list->continuationtoken->token);
    next.token = token;
    tagged->continuationtoken = &next;
    list = rpc(served, "listStreamsInScopeForTag", tagged, NULL);
    ck_assert_uint_eq(list->n_streams, 0);
}

/* Goal: streams of a tag come in upstream's order (test_upstream_order.c), each once, whatever page one begins with.
 * Method: st2 is in part 3 of the index, c too, st in part 15. A token is a part and a name. */
START_TEST(streams_of_a_tag_come_part_by_part)
{
    static char *const names[] = {"c", "st", "st2"};
    static char *const tokens[] = {"", "03", "03c", "03st2", "04", "15st", "25", "x"};
    static const char *const pages[] = {"c st2 st ", "c st2 st ", "st2 st ", "st ", "st ", "", "", "c st2 st "};
    Pravega__StreamsInScopeWithTagRequest tagged = PRAVEGA__STREAMS_IN_SCOPE_WITH_TAG_REQUEST__INIT;
    Pravega__ContinuationToken token = PRAVEGA__CONTINUATION_TOKEN__INIT;
    Pravega__ScopeInfo scope = PRAVEGA__SCOPE_INFO__INIT;
    char *tag = pravega_proto_str("red");
    Pravega__Tags tags = PRAVEGA__TAGS__INIT;

    make_stream(served, "sc", "untagged", 1);
    tags.n_tag = 1;
    tags.tag = &tag;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        make_tagged(names[i], &tags);
    scope.scope = pravega_proto_str("sc");
    tagged.scope = &scope;
    tagged.tag = tag;
    for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
        token.token = tokens[i];
        tagged.continuationtoken = &token;
        expect_tagged(&tagged, pages[i]);
    }
}
END_TEST

START_TEST(configurations_are_kept)
{
    Pravega__StreamConfig config = PRAVEGA__STREAM_CONFIG__INIT;
    Pravega__ScalingPolicy scaling = PRAVEGA__SCALING_POLICY__INIT;
    Pravega__Tags tags = PRAVEGA__TAGS__INIT;
    Pravega__StreamsInScopeWithTagRequest tagged = PRAVEGA__STREAMS_IN_SCOPE_WITH_TAG_REQUEST__INIT;
    Pravega__ScopeInfo scope = PRAVEGA__SCOPE_INFO__INIT;
    Pravega__StreamInfo none = stream_info("sc", "none");
    char *tag_list[] = {pravega_proto_str("red"), pravega_proto_str("blue")};
    const Pravega__StreamConfig *stored;
    const Pravega__StreamsInScopeResponse *list;

    make_stream(served, "sc", "st", 2);
    scaling.minnumsegments = 2;
    tags.n_tag = 2;
    tags.tag = tag_list;
    config.streaminfo = &st;
    config.scalingpolicy = &scaling;
    config.tags = &tags;
    config.timestampaggregationtimeout = 5;
    ck_assert_int_eq(STATUS_OF(Pravega__UpdateStreamStatus, "updateStream", &config),
                     PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SUCCESS);
    stored = rpc(served, "getStreamConfiguration", &st, NULL);
    ck_assert_int_eq(stored->scalingpolicy->minnumsegments, 2);
    ck_assert_int_eq(stored->timestampaggregationtimeout, 5);
    ck_assert_str_eq(stored->tags->tag[0], "blue"); /* sorted */
    scope.scope = pravega_proto_str("sc");
    tagged.scope = &scope;
    tagged.tag = tag_list[0];
    list = rpc(served, "listStreamsInScopeForTag", &tagged, NULL);
    ck_assert_uint_eq(list->n_streams, 1);
    ck_assert_str_eq(list->streams[0]->stream, "st");
    ck_assert_int_eq(code_of("getStreamConfiguration", &none), WEIR_GRPC_NOT_FOUND);
    config.streaminfo = &none;
    ck_assert_int_eq(STATUS_OF(Pravega__UpdateStreamStatus, "updateStream", &config),
                     PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND);
    config.streaminfo = &st;
    seal(&st);
    ck_assert_int_eq(STATUS_OF(Pravega__UpdateStreamStatus, "updateStream", &config),
                     PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_SEALED);
}
END_TEST

static int scale(int64_t *sealed, size_t sealed_count, const double *bounds, size_t range_count)
{
    Pravega__ScaleRequest request = PRAVEGA__SCALE_REQUEST__INIT;
    Pravega__ScaleRequest__KeyRangeEntry ranges[8], *list[8];

    for (size_t i = 0; i < range_count; i++) {
        pravega__scale_request__key_range_entry__init(&ranges[i]);
        ranges[i].start = bounds[i];
        ranges[i].end = bounds[i + 1];
        list[i] = &ranges[i];
    }
    request.streaminfo = &st;
    request.n_sealedsegments = sealed_count;
    request.sealedsegments = sealed;
    request.n_newkeyranges = range_count;
    request.newkeyranges = list;
    return STATUS_OF(Pravega__ScaleResponse, "scale", &request);
}

START_TEST(scaling_and_successors)
{
    Pravega__SegmentId id = PRAVEGA__SEGMENT_ID__INIT;
    Pravega__ScaleStatusRequest check = PRAVEGA__SCALE_STATUS_REQUEST__INIT;
    Pravega__GetEpochSegmentsRequest epoch = PRAVEGA__GET_EPOCH_SEGMENTS_REQUEST__INIT;
    const Pravega__SuccessorResponse *next;
    int64_t first = 0, unknown = 9;
    const double halves[] = {0.0, 0.25, 0.5}, wrong[] = {0.0, 0.25, 0.4};

    make_stream(served, "sc", "st", 2);
    ck_assert_int_eq(scale(&unknown, 1, halves, 2), PRAVEGA__SCALE_RESPONSE__SCALE_STREAM_STATUS__PRECONDITION_FAILED);
    ck_assert_int_eq(scale(&first, 1, wrong, 2), PRAVEGA__SCALE_RESPONSE__SCALE_STREAM_STATUS__FAILURE);
    check.streaminfo = &st;
    ck_assert_int_eq(STATUS_OF(Pravega__ScaleStatusResponse, "checkScale", &check),
                     PRAVEGA__SCALE_STATUS_RESPONSE__SCALE_STATUS__IN_PROGRESS);
    ck_assert_int_eq(scale(&first, 1, halves, 2), PRAVEGA__SCALE_RESPONSE__SCALE_STREAM_STATUS__STARTED);
    ck_assert_int_eq(STATUS_OF(Pravega__ScaleStatusResponse, "checkScale", &check),
                     PRAVEGA__SCALE_STATUS_RESPONSE__SCALE_STATUS__SUCCESS);
    check.epoch = 2;
    ck_assert_int_eq(STATUS_OF(Pravega__ScaleStatusResponse, "checkScale", &check),
                     PRAVEGA__SCALE_STATUS_RESPONSE__SCALE_STATUS__INVALID_INPUT);
    ck_assert_uint_eq(current()->n_segmentranges, 3);
    ck_assert_int_eq(current()->segmentranges[2]->segmentid->segmentid, 1);
    ck_assert_int_eq(length_of("sc/st/2.#epoch.1"), 0);
    id.streaminfo = &st;
    next = rpc(served, "getSegmentsImmediatelyFollowing", &id, NULL);
    ck_assert_uint_eq(next->n_segments, 2);
    ck_assert_uint_eq(next->segments[0]->n_value, 1);
    ck_assert_int_eq(next->segments[0]->value[0], 0);
    ck_assert_int_eq(next->segments[0]->segment->segmentid->segmentid, (INT64_C(1) << 32) | 2);
    id.segmentid = 1;
    ck_assert_uint_eq(
        ((const Pravega__SuccessorResponse *)rpc(served, "getSegmentsImmediatlyFollowing", &id, NULL))->n_segments, 0);
    ck_assert(((const Pravega__SegmentValidityResponse *)rpc(served, "isSegmentValid", &id, NULL))->response);
    id.segmentid = 0;
    ck_assert(!((const Pravega__SegmentValidityResponse *)rpc(served, "isSegmentValid", &id, NULL))->response);
    epoch.streaminfo = &st;
    ck_assert_uint_eq(((const Pravega__SegmentRanges *)rpc(served, "getEpochSegments", &epoch, NULL))->n_segmentranges,
                      2);
    epoch.epoch = 5;
    ck_assert_int_eq(code_of("getEpochSegments", &epoch), WEIR_GRPC_NOT_FOUND);
    served_restart(served);
    ck_assert_uint_eq(current()->n_segmentranges, 3);
}
END_TEST

/* A cut of one or two segments. */
static Pravega__StreamCut cut_of(Pravega__StreamCut__CutEntry entries[2], Pravega__StreamCut__CutEntry *list[2],
                                 size_t count, const int64_t *ids, const int64_t *offsets)
{
    Pravega__StreamCut cut = PRAVEGA__STREAM_CUT__INIT;

    for (size_t i = 0; i < count; i++) {
        pravega__stream_cut__cut_entry__init(&entries[i]);
        entries[i].key = ids[i];
        entries[i].value = offsets[i];
        list[i] = &entries[i];
    }
    cut.streaminfo = &st;
    cut.n_cut = count;
    cut.cut = list;
    return cut;
}

static int truncate_at(int64_t first, int64_t second)
{
    Pravega__StreamCut__CutEntry entries[2], *list[2];
    Pravega__StreamCut cut = cut_of(entries, list, 2, (int64_t[]){0, 1}, (int64_t[]){first, second});

    return STATUS_OF(Pravega__UpdateStreamStatus, "truncateStream", &cut);
}

START_TEST(truncation_moves_the_head)
{
    Pravega__GetSegmentsRequest request = PRAVEGA__GET_SEGMENTS_REQUEST__INIT;
    Pravega__StreamCut__CutEntry entries[2], *list[2];
    Pravega__StreamCut half;
    const Pravega__SegmentsAtTime *head;

    make_stream(served, "sc", "st", 2);
    append("sc/st/0.#epoch.0", 1, 10);
    append("sc/st/1.#epoch.0", 2, 20);
    ck_assert_int_eq(truncate_at(4, 0), PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(truncate_at(11, 0), PRAVEGA__UPDATE_STREAM_STATUS__STATUS__FAILURE); /* beyond the end */
    ck_assert_int_eq(truncate_at(3, 20), PRAVEGA__UPDATE_STREAM_STATUS__STATUS__FAILURE); /* backwards */
    ck_assert_int_eq(truncate_at(0, 5), PRAVEGA__UPDATE_STREAM_STATUS__STATUS__FAILURE); /* backwards, not seen below */
    half = cut_of(entries, list, 1, (int64_t[]){0}, (int64_t[]){5});
    ck_assert_int_eq(STATUS_OF(Pravega__UpdateStreamStatus, "truncateStream", &half),
                     PRAVEGA__UPDATE_STREAM_STATUS__STATUS__FAILURE);
    ck_assert(!((const Pravega__StreamCutValidityResponse *)rpc(served, "isStreamCutValid", &half, NULL))->response);
    served_restart(served);
    request.streaminfo = &st;
    head = rpc(served, "getSegments", &request, NULL);
    ck_assert_uint_eq(head->n_segments, 2);
    ck_assert_int_eq(head->segments[0]->segmentid->segmentid, 0);
    ck_assert_int_eq(head->segments[0]->offset, 4);
    ck_assert_int_eq(head->segments[1]->offset, 0);
    half.streaminfo = &(Pravega__StreamInfo){0};
    *half.streaminfo = stream_info("sc", "none");
    ck_assert_int_eq(STATUS_OF(Pravega__UpdateStreamStatus, "truncateStream", &half),
                     PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND);
    seal(&st);
    ck_assert_int_eq(truncate_at(10, 20), PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_SEALED);
}
END_TEST

/* Goal: an update of the policy is one of the stream's segments, too: exactly so many of a fixed number, at least so
 * many of any other. */
START_TEST(an_update_makes_the_segments_that_it_asks_for)
{
    static const struct {
        Pravega__ScalingPolicy__ScalingPolicyType type;
        int32_t segments_min;
        size_t segment_count; /* then there are */
        int64_t first;        /* the first one's id */
        int status;
    } steps[] = {
        {PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__FIXED_NUM_SEGMENTS, 3, 3, (INT64_C(1) << 32) | 2, 0},
        {PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__BY_RATE_IN_EVENTS_PER_SEC, 1, 3, (INT64_C(1) << 32) | 2, 0},
        {PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__BY_RATE_IN_EVENTS_PER_SEC, 4, 4, (INT64_C(2) << 32) | 5, 0},
        {PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__FIXED_NUM_SEGMENTS, 0, 4, (INT64_C(2) << 32) | 5, 1},
        {PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__FIXED_NUM_SEGMENTS, 1, 1, (INT64_C(3) << 32) | 9, 0},
    };
    Pravega__StreamConfig config = PRAVEGA__STREAM_CONFIG__INIT;
    Pravega__ScalingPolicy scaling = PRAVEGA__SCALING_POLICY__INIT;

    make_stream(served, "sc", "st", 2);
    config.streaminfo = &st;
    config.scalingpolicy = &scaling;
    scaling.targetrate = 1000000;
    scaling.scalefactor = 2;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        scaling.scaletype = steps[i].type;
        scaling.minnumsegments = steps[i].segments_min;
        ck_assert_int_eq(STATUS_OF(Pravega__UpdateStreamStatus, "updateStream", &config), steps[i].status);
        ck_assert_uint_eq(current()->n_segmentranges, steps[i].segment_count);
        ck_assert_int_eq(current()->segmentranges[0]->segmentid->segmentid, steps[i].first);
    }
    served_restart(served);
    ck_assert_int_eq(current()->segmentranges[0]->segmentid->segmentid, (INT64_C(3) << 32) | 9);
}
END_TEST

/* Goal: a cut that names what never was is told from one that is not valid, as upstream does. */
START_TEST(cuts_of_what_never_was)
{
    Pravega__StreamCut__CutEntry entry[2], *list[2];
    Pravega__StreamCut cut;

    make_stream(served, "sc", "st", 1);
    cut = cut_of(entry, list, 1, (int64_t[]){7}, (int64_t[]){0});
    ck_assert_int_eq(code_of("isStreamCutValid", &cut), WEIR_GRPC_UNKNOWN);
    ck_assert_int_eq(STATUS_OF(Pravega__UpdateStreamStatus, "truncateStream", &cut),
                     PRAVEGA__UPDATE_STREAM_STATUS__STATUS__FAILURE);
    cut = cut_of(entry, list, 1, (int64_t[]){INT64_C(7) << 32}, (int64_t[]){0});
    ck_assert_int_eq(code_of("isStreamCutValid", &cut), WEIR_GRPC_NOT_FOUND);
    ck_assert_int_eq(STATUS_OF(Pravega__UpdateStreamStatus, "truncateStream", &cut),
                     PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND);
    cut = cut_of(entry, list, 1, (int64_t[]){0}, (int64_t[]){-1}); /* nothing has begun */
    ck_assert_int_eq(code_of("isStreamCutValid", &cut), WEIR_GRPC_UNKNOWN);
    cut.n_cut = 0;
    ck_assert_int_eq(code_of("isStreamCutValid", &cut), WEIR_GRPC_INTERNAL);
}
END_TEST

START_TEST(segments_between_two_cuts)
{
    Pravega__StreamCutRange range = PRAVEGA__STREAM_CUT_RANGE__INIT;
    Pravega__StreamCutRange__FromEntry from = PRAVEGA__STREAM_CUT_RANGE__FROM_ENTRY__INIT, *from_list[] = {&from};
    Pravega__StreamCutRange__ToEntry to = PRAVEGA__STREAM_CUT_RANGE__TO_ENTRY__INIT, *to_list[] = {&to};
    int64_t first = 0;
    const double halves[] = {0.0, 0.5, 1.0};

    make_stream(served, "sc", "st", 1);
    ck_assert_int_eq(scale(&first, 1, halves, 2), PRAVEGA__SCALE_RESPONSE__SCALE_STREAM_STATUS__STARTED);
    range.streaminfo = &st;
    ck_assert_int_eq(code_of("getSegmentsBetween", &range), WEIR_GRPC_INTERNAL);
    range.n_from = 1;
    range.from = from_list;
    ck_assert_uint_eq(
        ((const Pravega__StreamCutRangeResponse *)rpc(served, "getSegmentsBetween", &range, NULL))->n_segments, 3);
    range.n_to = 1;
    range.to = to_list;
    ck_assert_uint_eq(
        ((const Pravega__StreamCutRangeResponse *)rpc(served, "getSegmentsBetween", &range, NULL))->n_segments, 1);
    from.key = 99;
    ck_assert_int_eq(code_of("getSegmentsBetween", &range), WEIR_GRPC_UNKNOWN);
    from.key = (INT64_C(9) << 32) | 1; /* of an epoch that is not known */
    ck_assert_int_eq(code_of("getSegmentsBetween", &range), WEIR_GRPC_NOT_FOUND);
    from.key = (INT64_C(1) << 32) | 1; /* behind the second one */
    ck_assert_int_eq(code_of("getSegmentsBetween", &range), WEIR_GRPC_UNKNOWN);
}
END_TEST

START_TEST(where_things_are)
{
    Pravega__SegmentId id = PRAVEGA__SEGMENT_ID__INIT;
    Pravega__ServerRequest servers = PRAVEGA__SERVER_REQUEST__INIT;
    const Pravega__NodeUri *uri;
    const Pravega__ServerResponse *list;

    id.streaminfo = &st; /* not there: that is not asked */
    uri = rpc(served, "getURI", &id, NULL);
    ck_assert_str_eq(uri->endpoint, "127.0.0.1");
    ck_assert_int_eq(uri->port, weir_store_segment_port(served_store(served)));
    list = rpc(served, "getControllerServerList", &servers, NULL);
    ck_assert_uint_eq(list->n_nodeuri, 1);
    ck_assert_int_eq(list->nodeuri[0]->port, weir_store_controller_port(served_store(served)));
    ck_assert_str_eq(((const Pravega__DelegationToken *)rpc(served, "getDelegationToken", &st, NULL))->delegationtoken,
                     "");
}
END_TEST

/* --- Transactions ----------------------------------------------------------------------------------------------- */

static Pravega__TxnId begin(int64_t *first_segment)
{
    Pravega__CreateTxnRequest request = PRAVEGA__CREATE_TXN_REQUEST__INIT;
    const Pravega__CreateTxnResponse *reply;
    Pravega__TxnId id;

    request.streaminfo = &st;
    request.lease = 30000;
    reply = rpc(served, "createTransaction", &request, NULL);
    id = *reply->txnid;
    if (first_segment != NULL)
        *first_segment = reply->activesegments[0]->segmentid->segmentid;
    return id;
}

static void shadow_of(char name[256], int64_t segment, const Pravega__TxnId *id)
{
    snprintf(name, 256, "sc/st/%d.#epoch.%d#transaction.%016llx%016llx", (int)(segment & INT32_MAX),
             (int)(segment >> 32), (unsigned long long)id->highbits, (unsigned long long)id->lowbits);
}

static int txn_call(const char *name, Pravega__TxnId *id)
{
    Pravega__TxnRequest request = PRAVEGA__TXN_REQUEST__INIT;

    request.streaminfo = &st;
    request.txnid = id;
    request.timestamp = INT64_MIN;
    if (strcmp(name, "checkTransactionState") == 0)
        return ((const Pravega__TxnState *)rpc(served, name, &request, NULL))->state;
    return STATUS_OF(Pravega__TxnStatus, name, &request);
}

static int ping(Pravega__TxnId *id, int64_t lease)
{
    Pravega__PingTxnRequest request = PRAVEGA__PING_TXN_REQUEST__INIT;

    request.streaminfo = &st;
    request.txnid = id;
    request.lease = lease;
    return STATUS_OF(Pravega__PingTxnStatus, "pingTransaction", &request);
}

static void expect_state(Pravega__TxnId *id, int state)
{
    ck_assert_int_eq(txn_call("checkTransactionState", id), state);
}

START_TEST(a_transaction_commits)
{
    Pravega__ListCompletedTxnRequest completed = PRAVEGA__LIST_COMPLETED_TXN_REQUEST__INIT;
    const Pravega__ListCompletedTxnResponse *list;
    char shadow[256];
    int64_t segment;
    Pravega__TxnId id;

    make_stream(served, "sc", "st", 2);
    id = begin(&segment);
    ck_assert_int_eq(id.highbits, 0);
    ck_assert_int_eq(id.lowbits, 1);
    expect_state(&id, PRAVEGA__TXN_STATE__STATE__OPEN);
    shadow_of(shadow, segment, &id);
    append(shadow, 1, 10);
    ck_assert_int_eq(length_of("sc/st/0.#epoch.0"), 0);
    ck_assert_int_eq(ping(&id, 30000), PRAVEGA__PING_TXN_STATUS__STATUS__OK);
    ck_assert_int_eq(ping(&id, 600001), PRAVEGA__PING_TXN_STATUS__STATUS__LEASE_TOO_LARGE);
    ck_assert_int_eq(txn_call("commitTransaction", &id), PRAVEGA__TXN_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(txn_call("commitTransaction", &id), PRAVEGA__TXN_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(txn_call("abortTransaction", &id), PRAVEGA__TXN_STATUS__STATUS__FAILURE);
    expect_state(&id, PRAVEGA__TXN_STATE__STATE__COMMITTED);
    ck_assert_int_eq(length_of("sc/st/0.#epoch.0"), 10);
    ck_assert_int_eq(length_of(shadow), -1);
    ck_assert_int_eq(ping(&id, 30000), PRAVEGA__PING_TXN_STATUS__STATUS__COMMITTED);
    completed.streaminfo = &st;
    list = rpc(served, "listCompletedTransactions", &completed, NULL);
    ck_assert_uint_eq(list->n_response, 1);
    ck_assert_int_eq(list->response[0]->status, PRAVEGA__TXN_RESPONSE__STATUS__COMMITTED);
    served_restart(served);
    expect_state(&id, PRAVEGA__TXN_STATE__STATE__COMMITTED);
    id = begin(NULL);
    ck_assert_int_eq(id.lowbits, 2); /* numbers go on */
    ck_assert_int_eq(txn_call("abortTransaction", &id), PRAVEGA__TXN_STATUS__STATUS__SUCCESS);
    list = rpc(served, "listCompletedTransactions", &completed, NULL);
    ck_assert_uint_eq(list->n_response, 2); /* by their numbers, as few of them are in upstream's map */
    ck_assert_int_eq(list->response[0]->txnid->lowbits, 1);
    ck_assert_int_eq(list->response[1]->txnid->lowbits, 2);
}
END_TEST

START_TEST(a_transaction_aborts)
{
    char shadow[256];
    int64_t segment;
    Pravega__TxnId id, unknown = PRAVEGA__TXN_ID__INIT;

    make_stream(served, "sc", "st", 1);
    id = begin(&segment);
    shadow_of(shadow, segment, &id);
    append(shadow, 1, 10);
    served_restart(served); /* open ones survive */
    expect_state(&id, PRAVEGA__TXN_STATE__STATE__OPEN);
    ck_assert_int_eq(length_of(shadow), 10);
    ck_assert_int_eq(txn_call("abortTransaction", &id), PRAVEGA__TXN_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(txn_call("abortTransaction", &id), PRAVEGA__TXN_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(txn_call("commitTransaction", &id), PRAVEGA__TXN_STATUS__STATUS__FAILURE);
    expect_state(&id, PRAVEGA__TXN_STATE__STATE__ABORTED);
    ck_assert_int_eq(length_of(shadow), -1);
    ck_assert_int_eq(length_of("sc/st/0.#epoch.0"), 0);
    ck_assert_int_eq(ping(&id, 30000), PRAVEGA__PING_TXN_STATUS__STATUS__ABORTED);
    unknown.lowbits = 99;
    expect_state(&unknown, PRAVEGA__TXN_STATE__STATE__UNKNOWN);
    ck_assert_int_eq(ping(&unknown, 30000), PRAVEGA__PING_TXN_STATUS__STATUS__UNKNOWN);
    ck_assert_int_eq(txn_call("commitTransaction", &unknown), PRAVEGA__TXN_STATUS__STATUS__FAILURE);
    ck_assert_int_eq(txn_call("abortTransaction", &unknown), PRAVEGA__TXN_STATUS__STATUS__FAILURE);
}
END_TEST

START_TEST(transactions_that_cannot_be)
{
    Pravega__CreateTxnRequest request = PRAVEGA__CREATE_TXN_REQUEST__INIT;
    Pravega__StreamInfo none = stream_info("sc", "none");
    Pravega__TxnId id;

    make_stream(served, "sc", "st", 1);
    request.streaminfo = &none;
    request.lease = 30000;
    ck_assert_int_eq(code_of("createTransaction", &request), WEIR_GRPC_NOT_FOUND);
    request.streaminfo = &st;
    request.lease = 9999;
    ck_assert_int_eq(code_of("createTransaction", &request), WEIR_GRPC_UNKNOWN);
    request.lease = 600001;
    ck_assert_int_eq(code_of("createTransaction", &request), WEIR_GRPC_UNKNOWN);
    id = begin(NULL);
    seal(&st); /* aborts what is open */
    expect_state(&id, PRAVEGA__TXN_STATE__STATE__ABORTED);
    request.lease = 30000;
    ck_assert_int_eq(code_of("createTransaction", &request), WEIR_GRPC_INTERNAL);
}
END_TEST

/* Turns the stored record of a transaction into that of one whose commit was asked for and not yet done. */
static void ask_for_commit(const Pravega__TxnId *id)
{
    struct weir_txn_record rec = {0};
    struct weir_container *ctr;
    struct weir_store_op op = {0};
    struct weir_view value;
    struct weir_buf bytes;
    char key[128];

    snprintf(key, sizeof(key), WEIR_CATALOG_TXN "sc/st/%016llx%016llx", (unsigned long long)id->highbits,
             (unsigned long long)id->lowbits);
    ck_assert_int_eq(weir_container_open(served_loop(served), served_dir(served), NULL, &ctr, NULL), WEIR_OK);
    ck_assert(weir_map_get(ctr, weir_view_str(key), &value));
    ck_assert_int_eq(weir_txn_record_decode(value, &rec), WEIR_OK);
    ck_assert_int_eq(rec.state, WEIR_TXN_OPEN);
    rec.state = WEIR_TXN_COMMITTING;
    rec.commit_number = 1;
    weir_buf_init(&bytes, 4096);
    weir_txn_record_encode(&bytes, &rec);
    weir_container_change(
        ctr, &(struct weir_change){.kind = WEIR_CHANGE_PUT, .name = weir_view_str(key), .value = weir_buf_view(&bytes)},
        1, &op);
    ck_assert_int_eq(op.status, WEIR_OK);
    ck_assert_int_eq(weir_container_close(ctr, NULL), WEIR_OK);
    weir_buf_fini(&bytes);
    weir_txn_record_fini(&rec);
}

/* Goal: a commit that was asked for is done, though the store ended in between. */
START_TEST(a_restart_completes_commits)
{
    char shadow[256];
    int64_t segment;
    Pravega__TxnId id;

    make_stream(served, "sc", "st", 1);
    id = begin(&segment);
    shadow_of(shadow, segment, &id);
    append(shadow, 1, 10);
    served_stop(served);
    ask_for_commit(&id);
    served_start(served);
    expect_state(&id, PRAVEGA__TXN_STATE__STATE__COMMITTED);
    ck_assert_int_eq(length_of("sc/st/0.#epoch.0"), 10);
    ck_assert_int_eq(length_of(shadow), -1);
}
END_TEST

/* Goal: transactions are stored in the order of their commits, not in that of their beginnings. */
START_TEST(commits_keep_their_order)
{
    Pravega__TxnId ids[3];
    char shadow[256];
    int64_t segment;

    make_stream(served, "sc", "st", 1);
    for (size_t i = 0; i < 3; i++) {
        ids[i] = begin(&segment);
        shadow_of(shadow, segment, &ids[i]);
        append(shadow, 1, 10 + i);
    }
    ck_assert_int_eq(txn_call("commitTransaction", &ids[2]), PRAVEGA__TXN_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(length_of("sc/st/0.#epoch.0"), 12);
    ck_assert_int_eq(txn_call("commitTransaction", &ids[0]), PRAVEGA__TXN_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(length_of("sc/st/0.#epoch.0"), 22);
    expect_state(&ids[1], PRAVEGA__TXN_STATE__STATE__OPEN);
}
END_TEST

/* Goal: a lease that nobody renews ends the transaction. Method: a ping with a lease of 1 ms. */
START_TEST(a_lease_runs_out)
{
    Pravega__TxnId id;

    make_stream(served, "sc", "st", 1);
    id = begin(NULL);
    ck_assert_int_eq(ping(&id, 1), PRAVEGA__PING_TXN_STATUS__STATUS__OK);
    while (txn_call("checkTransactionState", &id) == PRAVEGA__TXN_STATE__STATE__OPEN)
        ;
    expect_state(&id, PRAVEGA__TXN_STATE__STATE__ABORTED);
}
END_TEST

/* Goal: a transaction that is older than a scale commits into its own layout, before what came after the scale. */
START_TEST(a_transaction_rolls_over_a_scale)
{
    Pravega__SegmentId id_of = PRAVEGA__SEGMENT_ID__INIT;
    const Pravega__SuccessorResponse *next;
    const double thirds[] = {0.0, 0.3, 0.7, 1.0};
    int64_t both[] = {0, 1}, segment;
    Pravega__TxnId old, fresh;
    char shadow[256];

    make_stream(served, "sc", "st", 2);
    old = begin(&segment);
    shadow_of(shadow, segment, &old);
    append(shadow, 1, 10);
    ck_assert_int_eq(scale(both, 2, thirds, 3), PRAVEGA__SCALE_RESPONSE__SCALE_STREAM_STATUS__STARTED);
    fresh = begin(&segment);
    ck_assert_int_eq(fresh.highbits >> 32, 1);
    ck_assert_int_eq(segment, (INT64_C(1) << 32) | 2);
    ck_assert_int_eq(txn_call("commitTransaction", &old), PRAVEGA__TXN_STATUS__STATUS__SUCCESS);
    expect_state(&old, PRAVEGA__TXN_STATE__STATE__COMMITTED);
    ck_assert_int_eq(length_of("sc/st/0.#epoch.2"), 10); /* its layout once more */
    ck_assert_int_eq(current()->segmentranges[0]->segmentid->segmentid, (INT64_C(3) << 32) | 2);
    id_of.streaminfo = &st;
    id_of.segmentid = (INT64_C(1) << 32) | 3;
    next = rpc(served, "getSegmentsImmediatelyFollowing", &id_of, NULL);
    ck_assert_uint_eq(next->n_segments, 2);
    id_of.segmentid = INT64_C(2) << 32;
    next = rpc(served, "getSegmentsImmediatelyFollowing", &id_of, NULL);
    ck_assert_uint_eq(next->n_segments, 2);
    ck_assert_uint_eq(next->segments[0]->n_value, 1);
    ck_assert_uint_eq(next->segments[1]->n_value, 2);
    shadow_of(shadow, segment, &fresh);
    append(shadow, 2, 5);
    ck_assert_int_eq(txn_call("commitTransaction", &fresh), PRAVEGA__TXN_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(length_of("sc/st/2.#epoch.3"), 5);
    served_restart(served);
    ck_assert_int_eq(length_of("sc/st/0.#epoch.2"), 10);
    expect_state(&fresh, PRAVEGA__TXN_STATE__STATE__COMMITTED);
}
END_TEST

/* --- Writers' times --------------------------------------------------------------------------------------------- */

static int note(int64_t timestamp, int64_t first, int64_t second)
{
    Pravega__TimestampFromWriter request = PRAVEGA__TIMESTAMP_FROM_WRITER__INIT;
    Pravega__StreamCut__CutEntry entries[2], *list[2];
    Pravega__StreamCut cut = cut_of(entries, list, 2, (int64_t[]){1, 0}, (int64_t[]){second, first});

    request.writer = pravega_proto_str("writer/1");
    request.position = &cut;
    request.timestamp = timestamp;
    return ((const Pravega__TimestampResponse *)rpc(served, "noteTimestampFromWriter", &request, NULL))->result;
}

START_TEST(writers_note_their_time)
{
    Pravega__RemoveWriterRequest removal = PRAVEGA__REMOVE_WRITER_REQUEST__INIT;
    Pravega__TimestampFromWriter request = PRAVEGA__TIMESTAMP_FROM_WRITER__INIT;

    make_stream(served, "sc", "st", 2);
    ck_assert_int_eq(note(100, 5, 5), PRAVEGA__TIMESTAMP_RESPONSE__STATUS__SUCCESS);
    ck_assert_int_eq(note(100, 5, 6), PRAVEGA__TIMESTAMP_RESPONSE__STATUS__SUCCESS);
    ck_assert_int_eq(note(99, 9, 9), PRAVEGA__TIMESTAMP_RESPONSE__STATUS__INVALID_TIME);
    ck_assert_int_eq(note(101, 9, 5), PRAVEGA__TIMESTAMP_RESPONSE__STATUS__INVALID_POSITION);
    served_restart(served);
    ck_assert_int_eq(note(99, 9, 9), PRAVEGA__TIMESTAMP_RESPONSE__STATUS__INVALID_TIME);
    removal.writer = pravega_proto_str("writer/1");
    removal.stream = &st;
    for (int i = 0; i < 2; i++) /* its last time counts still, so it is not unknown */
        ck_assert_int_eq(((const Pravega__RemoveWriterResponse *)rpc(served, "removeWriter", &removal, NULL))->result,
                         PRAVEGA__REMOVE_WRITER_RESPONSE__STATUS__SUCCESS);
    ck_assert_int_eq(note(1, 5, 6), PRAVEGA__TIMESTAMP_RESPONSE__STATUS__INVALID_TIME);
    ck_assert_int_eq(note(101, 5, 6), PRAVEGA__TIMESTAMP_RESPONSE__STATUS__SUCCESS);
    removal.writer = pravega_proto_str("another");
    ck_assert_int_eq(((const Pravega__RemoveWriterResponse *)rpc(served, "removeWriter", &removal, NULL))->result,
                     PRAVEGA__REMOVE_WRITER_RESPONSE__STATUS__UNKNOWN_WRITER);
    removal.writer = pravega_proto_str("");
    ck_assert_int_eq(((const Pravega__RemoveWriterResponse *)rpc(served, "removeWriter", &removal, NULL))->result,
                     PRAVEGA__REMOVE_WRITER_RESPONSE__STATUS__INTERNAL_ERROR);
    ck_assert_int_eq(code_of("noteTimestampFromWriter", &request), WEIR_GRPC_INTERNAL);
    st = stream_info("sc", "none");
    removal.writer = pravega_proto_str("writer/1");
    ck_assert_int_eq(((const Pravega__RemoveWriterResponse *)rpc(served, "removeWriter", &removal, NULL))->result,
                     PRAVEGA__REMOVE_WRITER_RESPONSE__STATUS__UNKNOWN_WRITER);
}
END_TEST

/* --- Reader groups ---------------------------------------------------------------------------------------------- */

#define GROUP_ID "00112233-4455-6677-8899-aabbccddeeff"

static Pravega__ReaderGroupConfiguration group_config(int32_t retention)
{
    static Pravega__StreamCut start, *starts[1] = {&start};
    Pravega__ReaderGroupConfiguration config = PRAVEGA__READER_GROUP_CONFIGURATION__INIT;

    pravega__stream_cut__init(&start);
    start.streaminfo = &st;
    config.scope = pravega_proto_str("sc");
    config.readergroupname = pravega_proto_str("rg");
    config.readergroupid = pravega_proto_str(GROUP_ID);
    config.retentiontype = retention;
    config.grouprefreshtimemillis = 3000;
    config.maxoutstandingcheckpointrequest = 3;
    config.n_startingstreamcuts = 1;
    config.startingstreamcuts = starts;
    return config;
}

static int publish(const char *id, int64_t generation, int64_t first, int64_t second)
{
    Pravega__SubscriberStreamCut request = PRAVEGA__SUBSCRIBER_STREAM_CUT__INIT;
    Pravega__StreamCut__CutEntry entries[2], *list[2];
    Pravega__StreamCut cut = cut_of(entries, list, 2, (int64_t[]){0, 1}, (int64_t[]){first, second});

    request.subscriber = pravega_proto_str("sc/rg");
    request.generation = generation;
    request.readergroupid = pravega_proto_str(id);
    request.streamcut = &cut;
    return STATUS_OF(Pravega__UpdateSubscriberStatus, "updateSubscriberStreamCut", &request);
}

START_TEST(reader_groups)
{
    Pravega__ReaderGroupConfiguration config = group_config(2);
    Pravega__ReaderGroupInfo info = PRAVEGA__READER_GROUP_INFO__INIT;
    Pravega__StreamInfo own = stream_info("sc", "_RGrg");
    const Pravega__CreateReaderGroupResponse *created;
    const Pravega__UpdateReaderGroupResponse *updated;
    const Pravega__ReaderGroupConfigResponse *stored;

    make_stream(served, "sc", "st", 2);
    info.scope = pravega_proto_str("sc");
    info.readergroup = pravega_proto_str("rg");
    ck_assert_int_eq(STATUS_OF(Pravega__ReaderGroupConfigResponse, "getReaderGroupConfig", &info),
                     PRAVEGA__READER_GROUP_CONFIG_RESPONSE__STATUS__RG_NOT_FOUND);
    for (int i = 0; i < 2; i++) { /* the second time answers with what is there */
        created = rpc(served, "createReaderGroup", &config, NULL);
        ck_assert_int_eq(created->status, PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__SUCCESS);
        ck_assert_int_eq(created->config->grouprefreshtimemillis, 3000);
        ck_assert_int_eq(created->config->generation, 0);
        config.grouprefreshtimemillis = 9;
    }
    ck_assert(((const Pravega__ExistsResponse *)rpc(served, "checkStreamExists", &own, NULL))->exists);
    ck_assert_int_eq(length_of("sc/_RGrg/0.#epoch.0"), 0);
    ck_assert_uint_eq(((const Pravega__SubscribersResponse *)rpc(served, "listSubscribers", &st, NULL))->n_subscribers,
                      1);
    config.generation = 7;
    updated = rpc(served, "updateReaderGroup", &config, NULL);
    ck_assert_int_eq(updated->status, PRAVEGA__UPDATE_READER_GROUP_RESPONSE__STATUS__INVALID_CONFIG);
    ck_assert_int_eq(updated->generation, 7);
    config.generation = 0;
    updated = rpc(served, "updateReaderGroup", &config, NULL);
    ck_assert_int_eq(updated->status, PRAVEGA__UPDATE_READER_GROUP_RESPONSE__STATUS__SUCCESS);
    ck_assert_int_eq(updated->generation, 1);
    served_restart(served);
    stored = rpc(served, "getReaderGroupConfig", &info, NULL);
    ck_assert_int_eq(stored->config->generation, 1);
    ck_assert_int_eq(stored->config->grouprefreshtimemillis, 9);
    ck_assert_int_eq(publish("00112233-4455-6677-8899-000000000000", 1, 0, 0),
                     PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__SUBSCRIBER_NOT_FOUND);
    ck_assert_int_eq(publish(GROUP_ID, 0, 0, 0), PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__GENERATION_MISMATCH);
    ck_assert_int_eq(publish(GROUP_ID, 1, 5, 5), PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(publish(GROUP_ID, 1, 4, 5), PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__STREAM_CUT_NOT_VALID);
    info.readergroupid = pravega_proto_str("00112233-4455-6677-8899-000000000000");
    ck_assert_int_eq(STATUS_OF(Pravega__DeleteReaderGroupStatus, "deleteReaderGroup", &info),
                     PRAVEGA__DELETE_READER_GROUP_STATUS__STATUS__RG_NOT_FOUND);
    info.readergroupid = pravega_proto_str(GROUP_ID);
    ck_assert_int_eq(STATUS_OF(Pravega__DeleteReaderGroupStatus, "deleteReaderGroup", &info),
                     PRAVEGA__DELETE_READER_GROUP_STATUS__STATUS__SUCCESS);
    ck_assert(!((const Pravega__ExistsResponse *)rpc(served, "checkStreamExists", &own, NULL))->exists);
    ck_assert_int_eq(length_of("sc/_RGrg/0.#epoch.0"), -1);
    ck_assert_uint_eq(((const Pravega__SubscribersResponse *)rpc(served, "listSubscribers", &st, NULL))->n_subscribers,
                      0);
    ck_assert_int_eq(STATUS_OF(Pravega__SubscribersResponse, "listSubscribers", &own),
                     PRAVEGA__SUBSCRIBERS_RESPONSE__STATUS__STREAM_NOT_FOUND);
    own = stream_info("none", "_RGrg");
    ck_assert_int_eq(code_of("listSubscribers", &own), WEIR_GRPC_NOT_FOUND);
    info.scope = pravega_proto_str("none");
    ck_assert_int_eq(code_of("getReaderGroupConfig", &info), WEIR_GRPC_NOT_FOUND);
    ck_assert_int_eq(code_of("deleteReaderGroup", &info), WEIR_GRPC_NOT_FOUND);
}
END_TEST

/* Makes the group without an id; returns the one that it has, to be freed. */
static char *given_id(const char *name)
{
    Pravega__ReaderGroupConfiguration config = group_config(2);
    const Pravega__CreateReaderGroupResponse *created;

    config.readergroupname = pravega_proto_str(name);
    config.readergroupid = pravega_proto_str("00000000-0000-0000-0000-000000000000");
    created = rpc(served, "createReaderGroup", &config, NULL);
    ck_assert_int_eq(created->status, PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__SUCCESS);
    return strdup(created->config->readergroupid);
}

START_TEST(a_reader_group_without_an_id_is_given_one)
{
    char *first, *again, *other;
    struct weir_uuid id;

    make_stream(served, "sc", "st", 2);
    first = given_id("rg");
    ck_assert(weir_uuid_parse(weir_view_str(first), &id));
    ck_assert(id.msb != 0 && id.lsb != 0);
    served_restart(served);
    again = given_id("rg");
    ck_assert_str_eq(again, first);
    other = given_id("rg2");
    ck_assert_str_ne(other, first);
    ck_assert_int_eq(publish(first, 0, 5, 5), PRAVEGA__UPDATE_SUBSCRIBER_STATUS__STATUS__SUCCESS);
    free(first);
    free(again);
    free(other);
}
END_TEST

START_TEST(reader_groups_that_cannot_be)
{
    Pravega__ReaderGroupConfiguration config = group_config(0);

    config.scope = pravega_proto_str("none");
    ck_assert_int_eq(STATUS_OF(Pravega__CreateReaderGroupResponse, "createReaderGroup", &config),
                     PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__SCOPE_NOT_FOUND);
    config.readergroupname = pravega_proto_str("r/g");
    ck_assert_int_eq(STATUS_OF(Pravega__CreateReaderGroupResponse, "createReaderGroup", &config),
                     PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__INVALID_RG_NAME);
    config.readergroupid = pravega_proto_str("");
    ck_assert_int_eq(code_of("createReaderGroup", &config), WEIR_GRPC_INTERNAL);
    config = group_config(1); /* it would subscribe to a stream that is not there */
    ck_assert_int_eq(STATUS_OF(Pravega__CreateReaderGroupResponse, "createReaderGroup", &config),
                     PRAVEGA__CREATE_READER_GROUP_RESPONSE__STATUS__FAILURE);
    config = group_config(0);
    ck_assert_int_eq(STATUS_OF(Pravega__UpdateReaderGroupResponse, "updateReaderGroup", &config),
                     PRAVEGA__UPDATE_READER_GROUP_RESPONSE__STATUS__RG_NOT_FOUND);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("controller_service");
    TCase *tc = tcase_create("controller_service");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, scopes);
    tcase_add_test(tc, a_scope_goes_with_all_it_holds);
    tcase_add_test(tc, lists_are_paged);
    tcase_add_test(tc, streams_come_and_go);
    tcase_add_test(tc, streams_of_a_tag_come_part_by_part);
    tcase_add_test(tc, configurations_are_kept);
    tcase_add_test(tc, scaling_and_successors);
    tcase_add_test(tc, truncation_moves_the_head);
    tcase_add_test(tc, segments_between_two_cuts);
    tcase_add_test(tc, where_things_are);
    tcase_add_test(tc, a_transaction_commits);
    tcase_add_test(tc, a_transaction_aborts);
    tcase_add_test(tc, transactions_that_cannot_be);
    tcase_add_test(tc, a_restart_completes_commits);
    tcase_add_test(tc, commits_keep_their_order);
    tcase_add_test(tc, a_lease_runs_out);
    tcase_add_test(tc, a_transaction_rolls_over_a_scale);
    tcase_add_test(tc, writers_note_their_time);
    tcase_add_test(tc, an_update_makes_the_segments_that_it_asks_for);
    tcase_add_test(tc, cuts_of_what_never_was);
    tcase_add_test(tc, reader_groups);
    tcase_add_test(tc, a_reader_group_without_an_id_is_given_one);
    tcase_add_test(tc, reader_groups_that_cannot_be);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
