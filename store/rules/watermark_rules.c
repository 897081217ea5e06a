/*
 * watermark_rules.c - from the times that writers noted to a watermark.
 *
 * The upper bound of positions is kept as a list of places in which no two segments overlap: a later segment drives out
 * the earlier ones that it follows. It may have gaps; they are filled with the segments of the newest epoch in it,
 * which may drive out others and so make new gaps, until there are none.
 */
#include "store/rules/watermark_rules.h"

#include <stdlib.h>

struct place {
    const struct weir_segment_range *range;
    int64_t offset;
};

struct upper {
    const struct weir_epochs *epochs;
    struct place *places;
    size_t count, cap;
    bool out_of_memory;
};

void weir_watermark_fini(struct weir_watermark *mark)
{
    weir_cut_fini(&mark->cut);
    *mark = (struct weir_watermark){0};
}

static void push(struct upper *upper, const struct weir_segment_range *range, int64_t offset)
{
    if (upper->count == upper->cap) {
        size_t cap = upper->cap == 0 ? 16 : 2 * upper->cap;
        struct place *places = realloc(upper->places, cap * sizeof(*places));

        if (places == NULL) {
            upper->out_of_memory = true;
            return;
        }
        upper->places = places;
        upper->cap = cap;
    }
    upper->places[upper->count++] = (struct place){range, offset};
}

static bool raise_at(struct upper *upper, size_t at, int64_t id, int64_t offset)
{
    if (at >= upper->count || upper->places[at].range->id != id)
        return false;
    if (offset > upper->places[at].offset)
        upper->places[at].offset = offset;
    return true;
}

/* Raises the bound so that it is not before this place. */
static void raise_to(struct upper *upper, const struct weir_segment_range *range, int64_t offset)
{
    size_t kept = 0;

    for (size_t i = 0; i < upper->count; i++) {
        if (raise_at(upper, i, range->id, offset))
            return;
        if (upper->places[i].range->id > range->id && weir_range_overlaps(upper->places[i].range, range))
            return; /* a successor is in it */
    }
    for (size_t i = 0; i < upper->count; i++) {
        if (!weir_range_overlaps(upper->places[i].range, range))
            upper->places[kept++] = upper->places[i];
    }
    upper->count = kept;
    push(upper, range, offset);
}

/* A writer that has not written to a segment yet says -1, which readers would take for the segment's end. */
static void raise_to_cut(struct upper *upper, const struct weir_cut *cut)
{
    for (size_t i = 0; i < cut->count; i++) {
        int64_t id = cut->entries[i].segment_id, offset = cut->entries[i].offset > 0 ? cut->entries[i].offset : 0;
        const struct weir_segment_range *range = weir_epochs_find(upper->epochs, id);

        /* Writers are mostly in the same segments: then each is where it was in the one before. */
        if (range != NULL && !raise_at(upper, i, id, offset))
            raise_to(upper, range, offset);
    }
}

static int by_key(const void *a, const void *b)
{
    const struct place *x = a, *y = b;

    return (x->range->min_key > y->range->min_key) - (x->range->min_key < y->range->min_key);
}

/* The gaps in the bound, as ranges without ids; their number, or -1 if out of memory. */
static int64_t find_gaps(struct upper *upper, struct weir_segment_range **out)
{
    const struct weir_epoch *first = &upper->epochs->list[0];
    double end = first->segments[first->segment_count - 1].max_key, reached = 0;
    struct weir_segment_range *gaps = calloc(upper->count + 1, sizeof(*gaps));
    int64_t count = 0;

    *out = gaps;
    if (gaps == NULL)
        return -1;
    if (upper->count > 0)
        qsort(upper->places, upper->count, sizeof(*upper->places), by_key);
    for (size_t i = 0; i < upper->count; i++) {
        if (upper->places[i].range->min_key > reached)
            gaps[count++] = (struct weir_segment_range){0, reached, upper->places[i].range->min_key};
        reached = upper->places[i].range->max_key;
    }
    if (reached < end)
        gaps[count++] = (struct weir_segment_range){0, reached, end};
    return count;
}

static const struct weir_epoch *newest_epoch(const struct upper *upper)
{
    int32_t newest = 0;

    for (size_t i = 0; i < upper->count; i++) {
        int32_t epoch = weir_segment_epoch(upper->places[i].range->id);

        newest = epoch > newest ? epoch : newest;
    }
    return &upper->epochs->list[newest];
}

static void fill(struct upper *upper, const struct weir_segment_range *gaps, int64_t count)
{
    const struct weir_epoch *epoch = newest_epoch(upper);

    for (int64_t g = 0; g < count; g++) {
        for (size_t i = 0; i < epoch->segment_count; i++) {
            if (weir_range_overlaps(&epoch->segments[i], &gaps[g]))
                raise_to(upper, &epoch->segments[i], 0);
        }
    }
}

/* Makes a whole cut of the bound, not before the last watermark's. Gaps are those that the writers leave: what was in
 * the last watermark may have gone on into newer segments since. */
static void complete(struct upper *upper, const struct weir_cut *last)
{
    struct weir_segment_range *gaps;
    int64_t count = find_gaps(upper, &gaps);

    raise_to_cut(upper, last);
    while (count > 0 && !upper->out_of_memory) {
        fill(upper, gaps, count);
        free(gaps);
        count = find_gaps(upper, &gaps);
    }
    upper->out_of_memory = upper->out_of_memory || count < 0;
    free(gaps);
}

static enum weir_status cut_of(const struct upper *upper, struct weir_cut *out)
{
    out->entries = calloc(upper->count, sizeof(*out->entries));
    if (out->entries == NULL)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < upper->count; i++)
        out->entries[out->count++] = (struct weir_cut_entry){upper->places[i].range->id, upper->places[i].offset};
    weir_cut_sort(out);
    return WEIR_OK;
}

enum weir_status weir_watermark_make(const struct weir_epochs *epochs, const struct weir_noted *noted, size_t count,
                                     const struct weir_watermark *last, struct weir_watermark *out)
{
    struct upper upper = {.epochs = epochs};
    enum weir_status status = WEIR_E_AGAIN;

    *out = (struct weir_watermark){.lower = INT64_MAX, .upper = INT64_MIN};
    for (size_t i = 0; i < count; i++) {
        out->lower = noted[i].timestamp < out->lower ? noted[i].timestamp : out->lower;
        out->upper = noted[i].timestamp > out->upper ? noted[i].timestamp : out->upper;
        raise_to_cut(&upper, noted[i].position);
    }
    if (upper.count > 0 && weir_watermark_takes(last, out->lower)) {
        complete(&upper, &last->cut);
        status = upper.out_of_memory ? WEIR_E_NOMEM : cut_of(&upper, &out->cut);
    }
    free(upper.places);
    if (status != WEIR_OK)
        *out = (struct weir_watermark){0};
    return status;
}
