/*
 * scale_choice.c - which scale an advice about a segment becomes.
 */
#include "store/rules/scale_choice.h"

void weir_scale_split(const struct weir_segment_range *range, int32_t count, struct weir_segment_range *parts)
{
    double width = (range->max_key - range->min_key) / count;

    for (int32_t i = 0; i < count; i++)
        parts[i] = (struct weir_segment_range){0, range->min_key + width * i, range->min_key + width * (i + 1)};
    parts[count - 1].max_key = range->max_key; /* the sum of the widths may miss it */
}

size_t weir_scale_merge(const struct weir_epoch *active, int64_t id, size_t segments_min,
                        bool (*is_cold)(void *arg, int64_t id), void *arg, int64_t merged[3],
                        struct weir_segment_range *range)
{
    size_t room = active->segment_count > segments_min ? active->segment_count - segments_min : 0, at = 0, count = 0;
    size_t first, last;

    while (at < active->segment_count && active->segments[at].id != id)
        at++;
    if (at == active->segment_count || room == 0 || !is_cold(arg, id))
        return 0;
    first = at > 0 && is_cold(arg, active->segments[at - 1].id) ? at - 1 : at;
    last = at + 1 < active->segment_count && is_cold(arg, active->segments[at + 1].id) ? at + 1 : at;
    if (last - first > room)
        last = first + room;
    if (last == first)
        return 0;
    for (size_t i = first; i <= last; i++)
        merged[count++] = active->segments[i].id;
    *range = (struct weir_segment_range){0, active->segments[first].min_key, active->segments[last].max_key};
    return count;
}
