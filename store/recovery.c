/*
 * recovery.c - opening a folder: the newest checkpoint, then the records of all log files after it.
 *
 * What may be wrong after a crash, and nothing else: files from before the newest checkpoint or of an unfinished flush
 * are still there (removed); the newest log file has a torn tail (cut) or not even its header (removed). Any other
 * fault is damage, and the folder is refused with file and offset: to go on would lose what was acknowledged. What is
 * recovered is made durable before anybody sees it.
 */
#include <stdlib.h>

#include "base/log.h"
#include "store/checkpoint.h"
#include "store/container_int.h"
#include "store/paths.h"

/* The folder's files, by kind; numbers ascend, because names are listed in byte order. */
struct listing {
    struct numbers {
        uint64_t *items;
        size_t count, cap;
    } kinds[3];
    bool has_temporary;
};

static enum weir_status note_number(struct numbers *numbers, uint64_t number)
{
    if (numbers->count == numbers->cap) {
        size_t cap = numbers->cap > 0 ? numbers->cap * 2 : 16;
        uint64_t *items = realloc(numbers->items, cap * sizeof(*items));

        if (items == NULL)
            return WEIR_E_NOMEM;
        numbers->items = items;
        numbers->cap = cap;
    }
    numbers->items[numbers->count++] = number;
    return WEIR_OK;
}

static enum weir_status note_name(void *arg, const char *name, bool is_dir)
{
    struct listing *listing = arg;
    uint64_t number;

    if (is_dir)
        return WEIR_OK;
    for (int kind = WEIR_PATH_LOG; kind <= WEIR_PATH_CHUNK; kind++)
        if (weir_store_path_parse(name, (enum weir_path_kind)kind, &number))
            return note_number(&listing->kinds[kind], number);
    listing->has_temporary |= strcmp(name, "checkpoint.tmp") == 0;
    return WEIR_OK;
}

static void listing_fini(struct listing *listing)
{
    for (int kind = WEIR_PATH_LOG; kind <= WEIR_PATH_CHUNK; kind++)
        free(listing->kinds[kind].items);
}

static enum weir_status remove_file(struct weir_container *ctr, enum weir_path_kind kind, uint64_t number,
                                    struct weir_error *err)
{
    char path[WEIR_STORE_PATH_LEN_MAX];

    weir_store_path(path, ctr->dir, kind, number);
    return weir_fs_remove(ctr->fs, path, err);
}

static enum weir_status read_open_file(struct weir_file *file, const char *path, struct weir_block **out,
                                       struct weir_error *err)
{
    uint64_t size;
    enum weir_status status = weir_file_size(file, &size, err);
    struct weir_block *block;

    if (status != WEIR_OK)
        return status;
    block = weir_block_new(size);
    if (block == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory to read %s", path);
    status = weir_file_read_at(file, block->bytes, size, 0, &block->len, err);
    if (status == WEIR_OK)
        *out = block;
    else
        weir_block_unref(block);
    return status;
}

/* The whole file in memory; the caller owns the block. */
static enum weir_status read_file(struct weir_container *ctr, const char *path, struct weir_block **out,
                                  struct weir_error *err)
{
    struct weir_file *file;
    enum weir_status status = weir_fs_open(ctr->fs, path, WEIR_OPEN_READ, &file, err);

    if (status != WEIR_OK)
        return status;
    status = read_open_file(file, path, out, err);
    weir_file_close(file);
    return status;
}

/* --- Checkpoint --- */

static enum weir_status load_checkpoint(struct weir_container *ctr, const struct numbers *checkpoints,
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
    status = read_file(ctr, path, &block, err);
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
    bool newest; /* the file may have a torn tail */
};

static void settle_effects(struct weir_state *state)
{
    struct weir_effect effect;

    while (weir_state_take_effect(state, UINT64_MAX, &effect)) {
        effect.seg->durable_length = effect.length;
        effect.seg->durable_sealed = effect.seg->sealed;
        weir_segment_unref(effect.seg);
    }
}

static enum weir_status replay_record(struct replay *replay, const struct weir_record *record, struct weir_block *block,
                                      struct weir_error *err)
{
    struct weir_in in = weir_in(record->payload);
    struct weir_op op;
    enum weir_status status = WEIR_OK;

    while (weir_in_left(&in) > 0 && status == WEIR_OK) {
        status =
            weir_op_get(&in, &op) ? weir_state_apply(&replay->ctr->state, &op, block, record->lsn) : WEIR_E_DAMAGED;
    }
    settle_effects(&replay->ctr->state);
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
    return harden(replay, &reader, err);
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
    status = read_file(replay->ctr, path, &block, err);
    if (status != WEIR_OK)
        return status;
    /* Records follow only when the header is durable: without them, the file was just being made. */
    if (replay->newest && block->len <= WEIR_FILE_HEADER_LEN &&
        weir_file_header_get(weir_view(block->bytes, block->len), WEIR_FILE_LOG, path, &header, NULL) == WEIR_E_DAMAGED)
        status = remove_file(replay->ctr, WEIR_PATH_LOG, number, err);
    else
        status = replay_block(replay, block, err);
    weir_block_unref(block);
    return status;
}

static enum weir_status replay_log(struct weir_container *ctr, const struct numbers *logs, uint64_t *next_lsn,
                                   struct weir_error *err)
{
    struct replay replay = {.ctr = ctr, .next_lsn = ctr->published_lsn + 1};
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < logs->count && status == WEIR_OK; i++) {
        replay.newest = i + 1 == logs->count;
        if (logs->items[i] > ctr->published_lsn)
            status = replay_file(&replay, logs->items[i], err);
    }
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

static enum weir_status remove_leftovers(struct weir_container *ctr, const struct listing *listing,
                                         struct weir_error *err)
{
    const struct numbers *logs = &listing->kinds[WEIR_PATH_LOG], *chunks = &listing->kinds[WEIR_PATH_CHUNK];
    const struct numbers *checkpoints = &listing->kinds[WEIR_PATH_CHECKPOINT];
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
    weir_store_path_named(path, ctr->dir, "checkpoint.tmp");
    if (status == WEIR_OK && listing->has_temporary)
        status = weir_fs_remove(ctr->fs, path, err);
    return status;
}

enum weir_status weir_container_recover(struct weir_container *ctr, uint64_t *next_lsn, struct weir_error *err)
{
    struct listing listing = {0};
    enum weir_status status = weir_fs_list(ctr->fs, ctr->dir, note_name, &listing, err);

    if (status == WEIR_E_NOMEM)
        weir_fail(err, status, "out of memory to list %s", ctr->dir);
    if (status == WEIR_OK)
        status = load_checkpoint(ctr, &listing.kinds[WEIR_PATH_CHECKPOINT], err);
    if (status == WEIR_OK)
        status = replay_log(ctr, &listing.kinds[WEIR_PATH_LOG], next_lsn, err);
    if (status == WEIR_OK)
        status = check_chunks(ctr, err);
    if (status == WEIR_OK)
        status = weir_fs_sync_dir(ctr->fs, ctr->dir, err); /* the checkpoint's name, before what it replaces goes */
    if (status == WEIR_OK)
        status = remove_leftovers(ctr, &listing, err);
    listing_fini(&listing);
    return status;
}
