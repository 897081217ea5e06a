/**
 * @file pravega/stream_cut.h
 * @brief A consistent place in a stream: an offset in each segment of a set that covers the whole key space. Mirrors
 *        upstream's StreamCut.
 *
 * A plain struct that owns its memory. Zeroed, it is upstream's StreamCut.UNBOUNDED: as a start the stream's head, as
 * an end its tail for ever. Its two portable forms are upstream's own, readable by Java and written by it:
 *
 *     text   base64(gzip("0:scope/stream:0,1:0,0:2415,3276")), and "UNBOUNDED"
 *     bytes  StreamCut.toBytes(), and none at all for UNBOUNDED
 *
 * A sealed stream has no open segments, so its tail has no positions; that is a cut of a stream (`scope` is set), not
 * UNBOUNDED. Thread: any, one at a time for each struct.
 */
#ifndef PRAVEGA_STREAM_CUT_H
#define PRAVEGA_STREAM_CUT_H

#include "pravega/types.h"
#include "weir/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The position of a segment that is read to its end (in a checkpoint of a sealed one). */
#define PRAVEGA_OFFSET_COMPLETED (-1)

struct pravega_stream_cut {
    char *scope, *stream;                     /**< NULL: UNBOUNDED */
    struct pravega_segment_offset *positions; /**< sorted by segment id, each id once */
    size_t position_count;
};

static inline bool pravega_stream_cut_is_unbounded(const struct pravega_stream_cut *cut)
{
    return cut->scope == NULL;
}
/**
 * Copies; sorts. `cut` is overwritten: it is zeroed, or finished before.
 * @retval WEIR_E_INVAL a segment twice, an offset below -1, a name that is none; `cut` is zeroed then
 * @retval WEIR_E_NOMEM
 */
enum weir_status pravega_stream_cut_set(struct pravega_stream_cut *cut, const struct pravega_stream_name *stream,
                                        const struct pravega_segment_offset *positions, size_t count,
                                        struct weir_error *err);
enum weir_status pravega_stream_cut_copy(struct pravega_stream_cut *cut, const struct pravega_stream_cut *from,
                                         struct weir_error *err);
/** Frees what it owns and zeroes it. Fine for a zeroed one. */
void pravega_stream_cut_fini(struct pravega_stream_cut *cut);
/** Same stream, same positions. */
bool pravega_stream_cut_equal(const struct pravega_stream_cut *a, const struct pravega_stream_cut *b);

/**
 * StreamCut.asText(): `*text` is NUL-terminated and the caller's, to be freed with free(). A cut without positions has
 * a text that from_text reads, and Java's from() does not.
 * @retval WEIR_E_LIMIT more than PRAVEGA_STREAM_CUT_TEXT_MAX bytes before packing  @retval WEIR_E_NOMEM
 */
enum weir_status pravega_stream_cut_to_text(const struct pravega_stream_cut *cut, char **text, struct weir_error *err);
/**
 * StreamCut.from(). Any valid gzip is taken; surrounding white space is not.
 * @retval WEIR_E_INVAL no stream cut: the message says where it stops being one
 * @retval WEIR_E_LIMIT more than PRAVEGA_STREAM_CUT_TEXT_MAX when unpacked @retval WEIR_E_NOMEM
 */
#define PRAVEGA_STREAM_CUT_TEXT_MAX (16 * 1024 * 1024)
enum weir_status pravega_stream_cut_from_text(const char *text, struct pravega_stream_cut *cut, struct weir_error *err);
/** Appends; `out->status` tells whether there was room, and is WEIR_E_LIMIT for an offset of 2^61 - 1 or more. */
void pravega_stream_cut_to_bytes(const struct pravega_stream_cut *cut, struct weir_buf *out);
/** @retval WEIR_E_INVAL the bytes are no stream cut @retval WEIR_E_NOMEM */
enum weir_status pravega_stream_cut_from_bytes(struct weir_view bytes, struct pravega_stream_cut *cut,
                                               struct weir_error *err);
/** For people, as upstream's toString(): appends "scope/stream:0=100, 1=-1" or "UNBOUNDED". */
void pravega_stream_cut_print(const struct pravega_stream_cut *cut, struct weir_buf *out);

#ifdef __cplusplus
}
#endif

#endif
