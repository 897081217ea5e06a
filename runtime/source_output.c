/*
 * source_output.c - watermarks by split. The reader's watermark is the least of its splits that are not idle, so that a
 * slow split holds time back and one without records does not, once its idle timeout is over.
 */
#include "runtime/source_output.h"

#include <assert.h>
#include <stdlib.h>

static enum weir_status emit_adapter(struct weir_collector *collector, const void *element, struct weir_error *err)
{
    struct weir_source_output *out = (struct weir_source_output *)collector;

    return weir_source_emit(out, out->collector_split, element, collector->timestamp_ms, err);
}

void weir_source_output_init(struct weir_source_output *out, struct weir_link *link, const bool *full)
{
    *out = (struct weir_source_output){.into_split = {.collect = emit_adapter},
                                       .link = link,
                                       .next = link->out,
                                       .strategy = link->node->strategy,
                                       .watermark_ms = INT64_MIN,
                                       .no_split_since_ns = -1,
                                       .full = full};
}

void weir_source_output_fini(struct weir_source_output *out)
{
    free(out->splits);
    out->splits = NULL;
    out->split_count = 0;
}

int weir_source_output_add_split(struct weir_source_output *out)
{
    struct weir_source_split *splits;
    int split = 0;

    while (split < out->split_count && out->splits[split].used)
        split++;
    if (split == out->split_count) {
        splits = realloc(out->splits, ((size_t)out->split_count + 1) * sizeof(*splits));
        if (splits == NULL)
            abort(); /* a few bytes for a split: nothing sensible goes on without them */
        out->splits = splits;
        out->split_count++;
    }
    out->splits[split].used = true;
    weir_watermark_generator_init(&out->splits[split].gen);
    return split;
}

void weir_source_output_remove_split(struct weir_source_output *out, int split)
{
    assert(split >= 0 && split < out->split_count && out->splits[split].used);
    out->splits[split].used = false;
}

static enum weir_status turn_active(struct weir_source_output *out, struct weir_error *err)
{
    if (!out->idle)
        return WEIR_OK;
    out->idle = false;
    return weir_link_idle(out->link, false, err);
}

enum weir_status weir_source_emit(struct weir_source_output *out, int split, const void *element, int64_t timestamp_ms,
                                  struct weir_error *err)
{
    assert(split >= 0 && split < out->split_count);
    if (out->strategy.timestamp != NULL)
        timestamp_ms = out->strategy.timestamp(out->strategy.arg, element, timestamp_ms);
    if (weir_watermark_generator_record(&out->splits[split].gen, timestamp_ms)) {
        enum weir_status status = turn_active(out, err);

        if (status != WEIR_OK)
            return status;
    }
    out->record_count++;
    out->next->timestamp_ms = timestamp_ms;
    return out->next->collect(out->next, element, err);
}

bool weir_source_output_full(const struct weir_source_output *out)
{
    return *out->full;
}

struct weir_collector *weir_source_collector(struct weir_source_output *out, int split, int64_t timestamp_ms)
{
    out->collector_split = split;
    out->into_split.timestamp_ms = timestamp_ms;
    return &out->into_split;
}

/* Ticks every split. @return whether any holds time; its least watermark */
static bool tick_splits(struct weir_source_output *out, int64_t now_ns, bool *has_splits, int64_t *least_ms)
{
    bool active = false;

    *has_splits = false;
    for (int i = 0; i < out->split_count; i++) {
        struct weir_source_split *split = &out->splits[i];
        int64_t watermark_ms;

        if (!split->used)
            continue;
        *has_splits = true;
        weir_watermark_generator_tick(&split->gen, &out->strategy, now_ns);
        if (split->gen.idle)
            continue;
        watermark_ms = weir_watermark_generator_now(&split->gen, &out->strategy);
        if (!active || watermark_ms < *least_ms)
            *least_ms = watermark_ms;
        active = true;
    }
    return active;
}

/* A reader that has no split is idle after the same time as one whose splits are quiet. */
static bool no_split_is_idle(struct weir_source_output *out, bool has_splits, int64_t now_ns)
{
    if (has_splits) {
        out->no_split_since_ns = -1;
        return true;
    }
    if (out->no_split_since_ns < 0)
        out->no_split_since_ns = now_ns;
    return out->strategy.idle_timeout_ms > 0 &&
           (now_ns - out->no_split_since_ns) / WEIR_NS_PER_MS >= out->strategy.idle_timeout_ms;
}

enum weir_status weir_source_output_tick(struct weir_source_output *out, int64_t now_ns, struct weir_error *err)
{
    int64_t least_ms = INT64_MIN;
    bool has_splits, active = tick_splits(out, now_ns, &has_splits, &least_ms);

    if (!active) {
        if (!no_split_is_idle(out, has_splits, now_ns) || out->idle)
            return WEIR_OK;
        out->idle = true;
        return weir_link_idle(out->link, true, err);
    }
    out->no_split_since_ns = -1;
    if (least_ms <= out->watermark_ms)
        return WEIR_OK;
    out->watermark_ms = least_ms;
    return weir_link_watermark(out->link, least_ms, err);
}

enum weir_status weir_source_output_end(struct weir_source_output *out, struct weir_error *err)
{
    enum weir_status status = turn_active(out, err);

    if (status != WEIR_OK)
        return status;
    out->watermark_ms = INT64_MAX;
    return weir_link_watermark(out->link, INT64_MAX, err);
}
