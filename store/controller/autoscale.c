/*
 * autoscale.c - streams that scale by themselves: each active segment has a meter.
 *
 *     WATCHING --the segment grows--> TICKING --a tick without growth--> WATCHING
 *     WATCHING --silent for so long that it expires--> (WATCHING, and cold until it grows)
 *
 * While a segment grows, its meter counts at each tick, and every two minutes asks what its rates advise. UP splits the
 * segment; DOWN makes it cold for a while, and cold neighbours are merged. A segment that does not grow costs nothing.
 * What meters know is in memory only: at a start they begin anew, and with them the time in which nothing is scaled.
 *
 * A scale is one batch, made when it is decided, like one that a client asks for: there are never two at a time.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "store/controller/controller_int.h"
#include "store/rules/scale_choice.h"
#include "store/rules/segment_rates.h"

#define REPORT_MINUTES 2
#define COLD_MINUTES 10
#define KIB 1024

struct weir_meter {
    struct weir_segment_watch watch; /* first */
    struct weir_upkeep *upkeep;
    int64_t segment_id;
    struct weir_segment *seg;
    struct weir_timer timer; /* of the next tick, or of the expiry */
    enum weir_scale_type type;
    bool ticking;
    struct weir_segment_rates rates;
    int64_t counted; /* events or bytes that the segment had at the last tick, or that count as counted */
    int64_t grown_ms, reported_ms;
    int64_t up_ms, down_ms; /* when it was last advised */
    int64_t cold_until_ms;
};

static int64_t now_ms(const struct weir_controller *ctl)
{
    return weir_loop_now_ns(ctl->loop) / WEIR_NS_PER_MS;
}

static int64_t tick_ns(const struct weir_controller *ctl)
{
    return ctl->settings.scale_minute_ms * WEIR_NS_PER_MS / WEIR_RATE_TICKS;
}

static int64_t count_of(const struct weir_meter *meter)
{
    struct weir_segment_info info;

    if (meter->type == WEIR_SCALE_EVENTS)
        return weir_segment_attribute(meter->seg, WEIR_ATTRIBUTE_EVENT_COUNT);
    weir_segment_info(meter->seg, &info);
    return info.length;
}

/* --- Scaling ---------------------------------------------------------------------------------------------------- */

/* Afterwards the meters of the sealed segments are gone. */
static bool scale(struct weir_controller *ctl, struct weir_held_stream *stream, const int64_t *sealed,
                  size_t sealed_count, const struct weir_segment_range *ranges, size_t range_count)
{
    struct weir_batch batch;
    enum weir_status status;

    weir_batch_init(&batch);
    status = weir_stream_scale_prepare(&batch, stream, sealed, sealed_count, ranges, range_count,
                                       weir_loop_wall_ms(ctl->loop));
    if (status == WEIR_OK) {
        status = weir_batch_commit_unasked(&batch, ctl->ctr);
        if (status != WEIR_OK)
            weir_epochs_drop_last(&stream->rec.epochs);
    }
    weir_batch_fini(&batch);
    if (status == WEIR_OK) {
        weir_log_info(weir_loop_log(ctl->loop), "store", "%s/%s: %zu segments became %zu by themselves, epoch %d",
                      stream->scope->name, stream->name, sealed_count, range_count,
                      weir_epochs_active_number(&stream->rec.epochs));
        weir_upkeep_follow(ctl, stream);
    } else {
        weir_log_warn(weir_loop_log(ctl->loop), "store", "%s/%s: it could not be scaled: %s", stream->scope->name,
                      stream->name, weir_status_text(status));
    }
    return status == WEIR_OK;
}

static void scale_up(struct weir_meter *meter, int32_t parts)
{
    struct weir_held_stream *stream = meter->upkeep->stream;
    const struct weir_epoch *active = weir_epochs_active(&stream->rec.epochs);
    const struct weir_segment_range *range = weir_epoch_find(active, meter->segment_id);
    int64_t room = WEIR_EPOCH_SEGMENTS_MAX - (int64_t)active->segment_count, id = meter->segment_id;
    struct weir_segment_range *ranges;

    if (parts > stream->policy.scale_factor)
        parts = stream->policy.scale_factor;
    if (parts > room)
        parts = (int32_t)room;
    if (range == NULL || parts < 2)
        return;
    ranges = calloc((size_t)parts, sizeof(*ranges));
    if (ranges == NULL)
        return;
    weir_scale_split(range, parts, ranges);
    scale(meter->upkeep->ctl, stream, &id, 1, ranges, (size_t)parts);
    free(ranges);
}

static struct weir_meter *find(const struct weir_upkeep *upkeep, int64_t segment_id)
{
    size_t low = 0, high = upkeep->meter_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (upkeep->meters[middle]->segment_id < segment_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < upkeep->meter_count && upkeep->meters[low]->segment_id == segment_id ? upkeep->meters[low] : NULL;
}

static bool is_cold(void *arg, int64_t segment_id)
{
    const struct weir_upkeep *upkeep = arg;
    const struct weir_meter *meter = find(upkeep, segment_id);

    return meter != NULL && meter->cold_until_ms > now_ms(upkeep->ctl);
}

/* False if a merge was due and could not be made. */
static bool scale_down(const struct weir_meter *meter)
{
    struct weir_upkeep *upkeep = meter->upkeep;
    struct weir_held_stream *stream = upkeep->stream;
    struct weir_segment_range range;
    int64_t merged[3];
    size_t count = weir_scale_merge(weir_epochs_active(&stream->rec.epochs), meter->segment_id,
                                    (size_t)stream->policy.segments_min, is_cold, upkeep, merged, &range);

    return count == 0 || scale(upkeep->ctl, stream, merged, count, &range, 1);
}

/* --- Advice ----------------------------------------------------------------------------------------------------- */

/* Asks the rates, and does what they advise, unless it was done a short while ago. The meter may be gone afterwards. */
static void advise(struct weir_meter *meter)
{
    const struct weir_controller *ctl = meter->upkeep->ctl;
    const struct weir_store_settings *settings = &ctl->settings;
    double target = meter->upkeep->stream->policy.target_rate * (meter->type == WEIR_SCALE_KBYTES ? (double)KIB : 1.0);
    int64_t now = now_ms(ctl);
    int32_t parts = 0;

    switch (weir_segment_rates_advise(&meter->rates, target, now, settings->scale_cooldown_ms,
                                      settings->scale_minute_ms, &parts)) {
    case WEIR_SCALE_UP:
        if (now - meter->up_ms <= settings->scale_mute_ms)
            return;
        meter->up_ms = meter->down_ms = now;
        scale_up(meter, parts);
        return;
    case WEIR_SCALE_DOWN:
        if (now - meter->down_ms <= settings->scale_mute_ms)
            return;
        meter->down_ms = now;
        meter->cold_until_ms = now + COLD_MINUTES * settings->scale_minute_ms;
        scale_down(meter);
        return;
    case WEIR_SCALE_STAY:
        return;
    }
}

/* --- Meters ----------------------------------------------------------------------------------------------------- */

static void on_grown(struct weir_segment_watch *watch)
{
    struct weir_meter *meter = (struct weir_meter *)watch;

    if (meter->cold_until_ms == INT64_MAX)
        meter->cold_until_ms = 0;
    meter->ticking = true;
    weir_timer_start(meter->upkeep->ctl->loop, &meter->timer, tick_ns(meter->upkeep->ctl));
}

static void watch(struct weir_meter *meter)
{
    struct weir_controller *ctl = meter->upkeep->ctl;
    int64_t expires_ms = meter->grown_ms + ctl->settings.scale_expiry_ms;

    meter->ticking = false;
    weir_segment_watch(meter->seg, &meter->watch);
    weir_timer_start(ctl->loop, &meter->timer, (expires_ms - now_ms(ctl)) * WEIR_NS_PER_MS);
}

static void tick(struct weir_meter *meter)
{
    struct weir_controller *ctl = meter->upkeep->ctl;
    int64_t now = now_ms(ctl), count = count_of(meter);

    if (count <= meter->counted) {
        meter->counted = count;
        watch(meter);
        return;
    }
    weir_segment_rates_add(&meter->rates, count - meter->counted, now, ctl->settings.scale_minute_ms);
    meter->counted = count;
    meter->grown_ms = now;
    weir_timer_start(ctl->loop, &meter->timer, tick_ns(ctl));
    if (now - meter->reported_ms < REPORT_MINUTES * ctl->settings.scale_minute_ms)
        return;
    meter->reported_ms = now;
    advise(meter);
}

static void expire(struct weir_meter *meter)
{
    struct weir_upkeep *upkeep = meter->upkeep;
    struct weir_controller *ctl = upkeep->ctl;
    int64_t id = meter->segment_id;

    meter->cold_until_ms = INT64_MAX;
    /* It is tried again should it fail. Otherwise the meter is gone, or has nothing more to do. */
    weir_timer_start(ctl->loop, &meter->timer, ctl->settings.scale_expiry_ms * WEIR_NS_PER_MS);
    if (!scale_down(meter))
        return;
    meter = find(upkeep, id);
    if (meter != NULL)
        weir_timer_stop(ctl->loop, &meter->timer);
}

static void on_timer(void *arg)
{
    struct weir_meter *meter = arg;

    if (weir_container_failure(meter->upkeep->ctl->ctr) != NULL)
        return;
    if (meter->ticking)
        tick(meter);
    else
        expire(meter);
}

static void meter_begin(struct weir_meter *meter, enum weir_scale_type type)
{
    int64_t now = now_ms(meter->upkeep->ctl);

    meter->type = type;
    meter->grown_ms = meter->reported_ms = meter->up_ms = meter->down_ms = now;
    meter->counted = count_of(meter);
    weir_segment_rates_init(&meter->rates, now);
}

static void meter_free(struct weir_meter *meter, struct weir_loop *loop)
{
    if (meter == NULL)
        return;
    weir_segment_unwatch(&meter->watch);
    weir_timer_stop(loop, &meter->timer);
    weir_segment_unref(meter->seg);
    free(meter);
}

static struct weir_meter *meter_new(struct weir_upkeep *upkeep, int64_t segment_id)
{
    struct weir_segment *seg = weir_stream_segment(upkeep->ctl, upkeep->stream, segment_id);
    struct weir_meter *meter = seg != NULL ? calloc(1, sizeof(*meter)) : NULL;

    if (meter == NULL)
        return NULL;
    meter->watch.grown = on_grown;
    meter->upkeep = upkeep;
    meter->segment_id = segment_id;
    meter->seg = weir_segment_ref(seg);
    meter->timer = (struct weir_timer){.fn = on_timer, .arg = meter};
    meter_begin(meter, upkeep->stream->policy.scale_type);
    watch(meter);
    return meter;
}

void weir_autoscale_stop(struct weir_upkeep *upkeep, struct weir_loop *loop)
{
    for (size_t i = 0; i < upkeep->meter_count; i++)
        meter_free(upkeep->meters[i], loop);
    free(upkeep->meters);
    upkeep->meters = NULL;
    upkeep->meter_count = 0;
}

static int by_id(const void *a, const void *b)
{
    const struct weir_meter *x = *(struct weir_meter *const *)a, *y = *(struct weir_meter *const *)b;

    return (x->segment_id > y->segment_id) - (x->segment_id < y->segment_id);
}

/* The meter of a segment that is still active, or a new one; NULL if out of memory: then it does not scale. */
static struct weir_meter *keep(struct weir_upkeep *upkeep, int64_t segment_id)
{
    struct weir_meter *meter = find(upkeep, segment_id);

    if (meter == NULL)
        return meter_new(upkeep, segment_id);
    if (meter->type != upkeep->stream->policy.scale_type)
        meter_begin(meter, upkeep->stream->policy.scale_type);
    if (!weir_timer_armed(&meter->timer)) /* cold, and perhaps it may be merged now */
        weir_timer_start(upkeep->ctl->loop, &meter->timer, 0);
    return meter;
}

/* Meters of the active segments, and of no others. */
static void follow_active(struct weir_upkeep *upkeep)
{
    const struct weir_epoch *active = weir_epochs_active(&upkeep->stream->rec.epochs);
    struct weir_meter **meters = calloc(active->segment_count, sizeof(struct weir_meter *));
    size_t count = 0;

    if (meters == NULL)
        return;
    for (size_t i = 0; i < active->segment_count; i++) {
        meters[count] = keep(upkeep, active->segments[i].id);
        count += meters[count] != NULL;
    }
    qsort(meters, count, sizeof(struct weir_meter *), by_id);
    for (size_t i = 0, at = 0; i < upkeep->meter_count; i++) { /* both are sorted */
        while (at < count && meters[at]->segment_id < upkeep->meters[i]->segment_id)
            at++;
        if (at == count || meters[at] != upkeep->meters[i])
            meter_free(upkeep->meters[i], upkeep->ctl->loop);
    }
    free(upkeep->meters);
    upkeep->meters = meters;
    upkeep->meter_count = count;
}

void weir_autoscale_follow(struct weir_controller *ctl, struct weir_held_stream *stream)
{
    bool scales = stream->policy.scale_type != WEIR_SCALE_FIXED && stream->rec.state == WEIR_STREAM_ACTIVE;
    struct weir_upkeep *upkeep = scales ? weir_upkeep_of(ctl, stream) : stream->upkeep;

    if (upkeep == NULL)
        return;
    if (scales)
        follow_active(upkeep);
    else
        weir_autoscale_stop(upkeep, ctl->loop);
}

void weir_autoscale_merged(struct weir_controller *ctl, struct weir_held_stream *stream, int64_t segment_id,
                           int64_t events, int64_t bytes, int64_t lived_ms)
{
    struct weir_meter *meter = stream->upkeep != NULL ? find(stream->upkeep, segment_id) : NULL;
    int64_t count;

    if (meter == NULL)
        return;
    count = meter->type == WEIR_SCALE_EVENTS ? events : bytes;
    meter->counted += count - weir_segment_rates_spread(count, lived_ms, ctl->settings.scale_minute_ms);
}
