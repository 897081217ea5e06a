/*
 * timer_heap.c - a pairing heap over the timers' own fields.
 *
 *     root
 *      |child                each node: `child` is its first child, `next` its next sibling,
 *      v                     `prev` its previous sibling, or its parent if it is a first child
 *      a --next--> b --next--> c
 *
 * Starting a timer is constant time, stopping and firing O(log n) amortized, and nothing is ever allocated.
 */
#include "base/timer_heap.h"

#include <assert.h>

static bool before(const struct weir_timer *a, const struct weir_timer *b)
{
    return a->deadline_ns != b->deadline_ns ? a->deadline_ns < b->deadline_ns : a->seq < b->seq;
}

/* Two heaps into one; either may be NULL. Their roots have no siblings. */
static struct weir_timer *meld(struct weir_timer *a, struct weir_timer *b)
{
    if (a == NULL || b == NULL)
        return a != NULL ? a : b;
    if (before(b, a)) {
        struct weir_timer *swap = a;

        a = b;
        b = swap;
    }
    b->next = a->child;
    if (b->next != NULL)
        b->next->prev = b;
    b->prev = a;
    a->child = b;
    return a;
}

/* A list of siblings into one heap: melds them in pairs from the left, then the pairs from the right. */
static struct weir_timer *meld_siblings(struct weir_timer *first)
{
    struct weir_timer *pairs = NULL, *root = NULL;

    while (first != NULL) {
        struct weir_timer *a = first, *b = first->next;

        first = b != NULL ? b->next : NULL;
        a->next = a->prev = NULL;
        if (b != NULL)
            b->next = b->prev = NULL;
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    while (pairs != NULL) {
        struct weir_timer *next = pairs->next;

        pairs->next = NULL;
        root = meld(root, pairs);
        pairs = next;
    }
    return root;
}

static void unlink_from_parent(struct weir_timer *timer)
{
    if (timer->prev->child == timer)
        timer->prev->child = timer->next;
    else
        timer->prev->next = timer->next;
    if (timer->next != NULL)
        timer->next->prev = timer->prev;
}

void weir_timer_heap_stop(struct weir_timer_heap *heap, struct weir_timer *timer)
{
    struct weir_timer *orphans;

    if (!timer->armed)
        return;
    orphans = meld_siblings(timer->child);
    if (timer == heap->root) {
        heap->root = orphans;
    } else {
        unlink_from_parent(timer);
        heap->root = meld(heap->root, orphans);
    }
    timer->child = timer->next = timer->prev = NULL;
    timer->armed = false;
}

void weir_timer_heap_start(struct weir_timer_heap *heap, struct weir_timer *timer, int64_t deadline_ns)
{
    weir_timer_heap_stop(heap, timer);
    assert(timer->fn != NULL);
    timer->child = timer->next = timer->prev = NULL;
    timer->deadline_ns = deadline_ns;
    timer->seq = ++heap->seq;
    timer->armed = true;
    heap->root = meld(heap->root, timer);
}

/* What is started meanwhile is due at now_ns at the earliest and has a higher seq: it stands behind every due timer
 * that was there before, so the first of the new ones at the root ends the round. */
void weir_timer_heap_fire(struct weir_timer_heap *heap, int64_t now_ns)
{
    uint64_t seq_last = heap->seq;

    while (heap->root != NULL && heap->root->deadline_ns <= now_ns && heap->root->seq <= seq_last) {
        struct weir_timer *timer = heap->root;

        weir_timer_heap_stop(heap, timer);
        timer->fn(timer->arg);
    }
}

void weir_timer_heap_clear(struct weir_timer_heap *heap)
{
    while (heap->root != NULL)
        weir_timer_heap_stop(heap, heap->root);
}
