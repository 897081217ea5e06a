/*
 * segment.c - one segment in memory: attributes and extents.
 *
 * Extents stand in an array that grows at its end and, after a truncation, begins further inside; a search halves it.
 */
#include "store/container/segment.h"

#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"

/* --- Attributes --- */

static size_t home_slot(const struct weir_attribute_table *table, struct weir_uuid id)
{
    return (size_t)weir_hash64(weir_view(&id, sizeof(id)), 0) & (table->cap - 1);
}

/* The slot of `id`, or the free one where it would go. The table has a free slot. */
static size_t find_slot(const struct weir_attribute_table *table, struct weir_uuid id)
{
    size_t at = home_slot(table, id);

    while (table->slots[at].value != WEIR_ATTRIBUTE_NONE && !weir_uuid_equal(table->slots[at].id, id))
        at = (at + 1) & (table->cap - 1);
    return at;
}

int64_t weir_attribute_get(const struct weir_attribute_table *table, struct weir_uuid id)
{
    return table->cap > 0 ? table->slots[find_slot(table, id)].value : WEIR_ATTRIBUTE_NONE;
}

static enum weir_status grow(struct weir_attribute_table *table)
{
    struct weir_attribute_table bigger = {.cap = table->cap > 0 ? table->cap * 2 : 8, .count = table->count};

    bigger.slots = malloc(bigger.cap * sizeof(*bigger.slots));
    if (bigger.slots == NULL)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < bigger.cap; i++)
        bigger.slots[i].value = WEIR_ATTRIBUTE_NONE;
    for (size_t i = 0; i < table->cap; i++)
        if (table->slots[i].value != WEIR_ATTRIBUTE_NONE)
            bigger.slots[find_slot(&bigger, table->slots[i].id)] = table->slots[i];
    free(table->slots);
    *table = bigger;
    return WEIR_OK;
}

/* Frees slot `at` and moves up those behind it that would not be found any more. */
static void clear_slot(struct weir_attribute_table *table, size_t at)
{
    size_t mask = table->cap - 1;

    table->count--;
    for (size_t next = (at + 1) & mask; table->slots[next].value != WEIR_ATTRIBUTE_NONE; next = (next + 1) & mask) {
        size_t home = home_slot(table, table->slots[next].id);

        if (((next - home) & mask) >= ((next - at) & mask)) {
            table->slots[at] = table->slots[next];
            at = next;
        }
    }
    table->slots[at].value = WEIR_ATTRIBUTE_NONE;
}

enum weir_status weir_attribute_set(struct weir_attribute_table *table, struct weir_uuid id, int64_t value)
{
    size_t at;

    if (value != WEIR_ATTRIBUTE_NONE && (table->count + 1) * 4 > table->cap * 3) {
        enum weir_status status = grow(table);

        if (status != WEIR_OK)
            return status;
    }
    if (table->cap == 0)
        return WEIR_OK;
    at = find_slot(table, id);
    if (value != WEIR_ATTRIBUTE_NONE) {
        table->count += table->slots[at].value == WEIR_ATTRIBUTE_NONE;
        table->slots[at] = (struct weir_attribute){id, value};
    } else if (table->slots[at].value != WEIR_ATTRIBUTE_NONE) {
        clear_slot(table, at);
    }
    return WEIR_OK;
}

/* --- Life --- */

struct weir_segment *weir_segment_new(uint64_t id, struct weir_view name, uint64_t name_hash)
{
    struct weir_segment *seg = calloc(1, sizeof(*seg) + name.len + 1);

    if (seg == NULL)
        return NULL;
    seg->refs = 1;
    seg->id = id;
    seg->name_hash = name_hash;
    seg->name_len = name.len;
    if (name.len > 0)
        memcpy(seg->name, name.ptr, name.len);
    return seg;
}

struct weir_segment *weir_segment_ref(struct weir_segment *seg)
{
    seg->refs++;
    return seg;
}

void weir_segment_unref(struct weir_segment *seg)
{
    if (seg == NULL || --seg->refs > 0)
        return;
    assert(seg->extent_first == seg->extent_end && seg->waiting == NULL);
    free(seg->extents);
    free(seg->attributes.slots);
    weir_table_free(seg->table);
    free(seg);
}

void weir_segment_watch(struct weir_segment *seg, struct weir_segment_watch *watch)
{
    assert(seg->watch == NULL && watch->seg == NULL);
    watch->seg = weir_segment_ref(seg);
    seg->watch = watch;
}

void weir_segment_unwatch(struct weir_segment_watch *watch)
{
    struct weir_segment *seg = watch->seg;

    if (seg == NULL)
        return;
    watch->seg = NULL;
    seg->watch = NULL;
    weir_segment_unref(seg);
}

struct weir_view weir_segment_name(const struct weir_segment *seg)
{
    return weir_view(seg->name, seg->name_len);
}

void weir_segment_info(const struct weir_segment *seg, struct weir_segment_info *out)
{
    *out = (struct weir_segment_info){.start_offset = seg->start_offset,
                                      .length = seg->length,
                                      .durable_length = seg->durable_length,
                                      .last_modified_ms = seg->last_modified_ms,
                                      .sealed = seg->sealed,
                                      .deleted = seg->deleted};
}

int64_t weir_segment_attribute(const struct weir_segment *seg, struct weir_uuid id)
{
    if (weir_uuid_equal(id, WEIR_ATTRIBUTE_EVENT_COUNT))
        return seg->event_count;
    if (seg->table != NULL && weir_uuid_equal(id, WEIR_ATTRIBUTE_SEGMENT_TYPE))
        return seg->table->key_len > 0 ? WEIR_SEGMENT_TYPE_FIXED_TABLE : WEIR_SEGMENT_TYPE_HASH_TABLE;
    if (seg->table != NULL && seg->table->key_len > 0 && weir_uuid_equal(id, WEIR_ATTRIBUTE_KEY_LENGTH))
        return seg->table->key_len;
    return weir_attribute_get(&seg->attributes, id);
}

/* --- Tables --- */

bool weir_table_info(const struct weir_segment *seg, struct weir_table_info *out)
{
    if (seg->table == NULL)
        return false;
    *out = (struct weir_table_info){.key_len = seg->table->key_len, .entry_count = seg->table->index.count};
    return true;
}

bool weir_table_get(const struct weir_segment *seg, struct weir_view key, struct weir_table_place *out)
{
    return weir_table_find(seg->table, key, out);
}

static void cursor_to(const struct weir_segment *seg, struct weir_table_cursor *cursor,
                      const struct weir_metadata_entry *entry)
{
    *cursor = (struct weir_table_cursor){.at = entry};
    if (entry == NULL)
        return;
    cursor->key = weir_table_index_key(seg->table, entry);
    cursor->place = weir_table_index_place(entry);
}

void weir_table_seek(const struct weir_segment *seg, struct weir_view from, struct weir_table_cursor *cursor)
{
    cursor_to(seg, cursor, weir_metadata_seek(&seg->table->index, from, false));
}

void weir_table_next(const struct weir_segment *seg, struct weir_table_cursor *cursor)
{
    cursor_to(seg, cursor, weir_metadata_next(cursor->at));
}

/* --- Extents --- */

void weir_extent_unref(struct weir_extent *extent)
{
    if (--extent->refs > 0)
        return;
    weir_block_unref(extent->block);
    free(extent);
}

static void detach(struct weir_extent *extent, struct weir_chunk_set *chunks)
{
    extent->attached = false;
    if (extent->chunk != NULL)
        weir_chunk_live_sub(chunks, extent->chunk, extent->len);
    weir_extent_unref(extent);
}

/* Room for `count` more at the end: slides down if half of the array lies before the first, else doubles. */
static enum weir_status make_room(struct weir_segment *seg, size_t count)
{
    size_t used = seg->extent_end - seg->extent_first, cap = seg->extent_cap > 0 ? seg->extent_cap : 4;
    struct weir_extent **extents;

    if (count <= seg->extent_cap - seg->extent_end)
        return WEIR_OK;
    if (seg->extent_first > 0) {
        memmove(seg->extents, seg->extents + seg->extent_first, used * sizeof(struct weir_extent *));
        seg->extent_first = 0;
        seg->extent_end = used;
    }
    while (cap < (used + count) * 2)
        cap *= 2;
    if (cap <= seg->extent_cap)
        return WEIR_OK;
    extents = realloc(seg->extents, cap * sizeof(struct weir_extent *));
    if (extents == NULL)
        return count <= seg->extent_cap - used ? WEIR_OK : WEIR_E_NOMEM;
    seg->extents = extents;
    seg->extent_cap = cap;
    return WEIR_OK;
}

static struct weir_extent *push(struct weir_segment *seg, uint64_t len)
{
    struct weir_extent *extent;

    if (make_room(seg, 1) != WEIR_OK)
        return NULL;
    extent = calloc(1, sizeof(*extent));
    if (extent == NULL)
        return NULL;
    extent->refs = 1;
    extent->attached = true;
    extent->offset = seg->length;
    extent->len = len;
    seg->extents[seg->extent_end++] = extent;
    seg->length += (int64_t)len;
    return extent;
}

enum weir_status weir_segment_push_block(struct weir_segment *seg, struct weir_block *block, struct weir_view data)
{
    struct weir_extent *extent;

    if (data.len == 0)
        return WEIR_OK;
    extent = push(seg, data.len);
    if (extent == NULL)
        return WEIR_E_NOMEM;
    extent->block = weir_block_ref(block);
    extent->ptr = data.ptr;
    return WEIR_OK;
}

enum weir_status weir_segment_push_chunk(struct weir_segment *seg, struct weir_chunk_set *chunks,
                                         struct weir_chunk *chunk, const struct weir_chunk_place *place, uint64_t len)
{
    struct weir_extent *extent = push(seg, len);

    if (extent == NULL)
        return WEIR_E_NOMEM;
    extent->chunk = chunk;
    extent->run_offset = place->run_offset;
    extent->run_len = place->run_len;
    extent->skip = place->skip;
    weir_chunk_live_add(chunks, chunk, len);
    return WEIR_OK;
}

void weir_segment_cut(struct weir_segment *seg, struct weir_chunk_set *chunks, int64_t offset)
{
    seg->start_offset = offset;
    while (seg->extent_first < seg->extent_end) {
        struct weir_extent *extent = seg->extents[seg->extent_first];

        if (extent->offset + (int64_t)extent->len > offset)
            break;
        seg->extent_first++;
        detach(extent, chunks);
    }
}

/* Makes the first extent begin where the segment does. */
static void trim_first(struct weir_segment *seg, struct weir_chunk_set *chunks)
{
    struct weir_extent *extent;
    uint64_t cut;

    if (seg->extent_first == seg->extent_end)
        return;
    extent = seg->extents[seg->extent_first];
    cut = (uint64_t)(seg->start_offset - extent->offset);
    extent->offset += (int64_t)cut;
    extent->len -= cut;
    if (extent->chunk != NULL) {
        extent->skip += cut;
        weir_chunk_live_sub(chunks, extent->chunk, cut);
    } else {
        extent->ptr += cut;
    }
}

enum weir_status weir_segment_take(struct weir_segment *seg, struct weir_segment *source, struct weir_chunk_set *chunks)
{
    enum weir_status status = make_room(seg, source->extent_end - source->extent_first);

    if (status != WEIR_OK)
        return status;
    trim_first(source, chunks);
    for (size_t i = source->extent_first; i < source->extent_end; i++) {
        struct weir_extent *extent = source->extents[i];

        extent->offset = seg->length;
        seg->length += (int64_t)extent->len;
        seg->extents[seg->extent_end++] = extent;
    }
    source->extent_first = source->extent_end = 0;
    return WEIR_OK;
}

void weir_segment_drop(struct weir_segment *seg, struct weir_chunk_set *chunks)
{
    for (size_t i = seg->extent_first; i < seg->extent_end; i++)
        detach(seg->extents[i], chunks);
    seg->extent_first = seg->extent_end = 0;
}

static bool adjoin(const struct weir_extent *a, const struct weir_extent *b)
{
    return a->chunk != NULL && a->chunk == b->chunk && a->run_offset == b->run_offset && a->skip + a->len == b->skip;
}

void weir_segment_coalesce(struct weir_segment *seg)
{
    size_t last = seg->extent_first;

    for (size_t i = seg->extent_first + 1; i < seg->extent_end; i++) {
        if (adjoin(seg->extents[last], seg->extents[i])) {
            seg->extents[last]->len += seg->extents[i]->len;
            seg->extents[i]->attached = false;
            weir_extent_unref(seg->extents[i]);
        } else {
            seg->extents[++last] = seg->extents[i];
        }
    }
    if (seg->extent_first < seg->extent_end)
        seg->extent_end = last + 1;
}

size_t weir_segment_locate(const struct weir_segment *seg, int64_t offset)
{
    size_t low = seg->extent_first, high = seg->extent_end;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (seg->extents[mid]->offset + (int64_t)seg->extents[mid]->len <= offset)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}
