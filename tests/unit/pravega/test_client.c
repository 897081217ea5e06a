/*
 * test_client.c - the options of a client: defaults, credentials, and what is refused.
 */
#include "pravega/client.h"

#include "scripted_controller.h"

static const struct {
    struct pravega_client_options options;
    const char *authorization;
} credentials[] = {
    {{.auth_method = NULL}, ""},
    {{.auth_method = "Basic", .auth_token = "admin:1111_aaaa"}, "Basic YWRtaW46MTExMV9hYWFh"},
    {{.auth_method = "Basic", .auth_token = "YWRtaW46MTExMV9hYWFh"}, "Basic YWRtaW46MTExMV9hYWFh"},
    {{.auth_method = "Basic", .auth_token = "a:"}, "Basic YTo="},
    {{.auth_method = "Basic", .auth_token = ":"}, "Basic Og=="},
    {{.auth_method = "Bearer", .auth_token = "a.b.c"}, "Bearer a.b.c"},
    {{.auth_method = "Bearer", .auth_token = "a:b"}, "Bearer a:b"},
};

START_TEST(credentials_are_sent_with_each_call)
{
    struct world *world = world_new(&credentials[_i].options);
    struct pravega_call call = {0};
    struct result result = {0};

    SCRIPT(world, {.hex = ""});
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &result);
    world_await(world, &result);
    ck_assert_str_eq(world->seen[0].authorization, credentials[_i].authorization);
    world_free(world);
}
END_TEST

static const struct {
    struct pravega_client_options options;
    const char *words;
} refused[] = {
    {{.controller_uri = "localhost"}, "has no scheme"},
    {{.auth_method = "Basic"}, "auth_method"},
    {{.auth_token = "x"}, "auth_method"},
    {{.auth_method = "", .auth_token = "x"}, "auth_method"},
    {{.auth_method = "Bearer", .auth_token = "x\r\nhost: evil"}, "printable"},
    {{.auth_method = "Be\nrer", .auth_token = "x"}, "printable"},
    {{.rpc_timeout_ms = -1}, "rpc_timeout_ms"},
    {{.rpc_timeout_ms = INT64_MAX}, "rpc_timeout_ms"},
    {{.retry.initial_backoff_ms = -1}, "retry"},
    {{.retry.max_backoff_ms = -1}, "retry"},
    {{.retry.retry_attempts = -1}, "retry"},
    {{.retry.backoff_multiple = -1}, "retry"},
    {{.retry = {.initial_backoff_ms = 10, .max_backoff_ms = 5}}, "retry"},
    {{.controller_uri = "tls://a:1", .trust_store = "/nowhere/ca.pem"}, "/nowhere/ca.pem"},
};

START_TEST(options_that_cannot_be_are_refused)
{
    struct world *world = world_new_deaf(NULL);
    struct pravega_client *client = NULL;
    struct weir_error err = {0};

    ck_assert_int_eq(pravega_client_new(world->client_loop, &refused[_i].options, &client, &err), WEIR_E_INVAL);
    ck_assert_ptr_null(client);
    ck_assert_msg(strstr(err.message, refused[_i].words) != NULL, "%s", err.message);
    world_free(world);
}
END_TEST

START_TEST(defaults_are_upstreams)
{
    struct world *world = world_new_deaf(NULL);
    struct pravega_client *client;

    ck_assert_int_eq(pravega_client_new(world->client_loop, NULL, &client, NULL), WEIR_OK);
    ck_assert_str_eq(pravega_client_uri(client), "tcp://localhost:9090");
    ck_assert_ptr_eq(pravega_client_loop(client), world->client_loop);
    ck_assert_int_eq(client->retry.initial_backoff_ms, 1);
    ck_assert_int_eq(client->retry.max_backoff_ms, 20000);
    ck_assert_int_eq(client->retry.retry_attempts, 10);
    ck_assert_int_eq(client->retry.backoff_multiple, 10);
    ck_assert_int_eq(client->rpc_timeout_ms, 120000);
    pravega_client_free(client);
    pravega_client_free(NULL);
    world_free(world);
}
END_TEST

static void add_cases(TCase *tc)
{
    tcase_add_loop_test(tc, credentials_are_sent_with_each_call, 0, sizeof(credentials) / sizeof(credentials[0]));
    tcase_add_loop_test(tc, options_that_cannot_be_are_refused, 0, sizeof(refused) / sizeof(refused[0]));
    tcase_add_test(tc, defaults_are_upstreams);
}

int main(void)
{
    return run_cases("client", add_cases);
}
