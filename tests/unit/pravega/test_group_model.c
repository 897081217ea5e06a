/*
 * test_group_model.c - random histories of a group, against a model and the rules that always hold.
 *
 * Method: readers join, leave and die, take segments over and give them up, streams scale (a segment is split, or two
 * are merged), checkpoints begin, are answered, cancelled and cleared, each a legal update picked by a seeded
 * generator. After each update: every segment that is open is in exactly one place, those that were read to their end
 * are in none, nothing waits for what is done; and now and then the state is written, read, and goes on from there.
 */
#include "pravega/group/group_state.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"

#define HISTORY_COUNT 200
#define UPDATE_COUNT 400
#define SEGMENTS_MAX 512
#define READERS_MAX 5

enum life { OPEN, SEALED, DONE, WAITING }; /* WAITING: a successor of one that is not done */

struct model_segment {
    int64_t id;
    double min_key, max_key;
    enum life life;
    int64_t successors[2];
    size_t successor_count;
    int64_t predecessors[2];
    size_t predecessor_count;
};

static struct weir_rng rng;
static struct pravega_group_state *state;
static struct model_segment segments[SEGMENTS_MAX];
static size_t segment_count, done_count;
static int32_t epoch;
static int checkpoint_count;

static size_t pick(size_t bound)
{
    return (size_t)weir_rng_below(&rng, bound);
}

static struct model_segment *segment_of(int64_t id)
{
    for (size_t i = 0; i < segment_count; i++)
        if (segments[i].id == id)
            return &segments[i];
    ck_abort_msg("segment %lld is not known", (long long)id);
    return NULL;
}

static struct model_segment *add_segment(double min_key, double max_key, enum life life)
{
    segments[segment_count] = (struct model_segment){
        .id = (int64_t)epoch << 32 | (int64_t)segment_count, .min_key = min_key, .max_key = max_key, .life = life};
    return &segments[segment_count++];
}

static struct pravega_position_entry entry_of(const struct model_segment *segment, int64_t offset)
{
    return (struct pravega_position_entry){"scope", "stream", segment->id, segment->min_key, segment->max_key, offset};
}

/* ---- the rules */

static size_t places_of(int64_t id)
{
    const struct pravega_position_entry segment = {.scope = "scope", .stream = "stream", .segment = id};
    size_t places = pravega_segment_map_find(&state->unassigned, &segment) != NULL;

    for (size_t i = 0; i < state->reader_count; i++)
        places += pravega_segment_map_find(&state->readers[i].assigned, &segment) != NULL;
    for (size_t i = 0; i < state->future_count; i++)
        places += state->future[i].segment.segment == id;
    return places;
}

static void check_future(void)
{
    for (size_t i = 0; i < state->future_count; i++) {
        ck_assert_uint_gt(state->future[i].predecessor_count, 0);
        for (size_t j = 0; j < state->future[i].predecessor_count; j++)
            ck_assert_int_ne(segment_of(state->future[i].predecessors[j])->life, DONE);
    }
}

static void check_rules(void)
{
    for (size_t i = 0; i < segment_count; i++) {
        size_t places = places_of(segments[i].id);

        if (segments[i].life == DONE)
            ck_assert_uint_eq(places, 0);
        else if (segments[i].life == WAITING)
            ck_assert_uint_le(places, 1);
        else
            ck_assert_uint_eq(places, 1);
    }
    check_future();
    for (size_t i = 0; i < state->reader_count; i++) {
        const char *pending = pravega_group_state_pending_checkpoint(state, state->readers[i].id);
        int rank = pravega_group_state_ranking(state, state->readers[i].id);

        ck_assert_int_ge(rank, 0);
        ck_assert_int_lt(rank, (int)state->reader_count);
        ck_assert(pending == NULL || !pravega_group_state_checkpoint_is_complete(state, pending));
        for (size_t j = 0; j < i; j++)
            ck_assert_int_ne(rank, pravega_group_state_ranking(state, state->readers[j].id));
    }
    ck_assert_uint_eq(state->last_read.count, pravega_group_state_segment_count(state));
}

static void go_on_from_a_copy(void)
{
    struct pravega_group_state *copy = NULL;
    struct weir_buf bytes;

    weir_buf_init(&bytes, 1 << 24);
    pravega_group_state_snapshot(state, &bytes);
    ck_assert_int_eq(bytes.status, WEIR_OK);
    ck_assert_int_eq(pravega_group_state_new(weir_buf_view(&bytes), &copy, NULL), WEIR_OK);
    ck_assert(pravega_group_state_equal(state, copy));
    pravega_group_state_free(state);
    state = copy;
    weir_buf_fini(&bytes);
}

static void apply(struct pravega_group_update update)
{
    struct weir_error err = {0};
    struct weir_buf bytes;

    weir_buf_init(&bytes, 1 << 20);
    pravega_group_update_to_bytes(&update, &bytes);
    ck_assert_int_eq(bytes.status, WEIR_OK);
    if (pravega_group_state_apply(state, weir_buf_view(&bytes), &err) != WEIR_OK)
        ck_abort_msg("update %d: %s", update.kind, err.message);
    weir_buf_fini(&bytes);
}

/* ---- what can happen. Each is skipped if it cannot. */

static struct pravega_group_reader *any_reader(void)
{
    return state->reader_count > 0 ? &state->readers[pick(state->reader_count)] : NULL;
}

static void join(void)
{
    char id[16];

    snprintf(id, sizeof(id), "r%zu", pick(READERS_MAX));
    if (pravega_group_state_reader(state, id) == NULL)
        apply((struct pravega_group_update){.kind = PRAVEGA_GROUP_ADD_READER, .reader = id});
}

/* Of half of its segments it says where it is. */
static void leave(void)
{
    struct pravega_group_reader *reader = any_reader();
    struct pravega_position_entry positions[SEGMENTS_MAX];
    size_t count = 0;

    if (reader == NULL)
        return;
    for (size_t i = 0; i < reader->assigned.count; i++)
        if (pick(2) == 0) {
            positions[count] = reader->assigned.entries[i];
            positions[count++].offset += (int64_t)pick(100);
        }
    apply((struct pravega_group_update){
        .kind = PRAVEGA_GROUP_REMOVE_READER, .reader = reader->id, .positions = positions, .position_count = count});
}

static void acquire(void)
{
    struct pravega_group_reader *reader = any_reader();

    if (reader == NULL || state->unassigned.count == 0)
        return;
    apply((struct pravega_group_update){.kind = PRAVEGA_GROUP_ACQUIRE_SEGMENT,
                                        .reader = reader->id,
                                        .segment = state->unassigned.entries[pick(state->unassigned.count)]});
    apply((struct pravega_group_update){.kind = PRAVEGA_GROUP_UPDATE_DISTANCE_TO_TAIL,
                                        .reader = reader->id,
                                        .distance_ms = (int64_t)pick(200000),
                                        .positions = reader->assigned.entries,
                                        .position_count = reader->assigned.count});
}

static void release(void)
{
    struct pravega_group_reader *reader = any_reader();
    struct pravega_position_entry segment;

    if (reader == NULL || reader->assigned.count == 0)
        return;
    segment = reader->assigned.entries[pick(reader->assigned.count)];
    segment.offset += 5;
    apply(
        (struct pravega_group_update){.kind = PRAVEGA_GROUP_RELEASE_SEGMENT, .reader = reader->id, .segment = segment});
}

/* A split of one segment, or a merge of two that are neighbours. */
static void scale(void)
{
    struct model_segment *one = &segments[pick(segment_count)], *other = NULL, *next;

    if (one->life != OPEN || segment_count + 2 > SEGMENTS_MAX)
        return;
    epoch++;
    for (size_t i = 0; i < segment_count && pick(2) == 0; i++)
        if (segments[i].life == OPEN && segments[i].min_key == one->max_key)
            other = &segments[i];
    one->life = SEALED;
    if (other == NULL) {
        for (int half = 0; half < 2; half++) {
            double middle = (one->min_key + one->max_key) / 2;

            next = add_segment(half == 0 ? one->min_key : middle, half == 0 ? middle : one->max_key, WAITING);
            next->predecessors[next->predecessor_count++] = one->id;
            one->successors[one->successor_count++] = next->id;
        }
        return;
    }
    other->life = SEALED;
    next = add_segment(one->min_key, other->max_key, WAITING);
    next->predecessors[0] = one->id;
    next->predecessors[1] = other->id;
    next->predecessor_count = 2;
    one->successors[one->successor_count++] = next->id;
    other->successors[other->successor_count++] = next->id;
}

/* Successors can be read, and sealed in turn, when all before them are done. */
static void begin_successors(const struct model_segment *segment)
{
    for (size_t i = 0; i < segment->successor_count; i++) {
        struct model_segment *next = segment_of(segment->successors[i]);
        bool ready = true;

        for (size_t j = 0; j < next->predecessor_count; j++)
            ready &= segment_of(next->predecessors[j])->life == DONE;
        if (ready)
            next->life = OPEN;
    }
}

static void complete(void)
{
    struct pravega_group_reader *reader = any_reader();
    struct pravega_successor successors[2];
    struct model_segment *segment;

    if (reader == NULL || reader->assigned.count == 0)
        return;
    segment = segment_of(reader->assigned.entries[pick(reader->assigned.count)].segment);
    if (segment->life != SEALED)
        return;
    for (size_t i = 0; i < segment->successor_count; i++) {
        const struct model_segment *next = segment_of(segment->successors[i]);

        successors[i] = (struct pravega_successor){
            {next->id, next->min_key, next->max_key}, next->predecessors, next->predecessor_count};
    }
    segment->life = DONE;
    apply((struct pravega_group_update){.kind = PRAVEGA_GROUP_SEGMENT_COMPLETED,
                                        .reader = reader->id,
                                        .segment = entry_of(segment, 0),
                                        .successors = successors,
                                        .successor_count = segment->successor_count});
    begin_successors(segment);
}

static void begin_checkpoint(void)
{
    char id[32];

    snprintf(id, sizeof(id), "cp%d%s", checkpoint_count++, pick(4) == 0 ? PRAVEGA_CHECKPOINT_SILENT : "");
    apply((struct pravega_group_update){.kind = PRAVEGA_GROUP_CREATE_CHECKPOINT, .checkpoint = id});
}

static void answer(void)
{
    struct pravega_group_reader *reader = any_reader();
    const char *id = reader != NULL ? pravega_group_state_pending_checkpoint(state, reader->id) : NULL;

    if (id != NULL)
        apply((struct pravega_group_update){.kind = PRAVEGA_GROUP_CHECKPOINT_READER,
                                            .checkpoint = id,
                                            .reader = reader->id,
                                            .positions = reader->assigned.entries,
                                            .position_count = reader->assigned.count});
}

static void forget(void)
{
    char id[32];

    snprintf(id, sizeof(id), "cp%zu", pick((size_t)checkpoint_count + 1));
    if (pick(3) == 0)
        apply((struct pravega_group_update){.kind = PRAVEGA_GROUP_REMOVE_OUTSTANDING_CHECKPOINTS});
    else
        apply((struct pravega_group_update){.kind = PRAVEGA_GROUP_CLEAR_CHECKPOINTS_BEFORE, .checkpoint = id});
}

static void flags(void)
{
    apply((struct pravega_group_update){.kind = pick(2) == 0 ? PRAVEGA_GROUP_UPDATING_CONFIG
                                                             : PRAVEGA_GROUP_UPDATE_CHECKPOINT_PUBLISHED,
                                        .flag = pick(2) == 0});
}

static void begin(void)
{
    struct pravega_group_stream stream = {.stream = {"scope", "stream"}};
    struct pravega_group_config config;
    struct pravega_segment_map start = {0}, end = {0};
    size_t first_count = 1 + pick(6);
    struct weir_buf bytes;

    segment_count = 0;
    epoch = checkpoint_count = 0;
    ck_assert_int_eq(pravega_group_config_from_user(
                         &config, &(struct pravega_reader_group_config){.streams = &stream, .stream_count = 1}, NULL),
                     WEIR_OK);
    for (size_t i = 0; i < first_count; i++) {
        const struct pravega_position_entry entry =
            entry_of(add_segment((double)i / (double)first_count, (double)(i + 1) / (double)first_count, OPEN), 0);

        ck_assert_int_eq(pravega_segment_map_put(&start, &entry), WEIR_OK);
    }
    weir_buf_init(&bytes, 1 << 20);
    pravega_group_init_to_bytes(&config, &start, &end, false, &bytes);
    ck_assert_int_eq(pravega_group_state_new(weir_buf_view(&bytes), &state, NULL), WEIR_OK);
    weir_buf_fini(&bytes);
    pravega_segment_map_fini(&start);
    pravega_group_config_fini(&config);
}

START_TEST(the_rules_hold_in_every_history)
{
    static void (*const acts[])(void) = {join,  leave,    acquire,          acquire, acquire, release, scale,
                                         scale, complete, begin_checkpoint, answer,  answer,  forget,  flags};

    weir_rng_init(&rng, (uint64_t)_i + 1);
    begin();
    for (int i = 0; i < UPDATE_COUNT; i++) {
        acts[pick(sizeof(acts) / sizeof(acts[0]))]();
        check_rules();
        if (pick(20) == 0)
            go_on_from_a_copy();
    }
    for (size_t i = 0; i < segment_count; i++)
        done_count += segments[i].life == DONE;
    pravega_group_state_free(state);
    if (_i == HISTORY_COUNT - 1)
        ck_assert_uint_gt(done_count, (size_t)5 * HISTORY_COUNT); /* scales did happen, and were read across */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("group_model");
    TCase *tc = tcase_create("group_model");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_loop_test(tc, the_rules_hold_in_every_history, 0, HISTORY_COUNT);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
