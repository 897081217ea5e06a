/*
 * event_reader_round.c - a reader's round in its group: what the state says, what upkeep.c decides of it, and how it
 * ended.
 *
 *     timer, or a checkpoint that next() begins to record --> look --> act --> acted --> look ... --> rest (timer)
 *
 * One action is under way at a time. After a failure that can pass, the reader looks first what the group holds it to
 * own: the write that failed may have been stored.
 */
#include <stdlib.h>
#include <string.h>

#include "pravega/group/event_reader_int.h"

/* ---- what the state says ---- */

bool pravega_event_reader_owns_too_many(const struct pravega_event_reader *reader,
                                        const struct pravega_group_state *state)
{
    const struct pravega_group_reader *member = reader_member(reader, state);
    double others = state->unassigned.count > 1 ? (double)state->unassigned.count : 1.0;

    if (member == NULL || member->assigned.count <= 1)
        return false;
    return pravega_group_state_relative_size(state, reader->id) > pravega_group_state_relative_size_min(state) + others;
}

static enum pravega_pending pending_kind(const char *checkpoint)
{
    if (checkpoint == NULL)
        return PRAVEGA_PENDING_NONE;
    return pravega_checkpoint_is_silent(checkpoint) ? PRAVEGA_PENDING_SILENT : PRAVEGA_PENDING_LOUD;
}

static struct pravega_upkeep_facts look(const struct pravega_event_reader *reader,
                                        const struct pravega_group_state *state)
{
    const char *pending = pravega_group_state_pending_checkpoint(state, reader->id);

    return (struct pravega_upkeep_facts){
        .online = reader_member(reader, state) != NULL,
        .updating_config = state->updating_config,
        .pending = pending_kind(pending),
        .given = reader->checkpoint_is == CHECKPOINT_TO_GIVE || reader->checkpoint_is == CHECKPOINT_GIVEN,
        .checkpoint_ongoing = pravega_group_state_has_ongoing_checkpoint(state),
        .publish_due = pravega_publisher_is_due(&reader->publisher, state),
        .owns_too_many = pravega_event_reader_owns_too_many(reader, state),
        .reader_count = (int32_t)state->reader_count,
        .ranking = pravega_group_state_ranking(state, reader->id),
        .unassigned_count = state->unassigned.count,
        .sealed_count = reader->owned.sealed_count,
        .automatic_checkpoint_interval_ms = state->config.automatic_checkpoint_interval_ms,
        .group_refresh_time_ms = state->config.group_refresh_time_ms};
}

/* ---- what changes for next() ---- */

/* A checkpoint that was cancelled before next() gave it is not given. */
static void follow_checkpoints(struct pravega_event_reader *reader, const struct pravega_group_state *state)
{
    const char *pending = pravega_group_state_pending_checkpoint(state, reader->id);

    if (reader->checkpoint_is == CHECKPOINT_TO_GIVE && (pending == NULL || strcmp(pending, reader->checkpoint) != 0))
        reader->checkpoint_is = CHECKPOINT_NONE;
    if (reader->checkpoint_is == CHECKPOINT_RECORDING && !reader->upkeep.at_checkpoint)
        reader->checkpoint_is = CHECKPOINT_NONE;
}

static void follow_end(struct pravega_event_reader *reader, const struct pravega_group_state *state)
{
    reader->end_of_data = pravega_group_state_is_end_of_data(state);
    if (!reader->end_of_data)
        reader->said_end = false;
}

static bool give(struct pravega_event_reader *reader, const struct pravega_group_state *state)
{
    char *name = strdup(pravega_group_state_pending_checkpoint(state, reader->id));

    if (name == NULL)
        return false;
    free(reader->checkpoint);
    reader->checkpoint = name;
    reader->checkpoint_is = CHECKPOINT_TO_GIVE;
    return true;
}

/* ---- what is ours ---- */

/* Opens what the group holds to be ours and we do not read. */
static enum weir_status adopt(struct pravega_event_reader *reader, const struct pravega_group_state *state,
                              struct weir_error *err)
{
    const struct pravega_segment_map *assigned = &reader_member(reader, state)->assigned;

    for (size_t i = 0; i < assigned->count; i++) {
        const struct pravega_position_entry *entry = &assigned->entries[i];
        int64_t end_offset = PRAVEGA_OFFSET_UNBOUNDED;
        enum weir_status status;

        if (pravega_owned_find(&reader->owned, entry) != NULL)
            continue;
        pravega_group_state_end(state, entry, &end_offset);
        status = pravega_owned_add(&reader->owned, entry, end_offset, err);
        if (status != WEIR_OK)
            return status;
    }
    return WEIR_OK;
}

/* Lets go of what the group holds to be another's. */
static void let_go(struct pravega_event_reader *reader, const struct pravega_group_state *state)
{
    const struct pravega_segment_map *assigned = &reader_member(reader, state)->assigned;
    struct pravega_position_entry *places = pravega_owned_places(&reader->owned);
    size_t count = reader->owned.count;

    for (size_t i = 0; places != NULL && i < count; i++) {
        if (pravega_segment_map_find(assigned, &places[i]) == NULL)
            pravega_owned_remove(pravega_owned_find(&reader->owned, &places[i]));
    }
    free(places);
}

static bool changes_owners(enum pravega_upkeep_action action)
{
    return action == PRAVEGA_UPKEEP_ACQUIRE || action == PRAVEGA_UPKEEP_RELEASE || action == PRAVEGA_UPKEEP_COMPLETE;
}

static enum weir_status follow_owners(struct pravega_event_reader *reader, const struct pravega_group_state *state,
                                      struct weir_error *err)
{
    reader->unsure = false;
    if (reader_member(reader, state) == NULL)
        return WEIR_OK;
    let_go(reader, state);
    return adopt(reader, state, err);
}

/* ---- the round ---- */

static void follow_time(struct pravega_event_reader *reader, const struct pravega_group_state *state)
{
    for (size_t i = 0; i < reader->mark_count; i++)
        pravega_mark_reader_advance(&reader->marks[i], state);
}

/* Those that are done at once. False: it takes its time. */
static bool act_at_once(struct pravega_event_reader *reader, enum pravega_upkeep_action action,
                        const struct pravega_group_state *state)
{
    if (action == PRAVEGA_UPKEEP_PUBLISH)
        pravega_publisher_start(&reader->publisher, reader->client, reader->sync,
                                &(struct pravega_group_name){reader->scope, reader->group});
    else if (action != PRAVEGA_UPKEEP_GIVE)
        return false;
    else if (!give(reader, state))
        pravega_upkeep_failed(&reader->upkeep, weir_loop_now_ns(reader->loop));
    return true;
}

void pravega_event_reader_go(struct pravega_event_reader *reader)
{
    while (reader->stage == READER_ONLINE && reader->acting == PRAVEGA_UPKEEP_REST) {
        const struct pravega_group_state *state = reader_state(reader);
        int64_t now_ns = weir_loop_now_ns(reader->loop);
        enum pravega_upkeep_action action = PRAVEGA_UPKEEP_FETCH; /* without a state, before anything else */
        struct pravega_upkeep_facts facts;

        if (state != NULL) {
            follow_checkpoints(reader, state);
            facts = look(reader, state);
            action = pravega_upkeep_next(&reader->upkeep, &facts, now_ns);
            follow_checkpoints(reader, state);
        }
        if (action == PRAVEGA_UPKEEP_OFFLINE) {
            pravega_event_reader_stop(reader, WEIR_E_STATE,
                                      "the group was reset, or the reader declared offline: make a new one");
            return;
        }
        if (action == PRAVEGA_UPKEEP_REST) {
            weir_timer_start(reader->loop, &reader->timer, reader->upkeep.wake_ns - now_ns);
            break;
        }
        if (!act_at_once(reader, action, state))
            pravega_event_reader_act(reader, action);
        else
            pravega_upkeep_done(&reader->upkeep, action, true, &facts, now_ns);
    }
    pravega_event_reader_tell(reader);
}

void pravega_event_reader_on_timer(void *arg)
{
    pravega_event_reader_go(arg);
}

static bool can_pass(const struct weir_error *why)
{
    return weir_status_class(why->status) == WEIR_CLASS_RETRIABLE || why->status == WEIR_E_IO;
}

static void failed(struct pravega_event_reader *reader, const struct weir_error *why)
{
    int64_t now_ns = weir_loop_now_ns(reader->loop);

    if (why->status == WEIR_E_NOT_FOUND || why->status == WEIR_E_SEALED || why->status == WEIR_E_STATE) {
        pravega_event_reader_stop(reader, WEIR_E_NOT_FOUND, why->message);
    } else if (!can_pass(why)) {
        pravega_event_reader_stop(reader, why->status, why->message);
    } else {
        reader->unsure = true;
        pravega_upkeep_failed(&reader->upkeep, now_ns);
        weir_timer_start(reader->loop, &reader->timer, reader->upkeep.retry_ns - now_ns);
    }
}

static void succeeded(struct pravega_event_reader *reader, enum pravega_upkeep_action action)
{
    const struct pravega_group_state *state = reader_state(reader);
    struct weir_error err = {0};
    struct pravega_upkeep_facts facts;

    if (state == NULL) {
        pravega_event_reader_stop(reader, WEIR_E_NOT_FOUND, "the group has no state any more");
        return;
    }
    if ((changes_owners(action) || reader->unsure) && follow_owners(reader, state, &err) != WEIR_OK) {
        pravega_event_reader_stop(reader, err.status, err.message);
        return;
    }
    follow_end(reader, state);
    facts = look(reader, state);
    pravega_upkeep_done(&reader->upkeep, action, reader->did, &facts, weir_loop_now_ns(reader->loop));
    if (action == PRAVEGA_UPKEEP_LAG || (action == PRAVEGA_UPKEEP_ACQUIRE && reader->did))
        follow_time(reader, state);
    pravega_event_reader_go(reader);
}

void pravega_event_reader_acted(struct pravega_event_reader *reader, enum weir_status status,
                                const struct weir_error *why)
{
    enum pravega_upkeep_action action = reader->acting;

    reader->acting = PRAVEGA_UPKEEP_REST;
    if (reader->stage != READER_ONLINE)
        return;
    if (status == WEIR_OK)
        succeeded(reader, action);
    else
        failed(reader, why);
}
