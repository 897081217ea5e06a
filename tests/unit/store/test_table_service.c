/*
 * test_table_service.c - tables over the wire and the controller's calls about them: good and bad answers of every
 * command, as observed at a Pravega 0.13.0 server (what upstream does otherwise is said where we differ).
 */
#include <stdio.h>
#include <stdlib.h>

#include "serve_fixture.h"

#define FIXED "sc/f_kvtable/0.#epoch.0" /* keys of 4 bytes */
#define HASH "sc/h/0.#epoch.0"
#define STREAM "sc/s/0.#epoch.0"
#define NO_VERSION PRAVEGA_WIRE_NO_VERSION

static struct served *served;
static struct peer *peer;

static struct weir_view str(const char *text)
{
    return weir_view_str(text);
}

static void create_table(const char *name, int32_t key_len)
{
    peer_say(peer, CREATE_TABLE_SEGMENT, create_table_segment, .request_id = 1, .segment = str(name),
             .key_len = key_len);
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_CREATED);
}

static void setup(void)
{
    served = served_new();
    peer = peer_new(served);
    create_table(FIXED, 4);
    create_table(HASH, 0);
    peer_say(peer, CREATE_SEGMENT, create_segment, .request_id = 9, .segment = str(STREAM));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_CREATED);
}

static void teardown(void)
{
    peer_free(peer);
    served_free(served);
}

static void new_peer(void)
{
    peer_free(peer);
    peer = peer_new(served);
}

/* The store ends the connection; the next command goes over another one. */
static void expect_end(void)
{
    peer_expect_end(peer);
    new_peer();
}

static void begin_put(const char *table, const char *key, const char *value, int64_t version)
{
    struct weir_buf items;

    weir_buf_init(&items, 1 << 24);
    pravega_wire_put_entry(&items, &(struct pravega_wire_entry){{str(key), version}, str(value)});
    peer_say(peer, UPDATE_TABLE_ENTRIES, update_table_entries, .request_id = 2, .segment = str(table),
             .entries = {1, weir_buf_view(&items)}, .table_segment_offset = -1);
    weir_buf_fini(&items);
}

static int64_t put(const char *table, const char *key, const char *value, int64_t version)
{
    const struct pravega_wire_command *cmd;
    struct weir_in in;

    begin_put(table, key, value, version);
    cmd = peer_expect(peer, PRAVEGA_WIRE_TABLE_ENTRIES_UPDATED);
    ck_assert_int_eq(cmd->table_entries_updated.request_id, 2);
    ck_assert_int_eq(cmd->table_entries_updated.versions.count, 1);
    in = pravega_wire_items(&cmd->table_entries_updated.versions);
    return pravega_wire_number_next(&in);
}

static void begin_remove(const char *table, const char *key, int64_t version)
{
    struct weir_buf items;

    weir_buf_init(&items, 1 << 24);
    pravega_wire_put_key(&items, &(struct pravega_wire_key){str(key), version});
    peer_say(peer, REMOVE_TABLE_KEYS, remove_table_keys, .request_id = 3, .segment = str(table),
             .keys = {1, weir_buf_view(&items)}, .table_segment_offset = -1);
    weir_buf_fini(&items);
}

static void begin_get(const char *table, const char *const *keys, int count)
{
    struct weir_buf items;

    weir_buf_init(&items, 1 << 24);
    for (int i = 0; i < count; i++)
        pravega_wire_put_key(&items, &(struct pravega_wire_key){str(keys[i]), NO_VERSION});
    peer_say(peer, READ_TABLE, read_table, .request_id = 4, .segment = str(table),
             .keys = {count, weir_buf_view(&items)});
    weir_buf_fini(&items);
}

/* "key=version:value " of each item, as text. */
static const char *entries_text(const struct pravega_wire_list *list)
{
    static char text[4096];
    struct weir_in in = pravega_wire_items(list);
    int len = 0;

    text[0] = '\0';
    for (int32_t i = 0; i < list->count; i++) {
        struct pravega_wire_entry entry = pravega_wire_entry_next(&in);

        len += snprintf(text + len, sizeof(text) - (size_t)len, "%.*s=%lld:%.*s ", (int)entry.key.key.len,
                        (const char *)entry.key.key.ptr, (long long)entry.key.version, (int)entry.value.len,
                        (const char *)entry.value.ptr);
    }
    return text;
}

static void expect_got(const char *table, const char *const *keys, int count, const char *due)
{
    const struct pravega_wire_command *cmd;

    begin_get(table, keys, count);
    cmd = peer_expect(peer, PRAVEGA_WIRE_TABLE_READ);
    ck_assert_int_eq(cmd->table_read.request_id, 4);
    ck_assert(weir_view_equal(cmd->table_read.segment, str(table)));
    ck_assert_str_eq(entries_text(&cmd->table_read.entries), due);
}

static void expect_illegal(void)
{
    const struct pravega_wire_command *cmd = peer_expect(peer, PRAVEGA_WIRE_ERROR_MESSAGE);

    ck_assert_int_eq(cmd->error_message.error_code, PRAVEGA_WIRE_ERROR_ILLEGAL_ARGUMENT);
    ck_assert_uint_gt(cmd->error_message.message.len, 0);
}

/* --- Changes ---------------------------------------------------------------------------------------------------- */

START_TEST(tables_are_made_described_and_removed)
{
    const struct pravega_wire_command *cmd;

    peer_say(peer, CREATE_TABLE_SEGMENT, create_table_segment, .request_id = 5, .segment = str(HASH));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_ALREADY_EXISTS);
    peer_say(peer, CREATE_TABLE_SEGMENT, create_table_segment, .segment = str("sc/l/0.#epoch.0"), .key_len = 257);
    expect_end();
    create_table("sc/l/0.#epoch.0", 256);
    create_table("sc/n/0.#epoch.0", -3); /* a hash table, as upstream makes it */
    ck_assert_int_eq(put(FIXED, "aaaa", "x", NO_VERSION), 0);
    peer_say(peer, GET_TABLE_SEGMENT_INFO, get_table_segment_info, .request_id = 6, .segment = str(FIXED));
    cmd = peer_expect(peer, PRAVEGA_WIRE_TABLE_SEGMENT_INFO);
    ck_assert_int_eq(cmd->table_segment_info.request_id, 6);
    ck_assert_int_eq(cmd->table_segment_info.start_offset, 0);
    ck_assert_int_eq(cmd->table_segment_info.length, 22);
    ck_assert_int_eq(cmd->table_segment_info.entry_count, 1);
    ck_assert_int_eq(cmd->table_segment_info.key_len, 4);
    peer_say(peer, DELETE_TABLE_SEGMENT, delete_table_segment, .segment = str(FIXED), .must_be_empty = true);
    peer_expect(peer, PRAVEGA_WIRE_OPERATION_UNSUPPORTED);
    put(HASH, "key", "x", NO_VERSION);
    peer_say(peer, DELETE_TABLE_SEGMENT, delete_table_segment, .segment = str(HASH), .must_be_empty = true);
    peer_expect(peer, PRAVEGA_WIRE_TABLE_SEGMENT_NOT_EMPTY);
    begin_remove(HASH, "key", NO_VERSION);
    peer_expect(peer, PRAVEGA_WIRE_TABLE_KEYS_REMOVED);
    peer_say(peer, DELETE_TABLE_SEGMENT, delete_table_segment, .segment = str(HASH), .must_be_empty = true);
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_DELETED);
    peer_say(peer, DELETE_TABLE_SEGMENT, delete_table_segment, .segment = str(FIXED));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_DELETED);
    peer_say(peer, DELETE_TABLE_SEGMENT, delete_table_segment, .segment = str(FIXED));
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
}
END_TEST

static void expect_type(enum pravega_wire_type type)
{
    peer_expect(peer, type);
}

START_TEST(conditions)
{
    static const char *const keys[] = {"aaaa", "bbbb"};

    ck_assert_int_eq(put(HASH, "aaaa", "1", PRAVEGA_WIRE_NOT_EXISTS), 0);
    ck_assert_int_eq(put(FIXED, "aaaa", "1", PRAVEGA_WIRE_NOT_EXISTS), 0);
    for (int i = 0; i < 2; i++) {
        const char *table = i == 0 ? HASH : FIXED;
        enum pravega_wire_type missing =
            i == 0 ? PRAVEGA_WIRE_TABLE_KEY_DOES_NOT_EXIST : PRAVEGA_WIRE_TABLE_KEY_BAD_VERSION;

        begin_put(table, "aaaa", "2", PRAVEGA_WIRE_NOT_EXISTS);
        expect_type(PRAVEGA_WIRE_TABLE_KEY_BAD_VERSION);
        begin_put(table, "aaaa", "2", 7);
        expect_type(PRAVEGA_WIRE_TABLE_KEY_BAD_VERSION);
        begin_put(table, "bbbb", "2", 7);
        expect_type(missing);
        begin_remove(table, "bbbb", 7);
        expect_type(missing);
        begin_remove(table, "bbbb", PRAVEGA_WIRE_NOT_EXISTS);
        expect_type(PRAVEGA_WIRE_TABLE_KEYS_REMOVED);
        begin_remove(table, "aaaa", PRAVEGA_WIRE_NOT_EXISTS);
        expect_type(PRAVEGA_WIRE_TABLE_KEY_BAD_VERSION);
        expect_got(table, keys, 2, "aaaa=0:1 bbbb=-1: ");
        begin_put(table, "aaaa", "2", -5);
        expect_end();
    }
    ck_assert_int_eq(put(FIXED, "aaaa", "2", 0), 22);
    begin_remove(FIXED, "aaaa", 0);
    expect_type(PRAVEGA_WIRE_TABLE_KEY_BAD_VERSION);
    begin_remove(FIXED, "aaaa", 22);
    expect_type(PRAVEGA_WIRE_TABLE_KEYS_REMOVED);
    expect_got(FIXED, keys, 2, "aaaa=-1: bbbb=-1: ");
}
END_TEST

START_TEST(several_keys_at_once)
{
    static const char *const keys[] = {"cccc", "aaaa", "none", "aaaa"};
    const struct pravega_wire_command *cmd;
    struct weir_buf items;
    struct weir_in in;

    weir_buf_init(&items, 4096);
    pravega_wire_put_entry(&items, &(struct pravega_wire_entry){{str("aaaa"), PRAVEGA_WIRE_NOT_EXISTS}, str("one")});
    pravega_wire_put_entry(&items, &(struct pravega_wire_entry){{str("bbbb"), NO_VERSION}, str("")});
    pravega_wire_put_entry(&items, &(struct pravega_wire_entry){{str("cccc"), NO_VERSION}, str("three")});
    peer_say(peer, UPDATE_TABLE_ENTRIES, update_table_entries, .request_id = 7, .segment = str(FIXED),
             .entries = {3, weir_buf_view(&items)}, .table_segment_offset = 1);
    cmd = peer_expect(peer, PRAVEGA_WIRE_SEGMENT_IS_TRUNCATED); /* upstream's word for another length */
    ck_assert_int_eq(cmd->segment_is_truncated.start_offset, 0);
    ck_assert_int_eq(cmd->segment_is_truncated.offset, 1);
    peer_say(peer, UPDATE_TABLE_ENTRIES, update_table_entries, .request_id = 7, .segment = str(FIXED),
             .entries = {3, weir_buf_view(&items)}, .table_segment_offset = 0);
    cmd = peer_expect(peer, PRAVEGA_WIRE_TABLE_ENTRIES_UPDATED);
    in = pravega_wire_items(&cmd->table_entries_updated.versions);
    ck_assert_int_eq(pravega_wire_number_next(&in), 0);
    ck_assert_int_eq(pravega_wire_number_next(&in), 24);
    ck_assert_int_eq(pravega_wire_number_next(&in), 45);
    expect_got(FIXED, keys, 4, "cccc=45:three aaaa=0:one none=-1: aaaa=0:one ");
    /* Once more: the first condition fails, and nothing is done. */
    peer_say(peer, UPDATE_TABLE_ENTRIES, update_table_entries, .request_id = 8, .segment = str(FIXED),
             .entries = {3, weir_buf_view(&items)}, .table_segment_offset = -1);
    peer_expect(peer, PRAVEGA_WIRE_TABLE_KEY_BAD_VERSION);
    expect_got(FIXED, keys, 1, "cccc=45:three ");
    weir_buf_fini(&items);
}
END_TEST

START_TEST(keys_of_a_wrong_length)
{
    static const char *const keys[] = {"aaaaa"}, *const none[] = {""};
    static char text[(1 << 20) + 1];

    begin_put(FIXED, "aaaaa", "x", NO_VERSION);
    expect_illegal();
    begin_remove(FIXED, "aaa", NO_VERSION);
    expect_illegal();
    begin_get(FIXED, keys, 1);
    expect_illegal();
    begin_put(HASH, "", "x", NO_VERSION); /* upstream takes it, and can't read the table any more */
    expect_illegal();
    begin_get(HASH, none, 1);
    expect_illegal();
    memset(text, 'k', sizeof(text) - 1);
    text[(1 << 20) - 17 - 4 + 1] = '\0';
    begin_put(FIXED, "aaaa", text, NO_VERSION);
    expect_illegal();
    text[(1 << 20) - 17 - 4] = '\0';
    ck_assert_int_eq(put(FIXED, "aaaa", text, NO_VERSION), 0);
    text[8193] = '\0';
    begin_put(HASH, text, "x", NO_VERSION);
    expect_illegal();
    text[8192] = '\0';
    ck_assert_int_eq(put(HASH, text, "x", NO_VERSION), 0);
}
END_TEST

/* Goal: what is no table is none, whatever is asked of it; and a table is no stream's segment. */
START_TEST(tables_and_other_segments)
{
    static const char *const keys[] = {"aaaa"};

    begin_put(STREAM, "aaaa", "x", NO_VERSION);
    expect_end();
    begin_get(STREAM, keys, 1);
    expect_end();
    peer_say(peer, DELETE_TABLE_SEGMENT, delete_table_segment, .segment = str(STREAM));
    expect_end();
    begin_put("sc/none/0.#epoch.0", "aaaa", "x", NO_VERSION);
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    begin_get("sc/none/0.#epoch.0", keys, 1);
    peer_expect(peer, PRAVEGA_WIRE_NO_SUCH_SEGMENT);
    put(FIXED, "aaaa", "x", NO_VERSION);
    peer_say(peer, SETUP_APPEND, setup_append, .segment = str(FIXED), .writer_id = {1, 2});
    expect_end();
    peer_say(peer, TRUNCATE_SEGMENT, truncate_segment, .segment = str(FIXED), .truncation_offset = 22);
    peer_expect(peer, PRAVEGA_WIRE_OPERATION_UNSUPPORTED); /* upstream does it, and then can't read the key */
    peer_say(peer, MERGE_SEGMENTS, merge_segments, .target = str(STREAM), .source = str(FIXED));
    peer_expect(peer, PRAVEGA_WIRE_OPERATION_UNSUPPORTED); /* likewise */
    expect_got(FIXED, keys, 1, "aaaa=0:x ");
    peer_say(peer, SEAL_SEGMENT, seal_segment, .segment = str(FIXED));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_SEALED);
    begin_put(FIXED, "aaaa", "y", NO_VERSION);
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_IS_SEALED);
    expect_got(FIXED, keys, 1, "aaaa=0:x ");
}
END_TEST

/* --- Walks ------------------------------------------------------------------------------------------------------ */

/* A page; *token is kept for the next one. Keys, if `keys`, else entries. */
static const char *page(const char *table, bool keys, int32_t count, struct weir_buf *token, const char *from,
                        const char *to)
{
    static char text[4096];
    const struct pravega_wire_command *cmd;
    struct weir_view continuation;

    if (!keys) {
        peer_say(peer, READ_TABLE_ENTRIES, read_table_entries, .segment = str(table), .suggested_count = count,
                 .continuation = weir_buf_view(token), .from_key = str(from), .to_key = str(to));
        cmd = peer_expect(peer, PRAVEGA_WIRE_TABLE_ENTRIES_READ);
        continuation = cmd->table_entries_read.continuation;
        snprintf(text, sizeof(text), "%s", entries_text(&cmd->table_entries_read.entries));
    } else {
        struct weir_in in;
        int len = 0;

        peer_say(peer, READ_TABLE_KEYS, read_table_keys, .segment = str(table), .suggested_count = count,
                 .continuation = weir_buf_view(token), .from_key = str(from), .to_key = str(to));
        cmd = peer_expect(peer, PRAVEGA_WIRE_TABLE_KEYS_READ);
        continuation = cmd->table_keys_read.continuation;
        in = pravega_wire_items(&cmd->table_keys_read.keys);
        text[0] = '\0';
        for (int32_t i = 0; i < cmd->table_keys_read.keys.count; i++) {
            struct pravega_wire_key key = pravega_wire_key_next(&in);

            len += snprintf(text + len, sizeof(text) - (size_t)len, "%.*s=%lld ", (int)key.key.len,
                            (const char *)key.key.ptr, (long long)key.version);
        }
    }
    weir_buf_reset(token);
    weir_buf_append(token, continuation.ptr, continuation.len);
    return text;
}

START_TEST(a_fixed_table_is_walked_in_order)
{
    struct weir_buf token;

    weir_buf_init(&token, 1024);
    put(FIXED, "bbbb", "2", NO_VERSION);
    put(FIXED, "dddd", "", NO_VERSION);
    put(FIXED, "aaaa", "1", NO_VERSION);
    put(FIXED, "cccc", "3", NO_VERSION);
    ck_assert_str_eq(page(FIXED, true, 100, &token, "", ""), "aaaa=43 bbbb=0 cccc=65 dddd=22 ");
    ck_assert_mem_eq(token.ptr, "\0\0\1\0\0\0\0\5\4dddd", 13); /* upstream's, though nobody takes it */
    weir_buf_reset(&token);
    ck_assert_str_eq(page(FIXED, false, 2, &token, "", ""), "aaaa=43:1 bbbb=0:2 ");
    weir_buf_reset(&token);
    ck_assert_str_eq(page(FIXED, false, 10, &token, "bbbb", "cccc"), "bbbb=0:2 cccc=65:3 ");
    weir_buf_reset(&token);
    ck_assert_str_eq(page(FIXED, true, 10, &token, "ccca", ""), "cccc=65 dddd=22 ");
    weir_buf_reset(&token);
    ck_assert_str_eq(page(FIXED, true, 10, &token, "", "aaaz"), "aaaa=43 ");
    weir_buf_reset(&token);
    ck_assert_str_eq(page(FIXED, true, 10, &token, "eeee", ""), "");
    ck_assert_uint_eq(token.len, 0);
    ck_assert_str_eq(page(FIXED, true, 0, &token, "", ""), "");
    ck_assert_str_eq(page(FIXED, false, -1, &token, "", ""), "");
    peer_say(peer, READ_TABLE_KEYS, read_table_keys, .segment = str(FIXED), .suggested_count = 1,
             .continuation = str("token"));
    expect_illegal();
    peer_say(peer, READ_TABLE_KEYS, read_table_keys, .segment = str(FIXED), .suggested_count = 1, .from_key = str("b"));
    expect_illegal();
    peer_say(peer, READ_TABLE_ENTRIES, read_table_entries, .segment = str(FIXED), .suggested_count = 1,
             .from_key = str("bbbb"), .to_key = str("aaaa"));
    expect_illegal();
    weir_buf_fini(&token);
}
END_TEST

START_TEST(a_hash_table_is_walked_by_tokens)
{
    struct weir_buf token;
    char key[8], value[8];

    weir_buf_init(&token, 1024);
    for (int i = 0; i < 10; i++) {
        snprintf(key, sizeof(key), "k%u", (unsigned)i % 100);
        snprintf(value, sizeof(value), "v%u", (unsigned)i % 100);
        put(HASH, key, value, NO_VERSION);
    }
    ck_assert_str_eq(page(HASH, true, 3, &token, "", ""), "k5=105 k4=84 k9=189 ");
    ck_assert_uint_eq(token.len, 24);
    ck_assert_mem_eq(token.ptr, "\0\0\1\0\0\0\0\x10\xc3\xc8\x1c\x2b\x9a\x9a\xe9\xe3\x58\xd6\x8f\xc4\x7d\xbc\x85\x96",
                     24);
    ck_assert_str_eq(page(HASH, false, 3, &token, "", ""), "k0=0:v0 k7=147:v7 k2=42:v2 ");
    ck_assert_str_eq(page(HASH, true, 100, &token, "", ""), "k6=126 k3=63 k8=168 k1=21 ");
    ck_assert_str_eq(page(HASH, true, 100, &token, "", ""), "");
    ck_assert_uint_eq(token.len, 0);
    peer_say(peer, READ_TABLE_KEYS, read_table_keys, .segment = str(HASH), .suggested_count = 1, .from_key = str("k1"));
    expect_illegal();
    peer_say(peer, READ_TABLE_KEYS, read_table_keys, .segment = str(HASH), .suggested_count = 1,
             .continuation = str("none"));
    expect_end();
    weir_buf_fini(&token);
}
END_TEST

/* Goal: replies stay within what a frame holds; a walk through large values comes in several pages. */
START_TEST(large_values)
{
    static char value[(1 << 20) - 100];
    const char *keys[20];
    struct weir_buf token;
    int pages = 0, entries = 0;

    memset(value, 'v', sizeof(value) - 1);
    weir_buf_init(&token, 1024);
    for (int i = 0; i < 5; i++) {
        char key[8];

        snprintf(key, sizeof(key), "l%03u", (unsigned)i % 1000);
        put(FIXED, key, value, NO_VERSION);
    }
    for (char from[8] = "l000"; from[0] != '\0'; pages++) {
        const struct pravega_wire_command *cmd;
        struct weir_in in;

        peer_say(peer, READ_TABLE_ENTRIES, read_table_entries, .segment = str(FIXED), .suggested_count = 1000,
                 .from_key = str(from));
        cmd = peer_expect(peer, PRAVEGA_WIRE_TABLE_ENTRIES_READ);
        in = pravega_wire_items(&cmd->table_entries_read.entries);
        from[0] = '\0';
        for (int32_t i = 0; i < cmd->table_entries_read.entries.count; i++) {
            struct pravega_wire_entry entry = pravega_wire_entry_next(&in);

            ck_assert(weir_view_equal(entry.value, str(value)));
            snprintf(from, sizeof(from), "l%03u", (unsigned)++entries % 1000);
        }
    }
    ck_assert_int_eq(entries, 5);
    ck_assert_int_ge(pages, 3);
    for (int i = 0; i < 20; i++)
        keys[i] = "l000";
    begin_get(FIXED, keys, 15);
    ck_assert_int_eq(peer_expect(peer, PRAVEGA_WIRE_TABLE_READ)->table_read.entries.count, 15);
    begin_get(FIXED, keys, 20);
    expect_end();
    weir_buf_fini(&token);
}
END_TEST

/* --- Deltas ----------------------------------------------------------------------------------------------------- */

static int64_t delta(int64_t from, int32_t count, const char *due, bool clear, bool end)
{
    const struct pravega_wire_command *cmd;

    peer_say(peer, READ_TABLE_ENTRIES_DELTA, read_table_entries_delta, .request_id = 11, .segment = str(HASH),
             .from_position = from, .suggested_count = count);
    cmd = peer_expect(peer, PRAVEGA_WIRE_TABLE_ENTRIES_DELTA_READ);
    ck_assert_int_eq(cmd->table_entries_delta_read.request_id, 11);
    if (due != NULL)
        ck_assert_str_eq(entries_text(&cmd->table_entries_delta_read.entries), due);
    ck_assert_int_eq(cmd->table_entries_delta_read.should_clear, clear);
    ck_assert_int_eq(cmd->table_entries_delta_read.reached_end, end);
    return cmd->table_entries_delta_read.last_position;
}

START_TEST(deltas)
{
    ck_assert_int_eq(delta(0, 10, "", false, true), 0);
    put(HASH, "aaaa", "1", NO_VERSION);
    put(HASH, "bbbb", "2", NO_VERSION);
    put(HASH, "aaaa", "3", NO_VERSION);
    begin_remove(HASH, "bbbb", NO_VERSION);
    peer_expect(peer, PRAVEGA_WIRE_TABLE_KEYS_REMOVED);
    put(HASH, "cccc", "", NO_VERSION);
    ck_assert_int_eq(delta(0, 10, "aaaa=44:3 cccc=87: ", false, true), 108);
    ck_assert_int_eq(delta(0, 1, "aaaa=44:3 ", false, false), 66);
    ck_assert_int_eq(delta(66, 10, "cccc=87: ", false, true), 108);
    ck_assert_int_eq(delta(108, 10, "", false, true), 0); /* as upstream, where there was nothing to look at */
    peer_say(peer, READ_TABLE_ENTRIES_DELTA, read_table_entries_delta, .segment = str(HASH), .from_position = 109);
    expect_illegal();
    peer_say(peer, READ_TABLE_ENTRIES_DELTA, read_table_entries_delta, .segment = str(HASH), .from_position = -1);
    expect_illegal();
    peer_say(peer, READ_TABLE_ENTRIES_DELTA, read_table_entries_delta, .segment = str(HASH), .from_position = 3,
             .suggested_count = 10);
    expect_end();
    peer_say(peer, READ_TABLE_ENTRIES_DELTA, read_table_entries_delta, .segment = str(FIXED), .suggested_count = 10);
    peer_expect(peer, PRAVEGA_WIRE_OPERATION_UNSUPPORTED);
}
END_TEST

/* Goal: behind a compaction a delta from before it has all that lives, and says that the rest is gone; versions
 * stay. */
START_TEST(a_delta_from_before_a_compaction)
{
    static char value[60000];
    const struct pravega_wire_command *cmd;
    static const char *const keys[] = {"stay"};
    int64_t start = 0;

    memset(value, 'v', sizeof(value) - 1);
    ck_assert_int_eq(put(HASH, "stay", "put", NO_VERSION), 0);
    for (int i = 0; i < 200; i++)
        put(HASH, i % 2 == 0 ? "over" : "and over", value, NO_VERSION);
    for (int i = 0; start == 0; i++) {
        ck_assert_int_lt(i, 1000);
        peer_say(peer, GET_TABLE_SEGMENT_INFO, get_table_segment_info, .segment = str(HASH));
        cmd = peer_expect(peer, PRAVEGA_WIRE_TABLE_SEGMENT_INFO);
        start = cmd->table_segment_info.start_offset;
        ck_assert_int_eq(cmd->table_segment_info.entry_count, 3);
    }
    peer_say(peer, READ_TABLE_ENTRIES_DELTA, read_table_entries_delta, .segment = str(HASH), .suggested_count = 100);
    cmd = peer_expect(peer, PRAVEGA_WIRE_TABLE_ENTRIES_DELTA_READ);
    ck_assert_int_eq(cmd->table_entries_delta_read.entries.count, 3);
    ck_assert(cmd->table_entries_delta_read.should_clear);
    ck_assert(cmd->table_entries_delta_read.reached_end);
    expect_got(HASH, keys, 1, "stay=0:put ");
    peer_free(peer);
    served_restart(served);
    peer = peer_new(served);
    expect_got(HASH, keys, 1, "stay=0:put ");
    put(HASH, "stay", "again", 0);
}
END_TEST

/* --- The controller --------------------------------------------------------------------------------------------- */

static int create_kvt(const char *scope, const char *name, int32_t partitions, int32_t primary, int32_t secondary,
                      enum weir_grpc_code due)
{
    Pravega__KeyValueTableConfig config = PRAVEGA__KEY_VALUE_TABLE_CONFIG__INIT;
    const Pravega__CreateKeyValueTableStatus *reply;
    enum weir_grpc_code code;

    config.scope = pravega_proto_str(scope);
    config.kvtname = pravega_proto_str(name);
    config.partitioncount = partitions;
    config.primarykeylength = primary;
    config.secondarykeylength = secondary;
    config.rolloversizebytes = 1234567;
    reply = rpc(served, "createKeyValueTable", &config, &code);
    ck_assert_int_eq(code, due);
    return code == WEIR_GRPC_OK ? (int)reply->status : -1;
}

static Pravega__KeyValueTableInfo kvt(const char *scope, const char *name)
{
    Pravega__KeyValueTableInfo info = PRAVEGA__KEY_VALUE_TABLE_INFO__INIT;

    info.scope = pravega_proto_str(scope);
    info.kvtname = pravega_proto_str(name);
    return info;
}

static int delete_kvt(const char *scope, const char *name)
{
    Pravega__KeyValueTableInfo info = kvt(scope, name);

    return (int)((const Pravega__DeleteKVTableStatus *)rpc(served, "deleteKeyValueTable", &info, NULL))->status;
}

static int delete_scope(const char *call, const char *scope)
{
    Pravega__ScopeInfo info = PRAVEGA__SCOPE_INFO__INIT;

    info.scope = pravega_proto_str(scope);
    return (int)((const Pravega__DeleteScopeStatus *)rpc(served, call, &info, NULL))->status;
}

static bool table_segment_exists(const char *name)
{
    peer_say(peer, GET_TABLE_SEGMENT_INFO, get_table_segment_info, .segment = str(name));
    return peer_next(peer)->type == PRAVEGA_WIRE_TABLE_SEGMENT_INFO;
}

START_TEST(key_value_tables_are_made)
{
    Pravega__KeyValueTableInfo info = kvt("kvs", "t");
    const Pravega__KeyValueTableConfigResponse *config;
    const Pravega__SegmentRanges *ranges;
    enum weir_grpc_code code;

    make_scope(served, "kvs");
    ck_assert_int_eq(create_kvt("kvs", "t", 0, 4, 2, WEIR_GRPC_INTERNAL), -1);
    create_kvt("kvs", "t", 2, 0, 2, WEIR_GRPC_INTERNAL);
    create_kvt("kvs", "t", 2, 4, -1, WEIR_GRPC_INTERNAL);
    create_kvt("kvs", "t", 2, 200, 57, WEIR_GRPC_INTERNAL);
    ck_assert_int_eq(create_kvt("none", "t", 2, 4, 2, WEIR_GRPC_OK),
                     PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__SCOPE_NOT_FOUND);
    ck_assert_int_eq(create_kvt("kvs", "no/name", 2, 4, 2, WEIR_GRPC_OK),
                     PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__INVALID_TABLE_NAME);
    ck_assert_int_eq(create_kvt("kvs", "t", 2, 4, 2, WEIR_GRPC_OK),
                     PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(create_kvt("kvs", "t", 2, 4, 2, WEIR_GRPC_OK),
                     PRAVEGA__CREATE_KEY_VALUE_TABLE_STATUS__STATUS__TABLE_EXISTS);
    peer_free(peer);
    served_restart(served);
    peer = peer_new(served);
    config = rpc(served, "getKeyValueTableConfiguration", &info, NULL);
    ck_assert_int_eq(config->status, PRAVEGA__KEY_VALUE_TABLE_CONFIG_RESPONSE__STATUS__SUCCESS);
    ck_assert_str_eq(config->config->kvtname, "t");
    ck_assert_int_eq(config->config->partitioncount, 2);
    ck_assert_int_eq(config->config->primarykeylength, 4);
    ck_assert_int_eq(config->config->secondarykeylength, 2);
    ck_assert_int_eq(config->config->rolloversizebytes, 0); /* as upstream */
    ranges = rpc(served, "getCurrentSegmentsKeyValueTable", &info, NULL);
    ck_assert_uint_eq(ranges->n_segmentranges, 2);
    ck_assert_str_eq(ranges->segmentranges[1]->segmentid->streaminfo->stream, "t");
    ck_assert_int_eq(ranges->segmentranges[1]->segmentid->segmentid, 1);
    ck_assert_double_eq(ranges->segmentranges[1]->minkey, 0.5);
    ck_assert_double_eq(ranges->segmentranges[1]->maxkey, 1.0);
    ck_assert(table_segment_exists("kvs/t_kvtable/1.#epoch.0"));
    info.kvtname = pravega_proto_str("none");
    config = rpc(served, "getKeyValueTableConfiguration", &info, NULL);
    ck_assert_int_eq(config->status, PRAVEGA__KEY_VALUE_TABLE_CONFIG_RESPONSE__STATUS__TABLE_NOT_FOUND);
    rpc(served, "getCurrentSegmentsKeyValueTable", &info, &code);
    ck_assert_int_eq(code, WEIR_GRPC_NOT_FOUND);
}
END_TEST

START_TEST(key_value_tables_are_listed_and_deleted)
{
    Pravega__KVTablesInScopeRequest request = PRAVEGA__KVTABLES_IN_SCOPE_REQUEST__INIT;
    Pravega__ScopeInfo scope = PRAVEGA__SCOPE_INFO__INIT;
    Pravega__ContinuationToken token = PRAVEGA__CONTINUATION_TOKEN__INIT;
    const Pravega__KVTablesInScopeResponse *list;
    Pravega__KeyValueTableInfo info = kvt("kvs", "a");
    const Pravega__SegmentRanges *ranges;

    make_scope(served, "kvs");
    create_kvt("kvs", "b", 1, 4, 0, WEIR_GRPC_OK);
    create_kvt("kvs", "a", 3, 4, 0, WEIR_GRPC_OK);
    scope.scope = pravega_proto_str("kvs");
    request.scope = &scope;
    request.continuationtoken = &token;
    list = rpc(served, "listKeyValueTablesInScope", &request, NULL);
    ck_assert_uint_eq(list->n_kvtables, 2);
    ck_assert_str_eq(list->kvtables[0]->kvtname, "a");
    ck_assert_str_eq(list->kvtables[1]->kvtname, "b");
    ck_assert_str_eq(list->continuationtoken->token, "b");
    token.token = pravega_proto_str("b");
    list = rpc(served, "listKeyValueTablesInScope", &request, NULL);
    ck_assert_uint_eq(list->n_kvtables, 0);
    scope.scope = pravega_proto_str("none");
    list = rpc(served, "listKeyValueTablesInScope", &request, NULL);
    ck_assert_int_eq(list->status, PRAVEGA__KVTABLES_IN_SCOPE_RESPONSE__STATUS__SCOPE_NOT_FOUND);
    ck_assert_int_eq(delete_kvt("kvs", "none"), PRAVEGA__DELETE_KVTABLE_STATUS__STATUS__TABLE_NOT_FOUND);
    ck_assert_int_eq(delete_kvt("kvs", "a"), PRAVEGA__DELETE_KVTABLE_STATUS__STATUS__SUCCESS);
    ck_assert(!table_segment_exists("kvs/a_kvtable/2.#epoch.0"));
    /* Made again, its numbers go on. */
    create_kvt("kvs", "a", 2, 4, 0, WEIR_GRPC_OK);
    ranges = rpc(served, "getCurrentSegmentsKeyValueTable", &info, NULL);
    ck_assert_int_eq(ranges->segmentranges[0]->segmentid->segmentid, 3);
    ck_assert(table_segment_exists("kvs/a_kvtable/4.#epoch.0"));
}
END_TEST

START_TEST(scopes_with_tables)
{
    make_scope(served, "kvs");
    create_kvt("kvs", "t", 1, 4, 0, WEIR_GRPC_OK);
    ck_assert_int_eq(delete_scope("deleteScope", "kvs"), PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SCOPE_NOT_EMPTY);
    ck_assert_int_eq(delete_kvt("kvs", "t"), PRAVEGA__DELETE_KVTABLE_STATUS__STATUS__SUCCESS);
    ck_assert_int_eq(delete_scope("deleteScope", "kvs"), PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SUCCESS);
    make_scope(served, "kvs");
    create_kvt("kvs", "t", 1, 4, 0, WEIR_GRPC_OK);
    ck_assert_int_eq(delete_scope("deleteScopeRecursive", "kvs"), PRAVEGA__DELETE_SCOPE_STATUS__STATUS__SUCCESS);
    ck_assert(!table_segment_exists("kvs/t_kvtable/1.#epoch.0"));
    peer_free(peer);
    served_restart(served);
    peer = peer_new(served);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table_service");
    TCase *tc = tcase_create("table_service");
    SRunner *sr;
    int failed;

    tcase_set_timeout(tc, 300);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, tables_are_made_described_and_removed);
    tcase_add_test(tc, conditions);
    tcase_add_test(tc, several_keys_at_once);
    tcase_add_test(tc, keys_of_a_wrong_length);
    tcase_add_test(tc, tables_and_other_segments);
    tcase_add_test(tc, a_fixed_table_is_walked_in_order);
    tcase_add_test(tc, a_hash_table_is_walked_by_tokens);
    tcase_add_test(tc, large_values);
    tcase_add_test(tc, deltas);
    tcase_add_test(tc, a_delta_from_before_a_compaction);
    tcase_add_test(tc, key_value_tables_are_made);
    tcase_add_test(tc, key_value_tables_are_listed_and_deleted);
    tcase_add_test(tc, scopes_with_tables);
    suite_add_tcase(suite, tc);
    sr = srunner_create(suite);
    srunner_set_fork_status(sr, CK_NOFORK);
    srunner_run_all(sr, CK_ENV);
    failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
