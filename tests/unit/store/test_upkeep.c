/*
 * test_upkeep.c - what the controller does by itself, through the client, in virtual time: streams that scale, are cut
 * off, and have watermarks; and that the store goes on with it after a crash.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "pravega/format/watermark.h"
#include "pravega/revisioned_stream.h"
#include "sim_store.h"

#define SCOPE "scope"
#define EVENT_LEN 92 /* 100 with its header */

static struct sim_store w;
static const struct pravega_stream_name stream = {SCOPE, "events"};

#define must(call) ck_assert_msg((call) == WEIR_OK, "%s", w.err.message)

static void setup(void)
{
    static const char *const settings[] = {"controller.retention.frequency.minutes=1", NULL};

    sim_store_begin(&w, NULL, &(struct weir_store_options){.settings = settings});
    must(pravega_await_scope_create(w.session, SCOPE, &w.err));
}

static void teardown(void)
{
    sim_store_end(&w);
}

static void run_for_s(int64_t seconds)
{
    sim_pass(w.sim, seconds * WEIR_NS_PER_S);
}

static void make(const struct pravega_stream_config *config)
{
    must(pravega_await_stream_create(w.session, &stream, config, &w.err));
}

static struct pravega_writer *writer_new(const char *id)
{
    struct pravega_writer_options options = {.writer_id = id};
    struct pravega_writer *writer;

    must(pravega_await_writer_new(w.session, &stream, &options, &writer, &w.err));
    return writer;
}

static void write_events(struct pravega_writer *writer, int count)
{
    static const char bytes[EVENT_LEN];

    for (int i = 0; i < count; i++)
        must(pravega_await_write(w.session, writer, NULL, weir_view(bytes, sizeof(bytes)), &w.err));
    must(pravega_await_flush(w.session, writer, &w.err));
}

static void write_once(int count)
{
    struct pravega_writer *writer = writer_new("once");

    write_events(writer, count);
    must(pravega_await_writer_close(w.session, writer, &w.err));
}

/* Writes `per_second` events in each second. */
static void write_for_s(int per_second, int64_t seconds)
{
    struct pravega_writer *writer = writer_new("steady");

    for (int64_t s = 0; s < seconds; s++) {
        write_events(writer, per_second);
        run_for_s(1);
    }
    must(pravega_await_writer_close(w.session, writer, &w.err));
}

static size_t segment_count(void)
{
    struct pravega_ranges *ranges;
    size_t count;

    must(pravega_await_current_segments(w.session, &stream, &ranges, &w.err));
    count = ranges->count;
    for (size_t i = 0; i < count; i++)
        ck_assert(ranges->ranges[i].min_key == (i == 0 ? 0 : ranges->ranges[i - 1].max_key));
    free(ranges);
    return count;
}

/* The sum of the head's offsets; streams here have segments of epoch 0 only, but for one case. */
static int64_t head(void)
{
    struct pravega_stream_info *info;
    int64_t sum = 0;

    must(pravega_await_stream_info(w.session, &stream, &info, &w.err));
    for (size_t i = 0; i < info->head->position_count; i++)
        sum += info->head->positions[i].offset;
    free(info);
    return sum;
}

/* --- Scaling ---------------------------------------------------------------------------------------------------- */

/* Goal: a stream that gets more than it wants is split, by events and by bytes, not before its segments are ten minutes
 * old, and not further once the parts get what they want. */
START_TEST(it_splits_what_grows_too_fast)
{
    const struct pravega_stream_config config = {.scale_type =
                                                     _i == 0 ? PRAVEGA_SCALE_BY_EVENTS : PRAVEGA_SCALE_BY_KBYTES,
                                                 .target_rate = _i == 0 ? 10 : 1,
                                                 .scale_factor = 4,
                                                 .min_segments = 1};

    make(&config);
    write_for_s(35, 9 * 60);
    ck_assert_uint_eq(segment_count(), 1);
    write_for_s(35, 4 * 60);
    ck_assert_uint_eq(segment_count(), _i == 0 ? 3 : 3);
    write_for_s(20, 15 * 60);
    ck_assert_uint_eq(segment_count(), 3);
    sim_store_crash(&w);
    ck_assert_uint_eq(segment_count(), 3);
}
END_TEST

/* Goal: what is silent for twenty minutes is merged, down to the least; what is written to meanwhile is not. */
START_TEST(it_merges_what_is_silent)
{
    const struct pravega_stream_config config = {
        .scale_type = PRAVEGA_SCALE_BY_EVENTS, .target_rate = 10, .scale_factor = 2, .min_segments = 5};
    struct pravega_stream_config fewer = config;

    make(&config);
    run_for_s(21 * 60);
    ck_assert_uint_eq(segment_count(), 5);
    fewer.min_segments = 2;
    must(pravega_await_stream_update(w.session, &stream, &fewer, &w.err));
    run_for_s(1);
    ck_assert_uint_eq(segment_count(), 3); /* two pairs; what comes of a merge is not silent yet */
    run_for_s(21 * 60);
    ck_assert_uint_eq(segment_count(), 2);
    sim_store_crash(&w);
    run_for_s(41 * 60);
    ck_assert_uint_eq(segment_count(), 2);
}
END_TEST

START_TEST(it_merges_what_grows_slowly)
{
    const struct pravega_stream_config config = {
        .scale_type = PRAVEGA_SCALE_BY_EVENTS, .target_rate = 100, .scale_factor = 2, .min_segments = 2};
    struct pravega_stream_config fewer = config;

    make(&config);
    write_for_s(4, 21 * 60);
    ck_assert_uint_eq(segment_count(), 2);
    fewer.min_segments = 1;
    must(pravega_await_stream_update(w.session, &stream, &fewer, &w.err));
    write_for_s(4, 12 * 60);
    ck_assert_uint_eq(segment_count(), 1);
}
END_TEST

START_TEST(a_sealed_or_fixed_stream_stays)
{
    const struct pravega_stream_config config = {
        .scale_type = PRAVEGA_SCALE_BY_EVENTS, .target_rate = 10, .scale_factor = 2, .min_segments = 1};
    struct pravega_stream_config fixed = {.min_segments = 1};

    make(&config);
    write_for_s(35, 9 * 60);
    must(pravega_await_stream_update(w.session, &stream, &fixed, &w.err));
    write_for_s(35, 4 * 60);
    ck_assert_uint_eq(segment_count(), 1);
    must(pravega_await_stream_update(w.session, &stream, &config, &w.err));
    must(pravega_await_stream_seal(w.session, &stream, &w.err));
    run_for_s(25 * 60);
    must(pravega_await_stream_delete(w.session, &stream, &w.err));
}
END_TEST

/* --- Retention -------------------------------------------------------------------------------------------------- */

START_TEST(it_cuts_off_by_time)
{
    const struct pravega_stream_config config = {
        .min_segments = 1, .retention_type = PRAVEGA_RETENTION_TIME, .retention_min = 5 * 60 * 1000};

    make(&config);
    write_once(10);
    run_for_s(2 * 60);
    write_once(10);
    ck_assert_int_eq(head(), 0);
    run_for_s(3 * 60 + 30);
    if (_i == 1)
        sim_store_crash(&w);
    run_for_s(90);
    ck_assert_int_eq(head(), 1000);
    run_for_s(2 * 60);
    ck_assert_int_eq(head(), 2000); /* up to the tail, and no further */
    write_once(1);
    run_for_s(2 * 60);
    ck_assert_int_eq(head(), 2000);
}
END_TEST

START_TEST(it_cuts_off_by_size)
{
    const struct pravega_stream_config config = {
        .min_segments = 1, .retention_type = PRAVEGA_RETENTION_SIZE, .retention_min = 1500};

    make(&config);
    for (int i = 0; i < 4; i++) {
        write_once(10);
        run_for_s(61);
    }
    ck_assert_int_eq(head(), 2000); /* 2000 are left: one cut further there would be 1000 */
    sim_store_crash(&w);
    write_once(10);
    run_for_s(61);
    ck_assert_int_eq(head(), 3000);
}
END_TEST

static struct pravega_reader_group *subscribe(const char *name)
{
    struct pravega_group_stream streams[] = {{.stream = stream}};
    const struct pravega_reader_group_config config = {.streams = streams,
                                                       .stream_count = 1,
                                                       .retention_type =
                                                           PRAVEGA_DATA_RETENTION_MANUAL_RELEASE_AT_USER_STREAMCUT};
    const struct pravega_group_name group_name = {SCOPE, name};
    struct pravega_reader_group *group;

    must(pravega_await_reader_group_create(w.session, &group_name, &config, &w.err));
    must(pravega_await_reader_group_open(w.session, &group_name, &group, &w.err));
    return group;
}

static void release(struct pravega_reader_group *group, int64_t offset)
{
    struct pravega_segment_offset position = {0, offset};
    const struct pravega_stream_cut cut = {
        .scope = (char *)stream.scope, .stream = (char *)stream.stream, .positions = &position, .position_count = 1};

    must(pravega_await_reader_group_update_retention_stream_cut(w.session, group, &cut, 1, &w.err));
}

/* Goal: nothing goes that a subscriber has not released, even one that has not released anything yet, unless there
 * would be too much. */
START_TEST(it_waits_for_subscribers)
{
    const struct pravega_stream_config config = {
        .min_segments = 1, .retention_type = PRAVEGA_RETENTION_SIZE, .retention_min = 1, .retention_max = 10000};
    struct pravega_reader_group *one, *other;

    make(&config);
    one = subscribe("one");
    other = subscribe("other");
    write_once(20);
    run_for_s(130);
    release(one, 1000);
    run_for_s(61);
    ck_assert_int_eq(head(), 0);
    release(other, 600);
    run_for_s(61);
    ck_assert_int_eq(head(), 600);
    sim_store_crash(&w);
    release(other, 1500);
    run_for_s(61);
    ck_assert_int_eq(head(), 1000);
    release(one, 1 << 20); /* beyond the end */
    release(other, 1 << 20);
    run_for_s(61);
    ck_assert_int_le(head(), 2000);
    write_once(90);
    run_for_s(61);
    write_once(90);
    run_for_s(61);
    ck_assert_int_ge(head(), 11000 - 1000);
    pravega_reader_group_free(one);
    pravega_reader_group_free(other);
}
END_TEST

/* --- Watermarks ------------------------------------------------------------------------------------------------- */

struct marks {
    struct pravega_watermark list[16];
    size_t count;
};

static bool on_mark(void *arg, const struct pravega_revision *revision, struct weir_view entry)
{
    struct marks *marks = arg;

    (void)revision;
    ck_assert_uint_lt(marks->count, 16);
    ck_assert_int_eq(pravega_watermark_from_bytes(entry, &marks->list[marks->count++], NULL), WEIR_OK);
    return true;
}

/* All watermarks of the stream, as "lower-upper@offset of each segment, ...". */
static const char *watermarks(void)
{
    static char text[512];
    const struct pravega_stream_name name = {SCOPE, "_MARKevents"};
    struct pravega_revisioned_stream *log;
    struct pravega_revision from, place;
    struct marks marks = {0};
    size_t at = 0;
    bool is_set;

    must(pravega_revisioned_stream_new(pravega_session_client(w.session), &name, &log, &w.err));
    must(pravega_await_revisioned_oldest(w.session, log, &from, &w.err));
    must(pravega_await_revisioned_read(w.session, log, &from, on_mark, &marks, &w.err));
    must(pravega_await_revisioned_mark(w.session, log, &place, &is_set, &w.err));
    ck_assert(is_set == (marks.count > 0));
    if (is_set) { /* from the mark on there is the last one, and nothing else */
        struct marks newest = {0};

        must(pravega_await_revisioned_read(w.session, log, &place, on_mark, &newest, &w.err));
        ck_assert_uint_eq(newest.count, 1);
        ck_assert_int_eq(newest.list[0].lower, marks.list[marks.count - 1].lower);
        pravega_watermark_fini(&newest.list[0]);
    }
    pravega_revisioned_stream_free(log);
    text[0] = '\0';
    for (size_t i = 0; i < marks.count; i++) {
        const struct pravega_watermark *mark = &marks.list[i];

        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%d-%d", i > 0 ? " " : "", (int)mark->lower,
                               (int)mark->upper);
        for (size_t s = 0; s < mark->segment_count; s++) {
            ck_assert(mark->segments[s].range.min_key < mark->segments[s].range.max_key);
            at += (size_t)snprintf(text + at, sizeof(text) - at, "@%d", (int)mark->segments[s].offset);
        }
        pravega_watermark_fini(&marks.list[i]);
    }
    return text;
}

static void note(struct pravega_writer *writer, int64_t time)
{
    must(pravega_await_note_time(w.session, writer, time, &w.err));
}

/* Goal: a watermark when all writers have noted a later time; one that is silent holds it back for its timeout only,
 * and nothing is made twice, whatever happens to the store. */
START_TEST(it_marks_the_writers_times)
{
    const struct pravega_stream_config config = {.min_segments = 1, .timestamp_aggregation_timeout_ms = 60000};
    struct pravega_writer *a, *b;

    make(&config);
    a = writer_new("a");
    b = writer_new("b");
    ck_assert_str_eq(watermarks(), "");
    write_events(a, 1);
    note(a, 100);
    write_events(b, 1);
    note(b, 150);
    run_for_s(11);
    ck_assert_str_eq(watermarks(), "100-150@200");
    run_for_s(30); /* nothing new */
    ck_assert_str_eq(watermarks(), "100-150@200");
    sim_store_crash(&w);
    write_events(a, 1);
    note(a, 200);
    run_for_s(11);
    ck_assert_str_eq(watermarks(), "100-150@200 150-200@300");
    write_events(a, 1);
    note(a, 300);
    run_for_s(20); /* b is asked for */
    ck_assert_str_eq(watermarks(), "100-150@200 150-200@300");
    run_for_s(60); /* b is late */
    ck_assert_str_eq(watermarks(), "100-150@200 150-200@300 300-300@400");
    note(b, 350); /* and comes back */
    note(a, 400);
    run_for_s(11);
    ck_assert_str_eq(watermarks(), "100-150@200 150-200@300 300-300@400 350-400@400");
    must(pravega_await_writer_close(w.session, a, &w.err));
    must(pravega_await_writer_close(w.session, b, &w.err));
}
END_TEST

/* Goal: the catalog's watermark and the mark stream's agree, wherever the store crashes between the two. */
START_TEST(a_watermark_is_made_once_through_crashes)
{
    const struct pravega_stream_config config = {.min_segments = 1, .timestamp_aggregation_timeout_ms = 60000};
    struct pravega_writer *a;
    uint64_t syncs;

    make(&config);
    a = writer_new("a");
    note(a, 100);
    syncs = weir_sim_disk_sync_count(w.sim, "store") + (uint64_t)_i;
    for (int ms = 0; ms < 15000 && weir_sim_disk_sync_count(w.sim, "store") < syncs; ms++)
        sim_pass(w.sim, WEIR_NS_PER_MS);
    sim_store_crash(&w);
    run_for_s(25);
    ck_assert_str_eq(watermarks(), "100-100@0");
    note(a, 200);
    run_for_s(25);
    ck_assert_str_eq(watermarks(), "100-100@0 200-200@0");
    must(pravega_await_writer_close(w.session, a, &w.err));
}
END_TEST

START_TEST(a_watermark_follows_a_scale)
{
    const struct pravega_stream_config config = {.min_segments = 1, .timestamp_aggregation_timeout_ms = 60000};
    const struct pravega_segment_range halves[] = {{0, 0, 0.5}, {0, 0.5, 1}};
    const struct pravega_scale split = {(const pravega_segment_id[]){0}, 1, halves, 2};
    struct pravega_writer *a, *b;

    make(&config);
    a = writer_new("a");
    b = writer_new("b");
    write_events(a, 2);
    note(a, 100);
    note(b, 90);
    must(pravega_await_stream_scale(w.session, &stream, &split, NULL, &w.err));
    write_events(a, 1);
    note(a, 200);
    run_for_s(11);
    ck_assert_uint_eq(strlen(watermarks()), strlen("90-200@100@0"));
    ck_assert(strncmp(watermarks(), "90-200@", 7) == 0);
    must(pravega_await_writer_close(w.session, a, &w.err));
    must(pravega_await_writer_close(w.session, b, &w.err));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upkeep");
    TCase *tc = tcase_create("upkeep");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, it_splits_what_grows_too_fast, 0, 2);
    tcase_add_test(tc, it_merges_what_is_silent);
    tcase_add_test(tc, it_merges_what_grows_slowly);
    tcase_add_test(tc, a_sealed_or_fixed_stream_stays);
    tcase_add_loop_test(tc, it_cuts_off_by_time, 0, 2);
    tcase_add_test(tc, it_cuts_off_by_size);
    tcase_add_test(tc, it_waits_for_subscribers);
    tcase_add_test(tc, it_marks_the_writers_times);
    tcase_add_loop_test(tc, a_watermark_is_made_once_through_crashes, 0, 8);
    tcase_add_test(tc, a_watermark_follows_a_scale);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
