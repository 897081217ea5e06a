/**
 * @file pravega/reader_group.h
 * @brief Reader groups: readers that share streams, each segment read by one of them at a time. Mirrors upstream's
 *        ReaderGroupManager, ReaderGroup and ReaderGroupConfig.
 *
 * A group's state is kept as upstream keeps it, in the synchronizer stream "_RG<group>" in the versioned format of the
 * Java client, and the controller knows its configuration: readers of this library and Java's share one group, and each
 * sees the checkpoints and resets of the other.
 *
 * A pravega_reader_group is a view of one group: nothing in it needs to be open for readers to read (event_reader.h).
 * Calls made on it begin in their order, each fetches the group's state first and ends in its callback in a later turn,
 * once; one that waits (for a checkpoint, say) holds up no other. Besides what a call names: WEIR_E_NOT_FOUND (the
 * group; or its creator died before it had a state: create it again), and what the controller's and the segment store's
 * calls end with (streams.h). Thread: the client's loop.
 */
#ifndef PRAVEGA_READER_GROUP_H
#define PRAVEGA_READER_GROUP_H

#include "pravega/client.h"
#include "pravega/position.h"
#include "pravega/streams.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pravega_reader_group; /* opaque */

/** A group's name within a scope: letters, digits, '.' and '-', at most 250 of them. */
struct pravega_group_name {
    const char *scope, *group;
};

/** Upstream's StreamDataRetention: whether the group, as a subscriber, holds back the retention of its streams. */
enum pravega_data_retention {
    PRAVEGA_DATA_RETENTION_NONE = 0,
    PRAVEGA_DATA_RETENTION_MANUAL_RELEASE_AT_USER_STREAMCUT = 1,
    PRAVEGA_DATA_RETENTION_AUTOMATIC_RELEASE_AT_LAST_CHECKPOINT = 2,
};

/** A stream and the part of it to read. */
struct pravega_group_stream {
    struct pravega_stream_name stream;
    const struct pravega_stream_cut *from; /**< NULL or UNBOUNDED: the stream's head */
    const struct pravega_stream_cut *to;   /**< NULL or UNBOUNDED: no end */
};

#define PRAVEGA_CHECKPOINT_INTERVAL_DISABLED (-1)

/** Upstream's ReaderGroupConfig; zero means its default. All is borrowed for the call that it is given to. */
struct pravega_reader_group_config {
    const struct pravega_group_stream *streams; /**< of any scopes, each once */
    size_t stream_count;                        /**< 1 or more */
    int64_t
        automatic_checkpoint_interval_ms; /**< 30000; PRAVEGA_CHECKPOINT_INTERVAL_DISABLED: none are made. Segments
                                           *   change hands, and successors begin, only at a checkpoint of some kind */
    int64_t group_refresh_time_ms;        /**< 3000: how often a reader looks for changes of the state */
    int32_t max_outstanding_checkpoint_request; /**< 3 */
    enum pravega_data_retention retention_type;
};

/* ---- the manager's calls */

/**
 * Creates a group. WEIR_OK too if it was there with an equal configuration.
 * WEIR_E_CONFLICT: it is there with another configuration. WEIR_E_NOT_FOUND: no such scope, or no such stream.
 * WEIR_E_INVAL: no streams, a bad name, a cut of another stream, an end before its start.
 */
void pravega_reader_group_create(struct pravega_client *client, const struct pravega_group_name *name,
                                 const struct pravega_reader_group_config *config, pravega_done_fn *done, void *arg);
/** Its readers end with WEIR_E_NOT_FOUND at their next look at the state. */
void pravega_reader_group_delete(struct pravega_client *client, const struct pravega_group_name *name,
                                 pravega_done_fn *done, void *arg);

/** `group` is the caller's; NULL unless status is WEIR_OK. */
typedef void pravega_reader_group_fn(void *arg, enum weir_status status, struct pravega_reader_group *group,
                                     const struct weir_error *why);
void pravega_reader_group_open(struct pravega_client *client, const struct pravega_group_name *name,
                               pravega_reader_group_fn *done, void *arg);
/** Calls under way end without their callback; checkpoints that they began stay in the group's state. NULL is fine. */
void pravega_reader_group_free(struct pravega_reader_group *group);

/* ---- what it is */

/** `config` is borrowed for the call. */
typedef void pravega_reader_group_config_fn(void *arg, enum weir_status status,
                                            const struct pravega_reader_group_config *config,
                                            const struct weir_error *why);
void pravega_reader_group_get_config(struct pravega_reader_group *group, pravega_reader_group_config_fn *done,
                                     void *arg);
/** Ids of the readers that are part of it, sorted. */
void pravega_reader_group_online_readers(struct pravega_reader_group *group, pravega_names_fn *done, void *arg);
/** "scope/stream" of each stream, sorted. */
void pravega_reader_group_stream_names(struct pravega_reader_group *group, pravega_names_fn *done, void *arg);
/** One cut for each stream; borrowed for the call. */
typedef void pravega_stream_cuts_fn(void *arg, enum weir_status status, const struct pravega_stream_cut *cuts,
                                    size_t count, const struct weir_error *why);
/** Where the group is: as of each segment's last checkpoint or acquisition (getStreamCuts). */
void pravega_reader_group_stream_cuts(struct pravega_reader_group *group, pravega_stream_cuts_fn *done, void *arg);
typedef void pravega_bytes_fn(void *arg, enum weir_status status, int64_t bytes, const struct weir_error *why);
/** Bytes between the group's last checkpoint (or its start) and the tail or its end (getMetrics().unreadBytes()). */
void pravega_reader_group_unread_bytes(struct pravega_reader_group *group, pravega_bytes_fn *done, void *arg);

/* ---- checkpoints and cuts */

/** `checkpoint` is borrowed for the call: copy it. */
typedef void pravega_checkpoint_fn(void *arg, enum weir_status status, const struct pravega_checkpoint *checkpoint,
                                   const struct weir_error *why);
/**
 * Asks every reader for a checkpoint; each meets it in its stream (PRAVEGA_READ_CHECKPOINT) and takes part in it by its
 * next call. Ends when all have. A reader that neither reads nor is declared offline holds it up for ever; it can be
 * cancelled. Several may be under way. A name that the group knows already begins none: the answer is that checkpoint.
 * WEIR_E_LIMIT: max_outstanding_checkpoint_request are under way. WEIR_E_CONFLICT: it was cancelled, or the group was
 * reset, before it was complete. WEIR_E_INVAL: an empty name, one longer than 1024 bytes, or one with "_SILENT_".
 */
void pravega_reader_group_initiate_checkpoint(struct pravega_reader_group *group, const char *name,
                                              pravega_checkpoint_fn *done, void *arg);
/** Gives up all checkpoints under way, those of other processes as well. */
void pravega_reader_group_cancel_outstanding_checkpoints(struct pravega_reader_group *group, pravega_done_fn *done,
                                                         void *arg);
/** A checkpoint that the readers' users do not see: where the group is now, once every reader has answered. */
void pravega_reader_group_generate_stream_cuts(struct pravega_reader_group *group, pravega_stream_cuts_fn *done,
                                               void *arg);

/* ---- changes */

/**
 * Starts the group anew with `config`, or, if that is NULL, where its last complete checkpoint was (or at its
 * configuration's start). All readers end with WEIR_E_STATE at their next look at the state and are made anew. Of
 * several resets at a time each takes place, one after the other. WEIR_E_NOT_FOUND: no such stream; nothing has
 * changed. WEIR_E_STATE: without `config`, if all is read up to the group's end and the last checkpoint knows no
 * segment.
 */
void pravega_reader_group_reset(struct pravega_reader_group *group, const struct pravega_reader_group_config *config,
                                pravega_done_fn *done, void *arg);
/** As reset, with the present configuration, from the checkpoint's cuts on. WEIR_E_INVAL: it is of other streams. */
void pravega_reader_group_reset_to_checkpoint(struct pravega_reader_group *group,
                                              const struct pravega_checkpoint *checkpoint, pravega_done_fn *done,
                                              void *arg);
/**
 * Says that a reader is no more: others take over its segments at `position`; NULL: at its last known offsets, so that
 * what it read since its last checkpoint is read again. WEIR_OK also if it was not a member.
 */
void pravega_reader_group_reader_offline(struct pravega_reader_group *group, const char *reader_id,
                                         const struct pravega_position *position, pravega_done_fn *done, void *arg);
/**
 * Lets retention drop what is before the cuts (a group with PRAVEGA_DATA_RETENTION_MANUAL_RELEASE_AT_USER_STREAMCUT).
 * WEIR_E_STATE: the group is not of that kind. WEIR_E_INVAL: a cut is before the last one. WEIR_E_CONFLICT: the group
 * was reset by another process meanwhile. Cuts before the one that is refused have been set.
 */
void pravega_reader_group_update_retention_stream_cut(struct pravega_reader_group *group,
                                                      const struct pravega_stream_cut *cuts, size_t count,
                                                      pravega_done_fn *done, void *arg);

#ifdef __cplusplus
}
#endif

#endif
