/**
 * @file pravega/connection.h
 * @brief One connection to a segment store: greeting, keep-alive, and the flows of commands that share it.
 *
 *     CONNECTING --open--> OPEN --error, silence, bad frame--> DOWN (its flows hear on_down; it frees itself)
 *
 * Commands may be sent at once; they wait until the connection opens, behind our HELLO. Replies find their flow by the
 * upper half of the request id. Thread: the client's loop.
 */
#ifndef PRAVEGA_CONNECTION_H
#define PRAVEGA_CONNECTION_H

#include "pravega/wire.h"
#include "pravega/wire_inbox.h"
#include "weir/net.h"

struct pravega_connection; /* opaque */

/** Each function may detach the flow and free its memory. */
struct pravega_flow_handler {
    void (*on_reply)(void *arg, const struct pravega_wire_command *reply, const struct pravega_wire_frame *frame);
    /** The flow is detached already. */
    void (*on_down)(void *arg, const struct weir_error *why);
};

/** A user of a connection, embedded in the user's struct. */
struct pravega_flow {
    const struct pravega_flow_handler *handler;
    void *arg;
    int64_t request_id; /**< the flow's number << 32; differs each time it is attached */
    /* Private. Detached when `connection` is NULL. */
    struct pravega_connection *connection;
    struct pravega_flow *next, **link;
    uint32_t told_round;
};

struct pravega_connection_owner {
    /** The connection is going away: down, or idle for long. It must not be touched any more. */
    void (*on_gone)(void *arg, struct pravega_connection *connection);
};

/** @param owner borrowed, outlives the connection */
enum weir_status pravega_connection_new(struct weir_loop *loop, const struct weir_target *target,
                                        const struct pravega_connection_owner *owner, void *arg,
                                        struct pravega_connection **out, struct weir_error *err);
/** Closes it; its flows hear nothing and are detached; on_gone is not called. NULL is fine. */
void pravega_connection_free(struct pravega_connection *connection);

void pravega_connection_attach(struct pravega_connection *connection, struct pravega_flow *flow, bool exclusive);
void pravega_connection_detach(struct pravega_flow *flow);
size_t pravega_connection_flow_count(const struct pravega_connection *connection);
/** False once it is going down. */
bool pravega_connection_is_usable(const struct pravega_connection *connection);
/** Whether its one flow wants it alone. */
bool pravega_connection_is_exclusive(const struct pravega_connection *connection);
/** Flows attached since it was made: segment stores remember some of each. */
uint64_t pravega_connection_attach_count(const struct pravega_connection *connection);

/** A buffer to encode commands into; send() hands them over. A failure to do so shows as on_down, later. */
struct weir_buf *pravega_connection_begin(struct pravega_connection *connection);
void pravega_connection_send(struct pravega_connection *connection);
/** Sends `bytes` from where they are: they stay until the flow is detached or written_count() has passed them. */
void pravega_connection_lend(struct pravega_connection *connection, struct weir_view bytes);
/** Bytes ever queued, and how many of them the network has taken. */
uint64_t pravega_connection_queued_count(const struct pravega_connection *connection);
uint64_t pravega_connection_written_count(const struct pravega_connection *connection);

/** Ends it because a flow found it unusable: all flows hear on_down in a later turn. */
void pravega_connection_fail(struct pravega_connection *connection, const struct weir_error *why);

#endif
