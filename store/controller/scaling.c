/*
 * scaling.c - the scales of streams that clients ask for.
 *
 * A client may write without awaiting acknowledgements, ask for a scale, and count on what it wrote before: in a
 * cluster, where a scale takes some hundred milliseconds, that is in the segments that it was written to. So a scale
 * that can be made waits for what is on its way to its segments: it is made once they have not grown for as long as the
 * settings say, or after five times that. Time is counted in looks, so that a loop that stood still has read its
 * sockets in between.
 *
 *     asked --it can be made--> LOOKING --as many looks as it takes without growth, or five times as many--> made
 *     asked --it cannot--> refused
 */
#include <stdlib.h>

#include "store/controller/controller_int.h"
#include "store/rules/upstream_order.h"

#define QUIET_LOOKS 10
#define LOOKS_MAX (5 * QUIET_LOOKS)

enum weir_status weir_stream_scale_prepare(struct weir_batch *batch, struct weir_held_stream *stream,
                                           const int64_t *sealed, size_t sealed_count,
                                           const struct weir_segment_range *ranges, size_t range_count, int64_t now_ms)
{
    struct weir_epochs *epochs = &stream->rec.epochs;
    enum weir_status status = weir_epochs_scale(epochs, sealed, sealed_count, ranges, range_count, now_ms);
    const struct weir_epoch *added;

    if (status != WEIR_OK)
        return status;
    added = weir_epochs_active(epochs);
    if (added->segment_count < (size_t)stream->policy.segments_min) {
        weir_epochs_drop_last(epochs);
        return WEIR_E_STATE;
    }
    for (size_t i = 0; i < added->segment_count; i++) {
        if (weir_segment_epoch(added->segments[i].id) == weir_epochs_active_number(epochs))
            weir_batch_create_segment(batch, stream, added->segments[i].id);
    }
    for (size_t i = 0; i < sealed_count; i++)
        weir_batch_seal_segment(batch, stream, sealed[i]);
    weir_batch_put_stream(batch, stream);
    return WEIR_OK;
}

/* What a client asks for, in its call's memory. */
struct wish {
    struct weir_call *call;
    struct weir_view scope, stream; /* without a name: there is no such stream */
    int64_t *sealed;
    struct weir_segment_range *ranges;
    size_t sealed_count, range_count;
    int64_t sealed_len; /* of the segments to be sealed, together, at the last look */
    int look_count, quiet_count;
};

static struct weir_held_stream *stream_of(const struct wish *wish)
{
    return weir_directory_stream(&wish->call->ctl->dir, wish->scope, wish->stream);
}

static void list_added(struct weir_call *call, Pravega__ScaleResponse *reply, const struct weir_held_stream *stream)
{
    const struct weir_epoch *added = weir_epochs_active(&stream->rec.epochs);

    reply->segments = weir_call_alloc(call, added->segment_count, sizeof(*reply->segments));
    for (size_t i = 0; i < added->segment_count && reply->segments != NULL; i++) {
        if (weir_segment_epoch(added->segments[i].id) == weir_epochs_active_number(&stream->rec.epochs))
            reply->segments[reply->n_segments++] =
                weir_call_range(call, stream, &added->segments[i], added->segments[i].id);
    }
}

/* --- The scale itself ------------------------------------------------------------------------------------------- */

static void make(struct wish *wish)
{
    struct weir_call *call = wish->call;
    struct weir_held_stream *stream = stream_of(wish);
    Pravega__ScaleResponse reply = PRAVEGA__SCALE_RESPONSE__INIT;
    enum weir_status status = WEIR_E_INVAL;

    reply.status = PRAVEGA__SCALE_RESPONSE__SCALE_STREAM_STATUS__FAILURE;
    if (stream != NULL && stream->rec.state != WEIR_STREAM_SEALED)
        status = weir_stream_scale_prepare(&call->batch, stream, wish->sealed, wish->sealed_count, wish->ranges,
                                           wish->range_count, weir_loop_wall_ms(call->ctl->loop));
    if (status == WEIR_E_STATE) {
        reply.status = PRAVEGA__SCALE_RESPONSE__SCALE_STREAM_STATUS__PRECONDITION_FAILED;
    } else if (status == WEIR_OK && weir_call_commit(call) == WEIR_OK) {
        reply.status = PRAVEGA__SCALE_RESPONSE__SCALE_STREAM_STATUS__STARTED;
        reply.epoch = weir_epochs_active_number(&stream->rec.epochs) - 1;
        list_added(call, &reply, stream);
        weir_upkeep_follow(call->ctl, stream);
    } else if (status == WEIR_OK) {
        weir_epochs_drop_last(&stream->rec.epochs);
    }
    weir_call_answer(call, &reply.base);
}

/* --- Waiting ---------------------------------------------------------------------------------------------------- */

/* Whether the wish can be granted, as far as its segments say; `*len` receives their length. */
static bool weigh(const struct wish *wish, int64_t *len)
{
    const struct weir_held_stream *stream = stream_of(wish);

    *len = 0;
    if (stream == NULL || stream->rec.state == WEIR_STREAM_SEALED || wish->sealed_count == 0 ||
        wish->sealed_count > WEIR_EPOCH_SEGMENTS_MAX || wish->range_count > WEIR_EPOCH_SEGMENTS_MAX)
        return false;
    for (size_t i = 0; i < wish->sealed_count; i++) {
        struct weir_segment *seg = weir_stream_segment(wish->call->ctl, stream, wish->sealed[i]);
        struct weir_segment_info info;

        if (seg == NULL || weir_epoch_find(weir_epochs_active(&stream->rec.epochs), wish->sealed[i]) == NULL)
            return false;
        weir_segment_info(seg, &info);
        *len += info.length;
    }
    return true;
}

static void await_look(const struct wish *wish)
{
    struct weir_controller *ctl = wish->call->ctl;

    weir_timer_start(ctl->loop, &wish->call->pause, ctl->settings.scale_quiet_ms * WEIR_NS_PER_MS / QUIET_LOOKS);
}

static void look(void *arg)
{
    struct wish *wish = arg;
    int64_t len;
    bool possible = weigh(wish, &len);

    wish->look_count++;
    wish->quiet_count = len == wish->sealed_len ? wish->quiet_count + 1 : 0;
    wish->sealed_len = len;
    if (!possible || wish->quiet_count == QUIET_LOOKS || wish->look_count == LOOKS_MAX)
        make(wish);
    else
        await_look(wish);
}

/* --- The calls -------------------------------------------------------------------------------------------------- */

static int place_compare(const void *a, const void *b)
{
    const struct weir_segment_range *x = a, *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

/* Takes the ranges in upstream's order. An id, which no range has yet, is where it stands: by place, then as asked. */
static void ranges_take(struct wish *wish, const Pravega__ScaleRequest *in)
{
    for (size_t i = 0; i < wish->range_count; i++) {
        double start = in->newkeyranges[i]->start;
        int64_t place = weir_range_place(start, wish->range_count);

        wish->ranges[i] = (struct weir_segment_range){place << 32 | (int64_t)i, start, in->newkeyranges[i]->end};
    }
    qsort(wish->ranges, wish->range_count, sizeof(*wish->ranges), place_compare);
}

/* NULL if out of memory. */
static struct wish *wish_take(struct weir_call *call, const Pravega__ScaleRequest *in)
{
    const struct weir_held_stream *stream = weir_call_stream(call, in->streaminfo);
    struct wish *wish = weir_call_alloc(call, 1, sizeof(*wish));

    if (wish == NULL)
        return NULL;
    wish->call = call;
    if (stream != NULL) {
        wish->scope = weir_batch_keep(&call->batch, weir_view_str(stream->scope->name));
        wish->stream = weir_batch_keep(&call->batch, weir_view_str(stream->name));
    }
    wish->sealed = weir_call_alloc(call, in->n_sealedsegments, sizeof(*wish->sealed));
    wish->ranges = weir_call_alloc(call, in->n_newkeyranges, sizeof(*wish->ranges));
    if (call->batch.status != WEIR_OK)
        return NULL;
    wish->sealed_count = in->n_sealedsegments;
    wish->range_count = in->n_newkeyranges;
    for (size_t i = 0; i < wish->sealed_count; i++)
        wish->sealed[i] = in->sealedsegments[i];
    ranges_take(wish, in);
    return wish;
}

void weir_rpc_scale(struct weir_call *call, const void *message)
{
    struct wish *wish = wish_take(call, message);

    if (wish == NULL) {
        weir_call_refuse(call, WEIR_GRPC_RESOURCE_EXHAUSTED, "the store is out of memory");
        return;
    }
    call->pause = (struct weir_timer){.fn = look, .arg = wish};
    if (weigh(wish, &wish->sealed_len) && call->ctl->settings.scale_quiet_ms > 0)
        await_look(wish);
    else
        make(wish);
}

/*
 * A scale is one batch here: it is over when its call is answered. An epoch that the active one is a copy of counts as
 * active itself.
 */
void weir_rpc_check_scale(struct weir_call *call, const void *message)
{
    const Pravega__ScaleStatusRequest *in = message;
    Pravega__ScaleStatusResponse reply = PRAVEGA__SCALE_STATUS_RESPONSE__INIT;
    struct weir_held_stream *stream = weir_call_stream(call, in->streaminfo);
    int32_t active = stream != NULL ? weir_epochs_active_number(&stream->rec.epochs) : -1;

    if (in->epoch > active || in->epoch < 0)
        reply.status = PRAVEGA__SCALE_STATUS_RESPONSE__SCALE_STATUS__INVALID_INPUT;
    else if (in->epoch == active || in->epoch == weir_epochs_active(&stream->rec.epochs)->reference)
        reply.status = PRAVEGA__SCALE_STATUS_RESPONSE__SCALE_STATUS__IN_PROGRESS;
    else
        reply.status = PRAVEGA__SCALE_STATUS_RESPONSE__SCALE_STATUS__SUCCESS;
    weir_call_answer(call, &reply.base);
}
