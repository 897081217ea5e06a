/**
 * @file store/rules/request_rules.h
 * @brief Which requests the controller refuses before it looks at anything: names and numbers that no request may have.
 *
 * As Pravega 0.13.0: what its own checks of arguments find ends with INTERNAL, since they throw. Pure.
 */
#ifndef WEIR_STORE_REQUEST_RULES_H
#define WEIR_STORE_REQUEST_RULES_H

#include "base/grpc.h"
#include "pravega/proto.h"

/** What a call with this request ends with; WEIR_GRPC_OK if it may be served. @param rpc the method's name */
enum weir_grpc_code weir_request_check(const char *rpc, const ProtobufCMessage *request);

#endif
