/**
 * @file runtime/exchange.h
 * @brief A channel between two tasks: buffers go one way through a ring, emptied ones come back through another.
 *
 *     sender: current buffer -> [overflow] -> ring `full` -> receiver
 *     sender: current buffer <----------------- ring `empty` <- receiver
 *
 * A buffer has one owner at a time, so it needs no count of references. A sender that finds the ring full keeps what it
 * has in its overflow: its task finishes the input element in hand, then takes no more until the overflow is drained.
 * Once the rings have been filled, nothing is allocated.
 */
#ifndef WEIR_RUNTIME_EXCHANGE_H
#define WEIR_RUNTIME_EXCHANGE_H

#include "base/ring.h"
#include "runtime/waker.h"

struct weir_buffer {
    struct weir_buffer *next; /* in an overflow */
    uint32_t len, cap;
    _Alignas(16) uint8_t bytes[];
};

struct weir_channel {
    struct weir_ring full;
    struct weir_ring empty;
    struct weir_waker *producer, *consumer; /* the tasks' */
};

/** @param depth buffers that may wait; a power of two, 2 or more */
enum weir_status weir_channel_init(struct weir_channel *channel, size_t depth, struct weir_error *err);
/** Frees what waits. Both tasks are done with it. A zeroed channel is fine. */
void weir_channel_fini(struct weir_channel *channel);

/** The producer's end. Thread: the producer's worker. */
struct weir_sender {
    uint8_t *at, *end; /* room in the current buffer; NULL, NULL if there is none */
    struct weir_buffer *buffer;
    int64_t last_ms; /* of the elements' timestamps */
    struct weir_channel *channel;
    struct weir_loop *loop;
    uint32_t buffer_len;
    struct weir_buffer *overflow, **overflow_last;
};

void weir_sender_init(struct weir_sender *sender, struct weir_channel *channel, struct weir_loop *loop,
                      uint32_t buffer_len);
void weir_sender_fini(struct weir_sender *sender);
/** Sends the current buffer and begins one with room for `len` bytes. @return NULL if memory is out */
uint8_t *weir_sender_turn_over(struct weir_sender *sender, size_t len);
/** Where `len` bytes can be written; the caller then moves sender->at behind them. */
static inline uint8_t *weir_sender_room(struct weir_sender *sender, size_t len)
{
    return (size_t)(sender->end - sender->at) >= len && sender->buffer != NULL ? sender->at
                                                                               : weir_sender_turn_over(sender, len);
}
/** True if bytes wait in the current buffer. */
static inline bool weir_sender_partial(const struct weir_sender *sender)
{
    return sender->buffer != NULL && sender->at != sender->buffer->bytes;
}
/** Sends the current buffer, or puts it into the overflow. */
void weir_sender_flush(struct weir_sender *sender);
static inline bool weir_sender_blocked(const struct weir_sender *sender)
{
    return sender->overflow != NULL;
}
/** Sends from the overflow; true if it is empty now. */
bool weir_sender_drain(struct weir_sender *sender);
/** Before the task sleeps on a blocked sender: false if there is room by now. */
bool weir_sender_wait(struct weir_sender *sender);

/** The consumer's end of the channel: the next buffer, or NULL. Thread: the consumer's worker. */
struct weir_buffer *weir_channel_receive(struct weir_channel *channel, struct weir_loop *loop);
/** Gives an emptied buffer back. */
void weir_channel_recycle(struct weir_channel *channel, struct weir_buffer *buffer, uint32_t buffer_len);

#endif
