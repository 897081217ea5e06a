/**
 * @file pravega/segment_writer.h
 * @brief Appends events to one segment, once each, in order. Mirrors upstream's SegmentOutputStream.
 *
 *     IDLE --start--> CONNECTING --APPEND_SETUP--> PROBING --acknowledged--> READY
 *     CONNECTING --APPEND_SETUP, and nothing to send--> READY
 *     PROBING, READY --lost, or an answer that makes no sense--> CONNECTING; with nothing under way--> IDLE
 *     CONNECTING, PROBING, READY --sealed, no such segment--> SEALED (final)
 *     CONNECTING --attempts used up, no access--> FAILED (final)
 *
 * Events are gathered in an open block. It goes out when it is full; or at the end of the loop's turn, or with an
 * acknowledgement, if fewer than two blocks are under way: so it holds what came in half a round trip when the store is
 * the slower one; or after 20 ms, or for a flush, unless eight are under way. Blocks stay until acknowledged; after a
 * reconnect the store says the number of the last event it has, and the blocks after it are sent again: the first of
 * them alone, so that a refusal is heard (PROBING). In SEALED events are still taken and kept, for take(). Thread: the
 * client's loop.
 */
#ifndef PRAVEGA_SEGMENT_WRITER_H
#define PRAVEGA_SEGMENT_WRITER_H

#include "pravega/append_block.h"
#include "pravega/segment_link.h"

struct pravega_segment_writer;

/** None is called from within a call on the segment writer, and none may free it. */
struct pravega_segment_writer_handler {
    /** Durable now, in order; the list is emptied by taking the blocks over. */
    void (*on_acked)(void *arg, struct pravega_block_list *blocks);
    /** The segment takes no more: `missing`, if it does not exist at all. */
    void (*on_sealed)(void *arg, struct pravega_segment_writer *segment_writer, bool missing);
    void (*on_failed)(void *arg, struct pravega_segment_writer *segment_writer, const struct weir_error *why);
};

struct pravega_segment_writer_options {
    const struct pravega_stream_name *stream;
    pravega_segment_id segment;
    const struct pravega_txn_id *txn;  /**< NULL, or whose shadow segment is meant */
    struct pravega_block_pool *pool;   /**< borrowed, outlives it */
    const struct pravega_retry *retry; /**< likewise */
    const struct pravega_segment_writer_handler *handler;
    void *arg;
};

enum weir_status pravega_segment_writer_new(struct pravega_client *client,
                                            const struct pravega_segment_writer_options *options,
                                            struct pravega_segment_writer **out, struct weir_error *err);
void pravega_segment_writer_free(struct pravega_segment_writer *segment_writer); /**< NULL is fine */
/** Connects, if it has not begun to. The first append does, too. */
void pravega_segment_writer_start(struct pravega_segment_writer *segment_writer);
/** Copies the event, or the batch into one append. @retval WEIR_E_NOMEM */
enum weir_status pravega_segment_writer_append(struct pravega_segment_writer *segment_writer,
                                               const struct pravega_outgoing *event);
/** Sends what is open as soon as may be. */
void pravega_segment_writer_flush(struct pravega_segment_writer *segment_writer);
/** The segment was found sealed, or missing, in another way: as if the store had said so here, on_sealed() included,
 *  unless it is known already. */
void pravega_segment_writer_seal(struct pravega_segment_writer *segment_writer, bool missing);
/** The segment's length as an acknowledgement said it last; -1 if none did. */
int64_t pravega_segment_writer_write_offset(const struct pravega_segment_writer *segment_writer);
void pravega_segment_writer_set_write_offset(struct pravega_segment_writer *segment_writer, int64_t offset);
/** Bytes of memory in its blocks. */
size_t pravega_segment_writer_memory(const struct pravega_segment_writer *segment_writer);
/** Ends it: all that is not acknowledged, in order, goes to the end of `out`. */
void pravega_segment_writer_take(struct pravega_segment_writer *segment_writer, struct pravega_block_list *out);
/** The smallest ordinal that an event in it can have; UINT64_MAX if nothing is waiting. */
uint64_t pravega_segment_writer_oldest(const struct pravega_segment_writer *segment_writer);
pravega_segment_id pravega_segment_writer_segment(const struct pravega_segment_writer *segment_writer);
const char *pravega_segment_writer_name(const struct pravega_segment_writer *segment_writer);
bool pravega_segment_writer_is_sealed(const struct pravega_segment_writer *segment_writer);

/** Links of the owner's list. */
struct pravega_segment_writer_node {
    struct pravega_segment_writer *next;
    struct pravega_segment_writer *next_sealed;
};
struct pravega_segment_writer_node *pravega_segment_writer_node(struct pravega_segment_writer *segment_writer);

#endif
