/*
 * test_group_calls.c - each call of pravega/reader_group.h against the embedded store: what it answers, what it
 * refuses, and what is left when whoever makes it dies in the middle.
 *
 * One simulated world: the store, and two processes that use the same groups. Time is virtual.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "group_world.h"
#include "pravega/writer.h"

#define CRASH_STEP_NS (100 * 1000)
#define CRASH_COUNT 100

/* ---- create, open, delete */

START_TEST(a_group_is_created_once)
{
    struct pravega_reader_group *group = make_group(&both_config);
    struct answer answer = {0};

    ck_assert_int_eq(create(&second, &both_config), WEIR_OK);
    ck_assert_int_eq(create(&second, &one_config), WEIR_E_CONFLICT);
    pravega_reader_group_get_config(group, on_config, &answer);
    must(&answer);
    ck_assert_uint_eq(answer.config.stream_count, 2);
    ck_assert_int_eq(answer.config.automatic_checkpoint_interval_ms, PRAVEGA_CHECKPOINT_INTERVAL_DISABLED);
    ck_assert_int_eq(answer.config.group_refresh_time_ms, 3000);
    ck_assert_int_eq(answer.config.max_outstanding_checkpoint_request, 3);
    finish(&answer);
    pravega_reader_group_stream_names(group, on_names, &answer);
    must(&answer);
    ck_assert_uint_eq(answer.count, 2);
    ck_assert_str_eq(answer.names[0], SCOPE "/one");
    answer = (struct answer){0};
    pravega_reader_group_online_readers(group, on_names, &answer);
    must(&answer);
    ck_assert_uint_eq(answer.count, 0);
    pravega_reader_group_free(group);
}
END_TEST

/* Goal: what cannot be created says why, and leaves nothing behind. */
START_TEST(what_cannot_be_created_leaves_nothing)
{
    static const struct pravega_group_name bad_name = {SCOPE, "a_b"}, no_scope = {"nowhere", "group"};
    struct pravega_group_stream missing = {.stream = {SCOPE, "missing"}};
    const struct pravega_reader_group_config of_missing = {.streams = &missing, .stream_count = 1};
    const struct pravega_reader_group_config empty = {0};
    struct answer answer = {0};

    ck_assert_int_eq(create(&first, &of_missing), WEIR_E_NOT_FOUND);
    ck_assert_int_eq(create(&first, &empty), WEIR_E_INVAL);
    pravega_reader_group_create(first.client, &bad_name, &both_config, on_done, &answer);
    await(&answer);
    ck_assert_int_eq(answer.status, WEIR_E_INVAL);
    answer = (struct answer){0};
    pravega_reader_group_create(first.client, &no_scope, &both_config, on_done, &answer);
    await(&answer);
    ck_assert_int_eq(answer.status, WEIR_E_NOT_FOUND);
    answer = (struct answer){0};
    pravega_reader_group_open(first.client, &group_name, on_group, &answer);
    await(&answer);
    ck_assert_int_eq(answer.status, WEIR_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(answer.why, "scope/group"));
}
END_TEST

START_TEST(a_deleted_group_is_not_there)
{
    struct pravega_reader_group *group = make_group(&both_config);
    struct answer answer = {0};

    pravega_reader_group_delete(second.client, &group_name, on_done, &answer);
    must(&answer);
    answer = (struct answer){0};
    pravega_reader_group_delete(second.client, &group_name, on_done, &answer);
    await(&answer);
    ck_assert_int_eq(answer.status, WEIR_E_NOT_FOUND);
    answer = (struct answer){0};
    pravega_reader_group_online_readers(group, on_names, &answer);
    await(&answer);
    ck_assert_int_eq(answer.status, WEIR_E_NOT_FOUND);
    pravega_reader_group_free(group);
    ck_assert_int_eq(create(&first, &one_config), WEIR_OK); /* and its name is free */
}
END_TEST

/* Goal: whoever frees a group, or a client, with calls under way hears nothing of them, and nothing leaks. */
START_TEST(calls_under_way_end_silently)
{
    struct pravega_reader_group *group = make_group(&both_config);
    struct pravega_event_reader *reader = join(&second, "r");
    struct answer answers[8] = {0};

    pravega_reader_group_get_config(group, on_config, &answers[0]);
    pravega_reader_group_initiate_checkpoint(group, "cp", on_checkpoint, &answers[1]);
    pravega_reader_group_generate_stream_cuts(group, on_cuts, &answers[2]);
    pravega_reader_group_unread_bytes(group, on_bytes, &answers[3]);
    pravega_reader_group_reset(group, &one_config, on_done, &answers[4]);
    pravega_reader_group_create(first.client, &group_name, &both_config, on_done, &answers[5]);
    pravega_reader_group_open(first.client, &group_name, on_group, &answers[6]);
    run_for(_i * CRASH_STEP_NS);
    for (int i = 0; i < 5; i++)
        ck_assert(i != 1 || !answers[i].over); /* the reader does not read */
    pravega_reader_group_free(group);
    pravega_reader_group_free(answers[6].group);
    for (int i = 0; i < 8; i++)
        answers[i].over = i < 5 ? true : answers[i].over; /* on_done checks that none comes after this */
    pravega_event_reader_free(reader);
    kill_process(&first);
    start_process(&first, "first");
    run_for(WEIR_NS_PER_S);
    for (int i = 0; i < 5; i++)
        finish(&answers[i]);
}
END_TEST

/* ---- where it is */

START_TEST(unread_bytes_are_from_the_last_checkpoint_to_the_end)
{
    struct pravega_reader_group *group;
    struct pravega_event_reader *reader;
    struct answer answer = {0};

    write_events(&streams[0].stream, 10);
    group = make_group(&both_config);
    ck_assert_int_eq(unread(group), 160);
    write_events(&streams[1].stream, 5);
    ck_assert_int_eq(unread(group), 240);
    reader = join(&second, "r");
    pravega_reader_group_initiate_checkpoint(group, "cp", on_checkpoint, &answer);
    (void)read_until(reader, &answer);
    ck_assert_uint_eq(answer.checkpoint.cut_count, 2);
    ck_assert_int_eq(unread(group), 240 - (answer.checkpoint.cuts[0].positions[0].offset +
                                           answer.checkpoint.cuts[0].positions[1].offset +
                                           answer.checkpoint.cuts[1].positions[0].offset));
    finish(&answer);
    pravega_reader_group_initiate_checkpoint(group, "cp2", on_checkpoint, &answer);
    (void)read_until(reader, &answer);
    ck_assert_int_eq(unread(group), 0);
    finish(&answer);
    pravega_event_reader_free(reader);
    pravega_reader_group_free(group);
}
END_TEST

START_TEST(a_bounded_group_has_nothing_beyond_its_end)
{
    struct pravega_segment_offset ends[] = {{0, 48}};
    struct pravega_stream_cut to = {0};
    struct pravega_group_stream bounded = {.stream = {SCOPE, "two"}, .to = &to};
    const struct pravega_reader_group_config config = {.streams = &bounded, .stream_count = 1};
    struct pravega_reader_group *group;

    write_events(&streams[1].stream, 10);
    ck_assert_int_eq(pravega_stream_cut_set(&to, &streams[1].stream, ends, 1, NULL), WEIR_OK);
    group = make_group(&config);
    ck_assert_int_eq(unread(group), 48);
    pravega_stream_cut_fini(&to);
    pravega_reader_group_free(group);
}
END_TEST

/* ---- checkpoints */

START_TEST(a_group_without_readers_is_where_it_began)
{
    struct pravega_reader_group *group = make_group(&both_config);
    struct answer answer = {0}, cuts = {0};

    pravega_reader_group_initiate_checkpoint(group, "cp", on_checkpoint, &answer);
    must(&answer);
    ck_assert_str_eq(answer.checkpoint.name, "cp");
    ck_assert_uint_eq(answer.checkpoint.cut_count, 2);
    ck_assert_uint_eq(answer.checkpoint.cuts[0].position_count, 2);
    pravega_reader_group_generate_stream_cuts(group, on_cuts, &cuts);
    must(&cuts);
    ck_assert_uint_eq(cuts.count, 2);
    ck_assert(pravega_stream_cut_equal(&cuts.cuts[0], &answer.checkpoint.cuts[0]));
    finish(&answer);
    finish(&cuts);
    pravega_reader_group_free(group);
}
END_TEST

START_TEST(names_of_checkpoints_are_looked_at)
{
    struct pravega_reader_group *group = make_group(&both_config);
    static const char *const bad[] = {"", "a_SILENT_b", NULL};

    for (int i = 0; i < 3; i++) {
        struct answer answer = {0};

        pravega_reader_group_initiate_checkpoint(group, bad[i], on_checkpoint, &answer);
        ck_assert(!answer.over);
        await(&answer);
        ck_assert_int_eq(answer.status, WEIR_E_INVAL);
    }
    pravega_reader_group_free(group);
}
END_TEST

/* Goal: as many as allowed are under way, one more is refused; silent ones do not count; cancelled ones say so, to all
 * who wait; then there is room again. */
START_TEST(outstanding_checkpoints_are_limited_and_cancelled)
{
    struct pravega_reader_group *group = make_group(&both_config), *other = open_group(&second);
    struct pravega_event_reader *reader = join(&second, "sleeper"); /* does not read */
    static const char *const names[] = {"a", "b", "c"};
    struct answer under_way[3] = {0}, more = {0}, silent = {0}, cancelled = {0};

    for (int i = 0; i < 3; i++)
        pravega_reader_group_initiate_checkpoint(i == 1 ? other : group, names[i], on_checkpoint, &under_way[i]);
    run_for(10 * WEIR_NS_PER_S);
    pravega_reader_group_initiate_checkpoint(other, "d", on_checkpoint, &more);
    await(&more);
    ck_assert_int_eq(more.status, WEIR_E_LIMIT);
    pravega_reader_group_generate_stream_cuts(group, on_cuts, &silent);
    pravega_reader_group_cancel_outstanding_checkpoints(other, on_done, &cancelled);
    must(&cancelled);
    for (int i = 0; i < 3; i++) {
        await(&under_way[i]);
        ck_assert_int_eq(under_way[i].status, WEIR_E_CONFLICT);
    }
    ck_assert(!silent.over);
    more = (struct answer){0};
    pravega_reader_group_initiate_checkpoint(other, "d", on_checkpoint, &more);
    (void)read_until(reader, &more);
    ck_assert_int_eq(more.status, WEIR_OK);
    (void)read_until(reader, &silent);
    ck_assert_int_eq(silent.status, WEIR_OK);
    finish(&more);
    finish(&silent);
    pravega_event_reader_free(reader);
    pravega_reader_group_free(group);
    pravega_reader_group_free(other);
}
END_TEST

/* Goal: who waits hears of the end when it happens, not at the next look of a clock. */
START_TEST(a_checkpoint_ends_with_its_last_answer)
{
    struct pravega_reader_group *group = make_group(&both_config);
    struct pravega_event_reader *reader = join(&second, "r");
    struct answer answer = {0}, offline = {0};
    int64_t answered_ns;

    pravega_reader_group_initiate_checkpoint(group, "cp", on_checkpoint, &answer);
    run_for(2345 * WEIR_NS_PER_MS);
    ck_assert(!answer.over);
    pravega_reader_group_reader_offline(group, "r", NULL, on_done, &offline);
    must(&offline);
    answered_ns = weir_sim_now_ns(sim);
    must(&answer);
    ck_assert_int_lt(weir_sim_now_ns(sim) - answered_ns, 50 * WEIR_NS_PER_MS);
    finish(&answer);
    pravega_event_reader_free(reader);
    pravega_reader_group_free(group);
}
END_TEST

/* ---- readers */

START_TEST(a_dead_readers_segments_are_given_back)
{
    struct pravega_reader_group *group = make_group(&one_config);
    struct pravega_event_reader *reader = join(&second, "r");
    struct pravega_event_read read;
    struct answer answer = {0}, cuts = {0};
    struct pravega_position position;

    write_events(&streams[0].stream, 6);
    for (int i = 0; i < 3;) {
        enum weir_status status = pravega_event_reader_next(reader, &read, NULL);

        i += status == WEIR_OK;
        if (status == WEIR_E_AGAIN)
            run_for(20 * WEIR_NS_PER_MS);
    }
    ck_assert_int_eq(pravega_event_reader_position(reader, &position, NULL), WEIR_OK);
    pravega_reader_group_online_readers(group, on_names, &answer);
    must(&answer);
    ck_assert_str_eq(answer.names[0], "r");
    answer = (struct answer){0};
    pravega_reader_group_reader_offline(group, "r", &position, on_done, &answer);
    must(&answer);
    answer = (struct answer){0};
    pravega_reader_group_reader_offline(group, "r", NULL, on_done, &answer); /* is none any more: fine */
    must(&answer);
    pravega_reader_group_stream_cuts(group, on_cuts, &cuts);
    must(&cuts);
    ck_assert_int_eq(cuts.cuts[0].positions[0].offset + cuts.cuts[0].positions[1].offset, 48);
    finish(&cuts);
    pravega_position_fini(&position);
    pravega_event_reader_free(reader);
    pravega_reader_group_free(group);
}
END_TEST

/* Goal: a close that failed is made again, and others go on where the reader was all the same. */
START_TEST(a_close_that_fails_forgets_nothing)
{
    struct pravega_reader_group *group = make_group(&one_config);
    struct pravega_event_reader *reader = join(&second, "r");
    struct pravega_event_read read;
    struct answer answer = {0}, cuts = {0};

    write_events(&streams[0].stream, 6);
    for (int i = 0; i < 3;) {
        enum weir_status status = pravega_event_reader_next(reader, &read, NULL);

        i += status == WEIR_OK;
        if (status == WEIR_E_AGAIN)
            run_for(20 * WEIR_NS_PER_MS);
    }
    close_store();
    pravega_event_reader_close(reader, NULL, on_done, &answer);
    await(&answer);
    ck_assert_int_ne(answer.status, WEIR_OK);
    open_store();
    answer = (struct answer){0};
    pravega_event_reader_close(reader, NULL, on_done, &answer);
    must(&answer);
    pravega_reader_group_stream_cuts(group, on_cuts, &cuts);
    must(&cuts);
    ck_assert_int_eq(cuts.cuts[0].positions[0].offset + cuts.cuts[0].positions[1].offset, 48);
    finish(&cuts);
    pravega_event_reader_free(reader);
    pravega_reader_group_free(group);
}
END_TEST

/* ---- resets */

START_TEST(a_reset_begins_anew)
{
    struct pravega_reader_group *group = make_group(&both_config);
    struct pravega_event_reader *reader = join(&second, "r");
    struct pravega_group_stream missing = {.stream = {SCOPE, "missing"}};
    const struct pravega_reader_group_config of_missing = {.streams = &missing, .stream_count = 1};
    struct answer answer = {0};

    pravega_reader_group_reset(group, &of_missing, on_done, &answer);
    await(&answer);
    ck_assert_int_eq(answer.status, WEIR_E_NOT_FOUND); /* and nothing has changed: */
    ck_assert_uint_eq(stream_count(group), 2);
    answer = (struct answer){0};
    pravega_reader_group_reset(group, &two_config, on_done, &answer);
    must(&answer);
    ck_assert_uint_eq(stream_count(group), 1);
    ck_assert_int_eq(next_until_bad(reader), WEIR_E_STATE);
    ck_assert_int_eq(create(&second, &two_config), WEIR_OK); /* the controller has it, too */
    pravega_event_reader_free(reader);
    pravega_reader_group_free(group);
}
END_TEST

/* Goal: after a reset a reader does not take another one of its id, which joined before it looked, for itself: it reads
 * no more, and its close leaves the other one a member. */
START_TEST(a_reset_tells_readers_of_one_id_apart)
{
    struct pravega_reader_group *group = make_group(&one_config);
    struct pravega_event_reader *old = join(&second, "r"), *fresh;
    struct answer answer = {0}, readers = {0};

    run_for(WEIR_NS_PER_S);
    pravega_reader_group_reset(group, &one_config, on_done, &answer);
    must(&answer);
    fresh = join(&first, "r");
    if (_i == 0)
        ck_assert_int_eq(next_until_bad(old), WEIR_E_STATE);
    answer = (struct answer){0};
    pravega_event_reader_close(old, NULL, on_done, &answer);
    must(&answer);
    pravega_reader_group_online_readers(group, on_names, &readers);
    must(&readers);
    ck_assert_uint_eq(readers.count, 1);
    run_for(10 * WEIR_NS_PER_S);
    ck_assert_uint_eq(pravega_event_reader_segment_count(fresh), 2);
    pravega_event_reader_free(old);
    pravega_event_reader_free(fresh);
    pravega_reader_group_free(group);
}
END_TEST

/* Goal: a group that has read everything does not begin at its start again because its last checkpoint is empty. */
START_TEST(a_reset_does_not_go_back_from_the_end_to_the_start)
{
    struct pravega_segment_offset ends[] = {{0, 48}};
    struct pravega_stream_cut to = {0};
    struct pravega_group_stream bounded = {.stream = {SCOPE, "two"}, .to = &to};
    const struct pravega_reader_group_config config = {.streams = &bounded,
                                                       .stream_count = 1,
                                                       .automatic_checkpoint_interval_ms =
                                                           PRAVEGA_CHECKPOINT_INTERVAL_DISABLED};
    struct pravega_reader_group *group;
    struct pravega_event_reader *reader;
    struct answer last = {0}, answer = {0};

    write_events(&streams[1].stream, 10);
    ck_assert_int_eq(pravega_stream_cut_set(&to, &streams[1].stream, ends, 1, NULL), WEIR_OK);
    group = make_group(&config);
    reader = join(&second, "r");
    for (int i = 0; i < 2; i++) { /* the first one lets the reader complete the segment */
        finish(&last);
        run_for(WEIR_NS_PER_S);
        pravega_reader_group_initiate_checkpoint(group, i == 0 ? "a" : "b", on_checkpoint, &last);
        ck_assert_int_eq(read_until(reader, &last), i == 0 ? 3 : 0);
    }
    ck_assert_uint_eq(last.checkpoint.cut_count, 0);
    ck_assert_int_eq(next_until_bad(reader), WEIR_E_END);
    pravega_reader_group_reset(group, NULL, on_done, &answer);
    await(&answer);
    ck_assert_int_eq(answer.status, WEIR_E_STATE);
    ck_assert_int_eq(unread(group), 0);
    finish(&last);
    pravega_stream_cut_fini(&to);
    pravega_event_reader_free(reader);
    pravega_reader_group_free(group);
}
END_TEST

START_TEST(a_reset_goes_back_to_a_checkpoint)
{
    struct pravega_reader_group *group;
    struct pravega_event_reader *reader;
    struct answer early = {0}, late = {0}, answer = {0};

    write_events(&streams[0].stream, 10);
    group = make_group(&one_config);
    reader = join(&second, "r");
    pravega_reader_group_initiate_checkpoint(group, "early", on_checkpoint, &early);
    (void)read_until(reader, &early);
    pravega_reader_group_initiate_checkpoint(group, "late", on_checkpoint, &late);
    (void)read_until(reader, &late);
    ck_assert_int_eq(unread(group), 0);
    pravega_reader_group_reset_to_checkpoint(group, &early.checkpoint, on_done, &answer);
    must(&answer);
    ck_assert_int_eq(unread(group),
                     160 - early.checkpoint.cuts[0].positions[0].offset - early.checkpoint.cuts[0].positions[1].offset);
    answer = (struct answer){0};
    pravega_reader_group_reset(group, NULL, on_done, &answer); /* no checkpoint since: where it began, which is there */
    must(&answer);
    ck_assert_int_eq(unread(group),
                     160 - early.checkpoint.cuts[0].positions[0].offset - early.checkpoint.cuts[0].positions[1].offset);
    answer = (struct answer){0};
    pravega_reader_group_reset(group, &two_config, on_done, &answer);
    must(&answer);
    answer = (struct answer){0};
    pravega_reader_group_reset_to_checkpoint(group, &early.checkpoint, on_done, &answer);
    await(&answer);
    ck_assert_int_eq(answer.status, WEIR_E_INVAL); /* it is of stream one */
    finish(&early);
    finish(&late);
    pravega_event_reader_free(reader);
    pravega_reader_group_free(group);
}
END_TEST

/* Goal: of resets at the same time, from two processes, all succeed, one after the other; the record and the state end
 * up with the same configuration. */
START_TEST(resets_race)
{
    static const struct pravega_reader_group_config *const configs[] = {&one_config, &two_config, &both_config};
    struct pravega_reader_group *group = make_group(&both_config), *other = open_group(&second);
    struct answer answers[6] = {0}, last = {0};
    size_t count;

    for (int i = 0; i < 6; i++) {
        pravega_reader_group_reset(i % 2 == 0 ? group : other, configs[i % 3], on_done, &answers[i]);
        run_for((_i * (i + 1) % 7) * 300 * 1000);
    }
    for (int i = 0; i < 6; i++)
        must(&answers[i]);
    count = stream_count(group);
    ck_assert_uint_eq(count, stream_count(other));
    ck_assert(create(&first, &one_config) == WEIR_OK || create(&first, &two_config) == WEIR_OK ||
              create(&first, &both_config) == WEIR_OK);
    pravega_reader_group_reset(other, &both_config, on_done, &last);
    must(&last);
    ck_assert_uint_eq(stream_count(group), 2);
    pravega_reader_group_free(group);
    pravega_reader_group_free(other);
}
END_TEST

/* Goal: a process that dies anywhere in the middle of a reset leaves a group that another one can reset. */
START_TEST(a_reset_that_dies_does_no_harm)
{
    struct pravega_reader_group *group = make_group(&both_config), *doomed = open_group(&second);
    struct answer lost = {0}, answer = {0};

    pravega_reader_group_reset(doomed, &one_config, on_done, &lost);
    run_for(_i * CRASH_STEP_NS);
    weir_sim_host_silence(second.host);
    pravega_reader_group_free(doomed);
    kill_process(&second);
    pravega_reader_group_reset(group, &two_config, on_done, &answer);
    must(&answer);
    ck_assert_uint_eq(stream_count(group), 1);
    ck_assert_int_eq(create(&first, &two_config), WEIR_OK);
    pravega_reader_group_free(group);
}
END_TEST

/* Goal: the same of a creation; creating the group again makes it whole. */
START_TEST(a_creation_that_dies_does_no_harm)
{
    struct answer lost = {0};

    pravega_reader_group_create(second.client, &group_name, &both_config, on_done, &lost);
    run_for(_i * CRASH_STEP_NS);
    kill_process(&second);
    pravega_reader_group_free(make_group(&both_config));
}
END_TEST

/* ---- retention */

START_TEST(retention_follows_the_users_cuts)
{
    struct pravega_reader_group_config manual = both_config;
    struct pravega_stream_cut cut = {0};
    struct pravega_segment_offset at[] = {{0, 32}}, before[] = {{0, 16}};
    struct pravega_reader_group *group;
    struct answer answer = {0};

    write_events(&streams[1].stream, 5);
    group = make_group(&one_config);
    ck_assert_int_eq(pravega_stream_cut_set(&cut, &streams[1].stream, at, 1, NULL), WEIR_OK);
    pravega_reader_group_update_retention_stream_cut(group, &cut, 1, on_done, &answer);
    await(&answer);
    ck_assert_int_eq(answer.status, WEIR_E_STATE);
    manual.retention_type = PRAVEGA_DATA_RETENTION_MANUAL_RELEASE_AT_USER_STREAMCUT;
    answer = (struct answer){0};
    pravega_reader_group_reset(group, &manual, on_done, &answer);
    must(&answer);
    answer = (struct answer){0};
    pravega_reader_group_update_retention_stream_cut(group, &cut, 1, on_done, &answer);
    must(&answer);
    pravega_stream_cut_fini(&cut);
    ck_assert_int_eq(pravega_stream_cut_set(&cut, &streams[1].stream, before, 1, NULL), WEIR_OK);
    answer = (struct answer){0};
    pravega_reader_group_update_retention_stream_cut(group, &cut, 1, on_done, &answer);
    await(&answer);
    ck_assert_int_eq(answer.status, WEIR_E_INVAL); /* it is before the last one */
    pravega_stream_cut_fini(&cut);
    pravega_reader_group_free(group);
}
END_TEST

static void add_tests(TCase *tc)
{
    tcase_add_test(tc, a_group_is_created_once);
    tcase_add_test(tc, what_cannot_be_created_leaves_nothing);
    tcase_add_test(tc, a_deleted_group_is_not_there);
    tcase_add_loop_test(tc, calls_under_way_end_silently, 0, CRASH_COUNT);
    tcase_add_test(tc, unread_bytes_are_from_the_last_checkpoint_to_the_end);
    tcase_add_test(tc, a_bounded_group_has_nothing_beyond_its_end);
    tcase_add_test(tc, a_group_without_readers_is_where_it_began);
    tcase_add_test(tc, names_of_checkpoints_are_looked_at);
    tcase_add_test(tc, outstanding_checkpoints_are_limited_and_cancelled);
    tcase_add_test(tc, a_checkpoint_ends_with_its_last_answer);
    tcase_add_test(tc, a_dead_readers_segments_are_given_back);
    tcase_add_test(tc, a_close_that_fails_forgets_nothing);
    tcase_add_test(tc, a_reset_begins_anew);
    tcase_add_loop_test(tc, a_reset_tells_readers_of_one_id_apart, 0, 2);
    tcase_add_test(tc, a_reset_does_not_go_back_from_the_end_to_the_start);
    tcase_add_test(tc, a_reset_goes_back_to_a_checkpoint);
    tcase_add_loop_test(tc, resets_race, 0, 30);
    tcase_add_loop_test(tc, a_reset_that_dies_does_no_harm, 0, CRASH_COUNT);
    tcase_add_loop_test(tc, a_creation_that_dies_does_no_harm, 0, CRASH_COUNT);
    tcase_add_test(tc, retention_follows_the_users_cuts);
}

int main(void)
{
    return run_in_worlds("group_calls", add_tests);
}
