/**
 * @file base/http_server.h
 * @brief An HTTP/1.1 server: requests are handed to one function, and answered now or later.
 *
 * Everything is bounded: the parts of a request (base/http_parser.h), the connections, the time that one may idle, send
 * a request or fetch an answer, and what all of them hold together. Beside that each has 16 KiB to read into, and its
 * parser's head. A connection has one request at a time; what a client sends before it is answered
 * (pipelining) waits in its socket, and is served in order. Stands on base/net: TLS is a filter below.
 *
 * Thread: the loop's.
 */
#ifndef WEIR_BASE_HTTP_SERVER_H
#define WEIR_BASE_HTTP_SERVER_H

#include "base/http_parser.h"
#include "base/room.h"
#include "weir/loop.h"
#include "weir/net.h"

struct weir_http_server;
struct weir_http_request; /* one request that the owner has to answer */

/** Called with a whole request, from the end of a turn. To be answered once, now or later. */
typedef void weir_http_serve_fn(void *arg, struct weir_http_request *request);

/** Zero means the default. */
struct weir_http_server_options {
    struct weir_target listen;
    weir_http_serve_fn *serve;
    void *arg;
    struct weir_http_limits limits; /**< 16 KiB of head, 64 headers, 1 MiB of body */
    size_t answer_len_max;          /**< bytes of one answer's body; 64 MiB */
    struct weir_room *room;         /**< what connections hold: bodies until they are answered, answers until they are
                                     *   fetched. 503 if it does not fit. Borrowed, outlives the server; NULL: no bound */
    size_t connection_max;          /**< 256; one more takes the place of the one that has idled longest */
    int64_t idle_ns;                /**< 60 s without a request */
    int64_t transfer_ns;            /**< 30 s for a request to arrive, or for an answer to be fetched */
};

/** @param options copied @retval WEIR_E_BUSY the port is taken @retval WEIR_E_IO, WEIR_E_NOMEM, WEIR_E_INVAL */
enum weir_status weir_http_server_new(struct weir_loop *loop, const struct weir_http_server_options *options,
                                      struct weir_http_server **out, struct weir_error *err);
/** Ends every connection; requests not answered yet may still be answered, without effect. NULL is fine. */
void weir_http_server_free(struct weir_http_server *server);
uint16_t weir_http_server_port(const struct weir_http_server *server);

struct weir_http_server_stats {
    uint64_t connection_count;                               /**< now */
    uint64_t accepted_count, request_count, refused_count;   /**< since the start; refused: by the server itself */
};
void weir_http_server_stats(const struct weir_http_server *server, struct weir_http_server_stats *out);

/** Lives until the request is answered. */
const struct weir_http_message *weir_http_request_message(const struct weir_http_request *request);
/** "127.0.0.1:40000" */
const char *weir_http_request_peer(const struct weir_http_request *request);

struct weir_http_answer {
    enum weir_http_status status;
    const char *content_type;               /**< of the body; NULL if there is none */
    struct weir_view body;                  /**< copied; not sent for HEAD, but counted */
    const struct weir_http_header *headers; /**< more of them: "Allow", "WWW-Authenticate" */
    size_t header_count;
};

/** Consumes the request. */
void weir_http_answer(struct weir_http_request *request, const struct weir_http_answer *answer);
/** The same with a line of text that says why. @param words without a line's end; NULL: the status's own */
void weir_http_refuse(struct weir_http_request *request, enum weir_http_status status, const char *words);

#endif
