/*
 * streams.c - the calls about scopes and whole streams.
 *
 *     stream: (none) --createStream--> ACTIVE --sealStream--> SEALED --deleteStream--> (none)
 *
 * Every stream has a companion, "_MARK<stream>", that readers open for its watermarks; it comes and goes with it. A
 * stream that is made again under an old name numbers its segments on, so that no client takes an old one for a new
 * one.
 */
#include <stdlib.h>
#include <string.h>

#include "store/controller/controller_int.h"
#include "store/controller/stream_config.h"
#include "store/rules/names.h"

/* --- Making and removing ---------------------------------------------------------------------------------------- */

/* Where the numbers of a stream of that name go on. */
static int32_t first_number(struct weir_controller *ctl, const struct weir_held_stream *stream)
{
    struct weir_view value;
    struct weir_buf key;
    int32_t first = 0;

    weir_buf_init(&key, WEIR_MAP_KEY_LEN_MAX);
    weir_buf_printf(&key, WEIR_CATALOG_DEAD "%s/%s", stream->scope->name, stream->name);
    if (key.status == WEIR_OK && weir_map_get(ctl->ctr, weir_buf_view(&key), &value) && value.len == 4)
        first = (int32_t)weir_get_u32be(value.ptr);
    weir_buf_fini(&key);
    return first;
}

/* One stream without its companion. */
static struct weir_held_stream *make_one(struct weir_controller *ctl, struct weir_batch *batch,
                                         struct weir_held_scope *scope, struct weir_view name, struct weir_view config,
                                         int32_t segment_count)
{
    struct weir_held_stream *stream = weir_held_stream_new(scope, name);

    if (stream == NULL)
        return NULL;
    stream->rec.state = WEIR_STREAM_ACTIVE;
    stream->rec.created_ms = weir_loop_wall_ms(ctl->loop);
    weir_buf_init(&stream->rec.config, WEIR_CATALOG_RECORD_LEN_MAX);
    weir_buf_append(&stream->rec.config, config.ptr, config.len);
    weir_stream_policy_read(&stream->policy, config);
    if (stream->rec.config.status != WEIR_OK ||
        weir_epochs_init(&stream->rec.epochs, segment_count, first_number(ctl, stream), stream->rec.created_ms) !=
            WEIR_OK ||
        weir_name_table_insert(&scope->streams, stream) != WEIR_OK) {
        weir_held_stream_free(stream, ctl->loop);
        return NULL;
    }
    for (size_t i = 0; i < stream->rec.epochs.list[0].segment_count; i++)
        weir_batch_create_segment(batch, stream, stream->rec.epochs.list[0].segments[i].id);
    weir_batch_put_stream(batch, stream);
    return stream;
}

static bool has_prefix(struct weir_view name, const char *prefix)
{
    size_t len = strlen(prefix);

    return name.len >= len && memcmp(name.ptr, prefix, len) == 0;
}

/* The companion's name; "" for a companion's own. */
static struct weir_view mark_name(struct weir_view stream, char out[PRAVEGA_NAME_LEN_MAX + 16])
{
    size_t prefix_len = strlen(WEIR_MARK_PREFIX);

    if (has_prefix(stream, WEIR_MARK_PREFIX) || stream.len > PRAVEGA_NAME_LEN_MAX)
        return weir_view(out, 0);
    memcpy(out, WEIR_MARK_PREFIX, prefix_len);
    memcpy(out + prefix_len, stream.ptr, stream.len);
    return weir_view(out, prefix_len + stream.len);
}

struct weir_held_stream *weir_stream_mark(const struct weir_held_stream *stream)
{
    char text[PRAVEGA_NAME_LEN_MAX + 16];
    struct weir_view name = mark_name(weir_view_str(stream->name), text);

    return name.len > 0 ? weir_name_table_find(&stream->scope->streams, name) : NULL;
}

/* False if out of memory; a companion that is there already is fine. */
static bool make_mark(struct weir_controller *ctl, struct weir_batch *batch, struct weir_held_stream *stream)
{
    char text[PRAVEGA_NAME_LEN_MAX + 16];
    struct weir_view name = mark_name(weir_view_str(stream->name), text);
    struct weir_buf config;
    bool made;

    if (name.len == 0 || weir_name_table_find(&stream->scope->streams, name) != NULL)
        return true;
    weir_buf_init(&config, WEIR_CATALOG_RECORD_LEN_MAX);
    made = weir_stream_config_fixed(&config, stream->scope->name, name, 1, 0) == WEIR_OK &&
           make_one(ctl, batch, stream->scope, name, weir_buf_view(&config), 1) != NULL;
    weir_buf_fini(&config);
    return made;
}

struct weir_held_stream *weir_stream_make(struct weir_controller *ctl, struct weir_batch *batch,
                                          struct weir_held_scope *scope, struct weir_view name, struct weir_view config,
                                          int32_t segment_count)
{
    struct weir_held_stream *stream = make_one(ctl, batch, scope, name, config, segment_count);

    if (stream != NULL && !make_mark(ctl, batch, stream)) {
        weir_stream_drop(ctl, stream);
        stream = NULL;
    }
    if (stream == NULL)
        batch->status = WEIR_E_NOMEM;
    return stream;
}

void weir_stream_drop(struct weir_controller *ctl, struct weir_held_stream *stream)
{
    struct weir_held_stream *mark = weir_stream_mark(stream);

    if (mark != NULL) {
        weir_name_table_remove(&stream->scope->streams, mark);
        weir_held_stream_free(mark, ctl->loop);
    }
    weir_name_table_remove(&stream->scope->streams, stream);
    weir_held_stream_free(stream, ctl->loop);
}

struct removal {
    struct weir_batch *batch;
    const struct weir_held_stream *stream;
};

static void remove_segment(void *arg, const struct weir_segment_range *segment)
{
    struct removal *removal = arg;

    weir_batch_delete_segment(removal->batch, removal->stream, segment->id);
}

static void remove_one(struct weir_batch *batch, const struct weir_held_stream *stream)
{
    struct removal removal = {batch, stream};

    weir_epochs_each(&stream->rec.epochs, remove_segment, &removal);
    weir_batch_remove_stream(batch, stream);
    weir_batch_put_dead_stream(batch, stream, weir_epochs_next_number(&stream->rec.epochs));
}

void weir_stream_remove(struct weir_batch *batch, const struct weir_held_stream *stream)
{
    const struct weir_held_stream *mark = weir_stream_mark(stream);

    remove_one(batch, stream);
    if (mark != NULL)
        remove_one(batch, mark);
}

/* --- Scopes ----------------------------------------------------------------------------------------------------- */

/* Every cluster has this scope for itself, and clients find it in the list. It stays empty here. */
static const char own_scope[] = "_system";

enum weir_status weir_scopes_begin(struct weir_controller *ctl)
{
    struct weir_held_scope *scope;
    struct weir_batch batch;
    enum weir_status status;

    if (weir_directory_scope(&ctl->dir, weir_view_str(own_scope)) != NULL)
        return WEIR_OK;
    scope = weir_held_scope_new(weir_view_str(own_scope));
    status = scope != NULL ? weir_name_table_insert(&ctl->dir.scopes, scope) : WEIR_E_NOMEM;
    if (status != WEIR_OK) {
        weir_held_scope_free(scope, ctl->loop);
        return status;
    }
    weir_batch_init(&batch);
    weir_batch_put_scope(&batch, own_scope);
    status = weir_batch_commit_unasked(&batch, ctl->ctr);
    weir_batch_fini(&batch);
    return status;
}

static bool is_own(const struct weir_held_scope *scope)
{
    return strcmp(scope->name, own_scope) == 0;
}

void weir_rpc_create_scope(struct weir_call *call, const void *message)
{
    const Pravega__ScopeInfo *in = message;
    Pravega__CreateScopeStatus reply = PRAVEGA__CREATE_SCOPE_STATUS__INIT;
    struct weir_view name = weir_view_str(in->scope);
    struct weir_held_scope *scope = NULL;

    if (name.len == 0) {
        weir_call_refuse(call, WEIR_GRPC_INTERNAL, "a scope needs a name");
        return;
    }
    if (!weir_name_valid(name)) {
        reply.status = PRAVEGA__CREATE_SCOPE_STATUS__STATUS__INVALID_SCOPE_NAME;
    } else if (weir_directory_scope(&call->ctl->dir, name) != NULL) {
        reply.status = PRAVEGA__CREATE_SCOPE_STATUS__STATUS__SCOPE_EXISTS;
    } else {
        weir_batch_put_scope(&call->batch, in->scope);
        scope = weir_held_scope_new(name);
        if (scope == NULL || weir_name_table_insert(&call->ctl->dir.scopes, scope) != WEIR_OK) {
            call->batch.status = WEIR_E_NOMEM;
            weir_held_scope_free(scope, call->ctl->loop);
        } else if (weir_call_commit(call) != WEIR_OK) {
            reply.status = PRAVEGA__CREATE_SCOPE_STATUS__STATUS__FAILURE;
            weir_name_table_remove(&call->ctl->dir.scopes, scope);
            weir_held_scope_free(scope, call->ctl->loop);
        }
    }
    weir_call_answer(call, &reply.base);
}

/* Commits what the batch removes already, and the scope. */
static int remove_scope(struct weir_call *call, struct weir_held_scope *scope)
{
    weir_batch_remove_scope(&call->batch, scope->name);
    if (weir_call_commit(call) != WEIR_OK)
        return PRAVEGA__DELETE_SCOPE_STATUS__STATUS__FAILURE;
    weir_name_table_remove(&call->ctl->dir.scopes, scope);
    weir_held_scope_free(scope, call->ctl->loop);
    return PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SUCCESS;
}

void weir_rpc_delete_scope(struct weir_call *call, const void *message)
{
    const Pravega__ScopeInfo *in = message;
    Pravega__DeleteScopeStatus reply = PRAVEGA__DELETE_SCOPE_STATUS__INIT;
    struct weir_held_scope *scope = weir_directory_scope(&call->ctl->dir, weir_view_str(in->scope));

    if (scope == NULL) {
        reply.status = PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SCOPE_NOT_FOUND;
    } else if (scope->streams.count > 0 || scope->groups.count > 0 || scope->kvts.count > 0 || is_own(scope)) {
        reply.status = PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SCOPE_NOT_EMPTY;
    } else {
        reply.status = remove_scope(call, scope);
    }
    weir_call_answer(call, &reply.base);
}

/* Ends what is open in the scope's streams, so that nothing of theirs stands outside their records. */
static bool finish_streams(struct weir_controller *ctl, struct weir_held_scope *scope)
{
    for (size_t i = 0; i < scope->streams.count; i++) {
        if (!weir_txns_finish(ctl, scope->streams.items[i]))
            return false;
    }
    return true;
}

void weir_rpc_delete_scope_recursive(struct weir_call *call, const void *message)
{
    const Pravega__ScopeInfo *in = message;
    Pravega__DeleteScopeStatus reply = PRAVEGA__DELETE_SCOPE_STATUS__INIT; /* SUCCESS if it is gone already */
    struct weir_held_scope *scope = weir_directory_scope(&call->ctl->dir, weir_view_str(in->scope));

    if (scope != NULL && (is_own(scope) || !finish_streams(call->ctl, scope))) {
        reply.status = PRAVEGA__DELETE_SCOPE_STATUS__STATUS__FAILURE;
    } else if (scope != NULL) {
        for (size_t i = 0; i < scope->streams.count; i++)
            remove_one(&call->batch, scope->streams.items[i]);
        for (size_t i = 0; i < scope->groups.count; i++)
            weir_batch_remove_group(&call->batch, scope->name,
                                    ((struct weir_held_group *)scope->groups.items[i])->name);
        for (size_t i = 0; i < scope->kvts.count; i++)
            weir_kvt_remove(&call->batch, scope, scope->kvts.items[i]);
        reply.status = remove_scope(call, scope);
    }
    weir_call_answer(call, &reply.base);
}

void weir_rpc_check_scope_exists(struct weir_call *call, const void *message)
{
    const Pravega__ScopeInfo *in = message;
    Pravega__ExistsResponse reply = PRAVEGA__EXISTS_RESPONSE__INIT;

    reply.exists = weir_directory_scope(&call->ctl->dir, weir_view_str(in->scope)) != NULL;
    weir_call_answer(call, &reply.base);
}

/* --- Streams ---------------------------------------------------------------------------------------------------- */

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
static enum weir_status resize(struct weir_call *call, struct weir_held_stream *stream)
{
    const struct weir_epoch *active = weir_epochs_active(&stream->rec.epochs);
    size_t had = active->segment_count, wanted = (size_t)stream->policy.segments_min;
    struct weir_segment_range *ranges;
    int64_t *sealed;

    if (had == wanted || (had > wanted && stream->policy.scale_type != WEIR_SCALE_FIXED))
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
    status = resize(call, stream);
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
