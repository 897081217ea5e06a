/*
 * test_fs.c - every call of the POSIX file system, its failures and their words.
 */
#include <check.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "weir/fs.h"
#include "weir/host.h"

#define READ_WRITE (WEIR_OPEN_READ | WEIR_OPEN_WRITE | WEIR_OPEN_CREATE)

static struct weir_host *host;
static struct weir_fs *fs;
static char folder[64];
static char text[PATH_MAX];
static struct weir_error err;

/* A path in the test's folder; valid until the next call. */
static const char *in_folder(const char *name)
{
    snprintf(text, sizeof(text), "%s/%s", folder, name);
    return text;
}

static void setup(void)
{
    ck_assert_int_eq(weir_host_new(NULL, &host, NULL), WEIR_OK);
    fs = weir_host_fs(host);
    snprintf(folder, sizeof(folder), "/tmp/weir-test-fs-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    err = (struct weir_error){0};
}

static enum weir_status remove_entry(void *arg, const char *name, bool is_dir)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", (const char *)arg, name);
    if (is_dir)
        ck_assert_int_eq(weir_fs_list(fs, path, remove_entry, path, NULL), WEIR_OK);
    return weir_fs_remove(fs, path, NULL);
}

static void teardown(void)
{
    ck_assert_int_eq(weir_fs_list(fs, folder, remove_entry, folder, NULL), WEIR_OK);
    ck_assert_int_eq(weir_fs_remove(fs, folder, NULL), WEIR_OK);
    weir_host_free(host);
}

static void write_text(struct weir_file *file, const char *words, uint64_t offset)
{
    struct iovec iov = {(void *)words, strlen(words)};

    ck_assert_int_eq(weir_file_write_at(file, &iov, 1, offset, &err), WEIR_OK);
}

static void make_file(const char *name, const char *words)
{
    struct weir_file *file;

    ck_assert_int_eq(weir_fs_open(fs, in_folder(name), READ_WRITE, &file, &err), WEIR_OK);
    write_text(file, words, 0);
    weir_file_close(file);
}

static void check_file(const char *name, const char *words)
{
    struct weir_file *file;
    char buf[64];
    size_t got;

    ck_assert_int_eq(weir_fs_open(fs, in_folder(name), WEIR_OPEN_READ, &file, &err), WEIR_OK);
    ck_assert_int_eq(weir_file_read_at(file, buf, sizeof(buf), 0, &got, &err), WEIR_OK);
    ck_assert_uint_eq(got, strlen(words));
    ck_assert_mem_eq(buf, words, got);
    weir_file_close(file);
}

START_TEST(file_holds_what_was_written)
{
    struct weir_file *file;
    char buf[16] = "";
    uint64_t size;
    size_t got;

    ck_assert_int_eq(weir_fs_open(fs, in_folder("f"), READ_WRITE, &file, &err), WEIR_OK);
    write_text(file, "hello", 3);
    ck_assert_int_eq(weir_file_size(file, &size, &err), WEIR_OK);
    ck_assert_uint_eq(size, 8);
    ck_assert_int_eq(weir_file_read_at(file, buf, sizeof(buf), 2, &got, &err), WEIR_OK);
    ck_assert_uint_eq(got, 6);
    ck_assert_mem_eq(buf, "\0hello", 6);
    ck_assert_int_eq(weir_file_read_at(file, buf, sizeof(buf), 8, &got, &err), WEIR_OK);
    ck_assert_uint_eq(got, 0);
    ck_assert_int_eq(weir_file_truncate(file, 4, &err), WEIR_OK);
    ck_assert_int_eq(weir_file_size(file, &size, &err), WEIR_OK);
    ck_assert_uint_eq(size, 4);
    ck_assert_int_eq(weir_file_sync(file, &err), WEIR_OK);
    weir_file_close(file);
    weir_file_close(NULL);
}
END_TEST

/* More buffers than one pwritev(2) takes, empty ones among them. */
START_TEST(many_buffers_are_written_in_full)
{
    enum { COUNT = 3 * IOV_MAX + 7 };
    static char bytes[COUNT], back[COUNT];
    static struct iovec iov[COUNT];
    struct weir_file *file;
    size_t len = 0, got;

    for (int i = 0; i < COUNT; i++) {
        bytes[i] = (char)i;
        iov[i] = (struct iovec){bytes + len, i % 3 == 0 ? 0 : 1};
        len += iov[i].iov_len;
    }
    ck_assert_int_eq(weir_fs_open(fs, in_folder("f"), READ_WRITE, &file, &err), WEIR_OK);
    ck_assert_int_eq(weir_file_write_at(file, iov, COUNT, 0, &err), WEIR_OK);
    ck_assert_int_eq(weir_file_read_at(file, back, sizeof(back), 0, &got, &err), WEIR_OK);
    ck_assert_uint_eq(got, len);
    ck_assert_mem_eq(back, bytes, len);
    weir_file_close(file);
}
END_TEST

START_TEST(open_flags_mean_what_they_say)
{
    struct weir_file *file;
    uint64_t size;

    ck_assert_int_eq(weir_fs_open(fs, in_folder("none"), WEIR_OPEN_READ, &file, &err), WEIR_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, in_folder("none")));
    ck_assert_int_eq(err.sys_errno, ENOENT);
    make_file("f", "words");
    ck_assert_int_eq(weir_fs_open(fs, in_folder("f"), READ_WRITE | WEIR_OPEN_EXCL, &file, &err), WEIR_E_EXISTS);
    ck_assert_int_eq(weir_fs_open(fs, in_folder("f"), READ_WRITE, &file, &err), WEIR_OK);
    ck_assert_int_eq(weir_file_size(file, &size, &err), WEIR_OK);
    ck_assert_uint_eq(size, 5);
    weir_file_close(file);
    ck_assert_int_eq(weir_fs_open(fs, in_folder("f"), WEIR_OPEN_WRITE | WEIR_OPEN_TRUNC, &file, &err), WEIR_OK);
    ck_assert_int_eq(weir_file_size(file, &size, &err), WEIR_OK);
    ck_assert_uint_eq(size, 0);
    weir_file_close(file);
    make_file("f", "words");
    ck_assert_int_eq(weir_fs_open(fs, in_folder("f/below"), WEIR_OPEN_READ, &file, &err), WEIR_E_NOT_FOUND);
}
END_TEST

START_TEST(rename_replaces_and_remove_removes)
{
    char from[PATH_MAX];

    make_file("from", "new");
    make_file("to", "old");
    snprintf(from, sizeof(from), "%s", in_folder("from"));
    ck_assert_int_eq(weir_fs_rename(fs, from, in_folder("to"), &err), WEIR_OK);
    check_file("to", "new");
    ck_assert(!weir_fs_exists(fs, from));
    ck_assert_int_eq(weir_fs_rename(fs, from, in_folder("to"), &err), WEIR_E_NOT_FOUND);
    ck_assert_ptr_nonnull(strstr(err.message, from));
    ck_assert_int_eq(weir_fs_sync_dir(fs, folder, &err), WEIR_OK);
    ck_assert_int_eq(weir_fs_remove(fs, in_folder("to"), &err), WEIR_OK);
    ck_assert_int_eq(weir_fs_remove(fs, in_folder("to"), &err), WEIR_E_NOT_FOUND);
    ck_assert_int_eq(weir_fs_sync_dir(fs, in_folder("to"), &err), WEIR_E_NOT_FOUND);
}
END_TEST

/* Goal: a private folder keeps others out; its parents are as they would be, and one that is there is left alone. */
START_TEST(a_private_folder_is_for_its_owner)
{
    struct stat found, ordinary;

    ck_assert_int_eq(weir_fs_mkdir(fs, in_folder("open"), &err), WEIR_OK);
    ck_assert_int_eq(stat(in_folder("open"), &ordinary), 0);
    ck_assert_int_eq(weir_fs_mkdir_private(fs, in_folder("parent/mine/"), &err), WEIR_OK);
    ck_assert_int_eq(stat(in_folder("parent/mine"), &found), 0);
    ck_assert_uint_eq(found.st_mode & 0777, 0700);
    ck_assert_int_eq(stat(in_folder("parent"), &found), 0);
    ck_assert_uint_eq(found.st_mode, ordinary.st_mode);
    ck_assert_int_eq(weir_fs_mkdir_private(fs, in_folder("open"), &err), WEIR_OK);
    ck_assert_int_eq(stat(in_folder("open"), &found), 0);
    ck_assert_uint_eq(found.st_mode, ordinary.st_mode);
}
END_TEST

START_TEST(folders_are_made_with_parents_and_removed_empty)
{
    char from[PATH_MAX];

    ck_assert_int_eq(weir_fs_mkdir(fs, in_folder("a/b//c/"), &err), WEIR_OK);
    ck_assert_int_eq(weir_fs_mkdir(fs, in_folder("a/b/c"), &err), WEIR_OK);
    ck_assert_int_eq(weir_fs_remove(fs, in_folder("a/b"), &err), WEIR_E_EXISTS);
    make_file("a/file", "x");
    ck_assert_int_eq(weir_fs_mkdir(fs, in_folder("a/file"), &err), WEIR_E_EXISTS);
    ck_assert_int_eq(weir_fs_mkdir(fs, in_folder("a/file/below"), &err), WEIR_E_NOT_FOUND);
    ck_assert_int_eq(weir_fs_mkdir(fs, "", &err), WEIR_E_NOT_FOUND);
    snprintf(from, sizeof(from), "%s", in_folder("a/b"));
    ck_assert_int_eq(weir_fs_rename(fs, from, in_folder("moved"), &err), WEIR_OK);
    ck_assert(weir_fs_exists(fs, in_folder("moved/c")));
    ck_assert_int_eq(weir_fs_mkdir(fs, from, &err), WEIR_OK);
    ck_assert_int_eq(weir_fs_rename(fs, from, in_folder("moved"), &err), WEIR_E_EXISTS); /* not empty */
}
END_TEST

struct listing {
    char names[256];
    int left; /* entries until it ends the list */
};

static enum weir_status add_name(void *arg, const char *name, bool is_dir)
{
    struct listing *listing = arg;

    if (listing->left-- == 0)
        return WEIR_E_CANCELLED;
    strcat(strcat(listing->names, name), is_dir ? "/ " : " ");
    return WEIR_OK;
}

START_TEST(list_is_in_byte_order)
{
    struct listing all = {.left = 100}, two = {.left = 2};

    make_file("b", "");
    make_file("a", "");
    make_file("B", "");
    make_file(".dot", "");
    make_file("a\xc3\xa9", "");
    ck_assert_int_eq(weir_fs_mkdir(fs, in_folder("a-dir"), &err), WEIR_OK);
    ck_assert_int_eq(weir_fs_list(fs, folder, add_name, &all, &err), WEIR_OK);
    ck_assert_str_eq(all.names, ".dot B a a-dir/ a\xc3\xa9 b ");
    ck_assert_int_eq(weir_fs_list(fs, folder, add_name, &two, &err), WEIR_E_CANCELLED);
    ck_assert_str_eq(two.names, ".dot B ");
    ck_assert_int_eq(weir_fs_list(fs, in_folder("none"), add_name, &all, &err), WEIR_E_NOT_FOUND);
}
END_TEST

/* Goal: a lock keeps other processes and ourselves out, names its holder, and ends with its process. */
START_TEST(lock_has_one_holder)
{
    struct weir_fs_lock *lock, *second;
    int to_parent[2], to_child[2], wait_status;
    char byte, pid_text[16];
    pid_t pid;

    ck_assert_int_eq(pipe(to_parent), 0);
    ck_assert_int_eq(pipe(to_child), 0);
    in_folder("LOCK");
    pid = fork();
    if (pid == 0) { /* holds it until the parent says so, and ends without giving it back */
        if (weir_fs_lock(fs, text, &lock, NULL) != WEIR_OK || write(to_parent[1], "x", 1) != 1 ||
            read(to_child[0], &byte, 1) != 1)
            _exit(1);
        _exit(0);
    }
    ck_assert_int_eq(read(to_parent[0], &byte, 1), 1);
    ck_assert_int_eq(weir_fs_lock(fs, text, &second, &err), WEIR_E_BUSY);
    snprintf(pid_text, sizeof(pid_text), "%d", (int)pid);
    ck_assert_ptr_nonnull(strstr(err.message, text));
    ck_assert_ptr_nonnull(strstr(err.message, pid_text));
    ck_assert_int_eq(write(to_child[1], "x", 1), 1);
    ck_assert_int_eq(waitpid(pid, &wait_status, 0), pid);
    ck_assert_int_eq(wait_status, 0);
    ck_assert_int_eq(weir_fs_lock(fs, text, &lock, &err), WEIR_OK);
    ck_assert_int_eq(weir_fs_lock(fs, text, &second, &err), WEIR_E_BUSY);
    weir_fs_unlock(lock);
    ck_assert_int_eq(weir_fs_lock(fs, text, &lock, &err), WEIR_OK);
    ck_assert_int_eq(weir_fs_lock_existing(fs, text, &second, &err), WEIR_E_BUSY);
    ck_assert_int_eq(unlink(text), 0); /* by somebody who took it for a leftover */
    ck_assert_int_eq(weir_fs_lock(fs, text, &second, &err), WEIR_E_BUSY);
    weir_fs_unlock(lock);
    ck_assert_int_eq(weir_fs_lock(fs, text, &lock, &err), WEIR_OK);
    weir_fs_unlock(lock);
    weir_fs_unlock(NULL);
    for (int i = 0; i < 2; i++) {
        close(to_parent[i]);
        close(to_child[i]);
    }
}
END_TEST

START_TEST(free_space_is_told)
{
    uint64_t bytes = 0;

    ck_assert_int_eq(weir_fs_free_bytes(fs, folder, &bytes, &err), WEIR_OK);
    ck_assert_uint_gt(bytes, 0);
    ck_assert_int_eq(weir_fs_free_bytes(fs, in_folder("none"), &bytes, &err), WEIR_E_NOT_FOUND);
}
END_TEST

/* Goal: a full file system gives FULL with the path and the remedy. Needs the right to mount a small one. */
START_TEST(full_file_system_says_so)
{
    static char bytes[256 * 1024];
    struct iovec iov[2] = {{bytes, sizeof(bytes) / 2}, {bytes, sizeof(bytes) / 2}};
    char mount_point[PATH_MAX];
    struct weir_file *file;

    ck_assert_int_eq(weir_fs_mkdir(fs, in_folder("small"), &err), WEIR_OK);
    snprintf(mount_point, sizeof(mount_point), "%s", in_folder("small"));
    if (mount("tmpfs", mount_point, "tmpfs", 0, "size=64k") != 0) {
        printf("full_file_system_says_so: skipped, no right to mount a tmpfs: %s\n", strerror(errno));
        return;
    }
    ck_assert_int_eq(weir_fs_open(fs, in_folder("small/f"), READ_WRITE, &file, &err), WEIR_OK);
    ck_assert_int_eq(weir_file_write_at(file, iov, 2, 0, &err), WEIR_E_FULL);
    ck_assert_ptr_nonnull(strstr(err.message, in_folder("small/f")));
    ck_assert_ptr_nonnull(strstr(err.message, "free some space"));
    ck_assert_int_eq(weir_status_class(err.status), WEIR_CLASS_RETRIABLE);
    weir_file_close(file);
    ck_assert_int_eq(umount(mount_point), 0);
}
END_TEST

/* As a user without rights, in a child. */
START_TEST(missing_rights_are_denied)
{
    struct weir_file *file;
    int wait_status;
    pid_t pid;

    if (geteuid() != 0) {
        printf("missing_rights_are_denied: skipped, needs root to become somebody else\n");
        return;
    }
    make_file("f", "secret");
    pid = fork();
    if (pid == 0) {
        bool good = setuid(65534) == 0 &&
                    weir_fs_open(fs, in_folder("f"), WEIR_OPEN_READ, &file, &err) == WEIR_E_DENIED &&
                    strstr(err.message, in_folder("f")) != NULL && strstr(err.message, "permissions") != NULL;
        _exit(good ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &wait_status, 0), pid);
    ck_assert_int_eq(wait_status, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fs");
    TCase *tc = tcase_create("posix");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, file_holds_what_was_written);
    tcase_add_test(tc, many_buffers_are_written_in_full);
    tcase_add_test(tc, open_flags_mean_what_they_say);
    tcase_add_test(tc, rename_replaces_and_remove_removes);
    tcase_add_test(tc, a_private_folder_is_for_its_owner);
    tcase_add_test(tc, folders_are_made_with_parents_and_removed_empty);
    tcase_add_test(tc, list_is_in_byte_order);
    tcase_add_test(tc, lock_has_one_holder);
    tcase_add_test(tc, free_space_is_told);
    tcase_add_test(tc, full_file_system_says_so);
    tcase_add_test(tc, missing_rights_are_denied);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
