/**
 * @file base/http_server_int.h
 * @brief The inside of the HTTP server: its connections and their states.
 *
 * http_server.c accepts and serves, http_conn.c reads and sends, http_answer.c lays out what is sent, http_room.c
 * counts what connections hold. Thread: the loop's.
 */
#ifndef WEIR_BASE_HTTP_SERVER_INT_H
#define WEIR_BASE_HTTP_SERVER_INT_H

#include <sys/queue.h>

#include "base/http_server.h"
#include "base/log.h"

#define WEIR_HTTP_READ_LEN ((size_t)16 << 10)
#define WEIR_HTTP_ANSWER_HEAD_LEN_MAX ((size_t)16 << 10)

enum weir_http_conn_state { CONN_READING, CONN_READY, CONN_SERVING, CONN_SENDING, CONN_LINGERING };

struct weir_http_conn;

struct weir_http_request {
    struct weir_http_conn *conn;           /* NULL: the connection has gone, the answer goes nowhere */
    struct weir_http_server *server;       /* NULL: it has gone, too */
    size_t counted;                        /* without a connection: of the room */
    TAILQ_ENTRY(weir_http_request) orphan; /* without a connection, in server->orphans */
    struct weir_http_message message;
    struct weir_http_parser *parser; /* the message points into it */
    char peer[64];
};

struct weir_http_conn {
    struct weir_http_server *server;
    struct weir_conn *lower;
    enum weir_http_conn_state state;
    struct weir_http_parser *parser;
    struct weir_http_request *request; /* READY, SERVING */
    uint8_t in[WEIR_HTTP_READ_LEN];
    size_t in_at, in_len; /* read and not parsed yet */
    struct weir_buf out;
    size_t out_at, lingered_len;
    size_t held;      /* of the room */
    int64_t moved_ns; /* the last time that bytes of a request or of an answer went */
    bool goes_on;    /* after this answer */
    bool refused;    /* what else it sent was not read */
    bool peer_ended; /* it sends no more, and may still wait for its answer */
    struct weir_timer timer;
    struct weir_deferred step;
    TAILQ_ENTRY(weir_http_conn) entry; /* the one that has been quiet longest is the first */
};

struct weir_http_server {
    struct weir_loop *loop;
    struct weir_http_server_options options;
    struct weir_listener *listener;
    TAILQ_HEAD(, weir_http_conn) conns;
    TAILQ_HEAD(, weir_http_request) orphans; /* held by the owner alone */
    size_t orphans_held;
    struct weir_room boundless; /* where no room was given */
    struct weir_timer look;     /* while somebody holds something */
    struct weir_http_server_stats stats;
    struct weir_log_limit refusals, stuck_ones;
    struct weir_deferred serve;
    bool serving, doomed; /* the serve function is running, and has freed the server */
};

/* http_conn.c */

/** Takes over a connection and begins to read. @return false: no memory, and `lower` is still the caller's */
bool weir_http_conn_new(struct weir_http_server *server, struct weir_conn *lower);
/** A request of it that is being served lives on, and its answer goes nowhere. */
void weir_http_conn_free(struct weir_http_conn *conn);
/** The only place where the state changes: its time begins, and reading with it or not. */
void weir_http_conn_enter(struct weir_http_conn *conn, enum weir_http_conn_state state);

/* http_answer.c */

/** The server's own word about a request that is none; the connection ends with it. */
void weir_http_conn_refuse(struct weir_http_conn *conn, enum weir_http_status status, const char *words);

/* http_room.c */

void weir_http_room_begin(struct weir_http_server *server);
/** When all connections have gone. */
void weir_http_room_end(struct weir_http_server *server);
/** Brings the connection's part of the room up to date. */
void weir_http_room_count(struct weir_http_conn *conn);
/** Bytes of a request or of an answer went. */
void weir_http_room_moved(struct weir_http_conn *conn);
/** Whether the connection may hold `more`; a refusal is counted. */
bool weir_http_room_fits(struct weir_http_conn *conn, size_t more);
/** The connection goes: its request, if it is being served, is counted as the owner's, and what else it held is not. */
void weir_http_room_leave(struct weir_http_conn *conn);
/** The owner has answered a request that has no connection any more. */
void weir_http_room_forget(struct weir_http_request *request);

#endif
