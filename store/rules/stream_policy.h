/**
 * @file store/rules/stream_policy.h
 * @brief What a stream's configuration asks the controller to do by itself: the numbers of it, decoded once.
 */
#ifndef WEIR_STORE_STREAM_POLICY_H
#define WEIR_STORE_STREAM_POLICY_H

#include <stdint.h>

#include "weir/view.h"

/** As in the protocol. */
enum weir_scale_type { WEIR_SCALE_FIXED = 0, WEIR_SCALE_KBYTES = 1, WEIR_SCALE_EVENTS = 2 };
enum weir_retention_type { WEIR_RETENTION_NONE = 0, WEIR_RETENTION_TIME = 1, WEIR_RETENTION_SIZE = 2 };

struct weir_stream_policy {
    enum weir_scale_type scale_type;
    int32_t target_rate;  /**< KiB or events a second and segment; 1 or more unless FIXED */
    int32_t scale_factor; /**< parts that a segment is split into at most; 2 or more */
    int32_t segments_min; /**< 1 or more */
    enum weir_retention_type retention_type;
    int64_t retain_min, retain_max; /**< ms or bytes; INT64_MAX: no limit */
    int64_t mark_timeout_ms;        /**< a writer that notes no time for so long does not hold watermarks back */
};

/** Of a packed StreamConfig. What is not there, or makes no sense, means that nothing is to be done. */
void weir_stream_policy_read(struct weir_stream_policy *policy, struct weir_view config);

#endif
