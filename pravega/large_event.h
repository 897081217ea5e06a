/**
 * @file pravega/large_event.h
 * @brief One event, or batch, of more bytes than an append takes: written to a transient segment that is merged into
 *        its own. Mirrors upstream's LargeEventWriter.
 *
 *     IDLE --write--> CREATING --> SETTING_UP --> APPENDING --all acknowledged--> MERGING --merged--> IDLE (WEIR_OK)
 *     a lost connection: from CREATING again; but from MERGING: MERGING again, as the store may have merged already
 *     the segment is sealed or missing: IDLE (WEIR_E_SEALED, WEIR_E_NOT_FOUND); may be written to another one
 *
 * The bytes are copied once, into the frames that go out as they are. A transient segment is known by the connection
 * that made it and is deleted by the store when that ends, so that what is given up leaves nothing. Thread: the
 * client's loop.
 */
#ifndef PRAVEGA_LARGE_EVENT_H
#define PRAVEGA_LARGE_EVENT_H

#include "pravega/segment_link.h"

struct pravega_large_event; /* opaque */

/** Most bytes of one conditional append: upstream's WRITE_SIZE. */
#define PRAVEGA_LARGE_CHUNK_LEN ((size_t)PRAVEGA_EVENT_LEN_MAX)

/** `write_offset`: the segment's length after it, if status is WEIR_OK. May free the event or write it again. */
typedef void pravega_large_event_fn(void *arg, enum weir_status status, int64_t write_offset,
                                    const struct weir_error *why);

/**
 * Copies `count` payloads.
 * @retval WEIR_E_NOMEM
 */
enum weir_status pravega_large_event_new(struct pravega_client *client, const struct weir_view *payloads, size_t count,
                                         struct pravega_large_event **out, struct weir_error *err);
/** The callback of a write under way does not run. NULL is fine. */
void pravega_large_event_free(struct pravega_large_event *large);
/**
 * Writes it to `segment`; one write at a time. Ends in `done` in a later turn.
 * @param retry  outlives it
 * @retval WEIR_E_NOMEM `done` will not run
 */
enum weir_status pravega_large_event_write(struct pravega_large_event *large, const struct pravega_stream_name *stream,
                                           pravega_segment_id segment, const struct pravega_retry *retry,
                                           pravega_large_event_fn *done, void *arg, struct weir_error *err);
/** Bytes of the events, headers included. */
size_t pravega_large_event_len(const struct pravega_large_event *large);

#endif
