/**
 * @file base/sim_pipe.h
 * @brief The bytes on their way to one end of a simulated connection, and those that have arrived. Used by base/ only.
 *
 * One ring of bytes; chunks say how much of it arrives when:
 *
 *     head                                                     the end of the connection is a last, empty chunk
 *      | arrived (readable) | chunk 0 | chunk 1 | ... |  room up to SIM_PIPE_CAP
 *
 * Zero it to begin.
 */
#ifndef WEIR_BASE_SIM_PIPE_H
#define WEIR_BASE_SIM_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/error.h"

#define SIM_PIPE_CAP (256 * 1024)

struct sim_chunk {
    int64_t at_ns;
    size_t len;
    enum weir_status end; /* not WEIR_OK: the connection ends here */
};

struct sim_pipe {
    uint8_t *ring;
    size_t cap, head, readable, len; /* powers of two; readable <= len <= SIM_PIPE_CAP */
    struct sim_chunk *chunks;
    size_t chunk_cap, chunk_head, chunk_count;
    int64_t last_ns; /* nothing arrives before this: order is kept */
};

void weir_sim_pipe_fini(struct sim_pipe *pipe);
static inline size_t weir_sim_pipe_room(const struct sim_pipe *pipe)
{
    return SIM_PIPE_CAP - pipe->len;
}
/** Appends bytes, at most the room; weir_sim_pipe_chunk() says when they arrive. */
void weir_sim_pipe_write(struct sim_pipe *pipe, const void *ptr, size_t len);
/** The next `len` bytes arrive at `at_ns` or when those before do, whichever is later. */
void weir_sim_pipe_chunk(struct sim_pipe *pipe, int64_t at_ns, size_t len, enum weir_status end);
/** Lets the last chunk carry `len` more bytes; false if none is on its way. */
bool weir_sim_pipe_grow_chunk(struct sim_pipe *pipe, size_t len);
/** The chunk that arrives next, or NULL. */
const struct sim_chunk *weir_sim_pipe_next(const struct sim_pipe *pipe);
/** The next chunk has arrived. */
void weir_sim_pipe_arrive(struct sim_pipe *pipe);
/** Forgets what is on its way. */
void weir_sim_pipe_drop(struct sim_pipe *pipe);
/** Takes up to `cap` of the bytes that have arrived. */
size_t weir_sim_pipe_read(struct sim_pipe *pipe, void *buf, size_t cap);

#endif
