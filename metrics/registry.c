/*
 * registry.c - scopes and the metrics in them, kept in the order of their names.
 */
#include "metrics/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/registry_int.h"

#define METRICS_DEFAULT 10000

const double weir_metric_quantiles[WEIR_METRIC_QUANTILES] = {0.5, 0.9, 0.99, 0.999, 1};

/* --- Life --------------------------------------------------------------------------------------------------------- */

enum weir_status weir_metrics_new(size_t metric_max, struct weir_metrics **out, struct weir_error *err)
{
    static char no_name[] = "";
    struct weir_metrics *metrics = calloc(1, sizeof(*metrics));

    if (metrics == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for metrics");
    metrics->metric_max = metric_max > 0 ? metric_max : METRICS_DEFAULT;
    metrics->root.metrics = metrics;
    metrics->root.name = no_name;
    TAILQ_INIT(&metrics->root.children);
    *out = metrics;
    return WEIR_OK;
}

static void free_children(struct weir_metric_scope *scope)
{
    struct weir_metric_scope *child;

    while ((child = TAILQ_FIRST(&scope->children)) != NULL)
        weir_metric_scope_free(child);
}

static void metric_free(struct weir_metric *metric)
{
    free(metric->name);
    free(metric);
}

void weir_metrics_free(struct weir_metrics *metrics)
{
    if (metrics == NULL)
        return;
    free_children(&metrics->root);
    for (size_t i = 0; i < metrics->count; i++)
        metric_free(metrics->items[i]);
    free(metrics->items);
    free(metrics);
}

struct weir_metric_scope *weir_metrics_root(struct weir_metrics *metrics)
{
    return &metrics->root;
}

void weir_metrics_on_report(struct weir_metrics *metrics, void (*refresh)(void *arg), void *arg)
{
    metrics->refresh = refresh;
    metrics->refresh_arg = arg;
}

void weir_metrics_refresh(struct weir_metrics *metrics)
{
    if (metrics->refresh != NULL)
        metrics->refresh(metrics->refresh_arg);
}

/* --- Scopes ------------------------------------------------------------------------------------------------------- */

static void scope_memory_free(struct weir_metric_scope *scope)
{
    free(scope->name);
    free(scope->label.name);
    free(scope->label.value);
    free(scope);
}

enum weir_status weir_metric_scope_new(struct weir_metric_scope *parent, const char *name, const char *label,
                                       const char *value, struct weir_metric_scope **out, struct weir_error *err)
{
    struct weir_metric_scope *scope = calloc(1, sizeof(*scope));
    bool made = scope != NULL;

    if (made && asprintf(&scope->name, "%s%s%s", parent->name, name != NULL ? name : "", name != NULL ? "." : "") < 0) {
        scope->name = NULL;
        made = false;
    }
    if (made && label != NULL) {
        scope->label = (struct weir_metric_label){strdup(label), strdup(value)};
        made = scope->label.name != NULL && scope->label.value != NULL;
    }
    if (!made) {
        if (scope != NULL)
            scope_memory_free(scope);
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a scope of metrics");
    }
    scope->metrics = parent->metrics;
    scope->parent = parent;
    TAILQ_INIT(&scope->children);
    TAILQ_INSERT_TAIL(&parent->children, scope, entry);
    *out = scope;
    return WEIR_OK;
}

void weir_metric_scope_free(struct weir_metric_scope *scope)
{
    struct weir_metrics *metrics;
    size_t kept = 0;

    if (scope == NULL)
        return;
    free_children(scope);
    metrics = scope->metrics;
    for (size_t i = 0; i < metrics->count; i++) {
        if (metrics->items[i]->scope == scope)
            metric_free(metrics->items[i]);
        else
            metrics->items[kept++] = metrics->items[i];
    }
    metrics->count = kept;
    TAILQ_REMOVE(&scope->parent->children, scope, entry);
    scope_memory_free(scope);
}

/* --- Metrics ------------------------------------------------------------------------------------------------------ */

static const struct weir_metric_label *next_label(const struct weir_metric_scope **scope)
{
    const struct weir_metric_label *label = NULL;

    for (; *scope != NULL && label == NULL; *scope = (*scope)->parent) {
        if ((*scope)->label.name != NULL)
            label = &(*scope)->label;
    }
    return label;
}

static bool same_labels(const struct weir_metric_scope *a, const struct weir_metric_scope *b)
{
    for (;;) {
        const struct weir_metric_label *of_a = next_label(&a), *of_b = next_label(&b);

        if (of_a == NULL || of_b == NULL)
            return of_a == of_b;
        if (strcmp(of_a->name, of_b->name) != 0 || strcmp(of_a->value, of_b->value) != 0)
            return false;
    }
}

/* Where a metric of that name goes: behind all that are not greater. */
static size_t place_of(const struct weir_metrics *metrics, const char *name)
{
    size_t low = 0, high = metrics->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(metrics->items[middle]->name, name) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum weir_status check_family(const struct weir_metrics *metrics, const struct weir_metric *metric, size_t place,
                                     struct weir_error *err)
{
    for (size_t i = place; i-- > 0 && strcmp(metrics->items[i]->name, metric->name) == 0;) {
        if (metrics->items[i]->kind != metric->kind)
            return weir_fail(err, WEIR_E_CONFLICT, "the metric %s is of another kind already", metric->name);
        if (same_labels(metrics->items[i]->scope, metric->scope))
            return weir_fail(err, WEIR_E_EXISTS, "there is a metric %s with these labels already", metric->name);
    }
    return WEIR_OK;
}

static enum weir_status insert(struct weir_metrics *metrics, struct weir_metric *metric, struct weir_error *err)
{
    size_t place = place_of(metrics, metric->name);
    enum weir_status status = check_family(metrics, metric, place, err);

    if (status != WEIR_OK)
        return status;
    if (metrics->count == metrics->metric_max)
        return weir_fail(err, WEIR_E_LIMIT, "there are %zu metrics already, the most that are kept", metrics->count);
    if (metrics->count == metrics->cap) {
        size_t cap = metrics->cap > 0 ? metrics->cap * 2 : 64;
        struct weir_metric **items = realloc(metrics->items, cap * sizeof(struct weir_metric *));

        if (items == NULL)
            return weir_fail(err, WEIR_E_NOMEM, "no memory for the metric %s", metric->name);
        metrics->items = items;
        metrics->cap = cap;
    }
    memmove(metrics->items + place + 1, metrics->items + place,
            (metrics->count - place) * sizeof(struct weir_metric *));
    metrics->items[place] = metric;
    metrics->count++;
    return WEIR_OK;
}

enum weir_status weir_metric_add(struct weir_metric_scope *scope, enum weir_metric_kind kind, const char *name,
                                 const char *help, const void *value, struct weir_error *err)
{
    struct weir_metric *metric = calloc(1, sizeof(*metric));
    enum weir_status status;

    if (metric == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for the metric %s", name);
    *metric = (struct weir_metric){.scope = scope, .kind = kind, .help = help, .value = value};
    if (asprintf(&metric->name, "%s%s", scope->name, name) < 0) {
        metric->name = NULL;
        status = weir_fail(err, WEIR_E_NOMEM, "no memory for the metric %s", name);
    } else {
        status = insert(scope->metrics, metric, err);
    }
    if (status != WEIR_OK)
        metric_free(metric);
    return status;
}
