/*
 * test_byte_stream.c - bytes written and read over a Pravega in memory: all of them, once, in order, whatever breaks.
 */
#include "pravega/byte_stream.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "play_store.h"

#define HOUR_NS (3600 * WEIR_NS_PER_S)

static const struct pravega_stream_name stream_name = {PLAY_SCOPE, PLAY_STREAM};

struct world {
    struct play_store store;
    struct play_segment *segment;
    struct pravega_client *client;
    int64_t head_offset; /* what the controller says */
    bool seals_not;      /* the store cannot now */
};

static bool seal_it(struct play_store *store, const struct pravega_wire_command *cmd, struct weir_buf *out)
{
    struct world *world = store->other;
    struct pravega_wire_segment_sealed sealed = {cmd->seal_segment.request_id, cmd->seal_segment.segment};

    if (cmd->type != PRAVEGA_WIRE_SEAL_SEGMENT)
        return false;
    if (world->seals_not) {
        pravega_wire_encode_operation_unsupported(
            out, &(struct pravega_wire_operation_unsupported){sealed.request_id, weir_view_str("seal"), {0}});
        return true;
    }
    if (world->segment->sealed) {
        pravega_wire_encode_segment_is_sealed(
            out, &(struct pravega_wire_segment_is_sealed){sealed.request_id, sealed.segment, weir_view_str(""), -1});
        return true;
    }
    play_store_seal(store, world->segment);
    pravega_wire_encode_segment_sealed(out, &sealed);
    return true;
}

static bool tell_head(struct play_store *store, const char *method, const ProtobufCMessage *ask,
                      struct weir_grpc_request *request)
{
    struct world *world = store->other;
    Pravega__SegmentsAtTime reply = PRAVEGA__SEGMENTS_AT_TIME__INIT;
    Pravega__SegmentsAtTime__SegmentLocation locations[PLAY_SEGMENTS_MAX], *pointers[PLAY_SEGMENTS_MAX];
    Pravega__SegmentId ids[PLAY_SEGMENTS_MAX];
    Pravega__StreamInfo info = PRAVEGA__STREAM_INFO__INIT;

    (void)ask;
    if (strcmp(method, "getSegments") != 0)
        return false;
    if (store->stream_missing) {
        weir_grpc_answer(request, WEIR_GRPC_NOT_FOUND, weir_view(NULL, 0), "no such stream");
        return true;
    }
    info.scope = PLAY_SCOPE;
    info.stream = PLAY_STREAM;
    for (size_t i = 0; i < store->segment_count; i++) {
        pravega__segments_at_time__segment_location__init(&locations[i]);
        pravega__segment_id__init(&ids[i]);
        ids[i].streaminfo = &info;
        ids[i].segmentid = store->segments[i].id;
        locations[i].segmentid = &ids[i];
        locations[i].offset = world->head_offset;
        pointers[i] = &locations[i];
    }
    reply.n_segments = store->segment_count;
    reply.segments = pointers;
    play_store_answer(request, &reply.base);
    return true;
}

static void open_world(struct world *world, uint64_t seed)
{
    *world = (struct world){0};
    play_store_open(&world->store, &(struct weir_sim_options){.seed = seed});
    world->store.other = world;
    world->store.other_command = seal_it;
    world->store.other_call = tell_head;
    world->segment = play_store_segment(&world->store, 0, 0, 1);
    world->client = play_store_client(&world->store, NULL);
}

static void close_world(struct world *world)
{
    pravega_client_free(world->client);
    play_store_close(&world->store);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

/* What callbacks said. */
struct result {
    int calls;
    enum weir_status status;
    int64_t offset;
};

static void on_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct result *result = arg;

    result->calls++;
    result->status = status;
    ck_assert(status == WEIR_OK || why->message[0] != '\0');
}

static void on_offset(void *arg, enum weir_status status, int64_t offset, const struct weir_error *why)
{
    on_done(arg, status, why);
    ((struct result *)arg)->offset = offset;
}

static bool has_ended(void *arg)
{
    return ((struct result *)arg)->calls > 0;
}

static enum weir_status await(struct world *world, struct result *result)
{
    ck_assert_int_eq(result->calls, 0);
    ck_assert(weir_sim_run(world->store.sim, has_ended, result, HOUR_NS));
    result->calls = 0;
    return result->status;
}

/* Byte n of the stream. */
static uint8_t byte_at(int64_t n)
{
    return (uint8_t)(n * 31 + n / 251);
}

static void assert_bytes(struct weir_view bytes, int64_t from)
{
    size_t same = 0; /* one assertion for all: each of Check's writes to a file */

    while (same < bytes.len && bytes.ptr[same] == byte_at(from + (int64_t)same))
        same++;
    ck_assert_uint_eq(same, bytes.len);
}

/* ---- writing ---- */

/* Writes pieces of odd lengths until `end`. */
struct source {
    struct pravega_byte_writer *writer;
    int64_t at, end;
    size_t pending_max;
    enum weir_status status;
    struct weir_error why;
};

static void write_on(void *arg)
{
    static uint8_t piece[40000];
    struct source *source = arg;

    while (source->at < source->end) {
        size_t len = 1 + (size_t)(source->at * 7919 % 30011);

        if ((int64_t)len > source->end - source->at)
            len = (size_t)(source->end - source->at);
        for (size_t i = 0; i < len; i++)
            piece[i] = byte_at(source->at + (int64_t)i);
        source->status = pravega_byte_writer_write(source->writer, weir_view(piece, len), &source->why);
        if (source->status != WEIR_OK)
            return;
        source->at += (int64_t)len;
        if (pravega_byte_writer_pending_bytes(source->writer) > source->pending_max)
            source->pending_max = pravega_byte_writer_pending_bytes(source->writer);
    }
}

static bool is_written(void *arg)
{
    struct source *source = arg;

    return source->at == source->end || (source->status != WEIR_E_AGAIN && source->status != WEIR_OK);
}

static void start_source(struct world *world, struct source *source, int64_t end, size_t window_bytes)
{
    struct pravega_byte_writer_options options = {
        .window_bytes = window_bytes, .block_bytes = 16384, .on_ready = write_on, .arg = source};

    *source = (struct source){.end = end};
    ck_assert_int_eq(pravega_byte_writer_new(world->client, &stream_name, &options, &source->writer, NULL), WEIR_OK);
    write_on(source);
    ck_assert_int_eq(source->status, WEIR_E_AGAIN); /* the segment is not known yet */
}

/* Goal: all bytes are stored once and in order, within the window. Method: cut every so many frames, before and after
 * they are carried out. */
START_TEST(bytes_are_written_once_and_in_order)
{
    struct source source;
    struct result flushed = {0};
    struct world world;

    open_world(&world, (uint64_t)_i + 1);
    world.store.cut_at_frame = (uint64_t)_i / 2;
    world.store.cut_every = (uint64_t)_i % 5 == 0 ? 0 : 7 + (uint64_t)_i % 4;
    world.store.cut_after_storing = _i % 2 == 1;
    start_source(&world, &source, 1000000, 65536);
    ck_assert(weir_sim_run(world.store.sim, is_written, &source, HOUR_NS));
    ck_assert_int_eq(source.at, source.end);
    pravega_byte_writer_flush(source.writer, on_done, &flushed);
    ck_assert_int_eq(await(&world, &flushed), WEIR_OK);
    ck_assert_uint_eq(pravega_byte_writer_pending_bytes(source.writer), 0);
    ck_assert_uint_le(source.pending_max, 65536);
    ck_assert_uint_eq(world.segment->data.len, 1000000);
    assert_bytes(weir_buf_view(&world.segment->data), 0);
    ck_assert_uint_eq(world.store.repeated_count, 0);
    if (_i == 0)
        ck_assert_int_eq(pravega_byte_writer_position(source.writer), 1000000);
    pravega_byte_writer_free(source.writer);
    close_world(&world);
}
END_TEST

START_TEST(a_writer_truncates_and_seals)
{
    struct source source, late;
    struct result result = {0}, sealed = {0};
    struct world world;

    open_world(&world, 1);
    start_source(&world, &source, 50000, 0);
    ck_assert(weir_sim_run(world.store.sim, is_written, &source, HOUR_NS));
    pravega_byte_writer_flush(source.writer, on_done, &result);
    ck_assert_int_eq(await(&world, &result), WEIR_OK);
    pravega_byte_writer_truncate_before(source.writer, 20000, on_done, &result);
    ck_assert_int_eq(await(&world, &result), WEIR_OK);
    pravega_byte_writer_truncate_before(source.writer, 10000, on_done, &result); /* is so already */
    ck_assert_int_eq(await(&world, &result), WEIR_OK);
    pravega_byte_writer_truncate_before(source.writer, 50001, on_done, &result);
    ck_assert_int_eq(await(&world, &result), WEIR_E_INVAL);
    pravega_byte_writer_fetch_head(source.writer, on_offset, &result);
    ck_assert_int_eq(await(&world, &result), WEIR_OK);
    ck_assert_int_eq(result.offset, 20000);
    pravega_byte_writer_fetch_tail(source.writer, on_offset, &result);
    ck_assert_int_eq(await(&world, &result), WEIR_OK);
    ck_assert_int_eq(result.offset, 50000);
    source.end = 60000;
    write_on(&source);
    pravega_byte_writer_close_and_seal(source.writer, on_done, &sealed);
    ck_assert_int_eq(pravega_byte_writer_write(source.writer, weir_view_str("x"), NULL), WEIR_E_STATE);
    start_source(&world, &late, 10, 0);
    ck_assert_int_eq(await(&world, &sealed), WEIR_OK);
    ck_assert(world.segment->sealed);
    ck_assert_uint_eq(world.segment->data.len, 60000); /* what was taken before is there */
    pravega_byte_writer_close_and_seal(source.writer, on_done, &sealed);
    ck_assert_int_eq(await(&world, &sealed), WEIR_OK);
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
    late.end = 20;
    write_on(&late);
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
    ck_assert_int_eq(pravega_byte_writer_write(late.writer, weir_view_str("x"), NULL), WEIR_E_SEALED);
    pravega_byte_writer_flush(late.writer, on_done, &result);
    ck_assert_int_eq(await(&world, &result), WEIR_E_SEALED);
    pravega_byte_writer_free(late.writer);
    pravega_byte_writer_free(source.writer);
    close_world(&world);
}
END_TEST

/* Goal: a seal that is refused can be asked for again, and what is written meanwhile is taken. Two of them both end. */
START_TEST(a_seal_that_failed_is_asked_for_again)
{
    struct result first = {0}, second = {0};
    struct source source;
    struct world world;

    open_world(&world, 1);
    start_source(&world, &source, 10, 0);
    pravega_byte_writer_flush(source.writer, on_done, &first);
    ck_assert_int_eq(await(&world, &first), WEIR_OK);
    world.seals_not = true;
    pravega_byte_writer_close_and_seal(source.writer, on_done, &first);
    ck_assert_int_eq(await(&world, &first), WEIR_E_UNSUPPORTED);
    ck_assert(!world.segment->sealed);
    world.seals_not = false;
    source.end = 20;
    write_on(&source);
    pravega_byte_writer_close_and_seal(source.writer, on_done, &first);
    pravega_byte_writer_close_and_seal(source.writer, on_done, &second);
    ck_assert_int_eq(pravega_byte_writer_write(source.writer, weir_view_str("x"), NULL), WEIR_E_STATE);
    ck_assert_int_eq(await(&world, &first), WEIR_OK);
    ck_assert_int_ne(pravega_byte_writer_write(source.writer, weir_view_str("x"), NULL), WEIR_OK);
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
    ck_assert_int_eq(second.calls, 1);
    ck_assert_int_eq(second.status, WEIR_OK);
    ck_assert(world.segment->sealed);
    ck_assert_uint_eq(world.segment->data.len, 20);
    pravega_byte_writer_free(source.writer);
    close_world(&world);
}
END_TEST

/* ---- reading ---- */

struct sink {
    struct pravega_byte_reader *reader;
    int64_t at;
    size_t len_max;
    enum weir_status status;
    struct weir_error why;
};

static void read_on(void *arg)
{
    struct sink *sink = arg;
    struct weir_view bytes;

    while ((sink->status = pravega_byte_reader_read(sink->reader, sink->len_max, &bytes, &sink->why)) == WEIR_OK) {
        ck_assert_uint_gt(bytes.len, 0);
        ck_assert_uint_le(bytes.len, sink->len_max);
        assert_bytes(bytes, sink->at);
        sink->at += (int64_t)bytes.len;
        ck_assert_int_eq(pravega_byte_reader_offset(sink->reader), sink->at);
    }
}

static bool has_stopped(void *arg)
{
    return ((struct sink *)arg)->status != WEIR_E_AGAIN;
}

static void start_sink(struct world *world, struct sink *sink, int64_t start_offset, size_t buffer_bytes)
{
    struct pravega_byte_reader_options options = {
        .start_offset = start_offset, .buffer_bytes = buffer_bytes, .on_ready = read_on, .arg = sink};

    *sink = (struct sink){.at = start_offset, .len_max = SIZE_MAX};
    ck_assert_int_eq(pravega_byte_reader_new(world->client, &stream_name, &options, &sink->reader, NULL), WEIR_OK);
    read_on(sink);
    ck_assert_int_eq(sink->status, WEIR_E_AGAIN);
}

static void fill(struct world *world, int64_t from, int64_t to)
{
    static uint8_t bytes[300000];

    for (int64_t n = from; n < to; n++)
        bytes[n - from] = byte_at(n);
    play_store_put_raw(&world->store, world->segment, weir_view(bytes, (size_t)(to - from)));
}

/* Goal: all bytes come in order, however answers and connections are cut. */
START_TEST(bytes_are_read_to_the_end)
{
    static const size_t read_lens[] = {0, 8, 1000, 17001};
    static const size_t buffers[] = {0, 1024, 65536};
    struct sink sink;
    struct world world;

    open_world(&world, (uint64_t)_i + 1);
    fill(&world, 0, 300000);
    world.segment->sealed = true;
    world.store.read_len_max = read_lens[_i % 4];
    world.store.cut_every = _i / 12 == 1 ? 9 : 0;
    world.store.cut_at_frame = world.store.cut_every;
    start_sink(&world, &sink, 0, buffers[_i / 4 % 3]);
    sink.len_max = _i % 3 == 0 ? 777 : SIZE_MAX;
    ck_assert(weir_sim_run(world.store.sim, has_stopped, &sink, 1000 * HOUR_NS));
    ck_assert_int_eq(sink.status, WEIR_E_END);
    ck_assert_int_eq(sink.at, 300000);
    read_on(&sink);
    ck_assert_int_eq(sink.status, WEIR_E_END); /* stays so */
    pravega_byte_reader_free(sink.reader);
    close_world(&world);
}
END_TEST

START_TEST(the_tail_brings_bytes_as_they_are_written)
{
    struct sink sink;
    struct world world;

    open_world(&world, 1);
    start_sink(&world, &sink, 0, 0);
    for (int64_t n = 0; n < 3000; n += 10) {
        fill(&world, n, n + 10);
        weir_sim_run(world.store.sim, never, NULL, 10 * WEIR_NS_PER_MS);
        ck_assert_int_eq(sink.at, n + 10);
    }
    play_store_seal(&world.store, world.segment); /* while the read waits */
    ck_assert(weir_sim_run(world.store.sim, has_stopped, &sink, HOUR_NS));
    ck_assert_int_eq(sink.status, WEIR_E_END);
    pravega_byte_reader_free(sink.reader);
    close_world(&world);
}
END_TEST

static void do_nothing(void *arg)
{
    (void)arg;
}

/* Goal: what is read ahead stays within the buffer; what was handed out stays as it is until the next call. */
START_TEST(reading_ahead_is_bounded)
{
    struct pravega_byte_reader_options options = {.buffer_bytes = 20000, .on_ready = do_nothing};
    struct pravega_byte_reader *reader;
    struct weir_view bytes;
    struct world world;
    int64_t at = 0;

    open_world(&world, 1);
    fill(&world, 0, 300000);
    ck_assert_int_eq(pravega_byte_reader_new(world.client, &stream_name, &options, &reader, NULL), WEIR_OK);
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
    ck_assert_uint_le(world.store.read_bytes, 20000);
    ck_assert_uint_eq(pravega_byte_reader_available(reader), 20000);
    while (at < 300000) {
        enum weir_status status = pravega_byte_reader_read(reader, 5000, &bytes, NULL);

        weir_sim_run(world.store.sim, never, NULL, 100 * WEIR_NS_PER_MS);
        if (status == WEIR_E_AGAIN)
            continue;
        ck_assert_int_eq(status, WEIR_OK);
        assert_bytes(bytes, at);
        at += (int64_t)bytes.len;
        ck_assert_uint_le(world.store.read_bytes, (size_t)at + 20000);
    }
    pravega_byte_reader_free(reader);
    close_world(&world);
}
END_TEST

START_TEST(a_reader_seeks)
{
    static const int64_t places[] = {0, 299999, 150000, 150000, 1, 100, 299000, 5};
    struct result result = {0};
    struct sink sink;
    struct world world;

    open_world(&world, 1);
    fill(&world, 0, 300000);
    world.segment->sealed = true;
    start_sink(&world, &sink, 1000, 65536);
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        for (int wait_ms = 0; wait_ms < 6; wait_ms++) { /* with answers under way, or not */
            ck_assert_int_eq(pravega_byte_reader_seek(sink.reader, places[i], NULL), WEIR_OK);
            sink.at = places[i];
            weir_sim_run(world.store.sim, never, NULL, wait_ms * WEIR_NS_PER_MS / 2);
            ck_assert_int_ge(sink.at, places[i]);
        }
        read_on(&sink);
        ck_assert(weir_sim_run(world.store.sim, has_stopped, &sink, HOUR_NS));
        ck_assert_int_eq(sink.status, WEIR_E_END);
        ck_assert_int_eq(sink.at, 300000);
    }
    ck_assert_int_eq(pravega_byte_reader_seek(sink.reader, -1, NULL), WEIR_E_INVAL);
    pravega_byte_reader_fetch_tail(sink.reader, on_offset, &result);
    ck_assert_int_eq(await(&world, &result), WEIR_OK);
    ck_assert_int_eq(result.offset, 300000);
    pravega_byte_reader_free(sink.reader);
    close_world(&world);
}
END_TEST

START_TEST(truncated_bytes_are_reported_unless_nobody_asked_for_them)
{
    struct sink from_head, from_place;
    struct world world;

    open_world(&world, 1);
    fill(&world, 0, 1000);
    world.segment->start_offset = 400;
    world.segment->sealed = true;
    start_sink(&world, &from_head, 0, 0);
    start_sink(&world, &from_place, 100, 0);
    from_head.at = 400;
    ck_assert(weir_sim_run(world.store.sim, has_stopped, &from_head, HOUR_NS));
    ck_assert_int_eq(from_head.status, WEIR_E_END);
    ck_assert_int_eq(from_head.at, 1000);
    weir_sim_run(world.store.sim, has_stopped, &from_place, HOUR_NS);
    ck_assert_int_eq(from_place.status, WEIR_E_TRUNCATED);
    ck_assert_int_eq(pravega_byte_reader_offset(from_place.reader), 400);
    from_place.at = 400;
    read_on(&from_place);
    ck_assert(weir_sim_run(world.store.sim, has_stopped, &from_place, HOUR_NS));
    ck_assert_int_eq(from_place.status, WEIR_E_END);
    ck_assert_int_eq(from_place.at, 1000);
    pravega_byte_reader_free(from_head.reader);
    pravega_byte_reader_free(from_place.reader);
    close_world(&world);
}
END_TEST

/* Goal: bytes that were read ahead of a truncation are given as what they are, also to one who reads none first. */
START_TEST(bytes_ahead_of_a_truncation_keep_their_place)
{
    struct pravega_byte_reader_options options = {.on_ready = do_nothing};
    struct pravega_byte_reader *reader;
    struct weir_view bytes;
    struct world world;

    open_world(&world, 1);
    fill(&world, 0, 1000);
    ck_assert_int_eq(pravega_byte_reader_new(world.client, &stream_name, &options, &reader, NULL), WEIR_OK);
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
    ck_assert_uint_eq(pravega_byte_reader_available(reader), 1000);
    play_store_cut(&world.store); /* and with it the read that waits at the tail */
    world.segment->start_offset = 1500;
    fill(&world, 1000, 2000);
    world.segment->sealed = true;
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
    ck_assert_int_eq(pravega_byte_reader_read(reader, 0, &bytes, NULL), WEIR_OK);
    ck_assert_uint_eq(bytes.len, 0);
    for (int64_t at = 0; at < 1000; at += 100) {
        ck_assert_int_eq(pravega_byte_reader_read(reader, 100, &bytes, NULL), WEIR_OK);
        assert_bytes(bytes, at);
    }
    ck_assert_int_eq(pravega_byte_reader_read(reader, 100, &bytes, NULL), WEIR_E_TRUNCATED);
    ck_assert_int_eq(pravega_byte_reader_offset(reader), 1500);
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
    ck_assert_int_eq(pravega_byte_reader_read(reader, 100, &bytes, NULL), WEIR_OK);
    assert_bytes(bytes, 1500);
    pravega_byte_reader_free(reader);
    close_world(&world);
}
END_TEST

/* ---- what is no byte stream ---- */

START_TEST(streams_of_no_or_several_segments_are_refused)
{
    enum weir_status due = _i == 0 ? WEIR_E_NOT_FOUND : WEIR_E_STATE;
    struct result result = {0};
    struct source source;
    struct sink sink;
    struct world world;

    open_world(&world, 1);
    world.store.stream_missing = _i == 0;
    play_store_segment(&world.store, 1, 0, 1);
    start_source(&world, &source, 10, 0);
    start_sink(&world, &sink, 0, 0);
    pravega_byte_writer_flush(source.writer, on_done, &result);
    ck_assert_int_eq(await(&world, &result), due);
    ck_assert_int_eq(source.status, due); /* it was told */
    ck_assert(weir_sim_run(world.store.sim, has_stopped, &sink, HOUR_NS));
    ck_assert_int_eq(sink.status, due);
    pravega_byte_reader_fetch_head(sink.reader, on_offset, &result);
    ck_assert_int_eq(await(&world, &result), due);
    ck_assert_int_eq(result.offset, -1);
    pravega_byte_reader_free(sink.reader);
    pravega_byte_writer_free(source.writer);
    close_world(&world);
}
END_TEST

/* Goal: both may be freed at any moment, and nothing is called after that. */
START_TEST(they_are_freed_with_calls_under_way)
{
    struct result result = {0};
    struct source source;
    struct sink sink;
    struct world world;

    open_world(&world, 1);
    start_source(&world, &source, 100000, 65536);
    start_sink(&world, &sink, 0, 0);
    pravega_byte_writer_flush(source.writer, on_done, &result);
    pravega_byte_writer_fetch_tail(source.writer, on_offset, &result);
    pravega_byte_writer_close_and_seal(source.writer, on_done, &result);
    pravega_byte_reader_fetch_head(sink.reader, on_offset, &result);
    weir_sim_run(world.store.sim, never, NULL, _i * WEIR_NS_PER_MS / 4);
    pravega_byte_reader_free(sink.reader);
    pravega_byte_writer_free(source.writer);
    result.calls = 0;
    weir_sim_run(world.store.sim, never, NULL, WEIR_NS_PER_S);
    ck_assert_int_eq(result.calls, 0);
    close_world(&world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("byte_stream");
    TCase *tc = tcase_create("byte_stream");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 240);
    tcase_add_loop_test(tc, bytes_are_written_once_and_in_order, 0, 60);
    tcase_add_test(tc, a_seal_that_failed_is_asked_for_again);
    tcase_add_test(tc, a_writer_truncates_and_seals);
    tcase_add_loop_test(tc, bytes_are_read_to_the_end, 0, 24);
    tcase_add_test(tc, the_tail_brings_bytes_as_they_are_written);
    tcase_add_test(tc, reading_ahead_is_bounded);
    tcase_add_test(tc, a_reader_seeks);
    tcase_add_test(tc, truncated_bytes_are_reported_unless_nobody_asked_for_them);
    tcase_add_test(tc, bytes_ahead_of_a_truncation_keep_their_place);
    tcase_add_loop_test(tc, streams_of_no_or_several_segments_are_refused, 0, 2);
    tcase_add_loop_test(tc, they_are_freed_with_calls_under_way, 0, 40);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
