/**
 * @file metrics/registry.h
 * @brief The registry: which values there are, under which names and labels, and the texts that show them.
 *
 * A *scope* puts a name in front of its metrics' names, or a label on them, or both; scopes stand in scopes. A metric's
 * whole name is the names of its scopes and its own, joined by dots: "pravega.segmentstore.segment.write_bytes". Values
 * belong to those who change them (metrics/values.h) and outlive their scope.
 *
 * Thread: registry and scopes belong to one thread, which also makes the reports; values may be changed by others.
 */
#ifndef WEIR_METRICS_REGISTRY_H
#define WEIR_METRICS_REGISTRY_H

#include "metrics/values.h"
#include "weir/buf.h"

struct weir_metrics;      /* the registry; opaque */
struct weir_metric_scope; /* opaque */

enum weir_metric_kind { WEIR_METRIC_COUNTER, WEIR_METRIC_GAUGE, WEIR_METRIC_METER, WEIR_METRIC_HISTOGRAM };

/** @param metric_max more metrics than this are refused; 0 means 10,000 @retval WEIR_E_NOMEM */
enum weir_status weir_metrics_new(size_t metric_max, struct weir_metrics **out, struct weir_error *err);
/** With all its scopes. NULL is fine. */
void weir_metrics_free(struct weir_metrics *metrics);
/** The scope without a name, in which all others stand. */
struct weir_metric_scope *weir_metrics_root(struct weir_metrics *metrics);
/** Called before each report, for values that are kept elsewhere: the place to copy them. One at a time. */
void weir_metrics_on_report(struct weir_metrics *metrics, void (*refresh)(void *arg), void *arg);

/**
 * @param name, label, value copied; name NULL: only a label; label NULL: only a name
 * @param out  owned by the parent too: it goes with it @retval WEIR_E_NOMEM
 */
enum weir_status weir_metric_scope_new(struct weir_metric_scope *parent, const char *name, const char *label,
                                       const char *value, struct weir_metric_scope **out, struct weir_error *err);
/** Takes its metrics out of the reports, and those of scopes in it. NULL is fine. */
void weir_metric_scope_free(struct weir_metric_scope *scope);

/**
 * @param name  copied @param help static, one line: what it says, with its unit
 * @param value of the kind's struct (struct weir_counter for a counter, ...), borrowed until the scope goes
 * @retval WEIR_E_EXISTS   the same name with the same labels is there
 * @retval WEIR_E_CONFLICT the same name is of another kind
 * @retval WEIR_E_LIMIT    there are too many @retval WEIR_E_NOMEM
 */
enum weir_status weir_metric_add(struct weir_metric_scope *scope, enum weir_metric_kind kind, const char *name,
                                 const char *help, const void *value, struct weir_error *err);

/** Prometheus's text format, version 0.0.4. Counters end in "_total"; a histogram is a summary. A failure sticks in
 * `out`. */
void weir_metrics_prometheus(struct weir_metrics *metrics, struct weir_buf *out);
/** A line of JSON for each metric: {"time_ms":..., "name":..., "labels":{...}, "kind":..., ...}. */
void weir_metrics_json_lines(struct weir_metrics *metrics, int64_t wall_ms, struct weir_buf *out);

#endif
