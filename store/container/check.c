/*
 * check.c - looks a folder over: the newest checkpoint, the log after it, the chunks (check_chunks.c), and the report.
 *
 * It goes on behind damage: what stands behind a damaged record is still read and counted, though it cannot be applied,
 * since nobody knows what it rests on. The segments are told as they were before the damage.
 */
#include "store/container/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/container/check_int.h"
#include "store/container/checkpoint.h"
#include "store/container/reached.h"

#define LINE_LEN_MAX 4096u

/* --- The report --- */

void weir_check_say(struct weir_check *check, const char *fmt, ...)
{
    char line[LINE_LEN_MAX];
    va_list args;

    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    check->options->line(check->options->arg, line);
}

const char *weir_check_name(const struct weir_check *check, const char *path)
{
    return path + strlen(check->dir) + 1;
}

void weir_check_damaged(struct weir_check *check, const struct weir_error *why)
{
    check->result.damaged_count++;
    weir_check_say(check, "  DAMAGED  %s", why->message);
}

/* A file of ours that nothing needs any more: the next start removes it. */
static void say_leftovers(struct weir_check *check, enum weir_path_kind kind,
                          bool (*needed)(struct weir_check *, uint64_t))
{
    const struct weir_file_numbers *numbers = &check->folder.kinds[kind];
    char path[WEIR_STORE_PATH_LEN_MAX];
    size_t count = 0;

    for (size_t i = 0; i < numbers->count; i++) {
        if (needed(check, numbers->items[i]))
            continue;
        count++;
        weir_store_path(path, check->dir, kind, numbers->items[i]);
        if (count <= WEIR_CHECK_FEW || check->options->verbose)
            weir_check_say(check, "  unused   %s: left over, the next start removes it", weir_check_name(check, path));
    }
    if (count > WEIR_CHECK_FEW && !check->options->verbose)
        weir_check_say(check, "  unused   %zu more such files", count - WEIR_CHECK_FEW);
}

static bool log_is_needed(struct weir_check *check, uint64_t number)
{
    return number > check->published_lsn;
}

static bool chunk_is_needed(struct weir_check *check, uint64_t number)
{
    const struct weir_chunk *chunk = weir_chunk_set_find(&check->state.chunks, number);

    return !check->state_whole || (chunk != NULL && chunk->live_len > 0);
}

static bool checkpoint_is_needed(struct weir_check *check, uint64_t number)
{
    const struct weir_file_numbers *numbers = &check->folder.kinds[WEIR_PATH_CHECKPOINT];

    return number == numbers->items[numbers->count - 1];
}

/* --- What refers to the chunks --- */

static void check_roots(struct weir_check *check)
{
    struct weir_error why = {0};

    if (weir_folder_check_roots(&check->folder, check->dir, &why) == WEIR_OK)
        return;
    check->state_whole = false;
    check->result.refused = true;
    weir_check_damaged(check, &why);
}

/* --- Checkpoint --- */

static enum weir_status check_checkpoint(struct weir_check *check, struct weir_error *err)
{
    const struct weir_file_numbers *numbers = &check->folder.kinds[WEIR_PATH_CHECKPOINT];
    uint64_t number = numbers->count > 0 ? numbers->items[numbers->count - 1] : 0, lsn = 0;
    char path[WEIR_STORE_PATH_LEN_MAX];
    struct weir_block *block = NULL;
    struct weir_error why = {0};
    enum weir_status status;

    if (numbers->count == 0)
        return WEIR_OK;
    check->result.file_count++;
    weir_store_path(path, check->dir, WEIR_PATH_CHECKPOINT, number);
    status = weir_folder_read(check->fs, path, &block, &why);
    if (status == WEIR_OK)
        status = weir_checkpoint_load(&check->state, weir_view(block->bytes, block->len), path, &lsn, &why);
    if (status == WEIR_OK && lsn != number)
        status =
            weir_fail(&why, WEIR_E_DAMAGED, "%s is damaged at offset 16: it is the checkpoint of another LSN", path);
    check->published_lsn = number;
    if (status == WEIR_OK)
        weir_check_say(check, "  good     %s: up to LSN %" PRIu64 ", %zu segments, %zu entries of the map, %zu chunks",
                       weir_check_name(check, path), lsn, check->state.segment_count, check->state.map.count,
                       check->state.chunks.count);
    weir_block_unref(block);
    if (status == WEIR_OK)
        return WEIR_OK;
    if (status == WEIR_E_NOMEM || status == WEIR_E_UNSUPPORTED) {
        if (err != NULL)
            *err = why;
        return status;
    }
    check->state_whole = false;
    check->result.refused = true;
    weir_check_damaged(check, &why);
    if (numbers->count > 1)
        weir_check_say(check, "           the checkpoint before it is still there: keep a copy of the folder");
    return WEIR_OK;
}

/* --- Log --- */

struct log_check {
    struct weir_check *check;
    const char *path;
    uint64_t number, next_lsn, first_lsn;
    uint64_t end; /* where the whole records of the newest file end */
    bool newest, damaged;
};

static void log_damaged(struct log_check *log, const struct weir_error *why)
{
    if (!log->damaged)
        log->check->result.damaged_count++;
    log->damaged = true;
    log->check->state_whole = false;
    log->check->result.refused = true;
    weir_check_say(log->check, "  DAMAGED  %s", why->message);
}

/* @retval WEIR_E_DAMAGED the record does not fit: told */
static enum weir_status apply(struct log_check *log, const struct weir_record *record, struct weir_block *block)
{
    struct weir_error why = {0};
    enum weir_status status;

    if (!log->check->state_whole)
        return WEIR_OK;
    status = weir_state_apply_record(&log->check->state, record, block);
    if (status != WEIR_E_DAMAGED)
        return status;
    weir_fail(&why, status, "%s is damaged at offset %" PRIu64 ": the record does not fit those before it", log->path,
              record->offset);
    log_damaged(log, &why);
    return WEIR_OK;
}

/* Says which LSNs are gone, and goes on behind them. False: nothing whole stands there. */
static bool pass_damage(struct log_check *log, struct weir_record_reader *reader)
{
    uint64_t lost = reader->next_lsn;
    struct weir_error why = {0};

    weir_fail(&why, WEIR_E_DAMAGED, "%s is damaged at offset %" PRIu64 ": no whole record stands there", log->path,
              reader->offset);
    log_damaged(log, &why);
    if (!weir_record_pass_damage(reader)) {
        weir_check_say(log->check, "           nothing whole stands behind it: LSN %" PRIu64 " and later are not there",
                       lost);
        return false;
    }
    weir_check_say(log->check,
                   "           LSN %" PRIu64 " to %" PRIu64
                   " are not there; whole records begin again at offset %" PRIu64,
                   lost, reader->next_lsn - 1, reader->offset);
    return true;
}

/* Reads all records; what does not stand whole is passed over, and told. */
static enum weir_status read_records(struct log_check *log, struct weir_record_reader *reader, struct weir_block *block)
{
    for (;;) {
        struct weir_record record;
        enum weir_status status = weir_record_next(reader, &record);

        if (status == WEIR_OK)
            status = apply(log, &record, block);
        else if (status == WEIR_E_END || (log->newest && weir_record_tail_is_torn(reader)) || !pass_damage(log, reader))
            return WEIR_OK;
        else
            status = WEIR_OK;
        if (status != WEIR_OK)
            return status;
    }
}

static enum weir_status check_log_block(struct log_check *log, struct weir_block *block, struct weir_error *err)
{
    struct weir_view bytes = weir_view(block->bytes, block->len);
    struct weir_file_header header = {0};
    struct weir_record_reader reader;
    struct weir_error why = {0};
    enum weir_status status = weir_file_header_get(bytes, WEIR_FILE_LOG, log->path, &header, &why);

    if (status == WEIR_E_DAMAGED && log->newest && block->len <= WEIR_FILE_HEADER_LEN) {
        weir_check_say(log->check, "  good     %s: a crash came while it was being made, nothing is in it",
                       weir_check_name(log->check, log->path));
        return WEIR_OK;
    }
    if (status == WEIR_OK)
        status = weir_file_header_join(&header, log->path, &log->check->state.store, &why);
    if (status == WEIR_OK && header.number != log->number)
        status = weir_fail(&why, WEIR_E_DAMAGED, "%s is damaged at offset 16: it is the log of another LSN", log->path);
    if (status == WEIR_E_DAMAGED) {
        log_damaged(log, &why);
        return WEIR_OK; /* its salt is not known, so nothing in it can be told from chance */
    }
    if (status != WEIR_OK) {
        if (err != NULL)
            *err = why;
        return status;
    }
    weir_record_reader_init(&reader, bytes, header.salt, log->number);
    status = read_records(log, &reader, block);
    if (status != WEIR_OK)
        return weir_fail(err, status, "out of memory to check %s", log->path);
    log->next_lsn = reader.next_lsn;
    log->end = reader.offset;
    weir_check_say(log->check, "  %s  %s: LSN %" PRIu64 " to %" PRIu64 ", %" PRIu64 " bytes",
                   log->damaged ? "DAMAGED" : "good   ", weir_check_name(log->check, log->path), log->number,
                   reader.next_lsn - 1, reader.offset);
    if (!log->damaged && reader.offset < bytes.len)
        weir_check_say(log->check,
                       "           a crash left %" PRIu64 " bytes unfinished at offset %" PRIu64
                       ": the next start cuts them",
                       bytes.len - reader.offset, reader.offset);
    return WEIR_OK;
}

static enum weir_status check_log(struct log_check *log, struct weir_error *err)
{
    struct weir_block *block = NULL;
    struct weir_error why = {0};
    enum weir_status status;

    log->check->result.file_count++;
    log->end = 0;
    log->damaged = false;
    if (log->number != log->next_lsn) {
        weir_fail(&why, WEIR_E_DAMAGED, "%s: the log before it is missing (LSN %" PRIu64 " to %" PRIu64 ")", log->path,
                  log->next_lsn, log->number - 1);
        log_damaged(log, &why);
        log->damaged = false; /* not this file */
    }
    status = weir_folder_read(log->check->fs, log->path, &block, &why);
    if (status == WEIR_OK) {
        status = check_log_block(log, block, err);
        weir_block_unref(block);
        return status;
    }
    if (status == WEIR_E_NOMEM && err != NULL)
        *err = why;
    if (status == WEIR_E_NOMEM)
        return status;
    log_damaged(log, &why);
    return WEIR_OK;
}

/* With damage before, what is missing is told already. */
static enum weir_status check_reached(struct log_check *log, struct weir_error *err)
{
    struct weir_check *check = log->check;
    struct weir_reached reached;
    struct weir_error why = {0};
    enum weir_status status =
        weir_reached_read(check->fs, check->dir, &check->folder, &check->state.store, &reached, &why);

    check->result.file_count += check->folder.has_reached;
    if (status == WEIR_E_NOMEM || status == WEIR_E_UNSUPPORTED) {
        if (err != NULL)
            *err = why;
        return status;
    }
    if (status == WEIR_OK && check->folder.has_reached)
        weir_check_say(check, "  good     %s: LSN %" PRIu64 " was acknowledged", WEIR_STORE_REACHED, reached.lsn);
    if (status == WEIR_OK && check->state_whole)
        status = weir_reached_check(&reached, check->dir, log->next_lsn - 1, log->newest ? log->path : NULL, log->end,
                                    &why);
    if (status == WEIR_OK)
        return WEIR_OK;
    check->state_whole = false;
    check->result.refused = true;
    weir_check_damaged(check, &why);
    return WEIR_OK;
}

static enum weir_status check_logs(struct weir_check *check, struct weir_error *err)
{
    const struct weir_file_numbers *numbers = &check->folder.kinds[WEIR_PATH_LOG];
    struct log_check log = {.check = check, .next_lsn = check->published_lsn + 1};
    char path[WEIR_STORE_PATH_LEN_MAX];
    enum weir_status status = WEIR_OK;

    log.path = path;
    for (size_t i = 0; i < numbers->count && status == WEIR_OK; i++) {
        log.number = numbers->items[i];
        if (log.number <= check->published_lsn)
            continue;
        log.newest = i + 1 == numbers->count;
        weir_store_path(path, check->dir, WEIR_PATH_LOG, log.number);
        status = check_log(&log, err);
    }
    return status == WEIR_OK ? check_reached(&log, err) : status;
}

/* --- Segments --- */

struct segment_table {
    struct weir_check *check;
    size_t count;
};

static void say_segment(void *arg, struct weir_segment *seg)
{
    struct segment_table *table = arg;
    struct weir_check *check = table->check;

    if (table->count++ >= WEIR_CHECK_FEW && !check->options->verbose)
        return;
    if (seg->table != NULL)
        weir_check_say(check, "  %.*s: bytes %" PRId64 " to %" PRId64 ", %zu keys%s", (int)seg->name_len, seg->name,
                       seg->start_offset, seg->length, seg->table->index.count, seg->sealed ? ", sealed" : "");
    else
        weir_check_say(check, "  %.*s: bytes %" PRId64 " to %" PRId64 ", %" PRId64 " events%s", (int)seg->name_len,
                       seg->name, seg->start_offset, seg->length, seg->event_count, seg->sealed ? ", sealed" : "");
}

static void say_segments(struct weir_check *check)
{
    struct segment_table table = {.check = check};

    weir_check_say(check, "%zu segments%s", check->state.segment_count,
                   check->state_whole ? "" : ", as they were before the damage");
    weir_state_each(&check->state, say_segment, &table);
    if (table.count > WEIR_CHECK_FEW && !check->options->verbose)
        weir_check_say(check, "  %zu more (--verbose lists all)", table.count - WEIR_CHECK_FEW);
}

static void say_result(struct weir_check *check)
{
    const struct weir_check_result *result = &check->result;

    if (result->damaged_count + result->dead_count == 0)
        weir_check_say(check, "good: %" PRIu64 " files", result->file_count);
    else if (result->damaged_count == 0)
        weir_check_say(check,
                       "DAMAGED: %" PRIu64 " of %" PRIu64
                       " files, but nothing refers to what is damaged: nothing is lost, and the store works on. A disk "
                       "that changes bytes is not to be trusted, though",
                       result->dead_count, result->file_count);
    else if (result->refused)
        weir_check_say(check,
                       "DAMAGED: %" PRIu64 " of %" PRIu64
                       " files. The store refuses to open this folder, since it would lose what it acknowledged: put "
                       "the damaged files back from a copy, or begin with another folder",
                       result->damaged_count, result->file_count);
    else
        weir_check_say(check,
                       "DAMAGED: %" PRIu64 " of %" PRIu64
                       " files. The store opens, and reads of the ranges above fail: put the files back from a copy, "
                       "or truncate the streams behind those ranges",
                       result->damaged_count, result->file_count);
}

/* --- The whole --- */

/* A folder without a lock file was never open here: it is a copy, and nobody is to be kept out. */
static enum weir_status lock_folder(struct weir_check *check, struct weir_fs_lock **lock, struct weir_error *err)
{
    char path[WEIR_STORE_PATH_LEN_MAX];

    if (strlen(check->dir) == 0 || strlen(check->dir) > WEIR_STORE_DIR_LEN_MAX)
        return weir_fail(err, WEIR_E_INVAL, "the name of the store's folder has %zu bytes, not 1..%d",
                         strlen(check->dir), WEIR_STORE_DIR_LEN_MAX);
    if (!weir_fs_exists(check->fs, check->dir))
        return weir_fail(err, WEIR_E_NOT_FOUND, "there is no folder %s", check->dir);
    weir_store_path_named(path, check->dir, "lock");
    return weir_fs_exists(check->fs, path) ? weir_fs_lock_existing(check->fs, path, lock, err) : WEIR_OK;
}

static enum weir_status look(struct weir_check *check, struct weir_error *err)
{
    const struct weir_folder *folder = &check->folder;
    enum weir_status status = weir_folder_list(check->fs, check->dir, &check->folder, err);

    if (status == WEIR_OK && !folder->has_reached &&
        folder->kinds[0].count + folder->kinds[1].count + folder->kinds[2].count == 0)
        status = weir_fail(err, WEIR_E_NOT_FOUND, "there is no store's file in %s", check->dir);
    if (status != WEIR_OK)
        return status;
    weir_check_say(check, "%s, format version %u", check->dir, WEIR_STORE_FORMAT_VERSION);
    check_roots(check);
    status = check_checkpoint(check, err);
    if (status == WEIR_OK)
        status = check_logs(check, err);
    if (status == WEIR_OK)
        status = weir_check_chunks(check, err);
    if (status != WEIR_OK)
        return status;
    say_leftovers(check, WEIR_PATH_CHECKPOINT, checkpoint_is_needed);
    say_leftovers(check, WEIR_PATH_LOG, log_is_needed);
    say_leftovers(check, WEIR_PATH_CHUNK, chunk_is_needed);
    say_segments(check);
    say_result(check);
    return WEIR_OK;
}

enum weir_status weir_store_check(struct weir_fs *fs, const char *dir, const struct weir_check_options *options,
                                  struct weir_check_result *out, struct weir_error *err)
{
    struct weir_check check = {.fs = fs, .dir = dir, .options = options, .state_whole = true};
    struct weir_fs_lock *lock = NULL;
    enum weir_status status = lock_folder(&check, &lock, err);

    if (status != WEIR_OK)
        return status;
    if (weir_state_init(&check.state, NULL, 1) != WEIR_OK)
        status = weir_fail(err, WEIR_E_NOMEM, "out of memory to check %s", dir);
    else
        status = look(&check, err);
    weir_state_fini(&check.state);
    weir_folder_fini(&check.folder);
    weir_fs_unlock(lock);
    if (status == WEIR_OK)
        *out = check.result;
    return status;
}
