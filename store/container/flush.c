/*
 * flush.c - moves data from the log's memory to a chunk file and publishes a checkpoint, so that the log can go.
 *
 *     begin: the log rolls at LSN L; the state as of L is written into a checkpoint (in memory) that already says where
 *            in the new chunk each extent will stand
 *     WAIT_LOG --log safe up to L--> WRITING (pool: chunk, sync; checkpoint.tmp, sync; rename; sync of the folder)
 *     WRITING --done--> the extents change over, wherever they are by now; files of before L are swept away (sweep.c)
 *     WRITING --WEIR_E_FULL--> RETRY --a little later--> WRITING (each file from its beginning)
 *
 * A crash at any point leaves either the old checkpoint and all of its log, or the new one and all of its log.
 *
 * Chunks of which less than half is alive are moved along (compaction), so that files hold at most about twice what
 * lives. The files of records after L refer to nothing of this.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/container/checkpoint.h"
#include "store/container/container_int.h"
#include "store/container/figures.h"
#include "store/container/paths.h"

#define RETRY_NS (500 * WEIR_NS_PER_MS)
#define COPY_LEN (1u << 20)

/* Bytes that move: of one extent, which may be cut, moved to another segment, or gone when they have arrived. */
struct piece {
    struct weir_extent *extent; /* referenced */
    const uint8_t *ptr;         /* in memory then, or NULL */
    struct weir_chunk_place from;
    struct weir_chunk *source; /* with NULL ptr; counted in readers */
    uint64_t len;
    uint64_t run_offset, run_len, skip; /* where it goes */
    bool ends_run;
};

enum flush_state { FLUSH_WAIT_LOG, FLUSH_WRITING, FLUSH_RETRY };

struct weir_flush {
    struct weir_job job;
    struct weir_container *ctr;
    enum flush_state state;
    int64_t began_ns;
    uint64_t lsn, log_bytes;  /* the log's bytes at that LSN */
    struct weir_chunk *chunk; /* NULL: there is nothing to move */
    uint64_t chunk_id, chunk_salt;
    struct piece *pieces;
    size_t count, cap;
    struct weir_checkpoint_writer checkpoint;
    enum weir_status status;
    struct weir_error error;
};

/* --- The plan --- */

static bool moves(const struct weir_extent *extent)
{
    return extent->block != NULL || extent->chunk->moving;
}

static bool add_piece(struct weir_flush *flush, struct weir_extent *extent)
{
    struct piece *piece;

    if (flush->count == flush->cap) {
        size_t cap = flush->cap > 0 ? flush->cap * 2 : 64;
        struct piece *pieces = realloc(flush->pieces, cap * sizeof(*pieces));

        if (pieces == NULL)
            return false;
        flush->pieces = pieces;
        flush->cap = cap;
    }
    piece = &flush->pieces[flush->count++];
    *piece = (struct piece){.extent = extent, .len = extent->len};
    extent->refs++;
    if (extent->block != NULL) {
        piece->ptr = extent->ptr;
        return true;
    }
    piece->source = extent->chunk;
    piece->source->readers++;
    piece->from = (struct weir_chunk_place){.chunk_id = extent->chunk->id,
                                            .salt = extent->chunk->salt,
                                            .run_offset = extent->run_offset,
                                            .run_len = extent->run_len,
                                            .skip = extent->skip};
    return true;
}

/* pieces[first..count) are neighbours in a segment and become one run at the chunk's end. */
static void end_run(struct weir_flush *flush, size_t first)
{
    uint64_t len = 0;

    if (first == flush->count)
        return;
    for (size_t i = first; i < flush->count; i++) {
        flush->pieces[i].skip = len;
        flush->pieces[i].run_offset = flush->chunk->file_len;
        len += flush->pieces[i].len;
    }
    for (size_t i = first; i < flush->count; i++)
        flush->pieces[i].run_len = len;
    flush->pieces[flush->count - 1].ends_run = true;
    flush->chunk->file_len += weir_chunk_run_file_len(len);
    flush->ctr->state.chunks.file_len += weir_chunk_run_file_len(len);
}

static bool plan_segment(struct weir_flush *flush, struct weir_segment *seg)
{
    size_t first = flush->count;

    for (size_t i = seg->extent_first; i < seg->extent_end; i++) {
        if (moves(seg->extents[i])) {
            if (!add_piece(flush, seg->extents[i]))
                return false;
        } else {
            end_run(flush, first);
            first = flush->count;
        }
    }
    end_run(flush, first);
    return true;
}

/* The extents of a segment as they will stand: pieces[*at..) are those of this segment that move. */
static void write_extents(struct weir_flush *flush, const struct weir_segment *seg, size_t *at)
{
    struct weir_op open = {.length = 0};

    for (size_t i = seg->extent_first; i < seg->extent_end; i++) {
        const struct weir_extent *extent = seg->extents[i];
        struct weir_op op = {
            .code = WEIR_OP_EXTENT, .segment = seg->id, .offset = extent->offset, .length = (int64_t)extent->len};

        if (moves(extent)) {
            const struct piece *piece = &flush->pieces[(*at)++];

            op.chunk = flush->chunk_id;
            op.run_offset = piece->run_offset;
            op.run_len = piece->run_len;
            op.skip = piece->skip;
        } else {
            op.chunk = extent->chunk->id;
            op.run_offset = extent->run_offset;
            op.run_len = extent->run_len;
            op.skip = extent->skip;
        }
        if (open.length > 0 && open.chunk == op.chunk && open.run_offset == op.run_offset &&
            open.skip + (uint64_t)open.length == op.skip) {
            open.length += op.length;
            continue;
        }
        if (open.length > 0)
            weir_checkpoint_op(&flush->checkpoint, &open);
        open = op;
    }
    if (open.length > 0)
        weir_checkpoint_op(&flush->checkpoint, &open);
}

static bool listed(const struct weir_flush *flush, const struct weir_chunk *chunk)
{
    return chunk == flush->chunk || (chunk->published && chunk->live_len > 0 && !chunk->moving);
}

static void write_chunks(struct weir_flush *flush)
{
    const struct weir_chunk_set *chunks = &flush->ctr->state.chunks;

    for (size_t i = 0; i < chunks->count; i++)
        if (listed(flush, chunks->items[i]))
            weir_checkpoint_op(&flush->checkpoint, &(struct weir_op){.code = WEIR_OP_CHUNK,
                                                                     .chunk = chunks->items[i]->id,
                                                                     .length = (int64_t)chunks->items[i]->file_len,
                                                                     .run_offset = chunks->items[i]->salt});
}

static void write_checkpoint(struct weir_flush *flush)
{
    struct weir_container *ctr = flush->ctr;
    const struct weir_state *state = &ctr->state;
    int64_t chunk_count = 0;
    size_t at = 0;

    for (size_t i = 0; i < state->chunks.count; i++)
        chunk_count += listed(flush, state->chunks.items[i]);
    weir_checkpoint_begin(&flush->checkpoint, flush->lsn, weir_host_random(weir_loop_host(ctr->loop)));
    weir_checkpoint_op(&flush->checkpoint, &(struct weir_op){.code = WEIR_OP_BEGIN,
                                                             .segment = state->next_segment_id,
                                                             .chunk = state->chunks.next_id,
                                                             .event_count = (int64_t)state->segment_count,
                                                             .length = chunk_count,
                                                             .offset = (int64_t)state->map.count});
    write_chunks(flush);
    for (size_t i = 0; i < state->table_cap; i++) {
        for (struct weir_segment *seg = state->by_id[i]; seg != NULL; seg = seg->by_id_next) {
            weir_checkpoint_segment(&flush->checkpoint, seg);
            write_extents(flush, seg, &at);
        }
    }
    assert(at == flush->count);
    weir_checkpoint_map(&flush->checkpoint, &state->map);
    weir_checkpoint_end(&flush->checkpoint);
}

/* Chooses what is worth moving, up to the bytes of one flush. */
static void choose_moving(struct weir_container *ctr)
{
    struct weir_chunk_set *chunks = &ctr->state.chunks;
    uint64_t budget = ctr->options.flush_bytes;

    for (size_t i = 0; i < chunks->count; i++) {
        struct weir_chunk *chunk = chunks->items[i];

        if (!chunk->published || chunk->stays || chunk->live_len == 0 || chunk->live_len > budget ||
            chunk->live_len >= chunk->file_len / 2)
            continue;
        chunk->moving = true;
        budget -= chunk->live_len;
    }
}

static bool plan(struct weir_flush *flush)
{
    struct weir_state *state = &flush->ctr->state;

    choose_moving(flush->ctr);
    flush->chunk_id = state->chunks.next_id;
    flush->chunk_salt = weir_host_random(weir_loop_host(flush->ctr->loop));
    if (weir_chunk_set_add(&state->chunks, flush->chunk_id, flush->chunk_salt, WEIR_FILE_HEADER_LEN, &flush->chunk) !=
        WEIR_OK)
        return false;
    for (size_t i = 0; i < state->table_cap; i++) {
        for (struct weir_segment *seg = state->by_id[i]; seg != NULL; seg = seg->by_id_next) {
            weir_segment_coalesce(seg);
            if (!plan_segment(flush, seg))
                return false;
        }
    }
    if (flush->count == 0) {
        weir_chunk_set_remove(&state->chunks, flush->chunk);
        flush->chunk = NULL;
    }
    write_checkpoint(flush);
    return flush->checkpoint.bytes.status == WEIR_OK;
}

/* --- Writing. Thread: the pool's; touches the plan only. --- */

static enum weir_status copy_from_chunk(struct weir_flush *flush, struct weir_chunk_writer *writer,
                                        const struct piece *piece, uint8_t *buf)
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
        const struct piece *piece = &flush->pieces[i];

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

    weir_store_path_named(temporary, ctr->dir, "checkpoint.tmp");
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

static void flush_work(struct weir_job *job)
{
    struct weir_flush *flush = (struct weir_flush *)job; /* its first member */

    flush->status = flush->chunk_id != 0 ? write_chunk(flush) : WEIR_OK;
    if (flush->status == WEIR_OK)
        flush->status = publish(flush);
}

/* --- The end of a flush --- */

static void end_moving(struct weir_chunk_set *chunks)
{
    for (size_t i = 0; i < chunks->count; i++)
        chunks->items[i]->moving = false;
}

/* Gives the extent its new place: it may have lost bytes at its front since. */
static void change_over(struct weir_flush *flush, const struct piece *piece)
{
    struct weir_chunk_set *chunks = &flush->ctr->state.chunks;
    struct weir_extent *extent = piece->extent;
    uint64_t cut;

    if (!extent->attached)
        return;
    if (piece->ptr != NULL) {
        cut = (uint64_t)(extent->ptr - piece->ptr);
        weir_block_unref(extent->block);
        extent->block = NULL;
        extent->ptr = NULL;
    } else {
        cut = extent->skip - piece->from.skip;
        weir_chunk_live_sub(chunks, extent->chunk, extent->len);
    }
    extent->chunk = flush->chunk;
    extent->run_offset = piece->run_offset;
    extent->run_len = piece->run_len;
    extent->skip = piece->skip + cut;
    weir_chunk_live_add(chunks, flush->chunk, extent->len);
}

static void flush_free(struct weir_flush *flush)
{
    struct weir_chunk_set *chunks = &flush->ctr->state.chunks;

    for (size_t i = 0; i < flush->count; i++) {
        if (flush->pieces[i].source != NULL)
            flush->pieces[i].source->readers--;
        weir_extent_unref(flush->pieces[i].extent);
    }
    end_moving(chunks);
    if (flush->chunk != NULL && !flush->chunk->published)
        weir_chunk_set_remove(chunks, flush->chunk);
    weir_buf_fini(&flush->checkpoint.bytes);
    free(flush->pieces);
    flush->ctr->flush = NULL;
    free(flush);
}

static void end_ops(struct weir_container *ctr, enum weir_status status)
{
    while (ctr->flush_ops != NULL) {
        struct weir_store_op *op = weir_store_op_take(&ctr->flush_ops);

        op->status = status;
        weir_store_op_queue(&ctr->at_once, op);
    }
    weir_container_deliver_soon(ctr);
}

static void tell(const struct weir_flush *flush)
{
    struct weir_container *ctr = flush->ctr;
    int64_t now_ns = weir_loop_now_ns(ctr->loop), took_ms = (now_ns - flush->began_ns) / WEIR_NS_PER_MS;

    ctr->stats.published_ns = now_ns;
    if (ctr->options.figures != NULL)
        weir_histogram_record(&ctr->options.figures->flush_ms, (uint64_t)took_ms);
    weir_log_debug(weir_loop_log(ctr->loop), "store", "flushed %zu pieces into a chunk of %llu bytes in %lld ms; "
                   "checkpoint at LSN %llu", flush->count,
                   (unsigned long long)(flush->chunk != NULL ? flush->chunk->file_len : 0), (long long)took_ms,
                   (unsigned long long)flush->lsn);
}

static void succeed(struct weir_flush *flush)
{
    struct weir_container *ctr = flush->ctr;

    for (size_t i = 0; i < flush->count; i++)
        change_over(flush, &flush->pieces[i]);
    if (flush->chunk != NULL) {
        weir_chunk_set_publish(&ctr->state.chunks, flush->chunk);
        ctr->stats.flush_bytes += flush->chunk->file_len;
    }
    ctr->stats.flush_count++;
    tell(flush);
    ctr->published_lsn = flush->lsn;
    ctr->log_flushed = flush->log_bytes;
    ctr->log_base = 0;
    ctr->flush_full = false;
    ctr->swept = false;
    flush_free(flush);
    weir_store_log_hold(ctr->log, false, 0);
    end_ops(ctr, WEIR_OK);
}

/* What was to be moved can't be read. It stays where it is, and reads of it say so. */
static void give_up_moving(struct weir_flush *flush)
{
    struct weir_container *ctr = flush->ctr;

    weir_log_error(weir_loop_log(ctr->loop), "store", "cannot compact: %s", flush->error.message);
    for (size_t i = 0; i < ctr->state.chunks.count; i++)
        ctr->state.chunks.items[i]->stays |= ctr->state.chunks.items[i]->moving;
    flush_free(flush);
    weir_store_log_hold(ctr->log, false, 0);
    while (ctr->flush_ops != NULL)
        weir_store_op_queue(&ctr->next_flush_ops, weir_store_op_take(&ctr->flush_ops));
}

static void flush_done(struct weir_job *job)
{
    struct weir_flush *flush = (struct weir_flush *)job;
    struct weir_container *ctr = flush->ctr;

    if (flush->status == WEIR_OK) {
        if (ctr->flush_full)
            weir_log_warn(weir_loop_log(ctr->loop), "store", "there is space again; the flush is done");
        succeed(flush);
    } else if (flush->status == WEIR_E_FULL) {
        if (!ctr->flush_full)
            weir_log_warn(weir_loop_log(ctr->loop), "store", "the flush waits for space: %s", flush->error.message);
        ctr->flush_full = true;
        flush->state = FLUSH_RETRY;
        weir_timer_start(ctr->loop, &ctr->flush_retry, RETRY_NS);
    } else if (flush->status == WEIR_E_DAMAGED) {
        give_up_moving(flush);
    } else {
        struct weir_error why = flush->error;

        flush->state = FLUSH_RETRY; /* never again; freed with the container */
        weir_container_fail(ctr, &why);
        return;
    }
    weir_flush_step(ctr);
}

static void submit(struct weir_flush *flush)
{
    flush->state = FLUSH_WRITING;
    flush->error = (struct weir_error){0};
    weir_host_submit(weir_loop_host(flush->ctr->loop), &flush->job);
}

static void try_again(void *arg)
{
    struct weir_container *ctr = arg;

    if (ctr->flush != NULL && ctr->flush->state == FLUSH_RETRY && !ctr->failed)
        submit(ctr->flush);
}

static void begin(struct weir_container *ctr)
{
    struct weir_flush *flush = calloc(1, sizeof(*flush));
    struct weir_error why = {0};

    while (ctr->next_flush_ops != NULL)
        weir_store_op_queue(&ctr->flush_ops, weir_store_op_take(&ctr->next_flush_ops));
    if (flush != NULL) {
        ctr->flush = flush;
        flush->job = (struct weir_job){.work = flush_work, .done = flush_done, .loop = ctr->loop};
        flush->ctr = ctr;
        flush->began_ns = weir_loop_now_ns(ctr->loop);
        flush->lsn = weir_store_log_roll(ctr->log);
        flush->log_bytes = weir_store_log_bytes(ctr->log);
        if (plan(flush)) {
            if (flush->chunk == NULL)
                flush->chunk_id = 0;
            return;
        }
        flush_free(flush);
    }
    weir_fail(&why, WEIR_E_NOMEM, "out of memory to flush %s", ctr->dir);
    weir_container_fail(ctr, &why);
}

/* --- When --- */

static bool is_due(const struct weir_container *ctr)
{
    const struct weir_chunk_set *chunks = &ctr->state.chunks;
    uint64_t dead_len = chunks->file_len - chunks->live_len;

    if (weir_container_unflushed(ctr) > ctr->options.flush_bytes)
        return true;
    return dead_len > ctr->options.flush_bytes && dead_len > chunks->file_len * 3 / 4 &&
           weir_container_unflushed(ctr) > 0;
}

void weir_flush_step(struct weir_container *ctr)
{
    if (ctr->failed)
        return;
    if (ctr->flush == NULL && (ctr->next_flush_ops != NULL || is_due(ctr)))
        begin(ctr);
    if (ctr->flush != NULL && ctr->flush->state == FLUSH_WAIT_LOG &&
        weir_store_log_written(ctr->log) >= ctr->flush->lsn)
        submit(ctr->flush);
    if (ctr->flush != NULL && ctr->flush->state != FLUSH_WAIT_LOG &&
        weir_container_unflushed(ctr) > WEIR_FLUSH_HOLD_FACTOR * ctr->options.flush_bytes)
        weir_store_log_hold(ctr->log, true, ctr->flush->lsn);
    weir_sweep_step(ctr);
}

void weir_flush_stop(struct weir_container *ctr)
{
    weir_timer_stop(ctr->loop, &ctr->flush_retry);
    if (ctr->flush == NULL)
        return;
    if (ctr->flush->state == FLUSH_WRITING)
        weir_host_cancel(weir_loop_host(ctr->loop), &ctr->flush->job);
    flush_free(ctr->flush);
}

void weir_flush_init(struct weir_container *ctr)
{
    ctr->flush_retry = (struct weir_timer){.fn = try_again, .arg = ctr};
    ctr->swept = true;
}

void weir_container_flush(struct weir_container *ctr, struct weir_store_op *op)
{
    op->lsn = 0;
    op->status = ctr->failed ? WEIR_E_IO : WEIR_OK;
    weir_store_op_queue(ctr->failed ? &ctr->at_once : &ctr->next_flush_ops, op);
    weir_container_deliver_soon(ctr);
}
