/*
 * test_rest_looks.c - how many requests over HTTP may look into the states of reader groups at a time. In virtual time:
 * a slow disk holds answers back, so that all of the requests are under way together.
 */
#include <check.h>
#include <stdlib.h>

#include "sim_store.h"

#define LOOKS_MAX 8 /* as store/operation/rest_groups.c has it */
#define CLIENTS 20
#define ANSWER_MAX 1024
#define LOOK "GET /v1/scopes/sc/readergroups/rg HTTP/1.1\r\nHost: h\r\n\r\n"
#define MAKE_SCOPE                                                                                                     \
    "POST /v1/scopes HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n"               \
    "{\"scopeName\":\"other\"}"

static struct sim_store w;
static struct weir_host *host; /* the clients' */
static struct weir_loop *loop;
static struct sim_client clients[CLIENTS], changer, late;

#define must(call) ck_assert_msg((call) == WEIR_OK, "%s", w.err.message)

static void setup(void)
{
    const struct weir_sim_options world = {
        .seed = 7, .log_fd = -1, .sync_delay_min_ns = WEIR_NS_PER_S, .sync_delay_max_ns = WEIR_NS_PER_S + 1};

    sim_store_begin(&w, &world, &(struct weir_store_options){.rest = true, .rest_port = 9091});
    sim_machine_begin(w.sim, "clients", &host, &loop);
}

static void teardown(void)
{
    for (size_t i = 0; i < CLIENTS; i++)
        sim_client_close(&clients[i]);
    sim_client_close(&changer);
    sim_client_close(&late);
    sim_machine_end(host, loop);
    sim_store_end(&w);
}

static void ask(struct sim_client *client, const char *request)
{
    const struct weir_target to = {.host = "store", .port = 9091};

    sim_client_open(client, loop, &to, ANSWER_MAX);
    sim_client_say(client, weir_view_str(request));
}

static void pass_ms(int64_t ms)
{
    sim_pass(w.sim, ms * WEIR_NS_PER_MS);
}

static size_t count_of(const char *text)
{
    size_t count = 0;

    for (size_t i = 0; i < CLIENTS; i++)
        count += sim_client_count(&clients[i], text);
    return count;
}

static void make_group(void)
{
    const struct pravega_stream_name stream = {"sc", "st"};
    const struct pravega_group_name name = {"sc", "rg"};
    const struct pravega_stream_config fixed = {.min_segments = 1};
    struct pravega_group_stream of = {.stream = stream};
    const struct pravega_reader_group_config config = {.streams = &of, .stream_count = 1};

    must(pravega_await_scope_create(w.session, "sc", &w.err));
    must(pravega_await_stream_create(w.session, &stream, &fixed, &w.err));
    must(pravega_await_reader_group_create(w.session, &name, &config, &w.err));
}

/* Goal: eight at a time look, the others are told to try again, at once; and then there is room again.
 * Method: a change on its way to the disk, behind which answers wait for a second. */
START_TEST(groups_are_looked_at_by_eight_at_a_time)
{
    make_group();
    ask(&changer, MAKE_SCOPE);
    pass_ms(100);
    for (size_t i = 0; i < CLIENTS; i++)
        ask(&clients[i], LOOK);
    pass_ms(200);
    ck_assert_uint_eq(count_of("HTTP/1.1 503 "), CLIENTS - LOOKS_MAX);
    ck_assert_uint_eq(count_of("HTTP/1.1 200 "), 0);
    ck_assert_uint_eq(changer.got, 0);
    pass_ms(3000);
    ck_assert_uint_eq(count_of("HTTP/1.1 503 "), CLIENTS - LOOKS_MAX);
    ck_assert_uint_eq(count_of("HTTP/1.1 200 "), LOOKS_MAX);
    ck_assert_uint_eq(sim_client_count(&changer, "HTTP/1.1 201 "), 1);
    ask(&late, LOOK);
    pass_ms(3000);
    ck_assert_uint_eq(sim_client_count(&late, "HTTP/1.1 200 "), 1);
    ck_assert_uint_eq(sim_client_count(&late, "\"streamList\":[\"sc/st\"]"), 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rest_looks");
    TCase *tc = tcase_create("rest_looks");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, groups_are_looked_at_by_eight_at_a_time);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
