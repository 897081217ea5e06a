/**
 * @file pravega/position.h
 * @brief Where a reader is (Position), where an event is (EventPointer), and where a whole group was (Checkpoint), with
 *        upstream's bytes for each, so that what one process stores another one, Java too, goes on from.
 *
 * Structs that own their memory are zeroed or made by a function here, and ended by their _fini, which zeroes them.
 * Thread: any, one at a time for each struct.
 */
#ifndef PRAVEGA_POSITION_H
#define PRAVEGA_POSITION_H

#include "pravega/stream_cut.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Room for the names that from_bytes and from_text find; it must live as long as what points into it. */
struct pravega_stream_name_room {
    char scope[PRAVEGA_NAME_LEN_MAX + 1];
    char stream[PRAVEGA_NAME_LEN_MAX + 1];
};

/** Upstream's EventPointer: enough to fetch an event again. A view: `stream` is borrowed. */
struct pravega_event_pointer {
    struct pravega_stream_name stream;
    pravega_segment_id segment;
    int64_t offset; /**< of the event's header */
    int32_t length; /**< header and payload */
};
/** Appends EventPointer.toBytes(); `out->status` tells whether there was room. */
void pravega_event_pointer_to_bytes(const struct pravega_event_pointer *pointer, struct weir_buf *out);
/** @retval WEIR_E_INVAL the bytes are no event pointer */
enum weir_status pravega_event_pointer_from_bytes(struct weir_view bytes, struct pravega_event_pointer *pointer,
                                                  struct pravega_stream_name_room *room, struct weir_error *err);
/** Appends "scope/stream/0.#epoch.0:1024-108". */
void pravega_event_pointer_to_text(const struct pravega_event_pointer *pointer, struct weir_buf *out);
/** EventPointer.fromString(). @retval WEIR_E_INVAL the text is none */
enum weir_status pravega_event_pointer_from_text(const char *text, struct pravega_event_pointer *pointer,
                                                 struct pravega_stream_name_room *room, struct weir_error *err);

/** One segment of a position. */
struct pravega_position_entry {
    char *scope, *stream;
    pravega_segment_id segment;
    double min_key, max_key; /**< -1, -1: not known */
    int64_t offset;          /**< of the next event; PRAVEGA_OFFSET_COMPLETED: read to its end */
};
/** Upstream's Position: the segments that a reader owns and how far it has read each. Opaque to most: to be given to
 *  pravega_event_reader_close() or pravega_reader_group_reader_offline(), by whichever process. */
struct pravega_position {
    struct pravega_position_entry *entries; /**< from_bytes: sorted by scope, stream and segment */
    size_t entry_count;
};
void pravega_position_fini(struct pravega_position *position);
enum weir_status pravega_position_copy(struct pravega_position *position, const struct pravega_position *from,
                                       struct weir_error *err);
/** Appends Position.toBytes(). */
void pravega_position_to_bytes(const struct pravega_position *position, struct weir_buf *out);
/** @retval WEIR_E_INVAL the bytes are no position @retval WEIR_E_NOMEM */
enum weir_status pravega_position_from_bytes(struct weir_view bytes, struct pravega_position *position,
                                             struct weir_error *err);

/** Upstream's Checkpoint: a name, and a stream cut of each stream of the group. */
struct pravega_checkpoint {
    char *name;
    struct pravega_stream_cut *cuts; /**< sorted by scope and stream */
    size_t cut_count;
};
void pravega_checkpoint_fini(struct pravega_checkpoint *checkpoint);
enum weir_status pravega_checkpoint_copy(struct pravega_checkpoint *checkpoint, const struct pravega_checkpoint *from,
                                         struct weir_error *err);
/** The cut of a stream, borrowed; NULL if the checkpoint has none of it. */
const struct pravega_stream_cut *pravega_checkpoint_cut(const struct pravega_checkpoint *checkpoint,
                                                        const struct pravega_stream_name *stream);
/** Appends Checkpoint.toBytes(). */
void pravega_checkpoint_to_bytes(const struct pravega_checkpoint *checkpoint, struct weir_buf *out);
/** @retval WEIR_E_INVAL the bytes are no checkpoint @retval WEIR_E_NOMEM */
enum weir_status pravega_checkpoint_from_bytes(struct weir_view bytes, struct pravega_checkpoint *checkpoint,
                                               struct weir_error *err);

#ifdef __cplusplus
}
#endif

#endif
