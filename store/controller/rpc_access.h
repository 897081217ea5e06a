/**
 * @file store/controller/rpc_access.h
 * @brief What each of the controller's calls needs: the permission, and on what. Used by the controller's files.
 */
#ifndef WEIR_STORE_RPC_ACCESS_H
#define WEIR_STORE_RPC_ACCESS_H

#include "pravega/proto.h"
#include "store/access/acl.h"

/** What a call's permission is asked for. All zero: nothing was said of the call, and with accounts nobody may do
 * it. */
enum weir_rpc_target {
    WEIR_RPC_UNSAID = 0,
    WEIR_RPC_OPEN,         /**< nothing is asked */
    WEIR_RPC_ROOT,         /**< prn::/ */
    WEIR_RPC_SCOPE,        /**< of the message */
    WEIR_RPC_STREAM,       /**< of the message */
    WEIR_RPC_STREAM_OWNER, /**< the same, or what a stream of the store's own belongs to */
    WEIR_RPC_SEGMENT,      /**< the same, or the table whose segment it is */
    WEIR_RPC_TABLE,        /**< of the message */
    WEIR_RPC_NEW_STREAM,   /**< the scope; READ is enough for streams of the store's own that clients make */
    WEIR_RPC_TOKEN,        /**< a delegation token, see rpc_access.c */
};

struct weir_rpc_rule {
    enum weir_rpc_target target;
    enum weir_permission permission;
    /** The reply has a delegation token of that permission. */
    bool gives_token;
    /** If the message's StreamInfo asks for no token (access operation NONE), none is given, and READ is enough. */
    bool token_if_asked;
};

struct weir_call;

/**
 * Whether the caller may have the call answered; sets the call's token.
 * @return WEIR_GRPC_OK, or the code and *words to refuse it with
 */
int weir_call_authorize(struct weir_call *call, const struct weir_rpc_rule *rule, const ProtobufCMessage *message,
                        const char **words);

/** Whether lists show it to the caller. All is shown where there are no accounts. */
bool weir_call_sees_scope(const struct weir_call *call, const char *scope);
bool weir_call_sees_stream(const struct weir_call *call, const char *scope, const char *stream);
bool weir_call_sees_table(const struct weir_call *call, const char *scope, const char *table);

#endif
