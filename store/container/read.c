/*
 * read.c - reads of acknowledged bytes.
 *
 *     new --bytes in memory, or an answer without bytes--> READY --> done
 *      |--bytes in a chunk--> COLD (on the pool) --> READY
 *      |--nothing there yet--> WAITING (at the segment) --bytes, seal, deletion--> as if new
 *      |--memory needed, and too much in use--> QUEUED --others are done--> as if new
 *      '--memory needed, and nobody wants the bytes by now--> READY, without
 *
 * Bytes in memory are handed out where they stand in the log's buffer, unless they are in many pieces: then they are
 * copied together, since a copy costs less than another round of the reader, which has one read under way for each
 * segment.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/container/container_int.h"

#define READ_LEN_MAX (2u << 20)
#define SLICE_LEN_MIN 262144u        /* shorter pieces are copied together */
#define MEMORY_MAX (UINT64_C(64) << 20) /* of reads under way */

enum read_state { READ_IDLE, READ_WAITING, READ_QUEUED, READ_COLD, READ_READY };

struct weir_cold_read {
    struct weir_job job;
    struct weir_container *ctr;
    struct weir_segment_read *read; /* NULL: nobody waits for it any more */
    struct weir_chunk *chunk;
    struct weir_chunk_place place;
    struct weir_block *block;
    size_t len, good_len;
    enum weir_status status;
    struct weir_error error;
    struct weir_cold_read *next, *prev;
};

WEIR_STORE_RING(cold_ring, struct weir_cold_read)

/* --- Memory --- */

static void count_memory(struct weir_container *ctr, size_t len)
{
    ctr->stats.reading_bytes += len;
    if (ctr->stats.reading_bytes > ctr->stats.reading_bytes_max)
        ctr->stats.reading_bytes_max = ctr->stats.reading_bytes;
}

static void become_ready(struct weir_segment_read *read, enum weir_status status)
{
    struct weir_segment *seg = read->seg;

    read->status = status;
    read->state = READ_READY;
    read->start_offset = seg->start_offset;
    if (status == WEIR_OK) {
        int64_t end = read->offset + (int64_t)read->data.len;

        read->at_tail = end >= seg->durable_length;
        read->end_of_segment = seg->durable_sealed && end == seg->durable_length;
        seg->ctr->stats.read_bytes += read->data.len;
    }
    weir_read_ring_push(&seg->ctr->ready, read);
    weir_container_deliver_soon(seg->ctr);
}

/* Whether memory may be spent on the read. False: it waits for its turn, or is not wanted any more. */
static bool has_turn(struct weir_segment_read *read, size_t len)
{
    struct weir_container *ctr = read->seg->ctr;

    if (ctr->stats.reading_bytes + len > MEMORY_MAX) {
        read->state = READ_QUEUED;
        weir_read_ring_push(&ctr->queued, read);
        return false;
    }
    if (read->wanted != NULL && !read->wanted(read)) {
        become_ready(read, WEIR_E_AGAIN);
        return false;
    }
    return true;
}

static void hold(struct weir_segment_read *read, struct weir_block *block, struct weir_view data)
{
    read->hold = block;
    read->data = data;
}

/* --- From memory --- */

/* Bytes from `offset` on that stand in memory, up to `want`. */
static size_t gatherable(const struct weir_segment *seg, size_t at, int64_t offset, size_t want)
{
    size_t len = 0;

    for (; at < seg->extent_end && seg->extents[at]->block != NULL && len < want; at++)
        len += (size_t)(seg->extents[at]->offset + (int64_t)seg->extents[at]->len - offset - (int64_t)len);
    return len < want ? len : want;
}

static void gather(struct weir_segment_read *read, size_t at, size_t want)
{
    struct weir_segment *seg = read->seg;
    size_t len = gatherable(seg, at, read->offset, want);
    struct weir_block *block;

    if (!has_turn(read, len))
        return;
    block = weir_block_new(len);
    if (block == NULL) {
        become_ready(read, WEIR_E_NOMEM);
        return;
    }
    read->counted = len;
    count_memory(seg->ctr, len);
    for (; block->len < len; at++) {
        const struct weir_extent *extent = seg->extents[at];
        size_t skip = (size_t)(read->offset + (int64_t)block->len - extent->offset);
        size_t take = (size_t)extent->len - skip;

        if (take > len - block->len)
            take = len - block->len;
        memcpy(block->bytes + block->len, extent->ptr + skip, take);
        block->len += take;
    }
    hold(read, block, weir_view(block->bytes, len));
    become_ready(read, WEIR_OK);
}

static void read_memory(struct weir_segment_read *read, size_t at, size_t want)
{
    struct weir_extent *extent = read->seg->extents[at];
    size_t skip = (size_t)(read->offset - extent->offset);
    size_t left = (size_t)extent->len - skip;

    if (left < want && left < SLICE_LEN_MIN) {
        gather(read, at, want);
        return;
    }
    hold(read, weir_block_ref(extent->block), weir_view(extent->ptr + skip, left < want ? left : want));
    become_ready(read, WEIR_OK);
}

/* --- From chunks --- */

static void cold_free(struct weir_cold_read *cold)
{
    cold->chunk->readers--;
    cold->ctr->stats.reading_bytes -= cold->len;
    cold_ring_remove(&cold->ctr->cold, cold);
    weir_block_unref(cold->block);
    free(cold);
}

static void cold_work(struct weir_job *job)
{
    struct weir_cold_read *cold = (struct weir_cold_read *)job; /* its first member */

    cold->status = weir_chunk_read(cold->ctr->fs, cold->ctr->dir, &cold->place, cold->block->bytes, cold->len,
                                   &cold->good_len, &cold->error);
    if (cold->status == WEIR_E_DAMAGED && cold->good_len > 0)
        cold->status = WEIR_OK; /* what stands before the damage is good; the next read meets it */
}

static void cold_done(struct weir_job *job)
{
    struct weir_cold_read *cold = (struct weir_cold_read *)job;
    struct weir_segment_read *read = cold->read;
    struct weir_container *ctr = cold->ctr;

    if (cold->status != WEIR_OK)
        weir_log_error(weir_loop_log(ctr->loop), "store", "cannot read: %s", cold->error.message);
    if (read != NULL) {
        read->job = NULL;
        if (cold->status == WEIR_OK)
            hold(read, weir_block_ref(cold->block), weir_view(cold->block->bytes, cold->good_len));
        become_ready(read, cold->status);
    }
    cold_free(cold);
    weir_container_deliver_soon(ctr); /* others may have their turn */
}

static void read_chunk(struct weir_segment_read *read, const struct weir_extent *extent, size_t want)
{
    struct weir_container *ctr = read->seg->ctr;
    uint64_t skip = (uint64_t)(read->offset - extent->offset);
    size_t len = extent->len - skip < want ? (size_t)(extent->len - skip) : want;
    struct weir_cold_read *cold;
    struct weir_block *block;

    if (!has_turn(read, len))
        return;
    cold = calloc(1, sizeof(*cold));
    block = weir_block_new(len);
    if (cold == NULL || block == NULL) {
        free(cold);
        weir_block_unref(block);
        become_ready(read, WEIR_E_NOMEM);
        return;
    }
    cold->job = (struct weir_job){.work = cold_work, .done = cold_done, .loop = ctr->loop};
    cold->ctr = ctr;
    cold->read = read;
    cold->chunk = extent->chunk;
    cold->chunk->readers++;
    cold->place = (struct weir_chunk_place){.chunk_id = extent->chunk->id,
                                            .salt = extent->chunk->salt,
                                            .run_offset = extent->run_offset,
                                            .run_len = extent->run_len,
                                            .skip = extent->skip + skip};
    cold->block = block;
    cold->len = len;
    count_memory(ctr, len);
    cold_ring_push(&ctr->cold, cold);
    read->job = cold;
    read->state = READ_COLD;
    ctr->stats.cold_read_count++;
    weir_host_submit(weir_loop_host(ctr->loop), &cold->job);
}

/* --- The states --- */

static void read_data(struct weir_segment_read *read)
{
    struct weir_segment *seg = read->seg;
    size_t want = read->len_max < READ_LEN_MAX ? read->len_max : READ_LEN_MAX;
    size_t at = weir_segment_locate(seg, read->offset);

    if ((int64_t)want > seg->durable_length - read->offset)
        want = (size_t)(seg->durable_length - read->offset);
    assert(at < seg->extent_end);
    if (seg->extents[at]->block != NULL)
        read_memory(read, at, want);
    else
        read_chunk(read, seg->extents[at], want);
}

/* Answers the read, or begins to, or lets it wait. It is in no list. */
static void resolve(struct weir_segment_read *read, bool has_waited)
{
    struct weir_segment *seg = read->seg;

    if (seg->deleted) {
        become_ready(read, has_waited && seg->sealed ? WEIR_E_SEALED : WEIR_E_NOT_FOUND);
    } else if (read->offset < seg->start_offset) {
        become_ready(read, WEIR_E_TRUNCATED);
    } else if (read->offset < seg->durable_length) {
        read_data(read);
    } else if (seg->durable_sealed) {
        if (has_waited)
            become_ready(read, WEIR_E_SEALED);
        else
            become_ready(read, read->offset > seg->durable_length ? WEIR_E_INVAL : WEIR_OK);
    } else if (seg->ctr->failed && read->wait) {
        become_ready(read, WEIR_E_IO);
    } else if (!read->wait) {
        become_ready(read, WEIR_OK);
    } else {
        read->state = READ_WAITING;
        weir_read_ring_push(&seg->waiting, read);
    }
}

/* Those that waited for memory, as far as there is enough for any of them. */
static void take_turns(struct weir_container *ctr)
{
    while (ctr->queued != NULL && ctr->stats.reading_bytes + READ_LEN_MAX <= MEMORY_MAX) {
        struct weir_segment_read *read = ctr->queued;

        weir_read_ring_remove(&ctr->queued, read);
        resolve(read, false);
    }
}

void weir_segment_wake(struct weir_segment *seg)
{
    struct weir_segment_read *waiting = seg->waiting;

    seg->waiting = NULL;
    while (waiting != NULL) {
        struct weir_segment_read *read = waiting;

        weir_read_ring_remove(&waiting, read);
        resolve(read, true);
    }
}

void weir_segment_fail_waiting(struct weir_segment *seg)
{
    while (seg->waiting != NULL) {
        struct weir_segment_read *read = seg->waiting;

        weir_read_ring_remove(&seg->waiting, read);
        become_ready(read, WEIR_E_IO);
    }
}

/* Ends the read's hold on its segment; the last one of a deleted segment may free it. */
static void let_go(struct weir_segment_read *read)
{
    struct weir_segment *seg = read->seg;

    if (seg->ctr != NULL)
        seg->ctr->stats.reading_bytes -= read->counted;
    read->counted = 0;
    read->seg = NULL;
    read->state = READ_IDLE;
    weir_segment_unref(seg);
}

void weir_segment_forget_waiting(struct weir_segment *seg)
{
    while (seg->waiting != NULL) {
        struct weir_segment_read *read = seg->waiting;

        weir_read_ring_remove(&seg->waiting, read);
        let_go(read);
    }
}

void weir_container_deliver_reads(struct weir_container *ctr)
{
    while (ctr->ready != NULL) {
        struct weir_segment_read *read = ctr->ready;

        weir_read_ring_remove(&ctr->ready, read);
        let_go(read);
        read->done(read);
    }
    take_turns(ctr);
}

void weir_container_forget_reads(struct weir_container *ctr)
{
    while (ctr->cold != NULL) {
        struct weir_cold_read *cold = ctr->cold;

        weir_host_cancel(weir_loop_host(ctr->loop), &cold->job);
        if (cold->read != NULL)
            let_go(cold->read);
        cold_free(cold);
    }
    while (ctr->ready != NULL) {
        struct weir_segment_read *read = ctr->ready;

        weir_read_ring_remove(&ctr->ready, read);
        weir_segment_read_release(read);
        let_go(read);
    }
    while (ctr->queued != NULL) {
        struct weir_segment_read *read = ctr->queued;

        weir_read_ring_remove(&ctr->queued, read);
        let_go(read);
    }
}

/* --- Public --- */

void weir_segment_read(struct weir_segment *seg, struct weir_segment_read *read)
{
    assert(read->len_max > 0 && read->offset >= 0);
    read->seg = weir_segment_ref(seg);
    read->data = weir_view(NULL, 0);
    read->hold = NULL;
    read->job = NULL;
    read->counted = 0;
    read->at_tail = read->end_of_segment = false;
    seg->ctr->stats.read_count++;
    resolve(read, false);
}

void weir_segment_read_cancel(struct weir_segment_read *read)
{
    switch ((enum read_state)read->state) {
    case READ_IDLE:
        return;
    case READ_WAITING:
        weir_read_ring_remove(&read->seg->waiting, read);
        break;
    case READ_QUEUED:
        weir_read_ring_remove(&read->seg->ctr->queued, read);
        break;
    case READ_COLD:
        ((struct weir_cold_read *)read->job)->read = NULL;
        break;
    case READ_READY:
        weir_read_ring_remove(&read->seg->ctr->ready, read);
        weir_segment_read_release(read);
        break;
    }
    let_go(read);
}

void weir_segment_read_release(struct weir_segment_read *read)
{
    weir_block_unref(read->hold);
    read->hold = NULL;
    read->data = weir_view(NULL, 0);
}
