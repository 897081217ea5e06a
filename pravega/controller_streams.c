/*
 * controller_streams.c - the controller's calls on scopes and streams: make, describe, list, seal, delete.
 */
#include "pravega/controller_int.h"

#include <stdlib.h>

#define MISSING "it does not exist"
#define FAILED "the controller failed"

static const struct pravega_outcome create_scope_outcomes[] = {
    [PRAVEGA__CREATE_SCOPE_STATUS__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__CREATE_SCOPE_STATUS__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__CREATE_SCOPE_STATUS__STATUS__SCOPE_EXISTS] = {WEIR_E_EXISTS, "it exists already"},
    [PRAVEGA__CREATE_SCOPE_STATUS__STATUS__INVALID_SCOPE_NAME] = {WEIR_E_INVAL,
                                                                  "names take letters, digits, '.' and '-'"},
};
static const struct pravega_outcome delete_scope_outcomes[] = {
    [PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__DELETE_SCOPE_STATUS__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SCOPE_NOT_FOUND] = {WEIR_E_NOT_FOUND, MISSING},
    [PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SCOPE_NOT_EMPTY] = {WEIR_E_STATE,
                                                               "it is not empty: delete its streams, reader "
                                                               "groups and key-value tables first"},
};
static const struct pravega_outcome delete_recursive_outcomes[] = {
    [PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__DELETE_SCOPE_STATUS__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SCOPE_NOT_FOUND] = {WEIR_OK, NULL},
    [PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SCOPE_NOT_EMPTY] = {WEIR_E_BUSY, "something was created in it meanwhile"},
};
static const struct pravega_outcome create_stream_outcomes[] = {
    [PRAVEGA__CREATE_STREAM_STATUS__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__CREATE_STREAM_STATUS__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__CREATE_STREAM_STATUS__STATUS__STREAM_EXISTS] = {WEIR_E_EXISTS, "it exists already"},
    [PRAVEGA__CREATE_STREAM_STATUS__STATUS__SCOPE_NOT_FOUND] = {WEIR_E_NOT_FOUND, "there is no such scope"},
    [PRAVEGA__CREATE_STREAM_STATUS__STATUS__INVALID_STREAM_NAME] = {WEIR_E_INVAL,
                                                                    "names take letters, digits, '.' and '-'"},
};
static const struct pravega_outcome delete_stream_outcomes[] = {
    [PRAVEGA__DELETE_STREAM_STATUS__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__DELETE_STREAM_STATUS__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__DELETE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND] = {WEIR_E_NOT_FOUND, MISSING},
    [PRAVEGA__DELETE_STREAM_STATUS__STATUS__STREAM_NOT_SEALED] = {WEIR_E_STATE, "it is not sealed: seal it first"},
};
static const struct pravega_outcome seal_outcomes[] = {
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND] = {WEIR_E_NOT_FOUND, MISSING},
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SCOPE_NOT_FOUND] = {WEIR_E_NOT_FOUND, "there is no such scope"},
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_SEALED] = {WEIR_OK, NULL}, /* sealing twice is fine */
};
static const struct pravega_outcome update_outcomes[] = {
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__FAILURE] = {WEIR_E_BUSY, "another update of it is under way"},
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND] = {WEIR_E_NOT_FOUND, MISSING},
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SCOPE_NOT_FOUND] = {WEIR_E_NOT_FOUND, "there is no such scope"},
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_SEALED] = {WEIR_E_SEALED, "it is sealed"},
};
static const struct pravega_outcome truncate_outcomes[] = {
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__FAILURE] =
        {WEIR_E_CONFLICT, "no stream cut at or after the last truncation, or one is under way"},
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_NOT_FOUND] = {WEIR_E_NOT_FOUND, MISSING},
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__SCOPE_NOT_FOUND] = {WEIR_E_NOT_FOUND, "there is no such scope"},
    [PRAVEGA__UPDATE_STREAM_STATUS__STATUS__STREAM_SEALED] = {WEIR_E_SEALED, "it is sealed"},
};
static const struct pravega_outcome list_streams_outcomes[] = {
    [PRAVEGA__STREAMS_IN_SCOPE_RESPONSE__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__STREAMS_IN_SCOPE_RESPONSE__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__STREAMS_IN_SCOPE_RESPONSE__STATUS__SCOPE_NOT_FOUND] = {WEIR_E_NOT_FOUND, MISSING},
};

static void finish_config(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_scopes(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_streams(struct pravega_end *end, const ProtobufCMessage *reply);

static const struct pravega_rpc create_scope_rpc = {"createScope", "create", PRAVEGA_OUTCOMES(create_scope_outcomes),
                                                    .finish = pravega_finish_done};
static const struct pravega_rpc delete_scope_rpc = {"deleteScope", "delete", PRAVEGA_OUTCOMES(delete_scope_outcomes),
                                                    .finish = pravega_finish_done};
static const struct pravega_rpc delete_recursive_rpc = {
    "deleteScopeRecursive", "delete", PRAVEGA_OUTCOMES(delete_recursive_outcomes), .finish = pravega_finish_done};
static const struct pravega_rpc scope_exists_rpc = {"checkScopeExists", "look for", .finish = pravega_finish_exists};
static const struct pravega_rpc list_scopes_rpc = {"listScopes", "list", .finish = finish_scopes};
static const struct pravega_rpc create_stream_rpc = {"createStream", "create", PRAVEGA_OUTCOMES(create_stream_outcomes),
                                                     .finish = pravega_finish_done};
static const struct pravega_rpc update_stream_rpc = {"updateStream", "update", PRAVEGA_OUTCOMES(update_outcomes),
                                                     .finish = pravega_finish_done};
static const struct pravega_rpc truncate_stream_rpc = {
    "truncateStream", "truncate", PRAVEGA_OUTCOMES(truncate_outcomes), .finish = pravega_finish_done};
static const struct pravega_rpc seal_stream_rpc = {"sealStream", "seal", PRAVEGA_OUTCOMES(seal_outcomes),
                                                   .finish = pravega_finish_done};
static const struct pravega_rpc delete_stream_rpc = {"deleteStream", "delete", PRAVEGA_OUTCOMES(delete_stream_outcomes),
                                                     .finish = pravega_finish_done};
static const struct pravega_rpc stream_exists_rpc = {"checkStreamExists", "look for", .finish = pravega_finish_exists};
static const struct pravega_rpc stream_config_rpc = {"getStreamConfiguration", "get the configuration of",
                                                     .finish = finish_config};
static const struct pravega_rpc list_streams_rpc = {"listStreamsInScope", "list",
                                                    PRAVEGA_OUTCOMES(list_streams_outcomes), .finish = finish_streams};
static const struct pravega_rpc list_tagged_rpc = {"listStreamsInScopeForTag", "list",
                                                   PRAVEGA_OUTCOMES(list_streams_outcomes), .finish = finish_streams};

/* ---- scopes */

static void start_scope(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                        const char *scope, void (*done)(void), void *arg)
{
    Pravega__ScopeInfo request = PRAVEGA__SCOPE_INFO__INIT;

    request.scope = pravega_proto_str(scope);
    pravega_call_start_scope(call, client, rpc, scope, &request.base, done, arg);
}

void pravega_controller_create_scope(struct pravega_call *call, struct pravega_client *client, const char *scope,
                                     pravega_done_fn *done, void *arg)
{
    start_scope(call, client, &create_scope_rpc, scope, (void (*)(void))done, arg);
}

void pravega_controller_delete_scope(struct pravega_call *call, struct pravega_client *client, const char *scope,
                                     pravega_done_fn *done, void *arg)
{
    start_scope(call, client, &delete_scope_rpc, scope, (void (*)(void))done, arg);
}

void pravega_controller_delete_scope_recursive(struct pravega_call *call, struct pravega_client *client,
                                               const char *scope, pravega_done_fn *done, void *arg)
{
    start_scope(call, client, &delete_recursive_rpc, scope, (void (*)(void))done, arg);
}

void pravega_controller_scope_exists(struct pravega_call *call, struct pravega_client *client, const char *scope,
                                     pravega_exists_fn *done, void *arg)
{
    start_scope(call, client, &scope_exists_rpc, scope, (void (*)(void))done, arg);
}

/* ---- streams */

/* One whose request is the stream's name alone. */
static void start_stream(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                         const struct pravega_stream_name *stream, void (*done)(void), void *arg)
{
    Pravega__StreamInfo request;

    pravega_stream_info(&request, stream);
    pravega_call_start_stream(call, client, rpc, stream, NULL, &request.base, done, arg);
}

static void start_with_config(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                              const struct pravega_stream_name *stream, const struct pravega_stream_config *config,
                              pravega_done_fn *done, void *arg)
{
    Pravega__StreamConfig request = PRAVEGA__STREAM_CONFIG__INIT;
    Pravega__ScalingPolicy scaling = PRAVEGA__SCALING_POLICY__INIT;
    Pravega__RetentionPolicy retention = PRAVEGA__RETENTION_POLICY__INIT;
    Pravega__Tags tags = PRAVEGA__TAGS__INIT;
    Pravega__StreamInfo info;

    pravega_stream_info(&info, stream);
    scaling.scaletype = (Pravega__ScalingPolicy__ScalingPolicyType)config->scale_type;
    scaling.targetrate = config->target_rate;
    scaling.scalefactor = config->scale_factor;
    scaling.minnumsegments = config->min_segments != 0 ? config->min_segments : 1;
    retention.retentiontype = (Pravega__RetentionPolicy__RetentionPolicyType)config->retention_type;
    retention.retentionparam = config->retention_min;
    retention.retentionmax = config->retention_max != 0 ? config->retention_max : INT64_MAX;
    request.streaminfo = &info;
    request.scalingpolicy = &scaling;
    if (config->retention_type != PRAVEGA_RETENTION_NONE)
        request.retentionpolicy = &retention;
    tags.tag = (char **)config->tags; /* only read */
    tags.n_tag = config->tag_count;
    if (config->tag_count != 0)
        request.tags = &tags;
    request.timestampaggregationtimeout = config->timestamp_aggregation_timeout_ms;
    request.rolloversizebytes = config->rollover_bytes;
    pravega_call_start_stream(call, client, rpc, stream, NULL, &request.base, (void (*)(void))done, arg);
}

void pravega_controller_create_stream(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream,
                                      const struct pravega_stream_config *config, pravega_done_fn *done, void *arg)
{
    start_with_config(call, client, &create_stream_rpc, stream, config, done, arg);
}

void pravega_controller_update_stream(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream,
                                      const struct pravega_stream_config *config, pravega_done_fn *done, void *arg)
{
    start_with_config(call, client, &update_stream_rpc, stream, config, done, arg);
}

void pravega_controller_truncate_stream(struct pravega_call *call, struct pravega_client *client,
                                        const struct pravega_stream_name *stream,
                                        const struct pravega_segment_offset *cut, size_t count, pravega_done_fn *done,
                                        void *arg)
{
    pravega_call_start_cut(call, client, &truncate_stream_rpc, stream, cut, count, (void (*)(void))done, arg);
}

void pravega_controller_seal_stream(struct pravega_call *call, struct pravega_client *client,
                                    const struct pravega_stream_name *stream, pravega_done_fn *done, void *arg)
{
    start_stream(call, client, &seal_stream_rpc, stream, (void (*)(void))done, arg);
}

void pravega_controller_delete_stream(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream, pravega_done_fn *done, void *arg)
{
    start_stream(call, client, &delete_stream_rpc, stream, (void (*)(void))done, arg);
}

void pravega_controller_stream_exists(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream, pravega_exists_fn *done, void *arg)
{
    start_stream(call, client, &stream_exists_rpc, stream, (void (*)(void))done, arg);
}

void pravega_controller_stream_config(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream, pravega_config_fn *done, void *arg)
{
    start_stream(call, client, &stream_config_rpc, stream, (void (*)(void))done, arg);
}

/* The tags are lent from the reply. False: a policy of a kind that there is not. */
static bool config_of(const Pravega__StreamConfig *from, struct pravega_stream_config *config)
{
    const Pravega__ScalingPolicy *scaling = from->scalingpolicy;
    const Pravega__RetentionPolicy *retention = from->retentionpolicy;

    if (scaling != NULL) {
        config->scale_type = (enum pravega_scale_type)scaling->scaletype;
        config->target_rate = scaling->targetrate;
        config->scale_factor = scaling->scalefactor;
        config->min_segments = scaling->minnumsegments;
    }
    if (retention != NULL) {
        config->retention_type = (enum pravega_retention_type)retention->retentiontype;
        config->retention_min = retention->retentionparam;
        config->retention_max = retention->retentionmax != INT64_MAX ? retention->retentionmax : 0;
    }
    if (from->tags != NULL) {
        config->tags = (const char *const *)from->tags->tag;
        config->tag_count = from->tags->n_tag;
    }
    config->timestamp_aggregation_timeout_ms = from->timestampaggregationtimeout;
    config->rollover_bytes = from->rolloversizebytes;
    return (unsigned)config->scale_type <= PRAVEGA_SCALE_BY_EVENTS &&
           (unsigned)config->retention_type <= PRAVEGA_RETENTION_SIZE;
}

static void finish_config(struct pravega_end *end, const ProtobufCMessage *reply)
{
    struct pravega_stream_config config = {.min_segments = 1};

    if (reply != NULL && !config_of((const Pravega__StreamConfig *)reply, &config))
        end->status = weir_fail(&end->why, WEIR_E_PROTO, "the controller answered with the configuration of no stream");
    ((pravega_config_fn *)end->done)(end->arg, end->status, end->status == WEIR_OK ? &config : NULL, &end->why);
}

/* ---- lists */

void pravega_controller_list_scopes(struct pravega_call *call, struct pravega_client *client, const char *token,
                                    pravega_page_fn *done, void *arg)
{
    Pravega__ScopesRequest request = PRAVEGA__SCOPES_REQUEST__INIT;
    Pravega__ContinuationToken from = PRAVEGA__CONTINUATION_TOKEN__INIT;

    from.token = pravega_proto_str(token);
    request.continuationtoken = &from;
    pravega_call_start(call, client, &list_scopes_rpc, &request.base, (void (*)(void))done, arg, "scopes");
}

static void finish_scopes(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__ScopesResponse *page = (const Pravega__ScopesResponse *)reply;
    pravega_page_fn *done = (pravega_page_fn *)end->done;

    if (page == NULL)
        done(end->arg, end->status, NULL, 0, NULL, &end->why);
    else
        done(end->arg, end->status, (const char *const *)page->scopes, page->n_scopes,
             pravega_token_text(page->continuationtoken), &end->why);
}

void pravega_controller_list_streams(struct pravega_call *call, struct pravega_client *client, const char *scope,
                                     const char *token, pravega_page_fn *done, void *arg)
{
    Pravega__StreamsInScopeRequest request = PRAVEGA__STREAMS_IN_SCOPE_REQUEST__INIT;
    Pravega__ContinuationToken from = PRAVEGA__CONTINUATION_TOKEN__INIT;
    Pravega__ScopeInfo info = PRAVEGA__SCOPE_INFO__INIT;

    from.token = pravega_proto_str(token);
    info.scope = pravega_proto_str(scope);
    request.scope = &info;
    request.continuationtoken = &from;
    pravega_call_start_scope(call, client, &list_streams_rpc, scope, &request.base, (void (*)(void))done, arg);
}

void pravega_controller_list_tagged(struct pravega_call *call, struct pravega_client *client, const char *scope,
                                    const char *tag, const char *token, pravega_page_fn *done, void *arg)
{
    Pravega__StreamsInScopeWithTagRequest request = PRAVEGA__STREAMS_IN_SCOPE_WITH_TAG_REQUEST__INIT;
    Pravega__ContinuationToken from = PRAVEGA__CONTINUATION_TOKEN__INIT;
    Pravega__ScopeInfo info = PRAVEGA__SCOPE_INFO__INIT;

    from.token = pravega_proto_str(token);
    info.scope = pravega_proto_str(scope);
    request.scope = &info;
    request.tag = pravega_proto_str(tag);
    request.continuationtoken = &from;
    pravega_call_start_scope(call, client, &list_tagged_rpc, scope, &request.base, (void (*)(void))done, arg);
}

static void finish_streams(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__StreamsInScopeResponse *page = (const Pravega__StreamsInScopeResponse *)reply;
    pravega_page_fn *done = (pravega_page_fn *)end->done;
    const char **names = NULL;

    if (page != NULL) {
        names = calloc(page->n_streams + 1, sizeof(*names));
        if (names == NULL)
            end->status = weir_fail(&end->why, WEIR_E_NOMEM, "out of memory for %zu names", page->n_streams);
    }
    if (names == NULL) {
        done(end->arg, end->status, NULL, 0, NULL, &end->why);
        return;
    }
    for (size_t i = 0; i < page->n_streams; i++)
        names[i] = page->streams[i]->stream;
    done(end->arg, end->status, names, page->n_streams, pravega_token_text(page->continuationtoken), &end->why);
    free(names);
}
