/*
 * group_state_query.c - what readers and groups ask the state.
 *
 * The ranking decides how long readers wait before they take segments over or give them up. Readers of equal size are
 * frequent, and upstream leaves their order to the hash map that it keeps them in; java_map_order() computes that
 * order, so that in a mixed group no two members think they have the same rank.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "pravega/group/group_state_int.h"

#define DISTANCE_MIN_MS INT64_C(30000)

size_t pravega_group_state_segment_count(const struct pravega_group_state *state)
{
    size_t count = state->unassigned.count;

    for (size_t i = 0; i < state->reader_count; i++)
        count += state->readers[i].assigned.count;
    return count;
}

/* ---- sizes and ranks */

/* Of a reader that owns segments and has said nothing upstream knows no distance; here it is the least. */
static int64_t distance_of(const struct pravega_group_state *state, const char *reader)
{
    for (size_t i = 0; i < state->distance_count; i++)
        if (strcmp(state->distances[i].reader, reader) == 0)
            return state->distances[i].distance_ms > DISTANCE_MIN_MS ? state->distances[i].distance_ms
                                                                     : DISTANCE_MIN_MS;
    return DISTANCE_MIN_MS;
}

static int64_t distance_max(const struct pravega_group_state *state)
{
    int64_t max = DISTANCE_MIN_MS;

    for (size_t i = 0; i < state->reader_count; i++) {
        int64_t distance = distance_of(state, state->readers[i].id);

        if (state->readers[i].assigned.count > 0 && distance > max)
            max = distance;
    }
    return max;
}

/* The product wraps around where a reader has segments and has not said its distance yet, as upstream's does. */
static double size_of(const struct pravega_group_state *state, const struct pravega_group_reader *reader, int64_t max)
{
    uint64_t product = (uint64_t)reader->assigned.count * (uint64_t)distance_of(state, reader->id);

    return reader->assigned.count == 0 ? 0 : (double)(int64_t)product / (double)max;
}

double pravega_group_state_relative_size(const struct pravega_group_state *state, const char *reader)
{
    const struct pravega_group_reader *found = pravega_group_state_reader(state, reader);

    return found != NULL ? size_of(state, found, distance_max(state)) : 0;
}

double pravega_group_state_relative_size_min(const struct pravega_group_state *state)
{
    int64_t max = distance_max(state);
    double min = 0;

    for (size_t i = 0; i < state->reader_count; i++) {
        double size = size_of(state, &state->readers[i], max);

        if (i == 0 || size < min)
            min = size;
    }
    return min;
}

static uint32_t java_map_order(const char *key, size_t count)
{
    return weir_java_map_bucket(weir_java_string_hash(weir_view_str(key)), count);
}

int pravega_group_state_ranking(const struct pravega_group_state *state, const char *reader)
{
    const struct pravega_group_reader *mine = pravega_group_state_reader(state, reader);
    int64_t max = distance_max(state);
    double my_size;
    uint32_t my_order;
    int rank = 0;

    if (mine == NULL)
        return -1;
    my_size = size_of(state, mine, max);
    my_order = java_map_order(reader, state->reader_count);
    for (size_t i = 0; i < state->reader_count; i++) {
        const struct pravega_group_reader *other = &state->readers[i];
        double size = size_of(state, other, max);
        uint32_t order = java_map_order(other->id, state->reader_count);

        if (other != mine &&
            (size > my_size || (size == my_size && (order < my_order || (order == my_order && other < mine)))))
            rank++;
    }
    return rank;
}

/* ---- segments */

bool pravega_group_state_end(const struct pravega_group_state *state, const struct pravega_position_entry *segment,
                             int64_t *offset)
{
    const struct pravega_position_entry *end = pravega_segment_map_find(&state->end, segment);

    *offset = end != NULL ? end->offset : INT64_MAX;
    return end != NULL;
}

bool pravega_group_state_is_end_of_data(const struct pravega_group_state *state)
{
    return state->future_count == 0 && pravega_group_state_segment_count(state) == 0;
}

enum weir_status pravega_group_state_positions(const struct pravega_group_state *state, struct pravega_segment_map *map)
{
    enum weir_status status = pravega_segment_map_reserve(map, pravega_group_state_segment_count(state));

    for (size_t i = 0; i < state->unassigned.count && status == WEIR_OK; i++)
        status = pravega_segment_map_append(map, &state->unassigned.entries[i]);
    for (size_t i = 0; i < state->reader_count; i++)
        for (size_t j = 0; j < state->readers[i].assigned.count && status == WEIR_OK; j++)
            status = pravega_segment_map_append(map, &state->readers[i].assigned.entries[j]);
    return status == WEIR_OK ? pravega_segment_map_settle(map) : status;
}

/* ---- checkpoints */

const char *pravega_group_state_pending_checkpoint(const struct pravega_group_state *state, const char *reader)
{
    return pravega_checkpoints_pending(&state->checkpoints, reader);
}

bool pravega_group_state_checkpoint_is_complete(const struct pravega_group_state *state, const char *id)
{
    const struct pravega_group_checkpoint *checkpoint = pravega_checkpoints_find(&state->checkpoints, id);

    return checkpoint == NULL || checkpoint->waiting_count == 0;
}

const struct pravega_segment_map *pravega_group_state_checkpoint_positions(const struct pravega_group_state *state,
                                                                           const char *id)
{
    const struct pravega_group_checkpoint *checkpoint = pravega_checkpoints_find(&state->checkpoints, id);

    return checkpoint != NULL && checkpoint->waiting_count == 0 ? &checkpoint->positions : NULL;
}

bool pravega_group_state_has_ongoing_checkpoint(const struct pravega_group_state *state)
{
    return pravega_checkpoints_ongoing(&state->checkpoints);
}

size_t pravega_group_state_outstanding_checkpoints(const struct pravega_group_state *state)
{
    return pravega_checkpoints_outstanding(&state->checkpoints);
}

const struct pravega_segment_map *pravega_group_state_last_checkpoint(const struct pravega_group_state *state)
{
    return state->checkpoints.last.count > 0 ? &state->checkpoints.last : NULL;
}
