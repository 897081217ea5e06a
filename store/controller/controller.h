/**
 * @file store/controller/controller.h
 * @brief The controller's gRPC service on a container. Thread: the store's loop.
 */
#ifndef WEIR_STORE_CONTROLLER_H
#define WEIR_STORE_CONTROLLER_H

#include "base/grpc.h"
#include "store/access/access.h"
#include "store/access/tokens.h"
#include "store/container/container.h"
#include "store/rules/settings.h"
#include "weir/net.h"

struct weir_controller;
struct weir_store_figures;

struct weir_controller_options {
    struct weir_target listen;
    const char *advertised_host; /**< what getURI answers, copied */
    uint16_t segment_port;
    struct weir_access *access;      /**< who may call what; NULL: everybody everything. Borrowed */
    struct weir_token_key token_key; /**< of delegation tokens, where there is `access`; its bytes are borrowed */
    struct weir_store_settings settings;
    struct weir_grpc_server_limits limits; /**< of its connections */
    struct weir_store_figures *figures; /**< what calls are counted in; NULL: nothing is */
};

/**
 * Loads the catalog, completes the transactions whose commit was asked for, gives open ones their lease anew, goes on
 * with what it does by itself, and serves.
 * @param ctr borrowed, outlives the controller
 * @retval WEIR_E_BUSY         the port is taken
 * @retval WEIR_E_DAMAGED      a record is not what it should be; the message has its key
 * @retval WEIR_E_UNSUPPORTED  the catalog was written by a newer version
 * @retval WEIR_E_IO, WEIR_E_NOMEM, WEIR_E_INVAL
 */
enum weir_status weir_controller_new(struct weir_loop *loop, struct weir_container *ctr,
                                     const struct weir_controller_options *options, struct weir_controller **out,
                                     struct weir_error *err);
/** Ends every connection. NULL is fine. */
void weir_controller_free(struct weir_controller *ctl);
uint16_t weir_controller_port(const struct weir_controller *ctl);
void weir_controller_connections(const struct weir_controller *ctl, struct weir_grpc_server_stats *out);

#endif
