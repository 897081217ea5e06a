/*
 * controller_segments.c - the controller's calls on segments: which there are, what follows one, where it lives,
 * scaling.
 */
#include "pravega/controller_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "pravega/format/objects.h"

static const struct pravega_outcome scale_outcomes[] = {
    [PRAVEGA__SCALE_RESPONSE__SCALE_STREAM_STATUS__STARTED] = {WEIR_OK, NULL},
    [PRAVEGA__SCALE_RESPONSE__SCALE_STREAM_STATUS__FAILURE] =
        {WEIR_E_INVAL, "the new key ranges do not cover those of the old segments, or another scale is under way"},
    [PRAVEGA__SCALE_RESPONSE__SCALE_STREAM_STATUS__PRECONDITION_FAILED] =
        {WEIR_E_CONFLICT, "a segment to be replaced is not current, or too few would be left"},
};
static const struct pravega_outcome check_scale_outcomes[] = {
    [PRAVEGA__SCALE_STATUS_RESPONSE__SCALE_STATUS__IN_PROGRESS] = {WEIR_E_AGAIN, NULL},
    [PRAVEGA__SCALE_STATUS_RESPONSE__SCALE_STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__SCALE_STATUS_RESPONSE__SCALE_STATUS__INVALID_INPUT] = {WEIR_E_INVAL, "no such scale"},
    [PRAVEGA__SCALE_STATUS_RESPONSE__SCALE_STATUS__INTERNAL_ERROR] = {WEIR_E_IO, "the controller failed"},
};

static void finish_head(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_successors(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_ids(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_endpoint(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_scale(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_segment_valid(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_cut_valid(struct pravega_end *end, const ProtobufCMessage *reply);

static const struct pravega_rpc current_rpc = {"getCurrentSegments", "get the segments of",
                                               .finish = pravega_finish_ranges};
static const struct pravega_rpc epoch_rpc = {"getEpochSegments", "get the segments of",
                                             .finish = pravega_finish_ranges};
static const struct pravega_rpc head_rpc = {"getSegments", "get the head of", .finish = finish_head};
static const struct pravega_rpc successors_rpc = {"getSegmentsImmediatelyFollowing", "get what follows",
                                                  .finish = finish_successors};
static const struct pravega_rpc between_rpc = {"getSegmentsBetween", "get the segments of", .finish = finish_ids};
static const struct pravega_rpc segment_valid_rpc = {"isSegmentValid", "look at", .finish = finish_segment_valid};
static const struct pravega_rpc cut_valid_rpc = {"isStreamCutValid", "check a stream cut of",
                                                 .finish = finish_cut_valid};
static const struct pravega_rpc endpoint_rpc = {"getURI", "find", .finish = finish_endpoint};
static const struct pravega_rpc scale_rpc = {"scale", "scale", PRAVEGA_OUTCOMES(scale_outcomes),
                                             .finish = finish_scale};
static const struct pravega_rpc check_scale_rpc = {
    "checkScale", "check the scale of", PRAVEGA_OUTCOMES(check_scale_outcomes), .finish = pravega_finish_done};

/* ---- which segments there are */

void pravega_controller_current_segments(struct pravega_call *call, struct pravega_client *client,
                                         const struct pravega_stream_name *stream, pravega_ranges_fn *done, void *arg)
{
    Pravega__StreamInfo request;

    pravega_stream_info(&request, stream);
    request.accessoperation = PRAVEGA__STREAM_INFO__ACCESS_OPERATION__NONE;
    pravega_call_start_stream(call, client, &current_rpc, stream, NULL, &request.base, (void (*)(void))done, arg);
}

void pravega_controller_epoch_segments(struct pravega_call *call, struct pravega_client *client,
                                       const struct pravega_stream_name *stream, int32_t epoch, pravega_ranges_fn *done,
                                       void *arg)
{
    Pravega__GetEpochSegmentsRequest request = PRAVEGA__GET_EPOCH_SEGMENTS_REQUEST__INIT;
    Pravega__StreamInfo info;
    char part[32];

    pravega_stream_info(&info, stream);
    request.streaminfo = &info;
    request.epoch = epoch;
    snprintf(part, sizeof(part), "epoch %d", epoch);
    pravega_call_start_stream(call, client, &epoch_rpc, stream, part, &request.base, (void (*)(void))done, arg);
}

void pravega_controller_head_segments(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream, pravega_cut_fn *done, void *arg)
{
    Pravega__GetSegmentsRequest request = PRAVEGA__GET_SEGMENTS_REQUEST__INIT;
    Pravega__StreamInfo info;

    pravega_stream_info(&info, stream);
    info.accessoperation = PRAVEGA__STREAM_INFO__ACCESS_OPERATION__NONE;
    request.streaminfo = &info;
    pravega_call_start_stream(call, client, &head_rpc, stream, NULL, &request.base, (void (*)(void))done, arg);
}

/* A copy of the reply's cut, sorted by id; NULL if it fails, which `end` tells. A head that was cut off at a cut with
 * offsets of -1 has them, too: these segments have not begun there, and follow the others. They are left out. */
static struct pravega_segment_offset *cut_of(struct pravega_end *end, const Pravega__SegmentsAtTime *segments,
                                             size_t *count)
{
    struct pravega_stream_cut cut = {.positions = calloc(segments->n_segments + 1, sizeof(*cut.positions))};
    bool is_cut = true;

    if (cut.positions == NULL) {
        end->status = weir_fail(&end->why, WEIR_E_NOMEM, "out of memory for %zu segments", segments->n_segments);
        return NULL;
    }
    for (size_t i = 0; i < segments->n_segments && is_cut; i++) {
        const Pravega__SegmentsAtTime__SegmentLocation *at = segments->segments[i];

        is_cut = at->segmentid != NULL && at->offset >= -1;
        if (is_cut && at->offset >= 0)
            cut.positions[cut.position_count++] = (struct pravega_segment_offset){at->segmentid->segmentid, at->offset};
    }
    if (!is_cut || !pravega_stream_cut_arrange(&cut)) {
        end->status = weir_fail(&end->why, WEIR_E_PROTO, "the controller answered with a head that is no stream cut");
        free(cut.positions);
        return NULL;
    }
    *count = cut.position_count;
    return cut.positions;
}

static void finish_head(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__SegmentsAtTime *segments = (const Pravega__SegmentsAtTime *)reply;
    struct pravega_segment_offset *cut = NULL;
    size_t count = 0;

    if (segments != NULL)
        cut = cut_of(end, segments, &count);
    ((pravega_cut_fn *)end->done)(end->arg, end->status, cut, cut != NULL ? count : 0, &end->why);
    free(cut);
}

void pravega_controller_segments_between(struct pravega_call *call, struct pravega_client *client,
                                         const struct pravega_stream_name *stream,
                                         const struct pravega_segment_offset *from, size_t from_count,
                                         const struct pravega_segment_offset *to, size_t to_count, pravega_ids_fn *done,
                                         void *arg)
{
    Pravega__StreamCutRange request = PRAVEGA__STREAM_CUT_RANGE__INIT;
    struct pravega_cut_map from_map = {0}, to_map = {0};
    struct weir_error why;
    Pravega__StreamInfo info;

    pravega_stream_info(&info, stream);
    request.streaminfo = &info;
    if (pravega_cut_map_init(&from_map, from, from_count, &why) != WEIR_OK ||
        pravega_cut_map_init(&to_map, to, to_count, &why) != WEIR_OK) {
        pravega_call_reject(call, client, &between_rpc, &why, (void (*)(void))done, arg);
    } else {
        /* An entry of each of the three maps is the same message: two int64, 1 and 2. */
        request.from = (Pravega__StreamCutRange__FromEntry **)from_map.entries;
        request.n_from = from_count;
        request.to = (Pravega__StreamCutRange__ToEntry **)to_map.entries;
        request.n_to = to_count;
        pravega_call_start_stream(call, client, &between_rpc, stream, NULL, &request.base, (void (*)(void))done, arg);
    }
    pravega_cut_map_fini(&from_map);
    pravega_cut_map_fini(&to_map);
}

static int by_id(const void *a, const void *b)
{
    const pravega_segment_id *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static void finish_ids(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__StreamCutRangeResponse *range = (const Pravega__StreamCutRangeResponse *)reply;
    size_t count = range != NULL ? range->n_segments : 0;
    pravega_segment_id *ids = calloc(count + 1, sizeof(*ids));

    if (range != NULL && ids == NULL)
        end->status = weir_fail(&end->why, WEIR_E_NOMEM, "out of memory for %zu segments", count);
    for (size_t i = 0; i < count && ids != NULL; i++)
        ids[i] = range->segments[i]->segmentid;
    if (ids != NULL)
        qsort(ids, count, sizeof(*ids), by_id);
    ((pravega_ids_fn *)end->done)(end->arg, end->status, ids, end->status == WEIR_OK ? count : 0, &end->why);
    free(ids);
}

void pravega_controller_cut_valid(struct pravega_call *call, struct pravega_client *client,
                                  const struct pravega_stream_name *stream, const struct pravega_segment_offset *cut,
                                  size_t count, pravega_exists_fn *done, void *arg)
{
    pravega_call_start_cut(call, client, &cut_valid_rpc, stream, cut, count, (void (*)(void))done, arg);
}

static void finish_cut_valid(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__StreamCutValidityResponse *valid = (const Pravega__StreamCutValidityResponse *)reply;

    ((pravega_exists_fn *)end->done)(end->arg, end->status, valid != NULL && valid->response, &end->why);
}

/* ---- one segment */

static void start_segment(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                          const struct pravega_stream_name *stream, pravega_segment_id segment, void (*done)(void),
                          void *arg)
{
    Pravega__SegmentId request = PRAVEGA__SEGMENT_ID__INIT;
    Pravega__StreamInfo info;
    char part[64];

    pravega_stream_info(&info, stream);
    request.streaminfo = &info;
    request.segmentid = segment;
    snprintf(part, sizeof(part), "segment %d.#epoch.%d", pravega_segment_number(segment),
             pravega_segment_epoch(segment));
    pravega_call_start_stream(call, client, rpc, stream, part, &request.base, done, arg);
}

void pravega_controller_successors(struct pravega_call *call, struct pravega_client *client,
                                   const struct pravega_stream_name *stream, pravega_segment_id segment,
                                   pravega_successors_fn *done, void *arg)
{
    start_segment(call, client, &successors_rpc, stream, segment, (void (*)(void))done, arg);
}

static int by_successor_key(const void *a, const void *b)
{
    const struct pravega_successor *left = a, *right = b;

    return (left->range.min_key > right->range.min_key) - (left->range.min_key < right->range.min_key);
}

/* The reply's successors, sorted by min_key, with the predecessors lent from it; NULL if it fails, which `end` tells.
 */
static struct pravega_successor *successors_of(struct pravega_end *end, const Pravega__SuccessorResponse *reply)
{
    struct pravega_successor *successors = calloc(reply->n_segments + 1, sizeof(*successors));

    if (successors == NULL) {
        end->status = weir_fail(&end->why, WEIR_E_NOMEM, "out of memory for %zu segments", reply->n_segments);
        return NULL;
    }
    for (size_t i = 0; i < reply->n_segments; i++) {
        const Pravega__SuccessorResponse__SegmentEntry *entry = reply->segments[i];

        if (!pravega_range_of(entry->segment, &successors[i].range)) {
            end->status =
                weir_fail(&end->why, WEIR_E_PROTO, "the controller answered with a successor without id or range");
            free(successors);
            return NULL;
        }
        successors[i].predecessors = entry->value;
        successors[i].predecessor_count = entry->n_value;
    }
    qsort(successors, reply->n_segments, sizeof(*successors), by_successor_key);
    return successors;
}

static void finish_successors(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__SuccessorResponse *from = (const Pravega__SuccessorResponse *)reply;
    struct pravega_successor *successors = NULL;

    if (from != NULL)
        successors = successors_of(end, from);
    ((pravega_successors_fn *)end->done)(end->arg, end->status, successors, successors != NULL ? from->n_segments : 0,
                                         &end->why);
    free(successors);
}

void pravega_controller_segment_valid(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream, pravega_segment_id segment,
                                      pravega_exists_fn *done, void *arg)
{
    start_segment(call, client, &segment_valid_rpc, stream, segment, (void (*)(void))done, arg);
}

static void finish_segment_valid(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__SegmentValidityResponse *valid = (const Pravega__SegmentValidityResponse *)reply;

    ((pravega_exists_fn *)end->done)(end->arg, end->status, valid != NULL && valid->response, &end->why);
}

void pravega_controller_segment_endpoint(struct pravega_call *call, struct pravega_client *client,
                                         const struct pravega_stream_name *stream, pravega_segment_id segment,
                                         pravega_endpoint_fn *done, void *arg)
{
    start_segment(call, client, &endpoint_rpc, stream, segment, (void (*)(void))done, arg);
}

static void finish_endpoint(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__NodeUri *node = (const Pravega__NodeUri *)reply;
    pravega_endpoint_fn *done = (pravega_endpoint_fn *)end->done;

    if (node != NULL && (node->endpoint[0] == '\0' || node->port < 1 || node->port > UINT16_MAX))
        end->status = weir_fail(&end->why, WEIR_E_PROTO, "the controller says a segment store is at \"%s\", port %d",
                                node->endpoint, node->port);
    if (end->status != WEIR_OK)
        done(end->arg, end->status, NULL, 0, &end->why);
    else
        done(end->arg, end->status, node->endpoint, (uint16_t)node->port, &end->why);
}

/* ---- scaling */

void pravega_controller_scale(struct pravega_call *call, struct pravega_client *client,
                              const struct pravega_stream_name *stream, const pravega_segment_id *sealed,
                              size_t sealed_count, const struct pravega_segment_range *ranges, size_t range_count,
                              pravega_scale_fn *done, void *arg)
{
    Pravega__ScaleRequest request = PRAVEGA__SCALE_REQUEST__INIT;
    Pravega__ScaleRequest__KeyRangeEntry *entries = calloc(range_count + 1, sizeof(*entries));
    Pravega__ScaleRequest__KeyRangeEntry **pointers = calloc(range_count + 1, sizeof(*pointers));
    struct weir_error why;
    Pravega__StreamInfo info;

    if (entries == NULL || pointers == NULL) {
        weir_fail(&why, WEIR_E_NOMEM, "out of memory for %zu key ranges", range_count);
        pravega_call_reject(call, client, &scale_rpc, &why, (void (*)(void))done, arg);
    } else {
        for (size_t i = 0; i < range_count; i++) {
            pravega__scale_request__key_range_entry__init(&entries[i]);
            entries[i].start = ranges[i].min_key;
            entries[i].end = ranges[i].max_key;
            pointers[i] = &entries[i];
        }
        pravega_stream_info(&info, stream);
        request.streaminfo = &info;
        request.sealedsegments = (int64_t *)sealed; /* only read */
        request.n_sealedsegments = sealed_count;
        request.newkeyranges = pointers;
        request.n_newkeyranges = range_count;
        request.scaletimestamp = weir_loop_wall_ms(client->loop);
        pravega_call_start_stream(call, client, &scale_rpc, stream, NULL, &request.base, (void (*)(void))done, arg);
    }
    free(entries);
    free(pointers);
}

static void finish_scale(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__ScaleResponse *scale = (const Pravega__ScaleResponse *)reply;
    pravega_scale_fn *done = (pravega_scale_fn *)end->done;
    struct pravega_segment_range *ranges = NULL;

    if (scale != NULL)
        ranges = pravega_ranges_of(end, scale->segments, scale->n_segments);
    if (ranges != NULL)
        done(end->arg, WEIR_OK, scale->epoch, ranges, scale->n_segments, &end->why);
    else
        done(end->arg, end->status, 0, NULL, 0, &end->why);
    free(ranges);
}

void pravega_controller_check_scale(struct pravega_call *call, struct pravega_client *client,
                                    const struct pravega_stream_name *stream, int32_t epoch, pravega_done_fn *done,
                                    void *arg)
{
    Pravega__ScaleStatusRequest request = PRAVEGA__SCALE_STATUS_REQUEST__INIT;
    Pravega__StreamInfo info;

    pravega_stream_info(&info, stream);
    request.streaminfo = &info;
    request.epoch = epoch;
    pravega_call_start_stream(call, client, &check_scale_rpc, stream, NULL, &request.base, (void (*)(void))done, arg);
}
