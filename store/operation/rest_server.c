/*
 * rest_server.c - requests over HTTP: which handler serves which path, and how an answer leaves.
 *
 *     request --route--> LOGIN (its credentials are checked, if there are accounts) --allowed--> handler
 *     handler --query--> WAITING for a barrier --durable--> answered, freed
 *     handler --change--> a call of the controller --told--> answered, freed
 *
 * Bodies are JSON and have to say so: a page in a browser cannot make such a request of another site's without asking
 * first, which is answered with 405.
 */
#include "store/operation/rest_server.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/operation/rest_int.h"
#include "store/operation/store_metrics.h"

#define ANSWER_LEN_MAX ((size_t)64 << 20)

/* --- Calls -------------------------------------------------------------------------------------------------------- */

static void call_free(struct weir_rest_call *call)
{
    *call->link = call->next;
    if (call->next != NULL)
        call->next->link = call->link;
    weir_access_cancel(&call->login);
    if (call->work != NULL)
        call->drop_work(call->work);
    json_decref(call->in);
    json_decref(call->out);
    free(call);
}

static int append_text(const char *text, size_t len, void *arg)
{
    struct weir_buf *buf = arg;

    weir_buf_append(buf, text, len);
    return buf->status == WEIR_OK ? 0 : -1;
}

static void answer_now(struct weir_rest_call *call)
{
    struct weir_http_answer answer = {.status = call->status};
    struct weir_buf text;

    weir_buf_init(&text, ANSWER_LEN_MAX);
    if (call->out != NULL) {
        if (json_dump_callback(call->out, append_text, &text, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
            answer.status = WEIR_HTTP_INTERNAL_SERVER_ERROR; /* larger than what is sent, or no memory */
        else
            answer.content_type = "application/json";
    }
    if (answer.content_type != NULL)
        answer.body = weir_buf_view(&text);
    weir_http_answer(call->request, &answer);
    weir_buf_fini(&text);
    call_free(call);
}

void weir_rest_refuse(struct weir_rest_call *call, enum weir_http_status status, const char *words)
{
    weir_http_refuse(call->request, status, words);
    call_free(call);
}

static void query_done(struct weir_store_op *op)
{
    struct weir_rest_call *call = (struct weir_rest_call *)op;

    if (op->status == WEIR_OK)
        answer_now(call);
    else
        weir_rest_refuse(call, WEIR_HTTP_SERVICE_UNAVAILABLE, "the store has stopped because of its disk");
}

/* False, and it is refused: there was no memory for the answer. */
static bool take_answer(struct weir_rest_call *call, enum weir_http_status status, json_t *out)
{
    call->status = status;
    call->out = out;
    if (out == NULL)
        weir_rest_refuse(call, WEIR_HTTP_SERVICE_UNAVAILABLE, "the store is out of memory");
    return out != NULL;
}

void weir_rest_answer(struct weir_rest_call *call, enum weir_http_status status, json_t *out)
{
    if (!take_answer(call, status, out))
        return;
    if (weir_container_full(call->rest->parts.ctr)) { /* the barrier may wait for days */
        weir_rest_refuse(call, WEIR_HTTP_INSUFFICIENT_STORAGE, "the answer waits for space on the store's disk");
        return;
    }
    call->op.done = query_done;
    weir_container_barrier(call->rest->parts.ctr, &call->op);
}

void weir_rest_answer_now(struct weir_rest_call *call, enum weir_http_status status, json_t *out)
{
    if (take_answer(call, status, out))
        answer_now(call);
}

/* --- Changes ------------------------------------------------------------------------------------------------------ */

static enum weir_http_status status_of_code(enum weir_grpc_code code)
{
    switch (code) {
    case WEIR_GRPC_UNAVAILABLE:
        return WEIR_HTTP_SERVICE_UNAVAILABLE;
    case WEIR_GRPC_RESOURCE_EXHAUSTED:
        return WEIR_HTTP_INSUFFICIENT_STORAGE;
    case WEIR_GRPC_UNIMPLEMENTED:
        return WEIR_HTTP_NOT_IMPLEMENTED;
    case WEIR_GRPC_NOT_FOUND:
        return WEIR_HTTP_NOT_FOUND;
    default:
        return WEIR_HTTP_INTERNAL_SERVER_ERROR;
    }
}

/* The field "status" that the replies of all changes have; -1 if this is no such reply. */
static int reply_status(const char *name, struct weir_view reply)
{
    char path[sizeof(PRAVEGA_CONTROLLER_PATH) + 64];
    const ProtobufCMethodDescriptor *method;
    const ProtobufCFieldDescriptor *field;
    ProtobufCMessage *message = NULL;
    int status = -1;

    snprintf(path, sizeof(path), "%s%s", PRAVEGA_CONTROLLER_PATH, name);
    method = pravega_proto_method(path);
    field = protobuf_c_message_descriptor_get_field_by_name(method->output, "status");
    if (field != NULL && pravega_proto_unpack(method->output, reply, &message, NULL) == WEIR_OK)
        status = *(const int *)((const char *)message + field->offset);
    pravega_proto_free(message);
    return status;
}

/* A call of the controller has ended. */
static void told(void *asker, enum weir_grpc_code code, struct weir_view reply, const char *words)
{
    struct weir_rest_call *call = asker;
    int status;

    if (code != WEIR_GRPC_OK) {
        weir_rest_refuse(call, status_of_code(code), words);
        return;
    }
    status = reply_status(call->reply, reply);
    if (status == 0) {
        call->status = call->outcomes[0];
        answer_now(call);
    } else if (status > 0 && (size_t)status < call->outcome_count) {
        weir_rest_refuse(call, call->outcomes[status], NULL);
    } else {
        weir_rest_refuse(call, WEIR_HTTP_INTERNAL_SERVER_ERROR, NULL);
    }
}

void weir_rest_change(struct weir_rest_call *call, const char *name, const void *message,
                      const enum weir_http_status *outcomes, size_t outcome_count, json_t *out)
{
    call->out = out;
    if (out == NULL && outcomes[0] != WEIR_HTTP_NO_CONTENT) {
        weir_rest_refuse(call, WEIR_HTTP_SERVICE_UNAVAILABLE, "the store is out of memory");
        return;
    }
    call->reply = name;
    call->outcomes = outcomes;
    call->outcome_count = outcome_count;
    weir_controller_call(call->rest->parts.ctl, name, message, told, call);
}

bool weir_rest_query(const struct weir_rest_call *call, const char *name, char *out, size_t cap)
{
    struct weir_view value;

    return weir_http_query_find(weir_http_request_message(call->request)->query, name, &value) &&
           weir_http_decode(value, true, out, cap) >= 0;
}

/* --- Texts that are not JSON -------------------------------------------------------------------------------------- */

static void ping(struct weir_rest_call *call)
{
    call->status = WEIR_HTTP_OK;
    answer_now(call);
}

static void metrics(struct weir_rest_call *call)
{
    struct weir_http_answer answer = {.status = WEIR_HTTP_OK, .content_type = "text/plain; version=0.0.4"};
    struct weir_buf text;

    weir_buf_init(&text, ANSWER_LEN_MAX);
    weir_store_metrics_report(call->rest->parts.metrics, &text);
    answer.body = weir_buf_view(&text);
    if (text.status == WEIR_OK)
        weir_http_answer(call->request, &answer);
    else
        weir_http_refuse(call->request, WEIR_HTTP_SERVICE_UNAVAILABLE, "the store is out of memory");
    weir_buf_fini(&text);
    call_free(call);
}

/* --- Routes ------------------------------------------------------------------------------------------------------- */

/* The rights are those that Pravega's API asks for. */
#define NEEDS(kind, permission) WEIR_RESOURCE_##kind, WEIR_PERMISSION_##permission
#define OPEN WEIR_RESOURCE_ROOT, WEIR_PERMISSION_NONE

static const struct weir_rest_route {
    enum weir_http_method method;
    const char *path; /* "*" is any name */
    weir_rest_fn *serve;
    enum weir_resource_kind kind; /* of the path's names */
    enum weir_permission permission;
} routes[] = {
    {WEIR_HTTP_GET, "v1/scopes", weir_rest_list_scopes, NEEDS(ROOT, READ)},
    {WEIR_HTTP_POST, "v1/scopes", weir_rest_create_scope, NEEDS(ROOT, READ_UPDATE)},
    {WEIR_HTTP_GET, "v1/scopes/*", weir_rest_get_scope, NEEDS(SCOPE, READ)},
    {WEIR_HTTP_DELETE, "v1/scopes/*", weir_rest_delete_scope, NEEDS(ROOT, READ_UPDATE)},
    {WEIR_HTTP_GET, "v1/scopes/*/streams", weir_rest_list_streams, NEEDS(SCOPE, READ)},
    {WEIR_HTTP_POST, "v1/scopes/*/streams", weir_rest_create_stream, NEEDS(SCOPE, READ_UPDATE)},
    {WEIR_HTTP_GET, "v1/scopes/*/streams/*", weir_rest_get_stream, NEEDS(STREAM, READ)},
    {WEIR_HTTP_PUT, "v1/scopes/*/streams/*", weir_rest_update_stream, NEEDS(STREAM, READ_UPDATE)},
    {WEIR_HTTP_DELETE, "v1/scopes/*/streams/*", weir_rest_delete_stream, NEEDS(STREAM, READ_UPDATE)},
    {WEIR_HTTP_PUT, "v1/scopes/*/streams/*/state", weir_rest_update_stream_state, NEEDS(STREAM, READ_UPDATE)},
    {WEIR_HTTP_GET, "v1/scopes/*/streams/*/scaling-events", weir_rest_get_scaling_events, NEEDS(STREAM, READ)},
    {WEIR_HTTP_GET, "v1/scopes/*/readergroups", weir_rest_list_reader_groups, NEEDS(SCOPE, READ)},
    {WEIR_HTTP_GET, "v1/scopes/*/readergroups/*", weir_rest_get_reader_group, NEEDS(READER_GROUP, READ)},
    {WEIR_HTTP_DELETE, "v1/scopes/*/readergroups/*", weir_rest_delete_reader_group, NEEDS(READER_GROUP, READ_UPDATE)},
    {WEIR_HTTP_GET, "v1/health", weir_rest_health, OPEN},
    {WEIR_HTTP_GET, "v1/health/details", weir_rest_health_details, NEEDS(ROOT, READ_UPDATE)},
    {WEIR_HTTP_GET, "v1/health/details/*", weir_rest_health_details, NEEDS(ROOT, READ_UPDATE)},
    {WEIR_HTTP_GET, "v1/health/*", weir_rest_health_part, OPEN},
    {WEIR_HTTP_GET, "v1/health/*/*", weir_rest_health_part, OPEN},
    {WEIR_HTTP_GET, "prometheus", metrics, OPEN},
    {WEIR_HTTP_GET, "metrics", metrics, OPEN},
    {WEIR_HTTP_GET, "ping", ping, OPEN},
};
#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

/* Takes the text before the next '/' from the front; false at the end. */
static bool take_part(struct weir_view *path, struct weir_view *part)
{
    const uint8_t *slash;

    if (path->len == 0)
        return false;
    slash = memchr(path->ptr, '/', path->len);
    *part = weir_view(path->ptr, slash != NULL ? (size_t)(slash - path->ptr) : path->len);
    path->ptr += part->len + (slash != NULL);
    path->len -= part->len + (slash != NULL);
    return true;
}

/* Whether the path is the pattern's; its names go into the call. A name that is none fits nothing. */
static bool matches(struct weir_rest_call *call, const char *pattern, struct weir_view path)
{
    struct weir_view left = weir_view_str(pattern), word, part;
    size_t name_count = 0;

    call->names[0][0] = call->names[1][0] = '\0';
    while (take_part(&left, &word)) {
        if (!take_part(&path, &part))
            return false;
        if (word.ptr[0] != '*' && !weir_view_equal(word, part))
            return false;
        if (word.ptr[0] == '*' &&
            weir_http_decode(part, false, call->names[name_count++], sizeof(call->names[0])) <= 0)
            return false;
    }
    return path.len == 0;
}

static const char *const method_names[] = {
    [WEIR_HTTP_GET] = "GET, HEAD", [WEIR_HTTP_POST] = "POST", [WEIR_HTTP_PUT] = "PUT", [WEIR_HTTP_DELETE] = "DELETE"};

/* The path has no such method: 405 with those that it has; or no path of that name: 404. */
static void refuse_route(struct weir_rest_call *call, struct weir_view path)
{
    struct weir_http_header allow = {.name = weir_view_str("Allow")};
    struct weir_http_answer answer = {
        .status = WEIR_HTTP_METHOD_NOT_ALLOWED, .headers = &allow, .header_count = 1};
    char methods[64] = "";

    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        size_t len = strlen(methods);

        if (matches(call, routes[i].path, path) && strstr(methods, method_names[routes[i].method]) == NULL)
            snprintf(methods + len, sizeof(methods) - len, "%s%s", len > 0 ? ", " : "", method_names[routes[i].method]);
    }
    if (methods[0] == '\0') {
        weir_rest_refuse(call, WEIR_HTTP_NOT_FOUND, NULL);
        return;
    }
    allow.value = weir_view_str(methods);
    weir_http_answer(call->request, &answer);
    call_free(call);
}

/* "application/json", whatever parameters it has. */
static bool says_json(struct weir_view type)
{
    static const char json[] = "application/json";
    size_t len = sizeof(json) - 1;

    return type.len >= len && weir_http_name_equal(weir_view(type.ptr, len), json) &&
           (type.len == len || type.ptr[len] == ';' || type.ptr[len] == ' ');
}

static void serve_route(struct weir_rest_call *call)
{
    const struct weir_http_message *message = weir_http_request_message(call->request);
    const struct weir_rest_route *route = call->route;

    if (route->method == WEIR_HTTP_POST || route->method == WEIR_HTTP_PUT) {
        if (!says_json(weir_http_header(message, "content-type"))) {
            weir_rest_refuse(call, WEIR_HTTP_UNSUPPORTED_MEDIA_TYPE, "the body has to be application/json");
            return;
        }
        call->in = json_loadb((const char *)message->body.ptr, message->body.len, 0, NULL);
        if (!json_is_object(call->in)) {
            weir_rest_refuse(call, WEIR_HTTP_BAD_REQUEST, "the body is no JSON object");
            return;
        }
    }
    route->serve(call);
}

/* --- Who may ------------------------------------------------------------------------------------------------------ */

static enum weir_permission permission_of(const struct weir_rest_call *call, enum weir_resource_kind kind,
                                          const char *scope, const char *name)
{
    struct weir_resource resource;

    if (!weir_resource_make(&resource, kind, weir_view_str(scope), weir_view_str(name)))
        return WEIR_PERMISSION_NONE;
    return weir_access_permission(call->login.account, weir_resource_view(&resource));
}

bool weir_rest_sees(const struct weir_rest_call *call, enum weir_resource_kind kind, const char *scope,
                    const char *name)
{
    return call->rest->parts.access == NULL || permission_of(call, kind, scope, name) >= WEIR_PERMISSION_READ;
}

static void refuse_stranger(struct weir_rest_call *call)
{
    static const char words[] = "show the credentials of an account\n";
    struct weir_http_header challenge = {weir_view_str("WWW-Authenticate"), weir_view_str("Basic realm=\"pravega\"")};
    struct weir_http_answer answer = {.status = WEIR_HTTP_UNAUTHORIZED,
                                      .content_type = "text/plain; charset=utf-8",
                                      .body = weir_view(words, sizeof(words) - 1),
                                      .headers = &challenge,
                                      .header_count = 1};

    weir_http_answer(call->request, &answer);
    call_free(call);
}

static void login_told(struct weir_login *login)
{
    struct weir_rest_call *call = (struct weir_rest_call *)((char *)login - offsetof(struct weir_rest_call, login));
    const struct weir_rest_route *route = call->route;

    if (login->status == WEIR_E_LIMIT || login->status == WEIR_E_NOMEM)
        weir_rest_refuse(call, WEIR_HTTP_TOO_MANY_REQUESTS, "too many credentials wait to be checked; try again");
    else if (login->status != WEIR_OK || login->account == NULL)
        refuse_stranger(call);
    else if (permission_of(call, route->kind, call->names[0], call->names[1]) < route->permission)
        weir_rest_refuse(call, WEIR_HTTP_FORBIDDEN, "the account has no right to it");
    else
        serve_route(call);
}

static void log_in(struct weir_rest_call *call)
{
    struct weir_view value = weir_http_header(weir_http_request_message(call->request), "authorization");
    char *authorization = value.ptr != NULL ? strndup((const char *)value.ptr, value.len) : NULL;
    enum weir_status status;

    call->login.done = login_told;
    status = weir_access_login(call->rest->parts.access, authorization, &call->login);
    free(authorization);
    if (status == WEIR_E_AGAIN)
        return;
    call->login.status = status;
    login_told(&call->login);
}

/* --- Requests ----------------------------------------------------------------------------------------------------- */

static void serve(void *arg, struct weir_http_request *request)
{
    struct weir_rest_server *rest = arg;
    const struct weir_http_message *message = weir_http_request_message(request);
    struct weir_rest_call *call = calloc(1, sizeof(*call));
    enum weir_http_method method = message->method == WEIR_HTTP_HEAD ? WEIR_HTTP_GET : message->method;
    struct weir_view path = weir_view(message->path.ptr + 1, message->path.len - 1);

    if (call == NULL) {
        weir_http_refuse(request, WEIR_HTTP_SERVICE_UNAVAILABLE, "the store is out of memory");
        return;
    }
    call->rest = rest;
    call->request = request;
    call->next = rest->calls;
    call->link = &rest->calls;
    if (call->next != NULL)
        call->next->link = &call->next;
    rest->calls = call;
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (routes[i].method == method && matches(call, routes[i].path, path)) {
            call->route = &routes[i];
            if (rest->parts.access == NULL || routes[i].permission == WEIR_PERMISSION_NONE)
                serve_route(call);
            else
                log_in(call);
            return;
        }
    }
    refuse_route(call, path);
}

/* --- The server --------------------------------------------------------------------------------------------------- */

enum weir_status weir_rest_server_new(struct weir_loop *loop, const struct weir_target *at,
                                      const struct weir_rest_parts *parts, struct weir_rest_server **out,
                                      struct weir_error *err)
{
    struct weir_rest_server *rest = calloc(1, sizeof(*rest));
    struct weir_http_server_options options = {
        .listen = *at, .serve = serve, .arg = rest, .answer_len_max = ANSWER_LEN_MAX,
        .connection_max = parts->connection_max, .room = parts->room};
    enum weir_status status;

    if (rest == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for the management API");
    rest->loop = loop;
    rest->parts = *parts;
    status = weir_http_server_new(loop, &options, &rest->http, err);
    if (status != WEIR_OK) {
        free(rest);
        return status;
    }
    *out = rest;
    return WEIR_OK;
}

void weir_rest_server_free(struct weir_rest_server *rest)
{
    if (rest == NULL)
        return;
    while (rest->calls != NULL) {
        weir_store_op_cancel(&rest->calls->op);
        weir_rest_refuse(rest->calls, WEIR_HTTP_SERVICE_UNAVAILABLE, "the store is closing");
    }
    weir_http_server_free(rest->http);
    free(rest);
}

uint16_t weir_rest_server_port(const struct weir_rest_server *rest)
{
    return weir_http_server_port(rest->http);
}

void weir_rest_server_stats(const struct weir_rest_server *rest, struct weir_http_server_stats *out)
{
    weir_http_server_stats(rest->http, out);
}
