/**
 * @file runtime/reducer.h
 * @brief Folding elements of one type into one, as weir_reduce and weir_sum do.
 */
#ifndef WEIR_RUNTIME_REDUCER_H
#define WEIR_RUNTIME_REDUCER_H

#include "weir/stream.h"

/** How two elements of `type` become one. Either `fn`, or the sum of a field. */
struct weir_reducer {
    const struct weir_type *type;
    weir_reduce_fn *fn;
    void *arg;
    const struct weir_field *sum_field;
};

/** @retval WEIR_E_INVAL no such field, or not an INT, LONG or DOUBLE: the message lists the fields */
enum weir_status weir_reducer_sum(const struct weir_type *type, const char *field, struct weir_reducer *out,
                                  struct weir_error *err);
/** Folds `element` into acc; the first one is copied into it. @retval WEIR_E_NOMEM */
enum weir_status weir_reducer_fold(const struct weir_reducer *reducer, void *acc, bool first, const void *element);

#endif
