/**
 * @file weir/host.h
 * @brief What a process has from its machine: loops, file system, blocking pool, log, a seed.
 *
 * A program makes one real host and passes it down; a simulation makes one simulated host for each process that it
 * plays (weir/sim.h). Nothing below this interface is reached in any other way.
 */
#ifndef WEIR_HOST_H
#define WEIR_HOST_H

#include <stdbool.h>

#include "weir/error.h"
#include "weir/loop.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weir_fs;
struct weir_host; /* opaque; implementations see base/host_int.h */

/** A blocking piece of work, embedded in the caller's struct. */
struct weir_job {
    void (*work)(struct weir_job *job); /**< on a pool thread; may block, touches only what the job carries */
    void (*done)(struct weir_job *job); /**< on `loop`, after work returned */
    struct weir_loop *loop;
    struct weir_mail mail; /* private */
};

enum weir_log_level { WEIR_LOG_ERROR, WEIR_LOG_WARN, WEIR_LOG_INFO, WEIR_LOG_DEBUG };

struct weir_host_options {
    enum weir_log_level log_level; /**< lines above this level are not formatted; zero is ERROR only */
    int log_fd;                    /**< 0 means standard error */
    int pool_threads;              /**< 0 means 4 */
    uint64_t seed;                 /**< 0 means one from getrandom(2) */
};

/** @param options NULL means all defaults @retval WEIR_E_NOMEM, WEIR_E_IO, WEIR_E_INVAL nothing was made */
enum weir_status weir_host_new(const struct weir_host_options *options, struct weir_host **out, struct weir_error *err);
/** All its loops must be freed. NULL is fine. */
void weir_host_free(struct weir_host *host);

/** The file system; lives as long as the host. */
struct weir_fs *weir_host_fs(struct weir_host *host);
struct weir_log *weir_host_log(struct weir_host *host);
/** Runs job->work on the pool, then job->done on job->loop. Jobs of one loop may overlap. Thread: any. */
void weir_host_submit(struct weir_host *host, struct weir_job *job);
/**
 * Takes a job back that was submitted and whose done was not called: neither will be from now on, and its memory is the
 * caller's again. Blocks while the work is running. The loop need not run. Thread: the loop's.
 * @return whether the work was done
 */
bool weir_host_cancel(struct weir_host *host, struct weir_job *job);
/** A number that differs each call and is repeatable in a simulation: seeds for weir_rng. Thread: any. */
uint64_t weir_host_random(struct weir_host *host);
/** Processors a pipeline may use (sched_getaffinity); 1 or more. */
int weir_host_cores(struct weir_host *host);
/** A variable of the process's environment, or NULL; borrowed until somebody changes the environment. Thread: any,
 * while none does that. */
const char *weir_host_env(struct weir_host *host, const char *name);

#ifdef __cplusplus
}
#endif

#endif
