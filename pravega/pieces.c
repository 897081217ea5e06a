/*
 * pieces.c - the queue of a connection's outgoing bytes.
 */
#include <assert.h>
#include <stdlib.h>

#include "pravega/connection_int.h"

#define CAP_MIN 8

void pravega_pieces_init(struct pravega_piece_queue *queue)
{
    *queue = (struct pravega_piece_queue){0};
}

static struct pravega_piece *piece_at(const struct pravega_piece_queue *queue, size_t i)
{
    return &queue->pieces[(queue->head + i) % queue->cap];
}

void pravega_pieces_fini(struct pravega_piece_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++)
        free(piece_at(queue, i)->copy);
    free(queue->pieces);
    queue->pieces = NULL;
    queue->count = queue->cap = 0;
}

static bool make_room(struct pravega_piece_queue *queue)
{
    size_t cap = queue->cap > 0 ? 2 * queue->cap : CAP_MIN;
    struct pravega_piece *pieces;

    if (queue->count < queue->cap)
        return true;
    pieces = malloc(cap * sizeof(*pieces));
    if (pieces == NULL)
        return false;
    for (size_t i = 0; i < queue->count; i++)
        pieces[i] = *piece_at(queue, i);
    free(queue->pieces);
    queue->pieces = pieces;
    queue->cap = cap;
    queue->head = 0;
    return true;
}

static bool push(struct pravega_piece_queue *queue, const uint8_t *ptr, size_t len, uint8_t *copy)
{
    if (!make_room(queue))
        return false;
    *piece_at(queue, queue->count) = (struct pravega_piece){ptr, len, copy};
    queue->count++;
    queue->queued_count += len;
    return true;
}

bool pravega_pieces_copy(struct pravega_piece_queue *queue, struct weir_view bytes)
{
    uint8_t *copy = malloc(bytes.len);

    if (copy == NULL)
        return false;
    memcpy(copy, bytes.ptr, bytes.len);
    if (push(queue, copy, bytes.len, copy))
        return true;
    free(copy);
    return false;
}

bool pravega_pieces_lend(struct pravega_piece_queue *queue, struct weir_view bytes)
{
    return push(queue, bytes.ptr, bytes.len, NULL);
}

int pravega_pieces_iov(const struct pravega_piece_queue *queue, struct iovec *iov, int count_max)
{
    int count = queue->count < (size_t)count_max ? (int)queue->count : count_max;

    for (int i = 0; i < count; i++) {
        const struct pravega_piece *piece = piece_at(queue, (size_t)i);

        iov[i] = (struct iovec){(void *)piece->ptr, piece->len};
    }
    return count;
}

void pravega_pieces_take(struct pravega_piece_queue *queue, size_t len)
{
    queue->written_count += len;
    while (len > 0) {
        struct pravega_piece *piece = piece_at(queue, 0);
        size_t part = len < piece->len ? len : piece->len;

        assert(queue->count > 0);
        piece->ptr += part;
        piece->len -= part;
        len -= part;
        if (piece->len > 0)
            return;
        free(piece->copy);
        queue->head = (queue->head + 1) % queue->cap;
        queue->count--;
    }
}
