/**
 * @file store/controller/stream_config.h
 * @brief A stream's configuration as it is kept and shown: what a request said, in Pravega's own form.
 */
#ifndef WEIR_STORE_STREAM_CONFIG_H
#define WEIR_STORE_STREAM_CONFIG_H

#include "pravega/proto.h"
#include "weir/buf.h"

/** Packs it, appended: without a retention of no kind, and with its tags sorted, each once. @return out->status */
enum weir_status weir_stream_config_pack(struct weir_buf *out, const Pravega__StreamConfig *config);
/** That of a fixed number of segments. @retval WEIR_E_LIMIT the name is too long */
enum weir_status weir_stream_config_fixed(struct weir_buf *out, const char *scope, struct weir_view stream,
                                          int32_t segment_count, int64_t rollover_bytes);

#endif
