/*
 * test_store_upkeep.c - a stream that the store scales, cuts off and marks by itself, while a writer comes in bursts, a
 * subscriber releases what it was written, and store and network fail at moments that the seed picks.
 *
 * In the end: the events of each key are a run without gaps, in their order, up to the last one that was written;
 * nothing is missing that the subscriber had not released, nor so much that less is left than the policy wants; the
 * watermarks go forward, and what lies behind one was written after its time.
 */
#include <inttypes.h>

#include "play.h"
#include "pravega/controller.h"
#include "pravega/format/watermark.h"
#include "pravega/reader_group.h"
#include "pravega/revisioned_stream.h"
#include "pravega/streams.h"
#include "pravega/writer.h"
#include "weir/endian.h"

#define STREAM "kept"
#define KEY_COUNT 8
#define EVENT_COUNT 700
#define RELEASED_MAX 400
#define EVENT_LEN 12
#define EVENT_STORED_LEN (EVENT_LEN + 8)
#define RETAIN_MIN 2000
#define DOWN_MAX_NS WEIR_NS_PER_S
#define PLAY_LIMIT_NS (1200 * WEIR_NS_PER_S)
#define CALL_LIMIT_NS (600 * WEIR_NS_PER_S)
#define SETTLE_NS (20 * WEIR_NS_PER_S)

static const struct pravega_stream_name stream = {SCOPE, STREAM};
static const struct pravega_group_name group_name = {SCOPE, "subscriber"};

static const char *const settings[] = {"weir.retention.frequency.milliseconds=200",
                                       "weir.watermarking.frequency.milliseconds=150",
                                       "weir.autoScale.minute.milliseconds=240",
                                       "autoScale.cooldown.time.seconds=0",
                                       "autoScale.mute.time.seconds=0",
                                       "autoScale.cache.expiry.seconds=2",
                                       NULL};

struct place {
    pravega_segment_id segment; /* -1: it is not there */
    int64_t offset;
};

struct trial {
    struct world world;
    struct process process;
    struct pravega_writer *writer;
    struct weir_timer write_timer;
    struct pravega_call noting;
    uint32_t total;
    uint8_t key_of[EVENT_COUNT];
    bool written;

    struct pravega_reader_group *group;
    struct weir_timer release_timer; /* on the driver's loop */
    uint32_t released;               /* events before this one may be gone */
    bool releasing;

    struct place places[EVENT_COUNT]; /* of the look in hand */
    int64_t last[KEY_COUNT];
    size_t segments_most, segments_now;
    struct outcome marks_read;
    uint64_t mark_count;
    int64_t mark_last;
};

/* --- the writer ------------------------------------------------------------------------------------------------- */

static void go_on(struct trial *trial)
{
    bool rests = pick(&trial->world, 12) == 0;

    trial->written = trial->total == EVENT_COUNT;
    if (!trial->written) /* a rest is long enough for segments to go cold */
        weir_timer_start(trial->process.loop, &trial->write_timer,
                         rests ? 4 * WEIR_NS_PER_S : (int64_t)pick(&trial->world, 100) * WEIR_NS_PER_MS);
}

static void on_noted(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct trial *trial = arg;

    if (status == WEIR_E_INVAL)
        seed_fail(trial->world.run, "noting time: %s", why->message);
    go_on(trial);
}

/* All that was written lies before the tail. (What the writer itself would note is what acknowledgements said; one that
 * was lost with its connection leaves it behind.) */
static void note(void *arg, enum weir_status status, const struct pravega_segment_offset *tail, size_t count,
                 const struct weir_error *why)
{
    struct trial *trial = arg;

    (void)why;
    if (count > trial->segments_most)
        trial->segments_most = count;
    if (status == WEIR_OK)
        pravega_controller_note_timestamp(&trial->noting, trial->process.client, &stream, "writer", tail, count,
                                          trial->total, on_noted, trial);
    else
        go_on(trial);
}

static void on_flushed(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct trial *trial = arg;

    if (status != WEIR_OK)
        seed_fail(trial->world.run, "flushing: %s: %s", weir_status_name(status), why->message);
    else
        pravega_stream_tail(trial->process.client, &stream, note, trial);
}

static void write_on(void *arg)
{
    struct trial *trial = arg;
    struct weir_error err = {0};
    enum weir_status status = WEIR_OK;

    for (uint64_t burst = 1 + pick(&trial->world, 24); burst > 0 && trial->total < EVENT_COUNT && status == WEIR_OK;
         burst--) {
        uint8_t event[EVENT_LEN] = {0}, key = (uint8_t)pick(&trial->world, KEY_COUNT);
        struct weir_view key_view = weir_view(&key, 1);

        weir_put_u32be(event, trial->total);
        status = pravega_writer_write(trial->writer, &key_view, weir_view(event, sizeof(event)), NULL, NULL, &err);
        if (status == WEIR_OK)
            trial->key_of[trial->total++] = key;
        else if (status != WEIR_E_AGAIN)
            seed_fail(trial->world.run, "writing: %s: %s", weir_status_name(status), err.message);
    }
    if (!seed_failed(trial->world.run))
        pravega_writer_flush(trial->writer, on_flushed, trial);
}

/* --- the subscriber --------------------------------------------------------------------------------------------- */

static void release_later(struct trial *trial)
{
    trial->releasing = false;
    weir_timer_start(trial->world.driver_loop, &trial->release_timer,
                     (int64_t)pick(&trial->world, 1500) * WEIR_NS_PER_MS);
}

static void on_released(void *arg, enum weir_status status, const struct weir_error *why)
{
    (void)status;
    (void)why;
    release_later(arg);
}

/* What lies before the tail was written by now. */
static void on_tail(void *arg, enum weir_status status, const struct pravega_segment_offset *at, size_t count,
                    const struct weir_error *why)
{
    struct trial *trial = arg;
    struct pravega_stream_cut cut = {(char *)(uintptr_t)stream.scope, (char *)(uintptr_t)stream.stream,
                                     (struct pravega_segment_offset *)(uintptr_t)at, count};

    (void)why;
    if (status != WEIR_OK || count == 0) {
        release_later(trial);
        return;
    }
    trial->released = trial->total;
    pravega_reader_group_update_retention_stream_cut(trial->group, &cut, 1, on_released, trial);
}

/* In the end it is behind by more than the policy keeps. */
static void release(void *arg)
{
    struct trial *trial = arg;

    if (trial->total > RELEASED_MAX)
        return;
    trial->releasing = true;
    pravega_stream_tail(trial->world.client, &stream, on_tail, trial);
}

struct opening {
    struct outcome outcome;
    struct pravega_reader_group *group;
};

static void on_opened(void *arg, enum weir_status status, struct pravega_reader_group *group,
                      const struct weir_error *why)
{
    struct opening *opening = arg;

    opening->group = group;
    outcome_done(&opening->outcome, status, why);
}

static void subscribe(struct trial *trial)
{
    struct pravega_group_stream streams[] = {{.stream = stream}};
    const struct pravega_reader_group_config config = {
        .streams = streams,
        .stream_count = 1,
        .retention_type = PRAVEGA_DATA_RETENTION_MANUAL_RELEASE_AT_USER_STREAMCUT};
    struct outcome made = {0};
    struct opening opening = {0};

    pravega_reader_group_create(trial->world.client, &group_name, &config, outcome_done, &made);
    if (!world_await_made(&trial->world, &made, "making the subscriber"))
        return;
    pravega_reader_group_open(trial->world.client, &group_name, on_opened, &opening);
    world_await_ok(&trial->world, &opening.outcome, "opening the subscriber");
    trial->group = opening.group;
}

/* --- looking ---------------------------------------------------------------------------------------------------- */

static void look_at(void *arg, pravega_segment_id segment, const struct pravega_event *event)
{
    struct trial *trial = arg;
    uint32_t number = event->payload.len == EVENT_LEN ? weir_get_u32be(event->payload.ptr) : UINT32_MAX;
    int64_t *last;

    if (number >= trial->total) {
        seed_fail(trial->world.run, "segment %d has at %" PRId64 " an event that nobody wrote",
                  pravega_segment_number(segment), event->offset);
        return;
    }
    last = &trial->last[trial->key_of[number]];
    if ((int64_t)number <= *last)
        seed_fail(trial->world.run, "event %" PRIu32 " comes after %" PRId64 " of the same key", number, *last);
    *last = number;
    trial->places[number] = (struct place){segment, event->offset};
}

/* Of each key what is missing comes first, and was released. */
static void check_events(struct trial *trial)
{
    bool there[KEY_COUNT] = {false};
    uint32_t left = 0;

    for (uint32_t i = 0; i < trial->total; i++) {
        bool found = trial->places[i].segment >= 0;

        left += found;
        if (!found && there[trial->key_of[i]])
            seed_fail(trial->world.run, "event %" PRIu32 " is missing in the middle of its key", i);
        if (!found && i >= trial->released)
            seed_fail(trial->world.run, "event %" PRIu32 " is gone, and only those before %" PRIu32 " were released", i,
                      trial->released);
        there[trial->key_of[i]] = there[trial->key_of[i]] || found;
    }
    if (left * EVENT_STORED_LEN < RETAIN_MIN)
        seed_fail(trial->world.run, "%" PRIu32 " events are left: fewer than the policy wants", left);
    seed_tell(trial->world.run, world_now(&trial->world), "%" PRIu32 " of %" PRIu32 " events are left", left,
              trial->total);
}

/* Whether an event lies before the watermark's cut. */
static bool is_before(const struct trial *trial, uint32_t number, const struct pravega_watermark *mark)
{
    double hash = pravega_routing_hash(weir_view(&trial->key_of[number], 1));
    const struct place *place = &trial->places[number];

    for (size_t i = 0; i < mark->segment_count; i++) {
        const struct pravega_watermark_segment *segment = &mark->segments[i];
        pravega_segment_id in_cut = segment->range.id;

        if (hash > segment->range.max_key || (hash <= segment->range.min_key && hash > 0))
            continue;
        return place->segment < in_cut || (place->segment == in_cut && place->offset < segment->offset);
    }
    return false;
}

static bool on_mark(void *arg, const struct pravega_revision *revision, struct weir_view entry)
{
    struct trial *trial = arg;
    struct pravega_watermark mark;

    (void)revision;
    if (pravega_watermark_from_bytes(entry, &mark, NULL) != WEIR_OK) {
        seed_fail(trial->world.run, "the mark stream has an entry that is no watermark");
        return true;
    }
    if (trial->mark_count++ > 0 && mark.lower <= trial->mark_last)
        seed_fail(trial->world.run, "a watermark of %" PRId64 " comes after one of %" PRId64, mark.lower,
                  trial->mark_last);
    trial->mark_last = mark.lower;
    for (uint32_t i = 0; i < trial->total && i < mark.lower; i++)
        if (trial->places[i].segment >= 0 && !is_before(trial, i, &mark))
            seed_fail(trial->world.run, "event %" PRIu32 " lies behind the watermark of %" PRId64, i, mark.lower);
    pravega_watermark_fini(&mark);
    return true;
}

struct oldest {
    struct outcome outcome;
    struct pravega_revision revision;
};

static void on_oldest(void *arg, enum weir_status status, const struct pravega_revision *revision,
                      const struct weir_error *why)
{
    struct oldest *oldest = arg;

    if (status == WEIR_OK)
        oldest->revision = *revision;
    outcome_done(&oldest->outcome, status, why);
}

static void on_marks_read(void *arg, enum weir_status status, const struct weir_error *why)
{
    outcome_done(&((struct trial *)arg)->marks_read, status, why);
}

static void check_marks(struct trial *trial)
{
    const struct pravega_stream_name name = {SCOPE, "_MARK" STREAM};
    struct pravega_revisioned_stream *log;
    struct oldest oldest = {0};

    trial->mark_count = 0;
    trial->marks_read = (struct outcome){0};
    must(pravega_revisioned_stream_new(trial->world.client, &name, &log, NULL));
    pravega_revisioned_stream_oldest(log, on_oldest, &oldest);
    if (world_await_ok(&trial->world, &oldest.outcome, "asking for the first watermark")) {
        pravega_revisioned_stream_read(log, &oldest.revision, on_mark, on_marks_read, trial);
        world_await_ok(&trial->world, &trial->marks_read, "reading watermarks");
    }
    pravega_revisioned_stream_free(log);
    if (trial->mark_count == 0 || trial->mark_last != trial->total)
        seed_fail(trial->world.run, "the last of %" PRIu64 " watermarks is of %" PRId64 ", not of %" PRIu32,
                  trial->mark_count, trial->mark_last, trial->total);
}

static void on_current(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                       const struct weir_error *why)
{
    struct trial *trial = arg;

    (void)status;
    (void)segments;
    (void)why;
    trial->segments_now = count;
}

static void look(struct trial *trial)
{
    for (uint32_t i = 0; i < EVENT_COUNT; i++)
        trial->places[i].segment = -1;
    for (int key = 0; key < KEY_COUNT; key++)
        trial->last[key] = -1;
    read_scaled_stream(&trial->world, STREAM, look_at, trial, NULL);
    if (!seed_failed(trial->world.run))
        check_events(trial);
    if (!seed_failed(trial->world.run))
        check_marks(trial);
}

/* --- the play --------------------------------------------------------------------------------------------------- */

static void on_reached(void *arg)
{
    struct pravega_writer_options options = {.block_bytes = 400};
    struct trial *trial = arg;

    must(pravega_writer_new(trial->process.client, &stream, &options, &trial->writer, NULL));
    write_on(trial);
}

static void start(struct trial *trial)
{
    trial->write_timer = (struct weir_timer){.fn = write_on, .arg = trial};
    trial->release_timer = (struct weir_timer){.fn = release, .arg = trial};
    process_start(&trial->process, &trial->world, "writer", "writer-disk");
    process_reach(&trial->process, &stream, on_reached, trial);
    release_later(trial);
}

static void stop(void *arg)
{
    struct trial *trial = arg;

    weir_timer_stop(trial->world.driver_loop, &trial->release_timer);
    pravega_reader_group_free(trial->group);
    if (trial->process.host == NULL)
        return;
    process_silence(&trial->process);
    weir_timer_stop(trial->process.loop, &trial->write_timer);
    pravega_call_cancel(&trial->noting);
    pravega_writer_free(trial->writer);
    process_end(&trial->process);
}

static bool all_over(const void *arg)
{
    return ((const struct trial *)arg)->written;
}

static bool is_quiet(void *arg)
{
    const struct trial *trial = arg;

    return !trial->releasing;
}

static bool never(void *arg)
{
    return seed_failed(arg);
}

static void make(struct trial *trial)
{
    const struct pravega_stream_config config = {.scale_type = trial->world.run->seed % 2 == 0
                                                                   ? PRAVEGA_SCALE_BY_EVENTS
                                                                   : PRAVEGA_SCALE_BY_KBYTES,
                                                 .target_rate = trial->world.run->seed % 2 == 0 ? 20 : 1,
                                                 .scale_factor = 3,
                                                 .min_segments = 1,
                                                 .retention_type = PRAVEGA_RETENTION_SIZE,
                                                 .retention_min = RETAIN_MIN,
                                                 .timestamp_aggregation_timeout_ms = 60000};
    struct outcome outcome = {0};

    make_scope(&trial->world);
    pravega_stream_create(trial->world.client, &stream, &config, outcome_done, &outcome);
    if (world_await_made(&trial->world, &outcome, "creating the stream"))
        subscribe(trial);
}

/* Nothing fails any more and nobody writes: what the store does by itself comes to an end. */
static void come_to_rest(struct trial *trial)
{
    struct world *world = &trial->world;

    if (trial->written) /* once more: the last one may have failed */
        pravega_stream_tail(trial->process.client, &stream, note, trial);
    (void)weir_sim_run(world->sim, is_quiet, trial, PLAY_LIMIT_NS);
    weir_timer_stop(world->driver_loop, &trial->release_timer);
    (void)weir_sim_run(world->sim, never, world->run, SETTLE_NS);
}

static void body(void *arg)
{
    struct trial *trial = arg;
    struct world *world = &trial->world;

    make(trial);
    if (seed_failed(world->run))
        return;
    start(trial);
    play_through_crashes(world, (int)pick(world, 8), DOWN_MAX_NS, all_over, trial, "writing");
    come_to_rest(trial);
    look(trial);
    store_crash(world);
    store_start(world);
    look(trial);
    pravega_stream_current_segments(world->client, &stream, on_current, trial);
    (void)weir_sim_run(world->sim, never, world->run, SETTLE_NS);
    seed_tell(world->run, world_now(world), "%zu segments at the most, %zu in the end, %" PRIu64 " watermarks",
              trial->segments_most, trial->segments_now, trial->mark_count);
    world->run->sightings += trial->segments_most > trial->segments_now && trial->segments_now == 1 &&
                             trial->mark_count > 2 && trial->places[0].segment < 0;
}

static void play(struct seed_run *run)
{
    static const struct play upkeep = {
        .trial_size = sizeof(struct trial), .body = body, .stop = stop, .store_settings = settings};

    play_trial(run, &upkeep);
}

static const struct scenario scenarios[] = {
    {.name = "store-upkeep",
     .play = play,
     .every = 1,
     .must_see = "runs with splits, merges, truncations and watermarks"},
    {0},
};

int main(int argc, char **argv)
{
    return seeds_main(argc, argv, scenarios, 60);
}
