/*
 * controller.c - one call to the controller: attempts, waits between them, and the end.
 *
 *     IDLE --start--> ATTEMPT --answer, or an error that is final--> IDLE (callback)
 *                     ATTEMPT --an error that can pass--> WAIT --timer--> ATTEMPT
 *     IDLE --start failed (names, memory)--> WAIT --timer--> IDLE (callback)
 *
 * An attempt goes to the controller that the client is at. One that cannot be reached gives way to the next in the URI,
 * for every call of the client. Where nobody listens, waiting through the whole backoff would hide a wrong URI or a
 * controller that was never started: such a call ends after some seconds, and says what to do.
 */
#include "pravega/controller_int.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* Upstream's ControllerImplConfig. */
#define ATTEMPTS_MAX 10
#define BACKOFF_MIN_MS 1
#define BACKOFF_MULTIPLE 10
#define BACKOFF_MAX_MS 20000

/* No controller there: how long to go on if no controller has ever answered, if one has (it may be starting again), and
 * how long to wait between two attempts at most. */
#define ABSENT_NEW_NS (3 * WEIR_NS_PER_S)
#define ABSENT_KNOWN_NS (30 * WEIR_NS_PER_S)
#define ABSENT_WAIT_MAX_NS (1 * WEIR_NS_PER_S)

/* gRPC's codes: whether upstream tries again after them, and what they say when nothing follows. */
static const struct code {
    bool retried;
    const char *words;
} codes[] = {
    [WEIR_GRPC_OK] = {false, "ok"},
    [WEIR_GRPC_CANCELLED] = {true, "the controller cancelled it"},
    [WEIR_GRPC_UNKNOWN] = {true, "the controller failed"},
    [WEIR_GRPC_INVALID_ARGUMENT] = {false, "the controller does not take these arguments"},
    [WEIR_GRPC_DEADLINE_EXCEEDED] = {true, "no answer in time"},
    [WEIR_GRPC_NOT_FOUND] = {false, "it does not exist"},
    [WEIR_GRPC_ALREADY_EXISTS] = {false, "it exists already"},
    [WEIR_GRPC_PERMISSION_DENIED] = {false, "these credentials do not allow it"},
    [WEIR_GRPC_RESOURCE_EXHAUSTED] = {true, "over a limit of the controller"},
    [WEIR_GRPC_FAILED_PRECONDITION] = {true, "in conflict with another change"},
    [WEIR_GRPC_ABORTED] = {true, "in conflict with another change"},
    [WEIR_GRPC_OUT_OF_RANGE] = {false, "out of range"},
    [WEIR_GRPC_UNIMPLEMENTED] = {false, "this controller cannot do it"},
    [WEIR_GRPC_INTERNAL] = {true, "the controller failed"},
    [WEIR_GRPC_UNAVAILABLE] = {true, "the controller cannot be reached"},
    [WEIR_GRPC_DATA_LOSS] = {true, "the controller lost data"},
    [WEIR_GRPC_UNAUTHENTICATED] = {false, "the controller does not accept these credentials"},
};

static const struct code *code_row(enum weir_grpc_code code)
{
    size_t at = (size_t)code;

    return &codes[at < sizeof(codes) / sizeof(codes[0]) ? at : WEIR_GRPC_UNKNOWN];
}

/* ---- the end of a call */

static void give_back(struct pravega_call *call)
{
    if (call->controller != NULL)
        pravega_controller_give_back(call->controller);
    call->controller = NULL;
}

/* The call is idle after this; what its callback needs has been taken out. */
static void release(struct pravega_call *call)
{
    struct pravega_client *client = call->client;

    weir_timer_stop(client->loop, &call->timer);
    if (call->grpc != NULL)
        weir_grpc_cancel(call->grpc);
    give_back(call);
    free(call->request);
    free(call->subject);
    *call = (struct pravega_call){0};
}

void pravega_call_cancel(struct pravega_call *call)
{
    if (pravega_call_busy(call))
        release(call);
}

static void end_call(struct pravega_call *call, enum weir_status status, const ProtobufCMessage *reply)
{
    const struct pravega_rpc *rpc = call->rpc;
    struct pravega_end end = {call->done, call->arg, status, call->why};

    release(call);
    rpc->finish(&end, reply);
}

/* The field of a reply whose value is looked up in rpc->outcomes. */
static int32_t status_field(const ProtobufCMessage *reply)
{
    const ProtobufCFieldDescriptor *field;

    field = protobuf_c_message_descriptor_get_field_by_name(reply->descriptor, "status");
    if (field == NULL)
        field = protobuf_c_message_descriptor_get_field_by_name(reply->descriptor, "result");
    assert(field != NULL && field->type == PROTOBUF_C_TYPE_ENUM);
    return *(const int32_t *)((const char *)reply + field->offset);
}

/* What the status field of a reply says. */
static enum weir_status judge(struct pravega_call *call, const ProtobufCMessage *reply)
{
    const struct pravega_rpc *rpc = call->rpc;
    int32_t value;

    if (rpc->outcomes == NULL)
        return WEIR_OK;
    value = status_field(reply);
    if (value < 0 || (size_t)value >= rpc->outcome_count)
        return weir_fail(&call->why, WEIR_E_PROTO, "cannot %s %s: the controller answered status %d, which is none",
                         rpc->verb, call->subject, value);
    if (rpc->outcomes[value].words != NULL)
        weir_fail(&call->why, rpc->outcomes[value].status, "cannot %s %s: %s", rpc->verb, call->subject,
                  rpc->outcomes[value].words);
    return rpc->outcomes[value].status;
}

static const ProtobufCMethodDescriptor *method_of(const struct pravega_rpc *rpc)
{
    const ProtobufCMethodDescriptor *method =
        protobuf_c_service_descriptor_get_method_by_name(&pravega__controller_service__descriptor, rpc->name);

    assert(method != NULL);
    return method;
}

static void end_with_reply(struct pravega_call *call, struct weir_view bytes)
{
    ProtobufCMessage *reply = NULL;
    enum weir_status status = pravega_proto_unpack(method_of(call->rpc)->output, bytes, &reply, &call->why);

    if (status == WEIR_OK)
        status = judge(call, reply);
    end_call(call, status, status == WEIR_OK ? reply : NULL);
    pravega_proto_free(reply);
}

/* ---- attempts */

static void attempt(struct pravega_call *call);

/* True if no controller is there: nobody listens, no such host, no TLS with it. (Lost connections and controllers that
 * say UNAVAILABLE themselves are CLOSED, silence is TIMEOUT.) */
static bool is_absent(enum weir_grpc_code code, const struct weir_error *why)
{
    return code == WEIR_GRPC_UNAVAILABLE && why->status != WEIR_E_CLOSED && why->status != WEIR_E_TIMEOUT;
}

/* The status of a controller that cannot be reached. A host that is not found must not look like a stream that is not.
 */
static enum weir_status unreachable_status(const struct weir_error *why)
{
    switch (why->status) {
    case WEIR_E_AUTH:
    case WEIR_E_PROTO:
    case WEIR_E_NOMEM:
        return why->status;
    case WEIR_E_REFUSED:
    case WEIR_E_NOT_FOUND:
        return WEIR_E_REFUSED;
    default:
        return WEIR_E_CLOSED;
    }
}

/* Words the failure of the last attempt, which nothing follows. */
static void word_failure(struct pravega_call *call, enum weir_grpc_code code, const struct weir_error *why)
{
    const char *uri = call->client->uri, *verb = call->rpc->verb, *words = code_row(code)->words;

    if (code == WEIR_GRPC_UNAVAILABLE && why->status == WEIR_E_REFUSED)
        weir_fail(&call->why, WEIR_E_REFUSED,
                  "cannot reach a Pravega controller at %s (connection refused): is it running? start one with \"weir "
                  "store\", or set --controller or PRAVEGA_CONTROLLER_URI",
                  uri);
    else if (code == WEIR_GRPC_UNAVAILABLE && why->status == WEIR_E_PROTO)
        weir_fail(&call->why, WEIR_E_PROTO, "cannot speak with a Pravega controller at %s: %s; %s", uri, why->message,
                  call->client->tls != NULL ? "if it does not speak TLS, begin the URI with tcp://"
                                            : "if it speaks TLS, begin the URI with tls://");
    else if (code == WEIR_GRPC_UNAVAILABLE)
        weir_fail(&call->why, unreachable_status(why), "cannot reach the Pravega controller at %s: %s", uri,
                  why->message);
    else if (code == WEIR_GRPC_DEADLINE_EXCEEDED)
        weir_fail(&call->why, why->status, "cannot %s %s: no answer from the Pravega controller at %s within %lld ms",
                  verb, call->subject, uri, (long long)call->client->rpc_timeout_ms);
    else if (code == WEIR_GRPC_NOT_FOUND)
        weir_fail(&call->why, why->status, "cannot %s %s: %s", verb, call->subject, words);
    else
        weir_fail(&call->why, why->status, "cannot %s %s: %s (%s)", verb, call->subject, words, why->message);
}

/* How long to wait before the next attempt; false if there is to be none. */
static bool next_wait(struct pravega_call *call, bool absent, int64_t *wait_ns)
{
    int64_t now_ns = weir_loop_now_ns(call->client->loop);
    int64_t patience_ns = call->client->controller_reached ? ABSENT_KNOWN_NS : ABSENT_NEW_NS;

    *wait_ns = call->backoff_ms * WEIR_NS_PER_MS;
    if (!absent) {
        call->absent = false;
        if (--call->attempts_left == 0)
            return false;
    } else {
        if (!call->absent)
            call->absent_since_ns = now_ns;
        call->absent = true;
        if (now_ns - call->absent_since_ns >= patience_ns)
            return false;
        if (*wait_ns > ABSENT_WAIT_MAX_NS)
            *wait_ns = ABSENT_WAIT_MAX_NS;
        if (*wait_ns > call->absent_since_ns + patience_ns - now_ns)
            *wait_ns = call->absent_since_ns + patience_ns - now_ns;
    }
    return now_ns + *wait_ns < call->deadline_ns;
}

static void retry_later(struct pravega_call *call, int64_t wait_ns)
{
    call->backoff_ms *= BACKOFF_MULTIPLE;
    if (call->backoff_ms > BACKOFF_MAX_MS)
        call->backoff_ms = BACKOFF_MAX_MS;
    weir_timer_start(call->client->loop, &call->timer, wait_ns);
}

static bool retried(const struct pravega_call *call, enum weir_grpc_code code)
{
    return code_row(code)->retried && (call->rpc->final_codes & 1u << code) == 0;
}

static void on_answer(void *arg, enum weir_grpc_code code, struct weir_view reply, const struct weir_error *why)
{
    struct pravega_call *call = arg;
    int64_t wait_ns;

    call->grpc = NULL;
    if (code == WEIR_GRPC_OK) {
        call->client->controller_reached = true;
        end_with_reply(call, reply);
        return;
    }
    if (code == WEIR_GRPC_UNAVAILABLE || code == WEIR_GRPC_DEADLINE_EXCEEDED)
        pravega_controller_leave(call->controller);
    else
        call->client->controller_reached = true;
    give_back(call);
    if (code == WEIR_GRPC_UNAUTHENTICATED && !call->renewed && pravega_credentials_renew(&call->client->credentials)) {
        call->renewed = true;
        retry_later(call, 0);
        return;
    }
    if (!retried(call, code) || !next_wait(call, is_absent(code, why), &wait_ns)) {
        word_failure(call, code, why);
        end_call(call, call->why.status, NULL);
        return;
    }
    weir_log_debug(weir_loop_log(call->client->loop), "pravega", "%s of %s: %s; again in %lld ms", call->rpc->name,
                   call->subject, why->message, (long long)(wait_ns / WEIR_NS_PER_MS));
    retry_later(call, wait_ns);
}

/* A controller that is silent leaves half of the time for the others. */
static int64_t attempt_ms(const struct pravega_call *call)
{
    int64_t left_ms = (call->deadline_ns - weir_loop_now_ns(call->client->loop)) / WEIR_NS_PER_MS;

    if (pravega_controllers_count(call->client->controllers) > 1)
        left_ms /= 2;
    if (left_ms > INT32_MAX)
        left_ms = INT32_MAX; /* as long as base/grpc.h can wait */
    return left_ms > 0 ? left_ms : 1;
}

/* Credentials that a function gives can differ from call to call. */
static enum weir_status show_credentials(struct pravega_call *call, struct weir_grpc_channel *channel)
{
    struct weir_error err = {0};
    const char *header = NULL;
    enum weir_status status = pravega_credentials_header(&call->client->credentials, &header, &err);

    if (status == WEIR_OK)
        status = weir_grpc_channel_authorize(channel, header, &err);
    if (status != WEIR_OK)
        weir_fail(&call->why, status, "cannot %s %s: %s", call->rpc->verb, call->subject, err.message);
    return status;
}

static void attempt(struct pravega_call *call)
{
    struct pravega_client *client = call->client;
    struct weir_grpc_channel *channel;
    char path[128];
    enum weir_status status;

    snprintf(path, sizeof(path), "%s%s", PRAVEGA_CONTROLLER_PATH, call->rpc->name);
    call->controller = pravega_controllers_take(client->controllers);
    channel = pravega_controller_channel(call->controller);
    status = show_credentials(call, channel);
    if (status == WEIR_OK)
        status = weir_grpc_call(channel, path, weir_view(call->request, call->request_len), attempt_ms(call), on_answer,
                                call, &call->grpc, &call->why);
    if (status != WEIR_OK)
        weir_timer_start(client->loop, &call->timer, 0);
}

static void on_timer(void *arg)
{
    struct pravega_call *call = arg;

    if (call->request == NULL || call->why.status != WEIR_OK)
        end_call(call, call->why.status, NULL);
    else
        attempt(call);
}

/* ---- the start of a call */

static void prepare(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                    void (*done)(void), void *arg)
{
    assert(!pravega_call_busy(call));
    *call = (struct pravega_call){.client = client,
                                  .rpc = rpc,
                                  .done = done,
                                  .arg = arg,
                                  .timer = {.fn = on_timer, .arg = call},
                                  .attempts_left = ATTEMPTS_MAX,
                                  .backoff_ms = BACKOFF_MIN_MS};
    call->deadline_ns = weir_loop_now_ns(client->loop) + client->rpc_timeout_ms * WEIR_NS_PER_MS;
}

void pravega_call_start(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                        const ProtobufCMessage *request, void (*done)(void), void *arg, const char *subject, ...)
{
    va_list args;
    int len;

    prepare(call, client, rpc, done, arg);
    assert(request->descriptor == method_of(rpc)->input);
    va_start(args, subject);
    len = vasprintf(&call->subject, subject, args);
    va_end(args);
    if (len < 0) {
        call->subject = NULL;
        weir_fail(&call->why, WEIR_E_NOMEM, "out of memory for a call to the controller");
    } else if (pravega_proto_pack(request, &call->request, &call->request_len, &call->why) == WEIR_OK) {
        attempt(call);
        return;
    }
    weir_timer_start(client->loop, &call->timer, 0);
}

void pravega_call_reject(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                         const struct weir_error *why, void (*done)(void), void *arg)
{
    prepare(call, client, rpc, done, arg);
    call->why = *why;
    weir_timer_start(client->loop, &call->timer, 0);
}

/* An empty name makes a real controller fail in a way that is retried for minutes. */
static bool name_fits(const char *name)
{
    return name != NULL && name[0] != '\0' && strlen(name) <= PRAVEGA_NAME_LEN_MAX;
}

void pravega_call_start_named(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                              const char *kind, const struct pravega_stream_name *name, const char *part,
                              const ProtobufCMessage *request, void (*done)(void), void *arg)
{
    struct weir_error why;

    if (name_fits(name->scope) && name_fits(name->stream)) {
        pravega_call_start(call, client, rpc, request, done, arg, "%s%s%s %s/%s", part != NULL ? part : "",
                           part != NULL ? " of " : "", kind, name->scope, name->stream);
        return;
    }
    weir_fail(&why, WEIR_E_INVAL, "cannot %s a %s: scope and %s need names of 1 to %d bytes", rpc->verb, kind, kind,
              PRAVEGA_NAME_LEN_MAX);
    pravega_call_reject(call, client, rpc, &why, done, arg);
}

void pravega_call_start_stream(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                               const struct pravega_stream_name *stream, const char *part,
                               const ProtobufCMessage *request, void (*done)(void), void *arg)
{
    pravega_call_start_named(call, client, rpc, "stream", stream, part, request, done, arg);
}

void pravega_call_start_scope(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                              const char *scope, const ProtobufCMessage *request, void (*done)(void), void *arg)
{
    struct weir_error why;

    if (name_fits(scope)) {
        pravega_call_start(call, client, rpc, request, done, arg, "scope %s", scope);
        return;
    }
    weir_fail(&why, WEIR_E_INVAL, "cannot %s a scope: it needs a name of 1 to %d bytes", rpc->verb,
              PRAVEGA_NAME_LEN_MAX);
    pravega_call_reject(call, client, rpc, &why, done, arg);
}
