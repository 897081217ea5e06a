/**
 * @file runtime/env_int.h
 * @brief What an environment holds. Used by runtime/ only.
 */
#ifndef WEIR_RUNTIME_ENV_INT_H
#define WEIR_RUNTIME_ENV_INT_H

#include <stdatomic.h>

#include "runtime/graph.h"
#include "weir/env.h"

struct weir_coordinator;

enum weir_cancel_state { WEIR_CANCEL_NO_JOB, WEIR_CANCEL_RUNNING, WEIR_CANCEL_POSTED };

struct weir_env {
    struct weir_env_options options; /* defaults filled in; strings are the environment's own */
    struct weir_host *own_host;      /* made at execute if none was given */
    struct weir_graph graph;
    struct weir_coordinator *coordinator; /* of the running or last job */
    struct weir_job_result result;        /* of the last job */
    int64_t progress_interval_ms;
    void (*progress_fn)(void *arg, const struct weir_job_result *so_far);
    void *progress_arg;
    /* Cancelling from any thread: whoever moves RUNNING to POSTED posts the mail to `loop`; the job, to end, moves
     * RUNNING to NO_JOB, or waits for the mail. */
    _Atomic int cancel_state; /* enum weir_cancel_state */
    _Atomic bool cancelled;   /* asked for, perhaps before the job ran */
    struct weir_mail cancel_mail;
    struct weir_loop *loop;
    struct weir_start *start; /* of the running job */
};

#endif
