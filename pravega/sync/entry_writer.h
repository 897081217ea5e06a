/**
 * @file pravega/sync/entry_writer.h
 * @brief Appends entries to one segment, one at a time, on a condition or without; tells for sure what became of each.
 *
 *     IDLE --write--> SETTING_UP --APPEND_SETUP--> READY      any state --attempts used up--> IDLE, the write fails
 *                         ^------ lost, while writing ------|
 *
 * Each write has a number of its own. When the connection is lost before the answer, the store says in APPEND_SETUP
 * which number it has last: that decides whether the write is stored or goes out again. An entry that went out twice
 * may be refused because its first copy, late, is what stands at the offset; so such a refusal is believed only after
 * another look at the last number. Thread: the client's loop.
 */
#ifndef PRAVEGA_SYNC_ENTRY_WRITER_H
#define PRAVEGA_SYNC_ENTRY_WRITER_H

#include "pravega/segment_link.h"

#define PRAVEGA_ENTRY_UNCONDITIONAL INT64_C(-1)

enum pravega_entry_writer_state {
    PRAVEGA_ENTRY_WRITER_IDLE,
    PRAVEGA_ENTRY_WRITER_SETTING_UP,
    PRAVEGA_ENTRY_WRITER_READY
};

/** Embedded. */
struct pravega_entry_writer {
    /* Private. */
    struct pravega_segment_link link;
    enum pravega_entry_writer_state state;
    struct weir_uuid writer_id;
    int64_t number; /* of the write under way, or of the last one */
    int64_t expected_offset;
    struct weir_view event;
    uint32_t sent_count;   /* times that the write under way went out */
    bool refused;          /* it was, but may have been stored before */
    pravega_done_fn *done; /* NULL: no write is under way */
    void *arg;
};

/** @retval WEIR_E_INVAL, WEIR_E_NOMEM nothing is to be cleaned up then */
enum weir_status pravega_entry_writer_init(struct pravega_entry_writer *writer, struct pravega_client *client,
                                           const struct pravega_stream_name *stream, pravega_segment_id segment,
                                           struct weir_error *err);
/** A write under way ends without its callback. Fine for a zeroed one. */
void pravega_entry_writer_fini(struct pravega_entry_writer *writer);

/**
 * Appends one event; none is under way. Ends in `done` in a later turn: WEIR_OK: stored. WEIR_E_CONFLICT: the segment
 * does not end at expected_offset, nothing is stored. WEIR_E_SEALED, WEIR_E_NOT_FOUND. Others: not known.
 * @param event           header and payload, borrowed until the end
 * @param expected_offset where the segment has to end, or PRAVEGA_ENTRY_UNCONDITIONAL
 */
void pravega_entry_writer_write(struct pravega_entry_writer *writer, struct weir_view event, int64_t expected_offset,
                                pravega_done_fn *done, void *arg);

#endif
