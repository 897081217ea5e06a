/**
 * @file pravega/segment_stores.h
 * @brief The connections of one client to its segment stores, by endpoint, and where segments were found lately.
 *
 * Readers and queries share connections, at most PRAVEGA_SHARED_CONNECTIONS_MAX to an endpoint, the one with the fewest
 * flows first. A segment writer has one for itself while it writes; afterwards others use it. A connection that nobody
 * uses ends at its next keep-alive. Thread: the client's loop.
 */
#ifndef PRAVEGA_SEGMENT_STORES_H
#define PRAVEGA_SEGMENT_STORES_H

#include "pravega/client_int.h"
#include "pravega/connection.h"

#define PRAVEGA_SHARED_CONNECTIONS_MAX 10

enum weir_status pravega_segment_stores_new(struct pravega_client *client, struct pravega_segment_stores **out,
                                            struct weir_error *err);
/** Closes all connections; their flows must be detached. NULL is fine. */
void pravega_segment_stores_free(struct pravega_segment_stores *stores);

/** Attaches `flow` to a connection to host:port. */
enum weir_status pravega_segment_stores_attach(struct pravega_segment_stores *stores, const char *host, uint16_t port,
                                               bool exclusive, struct pravega_flow *flow, struct weir_error *err);
/** Detaches `flow`; `clean`: nothing is awaited or waits to be sent, so that others may use its connection. */
void pravega_segment_stores_detach(struct pravega_segment_stores *stores, struct pravega_flow *flow, bool clean);

/** Where a segment was found within the last PRAVEGA_ENDPOINT_AGE_MAX_MS; `host` is borrowed until the next call here.
 */
#define PRAVEGA_ENDPOINT_AGE_MAX_MS 20000
bool pravega_segment_stores_endpoint(struct pravega_segment_stores *stores, const char *scope, const char *stream,
                                     int64_t segment, const char **host, uint16_t *port);
void pravega_segment_stores_remember(struct pravega_segment_stores *stores, const char *scope, const char *stream,
                                     int64_t segment, const char *host, uint16_t port);
void pravega_segment_stores_forget(struct pravega_segment_stores *stores, const char *scope, const char *stream,
                                   int64_t segment);

#endif
