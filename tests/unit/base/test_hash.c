/*
 * test_hash.c - hashes against values that Pravega's client, Flink and Java gave.
 */
#include <check.h>
#include <uchar.h>

#include "base/hash.h"

#define ROUTING_SEED 1741865571

/* Routing keys as Java's chars (UTF-16LE), the first word of their hash, and the place in [0, 1) made of it. */
static const struct {
    const char16_t *key;
    size_t len; /* bytes */
    uint64_t low;
    double place;
} routing_keys[] = {
    {u"", 0, UINT64_C(0x3dbdde9466a2f7cf), 0x1.edeef4a335178p-3},
    {u"a", 2, UINT64_C(0xf18217331898dfc0), 0x1.e3042e663131ap-1},
    {u"b", 2, UINT64_C(0xe672a5a874a80267), 0x1.cce54b50e95p-1},
    {u"abc", 6, UINT64_C(0xd31099a0123ff886), 0x1.a6213340247fep-1},
    {u"hello", 10, UINT64_C(0xa8a1a07ba5f63abf), 0x1.514340f74bec6p-1},
    {u"key0", 8, UINT64_C(0x5f1e450c7804f9b8), 0x1.7c791431e013cp-2},
    {u"key1", 8, UINT64_C(0xb1591151816f3f3a), 0x1.62b222a302de6p-1},
    {u"key2", 8, UINT64_C(0x989f460e9ea0c416), 0x1.313e8c1d3d418p-1},
    {u"key3", 8, UINT64_C(0xd05a1d639c4aa047), 0x1.a0b43ac738954p-1},
    {u"key4", 8, UINT64_C(0x332b39934ff905b8), 0x1.9959cc9a7fc8p-3},
    {u"key5", 8, UINT64_C(0xf91f4b848539e45a), 0x1.f23e97090a73cp-1},
    {u"0", 2, UINT64_C(0xce3e23e22a0eb119), 0x1.9c7c47c4541d6p-1},
    {u"1", 2, UINT64_C(0x5e1a1b1611a05db6), 0x1.78686c5846814p-2},
    {u"2", 2, UINT64_C(0x47b02bc654a46e1b), 0x1.1ec0af1952918p-2},
    {u"12345", 10, UINT64_C(0xfa261f0a3363c2ca), 0x1.f44c3e1466c78p-1},
    {u"routingKey", 20, UINT64_C(0xe95d6574907a530d), 0x1.d2bacae920f4ap-1},
    {u"pravega", 14, UINT64_C(0x1bc03f281d848af6), 0x1.bc03f281d848p-4},
    {u"The quick brown fox jumps over the lazy dog", 86, UINT64_C(0xb14a5b8053a37212), 0x1.6294b700a746ep-1},
    {u"\u00e9", 2, UINT64_C(0xab3842849502ae7a), 0x1.567085092a054p-1},
    {u"\u4e2d\u6587", 4, UINT64_C(0x46b6f293000c0669), 0x1.1adbca4c003p-2},
    {u"\U0001f600", 4, UINT64_C(0xc66813bfd73041ef), 0x1.8cd0277fae608p-1},
    {u"sensor-000001", 26, UINT64_C(0x074399121bb319da), 0x1.d0e64486ecc4p-6},
    {u"00000000-0000-0000-0000-000000000001", 72, UINT64_C(0xfe672bd2ab69d8bb), 0x1.fcce57a556d3ap-1},
    {u"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 80, UINT64_C(0xbb757e85bf038d8b), 0x1.76eafd0b7e07p-1},
};

static double place_of(uint64_t low)
{
    return (double)(low >> 12) * 0x1.0p-52;
}

START_TEST(murmur3_gives_pravegas_routing)
{
    uint64_t out[2];

    weir_murmur3_x64_128(weir_view(routing_keys[_i].key, routing_keys[_i].len), ROUTING_SEED, out);
    ck_assert_uint_eq(out[0], routing_keys[_i].low);
    ck_assert(place_of(out[0]) == routing_keys[_i].place);
}
END_TEST

/* Key-value tables route by the raw bytes; their seed is a negative Java int, sign-extended. */
START_TEST(murmur3_gives_key_value_routing)
{
    static const struct {
        const char *key;
        double place;
    } keys[] = {{"AAAA", 0.5576454269245517},
                {"ZZZZ", 0.4904431073809643},
                {"abcd", 0.3196015036346609},
                {"0001", 0.8348179527173782},
                {"key1", 0.011579266115581355}};
    uint64_t out[2];

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        weir_murmur3_x64_128(weir_view_str(keys[i].key), (uint64_t)INT64_C(-2020233499), out);
        ck_assert(place_of(out[0]) == keys[i].place);
    }
}
END_TEST

/* A reader group's readers release segments in the order of such a hash: by the reader, of the segment's name. */
START_TEST(murmur3_gives_the_order_of_releases)
{
    static const char16_t segment[] = u"scope/s/0.#epoch.0";
    uint64_t out[2];

    weir_murmur3_x64_128(weir_view(segment, sizeof(segment) - sizeof(segment[0])),
                         (uint64_t)(int64_t)weir_java_string_hash(weir_view_str("reader1")), out);
    ck_assert(place_of(out[0]) == 0.3066894275052079);
}
END_TEST

/* The published check of MurmurHash3: hash the hashes of {}, {0}, {0, 1}, ... with seeds 256, 255, ... (SMHasher). */
START_TEST(murmur3_passes_its_authors_verification)
{
    uint8_t key[256], hashes[256 * 16], digest[4];
    uint64_t out[2];

    for (int i = 0; i < 256; i++) {
        key[i] = (uint8_t)i;
        weir_murmur3_x64_128(weir_view(key, (size_t)i), (uint64_t)(256 - i), out);
        for (int byte = 0; byte < 16; byte++)
            hashes[16 * i + byte] = (uint8_t)(out[byte / 8] >> (8 * (byte % 8)));
    }
    weir_murmur3_x64_128(weir_view(hashes, sizeof(hashes)), 0, out);
    for (int byte = 0; byte < 4; byte++)
        digest[byte] = (uint8_t)(out[0] >> (8 * byte));
    ck_assert_mem_eq(digest, "\x69\xba\x84\x63", 4);
}
END_TEST

START_TEST(murmur3_of_parts_is_that_of_the_whole)
{
    uint8_t bytes[100];
    uint64_t whole[2], parts[2];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    weir_murmur3_x64_128(weir_view(bytes, sizeof(bytes)), 5, whole);
    for (size_t cut = 0; cut <= sizeof(bytes); cut += WEIR_MURMUR3_BLOCK_LEN) {
        struct weir_murmur3 hash = weir_murmur3(5);

        weir_murmur3_add(&hash, weir_view(bytes, cut));
        weir_murmur3_end(&hash, weir_view(bytes + cut, sizeof(bytes) - cut), parts);
        ck_assert_mem_eq(parts, whole, sizeof(whole));
    }
}
END_TEST

/* Values of MathUtils.murmurHash in flink-core 1.20.0. */
START_TEST(flink_murmur_is_flinks)
{
    static const struct {
        int32_t code, hash;
    } codes[] = {
        {0, 593689054},          {1, 68075478},          {-1, 1982413648},         {2, 1085422463},
        {42, 1134849565},        {97, 1455541201},       {-559038737, 1047277220}, {INT32_MAX, 1653689534},
        {INT32_MIN, 1718298732}, {99162322, 1715862179}, {-609428141, 1974296731}, {1080410062, 1086770292},
        {12345, 638799361},      {-12345, 1626926666},
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        ck_assert_int_eq(weir_flink_murmur(codes[i].code), codes[i].hash);
    for (int32_t code = -100000; code < 100000; code++)
        ck_assert_int_ge(weir_flink_murmur(code), 0);
}
END_TEST

/* Values of new String(bytes, UTF_8).hashCode() in Java 17. */
START_TEST(string_hash_is_javas)
{
    static const struct {
        const char *bytes;
        int32_t hash;
    } strings[] = {
        {"", 0},
        {"a", 97},
        {"hello", 99162322},
        {"The quick brown fox jumps over the lazy dog", -609428141},
        {"\xc3\xa9\xe4\xb8\xad\xe6\x96\x87", 870307},
        {"\xf0\x9f\x98\x80", 1772899},
        {"reader1", 1080410062},
        /* malformed: cut short, overlong, surrogates, too high, stray */
        {"\xff", 65533},
        {"a\xc3", 68540},
        {"a\xc3"
         "b",
         2124838},
        {"\xe2\x82", 65533},
        {"\xe2\x82x", 2031643},
        {"\xf0\x9f\x98", 65533},
        {"\xf0\x9fy", 2031644},
        {"\xc0\x80", 2097056},
        {"\xed\xa0\x80", 65533},
        {"\xf4\x90\x80\x80", 2017367872},
        {"\xe0\x80\x80", 65074269},
        {"\xf8\x88\x80\x80\x80", -1886039875},
        {"\x80z", 2031645},
        {"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf"
         "A",
         -1886105343},
    };

    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        ck_assert_int_eq(weir_java_string_hash(weir_view_str(strings[i].bytes)), strings[i].hash);
    ck_assert_int_eq(weir_java_long_hash(0), 0);
    ck_assert_int_eq(weir_java_long_hash(-1), 0);
    ck_assert_int_eq(weir_java_long_hash(INT64_C(0x100000002)), 3);
}
END_TEST

/* java.util.HashMap's own order of Integers: 1 and 17 share a bucket among 12 keys, not among 13. */
START_TEST(java_map_buckets_grow_with_the_map)
{
    ck_assert_uint_eq(weir_java_map_bucket(1, 1), 1);
    ck_assert_uint_eq(weir_java_map_bucket(17, 12), 1);
    ck_assert_uint_eq(weir_java_map_bucket(17, 13), 17);
    ck_assert_uint_eq(weir_java_map_bucket(0x10000, 1), 1); /* the upper half counts, too */
    ck_assert_uint_eq(weir_java_map_bucket(-1, 1), 0);
}
END_TEST

/* The empty input of XXH3 64, as its specification lists it. */
START_TEST(hash64_is_xxh3)
{
    ck_assert_uint_eq(weir_hash64(weir_view("", 0), 0), UINT64_C(0x2d06800538d394c2));
    ck_assert_uint_ne(weir_hash64(weir_view("abc", 3), 0), weir_hash64(weir_view("abc", 3), 1));
}
END_TEST

/* The vectors of FIPS 180-2, and of nothing. */
START_TEST(sha256_is_that)
{
    uint8_t digest[WEIR_SHA256_LEN];

    weir_sha256(weir_view("abc", 3), digest);
    ck_assert_mem_eq(digest,
                     "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23"
                     "\xb0\x03\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad",
                     sizeof(digest));
    weir_sha256(weir_view(NULL, 0), digest);
    ck_assert_mem_eq(digest, "\xe3\xb0\xc4\x42\x98\xfc\x1c\x14", 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hash");
    TCase *tc = tcase_create("hash");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(tc, murmur3_gives_pravegas_routing, 0, sizeof(routing_keys) / sizeof(routing_keys[0]));
    tcase_add_test(tc, murmur3_gives_key_value_routing);
    tcase_add_test(tc, murmur3_gives_the_order_of_releases);
    tcase_add_test(tc, murmur3_passes_its_authors_verification);
    tcase_add_test(tc, murmur3_of_parts_is_that_of_the_whole);
    tcase_add_test(tc, flink_murmur_is_flinks);
    tcase_add_test(tc, string_hash_is_javas);
    tcase_add_test(tc, java_map_buckets_grow_with_the_map);
    tcase_add_test(tc, hash64_is_xxh3);
    tcase_add_test(tc, sha256_is_that);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
