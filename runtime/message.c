/*
 * message.c - making messages and handing them over.
 *
 * A message that cannot be had ends the process: without it the other side would wait for ever, and what is missing is
 * a few hundred bytes.
 */
#include "runtime/message.h"

#include <stdlib.h>

#include "runtime/task.h"

static void *must_have(size_t size)
{
    void *message = calloc(1, size);

    if (message == NULL)
        abort();
    return message;
}

void weir_order_send(struct weir_task *task, enum weir_order_kind kind, int64_t checkpoint_id,
                     const struct weir_restore *restore)
{
    struct weir_order *order = must_have(sizeof(*order));

    *order = (struct weir_order){.kind = kind, .checkpoint_id = checkpoint_id, .restore = restore};
    weir_postbox_send(&task->orders, &order->letter);
}

void weir_order_free(struct weir_letter *letter)
{
    free(letter);
}

struct weir_report *weir_report_new(struct weir_task *task, enum weir_report_kind kind, int64_t checkpoint_id)
{
    struct weir_report *report = must_have(sizeof(*report));

    report->task = task;
    report->kind = kind;
    report->checkpoint_id = checkpoint_id;
    return report;
}

void weir_report_free(struct weir_letter *letter)
{
    struct weir_report *report = (struct weir_report *)letter;

    if (report->kind == WEIR_REPORT_SNAPSHOT)
        weir_snapshot_fini(&report->snapshot);
    free(report);
}
