/**
 * @file talk.h
 * @brief One server, spoken to: calls to its controller, and named connections to its segment store.
 *
 * Everything blocks, by turning the loop until there is news or time is up.
 */
#ifndef CONFORMANCE_TALK_H
#define CONFORMANCE_TALK_H

#include "pravega/proto.h"
#include "text.h"
#include "weir/host.h"

struct talk; /* opaque */

/** @param uri tcp://HOST:PORT of a controller */
enum weir_status talk_open(const char *uri, struct labels *labels, struct talk **out, struct weir_error *err);
void talk_close(struct talk *talk);

/** Calls with an encoded message. The reply as text, or the code that refused it. */
void talk_call(struct talk *talk, const ProtobufCMethodDescriptor *method, struct weir_view message,
               struct weir_buf *answer);
/** Sends bytes on the connection of that name, 'A'..'Z', made if it is new or was closed by talk_hang_up(). */
void talk_send(struct talk *talk, char name, struct weir_view bytes);
/** Closes it from this side. */
void talk_hang_up(struct talk *talk, char name);
/**
 * What has come on all connections and was not taken: a line for each frame, "A SEGMENT_READ ...", by connection.
 * Acknowledgements of one writer that follow each other are one line, since a server may say them as one.
 */
void talk_heard(struct talk *talk, struct weir_buf *lines);
/** Forgets what talk_heard() told. */
void talk_take(struct talk *talk);
/** Waits for news on a connection. False: none came in this time. */
bool talk_wait(struct talk *talk, int64_t time_ns);

#endif
