/**
 * @file metrics/values.h
 * @brief The values that are measured: counter, gauge, meter, histogram. Embedded in whoever changes them.
 *
 * Each value has one writing thread and may be read from any: a change is plain loads and stores, no locked
 * instruction. They know no clock: the owner says when a period has passed. Zeroed, a value is ready.
 */
#ifndef WEIR_METRICS_VALUES_H
#define WEIR_METRICS_VALUES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/** Only grows. */
struct weir_counter {
    _Atomic uint64_t value;
};

static inline uint64_t weir_counter_get(const struct weir_counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}
/** For what is counted elsewhere already. */
static inline void weir_counter_set(struct weir_counter *counter, uint64_t value)
{
    atomic_store_explicit(&counter->value, value, memory_order_relaxed);
}
static inline void weir_counter_add(struct weir_counter *counter, uint64_t count)
{
    weir_counter_set(counter, weir_counter_get(counter) + count);
}

/** What is so now. */
struct weir_gauge {
    _Atomic double value;
};

static inline double weir_gauge_get(const struct weir_gauge *gauge)
{
    return atomic_load_explicit(&gauge->value, memory_order_relaxed);
}
static inline void weir_gauge_set(struct weir_gauge *gauge, double value)
{
    atomic_store_explicit(&gauge->value, value, memory_order_relaxed);
}

/** A counter with its rate over the last minute. */
#define WEIR_METER_PERIOD_S 5
#define WEIR_METER_PERIODS 12
struct weir_meter {
    struct weir_counter count;
    struct weir_gauge rate; /**< per second */
    uint64_t earlier[WEIR_METER_PERIODS];
    unsigned period, period_count;
};

static inline void weir_meter_mark(struct weir_meter *meter, uint64_t count)
{
    weir_counter_add(&meter->count, count);
}
/** To be called every WEIR_METER_PERIOD_S seconds. Thread: the one that writes. */
void weir_meter_tick(struct weir_meter *meter);

/**
 * How values are spread: count and sum since the start, quantiles and the largest over the last one to two periods of
 * the owner's. A value counts as the middle of a bucket of its sixteenth of a power of two: within 3.2%.
 */
#define WEIR_HISTOGRAM_BUCKETS 976
struct weir_histogram {
    struct weir_counter count, sum;
    _Atomic uint32_t windows[2][WEIR_HISTOGRAM_BUCKETS];
    _Atomic uint64_t largest[2];
    _Atomic unsigned current; /* which of the windows is being filled; the other is the period before */
};

void weir_histogram_record(struct weir_histogram *histogram, uint64_t value);
/** A period has passed. Thread: the one that writes. */
void weir_histogram_rotate(struct weir_histogram *histogram);

/** Answers `count` quantiles (0..1, ascending) of the last periods; 0 where there were no values. */
void weir_histogram_quantiles(const struct weir_histogram *histogram, const double *questions, double *answers,
                              size_t count);
/** The largest value of the last periods. */
uint64_t weir_histogram_largest(const struct weir_histogram *histogram);

#endif
