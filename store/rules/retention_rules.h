/**
 * @file store/rules/retention_rules.h
 * @brief Where a stream is to be cut off by its retention policy: upstream's rules. Pure.
 *
 * The *retention set* holds cuts that were taken at the stream's tail now and then. A stream is cut off at one of them,
 * or where the last of its subscribers stands. Two limits count: what is to be kept at least (`retain_min`), and at
 * most (`retain_max`; beyond it even what subscribers have not released goes).
 */
#ifndef WEIR_STORE_RETENTION_RULES_H
#define WEIR_STORE_RETENTION_RULES_H

#include "store/rules/cut_order.h"
#include "store/rules/stream_policy.h"

/** More cuts than this are thinned out. */
#define WEIR_RETENTION_CUTS_MAX 1024

struct weir_retention_cut {
    int64_t time_ms; /**< wall clock */
    int64_t size;    /**< bytes that came before it, counted from the set's first cut on */
    struct weir_cut cut;
};

struct weir_retention_set {
    struct weir_retention_cut *items; /**< the oldest first */
    size_t count, cap;
};

void weir_retention_set_fini(struct weir_retention_set *set);
/** Moves `cut` to the end. @retval WEIR_E_NOMEM the cut stays the caller's */
enum weir_status weir_retention_set_add(struct weir_retention_set *set, struct weir_retention_cut *cut);
/** Forgets the items [0, count). */
void weir_retention_set_drop_first(struct weir_retention_set *set, size_t count);
/** Forgets items[at]. */
void weir_retention_set_drop(struct weir_retention_set *set, size_t at);
/** How many of the first cuts do not lie after `cut`. */
size_t weir_retention_set_until(const struct weir_retention_set *set, const struct weir_epochs *epochs,
                                const struct weir_cut *cut);

/** What is asked. */
struct weir_retention_question {
    const struct weir_epochs *epochs;
    const struct weir_stream_policy *policy; /**< TIME or SIZE */
    const struct weir_retention_set *set;
    int64_t now_ms;                          /**< TIME */
    int64_t size;                            /**< SIZE: as the set counts, up to the tail */
    const struct weir_cut *bound;            /**< where the last subscriber stands; NULL: there is none */
    int64_t bound_size;                      /**< SIZE: as the set counts, up to there */
};

/** @return the cut to truncate at, one of the question's; NULL: nowhere */
const struct weir_cut *weir_retention_answer(const struct weir_retention_question *question);

#endif
