/**
 * @file pravega/client_int.h
 * @brief What the parts of the client share: the client itself, and work that ends with it.
 */
#ifndef PRAVEGA_CLIENT_INT_H
#define PRAVEGA_CLIENT_INT_H

#include "base/grpc.h"
#include "base/rng.h"
#include "pravega/client.h"
#include "pravega/controllers.h"
#include "pravega/credentials.h"

struct pravega_tokens;         /* pravega/tokens.h: for segment stores */
struct pravega_segment_stores; /* pravega/segment_stores.h: connections to segment stores */
struct weir_tls;

/**
 * Work that nobody holds a handle of (a public one-shot call such as pravega_stream_create). Embedded; linked into the
 * client from pravega_op_start() to pravega_op_end(); if the client is freed meanwhile, `free` ends it without
 * callback.
 */
struct pravega_op {
    struct pravega_op *next, **link;
    void (*free)(struct pravega_op *op); /**< cancels what is under way (pravega_call_cancel) and frees the memory */
};

struct pravega_client {
    struct weir_loop *loop;
    char *uri;
    struct weir_tls *tls; /**< NULL: plain, for the controllers and for segment stores */
    struct pravega_credentials credentials;
    struct pravega_retry retry; /**< defaults filled in; of the data plane */
    int64_t rpc_timeout_ms;     /**< default filled in */
    struct weir_rng rng;
    struct pravega_controllers *controllers;
    bool controller_reached; /**< one has answered, so that silence is a fault and not a wrong URI */
    struct pravega_segment_stores *stores;
    struct pravega_tokens *tokens;
    struct pravega_op *ops;
};

void pravega_op_start(struct pravega_client *client, struct pravega_op *op);
/** Takes it out of the client; the caller frees the memory. */
void pravega_op_end(struct pravega_op *op);

#endif
