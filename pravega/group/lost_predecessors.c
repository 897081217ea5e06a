/*
 * lost_predecessors.c - a missing predecessor is lost unless a segment that is older than it, of keys of its, is still
 * to be read: then the group has not come to it yet.
 *
 * Key ranges decide that. The state does not know all of them, so the controller is asked for the epochs in which the
 * segments began, one after the other.
 */
#include "pravega/group/lost_predecessors.h"

#include <stdlib.h>
#include <string.h>

static void finish(struct pravega_predecessor_check *check, enum weir_status status, const struct weir_error *why)
{
    pravega_done_fn *done = check->done;

    free(check->scope);
    free(check->stream);
    free(check->segments);
    check->scope = check->stream = NULL;
    check->segments = NULL;
    check->done = NULL;
    done(check->arg, status, why);
}

static void ignore_end(void *arg, enum weir_status status, const struct weir_error *why)
{
    (void)arg;
    (void)status;
    (void)why;
}

void pravega_predecessor_check_cancel(struct pravega_predecessor_check *check)
{
    if (check->done == NULL)
        return;
    pravega_call_cancel(&check->call);
    check->done = ignore_end;
    finish(check, WEIR_E_CANCELLED, NULL);
}

/* ---- what the state knows ---- */

static struct pravega_known_segment *find_known(const struct pravega_predecessor_check *check, pravega_segment_id id)
{
    for (size_t i = 0; i < check->segment_count; i++) {
        if (check->segments[i].range.id == id)
            return &check->segments[i];
    }
    return NULL;
}

static void add_known(struct pravega_predecessor_check *check, const struct pravega_position_entry *entry)
{
    if (strcmp(entry->scope, check->scope) == 0 && strcmp(entry->stream, check->stream) == 0)
        check->segments[check->segment_count++] =
            (struct pravega_known_segment){{entry->segment, entry->min_key, entry->max_key}, false};
}

static void add_map(struct pravega_predecessor_check *check, const struct pravega_segment_map *map)
{
    for (size_t i = 0; i < map->count; i++)
        add_known(check, &map->entries[i]);
}

static void add_state(struct pravega_predecessor_check *check, const struct pravega_group_state *state)
{
    add_map(check, &state->unassigned);
    for (size_t i = 0; i < state->reader_count; i++)
        add_map(check, &state->readers[i].assigned);
    for (size_t i = 0; i < state->future_count; i++)
        add_known(check, &state->future[i].segment);
}

/* One that waits already knows what it waits for. */
static bool waits_already(const struct pravega_predecessor_check *check, const struct pravega_successor *successor)
{
    return find_known(check, successor->range.id) != NULL;
}

/* @return whether there are any */
static bool add_missing(struct pravega_predecessor_check *check)
{
    bool any = false;

    for (size_t i = 0; i < check->successor_count; i++) {
        const struct pravega_successor *successor = &check->successors[i];

        for (size_t k = 0; k < successor->predecessor_count && !waits_already(check, successor); k++) {
            if (find_known(check, successor->predecessors[k]) != NULL)
                continue;
            check->segments[check->segment_count++] =
                (struct pravega_known_segment){{successor->predecessors[k], -1, -1}, true};
            any = true;
        }
    }
    return any;
}

static size_t room_needed(const struct pravega_predecessor_check *check, const struct pravega_group_state *state)
{
    size_t room = pravega_group_state_segment_count(state) + state->future_count + 1;

    for (size_t i = 0; i < check->successor_count; i++)
        room += check->successors[i].predecessor_count;
    return room;
}

/* ---- what is lost ---- */

static bool is_lost(const struct pravega_predecessor_check *check, const struct pravega_known_segment *missing)
{
    for (size_t i = 0; i < check->segment_count; i++) {
        const struct pravega_known_segment *other = &check->segments[i];

        if (!other->is_missing && other->range.id < missing->range.id &&
            other->range.min_key < missing->range.max_key && missing->range.min_key < other->range.max_key)
            return false;
    }
    return true;
}

static void take_out(struct pravega_successor *successor, pravega_segment_id id)
{
    int64_t *predecessors = (int64_t *)(uintptr_t)successor->predecessors; /* they are the caller's, not constant */
    size_t kept = 0;

    for (size_t i = 0; i < successor->predecessor_count; i++) {
        if (predecessors[i] != id)
            predecessors[kept++] = predecessors[i];
    }
    successor->predecessor_count = kept;
}

static void take_out_lost(struct pravega_predecessor_check *check)
{
    for (size_t i = 0; i < check->segment_count; i++) {
        if (!check->segments[i].is_missing || !is_lost(check, &check->segments[i]))
            continue;
        for (size_t k = 0; k < check->successor_count; k++)
            take_out(&check->successors[k], check->segments[i].range.id);
    }
}

/* ---- key ranges ---- */

static void ask_for_ranges(struct pravega_predecessor_check *check);

static void on_epoch(void *arg, enum weir_status status, const struct pravega_segment_range *ranges, size_t count,
                     const struct weir_error *why)
{
    struct pravega_predecessor_check *check = arg;
    bool news = false;

    for (size_t i = 0; i < count; i++) {
        struct pravega_known_segment *known = find_known(check, ranges[i].id);

        news = news || (known != NULL && known->range.min_key < 0);
        if (known != NULL)
            known->range = ranges[i];
    }
    if (status == WEIR_OK && !news) {
        struct weir_error err = {0};

        status =
            weir_fail(&err, WEIR_E_PROTO, "the controller does not know the segments of stream %s/%s that it named",
                      check->scope, check->stream);
        finish(check, status, &err);
    } else if (status != WEIR_OK) {
        finish(check, status, why);
    } else {
        ask_for_ranges(check);
    }
}

static void ask_for_ranges(struct pravega_predecessor_check *check)
{
    struct pravega_stream_name stream = {check->scope, check->stream};
    struct weir_error none = {0};

    for (size_t i = 0; i < check->segment_count; i++) {
        if (check->segments[i].range.min_key < 0) {
            pravega_controller_epoch_segments(&check->call, check->client, &stream,
                                              pravega_segment_epoch(check->segments[i].range.id), on_epoch, check);
            return;
        }
    }
    take_out_lost(check);
    finish(check, WEIR_OK, &none);
}

void pravega_predecessor_check_start(struct pravega_predecessor_check *check, struct pravega_client *client,
                                     const struct pravega_group_state *state,
                                     const struct pravega_position_entry *subject, struct pravega_successor *successors,
                                     size_t successor_count, pravega_done_fn *done, void *arg)
{
    struct weir_error err = {0};

    *check = (struct pravega_predecessor_check){.client = client,
                                                .scope = strdup(subject->scope),
                                                .stream = strdup(subject->stream),
                                                .successors = successors,
                                                .successor_count = successor_count,
                                                .done = done,
                                                .arg = arg};
    check->segments = calloc(room_needed(check, state), sizeof(*check->segments));
    if (check->scope == NULL || check->stream == NULL || check->segments == NULL) {
        weir_fail(&err, WEIR_E_NOMEM, "no memory for the segments of a stream");
        finish(check, err.status, &err);
        return;
    }
    add_state(check, state);
    if (add_missing(check))
        ask_for_ranges(check);
    else
        finish(check, WEIR_OK, &err);
}
