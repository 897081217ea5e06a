/**
 * @file pravega/group/mark_reader.h
 * @brief Reads a stream's mark stream "_MARK<stream>" as far as the group's place asks for it.
 *
 * Embedded, one for each stream of a reader's group. A stream without a mark stream, and a mark stream that cannot be
 * read, leave the time window as it is: time is a hint, and no reader fails for it. Thread: the client's loop.
 */
#ifndef PRAVEGA_GROUP_MARK_READER_H
#define PRAVEGA_GROUP_MARK_READER_H

#include "pravega/group/group_state.h"
#include "pravega/group/time_window.h"
#include "pravega/revisioned_stream.h"

struct pravega_mark_reader {
    char *scope, *stream; /**< of the events */

    /* Private. */
    struct weir_loop *loop;
    struct pravega_revisioned_stream *log;
    struct pravega_time_track track;
    struct pravega_time_place *places; /* where the group was told to be last */
    size_t place_count, place_cap;
    bool has_revision;
    struct pravega_revision revision; /* of the last mark that was read */
    bool reading;
    int64_t retry_ns; /* nothing is asked for before */
};

/** @retval WEIR_E_NOMEM nothing is to be cleaned up */
enum weir_status pravega_mark_reader_init(struct pravega_mark_reader *reader, struct pravega_client *client,
                                          const struct pravega_stream_name *stream, struct weir_error *err);
void pravega_mark_reader_fini(struct pravega_mark_reader *reader);
/** The group is where `state` says. */
void pravega_mark_reader_advance(struct pravega_mark_reader *reader, const struct pravega_group_state *state);

#endif
