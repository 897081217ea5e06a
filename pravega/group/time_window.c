/*
 * time_window.c - compares a group's place with watermarks. The rules are upstream's, oddities included: what is
 * neither before nor behind a mark counts as not passed, what has no segment in common with it as passed.
 */
#include "pravega/group/time_window.h"

#include <string.h>

#include "pravega/stream_cut.h"

void pravega_time_track_fini(struct pravega_time_track *track)
{
    for (size_t i = 0; i < track->waiting_count; i++)
        pravega_watermark_fini(&track->waiting[i]);
    track->waiting_count = 0;
}

static const struct pravega_watermark_segment *find_segment(const struct pravega_watermark *mark, pravega_segment_id id)
{
    size_t from = 0, to = mark->segment_count;

    while (from < to) {
        size_t mid = from + (to - from) / 2;

        if (mark->segments[mid].range.id < id)
            from = mid + 1;
        else
            to = mid;
    }
    return from < mark->segment_count && mark->segments[from].range.id == id ? &mark->segments[from] : NULL;
}

static bool keys_meet(const struct pravega_segment_range *place, const struct pravega_segment_range *mark)
{
    return place->min_key < 0 || (mark->max_key > place->min_key && mark->min_key < place->max_key);
}

/* A later segment is behind an earlier one; the end is behind every offset. */
static int compare_places(const struct pravega_time_place *place, const struct pravega_watermark_segment *mark)
{
    if (place->range.id != mark->range.id)
        return place->range.id < mark->range.id ? -1 : 1;
    if (place->offset < 0 && mark->offset >= 0)
        return 1;
    if (place->offset >= 0 && mark->offset < 0)
        return -1;
    return (place->offset > mark->offset) - (place->offset < mark->offset);
}

struct sides {
    bool before, behind;
};

static void compare_with(const struct pravega_time_place *place, const struct pravega_watermark_segment *mark,
                         struct sides *sides)
{
    int order = compare_places(place, mark);

    sides->before = sides->before || order < 0;
    sides->behind = sides->behind || order > 0;
}

static void compare_place(const struct pravega_time_place *place, const struct pravega_watermark *mark,
                          struct sides *sides)
{
    const struct pravega_watermark_segment *same = find_segment(mark, place->range.id);

    if (same != NULL) {
        compare_with(place, same, sides);
        return;
    }
    for (size_t i = 0; i < mark->segment_count; i++) {
        if (keys_meet(&place->range, &mark->segments[i].range))
            compare_with(place, &mark->segments[i], sides);
    }
}

int pravega_time_compare(const struct pravega_time_place *places, size_t count, const struct pravega_watermark *mark)
{
    struct sides sides = {false, false};

    for (size_t i = 0; i < count; i++)
        compare_place(&places[i], mark, &sides);
    return !sides.before ? 1 : sides.behind ? 0 : -1;
}

static void pass(struct pravega_time_track *track, int64_t lower)
{
    track->has_passed = true;
    track->passed = lower;
}

static bool wants_mark(const struct pravega_time_track *track, const struct pravega_time_place *places, size_t count)
{
    return track->waiting_count == 0 ||
           pravega_time_compare(places, count, &track->waiting[track->waiting_count - 1]) >= 0;
}

bool pravega_time_track_advance(struct pravega_time_track *track, const struct pravega_time_place *places, size_t count)
{
    size_t passed = 0;

    while (passed < track->waiting_count && pravega_time_compare(places, count, &track->waiting[passed]) > 0) {
        pass(track, track->waiting[passed].lower);
        pravega_watermark_fini(&track->waiting[passed++]);
    }
    track->waiting_count -= passed;
    memmove(track->waiting, track->waiting + passed, track->waiting_count * sizeof(track->waiting[0]));
    return wants_mark(track, places, count);
}

/* Every second one goes; the first and the last stay, which the bounds are taken from. */
static void thin_out(struct pravega_time_track *track)
{
    size_t kept = 0;

    for (size_t i = 0; i < track->waiting_count; i++) {
        if (i % 2 == 0 || i + 1 == track->waiting_count)
            track->waiting[kept++] = track->waiting[i];
        else
            pravega_watermark_fini(&track->waiting[i]);
    }
    track->waiting_count = kept;
}

bool pravega_time_track_add(struct pravega_time_track *track, const struct pravega_time_place *places, size_t count,
                            struct pravega_watermark *mark)
{
    if (pravega_time_compare(places, count, mark) > 0) {
        pass(track, mark->lower);
        pravega_watermark_fini(mark);
    } else {
        if (track->waiting_count == PRAVEGA_TIME_MARKS_MAX)
            thin_out(track);
        track->waiting[track->waiting_count++] = *mark;
        *mark = (struct pravega_watermark){0};
    }
    return wants_mark(track, places, count);
}

struct pravega_time_window pravega_time_track_window(const struct pravega_time_track *track)
{
    struct pravega_time_window window = {.has_lower = track->has_passed, .lower = track->passed};

    if (track->waiting_count > 0) {
        window.has_upper = true;
        window.upper = track->waiting[track->waiting_count - 1].upper;
    }
    return window;
}
