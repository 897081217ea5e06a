/**
 * @file pravega/group/group_update.h
 * @brief The changes that readers and others make to a group's state, and their bytes: upstream's
 *        ReaderGroupState.ReaderGroupStateUpdate and its serializers.
 *
 * An update as it is here has a kind and the fields of that kind; the rest is not looked at. A reader fills one and
 * adds it to what it proposes:
 *
 *     pravega_group_propose(updates, &(struct pravega_group_update){
 *         .kind = PRAVEGA_GROUP_ACQUIRE_SEGMENT, .reader = "r1", .segment = state->unassigned.entries[0]});
 *
 * Thread: any, one at a time.
 */
#ifndef PRAVEGA_GROUP_GROUP_UPDATE_H
#define PRAVEGA_GROUP_GROUP_UPDATE_H

#include "pravega/controller.h"
#include "pravega/group/segment_map.h"

/** Numbers are upstream's type ids. 0 and 1 replace the whole state: see group_state.h. */
enum pravega_group_update_kind {
    PRAVEGA_GROUP_INIT = 0,
    PRAVEGA_GROUP_COMPACT = 1,
    PRAVEGA_GROUP_ADD_READER = 2,                   /**< reader */
    PRAVEGA_GROUP_REMOVE_READER = 3,                /**< reader, positions: where it was, of as many as are known */
    PRAVEGA_GROUP_RELEASE_SEGMENT = 4,              /**< reader, segment with its offset */
    PRAVEGA_GROUP_ACQUIRE_SEGMENT = 5,              /**< reader, segment */
    PRAVEGA_GROUP_UPDATE_DISTANCE_TO_TAIL = 6,      /**< reader, distance_ms, positions with ranges */
    PRAVEGA_GROUP_SEGMENT_COMPLETED = 7,            /**< reader, segment with its range, successors */
    PRAVEGA_GROUP_CHECKPOINT_READER = 8,            /**< checkpoint, reader, positions */
    PRAVEGA_GROUP_CREATE_CHECKPOINT = 9,            /**< checkpoint */
    PRAVEGA_GROUP_CLEAR_CHECKPOINTS_BEFORE = 10,    /**< checkpoint */
    PRAVEGA_GROUP_UPDATE_CHECKPOINT_PUBLISHED = 11, /**< flag */
    PRAVEGA_GROUP_UPDATING_CONFIG = 12,             /**< flag */
    PRAVEGA_GROUP_REMOVE_OUTSTANDING_CHECKPOINTS = 13,
};

struct pravega_group_update {
    enum pravega_group_update_kind kind;
    const char *reader, *checkpoint;
    struct pravega_position_entry segment;
    const struct pravega_position_entry *positions; /**< of a pravega_position, say */
    size_t position_count;
    const struct pravega_successor *successors; /**< of the segment's stream; as the controller says them */
    size_t successor_count;
    int64_t distance_ms;
    bool flag;
};

/** Appends the bytes; `out->status` tells whether there was room, and WEIR_E_LIMIT a name longer than 65535 bytes. */
void pravega_group_update_to_bytes(const struct pravega_group_update *update, struct weir_buf *out);

struct pravega_updates; /* pravega/state_synchronizer.h */
/** Adds it to the proposal. @retval WEIR_E_NOMEM @retval WEIR_E_LIMIT a name longer than 65535 bytes */
enum weir_status pravega_group_propose(struct pravega_updates *updates, const struct pravega_group_update *update,
                                       struct weir_error *err);

/**
 * Understands the bytes of any update but kinds 0 and 1. What `update` points to is its own (see fini), but for the
 * streams of segments, which are `names`'.
 * @retval WEIR_E_INVAL the bytes are no update of a version known here; `update` is zeroed then @retval WEIR_E_NOMEM
 */
enum weir_status pravega_group_update_from_bytes(struct weir_view bytes, struct pravega_stream_names *names,
                                                 struct pravega_group_update *update, struct weir_error *err);
/** Only for those that from_bytes made. */
void pravega_group_update_fini(struct pravega_group_update *update);

#endif
