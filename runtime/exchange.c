/*
 * exchange.c - the two ends of a channel.
 */
#include "runtime/exchange.h"

#include <assert.h>
#include <stdlib.h>

enum weir_status weir_channel_init(struct weir_channel *channel, size_t depth, struct weir_error *err)
{
    enum weir_status status = weir_ring_init(&channel->full, depth, err);

    if (status == WEIR_OK)
        status = weir_ring_init(&channel->empty, depth * 2, err);
    return status;
}

static void free_all(struct weir_ring *ring)
{
    struct weir_buffer *buffer;

    if (ring->slots == NULL)
        return;
    while ((buffer = weir_ring_pop(ring)) != NULL)
        free(buffer);
    weir_ring_fini(ring);
}

void weir_channel_fini(struct weir_channel *channel)
{
    free_all(&channel->full);
    free_all(&channel->empty);
}

void weir_sender_init(struct weir_sender *sender, struct weir_channel *channel, struct weir_loop *loop,
                      uint32_t buffer_len)
{
    *sender = (struct weir_sender){.channel = channel, .loop = loop, .buffer_len = buffer_len};
    sender->overflow_last = &sender->overflow;
}

void weir_sender_fini(struct weir_sender *sender)
{
    while (sender->overflow != NULL) {
        struct weir_buffer *next = sender->overflow->next;

        free(sender->overflow);
        sender->overflow = next;
    }
    free(sender->buffer);
    *sender = (struct weir_sender){0};
}

static void wake_consumer(struct weir_sender *sender)
{
    if (weir_ring_take_consumer_wait(&sender->channel->full))
        weir_waker_wake(sender->channel->consumer, sender->loop);
}

void weir_sender_flush(struct weir_sender *sender)
{
    struct weir_buffer *buffer = sender->buffer;

    if (!weir_sender_partial(sender))
        return;
    buffer->len = (uint32_t)(sender->at - buffer->bytes);
    sender->buffer = NULL;
    sender->at = sender->end = NULL;
    if (sender->overflow == NULL && weir_ring_push(&sender->channel->full, buffer)) {
        wake_consumer(sender);
        return;
    }
    buffer->next = NULL;
    *sender->overflow_last = buffer;
    sender->overflow_last = &buffer->next;
}

uint8_t *weir_sender_turn_over(struct weir_sender *sender, size_t len)
{
    struct weir_buffer *buffer = NULL;

    weir_sender_flush(sender);
    if (sender->buffer != NULL) { /* empty, but too small */
        free(sender->buffer);
        sender->buffer = NULL;
        sender->at = sender->end = NULL;
    }
    if (len > UINT32_MAX / 2)
        return NULL;
    if (len <= sender->buffer_len) {
        buffer = weir_ring_pop(&sender->channel->empty);
        len = sender->buffer_len;
    }
    if (buffer == NULL) {
        buffer = malloc(sizeof(*buffer) + len);
        if (buffer == NULL)
            return NULL;
        buffer->cap = (uint32_t)len;
    }
    sender->buffer = buffer;
    sender->at = buffer->bytes;
    sender->end = buffer->bytes + buffer->cap;
    return sender->at;
}

bool weir_sender_drain(struct weir_sender *sender)
{
    bool sent = false;

    while (sender->overflow != NULL) {
        struct weir_buffer *next = sender->overflow->next; /* not ours any more once it is pushed */

        if (!weir_ring_push(&sender->channel->full, sender->overflow))
            break;
        sender->overflow = next;
        sent = true;
    }
    if (sender->overflow == NULL)
        sender->overflow_last = &sender->overflow;
    if (sent)
        wake_consumer(sender);
    return sender->overflow == NULL;
}

bool weir_sender_wait(struct weir_sender *sender)
{
    return weir_ring_wait_space(&sender->channel->full);
}

struct weir_buffer *weir_channel_receive(struct weir_channel *channel, struct weir_loop *loop)
{
    struct weir_buffer *buffer = weir_ring_pop(&channel->full);

    if (buffer != NULL && weir_ring_take_producer_wait(&channel->full))
        weir_waker_wake(channel->producer, loop);
    return buffer;
}

void weir_channel_recycle(struct weir_channel *channel, struct weir_buffer *buffer, uint32_t buffer_len)
{
    if (buffer->cap != buffer_len || !weir_ring_push(&channel->empty, buffer))
        free(buffer);
}
