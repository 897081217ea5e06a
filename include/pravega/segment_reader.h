/**
 * @file pravega/segment_reader.h
 * @brief Reads the events of one segment in order, tail reads included. Mirrors upstream's SegmentInputStream.
 *
 * One READ_SEGMENT is under way at a time while there is room in the buffer; the store answers at the tail when data
 * arrives, so nothing polls. A lost connection is made again and the same offset asked for again.
 *
 * Memory: what is read ahead, up to buffer_bytes; the event that was handed out last, if it did not come in one answer
 * of the store, or the one after it if that is longer than buffer_bytes: the rest of such an event is read once next()
 * has asked for it, and its memory is given back by the call of next() after the one that gave it. And an answer of the
 * store that is arriving, 2 MiB at most. So never more than 2 * buffer_bytes + 2 MiB and one longer event.
 * (What waits lies in the areas that it was received into. Where segments share a connection, and their answers are of
 * very different lengths, it can hold up to four times its own length.) A call that gives an event allocates nothing,
 * unless the event came in several answers.
 */
#ifndef PRAVEGA_SEGMENT_READER_H
#define PRAVEGA_SEGMENT_READER_H

#include "pravega/client.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pravega_segment_reader; /* opaque */

#define PRAVEGA_OFFSET_UNBOUNDED INT64_MAX

struct pravega_segment_reader_options {
    int64_t start_offset;
    int64_t end_offset;  /**< reading ends there; 0 means PRAVEGA_OFFSET_UNBOUNDED */
    size_t buffer_bytes; /**< 1 KiB..10 MiB; 0 means 1 MiB, as upstream */
    /** Payload bytes of an event, up to PRAVEGA_LARGE_EVENT_LEN_MAX; 0 means PRAVEGA_EVENT_LEN_MAX. Streams whose
     * writers have enable_large_events need more; upstream's reader has no limit, and so takes whatever stands in a
     * damaged header. */
    size_t event_len_max;
    /** Called on the loop when next() has something new to say after WEIR_E_AGAIN. */
    void (*on_ready)(void *arg);
    void *arg;
};

struct pravega_event {
    struct weir_view payload; /**< borrowed: valid until the next call on this reader */
    int64_t offset;           /**< of its header */
    int64_t next_offset;      /**< of the byte after it: where to go on from */
};

enum weir_status pravega_segment_reader_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                                            pravega_segment_id segment,
                                            const struct pravega_segment_reader_options *options,
                                            struct pravega_segment_reader **out, struct weir_error *err);
void pravega_segment_reader_free(struct pravega_segment_reader *reader); /**< NULL is fine */

/**
 * @retval WEIR_OK          *event is the next one
 * @retval WEIR_E_AGAIN     nothing here now; on_ready will say
 * @retval WEIR_E_END       end_offset is reached, or the end of a sealed segment; stays so
 * @retval WEIR_E_TRUNCATED data from the current offset on is gone; the next call goes on at the segment's start
 * @retval WEIR_E_NOT_FOUND the segment does not exist; stays so
 * @retval WEIR_E_DAMAGED   bytes that are no event (type not 0, or a length below 0 or above event_len_max); the
 * message names segment and offset; stays so
 * @retval others           attempts used up, no access; stays so
 */
enum weir_status pravega_segment_reader_next(struct pravega_segment_reader *reader, struct pravega_event *event,
                                             struct weir_error *err);
/** Where the next event begins. */
int64_t pravega_segment_reader_offset(const struct pravega_segment_reader *reader);
/** True if the last answer of the store reached the segment's tail. */
bool pravega_segment_reader_at_tail(const struct pravega_segment_reader *reader);

#ifdef __cplusplus
}
#endif

#endif
