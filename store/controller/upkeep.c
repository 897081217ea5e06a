/*
 * upkeep.c - what the controller does for one stream by itself: its parts, made, followed and ended together.
 */
#include "store/controller/upkeep.h"

#include <stdlib.h>

#include "store/controller/controller_int.h"

struct weir_upkeep *weir_upkeep_of(struct weir_controller *ctl, struct weir_held_stream *stream)
{
    if (stream->upkeep == NULL) {
        stream->upkeep = calloc(1, sizeof(*stream->upkeep));
        if (stream->upkeep != NULL) {
            stream->upkeep->ctl = ctl;
            stream->upkeep->stream = stream;
        }
    }
    return stream->upkeep;
}

void weir_upkeep_free(struct weir_upkeep *upkeep, struct weir_loop *loop)
{
    if (upkeep == NULL)
        return;
    weir_autoscale_stop(upkeep, loop);
    weir_timer_stop(loop, &upkeep->retention);
    weir_timer_stop(loop, &upkeep->marking);
    weir_retention_set_fini(&upkeep->cuts);
    weir_mark_record_fini(&upkeep->last_mark);
    free(upkeep);
}

void weir_upkeep_remove(struct weir_batch *batch, const struct weir_held_stream *stream)
{
    const struct weir_upkeep *upkeep = stream->upkeep;

    if (upkeep == NULL)
        return;
    for (size_t i = 0; i < upkeep->cuts.count; i++)
        weir_batch_remove_retention(batch, stream, upkeep->cuts.items[i].time_ms);
    if (upkeep->last_mark.mark.cut.count > 0)
        weir_batch_remove_mark(batch, stream);
}

void weir_upkeep_follow(struct weir_controller *ctl, struct weir_held_stream *stream)
{
    weir_autoscale_follow(ctl, stream);
    weir_retention_follow(ctl, stream);
    weir_watermarks_follow(ctl, stream);
}
