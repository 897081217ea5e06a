/*
 * test_jwt.c - when a delegation token ends: one that Pravega made, and tokens that do not say.
 */
#include "pravega/jwt.h"

#include <stdlib.h>

#include "base/base64.h"
#include "hex.h"

/* Made by the 0.13.0 classes, signing key "secret", for READ_UPDATE of prn::/scope:s/stream:t until 1700000600. */
#define RECORDED_CLAIMS                                                                                                \
    "eyJzdWIiOiJzZWdtZW50c3RvcmVyZXNvdXJjZSIsImF1ZCI6InNlZ21lbnRzdG9yZSIsImlhdCI6MTc5NTM4MzEwMCwicHJuOjovc2NvcGU6cy9z" \
    "dHJlYW06dCI6IlJFQURfVVBEQVRFIiwiZXhwIjoxNzAwMDAwNjAwfQ"
#define RECORDED_SIGNATURE "1MdlLybqlfA-KHXJo3xpbWSfbv-J9MSmplWRmJHhVi4EzdJ5cUqgXLbxp0cCg34Yv6tkS-UEIKAEPAILRzB2Xg"
#define RECORDED_TOKEN "eyJhbGciOiJIUzUxMiJ9." RECORDED_CLAIMS "." RECORDED_SIGNATURE

START_TEST(a_recorded_token_says_when_it_ends)
{
    int64_t expires_s = 0;

    ck_assert(pravega_jwt_expiry(weir_view_str(RECORDED_TOKEN), &expires_s));
    ck_assert_int_eq(expires_s, 1700000600);
}
END_TEST

/* Method: a token cut at every length says nothing until its second part has ended, and then the same. */
START_TEST(a_token_cut_anywhere_does_no_harm)
{
    size_t whole = sizeof(RECORDED_TOKEN) - sizeof(RECORDED_SIGNATURE);

    for (size_t len = 0; len < sizeof(RECORDED_TOKEN) - 1; len++) {
        char *exact = malloc(len > 0 ? len : 1);
        int64_t expires_s = 5;

        memcpy(exact, RECORDED_TOKEN, len);
        ck_assert_int_eq(pravega_jwt_expiry(weir_view(exact, len), &expires_s), len >= whole);
        ck_assert_int_eq(expires_s, len >= whole ? 1700000600 : 5);
        free(exact);
    }
}
END_TEST

static const struct {
    const char *claims;
    int64_t expires_s; /* -1: it does not say */
} claims[] = {
    {"{\"exp\":1700000600}", 1700000600},
    {"{ \"exp\" : 17 , \"a\":\"b\"}", 17},
    {"{\"exp\":17", 17},
    {"{\"expires\":17}", -1},
    {"{\"exp\":\"17\"}", -1},
    {"{\"exp\":-17}", -1},
    {"{\"exp\":99999999999999999999999}", -1},
    {"{\"\"exp\":17}", 17},
    {"{}", -1},
    {"", -1},
};
#define CLAIMS_COUNT ((int)(sizeof(claims) / sizeof(claims[0])))

START_TEST(claims_are_searched_for_the_end)
{
    int64_t expires_s = -1;
    struct weir_buf token;

    weir_buf_init(&token, 1024);
    weir_buf_printf(&token, "e30.");
    weir_base64_append(&token, weir_view_str(claims[_i].claims));
    weir_buf_printf(&token, ".sig");
    ck_assert_int_eq(pravega_jwt_expiry(weir_buf_view(&token), &expires_s), claims[_i].expires_s != -1);
    ck_assert_int_eq(expires_s, claims[_i].expires_s);
    weir_buf_fini(&token);
}
END_TEST

START_TEST(other_texts_say_nothing)
{
    static const char *const texts[] = {
        "", "token", "a.b", "a." RECORDED_CLAIMS, "a." RECORDED_CLAIMS ".b.c", "a." RECORDED_CLAIMS "!.b", "..", "..."};
    int64_t expires_s = 5;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(!pravega_jwt_expiry(weir_view_str(texts[i]), &expires_s), "%s", texts[i]);
    ck_assert_int_eq(expires_s, 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("jwt");
    TCase *tc = tcase_create("jwt");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_test(tc, a_recorded_token_says_when_it_ends);
    tcase_add_test(tc, a_token_cut_anywhere_does_no_harm);
    tcase_add_loop_test(tc, claims_are_searched_for_the_end, 0, CLAIMS_COUNT);
    tcase_add_test(tc, other_texts_say_nothing);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? 0 : 1;
}
