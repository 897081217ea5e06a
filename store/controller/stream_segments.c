/*
 * stream_segments.c - the calls about a stream's segments: which there are, which follow, where it was cut.
 */
#include <stdlib.h>

#include "pravega/types.h"
#include "store/controller/controller_int.h"

static void answer_epoch(struct weir_call *call, const struct weir_held_stream *stream, const struct weir_epoch *epoch)
{
    Pravega__SegmentRanges reply = PRAVEGA__SEGMENT_RANGES__INIT;
    size_t count = epoch != NULL ? epoch->segment_count : 0;

    reply.segmentranges = weir_call_alloc(call, count, sizeof(Pravega__SegmentRange *));
    reply.n_segmentranges = count;
    for (size_t i = 0; i < count && reply.segmentranges != NULL; i++)
        reply.segmentranges[i] = weir_call_range(call, stream, &epoch->segments[i], epoch->segments[i].id);
    reply.delegationtoken = call->token;
    weir_call_answer(call, &reply.base);
}

/* Refuses a call about a stream that is not there. */
static bool found(struct weir_call *call, const struct weir_held_stream *stream)
{
    if (stream == NULL)
        weir_call_refuse(call, WEIR_GRPC_NOT_FOUND, "no such stream");
    return stream != NULL;
}

void weir_rpc_get_current_segments(struct weir_call *call, const void *message)
{
    struct weir_held_stream *stream = weir_call_stream(call, message);

    if (found(call, stream))
        answer_epoch(call, stream,
                     stream->rec.state == WEIR_STREAM_SEALED ? NULL : weir_epochs_active(&stream->rec.epochs));
}

void weir_rpc_get_epoch_segments(struct weir_call *call, const void *message)
{
    const Pravega__GetEpochSegmentsRequest *in = message;
    struct weir_held_stream *stream = weir_call_stream(call, in->streaminfo);

    if (!found(call, stream))
        return;
    if (in->epoch < 0 || (size_t)in->epoch >= stream->rec.epochs.count)
        weir_call_refuse(call, WEIR_GRPC_NOT_FOUND, "no such epoch");
    else
        answer_epoch(call, stream, &stream->rec.epochs.list[in->epoch]);
}

/* Where the stream begins now: the last truncation's cut, or its first segments. */
void weir_rpc_get_segments(struct weir_call *call, const void *message)
{
    const Pravega__GetSegmentsRequest *in = message;
    Pravega__SegmentsAtTime reply = PRAVEGA__SEGMENTS_AT_TIME__INIT;
    struct weir_held_stream *stream = weir_call_stream(call, in->streaminfo);
    const struct weir_cut *head;
    const struct weir_epoch *first;
    Pravega__SegmentsAtTime__SegmentLocation *locations;

    if (!found(call, stream))
        return;
    head = &stream->rec.head;
    first = &stream->rec.epochs.list[0];
    reply.n_segments = head->count > 0 ? head->count : first->segment_count;
    reply.segments = weir_call_alloc(call, reply.n_segments, sizeof(*reply.segments));
    locations = weir_call_alloc(call, reply.n_segments, sizeof(*locations));
    for (size_t i = 0; i < reply.n_segments && reply.segments != NULL && locations != NULL; i++) {
        pravega__segments_at_time__segment_location__init(&locations[i]);
        locations[i].segmentid =
            weir_call_segment_id(call, stream, head->count > 0 ? head->entries[i].segment_id : first->segments[i].id);
        locations[i].offset = head->count > 0 && head->entries[i].offset > 0 ? head->entries[i].offset : 0;
        reply.segments[i] = &locations[i];
    }
    reply.delegationtoken = call->token;
    weir_call_answer(call, &reply.base);
}

/* --- Successors ------------------------------------------------------------------------------------------------- */

static size_t overlapping_count(const struct weir_epoch *epoch, const struct weir_segment_range *range)
{
    size_t count = 0;

    for (size_t i = 0; i < epoch->segment_count; i++)
        count += weir_range_overlaps(&epoch->segments[i], range);
    return count;
}

static void list_predecessors(struct weir_call *call, Pravega__SuccessorResponse__SegmentEntry *entry,
                              const struct weir_epoch *before, const struct weir_segment_range *successor)
{
    entry->value = weir_call_alloc(call, overlapping_count(before, successor), sizeof(*entry->value));
    for (size_t i = 0; i < before->segment_count && entry->value != NULL; i++) {
        if (weir_range_overlaps(&before->segments[i], successor))
            entry->value[entry->n_value++] = before->segments[i].id;
    }
}

static void list_successors(struct weir_call *call, Pravega__SuccessorResponse *reply,
                            const struct weir_held_stream *stream, int64_t id, int32_t ended)
{
    const struct weir_epoch *epoch = &stream->rec.epochs.list[ended];
    const struct weir_segment_range *sealed = weir_epochs_find(&stream->rec.epochs, id);
    Pravega__SuccessorResponse__SegmentEntry *entries = weir_call_alloc(call, epoch->segment_count, sizeof(*entries));

    reply->segments = weir_call_alloc(call, epoch->segment_count, sizeof(*reply->segments));
    for (size_t i = 0; i < epoch->segment_count && entries != NULL && reply->segments != NULL; i++) {
        const struct weir_segment_range *successor = &epoch->segments[i];
        Pravega__SuccessorResponse__SegmentEntry *entry = &entries[reply->n_segments];

        if (!weir_range_overlaps(sealed, successor))
            continue;
        pravega__successor_response__segment_entry__init(entry);
        entry->segment = weir_call_range(call, stream, successor, successor->id);
        list_predecessors(call, entry, epoch - 1, successor);
        reply->segments[reply->n_segments++] = entry;
    }
}

void weir_rpc_get_successors(struct weir_call *call, const void *message)
{
    const Pravega__SegmentId *in = message;
    Pravega__SuccessorResponse reply = PRAVEGA__SUCCESSOR_RESPONSE__INIT;
    struct weir_held_stream *stream = weir_call_stream(call, in->streaminfo);
    int32_t ended;

    if (!found(call, stream))
        return;
    ended = weir_epochs_end_of(&stream->rec.epochs, in->segmentid);
    if (ended >= 0)
        list_successors(call, &reply, stream, in->segmentid, ended);
    weir_call_answer(call, &reply.base);
}

struct weir_segment *weir_stream_segment(struct weir_controller *ctl, const struct weir_held_stream *stream, int64_t id)
{
    struct pravega_stream_name name = {stream->scope->name, stream->name};
    char text[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1];

    pravega_segment_name(&name, id, text, sizeof(text));
    return weir_segment_peek(ctl->ctr, weir_view_str(text));
}

enum weir_status weir_stream_tail(struct weir_controller *ctl, const struct weir_held_stream *stream,
                                  struct weir_cut *out)
{
    const struct weir_epoch *active = weir_epochs_active(&stream->rec.epochs);

    *out = (struct weir_cut){.entries = calloc(active->segment_count, sizeof(*out->entries))};
    if (out->entries == NULL)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < active->segment_count; i++) {
        struct weir_segment *seg = weir_stream_segment(ctl, stream, active->segments[i].id);
        struct weir_segment_info info = {0};

        if (seg != NULL)
            weir_segment_info(seg, &info);
        out->entries[out->count++] = (struct weir_cut_entry){active->segments[i].id, info.length};
    }
    weir_cut_sort(out);
    return WEIR_OK;
}

/* --- Stream cuts ------------------------------------------------------------------------------------------------ */

enum weir_status weir_cut_take(struct weir_cut *out, Pravega__StreamCut__CutEntry *const *entries, size_t count)
{
    *out = (struct weir_cut){0};
    if (count == 0)
        return WEIR_OK;
    out->entries = calloc(count, sizeof(*out->entries));
    if (out->entries == NULL)
        return WEIR_E_NOMEM;
    out->count = count;
    for (size_t i = 0; i < count; i++)
        out->entries[i] = (struct weir_cut_entry){entries[i]->key, entries[i]->value};
    weir_cut_sort(out);
    return WEIR_OK;
}

/* Of a cut whose oldest epoch is there, upstream notices only that a segment is missing. */
static enum weir_grpc_code names_fault(const struct weir_epochs *epochs, const struct weir_cut *cut)
{
    int32_t oldest = cut->count > 0 ? weir_segment_epoch(cut->entries[0].segment_id) : -1;

    if (oldest >= 0 && (size_t)oldest >= epochs->count)
        return WEIR_GRPC_NOT_FOUND;
    for (size_t i = 0; i < cut->count; i++) {
        if (weir_epochs_find(epochs, cut->entries[i].segment_id) == NULL)
            return WEIR_GRPC_UNKNOWN;
    }
    return WEIR_GRPC_OK;
}

enum weir_grpc_code weir_cut_fault(const struct weir_epochs *epochs, const struct weir_cut *cut)
{
    enum weir_grpc_code code = names_fault(epochs, cut);
    size_t waiting = 0;

    while (waiting < cut->count && cut->entries[waiting].offset < 0)
        waiting++;
    return code == WEIR_GRPC_OK && cut->count > 0 && waiting == cut->count ? WEIR_GRPC_UNKNOWN : code;
}

/* The two maps of a StreamCutRange are types of their own, of the same shape. `entries` stays NULL if out of memory. */
#define CUT_TAKE_MAP(cut, map, n)                                                                                      \
    do {                                                                                                               \
        *(cut) = (struct weir_cut){.entries = calloc((n) + 1, sizeof(struct weir_cut_entry))};                         \
        for (size_t i_ = 0; (cut)->entries != NULL && i_ < (n); i_++)                                                  \
            (cut)->entries[(cut)->count++] = (struct weir_cut_entry){(map)[i_]->key, (map)[i_]->value};                \
        weir_cut_sort(cut);                                                                                            \
    } while (0)

struct between {
    struct weir_call *call;
    const struct weir_held_stream *stream;
    const struct weir_cut *from, *to;
    Pravega__SegmentId **list;
    size_t count;
};

static void count_segment(void *arg, const struct weir_segment_range *segment)
{
    (void)segment;
    ++*(size_t *)arg;
}

static void add_between(void *arg, const struct weir_segment_range *segment)
{
    struct between *between = arg;

    if (weir_cut_between(&between->stream->rec.epochs, between->from, between->to, segment))
        between->list[between->count++] = weir_call_segment_id(between->call, between->stream, segment->id);
}

/* Upstream's code for two cuts that nothing can lie between; of a stream's tail that was read whole all may be -1. */
static enum weir_grpc_code range_fault(const struct weir_epochs *epochs, const struct weir_cut *from,
                                       const struct weir_cut *to)
{
    enum weir_grpc_code code = names_fault(epochs, from);

    if (code == WEIR_GRPC_OK)
        code = names_fault(epochs, to);
    if (code == WEIR_GRPC_OK && !weir_cut_not_before(epochs, to, from))
        code = WEIR_GRPC_UNKNOWN;
    return code;
}

void weir_rpc_get_segments_between(struct weir_call *call, const void *message)
{
    const Pravega__StreamCutRange *in = message;
    Pravega__StreamCutRangeResponse reply = PRAVEGA__STREAM_CUT_RANGE_RESPONSE__INIT;
    struct weir_held_stream *stream = weir_call_stream(call, in->streaminfo);
    struct weir_cut from, to;
    size_t count = 0;

    if (!found(call, stream))
        return;
    CUT_TAKE_MAP(&from, in->from, in->n_from);
    CUT_TAKE_MAP(&to, in->to, in->n_to);
    if (from.entries == NULL || to.entries == NULL) {
        weir_call_refuse(call, WEIR_GRPC_RESOURCE_EXHAUSTED, "the store is out of memory");
    } else if (range_fault(&stream->rec.epochs, &from, &to) != WEIR_GRPC_OK) {
        weir_call_refuse(call, range_fault(&stream->rec.epochs, &from, &to),
                         "a stream cut names a segment that never was, or the second one lies before the first");
    } else {
        struct between between = {.call = call, .stream = stream, .from = &from, .to = &to};

        weir_epochs_each(&stream->rec.epochs, count_segment, &count);
        between.list = weir_call_alloc(call, count, sizeof(*between.list));
        if (between.list != NULL)
            weir_epochs_each(&stream->rec.epochs, add_between, &between);
        reply.segments = between.list;
        reply.n_segments = between.count;
        reply.delegationtoken = call->token;
        weir_call_answer(call, &reply.base);
    }
    weir_cut_fini(&from);
    weir_cut_fini(&to);
}

void weir_rpc_is_segment_valid(struct weir_call *call, const void *message)
{
    const Pravega__SegmentId *in = message;
    Pravega__SegmentValidityResponse reply = PRAVEGA__SEGMENT_VALIDITY_RESPONSE__INIT;
    struct weir_held_stream *stream = weir_call_stream(call, in->streaminfo);

    if (!found(call, stream))
        return;
    reply.response = stream->rec.state != WEIR_STREAM_SEALED &&
                     weir_epoch_find(weir_epochs_active(&stream->rec.epochs), in->segmentid) != NULL;
    weir_call_answer(call, &reply.base);
}

void weir_rpc_is_stream_cut_valid(struct weir_call *call, const void *message)
{
    const Pravega__StreamCut *in = message;
    Pravega__StreamCutValidityResponse reply = PRAVEGA__STREAM_CUT_VALIDITY_RESPONSE__INIT;
    struct weir_held_stream *stream = weir_call_stream(call, in->streaminfo);
    struct weir_cut cut;

    if (!found(call, stream))
        return;
    if (weir_cut_take(&cut, in->cut, in->n_cut) != WEIR_OK)
        call->batch.status = WEIR_E_NOMEM;
    reply.response = weir_cut_valid(&stream->rec.epochs, &cut);
    if (weir_cut_fault(&stream->rec.epochs, &cut) != WEIR_GRPC_OK)
        weir_call_refuse(call, weir_cut_fault(&stream->rec.epochs, &cut), "the stream cut names what never was");
    else
        weir_call_answer(call, &reply.base);
    weir_cut_fini(&cut);
}

/* --- Truncation ------------------------------------------------------------------------------------------------- */

struct truncation {
    struct weir_batch *batch;
    const struct weir_held_stream *stream;
    const struct weir_cut *cut;
};

static void truncate_past(void *arg, const struct weir_segment_range *segment)
{
    struct truncation *truncation = arg;
    const struct weir_cut_entry *entry = weir_cut_find(truncation->cut, segment->id);

    if (entry != NULL && entry->offset > 0)
        weir_batch_truncate_segment(truncation->batch, truncation->stream, segment->id, entry->offset);
    else if (entry == NULL && weir_cut_is_past(&truncation->stream->rec.epochs, truncation->cut, segment))
        weir_batch_delete_segment(truncation->batch, truncation->stream, segment->id);
}

enum weir_status weir_stream_truncate_prepare(struct weir_batch *batch, struct weir_held_stream *stream,
                                              struct weir_cut *cut)
{
    struct truncation truncation = {batch, stream, cut};

    if (!weir_cut_valid(&stream->rec.epochs, cut) || !weir_cut_not_before(&stream->rec.epochs, cut, &stream->rec.head))
        return WEIR_E_INVAL;
    weir_epochs_each(&stream->rec.epochs, truncate_past, &truncation);
    weir_stream_swap_head(stream, cut);
    weir_batch_put_stream(batch, stream);
    return WEIR_OK;
}

void weir_stream_swap_head(struct weir_held_stream *stream, struct weir_cut *cut)
{
    struct weir_cut head = stream->rec.head;

    stream->rec.head = *cut;
    *cut = head;
}

/* An offset beyond a segment's end is refused by the container, and with it the whole truncation. */
static int truncate_stream(struct weir_call *call, struct weir_held_stream *stream, struct weir_cut *cut)
{
    if (weir_stream_truncate_prepare(&call->batch, stream, cut) != WEIR_OK)
        return PRAVEGA__UPDATE_STREAM_STATUS__STATUS__FAILURE;
    if (weir_call_commit(call) == WEIR_OK)
        return PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SUCCESS;
    weir_stream_swap_head(stream, cut);
    return PRAVEGA__UPDATE_STREAM_STATUS__STATUS__FAILURE;
}

void weir_rpc_truncate_stream(struct weir_call *call, const void *message)
{
    const Pravega__StreamCut *in = message;
    Pravega__UpdateStreamStatus reply = PRAVEGA__UPDATE_STREAM_STATUS__INIT;
    struct weir_held_stream *stream = weir_call_stream(call, in->streaminfo);
    struct weir_cut cut = {0};

    if (stream == NULL)
        reply.status = PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND;
    else if (stream->rec.state == WEIR_STREAM_SEALED)
        reply.status = PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_SEALED;
    else if (weir_cut_take(&cut, in->cut, in->n_cut) != WEIR_OK)
        call->batch.status = WEIR_E_NOMEM;
    else if (weir_cut_fault(&stream->rec.epochs, &cut) == WEIR_GRPC_NOT_FOUND) /* so it says of an epoch */
        reply.status = PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND;
    else
        reply.status = truncate_stream(call, stream, &cut);
    weir_call_answer(call, &reply.base);
    weir_cut_fini(&cut);
}
