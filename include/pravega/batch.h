/**
 * @file pravega/batch.h
 * @brief Batch reading: the segment ranges between two stream cuts, and iterators over them, any number side by side.
 *        Mirrors upstream's BatchClientFactory, SegmentRange and SegmentIterator.
 *
 * A bounded part of a stream is read without a reader group and without order between its segments, by as many readers
 * as there are ranges, in one process or in many: a range is plain numbers. Thread: the client's loop.
 */
#ifndef PRAVEGA_BATCH_H
#define PRAVEGA_BATCH_H

#include "pravega/segment_reader.h"
#include "pravega/streams.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Upstream's SegmentRange: bytes [start_offset, end_offset) of one segment. Both are bounds of events. */
struct pravega_batch_range {
    pravega_segment_id segment;
    int64_t start_offset, end_offset;
};

/** Upstream's StreamSegmentsIterator. */
struct pravega_batch_segments {
    const struct pravega_batch_range
        *ranges; /**< sorted by segment id, each segment once; empty ranges are among them */
    size_t range_count;
    const struct pravega_stream_cut *from, *to; /**< the cuts between which they lie, never UNBOUNDED */
};
typedef void pravega_batch_segments_fn(void *arg, enum weir_status status,
                                       const struct pravega_batch_segments *segments, const struct weir_error *why);
/**
 * What there is to read between two cuts (getSegments). The result is borrowed for the call.
 * @param from  NULL or UNBOUNDED: the stream's head, now
 * @param to    NULL or UNBOUNDED: its tail, now. With a sealed stream: its end
 * WEIR_E_NOT_FOUND: no such stream. WEIR_E_INVAL: a cut of another stream, or `to` before `from`.
 * WEIR_E_TRUNCATED: data between the cuts is gone, or `to` is before the head. Others as in pravega/streams.h.
 */
void pravega_batch_segments(struct pravega_client *client, const struct pravega_stream_name *stream,
                            const struct pravega_stream_cut *from, const struct pravega_stream_cut *to,
                            pravega_batch_segments_fn *done, void *arg);

struct pravega_batch_reader; /* opaque */

/** Zero means the default. */
struct pravega_batch_reader_options {
    size_t buffer_bytes;  /**< 1 KiB..10 MiB; 0 means 1 MiB */
    size_t event_len_max; /**< payload bytes of an event: as in pravega_segment_reader_options, and so is the memory */
    /** Called on the loop when next() has something new to say after WEIR_E_AGAIN. */
    void (*on_ready)(void *arg);
    void *arg;
};

/** Iterates over a range (readSegment), which is copied. @retval WEIR_E_INVAL no range, or a bad option
 *  @retval WEIR_E_NOMEM */
enum weir_status pravega_batch_reader_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                                          const struct pravega_batch_range *range,
                                          const struct pravega_batch_reader_options *options,
                                          struct pravega_batch_reader **out, struct weir_error *err);
void pravega_batch_reader_free(struct pravega_batch_reader *reader); /**< NULL is fine */
/**
 * @retval WEIR_OK          *event is the next one; its payload is borrowed until the next call on this reader
 * @retval WEIR_E_AGAIN     nothing here now; on_ready will say
 * @retval WEIR_E_END       the range is read; stays so. An empty range ends at once
 * @retval WEIR_E_TRUNCATED the rest of the range, or its segment, is gone (TruncatedDataException); stays so
 * @retval WEIR_E_INVAL     the segment is sealed and ends before the range does; stays so
 * @retval WEIR_E_DAMAGED, others  as pravega_segment_reader_next(); stays so
 */
enum weir_status pravega_batch_reader_next(struct pravega_batch_reader *reader, struct pravega_event *event,
                                           struct weir_error *err);
/** Where the next event begins: from here to the range's end is what another reader would have left to read. */
int64_t pravega_batch_reader_offset(const struct pravega_batch_reader *reader);

#ifdef __cplusplus
}
#endif

#endif
