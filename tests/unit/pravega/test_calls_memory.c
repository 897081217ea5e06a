/*
 * test_calls_memory.c - the calls of users when memory runs out within the call: the first allocation fails, then the
 * second, and so on until the call succeeds. Each ends once, and its callback may free what it was called on.
 */
#include <check.h>
#include <stdlib.h>

#include "play_store.h"
#include "pravega/batch.h"
#include "pravega/streams.h"
#include "pravega/transaction.h"
#include "pravega/writer.h"

#define HOUR_NS (3600 * WEIR_NS_PER_S)

/* The linker sends all allocations here (--wrap in meson.build). */
void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *ptr, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *ptr, size_t len);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

static int until_failure = -1; /* that many succeed; below 0: all do */
static bool has_failed;

static bool fails(void)
{
    bool now = until_failure >= 0 && until_failure-- == 0;

    has_failed |= now;
    return now;
}
void *__wrap_malloc(size_t len)
{
    return fails() ? NULL : __real_malloc(len);
}
void *__wrap_calloc(size_t count, size_t len)
{
    return fails() ? NULL : __real_calloc(count, len);
}
void *__wrap_realloc(void *ptr, size_t len)
{
    return fails() ? NULL : __real_realloc(ptr, len);
}
char *__wrap_strndup(const char *text, size_t len)
{
    char *copy = fails() ? NULL : __real_malloc(len + 1);

    if (copy == NULL)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}
char *__wrap_strdup(const char *text)
{
    return __wrap_strndup(text, strlen(text));
}

/* ---- the world ---- */

static const struct pravega_stream_name stream = {PLAY_SCOPE, PLAY_STREAM};
static struct play_store store;
static struct pravega_client *client;
static struct pravega_txn *txn;
static struct pravega_writer *writer;
static struct pravega_segment_offset position = {0, 10};
static struct pravega_stream_cut cut = {(char *)PLAY_SCOPE, (char *)PLAY_STREAM, &position, 1};
static int ended_count;
static enum weir_status ended;

static void on_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    (void)arg;
    ck_assert_int_eq(status == WEIR_OK ? WEIR_OK : why->status, status);
    ended_count++;
    ended = status;
}

static bool has_ended(void *arg)
{
    (void)arg;
    return ended_count > 0;
}

static void on_begun(void *arg, enum weir_status status, struct pravega_txn *begun, const struct weir_error *why)
{
    txn = begun;
    on_done(arg, status, why);
}

static void on_txn_ended(void *arg, enum weir_status status, const struct weir_error *why)
{
    on_done(arg, status, why);
    pravega_txn_free(txn);
    txn = NULL;
}

/* It is freed, whatever the status. */
static void on_closed(void *arg, enum weir_status status, const struct weir_error *why)
{
    writer = NULL;
    on_done(arg, status, why);
}

static void on_segments(void *arg, enum weir_status status, const struct pravega_batch_segments *segments,
                        const struct weir_error *why)
{
    (void)segments;
    on_done(arg, status, why);
}

static void on_cut(void *arg, enum weir_status status, const struct pravega_segment_offset *positions, size_t count,
                   const struct weir_error *why)
{
    (void)positions;
    (void)count;
    on_done(arg, status, why);
}

static void on_txn_status(void *arg, enum weir_status status, enum pravega_txn_status txn_status,
                          const struct weir_error *why)
{
    (void)txn_status;
    on_done(arg, status, why);
}

/* ---- the calls ---- */

static void begin_txn(void)
{
    pravega_txn_begin(client, &stream, NULL, on_begun, NULL);
}

static void abort_txn(void)
{
    pravega_txn_abort(txn, on_txn_ended, NULL);
}

static void commit_txn(void)
{
    pravega_txn_commit(txn, NULL, on_txn_ended, NULL);
}

static void flush_writer(void)
{
    pravega_writer_flush(writer, on_done, NULL);
}

static void close_writer(void)
{
    pravega_writer_close(writer, on_closed, NULL);
}

static void note_time(void)
{
    pravega_writer_note_time(writer, 1, on_done, NULL);
}

static void ask_txn_status(void)
{
    pravega_txn_status_id(client, &stream, pravega_txn_id(txn), on_txn_status, NULL);
}

static void ask_batch_from_head(void)
{
    pravega_batch_segments(client, &stream, NULL, &cut, on_segments, NULL);
}

static void ask_batch_to_tail(void)
{
    pravega_batch_segments(client, &stream, &cut, NULL, on_segments, NULL);
}

static void ask_batch_of_all(void)
{
    pravega_batch_segments(client, &stream, NULL, NULL, on_segments, NULL);
}

static void ask_tail(void)
{
    pravega_stream_tail(client, &stream, on_cut, NULL);
}

static void seal(void)
{
    pravega_stream_seal(client, &stream, on_done, NULL);
}

static void (*const calls[])(void) = {
    begin_txn,      abort_txn,           commit_txn,        flush_writer,     close_writer, note_time,
    ask_txn_status, ask_batch_from_head, ask_batch_to_tail, ask_batch_of_all, ask_tail,     seal,
};
#define CALL_COUNT (sizeof(calls) / sizeof(calls[0]))

/* Whatever the controller is asked beyond what the play store knows is not answered well; how a call ends then is not
 * looked at here. */
static bool on_call(struct play_store *of, const char *method, const ProtobufCMessage *ask,
                    struct weir_grpc_request *request)
{
    (void)of;
    (void)method;
    (void)ask;
    weir_grpc_answer(request, WEIR_GRPC_INVALID_ARGUMENT, weir_view(NULL, 0), "no such question");
    return true;
}

static void await(void)
{
    ck_assert(weir_sim_run(store.sim, has_ended, NULL, HOUR_NS));
}

static void open_world(void)
{
    play_store_open(&store, &(struct weir_sim_options){.seed = 1});
    play_store_segment(&store, 0, 0, 1);
    store.other_call = on_call;
    client = play_store_client(&store, NULL);
    ck_assert_int_eq(pravega_writer_new(client, &stream, NULL, &writer, NULL), WEIR_OK);
    ended_count = 0;
    begin_txn();
    await();
    ck_assert_int_eq(ended, WEIR_OK);
    ended_count = 0;
}

static void close_world(void)
{
    pravega_txn_free(txn);
    txn = NULL;
    pravega_writer_free(writer);
    writer = NULL;
    pravega_client_free(client);
    play_store_close(&store);
}

/* False: nothing failed, so the call needs no more allocations than that. */
static bool call_with(void (*call)(void), int successes)
{
    struct pravega_txn *before;

    open_world();
    before = txn;
    if (call == begin_txn)
        txn = NULL;
    has_failed = false;
    until_failure = successes;
    call();
    until_failure = -1;
    if (!has_failed)
        ck_assert_int_eq(ended_count, 0); /* never from within a call that has memory */
    await();
    ck_assert_int_eq(ended_count, 1);
    if (has_failed)
        ck_assert_int_ne(ended, WEIR_OK);
    if (call == begin_txn)
        pravega_txn_free(before);
    close_world();
    return has_failed;
}

START_TEST(calls_end_once_without_memory)
{
    int successes = 0;

    while (call_with(calls[_i], successes))
        successes++;
    ck_assert(successes > 0 || calls[_i] == close_writer); /* which needs none */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("calls_memory");
    TCase *tc = tcase_create("calls_memory");
    SRunner *sr;
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_loop_test(tc, calls_end_once_without_memory, 0, (int)CALL_COUNT);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
