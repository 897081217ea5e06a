/**
 * @file pravega/writer.h
 * @brief Writes events to a stream in order per routing key. Mirrors upstream's EventStreamWriter and
 * EventWriterConfig.
 *
 * The writer routes each event to a segment by its key, gathers events of one segment into append blocks, keeps what is
 * not acknowledged, and after a lost connection sends again exactly what the store has not got (writer id and event
 * number): a reconnect neither loses nor doubles. A sealed segment's events go on to its successors, in order per key.
 * Each segment has a connection of its own, as upstream without enableConnectionPooling, its default; one that is lost
 * while nothing is under way is made again by the next event.
 *
 * Blocks are sized by the round trip. While fewer than two of a segment are under way, a block goes out at the end of
 * the loop's turn, so that at low rates nothing waits. With two under way each acknowledgement releases the next one:
 * a block then holds what was written in half a round trip, which is upstream's AppendBatchSizeTracker without the
 * guessing. It never waits longer than 20 ms nor grows beyond `block_bytes`: full ones go out whatever is under way.
 *
 * Memory: events that are not acknowledged are charged to the window with their bytes and header, 8 bytes more, and 24
 * more if they have a callback. Everything the writer holds for them stays below
 * 3 * window_bytes + (9 * segments + 8) * 1.5 * block_bytes (a large event apart: see there; and an event or batch
 * that is longer than the window, which is taken when nothing else is pending); in practice it is the window and a few
 * blocks of each segment.
 */
#ifndef PRAVEGA_WRITER_H
#define PRAVEGA_WRITER_H

#include "pravega/client.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pravega_writer; /* opaque */

/** Most bytes of one batch, 8 for each event's header included. Upstream's limit is 2 * (8 MiB + 8), a few bytes more.
 */
#define PRAVEGA_BATCH_LEN_MAX ((size_t)16 * 1024 * 1024 - 1024)

/** Upstream's EventWriterConfig, and what a C program needs besides. Zero means the default. Strings are copied. */
struct pravega_writer_options {
    size_t window_bytes; /**< of events not acknowledged yet, per writer; 0 means 16 MiB */
    size_t block_bytes;  /**< an append block is sent when it has this many; 0 means 256 KiB; 8 MiB at most */
    /** Called on the loop when the writer takes events again after WEIR_E_AGAIN, and once when it fails. */
    void (*on_ready)(void *arg);
    void *arg;
    struct pravega_retry retry; /**< each field that is 0 is the client's */
    /** Note the wall clock's time every 5 s, as by pravega_writer_note_time(). */
    bool automatically_note_time;
    /** Take events above PRAVEGA_EVENT_LEN_MAX. Readers need `event_len_max` for them. */
    bool enable_large_events;
    /** Whose time pravega_writer_note_time() notes; NULL means the text of a random UUID. At most 255 bytes. */
    const char *writer_id;
};

/** One event's completion: WEIR_OK when it is durable in the store, once for each event that gave one. */
typedef void pravega_written_fn(void *arg, enum weir_status status, const struct weir_error *why);

/**
 * The writer may be written to at once; events wait until its segments are known.
 * A missing stream shows as WEIR_E_NOT_FOUND from a later write or flush.
 * @param options  NULL means defaults
 * @retval WEIR_E_INVAL an option out of its range; WEIR_E_NOMEM
 */
enum weir_status pravega_writer_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                                    const struct pravega_writer_options *options, struct pravega_writer **out,
                                    struct weir_error *err);
/** Events not acknowledged may or may not be stored; flush or close first. Callbacks do not run. NULL is fine. */
void pravega_writer_free(struct pravega_writer *writer);
/** Flushes, then frees the writer, then calls back with what the flush ended with. Writes are refused from here on
 *  (WEIR_E_STATE), and notes of time that are still under way end without their callback. Upstream's close(); like
 *  there, the store goes on counting the writer's noted time for a while. */
void pravega_writer_close(struct pravega_writer *writer, pravega_done_fn *done, void *arg);

/**
 * Takes one event (the bytes are copied). Events of one key are stored in the order of these calls.
 *
 * Above PRAVEGA_EVENT_LEN_MAX it is a large event: everything before it becomes durable first, it is written to a
 * transient segment that is merged into its own, and until then further writes get WEIR_E_AGAIN. It is held whole,
 * once, whatever the window. A connection lost in the very moment of the merge is made good by merging again; only a
 * store that has forgotten by then that it did would get the event a second time (upstream's always may).
 *
 * @param key    UTF-8, or NULL for a random segment
 * @param done   called when it is durable or lost for good; NULL is fine and cheaper
 * @retval WEIR_OK        taken
 * @retval WEIR_E_AGAIN   the window is full; wait for on_ready, then call again
 * @retval WEIR_E_LIMIT   longer than PRAVEGA_EVENT_LEN_MAX; with enable_large_events, PRAVEGA_LARGE_EVENT_LEN_MAX
 * @retval WEIR_E_STATE   it is being closed
 * @retval others         the writer has failed for good (stream sealed or missing, attempts used up); it stays so
 */
enum weir_status pravega_writer_write(struct pravega_writer *writer, const struct weir_view *key,
                                      struct weir_view event, pravega_written_fn *done, void *arg,
                                      struct weir_error *err);
/**
 * Takes several events of one key that become readable together: all of them are stored, next to each other, or none.
 * Upstream's writeEvents. As pravega_writer_write() but for:
 * @param key    not NULL
 * @param done   called once for all of them
 * @retval WEIR_E_INVAL no events, or no key
 * @retval WEIR_E_LIMIT more bytes than PRAVEGA_BATCH_LEN_MAX with headers, or an event above PRAVEGA_EVENT_LEN_MAX;
 * with enable_large_events a batch of more than PRAVEGA_EVENT_LEN_MAX is written as a large event is
 */
enum weir_status pravega_writer_write_batch(struct pravega_writer *writer, const struct weir_view *key,
                                            const struct weir_view *events, size_t event_count,
                                            pravega_written_fn *done, void *arg, struct weir_error *err);
/** Ends when everything taken before it is durable, or with what the writer failed of. Several may be under way. */
void pravega_writer_flush(struct pravega_writer *writer, pravega_done_fn *done, void *arg);
/** Bytes of events taken and not acknowledged yet, headers included. */
size_t pravega_writer_pending_bytes(const struct pravega_writer *writer);

/**
 * Notes that this writer has written everything with a time up to `timestamp_ms` (any clock that all writers of the
 * stream share) as far as it is acknowledged by now: flush first. The stream's watermarks advance with the slowest
 * writer. Notes reach the controller one after the other.
 * WEIR_E_STATE: automatically_note_time is on. WEIR_E_INVAL: time or position went backwards. WEIR_E_NOT_FOUND.
 */
void pravega_writer_note_time(struct pravega_writer *writer, int64_t timestamp_ms, pravega_done_fn *done, void *arg);
/** As given, or the random one. */
const char *pravega_writer_id(const struct pravega_writer *writer);

#ifdef __cplusplus
}
#endif

#endif
