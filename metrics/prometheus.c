/*
 * prometheus.c - the metrics as Prometheus's text format 0.0.4. A family is one name with its help and type, and a line
 * for each set of labels.
 *
 * Names follow the convention of micrometer, which Pravega reports with: dots are underscores, a counter ends in
 * "_total".
 */
#include <math.h>
#include <string.h>

#include "metrics/registry_int.h"

static void put_name(struct weir_buf *out, const char *name, const char *suffix)
{
    for (const char *c = name; *c != '\0'; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9' && c > name);

        weir_buf_u8(out, (uint8_t)(plain || *c == ':' ? *c : '_'));
    }
    weir_buf_append(out, suffix, strlen(suffix));
}

static void put_escaped(struct weir_buf *out, const char *text, bool quoted)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            weir_buf_append(out, "\\n", 2);
        else if (*text == '\\' || (*text == '"' && quoted))
            weir_buf_append(out, (char[]){'\\', *text}, 2);
        else
            weir_buf_u8(out, (uint8_t)*text);
    }
}

/* "{a="1",b="2"}", outermost scope last; nothing if there are none. */
static void put_labels(struct weir_buf *out, const struct weir_metric_scope *scope, const char *quantile)
{
    bool any = false;

    for (; scope != NULL; scope = scope->parent) {
        if (scope->label.name == NULL)
            continue;
        weir_buf_u8(out, any ? ',' : '{');
        put_name(out, scope->label.name, "=\"");
        put_escaped(out, scope->label.value, true);
        weir_buf_u8(out, '"');
        any = true;
    }
    if (quantile != NULL) {
        weir_buf_printf(out, "%squantile=\"%s\"", any ? "," : "{", quantile);
        any = true;
    }
    if (any)
        weir_buf_u8(out, '}');
}

static void put_number(struct weir_buf *out, double value)
{
    if (isnan(value))
        weir_buf_printf(out, " NaN\n");
    else if (isinf(value))
        weir_buf_printf(out, " %sInf\n", value > 0 ? "+" : "-");
    else
        weir_buf_printf(out, " %.15g\n", value);
}

static void put_sample(struct weir_buf *out, const struct weir_metric *metric, const char *suffix, const char *quantile,
                       double value)
{
    put_name(out, metric->name, suffix);
    put_labels(out, metric->scope, quantile);
    put_number(out, value);
}

static void put_family(struct weir_buf *out, const struct weir_metric *metric, const char *suffix, const char *type)
{
    weir_buf_printf(out, "# HELP ");
    put_name(out, metric->name, suffix);
    weir_buf_u8(out, ' ');
    put_escaped(out, metric->help, false);
    weir_buf_printf(out, "\n# TYPE ");
    put_name(out, metric->name, suffix);
    weir_buf_printf(out, " %s\n", type);
}

static const char *total(const struct weir_metric *metric)
{
    size_t len = strlen(metric->name);

    return len >= 6 && strcmp(metric->name + len - 6, ".total") == 0 ? "" : "_total";
}

static void put_histogram(struct weir_buf *out, const struct weir_metric *metric)
{
    static const char *const names[WEIR_METRIC_QUANTILES] = {"0.5", "0.9", "0.99", "0.999", "1"};
    const struct weir_histogram *histogram = metric->value;
    double answers[WEIR_METRIC_QUANTILES];

    weir_histogram_quantiles(histogram, weir_metric_quantiles, answers, WEIR_METRIC_QUANTILES);
    for (size_t i = 0; i < WEIR_METRIC_QUANTILES; i++)
        put_sample(out, metric, "", names[i], answers[i]);
    put_sample(out, metric, "_sum", NULL, (double)weir_counter_get(&histogram->sum));
    put_sample(out, metric, "_count", NULL, (double)weir_counter_get(&histogram->count));
}

/* items[first..end) are one family. */
static void put_metrics(struct weir_buf *out, struct weir_metric *const *items, size_t first, size_t end)
{
    const struct weir_metric *metric = items[first];

    switch (metric->kind) {
    case WEIR_METRIC_COUNTER:
        put_family(out, metric, total(metric), "counter");
        for (size_t i = first; i < end; i++)
            put_sample(out, items[i], total(metric), NULL, (double)weir_counter_get(items[i]->value));
        return;
    case WEIR_METRIC_GAUGE:
        put_family(out, metric, "", "gauge");
        for (size_t i = first; i < end; i++)
            put_sample(out, items[i], "", NULL, weir_gauge_get(items[i]->value));
        return;
    case WEIR_METRIC_METER:
        put_family(out, metric, total(metric), "counter");
        for (size_t i = first; i < end; i++)
            put_sample(out, items[i], total(metric), NULL,
                       (double)weir_counter_get(&((const struct weir_meter *)items[i]->value)->count));
        put_family(out, metric, "_per_second", "gauge");
        for (size_t i = first; i < end; i++)
            put_sample(out, items[i], "_per_second", NULL,
                       weir_gauge_get(&((const struct weir_meter *)items[i]->value)->rate));
        return;
    case WEIR_METRIC_HISTOGRAM:
        put_family(out, metric, "", "summary");
        for (size_t i = first; i < end; i++)
            put_histogram(out, items[i]);
        return;
    }
}

void weir_metrics_prometheus(struct weir_metrics *metrics, struct weir_buf *out)
{
    size_t end;

    weir_metrics_refresh(metrics);
    for (size_t first = 0; first < metrics->count; first = end) {
        end = first + 1;
        while (end < metrics->count && strcmp(metrics->items[end]->name, metrics->items[first]->name) == 0)
            end++;
        put_metrics(out, metrics->items, first, end);
    }
}
