/*
 * segment_state.c - a segment's reading position as bytes.
 */
#include "connectors/pravega/segment_state.h"

#include <stdio.h>

void weir_segment_state_write(const struct weir_pravega_stream *stream, const struct weir_segment_state *state,
                              struct weir_buf *out)
{
    char scoped[WEIR_SEGMENT_STREAM_LEN_MAX + 1];

    snprintf(scoped, sizeof(scoped), "%s/%s", stream->scope, stream->stream);
    weir_buf_view_append(out, weir_view_str(scoped));
    weir_buf_u64be(out, (uint64_t)state->segment);
    weir_buf_u64be(out, (uint64_t)state->offset);
    weir_buf_u64be(out, (uint64_t)state->end_offset);
}

bool weir_segment_state_read(struct weir_view bytes, char stream[WEIR_SEGMENT_STREAM_LEN_MAX + 1],
                             struct weir_segment_state *state)
{
    struct weir_in in = weir_in(bytes);
    struct weir_view scoped = weir_in_view(&in);

    if (in.bad || scoped.len > WEIR_SEGMENT_STREAM_LEN_MAX)
        return false;
    memcpy(stream, scoped.ptr, scoped.len);
    stream[scoped.len] = '\0';
    state->segment = (int64_t)weir_in_u64be(&in);
    state->offset = (int64_t)weir_in_u64be(&in);
    state->end_offset = (int64_t)weir_in_u64be(&in);
    return !in.bad && state->offset >= 0 && state->end_offset >= 0;
}
