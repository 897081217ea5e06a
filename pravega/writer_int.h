/**
 * @file pravega/writer_int.h
 * @brief The event writer's inside: shared by writer.c (taking events, completing them) and writer_segments.c (which
 *        segment an event goes to, and what happens when one is sealed); transactions write through it, too.
 */
#ifndef PRAVEGA_WRITER_INT_H
#define PRAVEGA_WRITER_INT_H

#include "pravega/controller.h"
#include "pravega/segment_writer.h"

/** The events at positions in (min_key, max_key] go to a segment; the first route holds 0.0, too. */
struct pravega_route {
    double min_key, max_key;
    struct pravega_segment_writer *segment_writer;
};

struct pravega_flush {
    struct pravega_flush *next;
    uint64_t mark; /* ends when nothing older is left */
    pravega_done_fn *done;
    void *arg;
};

struct pravega_writer {
    struct pravega_client *client;
    char *scope, *stream;
    bool is_txn;
    struct pravega_txn_id txn;
    size_t window_bytes;
    void (*on_ready)(void *arg);
    void *arg;

    /* Which segment: writer_segments.c. */
    struct pravega_route *routes; /* sorted; none until the segments are known */
    size_t route_count;
    struct pravega_segment_writer *segment_writers; /* all, by node->next */
    struct pravega_segment_writer *sealed;          /* to be replaced, in order of arrival, by node->next_sealed */
    struct pravega_block_list waiting;              /* events taken before the segments were known */
    struct pravega_call call;
    uint64_t barrier; /* the next sealed segment waits until nothing older is under way */

    /* Events on their way, and back: writer.c. */
    struct pravega_block_pool pool;
    uint64_t next_ordinal;
    size_t pending_bytes;
    struct pravega_block_list acked; /* durable; their callbacks are to be called */
    struct pravega_block_list lost;  /* will not be; likewise */
    struct pravega_flush *flushes;   /* oldest first */
    bool wants_ready;                /* AGAIN was said */
    bool failed;
    struct weir_error why;
    struct weir_deferred settle; /* calls what is to be called, at the end of the turn */
    bool settling, freed;
};

/** A writer without segments yet. @param options zero means defaults */
enum weir_status pravega_writer_make(struct pravega_client *client, const struct pravega_stream_name *stream,
                                     const struct pravega_writer_options *options, struct pravega_writer **out,
                                     struct weir_error *err);
/** Ends it: what is under way is lost, callbacks follow at the end of the turn. The first failure stays. */
void pravega_writer_fail(struct pravega_writer *writer, enum weir_status status, const struct weir_error *why);
/** How it failed, with the words in `err`; WEIR_OK if it has not. */
enum weir_status pravega_writer_failure(const struct pravega_writer *writer, struct weir_error *err);
/** Something may have to be called: looked at when the turn ends. */
void pravega_writer_settle_later(struct pravega_writer *writer);

/* writer_segments.c */
/** Asks for the current segments, and goes on from there. */
void pravega_writer_find_segments(struct pravega_writer *writer);
/** Routes over these segments; waiting events move. Connects at once if `eager`. False: the writer has failed. */
bool pravega_writer_set_segments(struct pravega_writer *writer, const struct pravega_segment_range *ranges,
                                 size_t count, bool eager);
/** Where an event at `position` goes; segments are known. */
struct pravega_segment_writer *pravega_writer_route(const struct pravega_writer *writer, double position);
/** Replaces the next sealed segment, if there is one and its turn has come. */
void pravega_writer_go_on_sealed(struct pravega_writer *writer);
/** The smallest ordinal of what is not acknowledged; UINT64_MAX if nothing is. */
uint64_t pravega_writer_oldest(const struct pravega_writer *writer, bool sealed_too);
void pravega_writer_drop_segments(struct pravega_writer *writer);
extern const struct pravega_segment_writer_handler pravega_writer_handler;

#endif
