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

/** Zeroed and then init'ed, or decoded. */
struct pravega_checkpoints {
    struct pravega_group_checkpoint *known; /**< complete or not, in the order in which they began */
    size_t known_count, known_cap;
    char **ids; /**< as upstream lists them: one that was removed stays until a later one is cleared up to */
    size_t id_count, id_cap;
    struct pravega_segment_map last; /**< of the last complete one that is not silent; none: empty */
    bool last_published;             /**< to the controller, as what retention may drop */
};

bool pravega_checkpoint_is_silent(const char *id);
void pravega_checkpoints_init(struct pravega_checkpoints *checkpoints);
void pravega_checkpoints_fini(struct pravega_checkpoints *checkpoints);
/** NULL: not known. */
const struct pravega_group_checkpoint *pravega_checkpoints_find(const struct pravega_checkpoints *checkpoints,
                                                                const char *id);
/** The first that the reader owes; NULL: none. */
const char *pravega_checkpoints_pending(const struct pravega_checkpoints *checkpoints, const char *reader);
/** Under way and not silent. */
size_t pravega_checkpoints_outstanding(const struct pravega_checkpoints *checkpoints);
bool pravega_checkpoints_ongoing(const struct pravega_checkpoints *checkpoints);
bool pravega_checkpoints_equal(const struct pravega_checkpoints *a, const struct pravega_checkpoints *b);

/* ---- changes. @retval WEIR_E_NOMEM they may be used no more */

/** Begins one that is waiting for `readers` and has the positions of segments that no reader has. One that is known
 *  stays as it is. Without readers it is complete at once, though not the last one to go back to, as upstream has it.
 */
enum weir_status pravega_checkpoints_begin(struct pravega_checkpoints *checkpoints, const char *id,
                                           const char *const *readers, size_t reader_count,
                                           const struct pravega_segment_map *positions);
/** Whether an answer of the reader is legal: it has not answered, or the checkpoint is complete or not known. */
bool pravega_checkpoints_may_answer(const struct pravega_checkpoints *checkpoints, const char *id, const char *reader);
enum weir_status pravega_checkpoints_answer(struct pravega_checkpoints *checkpoints, const char *id, const char *reader,
                                            const struct pravega_position_entry *positions, size_t count);
/** Answers all that the reader owes. */
enum weir_status pravega_checkpoints_remove_reader(struct pravega_checkpoints *checkpoints, const char *reader,
                                                   const struct pravega_position_entry *positions, size_t count);
/** Forgets all that began before, if `id` is known. */
void pravega_checkpoints_clear_before(struct pravega_checkpoints *checkpoints, const char *id);
/** Forgets those that are under way, but for silent ones. */
void pravega_checkpoints_remove_outstanding(struct pravega_checkpoints *checkpoints);

/* ---- bytes: checkpoints_format.c */

struct pravega_in;
void pravega_put_checkpoints(struct weir_buf *out, const struct pravega_checkpoints *checkpoints);
/** `checkpoints` is zeroed, and finished by the caller in any case. */
void pravega_get_checkpoints(struct pravega_in *in, struct pravega_stream_names *names,
                             struct pravega_checkpoints *checkpoints);

#endif
