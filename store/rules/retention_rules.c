/*
 * retention_rules.c - where a stream is to be cut off by its retention policy.
 *
 *     head ........ max ............ min ..... tail
 *       A            |       B        |    C
 *
 * `min` is the newest cut that leaves what has to be kept, `max` the oldest one that leaves no more than may be kept.
 * Without subscribers the stream is cut off at `min`. With them, at the place of the last one if it is in B; at `min`
 * if it is in C, and at `max` if it is in A. Places overlap if they lie before each other in different keys; then
 * what is kept is rather too much than too little.
 */
#include "store/rules/retention_rules.h"

#include <stdlib.h>
#include <string.h>

/* --- The set ---------------------------------------------------------------------------------------------------- */

void weir_retention_set_fini(struct weir_retention_set *set)
{
    weir_retention_set_drop_first(set, set->count);
    free(set->items);
    *set = (struct weir_retention_set){0};
}

enum weir_status weir_retention_set_add(struct weir_retention_set *set, struct weir_retention_cut *cut)
{
    if (set->count == set->cap) {
        size_t cap = set->cap == 0 ? 8 : 2 * set->cap;
        struct weir_retention_cut *items = realloc(set->items, cap * sizeof(*items));

        if (items == NULL)
            return WEIR_E_NOMEM;
        set->items = items;
        set->cap = cap;
    }
    set->items[set->count++] = *cut;
    *cut = (struct weir_retention_cut){0};
    return WEIR_OK;
}

void weir_retention_set_drop_first(struct weir_retention_set *set, size_t count)
{
    for (size_t i = 0; i < count; i++)
        weir_cut_fini(&set->items[i].cut);
    set->count -= count;
    if (count > 0 && set->count > 0)
        memmove(set->items, set->items + count, set->count * sizeof(*set->items));
}

void weir_retention_set_drop(struct weir_retention_set *set, size_t at)
{
    weir_cut_fini(&set->items[at].cut);
    set->count--;
    memmove(set->items + at, set->items + at + 1, (set->count - at) * sizeof(*set->items));
}

size_t weir_retention_set_until(const struct weir_retention_set *set, const struct weir_epochs *epochs,
                                const struct weir_cut *cut)
{
    size_t low = 0, high = set->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (weir_cut_relate(epochs, cut, &set->items[middle].cut) == WEIR_CUT_NOT_BEFORE)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* --- The answer ------------------------------------------------------------------------------------------------- */

struct limits {
    const struct weir_retention_cut *min, *max;
};

/* What would be kept if the stream were cut off there: ms or bytes. */
static int64_t kept(const struct weir_retention_question *question, const struct weir_retention_cut *cut)
{
    return question->policy->retention_type == WEIR_RETENTION_TIME ? question->now_ms - cut->time_ms
                                                                   : question->size - cut->size;
}

/* `kept` falls from the oldest cut to the newest. If none leaves little enough, the newest that leaves enough. */
static struct limits find_limits(const struct weir_retention_question *question)
{
    struct limits limits = {0};

    for (size_t i = 0; i < question->set->count; i++) {
        const struct weir_retention_cut *cut = &question->set->items[i];
        int64_t left = kept(question, cut);

        if (left < question->policy->retain_min)
            break;
        limits.min = cut;
        if (limits.max == NULL && left <= question->policy->retain_max)
            limits.max = cut;
    }
    if (limits.max == NULL)
        limits.max = limits.min;
    return limits;
}

/* The newest cut of the set that lies wholly before the subscribers' place. */
static const struct weir_cut *before_bound(const struct weir_retention_question *question)
{
    size_t count = weir_retention_set_until(question->set, question->epochs, question->bound);

    return count > 0 ? &question->set->items[count - 1].cut : NULL;
}

static const struct weir_cut *by_size(const struct weir_retention_question *question, const struct limits *limits)
{
    int64_t left = question->size - question->bound_size;

    if (left < question->policy->retain_min) {
        if (limits->min == NULL)
            return NULL;
        return weir_cut_relate(question->epochs, &limits->min->cut, question->bound) == WEIR_CUT_BEFORE
                   ? &limits->min->cut
                   : before_bound(question);
    }
    if (left < question->policy->retain_max || limits->max == NULL || kept(question, limits->max) >= left)
        return question->bound;
    return &limits->max->cut;
}

/* The subscribers' place is older than what has to be kept; it may be older than what may be kept. */
static const struct weir_cut *bound_or_max(const struct weir_retention_question *question, const struct limits *limits)
{
    const struct weir_retention_cut *too_old = NULL;

    for (size_t i = 0; i < question->set->count; i++) {
        if (kept(question, &question->set->items[i]) >= question->policy->retain_max)
            too_old = &question->set->items[i];
    }
    if (too_old == NULL)
        return question->bound;
    switch (weir_cut_relate(question->epochs, question->bound, &too_old->cut)) {
    case WEIR_CUT_NOT_BEFORE:
        return question->bound;
    case WEIR_CUT_BEFORE:
        return &limits->max->cut;
    case WEIR_CUT_OVERLAPS:
        break;
    }
    return &too_old->cut;
}

static const struct weir_cut *by_time(const struct weir_retention_question *question, const struct limits *limits)
{
    if (limits->min == NULL)
        return NULL;
    switch (weir_cut_relate(question->epochs, &limits->min->cut, question->bound)) {
    case WEIR_CUT_BEFORE:
        return &limits->min->cut;
    case WEIR_CUT_OVERLAPS:
        return before_bound(question);
    case WEIR_CUT_NOT_BEFORE:
        break;
    }
    return bound_or_max(question, limits);
}

const struct weir_cut *weir_retention_answer(const struct weir_retention_question *question)
{
    struct limits limits = find_limits(question);

    if (question->set->count == 0 && question->bound == NULL)
        return NULL;
    if (question->bound == NULL)
        return limits.min != NULL ? &limits.min->cut : NULL;
    return question->policy->retention_type == WEIR_RETENTION_SIZE ? by_size(question, &limits)
                                                                   : by_time(question, &limits);
}
