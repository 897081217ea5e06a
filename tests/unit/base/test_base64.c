/*
 * test_base64.c - the vectors of RFC 4648, both ways, and text that is none.
 */
#include "base/base64.h"

#include <check.h>

static struct weir_buf out;

static void setup(void)
{
    weir_buf_init(&out, 1024);
}
static void teardown(void)
{
    weir_buf_fini(&out);
}

static const struct {
    const char *bytes, *text;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbe", "+/++"},
    {"admin:1111_aaaa", "YWRtaW46MTExMV9hYWFh"},
};
#define VECTOR_COUNT ((int)(sizeof(vectors) / sizeof(vectors[0])))

START_TEST(vectors_go_both_ways)
{
    struct weir_view text = weir_view_str(vectors[_i].text);

    weir_base64_append(&out, weir_view_str(vectors[_i].bytes));
    ck_assert(weir_view_equal(weir_buf_view(&out), text));
    weir_buf_reset(&out);
    ck_assert_uint_eq(weir_base64_decode(&out, text), text.len);
    ck_assert(weir_view_equal(weir_buf_view(&out), weir_view_str(vectors[_i].bytes)));
}
END_TEST

START_TEST(padding_may_be_missing)
{
    ck_assert_uint_eq(weir_base64_decode(&out, weir_view_str("Zm9vYg")), 6);
    ck_assert(weir_view_equal(weir_buf_view(&out), weir_view_str("foob")));
}
END_TEST

START_TEST(it_stops_at_what_is_no_base64)
{
    ck_assert_uint_eq(weir_base64_decode(&out, weir_view_str("Zm9v-mFy")), 4);
    ck_assert_uint_eq(weir_base64_decode(&out, weir_view_str("Zm9vYm\ny")), 6);
    ck_assert_uint_eq(weir_base64_decode(&out, weir_view_str("Zm9vY")), 4); /* one digit is no byte */
    ck_assert_uint_eq(weir_base64_decode(&out, weir_view_str("Z===")), 1);
    ck_assert_uint_eq(weir_base64_decode(&out, weir_view_str("Zg=")), 2);
    ck_assert_uint_eq(weir_base64_decode(&out, weir_view_str("Zg==Zm9v")), 2);
    ck_assert_uint_eq(weir_base64_decode(&out, weir_view_str("====")), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base64");
    TCase *tc = tcase_create("base64");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, vectors_go_both_ways, 0, VECTOR_COUNT);
    tcase_add_test(tc, padding_may_be_missing);
    tcase_add_test(tc, it_stops_at_what_is_no_base64);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? 0 : 1;
}
