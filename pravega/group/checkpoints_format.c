/*
 * checkpoints_format.c - the bytes of a group's checkpoints: upstream's CheckpointState, an envelope of two revisions.
 *
 * Maps come in any order. What is read is sorted by id, to find a checkpoint by halving while the maps are joined, and
 * in the end by the place of its id in the list of ids, which is the order in which the checkpoints began.
 */
#include <stdlib.h>
#include <string.h>

#include "pravega/group/checkpoints.h"
#include "pravega/group/group_format.h"

#define STR_LEN_MIN ((size_t)2)
#define MAP_ITEM_LEN_MIN (STR_LEN_MIN + 1)

static void put_waiting(struct weir_buf *out, const struct pravega_checkpoints *checkpoints)
{
    size_t count = 0;

    for (size_t i = 0; i < checkpoints->known_count; i++)
        count += checkpoints->known[i].waiting_count > 0;
    pravega_put_count(out, count);
    for (size_t i = 0; i < checkpoints->known_count; i++) {
        const struct pravega_group_checkpoint *checkpoint = &checkpoints->known[i];

        if (checkpoint->waiting_count == 0)
            continue;
        pravega_put_str(out, checkpoint->id);
        pravega_put_count(out, checkpoint->waiting_count);
        for (size_t j = 0; j < checkpoint->waiting_count; j++)
            pravega_put_str(out, checkpoint->waiting_for[j]);
    }
}

void pravega_put_checkpoints(struct weir_buf *out, const struct pravega_checkpoints *checkpoints)
{
    size_t revision;

    pravega_put_version(out, 0, 2);
    revision = pravega_put_revision(out, 0);
    pravega_put_count(out, checkpoints->id_count);
    for (size_t i = 0; i < checkpoints->id_count; i++)
        pravega_put_str(out, checkpoints->ids[i]);
    put_waiting(out, checkpoints);
    pravega_put_count(out, checkpoints->known_count);
    for (size_t i = 0; i < checkpoints->known_count; i++) {
        const struct pravega_segment_map *positions = &checkpoints->known[i].positions;

        pravega_put_str(out, checkpoints->known[i].id);
        pravega_put_entries(out, positions->entries, positions->count, false);
    }
    pravega_put_entries(out, checkpoints->last.entries, checkpoints->last.count, false);
    pravega_end_revision(out, revision);
    revision = pravega_put_revision(out, 1);
    pravega_put_bool(out, checkpoints->last_published);
    pravega_end_revision(out, revision);
}

/* ---- reading */

static int by_id(const void *a, const void *b)
{
    const struct pravega_group_checkpoint *x = a, *y = b;

    return strcmp(x->id, y->id);
}

static struct pravega_group_checkpoint *find_sorted(const struct pravega_checkpoints *checkpoints, char *id)
{
    struct pravega_group_checkpoint key = {.id = id};

    return checkpoints->known_count == 0
               ? NULL
               : bsearch(&key, checkpoints->known, checkpoints->known_count, sizeof(key), by_id);
}

static void get_ids(struct pravega_in *in, struct pravega_checkpoints *checkpoints)
{
    void *items;

    checkpoints->id_count = checkpoints->id_cap = pravega_get_items(in, STR_LEN_MIN, sizeof(*checkpoints->ids), &items);
    checkpoints->ids = items;
    for (size_t i = 0; i < checkpoints->id_count; i++)
        checkpoints->ids[i] = pravega_get_str(in); /* NULL after a failure, which fini copes with */
}

/* Who owes what: a map as it lies there, until the checkpoints are known. */
static const uint8_t *skip_waiting(struct pravega_in *in)
{
    const uint8_t *begin = in->bytes.ptr;
    size_t count = pravega_get_count(in, MAP_ITEM_LEN_MIN);

    for (size_t i = 0; i < count && pravega_get_more(in); i++) {
        size_t readers;

        pravega_get_utf(in);
        readers = pravega_get_count(in, STR_LEN_MIN);
        for (size_t j = 0; j < readers && pravega_get_more(in); j++)
            pravega_get_utf(in);
    }
    return begin;
}

static void get_readers(struct pravega_in *in, struct pravega_group_checkpoint *checkpoint)
{
    void *items;

    checkpoint->waiting_count = pravega_get_items(in, STR_LEN_MIN, sizeof(*checkpoint->waiting_for), &items);
    checkpoint->waiting_for = items;
    for (size_t i = 0; i < checkpoint->waiting_count; i++)
        checkpoint->waiting_for[i] = pravega_get_str(in);
}

/* A checkpoint that waits has positions, and is in the map once. */
static void get_waiting(struct pravega_in *in, struct pravega_checkpoints *checkpoints)
{
    size_t count = pravega_get_count(in, MAP_ITEM_LEN_MIN);

    for (size_t i = 0; i < count && pravega_get_more(in); i++) {
        char *id = pravega_get_str(in);
        struct pravega_group_checkpoint *checkpoint = id != NULL ? find_sorted(checkpoints, id) : NULL;

        if (checkpoint == NULL || checkpoint->waiting_for != NULL)
            pravega_in_refuse(in);
        else
            get_readers(in, checkpoint);
        free(id);
    }
}

static void get_known(struct pravega_in *in, struct pravega_stream_names *names,
                      struct pravega_checkpoints *checkpoints)
{
    void *items;

    checkpoints->known_count = checkpoints->known_cap =
        pravega_get_items(in, MAP_ITEM_LEN_MIN, sizeof(*checkpoints->known), &items);
    checkpoints->known = items;
    for (size_t i = 0; i < checkpoints->known_count && pravega_get_more(in); i++) {
        checkpoints->known[i].id = pravega_get_str(in);
        pravega_get_entries(in, names, false, &checkpoints->known[i].positions);
    }
    if (!pravega_get_more(in) || checkpoints->known_count == 0)
        return;
    qsort(checkpoints->known, checkpoints->known_count, sizeof(*checkpoints->known), by_id);
    for (size_t i = 1; i < checkpoints->known_count; i++)
        if (by_id(&checkpoints->known[i - 1], &checkpoints->known[i]) == 0)
            pravega_in_refuse(in);
}

/* Moves those that are listed to where the list has them first; each known one has to be listed. */
static void order_as_listed(struct pravega_in *in, struct pravega_checkpoints *checkpoints)
{
    struct pravega_group_checkpoint *ordered = calloc(checkpoints->known_count + 1, sizeof(*ordered));
    bool *taken = calloc(checkpoints->known_count + 1, sizeof(*taken));
    size_t count = 0;

    if (ordered == NULL || taken == NULL)
        pravega_in_no_memory(in);
    for (size_t i = 0; i < checkpoints->id_count && pravega_get_more(in); i++) {
        struct pravega_group_checkpoint *checkpoint = find_sorted(checkpoints, checkpoints->ids[i]);
        size_t at = checkpoint != NULL ? (size_t)(checkpoint - checkpoints->known) : 0;

        if (checkpoint == NULL || taken[at])
            continue;
        taken[at] = true;
        ordered[count++] = *checkpoint;
    }
    if (pravega_get_more(in) && count < checkpoints->known_count)
        pravega_in_refuse(in);
    if (pravega_get_more(in) && count > 0)
        memcpy(checkpoints->known, ordered, count * sizeof(*ordered));
    free(ordered);
    free(taken);
}

void pravega_get_checkpoints(struct pravega_in *in, struct pravega_stream_names *names,
                             struct pravega_checkpoints *checkpoints)
{
    struct pravega_version version;

    pravega_get_version(in, 0, &version);
    if (pravega_get_revision(&version)) {
        const uint8_t *waiting;
        struct pravega_in waiting_in;

        get_ids(in, checkpoints);
        waiting = skip_waiting(in);
        waiting_in = pravega_in(weir_view(waiting, (size_t)(in->bytes.ptr - waiting)));
        get_known(in, names, checkpoints);
        pravega_get_entries(in, names, false, &checkpoints->last);
        if (pravega_get_more(in))
            get_waiting(&waiting_in, checkpoints);
        if (pravega_in_status(&waiting_in) == WEIR_E_NOMEM)
            pravega_in_no_memory(in);
        else if (!pravega_get_more(&waiting_in))
            pravega_in_refuse(in);
        order_as_listed(in, checkpoints);
    } else {
        pravega_in_refuse(in);
    }
    if (pravega_get_revision(&version))
        checkpoints->last_published = pravega_get_bool(in);
    pravega_end_version(&version);
}
