/*
 * reached.c - the file `reached`: written to a temporary name, synced, renamed, synced.
 *
 * Only a store whose very first group was not acknowledged yet may be without it: then there is nothing but the first
 * log.
 */
#include "store/container/reached.h"

#include "store/container/record.h"

static enum weir_status write_temporary(struct weir_fs *fs, const char *path, const struct weir_file_header *header,
                                        struct weir_error *err)
{
    uint8_t bytes[WEIR_FILE_HEADER_LEN];
    struct weir_file *file = NULL;
    enum weir_status status =
        weir_fs_open(fs, path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC, &file, err);

    weir_file_header_put(bytes, WEIR_FILE_REACHED, header);
    if (status == WEIR_OK)
        status = weir_file_write_at(file, &(struct iovec){bytes, sizeof(bytes)}, 1, 0, err);
    if (status == WEIR_OK)
        status = weir_file_sync(file, err);
    weir_file_close(file);
    return status;
}

enum weir_status weir_reached_write(struct weir_fs *fs, const char *dir, uint32_t store, uint64_t lsn,
                                    struct weir_error *err)
{
    struct weir_file_header header = {.store = store, .number = lsn};
    char temporary[WEIR_STORE_PATH_LEN_MAX], path[WEIR_STORE_PATH_LEN_MAX];
    enum weir_status status;

    weir_store_path_named(temporary, dir, WEIR_STORE_REACHED_TEMPORARY);
    weir_store_path_named(path, dir, WEIR_STORE_REACHED);
    status = write_temporary(fs, temporary, &header, err);
    if (status == WEIR_OK)
        status = weir_fs_rename(fs, temporary, path, err);
    return status == WEIR_OK ? weir_fs_sync_dir(fs, dir, err) : status;
}

/* Without it there may be the first log, of which nothing was acknowledged. */
static bool may_be_without(const struct weir_folder *folder)
{
    const struct weir_file_numbers *logs = &folder->kinds[WEIR_PATH_LOG];

    return folder->kinds[WEIR_PATH_CHECKPOINT].count == 0 && folder->kinds[WEIR_PATH_CHUNK].count == 0 &&
           (logs->count == 0 || logs->items[logs->count - 1] == 1);
}

enum weir_status weir_reached_read(struct weir_fs *fs, const char *dir, const struct weir_folder *folder,
                                   uint32_t *store, struct weir_reached *out, struct weir_error *err)
{
    char path[WEIR_STORE_PATH_LEN_MAX];
    struct weir_file_header header = {0};
    struct weir_block *block = NULL;
    enum weir_status status;

    *out = (struct weir_reached){.missing = !folder->has_reached && !may_be_without(folder)};
    if (!folder->has_reached)
        return WEIR_OK;
    weir_store_path_named(path, dir, WEIR_STORE_REACHED);
    status = weir_folder_read(fs, path, &block, err);
    if (status != WEIR_OK)
        return status;
    status = weir_file_header_get(weir_view(block->bytes, block->len), WEIR_FILE_REACHED, path, &header, err);
    weir_block_unref(block);
    if (status == WEIR_OK)
        status = weir_file_header_join(&header, path, store, err);
    out->lsn = header.number;
    return status;
}

enum weir_status weir_reached_check(const struct weir_reached *reached, const char *dir, uint64_t last_lsn,
                                    const char *path, uint64_t offset, struct weir_error *err)
{
    if (reached->missing)
        return weir_fail(err, WEIR_E_DAMAGED, "%s/%s is missing: nothing else tells whether the newest files are there",
                         dir, WEIR_STORE_REACHED);
    if (last_lsn >= reached->lsn)
        return WEIR_OK;
    if (path == NULL)
        return weir_fail(err, WEIR_E_DAMAGED,
                         "%s ends at LSN %llu, but LSN %llu was acknowledged: newer files are missing", dir,
                         (unsigned long long)last_lsn, (unsigned long long)reached->lsn);
    return weir_fail(err, WEIR_E_DAMAGED,
                     "%s ends at offset %llu with LSN %llu, but LSN %llu was acknowledged: its end or a newer file is "
                     "missing",
                     path, (unsigned long long)offset, (unsigned long long)last_lsn, (unsigned long long)reached->lsn);
}
