/*
 * test_upkeep.c - what a reader does in its group, and in which order.
 */
#include "pravega/group/upkeep.h"

#include <check.h>
#include <stdlib.h>

#include "base/rng.h"
#include "weir/loop.h"

#define START_NS (1000 * WEIR_NS_PER_S)

/* A reader alone with a segment, nothing to do. */
static struct pravega_upkeep_facts quiet_facts(void)
{
    return (struct pravega_upkeep_facts){
        .online = true, .reader_count = 1, .automatic_checkpoint_interval_ms = 30000, .group_refresh_time_ms = 3000};
}

struct reader {
    struct pravega_upkeep upkeep;
    struct pravega_upkeep_facts facts;
    int64_t now_ns;
};

static void reader_init(struct reader *reader)
{
    reader->facts = quiet_facts();
    reader->now_ns = START_NS;
    pravega_upkeep_init(&reader->upkeep, START_NS, 0);
}

static enum pravega_upkeep_action next(struct reader *reader)
{
    return pravega_upkeep_next(&reader->upkeep, &reader->facts, reader->now_ns);
}

static void done(struct reader *reader, enum pravega_upkeep_action action, bool did)
{
    pravega_upkeep_done(&reader->upkeep, action, did, &reader->facts, reader->now_ns);
}

/* The next action is this one, and is done. */
static void expect(struct reader *reader, enum pravega_upkeep_action action)
{
    enum pravega_upkeep_action said = next(reader);

    ck_assert_msg(said == action, "\"%s\", not \"%s\"", pravega_upkeep_name(said), pravega_upkeep_name(action));
    done(reader, action, true);
}

static void sleep_until_wake(struct reader *reader)
{
    expect(reader, PRAVEGA_UPKEEP_REST);
    ck_assert_int_gt(reader->upkeep.wake_ns, reader->now_ns);
    reader->now_ns = reader->upkeep.wake_ns;
}

/* A reader that has joined and rests. */
static void settle(struct reader *reader)
{
    reader_init(reader);
    expect(reader, PRAVEGA_UPKEEP_FETCH);
    ck_assert_int_eq(next(reader), PRAVEGA_UPKEEP_REST);
}

START_TEST(a_reader_that_joins_looks_and_takes_what_nobody_has)
{
    struct reader reader;

    reader_init(&reader);
    reader.facts.unassigned_count = 3;
    expect(&reader, PRAVEGA_UPKEEP_FETCH);
    expect(&reader, PRAVEGA_UPKEEP_ACQUIRE);
    ck_assert_int_eq(next(&reader), PRAVEGA_UPKEEP_REST);
    ck_assert_int_eq(reader.upkeep.acquire_ns, START_NS + WEIR_NS_PER_S);
    ck_assert_int_eq(reader.upkeep.release_ns, START_NS + WEIR_NS_PER_S);
    ck_assert_int_eq(reader.upkeep.lag_ns, START_NS + 2 * WEIR_NS_PER_S);
}
END_TEST

START_TEST(the_initial_delay_holds)
{
    struct reader reader;

    reader_init(&reader);
    pravega_upkeep_init(&reader.upkeep, START_NS, 5 * WEIR_NS_PER_S);
    reader.facts.unassigned_count = 3;
    reader.facts.automatic_checkpoint_interval_ms = -1;
    for (enum pravega_upkeep_action action = next(&reader); action != PRAVEGA_UPKEEP_ACQUIRE; action = next(&reader)) {
        ck_assert_int_lt(reader.now_ns, START_NS + 5 * WEIR_NS_PER_S);
        if (action == PRAVEGA_UPKEEP_REST)
            reader.now_ns = reader.upkeep.wake_ns;
        else
            done(&reader, action, true);
    }
    ck_assert_int_eq(reader.now_ns, START_NS + 5 * WEIR_NS_PER_S);
}
END_TEST

/* Goal: times as long as Java's Long.MAX_VALUE mean that it never comes to that, not that it is over at once. */
START_TEST(the_longest_times_are_no_times_at_all)
{
    struct reader reader;

    reader_init(&reader);
    reader.facts.automatic_checkpoint_interval_ms = reader.facts.group_refresh_time_ms = INT64_MAX;
    expect(&reader, PRAVEGA_UPKEEP_FETCH);
    ck_assert_int_gt(reader.upkeep.fetch_ns, START_NS + 3600 * WEIR_NS_PER_S);
    reader.now_ns += 2 * WEIR_NS_PER_S;
    expect(&reader, PRAVEGA_UPKEEP_CREATE_CHECKPOINT);
    ck_assert_int_gt(reader.upkeep.checkpoint_ns, START_NS + 3600 * WEIR_NS_PER_S);
}
END_TEST

/* Goal: ranks share out who is quick to take: of three readers the last by load waits one unit, the first three. */
START_TEST(the_wait_to_acquire_depends_on_the_rank)
{
    for (int32_t ranking = 0; ranking < 3; ranking++) {
        struct reader reader;

        reader_init(&reader);
        reader.facts.reader_count = 3;
        reader.facts.ranking = ranking;
        expect(&reader, PRAVEGA_UPKEEP_FETCH);
        ck_assert_int_eq(next(&reader), PRAVEGA_UPKEEP_REST);
        ck_assert_int_eq(reader.upkeep.acquire_ns, START_NS + (3 - ranking) * WEIR_NS_PER_S);
    }
}
END_TEST

START_TEST(a_checkpoint_is_given_and_then_recorded_and_what_follows_is_in_upstreams_order)
{
    struct reader reader;

    settle(&reader);
    reader.now_ns += 2 * WEIR_NS_PER_S;
    reader.upkeep.fetch_ns = reader.now_ns;
    reader.facts.pending = PRAVEGA_PENDING_LOUD;
    reader.facts.checkpoint_ongoing = true;
    expect(&reader, PRAVEGA_UPKEEP_FETCH);
    expect(&reader, PRAVEGA_UPKEEP_GIVE);
    reader.facts.given = true;
    ck_assert_int_eq(next(&reader), PRAVEGA_UPKEEP_REST);

    reader.facts.given = false; /* next() */
    pravega_upkeep_begin_checkpoint(&reader.upkeep);
    ck_assert(reader.upkeep.at_checkpoint);
    expect(&reader, PRAVEGA_UPKEEP_RECORD);
    reader.facts.pending = PRAVEGA_PENDING_NONE;
    reader.facts.checkpoint_ongoing = false;
    reader.facts.sealed_count = 2;
    reader.facts.owns_too_many = true;
    reader.facts.publish_due = true;
    expect(&reader, PRAVEGA_UPKEEP_COMPLETE);
    reader.facts.sealed_count = 1;
    expect(&reader, PRAVEGA_UPKEEP_COMPLETE);
    reader.facts.sealed_count = 0;
    reader.facts.unassigned_count = 2;
    ck_assert(reader.upkeep.at_checkpoint);
    expect(&reader, PRAVEGA_UPKEEP_RELEASE);
    expect(&reader, PRAVEGA_UPKEEP_PUBLISH);
    reader.facts.publish_due = false;
    ck_assert_int_eq(next(&reader), PRAVEGA_UPKEEP_REST); /* releasing put off taking */
    ck_assert(!reader.upkeep.at_checkpoint);
}
END_TEST

START_TEST(completing_a_segment_lets_its_successors_be_taken_at_once)
{
    struct reader reader;

    settle(&reader);
    pravega_upkeep_begin_checkpoint(&reader.upkeep);
    expect(&reader, PRAVEGA_UPKEEP_RECORD);
    reader.facts.sealed_count = 1;
    expect(&reader, PRAVEGA_UPKEEP_COMPLETE);
    reader.facts.sealed_count = 0;
    reader.facts.unassigned_count = 2;
    expect(&reader, PRAVEGA_UPKEEP_ACQUIRE);
}
END_TEST

START_TEST(while_another_checkpoint_is_pending_nothing_changes_hands)
{
    struct reader reader;

    settle(&reader);
    reader.now_ns += 2 * WEIR_NS_PER_S;
    pravega_upkeep_begin_checkpoint(&reader.upkeep);
    expect(&reader, PRAVEGA_UPKEEP_RECORD);
    reader.facts.pending = PRAVEGA_PENDING_LOUD;
    reader.facts.sealed_count = 1;
    reader.facts.owns_too_many = true;
    reader.facts.unassigned_count = 5;
    expect(&reader, PRAVEGA_UPKEEP_GIVE);
    reader.facts.given = true;
    ck_assert(!reader.upkeep.at_checkpoint);
    for (int i = 0; i < 10; i++) {
        sleep_until_wake(&reader);
        if (reader.now_ns >= reader.upkeep.fetch_ns)
            expect(&reader, PRAVEGA_UPKEEP_FETCH);
    }
}
END_TEST

START_TEST(a_silent_checkpoint_is_answered_without_a_word)
{
    struct reader reader;

    settle(&reader);
    reader.facts.pending = PRAVEGA_PENDING_SILENT;
    expect(&reader, PRAVEGA_UPKEEP_RECORD_SILENT);
    reader.facts.pending = PRAVEGA_PENDING_NONE;
    reader.facts.sealed_count = 1;
    ck_assert_int_eq(next(&reader), PRAVEGA_UPKEEP_REST);
}
END_TEST

/* Goal: a silent one that held up the completion after a given one does not put it off to the next. */
START_TEST(what_a_silent_checkpoint_held_up_follows_it)
{
    struct reader reader;

    settle(&reader);
    pravega_upkeep_begin_checkpoint(&reader.upkeep);
    expect(&reader, PRAVEGA_UPKEEP_RECORD);
    reader.facts.pending = PRAVEGA_PENDING_SILENT;
    reader.facts.sealed_count = 1;
    expect(&reader, PRAVEGA_UPKEEP_RECORD_SILENT);
    reader.facts.pending = PRAVEGA_PENDING_NONE;
    expect(&reader, PRAVEGA_UPKEEP_COMPLETE);
    reader.facts.sealed_count = 0;
    ck_assert(reader.upkeep.at_checkpoint);
    ck_assert_int_eq(next(&reader), PRAVEGA_UPKEEP_REST);
    ck_assert(!reader.upkeep.at_checkpoint);
}
END_TEST

START_TEST(automatic_checkpoints_are_made_at_their_interval_and_not_if_disabled)
{
    struct reader reader;
    int made = 0;

    for (int enabled = 0; enabled < 2; enabled++) {
        settle(&reader);
        reader.facts.automatic_checkpoint_interval_ms = enabled ? 30000 : -1;
        made = 0;
        while (reader.now_ns < START_NS + 95 * WEIR_NS_PER_S) {
            enum pravega_upkeep_action action = next(&reader);

            made += action == PRAVEGA_UPKEEP_CREATE_CHECKPOINT;
            if (action == PRAVEGA_UPKEEP_REST)
                reader.now_ns = reader.upkeep.wake_ns;
            else
                done(&reader, action, true);
        }
        ck_assert_int_eq(made, enabled ? 4 : 0); /* after 1, 31, 61 and 91 s */
    }
}
END_TEST

START_TEST(an_offline_reader_does_nothing_else)
{
    struct reader reader;

    settle(&reader);
    reader.facts.online = false;
    pravega_upkeep_begin_checkpoint(&reader.upkeep);
    ck_assert_int_eq(next(&reader), PRAVEGA_UPKEEP_OFFLINE);
}
END_TEST

START_TEST(what_failed_is_tried_again_after_a_look_and_events_wait)
{
    struct reader reader;

    settle(&reader);
    pravega_upkeep_begin_checkpoint(&reader.upkeep);
    ck_assert_int_eq(next(&reader), PRAVEGA_UPKEEP_RECORD);
    pravega_upkeep_failed(&reader.upkeep, reader.now_ns);
    sleep_until_wake(&reader);
    ck_assert(reader.upkeep.at_checkpoint);
    ck_assert_int_eq(next(&reader), PRAVEGA_UPKEEP_RECORD);
    done(&reader, PRAVEGA_UPKEEP_RECORD, true);
    expect(&reader, PRAVEGA_UPKEEP_FETCH);
}
END_TEST

START_TEST(a_changed_configuration_is_seen_within_ten_seconds)
{
    struct reader reader;
    enum pravega_upkeep_action action;

    settle(&reader);
    reader.facts.updating_config = true;
    reader.facts.automatic_checkpoint_interval_ms = -1;
    while ((action = next(&reader)) != PRAVEGA_UPKEEP_CONFIG) {
        if (action == PRAVEGA_UPKEEP_REST)
            reader.now_ns = reader.upkeep.wake_ns;
        else
            done(&reader, action, true);
    }
    ck_assert_int_le(reader.now_ns, START_NS + 10 * WEIR_NS_PER_S);
}
END_TEST

/* ---- whatever the state says ---- */

static void shake(struct reader *reader, struct weir_rng *rng)
{
    struct pravega_upkeep_facts *facts = &reader->facts;

    facts->updating_config = weir_rng_below(rng, 8) == 0;
    facts->pending = (enum pravega_pending)weir_rng_below(rng, 3);
    facts->checkpoint_ongoing = facts->pending != PRAVEGA_PENDING_NONE || weir_rng_below(rng, 4) == 0;
    facts->publish_due = weir_rng_below(rng, 4) == 0;
    facts->owns_too_many = weir_rng_below(rng, 4) == 0;
    facts->reader_count = 1 + (int32_t)weir_rng_below(rng, 4);
    facts->ranking = (int32_t)weir_rng_below(rng, (uint64_t)facts->reader_count);
    facts->unassigned_count = weir_rng_below(rng, 3);
    facts->sealed_count = weir_rng_below(rng, 3);
}

static void check_action(const struct reader *reader, enum pravega_upkeep_action action)
{
    bool shares = action == PRAVEGA_UPKEEP_COMPLETE || action == PRAVEGA_UPKEEP_RELEASE;

    if (shares || action == PRAVEGA_UPKEEP_RECORD || action == PRAVEGA_UPKEEP_PUBLISH)
        ck_assert(reader->upkeep.at_checkpoint);
    if (shares || action == PRAVEGA_UPKEEP_ACQUIRE || action == PRAVEGA_UPKEEP_LAG)
        ck_assert_int_eq(reader->facts.pending, PRAVEGA_PENDING_NONE);
    if (action == PRAVEGA_UPKEEP_REST) {
        ck_assert(!reader->upkeep.at_checkpoint);
        ck_assert_int_gt(reader->upkeep.wake_ns, reader->now_ns);
    }
}

/* What the world does after an action. */
static void follow(struct reader *reader, struct weir_rng *rng, enum pravega_upkeep_action action)
{
    switch (action) {
    case PRAVEGA_UPKEEP_RECORD:
    case PRAVEGA_UPKEEP_RECORD_SILENT:
        reader->facts.pending = PRAVEGA_PENDING_NONE;
        break;
    case PRAVEGA_UPKEEP_COMPLETE:
        reader->facts.sealed_count--;
        break;
    case PRAVEGA_UPKEEP_PUBLISH:
        reader->facts.publish_due = false;
        break;
    case PRAVEGA_UPKEEP_GIVE:
        reader->facts.given = true;
        break;
    case PRAVEGA_UPKEEP_FETCH:
        shake(reader, rng);
        break;
    default:
        break;
    }
}

/* Goal: nothing is decided that the state forbids, every round ends, and none wakes at once again. Method: states that
 * change as they like, seeded; the user calls next() now and then. */
START_TEST(whatever_the_state_says_rounds_end_and_keep_the_rules)
{
    struct weir_rng rng;
    struct reader reader;

    weir_rng_init(&rng, (uint64_t)_i);
    reader_init(&reader);
    for (int round = 0; round < 200; round++) {
        int steps = 0;
        enum pravega_upkeep_action action;

        if (reader.facts.given && weir_rng_below(&rng, 2) == 0) {
            reader.facts.given = false;
            pravega_upkeep_begin_checkpoint(&reader.upkeep);
        }
        while ((action = next(&reader)) != PRAVEGA_UPKEEP_REST) {
            check_action(&reader, action);
            follow(&reader, &rng, action);
            done(&reader, action, weir_rng_below(&rng, 4) != 0);
            ck_assert_int_lt(++steps, 40);
        }
        check_action(&reader, action);
        reader.now_ns = reader.upkeep.wake_ns;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upkeep");
    TCase *tc = tcase_create("upkeep");
    SRunner *sr;
    int failed;

    tcase_add_test(tc, a_reader_that_joins_looks_and_takes_what_nobody_has);
    tcase_add_test(tc, the_initial_delay_holds);
    tcase_add_test(tc, the_longest_times_are_no_times_at_all);
    tcase_add_test(tc, the_wait_to_acquire_depends_on_the_rank);
    tcase_add_test(tc, a_checkpoint_is_given_and_then_recorded_and_what_follows_is_in_upstreams_order);
    tcase_add_test(tc, completing_a_segment_lets_its_successors_be_taken_at_once);
    tcase_add_test(tc, while_another_checkpoint_is_pending_nothing_changes_hands);
    tcase_add_test(tc, a_silent_checkpoint_is_answered_without_a_word);
    tcase_add_test(tc, what_a_silent_checkpoint_held_up_follows_it);
    tcase_add_test(tc, automatic_checkpoints_are_made_at_their_interval_and_not_if_disabled);
    tcase_add_test(tc, an_offline_reader_does_nothing_else);
    tcase_add_test(tc, what_failed_is_tried_again_after_a_look_and_events_wait);
    tcase_add_test(tc, a_changed_configuration_is_seen_within_ten_seconds);
    tcase_add_loop_test(tc, whatever_the_state_says_rounds_end_and_keep_the_rules, 0, 300);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
