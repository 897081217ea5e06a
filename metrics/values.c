/*
 * values.c - the rate of a meter, and the buckets of a histogram.
 *
 * A value below 16 has a bucket of its own. A larger one has its top bit's place and the four bits behind it:
 *
 *     value 0b1ABCDxxx (8 bits)  ->  bucket (8 - 4) * 16 + 0bABCD
 */
#include "metrics/values.h"

#define SUB_BITS 4
#define SUB_COUNT (1u << SUB_BITS)

void weir_meter_tick(struct weir_meter *meter)
{
    uint64_t now = weir_counter_get(&meter->count);
    uint64_t *oldest = &meter->earlier[meter->period % WEIR_METER_PERIODS]; /* 0 while there is no such period */

    if (meter->period_count < WEIR_METER_PERIODS)
        meter->period_count++;
    weir_gauge_set(&meter->rate, (double)(now - *oldest) / (double)(meter->period_count * WEIR_METER_PERIOD_S));
    *oldest = now;
    meter->period++;
}

static unsigned bucket_of(uint64_t value)
{
    unsigned top;

    if (value < SUB_COUNT)
        return (unsigned)value;
    top = 63 - (unsigned)__builtin_clzll(value);
    return (top - SUB_BITS + 1) * SUB_COUNT + (unsigned)((value >> (top - SUB_BITS)) & (SUB_COUNT - 1));
}

/* The middle of a bucket. */
static double value_of(unsigned bucket)
{
    unsigned shift = bucket / SUB_COUNT;

    if (shift == 0)
        return bucket;
    return ((double)(SUB_COUNT + bucket % SUB_COUNT) + 0.5) * (double)(UINT64_C(1) << (shift - 1)) - 0.5;
}

void weir_histogram_record(struct weir_histogram *histogram, uint64_t value)
{
    unsigned window = atomic_load_explicit(&histogram->current, memory_order_relaxed);
    _Atomic uint32_t *bucket = &histogram->windows[window][bucket_of(value)];

    weir_counter_add(&histogram->count, 1);
    weir_counter_add(&histogram->sum, value);
    atomic_store_explicit(bucket, atomic_load_explicit(bucket, memory_order_relaxed) + 1, memory_order_relaxed);
    if (value > atomic_load_explicit(&histogram->largest[window], memory_order_relaxed))
        atomic_store_explicit(&histogram->largest[window], value, memory_order_relaxed);
}

void weir_histogram_rotate(struct weir_histogram *histogram)
{
    unsigned next = 1 - atomic_load_explicit(&histogram->current, memory_order_relaxed);

    for (size_t i = 0; i < WEIR_HISTOGRAM_BUCKETS; i++)
        atomic_store_explicit(&histogram->windows[next][i], 0, memory_order_relaxed);
    atomic_store_explicit(&histogram->largest[next], 0, memory_order_relaxed);
    atomic_store_explicit(&histogram->current, next, memory_order_relaxed);
}

static uint64_t bucket_count(const struct weir_histogram *histogram, size_t bucket)
{
    return (uint64_t)atomic_load_explicit(&histogram->windows[0][bucket], memory_order_relaxed) +
           atomic_load_explicit(&histogram->windows[1][bucket], memory_order_relaxed);
}

void weir_histogram_quantiles(const struct weir_histogram *histogram, const double *questions, double *answers,
                              size_t count)
{
    double largest = (double)weir_histogram_largest(histogram);
    uint64_t total = 0, seen = 0;
    size_t next = 0;

    for (size_t i = 0; i < WEIR_HISTOGRAM_BUCKETS; i++)
        total += bucket_count(histogram, i);
    for (size_t i = 0; i < WEIR_HISTOGRAM_BUCKETS && next < count; i++) {
        seen += bucket_count(histogram, i);
        for (; next < count && seen > 0 && (double)seen >= questions[next] * (double)total; next++)
            answers[next] = value_of((unsigned)i) < largest ? value_of((unsigned)i) : largest;
    }
    for (; next < count; next++)
        answers[next] = 0;
}

uint64_t weir_histogram_largest(const struct weir_histogram *histogram)
{
    uint64_t a = atomic_load_explicit(&histogram->largest[0], memory_order_relaxed);
    uint64_t b = atomic_load_explicit(&histogram->largest[1], memory_order_relaxed);

    return a > b ? a : b;
}
