/*
 * test_revisioned_stream.c - a log with optimistic writes over a Pravega in memory, and revisions as text.
 */
#include "pravega/revisioned_stream.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "play_store.h"
#include "weir/endian.h"

#define HOUR_NS (3600 * WEIR_NS_PER_S)

static const struct pravega_stream_name stream_name = {PLAY_SCOPE, PLAY_STREAM};
static const struct pravega_retry patient = {.initial_backoff_ms = 1, .max_backoff_ms = 10, .retry_attempts = 100};

struct world {
    struct play_store store;
    struct play_segment *segment;
    struct pravega_client *client;
    struct pravega_revisioned_stream *log;
    /* The last call. */
    bool over, has_revision;
    enum weir_status status;
    struct pravega_revision revision;
    /* The last reading. */
    uint32_t entry_count;
    uint32_t first_entry;
    int64_t last_offset;
    uint32_t stop_after; /* 0: never */
};

static void open_world(struct world *world)
{
    struct weir_sim_options options = {.seed = 5};

    *world = (struct world){0};
    play_store_open(&world->store, &options);
    world->segment = play_store_segment(&world->store, 0, 0, 1);
    world->client = play_store_client(&world->store, &patient);
    ck_assert_int_eq(pravega_revisioned_stream_new(world->client, &stream_name, &world->log, NULL), WEIR_OK);
}

static void close_world(struct world *world)
{
    pravega_revisioned_stream_free(world->log);
    pravega_client_free(world->client);
    play_store_close(&world->store);
}

static void on_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct world *world = arg;

    ck_assert(!world->over);
    ck_assert_int_eq(status == WEIR_OK ? WEIR_OK : why->status, status);
    world->over = true;
    world->status = status;
}

static void on_revision(void *arg, enum weir_status status, const struct pravega_revision *revision,
                        const struct weir_error *why)
{
    struct world *world = arg;

    on_done(arg, status, why);
    world->has_revision = status == WEIR_OK && revision != NULL;
    if (world->has_revision)
        world->revision = *revision;
}

static bool is_over(void *arg)
{
    return ((struct world *)arg)->over;
}

static enum weir_status await(struct world *world)
{
    ck_assert(!world->over);
    ck_assert(weir_sim_run(world->store.sim, is_over, world, HOUR_NS));
    world->over = false;
    return world->status;
}

static struct pravega_revision at(int64_t offset)
{
    return (struct pravega_revision){0, offset, 0};
}

static enum weir_status write_if(struct world *world, int64_t offset, struct weir_view entry)
{
    struct pravega_revision after = at(offset);

    pravega_revisioned_stream_write_conditionally(world->log, &after, entry, on_revision, world);
    return await(world);
}

static bool on_entry(void *arg, const struct pravega_revision *revision, struct weir_view entry)
{
    struct world *world = arg;

    ck_assert_uint_ge(entry.len, 4);
    if (world->entry_count == 0)
        world->first_entry = weir_get_u32be(entry.ptr);
    ck_assert_uint_eq(weir_get_u32be(entry.ptr), world->first_entry + world->entry_count);
    ck_assert_int_eq(revision->offset, world->last_offset + 8 + (int64_t)entry.len);
    ck_assert_int_eq(revision->event_index, 0);
    world->last_offset = revision->offset;
    return ++world->entry_count != world->stop_after;
}

static enum weir_status read_from(struct world *world, int64_t offset)
{
    struct pravega_revision from = at(offset);

    world->entry_count = 0;
    world->last_offset = offset;
    pravega_revisioned_stream_read(world->log, &from, on_entry, on_done, world);
    return await(world);
}

static void put(struct world *world, uint32_t number, size_t len)
{
    uint8_t *entry = calloc(1, len);

    weir_put_u32be(entry, number);
    play_store_put(&world->store, world->segment, weir_view(entry, len));
    free(entry);
}

START_TEST(a_write_succeeds_where_the_log_ends)
{
    struct world world;

    open_world(&world);
    pravega_revisioned_stream_latest(world.log, on_revision, &world);
    ck_assert_int_eq(await(&world), WEIR_OK);
    ck_assert_int_eq(world.revision.offset, 0);
    ck_assert_int_eq(write_if(&world, 0, weir_view_str("one")), WEIR_OK);
    ck_assert_int_eq(world.revision.offset, 11);
    ck_assert_int_eq(write_if(&world, 0, weir_view_str("two")), WEIR_E_CONFLICT);
    ck_assert_int_eq(write_if(&world, 99, weir_view_str("two")), WEIR_E_CONFLICT);
    ck_assert_int_eq(write_if(&world, 11, weir_view_str("")), WEIR_OK);
    ck_assert_int_eq(world.revision.offset, 19);
    pravega_revisioned_stream_write_unconditionally(world.log, weir_view_str("three"), on_done, &world);
    ck_assert_int_eq(await(&world), WEIR_OK);
    ck_assert_uint_eq(world.segment->data.len, 32);
    ck_assert_mem_eq(world.segment->data.ptr, "\0\0\0\0\0\0\0\3one\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\5three", 32);
    ck_assert_int_eq(write_if(&world, 32, weir_view_str("four")), WEIR_OK); /* both kinds count on with their numbers */
    close_world(&world);
}
END_TEST

START_TEST(a_reading_ends_where_the_log_ended)
{
    struct world world;

    open_world(&world);
    ck_assert_int_eq(read_from(&world, 0), WEIR_OK);
    ck_assert_uint_eq(world.entry_count, 0);
    for (uint32_t n = 0; n < 300; n++)
        put(&world, n, n % 100 == 50 ? 1 << 20 : 10 + n * 7);
    world.store.read_len_max = _i == 0 ? 0 : 5000; /* many answers */
    ck_assert_int_eq(read_from(&world, 0), WEIR_OK);
    ck_assert_uint_eq(world.entry_count, 300);
    ck_assert_int_eq(world.last_offset, (int64_t)world.segment->data.len);
    ck_assert_int_eq(read_from(&world, 18), WEIR_OK); /* after the first */
    ck_assert_uint_eq(world.entry_count, 299);
    ck_assert_uint_eq(world.first_entry, 1);
    ck_assert_int_eq(read_from(&world, (int64_t)world.segment->data.len), WEIR_OK);
    ck_assert_uint_eq(world.entry_count, 0);
    ck_assert_int_eq(read_from(&world, (int64_t)world.segment->data.len + 1), WEIR_E_INVAL);
    world.stop_after = 10;
    ck_assert_int_eq(read_from(&world, 0), WEIR_E_CANCELLED);
    ck_assert_uint_eq(world.entry_count, 10);
    close_world(&world);
}
END_TEST

START_TEST(truncation_moves_the_oldest_revision)
{
    struct world world;
    struct pravega_revision cut = at(18);

    open_world(&world);
    for (uint32_t n = 0; n < 3; n++)
        put(&world, n, 10);
    pravega_revisioned_stream_truncate(world.log, &cut, on_done, &world);
    ck_assert_int_eq(await(&world), WEIR_OK);
    pravega_revisioned_stream_oldest(world.log, on_revision, &world);
    ck_assert_int_eq(await(&world), WEIR_OK);
    ck_assert_int_eq(world.revision.offset, 18);
    ck_assert_int_eq(read_from(&world, 0), WEIR_E_TRUNCATED);
    ck_assert_int_eq(read_from(&world, 18), WEIR_OK);
    ck_assert_uint_eq(world.entry_count, 2);
    cut.offset = 0;
    pravega_revisioned_stream_truncate(world.log, &cut, on_done, &world); /* gone already */
    ck_assert_int_eq(await(&world), WEIR_OK);
    ck_assert_int_eq(world.segment->start_offset, 18);
    close_world(&world);
}
END_TEST

static enum weir_status set_mark(struct world *world, const struct pravega_revision *expected,
                                 const struct pravega_revision *mark)
{
    pravega_revisioned_stream_set_mark(world->log, expected, mark, on_done, world);
    return await(world);
}

static enum weir_status get_mark(struct world *world)
{
    pravega_revisioned_stream_mark(world->log, on_revision, world);
    return await(world);
}

/* Goal: the mark is what the last successful call set it to. Method: the same calls, cut at every frame, before and
 * after it is carried out. */
START_TEST(the_mark_moves_on_its_condition)
{
    uint64_t frame_count = 1;

    for (uint64_t cut = 1; cut <= frame_count; cut++) {
        struct pravega_revision one = at(100), two = at(200);
        struct world world;

        open_world(&world);
        world.store.cut_at_frame = cut;
        world.store.cut_after_storing = _i == 1;
        ck_assert_int_eq(get_mark(&world), WEIR_OK);
        ck_assert(!world.has_revision);
        ck_assert_int_eq(set_mark(&world, &one, &two), WEIR_E_CONFLICT);
        ck_assert_int_eq(set_mark(&world, NULL, &one), WEIR_OK);
        ck_assert_int_eq(set_mark(&world, NULL, &two), WEIR_E_CONFLICT);
        ck_assert_int_eq(set_mark(&world, &one, &two), WEIR_OK);
        ck_assert_int_eq(get_mark(&world), WEIR_OK);
        ck_assert(world.has_revision);
        ck_assert_int_eq(world.revision.offset, 200);
        ck_assert_int_eq(set_mark(&world, &two, NULL), WEIR_OK);
        ck_assert_int_eq(get_mark(&world), WEIR_OK);
        ck_assert(!world.has_revision);
        ck_assert(weir_uuid_equal(world.segment->attributes[0].id,
                                  (struct weir_uuid){UINT64_C(0x7df9a874246cc9d6), UINT64_C(0x9397cdd19ead68c5)}));
        if (frame_count == 1)
            frame_count = world.store.frame_count;
        close_world(&world);
    }
}
END_TEST

/* Goal: each write is stored once, and what it says is what happened. Method: cut at every frame. */
START_TEST(a_cut_write_is_stored_once)
{
    uint64_t frame_count = 1;

    for (uint64_t cut = 1; cut <= frame_count; cut++) {
        struct world world;
        int64_t end = 0;

        open_world(&world);
        world.store.cut_at_frame = cut;
        world.store.cut_after_storing = _i % 2 == 1;
        world.store.cut_every = _i >= 2 ? 5 : 0;
        for (int i = 0; i < 6; i++) {
            ck_assert_int_eq(write_if(&world, end, weir_view_str("1234")), WEIR_OK);
            ck_assert_int_eq(write_if(&world, end, weir_view_str("1234")), WEIR_E_CONFLICT);
            pravega_revisioned_stream_write_unconditionally(world.log, weir_view_str("12"), on_done, &world);
            ck_assert_int_eq(await(&world), WEIR_OK);
            end += 22;
            ck_assert_int_eq((int64_t)world.segment->data.len, end);
        }
        ck_assert_uint_eq(world.store.repeated_count, 0);
        if (frame_count == 1)
            frame_count = world.store.frame_count;
        close_world(&world);
    }
}
END_TEST

START_TEST(wrong_calls_say_so)
{
    struct pravega_revision other = {7, 0, 0};
    struct world world;
    uint8_t *big = calloc(1, PRAVEGA_EVENT_LEN_MAX + 1);

    open_world(&world);
    pravega_revisioned_stream_write_conditionally(world.log, &other, weir_view_str("x"), on_revision, &world);
    ck_assert_int_eq(await(&world), WEIR_E_INVAL);
    ck_assert_int_eq(write_if(&world, -1, weir_view_str("x")), WEIR_E_INVAL); /* not an unconditional one */
    ck_assert_int_eq(write_if(&world, 0, weir_view(big, PRAVEGA_EVENT_LEN_MAX + 1)), WEIR_E_LIMIT);
    ck_assert_int_eq(write_if(&world, 0, weir_view(big, PRAVEGA_EVENT_LEN_MAX)), WEIR_OK);
    pravega_revisioned_stream_write_unconditionally(world.log, weir_view(big, PRAVEGA_EVENT_LEN_MAX), on_done, &world);
    ck_assert_int_eq(await(&world), WEIR_OK);
    free(big);
    play_store_seal(&world.store, world.segment);
    ck_assert_int_eq(write_if(&world, (int64_t)world.segment->data.len, weir_view_str("x")), WEIR_E_SEALED);
    pravega_revisioned_stream_free(world.log);
    ck_assert_int_eq(pravega_revisioned_stream_new(world.client, &stream_name, &world.log, NULL), WEIR_OK);
    pravega_revisioned_stream_latest(world.log, on_revision, &world);
    ck_assert_int_eq(await(&world), WEIR_E_SEALED);
    world.store.stream_missing = true;
    pravega_revisioned_stream_latest(world.log, on_revision, &world);
    ck_assert_int_eq(await(&world), WEIR_E_NOT_FOUND);
    close_world(&world);
}
END_TEST

START_TEST(a_revision_as_text_comes_back)
{
    static const struct pravega_revision revisions[] = {
        {0, 0, 0}, {INT64_C(3) << 32 | 5, 1234567, 7}, {INT64_MAX & ~(INT64_C(1) << 31), INT64_MAX, INT32_MAX}};
    static const char *const wrong[] = {"",
                                        "scope/stream/0.#epoch.0:1",
                                        "scope/stream/0.#epoch.0:1:2:3",
                                        "scope/stream/0.#epoch.0:-1:2",
                                        "scope/stream/0.#epoch.0:9223372036854775808:2",
                                        "scope/stream/4294967296.#epoch.0:1:2",
                                        "scope/stream/0.#epoch.:1:2",
                                        "scope/streams/0.#epoch.0:1:2",
                                        "other/stream/0.#epoch.0:1:2",
                                        "scope/stream/0.#epoch.0:1:2147483648"};
    char text[PRAVEGA_SEGMENT_NAME_LEN_MAX + 40];
    struct pravega_revision back;

    for (size_t i = 0; i < 3; i++) {
        int len = pravega_revision_text(&stream_name, &revisions[i], text, sizeof(text));

        ck_assert_int_eq(len, (int)strlen(text));
        ck_assert_int_eq(pravega_revision_parse(text, &stream_name, &back, NULL), WEIR_OK);
        ck_assert_int_eq(pravega_revision_compare(&back, &revisions[i]), 0);
        for (int cap = 1; cap <= len; cap++)
            ck_assert_int_eq(pravega_revision_text(&stream_name, &revisions[i], text, (size_t)cap), -1);
    }
    pravega_revision_text(&stream_name, &revisions[1], text, sizeof(text));
    ck_assert_str_eq(text, "scope/stream/5.#epoch.3:1234567:7");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert_int_eq(pravega_revision_parse(wrong[i], &stream_name, &back, NULL), WEIR_E_INVAL);
    ck_assert_int_lt(pravega_revision_compare(&revisions[0], &revisions[1]), 0);
    ck_assert_int_lt(pravega_revision_compare(&(struct pravega_revision){0, 5, 1}, &(struct pravega_revision){0, 5, 2}),
                     0);
    ck_assert_int_gt(pravega_revision_compare(&(struct pravega_revision){0, 6, 1}, &(struct pravega_revision){0, 5, 2}),
                     0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("revisioned_stream");
    TCase *tc = tcase_create("revisioned_stream");
    SRunner *sr;
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, a_write_succeeds_where_the_log_ends);
    tcase_add_loop_test(tc, a_reading_ends_where_the_log_ended, 0, 2);
    tcase_add_test(tc, truncation_moves_the_oldest_revision);
    tcase_add_loop_test(tc, the_mark_moves_on_its_condition, 0, 2);
    tcase_add_loop_test(tc, a_cut_write_is_stored_once, 0, 4);
    tcase_add_test(tc, wrong_calls_say_so);
    tcase_add_test(tc, a_revision_as_text_comes_back);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
