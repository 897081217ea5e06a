/*
 * cut_order.c - stream cuts held against each other.
 *
 * Of two segments that overlap in keys, the one with the larger id came later (epochs.h): so places in them compare by
 * id first, and by offset in the same segment. An offset below 0 is a segment that is not begun.
 */
#include "store/rules/cut_order.h"

#include <stdlib.h>
#include <string.h>

/* --- Comparison ------------------------------------------------------------------------------------------------- */

/* -1, 0, 1; 0 as well if the two have no key in common. */
static int entry_relate(const struct weir_epochs *epochs, const struct weir_cut_entry *a,
                        const struct weir_cut_entry *b)
{
    const struct weir_segment_range *x, *y;

    if (a->segment_id == b->segment_id)
        return (a->offset > b->offset) - (a->offset < b->offset);
    x = weir_epochs_find(epochs, a->segment_id);
    y = weir_epochs_find(epochs, b->segment_id);
    if (x == NULL || y == NULL || !weir_range_overlaps(x, y))
        return 0;
    return a->segment_id > b->segment_id ? 1 : -1;
}

/* Mostly, nothing was scaled between two cuts; then there is no need to ask which segments overlap. */
static bool same_segments(const struct weir_cut *a, const struct weir_cut *b)
{
    for (size_t i = 0; i < a->count && a->count == b->count; i++) {
        if (a->entries[i].segment_id != b->entries[i].segment_id)
            return false;
    }
    return a->count == b->count;
}

static enum weir_cut_relation relation_of(bool before, bool after)
{
    if (!before)
        return WEIR_CUT_NOT_BEFORE;
    return after ? WEIR_CUT_OVERLAPS : WEIR_CUT_BEFORE;
}

static enum weir_cut_relation relate_offsets(const struct weir_cut *a, const struct weir_cut *b)
{
    bool before = false, after = false;

    for (size_t i = 0; i < a->count; i++) {
        before = before || a->entries[i].offset < b->entries[i].offset;
        after = after || a->entries[i].offset > b->entries[i].offset;
    }
    return relation_of(before, after);
}

enum weir_cut_relation weir_cut_relate(const struct weir_epochs *epochs, const struct weir_cut *a,
                                       const struct weir_cut *b)
{
    bool before = false, after = false;

    if (same_segments(a, b))
        return relate_offsets(a, b);
    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < b->count; j++) {
            int relation = entry_relate(epochs, &a->entries[i], &b->entries[j]);

            before = before || relation < 0;
            after = after || relation > 0;
        }
    }
    return relation_of(before, after);
}

bool weir_cut_equal(const struct weir_cut *a, const struct weir_cut *b)
{
    if (!same_segments(a, b))
        return false;
    for (size_t i = 0; i < a->count; i++) {
        if (a->entries[i].offset != b->entries[i].offset)
            return false;
    }
    return true;
}

enum weir_status weir_cut_copy(struct weir_cut *out, const struct weir_cut *cut)
{
    *out = (struct weir_cut){0};
    if (cut->count == 0)
        return WEIR_OK;
    out->entries = malloc(cut->count * sizeof(*out->entries));
    if (out->entries == NULL)
        return WEIR_E_NOMEM;
    memcpy(out->entries, cut->entries, cut->count * sizeof(*out->entries));
    out->count = cut->count;
    return WEIR_OK;
}

/* --- The lower bound -------------------------------------------------------------------------------------------- */

/* The bound while it is made, in no order. */
struct bound {
    struct place {
        const struct weir_segment_range *range;
        int64_t offset;
    } *places;
    size_t count, cap;
};

static bool add(struct bound *bound, const struct weir_segment_range *range, int64_t offset)
{
    if (bound->count == bound->cap) {
        size_t cap = bound->cap == 0 ? 16 : 2 * bound->cap;
        struct place *places = realloc(bound->places, cap * sizeof(*places));

        if (places == NULL)
            return false;
        bound->places = places;
        bound->cap = cap;
    }
    bound->places[bound->count++] = (struct place){range, offset};
    return true;
}

/* Whether the older segments in the bound cover the range, so that all of it is passed before it is reached. */
static bool covered_by_older(const struct bound *bound, const struct weir_segment_range *range)
{
    double reached = range->min_key;
    bool further = true;

    while (further && reached < range->max_key) {
        further = false;
        for (size_t i = 0; i < bound->count; i++) {
            const struct weir_segment_range *other = bound->places[i].range;

            if (other->id < range->id && other->min_key <= reached && other->max_key > reached) {
                reached = other->max_key;
                further = true;
            }
        }
    }
    return reached >= range->max_key;
}

/* Younger segments that `range` now stands before: those that are begun go, and those not begun if all that is before
 * them is in the bound. */
static void drop_younger(struct bound *bound, const struct weir_segment_range *range)
{
    size_t kept = 0;

    for (size_t i = 0; i < bound->count; i++) {
        struct place place = bound->places[i];
        bool younger = place.range->id > range->id && weir_range_overlaps(place.range, range);

        if (!younger || (place.offset < 0 && !covered_by_older(bound, place.range)))
            bound->places[kept++] = place;
        else /* what is dropped covers nothing any more; `range`, which does, takes its place for the search */
            bound->places[i].range = range;
    }
    bound->count = kept;
}

static struct place *find(const struct bound *bound, int64_t id)
{
    for (size_t i = 0; i < bound->count; i++) {
        if (bound->places[i].range->id == id)
            return &bound->places[i];
    }
    return NULL;
}

static bool has_older(const struct bound *bound, const struct weir_segment_range *range)
{
    for (size_t i = 0; i < bound->count; i++) {
        if (bound->places[i].range->id < range->id && weir_range_overlaps(bound->places[i].range, range))
            return true;
    }
    return false;
}

/* Takes one entry of a cut into the bound. False if out of memory. */
static bool lower_to(struct bound *bound, const struct weir_segment_range *range, int64_t offset)
{
    struct place *same = find(bound, range->id);

    if (same != NULL) {
        same->offset = offset < same->offset ? offset : same->offset;
        return true;
    }
    if (offset < 0)
        return covered_by_older(bound, range) || add(bound, range, offset);
    if (has_older(bound, range))
        return true;
    if (!add(bound, range, offset))
        return false;
    drop_younger(bound, range);
    return true;
}

static enum weir_status bound_take(struct bound *bound, struct weir_cut *out)
{
    if (bound->count == 0)
        return WEIR_OK;
    out->entries = calloc(bound->count, sizeof(*out->entries));
    if (out->entries == NULL)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < bound->count; i++)
        out->entries[out->count++] = (struct weir_cut_entry){bound->places[i].range->id, bound->places[i].offset};
    weir_cut_sort(out);
    return WEIR_OK;
}

static bool all_same_segments(const struct weir_cut *const *cuts, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (!same_segments(cuts[0], cuts[i]))
            return false;
    }
    return count > 0;
}

static enum weir_status least_offsets(const struct weir_cut *const *cuts, size_t count, struct weir_cut *out)
{
    enum weir_status status = weir_cut_copy(out, cuts[0]);

    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < out->count; j++) {
            if (cuts[i]->entries[j].offset < out->entries[j].offset)
                out->entries[j].offset = cuts[i]->entries[j].offset;
        }
    }
    return status;
}

enum weir_status weir_cut_lower_bound(const struct weir_epochs *epochs, const struct weir_cut *const *cuts,
                                      size_t count, struct weir_cut *out)
{
    struct bound bound = {0};
    enum weir_status status = WEIR_OK;

    *out = (struct weir_cut){0};
    if (all_same_segments(cuts, count))
        return least_offsets(cuts, count, out);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < cuts[i]->count && status == WEIR_OK; j++) {
            const struct weir_cut_entry *entry = &cuts[i]->entries[j];
            const struct weir_segment_range *range = weir_epochs_find(epochs, entry->segment_id);

            if (range != NULL && !lower_to(&bound, range, entry->offset))
                status = WEIR_E_NOMEM;
        }
    }
    if (status == WEIR_OK)
        status = bound_take(&bound, out);
    free(bound.places);
    return status;
}

/* --- What lies between ------------------------------------------------------------------------------------------ */

struct between {
    const struct weir_epochs *epochs;
    const struct weir_cut *from, *to;
    int64_t (*length_of)(void *arg, int64_t id);
    void *arg;
    int64_t bytes;
};

static int64_t at_least_0(int64_t offset)
{
    return offset > 0 ? offset : 0;
}

/* Whether a segment does not lie before the cut. One that is not begun stands behind the older ones in the cut, so
 * those decide, if there are any. */
static bool reaches(const struct weir_epochs *epochs, const struct weir_cut *cut,
                    const struct weir_segment_range *segment)
{
    bool has_older = false, has_younger = false;

    for (size_t i = 0; i < cut->count; i++) {
        const struct weir_segment_range *other = weir_epochs_find(epochs, cut->entries[i].segment_id);

        if (other == NULL || !weir_range_overlaps(segment, other))
            continue;
        if (other->id > segment->id && cut->entries[i].offset >= 0)
            return false;
        has_older = has_older || other->id <= segment->id;
        has_younger = has_younger || other->id > segment->id;
    }
    return has_older || !has_younger;
}

static void add_between(void *arg, const struct weir_segment_range *segment)
{
    static const struct weir_cut anywhere = {0};
    struct between *between = arg;
    const struct weir_cut_entry *from = weir_cut_find(between->from, segment->id);
    const struct weir_cut_entry *to = weir_cut_find(between->to, segment->id);
    int64_t begin, end;

    if (!reaches(between->epochs, between->from, segment) ||
        !weir_cut_between(between->epochs, &anywhere, between->to, segment))
        return;
    begin = from != NULL ? at_least_0(from->offset) : 0;
    end = to != NULL ? at_least_0(to->offset) : between->length_of(between->arg, segment->id);
    between->bytes += at_least_0(end - begin);
}

int64_t weir_cut_bytes_between(const struct weir_epochs *epochs, const struct weir_cut *from, const struct weir_cut *to,
                               int64_t (*length_of)(void *arg, int64_t id), void *arg)
{
    struct between between = {epochs, from, to, length_of, arg, 0};

    if (same_segments(from, to)) {
        for (size_t i = 0; i < from->count; i++)
            between.bytes += at_least_0(at_least_0(to->entries[i].offset) - at_least_0(from->entries[i].offset));
        return between.bytes;
    }
    weir_epochs_each(epochs, add_between, &between);
    return between.bytes;
}
