/*
 * test_controller_uri.c - which controller URIs are taken, and what is said of the others.
 */
#include "pravega/controller_uri.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static const struct good {
    const char *uri;
    bool tls;
    size_t count;
    const char *last_host;
    uint16_t last_port;
} goods[] = {
    {"tcp://localhost:9090", false, 1, "localhost", 9090},
    {"pravega://10.0.0.1:1", false, 1, "10.0.0.1", 1},
    {"tls://controller.example.org:443", true, 1, "controller.example.org", 443},
    {"ssl://a:9090", true, 1, "a", 9090},
    {"pravegas://a:9090,b:65535", true, 2, "b", 65535},
    {"TCP://a:1,b:2,c_d-e:3", false, 3, "c_d-e", 3},
    {"tcp://[::1]:9090", false, 1, "::1", 9090},
    {"tcp://a:1,[fe80::1%eth0]:2/", false, 2, "fe80::1%eth0", 2},
    {"tcp://localhost:9090/", false, 1, "localhost", 9090},
};

static const struct bad {
    const char *uri, *words;
} bads[] = {
    {"localhost:9090", "has no scheme"},
    {"", "has no scheme"},
    {"http://localhost:9090", "scheme is one of tcp, pravega, tls, ssl and pravegas"},
    {"://localhost:9090", "scheme is one of"},
    {"tcp://localhost", "\"localhost\" has no port"},
    {"tcp://", "\"\" has no port"},
    {"tcp://a:1,b", "\"b\" has no port"},
    {"tcp://a:1,", "\"\" has no port"},
    {"tcp://[::1]", "has no port"},
    {"tcp://[::1", "has no port"},
    {"tcp://[::1]9090", "has no port"},
    {"tcp://[store:9090]:9090", "is not host:port"},
    {"tcp://[%eth0:]:9090", "is not host:port"},
    {"tcp://:9090", "is not host:port"},
    {"tcp://a b:9090", "is not host:port"},
    {"tcp://user@host:9090", "is not host:port"},
    {"tcp://a:", "port \"\" is not 1..65535"},
    {"tcp://a:0", "port \"0\" is not 1..65535"},
    {"tcp://a:65536", "port \"65536\""},
    {"tcp://a:99999999999", "port \"99999999999\""},
    {"tcp://a:90x", "port \"90x\""},
    {"tcp://a:-1", "port \"-1\""},
    {"tcp://::1:9090", "is not host:port"},
    {"tls://[1.2.3.4]:9090", "is not host:port"},
    {"tcp://a:9090/scope/stream", "\"/scope/stream\" does not belong there"},
};

START_TEST(good_uris_are_taken)
{
    const struct good *good = &goods[_i];
    struct pravega_controller_uri uri;
    struct weir_error err = {0};

    ck_assert_msg(pravega_controller_uri_parse(good->uri, &uri, &err) == WEIR_OK, "%s: %s", good->uri, err.message);
    ck_assert_int_eq(uri.tls, good->tls);
    ck_assert_uint_eq(uri.count, good->count);
    ck_assert_str_eq(uri.at[uri.count - 1].host, good->last_host);
    ck_assert_uint_eq(uri.at[uri.count - 1].port, good->last_port);
}
END_TEST

START_TEST(bad_uris_are_refused_with_words)
{
    const struct bad *bad = &bads[_i];
    struct pravega_controller_uri uri = {.count = 77};
    struct weir_error err = {0};

    ck_assert_int_eq(pravega_controller_uri_parse(bad->uri, &uri, &err), WEIR_E_INVAL);
    ck_assert_msg(strstr(err.message, bad->words) != NULL, "%s: %s", bad->uri, err.message);
    ck_assert_uint_eq(uri.count, 77);
}
END_TEST

START_TEST(there_is_a_most_of_controllers_and_of_a_name)
{
    char text[1024] = "tcp://a:1";
    struct pravega_controller_uri uri;
    struct weir_error err = {0};

    for (int i = 1; i < PRAVEGA_CONTROLLERS_MAX; i++)
        strcat(text, ",a:1");
    ck_assert_int_eq(pravega_controller_uri_parse(text, &uri, NULL), WEIR_OK);
    ck_assert_uint_eq(uri.count, PRAVEGA_CONTROLLERS_MAX);
    strcat(text, ",a:1");
    ck_assert_int_eq(pravega_controller_uri_parse(text, &uri, &err), WEIR_E_INVAL);
    ck_assert_ptr_nonnull(strstr(err.message, "more than 16"));

    snprintf(text, sizeof(text), "tcp://%0*d:1", PRAVEGA_HOST_LEN_MAX, 0);
    ck_assert_int_eq(pravega_controller_uri_parse(text, &uri, NULL), WEIR_OK);
    snprintf(text, sizeof(text), "tcp://%0*d:1", PRAVEGA_HOST_LEN_MAX + 1, 0);
    ck_assert_int_eq(pravega_controller_uri_parse(text, &uri, NULL), WEIR_E_INVAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("controller_uri");
    TCase *tc = tcase_create("controller_uri");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tc, good_uris_are_taken, 0, sizeof(goods) / sizeof(goods[0]));
    tcase_add_loop_test(tc, bad_uris_are_refused_with_words, 0, sizeof(bads) / sizeof(bads[0]));
    tcase_add_test(tc, there_is_a_most_of_controllers_and_of_a_name);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}
