/**
 * @file store/controller/upkeep.h
 * @brief What the controller does for one stream by itself: it scales it (autoscale.c), cuts it off (retention.c) and
 * marks its writers' time (watermarks.c).
 *
 * A stream whose configuration asks for none of it, and whose writers note no times, has no upkeep. Each part has its
 * own timers, so the work is that of what is due. Every step is one batch. Thread: the store's loop.
 */
#ifndef WEIR_STORE_UPKEEP_H
#define WEIR_STORE_UPKEEP_H

#include "store/controller/batch.h"

struct weir_meter; /* autoscale.c */

struct weir_upkeep {
    struct weir_controller *ctl;
    struct weir_held_stream *stream;
    struct weir_meter **meters;        /**< of the active segments, by id, if the stream scales by itself */
    size_t meter_count;
    struct weir_timer retention;       /**< armed while the stream has a retention policy */
    struct weir_retention_set cuts;
    struct weir_timer marking;         /**< armed while there are writers that noted a time */
    struct weir_mark_record last_mark; /**< no cut: there was none yet */
};

/** The stream's upkeep, made if it is missing. NULL if out of memory. */
struct weir_upkeep *weir_upkeep_of(struct weir_controller *ctl, struct weir_held_stream *stream);
/** NULL is fine. */
void weir_upkeep_free(struct weir_upkeep *upkeep, struct weir_loop *loop);
/** Its records, removed by the batch. */
void weir_upkeep_remove(struct weir_batch *batch, const struct weir_held_stream *stream);
/**
 * Follows the stream: to be called when it was made or loaded, and after each change of its configuration, its state or
 * its active epoch.
 */
void weir_upkeep_follow(struct weir_controller *ctl, struct weir_held_stream *stream);

/* autoscale.c */
void weir_autoscale_follow(struct weir_controller *ctl, struct weir_held_stream *stream);
void weir_autoscale_stop(struct weir_upkeep *upkeep, struct weir_loop *loop);
/** A transaction that lived for so long brings this into an active segment, in the batch that is being made. */
void weir_autoscale_merged(struct weir_controller *ctl, struct weir_held_stream *stream, int64_t segment_id,
                           int64_t events, int64_t bytes, int64_t lived_ms);

/* retention.c */
void weir_retention_follow(struct weir_controller *ctl, struct weir_held_stream *stream);

/* watermarks.c */
/** Also after each time that a writer noted. */
void weir_watermarks_follow(struct weir_controller *ctl, struct weir_held_stream *stream);

#endif
