/**
 * @file store/container/block.h
 * @brief A counted run of memory: the log's buffer, from which recent data is also read, so that it is copied once.
 *
 * The loop's thread counts references; pool threads only read bytes that are already filled in.
 */
#ifndef WEIR_STORE_BLOCK_H
#define WEIR_STORE_BLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct weir_block {
    uint32_t refs;
    size_t len, cap; /**< filled, allocated */
    uint8_t bytes[];
};

/** One reference is the caller's. NULL if there is no memory. */
static inline struct weir_block *weir_block_new(size_t cap)
{
    struct weir_block *block = malloc(sizeof(*block) + cap);

    if (block != NULL)
        *block = (struct weir_block){.refs = 1, .cap = cap};
    return block;
}

static inline struct weir_block *weir_block_ref(struct weir_block *block)
{
    block->refs++;
    return block;
}

/** NULL is fine. */
static inline void weir_block_unref(struct weir_block *block)
{
    if (block != NULL && --block->refs == 0)
        free(block);
}

#endif
