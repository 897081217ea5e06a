/**
 * @file base/ring.h
 * @brief A bounded single-producer single-consumer queue of pointers: the only thing two workers share.
 *
 * A full ring is back-pressure. Each side may ask to be told: the consumer before it sleeps, the producer when it found
 * the ring full; the other side then calls back once. Thread: push and the producer's calls on one thread, pop and the
 * consumer's on one (perhaps the same).
 */
#ifndef WEIR_BASE_RING_H
#define WEIR_BASE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "weir/error.h"

struct weir_ring {
    void **slots;
    size_t mask;
    _Alignas(64) _Atomic size_t head;         /* next to pop; written by the consumer */
    size_t tail_seen;                         /* the consumer's last look at tail */
    _Alignas(64) _Atomic size_t tail;         /* next to push; written by the producer */
    size_t head_seen;                         /* the producer's last look at head */
    _Alignas(64) _Atomic bool consumer_waits; /* set by the consumer, taken by the producer at each push */
    _Alignas(64) _Atomic bool producer_waits; /* the other way round */
};

/** @param capacity a power of two, 2 or more */
enum weir_status weir_ring_init(struct weir_ring *ring, size_t capacity, struct weir_error *err);
void weir_ring_fini(struct weir_ring *ring); /**< Items left in it are the caller's to drain first */
/** False if full. */
bool weir_ring_push(struct weir_ring *ring, void *item);
/** NULL if empty. */
void *weir_ring_pop(struct weir_ring *ring);
bool weir_ring_full(struct weir_ring *ring);  /**< producer's side */
bool weir_ring_empty(struct weir_ring *ring); /**< consumer's side */

/** Consumer, before it sleeps: true if the ring is still empty and the producer will be told to wake us. */
bool weir_ring_wait_items(struct weir_ring *ring);
/** Producer, after a push: true once if the consumer has to be woken. */
bool weir_ring_take_consumer_wait(struct weir_ring *ring);
/** Producer, after a failed push: true if still full and the consumer will be told to wake us. */
bool weir_ring_wait_space(struct weir_ring *ring);
/** Consumer, after a pop: true once if the producer has to be woken. */
bool weir_ring_take_producer_wait(struct weir_ring *ring);

#endif
