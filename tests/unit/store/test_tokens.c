/*
 * test_tokens.c - delegation tokens: made, and checked against forgeries.
 */
#include <check.h>
#include <stdio.h>

#include "base/base64.h"
#include "base/secret.h"
#include "store/access/tokens.h"

/* Of a Pravega 0.13.0 controller whose key is "secret": s/t, READ_UPDATE, issued at 1795383100, over at 1700000600. */
static const char recorded[] =
    "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiJzZWdtZW50c3RvcmVyZXNvdXJjZSIsImF1ZCI6InNlZ21lbnRzdG9yZSIsImlhdCI6MTc5NTM4MzEwMCw"
    "icHJuOjovc2NvcGU6cy9zdHJlYW06dCI6IlJFQURfVVBEQVRFIiwiZXhwIjoxNzAwMDAwNjAwfQ.1MdlLybqlfA-KHXJo3xpbWSfbv-J9MSmplWR"
    "mJHhVi4EzdJ5cUqgXLbxp0cCg34Yv6tkS-UEIKAEPAILRzB2Xg";

#define NOW_MS INT64_C(1700000000000)

static struct weir_token_key key;
static struct weir_buf token;

static void setup(void)
{
    key = (struct weir_token_key){weir_view_str("secret"), 600};
    weir_buf_init(&token, WEIR_TOKEN_LEN_MAX);
}

static void teardown(void)
{
    weir_buf_fini(&token);
}

static void issue(const char *resource, enum weir_permission permission)
{
    struct weir_token_claim claim = {weir_view_str(resource), permission};

    weir_buf_reset(&token);
    ck_assert_int_eq(weir_token_issue(&key, &claim, 1, NOW_MS, &token), WEIR_OK);
}

static enum weir_token_verdict check_at(const char *segment, enum weir_permission needed, int64_t now_ms)
{
    int64_t ends_ms;

    return weir_token_check(&key, weir_buf_view(&token), weir_view_str(segment), needed, now_ms, &ends_ms);
}

static enum weir_token_verdict check(const char *segment, enum weir_permission needed)
{
    return check_at(segment, needed, NOW_MS);
}

/* Signs any two texts, as a stranger would who knows the key. */
static void sign(const char *header, const char *claims)
{
    uint8_t signature[WEIR_HMAC_SHA512_LEN];

    weir_buf_reset(&token);
    weir_base64_append_url(&token, weir_view_str(header));
    weir_buf_u8(&token, '.');
    weir_base64_append_url(&token, weir_view_str(claims));
    ck_assert_int_eq(weir_hmac_sha512(key.bytes, weir_buf_view(&token), signature), WEIR_OK);
    weir_buf_u8(&token, '.');
    weir_base64_append_url(&token, weir_view(signature, sizeof(signature)));
}

START_TEST(upstreams_token_is_understood)
{
    weir_buf_append(&token, recorded, strlen(recorded));
    ck_assert_int_eq(check("s/t/0.#epoch.0", WEIR_PERMISSION_READ_UPDATE), WEIR_TOKEN_GOOD);
    ck_assert_int_eq(check_at("s/t/0.#epoch.0", WEIR_PERMISSION_READ, INT64_C(1700000600000)), WEIR_TOKEN_GOOD);
    ck_assert_int_eq(check_at("s/t/0.#epoch.0", WEIR_PERMISSION_READ, INT64_C(1700000600001)), WEIR_TOKEN_EXPIRED);
    ck_assert_int_eq(check("s/u/0.#epoch.0", WEIR_PERMISSION_READ), WEIR_TOKEN_REFUSED);
}
END_TEST

/* Goal: ours is upstream's, byte by byte but for the order of claims, which JSON leaves open. */
START_TEST(a_token_says_what_it_is_for)
{
    struct weir_buf json;
    struct weir_view left;
    const uint8_t *dot;

    issue("prn::/scope:s/stream:t", WEIR_PERMISSION_READ);
    dot = memchr(token.ptr, '.', token.len);
    ck_assert_ptr_nonnull(dot);
    left = weir_view(dot + 1, token.len - (size_t)(dot + 1 - token.ptr));
    left.len = (size_t)((const uint8_t *)memchr(left.ptr, '.', left.len) - left.ptr);
    weir_buf_init(&json, 4096);
    ck_assert_uint_eq(weir_base64_decode(&json, left), left.len);
    weir_buf_u8(&json, 0);
    ck_assert_str_eq((char *)json.ptr, "{\"sub\":\"segmentstoreresource\",\"aud\":\"segmentstore\",\"iat\":1700000000,"
                                       "\"prn::/scope:s/stream:t\":\"READ\",\"exp\":1700000600}");
    weir_buf_fini(&json);
    key.ttl_s = -1;
    issue("prn::/scope:s/stream:t", WEIR_PERMISSION_READ);
    ck_assert_int_eq(check_at("s/t/0", WEIR_PERMISSION_READ, INT64_MAX), WEIR_TOKEN_GOOD);
}
END_TEST

static const struct {
    const char *resource;
    enum weir_permission given;
    const char *segment;
    enum weir_permission needed;
    enum weir_token_verdict verdict;
} cases[] = {
    {"prn::/scope:s/stream:t", WEIR_PERMISSION_READ, "s/t/0.#epoch.0", WEIR_PERMISSION_READ, WEIR_TOKEN_GOOD},
    {"prn::/scope:s/stream:t", WEIR_PERMISSION_READ, "s/t", WEIR_PERMISSION_READ, WEIR_TOKEN_GOOD},
    {"prn::/scope:s/stream:t", WEIR_PERMISSION_READ, "s/t/0.#epoch.0", WEIR_PERMISSION_READ_UPDATE, WEIR_TOKEN_REFUSED},
    {"prn::/scope:s/stream:t", WEIR_PERMISSION_READ_UPDATE, "s/t/0.#epoch.0#transaction.1", WEIR_PERMISSION_READ,
     WEIR_TOKEN_GOOD},
    {"prn::/scope:s/stream:t", WEIR_PERMISSION_NONE, "s/t/0.#epoch.0", WEIR_PERMISSION_READ, WEIR_TOKEN_REFUSED},
    {"prn::/scope:s/stream:t", WEIR_PERMISSION_READ, "s/tt/0.#epoch.0", WEIR_PERMISSION_READ, WEIR_TOKEN_REFUSED},
    {"prn::/scope:s/stream:t", WEIR_PERMISSION_READ, "s", WEIR_PERMISSION_READ, WEIR_TOKEN_REFUSED},
    {"prn::/scope:s/reader-group:g", WEIR_PERMISSION_READ_UPDATE, "s/_RGg/0.#epoch.0", WEIR_PERMISSION_READ,
     WEIR_TOKEN_REFUSED},
    {"prn::/scope:s", WEIR_PERMISSION_READ, "s/t/0", WEIR_PERMISSION_READ,
     WEIR_TOKEN_GOOD}, /* upstream never makes it */
    {"*", WEIR_PERMISSION_READ_UPDATE, "s/t/0", WEIR_PERMISSION_READ_UPDATE, WEIR_TOKEN_GOOD},
    {"prn::/", WEIR_PERMISSION_READ_UPDATE, "s/t/0", WEIR_PERMISSION_READ, WEIR_TOKEN_REFUSED},
    {"prn::", WEIR_PERMISSION_READ_UPDATE, "s/t/0", WEIR_PERMISSION_READ, WEIR_TOKEN_REFUSED},
};

START_TEST(a_claim_covers_its_stream_only)
{
    issue(cases[_i].resource, cases[_i].given);
    ck_assert_int_eq(check(cases[_i].segment, cases[_i].needed), cases[_i].verdict);
}
END_TEST

/* Goal: nobody changes a token. Method: every byte of a good one is changed in turn, and it is cut at every length. */
START_TEST(a_changed_token_is_refused)
{
    size_t len;

    issue("prn::/scope:s/stream:t", WEIR_PERMISSION_READ);
    len = token.len;
    for (size_t i = 0; i < len; i++) {
        uint8_t kept = token.ptr[i];

        token.ptr[i] = kept == 'A' ? 'B' : 'A';
        /* The last digit of the signature has two bits that say nothing. */
        if (i + 1 < len)
            ck_assert_int_eq(check("s/t/0", WEIR_PERMISSION_READ), WEIR_TOKEN_REFUSED);
        token.ptr[i] = kept;
        token.len = i;
        ck_assert_int_eq(check("s/t/0", WEIR_PERMISSION_READ), WEIR_TOKEN_REFUSED);
        token.len = len;
    }
    ck_assert_int_eq(check("s/t/0", WEIR_PERMISSION_READ), WEIR_TOKEN_GOOD);
    key.bytes = weir_view_str("secreT");
    ck_assert_int_eq(check("s/t/0", WEIR_PERMISSION_READ), WEIR_TOKEN_REFUSED);
}
END_TEST

static const char *const bodies[] = {
    "",
    "{",
    "{}",
    "[]",
    "{\"prn::/scope:s/stream:t\":\"READ\"",
    "{\"prn::/scope:s/stream:t\":\"READ\"}x",
    "{\"prn::/scope:s/stream:t\":\"READ\",}",
    "{\"prn::/scope:s/stream:t\" \"READ\"}",
    "{\"prn::/scope:s/stream:t\":READ}",
    "{\"prn::/scope:s/stream:t\":\"ALL\"}",
    "{\"prn::/scope:s/stream:t\":{\"a\":\"READ\"}}",
    "{\"prn::/scope:s/stream:t\":\"READ\",\"exp\":\"1800000000\"}",
    "{\"prn::/scope:s/stream:t\":\"READ\",\"exp\":-1}",
    "{\"prn::/scope:s/stream:t\":\"READ\",\"exp\":9999999999999999}",
    "{\"prn::/scope:s/stream:t\":\"READ",
    "{\"prn::/scope:s/stream:t\":\"READ\\",
    "{\"sub\":\"READ\",\"aud\":\"READ\"}",
};

START_TEST(signed_claims_that_are_none_are_refused)
{
    sign("{\"alg\":\"HS512\"}", bodies[_i]);
    ck_assert_int_eq(check("s/t/0", WEIR_PERMISSION_READ), WEIR_TOKEN_REFUSED);
}
END_TEST

START_TEST(another_algorithm_is_refused)
{
    static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"HS256\"}", "{}", "", "{\"alg\":512}"};
    static const char claims[] = "{\"prn::/scope:s/stream:t\":\"READ\"}";

    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        sign(headers[i], claims);
        ck_assert_int_eq(check("s/t/0", WEIR_PERMISSION_READ), WEIR_TOKEN_REFUSED);
    }
    sign(" { \"typ\" : \"JWT\" , \"alg\" : \"HS512\" } ", " { \"prn::/scope:s/stream:t\" : \"READ\" } ");
    ck_assert_int_eq(check("s/t/0", WEIR_PERMISSION_READ), WEIR_TOKEN_GOOD);
}
END_TEST

#define COUNT(list) ((int)(sizeof(list) / sizeof((list)[0])))

int main(void)
{
    Suite *suite = suite_create("tokens");
    TCase *tc = tcase_create("tokens");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, upstreams_token_is_understood);
    tcase_add_test(tc, a_token_says_what_it_is_for);
    tcase_add_loop_test(tc, a_claim_covers_its_stream_only, 0, COUNT(cases));
    tcase_add_test(tc, a_changed_token_is_refused);
    tcase_add_loop_test(tc, signed_claims_that_are_none_are_refused, 0, COUNT(bodies));
    tcase_add_test(tc, another_algorithm_is_refused);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? 0 : 1;
}
