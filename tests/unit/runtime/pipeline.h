/**
 * @file pipeline.h
 * @brief A source and a sink for tests of whole pipelines, with what they are to do wrong.
 *
 * The source emits the LONGs 0..count-1 from NUMBER_SPLITS splits: number n is of split n % NUMBER_SPLITS, split s is
 * read by subtask s % parallelism. The splits' positions are its state. The sink counts how often it has seen each
 * number; what it has seen by a checkpoint is in that checkpoint, and comes to the `committed` counts only when that is
 * committed.
 */
#ifndef TEST_PIPELINE_H
#define TEST_PIPELINE_H

#include <stdatomic.h>

#include "weir/env.h"

/** Shared by the subtasks, read by the test afterwards. */
#define NUMBER_SPLITS 12

struct number_source_spec {
    int64_t count;   /* numbers in all */
    int64_t hold_at; /* each subtask waits at its first number >= this until `released`; 0: never waits */
    _Atomic bool *released;
    int64_t per_poll;      /* at most so many per poll; 0: the budget */
    bool timestamps;       /* number i has the event time i */
    bool split_per_parity; /* two splits instead of one */
    int again_prepare;     /* prepare says AGAIN so many times */
};

struct weir_source *number_source(const struct number_source_spec *spec);

#define SINK_NUMBERS_MAX 200000

struct number_sink_spec {
    int again_prepare, again_committed, again_end; /* each call says AGAIN so many times before OK */
    _Atomic int prepare_calls, committed_calls, end_calls;
    int64_t numbers_max;                     /* SINK_NUMBERS_MAX or less */
    _Atomic int seen[SINK_NUMBERS_MAX];      /* by all subtasks and attempts */
    _Atomic int committed[SINK_NUMBERS_MAX]; /* exactly once, if all is well */
    _Atomic int64_t last_committed_id;
    _Atomic int64_t watermark_ms;
    _Atomic int64_t total;
};

struct weir_sink *number_sink(struct number_sink_spec *spec);

/** An environment on the host with no restart delay; the folder of checkpoints is `dir`. */
struct weir_env_options pipeline_options(struct weir_host *host, const char *dir);

#endif
