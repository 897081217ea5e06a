/*
 * flush_plan.c - what a flush moves, and where to: all bytes that are in memory, and what lives in chunks of which less
 * than half does (compaction).
 *
 * Neighbours in a segment become one run. The checkpoint is written at once, while the state is that of its LSN: it
 * says already where in the new chunk each extent will stand.
 */
#include <assert.h>
#include <stdlib.h>

#include "store/container/flush_int.h"

/* --- Pieces and runs --- */

static bool moves(const struct weir_extent *extent)
{
    return extent->block != NULL || extent->chunk->moving;
}

static bool add_piece(struct weir_flush *flush, struct weir_extent *extent)
{
    struct weir_flush_piece *piece;

    if (flush->count == flush->cap) {
        size_t cap = flush->cap > 0 ? flush->cap * 2 : 64;
        struct weir_flush_piece *pieces = realloc(flush->pieces, cap * sizeof(*pieces));

        if (pieces == NULL)
            return false;
        flush->pieces = pieces;
        flush->cap = cap;
    }
    piece = &flush->pieces[flush->count++];
    *piece = (struct weir_flush_piece){.extent = extent, .len = extent->len};
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

/* --- The checkpoint --- */

/* The extents of a segment as they will stand: pieces[*at..) are those of this segment that move. */
static void write_extents(struct weir_flush *flush, const struct weir_segment *seg, size_t *at)
{
    struct weir_op open = {.length = 0};

    for (size_t i = seg->extent_first; i < seg->extent_end; i++) {
        const struct weir_extent *extent = seg->extents[i];
        struct weir_op op = {
            .code = WEIR_OP_EXTENT, .segment = seg->id, .offset = extent->offset, .length = (int64_t)extent->len};

        if (moves(extent)) {
            const struct weir_flush_piece *piece = &flush->pieces[(*at)++];

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
    weir_checkpoint_begin(&flush->checkpoint, state->store, flush->lsn, weir_host_random(weir_loop_host(ctr->loop)));
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

/* --- The whole --- */

bool weir_flush_may_move(const struct weir_container *ctr, const struct weir_chunk *chunk)
{
    return chunk->published && !chunk->stays && chunk->live_len > 0 && chunk->live_len <= ctr->options.flush_bytes &&
           chunk->live_len < chunk->file_len / 2;
}

/* Chooses what is worth moving, up to the bytes of one flush. */
static void choose_moving(struct weir_container *ctr)
{
    struct weir_chunk_set *chunks = &ctr->state.chunks;
    uint64_t budget = ctr->options.flush_bytes;

    for (size_t i = 0; i < chunks->count; i++) {
        struct weir_chunk *chunk = chunks->items[i];

        if (!weir_flush_may_move(ctr, chunk) || chunk->live_len > budget)
            continue;
        chunk->moving = true;
        budget -= chunk->live_len;
    }
}

bool weir_flush_plan(struct weir_flush *flush)
{
    struct weir_state *state = &flush->ctr->state;

    choose_moving(flush->ctr);
    flush->chunk_id = state->chunks.next_id;
    flush->chunk_salt = weir_host_random(weir_loop_host(flush->ctr->loop));
    if (weir_chunk_set_add(&state->chunks, flush->chunk_id, flush->chunk_salt, WEIR_FILE_HEADER_LEN, &flush->chunk) !=
        WEIR_OK)
        return false;
    for (size_t i = 0; i < state->table_cap; i++) {
        for (struct weir_segment *seg = state->by_id[i]; seg != NULL; seg = seg->by_id_next)
            if (!plan_segment(flush, seg))
                return false;
    }
    if (flush->count == 0) {
        weir_chunk_set_remove(&state->chunks, flush->chunk);
        flush->chunk = NULL;
        flush->chunk_id = 0;
    }
    write_checkpoint(flush);
    return flush->checkpoint.bytes.status == WEIR_OK;
}
