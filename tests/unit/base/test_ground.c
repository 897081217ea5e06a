/*
 * test_ground.c - the small things: statuses, buffers and cursors, identifiers, random numbers, log lines.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rng.h"
#include "base/uuid.h"
#include "weir/buf.h"
#include "weir/host.h"

START_TEST(statuses_have_names_texts_and_classes)
{
    struct weir_error err = {0};
    char long_text[2 * WEIR_ERROR_MESSAGE_LEN_MAX];

#define X(name, value, class, text)                                                                                    \
    ck_assert_str_eq(weir_status_name(WEIR_E_##name), #name);                                                          \
    ck_assert_str_eq(weir_status_text(WEIR_E_##name), text);                                                           \
    ck_assert_int_eq(weir_status_class(WEIR_E_##name), WEIR_CLASS_##class);
    WEIR_STATUS_MAP(X)
#undef X
    ck_assert_str_eq(weir_status_name(WEIR_OK), "OK");
    ck_assert_str_eq(weir_status_name((enum weir_status)77), "?");
    ck_assert_int_eq(weir_status_class(WEIR_OK), WEIR_CLASS_OK);
    ck_assert_int_eq(weir_fail(&err, WEIR_E_INVAL, "%s is %d", "x", 3), WEIR_E_INVAL);
    ck_assert_str_eq(err.message, "x is 3");
    ck_assert_int_eq(weir_fail_sys(&err, WEIR_E_IO, 2, "cannot %s", "go"), WEIR_E_IO);
    ck_assert_str_eq(err.message, "cannot go: No such file or directory");
    ck_assert_int_eq(err.sys_errno, 2);
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    weir_fail_sys(&err, WEIR_E_IO, 2, "%s", long_text);
    ck_assert_uint_eq(strlen(err.message), WEIR_ERROR_MESSAGE_LEN_MAX - 1);
    ck_assert_int_eq(weir_fail(NULL, WEIR_E_IO, "nobody listens"), WEIR_E_IO);
}
END_TEST

static const uint64_t varints[] = {0, 1, 0x7f, 0x80, 0x3fff, 0x4000, UINT32_MAX, (UINT64_C(1) << 63) - 1, UINT64_MAX};

#define VARINT_COUNT (sizeof(varints) / sizeof(varints[0]))

static void write_all_kinds(struct weir_buf *buf)
{
    weir_buf_u8(buf, 0x12);
    weir_buf_u16be(buf, 0x3456);
    weir_buf_u32be(buf, 0x789abcde);
    weir_buf_u64be(buf, UINT64_C(0xf011223344556677));
    for (size_t i = 0; i < VARINT_COUNT; i++)
        weir_buf_varint(buf, varints[i]);
    weir_buf_view_append(buf, weir_view_str("words"));
    weir_buf_view_append(buf, weir_view(NULL, 0));
    weir_buf_printf(buf, "%d-%s", 42, "x");
}

static void read_all_kinds(struct weir_in *in, bool whole)
{
    bool good = weir_in_u8(in) == 0x12;

    good &= weir_in_u16be(in) == 0x3456;
    good &= weir_in_u32be(in) == 0x789abcde;
    good &= weir_in_u64be(in) == UINT64_C(0xf011223344556677);
    for (size_t i = 0; i < VARINT_COUNT; i++)
        good &= weir_in_varint(in) == varints[i];
    good &= weir_view_equal(weir_in_view(in), weir_view_str("words"));
    good &= weir_in_view(in).len == 0;
    good &= weir_view_equal(weir_in_take(in, 4), weir_view_str("42-x"));
    ck_assert_int_eq(good, whole);
    ck_assert_int_eq(in->bad, !whole);
    ck_assert_uint_eq(weir_in_left(in), 0);
}

START_TEST(cursor_reads_what_was_written_and_knows_every_cut)
{
    struct weir_buf buf;

    weir_buf_init(&buf, 1000);
    write_all_kinds(&buf);
    ck_assert_int_eq(buf.status, WEIR_OK);
    ck_assert_uint_eq(buf.ptr[1], 0x34); /* the high byte first */
    for (size_t cut = 0; cut <= buf.len; cut++) {
        uint8_t *part = malloc(cut + 1); /* of its own, so that the address sanitizer sees a read past it */
        struct weir_in in;

        memcpy(part + 1, buf.ptr, cut);
        in = weir_in(weir_view(part + 1, cut));
        read_all_kinds(&in, cut == buf.len);
        free(part);
    }
    weir_buf_fini(&buf);
}
END_TEST

/* Goal: a buffer never holds more than its cap, and its first failure sticks until it is reset. */
START_TEST(buffer_keeps_its_cap)
{
    struct weir_buf whole, buf;

    weir_buf_init(&whole, 1000);
    write_all_kinds(&whole);
    for (size_t cap = 0; cap < whole.len; cap++) {
        weir_buf_init(&buf, cap);
        write_all_kinds(&buf);
        ck_assert_int_eq(buf.status, WEIR_E_LIMIT);
        ck_assert_uint_le(buf.len, cap);
        ck_assert(buf.len == 0 || memcmp(buf.ptr, whole.ptr, buf.len) == 0);
        weir_buf_append(&buf, "", 0);
        ck_assert_int_eq(buf.status, WEIR_E_LIMIT);
        weir_buf_reset(&buf);
        ck_assert_int_eq(buf.status, WEIR_OK);
        weir_buf_fini(&buf);
    }
    weir_buf_fini(&whole);
}
END_TEST

START_TEST(buffer_consumes_from_the_front)
{
    struct weir_buf buf;

    weir_buf_init(&buf, 100);
    weir_buf_append(&buf, "hello world", 11);
    weir_buf_consume(&buf, 6);
    ck_assert(weir_view_equal(weir_buf_view(&buf), weir_view_str("world")));
    weir_buf_consume(&buf, 5);
    ck_assert_uint_eq(buf.len, 0);
    weir_buf_fini(&buf);
}
END_TEST

START_TEST(overlong_varints_are_bad)
{
    static const uint8_t eleven[] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01};
    static const uint8_t too_big[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
    static const uint8_t long_view[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 'x'};
    struct weir_in in = weir_in(weir_view(eleven, sizeof(eleven)));

    ck_assert_uint_eq(weir_in_varint(&in), 0);
    ck_assert(in.bad);
    in = weir_in(weir_view(too_big, sizeof(too_big)));
    ck_assert_uint_eq(weir_in_varint(&in), 0);
    ck_assert(in.bad);
    in = weir_in(weir_view(long_view, sizeof(long_view)));
    ck_assert_ptr_null(weir_in_view(&in).ptr);
    ck_assert(in.bad);
}
END_TEST

START_TEST(uuids_are_javas)
{
    static const char *const wrong[] = {"", "00112233-4455-6677-8899-aabbccddeef",
                                        "00112233-4455-6677-8899-aabbccddeeffa", "00112233_4455-6677-8899-aabbccddeeff",
                                        "0011223g-4455-6677-8899-aabbccddeeff"};
    struct weir_rng rng;
    struct weir_uuid uuid, back;
    char text[WEIR_UUID_TEXT_LEN + 1];

    ck_assert(weir_uuid_parse(weir_view_str("00112233-4455-6677-8899-AABBccddeeff"), &uuid));
    ck_assert_uint_eq(uuid.msb, UINT64_C(0x0011223344556677));
    ck_assert_uint_eq(uuid.lsb, UINT64_C(0x8899aabbccddeeff));
    weir_uuid_text(uuid, text);
    ck_assert_str_eq(text, "00112233-4455-6677-8899-aabbccddeeff");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        ck_assert(!weir_uuid_parse(weir_view_str(wrong[i]), &back));
    weir_rng_init(&rng, 1);
    for (int i = 0; i < 1000; i++) {
        uuid = weir_uuid_random(&rng);
        weir_uuid_text(uuid, text);
        ck_assert_int_eq(text[14], '4');
        ck_assert_ptr_nonnull(strchr("89ab", text[19]));
        ck_assert(weir_uuid_parse(weir_view_str(text), &back));
        ck_assert(weir_uuid_equal(uuid, back));
    }
}
END_TEST

/* The first numbers of the authors' reference code, seeded with splitmix64(0): known from its many ports. */
START_TEST(rng_is_xoshiro_and_without_bias)
{
    struct weir_rng rng, same;
    int seen[7] = {0};

    weir_rng_init(&rng, 0);
    ck_assert_uint_eq(rng.state[0], UINT64_C(0xe220a8397b1dcdaf)); /* splitmix64's first after 0 */
    ck_assert_uint_eq(weir_rng_next(&rng), UINT64_C(0x99ec5f36cb75f2b4));
    weir_rng_init(&rng, 9);
    same = rng;
    for (int i = 0; i < 70000; i++) {
        uint64_t below = weir_rng_below(&rng, 7);
        double unit;

        ck_assert_uint_lt(below, 7);
        ck_assert_uint_eq(below, weir_rng_below(&same, 7));
        seen[below]++;
        unit = weir_rng_double(&rng);
        ck_assert(unit >= 0 && unit < 1);
        weir_rng_next(&same);
    }
    for (int i = 0; i < 7; i++)
        ck_assert(seen[i] > 9500 && seen[i] < 10500);
    ck_assert_uint_eq(weir_rng_below(&rng, 1), 0);
}
END_TEST

/* Goal: a line is one line, has its parts, is cut when too long, and is not written below the level. */
START_TEST(log_lines_have_their_shape)
{
    struct weir_host_options options = {.log_level = WEIR_LOG_INFO};
    struct weir_host *host;
    char line[4096], word[3000];
    int fds[2];
    ssize_t len;

    ck_assert_int_eq(pipe(fds), 0);
    options.log_fd = fds[1];
    ck_assert_int_eq(weir_host_new(&options, &host, NULL), WEIR_OK);
    weir_log_debug(weir_host_log(host), "test", "not to be seen");
    weir_log_info(weir_host_log(host), "test", "a\nb %d", 7);
    len = read(fds[0], line, sizeof(line) - 1);
    ck_assert_int_gt(len, 0);
    line[len] = '\0';
    ck_assert_int_eq(line[4], '-');
    ck_assert_int_eq(line[10], 'T');
    ck_assert_str_eq(line + 23, "Z INFO  test: a b 7\n");
    memset(word, 'x', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    weir_log_error(weir_host_log(host), "test", "%s", word);
    len = read(fds[0], line, sizeof(line));
    ck_assert(len > 1000 && len <= 1024);
    ck_assert_int_eq(line[len - 1], '\n');
    ck_assert_int_eq(line[len - 2], 'x');
    ck_assert(!weir_log_enabled(NULL, WEIR_LOG_ERROR));
    weir_log_error(NULL, "test", "nobody");
    weir_host_free(host);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ground");
    TCase *tc = tcase_create("ground");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, statuses_have_names_texts_and_classes);
    tcase_add_test(tc, cursor_reads_what_was_written_and_knows_every_cut);
    tcase_add_test(tc, buffer_keeps_its_cap);
    tcase_add_test(tc, buffer_consumes_from_the_front);
    tcase_add_test(tc, overlong_varints_are_bad);
    tcase_add_test(tc, uuids_are_javas);
    tcase_add_test(tc, rng_is_xoshiro_and_without_bias);
    tcase_add_test(tc, log_lines_have_their_shape);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
