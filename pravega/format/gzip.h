/**
 * @file pravega/format/gzip.h
 * @brief gzip of what is in memory, bounded: the outer form of a stream cut's text.
 */
#ifndef PRAVEGA_FORMAT_GZIP_H
#define PRAVEGA_FORMAT_GZIP_H

#include "weir/buf.h"

/** Appends `bytes` as one gzip member without a name or a time. WEIR_E_LIMIT: out->len_max; WEIR_E_NOMEM. */
enum weir_status pravega_gzip(struct weir_view bytes, struct weir_buf *out);
/**
 * Appends what the gzip members in `bytes` hold. Takes no memory beyond what `out` may have and some tens of KiB.
 * @retval WEIR_E_INVAL no gzip, or a damaged one  @retval WEIR_E_LIMIT it does not fit into `out`  @retval WEIR_E_NOMEM
 */
enum weir_status pravega_gunzip(struct weir_view bytes, struct weir_buf *out);

#endif
