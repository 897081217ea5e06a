/**
 * @file base/grpc_client_int.h
 * @brief A gRPC channel as its files know it: grpc_client.c (channel, calls), grpc_answer.c (what a server says to a
 * call), grpc_transport.c (connections). All of it belongs to the loop's thread.
 */
#ifndef WEIR_GRPC_CLIENT_INT_H
#define WEIR_GRPC_CLIENT_INT_H

#include <sys/queue.h>

#include "base/grpc.h"
#include "base/grpc_message.h"
#include "base/http2.h"
#include "base/rng.h"

#define WEIR_GRPC_WORDS_LEN_MAX 256

enum call_state { CALL_WAITING, CALL_SENT, CALL_FINISHED, CALL_DELIVERED };
enum transport_state { TRANSPORT_CONNECTING, TRANSPORT_READY, TRANSPORT_DRAINING };

TAILQ_HEAD(call_list, weir_grpc_call);
TAILQ_HEAD(transport_list, transport);

struct weir_grpc_call {
    struct weir_http2_stream stream;   /* first: HTTP/2 hands it back */
    TAILQ_ENTRY(weir_grpc_call) entry; /* in the list of its state */
    enum call_state state;
    struct weir_grpc_channel *channel;
    struct transport *transport; /* of SENT */
    struct weir_timer deadline;
    int64_t deadline_ns;
    weir_grpc_done_fn *done;
    void *arg;
    char *path;
    struct weir_buf request; /* framed */
    bool refused_once;
    /* What the server said. */
    struct weir_grpc_inbox reply;
    int http_status;
    bool is_grpc, ended, has_code;
    enum weir_grpc_code server_code;
    char server_words[WEIR_GRPC_WORDS_LEN_MAX];
    /* The outcome. */
    enum weir_grpc_code code;
    struct weir_error why;
};

struct transport {
    TAILQ_ENTRY(transport) entry; /* in channel->transports */
    enum transport_state state;
    struct weir_grpc_channel *channel;
    struct weir_conn *conn;    /* of CONNECTING; h2 owns it later */
    struct weir_http2 *h2;     /* from READY on */
    struct weir_timer connect; /* of CONNECTING */
    struct call_list calls;    /* SENT */
};

struct weir_grpc_channel {
    struct weir_loop *loop;
    char *host;
    uint16_t port;
    struct weir_tls *tls;
    char *authorization; /* or NULL */
    char *name;          /* "host:port", for :authority and for words */
    struct weir_rng rng;
    struct transport *current; /* CONNECTING or READY, or NULL */
    struct transport_list transports;
    struct call_list waiting, finished;
    struct weir_deferred pump;
    bool greeted;           /* a server has spoken HTTP/2 on it */
    unsigned failure_count; /* attempts to connect that failed in a row */
    struct weir_timer backoff;
    bool delivering; /* a callback of a call may be running */
    bool doomed;     /* and has freed the channel */
};

/* --- grpc_client.c --- */

/** At the end of this turn calls move on, and outcomes are told. */
void weir_grpc_pump_later(struct weir_grpc_channel *channel);
void weir_grpc_call_move(struct weir_grpc_call *call, enum call_state state, struct transport *transport);
/** The call is over with the code; the words are in call->why unless it is OK. HTTP/2 knows nothing of it any more. */
void weir_grpc_call_finish(struct weir_grpc_call *call, enum weir_grpc_code code);
/** Ends the stream of a call that may have one. */
void weir_grpc_call_abandon(struct weir_grpc_call *call);

/* --- grpc_answer.c: what HTTP/2 tells of a call's stream; `arg` is its transport --- */

void weir_grpc_on_header(void *arg, struct weir_http2_stream *stream, struct weir_view name, struct weir_view value);
void weir_grpc_on_headers(void *arg, struct weir_http2_stream *stream, bool too_large);
void weir_grpc_on_data(void *arg, struct weir_http2_stream *stream, struct weir_view data);
void weir_grpc_on_end(void *arg, struct weir_http2_stream *stream);
void weir_grpc_on_close(void *arg, struct weir_http2_stream *stream, uint32_t code);

/* --- grpc_transport.c --- */

/** Begins to connect; if it fails, now or later, the waiting calls do. */
void weir_grpc_connect(struct weir_grpc_channel *channel);
/** It takes no more calls, and ends those that it has. */
void weir_grpc_transport_drain(struct transport *transport);
/** It has no calls. */
void weir_grpc_transport_free(struct transport *transport);

#endif
