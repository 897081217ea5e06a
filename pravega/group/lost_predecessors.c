/*
 * lost_predecessors.c - a missing predecessor is lost unless an ancestor of it is still to be read: then the group has
 * not come to it yet.
 *
 * Ancestors are found from epoch to epoch, backwards: what is not in the epoch before began in this one, and follows
 * those segments there that share keys with it. The walk ends at an ancestor that is in the state, or before the epoch
 * of the oldest segment there.
 *
 *     next predecessor --known--> next ...
 *           `--missing--> its epoch --> the one before --> ... --> an ancestor: it stays, or none: it is taken out
 */
#include "pravega/group/lost_predecessors.h"

#include <stdlib.h>
#include <string.h>

static void finish(struct pravega_predecessor_check *check, enum weir_status status, const struct weir_error *why)
{
    pravega_done_fn *done = check->done;
    void *arg = check->arg;

    free(check->scope);
    free(check->stream);
    free(check->known);
    free(check->line);
    *check = (struct pravega_predecessor_check){0};
    if (done != NULL)
        done(arg, status, why);
}

static void finish_nomem(struct pravega_predecessor_check *check)
{
    struct weir_error err = {0};

    weir_fail(&err, WEIR_E_NOMEM, "no memory for the segments of a stream");
    finish(check, err.status, &err);
}

void pravega_predecessor_check_cancel(struct pravega_predecessor_check *check)
{
    pravega_call_cancel(&check->call);
    check->done = NULL;
    finish(check, WEIR_OK, NULL);
}

/* ---- what the state knows ---- */

static int by_id(const void *a, const void *b)
{
    pravega_segment_id left = *(const pravega_segment_id *)a, right = *(const pravega_segment_id *)b;

    return (left > right) - (left < right);
}

static bool is_known(const struct pravega_predecessor_check *check, pravega_segment_id id)
{
    return bsearch(&id, check->known, check->known_count, sizeof(id), by_id) != NULL;
}

static void add_known(struct pravega_predecessor_check *check, const struct pravega_position_entry *entry)
{
    if (strcmp(entry->scope, check->scope) == 0 && strcmp(entry->stream, check->stream) == 0)
        check->known[check->known_count++] = entry->segment;
}

static void add_map(struct pravega_predecessor_check *check, const struct pravega_segment_map *map)
{
    for (size_t i = 0; i < map->count; i++)
        add_known(check, &map->entries[i]);
}

static bool read_state(struct pravega_predecessor_check *check, const struct pravega_group_state *state)
{
    check->known = calloc(pravega_group_state_segment_count(state) + state->future_count + 1, sizeof(*check->known));
    if (check->known == NULL)
        return false;
    add_map(check, &state->unassigned);
    for (size_t i = 0; i < state->reader_count; i++)
        add_map(check, &state->readers[i].assigned);
    for (size_t i = 0; i < state->future_count; i++)
        add_known(check, &state->future[i].segment);
    qsort(check->known, check->known_count, sizeof(*check->known), by_id);
    check->epoch_min = check->known_count > 0 ? pravega_segment_epoch(check->known[0]) : INT32_MAX;
    return true;
}

/* ---- the walk ---- */

static void look_on(struct pravega_predecessor_check *check);
static void walk(struct pravega_predecessor_check *check);

static pravega_segment_id predecessor_in_hand(const struct pravega_predecessor_check *check)
{
    return check->successors[check->successor_at].predecessors[check->predecessor_at];
}

/* The predecessor in hand is lost. */
static void take_out(struct pravega_predecessor_check *check)
{
    struct pravega_successor *successor = &check->successors[check->successor_at];
    int64_t *predecessors = (int64_t *)(uintptr_t)successor->predecessors; /* the caller's, not constant to it */
    size_t after = successor->predecessor_count - check->predecessor_at - 1;

    memmove(&predecessors[check->predecessor_at], &predecessors[check->predecessor_at + 1],
            after * sizeof(*predecessors));
    successor->predecessor_count--;
}

static void end_walk(struct pravega_predecessor_check *check, bool is_lost)
{
    free(check->line);
    check->line = NULL;
    if (is_lost)
        take_out(check);
    else
        check->predecessor_at++;
    look_on(check);
}

static bool has_ancestor(const struct pravega_predecessor_check *check)
{
    for (size_t i = 0; i < check->line_count; i++) {
        if (is_known(check, check->line[i].id))
            return true;
    }
    return false;
}

/* Whether `segment` of the epoch is the segment in hand, in its own epoch, or goes before the line, in an earlier one.
 */
static bool is_of_line(const struct pravega_predecessor_check *check, const struct pravega_segment_range *segment)
{
    if (check->line == NULL)
        return segment->id == predecessor_in_hand(check);
    for (size_t i = 0; i < check->line_count; i++) {
        if (segment->min_key < check->line[i].max_key && check->line[i].min_key < segment->max_key)
            return true;
    }
    return false;
}

static void on_epoch(void *arg, enum weir_status status, const struct pravega_segment_range *ranges, size_t count,
                     const struct weir_error *why)
{
    struct pravega_predecessor_check *check = arg;
    struct pravega_segment_range *line;
    size_t line_count = 0;

    if (status != WEIR_OK) {
        finish(check, status, why);
        return;
    }
    line = calloc(count + 1, sizeof(*line));
    if (line == NULL) {
        finish_nomem(check);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_of_line(check, &ranges[i]))
            line[line_count++] = ranges[i];
    }
    free(check->line);
    check->line = line;
    check->line_count = line_count;
    check->epoch--;
    walk(check);
}

static void walk(struct pravega_predecessor_check *check)
{
    if (check->line != NULL && has_ancestor(check))
        end_walk(check, false);
    else if (check->line != NULL && (check->epoch < check->epoch_min || check->epoch < 0))
        end_walk(check, true);
    else
        pravega_controller_epoch_segments(&check->call, check->client,
                                          &(struct pravega_stream_name){check->scope, check->stream}, check->epoch,
                                          on_epoch, check);
}

/* To the next predecessor that is missing. A successor that waits already knows what it waits for. */
static void look_on(struct pravega_predecessor_check *check)
{
    struct weir_error none = {0};

    for (; check->successor_at < check->successor_count; check->successor_at++, check->predecessor_at = 0) {
        const struct pravega_successor *successor = &check->successors[check->successor_at];

        if (is_known(check, successor->range.id))
            continue;
        while (check->predecessor_at < successor->predecessor_count && is_known(check, predecessor_in_hand(check)))
            check->predecessor_at++;
        if (check->predecessor_at < successor->predecessor_count) {
            check->epoch = pravega_segment_epoch(predecessor_in_hand(check));
            walk(check);
            return;
        }
    }
    finish(check, WEIR_OK, &none);
}

void pravega_predecessor_check_start(struct pravega_predecessor_check *check, struct pravega_client *client,
                                     const struct pravega_group_state *state,
                                     const struct pravega_position_entry *subject, struct pravega_successor *successors,
                                     size_t successor_count, pravega_done_fn *done, void *arg)
{
    *check = (struct pravega_predecessor_check){.client = client,
                                                .scope = strdup(subject->scope),
                                                .stream = strdup(subject->stream),
                                                .successors = successors,
                                                .successor_count = successor_count,
                                                .done = done,
                                                .arg = arg};
    if (check->scope == NULL || check->stream == NULL || !read_state(check, state))
        finish_nomem(check);
    else
        look_on(check);
}
