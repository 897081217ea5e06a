/*
 * group_state_format.c - the bytes of a whole state: upstream's ReaderGroupStateInit and CompactReaderGroupState.
 *
 * Both grew: a later revision brings what the first one left out, the key ranges of segments among it. Those of a
 * Compact come in one map for all of its segments, and are put to the segments after all is read.
 */
#include <stdlib.h>
#include <string.h>

#include "pravega/group/group_format.h"
#include "pravega/group/group_state_int.h"

#define STR_LEN_MIN ((size_t)2)
#define ID_LEN ((size_t)8)

/* ---- the configuration: an object as a byte array */

static void put_config(struct weir_buf *out, const struct pravega_group_config *config)
{
    size_t begin = pravega_put_bytes_begin(out);

    pravega_group_config_to_bytes(config, out);
    pravega_end_bytes(out, begin);
}

static void get_config(struct pravega_in *in, struct pravega_group_config *config)
{
    struct weir_view bytes = pravega_get_bytes(in);

    if (!pravega_get_more(in))
        return;
    switch (pravega_group_config_from_bytes(bytes, config, NULL)) {
    case WEIR_OK:
        break;
    case WEIR_E_NOMEM:
        pravega_in_no_memory(in);
        break;
    default:
        pravega_in_refuse(in);
    }
}

/* ---- Init */

void pravega_group_init_to_bytes(const struct pravega_group_config *config, const struct pravega_segment_map *start,
                                 const struct pravega_segment_map *end, bool updating_config, struct weir_buf *out)
{
    size_t revision;

    pravega_put_typed_version(out, PRAVEGA_GROUP_INIT, 0, 3);
    revision = pravega_put_revision(out, 0);
    put_config(out, config);
    pravega_put_entries(out, start->entries, start->count, false);
    pravega_put_entries(out, end->entries, end->count, false);
    pravega_end_revision(out, revision);
    revision = pravega_put_revision(out, 1);
    pravega_put_entries(out, start->entries, start->count, true);
    pravega_end_revision(out, revision);
    revision = pravega_put_revision(out, 2);
    pravega_put_bool(out, updating_config);
    pravega_end_revision(out, revision);
}

static void get_init(struct pravega_in *in, struct pravega_version *version, struct pravega_group_state *state)
{
    struct pravega_segment_map *start = &state->unassigned;

    if (!pravega_get_revision(version))
        pravega_in_refuse(in);
    get_config(in, &state->config);
    pravega_get_entries(in, &state->names, false, start);
    pravega_get_entries(in, &state->names, false, &state->end);
    if (pravega_get_revision(version))
        pravega_get_entries(in, &state->names, true, start);
    if (pravega_get_revision(version))
        state->updating_config = pravega_get_bool(in);
    if (start->count == 0)
        pravega_in_refuse(in); /* upstream takes none without segments either */
    for (size_t i = 0; i < start->count && pravega_get_more(in); i++)
        if (pravega_segment_map_append(&state->last_read, &start->entries[i]) != WEIR_OK)
            pravega_in_no_memory(in);
    pravega_settle_entries(in, &state->last_read);
}

/* ---- Compact, writing */

static void put_readers(struct weir_buf *out, const struct pravega_group_state *state)
{
    pravega_put_count(out, state->reader_count);
    for (size_t i = 0; i < state->reader_count; i++) {
        pravega_put_str(out, state->readers[i].id);
        pravega_put_entries(out, state->readers[i].assigned.entries, state->readers[i].assigned.count, false);
    }
}

static void put_future(struct weir_buf *out, const struct pravega_group_state *state)
{
    pravega_put_count(out, state->future_count);
    for (size_t i = 0; i < state->future_count; i++) {
        pravega_put_entry_name(out, &state->future[i].segment);
        pravega_put_count(out, state->future[i].predecessor_count);
        for (size_t j = 0; j < state->future[i].predecessor_count; j++)
            pravega_put_i64(out, state->future[i].predecessors[j]);
    }
}

/* Every segment that the state has, once; the range that it has in the last map counts, as upstream has it. */
static enum weir_status all_segments(const struct pravega_group_state *state, struct pravega_segment_map *all)
{
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < state->future_count && status == WEIR_OK; i++)
        status = pravega_segment_map_append(all, &state->future[i].segment);
    for (size_t i = 0; i < state->reader_count; i++)
        for (size_t j = 0; j < state->readers[i].assigned.count && status == WEIR_OK; j++)
            status = pravega_segment_map_append(all, &state->readers[i].assigned.entries[j]);
    for (size_t i = 0; i < state->unassigned.count && status == WEIR_OK; i++)
        status = pravega_segment_map_append(all, &state->unassigned.entries[i]);
    for (size_t i = 0; i < state->last_read.count && status == WEIR_OK; i++)
        status = pravega_segment_map_append(all, &state->last_read.entries[i]);
    return status == WEIR_OK ? pravega_segment_map_settle(all) : status;
}

static void put_ranges(struct weir_buf *out, const struct pravega_group_state *state)
{
    struct pravega_segment_map all = {0};

    if (all_segments(state, &all) != WEIR_OK)
        out->status = WEIR_E_NOMEM;
    pravega_put_count(out, all.count);
    for (size_t i = 0; i < all.count; i++) {
        pravega_put_entry_name(out, &all.entries[i]);
        pravega_put_key_range(out, all.entries[i].min_key, all.entries[i].max_key);
    }
    pravega_segment_map_fini(&all);
}

static void put_first_revision(struct weir_buf *out, const struct pravega_group_state *state)
{
    size_t begin;

    put_config(out, &state->config);
    begin = pravega_put_bytes_begin(out);
    pravega_put_checkpoints(out, &state->checkpoints);
    pravega_end_bytes(out, begin);
    pravega_put_count(out, state->distance_count);
    for (size_t i = 0; i < state->distance_count; i++) {
        pravega_put_str(out, state->distances[i].reader);
        pravega_put_i64(out, state->distances[i].distance_ms);
    }
    put_future(out, state);
    put_readers(out, state);
    pravega_put_entries(out, state->unassigned.entries, state->unassigned.count, false);
    pravega_put_entries(out, state->end.entries, state->end.count, false);
}

void pravega_group_state_snapshot(const struct pravega_group_state *state, struct weir_buf *out)
{
    size_t revision;

    pravega_put_typed_version(out, PRAVEGA_GROUP_COMPACT, 0, 3);
    revision = pravega_put_revision(out, 0);
    put_first_revision(out, state);
    pravega_end_revision(out, revision);
    revision = pravega_put_revision(out, 1);
    pravega_put_entries(out, state->last_read.entries, state->last_read.count, false);
    put_ranges(out, state);
    pravega_end_revision(out, revision);
    revision = pravega_put_revision(out, 2);
    pravega_put_bool(out, state->updating_config);
    pravega_end_revision(out, revision);
}

/* ---- Compact, reading. Items of a map are told apart by sorting, so that many of them take no long time. */

static void get_distances(struct pravega_in *in, struct pravega_group_state *state)
{
    void *items;

    state->distance_count = state->distance_cap =
        pravega_get_items(in, STR_LEN_MIN + 8, sizeof(*state->distances), &items);
    state->distances = items;
    for (size_t i = 0; i < state->distance_count && pravega_get_more(in); i++) {
        state->distances[i].reader = pravega_get_str(in);
        state->distances[i].distance_ms = pravega_get_i64(in);
    }
}

static void get_predecessors(struct pravega_in *in, struct pravega_group_future *future)
{
    void *items;

    future->predecessor_count = pravega_get_items(in, ID_LEN, sizeof(*future->predecessors), &items);
    future->predecessors = items;
    for (size_t i = 0; i < future->predecessor_count; i++)
        future->predecessors[i] = pravega_get_i64(in);
    future->predecessor_count = pravega_group_sort_ids(future->predecessors, future->predecessor_count);
}

static void get_future(struct pravega_in *in, struct pravega_group_state *state)
{
    void *items;

    state->future_count = state->future_cap =
        pravega_get_items(in, GROUP_SEGMENT_LEN_MIN + 1, sizeof(*state->future), &items);
    state->future = items;
    for (size_t i = 0; i < state->future_count && pravega_get_more(in); i++) {
        pravega_get_entry_name(in, &state->names, &state->future[i].segment);
        get_predecessors(in, &state->future[i]);
    }
}

static void get_readers(struct pravega_in *in, struct pravega_group_state *state)
{
    void *items;

    state->reader_count = state->reader_cap = pravega_get_items(in, STR_LEN_MIN + 1, sizeof(*state->readers), &items);
    state->readers = items;
    for (size_t i = 0; i < state->reader_count && pravega_get_more(in); i++) {
        state->readers[i].id = pravega_get_str(in);
        pravega_get_entries(in, &state->names, false, &state->readers[i].assigned);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* No reader is there twice: in the readers, or in the distances. */
static void check_readers(struct pravega_in *in, const struct pravega_group_state *state)
{
    size_t counts[] = {state->reader_count, state->distance_count};

    for (size_t list = 0; list < 2 && pravega_get_more(in); list++) {
        char **ids = calloc(counts[list] + 1, sizeof(*ids));

        if (ids == NULL) {
            pravega_in_no_memory(in);
            return;
        }
        for (size_t i = 0; i < counts[list]; i++)
            ids[i] = list == 0 ? state->readers[i].id : state->distances[i].reader;
        qsort(ids, counts[list], sizeof(*ids), by_text);
        for (size_t i = 1; i < counts[list]; i++)
            if (strcmp(ids[i - 1], ids[i]) == 0)
                pravega_in_refuse(in);
        free(ids);
    }
}

/* Offsets of those in the map are of no use; ranges are what it is for. */
static void set_ranges(struct pravega_segment_map *map, const struct pravega_segment_map *ranges)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct pravega_position_entry *range = pravega_segment_map_find(ranges, &map->entries[i]);

        map->entries[i].min_key = range != NULL ? range->min_key : -1;
        map->entries[i].max_key = range != NULL ? range->max_key : -1;
    }
}

static void get_ranges(struct pravega_in *in, struct pravega_group_state *state)
{
    struct pravega_segment_map ranges = {0};
    size_t count = pravega_get_count(in, GROUP_RANGE_LEN_MIN);

    for (size_t i = 0; i < count && pravega_get_more(in); i++) {
        struct pravega_position_entry entry;

        pravega_get_entry_name(in, &state->names, &entry);
        pravega_get_entry_range(in, &entry);
        if (pravega_get_more(in) && pravega_segment_map_append(&ranges, &entry) != WEIR_OK)
            pravega_in_no_memory(in);
    }
    pravega_settle_entries(in, &ranges);
    set_ranges(&state->unassigned, &ranges);
    set_ranges(&state->last_read, &ranges);
    for (size_t i = 0; i < state->reader_count; i++)
        set_ranges(&state->readers[i].assigned, &ranges);
    for (size_t i = 0; i < state->future_count && pravega_get_more(in); i++) {
        struct pravega_segment_map one = {.entries = &state->future[i].segment, .count = 1};

        set_ranges(&one, &ranges);
    }
    pravega_segment_map_fini(&ranges);
}

static void get_compact(struct pravega_in *in, struct pravega_version *version, struct pravega_group_state *state)
{
    const uint8_t *outer_end;

    if (!pravega_get_revision(version))
        pravega_in_refuse(in);
    get_config(in, &state->config);
    outer_end = pravega_enter_bytes(in);
    pravega_get_checkpoints(in, &state->names, &state->checkpoints);
    pravega_leave_bytes(in, outer_end);
    get_distances(in, state);
    get_future(in, state);
    get_readers(in, state);
    pravega_get_entries(in, &state->names, false, &state->unassigned);
    pravega_get_entries(in, &state->names, false, &state->end);
    check_readers(in, state);
    if (pravega_get_revision(version)) {
        pravega_get_entries(in, &state->names, false, &state->last_read);
        get_ranges(in, state);
    }
    if (pravega_get_revision(version))
        state->updating_config = pravega_get_bool(in);
}

enum weir_status pravega_group_state_from_bytes(struct weir_view bytes, struct pravega_group_state *state,
                                                struct weir_error *err)
{
    struct pravega_in in = pravega_in(bytes);
    struct pravega_version version;
    enum weir_status status;

    pravega_get_typed_version(&in, 0, &version);
    if (version.type_id == PRAVEGA_GROUP_INIT)
        get_init(&in, &version, state);
    else if (version.type_id == PRAVEGA_GROUP_COMPACT)
        get_compact(&in, &version, state);
    else
        pravega_in_refuse(&in);
    pravega_end_version(&version);
    status = pravega_in_status(&in);
    if (status == WEIR_E_NOMEM)
        return weir_fail(err, status, "no memory for the state of a reader group");
    if (status != WEIR_OK)
        return weir_fail(err, status, "%zu bytes are no state of a reader group", bytes.len);
    return WEIR_OK;
}

/* ---- equal states */

static bool readers_equal(const struct pravega_group_state *a, const struct pravega_group_state *b)
{
    if (a->reader_count != b->reader_count || a->distance_count != b->distance_count)
        return false;
    for (size_t i = 0; i < a->reader_count; i++) {
        const struct pravega_group_reader *other = pravega_group_state_reader(b, a->readers[i].id);

        if (other == NULL || !pravega_segment_map_equal(&a->readers[i].assigned, &other->assigned))
            return false;
    }
    for (size_t i = 0; i < a->distance_count; i++) {
        bool found = false;

        for (size_t j = 0; j < b->distance_count; j++)
            found |= strcmp(a->distances[i].reader, b->distances[j].reader) == 0 &&
                     a->distances[i].distance_ms == b->distances[j].distance_ms;
        if (!found)
            return false;
    }
    return true;
}

static bool future_equal(const struct pravega_group_future *a, const struct pravega_group_future *b)
{
    const struct pravega_segment_map one = {.entries = (struct pravega_position_entry *)(uintptr_t)&a->segment,
                                            .count = 1};
    const struct pravega_segment_map other = {.entries = (struct pravega_position_entry *)(uintptr_t)&b->segment,
                                              .count = 1};

    return a->predecessor_count == b->predecessor_count && pravega_segment_map_equal(&one, &other) &&
           (a->predecessor_count == 0 ||
            memcmp(a->predecessors, b->predecessors, a->predecessor_count * sizeof(*a->predecessors)) == 0);
}

bool pravega_group_state_equal(const struct pravega_group_state *a, const struct pravega_group_state *b)
{
    if (!pravega_group_config_equal(&a->config, &b->config) || a->config.generation != b->config.generation ||
        !weir_uuid_equal(a->config.id, b->config.id) || a->updating_config != b->updating_config ||
        a->future_count != b->future_count || !readers_equal(a, b))
        return false;
    for (size_t i = 0; i < a->future_count; i++) {
        bool found = false;

        for (size_t j = 0; j < b->future_count; j++)
            found |= future_equal(&a->future[i], &b->future[j]);
        if (!found)
            return false;
    }
    return pravega_segment_map_equal(&a->unassigned, &b->unassigned) &&
           pravega_segment_map_equal(&a->last_read, &b->last_read) && pravega_segment_map_equal(&a->end, &b->end) &&
           pravega_checkpoints_equal(&a->checkpoints, &b->checkpoints);
}
