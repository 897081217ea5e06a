/**
 * @file base/fs_int.h
 * @brief What a file system implementation provides. Used by base/ only.
 */
#ifndef WEIR_BASE_FS_INT_H
#define WEIR_BASE_FS_INT_H

#include "weir/fs.h"

struct weir_file_ops {
    enum weir_status (*read_at)(struct weir_file *file, void *buf, size_t len, uint64_t offset, size_t *got,
                                struct weir_error *err);
    enum weir_status (*write_at)(struct weir_file *file, const struct iovec *iov, int count, uint64_t offset,
                                 struct weir_error *err);
    enum weir_status (*size)(struct weir_file *file, uint64_t *size, struct weir_error *err);
    enum weir_status (*truncate)(struct weir_file *file, uint64_t size, struct weir_error *err);
    enum weir_status (*sync)(struct weir_file *file, struct weir_error *err);
    void (*close)(struct weir_file *file);
};

struct weir_file {
    const struct weir_file_ops *ops;
};

struct weir_fs_ops {
    void (*free)(struct weir_fs *fs);
    enum weir_status (*open)(struct weir_fs *fs, const char *path, unsigned flags, struct weir_file **out,
                             struct weir_error *err);
    enum weir_status (*rename)(struct weir_fs *fs, const char *from, const char *to, struct weir_error *err);
    enum weir_status (*remove)(struct weir_fs *fs, const char *path, struct weir_error *err);
    enum weir_status (*mkdir)(struct weir_fs *fs, const char *path, bool is_private, struct weir_error *err);
    enum weir_status (*sync_dir)(struct weir_fs *fs, const char *path, struct weir_error *err);
    enum weir_status (*list)(struct weir_fs *fs, const char *path,
                             enum weir_status (*each)(void *arg, const char *name, bool is_dir), void *arg,
                             struct weir_error *err);
    bool (*exists)(struct weir_fs *fs, const char *path);
    enum weir_status (*lock)(struct weir_fs *fs, const char *path, bool existing, struct weir_fs_lock **out,
                             struct weir_error *err);
    enum weir_status (*free_bytes)(struct weir_fs *fs, const char *path, uint64_t *bytes, struct weir_error *err);
};

struct weir_fs {
    const struct weir_fs_ops *ops;
};

/** First member of every implementation's lock. */
struct weir_fs_lock {
    void (*unlock)(struct weir_fs_lock *lock);
};

#endif
