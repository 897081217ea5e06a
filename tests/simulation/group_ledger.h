/**
 * @file group_ledger.h
 * @brief What was written to a stream by key, what a reader group's readers were given of it, and the rules for that.
 *
 * Events of a key are numbered from 0. Rules:
 *   1. What is given was written, and stands where it stood before.
 *   2. The group goes on in each key with the next event that it was not given yet: none is left out, none overtakes.
 *   3. It is given no event again, unless a reader died since (`may_repeat`).
 *   4. One reader, in its life, is given each key's events in their order, and none of them twice.
 *   5. What lies before a checkpoint was given before it: after a reset to it the group goes on there, by rule 2.
 *   6. In the end all that was written was given.
 */
#ifndef WEIR_TEST_GROUP_LEDGER_H
#define WEIR_TEST_GROUP_LEDGER_H

#include "pravega/event_reader.h"
#include "seeds.h"
#include "weir/endian.h"

#define GROUP_KEYS 8
#define GROUP_EVENTS_MAX 2000 /* of each key */
#define GROUP_SEGMENTS_MAX 200
#define GROUP_EVENT_LEN 40

struct group_place {
    pravega_segment_id segment;
    int64_t offset; /* -1: not known yet */
};

/* One life of a reader. */
struct group_life {
    char id[24];
    int64_t next[GROUP_KEYS]; /* the least that it may be given */
};

struct group_ledger {
    struct seed_run *run;
    bool may_repeat;
    int64_t written[GROUP_KEYS];
    int64_t next[GROUP_KEYS]; /* the first that the group was not given */
    struct group_place places[GROUP_KEYS][GROUP_EVENTS_MAX];
    struct pravega_segment_range segments[GROUP_SEGMENTS_MAX]; /* all that there ever were */
    size_t segment_count;
    uint64_t given, repeated;
};

void group_ledger_init(struct group_ledger *ledger, struct seed_run *run);
void group_ledger_segment(struct group_ledger *ledger, const struct pravega_segment_range *segment);
/** "key-3". */
struct weir_view group_key(int key);
/** The next event of a key; false: there is no room. Book it with group_ledger_written(). */
bool group_ledger_event(const struct group_ledger *ledger, int key, uint8_t bytes[GROUP_EVENT_LEN]);
void group_ledger_written(struct group_ledger *ledger, int key);
void group_ledger_given(struct group_ledger *ledger, struct group_life *life, const struct pravega_event_read *event);
/** The group goes back to a checkpoint's cut. */
void group_ledger_reset(struct group_ledger *ledger, const struct pravega_stream_cut *cut);
/** Whether all was given. */
bool group_ledger_is_complete(const struct group_ledger *ledger);

#endif
