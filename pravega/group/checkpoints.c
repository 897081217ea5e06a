/*
 * checkpoints.c - the checkpoints of a group: begin, answers of the readers, end.
 *
 * There are few at a time: a checkpoint that is complete is cleared up to by whoever began it, so lists are searched
 * from the front. Where upstream keeps a reader's pending checkpoints in the order of a hash map, here they are in the
 * order in which they began, so that the older one completes first; each reader chooses for itself, so both may mix.
 */
#include "pravega/group/checkpoints.h"

#include <stdlib.h>
#include <string.h>

bool pravega_checkpoint_is_silent(const char *id)
{
    return strstr(id, PRAVEGA_CHECKPOINT_SILENT) != NULL;
}

void pravega_checkpoints_init(struct pravega_checkpoints *checkpoints)
{
    *checkpoints = (struct pravega_checkpoints){.last_published = true};
}

static void finish_checkpoint(struct pravega_group_checkpoint *checkpoint)
{
    for (size_t i = 0; i < checkpoint->waiting_count; i++)
        free(checkpoint->waiting_for[i]);
    free(checkpoint->waiting_for);
    pravega_segment_map_fini(&checkpoint->positions);
    free(checkpoint->id);
}

void pravega_checkpoints_fini(struct pravega_checkpoints *checkpoints)
{
    for (size_t i = 0; i < checkpoints->known_count; i++)
        finish_checkpoint(&checkpoints->known[i]);
    for (size_t i = 0; i < checkpoints->id_count; i++)
        free(checkpoints->ids[i]);
    free(checkpoints->known);
    free(checkpoints->ids);
    pravega_segment_map_fini(&checkpoints->last);
    *checkpoints = (struct pravega_checkpoints){0};
}

/* ---- looking */

static struct pravega_group_checkpoint *find(const struct pravega_checkpoints *checkpoints, const char *id)
{
    for (size_t i = 0; i < checkpoints->known_count; i++)
        if (strcmp(checkpoints->known[i].id, id) == 0)
            return &checkpoints->known[i];
    return NULL;
}

const struct pravega_group_checkpoint *pravega_checkpoints_find(const struct pravega_checkpoints *checkpoints,
                                                                const char *id)
{
    return find(checkpoints, id);
}

/* The index of the reader, or waiting_count. */
static size_t waits_for(const struct pravega_group_checkpoint *checkpoint, const char *reader)
{
    size_t i = 0;

    while (i < checkpoint->waiting_count && strcmp(checkpoint->waiting_for[i], reader) != 0)
        i++;
    return i;
}

const char *pravega_checkpoints_pending(const struct pravega_checkpoints *checkpoints, const char *reader)
{
    for (size_t i = 0; i < checkpoints->known_count; i++)
        if (waits_for(&checkpoints->known[i], reader) < checkpoints->known[i].waiting_count)
            return checkpoints->known[i].id;
    return NULL;
}

static bool is_outstanding(const struct pravega_group_checkpoint *checkpoint)
{
    return checkpoint->waiting_count > 0 && !pravega_checkpoint_is_silent(checkpoint->id);
}

size_t pravega_checkpoints_outstanding(const struct pravega_checkpoints *checkpoints)
{
    size_t count = 0;

    for (size_t i = 0; i < checkpoints->known_count; i++)
        count += is_outstanding(&checkpoints->known[i]);
    return count;
}

bool pravega_checkpoints_ongoing(const struct pravega_checkpoints *checkpoints)
{
    for (size_t i = 0; i < checkpoints->known_count; i++)
        if (checkpoints->known[i].waiting_count > 0)
            return true;
    return false;
}

static bool checkpoint_equal(const struct pravega_group_checkpoint *a, const struct pravega_group_checkpoint *b)
{
    if (strcmp(a->id, b->id) != 0 || a->waiting_count != b->waiting_count ||
        !pravega_segment_map_equal(&a->positions, &b->positions))
        return false;
    for (size_t i = 0; i < a->waiting_count; i++)
        if (waits_for(b, a->waiting_for[i]) == b->waiting_count)
            return false;
    return true;
}

bool pravega_checkpoints_equal(const struct pravega_checkpoints *a, const struct pravega_checkpoints *b)
{
    if (a->known_count != b->known_count || a->id_count != b->id_count || a->last_published != b->last_published ||
        !pravega_segment_map_equal(&a->last, &b->last))
        return false;
    for (size_t i = 0; i < a->id_count; i++)
        if (strcmp(a->ids[i], b->ids[i]) != 0)
            return false;
    for (size_t i = 0; i < a->known_count; i++)
        if (!checkpoint_equal(&a->known[i], &b->known[i]))
            return false;
    return true;
}

/* ---- beginning one */

/* Room for one more in an array of `count` items; the array, moved or not, or NULL. */
static void *grow(void *items, size_t count, size_t *cap, size_t item_size)
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

static enum weir_status list_id(struct pravega_checkpoints *checkpoints, const char *id)
{
    char **ids = grow(checkpoints->ids, checkpoints->id_count, &checkpoints->id_cap, sizeof(*ids));

    if (ids == NULL)
        return WEIR_E_NOMEM;
    checkpoints->ids = ids;
    ids[checkpoints->id_count] = strdup(id);
    if (ids[checkpoints->id_count] == NULL)
        return WEIR_E_NOMEM;
    checkpoints->id_count++;
    return WEIR_OK;
}

static enum weir_status wait_for(struct pravega_group_checkpoint *checkpoint, const char *const *readers, size_t count)
{
    checkpoint->waiting_for = calloc(count + 1, sizeof(*checkpoint->waiting_for));
    if (checkpoint->waiting_for == NULL)
        return WEIR_E_NOMEM;
    while (checkpoint->waiting_count < count) {
        char *reader = strdup(readers[checkpoint->waiting_count]);

        if (reader == NULL)
            return WEIR_E_NOMEM;
        checkpoint->waiting_for[checkpoint->waiting_count++] = reader;
    }
    return WEIR_OK;
}

/* Without ranges, which are not written either. */
static enum weir_status copy_positions(struct pravega_segment_map *map, const struct pravega_position_entry *positions,
                                       size_t count)
{
    enum weir_status status = pravega_segment_map_reserve(map, count);

    for (size_t i = 0; i < count && status == WEIR_OK; i++) {
        struct pravega_position_entry position = positions[i];

        position.min_key = position.max_key = -1;
        status = pravega_segment_map_put(map, &position);
    }
    return status;
}

enum weir_status pravega_checkpoints_begin(struct pravega_checkpoints *checkpoints, const char *id,
                                           const char *const *readers, size_t reader_count,
                                           const struct pravega_segment_map *positions)
{
    struct pravega_group_checkpoint *known, *checkpoint;

    if (find(checkpoints, id) != NULL)
        return WEIR_OK;
    known = grow(checkpoints->known, checkpoints->known_count, &checkpoints->known_cap, sizeof(*known));
    if (known == NULL)
        return WEIR_E_NOMEM;
    checkpoints->known = known;
    checkpoint = &known[checkpoints->known_count];
    *checkpoint = (struct pravega_group_checkpoint){.id = strdup(id)};
    if (checkpoint->id == NULL)
        return WEIR_E_NOMEM;
    checkpoints->known_count++;
    if (wait_for(checkpoint, readers, reader_count) != WEIR_OK ||
        copy_positions(&checkpoint->positions, positions->entries, positions->count) != WEIR_OK)
        return WEIR_E_NOMEM;
    return list_id(checkpoints, id);
}

/* ---- answers */

bool pravega_checkpoints_may_answer(const struct pravega_checkpoints *checkpoints, const char *id, const char *reader)
{
    const struct pravega_group_checkpoint *checkpoint = find(checkpoints, id);

    return checkpoint == NULL || checkpoint->waiting_count == 0 ||
           waits_for(checkpoint, reader) < checkpoint->waiting_count;
}

/* The last reader has answered. */
static enum weir_status complete(struct pravega_checkpoints *checkpoints, struct pravega_group_checkpoint *checkpoint)
{
    if (pravega_checkpoint_is_silent(checkpoint->id))
        return WEIR_OK;
    checkpoints->last_published = false;
    pravega_segment_map_fini(&checkpoints->last);
    return pravega_segment_map_copy(&checkpoints->last, &checkpoint->positions);
}

static enum weir_status answer(struct pravega_checkpoints *checkpoints, struct pravega_group_checkpoint *checkpoint,
                               const char *reader, const struct pravega_position_entry *positions, size_t count)
{
    size_t at = waits_for(checkpoint, reader);

    if (at == checkpoint->waiting_count)
        return WEIR_OK;
    if (copy_positions(&checkpoint->positions, positions, count) != WEIR_OK)
        return WEIR_E_NOMEM;
    free(checkpoint->waiting_for[at]);
    checkpoint->waiting_count--;
    memmove(&checkpoint->waiting_for[at], &checkpoint->waiting_for[at + 1],
            (checkpoint->waiting_count - at) * sizeof(*checkpoint->waiting_for));
    return checkpoint->waiting_count == 0 ? complete(checkpoints, checkpoint) : WEIR_OK;
}

enum weir_status pravega_checkpoints_answer(struct pravega_checkpoints *checkpoints, const char *id, const char *reader,
                                            const struct pravega_position_entry *positions, size_t count)
{
    struct pravega_group_checkpoint *checkpoint = find(checkpoints, id);

    return checkpoint != NULL ? answer(checkpoints, checkpoint, reader, positions, count) : WEIR_OK;
}

enum weir_status pravega_checkpoints_remove_reader(struct pravega_checkpoints *checkpoints, const char *reader,
                                                   const struct pravega_position_entry *positions, size_t count)
{
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < checkpoints->known_count && status == WEIR_OK; i++)
        status = answer(checkpoints, &checkpoints->known[i], reader, positions, count);
    return status;
}

/* ---- forgetting */

static void forget(struct pravega_checkpoints *checkpoints, struct pravega_group_checkpoint *checkpoint)
{
    size_t at = (size_t)(checkpoint - checkpoints->known);

    finish_checkpoint(checkpoint);
    checkpoints->known_count--;
    memmove(checkpoint, checkpoint + 1, (checkpoints->known_count - at) * sizeof(*checkpoint));
}

void pravega_checkpoints_clear_before(struct pravega_checkpoints *checkpoints, const char *id)
{
    size_t dropped = 0;

    if (find(checkpoints, id) == NULL)
        return;
    while (dropped < checkpoints->id_count && strcmp(checkpoints->ids[dropped], id) != 0) {
        struct pravega_group_checkpoint *checkpoint = find(checkpoints, checkpoints->ids[dropped]);

        if (checkpoint != NULL)
            forget(checkpoints, checkpoint);
        free(checkpoints->ids[dropped++]);
    }
    checkpoints->id_count -= dropped;
    memmove(checkpoints->ids, checkpoints->ids + dropped, checkpoints->id_count * sizeof(*checkpoints->ids));
}

void pravega_checkpoints_remove_outstanding(struct pravega_checkpoints *checkpoints)
{
    size_t i = 0;

    while (i < checkpoints->known_count)
        if (is_outstanding(&checkpoints->known[i]))
            forget(checkpoints, &checkpoints->known[i]);
        else
            i++;
}
