/*
 * test_writer.c - the event writer over a Pravega in memory: nothing lost, nothing doubled, keys in order, whatever
 * breaks.
 */
#include "pravega/writer.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "play_store.h"
#include "weir/endian.h"

#define KEY_COUNT 7
#define HOUR_NS (3600 * WEIR_NS_PER_S)

/* An application that writes event_count numbered events as fast as the writer takes them. */
struct app {
    struct pravega_writer *writer;
    struct weir_loop *loop;
    struct weir_deferred go_on;
    uint32_t event_count, next;
    uint32_t done_count, done_next;
    size_t event_len, pending_max;
    bool keyed, pausing; /* pausing: a few events each turn, not all at once */
    bool flushed;
    enum weir_status failure, flush_status;
    char message[WEIR_ERROR_MESSAGE_LEN_MAX];
};

static void on_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct app *app = arg;

    (void)why;
    if (status == WEIR_OK)
        app->done_count++;
    else
        app->failure = status;
}

static void on_flushed(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct app *app = arg;

    (void)why;
    app->flushed = true;
    app->flush_status = status;
}

/* "number" in the first four bytes; the key is the number modulo KEY_COUNT. */
static enum weir_status write_one(struct app *app, struct weir_error *err)
{
    uint8_t event[4096] = {0};
    char key[16];
    struct weir_view key_view = weir_view(key, (size_t)snprintf(key, sizeof(key), "key%u", app->next % KEY_COUNT));

    weir_put_u32be(event, app->next);
    return pravega_writer_write(app->writer, app->keyed ? &key_view : NULL, weir_view(event, app->event_len), on_done,
                                app, err);
}

static void write_on(void *arg)
{
    struct app *app = arg;
    struct weir_error err = {0};

    for (int burst = 0; app->next < app->event_count; burst++) {
        enum weir_status status = app->pausing && burst == 3 ? WEIR_E_AGAIN : write_one(app, &err);

        if (pravega_writer_pending_bytes(app->writer) > app->pending_max)
            app->pending_max = pravega_writer_pending_bytes(app->writer);
        if (status == WEIR_E_AGAIN) {
            if (app->pausing && burst == 3)
                weir_loop_defer(app->loop, &app->go_on);
            return;
        }
        if (status != WEIR_OK) {
            app->failure = status;
            snprintf(app->message, sizeof(app->message), "%s", err.message);
            return;
        }
        app->next++;
    }
    if (app->next == app->event_count) {
        app->next++;
        pravega_writer_flush(app->writer, on_flushed, app);
    }
}

static bool app_ended(void *arg)
{
    struct app *app = arg;

    return app->flushed || app->failure != WEIR_OK;
}

/* Every event once in the store, those of one key in the order of their numbers from segment to successor. */
static void check_stored(struct play_store *store, const struct app *app)
{
    uint8_t *seen = calloc(app->event_count, 1);
    uint32_t last_of_key[KEY_COUNT] = {0}, total = 0;

    for (size_t s = 0; s < store->segment_count; s++) {
        struct weir_in in = weir_in(weir_buf_view(&store->segments[s].data));

        while (weir_in_left(&in) > 0) {
            uint32_t type = weir_in_u32be(&in), len = weir_in_u32be(&in);
            struct weir_view event = weir_in_take(&in, len);
            uint32_t number;

            ck_assert_uint_eq(type, 0);
            ck_assert_uint_eq(len, app->event_len);
            ck_assert(!in.bad);
            number = weir_get_u32be(event.ptr);
            ck_assert_uint_lt(number, app->event_count);
            ck_assert_msg(!seen[number], "event %u is stored twice", number);
            seen[number] = 1;
            total++;
            if (app->keyed) {
                ck_assert_msg(last_of_key[number % KEY_COUNT] <= number, "event %u came after event %u of its key",
                              number, last_of_key[number % KEY_COUNT]);
                last_of_key[number % KEY_COUNT] = number;
            }
        }
    }
    ck_assert_uint_eq(total, app->event_count);
    ck_assert_uint_eq(store->repeated_count, 0);
    free(seen);
}

static void start_app(struct app *app, struct play_store *store, struct pravega_client *client,
                      const struct pravega_writer_options *options)
{
    struct pravega_stream_name stream = {PLAY_SCOPE, PLAY_STREAM};
    struct pravega_writer_options with_app = *options;

    with_app.on_ready = write_on;
    with_app.arg = app;
    app->loop = store->client_loop;
    app->go_on = (struct weir_deferred){.fn = write_on, .arg = app};
    if (app->event_len == 0)
        app->event_len = 100;
    ck_assert_int_eq(pravega_writer_new(client, &stream, &with_app, &app->writer, NULL), WEIR_OK);
    weir_loop_defer(app->loop, &app->go_on);
}

static void stop_app(struct app *app)
{
    weir_deferred_cancel(app->loop, &app->go_on);
    pravega_writer_free(app->writer);
}

static void run(struct play_store *store, struct app *app)
{
    ck_assert_msg(weir_sim_run(store->sim, app_ended, app, HOUR_NS), "stuck at event %u, %u done, %zu bytes pending",
                  app->next, app->done_count, pravega_writer_pending_bytes(app->writer));
}

static void expect_all_written(struct play_store *store, struct app *app)
{
    run(store, app);
    ck_assert_msg(app->failure == WEIR_OK, "%s", app->message);
    ck_assert_int_eq(app->flush_status, WEIR_OK);
    ck_assert_uint_eq(app->done_count, app->event_count);
    ck_assert_uint_eq(pravega_writer_pending_bytes(app->writer), 0);
    check_stored(store, app);
}

static void four_segments(struct play_store *store)
{
    for (int i = 0; i < 4; i++)
        play_store_segment(store, i, 0.25 * i, 0.25 * (i + 1));
}

START_TEST(events_are_stored_once_and_in_order)
{
    struct weir_sim_options options = {.seed = (uint64_t)_i + 1};
    struct app app = {.event_count = 5000, .keyed = _i % 2 == 0, .pausing = _i % 3 == 1};
    struct play_store store;
    struct pravega_client *client;

    play_store_open(&store, &options);
    four_segments(&store);
    store.ack_every = (uint64_t)(_i % 3 == 0);
    client = play_store_client(&store, NULL);
    start_app(&app, &store, client, &(struct pravega_writer_options){.block_bytes = 4096, .window_bytes = 65536});
    expect_all_written(&store, &app);
    ck_assert_uint_le(app.pending_max, 65536);
    stop_app(&app);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

/* Goal: wherever the connection breaks, before or after a frame is carried out, nothing is lost or doubled.
 * Method: one run for each frame that the store receives, cut there; both ways. */
START_TEST(cuts_at_every_frame_lose_and_double_nothing)
{
    uint64_t frame_count = 1;

    for (uint64_t cut = 1; cut <= frame_count; cut++) {
        struct weir_sim_options options = {.seed = cut};
        struct app app = {.event_count = 300, .keyed = true, .pausing = true};
        struct play_store store;
        struct pravega_client *client;

        play_store_open(&store, &options);
        play_store_segment(&store, 0, 0, 0.5);
        play_store_segment(&store, 1, 0.5, 1);
        store.cut_at_frame = cut;
        store.cut_after_storing = _i == 1;
        client = play_store_client(&store, NULL);
        start_app(&app, &store, client, &(struct pravega_writer_options){.block_bytes = 512});
        expect_all_written(&store, &app);
        frame_count = store.frame_count;
        stop_app(&app);
        pravega_client_free(client);
        play_store_close(&store);
    }
    ck_assert_uint_gt(frame_count, 40);
}
END_TEST

START_TEST(frequent_cuts_and_delays_lose_and_double_nothing)
{
    struct weir_sim_options options = {.seed = (uint64_t)_i + 1, .cut_per_million = 20000, .stall_per_million = 2000};
    struct app app = {.event_count = 3000, .keyed = true};
    struct play_store store;
    struct pravega_client *client;

    play_store_open(&store, &options);
    four_segments(&store);
    store.ack_every = (uint64_t)_i % 2;
    client = play_store_client(&store, NULL);
    start_app(&app, &store, client, &(struct pravega_writer_options){.block_bytes = 1024, .window_bytes = 32768});
    expect_all_written(&store, &app);
    stop_app(&app);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

/* Goal: one acknowledgement may cover many appends. Method: with a window of six full blocks (an event is charged 132
 * bytes) and an answer for every third. */
START_TEST(acknowledgements_may_be_cumulative)
{
    struct weir_sim_options options = {.seed = 3};
    struct app app = {.event_count = 360, .keyed = true, .event_len = 92}; /* 36 full blocks of 10 */
    struct play_store store;
    struct pravega_client *client;

    play_store_open(&store, &options);
    play_store_segment(&store, 0, 0, 1);
    store.ack_every = 3;
    client = play_store_client(&store, NULL);
    start_app(&app, &store, client, &(struct pravega_writer_options){.block_bytes = 1000, .window_bytes = 8000});
    expect_all_written(&store, &app);
    ck_assert_uint_eq(store.append_count, 36);
    stop_app(&app);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

/* ---- scaling ---- */

static void replace_by(struct play_segment *segment, pravega_segment_id a, pravega_segment_id b)
{
    segment->sealed = true;
    segment->current = false;
    segment->successors[segment->successor_count++] = a;
    if (b >= 0)
        segment->successors[segment->successor_count++] = b;
}

#define EPOCH(epoch, number) (((pravega_segment_id)(epoch) << 32) | (number))

/* Both segments become one, and that one two again: seals that follow each other. */
static void merge_and_split(struct play_store *store, struct play_segment *segment)
{
    (void)segment;
    play_store_segment(store, EPOCH(1, 2), 0, 1);
    replace_by(play_store_find(store, 0), EPOCH(1, 2), -1);
    replace_by(play_store_find(store, 1), EPOCH(1, 2), -1);
    play_store_segment(store, EPOCH(2, 3), 0, 0.3);
    play_store_segment(store, EPOCH(2, 4), 0.3, 1);
    replace_by(play_store_find(store, EPOCH(1, 2)), EPOCH(2, 3), EPOCH(2, 4));
}

/* 0 and 1 merge, but only 0 is known sealed at first. */
static void merge(struct play_store *store, struct play_segment *segment)
{
    (void)segment;
    play_store_segment(store, EPOCH(1, 2), 0, 1);
    replace_by(play_store_find(store, 0), EPOCH(1, 2), -1);
    replace_by(play_store_find(store, 1), EPOCH(1, 2), -1);
}

/* Goal: a scale, at whichever append it meets us, loses, doubles and reorders nothing. */
START_TEST(scales_at_every_append_keep_keys_in_order)
{
    static void (*const scales[])(struct play_store *, struct play_segment *) = {play_store_split, merge,
                                                                                 merge_and_split};
    uint64_t append_count = 1;

    for (uint64_t at = 1; at <= append_count; at++) {
        struct weir_sim_options options = {.seed = at};
        struct app app = {.event_count = 400, .keyed = true, .pausing = at % 2 == 0};
        struct play_store store;
        struct pravega_client *client;

        play_store_open(&store, &options);
        play_store_segment(&store, 0, 0, 0.5);
        play_store_segment(&store, 1, 0.5, 1);
        store.scale_at_append = at;
        store.on_scale = scales[_i];
        store.ack_every = at % 3;
        store.ack_every = store.ack_every > 1 ? 1 : store.ack_every;
        client = play_store_client(&store, NULL);
        start_app(&app, &store, client, &(struct pravega_writer_options){.block_bytes = 700, .window_bytes = 8000});
        expect_all_written(&store, &app);
        if (at == 1)
            append_count = store.append_count;
        stop_app(&app);
        pravega_client_free(client);
        play_store_close(&store);
    }
    ck_assert_uint_gt(append_count, 20);
}
END_TEST

/* Goal: the answer that a segment is sealed comes, however many blocks are under way.
 * Method: a store that breaks the connection, and forgets the answer, if anything follows the refused append. */
START_TEST(a_seal_is_heard_of_though_blocks_follow_it)
{
    struct weir_sim_options options = {.seed = (uint64_t)_i + 1};
    struct app app = {.event_count = 2000, .keyed = true};
    struct play_store store;
    struct pravega_client *client;

    play_store_open(&store, &options);
    play_store_segment(&store, 0, 0, 0.5);
    play_store_segment(&store, 1, 0.5, 1);
    store.late_refusals = true;
    store.scale_at_append = 5;
    store.on_scale = play_store_split;
    client = play_store_client(&store, NULL);
    start_app(&app, &store, client, &(struct pravega_writer_options){.block_bytes = 700, .window_bytes = 20000});
    expect_all_written(&store, &app);
    ck_assert_uint_lt(store.connection_count, 10); /* its answer was lost once, not attempt after attempt */
    stop_app(&app);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

#define SCALES_MAX 20

/* The neighbour above that takes writes too, or NULL. */
static struct play_segment *neighbour(struct play_store *store, const struct play_segment *segment)
{
    for (size_t i = 0; i < store->segment_count; i++)
        if (store->segments[i].current && store->segments[i].min_key == segment->max_key)
            return &store->segments[i];
    return NULL;
}

/* About every third append is met by a scale of some segment, not of its own only: a split, or a merge with the
 * neighbour. */
static void scale_at_random(struct play_store *store, struct play_segment *segment,
                            const struct pravega_wire_append_block_end *append)
{
    uint64_t chance = weir_hash64(weir_view(&store->append_count, sizeof(store->append_count)), store->seed);
    struct play_segment *at = &store->segments[chance / 3 % store->segment_count], *above = neighbour(store, at);
    pravega_segment_id next = EPOCH(1 + (int64_t)store->segment_count, (int64_t)store->segment_count);

    (void)segment;
    (void)append;
    if (chance % 3 != 0 || !at->current || store->segment_count >= 2 + 2 * SCALES_MAX)
        return;
    if (above != NULL && chance % 2 == 0) {
        play_store_segment(store, next, at->min_key, above->max_key);
        replace_by(at, next, -1);
        replace_by(above, next, -1);
    } else {
        play_store_split(store, at);
    }
}

/* Goal: any history of splits and merges, met by events in flight and by lost connections, loses, doubles and reorders
 * nothing: sealed successors, chains of them, halves of a merge that are seen long after each other. */
START_TEST(any_history_of_scales_keeps_keys_in_order)
{
    struct weir_sim_options options = {.seed = (uint64_t)_i + 1, .cut_per_million = _i % 2 == 0 ? 0 : 5000};
    struct app app = {.event_count = 2000, .keyed = true, .pausing = _i % 3 == 0};
    struct play_store store;
    struct pravega_client *client;

    play_store_open(&store, &options);
    store.seed = (uint64_t)_i;
    store.on_append = scale_at_random;
    play_store_segment(&store, 0, 0, 0.5);
    play_store_segment(&store, 1, 0.5, 1);
    client = play_store_client(&store, NULL);
    start_app(&app, &store, client, &(struct pravega_writer_options){.block_bytes = 600, .window_bytes = 9000});
    expect_all_written(&store, &app);
    ck_assert_uint_gt(store.segment_count, 10);
    stop_app(&app);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

static void seal_stream(struct play_store *store, struct play_segment *segment)
{
    (void)segment;
    play_store_seal(store, play_store_find(store, 0));
    play_store_seal(store, play_store_find(store, 1));
}

START_TEST(a_sealed_stream_fails_the_writer_for_good)
{
    struct weir_sim_options options = {.seed = 1};
    struct app app = {.event_count = 1000, .keyed = true};
    struct play_store store;
    struct pravega_client *client;
    struct weir_error err = {0};

    play_store_open(&store, &options);
    play_store_segment(&store, 0, 0, 0.5);
    play_store_segment(&store, 1, 0.5, 1);
    store.scale_at_append = 5;
    store.on_scale = seal_stream;
    client = play_store_client(&store, NULL);
    start_app(&app, &store, client, &(struct pravega_writer_options){.block_bytes = 512, .window_bytes = 4096});
    run(&store, &app);
    ck_assert_int_eq(app.failure, WEIR_E_SEALED);
    ck_assert_int_eq(write_one(&app, &err), WEIR_E_SEALED);
    ck_assert(strstr(err.message, "scope/stream") != NULL);
    stop_app(&app);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

START_TEST(a_missing_stream_is_not_found)
{
    struct weir_sim_options options = {.seed = 1};
    struct app app = {.event_count = 10};
    struct play_store store;
    struct pravega_client *client;

    play_store_open(&store, &options);
    store.stream_missing = true;
    client = play_store_client(&store, NULL);
    start_app(&app, &store, client, &(struct pravega_writer_options){0});
    run(&store, &app);
    ck_assert_int_eq(app.flushed ? app.flush_status : app.failure, WEIR_E_NOT_FOUND);
    stop_app(&app);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

static bool never(void *arg)
{
    (void)arg;
    return false;
}

/* Goal: a store that takes and never acknowledges holds the writer to its window. */
START_TEST(a_stalled_store_keeps_pending_bytes_within_the_window)
{
    struct weir_sim_options options = {.seed = 1};
    struct app app = {.event_count = 10000};
    struct play_store store;
    struct pravega_client *client;

    play_store_open(&store, &options);
    four_segments(&store);
    store.stalled = true;
    client = play_store_client(&store, NULL);
    start_app(&app, &store, client, &(struct pravega_writer_options){.block_bytes = 2048, .window_bytes = 20000});
    weir_sim_run(store.sim, never, NULL, 60 * WEIR_NS_PER_S);
    ck_assert_uint_le(app.pending_max, 20000 / 140 * 108); /* 140: header, payload, position, callback */
    ck_assert_uint_gt(app.pending_max, 19000 / 140 * 108);
    ck_assert_uint_eq(app.done_count, 0);
    store.stalled = false; /* new connections get what is there acknowledged by their setup */
    play_store_cut(&store);
    expect_all_written(&store, &app);
    stop_app(&app);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

START_TEST(attempts_are_used_up_with_words)
{
    struct weir_sim_options options = {.seed = 1};
    struct pravega_retry retry = {.retry_attempts = 4};
    struct app app = {.event_count = 100000};
    struct play_store store;
    struct pravega_client *client;
    struct weir_error err = {0};

    play_store_open(&store, &options);
    four_segments(&store);
    store.cut_at_frame = 1;
    store.cut_every = 1;
    client = play_store_client(&store, &retry);
    start_app(&app, &store, client, &(struct pravega_writer_options){.window_bytes = 4096});
    run(&store, &app);
    ck_assert_int_eq(app.failure, WEIR_E_CLOSED);
    ck_assert_int_eq(write_one(&app, &err), WEIR_E_CLOSED);
    ck_assert(strstr(err.message, "#epoch") != NULL);
    stop_app(&app);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

/* Goal: the acknowledgement that fails the writer still counts for the events that it covers, and nothing is pending
 * afterwards. */
START_TEST(a_half_acknowledged_block_fails_the_writer_once)
{
    struct weir_sim_options options = {.seed = 1};
    struct pravega_retry retry = {.retry_attempts = 1};
    struct app app = {.event_count = 40, .event_len = 92}; /* full blocks of 10 */
    struct play_store store;
    struct pravega_client *client;

    play_store_open(&store, &options);
    play_store_segment(&store, 0, 0, 1);
    store.ack_every = 2;
    store.ack_less = 1;
    client = play_store_client(&store, &retry);
    start_app(&app, &store, client, &(struct pravega_writer_options){.block_bytes = 1000});
    run(&store, &app);
    ck_assert_int_eq(app.failure, WEIR_E_PROTO);
    ck_assert_uint_eq(app.done_count, 20); /* the block that goes alone, and the whole one of the next two */
    ck_assert_uint_eq(pravega_writer_pending_bytes(app.writer), 0);
    stop_app(&app);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

START_TEST(wrong_hosts_are_asked_for_again)
{
    struct weir_sim_options options = {.seed = 1};
    struct app app = {.event_count = 100};
    struct play_store store;
    struct pravega_client *client;

    play_store_open(&store, &options);
    play_store_segment(&store, 0, 0, 1);
    store.wrong_host_count = 3;
    client = play_store_client(&store, NULL);
    start_app(&app, &store, client, &(struct pravega_writer_options){0});
    expect_all_written(&store, &app);
    ck_assert_uint_eq(store.endpoint_count, 4);
    stop_app(&app);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

START_TEST(a_refused_token_is_final)
{
    struct weir_sim_options options = {.seed = 1};
    struct app app = {.event_count = 100};
    struct play_store store;
    struct pravega_client *client;

    play_store_open(&store, &options);
    play_store_segment(&store, 0, 0, 1);
    store.token = WEIR_E_AUTH;
    client = play_store_client(&store, NULL);
    start_app(&app, &store, client, &(struct pravega_writer_options){0});
    run(&store, &app);
    ck_assert_int_eq(app.failure != WEIR_OK ? app.failure : app.flush_status, WEIR_E_AUTH);
    stop_app(&app);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

/* An idle writer's connections live on keep-alives, and blocks grow while the store is slow. */
START_TEST(idle_connections_are_kept_alive)
{
    struct weir_sim_options options = {.seed = 1};
    struct app app = {.event_count = 10};
    struct play_store store;
    struct pravega_client *client;

    play_store_open(&store, &options);
    play_store_segment(&store, 0, 0, 1);
    client = play_store_client(&store, NULL);
    start_app(&app, &store, client, &(struct pravega_writer_options){0});
    expect_all_written(&store, &app);
    weir_sim_run(store.sim, never, NULL, 1000 * WEIR_NS_PER_S);
    ck_assert_uint_ge(store.keep_alive_count, 40);
    ck_assert_uint_eq(store.connection_count, 1);
    stop_app(&app);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

static void free_writer(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct app *app = arg;

    (void)status;
    (void)why;
    pravega_writer_free(app->writer);
    app->writer = NULL;
    app->flushed = true;
}

/* Goal: the application may free the writer in any of its callbacks. */
START_TEST(the_writer_may_be_freed_in_its_callbacks)
{
    struct weir_sim_options options = {.seed = 1};
    struct pravega_stream_name stream = {PLAY_SCOPE, PLAY_STREAM};
    struct app app = {0};
    struct play_store store;
    struct pravega_client *client;

    play_store_open(&store, &options);
    play_store_segment(&store, 0, 0, 1);
    client = play_store_client(&store, NULL);
    ck_assert_int_eq(pravega_writer_new(client, &stream, NULL, &app.writer, NULL), WEIR_OK);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(pravega_writer_write(app.writer, NULL, weir_view_str("x"),
                                              _i == 0 && i == 4 ? free_writer : NULL, &app, NULL),
                         WEIR_OK);
    if (_i == 1)
        pravega_writer_flush(app.writer, free_writer, &app);
    ck_assert(weir_sim_run(store.sim, app_ended, &app, HOUR_NS));
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("writer");
    TCase *tc = tcase_create("writer");
    SRunner *sr;
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_loop_test(tc, events_are_stored_once_and_in_order, 0, 6);
    tcase_add_loop_test(tc, cuts_at_every_frame_lose_and_double_nothing, 0, 2);
    tcase_add_loop_test(tc, frequent_cuts_and_delays_lose_and_double_nothing, 0, 20);
    tcase_add_test(tc, acknowledgements_may_be_cumulative);
    tcase_add_loop_test(tc, scales_at_every_append_keep_keys_in_order, 0, 3);
    tcase_add_loop_test(tc, a_seal_is_heard_of_though_blocks_follow_it, 0, 20);
    tcase_add_loop_test(tc, any_history_of_scales_keeps_keys_in_order, 0, 200);
    tcase_add_test(tc, a_sealed_stream_fails_the_writer_for_good);
    tcase_add_test(tc, a_missing_stream_is_not_found);
    tcase_add_test(tc, a_stalled_store_keeps_pending_bytes_within_the_window);
    tcase_add_test(tc, attempts_are_used_up_with_words);
    tcase_add_test(tc, a_half_acknowledged_block_fails_the_writer_once);
    tcase_add_test(tc, wrong_hosts_are_asked_for_again);
    tcase_add_test(tc, a_refused_token_is_final);
    tcase_add_test(tc, idle_connections_are_kept_alive);
    tcase_add_loop_test(tc, the_writer_may_be_freed_in_its_callbacks, 0, 2);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
