/*
 * test_segment_service.c - the segment service, spoken to in raw frames: good and bad answers of every command, as
 * observed at a Pravega 0.13.0 server (what upstream does otherwise is said where we differ).
 */
#include <stdlib.h>

#include "serve_fixture.h"

#define SEG "sc/st/0.#epoch.0"
#define SHADOW "sc/st/0.#epoch.0#transaction.0000000000000000000000000000004d"

static struct served *served;
static struct peer *peer;
static const struct weir_uuid writer = {0x0011223344556677, 0x8899aabbccddeeff};
static const struct weir_uuid other = {1, 2};

static struct weir_view str(const char *text)
{
    return weir_view_str(text);
}

static void create_segment(const char *name)
{
    peer_say(peer, CREATE_SEGMENT, create_segment, .request_id = 9, .segment = str(name));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_CREATED);
}

static void setup(void)
{
    served = served_new();
    peer = peer_new(served);
    create_segment(SEG);
}

static void teardown(void)
{
    peer_free(peer);
    served_free(served);
}

static int64_t setup_append(struct peer *p, const char *segment, struct weir_uuid id)
{
    const struct pravega_wire_command *cmd;

    peer_say(p, SETUP_APPEND, setup_append, .request_id = 1, .writer_id = id, .segment = str(segment));
    cmd = peer_expect(p, PRAVEGA_WIRE_APPEND_SETUP);
    ck_assert(weir_view_equal(cmd->append_setup.segment, str(segment)));
    ck_assert(weir_uuid_equal(cmd->append_setup.writer_id, id));
    ck_assert_int_eq(cmd->append_setup.request_id, 1);
    return cmd->append_setup.last_event_number;
}

static void append_bare(struct peer *p, int64_t number, const char *data)
{
    peer_say(p, APPEND_BLOCK_END, append_block_end, .writer_id = writer, .data = str(data), .event_count = 1,
             .last_event_number = number, .request_id = 77);
}

static void expect_ack(struct peer *p, int64_t number, int64_t previous, int64_t offset)
{
    const struct pravega_wire_command *cmd = peer_expect(p, PRAVEGA_WIRE_DATA_APPENDED);

    ck_assert(weir_uuid_equal(cmd->data_appended.writer_id, writer));
    ck_assert_int_eq(cmd->data_appended.event_number, number);
    ck_assert_int_eq(cmd->data_appended.previous_event_number, previous);
    ck_assert_int_eq(cmd->data_appended.write_offset, offset);
}

static void expect_data(const char *segment, int64_t offset, const char *data)
{
    const struct pravega_wire_command *cmd;

    peer_say(peer, READ_SEGMENT, read_segment, .segment = str(segment), .offset = offset, .suggested_len = 1 << 20,
             .request_id = 5);
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENT_READ);
    ck_assert_int_eq(cmd->segment_read.offset, offset);
    ck_assert_int_eq(cmd->segment_read.request_id, 5);
    ck_assert_msg(weir_view_equal(cmd->segment_read.data, str(data)), "read \"%.*s\", due \"%s\"",
                  (int)cmd->segment_read.data.len, (const char *)cmd->segment_read.data.ptr, data);
}

/* --- Connection ------------------------------------------------------------------------------------------------- */

START_TEST(hello_is_answered)
{
    const struct pravega_wire_command *cmd;

    peer_say(peer, HELLO, hello, .high_version = 15, .low_version = 5);
    cmd = peer_expect(peer, PRAVEGA_WIRE_HELLO);
    ck_assert_int_eq(cmd->hello.high_version, 16);
    ck_assert_int_eq(cmd->hello.low_version, 5);
    peer_say(peer, HELLO, hello, .high_version = 30, .low_version = 20); /* no common version */
    peer_expect(peer, PRAVEGA_WIRE_HELLO);
    peer_expect_end(peer);
}
END_TEST

START_TEST(keep_alive_is_echoed)
{
    peer_send(peer, &(struct pravega_wire_command){.type = PRAVEGA_WIRE_KEEP_ALIVE});
    peer_expect(peer, PRAVEGA_WIRE_KEEP_ALIVE);
}
END_TEST

/* Goal: what is no client's frame ends the connection, and nothing else. */
START_TEST(frames_that_are_none_end_the_connection)
{
    static const struct {
        uint8_t bytes[16];
        size_t len;
    } bad[] = {
        {{0, 0, 0, 41, 0, 0, 0, 0}, 8},              /* LOCATE_OFFSET: not in 0.13 */
        {{0x7f, 0, 0, 0, 0, 0, 0, 0}, 8},            /* unknown */
        {{0, 0, 0, 100, 0xff, 0xff, 0xff, 0xff}, 8}, /* a negative length */
        {{0, 0, 0, 100, 0x01, 0x00, 0x00, 0x00}, 8}, /* too long */
        {{0, 0, 0, 1, 0, 0, 0, 2, 0, 0}, 10},        /* a SETUP_APPEND without its fields */
        {{0, 0, 0, 7, 0, 0, 0, 0}, 8},               /* a DATA_APPENDED without its fields */
    };

    if (_i == 6) /* the admin gateway's */
        peer_say(peer, FLUSH_TO_STORAGE, flush_to_storage, .container_id = 0, .request_id = 1);
    else if (_i == 7) /* a store's */
        peer_say(peer, SEGMENT_CREATED, segment_created, .request_id = 1, .segment = str(SEG));
    else
        peer_send_bytes(peer, bad[_i].bytes, bad[_i].len);
    peer_expect_end(peer);
}
END_TEST

/* --- Append ----------------------------------------------------------------------------------------------------- */

START_TEST(append_in_all_shapes)
{
    uint8_t partial[8 + 3] = {0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 3, 'p', 'a', 'r'};
    uint8_t padding[8 + 2] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 2, 0, 0};
    uint8_t block[64];

    ck_assert_int_eq(setup_append(peer, SEG, writer), INT64_MIN);
    append_bare(peer, 1, "bare."); /* shape 1 */
    expect_ack(peer, 1, INT64_MIN, 5);
    peer_say(peer, APPEND_BLOCK, append_block, .writer_id = writer, .data = str("exact."));
    peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = writer, .whole_len = 6, .event_count = 2,
             .last_event_number = 3, .request_id = 77);
    expect_ack(peer, 3, 1, 11);
    memcpy(block, "padded.", 7);
    memcpy(block + 7, padding, sizeof(padding));
    peer_say(peer, APPEND_BLOCK, append_block, .writer_id = writer, .data = weir_view(block, 7 + sizeof(padding)));
    peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = writer, .whole_len = 7, .event_count = 1,
             .last_event_number = 4, .request_id = 77);
    expect_ack(peer, 4, 3, 18);
    memcpy(block, "whole,", 6);
    memcpy(block + 6, partial, sizeof(partial));
    peer_say(peer, APPEND_BLOCK, append_block, .writer_id = writer, .data = weir_view(block, 6 + sizeof(partial)));
    peer_send(peer, &(struct pravega_wire_command){.type = PRAVEGA_WIRE_KEEP_ALIVE}); /* tolerated in between */
    peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = writer, .whole_len = 6, .data = str("tial."),
             .event_count = 2, .last_event_number = 6, .request_id = 77);
    peer_expect(peer, PRAVEGA_WIRE_KEEP_ALIVE);
    expect_ack(peer, 6, 4, 32);
    append_bare(peer, 7, ""); /* zero bytes are an append too */
    expect_ack(peer, 7, 6, 32);
    expect_data(SEG, 0, "bare.exact.padded.whole,partial.");
}
END_TEST

/* Goal: a block may arrive in any pieces. Method: its two frames again and again, cut in two at every offset; between
 * the parts another connection has its answer, so that the store has met the first part alone. */
START_TEST(append_cut_anywhere)
{
    struct peer *second = peer_new(served);
    struct weir_buf bytes;
    int64_t number = 0;

    setup_append(peer, SEG, writer);
    weir_buf_init(&bytes, 1024);
    do {
        size_t cut = (size_t)number;

        number++;
        weir_buf_reset(&bytes);
        pravega_wire_encode_append_block(
            &bytes, &(struct pravega_wire_append_block){.writer_id = writer, .data = str("0123456789")});
        pravega_wire_encode_append_block_end(
            &bytes, &(struct pravega_wire_append_block_end){
                        .writer_id = writer, .whole_len = 10, .event_count = 1, .last_event_number = number});
        peer_send_bytes(peer, bytes.ptr, cut);
        peer_send(second, &(struct pravega_wire_command){.type = PRAVEGA_WIRE_KEEP_ALIVE});
        peer_expect(second, PRAVEGA_WIRE_KEEP_ALIVE);
        peer_send_bytes(peer, bytes.ptr + cut, bytes.len - cut);
        expect_ack(peer, number, number == 1 ? INT64_MIN : number - 1, number * 10);
    } while ((size_t)number < bytes.len);
    weir_buf_fini(&bytes);
    peer_free(second);
}
END_TEST

START_TEST(appends_of_a_turn_may_be_acknowledged_together)
{
    int64_t acked = INT64_MIN;

    setup_append(peer, SEG, writer);
    for (int64_t number = 1; number <= 500; number++)
        append_bare(peer, number, "x");
    while (acked != 500) {
        const struct pravega_wire_command *cmd = peer_expect(peer, PRAVEGA_WIRE_DATA_APPENDED);

        ck_assert_int_eq(cmd->data_appended.previous_event_number, acked);
        ck_assert_int_gt(cmd->data_appended.event_number, acked);
        acked = cmd->data_appended.event_number;
        ck_assert_int_eq(cmd->data_appended.write_offset, acked);
        ck_assert_int_eq(cmd->data_appended.request_id, 77);
    }
}
END_TEST

START_TEST(a_writer_goes_on_after_a_new_connection)
{
    struct peer *second;

    setup_append(peer, SEG, writer);
    append_bare(peer, 5, "five");
    expect_ack(peer, 5, INT64_MIN, 4);
    second = peer_new(served);
    ck_assert_int_eq(setup_append(second, SEG, writer), 5);
    append_bare(second, 4, "four"); /* stored already: neither stored again nor acknowledged */
    append_bare(second, 5, "five");
    append_bare(second, 6, "six.");
    expect_ack(second, 6, 5, 8);
    append_bare(peer, 7, "seven"); /* the first connection does not know what the second one did */
    ck_assert_int_eq(peer_expect(peer, PRAVEGA_WIRE_INVALID_EVENT_NUMBER)->invalid_event_number.event_number, 7);
    peer_expect_end(peer);
    peer_free(peer);
    peer = second;
    expect_data(SEG, 0, "fivesix.");
}
END_TEST

START_TEST(appends_that_break_the_rules_end_the_connection)
{
    struct weir_view nothing = {NULL, 0};

    setup_append(peer, SEG, writer);
    switch (_i) {
    case 0: /* without SETUP_APPEND */
        peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = other, .event_count = 1,
                 .last_event_number = 1);
        break;
    case 1: /* without events */
        peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = writer, .last_event_number = 1);
        break;
    case 2: /* another command that appends, after a block */
        peer_say(peer, APPEND_BLOCK, append_block, .writer_id = writer, .data = str("x"));
        peer_say(peer, SETUP_APPEND, setup_append, .writer_id = other, .segment = str(SEG));
        break;
    case 3: /* a block ended by another writer */
        peer_say(peer, APPEND_BLOCK, append_block, .writer_id = writer, .data = str("x"));
        peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = other, .whole_len = 1, .event_count = 1,
                 .last_event_number = 1);
        break;
    case 4: /* more whole events than the block has */
        peer_say(peer, APPEND_BLOCK, append_block, .writer_id = writer, .data = str("x"));
        peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = writer, .whole_len = 2, .event_count = 1,
                 .last_event_number = 1);
        break;
    case 5: /* leftover bytes that are no frame */
        peer_say(peer, APPEND_BLOCK, append_block, .writer_id = writer, .data = str("xy"));
        peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = writer, .whole_len = 1, .event_count = 1,
                 .last_event_number = 1);
        break;
    case 6: /* numbers that go backwards on one connection */
        append_bare(peer, 9, "x");
        peer_expect(peer, PRAVEGA_WIRE_DATA_APPENDED);
        append_bare(peer, 8, "x");
        break;
    case 7: /* a part of an event outside a block */
        peer_say(peer, PARTIAL_EVENT, partial_event, .data = nothing);
        break;
    }
    peer_expect_end(peer);
}
END_TEST

START_TEST(a_sealed_segment_refuses_appends)
{
    const struct pravega_wire_command *cmd;

    setup_append(peer, SEG, writer);
    append_bare(peer, 1, "a");
    expect_ack(peer, 1, INT64_MIN, 1);
    peer_say(peer, SEAL_SEGMENT, seal_segment, .request_id = 11, .segment = str(SEG));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_SEALED);
    ck_assert_int_eq(setup_append(peer, SEG, writer), 1); /* succeeds, as upstream */
    append_bare(peer, 2, "b");
    append_bare(peer, 3, "c"); /* pipelined behind the refused one: no answer of its own */
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENT_IS_SEALED);
    ck_assert_int_eq(cmd->segment_is_sealed.request_id, 77);
    ck_assert_int_eq(cmd->segment_is_sealed.offset, 2);
    ck_assert(weir_view_equal(cmd->segment_is_sealed.segment, str(SEG)));
    ck_assert_int_eq(setup_append(peer, SEG, writer), 1);
    append_bare(peer, 2, "b");
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_IS_SEALED);
}
END_TEST

START_TEST(a_missing_segment_refuses_writers)
{
    const struct pravega_wire_command *cmd;

    peer_say(peer, SETUP_APPEND, setup_append, .request_id = 4, .writer_id = writer, .segment = str("sc/no"));
    cmd = peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    ck_assert_int_eq(cmd->no_such_segment.request_id, 4);
    setup_append(peer, SEG, writer);
    peer_say(peer, DELETE_SEGMENT, delete_segment, .request_id = 12, .segment = str(SEG));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_DELETED);
    append_bare(peer, 1, "a");
    cmd = peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    ck_assert_int_eq(cmd->no_such_segment.offset, -1); /* unlike a sealed one, it does not say which event */
}
END_TEST

START_TEST(a_negative_offset_is_no_condition)
{
    setup_append(peer, SEG, writer);
    peer_say(peer, CONDITIONAL_APPEND, conditional_append, .writer_id = writer, .event_number = 1,
             .expected_offset = -2, .event = str("abc"), .request_id = 77);
    expect_ack(peer, 1, INT64_MIN, 11);
    peer_say(peer, CONDITIONAL_BLOCK_END, conditional_block_end, .writer_id = writer, .event_number = 2,
             .expected_offset = -1, .data = str("d"), .request_id = 77);
    expect_ack(peer, 2, 1, 12);
}
END_TEST

START_TEST(conditional_appends_pipelined)
{
    const struct pravega_wire_command *cmd;

    setup_append(peer, SEG, writer);
    peer_say(peer, CONDITIONAL_APPEND, conditional_append, .writer_id = writer, .event_number = 1, .expected_offset = 0,
             .event = str("seven"), .request_id = 101);
    peer_say(peer, CONDITIONAL_APPEND, conditional_append, .writer_id = writer, .event_number = 2, .expected_offset = 0,
             .event = str("eight"), .request_id = 102);
    peer_say(peer, CONDITIONAL_BLOCK_END, conditional_block_end, .writer_id = writer, .event_number = 3,
             .expected_offset = 13, .data = str("raw"), .request_id = 103);
    expect_ack(peer, 1, INT64_MIN, 13);
    cmd = peer_expect(peer, PRAVEGA_WIRE_CONDITIONAL_CHECK_FAILED);
    ck_assert_int_eq(cmd->conditional_check_failed.event_number, 2);
    ck_assert_int_eq(cmd->conditional_check_failed.request_id, 102);
    expect_ack(peer, 3, 1, 16);
    peer_say(peer, READ_SEGMENT, read_segment, .segment = str(SEG), .offset = 8, .suggested_len = 100);
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENT_READ);
    ck_assert(weir_view_equal(cmd->segment_read.data, str("sevenraw")));
}
END_TEST

/* Goal: far more than the store holds unacknowledged arrives whole, in order. */
START_TEST(a_flood_is_taken_whole)
{
    size_t len = (size_t)1 << 20, count = 80;
    char *data = malloc(len);
    int64_t acked = 0;

    ck_assert_ptr_nonnull(data);
    memset(data, 'f', len);
    setup_append(peer, SEG, writer);
    for (size_t i = 1; i <= count; i++)
        peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = writer, .data = weir_view(data, len),
                 .event_count = 1, .last_event_number = (int64_t)i, .request_id = 77);
    while (acked < (int64_t)count)
        acked = peer_expect(peer, PRAVEGA_WIRE_DATA_APPENDED)->data_appended.event_number;
    peer_say(peer, GET_STREAM_SEGMENT_INFO, get_stream_segment_info, .request_id = 1, .segment = str(SEG));
    ck_assert_int_eq(peer_expect(peer, PRAVEGA_WIRE_STREAM_SEGMENT_INFO)->stream_segment_info.write_offset,
                     (int64_t)(len * count));
    free(data);
}
END_TEST

/* --- Read ------------------------------------------------------------------------------------------------------- */

static void fill(const char *data)
{
    setup_append(peer, SEG, writer);
    append_bare(peer, 1, data);
    peer_expect(peer, PRAVEGA_WIRE_DATA_APPENDED);
}

static void ask(int64_t offset, int32_t len)
{
    peer_say(peer, READ_SEGMENT, read_segment, .segment = str(SEG), .offset = offset, .suggested_len = len,
             .request_id = 6);
}

START_TEST(reads_are_clamped_and_marked)
{
    const struct pravega_wire_command *cmd;

    fill("0123456789abcdef");
    ask(0, 1);
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENT_READ);
    ck_assert_uint_eq(cmd->segment_read.data.len, 8);
    ck_assert(!cmd->segment_read.at_tail);
    ask(8, -5);
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENT_READ);
    ck_assert(weir_view_equal(cmd->segment_read.data, str("89abcdef")));
    ck_assert(!cmd->segment_read.at_tail); /* it asked for no more than there is, and has not looked beyond */
    ask(8, 9);
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENT_READ);
    ck_assert(weir_view_equal(cmd->segment_read.data, str("89abcdef")));
    ck_assert(cmd->segment_read.at_tail);
    ck_assert(!cmd->segment_read.end_of_segment);
}
END_TEST

START_TEST(a_read_at_the_tail_waits)
{
    const struct pravega_wire_command *cmd;

    fill("tail");
    ask(4, 100);
    ask(6, 100); /* beyond it waits as well */
    append_bare(peer, 2, "new!");
    for (int i = 0; i < 3; i++) { /* in any order */
        cmd = peer_next(peer);
        if (cmd->type == PRAVEGA_WIRE_DATA_APPENDED)
            continue;
        ck_assert_int_eq(cmd->type, PRAVEGA_WIRE_SEGMENT_READ);
        ck_assert(weir_view_equal(cmd->segment_read.data, str(cmd->segment_read.offset == 4 ? "new!" : "w!")));
        ck_assert(cmd->segment_read.at_tail);
    }
}
END_TEST

START_TEST(a_seal_ends_a_waiting_read)
{
    const struct pravega_wire_command *cmd;
    bool told = false, sealed = false;

    fill("tail");
    ask(4, 100);
    peer_say(peer, SEAL_SEGMENT, seal_segment, .request_id = 11, .segment = str(SEG));
    while (!told || !sealed) {
        cmd = peer_next(peer);
        sealed |= cmd->type == PRAVEGA_WIRE_SEGMENT_SEALED;
        if (cmd->type == PRAVEGA_WIRE_SEGMENT_IS_SEALED) {
            told = true;
            ck_assert_int_eq(cmd->segment_is_sealed.request_id, 6);
            ck_assert_int_eq(cmd->segment_is_sealed.offset, 4);
        }
    }
    ask(0, 100);
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENT_READ);
    ck_assert(weir_view_equal(cmd->segment_read.data, str("tail")));
    ck_assert(cmd->segment_read.end_of_segment);
    ask(4, 100);
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENT_READ);
    ck_assert_uint_eq(cmd->segment_read.data.len, 0);
    ck_assert(cmd->segment_read.end_of_segment);
    ck_assert(!cmd->segment_read.at_tail);
    ask(5, 100); /* beyond the end of a sealed segment */
    peer_expect_end(peer);
}
END_TEST

START_TEST(reads_of_what_is_not_there)
{
    const struct pravega_wire_command *cmd;

    fill("0123456789");
    peer_say(peer, READ_SEGMENT, read_segment, .segment = str("sc/no"), .offset = 3, .suggested_len = 9,
             .request_id = 8);
    cmd = peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    ck_assert_int_eq(cmd->no_such_segment.request_id, 8);
    ck_assert_int_eq(cmd->no_such_segment.offset, 3);
    peer_say(peer, TRUNCATE_SEGMENT, truncate_segment, .request_id = 1, .segment = str(SEG), .truncation_offset = 4);
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_TRUNCATED);
    ask(0, 9);
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENT_IS_TRUNCATED);
    ck_assert_int_eq(cmd->segment_is_truncated.start_offset, 4);
    ck_assert_int_eq(cmd->segment_is_truncated.offset, 0);
    ck_assert_int_eq(cmd->segment_is_truncated.request_id, 6);
    expect_data(SEG, 4, "456789");
    ask(-1, 9);
    peer_expect_end(peer);
}
END_TEST

/* --- Segments --------------------------------------------------------------------------------------------------- */

START_TEST(life_of_a_segment)
{
    const struct pravega_wire_command *cmd;

    peer_say(peer, CREATE_SEGMENT, create_segment, .request_id = 9, .segment = str(SEG));
    ck_assert_int_eq(peer_expect(peer, PRAVEGA_WIRE_SEGMENT_ALREADY_EXISTS)->segment_already_exists.request_id, 9);
    fill("data");
    peer_say(peer, GET_STREAM_SEGMENT_INFO, get_stream_segment_info, .request_id = 7, .segment = str(SEG));
    cmd = peer_expect(peer, PRAVEGA_WIRE_STREAM_SEGMENT_INFO);
    ck_assert_int_eq(cmd->stream_segment_info.request_id, 7);
    ck_assert(cmd->stream_segment_info.exists && !cmd->stream_segment_info.is_sealed);
    ck_assert_int_eq(cmd->stream_segment_info.write_offset, 4);
    ck_assert_int_eq(cmd->stream_segment_info.start_offset, 0);
    ck_assert_int_gt(cmd->stream_segment_info.last_modified_ms, 0);
    peer_say(peer, UPDATE_SEGMENT_POLICY, update_segment_policy, .request_id = 8, .segment = str(SEG),
             .target_rate = 10, .scale_type = 1);
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_POLICY_UPDATED);
    peer_say(peer, TRUNCATE_SEGMENT, truncate_segment, .request_id = 1, .segment = str(SEG), .truncation_offset = 3);
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_TRUNCATED);
    peer_say(peer, TRUNCATE_SEGMENT, truncate_segment, .request_id = 1, .segment = str(SEG), .truncation_offset = 3);
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_TRUNCATED);
    peer_say(peer, TRUNCATE_SEGMENT, truncate_segment, .request_id = 1, .segment = str(SEG), .truncation_offset = 2);
    ck_assert_int_eq(peer_expect(peer, PRAVEGA_WIRE_SEGMENT_IS_TRUNCATED)->segment_is_truncated.start_offset, 3);
    peer_say(peer, TRUNCATE_SEGMENT, truncate_segment, .request_id = 1, .segment = str(SEG), .truncation_offset = 5);
    ck_assert_int_eq(peer_expect(peer, PRAVEGA_WIRE_SEGMENT_IS_TRUNCATED)->segment_is_truncated.start_offset, 3);
    peer_say(peer, SEAL_SEGMENT, seal_segment, .request_id = 11, .segment = str(SEG));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_SEALED);
    peer_say(peer, SEAL_SEGMENT, seal_segment, .request_id = 11, .segment = str(SEG));
    ck_assert_int_eq(peer_expect(peer, PRAVEGA_WIRE_SEGMENT_IS_SEALED)->segment_is_sealed.request_id, 11);
    peer_say(peer, DELETE_SEGMENT, delete_segment, .request_id = 12, .segment = str(SEG));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_DELETED);
}
END_TEST

START_TEST(commands_about_a_missing_segment)
{
    struct weir_view name = str("sc/none");

    peer_say(peer, DELETE_SEGMENT, delete_segment, .request_id = 1, .segment = name);
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    peer_say(peer, SEAL_SEGMENT, seal_segment, .request_id = 1, .segment = name);
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    peer_say(peer, TRUNCATE_SEGMENT, truncate_segment, .request_id = 1, .segment = name);
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    peer_say(peer, GET_STREAM_SEGMENT_INFO, get_stream_segment_info, .request_id = 1, .segment = name);
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    peer_say(peer, GET_SEGMENT_ATTRIBUTE, get_segment_attribute, .request_id = 1, .segment = name);
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    peer_say(peer, UPDATE_SEGMENT_ATTRIBUTE, update_segment_attribute, .request_id = 1, .segment = name);
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    peer_say(peer, UPDATE_SEGMENT_POLICY, update_segment_policy, .request_id = 1, .segment = name);
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
}
END_TEST

START_TEST(attributes_compare_and_set)
{
    struct weir_uuid id = {0, 5};
    const struct pravega_wire_command *cmd;

    peer_say(peer, GET_SEGMENT_ATTRIBUTE, get_segment_attribute, .request_id = 12, .segment = str(SEG),
             .attribute_id = id);
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENT_ATTRIBUTE);
    ck_assert_int_eq(cmd->segment_attribute.request_id, 12);
    ck_assert_int_eq(cmd->segment_attribute.value, INT64_MIN);
    for (int i = 0; i < 2; i++) {
        peer_say(peer, UPDATE_SEGMENT_ATTRIBUTE, update_segment_attribute, .request_id = 13, .segment = str(SEG),
                 .attribute_id = id, .new_value = 42, .expected_value = INT64_MIN);
        cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENT_ATTRIBUTE_UPDATED);
        ck_assert_int_eq(cmd->segment_attribute_updated.request_id, 13);
        ck_assert_int_eq(cmd->segment_attribute_updated.success, i == 0);
    }
    peer_say(peer, GET_SEGMENT_ATTRIBUTE, get_segment_attribute, .request_id = 12, .segment = str(SEG),
             .attribute_id = id);
    ck_assert_int_eq(peer_expect(peer, PRAVEGA_WIRE_SEGMENT_ATTRIBUTE)->segment_attribute.value, 42);
    peer_say(peer, SEAL_SEGMENT, seal_segment, .request_id = 14, .segment = str(SEG));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_SEALED);
    peer_say(peer, UPDATE_SEGMENT_ATTRIBUTE, update_segment_attribute, .request_id = 15, .segment = str(SEG),
             .attribute_id = id, .new_value = 43, .expected_value = 42); /* as Pravega has it */
    ck_assert_int_eq(peer_expect(peer, PRAVEGA_WIRE_SEGMENT_IS_SEALED)->segment_is_sealed.request_id, 15);
    peer_say(peer, GET_SEGMENT_ATTRIBUTE, get_segment_attribute, .request_id = 12, .segment = str(SEG),
             .attribute_id = id);
    ck_assert_int_eq(peer_expect(peer, PRAVEGA_WIRE_SEGMENT_ATTRIBUTE)->segment_attribute.value, 42);
}
END_TEST

static void fill_segment(const char *name, struct weir_uuid id, const char *data)
{
    create_segment(name);
    setup_append(peer, name, id);
    peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = id, .data = str(data), .event_count = 1,
             .last_event_number = 1, .request_id = 1);
    peer_expect(peer, PRAVEGA_WIRE_DATA_APPENDED);
}

START_TEST(merges)
{
    const struct pravega_wire_command *cmd;

    fill("head.");
    fill_segment(SHADOW, other, "shadow.");
    peer_say(peer, MERGE_SEGMENTS, merge_segments, .request_id = 15, .target = str(SEG), .source = str(SHADOW));
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENTS_MERGED);
    ck_assert_int_eq(cmd->segments_merged.request_id, 15);
    ck_assert_int_eq(cmd->segments_merged.target_write_offset, 12);
    ck_assert(weir_view_equal(cmd->segments_merged.source, str(SHADOW)));
    peer_say(peer, MERGE_SEGMENTS, merge_segments, .request_id = 16, .target = str(SEG), .source = str(SHADOW));
    ck_assert_int_eq(peer_expect(peer, PRAVEGA_WIRE_SEGMENTS_MERGED)->segments_merged.target_write_offset, 12);
    peer_say(peer, MERGE_SEGMENTS, merge_segments, .request_id = 17, .target = str(SEG), .source = str("sc/never"));
    ck_assert(
        weir_view_equal(peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT)->no_such_segment.segment, str("sc/never")));
    peer_say(peer, GET_STREAM_SEGMENT_INFO, get_stream_segment_info, .request_id = 1, .segment = str(SHADOW));
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    fill_segment(SHADOW, other, "again.");
    peer_say(peer, MERGE_SEGMENTS, merge_segments, .request_id = 18, .target = str("sc/never"), .source = str(SHADOW));
    ck_assert(weir_view_equal(peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT)->no_such_segment.segment, str(SHADOW)));
    expect_data(SEG, 0, "head.shadow.");
}
END_TEST

START_TEST(a_merge_on_a_condition)
{
    struct weir_buf items;
    struct pravega_wire_update update = {.attribute_id = {0, 5}, .update_type = 4, .new_value = 1, .old_value = 9};

    fill("head.");
    fill_segment(SHADOW, other, "shadow.");
    weir_buf_init(&items, 1024);
    pravega_wire_put_update(&items, &update);
    peer_say(peer, MERGE_SEGMENTS, merge_segments, .request_id = 15, .target = str(SEG), .source = str(SHADOW),
             .updates = {1, weir_buf_view(&items)});
    ck_assert(!peer_expect(peer, PRAVEGA_WIRE_SEGMENT_ATTRIBUTE_UPDATED)->segment_attribute_updated.success);
    expect_data(SEG, 0, "head.");
    weir_buf_reset(&items);
    update.old_value = INT64_MIN;
    pravega_wire_put_update(&items, &update);
    peer_say(peer, MERGE_SEGMENTS, merge_segments, .request_id = 15, .target = str(SEG), .source = str(SHADOW),
             .updates = {1, weir_buf_view(&items)});
    peer_expect(peer, PRAVEGA_WIRE_SEGMENTS_MERGED);
    expect_data(SEG, 0, "head.shadow.");
    weir_buf_fini(&items);
}
END_TEST

START_TEST(a_batch_of_merges)
{
    const struct pravega_wire_command *cmd;
    struct pravega_wire_merged merged;
    struct weir_buf names;
    struct weir_in items;

    fill("head.");
    fill_segment("sc/a", other, "one.");
    fill_segment("sc/b", other, "two..");
    weir_buf_init(&names, 1024);
    pravega_wire_put_name(&names, str("sc/b"));
    pravega_wire_put_name(&names, str("sc/missing"));
    pravega_wire_put_name(&names, str("sc/a"));
    peer_say(peer, MERGE_SEGMENTS_BATCH, merge_segments_batch, .request_id = 16, .target = str(SEG),
             .sources = {3, weir_buf_view(&names)});
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENTS_BATCH_MERGED);
    ck_assert_int_eq(cmd->segments_batch_merged.request_id, 16);
    ck_assert_int_eq(cmd->segments_batch_merged.merged.count, 3);
    items = pravega_wire_items(&cmd->segments_batch_merged.merged);
    merged = pravega_wire_merged_next(&items);
    ck_assert(weir_view_equal(merged.source, str("sc/b")));
    ck_assert_int_eq(merged.target_write_offset, 10);
    merged = pravega_wire_merged_next(&items);
    ck_assert_int_eq(merged.target_write_offset, 10); /* missing counts as merged */
    merged = pravega_wire_merged_next(&items);
    ck_assert_int_eq(merged.target_write_offset, 14);
    expect_data(SEG, 0, "head.two..one.");
    peer_say(peer, MERGE_SEGMENTS_BATCH, merge_segments_batch, .request_id = 16, .target = str("sc/never"),
             .sources = {3, weir_buf_view(&names)});
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    weir_buf_fini(&names);
}
END_TEST

static void make_transient(struct peer *p, char *name, size_t size)
{
    const struct pravega_wire_command *cmd;

    peer_say(p, CREATE_TRANSIENT_SEGMENT, create_transient_segment, .request_id = 17, .writer_id = writer,
             .parent = str(SEG));
    cmd = peer_expect(p, PRAVEGA_WIRE_SEGMENT_CREATED);
    ck_assert_uint_lt(cmd->segment_created.segment.len, size);
    memcpy(name, cmd->segment_created.segment.ptr, cmd->segment_created.segment.len);
    name[cmd->segment_created.segment.len] = '\0';
}

/* Goal: a large event goes through a transient segment; one that nobody merged is gone with its connection, or with the
 * next start of the store. */
START_TEST(transient_segments)
{
    static const char prefix[] = SEG "#transient.00112233445566778899aabbccddeeff.";
    struct peer *second = peer_new(served);
    char kept[256], lost[256];

    make_transient(peer, kept, sizeof(kept));
    make_transient(second, lost, sizeof(lost));
    ck_assert_mem_eq(kept, prefix, sizeof(prefix) - 1);
    ck_assert_uint_eq(strlen(kept), sizeof(prefix) - 1 + 32);
    ck_assert_int_eq(setup_append(peer, kept, writer), INT64_MIN);
    peer_say(peer, CONDITIONAL_BLOCK_END, conditional_block_end, .writer_id = writer, .event_number = 0,
             .expected_offset = 0, .data = str("lar"), .request_id = 1);
    peer_say(peer, CONDITIONAL_BLOCK_END, conditional_block_end, .writer_id = writer, .event_number = 1,
             .expected_offset = 3, .data = str("ge"), .request_id = 2);
    expect_ack(peer, 0, INT64_MIN, 3);
    expect_ack(peer, 1, 0, 5);
    peer_say(peer, MERGE_SEGMENTS, merge_segments, .request_id = 3, .target = str(SEG), .source = str(kept));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENTS_MERGED);
    expect_data(SEG, 0, "large");
    peer_free(second);
    for (int asked = 0;; asked++) {
        peer_say(peer, GET_STREAM_SEGMENT_INFO, get_stream_segment_info, .request_id = 1, .segment = str(lost));
        if (peer_next(peer)->type == PRAVEGA_WIRE_NO_SUCH_SEGMENT)
            break;
        ck_assert_int_lt(asked, 10000);
    }
}
END_TEST

/* Goal: what was acknowledged is there after a restart, and so is what the writers may repeat. */
START_TEST(a_restart_keeps_what_was_acknowledged)
{
    fill("kept");
    peer_say(peer, TRUNCATE_SEGMENT, truncate_segment, .request_id = 1, .segment = str(SEG), .truncation_offset = 1);
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_TRUNCATED);
    peer_free(peer);
    served_restart(served);
    peer = peer_new(served);
    ck_assert_int_eq(setup_append(peer, SEG, writer), 1);
    append_bare(peer, 2, " too");
    expect_ack(peer, 2, 1, 8);
    expect_data(SEG, 1, "ept too");
}
END_TEST

/* Goal: a connection that goes with work under way leaves nothing behind (the sanitizers look). */
START_TEST(a_connection_may_go_at_any_time)
{
    struct peer *second = peer_new(served);

    setup_append(second, SEG, writer);
    for (int64_t number = 1; number <= 100; number++)
        append_bare(second, number, "x");
    peer_say(second, READ_SEGMENT, read_segment, .segment = str(SEG), .offset = 1000, .suggested_len = 100);
    peer_say(second, SEAL_SEGMENT, seal_segment, .request_id = 1, .segment = str("sc/none"));
    peer_free(second);
    peer_send(peer, &(struct pravega_wire_command){.type = PRAVEGA_WIRE_KEEP_ALIVE});
    peer_expect(peer, PRAVEGA_WIRE_KEEP_ALIVE);
}
END_TEST

/* --- What is refused -------------------------------------------------------------------------------------------- */

START_TEST(a_block_needs_its_writer)
{
    peer_say(peer, APPEND_BLOCK, append_block, .writer_id = writer, .data = str("abc"));
    peer_expect_end(peer);
}
END_TEST

START_TEST(nothing_is_truncated_at_a_negative_offset)
{
    peer_say(peer, TRUNCATE_SEGMENT, truncate_segment, .request_id = 3, .segment = str("sc/no"),
             .truncation_offset = 5);
    ck_assert_int_eq(peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT)->no_such_segment.offset, 5);
    peer_say(peer, TRUNCATE_SEGMENT, truncate_segment, .request_id = 4, .segment = str(SEG), .truncation_offset = -1);
    peer_expect_end(peer);
}
END_TEST

/* Goal: what ends a read that waits. Method: one at the end and one beyond it, of a segment that is sealed, and one of
 * a segment that is deleted: that one ends as if nothing had come. */
START_TEST(reads_that_wait_are_ended)
{
    const struct pravega_wire_command *cmd;

    for (int64_t offset = 0; offset < 2; offset++)
        peer_say(peer, READ_SEGMENT, read_segment, .segment = str(SEG), .offset = offset * 5, .suggested_len = 10,
                 .request_id = offset);
    peer_say(peer, SEAL_SEGMENT, seal_segment, .request_id = 9, .segment = str(SEG));
    for (int i = 0; i < 3; i++) {
        cmd = peer_next(peer);
        if (cmd->type != PRAVEGA_WIRE_SEGMENT_SEALED)
            ck_assert_int_eq(cmd->type, PRAVEGA_WIRE_SEGMENT_IS_SEALED);
    }
    create_segment("sc/other");
    peer_say(peer, READ_SEGMENT, read_segment, .segment = str("sc/other"), .suggested_len = 10, .request_id = 7);
    peer_say(peer, DELETE_SEGMENT, delete_segment, .request_id = 8, .segment = str("sc/other"));
    for (int i = 0; i < 2; i++) {
        cmd = peer_next(peer);
        if (cmd->type != PRAVEGA_WIRE_SEGMENT_DELETED) {
            ck_assert_int_eq(cmd->type, PRAVEGA_WIRE_SEGMENT_READ);
            ck_assert(cmd->segment_read.at_tail && !cmd->segment_read.end_of_segment);
            ck_assert_uint_eq(cmd->segment_read.data.len, 0);
        }
    }
}
END_TEST

static bool is_sealed(const char *segment)
{
    peer_say(peer, GET_STREAM_SEGMENT_INFO, get_stream_segment_info, .request_id = 2, .segment = str(segment));
    return peer_expect(peer, PRAVEGA_WIRE_STREAM_SEGMENT_INFO)->stream_segment_info.is_sealed;
}

/* Goal: a merge that is refused leaves its source sealed, and names it. */
START_TEST(refused_merges)
{
    const struct pravega_wire_command *cmd;

    create_segment(SHADOW);
    peer_say(peer, SEAL_SEGMENT, seal_segment, .request_id = 9, .segment = str(SEG));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_SEALED);
    ck_assert(!is_sealed(SHADOW));
    peer_say(peer, MERGE_SEGMENTS, merge_segments, .request_id = 3, .target = str(SEG), .source = str(SHADOW));
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENT_IS_SEALED);
    ck_assert(weir_view_equal(cmd->segment_is_sealed.segment, str(SHADOW)));
    ck_assert(is_sealed(SHADOW));
    peer_say(peer, MERGE_SEGMENTS, merge_segments, .request_id = 3, .target = str(SEG), .source = str(SEG));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_IS_SEALED);
    peer_say(peer, MERGE_SEGMENTS_BATCH, merge_segments_batch, .request_id = 3, .target = str("sc/no"));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENTS_BATCH_MERGED); /* nothing goes anywhere */
    create_segment("sc/cut");
    setup_append(peer, "sc/cut", writer);
    append_bare(peer, 1, "abc");
    expect_ack(peer, 1, INT64_MIN, 3);
    peer_say(peer, TRUNCATE_SEGMENT, truncate_segment, .request_id = 4, .segment = str("sc/cut"),
             .truncation_offset = 1);
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_TRUNCATED);
    create_segment("sc/target");
    peer_say(peer, MERGE_SEGMENTS, merge_segments, .request_id = 3, .target = str("sc/target"),
             .source = str("sc/cut"));
    peer_expect_end(peer);
}
END_TEST

static int64_t core_attribute(const char *segment, uint64_t id)
{
    peer_say(peer, GET_SEGMENT_ATTRIBUTE, get_segment_attribute, .request_id = 2, .segment = str(segment),
             .attribute_id = {UINT64_C(1) << 63, id});
    return peer_expect(peer, PRAVEGA_WIRE_SEGMENT_ATTRIBUTE)->segment_attribute.value;
}

START_TEST(attributes_of_a_new_segment)
{
    ck_assert_int_eq(core_attribute(SEG, 1), INT64_MIN); /* no event yet, so no count of events */
    ck_assert_int_eq(core_attribute(SEG, 9), 0);         /* its type */
    setup_append(peer, SEG, writer);
    append_bare(peer, 1, "abc");
    expect_ack(peer, 1, INT64_MIN, 3);
    ck_assert_int_eq(core_attribute(SEG, 1), 1);
    peer_say(peer, CREATE_SEGMENT, create_segment, .request_id = 9, .segment = str("sc/neg"), .rollover_bytes = -1);
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_CREATED);
    ck_assert_int_eq(core_attribute("sc/neg", 4), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("segment_service");
    TCase *tc = tcase_create("segment_service");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_negative_offset_is_no_condition);
    tcase_add_test(tc, a_block_needs_its_writer);
    tcase_add_test(tc, nothing_is_truncated_at_a_negative_offset);
    tcase_add_test(tc, reads_that_wait_are_ended);
    tcase_add_test(tc, refused_merges);
    tcase_add_test(tc, attributes_of_a_new_segment);
    tcase_add_test(tc, hello_is_answered);
    tcase_add_test(tc, keep_alive_is_echoed);
    tcase_add_loop_test(tc, frames_that_are_none_end_the_connection, 0, 8);
    tcase_add_test(tc, append_in_all_shapes);
    tcase_add_test(tc, append_cut_anywhere);
    tcase_add_test(tc, appends_of_a_turn_may_be_acknowledged_together);
    tcase_add_test(tc, a_writer_goes_on_after_a_new_connection);
    tcase_add_loop_test(tc, appends_that_break_the_rules_end_the_connection, 0, 8);
    tcase_add_test(tc, a_sealed_segment_refuses_appends);
    tcase_add_test(tc, a_missing_segment_refuses_writers);
    tcase_add_test(tc, conditional_appends_pipelined);
    tcase_add_test(tc, a_flood_is_taken_whole);
    tcase_add_test(tc, reads_are_clamped_and_marked);
    tcase_add_test(tc, a_read_at_the_tail_waits);
    tcase_add_test(tc, a_seal_ends_a_waiting_read);
    tcase_add_test(tc, reads_of_what_is_not_there);
    tcase_add_test(tc, life_of_a_segment);
    tcase_add_test(tc, commands_about_a_missing_segment);
    tcase_add_test(tc, attributes_compare_and_set);
    tcase_add_test(tc, merges);
    tcase_add_test(tc, a_merge_on_a_condition);
    tcase_add_test(tc, a_batch_of_merges);
    tcase_add_test(tc, transient_segments);
    tcase_add_test(tc, a_restart_keeps_what_was_acknowledged);
    tcase_add_test(tc, a_connection_may_go_at_any_time);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
