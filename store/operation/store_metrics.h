/**
 * @file store/operation/store_metrics.h
 * @brief The store's metrics: one table of names, helps and where each value comes from; docs/store.md is checked
 * against it.
 */
#ifndef WEIR_STORE_STORE_METRICS_H
#define WEIR_STORE_STORE_METRICS_H

#include "store/container/figures.h"
#include "store/operation/rest_server.h"
#include "store/segments/wire_server.h"
#include "weir/buf.h"

struct weir_store_metrics;

/** Where the values are; what is not there yet when a report is made is NULL. All borrowed. */
struct weir_metric_sources {
    struct weir_loop *loop;
    const struct weir_container *ctr;
    const struct weir_wire_server *wire;
    const struct weir_rest_server *rest;
    const struct weir_controller *ctl;
    const struct weir_room *call_room; /* of those two's connections */
};

/** @retval WEIR_E_NOMEM */
enum weir_status weir_store_metrics_new(struct weir_loop *loop, struct weir_store_metrics **out,
                                        struct weir_error *err);
void weir_store_metrics_free(struct weir_store_metrics *metrics); /**< NULL is fine */
/** What the parts of the store fill; lives as long as the metrics. */
struct weir_store_figures *weir_store_metrics_figures(struct weir_store_metrics *metrics);
void weir_store_metrics_sources(struct weir_store_metrics *metrics, const struct weir_metric_sources *sources);
/** Prometheus's text. A failure sticks in `out`. */
void weir_store_metrics_report(struct weir_store_metrics *metrics, struct weir_buf *out);

#endif
