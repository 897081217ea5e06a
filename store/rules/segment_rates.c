/*
 * segment_rates.c - how fast a segment grows, and what that advises.
 */
#include "store/rules/segment_rates.h"

#define SILENT_TICKS_MAX 4096 /* after so many without anything, nothing is left of what was before */

/* 1 - exp(-1 / (12 * minutes)) */
#define ALPHA_TWO 0.040810542890861834
#define ALPHA_FIVE 0.01652854617838251
#define ALPHA_TEN 0.008298707361124036
#define ALPHA_TWENTY 0.004157998154890041

void weir_segment_rates_init(struct weir_segment_rates *rates, int64_t now_ms)
{
    *rates = (struct weir_segment_rates){.start_ms = now_ms, .tick_ms = now_ms};
}

static void weigh_in(double *rate, double seen, double alpha)
{
    *rate = *rate == 0 ? seen : *rate + alpha * (seen - *rate);
}

static void tick(struct weir_segment_rates *rates, double seen)
{
    weigh_in(&rates->two, seen, ALPHA_TWO);
    weigh_in(&rates->five, seen, ALPHA_FIVE);
    weigh_in(&rates->ten, seen, ALPHA_TEN);
    weigh_in(&rates->twenty, seen, ALPHA_TWENTY);
}

void weir_segment_rates_add(struct weir_segment_rates *rates, int64_t count, int64_t now_ms, int64_t minute_ms)
{
    int64_t tick_ms = minute_ms / WEIR_RATE_TICKS, age_ms = now_ms - rates->tick_ms;
    int64_t silent = age_ms / tick_ms - 1;

    if (age_ms <= 0)
        return;
    for (int64_t i = 0; i < silent && i < SILENT_TICKS_MAX; i++)
        tick(rates, 0);
    if (silent > 0)
        age_ms -= silent * tick_ms;
    tick(rates, (double)count * 1000 / (double)age_ms);
    rates->tick_ms = now_ms;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

enum weir_scale_advice weir_segment_rates_advise(const struct weir_segment_rates *rates, double target, int64_t now_ms,
                                                 int64_t cooldown_ms, int64_t minute_ms, int32_t *parts)
{
    int64_t age_ms = now_ms - rates->start_ms;
    double most = larger(larger(rates->two, rates->five), rates->ten) / target;

    if (age_ms <= cooldown_ms)
        return WEIR_SCALE_STAY;
    if ((rates->two > 5 * target && age_ms > 2 * minute_ms) || (rates->five > 2 * target && age_ms > 5 * minute_ms) ||
        (rates->ten > target && age_ms > 10 * minute_ms)) {
        *parts = most < 2 ? 2 : most > INT32_MAX ? INT32_MAX : (int32_t)most;
        return WEIR_SCALE_UP;
    }
    if (rates->two < target && rates->five < target && rates->ten < target && rates->twenty < target / 2 &&
        age_ms > 20 * minute_ms)
        return WEIR_SCALE_DOWN;
    return WEIR_SCALE_STAY;
}

int64_t weir_segment_rates_spread(int64_t count, int64_t lived_ms, int64_t minute_ms)
{
    int64_t tick_ms = minute_ms / WEIR_RATE_TICKS;

    return lived_ms <= tick_ms ? count : (int64_t)((double)count * (double)tick_ms / (double)lived_ms);
}
