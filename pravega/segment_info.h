/**
 * @file pravega/segment_info.h
 * @brief Where a segment begins and ends now: one question to its segment store.
 *
 * A query is embedded in the struct of whoever asks, like a controller call: zero it, start it, and it ends in its
 * callback in a later turn, once. The callback may start it again or free the memory that it is in.
 */
#ifndef PRAVEGA_SEGMENT_INFO_H
#define PRAVEGA_SEGMENT_INFO_H

#include "pravega/segment_link.h"

struct pravega_segment_info {
    int64_t start_offset; /**< what lies before is truncated */
    int64_t write_offset; /**< the segment's length, the truncated part included */
    bool is_sealed;
};

/** `info` is borrowed for the call; NULL unless status is WEIR_OK. WEIR_E_NOT_FOUND: no such segment. */
typedef void pravega_segment_info_fn(void *arg, enum weir_status status, const struct pravega_segment_info *info,
                                     const struct weir_error *why);

struct pravega_segment_query {
    /* Private. Idle when `done` is NULL. */
    struct pravega_segment_link link;
    pravega_segment_info_fn *done;
    void *arg;
    struct weir_error why;
    struct weir_loop *loop;
    struct weir_timer timer; /* brings `why` in a later turn, if nothing could be started */
};

void pravega_segment_query_start(struct pravega_segment_query *query, struct pravega_client *client,
                                 const struct pravega_stream_name *stream, pravega_segment_id segment,
                                 pravega_segment_info_fn *done, void *arg);
/** Its callback will not run. Fine for an idle (zeroed or ended) one. */
void pravega_segment_query_cancel(struct pravega_segment_query *query);

#endif
