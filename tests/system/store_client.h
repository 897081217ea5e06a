/**
 * @file store_client.h
 * @brief A client of a store, alone on a loop, for tests that turn the loop themselves. What it can't do ends the test.
 */
#ifndef WEIR_TESTS_SYSTEM_STORE_CLIENT_H
#define WEIR_TESTS_SYSTEM_STORE_CLIENT_H

#include "pravega/streams.h"
#include "weir/host.h"

struct store_client {
    struct weir_host *host;
    struct weir_loop *loop;
    struct pravega_client *client;
};

/** @param seed of its host; 0: any */
void store_client_init(struct store_client *at, uint64_t seed);
/** After the loop has what else lives on it. @param uri of the controller */
void store_client_connect(struct store_client *at, const char *uri);
/** The scope and the stream; they may be there already. */
void store_client_make_stream(struct store_client *at, const struct pravega_stream_name *name, int segments);
/** Ends the client; what else lives on the loop is freed before the other one. */
void store_client_disconnect(struct store_client *at);
void store_client_fini(struct store_client *at);

#endif
