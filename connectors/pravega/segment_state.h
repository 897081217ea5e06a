/**
 * @file connectors/pravega/segment_state.h
 * @brief What a checkpoint knows of one segment that a reader reads: stream, segment, offset, end.
 *
 * Bytes: varint length and "scope/stream", i64 segment id, i64 next offset, i64 end offset, big-endian.
 */
#ifndef WEIR_CONNECTORS_PRAVEGA_SEGMENT_STATE_H
#define WEIR_CONNECTORS_PRAVEGA_SEGMENT_STATE_H

#include "connectors/pravega/config.h"
#include "weir/buf.h"

#define WEIR_SEGMENT_STREAM_LEN_MAX (2 * PRAVEGA_NAME_LEN_MAX + 1)

struct weir_segment_state {
    pravega_segment_id segment;
    int64_t offset;     /**< of the next event */
    int64_t end_offset; /**< where reading ends; PRAVEGA_OFFSET_UNBOUNDED if nowhere */
};

void weir_segment_state_write(const struct weir_pravega_stream *stream, const struct weir_segment_state *state,
                              struct weir_buf *out);
/** False if the bytes are not such a state. `stream` receives "scope/stream". */
bool weir_segment_state_read(struct weir_view bytes, char stream[WEIR_SEGMENT_STREAM_LEN_MAX + 1],
                             struct weir_segment_state *state);

#endif
