/*
 * grpc_answer.c - what a server says to a call, and what that amounts to: gRPC's code with the message, or the words
 * for what went wrong. It may break off, answer as a web server does, or refuse a call that it never looked at.
 */
#include <string.h>

#include "base/grpc_client_int.h"

static struct weir_grpc_call *call_of(struct weir_http2_stream *stream)
{
    return (struct weir_grpc_call *)stream; /* its first member */
}

static bool view_is(struct weir_view view, const char *text)
{
    return weir_view_equal(view, weir_view_str(text));
}

void weir_grpc_on_header(void *arg, struct weir_http2_stream *stream, struct weir_view name, struct weir_view value)
{
    struct weir_grpc_call *call = call_of(stream);

    (void)arg;
    if (view_is(name, ":status") && value.len == 3) {
        call->http_status = (value.ptr[0] - '0') * 100 + (value.ptr[1] - '0') * 10 + (value.ptr[2] - '0');
    } else if (view_is(name, "content-type")) {
        call->is_grpc = value.len >= 16 && memcmp(value.ptr, "application/grpc", 16) == 0;
    } else if (view_is(name, "grpc-status")) {
        call->has_code = true;
        call->server_code = weir_grpc_code_parse(value);
    } else if (view_is(name, "grpc-message")) {
        weir_grpc_words_decode(value, call->server_words, sizeof(call->server_words));
    }
}

void weir_grpc_on_headers(void *arg, struct weir_http2_stream *stream, bool too_large)
{
    struct weir_grpc_call *call = call_of(stream);

    (void)arg;
    if (!too_large)
        return;
    weir_grpc_call_abandon(call);
    weir_fail(&call->why, WEIR_E_LIMIT, "%s at %s: the reply's headers have more than %u bytes", call->path,
              call->channel->name, WEIR_HTTP2_HEADERS_LEN_MAX);
    weir_grpc_call_finish(call, WEIR_GRPC_RESOURCE_EXHAUSTED);
}

void weir_grpc_on_data(void *arg, struct weir_http2_stream *stream, struct weir_view data)
{
    struct weir_grpc_call *call = call_of(stream);
    struct weir_error why = {0};
    enum weir_grpc_code code;

    (void)arg;
    if (call->http_status != 200 || !call->is_grpc)
        return; /* some web server's page; conclude() says so */
    code = weir_grpc_inbox_feed(&call->reply, data, &why);
    if (code == WEIR_GRPC_OK)
        return;
    weir_grpc_call_abandon(call);
    weir_fail(&call->why, why.status, "reply to %s from %s: %s", call->path, call->channel->name, why.message);
    weir_grpc_call_finish(call, code);
}

void weir_grpc_on_end(void *arg, struct weir_http2_stream *stream)
{
    (void)arg;
    call_of(stream)->ended = true;
}

/* Back to the start, as if never sent. */
static void wait_again(struct weir_grpc_call *call)
{
    call->refused_once = true;
    call->stream = (struct weir_http2_stream){0};
    weir_grpc_call_move(call, CALL_WAITING, NULL);
    weir_grpc_pump_later(call->channel);
}

static void conclude_by_server(struct weir_grpc_call *call)
{
    const char *name = call->channel->name;

    if (call->server_code != WEIR_GRPC_OK) {
        weir_fail(&call->why, weir_grpc_code_status(call->server_code), "%s answers %s to %s%s%s", name,
                  weir_grpc_code_name(call->server_code), call->path, call->server_words[0] != '\0' ? ": " : "",
                  call->server_words);
        weir_grpc_call_finish(call, call->server_code);
    } else if (!weir_grpc_inbox_whole(&call->reply)) {
        weir_fail(&call->why, WEIR_E_PROTO, "%s answers OK to %s without a whole message", name, call->path);
        weir_grpc_call_finish(call, WEIR_GRPC_INTERNAL);
    } else {
        weir_grpc_call_finish(call, WEIR_GRPC_OK);
    }
}

/* The stream is over: what does it amount to? */
static void conclude(struct weir_grpc_call *call, uint32_t reset_code)
{
    const char *name = call->channel->name;
    enum weir_grpc_code code;

    if (call->ended && call->has_code) {
        conclude_by_server(call);
        return;
    }
    if (call->ended && (call->http_status != 200 || !call->is_grpc)) {
        code = weir_grpc_code_of_http(call->http_status);
        weir_fail(&call->why, weir_grpc_code_status(code), "%s answers HTTP status %d to %s: is it a gRPC server?",
                  name, call->http_status, call->path);
    } else if (call->ended) {
        code = WEIR_GRPC_UNKNOWN;
        weir_fail(&call->why, WEIR_E_PROTO, "%s answers %s without a grpc-status", name, call->path);
    } else {
        code = weir_grpc_code_of_reset(reset_code);
        weir_fail(&call->why, weir_grpc_code_status(code), "%s broke %s off: %s", name, call->path,
                  nghttp2_http2_strerror(reset_code));
    }
    weir_grpc_call_finish(call, code);
}

void weir_grpc_on_close(void *arg, struct weir_http2_stream *stream, uint32_t code)
{
    struct weir_grpc_call *call = call_of(stream);
    struct transport *transport = arg;

    if (code == NGHTTP2_REFUSED_STREAM && !call->ended && !call->refused_once)
        wait_again(call);
    else
        conclude(call, code);
    if (transport->state == TRANSPORT_DRAINING)
        weir_grpc_pump_later(transport->channel); /* perhaps it was the last */
}
