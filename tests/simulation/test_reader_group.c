/*
 * test_reader_group.c - readers of one group come, go and die, while the stream is scaled, checkpoints are made, the
 * group is reset, connections are cut and the store crashes.
 *
 * The driver writes, scales and minds the group; each reader lives on a host of its own. What the readers are given is
 * held against the ledger (group_ledger.h, with the rules). In the end all faults stop, everything is read, the stream
 * is sealed, and each reader has to see the end.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group_ledger.h"
#include "pravega/reader_group.h"
#include "pravega/streams.h"
#include "pravega/writer.h"
#include "world.h"

#define SLOTS 4
#define STREAM "events"
#define GROUP "readers"
#define PLAY_NS (60 * WEIR_NS_PER_S)
#define TURN_NS (50 * WEIR_NS_PER_MS)
#define REST_NS (1200 * WEIR_NS_PER_S)

static const struct pravega_stream_name stream = {SCOPE, STREAM};
static const struct pravega_group_name group = {SCOPE, GROUP};

/* What may happen to the readers besides coming and going. */
struct drama {
    bool deaths, resets;
};

struct trial;

enum slot_state { SLOT_EMPTY, SLOT_JOINING, SLOT_READING, SLOT_LEAVING, SLOT_GONE };

/* A reader's place: one host, one reader at a time. */
struct slot {
    struct trial *trial;
    enum slot_state state;
    struct weir_host *host;
    struct weir_loop *loop;
    struct pravega_client *client;
    struct pravega_event_reader *reader;
    struct group_life life;
    bool is_old; /* it began before the last reset: what it is still given does not count */
    bool at_end;
    bool is_unsure; /* it may be a member that nobody knows of */
    struct weir_timer timer;
    bool is_fetching; /* an event that it was given, again */
    uint8_t fetched[GROUP_EVENT_LEN];
    char name[16], disk[16];
};

struct trial {
    struct world world;
    struct drama drama;
    struct group_ledger ledger;
    struct slot slots[SLOTS];
    int lives;
    struct pravega_reader_group *group, *minder; /* calls of one run one after the other: a checkpoint waits long */
    struct pravega_reader_group *opened;
    struct pravega_writer *writer;
    struct pravega_segment_range current[16]; /* the stream's segments that take writes, by their keys */
    size_t current_count;
    bool minding; /* a call on the group, or a scale, is under way */
    bool checkpointing;
    int checkpoint_count;
    int resets, checkpoint_resets;        /* so many had been when the checkpoint began */
    struct pravega_checkpoint checkpoint; /* the last complete one */
    bool stopping;
    struct outcome outcome;
};

static uint64_t one_of(const struct trial *trial, uint64_t n)
{
    return pick(&trial->world, n);
}

static void tell(const struct trial *trial, const char *what, const char *whom)
{
    seed_tell(trial->world.run, world_now(&trial->world), "%s %s", whom, what);
}

static bool store_is_due(void *arg)
{
    struct trial *trial = arg;

    return fate_due(&trial->world, &trial->world.store_fate, trial->world.store_host != NULL);
}

/* The store lives and dies on meanwhile. */
static void step(struct trial *trial, int64_t time_ns)
{
    if (weir_sim_run(trial->world.sim, store_is_due, trial, time_ns))
        store_turn(&trial->world, 2 * WEIR_NS_PER_S);
}

static void await_outcome(struct trial *trial, const struct outcome *outcome, const char *what)
{
    int64_t limit_ns = world_now(&trial->world) + REST_NS;

    while (!outcome->over && !seed_failed(trial->world.run)) {
        step(trial, TURN_NS);
        if (world_now(&trial->world) > limit_ns)
            seed_fail(trial->world.run, "%s: not done within %d s", what, (int)(REST_NS / WEIR_NS_PER_S));
    }
}

/* --- readers ---------------------------------------------------------------------------------------------------- */

static void read_some(void *arg);

static void read_later(struct slot *slot)
{
    weir_timer_start(slot->loop, &slot->timer, (int64_t)one_of(slot->trial, 300 * WEIR_NS_PER_MS));
}

/* Anything but an event. Returns whether reading goes on. */
static bool take_status(struct slot *slot, enum weir_status status, const struct weir_error *err)
{
    switch (status) {
    case WEIR_E_AGAIN:
        return false;
    case WEIR_E_END:
        slot->at_end = true;
        return false;
    case WEIR_E_STATE:
        if (!slot->is_old)
            seed_fail(slot->trial->world.run, "%s is offline: %s", slot->life.id, err->message);
        slot->state = SLOT_GONE;
        return false;
    default:
        seed_fail(slot->trial->world.run, "%s reads %s: %s", slot->life.id, weir_status_name(status), err->message);
        return false;
    }
}

static void on_fetched(void *arg, enum weir_status status, struct weir_view payload, const struct weir_error *why)
{
    struct slot *slot = arg;

    slot->is_fetching = false;
    if (status == WEIR_OK && (payload.len != GROUP_EVENT_LEN || memcmp(payload.ptr, slot->fetched, payload.len) != 0))
        seed_fail(slot->trial->world.run, "%s fetches another event", slot->life.id);
    else if (status != WEIR_OK && weir_status_class(status) != WEIR_CLASS_RETRIABLE)
        seed_fail(slot->trial->world.run, "%s fetches no event: %s", slot->life.id, why->message);
}

static void take_event(struct slot *slot, const struct pravega_event_read *event)
{
    group_ledger_given(&slot->trial->ledger, &slot->life, event);
    if (slot->is_fetching || event->payload.len != GROUP_EVENT_LEN || one_of(slot->trial, 100) > 0)
        return;
    slot->is_fetching = true;
    memcpy(slot->fetched, event->payload.ptr, GROUP_EVENT_LEN);
    pravega_event_fetch(slot->client, &event->pointer, on_fetched, slot);
}

static void read_some(void *arg)
{
    struct slot *slot = arg;
    uint64_t budget = 1 + one_of(slot->trial, 60);

    while (slot->state == SLOT_READING) {
        struct pravega_event_read event;
        struct weir_error err = {0};
        enum weir_status status;

        if (budget-- == 0) {
            read_later(slot);
            return;
        }
        status = pravega_event_reader_next(slot->reader, &event, &err);
        if (status != WEIR_OK) {
            if (!take_status(slot, status, &err))
                return;
        } else if (event.kind == PRAVEGA_READ_EVENT && !slot->is_old) {
            take_event(slot, &event);
        }
    }
}

static void on_ready(void *arg)
{
    struct slot *slot = arg;

    if (!weir_timer_armed(&slot->timer))
        read_some(slot);
}

static void on_joined(void *arg, enum weir_status status, struct pravega_event_reader *reader,
                      const struct weir_error *why)
{
    struct slot *slot = arg;

    if (status != WEIR_OK) { /* the store was down; who knows whether it is a member */
        if (weir_status_class(status) != WEIR_CLASS_RETRIABLE)
            seed_fail(slot->trial->world.run, "%s does not join: %s", slot->life.id, why->message);
        slot->is_unsure = true;
        slot->state = SLOT_GONE;
        return;
    }
    slot->reader = reader;
    slot->state = SLOT_READING;
    read_some(slot);
}

static void slot_join(struct slot *slot)
{
    struct trial *trial = slot->trial;
    struct pravega_client_options options = {.controller_uri = STORE_URI,
                                             .retry = {.max_backoff_ms = 300, .retry_attempts = 1000}};
    struct pravega_event_reader_options reader = {
        .buffer_bytes = 1024 + one_of(trial, 4000), .on_ready = on_ready, .arg = slot};

    if (one_of(trial, 4) == 0)
        reader.initial_allocation_delay_ms = (int64_t)one_of(trial, 2000);
    must(weir_sim_host_new(trial->world.sim, slot->name, slot->disk, &slot->host, NULL));
    must(weir_loop_new(slot->host, slot->name, &slot->loop, NULL));
    must(weir_loop_start(slot->loop, NULL));
    must(pravega_client_new(slot->loop, &options, &slot->client, NULL));
    memset(&slot->life, 0, sizeof(slot->life));
    snprintf(slot->life.id, sizeof(slot->life.id), "reader-%d", trial->lives++);
    slot->timer = (struct weir_timer){.fn = read_some, .arg = slot};
    slot->is_old = false;
    slot->at_end = slot->is_unsure = slot->is_fetching = false;
    slot->state = SLOT_JOINING;
    tell(trial, "joins", slot->life.id);
    pravega_event_reader_new(slot->client, &group, slot->life.id, &reader, on_joined, slot);
}

static void slot_clear(struct slot *slot)
{
    weir_timer_stop(slot->loop, &slot->timer);
    pravega_event_reader_free(slot->reader);
    slot->reader = NULL;
    pravega_client_free(slot->client);
}

/* In order: the host is shut down. */
static void slot_end(struct slot *slot)
{
    slot_clear(slot);
    weir_loop_stop(slot->loop);
    weir_loop_join(slot->loop);
    weir_loop_free(slot->loop);
    weir_host_free(slot->host);
    slot->state = SLOT_EMPTY;
}

static void slot_kill(struct slot *slot)
{
    tell(slot->trial, "dies", slot->life.id);
    weir_sim_host_silence(slot->host);
    slot_clear(slot);
    weir_loop_free(slot->loop);
    weir_sim_host_crash(slot->host);
    slot->state = SLOT_EMPTY;
}

static void on_left(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct slot *slot = arg;

    if (status != WEIR_OK)
        seed_fail(slot->trial->world.run, "%s does not leave: %s", slot->life.id, why->message);
    slot->state = SLOT_GONE;
}

static void slot_leave(struct slot *slot)
{
    tell(slot->trial, "leaves", slot->life.id);
    slot->state = SLOT_LEAVING;
    weir_timer_stop(slot->loop, &slot->timer);
    pravega_event_reader_close(slot->reader, NULL, on_left, slot);
}

static int count_slots(const struct trial *trial, enum slot_state state)
{
    int count = 0;

    for (int i = 0; i < SLOTS; i++)
        count += trial->slots[i].state == state;
    return count;
}

static struct slot *some_slot(struct trial *trial, enum slot_state state)
{
    int first = (int)one_of(trial, SLOTS);

    for (int i = 0; i < SLOTS; i++) {
        struct slot *slot = &trial->slots[(first + i) % SLOTS];

        if (slot->state == state)
            return slot;
    }
    return NULL;
}

/* As often as it takes: the store may be down. */
static void declare_dead(struct trial *trial, const char *id)
{
    struct outcome outcome = {.status = WEIR_E_CLOSED};

    while (weir_status_class(outcome.status) == WEIR_CLASS_RETRIABLE && !seed_failed(trial->world.run)) {
        outcome = (struct outcome){0};
        pravega_reader_group_reader_offline(trial->minder, id, NULL, outcome_done, &outcome);
        await_outcome(trial, &outcome, "declaring a reader offline");
    }
    if (outcome.status != WEIR_OK)
        seed_fail(trial->world.run, "declaring a reader offline: %s", outcome.why);
}

static void sweep_slots(struct trial *trial)
{
    for (int i = 0; i < SLOTS; i++) {
        if (trial->slots[i].state != SLOT_GONE)
            continue;
        if (trial->slots[i].is_unsure)
            declare_dead(trial, trial->slots[i].life.id);
        slot_end(&trial->slots[i]);
    }
}

/* --- the stream ------------------------------------------------------------------------------------------------- */

static void write_some(struct trial *trial)
{
    uint64_t count = one_of(trial, 40);

    for (uint64_t i = 0; i < count; i++) {
        int key = (int)one_of(trial, GROUP_KEYS);
        struct weir_view name = group_key(key);
        uint8_t bytes[GROUP_EVENT_LEN];
        struct weir_error err = {0};
        enum weir_status status;

        if (!group_ledger_event(&trial->ledger, key, bytes))
            continue;
        status = pravega_writer_write(trial->writer, &name, weir_view(bytes, sizeof(bytes)), NULL, NULL, &err);
        if (status == WEIR_OK)
            group_ledger_written(&trial->ledger, key);
        else if (status != WEIR_E_AGAIN)
            seed_fail(trial->world.run, "writing: %s", err.message);
    }
}

static void on_segments(void *arg, enum weir_status status, const struct pravega_segment_range *ranges, size_t count,
                        const struct weir_error *why)
{
    struct trial *trial = arg;

    trial->minding = false;
    outcome_done(&trial->outcome, status, why);
    if (status != WEIR_OK || count > sizeof(trial->current) / sizeof(trial->current[0]))
        return;
    memcpy(trial->current, ranges, count * sizeof(*ranges));
    trial->current_count = count;
    for (size_t i = 0; i < count; i++)
        group_ledger_segment(&trial->ledger, &ranges[i]);
}

static void ask_for_segments(struct trial *trial)
{
    trial->minding = true;
    trial->outcome = (struct outcome){0};
    pravega_stream_current_segments(trial->world.client, &stream, on_segments, trial);
}

/* A call that was repeated after its answer was lost finds the scale done: the segments tell. */
static void on_scaled(void *arg, enum weir_status status, int32_t epoch, const struct pravega_segment_range *segments,
                      size_t count, const struct weir_error *why)
{
    struct trial *trial = arg;

    (void)epoch;
    (void)why;
    (void)status;
    for (size_t i = 0; i < count; i++)
        group_ledger_segment(&trial->ledger, &segments[i]);
    ask_for_segments(trial);
}

static void scale(struct trial *trial)
{
    bool splits = trial->current_count < 2 || (trial->current_count < 6 && one_of(trial, 2) == 0);
    size_t at = one_of(trial, trial->current_count - (splits ? 0 : 1));
    const struct pravega_segment_range *first = &trial->current[at], *last = splits ? first : first + 1;
    double middle = splits ? (first->min_key + first->max_key) / 2 : first->max_key;
    pravega_segment_id sealed[] = {first->id, last->id};
    struct pravega_segment_range ranges[] = {{0, first->min_key, splits ? middle : last->max_key},
                                             {0, middle, first->max_key}};
    struct pravega_scale what = {sealed, splits ? 1 : 2, ranges, splits ? 2 : 1};

    seed_tell(trial->world.run, world_now(&trial->world), "%s segment %" PRIx64, splits ? "splits" : "merges",
              first->id);
    trial->minding = true;
    pravega_stream_scale(trial->world.client, &stream, &what, on_scaled, trial);
}

/* --- the group -------------------------------------------------------------------------------------------------- */

static void on_checkpoint(void *arg, enum weir_status status, const struct pravega_checkpoint *checkpoint,
                          const struct weir_error *why)
{
    struct trial *trial = arg;

    trial->checkpointing = false;
    if (status == WEIR_OK && trial->resets > trial->checkpoint_resets) {
        tell(trial, "is complete, but the group goes back behind it", checkpoint->name);
    } else if (status == WEIR_OK) {
        tell(trial, "is complete", checkpoint->name);
        pravega_checkpoint_fini(&trial->checkpoint);
        must(pravega_checkpoint_copy(&trial->checkpoint, checkpoint, NULL));
    } else {
        seed_tell(trial->world.run, world_now(&trial->world), "no checkpoint: %s", why->message);
    }
}

static void make_checkpoint(struct trial *trial)
{
    char name[24];

    snprintf(name, sizeof(name), "checkpoint-%d", trial->checkpoint_count++);
    tell(trial, "begins", name);
    trial->checkpointing = true;
    trial->checkpoint_resets = trial->resets;
    pravega_reader_group_initiate_checkpoint(trial->group, name, on_checkpoint, trial);
}

static void await_checkpoint(struct trial *trial)
{
    for (int i = 0; i < 24000 && trial->checkpointing && !seed_failed(trial->world.run); i++) {
        step(trial, TURN_NS);
        sweep_slots(trial);
    }
    if (trial->checkpointing)
        seed_fail(trial->world.run, "a checkpoint is not complete after %d s", (int)(24000 * TURN_NS / WEIR_NS_PER_S));
}

static void kill_reader(struct trial *trial)
{
    struct slot *slot = some_slot(trial, SLOT_READING);
    char id[24];

    if (slot == NULL)
        return;
    memcpy(id, slot->life.id, sizeof(id));
    trial->ledger.may_repeat = true;
    slot_kill(slot);
    for (uint64_t turns = one_of(trial, 2) * one_of(trial, 200); turns > 0; turns--) /* it is missed some time later */
        step(trial, TURN_NS);
    declare_dead(trial, id);
}

static void reset_group(struct trial *trial)
{
    struct outcome outcome = {0};
    struct pravega_checkpoint checkpoint; /* a later one may be complete meanwhile */

    if (trial->checkpoint.name == NULL || count_slots(trial, SLOT_JOINING) > 0)
        return;
    must(pravega_checkpoint_copy(&checkpoint, &trial->checkpoint, NULL));
    tell(trial, "is what the group goes back to", trial->checkpoint.name);
    trial->resets++;
    for (int i = 0; i < SLOTS; i++)
        trial->slots[i].is_old = true;
    pravega_reader_group_reset_to_checkpoint(trial->minder, &checkpoint, outcome_done, &outcome);
    await_outcome(trial, &outcome, "resetting the group");
    if (outcome.status != WEIR_OK) {
        seed_fail(trial->world.run, "resetting the group: %s", outcome.why);
    } else if (!seed_failed(trial->world.run)) {
        assert(checkpoint.cut_count == 1);
        group_ledger_reset(&trial->ledger, &checkpoint.cuts[0]);
        trial->world.run->sightings++;
    }
    pravega_checkpoint_fini(&checkpoint);
}

static void on_opened(void *arg, enum weir_status status, struct pravega_reader_group *opened,
                      const struct weir_error *why)
{
    struct trial *trial = arg;

    trial->opened = opened;
    outcome_done(&trial->outcome, status, why);
}

static bool open_view(struct trial *trial, struct pravega_reader_group **view)
{
    trial->outcome = (struct outcome){0};
    pravega_reader_group_open(trial->world.client, &group, on_opened, trial);
    if (!world_await_ok(&trial->world, &trial->outcome, "opening the group"))
        return false;
    *view = trial->opened;
    return true;
}

static bool open_group(struct trial *trial)
{
    static const int64_t refreshes_ms[] = {100, 500, 3000, 3000}, intervals_ms[] = {500, 2000, 10000, 30000};
    struct pravega_group_stream streams[] = {{.stream = stream}};
    struct pravega_reader_group_config config = {.streams = streams,
                                                 .stream_count = 1,
                                                 .group_refresh_time_ms = refreshes_ms[one_of(trial, 4)],
                                                 .automatic_checkpoint_interval_ms = intervals_ms[one_of(trial, 4)]};
    struct outcome outcome = {0};

    if (one_of(trial, 3) == 0)
        config.retention_type = PRAVEGA_DATA_RETENTION_AUTOMATIC_RELEASE_AT_LAST_CHECKPOINT;
    pravega_reader_group_create(trial->world.client, &group, &config, outcome_done, &outcome);
    if (!world_await_ok(&trial->world, &outcome, "creating the group"))
        return false;
    return open_view(trial, &trial->group) && open_view(trial, &trial->minder);
}

/* --- the play --------------------------------------------------------------------------------------------------- */

static void mind_readers(struct trial *trial)
{
    struct slot *slot;

    sweep_slots(trial);
    slot = some_slot(trial, SLOT_EMPTY);
    if (slot != NULL && (count_slots(trial, SLOT_EMPTY) == SLOTS || one_of(trial, 40) == 0))
        slot_join(slot);
    slot = some_slot(trial, SLOT_READING);
    if (slot != NULL && !trial->stopping && one_of(trial, 80) == 0)
        slot_leave(slot);
    if (trial->drama.deaths && !trial->stopping && one_of(trial, 200) == 0)
        kill_reader(trial);
}

static void mind_group(struct trial *trial)
{
    if (!trial->minding && one_of(trial, 60) == 0)
        scale(trial);
    if (!trial->checkpointing && one_of(trial, 60) == 0)
        make_checkpoint(trial);
    if (trial->drama.resets && one_of(trial, 200) == 0)
        reset_group(trial);
}

static void turn(struct trial *trial)
{
    step(trial, TURN_NS);
    if (trial->world.store_host == NULL || trial->world.store_fate.disk_hurt) {
        sweep_slots(trial);
        return;
    }
    write_some(trial);
    mind_readers(trial);
    mind_group(trial);
}

/* All that was written is read, by whoever is there; at least one is. */
static void read_the_rest(struct trial *trial)
{
    int64_t limit_ns = world_now(&trial->world) + REST_NS;

    while (!group_ledger_is_complete(&trial->ledger) && !seed_failed(trial->world.run)) {
        step(trial, TURN_NS);
        mind_readers(trial);
        if (world_now(&trial->world) > limit_ns)
            seed_fail(trial->world.run, "not all events are given after %d s", (int)(REST_NS / WEIR_NS_PER_S));
    }
}

static bool all_at_end(const struct trial *trial)
{
    for (int i = 0; i < SLOTS; i++) {
        if (trial->slots[i].state != SLOT_EMPTY && !trial->slots[i].at_end)
            return false;
    }
    return true;
}

static void see_the_end(struct trial *trial)
{
    int64_t limit_ns = world_now(&trial->world) + REST_NS;
    struct outcome sealed = {0};

    pravega_stream_seal(trial->world.client, &stream, outcome_done, &sealed);
    if (!world_await_ok(&trial->world, &sealed, "sealing the stream"))
        return;
    while (!all_at_end(trial) && !seed_failed(trial->world.run)) {
        step(trial, TURN_NS);
        sweep_slots(trial);
        if (world_now(&trial->world) > limit_ns)
            seed_fail(trial->world.run, "not all readers see the end after %d s", (int)(REST_NS / WEIR_NS_PER_S));
    }
}

static void flush(struct trial *trial)
{
    struct outcome flushed = {0};

    pravega_writer_flush(trial->writer, outcome_done, &flushed);
    world_await_ok(&trial->world, &flushed, "flushing the writer");
}

static bool prepare(struct trial *trial)
{
    struct world *world = &trial->world;

    make_scope(world);
    if (!seed_failed(world->run))
        make_stream(world, STREAM, 1 + (int)one_of(trial, 3));
    if (seed_failed(world->run))
        return false;
    ask_for_segments(trial);
    if (!world_await_ok(world, &trial->outcome, "asking for the segments") || !open_group(trial))
        return false;
    must(pravega_writer_new(world->client, &stream, NULL, &trial->writer, NULL));
    world->store_fate.crashes_left = (int)one_of(trial, 4);
    fate_up(world, &world->store_fate);
    return true;
}

static void play_trial(struct trial *trial)
{
    int64_t end_ns;

    if (!prepare(trial))
        return;
    end_ns = world_now(&trial->world) + PLAY_NS;
    while (world_now(&trial->world) < end_ns && !seed_failed(trial->world.run))
        turn(trial);
    trial->stopping = true;
    world_calm(&trial->world);
    if (!seed_failed(trial->world.run))
        flush(trial);
    if (!seed_failed(trial->world.run))
        read_the_rest(trial);
    if (!seed_failed(trial->world.run))
        await_checkpoint(trial);
    if (!seed_failed(trial->world.run))
        see_the_end(trial);
    seed_tell(trial->world.run, world_now(&trial->world), "%" PRIu64 " events given, %" PRIu64 " of them again",
              trial->ledger.given, trial->ledger.repeated);
}

static void play(struct seed_run *run, struct drama drama)
{
    struct trial *trial = calloc(1, sizeof(*trial));

    assert(trial != NULL);
    trial->drama = drama;
    group_ledger_init(&trial->ledger, run);
    world_open(&trial->world, run);
    for (int i = 0; i < SLOTS; i++) {
        trial->slots[i].trial = trial;
        snprintf(trial->slots[i].name, sizeof(trial->slots[i].name), "host-%d", i);
        snprintf(trial->slots[i].disk, sizeof(trial->slots[i].disk), "disk-%d", i);
    }
    if (!seed_failed(run))
        play_trial(trial);
    for (int i = 0; i < SLOTS; i++) {
        if (trial->slots[i].state != SLOT_EMPTY)
            slot_end(&trial->slots[i]);
    }
    pravega_reader_group_free(trial->group);
    pravega_reader_group_free(trial->minder);
    pravega_writer_free(trial->writer);
    pravega_checkpoint_fini(&trial->checkpoint);
    if (!drama.resets)
        run->sightings += drama.deaths ? trial->ledger.repeated : trial->ledger.segment_count;
    world_close(&trial->world);
    free(trial);
}

static void play_closing(struct seed_run *run)
{
    play(run, (struct drama){false, false});
}

static void play_dying(struct seed_run *run)
{
    play(run, (struct drama){true, false});
}

static void play_resetting(struct seed_run *run)
{
    play(run, (struct drama){false, true});
}

static void play_dying_and_resetting(struct seed_run *run)
{
    play(run, (struct drama){true, true});
}

static const struct scenario scenarios[] = {
    {.name = "readers-close", .play = play_closing, .every = 1, .must_see = "segments"},
    {.name = "readers-die", .play = play_dying, .every = 1, .must_see = "events given again"},
    {.name = "group-resets", .play = play_resetting, .every = 1, .must_see = "resets"},
    {.name = "readers-die-group-resets", .play = play_dying_and_resetting, .every = 2, .must_see = "resets"},
    {0},
};

int main(int argc, char **argv)
{
    return seeds_main(argc, argv, scenarios, 20);
}
