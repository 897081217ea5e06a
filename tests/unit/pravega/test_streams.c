/*
 * test_streams.c - scopes and streams for users: names, lists from pages, and calls that end with the client.
 */
#include "pravega/streams.h"

#include "scripted_controller.h"

struct names_result {
    struct result result; /* first */
    char text[256];       /* the names, with blanks between */
};

static void on_names(void *arg, enum weir_status status, const char *const *names, size_t count,
                     const struct weir_error *why)
{
    struct names_result *result = arg;

    result->text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        strcat(result->text, names[i]);
        strcat(result->text, " ");
    }
    result_set(&result->result, status, why);
}

/* Pages of streams: "b" "_MARKb" "a", token t1; "a" "_RGg", token t2; none. */
#define PAGE1 "0a031201620a081206 5f4d41524b62 0a03120161 12040a027431"
#define PAGE2 "0a031201610a061204 5f524767 12040a027432"
#define LAST "12040a027433"

START_TEST(a_list_of_streams_ends_with_an_empty_page)
{
    struct world *world = world_new(NULL);
    struct names_result result = {0};

    SCRIPT(world, {.hex = PAGE1}, {.hex = PAGE2}, {.hex = LAST});
    pravega_stream_list(world->client, "demo", on_names, &result);
    ck_assert_int_eq(result.result.calls, 0);
    world_await(world, &result.result);
    ck_assert_int_eq(result.result.status, WEIR_OK);
    ck_assert_str_eq(result.text, "a b "); /* sorted, each once, nothing internal */
    ck_assert_uint_eq(world->seen_count, 3);
    /* scope demo, then the token of the page before: none, t1, t2 */
    ck_assert_uint_eq(world->seen[0].len, 10);
    ck_assert_mem_eq(world->seen[0].bytes,
                     "\x0a\x06\x0a\x04"
                     "demo\x12\x00",
                     10);
    ck_assert_mem_eq(world->seen[1].bytes,
                     "\x0a\x06\x0a\x04"
                     "demo\x12\x04\x0a\x02t1",
                     14);
    ck_assert_mem_eq(world->seen[2].bytes,
                     "\x0a\x06\x0a\x04"
                     "demo\x12\x04\x0a\x02t2",
                     14);
    world_free(world);
}
END_TEST

START_TEST(a_list_of_scopes_leaves_out_the_system)
{
    struct world *world = world_new(NULL);
    struct names_result result = {0};

    SCRIPT(world, {.hex = "0a017a 0a075f73797374656d 0a0179"}, {.hex = ""});
    pravega_scope_list(world->client, on_names, &result);
    world_await(world, &result.result);
    ck_assert_str_eq(result.text, "y z ");
    assert_seen(world, 1, "listScopes");
    world_free(world);
}
END_TEST

#define NAMES_OF_A_PAGE 40000

/* Always the same page, of names that are internal. */
static void serve_for_ever(void *arg, struct weir_grpc_request *request, const char *path, const char *authorization,
                           struct weir_view message)
{
    static uint8_t page[3 * NAMES_OF_A_PAGE];

    (void)path;
    (void)authorization;
    (void)message;
    ++*(int *)arg;
    for (size_t i = 0; i < sizeof(page); i += 3)
        memcpy(page + i, "\x0a\x01_", 3);
    weir_grpc_answer(request, WEIR_GRPC_OK, weir_view(page, sizeof(page)), NULL);
}

/* Goal: no controller is asked for ever. */
START_TEST(pages_without_end_are_given_up)
{
    struct world *world = world_new_deaf(NULL);
    struct weir_target at = {"server", 9090, NULL};
    struct names_result result = {0};
    int pages = 0;

    ck_assert_int_eq(weir_grpc_server_new(world->server_loop, &at, serve_for_ever, &pages, &world->server, NULL),
                     WEIR_OK);
    pravega_scope_list(world->client, on_names, &result);
    world_await(world, &result.result);
    ck_assert_int_eq(result.result.status, WEIR_E_LIMIT);
    ck_assert_int_eq(pages, 4000000 / NAMES_OF_A_PAGE + 1);
    world_free(world);
}
END_TEST

START_TEST(an_empty_list_is_one)
{
    struct world *world = world_new(NULL);
    struct names_result result = {0};

    SCRIPT(world, {.hex = ""});
    pravega_stream_list(world->client, "demo", on_names, &result);
    world_await(world, &result.result);
    ck_assert_int_eq(result.result.status, WEIR_OK);
    ck_assert_str_eq(result.text, "");
    world_free(world);
}
END_TEST

START_TEST(a_list_that_fails_has_no_names)
{
    struct world *world = world_new(NULL);
    struct names_result result = {0};

    SCRIPT(world, {.hex = PAGE1}, {.hex = "1802"});
    pravega_stream_list(world->client, "demo", on_names, &result);
    world_await(world, &result.result);
    ck_assert_int_eq(result.result.status, WEIR_E_NOT_FOUND);
    ck_assert_str_eq(result.result.words, "cannot list scope demo: it does not exist");
    ck_assert_str_eq(result.text, "");
    world_free(world);
}
END_TEST

/* Names as upstream takes them from users; a bad one is not sent. */
static const struct {
    const char *name;
    bool good;
} names[] = {{"a", true},    {"A-b.9", true}, {"", false},  {"_a", false},  {"a/b", false},
             {"a b", false}, {"a_b", false},  {"é", false}, {"a#b", false}, {".", true}};

START_TEST(names_are_checked_before_they_are_sent)
{
    struct world *world = world_new(NULL);
    struct pravega_stream_name stream = {"demo", names[_i].name};
    struct result scope_result = {0}, stream_result = {0};

    SCRIPT(world, {.hex = ""});
    pravega_scope_create(world->client, names[_i].name, on_done, &scope_result);
    pravega_stream_create(world->client, &stream, &(struct pravega_stream_config){0}, on_done, &stream_result);
    world_await(world, &scope_result);
    world_await(world, &stream_result);
    ck_assert_int_eq(scope_result.status, names[_i].good ? WEIR_OK : WEIR_E_INVAL);
    ck_assert_int_eq(stream_result.status, names[_i].good ? WEIR_OK : WEIR_E_INVAL);
    ck_assert_uint_eq(world->seen_count, names[_i].good ? 2 : 0);
    world_free(world);
}
END_TEST

START_TEST(messages_name_what_could_not_be_done)
{
    struct world *world = world_new(NULL);
    struct pravega_stream_name stream = {"demo", "a"};
    struct result result = {0};

    SCRIPT(world, {.hex = "0803"});
    pravega_stream_delete(world->client, &stream, on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_STATE);
    ck_assert_str_eq(result.words, "cannot delete stream demo/a: it is not sealed: seal it first");

    SCRIPT(world, {.hex = "0803"});
    result = (struct result){0};
    pravega_scope_delete(world->client, "demo", on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_STATE);
    ck_assert_str_eq(
        result.words,
        "cannot delete scope demo: it is not empty: delete its streams, reader groups and key-value tables "
        "first");

    SCRIPT(world, {.hex = "0804"});
    result = (struct result){0};
    pravega_stream_seal(world->client, &stream, on_done, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_OK); /* sealed before */
    world_free(world);
}
END_TEST

static void on_no_cut(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                      const struct weir_error *why)
{
    (void)cut;
    ck_assert_uint_eq(count, 0);
    result_set(arg, status, why);
}

START_TEST(a_sealed_stream_has_an_empty_tail)
{
    struct world *world = world_new(NULL);
    struct pravega_stream_name stream = {"demo", "a"};
    struct result result = {0};

    SCRIPT(world, {.hex = ""});
    pravega_stream_tail(world->client, &stream, on_no_cut, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_OK);
    world_free(world);
}
END_TEST

START_TEST(the_tail_of_a_missing_stream_is_not_found)
{
    struct world *world = world_new(NULL);
    struct pravega_stream_name stream = {"demo", "a"};
    struct result result = {0};

    SCRIPT(world, {.code = WEIR_GRPC_NOT_FOUND, .words = "script"});
    pravega_stream_tail(world->client, &stream, on_no_cut, &result);
    world_await(world, &result);
    ck_assert_int_eq(result.status, WEIR_E_NOT_FOUND);
    ck_assert_str_eq(result.words, "cannot get the segments of stream demo/a: it does not exist");
    world_free(world);
}
END_TEST

static void on_ranges(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                      const struct weir_error *why)
{
    (void)segments;
    (void)count;
    result_set(arg, status, why);
}

/* All kinds of work at once, and the client goes at every millisecond of it. */
START_TEST(a_freed_client_ends_its_work)
{
    struct world *world = world_new(NULL);
    struct pravega_stream_name stream = {"demo", "a"};
    struct names_result list = {0};
    struct result result = {0};

    SCRIPT(world, {.code = WEIR_GRPC_UNKNOWN});
    pravega_stream_list(world->client, "demo", on_names, &list);
    pravega_scope_create(world->client, "demo", on_done, &result);
    pravega_scope_create(world->client, "_demo", on_done, &list.result);
    pravega_stream_tail(world->client, &stream, on_no_cut, &result);
    pravega_stream_head(world->client, &stream, on_no_cut, &result);
    pravega_stream_current_segments(world->client, &stream, on_ranges, &result);
    if (_i > 0)
        world_run_ms(world, _i);
    pravega_client_free(world->client);
    world->client = NULL;
    world_run_ms(world, 100000);
    ck_assert_int_eq(result.calls, 0);
    world_free(world);
}
END_TEST

static void free_client(void *arg, enum weir_status status, const char *const *names_found, size_t count,
                        const struct weir_error *why)
{
    struct world *world = arg;

    (void)status;
    (void)why;
    pravega_client_free(world->client);
    world->client = NULL;
    ck_assert_uint_eq(count, 1);
    ck_assert_str_eq(names_found[0], "a"); /* still there: borrowed for the call */
}

START_TEST(a_callback_may_free_the_client)
{
    struct world *world = world_new(NULL);

    SCRIPT(world, {.hex = "0a03120161"}, {.hex = ""});
    pravega_stream_list(world->client, "demo", free_client, world);
    world_run_ms(world, 100);
    ck_assert_ptr_null(world->client);
    world_free(world);
}
END_TEST

static void add_cases(TCase *tc)
{
    tcase_add_test(tc, a_list_of_streams_ends_with_an_empty_page);
    tcase_add_test(tc, a_list_of_scopes_leaves_out_the_system);
    tcase_add_test(tc, pages_without_end_are_given_up);
    tcase_add_test(tc, an_empty_list_is_one);
    tcase_add_test(tc, a_list_that_fails_has_no_names);
    tcase_add_loop_test(tc, names_are_checked_before_they_are_sent, 0, sizeof(names) / sizeof(names[0]));
    tcase_add_test(tc, messages_name_what_could_not_be_done);
    tcase_add_test(tc, a_sealed_stream_has_an_empty_tail);
    tcase_add_test(tc, the_tail_of_a_missing_stream_is_not_found);
    tcase_add_loop_test(tc, a_freed_client_ends_its_work, 0, 20);
    tcase_add_test(tc, a_callback_may_free_the_client);
}

int main(void)
{
    return run_cases("streams", add_cases);
}
