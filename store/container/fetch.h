/**
 * @file store/container/fetch.h
 * @brief Reads a known run of a segment's bytes into the caller's memory, however many pieces it lies in.
 *
 * weir_segment_read() hands out what one place holds; this goes on until everything is there.
 */
#ifndef WEIR_STORE_FETCH_H
#define WEIR_STORE_FETCH_H

#include "store/container/container.h"

/** Embedded in the caller's struct: set the first group, get the status in `done`. */
struct weir_segment_fetch {
    void (*done)(struct weir_segment_fetch *fetch); /**< from the loop, never from inside the call */
    int64_t offset;
    uint8_t *to; /**< borrowed until `done` or the cancel */
    size_t len;  /**< 1 or more. Bytes that are not acknowledged yet are waited for */

    enum weir_status status; /**< OK · TRUNCATED · NOT_FOUND · INVAL (beyond a sealed end) · DAMAGED, IO, NOMEM */
    /* Private. */
    struct weir_segment *seg; /**< NULL: not under way */
    size_t got;
    struct weir_segment_read read;
};

void weir_segment_fetch(struct weir_segment *seg, struct weir_segment_fetch *fetch);
/** No `done` will follow. Nothing happens if it is not under way (a zeroed one is not). */
void weir_segment_fetch_cancel(struct weir_segment_fetch *fetch);

#endif
