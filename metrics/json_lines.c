/*
 * json_lines.c - the metrics as lines of JSON, one for each, for logs and scripts.
 */
#include <math.h>
#include <string.h>

#include "metrics/registry_int.h"

static void put_string(struct weir_buf *out, const char *text)
{
    weir_buf_u8(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            weir_buf_append(out, (char[]){'\\', *text}, 2);
        else if ((unsigned char)*text < ' ')
            weir_buf_printf(out, "\\u%04x", (unsigned char)*text);
        else
            weir_buf_u8(out, (uint8_t)*text);
    }
    weir_buf_u8(out, '"');
}

static void put_number(struct weir_buf *out, const char *name, double value)
{
    if (isfinite(value))
        weir_buf_printf(out, ",\"%s\":%.15g", name, value);
    else
        weir_buf_printf(out, ",\"%s\":null", name); /* JSON has no word for it */
}

static void put_labels(struct weir_buf *out, const struct weir_metric_scope *scope)
{
    bool any = false;

    weir_buf_printf(out, ",\"labels\":{");
    for (; scope != NULL; scope = scope->parent) {
        if (scope->label.name == NULL)
            continue;
        if (any)
            weir_buf_u8(out, ',');
        put_string(out, scope->label.name);
        weir_buf_u8(out, ':');
        put_string(out, scope->label.value);
        any = true;
    }
    weir_buf_u8(out, '}');
}

static void put_histogram(struct weir_buf *out, const struct weir_histogram *histogram)
{
    static const char *const names[WEIR_METRIC_QUANTILES] = {"p50", "p90", "p99", "p999", "max"};
    double answers[WEIR_METRIC_QUANTILES];

    put_number(out, "count", (double)weir_counter_get(&histogram->count));
    put_number(out, "sum", (double)weir_counter_get(&histogram->sum));
    weir_histogram_quantiles(histogram, weir_metric_quantiles, answers, WEIR_METRIC_QUANTILES);
    for (size_t i = 0; i < WEIR_METRIC_QUANTILES; i++)
        put_number(out, names[i], answers[i]);
}

static void put_value(struct weir_buf *out, const struct weir_metric *metric)
{
    const struct weir_meter *meter = metric->value;

    switch (metric->kind) {
    case WEIR_METRIC_COUNTER:
        put_number(out, "count", (double)weir_counter_get(metric->value));
        return;
    case WEIR_METRIC_GAUGE:
        put_number(out, "value", weir_gauge_get(metric->value));
        return;
    case WEIR_METRIC_METER:
        put_number(out, "count", (double)weir_counter_get(&meter->count));
        put_number(out, "per_second", weir_gauge_get(&meter->rate));
        return;
    case WEIR_METRIC_HISTOGRAM:
        put_histogram(out, metric->value);
        return;
    }
}

void weir_metrics_json_lines(struct weir_metrics *metrics, int64_t wall_ms, struct weir_buf *out)
{
    static const char *const kinds[] = {[WEIR_METRIC_COUNTER] = "counter",
                                        [WEIR_METRIC_GAUGE] = "gauge",
                                        [WEIR_METRIC_METER] = "meter",
                                        [WEIR_METRIC_HISTOGRAM] = "histogram"};

    weir_metrics_refresh(metrics);
    for (size_t i = 0; i < metrics->count; i++) {
        const struct weir_metric *metric = metrics->items[i];

        weir_buf_printf(out, "{\"time_ms\":%lld,\"name\":", (long long)wall_ms);
        put_string(out, metric->name);
        put_labels(out, metric->scope);
        weir_buf_printf(out, ",\"kind\":\"%s\"", kinds[metric->kind]);
        put_value(out, metric);
        weir_buf_printf(out, "}\n");
    }
}
