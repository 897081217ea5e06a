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

/* What a check said. */
struct report {
    struct weir_buf text;
    size_t line_count;
    struct weir_check_result result;
};

static void take_line(void *arg, const char *text)
{
    struct report *report = arg;

    weir_buf_printf(&report->text, "%s\n", text);
    report->line_count++;
}

static enum weir_status check_dir(struct machine *m, const char *dir, bool verbose, struct report *report)
{
    struct weir_check_options options = {.verbose = verbose, .line = take_line, .arg = report};

    *report = (struct report){0};
    weir_buf_init(&report->text, 1 << 20);
    m->err = (struct weir_error){0};
    return weir_store_check(weir_host_fs(m->host), dir, &options, &report->result, &m->err);
}

static void report_fini(struct report *report)
{
    weir_buf_fini(&report->text);
}

static void check_ok(struct machine *m, bool verbose, struct report *report)
{
    ck_assert_msg(check_dir(m, DIR, verbose, report) == WEIR_OK, "%s", m->err.message);
}

static bool says(struct report *report, const char *words)
{
    weir_buf_u8(&report->text, 0);
    report->text.len--;
    return strstr((const char *)report->text.ptr, words) != NULL;
}

static void segment_name(int i, char out[8])
{
    snprintf(out, 8, "seg%d", i);
}

static enum weir_status truncate_at(struct machine *m, const char *name, int64_t offset)
{
    return change(
        m, (struct weir_change){.kind = WEIR_CHANGE_TRUNCATE, .name = weir_view_str(name), .offset = offset});
}

/* Segments with data in a chunk, in a second one, and in the log; some of it truncated, "gone" deleted: of the first
 * chunk that takes a page of a run whose rest lives, and a whole run between others. The store is down. */
static void fill(struct machine *m, uint64_t seed)
{
    uint8_t bytes[90000];
    struct waiter gone;
    char name[8];

    machine_init(m, seed, 1 << 20);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < SEGMENTS; i++) {
            struct waiter w;

            segment_name(i, name);
            if (round == 0)
                ck_assert_int_eq(create(m, name), WEIR_OK);
            begin_append(m, name, (struct weir_uuid){1, 2}, round + 1,
                         weir_view(bytes, i == 0 && round == 0 ? sizeof(bytes) : 500 + (size_t)i * 100), &w);
            ck_assert_int_eq(await(m, &w), WEIR_OK);
            if (round > 0 || i != 1)
                continue;
            ck_assert_int_eq(create(m, "gone"), WEIR_OK);
            begin_append(m, "gone", (struct weir_uuid){0}, WEIR_ATTRIBUTE_NONE, weir_view(bytes, GONE_LEN), &gone);
            ck_assert_int_eq(await(m, &gone), WEIR_OK);
        }
        if (round < 2)
            ck_assert_int_eq(flush(m), WEIR_OK);
    }
    ck_assert_int_eq(truncate_at(m, "seg0", 70000), WEIR_OK);
    ck_assert_int_eq(truncate_at(m, "seg1", 100), WEIR_OK);
    ck_assert_int_eq(change(m, (struct weir_change){.kind = WEIR_CHANGE_DELETE, .name = weir_view_str("gone")}),
                     WEIR_OK);
    ck_assert_int_eq(change(m, (struct weir_change){.kind = WEIR_CHANGE_PUT,
                                                    .name = weir_view_str("k"),
                                                    .value = weir_view_str("v")}),
                     WEIR_OK);
    machine_shut_down(m);
    machine_boot(m);
}

struct files {
    struct machine *m;
    char names[32][40];
    int count;
};

static enum weir_status note_file(void *arg, const char *name, bool is_dir)
{
    struct files *files = arg;

    if (!is_dir && strcmp(name, "lock") != 0)
        snprintf(files->names[files->count++], 40, "%s", name);
    return WEIR_OK;
}

static void list_files(struct machine *m, struct files *files)
{
    *files = (struct files){.m = m};
    ck_assert_int_eq(weir_fs_list(weir_host_fs(m->host), DIR, note_file, files, NULL), WEIR_OK);
}

/* The bytes of a file, malloc'ed. */
static uint8_t *load(struct machine *m, const char *path, size_t *len)
{
    struct weir_file *file;
    uint64_t size;
    uint8_t *bytes;

    ck_assert_int_eq(weir_fs_open(weir_host_fs(m->host), path, WEIR_OPEN_READ, &file, NULL), WEIR_OK);
    ck_assert_int_eq(weir_file_size(file, &size, NULL), WEIR_OK);
    bytes = malloc(size + 1);
    ck_assert_int_eq(weir_file_read_at(file, bytes, size, 0, len, NULL), WEIR_OK);
    weir_file_close(file);
    return bytes;
}

static void save(struct machine *m, const char *path, const uint8_t *bytes, size_t len)
{
    struct weir_file *file;

    ck_assert_int_eq(
        weir_fs_open(weir_host_fs(m->host), path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC, &file, NULL),
        WEIR_OK);
    if (len > 0)
        ck_assert_int_eq(weir_file_write_at(file, &(struct iovec){(void *)(uintptr_t)bytes, len}, 1, 0, NULL), WEIR_OK);
    ck_assert_int_eq(weir_file_sync(file, NULL), WEIR_OK);
    weir_file_close(file);
    ck_assert_int_eq(weir_fs_sync_dir(weir_host_fs(m->host), DIR, NULL), WEIR_OK);
}

/* A digest of all files but the lock. */
static uint64_t folder_digest(struct machine *m)
{
    struct files files;
    uint64_t digest = 0;

    list_files(m, &files);
    for (int i = 0; i < files.count; i++) {
        char path[80];
        uint8_t *bytes;
        size_t len;

        snprintf(path, sizeof(path), "%s/%s", DIR, files.names[i]);
        bytes = load(m, path, &len);
        digest = weir_hash64(weir_view(bytes, len), digest + (uint64_t)i);
        free(bytes);
    }
    return digest;
}

/* Opens the store and reads all of it, then takes it down by force: nothing is written in an end. */
static enum weir_status open_and_read(struct machine *m)
{
    enum weir_status status = machine_open(m);

    if (status != WEIR_OK)
        return status;
    for (int i = 0; i < SEGMENTS && status == WEIR_OK; i++) {
        struct weir_segment_info info;
        char name[8];

        segment_name(i, name);
        weir_segment_info(segment(m, name), &info);
        for (int64_t at = info.start_offset; at < info.length && status == WEIR_OK;) {
            struct reading r;

            begin_read(segment(m, name), at, 1 << 20, false, &r);
            status = await_read(m, &r) == WEIR_OK ? WEIR_OK : WEIR_E_AGAIN; /* it opened, and a read failed */
            at += (int64_t)r.read.data.len;
            weir_segment_read_release(&r.read);
        }
    }
    machine_crash(m);
    machine_boot(m);
    return status;
}

START_TEST(a_good_folder)
{
    struct machine m;
    struct report report;
    uint64_t digest;

    fill(&m, 1);
    digest = folder_digest(&m);
    check_ok(&m, false, &report);
    ck_assert_uint_eq(report.result.damaged_count, 0);
    ck_assert(!report.result.refused);
    ck_assert_uint_ge(report.result.file_count, 4); /* checkpoint, log, two chunks */
    ck_assert(says(&report, "seg1: bytes 100 to 1800, 3 events"));
    ck_assert(says(&report, "good: "));
    ck_assert(!says(&report, "DAMAGED"));
    ck_assert_uint_eq(folder_digest(&m), digest);
    report_fini(&report);
    machine_fini(&m);
}
END_TEST

/* Goal: the check tells damage where opening or reading meets it, by file and offset, and of a chunk all other damage as
 * such that nothing refers to; it changes nothing. Method: flip a byte here and there in each file, check, open and read all, flip it back. */
START_TEST(every_damaged_byte_is_told)
{
    struct machine m;
    struct files files;
    uint64_t refused = 0, unreadable = 0, dead = 0;

    fill(&m, 2);
    list_files(&m, &files);
    for (int i = 0; i < files.count; i++) {
        char path[80];
        uint8_t *bytes;
        size_t len, stride;

        snprintf(path, sizeof(path), "%s/%s", DIR, files.names[i]);
        bytes = load(&m, path, &len);
        stride = len > 20000 ? 4111 : 17;
        for (size_t at = 0; at < len; at += at < 64 ? 3 : stride) {
            struct report report;
            enum weir_status status;
            uint64_t digest;

            bytes[at] ^= 0x10;
            save(&m, path, bytes, len);
            digest = folder_digest(&m);
            check_ok(&m, false, &report);
            ck_assert_uint_eq(folder_digest(&m), digest);
            status = open_and_read(&m);
            ck_assert_msg(report.result.refused == (status == WEIR_E_DAMAGED) &&
                              (report.result.damaged_count > 0) == (status != WEIR_OK),
                          "%s at %zu: open says %s, the check:\n%.*s", path, at, weir_status_name(status),
                          (int)report.text.len, (char *)report.text.ptr);
            if (strncmp(files.names[i], "chunk-", 6) == 0)
                ck_assert_msg(report.result.damaged_count + report.result.dead_count == 1, "%s at %zu: not told", path,
                              at);
            else
                ck_assert_uint_eq(report.result.dead_count, 0);
            if (status != WEIR_OK || report.result.dead_count > 0) {
                ck_assert(says(&report, files.names[i]));
                ck_assert(says(&report, "offset"));
            }
            ck_assert(says(&report, "Nothing refers to it") == (report.result.dead_count > 0));
            dead += report.result.dead_count;
            if (status == WEIR_E_DAMAGED)
                ck_assert_msg(strstr(m.err.message, "weir store check " DIR) != NULL, "%s", m.err.message);
            if (status == WEIR_E_AGAIN)
                ck_assert(says(&report, "not readable: bytes "));
            refused += status == WEIR_E_DAMAGED;
            unreadable += status == WEIR_E_AGAIN;
            bytes[at] ^= 0x10;
            save(&m, path, bytes, len); /* the open may have cut a torn tail */
            report_fini(&report);
        }
        free(bytes);
    }
    ck_assert_uint_gt(refused, 20);
    ck_assert_uint_gt(unreadable, 10);
    ck_assert_uint_gt(dead, 30); /* a page of seg0, two of "gone" */
    ck_assert_int_eq(open_and_read(&m), WEIR_OK);
    machine_fini(&m);
}
END_TEST

/* The file whose name begins so; the only or the first one. */
static const char *file_path(struct machine *m, const char *begin, char path[80])
{
    struct files files;

    list_files(m, &files);
    for (int i = 0; i < files.count; i++) {
        snprintf(path, 80, "%s/%s", DIR, files.names[i]);
        if (strncmp(files.names[i], begin, strlen(begin)) == 0)
            return path;
    }
    ck_abort_msg("there is no file %s*", begin);
}

/* Changes bytes of a file in place. */
static void spoil(struct machine *m, const char *path, size_t at, size_t len)
{
    size_t size;
    uint8_t *bytes = load(m, path, &size);

    for (size_t i = at; i < at + len && i < size; i++)
        bytes[i] ^= 0xff;
    save(m, path, bytes, size);
    free(bytes);
}

/* Where "gone" stands in the first chunk: behind the runs of seg0 and seg1. */
#define GONE_AT                                                                                                        \
    (WEIR_FILE_HEADER_LEN + weir_chunk_run_file_len(90000) + weir_chunk_run_file_len(600))

/* Goal: pages that nothing refers to are told one by one; behind a length that can't be, up to where pages are known. */
START_TEST(pages_of_the_dead_are_walked)
{
    struct machine m;
    struct report report;
    char path[80], words[80];

    fill(&m, 6);
    file_path(&m, "chunk-", path);
    spoil(&m, path, GONE_AT + WEIR_CHUNK_PAGE_FILE_LEN + 1000, 1);
    check_ok(&m, false, &report);
    snprintf(words, sizeof(words), "damaged at offset %zu: wrong checksum of a page. Nothing refers to it",
             (size_t)GONE_AT + WEIR_CHUNK_PAGE_FILE_LEN);
    ck_assert_msg(says(&report, words), "%.*s", (int)report.text.len, (char *)report.text.ptr);
    ck_assert(says(&report, "1 of 7 pages, 0 of them with live data"));
    ck_assert(says(&report, "nothing refers to what is damaged"));
    ck_assert(!report.result.refused && report.result.damaged_count == 0 && report.result.dead_count == 1);
    report_fini(&report);

    spoil(&m, path, GONE_AT + 8, 4); /* the length of its first page */
    check_ok(&m, false, &report);
    snprintf(words, sizeof(words), "up to %zu cannot be told", (size_t)GONE_AT + weir_chunk_run_file_len(GONE_LEN));
    ck_assert_msg(says(&report, words), "%.*s", (int)report.text.len, (char *)report.text.ptr);
    ck_assert(says(&report, "1 of 6 pages"));
    report_fini(&report);
    ck_assert_int_eq(open_and_read(&m), WEIR_OK);
    machine_fini(&m);
}
END_TEST

/* Goal: when nobody knows any more what lived in them, chunks are looked at all the same: they may be worth keeping. */
START_TEST(chunks_are_looked_at_without_their_checkpoint)
{
    struct machine m;
    struct report report;
    char path[80];

    fill(&m, 7);
    ck_assert_int_eq(weir_fs_remove(weir_host_fs(m.host), file_path(&m, "checkpoint-", path), NULL), WEIR_OK);
    check_ok(&m, false, &report);
    ck_assert(report.result.refused);
    ck_assert_uint_eq(report.result.dead_count, 0);
    file_path(&m, "chunk-", path);
    ck_assert_msg(says(&report, "good     chunk-0000000000000001: 7 pages"), "%.*s", (int)report.text.len,
                  (char *)report.text.ptr);
    report_fini(&report);
    spoil(&m, path, WEIR_FILE_HEADER_LEN + 20, 1);
    check_ok(&m, false, &report);
    ck_assert_uint_eq(report.result.dead_count, 1);
    ck_assert(says(&report, "Nothing that is known refers to it"));
    report_fini(&report);
    spoil(&m, path, 30, 1); /* the header */
    check_ok(&m, false, &report);
    ck_assert(says(&report, "wrong checksum of the file header"));
    report_fini(&report);
    machine_fini(&m);
}
END_TEST

/* Goal: a missing file is told, with what it takes along; so is a file that ends early. */
START_TEST(missing_and_short_files)
{
    struct machine m;
    struct files files;

    fill(&m, 3);
    list_files(&m, &files);
    for (int i = 0; i < files.count; i++) {
        struct report report;
        char path[80];
        uint8_t *bytes;
        size_t len;

        if (strncmp(files.names[i], "log-", 4) == 0)
            continue; /* the newest may end anywhere, or be new */
        snprintf(path, sizeof(path), "%s/%s", DIR, files.names[i]);
        bytes = load(&m, path, &len);
        ck_assert_int_eq(weir_fs_remove(weir_host_fs(m.host), path, NULL), WEIR_OK);
        check_ok(&m, false, &report);
        ck_assert_uint_eq(report.result.damaged_count, 1);
        ck_assert(report.result.refused);
        ck_assert_int_eq(open_and_read(&m), WEIR_E_DAMAGED);
        report_fini(&report);
        save(&m, path, bytes, len - 5);
        check_ok(&m, false, &report);
        ck_assert_uint_eq(report.result.damaged_count, 1);
        ck_assert(says(&report, files.names[i]));
        ck_assert_int_eq(open_and_read(&m), WEIR_E_DAMAGED);
        report_fini(&report);
        save(&m, path, bytes, len);
        free(bytes);
    }
    ck_assert_int_eq(open_and_read(&m), WEIR_OK);
    machine_fini(&m);
}
END_TEST

START_TEST(who_may_not_be_checked)
{
    struct machine m;
    struct report report;

    machine_init(&m, 4, 1 << 20);
    ck_assert_int_eq(check_dir(&m, DIR, false, &report), WEIR_E_BUSY);
    report_fini(&report);
    ck_assert_int_eq(check_dir(&m, "/nowhere", false, &report), WEIR_E_NOT_FOUND);
    ck_assert(!weir_fs_exists(weir_host_fs(m.host), "/nowhere"));
    report_fini(&report);
    ck_assert_int_eq(weir_fs_mkdir(weir_host_fs(m.host), "/empty", NULL), WEIR_OK);
    ck_assert_int_eq(check_dir(&m, "/empty", false, &report), WEIR_E_NOT_FOUND);
    ck_assert(!weir_fs_exists(weir_host_fs(m.host), "/empty/lock"));
    report_fini(&report);
    machine_fini(&m);
}
END_TEST

/* Goal: a report stays short, unless all of it is asked for. */
START_TEST(long_tables_are_cut)
{
    struct machine m;
    struct report report;
    char name[16];

    machine_init(&m, 5, 1 << 20);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "many%d", i);
        ck_assert_int_eq(create(&m, name), WEIR_OK);
    }
    machine_shut_down(&m);
    machine_boot(&m);
    check_ok(&m, false, &report);
    ck_assert_uint_lt(report.line_count, 40);
    ck_assert(says(&report, "280 more"));
    report_fini(&report);
    check_ok(&m, true, &report);
    ck_assert_uint_gt(report.line_count, 300);
    report_fini(&report);
    machine_fini(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("check");
    TCase *tc = tcase_create("check");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, a_good_folder);
    tcase_add_test(tc, every_damaged_byte_is_told);
    tcase_add_test(tc, pages_of_the_dead_are_walked);
    tcase_add_test(tc, chunks_are_looked_at_without_their_checkpoint);
    tcase_add_test(tc, missing_and_short_files);
    tcase_add_test(tc, who_may_not_be_checked);
    tcase_add_test(tc, long_tables_are_cut);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
