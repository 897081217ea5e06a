/*
 * test_writer_large.c - events that no append takes: once, whole and in order, whatever breaks, and read again.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "play_store.h"
#include "pravega/large_event.h"
#include "pravega/segment_reader.h"
#include "pravega/writer.h"
#include "weir/endian.h"

#define HOUR_NS (3600 * WEIR_NS_PER_S)
#define LARGE_LEN (2 * PRAVEGA_LARGE_CHUNK_LEN + 1000) /* three appends */

static const struct pravega_stream_name stream = {PLAY_SCOPE, PLAY_STREAM};
static const struct weir_view key = {(const uint8_t *)"key", 3};
static uint8_t large_bytes[LARGE_LEN];
static struct play_store store;
static struct pravega_client *client;

/* Writes a small event, a large one, a small one, and flushes. */
struct app {
    struct pravega_writer *writer;
    int step, done_count;
    bool refused_while_large, flushed;
    enum weir_status failure;
    char message[WEIR_ERROR_MESSAGE_LEN_MAX];
};

static void on_written(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct app *app = arg;

    app->done_count++;
    if (status != WEIR_OK)
        app->failure = status;
    (void)why;
}

static void on_flushed(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct app *app = arg;

    app->flushed = true;
    if (status != WEIR_OK)
        app->failure = status;
    snprintf(app->message, sizeof(app->message), "%s", why->message);
}

static void go_on(void *arg)
{
    static const uint8_t small[3][4] = {{0, 0, 0, 1}, {0}, {0, 0, 0, 3}};
    struct app *app = arg;
    struct weir_error err = {0};

    for (; app->step < 3 && app->failure == WEIR_OK; app->step++) {
        struct weir_view event = app->step == 1 ? weir_view(large_bytes, LARGE_LEN) : weir_view(small[app->step], 4);
        enum weir_status status = pravega_writer_write(app->writer, &key, event, on_written, app, &err);

        if (status == WEIR_E_AGAIN) {
            app->refused_while_large = app->step == 2;
            return;
        }
        if (status != WEIR_OK)
            app->failure = status;
    }
    if (app->step == 3) {
        app->step++;
        pravega_writer_flush(app->writer, on_flushed, app);
    }
}

static bool has_ended(void *arg)
{
    struct app *app = arg;

    return app->flushed || app->failure != WEIR_OK;
}

static void open_world(void)
{
    for (size_t i = 0; i < LARGE_LEN; i++)
        large_bytes[i] = (uint8_t)(i * 31 + i / 997);
    play_store_open(&store, &(struct weir_sim_options){.seed = 1});
    play_store_segment(&store, 0, 0, 1);
    client = play_store_client(&store, NULL);
}

static void close_world(struct app *app)
{
    pravega_writer_free(app->writer);
    pravega_client_free(client);
    play_store_close(&store);
}

static void play(struct app *app)
{
    struct pravega_writer_options options = {.enable_large_events = true, .on_ready = go_on, .arg = app};

    ck_assert_int_eq(pravega_writer_new(client, &stream, &options, &app->writer, NULL), WEIR_OK);
    go_on(app);
    ck_assert_msg(weir_sim_run(store.sim, has_ended, app, HOUR_NS), "stuck at step %d", app->step);
}

/* The three events, in their order over the segments, once each; returns how often the large one is there. */
static int check_stored(void)
{
    uint32_t last = 0;
    int large_count = 0;

    for (size_t s = 0; s < store.segment_count; s++) {
        struct weir_in in = weir_in(weir_buf_view(&store.segments[s].data));

        while (!store.segments[s].transient && weir_in_left(&in) > 0) {
            struct weir_view event;

            ck_assert_uint_eq(weir_in_u32be(&in), 0);
            event = weir_in_take(&in, weir_in_u32be(&in));
            ck_assert(!in.bad);
            if (event.len == LARGE_LEN) {
                ck_assert_mem_eq(event.ptr, large_bytes, LARGE_LEN);
                ck_assert(last == 1 || last == 2);
                last = 2;
                large_count++;
            } else {
                uint32_t number = weir_get_u32be(event.ptr);

                ck_assert(number == 1 ? last == 0 : last == 2);
                last = number;
            }
        }
    }
    ck_assert_uint_eq(last, 3);
    return large_count;
}

static void expect_written(struct app *app)
{
    ck_assert_msg(app->failure == WEIR_OK, "%s", app->message);
    ck_assert_int_eq(app->done_count, 3);
    ck_assert(app->refused_while_large);
    ck_assert_uint_eq(pravega_writer_pending_bytes(app->writer), 0);
    ck_assert_int_eq(check_stored(), 1);
}

/* Goal: a connection lost at any frame, carried out or not, loses, doubles and reorders nothing, whether the store
 * deletes transient segments with their connection or later. */
START_TEST(cuts_at_every_frame_leave_one)
{
    uint64_t frame_count = 1;

    for (uint64_t cut = 0; cut <= frame_count; cut++) {
        struct app app = {0};

        open_world();
        store.cut_at_frame = cut;
        store.cut_after_storing = _i % 2 == 1;
        store.drop_transients = _i / 2 == 1;
        play(&app);
        expect_written(&app);
        if (cut == 0)
            frame_count = store.frame_count;
        close_world(&app);
    }
    ck_assert_uint_ge(frame_count, 10);
}
END_TEST

static void delete_after_split(struct play_store *at, struct play_segment *segment)
{
    play_store_split(at, segment);
    segment->gone = true;
}

/* Goal: a large event whose segment is sealed, or gone, by the time it is merged goes to a successor. */
START_TEST(a_sealed_segment_gives_way_to_its_successors)
{
    struct app app = {0};

    open_world();
    store.scale_at_merge = 1;
    store.on_scale = _i == 0 ? play_store_split : delete_after_split;
    store.drop_transients = true;
    play(&app);
    expect_written(&app);
    ck_assert_uint_ge(store.merge_count, 2);
    close_world(&app);
}
END_TEST

START_TEST(a_sealed_stream_fails_the_writer)
{
    struct app app = {0};

    open_world();
    store.scale_at_merge = 1;
    store.on_scale = play_store_seal;
    play(&app);
    ck_assert_int_eq(app.failure, WEIR_E_SEALED);
    ck_assert_int_eq(app.done_count, 2); /* the small one before it is stored, the large one is not */
    close_world(&app);
}
END_TEST

START_TEST(a_writer_is_freed_with_its_large_event)
{
    struct app app = {0};
    struct pravega_writer_options options = {.enable_large_events = true, .on_ready = go_on, .arg = &app};

    open_world();
    ck_assert_int_eq(pravega_writer_new(client, &stream, &options, &app.writer, NULL), WEIR_OK);
    go_on(&app);
    weir_sim_run(store.sim, has_ended, &app, _i * WEIR_NS_PER_MS);
    close_world(&app);
}
END_TEST

START_TEST(without_the_option_there_is_a_limit)
{
    struct weir_view event = weir_view(large_bytes, PRAVEGA_EVENT_LEN_MAX + 1);
    struct weir_error err = {0};
    struct app app = {0};

    open_world();
    ck_assert_int_eq(pravega_writer_new(client, &stream, NULL, &app.writer, NULL), WEIR_OK);
    ck_assert_int_eq(pravega_writer_write(app.writer, &key, event, NULL, NULL, &err), WEIR_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(err.message, "enable_large_events"));
    close_world(&app);
}
END_TEST

/* ---- batches, and reading ---- */

#define TINY_COUNT 2000000 /* of one byte: with their headers more than an append takes */

/* Goal: so many tiny events that no append has room for their headers are written as a large event is. */
START_TEST(a_batch_of_many_tiny_events_is_large)
{
    struct weir_view *tiny = calloc(TINY_COUNT, sizeof(*tiny));
    struct pravega_writer_options options = {.enable_large_events = true, .on_ready = go_on};
    struct app app = {.step = 3};

    options.arg = &app;
    for (size_t i = 0; i < TINY_COUNT; i++)
        tiny[i] = weir_view(large_bytes, 1);
    open_world();
    ck_assert_int_eq(pravega_writer_new(client, &stream, &options, &app.writer, NULL), WEIR_OK);
    ck_assert_int_eq(pravega_writer_write_batch(app.writer, &key, tiny, TINY_COUNT, on_written, &app, NULL), WEIR_OK);
    go_on(&app);
    ck_assert(weir_sim_run(store.sim, has_ended, &app, HOUR_NS));
    ck_assert_int_eq(app.failure, WEIR_OK);
    ck_assert_int_eq(app.done_count, 1);
    ck_assert_uint_eq(store.merge_count, 1);
    ck_assert_uint_eq(store.segments[0].data.len, (size_t)TINY_COUNT * 9);
    close_world(&app);
    free(tiny);
}
END_TEST

struct reading {
    struct pravega_segment_reader *reader;
    enum weir_status status;
    struct weir_error err;
    int count;
};

static void read_on(void *arg)
{
    struct reading *reading = arg;
    struct pravega_event event;

    while ((reading->status = pravega_segment_reader_next(reading->reader, &event, &reading->err)) == WEIR_OK) {
        ck_assert_uint_eq(event.payload.len, LARGE_LEN);
        ck_assert_mem_eq(event.payload.ptr, large_bytes, LARGE_LEN);
        reading->count++;
    }
}

static bool read_all(void *arg)
{
    struct reading *reading = arg;

    return reading->count == 2 || (reading->status != WEIR_OK && reading->status != WEIR_E_AGAIN);
}

/* Goal: a batch of large events is one merge; a reader that is told of them reads them, another one says what it saw.
 */
START_TEST(large_events_are_read_by_who_expects_them)
{
    struct weir_view both[2] = {weir_view(large_bytes, LARGE_LEN), weir_view(large_bytes, LARGE_LEN)};
    struct app app = {.step = 3};
    struct pravega_writer_options options = {.enable_large_events = true, .on_ready = go_on, .arg = &app};
    struct reading reading = {0};
    struct pravega_segment_reader_options reader_options = {
        .event_len_max = _i == 0 ? LARGE_LEN : 0, .on_ready = read_on, .arg = &reading};

    open_world();
    ck_assert_int_eq(pravega_writer_new(client, &stream, &options, &app.writer, NULL), WEIR_OK);
    ck_assert_int_eq(pravega_writer_write_batch(app.writer, &key, both, 2, on_written, &app, NULL), WEIR_OK);
    go_on(&app);
    ck_assert(weir_sim_run(store.sim, has_ended, &app, HOUR_NS));
    ck_assert_int_eq(app.failure, WEIR_OK);
    ck_assert_int_eq(app.done_count, 1);
    ck_assert_uint_eq(store.merge_count, 1);
    ck_assert_int_eq(pravega_segment_reader_new(client, &stream, 0, &reader_options, &reading.reader, NULL), WEIR_OK);
    read_on(&reading);
    ck_assert(weir_sim_run(store.sim, read_all, &reading, HOUR_NS));
    ck_assert_int_eq(reading.count, _i == 0 ? 2 : 0);
    if (_i == 1) {
        ck_assert_int_eq(reading.status, WEIR_E_DAMAGED);
        ck_assert_ptr_nonnull(strstr(reading.err.message, "at most 8388608"));
    }
    pravega_segment_reader_free(reading.reader);
    close_world(&app);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("writer_large");
    TCase *tc = tcase_create("writer_large");
    SRunner *sr;
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_loop_test(tc, cuts_at_every_frame_leave_one, 0, 4);
    tcase_add_loop_test(tc, a_sealed_segment_gives_way_to_its_successors, 0, 2);
    tcase_add_test(tc, a_sealed_stream_fails_the_writer);
    tcase_add_loop_test(tc, a_writer_is_freed_with_its_large_event, 0, 20);
    tcase_add_test(tc, without_the_option_there_is_a_limit);
    tcase_add_test(tc, a_batch_of_many_tiny_events_is_large);
    tcase_add_loop_test(tc, large_events_are_read_by_who_expects_them, 0, 2);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
