/*
 * test_wire.c - the wire codec against recorded frames, in both directions and cut everywhere.
 */
#include "pravega/wire.h"

#include <check.h>
#include <stdlib.h>

#include "pravega/wire_inbox.h"
#include "wire_vectors.h"

struct vector {
    int32_t type;
    const char *what, *hex, *fields;
};

static const struct vector vectors[] = {
#define X(NAME, what, hex, fields) {PRAVEGA_WIRE_##NAME, what, hex, fields},
    WIRE_VECTORS(X)
#undef X
};
#define VECTOR_COUNT ((int)(sizeof(vectors) / sizeof(vectors[0])))

static int digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static struct weir_buf from_hex(const char *hex)
{
    struct weir_buf buf;

    weir_buf_init(&buf, PRAVEGA_WIRE_FRAME_LEN_MAX);
    for (; hex[0] != '\0'; hex += 2)
        weir_buf_u8(&buf, (uint8_t)(digit(hex[0]) << 4 | digit(hex[1])));
    return buf;
}

/* The n-th recorded frame of a type, decoded; its bytes stay in `bytes`. */
static struct pravega_wire_command decode_nth(int32_t type, int n, struct weir_buf *bytes)
{
    struct pravega_wire_command cmd;

    for (int i = 0; i < VECTOR_COUNT; i++) {
        if (vectors[i].type != type || n-- > 0)
            continue;
        *bytes = from_hex(vectors[i].hex);
        ck_assert_int_eq(pravega_wire_decode(type, weir_view(bytes->ptr + 8, bytes->len - 8), &cmd, NULL), WEIR_OK);
        return cmd;
    }
    ck_abort_msg("no such vector");
}

static void assert_text(struct weir_view view, const char *text)
{
    ck_assert_uint_eq(view.len, strlen(text));
    ck_assert_mem_eq(view.ptr, text, view.len);
}

/* Goal: what Pravega sent is what we read and what we would send.
 * Method: each recorded frame is decoded and encoded again; the bytes must be the same. */
START_TEST(recorded_frames_survive_decoding_and_encoding)
{
    struct weir_buf bytes = from_hex(vectors[_i].hex), again;
    struct pravega_wire_command cmd;

    weir_buf_init(&again, PRAVEGA_WIRE_FRAME_LEN_MAX);
    ck_assert_int_eq(pravega_wire_decode(vectors[_i].type, weir_view(bytes.ptr + 8, bytes.len - 8), &cmd, NULL),
                     WEIR_OK);
    ck_assert_int_eq(cmd.type, vectors[_i].type);
    pravega_wire_encode(&again, &cmd);
    ck_assert_int_eq(again.status, WEIR_OK);
    ck_assert_msg(weir_view_equal(weir_buf_view(&bytes), weir_buf_view(&again)), "%s", vectors[_i].what);
    weir_buf_fini(&again);
    weir_buf_fini(&bytes);
}
END_TEST

/* ---- a command in words, made from the wire table: "name=value" of each field; request ids are hexadecimal */

static void show_bytes(struct weir_buf *out, struct weir_view view)
{
    bool is_text = true;

    for (size_t i = 0; i < view.len; i++)
        is_text = is_text && view.ptr[i] >= ' ' && view.ptr[i] <= '~';
    weir_buf_printf(out, "%s", is_text ? "'" : "");
    for (size_t i = 0; i < view.len; i++)
        weir_buf_printf(out, is_text ? "%c" : "%02x", view.ptr[i]);
    weir_buf_printf(out, "%s", is_text ? "'" : "");
}

static void show_number(struct weir_buf *out, int64_t value)
{
    if (value == INT64_MIN)
        weir_buf_printf(out, "MIN");
    else
        weir_buf_printf(out, "%lld", (long long)value);
}

static void show_uuid(struct weir_buf *out, struct weir_uuid uuid)
{
    char text[WEIR_UUID_TEXT_LEN + 1];

    weir_uuid_text(uuid, text);
    weir_buf_printf(out, "%s", text);
}

static void show_name(struct weir_buf *out, struct weir_in *items)
{
    show_bytes(out, pravega_wire_name_next(items));
}
static void show_item(struct weir_buf *out, struct weir_in *items)
{
    show_number(out, pravega_wire_number_next(items));
}
static void show_table_key(struct weir_buf *out, const struct pravega_wire_key *key)
{
    show_bytes(out, key->key);
    weir_buf_printf(out, "@");
    show_number(out, key->version);
}
static void show_key(struct weir_buf *out, struct weir_in *items)
{
    struct pravega_wire_key key = pravega_wire_key_next(items);

    show_table_key(out, &key);
}
static void show_entry(struct weir_buf *out, struct weir_in *items)
{
    struct pravega_wire_entry entry = pravega_wire_entry_next(items);

    show_table_key(out, &entry.key);
    weir_buf_printf(out, ":");
    show_bytes(out, entry.value);
}
static void show_merged(struct weir_buf *out, struct weir_in *items)
{
    struct pravega_wire_merged merged = pravega_wire_merged_next(items);

    show_bytes(out, merged.source);
    weir_buf_printf(out, "@%lld", (long long)merged.target_write_offset);
}
static void show_update(struct weir_buf *out, struct weir_in *items)
{
    show_uuid(out, pravega_wire_update_next(items).attribute_id);
}
static void show_chunk(struct weir_buf *out, struct weir_in *items)
{
    show_bytes(out, pravega_wire_chunk_next(items).name);
}

static void show_list(struct weir_buf *out, const struct pravega_wire_list *list,
                      void (*show)(struct weir_buf *out, struct weir_in *items))
{
    struct weir_in items = pravega_wire_items(list);

    weir_buf_printf(out, "[");
    for (int32_t i = 0; i < list->count; i++) {
        weir_buf_printf(out, "%s", i > 0 ? ", " : "");
        show(out, &items);
    }
    weir_buf_printf(out, "]");
    ck_assert(!items.bad && weir_in_left(&items) == 0);
}

#define SHOW_I8(value) show_number(out, value)
#define SHOW_BOOL(value) weir_buf_printf(out, "%s", (value) ? "true" : "false")
#define SHOW_I32(value) show_number(out, value)
#define SHOW_I64(value) show_number(out, value)
#define SHOW_ID(value) weir_buf_printf(out, "%llx", (unsigned long long)(value))
#define SHOW_UUID(value) show_uuid(out, value)
#define SHOW_STR(value) show_bytes(out, value)
#define SHOW_BUF(value) show_bytes(out, value)
#define SHOW_REST(value) show_bytes(out, value)
#define SHOW_EVENT(value) show_bytes(out, value)
#define SHOW_NAMES(value) show_list(out, &(value), show_name)
#define SHOW_NUMBERS(value) show_list(out, &(value), show_item)
#define SHOW_KEYS(value) show_list(out, &(value), show_key)
#define SHOW_ENTRIES(value) show_list(out, &(value), show_entry)
#define SHOW_MERGED(value) show_list(out, &(value), show_merged)
#define SHOW_UPDATES(value) show_list(out, &(value), show_update)
#define SHOW_CHUNKS(value) show_list(out, &(value), show_chunk)

#define FIELD(kind, name)                                                                                              \
    weir_buf_printf(out, "%s" #name "=", out->len > 0 ? " " : "");                                                     \
    SHOW_##kind(cmd->name);
#define TAIL(kind, name, fallback) FIELD(kind, name)
#define X(NAME, name, code, direction, ...)                                                                            \
    static void show_##name(struct weir_buf *out, const struct pravega_wire_##name *cmd)                               \
    {                                                                                                                  \
        (void)out;                                                                                                     \
        (void)cmd;                                                                                                     \
        __VA_ARGS__                                                                                                    \
    }
PRAVEGA_WIRE_COMMANDS(X)
#undef X
#undef TAIL
#undef FIELD

static void show_command(struct weir_buf *out, const struct pravega_wire_command *cmd)
{
    switch (cmd->type) {
#define X(NAME, name, code, direction, ...)                                                                            \
    case PRAVEGA_WIRE_##NAME:                                                                                          \
        show_##name(out, &cmd->name);                                                                                  \
        return;
        PRAVEGA_WIRE_COMMANDS(X)
#undef X
    }
}

/* Goal: each field holds what was recorded. With the test above: the codec writes these fields as those bytes. */
START_TEST(recorded_frames_say_what_they_say)
{
    struct weir_buf bytes = from_hex(vectors[_i].hex), shown;
    struct pravega_wire_command cmd;

    weir_buf_init(&shown, 1 << 16);
    ck_assert_int_eq(pravega_wire_decode(vectors[_i].type, weir_view(bytes.ptr + 8, bytes.len - 8), &cmd, NULL),
                     WEIR_OK);
    show_command(&shown, &cmd);
    weir_buf_u8(&shown, '\0');
    ck_assert_str_eq((char *)shown.ptr, vectors[_i].fields);
    weir_buf_fini(&shown);
    weir_buf_fini(&bytes);
}
END_TEST

/* Goal: a short payload is refused or, where only trailing fields are missing, filled up; nothing past it is read.
 * Method: the payload cut at every length, in an allocation of just that length, for the sanitizer to watch. */
START_TEST(payloads_cut_at_every_length_are_bounded)
{
    struct weir_buf bytes = from_hex(vectors[_i].hex);
    size_t payload_len = bytes.len - 8;

    for (size_t len = 0; len < payload_len; len++) {
        uint8_t *cut = malloc(len + 1);
        struct pravega_wire_command cmd;
        struct weir_error err = {0};
        enum weir_status status;

        memcpy(cut, bytes.ptr + 8, len);
        cut = realloc(cut, len > 0 ? len : 1);
        status = pravega_wire_decode(vectors[_i].type, weir_view(cut, len), &cmd, &err);
        if (status == WEIR_E_PROTO)
            ck_assert(err.message[0] != '\0');
        else
            ck_assert_int_eq(status, WEIR_OK);
        free(cut);
    }
    weir_buf_fini(&bytes);
}
END_TEST

/* Goal: bytes after the known fields are ignored, as newer peers append fields. */
START_TEST(trailing_bytes_are_ignored)
{
    struct weir_buf bytes = from_hex(vectors[_i].hex), again;
    size_t len = bytes.len;
    struct pravega_wire_command cmd;

    if (vectors[_i].type == PRAVEGA_WIRE_APPEND_BLOCK) { /* takes all there is */
        weir_buf_fini(&bytes);
        return;
    }
    weir_buf_append(&bytes, "more", 4);
    weir_buf_init(&again, PRAVEGA_WIRE_FRAME_LEN_MAX);
    ck_assert_int_eq(pravega_wire_decode(vectors[_i].type, weir_view(bytes.ptr + 8, bytes.len - 8), &cmd, NULL),
                     WEIR_OK);
    pravega_wire_encode(&again, &cmd);
    ck_assert(weir_view_equal(weir_view(bytes.ptr, len), weir_buf_view(&again)));
    weir_buf_fini(&again);
    weir_buf_fini(&bytes);
}
END_TEST

START_TEST(fields_mean_what_was_recorded)
{
    struct weir_buf bytes;
    struct pravega_wire_command cmd = decode_nth(PRAVEGA_WIRE_APPEND_SETUP, 0, &bytes);

    assert_text(cmd.append_setup.segment, "specraw/a/0.#epoch.0");
    ck_assert_uint_eq(cmd.append_setup.writer_id.msb, UINT64_C(0x0011223344556677));
    ck_assert_int_eq(cmd.append_setup.last_event_number, PRAVEGA_WIRE_NEVER_WROTE);
    ck_assert_int_eq(pravega_wire_request_id(&cmd), INT64_C(1) << 32);
    weir_buf_fini(&bytes);

    cmd = decode_nth(PRAVEGA_WIRE_SEGMENT_READ, 0, &bytes);
    ck_assert(cmd.segment_read.at_tail && !cmd.segment_read.end_of_segment);
    ck_assert_uint_eq(cmd.segment_read.data.len, 112);
    ck_assert_int_eq(pravega_wire_request_id(&cmd), (INT64_C(1) << 32) + 4);
    weir_buf_fini(&bytes);

    cmd = decode_nth(PRAVEGA_WIRE_SEGMENT_IS_TRUNCATED, 0, &bytes);
    ck_assert_int_eq(cmd.segment_is_truncated.start_offset, 13);
    ck_assert_int_eq(cmd.segment_is_truncated.offset, 0);
    weir_buf_fini(&bytes);

    cmd = decode_nth(PRAVEGA_WIRE_STREAM_SEGMENT_INFO, 0, &bytes);
    ck_assert(cmd.stream_segment_info.exists && !cmd.stream_segment_info.is_sealed);
    ck_assert_int_eq(cmd.stream_segment_info.write_offset, 76);
    weir_buf_fini(&bytes);
}
END_TEST

START_TEST(lists_are_walked_item_by_item)
{
    struct weir_buf bytes;
    struct pravega_wire_command cmd = decode_nth(PRAVEGA_WIRE_TABLE_READ, 0, &bytes);
    struct weir_in items = pravega_wire_items(&cmd.table_read.entries);
    struct pravega_wire_entry first, second;
    struct pravega_wire_merged merged;

    ck_assert_int_eq(cmd.table_read.entries.count, 2);
    first = pravega_wire_entry_next(&items);
    second = pravega_wire_entry_next(&items);
    assert_text(first.key.key, "key1");
    assert_text(first.value, "val1");
    ck_assert_int_eq(first.key.version, 0);
    assert_text(second.key.key, "nope");
    ck_assert_int_eq(second.key.version, PRAVEGA_WIRE_NOT_EXISTS);
    ck_assert_uint_eq(second.value.len, 0);
    ck_assert(!items.bad && weir_in_left(&items) == 0);
    weir_buf_fini(&bytes);

    cmd = decode_nth(PRAVEGA_WIRE_SEGMENTS_BATCH_MERGED, 0, &bytes);
    items = pravega_wire_items(&cmd.segments_batch_merged.merged);
    merged = pravega_wire_merged_next(&items);
    ck_assert_uint_eq(merged.source.len, 65);
    ck_assert_int_eq(merged.target_write_offset, 11);
    weir_buf_fini(&bytes);
}
END_TEST

/* Goal: the list writers make what the list readers take, the recorded bytes included. */
START_TEST(lists_are_written_as_recorded)
{
    struct weir_buf bytes, items, again;
    struct pravega_wire_command cmd = decode_nth(PRAVEGA_WIRE_UPDATE_TABLE_ENTRIES, 0, &bytes);
    struct pravega_wire_entry one = {{weir_view_str("key1"), PRAVEGA_WIRE_NO_VERSION}, weir_view_str("val1")};
    struct pravega_wire_entry two = {{weir_view_str("key2"), PRAVEGA_WIRE_NO_VERSION}, weir_view_str("v2")};

    weir_buf_init(&items, 1024);
    weir_buf_init(&again, 1024);
    pravega_wire_put_entry(&items, &one);
    pravega_wire_put_entry(&items, &two);
    ck_assert_int_eq(cmd.update_table_entries.entries.count, 2);
    ck_assert(weir_view_equal(cmd.update_table_entries.entries.items, weir_buf_view(&items)));

    weir_buf_reset(&items); /* an empty key has no version */
    pravega_wire_put_key(&items, &(struct pravega_wire_key){{NULL, 0}, 7});
    ck_assert_uint_eq(items.len, 8);
    weir_buf_reset(&items);
    pravega_wire_put_chunk(&items, &(struct pravega_wire_chunk){1, 2, 3, weir_view_str("chunk"), true});
    pravega_wire_encode_storage_chunks_listed(
        &again, &(struct pravega_wire_storage_chunks_listed){9, {1, weir_buf_view(&items)}});
    ck_assert_int_eq(
        pravega_wire_decode(PRAVEGA_WIRE_STORAGE_CHUNKS_LISTED, weir_view(again.ptr + 8, again.len - 8), &cmd, NULL),
        WEIR_OK);
    ck_assert_int_eq(cmd.storage_chunks_listed.chunks.count, 1);
    weir_buf_fini(&again);
    weir_buf_fini(&items);
    weir_buf_fini(&bytes);
}
END_TEST

/* Goal: a count that the bytes cannot hold is refused without walking it for long. */
START_TEST(lists_with_impossible_counts_are_refused)
{
    static const uint32_t counts[] = {1, 0x7fffffff, 0x80000000, 0xffffffff};
    struct weir_buf payload;
    struct pravega_wire_command cmd;

    for (size_t i = 0; i < 4; i++) {
        weir_buf_init(&payload, 1024);
        weir_buf_u64be(&payload, 1);
        weir_buf_u32be(&payload, counts[i]);
        ck_assert_int_eq(pravega_wire_decode(PRAVEGA_WIRE_TABLE_ENTRIES_UPDATED, weir_buf_view(&payload), &cmd, NULL),
                         WEIR_E_PROTO);
        weir_buf_fini(&payload);
    }
}
END_TEST

START_TEST(older_peers_get_defaults)
{
    struct weir_buf payload;
    struct pravega_wire_command cmd;

    weir_buf_init(&payload, 1024);
    weir_buf_u64be(&payload, 5);
    pravega_wire_put_name(&payload, weir_view_str("s/t/0.#epoch.0"));
    pravega_wire_put_name(&payload, weir_view_str("")); /* token */
    ck_assert_int_eq(pravega_wire_decode(PRAVEGA_WIRE_CREATE_TABLE_SEGMENT, weir_buf_view(&payload), &cmd, NULL),
                     WEIR_OK);
    ck_assert(!cmd.create_table_segment.sorted);
    ck_assert_int_eq(cmd.create_table_segment.key_len, 0);
    weir_buf_u32be(&payload, 10);
    ck_assert_int_eq(pravega_wire_decode(PRAVEGA_WIRE_READ_TABLE_KEYS, weir_buf_view(&payload), &cmd, NULL), WEIR_OK);
    ck_assert_uint_eq(cmd.read_table_keys.to_key.len, 0);
    payload.len -= 6; /* back to the segment, alone */
    ck_assert_int_eq(pravega_wire_decode(PRAVEGA_WIRE_SEGMENT_IS_SEALED, weir_buf_view(&payload), &cmd, NULL), WEIR_OK);
    ck_assert_int_eq(cmd.segment_is_sealed.offset, -1);
    weir_buf_fini(&payload);
}
END_TEST

START_TEST(frames_that_cannot_be_sent_stick_as_limit)
{
    struct weir_buf buf;
    uint8_t *bytes = calloc(1, PRAVEGA_WIRE_FRAME_LEN_MAX);

    weir_buf_init(&buf, SIZE_MAX);
    pravega_wire_encode_hello(&buf, &(struct pravega_wire_hello){16, 5});
    pravega_wire_encode_segment_sealed(&buf, &(struct pravega_wire_segment_sealed){1, {bytes, 65536}});
    ck_assert_int_eq(buf.status, WEIR_E_LIMIT);
    ck_assert_uint_eq(buf.len, 16); /* the failed frame left nothing */
    weir_buf_reset(&buf);
    pravega_wire_encode_padding(&buf, &(struct pravega_wire_padding){{bytes, PRAVEGA_WIRE_FRAME_LEN_MAX - 8}});
    ck_assert_int_eq(buf.status, WEIR_OK);
    weir_buf_reset(&buf);
    pravega_wire_encode_padding(&buf, &(struct pravega_wire_padding){{bytes, PRAVEGA_WIRE_FRAME_LEN_MAX - 7}});
    ck_assert_int_eq(buf.status, WEIR_E_LIMIT);
    weir_buf_fini(&buf);
    free(bytes);
}
END_TEST

START_TEST(bulk_frames_in_parts_equal_whole_ones)
{
    struct pravega_wire_append_block_end end = {{1, 2}, 0, weir_view_str("some data"), 3, 77, 99};
    struct pravega_wire_segment_read read = {weir_view_str("s/t/0.#epoch.0"), 5, true, false, end.data, 98};
    struct weir_buf whole, parts;
    uint8_t head[PRAVEGA_WIRE_APPEND_HEAD_LEN], tail[PRAVEGA_WIRE_APPEND_TAIL_LEN];

    weir_buf_init(&whole, 1024);
    weir_buf_init(&parts, 1024);
    pravega_wire_encode_append_block_end(&whole, &end);
    pravega_wire_append_block_end_around(&end, head, tail);
    weir_buf_append(&parts, head, sizeof(head));
    weir_buf_append(&parts, end.data.ptr, end.data.len);
    weir_buf_append(&parts, tail, sizeof(tail));
    ck_assert(weir_view_equal(weir_buf_view(&whole), weir_buf_view(&parts)));

    pravega_wire_encode_segment_read(&whole, &read);
    pravega_wire_segment_read_around(&read, &parts, tail);
    weir_buf_append(&parts, read.data.ptr, read.data.len);
    weir_buf_append(&parts, tail, PRAVEGA_WIRE_READ_TAIL_LEN);
    ck_assert(weir_view_equal(weir_buf_view(&whole), weir_buf_view(&parts)));
    weir_buf_fini(&parts);
    weir_buf_fini(&whole);
}
END_TEST

static void append_parts(struct weir_buf *out, const struct weir_view parts[PRAVEGA_WIRE_APPEND_PARTS])
{
    for (int i = 0; i < PRAVEGA_WIRE_APPEND_PARTS; i++)
        weir_buf_append(out, parts[i].ptr, parts[i].len);
}

/* Goal: all four shapes of an append give back its bytes; the recorded ones among them. */
START_TEST(append_shapes_are_put_together)
{
    static const char *const whole[] = {"\0\0\0\0\0\0\0\x03two\0\0\0\0\0\0\0\x02"
                                        "2b\0\0\0\0\0\0\0\x0bthree-third",
                                        "\0\0\0\0\0\0\0\x04"
                                        "five",
                                        "\0\0\0\0\0\0\0\x07"
                                        "event-0"};
    static const size_t whole_len[] = {40, 12, 15};
    struct weir_view parts[PRAVEGA_WIRE_APPEND_PARTS];

    for (int i = 0; i < 3; i++) {
        struct weir_buf block_bytes, end_bytes, data;
        struct pravega_wire_command block = decode_nth(PRAVEGA_WIRE_APPEND_BLOCK, i, &block_bytes);
        struct pravega_wire_command end = decode_nth(PRAVEGA_WIRE_APPEND_BLOCK_END, i + 1, &end_bytes);

        weir_buf_init(&data, 1024);
        ck_assert_int_eq(pravega_wire_append_parts(&block.append_block, &end.append_block_end, parts, NULL), WEIR_OK);
        append_parts(&data, parts);
        ck_assert_uint_eq(data.len, whole_len[i]);
        ck_assert_mem_eq(data.ptr, whole[i], data.len);
        end.append_block_end.whole_len++; /* off by one is no shape */
        ck_assert_int_eq(pravega_wire_append_parts(&block.append_block, &end.append_block_end, parts, NULL),
                         WEIR_E_PROTO);
        end.append_block_end.whole_len = -1;
        ck_assert_int_eq(pravega_wire_append_parts(&block.append_block, &end.append_block_end, parts, NULL),
                         WEIR_E_PROTO);
        weir_buf_fini(&data);
        weir_buf_fini(&end_bytes);
        weir_buf_fini(&block_bytes);
    }
}
END_TEST

/* All recorded frames one after another. */
static struct weir_buf all_frames(void)
{
    struct weir_buf all;

    weir_buf_init(&all, SIZE_MAX);
    for (int i = 0; i < VECTOR_COUNT; i++) {
        struct weir_buf one = from_hex(vectors[i].hex);

        weir_buf_append(&all, one.ptr, one.len);
        weir_buf_fini(&one);
    }
    return all;
}

static void receive(struct pravega_wire_inbox *inbox, const uint8_t *ptr, size_t len)
{
    while (len > 0) {
        size_t cap, part;
        uint8_t *room = pravega_wire_inbox_room(inbox, &cap);

        part = len < cap ? len : cap;
        memcpy(room, ptr, part);
        pravega_wire_inbox_filled(inbox, part);
        ptr += part;
        len -= part;
    }
}

static void take_frames(struct pravega_wire_inbox *inbox, int *next)
{
    struct pravega_wire_frame frame;
    enum weir_status status;

    while ((status = pravega_wire_inbox_next(inbox, &frame, NULL)) == WEIR_OK) {
        struct weir_buf want = from_hex(vectors[*next].hex);

        ck_assert_int_eq(frame.type, vectors[*next].type);
        ck_assert(weir_view_equal(frame.payload, weir_view(want.ptr + 8, want.len - 8)));
        weir_buf_fini(&want);
        (*next)++;
    }
    ck_assert_int_eq(status, WEIR_E_AGAIN);
}

/* Goal: frames do not depend on how the network slices them.
 * Method: all recorded frames in one stream, cut in two at every offset. */
START_TEST(frames_cut_at_every_offset_arrive_whole)
{
    struct weir_buf all = all_frames();

    for (size_t cut = 0; cut <= all.len; cut++) {
        struct pravega_wire_inbox inbox;
        int next = 0;

        pravega_wire_inbox_init(&inbox);
        receive(&inbox, all.ptr, cut);
        if (cut > 0)
            take_frames(&inbox, &next);
        receive(&inbox, all.ptr + cut, all.len - cut);
        take_frames(&inbox, &next);
        ck_assert_int_eq(next, VECTOR_COUNT);
        pravega_wire_inbox_fini(&inbox);
    }
    weir_buf_fini(&all);
}
END_TEST

/* Goal: a frame longer than the area, and frames kept by others, survive what is received after them. */
START_TEST(kept_frames_survive_what_follows)
{
    enum { KEPT_COUNT = 9, DATA_LEN = 300000 };
    struct pravega_wire_inbox inbox;
    struct pravega_wire_frame kept[KEPT_COUNT];
    struct weir_buf bytes;
    uint8_t *data = malloc(DATA_LEN);

    weir_buf_init(&bytes, SIZE_MAX);
    pravega_wire_inbox_init(&inbox);
    for (int i = 0; i < KEPT_COUNT; i++) {
        weir_buf_reset(&bytes);
        memset(data, 'a' + i, DATA_LEN);
        pravega_wire_encode_padding(&bytes,
                                    &(struct pravega_wire_padding){{data, i % 3 == 0 ? DATA_LEN : (size_t)i * 7}});
        for (size_t at = 0; at < bytes.len; at += 5000) {
            receive(&inbox, bytes.ptr + at, bytes.len - at < 5000 ? bytes.len - at : 5000);
            ck_assert_int_eq(pravega_wire_inbox_next(&inbox, &kept[i], NULL),
                             at + 5000 < bytes.len ? WEIR_E_AGAIN : WEIR_OK);
        }
        pravega_wire_area_ref(kept[i].area);
    }
    pravega_wire_inbox_fini(&inbox);
    for (int i = 0; i < KEPT_COUNT; i++) {
        ck_assert_uint_eq(kept[i].payload.len, i % 3 == 0 ? DATA_LEN : (size_t)i * 7);
        memset(data, 'a' + i, DATA_LEN);
        ck_assert_mem_eq(kept[i].payload.ptr, data, kept[i].payload.len);
        pravega_wire_area_unref(kept[i].area);
    }
    weir_buf_fini(&bytes);
    free(data);
}
END_TEST

START_TEST(frame_lengths_are_bounded)
{
    static const struct {
        uint32_t payload_len;
        enum weir_status status;
    } cases[] = {{PRAVEGA_WIRE_FRAME_LEN_MAX - 8, WEIR_E_AGAIN},
                 {PRAVEGA_WIRE_FRAME_LEN_MAX - 7, WEIR_E_PROTO},
                 {0x7fffffff, WEIR_E_PROTO},
                 {0x80000000, WEIR_E_PROTO},
                 {0xffffffff, WEIR_E_PROTO}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pravega_wire_inbox inbox;
        struct pravega_wire_frame frame;
        uint8_t header[8];

        weir_put_u32be(header, PRAVEGA_WIRE_SEGMENT_READ);
        weir_put_u32be(header + 4, cases[i].payload_len);
        pravega_wire_inbox_init(&inbox);
        receive(&inbox, header, sizeof(header));
        ck_assert_int_eq(pravega_wire_inbox_next(&inbox, &frame, NULL), cases[i].status);
        pravega_wire_inbox_fini(&inbox);
    }
}
END_TEST

START_TEST(names_and_directions_come_from_the_table)
{
    struct pravega_wire_command cmd;

    ck_assert_str_eq(pravega_wire_name(-127), "HELLO");
    ck_assert_str_eq(pravega_wire_name(88), "READ_TABLE_ENTRIES_DELTA");
    ck_assert_str_eq(pravega_wire_name(6), "?");
    ck_assert(pravega_wire_sent_by_client(PRAVEGA_WIRE_HELLO) && pravega_wire_sent_by_server(PRAVEGA_WIRE_HELLO));
    ck_assert(!pravega_wire_sent_by_server(PRAVEGA_WIRE_SETUP_APPEND));
    ck_assert(!pravega_wire_sent_by_client(6) && !pravega_wire_sent_by_server(6));
    ck_assert_int_eq(pravega_wire_decode(6, weir_view(NULL, 0), &cmd, NULL), WEIR_E_PROTO);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire");
    TCase *tc = tcase_create("wire");
    SRunner *sr;
    int failed;

    tcase_set_timeout(tc, 0);
    tcase_add_loop_test(tc, recorded_frames_survive_decoding_and_encoding, 0, VECTOR_COUNT);
    tcase_add_loop_test(tc, recorded_frames_say_what_they_say, 0, VECTOR_COUNT);
    tcase_add_loop_test(tc, payloads_cut_at_every_length_are_bounded, 0, VECTOR_COUNT);
    tcase_add_loop_test(tc, trailing_bytes_are_ignored, 0, VECTOR_COUNT);
    tcase_add_test(tc, fields_mean_what_was_recorded);
    tcase_add_test(tc, lists_are_walked_item_by_item);
    tcase_add_test(tc, lists_are_written_as_recorded);
    tcase_add_test(tc, lists_with_impossible_counts_are_refused);
    tcase_add_test(tc, older_peers_get_defaults);
    tcase_add_test(tc, frames_that_cannot_be_sent_stick_as_limit);
    tcase_add_test(tc, bulk_frames_in_parts_equal_whole_ones);
    tcase_add_test(tc, append_shapes_are_put_together);
    tcase_add_test(tc, frames_cut_at_every_offset_arrive_whole);
    tcase_add_test(tc, kept_frames_survive_what_follows);
    tcase_add_test(tc, frame_lengths_are_bounded);
    tcase_add_test(tc, names_and_directions_come_from_the_table);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
