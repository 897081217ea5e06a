/*
 * log.c - the write-ahead log's writing side. The bytes are drawn in record.c, the whole in docs/store-format.md.
 *
 * Records are sealed in blocks as they come and belong to the open group. One group at a time is in flight: a pool job
 * writes it (made of a few long runs of bytes) and syncs it; meanwhile the next gathers.
 *
 *     open --turn ends, nothing in flight--> in flight --synced--> acknowledged
 *       \--roll--> queued --/                  |  ^
 *                                              |  |  WEIR_E_FULL: the same bytes to the same place, a little later
 *                                              |  '--'
 *                                              '--any other failure--> the log has failed (final)
 *
 * Why it tries again after FULL and after nothing else: all bytes since the last good sync are in the group, so writing
 * it anew makes every page of them dirty again, and no earlier byte depends on a sync that failed. A disk that reports
 * an error of its own has no such promise left; recovery finds out what it really holds.
 */
#include "store/container/log.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/uio.h>

#include "base/log.h"
#include "store/container/figures.h"
#include "store/container/paths.h"
#include "store/container/reached.h"
#include "weir/fs.h"

#define BLOCK_LEN (2u << 20)
#define RETRY_NS (200 * WEIR_NS_PER_MS)

struct log_file {
    struct weir_file *file; /* NULL until its first group is written */
    uint64_t first_lsn, salt;
    uint64_t len;  /* records made so far included */
    uint32_t refs; /* groups of it, and the log while it is the newest */
    bool ready;    /* header and name are durable */
    bool reached;  /* so is that its first group was (reached.h) */
};

struct log_group {
    struct log_group *next;
    struct log_file *file;
    uint64_t offset, first_lsn, last_lsn;
    int64_t began_ns;           /* when it was first handed to the pool */
    struct iovec *iov;          /* what to write, in order */
    struct weir_block **blocks; /* iov[i] stands in blocks[i] */
    int count, cap;
};

struct weir_store_log {
    struct weir_store_log_options options;
    struct weir_fs *fs;
    struct log_file *file; /* newest; NULL until there is a record */
    struct weir_block *block;
    struct log_group *open, *queue, **queue_tail;
    struct log_group *flight; /* handed to the pool, or waiting to be tried again */
    struct weir_job job;
    bool job_submitted;
    enum weir_status job_status; /* written by the pool, read when the job is done */
    struct weir_error job_error;
    struct weir_timer retry;
    struct weir_deferred pump;
    uint64_t next_lsn, acked_lsn, written_lsn;
    uint64_t bytes, hold_lsn;
    bool roll, full, failed, hold;
    size_t reserved_len; /* payload of the record between reserve and commit */
    struct weir_store_log_stats stats;
};

/* --- Files and groups --- */

static void file_unref(struct log_file *file)
{
    if (file == NULL || --file->refs > 0)
        return;
    weir_file_close(file->file);
    free(file);
}

static void group_free(struct log_group *group)
{
    if (group == NULL)
        return;
    for (int i = 0; i < group->count; i++)
        weir_block_unref(group->blocks[i]);
    file_unref(group->file);
    free(group->iov);
    free(group->blocks);
    free(group);
}

static bool new_file(struct weir_store_log *log)
{
    struct log_file *file = calloc(1, sizeof(*file));

    if (file == NULL)
        return false;
    *file = (struct log_file){.first_lsn = log->next_lsn,
                              .salt = weir_host_random(weir_loop_host(log->options.loop)),
                              .len = WEIR_FILE_HEADER_LEN,
                              .refs = 1};
    file_unref(log->file);
    log->file = file;
    log->roll = false;
    return true;
}

static bool open_group(struct weir_store_log *log)
{
    struct log_group *group;

    if ((log->file == NULL || log->roll || log->file->len > log->options.file_len_max) && !new_file(log))
        return false;
    group = calloc(1, sizeof(*group));
    if (group == NULL)
        return false;
    log->file->refs++;
    group->file = log->file;
    group->offset = log->file->len;
    group->first_lsn = log->next_lsn;
    group->last_lsn = log->next_lsn - 1;
    log->open = group;
    return true;
}

static void close_group(struct weir_store_log *log)
{
    if (log->open == NULL)
        return;
    *log->queue_tail = log->open;
    log->queue_tail = &log->open->next;
    log->open = NULL;
}

static struct log_group *take_group(struct weir_store_log *log)
{
    struct log_group *group;

    if (log->queue == NULL)
        close_group(log);
    group = log->queue;
    if (group == NULL)
        return NULL;
    log->queue = group->next;
    if (log->queue == NULL)
        log->queue_tail = &log->queue;
    group->next = NULL;
    return group;
}

/* Room for one more piece in the open group. */
static bool grow_group(struct log_group *group)
{
    int cap = group->cap > 0 ? group->cap * 2 : 8;
    struct iovec *iov;
    struct weir_block **blocks;

    if (group->count < group->cap)
        return true;
    iov = realloc(group->iov, (size_t)cap * sizeof(*iov));
    if (iov != NULL)
        group->iov = iov;
    blocks = realloc(group->blocks, (size_t)cap * sizeof(struct weir_block *));
    if (blocks != NULL)
        group->blocks = blocks;
    if (iov == NULL || blocks == NULL)
        return false;
    group->cap = cap;
    return true;
}

/* Counts `len` bytes at `at` in; records that follow each other in a block make one piece. */
static void add_piece(struct log_group *group, struct weir_block *block, uint8_t *at, size_t len)
{
    if (group->count > 0) {
        struct iovec *last = &group->iov[group->count - 1];

        if (group->blocks[group->count - 1] == block && (uint8_t *)last->iov_base + last->iov_len == at) {
            last->iov_len += len;
            return;
        }
    }
    group->blocks[group->count] = weir_block_ref(block);
    group->iov[group->count] = (struct iovec){at, len};
    group->count++;
}

/* --- Writing --- */

/* Thread: the pool's. Makes the file, header first, so that a file with more than a header has a durable one. */
static enum weir_status prepare_file(struct weir_store_log *log, struct log_file *file, struct weir_error *err)
{
    const char *dir = log->options.dir;
    struct weir_file_header header = {.store = log->options.store, .number = file->first_lsn, .salt = file->salt};
    uint8_t bytes[WEIR_FILE_HEADER_LEN];
    char path[WEIR_STORE_PATH_LEN_MAX];
    enum weir_status status = WEIR_OK;

    if (file->file == NULL) {
        weir_store_path(path, dir, WEIR_PATH_LOG, file->first_lsn);
        status = weir_fs_open(log->fs, path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC, &file->file, err);
    }
    if (status != WEIR_OK)
        return status;
    weir_file_header_put(bytes, WEIR_FILE_LOG, &header);
    status = weir_file_write_at(file->file, &(struct iovec){bytes, sizeof(bytes)}, 1, 0, err);
    if (status == WEIR_OK && log->options.durability == WEIR_DURABILITY_SYNC) {
        status = weir_file_sync(file->file, err);
        if (status == WEIR_OK)
            status = weir_fs_sync_dir(log->fs, dir, err);
    }
    file->ready = status == WEIR_OK;
    return status;
}

/* Notes that the file is needed from now on. What is not synced as it comes is not told: it may be gone one day. */
static enum weir_status tell_reached(struct weir_store_log *log, struct log_file *file, uint64_t lsn,
                                     struct weir_error *err)
{
    bool synced = log->options.durability == WEIR_DURABILITY_SYNC;
    enum weir_status status = weir_reached_write(log->fs, log->options.dir, log->options.store,
                                                 synced ? lsn : log->options.next_lsn - 1, err);

    file->reached = status == WEIR_OK;
    return status;
}

/* Thread: the pool's, or the loop's while nothing is in flight. */
static enum weir_status write_group(struct weir_store_log *log, struct log_group *group, struct weir_error *err)
{
    enum weir_status status = group->file->ready ? WEIR_OK : prepare_file(log, group->file, err);

    if (status == WEIR_OK && group->count > 0)
        status = weir_file_write_at(group->file->file, group->iov, group->count, group->offset, err);
    if (status == WEIR_OK && log->options.durability == WEIR_DURABILITY_SYNC)
        status = weir_file_sync(group->file->file, err);
    if (status == WEIR_OK && !group->file->reached)
        status = tell_reached(log, group->file, group->last_lsn, err);
    return status;
}

static void job_work(struct weir_job *job)
{
    struct weir_store_log *log = (struct weir_store_log *)((char *)job - offsetof(struct weir_store_log, job));

    log->job_error = (struct weir_error){0};
    log->job_status = write_group(log, log->flight, &log->job_error);
}

static void submit(struct weir_store_log *log)
{
    log->job_submitted = true;
    weir_host_submit(weir_loop_host(log->options.loop), &log->job);
}

static void fail(struct weir_store_log *log, const struct weir_error *why)
{
    weir_log_error(weir_loop_log(log->options.loop), "store", "the log stops: %s", why->message);
    log->failed = true;
    log->options.on_failed(log->options.arg, why);
}

static void wait_for_space(struct weir_store_log *log)
{
    if (!log->full)
        weir_log_warn(weir_loop_log(log->options.loop), "store", "writes wait for space: %s", log->job_error.message);
    log->full = true;
    weir_timer_start(log->options.loop, &log->retry, RETRY_NS);
}

static void measure(const struct weir_store_log *log, const struct log_group *group)
{
    struct weir_store_figures *figures = log->options.figures;
    uint64_t len = 0;

    if (figures == NULL)
        return;
    for (int i = 0; i < group->count; i++)
        len += group->iov[i].iov_len;
    weir_histogram_record(&figures->log_write_us,
                          (uint64_t)(weir_loop_now_ns(log->options.loop) - group->began_ns) / 1000);
    weir_histogram_record(&figures->log_group_bytes, len);
    weir_histogram_record(&figures->log_group_records, group->last_lsn - group->first_lsn + 1);
}

static void group_written(struct weir_store_log *log)
{
    measure(log, log->flight);
    log->written_lsn = log->flight->last_lsn;
    log->stats.group_count++;
    log->stats.sync_count += log->options.durability == WEIR_DURABILITY_SYNC;
    if (log->options.durability != WEIR_DURABILITY_NONE)
        log->acked_lsn = log->written_lsn;
    group_free(log->flight);
    log->flight = NULL;
    if (log->full)
        weir_log_warn(weir_loop_log(log->options.loop), "store", "there is space again; writes go on");
    log->full = false;
    weir_loop_defer(log->options.loop, &log->pump);
}

static void job_done(struct weir_job *job)
{
    struct weir_store_log *log = (struct weir_store_log *)((char *)job - offsetof(struct weir_store_log, job));

    log->job_submitted = false;
    if (log->job_status == WEIR_OK) {
        group_written(log);
        log->options.on_acked(log->options.arg);
    } else if (log->job_status == WEIR_E_FULL) {
        wait_for_space(log);
    } else {
        fail(log, &log->job_error);
    }
}

static void pump_group(struct weir_store_log *log)
{
    const struct log_group *next = log->queue != NULL ? log->queue : log->open;

    if (log->flight != NULL || log->failed || next == NULL || (log->hold && next->first_lsn > log->hold_lsn))
        return;
    log->flight = take_group(log);
    log->flight->began_ns = weir_loop_now_ns(log->options.loop);
    submit(log);
}

/* At the end of a turn. */
static void pump(void *arg)
{
    struct weir_store_log *log = arg;

    pump_group(log);
    if (log->options.durability == WEIR_DURABILITY_NONE && log->acked_lsn + 1 < log->next_lsn && !log->failed) {
        log->acked_lsn = log->next_lsn - 1;
        log->options.on_acked(log->options.arg);
    }
}

static void try_again(void *arg)
{
    submit(arg);
}

/* --- Life --- */

enum weir_status weir_store_log_new(const struct weir_store_log_options *options, struct weir_store_log **out)
{
    struct weir_store_log *log = calloc(1, sizeof(*log));

    if (log == NULL)
        return WEIR_E_NOMEM;
    log->options = *options;
    log->fs = weir_host_fs(weir_loop_host(options->loop));
    log->queue_tail = &log->queue;
    log->job = (struct weir_job){.work = job_work, .done = job_done, .loop = options->loop};
    log->retry = (struct weir_timer){.fn = try_again, .arg = log};
    log->pump = (struct weir_deferred){.fn = pump, .arg = log};
    log->next_lsn = options->next_lsn;
    log->acked_lsn = log->written_lsn = options->next_lsn - 1;
    *out = log;
    return WEIR_OK;
}

/* Nothing is in flight after this; what was, is the next to be written. */
static void take_back(struct weir_store_log *log)
{
    if (log->job_submitted)
        weir_host_cancel(weir_loop_host(log->options.loop), &log->job);
    log->job_submitted = false;
    weir_timer_stop(log->options.loop, &log->retry);
    weir_deferred_cancel(log->options.loop, &log->pump);
    if (log->flight == NULL)
        return;
    log->flight->next = log->queue;
    if (log->queue == NULL)
        log->queue_tail = &log->flight->next;
    log->queue = log->flight;
    log->flight = NULL;
}

static enum weir_status write_rest(struct weir_store_log *log, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;
    struct log_group *group;

    while (status == WEIR_OK && (group = take_group(log)) != NULL) {
        status = write_group(log, group, err);
        group_free(group);
    }
    return status;
}

enum weir_status weir_store_log_finish(struct weir_store_log *log, struct weir_error *err)
{
    struct weir_block *block;
    enum weir_status status;

    if (log->failed)
        return weir_fail(err, WEIR_E_IO, "the log in %s had stopped before", log->options.dir);
    take_back(log);
    status = write_rest(log, err);
    if (status != WEIR_OK || log->file == NULL)
        return status;
    if (log->options.durability == WEIR_DURABILITY_SYNC) /* else, less is noticed one day: nothing fails for it */
        weir_reached_write(log->fs, log->options.dir, log->options.store, log->next_lsn - 1, NULL);
    if (weir_store_log_reserve(log, 0, &block) == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory to close the log in %s", log->options.dir);
    weir_store_log_commit(log, WEIR_RECORD_END);
    status = write_rest(log, err);
    if (status == WEIR_OK)
        status = weir_file_sync(log->file->file, err);
    return status;
}

void weir_store_log_free(struct weir_store_log *log)
{
    struct log_group *group;

    if (log == NULL)
        return;
    take_back(log);
    weir_deferred_cancel(log->options.loop, &log->pump);
    while ((group = take_group(log)) != NULL)
        group_free(group);
    file_unref(log->file);
    weir_block_unref(log->block);
    free(log);
}

/* --- Records --- */

uint8_t *weir_store_log_reserve(struct weir_store_log *log, size_t payload_len, struct weir_block **block)
{
    size_t len = weir_record_len(payload_len);

    assert(payload_len <= WEIR_RECORD_PAYLOAD_LEN_MAX);
    if (log->block == NULL || log->block->cap - log->block->len < len) {
        struct weir_block *fresh = weir_block_new(len > BLOCK_LEN ? len : BLOCK_LEN);

        if (fresh == NULL)
            return NULL;
        weir_block_unref(log->block);
        log->block = fresh;
    }
    if ((log->open == NULL && !open_group(log)) || !grow_group(log->open))
        return NULL;
    log->reserved_len = payload_len;
    *block = log->block;
    return log->block->bytes + log->block->len + WEIR_RECORD_HEADER_LEN;
}

uint64_t weir_store_log_commit(struct weir_store_log *log, enum weir_record_type type)
{
    uint8_t *at = log->block->bytes + log->block->len;
    size_t len = weir_record_len(log->reserved_len);
    uint64_t lsn = log->next_lsn++;

    weir_record_seal(at, type, lsn, log->open->offset, log->reserved_len, log->file->salt);
    add_piece(log->open, log->block, at, len);
    log->open->last_lsn = lsn;
    log->block->len += len;
    log->file->len += len;
    log->bytes += len;
    log->stats.record_count++;
    weir_loop_defer(log->options.loop, &log->pump);
    return lsn;
}

uint64_t weir_store_log_roll(struct weir_store_log *log)
{
    if (log->file != NULL && log->file->first_lsn != log->next_lsn) {
        close_group(log);
        log->roll = true;
    }
    return log->next_lsn - 1;
}

void weir_store_log_hold(struct weir_store_log *log, bool hold, uint64_t lsn)
{
    log->hold = hold;
    log->hold_lsn = lsn;
    if (!hold)
        weir_loop_defer(log->options.loop, &log->pump);
}

uint64_t weir_store_log_last_lsn(const struct weir_store_log *log)
{
    return log->next_lsn - 1;
}

uint64_t weir_store_log_acked(const struct weir_store_log *log)
{
    return log->acked_lsn;
}

uint64_t weir_store_log_written(const struct weir_store_log *log)
{
    return log->written_lsn;
}

bool weir_store_log_full(const struct weir_store_log *log)
{
    return log->full;
}

uint64_t weir_store_log_bytes(const struct weir_store_log *log)
{
    return log->bytes;
}

void weir_store_log_stats(const struct weir_store_log *log, struct weir_store_log_stats *out)
{
    *out = log->stats;
}
