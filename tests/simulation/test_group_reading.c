/*
 * test_group_reading.c - what readers of a group are given where streams are several, bounded, truncated or sealed, and
 * where a reset, a failure or a compaction comes in between; over the embedded store, see group_world.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group_world.h"
#include "pravega/stream_cut.h"
#include "pravega/writer.h"
#include "weir/endian.h"

#define EVENT_BYTES 16 /* with its header */
#define STEP_NS (20 * WEIR_NS_PER_MS)
#define EVENTS_MAX 200
#define STREAMS_MAX 3
#define READERS_MAX 3

static const struct pravega_stream_name far_one = {"other", "one"};

/* ---- writing: events 0, 1, 2 ... of a stream */

static struct pravega_writer *open_writer(const struct pravega_stream_name *stream)
{
    struct pravega_writer *writer;

    ck_assert_int_eq(pravega_writer_new(first.client, stream, NULL, &writer, NULL), WEIR_OK);
    return writer;
}

static void put(struct pravega_writer *writer, uint64_t from, uint64_t to)
{
    struct answer answer = {0};

    for (uint64_t n = from; n < to; n++) {
        uint8_t bytes[8];
        struct weir_view key = weir_view(bytes + 7, 1);

        weir_put_u64be(bytes, n);
        ck_assert_int_eq(pravega_writer_write(writer, &key, weir_view(bytes, 8), NULL, NULL, NULL), WEIR_OK);
    }
    pravega_writer_flush(writer, on_done, &answer);
    must(&answer);
}

static void on_scaled(void *arg, enum weir_status status, int32_t epoch, const struct pravega_segment_range *segments,
                      size_t count, const struct weir_error *why)
{
    (void)epoch;
    (void)segments;
    (void)count;
    on_done(arg, status, why);
}

/* The one segment `id`, of all keys, into two. */
static void split(const struct pravega_stream_name *stream, pravega_segment_id id)
{
    const struct pravega_segment_range ranges[] = {{0, 0, 0.5}, {0, 0.5, 1}};
    const struct pravega_scale scale = {&id, 1, ranges, 2};
    struct answer answer = {0};

    pravega_stream_scale(first.client, stream, &scale, on_scaled, &answer);
    must(&answer);
}

static void merge(const struct pravega_stream_name *stream, pravega_segment_id low, pravega_segment_id high)
{
    const pravega_segment_id sealed[] = {low, high};
    const struct pravega_segment_range all = {0, 0, 1};
    const struct pravega_scale scale = {sealed, 2, &all, 1};
    struct answer answer = {0};

    pravega_stream_scale(first.client, stream, &scale, on_scaled, &answer);
    must(&answer);
}

static void seal(const struct pravega_stream_name *stream)
{
    struct answer answer = {0};

    pravega_stream_seal(first.client, stream, on_done, &answer);
    must(&answer);
}

struct tail {
    struct answer answer;
    const struct pravega_stream_name *stream;
    struct pravega_stream_cut cut;
};

static void on_tail(void *arg, enum weir_status status, const struct pravega_segment_offset *positions, size_t count,
                    const struct weir_error *why)
{
    struct tail *tail = arg;

    if (status == WEIR_OK)
        ck_assert_int_eq(pravega_stream_cut_set(&tail->cut, tail->stream, positions, count, NULL), WEIR_OK);
    on_done(&tail->answer, status, why);
}

static struct pravega_stream_cut tail_of(const struct pravega_stream_name *stream)
{
    struct tail tail = {.stream = stream};

    pravega_stream_tail(first.client, stream, on_tail, &tail);
    must(&tail.answer);
    return tail.cut;
}

static void truncate_at(const struct pravega_stream_name *stream, const struct pravega_stream_cut *cut)
{
    struct answer answer = {0};

    pravega_stream_truncate(first.client, stream, cut, on_done, &answer);
    must(&answer);
}

/* ---- reading: what all readers of the group were given */

struct given {
    const struct pravega_stream_name *streams[STREAMS_MAX];
    int times[STREAMS_MAX][EVENTS_MAX];
    size_t count, truncated_count;
    struct pravega_event_pointer last; /* names not to be looked at */
};

static void take(struct given *given, const struct pravega_event_read *read)
{
    uint64_t number = weir_get_u64be(read->payload.ptr);
    int at = 0;

    while (strcmp(given->streams[at]->stream, read->pointer.stream.stream) != 0 ||
           strcmp(given->streams[at]->scope, read->pointer.stream.scope) != 0)
        ck_assert_int_lt(++at, STREAMS_MAX);
    ck_assert_uint_lt(number, EVENTS_MAX);
    given->times[at][number]++;
    given->count++;
    given->last = read->pointer;
}

/* One call. */
static enum weir_status read_one(struct pravega_event_reader *reader, struct given *given)
{
    struct pravega_event_read read;
    struct weir_error err = {0};
    enum weir_status status = pravega_event_reader_next(reader, &read, &err);

    if (status == WEIR_OK && read.kind == PRAVEGA_READ_EVENT)
        take(given, &read);
    given->truncated_count += status == WEIR_E_TRUNCATED;
    ck_assert_msg(status == WEIR_OK || status == WEIR_E_AGAIN || status == WEIR_E_TRUNCATED || status == WEIR_E_END,
                  "%s: %s", weir_status_name(status), err.message);
    return status;
}

/* All readers read for so long. The number of those that said END last. */
static int read_for(struct pravega_event_reader *const *readers, int count, struct given *given, int64_t ns)
{
    bool ended[READERS_MAX] = {false};
    int ends = 0;

    for (int64_t end_ns = weir_sim_now_ns(sim) + ns; weir_sim_now_ns(sim) < end_ns; run_for(STEP_NS)) {
        for (int i = 0; i < count; i++) {
            enum weir_status status;

            while ((status = read_one(readers[i], given)) == WEIR_OK || status == WEIR_E_TRUNCATED)
                continue;
            ended[i] = status == WEIR_E_END;
        }
    }
    for (int i = 0; i < count; i++)
        ends += ended[i];
    return ends;
}

static void check_given(const struct given *given, int stream, uint64_t from, uint64_t to)
{
    for (uint64_t n = 0; n < EVENTS_MAX; n++)
        ck_assert_msg(given->times[stream][n] == (n >= from && n < to), "event %d of stream %d is given %d times",
                      (int)n, stream, given->times[stream][n]);
}

static void free_all(struct pravega_event_reader **readers, int count)
{
    for (int i = 0; i < count; i++)
        pravega_event_reader_free(readers[i]);
}

/* ---- several streams */

/* Goal: streams of two scopes, two of one name, are told apart; END comes when the last is sealed and read, to all. */
START_TEST(streams_of_several_scopes_are_read_to_their_ends)
{
    const struct pravega_stream_name *names[] = {&streams[0].stream, &streams[1].stream, &far_one};
    struct pravega_group_stream three[] = {{.stream = *names[0]}, {.stream = *names[1]}, {.stream = far_one}};
    const struct pravega_reader_group_config config = {.streams = three, .stream_count = 3};
    struct given given = {.streams = {names[0], names[1], names[2]}};
    struct pravega_event_reader *readers[3];
    struct pravega_reader_group *group;
    struct answer answer = {0};
    char id[8];

    pravega_scope_create(first.client, far_one.scope, on_done, &answer);
    must(&answer);
    make_stream(&far_one, 2);
    group = make_group(&config);
    for (int i = 0; i < 3; i++) {
        snprintf(id, sizeof(id), "r%d", i);
        readers[i] = join(&second, id);
    }
    for (int i = 0; i < 3; i++) {
        struct pravega_writer *writer = open_writer(names[i]);

        put(writer, 0, 30 + 10 * (uint64_t)i);
        pravega_writer_free(writer);
    }
    ck_assert_int_eq(read_for(readers, 3, &given, 60 * WEIR_NS_PER_S), 0);
    for (int i = 0; i < 3; i++)
        check_given(&given, i, 0, 30 + 10 * (uint64_t)i);
    seal(names[2]);
    ck_assert_int_eq(read_for(readers, 3, &given, 60 * WEIR_NS_PER_S), 0);
    seal(names[0]);
    ck_assert_int_eq(read_for(readers, 3, &given, 60 * WEIR_NS_PER_S), 0);
    seal(names[1]);
    ck_assert_int_eq(read_for(readers, 3, &given, 60 * WEIR_NS_PER_S), 3);
    ck_assert_uint_eq(given.count, 120);
    ck_assert_uint_eq(given.truncated_count, 0);
    free_all(readers, 3);
    pravega_reader_group_free(group);
}
END_TEST

/* ---- end cuts */

/* Goal: a group between two cuts, with scales before, between and behind them, is given exactly what lies between, and
 * END when all readers are there, though one holds its segments back. */
START_TEST(a_bounded_group_ends_at_its_cuts_across_scales)
{
    const struct pravega_stream_name *two = &streams[1].stream;
    struct pravega_writer *writer = open_writer(two);
    struct pravega_stream_cut from, to;
    struct pravega_group_stream bounded = {.stream = *two, .from = &from, .to = &to};
    const struct pravega_reader_group_config config = {
        .streams = &bounded, .stream_count = 1, .automatic_checkpoint_interval_ms = 5000};
    struct given given = {.streams = {two, two, two}};
    struct pravega_event_reader *readers[2];
    struct pravega_reader_group *group;
    int turns = 0;

    put(writer, 0, 20);
    from = tail_of(two);
    put(writer, 20, 40);
    split(two, 0);
    put(writer, 40, 60);
    merge(two, (INT64_C(1) << 32) | 1, (INT64_C(1) << 32) | 2);
    if (_i == 0)
        split(two, (INT64_C(2) << 32) | 3);
    put(writer, 60, 80);
    to = tail_of(two);
    put(writer, 80, 90);
    if (_i == 0)
        merge(two, (INT64_C(3) << 32) | 4, (INT64_C(3) << 32) | 5);
    else
        split(two, (INT64_C(2) << 32) | 3);
    put(writer, 90, 100);
    group = make_group(&config);
    readers[0] = join(&second, "quick");
    readers[1] = join(&second, "slow");
    do {
        enum weir_status status;

        while ((status = read_one(readers[0], &given)) == WEIR_OK)
            continue;
        ck_assert(status != WEIR_E_END || given.count == 60);
        if (++turns % 40 == 0) {
            status = read_one(readers[1], &given);
            ck_assert(status != WEIR_E_END || given.count == 60);
        }
        run_for(STEP_NS);
        ck_assert_int_lt(turns, 40000);
    } while (given.count < 60);
    ck_assert_int_eq(read_for(readers, 2, &given, 60 * WEIR_NS_PER_S), 2);
    check_given(&given, 0, 20, 80);
    free_all(readers, 2);
    pravega_reader_group_free(group);
    pravega_stream_cut_fini(&from);
    pravega_stream_cut_fini(&to);
    pravega_writer_free(writer);
}
END_TEST

/* ---- truncation */

START_TEST(truncated_events_are_told_once_and_left_out)
{
    const struct pravega_stream_name *two = &streams[1].stream;
    struct pravega_reader_group *group = make_group(&two_config);
    struct pravega_writer *writer = open_writer(two);
    struct given given = {.streams = {two, two, two}};
    struct pravega_event_reader *reader;
    struct pravega_stream_cut cut;

    put(writer, 0, 6);
    cut = tail_of(two);
    put(writer, 6, 10);
    truncate_at(two, &cut);
    reader = join(&second, "r");
    read_for(&reader, 1, &given, 30 * WEIR_NS_PER_S);
    ck_assert_uint_eq(given.truncated_count, 1);
    check_given(&given, 0, 6, 10);
    put(writer, 10, 12);
    read_for(&reader, 1, &given, 30 * WEIR_NS_PER_S);
    ck_assert_uint_eq(given.truncated_count, 1);
    check_given(&given, 0, 6, 12);
    pravega_event_reader_free(reader);
    pravega_stream_cut_fini(&cut);
    pravega_writer_free(writer);
    pravega_reader_group_free(group);
}
END_TEST

/* Goal: where whole segments are gone the group goes on in their successors. */
START_TEST(truncated_segments_are_gone_past)
{
    const struct pravega_stream_name *two = &streams[1].stream;
    struct pravega_reader_group *group = make_group(&two_config);
    struct pravega_writer *writer = open_writer(two);
    struct given given = {.streams = {two, two, two}};
    struct pravega_event_reader *readers[2];
    struct pravega_stream_cut cut;

    put(writer, 0, 6);
    split(two, 0);
    if (_i == 0)
        put(writer, 6, 20);
    cut = tail_of(two);
    put(writer, 20, 40);
    truncate_at(two, &cut);
    readers[0] = join(&second, "r");
    readers[1] = join(&second, "s");
    read_for(readers, 2, &given, 60 * WEIR_NS_PER_S);
    ck_assert_uint_eq(given.truncated_count, _i == 0 ? 3 : 1); /* each segment says so */
    check_given(&given, 0, 20, 40);
    seal(two);
    ck_assert_int_eq(read_for(readers, 2, &given, 60 * WEIR_NS_PER_S), 2);
    free_all(readers, 2);
    pravega_stream_cut_fini(&cut);
    pravega_writer_free(writer);
    pravega_reader_group_free(group);
}
END_TEST

/* ---- cuts with ends */

/* Goal: a checkpoint that says -1 of a segment goes on in its successors, from their beginnings. */
START_TEST(a_checkpoint_of_ends_goes_on_in_the_successors)
{
    const struct pravega_stream_name *two = &streams[1].stream;
    struct pravega_reader_group *group = make_group(&two_config);
    struct pravega_writer *writer = open_writer(two);
    struct pravega_segment_offset end = {0, PRAVEGA_OFFSET_COMPLETED};
    struct pravega_checkpoint checkpoint = {.name = (char *)"cp", .cut_count = 1};
    struct given given = {.streams = {two, two, two}};
    struct pravega_event_reader *reader;
    struct pravega_stream_cut cut = {0};
    struct answer answer = {0};

    put(writer, 0, 6);
    if (_i == 0) {
        split(two, 0);
        put(writer, 6, 20);
    } else {
        seal(two);
    }
    ck_assert_int_eq(pravega_stream_cut_set(&cut, two, &end, 1, NULL), WEIR_OK);
    checkpoint.cuts = &cut;
    pravega_reader_group_reset_to_checkpoint(group, &checkpoint, on_done, &answer);
    must(&answer);
    reader = join(&second, "r");
    if (_i == 0) {
        read_for(&reader, 1, &given, 60 * WEIR_NS_PER_S);
        check_given(&given, 0, 6, 20);
        ck_assert_int_eq(unread(group), 0);
    } else {
        ck_assert_int_eq(read_for(&reader, 1, &given, 60 * WEIR_NS_PER_S), 1);
        ck_assert_uint_eq(given.count, 0);
    }
    pravega_event_reader_free(reader);
    pravega_stream_cut_fini(&cut);
    pravega_writer_free(writer);
    pravega_reader_group_free(group);
}
END_TEST

/* ---- a reset by another process */

/* Goal: whoever resets the group may die at any moment; the readers that are online either never hear of it, or end
 * with WEIR_E_STATE though nobody else finishes the reset, and new ones go on at the right place: what was read since
 * the checkpoint is read again if the group began anew, and not if it did not. */
START_TEST(a_reset_that_dies_is_finished_by_readers)
{
    const struct pravega_stream_name *two = &streams[1].stream;
    struct pravega_reader_group *group = make_group(&two_config), *doomed = open_group(&second);
    struct pravega_writer *writer = open_writer(two);
    struct given given = {.streams = {two, two, two}};
    struct pravega_event_reader *reader = join(&first, "r");
    struct answer lost = {0}, checkpoint = {0}, offline = {0};
    struct pravega_event_read read;
    enum weir_status status = WEIR_OK;
    bool was_reset;

    put(writer, 0, 10);
    read_for(&reader, 1, &given, 20 * WEIR_NS_PER_S);
    pravega_reader_group_initiate_checkpoint(group, "cp", on_checkpoint, &checkpoint);
    ck_assert_int_eq(read_until(reader, &checkpoint), 0);
    put(writer, 10, 16);
    read_for(&reader, 1, &given, WEIR_NS_PER_S);
    check_given(&given, 0, 0, 16);
    pravega_reader_group_reset_to_checkpoint(doomed, &checkpoint.checkpoint, on_done, &lost);
    run_for(_i * 200 * 1000);
    weir_sim_host_silence(second.host);
    pravega_reader_group_free(doomed);
    kill_process(&second);
    for (int i = 0; i < 2000 && (status == WEIR_OK || status == WEIR_E_AGAIN); i++) {
        status = pravega_event_reader_next(reader, &read, NULL);
        ck_assert(status != WEIR_OK || read.kind == PRAVEGA_READ_CHECKPOINT);
        run_for(STEP_NS);
    }
    was_reset = status == WEIR_E_STATE;
    ck_assert(was_reset || status == WEIR_E_AGAIN);
    ck_assert(was_reset == (record_of_group().generation > 0));
    pravega_event_reader_free(reader);
    if (!was_reset) { /* it dies after its last checkpoint: by now one that it made itself */
        pravega_reader_group_reader_offline(group, "r", NULL, on_done, &offline);
        must(&offline);
    }
    memset(given.times, 0, sizeof(given.times));
    reader = join(&first, "next");
    read_for(&reader, 1, &given, 30 * WEIR_NS_PER_S);
    check_given(&given, 0, was_reset ? 10 : 16, 16);
    pravega_event_reader_free(reader);
    finish(&checkpoint);
    pravega_writer_free(writer);
    pravega_reader_group_free(group);
}
END_TEST

/* ---- joining while the store goes */

/* Goal: an id whose joining failed can be used once it was declared offline, whether it had become a member or not. */
START_TEST(an_id_that_failed_to_join_is_usable_once_offline)
{
    const struct pravega_event_reader_options options = {0};
    struct pravega_reader_group *group = make_group(&two_config);
    struct answer joined = {0}, offline = {0}, again = {0};

    pravega_event_reader_new(second.client, &group_name, "r", &options, on_reader, &joined);
    run_for(_i * 300 * 1000);
    close_store();
    run_for(400 * WEIR_NS_PER_S);
    open_store();
    await(&joined);
    ck_assert(joined.status == WEIR_OK || weir_status_class(joined.status) == WEIR_CLASS_RETRIABLE);
    if (joined.status != WEIR_OK) {
        pravega_reader_group_reader_offline(group, "r", NULL, on_done, &offline);
        must(&offline);
        pravega_event_reader_new(second.client, &group_name, "r", &options, on_reader, &again);
        must(&again);
    }
    pravega_event_reader_free(joined.reader);
    pravega_event_reader_free(again.reader);
    pravega_reader_group_free(group);
}
END_TEST

/* ---- fetching one event */

static struct weir_view payload_of(struct answer *answer)
{
    return weir_view(answer->names[0], (size_t)answer->bytes);
}

static void on_fetched(void *arg, enum weir_status status, struct weir_view payload, const struct weir_error *why)
{
    struct answer *answer = arg;

    if (status == WEIR_OK) {
        ck_assert_uint_le(payload.len, sizeof(answer->names));
        memcpy(answer->names, payload.ptr, payload.len);
        answer->bytes = (int64_t)payload.len;
    }
    on_done(arg, status, why);
}

static enum weir_status fetch(struct pravega_stream_name stream, pravega_segment_id segment, int64_t offset,
                              int32_t length)
{
    const struct pravega_event_pointer pointer = {stream, segment, offset, length};
    struct answer answer = {0};

    pravega_event_fetch(second.client, &pointer, on_fetched, &answer);
    ck_assert(!answer.over);
    await(&answer);
    if (answer.status == WEIR_OK)
        ck_assert_uint_eq(payload_of(&answer).len, 8);
    return answer.status;
}

START_TEST(events_that_cannot_be_fetched_say_why)
{
    const struct pravega_stream_name two = streams[1].stream, missing = {SCOPE, "missing"};
    struct pravega_writer *writer = open_writer(&two);
    const struct pravega_event_pointer pointer = {two, 0, 96, EVENT_BYTES};
    struct pravega_stream_cut cut;
    struct answer silent = {0};
    int64_t began_ns;

    put(writer, 0, 4);
    cut = tail_of(&two);
    put(writer, 4, 6);
    ck_assert_int_eq(fetch(two, 0, 16, EVENT_BYTES), WEIR_OK);
    ck_assert_int_eq(fetch(two, 0, 80, EVENT_BYTES), WEIR_OK);
    ck_assert_int_eq(fetch(two, 0, -1, EVENT_BYTES), WEIR_E_INVAL);
    ck_assert_int_eq(fetch(two, 0, 16, 7), WEIR_E_INVAL);
    ck_assert_int_eq(fetch(two, 0, INT64_MAX - 3, EVENT_BYTES), WEIR_E_INVAL);
    ck_assert_int_eq(fetch(two, 0, 16, EVENT_BYTES - 1), WEIR_E_DAMAGED);
    ck_assert_int_eq(fetch(two, 0, 16, EVENT_BYTES + 1), WEIR_E_DAMAGED);
    ck_assert_int_eq(fetch(two, 0, 20, EVENT_BYTES), WEIR_E_DAMAGED);
    ck_assert_int_eq(fetch(missing, 0, 16, EVENT_BYTES), WEIR_E_NOT_FOUND);
    ck_assert_int_eq(fetch(two, 7, 16, EVENT_BYTES), WEIR_E_NOT_FOUND);
    began_ns = weir_sim_now_ns(sim);
    ck_assert_int_eq(fetch(two, 0, 96, EVENT_BYTES), WEIR_E_TIMEOUT); /* the next to be written */
    ck_assert_int_ge(weir_sim_now_ns(sim) - began_ns, 29 * WEIR_NS_PER_S);
    truncate_at(&two, &cut);
    ck_assert_int_eq(fetch(two, 0, 16, EVENT_BYTES), WEIR_E_TRUNCATED);
    ck_assert_int_eq(fetch(two, 0, 80, EVENT_BYTES), WEIR_OK);
    seal(&two);
    ck_assert_int_eq(fetch(two, 0, 80, EVENT_BYTES), WEIR_OK);
    ck_assert_int_eq(fetch(two, 0, 96, EVENT_BYTES), WEIR_E_NOT_FOUND);
    pravega_event_fetch(second.client, &pointer, on_fetched, &silent);
    stop_process(&second);
    run_for(60 * WEIR_NS_PER_S);
    ck_assert(!silent.over);
    pravega_stream_cut_fini(&cut);
    pravega_writer_free(writer);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, streams_of_several_scopes_are_read_to_their_ends);
    tcase_add_loop_test(tc, a_bounded_group_ends_at_its_cuts_across_scales, 0, 2);
    tcase_add_test(tc, truncated_events_are_told_once_and_left_out);
    tcase_add_loop_test(tc, truncated_segments_are_gone_past, 0, 2);
    tcase_add_loop_test(tc, a_checkpoint_of_ends_goes_on_in_the_successors, 0, 2);
    tcase_add_loop_test(tc, a_reset_that_dies_is_finished_by_readers, 0, 60);
    tcase_add_loop_test(tc, an_id_that_failed_to_join_is_usable_once_offline, 0, 40);
    tcase_add_test(tc, events_that_cannot_be_fetched_say_why);
}

int main(void)
{
    return run_in_worlds("group_reading", add_tests);
}
