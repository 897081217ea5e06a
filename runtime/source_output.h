/**
 * @file runtime/source_output.h
 * @brief The head of a source's chain: counts what is emitted, gives it its event time, and makes watermarks by split.
 */
#ifndef WEIR_RUNTIME_SOURCE_OUTPUT_H
#define WEIR_RUNTIME_SOURCE_OUTPUT_H

#include "runtime/chain.h"
#include "runtime/watermark_generator.h"

struct weir_source_split {
    struct weir_watermark_generator gen;
    bool used;
};

struct weir_source_output {
    struct weir_collector into_split; /* what weir_source_collector() lends out */
    int collector_split;
    struct weir_link *link;
    struct weir_collector *next; /* where elements go */
    struct weir_watermark_strategy strategy;
    struct weir_source_split *splits;
    int split_count; /* slots, used or free */
    int64_t watermark_ms;
    int64_t no_split_since_ns; /* -1: there are splits */
    bool idle;
    const bool *full;
    uint64_t record_count;
};

/** @param link the reader's place in the chain @param full the outbox's flag */
void weir_source_output_init(struct weir_source_output *out, struct weir_link *link, const bool *full);
void weir_source_output_fini(struct weir_source_output *out); /**< A zeroed one is fine */
/** Time passes: emits a watermark if it has grown, and idleness if it has changed. */
enum weir_status weir_source_output_tick(struct weir_source_output *out, int64_t now_ns, struct weir_error *err);
/** No element will follow: the last watermark. */
enum weir_status weir_source_output_end(struct weir_source_output *out, struct weir_error *err);

#endif
