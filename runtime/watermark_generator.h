/**
 * @file runtime/watermark_generator.h
 * @brief One generator of watermarks with idleness, as a source has for each split and the watermark operator once.
 *
 * Records pay for a comparison and a flag: no clock is read on their way. Time passes in tick(), which the driver calls
 * about every auto-watermark interval.
 */
#ifndef WEIR_RUNTIME_WATERMARK_GENERATOR_H
#define WEIR_RUNTIME_WATERMARK_GENERATOR_H

#include <stdbool.h>
#include <stdint.h>

#include "weir/collector.h"
#include "weir/watermark.h"

struct weir_watermark_generator {
    int64_t timestamp_ms_max; /* of the records so far; INT64_MIN before the first */
    int64_t quiet_since_ns;   /* the tick that first saw no record; -1 while records come */
    bool seen;                /* a record came since the last tick */
    bool idle;
};

static inline void weir_watermark_generator_init(struct weir_watermark_generator *gen)
{
    *gen = (struct weir_watermark_generator){.timestamp_ms_max = INT64_MIN, .quiet_since_ns = -1};
}

/** True if the record ends an idle time, which the caller has to tell downstream before it. */
static inline bool weir_watermark_generator_record(struct weir_watermark_generator *gen, int64_t timestamp_ms)
{
    bool woken = gen->idle;

    if (timestamp_ms > gen->timestamp_ms_max)
        gen->timestamp_ms_max = timestamp_ms;
    gen->seen = true;
    gen->idle = false;
    return woken;
}

/** Time passes: turns idle after the strategy's timeout without a record. */
static inline void weir_watermark_generator_tick(struct weir_watermark_generator *gen,
                                                 const struct weir_watermark_strategy *strategy, int64_t now_ns)
{
    if (gen->seen || gen->quiet_since_ns < 0) {
        gen->quiet_since_ns = now_ns;
        gen->seen = false;
        return;
    }
    if (strategy->idle_timeout_ms > 0 && (now_ns - gen->quiet_since_ns) / 1000000 >= strategy->idle_timeout_ms)
        gen->idle = true;
}

/** The watermark as of now; INT64_MIN: none yet. */
static inline int64_t weir_watermark_generator_now(const struct weir_watermark_generator *gen,
                                                   const struct weir_watermark_strategy *strategy)
{
    int64_t behind_ms = (strategy->kind == WEIR_WATERMARK_BOUNDED ? strategy->bound_ms : 0) + 1;

    if (strategy->kind == WEIR_WATERMARK_NONE || gen->timestamp_ms_max < INT64_MIN + behind_ms)
        return INT64_MIN;
    return gen->timestamp_ms_max - behind_ms;
}

#endif
