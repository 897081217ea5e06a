/**
 * @file pravega/controller.h
 * @brief The client's side of the controller's calls: typed, asynchronous, retried.
 *
 * A call is embedded in the struct of whoever makes it, like a timer: zero it, start it with one of the functions
 * below, and it ends in its callback in a later turn, once, whatever happens (out of memory included). The callback may
 * start the same call again or free the memory that it is in. What a callback is lent (arrays, strings, `why`) lives
 * until it returns; counts are 0 and pointers NULL unless status is WEIR_OK.
 *
 * Retries are upstream's ControllerImpl: 1 ms, x10, up to 20 s, 10 attempts, within the client's rpc_timeout_ms, and
 * only after codes that can pass. With several controllers in the URI an unreachable one gives way to the next.
 * Statuses that every call can end with: WEIR_E_REFUSED or WEIR_E_CLOSED (no controller answered), WEIR_E_TIMEOUT,
 * WEIR_E_AUTH, WEIR_E_DENIED, WEIR_E_NOT_FOUND (scope, stream or what the call names), WEIR_E_PROTO, WEIR_E_NOMEM,
 * WEIR_E_IO (the controller answered that it failed).
 *
 * Thread: the client's loop.
 */
#ifndef PRAVEGA_CONTROLLER_H
#define PRAVEGA_CONTROLLER_H

#include "base/grpc.h"
#include "pravega/client.h"
#include "pravega/key_value_table.h"
#include "pravega/reader_group.h"
#include "pravega/streams.h"
#include "pravega/transaction.h"

struct pravega_rpc; /* a row of the table in controller.c */

struct pravega_call {
    /* Private. Idle when `client` is NULL. */
    struct pravega_client *client;
    const struct pravega_rpc *rpc;
    void (*done)(void); /* the typed callback; rpc->finish knows its type */
    void *arg;
    char *subject; /* "stream demo/a": what messages name */
    uint8_t *request;
    size_t request_len;
    struct weir_grpc_call *grpc;           /* the attempt under way */
    struct pravega_controller *controller; /* that it goes to; held */
    struct weir_timer timer;               /* the wait before the next attempt, or before `why` is reported */
    int64_t deadline_ns;
    int64_t absent_since_ns;
    bool renewed; /* credentials were refused once and have been replaced */
    bool absent;  /* no controller was there at the last attempt, nor at those before it since then */
    int32_t attempts_left;
    int32_t backoff_ms;
    struct weir_error why;
};

/** Its callback will not run. Fine for an idle (zeroed or ended) one. */
void pravega_call_cancel(struct pravega_call *call);
static inline bool pravega_call_busy(const struct pravega_call *call)
{
    return call->client != NULL;
}

/* ---- scopes and streams: controller_streams.c. Statuses as in pravega/streams.h. */

void pravega_controller_create_scope(struct pravega_call *call, struct pravega_client *client, const char *scope,
                                     pravega_done_fn *done, void *arg);
void pravega_controller_delete_scope(struct pravega_call *call, struct pravega_client *client, const char *scope,
                                     pravega_done_fn *done, void *arg);
/** With everything in it. A scope that does not exist is fine. */
void pravega_controller_delete_scope_recursive(struct pravega_call *call, struct pravega_client *client,
                                               const char *scope, pravega_done_fn *done, void *arg);
void pravega_controller_create_stream(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream,
                                      const struct pravega_stream_config *config, pravega_done_fn *done, void *arg);
/** Replaces the whole configuration. WEIR_E_SEALED; WEIR_E_BUSY: another update is under way. */
void pravega_controller_update_stream(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream,
                                      const struct pravega_stream_config *config, pravega_done_fn *done, void *arg);
/** Drops what is before `cut`. WEIR_E_SEALED; WEIR_E_CONFLICT: not a cut at or after the last one, or one is under way.
 */
void pravega_controller_truncate_stream(struct pravega_call *call, struct pravega_client *client,
                                        const struct pravega_stream_name *stream,
                                        const struct pravega_segment_offset *cut, size_t count, pravega_done_fn *done,
                                        void *arg);
void pravega_controller_seal_stream(struct pravega_call *call, struct pravega_client *client,
                                    const struct pravega_stream_name *stream, pravega_done_fn *done, void *arg);
void pravega_controller_delete_stream(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream, pravega_done_fn *done, void *arg);

void pravega_controller_scope_exists(struct pravega_call *call, struct pravega_client *client, const char *scope,
                                     pravega_exists_fn *done, void *arg);
void pravega_controller_stream_exists(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream, pravega_exists_fn *done, void *arg);

void pravega_controller_stream_config(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream, pravega_config_fn *done, void *arg);

/** One page of a list, internal names included; `token` asks for the next one. An empty page is the last. */
typedef void pravega_page_fn(void *arg, enum weir_status status, const char *const *names, size_t count,
                             const char *token, const struct weir_error *why);
/** @param token of the page before; "" for the first */
void pravega_controller_list_scopes(struct pravega_call *call, struct pravega_client *client, const char *token,
                                    pravega_page_fn *done, void *arg);
void pravega_controller_list_streams(struct pravega_call *call, struct pravega_client *client, const char *scope,
                                     const char *token, pravega_page_fn *done, void *arg);
/** Those that carry `tag`. */
void pravega_controller_list_tagged(struct pravega_call *call, struct pravega_client *client, const char *scope,
                                    const char *tag, const char *token, pravega_page_fn *done, void *arg);

/* ---- segments: controller_segments.c. */

/** Those that take writes now, sorted by min_key; none for a sealed stream. */
void pravega_controller_current_segments(struct pravega_call *call, struct pravega_client *client,
                                         const struct pravega_stream_name *stream, pravega_ranges_fn *done, void *arg);
/** Those of one epoch. */
void pravega_controller_epoch_segments(struct pravega_call *call, struct pravega_client *client,
                                       const struct pravega_stream_name *stream, int32_t epoch, pravega_ranges_fn *done,
                                       void *arg);
/** The stream's head: its oldest segments and where their data begins, sorted by id. */
void pravega_controller_head_segments(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream, pravega_cut_fn *done, void *arg);

/** A segment that follows a sealed one, and all segments that it follows. */
struct pravega_successor {
    struct pravega_segment_range range;
    const int64_t *predecessors; /**< segment ids */
    size_t predecessor_count;
};
/** `successors` are sorted by min_key; none if the segment still takes writes, or ended with its stream. */
typedef void pravega_successors_fn(void *arg, enum weir_status status, const struct pravega_successor *successors,
                                   size_t count, const struct weir_error *why);
void pravega_controller_successors(struct pravega_call *call, struct pravega_client *client,
                                   const struct pravega_stream_name *stream, pravega_segment_id segment,
                                   pravega_successors_fn *done, void *arg);

/** `ids` are sorted. */
typedef void pravega_ids_fn(void *arg, enum weir_status status, const pravega_segment_id *ids, size_t count,
                            const struct weir_error *why);
/** All segments from one cut to the other, both included; an empty `from` is the first epoch, an empty `to` the current
 *  one, and not both may be empty. */
void pravega_controller_segments_between(struct pravega_call *call, struct pravega_client *client,
                                         const struct pravega_stream_name *stream,
                                         const struct pravega_segment_offset *from, size_t from_count,
                                         const struct pravega_segment_offset *to, size_t to_count, pravega_ids_fn *done,
                                         void *arg);

/** Whether the segment takes writes now. */
void pravega_controller_segment_valid(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream, pravega_segment_id segment,
                                      pravega_exists_fn *done, void *arg);
/** Whether the segments of `cut` hold every key once. */
void pravega_controller_cut_valid(struct pravega_call *call, struct pravega_client *client,
                                  const struct pravega_stream_name *stream, const struct pravega_segment_offset *cut,
                                  size_t count, pravega_exists_fn *done, void *arg);

/** Where the segment store is that owns a segment; whether the segment exists is not checked. */
typedef void pravega_endpoint_fn(void *arg, enum weir_status status, const char *host, uint16_t port,
                                 const struct weir_error *why);
void pravega_controller_segment_endpoint(struct pravega_call *call, struct pravega_client *client,
                                         const struct pravega_stream_name *stream, pravega_segment_id segment,
                                         pravega_endpoint_fn *done, void *arg);

/** Begins to replace `sealed` by segments of the key ranges `ranges` (their ids are not looked at), which cover the
 * same keys. WEIR_E_CONFLICT: `sealed` are not all current. WEIR_E_INVAL: the ranges do not match, or a scale is under
 * way. */
void pravega_controller_scale(struct pravega_call *call, struct pravega_client *client,
                              const struct pravega_stream_name *stream, const pravega_segment_id *sealed,
                              size_t sealed_count, const struct pravega_segment_range *ranges, size_t range_count,
                              pravega_scale_fn *done, void *arg);
/** WEIR_OK: the scale that began in `epoch` is done. WEIR_E_AGAIN: not yet. WEIR_E_INVAL: there is none. */
void pravega_controller_check_scale(struct pravega_call *call, struct pravega_client *client,
                                    const struct pravega_stream_name *stream, int32_t epoch, pravega_done_fn *done,
                                    void *arg);

/* ---- access and time: controller_access.c. */

enum pravega_access { PRAVEGA_ACCESS_READ, PRAVEGA_ACCESS_WRITE, PRAVEGA_ACCESS_READ_WRITE };
/** `token` goes to segment stores as it is; "" if the client has no credentials (no call is made then). */
typedef void pravega_token_fn(void *arg, enum weir_status status, const char *token, const struct weir_error *why);
void pravega_controller_delegation_token(struct pravega_call *call, struct pravega_client *client,
                                         const struct pravega_stream_name *stream, enum pravega_access access,
                                         pravega_token_fn *done, void *arg);
/** A controller of the cluster. */
struct pravega_endpoint {
    const char *host;
    uint16_t port;
};
typedef void pravega_endpoints_fn(void *arg, enum weir_status status, const struct pravega_endpoint *endpoints,
                                  size_t count, const struct weir_error *why);
/** All controllers of the cluster. A standalone one has no cluster: WEIR_E_IO, at once. */
void pravega_controller_server_list(struct pravega_call *call, struct pravega_client *client,
                                    pravega_endpoints_fn *done, void *arg);

/** A writer's time, and how far it had written by then. WEIR_E_INVAL: time or position went backwards. */
void pravega_controller_note_timestamp(struct pravega_call *call, struct pravega_client *client,
                                       const struct pravega_stream_name *stream, const char *writer,
                                       const struct pravega_segment_offset *position, size_t count,
                                       int64_t timestamp_ms, pravega_done_fn *done, void *arg);
/** The writer's time no longer holds back watermarks. WEIR_E_NOT_FOUND. */
void pravega_controller_remove_writer(struct pravega_call *call, struct pravega_client *client,
                                      const struct pravega_stream_name *stream, const char *writer,
                                      pravega_done_fn *done, void *arg);

/* ---- transactions: controller_txn.c. */

/** `segments` carry the transaction's epoch in their ids: shadow segments are named by these, which need not exist
 *  themselves. Sorted by min_key. */
typedef void pravega_txn_created_fn(void *arg, enum weir_status status, struct pravega_txn_id txn,
                                    const struct pravega_segment_range *segments, size_t count,
                                    const struct weir_error *why);
/** WEIR_E_NOT_FOUND: no such stream. A sealed stream gives WEIR_E_IO at once (the controller only says that it failed):
 *  ask for its current segments. @param lease_ms 10000..600000 */
void pravega_controller_create_txn(struct pravega_call *call, struct pravega_client *client,
                                   const struct pravega_stream_name *stream, int64_t lease_ms,
                                   pravega_txn_created_fn *done, void *arg);
/** Begins to commit; committing twice is fine. WEIR_E_TXN_FAILED: it is aborted, timed out or unknown.
 *  @param writer NULL, or the writer whose `timestamp_ms` the commit notes */
void pravega_controller_commit_txn(struct pravega_call *call, struct pravega_client *client,
                                   const struct pravega_stream_name *stream, struct pravega_txn_id txn,
                                   const char *writer, int64_t timestamp_ms, pravega_done_fn *done, void *arg);
/** Aborting twice is fine. WEIR_E_STATE: it is committed, committing or unknown. */
void pravega_controller_abort_txn(struct pravega_call *call, struct pravega_client *client,
                                  const struct pravega_stream_name *stream, struct pravega_txn_id txn,
                                  pravega_done_fn *done, void *arg);
/** Renews the lease of an open one: then PRAVEGA_TXN_OPEN. A committing one answers COMMITTED, an aborting one ABORTED.
 *  WEIR_E_LIMIT: it may not stay open as long. WEIR_E_CLOSED: the controller is not watching leases now. */
void pravega_controller_ping_txn(struct pravega_call *call, struct pravega_client *client,
                                 const struct pravega_stream_name *stream, struct pravega_txn_id txn, int64_t lease_ms,
                                 pravega_txn_status_fn *done, void *arg);
/** PRAVEGA_TXN_UNKNOWN is a status like the others. */
void pravega_controller_check_txn(struct pravega_call *call, struct pravega_client *client,
                                  const struct pravega_stream_name *stream, struct pravega_txn_id txn,
                                  pravega_txn_status_fn *done, void *arg);
/** Those that ended last, up to 500 in no order; 0.13 forgets them within seconds. */
void pravega_controller_completed_txns(struct pravega_call *call, struct pravega_client *client,
                                       const struct pravega_stream_name *stream, pravega_txn_infos_fn *done, void *arg);

/* ---- reader groups: controller_groups.c. */

/** A group as the controller keeps it. */
struct pravega_group_record {
    /** Out: zero means the default, as everywhere. In: as stored; the streams are sorted, and the cuts are lent. */
    struct pravega_reader_group_config config;
    struct pravega_txn_id id; /**< a random UUID of whoever created it */
    int64_t generation;       /**< counts the updates, from 0 */
};
typedef void pravega_group_record_fn(void *arg, enum weir_status status, const struct pravega_group_record *record,
                                     const struct weir_error *why);

/** Registers the group, makes its synchronizer's stream "_RG<group>", and subscribes it to its streams. It may have
 *  existed: the callback gets the stored record, to be compared (id and generation aside) with the one asked for.
 *  WEIR_E_NOT_FOUND: no such scope. WEIR_E_INVAL: the name. */
void pravega_controller_create_group(struct pravega_call *call, struct pravega_client *client,
                                     const struct pravega_group_name *name, const struct pravega_group_record *record,
                                     pravega_group_record_fn *done, void *arg);
void pravega_controller_get_group(struct pravega_call *call, struct pravega_client *client,
                                  const struct pravega_group_name *name, pravega_group_record_fn *done, void *arg);
typedef void pravega_generation_fn(void *arg, enum weir_status status, int64_t generation,
                                   const struct weir_error *why);
/** Replaces the configuration and answers with its new generation. `record` carries the id and the generation that it
 *  replaces. WEIR_E_CONFLICT: they are not the stored ones. WEIR_E_BUSY: another update is under way. */
void pravega_controller_update_group(struct pravega_call *call, struct pravega_client *client,
                                     const struct pravega_group_name *name, const struct pravega_group_record *record,
                                     pravega_generation_fn *done, void *arg);
/** Its synchronizer's stream goes, too. WEIR_E_NOT_FOUND: no such group, or not with this id. */
void pravega_controller_delete_group(struct pravega_call *call, struct pravega_client *client,
                                     const struct pravega_group_name *name, struct pravega_txn_id id,
                                     pravega_done_fn *done, void *arg);

/** The names are "scope/group", in no order. */
void pravega_controller_list_subscribers(struct pravega_call *call, struct pravega_client *client,
                                         const struct pravega_stream_name *stream, pravega_names_fn *done, void *arg);
/** The group needs nothing of the stream before `cut` any more. WEIR_E_NOT_FOUND: no such stream, or no such subscriber
 *  with this id. WEIR_E_CONFLICT: the group has another generation. WEIR_E_INVAL: no cut at or after the one before.
 *  A cut of nothing but -1 is no cut to a controller of 0.13: WEIR_E_IO. */
void pravega_controller_update_subscriber_cut(struct pravega_call *call, struct pravega_client *client,
                                              const struct pravega_stream_name *stream,
                                              const struct pravega_group_name *name, struct pravega_txn_id id,
                                              int64_t generation, const struct pravega_segment_offset *cut,
                                              size_t count, pravega_done_fn *done, void *arg);

/* ---- key-value tables: controller_tables.c. */

/** `table->stream` is the table's name. WEIR_E_EXISTS; WEIR_E_NOT_FOUND: no such scope; WEIR_E_INVAL: the name, or a
 *  number (which a controller is not asked about: 0.13 fails in a way that is retried). */
void pravega_controller_create_table(struct pravega_call *call, struct pravega_client *client,
                                     const struct pravega_stream_name *table, const struct pravega_table_config *config,
                                     pravega_done_fn *done, void *arg);
void pravega_controller_delete_table(struct pravega_call *call, struct pravega_client *client,
                                     const struct pravega_stream_name *table, pravega_done_fn *done, void *arg);
void pravega_controller_table_config(struct pravega_call *call, struct pravega_client *client,
                                     const struct pravega_stream_name *table, pravega_table_config_fn *done, void *arg);
/** Its segments, which never change, sorted by min_key. Their names and the stream of their getURI add "_kvtable" to
 *  the table's name. */
void pravega_controller_table_segments(struct pravega_call *call, struct pravega_client *client,
                                       const struct pravega_stream_name *table, pravega_ranges_fn *done, void *arg);
void pravega_controller_list_tables(struct pravega_call *call, struct pravega_client *client, const char *scope,
                                    const char *token, pravega_page_fn *done, void *arg);

#endif
