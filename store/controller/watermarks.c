/*
 * watermarks.c - the times of a stream's writers, as watermarks in its mark stream, "_MARK<stream>".
 *
 * While there are writers, the stream is looked at once in a period. Those that are done (gone, or silent for longer
 * than the stream's timeout, and a watermark has taken in what they noted last) are forgotten. When all others have
 * noted a later time than the last watermark, the next one is made.
 *
 * A watermark is first put into the catalog, with the offset that it will have in its segment, and then appended there:
 * if the second step is lost, it is made up for at the next look (its writers are still there, so there is one, after a
 * restart too). So a watermark is there once, and the catalog knows the last one. Upstream's controller keeps the place
 * of the last one in an attribute, from which a reader may begin; so does this one.
 */
#include <stdlib.h>

#include "base/log.h"
#include "pravega/format/watermark.h"
#include "pravega/wire.h"
#include "store/controller/controller_int.h"

#define MARK_LEN_MAX (1u << 20)
#define EVENT_HEADER_LEN 8

/* --- The segment of marks --------------------------------------------------------------------------------------- */

/* The mark stream has one segment. NULL if there is no such stream, or nothing can be appended to it. */
static struct weir_segment *mark_segment(struct weir_upkeep *upkeep, int64_t *id, int64_t *length)
{
    const struct weir_held_stream *marks = weir_stream_mark(upkeep->stream);
    struct weir_segment_info info = {0};
    struct weir_segment *seg;

    if (marks == NULL)
        return NULL;
    *id = weir_epochs_active(&marks->rec.epochs)->segments[0].id;
    seg = weir_stream_segment(upkeep->ctl, marks, *id);
    if (seg == NULL)
        return NULL;
    weir_segment_info(seg, &info);
    *length = info.length;
    return info.sealed ? NULL : seg;
}

/* The watermark as an event; ranges are those of the stream. */
static void put_event(struct weir_buf *out, const struct weir_epochs *epochs, const struct weir_watermark *mark)
{
    struct pravega_watermark event = {.lower = mark->lower, .upper = mark->upper};

    event.segments = calloc(mark->cut.count, sizeof(*event.segments));
    if (event.segments == NULL) {
        out->status = WEIR_E_NOMEM;
        return;
    }
    for (size_t i = 0; i < mark->cut.count; i++) {
        const struct weir_segment_range *range = weir_epochs_find(epochs, mark->cut.entries[i].segment_id);

        if (range != NULL)
            event.segments[event.segment_count++] = (struct pravega_watermark_segment){
                {range->id, range->min_key, range->max_key}, mark->cut.entries[i].offset};
    }
    weir_buf_u32be(out, 0);
    weir_buf_u32be(out, 0);
    pravega_watermark_to_bytes(&event, out);
    if (out->status == WEIR_OK)
        weir_put_u32be(out->ptr + 4, (uint32_t)(out->len - EVENT_HEADER_LEN));
    pravega_watermark_fini(&event);
}

/* Appends the last watermark, unless it is there or there is no place for it any more. False if it has to wait. */
static bool append_last(struct weir_upkeep *upkeep)
{
    const struct weir_mark_record *last = &upkeep->last_mark;
    struct weir_store_op op = {0};
    struct weir_buf event;
    int64_t id, length;
    struct weir_segment *seg = mark_segment(upkeep, &id, &length);
    bool done = false;

    if (last->mark.cut.count == 0 || seg == NULL || id != last->segment_id || length > last->offset)
        return true;
    weir_buf_init(&event, MARK_LEN_MAX);
    put_event(&event, &upkeep->stream->rec.epochs, &last->mark);
    if (event.status == WEIR_OK) {
        struct iovec iov = {event.ptr, event.len};
        struct weir_append append = {.event_number = WEIR_ATTRIBUTE_NONE,
                                     .event_count = 1,
                                     .expected_offset = last->offset,
                                     .iov = &iov,
                                     .iov_count = 1};

        weir_segment_append(seg, &append, &op);
        done = op.status == WEIR_OK;
        weir_store_op_cancel(&op);
    }
    weir_buf_fini(&event);
    return done;
}

/* --- A look at the writers -------------------------------------------------------------------------------------- */

struct look {
    struct weir_upkeep *upkeep;
    struct weir_batch batch;
    struct weir_held_writer **done; /* forgotten once the batch is taken */
    size_t done_count;
    struct weir_noted *noted; /* of those that are active */
    size_t noted_count;
    bool all_take_part;
};

static void look_fini(struct look *look)
{
    weir_batch_fini(&look->batch);
    free(look->done);
    free(look->noted);
}

/* A writer that holds the watermark back does so for the stream's timeout, from when that was seen. */
static bool is_active(struct weir_upkeep *upkeep, struct weir_held_writer *held, bool takes_part)
{
    int64_t now_ns = weir_loop_now_ns(upkeep->ctl->loop);

    if (takes_part) {
        held->idle_since_ns = 0;
        return true;
    }
    if (held->idle_since_ns == 0)
        held->idle_since_ns = now_ns > 0 ? now_ns : 1;
    return !held->rec.gone &&
           (now_ns - held->idle_since_ns) / WEIR_NS_PER_MS < upkeep->stream->policy.mark_timeout_ms;
}

static enum weir_status sort_writers(struct look *look)
{
    const struct weir_name_table *writers = &look->upkeep->stream->writers;

    look->done = calloc(writers->count + 1, sizeof(struct weir_held_writer *));
    look->noted = calloc(writers->count + 1, sizeof(*look->noted));
    if (look->done == NULL || look->noted == NULL)
        return WEIR_E_NOMEM;
    look->all_take_part = true;
    for (size_t i = 0; i < writers->count; i++) {
        struct weir_held_writer *held = writers->items[i];
        bool takes_part = weir_watermark_takes(&look->upkeep->last_mark.mark, held->rec.timestamp);

        if (is_active(look->upkeep, held, takes_part)) {
            look->noted[look->noted_count++] = (struct weir_noted){held->rec.timestamp, &held->rec.position};
            look->all_take_part = look->all_take_part && takes_part;
        } else {
            look->done[look->done_count++] = held;
            weir_batch_remove_writer(&look->batch, look->upkeep->stream, held->name);
        }
    }
    return WEIR_OK;
}

static void forget_done(struct look *look)
{
    for (size_t i = 0; i < look->done_count; i++) {
        weir_name_table_remove(&look->upkeep->stream->writers, look->done[i]);
        weir_held_writer_free(look->done[i]);
    }
}

/* The next watermark into the batch; AGAIN if there is none to be made now. */
static enum weir_status make_mark(struct look *look, struct weir_mark_record *next)
{
    struct weir_upkeep *upkeep = look->upkeep;
    const struct weir_held_stream *marks = weir_stream_mark(upkeep->stream);
    enum weir_status status;

    if (!look->all_take_part || mark_segment(upkeep, &next->segment_id, &next->offset) == NULL)
        return WEIR_E_AGAIN;
    status = weir_watermark_make(&upkeep->stream->rec.epochs, look->noted, look->noted_count, &upkeep->last_mark.mark,
                                 &next->mark);
    if (status != WEIR_OK)
        return status;
    weir_batch_put_mark(&look->batch, upkeep->stream, next);
    weir_batch_set_attribute(&look->batch, marks, next->segment_id, PRAVEGA_WIRE_LOG_MARK, next->offset);
    return WEIR_OK;
}

static enum weir_status look_at(struct look *look)
{
    struct weir_upkeep *upkeep = look->upkeep;
    struct weir_mark_record next = {0};
    enum weir_status status = append_last(upkeep) ? sort_writers(look) : WEIR_E_AGAIN, made;

    if (status != WEIR_OK)
        return status == WEIR_E_AGAIN ? WEIR_OK : status;
    made = make_mark(look, &next);
    if (look->batch.count > 0)
        status = weir_batch_commit_unasked(&look->batch, upkeep->ctl->ctr);
    if (status == WEIR_OK && made == WEIR_OK) {
        weir_mark_record_fini(&upkeep->last_mark);
        upkeep->last_mark = next;
        next = (struct weir_mark_record){0};
        append_last(upkeep);
    }
    if (status == WEIR_OK)
        forget_done(look);
    weir_mark_record_fini(&next);
    return status != WEIR_OK ? status : made == WEIR_E_NOMEM ? WEIR_E_NOMEM : WEIR_OK;
}

static void on_period(void *arg)
{
    struct weir_upkeep *upkeep = arg;
    struct weir_controller *ctl = upkeep->ctl;
    struct look look = {.upkeep = upkeep};
    enum weir_status status;

    if (weir_container_failure(ctl->ctr) != NULL)
        return;
    weir_batch_init(&look.batch);
    status = look_at(&look);
    look_fini(&look);
    if (status != WEIR_OK)
        weir_log_warn(weir_loop_log(ctl->loop), "store", "%s/%s: its watermark has to wait: %s",
                      upkeep->stream->scope->name, upkeep->stream->name, weir_status_text(status));
    weir_watermarks_follow(ctl, upkeep->stream);
}

void weir_watermarks_follow(struct weir_controller *ctl, struct weir_held_stream *stream)
{
    struct weir_upkeep *upkeep = stream->writers.count > 0 ? weir_upkeep_of(ctl, stream) : NULL;

    if (upkeep == NULL || weir_timer_armed(&upkeep->marking))
        return;
    upkeep->marking.fn = on_period;
    upkeep->marking.arg = upkeep;
    weir_timer_start(ctl->loop, &upkeep->marking, ctl->settings.watermark_period_ms * WEIR_NS_PER_MS);
}
