/*
 * test_health.c - what health and metrics say while the disk is full and after it has failed, in a simulated world.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim_client.h"
#include "weir/fs.h"
#include "weir/store.h"

#define LIMIT_NS (60 * WEIR_NS_PER_S)

static struct weir_sim *sim;
static struct weir_host *host;
static struct weir_loop *loop;
static struct weir_store *store;

static void setup(void)
{
    struct weir_store_options options = {.rest = true};

    ck_assert_int_eq(weir_sim_new(&(struct weir_sim_options){.seed = 3, .log_fd = -1}, &sim, NULL), WEIR_OK);
    sim_machine_begin(sim, "store", &host, &loop);
    ck_assert_int_eq(weir_store_open(loop, &options, &store, NULL), WEIR_OK);
}

static void teardown(void)
{
    weir_store_close(store);
    sim_machine_end(host, loop);
    weir_sim_free(sim);
}

/* --- One request ------------------------------------------------------------------------------------------------ */

static void client_open(struct sim_client *client, const char *method_and_path, const char *body)
{
    struct weir_target to = {.host = "127.0.0.1", .port = weir_store_rest_port(store)};

    *client = (struct sim_client){0};
    sim_client_open(client, loop, &to, 1 << 20);
    weir_buf_printf(&client->out,
                    "%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: application/json\r\n"
                    "Content-Length: %zu\r\n\r\n%s",
                    method_and_path, strlen(body), body);
    sim_client_push(client);
}

static void ck_has(struct sim_client *client, const char *text)
{
    ck_assert(weir_sim_run(sim, sim_client_ended, client, LIMIT_NS));
    weir_buf_u8(&client->in, 0);
    ck_assert_msg(strstr((const char *)client->in.ptr, text) != NULL, "no %s in %s", text, client->in.ptr);
    sim_client_close(client);
}

static void ck_says(const char *method_and_path, const char *body, const char *text)
{
    struct sim_client client;

    client_open(&client, method_and_path, body);
    ck_has(&client, text);
}

/* --- Tests ------------------------------------------------------------------------------------------------------ */

/* Goal: a full disk makes the store not ready but alive, and it recovers by itself. What was asked for before it was
 * known waits, and is answered in the end; what is asked for meanwhile is refused. */
START_TEST(a_full_disk)
{
    struct sim_client first;

    ck_says("POST /v1/scopes", "{\"scopeName\":\"before\"}", "HTTP/1.1 201 ");
    weir_sim_disk_capacity(sim, "store", 1);
    client_open(&first, "POST /v1/scopes", "{\"scopeName\":\"first\"}");
    ck_assert(!weir_sim_run(sim, sim_client_ended, &first, 2 * WEIR_NS_PER_S));
    ck_says("GET /v1/health/readiness", "", "\r\n\r\nfalse");
    ck_says("GET /v1/health/liveness", "", "\r\n\r\ntrue");
    ck_says("GET /v1/health/status", "", "\"STARTING\"");
    ck_says("GET /v1/health/details/log", "", "no space left");
    ck_says("GET /metrics", "", "\nweir_store_disk_full 1\n");
    ck_says("GET /v1/health/log", "", "\"details\":{\"waiting\":\"no space left on the disk\"}");
    ck_says("POST /v1/scopes", "{\"scopeName\":\"second\"}", "HTTP/1.1 507 ");
    ck_says("GET /v1/scopes", "", "HTTP/1.1 507 ");
    weir_sim_disk_capacity(sim, "store", 0);
    ck_has(&first, "HTTP/1.1 201 ");
    ck_says("GET /v1/health/readiness", "", "\r\n\r\ntrue");
    ck_says("GET /metrics", "", "\nweir_store_disk_full 0\n");
    ck_says("GET /v1/scopes", "", "{\"scopeName\":\"before\"},{\"scopeName\":\"first\"}]}");
}
END_TEST

/* Goal: where there are accounts, what is wrong is told to those who may know it, and nobody else. */
START_TEST(details_are_not_for_everybody)
{
    static const char quiet[] = "{\"name\":\"log\",\"status\":\"STARTING\",\"readiness\":false,\"liveness\":true,"
                                "\"details\":{},\"children\":{}}";
    struct weir_store_options options = {.rest = true, .auth_accounts = "accounts"};
    struct weir_file *file;

    weir_store_close(store);
    store = NULL;
    ck_assert_int_eq(weir_fs_open(weir_host_fs(host), "accounts", WEIR_OPEN_WRITE | WEIR_OPEN_CREATE, &file, NULL),
                     WEIR_OK);
    weir_file_close(file);
    weir_sim_disk_capacity(sim, "store", 1);
    ck_assert_int_eq(weir_store_open(loop, &options, &store, NULL), WEIR_OK);
    sim_pass(sim, WEIR_NS_PER_S); /* it has a key of tokens to keep */
    ck_says("GET /v1/health/status", "", "\"STARTING\"");
    ck_says("GET /v1/health", "", quiet);
    ck_says("GET /v1/health/log", "", quiet);
    ck_says("GET /v1/health/details/log", "", "HTTP/1.1 401 ");
    weir_sim_disk_capacity(sim, "store", 0);
}
END_TEST

/* Goal: after the disk has failed the store is not alive, says why, and tells nothing that it can't stand for. */
START_TEST(a_failed_disk)
{
    ck_says("POST /v1/scopes", "{\"scopeName\":\"before\"}", "HTTP/1.1 201 ");
    weir_sim_disk_fail_sync(sim, "store", 0, WEIR_E_IO);
    ck_says("POST /v1/scopes", "{\"scopeName\":\"lost\"}", "HTTP/1.1 503 ");
    ck_says("GET /v1/health/liveness", "", "\r\n\r\nfalse");
    ck_says("GET /v1/health/readiness", "", "\r\n\r\nfalse");
    ck_says("GET /v1/health/status", "", "\"FAILED\"");
    ck_says("GET /v1/health/details/log", "", "\"failure\":\"");
    ck_says("GET /metrics", "", "\nweir_store_failed 1\n");
    ck_says("GET /v1/scopes", "", "HTTP/1.1 503 ");
}
END_TEST

/* Goal: quantiles are of the last minutes, sums of all time. */
START_TEST(figures_of_the_last_minutes)
{
    ck_says("POST /v1/scopes", "{\"scopeName\":\"before\"}", "HTTP/1.1 201 ");
    ck_says("GET /metrics", "", "weir_store_log_group_records{quantile=\"1\"} 2\n"); /* what a new folder gets */
    sim_pass(sim, 150 * WEIR_NS_PER_S);
    ck_says("GET /metrics", "", "weir_store_log_group_records{quantile=\"1\"} 0\n");
    ck_says("GET /metrics", "", "pravega_controller_scope_created_total 1\n");
    ck_says("GET /metrics", "", "weir_store_uptime_seconds 15");
    ck_says("GET /metrics", "", "\nprocess_resident_memory_bytes 0\n"); /* a simulation has no such file */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("health");
    TCase *tc = tcase_create("health");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_full_disk);
    tcase_add_test(tc, details_are_not_for_everybody);
    tcase_add_test(tc, a_failed_disk);
    tcase_add_test(tc, figures_of_the_last_minutes);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
