/*
 * test_sim_fs.c - the simulated disk: what a crash leaves, in every case; capacity, injected faults, locks.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "weir/sim.h"

#define DISK "disk"
#define SEED_COUNT 64

static struct weir_sim *sim;
static struct weir_host *host;
static struct weir_fs *fs;

static void boot(void)
{
    ck_assert_int_eq(weir_sim_host_new(sim, "host", DISK, &host, NULL), WEIR_OK);
    fs = weir_host_fs(host);
}

static void open_world(uint64_t seed, uint32_t torn_per_million)
{
    struct weir_sim_options options = {.seed = seed, .torn_per_million = torn_per_million};

    ck_assert_int_eq(weir_sim_new(&options, &sim, NULL), WEIR_OK);
    boot();
}

static void crash_and_boot(void)
{
    weir_sim_host_crash(host);
    boot();
}

static void close_world(void)
{
    weir_host_free(host);
    weir_sim_free(sim);
}

static struct weir_file *open_file(const char *path)
{
    struct weir_file *file;

    ck_assert_int_eq(weir_fs_open(fs, path, WEIR_OPEN_READ | WEIR_OPEN_WRITE | WEIR_OPEN_CREATE, &file, NULL), WEIR_OK);
    return file;
}

static enum weir_status write_str(struct weir_file *file, const char *str, uint64_t offset)
{
    struct iovec iov[2] = {{(void *)(uintptr_t)str, strlen(str) / 2},
                           {(void *)(uintptr_t)(str + strlen(str) / 2), strlen(str) - strlen(str) / 2}};

    return weir_file_write_at(file, iov, 2, offset, NULL);
}

/* A file with that text, its bytes synced or not, its name not. */
static void put(const char *path, const char *text, bool sync)
{
    struct weir_file *file = open_file(path);

    ck_assert_int_eq(weir_file_truncate(file, 0, NULL), WEIR_OK);
    ck_assert_int_eq(write_str(file, text, 0), WEIR_OK);
    if (sync)
        ck_assert_int_eq(weir_file_sync(file, NULL), WEIR_OK);
    weir_file_close(file);
}

static void sync_dir(const char *path)
{
    ck_assert_int_eq(weir_fs_sync_dir(fs, path, NULL), WEIR_OK);
}

/* The text of a file, or NULL if there is none. */
static const char *text_of(const char *path)
{
    static char text[4096];
    struct weir_file *file;
    size_t got;

    if (weir_fs_open(fs, path, WEIR_OPEN_READ, &file, NULL) != WEIR_OK)
        return NULL;
    ck_assert_int_eq(weir_file_read_at(file, text, sizeof(text) - 1, 0, &got, NULL), WEIR_OK);
    text[got] = '\0';
    weir_file_close(file);
    return text;
}

START_TEST(synced_bytes_and_names_survive)
{
    open_world((uint64_t)_i, _i % 2 == 0 ? 0 : 500000);
    ck_assert_int_eq(weir_fs_mkdir(fs, "/a/b", NULL), WEIR_OK);
    sync_dir("/");
    sync_dir("/a");
    put("/a/b/f", "kept", true);
    sync_dir("/a/b");
    crash_and_boot();
    ck_assert_str_eq(text_of("/a/b/f"), "kept");
    crash_and_boot();
    ck_assert_str_eq(text_of("a//b/./f"), "kept");
    close_world();
}
END_TEST

START_TEST(unsynced_bytes_are_lost)
{
    struct weir_file *file;
    uint64_t size;

    open_world(1, 0);
    put("f", "durable", true);
    sync_dir("/");
    file = open_file("f");
    ck_assert_int_eq(write_str(file, "DUR", 0), WEIR_OK);
    ck_assert_int_eq(write_str(file, "tail", 7), WEIR_OK);
    ck_assert_str_eq(text_of("f"), "DURabletail");
    weir_file_close(file); /* closing is not syncing */
    crash_and_boot();
    ck_assert_str_eq(text_of("f"), "durable");
    file = open_file("f");
    ck_assert_int_eq(weir_file_truncate(file, 3, NULL), WEIR_OK);
    ck_assert_int_eq(weir_file_size(file, &size, NULL), WEIR_OK);
    ck_assert_uint_eq(size, 3);
    weir_file_close(file);
    crash_and_boot();
    ck_assert_str_eq(text_of("f"), "durable");
    close_world();
}
END_TEST

START_TEST(a_name_is_durable_only_by_its_folder)
{
    open_world(1, 0);
    put("f", "bytes are durable, the name is not", true);
    crash_and_boot();
    ck_assert_ptr_null(text_of("f"));
    ck_assert_int_eq(weir_fs_mkdir(fs, "d", NULL), WEIR_OK);
    put("d/f", "x", true);
    sync_dir("d"); /* but nobody synced the root */
    crash_and_boot();
    ck_assert(!weir_fs_exists(fs, "d"));
    put("f", "x", true);
    sync_dir("/");
    ck_assert_int_eq(weir_fs_remove(fs, "f", NULL), WEIR_OK);
    ck_assert(!weir_fs_exists(fs, "f"));
    crash_and_boot();
    ck_assert_str_eq(text_of("f"), "x");
    ck_assert_int_eq(weir_fs_remove(fs, "f", NULL), WEIR_OK);
    sync_dir("/");
    crash_and_boot();
    ck_assert(!weir_fs_exists(fs, "f"));
    close_world();
}
END_TEST

START_TEST(a_name_is_durable_with_the_folders_above_it)
{
    static const char *const paths[] = {"f", "a/f", "a/b/c/f", "/a/b/f", "a//b//f"};
    const char *path = paths[_i];
    char folder[16];

    open_world(1, 0);
    strcpy(folder, path);
    folder[strlen(folder) - 1] = '\0';
    if (folder[0] != '\0')
        ck_assert_int_eq(weir_fs_mkdir(fs, folder, NULL), WEIR_OK);
    put(path, "x", true);
    ck_assert_int_eq(weir_fs_sync_parents(fs, path, NULL), WEIR_OK);
    crash_and_boot();
    ck_assert_str_eq(text_of(path), "x");
    close_world();
}
END_TEST

/* Goal: a rename that replaces a file is all or nothing, and both outcomes happen.
 * Method: over many seeds, replace "f" by "f.new" without syncing the folder, crash, look. */
START_TEST(a_rename_is_atomic)
{
    unsigned old_count = 0, new_count = 0;

    for (uint64_t seed = 0; seed < SEED_COUNT; seed++) {
        open_world(seed, 500000);
        put("f", "old", true);
        put("f.new", "new", true);
        sync_dir("/");
        ck_assert_int_eq(weir_fs_rename(fs, "f.new", "f", NULL), WEIR_OK);
        ck_assert_str_eq(text_of("f"), "new");
        crash_and_boot();
        ck_assert_ptr_nonnull(text_of("f"));
        if (strcmp(text_of("f"), "old") == 0) {
            old_count++;
            ck_assert_str_eq(text_of("f.new"), "new");
        } else {
            new_count++;
            ck_assert_str_eq(text_of("f"), "new");
            ck_assert_ptr_null(text_of("f.new"));
        }
        close_world();
    }
    ck_assert_uint_gt(old_count, 0);
    ck_assert_uint_gt(new_count, 0);
}
END_TEST

START_TEST(a_synced_rename_survives)
{
    open_world((uint64_t)_i, 500000);
    put("f", "old", true);
    sync_dir("/");
    put("f.new", "new", true);
    ck_assert_int_eq(weir_fs_rename(fs, "f.new", "f", NULL), WEIR_OK);
    sync_dir("/");
    crash_and_boot();
    ck_assert_str_eq(text_of("f"), "new");
    ck_assert_ptr_null(text_of("f.new"));
    close_world();
}
END_TEST

/* Whichever folder of a move is synced, the file is somewhere afterwards; with both synced it is where it should be. */
START_TEST(a_move_between_folders_never_loses_the_file)
{
    bool sync_from = (_i & 1) != 0, sync_to = (_i & 2) != 0;
    bool from_seen, to_seen;

    open_world((uint64_t)_i, 500000);
    ck_assert_int_eq(weir_fs_mkdir(fs, "from", NULL), WEIR_OK);
    ck_assert_int_eq(weir_fs_mkdir(fs, "to", NULL), WEIR_OK);
    sync_dir("/");
    put("from/f", "moved", true);
    put("to/f", "replaced", true);
    sync_dir("from");
    sync_dir("to");
    ck_assert_int_eq(weir_fs_remove(fs, "to/f", NULL), WEIR_OK);
    ck_assert_int_eq(weir_fs_rename(fs, "from/f", "to/f", NULL), WEIR_OK);
    if (sync_from)
        sync_dir("from");
    if (sync_to)
        sync_dir("to");
    crash_and_boot();
    from_seen = text_of("from/f") != NULL;
    to_seen = text_of("to/f") != NULL && strcmp(text_of("to/f"), "moved") == 0;
    ck_assert(from_seen || to_seen);
    if (sync_from)
        ck_assert(!from_seen);
    if (sync_from || sync_to)
        ck_assert(to_seen);
    close_world();
}
END_TEST

/* Moves of folders into and out of each other survive in order, or a crash could leave each within the other. */
START_TEST(folders_never_end_up_within_each_other)
{
    open_world((uint64_t)_i, 500000);
    ck_assert_int_eq(weir_fs_mkdir(fs, "d", NULL), WEIR_OK);
    ck_assert_int_eq(weir_fs_mkdir(fs, "e", NULL), WEIR_OK);
    sync_dir("/");
    ck_assert_int_eq(weir_fs_rename(fs, "e", "d/e", NULL), WEIR_OK);
    ck_assert_int_eq(weir_fs_rename(fs, "d/e", "e", NULL), WEIR_OK);
    ck_assert_int_eq(weir_fs_rename(fs, "d", "e/d", NULL), WEIR_OK);
    crash_and_boot();
    ck_assert(weir_fs_exists(fs, "d") || weir_fs_exists(fs, "e/d"));
    ck_assert(weir_fs_exists(fs, "e") || weir_fs_exists(fs, "d/e"));
    close_world();
}
END_TEST

/* Goal: what is left of unsynced writes is always a part of them over what was durable, and every kind of part happens.
 * Method: two writes behind a durable head, many seeds. */
START_TEST(unsynced_writes_are_torn_at_any_byte)
{
    unsigned lost = 0, whole = 0, torn = 0;

    for (uint64_t seed = 0; seed < 4 * SEED_COUNT; seed++) {
        struct weir_file *file;
        uint64_t size;
        uint8_t buf[30];
        size_t got;

        open_world(seed, 500000);
        put("f", "headhead", true);
        sync_dir("/");
        file = open_file("f");
        ck_assert_int_eq(write_str(file, "AAAAAAAAAA", 8), WEIR_OK);
        ck_assert_int_eq(write_str(file, "BBBBBBBBBB", 18), WEIR_OK);
        weir_file_close(file);
        crash_and_boot();
        file = open_file("f");
        ck_assert_int_eq(weir_file_size(file, &size, NULL), WEIR_OK);
        ck_assert_uint_le(size, 28);
        ck_assert_int_eq(weir_file_read_at(file, buf, sizeof(buf), 0, &got, NULL), WEIR_OK);
        ck_assert_uint_eq(got, size);
        ck_assert_mem_eq(buf, "headhead", 8);
        for (size_t i = 8, kept = 0; i <= got; i++) {
            if (i < got) {
                ck_assert(buf[i] == 0 || buf[i] == (i < 18 ? 'A' : 'B'));
                kept += buf[i] != 0;
            } else {
                lost += kept == 0;
                whole += kept == 20;
                torn += kept % 10 != 0;
            }
        }
        weir_file_close(file);
        close_world();
    }
    ck_assert_uint_gt(lost, 0);
    ck_assert_uint_gt(whole, 0);
    ck_assert_uint_gt(torn, SEED_COUNT / 4);
}
END_TEST

START_TEST(a_full_disk_takes_no_more)
{
    struct weir_file *file;
    uint64_t bytes;

    open_world(1, 0);
    weir_sim_disk_capacity(sim, DISK, 10);
    file = open_file("f");
    ck_assert_int_eq(write_str(file, "12345678", 0), WEIR_OK);
    ck_assert_int_eq(weir_fs_free_bytes(fs, "/", &bytes, NULL), WEIR_OK);
    ck_assert_uint_eq(bytes, 2);
    ck_assert_int_eq(write_str(file, "abcd", 8), WEIR_E_FULL);
    ck_assert_int_eq(write_str(file, "ABCD", 0), WEIR_OK); /* needs no room */
    ck_assert_int_eq(weir_file_truncate(file, 11, NULL), WEIR_E_FULL);
    ck_assert_int_eq(weir_file_truncate(file, 4, NULL), WEIR_OK);
    ck_assert_int_eq(write_str(file, "efghij", 4), WEIR_OK);
    weir_file_close(file);
    ck_assert_int_eq(weir_fs_remove(fs, "f", NULL), WEIR_OK);
    ck_assert_int_eq(weir_fs_free_bytes(fs, "/", &bytes, NULL), WEIR_OK);
    ck_assert_uint_eq(bytes, 10);
    put("g", "0123456789", true);
    sync_dir("/");
    crash_and_boot();
    ck_assert_int_eq(weir_fs_free_bytes(fs, "/", &bytes, NULL), WEIR_OK);
    ck_assert_uint_eq(bytes, 0);
    weir_sim_disk_capacity(sim, DISK, 0);
    put("h", "more", false);
    close_world();
}
END_TEST

START_TEST(faults_fall_on_the_call_they_are_meant_for)
{
    struct weir_file *file;

    open_world(1, 0);
    file = open_file("f");
    sync_dir("/");
    weir_sim_disk_fail_write(sim, DISK, 1, WEIR_E_FULL);
    ck_assert_int_eq(write_str(file, "a", 0), WEIR_OK);
    ck_assert_int_eq(write_str(file, "bb", 1), WEIR_E_FULL);
    ck_assert_int_eq(write_str(file, "bb", 1), WEIR_OK);
    weir_sim_disk_fail_sync(sim, DISK, 0, WEIR_E_IO);
    ck_assert_int_eq(weir_file_sync(file, NULL), WEIR_E_IO);
    ck_assert_int_eq(weir_file_sync(file, NULL), WEIR_OK);
    ck_assert_str_eq(text_of("f"), "abb");
    ck_assert_uint_eq(weir_sim_disk_sync_count(sim, DISK), 3);
    weir_file_close(file);
    crash_and_boot();
    ck_assert_str_eq(text_of("f"), ""); /* a sync that failed is not made good by the next */
    close_world();
}
END_TEST

START_TEST(a_lock_is_held_by_one_process_until_it_dies)
{
    struct weir_host *other;
    struct weir_fs_lock *lock, *other_lock;

    open_world(1, 0);
    ck_assert_int_eq(weir_sim_host_new(sim, "other", DISK, &other, NULL), WEIR_OK);
    ck_assert_int_eq(weir_fs_lock(fs, "LOCK", &lock, NULL), WEIR_OK);
    ck_assert_int_eq(weir_fs_lock(weir_host_fs(other), "LOCK", &other_lock, NULL), WEIR_E_BUSY);
    weir_fs_unlock(lock);
    ck_assert_int_eq(weir_fs_lock(weir_host_fs(other), "LOCK", &other_lock, NULL), WEIR_OK);
    ck_assert_int_eq(weir_fs_lock(fs, "LOCK", &lock, NULL), WEIR_E_BUSY);
    weir_sim_host_silence(other);
    ck_assert_int_eq(weir_fs_lock(fs, "LOCK", &lock, NULL), WEIR_OK);
    weir_fs_unlock(other_lock);
    weir_sim_host_crash(other);
    weir_fs_unlock(lock);
    close_world();
}
END_TEST

static enum weir_status append_name(void *arg, const char *name, bool is_dir)
{
    strcat(arg, name);
    strcat(arg, is_dir ? "/ " : " ");
    return strcmp(name, "stop") == 0 ? WEIR_E_END : WEIR_OK;
}

START_TEST(calls_have_the_documented_statuses)
{
    struct weir_file *file;
    char names[100] = "";

    open_world(1, 0);
    ck_assert_int_eq(weir_fs_open(fs, "none", WEIR_OPEN_READ, &file, NULL), WEIR_E_NOT_FOUND);
    ck_assert_int_eq(weir_fs_open(fs, "none/f", WEIR_OPEN_WRITE | WEIR_OPEN_CREATE, &file, NULL), WEIR_E_NOT_FOUND);
    put("b", "b", false);
    put("a", "a", false);
    ck_assert_int_eq(weir_fs_open(fs, "a", WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_EXCL, &file, NULL),
                     WEIR_E_EXISTS);
    ck_assert_int_eq(weir_fs_mkdir(fs, "d/e", NULL), WEIR_OK);
    ck_assert_int_eq(weir_fs_mkdir(fs, "d/e", NULL), WEIR_OK);
    ck_assert_int_eq(weir_fs_mkdir(fs, "a", NULL), WEIR_E_EXISTS);
    ck_assert_int_eq(weir_fs_remove(fs, "d", NULL), WEIR_E_EXISTS);
    ck_assert_int_eq(weir_fs_remove(fs, "none", NULL), WEIR_E_NOT_FOUND);
    ck_assert_int_eq(weir_fs_rename(fs, "none", "a", NULL), WEIR_E_NOT_FOUND);
    ck_assert_int_eq(weir_fs_rename(fs, "d", "d/e/d", NULL), WEIR_E_IO);
    ck_assert_int_eq(weir_fs_list(fs, "/", append_name, names, NULL), WEIR_OK);
    ck_assert_str_eq(names, "a b d/ ");
    put("stop", "", false);
    put("zzz", "", false);
    names[0] = '\0';
    ck_assert_int_eq(weir_fs_list(fs, "", append_name, names, NULL), WEIR_E_END);
    ck_assert_str_eq(names, "a b d/ stop ");
    ck_assert_int_eq(weir_fs_rename(fs, "d", "moved", NULL), WEIR_OK);
    ck_assert(weir_fs_exists(fs, "moved/e"));
    close_world();
}
END_TEST

START_TEST(a_dead_process_reaches_no_disk)
{
    struct weir_file *file;
    struct weir_host *dead;

    open_world(1, 0);
    put("f", "durable", true);
    sync_dir("/");
    file = open_file("f");
    dead = host;
    weir_sim_host_silence(dead);
    ck_assert_int_eq(write_str(file, "ghost", 0), WEIR_E_IO);
    ck_assert_int_eq(weir_file_sync(file, NULL), WEIR_E_IO);
    ck_assert_int_eq(weir_fs_remove(fs, "f", NULL), WEIR_E_IO);
    ck_assert_int_eq(weir_fs_sync_dir(fs, "/", NULL), WEIR_E_IO);
    boot(); /* the next process may begin before the shells of the last are gone */
    ck_assert_str_eq(text_of("f"), "durable");
    weir_sim_host_crash(dead);
    weir_file_close(file);
    close_world();
}
END_TEST

/* An orderly end, or the end of one of two processes, leaves the machine up: nothing is forgotten. */
START_TEST(the_disk_forgets_with_the_last_process_only)
{
    struct weir_host *other;

    open_world(1, 0);
    put("f", "unsynced", false);
    weir_host_free(host);
    boot();
    ck_assert_str_eq(text_of("f"), "unsynced");
    ck_assert_int_eq(weir_sim_host_new(sim, "other", DISK, &other, NULL), WEIR_OK);
    weir_sim_host_crash(other);
    ck_assert_str_eq(text_of("f"), "unsynced");
    crash_and_boot();
    ck_assert_ptr_null(text_of("f"));
    close_world();
}
END_TEST

/* Goal: no order of calls and crashes breaks the disk's own accounts, or shows bytes that nobody wrote.
 * Method: random calls on few names; every file holds copies of one letter. Sanitizers and asserts watch. */
START_TEST(random_calls_and_crashes)
{
    static const char *const paths[] = {"a", "b", "d/a", "d/b", "e/a", "d", "e", "d/e"};
    struct weir_rng rng;

    open_world((uint64_t)_i, 300000);
    weir_rng_init(&rng, (uint64_t)_i);
    weir_sim_disk_capacity(sim, DISK, 300);
    for (int step = 0; step < 400; step++) {
        const char *path = paths[weir_rng_below(&rng, 8)], *other = paths[weir_rng_below(&rng, 8)];
        struct weir_file *file;

        switch (weir_rng_below(&rng, 8)) {
        case 0:
            weir_fs_mkdir(fs, path, NULL);
            break;
        case 1:
            weir_fs_rename(fs, path, other, NULL);
            break;
        case 2:
            weir_fs_remove(fs, path, NULL);
            break;
        case 3:
            weir_fs_sync_dir(fs, weir_rng_below(&rng, 2) == 0 ? path : "/", NULL);
            break;
        case 4:
            if (weir_rng_below(&rng, 4) == 0)
                crash_and_boot();
            break;
        default:
            if (weir_fs_open(fs, path, WEIR_OPEN_READ | WEIR_OPEN_WRITE | WEIR_OPEN_CREATE, &file, NULL) != WEIR_OK)
                break;
            write_str(file, "xxxxxxxxxxxxxxxxxxxxxxxxx", weir_rng_below(&rng, 30));
            if (weir_rng_below(&rng, 3) == 0)
                weir_file_truncate(file, weir_rng_below(&rng, 30), NULL);
            if (weir_rng_below(&rng, 3) == 0)
                weir_file_sync(file, NULL);
            weir_file_close(file);
        }
        if (text_of(path) != NULL)
            ck_assert_uint_eq(strspn(text_of(path), "x"), strlen(text_of(path)));
    }
    close_world();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sim_fs");
    TCase *tc = tcase_create("sim_fs");
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, synced_bytes_and_names_survive, 0, 10);
    tcase_add_test(tc, unsynced_bytes_are_lost);
    tcase_add_test(tc, a_name_is_durable_only_by_its_folder);
    tcase_add_loop_test(tc, a_name_is_durable_with_the_folders_above_it, 0, 5);
    tcase_add_test(tc, a_rename_is_atomic);
    tcase_add_loop_test(tc, a_synced_rename_survives, 0, 10);
    tcase_add_loop_test(tc, a_move_between_folders_never_loses_the_file, 0, SEED_COUNT);
    tcase_add_loop_test(tc, folders_never_end_up_within_each_other, 0, SEED_COUNT);
    tcase_add_test(tc, unsynced_writes_are_torn_at_any_byte);
    tcase_add_test(tc, a_full_disk_takes_no_more);
    tcase_add_test(tc, faults_fall_on_the_call_they_are_meant_for);
    tcase_add_test(tc, a_lock_is_held_by_one_process_until_it_dies);
    tcase_add_test(tc, calls_have_the_documented_statuses);
    tcase_add_test(tc, a_dead_process_reaches_no_disk);
    tcase_add_test(tc, the_disk_forgets_with_the_last_process_only);
    tcase_add_loop_test(tc, random_calls_and_crashes, 0, SEED_COUNT);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
