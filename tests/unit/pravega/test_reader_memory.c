/*
 * test_reader_memory.c - what readers hold while nobody takes their events, and what an event costs the allocator.
 *
 * A Pravega in memory has far more for each segment than may be read ahead. What the client's process holds is counted
 * by its allocations (counted_memory.h), at rest and at its peak, with connections and all.
 */
#include <check.h>
#include <stdlib.h>

#include "counted_memory.h"
#include "play_store.h"
#include "pravega/batch.h"
#include "pravega/group/owned_segments.h"

#define SEGMENTS 16
#define QUICK 4
#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define CONNECTIONS_MAX 10
#define CONNECTION_BYTES (256 * KIB) /* what it receives into, and its own struct; beyond the longest answer */
#define SEGMENT_BYTES (8 * KIB)      /* a reader without its buffer: structs, names */
#define MINUTE_NS (60 * WEIR_NS_PER_S)

static const struct pravega_stream_name stream = {PLAY_SCOPE, PLAY_STREAM};

struct reading {
    size_t buffer_bytes;
    size_t event_len;    /* of most events */
    size_t longest;      /* of every tenth; 0: all have event_len */
    size_t read_len_max; /* of an answer; 0: all that was asked for */
    size_t data_len;     /* of each segment; more than is ever read ahead */
};

static const struct reading readings[] = {
    {1 * KIB, 20, 0, 0, 200 * KIB},
    {1 * KIB, 20, 0, 300, 200 * KIB},
    {1 * KIB, 20, 100 * KIB, 0, 600 * KIB},
    {64 * KIB, 20, 0, 17 * KIB, 400 * KIB}, /* answers that are lent, each in a long area */
    {64 * KIB, 20, 5000, 900, 400 * KIB},   /* and those that are copied */
    {256 * KIB, 300, 200 * KIB, 70 * KIB, 2 * MIB},
    {1 * MIB, 100, 0, 0, 4 * MIB},
    {1 * MIB, 100, 0, 20 * KIB, 4 * MIB},
    {64 * KIB, 3 * MIB, 0, 0, 7 * MIB},
    {1 * MIB, 1000, 2 * MIB, 300 * KIB, 6 * MIB},
};
#define READINGS ((int)(sizeof(readings) / sizeof(readings[0])))

struct world {
    struct play_store store;
    struct pravega_client *client;
    const struct reading *reading;
};

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void run_for(struct world *world, int64_t ns)
{
    (void)weir_sim_run(world->store.sim, never, NULL, ns);
}

static size_t len_of(const struct reading *reading, size_t number)
{
    return reading->longest > 0 && number % 10 == 9 ? reading->longest : reading->event_len;
}

static void fill(struct world *world, struct play_segment *segment)
{
    size_t longest =
        world->reading->longest > world->reading->event_len ? world->reading->longest : world->reading->event_len;
    uint8_t *event = calloc(1, longest);

    for (size_t n = 0; segment->data.len < world->reading->data_len; n++)
        play_store_put(&world->store, segment, weir_view(event, len_of(world->reading, n)));
    free(event);
}

static void open_world(struct world *world, const struct reading *reading)
{
    const struct weir_sim_options options = {.seed = 3};

    world->reading = reading;
    play_store_open(&world->store, &options);
    world->store.read_len_max = reading->read_len_max;
    for (int i = 0; i < SEGMENTS; i++)
        fill(world, play_store_segment(&world->store, i, (double)i / SEGMENTS, (double)(i + 1) / SEGMENTS));
    counted_memory_watch(world->store.client_loop);
    world->client = play_store_client(&world->store, NULL);
}

static void close_world(struct world *world)
{
    pravega_client_free(world->client);
    play_store_close(&world->store);
    counted_memory_watch(NULL);
}

/* What segment_reader.h says a reader holds, but for the answer that arrives. */
static size_t bound_of(const struct reading *reading)
{
    size_t longest = reading->longest > reading->event_len ? reading->longest : reading->event_len;
    size_t buffers = 2 * reading->buffer_bytes;

    return longest > reading->buffer_bytes ? buffers + PRAVEGA_EVENT_HEADER_LEN + longest : buffers;
}

/* Short answers are gathered in pieces: the first may be used up in part, the last not yet full. */
static size_t piece_bytes(const struct reading *reading)
{
    return 2 * (reading->buffer_bytes < 32 * KIB ? reading->buffer_bytes : 32 * KIB);
}

static size_t answer_len_max(const struct reading *reading)
{
    size_t len = bound_of(reading) < 2 * MIB ? bound_of(reading) : 2 * MIB;

    return reading->read_len_max > 0 && reading->read_len_max < len ? reading->read_len_max : len;
}

static void check_bound(const struct reading *reading, const char *what)
{
    size_t held = counted_memory_held();
    size_t bound = SEGMENTS * (bound_of(reading) + piece_bytes(reading) + SEGMENT_BYTES) +
                   CONNECTIONS_MAX * (CONNECTION_BYTES + answer_len_max(reading));

    ck_assert_msg(held <= bound, "%s: %zu bytes are held (%zu for each segment), %zu may be", what, held,
                  held / SEGMENTS, bound);
}

/* ---- segment readers, batch readers */

static void do_nothing(void *arg)
{
    (void)arg;
}

/* Goal: as the name says, from the first answer on and after each event that is taken at last. */
START_TEST(segment_readers_that_are_not_asked_stay_within_their_buffers)
{
    const struct reading *reading = &readings[_i];
    struct pravega_segment_reader_options options = {.buffer_bytes = reading->buffer_bytes, .on_ready = do_nothing};
    struct pravega_segment_reader *readers[SEGMENTS];
    struct pravega_event event;
    struct world world;

    open_world(&world, reading);
    for (int i = 0; i < SEGMENTS; i++)
        ck_assert_int_eq(pravega_segment_reader_new(world.client, &stream, i, &options, &readers[i], NULL), WEIR_OK);
    for (int round = 0; round < 12; round++) {
        run_for(&world, 10 * WEIR_NS_PER_S);
        check_bound(reading, "segment readers");
        for (int i = 0; i < SEGMENTS; i++) {
            enum weir_status status = pravega_segment_reader_next(readers[i], &event, NULL);

            ck_assert(status == WEIR_OK || status == WEIR_E_AGAIN);
        }
    }
    for (int i = 0; i < SEGMENTS; i++)
        pravega_segment_reader_free(readers[i]);
    close_world(&world);
}
END_TEST

START_TEST(batch_readers_that_are_not_asked_stay_within_their_buffers)
{
    const struct reading *reading = &readings[_i];
    struct pravega_batch_reader_options options = {.buffer_bytes = reading->buffer_bytes, .on_ready = do_nothing};
    struct pravega_batch_reader *readers[SEGMENTS];
    struct world world;

    open_world(&world, reading);
    for (int i = 0; i < SEGMENTS; i++) {
        const struct pravega_batch_range range = {i, 0, (int64_t)world.store.segments[i].data.len};

        ck_assert_int_eq(pravega_batch_reader_new(world.client, &stream, &range, &options, &readers[i], NULL), WEIR_OK);
    }
    run_for(&world, MINUTE_NS);
    check_bound(reading, "batch readers");
    for (int i = 0; i < SEGMENTS; i++)
        pravega_batch_reader_free(readers[i]);
    close_world(&world);
}
END_TEST

/* ---- a reader's segments in turn, as an event reader has them */

static void own_all(struct world *world, struct pravega_owned_segments *owned)
{
    pravega_owned_init(owned, world->client, world->reading->buffer_bytes, 0, do_nothing, NULL);
    for (int i = 0; i < SEGMENTS; i++) {
        struct pravega_position_entry place = {
            .scope = (char *)PLAY_SCOPE, .stream = (char *)PLAY_STREAM, .segment = i};

        ck_assert_int_eq(pravega_owned_add(owned, &place, PRAVEGA_OFFSET_UNBOUNDED, NULL), WEIR_OK);
    }
}

START_TEST(a_slow_consumer_of_many_segments_stays_within_their_buffers)
{
    const struct reading *reading = &readings[_i];
    struct pravega_owned_segments owned;
    const struct pravega_owned_segment *from;
    struct pravega_event event;
    struct world world;

    open_world(&world, reading);
    own_all(&world, &owned);
    ck_assert_int_eq(pravega_owned_next(&owned, &event, &from, NULL), WEIR_E_AGAIN);
    for (int round = 0; round < 20; round++) {
        run_for(&world, 10 * WEIR_NS_PER_S);
        check_bound(reading, "a slow consumer");
        ck_assert_int_ne(pravega_owned_next(&owned, &event, &from, NULL), WEIR_E_END);
    }
    for (int i = 0; i < 300; i++) { /* quicker than it comes */
        if (pravega_owned_next(&owned, &event, &from, NULL) == WEIR_E_AGAIN)
            run_for(&world, WEIR_NS_PER_MS);
    }
    check_bound(reading, "a consumer that catches up");
    pravega_owned_fini(&owned);
    close_world(&world);
}
END_TEST

/* Goal: with all events taken, what was needed for long ones is given back. */
START_TEST(readers_at_the_tail_hold_no_long_events)
{
    const struct reading *reading = &readings[_i];
    struct pravega_owned_segments owned;
    const struct pravega_owned_segment *from;
    struct pravega_event event;
    struct world world;
    enum weir_status status;
    int idle = 0;

    open_world(&world, reading);
    own_all(&world, &owned);
    while (idle < 20) {
        status = pravega_owned_next(&owned, &event, &from, NULL);
        ck_assert(status == WEIR_OK || status == WEIR_E_AGAIN);
        idle = status == WEIR_OK ? 0 : idle + 1;
        if (status == WEIR_E_AGAIN)
            run_for(&world, WEIR_NS_PER_S);
    }
    ck_assert_msg(counted_memory_held() <= SEGMENTS * (SEGMENT_BYTES + 64 * KIB + reading->buffer_bytes) +
                                               CONNECTIONS_MAX * (CONNECTION_BYTES + answer_len_max(reading)),
                  "%zu bytes are held with nothing to read", counted_memory_held());
    pravega_owned_fini(&owned);
    close_world(&world);
}
END_TEST

/* So many events at once; then the store answers the read that waits. */
static void put_many(struct world *world, struct play_segment *segment, int count)
{
    static uint8_t event[20 * KIB];

    for (int i = 0; i < count - 1; i++) {
        weir_buf_u32be(&segment->data, 0);
        weir_buf_u32be(&segment->data, sizeof(event));
        weir_buf_append(&segment->data, event, sizeof(event));
    }
    play_store_put(&world->store, segment, weir_view(event, sizeof(event)));
}

static void take_all(void *arg)
{
    struct pravega_segment_reader **reader = arg;
    struct pravega_event event;

    while (pravega_segment_reader_next(*reader, &event, NULL) == WEIR_OK)
        continue;
}

/* Goal: answers of slow segments do not keep the long areas that quick ones on the same connections fill. Method: four
 * segments are read as fast as they come, with long answers; the others get 20 KiB now and then, which nobody takes. */
START_TEST(slow_segments_do_not_keep_what_quick_ones_needed)
{
    static const struct reading reading = {.buffer_bytes = 2 * MIB, .event_len = 50 * KIB, .data_len = 1};
    struct pravega_segment_reader *readers[SEGMENTS];
    struct world world;
    size_t bound = 0;

    open_world(&world, &reading);
    for (int i = 0; i < SEGMENTS; i++) {
        const struct pravega_segment_reader_options options = {
            .buffer_bytes = 2 * MIB, .on_ready = i < QUICK ? take_all : do_nothing, .arg = &readers[i]};

        ck_assert_int_eq(pravega_segment_reader_new(world.client, &stream, i, &options, &readers[i], NULL), WEIR_OK);
        if (i < QUICK)
            take_all(&readers[i]);
    }
    for (int round = 0; round < 60; round++) {
        counted_memory_pause(true);
        for (int i = 0; i < SEGMENTS; i++)
            put_many(&world, &world.store.segments[i], i < QUICK ? 40 : 1);
        counted_memory_pause(false);
        run_for(&world, WEIR_NS_PER_S);
        bound = 2 * (SEGMENTS - QUICK) * (size_t)(round + 1) * 20 * KIB + 8 * MIB;
        ck_assert_msg(counted_memory_held() <= bound, "%zu bytes are held, %zu may be", counted_memory_held(), bound);
    }
    for (int i = 0; i < SEGMENTS; i++)
        pravega_segment_reader_free(readers[i]);
    close_world(&world);
}
END_TEST

/* ---- the allocator */

/* Goal: an event costs no allocation; what is allocated is for answers, and for the whole of an event that two of them
 * share. Method: 100,000 events of 16 segments in turn, a few of them long. */
START_TEST(events_cost_no_allocation)
{
    static const struct reading few_long = {
        .buffer_bytes = 256 * KIB, .event_len = 40, .longest = 0, .read_len_max = 0, .data_len = 400 * KIB};
    static const struct reading lent = {
        .buffer_bytes = 1 * MIB, .event_len = 100, .longest = 900, .read_len_max = 100 * KIB, .data_len = 2 * MIB};
    struct pravega_owned_segments owned;
    const struct pravega_owned_segment *from;
    struct pravega_event event;
    struct world world;
    uint64_t before, calls = 0;

    open_world(&world, _i == 0 ? &few_long : &lent);
    own_all(&world, &owned);
    run_for(&world, WEIR_NS_PER_S);
    before = counted_memory_calls();
    for (int count = 0; count < 100000;) {
        uint64_t before_next = counted_memory_calls();
        enum weir_status status = pravega_owned_next(&owned, &event, &from, NULL);

        calls += counted_memory_calls() - before_next;
        count += status == WEIR_OK;
        if (status == WEIR_E_AGAIN)
            run_for(&world, WEIR_NS_PER_MS);
        else if (status != WEIR_OK) /* an assertion allocates */
            ck_abort_msg("a reader fails");
    }
    ck_assert_msg(calls <= SEGMENTS * 10, "next() allocated %d times in 100,000 events", (int)calls);
    ck_assert_msg(counted_memory_calls() - before <= 100000 / 50, "%d allocations for 100,000 events",
                  (int)(counted_memory_calls() - before));
    pravega_owned_fini(&owned);
    close_world(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("reader_memory");
    TCase *tc = tcase_create("reader_memory");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_loop_test(tc, segment_readers_that_are_not_asked_stay_within_their_buffers, 0, READINGS);
    tcase_add_loop_test(tc, batch_readers_that_are_not_asked_stay_within_their_buffers, 0, READINGS);
    tcase_add_loop_test(tc, a_slow_consumer_of_many_segments_stays_within_their_buffers, 0, READINGS);
    tcase_add_loop_test(tc, readers_at_the_tail_hold_no_long_events, 0, READINGS);
    tcase_add_test(tc, slow_segments_do_not_keep_what_quick_ones_needed);
    tcase_add_loop_test(tc, events_cost_no_allocation, 0, 2);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
