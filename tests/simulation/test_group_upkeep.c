/*
 * test_group_upkeep.c - what readers do for their group besides reading: they tell retention what was read, and compact
 * the group's state. Over the embedded store, see group_world.h.
 *
 * The store does not show a subscriber's cut, but refuses one that lies before it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group_world.h"
#include "pravega/revisioned_stream.h"
#include "pravega/stream_cut.h"

#define EVENT_BYTES 16 /* with its header */
#define STEP_NS (20 * WEIR_NS_PER_MS)
#define STATE_BYTES (600 << 10) /* above what compaction waits for */

static const struct pravega_stream_name *const two = &streams[1].stream;

/* ---- the subscriber's cut */

/* The linker sends what readers say to the controller here. Controllers of 0.13 fail at a cut of nothing but ends. */
void __real_pravega_controller_update_subscriber_cut(struct pravega_call *call, struct pravega_client *client,
                                                     const struct pravega_stream_name *stream,
                                                     const struct pravega_group_name *name, struct pravega_txn_id id,
                                                     int64_t generation, const struct pravega_segment_offset *cut,
                                                     size_t count, pravega_done_fn *done, void *arg);
void __wrap_pravega_controller_update_subscriber_cut(struct pravega_call *call, struct pravega_client *client,
                                                     const struct pravega_stream_name *stream,
                                                     const struct pravega_group_name *name, struct pravega_txn_id id,
                                                     int64_t generation, const struct pravega_segment_offset *cut,
                                                     size_t count, pravega_done_fn *done, void *arg);

void __wrap_pravega_controller_update_subscriber_cut(struct pravega_call *call, struct pravega_client *client,
                                                     const struct pravega_stream_name *stream,
                                                     const struct pravega_group_name *name, struct pravega_txn_id id,
                                                     int64_t generation, const struct pravega_segment_offset *cut,
                                                     size_t count, pravega_done_fn *done, void *arg)
{
    size_t end_count = 0;

    for (size_t i = 0; i < count; i++)
        end_count += cut[i].offset == PRAVEGA_OFFSET_COMPLETED;
    ck_assert_uint_lt(end_count, count);
    __real_pravega_controller_update_subscriber_cut(call, client, stream, name, id, generation, cut, count, done, arg);
}

/* Whether the store takes this cut as the group's. It does not if it holds a later one. */
static bool takes_cut(pravega_segment_id segment, int64_t offset)
{
    const struct pravega_segment_offset cut = {segment, offset};
    struct record record = record_of_group();
    struct pravega_call call = {0};
    struct answer answer = {0};

    pravega_controller_update_subscriber_cut(&call, first.client, two, &group_name, record.id, record.generation, &cut,
                                             1, on_done, &answer);
    await(&answer);
    ck_assert_msg(answer.status == WEIR_OK || answer.status == WEIR_E_INVAL, "%s", answer.why);
    return answer.status == WEIR_OK;
}

static size_t subscriber_count(void)
{
    struct pravega_call call = {0};
    struct answer answer = {0};

    pravega_controller_list_subscribers(&call, first.client, two, on_names, &answer);
    must(&answer);
    ck_assert(answer.count == 0 || strcmp(answer.names[0], SCOPE "/group") == 0);
    return answer.count;
}

static struct pravega_reader_group *make_group_that_holds_back(enum pravega_data_retention retention)
{
    struct pravega_reader_group_config config = two_config;

    config.automatic_checkpoint_interval_ms = PRAVEGA_CHECKPOINT_INTERVAL_DISABLED;
    config.retention_type = retention;
    return make_group(&config);
}

/* ---- reading */

static void read_events(struct pravega_event_reader *reader, int count)
{
    struct pravega_event_read read;

    for (int i = 0; count > 0; i++) {
        enum weir_status status = pravega_event_reader_next(reader, &read, NULL);

        ck_assert_int_lt(i, 100000);
        ck_assert(status == WEIR_OK || status == WEIR_E_AGAIN);
        count -= status == WEIR_OK && read.kind == PRAVEGA_READ_EVENT;
        if (status == WEIR_E_AGAIN)
            run_for(STEP_NS);
    }
}

static bool is_event(struct pravega_event_reader *reader)
{
    struct pravega_event_read read;
    enum weir_status status = pravega_event_reader_next(reader, &read, NULL);

    ck_assert(status == WEIR_OK || status == WEIR_E_AGAIN);
    return status == WEIR_OK && read.kind == PRAVEGA_READ_EVENT;
}

/* It is given none, but checkpoints. */
static void rest(struct pravega_event_reader *reader, int64_t ns)
{
    struct pravega_event_read read;

    for (int64_t end_ns = weir_sim_now_ns(sim) + ns; weir_sim_now_ns(sim) < end_ns; run_for(STEP_NS)) {
        enum weir_status status = pravega_event_reader_next(reader, &read, NULL);

        ck_assert(status == WEIR_E_AGAIN || status == WEIR_E_END ||
                  (status == WEIR_OK && read.kind == PRAVEGA_READ_CHECKPOINT));
    }
}

/* Its cuts are left in `answer`. */
static void make_checkpoint(struct pravega_reader_group *group, struct pravega_event_reader *reader, const char *name,
                            struct answer *answer)
{
    pravega_reader_group_initiate_checkpoint(group, name, on_checkpoint, answer);
    run_for(10 * WEIR_NS_PER_S); /* so that the reader knows of it before it is asked for more events */
    (void)read_until(reader, answer);
    ck_assert_int_eq(answer->status, WEIR_OK);
}

/* ---- retention */

/* Goal: the last checkpoint's cut arrives, and nothing that lies behind it. */
START_TEST(retention_follows_the_last_checkpoint)
{
    struct pravega_reader_group *group =
        make_group_that_holds_back(PRAVEGA_DATA_RETENTION_AUTOMATIC_RELEASE_AT_LAST_CHECKPOINT);
    struct pravega_event_reader *reader = join(&second, "r");
    struct answer checkpoint = {0};

    ck_assert_uint_eq(subscriber_count(), 1);
    write_events(two, 10);
    for (int count = 3; count <= 6; count += 3) {
        read_events(reader, 3);
        make_checkpoint(group, reader, count == 3 ? "first" : "second", &checkpoint);
        ck_assert_int_eq(checkpoint.checkpoint.cuts[0].positions[0].offset, count * EVENT_BYTES);
        finish(&checkpoint);
        run_for(10 * WEIR_NS_PER_S);
        ck_assert(!takes_cut(0, count * EVENT_BYTES - 1));
        ck_assert(takes_cut(0, count * EVENT_BYTES));
    }
    pravega_event_reader_free(reader);
    pravega_reader_group_free(group);
}
END_TEST

static void on_scaled(void *arg, enum weir_status status, int32_t epoch, const struct pravega_segment_range *segments,
                      size_t count, const struct weir_error *why)
{
    (void)epoch;
    (void)segments;
    (void)count;
    on_done(arg, status, why);
}

static void split_two(void)
{
    const struct pravega_segment_range ranges[] = {{0, 0, 0.5}, {0, 0.5, 1}};
    const pravega_segment_id sealed = 0;
    const struct pravega_scale scale = {&sealed, 1, ranges, 2};
    struct answer answer = {0};

    pravega_stream_scale(first.client, two, &scale, on_scaled, &answer);
    must(&answer);
}

static bool is_all_ends(const struct pravega_checkpoint *checkpoint)
{
    return checkpoint->cut_count == 1 && checkpoint->cuts[0].position_count == 1 &&
           checkpoint->cuts[0].positions[0].offset == PRAVEGA_OFFSET_COMPLETED;
}

/* Goal: a checkpoint that knows nothing but an end is not sent, which a controller of 0.13 would fail at; the next one
 * is. Method: the checkpoint is begun while the reader is at the end of a segment that the group does not know of yet,
 * at one of several moments; in some of them that end is all there is. */
static int seen_ends;

START_TEST(a_checkpoint_of_ends_holds_up_no_retention)
{
    struct pravega_reader_group *group =
        make_group_that_holds_back(PRAVEGA_DATA_RETENTION_AUTOMATIC_RELEASE_AT_LAST_CHECKPOINT);
    struct pravega_event_reader *reader = join(&second, "r");
    struct answer checkpoint = {0}, ends = {0}, last = {0};
    int count = 0;

    write_events(two, 6);
    read_events(reader, 4);
    make_checkpoint(group, reader, "begin", &checkpoint);
    split_two();
    run_for(_i * 170 * WEIR_NS_PER_MS);
    pravega_reader_group_initiate_checkpoint(group, "ends", on_checkpoint, &ends);
    run_for(500 * WEIR_NS_PER_MS);
    for (int i = 0; i < 3; i++) /* two events, and the end, if the checkpoint is not before them */
        count += is_event(reader);
    while (!ends.over) {
        count += is_event(reader);
        run_for(STEP_NS);
    }
    ck_assert_int_eq(ends.status, WEIR_OK);
    run_for(20 * WEIR_NS_PER_S);
    if (is_all_ends(&ends.checkpoint)) {
        seen_ends++;
        ck_assert(takes_cut(0, 4 * EVENT_BYTES)); /* as it was */
    }
    if (count < 2) { /* the checkpoint came before the end; successors begin at one behind it */
        struct answer after = {0};

        read_events(reader, 2 - count);
        rest(reader, WEIR_NS_PER_S);
        make_checkpoint(group, reader, "after", &after);
        finish(&after);
    }
    rest(reader, 20 * WEIR_NS_PER_S); /* the reader goes on to the successors */
    write_events(two, 10);
    read_events(reader, 10);
    make_checkpoint(group, reader, "last", &last);
    ck_assert_uint_eq(last.checkpoint.cuts[0].position_count, 2);
    run_for(10 * WEIR_NS_PER_S);
    ck_assert(!takes_cut(0, 4 * EVENT_BYTES)); /* the last one has arrived */
    finish(&checkpoint);
    finish(&ends);
    finish(&last);
    pravega_event_reader_free(reader);
    pravega_reader_group_free(group);
}
END_TEST

START_TEST(ends_were_seen)
{
    ck_assert_int_gt(seen_ends, 0);
}
END_TEST

/* Goal: the user's cut arrives; checkpoints do not move it. */
START_TEST(retention_by_hand_is_the_users)
{
    struct pravega_reader_group *group =
        make_group_that_holds_back(PRAVEGA_DATA_RETENTION_MANUAL_RELEASE_AT_USER_STREAMCUT);
    struct pravega_event_reader *reader = join(&second, "r");
    struct pravega_segment_offset at = {0, 2 * EVENT_BYTES};
    struct pravega_stream_cut cut = {0};
    struct answer checkpoint = {0}, answer = {0};

    write_events(two, 6);
    read_events(reader, 6);
    make_checkpoint(group, reader, "begin", &checkpoint);
    rest(reader, 20 * WEIR_NS_PER_S);
    ck_assert_int_eq(pravega_stream_cut_set(&cut, two, &at, 1, NULL), WEIR_OK);
    pravega_reader_group_update_retention_stream_cut(group, &cut, 1, on_done, &answer);
    must(&answer); /* it would be refused behind the checkpoint */
    rest(reader, 20 * WEIR_NS_PER_S);
    ck_assert(!takes_cut(0, 2 * EVENT_BYTES - 1));
    ck_assert(takes_cut(0, 2 * EVENT_BYTES));
    pravega_stream_cut_fini(&cut);
    finish(&checkpoint);
    pravega_event_reader_free(reader);
    pravega_reader_group_free(group);
}
END_TEST

START_TEST(a_group_without_retention_is_no_subscriber)
{
    struct pravega_reader_group *group = make_group_that_holds_back(PRAVEGA_DATA_RETENTION_NONE);

    ck_assert_uint_eq(subscriber_count(), 0);
    pravega_reader_group_free(group);
}
END_TEST

/* ---- compaction */

struct log_place {
    struct answer answer;
    bool there;
    int64_t offset;
};

static void on_place(void *arg, enum weir_status status, const struct pravega_revision *revision,
                     const struct weir_error *why)
{
    struct log_place *place = arg;

    place->there = status == WEIR_OK && revision != NULL;
    place->offset = place->there ? revision->offset : 0;
    on_done(&place->answer, status, why);
}

static struct log_place ask_log(void (*ask)(struct pravega_revisioned_stream *log, pravega_revision_fn *done,
                                            void *arg))
{
    const struct pravega_stream_name name = {SCOPE, "_RGgroup"};
    struct pravega_revisioned_stream *log;
    struct log_place place = {0};

    ck_assert_int_eq(pravega_revisioned_stream_new(first.client, &name, &log, NULL), WEIR_OK);
    ask(log, on_place, &place);
    must(&place.answer);
    pravega_revisioned_stream_free(log);
    return place;
}

/* Checkpoints of long names, one after the other, until the state's log is that long. */
static void lengthen_state(struct pravega_reader_group *group, struct pravega_event_reader *reader)
{
    char name[1000];

    for (int i = 0; ask_log(pravega_revisioned_stream_latest).offset < STATE_BYTES; i++) {
        struct answer answer = {0};

        ck_assert_int_lt(i, 2000);
        memset(name, 'x', sizeof(name));
        snprintf(name, sizeof(name), "%d", i);
        name[strlen(name)] = '-';
        name[sizeof(name) - 1] = '\0';
        pravega_reader_group_initiate_checkpoint(group, name, on_checkpoint, &answer);
        (void)read_until(reader, &answer);
        finish(&answer);
    }
}

/* Goal: readers compact a state that has become long, once in a while; whoever comes later, reads what the others know;
 * in the long run the log is cut off. */
START_TEST(readers_compact_a_long_state)
{
    struct pravega_reader_group *group = make_group(&one_config), *newer;
    struct pravega_event_reader *reader = join(&second, "r"), *late;
    struct answer answer = {0}, cuts = {0}, same = {0};

    write_events(&streams[0].stream, 12);
    read_events(reader, 12);
    lengthen_state(group, reader);
    rest(reader, 1200 * WEIR_NS_PER_S);
    ck_assert(ask_log(pravega_revisioned_stream_mark).there);
    lengthen_state(group, reader);
    for (int i = 0; i < 2; i++) { /* the second one drops what lies before the first */
        int64_t latest = ask_log(pravega_revisioned_stream_latest).offset;

        ck_assert_int_gt(latest, ask_log(pravega_revisioned_stream_mark).offset);
    }
    pravega_reader_group_stream_cuts(group, on_cuts, &cuts);
    must(&cuts);
    newer = open_group(&first); /* reads from the mark on */
    pravega_reader_group_stream_cuts(newer, on_cuts, &same);
    must(&same);
    ck_assert_uint_eq(same.count, 1);
    ck_assert(pravega_stream_cut_equal(&cuts.cuts[0], &same.cuts[0]));
    pravega_reader_group_online_readers(newer, on_names, &answer);
    must(&answer);
    ck_assert_uint_eq(answer.count, 1);
    late = join(&first, "late");
    write_events(&streams[0].stream, 8);
    for (int i = 0, count = 0; count < 8; i++) {
        struct pravega_event_read read;
        struct pravega_event_reader *one = i % 2 == 0 ? reader : late;
        enum weir_status status = pravega_event_reader_next(one, &read, NULL);

        ck_assert(status == WEIR_OK || status == WEIR_E_AGAIN);
        count += status == WEIR_OK && read.kind == PRAVEGA_READ_EVENT;
        run_for(STEP_NS);
        ck_assert_int_lt(i, 10000);
    }
    finish(&cuts);
    finish(&same);
    pravega_event_reader_free(late);
    pravega_event_reader_free(reader);
    pravega_reader_group_free(newer);
    pravega_reader_group_free(group);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, retention_follows_the_last_checkpoint);
    tcase_add_loop_test(tc, a_checkpoint_of_ends_holds_up_no_retention, 0, 20);
    tcase_add_test(tc, ends_were_seen);
    tcase_add_test(tc, retention_by_hand_is_the_users);
    tcase_add_test(tc, a_group_without_retention_is_no_subscriber);
    tcase_add_test(tc, readers_compact_a_long_state);
}

int main(void)
{
    return run_in_worlds("group_upkeep", add_tests);
}
