/**
 * @file pravega/streams.h
 * @brief Scopes and streams: create, list, describe, update, scale, truncate, seal, delete. Mirrors upstream's
 *        StreamManager, StreamInfo and StreamConfiguration, and the scaling of its Controller.
 *
 * Each call goes to the controller, is retried there as upstream's ControllerImpl does (1 ms, x10, up to 20 s, within
 * rpc_timeout_ms), and ends in its callback: WEIR_E_REFUSED or WEIR_E_CLOSED if no controller answered at the URI,
 * WEIR_E_TIMEOUT, WEIR_E_AUTH, WEIR_E_DENIED, WEIR_E_PROTO besides what each call names. NOMEM can come from the call.
 * What a callback is lent (names, ranges, cuts, configurations) lives until it returns; counts are 0 and pointers NULL
 * unless status is WEIR_OK. What a call is given is borrowed until it returns. Thread: the client's loop.
 */
#ifndef PRAVEGA_STREAMS_H
#define PRAVEGA_STREAMS_H

#include "pravega/client.h"
#include "pravega/stream_cut.h"

#ifdef __cplusplus
extern "C" {
#endif

enum pravega_scale_type { PRAVEGA_SCALE_FIXED = 0, PRAVEGA_SCALE_BY_KBYTES = 1, PRAVEGA_SCALE_BY_EVENTS = 2 };
enum pravega_retention_type { PRAVEGA_RETENTION_NONE = 0, PRAVEGA_RETENTION_TIME = 1, PRAVEGA_RETENTION_SIZE = 2 };

#define PRAVEGA_TAGS_MAX 127    /**< of one stream */
#define PRAVEGA_TAG_LEN_MAX 255 /**< bytes */

/** Upstream's StreamConfiguration. Zeroed: one segment for ever, everything is kept. */
struct pravega_stream_config {
    enum pravega_scale_type scale_type;
    int32_t target_rate;  /**< KB/s or events/s per segment, above which it is split; 1 or more unless fixed */
    int32_t scale_factor; /**< into how many at most; 1 or more unless fixed */
    int32_t min_segments; /**< 1 or more; 0 means 1 */
    enum pravega_retention_type retention_type;
    int64_t retention_min;   /**< ms or bytes that are kept at least */
    int64_t retention_max;   /**< that are kept at most, subscribers or not; 0 means no bound */
    const char *const *tags; /**< each once */
    size_t tag_count;
    int64_t
        timestamp_aggregation_timeout_ms; /**< a silent writer holds back the stream's time so long; 0: it doesn't */
    int64_t rollover_bytes;                   /**< of a segment's chunks in long-term storage; 0: the store's choice */
};

typedef void pravega_exists_fn(void *arg, enum weir_status status, bool exists, const struct weir_error *why);
/** `names` are sorted, each once. */
typedef void pravega_names_fn(void *arg, enum weir_status status, const char *const *names, size_t count,
                              const struct weir_error *why);
/** A part of a list, in the controller's order. `token` asks for what follows (the caller copies it); NULL: this was
 *  all. A page may be empty and not the last one. */
typedef void pravega_name_page_fn(void *arg, enum weir_status status, const char *const *names, size_t count,
                                  const char *token, const struct weir_error *why);

/* ---- scopes */

/** WEIR_E_EXISTS; WEIR_E_INVAL for a name upstream refuses. */
void pravega_scope_create(struct pravega_client *client, const char *scope, pravega_done_fn *done, void *arg);
/** WEIR_E_NOT_FOUND; WEIR_E_STATE if it is not empty (nothing is deleted then). */
void pravega_scope_delete(struct pravega_client *client, const char *scope, pravega_done_fn *done, void *arg);

/** With all that is in it: streams (sealed or not), reader groups, key-value tables. WEIR_OK too if there is none. */
void pravega_scope_delete_recursive(struct pravega_client *client, const char *scope, pravega_done_fn *done, void *arg);
void pravega_scope_exists(struct pravega_client *client, const char *scope, pravega_exists_fn *done, void *arg);
/** All of them, but for internal ones (a leading '_'). WEIR_E_LIMIT: more than a million, or four with internal
 * ones. */
void pravega_scope_list(struct pravega_client *client, pravega_names_fn *done, void *arg);
/** One page of them. @param token of the page before; NULL for the first */
void pravega_scope_list_page(struct pravega_client *client, const char *token, pravega_name_page_fn *done, void *arg);

/* ---- streams */

/** All streams of a scope, but for internal ones (a leading '_'). WEIR_E_NOT_FOUND: no such scope. */
void pravega_stream_list(struct pravega_client *client, const char *scope, pravega_names_fn *done, void *arg);
void pravega_stream_list_page(struct pravega_client *client, const char *scope, const char *token,
                              pravega_name_page_fn *done, void *arg);
/** Those that carry `tag`. */
void pravega_stream_list_tagged(struct pravega_client *client, const char *scope, const char *tag,
                                pravega_names_fn *done, void *arg);
void pravega_stream_exists(struct pravega_client *client, const struct pravega_stream_name *stream,
                           pravega_exists_fn *done, void *arg);

/** WEIR_E_EXISTS; WEIR_E_NOT_FOUND: no such scope; WEIR_E_INVAL. */
void pravega_stream_create(struct pravega_client *client, const struct pravega_stream_name *stream,
                           const struct pravega_stream_config *config, pravega_done_fn *done, void *arg);
/** Replaces the whole configuration, tags included: get it, change it, give it back. WEIR_E_NOT_FOUND; WEIR_E_SEALED;
 *  WEIR_E_INVAL; WEIR_E_BUSY: another update of the stream is under way. */
void pravega_stream_update(struct pravega_client *client, const struct pravega_stream_name *stream,
                           const struct pravega_stream_config *config, pravega_done_fn *done, void *arg);
typedef void pravega_config_fn(void *arg, enum weir_status status, const struct pravega_stream_config *config,
                               const struct weir_error *why);
/** WEIR_E_NOT_FOUND. */
void pravega_stream_get_config(struct pravega_client *client, const struct pravega_stream_name *stream,
                               pravega_config_fn *done, void *arg);
/** The tags of its configuration, sorted (getStreamTags). */
void pravega_stream_get_tags(struct pravega_client *client, const struct pravega_stream_name *stream,
                             pravega_names_fn *done, void *arg);
/**
 * Drops what is before `cut`, which is of this stream and has positions. A checkpoint's cut will do: where it has an
 * offset of -1, for a segment that is read to its end, that end is meant (upstream's client passes -1 on, which no
 * controller of 0.13 ever gets done with).
 * WEIR_E_NOT_FOUND; WEIR_E_SEALED; WEIR_E_INVAL: no cut of this stream, or one with an offset of -1 in a segment that
 * is not sealed. WEIR_E_CONFLICT: the segments do not cover all keys, the cut lies before the stream's head, or another
 * truncation is under way.
 */
void pravega_stream_truncate(struct pravega_client *client, const struct pravega_stream_name *stream,
                             const struct pravega_stream_cut *cut, pravega_done_fn *done, void *arg);
/** WEIR_E_NOT_FOUND. Sealing a sealed stream succeeds. */
void pravega_stream_seal(struct pravega_client *client, const struct pravega_stream_name *stream, pravega_done_fn *done,
                         void *arg);
/** WEIR_E_NOT_FOUND; WEIR_E_STATE if it is not sealed. */
void pravega_stream_delete(struct pravega_client *client, const struct pravega_stream_name *stream,
                           pravega_done_fn *done, void *arg);

/* ---- segments and cuts */

/** `segments` are sorted by min_key; none for a sealed stream. WEIR_E_NOT_FOUND. */
typedef void pravega_ranges_fn(void *arg, enum weir_status status, const struct pravega_segment_range *segments,
                               size_t count, const struct weir_error *why);
/** Segments that take writes now (getCurrentSegments). */
void pravega_stream_current_segments(struct pravega_client *client, const struct pravega_stream_name *stream,
                                     pravega_ranges_fn *done, void *arg);

/** `cut` is sorted by segment id. WEIR_E_NOT_FOUND. */
typedef void pravega_cut_fn(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                            const struct weir_error *why);
/** The head: the oldest segments and the offsets where their data begins (StreamInfo.getHeadStreamCut). */
void pravega_stream_head(struct pravega_client *client, const struct pravega_stream_name *stream, pravega_cut_fn *done,
                         void *arg);
/** The tail as of now: the current segments and their write offsets (StreamInfo.getTailStreamCut). */
void pravega_stream_tail(struct pravega_client *client, const struct pravega_stream_name *stream, pravega_cut_fn *done,
                         void *arg);

/** Upstream's StreamInfo. */
struct pravega_stream_info {
    const struct pravega_stream_config *config;
    const struct pravega_stream_cut *head, *tail;
    bool sealed; /**< no events can be written; `tail` has no positions then */
};
typedef void pravega_stream_info_fn(void *arg, enum weir_status status, const struct pravega_stream_info *info,
                                    const struct weir_error *why);
/** All about a stream, as of now (fetchStreamInfo). WEIR_E_NOT_FOUND. */
void pravega_stream_fetch_info(struct pravega_client *client, const struct pravega_stream_name *stream,
                               pravega_stream_info_fn *done, void *arg);

/* ---- scaling by hand: upstream's Controller.startScale, checkScaleStatus and scaleStream */

/** `epoch` is the one before the scale; `segments` are the new ones, sorted by min_key. */
typedef void pravega_scale_fn(void *arg, enum weir_status status, int32_t epoch,
                              const struct pravega_segment_range *segments, size_t count, const struct weir_error *why);
/** What a scale does: the segments `sealed` end, and new ones of the key ranges `ranges` (their ids are not looked at),
 *  which cover exactly the same keys, take over. */
struct pravega_scale {
    const pravega_segment_id *sealed;
    size_t sealed_count;
    const struct pravega_segment_range *ranges;
    size_t range_count;
};
/** Begins to scale. WEIR_E_NOT_FOUND. WEIR_E_CONFLICT: `sealed` are not all current, or fewer segments would be left
 *  than the stream has at least. WEIR_E_INVAL: the ranges do not match, or another scale is under way. */
void pravega_stream_start_scale(struct pravega_client *client, const struct pravega_stream_name *stream,
                                const struct pravega_scale *scale, pravega_scale_fn *done, void *arg);
/** WEIR_OK: the scale that began in `epoch` is done. WEIR_E_AGAIN: not yet. WEIR_E_INVAL: there is none. */
void pravega_stream_check_scale(struct pravega_client *client, const struct pravega_stream_name *stream, int32_t epoch,
                                pravega_done_fn *done, void *arg);
/** Scales: begins, and asks until it is done, for as long as that takes (scaleStream). */
void pravega_stream_scale(struct pravega_client *client, const struct pravega_stream_name *stream,
                          const struct pravega_scale *scale, pravega_scale_fn *done, void *arg);

#ifdef __cplusplus
}
#endif

#endif
