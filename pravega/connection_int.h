/**
 * @file pravega/connection_int.h
 * @brief What a connection has still to send: pieces in order, copied or lent. Used by connection.c and pieces.c only.
 */
#ifndef PRAVEGA_CONNECTION_INT_H
#define PRAVEGA_CONNECTION_INT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "weir/view.h"

struct pravega_piece {
    const uint8_t *ptr; /* what is left of it */
    size_t len;
    uint8_t *copy; /* freed with the piece; NULL if lent */
};

/* A ring of pieces that doubles when full. */
struct pravega_piece_queue {
    struct pravega_piece *pieces;
    size_t cap, head, count;
    uint64_t queued_count, written_count; /* bytes, ever */
};

void pravega_pieces_init(struct pravega_piece_queue *queue);
void pravega_pieces_fini(struct pravega_piece_queue *queue);
/* False: out of memory, and nothing was queued. */
bool pravega_pieces_copy(struct pravega_piece_queue *queue, struct weir_view bytes);
bool pravega_pieces_lend(struct pravega_piece_queue *queue, struct weir_view bytes);
/* The first pieces; how many. */
int pravega_pieces_iov(const struct pravega_piece_queue *queue, struct iovec *iov, int count_max);
/* Drops `len` bytes from the front. */
void pravega_pieces_take(struct pravega_piece_queue *queue, size_t len);
static inline bool pravega_pieces_empty(const struct pravega_piece_queue *queue)
{
    return queue->count == 0;
}

#endif
