/**
 * @file runtime/context.h
 * @brief What stands behind weir_context: one operator's place in its chain, the key of its current record, its
 * counters.
 *
 * The chain's driver (a task, a test harness) fills `weir_chain_host`; the chain makes a context for each operator.
 * Thread: the task's worker; counters may be read by any thread.
 */
#ifndef WEIR_RUNTIME_CONTEXT_H
#define WEIR_RUNTIME_CONTEXT_H

#include <stdatomic.h>

#include "runtime/key.h"
#include "weir/operator.h"

#define WEIR_COUNTERS_MAX 8

/** Who drives a chain, and where it stands. */
struct weir_chain_host {
    struct weir_loop *loop;
    int subtask, parallelism, max_parallelism, attempt;
    bool checkpointing;
    int64_t auto_watermark_interval_ms;
    void (*wake)(void *arg);
    void (*fail)(void *arg, const struct weir_error *why);
    void *arg;
};

struct weir_counter {
    const char *name;
    _Atomic int64_t value;
};

struct weir_link;

struct weir_context {
    const struct weir_chain_host *host;
    struct weir_link *link; /* the operator's place, for watermarks of its own */
    const char *name, *uid;

    /* Of weir_keyed_transform: set before each on_record. */
    const struct weir_key_selector *selector; /* NULL: not keyed */
    const void *key;                          /* borrowed like the record */
    _Alignas(16) uint8_t key_room[WEIR_KEY_SIZE_MAX];

    struct weir_counter counters[WEIR_COUNTERS_MAX];
    _Atomic int counter_count;
};

/** For operators that make watermarks (and do not forward those of their input, but the last). */
enum weir_status weir_context_emit_watermark(struct weir_context *ctx, int64_t watermark_ms, struct weir_error *err);
enum weir_status weir_context_emit_idle(struct weir_context *ctx, bool idle, struct weir_error *err);

#endif
