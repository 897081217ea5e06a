/**
 * @file weir/fs.h
 * @brief Files and directories. Calls block; a loop sends what may be slow (sync above all) to weir_host_submit().
 *
 * The real one is POSIX. The simulated one keeps a file's and a directory's unsynced changes apart, forgets them (or
 * some, or tears a write) at a crash, and can be told to fail. Thread: any; one file, one thread at a time.
 */
#ifndef WEIR_FS_H
#define WEIR_FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "weir/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weir_fs;
struct weir_file;    /* opaque; implementations see base/fs_int.h */
struct weir_fs_lock; /* opaque */

enum weir_open_flags {
    WEIR_OPEN_READ = 1,
    WEIR_OPEN_WRITE = 2,
    WEIR_OPEN_CREATE = 4, /**< made if missing */
    WEIR_OPEN_EXCL = 8,   /**< with CREATE: must be missing (WEIR_E_EXISTS) */
    WEIR_OPEN_TRUNC = 16,
};

/* Every message names the path. Shared statuses: WEIR_E_NOT_FOUND, WEIR_E_DENIED, WEIR_E_FULL (no space, quota),
 * WEIR_E_IO, WEIR_E_NOMEM. */
enum weir_status weir_fs_open(struct weir_fs *fs, const char *path, unsigned flags, struct weir_file **out,
                              struct weir_error *err);
/** Reads up to len bytes; *got < len only at the end of the file. */
enum weir_status weir_file_read_at(struct weir_file *file, void *buf, size_t len, uint64_t offset, size_t *got,
                                   struct weir_error *err);
/** Writes all or fails; after WEIR_E_FULL a part may stand in the file. */
enum weir_status weir_file_write_at(struct weir_file *file, const struct iovec *iov, int count, uint64_t offset,
                                    struct weir_error *err);
enum weir_status weir_file_size(struct weir_file *file, uint64_t *size, struct weir_error *err);
enum weir_status weir_file_truncate(struct weir_file *file, uint64_t size, struct weir_error *err);
/** Data and size are durable after this (fdatasync). */
enum weir_status weir_file_sync(struct weir_file *file, struct weir_error *err);
void weir_file_close(struct weir_file *file); /**< NULL is fine */

/** Replaces `to`; durable after weir_fs_sync_dir of both folders. Works on folders (an existing `to` must be empty). */
enum weir_status weir_fs_rename(struct weir_fs *fs, const char *from, const char *to, struct weir_error *err);
/** A file or an empty folder. */
enum weir_status weir_fs_remove(struct weir_fs *fs, const char *path, struct weir_error *err);
/** With parents, as mkdir -p; an existing folder is fine. */
enum weir_status weir_fs_mkdir(struct weir_fs *fs, const char *path, struct weir_error *err);
/** The same; the folder itself, if it is new, is for its owner alone. An existing one stays as it is, and so do
 * parents. */
enum weir_status weir_fs_mkdir_private(struct weir_fs *fs, const char *path, struct weir_error *err);
enum weir_status weir_fs_sync_dir(struct weir_fs *fs, const char *path, struct weir_error *err);
/**
 * Makes the name of `path` durable, and those of the folders above it: syncs each of them, up from the nearest. Those
 * above the nearest may fail: a folder that may not be opened is older than we are.
 */
enum weir_status weir_fs_sync_parents(struct weir_fs *fs, const char *path, struct weir_error *err);
/** Calls `each` for every name but "." and ".." in byte order; a status other than OK ends it and is returned. */
enum weir_status weir_fs_list(struct weir_fs *fs, const char *path,
                              enum weir_status (*each)(void *arg, const char *name, bool is_dir), void *arg,
                              struct weir_error *err);
/** True if a file or folder is there. */
bool weir_fs_exists(struct weir_fs *fs, const char *path);
/**
 * Takes the lock file `path` for this process (created if missing), and its folder, where the file system can: it holds
 * though the file is removed. @retval WEIR_E_BUSY another process holds it
 */
enum weir_status weir_fs_lock(struct weir_fs *fs, const char *path, struct weir_fs_lock **out, struct weir_error *err);
/** The same with a lock file that is there, of which only the lock is taken: nothing is written, which a disk may
 * refuse. */
enum weir_status weir_fs_lock_existing(struct weir_fs *fs, const char *path, struct weir_fs_lock **out,
                                       struct weir_error *err);
void weir_fs_unlock(struct weir_fs_lock *lock); /**< NULL is fine */

/** Bytes free to this process in the file system of `path`. */
enum weir_status weir_fs_free_bytes(struct weir_fs *fs, const char *path, uint64_t *bytes, struct weir_error *err);

#ifdef __cplusplus
}
#endif

#endif
