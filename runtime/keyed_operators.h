/**
 * @file runtime/keyed_operators.h
 * @brief The factories behind weir_reduce, weir_sum and weir_window_*: operators with state by key.
 *
 * Each factory is made by keyed_stream.c, owned by the graph, and makes one operator for each subtask.
 */
#ifndef WEIR_RUNTIME_KEYED_OPERATORS_H
#define WEIR_RUNTIME_KEYED_OPERATORS_H

#include "runtime/key.h"
#include "runtime/reducer.h"
#include "weir/stream.h"

enum weir_status weir_reduce_factory_new(const struct weir_key_selector *selector, const struct weir_reducer *reducer,
                                         struct weir_operator_factory **out, struct weir_error *err);

struct weir_window_spec {
    struct weir_key_selector selector;
    struct weir_window_assigner assigner;
    int64_t allowed_lateness_ms;
};
enum weir_status weir_window_aggregate_factory_new(const struct weir_window_spec *spec,
                                                   const struct weir_aggregate *aggregate,
                                                   struct weir_operator_factory **out, struct weir_error *err);
enum weir_status weir_window_reduce_factory_new(const struct weir_window_spec *spec, const struct weir_reducer *reducer,
                                                struct weir_operator_factory **out, struct weir_error *err);

#endif
