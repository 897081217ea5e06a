/**
 * @file pravega/writer_int.h
 * @brief The event writer's inside: shared by writer.c (taking events, completing them), writer_segments.c (which
 *        segment an event goes to, and what happens when one is sealed), writer_large.c (one large event) and
 *        writer_time.c (noting time); transactions write through it, too.
 */
#ifndef PRAVEGA_WRITER_INT_H
#define PRAVEGA_WRITER_INT_H

#include "pravega/controller.h"
#include "pravega/large_event.h"
#include "pravega/segment_writer.h"

/** The events at positions in (min_key, max_key] go to a segment; the first route holds 0.0, too. */
struct pravega_route {
    double min_key, max_key;
    struct pravega_segment_writer *segment_writer;
};

struct pravega_flush {
    struct pravega_flush *next;
    uint64_t mark; /* ends when nothing older is left */
    bool close;    /* the writer ends with it */
    pravega_done_fn *done;
    void *arg;
};

/** A time to be told to the controller. */
struct pravega_note {
    struct pravega_note *next;
    int64_t timestamp_ms;
    bool ended;
    struct weir_error why; /* how, if it has ended */
    pravega_done_fn *done; /* NULL is fine */
    void *arg;
};

struct pravega_writer {
    struct pravega_client *client;
    char *scope, *stream;
    bool is_txn;
    struct pravega_txn_id txn;
    size_t window_bytes;
    struct pravega_retry retry;
    bool enable_large_events, automatically_note_time;
    char *writer_id;
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
    size_t charged_bytes;                         /* to the window: pending ones, and what is kept beside them */
    struct pravega_block_list acked;              /* durable; their callbacks are to be called */
    struct pravega_block_list lost;               /* will not be; likewise */
    struct pravega_flush *flushes, **flushes_end; /* oldest first */
    struct pravega_flush close_flush;             /* the one that closes */
    bool wants_ready;                             /* AGAIN was said */
    bool failed;
    struct weir_error why;
    bool closing;

    /* One that no append takes, and that nothing may overtake: writer_large.c. */
    struct pravega_large_event *large; /* NULL: none */
    double large_position;
    uint64_t large_ordinal;
    bool large_busy, large_ended; /* it is being written; it is durable */
    pravega_written_fn *large_done;
    void *large_arg;
    pravega_segment_id large_segment; /* that it is written to */

    /* Time: writer_time.c. */
    struct pravega_note *notes,
        *last_note; /* oldest first: that one is under way; the last of them, if there are any */
    struct pravega_call note_call;
    struct weir_timer note_timer;

    struct weir_deferred settle; /* calls what is to be called, at the end of the turn */
    bool settling, freed;
};

/** @retval WEIR_E_INVAL an option out of its range */
enum weir_status pravega_writer_check(const struct pravega_writer_options *options, struct weir_error *err);
/** A writer without segments yet. @param options zero means defaults */
enum weir_status pravega_writer_make(struct pravega_client *client, const struct pravega_stream_name *stream,
                                     const struct pravega_writer_options *options, struct pravega_writer **out,
                                     struct weir_error *err);
/** Bytes of memory that it holds for events; walks all blocks. */
size_t pravega_writer_memory(const struct pravega_writer *writer);
/** Ends it: what is under way is lost, callbacks follow at the end of the turn. The first failure stays. */
void pravega_writer_fail(struct pravega_writer *writer, enum weir_status status, const struct weir_error *why);
/** How it failed, with the words in `err`; WEIR_OK if it has not. */
enum weir_status pravega_writer_failure(const struct pravega_writer *writer, struct weir_error *err);
/** Something may have to be called: looked at when the turn ends. */
void pravega_writer_settle_later(struct pravega_writer *writer);

/* writer_large.c */
/** As pravega_writer_write(), when there is none yet. */
enum weir_status pravega_writer_take_large(struct pravega_writer *writer, double position,
                                           const struct weir_view *payloads, size_t count, pravega_written_fn *done,
                                           void *arg, struct weir_error *err);
/** Begins to write it, if everything before it is durable and its segment is known. */
void pravega_writer_go_on_large(struct pravega_writer *writer);
/** Its callback, if it has ended, or the writer failed. Called by settle() only. */
void pravega_writer_settle_large(struct pravega_writer *writer);

/* writer_time.c */
/** Begins to tell the oldest time, if none is under way and the segments are known. */
void pravega_writer_go_on_notes(struct pravega_writer *writer);
/** Callbacks of the notes that have ended. Called by settle() only. */
void pravega_writer_settle_notes(struct pravega_writer *writer);
void pravega_writer_drop_notes(struct pravega_writer *writer);
/** If that is wanted. */
void pravega_writer_start_noting_time(struct pravega_writer *writer);

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
struct pravega_segment_writer *pravega_writer_find(const struct pravega_writer *writer, pravega_segment_id segment);
void pravega_writer_drop_segments(struct pravega_writer *writer);
extern const struct pravega_segment_writer_handler pravega_writer_handler;

#endif
