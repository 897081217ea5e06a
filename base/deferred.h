/**
 * @file base/deferred.h
 * @brief A list of work for later in the turn, or for the next one; any element leaves it in constant time.
 *
 * `work->link` points at what points at `work` (the list's head or the element before) and is NULL while it is in no
 * list; that is what makes queueing twice harmless and cancelling free of a search. Used by base/ only.
 */
#ifndef WEIR_BASE_DEFERRED_H
#define WEIR_BASE_DEFERRED_H

#include "weir/loop.h"

struct weir_deferred_queue {
    struct weir_deferred *head, **tail; /* tail: where the next one is linked in */
};

static inline void weir_deferred_queue_init(struct weir_deferred_queue *queue)
{
    queue->head = NULL;
    queue->tail = &queue->head;
}

static inline bool weir_deferred_queue_empty(const struct weir_deferred_queue *queue)
{
    return queue->head == NULL;
}

/** Nothing happens if `work` is in a list already. */
static inline void weir_deferred_queue_push(struct weir_deferred_queue *queue, struct weir_deferred *work)
{
    if (work->link != NULL)
        return;
    work->next = NULL;
    work->link = queue->tail;
    *queue->tail = work;
    queue->tail = &work->next;
}

/** Takes `work` out of `queue`, or out of the batch that weir_deferred_queue_run() is running from it. */
static inline void weir_deferred_queue_remove(struct weir_deferred_queue *queue, struct weir_deferred *work)
{
    if (work->link == NULL)
        return;
    *work->link = work->next;
    if (work->next != NULL)
        work->next->link = work->link;
    else if (queue->tail == &work->next)
        queue->tail = work->link; /* not so in a batch, which has no tail */
    work->next = NULL;
    work->link = NULL;
}

/** Runs what is queued now; what is queued meanwhile stays for the next call. Any of it may be removed meanwhile. */
static inline void weir_deferred_queue_run(struct weir_deferred_queue *queue)
{
    struct weir_deferred *batch = queue->head;

    if (batch == NULL)
        return;
    batch->link = &batch;
    weir_deferred_queue_init(queue);
    while (batch != NULL) {
        struct weir_deferred *work = batch;

        weir_deferred_queue_remove(queue, work);
        work->fn(work->arg);
    }
}

/** Forgets all of it, so that its owners may cancel or free it later without effect. */
static inline void weir_deferred_queue_clear(struct weir_deferred_queue *queue)
{
    while (queue->head != NULL)
        weir_deferred_queue_remove(queue, queue->head);
}

#endif
