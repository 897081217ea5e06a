/**
 * @file pravega/group/upkeep.h
 * @brief What a reader does next in its group, and when: upstream's ReaderGroupStateManager and
 *        EventStreamReaderImpl.updateGroupStateIfNeeded() as a decision without I/O.
 *
 * Upstream's order, as one round:
 *
 *     CONFIG -> RECORD -> COMPLETE -> RELEASE -> PUBLISH -> ASK -> ACQUIRE -> LAG -> (rest until a timer, or a call)
 *                 `--- only after the checkpoint that next() gave ---'   `--silent one recorded: COMPLETE, or ASK again
 *
 * Whoever has the I/O asks next(), does what it says, says done() (or failed()) with what the state looks like then,
 * and asks again. Upstream goes round at each call for an event; here a round costs nothing to a reader between timers,
 * and events are given out meanwhile, but not while a checkpoint is being recorded and what follows it decided: until
 * then a segment's place has to stay what the checkpoint says.
 */
#ifndef PRAVEGA_GROUP_UPKEEP_H
#define PRAVEGA_GROUP_UPKEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pravega_upkeep_action {
    PRAVEGA_UPKEEP_REST,              /**< nothing before pravega_upkeep.wake_ns */
    PRAVEGA_UPKEEP_FETCH,             /**< bring the state up to date; compact it by chance */
    PRAVEGA_UPKEEP_CONFIG,            /**< begin anew with the configuration that the controller has */
    PRAVEGA_UPKEEP_RECORD,            /**< the checkpoint that was given, where the reader is now */
    PRAVEGA_UPKEEP_RECORD_SILENT,     /**< the pending one, which nobody is told of */
    PRAVEGA_UPKEEP_COMPLETE,          /**< a segment that is read to its end; its successors */
    PRAVEGA_UPKEEP_RELEASE,           /**< a segment, since others have less */
    PRAVEGA_UPKEEP_PUBLISH,           /**< to retention, what lies before the last checkpoint */
    PRAVEGA_UPKEEP_GIVE,              /**< the pending checkpoint is to be given out by next() */
    PRAVEGA_UPKEEP_CREATE_CHECKPOINT, /**< an automatic one */
    PRAVEGA_UPKEEP_ACQUIRE,           /**< segments that nobody has */
    PRAVEGA_UPKEEP_LAG,               /**< tell the others how far behind the reader is */
    PRAVEGA_UPKEEP_OFFLINE,           /**< the reader is not of the group any more */
};
const char *pravega_upkeep_name(enum pravega_upkeep_action action);

enum pravega_upkeep_phase {
    PRAVEGA_PHASE_CONFIG,
    PRAVEGA_PHASE_RECORD,
    PRAVEGA_PHASE_COMPLETE,
    PRAVEGA_PHASE_RELEASE,
    PRAVEGA_PHASE_PUBLISH,
    PRAVEGA_PHASE_ASK,
    PRAVEGA_PHASE_ACQUIRE,
    PRAVEGA_PHASE_LAG,
};

enum pravega_pending { PRAVEGA_PENDING_NONE, PRAVEGA_PENDING_LOUD, PRAVEGA_PENDING_SILENT };

/** What the group's state and the reader say, as of now. */
struct pravega_upkeep_facts {
    bool online;
    bool updating_config;
    enum pravega_pending pending; /**< the reader's first pending checkpoint */
    bool given;                   /**< it is one that next() has to give, or gave, and that is not being recorded yet */
    bool checkpoint_ongoing;      /**< any reader's */
    bool publish_due;             /**< the group publishes, and has not published its last checkpoint */
    bool owns_too_many;
    int32_t reader_count, ranking;
    size_t unassigned_count;
    size_t sealed_count; /**< of the reader's segments: those read to their end */
    int64_t automatic_checkpoint_interval_ms, group_refresh_time_ms;
};

struct pravega_upkeep {
    enum pravega_upkeep_phase phase;
    bool begin;             /**< a round begins with the next look, whatever was under way */
    bool at_checkpoint;     /**< next() was called after it gave a checkpoint: no events until this is false again */
    bool answered_silently; /**< in this round, behind the given one */
    int64_t release_ns, acquire_ns, fetch_ns, checkpoint_ns, lag_ns, config_ns; /**< when each is due */
    int64_t retry_ns;                                                           /**< after a failure */
    int64_t wake_ns;                                                            /**< with REST */
};

/** @param acquire_delay_ns the reader takes nothing over before this has passed */
void pravega_upkeep_init(struct pravega_upkeep *upkeep, int64_t now_ns, int64_t acquire_delay_ns);
/** next() was called after it gave a checkpoint. */
void pravega_upkeep_begin_checkpoint(struct pravega_upkeep *upkeep);
enum pravega_upkeep_action pravega_upkeep_next(struct pravega_upkeep *upkeep, const struct pravega_upkeep_facts *facts,
                                               int64_t now_ns);
/** @param did whether it changed anything: a segment was completed, released, acquired */
void pravega_upkeep_done(struct pravega_upkeep *upkeep, enum pravega_upkeep_action action, bool did,
                         const struct pravega_upkeep_facts *facts, int64_t now_ns);
/** The action could not be done now: it is tried again a second later. */
void pravega_upkeep_failed(struct pravega_upkeep *upkeep, int64_t now_ns);

#endif
