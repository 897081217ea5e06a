/**
 * @file counted_memory.h
 * @brief The memory that one process of a simulated world holds, and how often it asked for some.
 *
 * The linker sends all allocations here (--wrap in meson.build, as well as of the turns of simulated loops). What is
 * allocated in a turn of another loop than the one that is watched is not counted: the stores of a test are no part of
 * what it measures.
 */
#ifndef COUNTED_MEMORY_H
#define COUNTED_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/loop.h"

/** From here on what `loop` allocates is counted, and what is allocated outside of any turn. NULL: nothing is. */
void counted_memory_watch(const struct weir_loop *loop);
/** What the test itself allocates in between does not count. */
void counted_memory_pause(bool pause);
/** Bytes that were allocated since, and not freed. */
size_t counted_memory_held(void);
/** The most that were held at once since the last call of counted_memory_watch(). */
size_t counted_memory_peak(void);
/** Allocations, reallocations included. */
uint64_t counted_memory_calls(void);

#endif
