/*
 * sim_fs.c - the file system of a simulated host: paths, open files and locks over its disk (sim_disk.c).
 *
 * All paths start at the disk's root, with or without a slash. Once the host is silent every call fails with
 * WEIR_E_IO, so that a dying process cannot take for done what its disk has forgotten.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/sim_disk.h"

#define NAME_LEN_MAX 255
#define UNLIMITED_BYTES (UINT64_C(1) << 40) /* what an unlimited disk says it has */

struct sim_file {
    struct weir_file base;
    struct sim_host *host;
    struct sim_node *node; /* referenced; NULL once the host is silent */
    unsigned flags;
    char *path;
    TAILQ_ENTRY(sim_file) in_host;
};

struct sim_lock {
    struct weir_fs_lock base;
    struct sim_host *host;
    struct sim_node *node; /* as above */
    TAILQ_ENTRY(sim_lock) in_host;
};

static struct sim_host *host_of(struct weir_fs *fs)
{
    return SIM_CONTAINER(fs, struct sim_fs, base)->host;
}

static enum weir_status fail_silent(struct weir_error *err, const char *what, const char *path)
{
    return weir_fail(err, WEIR_E_IO, "cannot %s %s: the simulated host is dead", what, path);
}

/* Paths */

/* A path taken apart: the folder, the last name in it, and what stands there. */
struct spot {
    struct sim_node *dir; /* NULL for the root itself */
    char name[NAME_LEN_MAX + 1];
    struct sim_node *node; /* NULL if there is nothing */
};

/* The next name of `*path`, without "." and empty ones; false at its end. */
static bool next_name(const char **path, struct weir_view *name)
{
    for (;;) {
        *path += strspn(*path, "/");
        if (**path == '\0')
            return false;
        *name = weir_view(*path, strcspn(*path, "/"));
        *path += name->len;
        if (!weir_view_equal(*name, weir_view_str(".")))
            return true;
    }
}

static enum weir_status find_spot(struct sim_host *host, const char *what, const char *path, struct spot *spot,
                                  struct weir_error *err)
{
    const char *rest = path;
    struct weir_view name;

    if (host->silent)
        return fail_silent(err, what, path);
    *spot = (struct spot){.node = host->disk->root};
    while (next_name(&rest, &name)) {
        if (name.len > NAME_LEN_MAX || weir_view_equal(name, weir_view_str("..")))
            return weir_fail(err, WEIR_E_INVAL, "cannot %s %s: \"..\" or a name above %d bytes in it", what, path,
                             NAME_LEN_MAX);
        if (spot->node == NULL)
            return weir_fail(err, WEIR_E_NOT_FOUND, "cannot %s %s: folder %s is missing", what, path, spot->name);
        if (!spot->node->is_dir)
            return weir_fail(err, WEIR_E_NOT_FOUND, "cannot %s %s: %s is not a folder", what, path, spot->name);
        spot->dir = spot->node;
        memcpy(spot->name, name.ptr, name.len);
        spot->name[name.len] = '\0';
        spot->node = weir_sim_node_find(spot->dir, name);
    }
    return WEIR_OK;
}

static enum weir_status fail_missing(struct weir_error *err, const char *what, const char *path)
{
    return weir_fail(err, WEIR_E_NOT_FOUND, "cannot %s %s: there is no such file or folder", what, path);
}

static enum weir_status find_dir(struct sim_host *host, const char *what, const char *path, struct sim_node **dir,
                                 struct weir_error *err)
{
    struct spot spot;
    enum weir_status status = find_spot(host, what, path, &spot, err);

    if (status != WEIR_OK)
        return status;
    if (spot.node == NULL)
        return fail_missing(err, what, path);
    if (!spot.node->is_dir)
        return weir_fail(err, WEIR_E_NOT_FOUND, "cannot %s %s: it is not a folder", what, path);
    *dir = spot.node;
    return WEIR_OK;
}

static struct sim_node *make(struct sim_disk *disk, const struct spot *spot, bool is_dir)
{
    struct sim_node *node = weir_sim_node_new(disk, is_dir);

    weir_sim_disk_move(disk, (struct sim_place){0}, (struct sim_place){spot->dir, spot->name}, node);
    weir_sim_node_unref(node); /* its name holds it */
    return node;
}

/* Files */

static struct sim_file *sim_file(struct weir_file *file)
{
    return SIM_CONTAINER(file, struct sim_file, base);
}

static enum weir_status check_file(const struct sim_file *file, unsigned need, const char *what, struct weir_error *err)
{
    if (file->node == NULL)
        return fail_silent(err, what, file->path);
    if ((file->flags & need) != need)
        return weir_fail(err, WEIR_E_IO, "cannot %s %s: it was not opened for that", what, file->path);
    return WEIR_OK;
}

static enum weir_status file_read_at(struct weir_file *base, void *buf, size_t len, uint64_t offset, size_t *got,
                                     struct weir_error *err)
{
    struct sim_file *file = sim_file(base);
    enum weir_status status = check_file(file, WEIR_OPEN_READ, "read", err);

    if (status != WEIR_OK)
        return status;
    *got = 0;
    if (offset >= file->node->now.len)
        return WEIR_OK;
    *got = file->node->now.len - offset < len ? (size_t)(file->node->now.len - offset) : len;
    if (*got > 0)
        memcpy(buf, file->node->now.ptr + offset, *got);
    return WEIR_OK;
}

/* One call is one write of the disk, and survives a crash or is torn as one. */
static uint8_t *gather(const struct iovec *iov, int count, size_t *len)
{
    uint8_t *bytes;
    size_t at = 0;

    *len = 0;
    for (int i = 0; i < count; i++)
        *len += iov[i].iov_len;
    bytes = weir_sim_alloc(*len + 1);
    for (int i = 0; i < count; at += iov[i++].iov_len)
        if (iov[i].iov_len > 0)
            memcpy(bytes + at, iov[i].iov_base, iov[i].iov_len);
    return bytes;
}

static enum weir_status file_write_at(struct weir_file *base, const struct iovec *iov, int count, uint64_t offset,
                                      struct weir_error *err)
{
    struct sim_file *file = sim_file(base);
    enum weir_status status = check_file(file, WEIR_OPEN_WRITE, "write", err), fault;
    uint8_t *bytes;
    size_t len, wanted, done;

    if (status != WEIR_OK)
        return status;
    bytes = gather(iov, count, &len);
    wanted = len;
    fault = weir_sim_fault_take(&file->host->disk->write_fault);
    if (fault != WEIR_OK)
        wanted = (size_t)weir_rng_below(&file->host->sim->rng, len + 1); /* part of it may stand in the file */
    done = wanted > 0 ? weir_sim_node_write(file->node, bytes, wanted, offset) : 0;
    free(bytes);
    if (fault != WEIR_OK)
        return weir_fail(err, fault, "cannot write %s: simulated fault", file->path);
    if (done < len)
        return weir_fail(err, WEIR_E_FULL, "cannot write %s: the disk is full", file->path);
    return WEIR_OK;
}

static enum weir_status file_size(struct weir_file *base, uint64_t *size, struct weir_error *err)
{
    struct sim_file *file = sim_file(base);
    enum weir_status status = check_file(file, 0, "stat", err);

    if (status == WEIR_OK)
        *size = file->node->now.len;
    return status;
}

static enum weir_status file_truncate(struct weir_file *base, uint64_t size, struct weir_error *err)
{
    struct sim_file *file = sim_file(base);
    enum weir_status status = check_file(file, WEIR_OPEN_WRITE, "truncate", err);

    if (status != WEIR_OK)
        return status;
    if (!weir_sim_node_resize(file->node, size))
        return weir_fail(err, WEIR_E_FULL, "cannot truncate %s to %" PRIu64 " bytes: the disk is full", file->path,
                         size);
    return WEIR_OK;
}

static enum weir_status file_sync(struct weir_file *base, struct weir_error *err)
{
    struct sim_file *file = sim_file(base);
    enum weir_status status = check_file(file, 0, "sync", err);

    if (status != WEIR_OK)
        return status;
    file->host->disk->sync_count++;
    status = weir_sim_fault_take(&file->host->disk->sync_fault);
    weir_sim_node_sync(file->node, status != WEIR_OK);
    return status == WEIR_OK ? WEIR_OK : weir_fail(err, status, "cannot sync %s: simulated fault", file->path);
}

static void file_close(struct weir_file *base)
{
    struct sim_file *file = sim_file(base);
    struct sim_host *host = file->host;

    if (file->node != NULL)
        weir_sim_node_unref(file->node);
    TAILQ_REMOVE(&host->files, file, in_host);
    free(file->path);
    free(file);
    weir_sim_host_settle(host);
}

static const struct weir_file_ops sim_file_ops = {
    .read_at = file_read_at,
    .write_at = file_write_at,
    .size = file_size,
    .truncate = file_truncate,
    .sync = file_sync,
    .close = file_close,
};

/* The file system */

static void fs_free(struct weir_fs *fs)
{
    (void)fs; /* part of the host */
}

static enum weir_status node_for_open(struct sim_host *host, const char *path, unsigned flags, struct sim_node **node,
                                      struct weir_error *err)
{
    struct spot spot;
    enum weir_status status = find_spot(host, "open", path, &spot, err);

    if (status != WEIR_OK)
        return status;
    if (spot.node == NULL && (flags & WEIR_OPEN_CREATE) == 0)
        return fail_missing(err, "open", path);
    if (spot.node != NULL && (flags & WEIR_OPEN_CREATE) != 0 && (flags & WEIR_OPEN_EXCL) != 0)
        return weir_fail(err, WEIR_E_EXISTS, "cannot make %s: it exists", path);
    if (spot.node != NULL && spot.node->is_dir)
        return weir_fail(err, WEIR_E_IO, "cannot open %s: it is a folder", path);
    if (spot.node == NULL)
        spot.node = make(host->disk, &spot, false);
    else if ((flags & WEIR_OPEN_TRUNC) != 0 && spot.node->now.len > 0)
        weir_sim_node_resize(spot.node, 0);
    *node = spot.node;
    return WEIR_OK;
}

static enum weir_status fs_open(struct weir_fs *fs, const char *path, unsigned flags, struct weir_file **out,
                                struct weir_error *err)
{
    struct sim_host *host = host_of(fs);
    struct sim_node *node;
    struct sim_file *file;
    enum weir_status status = node_for_open(host, path, flags, &node, err);

    if (status != WEIR_OK)
        return status;
    file = weir_sim_alloc(sizeof(*file));
    file->base.ops = &sim_file_ops;
    file->host = host;
    file->node = node;
    node->refs++;
    file->flags = flags;
    file->path = weir_sim_strdup(path);
    TAILQ_INSERT_TAIL(&host->files, file, in_host);
    *out = &file->base;
    return WEIR_OK;
}

static bool is_within(const struct sim_node *dir, const struct sim_node *node)
{
    if (dir == node)
        return true;
    for (size_t i = 0; i < dir->names_now.count; i++)
        if (is_within(dir->names_now.list[i].node, node))
            return true;
    return false;
}

static enum weir_status check_rename(const struct spot *from, const struct spot *to, const char *from_path,
                                     const char *to_path, struct weir_error *err)
{
    if (from->node == NULL)
        return fail_missing(err, "rename", from_path);
    if (from->dir == NULL || to->dir == NULL || is_within(from->node, to->dir))
        return weir_fail(err, WEIR_E_IO, "cannot rename %s to %s: a folder cannot move into itself", from_path,
                         to_path);
    if (to->node == NULL)
        return WEIR_OK;
    if (to->node->is_dir != from->node->is_dir)
        return weir_fail(err, WEIR_E_IO, "cannot rename %s to %s: one is a folder, the other a file", from_path,
                         to_path);
    if (to->node->names_now.count > 0)
        return weir_fail(err, WEIR_E_EXISTS, "cannot rename %s to %s: that folder is not empty", from_path, to_path);
    return WEIR_OK;
}

static enum weir_status fs_rename(struct weir_fs *fs, const char *from_path, const char *to_path,
                                  struct weir_error *err)
{
    struct sim_host *host = host_of(fs);
    struct spot from, to;
    enum weir_status status = find_spot(host, "rename", from_path, &from, err);

    if (status == WEIR_OK)
        status = find_spot(host, "rename", to_path, &to, err);
    if (status != WEIR_OK)
        return status;
    if (from.node != NULL && from.node == to.node)
        return WEIR_OK;
    status = check_rename(&from, &to, from_path, to_path, err);
    if (status == WEIR_OK)
        weir_sim_disk_move(host->disk, (struct sim_place){from.dir, from.name}, (struct sim_place){to.dir, to.name},
                           from.node);
    return status;
}

static enum weir_status fs_remove(struct weir_fs *fs, const char *path, struct weir_error *err)
{
    struct sim_host *host = host_of(fs);
    struct spot spot;
    enum weir_status status = find_spot(host, "remove", path, &spot, err);

    if (status != WEIR_OK)
        return status;
    if (spot.node == NULL)
        return fail_missing(err, "remove", path);
    if (spot.dir == NULL)
        return weir_fail(err, WEIR_E_INVAL, "cannot remove %s: it is the root", path);
    if (spot.node->names_now.count > 0)
        return weir_fail(err, WEIR_E_EXISTS, "cannot remove %s: the folder is not empty", path);
    weir_sim_disk_move(host->disk, (struct sim_place){spot.dir, spot.name}, (struct sim_place){0}, spot.node);
    return WEIR_OK;
}

/* Nobody else is there whom a private folder would keep out. */
static enum weir_status fs_mkdir(struct weir_fs *fs, const char *path, bool is_private, struct weir_error *err)
{
    struct sim_host *host = host_of(fs);
    char *head = weir_sim_strdup(path);
    enum weir_status status = WEIR_OK;

    (void)is_private;
    for (size_t end = 0; status == WEIR_OK; end++) {
        struct spot spot;

        if (path[end] != '/' && path[end] != '\0')
            continue;
        head[end] = '\0';
        status = find_spot(host, "make folder", head, &spot, err);
        if (status == WEIR_OK && spot.node == NULL)
            make(host->disk, &spot, true);
        else if (status == WEIR_OK && !spot.node->is_dir)
            status = weir_fail(err, WEIR_E_EXISTS, "cannot make folder %s: a file has that name", head);
        if (path[end] == '\0')
            break;
        head[end] = '/';
    }
    free(head);
    return status;
}

static enum weir_status fs_sync_dir(struct weir_fs *fs, const char *path, struct weir_error *err)
{
    struct sim_host *host = host_of(fs);
    struct sim_node *dir;
    enum weir_status status = find_dir(host, "sync", path, &dir, err);

    if (status != WEIR_OK)
        return status;
    host->disk->sync_count++;
    status = weir_sim_fault_take(&host->disk->sync_fault);
    if (status != WEIR_OK)
        return weir_fail(err, status, "cannot sync %s: simulated fault", path);
    weir_sim_disk_sync_dir(host->disk, dir);
    return WEIR_OK;
}

/* Over a copy of the names: `each` may make and remove what it likes. */
static enum weir_status fs_list(struct weir_fs *fs, const char *path,
                                enum weir_status (*each)(void *arg, const char *name, bool is_dir), void *arg,
                                struct weir_error *err)
{
    struct sim_node *dir;
    enum weir_status status = find_dir(host_of(fs), "list", path, &dir, err);
    struct sim_entries names = {0};

    if (status != WEIR_OK)
        return status;
    weir_sim_entries_copy(&names, &dir->names_now);
    for (size_t i = 0; i < names.count && status == WEIR_OK; i++)
        status = each(arg, names.list[i].name, names.list[i].node->is_dir);
    weir_sim_entries_clear(&names);
    return status;
}

static bool fs_exists(struct weir_fs *fs, const char *path)
{
    struct spot spot;

    return find_spot(host_of(fs), "find", path, &spot, NULL) == WEIR_OK && spot.node != NULL;
}

static void lock_release(struct sim_lock *lock)
{
    if (lock->node == NULL)
        return;
    lock->node->locked = false;
    weir_sim_node_unref(lock->node);
    lock->node = NULL;
}

static void fs_unlock(struct weir_fs_lock *base)
{
    struct sim_lock *lock = SIM_CONTAINER(base, struct sim_lock, base);
    struct sim_host *host = lock->host;

    lock_release(lock);
    TAILQ_REMOVE(&host->locks, lock, in_host);
    free(lock);
    weir_sim_host_settle(host);
}

static enum weir_status fs_lock(struct weir_fs *fs, const char *path, bool existing, struct weir_fs_lock **out,
                                struct weir_error *err)
{
    struct sim_host *host = host_of(fs);
    struct sim_node *node;
    struct sim_lock *lock;
    enum weir_status status =
        node_for_open(host, path, existing ? WEIR_OPEN_READ : WEIR_OPEN_WRITE | WEIR_OPEN_CREATE, &node, err);

    if (status != WEIR_OK)
        return status;
    if (node->locked)
        return weir_fail(err, WEIR_E_BUSY, "cannot lock %s: another process holds it", path);
    lock = weir_sim_alloc(sizeof(*lock));
    lock->base.unlock = fs_unlock;
    lock->host = host;
    lock->node = node;
    node->refs++;
    node->locked = true;
    TAILQ_INSERT_TAIL(&host->locks, lock, in_host);
    *out = &lock->base;
    return WEIR_OK;
}

static enum weir_status fs_free_bytes(struct weir_fs *fs, const char *path, uint64_t *bytes, struct weir_error *err)
{
    struct sim_host *host = host_of(fs);
    const struct sim_disk *disk = host->disk;
    uint64_t capacity = disk->capacity > 0 ? disk->capacity : UNLIMITED_BYTES;

    if (host->silent)
        return fail_silent(err, "measure", path);
    *bytes = capacity > disk->used ? capacity - disk->used : 0;
    return WEIR_OK;
}

static const struct weir_fs_ops sim_fs_ops = {
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

void weir_sim_fs_init(struct sim_host *host)
{
    host->fs.base.ops = &sim_fs_ops;
    host->fs.host = host;
    host->base.fs = &host->fs.base;
}

void weir_sim_fs_silence(struct sim_host *host)
{
    struct sim_file *file;
    struct sim_lock *lock;

    TAILQ_FOREACH (file, &host->files, in_host) {
        if (file->node != NULL)
            weir_sim_node_unref(file->node);
        file->node = NULL;
    }
    TAILQ_FOREACH (lock, &host->locks, in_host)
        lock_release(lock);
}

void weir_sim_fs_destroy(struct sim_host *host)
{
    struct sim_file *file;
    struct sim_lock *lock;

    while ((file = TAILQ_FIRST(&host->files)) != NULL)
        file_close(&file->base);
    while ((lock = TAILQ_FIRST(&host->locks)) != NULL)
        fs_unlock(&lock->base);
}
