/**
 * @file store/operation/group_log.h
 * @brief A reader group's state out of the bytes of its stream, as the group's members make it of them.
 *
 * The stream is a log of events, each with a header of 8 bytes, whose payloads are entries of a state synchronizer: a
 * whole state, or updates of the one before. Bytes go in, in slices of any size; no I/O. Thread: one at a time.
 */
#ifndef WEIR_STORE_GROUP_LOG_H
#define WEIR_STORE_GROUP_LOG_H

#include "pravega/group/group_state.h"
#include "weir/buf.h"

/** Embedded. */
struct weir_group_log {
    struct pravega_group_state *state; /**< as of the last whole event; NULL: there was no whole state yet */
    /* Private. */
    struct weir_buf rest; /* an event of which more is to come */
};

void weir_group_log_init(struct weir_group_log *log);
void weir_group_log_fini(struct weir_group_log *log); /**< Fine for a zeroed one, and twice */
/**
 * The next bytes. Updates before the first whole state are of one that nobody knows, and say nothing.
 * @retval WEIR_E_DAMAGED, WEIR_E_INVAL, WEIR_E_STATE they are none of a reader group's @retval WEIR_E_NOMEM
 */
enum weir_status weir_group_log_take(struct weir_group_log *log, struct weir_view bytes);
/** No event is there in part. */
bool weir_group_log_is_whole(const struct weir_group_log *log);

#endif
