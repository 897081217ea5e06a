/*
 * segment_map.c - maps of segments with interned stream names.
 *
 * A sorted map is an array that is searched by halving. One that keeps the order of insertion is searched from the
 * front: what is looked for there, the unassigned segments, is mostly taken from the front too.
 */
#include "pravega/group/segment_map.h"

#include <stdlib.h>
#include <string.h>

/* ---- names */

static int compare_view(struct weir_view a, const char *b)
{
    size_t b_len = strlen(b), both = a.len < b_len ? a.len : b_len;
    int order = both > 0 ? memcmp(a.ptr, b, both) : 0;

    return order != 0 ? order : a.len < b_len ? -1 : a.len > b_len;
}

/* The index of the name, or of the one that it belongs before. */
static size_t name_index(const struct pravega_stream_names *names, struct weir_view scope, struct weir_view stream,
                         bool *found)
{
    size_t from = 0, to = names->count;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = compare_view(scope, names->names[middle].scope);

        if (order == 0)
            order = compare_view(stream, names->names[middle].stream);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    *found = false;
    return from;
}

/* Scope and stream in one piece of memory, which is the scope's. */
static bool copy_name(struct weir_view scope, struct weir_view stream, struct pravega_stream_name *name)
{
    char *text = malloc(scope.len + stream.len + 2);

    if (text == NULL)
        return false;
    memcpy(text, scope.ptr, scope.len);
    text[scope.len] = '\0';
    memcpy(text + scope.len + 1, stream.ptr, stream.len);
    text[scope.len + 1 + stream.len] = '\0';
    *name = (struct pravega_stream_name){text, text + scope.len + 1};
    return true;
}

const struct pravega_stream_name *pravega_stream_names_add(struct pravega_stream_names *names, struct weir_view scope,
                                                           struct weir_view stream)
{
    bool found;
    size_t at = name_index(names, scope, stream, &found);
    struct pravega_stream_name name;

    if (found)
        return &names->names[at];
    if (names->count == PRAVEGA_STREAM_NAMES_MAX)
        return NULL;
    if (names->count == names->cap) {
        size_t cap = names->cap == 0 ? 4 : 2 * names->cap;
        struct pravega_stream_name *grown = realloc(names->names, cap * sizeof(*grown));

        if (grown == NULL)
            return NULL;
        names->names = grown;
        names->cap = cap;
    }
    if (!copy_name(scope, stream, &name))
        return NULL;
    memmove(&names->names[at + 1], &names->names[at], (names->count - at) * sizeof(*names->names));
    names->names[at] = name;
    names->count++;
    return &names->names[at];
}

const struct pravega_stream_name *pravega_stream_names_find(const struct pravega_stream_names *names,
                                                            const struct pravega_stream_name *stream)
{
    bool found;
    size_t at = name_index(names, weir_view_str(stream->scope), weir_view_str(stream->stream), &found);

    return found ? &names->names[at] : NULL;
}

void pravega_stream_names_fini(struct pravega_stream_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free((void *)(uintptr_t)names->names[i].scope);
    free(names->names);
    *names = (struct pravega_stream_names){0};
}

enum weir_status pravega_segment_entry(struct pravega_stream_names *names, struct weir_view scope,
                                       struct weir_view stream, pravega_segment_id id,
                                       struct pravega_position_entry *entry)
{
    const struct pravega_stream_name *name = pravega_stream_names_add(names, scope, stream);

    *entry = (struct pravega_position_entry){.segment = id, .min_key = -1, .max_key = -1};
    if (name == NULL)
        return WEIR_E_NOMEM;
    entry->scope = (char *)(uintptr_t)name->scope;
    entry->stream = (char *)(uintptr_t)name->stream;
    return WEIR_OK;
}

/* ---- maps */

/* Names that are the same pointer are the same name; others are compared, for segments of another pool. */
static int compare_names(const struct pravega_position_entry *a, const struct pravega_position_entry *b)
{
    int order = 0;

    if (a->scope != b->scope)
        order = strcmp(a->scope, b->scope);
    if (order == 0 && a->stream != b->stream)
        order = strcmp(a->stream, b->stream);
    return order;
}

static int compare_segments(const struct pravega_position_entry *a, const struct pravega_position_entry *b)
{
    int order = compare_names(a, b);

    return order != 0 ? order : a->segment < b->segment ? -1 : a->segment > b->segment;
}

/* The index of the segment, or where it would be put. */
static size_t entry_index(const struct pravega_segment_map *map, const struct pravega_position_entry *segment,
                          bool *found)
{
    size_t from = 0, to = map->count;

    while (map->keeps_order && from < to) {
        *found = map->entries[from].segment == segment->segment && compare_names(&map->entries[from], segment) == 0;
        if (*found)
            return from;
        from++;
    }
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = compare_segments(segment, &map->entries[middle]);

        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    *found = false;
    return from;
}

void pravega_segment_map_fini(struct pravega_segment_map *map)
{
    free(map->entries);
    *map = (struct pravega_segment_map){.keeps_order = map->keeps_order};
}

void pravega_segment_map_clear(struct pravega_segment_map *map)
{
    map->count = 0;
}

struct pravega_position_entry *pravega_segment_map_find(const struct pravega_segment_map *map,
                                                        const struct pravega_position_entry *segment)
{
    bool found;
    size_t at = entry_index(map, segment, &found);

    return found ? &map->entries[at] : NULL;
}

enum weir_status pravega_segment_map_reserve(struct pravega_segment_map *map, size_t count)
{
    size_t cap = map->cap == 0 ? 8 : map->cap;
    struct pravega_position_entry *grown;

    if (map->cap - map->count >= count)
        return WEIR_OK;
    while (cap - map->count < count)
        cap *= 2;
    grown = realloc(map->entries, cap * sizeof(*grown));
    if (grown == NULL)
        return WEIR_E_NOMEM;
    map->entries = grown;
    map->cap = cap;
    return WEIR_OK;
}

enum weir_status pravega_segment_map_put(struct pravega_segment_map *map, const struct pravega_position_entry *entry)
{
    bool found;
    size_t at = entry_index(map, entry, &found);

    if (found) {
        map->entries[at].offset = entry->offset;
        return WEIR_OK;
    }
    if (pravega_segment_map_reserve(map, 1) != WEIR_OK)
        return WEIR_E_NOMEM;
    memmove(&map->entries[at + 1], &map->entries[at], (map->count - at) * sizeof(*map->entries));
    map->entries[at] = *entry;
    map->count++;
    return WEIR_OK;
}

bool pravega_segment_map_remove(struct pravega_segment_map *map, const struct pravega_position_entry *segment)
{
    bool found;
    size_t at = entry_index(map, segment, &found);

    if (!found)
        return false;
    map->count--;
    memmove(&map->entries[at], &map->entries[at + 1], (map->count - at) * sizeof(*map->entries));
    return true;
}

enum weir_status pravega_segment_map_copy(struct pravega_segment_map *map, const struct pravega_segment_map *from)
{
    *map = (struct pravega_segment_map){.keeps_order = from->keeps_order};
    if (from->count == 0)
        return WEIR_OK;
    if (pravega_segment_map_reserve(map, from->count) != WEIR_OK)
        return WEIR_E_NOMEM;
    memcpy(map->entries, from->entries, from->count * sizeof(*map->entries));
    map->count = from->count;
    return WEIR_OK;
}

enum weir_status pravega_segment_map_append(struct pravega_segment_map *map, const struct pravega_position_entry *entry)
{
    if (pravega_segment_map_reserve(map, 1) != WEIR_OK)
        return WEIR_E_NOMEM;
    map->entries[map->count++] = *entry;
    return WEIR_OK;
}

struct numbered_entry {
    struct pravega_position_entry entry;
    size_t number;
};

static int by_segment_and_number(const void *a, const void *b)
{
    const struct numbered_entry *x = a, *y = b;
    int order = compare_segments(&x->entry, &y->entry);

    return order != 0 ? order : x->number < y->number ? -1 : 1;
}

enum weir_status pravega_segment_map_settle(struct pravega_segment_map *map)
{
    struct numbered_entry *sorted = calloc(map->count + 1, sizeof(*sorted));
    size_t count = 0;

    if (sorted == NULL)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < map->count; i++)
        sorted[i] = (struct numbered_entry){map->entries[i], i};
    qsort(sorted, map->count, sizeof(*sorted), by_segment_and_number);
    for (size_t i = 0; i < map->count; i++)
        if (i + 1 == map->count || compare_segments(&sorted[i].entry, &sorted[i + 1].entry) != 0)
            sorted[count++] = sorted[i];
    for (size_t i = 0; i < count && !map->keeps_order; i++)
        map->entries[i] = sorted[i].entry;
    free(sorted);
    if (map->keeps_order)
        return count == map->count ? WEIR_OK : WEIR_E_INVAL;
    map->count = count;
    return WEIR_OK;
}

bool pravega_segment_map_equal(const struct pravega_segment_map *a, const struct pravega_segment_map *b)
{
    if (a->count != b->count || a->keeps_order != b->keeps_order)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct pravega_position_entry *x = &a->entries[i], *y = &b->entries[i];

        if (compare_segments(x, y) != 0 || x->offset != y->offset || x->min_key != y->min_key ||
            x->max_key != y->max_key)
            return false;
    }
    return true;
}

/* ---- cuts */

/* The entries from `at` on that are of one stream become a cut; returns the index behind them. */
static size_t cut_of_stream(const struct pravega_segment_map *map, size_t at, struct pravega_segment_offset *positions,
                            struct pravega_stream_cut *cut, enum weir_status *status, struct weir_error *err)
{
    const struct pravega_position_entry *first = &map->entries[at];
    size_t count = 0;

    while (at < map->count && compare_names(first, &map->entries[at]) == 0) {
        positions[count++] = (struct pravega_segment_offset){map->entries[at].segment, map->entries[at].offset};
        at++;
    }
    *status =
        pravega_stream_cut_set(cut, &(struct pravega_stream_name){first->scope, first->stream}, positions, count, err);
    return at;
}

enum weir_status pravega_segment_map_cuts(const struct pravega_segment_map *map, struct pravega_stream_cut **cuts,
                                          size_t *count, struct weir_error *err)
{
    struct pravega_segment_map sorted = {0};
    struct pravega_segment_offset *positions = NULL;
    enum weir_status status = WEIR_OK;

    *cuts = NULL;
    *count = 0;
    if (map->count == 0)
        return WEIR_OK;
    positions = calloc(map->count, sizeof(*positions));
    *cuts = calloc(map->count, sizeof(**cuts));
    if (positions == NULL || *cuts == NULL || pravega_segment_map_copy(&sorted, map) != WEIR_OK)
        status = weir_fail(err, WEIR_E_NOMEM, "no memory for the cuts of %zu segments", map->count);
    sorted.keeps_order = false;
    if (status == WEIR_OK && map->keeps_order && pravega_segment_map_settle(&sorted) != WEIR_OK)
        status = weir_fail(err, WEIR_E_NOMEM, "no memory for the cuts of %zu segments", map->count);
    for (size_t at = 0; status == WEIR_OK && at < sorted.count;) {
        at = cut_of_stream(&sorted, at, positions, &(*cuts)[*count], &status, err);
        if (status == WEIR_OK)
            (*count)++;
    }
    if (status != WEIR_OK) {
        pravega_stream_cuts_free(*cuts, *count);
        *cuts = NULL;
        *count = 0;
    }
    pravega_segment_map_fini(&sorted);
    free(positions);
    return status;
}

void pravega_stream_cuts_free(struct pravega_stream_cut *cuts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        pravega_stream_cut_fini(&cuts[i]);
    free(cuts);
}
