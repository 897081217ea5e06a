/*
 * test_table_keys.c - keys of tables as bytes: where they lie, what comes after them, ranges and what is left of a
 * walk; versions as text and bytes.
 */
#include "pravega/kvt/table_keys.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const struct pravega_table_config config = {2, 2, 1, 0};

/* ---- hashing: what upstream's HashHelper gave ---- */

START_TEST(primary_keys_lie_where_upstream_puts_them)
{
    static const struct {
        const char *key;
        double at;
    } known[] = {{"AAAA", 0.5576454269245517},
                 {"ZZZZ", 0.4904431073809643},
                 {"abcd", 0.3196015036346609},
                 {"0001", 0.8348179527173782},
                 {"key1", 0.011579266115581355}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        ck_assert_double_eq(pravega_table_hash(weir_view_str(known[i].key)), known[i].at);
}
END_TEST

/* ---- increments ---- */

START_TEST(the_next_key_is_one_more)
{
    uint8_t key[2] = {0, 0};

    for (unsigned n = 1; n <= UINT16_MAX; n++) {
        ck_assert(pravega_table_key_increment(key, 2));
        ck_assert_uint_eq((unsigned)(key[0] << 8 | key[1]), n);
    }
    ck_assert(!pravega_table_key_increment(key, 2));
    ck_assert(!pravega_table_key_increment(key, 0));
}
END_TEST

/* ---- ranges ---- */

static struct weir_view view(const char *text)
{
    return weir_view_str(text);
}

static void assert_bounds(struct pravega_table_range range, const char *from, const char *to, bool is_single)
{
    struct pravega_table_walk walk = {0};
    struct weir_error err = {0};

    ck_assert_msg(pravega_table_walk_begin(&walk, &config, &range, &err) == WEIR_OK, "%s", err.message);
    ck_assert(weir_view_equal(weir_buf_view(&walk.from), weir_view(from, 3)));
    ck_assert(weir_view_equal(weir_buf_view(&walk.to), weir_view(to, 3)));
    ck_assert(!walk.is_over);
    ck_assert_int_eq(pravega_table_walk_is_single(&walk, &config), is_single);
    pravega_table_walk_fini(&walk);
}

START_TEST(ranges_are_padded_as_upstream_does)
{
    assert_bounds(pravega_table_all(), "\0\0\0", "\xff\xff\xff", false);
    assert_bounds(pravega_table_of_primary(view("ab"), view(""), view("")), "ab\0", "ab\xff", true);
    assert_bounds(pravega_table_of_primary(view("ab"), view("c"), view("e")), "abc", "abe", true);
    assert_bounds(pravega_table_of_primary(view("ab"), view("c"), view("")), "abc", "ab\xff", true);
    assert_bounds(pravega_table_of_primary_prefix(view("ab"), view("c")), "abc", "abc", true);
    assert_bounds(pravega_table_of_primary_prefix(view("ab"), view("")), "ab\0", "ab\xff", true);
    assert_bounds(pravega_table_between(view("ab"), view("cd")), "ab\0", "cd\xff", false);
    assert_bounds(pravega_table_between(view("ab"), view("")), "ab\0", "\xff\xff\xff", false);
    assert_bounds(pravega_table_between(view("ab"), view("ab")), "ab\0", "ab\xff", true);
    assert_bounds(pravega_table_prefix(view("a")), "a\0\0", "a\xff\xff", false);
}
END_TEST

START_TEST(parts_of_other_lengths_are_refused)
{
    const struct pravega_table_range bad[] = {
        pravega_table_of_primary(view("a"), view(""), view("")),
        pravega_table_of_primary(view("abc"), view(""), view("")),
        pravega_table_of_primary(view("ab"), view("cc"), view("")),
        pravega_table_of_primary_prefix(view("ab"), view("cc")),
        pravega_table_between(view("a"), view("")),
        pravega_table_between(view(""), view("abc")),
        pravega_table_prefix(view("abc")),
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct pravega_table_walk walk = {0};
        struct weir_error err = {0};

        ck_assert_int_eq(pravega_table_walk_begin(&walk, &config, &bad[i], &err), WEIR_E_INVAL);
        ck_assert_str_ne(err.message, "");
        pravega_table_walk_fini(&walk);
    }
}
END_TEST

START_TEST(a_range_that_ends_before_it_begins_is_over)
{
    struct pravega_table_range range = pravega_table_between(weir_view_str("cd"), weir_view_str("ab"));
    struct pravega_table_walk walk = {0};

    ck_assert_int_eq(pravega_table_walk_begin(&walk, &config, &range, NULL), WEIR_OK);
    ck_assert(walk.is_over);
    pravega_table_walk_fini(&walk);
}
END_TEST

/* Goal: a walk over all keys of one primary key meets 256 of them, and each continuation goes on at the next one. */
START_TEST(a_walk_goes_on_after_each_key)
{
    struct pravega_table_range range = pravega_table_of_primary(view("\xff\xff"), view(""), view(""));
    struct pravega_table_walk walk = {0}, again = {0};
    uint8_t last[3];

    ck_assert_int_eq(pravega_table_walk_begin(&walk, &config, &range, NULL), WEIR_OK);
    for (int n = 0; n < 256; n++) {
        struct weir_buf bytes;

        weir_buf_init(&bytes, SIZE_MAX);
        pravega_table_walk_put(&walk, &bytes);
        ck_assert_int_eq(pravega_table_walk_get(&again, weir_buf_view(&bytes), NULL), WEIR_OK);
        ck_assert_int_eq(pravega_table_walk_check(&again, &config, NULL), WEIR_OK);
        ck_assert_int_eq(again.is_over, walk.is_over);
        ck_assert(weir_view_equal(weir_buf_view(&again.from), weir_buf_view(&walk.from)));
        ck_assert(weir_view_equal(weir_buf_view(&again.to), weir_buf_view(&walk.to)));
        weir_buf_fini(&bytes);
        ck_assert(!walk.is_over);
        ck_assert_uint_eq(walk.from.ptr[2], (unsigned)n);
        memcpy(last, walk.from.ptr, 3);
        pravega_table_walk_after(&walk, weir_view(last, 3));
    }
    ck_assert(walk.is_over);
    pravega_table_walk_fini(&walk);
    pravega_table_walk_fini(&again);
}
END_TEST

START_TEST(continuations_are_checked)
{
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = {{"", 0},          {"\1\1\0\1", 4},  {"\1\0\0\0", 4},   {"\2\1\0\0", 4},   {"\1\2\0\0", 4},
               {"\1\1\0\0x", 5}, {"\1\0\0\1b", 5}, {"\1\0\0\1ba", 6}, {"\1\0\0\1abc", 7}};
    struct pravega_table_walk walk = {0};
    struct weir_error err = {0};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_int_eq(pravega_table_walk_get(&walk, weir_view(bad[i].bytes, bad[i].len), &err), WEIR_E_INVAL);
    ck_assert_int_eq(pravega_table_walk_get(&walk, weir_view("\1\0\0\1ab", 6), NULL), WEIR_OK);
    ck_assert_int_eq(pravega_table_walk_check(&walk, &config, &err), WEIR_E_INVAL); /* of a table with other keys */
    ck_assert_int_eq(pravega_table_walk_get(&walk, weir_view("\1\1\0\0", 4), NULL), WEIR_OK);
    ck_assert(walk.is_over);
    pravega_table_walk_fini(&walk);
}
END_TEST

/* ---- versions ---- */

START_TEST(versions_are_text_both_ways)
{
    static const struct {
        const char *text;
        struct pravega_table_version version;
    } known[] = {{"0:25", {0, 25}},
                 {"4294967297:0", {4294967297, 0}},
                 {"-9223372036854775808:-1", {INT64_MIN, -1}},
                 {"-9223372036854775808:-9223372036854775808", {INT64_MIN, INT64_MIN}},
                 {"9223372036854775807:9223372036854775807", {INT64_MAX, INT64_MAX}}};
    static const char *const bad[] = {"",   ":",    "1",    "1:",    ":1",  "1:2:3",
                                      "a:", "1: 2", "1:2 ", "--1:2", "-:2", "9223372036854775808:0"};
    char text[PRAVEGA_TABLE_VERSION_TEXT_CAP];
    struct pravega_table_version version;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        pravega_table_version_text(known[i].version, text);
        ck_assert_str_eq(text, known[i].text);
        ck_assert_int_eq(pravega_table_version_parse(weir_view_str(text), &version, NULL), WEIR_OK);
        ck_assert_int_eq(version.segment, known[i].version.segment);
        ck_assert_int_eq(version.version, known[i].version.version);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_int_eq(pravega_table_version_parse(weir_view_str(bad[i]), &version, NULL), WEIR_E_INVAL);
    ck_assert_int_eq(pravega_table_version_parse(weir_view_str("+1:+2"), &version, NULL), WEIR_OK); /* as Java */
}
END_TEST

START_TEST(versions_are_bytes_both_ways)
{
    static const uint8_t of_25[] = {0, 0, 1, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 25};
    static const uint8_t newer[] = {0, 0, 2, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 25, 7, 1, 0, 0, 0, 1, 7};
    struct pravega_table_version version = {7, 25};
    uint8_t bytes[PRAVEGA_TABLE_VERSION_BYTES_CAP];

    ck_assert_uint_eq(pravega_table_version_bytes(version, bytes), sizeof(of_25));
    ck_assert_mem_eq(bytes, of_25, sizeof(of_25));
    ck_assert_int_eq(pravega_table_version_from_bytes(weir_view(of_25, sizeof(of_25)), 9, &version, NULL), WEIR_OK);
    ck_assert_int_eq(version.segment, 9);
    ck_assert_int_eq(version.version, 25);
    version.version = 0;
    ck_assert_int_eq(pravega_table_version_from_bytes(weir_view(newer, sizeof(newer)), 9, &version, NULL), WEIR_OK);
    ck_assert_int_eq(version.version, 25);
    for (size_t len = 1; len < sizeof(of_25); len++)
        ck_assert_int_eq(pravega_table_version_from_bytes(weir_view(of_25, len), 9, &version, NULL), WEIR_E_INVAL);
    ck_assert_uint_eq(pravega_table_version_bytes(PRAVEGA_TABLE_NOT_EXISTS, bytes), 0);
    ck_assert_int_eq(pravega_table_version_from_bytes(weir_view(NULL, 0), 9, &version, NULL), WEIR_OK);
    ck_assert_int_eq(version.version, -1);
    ck_assert_int_eq(version.segment, PRAVEGA_TABLE_NO_SEGMENT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table_keys");
    TCase *tc = tcase_create("table_keys");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, primary_keys_lie_where_upstream_puts_them);
    tcase_add_test(tc, the_next_key_is_one_more);
    tcase_add_test(tc, ranges_are_padded_as_upstream_does);
    tcase_add_test(tc, parts_of_other_lengths_are_refused);
    tcase_add_test(tc, a_range_that_ends_before_it_begins_is_over);
    tcase_add_test(tc, a_walk_goes_on_after_each_key);
    tcase_add_test(tc, continuations_are_checked);
    tcase_add_test(tc, versions_are_text_both_ways);
    tcase_add_test(tc, versions_are_bytes_both_ways);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
