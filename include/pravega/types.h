/**
 * @file pravega/types.h
 * @brief Names and numbers that every part of the client shares.
 */
#ifndef PRAVEGA_TYPES_H
#define PRAVEGA_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/error.h"
#include "weir/view.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PRAVEGA_NAME_LEN_MAX 255                /**< of a scope or a stream, in bytes */
#define PRAVEGA_SEGMENT_NAME_LEN_MAX 640        /**< of a qualified segment, shadow and transient ones included */
#define PRAVEGA_EVENT_LEN_MAX (8 * 1024 * 1024) /**< Serializer.MAX_EVENT_SIZE: payload bytes of one event */
#define PRAVEGA_LARGE_EVENT_LEN_MAX (1 << 30)   /**< of a large one; upstream's only limit is Java's array */
#define PRAVEGA_EVENT_HEADER_LEN 8              /**< int32 type 0, int32 length */

/** A stream's name within a scope; both NUL-terminated and borrowed unless said otherwise. */
struct pravega_stream_name {
    const char *scope;
    const char *stream;
};

/** epoch << 32 | number, as upstream's Segment.getSegmentId(). */
typedef int64_t pravega_segment_id;

static inline int32_t pravega_segment_epoch(pravega_segment_id id)
{
    return (int32_t)(id >> 32);
}
static inline int32_t pravega_segment_number(pravega_segment_id id)
{
    return (int32_t)(id & 0xffffffff);
}

/** A segment of a stream and the part (min_key, max_key] of the key space that it holds; the first one holds 0.0 too.
 */
struct pravega_segment_range {
    pravega_segment_id id;
    double min_key, max_key;
};

/** Where in a segment: the offset of an event's header, or of the byte after the last event read. */
struct pravega_segment_offset {
    pravega_segment_id id;
    int64_t offset;
};

/** 128-bit transaction id, as java.util.UUID. */
struct pravega_txn_id {
    uint64_t msb, lsb;
};

/**
 * Splits "scope/stream" at the first '/', as upstream's Stream.of(). A name without a scope takes `default_scope`.
 * @param scope, stream receive NUL-terminated copies
 * @retval WEIR_E_INVAL no scope, or a name that is not [A-Za-z0-9.-]+ (a leading '_' marks an internal one)
 */
enum weir_status pravega_stream_parse(const char *text, const char *default_scope, char scope[PRAVEGA_NAME_LEN_MAX + 1],
                                      char stream[PRAVEGA_NAME_LEN_MAX + 1], struct weir_error *err);
/** "scope/stream/0.#epoch.0" into out, NUL-terminated; the length, or -1 if it does not fit. */
int pravega_segment_name(const struct pravega_stream_name *stream, pravega_segment_id id, char *out, size_t cap);
/** As above with "#transaction." and the id's 32 hexadecimal digits. */
int pravega_txn_segment_name(const struct pravega_stream_name *stream, pravega_segment_id id, struct pravega_txn_id txn,
                             char *out, size_t cap);
/** The position in [0, 1) of a routing key (UTF-8): upstream's HashHelper over its UTF-16 code units. */
double pravega_routing_hash(struct weir_view key);
/** "00000000-0000-0000-0000-000000000001" and a NUL. */
void pravega_txn_id_text(struct pravega_txn_id id, char out[37]);

#ifdef __cplusplus
}
#endif

#endif
