/*
 * controller_tables.c - the controller's calls on key-value tables: create, delete, list, describe, find the segments.
 */
#include "pravega/controller_int.h"

#include <stdlib.h>

#define MISSING "it does not exist"
#define FAILED "the controller failed"

static const struct pravega_outcome create_outcomes[] = {
    [PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__TABLE_EXISTS] = {WEIR_E_EXISTS, "it exists already"},
    [PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__SCOPE_NOT_FOUND] = {WEIR_E_NOT_FOUND, "there is no such scope"},
    [PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__INVALID_TABLE_NAME] = {WEIR_E_INVAL,
                                                                            "names take letters, digits, '.' and '-'"},
};
static const struct pravega_outcome delete_outcomes[] = {
    [PRAVEGA__DELETE_KVTABLE_STATUS__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__DELETE_KVTABLE_STATUS__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__DELETE_KVTABLE_STATUS__STATUS__TABLE_NOT_FOUND] = {WEIR_E_NOT_FOUND, MISSING},
};
static const struct pravega_outcome config_outcomes[] = {
    [PRAVEGA__KEY_VALUE_TABLE_CONFIG_RESPONSE__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__KEY_VALUE_TABLE_CONFIG_RESPONSE__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__KEY_VALUE_TABLE_CONFIG_RESPONSE__STATUS__TABLE_NOT_FOUND] = {WEIR_E_NOT_FOUND, MISSING},
};
static const struct pravega_outcome list_outcomes[] = {
    [PRAVEGA__KVTABLES_IN_SCOPE_RESPONSE__STATUS__SUCCESS] = {WEIR_OK, NULL},
    [PRAVEGA__KVTABLES_IN_SCOPE_RESPONSE__STATUS__FAILURE] = {WEIR_E_IO, FAILED},
    [PRAVEGA__KVTABLES_IN_SCOPE_RESPONSE__STATUS__SCOPE_NOT_FOUND] = {WEIR_E_NOT_FOUND, MISSING},
};

static void finish_config(struct pravega_end *end, const ProtobufCMessage *reply);
static void finish_tables(struct pravega_end *end, const ProtobufCMessage *reply);

static const struct pravega_rpc create_rpc = {"createKeyValueTable", "create", PRAVEGA_OUTCOMES(create_outcomes),
                                              .finish = pravega_finish_done};
static const struct pravega_rpc delete_rpc = {"deleteKeyValueTable", "delete", PRAVEGA_OUTCOMES(delete_outcomes),
                                              .finish = pravega_finish_done};
static const struct pravega_rpc config_rpc = {"getKeyValueTableConfiguration", "get the configuration of",
                                              PRAVEGA_OUTCOMES(config_outcomes), .finish = finish_config};
static const struct pravega_rpc segments_rpc = {"getCurrentSegmentsKeyValueTable", "get the segments of",
                                                .finish = pravega_finish_ranges};
static const struct pravega_rpc list_rpc = {"listKeyValueTablesInScope", "list the key-value tables of",
                                            PRAVEGA_OUTCOMES(list_outcomes), .finish = finish_tables};

static void start_table(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                        const struct pravega_stream_name *table, const ProtobufCMessage *request, void (*done)(void),
                        void *arg)
{
    pravega_call_start_named(call, client, rpc, "key-value table", table, NULL, request, done, arg);
}

/* One whose request is the table's name alone. */
static void start_name(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                       const struct pravega_stream_name *table, void (*done)(void), void *arg)
{
    Pravega__KeyValueTableInfo request = PRAVEGA__KEY_VALUE_TABLE_INFO__INIT;

    request.scope = pravega_proto_str(table->scope);
    request.kvtname = pravega_proto_str(table->stream);
    start_table(call, client, rpc, table, &request.base, done, arg);
}

void pravega_controller_create_table(struct pravega_call *call, struct pravega_client *client,
                                     const struct pravega_stream_name *table, const struct pravega_table_config *config,
                                     pravega_done_fn *done, void *arg)
{
    Pravega__KeyValueTableConfig request = PRAVEGA__KEY_VALUE_TABLE_CONFIG__INIT;
    struct weir_error why;

    if (config->partition_count < 1 || config->primary_key_len < 1 || config->secondary_key_len < 0 ||
        config->rollover_bytes < 0) {
        weir_fail(
            &why, WEIR_E_INVAL,
            "cannot create key-value table %s/%s: it needs 1 partition or more and primary keys of 1 byte or more",
            table->scope, table->stream);
        pravega_call_reject(call, client, &create_rpc, &why, (void (*)(void))done, arg);
        return;
    }
    request.scope = pravega_proto_str(table->scope);
    request.kvtname = pravega_proto_str(table->stream);
    request.partitioncount = config->partition_count;
    request.primarykeylength = config->primary_key_len;
    request.secondarykeylength = config->secondary_key_len;
    request.rolloversizebytes = config->rollover_bytes;
    start_table(call, client, &create_rpc, table, &request.base, (void (*)(void))done, arg);
}

void pravega_controller_delete_table(struct pravega_call *call, struct pravega_client *client,
                                     const struct pravega_stream_name *table, pravega_done_fn *done, void *arg)
{
    start_name(call, client, &delete_rpc, table, (void (*)(void))done, arg);
}

void pravega_controller_table_config(struct pravega_call *call, struct pravega_client *client,
                                     const struct pravega_stream_name *table, pravega_table_config_fn *done, void *arg)
{
    start_name(call, client, &config_rpc, table, (void (*)(void))done, arg);
}

static void finish_config(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__KeyValueTableConfigResponse *response = (const Pravega__KeyValueTableConfigResponse *)reply;
    const Pravega__KeyValueTableConfig *from = response != NULL ? response->config : NULL;
    struct pravega_table_config config = {0};

    if (response != NULL && (from == NULL || from->partitioncount < 1 || from->primarykeylength < 1 ||
                             from->secondarykeylength < 0 || from->rolloversizebytes < 0))
        end->status =
            weir_fail(&end->why, WEIR_E_PROTO, "the controller answered with the configuration of no key-value table");
    else if (response != NULL)
        config = (struct pravega_table_config){from->partitioncount, from->primarykeylength, from->secondarykeylength,
                                               from->rolloversizebytes};
    ((pravega_table_config_fn *)end->done)(end->arg, end->status, end->status == WEIR_OK ? &config : NULL, &end->why);
}

void pravega_controller_table_segments(struct pravega_call *call, struct pravega_client *client,
                                       const struct pravega_stream_name *table, pravega_ranges_fn *done, void *arg)
{
    start_name(call, client, &segments_rpc, table, (void (*)(void))done, arg);
}

void pravega_controller_list_tables(struct pravega_call *call, struct pravega_client *client, const char *scope,
                                    const char *token, pravega_page_fn *done, void *arg)
{
    Pravega__KVTablesInScopeRequest request = PRAVEGA__KVTABLES_IN_SCOPE_REQUEST__INIT;
    Pravega__ContinuationToken from = PRAVEGA__CONTINUATION_TOKEN__INIT;
    Pravega__ScopeInfo info = PRAVEGA__SCOPE_INFO__INIT;

    from.token = pravega_proto_str(token);
    info.scope = pravega_proto_str(scope);
    request.scope = &info;
    request.continuationtoken = &from;
    pravega_call_start_scope(call, client, &list_rpc, scope, &request.base, (void (*)(void))done, arg);
}

static void finish_tables(struct pravega_end *end, const ProtobufCMessage *reply)
{
    const Pravega__KVTablesInScopeResponse *page = (const Pravega__KVTablesInScopeResponse *)reply;
    pravega_page_fn *done = (pravega_page_fn *)end->done;
    const char **names = NULL;

    if (page != NULL) {
        names = calloc(page->n_kvtables + 1, sizeof(*names));
        if (names == NULL)
            end->status = weir_fail(&end->why, WEIR_E_NOMEM, "out of memory for %zu names", page->n_kvtables);
    }
    if (names == NULL) {
        done(end->arg, end->status, NULL, 0, NULL, &end->why);
        return;
    }
    for (size_t i = 0; i < page->n_kvtables; i++)
        names[i] = page->kvtables[i]->kvtname;
    done(end->arg, end->status, names, page->n_kvtables, pravega_token_text(page->continuationtoken), &end->why);
    free(names);
}
