/**
 * @file pravega/writer.h
 * @brief Writes events to a stream in order per routing key. Mirrors upstream's EventStreamWriter.
 *
 * The writer routes each event to a segment by its key, gathers events of one segment into append blocks, keeps what is
 * not acknowledged, and after a lost connection sends again exactly what the store has not got (writer id and event
 * number): a reconnect neither loses nor doubles. Memory is bounded by `window_bytes`.
 */
#ifndef PRAVEGA_WRITER_H
#define PRAVEGA_WRITER_H

#include "pravega/client.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pravega_writer; /* opaque */

/** Zero means the default. */
struct pravega_writer_options {
    size_t window_bytes;  /**< of events not acknowledged yet, per writer; 0 means 16 MiB */
    size_t block_bytes;   /**< an append block is sent when it has this many; 0 means 256 KiB */
    /** Called on the loop when the writer takes events again after WEIR_E_AGAIN, and once when it fails. */
    void (*on_ready)(void *arg);
    void *arg;
};

/** One event's completion: WEIR_OK when it is durable in the store, once for each event that gave one. */
typedef void pravega_written_fn(void *arg, enum weir_status status, const struct weir_error *why);

/**
 * The writer may be written to at once; events wait until its segments are known.
 * A missing stream shows as WEIR_E_NOT_FOUND from a later write or flush.
 */
enum weir_status pravega_writer_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                                    const struct pravega_writer_options *options, struct pravega_writer **out,
                                    struct weir_error *err);
/** Events not acknowledged may or may not be stored; flush first. Callbacks do not run. NULL is fine. */
void pravega_writer_free(struct pravega_writer *writer);

/**
 * Takes one event (the bytes are copied). Events of one key are stored in the order of these calls.
 * @param key    UTF-8, or NULL for a random segment
 * @param done   called when it is durable or lost for good; NULL is fine and cheaper
 * @retval WEIR_OK        taken
 * @retval WEIR_E_AGAIN   the window is full; wait for on_ready, then call again
 * @retval WEIR_E_LIMIT   longer than PRAVEGA_EVENT_LEN_MAX
 * @retval others         the writer has failed for good (stream sealed or missing, attempts used up); it stays so
 */
enum weir_status pravega_writer_write(struct pravega_writer *writer, const struct weir_view *key,
                                      struct weir_view event, pravega_written_fn *done, void *arg,
                                      struct weir_error *err);
/** Ends when everything taken before it is durable, or with what the writer failed of. Several may be under way. */
void pravega_writer_flush(struct pravega_writer *writer, pravega_done_fn *done, void *arg);
/** Bytes of events taken and not acknowledged yet. */
size_t pravega_writer_pending_bytes(const struct pravega_writer *writer);

#ifdef __cplusplus
}
#endif

#endif
