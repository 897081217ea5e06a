/*
 * test_damaged_reads.c - what clients see of a damaged page: not a byte of it. Their connection ends, the log names
 * file and offset, and everything else is served on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "serve_fixture.h"
#include "store/container/chunk.h"
#include "weir/fs.h"
#include "weir/host.h"
#include "weir/loop.h"

#define SEGMENT "sc/data/0.#epoch.0"
#define TABLE "sc/table/0.#epoch.0" /* a hash table: it has deltas */
#define FILLER "sc/filler/0.#epoch.0"
#define LEN 150000 /* three pages */
#define FLUSH_BYTES 400000
#define CHUNK "chunk-0000000000000001"
/* Segments stand in a chunk in the order in which they were made. */
#define PAGE_2_AT (WEIR_FILE_HEADER_LEN + WEIR_CHUNK_PAGE_FILE_LEN)
#define TABLE_AT (WEIR_FILE_HEADER_LEN + weir_chunk_run_file_len(LEN))

static struct served *served;
static struct peer *peer;
static FILE *log_file;
static uint8_t bytes[FLUSH_BYTES];

static struct weir_fs *fs(void)
{
    return weir_host_fs(weir_loop_host(served_loop(served)));
}

static void append(const char *segment, size_t len)
{
    struct weir_uuid writer = {1, 2};

    peer_say(peer, CREATE_SEGMENT, create_segment, .request_id = 1, .segment = weir_view_str(segment));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_CREATED);
    peer_say(peer, SETUP_APPEND, setup_append, .request_id = 1, .writer_id = writer, .segment = weir_view_str(segment));
    peer_expect(peer, PRAVEGA_WIRE_APPEND_SETUP);
    peer_say(peer, APPEND_BLOCK_END, append_block_end, .writer_id = writer, .data = weir_view(bytes, len),
             .event_count = 1, .last_event_number = 1);
    peer_expect(peer, PRAVEGA_WIRE_DATA_APPENDED);
}

static void put(const char *key, const char *value)
{
    struct weir_buf items;

    weir_buf_init(&items, 4096);
    pravega_wire_put_entry(&items, &(struct pravega_wire_entry){{weir_view_str(key), PRAVEGA_WIRE_NO_VERSION},
                                                                weir_view_str(value)});
    peer_say(peer, UPDATE_TABLE_ENTRIES, update_table_entries, .segment = weir_view_str(TABLE),
             .entries = {1, weir_buf_view(&items)}, .table_segment_offset = -1);
    peer_expect(peer, PRAVEGA_WIRE_TABLE_ENTRIES_UPDATED);
    weir_buf_fini(&items);
}

static enum weir_status note_checkpoint(void *arg, const char *name, bool is_dir)
{
    (void)is_dir;
    *(bool *)arg |= strncmp(name, "checkpoint-", 11) == 0 && strcmp(name, "checkpoint.tmp") != 0;
    return WEIR_OK;
}

/* A checkpoint gets its name when all that it says is in chunks. */
static void await_flush(void)
{
    for (bool flushed = false; !flushed;) {
        peer_send(peer, &(struct pravega_wire_command){.type = PRAVEGA_WIRE_KEEP_ALIVE});
        peer_expect(peer, PRAVEGA_WIRE_KEEP_ALIVE);
        ck_assert_int_eq(weir_fs_list(fs(), served_dir(served), note_checkpoint, &flushed, NULL), WEIR_OK);
    }
}

/* A store whose segment and table are in a chunk. It is closed. */
static void setup(void)
{
    struct weir_store_options options = {.flush_bytes = FLUSH_BYTES};

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    log_file = tmpfile();
    ck_assert_ptr_nonnull(log_file);
    served = served_new_logging(&options, fileno(log_file));
    peer = peer_new(served);
    append(SEGMENT, LEN);
    peer_say(peer, CREATE_TABLE_SEGMENT, create_table_segment, .segment = weir_view_str(TABLE));
    peer_expect(peer, PRAVEGA_WIRE_SEGMENT_CREATED);
    put("key1", "value");
    append(FILLER, FLUSH_BYTES); /* enough for a flush, of all that was before */
    await_flush();
    peer_free(peer);
    served_stop(served);
}

static void teardown(void)
{
    peer_free(peer);
    served_free(served);
    fclose(log_file);
}

static void flip(uint64_t offset)
{
    struct weir_file *file;
    char path[128];
    uint8_t byte;
    size_t got;

    snprintf(path, sizeof(path), "%s/" CHUNK, served_dir(served));
    ck_assert_int_eq(weir_fs_open(fs(), path, WEIR_OPEN_READ | WEIR_OPEN_WRITE, &file, NULL), WEIR_OK);
    ck_assert_int_eq(weir_file_read_at(file, &byte, 1, offset, &got, NULL), WEIR_OK);
    ck_assert_uint_eq(got, 1);
    byte ^= 0x40;
    ck_assert_int_eq(weir_file_write_at(file, &(struct iovec){&byte, 1}, 1, offset, NULL), WEIR_OK);
    weir_file_close(file);
}

static void start(void)
{
    served_start(served);
    peer = peer_new(served);
}

static void begin_read(int64_t offset)
{
    peer_say(peer, READ_SEGMENT, read_segment, .segment = weir_view_str(SEGMENT), .offset = offset,
             .suggested_len = 1 << 20);
}

/* Reads from `offset` on, over a connection of its own. @return how many bytes came before it ended, or all were
 * there */
static int64_t read_on(int64_t offset)
{
    int64_t at = offset;

    peer_free(peer);
    peer = peer_new(served);
    while (at < LEN) {
        const struct pravega_wire_command *cmd;

        begin_read(at);
        cmd = peer_take(peer);
        if (cmd == NULL)
            break;
        ck_assert_int_eq(cmd->type, PRAVEGA_WIRE_SEGMENT_READ);
        ck_assert_int_eq(cmd->segment_read.offset, at);
        ck_assert_uint_gt(cmd->segment_read.data.len, 0);
        ck_assert_mem_eq(cmd->segment_read.data.ptr, bytes + at, cmd->segment_read.data.len);
        at += (int64_t)cmd->segment_read.data.len;
    }
    return at - offset;
}

static void expect_logged(uint64_t offset)
{
    char text[4096] = "", words[128];
    ssize_t len = pread(fileno(log_file), text, sizeof(text) - 1, 0);

    ck_assert_int_ge(len, 0);
    snprintf(words, sizeof(words), "/" CHUNK " is damaged at offset %llu: wrong checksum of a page",
             (unsigned long long)offset);
    ck_assert_msg(strstr(text, words) != NULL, "\"%s\" is not in: %s", words, text);
}

/* Goal: of the damaged page no byte is served, wherever a read begins; all of the others are, and are right. */
START_TEST(a_damaged_page_is_not_served)
{
    const int64_t page = WEIR_CHUNK_PAGE_LEN;

    start();
    ck_assert_int_eq(read_on(0), LEN);
    peer_free(peer);
    served_stop(served);
    flip(PAGE_2_AT + (_i == 0 ? 0 : _i == 1 ? 8 : 5000)); /* checksum, length, data */
    start();
    ck_assert_int_eq(read_on(0), page);
    ck_assert_int_eq(read_on(page - 10), 10);
    ck_assert_int_eq(read_on(page), 0);
    ck_assert_int_eq(read_on(2 * page - 1), 0);
    ck_assert_int_eq(read_on(2 * page), LEN - 2 * page);
    expect_logged(PAGE_2_AT);
}
END_TEST

/* How the three ways to read a table begin. */
static void begin_table_read(int way)
{
    struct weir_buf items;

    weir_buf_init(&items, 4096);
    pravega_wire_put_key(&items, &(struct pravega_wire_key){weir_view_str("key1"), PRAVEGA_WIRE_NO_VERSION});
    if (way == 0)
        peer_say(peer, READ_TABLE, read_table, .segment = weir_view_str(TABLE), .keys = {1, weir_buf_view(&items)});
    else if (way == 1)
        peer_say(peer, READ_TABLE_ENTRIES, read_table_entries, .segment = weir_view_str(TABLE), .suggested_count = 10);
    else
        peer_say(peer, READ_TABLE_ENTRIES_DELTA, read_table_entries_delta, .segment = weir_view_str(TABLE),
                 .suggested_count = 10);
    weir_buf_fini(&items);
}

/* Goal: no value of a table comes from a damaged page; the table takes updates, whose values are read again. */
START_TEST(a_damaged_value_is_not_served)
{
    const struct pravega_wire_command *cmd;
    struct pravega_wire_entry entry;
    struct weir_in in;

    flip(TABLE_AT + 12 + 17 + 4 + 1);
    start();
    begin_table_read(_i);
    peer_expect_end(peer);
    expect_logged(TABLE_AT);
    peer_free(peer);
    peer = peer_new(served);
    put("key1", "again");
    begin_table_read(0);
    cmd = peer_expect(peer, PRAVEGA_WIRE_TABLE_READ);
    in = pravega_wire_items(&cmd->table_read.entries);
    entry = pravega_wire_entry_next(&in);
    ck_assert(weir_view_equal(entry.value, weir_view_str("again")));
    ck_assert_int_eq(read_on(0), LEN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("damaged_reads");
    TCase *tc = tcase_create("damaged_reads");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, a_damaged_page_is_not_served, 0, 3);
    tcase_add_loop_test(tc, a_damaged_value_is_not_served, 0, 3);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
