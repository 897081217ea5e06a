/*
 * test_transaction.c - an open transaction over a Pravega in memory: events in its shadow segments, pings, and its end.
 */
#include "pravega/transaction.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "play_store.h"
#include "pravega/proto.h"
#include "weir/endian.h"

#define EVENT_COUNT 500
#define HOUR_NS (3600 * WEIR_NS_PER_S)

static const struct pravega_stream_name stream = {PLAY_SCOPE, PLAY_STREAM};

struct app {
    struct pravega_txn *txn;
    enum weir_status status;
    char message[WEIR_ERROR_MESSAGE_LEN_MAX];
    bool ready;
};

static void on_begun(void *arg, enum weir_status status, struct pravega_txn *txn, const struct weir_error *why)
{
    struct app *app = arg;

    app->txn = txn;
    app->status = status;
    snprintf(app->message, sizeof(app->message), "%s", why->message);
}

static void on_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct app *app = arg;

    app->status = status;
    snprintf(app->message, sizeof(app->message), "%s", why->message);
}

static void on_ready(void *arg)
{
    ((struct app *)arg)->ready = true;
}

static bool answered(void *arg)
{
    return ((struct app *)arg)->status != WEIR_E_AGAIN;
}

static bool is_ready(void *arg)
{
    return ((struct app *)arg)->ready;
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void begin(struct play_store *store, struct pravega_client *client, struct app *app, int64_t lease_ms)
{
    struct pravega_txn_options options = {.lease_ms = lease_ms, .block_bytes = 512, .on_ready = on_ready, .arg = app};

    app->status = WEIR_E_AGAIN;
    pravega_txn_begin(client, &stream, &options, on_begun, app);
    ck_assert_int_eq(app->status, WEIR_E_AGAIN); /* never from within the call */
    ck_assert(weir_sim_run(store->sim, answered, app, HOUR_NS));
}

static void write_events(struct app *app)
{
    for (uint32_t n = 0; n < EVENT_COUNT; n++) {
        char key[16];
        struct weir_view key_view = weir_view(key, (size_t)snprintf(key, sizeof(key), "key%u", n % 10));
        uint8_t event[20] = {0};

        weir_put_u32be(event, n);
        ck_assert_int_eq(pravega_txn_write(app->txn, n % 2 == 0 ? &key_view : NULL, weir_view(event, 20), NULL),
                         WEIR_OK);
    }
}

static enum weir_status flush(struct play_store *store, struct app *app)
{
    app->status = WEIR_E_AGAIN;
    pravega_txn_flush(app->txn, on_done, app);
    ck_assert(weir_sim_run(store->sim, answered, app, HOUR_NS));
    return app->status;
}

static uint32_t count_events(const struct play_segment *segment)
{
    struct weir_in in = weir_in(weir_buf_view(&segment->data));
    uint32_t count = 0;

    for (; weir_in_left(&in) > 0; count++) {
        ck_assert_uint_eq(weir_in_u32be(&in), 0);
        weir_in_take(&in, weir_in_u32be(&in));
        ck_assert(!in.bad);
    }
    return count;
}

/* Goal: events go to shadow segments only, once each, whatever the network does. */
START_TEST(events_are_stored_in_shadow_segments)
{
    struct weir_sim_options options = {.seed = (uint64_t)_i + 1, .cut_per_million = _i == 0 ? 0 : 20000};
    struct pravega_client *client;
    struct play_store store;
    struct app app = {0};
    uint32_t count = 0;

    play_store_open(&store, &options);
    play_store_segment(&store, 0, 0, 0.5);
    play_store_segment(&store, 1, 0.5, 1);
    client = play_store_client(&store, NULL);
    begin(&store, client, &app, 0);
    ck_assert_int_eq(app.status, WEIR_OK);
    ck_assert_uint_eq(pravega_txn_id(app.txn).lsb, 7);
    ck_assert_uint_eq(store.connection_count, 0); /* connected by the first event */
    write_events(&app);
    ck_assert_int_eq(flush(&store, &app), WEIR_OK);
    for (size_t i = 0; i < store.segment_count; i++) {
        bool shadow = strstr(store.segments[i].name, "#transaction.00000000000000000000000000000007") != NULL;

        ck_assert(shadow == (i >= 2));
        ck_assert(shadow || store.segments[i].data.len == 0);
        count += count_events(&store.segments[i]);
    }
    ck_assert_uint_eq(count, EVENT_COUNT);
    ck_assert_uint_eq(store.repeated_count, 0);
    pravega_txn_free(app.txn);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

/* Goal: upstream's pace: 10 s leave sqrt(1000 * 10000) = 3162 ms between pings, the first after 10 ms. */
START_TEST(an_open_transaction_is_pinged)
{
    struct weir_sim_options options = {.seed = 1};
    struct pravega_client *client;
    struct play_store store;
    struct app app = {0};

    play_store_open(&store, &options);
    play_store_segment(&store, 0, 0, 1);
    client = play_store_client(&store, NULL);
    begin(&store, client, &app, 10000);
    weir_sim_run(store.sim, never, NULL, WEIR_NS_PER_S);
    ck_assert_uint_eq(store.ping_count, 1);
    weir_sim_run(store.sim, never, NULL, 30 * WEIR_NS_PER_S);
    ck_assert_uint_eq(store.ping_count, 10);
    pravega_txn_free(app.txn);
    weir_sim_run(store.sim, never, NULL, 30 * WEIR_NS_PER_S);
    ck_assert_uint_eq(store.ping_count, 10);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

START_TEST(a_transaction_that_is_gone_fails_with_words)
{
    struct weir_sim_options options = {.seed = 1};
    struct pravega_client *client;
    struct weir_error err = {0};
    struct play_store store;
    struct app app = {0};

    play_store_open(&store, &options);
    play_store_segment(&store, 0, 0, 1);
    client = play_store_client(&store, NULL);
    begin(&store, client, &app, 0);
    if (_i == 0) {
        store.txn_ping = PRAVEGA__PING_TXN_STATUS__STATUS__ABORTED;
        weir_sim_run(store.sim, is_ready, &app, 60 * WEIR_NS_PER_S);
    } else {
        write_events(&app);
        ck_assert_int_eq(flush(&store, &app), WEIR_OK);
        for (size_t i = 1; i < store.segment_count; i++)
            store.segments[i].sealed = _i == 1; /* else they are gone, as after an abort */
        for (size_t i = 1; i < store.segment_count; i++)
            store.segments[i].gone = _i == 2;
        store.stream_missing = true; /* no new shadow segments */
        write_events(&app);
        ck_assert_int_eq(flush(&store, &app), WEIR_E_TXN_FAILED);
    }
    ck_assert_int_eq(pravega_txn_write(app.txn, NULL, weir_view_str("x"), &err), WEIR_E_TXN_FAILED);
    ck_assert(strstr(err.message, "no longer open") != NULL);
    pravega_txn_free(app.txn);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

static void seal_shadow(struct play_store *store, struct play_segment *segment)
{
    store->stream_missing = true;
    play_store_seal(store, segment);
}

static void remove_shadow(struct play_store *store, struct play_segment *segment)
{
    store->stream_missing = true; /* it is not made anew */
    segment->gone = true;
}

/* Goal: a transaction that others end under its writer fails for that, not for the connections that it costs.
 * Method: a store that breaks the connection, and forgets its answer, if anything follows the refused append. */
START_TEST(an_end_by_others_is_heard_of_though_blocks_follow_it)
{
    struct weir_sim_options options = {.seed = (uint64_t)_i + 1};
    struct pravega_client *client;
    struct play_store store;
    struct app app = {0};

    play_store_open(&store, &options);
    play_store_segment(&store, 0, 0, 1);
    store.late_refusals = true;
    store.scale_at_append = 5;
    store.on_scale = _i % 2 == 0 ? seal_shadow : remove_shadow;
    client = play_store_client(&store, NULL);
    begin(&store, client, &app, 0);
    write_events(&app);
    ck_assert_int_eq(flush(&store, &app), WEIR_E_TXN_FAILED);
    ck_assert_msg(strstr(app.message, "no longer open") != NULL, "%s", app.message);
    ck_assert_uint_eq(store.connection_count, 2); /* the answer was lost with the first one */
    pravega_txn_free(app.txn);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

START_TEST(transactions_that_cannot_begin_say_why)
{
    struct weir_sim_options options = {.seed = 1};
    struct pravega_client *client;
    struct play_store store;
    struct app app = {0};

    play_store_open(&store, &options);
    client = play_store_client(&store, NULL); /* no segments take writes: the stream is sealed */
    begin(&store, client, &app, 0);
    ck_assert_int_eq(app.status, WEIR_E_SEALED);
    ck_assert_ptr_null(app.txn);
    begin(&store, client, &app, 9999);
    ck_assert_int_eq(app.status, WEIR_E_INVAL);
    ck_assert(strstr(app.message, "9999") != NULL);
    pravega_txn_begin(client, &stream, NULL, on_begun, &app); /* ends with the client */
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

/* Goal: options that no writer takes leave no transaction at the store, where it would stay open until its lease ends.
 */
START_TEST(bad_options_begin_nothing)
{
    static const struct pravega_txn_options bad[] = {
        {.block_bytes = PRAVEGA_EVENT_LEN_MAX + 1}, {.retry = {.retry_attempts = -1}}, {.writer_id = ""}};
    struct pravega_client *client;
    struct play_store store;
    struct app app = {.status = WEIR_E_AGAIN};

    play_store_open(&store, &(struct weir_sim_options){.seed = 1});
    play_store_segment(&store, 0, 0, 1);
    client = play_store_client(&store, NULL);
    pravega_txn_begin(client, &stream, &bad[_i], on_begun, &app);
    ck_assert_int_eq(app.status, WEIR_E_AGAIN);
    ck_assert(weir_sim_run(store.sim, answered, &app, HOUR_NS));
    ck_assert_int_eq(app.status, WEIR_E_INVAL);
    ck_assert_uint_eq(store.create_count, 0);
    pravega_client_free(client);
    play_store_close(&store);
}
END_TEST

/* ---- ending, with the object in hand ---- */

/* The whole transaction's end as `commit` or an abort; how it ended. */
static enum weir_status end_txn(struct play_store *store, struct app *app, bool commit, const int64_t *timestamp_ms)
{
    app->status = WEIR_E_AGAIN;
    if (commit)
        pravega_txn_commit(app->txn, timestamp_ms, on_done, app);
    else
        pravega_txn_abort(app->txn, on_done, app);
    ck_assert_int_eq(app->status, WEIR_E_AGAIN);
    ck_assert(weir_sim_run(store->sim, answered, app, HOUR_NS));
    return app->status;
}

static struct pravega_client *open_world(struct play_store *store, uint32_t cut_per_million)
{
    play_store_open(store, &(struct weir_sim_options){.seed = 1, .cut_per_million = cut_per_million});
    play_store_segment(store, 0, 0, 0.5);
    play_store_segment(store, 1, 0.5, 1);
    return play_store_client(store, NULL);
}

static void close_world(struct play_store *store, struct pravega_client *client, struct app *app)
{
    pravega_txn_free(app->txn);
    pravega_client_free(client);
    play_store_close(store);
}

static uint32_t count_all(const struct play_store *store)
{
    uint32_t count = 0;

    for (size_t i = 0; i < store->segment_count; i++)
        count += count_events(&store->segments[i]);
    return count;
}

/* Goal: a commit flushes first, carries the writer's time, is a success only once the controller says COMMITTED, and is
 * pinged until then. */
START_TEST(a_commit_flushes_and_waits_for_the_outcome)
{
    int64_t timestamp_ms = 1234;
    struct pravega_client *client;
    struct play_store store;
    struct app app = {0};

    client = open_world(&store, 0);
    store.committing_checks = 20; /* some seconds of waiting */
    begin(&store, client, &app, 10000);
    write_events(&app);
    ck_assert_int_eq(end_txn(&store, &app, true, _i == 0 ? &timestamp_ms : NULL), WEIR_OK);
    ck_assert_uint_eq(count_all(&store), EVENT_COUNT);
    ck_assert_uint_eq(store.commit_count, 1);
    ck_assert_uint_eq(strlen(store.commit_writer), _i == 0 ? 36 : 0);
    ck_assert_int_eq(store.commit_timestamp_ms, _i == 0 ? 1234 : INT64_MIN);
    ck_assert_uint_gt(store.check_count, 20);
    ck_assert_uint_ge(store.ping_count, 2);
    store.ping_count = 0;
    weir_sim_run(store.sim, never, NULL, 60 * WEIR_NS_PER_S);
    ck_assert_uint_eq(store.ping_count, 0);
    close_world(&store, client, &app);
}
END_TEST

START_TEST(an_ended_transaction_takes_nothing_more)
{
    struct pravega_client *client;
    struct weir_error err = {0};
    struct play_store store;
    struct app app = {0}, other = {0};

    client = open_world(&store, 0);
    begin(&store, client, &app, 0);
    app.status = WEIR_E_AGAIN;
    pravega_txn_commit(app.txn, NULL, on_done, &app);
    ck_assert_int_eq(pravega_txn_write(app.txn, NULL, weir_view_str("x"), &err), WEIR_E_TXN_FAILED);
    ck_assert_ptr_nonnull(strstr(err.message, "no longer open"));
    other.txn = app.txn;
    ck_assert_int_eq(end_txn(&store, &other, _i == 0, NULL), WEIR_E_TXN_FAILED);
    ck_assert(weir_sim_run(store.sim, answered, &app, HOUR_NS));
    ck_assert_int_eq(app.status, WEIR_OK);
    ck_assert_int_eq(end_txn(&store, &other, true, NULL), WEIR_E_TXN_FAILED);
    ck_assert_uint_eq(store.commit_count, 1);
    ck_assert_uint_eq(store.abort_count, 0);
    close_world(&store, client, &app);
}
END_TEST

START_TEST(an_abort_gives_up_what_is_not_flushed)
{
    struct pravega_client *client;
    struct play_store store;
    struct app app = {0}, flushing = {0};

    client = open_world(&store, 0);
    store.stalled = true;
    begin(&store, client, &app, 0);
    write_events(&app);
    flushing.status = WEIR_E_AGAIN;
    pravega_txn_flush(app.txn, on_done, &flushing);
    ck_assert_int_eq(end_txn(&store, &app, false, NULL), WEIR_OK);
    ck_assert_int_eq(flushing.status, WEIR_E_TXN_FAILED);
    ck_assert_uint_eq(store.abort_count, 1);
    close_world(&store, client, &app);
}
END_TEST

START_TEST(a_commit_of_what_was_aborted_fails)
{
    struct pravega_client *client;
    struct play_store store;
    struct app app = {0};

    client = open_world(&store, 0);
    begin(&store, client, &app, 0);
    store.txn_state = PRAVEGA__TXN_STATE__STATE__ABORTED;
    ck_assert_int_eq(end_txn(&store, &app, true, NULL), WEIR_E_TXN_FAILED);
    ck_assert_ptr_nonnull(strstr(app.message, "aborted"));
    close_world(&store, client, &app);
}
END_TEST

/* Goal: a transaction may be freed, or its client, at any moment of its end. */
START_TEST(a_transaction_is_freed_while_it_ends)
{
    struct pravega_client *client;
    struct play_store store;
    struct app app = {0};

    client = open_world(&store, 0);
    store.committing_checks = 1000;
    begin(&store, client, &app, 0);
    write_events(&app);
    app.status = WEIR_E_AGAIN;
    if (_i % 2 == 0)
        pravega_txn_commit(app.txn, NULL, on_done, &app);
    else
        pravega_txn_abort(app.txn, on_done, &app);
    weir_sim_run(store.sim, answered, &app, (_i / 2) * 200000);
    close_world(&store, client, &app);
}
END_TEST

static void free_txn(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct app *app = arg;

    (void)why;
    pravega_txn_free(app->txn);
    app->txn = NULL;
    app->status = status;
}

START_TEST(a_transaction_may_be_freed_in_its_callback)
{
    struct pravega_client *client;
    struct play_store store;
    struct app app = {0};

    client = open_world(&store, 0);
    begin(&store, client, &app, 0);
    write_events(&app);
    app.status = WEIR_E_AGAIN;
    if (_i == 2)
        store.stream_missing = true; /* its segments are not there: the flush fails */
    if (_i == 1)
        pravega_txn_abort(app.txn, free_txn, &app);
    else
        pravega_txn_commit(app.txn, NULL, free_txn, &app);
    ck_assert(weir_sim_run(store.sim, answered, &app, HOUR_NS));
    ck_assert_int_eq(app.status, _i == 2 ? WEIR_E_TXN_FAILED : WEIR_OK);
    close_world(&store, client, &app);
}
END_TEST

/* ---- going on with one ---- */

static const struct pravega_txn_id resumed_id = {(uint64_t)PLAY_TXN_EPOCH << 32, 7};

static void resume(struct play_store *store, struct pravega_client *client, struct app *app)
{
    struct pravega_txn_options options = {.on_ready = on_ready, .arg = app};

    app->status = WEIR_E_AGAIN;
    pravega_txn_resume(client, &stream, resumed_id, &options, on_begun, app);
    ck_assert_int_eq(app->status, WEIR_E_AGAIN);
    ck_assert(weir_sim_run(store->sim, answered, app, HOUR_NS));
}

/* Goal: shadow segments are named by the transaction's epoch, whatever epoch their segments are of. */
START_TEST(a_resumed_transaction_is_written_and_committed)
{
    struct pravega_client *client;
    struct play_store store;
    struct app app = {0};

    client = open_world(&store, 0);
    resume(&store, client, &app);
    ck_assert_int_eq(app.status, WEIR_OK);
    write_events(&app);
    weir_sim_run(store.sim, never, NULL, WEIR_NS_PER_S);
    ck_assert_int_eq(end_txn(&store, &app, true, NULL), WEIR_OK);
    ck_assert_uint_eq(count_all(&store), EVENT_COUNT);
    ck_assert_uint_eq(store.segment_count, 4);
    for (size_t i = 2; i < 4; i++)
        ck_assert_ptr_nonnull(strstr(store.segments[i].name, ".#epoch.3#transaction.00000003000000000000000000000007"));
    ck_assert_uint_ge(store.ping_count, 1);
    close_world(&store, client, &app);
}
END_TEST

START_TEST(only_open_transactions_are_resumed)
{
    struct pravega_client *client;
    struct play_store store;
    struct app app = {0};

    client = open_world(&store, 0);
    store.txn_state = PRAVEGA__TXN_STATE__STATE__COMMITTED;
    resume(&store, client, &app);
    ck_assert_int_eq(app.status, WEIR_E_TXN_FAILED);
    ck_assert_ptr_null(app.txn);
    ck_assert_ptr_nonnull(strstr(app.message, "COMMITTED"));
    pravega_txn_resume(client, &stream, resumed_id, NULL, on_begun, &app); /* ends with the client */
    close_world(&store, client, &app);
}
END_TEST

/* ---- those that ended ---- */

static void on_listed(void *arg, enum weir_status status, const struct pravega_txn_info *txns, size_t count,
                      const struct weir_error *why)
{
    struct app *app = arg;

    (void)why;
    app->status = status;
    ck_assert_uint_eq(count, 2);
    ck_assert(txns[0].id.lsb == 7 && txns[0].status == PRAVEGA_TXN_COMMITTED);
    ck_assert(txns[1].id.lsb == 8 && txns[1].status == PRAVEGA_TXN_ABORTED);
}

START_TEST(ended_transactions_are_listed)
{
    struct pravega_client *client;
    struct play_store store;
    struct app app = {.status = WEIR_E_AGAIN};

    client = open_world(&store, 0);
    pravega_txn_list_completed(client, &stream, on_listed, &app);
    ck_assert(weir_sim_run(store.sim, answered, &app, HOUR_NS));
    ck_assert_int_eq(app.status, WEIR_OK);
    pravega_txn_list_completed(client, &stream, on_listed, &app); /* ends with the client */
    close_world(&store, client, &app);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transaction");
    TCase *tc = tcase_create("transaction");
    SRunner *sr;
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_loop_test(tc, events_are_stored_in_shadow_segments, 0, 10);
    tcase_add_test(tc, an_open_transaction_is_pinged);
    tcase_add_loop_test(tc, a_transaction_that_is_gone_fails_with_words, 0, 3);
    tcase_add_loop_test(tc, an_end_by_others_is_heard_of_though_blocks_follow_it, 0, 10);
    tcase_add_test(tc, transactions_that_cannot_begin_say_why);
    tcase_add_loop_test(tc, bad_options_begin_nothing, 0, 3);
    tcase_add_loop_test(tc, a_commit_flushes_and_waits_for_the_outcome, 0, 2);
    tcase_add_loop_test(tc, an_ended_transaction_takes_nothing_more, 0, 2);
    tcase_add_test(tc, an_abort_gives_up_what_is_not_flushed);
    tcase_add_test(tc, a_commit_of_what_was_aborted_fails);
    tcase_add_loop_test(tc, a_transaction_is_freed_while_it_ends, 0, 60);
    tcase_add_loop_test(tc, a_transaction_may_be_freed_in_its_callback, 0, 3);
    tcase_add_test(tc, a_resumed_transaction_is_written_and_committed);
    tcase_add_test(tc, only_open_transactions_are_resumed);
    tcase_add_test(tc, ended_transactions_are_listed);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
