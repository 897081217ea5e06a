/**
 * @file pravega/proto.h
 * @brief The controller's messages (pravega/controller.pb-c.h) packed and unpacked, with bounds.
 *
 * Both sides use it: the client and the embedded store. No I/O. Thread: any.
 */
#ifndef PRAVEGA_PROTO_H
#define PRAVEGA_PROTO_H

#include "pravega/controller.pb-c.h"
#include "weir/error.h"
#include "weir/view.h"

/** The HTTP/2 path of every call: this, then the method's name. */
#define PRAVEGA_CONTROLLER_PATH "/io.pravega.controller.stream.api.grpc.v1.ControllerService/"

/** What unpacking one message may allocate. A message of 4 MiB that a controller has reason to send needs half. */
#define PRAVEGA_PROTO_UNPACKED_MAX (32u << 20)

/** The method of an HTTP/2 path: its name, and the descriptors of its request and reply; NULL for any other path. */
const ProtobufCMethodDescriptor *pravega_proto_method(const char *path);

/**
 * @param out owned by the caller, freed with pravega_proto_free(); cast it to the type's struct
 * @retval WEIR_E_PROTO no message of this type, or one that needs more than PRAVEGA_PROTO_UNPACKED_MAX
 * @retval WEIR_E_NOMEM
 */
enum weir_status pravega_proto_unpack(const ProtobufCMessageDescriptor *type, struct weir_view bytes,
                                      ProtobufCMessage **out, struct weir_error *err);
void pravega_proto_free(ProtobufCMessage *message); /**< What unpack made. NULL is fine */

/**
 * @param out owned by the caller, freed with free(3); not NULL for an empty message either
 * @retval WEIR_E_NOMEM
 */
enum weir_status pravega_proto_pack(const ProtobufCMessage *message, uint8_t **out, size_t *len,
                                    struct weir_error *err);

/** A string that is lent to a message to be packed: protobuf-c only reads it, but its fields are not const. */
static inline char *pravega_proto_str(const char *text)
{
    return (char *)text;
}

#endif
