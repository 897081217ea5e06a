/*
 * test_controller.c - one call to the controller: when it is tried again, what it ends with, what it says.
 */
#include "pravega/controller.h"

#include "scripted_controller.h"

static const struct pravega_stream_name s1 = {"specscope", "s1"};

/* ---- codes and retries */

static const struct {
    enum weir_grpc_code code;
    bool retried;
    enum weir_status status; /* if it stays so */
} codes[] = {
    {WEIR_GRPC_CANCELLED, true, WEIR_E_CANCELLED},
    {WEIR_GRPC_UNKNOWN, true, WEIR_E_IO},
    {WEIR_GRPC_INVALID_ARGUMENT, false, WEIR_E_INVAL},
    {WEIR_GRPC_DEADLINE_EXCEEDED, true, WEIR_E_TIMEOUT},
    {WEIR_GRPC_NOT_FOUND, false, WEIR_E_NOT_FOUND},
    {WEIR_GRPC_ALREADY_EXISTS, false, WEIR_E_EXISTS},
    {WEIR_GRPC_PERMISSION_DENIED, false, WEIR_E_DENIED},
    {WEIR_GRPC_RESOURCE_EXHAUSTED, true, WEIR_E_LIMIT},
    {WEIR_GRPC_FAILED_PRECONDITION, true, WEIR_E_CONFLICT},
    {WEIR_GRPC_ABORTED, true, WEIR_E_CONFLICT},
    {WEIR_GRPC_OUT_OF_RANGE, false, WEIR_E_INVAL},
    {WEIR_GRPC_UNIMPLEMENTED, false, WEIR_E_UNSUPPORTED},
    {WEIR_GRPC_INTERNAL, true, WEIR_E_IO},
    {WEIR_GRPC_UNAVAILABLE, true, WEIR_E_CLOSED},
    {WEIR_GRPC_DATA_LOSS, true, WEIR_E_DAMAGED},
    {WEIR_GRPC_UNAUTHENTICATED, false, WEIR_E_AUTH},
};
#define CODE_COUNT (sizeof(codes) / sizeof(codes[0]))

START_TEST(a_code_that_can_pass_is_tried_again)
{
    struct world *world = world_new(NULL);
    struct pravega_call call = {0};
    struct result result = {0};

    SCRIPT(world, {codes[_i].code, NULL, "script", false}, {WEIR_GRPC_OK});
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &result);
    ck_assert_int_eq(result.calls, 0); /* never from within the call */
    world_await(world, &result);
    ck_assert(!pravega_call_busy(&call));
    ck_assert_uint_eq(world->seen_count, codes[_i].retried ? 2 : 1);
    ck_assert_int_eq(result.status, codes[_i].retried ? WEIR_OK : codes[_i].status);
    if (!codes[_i].retried)
        ck_assert_ptr_nonnull(strstr(result.words, "scope demo"));
    world_free(world);
}
END_TEST

START_TEST(a_code_that_stays_ends_after_ten_attempts)
{
    static const int64_t at_ms[] = {0, 1, 11, 111, 1111, 11111, 31111, 51111, 71111, 91111};
    struct world *world = world_new(NULL);
    struct pravega_call call = {0};
    struct result result = {0};

    if (!codes[_i].retried) {
        world_free(world);
        return;
    }
    SCRIPT(world, {codes[_i].code, NULL, "script", false});
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, codes[_i].status);
    ck_assert_uint_eq(world->seen_count, 10);
    for (size_t i = 0; i < 10; i++) /* each attempt adds its way through the network, and no more */
        ck_assert_int_lt(world->seen[i].at_ms - world->seen[0].at_ms - at_ms[i], 20);
    for (size_t i = 0; i < 10; i++)
        ck_assert_int_ge(world->seen[i].at_ms - world->seen[0].at_ms, at_ms[i]);
    world_free(world);
}
END_TEST

START_TEST(retries_end_with_the_time_for_the_call)
{
    struct world *world = world_new(&(struct pravega_client_options){.rpc_timeout_ms = 5000});
    struct pravega_call call = {0};
    struct result result = {0};

    SCRIPT(world, {WEIR_GRPC_UNKNOWN, NULL, "script", false});
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_IO);
    ck_assert_uint_eq(world->seen_count, 5); /* the sixth would be at 11111 ms */
    ck_assert_int_lt(world_now_ms(world), 5000);
    world_free(world);
}
END_TEST

START_TEST(a_silent_controller_is_a_timeout)
{
    struct world *world = world_new(&(struct pravega_client_options){.rpc_timeout_ms = 5000});
    struct pravega_call call = {0};
    struct result result = {0};

    SCRIPT(world, {.silent = true});
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_TIMEOUT);
    ck_assert_str_eq(result.words, "cannot create scope demo: no answer from the Pravega controller at "
                                   "tcp://server:9090 within 5000 ms");
    ck_assert_int_ge(world_now_ms(world), 4999);
    ck_assert_int_lt(world_now_ms(world), 5100);
    world_free(world);
}
END_TEST

/* ---- nobody listens */

START_TEST(where_nobody_listens_the_call_ends_soon_and_says_what_to_do)
{
    struct world *world = world_new_deaf(&(struct pravega_client_options){.controller_uri = "tcp://127.0.0.1:9999"});
    struct pravega_call call = {0};
    struct result result = {0};

    pravega_controller_create_scope(&call, world->client, "demo", on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_REFUSED);
    ck_assert_str_eq(result.words, "cannot reach a Pravega controller at tcp://127.0.0.1:9999 (connection refused): is "
                                   "it running? start one with \"weir store\", or set --controller or "
                                   "PRAVEGA_CONTROLLER_URI");
    ck_assert_int_ge(world_now_ms(world), 3000);
    ck_assert_int_lt(world_now_ms(world), 6000);
    world_free(world);
}
END_TEST

/* Goal: a host that is not found is not taken for a stream that is not found, nor waited for through the backoff. */
START_TEST(a_host_without_a_name_is_no_controller)
{
    struct world *world = world_new(&(struct pravega_client_options){.controller_uri = "tcp://elsewhere:9090"});
    struct pravega_call call = {0};
    struct result result = {0};

    SCRIPT(world, {WEIR_GRPC_OK});
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_REFUSED);
    ck_assert_ptr_nonnull(strstr(result.words, "tcp://elsewhere:9090"));
    ck_assert_int_lt(world_now_ms(world), 6000);
    world_free(world);
}
END_TEST

/* A server that speaks no TLS to a client that does. */
START_TEST(a_controller_without_tls_is_given_up_soon)
{
    struct world *world = world_new(&(struct pravega_client_options){.controller_uri = "tls://server:9090"});
    struct pravega_call call = {0};
    struct result result = {0};

    SCRIPT(world, {WEIR_GRPC_OK});
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_PROTO);
    ck_assert_ptr_nonnull(strstr(result.words, "tls://server:9090"));
    ck_assert_int_lt(world_now_ms(world), 6000);
    world_free(world);
}
END_TEST

START_TEST(a_controller_that_comes_late_is_found)
{
    struct world *world = world_new_deaf(NULL);
    struct pravega_call call = {0};
    struct result result = {0};

    SCRIPT(world, {WEIR_GRPC_OK});
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &result);
    world_run_ms(world, 1500);
    ck_assert_int_eq(result.calls, 0);
    world_listen(world, 9090);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_OK);
    world_free(world);
}
END_TEST

/* Goal: a pipeline lives through a controller that starts again, which takes longer than one waits for a wrong URI. */
START_TEST(a_controller_that_was_there_is_waited_for)
{
    struct world *world = world_new(NULL);
    struct pravega_call call = {0};
    struct result first = {0}, second = {0};

    SCRIPT(world, {WEIR_GRPC_OK});
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &first);
    world_await(world, &first);
    world_deafen(world);
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &second);
    world_run_ms(world, 20000);
    ck_assert_int_eq(second.calls, 0);
    world_listen(world, 9090);
    world_await(world, &second);
    ck_assert_int_eq(second.status, WEIR_OK);
    world_free(world);
}
END_TEST

START_TEST(a_controller_that_stays_away_is_given_up)
{
    struct world *world = world_new(NULL);
    struct pravega_call call = {0};
    struct result first = {0}, second = {0};

    SCRIPT(world, {WEIR_GRPC_OK});
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &first);
    world_await(world, &first);
    world_deafen(world);
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &second);
    world_await(world, &second);
    ck_assert_int_eq(second.status, WEIR_E_REFUSED);
    ck_assert_int_lt(world_now_ms(world), 40000);
    world_free(world);
}
END_TEST

/* ---- several controllers */

START_TEST(the_next_controller_is_tried_and_kept)
{
    struct world *world =
        world_new(&(struct pravega_client_options){.controller_uri = "tcp://server:9097,server:9098,server:9090"});
    struct pravega_call call = {0};
    struct result first = {0}, second = {0};

    SCRIPT(world, {WEIR_GRPC_OK});
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &first);
    world_await(world, &first);
    ck_assert_int_eq(first.status, WEIR_OK);
    ck_assert_int_lt(world_now_ms(world), 1000);
    ck_assert_uint_eq(pravega_controllers_port(world->client->controllers), 9090);
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &second);
    world_await(world, &second);
    ck_assert_uint_eq(pravega_controllers_port(world->client->controllers), 9090);
    world_free(world);
}
END_TEST

/* The one at 9090 never answers; the one at 9091 does. */
START_TEST(a_silent_controller_leaves_time_for_the_next)
{
    struct world *world = world_new(
        &(struct pravega_client_options){.controller_uri = "tcp://server:9090,server:9091", .rpc_timeout_ms = 10000});
    struct weir_grpc_server *silent = world->server;
    struct pravega_call call = {0};
    struct result result = {0};

    world_listen(world, 9091);
    SCRIPT(world, {.silent = true}, {WEIR_GRPC_OK});
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_OK);
    ck_assert_int_lt(world_now_ms(world), 5100);
    weir_grpc_server_free(silent);
    world_free(world);
}
END_TEST

/* ---- ends without an answer */

START_TEST(a_cancelled_call_says_nothing)
{
    struct world *world = world_new(NULL);
    struct pravega_call call = {0};
    struct result result = {0};

    /* Before it is sent, while the answer is awaited, and between two attempts. */
    SCRIPT(world, {WEIR_GRPC_UNKNOWN, NULL, "script", false});
    pravega_controller_create_scope(&call, world->client, "demo", on_done, &result);
    if (_i > 0)
        world_run_ms(world, _i);
    pravega_call_cancel(&call);
    ck_assert(!pravega_call_busy(&call));
    pravega_call_cancel(&call);
    world_run_ms(world, 200000);
    ck_assert_int_eq(result.calls, 0);
    world_free(world);
}
END_TEST

static void free_call(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_call *call = arg;

    ck_assert_int_eq(status, WEIR_OK);
    ck_assert_str_eq(why->message, "");
    pravega_call_cancel(call); /* idle: without effect */
    free(call);
}

START_TEST(a_callback_may_free_its_call)
{
    struct world *world = world_new(NULL);
    struct pravega_call *call = calloc(1, sizeof(*call));

    SCRIPT(world, {WEIR_GRPC_OK});
    pravega_controller_create_scope(call, world->client, "demo", free_call, call);
    world_run_ms(world, 100);
    ck_assert_uint_eq(world->seen_count, 1);
    world_free(world);
}
END_TEST

START_TEST(names_that_no_controller_takes_are_not_sent)
{
    struct world *world = world_new(NULL);
    struct pravega_stream_name bad[] = {{"", "s"}, {"s", ""}, {NULL, "s"}, {"s", NULL}};
    struct pravega_call call = {0};
    struct result result = {0};

    SCRIPT(world, {WEIR_GRPC_OK});
    if (_i < 4)
        pravega_controller_seal_stream(&call, world->client, &bad[_i], on_done, &result);
    else
        pravega_controller_delete_scope(&call, world->client, "", on_done, &result);
    ck_assert_int_eq(result.calls, 0);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_INVAL);
    ck_assert_uint_eq(world->seen_count, 0);
    world_free(world);
}
END_TEST

/* ---- the status field of replies */

static void start_create_scope(struct pravega_call *call, struct pravega_client *client, struct result *result)
{
    pravega_controller_create_scope(call, client, "demo", on_done, result);
}
static void start_delete_scope(struct pravega_call *call, struct pravega_client *client, struct result *result)
{
    pravega_controller_delete_scope(call, client, "demo", on_done, result);
}
static void start_create_stream(struct pravega_call *call, struct pravega_client *client, struct result *result)
{
    pravega_controller_create_stream(call, client, &s1, &(struct pravega_stream_config){0}, on_done, result);
}
static void start_update(struct pravega_call *call, struct pravega_client *client, struct result *result)
{
    pravega_controller_update_stream(call, client, &s1, &(struct pravega_stream_config){0}, on_done, result);
}
static void start_truncate(struct pravega_call *call, struct pravega_client *client, struct result *result)
{
    pravega_controller_truncate_stream(call, client, &s1, NULL, 0, on_done, result);
}
static void start_seal(struct pravega_call *call, struct pravega_client *client, struct result *result)
{
    pravega_controller_seal_stream(call, client, &s1, on_done, result);
}
static void start_delete_stream(struct pravega_call *call, struct pravega_client *client, struct result *result)
{
    pravega_controller_delete_stream(call, client, &s1, on_done, result);
}
static void start_check_scale(struct pravega_call *call, struct pravega_client *client, struct result *result)
{
    pravega_controller_check_scale(call, client, &s1, 0, on_done, result);
}
static void start_note(struct pravega_call *call, struct pravega_client *client, struct result *result)
{
    pravega_controller_note_timestamp(call, client, &s1, "w", NULL, 0, 1, on_done, result);
}
static void start_remove_writer(struct pravega_call *call, struct pravega_client *client, struct result *result)
{
    pravega_controller_remove_writer(call, client, &s1, "w", on_done, result);
}
static void start_commit(struct pravega_call *call, struct pravega_client *client, struct result *result)
{
    pravega_controller_commit_txn(call, client, &s1, (struct pravega_txn_id){0, 1}, NULL, 0, on_done, result);
}
static void start_abort(struct pravega_call *call, struct pravega_client *client, struct result *result)
{
    pravega_controller_abort_txn(call, client, &s1, (struct pravega_txn_id){0, 1}, on_done, result);
}

#define OUTCOMES_MAX 6
#define NONE WEIR_E_PROTO /* a value that the reply's enum does not have */

static const struct {
    void (*start)(struct pravega_call *call, struct pravega_client *client, struct result *result);
    enum weir_status by_value[OUTCOMES_MAX];
} replies[] = {
    {start_create_scope, {WEIR_OK, WEIR_E_IO, WEIR_E_EXISTS, WEIR_E_INVAL, NONE, NONE}},
    {start_delete_scope, {WEIR_OK, WEIR_E_IO, WEIR_E_NOT_FOUND, WEIR_E_STATE, NONE, NONE}},
    {start_create_stream, {WEIR_OK, WEIR_E_IO, WEIR_E_EXISTS, WEIR_E_NOT_FOUND, WEIR_E_INVAL, NONE}},
    {start_update, {WEIR_OK, WEIR_E_BUSY, WEIR_E_NOT_FOUND, WEIR_E_NOT_FOUND, WEIR_E_SEALED, NONE}},
    {start_truncate, {WEIR_OK, WEIR_E_CONFLICT, WEIR_E_NOT_FOUND, WEIR_E_NOT_FOUND, WEIR_E_SEALED, NONE}},
    {start_seal, {WEIR_OK, WEIR_E_IO, WEIR_E_NOT_FOUND, WEIR_E_NOT_FOUND, WEIR_OK, NONE}},
    {start_delete_stream, {WEIR_OK, WEIR_E_IO, WEIR_E_NOT_FOUND, WEIR_E_STATE, NONE, NONE}},
    {start_check_scale, {WEIR_E_AGAIN, WEIR_OK, WEIR_E_INVAL, WEIR_E_IO, NONE, NONE}},
    {start_note, {WEIR_OK, WEIR_E_INVAL, WEIR_E_INVAL, WEIR_E_IO, NONE, NONE}},
    {start_remove_writer, {WEIR_OK, WEIR_E_NOT_FOUND, WEIR_E_NOT_FOUND, WEIR_E_IO, NONE, NONE}},
    {start_commit, {WEIR_OK, WEIR_E_TXN_FAILED, WEIR_E_NOT_FOUND, WEIR_E_TXN_FAILED, NONE, NONE}},
    {start_abort, {WEIR_OK, WEIR_E_STATE, WEIR_E_NOT_FOUND, WEIR_E_STATE, NONE, NONE}},
};

START_TEST(every_value_of_a_status_field_is_an_outcome)
{
    struct world *world = world_new(NULL);

    for (int value = 0; value < OUTCOMES_MAX; value++) {
        struct pravega_call call = {0};
        struct result result = {0};
        char hex[8];

        snprintf(hex, sizeof(hex), "08%02x", value);
        SCRIPT(world, {WEIR_GRPC_OK, value != 0 ? hex : "", NULL, false});
        replies[_i].start(&call, world->client, &result);
        world_await(world, &result);
        ck_assert_int_eq(result.status, replies[_i].by_value[value]);
        ck_assert_uint_eq(world->seen_count, 1); /* an answer is never asked for again */
    }
    world_free(world);
}
END_TEST

START_TEST(a_reply_that_is_none_breaks_the_protocol)
{
    static const char *const bytes[] = {"ff", "0a", "0aff01", "08", "0880", "07", "0a02ff"};
    struct world *world = world_new(NULL);

    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
        struct pravega_call call = {0};
        struct result result = {0};

        SCRIPT(world, {WEIR_GRPC_OK, bytes[i], NULL, false});
        pravega_controller_create_scope(&call, world->client, "demo", on_done, &result);
        world_await(world, &result);
        ck_assert_int_eq(result.status, WEIR_E_PROTO);
    }
    world_free(world);
}
END_TEST

static void add_cases(TCase *tc)
{
    tcase_add_loop_test(tc, a_code_that_can_pass_is_tried_again, 0, CODE_COUNT);
    tcase_add_loop_test(tc, a_code_that_stays_ends_after_ten_attempts, 0, CODE_COUNT);
    tcase_add_test(tc, retries_end_with_the_time_for_the_call);
    tcase_add_test(tc, a_silent_controller_is_a_timeout);
    tcase_add_test(tc, where_nobody_listens_the_call_ends_soon_and_says_what_to_do);
    tcase_add_test(tc, a_host_without_a_name_is_no_controller);
    tcase_add_test(tc, a_controller_without_tls_is_given_up_soon);
    tcase_add_test(tc, a_controller_that_comes_late_is_found);
    tcase_add_test(tc, a_controller_that_was_there_is_waited_for);
    tcase_add_test(tc, a_controller_that_stays_away_is_given_up);
    tcase_add_test(tc, the_next_controller_is_tried_and_kept);
    tcase_add_test(tc, a_silent_controller_leaves_time_for_the_next);
    tcase_add_loop_test(tc, a_cancelled_call_says_nothing, 0, 15);
    tcase_add_test(tc, a_callback_may_free_its_call);
    tcase_add_loop_test(tc, names_that_no_controller_takes_are_not_sent, 0, 5);
    tcase_add_loop_test(tc, every_value_of_a_status_field_is_an_outcome, 0, sizeof(replies) / sizeof(replies[0]));
    tcase_add_test(tc, a_reply_that_is_none_breaks_the_protocol);
}

int main(void)
{
    return run_cases("controller", add_cases);
}
