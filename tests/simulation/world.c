/*
 * world.c - the store and the driver of a scenario.
 */
#include "world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/batch.h"
#include "pravega/streams.h"

#define CALL_LIMIT_NS (600 * WEIR_NS_PER_S)
#define TRIES_MAX 20

void must(enum weir_status status)
{
    assert(status == WEIR_OK);
    (void)status;
}

int64_t world_now(const struct world *world)
{
    return weir_sim_now_ns(world->sim);
}

uint64_t pick(const struct world *world, uint64_t bound)
{
    return weir_sim_below(world->sim, bound);
}

/* --- store ------------------------------------------------------------------------------------------------------ */

void store_crash(struct world *world)
{
    seed_tell(world->run, world_now(world), "store crashes");
    weir_sim_host_silence(world->store_host);
    weir_store_close(world->store);
    weir_loop_free(world->store_loop);
    weir_sim_host_crash(world->store_host);
    world->store_host = NULL;
    world->store_loop = NULL;
    world->store = NULL;
}

void store_start(struct world *world)
{
    struct weir_store_options options = {
        .data_dir = "store",
        .advertised_host = "store",
        .controller_port = 9090,
        .segment_port = 12345,
        .flush_bytes = world->flush_bytes,
        .settings = world->store_settings};
    struct weir_error err = {0};

    seed_tell(world->run, world_now(world), "store starts");
    must(weir_sim_host_new(world->sim, "store", STORE_DISK, &world->store_host, NULL));
    must(weir_loop_new(world->store_host, "store", &world->store_loop, NULL));
    must(weir_loop_start(world->store_loop, NULL));
    if (weir_store_open(world->store_loop, &options, &world->store, &err) == WEIR_OK)
        return;
    if (!world->store_fate.disk_hurt || (err.status != WEIR_E_IO && err.status != WEIR_E_FULL))
        seed_fail(world->run, "the store does not come up: %s", err.message);
    store_crash(world);
}

void store_turn(struct world *world, int64_t down_max_ns)
{
    if (world->store_host != NULL)
        store_crash(world);
    else
        store_start(world);
    if (world->store_host != NULL)
        fate_up(world, &world->store_fate);
    else
        fate_down(world, &world->store_fate, down_max_ns);
}

void world_calm(struct world *world)
{
    weir_sim_net_calm(world->sim);
    fate_heal(world, &world->store_fate);
    if (world->store_host != NULL && world->store_fate.disk_hurt) /* it has stopped, perhaps, and wants a restart */
        store_crash(world);
    if (world->store_host == NULL)
        store_start(world);
    fate_up(world, &world->store_fate);
}

static void store_stop(struct world *world)
{
    if (world->store_host == NULL)
        return;
    weir_store_close(world->store);
    weir_loop_stop(world->store_loop);
    weir_loop_join(world->store_loop);
    weir_loop_free(world->store_loop);
    weir_host_free(world->store_host);
}

/* --- world ------------------------------------------------------------------------------------------------------ */

/* The seed's own faults: the simulation does not exist yet when they are needed, so they are cut out of the seed. */
static uint32_t choose(uint64_t *bits, const uint32_t *choices)
{
    uint32_t choice = choices[*bits % 4];

    *bits /= 4;
    return choice;
}

void world_open(struct world *world, struct seed_run *run)
{
    static const uint32_t cuts[] = {0, 300, 2000, 10000}, stalls[] = {0, 500, 3000, 20000};
    static const uint32_t torn[] = {0, 100000, 500000, 1000000}, delays_us[] = {500, 500, 5000, 20000};
    uint64_t bits = run->seed * UINT64_C(0x9E3779B97F4A7C15) >> 32;
    struct weir_sim_options options = {.seed = run->seed,
                                       .log_level = run->verbose ? WEIR_LOG_INFO : WEIR_LOG_ERROR,
                                       .log_fd = run->verbose ? 0 : -1,
                                       .cut_per_million = choose(&bits, cuts),
                                       .stall_per_million = choose(&bits, stalls),
                                       .torn_per_million = choose(&bits, torn),
                                       .net_delay_min_ns = 20000,
                                       .net_delay_max_ns = (int64_t)choose(&bits, delays_us) * 1000};
    struct pravega_client_options client = {.controller_uri = STORE_URI};

    *world = (struct world){.run = run,
                            .net_delay_max_ns = options.net_delay_max_ns,
                            .store_fate = {.disk = STORE_DISK},
                            .flush_bytes = world->flush_bytes,
                            .store_settings = world->store_settings};
    must(weir_sim_new(&options, &world->sim, NULL));
    seed_tell(run, world_now(world), "per million: %u cuts, %u stalls, %u torn; net delay up to %d us",
              options.cut_per_million, options.stall_per_million, options.torn_per_million,
              (int)(options.net_delay_max_ns / 1000));
    store_start(world);
    must(weir_sim_host_new(world->sim, "driver", "driver-disk", &world->driver_host, NULL));
    must(weir_loop_new(world->driver_host, "driver", &world->driver_loop, NULL));
    must(weir_loop_start(world->driver_loop, NULL));
    must(pravega_client_new(world->driver_loop, &client, &world->client, NULL));
}

void world_close(struct world *world)
{
    pravega_client_free(world->client);
    weir_loop_stop(world->driver_loop);
    weir_loop_join(world->driver_loop);
    weir_loop_free(world->driver_loop);
    weir_host_free(world->driver_host);
    store_stop(world);
    world->run->trace = weir_sim_trace(world->sim);
    weir_sim_free(world->sim);
}

/* --- waiting ---------------------------------------------------------------------------------------------------- */

struct await {
    const struct world *world;
    const bool *flag;
};

static bool crash_is_due(const struct world *world)
{
    return world->crash_at_sync > 0 && weir_sim_disk_sync_count(world->sim, STORE_DISK) >= world->crash_at_sync;
}

static bool awaited(void *arg)
{
    const struct await *await = arg;

    return *await->flag || seed_failed(await->world->run) || crash_is_due(await->world);
}

/* Down and up again. The first attempt to recover may meet a sync that fails, and is then followed by another. */
static void crash_at_sync(struct world *world)
{
    uint64_t at = world->crash_at_sync;

    seed_tell(world->run, world_now(world), "at sync %" PRIu64 ":", at);
    world->crash_at_sync = 0;
    store_crash(world);
    world->store_fate.disk_hurt = true;
    weir_sim_disk_fail_sync(world->sim, STORE_DISK, at % 4, WEIR_E_IO);
    store_start(world);
    weir_sim_disk_fail_sync(world->sim, STORE_DISK, UINT64_MAX, WEIR_E_IO);
    if (world->store_host != NULL)
        store_crash(world); /* what it recovered to must be durable by now; and it may have a failing sync behind it */
    world->store_fate.disk_hurt = false;
    store_start(world);
    if (world->on_recovered != NULL && !seed_failed(world->run))
        world->on_recovered(world->recovered_arg);
}

bool world_await(struct world *world, const bool *flag, int64_t limit_ns, const char *what)
{
    struct await await = {world, flag};

    while (!*flag && !seed_failed(world->run)) {
        if (!weir_sim_run(world->sim, awaited, &await, limit_ns))
            seed_fail(world->run, "%s: not done within %" PRId64 " s", what, limit_ns / WEIR_NS_PER_S);
        else if (crash_is_due(world))
            crash_at_sync(world);
    }
    return *flag;
}

void outcome_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct outcome *outcome = arg;

    outcome->over = true;
    outcome->status = status;
    if (status != WEIR_OK)
        snprintf(outcome->why, sizeof(outcome->why), "%s", why->message);
}

bool world_await_ok(struct world *world, const struct outcome *outcome, const char *what)
{
    if (!world_await(world, &outcome->over, CALL_LIMIT_NS, what))
        return false;
    if (outcome->status != WEIR_OK)
        seed_fail(world->run, "%s: %s: %s", what, weir_status_name(outcome->status), outcome->why);
    return outcome->status == WEIR_OK;
}

bool world_await_made(struct world *world, const struct outcome *outcome, const char *what)
{
    return world_await(world, &outcome->over, CALL_LIMIT_NS, what) &&
           (outcome->status == WEIR_E_EXISTS || world_await_ok(world, outcome, what));
}

/* --- streams ---------------------------------------------------------------------------------------------------- */

void make_scope(struct world *world)
{
    struct outcome outcome = {0};

    pravega_scope_create(world->client, SCOPE, outcome_done, &outcome);
    world_await_made(world, &outcome, "creating the scope");
}

void make_stream(struct world *world, const char *name, int segments)
{
    struct pravega_stream_name stream = {SCOPE, name};
    struct pravega_stream_config config = {.min_segments = segments};
    struct outcome outcome = {0};

    pravega_stream_create(world->client, &stream, &config, outcome_done, &outcome);
    world_await_made(world, &outcome, "creating a stream");
}

struct cut {
    struct outcome outcome;
    struct stream_cut cut;
};

static void keep_cut(struct stream_cut *cut, const struct pravega_segment_offset *at, size_t count)
{
    assert(count <= STREAM_CUT_MAX);
    cut->count = count;
    for (size_t i = 0; i < count; i++)
        cut->at[i] = at[i];
}

static void take_cut(void *arg, enum weir_status status, const struct pravega_segment_offset *at, size_t count,
                     const struct weir_error *why)
{
    struct cut *cut = arg;

    outcome_done(&cut->outcome, status, why);
    keep_cut(&cut->cut, at, count);
}

struct segment_reading {
    struct world *world;
    struct pravega_segment_reader *reader;
    stream_event_fn *each;
    void *arg;
    pravega_segment_id segment;
    bool over;
};

static void read_on(void *arg)
{
    struct segment_reading *reading = arg;
    struct pravega_event event;
    struct weir_error err = {0};
    enum weir_status status;

    if (reading->over)
        return;
    do { /* a truncation may overtake the reading */
        status = pravega_segment_reader_next(reading->reader, &event, &err);
        if (status == WEIR_OK)
            reading->each(reading->arg, reading->segment, &event);
    } while (status == WEIR_OK || status == WEIR_E_TRUNCATED);
    if (status == WEIR_E_AGAIN)
        return;
    reading->over = true;
    if (status != WEIR_E_END && status != WEIR_E_NOT_FOUND) /* or may have taken the segment away */
        seed_fail(reading->world->run, "reading a segment: %s", err.message);
}

static void read_segment(struct segment_reading *reading, const struct pravega_stream_name *stream,
                         pravega_segment_id id, int64_t from, int64_t to)
{
    struct pravega_segment_reader_options options = {
        .start_offset = from,
        .end_offset = to,
        .event_len_max = PRAVEGA_LARGE_EVENT_LEN_MAX,
        .on_ready = read_on,
        .arg = reading,
    };

    reading->segment = id;
    reading->over = from == to;
    if (reading->over)
        return;
    must(pravega_segment_reader_new(reading->world->client, stream, id, &options, &reading->reader, NULL));
    read_on(reading);
    world_await(reading->world, &reading->over, CALL_LIMIT_NS, "reading a segment");
    pravega_segment_reader_free(reading->reader);
}

static int64_t offset_in(const struct stream_cut *cut, pravega_segment_id id)
{
    for (size_t i = 0; i < cut->count; i++) {
        if (cut->at[i].id == id)
            return cut->at[i].offset;
    }
    return PRAVEGA_OFFSET_UNBOUNDED; /* sealed: it has an end of its own */
}

void read_stream(struct world *world, const char *name, stream_event_fn *each, void *arg)
{
    struct pravega_stream_name stream = {SCOPE, name};
    struct cut head = {0}, tail = {0};

    pravega_stream_head(world->client, &stream, take_cut, &head);
    if (!world_await_ok(world, &head.outcome, "asking for a stream's head"))
        return;
    pravega_stream_tail(world->client, &stream, take_cut, &tail);
    if (!world_await_ok(world, &tail.outcome, "asking for a stream's tail"))
        return;
    for (size_t i = 0; i < head.cut.count && !seed_failed(world->run); i++) {
        struct segment_reading reading = {.world = world, .each = each, .arg = arg};
        const struct pravega_segment_offset *from = &head.cut.at[i];
        int64_t to = offset_in(&tail.cut, from->id);

        if (to < from->offset)
            seed_fail(world->run, "segment %d of %s has its tail at %" PRId64 ", before its head at %" PRId64,
                      pravega_segment_number(from->id), name, to, from->offset);
        else
            read_segment(&reading, &stream, from->id, from->offset, to);
    }
}

struct ranges {
    struct outcome outcome;
    struct pravega_batch_range *at;
    size_t count;
    struct stream_cut *tail; /* or NULL */
};

static void take_ranges(void *arg, enum weir_status status, const struct pravega_batch_segments *segments,
                        const struct weir_error *why)
{
    struct ranges *ranges = arg;

    outcome_done(&ranges->outcome, status, why);
    if (status != WEIR_OK)
        return;
    ranges->at = calloc(segments->range_count + 1, sizeof(*ranges->at));
    assert(ranges->at != NULL);
    ranges->count = segments->range_count;
    for (size_t i = 0; i < ranges->count; i++)
        ranges->at[i] = segments->ranges[i];
    if (ranges->tail != NULL)
        keep_cut(ranges->tail, segments->to->positions, segments->to->position_count);
}

/* What lies between head and tail may be cut off before it is asked about: then once more. */
static bool ask_ranges(struct world *world, const struct pravega_stream_name *stream, struct ranges *ranges)
{
    static const char what[] = "asking for a stream's segments";
    int tries = 0;

    do {
        ranges->outcome = (struct outcome){0};
        pravega_batch_segments(world->client, stream, NULL, NULL, take_ranges, ranges);
    } while (world_await(world, &ranges->outcome.over, CALL_LIMIT_NS, what) &&
             ranges->outcome.status == WEIR_E_TRUNCATED && ++tries < TRIES_MAX);
    return world_await_ok(world, &ranges->outcome, what);
}

void read_scaled_stream(struct world *world, const char *name, stream_event_fn *each, void *arg,
                        struct stream_cut *tail)
{
    struct pravega_stream_name stream = {SCOPE, name};
    struct ranges ranges = {.tail = tail};

    if (ask_ranges(world, &stream, &ranges))
        for (size_t i = 0; i < ranges.count && !seed_failed(world->run); i++) {
            struct segment_reading reading = {.world = world, .each = each, .arg = arg};

            read_segment(&reading, &stream, ranges.at[i].segment, ranges.at[i].start_offset, ranges.at[i].end_offset);
        }
    free(ranges.at);
}

/* --- fate ------------------------------------------------------------------------------------------------------- */

static const enum weir_status disk_failures[] = {WEIR_E_IO, WEIR_E_FULL};

/* One write or sync of its disk fails, some time. */
static void hurt_disk(const struct world *world, struct fate *fate)
{
    uint64_t after = pick(world, 80);

    fate->disk_hurt = true;
    if (pick(world, 2) == 0)
        weir_sim_disk_fail_write(world->sim, fate->disk, after, disk_failures[pick(world, 2)]);
    else
        weir_sim_disk_fail_sync(world->sim, fate->disk, after, WEIR_E_IO);
}

static void disarm(const struct world *world, const struct fate *fate)
{
    weir_sim_disk_fail_write(world->sim, fate->disk, UINT64_MAX, WEIR_E_IO);
    weir_sim_disk_fail_sync(world->sim, fate->disk, UINT64_MAX, WEIR_E_IO);
}

void fate_heal(const struct world *world, struct fate *fate)
{
    fate->crashes_left = 0;
    disarm(world, fate);
}

void fate_up(const struct world *world, struct fate *fate)
{
    uint64_t within_ms = UINT64_C(20) << pick(world, 5);

    fate->next_ns = INT64_MAX;
    fate->crash_syncs = 0;
    fate->disk_hurt = false;
    disarm(world, fate);
    if (fate->crashes_left == 0)
        return;
    fate->crashes_left--;
    if (pick(world, 3) == 0)
        fate->crash_syncs = weir_sim_disk_sync_count(world->sim, fate->disk) + 1 + pick(world, 60);
    fate->next_ns = world_now(world) + (int64_t)pick(world, within_ms * (uint64_t)WEIR_NS_PER_MS);
    if (pick(world, 4) == 0)
        hurt_disk(world, fate);
}

void fate_down(const struct world *world, struct fate *fate, int64_t down_max_ns)
{
    fate->crash_syncs = 0;
    fate->next_ns = world_now(world) + (int64_t)pick(world, (uint64_t)down_max_ns);
}

bool fate_due(const struct world *world, const struct fate *fate, bool up)
{
    return world_now(world) >= fate->next_ns ||
           (up && fate->crash_syncs > 0 && weir_sim_disk_sync_count(world->sim, fate->disk) >= fate->crash_syncs);
}
