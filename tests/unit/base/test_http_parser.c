/*
 * test_http_parser.c - requests of HTTP/1.1: what is understood, however it is cut, and what is refused with which
 * status.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/http_parser.h"

#define HEAD_LEN_MAX 512
#define HEADERS_MAX 8
#define BODY_LEN_MAX 64

static struct weir_http_parser *parser;
static struct weir_http_message message;

static void setup(void)
{
    struct weir_http_limits limits = {HEAD_LEN_MAX, HEADERS_MAX, BODY_LEN_MAX};

    ck_assert_int_eq(weir_http_parser_new(&limits, &parser, NULL), WEIR_OK);
}

static void teardown(void)
{
    weir_http_parser_free(parser);
}

static enum weir_status feed(const char *text)
{
    struct weir_view in = weir_view_str(text);

    return weir_http_parser_next(parser, &in, &message, NULL);
}

static bool is(struct weir_view view, const char *text)
{
    return weir_view_equal(view, weir_view_str(text));
}

static const char chunked_post[] = "\r\nPOST /v1/scopes?a=1 HTTP/1.1\r\nHost: here\r\nX-Two:\t of them \r\n"
                                   "Transfer-Encoding: Chunked\r\n\r\n5;ext=\"1\"\r\nfirst\r\n0a\r\n, and more\r\n0\r\n"
                                   "Trailer: dropped\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n";

static void expect_post(void)
{
    ck_assert_int_eq(message.method, WEIR_HTTP_POST);
    ck_assert(is(message.path, "/v1/scopes"));
    ck_assert(is(message.query, "a=1"));
    ck_assert(is(weir_http_header(&message, "x-tWO"), "of them"));
    ck_assert_ptr_null(weir_http_header(&message, "x-three").ptr);
    ck_assert_uint_eq(message.header_count, 3);
    ck_assert(is(message.body, "first, and more"));
    ck_assert(message.keep_alive);
}

/* Goal: requests do not depend on how the network slices them.
 * Method: two requests in one run of bytes, cut in two at every offset. */
START_TEST(a_cut_at_any_offset_makes_no_difference)
{
    struct weir_view parts[2] = {{(const uint8_t *)chunked_post, (size_t)_i},
                                 {(const uint8_t *)chunked_post + _i, sizeof(chunked_post) - 1 - (size_t)_i}};
    int whole = 0;

    for (int i = 0; i < 2; i++) {
        while (weir_http_parser_next(parser, &parts[i], &message, NULL) == WEIR_OK) {
            if (whole++ == 0)
                expect_post();
            else
                ck_assert(message.method == WEIR_HTTP_GET && is(message.path, "/") && message.body.len == 0);
        }
        ck_assert_uint_eq(parts[i].len, 0);
    }
    ck_assert_int_eq(whole, 2);
    ck_assert(!weir_http_parser_begun(parser));
}
END_TEST

static const struct {
    const char *text;
    bool keep_alive;
} connections[] = {
    {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
    {"GET / HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n", false},
    {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n", false},
    {"GET / HTTP/1.0\r\n\r\n", false},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
    {"GET http://h:1/a?b HTTP/1.1\r\nHost: h\r\n\r\n", true},
    {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", true},
    {"BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n", true},
    {"GET / HTTP/1.1\r\nHost:\r\nContent-Length: 0\r\n\r\n", true},
};

START_TEST(a_client_says_whether_it_goes_on)
{
    ck_assert_int_eq(feed(connections[_i].text), WEIR_OK);
    ck_assert(message.keep_alive == connections[_i].keep_alive);
    ck_assert_int_eq(message.method == WEIR_HTTP_OTHER, strncmp(connections[_i].text, "BREW", 4) == 0);
}
END_TEST

START_TEST(an_absolute_target_is_its_path)
{
    ck_assert_int_eq(feed("GET HTTP://user@h:1/a/b?c=/ HTTP/1.1\r\nHost: h\r\n\r\n"), WEIR_OK);
    ck_assert(is(message.path, "/a/b") && is(message.query, "c=/"));
    ck_assert_int_eq(feed("GET https://h HTTP/1.1\r\nHost: h\r\n\r\n"), WEIR_OK);
    ck_assert(is(message.path, "/"));
}
END_TEST

START_TEST(a_body_of_a_length_is_awaited)
{
    ck_assert_int_eq(feed("PUT /x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-Continue\r\n\r\n"),
                     WEIR_E_AGAIN);
    ck_assert(weir_http_parser_begun(parser));
    ck_assert(weir_http_parser_take_expectation(parser));
    ck_assert(!weir_http_parser_take_expectation(parser));
    ck_assert_int_eq(feed("bo"), WEIR_E_AGAIN);
    ck_assert_int_eq(feed("dy"), WEIR_OK);
    ck_assert(is(message.body, "body"));
    ck_assert_int_eq(feed("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n"), WEIR_OK);
    ck_assert(!weir_http_parser_take_expectation(parser)); /* nothing is awaited */
}
END_TEST

#define HEAD "GET / HTTP/1.1\r\nHost: h\r\n"
#define POST "POST / HTTP/1.1\r\nHost: h\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n"

static const struct {
    const char *text;
    enum weir_http_status status;
} refusals[] = {
    /* what could be read in two ways */
    {POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {POST "Content-Length: 1, 1\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {CHUNKED "Content-Length: 3\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {CHUNKED "Transfer-Encoding: chunked\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {POST "Transfer-Encoding: chunked, identity\r\n\r\n", WEIR_HTTP_NOT_IMPLEMENTED},
    {POST "Transfer-Encoding: gzip, chunked\r\n\r\n", WEIR_HTTP_NOT_IMPLEMENTED},
    {POST "Transfer-Encoding: xchunked\r\n\r\n", WEIR_HTTP_NOT_IMPLEMENTED},
    {POST "Transfer-Encoding : chunked\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {POST "Transfer-Encoding:\vchunked\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {"GET / HTTP/1.1\nHost: h\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {"GET / HTTP/1.1\r\nHost: h\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {HEAD "A: b\rC: d\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {HEAD "A: b\r\n c\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {HEAD " A: b\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {HEAD "Host: h\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {"GET / HTTP/1.1\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    /* lengths that are none, or too large */
    {POST "Content-Length: -1\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {POST "Content-Length: +1\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {POST "Content-Length: 0x1\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {POST "Content-Length: \r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {POST "Content-Length: 65\r\n\r\n", WEIR_HTTP_CONTENT_TOO_LARGE},
    {POST "Content-Length: 99999999999999999999999999999999999\r\n\r\n", WEIR_HTTP_CONTENT_TOO_LARGE},
    {CHUNKED "\r\n41\r\n", WEIR_HTTP_CONTENT_TOO_LARGE},
    {CHUNKED "\r\nffffffffffffffff\r\n", WEIR_HTTP_CONTENT_TOO_LARGE},
    {CHUNKED "\r\n1ffffffffffffffff\r\n", WEIR_HTTP_BAD_REQUEST},
    {CHUNKED "\r\n3f\r\n012345678901234567890123456789012345678901234567890123456789012\r\n2\r\n",
     WEIR_HTTP_CONTENT_TOO_LARGE},
    {CHUNKED "\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {CHUNKED "\r\n 1\r\n", WEIR_HTTP_BAD_REQUEST},
    {CHUNKED "\r\n-1\r\n", WEIR_HTTP_BAD_REQUEST},
    {CHUNKED "\r\n1\r\nab\r\n", WEIR_HTTP_BAD_REQUEST},
    {CHUNKED "\r\n1\na\r\n", WEIR_HTTP_BAD_REQUEST},
    {CHUNKED "\r\n0\r\nno trailer\r\n", WEIR_HTTP_BAD_REQUEST},
    /* request lines and headers that are none */
    {"GET  / HTTP/1.1\r\n", WEIR_HTTP_BAD_REQUEST},
    {"GET /\r\n", WEIR_HTTP_BAD_REQUEST},
    {"GET / HTTP/1.1 \r\n", WEIR_HTTP_BAD_REQUEST},
    {"G@T / HTTP/1.1\r\n", WEIR_HTTP_BAD_REQUEST},
    {"GET x HTTP/1.1\r\n", WEIR_HTTP_BAD_REQUEST},
    {"GET * HTTP/1.1\r\n", WEIR_HTTP_BAD_REQUEST},
    {"GET /#x HTTP/1.1\r\n", WEIR_HTTP_BAD_REQUEST},
    {"GET /\xc3\xa4 HTTP/1.1\r\n", WEIR_HTTP_BAD_REQUEST},
    {"GET / http/1.1\r\n", WEIR_HTTP_BAD_REQUEST},
    {"GET / HTTP/2.0\r\n", WEIR_HTTP_VERSION_NOT_SUPPORTED},
    {"PRI * HTTP/2.0\r\n", WEIR_HTTP_VERSION_NOT_SUPPORTED},
    {"\r\n\r\n", WEIR_HTTP_BAD_REQUEST},
    {HEAD "no colon\r\n", WEIR_HTTP_BAD_REQUEST},
    {HEAD ": x\r\n", WEIR_HTTP_BAD_REQUEST},
    {HEAD "Expect: the best\r\n", WEIR_HTTP_EXPECTATION_FAILED},
    {HEAD "1:\r\n2:\r\n3:\r\n4:\r\n5:\r\n6:\r\n7:\r\n8:\r\n", WEIR_HTTP_HEADERS_TOO_LARGE},
};

/* Goal: each is refused with its status however it is cut, and the parser stays dead. */
START_TEST(refused_with_its_status)
{
    size_t len = strlen(refusals[_i].text);

    for (size_t cut = 0; cut <= len; cut++) {
        struct weir_view parts[2] = {{(const uint8_t *)refusals[_i].text, cut},
                                     {(const uint8_t *)refusals[_i].text + cut, len - cut}};
        struct weir_error err = {0};
        enum weir_status status = weir_http_parser_next(parser, &parts[0], &message, &err);

        if (status == WEIR_E_AGAIN)
            status = weir_http_parser_next(parser, &parts[1], &message, &err);
        ck_assert_msg(status != WEIR_OK && status != WEIR_E_AGAIN, "taken: %s", refusals[_i].text);
        ck_assert_msg(weir_http_parser_refusal(parser) == refusals[_i].status, "%d, not %d, of %s",
                      weir_http_parser_refusal(parser), refusals[_i].status, refusals[_i].text);
        ck_assert_str_ne(err.message, "");
        ck_assert_str_ne(weir_http_reason(weir_http_parser_refusal(parser)), "");
        ck_assert_int_eq(feed("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), WEIR_E_STATE);
        teardown();
        setup();
    }
}
END_TEST

START_TEST(a_nul_is_refused)
{
    struct weir_view in = weir_view("GET /\0 HTTP/1.1\r\n", 17);

    ck_assert_int_eq(weir_http_parser_next(parser, &in, &message, NULL), WEIR_E_PROTO);
    ck_assert_int_eq(weir_http_parser_refusal(parser), WEIR_HTTP_BAD_REQUEST);
}
END_TEST

/* Goal: no line, and no number of lines, makes it take more than it was told to. */
START_TEST(endless_heads_are_refused)
{
    static const struct {
        const char *begin, *repeat;
        enum weir_http_status status;
    } heads[] = {
        {"GET /", "a", WEIR_HTTP_URI_TOO_LONG},
        {HEAD "A: ", "b", WEIR_HTTP_HEADERS_TOO_LARGE},
        {HEAD, "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: b\r\n",
         WEIR_HTTP_HEADERS_TOO_LARGE},
        {CHUNKED "\r\n1;", "x", WEIR_HTTP_BAD_REQUEST},
        {CHUNKED "\r\n0\r\n", "T: x\r\n", WEIR_HTTP_HEADERS_TOO_LARGE},
        {CHUNKED "\r\n0\r\nT:", "x", WEIR_HTTP_HEADERS_TOO_LARGE},
    };
    size_t sent = strlen(heads[_i].begin);

    ck_assert_int_eq(feed(heads[_i].begin), WEIR_E_AGAIN);
    while (feed(heads[_i].repeat) == WEIR_E_AGAIN) {
        sent += strlen(heads[_i].repeat);
        ck_assert_uint_lt(sent, 2 * HEAD_LEN_MAX);
    }
    ck_assert_int_eq(weir_http_parser_refusal(parser), heads[_i].status);
}
END_TEST

START_TEST(parts_are_decoded)
{
    char out[8];
    struct weir_view value;

    ck_assert_int_eq(weir_http_decode(weir_view_str("a%2Fb+c"), false, out, sizeof(out)), 5);
    ck_assert_str_eq(out, "a/b+c");
    ck_assert_int_eq(weir_http_decode(weir_view_str("a+%c3%A4"), true, out, sizeof(out)), 4);
    ck_assert_str_eq(out, "a \xc3\xa4");
    ck_assert_int_eq(weir_http_decode(weir_view_str("1234567"), true, out, sizeof(out)), 7);
    ck_assert_int_eq(weir_http_decode(weir_view_str("12345678"), true, out, sizeof(out)), -1);
    ck_assert_int_eq(weir_http_decode(weir_view_str("%"), true, out, sizeof(out)), -1);
    ck_assert_int_eq(weir_http_decode(weir_view_str("%2"), true, out, sizeof(out)), -1);
    ck_assert_int_eq(weir_http_decode(weir_view_str("%g0"), true, out, sizeof(out)), -1);
    ck_assert_int_eq(weir_http_decode(weir_view_str("%00"), true, out, sizeof(out)), -1);
    ck_assert_int_eq(weir_http_decode(weir_view_str(""), true, out, sizeof(out)), 0);
    ck_assert(weir_http_query_find(weir_view_str("a=1&b=&c&bb=2"), "bb", &value) && is(value, "2"));
    ck_assert(weir_http_query_find(weir_view_str("a=1&b=&c&bb=2"), "c", &value) && value.len == 0);
    ck_assert(weir_http_query_find(weir_view_str("a=1=2"), "a", &value) && is(value, "1=2"));
    ck_assert(!weir_http_query_find(weir_view_str("aa=1"), "a", &value));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("http_parser");
    TCase *tc = tcase_create("requests");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_loop_test(tc, a_cut_at_any_offset_makes_no_difference, 0, sizeof(chunked_post));
    tcase_add_loop_test(tc, a_client_says_whether_it_goes_on, 0, sizeof(connections) / sizeof(connections[0]));
    tcase_add_test(tc, an_absolute_target_is_its_path);
    tcase_add_test(tc, a_body_of_a_length_is_awaited);
    tcase_add_loop_test(tc, refused_with_its_status, 0, sizeof(refusals) / sizeof(refusals[0]));
    tcase_add_test(tc, a_nul_is_refused);
    tcase_add_loop_test(tc, endless_heads_are_refused, 0, 6);
    tcase_add_test(tc, parts_are_decoded);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
