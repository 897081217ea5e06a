/*
 * test_time_window.c - watermarks: their bytes, and what a group's place makes of them.
 */
#include "pravega/group/time_window.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "pravega/stream_cut.h"

/* ---- bytes, as the 0.13.0 classes wrote them ---- */

static const char one_segment[] =
    "000001000000003900000000000003e800000000000007d0010000010000000018000000000000000000000000"
    "000000003ff0000000000000000000000000007b";
static const char two_segments[] =
    "000001000000006100000000000f424000000000001e848002000001000000001800000000000000000000000"
    "0000000003fe0000000000000000000000000096f000001000000001800000000000000013fe00000000000003f"
    "f00000000000000000000000000ccc";

static struct weir_view from_hex(const char *hex, uint8_t *out)
{
    size_t len = strlen(hex) / 2;

    for (size_t i = 0; i < len; i++) {
        unsigned byte;

        ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
    return weir_view(out, len);
}

static void check_both_ways(const char *hex, struct pravega_watermark *mark)
{
    uint8_t room[256];
    struct weir_view bytes = from_hex(hex, room);
    struct weir_buf out;

    ck_assert_int_eq(pravega_watermark_from_bytes(bytes, mark, NULL), WEIR_OK);
    weir_buf_init(&out, 4096);
    pravega_watermark_to_bytes(mark, &out);
    ck_assert_int_eq(out.status, WEIR_OK);
    ck_assert_uint_eq(out.len, bytes.len);
    ck_assert_mem_eq(out.ptr, bytes.ptr, bytes.len);
    weir_buf_fini(&out);
}

START_TEST(bytes_are_upstreams_both_ways)
{
    struct pravega_watermark mark;

    check_both_ways(one_segment, &mark);
    ck_assert_int_eq(mark.lower, 1000);
    ck_assert_int_eq(mark.upper, 2000);
    ck_assert_uint_eq(mark.segment_count, 1);
    ck_assert_int_eq(mark.segments[0].offset, 123);
    ck_assert(mark.segments[0].range.max_key == 1.0);
    pravega_watermark_fini(&mark);
    check_both_ways(two_segments, &mark);
    ck_assert_uint_eq(mark.segment_count, 2);
    ck_assert_int_eq(mark.segments[1].range.id, 1);
    ck_assert(mark.segments[1].range.min_key == 0.5);
    ck_assert_int_eq(mark.segments[1].offset, 3276);
    pravega_watermark_fini(&mark);
}
END_TEST

START_TEST(bytes_that_end_early_are_refused)
{
    uint8_t room[256];
    struct weir_view bytes = from_hex(two_segments, room);
    struct pravega_watermark mark;

    ck_assert_int_eq(pravega_watermark_from_bytes(weir_view(bytes.ptr, (size_t)_i), &mark, NULL), WEIR_E_INVAL);
    ck_assert_ptr_null(mark.segments);
}
END_TEST

/* ---- places ---- */

#define ID(epoch, number) (((pravega_segment_id)(epoch) << 32) | (number))

static struct pravega_watermark_segment segments[8];

/* A mark over two halves of the keys, at these offsets. */
static struct pravega_watermark halves(int64_t low, int64_t high)
{
    segments[0] = (struct pravega_watermark_segment){{0, 0, 0.5}, low};
    segments[1] = (struct pravega_watermark_segment){{1, 0.5, 1}, high};
    return (struct pravega_watermark){1000, 2000, segments, 2};
}

static int compare(struct pravega_time_place low, struct pravega_time_place high, const struct pravega_watermark *mark)
{
    struct pravega_time_place places[] = {low, high};

    return pravega_time_compare(places, 2, mark);
}

START_TEST(a_place_is_before_a_mark_or_behind_it_or_neither)
{
    struct pravega_watermark mark = halves(100, 200);
    struct pravega_segment_range low = {0, 0, 0.5}, high = {1, 0.5, 1};

#define AT(a, b) compare((struct pravega_time_place){low, a}, (struct pravega_time_place){high, b}, &mark)
    ck_assert_int_lt(AT(99, 199), 0);
    ck_assert_int_lt(AT(100, 199), 0);
    ck_assert_int_eq(AT(101, 199), 0);
    ck_assert_int_gt(AT(100, 200), 0); /* where it is, is passed */
    ck_assert_int_gt(AT(101, 200), 0);
    ck_assert_int_gt(AT(PRAVEGA_OFFSET_COMPLETED, 200), 0);
    ck_assert_int_eq(AT(PRAVEGA_OFFSET_COMPLETED, 0), 0);
#undef AT
    ck_assert_int_gt(pravega_time_compare(NULL, 0, &mark), 0);
}
END_TEST

START_TEST(successors_are_behind_what_they_follow)
{
    struct pravega_watermark mark = halves(100, 200);
    struct pravega_time_place high = {{1, 0.5, 1}, 300};
    struct pravega_time_place split[] = {{{ID(1, 2), 0, 0.25}, 0}, {{ID(1, 3), 0.25, 0.5}, 0}, high};

    ck_assert_int_gt(pravega_time_compare(split, 3, &mark), 0);
    split[2].offset = 0; /* the other half has not come so far */
    ck_assert_int_eq(pravega_time_compare(split, 3, &mark), 0);
    segments[0] = (struct pravega_watermark_segment){{ID(1, 2), 0, 0.5}, 0};
    mark.segments = segments;
    ck_assert_int_lt(
        compare((struct pravega_time_place){{0, 0, 0.5}, 900}, (struct pravega_time_place){{1, 0.5, 1}, 0}, &mark), 0);
}
END_TEST

/* Keys that only touch at a border do not meet; keys that nobody knows meet all. */
START_TEST(only_segments_whose_keys_meet_are_compared)
{
    struct pravega_watermark mark = halves(100, 200);
    struct pravega_time_place place = {{ID(1, 2), 0.5, 1}, 0};

    segments[0] = (struct pravega_watermark_segment){{ID(2, 5), 0, 0.5}, 0}; /* later, but of other keys */
    ck_assert_int_gt(pravega_time_compare(&place, 1, &mark), 0);
    place.range.min_key = place.range.max_key = -1;
    ck_assert_int_eq(pravega_time_compare(&place, 1, &mark), 0);
}
END_TEST

/* ---- the window ---- */

static struct pravega_watermark mark_at(int64_t time, int64_t offset)
{
    struct pravega_watermark mark = {time, time + 10, malloc(sizeof(*mark.segments)), 1};

    ck_assert_ptr_nonnull(mark.segments);
    mark.segments[0] = (struct pravega_watermark_segment){{0, 0, 1}, offset};
    return mark;
}

struct trip {
    struct pravega_time_track track;
    struct pravega_time_place place;
    int64_t next; /* of the marks that there are: one at each hundredth byte */
};

/* As a mark reader does: fetches as long as marks are wanted. */
static void go_to(struct trip *trip, int64_t offset, int64_t last_mark)
{
    bool wanted;

    trip->place.offset = offset;
    wanted = pravega_time_track_advance(&trip->track, &trip->place, 1);
    while (wanted && trip->next <= last_mark) {
        struct pravega_watermark mark = mark_at(trip->next * 1000, trip->next * 100);

        trip->next++;
        wanted = pravega_time_track_add(&trip->track, &trip->place, 1, &mark);
    }
}

static void check_window(const struct trip *trip, int64_t lower, int64_t upper)
{
    struct pravega_time_window window = pravega_time_track_window(&trip->track);

    ck_assert_int_eq(window.has_lower ? window.lower : -1, lower);
    ck_assert_int_eq(window.has_upper ? window.upper : -1, upper);
}

START_TEST(the_window_moves_with_the_group)
{
    struct trip trip = {.place = {{0, 0, 1}, 0}, .next = 1};

    check_window(&trip, -1, -1);
    go_to(&trip, 0, 5);
    check_window(&trip, -1, 1010);
    go_to(&trip, 99, 5);
    check_window(&trip, -1, 1010);
    go_to(&trip, 100, 5);
    check_window(&trip, 1000, 2010);
    go_to(&trip, 450, 5);
    check_window(&trip, 4000, 5010);
    go_to(&trip, 700, 5); /* beyond the last mark that there is */
    check_window(&trip, 5000, -1);
    go_to(&trip, 700, 9);
    check_window(&trip, 7000, 8010);
    pravega_time_track_fini(&trip.track);
}
END_TEST

/* Goal: memory is bounded, and bounds stay true, when a group stands between marks for ever: one of its segments is far
 * ahead, one far behind. */
START_TEST(marks_that_wait_are_bounded)
{
    struct pravega_time_track track = {0};
    struct pravega_time_place places[] = {{{0, 0, 0.5}, 1000000}, {{1, 0.5, 1}, 0}};

    ck_assert(pravega_time_track_advance(&track, places, 2));
    for (int64_t i = 1; i <= 1000; i++) {
        struct pravega_watermark mark = {i, i + 10, malloc(2 * sizeof(*mark.segments)), 2};

        mark.segments[0] = (struct pravega_watermark_segment){{0, 0, 0.5}, i};
        mark.segments[1] = (struct pravega_watermark_segment){{1, 0.5, 1}, i};
        ck_assert(pravega_time_track_add(&track, places, 2, &mark));
        ck_assert_uint_le(track.waiting_count, PRAVEGA_TIME_MARKS_MAX);
        ck_assert_int_eq(pravega_time_track_window(&track).upper, i + 10);
    }
    places[1].offset = 1; /* the first one is passed */
    pravega_time_track_advance(&track, places, 2);
    ck_assert_int_eq(pravega_time_track_window(&track).lower, 1);
    places[1].offset = 1000;
    pravega_time_track_advance(&track, places, 2);
    ck_assert_int_eq(pravega_time_track_window(&track).lower, 1000);
    pravega_time_track_fini(&track);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("time_window");
    TCase *tc = tcase_create("time_window");
    SRunner *sr;
    int failed;

    tcase_add_test(tc, bytes_are_upstreams_both_ways);
    tcase_add_loop_test(tc, bytes_that_end_early_are_refused, 0, (int)(sizeof(two_segments) / 2));
    tcase_add_test(tc, a_place_is_before_a_mark_or_behind_it_or_neither);
    tcase_add_test(tc, successors_are_behind_what_they_follow);
    tcase_add_test(tc, only_segments_whose_keys_meet_are_compared);
    tcase_add_test(tc, the_window_moves_with_the_group);
    tcase_add_test(tc, marks_that_wait_are_bounded);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
