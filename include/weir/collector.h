/**
 * @file weir/collector.h
 * @brief Where a function puts its results. Mirrors upstream's Collector.
 */
#ifndef WEIR_COLLECTOR_H
#define WEIR_COLLECTOR_H

#include <stdint.h>

#include "weir/error.h"

/** The event time of an element that has none. */
#define WEIR_NO_TIMESTAMP INT64_MIN

struct weir_collector {
    enum weir_status (*collect)(struct weir_collector *out, const void *element, struct weir_error *err);
    int64_t timestamp_ms; /**< event time of what is collected next: the input record's, unless set */
};

/** Hands on one element (borrowed for the call). A status other than OK ends the function, which returns it. */
static inline enum weir_status weir_collect(struct weir_collector *out, const void *element, struct weir_error *err)
{
    return out->collect(out, element, err);
}

#endif
