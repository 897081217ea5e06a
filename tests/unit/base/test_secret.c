/*
 * test_secret.c - keyed digests and keys out of passwords, by the vectors of RFC 4231 and RFC 7914.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"

static char hex[129];

static const char *hex_of(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    return hex;
}

static const struct {
    const char *key, *bytes, *digest;
} hmacs[] = {
    {"\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", "Hi There",
     "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
     "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
    {"Jefe", "what do ya want for nothing?",
     "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
     "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
};

START_TEST(hmac_sha512)
{
    uint8_t digest[WEIR_HMAC_SHA512_LEN];

    ck_assert_int_eq(weir_hmac_sha512(weir_view_str(hmacs[_i].key), weir_view_str(hmacs[_i].bytes), digest), WEIR_OK);
    ck_assert_str_eq(hex_of(digest, sizeof(digest)), hmacs[_i].digest);
}
END_TEST

START_TEST(hmac_of_nothing)
{
    uint8_t digest[WEIR_HMAC_SHA512_LEN];

    ck_assert_int_eq(weir_hmac_sha512(weir_view(NULL, 0), weir_view(NULL, 0), digest), WEIR_OK);
    ck_assert_str_eq(hex_of(digest, 8), "b936cee86c9f87aa");
}
END_TEST

static const struct {
    const char *password, *salt;
    uint32_t iterations;
    const char *key;
} keys[] = {
    {"passwd", "salt", 1,
     "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
     "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"},
    {"Password", "NaCl", 80000,
     "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
     "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"},
};

START_TEST(pbkdf2_sha256)
{
    uint8_t key[64];

    ck_assert_int_eq(weir_pbkdf2_sha256(weir_view_str(keys[_i].password), weir_view_str(keys[_i].salt),
                                        keys[_i].iterations, key, sizeof(key)),
                     WEIR_OK);
    ck_assert_str_eq(hex_of(key, sizeof(key)), keys[_i].key);
}
END_TEST

START_TEST(equal_and_random)
{
    uint8_t one[32] = {0}, other[32] = {0};

    ck_assert(weir_secret_equal(one, other, 32));
    other[31] = 1;
    ck_assert(!weir_secret_equal(one, other, 32));
    ck_assert(weir_secret_equal(one, other, 31));
    ck_assert_int_eq(weir_secret_random(one, 32, NULL), WEIR_OK);
    ck_assert_int_eq(weir_secret_random(other, 32, NULL), WEIR_OK);
    ck_assert(!weir_secret_equal(one, other, 32));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secret");
    TCase *tc = tcase_create("secret");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tc, hmac_sha512, 0, 2);
    tcase_add_test(tc, hmac_of_nothing);
    tcase_add_loop_test(tc, pbkdf2_sha256, 0, 2);
    tcase_add_test(tc, equal_and_random);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? 0 : 1;
}
