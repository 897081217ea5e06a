/*
 * test_segment_request.c - questions to a segment's store over one line: pipelined, repeated or not, each answered
 * once.
 */
#include "pravega/segment_request.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "play_store.h"

#define HOUR_NS (3600 * WEIR_NS_PER_S)
#define ASKED_MAX 40

static const struct pravega_stream_name stream_name = {PLAY_SCOPE, PLAY_STREAM};
static const struct pravega_retry patient = {.initial_backoff_ms = 1, .max_backoff_ms = 10, .retry_attempts = 100};
static const struct weir_uuid attribute = {1, 2};

/* One that asks: what is at the attribute, or that it be one more than the number it expects. */
struct asker {
    struct pravega_segment_request request;
    int64_t expected; /* of an update */
    int64_t value;    /* the answer to a get */
    bool success;
    int ended;
    enum weir_status status;
    struct pravega_segment_line *line_to_end;
};

struct world {
    struct play_store store;
    struct play_segment *segment;
    struct pravega_client *client;
    struct pravega_segment_line line;
    struct asker askers[ASKED_MAX];
    int asked;
};

static void open_world(struct world *world, const struct pravega_retry *retry)
{
    struct weir_sim_options options = {.seed = 3};

    *world = (struct world){0};
    play_store_open(&world->store, &options);
    world->segment = play_store_segment(&world->store, 0, 0, 1);
    world->client = play_store_client(&world->store, retry);
    pravega_segment_line_init(&world->line, world->client, &stream_name, 0, PRAVEGA_ACCESS_READ_WRITE);
}

static void close_world(struct world *world)
{
    pravega_segment_line_fini(&world->line);
    pravega_client_free(world->client);
    play_store_close(&world->store);
}

static void encode_get(void *arg, const struct pravega_segment_asked *asked, struct weir_buf *out)
{
    struct pravega_wire_get_segment_attribute ask = {asked->request_id, asked->segment, attribute, asked->token};

    (void)arg;
    pravega_wire_encode_get_segment_attribute(out, &ask);
}

static void encode_update(void *arg, const struct pravega_segment_asked *asked, struct weir_buf *out)
{
    struct asker *asker = arg;
    struct pravega_wire_update_segment_attribute ask = {asked->request_id,   asked->segment,  attribute,
                                                        asker->expected + 1, asker->expected, asked->token};

    pravega_wire_encode_update_segment_attribute(out, &ask);
}

static const struct pravega_segment_question get = {PRAVEGA_WIRE_SEGMENT_ATTRIBUTE, true, encode_get};
static const struct pravega_segment_question update = {PRAVEGA_WIRE_SEGMENT_ATTRIBUTE_UPDATED, false, encode_update};
static const struct pravega_segment_question strange = {PRAVEGA_WIRE_SEGMENT_TRUNCATED, true, encode_get};

static void on_answer(void *arg, enum weir_status status, const struct pravega_wire_command *answer,
                      const struct weir_error *why)
{
    struct asker *asker = arg;

    ck_assert_int_eq(asker->ended, 0);
    ck_assert_int_eq(status == WEIR_OK ? WEIR_OK : why->status, status);
    asker->ended++;
    asker->status = status;
    if (status == WEIR_OK && answer->type == PRAVEGA_WIRE_SEGMENT_ATTRIBUTE)
        asker->value = answer->segment_attribute.value;
    if (status == WEIR_OK && answer->type == PRAVEGA_WIRE_SEGMENT_ATTRIBUTE_UPDATED)
        asker->success = answer->segment_attribute_updated.success;
    if (asker->line_to_end != NULL)
        pravega_segment_line_fini(asker->line_to_end);
}

static struct asker *ask(struct world *world, const struct pravega_segment_question *question, int64_t expected)
{
    struct asker *asker = &world->askers[world->asked++];

    asker->expected = expected;
    pravega_segment_request_start(&asker->request, &world->line, question, on_answer, asker);
    ck_assert_int_eq(asker->ended, 0);
    ck_assert(pravega_segment_request_busy(&asker->request));
    return asker;
}

static bool all_ended(void *arg)
{
    struct world *world = arg;

    for (int i = 0; i < world->asked; i++)
        if (world->askers[i].ended == 0)
            return false;
    return true;
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void await(struct world *world)
{
    ck_assert(weir_sim_run(world->store.sim, all_ended, world, HOUR_NS));
}

START_TEST(many_questions_go_over_one_line)
{
    struct world world;

    open_world(&world, NULL);
    ask(&world, &update, INT64_MIN);
    for (int i = 1; i < 20; i++)
        ask(&world, &update, INT64_MIN + i); /* all before the first answer, in their order */
    await(&world);
    for (int i = 0; i < 20; i++)
        ck_assert(world.askers[i].success);
    ask(&world, &get, 0);
    await(&world);
    ck_assert_int_eq(world.askers[20].value, INT64_MIN + 20);
    ck_assert_uint_eq(world.store.endpoint_count, 1);
    ck_assert_uint_eq(world.store.connection_count, 1);
    close_world(&world);
}
END_TEST

/* Goal: what may not be asked twice is not; what may be is, until it is answered. Method: cut at every frame. */
START_TEST(a_cut_repeats_what_may_be_repeated)
{
    uint64_t frame_count = 1;
    int lost_count = 0;

    for (uint64_t cut = 1; cut <= frame_count; cut++) {
        struct world world;
        int stored = 0;

        open_world(&world, &patient);
        world.store.cut_at_frame = cut;
        world.store.cut_after_storing = _i == 1;
        for (int i = 0; i < 5; i++) {
            ask(&world, &update, INT64_MIN + i);
            ask(&world, &get, 0);
        }
        await(&world);
        for (int i = 0; i < 10; i += 2) {
            struct asker *asker = &world.askers[i];

            ck_assert(asker->status == WEIR_OK || asker->status == WEIR_E_CLOSED);
            stored += asker->status == WEIR_OK && asker->success;
            lost_count += asker->status == WEIR_E_CLOSED;
            ck_assert_int_eq(world.askers[i + 1].status, WEIR_OK);
        }
        ck_assert_int_eq(pravega_segment_request_busy(&world.askers[0].request), false);
        world.asked = 10;
        ask(&world, &get, 0);
        await(&world);
        ck_assert_int_ge(world.askers[10].value, INT64_MIN + stored); /* nothing that was told as stored is missing */
        if (frame_count == 1)
            frame_count = world.store.frame_count;
        close_world(&world);
    }
    ck_assert_int_gt(lost_count, 0);
}
END_TEST

START_TEST(a_refused_question_is_asked_elsewhere)
{
    struct world world;

    open_world(&world, &patient);
    world.store.wrong_host_count = 2;
    ask(&world, &update, INT64_MIN); /* not repeatable, but never carried out */
    await(&world);
    ck_assert_int_eq(world.askers[0].status, WEIR_OK);
    ck_assert(world.askers[0].success);
    ck_assert_uint_eq(world.store.endpoint_count, 3);
    close_world(&world);
}
END_TEST

START_TEST(statuses_reach_the_asker)
{
    struct world world;

    open_world(&world, NULL);
    world.segment->gone = true;
    ask(&world, &get, 0);
    await(&world);
    ck_assert_int_eq(world.askers[0].status, WEIR_E_NOT_FOUND);
    world.segment->gone = false;
    ask(&world, &strange, 0);
    await(&world);
    ck_assert_int_eq(world.askers[1].status, WEIR_E_PROTO);
    world.store.token = WEIR_E_AUTH;
    ask(&world, &get, 0);
    ask(&world, &get, 0);
    await(&world);
    ck_assert_int_eq(world.askers[2].status, WEIR_E_AUTH);
    ck_assert_int_eq(world.askers[3].status, WEIR_E_AUTH);
    world.store.token = WEIR_OK;
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S); /* refusals on their way */
    ask(&world, &get, 0);                                      /* the line is as good as new */
    await(&world);
    ck_assert_int_eq(world.askers[4].status, WEIR_OK);
    close_world(&world);
}
END_TEST

START_TEST(a_name_too_long_is_said_later)
{
    struct world world;
    char scope[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1];
    struct pravega_stream_name name = {scope, "s"};

    open_world(&world, NULL);
    memset(scope, 'a', sizeof(scope) - 1);
    scope[sizeof(scope) - 1] = '\0';
    pravega_segment_line_fini(&world.line);
    pravega_segment_line_init(&world.line, world.client, &name, 0, PRAVEGA_ACCESS_READ);
    ask(&world, &get, 0);
    ask(&world, &get, 0);
    await(&world);
    ck_assert_int_eq(world.askers[0].status, WEIR_E_INVAL);
    ck_assert_int_eq(world.askers[1].status, WEIR_E_INVAL);
    close_world(&world);
}
END_TEST

/* Goal: a callback may end the line, on an answer and on a failure; nobody else hears anything then. */
START_TEST(a_callback_may_end_the_line)
{
    struct world world;

    open_world(&world, NULL);
    world.segment->gone = _i == 1;
    world.store.token = _i == 2 ? WEIR_E_AUTH : WEIR_OK;
    ask(&world, &get, 0)->line_to_end = &world.line;
    ask(&world, &get, 0);
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
    ck_assert_int_eq(world.askers[0].ended, 1);
    ck_assert_int_eq(world.askers[1].ended, 0);
    ck_assert(!pravega_segment_request_busy(&world.askers[1].request));
    close_world(&world);
}
END_TEST

START_TEST(a_cancelled_question_says_nothing)
{
    struct world world;

    open_world(&world, NULL);
    for (int i = 0; i < 4; i++)
        ask(&world, &get, 0);
    pravega_segment_request_cancel(&world.askers[1].request);
    pravega_segment_request_cancel(&world.askers[1].request);
    pravega_segment_request_cancel(&world.askers[3].request);
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(world.askers[i].ended, i % 2 == 0);
    close_world(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("segment_request");
    TCase *tc = tcase_create("segment_request");
    SRunner *sr;
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_test(tc, many_questions_go_over_one_line);
    tcase_add_loop_test(tc, a_cut_repeats_what_may_be_repeated, 0, 2);
    tcase_add_test(tc, a_refused_question_is_asked_elsewhere);
    tcase_add_test(tc, statuses_reach_the_asker);
    tcase_add_test(tc, a_name_too_long_is_said_later);
    tcase_add_loop_test(tc, a_callback_may_end_the_line, 0, 3);
    tcase_add_test(tc, a_cancelled_question_says_nothing);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
