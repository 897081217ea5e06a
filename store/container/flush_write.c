/*
 * flush_write.c - writes what was planned: the chunk, synced; then the checkpoint, which gets its name when both are on
 * the disk. All of it may be done again from the beginning.
 *
 * Thread: the pool's. It touches the plan only.
 */
#include <stdlib.h>

#include "store/container/flush_int.h"
#include "store/container/paths.h"

#define COPY_LEN (1u << 20)

static enum weir_status copy_from_chunk(struct weir_flush *flush, struct weir_chunk_writer *writer,
                                        const struct weir_flush_piece *piece, uint8_t *buf)
{
    struct weir_container *ctr = flush->ctr;
    enum weir_status status = WEIR_OK;

    for (uint64_t done = 0; done < piece->len && status == WEIR_OK; done += COPY_LEN) {
        struct weir_chunk_place place = piece->from;
        size_t len = piece->len - done < COPY_LEN ? (size_t)(piece->len - done) : COPY_LEN, good_len;

        place.skip += done;
        status = weir_chunk_read(ctr->fs, ctr->dir, &place, buf, len, &good_len, &flush->error);
        if (status == WEIR_OK)
            status = weir_chunk_writer_put(writer, weir_view(buf, len), &flush->error);
    }
    return status;
}

static enum weir_status write_pieces(struct weir_flush *flush, struct weir_chunk_writer *writer, uint8_t *buf)
{
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < flush->count && status == WEIR_OK; i++) {
        const struct weir_flush_piece *piece = &flush->pieces[i];

        if (piece->ptr != NULL)
            status = weir_chunk_writer_put(writer, weir_view(piece->ptr, piece->len), &flush->error);
        else
            status = copy_from_chunk(flush, writer, piece, buf);
        if (status == WEIR_OK && piece->ends_run)
            status = weir_chunk_writer_end_run(writer, &flush->error);
    }
    return status == WEIR_OK ? weir_chunk_writer_sync(writer, &flush->error) : status;
}

static enum weir_status write_chunk(struct weir_flush *flush)
{
    struct weir_chunk_writer writer = {0};
    char path[WEIR_STORE_PATH_LEN_MAX];
    uint8_t *buf = malloc(COPY_LEN);
    enum weir_status status;

    if (buf == NULL)
        return weir_fail(&flush->error, WEIR_E_NOMEM, "out of memory to copy chunks of %s", flush->ctr->dir);
    weir_store_path(path, flush->ctr->dir, WEIR_PATH_CHUNK, flush->chunk_id);
    status = weir_chunk_writer_open(&writer, flush->ctr->fs, path, flush->chunk_id, flush->chunk_salt, &flush->error);
    if (status == WEIR_OK)
        status = write_pieces(flush, &writer, buf);
    weir_chunk_writer_close(&writer);
    if (status == WEIR_E_DAMAGED) /* what was to be copied: the flush is given up, and its number with it */
        weir_fs_remove(flush->ctr->fs, path, NULL);
    free(buf);
    return status;
}

static enum weir_status write_checkpoint_file(struct weir_flush *flush, const char *path)
{
    const struct weir_buf *bytes = &flush->checkpoint.bytes;
    struct weir_file *file = NULL;
    enum weir_status status =
        weir_fs_open(flush->ctr->fs, path, WEIR_OPEN_WRITE | WEIR_OPEN_CREATE | WEIR_OPEN_TRUNC, &file, &flush->error);

    if (status == WEIR_OK)
        status = weir_file_write_at(file, &(struct iovec){bytes->ptr, bytes->len}, 1, 0, &flush->error);
    if (status == WEIR_OK)
        status = weir_file_sync(file, &flush->error);
    weir_file_close(file);
    return status;
}

static enum weir_status publish(struct weir_flush *flush)
{
    struct weir_container *ctr = flush->ctr;
    char temporary[WEIR_STORE_PATH_LEN_MAX], path[WEIR_STORE_PATH_LEN_MAX];
    enum weir_status status;

    weir_store_path_named(temporary, ctr->dir, WEIR_STORE_CHECKPOINT_TEMPORARY);
    weir_store_path(path, ctr->dir, WEIR_PATH_CHECKPOINT, flush->lsn);
    status = write_checkpoint_file(flush, temporary);
    if (status == WEIR_OK)
        status = weir_fs_sync_dir(ctr->fs, ctr->dir, &flush->error); /* the chunk's name, before anything needs it */
    if (status == WEIR_OK)
        status = weir_fs_rename(ctr->fs, temporary, path, &flush->error);
    if (status == WEIR_OK)
        status = weir_fs_sync_dir(ctr->fs, ctr->dir, &flush->error);
    return status;
}

void weir_flush_work(struct weir_job *job)
{
    struct weir_flush *flush = (struct weir_flush *)job; /* its first member */

    flush->status = flush->chunk_id != 0 ? write_chunk(flush) : WEIR_OK;
    if (flush->status == WEIR_OK)
        flush->status = publish(flush);
}
