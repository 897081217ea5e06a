/**
 * @file runtime/coordinator.h
 * @brief Runs one job: deploys its tasks, restarts them from the last checkpoint when one fails, and ends it.
 *
 *     LOADING --checkpoint read, or none--> DEPLOYING --all opened--> RUNNING --all ended--> FINISHING
 *     FINISHING --final checkpoint complete and committed by all (none without checkpointing)--> STOPPING
 *     any --failure, cancel--> STOPPING --all closed, synced, no pool job--> RESTARTING --delay--> LOADING, or DONE
 *
 * Thread: the loop that the job was started on.
 */
#ifndef WEIR_RUNTIME_COORDINATOR_H
#define WEIR_RUNTIME_COORDINATOR_H

#include "runtime/env_int.h"
#include "runtime/plan.h"

struct weir_coordinator_options {
    struct weir_env *env; /* its graph is finished; outlives the coordinator */
    struct weir_loop *loop;
    const char *job_name;
    /** Called once; the coordinator is freed by then. */
    void (*done)(void *arg, enum weir_status status, const struct weir_job_result *result,
                 const struct weir_error *why);
    void *arg;
};

enum weir_status weir_coordinator_start(const struct weir_coordinator_options *options, struct weir_coordinator **out,
                                        struct weir_error *err);
void weir_coordinator_cancel(struct weir_coordinator *coord);
/** Frees it and all of the job without a word, after its simulated host has gone silent. */
void weir_coordinator_abandon(struct weir_coordinator *coord);
void weir_coordinator_progress(const struct weir_coordinator *coord, struct weir_job_result *out);

#endif
