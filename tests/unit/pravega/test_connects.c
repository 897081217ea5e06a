/*
 * test_connects.c - ten thousand clients, one after the other, leave nothing behind: no descriptor, and no memory
 * (which the address sanitizer's build finds out).
 */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/grpc.h"
#include "pravega/client.h"
#include "pravega/streams.h"
#include "weir/host.h"

#define CONNECT_COUNT 10000

static void serve(void *arg, struct weir_grpc_request *request, const char *path, const char *authorization,
                  struct weir_view message)
{
    int *served = arg;

    (void)path, (void)authorization, (void)message;
    ++*served;
    weir_grpc_answer(request, WEIR_GRPC_OK, weir_view(NULL, 0), NULL); /* an empty message: SUCCESS */
}

static void on_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    ck_assert_msg(status == WEIR_OK, "%s", why->message);
    weir_loop_stop(arg);
}

static int descriptor_count(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    ck_assert_ptr_nonnull(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void connect_once(struct weir_loop *loop, const char *uri)
{
    struct pravega_client_options options = {.controller_uri = uri, .auth_method = "Basic", .auth_token = "a:b"};
    struct pravega_client *client;

    ck_assert_int_eq(pravega_client_new(loop, &options, &client, NULL), WEIR_OK);
    pravega_scope_create(client, "demo", on_done, loop);
    weir_loop_run(loop);
    pravega_client_free(client);
}

START_TEST(ten_thousand_connects_leave_nothing_behind)
{
    struct weir_target at = {"127.0.0.1", 0, NULL};
    struct weir_host *host;
    struct weir_loop *loop;
    struct weir_grpc_server *server;
    int served = 0, before;
    char uri[64];

    ck_assert_int_eq(weir_host_new(NULL, &host, NULL), WEIR_OK);
    ck_assert_int_eq(weir_loop_new(host, "connects", &loop, NULL), WEIR_OK);
    ck_assert_int_eq(weir_grpc_server_new(loop, &at, serve, &served, &server, NULL), WEIR_OK);
    snprintf(uri, sizeof(uri), "tcp://127.0.0.1:%u", weir_grpc_server_port(server));
    connect_once(loop, uri);
    before = descriptor_count();
    for (int i = 1; i < CONNECT_COUNT; i++)
        connect_once(loop, uri);
    ck_assert_int_eq(served, CONNECT_COUNT);
    ck_assert_int_le(descriptor_count(), before + 1); /* the server's end of the last one may be closing */
    weir_grpc_server_free(server);
    weir_loop_free(loop);
    weir_host_free(host);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("connects");
    TCase *tc = tcase_create("connects");
    SRunner *runner;
    int failed;

    tcase_add_test(tc, ten_thousand_connects_leave_nothing_behind);
    tcase_set_timeout(tc, 100);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
