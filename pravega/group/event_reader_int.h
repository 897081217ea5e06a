/**
 * @file pravega/group/event_reader_int.h
 * @brief What the files of the event reader share.
 *
 * event_reader.c is what users call, event_reader_join.c how a reader comes and goes, event_reader_round.c goes round
 * in the group as upkeep.c decides, event_reader_acts.c does what it says.
 */
#ifndef PRAVEGA_GROUP_EVENT_READER_INT_H
#define PRAVEGA_GROUP_EVENT_READER_INT_H

#include "pravega/client_int.h"
#include "pravega/event_reader.h"
#include "pravega/group/group_start.h"
#include "pravega/group/group_state.h"
#include "pravega/group/lost_predecessors.h"
#include "pravega/group/mark_reader.h"
#include "pravega/group/owned_segments.h"
#include "pravega/group/publisher.h"
#include "pravega/group/upkeep.h"
#include "pravega/state_synchronizer.h"

enum reader_stage {
    READER_JOINING,
    READER_ONLINE,
    READER_STOPPED, /* for `why`: offline, the group deleted, a failure. Final, but for close() */
    READER_CLOSED,
};

/* The checkpoint that next() has to do with. */
enum reader_checkpoint {
    CHECKPOINT_NONE,
    CHECKPOINT_TO_GIVE,   /* by the next call */
    CHECKPOINT_GIVEN,     /* it is recorded from the next call on */
    CHECKPOINT_RECORDING, /* until upkeep.at_checkpoint is false again: no events */
};

struct pravega_event_reader {
    struct pravega_op op; /* first; while JOINING, when nobody holds the reader */
    struct pravega_client *client;
    struct weir_loop *loop;
    char *id, *scope, *group;
    struct pravega_synchronizer *sync;
    enum reader_stage stage;
    int64_t generation; /* of the group that it joined: a reset makes another one */
    struct weir_error why;
    struct pravega_owned_segments owned;
    struct pravega_mark_reader *marks; /* one for each stream; none if time windows are off */
    size_t mark_count;
    enum reader_checkpoint checkpoint_is;
    char *checkpoint; /* its name */
    bool waiting;     /* next() had nothing: on_ready is awaited */
    bool end_of_data; /* by the group's state */
    bool said_end;
    void (*on_ready)(void *arg);
    void *arg;

    /* The round. */
    struct pravega_upkeep upkeep;
    enum pravega_upkeep_action acting; /* REST: nothing is under way */
    struct weir_timer timer;
    struct weir_deferred telling;
    bool did;    /* the last proposal changed something */
    bool unsure; /* a failure may have changed the state: see what is ours after the next look */
    struct pravega_position_entry subject; /* the segment that is being completed or released; borrowed names */
    struct pravega_call call;
    struct pravega_group_start start;
    struct weir_buf init; /* the state to begin anew with */
    int64_t init_generation;
    struct pravega_successor *successors; /* of the subject */
    size_t successor_count;
    struct pravega_predecessor_check check;
    struct pravega_publisher publisher;

    /* Joining, leaving. */
    int64_t allocation_delay_ms;
    bool disable_time_windows;
    bool is_member_already;
    pravega_event_reader_fn *joined;
    void *joined_arg;
    bool leaves_at; /* `leave_position` counts, else where the reader is */
    struct pravega_position leave_position;
    pravega_done_fn *left;
    void *left_arg;
};

static inline const struct pravega_group_state *reader_state(const struct pravega_event_reader *reader)
{
    return pravega_synchronizer_state(reader->sync);
}

/* NULL: it is offline. After a reset a reader of this id is another one, which joined anew. */
static inline const struct pravega_group_reader *reader_member(const struct pravega_event_reader *reader,
                                                               const struct pravega_group_state *state)
{
    return state->config.generation == reader->generation ? pravega_group_state_reader(state, reader->id) : NULL;
}

/* ---- event_reader.c */

/* If next() has something new to say, on_ready is called at the end of the turn: the user may free the reader then. */
void pravega_event_reader_tell(struct pravega_event_reader *reader);
void pravega_event_reader_on_tell(void *arg);
/* Final. What was given out, and where the reader is, stay until close() or free(). */
void pravega_event_reader_stop(struct pravega_event_reader *reader, enum weir_status status, const char *words);
/* Frees all but what the client holds. */
void pravega_event_reader_fini(struct pravega_event_reader *reader);

/* ---- event_reader_round.c */

/* Goes on with the round, if nothing is under way. */
void pravega_event_reader_go(struct pravega_event_reader *reader);
/* For a timer. */
void pravega_event_reader_on_timer(void *arg);
/* The action under way is over: looks at the state, and goes on. */
void pravega_event_reader_acted(struct pravega_event_reader *reader, enum weir_status status,
                                const struct weir_error *why);
/* Whether others have less to read, so that the reader should give something up. */
bool pravega_event_reader_owns_too_many(const struct pravega_event_reader *reader,
                                        const struct pravega_group_state *state);

/* ---- event_reader_acts.c */

/* Begins one that takes time; it ends in pravega_event_reader_acted(), in a later turn. */
void pravega_event_reader_act(struct pravega_event_reader *reader, enum pravega_upkeep_action action);
/* Cancels what is not in the synchronizer's hands. */
void pravega_event_reader_cancel_act(struct pravega_event_reader *reader);
void pravega_event_reader_drop_successors(struct pravega_event_reader *reader);

#endif
