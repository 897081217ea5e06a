/*
 * ring.c - the ring's slots, indices and wait flags.
 *
 * head and tail only grow; slot = index & mask. Each side keeps its last look at the other's index and looks again only
 * when the ring seems empty (or full), so that in the steady state the two touch each other's cache lines once a round.
 *
 * Waiting: a side exchanges its flag for true and then looks at the ring again; the other changes the ring and then
 * exchanges the flag for false. Of two exchanges of one flag one comes first: either it sees the flag, or we see what
 * it did to the ring before.
 */
#include "base/ring.h"

#include <assert.h>
#include <stdlib.h>

enum weir_status weir_ring_init(struct weir_ring *ring, size_t capacity, struct weir_error *err)
{
    assert(capacity >= 2 && (capacity & (capacity - 1)) == 0);
    ring->slots = calloc(capacity, sizeof(*ring->slots));
    if (ring->slots == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "cannot make a ring of %zu slots: out of memory", capacity);
    ring->mask = capacity - 1;
    atomic_init(&ring->head, 0);
    atomic_init(&ring->tail, 0);
    ring->head_seen = 0;
    ring->tail_seen = 0;
    atomic_init(&ring->consumer_waits, false);
    atomic_init(&ring->producer_waits, false);
    return WEIR_OK;
}

void weir_ring_fini(struct weir_ring *ring)
{
    free(ring->slots);
    ring->slots = NULL;
}

bool weir_ring_full(struct weir_ring *ring)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    if (tail - ring->head_seen <= ring->mask)
        return false;
    ring->head_seen = atomic_load_explicit(&ring->head, memory_order_acquire);
    return tail - ring->head_seen > ring->mask;
}

bool weir_ring_empty(struct weir_ring *ring)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

    if (head != ring->tail_seen)
        return false;
    ring->tail_seen = atomic_load_explicit(&ring->tail, memory_order_acquire);
    return head == ring->tail_seen;
}

bool weir_ring_push(struct weir_ring *ring, void *item)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    assert(item != NULL);
    if (weir_ring_full(ring))
        return false;
    ring->slots[tail & ring->mask] = item;
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return true;
}

void *weir_ring_pop(struct weir_ring *ring)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    void *item;

    if (weir_ring_empty(ring))
        return NULL;
    item = ring->slots[head & ring->mask];
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
    return item;
}

static bool wait_while(struct weir_ring *ring, bool (*holds)(struct weir_ring *ring), _Atomic bool *flag)
{
    if (!holds(ring))
        return false;
    atomic_exchange(flag, true);
    if (holds(ring))
        return true;
    atomic_store_explicit(flag, false, memory_order_relaxed); /* taken meanwhile: one wake-up for nothing */
    return false;
}

bool weir_ring_wait_items(struct weir_ring *ring)
{
    return wait_while(ring, weir_ring_empty, &ring->consumer_waits);
}

bool weir_ring_take_consumer_wait(struct weir_ring *ring)
{
    return atomic_exchange(&ring->consumer_waits, false);
}

bool weir_ring_wait_space(struct weir_ring *ring)
{
    return wait_while(ring, weir_ring_full, &ring->producer_waits);
}

bool weir_ring_take_producer_wait(struct weir_ring *ring)
{
    return atomic_exchange(&ring->producer_waits, false);
}
