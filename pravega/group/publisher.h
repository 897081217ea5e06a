/**
 * @file pravega/group/publisher.h
 * @brief Tells the controller what a group of AUTOMATIC_RELEASE_AT_LAST_CHECKPOINT needs no more: the cuts of its last
 *        complete checkpoint. Upstream's updateTruncationStreamCutIfNeeded().
 *
 * Upstream marks the checkpoint as published without having awaited the controller, and may mark a later one than it
 * told of. Here the mark is made when the controller has answered for each stream, and only on the same checkpoint.
 * Embedded; runs beside the reader's round. Thread: the client's loop.
 */
#ifndef PRAVEGA_GROUP_PUBLISHER_H
#define PRAVEGA_GROUP_PUBLISHER_H

#include "pravega/controller.h"
#include "pravega/group/group_state.h"
#include "pravega/state_synchronizer.h"

struct pravega_publisher {
    /* Private. */
    struct pravega_client *client;
    struct pravega_synchronizer *sync;
    struct pravega_group_name name;
    struct pravega_call call;
    struct pravega_stream_cut *cuts; /* NULL: idle */
    size_t cut_count, at;
    struct pravega_txn_id id;
    int64_t generation;
};

/** Whether the state has a checkpoint to be published. */
bool pravega_publisher_is_due(const struct pravega_publisher *publisher, const struct pravega_group_state *state);
/** Begins, if it is due. @param sync, name what they point to is borrowed until the end, or cancel */
void pravega_publisher_start(struct pravega_publisher *publisher, struct pravega_client *client,
                             struct pravega_synchronizer *sync, const struct pravega_group_name *name);
/** Before the synchronizer is freed. Fine for a zeroed one. */
void pravega_publisher_cancel(struct pravega_publisher *publisher);

#endif
