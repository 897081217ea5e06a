/**
 * @file pravega/format/watermark.h
 * @brief What the controller writes into a stream's mark stream "_MARK<stream>": how late the writers' time was at
 *        least and at most, at a place in the stream. Upstream's Watermark.
 */
#ifndef PRAVEGA_FORMAT_WATERMARK_H
#define PRAVEGA_FORMAT_WATERMARK_H

#include "pravega/types.h"
#include "weir/buf.h"

struct pravega_watermark_segment {
    struct pravega_segment_range range;
    int64_t offset;
};

/** Zeroed it is empty. */
struct pravega_watermark {
    int64_t lower, upper;                       /**< as the writers noted them */
    struct pravega_watermark_segment *segments; /**< sorted by id */
    size_t segment_count;
};

void pravega_watermark_fini(struct pravega_watermark *mark);
/** Appends Watermark.toByteBuf(). */
void pravega_watermark_to_bytes(const struct pravega_watermark *mark, struct weir_buf *out);
/** @retval WEIR_E_INVAL the bytes are none; `mark` is zeroed then @retval WEIR_E_NOMEM likewise */
enum weir_status pravega_watermark_from_bytes(struct weir_view bytes, struct pravega_watermark *mark,
                                              struct weir_error *err);

#endif
