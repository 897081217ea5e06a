/**
 * @file store/rules/cut_order.h
 * @brief Stream cuts held against each other: which comes first, what several have in common, what lies between two.
 * Upstream's rules. Pure; every cut is sorted by segment id, and what it names is in `epochs`.
 */
#ifndef WEIR_STORE_CUT_ORDER_H
#define WEIR_STORE_CUT_ORDER_H

#include "store/rules/epochs.h"

enum weir_cut_relation {
    WEIR_CUT_BEFORE,     /**< some part lies before the other cut, none after */
    WEIR_CUT_OVERLAPS,   /**< some part lies before it and some after */
    WEIR_CUT_NOT_BEFORE, /**< no part lies before it */
};

/** Where `a` lies, seen from `b`. */
enum weir_cut_relation weir_cut_relate(const struct weir_epochs *epochs, const struct weir_cut *a,
                                       const struct weir_cut *b);
bool weir_cut_equal(const struct weir_cut *a, const struct weir_cut *b);
/** @retval WEIR_E_NOMEM `out` is empty */
enum weir_status weir_cut_copy(struct weir_cut *out, const struct weir_cut *cut);

/**
 * The latest place that lies after none of `cuts`: what all who published one have done with.
 * @param out  receives the cut, to be freed; empty if there are no cuts
 * @retval WEIR_E_NOMEM
 */
enum weir_status weir_cut_lower_bound(const struct weir_epochs *epochs, const struct weir_cut *const *cuts,
                                      size_t count, struct weir_cut *out);

/** Bytes between two cuts. @param length_of  how long a segment is in all; 0 if it is gone */
int64_t weir_cut_bytes_between(const struct weir_epochs *epochs, const struct weir_cut *from, const struct weir_cut *to,
                               int64_t (*length_of)(void *arg, int64_t id), void *arg);

#endif
