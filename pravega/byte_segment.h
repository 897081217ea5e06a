/**
 * @file pravega/byte_segment.h
 * @brief The one segment of a byte stream: found once, and then the questions about it that users ask.
 *
 *     FINDING --the controller names one segment--> KNOWN        --none, several, no access--> FAILED (final)
 *
 * Embedded in the writer and the reader. Questions wait until the segment is known. Thread: the client's loop.
 */
#ifndef PRAVEGA_BYTE_SEGMENT_H
#define PRAVEGA_BYTE_SEGMENT_H

#include "pravega/byte_stream.h"
#include "pravega/segment_request.h"

enum pravega_byte_question_kind { PRAVEGA_BYTES_HEAD, PRAVEGA_BYTES_TAIL, PRAVEGA_BYTES_TRUNCATE, PRAVEGA_BYTES_SEAL };
struct pravega_byte_question;

struct pravega_byte_segment {
    struct pravega_retry retry; /**< the client's, without an end */
    char *scope, *stream;
    pravega_segment_id id; /**< once it is known */
    int64_t head_offset;   /**< where the controller says that the stream begins; only of a reader's */

    /* Private. */
    struct pravega_client *client;
    enum { BYTE_SEGMENT_FINDING, BYTE_SEGMENT_KNOWN, BYTE_SEGMENT_FAILED } state;
    enum pravega_access access;
    void (*found)(void *arg, enum weir_status status, const struct weir_error *why);
    void *arg;
    struct pravega_call call;
    struct pravega_segment_line line;
    struct weir_error why; /* in FAILED */
    struct pravega_byte_question *questions;
    struct weir_deferred refuse;
};

/**
 * Begins to look for it: for writing among the current segments, for reading at the stream's head.
 * @param found called once in a later turn: WEIR_OK, WEIR_E_NOT_FOUND, WEIR_E_SEALED (for writing), WEIR_E_STATE (there
 *              are several) and what the controller's call ends with. May free everything.
 */
enum weir_status pravega_byte_segment_init(struct pravega_byte_segment *segment, struct pravega_client *client,
                                           const struct pravega_stream_name *stream, enum pravega_access access,
                                           void (*found)(void *arg, enum weir_status status,
                                                         const struct weir_error *why),
                                           void *arg, struct weir_error *err);
/** Questions end without their callbacks. */
void pravega_byte_segment_fini(struct pravega_byte_segment *segment);
static inline bool pravega_byte_segment_is_known(const struct pravega_byte_segment *segment)
{
    return segment->state == BYTE_SEGMENT_KNOWN;
}
/** @param offset of a truncation @param done a pravega_offset_fn for HEAD and TAIL, else a pravega_done_fn */
void pravega_byte_segment_ask(struct pravega_byte_segment *segment, enum pravega_byte_question_kind kind,
                              int64_t offset, void (*done)(void), void *arg);

#endif
