/*
 * group_ledger.c - holds what readers of a group are given against what was written.
 */
#include "group_ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void group_ledger_init(struct group_ledger *ledger, struct seed_run *run)
{
    memset(ledger, 0, sizeof(*ledger));
    ledger->run = run;
    for (int key = 0; key < GROUP_KEYS; key++) {
        for (int n = 0; n < GROUP_EVENTS_MAX; n++)
            ledger->places[key][n].offset = -1;
    }
}

void group_ledger_segment(struct group_ledger *ledger, const struct pravega_segment_range *segment)
{
    for (size_t i = 0; i < ledger->segment_count; i++) {
        if (ledger->segments[i].id == segment->id)
            return;
    }
    if (ledger->segment_count < GROUP_SEGMENTS_MAX)
        ledger->segments[ledger->segment_count++] = *segment;
    else
        seed_fail(ledger->run, "more segments than the ledger has room for");
}

struct weir_view group_key(int key)
{
    static const char texts[GROUP_KEYS][6] = {"key-0", "key-1", "key-2", "key-3", "key-4", "key-5", "key-6", "key-7"};

    return weir_view(texts[key], 5);
}

/* ---- writing ---- */

bool group_ledger_event(const struct group_ledger *ledger, int key, uint8_t bytes[GROUP_EVENT_LEN])
{
    if (ledger->written[key] == GROUP_EVENTS_MAX)
        return false;
    memset(bytes, 'a' + key, GROUP_EVENT_LEN);
    weir_put_u32be(bytes, (uint32_t)key);
    weir_put_u32be(bytes + 4, (uint32_t)ledger->written[key]);
    return true;
}

void group_ledger_written(struct group_ledger *ledger, int key)
{
    ledger->written[key]++;
}

bool group_ledger_is_complete(const struct group_ledger *ledger)
{
    return memcmp(ledger->next, ledger->written, sizeof(ledger->next)) == 0;
}

/* ---- reading ---- */

static void check_place(struct group_ledger *ledger, uint32_t key, uint32_t number,
                        const struct pravega_event_pointer *at)
{
    struct group_place *place = &ledger->places[key][number];

    if (place->offset == -1)
        *place = (struct group_place){at->segment, at->offset};
    else if (place->segment != at->segment || place->offset != at->offset)
        seed_fail(ledger->run,
                  "event %" PRIu32 " of key %" PRIu32 " stands in segment %" PRIx64 " at %" PRId64
                  " and in segment %" PRIx64 " at %" PRId64,
                  number, key, place->segment, place->offset, at->segment, at->offset);
}

static void check_order(struct group_ledger *ledger, struct group_life *life, uint32_t key, uint32_t number)
{
    if (number < life->next[key])
        seed_fail(ledger->run, "%s is given event %" PRIu32 " of key %" PRIu32 " after event %" PRId64, life->id,
                  number, key, life->next[key] - 1);
    else if (number > ledger->next[key])
        seed_fail(ledger->run, "%s is given event %" PRIu32 " of key %" PRIu32 ", but nobody was given event %" PRId64,
                  life->id, number, key, ledger->next[key]);
    else if (number < ledger->next[key] && !ledger->may_repeat)
        seed_fail(ledger->run, "%s is given event %" PRIu32 " of key %" PRIu32 " a second time", life->id, number, key);
}

void group_ledger_given(struct group_ledger *ledger, struct group_life *life, const struct pravega_event_read *event)
{
    uint32_t key = GROUP_KEYS, number = 0;

    if (event->payload.len == GROUP_EVENT_LEN) {
        key = weir_get_u32be(event->payload.ptr);
        number = weir_get_u32be(event->payload.ptr + 4);
    }
    if (key >= GROUP_KEYS || number >= ledger->written[key]) {
        seed_fail(ledger->run, "%s is given what nobody wrote", life->id);
        return;
    }
    check_place(ledger, key, number, &event->pointer);
    check_order(ledger, life, key, number);
    life->next[key] = number + 1;
    ledger->given++;
    if (number < ledger->next[key])
        ledger->repeated++;
    else
        ledger->next[key] = number + 1;
}

/* ---- resets ---- */

static bool meet(const struct pravega_segment_range *a, const struct pravega_segment_range *b)
{
    return a->min_key < b->max_key && b->min_key < a->max_key;
}

static bool is_in_cut(const struct pravega_stream_cut *cut, pravega_segment_id id)
{
    for (size_t i = 0; i < cut->position_count; i++) {
        if (cut->positions[i].id == id)
            return true;
    }
    return false;
}

/* Whether a segment of the cut is its ancestor. Older segments that share keys with it are ancestors, and so are
 * theirs: the two need not share any. */
static bool follows_cut(const struct group_ledger *ledger, const struct pravega_stream_cut *cut,
                        const struct pravega_segment_range *segment)
{
    for (size_t i = 0; i < ledger->segment_count; i++) {
        const struct pravega_segment_range *older = &ledger->segments[i];

        if (older->id < segment->id && meet(older, segment) &&
            (is_in_cut(cut, older->id) || follows_cut(ledger, cut, older)))
            return true;
    }
    return false;
}

/* Where the cut is in a key's segments. If it has no place for the key, its segment was read to its end, and the one
 * that it merged into waits for another one: it goes on there. */
static bool cut_at(const struct group_ledger *ledger, const struct pravega_stream_cut *cut, int key,
                   struct pravega_segment_offset *at)
{
    double hash = pravega_routing_hash(group_key(key));
    bool found = false;

    for (size_t i = 0; i < ledger->segment_count; i++) {
        const struct pravega_segment_range *range = &ledger->segments[i];

        if (hash < range->min_key || hash >= range->max_key)
            continue;
        for (size_t k = 0; k < cut->position_count; k++) {
            if (cut->positions[k].id == range->id) {
                *at = cut->positions[k];
                return true;
            }
        }
        if (follows_cut(ledger, cut, range) && (!found || range->id < at->id)) {
            *at = (struct pravega_segment_offset){range->id, 0};
            found = true;
        }
    }
    return found;
}

static bool lies_before(const struct group_place *place, const struct pravega_segment_offset *at)
{
    if (place->offset == -1)
        return false;
    if (place->segment != at->id)
        return place->segment < at->id;
    return at->offset < 0 || place->offset < at->offset;
}

void group_ledger_reset(struct group_ledger *ledger, const struct pravega_stream_cut *cut)
{
    for (int key = 0; key < GROUP_KEYS; key++) {
        struct pravega_segment_offset at = {0};
        int64_t before = 0;

        if (!cut_at(ledger, cut, key, &at)) {
            seed_fail(ledger->run, "the checkpoint has no place for key %d", key);
            return;
        }
        while (before < ledger->next[key] && lies_before(&ledger->places[key][before], &at))
            before++;
        for (int64_t n = before; n < ledger->written[key]; n++) {
            if (lies_before(&ledger->places[key][n], &at))
                seed_fail(ledger->run,
                          "event %" PRId64 " of key %d lies before the checkpoint, event %" PRId64 " does not", n, key,
                          before);
        }
        ledger->next[key] = before;
    }
}
