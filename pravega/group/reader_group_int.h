/**
 * @file pravega/group/reader_group_int.h
 * @brief A view of a group, and the calls that are under way on it.
 *
 * Each call of reader_group.h is an *op*: a struct of its own, in the group's list until it ends, which begins with
 * `struct group_op`. Its steps are calls of the group's synchronizer or of the controller, whose callbacks get the op.
 * It ends by one of the group_op_end_* functions, the last thing that a step does: the user's callback may free the
 * group. Steps of several ops mix; what one op decides it decides from the state within one step.
 */
#ifndef PRAVEGA_GROUP_READER_GROUP_INT_H
#define PRAVEGA_GROUP_READER_GROUP_INT_H

#include "pravega/client_int.h"
#include "pravega/group/group_start.h"
#include "pravega/state_synchronizer.h"

struct pravega_reader_group {
    struct pravega_client *client;
    char *scope, *name;
    char stream[PRAVEGA_NAME_LEN_MAX + 1]; /**< "_RG<name>" */
    struct pravega_synchronizer *sync;
    struct group_op *ops;
};

struct group_op {
    struct group_op *next, **link;
    struct pravega_reader_group *group;
    void (*done)(void); /**< the user's callback, cast to its type where it is called */
    void *arg;
    /** Ends with a failure: one of the group_op_end_* functions, as the type of `done` is. */
    void (*fail)(struct group_op *op, enum weir_status status, const struct weir_error *why);
    void (*fini)(struct group_op *op); /**< cancels and frees what the op has besides; NULL: nothing */
    /** The next step after a fetch; the state is not NULL. */
    void (*fetched)(struct group_op *op, const struct pravega_group_state *state);
    struct weir_timer timer; /**< brings `why` in a later turn, or what the op wants it for */
    struct weir_error why;
};

/** `size` bytes, zeroed but for the op that they begin with. NULL: no memory, which `why` says. */
void *group_op_new(struct pravega_reader_group *group, size_t size, void (*done)(void), void *arg,
                   void (*fail)(struct group_op *op, enum weir_status status, const struct weir_error *why),
                   struct weir_error *why);
/** Ends in a later turn with op->why. */
void group_op_reject(struct group_op *op);
/** Takes it out of the group and frees it: what `done` needs is copied before. */
void group_op_end(struct group_op *op);
/** Brings the state up to date, then op->fetched; or the op ends. */
void group_op_fetch(struct group_op *op, void (*fetched)(struct group_op *op, const struct pravega_group_state *state));
/** Ends with what a step ended with; words of a missing stream are the group's. */
void group_op_failed(struct group_op *op, enum weir_status status, const struct weir_error *why);
const struct pravega_group_state *group_state(const struct group_op *op);

void group_op_end_done(struct group_op *op, enum weir_status status, const struct weir_error *why);
void group_op_end_names(struct group_op *op, enum weir_status status, const struct weir_error *why);
void group_op_end_cuts(struct group_op *op, enum weir_status status, const struct weir_error *why);
/** For a synchronizer's or the controller's call that is the op's last step; `arg` is the op. */
void group_op_last_step(void *arg, enum weir_status status, const struct weir_error *why);

/** "_RG<group>" into `out`. @retval WEIR_E_INVAL no name for a group */
enum weir_status pravega_group_stream(const struct pravega_group_name *name, char out[PRAVEGA_NAME_LEN_MAX + 1],
                                      struct weir_error *err);

#endif
