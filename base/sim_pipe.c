/*
 * sim_pipe.c - a ring of bytes and a ring of chunks, both growing by doubling.
 */
#include "base/sim_pipe.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/sim_int.h"

#define RING_CAP_MIN 1024
#define CHUNK_CAP_MIN 8

void weir_sim_pipe_fini(struct sim_pipe *pipe)
{
    free(pipe->ring);
    free(pipe->chunks);
    *pipe = (struct sim_pipe){0};
}

/* Copies between the ring at `offset` and outside, round its end. */
static void ring_put(struct sim_pipe *pipe, size_t offset, const uint8_t *ptr, size_t len)
{
    size_t at = (pipe->head + offset) & (pipe->cap - 1), first = len < pipe->cap - at ? len : pipe->cap - at;

    memcpy(pipe->ring + at, ptr, first);
    memcpy(pipe->ring, ptr + first, len - first);
}

static void ring_get(const struct sim_pipe *pipe, uint8_t *ptr, size_t len)
{
    size_t first = len < pipe->cap - pipe->head ? len : pipe->cap - pipe->head;

    memcpy(ptr, pipe->ring + pipe->head, first);
    memcpy(ptr + first, pipe->ring, len - first);
}

static void ring_grow(struct sim_pipe *pipe, size_t need)
{
    size_t cap = pipe->cap > 0 ? pipe->cap : RING_CAP_MIN;
    uint8_t *ring;

    while (cap < need)
        cap *= 2;
    if (cap == pipe->cap)
        return;
    ring = weir_sim_alloc(cap);
    if (pipe->len > 0)
        ring_get(pipe, ring, pipe->len);
    free(pipe->ring);
    pipe->ring = ring;
    pipe->cap = cap;
    pipe->head = 0;
}

void weir_sim_pipe_write(struct sim_pipe *pipe, const void *ptr, size_t len)
{
    assert(len <= weir_sim_pipe_room(pipe));
    if (len == 0)
        return;
    ring_grow(pipe, pipe->len + len);
    ring_put(pipe, pipe->len, ptr, len);
    pipe->len += len;
}

static struct sim_chunk *chunk_at(const struct sim_pipe *pipe, size_t index)
{
    return &pipe->chunks[(pipe->chunk_head + index) & (pipe->chunk_cap - 1)];
}

static void chunks_grow(struct sim_pipe *pipe)
{
    size_t cap = pipe->chunk_cap > 0 ? 2 * pipe->chunk_cap : CHUNK_CAP_MIN;
    struct sim_chunk *chunks = weir_sim_alloc(cap * sizeof(*chunks));

    for (size_t i = 0; i < pipe->chunk_count; i++)
        chunks[i] = *chunk_at(pipe, i);
    free(pipe->chunks);
    pipe->chunks = chunks;
    pipe->chunk_cap = cap;
    pipe->chunk_head = 0;
}

void weir_sim_pipe_chunk(struct sim_pipe *pipe, int64_t at_ns, size_t len, enum weir_status end)
{
    if (pipe->chunk_count == pipe->chunk_cap)
        chunks_grow(pipe);
    pipe->last_ns = at_ns > pipe->last_ns ? at_ns : pipe->last_ns;
    *chunk_at(pipe, pipe->chunk_count++) = (struct sim_chunk){pipe->last_ns, len, end};
}

bool weir_sim_pipe_grow_chunk(struct sim_pipe *pipe, size_t len)
{
    if (pipe->chunk_count == 0)
        return false;
    chunk_at(pipe, pipe->chunk_count - 1)->len += len;
    return true;
}

const struct sim_chunk *weir_sim_pipe_next(const struct sim_pipe *pipe)
{
    return pipe->chunk_count > 0 ? chunk_at(pipe, 0) : NULL;
}

void weir_sim_pipe_arrive(struct sim_pipe *pipe)
{
    assert(pipe->chunk_count > 0);
    pipe->readable += chunk_at(pipe, 0)->len;
    assert(pipe->readable <= pipe->len);
    pipe->chunk_head++;
    pipe->chunk_count--;
}

void weir_sim_pipe_drop(struct sim_pipe *pipe)
{
    pipe->len = pipe->readable;
    pipe->chunk_count = 0;
}

size_t weir_sim_pipe_read(struct sim_pipe *pipe, void *buf, size_t cap)
{
    size_t len = cap < pipe->readable ? cap : pipe->readable;

    if (len == 0)
        return 0;
    ring_get(pipe, buf, len);
    pipe->head = (pipe->head + len) & (pipe->cap - 1);
    pipe->readable -= len;
    pipe->len -= len;
    return len;
}
