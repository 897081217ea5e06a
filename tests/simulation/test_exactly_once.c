/*
 * test_exactly_once.c - a job reads one stream and writes another, while the job, the store and the network between
 * them fail at moments that the seed picks.
 *
 * The driver writes numbered events with keys into "in". The job counts the events of each key and writes each number
 * with its count into "out". In the end "out" holds every number once, the numbers of one key in their order, and the
 * count of each is its rank in its key: neither an event nor the state was lost or doubled. With ATLEAST_ONCE, numbers
 * may stand there again, but none is missing.
 *
 * A seed picks one of two shapes. Bounded: "in" is written first, the job reads up to its tail and finishes by itself.
 * Unbounded: the job reads while the driver writes, and is cancelled when "out" is complete.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pravega/writer.h"
#include "weir/pravega.h"
#include "world.h"

#define JOB_DISK "job-disk"
#define KEYS 7
#define EVENTS_MAX 800
#define JOB_LIMIT_NS (1200 * WEIR_NS_PER_S)
#define STORE_DOWN_MAX_NS (1500 * WEIR_NS_PER_MS)
#define LOOK_EVERY_NS (500 * WEIR_NS_PER_MS)

struct event {
    int32_t key, unused;
    int64_t number; /* 0.. */
    int64_t count;  /* of events of its key so far; 1 in "in" */
    uint8_t filler[40];
};

static const struct weir_field event_fields[] = {
    WEIR_FIELD(struct event, key, INT), WEIR_FIELD(struct event, number, LONG), WEIR_FIELD(struct event, count, LONG)};
static const struct weir_type event_type = WEIR_STRUCT_TYPE(struct event, event_fields, true);

static int32_t key_of(int64_t number)
{
    return (int32_t)(number * 31 / 4 % KEYS);
}

static struct weir_view key_text(int32_t key)
{
    static const char texts[KEYS][6] = {"key-0", "key-1", "key-2", "key-3", "key-4", "key-5", "key-6"};

    return weir_view(texts[key], 5);
}

/* --- the world of this test --------------------------------------------------------------------------------------- */

struct trial {
    struct world world;
    enum weir_pravega_writer_mode mode;
    bool bounded;
    int64_t event_count;
    struct fate job_fate;
    struct weir_pravega_config config;

    /* The driver's writing. */
    struct pravega_writer *writer;
    struct weir_timer feed_timer;
    int64_t fed;
    int feed_burst;
    int64_t feed_pause_ns;
    struct outcome fed_all;

    /* The job. */
    struct weir_host *job_host; /* NULL: it is down */
    struct weir_loop *job_loop;
    weir_env *env;
    struct weir_env_options settings; /* the same for all its lives, but the parallelism */
    int job_starts;
    bool job_over;

    /* What was found in a stream. */
    int found[EVENTS_MAX];
    int64_t last_of_key[KEYS]; /* -1: none yet */
    int64_t distinct, doubled;
    bool strict;
    const char *stream;
};

/* --- feeding ---------------------------------------------------------------------------------------------------- */

static void feed(void *arg)
{
    struct trial *trial = arg;
    struct weir_error err = {0};

    for (int i = 0; i < trial->feed_burst && trial->fed < trial->event_count; i++) {
        struct event event = {.key = key_of(trial->fed), .number = trial->fed, .count = 1};
        struct weir_view key = key_text(event.key);
        enum weir_status status =
            pravega_writer_write(trial->writer, &key, weir_view(&event, sizeof(event)), NULL, NULL, &err);

        if (status == WEIR_E_AGAIN)
            break;
        if (status != WEIR_OK) {
            seed_fail(trial->world.run, "the driver cannot write: %s", err.message);
            return;
        }
        trial->fed++;
    }
    if (trial->fed < trial->event_count)
        weir_timer_start(trial->world.driver_loop, &trial->feed_timer, trial->feed_pause_ns);
    else
        pravega_writer_flush(trial->writer, outcome_done, &trial->fed_all);
}

static void feed_start(struct trial *trial)
{
    struct pravega_stream_name stream = {SCOPE, "in"};
    struct pravega_writer_options options = {.block_bytes = 1024};
    enum weir_status status = pravega_writer_new(trial->world.client, &stream, &options, &trial->writer, NULL);

    assert(status == WEIR_OK);
    (void)status;
    trial->feed_timer = (struct weir_timer){.fn = feed, .arg = trial};
    trial->feed_burst = 1 + (int)pick(&trial->world, 40);
    trial->feed_pause_ns = (WEIR_NS_PER_MS / 2 << pick(&trial->world, 8)) * trial->feed_burst / 20;
    weir_timer_start(trial->world.driver_loop, &trial->feed_timer, 0);
}

/* --- job ---------------------------------------------------------------------------------------------------------- */

/* The key's last number, and how many it has had. */
static void count_event(void *arg, void *acc, const void *value)
{
    struct event *sum = acc;
    const struct event *event = value;

    (void)arg;
    sum->number = event->number;
    sum->count += event->count;
}

static enum weir_status same(void *arg, const void *in, void *out, struct weir_error *err)
{
    (void)arg;
    (void)err;
    *(struct event *)out = *(const struct event *)in;
    return WEIR_OK;
}

static struct weir_view route(void *arg, const void *element)
{
    (void)arg;
    return key_text(((const struct event *)element)->key);
}

static void build(struct trial *trial)
{
    struct weir_pravega_reader_options reader = {
        .config = &trial->config,
        .streams = {"in"},
        .end = trial->bounded ? WEIR_PRAVEGA_TAIL : WEIR_PRAVEGA_UNBOUNDED,
        .deserialization_schema = weir_pod_deserialization(&event_type),
        .buffer_bytes = 1024,
    };
    struct weir_pravega_writer_options writer = {
        .config = &trial->config,
        .stream = "out",
        .writer_mode = trial->mode,
        .serialization_schema = weir_pod_serialization(&event_type),
        .event_router = route,
    };
    weir_stream *events = weir_env_add_source(trial->env, weir_pravega_reader(trial->env, &reader), NULL, "read");

    events = weir_map(weir_uid(events, "read"), &event_type, same, NULL, "same");
    events = weir_reduce(weir_key_by_field(weir_uid(events, "same"), "key"), count_event, NULL, "count");
    weir_add_sink(weir_uid(events, "count"), weir_pravega_writer(trial->env, &writer), "write");
}

static void on_job_done(void *arg, enum weir_status status, const struct weir_job_result *result,
                        const struct weir_error *why)
{
    struct trial *trial = arg;

    seed_tell(trial->world.run, world_now(&trial->world), "job over: %s, %" PRIu64 " checkpoints, %" PRIu64 " restarts",
              weir_status_name(status), result->checkpoints_completed, result->restarts);
    trial->job_over = true;
    if (status != WEIR_OK && (status != WEIR_E_CANCELLED || trial->bounded))
        seed_fail(trial->world.run, "the job ended with %s: %s", weir_status_name(status), why->message);
}

static void job_start(struct trial *trial)
{
    struct world *world = &trial->world;
    struct weir_error err = {0};
    enum weir_status status;

    if (trial->job_starts == 0 || pick(world, 2) == 0)
        trial->settings.parallelism = 1 + (int)pick(world, 3);
    trial->job_starts++;
    seed_tell(world->run, world_now(world), "job starts, parallelism %d", trial->settings.parallelism);
    status = weir_sim_host_new(world->sim, "job", JOB_DISK, &trial->job_host, NULL);
    assert(status == WEIR_OK);
    status = weir_loop_new(trial->job_host, "job", &trial->job_loop, NULL);
    assert(status == WEIR_OK);
    status = weir_loop_start(trial->job_loop, NULL);
    assert(status == WEIR_OK);
    trial->settings.host = trial->job_host;
    trial->env = weir_env_new(&trial->settings);
    build(trial);
    status = weir_env_start(trial->env, trial->job_loop, "exactly once", on_job_done, trial, &err);
    if (status != WEIR_OK)
        seed_fail(world->run, "the job does not start: %s", err.message);
}

static void job_crash(struct trial *trial)
{
    if (trial->job_host == NULL)
        return;
    seed_tell(trial->world.run, world_now(&trial->world), "job crashes");
    weir_sim_host_silence(trial->job_host);
    weir_env_free(trial->env);
    weir_loop_free(trial->job_loop);
    weir_sim_host_crash(trial->job_host);
    trial->job_host = NULL;
    trial->env = NULL;
}

static void job_end(struct trial *trial)
{
    weir_env_free(trial->env);
    weir_loop_stop(trial->job_loop);
    weir_loop_join(trial->job_loop);
    weir_loop_free(trial->job_loop);
    weir_host_free(trial->job_host);
    trial->job_host = NULL;
    trial->env = NULL;
}

static void choose_settings(struct trial *trial)
{
    const struct world *world = &trial->world;

    trial->config = (struct weir_pravega_config){.controller_uri = STORE_URI, .scope = SCOPE};
    trial->settings = (struct weir_env_options){
        .checkpoint_interval_ms = 20 + (int64_t)pick(world, 181),
        .checkpoints_dir = "checkpoints",
        .checkpoints_retained = 1 + (int)pick(world, 3),
        .from_checkpoint = "latest",
        .restart_delay_ms = 1 + (int64_t)pick(world, 200),
        .buffer_timeout_ms = 1 + (int64_t)pick(world, 20),
        .buffer_bytes = 1024,
        .buffers_per_channel = 2,
    };
    if (pick(world, 2) == 0) { /* checkpoints are given up, and the job lives with it */
        trial->settings.checkpoint_timeout_ms =
            50 + 12 * world->net_delay_max_ns / WEIR_NS_PER_MS + (int64_t)pick(world, 100);
        trial->settings.tolerable_failed_checkpoints = INT32_MAX;
    }
}

/* --- time and fate ------------------------------------------------------------------------------------------------ */

struct pause_until {
    struct trial *trial;
    const bool *flag;
};

static bool something_due(void *arg)
{
    const struct pause_until *until = arg;
    const struct trial *trial = until->trial;

    return *until->flag || seed_failed(trial->world.run) ||
           fate_due(&trial->world, &trial->world.store_fate, trial->world.store_host != NULL) ||
           (trial->job_starts > 0 && fate_due(&trial->world, &trial->job_fate, trial->job_host != NULL));
}

static void job_turn(struct trial *trial)
{
    if (trial->job_host != NULL) {
        job_crash(trial);
        fate_down(&trial->world, &trial->job_fate, 500 * WEIR_NS_PER_MS);
    } else {
        job_start(trial);
        fate_up(&trial->world, &trial->job_fate);
    }
}

/* Lets time pass, with what fate brings, until *flag, a failure, or the limit. Returns *flag. */
static bool live_until(struct trial *trial, const bool *flag, int64_t limit_ns)
{
    struct pause_until until = {trial, flag};
    int64_t end_ns = world_now(&trial->world) + limit_ns;

    while (!*flag && !seed_failed(trial->world.run) && world_now(&trial->world) < end_ns) {
        int64_t next_ns = trial->world.store_fate.next_ns < end_ns ? trial->world.store_fate.next_ns : end_ns;

        if (trial->job_starts > 0 && trial->job_fate.next_ns < next_ns)
            next_ns = trial->job_fate.next_ns;
        weir_sim_run(trial->world.sim, something_due, &until, next_ns - world_now(&trial->world));
        if (*flag || seed_failed(trial->world.run))
            break;
        if (fate_due(&trial->world, &trial->world.store_fate, trial->world.store_host != NULL))
            store_turn(&trial->world, STORE_DOWN_MAX_NS);
        if (trial->job_starts > 0 && fate_due(&trial->world, &trial->job_fate, trial->job_host != NULL))
            job_turn(trial);
    }
    return *flag;
}

/* From here on nothing fails any more. */
static void calm_down(struct trial *trial)
{
    world_calm(&trial->world);
    fate_heal(&trial->world, &trial->job_fate);
    if (trial->job_starts > 0 && trial->job_host == NULL)
        job_start(trial);
    fate_up(&trial->world, &trial->job_fate);
}

/* --- looking ------------------------------------------------------------------------------------------------------ */

static int64_t rank_in_key(int64_t number)
{
    int64_t rank = 0;

    for (int64_t i = 0; i <= number; i++)
        rank += key_of(i) == key_of(number);
    return rank;
}

static void look_at(void *arg, pravega_segment_id segment, const struct pravega_event *found)
{
    struct trial *trial = arg;
    struct seed_run *run = trial->world.run;
    struct event event;

    (void)segment;
    if (found->payload.len != sizeof(event)) {
        seed_fail(run, "%s: an event of %zu bytes", trial->stream, found->payload.len);
        return;
    }
    memcpy(&event, found->payload.ptr, sizeof(event));
    if (event.number < 0 || event.number >= trial->event_count || event.key != key_of(event.number)) {
        seed_fail(run, "%s: an event that nobody wrote: number %" PRId64, trial->stream, event.number);
        return;
    }
    if (trial->found[event.number]++ > 0) {
        trial->doubled++;
        if (trial->strict)
            seed_fail(run, "%s: number %" PRId64 " stands there twice", trial->stream, event.number);
        return;
    }
    trial->distinct++;
    if (event.number < trial->last_of_key[event.key])
        seed_fail(run, "%s: number %" PRId64 " comes after %" PRId64 " of the same key", trial->stream, event.number,
                  trial->last_of_key[event.key]);
    trial->last_of_key[event.key] = event.number;
    if (trial->stream[0] == 'o' && event.count != rank_in_key(event.number))
        seed_fail(run, "out: number %" PRId64 " is event %" PRId64 " of its key, the job counted %" PRId64,
                  event.number, rank_in_key(event.number), event.count);
}

static void look(struct trial *trial, const char *stream, bool strict)
{
    memset(trial->found, 0, sizeof(trial->found));
    for (int k = 0; k < KEYS; k++)
        trial->last_of_key[k] = -1;
    trial->distinct = trial->doubled = 0;
    trial->strict = strict;
    trial->stream = stream;
    read_stream(&trial->world, stream, look_at, trial);
}

/* Every number is there. */
static void expect_all(struct trial *trial)
{
    for (int64_t i = 0; i < trial->event_count; i++) {
        if (trial->found[i] == 0)
            seed_fail(trial->world.run, "%s: number %" PRId64 " is missing (%" PRId64 " of %" PRId64 " are there)",
                      trial->stream, i, trial->distinct, trial->event_count);
    }
}

/* --- the play ----------------------------------------------------------------------------------------------------- */

static bool write_all(struct trial *trial)
{
    if (!live_until(trial, &trial->fed_all.over, JOB_LIMIT_NS))
        seed_fail(trial->world.run, "writing the events does not end");
    return world_await_ok(&trial->world, &trial->fed_all, "writing the events");
}

static void play_bounded(struct trial *trial)
{
    static const bool never = false;

    feed_start(trial);
    if (!write_all(trial))
        return;
    job_start(trial);
    fate_up(&trial->world, &trial->job_fate);
    live_until(trial, &trial->job_over, 4 * WEIR_NS_PER_S);
    if (trial->job_over && trial->world.store_host != NULL)
        live_until(trial, &never, (int64_t)pick(&trial->world, 100 * WEIR_NS_PER_MS)); /* commits have to last */
    if (!trial->job_over) {
        calm_down(trial);
        if (!live_until(trial, &trial->job_over, JOB_LIMIT_NS))
            seed_fail(trial->world.run, "the job does not end");
    }
}

static void play_unbounded(struct trial *trial)
{
    static const bool never = false;
    int64_t end_ns;

    feed_start(trial);
    job_start(trial);
    fate_up(&trial->world, &trial->job_fate);
    if (!write_all(trial))
        return;
    live_until(trial, &never, (int64_t)pick(&trial->world, 2 * WEIR_NS_PER_S));
    calm_down(trial);
    look(trial, "in", true);
    expect_all(trial);
    trial->distinct = 0;
    end_ns = world_now(&trial->world) + JOB_LIMIT_NS;
    while (trial->distinct < trial->event_count && world_now(&trial->world) < end_ns &&
           !seed_failed(trial->world.run)) {
        live_until(trial, &never, LOOK_EVERY_NS);
        look(trial, "out", trial->mode == WEIR_PRAVEGA_EXACTLY_ONCE);
    }
    if (seed_failed(trial->world.run))
        return;
    weir_env_cancel(trial->env);
    if (!live_until(trial, &trial->job_over, JOB_LIMIT_NS))
        seed_fail(trial->world.run, "the job does not end after its cancellation");
}

static void play_trial(struct trial *trial)
{
    struct world *world = &trial->world;

    choose_settings(trial);
    make_scope(world);
    make_stream(world, "in", 2 + (int)pick(world, 3));
    make_stream(world, "out", 2 + (int)pick(world, 3));
    trial->bounded = pick(world, 2) == 0;
    trial->event_count = 100 + (int64_t)pick(world, EVENTS_MAX - 100);
    world->store_fate.crashes_left = (int)pick(world, 5);
    trial->job_fate = (struct fate){.disk = JOB_DISK, .crashes_left = 1 + (int)pick(world, 6)};
    fate_up(world, &trial->world.store_fate);
    if (seed_failed(world->run))
        return;
    if (trial->bounded)
        play_bounded(trial);
    else
        play_unbounded(trial);
    if (seed_failed(world->run))
        return;
    if (trial->job_host != NULL && trial->job_over)
        job_end(trial);
    calm_down(trial);
    look(trial, "in", true);
    expect_all(trial);
    look(trial, "out", trial->mode == WEIR_PRAVEGA_EXACTLY_ONCE);
    expect_all(trial);
    world->run->sightings += (uint64_t)trial->doubled;
}

static void play(struct seed_run *run, enum weir_pravega_writer_mode mode)
{
    struct trial *trial = calloc(1, sizeof(*trial));

    assert(trial != NULL);
    trial->mode = mode;
    world_open(&trial->world, run);
    if (!seed_failed(run))
        play_trial(trial);
    if (trial->writer != NULL) {
        weir_timer_stop(trial->world.driver_loop, &trial->feed_timer);
        pravega_writer_free(trial->writer);
    }
    job_crash(trial);
    world_close(&trial->world);
    free(trial);
}

static void play_exactly_once(struct seed_run *run)
{
    play(run, WEIR_PRAVEGA_EXACTLY_ONCE);
}

static void play_at_least_once(struct seed_run *run)
{
    play(run, WEIR_PRAVEGA_ATLEAST_ONCE);
}

static const struct scenario scenarios[] = {
    {.name = "exactly-once", .play = play_exactly_once, .every = 1},
    {.name = "at-least-once", .play = play_at_least_once, .every = 4, .must_see = "numbers written twice"},
    {0},
};

int main(int argc, char **argv)
{
    return seeds_main(argc, argv, scenarios, 300);
}
