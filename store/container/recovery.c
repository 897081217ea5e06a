/*
 * recovery.c - opening a folder: the newest checkpoint, then the records of all log files after it.
 *
 * What may be wrong after a crash, and nothing else: files from before the newest checkpoint or of an unfinished flush
 * are still there (removed); the newest log file has a torn tail (cut) or not even its header (removed), unless that
 * takes what the file `reached` says was acknowledged. Any other fault is damage, and the folder is refused with file
 * and offset: to go on would lose what was acknowledged. What is recovered is made durable before anybody sees it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/container/checkpoint.h"
#include "store/container/container_int.h"
#include "store/container/folder.h"
#include "store/container/reached.h"

static enum weir_status remove_file(struct weir_container *ctr, enum weir_path_kind kind, uint64_t number,
                                    struct weir_error *err)
{
    char path[WEIR_STORE_PATH_LEN_MAX];

    weir_store_path(path, ctr->dir, kind, number);
    return weir_fs_remove(ctr->fs, path, err);
}

/* --- Checkpoint --- */

static enum weir_status load_checkpoint(struct weir_container *ctr, const struct weir_file_numbers *checkpoints,
                                        struct weir_error *err)
{
    char path[WEIR_STORE_PATH_LEN_MAX];
    struct weir_block *block = NULL;
    uint64_t number, lsn = 0;
    enum weir_status status;

    if (checkpoints->count == 0)
        return WEIR_OK;
    number = checkpoints->items[checkpoints->count - 1];
    weir_store_path(path, ctr->dir, WEIR_PATH_CHECKPOINT, number);
    status = weir_folder_read(ctr->fs, path, &block, err);
    if (status != WEIR_OK)
        return status;
    status = weir_checkpoint_load(&ctr->state, weir_view(block->bytes, block->len), path, &lsn, err);
    weir_block_unref(block);
    if (status == WEIR_OK && lsn != number)
        return weir_fail(err, WEIR_E_DAMAGED, "%s is damaged at offset 16: it is the checkpoint of another LSN", path);
    ctr->published_lsn = lsn;
    return status;
}

/* --- Log --- */

struct replay {
    struct weir_container *ctr;
    const char *path;
    uint64_t next_lsn;
    const struct weir_reached *reached;
    bool newest; /* the file may have a torn tail */
};

/* Before anything of the newest file is cut: a tail that was acknowledged is not torn. */
static enum weir_status check_reached(const struct replay *replay, uint64_t offset, struct weir_error *err)
{
    return weir_reached_check(replay->reached, replay->ctr->dir, replay->next_lsn - 1, replay->path, offset, err);
}

static enum weir_status replay_record(struct replay *replay, const struct weir_record *record, struct weir_block *block,
                                      struct weir_error *err)
{
    enum weir_status status = weir_state_apply_record(&replay->ctr->state, record, block);

    if (status == WEIR_E_NOMEM)
        return weir_fail(err, status, "out of memory to recover from %s", replay->path);
    if (status != WEIR_OK)
        return weir_fail(err, status, "%s is damaged at offset %llu: the record does not fit those before it",
                         replay->path, (unsigned long long)record->offset);
    replay->next_lsn = record->lsn + 1;
    return WEIR_OK;
}

/*
 * Makes durable what was read and is shown from now on: the process that wrote it may have ended before its sync, or
 * because of one that failed, after which the system takes pages for clean that are not on the disk. Only the newest
 * file's last group can be such (rule 4 of the README), and it is written once more. A torn tail goes.
 */
static enum weir_status harden(const struct replay *replay, const struct weir_record_reader *reader,
                               struct weir_error *err)
{
    struct weir_container *ctr = replay->ctr;
    struct iovec last = {(void *)(uintptr_t)(reader->file.ptr + reader->group), reader->offset - reader->group};
    uint64_t torn_len = reader->file.len - reader->offset;
    struct weir_file *file;
    enum weir_status status = weir_fs_open(ctr->fs, replay->path, WEIR_OPEN_WRITE, &file, err);

    if (status != WEIR_OK)
        return status;
    if (torn_len > 0) {
        weir_log_warn(weir_loop_log(ctr->loop), "store",
                      "%s: cut %llu bytes that a crash left unfinished at offset %llu", replay->path,
                      (unsigned long long)torn_len, (unsigned long long)reader->offset);
        status = weir_file_truncate(file, reader->offset, err);
    }
    if (status == WEIR_OK && replay->newest && reader->group > 0)
        status = weir_file_write_at(file, &last, 1, reader->group, err);
    if (status == WEIR_OK)
        status = weir_file_sync(file, err);
    weir_file_close(file);
    return status;
}

static enum weir_status replay_block(struct replay *replay, struct weir_block *block, struct weir_error *err)
{
    struct weir_view bytes = weir_view(block->bytes, block->len);
    struct weir_file_header header;
    struct weir_record_reader reader;
    struct weir_record record;
    enum weir_status status = weir_file_header_get(bytes, WEIR_FILE_LOG, replay->path, &header, err);

    if (status == WEIR_OK)
        status = weir_file_header_join(&header, replay->path, &replay->ctr->state.store, err);
    if (status != WEIR_OK)
        return status;
    if (header.number != replay->next_lsn)
        return weir_fail(err, WEIR_E_DAMAGED, "%s is damaged at offset 16: it is the log of another LSN", replay->path);
    weir_record_reader_init(&reader, bytes, header.salt, replay->next_lsn);
    while ((status = weir_record_next(&reader, &record)) == WEIR_OK) {
        status = replay_record(replay, &record, block, err);
        if (status != WEIR_OK)
            return status;
    }
    replay->ctr->log_base += reader.offset;
    if (status != WEIR_E_END && (!replay->newest || !weir_record_tail_is_torn(&reader)))
        return weir_fail(err, WEIR_E_DAMAGED, "%s is damaged at offset %llu: no whole record stands there",
                         replay->path, (unsigned long long)reader.offset);
    status = replay->newest ? check_reached(replay, reader.offset, err) : WEIR_OK;
    return status == WEIR_OK ? harden(replay, &reader, err) : status;
}

static enum weir_status replay_file(struct replay *replay, uint64_t number, struct weir_error *err)
{
    char path[WEIR_STORE_PATH_LEN_MAX];
    struct weir_file_header header;
    struct weir_block *block = NULL;
    enum weir_status status;

    weir_store_path(path, replay->ctr->dir, WEIR_PATH_LOG, number);
    replay->path = path;
    if (number != replay->next_lsn)
        return weir_fail(err, WEIR_E_DAMAGED, "%s: the log before it is missing (LSN %llu to %llu)", path,
                         (unsigned long long)replay->next_lsn, (unsigned long long)(number - 1));
    status = weir_folder_read(replay->ctr->fs, path, &block, err);
    if (status != WEIR_OK)
        return status;
    /* Records follow only when the header is durable: without them, the file was just being made. */
    if (replay->newest && block->len <= WEIR_FILE_HEADER_LEN &&
        weir_file_header_get(weir_view(block->bytes, block->len), WEIR_FILE_LOG, path, &header, NULL) ==
            WEIR_E_DAMAGED) {
        status = check_reached(replay, 0, err);
        if (status == WEIR_OK)
            status = remove_file(replay->ctr, WEIR_PATH_LOG, number, err);
    } else {
        status = replay_block(replay, block, err);
    }
    weir_block_unref(block);
    return status;
}

static enum weir_status replay_log(struct weir_container *ctr, const struct weir_folder *folder, uint64_t *next_lsn,
                                   struct weir_error *err)
{
    const struct weir_file_numbers *logs = &folder->kinds[WEIR_PATH_LOG];
    struct weir_reached reached;
    struct replay replay = {.ctr = ctr, .next_lsn = ctr->published_lsn + 1, .reached = &reached};
    enum weir_status status = weir_reached_read(ctr->fs, ctr->dir, folder, &ctr->state.store, &reached, err);

    for (size_t i = 0; i < logs->count && status == WEIR_OK; i++) {
        replay.newest = i + 1 == logs->count;
        if (logs->items[i] > ctr->published_lsn)
            status = replay_file(&replay, logs->items[i], err);
    }
    replay.path = NULL;
    if (status == WEIR_OK && (logs->count == 0 || logs->items[logs->count - 1] <= ctr->published_lsn))
        status = check_reached(&replay, 0, err);
    *next_lsn = replay.next_lsn;
    return status;
}

/* --- Chunks and leftovers --- */

static enum weir_status check_chunks(struct weir_container *ctr, struct weir_error *err)
{
    struct weir_chunk_set *chunks = &ctr->state.chunks;
    enum weir_status status = WEIR_OK;

    for (size_t i = chunks->count; i-- > 0 && status == WEIR_OK;) {
        if (chunks->items[i]->live_len > 0)
            status = weir_chunk_check(ctr->fs, ctr->dir, chunks->items[i], err);
        else if (chunks->items[i]->readers == 0)
            weir_chunk_set_remove(chunks, chunks->items[i]);
    }
    return status;
}

static enum weir_status remove_leftovers(struct weir_container *ctr, const struct weir_folder *folder,
                                         struct weir_error *err)
{
    const struct weir_file_numbers *logs = &folder->kinds[WEIR_PATH_LOG], *chunks = &folder->kinds[WEIR_PATH_CHUNK];
    const struct weir_file_numbers *checkpoints = &folder->kinds[WEIR_PATH_CHECKPOINT];
    char path[WEIR_STORE_PATH_LEN_MAX];
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < logs->count && status == WEIR_OK; i++)
        if (logs->items[i] <= ctr->published_lsn)
            status = remove_file(ctr, WEIR_PATH_LOG, logs->items[i], err);
    for (size_t i = 0; i + 1 < checkpoints->count && status == WEIR_OK; i++)
        status = remove_file(ctr, WEIR_PATH_CHECKPOINT, checkpoints->items[i], err);
    for (size_t i = 0; i < chunks->count && status == WEIR_OK; i++)
        if (weir_chunk_set_find(&ctr->state.chunks, chunks->items[i]) == NULL)
            status = remove_file(ctr, WEIR_PATH_CHUNK, chunks->items[i], err);
    weir_store_path_named(path, ctr->dir, WEIR_STORE_CHECKPOINT_TEMPORARY);
    if (status == WEIR_OK && folder->has_temporary)
        status = weir_fs_remove(ctr->fs, path, err);
    weir_store_path_named(path, ctr->dir, WEIR_STORE_REACHED_TEMPORARY);
    if (status == WEIR_OK && folder->has_reached_temporary)
        status = weir_fs_remove(ctr->fs, path, err);
    return status;
}

/* Damage is no reason to guess: the folder stays as it is, and the reader learns what else to look at. */
static void tell_what_to_do(const struct weir_container *ctr, struct weir_error *err)
{
    char message[WEIR_ERROR_MESSAGE_LEN_MAX];

    if (err == NULL)
        return;
    snprintf(message, sizeof(message), "%s", err->message);
    weir_fail(err, WEIR_E_DAMAGED, "%s (weir store check %s tells what is good)", message, ctr->dir);
}

enum weir_status weir_container_recover(struct weir_container *ctr, uint64_t *next_lsn, struct weir_error *err)
{
    struct weir_folder folder = {0};
    enum weir_status status = weir_folder_list(ctr->fs, ctr->dir, &folder, err);

    if (status == WEIR_OK)
        status = weir_folder_check_roots(&folder, ctr->dir, err);
    if (status == WEIR_OK)
        status = load_checkpoint(ctr, &folder.kinds[WEIR_PATH_CHECKPOINT], err);
    if (status == WEIR_OK)
        status = replay_log(ctr, &folder, next_lsn, err);
    if (status == WEIR_OK)
        status = check_chunks(ctr, err);
    if (status == WEIR_OK)
        status = weir_fs_sync_dir(ctr->fs, ctr->dir, err); /* the checkpoint's name, before what it replaces goes */
    if (status == WEIR_OK)
        status = remove_leftovers(ctr, &folder, err);
    if (status == WEIR_E_DAMAGED)
        tell_what_to_do(ctr, err);
    if (status == WEIR_OK && ctr->state.store == 0 && *next_lsn == 1) /* nothing was there */
        ctr->state.store = (uint32_t)weir_host_random(weir_loop_host(ctr->loop)) | 1;
    weir_folder_fini(&folder);
    return status;
}
