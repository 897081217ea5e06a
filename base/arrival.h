/**
 * @file base/arrival.h
 * @brief How long something may take to arrive that has begun to: half a frame, half a request.
 *
 * A peer that sends a byte now and then would keep it for ever. In each WEIR_ARRIVAL_NS that the arrival goes on,
 * WEIR_ARRIVAL_LEN_MIN bytes have to come (a KiB a second), so what is short has that time in all, and what is long has
 * as long as it needs at that rate. Bytes that came earlier are no credit: who sends much at first and then trickles is
 * late as soon as anybody else.
 *
 * Its owner looks at it once a second, and ends it where it is our turn. Where more than WEIR_ARRIVAL_SLEPT_NS have
 * passed between two looks, it was us who slept (the machine, or the process was stopped): what came meanwhile may be
 * unread yet, so the peer has its time anew.
 */
#ifndef WEIR_BASE_ARRIVAL_H
#define WEIR_BASE_ARRIVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "weir/loop.h"

#define WEIR_ARRIVAL_NS (30 * WEIR_NS_PER_S)
#define WEIR_ARRIVAL_LEN_MIN ((uint64_t)30 << 10)
#define WEIR_ARRIVAL_SLEPT_NS (5 * WEIR_NS_PER_S)

/** Zeroed, nothing is arriving. */
struct weir_arrival {
    bool under_way;
    int64_t since_ns;  /* of this stretch of WEIR_ARRIVAL_NS */
    int64_t looked_ns; /* the last time */
    uint64_t before;   /* bytes that had come until then */
};

/** It is there, or it is not the peer's turn. */
static inline void weir_arrival_end(struct weir_arrival *arrival)
{
    arrival->under_way = false;
}

/** @param got bytes that have come so far, from wherever one counts. The first call begins it. */
static inline bool weir_arrival_is_late(struct weir_arrival *arrival, int64_t now_ns, uint64_t got)
{
    bool anew = !arrival->under_way || now_ns - arrival->looked_ns > WEIR_ARRIVAL_SLEPT_NS;
    bool passed = now_ns - arrival->since_ns >= WEIR_ARRIVAL_NS;

    arrival->looked_ns = now_ns;
    if (!anew && passed && got - arrival->before < WEIR_ARRIVAL_LEN_MIN)
        return true;
    if (anew || passed)
        *arrival = (struct weir_arrival){true, now_ns, now_ns, got};
    return false;
}

#endif
