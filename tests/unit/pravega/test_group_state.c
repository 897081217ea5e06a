/*
 * test_group_state.c - what updates do to a group's state, the bytes of whole states, and what states are asked.
 */
#include "pravega/group/group_state.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group_vectors.h"
#include "hex.h"

#define STREAM .scope = "scope", .stream = "stream"
#define SEGMENT(number, at) ((struct pravega_position_entry){STREAM, (number), -1, -1, (at)})

static struct pravega_group_state *state;
static struct weir_error err;

static void state_of(const char *hex)
{
    struct weir_buf bytes = hex_bytes(hex);

    ck_assert_int_eq(pravega_group_state_new(weir_buf_view(&bytes), &state, &err), WEIR_OK);
    weir_buf_fini(&bytes);
}

/* A group of segments 0 to `count` - 1 of one stream, each at 10 times its number. */
static void begin(int64_t count)
{
    struct pravega_group_stream stream = {.stream = {"scope", "stream"}};
    struct pravega_group_config config;
    struct pravega_segment_map start = {0}, end = {0};
    struct weir_buf bytes;

    ck_assert_int_eq(pravega_group_config_from_user(
                         &config, &(struct pravega_reader_group_config){.streams = &stream, .stream_count = 1}, NULL),
                     WEIR_OK);
    for (int64_t i = 0; i < count; i++)
        ck_assert_int_eq(pravega_segment_map_put(&start, &SEGMENT(i, 10 * i)), WEIR_OK);
    weir_buf_init(&bytes, SIZE_MAX / 2);
    pravega_group_init_to_bytes(&config, &start, &end, false, &bytes);
    ck_assert_int_eq(pravega_group_state_new(weir_buf_view(&bytes), &state, &err), WEIR_OK);
    weir_buf_fini(&bytes);
    pravega_segment_map_fini(&start);
    pravega_group_config_fini(&config);
}

static void teardown(void)
{
    pravega_group_state_free(state);
    state = NULL;
}

static enum weir_status apply(struct pravega_group_update update)
{
    struct weir_buf bytes;
    enum weir_status status;

    weir_buf_init(&bytes, 1 << 20);
    pravega_group_update_to_bytes(&update, &bytes);
    ck_assert_int_eq(bytes.status, WEIR_OK);
    err = (struct weir_error){0};
    status = pravega_group_state_apply(state, weir_buf_view(&bytes), &err);
    weir_buf_fini(&bytes);
    return status;
}

#define OK(...) ck_assert_int_eq(apply((struct pravega_group_update){__VA_ARGS__}), WEIR_OK)
#define JOIN(id) OK(.kind = PRAVEGA_GROUP_ADD_READER, .reader = (id))
#define ACQUIRE(id, number) OK(.kind = PRAVEGA_GROUP_ACQUIRE_SEGMENT, .reader = (id), .segment = SEGMENT(number, 0))
#define DISTANCE(id, ms) OK(.kind = PRAVEGA_GROUP_UPDATE_DISTANCE_TO_TAIL, .reader = (id), .distance_ms = (ms))
#define CREATE(cp) OK(.kind = PRAVEGA_GROUP_CREATE_CHECKPOINT, .checkpoint = (cp))
#define ANSWER(cp, id, number, at)                                                                                     \
    OK(.kind = PRAVEGA_GROUP_CHECKPOINT_READER, .checkpoint = (cp), .reader = (id), .positions = &SEGMENT(number, at), \
       .position_count = 1)

/* The offset that a map has of a segment; -2 if none. */
static int64_t offset_in(const struct pravega_segment_map *map, int64_t id)
{
    const struct pravega_position_entry *entry = pravega_segment_map_find(map, &SEGMENT(id, 0));

    return entry != NULL ? entry->offset : -2;
}

static const struct pravega_segment_map *owned(const char *reader)
{
    const struct pravega_group_reader *found = pravega_group_state_reader(state, reader);

    ck_assert_ptr_nonnull(found);
    return &found->assigned;
}

/* ---- bytes of whole states */

START_TEST(reads_and_writes_the_init_of_java)
{
    struct weir_buf bytes;

    state_of(INIT_HEX);
    ck_assert_uint_eq(state->unassigned.count, 1);
    ck_assert_int_eq(offset_in(&state->unassigned, 0), 0);
    ck_assert_int_eq(offset_in(&state->last_read, 0), 0);
    ck_assert(!state->updating_config);
    ck_assert_int_eq(state->config.generation, 0);
    ck_assert_int_eq(state->config.retention_type, PRAVEGA_DATA_RETENTION_AUTOMATIC_RELEASE_AT_LAST_CHECKPOINT);
    weir_buf_init(&bytes, 4096);
    pravega_group_init_to_bytes(&state->config, &state->last_read, &state->end, false, &bytes);
    assert_hex(&bytes, INIT_HEX);
    weir_buf_fini(&bytes);
}
END_TEST

/* Goal: all that a Compact of Java says is understood, and what is written from it is understood as the same. Its maps
 * are in the order of Java's hash maps, so the bytes are compared by their number only. */
START_TEST(reads_and_writes_the_compact_of_java)
{
    struct weir_buf java = hex_bytes(COMPACT_HEX), ours;
    struct pravega_group_state *again = NULL;

    state_of(COMPACT_HEX);
    ck_assert_uint_eq(state->reader_count, 1);
    ck_assert_int_eq(offset_in(owned("r1"), 0), 50);
    ck_assert(owned("r1")->entries[0].max_key == 0.5);
    ck_assert_int_eq(offset_in(&state->unassigned, 1), 20);
    ck_assert(state->unassigned.entries[0].min_key == 0.5);
    ck_assert_int_eq(state->distances[0].distance_ms, INT64_MAX);
    ck_assert_int_eq(offset_in(&state->last_read, 0), 10);
    ck_assert_str_eq(pravega_group_state_pending_checkpoint(state, "r1"), "cp2");
    ck_assert(pravega_group_state_checkpoint_is_complete(state, "cp"));
    ck_assert_int_eq(offset_in(pravega_group_state_checkpoint_positions(state, "cp"), 0), 50);
    ck_assert_int_eq(offset_in(pravega_group_state_last_checkpoint(state), 1), 20);
    ck_assert(!state->checkpoints.last_published);
    weir_buf_init(&ours, 4096);
    pravega_group_state_snapshot(state, &ours);
    ck_assert_uint_eq(ours.len, java.len);
    ck_assert_int_eq(pravega_group_state_new(weir_buf_view(&ours), &again, &err), WEIR_OK);
    ck_assert(pravega_group_state_equal(state, again));
    pravega_group_state_free(again);
    weir_buf_fini(&ours);
    weir_buf_fini(&java);
}
END_TEST

/* Goal: a state that is cut off, or has one byte wrong, is refused or understood, and leaks nothing. */
START_TEST(damaged_states_are_harmless)
{
    struct weir_buf bytes = hex_bytes(_i == 0 ? INIT_HEX : COMPACT_HEX);
    struct pravega_group_state *made = NULL;

    for (size_t len = 0; len < bytes.len - 6; len++) /* the last revision may be missing */
        if (pravega_group_state_new(weir_view(bytes.ptr, len), &made, &err) == WEIR_OK)
            ck_abort_msg("a state of %zu bytes", len);
    for (size_t at = 0; at < bytes.len; at++) {
        for (unsigned flip = 1; flip < 256; flip <<= 1) {
            bytes.ptr[at] ^= (uint8_t)flip;
            if (pravega_group_state_new(weir_buf_view(&bytes), &made, &err) == WEIR_OK)
                pravega_group_state_free(made);
            bytes.ptr[at] ^= (uint8_t)flip;
        }
    }
    weir_buf_fini(&bytes);
}
END_TEST

/* Goal: an Init or Compact as an update takes the place of the whole state; one that is damaged changes nothing. */
START_TEST(an_init_replaces_the_state)
{
    struct weir_buf bytes = hex_bytes(INIT_HEX);

    begin(3);
    JOIN("r1");
    ck_assert_int_eq(pravega_group_state_apply(state, weir_view(bytes.ptr, bytes.len - 20), &err), WEIR_E_INVAL);
    ck_assert_uint_eq(state->reader_count, 1);
    ck_assert_int_eq(pravega_group_state_apply(state, weir_buf_view(&bytes), &err), WEIR_OK);
    ck_assert_uint_eq(state->reader_count, 0);
    ck_assert_uint_eq(pravega_group_state_segment_count(state), 1);
    weir_buf_fini(&bytes);
}
END_TEST

/* ---- the life of a group */

/* Goal: the events that a real group wrote across a scale, in their order, leave the state that Java had. */
START_TEST(a_segment_is_followed_by_its_successors)
{
    static const int64_t first[] = {0}, both[] = {0, 1};
    const struct pravega_successor split[] = {{{INT64_C(1) << 32 | 2, 0, 0.5}, first, 1},
                                              {{INT64_C(1) << 32 | 3, 0.5, 1}, both, 2}};

    begin(2);
    JOIN("r2");
    ACQUIRE("r2", 0);
    ACQUIRE("r2", 1);
    CREATE("cp2");
    ck_assert_str_eq(pravega_group_state_pending_checkpoint(state, "r2"), "cp2");
    ANSWER("cp2", "r2", 0, -1);
    ck_assert_int_eq(offset_in(owned("r2"), 0), -1);
    ck_assert_int_eq(offset_in(pravega_group_state_last_checkpoint(state), 0), -1);
    OK(.kind = PRAVEGA_GROUP_SEGMENT_COMPLETED, .reader = "r2", .segment = {STREAM, 0, 0, 0.25, 0}, .successors = split,
       .successor_count = 2);
    ck_assert_int_eq(offset_in(owned("r2"), 0), -2);
    ck_assert_int_eq(offset_in(&state->last_read, 0), -2);
    ck_assert_int_eq(offset_in(&state->unassigned, INT64_C(1) << 32 | 2), 0);
    ck_assert(state->unassigned.entries[0].max_key == 0.5);
    ck_assert_uint_eq(state->future_count, 1);
    ck_assert_uint_eq(state->future[0].predecessor_count, 1);
    ck_assert(!pravega_group_state_is_end_of_data(state));
    OK(.kind = PRAVEGA_GROUP_SEGMENT_COMPLETED, .reader = "r2", .segment = {STREAM, 1, -1, -1, 0},
       .successors = &split[1], .successor_count = 1);
    ck_assert_uint_eq(state->future_count, 0);
    ck_assert_uint_eq(state->unassigned.count, 2);
    ck_assert_int_eq(offset_in(&state->last_read, INT64_C(1) << 32 | 3), 0);
}
END_TEST

START_TEST(a_segment_without_successors_is_the_end)
{
    begin(1);
    JOIN("r1");
    ACQUIRE("r1", 0);
    OK(.kind = PRAVEGA_GROUP_SEGMENT_COMPLETED, .reader = "r1", .segment = SEGMENT(0, 0));
    ck_assert(pravega_group_state_is_end_of_data(state));
}
END_TEST

/* Goal: what a reader that goes had is unassigned where it says, else at its last known place, and counts as its
 * answer to each checkpoint that it owed. */
START_TEST(a_reader_that_goes_gives_all_back)
{
    begin(3);
    JOIN("r1");
    JOIN("r2");
    ACQUIRE("r1", 0);
    ACQUIRE("r1", 1);
    CREATE("a");
    CREATE("b");
    ANSWER("a", "r2", 2, 99);
    OK(.kind = PRAVEGA_GROUP_REMOVE_READER, .reader = "r1", .positions = &SEGMENT(0, 7), .position_count = 1);
    ck_assert_ptr_null(pravega_group_state_reader(state, "r1"));
    ck_assert_int_eq(offset_in(&state->unassigned, 0), 7);
    ck_assert_int_eq(offset_in(&state->unassigned, 1), 10);
    ck_assert(pravega_group_state_checkpoint_is_complete(state, "a"));
    ck_assert(!pravega_group_state_checkpoint_is_complete(state, "b"));
    ck_assert_int_eq(offset_in(pravega_group_state_checkpoint_positions(state, "a"), 0), 7);
    ck_assert_uint_eq(state->distance_count, 1);
    OK(.kind = PRAVEGA_GROUP_REMOVE_READER, .reader = "nobody");
}
END_TEST

START_TEST(a_released_segment_goes_to_the_end_of_the_row)
{
    begin(3);
    JOIN("r1");
    ACQUIRE("r1", 0);
    OK(.kind = PRAVEGA_GROUP_RELEASE_SEGMENT, .reader = "r1", .segment = SEGMENT(0, 42));
    ck_assert_int_eq(state->unassigned.entries[2].segment, 0);
    ck_assert_int_eq(state->unassigned.entries[2].offset, 42);
    ck_assert_int_eq(offset_in(&state->last_read, 0), 42);
}
END_TEST

/* Goal: an update that is not legal is refused with words, and changes nothing. */
START_TEST(what_is_not_legal_changes_nothing)
{
    const struct pravega_group_update illegal[] = {
        {.kind = PRAVEGA_GROUP_ADD_READER, .reader = "r1"},
        {.kind = PRAVEGA_GROUP_ACQUIRE_SEGMENT, .reader = "r1", .segment = SEGMENT(0, 0)},
        {.kind = PRAVEGA_GROUP_ACQUIRE_SEGMENT, .reader = "r1", .segment = SEGMENT(9, 0)},
        {.kind = PRAVEGA_GROUP_ACQUIRE_SEGMENT, .reader = "nobody", .segment = SEGMENT(1, 0)},
        {.kind = PRAVEGA_GROUP_RELEASE_SEGMENT, .reader = "r1", .segment = SEGMENT(1, 0)},
        {.kind = PRAVEGA_GROUP_RELEASE_SEGMENT, .reader = "nobody", .segment = SEGMENT(0, 0)},
        {.kind = PRAVEGA_GROUP_SEGMENT_COMPLETED, .reader = "r1", .segment = SEGMENT(1, 0)},
        {.kind = PRAVEGA_GROUP_SEGMENT_COMPLETED, .reader = "nobody", .segment = SEGMENT(0, 0)},
        {.kind = PRAVEGA_GROUP_CHECKPOINT_READER, .checkpoint = "cp", .reader = "nobody"},
        {.kind = PRAVEGA_GROUP_CHECKPOINT_READER, .checkpoint = "cp", .reader = "r2"},
        {.kind = PRAVEGA_GROUP_CHECKPOINT_READER, .checkpoint = "unknown", .reader = "nobody"},
    };
    struct weir_buf before, after;

    begin(2);
    JOIN("r1");
    JOIN("r2");
    ACQUIRE("r1", 0);
    CREATE("cp");
    ANSWER("cp", "r2", 1, 1);
    weir_buf_init(&before, 4096);
    weir_buf_init(&after, 4096);
    pravega_group_state_snapshot(state, &before);
    ck_assert_int_eq(apply(illegal[_i]), WEIR_E_STATE);
    ck_assert(err.message[0] != '\0');
    pravega_group_state_snapshot(state, &after);
    ck_assert_uint_eq(before.len, after.len);
    ck_assert_mem_eq(before.ptr, after.ptr, after.len);
    weir_buf_fini(&before);
    weir_buf_fini(&after);
}
END_TEST

/* ---- checkpoints */

START_TEST(a_checkpoint_is_complete_when_all_have_answered)
{
    begin(3);
    JOIN("r1");
    JOIN("r2");
    ACQUIRE("r1", 0);
    ACQUIRE("r2", 1);
    CREATE("cp");
    CREATE("cp"); /* is there already */
    ck_assert_uint_eq(pravega_group_state_outstanding_checkpoints(state), 1);
    ANSWER("cp", "r1", 0, 5);
    ck_assert_ptr_null(pravega_group_state_checkpoint_positions(state, "cp"));
    ck_assert_ptr_null(pravega_group_state_pending_checkpoint(state, "r1"));
    ck_assert(pravega_group_state_has_ongoing_checkpoint(state));
    OK(.kind = PRAVEGA_GROUP_UPDATE_CHECKPOINT_PUBLISHED, .flag = true);
    ANSWER("cp", "r2", 1, 15);
    ck_assert(!pravega_group_state_has_ongoing_checkpoint(state));
    ck_assert_int_eq(offset_in(pravega_group_state_last_checkpoint(state), 0), 5);
    ck_assert_int_eq(offset_in(pravega_group_state_last_checkpoint(state), 1), 15);
    ck_assert_int_eq(offset_in(pravega_group_state_last_checkpoint(state), 2), 20); /* nobody had it */
    ck_assert(!state->checkpoints.last_published);
    ck_assert_int_eq(offset_in(owned("r1"), 0), 5);
}
END_TEST

/* Goal: a silent one moves no reader's place, is no checkpoint to go back to, and does not count as outstanding. */
START_TEST(a_silent_checkpoint_leaves_no_trace)
{
    begin(1);
    JOIN("r1");
    ACQUIRE("r1", 0);
    CREATE("x" PRAVEGA_CHECKPOINT_SILENT);
    ck_assert_uint_eq(pravega_group_state_outstanding_checkpoints(state), 0);
    ck_assert(pravega_group_state_has_ongoing_checkpoint(state));
    OK(.kind = PRAVEGA_GROUP_REMOVE_OUTSTANDING_CHECKPOINTS);
    ck_assert(pravega_group_state_has_ongoing_checkpoint(state));
    ANSWER("x" PRAVEGA_CHECKPOINT_SILENT, "r1", 0, 5);
    ck_assert_int_eq(offset_in(pravega_group_state_checkpoint_positions(state, "x" PRAVEGA_CHECKPOINT_SILENT), 0), 5);
    ck_assert_int_eq(offset_in(owned("r1"), 0), 0);
    ck_assert_ptr_null(pravega_group_state_last_checkpoint(state));
}
END_TEST

START_TEST(without_readers_it_is_complete_at_once)
{
    begin(2);
    CREATE("cp");
    ck_assert(pravega_group_state_checkpoint_is_complete(state, "cp"));
    ck_assert_uint_eq(pravega_group_state_checkpoint_positions(state, "cp")->count, 2);
    ck_assert_ptr_null(pravega_group_state_last_checkpoint(state));
}
END_TEST

/* Goal: clearing up to a checkpoint takes all before it; cancelling takes all under way. Neither does more. */
START_TEST(checkpoints_are_forgotten)
{
    begin(1);
    JOIN("r1");
    CREATE("a");
    CREATE("b");
    CREATE("c");
    ck_assert_str_eq(pravega_group_state_pending_checkpoint(state, "r1"), "a");
    OK(.kind = PRAVEGA_GROUP_CLEAR_CHECKPOINTS_BEFORE, .checkpoint = "unknown");
    ck_assert_uint_eq(state->checkpoints.known_count, 3);
    OK(.kind = PRAVEGA_GROUP_CLEAR_CHECKPOINTS_BEFORE, .checkpoint = "b");
    ck_assert_str_eq(pravega_group_state_pending_checkpoint(state, "r1"), "b");
    ck_assert(pravega_group_state_checkpoint_is_complete(state, "a")); /* as far as anyone knows */
    ck_assert_ptr_null(pravega_group_state_checkpoint_positions(state, "a"));
    ANSWER("b", "r1", 0, 1);
    OK(.kind = PRAVEGA_GROUP_REMOVE_OUTSTANDING_CHECKPOINTS);
    ck_assert_ptr_nonnull(pravega_group_state_checkpoint_positions(state, "b"));
    ck_assert_ptr_null(pravega_group_state_pending_checkpoint(state, "r1"));
    ANSWER("c", "r1", 0, 1);                           /* an answer to a cancelled one is late, not wrong */
    ck_assert_uint_eq(state->checkpoints.id_count, 2); /* upstream's list keeps it */
}
END_TEST

/* ---- sizes and ranks */

START_TEST(readers_are_ranked_by_what_they_have_to_read)
{
    begin(6);
    JOIN("r1");
    JOIN("r2");
    JOIN("r3");
    ck_assert_int_eq(pravega_group_state_ranking(state, "nobody"), -1);
    ACQUIRE("r1", 0);
    ACQUIRE("r1", 1);
    DISTANCE("r1", 10);
    ACQUIRE("r2", 2);
    DISTANCE("r2", 120000);
    DISTANCE("r3", 900000); /* has no segment: its distance weighs nothing */
    ck_assert_double_eq(pravega_group_state_relative_size(state, "r2"), 1.0);
    ck_assert_double_eq(pravega_group_state_relative_size(state, "r1"), 0.5);
    ck_assert_double_eq(pravega_group_state_relative_size_min(state), 0.0);
    ck_assert_int_eq(pravega_group_state_ranking(state, "r2"), 0);
    ck_assert_int_eq(pravega_group_state_ranking(state, "r1"), 1);
    ck_assert_int_eq(pravega_group_state_ranking(state, "r3"), 2);
    OK(.kind = PRAVEGA_GROUP_UPDATE_DISTANCE_TO_TAIL, .reader = "gone", .distance_ms = 1); /* late, not wrong */
    ck_assert_ptr_null(pravega_group_state_reader(state, "gone"));
}
END_TEST

/* Goal: readers with equally much are in the order in which Java's hash map has them: recorded from a HashMap of Java
 * 17, before and after it has grown. */
START_TEST(equal_readers_rank_as_in_javas_map)
{
    static const char *const few[] = {"reader-1", "a", "r2", "x/9", "Zz"};
    static const int few_ranks[] = {4, 2, 0, 3, 1};
    static const int many_ranks[] = {4, 6, 5, 15, 12, 18, 16, 9, 7, 11, 8, 10, 17, 19, 13};

    begin(1);
    for (size_t i = 0; i < 5; i++)
        JOIN(few[i]);
    for (size_t i = 0; i < 5; i++)
        ck_assert_int_eq(pravega_group_state_ranking(state, few[i]), few_ranks[i]);
    for (int i = 0; i < 15; i++) {
        char id[16];

        snprintf(id, sizeof(id), "reader%d", i);
        JOIN(id);
    }
    for (int i = 0; i < 15; i++) {
        char id[16];

        snprintf(id, sizeof(id), "reader%d", i);
        ck_assert_int_eq(pravega_group_state_ranking(state, id), many_ranks[i]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("group_state");
    TCase *tc = tcase_create("group_state");
    SRunner *sr = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tc, NULL, teardown);
    tcase_add_test(tc, reads_and_writes_the_init_of_java);
    tcase_add_test(tc, reads_and_writes_the_compact_of_java);
    tcase_add_loop_test(tc, damaged_states_are_harmless, 0, 2);
    tcase_add_test(tc, an_init_replaces_the_state);
    tcase_add_test(tc, a_segment_is_followed_by_its_successors);
    tcase_add_test(tc, a_segment_without_successors_is_the_end);
    tcase_add_test(tc, a_reader_that_goes_gives_all_back);
    tcase_add_test(tc, a_released_segment_goes_to_the_end_of_the_row);
    tcase_add_loop_test(tc, what_is_not_legal_changes_nothing, 0, 11);
    tcase_add_test(tc, a_checkpoint_is_complete_when_all_have_answered);
    tcase_add_test(tc, a_silent_checkpoint_leaves_no_trace);
    tcase_add_test(tc, without_readers_it_is_complete_at_once);
    tcase_add_test(tc, checkpoints_are_forgotten);
    tcase_add_test(tc, readers_are_ranked_by_what_they_have_to_read);
    tcase_add_test(tc, equal_readers_rank_as_in_javas_map);
    suite_add_tcase(suite, tc);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
