/**
 * @file base/grpc.h
 * @brief Unary gRPC over HTTP/2 (nghttp2): a channel that calls, a server that answers. Messages are bytes.
 *
 * Thread: the loop's. Limits: a message is at most WEIR_GRPC_MESSAGE_LEN_MAX bytes, header lists 8 KiB as Pravega's.
 */
#ifndef WEIR_BASE_GRPC_H
#define WEIR_BASE_GRPC_H

#include "base/room.h"
#include "weir/loop.h"
#include "weir/net.h"
#include "weir/view.h"

#define WEIR_GRPC_MESSAGE_LEN_MAX (4u << 20)

/** gRPC's own codes. */
enum weir_grpc_code {
    WEIR_GRPC_OK = 0,
    WEIR_GRPC_CANCELLED = 1,
    WEIR_GRPC_UNKNOWN = 2,
    WEIR_GRPC_INVALID_ARGUMENT = 3,
    WEIR_GRPC_DEADLINE_EXCEEDED = 4,
    WEIR_GRPC_NOT_FOUND = 5,
    WEIR_GRPC_ALREADY_EXISTS = 6,
    WEIR_GRPC_PERMISSION_DENIED = 7,
    WEIR_GRPC_RESOURCE_EXHAUSTED = 8,
    WEIR_GRPC_FAILED_PRECONDITION = 9,
    WEIR_GRPC_ABORTED = 10,
    WEIR_GRPC_OUT_OF_RANGE = 11,
    WEIR_GRPC_UNIMPLEMENTED = 12,
    WEIR_GRPC_INTERNAL = 13,
    WEIR_GRPC_UNAVAILABLE = 14,
    WEIR_GRPC_DATA_LOSS = 15,
    WEIR_GRPC_UNAUTHENTICATED = 16,
};

struct weir_grpc_channel; /* one connection to one server, made when needed, remade when lost */
struct weir_grpc_call;    /* one call under way on a channel */

/** @param target copied @param authorization value of the authorization header, copied, or NULL */
enum weir_status weir_grpc_channel_new(struct weir_loop *loop, const struct weir_target *target,
                                       const char *authorization, struct weir_grpc_channel **out,
                                       struct weir_error *err);
/**
 * Another value for the authorization header, of the calls that are sent from now on.
 * @param authorization copied, or NULL @retval WEIR_E_NOMEM the old one stays
 */
enum weir_status weir_grpc_channel_authorize(struct weir_grpc_channel *channel, const char *authorization,
                                             struct weir_error *err);
/** Calls under way end without their callback. NULL is fine. */
void weir_grpc_channel_free(struct weir_grpc_channel *channel);

/** `reply` is borrowed for the call and empty unless code is OK; `why` has words unless it is. The call is over. */
typedef void weir_grpc_done_fn(void *arg, enum weir_grpc_code code, struct weir_view reply,
                               const struct weir_error *why);

/**
 * @param path "/package.Service/method", borrowed for the call @param request copied
 * @param deadline_ms from now, > 0; passing it gives DEADLINE_EXCEEDED. No connection, or a lost one:
 *        UNAVAILABLE (why->status REFUSED, CLOSED, TIMEOUT, PROTO, or AUTH for a bad certificate). Otherwise
 * why->status follows the code, see grpc_message.c. `done` never runs within this call
 * @param out may be NULL
 */
enum weir_status weir_grpc_call(struct weir_grpc_channel *channel, const char *path, struct weir_view request,
                                int64_t deadline_ms, weir_grpc_done_fn *done, void *arg, struct weir_grpc_call **out,
                                struct weir_error *err);
/** `done` will not run. */
void weir_grpc_cancel(struct weir_grpc_call *call);

/**
 * A connection that has not said that it speaks HTTP/2 after 30 s is closed, and so is one that is in the midst of a
 * request's headers for so long; a request whose message comes with less than 30 KiB in 30 s is answered with
 * DEADLINE_EXCEEDED. Connections without calls may idle.
 */
struct weir_grpc_server;
struct weir_grpc_request; /* one call that the server has to answer */

/** `message` is borrowed for the call; `authorization` is the header's value or NULL. Answer now or later, once. */
typedef void weir_grpc_serve_fn(void *arg, struct weir_grpc_request *request, const char *path,
                                const char *authorization, struct weir_view message);

enum weir_status weir_grpc_server_new(struct weir_loop *loop, const struct weir_target *at, weir_grpc_serve_fn *serve,
                                      void *arg, struct weir_grpc_server **out, struct weir_error *err);
uint16_t weir_grpc_server_port(const struct weir_grpc_server *server);
/** Ends every connection; requests not answered yet may still be answered, without effect. NULL is fine. */
void weir_grpc_server_free(struct weir_grpc_server *server);
/** Zero, or no room, means no bound but those of each connection. */
struct weir_grpc_server_limits {
    size_t connection_max;  /**< one more takes the place of the one that has been without calls longest */
    struct weir_room *room; /**< what connections hold: requests until they are answered, answers until they are sent.
                             *   Borrowed, outlives the server */
};
/**
 * To be set before the loop turns. What does not fit is refused as what may be tried again: a call that begins with
 * REFUSED_STREAM, one that is on its way or an answer of more than 2 KiB with RESOURCE_EXHAUSTED. Connections go on
 * being read all the while: not to read one would hold up all of its calls, and what it says about those it fetches.
 * Nor is a stream held back by its window: see rule 6 in store/README.md.
 */
void weir_grpc_server_limit(struct weir_grpc_server *server, const struct weir_grpc_server_limits *limits);

struct weir_grpc_server_stats {
    uint64_t connection_count;                /**< now */
    uint64_t accepted_count, displaced_count; /**< so far; closed to make room for another one */
    uint64_t refused_count;                   /**< connections for which there was no place */
    uint64_t late_count;                      /**< requests and connections that began and did not arrive */
};
void weir_grpc_server_stats(const struct weir_grpc_server *server, struct weir_grpc_server_stats *out);

/** Consumes the request. @param message copied; ignored unless code is OK @param words for grpc-message, may be NULL */
void weir_grpc_answer(struct weir_grpc_request *request, enum weir_grpc_code code, struct weir_view message,
                      const char *words);

#endif
