/*
 * group_update.c - the updates of a group's state as bytes: upstream's update classes 2 to 13, each in an envelope.
 *
 * All are of version 0; most have one revision. A second one brings the key ranges of segments, which processes older
 * than it do not write: then they are not known.
 */
#include "pravega/group/group_update.h"

#include <stdlib.h>

#include "pravega/format/revision_data.h"
#include "pravega/group/group_format.h"

#define PREDECESSOR_LEN ((size_t)8)
#define SUCCESSOR_LEN_MIN (GROUP_SEGMENT_LEN_MIN + 1)

/* ---- fields that the state's codec has too: group_format.h */

void pravega_put_entry_name(struct weir_buf *out, const struct pravega_position_entry *entry)
{
    pravega_put_segment(out, &(struct pravega_stream_name){entry->scope, entry->stream}, entry->segment);
}

void pravega_put_entries(struct weir_buf *out, const struct pravega_position_entry *entries, size_t count,
                         bool with_ranges)
{
    pravega_put_count(out, count);
    for (size_t i = 0; i < count; i++) {
        pravega_put_entry_name(out, &entries[i]);
        if (with_ranges)
            pravega_put_key_range(out, entries[i].min_key, entries[i].max_key);
        pravega_put_i64(out, entries[i].offset);
    }
}

void pravega_in_no_memory(struct pravega_in *in)
{
    pravega_in_refuse(in);
    in->status = WEIR_E_NOMEM;
}

void pravega_get_entry_name(struct pravega_in *in, struct pravega_stream_names *names,
                            struct pravega_position_entry *entry)
{
    struct pravega_segment_ref segment = pravega_get_segment(in);

    *entry = (struct pravega_position_entry){.min_key = -1, .max_key = -1};
    if (pravega_get_more(in) &&
        pravega_segment_entry(names, segment.scope, segment.stream, segment.id, entry) != WEIR_OK)
        pravega_in_no_memory(in);
}

void pravega_get_entry_range(struct pravega_in *in, struct pravega_position_entry *entry)
{
    double min_key = pravega_get_double(in), max_key = pravega_get_double(in);

    entry->min_key = entry->max_key = -1;
    if (min_key < 0 || max_key < 0)
        return;
    if (min_key <= max_key && max_key <= 1) {
        entry->min_key = min_key;
        entry->max_key = max_key;
    } else {
        pravega_in_refuse(in);
    }
}

void pravega_get_entries(struct pravega_in *in, struct pravega_stream_names *names, bool with_ranges,
                         struct pravega_segment_map *map)
{
    size_t count = pravega_get_count(in, GROUP_ENTRY_LEN_MIN);

    pravega_segment_map_clear(map);
    for (size_t i = 0; i < count && pravega_get_more(in); i++) {
        struct pravega_position_entry entry;

        pravega_get_entry_name(in, names, &entry);
        if (with_ranges)
            pravega_get_entry_range(in, &entry);
        entry.offset = pravega_get_i64(in);
        if (pravega_get_more(in) && pravega_segment_map_append(map, &entry) != WEIR_OK)
            pravega_in_no_memory(in);
    }
    pravega_settle_entries(in, map);
}

void pravega_settle_entries(struct pravega_in *in, struct pravega_segment_map *map)
{
    switch (pravega_segment_map_settle(map)) {
    case WEIR_OK:
        break;
    case WEIR_E_NOMEM:
        pravega_in_no_memory(in);
        break;
    default:
        pravega_in_refuse(in);
    }
}

/* ---- writing */

static void put_successors(const struct pravega_group_update *update, struct weir_buf *out)
{
    struct pravega_stream_name stream = {update->segment.scope, update->segment.stream};

    pravega_put_count(out, update->successor_count);
    for (size_t i = 0; i < update->successor_count; i++) {
        const struct pravega_successor *successor = &update->successors[i];

        pravega_put_segment(out, &stream, successor->range.id);
        pravega_put_count(out, successor->predecessor_count);
        for (size_t j = 0; j < successor->predecessor_count; j++)
            pravega_put_i64(out, successor->predecessors[j]);
    }
}

static void put_successor_ranges(const struct pravega_group_update *update, struct weir_buf *out)
{
    struct pravega_stream_name stream = {update->segment.scope, update->segment.stream};

    pravega_put_count(out, 1 + update->successor_count);
    pravega_put_entry_name(out, &update->segment);
    pravega_put_key_range(out, update->segment.min_key, update->segment.max_key);
    for (size_t i = 0; i < update->successor_count; i++) {
        const struct pravega_segment_range *range = &update->successors[i].range;

        pravega_put_segment(out, &stream, range->id);
        pravega_put_key_range(out, range->min_key, range->max_key);
    }
}

static void put_first_revision(const struct pravega_group_update *update, struct weir_buf *out)
{
    switch (update->kind) {
    case PRAVEGA_GROUP_INIT:
    case PRAVEGA_GROUP_COMPACT:
        out->status = WEIR_E_INVAL; /* group_state_codec.c writes these */
        break;
    case PRAVEGA_GROUP_ADD_READER:
        pravega_put_str(out, update->reader);
        break;
    case PRAVEGA_GROUP_REMOVE_READER:
        pravega_put_str(out, update->reader);
        pravega_put_entries(out, update->positions, update->position_count, false);
        break;
    case PRAVEGA_GROUP_RELEASE_SEGMENT:
        pravega_put_str(out, update->reader);
        pravega_put_entry_name(out, &update->segment);
        pravega_put_i64(out, update->segment.offset);
        break;
    case PRAVEGA_GROUP_ACQUIRE_SEGMENT:
        pravega_put_str(out, update->reader);
        pravega_put_entry_name(out, &update->segment);
        break;
    case PRAVEGA_GROUP_UPDATE_DISTANCE_TO_TAIL:
        pravega_put_str(out, update->reader);
        pravega_put_i64(out, update->distance_ms);
        break;
    case PRAVEGA_GROUP_SEGMENT_COMPLETED:
        pravega_put_str(out, update->reader);
        pravega_put_entry_name(out, &update->segment);
        put_successors(update, out);
        break;
    case PRAVEGA_GROUP_CHECKPOINT_READER:
        pravega_put_str(out, update->checkpoint);
        pravega_put_str(out, update->reader);
        pravega_put_entries(out, update->positions, update->position_count, false);
        break;
    case PRAVEGA_GROUP_CREATE_CHECKPOINT:
    case PRAVEGA_GROUP_CLEAR_CHECKPOINTS_BEFORE:
        pravega_put_str(out, update->checkpoint);
        break;
    case PRAVEGA_GROUP_UPDATE_CHECKPOINT_PUBLISHED:
    case PRAVEGA_GROUP_UPDATING_CONFIG:
        pravega_put_bool(out, update->flag);
        break;
    case PRAVEGA_GROUP_REMOVE_OUTSTANDING_CHECKPOINTS:
        break;
    }
}

static bool has_ranges(enum pravega_group_update_kind kind)
{
    return kind == PRAVEGA_GROUP_UPDATE_DISTANCE_TO_TAIL || kind == PRAVEGA_GROUP_SEGMENT_COMPLETED;
}

void pravega_group_update_to_bytes(const struct pravega_group_update *update, struct weir_buf *out)
{
    size_t revision;

    pravega_put_typed_version(out, (uint8_t)update->kind, 0, has_ranges(update->kind) ? 2 : 1);
    revision = pravega_put_revision(out, 0);
    put_first_revision(update, out);
    pravega_end_revision(out, revision);
    if (!has_ranges(update->kind))
        return;
    revision = pravega_put_revision(out, 1);
    if (update->kind == PRAVEGA_GROUP_SEGMENT_COMPLETED)
        put_successor_ranges(update, out);
    else
        pravega_put_entries(out, update->positions, update->position_count, true);
    pravega_end_revision(out, revision);
}

/* ---- reading */

/* What an update of our own making points to is not const. */
static void *own(const void *ptr)
{
    return (void *)(uintptr_t)ptr;
}

void pravega_group_update_fini(struct pravega_group_update *update)
{
    for (size_t i = 0; i < update->successor_count; i++)
        free(own(update->successors[i].predecessors));
    free(own(update->successors));
    free(own(update->positions));
    free(own(update->reader));
    free(own(update->checkpoint));
    *update = (struct pravega_group_update){0};
}

static void get_positions(struct pravega_in *in, struct pravega_stream_names *names, bool with_ranges,
                          struct pravega_group_update *update)
{
    struct pravega_segment_map map = {0};

    pravega_get_entries(in, names, with_ranges, &map);
    free(own(update->positions));
    update->positions = map.entries; /* the map is given to the update */
    update->position_count = map.count;
}

static void get_predecessors(struct pravega_in *in, struct pravega_successor *successor)
{
    void *items;
    int64_t *ids;

    successor->predecessor_count = pravega_get_items(in, PREDECESSOR_LEN, sizeof(*ids), &items);
    successor->predecessors = ids = items;
    for (size_t i = 0; i < successor->predecessor_count; i++)
        ids[i] = pravega_get_i64(in);
}

/* Successors are of the stream that the segment is of: nothing else can follow it. */
static pravega_segment_id get_id_of_stream(struct pravega_in *in, struct pravega_stream_names *names,
                                           const struct pravega_position_entry *segment)
{
    struct pravega_position_entry entry;

    pravega_get_entry_name(in, names, &entry);
    if (entry.scope != segment->scope)
        pravega_in_refuse(in);
    return entry.segment;
}

static int by_id(const void *a, const void *b)
{
    const struct pravega_successor *x = a, *y = b;

    return x->range.id < y->range.id ? -1 : x->range.id > y->range.id;
}

static void get_successors(struct pravega_in *in, struct pravega_stream_names *names,
                           struct pravega_group_update *update)
{
    void *items;
    struct pravega_successor *successors;

    update->successor_count = pravega_get_items(in, SUCCESSOR_LEN_MIN, sizeof(*successors), &items);
    update->successors = successors = items;
    for (size_t i = 0; i < update->successor_count && pravega_get_more(in); i++) {
        successors[i].range = (struct pravega_segment_range){get_id_of_stream(in, names, &update->segment), -1, -1};
        get_predecessors(in, &successors[i]);
    }
    if (update->successor_count > 0)
        qsort(successors, update->successor_count, sizeof(*successors), by_id);
}

static void set_range(struct pravega_group_update *update, const struct pravega_position_entry *segment)
{
    struct pravega_successor key = {.range = {segment->segment, segment->min_key, segment->max_key}}, *successor;

    if (update->segment.segment == segment->segment) {
        update->segment.min_key = segment->min_key;
        update->segment.max_key = segment->max_key;
    }
    if (update->successor_count == 0)
        return;
    successor = bsearch(&key, update->successors, update->successor_count, sizeof(key), by_id);
    if (successor != NULL)
        successor->range = key.range;
}

static void get_successor_ranges(struct pravega_in *in, struct pravega_stream_names *names,
                                 struct pravega_group_update *update)
{
    size_t count = pravega_get_count(in, GROUP_RANGE_LEN_MIN);

    if (count > update->successor_count + 1)
        pravega_in_refuse(in);
    for (size_t i = 0; i < count && pravega_get_more(in); i++) {
        struct pravega_position_entry segment = {0};

        segment.segment = get_id_of_stream(in, names, &update->segment);
        pravega_get_entry_range(in, &segment);
        set_range(update, &segment);
    }
}

static void get_first_revision(struct pravega_in *in, struct pravega_stream_names *names,
                               struct pravega_group_update *update)
{
    switch (update->kind) {
    case PRAVEGA_GROUP_INIT:
    case PRAVEGA_GROUP_COMPACT:
        pravega_in_refuse(in);
        break;
    case PRAVEGA_GROUP_ADD_READER:
        update->reader = pravega_get_str(in);
        break;
    case PRAVEGA_GROUP_REMOVE_READER:
        update->reader = pravega_get_str(in);
        get_positions(in, names, false, update);
        break;
    case PRAVEGA_GROUP_RELEASE_SEGMENT:
        update->reader = pravega_get_str(in);
        pravega_get_entry_name(in, names, &update->segment);
        update->segment.offset = pravega_get_i64(in);
        break;
    case PRAVEGA_GROUP_ACQUIRE_SEGMENT:
        update->reader = pravega_get_str(in);
        pravega_get_entry_name(in, names, &update->segment);
        break;
    case PRAVEGA_GROUP_UPDATE_DISTANCE_TO_TAIL:
        update->reader = pravega_get_str(in);
        update->distance_ms = pravega_get_i64(in);
        break;
    case PRAVEGA_GROUP_SEGMENT_COMPLETED:
        update->reader = pravega_get_str(in);
        pravega_get_entry_name(in, names, &update->segment);
        get_successors(in, names, update);
        break;
    case PRAVEGA_GROUP_CHECKPOINT_READER:
        update->checkpoint = pravega_get_str(in);
        update->reader = pravega_get_str(in);
        get_positions(in, names, false, update);
        break;
    case PRAVEGA_GROUP_CREATE_CHECKPOINT:
    case PRAVEGA_GROUP_CLEAR_CHECKPOINTS_BEFORE:
        update->checkpoint = pravega_get_str(in);
        break;
    case PRAVEGA_GROUP_UPDATE_CHECKPOINT_PUBLISHED:
    case PRAVEGA_GROUP_UPDATING_CONFIG:
        update->flag = pravega_get_bool(in);
        break;
    case PRAVEGA_GROUP_REMOVE_OUTSTANDING_CHECKPOINTS:
        break;
    }
}

enum weir_status pravega_group_update_from_bytes(struct weir_view bytes, struct pravega_stream_names *names,
                                                 struct pravega_group_update *update, struct weir_error *err)
{
    struct pravega_in in = pravega_in(bytes);
    struct pravega_version version;
    enum weir_status status;

    *update = (struct pravega_group_update){0};
    pravega_get_typed_version(&in, 0, &version);
    if (version.type_id > PRAVEGA_GROUP_REMOVE_OUTSTANDING_CHECKPOINTS)
        pravega_in_refuse(&in);
    update->kind = (enum pravega_group_update_kind)version.type_id;
    if (pravega_get_revision(&version))
        get_first_revision(&in, names, update);
    else
        pravega_in_refuse(&in); /* without its first revision it says nothing */
    if (has_ranges(update->kind) && pravega_get_revision(&version)) {
        if (update->kind == PRAVEGA_GROUP_SEGMENT_COMPLETED)
            get_successor_ranges(&in, names, update);
        else
            get_positions(&in, names, true, update);
    }
    pravega_end_version(&version);
    status = pravega_in_status(&in);
    if (status == WEIR_OK)
        return WEIR_OK;
    pravega_group_update_fini(update);
    return status == WEIR_E_NOMEM
               ? weir_fail(err, status, "no memory for an update of a reader group's state")
               : weir_fail(err, status, "%zu bytes are no update of a reader group's state", bytes.len);
}
