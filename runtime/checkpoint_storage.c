/*
 * checkpoint_storage.c - checkpoints in a folder: written aside, renamed when whole, verified when read.
 *
 * What makes it safe is the order: every state file is synced, then _metadata, then the folder that lists them, then
 * one rename, then DIR. A crash before the rename leaves a chk-N.inprogress, which nobody reads.
 */
#include "runtime/checkpoint_storage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "runtime/manifest.h"

#define METADATA "_metadata"
#define MANIFEST_LEN_MAX ((size_t)64 << 20)
#define IN_PROGRESS ".inprogress"

static enum weir_status join(char out[WEIR_PATH_LEN_MAX], const char *dir, const char *name, struct weir_error *err)
{
    if (snprintf(out, WEIR_PATH_LEN_MAX, "%s/%s", dir, name) < WEIR_PATH_LEN_MAX)
        return WEIR_OK;
    return weir_fail(err, WEIR_E_LIMIT, "path of checkpoint folder %.64s... is too long", dir);
}

static enum weir_status checkpoint_path(char out[WEIR_PATH_LEN_MAX], const char *dir, int64_t id, const char *suffix,
                                        struct weir_error *err)
{
    char name[64];

    snprintf(name, sizeof(name), "chk-%" PRId64 "%s", id, suffix);
    return join(out, dir, name, err);
}

/* The number of "chk-N" (or "chk-N.inprogress"), -1 for any other name. */
static int64_t checkpoint_number(const char *name, bool *in_progress)
{
    char *end;
    long long id;

    if (strncmp(name, "chk-", 4) != 0 || name[4] < '0' || name[4] > '9')
        return -1;
    id = strtoll(name + 4, &end, 10);
    *in_progress = strcmp(end, IN_PROGRESS) == 0;
    return *end == '\0' || *in_progress ? id : -1;
}

struct removal {
    struct weir_fs *fs;
    const char *dir;
};

static enum weir_status remove_entry(void *arg, const char *name, bool is_dir)
{
    struct removal *removal = arg;
    char path[WEIR_PATH_LEN_MAX];

    (void)is_dir;
    if (join(path, removal->dir, name, NULL) == WEIR_OK)
        weir_fs_remove(removal->fs, path, NULL);
    return WEIR_OK;
}

/* _metadata goes first: a folder half removed must not look whole. */
static enum weir_status remove_checkpoint(struct weir_fs *fs, const char *path, struct weir_error *err)
{
    struct removal removal = {fs, path};

    remove_entry(&removal, METADATA, false);
    weir_fs_list(fs, path, remove_entry, &removal, NULL);
    return weir_fs_remove(fs, path, err);
}

enum weir_status weir_checkpoint_start(struct weir_fs *fs, const char *dir, int64_t checkpoint_id,
                                       struct weir_error *err)
{
    struct weir_error why = {0};
    char path[WEIR_PATH_LEN_MAX];
    enum weir_status status = checkpoint_path(path, dir, checkpoint_id, IN_PROGRESS, err);
    bool is_new = !weir_fs_exists(fs, dir);

    if (status != WEIR_OK)
        return status;
    if (weir_fs_exists(fs, path))
        remove_checkpoint(fs, path, NULL);
    status = weir_fs_mkdir(fs, path, &why);
    if (status == WEIR_OK && is_new) /* a complete checkpoint must not vanish with the folder that it is in */
        status = weir_fs_sync_parents(fs, dir, &why);
    if (status != WEIR_OK)
        weir_fail(err, status, "cannot write checkpoints to %s: %s; give another folder (state.checkpoints.dir)", dir,
                  why.message);
    return status;
}

static enum weir_status write_file(struct weir_fs *fs, const char *path, struct weir_view bytes, struct weir_error *err)
{
    struct iovec iov = {(void *)bytes.ptr, bytes.len};
    struct weir_file *file = NULL;
    enum weir_status status;

    status = weir_fs_open(fs, path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC, &file, err);
    if (status == WEIR_OK)
        status = weir_file_write_at(file, &iov, 1, 0, err);
    if (status == WEIR_OK)
        status = weir_file_sync(file, err);
    weir_file_close(file);
    return status;
}

enum weir_status weir_checkpoint_write(struct weir_fs *fs, const char *dir, int64_t checkpoint_id,
                                       const struct weir_snapshot *snapshot, struct weir_state_file *file,
                                       struct weir_error *err)
{
    char folder[WEIR_PATH_LEN_MAX], path[WEIR_PATH_LEN_MAX];
    enum weir_status status;
    struct weir_buf bytes;

    snprintf(file->name, sizeof(file->name), "%d-%d", file->vertex, file->subtask);
    status = checkpoint_path(folder, dir, checkpoint_id, IN_PROGRESS, err);
    if (status == WEIR_OK)
        status = join(path, folder, file->name, err);
    if (status != WEIR_OK)
        return status;
    weir_buf_init(&bytes, WEIR_SNAPSHOT_LEN_MAX + (WEIR_SNAPSHOT_LEN_MAX >> 6));
    status = weir_snapshot_pack(snapshot, &bytes, err);
    if (status == WEIR_OK) {
        file->len = bytes.len;
        file->hash = weir_hash64(weir_buf_view(&bytes), 0);
        status = write_file(fs, path, weir_buf_view(&bytes), err);
    }
    weir_buf_fini(&bytes);
    return status;
}

/* Everything is in the folder `aside`: make it durable under its own name. */
static enum weir_status publish(struct weir_fs *fs, const char *dir, const char *aside, int64_t checkpoint_id,
                                struct weir_error *err)
{
    char path[WEIR_PATH_LEN_MAX];
    enum weir_status status = checkpoint_path(path, dir, checkpoint_id, "", err);

    if (status == WEIR_OK)
        status = weir_fs_sync_dir(fs, aside, err);
    if (status == WEIR_OK)
        status = weir_fs_rename(fs, aside, path, err);
    if (status == WEIR_OK)
        status = weir_fs_sync_dir(fs, dir, err);
    return status;
}

enum weir_status weir_checkpoint_complete(struct weir_fs *fs, const char *dir, const struct weir_manifest *manifest,
                                          struct weir_error *err)
{
    char aside[WEIR_PATH_LEN_MAX], path[WEIR_PATH_LEN_MAX];
    enum weir_status status;
    struct weir_buf bytes;

    weir_buf_init(&bytes, MANIFEST_LEN_MAX);
    status = checkpoint_path(aside, dir, manifest->checkpoint_id, IN_PROGRESS, err);
    if (status == WEIR_OK)
        status = join(path, aside, METADATA, err);
    if (status == WEIR_OK)
        status = weir_manifest_write(manifest, &bytes, err);
    if (status == WEIR_OK)
        status = write_file(fs, path, weir_buf_view(&bytes), err);
    if (status == WEIR_OK)
        status = publish(fs, dir, aside, manifest->checkpoint_id, err);
    weir_buf_fini(&bytes);
    return status;
}

void weir_checkpoint_discard(struct weir_fs *fs, const char *dir, int64_t checkpoint_id)
{
    char path[WEIR_PATH_LEN_MAX];

    if (checkpoint_path(path, dir, checkpoint_id, IN_PROGRESS, NULL) == WEIR_OK && weir_fs_exists(fs, path))
        remove_checkpoint(fs, path, NULL);
}

/* The numbers of the checkpoints in a folder, and of those in progress. */
struct listing {
    int64_t *ids;
    size_t count, cap;
    bool want_in_progress;
};

static enum weir_status list_entry(void *arg, const char *name, bool is_dir)
{
    struct listing *listing = arg;
    bool in_progress = false;
    int64_t id = checkpoint_number(name, &in_progress);

    if (!is_dir || id < 0 || in_progress != listing->want_in_progress)
        return WEIR_OK;
    if (listing->count == listing->cap) {
        size_t cap = listing->cap > 0 ? 2 * listing->cap : 16;
        int64_t *ids = realloc(listing->ids, cap * sizeof(*ids));

        if (ids == NULL)
            return WEIR_E_NOMEM;
        listing->ids = ids;
        listing->cap = cap;
    }
    listing->ids[listing->count++] = id;
    return WEIR_OK;
}

static int newest_first(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left < right) - (left > right);
}

static enum weir_status list_checkpoints(struct weir_fs *fs, const char *dir, struct listing *listing,
                                         struct weir_error *err)
{
    enum weir_status status = weir_fs_list(fs, dir, list_entry, listing, err);

    if (status == WEIR_OK && listing->count > 0)
        qsort(listing->ids, listing->count, sizeof(*listing->ids), newest_first);
    return status;
}

enum weir_status weir_checkpoint_retain(struct weir_fs *fs, const char *dir, int keep, struct weir_error *err)
{
    struct listing complete = {0}, aside = {.want_in_progress = true};
    enum weir_status status = list_checkpoints(fs, dir, &complete, err);
    char path[WEIR_PATH_LEN_MAX];

    for (size_t i = (size_t)keep; status == WEIR_OK && i < complete.count; i++) {
        status = checkpoint_path(path, dir, complete.ids[i], "", err);
        if (status == WEIR_OK)
            status = remove_checkpoint(fs, path, err);
    }
    if (status == WEIR_OK)
        status = list_checkpoints(fs, dir, &aside, err);
    for (size_t i = 0; status == WEIR_OK && i < aside.count; i++)
        weir_checkpoint_discard(fs, dir, aside.ids[i]);
    free(complete.ids);
    free(aside.ids);
    return status;
}

int64_t weir_checkpoint_last_id(struct weir_fs *fs, const char *dir)
{
    struct listing complete = {0}, aside = {.want_in_progress = true};
    int64_t last = 0;

    list_checkpoints(fs, dir, &complete, NULL);
    list_checkpoints(fs, dir, &aside, NULL);
    if (complete.count > 0)
        last = complete.ids[0];
    if (aside.count > 0 && aside.ids[0] > last)
        last = aside.ids[0];
    free(complete.ids);
    free(aside.ids);
    return last;
}

static enum weir_status read_file(struct weir_fs *fs, const char *path, size_t len_max, struct weir_buf *out,
                                  struct weir_error *err)
{
    struct weir_file *file = NULL;
    enum weir_status status;
    uint64_t size = 0;
    uint8_t *room;
    size_t got = 0;

    status = weir_fs_open(fs, path, WEIR_OPEN_READ, &file, err);
    if (status == WEIR_OK)
        status = weir_file_size(file, &size, err);
    if (status == WEIR_OK && size > len_max)
        status = weir_fail(err, WEIR_E_DAMAGED, "%s has %" PRIu64 " bytes, more than the %zu that it can have", path,
                           size, len_max);
    if (status == WEIR_OK) {
        room = weir_buf_extend(out, (size_t)size);
        status = room == NULL ? weir_fail(err, WEIR_E_NOMEM, "no memory for the %" PRIu64 " bytes of %s", size, path)
                              : weir_file_read_at(file, room, (size_t)size, 0, &got, err);
    }
    if (status == WEIR_OK && got != size)
        status = weir_fail(err, WEIR_E_IO, "%s was cut to %zu bytes while it was read", path, got);
    weir_file_close(file);
    return status;
}

/* Reads one state file and compares it with the manifest's word. */
static enum weir_status read_verified(struct weir_fs *fs, const char *folder, const struct weir_state_file *file,
                                      struct weir_buf *out, struct weir_error *err)
{
    char path[WEIR_PATH_LEN_MAX];
    enum weir_status status = join(path, folder, file->name, err);

    if (status == WEIR_OK)
        status = read_file(fs, path, SIZE_MAX / 2, out, err);
    if (status == WEIR_OK && (out->len != file->len || weir_hash64(weir_buf_view(out), 0) != file->hash))
        status = weir_fail(err, WEIR_E_DAMAGED,
                           "state file %s is damaged: it has %zu bytes and is not what the checkpoint wrote (%" PRIu64
                           " bytes); restore from an older checkpoint",
                           path, out->len, file->len);
    return status;
}

static enum weir_status verify_files(struct weir_fs *fs, const char *path, const struct weir_manifest *manifest,
                                     struct weir_error *err)
{
    enum weir_status status = WEIR_OK;
    struct weir_buf bytes;

    weir_buf_init(&bytes, SIZE_MAX / 2);
    for (size_t i = 0; status == WEIR_OK && i < manifest->file_count; i++) {
        weir_buf_reset(&bytes);
        status = read_verified(fs, path, &manifest->files[i], &bytes, err);
    }
    weir_buf_fini(&bytes);
    return status;
}

enum weir_status weir_checkpoint_open(struct weir_fs *fs, const char *path, struct weir_manifest *out,
                                      struct weir_error *err)
{
    char metadata[WEIR_PATH_LEN_MAX];
    struct weir_error why = {0};
    enum weir_status status;
    struct weir_buf bytes;

    *out = (struct weir_manifest){0};
    weir_buf_init(&bytes, MANIFEST_LEN_MAX);
    status = join(metadata, path, METADATA, err);
    if (status == WEIR_OK)
        status = read_file(fs, metadata, MANIFEST_LEN_MAX, &bytes, err);
    if (status == WEIR_OK) {
        status = weir_manifest_read(weir_buf_view(&bytes), out, &why);
        if (status != WEIR_OK)
            weir_fail(err, status, "%s %s; restore from an older checkpoint", metadata, why.message);
    }
    weir_buf_fini(&bytes);
    if (status == WEIR_OK)
        status = verify_files(fs, path, out, err);
    if (status != WEIR_OK)
        weir_manifest_fini(out);
    return status;
}

enum weir_status weir_checkpoint_latest(struct weir_fs *fs, const char *dir,
                                        void (*refused)(void *arg, const char *path, const struct weir_error *why),
                                        void *arg, char *path, struct weir_error *err)
{
    struct listing complete = {0};
    struct weir_manifest manifest;
    struct weir_error why = {0}, newest = {0};
    enum weir_status status = WEIR_E_NOT_FOUND;

    if (weir_fs_exists(fs, dir)) {
        status = list_checkpoints(fs, dir, &complete, err);
        if (status != WEIR_OK)
            return status;
        status = WEIR_E_NOT_FOUND;
    }
    for (size_t i = 0; i < complete.count && status != WEIR_OK; i++) {
        if (checkpoint_path(path, dir, complete.ids[i], "", err) != WEIR_OK)
            continue;
        status = weir_checkpoint_open(fs, path, &manifest, &why);
        if (status == WEIR_OK)
            weir_manifest_fini(&manifest);
        else if (refused != NULL)
            refused(arg, path, &why);
        if (i == 0)
            newest = why;
    }
    free(complete.ids);
    if (status == WEIR_OK)
        return WEIR_OK;
    if (complete.count == 0)
        return weir_fail(err, WEIR_E_NOT_FOUND, "no checkpoint in %s", dir);
    return weir_fail(err, WEIR_E_DAMAGED, "no checkpoint in %s can be restored, remove them to start anew: %s", dir,
                     newest.message);
}

enum weir_status weir_checkpoint_read(struct weir_fs *fs, const char *path, const struct weir_state_file *file,
                                      struct weir_buf *entries, struct weir_error *err)
{
    struct weir_error why = {0};
    enum weir_status status;
    struct weir_buf bytes;

    weir_buf_init(&bytes, SIZE_MAX / 2);
    status = read_verified(fs, path, file, &bytes, err);
    if (status == WEIR_OK) {
        status = weir_snapshot_unpack(weir_buf_view(&bytes), entries, &why);
        if (status != WEIR_OK)
            weir_fail(err, status, "state file %s/%s %s", path, file->name, why.message);
    }
    weir_buf_fini(&bytes);
    return status;
}
