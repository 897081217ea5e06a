/**
 * @file pravega/group/owned_segments.h
 * @brief The segments that are a reader's own: read ahead, taken turns with, and kept until the group knows their end.
 *
 *     add --> OPEN (a segment reader) --its end, or the group's end of it--> SEALED --the group knows--> removed
 *               `--released-----------------------------------------------------------------------------^
 *
 * An open segment with something to say is in the ring of ready ones, and only such a one is asked: taking an event
 * costs the same with one segment and with a thousand. Thread: the client's loop.
 */
#ifndef PRAVEGA_GROUP_OWNED_SEGMENTS_H
#define PRAVEGA_GROUP_OWNED_SEGMENTS_H

#include "pravega/position.h"
#include "pravega/segment_reader.h"

struct pravega_owned_segments;

struct pravega_owned_segment {
    struct pravega_position_entry place; /**< names are its own; the offset is of a sealed one: see owned_place() */

    /* Private. */
    struct pravega_owned_segments *set;
    struct pravega_owned_segment *next, **link;             /* of open ones, or of sealed ones */
    struct pravega_owned_segment *ready_next, **ready_link; /* not ready: link is NULL */
    struct pravega_segment_reader *reader;                  /* NULL: sealed */
    int64_t end_offset;
    int64_t caught_up_ns; /* when it was seen at the tail last, or added */
};

struct pravega_owned_segments {
    struct pravega_client *client;
    size_t buffer_bytes, event_len_max;
    void (*on_ready)(void *arg); /**< a segment has something to say; may free the set */
    void *arg;
    size_t count, sealed_count;

    /* Private. */
    struct pravega_owned_segment *open, *sealed;
    struct pravega_owned_segment *ready, **ready_end;
};

/** @param on_ready see there */
void pravega_owned_init(struct pravega_owned_segments *set, struct pravega_client *client, size_t buffer_bytes,
                        size_t event_len_max, void (*on_ready)(void *arg), void *arg);
void pravega_owned_fini(struct pravega_owned_segments *set);
/** Stops reading all of them. */
void pravega_owned_clear(struct pravega_owned_segments *set);

/**
 * Begins to read a segment from place->offset on; one that is at its end already is sealed at once.
 * @param place copied @param end_offset INT64_MAX: the segment's end
 * @retval WEIR_E_NOMEM, WEIR_E_INVAL
 */
enum weir_status pravega_owned_add(struct pravega_owned_segments *set, const struct pravega_position_entry *place,
                                   int64_t end_offset, struct weir_error *err);
/** Frees it. */
void pravega_owned_remove(struct pravega_owned_segment *segment);
/** Open or sealed; NULL: it is not the reader's. */
struct pravega_owned_segment *pravega_owned_find(const struct pravega_owned_segments *set,
                                                 const struct pravega_position_entry *place);
static inline bool pravega_owned_is_sealed(const struct pravega_owned_segment *segment)
{
    return segment->reader == NULL;
}
/** One that is read to its end; NULL: there is none. */
static inline struct pravega_owned_segment *pravega_owned_sealed(const struct pravega_owned_segments *set)
{
    return set->sealed;
}
static inline bool pravega_owned_is_ready(const struct pravega_owned_segments *set)
{
    return set->ready != NULL;
}

/**
 * The next event, of the segments in turn.
 * @param from receives the segment that it is of, or that failed; borrowed
 * @retval WEIR_OK @retval WEIR_E_AGAIN on_ready will say
 * @retval WEIR_E_TRUNCATED events of `from` are gone; reading goes on behind them
 * @retval others as pravega_segment_reader_next(); an end is not told, the segment is sealed then
 */
enum weir_status pravega_owned_next(struct pravega_owned_segments *set, struct pravega_event *event,
                                    const struct pravega_owned_segment **from, struct weir_error *err);

/** Where it is now. The names are borrowed. */
struct pravega_position_entry pravega_owned_place(const struct pravega_owned_segment *segment);
/** Where all are: an array of set->count entries with borrowed names, to be freed with free(). NULL: no memory. */
struct pravega_position_entry *pravega_owned_places(const struct pravega_owned_segments *set);
/** For how long the segment that is farthest behind has not been seen with all that it had read; milliseconds. */
int64_t pravega_owned_lag_ms(struct pravega_owned_segments *set, int64_t now_ns);

#endif
