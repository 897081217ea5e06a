/*
 * grpc_request.c - a request that came in, from its first header to the end of its stream, and its answer.
 *
 * It has two holders: HTTP/2, while its stream is open (`open`), and the owner, from the serve function to
 * weir_grpc_answer() (`held`). It goes with the last of them, so an owner may answer long after the connection is lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/grpc_server_int.h"

#define WORDS_LEN_MAX 1024
#define ANSWER_LEN_SHORT 2048u

static void request_free(struct weir_grpc_request *request)
{
    weir_grpc_inbox_fini(&request->inbox);
    weir_buf_fini(&request->reply);
    free(request->path);
    free(request->authorization);
    free(request);
}

static void leave_ready(struct weir_grpc_request *request)
{
    if (request->state == REQUEST_READY)
        TAILQ_REMOVE(&request->conn->server->ready, request, ready);
}

/* Its message is served or dropped: others may take the room. */
static void drop_message(struct weir_grpc_request *request)
{
    request->conn->buffered_len -= request->inbox.message.len;
    weir_grpc_inbox_fini(&request->inbox);
    weir_grpc_inbox_init(&request->inbox);
}

static void release(struct weir_grpc_request *request)
{
    weir_grpc_count_request(request, 0);
    TAILQ_REMOVE(&request->conn->requests, request, entry);
    request_free(request);
}

/* The connection has gone; the owner still holds the request. */
void weir_grpc_orphan(struct weir_grpc_request *request)
{
    struct weir_grpc_server *server = request->server;
    size_t counted = request->counted;

    weir_grpc_count_request(request, 0);
    TAILQ_REMOVE(&request->conn->requests, request, entry);
    request->conn = NULL;
    request->counted = counted;
    TAILQ_INSERT_TAIL(&server->orphans, request, entry);
    weir_room_count(server->limits.room, &server->orphans_held, server->orphans_held + counted);
}

static void release_orphan(struct weir_grpc_request *request)
{
    struct weir_grpc_server *server = request->server;

    if (server != NULL) {
        TAILQ_REMOVE(&server->orphans, request, entry);
        weir_room_count(server->limits.room, &server->orphans_held, server->orphans_held - request->counted);
    }
    request_free(request);
}

/* The stream is over; the owner may still hold the request. */
void weir_grpc_lose_stream(struct weir_grpc_request *request)
{
    if (request->open) {
        leave_ready(request);
        drop_message(request);
        weir_timer_stop(request->conn->server->loop, &request->deadline);
        request->open = false;
    }
    if (!request->held)
        release(request);
}

/* --- answers --- */

#define NAME_VALUE(name, value)                                                                                        \
    {                                                                                                                  \
        (uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, sizeof(value) - 1, NGHTTP2_NV_FLAG_NONE               \
    }

static const nghttp2_nv headers_ok[] = {
    NAME_VALUE(":status", "200"),
    NAME_VALUE("content-type", "application/grpc"),
    NAME_VALUE("grpc-encoding", "identity"),
    NAME_VALUE("grpc-accept-encoding", "identity"),
};
static const nghttp2_nv trailers_ok[] = {NAME_VALUE("grpc-status", "0")};

/* From here on the request waits for its stream's end only. */
static void respond(struct weir_grpc_request *request, const nghttp2_nv *headers, size_t count)
{
    struct weir_grpc_server_conn *conn = request->conn;

    leave_ready(request);
    drop_message(request);
    weir_timer_stop(conn->server->loop, &request->deadline);
    request->state = REQUEST_ANSWERED;
    request->stream.body = weir_buf_view(&request->reply);
    weir_grpc_count_request(request, WEIR_GRPC_REQUEST_LEN + request->reply.cap);
    if (weir_http2_respond(conn->h2, &request->stream, headers, count) == WEIR_OK)
        return;
    weir_http2_detach(conn->h2, &request->stream, NGHTTP2_INTERNAL_ERROR);
    weir_grpc_lose_stream(request);
}

/* Trailers only: code and words, no message. */
void weir_grpc_refuse(struct weir_grpc_request *request, enum weir_grpc_code code, const char *words)
{
    char number[12], text[WORDS_LEN_MAX];
    nghttp2_nv headers[4] = {headers_ok[0], headers_ok[1]};
    size_t count = 2;

    headers[count++] = weir_http2_nv(weir_view_str("grpc-status"),
                                     weir_view(number, (size_t)snprintf(number, sizeof(number), "%d", (int)code)));
    if (words != NULL && words[0] != '\0')
        headers[count++] = weir_http2_nv(weir_view_str("grpc-message"),
                                         weir_view(text, weir_grpc_words_encode(words, text, sizeof(text))));
    weir_buf_reset(&request->reply);
    respond(request, headers, count);
}

/* For who does not speak gRPC: an HTTP status and a line of text. */
void weir_grpc_refuse_http(struct weir_grpc_request *request, const char *http_status, const char *line)
{
    nghttp2_nv headers[] = {
        NAME_VALUE(":status", ""),
        NAME_VALUE("content-type", "text/plain; charset=utf-8"),
        NAME_VALUE("allow", "POST"),
    };

    headers[0].value = (uint8_t *)http_status;
    headers[0].valuelen = strlen(http_status);
    weir_buf_reset(&request->reply);
    weir_buf_append(&request->reply, line, strlen(line));
    respond(request, headers, sizeof(headers) / sizeof(headers[0]));
}

void weir_grpc_refuse_for_room(struct weir_grpc_request *request)
{
    request->server->limits.room->refused_count++;
    weir_grpc_refuse(request, WEIR_GRPC_RESOURCE_EXHAUSTED,
                     "what all connections hold together is used up; try again when others have let go");
}

static void answer(struct weir_grpc_request *request, enum weir_grpc_code code, struct weir_view message,
                   const char *words)
{
    char text[WORDS_LEN_MAX];

    if (code != WEIR_GRPC_OK) {
        weir_grpc_refuse(request, code, words);
        return;
    }
    if (message.len > WEIR_GRPC_MESSAGE_LEN_MAX) {
        snprintf(text, sizeof(text), "the answer has %zu bytes, at most %u can be sent", message.len,
                 WEIR_GRPC_MESSAGE_LEN_MAX);
        weir_grpc_refuse(request, WEIR_GRPC_RESOURCE_EXHAUSTED, text);
        return;
    }
    if (message.len > ANSWER_LEN_SHORT && !weir_grpc_fits(request->conn, message.len)) {
        weir_grpc_refuse_for_room(
            request); /* of answers to changes none is so long that matters, so no change is hidden by it */
        return;
    }
    weir_grpc_frame(&request->reply, message);
    if (request->reply.status != WEIR_OK) {
        weir_grpc_refuse(request, WEIR_GRPC_RESOURCE_EXHAUSTED, "no memory for the answer");
        return;
    }
    request->stream.trailers = trailers_ok;
    request->stream.trailer_count = 1;
    respond(request, headers_ok, sizeof(headers_ok) / sizeof(headers_ok[0]));
}

void weir_grpc_answer(struct weir_grpc_request *request, enum weir_grpc_code code, struct weir_view message,
                      const char *words)
{
    request->held = false;
    if (request->conn == NULL) { /* nobody waits any more */
        release_orphan(request);
        return;
    }
    request->conn->held_count--;
    if (!request->open)
        release(request);
    else if (request->state == REQUEST_SERVING) /* else its deadline has passed */
        answer(request, code, message, words);
}
