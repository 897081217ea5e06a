/**
 * @file pravega/group/lost_predecessors.h
 * @brief Finds predecessors that a group would wait for in vain.
 *
 * When two segments merge, the one that is read first leaves the group's state, and the merged one waits there for the
 * other. A checkpoint made meanwhile has no place for the first one: there is nothing of it to be read. After a reset
 * to that checkpoint nobody knows that it is done, and the merged segment, once the other one is read, waits for it for
 * ever (upstream's readers do). So who completes a segment leaves out those predecessors of its successors that are
 * nowhere in the state, and of whose ancestors none is there either.
 *
 * A check is embedded, like a controller call: zero it, start it, and it ends in its callback, once. Unlike a call it
 * can end from within start, which is the rule: the controller is asked only if a predecessor is missing.
 */
#ifndef PRAVEGA_GROUP_LOST_PREDECESSORS_H
#define PRAVEGA_GROUP_LOST_PREDECESSORS_H

#include "pravega/controller.h"
#include "pravega/group/group_state.h"

struct pravega_predecessor_check {
    /* Private. Idle when `done` is NULL. */
    struct pravega_client *client;
    char *scope, *stream;
    pravega_segment_id *known; /* the stream's segments in the state; sorted */
    size_t known_count;
    int32_t epoch_min; /* of those */
    struct pravega_successor *successors;
    size_t successor_count, successor_at, predecessor_at; /* the one that is looked at */
    struct pravega_segment_range *line;                   /* what goes before it in `epoch`; NULL: not known yet */
    size_t line_count;
    int32_t epoch;
    struct pravega_call call;
    pravega_done_fn *done;
    void *arg;
};

/**
 * @param subject    the segment that is being completed; its names are copied
 * @param successors its successors, borrowed until the end: lost predecessors are taken out of them
 */
void pravega_predecessor_check_start(struct pravega_predecessor_check *check, struct pravega_client *client,
                                     const struct pravega_group_state *state,
                                     const struct pravega_position_entry *subject, struct pravega_successor *successors,
                                     size_t successor_count, pravega_done_fn *done, void *arg);
/** Its callback will not run. Fine for an idle (zeroed or ended) one. */
void pravega_predecessor_check_cancel(struct pravega_predecessor_check *check);

#endif
