/*
 * controller_access.c - the controller's calls that stand beside the data: tokens for segment stores,
 * which controllers there are, writers' time.
 */
#include "pravega/controller_int.h"

#include <stdlib.h>

static const struct pravega_outcome note_outcomes[] = {
    [PRAVEGA__TIMESTAMP_RESPONSE__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__TIMESTAMP_RESPONSE__STATUS__INVALID_TIME] = {WEIR_E_INVAL, "the time is before the one noted last"},
    [PRAVEGA__TIMESTAMP_RESPONSE__STATUS__INVALID_POSITION] = {WEIR_E_INVAL,
                                                               "the position is before the one noted last"},
    [PRAVEGA__TIMESTAMP_RESPONSE__STATUS__INTERNAL_ERROR] = {WEIR_E_IO, "the controller failed"},
};
static const struct pravega_outcome remove_outcomes[] = {
    [PRAVEGA__REMOVE_WRITER_RESPONSE__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__REMOVE_WRITER_RESPONSE__STATUS__UNKNOWN_WRITER] = {WEIR_E_NOT_FOUND, "it has noted no time"},
    [PRAVEGA__REMOVE_WRITER_RESPONSE__STATUS__STREAM_DOES_NOT_EXIST] = {WEIR_E_NOT_FOUND, "the stream does not exist"},
    [PRAVEGA__REMOVE_WRITER_RESPONSE__STATUS__INTERNAL_ERROR] = {WEIR_E_IO, "the controller failed"},
};

static void finish_token(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_servers(struct pravega_end *end, const ProtobufCMessage *reply);

static const struct pravega_rpc token_rpc = {"getDelegationToken", "get a delegation token for",
                                             .finish = finish_token};
/* UNKNOWN is what 0.13 says where there is no cluster, each time. */
static const struct pravega_rpc servers_rpc = {"getControllerServerList", "list",
                                               .final_codes = 1u << WEIR_GRPC_UNKNOWN, .finish = finish_servers};
static const struct pravega_rpc note_rpc = {"noteTimestampFromWriter", "note a writer's time in",
                                            PRAVEGA_OUTCOMES(note_outcomes), .finish = pravega_finish_done};
static const struct pravega_rpc remove_rpc = {"removeWriter", "remove", PRAVEGA_OUTCOMES(remove_outcomes),
                                              .finish = pravega_finish_done};

void pravega_controller_delegation_token(struct pravega_call *call, struct pravega_client *client,
                                         const struct pravega_stream_name *stream, enum pravega_access access,
                                         pravega_token_fn *done, void *arg)
{
    static const Pravega__StreamInfo__AccessOperation operations[] = {
        [PRAVEGA_ACCESS_READ] = PRAVEGA__STREAM_INFO__ACCESS_OPERATION__READ,
        [PRAVEGA_ACCESS_WRITE] = PRAVEGA__STREAM_INFO__ACCESS_OPERATION__WRITE,
        [PRAVEGA_ACCESS_READ_WRITE] = PRAVEGA__STREAM_INFO__ACCESS_OPERATION__READ_WRITE,
    };
    Pravega__StreamInfo request;

    if (!pravega_credentials_given(&client->credentials)) {
        pravega_call_reject(call, client, &token_rpc, &(struct weir_error){0}, (void (*)(void))done, arg);
        return;
    }
    pravega_stream_info(&request, stream);
    request.accessoperation = operations[access];
    pravega_call_start_stream(call, client, &token_rpc, stream, NULL, &request.base, (void (*)(void))done, arg);
}

static void finish_token(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__DelegationToken *token = (const Pravega__DelegationToken *)reply;
    const char *text = token != NULL ? token->delegationtoken : "";

    ((pravega_token_fn *)end->done)(end->arg, end->status, end->status == WEIR_OK ? text : NULL, &end->why);
}

void pravega_controller_server_list(struct pravega_call *call, struct pravega_client *client,
                                    pravega_endpoints_fn *done, void *arg)
{
    Pravega__ServerRequest request = PRAVEGA__SERVER_REQUEST__INIT;

    pravega_call_start(call, client, &servers_rpc, &request.base, (void (*)(void))done, arg, "the controllers");
}

/* The reply's controllers, lent from it; NULL if it fails, which `end` tells. */
static struct pravega_endpoint *endpoints_of(struct pravega_end *end, const Pravega__ServerResponse *reply)
{
    struct pravega_endpoint *endpoints = calloc(reply->n_nodeuri + 1, sizeof(*endpoints));

    if (endpoints == NULL) {
        end->status = weir_fail(&end->why, WEIR_E_NOMEM, "out of memory for %zu controllers", reply->n_nodeuri);
        return NULL;
    }
    for (size_t i = 0; i < reply->n_nodeuri; i++) {
        const Pravega__NodeUri *node = reply->nodeuri[i];

        if (node->endpoint[0] == '\0' || node->port < 1 || node->port > UINT16_MAX) {
            end->status = weir_fail(&end->why, WEIR_E_PROTO, "the controller says another one is at \"%s\", port %d",
                                    node->endpoint, node->port);
            free(endpoints);
            return NULL;
        }
        endpoints[i] = (struct pravega_endpoint){node->endpoint, (uint16_t)node->port};
    }
    return endpoints;
}

static void finish_servers(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__ServerResponse *servers = (const Pravega__ServerResponse *)reply;
    struct pravega_endpoint *endpoints = NULL;

    if (servers != NULL)
        endpoints = endpoints_of(end, servers);
    ((pravega_endpoints_fn *)end->done)(end->arg, end->status, endpoints, endpoints != NULL ? servers->n_nodeuri : 0,
                                        &end->why);
    free(endpoints);
}

void pravega_controller_note_timestamp(struct pravega_call *call, struct pravega_client *client,
                                       const struct pravega_stream_name *stream, const char *writer,
                                       const struct pravega_segment_offset *position, size_t count,
                                       int64_t timestamp_ms, pravega_done_fn *done, void *arg)
{
    Pravega__TimestampFromWriter request = PRAVEGA__TIMESTAMP_FROM_WRITER__INIT;
    Pravega__StreamCut cut = PRAVEGA__STREAM_CUT__INIT;
    struct pravega_cut_map map;
    struct weir_error why;
    Pravega__StreamInfo info;

    if (pravega_cut_map_init(&map, position, count, &why) != WEIR_OK) {
        pravega_call_reject(call, client, &note_rpc, &why, (void (*)(void))done, arg);
        return;
    }
    pravega_stream_info(&info, stream);
    cut.streaminfo = &info;
    cut.cut = map.entries;
    cut.n_cut = count;
    request.writer = pravega_proto_str(writer);
    request.position = &cut;
    request.timestamp = timestamp_ms;
    pravega_call_start_stream(call, client, &note_rpc, stream, NULL, &request.base, (void (*)(void))done, arg);
    pravega_cut_map_fini(&map);
}

void pravega_controller_remove_writer(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream, const char *writer,
                                      pravega_done_fn *done, void *arg)
{
    Pravega__RemoveWriterRequest request = PRAVEGA__REMOVE_WRITER_REQUEST__INIT;
    Pravega__StreamInfo info;

    pravega_stream_info(&info, stream);
    request.writer = pravega_proto_str(writer);
    request.stream = &info;
    pravega_call_start_stream(call, client, &remove_rpc, stream, "a writer", &request.base, (void (*)(void))done, arg);
}
