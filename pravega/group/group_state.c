/*
 * group_state.c - what each update does to the state of a group.
 *
 * An update is first checked against the state, then carried out, so that one that is refused has changed nothing. The
 * effects are upstream's to the letter, its oddities included: members that differ in one would from then on refuse
 * each other's updates.
 */
#include "pravega/group/group_state.h"

#include <stdlib.h>
#include <string.h>

#include "pravega/group/group_state_int.h"

#define DISTANCE_MIN_MS INT64_C(30000) /* upstream's ASSUMED_LAG_MILLIS */

/* ---- its parts */

void *pravega_group_grow(void *items, size_t count, size_t *cap, size_t item_size)
{
    size_t wider = *cap == 0 ? 4 : 2 * *cap;
    void *grown;

    if (count < *cap)
        return items;
    grown = realloc(items, wider * item_size);
    if (grown != NULL)
        *cap = wider;
    return grown;
}

void pravega_group_state_init(struct pravega_group_state *state)
{
    *state = (struct pravega_group_state){.unassigned.keeps_order = true};
    pravega_checkpoints_init(&state->checkpoints);
}

static void free_reader(struct pravega_group_reader *reader)
{
    free(reader->id);
    pravega_segment_map_fini(&reader->assigned);
}

void pravega_group_state_fini(struct pravega_group_state *state)
{
    pravega_group_config_fini(&state->config);
    for (size_t i = 0; i < state->reader_count; i++)
        free_reader(&state->readers[i]);
    free(state->readers);
    for (size_t i = 0; i < state->distance_count; i++)
        free(state->distances[i].reader);
    free(state->distances);
    for (size_t i = 0; i < state->future_count; i++)
        free(state->future[i].predecessors);
    free(state->future);
    pravega_segment_map_fini(&state->unassigned);
    pravega_segment_map_fini(&state->last_read);
    pravega_segment_map_fini(&state->end);
    pravega_checkpoints_fini(&state->checkpoints);
    pravega_stream_names_fini(&state->names);
    *state = (struct pravega_group_state){0};
}

void pravega_group_state_free(struct pravega_group_state *state)
{
    if (state == NULL)
        return;
    pravega_group_state_fini(state);
    free(state);
}

enum weir_status pravega_group_state_new(struct weir_view bytes, struct pravega_group_state **out,
                                         struct weir_error *err)
{
    struct pravega_group_state *state = calloc(1, sizeof(*state));
    enum weir_status status;

    if (state == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for the state of a reader group");
    pravega_group_state_init(state);
    status = pravega_group_state_from_bytes(bytes, state, err);
    if (status == WEIR_OK)
        *out = state;
    else
        pravega_group_state_free(state);
    return status;
}

static struct pravega_group_reader *find_reader(const struct pravega_group_state *state, const char *id)
{
    for (size_t i = 0; i < state->reader_count; i++)
        if (strcmp(state->readers[i].id, id) == 0)
            return &state->readers[i];
    return NULL;
}

const struct pravega_group_reader *pravega_group_state_reader(const struct pravega_group_state *state, const char *id)
{
    return find_reader(state, id);
}

/* Takes `id`, also if it fails. */
struct pravega_group_reader *pravega_group_state_add(struct pravega_group_state *state, char *id)
{
    struct pravega_group_reader *readers =
        pravega_group_grow(state->readers, state->reader_count, &state->reader_cap, sizeof(*readers));

    if (readers != NULL)
        state->readers = readers;
    if (readers == NULL || id == NULL) {
        free(id);
        return NULL;
    }
    readers[state->reader_count] = (struct pravega_group_reader){.id = id};
    return &readers[state->reader_count++];
}

static struct pravega_group_distance *find_distance(const struct pravega_group_state *state, const char *reader)
{
    for (size_t i = 0; i < state->distance_count; i++)
        if (strcmp(state->distances[i].reader, reader) == 0)
            return &state->distances[i];
    return NULL;
}

enum weir_status pravega_group_state_set_distance(struct pravega_group_state *state, const char *reader,
                                                  int64_t distance_ms, bool if_absent)
{
    struct pravega_group_distance *distance = find_distance(state, reader);

    if (distance != NULL) {
        distance->distance_ms = if_absent ? distance->distance_ms : distance_ms;
        return WEIR_OK;
    }
    distance = pravega_group_grow(state->distances, state->distance_count, &state->distance_cap, sizeof(*distance));
    if (distance == NULL)
        return WEIR_E_NOMEM;
    state->distances = distance;
    distance += state->distance_count;
    *distance = (struct pravega_group_distance){strdup(reader), distance_ms};
    if (distance->reader == NULL)
        return WEIR_E_NOMEM;
    state->distance_count++;
    return WEIR_OK;
}

static void remove_distance(struct pravega_group_state *state, const char *reader)
{
    struct pravega_group_distance *distance = find_distance(state, reader);

    if (distance == NULL)
        return;
    free(distance->reader);
    *distance = state->distances[--state->distance_count];
}

/* As Java's Map.replace(). */
static void set_last_read(struct pravega_group_state *state, const struct pravega_position_entry *segment)
{
    struct pravega_position_entry *entry = pravega_segment_map_find(&state->last_read, segment);

    if (entry != NULL)
        entry->offset = segment->offset;
}

/* ---- readers come and go */

static enum weir_status add_reader(struct pravega_group_state *state, const struct pravega_group_update *update,
                                   struct weir_error *err)
{
    if (find_reader(state, update->reader) != NULL)
        return weir_fail(err, WEIR_E_STATE, "reader %s is added to the group, but it is online", update->reader);
    if (pravega_group_state_add(state, strdup(update->reader)) == NULL)
        return WEIR_E_NOMEM;
    return pravega_group_state_set_distance(state, update->reader, INT64_MAX, true);
}

/* Its segments are unassigned at the offsets that the update knows, else where it had them from. */
static enum weir_status give_back(struct pravega_group_state *state, struct pravega_segment_map *assigned,
                                  const struct pravega_group_update *update)
{
    const struct pravega_segment_map positions = {
        .entries = (struct pravega_position_entry *)(uintptr_t)update->positions, .count = update->position_count};

    if (pravega_segment_map_reserve(&state->unassigned, assigned->count) != WEIR_OK)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < assigned->count; i++) {
        const struct pravega_position_entry *position = pravega_segment_map_find(&positions, &assigned->entries[i]);

        if (position != NULL)
            assigned->entries[i].offset = position->offset;
        (void)pravega_segment_map_put(&state->unassigned, &assigned->entries[i]);
    }
    return WEIR_OK;
}

static enum weir_status remove_reader(struct pravega_group_state *state, const struct pravega_group_update *update)
{
    struct pravega_group_reader *reader = find_reader(state, update->reader), gone = {0};
    enum weir_status status = WEIR_OK;

    if (reader != NULL) {
        size_t at = (size_t)(reader - state->readers);

        gone = *reader;
        state->reader_count--;
        memmove(reader, reader + 1, (state->reader_count - at) * sizeof(*reader));
        status = give_back(state, &gone.assigned, update);
    }
    remove_distance(state, update->reader);
    if (status == WEIR_OK)
        status = pravega_checkpoints_remove_reader(&state->checkpoints, update->reader, gone.assigned.entries,
                                                   gone.assigned.count);
    free_reader(&gone);
    return status;
}

/* ---- segments change hands */

static enum weir_status not_owned(const struct pravega_group_update *update, const char *what, struct weir_error *err)
{
    return weir_fail(err, WEIR_E_STATE, "reader %s %s segment %s/%s/%d.#epoch.%d, which is not its own", update->reader,
                     what, update->segment.scope, update->segment.stream,
                     pravega_segment_number(update->segment.segment), pravega_segment_epoch(update->segment.segment));
}

/* The segment if the reader owns it; NULL otherwise. */
static struct pravega_position_entry *find_owned(const struct pravega_group_reader *reader,
                                                 const struct pravega_group_update *update)
{
    return reader != NULL ? pravega_segment_map_find(&reader->assigned, &update->segment) : NULL;
}

static enum weir_status release_segment(struct pravega_group_state *state, const struct pravega_group_update *update,
                                        struct weir_error *err)
{
    struct pravega_group_reader *reader = find_reader(state, update->reader);
    struct pravega_position_entry *owned = find_owned(reader, update), segment;

    if (owned == NULL)
        return not_owned(update, "releases", err);
    segment = *owned;
    segment.offset = update->segment.offset;
    if (pravega_segment_map_put(&state->unassigned, &segment) != WEIR_OK)
        return WEIR_E_NOMEM;
    (void)pravega_segment_map_remove(&reader->assigned, &segment);
    set_last_read(state, &segment);
    return WEIR_OK;
}

static enum weir_status acquire_segment(struct pravega_group_state *state, const struct pravega_group_update *update,
                                        struct weir_error *err)
{
    struct pravega_group_reader *reader = find_reader(state, update->reader);
    struct pravega_position_entry *free_one = pravega_segment_map_find(&state->unassigned, &update->segment), segment;

    if (reader == NULL)
        return weir_fail(err, WEIR_E_STATE, "reader %s takes a segment over, but it is not online", update->reader);
    if (free_one == NULL)
        return weir_fail(err, WEIR_E_STATE, "reader %s takes over segment %s/%s/%d.#epoch.%d, which is not unassigned",
                         update->reader, update->segment.scope, update->segment.stream,
                         pravega_segment_number(update->segment.segment),
                         pravega_segment_epoch(update->segment.segment));
    segment = *free_one;
    if (pravega_segment_map_put(&reader->assigned, &segment) != WEIR_OK)
        return WEIR_E_NOMEM;
    (void)pravega_segment_map_remove(&state->unassigned, &segment);
    return WEIR_OK;
}

static enum weir_status update_distance(struct pravega_group_state *state, const struct pravega_group_update *update)
{
    for (size_t i = 0; i < update->position_count; i++)
        set_last_read(state, &update->positions[i]);
    return pravega_group_state_set_distance(
        state, update->reader, update->distance_ms > DISTANCE_MIN_MS ? update->distance_ms : DISTANCE_MIN_MS, false);
}

/* ---- a segment is read to its end */

static int by_value(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

size_t pravega_group_sort_ids(int64_t *ids, size_t count)
{
    size_t kept = 0;

    if (count > 0)
        qsort(ids, count, sizeof(*ids), by_value);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || ids[i] != ids[kept - 1])
            ids[kept++] = ids[i];
    return kept;
}

static bool is_future(const struct pravega_group_state *state, const struct pravega_position_entry *segment)
{
    for (size_t i = 0; i < state->future_count; i++)
        if (state->future[i].segment.segment == segment->segment && state->future[i].segment.scope == segment->scope)
            return true;
    return false;
}

static enum weir_status add_future(struct pravega_group_state *state, const struct pravega_position_entry *segment,
                                   const struct pravega_successor *successor)
{
    struct pravega_group_future *future =
        pravega_group_grow(state->future, state->future_count, &state->future_cap, sizeof(*future));

    if (future == NULL)
        return WEIR_E_NOMEM;
    state->future = future;
    future += state->future_count;
    *future = (struct pravega_group_future){.segment = *segment};
    future->predecessors = calloc(successor->predecessor_count + 1, sizeof(*future->predecessors));
    if (future->predecessors == NULL)
        return WEIR_E_NOMEM;
    state->future_count++;
    if (successor->predecessor_count == 0)
        return WEIR_OK;
    memcpy(future->predecessors, successor->predecessors, successor->predecessor_count * sizeof(int64_t));
    future->predecessor_count = pravega_group_sort_ids(future->predecessors, successor->predecessor_count);
    return WEIR_OK;
}

static enum weir_status add_successors(struct pravega_group_state *state, const struct pravega_group_update *update)
{
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < update->successor_count && status == WEIR_OK; i++) {
        const struct pravega_segment_range *range = &update->successors[i].range;
        struct pravega_position_entry segment = {update->segment.scope, update->segment.stream, range->id,
                                                 range->min_key,        range->max_key,         0};

        if (!is_future(state, &segment))
            status = add_future(state, &segment, &update->successors[i]);
    }
    return status;
}

/* Upstream looks at the id alone, whichever stream the predecessor is of. */
static void remove_predecessor(struct pravega_group_future *future, int64_t id)
{
    size_t count = 0;

    for (size_t i = 0; i < future->predecessor_count; i++)
        if (future->predecessors[i] != id)
            future->predecessors[count++] = future->predecessors[i];
    future->predecessor_count = count;
}

/* Those that wait for nothing any more can be read. */
static enum weir_status begin_ready_ones(struct pravega_group_state *state)
{
    size_t kept = 0;
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < state->future_count; i++) {
        struct pravega_group_future *future = &state->future[i];

        if (future->predecessor_count > 0 || status != WEIR_OK) {
            state->future[kept++] = *future;
            continue;
        }
        status = pravega_segment_map_put(&state->unassigned, &future->segment);
        if (status == WEIR_OK && pravega_segment_map_find(&state->last_read, &future->segment) == NULL)
            status = pravega_segment_map_put(&state->last_read, &future->segment);
        free(future->predecessors);
    }
    state->future_count = kept;
    return status;
}

static enum weir_status complete_segment(struct pravega_group_state *state, const struct pravega_group_update *update,
                                         struct weir_error *err)
{
    struct pravega_group_reader *reader = find_reader(state, update->reader);

    if (find_owned(reader, update) == NULL)
        return not_owned(update, "completes", err);
    (void)pravega_segment_map_remove(&reader->assigned, &update->segment);
    (void)pravega_segment_map_remove(&state->last_read, &update->segment);
    if (add_successors(state, update) != WEIR_OK)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < state->future_count; i++)
        remove_predecessor(&state->future[i], update->segment.segment);
    return begin_ready_ones(state);
}

/* ---- checkpoints */

static enum weir_status checkpoint_reader(struct pravega_group_state *state, const struct pravega_group_update *update,
                                          struct weir_error *err)
{
    struct pravega_group_reader *reader = find_reader(state, update->reader);
    bool silent = pravega_checkpoint_is_silent(update->checkpoint);

    if (!pravega_checkpoints_may_answer(&state->checkpoints, update->checkpoint, update->reader))
        return weir_fail(err, WEIR_E_STATE, "reader %s answers checkpoint %s, which it does not owe", update->reader,
                         update->checkpoint);
    if (reader == NULL && !silent)
        return weir_fail(err, WEIR_E_STATE, "reader %s answers checkpoint %s, but it is not online", update->reader,
                         update->checkpoint);
    for (size_t i = 0; i < update->position_count && !silent; i++) {
        struct pravega_position_entry *owned = pravega_segment_map_find(&reader->assigned, &update->positions[i]);

        if (owned != NULL)
            owned->offset = update->positions[i].offset;
    }
    return pravega_checkpoints_answer(&state->checkpoints, update->checkpoint, update->reader, update->positions,
                                      update->position_count);
}

static enum weir_status create_checkpoint(struct pravega_group_state *state, const char *id)
{
    const char **readers = calloc(state->reader_count + 1, sizeof(*readers));
    enum weir_status status;

    if (readers == NULL)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < state->reader_count; i++)
        readers[i] = state->readers[i].id;
    status = pravega_checkpoints_begin(&state->checkpoints, id, readers, state->reader_count, &state->unassigned);
    free(readers);
    return status;
}

/* ---- any update */

static enum weir_status carry_out(struct pravega_group_state *state, const struct pravega_group_update *update,
                                  struct weir_error *err)
{
    switch (update->kind) {
    case PRAVEGA_GROUP_INIT:
    case PRAVEGA_GROUP_COMPACT:
        break;
    case PRAVEGA_GROUP_ADD_READER:
        return add_reader(state, update, err);
    case PRAVEGA_GROUP_REMOVE_READER:
        return remove_reader(state, update);
    case PRAVEGA_GROUP_RELEASE_SEGMENT:
        return release_segment(state, update, err);
    case PRAVEGA_GROUP_ACQUIRE_SEGMENT:
        return acquire_segment(state, update, err);
    case PRAVEGA_GROUP_UPDATE_DISTANCE_TO_TAIL:
        return update_distance(state, update);
    case PRAVEGA_GROUP_SEGMENT_COMPLETED:
        return complete_segment(state, update, err);
    case PRAVEGA_GROUP_CHECKPOINT_READER:
        return checkpoint_reader(state, update, err);
    case PRAVEGA_GROUP_CREATE_CHECKPOINT:
        return create_checkpoint(state, update->checkpoint);
    case PRAVEGA_GROUP_CLEAR_CHECKPOINTS_BEFORE:
        pravega_checkpoints_clear_before(&state->checkpoints, update->checkpoint);
        return WEIR_OK;
    case PRAVEGA_GROUP_UPDATE_CHECKPOINT_PUBLISHED:
        state->checkpoints.last_published = update->flag;
        return WEIR_OK;
    case PRAVEGA_GROUP_UPDATING_CONFIG:
        state->updating_config = update->flag;
        return WEIR_OK;
    case PRAVEGA_GROUP_REMOVE_OUTSTANDING_CHECKPOINTS:
        pravega_checkpoints_remove_outstanding(&state->checkpoints);
        return WEIR_OK;
    }
    return WEIR_E_INVAL;
}

static enum weir_status replace(struct pravega_group_state *state, struct weir_view bytes, struct weir_error *err)
{
    struct pravega_group_state fresh;
    enum weir_status status;

    pravega_group_state_init(&fresh);
    status = pravega_group_state_from_bytes(bytes, &fresh, err);
    if (status == WEIR_OK) {
        pravega_group_state_fini(state);
        *state = fresh;
    } else {
        pravega_group_state_fini(&fresh);
    }
    return status;
}

enum weir_status pravega_group_state_apply(struct pravega_group_state *state, struct weir_view bytes,
                                           struct weir_error *err)
{
    struct pravega_group_update update;
    enum weir_status status;

    if (bytes.len > 1 && bytes.ptr[1] <= PRAVEGA_GROUP_COMPACT)
        return replace(state, bytes, err);
    status = pravega_group_update_from_bytes(bytes, &state->names, &update, err);
    if (status != WEIR_OK)
        return status;
    status = carry_out(state, &update, err);
    if (status == WEIR_E_NOMEM)
        (void)weir_fail(err, status, "no memory for the state of a reader group");
    pravega_group_update_fini(&update);
    return status;
}
