/*
 * file_sink.c - one line for each element, in a file for each subtask; cut back to the checkpoint after a restore.
 *
 * At a barrier the gathered lines are written and synced on the pool; the file's length is the state. What a crash
 * wrote after the checkpoint is cut off when the checkpoint is restored: every line stands once. With fewer subtasks
 * than before, the files that nobody writes any more fall to subtask number % parallelism, which cuts them and keeps
 * their lengths in the checkpoints to come.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weir/connectors.h"
#include "weir/fs.h"

#define STATE_NAME "length" /* stands in checkpoints: u32 subtask, u64 length of its file */
#define WRITE_LEN ((size_t)256 << 10)
#define PATH_LEN_MAX 4096

struct file_sink {
    struct weir_sink base;
    char *path;
    struct weir_serialization_schema schema;
};

/* The file of a subtask that there is not any more. */
struct left_file {
    uint32_t subtask;
    uint64_t length;
};

/* A write of everything gathered, with a sync if a barrier asked for it; one at a time. */
struct file_write {
    struct weir_job job;
    struct file_op *op;
    struct weir_buf bytes;
    bool sync;
    enum weir_status status;
    struct weir_error error;
};

struct file_op {
    struct weir_operator base;
    const struct file_sink *sink;
    struct weir_file *file;
    uint64_t length;       /* of the file, once the write under way is done */
    uint64_t restored_len; /* what the checkpoint says; UINT64_MAX: it says nothing */
    struct left_file *left;
    size_t left_count;
    struct weir_buf lines; /* gathered; one call (a window that fires) may emit any number before `ready` is asked */
    struct file_write write;
    bool writing;
    bool synced; /* everything up to now is durable */
    bool failed;
};

static struct file_op *file_op(struct weir_operator *op)
{
    return (struct file_op *)op;
}

static void write_work(struct weir_job *job)
{
    struct file_write *write = (struct file_write *)job;
    struct iovec iov = {write->bytes.ptr, write->bytes.len};

    write->status = WEIR_OK;
    if (write->bytes.len > 0)
        write->status =
            weir_file_write_at(write->op->file, &iov, 1, write->op->length - write->bytes.len, &write->error);
    if (write->status == WEIR_OK && write->sync)
        write->status = weir_file_sync(write->op->file, &write->error);
}

static void write_done(struct weir_job *job)
{
    struct file_op *file = ((struct file_write *)job)->op;

    file->writing = false;
    if (file->write.status != WEIR_OK) {
        file->failed = true;
        weir_context_fail(file->base.ctx, &file->write.error);
    }
    file->synced = file->write.sync && file->lines.len == 0;
    weir_context_wake(file->base.ctx);
}

static void start_write(struct file_op *file, bool sync)
{
    struct weir_loop *loop = weir_context_loop(file->base.ctx);
    struct weir_buf gathered = file->lines;

    file->lines = file->write.bytes;
    file->write.bytes = gathered;
    weir_buf_reset(&file->lines);
    file->length += gathered.len;
    file->write.sync = sync;
    file->write.job = (struct weir_job){.work = write_work, .done = write_done, .loop = loop};
    file->writing = true;
    weir_host_submit(weir_loop_host(loop), &file->write.job);
}

/* Opens "path-<subtask>" and cuts it to what the checkpoint says of it, or to nothing. */
static enum weir_status open_cut(const struct file_op *file, uint32_t subtask, uint64_t length, struct weir_file **out,
                                 struct weir_error *err)
{
    struct weir_fs *fs = weir_host_fs(weir_loop_host(weir_context_loop(file->base.ctx)));
    char path[PATH_LEN_MAX];
    enum weir_status status;
    uint64_t size = 0;
    bool is_new;

    snprintf(path, sizeof(path), "%s-%" PRIu32, file->sink->path, subtask);
    is_new = !weir_fs_exists(fs, path);
    status = weir_fs_open(fs, path, WEIR_OPEN_READ | WEIR_OPEN_WRITE | WEIR_OPEN_CREATE, out, err);
    if (status == WEIR_OK && is_new)
        status = weir_fs_sync_parents(fs, path, err);
    if (status == WEIR_OK)
        status = weir_file_size(*out, &size, err);
    if (status == WEIR_OK && size < length)
        status = weir_fail(err, WEIR_E_STATE,
                           "%s has %" PRIu64 " bytes, but the checkpoint was taken when it had %" PRIu64
                           ": put the file back, or start without the checkpoint",
                           path, size, length);
    if (status == WEIR_OK && size > length)
        status = weir_file_truncate(*out, length, err);
    return status;
}

static enum weir_status cut_left(const struct file_op *file, const struct left_file *left, struct weir_error *err)
{
    struct weir_file *open = NULL;
    enum weir_status status = open_cut(file, left->subtask, left->length, &open, err);

    if (status == WEIR_OK)
        status = weir_file_sync(open, err);
    weir_file_close(open);
    return status;
}

static enum weir_status file_open(struct weir_operator *op, struct weir_error *err)
{
    struct file_op *file = file_op(op);
    enum weir_status status = WEIR_OK;

    file->length = file->restored_len == UINT64_MAX ? 0 : file->restored_len;
    for (size_t i = 0; i < file->left_count && status == WEIR_OK; i++)
        status = cut_left(file, &file->left[i], err);
    if (status == WEIR_OK)
        status = open_cut(file, (uint32_t)weir_context_subtask_index(op->ctx), file->length, &file->file, err);
    return status;
}

static enum weir_status add_left(struct file_op *file, uint32_t subtask, uint64_t length, struct weir_error *err)
{
    struct left_file *left = realloc(file->left, (file->left_count + 1) * sizeof(*left));

    if (left == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory to restore a file sink");
    file->left = left;
    left[file->left_count++] = (struct left_file){subtask, length};
    return WEIR_OK;
}

static enum weir_status file_restore(struct weir_operator *op, const struct weir_restored *entry,
                                     struct weir_error *err)
{
    struct file_op *file = file_op(op);
    struct weir_in in = weir_in(entry->bytes);
    uint32_t subtask = weir_in_u32be(&in), mine = (uint32_t)weir_context_subtask_index(op->ctx);
    uint32_t parallelism = (uint32_t)weir_context_parallelism(op->ctx);
    uint64_t length = weir_in_u64be(&in);

    if (strcmp(entry->state_name, STATE_NAME) != 0 || in.bad)
        return weir_fail(err, WEIR_E_DAMAGED, "restored state \"%s\" is not a file sink's", entry->state_name);
    if (subtask == mine)
        file->restored_len = length;
    else if (subtask >= parallelism && subtask % parallelism == mine)
        return add_left(file, subtask, length, err);
    return WEIR_OK;
}

static enum weir_status file_on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                       struct weir_error *err)
{
    struct file_op *file = file_op(op);
    enum weir_status status;

    (void)timestamp_ms;
    status = file->sink->schema.serialize(&file->sink->schema, element, &file->lines, err);
    if (status != WEIR_OK)
        return status;
    weir_buf_u8(&file->lines, '\n');
    if (file->lines.status != WEIR_OK)
        return weir_fail(err, file->lines.status, "no memory for lines of %s", file->sink->path);
    file->synced = false;
    if (file->lines.len >= WRITE_LEN && !file->writing)
        start_write(file, false);
    return WEIR_OK;
}

static bool file_ready(struct weir_operator *op)
{
    return !file_op(op)->writing || file_op(op)->lines.len < WRITE_LEN;
}

static enum weir_status make_durable(struct file_op *file, struct weir_error *err)
{
    if (file->failed) {
        if (err != NULL)
            *err = file->write.error;
        return file->write.status;
    }
    if (file->synced && !file->writing)
        return WEIR_OK;
    if (!file->writing)
        start_write(file, true);
    return WEIR_E_AGAIN;
}

static enum weir_status file_prepare(struct weir_operator *op, int64_t checkpoint_id, struct weir_error *err)
{
    (void)checkpoint_id;
    return make_durable(file_op(op), err);
}

static enum weir_status file_end_input(struct weir_operator *op, struct weir_error *err)
{
    return make_durable(file_op(op), err);
}

static void add_length(struct weir_snapshot *out, uint32_t subtask, uint64_t length)
{
    uint8_t bytes[12];

    weir_put_u32be(bytes, subtask);
    weir_put_u64be(bytes + 4, length);
    weir_snapshot_add(out, WEIR_STATE_UNION, STATE_NAME, 0, weir_view(bytes, sizeof(bytes)));
}

static enum weir_status file_snapshot(struct weir_operator *op, int64_t checkpoint_id, struct weir_snapshot *out,
                                      struct weir_error *err)
{
    const struct file_op *file = file_op(op);

    (void)checkpoint_id;
    (void)err;
    add_length(out, (uint32_t)weir_context_subtask_index(op->ctx), file->length);
    for (size_t i = 0; i < file->left_count; i++)
        add_length(out, file->left[i].subtask, file->left[i].length);
    return WEIR_OK;
}

static void file_free(struct weir_operator *op)
{
    struct file_op *file = file_op(op);

    if (file->writing)
        weir_host_cancel(weir_loop_host(weir_context_loop(op->ctx)), &file->write.job);
    weir_file_close(file->file);
    weir_buf_fini(&file->lines);
    weir_buf_fini(&file->write.bytes);
    free(file->left);
    free(file);
}

static const struct weir_operator_ops file_ops = {.name = "file sink",
                                                  .open = file_open,
                                                  .on_record = file_on_record,
                                                  .ready = file_ready,
                                                  .prepare = file_prepare,
                                                  .snapshot = file_snapshot,
                                                  .restore = file_restore,
                                                  .end_input = file_end_input,
                                                  .free = file_free};

static enum weir_status create(const struct weir_operator_factory *factory, struct weir_context *ctx,
                               struct weir_operator **out, struct weir_error *err)
{
    struct file_op *file = calloc(1, sizeof(*file));

    if (file == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a file sink");
    file->base = (struct weir_operator){.ops = &file_ops, .ctx = ctx};
    file->sink = (const struct file_sink *)factory;
    file->restored_len = UINT64_MAX;
    file->write.op = file;
    weir_buf_init(&file->lines, SIZE_MAX);
    weir_buf_init(&file->write.bytes, SIZE_MAX);
    *out = &file->base;
    return WEIR_OK;
}

static void sink_free(struct weir_operator_factory *factory)
{
    struct file_sink *sink = (struct file_sink *)factory;

    free(sink->path);
    free(sink);
}

struct weir_sink *weir_file_sink(weir_env *env, const struct weir_file_sink_options *options)
{
    struct file_sink *sink = calloc(1, sizeof(*sink));
    struct weir_error err = {0};

    if (options->path == NULL || options->serialization_schema.serialize == NULL)
        weir_fail(&err, WEIR_E_INVAL, "File Sink: a path and a serialization schema must be supplied");
    else if (sink == NULL || (sink->path = strdup(options->path)) == NULL)
        weir_fail(&err, WEIR_E_NOMEM, "no memory for a file sink");
    if (err.status != WEIR_OK) {
        weir_env_fail(env, &err);
        free(sink);
        return NULL;
    }
    sink->schema = options->serialization_schema;
    sink->base = (struct weir_sink){
        .factory = {create, sink_free}, .type = options->serialization_schema.type, .name = "File Sink"};
    return &sink->base;
}
