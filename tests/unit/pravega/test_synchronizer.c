/*
 * test_synchronizer.c - state synchronizers over a Pravega in memory: a counter that several raise at once, through
 * cuts, compactions and truncations, is the sum of all raises in each copy.
 */
#include "pravega/state_synchronizer.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "play_store.h"
#include "weir/endian.h"

#define HOUR_NS (3600 * WEIR_NS_PER_S)
#define APPS_MAX 4

static const struct pravega_stream_name stream_name = {PLAY_SCOPE, PLAY_STREAM};
static const struct pravega_retry patient = {.initial_backoff_ms = 1, .max_backoff_ms = 10, .retry_attempts = 100};

/* --- the state: a counter, and the updates that made it --------------------------------------------------------- */

struct counter {
    int64_t value;
    int64_t update_count; /* since the object */
};

static int live_counters;

static enum weir_status counter_init(void *arg, struct weir_view object, void **state, struct weir_error *err)
{
    struct counter *counter;

    (void)arg;
    if (object.len != 8)
        return weir_fail(err, WEIR_E_PROTO, "an object of %zu bytes", object.len);
    counter = calloc(1, sizeof(*counter));
    counter->value = (int64_t)weir_get_u64be(object.ptr);
    *state = counter;
    live_counters++;
    return WEIR_OK;
}

/* Adds; an update of nine bytes replaces the value instead. */
static enum weir_status counter_apply(void *arg, void *state, struct weir_view update, struct weir_error *err)
{
    struct counter *counter = state;

    (void)arg;
    if (update.len == 9)
        counter->value = (int64_t)weir_get_u64be(update.ptr + 1);
    else if (update.len == 8)
        counter->value += (int64_t)weir_get_u64be(update.ptr);
    else
        return weir_fail(err, WEIR_E_PROTO, "an update of %zu bytes", update.len);
    counter->update_count++;
    return WEIR_OK;
}

static void counter_free(void *arg, void *state)
{
    (void)arg;
    free(state);
    live_counters--;
}

static const struct pravega_state_type counter_type = {counter_init, counter_apply, counter_free};

/* --- the world -------------------------------------------------------------------------------------------------- */

struct app {
    struct pravega_client *client;
    struct pravega_synchronizer *sync;
    bool over;
    enum weir_status status;
    char why[WEIR_ERROR_MESSAGE_LEN_MAX];
    int64_t bytes;
    int64_t amount;     /* what the next update adds */
    int updates;        /* in one proposal */
    int proposal_count; /* calls of propose */
    int raises_left;    /* of raise_on() */
};

struct world {
    struct play_store store;
    struct play_segment *segment;
    struct app apps[APPS_MAX];
    size_t app_count;
};

static void open_world(struct world *world, size_t app_count)
{
    struct weir_sim_options options = {.seed = 7};

    *world = (struct world){0};
    play_store_open(&world->store, &options);
    world->segment = play_store_segment(&world->store, 0, 0, 1);
    world->app_count = app_count;
    for (size_t i = 0; i < app_count; i++) {
        struct app *app = &world->apps[i];

        app->amount = app->updates = 1;
        app->client = play_store_client(&world->store, &patient);
        ck_assert_int_eq(pravega_synchronizer_new(app->client, &stream_name, &counter_type, NULL, &app->sync, NULL),
                         WEIR_OK);
    }
}

static void close_world(struct world *world)
{
    for (size_t i = 0; i < world->app_count; i++) {
        pravega_synchronizer_free(world->apps[i].sync);
        pravega_client_free(world->apps[i].client);
    }
    play_store_close(&world->store);
    ck_assert_int_eq(live_counters, 0);
}

static void on_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct app *app = arg;

    ck_assert(!app->over);
    app->over = true;
    app->status = status;
    snprintf(app->why, sizeof(app->why), "%s", why->message);
}

static void on_bytes(void *arg, enum weir_status status, int64_t bytes, const struct weir_error *why)
{
    struct app *app = arg;

    app->bytes = bytes;
    on_done(arg, status, why);
}

static bool is_over(void *arg)
{
    return ((struct app *)arg)->over;
}

/* The end of the call that was made on `app`. */
static enum weir_status await(struct world *world, struct app *app)
{
    ck_assert(!app->over); /* no callback from within a call */
    ck_assert(weir_sim_run(world->store.sim, is_over, app, HOUR_NS));
    app->over = false;
    return app->status;
}

static enum weir_status propose(void *arg, const void *state, struct pravega_updates *updates, struct weir_error *err)
{
    struct app *app = arg;
    uint8_t bytes[8];

    (void)err;
    ck_assert_ptr_eq(state, pravega_synchronizer_state(app->sync));
    app->proposal_count++;
    weir_put_u64be(bytes, (uint64_t)app->amount);
    for (int i = 0; i < app->updates; i++)
        pravega_updates_add(updates, weir_view(bytes, 8));
    return WEIR_OK;
}

static enum weir_status snapshot(void *arg, const void *state, struct weir_buf *object, struct weir_error *err)
{
    (void)arg;
    (void)err;
    weir_buf_u64be(object, (uint64_t)((const struct counter *)state)->value);
    return WEIR_OK;
}

static enum weir_status initialize(struct world *world, struct app *app, int64_t value)
{
    uint8_t bytes[8];

    weir_put_u64be(bytes, (uint64_t)value);
    pravega_synchronizer_initialize(app->sync, weir_view(bytes, 8), on_done, app);
    return await(world, app);
}

static enum weir_status raise_by(struct world *world, struct app *app, int64_t amount)
{
    app->amount = amount;
    pravega_synchronizer_update(app->sync, propose, on_done, app);
    return await(world, app);
}

static enum weir_status fetch(struct world *world, struct app *app)
{
    pravega_synchronizer_fetch(app->sync, on_done, app);
    return await(world, app);
}

static enum weir_status compact(struct world *world, struct app *app)
{
    pravega_synchronizer_compact(app->sync, snapshot, on_done, app);
    return await(world, app);
}

static const struct counter *counter_of(const struct app *app)
{
    return pravega_synchronizer_state(app->sync);
}

/* --- tests ------------------------------------------------------------------------------------------------------ */

START_TEST(two_copies_are_the_same)
{
    struct world world;
    struct app *a, *b;

    open_world(&world, 2);
    a = &world.apps[0];
    b = &world.apps[1];
    ck_assert_int_eq(fetch(&world, a), WEIR_OK); /* nobody has initialized it */
    ck_assert_ptr_null(counter_of(a));
    ck_assert_int_eq(raise_by(&world, a, 1), WEIR_E_STATE);
    ck_assert_int_eq(compact(&world, a), WEIR_E_STATE);
    ck_assert_int_eq(initialize(&world, a, 100), WEIR_OK);
    ck_assert_int_eq(counter_of(a)->value, 100);
    ck_assert_int_eq(initialize(&world, b, 555), WEIR_OK); /* somebody has */
    ck_assert_int_eq(counter_of(b)->value, 100);
    a->updates = 3; /* in one entry */
    ck_assert_int_eq(raise_by(&world, a, 2), WEIR_OK);
    ck_assert_int_eq(counter_of(a)->value, 106);
    ck_assert_int_eq(pravega_synchronizer_revision(a->sync)->event_index, 2);
    ck_assert_int_eq(pravega_synchronizer_revision(a->sync)->offset, (int64_t)world.segment->data.len);
    b->proposal_count = 0;
    ck_assert_int_eq(raise_by(&world, b, 10), WEIR_OK); /* a conflict first: b has not seen it */
    ck_assert_int_eq(b->proposal_count, 2);
    ck_assert_int_eq(counter_of(b)->value, 116);
    ck_assert_int_eq(fetch(&world, a), WEIR_OK);
    ck_assert_int_eq(counter_of(a)->value, 116);
    close_world(&world);
}
END_TEST

/* Pravega refuses a conditional append for an entry that it has taken, but does not show yet. */
START_TEST(an_object_that_is_not_shown_yet_is_waited_for)
{
    struct world world;
    struct app *a, *b;
    uint8_t bytes[8];

    open_world(&world, 2);
    a = &world.apps[0];
    b = &world.apps[1];
    world.store.refused_conditional = 1;
    weir_put_u64be(bytes, 555);
    pravega_synchronizer_initialize(a->sync, weir_view(bytes, 8), on_done, a);
    ck_assert(!weir_sim_run(world.store.sim, is_over, a, WEIR_NS_PER_S));
    ck_assert_int_eq(initialize(&world, b, 100), WEIR_OK);
    ck_assert_int_eq(await(&world, a), WEIR_OK);
    ck_assert_int_eq(counter_of(a)->value, 100);
    close_world(&world);

    open_world(&world, 1); /* nor is it ever shown */
    world.store.refused_conditional = 1;
    ck_assert_int_eq(initialize(&world, &world.apps[0], 100), WEIR_E_STATE);
    close_world(&world);
}
END_TEST

START_TEST(no_updates_are_no_write)
{
    struct world world;
    struct app *app;
    size_t len;

    open_world(&world, 1);
    app = &world.apps[0];
    ck_assert_int_eq(initialize(&world, app, 0), WEIR_OK);
    len = world.segment->data.len;
    app->updates = 0;
    ck_assert_int_eq(raise_by(&world, app, 1), WEIR_OK);
    ck_assert_uint_eq(world.segment->data.len, len);
    close_world(&world);
}
END_TEST

/* Goal: a fetch without news costs one question. Method: count the frames. */
START_TEST(a_fetch_without_news_is_one_question)
{
    struct world world;
    struct app *app;
    uint64_t frame_count;

    open_world(&world, 1);
    app = &world.apps[0];
    ck_assert_int_eq(initialize(&world, app, 0), WEIR_OK);
    frame_count = world.store.frame_count;
    ck_assert_int_eq(fetch(&world, app), WEIR_OK);
    ck_assert_uint_eq(world.store.frame_count, frame_count + 1);
    close_world(&world);
}
END_TEST

START_TEST(an_unconditional_update_is_seen_after_a_fetch)
{
    struct world world;
    struct app *app;
    uint8_t three[8] = {0, 0, 0, 0, 0, 0, 0, 3}, set[9] = {0, 0, 0, 0, 0, 0, 0, 0, 77};

    open_world(&world, 1);
    app = &world.apps[0];
    ck_assert_int_eq(initialize(&world, app, 1), WEIR_OK);
    pravega_synchronizer_update_unconditionally(app->sync, weir_view(three, 8), on_done, app);
    ck_assert_int_eq(await(&world, app), WEIR_OK);
    ck_assert_int_eq(counter_of(app)->value, 1);
    ck_assert_int_eq(fetch(&world, app), WEIR_OK);
    ck_assert_int_eq(counter_of(app)->value, 4);
    pravega_synchronizer_update_unconditionally(app->sync, weir_view(set, 9), on_done, app); /* replaces all */
    ck_assert_int_eq(await(&world, app), WEIR_OK);
    ck_assert_int_eq(fetch(&world, app), WEIR_OK);
    ck_assert_int_eq(counter_of(app)->value, 77);
    close_world(&world);
}
END_TEST

/* Calls made while one is under way are carried out in their order. */
static void count_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    (void)why;
    ck_assert_int_eq(status, WEIR_OK);
    ++*(int *)arg;
}

static bool all_done(void *arg)
{
    return *(int *)arg == 22;
}

START_TEST(calls_queue_in_order)
{
    struct world world;
    struct app *app;
    uint8_t bytes[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    int done_count = 0;

    open_world(&world, 1);
    app = &world.apps[0];
    pravega_synchronizer_initialize(app->sync, weir_view(bytes, 8), count_done, &done_count);
    for (int i = 0; i < 10; i++) {
        bytes[7] = 2;
        pravega_synchronizer_update_unconditionally(app->sync, weir_view(bytes, 8), count_done, &done_count);
        bytes[7] = 0xff; /* it was copied */
        pravega_synchronizer_fetch(app->sync, count_done, &done_count);
    }
    pravega_synchronizer_compact(app->sync, snapshot, count_done, &done_count);
    ck_assert_int_eq(done_count, 0);
    ck_assert(weir_sim_run(world.store.sim, all_done, &done_count, HOUR_NS));
    ck_assert_int_eq(counter_of(app)->value, 21);
    close_world(&world);
}
END_TEST

START_TEST(who_comes_after_a_compaction_begins_there)
{
    struct world world;
    struct app *a, *b;
    int64_t before;

    open_world(&world, 2);
    a = &world.apps[0];
    b = &world.apps[1];
    ck_assert_int_eq(initialize(&world, a, 0), WEIR_OK);
    ck_assert_int_eq(raise_by(&world, a, 5), WEIR_OK);
    before = pravega_synchronizer_revision(a->sync)->offset;
    ck_assert_int_eq(compact(&world, a), WEIR_OK);
    ck_assert_int_eq(world.segment->attributes[0].value, before); /* where the object begins */
    ck_assert_int_eq(world.segment->start_offset, 0);             /* one generation stays */
    ck_assert_int_eq(raise_by(&world, a, 6), WEIR_OK);
    ck_assert_int_eq(fetch(&world, b), WEIR_OK);
    ck_assert_int_eq(counter_of(b)->value, 11);
    ck_assert_int_eq(counter_of(b)->update_count, 1);
    ck_assert_int_eq(compact(&world, b), WEIR_OK);
    ck_assert_int_eq(world.segment->start_offset, before);
    pravega_synchronizer_bytes_since_compaction(b->sync, on_bytes, b);
    ck_assert_int_eq(await(&world, b), WEIR_OK);
    ck_assert_int_eq(b->bytes, 0); /* its own object is ahead of what it has read */
    ck_assert_int_eq(raise_by(&world, b, 1), WEIR_OK);
    pravega_synchronizer_bytes_since_compaction(b->sync, on_bytes, b);
    ck_assert_int_eq(await(&world, b), WEIR_OK);
    ck_assert_int_eq(b->bytes, 20 + 24);
    close_world(&world);
}
END_TEST

/* Goal: a copy that lags behind a truncation is built anew. */
START_TEST(a_copy_that_was_overtaken_begins_anew)
{
    struct world world;
    struct app *a, *b;

    open_world(&world, 2);
    a = &world.apps[0];
    b = &world.apps[1];
    ck_assert_int_eq(initialize(&world, a, 0), WEIR_OK);
    ck_assert_int_eq(fetch(&world, b), WEIR_OK);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(raise_by(&world, a, 1), WEIR_OK);
        ck_assert_int_eq(compact(&world, a), WEIR_OK);
    }
    ck_assert_int_gt(world.segment->start_offset, pravega_synchronizer_revision(b->sync)->offset);
    ck_assert_int_eq(raise_by(&world, b, 10), WEIR_OK);
    ck_assert_int_eq(counter_of(b)->value, 13);
    ck_assert_int_eq(fetch(&world, a), WEIR_OK);
    ck_assert_int_eq(counter_of(a)->value, 13);
    play_store_truncate(world.segment, (int64_t)world.segment->data.len);
    ck_assert_int_eq(fetch(&world, b), WEIR_OK); /* it has seen all that is gone */
    pravega_synchronizer_free(b->sync);
    ck_assert_int_eq(pravega_synchronizer_new(b->client, &stream_name, &counter_type, NULL, &b->sync, NULL), WEIR_OK);
    ck_assert_int_eq(fetch(&world, b), WEIR_E_TRUNCATED); /* the mark is below the start, and nothing is after it */
    close_world(&world);
}
END_TEST

/* Raises, one after the other, until none is left. */
static void raise_on(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct app *app = arg;

    ck_assert_msg(status == WEIR_OK, "%s", why->message);
    if (app->raises_left == 0) {
        app->over = true;
        return;
    }
    app->raises_left--;
    if (app->raises_left % 7 == 3)
        pravega_synchronizer_compact(app->sync, snapshot, raise_on, app);
    else
        pravega_synchronizer_update(app->sync, propose, raise_on, app);
}

static bool all_over(void *arg)
{
    struct world *world = arg;

    for (size_t i = 0; i < world->app_count; i++)
        if (!world->apps[i].over)
            return false;
    return true;
}

static int64_t race(struct world *world, int raises)
{
    int64_t sum = 0;

    ck_assert_int_eq(initialize(world, &world->apps[0], 0), WEIR_OK);
    for (size_t i = 0; i < world->app_count; i++) {
        struct app *app = &world->apps[i];

        app->amount = INT64_C(1) << (10 * i);
        app->raises_left = raises;
        for (int left = raises; left > 0; left--)
            sum += (left - 1) % 7 == 3 ? 0 : app->amount;
        raise_on(app, WEIR_OK, NULL);
    }
    ck_assert(weir_sim_run(world->store.sim, all_over, world, HOUR_NS));
    for (size_t i = 0; i < world->app_count; i++) {
        world->apps[i].over = false;
        ck_assert_int_eq(fetch(world, &world->apps[i]), WEIR_OK);
        ck_assert_int_eq(counter_of(&world->apps[i])->value, sum);
    }
    return sum;
}

/* Goal: the sum is exact, whatever is cut. Method: cut at every frame, before and after it is carried out. */
START_TEST(a_race_through_cuts_ends_in_the_sum)
{
    uint64_t frame_count = 1;
    struct world world;

    for (uint64_t cut = 1; cut <= frame_count; cut++) {
        open_world(&world, 3);
        world.store.cut_at_frame = cut;
        world.store.cut_after_storing = _i % 2 == 1;
        world.store.cut_every = _i >= 2 ? 5 : 0;
        race(&world, 12);
        ck_assert_uint_eq(world.store.repeated_count, 0);
        if (frame_count == 1)
            frame_count = world.store.frame_count;
        close_world(&world);
    }
}
END_TEST

/* Goal: an update that the store takes only after its writer has been told that it was not there, and has sent it
 * again, counts once. Method: hold back the nth one. */
START_TEST(an_update_that_is_stored_late_counts_once)
{
    struct world world;

    for (uint64_t late = 2; late < 12; late++) {
        open_world(&world, 1);
        world.store.late_at_conditional = late;
        race(&world, 12);
        close_world(&world);
    }
}
END_TEST

START_TEST(damage_and_bad_updates_have_names)
{
    static const uint8_t unknown[] = {0, 0, 0, 3, 0}, cut_short[] = {0, 0, 0, 2, 0, 0, 0, 9, 1};
    static const uint8_t bad_update[] = {0, 0, 0, 2, 0, 0, 0, 1, 1}, bad_init[] = {0, 0, 0, 1, 1};
    static const struct {
        struct weir_view entry;
        enum weir_status status;
    } cases[] = {{{unknown, sizeof(unknown)}, WEIR_E_DAMAGED},
                 {{cut_short, sizeof(cut_short)}, WEIR_E_DAMAGED},
                 {{bad_update, sizeof(bad_update)}, WEIR_E_PROTO},
                 {{bad_init, sizeof(bad_init)}, WEIR_E_PROTO}};
    struct world world;
    struct app *app;

    open_world(&world, 1);
    app = &world.apps[0];
    ck_assert_int_eq(initialize(&world, app, 4), WEIR_OK);
    play_store_put(&world.store, world.segment, cases[_i].entry);
    ck_assert_int_eq(fetch(&world, app), cases[_i].status);
    ck_assert_int_eq(fetch(&world, app), cases[_i].status); /* and again, from the start or from where it stood */
    close_world(&world);
}
END_TEST

static void free_all(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct app *app = arg;

    (void)why;
    app->status = status;
    pravega_synchronizer_free(app->sync);
    pravega_client_free(app->client);
    app->sync = NULL;
    app->client = NULL;
    app->over = true;
}

START_TEST(a_callback_may_free_everything)
{
    struct world world;
    struct app *app;

    open_world(&world, 1);
    app = &world.apps[0];
    ck_assert_int_eq(initialize(&world, app, 4), WEIR_OK);
    pravega_synchronizer_update(app->sync, propose, free_all, app);
    pravega_synchronizer_fetch(app->sync, on_done, app); /* never heard of again */
    ck_assert_int_eq(await(&world, app), WEIR_OK);
    close_world(&world);
}
END_TEST

/* Goal: nothing leaks, and nobody calls back, wherever it is freed. Method: free after each so many turns. */
START_TEST(it_can_be_freed_at_any_time)
{
    for (int64_t after_ns = 0; after_ns < 30 * WEIR_NS_PER_MS; after_ns += WEIR_NS_PER_MS / 5) {
        struct world world;
        struct app *app;
        uint8_t bytes[8] = {0};

        open_world(&world, 1);
        app = &world.apps[0];
        pravega_synchronizer_initialize(app->sync, weir_view(bytes, 8), on_done, app);
        weir_sim_run(world.store.sim, is_over, app, after_ns);
        if (app->over) {
            app->over = false;
            pravega_synchronizer_update(app->sync, propose, on_done, app);
        }
        pravega_synchronizer_free(app->sync);
        app->sync = NULL;
        app->over = false;
        weir_sim_run(world.store.sim, is_over, app, WEIR_NS_PER_S);
        ck_assert(!app->over);
        close_world(&world);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("synchronizer");
    TCase *tc = tcase_create("synchronizer");
    SRunner *sr;
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, two_copies_are_the_same);
    tcase_add_test(tc, an_object_that_is_not_shown_yet_is_waited_for);
    tcase_add_test(tc, no_updates_are_no_write);
    tcase_add_test(tc, a_fetch_without_news_is_one_question);
    tcase_add_test(tc, an_unconditional_update_is_seen_after_a_fetch);
    tcase_add_test(tc, calls_queue_in_order);
    tcase_add_test(tc, who_comes_after_a_compaction_begins_there);
    tcase_add_test(tc, a_copy_that_was_overtaken_begins_anew);
    tcase_add_loop_test(tc, a_race_through_cuts_ends_in_the_sum, 0, 4);
    tcase_add_test(tc, an_update_that_is_stored_late_counts_once);
    tcase_add_loop_test(tc, damage_and_bad_updates_have_names, 0, 4);
    tcase_add_test(tc, a_callback_may_free_everything);
    tcase_add_test(tc, it_can_be_freed_at_any_time);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
