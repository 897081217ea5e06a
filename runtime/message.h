/**
 * @file runtime/message.h
 * @brief What the coordinator and the tasks say to each other. They share no other memory while a job runs, but what is
 * immutable (plan, checkpoint to restore) and a task's figures, which anybody may read.
 *
 * A message belongs to its sender until it is posted and to its receiver from then on, who frees it.
 */
#ifndef WEIR_RUNTIME_MESSAGE_H
#define WEIR_RUNTIME_MESSAGE_H

#include "runtime/restore.h"
#include "runtime/snapshot.h"

struct weir_task;
struct weir_coordinator;

/* Coordinator to task. Every order but TRIGGER, COMMITTED and ABORTED comes once, in this order. */
enum weir_order_kind {
    WEIR_ORDER_OPEN,      /* make the operators, restore them, open them -> OPENED */
    WEIR_ORDER_RUN,       /* all tasks are open: begin */
    WEIR_ORDER_TRIGGER,   /* to source tasks: checkpoint begins -> SNAPSHOT from every task */
    WEIR_ORDER_COMMITTED, /* checkpoint is complete and durable -> COMMITTED */
    WEIR_ORDER_ABORTED,   /* checkpoint was given up */
    WEIR_ORDER_CLOSE,     /* free the operators, touch no channel any more -> CLOSED. Nothing follows but SYNC */
    WEIR_ORDER_SYNC,      /* all tasks are closed, and what they posted before has arrived -> SYNCED */
};

struct weir_order {
    struct weir_mail mail;
    struct weir_task *task;
    enum weir_order_kind kind;
    int64_t checkpoint_id;
    const struct weir_restore *restore; /* of OPEN, or NULL */
};

/* Task to coordinator. */
enum weir_report_kind {
    WEIR_REPORT_OPENED,
    WEIR_REPORT_FAILED,    /* with its error; nothing follows but CLOSED and SYNCED */
    WEIR_REPORT_ENDED,     /* its input is over and its results are sent; it still takes part in checkpoints */
    WEIR_REPORT_SNAPSHOT,  /* with the snapshot, which becomes the coordinator's */
    WEIR_REPORT_COMMITTED, /* its operators have done what completion of the checkpoint asked of them */
    WEIR_REPORT_CLOSED,
    WEIR_REPORT_SYNCED,
};

struct weir_report {
    struct weir_mail mail;
    struct weir_coordinator *coordinator;
    struct weir_task *task;
    enum weir_report_kind kind;
    int64_t checkpoint_id;
    struct weir_snapshot snapshot;
    struct weir_error error;
};

/** Sends an order to a task. Thread: the coordinator's. */
void weir_order_send(struct weir_task *task, enum weir_order_kind kind, int64_t checkpoint_id,
                     const struct weir_restore *restore);
/** A zeroed report to be filled and posted to the coordinator's loop. */
struct weir_report *weir_report_new(struct weir_task *task, enum weir_report_kind kind, int64_t checkpoint_id);

#endif
