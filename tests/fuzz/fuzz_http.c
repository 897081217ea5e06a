/*
 * fuzz_http.c - any bytes from an HTTP client. Byte 0 is the length of a slice.
 *
 * Properties: requests and refusals are the same in slices as in one piece; what a request says lies within what was
 * sent and within its limits; a server that meets the bytes leaves nothing behind, whenever it answers.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/http_server.h"
#include "tests/unit/base/pipe_net.h"
#include "weir/sim.h"

#define HEAD_LEN_MAX 1024
#define HEADERS_MAX 16
#define BODY_LEN_MAX 256
#define HELD_MAX 16

static struct weir_http_request *held[HELD_MAX];
static size_t held_count;

/* --- The parser --------------------------------------------------------------------------------------------------- */

/* A number for all that the parser made of the bytes. */
static void mix(uint64_t *digest, struct weir_view view)
{
    for (size_t i = 0; i < view.len; i++)
        *digest = (*digest ^ view.ptr[i]) * UINT64_C(1099511628211);
    *digest = (*digest ^ view.len) * UINT64_C(1099511628211);
}

static void mix_message(uint64_t *digest, const struct weir_http_message *message)
{
    char text[64];
    struct weir_view value;

    assert(message->path.len > 0 && message->path.len + message->query.len <= HEAD_LEN_MAX);
    assert(message->header_count <= HEADERS_MAX && message->body.len <= BODY_LEN_MAX);
    mix(digest, message->path);
    mix(digest, message->query);
    mix(digest, message->body);
    for (size_t i = 0; i < message->header_count; i++) {
        assert(message->headers[i].name.len > 0);
        mix(digest, message->headers[i].name);
        mix(digest, message->headers[i].value);
    }
    mix(digest, weir_view(&message->keep_alive, sizeof(message->keep_alive)));
    assert(weir_http_decode(message->path, false, text, sizeof(text)) < (int)sizeof(text));
    weir_http_query_find(message->query, "a", &value);
}

static uint64_t parse(const uint8_t *data, size_t size, size_t slice_len)
{
    struct weir_http_limits limits = {HEAD_LEN_MAX, HEADERS_MAX, BODY_LEN_MAX};
    struct weir_http_parser *parser;
    enum weir_status status = WEIR_E_AGAIN;
    uint64_t digest = UINT64_C(14695981039346656037);

    assert(weir_http_parser_new(&limits, &parser, NULL) == WEIR_OK);
    for (size_t at = 0; at < size && status == WEIR_E_AGAIN; at += slice_len) {
        size_t len = size - at < slice_len ? size - at : slice_len;
        uint8_t *slice = malloc(len); /* of exactly this size, so that a sanitizer sees a read past it */
        struct weir_view in = {memcpy(slice, data + at, len), len};
        struct weir_http_message message;

        while ((status = weir_http_parser_next(parser, &in, &message, NULL)) == WEIR_OK)
            mix_message(&digest, &message);
        assert(status != WEIR_E_AGAIN || in.len == 0);
        free(slice);
    }
    if (status != WEIR_E_AGAIN) {
        int refusal = (int)weir_http_parser_refusal(parser);

        assert(refusal >= 400 && weir_http_reason(refusal)[0] != '\0');
        mix(&digest, weir_view(&refusal, sizeof(refusal)));
    }
    weir_http_parser_free(parser);
    return digest;
}

/* --- The server --------------------------------------------------------------------------------------------------- */

/* Answers at once or after the connection is gone, as the path's length has it. */
static void on_serve(void *arg, struct weir_http_request *request)
{
    const struct weir_http_message *message = weir_http_request_message(request);

    (void)arg;
    if (message->path.len % 3 == 0 && held_count < HELD_MAX)
        held[held_count++] = request;
    else
        weir_http_refuse(request, message->path.len % 3 == 1 ? WEIR_HTTP_OK : WEIR_HTTP_NOT_FOUND, NULL);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void say(struct weir_sim *sim, struct weir_conn *client, const uint8_t *ptr, size_t len)
{
    struct iovec iov = {(void *)ptr, len};
    size_t taken;

    weir_conn_writev(client, &iov, 1, &taken, NULL);
    weir_sim_run(sim, never, NULL, 1000);
}

static void serve(const uint8_t *data, size_t size, size_t slice_len)
{
    struct weir_target at = {"pipe", 1, NULL};
    struct weir_http_server_options options = {.listen = at, .serve = on_serve};
    struct weir_http_server *server;
    struct weir_conn *client;
    struct weir_host *host;
    struct weir_loop *loop;
    struct weir_sim *sim;

    held_count = 0;
    assert(weir_sim_new(&(struct weir_sim_options){.seed = 1}, &sim, NULL) == WEIR_OK);
    assert(weir_sim_host_new(sim, "server", "disk", &host, NULL) == WEIR_OK);
    assert(weir_loop_new(host, "server", &loop, NULL) == WEIR_OK);
    assert(weir_loop_start(loop, NULL) == WEIR_OK);
    pipe_net_install(loop);
    assert(weir_http_server_new(loop, &options, &server, NULL) == WEIR_OK);
    assert(weir_net_connect(loop, &at, &pipe_deaf, NULL, &client, NULL) == WEIR_OK);
    ((struct pipe_conn *)client)->room = (size_t)1 << 30;
    for (size_t i = 0; i < size; i += slice_len)
        say(sim, client, data + i, size - i < slice_len ? size - i : slice_len);
    weir_conn_close(client);
    weir_sim_run(sim, never, NULL, WEIR_NS_PER_S);
    while (held_count > 0)
        weir_http_refuse(held[--held_count], WEIR_HTTP_OK, "late");
    weir_http_server_free(server);
    pipe_net_remove(loop);
    weir_loop_stop(loop);
    weir_loop_join(loop);
    weir_loop_free(loop);
    weir_host_free(host);
    weir_sim_free(sim);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t slice_len;

    if (size < 1)
        return 0;
    slice_len = (size_t)data[0] + 1;
    assert(parse(data + 1, size - 1, slice_len) == parse(data + 1, size - 1, SIZE_MAX / 2));
    serve(data + 1, size - 1, slice_len);
    return 0;
}
