/**
 * @file pravega/wire_inbox.h
 * @brief The receive area of a connection, and the frames in it.
 *
 * Bytes are received straight into a counted area; a frame that lies whole in it is handed out as a view, without a
 * copy. Whoever wants a frame's bytes to outlive the next receive takes a reference to its area, and the inbox goes on
 * in another. Only the bytes of a frame that has not arrived whole are ever moved.
 *
 *     |- handed out -|- pending: frames not taken yet -|- room for the next receive -|
 *                    start                             end                           cap
 */
#ifndef PRAVEGA_WIRE_INBOX_H
#define PRAVEGA_WIRE_INBOX_H

#include "pravega/wire.h"

/** Shared by an inbox and those who keep frames of it. Thread: one. */
struct pravega_wire_area {
    uint32_t ref_count;
    size_t cap;
    uint8_t bytes[];
};

static inline struct pravega_wire_area *pravega_wire_area_ref(struct pravega_wire_area *area)
{
    area->ref_count++;
    return area;
}
void pravega_wire_area_unref(struct pravega_wire_area *area); /**< NULL is fine */

struct pravega_wire_frame {
    int32_t type;
    struct weir_view payload;       /**< lives until the next room() on this inbox, or as long as `area` is held */
    struct pravega_wire_area *area; /**< where it lies; borrowed */
};

struct pravega_wire_inbox {
    struct pravega_wire_area *area;
    size_t start, end;
    size_t need; /* bytes of the frame at start, if that much is known */
};

void pravega_wire_inbox_init(struct pravega_wire_inbox *inbox);
void pravega_wire_inbox_fini(struct pravega_wire_inbox *inbox);
/** Gives back the memory that what has arrived so far does not need. For connections that are idle. */
void pravega_wire_inbox_rest(struct pravega_wire_inbox *inbox);
/** Bytes of memory in its area. */
static inline size_t pravega_wire_inbox_held(const struct pravega_wire_inbox *inbox)
{
    return inbox->area != NULL ? inbox->area->cap : 0;
}
/** Bytes that have arrived and are not handed out. */
static inline size_t pravega_wire_inbox_pending(const struct pravega_wire_inbox *inbox)
{
    return inbox->end - inbox->start;
}
/** Bytes of the frame that is arriving, as far as is known: what room() will want to have place for. */
static inline size_t pravega_wire_inbox_arriving(const struct pravega_wire_inbox *inbox)
{
    return inbox->need;
}
/** Where to receive: `*cap` > 0 bytes, enough for the frame that is arriving. NULL: out of memory. */
uint8_t *pravega_wire_inbox_room(struct pravega_wire_inbox *inbox, size_t *cap);
/** `len` bytes were received there. */
void pravega_wire_inbox_filled(struct pravega_wire_inbox *inbox, size_t len);
/**
 * @retval WEIR_OK       *frame is the next one
 * @retval WEIR_E_AGAIN  none is whole; receive more
 * @retval WEIR_E_PROTO  a length that no frame has: the connection is beyond repair
 */
enum weir_status pravega_wire_inbox_next(struct pravega_wire_inbox *inbox, struct pravega_wire_frame *frame,
                                         struct weir_error *err);

#endif
