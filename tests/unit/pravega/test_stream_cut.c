/*
 * test_stream_cut.c - stream cuts as bytes and as text, against what Java's are.
 */
#include "pravega/stream_cut.h"

#include <stdlib.h>

#include "base/base64.h"
#include "format_vectors.h"
#include "hex.h"
#include "pravega/format/gzip.h"

static const struct pravega_stream_name stream_a = {"specscope", "s1"}, stream_b = {"scope", "stream"};
static const struct pravega_segment_offset positions_a[] = {{0, 2415}, {1, 3276}};
static const struct pravega_segment_offset positions_b[] = {{INT64_C(1) << 32 | 2, 70000}, {0, 100}, {1, -1}};

/* Every recorded cut. */
static const struct vector {
    struct pravega_stream_name stream;
    struct pravega_segment_offset positions[3];
    size_t count;
    const char *hex, *swapped_hex, *text, *plain;
} vectors[] = {{{"specscope", "s1"}, {{0, 2415}, {1, 3276}}, 2, CUT_A_HEX, CUT_A_SWAPPED_HEX, CUT_A_TEXT, CUT_A_PLAIN},
               {{"scope", "stream"},
                {{0, 100}, {1, -1}, {INT64_C(1) << 32 | 2, 70000}},
                3,
                CUT_B_HEX,
                CUT_B_SWAPPED_HEX,
                CUT_B_TEXT,
                CUT_B_PLAIN},
#define X(offset, hex) {{"s", "t"}, {{0, offset}}, 1, hex, hex, NULL, NULL},
               CUT_VECTORS(X)
#undef X
};
#define VECTOR_COUNT ((int)(sizeof(vectors) / sizeof(vectors[0])))
#define TEXT_VECTOR_COUNT 2

static struct pravega_stream_cut cut_of(const struct vector *v)
{
    struct pravega_stream_cut cut;

    ck_assert_int_eq(pravega_stream_cut_set(&cut, &v->stream, v->positions, v->count, NULL), WEIR_OK);
    return cut;
}

static void assert_bytes_are(const char *hex, const struct pravega_stream_cut *expected)
{
    struct weir_buf bytes = hex_bytes(hex);
    struct pravega_stream_cut cut;

    ck_assert_int_eq(pravega_stream_cut_from_bytes(weir_buf_view(&bytes), &cut, NULL), WEIR_OK);
    ck_assert(pravega_stream_cut_equal(&cut, expected));
    pravega_stream_cut_fini(&cut);
    weir_buf_fini(&bytes);
}

START_TEST(recorded_bytes_are_read_and_written)
{
    struct pravega_stream_cut cut = cut_of(&vectors[_i]);
    struct weir_buf bytes;

    weir_buf_init(&bytes, 1024);
    pravega_stream_cut_to_bytes(&cut, &bytes);
    assert_hex(&bytes, vectors[_i].hex);
    assert_bytes_are(vectors[_i].hex, &cut);
    assert_bytes_are(vectors[_i].swapped_hex, &cut);
    weir_buf_fini(&bytes);
    pravega_stream_cut_fini(&cut);
}
END_TEST

/* What is packed in a text. */
static struct weir_buf plain_of(const char *text)
{
    struct weir_buf packed, plain;

    weir_buf_init(&packed, 1024);
    weir_buf_init(&plain, 1024);
    ck_assert_uint_eq(weir_base64_decode(&packed, weir_view_str(text)), strlen(text));
    ck_assert_int_eq(pravega_gunzip(weir_buf_view(&packed), &plain), WEIR_OK);
    weir_buf_fini(&packed);
    return plain;
}

/* Goal: the text is what Java writes and reads. The compressed bytes are another library's choice: what they hold is
 * compared. */
START_TEST(recorded_texts_are_read_and_written)
{
    const struct vector *v = &vectors[_i];
    struct pravega_stream_cut cut = cut_of(v), again;
    struct weir_buf plain;
    char *text;

    ck_assert_int_eq(pravega_stream_cut_from_text(v->text, &again, NULL), WEIR_OK);
    ck_assert(pravega_stream_cut_equal(&again, &cut));
    ck_assert_int_eq(pravega_stream_cut_to_text(&cut, &text, NULL), WEIR_OK);
    plain = plain_of(text);
    ck_assert(weir_view_equal(weir_buf_view(&plain), weir_view_str(v->plain)));
    ck_assert_mem_eq(text, v->text, 14); /* the header of gzip: no time, no system */
    weir_buf_fini(&plain);
    free(text);
    pravega_stream_cut_fini(&again);
    pravega_stream_cut_fini(&cut);
}
END_TEST

START_TEST(unbounded_is_no_bytes_and_a_word)
{
    struct pravega_stream_cut cut = {0}, again;
    struct weir_buf out;
    char *text;

    weir_buf_init(&out, 64);
    pravega_stream_cut_to_bytes(&cut, &out);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(pravega_stream_cut_from_bytes(weir_view(NULL, 0), &again, NULL), WEIR_OK);
    ck_assert(pravega_stream_cut_is_unbounded(&again));
    ck_assert_int_eq(pravega_stream_cut_to_text(&cut, &text, NULL), WEIR_OK);
    ck_assert_str_eq(text, "UNBOUNDED");
    ck_assert_int_eq(pravega_stream_cut_from_text(text, &again, NULL), WEIR_OK);
    ck_assert(pravega_stream_cut_is_unbounded(&again));
    pravega_stream_cut_print(&cut, &out);
    ck_assert(weir_view_equal(weir_buf_view(&out), weir_view_str("UNBOUNDED")));
    free(text);
    weir_buf_fini(&out);
}
END_TEST

/* A sealed stream's tail: a cut of it, with no positions, that is not UNBOUNDED. */
START_TEST(a_cut_without_positions_stays_one)
{
    struct pravega_stream_cut cut, again;
    struct weir_buf bytes;
    char *text;

    weir_buf_init(&bytes, 64);
    ck_assert_int_eq(pravega_stream_cut_set(&cut, &stream_a, NULL, 0, NULL), WEIR_OK);
    pravega_stream_cut_to_bytes(&cut, &bytes);
    ck_assert_int_eq(pravega_stream_cut_from_bytes(weir_buf_view(&bytes), &again, NULL), WEIR_OK);
    ck_assert(!pravega_stream_cut_is_unbounded(&again) && pravega_stream_cut_equal(&cut, &again));
    pravega_stream_cut_fini(&again);
    ck_assert_int_eq(pravega_stream_cut_to_text(&cut, &text, NULL), WEIR_OK);
    ck_assert_int_eq(pravega_stream_cut_from_text(text, &again, NULL), WEIR_OK);
    ck_assert(!pravega_stream_cut_is_unbounded(&again) && pravega_stream_cut_equal(&cut, &again));
    pravega_stream_cut_fini(&again);
    pravega_stream_cut_fini(&cut);
    weir_buf_fini(&bytes);
    free(text);
}
END_TEST

/* Version 0, from before there was -1: its offsets have no sign. */
START_TEST(the_version_without_signs_is_read)
{
    struct pravega_segment_offset at = {0, 100};
    struct pravega_stream_cut cut;
    struct pravega_stream_name name = {"s", "t"};

    ck_assert_int_eq(pravega_stream_cut_set(&cut, &name, &at, 1, NULL), WEIR_OK);
    assert_bytes_are("00 00 01 00 00000009 0003732f74 01 00 4064", &cut);
    pravega_stream_cut_fini(&cut);
}
END_TEST

START_TEST(cuts_are_sorted_compared_and_printed)
{
    struct pravega_stream_cut a, b, copy;
    struct weir_buf out;

    weir_buf_init(&out, 256);
    ck_assert_int_eq(pravega_stream_cut_set(&a, &stream_a, positions_a, 2, NULL), WEIR_OK);
    ck_assert_int_eq(pravega_stream_cut_set(&b, &stream_b, positions_b, 3, NULL), WEIR_OK);
    ck_assert(b.positions[0].id == 0 && b.positions[1].id == 1 && b.positions[2].offset == 70000);
    ck_assert_int_eq(pravega_stream_cut_copy(&copy, &b, NULL), WEIR_OK);
    ck_assert(pravega_stream_cut_equal(&copy, &b) && !pravega_stream_cut_equal(&copy, &a));
    copy.positions[2].offset++;
    ck_assert(!pravega_stream_cut_equal(&copy, &b));
    pravega_stream_cut_fini(&copy);
    ck_assert(pravega_stream_cut_is_unbounded(&copy) && !pravega_stream_cut_equal(&copy, &b));
    pravega_stream_cut_print(&b, &out);
    ck_assert(weir_view_equal(weir_buf_view(&out), weir_view_str("scope/stream:0=100, 1=-1, 4294967298=70000")));
    weir_buf_fini(&out);
    pravega_stream_cut_fini(&a);
    pravega_stream_cut_fini(&b);
}
END_TEST

START_TEST(cuts_that_are_none_are_not_made)
{
    static const struct pravega_segment_offset twice[] = {{1, 5}, {0, 0}, {1, 6}}, below = {0, -2}, none = {-1, 0},
                                               odd = {INT64_C(0x80000000), 0};
    struct pravega_stream_name bad = {"s", "a/b"}, missing = {"s", NULL};
    struct pravega_stream_cut cut;
    struct weir_error err = {0};

    ck_assert_int_eq(pravega_stream_cut_set(&cut, &stream_a, twice, 3, &err), WEIR_E_INVAL);
    ck_assert(cut.positions == NULL && strstr(err.message, "twice") != NULL);
    ck_assert_int_eq(pravega_stream_cut_set(&cut, &stream_a, &below, 1, NULL), WEIR_E_INVAL);
    ck_assert_int_eq(pravega_stream_cut_set(&cut, &stream_a, &none, 1, NULL), WEIR_E_INVAL);
    ck_assert_int_eq(pravega_stream_cut_set(&cut, &stream_a, &odd, 1, NULL), WEIR_E_INVAL);
    ck_assert_int_eq(pravega_stream_cut_set(&cut, &bad, NULL, 0, NULL), WEIR_E_INVAL);
    ck_assert_int_eq(pravega_stream_cut_set(&cut, &missing, NULL, 0, NULL), WEIR_E_INVAL);
}
END_TEST

/* Goal: bytes that end early, or count more than there is, are refused with nothing left behind. */
START_TEST(bytes_cut_anywhere_are_refused)
{
    struct weir_buf bytes = hex_bytes(CUT_B_HEX);
    struct pravega_stream_cut cut;

    for (size_t len = 1; len < bytes.len; len++) {
        uint8_t *exact = malloc(len);

        memcpy(exact, bytes.ptr, len);
        ck_assert_int_eq(pravega_stream_cut_from_bytes(weir_view(exact, len), &cut, NULL), WEIR_E_INVAL);
        ck_assert(cut.scope == NULL && cut.positions == NULL);
        free(exact);
    }
    weir_buf_fini(&bytes);
}
END_TEST

static const char *const bad_bytes[] = {
    "00 02 01 00 00000008 0003732f74 01 00 80",          /* a version to come */
    "00 01 01 00 00000008 0003732f74 ff ff ff ff 00 80", /* more positions than bytes */
    "00 01 01 00 0000000a 0003732f74 02 00 05 00 06",    /* a segment twice */
    "00 01 01 00 00000008 0003732f74 01 00 81",          /* offset -2 */
    "00 01 01 00 00000008 000373 7474 01 00 80",         /* no scope */
    "00 01 00",                                          /* nothing in it */
};

START_TEST(bytes_that_are_no_cut_are_refused)
{
    struct weir_buf bytes = hex_bytes(bad_bytes[_i]);
    struct pravega_stream_cut cut;
    struct weir_error err = {0};

    ck_assert_int_eq(pravega_stream_cut_from_bytes(weir_buf_view(&bytes), &cut, &err), WEIR_E_INVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "stream cut"));
    weir_buf_fini(&bytes);
}
END_TEST

/* ---- texts that are none */

static char *packed(struct weir_view plain)
{
    struct weir_buf gzip, text;

    weir_buf_init(&gzip, 1 << 20);
    weir_buf_init(&text, 1 << 20);
    ck_assert_int_eq(pravega_gzip(plain, &gzip), WEIR_OK);
    weir_base64_append(&text, weir_buf_view(&gzip));
    weir_buf_u8(&text, '\0');
    weir_buf_fini(&gzip);
    return (char *)text.ptr;
}

static const struct {
    const char *plain, *why;
} bad_texts[] = {
    {"", "five parts"},
    {"0:s/t:0:0", "five parts"},
    {"1:s/t:0:0:0", "version \"1\""},
    {"0:st:0:0:0", "scope/stream"},
    {"0:s/t:0,1:0:5,6", "2 segments, 1 epochs and 2 offsets"},
    {"0:s/t:0:0:5:6", "position 1 of 1"},
    {"0:s/t:0,x:0,0:5,6", "position 2 of 2"},
    {"0:s/t:0:0:-2", "position 1 of 1"},
    {"0:s/t:0:-1:0", "position 1 of 1"},
    {"0:s/t:2147483648:0:0", "position 1 of 1"},
    {"0:s/t:0:0:9223372036854775808", "position 1 of 1"},
    {"0:s/t:0:0: 5", "position 1 of 1"},
    {"0:s/t:0,0:0,0:5,6", "twice"},
};
#define BAD_TEXT_COUNT ((int)(sizeof(bad_texts) / sizeof(bad_texts[0])))

START_TEST(texts_that_are_no_cut_say_why)
{
    char *text = packed(weir_view_str(bad_texts[_i].plain));
    struct pravega_stream_cut cut;
    struct weir_error err = {0};

    ck_assert_int_eq(pravega_stream_cut_from_text(text, &cut, &err), WEIR_E_INVAL);
    ck_assert_msg(strstr(err.message, bad_texts[_i].why) != NULL, "%s", err.message);
    ck_assert(pravega_stream_cut_is_unbounded(&cut));
    free(text);
}
END_TEST

/* Method: a text with each character changed in turn, and cut at each. */
START_TEST(damaged_texts_are_refused)
{
    struct pravega_stream_cut cut;

    for (size_t at = 0; at < strlen(CUT_A_TEXT); at++) {
        char text[] = CUT_A_TEXT;

        text[at] = '\n';
        ck_assert_int_eq(pravega_stream_cut_from_text(text, &cut, NULL), WEIR_E_INVAL);
        text[at] = '\0';
        if (at + 2 >= strlen(CUT_A_TEXT)) /* the padding may be missing */
            continue;
        ck_assert_int_eq(pravega_stream_cut_from_text(text, &cut, NULL), WEIR_E_INVAL);
    }
}
END_TEST

/* Goal: little text that unpacks to much ends, without the memory for it. */
START_TEST(a_text_that_unpacks_to_too_much_is_refused)
{
    size_t len = PRAVEGA_STREAM_CUT_TEXT_MAX + (size_t)_i;
    char *plain = malloc(len), *text;
    struct pravega_stream_cut cut;
    struct weir_error err = {0};

    memset(plain, ' ', len);
    text = packed(weir_view(plain, len));
    ck_assert_uint_lt(strlen(text), 32 << 10);
    ck_assert_int_eq(pravega_stream_cut_from_text(text, &cut, &err), _i == 0 ? WEIR_E_INVAL : WEIR_E_LIMIT);
    ck_assert(_i == 0 || strstr(err.message, "16777216") != NULL);
    free(text);
    free(plain);
}
END_TEST

/* Goal: a cut of many segments survives text and bytes, which then take several chunks of zlib. */
START_TEST(large_cuts_survive)
{
    enum { COUNT = 20000 };
    struct pravega_segment_offset *positions = calloc(COUNT, sizeof(*positions));
    struct pravega_stream_cut cut, again;
    struct weir_buf bytes;
    char *text;

    weir_buf_init(&bytes, 1 << 20);
    for (int64_t i = 0; i < COUNT; i++)
        positions[i] = (struct pravega_segment_offset){(i % 7) << 32 | i,
                                                       (int64_t)((uint64_t)i * UINT64_C(0x9e3779b97f4a7c15) >> 24)};
    ck_assert_int_eq(pravega_stream_cut_set(&cut, &stream_b, positions, COUNT, NULL), WEIR_OK);
    pravega_stream_cut_to_bytes(&cut, &bytes);
    ck_assert_int_eq(pravega_stream_cut_from_bytes(weir_buf_view(&bytes), &again, NULL), WEIR_OK);
    ck_assert(pravega_stream_cut_equal(&cut, &again));
    pravega_stream_cut_fini(&again);
    ck_assert_int_eq(pravega_stream_cut_to_text(&cut, &text, NULL), WEIR_OK);
    ck_assert_int_eq(pravega_stream_cut_from_text(text, &again, NULL), WEIR_OK);
    ck_assert(pravega_stream_cut_equal(&cut, &again));
    pravega_stream_cut_fini(&again);
    pravega_stream_cut_fini(&cut);
    weir_buf_fini(&bytes);
    free(positions);
    free(text);
}
END_TEST

START_TEST(gzip_members_may_follow_one_another)
{
    struct weir_buf gzip, plain;

    weir_buf_init(&gzip, 1024);
    weir_buf_init(&plain, 1024);
    ck_assert_int_eq(pravega_gzip(weir_view_str("one,"), &gzip), WEIR_OK);
    ck_assert_int_eq(pravega_gzip(weir_view_str("two"), &gzip), WEIR_OK);
    ck_assert_int_eq(pravega_gunzip(weir_buf_view(&gzip), &plain), WEIR_OK);
    ck_assert(weir_view_equal(weir_buf_view(&plain), weir_view_str("one,two")));
    weir_buf_append(&gzip, "?", 1);
    weir_buf_reset(&plain);
    ck_assert_int_eq(pravega_gunzip(weir_buf_view(&gzip), &plain), WEIR_E_INVAL);
    weir_buf_fini(&gzip);
    weir_buf_fini(&plain);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stream_cut");
    TCase *tc = tcase_create("stream_cut");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, recorded_bytes_are_read_and_written, 0, VECTOR_COUNT);
    tcase_add_loop_test(tc, recorded_texts_are_read_and_written, 0, TEXT_VECTOR_COUNT);
    tcase_add_test(tc, unbounded_is_no_bytes_and_a_word);
    tcase_add_test(tc, a_cut_without_positions_stays_one);
    tcase_add_test(tc, the_version_without_signs_is_read);
    tcase_add_test(tc, cuts_are_sorted_compared_and_printed);
    tcase_add_test(tc, cuts_that_are_none_are_not_made);
    tcase_add_test(tc, bytes_cut_anywhere_are_refused);
    tcase_add_loop_test(tc, bytes_that_are_no_cut_are_refused, 0, (int)(sizeof(bad_bytes) / sizeof(bad_bytes[0])));
    tcase_add_loop_test(tc, texts_that_are_no_cut_say_why, 0, BAD_TEXT_COUNT);
    tcase_add_test(tc, damaged_texts_are_refused);
    tcase_add_loop_test(tc, a_text_that_unpacks_to_too_much_is_refused, 0, 2);
    tcase_add_test(tc, large_cuts_survive);
    tcase_add_test(tc, gzip_members_may_follow_one_another);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? 0 : 1;
}
