/*
 * test_security.c - a store with accounts and certificates: who may call what, which tokens the segment service takes,
 * and files that change while it serves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base64.h"
#include "serve_fixture.h"
#include "store/access/tokens.h"
#include "tests/unit/base/tls_certs.h"

static struct served *served;
static struct tls_certs certs; /* also the folder of the accounts and the key */
static char accounts_path[96], key_path[96], header[512];
static struct weir_token_key key;

/* --- Files ------------------------------------------------------------------------------------------------------ */

static void write_file(const char *path, const char *text, size_t len)
{
    char aside[128];
    FILE *file;

    snprintf(aside, sizeof(aside), "%s.new", path);
    file = fopen(aside, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, len, file), len);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(rename(aside, path), 0);
}

/* Everybody's password is their name, twice. */
static void append_account(struct weir_buf *text, const char *user, const char *rights)
{
    char password[64];

    snprintf(password, sizeof(password), "%s%s", user, user);
    ck_assert_int_eq(weir_store_account_line(weir_view_str(user), weir_view_str(password), weir_view_str(rights), text,
                                             NULL),
                     WEIR_OK);
}

static void write_accounts(const char *first_user)
{
    struct weir_buf text;

    weir_buf_init(&text, 1 << 16);
    append_account(&text, first_user, "prn::*,READ_UPDATE");
    append_account(&text, "reader", "prn::*,READ");
    append_account(&text, "guest", "prn::/,READ;prn::/scope:sc,READ;prn::/scope:sc/stream:st,READ;"
                                   "prn::/scope:sc/reader-group:mine,READ");
    append_account(&text, "keeper",
                   "prn::/scope:sc/key-value-table:kv,READ_UPDATE;prn::/scope:sc/key-value-table:*,READ;"
                   "prn::/scope:sc,READ");
    append_account(&text, "none", "");
    write_file(accounts_path, (char *)text.ptr, text.len);
    weir_buf_fini(&text);
}

static const char *basic(const char *user, const char *password)
{
    char plain[128];
    struct weir_buf text;

    snprintf(plain, sizeof(plain), "%s:%s", user, password);
    weir_buf_init(&text, sizeof(header));
    weir_base64_append(&text, weir_view_str(plain));
    snprintf(header, sizeof(header), "Basic %.*s", (int)text.len, text.ptr);
    weir_buf_fini(&text);
    return header;
}

static void show(const char *user)
{
    char password[64];

    snprintf(password, sizeof(password), "%s%s", user, user);
    served_show(served, basic(user, password));
}

/* --- A store with accounts -------------------------------------------------------------------------------------- */

static void make_files(void)
{
    tls_certs_make(&certs, "DNS:localhost,IP:127.0.0.1");
    snprintf(accounts_path, sizeof(accounts_path), "%s/accounts", certs.folder);
    snprintf(key_path, sizeof(key_path), "%s/key", certs.folder);
    write_file(key_path, "a key\n", 6);
    key = (struct weir_token_key){weir_view_str("a key"), 600};
}

static void remove_files(void)
{
    unlink(accounts_path);
    unlink(key_path);
    tls_certs_remove(&certs);
}

static void setup(void)
{
    struct weir_store_options options = {
        .auth_accounts = accounts_path, .auth_signing_key = key_path, .security_look_ms = 5};

    write_accounts("admin");
    served = served_new_with(&options, NULL);
    show("admin");
    make_scope(served, "sc");
    make_stream(served, "sc", "st", 1);
}

static void teardown(void)
{
    served_free(served);
}

static enum weir_grpc_code code_of(const char *name, const void *request)
{
    enum weir_grpc_code code;

    rpc(served, name, request, &code);
    return code;
}

START_TEST(who_is_nobody_is_not_served)
{
    Pravega__ScopesRequest request = PRAVEGA__SCOPES_REQUEST__INIT;
    Pravega__ServerRequest list = PRAVEGA__SERVER_REQUEST__INIT;
    static const char *const headers[] = {NULL, "Bearer abc", "Basic", "Basic !!!", "Basic YWRtaW4="};

    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        served_show(served, headers[i]);
        ck_assert_int_eq(code_of("listScopes", &request), WEIR_GRPC_UNAUTHENTICATED);
    }
    served_show(served, NULL);
    ck_assert_int_eq(code_of("getControllerServerList", &list), WEIR_GRPC_OK);
    for (int i = 0; i < 2; i++) { /* the second time it is remembered */
        served_show(served, basic("admin", "wrong"));
        ck_assert_int_eq(code_of("listScopes", &request), WEIR_GRPC_UNAUTHENTICATED);
        ck_assert_int_eq(code_of("getControllerServerList", &list), WEIR_GRPC_UNAUTHENTICATED);
        served_show(served, basic("nobody", "adminadmin"));
        ck_assert_int_eq(code_of("listScopes", &request), WEIR_GRPC_UNAUTHENTICATED);
        show("admin");
        ck_assert_int_eq(code_of("listScopes", &request), WEIR_GRPC_OK);
        show("none");
        ck_assert_int_eq(code_of("listScopes", &request), WEIR_GRPC_PERMISSION_DENIED);
    }
}
END_TEST

/* Goal: over HTTP, everybody gets what they may have; health and metrics are for all. */
START_TEST(http_asks_who_it_is)
{
    static const char fixed[] = "{\"scalingPolicy\":{\"type\":\"FIXED_NUM_SEGMENTS\",\"minSegments\":1}}";
    static const char state[] = "{\"streamState\":\"SEALED\"}";
    static const struct {
        const char *user, *request, *body;
        int status;
        const char *says; /* NULL: all the same */
    } requests[] = {
        {NULL, "GET /v1/scopes", NULL, 401, NULL},
        {"nobody", "GET /v1/scopes", NULL, 401, NULL},
        {"none", "GET /v1/scopes", NULL, 403, NULL},
        {"none", "GET /v1/scopes/none/streams/none", NULL, 403, NULL},
        {"guest", "GET /v1/scopes", NULL, 200, "{\"scopes\":[{\"scopeName\":\"sc\"}]}"},
        {"admin", "GET /v1/scopes", NULL, 200,
         "{\"scopes\":[{\"scopeName\":\"_system\"},{\"scopeName\":\"other\"},{\"scopeName\":\"sc\"}]}"},
        {"guest", "POST /v1/scopes", "{\"scopeName\":\"mine\"}", 403, NULL},
        {"guest", "DELETE /v1/scopes/sc", NULL, 403, NULL},
        {"guest", "GET /v1/scopes/other", NULL, 403, NULL},
        {"guest", "GET /v1/scopes/sc/streams/st", NULL, 200, NULL},
        {"guest", "GET /v1/scopes/sc/streams/two", NULL, 403, NULL},
        {"guest", "PUT /v1/scopes/sc/streams/st", fixed, 403, NULL},
        {"reader", "PUT /v1/scopes/sc/streams/st/state", state, 403, NULL},
        {"reader", "DELETE /v1/scopes/sc/streams/st", NULL, 403, NULL},
        {"reader", "DELETE /v1/scopes/sc/readergroups/mine", NULL, 403, NULL},
        {"guest", "GET /v1/scopes/sc/readergroups/mine", NULL, 404, NULL},
        {"guest", "GET /v1/scopes/sc/readergroups/yours", NULL, 403, NULL},
        {"reader", "GET /v1/health/details", NULL, 403, NULL},
        {"admin", "GET /v1/health/details", NULL, 200, "{}"},
        {NULL, "GET /v1/health/readiness", NULL, 200, "true"},
        {NULL, "GET /v1/health/details/log", NULL, 401, NULL},
        {NULL, "GET /v1/health/%64etails", NULL, 404, NULL},
        {NULL, "GET /v1/health/%64etails/log", NULL, 404, NULL},
        {NULL, "GET /prometheus", NULL, 200, NULL},
        {"admin", "PUT /v1/scopes/sc/streams/st/state", state, 200, NULL},
    };
    struct weir_buf answer;
    char headers[700], password[64];

    weir_buf_init(&answer, 1 << 20);
    make_stream(served, "sc", "two", 1);
    make_scope(served, "other");
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        const char *user = requests[i].user;
        int status;

        snprintf(password, sizeof(password), "%s%s", user != NULL ? user : "", user != NULL ? user : "");
        snprintf(headers, sizeof(headers), "Content-Type: application/json\r\n%s%s%s",
                 user != NULL ? "Authorization: " : "", user != NULL ? basic(user, password) : "",
                 user != NULL ? "\r\n" : "");
        status = http(served, requests[i].request, headers, requests[i].body, &answer);
        ck_assert_msg(status == requests[i].status, "%s by %s: %d", requests[i].request, user != NULL ? user : "nobody",
                      status);
        if (requests[i].says != NULL)
            ck_assert_str_eq((const char *)answer.ptr, requests[i].says);
    }
    snprintf(headers, sizeof(headers), "Authorization: %s\r\n", basic("guest", "guestguest"));
    ck_assert_int_eq(http(served, "GET /v1/scopes/sc/streams", headers, NULL, &answer), 200);
    ck_assert(strstr((const char *)answer.ptr, "\"st\"") != NULL &&
              strstr((const char *)answer.ptr, "\"two\"") == NULL);
    weir_buf_fini(&answer);
}
END_TEST

/* Goal: no call is forgotten. Method: every one of the protocol, with an empty message, from nobody; then from one who
 * may do everything. */
START_TEST(every_call_has_a_rule)
{
    const ProtobufCServiceDescriptor *service = &pravega__controller_service__descriptor;

    for (unsigned i = 0; i < service->n_methods; i++) {
        const ProtobufCMethodDescriptor *method = &service->methods[i];
        ProtobufCMessage *message = calloc(1, method->input->sizeof_message);
        enum weir_grpc_code code;

        protobuf_c_message_init(method->input, message);
        served_show(served, NULL);
        code = code_of(method->name, message);
        ck_assert_msg(code == WEIR_GRPC_UNAUTHENTICATED || code == WEIR_GRPC_INTERNAL ||
                          code == WEIR_GRPC_UNIMPLEMENTED || strcmp(method->name, "getControllerServerList") == 0,
                      "%s: gRPC code %d from nobody", method->name, code);
        show("admin");
        code = code_of(method->name, message);
        ck_assert_msg(code != WEIR_GRPC_PERMISSION_DENIED, "%s has no rule", method->name);
        free(message);
    }
}
END_TEST

static enum weir_grpc_code token_code(const char *stream, Pravega__StreamInfo__AccessOperation access)
{
    Pravega__StreamInfo info = stream_info("sc", stream);

    info.accessoperation = access;
    return code_of("getDelegationToken", &info);
}

#define ACCESS(operation) PRAVEGA__STREAM_INFO__ACCESS_OPERATION__##operation
#define DENIED WEIR_GRPC_PERMISSION_DENIED
#define OK WEIR_GRPC_OK

static const struct {
    const char *user, *stream;
    Pravega__StreamInfo__AccessOperation access;
    enum weir_grpc_code code;
    bool reads, writes; /* what the token allows of "sc/<stream>" */
} token_cases[] = {
    {"admin", "st", ACCESS(UNSPECIFIED), OK, true, true},
    {"admin", "st", ACCESS(WRITE), OK, true, true},
    {"admin", "st", ACCESS(NONE), OK, false, false},
    {"admin", "st", ACCESS(ANY), WEIR_GRPC_INTERNAL, false, false},
    {"reader", "st", ACCESS(UNSPECIFIED), DENIED, false, false},
    {"reader", "st", ACCESS(READ), OK, true, false},
    {"reader", "st", ACCESS(READ_WRITE), DENIED, false, false},
    {"reader", "_RGmine", ACCESS(READ_WRITE), OK, true, true}, /* readers write to their group */
    {"reader", "_RGmine", ACCESS(NONE), OK, true, false},
    {"reader", "_MARKst", ACCESS(WRITE), OK, true, true},
    {"reader", "_other", ACCESS(WRITE), DENIED, false, false},
    {"guest", "st", ACCESS(READ), OK, true, false},
    {"guest", "_MARKst", ACCESS(READ), OK, true, false},
    {"guest", "_RGmine", ACCESS(WRITE), OK, true, true},
    {"guest", "_RGother", ACCESS(READ), DENIED, false, false},
    {"guest", "other", ACCESS(READ), DENIED, false, false},
    {"none", "st", ACCESS(READ), DENIED, false, false},
};

static bool token_allows(const char *stream, Pravega__StreamInfo__AccessOperation access,
                         enum weir_permission permission)
{
    Pravega__StreamInfo info = stream_info("sc", stream);
    const Pravega__DelegationToken *reply;
    char segment[64];
    int64_t ends_ms;

    info.accessoperation = access;
    reply = rpc(served, "getDelegationToken", &info, NULL);
    snprintf(segment, sizeof(segment), "sc/%s/0.#epoch.0", stream);
    return weir_token_check(&key, weir_view_str(reply->delegationtoken), weir_view_str(segment), permission,
                            weir_loop_wall_ms(served_loop(served)), &ends_ms) == WEIR_TOKEN_GOOD;
}

START_TEST(tokens_are_given_as_upstream_gives_them)
{
    const char *stream = token_cases[_i].stream;

    show(token_cases[_i].user);
    ck_assert_int_eq(token_code(stream, token_cases[_i].access), token_cases[_i].code);
    if (token_cases[_i].code != OK)
        return;
    ck_assert_int_eq(token_allows(stream, token_cases[_i].access, WEIR_PERMISSION_READ), token_cases[_i].reads);
    ck_assert_int_eq(token_allows(stream, token_cases[_i].access, WEIR_PERMISSION_READ_UPDATE), token_cases[_i].writes);
}
END_TEST

START_TEST(calls_ask_for_what_upstreams_ask_for)
{
    Pravega__StreamConfig config = PRAVEGA__STREAM_CONFIG__INIT;
    Pravega__ScopeInfo scope = PRAVEGA__SCOPE_INFO__INIT;
    Pravega__StreamInfo st = stream_info("sc", "st"), none = st, group = stream_info("sc", "_RGmine");
    Pravega__CreateTxnRequest txn = PRAVEGA__CREATE_TXN_REQUEST__INIT;
    Pravega__SegmentId segment = PRAVEGA__SEGMENT_ID__INIT;

    none.accessoperation = ACCESS(NONE);
    config.streaminfo = &st;
    txn.streaminfo = &st;
    txn.lease = 10000;
    scope.scope = pravega_proto_str("sc");
    segment.streaminfo = &st;
    show("reader");
    ck_assert_int_eq(code_of("checkStreamExists", &st), OK);
    ck_assert_int_eq(code_of("getCurrentSegments", &st), DENIED); /* an old client's question: with a token to write */
    ck_assert_int_eq(code_of("getCurrentSegments", &none), OK);
    ck_assert_int_eq(code_of("getURI", &segment), OK);
    ck_assert_int_eq(code_of("createTransaction", &txn), DENIED);
    ck_assert_int_eq(code_of("sealStream", &st), DENIED);
    ck_assert_int_eq(code_of("createScope", &scope), DENIED);
    ck_assert_int_eq(code_of("createStream", &config), DENIED);
    config.streaminfo = &group; /* a reader may make its group's stream */
    ck_assert_int_ne(code_of("createStream", &config), DENIED);
    show("guest");
    ck_assert_int_eq(code_of("checkStreamExists", &st), OK);
    ck_assert_int_eq(code_of("checkScopeExists", &scope), OK);
    segment.streaminfo = &group;
    ck_assert_int_eq(code_of("getURI", &segment), OK); /* by the reader group */
    ck_assert_int_eq(code_of("checkStreamExists", &group), DENIED);
    show("admin");
    ck_assert_int_ne(strlen(((const Pravega__CreateTxnResponse *)rpc(served, "createTransaction", &txn, NULL))
                                ->delegationtoken),
                     0);
    ck_assert_int_ne(
        strlen(((const Pravega__SegmentRanges *)rpc(served, "getCurrentSegments", &st, NULL))->delegationtoken), 0);
    ck_assert_str_eq(((const Pravega__SegmentRanges *)rpc(served, "getCurrentSegments", &none, NULL))->delegationtoken,
                     "");
}
END_TEST

START_TEST(lists_show_what_the_caller_may_see)
{
    Pravega__StreamsInScopeRequest request = PRAVEGA__STREAMS_IN_SCOPE_REQUEST__INIT;
    Pravega__ScopesRequest scopes = PRAVEGA__SCOPES_REQUEST__INIT;
    Pravega__ScopeInfo scope = PRAVEGA__SCOPE_INFO__INIT;
    const Pravega__StreamsInScopeResponse *reply;
    const Pravega__ScopesResponse *seen;

    make_scope(served, "hidden");
    make_stream(served, "sc", "other", 1);
    scope.scope = pravega_proto_str("sc");
    request.scope = &scope;
    show("guest");
    seen = rpc(served, "listScopes", &scopes, NULL);
    ck_assert_uint_eq(seen->n_scopes, 1);
    ck_assert_str_eq(seen->scopes[0], "sc");
    reply = rpc(served, "listStreamsInScope", &request, NULL);
    ck_assert_uint_eq(reply->n_streams, 1);
    ck_assert_str_eq(reply->streams[0]->stream, "st");
    show("reader");
    reply = rpc(served, "listStreamsInScope", &request, NULL);
    ck_assert_uint_eq(reply->n_streams, 4); /* with the mark streams */
    scope.scope = pravega_proto_str("hidden");
    show("guest");
    ck_assert_int_eq(code_of("listStreamsInScope", &request), DENIED);
}
END_TEST

static void make_table(const char *name)
{
    Pravega__KeyValueTableConfig config = PRAVEGA__KEY_VALUE_TABLE_CONFIG__INIT;
    const Pravega__CreateKeyValueTableStatus *reply;

    config.scope = pravega_proto_str("sc");
    config.kvtname = pravega_proto_str(name);
    config.partitioncount = 1;
    config.primarykeylength = 4;
    reply = rpc(served, "createKeyValueTable", &config, NULL);
    ck_assert_int_eq(reply->status, PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__SUCCESS);
}

/* Goal: a list tells nothing of what its caller may not see, and what comes behind it is found all the same. */
START_TEST(lists_keep_quiet_about_what_is_not_seen)
{
    Pravega__ScopeInfo scope = PRAVEGA__SCOPE_INFO__INIT;
    Pravega__ContinuationToken from = PRAVEGA__CONTINUATION_TOKEN__INIT;
    Pravega__ScopesRequest scopes = PRAVEGA__SCOPES_REQUEST__INIT;
    Pravega__StreamsInScopeRequest streams = PRAVEGA__STREAMS_IN_SCOPE_REQUEST__INIT;
    Pravega__KVTablesInScopeRequest tables = PRAVEGA__KVTABLES_IN_SCOPE_REQUEST__INIT;
    const Pravega__ScopesResponse *scope_list;
    const Pravega__StreamsInScopeResponse *stream_list;
    const Pravega__KVTablesInScopeResponse *table_list;

    make_scope(served, "secret");
    make_stream(served, "sc", "hidden", 1); /* before the one that is seen, and behind it */
    make_stream(served, "sc", "unseen", 1);
    make_table("kept");
    scope.scope = pravega_proto_str("sc");
    streams.scope = tables.scope = &scope;
    show("guest");
    scope_list = rpc(served, "listScopes", &scopes, NULL);
    ck_assert_uint_eq(scope_list->n_scopes, 1);
    ck_assert_str_eq(scope_list->continuationtoken->token, "sc");
    stream_list = rpc(served, "listStreamsInScope", &streams, NULL);
    ck_assert_uint_eq(stream_list->n_streams, 1);
    ck_assert_str_eq(stream_list->continuationtoken->token, "st");
    table_list = rpc(served, "listKeyValueTablesInScope", &tables, NULL);
    ck_assert_uint_eq(table_list->n_kvtables, 0);
    ck_assert_str_eq(table_list->continuationtoken->token, "");
    from.token = pravega_proto_str("st");
    streams.continuationtoken = &from;
    stream_list = rpc(served, "listStreamsInScope", &streams, NULL);
    ck_assert_uint_eq(stream_list->n_streams, 0);
    ck_assert_str_eq(stream_list->continuationtoken->token, "st");
}
END_TEST

static const struct {
    const char *user, *name;
    Pravega__StreamInfo__AccessOperation access;
    enum weir_grpc_code code;
    bool table_reads, table_writes, stream_reads; /* of the table "kv", and of the stream of the same name */
} table_cases[] = {
    {"admin", "kv", ACCESS(READ_WRITE), OK, true, true, true}, /* as Java asks */
    {"admin", "kv_kvtable", ACCESS(READ_WRITE), OK, true, true, false},
    {"reader", "kv", ACCESS(READ), OK, true, false, true},
    {"keeper", "kv", ACCESS(READ_WRITE), OK, true, true, false},
    {"keeper", "kv", ACCESS(UNSPECIFIED), OK, true, true, false},
    {"keeper", "kv_kvtable", ACCESS(READ), OK, true, false, false},
    {"keeper", "other", ACCESS(READ_WRITE), DENIED, false, false, false},
    {"keeper", "other_kvtable", ACCESS(READ), OK, false, false, false},
    {"keeper", "st", ACCESS(READ), DENIED, false, false, false},
    {"guest", "kv", ACCESS(READ), DENIED, false, false, false},
};

static bool allows_of(const char *token, const char *segment, enum weir_permission permission)
{
    int64_t ends_ms;

    return weir_token_check(&key, weir_view_str(token), weir_view_str(segment), permission,
                            weir_loop_wall_ms(served_loop(served)), &ends_ms) == WEIR_TOKEN_GOOD;
}

/* Goal: a right to a table is one to its segments, by both names that clients ask by, and to nothing else. */
START_TEST(tokens_of_tables)
{
    Pravega__StreamInfo info = stream_info("sc", table_cases[_i].name);
    const Pravega__DelegationToken *reply;
    char *token;

    make_stream(served, "sc", "kv", 1);
    make_table("kv");
    make_table("other");
    info.accessoperation = table_cases[_i].access;
    show(table_cases[_i].user);
    ck_assert_int_eq(code_of("getDelegationToken", &info), table_cases[_i].code);
    if (table_cases[_i].code != OK)
        return;
    reply = rpc(served, "getDelegationToken", &info, NULL);
    token = strdup(reply->delegationtoken);
    ck_assert_int_eq(allows_of(token, "sc/kv_kvtable/0.#epoch.0", WEIR_PERMISSION_READ), table_cases[_i].table_reads);
    ck_assert_int_eq(allows_of(token, "sc/kv_kvtable/0.#epoch.0", WEIR_PERMISSION_READ_UPDATE),
                     table_cases[_i].table_writes);
    ck_assert_int_eq(allows_of(token, "sc/kv/0.#epoch.0", WEIR_PERMISSION_READ), table_cases[_i].stream_reads);
    free(token);
}
END_TEST

START_TEST(calls_about_tables)
{
    Pravega__KeyValueTableInfo table = PRAVEGA__KEY_VALUE_TABLE_INFO__INIT;
    Pravega__KVTablesInScopeRequest request = PRAVEGA__KVTABLES_IN_SCOPE_REQUEST__INIT;
    Pravega__ScopeInfo scope = PRAVEGA__SCOPE_INFO__INIT;
    Pravega__StreamInfo segments = stream_info("sc", "kv_kvtable"), stream = stream_info("sc", "kv");
    Pravega__SegmentId segment = PRAVEGA__SEGMENT_ID__INIT;

    make_stream(served, "sc", "kv", 1);
    make_table("kv");
    table.scope = scope.scope = pravega_proto_str("sc");
    table.kvtname = pravega_proto_str("kv");
    request.scope = &scope;
    segment.streaminfo = &segments;
    show("keeper");
    ck_assert_int_eq(code_of("getURI", &segment), OK);
    segment.streaminfo = &stream;
    ck_assert_int_eq(code_of("getURI", &segment), DENIED);
    ck_assert_int_eq(code_of("getCurrentSegments", &segments), DENIED); /* of a stream of that name */
    ck_assert_int_eq(code_of("getKeyValueTableConfiguration", &table), OK);
    ck_assert_int_eq(code_of("getCurrentSegmentsKeyValueTable", &table), OK);
    ck_assert_uint_eq(
        ((const Pravega__KVTablesInScopeResponse *)rpc(served, "listKeyValueTablesInScope", &request, NULL))
            ->n_kvtables,
        1);
    show("reader");
    ck_assert_int_eq(code_of("getCurrentSegmentsKeyValueTable", &table), DENIED); /* upstream asks for READ_UPDATE */
    ck_assert_int_eq(code_of("deleteKeyValueTable", &table), DENIED);
    show("guest");
    ck_assert_uint_eq(
        ((const Pravega__KVTablesInScopeResponse *)rpc(served, "listKeyValueTablesInScope", &request, NULL))
            ->n_kvtables,
        0);
}
END_TEST

/* --- The segment service ---------------------------------------------------------------------------------------- */

#define SEGMENT "sc/st/0.#epoch.0"

static char *token_for(const char *resource, enum weir_permission permission, int64_t issued_ms, int64_t ttl_s)
{
    struct weir_token_claim claim = {weir_view_str(resource), permission};
    struct weir_token_key signing = {key.bytes, ttl_s};
    struct weir_buf out;

    weir_buf_init(&out, WEIR_TOKEN_LEN_MAX);
    ck_assert_int_eq(weir_token_issue(&signing, &claim, 1, issued_ms, &out), WEIR_OK);
    weir_buf_u8(&out, '\0');
    return (char *)out.ptr;
}

static int64_t wall_ms(void)
{
    return weir_loop_wall_ms(served_loop(served));
}

static void expect_refused(struct peer *peer, int32_t error_code)
{
    const struct pravega_wire_command *cmd = peer_expect(peer, PRAVEGA_WIRE_AUTH_TOKEN_CHECK_FAILED);

    ck_assert_int_eq(cmd->auth_token_check_failed.error_code, error_code);
    ck_assert_int_eq(cmd->auth_token_check_failed.request_id, 7);
}

#define SAY_ALL(peer, token_text)                                                                                      \
    do {                                                                                                               \
        struct weir_view shown = weir_view_str(token_text), of = weir_view_str(SEGMENT);                               \
        peer_say(peer, READ_SEGMENT, read_segment, .segment = of, .token = shown, .request_id = 7);                    \
        peer_say(peer, GET_STREAM_SEGMENT_INFO, get_stream_segment_info, 7, of, shown);                                \
        peer_say(peer, GET_SEGMENT_ATTRIBUTE, get_segment_attribute, 7, of, .token = shown);                           \
        SAY_CHANGES(peer, token_text);                                                                                 \
    } while (0)
#define READS 3

#define SAY_CHANGES(peer, token_text)                                                                                  \
    do {                                                                                                               \
        struct weir_view with = weir_view_str(token_text), to = weir_view_str(SEGMENT);                                \
        peer_say(peer, UPDATE_SEGMENT_ATTRIBUTE, update_segment_attribute, 7, to, .token = with);                      \
        peer_say(peer, UPDATE_SEGMENT_POLICY, update_segment_policy, 7, to, .token = with);                            \
        peer_say(peer, CREATE_SEGMENT, create_segment, 7, to, .token = with);                                          \
        peer_say(peer, CREATE_TRANSIENT_SEGMENT, create_transient_segment, 7, .parent = to, .token = with);            \
        peer_say(peer, MERGE_SEGMENTS, merge_segments, 7, to, to, .token = with);                                      \
        peer_say(peer, MERGE_SEGMENTS_BATCH, merge_segments_batch, 7, to, .token = with);                              \
        peer_say(peer, TRUNCATE_SEGMENT, truncate_segment, 7, to, .token = with);                                      \
        peer_say(peer, SEAL_SEGMENT, seal_segment, 7, to, .token = with);                                              \
        peer_say(peer, DELETE_SEGMENT, delete_segment, 7, to, .token = with);                                          \
        peer_say(peer, CREATE_TABLE_SEGMENT, create_table_segment, 7, to, .token = with);                              \
        peer_say(peer, DELETE_TABLE_SEGMENT, delete_table_segment, 7, to, .token = with);                              \
        peer_say(peer, UPDATE_TABLE_ENTRIES, update_table_entries, 7, to, .token = with);                              \
        peer_say(peer, REMOVE_TABLE_KEYS, remove_table_keys, 7, to, .token = with);                                    \
    } while (0)
#define CHANGES 13

START_TEST(without_the_right_token_nothing_is_done)
{
    struct peer *peer = peer_new(served);
    struct weir_token_key foreign = {weir_view_str("another key"), 600};
    char *others = token_for("prn::/scope:sc/stream:other", WEIR_PERMISSION_READ_UPDATE, wall_ms(), 600);
    char *reading = token_for("prn::/scope:sc/stream:st", WEIR_PERMISSION_READ, wall_ms(), 600);
    char *ended = token_for("prn::/scope:sc/stream:st", WEIR_PERMISSION_READ_UPDATE, wall_ms() - 10000, 5);
    struct weir_view kept = key.bytes;
    const char *tokens[4] = {"", "a.b.c", others, NULL};

    key.bytes = foreign.bytes;
    tokens[3] = token_for("prn::/scope:sc/stream:st", WEIR_PERMISSION_READ_UPDATE, wall_ms(), 600);
    key.bytes = kept;
    for (int i = 0; i < 4; i++) {
        SAY_ALL(peer, tokens[i]);
        peer_say(peer, SETUP_APPEND, setup_append, 7, .segment = weir_view_str(SEGMENT),
                 .token = weir_view_str(tokens[i]));
        for (int k = 0; k < READS + CHANGES + 1; k++)
            expect_refused(peer, PRAVEGA_WIRE_AUTH_CHECK_FAILED);
    }
    SAY_CHANGES(peer, reading);
    for (int k = 0; k < CHANGES; k++)
        expect_refused(peer, PRAVEGA_WIRE_AUTH_CHECK_FAILED);
    SAY_ALL(peer, ended);
    for (int k = 0; k < READS + CHANGES; k++)
        expect_refused(peer, PRAVEGA_WIRE_AUTH_EXPIRED);
    peer_say(peer, GET_STREAM_SEGMENT_INFO, get_stream_segment_info, 7, weir_view_str(SEGMENT), weir_view_str(reading));
    ck_assert(!peer_expect(peer, PRAVEGA_WIRE_STREAM_SEGMENT_INFO)->stream_segment_info.is_sealed);
    peer_say(peer, SETUP_APPEND, setup_append, 7, .segment = weir_view_str(SEGMENT), .token = weir_view_str(ended));
    peer_expect_end(peer); /* to writers the end says that a token has ended */
    peer_free(peer);
    free(others);
    free(reading);
    free(ended);
    free((char *)tokens[3]);
}
END_TEST

/* False: the token had ended when it came, on a machine that is slow. */
static bool ends_with_its_token(int64_t ttl_s)
{
    struct peer *peer = peer_new(served);
    char *ending = token_for("prn::/scope:sc/stream:st", WEIR_PERMISSION_READ_UPDATE, wall_ms(), ttl_s);
    const struct pravega_wire_command *cmd;
    bool was_let_in;

    peer_say(peer, SETUP_APPEND, setup_append, 7, {3, 4}, weir_view_str(SEGMENT), weir_view_str(ending));
    cmd = peer_take(peer);
    was_let_in = cmd != NULL && cmd->type == PRAVEGA_WIRE_APPEND_SETUP;
    if (was_let_in)
        peer_expect_end(peer);
    peer_free(peer);
    free(ending);
    return was_let_in;
}

START_TEST(a_writer_writes_until_its_token_ends)
{
    struct peer *peer = peer_new(served);
    struct weir_uuid writer = {1, 2};
    char *lasting = token_for("prn::/scope:sc/stream:st", WEIR_PERMISSION_READ_UPDATE, wall_ms(), 600);
    int64_t ttl_s = 1;

    peer_say(peer, SETUP_APPEND, setup_append, 7, writer, weir_view_str(SEGMENT), weir_view_str(lasting));
    peer_expect(peer, PRAVEGA_WIRE_APPEND_SETUP);
    peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = writer, .data = weir_view_str("event"),
             .event_count = 1, .last_event_number = 1);
    peer_expect(peer, PRAVEGA_WIRE_DATA_APPENDED);
    peer_say(peer, CREATE_TRANSIENT_SEGMENT, create_transient_segment, 7, writer, weir_view_str(SEGMENT),
             weir_view_str(lasting));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_CREATED);
    while (!ends_with_its_token(ttl_s))
        ttl_s *= 2;
    peer_free(peer);
    free(lasting);
}
END_TEST

/* --- Files that change ------------------------------------------------------------------------------------------ */

#define READ_ANEW "was read anew"

START_TEST(accounts_change_while_it_serves)
{
    Pravega__ScopesRequest request = PRAVEGA__SCOPES_REQUEST__INIT;

    show("admin");
    ck_assert_int_eq(code_of("listScopes", &request), OK);
    write_accounts("boss");
    served_await_line(served, READ_ANEW);
    ck_assert_int_eq(code_of("listScopes", &request), WEIR_GRPC_UNAUTHENTICATED); /* though it was remembered */
    show("boss");
    ck_assert_int_eq(code_of("listScopes", &request), OK);
    write_file(accounts_path, "nonsense\n", 9);
    served_await_line(served, "the old accounts stay in use");
    ck_assert_int_eq(code_of("listScopes", &request), OK);
    show("reader"); /* nobody has asked for it before: it is looked up in them */
    ck_assert_int_eq(code_of("listScopes", &request), OK);
    write_accounts("admin");
    served_await_line(served, READ_ANEW);
    show("boss");
    ck_assert_int_eq(code_of("listScopes", &request), WEIR_GRPC_UNAUTHENTICATED);
    show("admin");
    ck_assert_int_eq(code_of("listScopes", &request), OK);
}
END_TEST

/* Goal: changed files are used at once when somebody asks for it: the next look would be in an hour. */
START_TEST(files_are_read_anew_when_asked)
{
    struct weir_store_options options = {
        .auth_accounts = accounts_path, .auth_signing_key = key_path, .security_look_ms = 3600000};
    Pravega__ScopesRequest request = PRAVEGA__SCOPES_REQUEST__INIT;

    served_free(served);
    served = served_new_with(&options, NULL);
    show("boss");
    ck_assert_int_eq(code_of("listScopes", &request), WEIR_GRPC_UNAUTHENTICATED);
    write_accounts("boss");
    ck_assert_int_eq(code_of("listScopes", &request), WEIR_GRPC_UNAUTHENTICATED);
    weir_store_reload(served_store(served));
    weir_store_reload(served_store(served)); /* while it looks: it looks once more */
    served_await_line(served, READ_ANEW);
    served_await_line(served, READ_ANEW);
    ck_assert_int_eq(code_of("listScopes", &request), OK);
    show("admin");
    ck_assert_int_eq(code_of("listScopes", &request), WEIR_GRPC_UNAUTHENTICATED);
}
END_TEST

/* --- A store with certificates ---------------------------------------------------------------------------------- */

static struct weir_tls *trusting(const char *authority)
{
    struct weir_tls_options options = {.trust_store = authority};
    struct weir_tls *tls;

    ck_assert_int_eq(weir_tls_new(&options, &tls, NULL), WEIR_OK);
    return tls;
}

static struct weir_store_options tls_options(void)
{
    return (struct weir_store_options){
        .tls_certificate = certs.certificate, .tls_private_key = certs.private_key, .security_look_ms = 5};
}

static void replace(const char *from, const char *to)
{
    char text[8192];
    FILE *file = fopen(from, "r");
    size_t len = fread(text, 1, sizeof(text), file);

    fclose(file);
    write_file(to, text, len);
}

static bool asks_well(struct peer *peer)
{
    struct pravega_wire_hello hello = {PRAVEGA_WIRE_VERSION_HIGH, PRAVEGA_WIRE_VERSION_LOW};

    peer_say(peer, HELLO, hello, hello.high_version, hello.low_version);
    return peer_next(peer)->type == PRAVEGA_WIRE_HELLO;
}

/* Goal: certificates are renewed without a restart, and connections under way go on. Method: the files are replaced by
 * those of another authority; clients that trust it alone come in then, while the first one is still served. */
START_TEST(certificates_change_while_connections_live)
{
    struct weir_store_options options = tls_options();
    struct weir_tls *old_trust = trusting(certs.authority), *new_trust;
    struct tls_certs renewed;
    struct peer *first, *next;

    tls_certs_make(&renewed, "DNS:localhost,IP:127.0.0.1");
    new_trust = trusting(renewed.authority);
    served = served_new_with(&options, old_trust);
    ck_assert_ptr_nonnull(strstr(weir_store_uri(served_store(served)), "tls://127.0.0.1:"));
    make_scope(served, "sc");
    first = peer_new(served);
    ck_assert(asks_well(first));
    replace(renewed.private_key, certs.private_key); /* half of it */
    served_await_line(served, "the old certificate stays in use");
    next = peer_new(served);
    ck_assert(asks_well(next));
    peer_free(next);
    replace(renewed.certificate, certs.certificate);
    served_await_line(served, READ_ANEW);
    next = peer_new(served);
    ck_assert(!peer_is_open(next)); /* it trusts the old authority alone */
    peer_free(next);
    next = peer_new_trusting(served, new_trust);
    ck_assert(peer_is_open(next));
    ck_assert(asks_well(next));
    peer_free(next);
    ck_assert(asks_well(first));
    make_scope(served, "later"); /* over the channel that was there before */
    peer_free(first);
    served_free(served);
    weir_tls_unref(old_trust);
    weir_tls_unref(new_trust);
    tls_certs_remove(&renewed);
    remove_files();
    make_files();
}
END_TEST

/* Goal: who begins TLS and falls silent, or speaks plain, is in nobody's way. */
START_TEST(silent_handshakes_are_in_nobodys_way)
{
    struct weir_store_options options = tls_options();
    struct weir_tls *trust = trusting(certs.authority);
    struct peer *silent[100], *plain;
    struct weir_buf answer;

    served = served_new_with(&options, trust);
    for (int i = 0; i < 100; i++)
        silent[i] = peer_new_trusting(served, NULL);
    plain = peer_new_trusting(served, NULL);
    peer_say(plain, HELLO, hello, PRAVEGA_WIRE_VERSION_HIGH, PRAVEGA_WIRE_VERSION_LOW);
    make_scope(served, "sc");
    weir_buf_init(&answer, 1 << 16);
    ck_assert_int_eq(http(served, "GET /v1/scopes/sc", "", NULL, &answer), 200); /* over TLS as well */
    weir_buf_fini(&answer);
    for (int i = 0; i < 100; i++)
        peer_free(silent[i]);
    peer_free(plain);
    served_free(served);
    weir_tls_unref(trust);
}
END_TEST

static void expect_no_store(const struct weir_store_options *options, const char *words)
{
    struct weir_host *host;
    struct weir_loop *loop;
    struct weir_store *store = NULL;
    struct weir_error err = {0};
    struct weir_store_options with = *options;
    char dir[] = "/tmp/weir-security-XXXXXX", command[64];

    ck_assert_ptr_nonnull(mkdtemp(dir));
    with.data_dir = dir;
    ck_assert_int_eq(weir_host_new(NULL, &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "test", &loop, NULL), WEIR_OK);
    ck_assert_int_ne(weir_store_open(loop, &with, &store, &err), WEIR_OK);
    ck_assert_msg(strstr(err.message, words) != NULL, "%s", err.message);
    weir_loop_free(loop);
    weir_host_free(host);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
}

START_TEST(what_is_wrong_is_said_at_the_start)
{
    struct weir_store_options options = {.tls_certificate = certs.certificate};

    expect_no_store(&options, "the private key is missing");
    options.tls_private_key = certs.other_authority;
    expect_no_store(&options, certs.other_authority);
    options = (struct weir_store_options){.auth_accounts = "/nowhere/accounts"};
    expect_no_store(&options, "/nowhere/accounts");
    options.auth_accounts = certs.authority;
    expect_no_store(&options, "line 1");
    write_accounts("admin");
    options.auth_accounts = accounts_path;
    options.auth_signing_key = "/nowhere/key";
    expect_no_store(&options, "/nowhere/key");
}
END_TEST

/* --- A key of its own ------------------------------------------------------------------------------------------- */

/* Goal: without a key that was given, tokens outlive a restart all the same. */
START_TEST(its_own_key_outlives_a_restart)
{
    struct weir_store_options options = {.auth_accounts = accounts_path};
    Pravega__StreamInfo info = stream_info("sc", "st");
    struct peer *peer;
    char *token;

    write_accounts("admin");
    served = served_new_with(&options, NULL);
    show("admin");
    make_scope(served, "sc");
    make_stream(served, "sc", "st", 1);
    token = strdup(((const Pravega__DelegationToken *)rpc(served, "getDelegationToken", &info, NULL))->delegationtoken);
    served_restart(served);
    peer = peer_new(served);
    peer_say(peer, GET_STREAM_SEGMENT_INFO, get_stream_segment_info, 7, weir_view_str(SEGMENT), weir_view_str(token));
    peer_expect(peer, PRAVEGA_WIRE_STREAM_SEGMENT_INFO);
    peer_free(peer);
    served_free(served);
    free(token);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("security");
    TCase *guarded = tcase_create("accounts"), *alone = tcase_create("files");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_unchecked_fixture(guarded, make_files, remove_files);
    tcase_add_checked_fixture(guarded, setup, teardown);
    tcase_add_test(guarded, who_is_nobody_is_not_served);
    tcase_add_test(guarded, http_asks_who_it_is);
    tcase_add_test(guarded, every_call_has_a_rule);
    tcase_add_test(guarded, lists_keep_quiet_about_what_is_not_seen);
    tcase_add_loop_test(guarded, tokens_are_given_as_upstream_gives_them, 0,
                        (int)(sizeof(token_cases) / sizeof(token_cases[0])));
    tcase_add_test(guarded, calls_ask_for_what_upstreams_ask_for);
    tcase_add_loop_test(guarded, tokens_of_tables, 0, (int)(sizeof(table_cases) / sizeof(table_cases[0])));
    tcase_add_test(guarded, calls_about_tables);
    tcase_add_test(guarded, lists_show_what_the_caller_may_see);
    tcase_add_test(guarded, without_the_right_token_nothing_is_done);
    tcase_add_test(guarded, a_writer_writes_until_its_token_ends);
    tcase_add_test(guarded, accounts_change_while_it_serves);
    tcase_add_test(guarded, files_are_read_anew_when_asked);
    suite_add_tcase(suite, guarded);
    tcase_add_unchecked_fixture(alone, make_files, remove_files);
    tcase_add_test(alone, certificates_change_while_connections_live);
    tcase_add_test(alone, silent_handshakes_are_in_nobodys_way);
    tcase_add_test(alone, what_is_wrong_is_said_at_the_start);
    tcase_add_test(alone, its_own_key_outlives_a_restart);
    suite_add_tcase(suite, alone);
    tcase_set_timeout(guarded, 60);
    tcase_set_timeout(alone, 60);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? 0 : 1;
}
