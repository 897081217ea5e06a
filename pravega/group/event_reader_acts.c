/*
 * event_reader_acts.c - the actions of a reader's round that take time: looks and proposals at the synchronizer, and
 * questions to the controller before some of them.
 *
 * A proposal is made from the state alone and made again after a conflict, so each looks anew whether its reason still
 * holds, as upstream's do. Where the reader is not online any more nothing is proposed; the round sees it then.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "pravega/group/event_reader_int.h"
#include "pravega/names.h"

#define COMPACT_CHANCE 0.05
#define COMPACT_BYTES (INT64_C(512) << 10)
#define WALL_CLOCK_MS (INT64_C(1) << 38) /* nearly nine years: no reader is so far behind */

static void on_acted(void *arg, enum weir_status status, const struct weir_error *why)
{
    pravega_event_reader_acted(arg, status, why);
}

static void propose(struct pravega_event_reader *reader, pravega_propose_fn *fn)
{
    reader->did = false;
    pravega_synchronizer_update(reader->sync, fn, on_acted, reader);
}

/* Adds an update with the reader's places. */
static enum weir_status propose_places(struct pravega_event_reader *reader, struct pravega_group_update *update,
                                       struct pravega_updates *updates, struct weir_error *err)
{
    struct pravega_position_entry *places = pravega_owned_places(&reader->owned);
    enum weir_status status;

    if (places == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for the position of reader %s", reader->id);
    update->reader = reader->id;
    update->positions = places;
    update->position_count = reader->owned.count;
    status = pravega_group_propose(updates, update, err);
    free(places);
    return status;
}

/* A proposal that is made again after the reader has stopped, or is leaving, comes to nothing. */
static bool takes_part(const struct pravega_event_reader *reader, const struct pravega_group_state *state)
{
    return reader->stage == READER_ONLINE && reader_member(reader, state) != NULL;
}

static bool is_held_up(const struct pravega_event_reader *reader, const struct pravega_group_state *state)
{
    return !takes_part(reader, state) || pravega_group_state_pending_checkpoint(state, reader->id) != NULL;
}

/* ---- fetch, and compact now and then ---- */

static void on_compacted(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct weir_error none = {0};

    (void)status; /* somebody will do it */
    (void)why;
    pravega_event_reader_acted(arg, WEIR_OK, &none);
}

static enum weir_status snapshot(void *arg, const void *state, struct weir_buf *object, struct weir_error *err)
{
    (void)arg;
    (void)err;
    pravega_group_state_snapshot(state, object);
    return WEIR_OK;
}

static void on_size(void *arg, enum weir_status status, int64_t bytes, const struct weir_error *why)
{
    struct pravega_event_reader *reader = arg;

    if (status == WEIR_OK && bytes > COMPACT_BYTES)
        pravega_synchronizer_compact(reader->sync, snapshot, on_compacted, reader);
    else
        on_compacted(reader, status, why);
}

static void on_fetched(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_event_reader *reader = arg;

    if (status == WEIR_OK && weir_rng_double(&reader->client->rng) < COMPACT_CHANCE)
        pravega_synchronizer_bytes_since_compaction(reader->sync, on_size, reader);
    else
        pravega_event_reader_acted(reader, status, why);
}

/* ---- another configuration ---- */

static enum weir_status propose_config(void *arg, const void *state, struct pravega_updates *updates,
                                       struct weir_error *err)
{
    struct pravega_event_reader *reader = arg;
    const struct pravega_group_state *now = state;

    (void)err;
    if (takes_part(reader, now) && now->config.generation < reader->init_generation)
        pravega_updates_add(updates, weir_buf_view(&reader->init));
    return WEIR_OK;
}

static void on_start_known(void *arg, enum weir_status status, struct weir_view init, const struct weir_error *why)
{
    struct pravega_event_reader *reader = arg;

    if (status != WEIR_OK) {
        pravega_event_reader_acted(reader, status, why);
        return;
    }
    weir_buf_reset(&reader->init);
    weir_buf_append(&reader->init, init.ptr, init.len);
    if (reader->init.status != WEIR_OK) {
        struct weir_error err = {0};

        weir_fail(&err, reader->init.status, "no room for the new state of the group");
        pravega_event_reader_acted(reader, err.status, &err);
        return;
    }
    propose(reader, propose_config);
}

static void on_record(void *arg, enum weir_status status, const struct pravega_group_record *record,
                      const struct weir_error *why)
{
    struct pravega_event_reader *reader = arg;
    struct pravega_group_config config = {0};
    struct weir_error err = *why;

    if (status == WEIR_OK)
        status = pravega_group_config_from_user(&config, &record->config, &err);
    if (status != WEIR_OK) {
        pravega_event_reader_acted(reader, status, &err);
        return;
    }
    config.id = (struct weir_uuid){record->id.msb, record->id.lsb};
    config.generation = reader->init_generation = record->generation;
    pravega_group_start(&reader->start, reader->client, &config, on_start_known, reader);
    pravega_group_config_fini(&config);
}

/* ---- checkpoints ---- */

static enum weir_status propose_record_of(struct pravega_event_reader *reader, const char *checkpoint,
                                          const struct pravega_group_state *state, struct pravega_updates *updates,
                                          struct weir_error *err)
{
    struct pravega_group_update update = {.kind = PRAVEGA_GROUP_CHECKPOINT_READER, .checkpoint = checkpoint};
    const char *pending = pravega_group_state_pending_checkpoint(state, reader->id);

    if (!takes_part(reader, state) || pending == NULL || strcmp(pending, checkpoint) != 0)
        return WEIR_OK; /* it was cancelled, or is recorded */
    return propose_places(reader, &update, updates, err);
}

static enum weir_status propose_record(void *arg, const void *state, struct pravega_updates *updates,
                                       struct weir_error *err)
{
    struct pravega_event_reader *reader = arg;

    return propose_record_of(reader, reader->checkpoint, state, updates, err);
}

static enum weir_status propose_record_silent(void *arg, const void *state, struct pravega_updates *updates,
                                              struct weir_error *err)
{
    struct pravega_event_reader *reader = arg;
    const char *pending = pravega_group_state_pending_checkpoint(state, reader->id);

    if (pending == NULL || !pravega_checkpoint_is_silent(pending))
        return WEIR_OK;
    return propose_record_of(reader, pending, state, updates, err);
}

static enum weir_status propose_checkpoint(void *arg, const void *state, struct pravega_updates *updates,
                                           struct weir_error *err)
{
    struct pravega_event_reader *reader = arg;
    struct weir_rng *rng = &reader->client->rng;
    struct pravega_txn_id id = {weir_rng_next(rng), weir_rng_next(rng)};
    char name[37];
    struct pravega_group_update create = {.kind = PRAVEGA_GROUP_CREATE_CHECKPOINT, .checkpoint = name};
    struct pravega_group_update clear = {.kind = PRAVEGA_GROUP_CLEAR_CHECKPOINTS_BEFORE, .checkpoint = name};
    enum weir_status status;

    if (pravega_group_state_has_ongoing_checkpoint(state) || !takes_part(reader, state))
        return WEIR_OK;
    pravega_txn_id_text(id, name);
    status = pravega_group_propose(updates, &create, err);
    return status == WEIR_OK ? pravega_group_propose(updates, &clear, err) : status;
}

/* ---- lag ---- */

/* Java readers tell their wall clock for a lag. Who shares a group with one does as they do, for what is weighed
 * against that would count as nothing, and all segments would gather there. */
static int64_t lag_ms(struct pravega_event_reader *reader, const struct pravega_group_state *state)
{
    for (size_t i = 0; i < state->distance_count; i++) {
        const struct pravega_group_distance *distance = &state->distances[i];

        if (distance->distance_ms > WALL_CLOCK_MS && distance->distance_ms != INT64_MAX &&
            strcmp(distance->reader, reader->id) != 0 && pravega_group_state_reader(state, distance->reader) != NULL)
            return weir_loop_wall_ms(reader->loop);
    }
    return pravega_owned_lag_ms(&reader->owned, weir_loop_now_ns(reader->loop));
}

static enum weir_status propose_lag(struct pravega_event_reader *reader, const struct pravega_group_state *state,
                                    struct pravega_updates *updates, struct weir_error *err)
{
    struct pravega_group_update update = {.kind = PRAVEGA_GROUP_UPDATE_DISTANCE_TO_TAIL,
                                          .distance_ms = lag_ms(reader, state)};

    return propose_places(reader, &update, updates, err);
}

/* Upstream compacts after the looks of its fetch timer only, which each lag starts anew: in a group of one or two
 * readers it never ends, and the log grows for ever. So this look counts, too. */
static void on_lag_written(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_event_reader *reader = arg;

    if (status != WEIR_OK)
        pravega_event_reader_acted(reader, status, why);
    else
        pravega_synchronizer_fetch(reader->sync, on_fetched, reader);
}

static void tell_lag(struct pravega_event_reader *reader)
{
    struct pravega_position_entry *places = pravega_owned_places(&reader->owned);
    struct pravega_group_update update = {.kind = PRAVEGA_GROUP_UPDATE_DISTANCE_TO_TAIL,
                                          .reader = reader->id,
                                          .positions = places,
                                          .position_count = places != NULL ? reader->owned.count : 0,
                                          .distance_ms = lag_ms(reader, reader_state(reader))};
    struct weir_buf bytes;

    weir_buf_init(&bytes, PRAVEGA_EVENT_LEN_MAX);
    pravega_group_update_to_bytes(&update, &bytes);
    pravega_synchronizer_update_unconditionally(reader->sync, weir_buf_view(&bytes), on_lag_written, reader);
    weir_buf_fini(&bytes);
    free(places);
}

/* ---- acquire and release ---- */

/* A fair share of the segments, or of those that nobody has; one at least. */
static size_t acquire_count(const struct pravega_group_state *state, size_t owned)
{
    size_t unassigned = state->unassigned.count;
    long fair =
        (long)((float)pravega_group_state_segment_count(state) / (float)state->reader_count + 0.5F) - (long)owned;
    size_t share = unassigned / state->reader_count;

    if (fair > (long)unassigned)
        fair = (long)unassigned;
    if (fair > (long)share)
        share = (size_t)fair;
    return share > 1 ? share : 1;
}

static enum weir_status propose_acquire(void *arg, const void *state, struct pravega_updates *updates,
                                        struct weir_error *err)
{
    struct pravega_event_reader *reader = arg;
    const struct pravega_group_state *now = state;
    enum weir_status status = WEIR_OK;
    size_t count;

    reader->did = false;
    if (is_held_up(reader, now) || now->unassigned.count == 0)
        return WEIR_OK;
    count = acquire_count(now, reader_member(reader, now)->assigned.count);
    for (size_t i = 0; i < count && status == WEIR_OK; i++) {
        struct pravega_group_update update = {
            .kind = PRAVEGA_GROUP_ACQUIRE_SEGMENT, .reader = reader->id, .segment = now->unassigned.entries[i]};

        status = pravega_group_propose(updates, &update, err);
    }
    reader->did = true;
    return status == WEIR_OK ? propose_lag(reader, now, updates, err) : status;
}

/* Of the segments that are the reader's by the state, the one that its own hash puts last; each reader's is another. */
static const struct pravega_position_entry *segment_to_release(const struct pravega_event_reader *reader,
                                                               const struct pravega_group_state *state)
{
    const struct pravega_group_reader *member = reader_member(reader, state);
    uint64_t seed = (uint64_t)(int64_t)weir_java_string_hash(weir_view_str(reader->id));
    const struct pravega_position_entry *last = NULL;
    double last_hash = -1;

    for (size_t i = 0; i < member->assigned.count; i++) {
        const struct pravega_position_entry *entry = &member->assigned.entries[i];
        char name[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1];
        double hash;

        if (pravega_segment_name(&(struct pravega_stream_name){entry->scope, entry->stream}, entry->segment, name,
                                 sizeof(name)) < 0)
            continue;
        hash = pravega_seeded_hash(weir_view_str(name), seed);
        if (hash > last_hash) {
            last = entry;
            last_hash = hash;
        }
    }
    return last;
}

static enum weir_status propose_release(void *arg, const void *state, struct pravega_updates *updates,
                                        struct weir_error *err)
{
    struct pravega_event_reader *reader = arg;
    const struct pravega_group_state *now = state;
    struct pravega_group_update update = {.kind = PRAVEGA_GROUP_RELEASE_SEGMENT, .reader = reader->id};
    const struct pravega_position_entry *candidate;
    const struct pravega_owned_segment *segment;
    enum weir_status status;

    reader->did = false;
    if (is_held_up(reader, now) || !pravega_event_reader_owns_too_many(reader, now))
        return WEIR_OK;
    candidate = segment_to_release(reader, now);
    segment = candidate != NULL ? pravega_owned_find(&reader->owned, candidate) : NULL;
    if (segment == NULL || pravega_owned_is_sealed(segment))
        return WEIR_OK;
    update.segment = pravega_owned_place(segment);
    reader->did = true;
    status = pravega_group_propose(updates, &update, err);
    return status == WEIR_OK ? propose_lag(reader, now, updates, err) : status;
}

/* ---- a segment's end ---- */

void pravega_event_reader_drop_successors(struct pravega_event_reader *reader)
{
    for (size_t i = 0; i < reader->successor_count; i++)
        free((void *)(uintptr_t)reader->successors[i].predecessors);
    free(reader->successors);
    reader->successors = NULL;
    reader->successor_count = 0;
}

static bool keep_successors(struct pravega_event_reader *reader, const struct pravega_successor *successors,
                            size_t count)
{
    pravega_event_reader_drop_successors(reader);
    if (count == 0)
        return true;
    reader->successors = calloc(count, sizeof(*reader->successors));
    if (reader->successors == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        size_t len = successors[i].predecessor_count * sizeof(*successors[i].predecessors);
        int64_t *predecessors = malloc(len > 0 ? len : 1);

        if (predecessors == NULL)
            return false;
        if (len > 0)
            memcpy(predecessors, successors[i].predecessors, len);
        reader->successors[i] = successors[i];
        reader->successors[i].predecessors = predecessors;
        reader->successor_count++;
    }
    return true;
}

static enum weir_status propose_completed(void *arg, const void *state, struct pravega_updates *updates,
                                          struct weir_error *err)
{
    struct pravega_event_reader *reader = arg;
    const struct pravega_group_state *now = state;
    struct pravega_group_update update = {.kind = PRAVEGA_GROUP_SEGMENT_COMPLETED,
                                          .reader = reader->id,
                                          .segment = reader->subject,
                                          .successors = reader->successors,
                                          .successor_count = reader->successor_count};

    reader->did = false;
    if (is_held_up(reader, now))
        return WEIR_OK;
    reader->did = true; /* or it was done before, by a write whose answer was lost */
    if (pravega_segment_map_find(&reader_member(reader, now)->assigned, &reader->subject) == NULL)
        return WEIR_OK;
    return pravega_group_propose(updates, &update, err);
}

static void on_checked(void *arg, enum weir_status status, const struct weir_error *why)
{
    if (status == WEIR_OK)
        propose(arg, propose_completed);
    else
        pravega_event_reader_acted(arg, status, why);
}

static void on_successors(void *arg, enum weir_status status, const struct pravega_successor *successors, size_t count,
                          const struct weir_error *why)
{
    struct pravega_event_reader *reader = arg;

    if (status == WEIR_OK && !keep_successors(reader, successors, count)) {
        struct weir_error err = {0};

        status = weir_fail(&err, WEIR_E_NOMEM, "no memory for a segment's successors");
        pravega_event_reader_acted(reader, status, &err);
    } else if (status != WEIR_OK) {
        pravega_event_reader_acted(reader, status, why);
    } else {
        pravega_predecessor_check_start(&reader->check, reader->client, reader_state(reader), &reader->subject,
                                        reader->successors, reader->successor_count, on_checked, reader);
    }
}

static void complete(struct pravega_event_reader *reader)
{
    int64_t end_offset;

    reader->subject = pravega_owned_place(pravega_owned_sealed(&reader->owned));
    pravega_event_reader_drop_successors(reader);
    if (pravega_group_state_end(reader_state(reader), &reader->subject, &end_offset))
        propose(reader, propose_completed);
    else
        pravega_controller_successors(&reader->call, reader->client,
                                      &(struct pravega_stream_name){reader->subject.scope, reader->subject.stream},
                                      reader->subject.segment, on_successors, reader);
}

/* ---- all of them ---- */

void pravega_event_reader_cancel_act(struct pravega_event_reader *reader)
{
    pravega_call_cancel(&reader->call);
    pravega_group_start_cancel(&reader->start);
    pravega_predecessor_check_cancel(&reader->check);
}

void pravega_event_reader_act(struct pravega_event_reader *reader, enum pravega_upkeep_action action)
{
    reader->acting = action;
    switch (action) {
    case PRAVEGA_UPKEEP_FETCH:
        pravega_synchronizer_fetch(reader->sync, on_fetched, reader);
        break;
    case PRAVEGA_UPKEEP_CONFIG:
        pravega_controller_get_group(&reader->call, reader->client,
                                     &(struct pravega_group_name){reader->scope, reader->group}, on_record, reader);
        break;
    case PRAVEGA_UPKEEP_RECORD:
        propose(reader, propose_record);
        break;
    case PRAVEGA_UPKEEP_RECORD_SILENT:
        propose(reader, propose_record_silent);
        break;
    case PRAVEGA_UPKEEP_COMPLETE:
        complete(reader);
        break;
    case PRAVEGA_UPKEEP_RELEASE:
        propose(reader, propose_release);
        break;
    case PRAVEGA_UPKEEP_CREATE_CHECKPOINT:
        propose(reader, propose_checkpoint);
        break;
    case PRAVEGA_UPKEEP_ACQUIRE:
        propose(reader, propose_acquire);
        break;
    case PRAVEGA_UPKEEP_LAG:
        tell_lag(reader);
        break;
    case PRAVEGA_UPKEEP_REST:
    case PRAVEGA_UPKEEP_PUBLISH:
    case PRAVEGA_UPKEEP_GIVE:
    case PRAVEGA_UPKEEP_OFFLINE:
        break;
    }
}
