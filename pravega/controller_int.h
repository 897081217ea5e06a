/**
 * @file pravega/controller_int.h
 * @brief How the typed calls of controller.h are made: one row per RPC, one function that starts any of them.
 *
 * A new RPC is a row (struct pravega_rpc), the outcomes of its status field, a `finish` that turns the reply into the
 * callback's arguments, and a function that fills the request. Its request and reply types are found by name in the
 * service's descriptor. Used by controller*.c, streams.c and the like.
 */
#ifndef PRAVEGA_CONTROLLER_INT_H
#define PRAVEGA_CONTROLLER_INT_H

#include "pravega/client_int.h"
#include "pravega/controller.h"
#include "pravega/proto.h"

/** What one value of a reply's status field means. */
struct pravega_outcome {
    enum weir_status status; /**< WEIR_OK, AGAIN: the callback gets no words */
    const char *words;       /**< follow "cannot <verb> <subject>: " */
};

/** How a call ended, on its way to the callback. */
struct pravega_end {
    void (*done)(void);
    void *arg;
    enum weir_status status;
    struct weir_error why;
};

struct pravega_rpc {
    const char *name;                       /**< the method's, in the service's descriptor */
    const char *verb;                       /**< "create": messages begin with "cannot create stream demo/a" */
    const struct pravega_outcome *outcomes; /**< by value of the status field; NULL: the reply has none */
    size_t outcome_count;
    uint32_t final_codes; /**< bits of gRPC codes that are not retried here, though they are elsewhere */
    /** Calls end->done, cast to its type. `reply` is NULL unless a controller answered and end->status is WEIR_OK. */
    void (*finish)(struct pravega_end *end, const ProtobufCMessage *reply);
};

#define PRAVEGA_OUTCOMES(array) .outcomes = (array), .outcome_count = sizeof(array) / sizeof((array)[0])

/** Packs `request` and starts. The subject is the rest, printf-like. */
void pravega_call_start(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                        const ProtobufCMessage *request, void (*done)(void), void *arg, const char *subject, ...)
    __attribute__((format(printf, 7, 8)));
/** Ends in a later turn with `why`, WEIR_OK included (and no reply then either), and does not ask the controller. */
void pravega_call_reject(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                         const struct weir_error *why, void (*done)(void), void *arg);
/** pravega_call_start for what has a name in a scope, or pravega_call_reject for a name that no controller takes.
 *  @param kind "stream", "reader group"
 *  @param part NULL, or what of it is meant: "segment 0.#epoch.0" */
void pravega_call_start_named(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                              const char *kind, const struct pravega_stream_name *name, const char *part,
                              const ProtobufCMessage *request, void (*done)(void), void *arg);
/** As above, for a stream. */
void pravega_call_start_stream(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                               const struct pravega_stream_name *stream, const char *part,
                               const ProtobufCMessage *request, void (*done)(void), void *arg);
/** As above, for a scope. */
void pravega_call_start_scope(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                              const char *scope, const ProtobufCMessage *request, void (*done)(void), void *arg);

/* ---- controller_messages.c: parts of messages and endings that several RPCs share. */

void pravega_finish_done(struct pravega_end *end, const ProtobufCMessage *reply);   /**< a pravega_done_fn */
void pravega_finish_exists(struct pravega_end *end, const ProtobufCMessage *reply); /**< a pravega_exists_fn */
void pravega_finish_ranges(struct pravega_end *end, const ProtobufCMessage *reply); /**< a pravega_ranges_fn */

/** "" for a page without a token. */
const char *pravega_token_text(const Pravega__ContinuationToken *token);

/** Fills a message that names a stream; the strings are lent. */
void pravega_stream_info(Pravega__StreamInfo *info, const struct pravega_stream_name *stream);

/** False if there is no id that a segment can have, or no range within [0, 1]. */
bool pravega_range_of(const Pravega__SegmentRange *segment, struct pravega_segment_range *out);
/** A copy of a reply's segments, sorted by min_key, to be freed with free(3); NULL if it fails, which `end` tells. */
struct pravega_segment_range *pravega_ranges_of(struct pravega_end *end, Pravega__SegmentRange *const *segments,
                                                size_t count);

/** A stream cut as the entries of a map field. */
struct pravega_cut_map {
    Pravega__StreamCut__CutEntry *storage, **entries;
};
/** @retval WEIR_E_NOMEM nothing was made; fini is fine */
enum weir_status pravega_cut_map_init(struct pravega_cut_map *map, const struct pravega_segment_offset *cut,
                                      size_t count, struct weir_error *err);
void pravega_cut_map_fini(struct pravega_cut_map *map);
/** Starts one whose request is a cut of a stream. */
void pravega_call_start_cut(struct pravega_call *call, struct pravega_client *client, const struct pravega_rpc *rpc,
                            const struct pravega_stream_name *stream, const struct pravega_segment_offset *cut,
                            size_t count, void (*done)(void), void *arg);

#endif
