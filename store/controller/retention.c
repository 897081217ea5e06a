/*
 * retention.c - streams that are cut off by their retention policy.
 *
 * A stream with a policy is looked at once in a period: a cut of its tail goes into its retention set, unless nothing
 * was written since the last one, and the rules (retention_rules.c) say where the stream is to be cut off. Both are one
 * batch. A subscriber that has released nothing yet stands at the head.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/controller/controller_int.h"

/* One look at one stream. */
struct look {
    struct weir_controller *ctl;
    struct weir_held_stream *stream;
    struct weir_upkeep *upkeep;
    int64_t now_ms;
    struct weir_cut head, bound, target;
    bool has_bound;
};

static void look_fini(struct look *look)
{
    weir_cut_fini(&look->head);
    weir_cut_fini(&look->bound);
    weir_cut_fini(&look->target);
}

static int64_t length_of(void *arg, int64_t id)
{
    const struct look *look = arg;
    struct weir_segment *seg = weir_stream_segment(look->ctl, look->stream, id);
    struct weir_segment_info info = {0};

    if (seg != NULL)
        weir_segment_info(seg, &info);
    return info.length;
}

/* Where the stream begins. */
static enum weir_status find_head(struct look *look)
{
    const struct weir_epoch *first = &look->stream->rec.epochs.list[0];

    if (look->stream->rec.head.count > 0)
        return weir_cut_copy(&look->head, &look->stream->rec.head);
    look->head.entries = calloc(first->segment_count, sizeof(*look->head.entries));
    if (look->head.entries == NULL)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < first->segment_count; i++)
        look->head.entries[look->head.count++] = (struct weir_cut_entry){first->segments[i].id, 0};
    weir_cut_sort(&look->head);
    return WEIR_OK;
}

/* Where the last of the subscribers stands; not beyond the tail, whatever they say. */
static enum weir_status find_bound(struct look *look)
{
    const struct weir_name_table *subscribers = &look->stream->subscribers;
    const struct weir_cut **cuts;
    enum weir_status status;

    look->has_bound = subscribers->count > 0;
    if (!look->has_bound)
        return WEIR_OK;
    cuts = calloc(subscribers->count, sizeof(*cuts));
    if (cuts == NULL)
        return WEIR_E_NOMEM;
    for (size_t i = 0; i < subscribers->count; i++) {
        const struct weir_held_subscriber *held = subscribers->items[i];

        cuts[i] = held->rec.cut.count > 0 ? &held->rec.cut : &look->head;
    }
    status = weir_cut_lower_bound(&look->stream->rec.epochs, cuts, subscribers->count, &look->bound);
    free(cuts);
    for (size_t i = 0; i < look->bound.count; i++) {
        int64_t length = length_of(look, look->bound.entries[i].segment_id);

        if (look->bound.entries[i].offset > length)
            look->bound.entries[i].offset = length;
    }
    return status;
}

/* --- The set ---------------------------------------------------------------------------------------------------- */

static const struct weir_retention_cut *newest(const struct look *look)
{
    const struct weir_retention_set *set = &look->upkeep->cuts;

    return set->count > 0 ? &set->items[set->count - 1] : NULL;
}

/* Bytes that came before a cut, as the set counts. */
static int64_t size_until(struct look *look, const struct weir_cut *cut)
{
    const struct weir_retention_cut *last = newest(look);
    const struct weir_epochs *epochs = &look->stream->rec.epochs;

    if (last == NULL)
        return weir_cut_bytes_between(epochs, &look->head, cut, length_of, look);
    if (weir_cut_relate(epochs, cut, &last->cut) == WEIR_CUT_NOT_BEFORE)
        return last->size + weir_cut_bytes_between(epochs, &last->cut, cut, length_of, look);
    return last->size - weir_cut_bytes_between(epochs, cut, &last->cut, length_of, look);
}

/* Cuts up to the head are of no use any more; of too many, every second one of all but the newest goes. */
static void tidy_set(struct look *look, struct weir_batch *batch)
{
    struct weir_retention_set *set = &look->upkeep->cuts;
    size_t passed = weir_retention_set_until(set, &look->stream->rec.epochs, &look->head);

    for (size_t i = 0; i < passed; i++)
        weir_batch_remove_retention(batch, look->stream, set->items[i].time_ms);
    weir_retention_set_drop_first(set, passed);
    if (set->count < WEIR_RETENTION_CUTS_MAX)
        return;
    for (size_t i = 0; i + 1 < set->count; i++) {
        weir_batch_remove_retention(batch, look->stream, set->items[i].time_ms);
        weir_retention_set_drop(set, i);
    }
}

/* Takes a cut of the tail into the set, if there is anything new. */
static enum weir_status take_cut(struct look *look, struct weir_batch *batch)
{
    const struct weir_retention_cut *last = newest(look);
    struct weir_retention_cut cut = {.time_ms = look->now_ms};
    enum weir_status status = weir_stream_tail(look->ctl, look->stream, &cut.cut);

    if (status != WEIR_OK)
        return status;
    if (weir_cut_equal(&cut.cut, last != NULL ? &last->cut : &look->head) ||
        (last != NULL && last->time_ms >= look->now_ms)) {
        weir_cut_fini(&cut.cut);
        return WEIR_OK;
    }
    cut.size = size_until(look, &cut.cut);
    weir_batch_put_retention(batch, look->stream, &cut);
    status = weir_retention_set_add(&look->upkeep->cuts, &cut);
    weir_cut_fini(&cut.cut);
    return status;
}

/* --- The look --------------------------------------------------------------------------------------------------- */

/* Segments may have been truncated by themselves (byte streams are): there is nothing left to do in those. */
static void spare_truncated(struct look *look)
{
    for (size_t i = 0; i < look->target.count; i++) {
        struct weir_cut_entry *entry = &look->target.entries[i];
        struct weir_segment *seg = weir_stream_segment(look->ctl, look->stream, entry->segment_id);
        struct weir_segment_info info = {0};

        if (seg != NULL)
            weir_segment_info(seg, &info);
        if (entry->offset >= 0 && entry->offset < info.start_offset)
            entry->offset = info.start_offset;
    }
}

/* Sets `target` if the stream is to be cut off, and can be. */
static enum weir_status choose(struct look *look)
{
    const struct weir_epochs *epochs = &look->stream->rec.epochs;
    const struct weir_retention_cut *last = newest(look);
    struct weir_retention_question question = {.epochs = epochs,
                                               .policy = &look->stream->policy,
                                               .set = &look->upkeep->cuts,
                                               .now_ms = look->now_ms,
                                               .size = last != NULL ? last->size : size_until(look, &look->head),
                                               .bound = look->has_bound ? &look->bound : NULL};
    const struct weir_cut *answer;

    if (look->has_bound)
        question.bound_size = size_until(look, &look->bound);
    answer = weir_retention_answer(&question);
    if (answer == NULL || weir_cut_equal(answer, &look->head) ||
        !weir_cut_not_before(epochs, answer, &look->stream->rec.head))
        return WEIR_OK;
    if (weir_cut_copy(&look->target, answer) != WEIR_OK)
        return WEIR_E_NOMEM;
    spare_truncated(look);
    return WEIR_OK;
}

/* One batch: the tail's cut, what the set forgets, and the truncation. */
static enum weir_status look_at(struct look *look, struct weir_batch *batch)
{
    enum weir_status status = find_head(look);
    bool truncates;

    if (status == WEIR_OK)
        status = find_bound(look);
    if (status == WEIR_OK) {
        tidy_set(look, batch);
        status = take_cut(look, batch);
    }
    if (status == WEIR_OK)
        status = choose(look);
    if (status != WEIR_OK)
        return status;
    truncates = look->target.count > 0 &&
                weir_stream_truncate_prepare(batch, look->stream, &look->target) == WEIR_OK;
    status = batch->count > 0 ? weir_batch_commit_unasked(batch, look->ctl->ctr) : WEIR_OK;
    if (truncates && status != WEIR_OK)
        weir_stream_swap_head(look->stream, &look->target);
    else if (truncates)
        weir_log_info(weir_loop_log(look->ctl->loop), "store", "%s/%s: cut off by its retention policy",
                      look->stream->scope->name, look->stream->name);
    return status;
}

static void on_period(void *arg)
{
    struct weir_upkeep *upkeep = arg;
    struct weir_controller *ctl = upkeep->ctl;
    struct look look = {.ctl = ctl, .stream = upkeep->stream, .upkeep = upkeep, .now_ms = weir_loop_wall_ms(ctl->loop)};
    struct weir_batch batch;
    enum weir_status status;

    if (weir_container_failure(ctl->ctr) != NULL)
        return;
    weir_batch_init(&batch);
    status = look_at(&look, &batch);
    weir_batch_fini(&batch);
    look_fini(&look);
    if (status != WEIR_OK)
        weir_log_warn(weir_loop_log(ctl->loop), "store", "%s/%s: its retention has to wait: %s",
                      upkeep->stream->scope->name, upkeep->stream->name, weir_status_text(status));
    weir_timer_start(ctl->loop, &upkeep->retention, ctl->settings.retention_period_ms * WEIR_NS_PER_MS);
}

/* After a start the period goes on where it was, so that it need not be lived through at a stretch. */
static int64_t first_wait_ms(const struct weir_upkeep *upkeep)
{
    const struct weir_retention_set *set = &upkeep->cuts;
    int64_t period = upkeep->ctl->settings.retention_period_ms, since;

    since = weir_loop_wall_ms(upkeep->ctl->loop) -
            (set->count > 0 ? set->items[set->count - 1].time_ms : upkeep->stream->rec.created_ms);
    return since < 0 ? period : since < period ? period - since : 0;
}

void weir_retention_follow(struct weir_controller *ctl, struct weir_held_stream *stream)
{
    bool retains = stream->policy.retention_type != WEIR_RETENTION_NONE && stream->rec.state == WEIR_STREAM_ACTIVE;
    struct weir_upkeep *upkeep = retains ? weir_upkeep_of(ctl, stream) : stream->upkeep;

    if (upkeep == NULL)
        return;
    if (!retains) {
        weir_timer_stop(ctl->loop, &upkeep->retention);
    } else if (!weir_timer_armed(&upkeep->retention)) {
        upkeep->retention.fn = on_period;
        upkeep->retention.arg = upkeep;
        weir_timer_start(ctl->loop, &upkeep->retention, first_wait_ms(upkeep) * WEIR_NS_PER_MS);
    }
}
