/*
 * test_checkpoint_storage.c - a checkpoint appears whole or not at all, and a damaged one is refused with its reason.
 *
 * All of it on the simulated disk: it crashes where it is told to and forgets what was not synced.
 */
#include "runtime/checkpoint_storage.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "runtime/manifest.h"
#include "weir/sim.h"

static struct weir_sim *sim;
static struct weir_host *host;

static void boot(void)
{
    ck_assert_int_eq(weir_sim_host_new(sim, "job", "disk", &host, NULL), WEIR_OK);
}

static void setup(void)
{
    struct weir_sim_options options = {.seed = 7};

    ck_assert_int_eq(weir_sim_new(&options, &sim, NULL), WEIR_OK);
    boot();
}

static void teardown(void)
{
    weir_host_free(host);
    weir_sim_free(sim);
}

static void fill(struct weir_snapshot *snapshot, int64_t id)
{
    char text[32];

    weir_snapshot_init(snapshot);
    weir_snapshot_begin_operator(snapshot, "counter");
    snprintf(text, sizeof(text), "state of %d", (int)id);
    weir_snapshot_add(snapshot, WEIR_STATE_KEYED, "sum", 5, weir_view_str(text));
    weir_snapshot_begin_operator(snapshot, "sink");
    weir_snapshot_add(snapshot, WEIR_STATE_LIST, "txns", 0, weir_view_str("a"));
    weir_snapshot_add(snapshot, WEIR_STATE_UNION, "offsets", 0, weir_view(NULL, 0));
}

static enum weir_status write_checkpoint(int64_t id, struct weir_error *err)
{
    struct weir_fs *fs = weir_host_fs(host);
    struct weir_manifest_operator operators[] = {{.uid = "counter", .name = "count", .vertex = 1, .parallelism = 1},
                                                 {.uid = "sink", .name = "out", .vertex = 1, .parallelism = 1}};
    struct weir_state_file file = {.vertex = 1, .subtask = 0};
    struct weir_manifest manifest = {.checkpoint_id = id,
                                     .job_name = "test",
                                     .max_parallelism = 128,
                                     .operators = operators,
                                     .operator_count = 2,
                                     .files = &file,
                                     .file_count = 1};
    struct weir_snapshot snapshot;
    enum weir_status status;

    fill(&snapshot, id);
    status = weir_checkpoint_start(fs, "checkpoints", id, err);
    if (status == WEIR_OK)
        status = weir_checkpoint_write(fs, "checkpoints", id, &snapshot, &file, err);
    if (status == WEIR_OK)
        status = weir_checkpoint_complete(fs, "checkpoints", &manifest, err);
    weir_snapshot_fini(&snapshot);
    return status;
}

/* The number of the newest checkpoint, after its state was read back and compared; 0 if there is none. */
static int64_t newest(void)
{
    struct weir_fs *fs = weir_host_fs(host);
    struct weir_snapshot_cursor cursor;
    struct weir_restored entry;
    char path[WEIR_PATH_LEN_MAX], name[128], expected[32];
    struct weir_manifest manifest;
    struct weir_error err = {0};
    struct weir_buf entries;
    int64_t id;

    if (weir_checkpoint_latest(fs, "checkpoints", NULL, NULL, path, &err) != WEIR_OK)
        return 0;
    ck_assert_int_eq(weir_checkpoint_open(fs, path, &manifest, &err), WEIR_OK);
    id = manifest.checkpoint_id;
    weir_buf_init(&entries, 1 << 20);
    ck_assert_int_eq(weir_checkpoint_read(fs, path, &manifest.files[0], &entries, &err), WEIR_OK);
    cursor = weir_snapshot_cursor(weir_buf_view(&entries));
    ck_assert_int_eq(weir_snapshot_next(&cursor, &entry, name), WEIR_OK);
    snprintf(expected, sizeof(expected), "state of %d", (int)id);
    ck_assert(weir_view_equal(entry.bytes, weir_view_str(expected)));
    ck_assert(weir_view_equal(cursor.uid, weir_view_str("counter")));
    ck_assert_str_eq(entry.state_name, "sum");
    ck_assert_int_eq(entry.key_group, 5);
    ck_assert_int_eq(weir_snapshot_next(&cursor, &entry, name), WEIR_OK);
    ck_assert(weir_view_equal(cursor.uid, weir_view_str("sink")));
    ck_assert_int_eq(entry.kind, WEIR_STATE_LIST);
    ck_assert_int_eq(weir_snapshot_next(&cursor, &entry, name), WEIR_OK);
    ck_assert_int_eq(entry.kind, WEIR_STATE_UNION);
    ck_assert_int_eq(weir_snapshot_next(&cursor, &entry, name), WEIR_E_END);
    weir_buf_fini(&entries);
    weir_manifest_fini(&manifest);
    return id;
}

START_TEST(what_is_written_is_read_back)
{
    ck_assert_int_eq(newest(), 0);
    ck_assert_int_eq(weir_checkpoint_last_id(weir_host_fs(host), "checkpoints"), 0);
    for (int64_t id = 1; id <= 12; id++)
        ck_assert_int_eq(write_checkpoint(id, NULL), WEIR_OK);
    ck_assert_int_eq(newest(), 12);
    ck_assert_int_eq(weir_checkpoint_retain(weir_host_fs(host), "checkpoints", 2, NULL), WEIR_OK);
    ck_assert(weir_fs_exists(weir_host_fs(host), "checkpoints/chk-11"));
    ck_assert(!weir_fs_exists(weir_host_fs(host), "checkpoints/chk-10"));
    ck_assert_int_eq(newest(), 12);
    ck_assert_int_eq(weir_checkpoint_last_id(weir_host_fs(host), "checkpoints"), 12);
}
END_TEST

/* Method: checkpoint 1 is complete; the machine dies at the 1st, 2nd, ... sync of checkpoint 2. What is found is 1 or
 * 2, whole, and 2 if it was reported complete. */
START_TEST(a_crash_at_every_sync_leaves_a_whole_one)
{
    enum weir_status status = WEIR_E_IO;

    ck_assert_int_eq(write_checkpoint(1, NULL), WEIR_OK);
    for (uint64_t at = 0; status != WEIR_OK; at++) {
        int64_t found;

        weir_sim_disk_fail_sync(sim, "disk", at, WEIR_E_IO);
        status = write_checkpoint(2, NULL);
        weir_sim_host_crash(host);
        boot();
        found = newest();
        ck_assert_msg(found == 1 || found == 2, "crash at sync %d: found %d", (int)at, (int)found);
        if (status == WEIR_OK)
            ck_assert_int_eq(found, 2);
        if (status != WEIR_OK && found == 2)
            ck_assert_int_eq(weir_checkpoint_retain(weir_host_fs(host), "checkpoints", 0, NULL), WEIR_OK);
        if (status != WEIR_OK && found == 2)
            ck_assert_int_eq(write_checkpoint(1, NULL), WEIR_OK);
        ck_assert_uint_lt(at, 20);
    }
}
END_TEST

static void flip_byte(const char *path, size_t at)
{
    struct weir_fs *fs = weir_host_fs(host);
    struct weir_file *file;
    uint8_t byte;
    struct iovec iov = {&byte, 1};
    size_t got;

    ck_assert_int_eq(weir_fs_open(fs, path, WEIR_OPEN_READ | WEIR_OPEN_WRITE, &file, NULL), WEIR_OK);
    ck_assert_int_eq(weir_file_read_at(file, &byte, 1, at, &got, NULL), WEIR_OK);
    byte ^= 0x10;
    ck_assert_int_eq(weir_file_write_at(file, &iov, 1, at, NULL), WEIR_OK);
    weir_file_close(file);
}

static uint64_t size_of(const char *path)
{
    struct weir_file *file;
    uint64_t size;

    ck_assert_int_eq(weir_fs_open(weir_host_fs(host), path, WEIR_OPEN_READ, &file, NULL), WEIR_OK);
    ck_assert_int_eq(weir_file_size(file, &size, NULL), WEIR_OK);
    weir_file_close(file);
    return size;
}

/* Method: with every byte of checkpoint 2 changed in turn, 2 is refused by name and 1 is used. */
START_TEST(every_changed_byte_is_noticed)
{
    static const char *const paths[] = {"checkpoints/chk-2/_metadata", "checkpoints/chk-2/1-0"};
    struct weir_manifest manifest;
    struct weir_error err = {0};

    ck_assert_int_eq(write_checkpoint(1, NULL), WEIR_OK);
    ck_assert_int_eq(write_checkpoint(2, NULL), WEIR_OK);
    for (size_t p = 0; p < 2; p++) {
        for (size_t at = 0; at < size_of(paths[p]); at++) {
            flip_byte(paths[p], at);
            ck_assert_int_eq(weir_checkpoint_open(weir_host_fs(host), "checkpoints/chk-2", &manifest, &err),
                             WEIR_E_DAMAGED);
            ck_assert_ptr_nonnull(strstr(err.message, paths[p]));
            ck_assert_int_eq(newest(), 1);
            flip_byte(paths[p], at);
        }
    }
    ck_assert_int_eq(newest(), 2);
}
END_TEST

START_TEST(a_full_disk_says_where_and_leaves_the_last_one)
{
    struct weir_error err = {0};

    ck_assert_int_eq(write_checkpoint(1, NULL), WEIR_OK);
    weir_sim_disk_fail_write(sim, "disk", 0, WEIR_E_FULL);
    ck_assert_int_eq(write_checkpoint(2, &err), WEIR_E_FULL);
    ck_assert_ptr_nonnull(strstr(err.message, "checkpoints/chk-2.inprogress/1-0"));
    ck_assert_int_eq(newest(), 1);
    ck_assert_int_eq(write_checkpoint(3, NULL), WEIR_OK);
    ck_assert_int_eq(newest(), 3);
}
END_TEST

START_TEST(a_packed_snapshot_is_refused_at_every_cut)
{
    struct weir_snapshot snapshot;
    struct weir_buf file, entries;

    fill(&snapshot, 1);
    weir_buf_init(&file, 1 << 20);
    weir_buf_init(&entries, 1 << 20);
    ck_assert_int_eq(weir_snapshot_pack(&snapshot, &file, NULL), WEIR_OK);
    for (size_t len = 0; len < file.len; len++) {
        weir_buf_reset(&entries);
        ck_assert_int_eq(weir_snapshot_unpack(weir_view(file.ptr, len), &entries, NULL), WEIR_E_DAMAGED);
    }
    weir_buf_reset(&entries);
    ck_assert_int_eq(weir_snapshot_unpack(weir_buf_view(&file), &entries, NULL), WEIR_OK);
    ck_assert(weir_view_equal(weir_buf_view(&entries), weir_buf_view(&snapshot.entries)));
    weir_buf_fini(&entries);
    weir_buf_fini(&file);
    weir_snapshot_fini(&snapshot);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("checkpoint_storage");
    TCase *tc = tcase_create("checkpoint_storage");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, what_is_written_is_read_back);
    tcase_add_test(tc, a_crash_at_every_sync_leaves_a_whole_one);
    tcase_add_test(tc, every_changed_byte_is_noticed);
    tcase_add_test(tc, a_full_disk_says_where_and_leaves_the_last_one);
    tcase_add_test(tc, a_packed_snapshot_is_refused_at_every_cut);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
