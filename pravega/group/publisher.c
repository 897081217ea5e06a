/*
 * publisher.c - one cut after the other to the controller, then the mark in the group's state.
 *
 * A cut of nothing but ends (-1) is refused by controllers of 0.13, so it is not sent: the stream's whole segments are
 * read, and their successors are in the next checkpoint. A refusal that asking again cannot change (the group was
 * reset, or the stream is gone) counts as an answer; after any other failure the checkpoint stays unpublished, and the
 * next round that a checkpoint makes tries again.
 */
#include "pravega/group/publisher.h"

#include <stdlib.h>

static void finish(struct pravega_publisher *publisher)
{
    pravega_stream_cuts_free(publisher->cuts, publisher->cut_count);
    publisher->cuts = NULL;
    publisher->cut_count = 0;
}

void pravega_publisher_cancel(struct pravega_publisher *publisher)
{
    pravega_call_cancel(&publisher->call);
    finish(publisher);
}

bool pravega_publisher_is_due(const struct pravega_publisher *publisher, const struct pravega_group_state *state)
{
    return publisher->cuts == NULL &&
           state->config.retention_type == PRAVEGA_DATA_RETENTION_AUTOMATIC_RELEASE_AT_LAST_CHECKPOINT &&
           pravega_group_state_last_checkpoint(state) != NULL && !state->checkpoints.last_published &&
           pravega_group_state_last_checkpoint(state)->count > 0;
}

/* ---- the mark ---- */

static bool is_last_checkpoint(const struct pravega_publisher *publisher, const struct pravega_group_state *state)
{
    struct pravega_stream_cut *cuts;
    size_t count;
    bool same;

    if (pravega_group_state_last_checkpoint(state) == NULL || state->checkpoints.last_published ||
        pravega_segment_map_cuts(pravega_group_state_last_checkpoint(state), &cuts, &count, NULL) != WEIR_OK)
        return false;
    same = count == publisher->cut_count;
    for (size_t i = 0; same && i < count; i++)
        same = pravega_stream_cut_equal(&cuts[i], &publisher->cuts[i]);
    pravega_stream_cuts_free(cuts, count);
    return same;
}

static enum weir_status propose_mark(void *arg, const void *state, struct pravega_updates *updates,
                                     struct weir_error *err)
{
    struct pravega_group_update update = {.kind = PRAVEGA_GROUP_UPDATE_CHECKPOINT_PUBLISHED, .flag = true};

    return is_last_checkpoint(arg, state) ? pravega_group_propose(updates, &update, err) : WEIR_OK;
}

static void on_marked(void *arg, enum weir_status status, const struct weir_error *why)
{
    (void)status;
    (void)why;
    finish(arg);
}

/* ---- the cuts ---- */

static void tell_next(struct pravega_publisher *publisher);

static bool is_final(enum weir_status status)
{
    return status == WEIR_E_NOT_FOUND || status == WEIR_E_CONFLICT || status == WEIR_E_INVAL;
}

static void on_told(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_publisher *publisher = arg;

    (void)why;
    if (status != WEIR_OK && !is_final(status)) {
        finish(publisher);
        return;
    }
    publisher->at++;
    tell_next(publisher);
}

static bool has_offset(const struct pravega_stream_cut *cut)
{
    for (size_t i = 0; i < cut->position_count; i++) {
        if (cut->positions[i].offset >= 0)
            return true;
    }
    return false;
}

static void tell_next(struct pravega_publisher *publisher)
{
    const struct pravega_stream_cut *cut;

    while (publisher->at < publisher->cut_count && !has_offset(&publisher->cuts[publisher->at]))
        publisher->at++;
    if (publisher->at == publisher->cut_count) {
        pravega_synchronizer_update(publisher->sync, propose_mark, on_marked, publisher);
        return;
    }
    cut = &publisher->cuts[publisher->at];
    pravega_controller_update_subscriber_cut(
        &publisher->call, publisher->client, &(struct pravega_stream_name){cut->scope, cut->stream}, &publisher->name,
        publisher->id, publisher->generation, cut->positions, cut->position_count, on_told, publisher);
}

void pravega_publisher_start(struct pravega_publisher *publisher, struct pravega_client *client,
                             struct pravega_synchronizer *sync, const struct pravega_group_name *name)
{
    const struct pravega_group_state *state = pravega_synchronizer_state(sync);

    if (!pravega_publisher_is_due(publisher, state) ||
        pravega_segment_map_cuts(pravega_group_state_last_checkpoint(state), &publisher->cuts, &publisher->cut_count,
                                 NULL) != WEIR_OK)
        return;
    publisher->client = client;
    publisher->sync = sync;
    publisher->name = *name;
    publisher->at = 0;
    publisher->id = (struct pravega_txn_id){state->config.id.msb, state->config.id.lsb};
    publisher->generation = state->config.generation;
    tell_next(publisher);
}
