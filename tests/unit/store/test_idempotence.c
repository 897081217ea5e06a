/*
 * test_idempotence.c - what a client repeats because it does not know: after a restart, over merges, in any order.
 *
 * Goal of all: what was stored is not stored again, what was not is, and each repetition has an answer that says which.
 */
#include <stdio.h>
#include <stdlib.h>

#include "serve_fixture.h"

#define SEG "sc/st/0.#epoch.0"
#define SHADOW "sc/st/0.#epoch.0#transaction.0000000000000000000000000000004d"

static struct served *served;
static struct peer *peer;
static const struct weir_uuid writer = {0x0011223344556677, 0x8899aabbccddeeff}, other = {1, 2};

static struct weir_view str(const char *text)
{
    return weir_view_str(text);
}

static void create_segment(const char *name)
{
    peer_say(peer, CREATE_SEGMENT, create_segment, .request_id = 9, .segment = str(name));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_CREATED);
}

static void set_up(void)
{
    served = served_new();
    peer = peer_new(served);
    create_segment(SEG);
}

static void tear_down(void)
{
    peer_free(peer);
    served_free(served);
}

/* The store goes and comes; the client connects anew. */
static void restart(void)
{
    peer_free(peer);
    served_restart(served);
    peer = peer_new(served);
}

static int64_t setup_append(const char *segment, struct weir_uuid id)
{
    peer_say(peer, SETUP_APPEND, setup_append, .request_id = 1, .writer_id = id, .segment = str(segment));
    return peer_expect(peer, PRAVEGA_WIRE_APPEND_SETUP)->append_setup.last_event_number;
}

static void append(struct weir_uuid id, int64_t number, const char *data)
{
    peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = id, .data = str(data), .event_count = 1,
             .last_event_number = number, .request_id = 7);
}

static void expect_ack(int64_t number, int64_t previous)
{
    const struct pravega_wire_command *cmd = peer_expect(peer, PRAVEGA_WIRE_DATA_APPENDED);

    ck_assert_int_eq(cmd->data_appended.event_number, number);
    ck_assert_int_eq(cmd->data_appended.previous_event_number, previous);
}

static void merge(void)
{
    peer_say(peer, MERGE_SEGMENTS, merge_segments, .request_id = 3, .target = str(SEG), .source = str(SHADOW));
}

static void expect_data(const char *data)
{
    const struct pravega_wire_command *cmd;

    peer_say(peer, READ_SEGMENT, read_segment, .segment = str(SEG), .offset = 0, .suggested_len = 1 << 20,
             .request_id = 5);
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENT_READ);
    ck_assert_msg(weir_view_equal(cmd->segment_read.data, str(data)), "read \"%.*s\", due \"%s\"",
                  (int)cmd->segment_read.data.len, (const char *)cmd->segment_read.data.ptr, data);
}

START_TEST(a_writer_repeats_after_each_restart)
{
    int64_t last = INT64_MIN;

    for (int64_t round = 0; round < 4; round++) {
        ck_assert_int_eq(setup_append(SEG, writer), last);
        if (last >= 0) {
            append(writer, last - 1, "no");
            append(writer, last, "no");
        }
        append(writer, round * 10 + 5, "five");
        append(writer, round * 10 + 6, "six ");
        while (last != round * 10 + 6) /* in one frame, or one after the other */
            last = peer_expect(peer, PRAVEGA_WIRE_DATA_APPENDED)->data_appended.event_number;
        restart();
    }
    ck_assert_int_eq(setup_append(SEG, writer), last);
    expect_data("fivesix fivesix fivesix fivesix ");
}
END_TEST

/* A transaction's writer has numbers of its own, in its segment; the target's writer keeps its own over the merge. */
START_TEST(numbers_over_merges)
{
    setup_append(SEG, writer);
    append(writer, 8, "base.");
    expect_ack(8, INT64_MIN);
    create_segment(SHADOW);
    ck_assert_int_eq(setup_append(SHADOW, writer), INT64_MIN);
    append(writer, 3, "txn.");
    expect_ack(3, INT64_MIN);
    restart();
    ck_assert_int_eq(setup_append(SHADOW, writer), 3);
    append(writer, 3, "txn.");
    append(writer, 4, "more.");
    expect_ack(4, 3);
    merge();
    ck_assert_int_eq(peer_expect(peer, PRAVEGA_WIRE_SEGMENTS_MERGED)->segments_merged.target_write_offset, 14);
    ck_assert_int_eq(setup_append(SEG, writer), 8);
    append(writer, 8, "base.");
    append(writer, 9, "end");
    expect_ack(9, 8);
    restart();
    ck_assert_int_eq(setup_append(SEG, writer), 9);
    expect_data("base.txn.more.end");
}
END_TEST

/* The answer to a merge was lost with the store: asked again, nothing is merged twice. */
START_TEST(a_merge_is_repeated)
{
    setup_append(SEG, writer);
    append(writer, 1, "base.");
    expect_ack(1, INT64_MIN);
    create_segment(SHADOW);
    setup_append(SHADOW, other);
    append(other, 1, "txn.");
    expect_ack(1, INT64_MIN);
    merge();
    peer_expect(peer, PRAVEGA_WIRE_SEGMENTS_MERGED);
    restart();
    merge();
    ck_assert_int_eq(peer_next(peer)->type, PRAVEGA_WIRE_SEGMENTS_MERGED);
    expect_data("base.txn.");
    peer_say(peer, SETUP_APPEND, setup_append, .request_id = 1, .writer_id = other, .segment = str(SHADOW));
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
}
END_TEST

/* Nobody but its connection needed it; a restart ended that one. */
START_TEST(a_transient_segment_does_not_outlive_a_restart)
{
    char name[256];
    const struct pravega_wire_command *cmd;

    peer_say(peer, CREATE_TRANSIENT_SEGMENT, create_transient_segment, .request_id = 17, .writer_id = writer,
             .parent = str(SEG));
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENT_CREATED);
    snprintf(name, sizeof(name), "%.*s", (int)cmd->segment_created.segment.len,
             (const char *)cmd->segment_created.segment.ptr);
    setup_append(name, writer);
    append(writer, 1, "half of a large event");
    expect_ack(1, INT64_MIN);
    restart();
    peer_say(peer, SETUP_APPEND, setup_append, .request_id = 1, .writer_id = writer, .segment = str(name));
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    peer_say(peer, MERGE_SEGMENTS, merge_segments, .request_id = 3, .target = str(SEG), .source = str(name));
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    ck_assert_int_eq(setup_append(SEG, writer), INT64_MIN);
    append(writer, 1, "whole");
    expect_ack(1, INT64_MIN);
    expect_data("whole");
}
END_TEST

/* Changes that are repeated: each says that it is so already, and changes nothing. */
START_TEST(changes_are_repeated)
{
    setup_append(SEG, writer);
    append(writer, 1, "0123456789");
    expect_ack(1, INT64_MIN);
    for (int time = 0; time < 2; time++) {
        peer_say(peer, CREATE_SEGMENT, create_segment, .request_id = 2, .segment = str(SEG));
        peer_expect(peer, PRAVEGA_WIRE_SEGMENT_ALREADY_EXISTS);
        peer_say(peer, TRUNCATE_SEGMENT, truncate_segment, .request_id = 3, .segment = str(SEG),
                 .truncation_offset = 4);
        peer_expect(peer, PRAVEGA_WIRE_SEGMENT_TRUNCATED);
        peer_say(peer, SEAL_SEGMENT, seal_segment, .request_id = 4, .segment = str(SEG));
        peer_expect(peer, time == 0 ? PRAVEGA_WIRE_SEGMENT_SEALED : PRAVEGA_WIRE_SEGMENT_IS_SEALED);
        ck_assert_int_eq(setup_append(SEG, writer), 1);
        append(writer, 2, "late");
        peer_expect(peer, PRAVEGA_WIRE_SEGMENT_IS_SEALED);
        restart();
    }
    peer_say(peer, GET_STREAM_SEGMENT_INFO, get_stream_segment_info, .request_id = 1, .segment = str(SEG));
    ck_assert_int_eq(peer_expect(peer, PRAVEGA_WIRE_STREAM_SEGMENT_INFO)->stream_segment_info.write_offset, 10);
    peer_say(peer, DELETE_SEGMENT, delete_segment, .request_id = 5, .segment = str(SEG));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_DELETED);
    restart();
    peer_say(peer, DELETE_SEGMENT, delete_segment, .request_id = 5, .segment = str(SEG));
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("idempotence");
    TCase *tc = tcase_create("idempotence");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_writer_repeats_after_each_restart);
    tcase_add_test(tc, numbers_over_merges);
    tcase_add_test(tc, a_merge_is_repeated);
    tcase_add_test(tc, a_transient_segment_does_not_outlive_a_restart);
    tcase_add_test(tc, changes_are_repeated);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
