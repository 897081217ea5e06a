/**
 * @file pravega/state_synchronizer.h
 * @brief A state that many processes keep the same copy of. Mirrors upstream's StateSynchronizer, and shares streams
 * with it.
 *
 * The state is what comes of applying the updates in a stream of one segment, in order, beginning with an object that
 * initializes it. A process changes the state by proposing updates that fit its copy; they are written only if no other
 * process wrote meanwhile, else the copy is brought up to date first and the process proposes anew. So all see the same
 * updates in the same order, and each update was right for the state it is applied to.
 *
 * What states and updates look like is the user's: bytes, made and understood by the functions given at birth.
 *
 * Calls are queued and carried out one after the other, in the order they were made; each ends in its callback, once,
 * never from within the call, but for a WEIR_E_NOMEM where there is no memory to remember it. A callback named `done`
 * may make further calls and may free the synchronizer; the functions below that get a state may do neither.
 *
 * Statuses that every call can end with are those of pravega/revisioned_stream.h, WEIR_E_DAMAGED (an entry that is
 * none of a synchronizer), and what the user's functions return. If init or apply fail, the copy is dropped, and the
 * next call builds it anew from the stream.
 *
 * Thread: the client's loop.
 */
#ifndef PRAVEGA_STATE_SYNCHRONIZER_H
#define PRAVEGA_STATE_SYNCHRONIZER_H

#include "pravega/revisioned_stream.h"
#include "weir/buf.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pravega_synchronizer; /* opaque */

/** The user's state. `arg` is the one given at birth; bytes are borrowed for the call. */
struct pravega_state_type {
    /** Makes a state from the bytes of an init object. */
    enum weir_status (*init)(void *arg, struct weir_view object, void **state, struct weir_error *err);
    /** Changes `state` as the bytes of one update say; an update may as well replace all that is in it. */
    enum weir_status (*apply)(void *arg, void *state, struct weir_view update, struct weir_error *err);
    void (*free)(void *arg, void *state);
};

/**
 * @param stream copied @param type borrowed, outlives the synchronizer
 * @retval WEIR_E_NOMEM
 */
enum weir_status pravega_synchronizer_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                                          const struct pravega_state_type *type, void *arg,
                                          struct pravega_synchronizer **out, struct weir_error *err);
/** Calls under way end without their callback; the state is freed. NULL is fine. */
void pravega_synchronizer_free(struct pravega_synchronizer *sync);

/** The copy, borrowed: valid until the loop goes on, and replaced or changed only while a call is under way. NULL: not
 *  fetched yet, or not initialized. */
const void *pravega_synchronizer_state(const struct pravega_synchronizer *sync);
/** What the copy has seen; NULL without a state. Borrowed likewise. It grows with each update applied. */
const struct pravega_revision *pravega_synchronizer_revision(const struct pravega_synchronizer *sync);

/** Initializes the state with `object` (copied), if nobody has; either way the copy is up to date afterwards.
 *  WEIR_E_STATE: the stream has entries, but after 5 s none that makes a state. */
void pravega_synchronizer_initialize(struct pravega_synchronizer *sync, struct weir_view object, pravega_done_fn *done,
                                     void *arg);

/** Brings the copy up to date. One question if there is nothing new. A stream that nobody has initialized is no
 *  failure: the state is NULL then. */
void pravega_synchronizer_fetch(struct pravega_synchronizer *sync, pravega_done_fn *done, void *arg);

struct pravega_updates; /* opaque: those proposed */
/** Adds one (copied). A failure to do so ends the call with WEIR_E_NOMEM or WEIR_E_LIMIT. */
void pravega_updates_add(struct pravega_updates *updates, struct weir_view update);

/**
 * Proposes updates that fit `state`, or none, which ends the call without a write. Called again after a conflict, with
 * the new state and an empty list, so it decides from the state alone. Anything but WEIR_OK ends the call with that.
 */
typedef enum weir_status pravega_propose_fn(void *arg, const void *state, struct pravega_updates *updates,
                                            struct weir_error *err);
/**
 * Writes what `propose` says and applies it; all of one proposal at once. WEIR_E_STATE: the state is not initialized.
 * WEIR_E_LIMIT: more than PRAVEGA_EVENT_LEN_MAX bytes.
 */
void pravega_synchronizer_update(struct pravega_synchronizer *sync, pravega_propose_fn *propose, pravega_done_fn *done,
                                 void *arg);
/** Writes one update (copied) whatever the state is; the copy has it after the next fetch. */
void pravega_synchronizer_update_unconditionally(struct pravega_synchronizer *sync, struct weir_view update,
                                                 pravega_done_fn *done, void *arg);

/** Appends the bytes of an init object that makes a state like `state`; none: do not compact. */
typedef enum weir_status pravega_snapshot_fn(void *arg, const void *state, struct weir_buf *object,
                                             struct weir_error *err);
/**
 * Writes the state as an init object, from which those who come later begin; drops what is before the object of the
 * compaction before. WEIR_E_STATE: the state is not initialized.
 */
void pravega_synchronizer_compact(struct pravega_synchronizer *sync, pravega_snapshot_fn *snapshot,
                                  pravega_done_fn *done, void *arg);

/** `bytes` between the mark that the last compaction left (or the stream's first byte) and the copy's revision. */
typedef void pravega_bytes_fn(void *arg, enum weir_status status, int64_t bytes, const struct weir_error *why);
/** Asks the store for the mark. Upstream's reader groups compact with a chance of 5% above 512 KiB. */
void pravega_synchronizer_bytes_since_compaction(struct pravega_synchronizer *sync, pravega_bytes_fn *done, void *arg);

#ifdef __cplusplus
}
#endif

#endif
