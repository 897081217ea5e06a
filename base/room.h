/**
 * @file base/room.h
 * @brief A bound on the bytes that many connections hold together, kept by the servers that count into it.
 *
 * A connection may always hold WEIR_ROOM_SMALL, whatever others hold: so whoever asks for little is served while others
 * fill the room. Beyond that, what it wants has to fit in. So all of them hold `bytes_max` at most, and WEIR_ROOM_SMALL
 * for each connection. While the room is more than half full it is *short*: who holds some of it and does not move is
 * to be ended then.
 *
 * Thread: the loop's. Several servers of one loop may share a room.
 */
#ifndef WEIR_BASE_ROOM_H
#define WEIR_BASE_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/loop.h"

#define WEIR_ROOM_SMALL ((size_t)64 << 10)
#define WEIR_ROOM_STUCK_NS (10 * WEIR_NS_PER_S) /**< without moving a byte, while the room is short */
#define WEIR_ROOM_LOOK_NS WEIR_NS_PER_S         /**< between two looks for those */

struct weir_room {
    uint64_t bytes_max;      /**< set by its owner */
    uint64_t held, held_max; /**< now, and the most so far */
    uint64_t refused_count;  /**< requests and answers for which there was no room */
    uint64_t stuck_count;    /**< connections ended because they held it and did not move */
};

/** Whether somebody who holds `held` may hold `more`. */
static inline bool weir_room_fits(const struct weir_room *room, size_t held, size_t more)
{
    return held + more <= WEIR_ROOM_SMALL || room->held + more <= room->bytes_max;
}

static inline bool weir_room_is_short(const struct weir_room *room)
{
    return room->held > room->bytes_max / 2;
}

/** What stood in `*held` stands for `now` bytes from here on. */
static inline void weir_room_count(struct weir_room *room, size_t *held, size_t now)
{
    room->held += now - *held; /* modulo 2^64, so that a fall works as well */
    *held = now;
    if (room->held > room->held_max)
        room->held_max = room->held;
}

#endif
