/**
 * @file weir/operator.h
 * @brief What stands in a chain: an operator, the context that it lives in, and how it is snapshotted.
 *
 * A chain is driven from outside: elements, watermarks, barriers in; output and snapshots out. The task does it, the
 * test harness does it. An operator may assume nothing more. Mirrors upstream's StreamOperator.
 *
 * Thread: the task's worker, for every call of one operator. No call may block; one that has to wait for something
 * returns WEIR_E_AGAIN where that is allowed and calls weir_context_wake() when it is worth calling again.
 */
#ifndef WEIR_OPERATOR_H
#define WEIR_OPERATOR_H

#include "weir/collector.h"
#include "weir/loop.h"
#include "weir/type.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weir_context; /* one task's surroundings, seen from one of its operators */

struct weir_loop *weir_context_loop(struct weir_context *ctx);
const char *weir_context_operator_name(const struct weir_context *ctx);
const char *weir_context_uid(const struct weir_context *ctx);
int weir_context_subtask_index(const struct weir_context *ctx); /**< 0..parallelism-1 */
int weir_context_parallelism(const struct weir_context *ctx);
int weir_context_max_parallelism(const struct weir_context *ctx);
int weir_context_attempt(const struct weir_context *ctx); /**< 0 at first, one more after each restart */
bool weir_context_checkpointing(const struct weir_context *ctx);
/** The key of the element in hand, borrowed like it; of the operators of weir_keyed_transform(), during on_record. */
const void *weir_context_key(const struct weir_context *ctx);
/** "What I was waiting for is here": the task goes on in this or the next turn. */
void weir_context_wake(struct weir_context *ctx);
/** Fails the task from a callback outside of a call: the job restarts or ends with this error. */
void weir_context_fail(struct weir_context *ctx, const struct weir_error *why);
/** Adds to a counter of this operator by upstream's metric name ("numLateRecordsDropped"); `name` is static. */
void weir_context_count(struct weir_context *ctx, const char *name, int64_t add);

/** Which subtask gets an entry of a snapshot at restore. */
enum weir_state_kind {
    WEIR_STATE_KEYED, /**< the one whose range holds the key group */
    WEIR_STATE_LIST,  /**< one of them: entries are dealt out in turn (upstream's even-split list state) */
    WEIR_STATE_UNION, /**< every one gets all (upstream's union list state) */
};

struct weir_snapshot; /* being written */
/** Adds one entry. @param key_group of a KEYED entry, else 0. The bytes are copied. Failures stick and fail the
 * checkpoint. */
void weir_snapshot_add(struct weir_snapshot *snapshot, enum weir_state_kind kind, const char *state_name, int key_group,
                       struct weir_view bytes);

/** One entry of what is restored; borrowed for the call. */
struct weir_restored {
    enum weir_state_kind kind;
    const char *state_name;
    int key_group;
    struct weir_view bytes;
};

struct weir_operator;

/** Every function but `free` may be NULL. */
struct weir_operator_ops {
    const char *name;
    /** After restore, before the first record; `op->ctx` and `op->out` are set. */
    enum weir_status (*open)(struct weir_operator *op, struct weir_error *err);
    /** One element, borrowed for the call. Must take it: what can't be passed on yet is kept, and `ready` says no. */
    enum weir_status (*on_record)(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                  struct weir_error *err);
    /** The runtime forwards the watermark itself, after this returns: results precede it. */
    enum weir_status (*on_watermark)(struct weir_operator *op, int64_t watermark_ms, struct weir_error *err);
    /** False: no record now, please; weir_context_wake() when it is true again. */
    bool (*ready)(struct weir_operator *op);
    /** The barrier of `checkpoint_id` is here: make what came before it durable (flush). AGAIN: not yet. Once it was OK
     * the operator emits nothing, from timers neither, until `snapshot` or `aborted`. */
    enum weir_status (*prepare)(struct weir_operator *op, int64_t checkpoint_id, struct weir_error *err);
    /** Writes its state; runs between two records, when every operator of the chain is prepared. */
    enum weir_status (*snapshot)(struct weir_operator *op, int64_t checkpoint_id, struct weir_snapshot *out,
                                 struct weir_error *err);
    /** Once for each entry of its snapshot that belongs to this subtask; then `open`. */
    enum weir_status (*restore)(struct weir_operator *op, const struct weir_restored *entry, struct weir_error *err);
    /** Checkpoint `checkpoint_id` is complete and durable (notifyCheckpointComplete). AGAIN: not done yet. */
    enum weir_status (*committed)(struct weir_operator *op, int64_t checkpoint_id, struct weir_error *err);
    /** Checkpoint `checkpoint_id` was given up, before, while or after it was prepared: a flush may be under way. */
    void (*aborted)(struct weir_operator *op, int64_t checkpoint_id);
    /** No record will follow; watermark INT64_MAX has passed. AGAIN: not done yet. Barriers may still come. */
    enum weir_status (*end_input)(struct weir_operator *op, struct weir_error *err);
    /**
     * The attempt is over (finished, failed or cancelled): give up what is open elsewhere, an open transaction above
     * all. AGAIN: not done yet; after a second it is freed all the same. It may not emit; only `free` follows. Called
     * opened or not.
     */
    enum weir_status (*close)(struct weir_operator *op);
    /** Frees it, opened or not. What is not durable by now is given up. */
    void (*free)(struct weir_operator *op);
};

/** First member of every operator. */
struct weir_operator {
    const struct weir_operator_ops *ops;
    struct weir_context *ctx;
    struct weir_collector *out; /**< the next in the chain; NULL for a sink */
};

/** Makes the operator of each subtask. Belongs to the graph, shared by threads, immutable. First member of its kinds.
 */
struct weir_operator_factory {
    enum weir_status (*create)(const struct weir_operator_factory *factory, struct weir_context *ctx,
                               struct weir_operator **out, struct weir_error *err);
    void (*free)(struct weir_operator_factory *factory);
};

/** An operator without output; `type` is what it takes. Made by a connector, owned by the graph once added. */
struct weir_sink {
    struct weir_operator_factory factory;
    const struct weir_type *type;
    const char *name; /**< "Pravega Writer": stands in error lines; static */
};

#ifdef __cplusplus
}
#endif

#endif
