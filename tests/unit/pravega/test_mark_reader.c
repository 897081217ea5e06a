/*
 * test_mark_reader.c - the time marks of a stream, read from its mark stream as far as the group's place asks for it.
 */
#include "pravega/group/mark_reader.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "play_store.h"

#define MARK_SEGMENT "scope/_MARKevents/0.#epoch.0"

static const struct pravega_stream_name events = {PLAY_SCOPE, "events"};
static const struct pravega_retry hasty = {.initial_backoff_ms = 1, .max_backoff_ms = 10, .retry_attempts = 3};

struct world {
    struct play_store store;
    struct play_segment *segment; /* of the marks */
    struct pravega_client *client;
    struct pravega_mark_reader reader;
    struct pravega_group_state state; /* only where it was last */
    struct pravega_position_entry places[2];
};

static void open_world(struct world *world)
{
    const struct weir_sim_options options = {.seed = 11};

    *world = (struct world){0};
    play_store_open(&world->store, &options);
    world->segment = play_store_segment(&world->store, 0, 0, 1);
    snprintf(world->segment->name, sizeof(world->segment->name), MARK_SEGMENT);
    world->client = play_store_client(&world->store, &hasty);
    world->places[0] = (struct pravega_position_entry){(char *)PLAY_SCOPE, (char *)"events", 0, 0, 1, 0};
    world->places[1] = (struct pravega_position_entry){(char *)PLAY_SCOPE, (char *)"others", 0, 0, 1, 1 << 20};
    world->state.last_read.entries = world->places;
    world->state.last_read.count = 2;
    ck_assert_int_eq(pravega_mark_reader_init(&world->reader, world->client, &events, NULL), WEIR_OK);
}

static void close_world(struct world *world)
{
    pravega_mark_reader_fini(&world->reader);
    pravega_client_free(world->client);
    play_store_close(&world->store);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void run_for(struct world *world, int64_t ns)
{
    (void)weir_sim_run(world->store.sim, never, NULL, ns);
}

/* At `offset` of the events, writers had noted between `lower` and `upper`. */
static void put_mark(struct world *world, int64_t offset, int64_t lower, int64_t upper)
{
    struct pravega_watermark_segment segment = {{0, 0, 1}, offset};
    const struct pravega_watermark mark = {lower, upper, &segment, 1};
    struct weir_buf bytes;

    weir_buf_init(&bytes, 4096);
    pravega_watermark_to_bytes(&mark, &bytes);
    play_store_put(&world->store, world->segment, weir_buf_view(&bytes));
    weir_buf_fini(&bytes);
}

static struct pravega_time_window window_at(struct world *world, int64_t offset)
{
    world->places[0].offset = offset;
    pravega_mark_reader_advance(&world->reader, &world->state);
    run_for(world, WEIR_NS_PER_S);
    return pravega_time_track_window(&world->reader.track);
}

#define CHECK_WINDOW(window, low, high)                                                                                \
    do {                                                                                                               \
        struct pravega_time_window w = (window);                                                                       \
                                                                                                                       \
        ck_assert_int_eq(w.has_lower ? w.lower : -1, (low));                                                           \
        ck_assert_int_eq(w.has_upper ? w.upper : -1, (high));                                                          \
    } while (0)

/* Goal: the window is that of the marks around the group's place, of this stream and not of another; marks are read as
 * far as they are needed, old ones and those that come later. */
START_TEST(the_window_follows_the_groups_place)
{
    struct world world;

    open_world(&world);
    CHECK_WINDOW(window_at(&world, 0), -1, -1);
    put_mark(&world, 100, 1000, 2000);
    put_mark(&world, 200, 3000, 4000);
    put_mark(&world, 300, 5000, 6000);
    CHECK_WINDOW(window_at(&world, 50), -1, 2000);
    CHECK_WINDOW(window_at(&world, 60), -1, 2000);
    CHECK_WINDOW(window_at(&world, 100), 1000, 4000);
    CHECK_WINDOW(window_at(&world, 250), 3000, 6000);
    CHECK_WINDOW(window_at(&world, 900), 5000, -1);
    put_mark(&world, 1000, 7000, 8000);
    CHECK_WINDOW(window_at(&world, 950), 5000, 8000);
    CHECK_WINDOW(window_at(&world, PRAVEGA_OFFSET_COMPLETED), 7000, -1);
    close_world(&world);
}
END_TEST

START_TEST(a_group_that_is_not_at_the_stream_asks_nothing)
{
    struct world world;
    uint64_t frame_count;

    open_world(&world);
    put_mark(&world, 100, 1000, 2000);
    frame_count = world.store.frame_count;
    world.state.last_read.entries = &world.places[1];
    world.state.last_read.count = 1;
    CHECK_WINDOW(window_at(&world, 500), -1, -1);
    ck_assert_uint_eq(world.store.frame_count, frame_count);
    close_world(&world);
}
END_TEST

/* Goal: entries that are no marks are passed over, here and at each other place. */
START_TEST(what_is_no_mark_is_left_out)
{
    struct world world;

    open_world(&world);
    for (int i = 1; i <= 3; i++) {
        play_store_put(&world.store, world.segment, weir_view("no mark at all", i == 2 ? 0 : 14));
        put_mark(&world, 100 * i, 1000 * i, 1000 * i + 500);
    }
    CHECK_WINDOW(window_at(&world, 250), 2000, 3500);
    close_world(&world);
}
END_TEST

/* Goal: what the controller drops of old marks costs no more than those marks, however far behind the group is. */
START_TEST(marks_that_are_gone_are_left_out)
{
    struct world world;
    int64_t second;

    open_world(&world);
    put_mark(&world, 100, 1000, 2000);
    CHECK_WINDOW(window_at(&world, 50), -1, 2000);
    put_mark(&world, 200, 3000, 4000);
    second = (int64_t)world.segment->data.len;
    put_mark(&world, 300, 5000, 6000);
    play_store_truncate(world.segment, second);
    CHECK_WINDOW(window_at(&world, 150), 1000, -1); /* it finds out */
    CHECK_WINDOW(window_at(&world, 160), 1000, 6000);
    close_world(&world);
}
END_TEST

/* Goal: without a mark stream there is no window, and the store is not asked all the time; later there may be one. */
START_TEST(a_stream_without_marks_is_asked_seldom)
{
    struct world world;
    uint64_t frame_count;

    open_world(&world);
    put_mark(&world, 100, 1000, 2000);
    world.segment->gone = true;
    CHECK_WINDOW(window_at(&world, 50), -1, -1);
    frame_count = world.store.frame_count;
    for (int i = 0; i < 20; i++)
        CHECK_WINDOW(window_at(&world, 50), -1, -1);
    ck_assert_uint_eq(world.store.frame_count, frame_count);
    world.segment->gone = false;
    run_for(&world, 30 * WEIR_NS_PER_S);
    CHECK_WINDOW(window_at(&world, 50), -1, 2000);
    close_world(&world);
}
END_TEST

/* Goal: connections that are cut anywhere lose and double no mark. */
START_TEST(cuts_lose_no_mark)
{
    struct world world;

    open_world(&world);
    world.store.cut_at_frame = (uint64_t)_i + 1;
    for (int i = 1; i <= 5; i++)
        put_mark(&world, 100 * i, 1000 * i, 1000 * i + 500);
    for (int at = 50; at <= 450; at += 100) {
        (void)window_at(&world, at);
        run_for(&world, 40 * WEIR_NS_PER_S);
        CHECK_WINDOW(window_at(&world, at), at < 100 ? -1 : at / 100 * 1000, at / 100 * 1000 + 1500);
    }
    close_world(&world);
}
END_TEST

START_TEST(a_reader_may_end_at_any_moment)
{
    struct world world;

    open_world(&world);
    put_mark(&world, 100, 1000, 2000);
    world.places[0].offset = 50;
    pravega_mark_reader_advance(&world.reader, &world.state);
    run_for(&world, _i * 100 * 1000);
    close_world(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mark_reader");
    TCase *tc = tcase_create("mark_reader");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, the_window_follows_the_groups_place);
    tcase_add_test(tc, a_group_that_is_not_at_the_stream_asks_nothing);
    tcase_add_test(tc, what_is_no_mark_is_left_out);
    tcase_add_test(tc, marks_that_are_gone_are_left_out);
    tcase_add_test(tc, a_stream_without_marks_is_asked_seldom);
    tcase_add_loop_test(tc, cuts_lose_no_mark, 0, 20);
    tcase_add_loop_test(tc, a_reader_may_end_at_any_moment, 0, 60);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
