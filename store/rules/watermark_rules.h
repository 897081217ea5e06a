/**
 * @file store/rules/watermark_rules.h
 * @brief From the times that writers noted to a watermark: upstream's rules. Pure.
 *
 * A watermark says: what lies before this cut was written when its writers' time was `lower` at least, `upper` at most.
 */
#ifndef WEIR_STORE_WATERMARK_RULES_H
#define WEIR_STORE_WATERMARK_RULES_H

#include "store/rules/epochs.h"

/** What one writer noted. */
struct weir_noted {
    int64_t timestamp;
    const struct weir_cut *position; /**< no cut: the places in the segments that the writer wrote to */
};

/** A stream's last watermark. */
struct weir_watermark {
    int64_t lower, upper;
    struct weir_cut cut; /**< empty: there was none yet */
};

void weir_watermark_fini(struct weir_watermark *mark);

/** Whether a writer's time takes part in the next watermark: it is later than the last one. */
static inline bool weir_watermark_takes(const struct weir_watermark *last, int64_t timestamp)
{
    return last->cut.count == 0 || timestamp > last->lower;
}

/**
 * The watermark of writers that all take part: the earliest of their times, and the cut that none of their positions
 * lies after; where they say nothing, the newest segments; not before the last one.
 * @param out  receives it, to be freed
 * @retval WEIR_E_AGAIN  their time has not advanced, or no position names a segment of the stream
 * @retval WEIR_E_NOMEM
 */
enum weir_status weir_watermark_make(const struct weir_epochs *epochs, const struct weir_noted *noted, size_t count,
                                     const struct weir_watermark *last, struct weir_watermark *out);

#endif
