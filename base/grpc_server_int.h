/**
 * @file base/grpc_server_int.h
 * @brief The gRPC server as its files know it: grpc_server.c (connections, calls), grpc_request.c (a request, its
 * answer), grpc_room.c (what they hold). All of it belongs to the loop's thread.
 */
#ifndef WEIR_GRPC_SERVER_INT_H
#define WEIR_GRPC_SERVER_INT_H

#include <sys/queue.h>

#include "base/arrival.h"
#include "base/grpc.h"
#include "base/grpc_message.h"
#include "base/http2.h"
#include "base/log.h"

#define WEIR_GRPC_REQUEST_LEN                                                                                          \
    4096u /**< what is counted for a request and a short answer, beside a message or a long one */

enum request_state { REQUEST_RECEIVING, REQUEST_READY, REQUEST_SERVING, REQUEST_ANSWERED };

TAILQ_HEAD(request_list, weir_grpc_request);
TAILQ_HEAD(conn_list, weir_grpc_server_conn);

struct weir_grpc_request {
    struct weir_http2_stream stream;      /* first: HTTP/2 hands it back */
    TAILQ_ENTRY(weir_grpc_request) entry; /* in conn->requests, or in server->orphans */
    TAILQ_ENTRY(weir_grpc_request) ready; /* in server->ready, while READY */
    enum request_state state;
    struct weir_grpc_server_conn *conn; /* NULL once it is gone */
    bool open, held;
    bool is_post, is_grpc;
    bool has_headers; /* all of them */
    char *path, *authorization;
    int64_t timeout_ns; /* 0 means none */
    struct weir_timer deadline;
    struct weir_grpc_inbox inbox;
    struct weir_arrival arrival;     /* while RECEIVING */
    struct weir_grpc_server *server; /* NULL once it is gone */
    size_t counted;                  /* of the room of all connections */
    struct weir_buf reply;           /* framed, or a page of words for who does not speak gRPC */
};

struct weir_grpc_server_conn {
    TAILQ_ENTRY(weir_grpc_server_conn) entry;
    struct weir_grpc_server *server;
    struct weir_http2 *h2;
    struct request_list requests; /* open or held */
    size_t held, unsent;          /* all that is counted for it; HTTP/2's part of that */
    uint64_t progress;            /* when it was looked at last */
    int64_t moved_ns;             /* the last time that it was another one, or that it began to hold something */
    bool greeted;                 /* it does speak HTTP/2 */
    struct weir_arrival arrival;  /* until then */
    size_t held_count;            /* not the same as open streams: a client may reset them */
    size_t buffered_len;          /* of messages not served yet */
};

struct weir_grpc_server {
    struct weir_loop *loop;
    struct weir_listener *listener;
    weir_grpc_serve_fn *serve;
    void *arg;
    struct weir_grpc_server_limits limits;
    struct weir_room boundless; /* where no room was given */
    struct weir_grpc_server_stats stats;
    struct weir_log_limit refusals, stuck_ones, late_ones;
    struct conn_list conns;      /* the one whose last call began or ended longest ago is the first */
    struct request_list orphans; /* held by the owner alone */
    size_t orphans_held;
    struct weir_timer look; /* while somebody holds something, or has not greeted */
    struct request_list ready;
    struct weir_deferred serve_ready;
    bool serving; /* the serve function may be running */
    bool doomed;  /* and has freed the server */
};

/* grpc_room.c */
/** From now on the connection holds so much. */
void weir_grpc_count_conn(struct weir_grpc_server_conn *conn, size_t held);
void weir_grpc_count_request(struct weir_grpc_request *request, size_t held);
/** Whether the connection may hold so much more. */
bool weir_grpc_fits(const struct weir_grpc_server_conn *conn, size_t more);
/** The timer that ends those who hold what others need, and do not move, and what does not arrive. @param arg the
 * server */
void weir_grpc_look(void *arg);
/** Lets that timer run. */
void weir_grpc_watch(struct weir_grpc_server *server);
/** Whoever has been without calls longest makes place; clients come again when they need to. False: all have calls. */
bool weir_grpc_make_place(struct weir_grpc_server *server);

/* grpc_request.c */
/** The stream is over; the owner may still hold the request. */
void weir_grpc_lose_stream(struct weir_grpc_request *request);
/** The connection has gone; the owner still holds the request. */
void weir_grpc_orphan(struct weir_grpc_request *request);
/** Answers with a code and words, without a message. */
void weir_grpc_refuse(struct weir_grpc_request *request, enum weir_grpc_code code, const char *words);
/** For who does not speak gRPC: an HTTP status and a line of text. */
void weir_grpc_refuse_http(struct weir_grpc_request *request, const char *http_status, const char *line);
void weir_grpc_refuse_for_room(struct weir_grpc_request *request);

/* grpc_server.c */
/** Sends what is answered, and closes. */
void weir_grpc_conn_free(struct weir_grpc_server_conn *conn);

#endif
