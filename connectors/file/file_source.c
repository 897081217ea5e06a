/*
 * file_source.c - lines of text files: each file is a split, its offset is the state.
 *
 * File i belongs to subtask i % parallelism. Chunks are read on the host's pool, one ahead of the lines:
 *
 *     text: [ lines not emitted yet | start of a line ]   next: [ chunk being read ]
 *
 * When `text` has no whole line left, its rest moves to the front and the chunk that was read is put after it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "weir/connectors.h"
#include "weir/fs.h"

#define STATE_NAME "files" /* stands in checkpoints: varint length and path, u64 offset of the next line */
#define CHUNK_LEN ((size_t)256 << 10)
#define LINE_LEN_MAX_DEFAULT ((size_t)1 << 20)

struct file_source {
    struct weir_source base;
    char **paths;
    size_t path_count;
    size_t line_len_max;
};

struct file_split {
    const char *path;
    uint64_t offset; /* of the next line */
};

/* One chunk's way to the pool and back. */
struct chunk {
    struct weir_job job;
    struct file_reader *reader;
    struct weir_file *file;
    uint64_t offset;
    uint8_t bytes[CHUNK_LEN];
    size_t len;
    enum weir_status status;
    struct weir_error error;
};

struct file_reader {
    struct weir_source_reader base;
    const struct file_source *source;
    struct file_split *splits;
    size_t split_count, current;
    struct weir_file *file; /* of the current split, NULL before it is opened */
    int output_split;
    struct weir_buf text;
    size_t text_at;   /* where the next line begins in text */
    uint64_t read_to; /* file offset after text */
    bool at_end;      /* nothing follows text in the file */
    enum { CHUNK_IDLE, CHUNK_READING, CHUNK_READ } chunk_state;
    struct chunk chunk;
    struct file_split *restored; /* of all subtasks; paths owned */
    size_t restored_count;
};

static struct file_reader *file_reader(struct weir_source_reader *reader)
{
    return (struct file_reader *)reader;
}

static void chunk_work(struct weir_job *job)
{
    struct chunk *chunk = (struct chunk *)job;

    chunk->status = weir_file_read_at(chunk->file, chunk->bytes, CHUNK_LEN, chunk->offset, &chunk->len, &chunk->error);
}

static void chunk_done(struct weir_job *job)
{
    struct file_reader *reader = ((struct chunk *)job)->reader;

    reader->chunk_state = CHUNK_READ;
    weir_context_wake(reader->base.ctx);
}

static void read_chunk(struct file_reader *reader)
{
    struct weir_loop *loop = weir_context_loop(reader->base.ctx);

    reader->chunk.job = (struct weir_job){.work = chunk_work, .done = chunk_done, .loop = loop};
    reader->chunk.reader = reader;
    reader->chunk.file = reader->file;
    reader->chunk.offset = reader->read_to;
    reader->chunk_state = CHUNK_READING;
    weir_host_submit(weir_loop_host(loop), &reader->chunk.job);
}

static enum weir_status open_split(struct file_reader *reader, struct weir_source_output *out, struct weir_error *err)
{
    const struct file_split *split = &reader->splits[reader->current];
    struct weir_fs *fs = weir_host_fs(weir_loop_host(weir_context_loop(reader->base.ctx)));
    enum weir_status status = weir_fs_open(fs, split->path, WEIR_OPEN_READ, &reader->file, err);

    if (status != WEIR_OK)
        return status;
    reader->output_split = weir_source_output_add_split(out);
    weir_buf_reset(&reader->text);
    reader->text_at = 0;
    reader->read_to = split->offset;
    reader->at_end = false;
    read_chunk(reader);
    return WEIR_OK;
}

static void close_split(struct file_reader *reader, struct weir_source_output *out)
{
    weir_file_close(reader->file);
    reader->file = NULL;
    weir_source_output_remove_split(out, reader->output_split);
    reader->current++;
}

/* Puts the chunk that was read after what is left of the text, and asks for the next one. */
static enum weir_status take_chunk(struct file_reader *reader, struct weir_error *err)
{
    struct chunk *chunk = &reader->chunk;

    reader->chunk_state = CHUNK_IDLE;
    if (chunk->status != WEIR_OK) {
        if (err != NULL)
            *err = chunk->error;
        return chunk->status;
    }
    weir_buf_consume(&reader->text, reader->text_at);
    reader->text_at = 0;
    if (reader->text.len > reader->source->line_len_max)
        return weir_fail(err, WEIR_E_LIMIT, "line at offset %" PRIu64 " of %s is longer than %zu bytes (line_len_max)",
                         reader->splits[reader->current].offset, reader->splits[reader->current].path,
                         reader->source->line_len_max);
    weir_buf_append(&reader->text, chunk->bytes, chunk->len);
    if (reader->text.status != WEIR_OK)
        return weir_fail(err, reader->text.status, "no memory for lines of %s", reader->splits[reader->current].path);
    reader->read_to += chunk->len;
    reader->at_end = chunk->len < CHUNK_LEN;
    if (!reader->at_end)
        read_chunk(reader);
    return WEIR_OK;
}

/* The next line of the text; at the end of the file also one without a line end. */
static bool next_line(struct file_reader *reader, struct weir_view *line)
{
    const uint8_t *from = reader->text.ptr + reader->text_at;
    size_t left = reader->text.len - reader->text_at;
    const uint8_t *end = left > 0 ? memchr(from, '\n', left) : NULL;

    if (end == NULL && (!reader->at_end || left == 0))
        return false;
    *line = weir_view(from, end != NULL ? (size_t)(end - from) : left);
    reader->text_at += line->len + (end != NULL);
    reader->splits[reader->current].offset += line->len + (end != NULL);
    if (line->len > 0 && from[line->len - 1] == '\r')
        line->len--;
    return true;
}

static enum weir_status emit_lines(struct file_reader *reader, struct weir_source_output *out, int *budget,
                                   struct weir_error *err)
{
    enum weir_status status = WEIR_OK;
    struct weir_view line;

    while (*budget > 0 && status == WEIR_OK && next_line(reader, &line)) {
        status = weir_source_emit(out, reader->output_split, &line, WEIR_NO_TIMESTAMP, err);
        (*budget)--;
    }
    return status;
}

static enum weir_status file_poll(struct weir_source_reader *base, struct weir_source_output *out, int budget,
                                  struct weir_error *err)
{
    struct file_reader *reader = file_reader(base);
    enum weir_status status = WEIR_OK;

    while (status == WEIR_OK) {
        if (reader->current == reader->split_count)
            return WEIR_E_END;
        if (reader->file == NULL) {
            status = open_split(reader, out, err);
            continue;
        }
        status = emit_lines(reader, out, &budget, err);
        if (status != WEIR_OK || budget == 0)
            return status;
        if (reader->at_end)
            close_split(reader, out);
        else if (reader->chunk_state == CHUNK_READ)
            status = take_chunk(reader, err);
        else
            return WEIR_E_AGAIN;
    }
    return status;
}

static enum weir_status file_restore(struct weir_source_reader *base, const struct weir_restored *entry,
                                     struct weir_error *err)
{
    struct file_reader *reader = file_reader(base);
    struct weir_in in = weir_in(entry->bytes);
    struct weir_view path = weir_in_view(&in);
    uint64_t offset = weir_in_u64be(&in);
    struct file_split *restored = realloc(reader->restored, (reader->restored_count + 1) * sizeof(*restored));
    char *copy = in.bad ? NULL : strndup((const char *)path.ptr, path.len);

    if (restored != NULL)
        reader->restored = restored;
    if (strcmp(entry->state_name, STATE_NAME) != 0 || in.bad || restored == NULL || copy == NULL) {
        free(copy);
        return weir_fail(err, WEIR_E_DAMAGED, "restored state \"%s\" is not a file source's", entry->state_name);
    }
    restored[reader->restored_count++] = (struct file_split){copy, offset};
    return WEIR_OK;
}

static uint64_t start_offset(const struct file_reader *reader, const char *path)
{
    for (size_t i = 0; i < reader->restored_count; i++) {
        if (strcmp(reader->restored[i].path, path) == 0)
            return reader->restored[i].offset;
    }
    return 0;
}

static enum weir_status file_start(struct weir_source_reader *base, bool restored, struct weir_error *err)
{
    struct file_reader *reader = file_reader(base);
    size_t step = (size_t)weir_context_parallelism(base->ctx);

    (void)restored;
    reader->splits = calloc(reader->source->path_count, sizeof(*reader->splits));
    if (reader->splits == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for %zu files", reader->source->path_count);
    for (size_t i = (size_t)weir_context_subtask_index(base->ctx); i < reader->source->path_count; i += step) {
        const char *path = reader->source->paths[i];

        reader->splits[reader->split_count++] = (struct file_split){path, start_offset(reader, path)};
    }
    return WEIR_OK;
}

static enum weir_status file_snapshot(struct weir_source_reader *base, int64_t checkpoint_id, struct weir_snapshot *out,
                                      struct weir_error *err)
{
    struct file_reader *reader = file_reader(base);
    struct weir_buf bytes;

    (void)checkpoint_id;
    (void)err;
    weir_buf_init(&bytes, 1 << 16);
    for (size_t i = 0; i < reader->split_count; i++) {
        weir_buf_reset(&bytes);
        weir_buf_view_append(&bytes, weir_view_str(reader->splits[i].path));
        weir_buf_u64be(&bytes, reader->splits[i].offset);
        weir_snapshot_add(out, WEIR_STATE_UNION, STATE_NAME, 0, weir_buf_view(&bytes));
    }
    weir_buf_fini(&bytes);
    return WEIR_OK;
}

static void file_reader_free(struct weir_source_reader *base)
{
    struct file_reader *reader = file_reader(base);

    if (reader->chunk_state == CHUNK_READING)
        weir_host_cancel(weir_loop_host(weir_context_loop(base->ctx)), &reader->chunk.job);
    weir_file_close(reader->file);
    for (size_t i = 0; i < reader->restored_count; i++)
        free((char *)reader->restored[i].path);
    free(reader->restored);
    free(reader->splits);
    weir_buf_fini(&reader->text);
    free(reader);
}

static const struct weir_source_reader_ops file_ops = {.restore = file_restore,
                                                       .start = file_start,
                                                       .poll = file_poll,
                                                       .snapshot = file_snapshot,
                                                       .free = file_reader_free};

static enum weir_status create_reader(const struct weir_source *base, struct weir_context *ctx,
                                      struct weir_source_reader **out, struct weir_error *err)
{
    const struct file_source *source = (const struct file_source *)base;
    struct file_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a file source");
    reader->base = (struct weir_source_reader){&file_ops, ctx};
    reader->source = source;
    weir_buf_init(&reader->text, source->line_len_max + 2 * CHUNK_LEN);
    *out = &reader->base;
    return WEIR_OK;
}

static void source_free(struct weir_source *base)
{
    struct file_source *source = (struct file_source *)base;

    for (size_t i = 0; i < source->path_count; i++)
        free(source->paths[i]);
    free(source->paths);
    free(source);
}

/* A path that stands twice, or NULL: in a checkpoint a file's offset goes by its path. */
static const char *path_given_twice(const struct weir_file_source_options *options)
{
    for (size_t i = 0; i < options->path_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(options->paths[i], options->paths[k]) == 0)
                return options->paths[i];
        }
    }
    return NULL;
}

static bool copy_paths(struct file_source *source, const struct weir_file_source_options *options)
{
    source->paths = calloc(options->path_count, sizeof(*source->paths));
    if (source->paths == NULL)
        return false;
    for (; source->path_count < options->path_count; source->path_count++) {
        source->paths[source->path_count] = strdup(options->paths[source->path_count]);
        if (source->paths[source->path_count] == NULL)
            return false;
    }
    return true;
}

struct weir_source *weir_file_source(weir_env *env, const struct weir_file_source_options *options)
{
    struct file_source *source = calloc(1, sizeof(*source));
    struct weir_error err = {0};

    if (options->path_count == 0)
        weir_fail(&err, WEIR_E_INVAL, "File Source: at least one path must be supplied");
    else if (path_given_twice(options) != NULL)
        weir_fail(&err, WEIR_E_INVAL, "File Source: %s is given twice; read it once, or use another name for it",
                  path_given_twice(options));
    else if (source == NULL || !copy_paths(source, options))
        weir_fail(&err, WEIR_E_NOMEM, "no memory for a file source");
    if (err.status != WEIR_OK) {
        weir_env_fail(env, &err);
        if (source != NULL)
            source_free(&source->base);
        return NULL;
    }
    source->line_len_max = options->line_len_max > 0 ? options->line_len_max : LINE_LEN_MAX_DEFAULT;
    source->base = (struct weir_source){
        .type = weir_string_type(), .name = "File Source", .create_reader = create_reader, .free = source_free};
    return &source->base;
}
