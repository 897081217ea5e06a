/**
 * @file store/rules/scale_choice.h
 * @brief Which scale an advice about a segment becomes: upstream's rules. Pure.
 */
#ifndef WEIR_STORE_SCALE_CHOICE_H
#define WEIR_STORE_SCALE_CHOICE_H

#include "store/rules/epochs.h"

/** Splits a range into `count` of the same size, in upstream's own arithmetic; only the keys of `parts` are set. */
void weir_scale_split(const struct weir_segment_range *range, int32_t count, struct weir_segment_range *parts);

/**
 * The neighbours that a cold segment is merged with: those beside it that are cold too, as far as `segments_min` leaves
 * room for it.
 * @param is_cold  asked about active segments
 * @param merged   receives 2 or 3 ids, in the order of their ranges
 * @param range    receives the keys of all of them
 * @return how many they are; 0: none may be merged
 */
size_t weir_scale_merge(const struct weir_epoch *active, int64_t id, size_t segments_min,
                        bool (*is_cold)(void *arg, int64_t id), void *arg, int64_t merged[3],
                        struct weir_segment_range *range);

#endif
