/*
 * position.c - a reader's position in memory and as bytes.
 *
 *     envelope of version 0
 *         revision 0: map { utf qualified segment : clong offset }, read to its end: 2^62 - 2
 *         revision 1: map { utf qualified segment : double low, double high }, not known: -1, -1
 */
#include "pravega/position.h"

#include <stdlib.h>

#include "pravega/format/objects.h"

#define OFFSET_COMPLETED_ON_WIRE PRAVEGA_CLONG_MAX
#define SEGMENT_LEN_MIN 7 /* "a/b/0" */
#define OFFSET_LEN_MIN 1
#define RANGE_LEN 16

void pravega_position_fini(struct pravega_position *position)
{
    for (size_t i = 0; i < position->entry_count; i++) {
        free(position->entries[i].scope);
        free(position->entries[i].stream);
    }
    free(position->entries);
    *position = (struct pravega_position){0};
}

enum weir_status pravega_position_copy(struct pravega_position *position, const struct pravega_position *from,
                                       struct weir_error *err)
{
    bool ok = true;

    *position = (struct pravega_position){0};
    if (from->entry_count == 0)
        return WEIR_OK;
    position->entries = calloc(from->entry_count, sizeof(*position->entries));
    if (position->entries != NULL)
        position->entry_count = from->entry_count;
    for (size_t i = 0; i < position->entry_count && ok; i++) {
        struct pravega_position_entry *entry = &position->entries[i];

        *entry = from->entries[i];
        entry->scope = strdup(entry->scope);
        entry->stream = strdup(entry->stream);
        ok = entry->scope != NULL && entry->stream != NULL;
        if (!ok)
            position->entry_count = i + 1; /* those behind it are not begun */
    }
    if (ok && position->entry_count > 0)
        return WEIR_OK;
    pravega_position_fini(position);
    return weir_fail(err, WEIR_E_NOMEM, "out of memory for a position in %zu segments", from->entry_count);
}

static void put_segment(struct weir_buf *out, const struct pravega_position_entry *entry)
{
    struct pravega_stream_name name = {entry->scope, entry->stream};

    pravega_put_segment(out, &name, entry->segment);
}

void pravega_position_to_bytes(const struct pravega_position *position, struct weir_buf *out)
{
    size_t revision;

    pravega_put_version(out, 0, 2);
    revision = pravega_put_revision(out, 0);
    pravega_put_count(out, position->entry_count);
    for (size_t i = 0; i < position->entry_count; i++) {
        int64_t offset = position->entries[i].offset;

        put_segment(out, &position->entries[i]);
        pravega_put_clong(out, offset < 0 ? OFFSET_COMPLETED_ON_WIRE : offset);
    }
    pravega_end_revision(out, revision);
    revision = pravega_put_revision(out, 1);
    pravega_put_count(out, position->entry_count);
    for (size_t i = 0; i < position->entry_count; i++) {
        put_segment(out, &position->entries[i]);
        pravega_put_key_range(out, position->entries[i].min_key, position->entries[i].max_key);
    }
    pravega_end_revision(out, revision);
}

/* ---- reading */

static int compare_entries(const void *a, const void *b)
{
    const struct pravega_position_entry *left = a, *right = b;
    int order = pravega_stream_compare(left->scope, left->stream, right->scope, right->stream);

    return order != 0 ? order : (left->segment > right->segment) - (left->segment < right->segment);
}

/* Sorts them, for the ranges to find theirs; a segment that is there twice is refused. */
static void arrange(struct pravega_in *in, struct pravega_position *position)
{
    if (position->entry_count == 0 || !pravega_get_more(in))
        return;
    qsort(position->entries, position->entry_count, sizeof(*position->entries), compare_entries);
    for (size_t i = 1; i < position->entry_count; i++)
        if (compare_entries(&position->entries[i - 1], &position->entries[i]) == 0)
            pravega_in_refuse(in);
}

static void get_offsets(struct pravega_in *in, struct pravega_position *position)
{
    struct pravega_position_entry *entries;
    void *items;

    position->entry_count = pravega_get_items(in, SEGMENT_LEN_MIN + OFFSET_LEN_MIN, sizeof(*entries), &items);
    position->entries = entries = items;
    for (size_t i = 0; i < position->entry_count && pravega_get_more(in); i++) {
        struct pravega_segment_ref segment = pravega_get_segment(in);
        int64_t offset = pravega_get_clong(in);

        entries[i].scope = pravega_in_strdup(in, segment.scope);
        entries[i].stream = pravega_in_strdup(in, segment.stream);
        entries[i].segment = segment.id;
        entries[i].min_key = entries[i].max_key = -1;
        entries[i].offset = offset == OFFSET_COMPLETED_ON_WIRE ? PRAVEGA_OFFSET_COMPLETED : offset;
    }
    arrange(in, position);
}

static struct pravega_position_entry *find(const struct pravega_position *position,
                                           const struct pravega_segment_ref *segment)
{
    char scope[PRAVEGA_NAME_LEN_MAX + 1], stream[PRAVEGA_NAME_LEN_MAX + 1];
    struct pravega_position_entry key = {.scope = scope, .stream = stream, .segment = segment->id};

    memcpy(scope, segment->scope.ptr, segment->scope.len);
    scope[segment->scope.len] = '\0';
    memcpy(stream, segment->stream.ptr, segment->stream.len);
    stream[segment->stream.len] = '\0';
    return bsearch(&key, position->entries, position->entry_count, sizeof(key), compare_entries);
}

/* A range that is none is not known, as upstream has it. */
static void get_ranges(struct pravega_in *in, const struct pravega_position *position)
{
    for (size_t count = pravega_get_count(in, SEGMENT_LEN_MIN + RANGE_LEN); count > 0; count--) {
        struct pravega_segment_ref segment = pravega_get_segment(in);
        double min_key = pravega_get_double(in), max_key = pravega_get_double(in);
        struct pravega_position_entry *entry;

        if (!pravega_get_more(in))
            return;
        entry = position->entry_count > 0 ? find(position, &segment) : NULL;
        if (entry == NULL || !(min_key >= 0 && max_key >= 0))
            continue;
        entry->min_key = min_key;
        entry->max_key = max_key;
    }
}

enum weir_status pravega_position_from_bytes(struct weir_view bytes, struct pravega_position *position,
                                             struct weir_error *err)
{
    struct pravega_in in = pravega_in(bytes);
    struct pravega_version version;
    enum weir_status status;

    *position = (struct pravega_position){0};
    pravega_get_version(&in, 0, &version);
    if (pravega_get_revision(&version))
        get_offsets(&in, position);
    else
        pravega_in_refuse(&in);
    if (pravega_get_revision(&version))
        get_ranges(&in, position);
    pravega_end_version(&version);
    status = pravega_in_finish(&in, bytes.len, "position", err);
    if (status != WEIR_OK)
        pravega_position_fini(position);
    return status;
}
