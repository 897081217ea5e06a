/*
 * test_blocking.c - the blocking forms of logs, byte streams, transactions and reader groups, over the embedded store
 * in a simulated world; those of tables over a table server in memory.
 */
#include "pravega/blocking.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "play_table.h"
#include "weir/sim.h"
#include "weir/store.h"

#define SCOPE "scope"
#define READ_MS 60000

static const struct pravega_stream_name stream = {SCOPE, "s"};
static const struct pravega_group_name group_name = {SCOPE, "g"};

static struct weir_sim *sim;
static struct weir_host *store_host, *client_host;
static struct weir_loop *store_loop;
static struct weir_store *store;
static struct pravega_session *session;
static struct weir_error err;

#define OK(call) ck_assert_msg((call) == WEIR_OK, "%s", err.message)
#define ENDS(call, status) ck_assert_msg((call) == (status), "%s", err.message)

static void setup(void)
{
    struct weir_store_options options = {
        .data_dir = "store", .advertised_host = "store", .controller_port = 9090, .segment_port = 12345};
    struct pravega_client_options client_options = {.controller_uri = "tcp://store:9090"};

    err = (struct weir_error){0};
    OK(weir_sim_new(&(struct weir_sim_options){.seed = 7, .log_fd = -1}, &sim, &err));
    OK(weir_sim_host_new(sim, "store", "store-disk", &store_host, &err));
    OK(weir_sim_host_new(sim, "client", "client-disk", &client_host, &err));
    OK(weir_loop_new(store_host, "store", &store_loop, &err));
    OK(weir_loop_start(store_loop, &err));
    OK(weir_store_open(store_loop, &options, &store, &err));
    OK(pravega_session_open(client_host, &client_options, &session, &err));
    OK(pravega_await_scope_create(session, SCOPE, &err));
    OK(pravega_await_stream_create(session, &stream, &(struct pravega_stream_config){.min_segments = 1}, &err));
}

static void teardown(void)
{
    pravega_session_close(session);
    weir_store_close(store);
    weir_loop_stop(store_loop);
    weir_loop_join(store_loop);
    weir_loop_free(store_loop);
    weir_host_free(store_host);
    weir_host_free(client_host);
    weir_sim_free(sim);
}

static bool is(struct weir_view view, const char *text)
{
    return view.len == strlen(text) && memcmp(view.ptr, text, view.len) == 0;
}

/* ---- bytes and logs */

START_TEST(bytes_are_written_and_read)
{
    struct pravega_byte_writer *writer;
    struct pravega_byte_reader *reader;
    struct weir_view bytes;
    int64_t offset;

    OK(pravega_await_byte_writer_new(session, &stream, NULL, &writer, &err));
    OK(pravega_await_byte_write(session, writer, weir_view_str("0123456789"), &err));
    OK(pravega_await_byte_flush(session, writer, &err));
    OK(pravega_await_byte_writer_tail(session, writer, &offset, &err));
    ck_assert_int_eq(offset, 10);
    OK(pravega_await_byte_truncate_before(session, writer, 4, &err));
    OK(pravega_await_byte_writer_head(session, writer, &offset, &err));
    ck_assert_int_eq(offset, 4);
    OK(pravega_await_byte_reader_new(session, &stream, NULL, &reader, &err));
    OK(pravega_await_byte_read(session, reader, 100, READ_MS, &bytes, &err));
    ck_assert(is(bytes, "456789"));
    ENDS(pravega_await_byte_read(session, reader, 100, 20, &bytes, &err), WEIR_E_TIMEOUT);
    OK(pravega_await_byte_close_and_seal(session, writer, &err));
    ENDS(pravega_await_byte_read(session, reader, 100, READ_MS, &bytes, &err), WEIR_E_END);
    OK(pravega_await_byte_reader_head(session, reader, &offset, &err));
    ck_assert_int_eq(offset, 4);
    OK(pravega_await_byte_reader_tail(session, reader, &offset, &err));
    ck_assert_int_eq(offset, 10);
    pravega_byte_reader_free(reader);
    pravega_byte_writer_free(writer);
}
END_TEST

static bool count_entry(void *arg, const struct pravega_revision *revision, struct weir_view entry)
{
    size_t *count = arg;

    (void)revision;
    ck_assert(is(entry, *count == 0 ? "one" : "two"));
    return ++*count < 10;
}

START_TEST(a_log_is_written_marked_read_and_truncated)
{
    struct pravega_revisioned_stream *log;
    struct pravega_revision start, one, latest, mark;
    size_t count = 0;
    bool is_set;

    OK(pravega_revisioned_stream_new(pravega_session_client(session), &stream, &log, &err));
    OK(pravega_await_revisioned_latest(session, log, &start, &err));
    OK(pravega_await_revisioned_write_conditionally(session, log, &start, weir_view_str("one"), &one, &err));
    ENDS(pravega_await_revisioned_write_conditionally(session, log, &start, weir_view_str("no"), &latest, &err),
         WEIR_E_CONFLICT);
    OK(pravega_await_revisioned_write(session, log, weir_view_str("two"), &err));
    OK(pravega_await_revisioned_read(session, log, &start, count_entry, &count, &err));
    ck_assert_uint_eq(count, 2);
    OK(pravega_await_revisioned_mark(session, log, &mark, &is_set, &err));
    ck_assert(!is_set);
    OK(pravega_await_revisioned_set_mark(session, log, NULL, &one, &err));
    OK(pravega_await_revisioned_mark(session, log, &mark, &is_set, &err));
    ck_assert(is_set && pravega_revision_compare(&mark, &one) == 0);
    OK(pravega_await_revisioned_truncate(session, log, &one, &err));
    OK(pravega_await_revisioned_oldest(session, log, &latest, &err));
    ck_assert_int_eq(pravega_revision_compare(&latest, &one), 0);
    ENDS(pravega_await_revisioned_read(session, log, &start, count_entry, &count, &err), WEIR_E_TRUNCATED);
    pravega_revisioned_stream_free(log);
}
END_TEST

/* ---- writers and transactions */

static void expect_bytes(int64_t wanted)
{
    struct pravega_batch_segments *segments;
    int64_t bytes = 0;

    OK(pravega_await_batch_segments(session, &stream, NULL, NULL, &segments, &err));
    for (size_t i = 0; i < segments->range_count; i++)
        bytes += segments->ranges[i].end_offset - segments->ranges[i].start_offset;
    ck_assert_int_eq(bytes, wanted);
    free(segments);
}

START_TEST(transactions_end_by_their_objects)
{
    struct weir_view key = weir_view_str("k");
    struct pravega_txn *txn, *resumed;
    int64_t time_ms = 5;

    OK(pravega_await_txn_begin(session, &stream, NULL, &txn, &err));
    OK(pravega_await_txn_write(session, txn, &key, weir_view_str("1234"), &err));
    OK(pravega_await_txn_flush(session, txn, &err));
    OK(pravega_await_txn_resume(session, &stream, pravega_txn_id(txn), NULL, &resumed, &err));
    OK(pravega_await_txn_write(session, resumed, &key, weir_view_str("5678"), &err));
    OK(pravega_await_txn_commit(session, resumed, &time_ms, &err)); /* flushes */
    expect_bytes(2 * (PRAVEGA_EVENT_HEADER_LEN + 4));
    ENDS(pravega_await_txn_commit(session, resumed, NULL, &err), WEIR_E_TXN_FAILED);
    pravega_txn_free(resumed);
    pravega_txn_free(txn);
    OK(pravega_await_txn_begin(session, &stream, NULL, &txn, &err));
    OK(pravega_await_txn_write(session, txn, &key, weir_view_str("gone"), &err));
    OK(pravega_await_txn_abort(session, txn, &err));
    ENDS(pravega_await_txn_resume(session, &stream, pravega_txn_id(txn), NULL, &resumed, &err), WEIR_E_TXN_FAILED);
    ck_assert_ptr_null(resumed);
    pravega_txn_free(txn);
    expect_bytes(2 * (PRAVEGA_EVENT_HEADER_LEN + 4));
}
END_TEST

struct ended {
    size_t count;
    struct pravega_txn_info last;
};

static void on_ended(void *arg, enum weir_status status, const struct pravega_txn_info *txns, size_t count,
                     const struct weir_error *why)
{
    struct ended *ended = pravega_await_out(arg);

    if (ended != NULL && count > 0)
        ended->last = txns[0];
    if (ended != NULL)
        ended->count = count;
    pravega_await_done(arg, status, why);
}

/* Goal: a transaction that comes after its caller has left does not stay open. */
START_TEST(a_transaction_that_comes_too_late_is_aborted)
{
    struct ended ended = {0};
    struct pravega_await *await;
    struct pravega_txn *txn;
    bool exists;

    OK(pravega_await_stream_exists(session, &stream, &exists, &err)); /* connected */
    pravega_session_set_timeout(session, 1);
    ENDS(pravega_await_txn_begin(session, &stream, NULL, &txn, &err), WEIR_E_TIMEOUT);
    ck_assert_ptr_null(txn);
    pravega_session_set_timeout(session, 0);
    OK(pravega_await_stream_exists(session, &stream, &exists, &err)); /* while the abort goes out */
    OK(pravega_await_stream_exists(session, &stream, &exists, &err));
    await = pravega_await_begin(session, &ended);
    pravega_txn_list_completed(pravega_session_client(session), &stream, on_ended, await);
    OK(pravega_await_end(session, await, &err));
    ck_assert_uint_eq(ended.count, 1);
    ck_assert_int_eq(ended.last.status, PRAVEGA_TXN_ABORTED);
}
END_TEST

static void write_events(int count)
{
    struct pravega_writer *writer;
    struct weir_view key = weir_view_str("k");

    OK(pravega_await_writer_new(session, &stream, NULL, &writer, &err));
    for (int i = 0; i < count; i++)
        OK(pravega_await_write(session, writer, &key, weir_view_str("event"), &err));
    OK(pravega_await_note_time(session, writer, 1000, &err));
    OK(pravega_await_writer_close(session, writer, &err));
}

START_TEST(a_writer_that_is_closed_has_written_all)
{
    write_events(100);
    expect_bytes(100 * (PRAVEGA_EVENT_HEADER_LEN + 5));
}
END_TEST

/* ---- reader groups */

/* Reads on while something is waited for: what next() gives is counted. */
struct pump {
    struct pravega_event_reader *reader;
    struct weir_timer timer;
    int events, checkpoints;
    struct pravega_event_pointer first;
    char scope[PRAVEGA_NAME_LEN_MAX + 1], name[PRAVEGA_NAME_LEN_MAX + 1];
    enum weir_status status;
};

static void keep_first(struct pump *pump, const struct pravega_event_pointer *pointer)
{
    strcpy(pump->scope, pointer->stream.scope);
    strcpy(pump->name, pointer->stream.stream);
    pump->first = *pointer;
    pump->first.stream = (struct pravega_stream_name){pump->scope, pump->name};
}

static void pump_on(void *arg)
{
    struct pump *pump = arg;
    struct pravega_event_read read;

    while ((pump->status = pravega_event_reader_next(pump->reader, &read, NULL)) == WEIR_OK) {
        if (read.kind == PRAVEGA_READ_EVENT && pump->events++ == 0)
            keep_first(pump, &read.pointer);
        pump->checkpoints += read.kind == PRAVEGA_READ_CHECKPOINT;
    }
    if (pump->status == WEIR_E_AGAIN)
        weir_timer_start(pravega_session_loop(session), &pump->timer, 50 * WEIR_NS_PER_MS);
}

/* Until something is ready, 100 ms at most. */
static void let_run(void)
{
    int64_t deadline_ns = 0;

    pravega_await_ready(session, 100, &deadline_ns, NULL);
}

static void start_pump(struct pump *pump, const char *id)
{
    *pump = (struct pump){.timer = {.fn = pump_on, .arg = pump}};
    OK(pravega_await_event_reader_new(session, &group_name, id, NULL, &pump->reader, &err));
    weir_timer_start(pravega_session_loop(session), &pump->timer, 0);
}

static void stop_pump(struct pump *pump)
{
    weir_timer_stop(pravega_session_loop(session), &pump->timer);
    pravega_event_reader_free(pump->reader);
}

static void open_group(struct pravega_reader_group **group, enum pravega_data_retention retention)
{
    struct pravega_group_stream read = {stream, NULL, NULL};
    struct pravega_reader_group_config config = {.streams = &read,
                                                 .stream_count = 1,
                                                 .group_refresh_time_ms = 500,
                                                 .automatic_checkpoint_interval_ms =
                                                     PRAVEGA_CHECKPOINT_INTERVAL_DISABLED,
                                                 .retention_type = retention};

    OK(pravega_await_reader_group_create(session, &group_name, &config, &err));
    OK(pravega_await_reader_group_open(session, &group_name, group, &err));
}

static int64_t only_offset(const struct pravega_stream_cut *cut)
{
    ck_assert_uint_eq(cut->position_count, 1);
    return cut->positions[0].offset;
}

START_TEST(a_group_is_checkpointed_and_reset)
{
    struct pravega_checkpoint checkpoint = {0};
    struct pravega_stream_cuts *cuts;
    struct pravega_reader_group *group;
    struct pravega_names *names;
    static struct pump pump;

    write_events(10);
    open_group(&group, PRAVEGA_DATA_RETENTION_NONE);
    OK(pravega_await_reader_group_stream_names(session, group, &names, &err));
    ck_assert(names->count == 1 && strcmp(names->names[0], SCOPE "/s") == 0);
    free(names);
    OK(pravega_await_reader_group_stream_cuts(session, group, &cuts, &err));
    ck_assert(cuts->count == 1 && only_offset(&cuts->cuts[0]) == 0);
    free(cuts);
    start_pump(&pump, "a");
    OK(pravega_await_reader_group_checkpoint(session, group, "first", &checkpoint, &err));
    ck_assert_int_eq(pump.checkpoints, 1);
    pravega_session_set_timeout(session, 5000);
    while (pump.events < 10)
        let_run();
    OK(pravega_await_reader_group_generate_stream_cuts(session, group, &cuts, &err));
    ck_assert_int_eq(only_offset(&cuts->cuts[0]), 10 * (PRAVEGA_EVENT_HEADER_LEN + 5));
    ck_assert_int_eq(pump.checkpoints, 1); /* nobody sees that one */
    free(cuts);
    OK(pravega_await_reader_group_reset_to_checkpoint(session, group, &checkpoint, &err));
    while (pump.status == WEIR_E_AGAIN)
        let_run();
    ck_assert_int_eq(pump.status, WEIR_E_STATE);
    stop_pump(&pump);
    OK(pravega_await_reader_group_reset(session, group, NULL, &err));
    pravega_checkpoint_fini(&checkpoint);
    pravega_reader_group_free(group);
}
END_TEST

START_TEST(a_dead_reader_holds_up_a_checkpoint_until_it_is_cancelled)
{
    struct pravega_checkpoint checkpoint = {0};
    struct pravega_reader_group *group;
    struct pravega_names *names;
    struct weir_buf event;
    static struct pump pump;

    write_events(10);
    open_group(&group, PRAVEGA_DATA_RETENTION_NONE);
    start_pump(&pump, "dead");
    while (pump.events < 10)
        let_run();
    weir_buf_init(&event, 100);
    OK(pravega_await_event_fetch(session, &pump.first, &event, &err));
    ck_assert(is(weir_buf_view(&event), "event"));
    weir_buf_fini(&event);
    stop_pump(&pump);
    pravega_session_set_timeout(session, 2000);
    ENDS(pravega_await_reader_group_checkpoint(session, group, "never", &checkpoint, &err), WEIR_E_TIMEOUT);
    OK(pravega_await_reader_group_cancel_outstanding_checkpoints(session, group, &err));
    OK(pravega_await_reader_group_reader_offline(session, group, "dead", NULL, &err));
    OK(pravega_await_reader_group_online_readers(session, group, &names, &err));
    ck_assert_uint_eq(names->count, 0);
    free(names);
    start_pump(&pump, "next"); /* reads it all again */
    while (pump.events < 10)
        let_run();
    stop_pump(&pump);
    pravega_reader_group_free(group);
}
END_TEST

START_TEST(retention_follows_a_groups_cut)
{
    struct pravega_segment_offset at = {0, PRAVEGA_EVENT_HEADER_LEN + 5}, before = {0, 0};
    struct pravega_stream_cut cut = {SCOPE, "s", &at, 1}, back = {SCOPE, "s", &before, 1};
    struct pravega_reader_group *group;

    write_events(2);
    open_group(&group, PRAVEGA_DATA_RETENTION_MANUAL_RELEASE_AT_USER_STREAMCUT);
    OK(pravega_await_reader_group_update_retention_stream_cut(session, group, &cut, 1, &err));
    ENDS(pravega_await_reader_group_update_retention_stream_cut(session, group, &back, 1, &err), WEIR_E_INVAL);
    pravega_reader_group_free(group);
}
END_TEST

/* Goal: what a checkpoint says of a segment that is read to its end is a place like others: to truncate at, to begin a
 * group at. Method: {segment 0: -1} after a scale, which is what its reader leaves. */
START_TEST(a_cut_at_the_end_of_a_segment_is_a_place)
{
    struct pravega_segment_range halves[] = {{0, 0, 0.5}, {0, 0.5, 1}};
    pravega_segment_id sealed = 0;
    struct pravega_scale scale = {&sealed, 1, halves, 2};
    struct pravega_segment_offset end = {0, PRAVEGA_OFFSET_COMPLETED};
    struct pravega_stream_cut cut = {(char *)SCOPE, (char *)"s", &end, 1};
    struct pravega_group_stream read = {stream, &cut, NULL};
    struct pravega_reader_group_config config = {.streams = &read, .stream_count = 1};
    struct pravega_stream_info *info;
    static struct pump pump;

    write_events(3);
    ENDS(pravega_await_stream_truncate(session, &stream, &cut, &err), WEIR_E_INVAL); /* it has no end yet */
    OK(pravega_await_stream_scale(session, &stream, &scale, NULL, &err));
    write_events(2);
    OK(pravega_await_reader_group_create(session, &group_name, &config, &err));
    start_pump(&pump, "after");
    while (pump.events < 2)
        let_run();
    stop_pump(&pump);
    ck_assert_int_ne(pump.first.segment, 0); /* none of the three before */
    OK(pravega_await_stream_truncate(session, &stream, &cut, &err));
    expect_bytes(2 * (PRAVEGA_EVENT_HEADER_LEN + 5));
    OK(pravega_await_stream_truncate(session, &stream, &cut, &err)); /* it is there already */
    OK(pravega_await_stream_info(session, &stream, &info, &err));
    OK(pravega_await_stream_truncate(session, &stream, info->tail, &err)); /* segment 0 goes */
    free(info);
    ENDS(pravega_await_stream_truncate(session, &stream, &cut, &err), WEIR_E_CONFLICT);
}
END_TEST

START_TEST(lists_come_in_pages)
{
    struct pravega_name_page *page;
    char *token = NULL;
    size_t count = 0;
    bool more = true;

    while (more) {
        OK(pravega_await_stream_list_page(session, SCOPE, token, &page, &err));
        count += page->count;
        free(token);
        token = page->token != NULL ? strdup(page->token) : NULL;
        more = page->token != NULL;
        free(page);
    }
    ck_assert_uint_ge(count, 1);
    OK(pravega_await_scope_list_page(session, NULL, &page, &err));
    ck_assert_uint_ge(page->count, 1);
    free(page);
}
END_TEST

/* ---- tables */

static struct pravega_table_key key_of(const char *text)
{
    return (struct pravega_table_key){weir_view(text, 2), weir_view(text + 2, 2)};
}

START_TEST(tables_are_filled_and_walked_over)
{
    static const struct pravega_table_name name = {PLAY_SCOPE, PLAY_TABLE};
    static const struct pravega_table_config config = {3, 2, 2, 0};
    struct pravega_table_key keys[] = {key_of("aa00"), key_of("aa01"), key_of("bb00")};
    struct pravega_table_update updates[] = {pravega_table_insert_of(keys[0], weir_view_str("zero")),
                                             pravega_table_insert_of(keys[1], weir_view_str("one"))};
    struct pravega_client_options options = {.controller_uri = "tcp://server:9090"};
    struct pravega_table_range all = pravega_table_all();
    struct pravega_table_version versions[2], version;
    struct pravega_table_iterator *iterator;
    struct pravega_table_page *page;
    struct pravega_table_config stored;
    struct pravega_table *table;
    struct play_store play;
    struct play_table server;
    struct weir_buf value;
    size_t count = 0;
    bool exists;

    play_store_open(&play, &(struct weir_sim_options){.seed = 3});
    play_table_open(&server, &play, &config);
    OK(pravega_session_open(play.client_host, &options, &session, &err));
    OK(pravega_await_table_fetch_config(session, &name, &stored, &err));
    ck_assert_int_eq(stored.partition_count, 3);
    OK(pravega_table_new(pravega_session_client(session), &name, NULL, &table, &err));
    OK(pravega_await_table_update(session, table, updates, 2, versions, &err));
    ENDS(pravega_await_table_update(session, table, updates, 2, NULL, &err), WEIR_E_CONFLICT);
    OK(pravega_await_table_put(session, table, &keys[2], weir_view_str("other"), &version, &err));
    OK(pravega_await_table_exists(session, table, &keys[2], &exists, &err));
    ck_assert(exists);
    weir_buf_init(&value, 100);
    OK(pravega_await_table_get(session, table, &keys[1], &value, &version, &err));
    ck_assert(is(weir_buf_view(&value), "one"));
    ck_assert_int_eq(version.version, versions[1].version);
    weir_buf_fini(&value);
    OK(pravega_await_table_get_all(session, table, keys, 3, &page, &err));
    ck_assert(page->count == 3 && is(page->entries[0].value, "zero") && is(page->entries[2].value, "other"));
    free(page);
    OK(pravega_table_iterator_new(table, &all, &(struct pravega_table_iterator_options){.page_size = 2}, &iterator,
                                  &err));
    do {
        OK(pravega_await_table_iterator_next(session, iterator, &page, &err));
        for (size_t i = 0; i < page->count; i++, count++)
            ck_assert_mem_eq(page->entries[i].key.primary.ptr, keys[count].primary.ptr, 2);
        exists = page->count > 0;
        free(page);
    } while (exists);
    ck_assert_uint_eq(count, 3);
    OK(pravega_await_table_remove(session, table, &keys[0], versions[0], &err));
    OK(pravega_await_table_exists(session, table, &keys[0], &exists, &err));
    ck_assert(!exists);
    pravega_table_iterator_free(iterator);
    pravega_table_free(table);
    pravega_session_close(session);
    play_table_close(&server);
    play_store_close(&play);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("blocking");
    TCase *tc = tcase_create("store"), *tables = tcase_create("tables");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, bytes_are_written_and_read);
    tcase_add_test(tc, a_log_is_written_marked_read_and_truncated);
    tcase_add_test(tc, transactions_end_by_their_objects);
    tcase_add_test(tc, a_transaction_that_comes_too_late_is_aborted);
    tcase_add_test(tc, a_writer_that_is_closed_has_written_all);
    tcase_add_test(tc, a_group_is_checkpointed_and_reset);
    tcase_add_test(tc, a_dead_reader_holds_up_a_checkpoint_until_it_is_cancelled);
    tcase_add_test(tc, retention_follows_a_groups_cut);
    tcase_add_test(tc, a_cut_at_the_end_of_a_segment_is_a_place);
    tcase_add_test(tc, lists_come_in_pages);
    tcase_set_timeout(tables, 0);
    tcase_add_test(tables, tables_are_filled_and_walked_over);
    suite_add_tcase(suite, tc);
    suite_add_tcase(suite, tables);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
