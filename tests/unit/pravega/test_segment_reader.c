/*
 * test_segment_reader.c - the segment reader over a Pravega in memory: all events, once, in order, whatever breaks.
 */
#include "pravega/segment_reader.h"

#include <check.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "play_store.h"
#include "pravega/segment_info.h"
#include "weir/endian.h"

#define EVENT_LEN_MAX 70000
#define HOUR_NS (3600 * WEIR_NS_PER_S)

static const struct pravega_stream_name stream_name = {PLAY_SCOPE, PLAY_STREAM};

/* Reads all there is, and checks it against the rule that made it: event n has a length of its own, and starts with n.
 */
struct app {
    struct pravega_segment_reader *reader;
    uint32_t next;
    size_t (*len_of)(uint32_t number);
    int64_t next_offset;
    enum weir_status status;
    struct weir_error why;
};

static size_t short_len(uint32_t number)
{
    return 4 + number % 60;
}

static size_t mixed_len(uint32_t number)
{
    return number % 50 == 49 ? 70000 : number % 7 == 3 ? 3000 : 4 + number % 60;
}

static void fill(struct play_store *store, struct play_segment *segment, uint32_t from, uint32_t to,
                 size_t (*len_of)(uint32_t))
{
    static uint8_t event[EVENT_LEN_MAX];

    for (uint32_t n = from; n < to; n++) {
        memset(event, (int)n, len_of(n));
        weir_put_u32be(event, n);
        play_store_put(store, segment, weir_view(event, len_of(n)));
    }
}

static void check_event(struct app *app, const struct pravega_event *event)
{
    static uint8_t wanted[EVENT_LEN_MAX];

    ck_assert_uint_eq(event->payload.len, app->len_of(app->next));
    ck_assert_uint_eq(weir_get_u32be(event->payload.ptr), app->next);
    memset(wanted, (int)app->next, event->payload.len);
    ck_assert_mem_eq(event->payload.ptr + 4, wanted, event->payload.len - 4);
    ck_assert_int_eq(event->offset, app->next_offset);
    app->next_offset = event->next_offset;
    ck_assert_int_eq(event->next_offset, event->offset + 8 + (int64_t)event->payload.len);
    ck_assert_int_eq(pravega_segment_reader_offset(app->reader), event->next_offset);
    app->next++;
}

static void read_on(void *arg)
{
    struct app *app = arg;
    struct pravega_event event;

    while ((app->status = pravega_segment_reader_next(app->reader, &event, &app->why)) == WEIR_OK)
        check_event(app, &event);
}

static bool ended(void *arg)
{
    struct app *app = arg;

    return app->status != WEIR_E_AGAIN;
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void start(struct app *app, struct pravega_client *client, struct pravega_segment_reader_options options)
{
    options.on_ready = read_on;
    options.arg = app;
    app->next_offset = options.start_offset;
    ck_assert_int_eq(pravega_segment_reader_new(client, &stream_name, 0, &options, &app->reader, NULL), WEIR_OK);
    read_on(app);
    ck_assert_int_eq(app->status, WEIR_E_AGAIN);
}

struct world {
    struct play_store store;
    struct play_segment *segment;
    struct pravega_client *client;
};

static void open_world(struct world *world, const struct weir_sim_options *options, const struct pravega_retry *retry)
{
    play_store_open(&world->store, options);
    world->segment = play_store_segment(&world->store, 0, 0, 1);
    world->client = play_store_client(&world->store, retry);
}

static void close_world(struct world *world, struct app *app)
{
    pravega_segment_reader_free(app->reader);
    pravega_client_free(world->client);
    play_store_close(&world->store);
}

/* Goal: events come out whole and in order, however answers cut them. Method: answers of odd sizes, short and long. */
START_TEST(a_sealed_segment_is_read_to_its_end)
{
    static const size_t read_lens[] = {0, 9, 64, 1000, 17000, 100001};
    static const size_t buffers[] = {0, 1024, 65536};
    struct weir_sim_options options = {.seed = (uint64_t)_i + 1};
    struct app app = {.len_of = _i % 6 == 1 ? short_len : mixed_len};
    struct world world;

    open_world(&world, &options, NULL);
    fill(&world.store, world.segment, 0, 400, app.len_of);
    world.segment->sealed = true;
    world.store.read_len_max = read_lens[_i % 6];
    start(&app, world.client, (struct pravega_segment_reader_options){.buffer_bytes = buffers[_i / 6]});
    ck_assert(weir_sim_run(world.store.sim, ended, &app, HOUR_NS));
    ck_assert_int_eq(app.status, WEIR_E_END);
    ck_assert_uint_eq(app.next, 400);
    read_on(&app);
    ck_assert_int_eq(app.status, WEIR_E_END); /* stays so */
    close_world(&world, &app);
}
END_TEST

START_TEST(tail_reads_bring_events_as_they_are_written)
{
    struct weir_sim_options options = {.seed = 1};
    struct app app = {.len_of = short_len};
    struct world world;

    open_world(&world, &options, NULL);
    start(&app, world.client, (struct pravega_segment_reader_options){0});
    for (uint32_t n = 0; n < 300; n++) {
        fill(&world.store, world.segment, n, n + 1, short_len);
        weir_sim_run(world.store.sim, never, NULL, 10 * WEIR_NS_PER_MS);
        ck_assert_uint_eq(app.next, n + 1);
        ck_assert(pravega_segment_reader_at_tail(app.reader));
    }
    play_store_seal(&world.store, world.segment); /* while the read waits */
    ck_assert(weir_sim_run(world.store.sim, ended, &app, HOUR_NS));
    ck_assert_int_eq(app.status, WEIR_E_END);
    close_world(&world, &app);
}
END_TEST

static void do_nothing(void *arg)
{
    (void)arg;
}

/* Goal: while nobody consumes, what is read ahead stays within the buffer. Method: count the bytes that answers
 * carried. */
START_TEST(reading_ahead_is_bounded)
{
    struct weir_sim_options options = {.seed = 1};
    struct app app = {.len_of = short_len};
    struct pravega_segment_reader_options with_app = {.buffer_bytes = 20000, .on_ready = do_nothing, .arg = &app};
    struct world world;

    open_world(&world, &options, NULL);
    fill(&world.store, world.segment, 0, 2000, short_len);
    world.store.read_len_max = 500;
    ck_assert_int_eq(pravega_segment_reader_new(world.client, &stream_name, 0, &with_app, &app.reader, NULL), WEIR_OK);
    weir_sim_run(world.store.sim, never, NULL, 10 * WEIR_NS_PER_S);
    ck_assert_uint_gt(world.store.read_bytes, 0);
    ck_assert_uint_le(world.store.read_bytes, 20000);
    world.segment->sealed = true;
    read_on(&app);
    while (app.status == WEIR_E_AGAIN) { /* then all of it comes */
        weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
        read_on(&app);
    }
    ck_assert_int_eq(app.status, WEIR_E_END);
    ck_assert_uint_eq(app.next, 2000);
    close_world(&world, &app);
}
END_TEST

#define LARGE_LEN ((size_t)40 << 20)

/* Two large events, then a short one. */
static void fill_large(struct world *world)
{
    uint8_t *event = malloc(LARGE_LEN);

    ck_assert_ptr_nonnull(event);
    memset(event, 'x', LARGE_LEN);
    play_store_put(&world->store, world->segment, weir_view(event, LARGE_LEN));
    play_store_put(&world->store, world->segment, weir_view(event, LARGE_LEN));
    play_store_put(&world->store, world->segment, weir_view(event, 1));
    free(event);
}

static size_t memory_in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* What the reader takes from here to the next event is `*peak` at most. */
static enum weir_status next_large(struct world *world, struct app *app, struct pravega_event *event, size_t *peak)
{
    size_t before = memory_in_use(), now;
    enum weir_status status;

    while ((status = pravega_segment_reader_next(app->reader, event, &app->why)) == WEIR_E_AGAIN) {
        weir_sim_run(world->store.sim, never, NULL, WEIR_NS_PER_MS);
        now = memory_in_use();
        if (now > before && now - before > *peak)
            *peak = now - before;
    }
    return status;
}

/* Goal: an event longer than the buffer is not read ahead, is held once when it is asked for, and not longer than it is
 * lent. Method: the bytes of answers, and malloc's own account (nothing under sanitizers, which the rest is for). */
START_TEST(a_large_event_is_held_once)
{
    struct weir_sim_options options = {.seed = 1};
    struct app app = {0};
    struct pravega_segment_reader_options with_app = {
        .buffer_bytes = 65536, .event_len_max = LARGE_LEN, .on_ready = do_nothing, .arg = &app};
    struct pravega_event event;
    struct world world;
    size_t before, peak = 0;

    open_world(&world, &options, NULL);
    fill_large(&world);
    ck_assert_int_eq(pravega_segment_reader_new(world.client, &stream_name, 0, &with_app, &app.reader, NULL), WEIR_OK);
    weir_sim_run(world.store.sim, never, NULL, 10 * WEIR_NS_PER_S);
    ck_assert_uint_le(world.store.read_bytes, 65536);
    before = memory_in_use();
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(next_large(&world, &app, &event, &peak), WEIR_OK);
        ck_assert_uint_eq(event.payload.len, LARGE_LEN);
        ck_assert_int_eq(event.payload.ptr[LARGE_LEN - 1], 'x');
    }
    ck_assert_int_eq(next_large(&world, &app, &event, &peak), WEIR_OK);
    ck_assert_uint_eq(event.payload.len, 1);
    ck_assert_uint_le(peak, LARGE_LEN + ((size_t)16 << 20)); /* answers under way in the simulated network, too */
    ck_assert_uint_le(memory_in_use(), before + ((size_t)16 << 20));
    close_world(&world, &app);
}
END_TEST

START_TEST(cuts_at_every_frame_lose_and_double_nothing)
{
    uint64_t frame_count = 1;

    for (uint64_t cut = 1; cut <= frame_count; cut++) {
        struct weir_sim_options options = {.seed = cut};
        struct app app = {.len_of = mixed_len};
        struct world world;

        open_world(&world, &options, NULL);
        fill(&world.store, world.segment, 0, 120, app.len_of);
        world.segment->sealed = true;
        world.store.read_len_max = 5000;
        world.store.cut_at_frame = cut;
        world.store.cut_every = _i == 1 ? 3 : 0;
        start(&app, world.client, (struct pravega_segment_reader_options){.buffer_bytes = 16384});
        ck_assert(weir_sim_run(world.store.sim, ended, &app, HOUR_NS));
        ck_assert_int_eq(app.status, WEIR_E_END);
        ck_assert_uint_eq(app.next, 120);
        if (cut == 1)
            frame_count = world.store.frame_count;
        close_world(&world, &app);
    }
    ck_assert_uint_gt(frame_count, 20);
}
END_TEST

START_TEST(seeded_cuts_and_stalls_lose_and_double_nothing)
{
    struct weir_sim_options options = {.seed = (uint64_t)_i + 1, .cut_per_million = 50000, .stall_per_million = 5000};
    struct app app = {.len_of = mixed_len};
    struct world world;

    open_world(&world, &options, NULL);
    fill(&world.store, world.segment, 0, 400, app.len_of);
    world.segment->sealed = true;
    world.store.read_len_max = 20000;
    start(&app, world.client, (struct pravega_segment_reader_options){.buffer_bytes = 32768});
    ck_assert(weir_sim_run(world.store.sim, ended, &app, HOUR_NS));
    ck_assert_int_eq(app.status, WEIR_E_END);
    ck_assert_uint_eq(app.next, 400);
    close_world(&world, &app);
}
END_TEST

START_TEST(reading_ends_at_the_end_offset)
{
    struct weir_sim_options options = {.seed = 1};
    struct app app = {.len_of = short_len};
    struct world world;
    int64_t from, to;

    open_world(&world, &options, NULL);
    fill(&world.store, world.segment, 0, 50, short_len);
    from = (int64_t)world.segment->data.len;
    fill(&world.store, world.segment, 50, 60, short_len);
    to = (int64_t)world.segment->data.len;
    fill(&world.store, world.segment, 60, 100, short_len);
    app.next = 50;
    start(&app, world.client, (struct pravega_segment_reader_options){.start_offset = from, .end_offset = to});
    ck_assert(weir_sim_run(world.store.sim, ended, &app, HOUR_NS));
    ck_assert_int_eq(app.status, WEIR_E_END);
    ck_assert_uint_eq(app.next, 60);
    pravega_segment_reader_free(app.reader);

    app.next = 50; /* an end that is no event's */
    app.status = WEIR_E_AGAIN;
    start(&app, world.client, (struct pravega_segment_reader_options){.start_offset = from, .end_offset = to - 1});
    ck_assert(weir_sim_run(world.store.sim, ended, &app, HOUR_NS));
    ck_assert_int_eq(app.status, WEIR_E_DAMAGED);
    ck_assert_uint_eq(app.next, 59);
    close_world(&world, &app);
}
END_TEST

START_TEST(truncated_data_is_told_once_and_skipped)
{
    struct weir_sim_options options = {.seed = 1};
    struct app app = {.len_of = short_len};
    struct world world;

    open_world(&world, &options, NULL);
    fill(&world.store, world.segment, 0, 50, short_len);
    world.segment->start_offset = (int64_t)world.segment->data.len;
    fill(&world.store, world.segment, 50, 60, short_len);
    start(&app, world.client, (struct pravega_segment_reader_options){0});
    ck_assert(weir_sim_run(world.store.sim, ended, &app, HOUR_NS));
    ck_assert_int_eq(app.status, WEIR_E_TRUNCATED);
    ck_assert(strstr(app.why.message, "scope/stream/0.#epoch.0") != NULL);
    app.next = 50;
    app.next_offset = world.segment->start_offset;
    read_on(&app);
    ck_assert_int_eq(app.status, WEIR_E_AGAIN);
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
    ck_assert_uint_eq(app.next, 60);
    close_world(&world, &app);
}
END_TEST

/* Goal: where data is gone beyond the end of reading there is nothing to read, and nothing is asked for. */
START_TEST(data_truncated_past_the_end_offset_ends_the_reading)
{
    struct weir_sim_options options = {.seed = 1};
    struct app app = {.len_of = short_len};
    struct world world;
    int64_t to;

    open_world(&world, &options, NULL);
    fill(&world.store, world.segment, 0, 50, short_len);
    to = (int64_t)world.segment->data.len;
    fill(&world.store, world.segment, 50, 100, short_len);
    world.segment->start_offset = (int64_t)world.segment->data.len;
    fill(&world.store, world.segment, 100, 200, short_len);
    start(&app, world.client, (struct pravega_segment_reader_options){.end_offset = to});
    ck_assert(weir_sim_run(world.store.sim, ended, &app, HOUR_NS));
    ck_assert_int_eq(app.status, WEIR_E_TRUNCATED);
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
    read_on(&app);
    ck_assert_int_eq(app.status, WEIR_E_END);
    ck_assert_uint_eq(app.next, 0);
    pravega_segment_reader_free(app.reader);

    ck_assert_int_eq(
        pravega_segment_reader_new(world.client, &stream_name, 0,
                                   &(struct pravega_segment_reader_options){.start_offset = to, .end_offset = 10},
                                   &app.reader, NULL),
        WEIR_OK);
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
    read_on(&app);
    ck_assert_int_eq(app.status, WEIR_E_END);
    close_world(&world, &app);
}
END_TEST

START_TEST(a_missing_segment_stays_missing)
{
    struct weir_sim_options options = {.seed = 1};
    struct app app = {.len_of = short_len};
    struct world world;

    open_world(&world, &options, NULL);
    world.segment->gone = true;
    start(&app, world.client, (struct pravega_segment_reader_options){0});
    ck_assert(weir_sim_run(world.store.sim, ended, &app, HOUR_NS));
    ck_assert_int_eq(app.status, WEIR_E_NOT_FOUND);
    read_on(&app);
    ck_assert_int_eq(app.status, WEIR_E_NOT_FOUND);
    close_world(&world, &app);
}
END_TEST

/* Goal: bytes that are no event are told with their place; the events before them are read. */
START_TEST(bad_framing_is_damage)
{
    static const uint8_t bad[][8] = {{0, 0, 0, 1, 0, 0, 0, 4}, {0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}, {0, 0, 0, 0, 1}};
    struct weir_sim_options options = {.seed = 1};
    struct app app = {.len_of = short_len};
    struct world world;
    char offset[32];

    open_world(&world, &options, NULL);
    fill(&world.store, world.segment, 0, 20, short_len);
    snprintf(offset, sizeof(offset), "offset %zu", world.segment->data.len);
    play_store_put_raw(&world.store, world.segment, weir_view(bad[_i], 8));
    start(&app, world.client, (struct pravega_segment_reader_options){0});
    ck_assert(weir_sim_run(world.store.sim, ended, &app, HOUR_NS));
    ck_assert_int_eq(app.status, WEIR_E_DAMAGED);
    ck_assert_uint_eq(app.next, 20);
    ck_assert_msg(strstr(app.why.message, offset) != NULL, "%s", app.why.message);
    read_on(&app);
    ck_assert_int_eq(app.status, WEIR_E_DAMAGED);
    close_world(&world, &app);
}
END_TEST

START_TEST(a_segment_that_ends_within_an_event_is_damage)
{
    struct weir_sim_options options = {.seed = 1};
    struct app app = {.len_of = short_len};
    struct world world;

    open_world(&world, &options, NULL);
    fill(&world.store, world.segment, 0, 20, short_len);
    world.segment->data.len--;
    world.segment->sealed = true;
    start(&app, world.client, (struct pravega_segment_reader_options){0});
    ck_assert(weir_sim_run(world.store.sim, ended, &app, HOUR_NS));
    ck_assert_int_eq(app.status, WEIR_E_DAMAGED);
    ck_assert_uint_eq(app.next, 19);
    close_world(&world, &app);
}
END_TEST

START_TEST(refused_tokens_reach_every_read_of_a_connection)
{
    struct weir_sim_options options = {.seed = 1};
    struct app apps[12] = {0};
    struct world world;

    open_world(&world, &options, NULL);
    world.store.token = WEIR_E_AUTH;
    for (int i = 0; i < 12; i++) {
        apps[i].len_of = short_len;
        start(&apps[i], world.client, (struct pravega_segment_reader_options){0});
    }
    for (int i = 0; i < 12; i++) {
        ck_assert(weir_sim_run(world.store.sim, ended, &apps[i], HOUR_NS));
        ck_assert_int_eq(apps[i].status, WEIR_E_AUTH);
        pravega_segment_reader_free(apps[i].reader);
    }
    ck_assert_uint_le(world.store.connection_count, 10);
    pravega_client_free(world.client);
    play_store_close(&world.store);
}
END_TEST

static void free_reader(void *arg)
{
    struct app *app = arg;

    pravega_segment_reader_free(app->reader);
    app->reader = NULL;
    app->status = WEIR_E_END;
}

START_TEST(the_reader_may_be_freed_in_its_callback)
{
    struct weir_sim_options options = {.seed = 1};
    struct app app = {.len_of = short_len};
    struct pravega_segment_reader_options with_app = {.on_ready = free_reader, .arg = &app};
    struct pravega_event event;
    struct world world;

    open_world(&world, &options, NULL);
    fill(&world.store, world.segment, 0, 20, short_len);
    ck_assert_int_eq(pravega_segment_reader_new(world.client, &stream_name, 0, &with_app, &app.reader, NULL), WEIR_OK);
    app.status = pravega_segment_reader_next(app.reader, &event, NULL);
    ck_assert(weir_sim_run(world.store.sim, ended, &app, HOUR_NS));
    ck_assert_ptr_null(app.reader);
    weir_sim_run(world.store.sim, never, NULL, 100 * WEIR_NS_PER_S); /* the idle connection ends */
    close_world(&world, &app);
}
END_TEST

/* ---- segment info ---- */

struct answer {
    enum weir_status status;
    struct pravega_segment_info info;
};

static void on_info(void *arg, enum weir_status status, const struct pravega_segment_info *info,
                    const struct weir_error *why)
{
    struct answer *answer = arg;

    (void)why;
    answer->status = status;
    if (info != NULL)
        answer->info = *info;
}

static bool answered(void *arg)
{
    return ((struct answer *)arg)->status != WEIR_E_AGAIN;
}

START_TEST(segment_info_says_where_a_segment_begins_and_ends)
{
    struct weir_sim_options options = {.seed = 1};
    struct pravega_segment_query query = {0};
    struct answer answer = {WEIR_E_AGAIN, {0}};
    struct app app = {0};
    struct world world;

    open_world(&world, &options, NULL);
    fill(&world.store, world.segment, 0, 20, short_len);
    world.segment->start_offset = 12;
    world.segment->sealed = true;
    pravega_segment_query_start(&query, world.client, &stream_name, 0, on_info, &answer);
    ck_assert(weir_sim_run(world.store.sim, answered, &answer, HOUR_NS));
    ck_assert_int_eq(answer.status, WEIR_OK);
    ck_assert_int_eq(answer.info.start_offset, 12);
    ck_assert_int_eq(answer.info.write_offset, (int64_t)world.segment->data.len);
    ck_assert(answer.info.is_sealed);

    answer.status = WEIR_E_AGAIN;
    pravega_segment_query_start(&query, world.client, &stream_name, 99, on_info, &answer);
    ck_assert(weir_sim_run(world.store.sim, answered, &answer, HOUR_NS));
    ck_assert_int_eq(answer.status, WEIR_E_NOT_FOUND);

    pravega_segment_query_start(&query, world.client, &stream_name, 0, on_info, &answer);
    pravega_segment_query_cancel(&query);
    close_world(&world, &app);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("segment_reader");
    TCase *tc = tcase_create("segment_reader");
    SRunner *sr;
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_loop_test(tc, a_sealed_segment_is_read_to_its_end, 0, 18);
    tcase_add_test(tc, a_large_event_is_held_once);
    tcase_add_test(tc, tail_reads_bring_events_as_they_are_written);
    tcase_add_test(tc, reading_ahead_is_bounded);
    tcase_add_loop_test(tc, cuts_at_every_frame_lose_and_double_nothing, 0, 2);
    tcase_add_loop_test(tc, seeded_cuts_and_stalls_lose_and_double_nothing, 0, 20);
    tcase_add_test(tc, reading_ends_at_the_end_offset);
    tcase_add_test(tc, truncated_data_is_told_once_and_skipped);
    tcase_add_test(tc, data_truncated_past_the_end_offset_ends_the_reading);
    tcase_add_test(tc, a_missing_segment_stays_missing);
    tcase_add_loop_test(tc, bad_framing_is_damage, 0, 3);
    tcase_add_test(tc, a_segment_that_ends_within_an_event_is_damage);
    tcase_add_test(tc, refused_tokens_reach_every_read_of_a_connection);
    tcase_add_test(tc, the_reader_may_be_freed_in_its_callback);
    tcase_add_test(tc, segment_info_says_where_a_segment_begins_and_ends);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
