/**
 * @file pravega/controllers.h
 * @brief The controllers of a cluster: those of the URI, or those that they name, and which one calls go to.
 *
 * A list of channels in a ring. Calls go to the one in front until it does not answer; then the next comes to the
 * front, for every call of the client. With "pravega://" the list is what getControllerServerList says: asked for when
 * the client begins, every two minutes, and sooner (but no sooner than 10 s after the last time) when a controller is
 * gone. Until there is an answer, and once none of the named ones can be reached, it is that of the URI, so that a
 * cluster that cannot name its controllers (the standalone) is of use all the same. Thread: the client's loop.
 */
#ifndef PRAVEGA_CONTROLLERS_H
#define PRAVEGA_CONTROLLERS_H

#include "base/grpc.h"
#include "pravega/controller_uri.h"

struct pravega_client;
struct pravega_controllers; /* opaque */
struct pravega_controller;  /* opaque: one of them, its channel, and how many calls are on it */

enum weir_status pravega_controllers_new(struct pravega_client *client, const struct pravega_controller_uri *uri,
                                         struct pravega_controllers **out, struct weir_error *err);
/** Nobody holds a controller any more. NULL is fine. */
void pravega_controllers_free(struct pravega_controllers *controllers);

/** The one in front, for one attempt of a call; it stays until it is given back, whatever becomes of the list. */
struct pravega_controller *pravega_controllers_take(struct pravega_controllers *controllers);
void pravega_controller_give_back(struct pravega_controller *controller);
struct weir_grpc_channel *pravega_controller_channel(struct pravega_controller *controller);
/** It does not answer: calls go to the next one, unless they do not go to it anyway. */
void pravega_controller_leave(struct pravega_controller *controller);

size_t pravega_controllers_count(const struct pravega_controllers *controllers);
/** Of the one in front: where a store is that says that it listens on all addresses. Borrowed for this turn. */
const char *pravega_controllers_host(const struct pravega_controllers *controllers);
uint16_t pravega_controllers_port(const struct pravega_controllers *controllers);

#endif
