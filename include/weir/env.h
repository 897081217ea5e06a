/**
 * @file weir/env.h
 * @brief The environment in which a pipeline is built and executed. Mirrors upstream's StreamExecutionEnvironment.
 *
 * Graph-building calls do not return errors one by one: the environment keeps the first, later calls do nothing, and
 * weir_env_execute() returns it with the operator's name and what to do. Thread: one at a time; the functions that a
 * pipeline is made of run on worker threads.
 */
#ifndef WEIR_ENV_H
#define WEIR_ENV_H

#include "weir/host.h"
#include "weir/operator.h"
#include "weir/source.h"
#include "weir/stream.h"
#include "weir/watermark.h"

#ifdef __cplusplus
extern "C" {
#endif

enum weir_checkpoint_mode { WEIR_EXACTLY_ONCE = 0, WEIR_AT_LEAST_ONCE = 1 };

/** What Flink's configuration keys say; zero means Flink's default. Strings are copied. */
struct weir_env_options {
    struct weir_host *host;                    /**< borrowed; NULL: the environment makes a real one */
    int parallelism;                           /**< parallelism.default (1) */
    int max_parallelism;                       /**< pipeline.max-parallelism (128, more from parallelism 86 on) */
    int workers;                               /**< threads; 0 means min(parallelism, cores) */
    int64_t checkpoint_interval_ms;            /**< execution.checkpointing.interval (0: off) */
    enum weir_checkpoint_mode checkpoint_mode; /**< execution.checkpointing.mode */
    int64_t checkpoint_timeout_ms;             /**< execution.checkpointing.timeout (600000) */
    int64_t checkpoint_min_pause_ms;           /**< execution.checkpointing.min-pause (0) */
    int tolerable_failed_checkpoints;          /**< execution.checkpointing.tolerable-failed-checkpoints (0) */
    const char *checkpoints_dir;               /**< state.checkpoints.dir; NULL with an interval: "weir-checkpoints" */
    int checkpoints_retained;                  /**< state.checkpoints.num-retained (1) */
    bool delete_on_success;                    /**< drop the checkpoints when the job finishes; false keeps them */
    const char *from_checkpoint; /**< execution.savepoint.path: a chk-N folder, or "latest" (none there: start anew) */
    bool ignore_unclaimed_state; /**< execution.savepoint.ignore-unclaimed-state (false) */
    int restart_attempts;        /**< restart-strategy.fixed-delay.attempts; 0: INT_MAX with checkpointing, else none;
                                      -1: none */
    int64_t restart_delay_ms;    /**< restart-strategy.fixed-delay.delay (1000); -1 means 0 */
    int64_t buffer_timeout_ms;   /**< execution.buffer-timeout.interval (100); -1 means 0: flush every record */
    int64_t auto_watermark_interval_ms; /**< pipeline.auto-watermark-interval (200) */
    bool disable_chaining;              /**< pipeline.operator-chaining.enabled = false */
    int buffer_bytes;                   /**< taskmanager.memory.segment-size (32768); 1024 or more */
    int buffers_per_channel; /**< taskmanager.network.memory.max-buffers-per-channel (8); rounded up to a power of two
                              */
    bool cancel_on_signals;  /**< SIGINT and SIGTERM cancel the job; weir_env_from_args() sets it */
};

/** @param options NULL means all defaults. Never NULL unless memory is out. */
weir_env *weir_env_new(const struct weir_env_options *options);
/** Not while it executes, unless its simulated host has gone silent (weir/sim.h). NULL is fine. */
void weir_env_free(weir_env *env);

/**
 * An environment from a program's arguments: takes `-D key=value` (Flink's keys above), `--parallelism N`,
 * `--checkpoint-dir DIR`, `--checkpoint-interval MS`, `--from-checkpoint latest|DIR` out of argv (argc is updated) over
 * the values of `defaults` (may be NULL). A bad one is the environment's first error.
 */
weir_env *weir_env_from_args(const struct weir_env_options *defaults, int *argc, char **argv);
/** The settings as they are now, for reading. */
const struct weir_env_options *weir_env_settings(const weir_env *env);
/** Keeps a failure as the environment's first error, for connectors' constructors and pipelines' own checks. */
void weir_env_fail(weir_env *env, const struct weir_error *why);

/** Adds a source (taken over, freed on failure too). A NULL source means that its constructor failed into the
 * environment. */
weir_stream *weir_env_add_source(weir_env *env, struct weir_source *source,
                                 const struct weir_watermark_strategy *strategy, const char *name);

/** What became of a job. */
struct weir_job_result {
    uint64_t records_in;  /**< elements that sources emitted */
    uint64_t records_out; /**< elements that sinks took */
    uint64_t late_records_dropped;
    uint64_t checkpoints_completed, checkpoints_failed;
    int64_t last_checkpoint_id; /**< 0: none */
    uint64_t restarts;
    int64_t first_record_ns; /**< from execute() to the first record of a source; -1: none came */
    int64_t runtime_ns;
    int64_t last_checkpoint_duration_ms, last_checkpoint_bytes;
};

/**
 * Runs the pipeline until its bounded sources end (unbounded ones: until cancelled or failed). Blocks.
 * @retval WEIR_OK             finished; with checkpointing, the last checkpoint is complete and the sinks have
 * committed
 * @retval WEIR_E_CANCELLED    weir_env_cancel(), or Ctrl-C where the program asked for it
 * @retval others              the first error of the graph, or what the job failed of when restarts were used up
 */
enum weir_status weir_env_execute(weir_env *env, const char *job_name, struct weir_job_result *result,
                                  struct weir_error *err);
/** Asks a running job to stop cleanly: no new checkpoint, open transactions are aborted. Any thread. */
void weir_env_cancel(weir_env *env);
/** Figures so far. On the loop that called execute (from a timer), or after it. */
void weir_env_progress(weir_env *env, struct weir_job_result *out);
/** Calls `fn` on execute's loop about every interval while the job runs. Set before execute. */
void weir_env_on_progress(weir_env *env, int64_t interval_ms,
                          void (*fn)(void *arg, const struct weir_job_result *so_far), void *arg);

/** As weir_env_execute, on a loop that the caller runs; `done` ends it. For simulations and hosts with a loop. */
enum weir_status weir_env_start(weir_env *env, struct weir_loop *loop, const char *job_name,
                                void (*done)(void *arg, enum weir_status status, const struct weir_job_result *result,
                                             const struct weir_error *why),
                                void *arg, struct weir_error *err);

/** A pipeline's body: builds the graph in `env`; what it returns is reported. `weir run` and WEIR_JOB_MAIN call it. */
typedef enum weir_status weir_job_fn(int argc, char **argv, struct weir_error *err);
/** Runs `job` as a program: Ctrl-C cancels, an error is printed as one line, the exit code says what it was. */
int weir_job_run(weir_job_fn *job, int argc, char **argv);

/** Makes a file both a program and a shared object for `weir run`: WEIR_JOB_MAIN(my_job) */
#define WEIR_JOB_MAIN(job_fn)                                                                                          \
    enum weir_status weir_job_main(int argc, char **argv, struct weir_error *err);                                     \
    enum weir_status weir_job_main(int argc, char **argv, struct weir_error *err)                                      \
    {                                                                                                                  \
        return job_fn(argc, argv, err);                                                                                \
    }                                                                                                                  \
    int main(int argc, char **argv)                                                                                    \
    {                                                                                                                  \
        return weir_job_run(job_fn, argc, argv);                                                                       \
    }

#ifdef __cplusplus
}
#endif

#endif
