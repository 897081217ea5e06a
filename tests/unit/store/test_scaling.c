/*
 * test_scaling.c - scales that clients ask for, in virtual time: what is on its way to a segment when its scale is
 * asked for is still written to it, and no writer, no change and no end of the store keeps a scale for long.
 */
#include <check.h>
#include <stdlib.h>

#include "pravega/batch.h"
#include "pravega/streams.h"
#include "sim_store.h"

#define EVENT_LEN 92 /* 100 with its header */

static struct sim_store w;
static struct weir_host *asker_host; /* who asks for scales, and for what came of them */
static struct weir_loop *asker_loop;
static struct pravega_client *asker;
static const struct pravega_stream_name stream = {"scope", "events"};

#define must(call) ck_assert_msg((call) == WEIR_OK, "%s", w.err.message)

static void begin(const char *const *settings)
{
    const struct pravega_stream_config fixed = {.min_segments = 1};
    const struct pravega_client_options options = {.controller_uri = "tcp://store:9090"};

    sim_store_begin(&w, NULL, &(struct weir_store_options){.settings = settings});
    sim_machine_begin(w.sim, "asker", &asker_host, &asker_loop);
    must(pravega_client_new(asker_loop, &options, &asker, &w.err));
    must(pravega_await_scope_create(w.session, stream.scope, &w.err));
    must(pravega_await_stream_create(w.session, &stream, &fixed, &w.err));
}

static void pass_ms(int64_t ms)
{
    sim_pass(w.sim, ms * WEIR_NS_PER_MS);
}

/* --- A scale that is asked for, and its answer ------------------------------------------------------------------- */

struct scale {
    bool done;
    enum weir_status status;
    size_t added;
    int64_t begun_ns, took_ms;
};

static void on_scaled(void *arg, enum weir_status status, int32_t epoch, const struct pravega_segment_range *segments,
                      size_t count, const struct weir_error *why)
{
    struct scale *scale = arg;

    (void)epoch;
    (void)segments;
    (void)why;
    *scale = (struct scale){.done = true, .status = status, .added = count,
                            .took_ms = (weir_sim_now_ns(w.sim) - scale->begun_ns) / WEIR_NS_PER_MS};
}

/* Splits the first segment. */
static void ask(struct scale *scale)
{
    static const struct pravega_segment_range halves[] = {{0, 0, 0.5}, {0, 0.5, 1}};
    static const pravega_segment_id first[] = {0};
    const struct pravega_scale split = {first, 1, halves, 2};

    *scale = (struct scale){.begun_ns = weir_sim_now_ns(w.sim)};
    pravega_stream_start_scale(asker, &stream, &split, on_scaled, scale);
}

static bool is_done(void *scale)
{
    return ((struct scale *)scale)->done;
}

static void await(struct scale *scale)
{
    ck_assert(weir_sim_run(w.sim, is_done, scale, 60 * WEIR_NS_PER_S));
}

/* --- Events ------------------------------------------------------------------------------------------------------ */

static struct pravega_writer *writer_new(void)
{
    const struct pravega_writer_options options = {.writer_id = "writer"};
    struct pravega_writer *writer;

    must(pravega_await_writer_new(w.session, &stream, &options, &writer, &w.err));
    return writer;
}

/* Each is awaited. */
static void write_events(struct pravega_writer *writer, int count, int64_t pause_ms)
{
    static const char bytes[EVENT_LEN];

    for (int i = 0; i < count; i++) {
        must(pravega_await_write(w.session, writer, NULL, weir_view(bytes, sizeof(bytes)), &w.err));
        must(pravega_await_flush(w.session, writer, &w.err));
        pass_ms(pause_ms);
    }
}

/* Of which segment how much there is. */
struct lengths {
    bool done;
    int64_t first, all;
};

static void on_segments(void *arg, enum weir_status status, const struct pravega_batch_segments *segments,
                        const struct weir_error *why)
{
    struct lengths *lengths = arg;

    ck_assert_msg(status == WEIR_OK, "%s", why->message);
    lengths->done = true;
    for (size_t i = 0; i < segments->range_count; i++) {
        lengths->all += segments->ranges[i].end_offset;
        if (segments->ranges[i].segment == 0)
            lengths->first = segments->ranges[i].end_offset;
    }
}

static bool are_there(void *lengths)
{
    return ((struct lengths *)lengths)->done;
}

static struct lengths lengths_of(void)
{
    struct lengths lengths = {0};

    pravega_batch_segments(asker, &stream, NULL, NULL, on_segments, &lengths);
    ck_assert(weir_sim_run(w.sim, are_there, &lengths, 60 * WEIR_NS_PER_S));
    return lengths;
}

static size_t segment_count(void)
{
    struct pravega_ranges *ranges;
    size_t count;

    must(pravega_await_current_segments(w.session, &stream, &ranges, &w.err));
    count = ranges->count;
    free(ranges);
    return count;
}

/* --- Tests ------------------------------------------------------------------------------------------------------- */

/* Goal: it is made once nothing has come for 100 ms, and what came before is in the segment that it ends. */
START_TEST(it_waits_for_what_is_on_its_way)
{
    struct pravega_writer *writer;
    struct scale scale;

    begin(NULL);
    writer = writer_new();
    ask(&scale);
    write_events(writer, 5, 50);
    ck_assert(!scale.done);
    await(&scale);
    ck_assert_int_eq(scale.status, WEIR_OK);
    ck_assert_uint_eq(scale.added, 2);
    ck_assert_int_eq(lengths_of().first, 500);
    write_events(writer, 5, 0);
    ck_assert_int_eq(lengths_of().first, 500);
    ck_assert_int_eq(lengths_of().all, 1000);
    must(pravega_await_writer_close(w.session, writer, &w.err));
}
END_TEST

/* Goal: a segment that does not come to rest is scaled after half a second, and no event is lost or doubled. */
START_TEST(it_does_not_wait_for_ever)
{
    struct pravega_writer *writer;
    struct scale scale;

    begin(NULL);
    writer = writer_new();
    ask(&scale);
    write_events(writer, 100, 20);
    ck_assert(scale.done);
    ck_assert_int_eq(scale.status, WEIR_OK);
    ck_assert_int_ge(scale.took_ms, 500);
    ck_assert_int_lt(scale.took_ms, 600);
    ck_assert_int_gt(lengths_of().first, 0);
    ck_assert_int_eq(lengths_of().all, 100 * 100);
    must(pravega_await_writer_close(w.session, writer, &w.err));
}
END_TEST

/* Goal: one that cannot be made is refused at once; and all are answered at once if the settings say so. */
START_TEST(it_need_not_wait)
{
    static const char *const settings[] = {"weir.scale.quiet.milliseconds=0", NULL};
    struct scale scale, again;

    begin(_i == 0 ? settings : NULL);
    ask(&scale);
    await(&scale);
    ask(&again);
    await(&again);
    ck_assert_int_eq(scale.status, WEIR_OK);
    ck_assert(_i == 0 ? scale.took_ms < 50 : scale.took_ms >= 100);
    ck_assert_int_eq(again.status, WEIR_E_CONFLICT);
    ck_assert_int_lt(again.took_ms, 50);
}
END_TEST

/* Goal: of two that wait one is made. */
START_TEST(one_of_two_is_made)
{
    struct scale scales[2];

    begin(NULL);
    ask(&scales[0]);
    ask(&scales[1]);
    await(&scales[0]);
    await(&scales[1]);
    ck_assert_int_eq(scales[0].status, WEIR_OK);
    ck_assert_int_eq(scales[1].status, WEIR_E_CONFLICT);
    ck_assert_uint_eq(segment_count(), 2);
}
END_TEST

/* Goal: a stream that was sealed, or is gone, meanwhile is not scaled. */
START_TEST(what_changes_meanwhile_counts)
{
    struct scale scale;

    begin(NULL);
    ask(&scale);
    pass_ms(50);
    ck_assert(!scale.done);
    must(pravega_await_stream_seal(w.session, &stream, &w.err));
    if (_i == 1)
        must(pravega_await_stream_delete(w.session, &stream, &w.err));
    await(&scale);
    ck_assert_int_eq(scale.status, WEIR_E_INVAL);
    ck_assert_int_lt(scale.took_ms, 80);
}
END_TEST

/* Goal: a store that ends meanwhile takes its scales with it; a client asks the next one again. */
START_TEST(it_is_asked_for_again)
{
    struct scale scale;

    begin(NULL);
    ask(&scale);
    pass_ms(50);
    ck_assert(!scale.done);
    sim_store_crash(&w);
    await(&scale);
    ck_assert_int_eq(scale.status, WEIR_OK);
    ck_assert_uint_eq(segment_count(), 2);
}
END_TEST

/* Goal: it is made though who asked for it has gone meanwhile; a store that is closed in order takes it with it. */
START_TEST(it_waits_for_nobody_else)
{
    struct scale scale;

    begin(NULL);
    ask(&scale);
    pass_ms(50);
    ck_assert(!scale.done);
    if (_i == 1)
        return;
    pravega_client_free(asker);
    asker = NULL;
    pass_ms(1000);
    ck_assert_uint_eq(segment_count(), 2);
}
END_TEST

static void teardown(void)
{
    pravega_client_free(asker);
    sim_machine_end(asker_host, asker_loop);
    sim_store_end(&w);
}

int main(void)
{
    Suite *suite = suite_create("scaling");
    TCase *tc = tcase_create("scaling");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_checked_fixture(tc, NULL, teardown);
    tcase_add_test(tc, it_waits_for_what_is_on_its_way);
    tcase_add_test(tc, it_does_not_wait_for_ever);
    tcase_add_loop_test(tc, it_need_not_wait, 0, 2);
    tcase_add_test(tc, one_of_two_is_made);
    tcase_add_loop_test(tc, what_changes_meanwhile_counts, 0, 2);
    tcase_add_test(tc, it_is_asked_for_again);
    tcase_add_loop_test(tc, it_waits_for_nobody_else, 0, 2);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
