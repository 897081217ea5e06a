/*
 * posix_fs.c - files and folders of the system. Every failure names the path and, where there is one, the remedy.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/real_int.h"

#include "base/fs_int.h"

struct posix_file {
    struct weir_file base;
    int fd;
    char path[]; /* for the words of a failure */
};

struct posix_lock {
    struct weir_fs_lock base;
    int fd;
    int folder_fd; /* -1: of a file system that locks no folders */
};

static enum weir_status status_of(int error)
{
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return WEIR_E_NOT_FOUND;
    case EEXIST:
        return WEIR_E_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
        return WEIR_E_DENIED;
    case ENOSPC:
    case EDQUOT:
        return WEIR_E_FULL;
    case ENOMEM:
        return WEIR_E_NOMEM;
    case EMFILE:
    case ENFILE:
        return WEIR_E_LIMIT;
    default:
        return WEIR_E_IO;
    }
}

static const char *remedy_of(int error)
{
    switch (error) {
    case ENOENT:
        return " (check the path)";
    case EACCES:
    case EPERM:
        return " (check the owner and the permissions)";
    case EROFS:
        return " (choose a path that can be written)";
    case ENOSPC:
        return " (free some space on its file system)";
    case EDQUOT:
        return " (free some of the user's quota)";
    case EMFILE:
    case ENFILE:
        return " (raise the limit on open files, ulimit -n)";
    default:
        return "";
    }
}

/* "cannot WHAT PATH (remedy): strerror" */
static enum weir_status fail(struct weir_error *err, int error, const char *what, const char *path)
{
    return weir_fail_sys(err, status_of(error), error, "cannot %s %s%s", what, path, remedy_of(error));
}

static struct posix_file *posix_file(struct weir_file *file)
{
    return (struct posix_file *)file;
}

static enum weir_status file_read_at(struct weir_file *base, void *buf, size_t len, uint64_t offset, size_t *got,
                                     struct weir_error *err)
{
    struct posix_file *file = posix_file(base);
    size_t have = 0;

    while (have < len) {
        ssize_t part = pread(file->fd, (char *)buf + have, len - have, (off_t)(offset + have));

        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return fail(err, errno, "read", file->path);
        if (part == 0)
            break;
        have += (size_t)part;
    }
    *got = have;
    return WEIR_OK;
}

/* Writes what one buffer still holds; 0 or an errno. */
static int write_rest(int fd, const char *ptr, size_t len, uint64_t offset)
{
    while (len > 0) {
        ssize_t part = pwrite(fd, ptr, len, (off_t)offset);

        if (part < 0 && errno != EINTR)
            return errno;
        if (part > 0) {
            ptr += part;
            offset += (uint64_t)part;
            len -= (size_t)part;
        }
    }
    return 0;
}

static enum weir_status file_write_at(struct weir_file *base, const struct iovec *iov, int count, uint64_t offset,
                                      struct weir_error *err)
{
    struct posix_file *file = posix_file(base);

    while (count > 0) {
        ssize_t part = pwritev(file->fd, iov, count < IOV_MAX ? count : IOV_MAX, (off_t)offset);
        int error = 0;

        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return fail(err, errno, "write", file->path);
        offset += (uint64_t)part;
        for (; count > 0 && (size_t)part >= iov->iov_len; iov++, count--)
            part -= (ssize_t)iov->iov_len;
        if (part > 0) { /* it stopped within a buffer: finish that one alone */
            error = write_rest(file->fd, (char *)iov->iov_base + part, iov->iov_len - (size_t)part, offset);
            offset += iov->iov_len - (size_t)part;
            iov++;
            count--;
        }
        if (error != 0)
            return fail(err, error, "write", file->path);
    }
    return WEIR_OK;
}

static enum weir_status file_size(struct weir_file *base, uint64_t *size, struct weir_error *err)
{
    struct posix_file *file = posix_file(base);
    struct stat stat;

    if (fstat(file->fd, &stat) != 0)
        return fail(err, errno, "get the size of", file->path);
    *size = (uint64_t)stat.st_size;
    return WEIR_OK;
}

static enum weir_status file_truncate(struct weir_file *base, uint64_t size, struct weir_error *err)
{
    struct posix_file *file = posix_file(base);

    while (ftruncate(file->fd, (off_t)size) != 0)
        if (errno != EINTR)
            return fail(err, errno, "change the size of", file->path);
    return WEIR_OK;
}

static enum weir_status file_sync(struct weir_file *base, struct weir_error *err)
{
    struct posix_file *file = posix_file(base);

    while (fdatasync(file->fd) != 0)
        if (errno != EINTR)
            return fail(err, errno, "sync", file->path);
    return WEIR_OK;
}

static void file_close(struct weir_file *base)
{
    close(posix_file(base)->fd);
    free(base);
}

static const struct weir_file_ops posix_file_ops = {
    .read_at = file_read_at,
    .write_at = file_write_at,
    .size = file_size,
    .truncate = file_truncate,
    .sync = file_sync,
    .close = file_close,
};

static int open_flags(unsigned flags)
{
    int os = O_CLOEXEC;

    if ((flags & WEIR_OPEN_WRITE) != 0)
        os |= (flags & WEIR_OPEN_READ) != 0 ? O_RDWR : O_WRONLY;
    if ((flags & WEIR_OPEN_CREATE) != 0)
        os |= O_CREAT;
    if ((flags & WEIR_OPEN_EXCL) != 0)
        os |= O_EXCL;
    if ((flags & WEIR_OPEN_TRUNC) != 0)
        os |= O_TRUNC;
    return os;
}

static int open_retry(const char *path, int flags)
{
    int fd;

    do
        fd = open(path, flags, 0666);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static enum weir_status fs_open(struct weir_fs *fs, const char *path, unsigned flags, struct weir_file **out,
                                struct weir_error *err)
{
    size_t path_size = strlen(path) + 1;
    struct posix_file *file = malloc(sizeof(*file) + path_size);

    (void)fs;
    if (file == NULL)
        return fail(err, ENOMEM, "open", path);
    file->base.ops = &posix_file_ops;
    memcpy(file->path, path, path_size);
    file->fd = open_retry(path, open_flags(flags));
    if (file->fd < 0) {
        int error = errno;

        free(file);
        return fail(err, error, (flags & WEIR_OPEN_CREATE) != 0 ? "open or make" : "open", path);
    }
    *out = &file->base;
    return WEIR_OK;
}

static enum weir_status fs_rename(struct weir_fs *fs, const char *from, const char *to, struct weir_error *err)
{
    int error;

    (void)fs;
    if (rename(from, to) == 0)
        return WEIR_OK;
    error = errno == ENOTEMPTY ? EEXIST : errno;
    return weir_fail_sys(err, status_of(error), error, "cannot rename %s to %s%s", from, to, remedy_of(error));
}

static enum weir_status fs_remove(struct weir_fs *fs, const char *path, struct weir_error *err)
{
    (void)fs;
    if (remove(path) == 0)
        return WEIR_OK;
    return fail(err, errno == ENOTEMPTY ? EEXIST : errno, "remove", path);
}

/* One folder; a folder that is there is fine. 0 or an errno. */
static int make_dir(const char *path, mode_t mode)
{
    struct stat stat_buf;

    if (mkdir(path, mode) == 0)
        return 0;
    if (errno == EEXIST && stat(path, &stat_buf) == 0 && S_ISDIR(stat_buf.st_mode))
        return 0;
    return errno;
}

static enum weir_status fs_mkdir(struct weir_fs *fs, const char *path, bool is_private, struct weir_error *err)
{
    char part[PATH_MAX];
    size_t len = strlen(path);
    int error = 0;

    (void)fs;
    if (len == 0 || len >= sizeof(part))
        return fail(err, len == 0 ? ENOENT : ENAMETOOLONG, "make folder", path);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        error = make_dir(part, is_private && path[i + strspn(path + i, "/")] == '\0' ? 0700 : 0777);
    }
    if (error != 0) /* of the last one: a parent may exist that we may not make */
        return fail(err, error, "make folder", path);
    return WEIR_OK;
}

static enum weir_status fs_sync_dir(struct weir_fs *fs, const char *path, struct weir_error *err)
{
    int fd = open_retry(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error;

    (void)fs;
    if (fd < 0)
        return fail(err, errno, "open folder", path);
    do
        error = fsync(fd) == 0 ? 0 : errno;
    while (error == EINTR);
    close(fd);
    return error == 0 ? WEIR_OK : fail(err, error, "sync folder", path);
}

static int skip_dots(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool entry_is_dir(const char *folder, const struct dirent *entry)
{
    char path[PATH_MAX];
    struct stat stat_buf;

    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
        return entry->d_type == DT_DIR;
    snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
    return stat(path, &stat_buf) == 0 && S_ISDIR(stat_buf.st_mode);
}

static enum weir_status fs_list(struct weir_fs *fs, const char *path,
                                enum weir_status (*each)(void *arg, const char *name, bool is_dir), void *arg,
                                struct weir_error *err)
{
    struct dirent **entries;
    int count = scandir(path, &entries, skip_dots, by_bytes);
    enum weir_status status = WEIR_OK;

    (void)fs;
    if (count < 0)
        return fail(err, errno, "list folder", path);
    for (int i = 0; i < count; i++) {
        if (status == WEIR_OK)
            status = each(arg, entries[i]->d_name, entry_is_dir(path, entries[i]));
        free(entries[i]);
    }
    free(entries);
    return status;
}

static bool fs_exists(struct weir_fs *fs, const char *path)
{
    struct stat stat_buf;

    (void)fs;
    return stat(path, &stat_buf) == 0;
}

static void unlock(struct weir_fs_lock *base)
{
    struct posix_lock *lock = (struct posix_lock *)base;

    close(lock->fd); /* the kernel gives the lock back, as it does when a process dies */
    if (lock->folder_fd >= 0)
        close(lock->folder_fd);
    free(lock);
}

/* The holder's process id is in the file, only to be named here. */
static enum weir_status fail_held(struct weir_error *err, const char *path, int fd)
{
    char pid[16] = "";
    ssize_t len = pread(fd, pid, sizeof(pid) - 1, 0);

    pid[len > 0 ? strspn(pid, "0123456789") : 0] = '\0';
    return weir_fail(err, WEIR_E_BUSY, "%s is held by %s%s (stop it, or use another folder)", path,
                     pid[0] != '\0' ? "process " : "another process", pid);
}

static int open_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX] = ".";
    size_t len = slash == NULL ? 1 : slash == path ? 1 : (size_t)(slash - path);

    if (len >= sizeof(folder))
        return -1;
    if (slash != NULL)
        memcpy(folder, path, len);
    return open_retry(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The folder as well: a lock file that somebody removes is made anew by the next, and keeps nobody out. */
static enum weir_status lock_folder_of(struct posix_lock *lock, const char *path, struct weir_error *err)
{
    lock->folder_fd = open_folder_of(path);
    if (lock->folder_fd < 0 || flock(lock->folder_fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return WEIR_OK;
    return fail_held(err, path, lock->fd);
}

static enum weir_status fs_lock(struct weir_fs *fs, const char *path, bool existing, struct weir_fs_lock **out,
                                struct weir_error *err)
{
    struct posix_lock *lock = malloc(sizeof(*lock));
    enum weir_status status;

    (void)fs;
    if (lock == NULL)
        return fail(err, ENOMEM, "lock", path);
    lock->base.unlock = unlock;
    lock->folder_fd = -1;
    lock->fd = open_retry(path, existing ? O_RDONLY | O_CLOEXEC : O_RDWR | O_CREAT | O_CLOEXEC);
    if (lock->fd < 0) {
        status = fail(err, errno, "open lock file", path);
        free(lock);
        return status;
    }
    if (flock(lock->fd, LOCK_EX | LOCK_NB) != 0) {
        status = errno == EWOULDBLOCK ? fail_held(err, path, lock->fd) : fail(err, errno, "lock", path);
        unlock(&lock->base);
        return status;
    }
    status = lock_folder_of(lock, path, err);
    if (status != WEIR_OK) {
        unlock(&lock->base);
        return status;
    }
    if (!existing && ftruncate(lock->fd, 0) == 0)
        dprintf(lock->fd, "%d\n", (int)getpid());
    *out = &lock->base;
    return WEIR_OK;
}

static enum weir_status fs_free_bytes(struct weir_fs *fs, const char *path, uint64_t *bytes, struct weir_error *err)
{
    struct statvfs stat;

    (void)fs;
    if (statvfs(path, &stat) != 0)
        return fail(err, errno, "get the free space of", path);
    *bytes = (uint64_t)stat.f_bavail * stat.f_frsize;
    return WEIR_OK;
}

static void fs_free(struct weir_fs *fs)
{
    free(fs);
}

static const struct weir_fs_ops posix_fs_ops = {
    .free = fs_free,
    .open = fs_open,
    .rename = fs_rename,
    .remove = fs_remove,
    .mkdir = fs_mkdir,
    .sync_dir = fs_sync_dir,
    .list = fs_list,
    .exists = fs_exists,
    .lock = fs_lock,
    .free_bytes = fs_free_bytes,
};

enum weir_status weir_posix_fs_new(struct weir_fs **out, struct weir_error *err)
{
    struct weir_fs *fs = malloc(sizeof(*fs));

    if (fs == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "cannot make a file system: out of memory");
    fs->ops = &posix_fs_ops;
    *out = fs;
    return WEIR_OK;
}
