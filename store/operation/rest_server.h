/**
 * @file store/operation/rest_server.h
 * @brief The store's HTTP side: Pravega's management API (/v1/scopes...), its health (/v1/health...) and /prometheus.
 *
 * Changes are made by the same calls that gRPC makes. Thread: the store's loop.
 */
#ifndef WEIR_STORE_REST_SERVER_H
#define WEIR_STORE_REST_SERVER_H

#include "base/http_server.h"
#include "store/container/container.h"
#include "store/controller/controller.h"

struct weir_rest_server;
struct weir_access;
struct weir_store_metrics;

/** What it serves; all borrowed, and outliving it. */
struct weir_rest_parts {
    struct weir_container *ctr;
    struct weir_controller *ctl;
    struct weir_store_metrics *metrics;
    struct weir_access *access; /**< who may do what; NULL: everybody everything */
    size_t connection_max;      /**< 0: HTTP's own default */
    struct weir_room *room;     /**< what its connections hold; NULL: no bound */
};

/** @retval WEIR_E_BUSY the port is taken @retval WEIR_E_IO, WEIR_E_NOMEM, WEIR_E_INVAL */
enum weir_status weir_rest_server_new(struct weir_loop *loop, const struct weir_target *at,
                                      const struct weir_rest_parts *parts, struct weir_rest_server **out,
                                      struct weir_error *err);
/** Ends every connection. After the controller has gone, which ends its calls. NULL is fine. */
void weir_rest_server_free(struct weir_rest_server *rest);
uint16_t weir_rest_server_port(const struct weir_rest_server *rest);
void weir_rest_server_stats(const struct weir_rest_server *rest, struct weir_http_server_stats *out);

#endif
