/**
 * @file weir/source.h
 * @brief Where elements come from. Mirrors upstream's Source and SourceReader (FLIP-27).
 *
 * A source is a description that belongs to the graph; each subtask has a reader of its own, which emits the elements
 * of its splits. Watermarks are made for each split and combined, so that one slow split holds time back.
 * Thread: the task's worker.
 */
#ifndef WEIR_SOURCE_H
#define WEIR_SOURCE_H

#include "weir/operator.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weir_source_output; /* the head of the chain */

/** A split of this reader, from now on; the number names it in the calls below. New splits start active. */
int weir_source_output_add_split(struct weir_source_output *out);
/** Its end is reached: it holds nobody back any more. */
void weir_source_output_remove_split(struct weir_source_output *out, int split);
/** Emits one element (borrowed). @param timestamp_ms the source's own time of it, or WEIR_NO_TIMESTAMP */
enum weir_status weir_source_emit(struct weir_source_output *out, int split, const void *element, int64_t timestamp_ms,
                                  struct weir_error *err);
/** True: what was emitted fills the way on. A poll that still has much (large elements) does well to return WEIR_OK. */
bool weir_source_output_full(const struct weir_source_output *out);
/** A collector that emits into `split`, for deserialization schemas; valid until the next call for another split. */
struct weir_collector *weir_source_collector(struct weir_source_output *out, int split, int64_t timestamp_ms);

struct weir_source_reader;

/** Only poll and free are needed. */
struct weir_source_reader_ops {
    /** Before start, once for each entry of the snapshot that belongs to this subtask. */
    enum weir_status (*restore)(struct weir_source_reader *reader, const struct weir_restored *entry,
                                struct weir_error *err);
    /** Begins to fetch; may go on in callbacks. @param restored a snapshot was restored, perhaps without an entry for
     * us */
    enum weir_status (*start)(struct weir_source_reader *reader, bool restored, struct weir_error *err);
    /**
     * Emits up to `budget` elements.
     * @retval WEIR_OK       there may be more: call again soon
     * @retval WEIR_E_AGAIN  nothing now; weir_context_wake() when there is
     * @retval WEIR_E_END    bounded and done; poll is not called again, snapshots still are
     */
    enum weir_status (*poll)(struct weir_source_reader *reader, struct weir_source_output *out, int budget,
                             struct weir_error *err);
    /**
     * Checkpoint `checkpoint_id` has begun. NULL or WEIR_OK: snapshot and barrier follow at once. AGAIN: not here yet
     * (an externally induced source waits for its own sign): poll goes on, and this is asked again after each.
     */
    enum weir_status (*prepare)(struct weir_source_reader *reader, int64_t checkpoint_id, struct weir_error *err);
    enum weir_status (*snapshot)(struct weir_source_reader *reader, int64_t checkpoint_id, struct weir_snapshot *out,
                                 struct weir_error *err);
    enum weir_status (*committed)(struct weir_source_reader *reader, int64_t checkpoint_id, struct weir_error *err);
    /** Checkpoint `checkpoint_id` was given up, prepared or not. */
    void (*aborted)(struct weir_source_reader *reader, int64_t checkpoint_id);
    void (*free)(struct weir_source_reader *reader);
};

/** First member of every reader. */
struct weir_source_reader {
    const struct weir_source_reader_ops *ops;
    struct weir_context *ctx;
};

/** First member of every source. Made by a connector, owned by the graph once added. */
struct weir_source {
    const struct weir_type *type;
    const char *name; /**< "Pravega Reader": stands in error lines; static */
    enum weir_status (*create_reader)(const struct weir_source *source, struct weir_context *ctx,
                                      struct weir_source_reader **out, struct weir_error *err);
    void (*free)(struct weir_source *source);
};

#ifdef __cplusplus
}
#endif

#endif
