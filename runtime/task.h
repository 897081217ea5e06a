/**
 * @file runtime/task.h
 * @brief One parallel instance of a chain: a state machine that takes turns on its worker's loop.
 *
 *     NEW --OPEN--> OPEN --RUN--> RUNNING --CLOSE--> CLOSING --operators gave up what was open--> CLOSED
 *                NEW, OPEN, RUNNING --failure--> FAILED --CLOSE--> CLOSING
 *
 * A turn takes input until the budget is spent, the input is empty, the outbox is full, or an operator is not ready;
 * then the worker goes on with the next task. Orders arrive as mail between two turns. Thread: made and freed by the
 * coordinator; in between everything but the figures belongs to the worker.
 */
#ifndef WEIR_RUNTIME_TASK_H
#define WEIR_RUNTIME_TASK_H

#include "runtime/input.h"
#include "runtime/message.h"
#include "runtime/output.h"
#include "runtime/source_output.h"

enum weir_task_state {
    WEIR_TASK_NEW,
    WEIR_TASK_OPEN,
    WEIR_TASK_RUNNING,
    WEIR_TASK_FAILED,
    WEIR_TASK_CLOSING,
    WEIR_TASK_CLOSED
};

/** Written by the task, once a turn; read by anybody. */
struct weir_task_figures {
    _Atomic uint64_t records_in;     /* that its source emitted */
    _Atomic uint64_t records_out;    /* that its sinks took */
    _Atomic uint64_t late_records;   /* numLateRecordsDropped of its operators */
    _Atomic int64_t first_record_ns; /* loop time; -1: none yet */
    _Atomic int64_t input_watermark_ms;
};

struct weir_task {
    const struct weir_vertex *vertex;
    const struct weir_env_options *options;
    struct weir_postbox *reports; /* the coordinator's */
    struct weir_postbox orders;
    struct weir_mail sync_mail; /* to the worker and back: the end of all mail between the two */
    void (*synced)(struct weir_task *task);
    struct weir_loop *loop; /* of its worker */
    struct weir_chain_host host;
    enum weir_task_state state;

    struct weir_chain_exit *exits; /* of the chain, into the outbox */
    size_t exit_count;
    struct weir_chain *chain;
    struct weir_outbox outbox;
    struct weir_input input;          /* of a task that has no source */
    struct weir_source_output source; /* of one that has */
    bool is_source, source_done;

    struct weir_deferred turn;
    struct weir_waker waker;
    struct weir_timer flush_timer, watermark_timer, close_timer;
    bool flush_due, watermark_due;

    int64_t requested_id;  /* a source: checkpoint that was triggered and not begun; 0: none */
    int64_t checkpoint_id; /* being prepared; 0: none */
    int64_t *commits;      /* completed checkpoints that operators still have to be told of, the oldest first */
    size_t commit_count, commit_cap;
    bool ending, ended; /* end of input: operators are being told; all is sent */

    struct weir_task_figures figures;
};

struct weir_task_options {
    const struct weir_vertex *vertex;
    const struct weir_env_options *env;
    int subtask, attempt;
    struct weir_loop *loop;       /* the worker's */
    struct weir_postbox *reports; /* the coordinator's */
    size_t output_count;          /* edges that leave the vertex */
};

/** A task whose outbox and input still have to be wired. */
enum weir_status weir_task_new(const struct weir_task_options *options, struct weir_task **out, struct weir_error *err);
/**
 * All tasks are closed: goes to the worker and comes back behind everything that was sent before, a late wake-up
 * included. `synced` is called on the coordinator's loop; then nobody holds the task any more. Thread: the
 * coordinator's.
 */
void weir_task_sync(struct weir_task *task, void (*synced)(struct weir_task *task));
/** Closed and synced, or never given an order, or its loop is silent for ever. NULL is fine. */
void weir_task_free(struct weir_task *task);
#endif
