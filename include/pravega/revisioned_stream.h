/**
 * @file pravega/revisioned_stream.h
 * @brief A stream of one segment as a log with optimistic writes. Mirrors upstream's RevisionedStreamClient.
 *
 * Each entry is one event. A *revision* is a place in the log; a conditional write succeeds only if the log still ends
 * at the revision that the writer has read up to, so that of all who read the same log one at a time goes on. The log
 * has a *mark*, a revision that its users agree on, and can be truncated up to a revision. On this stand the state
 * synchronizer (pravega/state_synchronizer.h), and with it reader groups.
 *
 * Calls are queued and carried out one after the other, in the order they were made; each ends in its callback, once,
 * never from within the call, but for a WEIR_E_NOMEM where there is no memory to remember it. A callback may make
 * further calls and may free the stream (not so an entry's). A write that loses its connection is asked after, and is
 * stored once: what a call says is what happened.
 *
 * Statuses that every call can end with: WEIR_E_NOT_FOUND (no such stream), WEIR_E_SEALED (the stream takes no more and
 * has no current segment), WEIR_E_INVAL (a revision of another segment), WEIR_E_NOMEM, WEIR_E_AUTH, WEIR_E_DENIED,
 * WEIR_E_PROTO, and WEIR_E_CLOSED, WEIR_E_REFUSED, WEIR_E_TIMEOUT when the client's attempts are used up. After a write
 * that ended with one of those last three it is not known whether it is stored.
 *
 * Thread: the client's loop.
 */
#ifndef PRAVEGA_REVISIONED_STREAM_H
#define PRAVEGA_REVISIONED_STREAM_H

#include "pravega/client.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pravega_revisioned_stream; /* opaque */

/** Upstream's Revision: after the entry that ends at `offset`, or after a part of it. */
struct pravega_revision {
    pravega_segment_id segment;
    int64_t offset;      /**< of the byte after the entry, >= 0; the next entry begins there */
    int32_t event_index; /**< which of the entry's updates (see the state synchronizer); 0 otherwise */
};

/** <0, 0, >0: by segment, then offset, then index. */
int pravega_revision_compare(const struct pravega_revision *a, const struct pravega_revision *b);
/** "scope/stream/0.#epoch.0:<offset>:<index>", upstream's Revision.toString(); NUL-terminated; the length, or -1 if it
 *  does not fit. PRAVEGA_SEGMENT_NAME_LEN_MAX + 40 bytes are enough. */
int pravega_revision_text(const struct pravega_stream_name *stream, const struct pravega_revision *revision, char *out,
                          size_t cap);
/**
 * What pravega_revision_text() wrote, or Java.
 * @param stream the one it has to be of
 * @retval WEIR_E_INVAL not a revision, or one of another stream
 */
enum weir_status pravega_revision_parse(const char *text, const struct pravega_stream_name *stream,
                                        struct pravega_revision *out, struct weir_error *err);

/**
 * @param stream copied; of one segment (of several, the one that holds the key 0.0 is the log). It is looked up at the
 *               first call.
 * @retval WEIR_E_NOMEM
 */
enum weir_status pravega_revisioned_stream_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                                               struct pravega_revisioned_stream **out, struct weir_error *err);
/** Calls under way end without their callback. NULL is fine. */
void pravega_revisioned_stream_free(struct pravega_revisioned_stream *log);

/** `revision` is meaningful if status is WEIR_OK. */
typedef void pravega_revision_fn(void *arg, enum weir_status status, const struct pravega_revision *revision,
                                 const struct weir_error *why);

/** Where the log begins. */
void pravega_revisioned_stream_oldest(struct pravega_revisioned_stream *log, pravega_revision_fn *done, void *arg);
/** Where it ends. */
void pravega_revisioned_stream_latest(struct pravega_revisioned_stream *log, pravega_revision_fn *done, void *arg);

/**
 * Appends `entry` (copied, at most PRAVEGA_EVENT_LEN_MAX bytes) if the log ends at `after`. The callback gets the
 * revision after the entry. WEIR_E_CONFLICT: the log ends elsewhere, nothing is written. WEIR_E_LIMIT: too long.
 */
void pravega_revisioned_stream_write_conditionally(struct pravega_revisioned_stream *log,
                                                   const struct pravega_revision *after, struct weir_view entry,
                                                   pravega_revision_fn *done, void *arg);
/** Appends `entry` (copied) at the end, wherever that is. WEIR_E_LIMIT. */
void pravega_revisioned_stream_write_unconditionally(struct pravega_revisioned_stream *log, struct weir_view entry,
                                                     pravega_done_fn *done, void *arg);

/**
 * One entry and the revision after it. `entry` is borrowed for the call, which may make calls on the log, but not free
 * it. @return false to stop here: `done` then gets WEIR_E_CANCELLED
 */
typedef bool pravega_entry_fn(void *arg, const struct pravega_revision *revision, struct weir_view entry);
/**
 * Hands over the entries after `from` up to the log's end as of now, then calls `done`; no entry is no failure, and
 * costs one question. The memory is bounded by one read of 1 MiB and one entry.
 * WEIR_E_TRUNCATED: the log begins after `from`, or was truncated meanwhile. WEIR_E_INVAL: `from` is beyond the end.
 * WEIR_E_DAMAGED: bytes that are no event.
 */
void pravega_revisioned_stream_read(struct pravega_revisioned_stream *log, const struct pravega_revision *from,
                                    pravega_entry_fn *on_entry, pravega_done_fn *done, void *arg);

/** The mark; a NULL `revision` with WEIR_OK: there is none. */
void pravega_revisioned_stream_mark(struct pravega_revisioned_stream *log, pravega_revision_fn *done, void *arg);
/** Sets the mark if it is `expected` (NULL: none) now; `mark` NULL takes it away. WEIR_E_CONFLICT: it is another. */
void pravega_revisioned_stream_set_mark(struct pravega_revisioned_stream *log, const struct pravega_revision *expected,
                                        const struct pravega_revision *mark, pravega_done_fn *done, void *arg);
/** Drops all entries before `revision`; fine if they are gone already. WEIR_E_INVAL: it is beyond the end. */
void pravega_revisioned_stream_truncate(struct pravega_revisioned_stream *log, const struct pravega_revision *revision,
                                        pravega_done_fn *done, void *arg);

#ifdef __cplusplus
}
#endif

#endif
