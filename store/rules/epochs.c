/*
 * epochs.c - how a stream's key space was cut into segments over time.
 *
 * Ids grow with time: of two segments that overlap in keys, the one with the larger id came later. Every comparison of
 * a segment with a stream cut rests on that.
 */
#include "store/rules/epochs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int range_compare(const void *a, const void *b)
{
    const struct weir_segment_range *x = a, *y = b;

    return (x->min_key > y->min_key) - (x->min_key < y->min_key);
}

static int entry_compare(const void *a, const void *b)
{
    const struct weir_cut_entry *x = a, *y = b;

    return (x->segment_id > y->segment_id) - (x->segment_id < y->segment_id);
}

enum weir_status weir_epochs_init(struct weir_epochs *epochs, int32_t count, int32_t first_number, int64_t now_ms)
{
    struct weir_epoch *epoch;
    double chunk;

    memset(epochs, 0, sizeof(*epochs));
    if (count < 1 || count > WEIR_EPOCH_SEGMENTS_MAX || first_number < 0 || first_number > INT32_MAX - count)
        return WEIR_E_INVAL;
    epoch = weir_epochs_append(epochs, 0, (size_t)count, now_ms);
    if (epoch == NULL)
        return WEIR_E_NOMEM;
    chunk = 1.0 / count;
    for (int32_t i = 0; i < count; i++)
        epoch->segments[i] =
            (struct weir_segment_range){weir_segment_id(0, first_number + i), i * chunk, (i + 1) * chunk};
    return WEIR_OK;
}

void weir_epochs_fini(struct weir_epochs *epochs)
{
    for (size_t i = 0; i < epochs->count; i++)
        free(epochs->list[i].segments);
    free(epochs->list);
    memset(epochs, 0, sizeof(*epochs));
}

struct weir_epoch *weir_epochs_append(struct weir_epochs *epochs, int32_t reference, size_t segment_count,
                                      int64_t now_ms)
{
    struct weir_epoch *list = realloc(epochs->list, (epochs->count + 1) * sizeof(*list));
    struct weir_segment_range *segments;

    if (list == NULL)
        return NULL;
    epochs->list = list;
    segments = calloc(segment_count, sizeof(*segments));
    if (segments == NULL)
        return NULL;
    if (epochs->count > 0 && now_ms <= list[epochs->count - 1].created_ms) /* a clock that was set back, say */
        now_ms = list[epochs->count - 1].created_ms + (list[epochs->count - 1].created_ms < INT64_MAX);
    list[epochs->count] = (struct weir_epoch){reference, now_ms, segment_count, segments};
    return &list[epochs->count++];
}

void weir_epochs_drop_last(struct weir_epochs *epochs)
{
    free(epochs->list[--epochs->count].segments);
}

const struct weir_segment_range *weir_epoch_find(const struct weir_epoch *epoch, int64_t id)
{
    int64_t guess = id - epoch->segments[0].id; /* in epoch 0 the ids are one after the other */

    if (guess >= 0 && guess < (int64_t)epoch->segment_count && epoch->segments[guess].id == id)
        return &epoch->segments[guess];
    for (size_t i = 0; i < epoch->segment_count; i++) {
        if (epoch->segments[i].id == id)
            return &epoch->segments[i];
    }
    return NULL;
}

const struct weir_segment_range *weir_epochs_find(const struct weir_epochs *epochs, int64_t id)
{
    int32_t created = weir_segment_epoch(id);

    /* A segment is in the epoch that made it, or it never was. */
    if (created < 0 || (size_t)created >= epochs->count)
        return NULL;
    return weir_epoch_find(&epochs->list[created], id);
}

bool weir_range_overlaps(const struct weir_segment_range *a, const struct weir_segment_range *b)
{
    return a->min_key < b->max_key && b->min_key < a->max_key;
}

int32_t weir_epochs_end_of(const struct weir_epochs *epochs, int64_t id)
{
    if (weir_epochs_find(epochs, id) == NULL)
        return -1;
    for (size_t e = (size_t)weir_segment_epoch(id) + 1; e < epochs->count; e++) {
        if (weir_epoch_find(&epochs->list[e], id) == NULL)
            return (int32_t)e;
    }
    return -1;
}

/* Merges neighbours in place; returns how many ranges are left. Exact equality, as Pravega compares. */
static size_t coalesce(struct weir_segment_range *ranges, size_t count)
{
    size_t kept = 0;

    qsort(ranges, count, sizeof(*ranges), range_compare);
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && ranges[kept - 1].max_key == ranges[i].min_key)
            ranges[kept - 1].max_key = ranges[i].max_key;
        else
            ranges[kept++] = ranges[i];
    }
    return kept;
}

/* Whether two lists of ranges cover the same keys; both are scratch copies. */
static bool same_cover(struct weir_segment_range *a, size_t a_count, struct weir_segment_range *b, size_t b_count)
{
    a_count = coalesce(a, a_count);
    b_count = coalesce(b, b_count);
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++) {
        if (a[i].min_key != b[i].min_key || a[i].max_key != b[i].max_key)
            return false;
    }
    return true;
}

static enum weir_status scale_check(const struct weir_epoch *active, const int64_t *sealed, size_t sealed_count,
                                    const struct weir_segment_range *ranges, size_t range_count)
{
    struct weir_segment_range *scratch = calloc(sealed_count + range_count, sizeof(*scratch));
    enum weir_status status = WEIR_OK;

    if (scratch == NULL)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < sealed_count && status == WEIR_OK; i++) {
        scratch[i] = *weir_epoch_find(active, sealed[i]);
        for (size_t j = 0; j < i && status == WEIR_OK; j++) {
            if (sealed[j] == sealed[i])
                status = WEIR_E_INVAL;
        }
    }
    for (size_t i = 0; i < range_count; i++) {
        scratch[sealed_count + i] = ranges[i];
        if (status == WEIR_OK && (!(ranges[i].min_key < ranges[i].max_key) || signbit(ranges[i].min_key)))
            status = WEIR_E_INVAL;
    }
    if (status == WEIR_OK && !same_cover(scratch, sealed_count, scratch + sealed_count, range_count))
        status = WEIR_E_INVAL;
    free(scratch);
    return status;
}

static bool is_sealed(const int64_t *sealed, size_t sealed_count, int64_t id)
{
    for (size_t i = 0; i < sealed_count; i++) {
        if (sealed[i] == id)
            return true;
    }
    return false;
}

enum weir_status weir_epochs_scale(struct weir_epochs *epochs, const int64_t *sealed, size_t sealed_count,
                                   const struct weir_segment_range *ranges, size_t range_count, int64_t now_ms)
{
    const struct weir_epoch *active = weir_epochs_active(epochs);
    int32_t number = (int32_t)epochs->count, next = 0;
    struct weir_epoch *epoch;
    enum weir_status status;
    size_t at = 0;

    for (size_t i = 0; i < sealed_count; i++) {
        if (weir_epoch_find(active, sealed[i]) == NULL)
            return WEIR_E_STATE;
    }
    if (sealed_count == 0 || sealed_count > active->segment_count || range_count == 0)
        return WEIR_E_INVAL;
    if (range_count > WEIR_EPOCH_SEGMENTS_MAX - active->segment_count)
        return WEIR_E_STATE;
    status = scale_check(active, sealed, sealed_count, ranges, range_count);
    if (status != WEIR_OK)
        return status;
    epoch = weir_epochs_append(epochs, number, active->segment_count - sealed_count + range_count, now_ms);
    if (epoch == NULL)
        return WEIR_E_NOMEM;
    active = epoch - 1; /* the list may have moved */
    for (size_t i = 0; i < active->segment_count; i++) {
        int32_t used = weir_segment_number(active->segments[i].id);

        next = used >= next ? used + 1 : next;
        if (!is_sealed(sealed, sealed_count, active->segments[i].id))
            epoch->segments[at++] = active->segments[i];
    }
    for (size_t i = 0; i < range_count; i++, next++)
        epoch->segments[at++] =
            (struct weir_segment_range){weir_segment_id(number, next), ranges[i].min_key, ranges[i].max_key};
    qsort(epoch->segments, at, sizeof(*epoch->segments), range_compare);
    return WEIR_OK;
}

enum weir_status weir_epochs_duplicate(struct weir_epochs *epochs, int32_t number, int64_t now_ms)
{
    size_t segment_count = epochs->list[number].segment_count;
    int32_t added = (int32_t)epochs->count;
    struct weir_epoch *epoch = weir_epochs_append(epochs, epochs->list[number].reference, segment_count, now_ms);

    if (epoch == NULL)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < segment_count; i++) {
        epoch->segments[i] = epochs->list[number].segments[i];
        epoch->segments[i].id = weir_segment_id(added, weir_segment_number(epoch->segments[i].id));
    }
    return WEIR_OK;
}

int32_t weir_epochs_at(const struct weir_epochs *epochs, int64_t time_ms)
{
    size_t low = 0, high = epochs->count; /* list[low] is not later than the time, or the first; list[high] is */

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (epochs->list[middle].created_ms <= time_ms)
            low = middle;
        else
            high = middle;
    }
    return (int32_t)low;
}

size_t weir_epoch_splits(const struct weir_epoch *from, const struct weir_epoch *to)
{
    size_t split_count = 0, at = 0;

    /* Both lists go up in keys: what meets a range begins not before what met the one before it. */
    for (size_t i = 0; i < from->segment_count; i++) {
        const struct weir_segment_range *range = &from->segments[i];
        size_t last;

        while (at < to->segment_count && to->segments[at].max_key <= range->min_key)
            at++;
        for (last = at; last < to->segment_count && to->segments[last].min_key < range->max_key;)
            last++;
        split_count += last - at > 1;
        if (last > at)
            at = last - 1;
    }
    return split_count;
}

int32_t weir_epochs_next_number(const struct weir_epochs *epochs)
{
    int32_t next = 0;

    for (size_t e = 0; e < epochs->count; e++) {
        for (size_t i = 0; i < epochs->list[e].segment_count; i++) {
            int32_t number = weir_segment_number(epochs->list[e].segments[i].id);

            next = number >= next ? number + 1 : next;
        }
    }
    return next;
}

void weir_epochs_each(const struct weir_epochs *epochs,
                      void (*each)(void *arg, const struct weir_segment_range *segment), void *arg)
{
    for (size_t e = 0; e < epochs->count; e++) {
        const struct weir_epoch *epoch = &epochs->list[e];

        for (size_t i = 0; i < epoch->segment_count; i++) {
            if ((size_t)weir_segment_epoch(epoch->segments[i].id) == e)
                each(arg, &epoch->segments[i]);
        }
    }
}

void weir_cut_fini(struct weir_cut *cut)
{
    free(cut->entries);
    memset(cut, 0, sizeof(*cut));
}

void weir_cut_sort(struct weir_cut *cut)
{
    if (cut->count > 1)
        qsort(cut->entries, cut->count, sizeof(*cut->entries), entry_compare);
}

const struct weir_cut_entry *weir_cut_find(const struct weir_cut *cut, int64_t id)
{
    struct weir_cut_entry key = {.segment_id = id};

    return cut->count == 0 ? NULL : bsearch(&key, cut->entries, cut->count, sizeof(*cut->entries), entry_compare);
}

/* A part of the key space that a cut names, with what stands there. */
struct cover {
    struct weir_segment_range range;
    bool future; /* offset below 0 */
};

static int cover_compare(const void *a, const void *b)
{
    return range_compare(&((const struct cover *)a)->range, &((const struct cover *)b)->range);
}

/* A segment not begun yet may stand where nothing else does, or over older segments that have to be read before it. */
static bool future_fits(const struct cover *covers, size_t count, const struct cover *future)
{
    for (size_t i = 0; i < count; i++) {
        if (&covers[i] == future || !weir_range_overlaps(&covers[i].range, &future->range))
            continue;
        if (covers[i].future || covers[i].range.id >= future->range.id)
            return false;
    }
    return true;
}

/* Whether the ranges, in order of min_key, leave no gap between 0 and the end of the key space. */
static bool tiles(const struct cover *covers, size_t count, double end)
{
    double reached = 0.0;

    for (size_t i = 0; i < count; i++) {
        if (covers[i].range.min_key > reached)
            return false;
        if (covers[i].range.max_key > reached)
            reached = covers[i].range.max_key;
    }
    return reached >= end;
}

static bool begun_overlap(const struct cover *covers, size_t count)
{
    double reached = -1.0;

    for (size_t i = 0; i < count; i++) {
        if (covers[i].future)
            continue;
        if (covers[i].range.min_key < reached)
            return true;
        reached = covers[i].range.max_key;
    }
    return false;
}

bool weir_cut_valid(const struct weir_epochs *epochs, const struct weir_cut *cut)
{
    const struct weir_epoch *first = &epochs->list[0];
    double end = first->segments[first->segment_count - 1].max_key;
    struct cover *covers;
    bool valid = cut->count > 0;

    if (!valid || (covers = calloc(cut->count, sizeof(*covers))) == NULL)
        return false;
    for (size_t i = 0; i < cut->count && valid; i++) {
        const struct weir_segment_range *found = weir_epochs_find(epochs, cut->entries[i].segment_id);

        valid = found != NULL && (i == 0 || cut->entries[i].segment_id != cut->entries[i - 1].segment_id);
        if (valid)
            covers[i] = (struct cover){*found, cut->entries[i].offset < 0};
    }
    if (valid) {
        qsort(covers, cut->count, sizeof(*covers), cover_compare);
        valid = tiles(covers, cut->count, end) && !begun_overlap(covers, cut->count);
    }
    for (size_t i = 0; i < cut->count && valid; i++)
        valid = !covers[i].future || future_fits(covers, cut->count, &covers[i]);
    free(covers);
    return valid;
}

bool weir_cut_not_before(const struct weir_epochs *epochs, const struct weir_cut *later, const struct weir_cut *earlier)
{
    for (size_t i = 0; i < later->count; i++) {
        const struct weir_segment_range *mine = weir_epochs_find(epochs, later->entries[i].segment_id);

        for (size_t j = 0; j < earlier->count && mine != NULL; j++) {
            const struct weir_segment_range *other = weir_epochs_find(epochs, earlier->entries[j].segment_id);

            if (other == NULL || !weir_range_overlaps(mine, other))
                continue;
            if (mine->id < other->id ||
                (mine->id == other->id && later->entries[i].offset < earlier->entries[j].offset))
                return false;
        }
    }
    return true;
}

bool weir_cut_is_past(const struct weir_epochs *epochs, const struct weir_cut *cut,
                      const struct weir_segment_range *segment)
{
    bool past = false;

    for (size_t i = 0; i < cut->count; i++) {
        const struct weir_segment_range *other = weir_epochs_find(epochs, cut->entries[i].segment_id);

        if (other == NULL || !weir_range_overlaps(segment, other))
            continue;
        if (other->id <= segment->id)
            return false;
        past = true;
    }
    return past;
}

bool weir_cut_between(const struct weir_epochs *epochs, const struct weir_cut *from, const struct weir_cut *to,
                      const struct weir_segment_range *segment)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct weir_segment_range *other = weir_epochs_find(epochs, from->entries[i].segment_id);

        if (other != NULL && weir_range_overlaps(segment, other) && segment->id < other->id)
            return false;
    }
    for (size_t i = 0; i < to->count; i++) {
        const struct weir_segment_range *other = weir_epochs_find(epochs, to->entries[i].segment_id);

        if (other != NULL && weir_range_overlaps(segment, other) && segment->id > other->id)
            return false;
    }
    return true;
}
