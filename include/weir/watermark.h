/**
 * @file weir/watermark.h
 * @brief How event time is found. Mirrors upstream's WatermarkStrategy.
 */
#ifndef WEIR_WATERMARK_H
#define WEIR_WATERMARK_H

#include <stdint.h>

enum weir_watermark_kind {
    WEIR_WATERMARK_NONE,       /**< noWatermarks */
    WEIR_WATERMARK_BOUNDED,    /**< forBoundedOutOfOrderness: greatest timestamp - bound - 1 */
    WEIR_WATERMARK_MONOTONOUS, /**< forMonotonousTimestamps: the same with bound 0 */
};

struct weir_watermark_strategy {
    enum weir_watermark_kind kind;
    int64_t bound_ms; /**< of BOUNDED */
    int64_t
        idle_timeout_ms; /**< withIdleness: a split without records for so long holds nobody back; 0 means never idle */
    /** withTimestampAssigner: event time of an element; NULL keeps what the source gave. */
    int64_t (*timestamp)(void *arg, const void *element, int64_t source_timestamp_ms);
    void *arg;
};

#endif
