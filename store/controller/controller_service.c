/*
 * controller_service.c - the controller's calls: which handler serves which, who may make it, and how an answer leaves.
 *
 *     LOGIN (its credentials are checked, if there are accounts) --allowed--> OPEN
 *     LOGIN --refused--> WAITING
 *     OPEN --a scale waits for a better moment--> OPEN, its pause armed
 *     OPEN --commit--> COMMITTED --answer--> WAITING (reply packed) --durable--> answered, freed
 *     OPEN --answer--> WAITING, for a barrier
 */
#include "store/controller/controller.h"

#include <stdlib.h>

#include "base/log.h"
#include "store/container/figures.h"
#include "store/controller/controller_int.h"
#include "store/rules/request_rules.h"

static void call_free(struct weir_call *call)
{
    *call->link = call->next;
    if (call->next != NULL)
        call->next->link = call->link;
    weir_access_cancel(&call->login);
    weir_timer_stop(call->ctl->loop, &call->pause);
    pravega_proto_free(call->message);
    weir_batch_fini(&call->batch);
    free(call->reply);
    free(call);
}

/* --- Figures ---------------------------------------------------------------------------------------------------- */

static struct weir_call_figures *figures_of(struct weir_controller *ctl, const char *name)
{
    static const char *const names[WEIR_MEASURED_COUNT] = {
#define X(id, call, done, failed, latency) call,
        WEIR_MEASURED_CALLS(X)
#undef X
    };

    for (size_t i = 0; ctl->figures != NULL && i < WEIR_MEASURED_COUNT; i++) {
        if (strcmp(names[i], name) == 0)
            return &ctl->figures->measured[i];
    }
    return NULL;
}

/* Whether a reply is no refusal: its status, if it has one, is 0, which is SUCCESS for all that are measured. */
static bool reply_succeeds(const ProtobufCMessage *reply)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(reply->descriptor, "status");

    return field == NULL || field->type != PROTOBUF_C_TYPE_ENUM ||
           *(const int *)((const char *)reply + field->offset) == 0;
}

static void measure(const struct weir_call *call, bool succeeded)
{
    struct weir_call_figures *figures = call->figures;

    if (call->ctl->figures != NULL)
        weir_counter_add(&call->ctl->figures->calls, 1);
    if (figures == NULL)
        return;
    weir_counter_add(succeeded ? &figures->done : &figures->failed, 1);
    weir_histogram_record(&figures->latency_ms,
                          (uint64_t)((weir_loop_now_ns(call->ctl->loop) - call->began_ns) / WEIR_NS_PER_MS));
}

/* --- Answers ---------------------------------------------------------------------------------------------------- */

static void tell(const struct weir_call *call, enum weir_grpc_code code, const char *words)
{
    measure(call, code == WEIR_GRPC_OK && call->succeeded);
    call->tell(call->asker, code, weir_view(call->reply, code == WEIR_GRPC_OK ? call->reply_len : 0), words);
}

static void call_done(struct weir_store_op *op)
{
    struct weir_call *call = (struct weir_call *)op;

    if (op->status == WEIR_E_IO)
        tell(call, WEIR_GRPC_UNAVAILABLE, "the store has stopped because of its disk");
    else if (op->status == WEIR_E_FULL)
        tell(call, WEIR_GRPC_RESOURCE_EXHAUSTED, "no space left on the store's disk");
    else
        tell(call, call->code, call->words);
    call_free(call);
}

enum weir_status weir_call_commit(struct weir_call *call)
{
    enum weir_status status = weir_batch_commit(&call->batch, call->ctl->ctr, &call->op);

    call->committed = call->batch.status == WEIR_OK;
    return status;
}

/* What is to be said is known; it leaves in the order of what it rests on. */
static void wait_until_durable(struct weir_call *call)
{
    if (!call->committed)
        weir_container_barrier(call->ctl->ctr, &call->op);
}

void weir_call_answer(struct weir_call *call, const ProtobufCMessage *reply)
{
    if (call->batch.status != WEIR_OK || pravega_proto_pack(reply, &call->reply, &call->reply_len, NULL) != WEIR_OK) {
        weir_call_refuse(call, WEIR_GRPC_RESOURCE_EXHAUSTED, "the store is out of memory");
        return;
    }
    call->succeeded = call->figures != NULL && reply_succeeds(reply);
    wait_until_durable(call);
}

void weir_call_refuse(struct weir_call *call, enum weir_grpc_code code, const char *words)
{
    call->code = code;
    call->words = words;
    wait_until_durable(call);
}

struct weir_held_stream *weir_call_stream(const struct weir_call *call, const Pravega__StreamInfo *info)
{
    return info == NULL
               ? NULL
               : weir_directory_stream(&call->ctl->dir, weir_view_str(info->scope), weir_view_str(info->stream));
}

void *weir_call_alloc(struct weir_call *call, size_t count, size_t size)
{
    return weir_batch_alloc(&call->batch, count * size);
}

Pravega__StreamInfo *weir_call_stream_info(struct weir_call *call, const struct weir_held_stream *stream)
{
    Pravega__StreamInfo *info = weir_call_alloc(call, 1, sizeof(*info));

    if (info == NULL)
        return NULL;
    pravega__stream_info__init(info);
    info->scope = pravega_proto_str(stream->scope->name);
    info->stream = pravega_proto_str(stream->name);
    return info;
}

Pravega__SegmentId *weir_call_segment_id(struct weir_call *call, const struct weir_held_stream *stream, int64_t id)
{
    Pravega__SegmentId *message = weir_call_alloc(call, 1, sizeof(*message));

    if (message == NULL)
        return NULL;
    pravega__segment_id__init(message);
    message->streaminfo = weir_call_stream_info(call, stream);
    message->segmentid = id;
    return message;
}

Pravega__SegmentRange *weir_call_range(struct weir_call *call, const struct weir_held_stream *stream,
                                       const struct weir_segment_range *range, int64_t id)
{
    Pravega__SegmentRange *message = weir_call_alloc(call, 1, sizeof(*message));

    if (message == NULL)
        return NULL;
    pravega__segment_range__init(message);
    message->segmentid = weir_call_segment_id(call, stream, id);
    message->minkey = range->min_key;
    message->maxkey = range->max_key;
    return message;
}

void weir_controller_each_stream(struct weir_controller *ctl,
                                 void (*fn)(struct weir_controller *ctl, struct weir_held_stream *stream))
{
    for (size_t i = 0; i < ctl->dir.scopes.count; i++) {
        struct weir_held_scope *scope = ctl->dir.scopes.items[i];

        for (size_t j = 0; j < scope->streams.count; j++)
            fn(ctl, scope->streams.items[j]);
    }
}

/* --- Calls that only say where things are ----------------------------------------------------------------------- */

static void get_uri(struct weir_call *call, const void *message)
{
    Pravega__NodeUri reply = PRAVEGA__NODE_URI__INIT;

    (void)message; /* whether the segment exists is not asked */
    reply.endpoint = call->ctl->advertised_host;
    reply.port = call->ctl->segment_port;
    weir_call_answer(call, &reply.base);
}

static void get_controller_server_list(struct weir_call *call, const void *message)
{
    Pravega__ServerResponse reply = PRAVEGA__SERVER_RESPONSE__INIT;
    Pravega__NodeUri self = PRAVEGA__NODE_URI__INIT;
    Pravega__NodeUri *list[] = {&self};

    (void)message;
    self.endpoint = call->ctl->advertised_host;
    self.port = weir_controller_port(call->ctl);
    reply.n_nodeuri = 1;
    reply.nodeuri = list;
    weir_call_answer(call, &reply.base);
}

/* Without accounts there is no token; clients ask for it all the same. */
static void get_delegation_token(struct weir_call *call, const void *message)
{
    Pravega__DelegationToken reply = PRAVEGA__DELEGATION_TOKEN__INIT;

    (void)message;
    reply.delegationtoken = call->token;
    weir_call_answer(call, &reply.base);
}

/* --- The table of calls ----------------------------------------------------------------------------------------- */

/* Who may make which call is upstream's, odd as some of it looks: readers make their group's streams, so for groups
 * READ is enough; listing a stream's subscribers takes READ_UPDATE. */
#define RULE(target, permission, ...) {WEIR_RPC_##target, WEIR_PERMISSION_##permission, __VA_ARGS__}
#define GIVES_TOKEN .gives_token = true
#define TOKEN_IF_ASKED .gives_token = true, .token_if_asked = true

struct weir_rpc {
    const char *name;
    weir_rpc_fn *serve;
    struct weir_rpc_rule rule;
};

static const struct weir_rpc rpcs[] = {
    {"getControllerServerList", get_controller_server_list, RULE(OPEN, NONE)},
    {"getURI", get_uri, RULE(SEGMENT, READ)},
    {"getDelegationToken", get_delegation_token, RULE(TOKEN, NONE)},
    {"createScope", weir_rpc_create_scope, RULE(ROOT, READ_UPDATE)},
    {"deleteScope", weir_rpc_delete_scope, RULE(ROOT, READ_UPDATE)},
    {"deleteScopeRecursive", weir_rpc_delete_scope_recursive, RULE(ROOT, READ_UPDATE)},
    {"listScopes", weir_rpc_list_scopes, RULE(ROOT, READ)},
    {"checkScopeExists", weir_rpc_check_scope_exists, RULE(SCOPE, READ)},
    {"createStream", weir_rpc_create_stream, RULE(NEW_STREAM, READ_UPDATE)},
    {"updateStream", weir_rpc_update_stream, RULE(STREAM_OWNER, READ_UPDATE)},
    {"truncateStream", weir_rpc_truncate_stream, RULE(STREAM, READ_UPDATE)},
    {"sealStream", weir_rpc_seal_stream, RULE(STREAM, READ_UPDATE)},
    {"deleteStream", weir_rpc_delete_stream, RULE(STREAM, READ_UPDATE)},
    {"getStreamConfiguration", weir_rpc_get_stream_configuration, RULE(STREAM, READ)},
    {"checkStreamExists", weir_rpc_check_stream_exists, RULE(STREAM, READ)},
    {"listStreamsInScope", weir_rpc_list_streams, RULE(SCOPE, READ)},
    {"listStreamsInScopeForTag", weir_rpc_list_streams_for_tag, RULE(SCOPE, READ)},
    {"getCurrentSegments", weir_rpc_get_current_segments, RULE(STREAM_OWNER, READ_UPDATE, TOKEN_IF_ASKED)},
    {"getEpochSegments", weir_rpc_get_epoch_segments, RULE(STREAM, READ_UPDATE, GIVES_TOKEN)},
    {"getSegments", weir_rpc_get_segments, RULE(STREAM, READ_UPDATE, TOKEN_IF_ASKED)},
    {"getSegmentsImmediatlyFollowing", weir_rpc_get_successors, RULE(STREAM, READ)},
    {"getSegmentsImmediatelyFollowing", weir_rpc_get_successors, RULE(STREAM, READ)},
    {"getSegmentsBetween", weir_rpc_get_segments_between, RULE(STREAM, READ, GIVES_TOKEN)},
    {"isSegmentValid", weir_rpc_is_segment_valid, RULE(STREAM, READ)},
    {"isStreamCutValid", weir_rpc_is_stream_cut_valid, RULE(STREAM, READ)},
    {"scale", weir_rpc_scale, RULE(STREAM, READ_UPDATE)},
    {"checkScale", weir_rpc_check_scale, RULE(STREAM, READ)},
    {"createTransaction", weir_rpc_create_transaction, RULE(STREAM, READ_UPDATE, GIVES_TOKEN)},
    {"commitTransaction", weir_rpc_commit_transaction, RULE(STREAM, READ_UPDATE)},
    {"abortTransaction", weir_rpc_abort_transaction, RULE(STREAM, READ_UPDATE)},
    {"pingTransaction", weir_rpc_ping_transaction, RULE(STREAM, READ_UPDATE)},
    {"checkTransactionState", weir_rpc_check_transaction_state, RULE(STREAM, READ)},
    {"listCompletedTransactions", weir_rpc_list_completed_transactions, RULE(STREAM, READ)},
    {"noteTimestampFromWriter", weir_rpc_note_timestamp, RULE(STREAM, READ_UPDATE)},
    {"removeWriter", weir_rpc_remove_writer, RULE(STREAM, READ_UPDATE)},
    {"createReaderGroup", weir_rpc_create_reader_group, RULE(SCOPE, READ)},
    {"getReaderGroupConfig", weir_rpc_get_reader_group_config, RULE(SCOPE, READ)},
    {"updateReaderGroup", weir_rpc_update_reader_group, RULE(SCOPE, READ)},
    {"deleteReaderGroup", weir_rpc_delete_reader_group, RULE(SCOPE, READ)},
    {"listSubscribers", weir_rpc_list_subscribers, RULE(STREAM, READ_UPDATE)},
    {"updateSubscriberStreamCut", weir_rpc_update_subscriber_stream_cut, RULE(STREAM, READ_UPDATE)},
    {"createKeyValueTable", weir_rpc_create_kvt, RULE(SCOPE, READ_UPDATE)},
    {"deleteKeyValueTable", weir_rpc_delete_kvt, RULE(TABLE, READ_UPDATE)},
    {"getKeyValueTableConfiguration", weir_rpc_get_kvt_configuration, RULE(TABLE, READ)},
    {"getCurrentSegmentsKeyValueTable", weir_rpc_get_kvt_segments, RULE(TABLE, READ_UPDATE, GIVES_TOKEN)},
    {"listKeyValueTablesInScope", weir_rpc_list_kvts, RULE(SCOPE, READ)},
};

static const struct weir_rpc *rpc_find(const char *name)
{
    for (size_t i = 0; i < sizeof(rpcs) / sizeof(rpcs[0]); i++) {
        if (strcmp(rpcs[i].name, name) == 0)
            return &rpcs[i];
    }
    return NULL;
}

static struct weir_call *call_new(struct weir_controller *ctl, const struct weir_rpc *rpc, weir_call_tell_fn *tell_fn,
                                  void *asker)
{
    struct weir_call *call = calloc(1, sizeof(*call));

    if (call == NULL)
        return NULL;
    call->op.done = call_done;
    call->ctl = ctl;
    call->rpc = rpc;
    call->tell = tell_fn;
    call->asker = asker;
    call->token = pravega_proto_str("");
    call->began_ns = weir_loop_now_ns(ctl->loop);
    call->figures = figures_of(ctl, rpc->name);
    weir_batch_init(&call->batch);
    call->next = ctl->calls;
    call->link = &ctl->calls;
    if (call->next != NULL)
        call->next->link = &call->next;
    ctl->calls = call;
    return call;
}

void weir_controller_call(struct weir_controller *ctl, const char *name, const void *message,
                          weir_call_tell_fn *tell_fn, void *asker)
{
    const struct weir_rpc *rpc = rpc_find(name);
    struct weir_call *call;

    if (rpc == NULL) {
        tell_fn(asker, WEIR_GRPC_UNIMPLEMENTED, weir_view(NULL, 0), "the embedded store does not have this call");
        return;
    }
    call = call_new(ctl, rpc, tell_fn, asker);
    if (call == NULL)
        tell_fn(asker, WEIR_GRPC_RESOURCE_EXHAUSTED, weir_view(NULL, 0), "the store is out of memory");
    else
        rpc->serve(call, message);
}

/* --- Calls over gRPC -------------------------------------------------------------------------------------------- */

/* The caller is known, or known to be nobody. */
static void serve_call(struct weir_call *call)
{
    ProtobufCMessage *message = call->message;
    const char *words = NULL;
    int code = weir_call_authorize(call, &call->rpc->rule, message, &words);

    call->message = NULL;
    if (code == WEIR_GRPC_OK) {
        code = (int)weir_request_check(call->rpc->name, message);
        words = "a name is missing in the request, or it has a number that none has";
    }
    if (code == WEIR_GRPC_OK)
        call->rpc->serve(call, message);
    else
        weir_call_refuse(call, (enum weir_grpc_code)code, words);
    pravega_proto_free(message);
}

/* Its own words for what is wrong, as upstream: none for wrong credentials. */
static void login_told(struct weir_login *login)
{
    struct weir_call *call = (struct weir_call *)((char *)login - offsetof(struct weir_call, login));

    if (login->status == WEIR_OK)
        serve_call(call);
    else if (login->status == WEIR_E_AUTH)
        weir_call_refuse(call, WEIR_GRPC_UNAUTHENTICATED, NULL);
    else
        weir_call_refuse(call, WEIR_GRPC_RESOURCE_EXHAUSTED, "too many credentials wait to be checked; try again");
}

static void begin_call(struct weir_call *call, const char *authorization)
{
    call->login.done = login_told;
    if (call->ctl->access == NULL)
        serve_call(call);
    else if (weir_access_login(call->ctl->access, authorization, &call->login) != WEIR_E_AGAIN)
        login_told(&call->login);
}

static void answer_grpc(void *asker, enum weir_grpc_code code, struct weir_view reply, const char *words)
{
    weir_grpc_answer(asker, code, reply, words);
}

static void serve(void *arg, struct weir_grpc_request *request, const char *path, const char *authorization,
                  struct weir_view message)
{
    struct weir_controller *ctl = arg;
    const ProtobufCMethodDescriptor *method = pravega_proto_method(path);
    const struct weir_rpc *rpc = method != NULL ? rpc_find(method->name) : NULL;
    ProtobufCMessage *unpacked = NULL;
    struct weir_call *call;

    if (rpc == NULL) {
        weir_grpc_answer(request, WEIR_GRPC_UNIMPLEMENTED, weir_view(NULL, 0),
                         "the embedded store does not have this call");
        return;
    }
    if (pravega_proto_unpack(method->input, message, &unpacked, NULL) != WEIR_OK) {
        weir_grpc_answer(request, WEIR_GRPC_INVALID_ARGUMENT, weir_view(NULL, 0),
                         "the request is not the message that this call takes");
        return;
    }
    call = call_new(ctl, rpc, answer_grpc, request);
    if (call == NULL) {
        weir_grpc_answer(request, WEIR_GRPC_RESOURCE_EXHAUSTED, weir_view(NULL, 0), "the store is out of memory");
        pravega_proto_free(unpacked);
        return;
    }
    call->message = unpacked;
    begin_call(call, authorization);
}

/* --- The service ------------------------------------------------------------------------------------------------ */

enum weir_status weir_controller_new(struct weir_loop *loop, struct weir_container *ctr,
                                     const struct weir_controller_options *options, struct weir_controller **out,
                                     struct weir_error *err)
{
    struct weir_controller *ctl = calloc(1, sizeof(*ctl));
    enum weir_status status;

    if (ctl == NULL || (ctl->advertised_host = strdup(options->advertised_host)) == NULL) {
        free(ctl);
        return weir_fail(err, WEIR_E_NOMEM, "no memory for the controller");
    }
    ctl->loop = loop;
    ctl->ctr = ctr;
    ctl->segment_port = options->segment_port;
    ctl->access = options->access;
    ctl->token_key = options->token_key;
    ctl->settings = options->settings;
    ctl->figures = options->figures;
    status = weir_catalog_load(ctl, err);
    if (status != WEIR_OK)
        goto fail;
    status = weir_scopes_begin(ctl);
    if (status != WEIR_OK)
        goto fail;
    weir_txns_recover(ctl);
    weir_controller_each_stream(ctl, weir_upkeep_follow);
    status = weir_grpc_server_new(loop, &options->listen, serve, ctl, &ctl->grpc, err);
    if (status != WEIR_OK)
        goto fail;
    weir_grpc_server_limit(ctl->grpc, &options->limits);
    *out = ctl;
    return WEIR_OK;
fail:
    weir_controller_free(ctl);
    return status;
}

void weir_controller_free(struct weir_controller *ctl)
{
    if (ctl == NULL)
        return;
    while (ctl->calls != NULL) {
        struct weir_call *call = ctl->calls;

        weir_store_op_cancel(&call->op);
        tell(call, WEIR_GRPC_UNAVAILABLE, "the store is closing");
        call_free(call);
    }
    weir_timer_stop(ctl->loop, &ctl->sweep);
    weir_grpc_server_free(ctl->grpc);
    weir_directory_fini(&ctl->dir, ctl->loop);
    free(ctl->advertised_host);
    free(ctl);
}

uint16_t weir_controller_port(const struct weir_controller *ctl)
{
    return weir_grpc_server_port(ctl->grpc);
}

void weir_controller_connections(const struct weir_controller *ctl, struct weir_grpc_server_stats *out)
{
    weir_grpc_server_stats(ctl->grpc, out);
}
