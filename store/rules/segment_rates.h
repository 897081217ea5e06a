/**
 * @file store/rules/segment_rates.h
 * @brief How fast a segment grows, and what that advises: upstream's averages and thresholds. Pure arithmetic.
 *
 * Four averages look back 2, 5, 10 and 20 minutes, each exponentially weighted in ticks of a twelfth of a minute. What
 * is counted (events, bytes) is the caller's; rates are in it per second. How long a minute is, is a parameter, so that
 * tests need not wait.
 */
#ifndef WEIR_STORE_SEGMENT_RATES_H
#define WEIR_STORE_SEGMENT_RATES_H

#include <stdint.h>

/** So many in a minute. */
#define WEIR_RATE_TICKS 12

struct weir_segment_rates {
    int64_t start_ms, tick_ms;     /**< when they began; when they were last brought up to date */
    double two, five, ten, twenty; /**< per second, over so many minutes */
};

void weir_segment_rates_init(struct weir_segment_rates *rates, int64_t now_ms);
/**
 * Takes in what was counted since the last call. Call it when at least a tick has passed since then; what was silent in
 * between counts as such.
 */
void weir_segment_rates_add(struct weir_segment_rates *rates, int64_t count, int64_t now_ms, int64_t minute_ms);

enum weir_scale_advice { WEIR_SCALE_STAY = 0, WEIR_SCALE_UP, WEIR_SCALE_DOWN };
/**
 * @param target  the rate that is wanted, per second
 * @param parts   UP: into how many segments it would have to be split, 2 or more
 */
enum weir_scale_advice weir_segment_rates_advise(const struct weir_segment_rates *rates, double target, int64_t now_ms,
                                                 int64_t cooldown_ms, int64_t minute_ms, int32_t *parts);
/**
 * What a commit brings at once was written since the transaction began: of `count`, the part that falls on one tick.
 */
int64_t weir_segment_rates_spread(int64_t count, int64_t lived_ms, int64_t minute_ms);

#endif
