/**
 * @file proto_text.h
 * @brief The controller's messages as text, by their descriptors: a request's fields to bytes, a reply to words.
 *
 *     streamInfo{scope:"a" stream:"b"} cut{key:0 value:10} sealedSegments:0 sealedSegments:1
 *
 * A repeated field is written again for each item. Replies are in the canonical order: fields as in the descriptor,
 * items of repeated messages sorted, since the protocol gives them no order.
 */
#ifndef CONFORMANCE_PROTO_TEXT_H
#define CONFORMANCE_PROTO_TEXT_H

#include "pravega/proto.h"
#include "text.h"

/** The fields up to the end of the line, or to '}', encoded. */
void take_message(struct cursor *in, const ProtobufCMessageDescriptor *type, struct weir_buf *out);
/** Appended. What differs from run to run becomes labels. */
void put_message(struct weir_buf *out, const ProtobufCMessage *message, struct labels *labels);

#endif
