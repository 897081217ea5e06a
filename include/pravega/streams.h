/**
 * @file pravega/streams.h
 * @brief Scopes and streams: create, list, describe, seal, delete. Mirrors upstream's StreamManager and StreamInfo.
 *
 * Each call goes to the controller, is retried there as upstream's ControllerImpl does (1 ms, x10, up to 20 s, within
 * rpc_timeout_ms), and ends in its callback: WEIR_E_REFUSED or WEIR_E_CLOSED if no controller answered at the URI,
 * WEIR_E_TIMEOUT, WEIR_E_AUTH, WEIR_E_DENIED, WEIR_E_PROTO besides what each call names. NOMEM can come from the call.
 */
#ifndef PRAVEGA_STREAMS_H
#define PRAVEGA_STREAMS_H

#include "pravega/client.h"

#ifdef __cplusplus
extern "C" {
#endif

enum pravega_scale_type { PRAVEGA_SCALE_FIXED = 0, PRAVEGA_SCALE_BY_KBYTES = 1, PRAVEGA_SCALE_BY_EVENTS = 2 };
enum pravega_retention_type { PRAVEGA_RETENTION_NONE = 0, PRAVEGA_RETENTION_TIME = 1, PRAVEGA_RETENTION_SIZE = 2 };

/** Upstream's StreamConfiguration. */
struct pravega_stream_config {
    enum pravega_scale_type scale_type;
    int32_t target_rate; /**< KB/s or events/s per segment */
    int32_t scale_factor;
    int32_t min_segments; /**< 1 or more; 0 means 1 */
    enum pravega_retention_type retention_type;
    int64_t retention_min, retention_max; /**< ms or bytes; max 0 means none */
    const char *const *tags;              /**< 127 at most, each of 255 bytes at most */
    size_t tag_count;
    int64_t
        timestamp_aggregation_timeout_ms; /**< how long a silent writer holds back the stream's time; 0 means none */
    int64_t rollover_bytes;               /**< of a segment's chunks in long-term storage; 0: the store's choice */
};

/** WEIR_E_EXISTS; WEIR_E_INVAL for a name upstream refuses. */
void pravega_scope_create(struct pravega_client *client, const char *scope, pravega_done_fn *done, void *arg);
/** WEIR_E_NOT_FOUND; WEIR_E_STATE if it is not empty (nothing is deleted then). */
void pravega_scope_delete(struct pravega_client *client, const char *scope, pravega_done_fn *done, void *arg);

/** `names` are borrowed for the call; internal streams (leading '_') are left out; `count` is 0 unless status is OK. */
typedef void pravega_names_fn(void *arg, enum weir_status status, const char *const *names, size_t count,
                              const struct weir_error *why);
void pravega_scope_list(struct pravega_client *client, pravega_names_fn *done, void *arg);
/** WEIR_E_NOT_FOUND: no such scope. */
void pravega_stream_list(struct pravega_client *client, const char *scope, pravega_names_fn *done, void *arg);

/** WEIR_E_EXISTS; WEIR_E_NOT_FOUND: no such scope; WEIR_E_INVAL. */
void pravega_stream_create(struct pravega_client *client, const struct pravega_stream_name *stream,
                           const struct pravega_stream_config *config, pravega_done_fn *done, void *arg);
/** WEIR_E_NOT_FOUND. Sealing a sealed stream succeeds. */
void pravega_stream_seal(struct pravega_client *client, const struct pravega_stream_name *stream, pravega_done_fn *done,
                         void *arg);
/** WEIR_E_NOT_FOUND; WEIR_E_STATE if it is not sealed. */
void pravega_stream_delete(struct pravega_client *client, const struct pravega_stream_name *stream,
                           pravega_done_fn *done, void *arg);

/** `segments` are sorted by min_key, borrowed for the call; none for a sealed stream. WEIR_E_NOT_FOUND. */
typedef void pravega_ranges_fn(void *arg, enum weir_status status, const struct pravega_segment_range *segments,
                               size_t count, const struct weir_error *why);
/** Segments that take writes now (getCurrentSegments). */
void pravega_stream_current_segments(struct pravega_client *client, const struct pravega_stream_name *stream,
                                     pravega_ranges_fn *done, void *arg);

/** `cut` is sorted by segment id, borrowed for the call. WEIR_E_NOT_FOUND. */
typedef void pravega_cut_fn(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                            const struct weir_error *why);
/** The head: the oldest segments and the offsets where their data begins (StreamInfo.getHeadStreamCut). */
void pravega_stream_head(struct pravega_client *client, const struct pravega_stream_name *stream, pravega_cut_fn *done,
                         void *arg);
/** The tail as of now: the current segments and their write offsets (StreamInfo.getTailStreamCut). */
void pravega_stream_tail(struct pravega_client *client, const struct pravega_stream_name *stream, pravega_cut_fn *done,
                         void *arg);

#ifdef __cplusplus
}
#endif

#endif
