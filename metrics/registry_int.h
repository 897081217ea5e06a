/**
 * @file metrics/registry_int.h
 * @brief The registry as its reporters see it: metrics in the order of their names.
 */
#ifndef WEIR_METRICS_REGISTRY_INT_H
#define WEIR_METRICS_REGISTRY_INT_H

#include <sys/queue.h>

#include "metrics/registry.h"

struct weir_metric_label {
    char *name, *value;
};

struct weir_metric {
    struct weir_metric_scope *scope;
    enum weir_metric_kind kind;
    char *name; /* whole, with dots */
    const char *help;
    const void *value;
};

struct weir_metric_scope {
    struct weir_metrics *metrics;
    struct weir_metric_scope *parent;
    char *name; /* of all scopes down to here, with a dot behind; "" for the root */
    struct weir_metric_label label; /* NULLs: none */
    TAILQ_HEAD(, weir_metric_scope) children;
    TAILQ_ENTRY(weir_metric_scope) entry;
};

struct weir_metrics {
    struct weir_metric **items; /* by name, then in the order of adding */
    size_t count, cap, metric_max;
    struct weir_metric_scope root;
    void (*refresh)(void *arg);
    void *refresh_arg;
};

/** What reports show of a histogram. */
#define WEIR_METRIC_QUANTILES 5
extern const double weir_metric_quantiles[WEIR_METRIC_QUANTILES];

void weir_metrics_refresh(struct weir_metrics *metrics);

#endif
