/*
 * store_metrics.c - the table of the store's metrics, and their values when somebody asks.
 *
 * What the parts count anyway is copied before a report; what they measure as they go is in the figures. Names that
 * begin with "pravega." are Pravega's own for the same thing, "weir." ones are ours.
 */
#include "store/operation/store_metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/registry.h"
#include "weir/fs.h"

#define PERIOD_NS (60 * WEIR_NS_PER_S) /* quantiles are of the last one to two of these */

/* kind, field, scope, name, help, value. Values are of: c container, w segment connections, h HTTP, g gRPC, r the room
 * of their calls, m the rest. */
#define COPIED_METRICS(X)                                                                                              \
    X(COUNTER, write_bytes, pravega, "segmentstore.segment.write_bytes_global", "Bytes appended.", c.append_bytes)     \
    X(COUNTER, write_events, pravega, "segmentstore.segment.write_events_global", "Events appended.", c.event_count)   \
    X(COUNTER, read_bytes, pravega, "segmentstore.segment.read_bytes_global", "Bytes read from segments.",             \
      c.read_bytes)                                                                                                    \
    X(COUNTER, appends, container, "segmentstore.container.append_count", "Appends: blocks of events.",                \
      c.append_count)                                                                                                  \
    X(COUNTER, reads, container, "segmentstore.container.read_count", "Reads of segments.", c.read_count)              \
    X(GAUGE, segments, container, "segmentstore.container.active_segments", "Segments there are.", c.segment_count)    \
    X(GAUGE, recovery_ms, container, "segmentstore.container.recovery_time",                                           \
      "Milliseconds that recovery took at the start.", c.recovery_ms)                                                  \
    X(COUNTER, flushed, pravega, "segmentstore.storagewriter.flushed_bytes", "Bytes written to chunk files.",          \
      c.flush_bytes)                                                                                                   \
    X(GAUGE, used_bytes, pravega, "segmentstore.storage.used_bytes", "Bytes of chunk files and of the log.",           \
      c.chunk_bytes + c.unflushed_bytes)                                                                               \
    X(COUNTER, log_records, weir, "log.records", "Records put into the log.", c.record_count)                          \
    X(COUNTER, log_bytes, weir, "log.bytes", "Bytes put into the log.", c.log_bytes)                                   \
    X(COUNTER, log_groups, weir, "log.groups", "Groups of records written, each in one write.", c.group_count)         \
    X(COUNTER, log_syncs, weir, "log.syncs", "Syncs of the log.", c.sync_count)                                        \
    X(GAUGE, unflushed, weir, "log.unflushed_bytes",                                                                   \
      "Bytes of the log that no checkpoint covers: held in memory, and read again at a start.", c.unflushed_bytes)     \
    X(GAUGE, unflushed_max, weir, "log.unflushed_limit_bytes", "Writes wait while more is not flushed.",               \
      c.unflushed_max)                                                                                                 \
    X(GAUGE, full, weir, "disk_full", "1 while writes wait for space on the disk.", c.full)                            \
    X(GAUGE, failed, weir, "failed", "1 after a write or sync failed: nothing is taken until a restart.", c.failed)    \
    X(COUNTER, flushes, weir, "flush.count", "Flushes, each with its checkpoint.", c.flush_count)                      \
    X(GAUGE, checkpoint_age, weir, "checkpoint.age_seconds", "Seconds since the last checkpoint, or since the start.", \
      (double)(weir_loop_now_ns(m->sources.loop) - c.published_ns) / 1e9)                                              \
    X(GAUGE, chunk_count, weir, "chunks.count", "Chunk files.", c.chunk_count)                                         \
    X(GAUGE, chunk_bytes, weir, "chunks.bytes", "Bytes of chunk files.", c.chunk_bytes)                                \
    X(GAUGE, live_bytes, weir, "chunks.live_bytes", "Bytes of chunk files that segments refer to.",                    \
      c.chunk_live_bytes)                                                                                              \
    X(COUNTER, cold_reads, weir, "reads.cold", "Reads that went to a chunk file.", c.cold_read_count)                  \
    X(GAUGE, map_entries, weir, "metadata.entries", "Entries of the map of metadata.", c.map_count)                    \
    X(GAUGE, conns, weir, "connections.open", "Connections to the segment port.", w.connection_count)                  \
    X(COUNTER, accepted, weir, "connections.accepted", "Connections to the segment port so far.", w.accepted_count)    \
    X(GAUGE, paused, weir, "connections.paused", "Connections that are not read from because of what they wait for.",  \
      w.paused_count)                                                                                                  \
    X(GAUGE, unsent, weir, "connections.unsent_bytes", "Bytes that clients have not fetched.", w.unsent_bytes)         \
    X(GAUGE, unacked, weir, "connections.unacked_bytes", "Bytes of appends that are not acknowledged.",                \
      w.unacked_bytes)                                                                                                 \
    X(GAUGE, held, weir, "connections.held_bytes", "Memory that they hold together.", w.held_bytes)                   \
    X(GAUGE, held_most, weir, "connections.held_bytes_peak", "The most that they have held together.",                 \
      w.held_bytes_max)                                                                                                \
    X(COUNTER, refused, weir, "connections.refused", "Connections that were not let in.", w.refused_count)             \
    X(COUNTER, stuck, weir, "connections.stuck", "Connections ended because others waited for what they held.",        \
      w.stuck_count)                                                                                                   \
    X(COUNTER, late, weir, "connections.late", "Connections ended because what they began did not arrive.",            \
      w.late_count)                                                                                                    \
    X(GAUGE, http_conns, weir, "http.connections", "Connections to the HTTP port.", h.connection_count)                \
    X(COUNTER, http_requests, weir, "http.requests", "Requests over HTTP.", h.request_count)                           \
    X(COUNTER, http_refused, weir, "http.refused",                                                                     \
      "Requests that were none, and connections for which there was no room.", h.refused_count)                        \
    X(GAUGE, ctl_conns, weir, "controller.connections", "Connections to the controller.", g.connection_count)          \
    X(COUNTER, ctl_displaced, weir, "controller.displaced",                                                            \
      "Connections without calls that were closed to make room for others.", g.displaced_count)                        \
    X(COUNTER, ctl_refused, weir, "controller.refused", "Connections for which there was no room.", g.refused_count)   \
    X(COUNTER, ctl_late, weir, "controller.late", "Calls and connections that began and did not arrive.",              \
      g.late_count)                                                                                                    \
    X(GAUGE, calls_held, weir, "calls.held_bytes", "Memory that calls hold together, over gRPC and HTTP.", r.held)     \
    X(GAUGE, calls_held_most, weir, "calls.held_bytes_peak", "The most that they have held together.", r.held_max)     \
    X(COUNTER, calls_refused, weir, "calls.refused", "Calls and answers for which there was no room.",                 \
      r.refused_count)                                                                                                 \
    X(COUNTER, calls_stuck, weir, "calls.stuck", "Connections ended because others needed what they held.",            \
      r.stuck_count)                                                                                                   \
    X(GAUGE, uptime, weir, "uptime_seconds", "Seconds since the start.",                                               \
      (double)(weir_loop_now_ns(m->sources.loop) - m->began_ns) / 1e9)                                                 \
    X(GAUGE, memory, root, "process.resident_memory_bytes", "Resident memory of the process.", resident_bytes(m))

/* field of the figures, scope, name, help */
#define MEASURED_METRICS(X)                                                                                            \
    X(HISTOGRAM, log_write_us, weir, "log.write_us", "Microseconds until a group of the log was written and synced.")  \
    X(HISTOGRAM, log_group_bytes, weir, "log.group_bytes", "Bytes of a group of the log.")                             \
    X(HISTOGRAM, log_group_records, weir, "log.group_records", "Records of a group of the log.")                       \
    X(HISTOGRAM, flush_ms, weir, "flush.ms", "Milliseconds that a flush took.")                                        \
    X(COUNTER, calls, weir, "controller.calls", "Calls to the controller, over gRPC and HTTP.")

#define KIND_COUNTER struct weir_counter
#define KIND_GAUGE struct weir_gauge

struct weir_store_metrics {
    struct weir_metrics *registry;
    struct weir_metric_sources sources;
    struct weir_store_figures figures;
    struct weir_timer period;
    struct weir_loop *loop;
    int64_t began_ns;
    struct {
#define X(kind, field, scope, name, help, value) KIND_##kind field;
        COPIED_METRICS(X)
#undef X
    } copied;
};

/* --- Values ------------------------------------------------------------------------------------------------------- */

/* From the process's own file; 0 where there is none, as in a simulation. */
static double resident_bytes(const struct weir_store_metrics *metrics)
{
    struct weir_fs *fs = weir_host_fs(weir_loop_host(metrics->loop));
    struct weir_file *file = NULL;
    char text[4096];
    size_t got = 0;
    const char *line = NULL;

    if (weir_fs_open(fs, "/proc/self/status", WEIR_OPEN_READ, &file, NULL) == WEIR_OK &&
        weir_file_read_at(file, text, sizeof(text) - 1, 0, &got, NULL) == WEIR_OK) {
        text[got] = '\0';
        line = strstr(text, "VmRSS:");
    }
    weir_file_close(file);
    return line != NULL ? strtod(line + strlen("VmRSS:"), NULL) * 1024 : 0;
}

static void set_COUNTER(struct weir_counter *counter, double value)
{
    weir_counter_set(counter, (uint64_t)value);
}

static void set_GAUGE(struct weir_gauge *gauge, double value)
{
    weir_gauge_set(gauge, value);
}

static void refresh(void *arg)
{
    struct weir_store_metrics *m = arg;
    struct weir_container_stats c = {0};
    struct weir_wire_stats w = {0};
    struct weir_http_server_stats h = {0};
    struct weir_grpc_server_stats g = {0};
    struct weir_room r = {0};

    if (m->sources.ctr != NULL)
        weir_container_stats(m->sources.ctr, &c);
    if (m->sources.wire != NULL)
        weir_wire_server_stats(m->sources.wire, &w);
    if (m->sources.rest != NULL)
        weir_rest_server_stats(m->sources.rest, &h);
    if (m->sources.ctl != NULL)
        weir_controller_connections(m->sources.ctl, &g);
    if (m->sources.call_room != NULL)
        r = *m->sources.call_room;
#define X(kind, field, scope, name, help, value) set_##kind(&m->copied.field, (double)(value));
    COPIED_METRICS(X)
#undef X
}

/* --- The registry ------------------------------------------------------------------------------------------------- */

static enum weir_status add_calls(struct weir_store_metrics *m, struct weir_metric_scope *pravega,
                                  struct weir_error *err)
{
    static const char *const names[WEIR_MEASURED_COUNT][3] = {
#define X(id, name, done, failed, latency) {"controller." done, "controller." failed, "controller." latency},
        WEIR_MEASURED_CALLS(X)
#undef X
    };
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < WEIR_MEASURED_COUNT && status == WEIR_OK; i++) {
        struct weir_call_figures *call = &m->figures.measured[i];

        status = weir_metric_add(pravega, WEIR_METRIC_COUNTER, names[i][0], "Calls that succeeded.", &call->done, err);
        if (status == WEIR_OK)
            status = weir_metric_add(pravega, WEIR_METRIC_COUNTER, names[i][1], "Calls that failed or were refused.",
                                     &call->failed, err);
        if (status == WEIR_OK)
            status = weir_metric_add(pravega, WEIR_METRIC_HISTOGRAM, names[i][2],
                                     "Milliseconds until a call was answered.", &call->latency_ms, err);
    }
    return status;
}

static enum weir_status add_all(struct weir_store_metrics *m, struct weir_error *err)
{
    struct weir_metric_scope *root = weir_metrics_root(m->registry), *pravega, *container, *weir;
    enum weir_status status = weir_metric_scope_new(root, "pravega", NULL, NULL, &pravega, err);

    if (status == WEIR_OK)
        status = weir_metric_scope_new(pravega, NULL, "container", "0", &container, err);
    if (status == WEIR_OK)
        status = weir_metric_scope_new(root, "weir.store", NULL, NULL, &weir, err);
#define X(kind, field, scope, name, help, value)                                                                       \
    if (status == WEIR_OK)                                                                                             \
        status = weir_metric_add(scope, WEIR_METRIC_##kind, name, help, &m->copied.field, err);
    COPIED_METRICS(X)
#undef X
#define X(kind, field, scope, name, help)                                                                              \
    if (status == WEIR_OK)                                                                                             \
        status = weir_metric_add(scope, WEIR_METRIC_##kind, name, help, &m->figures.field, err);
    MEASURED_METRICS(X)
#undef X
    return status == WEIR_OK ? add_calls(m, pravega, err) : status;
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

static void period_over(void *arg)
{
    struct weir_store_metrics *m = arg;
    struct weir_store_figures *figures = &m->figures;

    weir_histogram_rotate(&figures->log_write_us);
    weir_histogram_rotate(&figures->log_group_bytes);
    weir_histogram_rotate(&figures->log_group_records);
    weir_histogram_rotate(&figures->flush_ms);
    for (size_t i = 0; i < WEIR_MEASURED_COUNT; i++)
        weir_histogram_rotate(&figures->measured[i].latency_ms);
    weir_timer_start(m->loop, &m->period, PERIOD_NS);
}

enum weir_status weir_store_metrics_new(struct weir_loop *loop, struct weir_store_metrics **out,
                                        struct weir_error *err)
{
    struct weir_store_metrics *m = calloc(1, sizeof(*m));
    enum weir_status status;

    if (m == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for the store's metrics");
    m->loop = m->sources.loop = loop;
    m->began_ns = weir_loop_now_ns(loop);
    m->period = (struct weir_timer){.fn = period_over, .arg = m};
    status = weir_metrics_new(0, &m->registry, err);
    if (status == WEIR_OK)
        status = add_all(m, err);
    if (status != WEIR_OK) {
        weir_store_metrics_free(m);
        return status;
    }
    weir_metrics_on_report(m->registry, refresh, m);
    weir_timer_start(loop, &m->period, PERIOD_NS);
    *out = m;
    return WEIR_OK;
}

void weir_store_metrics_free(struct weir_store_metrics *metrics)
{
    if (metrics == NULL)
        return;
    weir_timer_stop(metrics->loop, &metrics->period);
    weir_metrics_free(metrics->registry);
    free(metrics);
}

struct weir_store_figures *weir_store_metrics_figures(struct weir_store_metrics *metrics)
{
    return &metrics->figures;
}

void weir_store_metrics_sources(struct weir_store_metrics *metrics, const struct weir_metric_sources *sources)
{
    metrics->sources = *sources;
}

void weir_store_metrics_report(struct weir_store_metrics *metrics, struct weir_buf *out)
{
    weir_metrics_prometheus(metrics->registry, out);
}
