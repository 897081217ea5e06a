/**
 * @file pravega/segment_info.h
 * @brief Where a segment begins and ends now: the question for it, and a one-shot form with a line of its own.
 *
 * Both are embedded in the struct of whoever asks, like a controller call: zero it, start it, and it ends in its
 * callback in a later turn, once. The callback may start it again or free the memory that it is in.
 */
#ifndef PRAVEGA_SEGMENT_INFO_H
#define PRAVEGA_SEGMENT_INFO_H

#include "pravega/segment_request.h"

struct pravega_segment_info {
    int64_t start_offset; /**< what lies before is truncated */
    int64_t write_offset; /**< the segment's length, the truncated part included */
    bool is_sealed;
};

/** For pravega_segment_request_start(); its answer goes through pravega_segment_info_take(). */
extern const struct pravega_segment_question pravega_segment_info_question;
/** @return `status`, or WEIR_E_NOT_FOUND if the answer is that it does not exist; *info is filled if WEIR_OK */
enum weir_status pravega_segment_info_take(enum weir_status status, const struct pravega_wire_command *answer,
                                           struct pravega_segment_info *info, struct weir_error *err);

/** `info` is borrowed for the call; NULL unless status is WEIR_OK. WEIR_E_NOT_FOUND: no such segment. */
typedef void pravega_segment_info_fn(void *arg, enum weir_status status, const struct pravega_segment_info *info,
                                     const struct weir_error *why);

struct pravega_segment_query {
    /* Private. Idle when `done` is NULL. */
    struct pravega_segment_line line;
    struct pravega_segment_request request;
    pravega_segment_info_fn *done;
    void *arg;
};

void pravega_segment_query_start(struct pravega_segment_query *query, struct pravega_client *client,
                                 const struct pravega_stream_name *stream, pravega_segment_id segment,
                                 pravega_segment_info_fn *done, void *arg);
/** Its callback will not run. Fine for an idle (zeroed or ended) one. */
void pravega_segment_query_cancel(struct pravega_segment_query *query);

#endif
