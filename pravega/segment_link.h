/**
 * @file pravega/segment_link.h
 * @brief The way to one segment: finds its store, gets a token and a connection, and does so again when it is lost.
 *
 *     IDLE --start--> ENDPOINT --> TOKEN --> UP --lost, wrong host, token expired--> WAITING --backoff--> ENDPOINT
 *                         any state --attempts used up, no access--> IDLE (on_failed)
 *
 * Embedded in the reader, writer or query that uses it. Attempts are counted as upstream's retry policy does; works()
 * starts the count anew. Thread: the client's loop.
 */
#ifndef PRAVEGA_SEGMENT_LINK_H
#define PRAVEGA_SEGMENT_LINK_H

#include "pravega/connection.h"
#include "pravega/controller.h"
#include "pravega/tokens.h"

/** No function is called from within a call on the link; each may stop the link and free its memory. */
struct pravega_segment_link_handler {
    /** Commands may be sent now, with link->token. They may still wait for the connection to open. */
    void (*on_up)(void *arg);
    void (*on_reply)(void *arg, const struct pravega_wire_command *reply, const struct pravega_wire_frame *frame);
    /** Nothing that was sent will be answered any more; on_up or on_failed follows. */
    void (*on_lost)(void *arg);
    /** Given up. */
    void (*on_failed)(void *arg, const struct weir_error *why);
};

enum pravega_segment_link_state {
    PRAVEGA_LINK_IDLE,
    PRAVEGA_LINK_ENDPOINT,
    PRAVEGA_LINK_TOKEN,
    PRAVEGA_LINK_UP,
    PRAVEGA_LINK_WAITING,
};

struct pravega_segment_link {
    char *segment_name;       /**< as segment stores know it, a transaction's shadow name included */
    struct weir_buf token;    /**< what requests carry: valid while UP, and replaced before it ends */
    struct pravega_flow flow; /**< flow.request_id: for commands whose reply is matched otherwise */
    int64_t refused_id;       /**< in on_lost: the request that the store refused to look at; -1 if there is none */
    struct weir_error why;    /**< in on_lost: what happened; else of the last attempt */
    const struct pravega_retry *retry; /**< of the client; after init another one may be set, which outlives the link */

    /* Private. */
    struct pravega_client *client;
    char *scope, *stream;
    pravega_segment_id segment;
    enum pravega_access access;
    bool exclusive;
    const struct pravega_segment_link_handler *handler;
    void *arg;
    enum pravega_segment_link_state state;
    struct pravega_call call;
    struct pravega_token_user token_user;
    struct weir_timer backoff;
    int32_t attempts;
    bool *ended; /* set when stop() is called from within on_lost */
};

/**
 * @param txn       NULL, or the transaction whose shadow segment is meant
 * @param exclusive a connection of its own: what is sent by pravega_connection_lend() is not copied
 * @param handler   borrowed, outlives the link
 * @retval WEIR_E_INVAL a name too long @retval WEIR_E_NOMEM; nothing is to be cleaned up then
 */
enum weir_status pravega_segment_link_init(struct pravega_segment_link *link, struct pravega_client *client,
                                           const struct pravega_stream_name *stream, pravega_segment_id segment,
                                           const struct pravega_txn_id *txn, enum pravega_access access, bool exclusive,
                                           const struct pravega_segment_link_handler *handler, void *arg,
                                           struct weir_error *err);
/** Stops it and frees what init took. Fine for a zeroed one. */
void pravega_segment_link_fini(struct pravega_segment_link *link);
/** Begins to connect; from IDLE only. */
void pravega_segment_link_start(struct pravega_segment_link *link);
/** Lets go of the connection; no callback follows. `clean`: nothing is awaited on it, so that others may use it. */
void pravega_segment_link_stop(struct pravega_segment_link *link, bool clean);
/** The store has answered as it should: attempts are counted from zero again. */
void pravega_segment_link_works(struct pravega_segment_link *link);
/** What came over the link makes no sense: connects anew, as after a lost connection. on_lost is not called. */
void pravega_segment_link_retry(struct pravega_segment_link *link, const struct weir_error *why);
static inline bool pravega_segment_link_is_up(const struct pravega_segment_link *link)
{
    return link->state == PRAVEGA_LINK_UP;
}

#endif
