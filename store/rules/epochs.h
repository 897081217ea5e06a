/**
 * @file store/rules/epochs.h
 * @brief How a stream's key space was cut into segments over time: pure arithmetic on epochs, ranges and stream cuts.
 *
 * An epoch is a list of segments whose ranges tile [0, 1]. Epoch 0 is what createStream made; a scale appends one
 * epoch, a transaction that commits into an older layout appends two. Epochs are never changed or removed, so the
 * history answers every question about predecessors and successors, and when the layout was which.
 */
#ifndef WEIR_STORE_EPOCHS_H
#define WEIR_STORE_EPOCHS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/error.h"

/** One stream may never have more segments than this in one epoch. */
#define WEIR_EPOCH_SEGMENTS_MAX 10000

/** (min, max] of the key space; the first segment also owns 0.0. */
struct weir_segment_range {
    int64_t id; /**< epoch it was created in << 32 | number */
    double min_key, max_key;
};

struct weir_epoch {
    int32_t reference;  /**< the epoch of which this one is a copy (rolled back to); itself if it is none */
    int64_t created_ms; /**< wall clock; later than the epoch's before it, whatever the clock says */
    size_t segment_count;
    struct weir_segment_range *segments; /**< by min_key */
};

struct weir_epochs {
    struct weir_epoch *list; /**< [0, count) are the epoch numbers; the last is the active one */
    size_t count;
};

/** A position in a stream: one entry for each segment in it, by id. */
struct weir_cut_entry {
    int64_t segment_id;
    int64_t offset;
};
struct weir_cut {
    struct weir_cut_entry *entries;
    size_t count;
};

static inline int64_t weir_segment_id(int32_t epoch, int32_t number)
{
    return ((int64_t)epoch << 32) | (uint32_t)number;
}
static inline int32_t weir_segment_epoch(int64_t id)
{
    return (int32_t)(id >> 32);
}
static inline int32_t weir_segment_number(int64_t id)
{
    return (int32_t)(id & INT32_MAX);
}

/**
 * Makes epoch 0 of `count` equal segments, in Pravega's own arithmetic, numbered from `first_number`.
 * @param now_ms when that is, by the wall clock; here and below
 * @retval WEIR_E_INVAL, WEIR_E_NOMEM
 */
enum weir_status weir_epochs_init(struct weir_epochs *epochs, int32_t count, int32_t first_number, int64_t now_ms);
void weir_epochs_fini(struct weir_epochs *epochs);
/** Appends an empty epoch of `segment_count` segments for the caller to fill. @return NULL if out of memory */
struct weir_epoch *weir_epochs_append(struct weir_epochs *epochs, int32_t reference, size_t segment_count,
                                      int64_t now_ms);
/** Takes the last epoch back: the way out of a change that could not be stored. */
void weir_epochs_drop_last(struct weir_epochs *epochs);

static inline const struct weir_epoch *weir_epochs_active(const struct weir_epochs *epochs)
{
    return &epochs->list[epochs->count - 1];
}
static inline int32_t weir_epochs_active_number(const struct weir_epochs *epochs)
{
    return (int32_t)epochs->count - 1;
}
/** NULL if the epoch does not hold it. */
const struct weir_segment_range *weir_epoch_find(const struct weir_epoch *epoch, int64_t id);
/** Looks in every epoch. */
const struct weir_segment_range *weir_epochs_find(const struct weir_epochs *epochs, int64_t id);
bool weir_range_overlaps(const struct weir_segment_range *a, const struct weir_segment_range *b);
/** The epoch in which a segment no longer was, or -1 while it is active or if it never was. */
int32_t weir_epochs_end_of(const struct weir_epochs *epochs, int64_t id);

/**
 * Appends the epoch of a scale: `sealed` of the active one are replaced by `ranges` (only their keys are read).
 * @retval WEIR_E_STATE  a sealed segment is not active (Pravega's PRECONDITION_FAILED)
 * @retval WEIR_E_INVAL  the ranges do not cover exactly what is sealed (FAILURE)
 */
enum weir_status weir_epochs_scale(struct weir_epochs *epochs, const int64_t *sealed, size_t sealed_count,
                                   const struct weir_segment_range *ranges, size_t range_count, int64_t now_ms);
/** Appends a copy of epoch `number` under new ids, with the same reference epoch. */
enum weir_status weir_epochs_duplicate(struct weir_epochs *epochs, int32_t number, int64_t now_ms);
/** The epoch that was the active one at a time; 0 before there was any. */
int32_t weir_epochs_at(const struct weir_epochs *epochs, int64_t time_ms);
/** How many ranges of `from` meet more than one of `to`: splits on the way from one to the other. */
size_t weir_epoch_splits(const struct weir_epoch *from, const struct weir_epoch *to);

/** One more than the largest number that any segment has had. */
int32_t weir_epochs_next_number(const struct weir_epochs *epochs);
/** Calls `each` once for every segment that ever was, oldest epoch first. */
void weir_epochs_each(const struct weir_epochs *epochs,
                      void (*each)(void *arg, const struct weir_segment_range *segment), void *arg);

void weir_cut_fini(struct weir_cut *cut);
/** Sorts the entries by segment id: every cut below must have been. */
void weir_cut_sort(struct weir_cut *cut);
/** NULL if the cut does not name it. */
const struct weir_cut_entry *weir_cut_find(const struct weir_cut *cut, int64_t id);
/** Whether the cut names known segments that tile the key space; offsets below 0 are segments not begun yet. */
bool weir_cut_valid(const struct weir_epochs *epochs, const struct weir_cut *cut);
/** Whether no part of `later` lies before `earlier`; both valid. */
bool weir_cut_not_before(const struct weir_epochs *epochs, const struct weir_cut *later,
                         const struct weir_cut *earlier);
/** Whether the whole segment lies before the cut. */
bool weir_cut_is_past(const struct weir_epochs *epochs, const struct weir_cut *cut,
                      const struct weir_segment_range *segment);
/** Whether a segment lies between two cuts, both inclusive. */
bool weir_cut_between(const struct weir_epochs *epochs, const struct weir_cut *from, const struct weir_cut *to,
                      const struct weir_segment_range *segment);

#endif
