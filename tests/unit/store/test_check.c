/*
 * test_check.c - the check of a store's folder against what opening it and reading all of it shows.
 */
#include "store/container/check.h"

#include "base/hash.h"
#include "store/container/chunk.h"
#include "store_fixture.h"
#include "weir/buf.h"

#define SEGMENTS 4
#define GONE_LEN 70000 /* two pages */
/* Where "gone" stands in the first chunk: behind the runs of seg0 and seg1. */
#define GONE_AT (WEIR_FILE_HEADER_LEN + weir_chunk_run_file_len(90000) + weir_chunk_run_file_len(600))

static struct machine m;

/* What the last check said. */
static struct report {
    struct weir_buf text;
    size_t line_count;
    struct weir_check_result result;
} report;

static void take_line(void *arg, const char *text)
{
    (void)arg;
    weir_buf_printf(&report.text, "%s\n", text);
    report.line_count++;
}

static enum weir_status check_dir(const char *dir, bool verbose)
{
    struct weir_check_options options = {.verbose = verbose, .line = take_line};

    weir_buf_reset(&report.text);
    report.line_count = 0;
    report.result = (struct weir_check_result){0};
    m.err = (struct weir_error){0};
    return weir_store_check(machine_fs(&m), dir, &options, &report.result, &m.err);
}

static void check_ok(bool verbose)
{
    ck_assert_msg(check_dir(DIR, verbose) == WEIR_OK, "%s", m.err.message);
}

static bool says(const char *words)
{
    weir_buf_u8(&report.text, 0);
    report.text.len--;
    return strstr((const char *)report.text.ptr, words) != NULL;
}

static void assert_says(const char *words)
{
    ck_assert_msg(says(words), "\"%s\" is not in:\n%s", words, (const char *)report.text.ptr);
}

static void assert_result(bool refused, uint64_t damaged, uint64_t dead)
{
    ck_assert_msg(report.result.refused == refused && report.result.damaged_count == damaged &&
                      report.result.dead_count == dead,
                  "%llu damaged, %llu dead", (unsigned long long)report.result.damaged_count,
                  (unsigned long long)report.result.dead_count);
}

static const char *segment_name(int i)
{
    static const char *const names[SEGMENTS] = {"seg0", "seg1", "seg2", "seg3"};

    return names[i];
}

static void add(const char *name, size_t len, bool is_new)
{
    uint8_t bytes[90000];

    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    if (is_new)
        ck_assert_int_eq(create(&m, name), WEIR_OK);
    ck_assert_int_eq(append_bytes(&m, name, weir_view(bytes, len)), WEIR_OK);
}

/* Segments with data in a chunk, in a second one, and in the log; some of it truncated, "gone" deleted: of the first
 * chunk that takes a page of a run whose rest lives, and a whole run between others. The store is down. */
static void setup(void)
{
    weir_buf_init(&report.text, 1 << 20);
    machine_init(&m, 1, 1 << 20);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < SEGMENTS; i++) {
            add(segment_name(i), i == 0 && round == 0 ? 90000 : 500 + (size_t)i * 100, round == 0);
            if (i == 1 && round == 0)
                add("gone", GONE_LEN, true);
        }
        if (round < 2)
            ck_assert_int_eq(flush(&m), WEIR_OK);
    }
    ck_assert_int_eq(truncate_at(&m, "seg0", 70000), WEIR_OK);
    ck_assert_int_eq(truncate_at(&m, "seg1", 100), WEIR_OK);
    ck_assert_int_eq(delete_segment(&m, "gone"), WEIR_OK);
    ck_assert_int_eq(put_key(&m, "k", weir_view_str("v")), WEIR_OK);
    machine_reboot(&m);
}

static void teardown(void)
{
    machine_fini(&m);
    weir_buf_fini(&report.text);
}

/* A digest of all files but the lock. */
static uint64_t folder_digest(void)
{
    struct files files;
    uint64_t digest = 0;

    list_files(&m, &files);
    for (int i = 0; i < files.count; i++) {
        size_t len;
        uint8_t *bytes = load_file(&m, files.paths[i], &len);

        digest = weir_hash64(weir_view(bytes, len), digest + (uint64_t)i);
        free(bytes);
    }
    return digest;
}

/* Opens the store and reads all of it, then takes it down by force: nothing is written in an end.
 * @retval WEIR_E_AGAIN it opened, and a read failed */
static enum weir_status open_and_read(void)
{
    enum weir_status status = machine_open(&m);

    if (status != WEIR_OK)
        return status;
    for (int i = 0; i < SEGMENTS && status == WEIR_OK; i++)
        status = read_through(&m, segment_name(i)) == WEIR_OK ? WEIR_OK : WEIR_E_AGAIN;
    machine_crash_and_boot(&m);
    return status;
}

START_TEST(a_good_folder)
{
    uint64_t digest = folder_digest();

    check_ok(false);
    assert_result(false, 0, 0);
    ck_assert_uint_ge(report.result.file_count, 4); /* checkpoint, log, two chunks */
    assert_says("seg1: bytes 100 to 1800, 3 events");
    assert_says("good: ");
    ck_assert(!says("DAMAGED"));
    ck_assert_uint_eq(folder_digest(), digest);
}
END_TEST

/* One byte of the file is wrong: what the check says against what opening and reading meet. */
static enum weir_status compare(const char *name, size_t at)
{
    uint64_t digest = folder_digest();
    enum weir_status status;

    check_ok(false);
    ck_assert_uint_eq(folder_digest(), digest);
    status = open_and_read();
    ck_assert_msg(report.result.refused == (status == WEIR_E_DAMAGED) &&
                      (report.result.damaged_count > 0) == (status != WEIR_OK),
                  "%s at %zu: open says %s, the check:\n%.*s", name, at, weir_status_name(status),
                  (int)report.text.len, (char *)report.text.ptr);
    ck_assert_msg(report.result.dead_count == (status == WEIR_OK && is_chunk(name)), "%s at %zu: not told", name, at);
    ck_assert(says("Nothing refers to it") == (report.result.dead_count > 0));
    if (status != WEIR_OK || report.result.dead_count > 0) {
        assert_says(name);
        assert_says("offset");
    }
    if (status == WEIR_E_DAMAGED)
        ck_assert_msg(strstr(m.err.message, "weir store check " DIR) != NULL, "%s", m.err.message);
    if (status == WEIR_E_AGAIN)
        assert_says("not readable: bytes ");
    return status;
}

/* Goal: the check tells damage where opening or reading meets it, by file and offset, and all other damage of a chunk
 * as such that nothing refers to; it changes nothing.
 * Method: flip a byte here and there in each file, check, open and read all, flip it back. */
START_TEST(every_damaged_byte_is_told)
{
    struct files files;
    uint64_t refused = 0, unreadable = 0, dead = 0;

    list_files(&m, &files);
    for (int i = 0; i < files.count; i++) {
        size_t len, stride;
        uint8_t *bytes = load_file(&m, files.paths[i], &len);

        stride = len > 20000 ? 4111 : 17;
        for (size_t at = 0; at < len; at += at < 64 ? 3 : stride) {
            enum weir_status status;

            flip(&m, files.paths[i], at, 0x10);
            status = compare(files.names[i], at);
            refused += status == WEIR_E_DAMAGED;
            unreadable += status == WEIR_E_AGAIN;
            dead += report.result.dead_count;
            save_file(&m, files.paths[i], bytes, len); /* the open may have cut a torn tail */
        }
        free(bytes);
    }
    ck_assert_uint_gt(refused, 20);
    ck_assert_uint_gt(unreadable, 10);
    ck_assert_uint_gt(dead, 30); /* a page of seg0, two of "gone" */
    ck_assert_int_eq(open_and_read(), WEIR_OK);
}
END_TEST

/* Goal: pages that nothing refers to are told one by one; behind a length that can't be, as one up to known ones. */
START_TEST(pages_of_the_dead_are_walked)
{
    char path[80], words[80];

    file_path(&m, "chunk-", path);
    flip(&m, path, GONE_AT + WEIR_CHUNK_PAGE_FILE_LEN + 1000, 1);
    check_ok(false);
    snprintf(words, sizeof(words), "damaged at offset %zu: wrong checksum of a page. Nothing refers to it",
             (size_t)GONE_AT + WEIR_CHUNK_PAGE_FILE_LEN);
    assert_says(words);
    assert_says("1 of 7 pages, 0 of them with live data");
    assert_says("nothing refers to what is damaged");
    assert_result(false, 0, 1);

    flip(&m, path, GONE_AT + 8, 0xff); /* the length of its first page */
    check_ok(false);
    snprintf(words, sizeof(words), "up to %zu cannot be told", (size_t)GONE_AT + weir_chunk_run_file_len(GONE_LEN));
    assert_says(words);
    assert_says("1 of 6 pages");
    ck_assert_int_eq(open_and_read(), WEIR_OK);
}
END_TEST

/* Goal: when nobody knows any more what lived in them, chunks are looked at all the same: they may be worth keeping. */
START_TEST(chunks_are_looked_at_without_their_checkpoint)
{
    char path[80];

    remove_file(&m, file_path(&m, "checkpoint-", path));
    check_ok(false);
    assert_result(true, 1, 0);
    assert_says("good     chunk-0000000000000001: 7 pages");
    flip(&m, file_path(&m, "chunk-", path), WEIR_FILE_HEADER_LEN + 20, 1);
    check_ok(false);
    assert_result(true, 1, 1);
    assert_says("Nothing that is known refers to it");
    flip(&m, path, 30, 1); /* the header */
    check_ok(false);
    assert_says("wrong checksum of the file header");
}
END_TEST

/* Goal: a missing file is told, with what it takes along; so is a file that ends early. */
START_TEST(missing_and_short_files)
{
    struct files files;

    list_files(&m, &files);
    for (int i = 0; i < files.count; i++) {
        uint8_t *bytes;
        size_t len;

        if (strncmp(files.names[i], "log-", 4) == 0)
            continue; /* test_reached.c */
        bytes = load_file(&m, files.paths[i], &len);
        remove_file(&m, files.paths[i]);
        check_ok(false);
        assert_result(true, 1, 0);
        ck_assert_int_eq(open_and_read(), WEIR_E_DAMAGED);
        save_file(&m, files.paths[i], bytes, len - 5);
        check_ok(false);
        assert_result(true, 1, 0);
        assert_says(files.names[i]);
        ck_assert_int_eq(open_and_read(), WEIR_E_DAMAGED);
        save_file(&m, files.paths[i], bytes, len);
        free(bytes);
    }
    ck_assert_int_eq(open_and_read(), WEIR_OK);
}
END_TEST

/* Goal: chunks whose checkpoint and log are both gone are no leftovers of a crash: nobody takes them for an empty store
 * and removes them. */
START_TEST(chunks_alone_are_kept)
{
    struct files before, after;

    list_files(&m, &before);
    for (int i = 0; i < before.count; i++)
        if (strncmp(before.names[i], "chunk-", 6) != 0)
            remove_file(&m, before.paths[i]);
    list_files(&m, &before);
    ck_assert_int_gt(before.count, 1);
    check_ok(false);
    assert_result(true, 1, 0);
    assert_says("neither a checkpoint nor a log");
    assert_says("good     chunk-0000000000000001: 7 pages");
    ck_assert_int_eq(open_and_read(), WEIR_E_DAMAGED);
    ck_assert_msg(strstr(m.err.message, "neither a checkpoint nor a log") != NULL, "%s", m.err.message);
    list_files(&m, &after);
    ck_assert_int_eq(after.count, before.count);
}
END_TEST

START_TEST(who_may_not_be_checked)
{
    machine_must_open(&m);
    ck_assert_int_eq(check_dir(DIR, false), WEIR_E_BUSY);
    ck_assert_int_eq(check_dir("/nowhere", false), WEIR_E_NOT_FOUND);
    ck_assert(!weir_fs_exists(machine_fs(&m), "/nowhere"));
    ck_assert_int_eq(weir_fs_mkdir(machine_fs(&m), "/empty", NULL), WEIR_OK);
    ck_assert_int_eq(check_dir("/empty", false), WEIR_E_NOT_FOUND);
    ck_assert(!weir_fs_exists(machine_fs(&m), "/empty/lock"));
}
END_TEST

/* Goal: a report stays short, unless all of it is asked for. */
START_TEST(long_tables_are_cut)
{
    char name[16];

    machine_must_open(&m);
    for (int i = SEGMENTS; i < 300; i++) {
        snprintf(name, sizeof(name), "many%d", i);
        ck_assert_int_eq(create(&m, name), WEIR_OK);
    }
    machine_reboot(&m);
    check_ok(false);
    ck_assert_uint_lt(report.line_count, 40);
    assert_says("280 more");
    check_ok(true);
    ck_assert_uint_gt(report.line_count, 300);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("check");

    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_good_folder);
    tcase_add_test(tc, every_damaged_byte_is_told);
    tcase_add_test(tc, pages_of_the_dead_are_walked);
    tcase_add_test(tc, chunks_are_looked_at_without_their_checkpoint);
    tcase_add_test(tc, missing_and_short_files);
    tcase_add_test(tc, chunks_alone_are_kept);
    tcase_add_test(tc, who_may_not_be_checked);
    tcase_add_test(tc, long_tables_are_cut);
    return run_suite("check", tc);
}
