/**
 * @file weir/stream.h
 * @brief Streams and what is done to them. Mirrors upstream's DataStream, KeyedStream and WindowedStream.
 *
 * Handles belong to the environment. A handle may be NULL after an earlier error; every call takes that. User functions
 * get their arguments borrowed for the call, run on a worker thread, one call at a time for each subtask; `arg` is
 * shared by all subtasks.
 */
#ifndef WEIR_STREAM_H
#define WEIR_STREAM_H

#include "weir/operator.h"
#include "weir/watermark.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_env weir_env;
typedef struct weir_stream weir_stream;
typedef struct weir_keyed weir_keyed;
typedef struct weir_windowed weir_windowed;

/** Fills `*out` (an `out_type` value; views in it may point into `in` or to static memory). */
typedef enum weir_status weir_map_fn(void *arg, const void *in, void *out, struct weir_error *err);
/** Collects 0..n elements. */
typedef enum weir_status weir_flat_map_fn(void *arg, const void *in, struct weir_collector *out,
                                          struct weir_error *err);
typedef bool weir_filter_fn(void *arg, const void *in);
/** Fills `*key` (a value of the key's type; views may point into `element`). */
typedef void weir_key_fn(void *arg, const void *element, void *key);
/** Folds `value` into `*acc`, of the same type; acc starts as a copy of the first value. It changes fixed fields only:
 * what views of acc point to is the state's. */
typedef void weir_reduce_fn(void *arg, void *acc, const void *value);

weir_stream *weir_map(weir_stream *in, const struct weir_type *out_type, weir_map_fn *fn, void *arg, const char *name);
weir_stream *weir_flat_map(weir_stream *in, const struct weir_type *out_type, weir_flat_map_fn *fn, void *arg,
                           const char *name);
weir_stream *weir_filter(weir_stream *in, weir_filter_fn *fn, void *arg, const char *name);
/** assignTimestampsAndWatermarks. */
weir_stream *weir_assign_watermarks(weir_stream *in, const struct weir_watermark_strategy *strategy);
/** Any operator. The factory is taken over. */
weir_stream *weir_transform(weir_stream *in, const struct weir_type *out_type, struct weir_operator_factory *factory,
                            const char *name);

/* Partitioning: how elements go to the next operator's subtasks. Default: forward if the parallelism is the same, else
 * rebalance. */
weir_stream *weir_rebalance(weir_stream *in);
weir_stream *weir_broadcast(weir_stream *in);
weir_stream *weir_global(weir_stream *in);
weir_stream *weir_union(weir_stream *a, weir_stream *b); /**< of one type */

/** By a key that `fn` makes. */
weir_keyed *weir_key_by(weir_stream *in, const struct weir_type *key_type, weir_key_fn *fn, void *arg);
/** By a field of a struct type: the fast way. */
weir_keyed *weir_key_by_field(weir_stream *in, const char *field);

/** Emits the key's accumulated value after each element. */
weir_stream *weir_reduce(weir_keyed *in, weir_reduce_fn *fn, void *arg, const char *name);
/** Reduces by adding up one INT, LONG or DOUBLE field; other fields stay those of the key's first element. */
weir_stream *weir_sum(weir_keyed *in, const char *field);
/** Any keyed operator: its factory's operators find the element's key in weir_context_key(). */
weir_stream *weir_keyed_transform(weir_keyed *in, const struct weir_type *out_type,
                                  struct weir_operator_factory *factory, const char *name);

struct weir_window {
    int64_t start_ms, end_ms; /**< [start, end); its last moment is end - 1 */
};
struct weir_window_assigner {
    int64_t size_ms, offset_ms;
};
struct weir_window_assigner weir_tumbling_event_time(int64_t size_ms);

weir_windowed *weir_window(weir_keyed *in, struct weir_window_assigner assigner);
/** Elements up to this late still count and fire their window again; later ones are dropped and counted. */
weir_windowed *weir_allowed_lateness(weir_windowed *in, int64_t lateness_ms);

/** Upstream's AggregateFunction and ProcessWindowFunction in one: folds elements, then makes the result. */
struct weir_aggregate {
    const struct weir_type *acc_type; /**< fixed */
    const struct weir_type *out_type;
    void (*init)(void *arg, void *acc); /**< NULL: zeroed */
    void (*add)(void *arg, void *acc, const void *element);
    /** Fills `*out`; `key` is a value of the key's type; views in out may point into key. */
    void (*result)(void *arg, const void *key, const struct weir_window *window, const void *acc, void *out);
    void *arg;
};
/** `aggregate` is copied. Results carry the time end - 1. */
weir_stream *weir_window_aggregate(weir_windowed *in, const struct weir_aggregate *aggregate, const char *name);
weir_stream *weir_window_reduce(weir_windowed *in, weir_reduce_fn *fn, void *arg, const char *name);
weir_stream *weir_window_sum(weir_windowed *in, const char *field);

/** Takes the sink over. A NULL sink means that its constructor failed into the environment. */
void weir_add_sink(weir_stream *in, struct weir_sink *sink, const char *name);

/* Settings of the operator that made the stream. */
weir_stream *weir_uid(weir_stream *stream, const char *uid);
weir_stream *weir_set_parallelism(weir_stream *stream, int parallelism);
weir_stream *weir_disable_chaining(weir_stream *stream);
weir_env *weir_stream_env(weir_stream *stream);
const struct weir_type *weir_stream_type(weir_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
