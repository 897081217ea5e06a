/**
 * @file weir/pravega.h
 * @brief The Pravega reader and writer as source and sink. Mirrors upstream's PravegaConfig, FlinkPravegaReader and
 *        FlinkPravegaWriter: each builder method there is a field here.
 *
 * Where upstream has a default, zero means it.
 */
#ifndef WEIR_PRAVEGA_H
#define WEIR_PRAVEGA_H

#include "pravega/client.h"
#include "weir/env.h"
#include "weir/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Upstream's PravegaConfig. NULL fields: environment variable, then the default. */
struct weir_pravega_config {
    const char *controller_uri; /**< --controller, PRAVEGA_CONTROLLER_URI, "tcp://localhost:9090" */
    const char *scope;          /**< default scope: --scope, PRAVEGA_SCOPE, none */
    /* As in pravega/client.h, whose pravega_client_options_from_environment() says which variables fill them. */
    const char *trust_store;
    bool skip_hostname_validation;
    const char *auth_method, *auth_token; /**< upstream's Credentials */
};

/** Takes `--controller URI` and `--scope NAME` out of argv (argc is updated). Strings stay argv's and the
 * environment's. */
struct weir_pravega_config weir_pravega_config_from_args(int *argc, char **argv);

/** Which event ends the reading of a stream. */
enum weir_pravega_end {
    WEIR_PRAVEGA_UNBOUNDED = 0, /**< none: reading goes on as events come */
    WEIR_PRAVEGA_TAIL,          /**< the last one that is there when the job starts (upstream's bounded reading) */
};

#define WEIR_PRAVEGA_STREAMS_MAX 16

struct weir_pravega_reader_options {
    const struct weir_pravega_config *config;      /**< NULL: from the environment variables */
    const char *streams[WEIR_PRAVEGA_STREAMS_MAX]; /**< "scope/stream", or "stream" in the default scope; 1 or more */
    enum weir_pravega_end end;
    struct weir_deserialization_schema deserialization_schema;
    /** A message that the schema refuses: false fails the job with its place, true skips and counts it
     * (numRecordsInErrors). */
    bool skip_malformed;
    size_t buffer_bytes; /**< for each segment; 0 means 1 MiB */
};

/**
 * Reads the events of streams. Segments are shared out among the subtasks; their offsets are in the checkpoint, so that
 * a restored job goes on where the checkpoint was. Each segment has its own watermark. Truncated data is skipped and
 * counted. A stream of fixed segments is read whole; one that was scaled needs a reader group, and the job says so.
 */
struct weir_source *weir_pravega_reader(weir_env *env, const struct weir_pravega_reader_options *options);

/** Upstream's PravegaWriterMode. */
enum weir_pravega_writer_mode {
    WEIR_PRAVEGA_ATLEAST_ONCE = 0, /**< a checkpoint completes when all before it is durable; a restart writes again */
    WEIR_PRAVEGA_EXACTLY_ONCE,     /**< a transaction for each checkpoint, committed when it is complete */
    WEIR_PRAVEGA_BEST_EFFORT,      /**< a checkpoint does not wait */
};

struct weir_pravega_writer_options {
    const struct weir_pravega_config *config; /**< NULL: from the environment variables */
    const char *stream;
    enum weir_pravega_writer_mode writer_mode;
    int64_t txn_lease_renewal_period_ms; /**< 600000, the greatest that Pravega takes; 10000 or more */
    struct weir_serialization_schema serialization_schema;
    /** Upstream's EventRouter: the routing key of an element (borrowed until the call after next); NULL: random
     * segments. */
    struct weir_view (*event_router)(void *arg, const void *element);
    void *arg;
    size_t window_bytes; /**< of events that are not acknowledged; 0 means 16 MiB */
};

/**
 * Writes events. A commit whose outcome is not known to be success is an error: where upstream logs a lost transaction
 * and goes on, the job fails and names it.
 */
struct weir_sink *weir_pravega_writer(weir_env *env, const struct weir_pravega_writer_options *options);

#ifdef __cplusplus
}
#endif

#endif
