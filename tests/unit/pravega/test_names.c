/*
 * test_names.c - names, routing keys and ids against upstream's.
 */
#include "pravega/types.h"

#include <check.h>
#include <stdlib.h>

#include "base/hash.h"
#include "weir/endian.h"

/* Recorded from HashHelper of the Java client 0.13.0. */
static const struct {
    const char *key;
    double position;
} routing[] = {
    {"", 0x1.edeef4a335178p-3},
    {"a", 0x1.e3042e663131ap-1},
    {"b", 0x1.cce54b50e95p-1},
    {"abc", 0x1.a6213340247fep-1},
    {"hello", 0x1.514340f74bec6p-1},
    {"key0", 0x1.7c791431e013cp-2},
    {"key1", 0x1.62b222a302de6p-1},
    {"key2", 0x1.313e8c1d3d418p-1},
    {"key3", 0x1.a0b43ac738954p-1},
    {"key4", 0x1.9959cc9a7fc8p-3},
    {"key5", 0x1.f23e97090a73cp-1},
    {"0", 0x1.9c7c47c4541d6p-1},
    {"1", 0x1.78686c5846814p-2},
    {"2", 0x1.1ec0af1952918p-2},
    {"12345", 0x1.f44c3e1466c78p-1},
    {"routingKey", 0x1.d2bacae920f4ap-1},
    {"pravega", 0x1.bc03f281d848p-4},
    {"The quick brown fox jumps over the lazy dog", 0x1.6294b700a746ep-1},
    {"\xc3\xa9", 0x1.567085092a054p-1},
    {"\xe4\xb8\xad\xe6\x96\x87", 0x1.1adbca4c003p-2},
    {"\xf0\x9f\x98\x80", 0x1.8cd0277fae608p-1},
    {"sensor-000001", 0x1.d0e64486ecc4p-6},
    {"00000000-0000-0000-0000-000000000001", 0x1.fcce57a556d3ap-1},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0x1.76eafd0b7e07p-1},
};

START_TEST(routing_keys_hash_as_in_java)
{
    ck_assert_double_eq(pravega_routing_hash(weir_view_str(routing[_i].key)), routing[_i].position);
}
END_TEST

/* Goal: a key of any length hashes as its UTF-16 text does at once, also where a pair of surrogates lies across the
 * bytes that are hashed together. Method: `_i` plain characters, then pairs. */
START_TEST(long_routing_keys_hash_whole)
{
    char key[1400];
    uint8_t units[2 * sizeof(key)];
    size_t key_len = 0, units_len = 0;
    uint64_t hash[2];

    for (int i = 0; i < _i; i++, units_len += 2) {
        key[key_len++] = 'k';
        weir_put_u16le(units + units_len, 'k');
    }
    for (int i = 0; i < 200; i++, key_len += 4, units_len += 4) {
        memcpy(key + key_len, "\xf0\x9f\x98\x80", 4);
        weir_put_u16le(units + units_len, 0xd83d);
        weir_put_u16le(units + units_len + 2, 0xde00);
    }
    weir_murmur3_x64_128(weir_view(units, units_len), 1741865571, hash);
    ck_assert_double_eq(pravega_routing_hash(weir_view(key, key_len)),
                        (double)((hash[0] >> 12) & ((UINT64_C(1) << 52) - 1)) / (double)(UINT64_C(1) << 52));
}
END_TEST

START_TEST(malformed_routing_keys_stay_in_bounds)
{
    static const char *const keys[] = {"\xff",   "\xc3",         "\xe4\xb8", "\xf0\x9f\x98",
                                       "a\x80z", "\xed\xa0\x80", "\xc0\x80"};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char *exact = malloc(strlen(keys[i]));
        double position;

        memcpy(exact, keys[i], strlen(keys[i]));
        position = pravega_routing_hash(weir_view(exact, strlen(keys[i])));
        ck_assert(position >= 0 && position < 1);
        free(exact);
    }
}
END_TEST

START_TEST(segments_are_named_as_upstream_names_them)
{
    struct pravega_stream_name stream = {"specraw", "a"};
    struct pravega_txn_id txn = {0, 0x4d};
    char name[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1];

    ck_assert_int_eq(pravega_segment_name(&stream, 0, name, sizeof(name)), 20);
    ck_assert_str_eq(name, "specraw/a/0.#epoch.0");
    pravega_segment_name(&stream, (INT64_C(3) << 32) | 17, name, sizeof(name));
    ck_assert_str_eq(name, "specraw/a/17.#epoch.3");
    ck_assert_int_eq(pravega_txn_segment_name(&stream, 0, txn, name, sizeof(name)), 65);
    ck_assert_str_eq(name, "specraw/a/0.#epoch.0#transaction.0000000000000000000000000000004d");
    ck_assert_int_eq(pravega_txn_segment_name(&stream, 0, txn, name, 65), -1); /* no room for the NUL */
    ck_assert_int_eq(pravega_segment_name(&stream, 0, name, 20), -1);
}
END_TEST

START_TEST(streams_are_parsed_or_refused_with_words)
{
    static const char *const bad[] = {"", "a/", "/b", "a/b/c", "a b/c", "a/b_c", "a/__b", "a/_"};
    char scope[PRAVEGA_NAME_LEN_MAX + 1], stream[PRAVEGA_NAME_LEN_MAX + 1], longest[2 * PRAVEGA_NAME_LEN_MAX];
    struct weir_error err = {0};

    ck_assert_int_eq(pravega_stream_parse("sensors/readings.v1-2", NULL, scope, stream, NULL), WEIR_OK);
    ck_assert_str_eq(scope, "sensors");
    ck_assert_str_eq(stream, "readings.v1-2");
    ck_assert_int_eq(pravega_stream_parse("plain", "default", scope, stream, NULL), WEIR_OK);
    ck_assert_str_eq(scope, "default");
    ck_assert_int_eq(pravega_stream_parse("s/_RGgroup", NULL, scope, stream, NULL), WEIR_OK);
    ck_assert_int_eq(pravega_stream_parse("plain", NULL, scope, stream, &err), WEIR_E_INVAL);
    ck_assert(strstr(err.message, "default scope") != NULL);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_int_eq(pravega_stream_parse(bad[i], "d", scope, stream, &err), WEIR_E_INVAL);
    memset(longest, 'x', sizeof(longest));
    longest[PRAVEGA_NAME_LEN_MAX] = 0;
    ck_assert_int_eq(pravega_stream_parse(longest, "d", scope, stream, NULL), WEIR_OK);
    longest[PRAVEGA_NAME_LEN_MAX] = 'x';
    longest[PRAVEGA_NAME_LEN_MAX + 1] = 0;
    ck_assert_int_eq(pravega_stream_parse(longest, "d", scope, stream, NULL), WEIR_E_INVAL);
}
END_TEST

START_TEST(transaction_ids_print_as_uuids)
{
    char text[37];

    pravega_txn_id_text((struct pravega_txn_id){UINT64_C(0x0011223344556677), UINT64_C(0x8899aabbccddeeff)}, text);
    ck_assert_str_eq(text, "00112233-4455-6677-8899-aabbccddeeff");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("names");
    TCase *tc = tcase_create("names");
    SRunner *sr;
    int failed;

    tcase_add_loop_test(tc, routing_keys_hash_as_in_java, 0, (int)(sizeof(routing) / sizeof(routing[0])));
    tcase_add_loop_test(tc, long_routing_keys_hash_whole, 0, 600);
    tcase_add_test(tc, malformed_routing_keys_stay_in_bounds);
    tcase_add_test(tc, segments_are_named_as_upstream_names_them);
    tcase_add_test(tc, streams_are_parsed_or_refused_with_words);
    tcase_add_test(tc, transaction_ids_print_as_uuids);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
