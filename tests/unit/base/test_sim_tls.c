/*
 * test_sim_tls.c - TLS over simulated pipes: the handshake and the bytes survive every way the network slices them, and
 * a cut in any of its states is an error of the connection. (OpenSSL has randomness of its own: these runs are checked
 * for their outcome, and do not repeat to the byte.)
 */
#include "sim_echo.h"

#include "tls_certs.h"

#define GOAL 200000

static void chat(uint64_t seed, uint32_t cut_per_million, const struct tls_certs *certs)
{
    struct weir_sim_options options = {.seed = seed, .cut_per_million = cut_per_million};
    struct weir_tls_options server_rules = {.certificate = certs->certificate, .private_key = certs->private_key},
                            client_rules = {.trust_store = certs->authority};
    struct weir_sim *sim;
    struct weir_host *server_host, *client_host;
    struct weir_loop *loop;
    struct echo_server server = {0};
    struct echo_client client = {0};

    ck_assert_int_eq(weir_tls_new(&server_rules, &server.tls, NULL), WEIR_OK);
    ck_assert_int_eq(weir_tls_new(&client_rules, &client.tls, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_new(&options, &sim, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "server", "disk-s", &server_host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_sim_host_new(sim, "client", "disk-c", &client_host, NULL), WEIR_OK);
    echo_server_start(&server, server_host);
    ck_assert_int_eq(weir_loop_new(client_host, "client", &loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_start(loop, NULL), WEIR_OK);
    echo_client_start(&client, sim, loop, GOAL);
    ck_assert(weir_sim_run(sim, echo_client_done, &client, 600 * WEIR_NS_PER_S));
    ck_assert_uint_eq(client.error_count > 0, cut_per_million > 0);
    weir_sim_host_silence(server_host);
    weir_sim_run(sim, NULL, NULL, 5 * WEIR_NS_PER_MS); /* the client hears of it */
    echo_server_free(&server);
    weir_host_free(server_host);
    weir_sim_host_silence(client_host);
    echo_client_free(&client);
    weir_loop_free(loop);
    weir_host_free(client_host);
    weir_sim_free(sim);
    weir_tls_unref(server.tls);
    weir_tls_unref(client.tls);
}

static struct tls_certs certs;

static void make_certs(void)
{
    tls_certs_make(&certs, "DNS:localhost");
}

static void remove_certs(void)
{
    tls_certs_remove(&certs);
}

START_TEST(bytes_come_back_whole)
{
    chat((uint64_t)_i, 0, &certs);
}
END_TEST

START_TEST(cuts_are_errors_and_nothing_else)
{
    chat((uint64_t)_i, 100000, &certs);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_tls");
    TCase *tc = tcase_create("sim_tls");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 60);
    tcase_add_unchecked_fixture(tc, make_certs, remove_certs);
    tcase_add_loop_test(tc, bytes_come_back_whole, 0, 5);
    tcase_add_loop_test(tc, cuts_are_errors_and_nothing_else, 0, 10);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
