/**
 * @file pravega/append_block.h
 * @brief Events of one segment on their way: gathered, sent as one append, kept until acknowledged.
 *
 * A block is one piece of memory that goes out as it is, as one APPEND_BLOCK_END frame: an event is copied once.
 *
 *     | frame head | event header, payload | event header, payload | ... | frame tail |
 *
 * Beside it are each event's position in the key space, with which it finds another segment when this one is sealed,
 * and the callbacks of the few events that have one. Events of one batch follow each other in one block, and stay
 * together on their way to another one. Blocks are used again, arrays and all. Thread: the client's loop.
 */
#ifndef PRAVEGA_APPEND_BLOCK_H
#define PRAVEGA_APPEND_BLOCK_H

#include "pravega/types.h"
#include "pravega/wire.h"
#include "pravega/writer.h"
#include "weir/loop.h"

struct pravega_completion {
    uint32_t index; /* of the event in its block */
    pravega_written_fn *done;
    void *arg;
};

#define PRAVEGA_SAME_BATCH (-1.0)

struct pravega_append_block {
    struct pravega_append_block *next;
    uint64_t oldest;     /**< no event in it was taken before this one (a number of the writer's own) */
    int64_t last_number; /**< event number of its last event; the first one's is last_number - event_count + 1 */
    uint64_t sent_end;   /**< the connection's count of queued bytes after it */
    uint32_t event_count;
    size_t data_len, data_cap;
    double *positions; /* PRAVEGA_SAME_BATCH: the event is of the batch of the one before it */
    size_t position_cap;
    struct pravega_completion *completions;
    size_t completion_count, completion_cap;
    uint8_t frame[]; /**< head, data_cap bytes, tail */
};

/** A queue of blocks, first to last. Zero it. */
struct pravega_block_list {
    struct pravega_append_block *first, *last;
    size_t count;
};
void pravega_block_list_push(struct pravega_block_list *list, struct pravega_append_block *block);
struct pravega_append_block *pravega_block_list_pop(struct pravega_block_list *list); /**< NULL if empty */
/** Moves all of `from` to the end of `to`. */
void pravega_block_list_move(struct pravega_block_list *to, struct pravega_block_list *from);

/**
 * Blocks that wait to be used again: all that were ever out at a time, so that a busy writer touches no new memory, and
 * a few once it has been idle for a second.
 */
struct pravega_block_pool {
    struct pravega_block_list spare;
    size_t lent_count;
    size_t block_bytes; /**< of data in a block; an event that is longer gets a block of its own length */
    struct weir_loop *loop;
    struct weir_timer idle; /* armed when nothing is lent */
};
void pravega_block_pool_init(struct pravega_block_pool *pool, struct weir_loop *loop, size_t block_bytes);
void pravega_block_pool_fini(struct pravega_block_pool *pool);
/** An empty block with room for `len` bytes, headers included; NULL: out of memory. */
struct pravega_append_block *pravega_block_new(struct pravega_block_pool *pool, size_t len);
void pravega_block_recycle(struct pravega_block_pool *pool, struct pravega_append_block *block);
void pravega_block_list_recycle(struct pravega_block_pool *pool, struct pravega_block_list *list);

/** An event, or a batch of events, as the writer takes it and as it leaves a block for another segment. */
struct pravega_outgoing {
    double position;
    uint64_t ordinal;                 /**< in the order that the writer took them */
    const struct weir_view *payloads; /**< `count` of them; NULL: see `framed` */
    struct weir_view framed;          /**< the events with their headers, `len` bytes */
    uint32_t count;                   /**< of events, 1 or more */
    size_t len;                       /**< bytes, headers included */
    pravega_written_fn *done;         /**< NULL is fine */
    void *arg;
};

/** What `count` events of `len` bytes with headers are charged to the window: what is kept beside them, too. */
static inline size_t pravega_outgoing_charge(size_t len, size_t count, size_t completion_count)
{
    return len + count * sizeof(double) + completion_count * sizeof(struct pravega_completion);
}
static inline size_t pravega_block_charge(const struct pravega_append_block *block)
{
    return pravega_outgoing_charge(block->data_len, block->event_count, block->completion_count);
}
/** Bytes of memory that it takes. */
size_t pravega_block_memory(const struct pravega_append_block *block);
size_t pravega_block_list_memory(const struct pravega_block_list *list);

static inline bool pravega_block_fits(const struct pravega_append_block *block, size_t len)
{
    return block->data_cap - block->data_len >= len;
}
/** @retval false out of memory; the block is as before */
bool pravega_block_append(struct pravega_append_block *block, const struct pravega_outgoing *event);
/** Puts head and tail around the data; the frame to send. */
struct weir_view pravega_block_frame(struct pravega_append_block *block, struct weir_uuid writer_id,
                                     int64_t request_id);

/** Walks the events of a block. Start from {block}. */
struct pravega_block_cursor {
    const struct pravega_append_block *block;
    size_t at;
    uint32_t index, last; /* of the event to come, and of the first one of what was given last */
    size_t completion;
};
/** The next event or batch, borrowed from the block; false at the end. */
bool pravega_block_next(struct pravega_block_cursor *cursor, struct pravega_outgoing *event);
/** The callbacks of what `cursor` has passed, its last event or batch excepted, are somebody else's now. */
void pravega_block_forget(struct pravega_append_block *block, const struct pravega_block_cursor *cursor);

#endif
