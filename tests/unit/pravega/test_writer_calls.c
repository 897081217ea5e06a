/*
 * test_writer_calls.c - what else the event writer does, over a Pravega in memory: batches, noted times, closing, when
 * blocks go out, how it waits, and what memory it takes.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "play_store.h"
#include "pravega/writer_int.h"
#include "weir/endian.h"

#define HOUR_NS (3600 * WEIR_NS_PER_S)

static const struct pravega_stream_name stream = {PLAY_SCOPE, PLAY_STREAM};
static struct play_store store;
static struct pravega_client *client;
static struct pravega_writer *writer;

/* ---- the world of a test ---- */

static void open_world_of(const struct weir_sim_options *options)
{
    play_store_open(&store, options);
    play_store_segment(&store, 0, 0, 0.5);
    play_store_segment(&store, 1, 0.5, 1);
    client = play_store_client(&store, NULL);
}

static void open_world(void)
{
    open_world_of(&(struct weir_sim_options){.seed = 1});
}

static void open_writer(const struct pravega_writer_options *options)
{
    struct weir_error err = {0};

    ck_assert_msg(pravega_writer_new(client, &stream, options, &writer, &err) == WEIR_OK, "%s", err.message);
}

static void close_world(void)
{
    pravega_writer_free(writer);
    writer = NULL;
    pravega_client_free(client);
    play_store_close(&store);
}

struct result {
    int calls;
    enum weir_status status;
    char message[WEIR_ERROR_MESSAGE_LEN_MAX];
};

static void on_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct result *result = arg;

    result->calls++;
    result->status = status;
    snprintf(result->message, sizeof(result->message), "%s", why->message);
}

static bool is_called(void *arg)
{
    return ((struct result *)arg)->calls > 0;
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void run_ms(int64_t ms)
{
    weir_sim_run(store.sim, never, NULL, ms * WEIR_NS_PER_MS);
}

static void await(struct result *result)
{
    ck_assert(weir_sim_run(store.sim, is_called, result, HOUR_NS));
    ck_assert_int_eq(result->calls, 1);
}

static void flush(void)
{
    struct result flushed = {0};

    pravega_writer_flush(writer, on_done, &flushed);
    ck_assert_int_eq(flushed.calls, 0);
    await(&flushed);
    ck_assert_msg(flushed.status == WEIR_OK, "%s", flushed.message);
}

static void write_one(const char *key, const char *text)
{
    struct weir_view view = weir_view_str(key);

    ck_assert_int_eq(pravega_writer_write(writer, &view, weir_view_str(text), NULL, NULL, NULL), WEIR_OK);
}

/* ---- batches ---- */

#define BATCH_COUNT 40
#define BATCH_LEN_MAX 30

/* Batch b has 1 + b % 30 events of 16 bytes: batch, index, count. */
static void check_whole_batches(struct play_store *at, struct play_segment *segment,
                                const struct pravega_wire_append_block_end *append)
{
    struct weir_in in = weir_in(append->data);

    (void)segment;
    while (weir_in_left(&in) > 0) {
        uint32_t batch = 0, count = 1;

        for (uint32_t i = 0; i < count; i++) {
            struct weir_view event;

            weir_in_take(&in, 4);
            event = weir_in_take(&in, weir_in_u32be(&in));
            ck_assert_msg(!in.bad, "an append ends within a batch");
            if (i == 0) {
                batch = weir_get_u32be(event.ptr);
                count = weir_get_u32be(event.ptr + 8);
            }
            ck_assert_uint_eq(weir_get_u32be(event.ptr), batch);
            ck_assert_uint_eq(weir_get_u32be(event.ptr + 4), i);
        }
    }
    if (at->append_count == at->seed && !segment->sealed) /* its segment is split before it is stored */
        play_store_split(at, segment);
}

static void write_batch(uint32_t batch, struct result *result)
{
    uint8_t bytes[BATCH_LEN_MAX][16] = {0};
    struct weir_view events[BATCH_LEN_MAX];
    uint32_t count = 1 + batch % BATCH_LEN_MAX;
    struct weir_view key = weir_view(&batch, 1);

    for (uint32_t i = 0; i < count; i++) {
        weir_put_u32be(bytes[i], batch);
        weir_put_u32be(bytes[i] + 4, i);
        weir_put_u32be(bytes[i] + 8, count);
        events[i] = weir_view(bytes[i], sizeof(bytes[i]));
    }
    ck_assert_int_eq(pravega_writer_write_batch(writer, &key, events, count, on_done, result, NULL), WEIR_OK);
}

/* Goal: a batch is in one append, also when it is longer than a block, and when its segment is sealed before it
 * arrives; and it is stored once. Method: the store looks into each append; the `_i`th one is met by a split. */
START_TEST(batches_stay_whole)
{
    struct result results[BATCH_COUNT] = {{0}};
    uint32_t total = 0, stored = 0;

    open_world_of(&(struct weir_sim_options){.seed = (uint64_t)_i + 1, .cut_per_million = _i % 2 == 0 ? 0 : 10000});
    store.seed = (uint64_t)_i;
    store.on_append = check_whole_batches;
    open_writer(&(struct pravega_writer_options){.block_bytes = 300});
    for (uint32_t b = 0; b < BATCH_COUNT; b++) {
        write_batch(b, &results[b]);
        total += 1 + b % BATCH_LEN_MAX;
        if (b % 3 == 0)
            run_ms(1);
    }
    flush();
    for (uint32_t b = 0; b < BATCH_COUNT; b++)
        ck_assert(results[b].calls == 1 && results[b].status == WEIR_OK);
    for (size_t i = 0; i < store.segment_count; i++)
        stored += (uint32_t)(store.segments[i].data.len / (PRAVEGA_EVENT_HEADER_LEN + 16));
    ck_assert_uint_eq(stored, total);
    ck_assert_uint_eq(store.repeated_count, 0);
    close_world();
}
END_TEST

START_TEST(batches_that_cannot_be_are_refused_with_words)
{
    static uint8_t bytes[PRAVEGA_EVENT_LEN_MAX + 1];
    struct weir_view two[2] = {weir_view(bytes, PRAVEGA_EVENT_LEN_MAX), weir_view(bytes, PRAVEGA_EVENT_LEN_MAX)};
    struct weir_view key = weir_view_str("k"), long_one = weir_view(bytes, sizeof(bytes));
    struct weir_error err = {0};

    open_world();
    open_writer(NULL);
    ck_assert_int_eq(pravega_writer_write_batch(writer, NULL, two, 1, NULL, NULL, &err), WEIR_E_INVAL);
    ck_assert_int_eq(pravega_writer_write_batch(writer, &key, two, 0, NULL, NULL, &err), WEIR_E_INVAL);
    ck_assert_int_eq(pravega_writer_write_batch(writer, &key, two, 2, NULL, NULL, &err), WEIR_E_LIMIT);
    ck_assert_int_eq(pravega_writer_write_batch(writer, &key, &long_one, 1, NULL, NULL, &err), WEIR_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(err.message, "enable_large_events"));
    ck_assert_int_eq(pravega_writer_write_batch(writer, &key, two, 1, NULL, NULL, &err), WEIR_OK);
    two[1].len = 8 * 1024 * 1024 - 1024 - 16; /* with both headers, as much as there may be */
    flush();
    ck_assert_int_eq(pravega_writer_write_batch(writer, &key, two, 2, NULL, NULL, &err), WEIR_OK);
    flush();
    two[1].len++;
    ck_assert_int_eq(pravega_writer_write_batch(writer, &key, two, 2, NULL, NULL, &err), WEIR_E_LIMIT);
    close_world();
}
END_TEST

/* ---- time ---- */

/* Goal: the position is each segment's length as last acknowledged, -1 where nothing was; notes arrive in order. */
START_TEST(time_is_noted_with_the_position)
{
    struct result first = {0}, second = {0}, third = {0};

    open_world();
    open_writer(&(struct pravega_writer_options){.writer_id = "w1"});
    ck_assert_str_eq(pravega_writer_id(writer), "w1");
    pravega_writer_note_time(writer, 1000, on_done, &first); /* its segments are not known yet */
    await(&first);
    ck_assert_int_eq(first.status, WEIR_OK);
    ck_assert_str_eq(store.notes[0].writer, "w1");
    ck_assert_int_eq(store.notes[0].timestamp_ms, 1000);
    ck_assert_uint_eq(store.notes[0].position_count, 2);
    ck_assert_int_eq(store.notes[0].position[0].offset, -1);
    write_one("key0", "event"); /* hashes to 0.37: segment 0 */
    flush();
    pravega_writer_note_time(writer, 2000, on_done, &second);
    pravega_writer_note_time(writer, 1500, on_done, &third);
    ck_assert_int_eq(second.calls, 0);
    await(&third);
    ck_assert_int_eq(second.status, WEIR_OK);
    ck_assert_int_eq(third.status, WEIR_E_INVAL);
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(store.notes[1].position[i].offset, store.notes[1].position[i].id == 0 ? 13 : -1);
    close_world();
}
END_TEST

START_TEST(time_is_noted_by_itself)
{
    struct result result = {0};

    open_world();
    open_writer(&(struct pravega_writer_options){.automatically_note_time = true});
    pravega_writer_note_time(writer, 1, on_done, &result);
    await(&result);
    ck_assert_int_eq(result.status, WEIR_E_STATE);
    run_ms(16000);
    ck_assert_uint_eq(store.note_count, 3);
    for (size_t i = 1; i < 3; i++) {
        ck_assert_int_eq((store.notes[i].at_ns - store.notes[i - 1].at_ns + WEIR_NS_PER_S / 2) / WEIR_NS_PER_S, 5);
        ck_assert_int_eq(store.notes[i].timestamp_ms - store.notes[i - 1].timestamp_ms, 5000);
    }
    ck_assert_uint_eq(strlen(store.notes[0].writer), 36); /* a UUID's text */
    close_world();
}
END_TEST

/* A writer that is freed, or fails, with notes under way. */
START_TEST(notes_end_with_the_writer)
{
    struct result result = {0};

    open_world();
    store.stream_missing = true;
    open_writer(NULL);
    pravega_writer_note_time(writer, 1, on_done, &result);
    await(&result);
    ck_assert_int_eq(result.status, WEIR_E_NOT_FOUND);
    pravega_writer_note_time(writer, 2, on_done, &result);
    close_world();
    ck_assert_int_eq(result.calls, 1);
}
END_TEST

/* ---- closing ---- */

START_TEST(closing_flushes_and_frees)
{
    struct result closed = {0};
    struct weir_view key = weir_view_str("key0");
    struct weir_error err = {0};

    open_world();
    open_writer(NULL);
    write_one("key0", "last words");
    pravega_writer_close(writer, on_done, &closed);
    ck_assert_int_eq(pravega_writer_write(writer, &key, key, NULL, NULL, &err), WEIR_E_STATE);
    await(&closed);
    writer = NULL;
    ck_assert_int_eq(closed.status, WEIR_OK);
    ck_assert_uint_eq(play_store_find(&store, 0)->data.len, PRAVEGA_EVENT_HEADER_LEN + 10);
    close_world();
}
END_TEST

static size_t stored_len(void)
{
    size_t len = 0;

    for (size_t i = 0; i < store.segment_count; i++)
        len += store.segments[i].data.len;
    return len;
}

/* Goal: a scale while a closing writer sends what it has is heard of, and closes no worse than another.
 * Method: a store that breaks the connection, and forgets its answer, if anything follows the refused append. */
START_TEST(closing_goes_on_to_successors)
{
    struct result closed = {0};

    open_world_of(&(struct weir_sim_options){.seed = (uint64_t)_i + 1});
    store.late_refusals = true;
    store.scale_at_append = (uint64_t)_i + 1;
    store.on_scale = play_store_split;
    open_writer(&(struct pravega_writer_options){.block_bytes = 100});
    for (int n = 0; n < 200; n++)
        write_one("key0", "0123456789");
    pravega_writer_close(writer, on_done, &closed);
    await(&closed);
    writer = NULL;
    ck_assert_msg(closed.status == WEIR_OK, "%s", closed.message);
    ck_assert_uint_eq(store.segment_count, 4);
    ck_assert_uint_eq(stored_len(), 200 * (PRAVEGA_EVENT_HEADER_LEN + 10));
    ck_assert_uint_eq(store.repeated_count, 0);
    close_world();
}
END_TEST

/* ---- when blocks go out ---- */

/* Goal: at a low rate nothing waits: each event is its own append. */
START_TEST(lone_events_go_out_at_once)
{
    open_world();
    open_writer(NULL);
    for (int i = 0; i < 100; i++) {
        struct weir_view key = weir_view_str("key0");
        struct result result = {0};
        int64_t before_ns = weir_sim_now_ns(store.sim);

        ck_assert_int_eq(pravega_writer_write(writer, &key, key, on_done, &result, NULL), WEIR_OK);
        await(&result);
        if (i > 0) /* the first one waits for the connection */
            ck_assert_int_lt(weir_sim_now_ns(store.sim) - before_ns, 5 * WEIR_NS_PER_MS);
    }
    ck_assert_uint_eq(store.append_count, 100);
    close_world();
}
END_TEST

/* Goal: with two blocks under way the third one grows, but not for longer than 20 ms, and not beyond eight. */
START_TEST(open_blocks_wait_20_ms_at_most)
{
    open_world();
    store.stalled = true;
    open_writer(NULL);
    run_ms(100); /* connected */
    for (uint64_t i = 0; i < 2; i++) {
        write_one("key0", "x");
        run_ms(3);
    }
    ck_assert_uint_eq(store.append_count, 2);
    for (int i = 0; i < 4; i++) {
        write_one("key0", "x");
        run_ms(4);
    }
    ck_assert_uint_eq(store.append_count, 2);
    run_ms(10);
    ck_assert_uint_eq(store.append_count, 3);
    ck_assert_uint_eq(play_store_find(&store, 0)->data.len, 6 * 9);
    for (int i = 0; i < 20; i++) {
        write_one("key0", "x");
        run_ms(50);
    }
    ck_assert_uint_eq(store.append_count, 8);
    for (int i = 0; i < 20; i++) {
        write_one("key0", "x");
        pravega_writer_flush(writer, on_done, &(struct result){0});
    }
    run_ms(50);
    ck_assert_uint_eq(store.append_count, 8);
    close_world();
}
END_TEST

/* Goal: blocks hold what is written in half a round trip. Method: a constant rate over a round trip of 30 ms. */
START_TEST(blocks_are_sized_by_the_round_trip)
{
    uint64_t appends;
    size_t stored;

    open_world_of(&(struct weir_sim_options){
        .seed = 1, .net_delay_min_ns = 15 * WEIR_NS_PER_MS, .net_delay_max_ns = 15 * WEIR_NS_PER_MS});
    open_writer(NULL);
    run_ms(1000);
    for (int i = 0; i < 1000; i++) { /* 10 events each ms */
        for (int k = 0; k < 10; k++)
            write_one("key0", "0123456789");
        run_ms(1);
    }
    appends = store.append_count;
    stored = play_store_find(&store, 0)->data.len / appends;
    ck_assert_uint_ge(stored, 18 * 10 * 13); /* 18 bytes, 10 each ms, for a little less than 15 ms */
    ck_assert_uint_le(stored, 18 * 10 * 18);
    flush();
    close_world();
}
END_TEST

/* ---- waits ---- */

/* Goal: upstream's pace of attempts: 1 ms, x10, up to 20 s, ten of them. */
START_TEST(attempts_wait_as_upstream_does)
{
    static const int64_t waits_ms[] = {1, 10, 100, 1000, 10000, 20000, 20000, 20000, 20000};
    struct result result = {0};

    open_world();
    store.segments[1].current = false; /* one segment is enough */
    store.segments[0].max_key = 1;
    store.cut_at_frame = store.cut_every = 1;
    open_writer(NULL);
    write_one("a", "x");
    pravega_writer_flush(writer, on_done, &result);
    await(&result);
    ck_assert_int_eq(result.status, WEIR_E_CLOSED);
    ck_assert_uint_eq(store.connection_count, 10);
    for (size_t i = 0; i < 9; i++) {
        int64_t waited_ms = (store.connected_ns[i + 1] - store.connected_ns[i]) / WEIR_NS_PER_MS;

        ck_assert_int_ge(waited_ms, waits_ms[i]);
        ck_assert_int_le(waited_ms, waits_ms[i] + 20);
    }
    close_world();
}
END_TEST

START_TEST(a_writer_can_have_its_own_pace)
{
    struct result result = {0};

    open_world();
    store.segments[1].current = false;
    store.segments[0].max_key = 1;
    store.cut_at_frame = store.cut_every = 1;
    open_writer(&(struct pravega_writer_options){.retry = {.retry_attempts = 3, .initial_backoff_ms = 500}});
    write_one("a", "x");
    pravega_writer_flush(writer, on_done, &result);
    await(&result);
    ck_assert_uint_eq(store.connection_count, 3);
    ck_assert_int_ge(store.connected_ns[1] - store.connected_ns[0], 500 * WEIR_NS_PER_MS);
    close_world();
}
END_TEST

/* Goal: a writer with nothing to write outlives its store's absence, and writes when that is back. */
START_TEST(an_idle_writer_uses_up_no_attempts)
{
    open_world();
    open_writer(NULL);
    write_one("key0", "x");
    flush();
    store.cut_at_frame = store.frame_count + 1;
    store.cut_every = 1;
    play_store_cut(&store);
    run_ms(3600 * 1000);
    ck_assert_uint_le(store.connection_count, 4);
    store.cut_at_frame = 0;
    write_one("key0", "x");
    flush();
    close_world();
}
END_TEST

/* ---- memory ---- */

/* Goal: the bound of the header, with tiny events, callbacks and flushes, on a store that takes and never answers, and
 * on one that does not even read. */
START_TEST(memory_stays_below_its_bound)
{
    struct pravega_writer_options options = {.window_bytes = 200000, .block_bytes = 4096};
    size_t bound = 3 * options.window_bytes + (9 * 2 + 8) * 3 * options.block_bytes / 2, memory_max = 0, count = 0;
    struct result result = {0};

    open_world();
    store.stalled = true;
    if (_i % 2 == 1)
        store.cut_at_frame = store.cut_every = 2; /* HELLO is all that it takes */
    open_writer(&options);
    for (int turn = 0; turn < 3000; turn++) {
        size_t len = _i / 2 == 0 ? 1 : (size_t)(turn * 37 % 3000);
        static uint8_t bytes[3000];
        enum weir_status status = pravega_writer_write(writer, NULL, weir_view(bytes, len), on_done, &result, NULL);

        if (status != WEIR_OK && status != WEIR_E_AGAIN)
            break;
        count += status == WEIR_OK;
        for (int i = 0; i < 5; i++)
            count += pravega_writer_write(writer, NULL, weir_view(bytes, len), on_done, &result, NULL) == WEIR_OK;
        if (turn % 7 == 0)
            pravega_writer_flush(writer, on_done, &result);
        if (turn % 5 == 0)
            run_ms(1);
        if (pravega_writer_memory(writer) > memory_max)
            memory_max = pravega_writer_memory(writer);
    }
    ck_assert_uint_le(memory_max, bound);
    ck_assert_uint_ge(memory_max, options.window_bytes / 2);
    ck_assert_uint_gt(count, 50);
    close_world();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("writer_calls");
    TCase *tc = tcase_create("writer_calls");
    SRunner *sr;
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_loop_test(tc, batches_stay_whole, 0, 40);
    tcase_add_test(tc, batches_that_cannot_be_are_refused_with_words);
    tcase_add_test(tc, time_is_noted_with_the_position);
    tcase_add_test(tc, time_is_noted_by_itself);
    tcase_add_test(tc, notes_end_with_the_writer);
    tcase_add_test(tc, closing_flushes_and_frees);
    tcase_add_loop_test(tc, closing_goes_on_to_successors, 0, 20);
    tcase_add_test(tc, lone_events_go_out_at_once);
    tcase_add_test(tc, open_blocks_wait_20_ms_at_most);
    tcase_add_test(tc, blocks_are_sized_by_the_round_trip);
    tcase_add_test(tc, attempts_wait_as_upstream_does);
    tcase_add_test(tc, a_writer_can_have_its_own_pace);
    tcase_add_test(tc, an_idle_writer_uses_up_no_attempts);
    tcase_add_loop_test(tc, memory_stays_below_its_bound, 0, 4);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
