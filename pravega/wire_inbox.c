/*
 * wire_inbox.c - frames out of a receive area.
 *
 * room() makes place when less than RECEIVE_LEN_MIN is left, or less than the arriving frame needs: at the front of the
 * area if nobody else holds it, else in a new one, which is as long as the arriving frame asks for. An area that nobody
 * holds is used again as it is, so a stream of long frames that are handled at once settles into one long area.
 */
#include "pravega/wire_inbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "weir/endian.h"

#define AREA_LEN_MIN ((size_t)64 * 1024)
#define RECEIVE_LEN_MIN ((size_t)4 * 1024)

void pravega_wire_area_unref(struct pravega_wire_area *area)
{
    if (area != NULL && --area->ref_count == 0)
        free(area);
}

void pravega_wire_inbox_init(struct pravega_wire_inbox *inbox)
{
    *inbox = (struct pravega_wire_inbox){0};
}

void pravega_wire_inbox_fini(struct pravega_wire_inbox *inbox)
{
    pravega_wire_area_unref(inbox->area);
    inbox->area = NULL;
}

static struct pravega_wire_area *area_new(size_t cap)
{
    struct pravega_wire_area *area = malloc(sizeof(*area) + cap);

    if (area != NULL) {
        area->ref_count = 1;
        area->cap = cap;
    }
    return area;
}

/* Moves what is pending to the front of an area with room for `cap` bytes. */
static bool make_place(struct pravega_wire_inbox *inbox, size_t cap)
{
    struct pravega_wire_area *old = inbox->area;
    size_t pending = inbox->end - inbox->start;

    if (old != NULL && old->ref_count == 1 && old->cap >= cap) {
        memmove(old->bytes, old->bytes + inbox->start, pending);
    } else {
        struct pravega_wire_area *area = area_new(cap);

        if (area == NULL)
            return false;
        if (pending > 0)
            memcpy(area->bytes, old->bytes + inbox->start, pending);
        pravega_wire_area_unref(old);
        inbox->area = area;
    }
    inbox->start = 0;
    inbox->end = pending;
    return true;
}

void pravega_wire_inbox_rest(struct pravega_wire_inbox *inbox)
{
    size_t pending = inbox->end - inbox->start;

    if (inbox->area == NULL)
        return;
    if (pending == 0) {
        pravega_wire_area_unref(inbox->area);
        inbox->area = NULL;
        inbox->start = inbox->end = 0;
    } else if (inbox->area->cap > 2 * pending + RECEIVE_LEN_MIN) {
        struct pravega_wire_area *area = area_new(pending);

        if (area == NULL)
            return;
        memcpy(area->bytes, inbox->area->bytes + inbox->start, pending);
        pravega_wire_area_unref(inbox->area);
        inbox->area = area;
        inbox->start = 0;
        inbox->end = pending;
    }
}

uint8_t *pravega_wire_inbox_room(struct pravega_wire_inbox *inbox, size_t *cap)
{
    struct pravega_wire_area *area = inbox->area;
    size_t pending = inbox->end - inbox->start;
    size_t need = inbox->need > pending + RECEIVE_LEN_MIN ? inbox->need : pending + RECEIVE_LEN_MIN;

    if (area != NULL && pending == 0 && area->ref_count == 1)
        inbox->start = inbox->end = 0;
    if (area == NULL || area->cap - inbox->start < need) {
        size_t want = need + RECEIVE_LEN_MIN > AREA_LEN_MIN ? need + RECEIVE_LEN_MIN : AREA_LEN_MIN;

        if (!make_place(inbox, want))
            return NULL;
    }
    *cap = inbox->area->cap - inbox->end;
    return inbox->area->bytes + inbox->end;
}

void pravega_wire_inbox_filled(struct pravega_wire_inbox *inbox, size_t len)
{
    assert(len <= inbox->area->cap - inbox->end);
    inbox->end += len;
}

enum weir_status pravega_wire_inbox_next(struct pravega_wire_inbox *inbox, struct pravega_wire_frame *frame,
                                         struct weir_error *err)
{
    size_t pending = inbox->end - inbox->start;
    const uint8_t *at;
    uint32_t payload_len;

    inbox->need = PRAVEGA_WIRE_HEADER_LEN;
    if (pending < PRAVEGA_WIRE_HEADER_LEN)
        return WEIR_E_AGAIN;
    at = inbox->area->bytes + inbox->start;
    payload_len = weir_get_u32be(at + 4);
    if (payload_len > PRAVEGA_WIRE_FRAME_LEN_MAX - PRAVEGA_WIRE_HEADER_LEN)
        return weir_fail(err, WEIR_E_PROTO, "frame of wire command %d says it has %d bytes", (int)weir_get_u32be(at),
                         (int)payload_len);
    inbox->need = PRAVEGA_WIRE_HEADER_LEN + payload_len;
    if (pending < inbox->need)
        return WEIR_E_AGAIN;
    frame->type = (int32_t)weir_get_u32be(at);
    frame->payload = weir_view(at + PRAVEGA_WIRE_HEADER_LEN, payload_len);
    frame->area = inbox->area;
    inbox->start += inbox->need;
    inbox->need = PRAVEGA_WIRE_HEADER_LEN;
    return WEIR_OK;
}
