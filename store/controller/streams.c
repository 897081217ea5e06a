/*
 * streams.c - the calls about whole streams.
 *
 *     stream: (none) --createStream--> ACTIVE --sealStream--> SEALED --deleteStream--> (none)
 */
#include <stdlib.h>
#include <string.h>

#include "store/controller/controller_int.h"
#include "store/controller/stream_config.h"
#include "store/rules/names.h"

static int create_stream(struct weir_call *call, const Pravega__StreamConfig *in, struct weir_held_scope *scope,
                         struct weir_view name)
{
    struct weir_held_stream *stream;
    struct weir_buf config;
    int status = PRAVEGA__CREATE_STREAM_STATUS__STATUS__SUCCESS;

    weir_buf_init(&config, WEIR_CATALOG_RECORD_LEN_MAX);
    if (weir_stream_config_pack(&config, in) != WEIR_OK)
        call->batch.status = WEIR_E_NOMEM;
    stream = weir_stream_make(call->ctl, &call->batch, scope, name, weir_buf_view(&config),
                              in->scalingpolicy->minnumsegments);
    if (stream != NULL && weir_call_commit(call) != WEIR_OK) {
        weir_stream_drop(call->ctl, stream);
        status = PRAVEGA__CREATE_STREAM_STATUS__STATUS__FAILURE;
    } else if (stream != NULL) {
        weir_upkeep_follow(call->ctl, stream);
    }
    weir_buf_fini(&config);
    return status;
}

void weir_rpc_create_stream(struct weir_call *call, const void *message)
{
    const Pravega__StreamConfig *in = message;
    Pravega__CreateStreamStatus reply = PRAVEGA__CREATE_STREAM_STATUS__INIT;
    struct weir_view name = weir_view_str(in->streaminfo != NULL ? in->streaminfo->stream : "");
    struct weir_held_scope *scope =
        in->streaminfo != NULL ? weir_directory_scope(&call->ctl->dir, weir_view_str(in->streaminfo->scope)) : NULL;
    int32_t segments = in->scalingpolicy != NULL ? in->scalingpolicy->minnumsegments : 0;

    if (!weir_name_valid(name))
        reply.status = PRAVEGA__CREATE_STREAM_STATUS__STATUS__INVALID_STREAM_NAME;
    else if (scope == NULL)
        reply.status = PRAVEGA__CREATE_STREAM_STATUS__STATUS__SCOPE_NOT_FOUND;
    else if (weir_name_table_find(&scope->streams, name) != NULL)
        reply.status = PRAVEGA__CREATE_STREAM_STATUS__STATUS__STREAM_EXISTS;
    else if (segments < 1 || segments > WEIR_EPOCH_SEGMENTS_MAX)
        reply.status = PRAVEGA__CREATE_STREAM_STATUS__STATUS__FAILURE;
    else
        reply.status = create_stream(call, in, scope, name);
    weir_call_answer(call, &reply.base);
}

/* Into as many segments of equal ranges as the policy now wants: exactly so many if it is fixed, else at least. */
static enum weir_status resize(struct weir_call *call, struct weir_held_stream *stream, bool is_fixed)
{
    const struct weir_epoch *active = weir_epochs_active(&stream->rec.epochs);
    size_t had = active->segment_count, wanted = (size_t)stream->policy.segments_min;
    struct weir_segment_range *ranges;
    int64_t *sealed;

    if (had == wanted || (had > wanted && !is_fixed))
        return WEIR_OK;
    sealed = weir_call_alloc(call, had, sizeof(*sealed));
    ranges = weir_call_alloc(call, wanted, sizeof(*ranges));
    if (sealed == NULL || ranges == NULL)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < had; i++)
        sealed[i] = active->segments[i].id;
    for (size_t i = 0; i < wanted; i++)
        ranges[i] = (struct weir_segment_range){0, (double)i * (1.0 / (double)wanted),
                                                (double)(i + 1) * (1.0 / (double)wanted)};
    ranges[wanted - 1].max_key = active->segments[had - 1].max_key; /* which need not be 1, after rounding */
    return weir_stream_scale_prepare(&call->batch, stream, sealed, had, ranges, wanted,
                                     weir_loop_wall_ms(call->ctl->loop));
}

static int update_stream(struct weir_call *call, struct weir_held_stream *stream, const Pravega__StreamConfig *in)
{
    struct weir_stream_policy old_policy = stream->policy;
    struct weir_buf old = stream->rec.config;
    size_t epoch_count = stream->rec.epochs.count;
    enum weir_status status;

    weir_buf_init(&stream->rec.config, WEIR_CATALOG_RECORD_LEN_MAX);
    if (weir_stream_config_pack(&stream->rec.config, in) != WEIR_OK)
        call->batch.status = WEIR_E_NOMEM;
    weir_stream_policy_read(&stream->policy, weir_buf_view(&stream->rec.config));
    status = resize(call, stream,
                    in->scalingpolicy->scaletype ==
                        PRAVEGA__SCALING_POLICY__SCALING_POLICY_TYPE__FIXED_NUM_SEGMENTS);
    weir_batch_put_stream(&call->batch, stream);
    if (status == WEIR_OK && weir_call_commit(call) == WEIR_OK) {
        weir_buf_fini(&old);
        weir_upkeep_follow(call->ctl, stream);
        return PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SUCCESS;
    }
    if (stream->rec.epochs.count > epoch_count)
        weir_epochs_drop_last(&stream->rec.epochs);
    weir_buf_fini(&stream->rec.config);
    stream->rec.config = old;
    stream->policy = old_policy;
    return PRAVEGA__UPDATE_STREAM_STATUS__STATUS__FAILURE;
}

static bool segments_possible(const Pravega__StreamConfig *config)
{
    return config->scalingpolicy != NULL && config->scalingpolicy->minnumsegments >= 1 &&
           config->scalingpolicy->minnumsegments <= WEIR_EPOCH_SEGMENTS_MAX;
}

void weir_rpc_update_stream(struct weir_call *call, const void *message)
{
    const Pravega__StreamConfig *in = message;
    Pravega__UpdateStreamStatus reply = PRAVEGA__UPDATE_STREAM_STATUS__INIT;
    struct weir_held_stream *stream = weir_call_stream(call, in->streaminfo);

    if (stream == NULL)
        reply.status = PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND;
    else if (stream->rec.state == WEIR_STREAM_SEALED)
        reply.status = PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_SEALED;
    else if (!segments_possible(in))
        reply.status = PRAVEGA__UPDATE_STREAM_STATUS__STATUS__FAILURE;
    else
        reply.status = update_stream(call, stream, in);
    weir_call_answer(call, &reply.base);
}

/* Seals every segment of the active epoch. */
static int seal_stream(struct weir_call *call, struct weir_held_stream *stream)
{
    const struct weir_epoch *active = weir_epochs_active(&stream->rec.epochs);

    if (!weir_txns_finish(call->ctl, stream))
        return PRAVEGA__UPDATE_STREAM_STATUS__STATUS__FAILURE;
    active = weir_epochs_active(&stream->rec.epochs); /* a commit may have appended epochs */
    for (size_t i = 0; i < active->segment_count; i++)
        weir_batch_seal_segment(&call->batch, stream, active->segments[i].id);
    stream->rec.state = WEIR_STREAM_SEALED;
    weir_batch_put_stream(&call->batch, stream);
    if (weir_call_commit(call) == WEIR_OK) {
        weir_upkeep_follow(call->ctl, stream);
        return PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SUCCESS;
    }
    stream->rec.state = WEIR_STREAM_ACTIVE;
    return PRAVEGA__UPDATE_STREAM_STATUS__STATUS__FAILURE;
}

void weir_rpc_seal_stream(struct weir_call *call, const void *message)
{
    Pravega__UpdateStreamStatus reply = PRAVEGA__UPDATE_STREAM_STATUS__INIT;
    struct weir_held_stream *stream = weir_call_stream(call, message);

    if (stream == NULL)
        reply.status = PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND;
    else if (stream->rec.state != WEIR_STREAM_SEALED)
        reply.status = seal_stream(call, stream);
    weir_call_answer(call, &reply.base);
}

void weir_rpc_delete_stream(struct weir_call *call, const void *message)
{
    Pravega__DeleteStreamStatus reply = PRAVEGA__DELETE_STREAM_STATUS__INIT;
    struct weir_held_stream *stream = weir_call_stream(call, message);

    if (stream == NULL) {
        reply.status = PRAVEGA__DELETE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND;
    } else if (stream->rec.state != WEIR_STREAM_SEALED) {
        reply.status = PRAVEGA__DELETE_STREAM_STATUS__STATUS__STREAM_NOT_SEALED;
    } else {
        weir_stream_remove(&call->batch, stream);
        if (weir_call_commit(call) == WEIR_OK)
            weir_stream_drop(call->ctl, stream);
        else
            reply.status = PRAVEGA__DELETE_STREAM_STATUS__STATUS__FAILURE;
    }
    weir_call_answer(call, &reply.base);
}

void weir_rpc_get_stream_configuration(struct weir_call *call, const void *message)
{
    struct weir_held_stream *stream = weir_call_stream(call, message);
    ProtobufCMessage *config = NULL;

    if (stream == NULL) {
        weir_call_refuse(call, WEIR_GRPC_NOT_FOUND, "no such stream");
        return;
    }
    if (pravega_proto_unpack(&pravega__stream_config__descriptor, weir_buf_view(&stream->rec.config), &config, NULL) !=
        WEIR_OK) {
        weir_call_refuse(call, WEIR_GRPC_DATA_LOSS, "the stored configuration cannot be read");
        return;
    }
    weir_call_answer(call, config);
    pravega_proto_free(config);
}

void weir_rpc_check_stream_exists(struct weir_call *call, const void *message)
{
    Pravega__ExistsResponse reply = PRAVEGA__EXISTS_RESPONSE__INIT;

    reply.exists = weir_call_stream(call, message) != NULL;
    weir_call_answer(call, &reply.base);
}
