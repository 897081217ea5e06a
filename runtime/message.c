/*
 * message.c - making messages and handing them over.
 *
 * A message that cannot be had ends the process: without it the other side would wait for ever, and what is missing is
 * a few hundred bytes.
 */
#include "runtime/message.h"

#include <stdlib.h>

#include "runtime/coordinator.h"
#include "runtime/task.h"

static void *must_have(size_t size)
{
    void *message = calloc(1, size);

    if (message == NULL)
        abort();
    return message;
}

static void deliver_order(struct weir_mail *mail)
{
    struct weir_order *order = (struct weir_order *)mail;

    weir_task_order(order->task, order);
    free(order);
}

void weir_order_send(struct weir_task *task, enum weir_order_kind kind, int64_t checkpoint_id,
                     const struct weir_restore *restore)
{
    struct weir_order *order = must_have(sizeof(*order));

    *order = (struct weir_order){{.fn = deliver_order}, task, kind, checkpoint_id, restore};
    weir_loop_post(task->loop, &order->mail);
}

static void deliver_report(struct weir_mail *mail)
{
    struct weir_report *report = (struct weir_report *)mail;

    weir_coordinator_report(report->coordinator, report);
    free(report);
}

struct weir_report *weir_report_new(struct weir_task *task, enum weir_report_kind kind, int64_t checkpoint_id)
{
    struct weir_report *report = must_have(sizeof(*report));

    report->mail.fn = deliver_report;
    report->coordinator = task->coordinator;
    report->task = task;
    report->kind = kind;
    report->checkpoint_id = checkpoint_id;
    return report;
}
