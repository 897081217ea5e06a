/*
 * fs.c - the file system's public calls, handed to the implementation (posix_fs.c, sim_fs.c).
 */
#include "weir/fs.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs_int.h"

enum weir_status weir_fs_open(struct weir_fs *fs, const char *path, unsigned flags, struct weir_file **out,
                              struct weir_error *err)
{
    return fs->ops->open(fs, path, flags, out, err);
}

enum weir_status weir_file_read_at(struct weir_file *file, void *buf, size_t len, uint64_t offset, size_t *got,
                                   struct weir_error *err)
{
    return file->ops->read_at(file, buf, len, offset, got, err);
}

enum weir_status weir_file_write_at(struct weir_file *file, const struct iovec *iov, int count, uint64_t offset,
                                    struct weir_error *err)
{
    return file->ops->write_at(file, iov, count, offset, err);
}

enum weir_status weir_file_size(struct weir_file *file, uint64_t *size, struct weir_error *err)
{
    return file->ops->size(file, size, err);
}

enum weir_status weir_file_truncate(struct weir_file *file, uint64_t size, struct weir_error *err)
{
    return file->ops->truncate(file, size, err);
}

enum weir_status weir_file_sync(struct weir_file *file, struct weir_error *err)
{
    return file->ops->sync(file, err);
}

void weir_file_close(struct weir_file *file)
{
    if (file != NULL)
        file->ops->close(file);
}

enum weir_status weir_fs_rename(struct weir_fs *fs, const char *from, const char *to, struct weir_error *err)
{
    return fs->ops->rename(fs, from, to, err);
}

enum weir_status weir_fs_remove(struct weir_fs *fs, const char *path, struct weir_error *err)
{
    return fs->ops->remove(fs, path, err);
}

enum weir_status weir_fs_mkdir(struct weir_fs *fs, const char *path, struct weir_error *err)
{
    return fs->ops->mkdir(fs, path, false, err);
}

enum weir_status weir_fs_mkdir_private(struct weir_fs *fs, const char *path, struct weir_error *err)
{
    return fs->ops->mkdir(fs, path, true, err);
}

enum weir_status weir_fs_sync_dir(struct weir_fs *fs, const char *path, struct weir_error *err)
{
    return fs->ops->sync_dir(fs, path, err);
}

/* Cuts the last name off; false if none was left to cut. */
static bool cut_name(char *path)
{
    size_t len = strlen(path);

    if (strcmp(path, "/") == 0 || strcmp(path, ".") == 0)
        return false;
    while (len > 0 && path[len - 1] != '/')
        len--;
    while (len > 1 && path[len - 1] == '/')
        len--;
    strcpy(path + len, len == 0 ? "." : "");
    return true;
}

enum weir_status weir_fs_sync_parents(struct weir_fs *fs, const char *path, struct weir_error *err)
{
    char *above = malloc(strlen(path) + 2);
    enum weir_status status = WEIR_OK;

    if (above == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for the path %s", path);
    strcpy(above, path);
    if (cut_name(above))
        status = weir_fs_sync_dir(fs, above, err);
    while (status == WEIR_OK && cut_name(above))
        weir_fs_sync_dir(fs, above, NULL);
    free(above);
    return status;
}

enum weir_status weir_fs_list(struct weir_fs *fs, const char *path,
                              enum weir_status (*each)(void *arg, const char *name, bool is_dir), void *arg,
                              struct weir_error *err)
{
    return fs->ops->list(fs, path, each, arg, err);
}

bool weir_fs_exists(struct weir_fs *fs, const char *path)
{
    return fs->ops->exists(fs, path);
}

enum weir_status weir_fs_lock(struct weir_fs *fs, const char *path, struct weir_fs_lock **out, struct weir_error *err)
{
    return fs->ops->lock(fs, path, false, out, err);
}

enum weir_status weir_fs_lock_existing(struct weir_fs *fs, const char *path, struct weir_fs_lock **out,
                                       struct weir_error *err)
{
    return fs->ops->lock(fs, path, true, out, err);
}

void weir_fs_unlock(struct weir_fs_lock *lock)
{
    if (lock != NULL)
        lock->unlock(lock);
}

enum weir_status weir_fs_free_bytes(struct weir_fs *fs, const char *path, uint64_t *bytes, struct weir_error *err)
{
    return fs->ops->free_bytes(fs, path, bytes, err);
}
