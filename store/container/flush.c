/*
 * flush.c - moves data from the log's memory to a chunk file and publishes a checkpoint, so that the log can go.
 *
 *     begin: the log rolls at LSN L; what moves and the checkpoint of L are planned (flush_plan.c)
 *     WAIT_LOG --log safe up to L--> WRITING (flush_write.c: chunk, checkpoint.tmp, rename, each synced)
 *     WRITING --done--> the extents change over, wherever they are by now; files of before L are swept away (sweep.c)
 *     WRITING --WEIR_E_FULL--> RETRY --a little later--> WRITING (each file from its beginning)
 *
 * A crash at any point leaves either the old checkpoint and all of its log, or the new one and all of its log. The
 * files of records after L refer to nothing of this.
 *
 * Chunks of which less than half is alive are moved along (compaction), so that files hold at most about twice what
 * lives.
 */
#include <stdlib.h>

#include "base/log.h"
#include "store/container/figures.h"
#include "store/container/flush_int.h"

#define RETRY_NS (500 * WEIR_NS_PER_MS)

/* --- The end of a flush --- */

static void end_moving(struct weir_chunk_set *chunks)
{
    for (size_t i = 0; i < chunks->count; i++)
        chunks->items[i]->moving = false;
}

/* Gives the extent its new place: it may have lost bytes at its front since. */
static void change_over(struct weir_flush *flush, const struct weir_flush_piece *piece)
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

/* What no flush would move is no reason for one. */
static void note_kept(struct weir_container *ctr)
{
    const struct weir_chunk_set *chunks = &ctr->state.chunks;

    ctr->dead_kept = 0;
    for (size_t i = 0; i < chunks->count; i++)
        if (chunks->items[i]->live_len > 0 && !weir_flush_may_move(ctr, chunks->items[i]))
            ctr->dead_kept += chunks->items[i]->file_len - chunks->items[i]->live_len;
}

/* What became one run is one extent from now on: a read gets as much of it as it asks for. */
static void coalesce(struct weir_state *state)
{
    for (size_t i = 0; i < state->table_cap; i++)
        for (struct weir_segment *seg = state->by_id[i]; seg != NULL; seg = seg->by_id_next)
            weir_segment_coalesce(seg);
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
    coalesce(&ctr->state);
    note_kept(ctr);
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
        flush->state = WEIR_FLUSH_RETRY;
        weir_timer_start(ctr->loop, &ctr->flush_retry, RETRY_NS);
    } else if (flush->status == WEIR_E_DAMAGED) {
        give_up_moving(flush);
    } else {
        struct weir_error why = flush->error;

        flush->state = WEIR_FLUSH_RETRY; /* never again; freed with the container */
        weir_container_fail(ctr, &why);
        return;
    }
    weir_flush_step(ctr);
}

static void submit(struct weir_flush *flush)
{
    flush->state = WEIR_FLUSH_WRITING;
    flush->error = (struct weir_error){0};
    weir_host_submit(weir_loop_host(flush->ctr->loop), &flush->job);
}

static void try_again(void *arg)
{
    struct weir_container *ctr = arg;

    if (ctr->flush != NULL && ctr->flush->state == WEIR_FLUSH_RETRY && !ctr->failed)
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
        flush->job = (struct weir_job){.work = weir_flush_work, .done = flush_done, .loop = ctr->loop};
        flush->ctr = ctr;
        flush->began_ns = weir_loop_now_ns(ctr->loop);
        flush->lsn = weir_store_log_roll(ctr->log);
        flush->log_bytes = weir_store_log_bytes(ctr->log);
        if (weir_flush_plan(flush))
            return;
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
    return dead_len > ctr->dead_kept + ctr->options.flush_bytes && dead_len > chunks->file_len * 3 / 4 &&
           weir_container_unflushed(ctr) > 0;
}

void weir_flush_step(struct weir_container *ctr)
{
    if (ctr->failed)
        return;
    if (ctr->flush == NULL && (ctr->next_flush_ops != NULL || is_due(ctr)))
        begin(ctr);
    if (ctr->flush != NULL && ctr->flush->state == WEIR_FLUSH_WAIT_LOG &&
        weir_store_log_written(ctr->log) >= ctr->flush->lsn)
        submit(ctr->flush);
    if (ctr->flush != NULL && ctr->flush->state != WEIR_FLUSH_WAIT_LOG &&
        weir_container_unflushed(ctr) > WEIR_FLUSH_HOLD_FACTOR * ctr->options.flush_bytes)
        weir_store_log_hold(ctr->log, true, ctr->flush->lsn);
    weir_sweep_step(ctr);
}

void weir_flush_stop(struct weir_container *ctr)
{
    weir_timer_stop(ctr->loop, &ctr->flush_retry);
    if (ctr->flush == NULL)
        return;
    if (ctr->flush->state == WEIR_FLUSH_WRITING)
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
