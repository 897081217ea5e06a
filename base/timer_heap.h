/**
 * @file base/timer_heap.h
 * @brief The armed timers of a loop, the next one first. Equal deadlines come out in the order they were started.
 *
 * Zero it to begin. Used by base/ only.
 */
#ifndef WEIR_BASE_TIMER_HEAP_H
#define WEIR_BASE_TIMER_HEAP_H

#include "weir/loop.h"

struct weir_timer_heap {
    struct weir_timer *root; /* the next to fire, NULL if none is armed */
    uint64_t seq;            /* of the latest start */
};

/** Arms `timer`; moves it if it is armed already. */
void weir_timer_heap_start(struct weir_timer_heap *heap, struct weir_timer *timer, int64_t deadline_ns);
/** Nothing happens if it is not armed. */
void weir_timer_heap_stop(struct weir_timer_heap *heap, struct weir_timer *timer);
/**
 * Fires what is due at `now_ns`, in order. Timers that are started meanwhile wait for the next call even if they are
 * due, so that a turn ends.
 */
void weir_timer_heap_fire(struct weir_timer_heap *heap, int64_t now_ns);
/** Disarms all. */
void weir_timer_heap_clear(struct weir_timer_heap *heap);

/** now_ns + delay_ns, without overflow; a delay <= 0 counts as none. */
static inline int64_t weir_timer_deadline(int64_t now_ns, int64_t delay_ns)
{
    if (delay_ns <= 0)
        return now_ns;
    return now_ns > INT64_MAX - delay_ns ? INT64_MAX : now_ns + delay_ns;
}

#endif
