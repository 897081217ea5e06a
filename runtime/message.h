/**
 * @file runtime/message.h
 * @brief What the coordinator and the tasks say to each other. They share no other memory while a job runs, but what is
 * immutable (plan, checkpoint to restore) and a task's figures, which anybody may read.
 *
 * A message belongs to its sender until it is sent, to the postbox on its way, and then to its receiver.
 */
#ifndef WEIR_RUNTIME_MESSAGE_H
#define WEIR_RUNTIME_MESSAGE_H

#include "runtime/postbox.h"
#include "runtime/restore.h"
#include "runtime/snapshot.h"

struct weir_task;

/* Coordinator to task. Every order but TRIGGER, COMMITTED and ABORTED comes once, in this order. */
enum weir_order_kind {
    WEIR_ORDER_OPEN,      /* make the operators, restore them, open them -> OPENED */
    WEIR_ORDER_RUN,       /* all tasks are open: begin */
    WEIR_ORDER_TRIGGER,   /* to source tasks: checkpoint begins -> SNAPSHOT from every task */
    WEIR_ORDER_COMMITTED, /* checkpoint is complete and durable -> COMMITTED */
    WEIR_ORDER_ABORTED,   /* checkpoint was given up */
    WEIR_ORDER_CLOSE,     /* the last: free the operators, touch no channel any more -> CLOSED */
};

struct weir_order {
    struct weir_letter letter;
    enum weir_order_kind kind;
    int64_t checkpoint_id;
    const struct weir_restore *restore; /* of OPEN, or NULL */
};

/* Task to coordinator. */
enum weir_report_kind {
    WEIR_REPORT_OPENED,
    WEIR_REPORT_FAILED,    /* with its error; nothing follows but CLOSED */
    WEIR_REPORT_ENDED,     /* its input is over and its results are sent; it still takes part in checkpoints */
    WEIR_REPORT_SNAPSHOT,  /* with the snapshot, which becomes the coordinator's */
    WEIR_REPORT_COMMITTED, /* its operators have done what completion of the checkpoint asked of them */
    WEIR_REPORT_CLOSED,    /* the last */
};

struct weir_report {
    struct weir_letter letter;
    struct weir_task *task;
    enum weir_report_kind kind;
    int64_t checkpoint_id;
    struct weir_snapshot snapshot;
    struct weir_error error;
};

/** Sends an order to a task. Thread: the coordinator's. */
void weir_order_send(struct weir_task *task, enum weir_order_kind kind, int64_t checkpoint_id,
                     const struct weir_restore *restore);
void weir_order_free(struct weir_letter *letter);
/** A zeroed report to be filled and sent to the coordinator's postbox. */
struct weir_report *weir_report_new(struct weir_task *task, enum weir_report_kind kind, int64_t checkpoint_id);
/** With the snapshot, if it carries one. */
void weir_report_free(struct weir_letter *letter);

#endif
