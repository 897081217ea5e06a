/**
 * @file pravega/event_reader.h
 * @brief A reader of a reader group: events of the segments that are its own, in order per routing key, and the group's
 *        checkpoints among them. Mirrors upstream's EventStreamReader.
 *
 *     new --AddReader--> ONLINE --close--> CLOSED
 *                           |--group reset, declared offline--> OFFLINE (next() says WEIR_E_STATE; make a new one)
 *
 * next() never blocks: it gives what is there, or WEIR_E_AGAIN, and on_ready says when to call again. Everything else
 * the reader does by itself: it takes segments over and gives them up as upstream's rules say, follows scaling (a
 * successor is read once all of its predecessors are done), and prefetches its segments into bounded buffers.
 *
 * A checkpoint is recorded for this reader by the call of next() after the one that gave it: what was read before is
 * then part of it. A program that keeps positions or commits transactions does so between these two calls. Readers
 * should call next() until AGAIN: a reader that stops reading without close() holds up checkpoints. Memory: for each
 * segment that it owns what pravega/segment_reader.h says, however slowly it is read. Thread: the client's loop.
 */
#ifndef PRAVEGA_EVENT_READER_H
#define PRAVEGA_EVENT_READER_H

#include "pravega/reader_group.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pravega_event_reader; /* opaque */

/** Upstream's ReaderConfig; zero means its default. */
struct pravega_event_reader_options {
    int64_t initial_allocation_delay_ms; /**< 0; at most a year: waits so long before it first takes segments over */
    bool disable_time_windows; /**< no mark streams are read; pravega_event_reader_time_window() knows nothing */
    size_t buffer_bytes;       /**< 1 KiB..10 MiB for each segment; 0 means 1 MiB */
    size_t event_len_max;      /**< payload bytes of an event: as in pravega_segment_reader_options */
    /** Called on the loop when next() has something new to say after WEIR_E_AGAIN. */
    void (*on_ready)(void *arg);
    void *arg;
};

/** `reader` is the caller's; NULL unless status is WEIR_OK. */
typedef void pravega_event_reader_fn(void *arg, enum weir_status status, struct pravega_event_reader *reader,
                                     const struct weir_error *why);
/**
 * Joins the group. WEIR_E_NOT_FOUND: no such group. WEIR_E_EXISTS: a reader of this id is part of it: declare it
 * offline (pravega_reader_group_reader_offline()) if it is dead. WEIR_E_INVAL: a bad id or option. After WEIR_E_CLOSED,
 * WEIR_E_REFUSED or WEIR_E_TIMEOUT it is not known whether it has become a member: declare the id offline before it is
 * used again, which is fine if it was none.
 * @param reader_id at most 255 bytes, unique within the group
 */
void pravega_event_reader_new(struct pravega_client *client, const struct pravega_group_name *group,
                              const char *reader_id, const struct pravega_event_reader_options *options,
                              pravega_event_reader_fn *done, void *arg);
/** Without a close() before it this is the death of the reader: its segments stay its own until it is declared offline.
 *  NULL is fine. */
void pravega_event_reader_free(struct pravega_event_reader *reader);
/**
 * Leaves the group; others go on at `position`, NULL: after what next() gave last. next() gives WEIR_E_CLOSED from now
 * on. WEIR_OK too if the group had declared it offline, or was reset. One at a time; after a failure it may be called
 * again. The reader is to be freed in any case.
 */
void pravega_event_reader_close(struct pravega_event_reader *reader, const struct pravega_position *position,
                                pravega_done_fn *done, void *arg);

enum pravega_read_kind {
    PRAVEGA_READ_EVENT,
    PRAVEGA_READ_CHECKPOINT, /**< no payload: a checkpoint of the group that began outside */
};
/** Upstream's EventRead. Everything in it is borrowed until the next call on the reader. */
struct pravega_event_read {
    enum pravega_read_kind kind;
    struct weir_view payload;             /**< of an event */
    const char *checkpoint;               /**< name of the checkpoint */
    struct pravega_event_pointer pointer; /**< of an event */
};
/**
 * @retval WEIR_OK          *event is the next one
 * @retval WEIR_E_AGAIN     nothing here now; on_ready will say
 * @retval WEIR_E_END       everything up to the group's end cuts, or of streams that are sealed, is read, by all
 * readers of the group; stays so unless the group changes
 * @retval WEIR_E_TRUNCATED events of a segment were dropped before they were read; the next call goes on behind them
 * @retval WEIR_E_STATE     the group was reset, or the reader declared offline: free it, make a new one; stays so
 * @retval WEIR_E_NOT_FOUND the group is deleted, or a stream that it reads; stays so
 * @retval WEIR_E_CLOSED    after close()
 * @retval WEIR_E_DAMAGED, others  as pravega_segment_reader_next(); stays so
 */
enum weir_status pravega_event_reader_next(struct pravega_event_reader *reader, struct pravega_event_read *event,
                                           struct weir_error *err);
/** Its position after what next() gave last: a copy, to be finished by the caller. WEIR_E_NOMEM. */
enum weir_status pravega_event_reader_position(const struct pravega_event_reader *reader,
                                               struct pravega_position *position, struct weir_error *err);
/** Segments that are its own now. */
size_t pravega_event_reader_segment_count(const struct pravega_event_reader *reader);

/** Upstream's TimeWindow: writers had noted at least `lower` and at most `upper` near the reader group's place. */
struct pravega_time_window {
    bool has_lower, has_upper;
    int64_t lower, upper; /**< as the writers noted them */
};
/** Of one stream of the group, from its mark stream. WEIR_E_NOT_FOUND: the group does not read it. */
enum weir_status pravega_event_reader_time_window(const struct pravega_event_reader *reader,
                                                  const struct pravega_stream_name *stream,
                                                  struct pravega_time_window *window, struct weir_error *err);

/** `payload` is borrowed for the call. */
typedef void pravega_event_fetched_fn(void *arg, enum weir_status status, struct weir_view payload,
                                      const struct weir_error *why);
/** Reads one event again (fetchEvent), a large one too: it is as long as the pointer says. WEIR_E_TRUNCATED,
 * WEIR_E_NOT_FOUND: it is no more; WEIR_E_DAMAGED: there is no event of that length there; WEIR_E_TIMEOUT: nothing was
 * written there within 30 s; WEIR_E_INVAL. */
void pravega_event_fetch(struct pravega_client *client, const struct pravega_event_pointer *pointer,
                         pravega_event_fetched_fn *done, void *arg);

#ifdef __cplusplus
}
#endif

#endif
