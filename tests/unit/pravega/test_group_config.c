/*
 * test_group_config.c - reader groups' configurations: from a user, and as Java's bytes.
 */
#include "pravega/format/group_config.h"

#include <stdlib.h>

#include "format_vectors.h"
#include "hex.h"

static const struct pravega_segment_offset positions[] = {{0, 100}, {1, -1}, {INT64_C(1) << 32 | 2, 70000}};
static struct pravega_stream_cut cut; /* of scope/stream, at `positions` */

static void setup(void)
{
    struct pravega_stream_name name = {"scope", "stream"};

    ck_assert_int_eq(pravega_stream_cut_set(&cut, &name, positions, 3, NULL), WEIR_OK);
}
static void teardown(void)
{
    pravega_stream_cut_fini(&cut);
}

static struct pravega_group_config config_of(const struct pravega_reader_group_config *user)
{
    struct pravega_group_config config;

    ck_assert_int_eq(pravega_group_config_from_user(&config, user, NULL), WEIR_OK);
    return config;
}

static struct pravega_group_config recorded(int n)
{
    struct pravega_group_stream stream = {{"scope", "stream"}, n == 0 ? &cut : NULL, NULL};
    struct pravega_reader_group_config user = {.streams = &stream, .stream_count = 1};
    struct pravega_group_config config;

    if (n == 1)
        user.retention_type = PRAVEGA_DATA_RETENTION_AUTOMATIC_RELEASE_AT_LAST_CHECKPOINT;
    config = config_of(&user);
    if (n == 1) {
        config.generation = 0;
        config.id = (struct weir_uuid){UINT64_C(0x0011223344556677), UINT64_C(0x8899aabbccddeeff)};
    }
    return config;
}

static const char *const recorded_hex[] = {CONFIG_A_HEX, CONFIG_B_HEX};

START_TEST(recorded_configurations_are_read_and_written)
{
    struct pravega_group_config config = recorded(_i), again;
    struct weir_buf bytes = hex_bytes(recorded_hex[_i]), out;

    weir_buf_init(&out, 1024);
    pravega_group_config_to_bytes(&config, &out);
    assert_hex(&out, recorded_hex[_i]);
    ck_assert_int_eq(pravega_group_config_from_bytes(weir_buf_view(&bytes), &again, NULL), WEIR_OK);
    ck_assert(pravega_group_config_equal(&config, &again));
    ck_assert(config.generation == again.generation && weir_uuid_equal(config.id, again.id));
    pravega_group_config_fini(&again);
    pravega_group_config_fini(&config);
    weir_buf_fini(&bytes);
    weir_buf_fini(&out);
}
END_TEST

/* Goal: what older writers did not write is the default; what is written later takes the place of what was earlier; the
 * order of streams does not matter; an end of a stream that is not read is left out. */
#define STREAM_UTF "000c73636f70652f73747265616d"
#define OTHER_UTF "000973636f70652f616263"
START_TEST(older_and_other_writers_are_understood)
{
    struct weir_buf bytes = hex_bytes("00 00 01 00 00000044 0000000000000001 0000000000000002 02" STREAM_UTF
                                      "00" OTHER_UTF "00 02" OTHER_UTF "00 000573636f7065" /* no slash */);
    struct pravega_group_config config;

    ck_assert_int_eq(pravega_group_config_from_bytes(weir_buf_view(&bytes), &config, NULL), WEIR_E_INVAL);
    weir_buf_fini(&bytes);
    bytes = hex_bytes("00 00 01 00 00000042 0000000000000001 0000000000000002 02" STREAM_UTF "00" OTHER_UTF
                      "00 01 0003612f62 0d 00010100000000050003612f6200");
    weir_put_u32be(bytes.ptr + 4, (uint32_t)bytes.len - 8);
    ck_assert_int_eq(pravega_group_config_from_bytes(weir_buf_view(&bytes), &config, NULL), WEIR_E_INVAL);
    weir_buf_fini(&bytes);
    bytes = hex_bytes("00 00 01 00 00000042 0000000000000001 0000000000000002 02" STREAM_UTF "00" OTHER_UTF
                      "00 01 0003612f62 0e 0001010000000006 0003612f6200");
    weir_put_u32be(bytes.ptr + 4, (uint32_t)bytes.len - 8);
    ck_assert_int_eq(pravega_group_config_from_bytes(weir_buf_view(&bytes), &config, NULL), WEIR_OK);
    ck_assert_uint_eq(config.stream_count, 2);
    ck_assert_str_eq(config.streams[0].stream, "abc");
    ck_assert_str_eq(config.streams[1].stream, "stream");
    ck_assert(pravega_stream_cut_is_unbounded(&config.streams[0].to));
    ck_assert(config.automatic_checkpoint_interval_ms == 1 && config.group_refresh_time_ms == 2);
    ck_assert(config.max_outstanding_checkpoint_request == 3 && config.generation == -1 && config.id.msb == 0);
    pravega_group_config_fini(&config);
    weir_buf_fini(&bytes);
}
END_TEST

START_TEST(bytes_cut_anywhere_are_refused)
{
    struct weir_buf bytes = hex_bytes(recorded_hex[_i]);
    struct pravega_group_config config;

    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *exact = malloc(len > 0 ? len : 1);

        memcpy(exact, bytes.ptr, len);
        ck_assert_int_eq(pravega_group_config_from_bytes(weir_view(exact, len), &config, NULL), WEIR_E_INVAL);
        ck_assert_ptr_null(config.streams);
        free(exact);
    }
    weir_buf_fini(&bytes);
}
END_TEST

START_TEST(a_users_zeroes_are_upstreams_defaults)
{
    struct pravega_group_stream streams[] = {{{"scope", "stream"}, &cut, NULL}, {{"a", "z"}, NULL, NULL}}, seen[2];
    struct pravega_reader_group_config user = {.streams = streams, .stream_count = 2}, shown;
    struct pravega_group_config config = config_of(&user), copy, again;

    ck_assert_int_eq(config.automatic_checkpoint_interval_ms, 30000);
    ck_assert_int_eq(config.group_refresh_time_ms, 3000);
    ck_assert_int_eq(config.max_outstanding_checkpoint_request, 3);
    ck_assert_int_eq(config.generation, -1);
    ck_assert_str_eq(config.streams[0].scope, "a"); /* sorted */
    ck_assert_int_eq(pravega_group_config_copy(&copy, &config, NULL), WEIR_OK);
    pravega_group_config_fini(&config);
    copy.generation = 5; /* not looked at */
    config = config_of(&user);
    ck_assert(pravega_group_config_equal(&copy, &config));
    pravega_group_config_to_user(&copy, seen, &shown);
    ck_assert(shown.stream_count == 2 && shown.streams[1].from->position_count == 3);
    ck_assert(pravega_stream_cut_is_unbounded(shown.streams[1].to));
    again = config_of(&shown);
    ck_assert(pravega_group_config_equal(&again, &config));
    again.streams[1].from.positions[0].offset++;
    ck_assert(!pravega_group_config_equal(&again, &config));
    pravega_group_config_fini(&again);
    pravega_group_config_fini(&copy);
    pravega_group_config_fini(&config);
}
END_TEST

static void assert_refused(const struct pravega_reader_group_config *user, const char *why)
{
    struct pravega_group_config config;
    struct weir_error err = {0};

    ck_assert_int_eq(pravega_group_config_from_user(&config, user, &err), WEIR_E_INVAL);
    ck_assert_msg(strstr(err.message, why) != NULL, "%s", err.message);
    ck_assert_ptr_null(config.streams);
}

START_TEST(configurations_that_cannot_be_are_refused)
{
    struct pravega_group_stream twice[] = {{{"scope", "stream"}}, {{"a", "b"}}, {{"scope", "stream"}}};
    struct pravega_group_stream other = {{"scope", "other"}, &cut, NULL}, bad = {{"scope", "a/b"}};
    struct pravega_reader_group_config user = {0};

    assert_refused(&user, "needs a stream");
    user = (struct pravega_reader_group_config){.streams = twice, .stream_count = 3};
    assert_refused(&user, "twice");
    user.stream_count = 1;
    user.automatic_checkpoint_interval_ms = -2;
    assert_refused(&user, "automatic_checkpoint_interval_ms");
    user.automatic_checkpoint_interval_ms = PRAVEGA_CHECKPOINT_INTERVAL_DISABLED;
    user.max_outstanding_checkpoint_request = -1;
    assert_refused(&user, "negative");
    user.max_outstanding_checkpoint_request = 0;
    user.retention_type = (enum pravega_data_retention)3;
    assert_refused(&user, "retention");
    user.retention_type = PRAVEGA_DATA_RETENTION_NONE;
    user.streams = &other;
    assert_refused(&user, "scope/stream is given for scope/other");
    user.streams = &bad;
    assert_refused(&user, "no name");
}
END_TEST

/* Upstream's rule for a start and an end that share segments, or do not. */
static const struct order {
    struct pravega_segment_offset from[2], to[2];
    size_t from_count, to_count;
    bool ok;
} orders[] = {
    {{{0, 5}}, {{0, 5}}, 1, 1, true},
    {{{0, 6}}, {{0, 5}}, 1, 1, false},
    {{{0, -1}}, {{0, 5}}, 1, 1, false},
    {{{0, -1}}, {{0, -1}}, 1, 1, true},
    {{{0, 5}}, {{0, -1}}, 1, 1, true},
    {{{0, 5}, {1, 5}}, {{1, 6}, {2, 0}}, 2, 2, true},
    {{{1, 5}, {2, 5}}, {{0, 6}, {2, 6}}, 2, 2, false},
    {{{0, 5}, {3, 5}}, {{0, 6}, {2, 6}}, 2, 2, false},
    {{{7, 5}}, {{8, 0}}, 1, 1, true},
    {{{8, 5}}, {{7, 9}}, 1, 1, false},
    {{{0, 5}}, {{0, 0}}, 1, 0, true}, /* the end of a sealed stream */
};
#define ORDER_COUNT ((int)(sizeof(orders) / sizeof(orders[0])))

START_TEST(a_start_precedes_its_end)
{
    struct pravega_stream_name name = {"s", "t"};
    struct pravega_stream_cut from, to;
    struct pravega_group_stream stream = {name, &from, &to};
    struct pravega_reader_group_config user = {.streams = &stream, .stream_count = 1};
    struct pravega_group_config config;

    ck_assert_int_eq(pravega_stream_cut_set(&from, &name, orders[_i].from, orders[_i].from_count, NULL), WEIR_OK);
    ck_assert_int_eq(pravega_stream_cut_set(&to, &name, orders[_i].to, orders[_i].to_count, NULL), WEIR_OK);
    if (orders[_i].ok) {
        config = config_of(&user);
        pravega_group_config_fini(&config);
    } else {
        assert_refused(&user, "before its start");
    }
    pravega_stream_cut_fini(&from);
    pravega_stream_cut_fini(&to);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("group_config");
    TCase *tc = tcase_create("group_config");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, recorded_configurations_are_read_and_written, 0, 2);
    tcase_add_test(tc, older_and_other_writers_are_understood);
    tcase_add_loop_test(tc, bytes_cut_anywhere_are_refused, 0, 2);
    tcase_add_test(tc, a_users_zeroes_are_upstreams_defaults);
    tcase_add_test(tc, configurations_that_cannot_be_are_refused);
    tcase_add_loop_test(tc, a_start_precedes_its_end, 0, ORDER_COUNT);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? 0 : 1;
}
