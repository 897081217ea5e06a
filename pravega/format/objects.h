/**
 * @file pravega/format/objects.h
 * @brief The portable objects as parts of other ones, and what their readers share.
 *
 * A _get leaves its object to be finished by the caller, whether it failed or not (revision_data.h).
 */
#ifndef PRAVEGA_FORMAT_OBJECTS_H
#define PRAVEGA_FORMAT_OBJECTS_H

#include "pravega/format/group_config.h"
#include "pravega/format/revision_data.h"
#include "pravega/position.h"

/** Bytes of the smallest stream cut that is nested: its envelope, a stream "a/b", no positions. */
#define PRAVEGA_STREAM_CUT_LEN_MIN 14

/** A stream cut with its envelope; not of UNBOUNDED, which has none. */
void pravega_put_stream_cut(struct weir_buf *out, const struct pravega_stream_cut *cut);
void pravega_get_stream_cut(struct pravega_in *in, struct pravega_stream_cut *cut);
/** A stream cut as a byte array: an empty one is UNBOUNDED. */
void pravega_put_stream_cut_bytes(struct weir_buf *out, const struct pravega_stream_cut *cut);
void pravega_get_stream_cut_bytes(struct pravega_in *in, struct pravega_stream_cut *cut);
/** A group's configuration with its envelope. */
void pravega_put_group_config(struct weir_buf *out, const struct pravega_group_config *config);
void pravega_get_group_config(struct pravega_in *in, struct pravega_group_config *config);

/** Sorts the positions; false if one is there twice, or is no segment, or has an offset below PRAVEGA_OFFSET_COMPLETED.
 */
bool pravega_stream_cut_arrange(struct pravega_stream_cut *cut);
/** The segment's position, lent; NULL: the cut does not name it. */
const struct pravega_segment_offset *pravega_stream_cut_find(const struct pravega_stream_cut *cut,
                                                             pravega_segment_id id);
/** The cut is of this stream. */
static inline bool pravega_stream_cut_is_of(const struct pravega_stream_cut *cut, const char *scope, const char *stream)
{
    return cut->scope != NULL && strcmp(cut->scope, scope) == 0 && strcmp(cut->stream, stream) == 0;
}
/** An epoch and a number that are not negative. */
static inline bool pravega_segment_id_fits(pravega_segment_id id)
{
    return id >= 0 && pravega_segment_number(id) >= 0;
}
/** The order of streams in sorted arrays. */
int pravega_stream_compare(const char *scope_a, const char *stream_a, const char *scope_b, const char *stream_b);

/** How the reading of `len` bytes has ended, in words: "12 bytes are no stream cut ...". */
enum weir_status pravega_in_finish(const struct pravega_in *in, size_t len, const char *what, struct weir_error *err);

#endif
