/**
 * @file store/segments/wire_server.h
 * @brief The segment store's side of Pravega's wire protocol, on a container. Thread: the store's loop.
 */
#ifndef WEIR_STORE_WIRE_SERVER_H
#define WEIR_STORE_WIRE_SERVER_H

#include "store/access/tokens.h"
#include "store/container/container.h"
#include "weir/net.h"

struct weir_wire_server;

/** 0 means the default: see weir/store.h. */
struct weir_wire_limits {
    uint64_t connections_max;
    uint64_t bytes_max;
};

/**
 * Listens and serves. @param ctr borrowed, outlives the server
 * @param key what delegation tokens are checked with, copied, its bytes borrowed; NULL: nobody has to show one
 * @retval WEIR_E_BUSY the port is taken @retval WEIR_E_IO, WEIR_E_NOMEM, WEIR_E_INVAL
 */
enum weir_status weir_wire_server_new(struct weir_loop *loop, struct weir_container *ctr, const struct weir_target *at,
                                      const struct weir_token_key *key, const struct weir_wire_limits *limits,
                                      struct weir_wire_server **out, struct weir_error *err);
/** Ends every connection. NULL is fine. */
void weir_wire_server_free(struct weir_wire_server *server);
uint16_t weir_wire_server_port(const struct weir_wire_server *server);

struct weir_wire_stats {
    uint64_t connection_count;            /**< open now */
    uint64_t held_bytes, held_bytes_max;  /**< for all connections: now, and the most so far */
    uint64_t refused_count, stuck_count;  /**< not let in; ended because others waited for what they held */
    uint64_t late_count;                  /**< ended because what they began did not arrive */
    uint64_t accepted_count;              /**< let in so far */
    uint64_t paused_count;                /**< not read from, now: see the bounds of a connection */
    uint64_t unsent_bytes, unacked_bytes; /**< now: replies that were not sent, appends that are not durable */
};
/** Looks at every connection. */
void weir_wire_server_stats(const struct weir_wire_server *server, struct weir_wire_stats *out);

#endif
