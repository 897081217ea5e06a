/**
 * @file runtime/checkpoints.h
 * @brief One job's checkpoints: when one begins, who has acknowledged it, when it is complete, and when it is given up.
 *
 *     OFF --start--> RESTING --interval, min pause--> BEGINNING (folder) --> COLLECTING (snapshots, their files)
 *     COLLECTING --all files written--> COMPLETING (manifest, rename) --> RESTING; the owner is told `completed`
 *     BEGINNING, COLLECTING --timeout, failure, stop--> DISCARDING --> RESTING or OFF; the owner is told `failed`
 *
 * One checkpoint at a time. What blocks is done by pool jobs. Thread: the coordinator's.
 */
#ifndef WEIR_RUNTIME_CHECKPOINTS_H
#define WEIR_RUNTIME_CHECKPOINTS_H

#include "runtime/checkpoint_storage.h"
#include "runtime/plan.h"
#include "weir/host.h"

enum weir_checkpoints_state {
    WEIR_CHECKPOINTS_OFF,
    WEIR_CHECKPOINTS_RESTING,
    WEIR_CHECKPOINTS_BEGINNING,
    WEIR_CHECKPOINTS_COLLECTING,
    WEIR_CHECKPOINTS_COMPLETING,
    WEIR_CHECKPOINTS_DISCARDING,
};

/** What the owner is told; each may call back. */
struct weir_checkpoints_owner {
    void (*trigger)(void *arg, int64_t checkpoint_id);                              /**< send barriers */
    void (*completed)(void *arg, int64_t checkpoint_id);                            /**< durable */
    void (*failed)(void *arg, int64_t checkpoint_id, const struct weir_error *why); /**< given up; not at a stop */
    void (*stopped)(void *arg); /**< OFF, after weir_checkpoints_stop() */
    void *arg;
};

struct weir_checkpoints;

struct weir_checkpoints_options {
    struct weir_loop *loop;
    const struct weir_env_options *env;
    const struct weir_plan *plan;
    const char *job_name; /* borrowed */
    struct weir_checkpoints_owner owner;
};

enum weir_status weir_checkpoints_new(const struct weir_checkpoints_options *options, struct weir_checkpoints **out,
                                      struct weir_error *err);
/** OFF, or its simulated host is silent. NULL is fine */
void weir_checkpoints_free(struct weir_checkpoints *cps);

/** All tasks run: begin. @param last_id greatest number used so far */
void weir_checkpoints_start(struct weir_checkpoints *cps, int64_t last_id);
/** Every task has ended: as soon as the one in progress is over, one more, now. @return by `completed` or `failed` */
void weir_checkpoints_finish(struct weir_checkpoints *cps);
/** The checkpoint that weir_checkpoints_finish() asked for; 0: it has not begun. */
int64_t weir_checkpoints_final_id(const struct weir_checkpoints *cps);
/** A task's snapshot; taken over. Those of other checkpoints than the one in progress are dropped. */
void weir_checkpoints_snapshot(struct weir_checkpoints *cps, int64_t checkpoint_id, int vertex, int subtask,
                               struct weir_snapshot *snapshot);
/** Gives up the one in progress; `stopped` follows (perhaps at once) when no pool job is left. */
void weir_checkpoints_stop(struct weir_checkpoints *cps);

struct weir_checkpoints_figures {
    uint64_t completed, failed;
    int64_t last_id, last_duration_ms, last_bytes;
};
const struct weir_checkpoints_figures *weir_checkpoints_figures(const struct weir_checkpoints *cps);
/** The greatest number used so far. */
int64_t weir_checkpoints_last_used(const struct weir_checkpoints *cps);

#endif
