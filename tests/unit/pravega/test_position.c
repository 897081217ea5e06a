/*
 * test_position.c - positions, event pointers and checkpoints, against what Java's are.
 */
#include "pravega/position.h"

#include <stdlib.h>

#include "format_vectors.h"
#include "hex.h"

static struct weir_buf out;

static void setup(void)
{
    weir_buf_init(&out, 1 << 20);
}
static void teardown(void)
{
    weir_buf_fini(&out);
}

/* ---- event pointers */

static const struct {
    const char *scope, *stream;
    pravega_segment_id segment;
    int64_t offset;
    int32_t length;
    const char *hex;
} pointers[] = {
#define X(offset, length, hex) {"scope", "stream", 0, offset, length, hex},
    POINTER_VECTORS(X)
#undef X
        {"specscope", "s1", 1, 3263, 13, POINTER_A_HEX},
};
#define POINTER_COUNT ((int)(sizeof(pointers) / sizeof(pointers[0])))

static struct pravega_event_pointer nth_pointer(int n)
{
    return (struct pravega_event_pointer){
        {pointers[n].scope, pointers[n].stream}, pointers[n].segment, pointers[n].offset, pointers[n].length};
}

static void assert_pointer(const struct pravega_event_pointer *pointer, int n)
{
    ck_assert_str_eq(pointer->stream.scope, pointers[n].scope);
    ck_assert_str_eq(pointer->stream.stream, pointers[n].stream);
    ck_assert_int_eq(pointer->segment, pointers[n].segment);
    ck_assert_int_eq(pointer->offset, pointers[n].offset);
    ck_assert_int_eq(pointer->length, pointers[n].length);
}

START_TEST(recorded_pointers_are_read_and_written)
{
    struct pravega_event_pointer pointer = nth_pointer(_i), again;
    struct weir_buf bytes = hex_bytes(pointers[_i].hex);
    struct pravega_stream_name_room room;

    pravega_event_pointer_to_bytes(&pointer, &out);
    assert_hex(&out, pointers[_i].hex);
    ck_assert_int_eq(pravega_event_pointer_from_bytes(weir_buf_view(&bytes), &again, &room, NULL), WEIR_OK);
    assert_pointer(&again, _i);
    weir_buf_reset(&out);
    pravega_event_pointer_to_text(&pointer, &out);
    weir_buf_u8(&out, '\0');
    ck_assert_int_eq(pravega_event_pointer_from_text((char *)out.ptr, &again, &room, NULL), WEIR_OK);
    assert_pointer(&again, _i);
    weir_buf_fini(&bytes);
}
END_TEST

START_TEST(a_pointers_text_is_upstreams)
{
    struct pravega_event_pointer pointer = nth_pointer(POINTER_COUNT - 1);
    static const char *const bad[] = {"",          "s/t/0.#epoch.0",       "s/t/0.#epoch.0:5",  "s/t/0.#epoch.0:-5-6",
                                      "t/0:5-6",   "s/t/0.#epoch.0:5-6-7", "s/t/0.#epoch.0:5-", "s/t/0.#epoch.0: 5-6",
                                      "s/t/x:5-6", "s/t/0:5-2147483648"};
    struct pravega_stream_name_room room;
    struct weir_error err = {0};

    pravega_event_pointer_to_text(&pointer, &out);
    ck_assert(weir_view_equal(weir_buf_view(&out), weir_view_str(POINTER_A_TEXT)));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(pravega_event_pointer_from_text(bad[i], &pointer, &room, &err) == WEIR_E_INVAL, "%s", bad[i]);
    ck_assert_ptr_nonnull(strstr(err.message, "2147483648"));
}
END_TEST

/* ---- positions */

static struct pravega_position_entry entries_a[] = {
    {"specscope", "s1", 0, -1, -1, 2415},
    {"specscope", "s1", 1, -1, -1, 3276},
};
static struct pravega_position_entry entries_b[] = {{"scope", "stream", 0, 0, 0.5, 7}};
static struct pravega_position_entry entries_c[] = {{"scope", "stream", 0, 0, 0.5, -1}};

static const struct {
    struct pravega_position position;
    const char *hex, *swapped_hex;
} positions[] = {
    {{entries_a, 2}, POSITION_A_HEX, POSITION_A_SWAPPED_HEX},
    {{entries_b, 1}, POSITION_B_HEX, POSITION_B_HEX},
    {{entries_c, 1}, POSITION_C_HEX, POSITION_C_HEX},
    {{NULL, 0}, "00 00 02 00 00000001 00 01 00000001 00", "00 00 01 00 00000001 00"},
};
#define POSITION_COUNT ((int)(sizeof(positions) / sizeof(positions[0])))

static void assert_position(const struct pravega_position *position, const struct pravega_position *expected)
{
    ck_assert_uint_eq(position->entry_count, expected->entry_count);
    for (size_t i = 0; i < position->entry_count; i++) {
        const struct pravega_position_entry *is = &position->entries[i], *should = &expected->entries[i];

        ck_assert_str_eq(is->scope, should->scope);
        ck_assert_str_eq(is->stream, should->stream);
        ck_assert(is->segment == should->segment && is->offset == should->offset);
        ck_assert(is->min_key == should->min_key && is->max_key == should->max_key);
    }
}

static void assert_position_hex(const char *hex, const struct pravega_position *expected)
{
    struct weir_buf bytes = hex_bytes(hex);
    struct pravega_position position, copy;

    ck_assert_int_eq(pravega_position_from_bytes(weir_buf_view(&bytes), &position, NULL), WEIR_OK);
    assert_position(&position, expected);
    ck_assert_int_eq(pravega_position_copy(&copy, &position, NULL), WEIR_OK);
    pravega_position_fini(&position);
    assert_position(&copy, expected);
    pravega_position_fini(&copy);
    weir_buf_fini(&bytes);
}

START_TEST(recorded_positions_are_read_and_written)
{
    pravega_position_to_bytes(&positions[_i].position, &out);
    assert_hex(&out, positions[_i].hex);
    assert_position_hex(positions[_i].hex, &positions[_i].position);
    assert_position_hex(positions[_i].swapped_hex, &positions[_i].position);
}
END_TEST

/* Goal: the ranges that a first version did not have, and those that are none, are not known. */
START_TEST(positions_without_ranges_are_read)
{
    struct pravega_position_entry entry = {"scope", "stream", 0, -1, -1, 7};
    struct pravega_position expected = {&entry, 1};

    assert_position_hex("00 00 01 00 0000001b 01" SEGMENT_UTF "07", &expected);
    assert_position_hex("00 00 02 00 0000001b 01" SEGMENT_UTF "07 01 00000001 00", &expected);
    assert_position_hex("00 00 02 00 0000001b 01" SEGMENT_UTF "07 01 0000002a 01" SEGMENT_S1_0 "0000000000000000"
                        "3fe0000000000000",
                        &expected); /* the range of another segment */
    assert_position_hex("00 00 02 00 0000001b 01" SEGMENT_UTF "07 01 0000002a 01" SEGMENT_UTF "0000000000000000"
                        "7ff8000000000000",
                        &expected); /* up to no number */
}
END_TEST

/* ---- checkpoints */

static const struct pravega_stream_name stream_a = {"specscope", "s1"}, stream_b = {"scope", "stream"};

static struct pravega_checkpoint checkpoint_of(const char *name, bool has_b, bool has_a)
{
    static const struct pravega_segment_offset at_a[] = {{0, 2415}, {1, 3276}}, at_b = {0, 100};
    struct pravega_checkpoint checkpoint = {strdup(name), calloc(2, sizeof(struct pravega_stream_cut)), 0};

    if (has_b)
        ck_assert_int_eq(pravega_stream_cut_set(&checkpoint.cuts[checkpoint.cut_count++], &stream_b, &at_b, 1, NULL),
                         WEIR_OK);
    if (has_a)
        ck_assert_int_eq(pravega_stream_cut_set(&checkpoint.cuts[checkpoint.cut_count++], &stream_a, at_a, 2, NULL),
                         WEIR_OK);
    return checkpoint;
}

static void assert_checkpoint_hex(const char *hex, const struct pravega_checkpoint *expected)
{
    struct weir_buf bytes = hex_bytes(hex);
    struct pravega_checkpoint checkpoint, copy;

    ck_assert_int_eq(pravega_checkpoint_from_bytes(weir_buf_view(&bytes), &checkpoint, NULL), WEIR_OK);
    ck_assert_int_eq(pravega_checkpoint_copy(&copy, &checkpoint, NULL), WEIR_OK);
    pravega_checkpoint_fini(&checkpoint);
    ck_assert_str_eq(copy.name, expected->name);
    ck_assert_uint_eq(copy.cut_count, expected->cut_count);
    for (size_t i = 0; i < copy.cut_count; i++)
        ck_assert(pravega_stream_cut_equal(&copy.cuts[i], &expected->cuts[i]));
    pravega_checkpoint_fini(&copy);
    weir_buf_fini(&bytes);
}

static const struct {
    const char *name;
    bool has_b, has_a;
    const char *hex, *swapped_hex;
} checkpoints[] = {
    {"cp-one", false, true, CHECKPOINT_A_HEX, CHECKPOINT_A_HEX},
    {"cp", true, false, CHECKPOINT_B_HEX, CHECKPOINT_B_HEX},
    {"cp", true, true, CHECKPOINT_AB_HEX, CHECKPOINT_BA_HEX},
};
#define CHECKPOINT_COUNT ((int)(sizeof(checkpoints) / sizeof(checkpoints[0])))

START_TEST(recorded_checkpoints_are_read_and_written)
{
    struct pravega_checkpoint checkpoint =
        checkpoint_of(checkpoints[_i].name, checkpoints[_i].has_b, checkpoints[_i].has_a);

    pravega_checkpoint_to_bytes(&checkpoint, &out);
    assert_hex(&out, checkpoints[_i].hex);
    assert_checkpoint_hex(checkpoints[_i].hex, &checkpoint);
    assert_checkpoint_hex(checkpoints[_i].swapped_hex, &checkpoint);
    pravega_checkpoint_fini(&checkpoint);
}
END_TEST

START_TEST(a_checkpoints_cuts_are_found_by_their_stream)
{
    struct pravega_checkpoint checkpoint = checkpoint_of("cp", true, true);
    struct pravega_stream_name other = {"scope", "other"};

    ck_assert_ptr_eq(pravega_checkpoint_cut(&checkpoint, &stream_a), &checkpoint.cuts[1]);
    ck_assert_ptr_eq(pravega_checkpoint_cut(&checkpoint, &stream_b), &checkpoint.cuts[0]);
    ck_assert_ptr_null(pravega_checkpoint_cut(&checkpoint, &other));
    pravega_checkpoint_fini(&checkpoint);
    ck_assert_ptr_null(pravega_checkpoint_cut(&checkpoint, &stream_a));
}
END_TEST

/* ---- all of them, cut short or wrong */

static enum weir_status read_position(struct weir_view bytes)
{
    struct pravega_position position;
    enum weir_status status = pravega_position_from_bytes(bytes, &position, NULL);

    if (status == WEIR_OK)
        pravega_position_fini(&position);
    return status;
}
static enum weir_status read_pointer(struct weir_view bytes)
{
    struct pravega_stream_name_room room;
    struct pravega_event_pointer pointer;

    return pravega_event_pointer_from_bytes(bytes, &pointer, &room, NULL);
}
static enum weir_status read_checkpoint(struct weir_view bytes)
{
    struct pravega_checkpoint checkpoint;
    enum weir_status status = pravega_checkpoint_from_bytes(bytes, &checkpoint, NULL);

    if (status == WEIR_OK)
        pravega_checkpoint_fini(&checkpoint);
    return status;
}

static const struct reading {
    enum weir_status (*read)(struct weir_view bytes);
    const char *hex;
} whole[] = {
    {read_position, POSITION_A_HEX},
    {read_pointer, POINTER_A_HEX},
    {read_checkpoint, CHECKPOINT_AB_HEX},
};
#define WHOLE_COUNT ((int)(sizeof(whole) / sizeof(whole[0])))

START_TEST(bytes_cut_anywhere_are_refused)
{
    struct weir_buf bytes = hex_bytes(whole[_i].hex);

    ck_assert_int_eq(whole[_i].read(weir_buf_view(&bytes)), WEIR_OK);
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *exact = malloc(len > 0 ? len : 1);

        memcpy(exact, bytes.ptr, len);
        ck_assert_int_eq(whole[_i].read(weir_view(exact, len)), WEIR_E_INVAL);
        free(exact);
    }
    weir_buf_fini(&bytes);
}
END_TEST

static const struct reading wrong[] = {
    {read_position, "00 00 01 00 00000035 02" SEGMENT_UTF "07" SEGMENT_UTF "08"}, /* a segment twice */
    {read_position, "00 00 01 00 00000004 ffffffff"},                             /* more than there can be */
    {read_position, "00 00 00"},                                                  /* nothing in it */
    {read_position, "00 01 01 00 00000001 00"},                                   /* a version to come */
    {read_pointer, "00 00 00"},                                                   /* nothing in it */
    {read_pointer, "00 00 01 00 0000000b 0007 732f742f782e2f 00 0d"},             /* no segment */
    {read_checkpoint, "00 00 00"},                                                /* nothing in it */
    {read_checkpoint, "00 00 01 00 00000020 0002 6370 01 0003 612f62" CUT_A_HEX}, /* cut short */
    {read_checkpoint, "00 00 01 00 00000027 0002 6370 01 0003 612f62" CUT_A_HEX}, /* the cut of another stream */
    {read_checkpoint, "00 00 01 00 0000005b 0002 6370 02" CHECKPOINT_STREAM_A CHECKPOINT_STREAM_A}, /* twice */
};
#define WRONG_COUNT ((int)(sizeof(wrong) / sizeof(wrong[0])))

START_TEST(bytes_that_are_none_are_refused)
{
    struct weir_buf bytes = hex_bytes(wrong[_i].hex);

    ck_assert_int_eq(wrong[_i].read(weir_buf_view(&bytes)), WEIR_E_INVAL);
    weir_buf_fini(&bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("position");
    TCase *tc = tcase_create("position");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, recorded_pointers_are_read_and_written, 0, POINTER_COUNT);
    tcase_add_test(tc, a_pointers_text_is_upstreams);
    tcase_add_loop_test(tc, recorded_positions_are_read_and_written, 0, POSITION_COUNT);
    tcase_add_test(tc, positions_without_ranges_are_read);
    tcase_add_loop_test(tc, recorded_checkpoints_are_read_and_written, 0, CHECKPOINT_COUNT);
    tcase_add_test(tc, a_checkpoints_cuts_are_found_by_their_stream);
    tcase_add_loop_test(tc, bytes_cut_anywhere_are_refused, 0, WHOLE_COUNT);
    tcase_add_loop_test(tc, bytes_that_are_none_are_refused, 0, WRONG_COUNT);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? 0 : 1;
}
