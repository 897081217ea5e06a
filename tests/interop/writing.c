/*
 * writing.c - what the event writer and transactions do, played on a cluster: large events, batches, noted time, and
 * transactions of many shapes across scales; read back and counted.
 *
 *   writing URI SCOPE      credentials and trust come from the environment
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/batch.h"
#include "pravega/blocking.h"
#include "weir/endian.h"

#define LARGE_LEN ((size_t)20 * 1024 * 1024 + 17)
#define KEY_COUNT 50

static struct pravega_session *session;
static struct weir_error err;

static void need(enum weir_status status, const char *what)
{
    if (status == WEIR_OK)
        return;
    fprintf(stderr, "%s: %s (%s)\n", what, err.message, weir_status_name(status));
    exit(1);
}

static void check(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "wrong: %s\n", what);
    exit(1);
}

#define AWAIT(what, call)                                                                                              \
    do {                                                                                                               \
        struct pravega_await *await = pravega_await_begin(session, NULL);                                              \
        call;                                                                                                          \
        need(pravega_await_end(session, await, &err), what);                                                           \
    } while (0)

/* ---- streams ---- */

/* Replaces all segments by `count` of equal shares. */
static void scale(const struct pravega_stream_name *stream, size_t count)
{
    struct pravega_ranges *now;
    pravega_segment_id sealed[16];
    struct pravega_segment_range ranges[16];
    struct pravega_scale to = {sealed, 0, ranges, count};

    need(pravega_await_current_segments(session, stream, &now, &err), "current segments");
    for (; to.sealed_count < now->count; to.sealed_count++)
        sealed[to.sealed_count] = now->ranges[to.sealed_count].id;
    for (size_t i = 0; i < count; i++)
        ranges[i] = (struct pravega_segment_range){0, (double)i / (double)count, (double)(i + 1) / (double)count};
    free(now);
    need(pravega_await_stream_scale(session, stream, &to, NULL, &err), "scale");
}

/* With a policy of one segment at least, so that any number can follow. */
static void make_stream(const struct pravega_stream_name *stream, size_t segments)
{
    need(pravega_await_stream_create(session, stream, &(struct pravega_stream_config){.min_segments = 1}, &err),
         stream->stream);
    if (segments > 1)
        scale(stream, segments);
}

/* ---- numbered events: each key counts from 0 ---- */

static uint32_t written[KEY_COUNT];

static struct weir_view number_of(uint32_t key, uint8_t event[8])
{
    weir_put_u32be(event, key);
    weir_put_u32be(event + 4, written[key]++);
    return weir_view(event, 8);
}

static void write_numbers(struct pravega_writer *writer, struct pravega_txn *txn, int count)
{
    for (int i = 0; i < count; i++) {
        uint32_t key = (uint32_t)i % KEY_COUNT;
        struct weir_view key_view = weir_view(&key, 1);
        uint8_t event[8];

        if (txn != NULL)
            need(pravega_await_txn_write(session, txn, &key_view, number_of(key, event), &err), "write in txn");
        else
            need(pravega_await_write(session, writer, &key_view, number_of(key, event), &err), "write");
    }
}

/* Reads everything in order of epochs: each key's numbers must follow each other, and the large ones be whole. Returns
 * how many large ones there were. */
static int read_numbers(const struct pravega_stream_name *stream, const uint8_t *large)
{
    struct pravega_batch_segments *segments;
    uint32_t next[KEY_COUNT] = {0};
    int large_count = 0;

    need(pravega_await_batch_segments(session, stream, NULL, NULL, &segments, &err), "segments");
    for (size_t s = 0; s < segments->range_count; s++) {
        struct pravega_segment_reader_options options = {.start_offset = segments->ranges[s].start_offset,
                                                         .end_offset = segments->ranges[s].end_offset,
                                                         .event_len_max = PRAVEGA_LARGE_EVENT_LEN_MAX};
        struct pravega_segment_reader *reader;
        struct pravega_event event;
        enum weir_status status;

        if (options.end_offset == options.start_offset)
            continue;
        need(pravega_await_segment_reader_new(session, stream, segments->ranges[s].segment, &options, &reader, &err),
             "reader");
        while ((status = pravega_await_segment_next(session, reader, 30000, &event, &err)) == WEIR_OK) {
            if (event.payload.len == LARGE_LEN) {
                check(memcmp(event.payload.ptr, large, LARGE_LEN) == 0, "a large event's bytes");
                large_count++;
                continue;
            }
            check(event.payload.len == 8 && weir_get_u32be(event.payload.ptr) < KEY_COUNT, "an event");
            check(weir_get_u32be(event.payload.ptr + 4) == next[weir_get_u32be(event.payload.ptr)]++,
                  "the order of a key");
        }
        check(status == WEIR_E_END, "the end of a segment");
        pravega_segment_reader_free(reader);
    }
    free(segments);
    check(memcmp(next, written, sizeof(next)) == 0, "the count of events");
    memset(written, 0, sizeof(written));
    return large_count;
}

/* ---- scenarios ---- */

static void large_and_batches(const char *scope)
{
    struct pravega_stream_name stream = {scope, "large"};
    struct pravega_writer_options options = {.enable_large_events = true, .writer_id = "writing"};
    uint8_t *large = malloc(LARGE_LEN), small[3][8];
    struct weir_view batch[3], key = weir_view("\1", 1);
    struct pravega_writer *writer;

    check(large != NULL, "memory");
    for (size_t i = 0; i < LARGE_LEN; i++)
        large[i] = (uint8_t)(i * 31 + i / 997);
    make_stream(&stream, 2);
    need(pravega_await_writer_new(session, &stream, &options, &writer, &err), "writer");
    write_numbers(writer, NULL, 1000);
    for (int i = 0; i < 3; i++) {
        need(pravega_await_write(session, writer, &key, weir_view(large, LARGE_LEN), &err), "large event");
        write_numbers(writer, NULL, 1000);
        if (i < 2)
            scale(&stream, i == 0 ? 3 : 1); /* the large event that follows finds its segment sealed */
    }
    for (int i = 0; i < 3; i++)
        batch[i] = number_of(1, small[i]);
    need(pravega_await_flush(session, writer, &err), "flush");
    AWAIT("batch", check(pravega_writer_write_batch(writer, &key, batch, 3, pravega_await_done, await, &err) == WEIR_OK,
                         "batch taken"));
    AWAIT("note time", pravega_writer_note_time(writer, 1000000, pravega_await_done, await));
    AWAIT("note time again", pravega_writer_note_time(writer, 2000000, pravega_await_done, await));
    AWAIT("close", pravega_writer_close(writer, pravega_await_done, await));
    check(read_numbers(&stream, large) == 3, "three large events");
    free(large);
    printf("large events across scales, a batch, noted time: as written\n");
}

static void writer_across_scales(const char *scope)
{
    struct pravega_stream_name stream = {scope, "scales"};
    static const size_t shares[] = {4, 1, 3, 2, 1, 5};
    struct pravega_writer *writer;

    make_stream(&stream, 1);
    need(pravega_await_writer_new(session, &stream, NULL, &writer, &err), "writer");
    for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
        write_numbers(writer, NULL, 50000);
        scale(&stream, shares[i]); /* with events in flight */
    }
    write_numbers(writer, NULL, 50000);
    AWAIT("close", pravega_writer_close(writer, pravega_await_done, await));
    read_numbers(&stream, NULL);
    printf("350000 events across six scales: once each, in order of their keys\n");
}

struct resumed {
    struct pravega_txn *txn;
    struct pravega_await *await;
};

static void on_resumed(void *arg, enum weir_status status, struct pravega_txn *txn, const struct weir_error *why)
{
    struct resumed *resumed = arg;

    resumed->txn = txn;
    pravega_await_done(resumed->await, status, why);
}

static struct pravega_txn *resume(const struct pravega_stream_name *stream, struct pravega_txn_id id,
                                  enum weir_status wanted)
{
    struct resumed resumed = {.await = pravega_await_begin(session, NULL)};

    pravega_txn_resume(pravega_session_client(session), stream, id, NULL, on_resumed, &resumed);
    check(pravega_await_end(session, resumed.await, &err) == wanted, "resume");
    return resumed.txn;
}

static void on_listed(void *arg, enum weir_status status, const struct pravega_txn_info *txns, size_t count,
                      const struct weir_error *why)
{
    char text[37];

    for (size_t i = 0; i < count; i++) {
        pravega_txn_id_text(txns[i].id, text);
        printf("  ended: %s %s\n", text, pravega_txn_status_name(txns[i].status));
    }
    pravega_await_done(arg, status, why);
}

static void transactions_across_scales(const char *scope)
{
    struct pravega_stream_name stream = {scope, "txns"};
    struct pravega_txn_options options = {.writer_id = "writing", .lease_ms = 30000};
    int64_t timestamp_ms = 3000000;
    struct pravega_txn_id id;
    struct pravega_txn *txn, *other;

    make_stream(&stream, 2);
    need(pravega_await_txn_begin(session, &stream, &options, &txn, &err), "begin");
    write_numbers(NULL, txn, 5000);
    scale(&stream, 3); /* the transaction is of the epoch before */
    write_numbers(NULL, txn, 5000);
    AWAIT("commit with a time", pravega_txn_commit(txn, &timestamp_ms, pravega_await_done, await));
    pravega_txn_free(txn);
    /* One that is begun, freed, resumed after two scales, and committed: its segments were not made in its epoch. */
    scale(&stream, 2);
    need(pravega_await_txn_begin(session, &stream, &options, &txn, &err), "begin");
    id = pravega_txn_id(txn);
    write_numbers(NULL, txn, 5000);
    need(pravega_await_txn_flush(session, txn, &err), "flush");
    pravega_txn_free(txn);
    scale(&stream, 4);
    txn = resume(&stream, id, WEIR_OK);
    write_numbers(NULL, txn, 5000);
    AWAIT("commit of a resumed one", pravega_txn_commit(txn, NULL, pravega_await_done, await));
    pravega_txn_free(txn);
    resume(&stream, id, WEIR_E_TXN_FAILED);
    printf("  resuming a committed one: %s\n", err.message);
    /* One that is aborted, twice. */
    need(pravega_await_txn_begin(session, &stream, &options, &other, &err), "begin");
    need(pravega_await_txn_write(session, other, NULL, weir_view_str("never seen"), &err), "write");
    AWAIT("abort", pravega_txn_abort(other, pravega_await_done, await));
    need(pravega_await_txn_abort_id(session, &stream, pravega_txn_id(other), &err), "abort again");
    pravega_txn_free(other);
    AWAIT("list", pravega_txn_list_completed(pravega_session_client(session), &stream, on_listed, await));
    read_numbers(&stream, NULL);
    printf("transactions across scales: as written\n");
}

int main(int argc, char **argv)
{
    struct pravega_client_options options = {0};
    struct weir_host *host = NULL;

    if (argc != 3) {
        fprintf(stderr, "usage: writing URI SCOPE\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* what went wrong is said last, also into a file */
    options.controller_uri = argv[1];
    need(weir_host_new(NULL, &host, &err), "host");
    need(pravega_client_options_from_environment(host, &options, &err), "environment");
    need(pravega_session_open(host, &options, &session, &err), "session");
    pravega_session_set_timeout(session, 120000);
    need(pravega_await_scope_create(session, argv[2], &err), "scope");
    large_and_batches(argv[2]);
    writer_across_scales(argv[2]);
    transactions_across_scales(argv[2]);
    pravega_session_close(session);
    weir_host_free(host);
    return 0;
}
