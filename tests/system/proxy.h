/*
 * proxy.h - a TCP proxy that harms what passes through it, at seeded moments.
 *
 * It forwards bytes both ways and counts them. When the count reaches a seeded number it does one of three things:
 *     cut       drops what it has just read, and closes both sides
 *     truncate  passes on a part of what it has just read, and closes both sides
 *     stall     passes nothing on for a while, then goes on
 * One `struct harm` can serve several proxies: its counts are those of all of them together. Thread: the loop's.
 */
#ifndef WEIR_TESTS_SYSTEM_PROXY_H
#define WEIR_TESTS_SYSTEM_PROXY_H

#include <stdint.h>

#include "base/rng.h"
#include "weir/net.h"

struct harm {
    struct weir_rng rng;
    uint64_t gap_bytes;   /**< mean number of bytes between two harms; 0: none */
    uint64_t left_bytes;  /**< until the next one */
    uint32_t cuts_wanted; /**< after so many cuts and truncations it is calm */
    uint32_t cut_count, truncate_count, stall_count;
};

/** From now on: `cuts` cuts or truncations, one in so many bytes on average. The counts begin anew. */
void harm_begin(struct harm *harm, uint64_t gap_bytes, uint32_t cuts);
/** Those that were done since. */
uint32_t harm_cuts(const struct harm *harm);

struct proxy; /* opaque */

/** Listens at `at` (port 0: any) and connects each that comes to `to`; both plain, hosts borrowed for good. */
enum weir_status proxy_new(struct weir_loop *loop, const struct weir_target *at, const struct weir_target *to,
                           struct harm *harm, struct proxy **out, struct weir_error *err);
uint16_t proxy_port(const struct proxy *proxy);
void proxy_free(struct proxy *proxy); /**< NULL is fine */

#endif
