/**
 * @file runtime/operators.h
 * @brief The stateless operators' factories. Each takes over nothing but what it says; NULL means that memory is out.
 */
#ifndef WEIR_RUNTIME_OPERATORS_H
#define WEIR_RUNTIME_OPERATORS_H

#include "weir/stream.h"

struct weir_operator_factory *weir_map_factory(const struct weir_type *out_type, weir_map_fn *fn, void *arg);
struct weir_operator_factory *weir_flat_map_factory(weir_flat_map_fn *fn, void *arg);
struct weir_operator_factory *weir_filter_factory(weir_filter_fn *fn, void *arg);
/** The strategy is copied. */
struct weir_operator_factory *weir_watermark_factory(const struct weir_watermark_strategy *strategy);

#endif
