/**
 * @file pravega/group/group_state_int.h
 * @brief What the files of the group's state share.
 */
#ifndef PRAVEGA_GROUP_GROUP_STATE_INT_H
#define PRAVEGA_GROUP_GROUP_STATE_INT_H

#include "pravega/group/group_state.h"

/** Room for one more in an array of `count` items; the array, moved or not, or NULL. */
void *pravega_group_grow(void *items, size_t count, size_t *cap, size_t item_size);
/** Sorts, drops repetitions; the number that is left. */
size_t pravega_group_sort_ids(int64_t *ids, size_t count);
/** An empty state that is not valid yet. */
void pravega_group_state_init(struct pravega_group_state *state);
void pravega_group_state_fini(struct pravega_group_state *state);
struct pravega_group_reader *pravega_group_state_add(struct pravega_group_state *state, char *id);
enum weir_status pravega_group_state_set_distance(struct pravega_group_state *state, const char *reader,
                                                  int64_t distance_ms, bool if_absent);
/** group_state_format.c: the contents of an Init or a Compact; `state` is init'ed and finished by the caller.
 *  @retval WEIR_E_INVAL @retval WEIR_E_NOMEM */
enum weir_status pravega_group_state_from_bytes(struct weir_view bytes, struct pravega_group_state *state,
                                                struct weir_error *err);

#endif
