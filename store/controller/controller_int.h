/**
 * @file store/controller/controller_int.h
 * @brief A call to the controller, and what its files share.
 *
 * How every call goes: look at the directory, put changes into the call's batch, commit it, change the directory,
 * answer. The container says at once whether it takes a batch, so the directory changes at once as well; the answer
 * leaves when the batch is durable. A call without changes waits for a barrier instead: no peer is told of what could
 * still be lost.
 */
#ifndef WEIR_STORE_CONTROLLER_INT_H
#define WEIR_STORE_CONTROLLER_INT_H

#include "base/grpc.h"
#include "pravega/proto.h"
#include "store/controller/batch.h"
#include "store/controller/controller.h"
#include "store/controller/rpc_access.h"
#include "store/controller/upkeep.h"

#define WEIR_TXN_LEASE_MIN_MS INT64_C(10000)
#define WEIR_TXN_LEASE_MAX_MS INT64_C(600000)

struct weir_call;

struct weir_controller {
    struct weir_loop *loop;
    struct weir_container *ctr;
    struct weir_grpc_server *grpc;
    struct weir_access *access; /* NULL: everybody may do everything */
    struct weir_token_key token_key;
    char *advertised_host;
    uint16_t segment_port;
    struct weir_store_settings settings;
    struct weir_store_figures *figures; /* NULL: nothing is measured */
    struct weir_directory dir;
    uint32_t txn_counter_high; /* the last transaction's number, of 96 bits */
    uint64_t txn_counter_low;
    uint64_t commit_number;  /* of the last commit request */
    struct weir_timer sweep; /* forgets old transactions; tries refused merges again */
    bool merge_refused;
    struct weir_call *calls;
};

/**
 * How a call ended, told to who asked once it may be. A call does not know what asked it: gRPC or HTTP.
 * @param reply packed, borrowed for the call; empty unless the code is OK @param words of a refusal, static, or NULL
 */
typedef void weir_call_tell_fn(void *asker, enum weir_grpc_code code, struct weir_view reply, const char *words);

struct weir_call {
    struct weir_store_op op;
    struct weir_controller *ctl;
    weir_call_tell_fn *tell;
    void *asker;
    struct weir_batch batch; /**< its changes; and memory for its reply */
    bool committed;          /**< op is under way */
    bool succeeded;          /**< what is answered is no refusal */
    int64_t began_ns;
    struct weir_call_figures *figures; /**< NULL: it is not measured */
    enum weir_grpc_code code;
    const char *words; /* static */
    struct weir_login login;
    struct weir_timer pause; /**< armed while the call waits for a better moment */
    const struct weir_rpc *rpc;
    ProtobufCMessage *message; /**< the request, until it is served */
    char *token;               /**< the delegation token for the reply, "" if there is none; the call's memory */
    uint8_t *reply;
    size_t reply_len;
    struct weir_call *next, **link;
};

/* controller_service.c */
/**
 * Makes the call `name` of the protocol ("createScope") for an asker who may make it. The asker is told exactly once:
 * from the loop, or from within this if the call does not exist or memory is out.
 * @param message unpacked, of the call's type, borrowed for the call
 */
void weir_controller_call(struct weir_controller *ctl, const char *name, const void *message, weir_call_tell_fn *tell,
                          void *asker);
/** Hands the call's batch to the container, once. @return the outcome, to be told only by the answer */
enum weir_status weir_call_commit(struct weir_call *call);
/** Answers when it may be told; the call is over for the caller. `reply` is packed now. */
void weir_call_answer(struct weir_call *call, const ProtobufCMessage *reply);
/** The same with a code other than OK. @param words static */
void weir_call_refuse(struct weir_call *call, enum weir_grpc_code code, const char *words);
/** The scope or stream that a message names, NULL if there is none. */
struct weir_held_stream *weir_call_stream(const struct weir_call *call, const Pravega__StreamInfo *info);
/** A zeroed array from the call's memory; NULL if there is none (then answer() refuses by itself). */
void *weir_call_alloc(struct weir_call *call, size_t count, size_t size);
/** A StreamInfo of that stream, from the call's memory. */
Pravega__StreamInfo *weir_call_stream_info(struct weir_call *call, const struct weir_held_stream *stream);
Pravega__SegmentId *weir_call_segment_id(struct weir_call *call, const struct weir_held_stream *stream, int64_t id);
Pravega__SegmentRange *weir_call_range(struct weir_call *call, const struct weir_held_stream *stream,
                                       const struct weir_segment_range *range, int64_t id);
/** Every stream, in the order of names; `fn` must not add or remove any. */
void weir_controller_each_stream(struct weir_controller *ctl,
                                 void (*fn)(struct weir_controller *ctl, struct weir_held_stream *stream));
/** Where a page of a list begins: the token is the last name of the page before. */
#define WEIR_LIST_PAGE 1000

/* catalog_load.c */
enum weir_status weir_catalog_load(struct weir_controller *ctl, struct weir_error *err);

/** scopes.c, after a load: makes the scope that a cluster has for itself, if the folder is new. */
enum weir_status weir_scopes_begin(struct weir_controller *ctl);

/* stream_make.c */
/**
 * A new stream with its segments and its mark stream (if it is none itself), put into the directory and into the batch.
 * @param config packed, copied @return NULL if out of memory: nothing is left behind
 */
struct weir_held_stream *weir_stream_make(struct weir_controller *ctl, struct weir_batch *batch,
                                          struct weir_held_scope *scope, struct weir_view name, struct weir_view config,
                                          int32_t segment_count);
/** Takes a stream and its mark stream out of the directory and frees them: after a refused make, or a deletion. */
void weir_stream_drop(struct weir_controller *ctl, struct weir_held_stream *stream);
/** Everything of a stream and its mark stream, removed by the batch. */
void weir_stream_remove(struct weir_batch *batch, const struct weir_held_stream *stream);
/** The same without its mark stream. */
void weir_stream_remove_alone(struct weir_batch *batch, const struct weir_held_stream *stream);
/** The stream "_MARK<stream>"; NULL for one of those itself. */
struct weir_held_stream *weir_stream_mark(const struct weir_held_stream *stream);

/* stream_segments.c */
/** A segment of the stream, as weir_segment_peek(); NULL if it is gone. */
struct weir_segment *weir_stream_segment(struct weir_controller *ctl, const struct weir_held_stream *stream,
                                         int64_t id);
/** Where the stream ends now. @retval WEIR_E_NOMEM */
enum weir_status weir_stream_tail(struct weir_controller *ctl, const struct weir_held_stream *stream,
                                  struct weir_cut *out);
/**
 * Puts a truncation into the batch and makes `cut` the stream's head; `cut` receives the one before, to be swapped back
 * if the batch is refused. @retval WEIR_E_INVAL it is no cut of the stream, or lies before its head; nothing changed
 */
enum weir_status weir_stream_truncate_prepare(struct weir_batch *batch, struct weir_held_stream *stream,
                                              struct weir_cut *cut);
void weir_stream_swap_head(struct weir_held_stream *stream, struct weir_cut *cut);
/** A cut out of a message's map entries, sorted. */
enum weir_status weir_cut_take(struct weir_cut *out, Pravega__StreamCut__CutEntry *const *entries, size_t count);
/** What upstream fails with over a cut that it cannot look at: NOT_FOUND if its oldest epoch is yet to come, UNKNOWN
 * for a segment that is none, or if no segment has begun; OK for any other, valid or not. */
enum weir_grpc_code weir_cut_fault(const struct weir_epochs *epochs, const struct weir_cut *cut);

/* scaling.c */
/**
 * Puts a scale into the batch and appends its epoch, to be dropped if the batch is refused. Afterwards the upkeep has
 * to follow. @retval WEIR_E_STATE, WEIR_E_INVAL, WEIR_E_NOMEM as weir_epochs_scale(), or fewer segments than the least
 */
enum weir_status weir_stream_scale_prepare(struct weir_batch *batch, struct weir_held_stream *stream,
                                           const int64_t *sealed, size_t sealed_count,
                                           const struct weir_segment_range *ranges, size_t range_count, int64_t now_ms);

/* transactions.c */
/** After a load: merges what was to be committed, starts leases. */
void weir_txns_recover(struct weir_controller *ctl);
/** Ends every open transaction of a stream that is sealed or deleted. @return false if a merge has to wait */
bool weir_txns_finish(struct weir_controller *ctl, struct weir_held_stream *stream);

/* key_value_tables.c */
/** Everything of the table, removed by the batch. */
void weir_kvt_remove(struct weir_batch *batch, const struct weir_held_scope *scope, const struct weir_held_kvt *kvt);

/* writer_times.c */
/**
 * Remembers a writer's time: the record goes into the batch, `rec` moves into the directory. Afterwards the watermarks
 * have to follow.
 * @retval WEIR_E_INVAL  its time would go back (what the directory has is later)
 * @retval WEIR_E_STATE  its position would go back
 * @retval WEIR_E_LIMIT  too many writers; WEIR_E_NOMEM. `rec` stays the caller's in all of these
 */
enum weir_status weir_writer_note(struct weir_batch *batch, struct weir_held_stream *stream, struct weir_view writer,
                                  struct weir_writer_record *rec);

/* The calls, by their name in the protocol; `message` is unpacked. */
typedef void weir_rpc_fn(struct weir_call *call, const void *message);
weir_rpc_fn weir_rpc_create_scope, weir_rpc_delete_scope, weir_rpc_delete_scope_recursive, weir_rpc_list_scopes,
    weir_rpc_check_scope_exists;
weir_rpc_fn weir_rpc_create_stream, weir_rpc_update_stream, weir_rpc_seal_stream, weir_rpc_delete_stream,
    weir_rpc_get_stream_configuration, weir_rpc_check_stream_exists, weir_rpc_list_streams,
    weir_rpc_list_streams_for_tag;
weir_rpc_fn weir_rpc_get_current_segments, weir_rpc_get_epoch_segments, weir_rpc_get_segments, weir_rpc_get_successors,
    weir_rpc_get_segments_between, weir_rpc_is_segment_valid, weir_rpc_is_stream_cut_valid, weir_rpc_truncate_stream,
    weir_rpc_scale, weir_rpc_check_scale;
weir_rpc_fn weir_rpc_create_transaction, weir_rpc_commit_transaction, weir_rpc_abort_transaction,
    weir_rpc_ping_transaction, weir_rpc_check_transaction_state, weir_rpc_list_completed_transactions;
weir_rpc_fn weir_rpc_note_timestamp, weir_rpc_remove_writer;
weir_rpc_fn weir_rpc_create_reader_group, weir_rpc_get_reader_group_config, weir_rpc_update_reader_group,
    weir_rpc_delete_reader_group, weir_rpc_list_subscribers, weir_rpc_update_subscriber_stream_cut;
weir_rpc_fn weir_rpc_create_kvt, weir_rpc_delete_kvt, weir_rpc_get_kvt_configuration, weir_rpc_get_kvt_segments,
    weir_rpc_list_kvts;

#endif
