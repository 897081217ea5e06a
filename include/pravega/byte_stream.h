/**
 * @file pravega/byte_stream.h
 * @brief A stream of one segment as a file that grows: bytes without events. Mirrors upstream's ByteStreamWriter and
 *        ByteStreamReader.
 *
 * The stream must have exactly one segment. Both ends are used on the client's loop. Writer and reader may be used at
 * once after they were made; they find their segment meanwhile. Attempts to reconnect to the segment's store are not
 * limited, as upstream; a refused password or token, a missing or a sealed stream end them, and a controller that
 * does not say where the store is for as long as a call to it may take (rpc_timeout_ms).
 */
#ifndef PRAVEGA_BYTE_STREAM_H
#define PRAVEGA_BYTE_STREAM_H

#include "pravega/client.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PRAVEGA_BYTES_LEN_MAX PRAVEGA_EVENT_LEN_MAX /**< of one write */

/** `offset` is -1 unless status is WEIR_OK. */
typedef void pravega_offset_fn(void *arg, enum weir_status status, int64_t offset, const struct weir_error *why);

/* ---- writing ---- */

struct pravega_byte_writer; /* opaque */

/** Zero means the default. */
struct pravega_byte_writer_options {
    size_t window_bytes; /**< not acknowledged yet; 0 means 16 MiB */
    size_t block_bytes;  /**< writes are gathered into appends of so many; 0 means 256 KiB */
    /** Called on the loop when the writer takes bytes again after WEIR_E_AGAIN, and once when it fails. */
    void (*on_ready)(void *arg);
    void *arg;
};

enum weir_status pravega_byte_writer_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                                         const struct pravega_byte_writer_options *options,
                                         struct pravega_byte_writer **out, struct weir_error *err);
/** What is not acknowledged may or may not be stored; flush first. Callbacks do not run. NULL is fine. */
void pravega_byte_writer_free(struct pravega_byte_writer *writer);

/**
 * Takes all of `bytes` (they are copied) or none of them. What one call takes is stored in one piece: a reader sees all
 * of it or nothing, and bytes of other writers stand before or behind it.
 * @retval WEIR_OK          taken
 * @retval WEIR_E_AGAIN     the window is full, or the segment not found yet; wait for on_ready, then call again
 * @retval WEIR_E_LIMIT     longer than PRAVEGA_BYTES_LEN_MAX
 * @retval WEIR_E_SEALED    the stream is sealed; stays so @retval WEIR_E_NOT_FOUND no such stream; stays so
 * @retval WEIR_E_STATE     the stream has several segments; stays so; or close_and_seal is under way, or has succeeded
 * @retval others           the writer has failed for good; it stays so
 */
enum weir_status pravega_byte_writer_write(struct pravega_byte_writer *writer, struct weir_view bytes,
                                           struct weir_error *err);
/** Ends when all that was taken before is durable, or with what the writer failed of. Several may be under way. */
void pravega_byte_writer_flush(struct pravega_byte_writer *writer, pravega_done_fn *done, void *arg);
/** Upstream's closeAndSeal: flushes, then nothing can be written by anyone any more; readers see the end. The
 *  controller's stream is not sealed by it. Sealing a sealed one succeeds. Until it ends nothing can be written here
 *  (WEIR_E_STATE), and nothing more once it has succeeded. If it fails without the writer having failed (out of
 *  memory, say), it can be called again, and what is written meanwhile is taken. */
void pravega_byte_writer_close_and_seal(struct pravega_byte_writer *writer, pravega_done_fn *done, void *arg);
/** Drops what is before `offset`; what is dropped already is fine. WEIR_E_INVAL: beyond the tail. */
void pravega_byte_writer_truncate_before(struct pravega_byte_writer *writer, int64_t offset, pravega_done_fn *done,
                                         void *arg);
/** Where the bytes begin that are not truncated. */
void pravega_byte_writer_fetch_head(struct pravega_byte_writer *writer, pravega_offset_fn *done, void *arg);
/** Where the next byte goes, by what the store has now: bytes of all writers, without those not acknowledged yet. */
void pravega_byte_writer_fetch_tail(struct pravega_byte_writer *writer, pravega_offset_fn *done, void *arg);
/** The offset after the last byte of this writer that is durable, as the store acknowledged it; -1 before the first. */
int64_t pravega_byte_writer_position(const struct pravega_byte_writer *writer);
/** Bytes taken and not acknowledged yet. */
size_t pravega_byte_writer_pending_bytes(const struct pravega_byte_writer *writer);

/* ---- reading ---- */

struct pravega_byte_reader; /* opaque */

/** Zero means the default. */
struct pravega_byte_reader_options {
    int64_t start_offset; /**< 0 means the head, wherever that is */
    size_t buffer_bytes;  /**< read ahead, 1 KiB..10 MiB; 0 means 1 MiB */
    /** Called on the loop when read() has something new to say after WEIR_E_AGAIN. */
    void (*on_ready)(void *arg);
    void *arg;
};

enum weir_status pravega_byte_reader_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                                         const struct pravega_byte_reader_options *options,
                                         struct pravega_byte_reader **out, struct weir_error *err);
void pravega_byte_reader_free(struct pravega_byte_reader *reader); /**< NULL is fine */

/**
 * The next bytes, 1 to `len_max` of them (none if that is 0), as many as are here in one piece.
 * @param bytes             receives a view, valid until the next call on this reader
 * @retval WEIR_E_AGAIN     nothing here now; on_ready will say
 * @retval WEIR_E_END       the end of a sealed segment; stays so until seek()
 * @retval WEIR_E_TRUNCATED the bytes at the current offset are gone; the next call goes on at the head
 * @retval WEIR_E_NOT_FOUND no such stream @retval WEIR_E_STATE it has several segments; both stay so
 * @retval others           no access; stays so
 */
enum weir_status pravega_byte_reader_read(struct pravega_byte_reader *reader, size_t len_max, struct weir_view *bytes,
                                          struct weir_error *err);
/** The next byte to read is at `offset` (beyond the tail: reading waits until it is there). WEIR_E_INVAL: negative. */
enum weir_status pravega_byte_reader_seek(struct pravega_byte_reader *reader, int64_t offset, struct weir_error *err);
/** Of the next byte to read. While start_offset 0 stands for a head that is not known yet: 0. */
int64_t pravega_byte_reader_offset(const struct pravega_byte_reader *reader);
/** Bytes that read() has without waiting. */
size_t pravega_byte_reader_available(const struct pravega_byte_reader *reader);
void pravega_byte_reader_fetch_head(struct pravega_byte_reader *reader, pravega_offset_fn *done, void *arg);
void pravega_byte_reader_fetch_tail(struct pravega_byte_reader *reader, pravega_offset_fn *done, void *arg);

#ifdef __cplusplus
}
#endif

#endif
