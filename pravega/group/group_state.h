/**
 * @file pravega/group/group_state.h
 * @brief The state that the members of a reader group share: upstream's ReaderGroupState.
 *
 * The state is kept by a state synchronizer; it does no I/O itself. Each segment that the group has to read now is in
 * one place: with the reader that it is assigned to, or unassigned. A successor of a segment that is read to its end
 * waits in `future` until all of its predecessors are done, then it is unassigned.
 *
 *     init --> unassigned <--acquire, release--> a reader's --completed--> gone; future --last predecessor-->
 * unassigned
 *
 * Fields are open to be read; only group_state*.c and checkpoints*.c write them. Whatever a state lends (entries,
 * names, ids) is good until the state changes. Thread: any, one at a time; the client's loop, in the synchronizer.
 */
#ifndef PRAVEGA_GROUP_GROUP_STATE_H
#define PRAVEGA_GROUP_GROUP_STATE_H

#include "pravega/format/group_config.h"
#include "pravega/group/checkpoints.h"
#include "pravega/group/group_update.h"

/** A member that is online. */
struct pravega_group_reader {
    char *id;
    struct pravega_segment_map assigned; /**< with the offset at its acquisition or last checkpoint */
};

/** What readers said of their backlog; it can come from one that is not online any more. */
struct pravega_group_distance {
    char *reader;
    int64_t distance_ms;
};

struct pravega_group_future {
    struct pravega_position_entry segment;
    int64_t *predecessors; /**< ids of those that are not read to their end yet; sorted, each once */
    size_t predecessor_count;
};

struct pravega_group_state {
    struct pravega_group_config config;
    bool updating_config;                 /**< somebody is changing the configuration at the controller */
    struct pravega_group_reader *readers; /**< in the order in which they joined */
    size_t reader_count, reader_cap;
    struct pravega_group_distance *distances;
    size_t distance_count, distance_cap;
    struct pravega_group_future *future;
    size_t future_count, future_cap;
    struct pravega_segment_map unassigned; /**< in the order in which they became so */
    struct pravega_segment_map last_read;  /**< how far each segment is read, for watermarks */
    struct pravega_segment_map end;        /**< where to stop; INT64_MAX: at the segment's end */
    struct pravega_checkpoints checkpoints;
    struct pravega_stream_names names; /* of all segments above */
};

/* ---- its life: what a synchronizer calls */

/**
 * Makes a state from the bytes of an update of kind INIT or COMPACT.
 * @retval WEIR_E_INVAL the bytes are none, or an Init without segments @retval WEIR_E_NOMEM
 */
enum weir_status pravega_group_state_new(struct weir_view bytes, struct pravega_group_state **out,
                                         struct weir_error *err);
void pravega_group_state_free(struct pravega_group_state *state); /**< NULL is fine. */
/**
 * @retval WEIR_E_INVAL the bytes are no update @retval WEIR_E_STATE the update is not legal in this state (a segment is
 * acquired that is not unassigned, say); nothing has changed then @retval WEIR_E_NOMEM the state may be used no more
 */
enum weir_status pravega_group_state_apply(struct pravega_group_state *state, struct weir_view bytes,
                                           struct weir_error *err);
/** Appends the bytes of a COMPACT update that makes a state equal to this one; `out->status` as always. */
void pravega_group_state_snapshot(const struct pravega_group_state *state, struct weir_buf *out);
/** Same contents; the order of maps that have none is not looked at. */
bool pravega_group_state_equal(const struct pravega_group_state *a, const struct pravega_group_state *b);

/** Appends the bytes of an INIT update. @param start, end see group_start.h */
void pravega_group_init_to_bytes(const struct pravega_group_config *config, const struct pravega_segment_map *start,
                                 const struct pravega_segment_map *end, bool updating_config, struct weir_buf *out);

struct pravega_state_type; /* pravega/state_synchronizer.h */
/** For pravega_synchronizer_new(); its `arg` is not used. */
extern const struct pravega_state_type pravega_group_state_type;

/* ---- readers and their segments */

/** NULL: not online. */
const struct pravega_group_reader *pravega_group_state_reader(const struct pravega_group_state *state, const char *id);
/** Assigned and unassigned. */
size_t pravega_group_state_segment_count(const struct pravega_group_state *state);
/** How much a reader has to read: the segments that it owns, weighed by its distance; 1.0 is the largest segment's. 0
 * if it owns none or is not online. */
double pravega_group_state_relative_size(const struct pravega_group_state *state, const char *reader);
/** The smallest of all readers'; 0 without readers. */
double pravega_group_state_relative_size_min(const struct pravega_group_state *state);
/** 0: the reader with the most to read; -1: not online. Readers with as much as each other are in the order of Java's
 *  hash map, so that all processes rank alike. */
int pravega_group_state_ranking(const struct pravega_group_state *state, const char *reader);
/** The first one; NULL: the reader owes none. */
const char *pravega_group_state_pending_checkpoint(const struct pravega_group_state *state, const char *reader);
/** True, and the offset to stop at (INT64_MAX: the segment's end), if the group is not to go on to the successors. */
bool pravega_group_state_end(const struct pravega_group_state *state, const struct pravega_position_entry *segment,
                             int64_t *offset);
/** Everything is read. */
bool pravega_group_state_is_end_of_data(const struct pravega_group_state *state);
/** Fills `map` (zeroed) with where each segment was at its acquisition or the reader's last checkpoint.
 *  @retval WEIR_E_NOMEM */
enum weir_status pravega_group_state_positions(const struct pravega_group_state *state,
                                               struct pravega_segment_map *map);

/* ---- checkpoints */

/** One that is under way is not, one that nobody knows is. */
bool pravega_group_state_checkpoint_is_complete(const struct pravega_group_state *state, const char *id);
/** NULL: under way, or not known (cleared, cancelled, never begun). */
const struct pravega_segment_map *pravega_group_state_checkpoint_positions(const struct pravega_group_state *state,
                                                                           const char *id);
/** Any, silent ones as well. */
bool pravega_group_state_has_ongoing_checkpoint(const struct pravega_group_state *state);
/** Under way and not silent. */
size_t pravega_group_state_outstanding_checkpoints(const struct pravega_group_state *state);
/** Of the last complete one that was not silent; NULL: there was none. */
const struct pravega_segment_map *pravega_group_state_last_checkpoint(const struct pravega_group_state *state);

#endif
