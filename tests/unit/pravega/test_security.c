/*
 * test_security.c - credentials from the environment and from a function, controllers that name each other, delegation
 * tokens that are shared and replaced in time.
 */
#include "pravega/tokens.h"
#include "scripted_controller.h"

/* ---- the environment */

#define PROPERTY(name) "pravega.client.auth." name
#define VARIABLE(name) "pravega_client_auth_" name

static const struct {
    const char *set[8]; /* name, value, ... */
    struct pravega_client_options given;
    enum weir_status status;
    const char *method, *token;
} environments[] = {
    {{NULL}, {0}, WEIR_OK, NULL, NULL},
    {{VARIABLE("method"), "Basic", VARIABLE("token"), "a:b"}, {0}, WEIR_OK, "Basic", "a:b"},
    {{VARIABLE("method"), "Basic", VARIABLE("token"), "a:b", PROPERTY("method"), "Bearer", PROPERTY("token"), "t"},
     {0},
     WEIR_OK,
     "Bearer",
     "t"},
    /* One place as a whole: a property's method does not take a variable's token. */
    {{VARIABLE("method"), "Basic", VARIABLE("token"), "a:b", PROPERTY("method"), "Bearer"}, {0}, WEIR_E_INVAL},
    {{VARIABLE("method"), "Basic", VARIABLE("token"), "a:b", PROPERTY("token"), "t"}, {0}, WEIR_OK, "Basic", "a:b"},
    {{VARIABLE("method"), "", VARIABLE("token"), "a:b"}, {0}, WEIR_OK, NULL, NULL},
    {{VARIABLE("method"), "Basic", VARIABLE("token"), "a:b"},
     {.auth_method = "Bearer", .auth_token = "mine"},
     WEIR_OK,
     "Bearer",
     "mine"},
    {{VARIABLE("method"), "X", VARIABLE("loadDynamic"), "true"}, {0}, WEIR_E_UNSUPPORTED},
    {{VARIABLE("method"), "X", VARIABLE("token"), "t", VARIABLE("loadDynamic"), "false"}, {0}, WEIR_OK, "X", "t"},
    {{"PRAVEGA_VALIDATE_HOST_NAME", "perhaps"}, {0}, WEIR_E_INVAL},
};

START_TEST(credentials_come_from_one_place)
{
    struct world *world = world_new_deaf(NULL);
    struct pravega_client_options options = environments[_i].given;
    struct weir_error err = {0};

    for (size_t i = 0; i < 8 && environments[_i].set[i] != NULL; i += 2)
        weir_sim_host_set_env(world->client_host, environments[_i].set[i], environments[_i].set[i + 1]);
    ck_assert_int_eq(pravega_client_options_from_environment(world->client_host, &options, &err),
                     environments[_i].status);
    if (environments[_i].status == WEIR_OK) {
        ck_assert_pstr_eq(options.auth_method, environments[_i].method);
        ck_assert_pstr_eq(options.auth_token, environments[_i].token);
    } else {
        ck_assert_str_ne(err.message, "");
    }
    world_free(world);
}
END_TEST

START_TEST(the_rest_comes_from_the_environment_where_it_is_not_given)
{
    struct world *world = world_new_deaf(NULL);
    struct pravega_client_options options = {.controller_uri = "tcp://mine:1"};

    weir_sim_host_set_env(world->client_host, "PRAVEGA_CONTROLLER_URI", "tcp://theirs:1");
    weir_sim_host_set_env(world->client_host, "PRAVEGA_TRUST_STORE", "/ca.pem");
    weir_sim_host_set_env(world->client_host, "PRAVEGA_VALIDATE_HOST_NAME", "false");
    ck_assert_int_eq(pravega_client_options_from_environment(world->client_host, &options, NULL), WEIR_OK);
    ck_assert_str_eq(options.controller_uri, "tcp://mine:1");
    ck_assert_str_eq(options.trust_store, "/ca.pem");
    ck_assert(options.skip_hostname_validation);
    world_free(world);
}
END_TEST

/* ---- a function that gives tokens */

struct giver {
    const char *now, *when_refused;
    int refused_count;
};

static const char *give(void *arg, const char *refused)
{
    struct giver *giver = arg;

    if (refused == NULL)
        return giver->now;
    giver->refused_count++;
    giver->now = giver->when_refused;
    return giver->now;
}

START_TEST(a_refused_token_is_replaced_once)
{
    struct giver giver = {"old", "new", 0};
    struct world *world =
        world_new(&(struct pravega_client_options){.auth_method = "Bearer", .auth_token_of = give, .auth_arg = &giver});
    struct pravega_call call = {0};
    struct result first = {0}, second = {0};

    SCRIPT(world, {.code = WEIR_GRPC_UNAUTHENTICATED}, {.hex = ""}, {.code = WEIR_GRPC_UNAUTHENTICATED});
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &first);
    world_await(world, &first);
    ck_assert_int_eq(first.status, WEIR_OK);
    ck_assert_str_eq(world->seen[0].authorization, "Bearer old");
    ck_assert_str_eq(world->seen[1].authorization, "Bearer new");
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &second);
    world_await(world, &second);
    ck_assert_int_eq(second.status, WEIR_E_AUTH);
    ck_assert_uint_eq(world->seen_count, 3);
    ck_assert_int_eq(giver.refused_count, 2);
    world_free(world);
}
END_TEST

START_TEST(no_token_is_no_call)
{
    struct giver giver = {0};
    struct world *world =
        world_new(&(struct pravega_client_options){.auth_method = "Bearer", .auth_token_of = give, .auth_arg = &giver});
    struct pravega_call call = {0};
    struct result result = {0};

    SCRIPT(world, {.hex = ""});
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_AUTH);
    ck_assert_uint_eq(world->seen_count, 0);
    world_free(world);
}
END_TEST

/* ---- controllers that name each other */

/* NodeUri {"server", 9091} in a list: the call that follows goes there; what was listened to before is gone. */
START_TEST(named_controllers_are_asked_for_and_gone_to)
{
    struct world *world = world_new(&(struct pravega_client_options){.controller_uri = "pravega://server:9090"});
    struct pravega_call call = {0};
    struct result result = {0};

    SCRIPT(world, {.hex = "0a0b 0a06 736572766572 10 8347"}, {.hex = ""});
    world_run_ms(world, 100);
    assert_seen(world, 0, "getControllerServerList");
    ck_assert_uint_eq(pravega_controllers_port(world->client->controllers), 9091);
    world_deafen(world);
    world_listen(world, 9091);
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_OK);
    world_run_ms(world, 121000);
    assert_seen(world, 2, "getControllerServerList");
    world_free(world);
}
END_TEST

START_TEST(a_cluster_that_cannot_name_its_controllers_is_of_use)
{
    struct world *world = world_new(&(struct pravega_client_options){.controller_uri = "pravega://server:9090"});
    struct pravega_call call = {0};
    struct result result = {0};

    SCRIPT(world, {.code = WEIR_GRPC_UNKNOWN, .words = "Controller cluster not initialized"}, {.hex = ""});
    world_run_ms(world, 100);
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_OK);
    ck_assert_uint_eq(pravega_controllers_port(world->client->controllers), 9090);
    world_run_ms(world, 10500); /* asked again after 10 s */
    assert_seen(world, 2, "getControllerServerList");
    world_free(world);
}
END_TEST

/* ---- delegation tokens */

struct holder {
    struct pravega_token_user user;
    int told;
    enum weir_status status;
    char text[256];
};

static void hold(void *arg, enum weir_status status, struct weir_view token, const struct weir_error *why)
{
    struct holder *holder = arg;

    (void)why;
    holder->told++;
    holder->status = status;
    snprintf(holder->text, sizeof(holder->text), "%.*s", (int)token.len, (const char *)token.ptr);
}

static void ask(struct world *world, struct holder *holder, enum pravega_access access)
{
    static const struct pravega_stream_name stream = {"demo", "a"};

    holder->user.on_token = hold;
    holder->user.arg = holder;
    ck_assert_int_eq(pravega_tokens_ask(world->client->tokens, &holder->user, &stream, access, NULL), WEIR_OK);
}

static struct world *guarded_world(void)
{
    return world_new(&(struct pravega_client_options){.auth_method = "Basic", .auth_token = "a:b"});
}

/* In DelegationToken, field 1: "e30.eyJleHAiOjE3NjcyMjU2NjB9.s", whose exp is 60 s after the simulated world began. */
#define TOKEN_OF_60_S "0a1e 6533302e65794a6c654841694f6a45334e6a63794d6a55324e6a42392e73"
#define TOKEN_FOR_EVER "0a01 78"

START_TEST(holders_share_a_token)
{
    struct world *world = guarded_world();
    struct holder a = {0}, b = {0}, other = {0};

    SCRIPT(world, {.hex = TOKEN_FOR_EVER});
    ask(world, &a, PRAVEGA_ACCESS_READ);
    ask(world, &b, PRAVEGA_ACCESS_READ);
    ask(world, &other, PRAVEGA_ACCESS_WRITE);
    ck_assert_int_eq(a.told, 0); /* never from within the call */
    world_run_ms(world, 100);
    ck_assert(a.told == 1 && b.told == 1 && other.told == 1);
    ck_assert_str_eq(a.text, "x");
    ck_assert_uint_eq(world->seen_count, 2);
    pravega_token_leave(&a.user);
    ask(world, &a, PRAVEGA_ACCESS_READ);
    world_run_ms(world, 3600000);
    ck_assert_int_eq(a.told, 2);
    ck_assert_uint_eq(world->seen_count, 2);
    pravega_token_leave(&a.user);
    pravega_token_leave(&b.user);
    pravega_token_leave(&other.user);
    world_free(world);
}
END_TEST

START_TEST(a_token_is_replaced_before_it_ends_and_all_holders_get_it)
{
    struct world *world = guarded_world();
    struct holder a = {0}, b = {0};
    int64_t renewed_ms = 60000 - PRAVEGA_TOKEN_RENEW_BEFORE_MS - world->start_ns / WEIR_NS_PER_MS;

    SCRIPT(world, {.hex = TOKEN_OF_60_S}, {.hex = TOKEN_FOR_EVER});
    ask(world, &a, PRAVEGA_ACCESS_READ);
    ask(world, &b, PRAVEGA_ACCESS_READ);
    world_run_ms(world, renewed_ms - 100);
    ck_assert_uint_eq(world->seen_count, 1);
    ck_assert(a.told == 1 && b.told == 1);
    world_run_ms(world, 200);
    ck_assert_uint_eq(world->seen_count, 2);
    ck_assert_int_ge(world->seen[1].at_ms, renewed_ms);
    ck_assert(a.told == 2 && b.told == 2);
    ck_assert_str_eq(b.text, "x");
    pravega_token_leave(&a.user);
    pravega_token_leave(&b.user);
    world_free(world);
}
END_TEST

START_TEST(a_token_that_a_store_found_expired_is_replaced)
{
    struct world *world = guarded_world();
    struct holder a = {0};

    SCRIPT(world, {.hex = TOKEN_FOR_EVER}, {.hex = "0a01 79"});
    ask(world, &a, PRAVEGA_ACCESS_READ);
    world_run_ms(world, 100);
    pravega_token_expired(&a.user);
    ask(world, &a, PRAVEGA_ACCESS_READ);
    world_run_ms(world, 100);
    ck_assert_str_eq(a.text, "y");
    pravega_token_leave(&a.user);
    world_free(world);
}
END_TEST

START_TEST(a_refused_question_is_answered_so)
{
    struct world *world = guarded_world();
    struct holder a = {0};

    SCRIPT(world, {.code = WEIR_GRPC_PERMISSION_DENIED});
    ask(world, &a, PRAVEGA_ACCESS_READ);
    world_run_ms(world, 100);
    ck_assert_int_eq(a.told, 1);
    ck_assert_int_eq(a.status, WEIR_E_DENIED);
    pravega_token_leave(&a.user);
    world_free(world);
}
END_TEST

static void add_cases(TCase *tc)
{
    tcase_add_loop_test(tc, credentials_come_from_one_place, 0, sizeof(environments) / sizeof(environments[0]));
    tcase_add_test(tc, the_rest_comes_from_the_environment_where_it_is_not_given);
    tcase_add_test(tc, a_refused_token_is_replaced_once);
    tcase_add_test(tc, no_token_is_no_call);
    tcase_add_test(tc, named_controllers_are_asked_for_and_gone_to);
    tcase_add_test(tc, a_cluster_that_cannot_name_its_controllers_is_of_use);
    tcase_add_test(tc, holders_share_a_token);
    tcase_add_test(tc, a_token_is_replaced_before_it_ends_and_all_holders_get_it);
    tcase_add_test(tc, a_token_that_a_store_found_expired_is_replaced);
    tcase_add_test(tc, a_refused_question_is_answered_so);
}

int main(void)
{
    return run_cases("security", add_cases);
}
