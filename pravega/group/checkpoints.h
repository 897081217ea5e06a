/**
 * @file pravega/group/checkpoints.h
 * @brief A group's checkpoints: which are under way, who still owes one, and where the complete ones are. Upstream's
 *        CheckpointState.
 *
 *     begin --last reader answered--> complete --a later one is cleared up to--> forgotten
 *       `---------------------------- removed (cancelled) ----------------------^
 *
 * A *silent* checkpoint (one with "_SILENT_" in its id) is not shown to the readers' users and counts for nothing but
 * its own positions. Thread: any, one at a time.
 */
#ifndef PRAVEGA_GROUP_CHECKPOINTS_H
#define PRAVEGA_GROUP_CHECKPOINTS_H

#include "pravega/group/segment_map.h"

#define PRAVEGA_CHECKPOINT_SILENT "_SILENT_"

struct pravega_group_checkpoint {
    char *id;
    char **waiting_for; /**< readers that have not answered; of a complete one none */
    size_t waiting_count;
    struct pravega_segment_map positions;
};

/** Zeroed it is not ready: see init. */
struct pravega_checkpoints {
    struct pravega_group_checkpoint *known; /**< complete or not, in the order in which they began */
    size_t known_count, known_cap;
    char **ids; /**< as upstream lists them: those that were removed stay until a later one is cleared up to */
    size_t id_count, id_cap;
    struct pravega_segment_map last; /**< of the last complete one that is not silent */
    bool has_last;
    bool last_published; /**< to the controller, as what retention may drop */
};

bool pravega_checkpoint_is_silent(const char *id);

#endif
