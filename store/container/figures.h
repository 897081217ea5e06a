/**
 * @file store/container/figures.h
 * @brief What the store's parts measure themselves as they go: by group of the log, by flush, by call; never by event.
 *
 * Whoever wants the figures makes the struct and lends it to the parts; without one they measure nothing.
 */
#ifndef WEIR_STORE_FIGURES_H
#define WEIR_STORE_FIGURES_H

#include "metrics/values.h"

/* The controller's calls that Pravega measures: id, name of the call; and what it counts them as if they succeed, if
 * they fail, and how long they take. */
#define WEIR_MEASURED_CALLS(X)                                                                                         \
    X(CREATE_SCOPE, "createScope", "scope.created", "scope.create_failed_global", "scope.created_latency_ms")          \
    X(DELETE_SCOPE, "deleteScope", "scope.deleted", "scope.delete_failed_global", "scope.deleted_latency_ms")          \
    X(CREATE_STREAM, "createStream", "stream.created", "stream.create_failed_global", "stream.created_latency_ms")     \
    X(SEAL_STREAM, "sealStream", "stream.sealed", "stream.seal_failed_global", "stream.sealed_latency_ms")             \
    X(DELETE_STREAM, "deleteStream", "stream.deleted", "stream.delete_failed_global", "stream.deleted_latency_ms")     \
    X(UPDATE_STREAM, "updateStream", "stream.updated_global", "stream.update_failed_global",                           \
      "stream.updated_latency_ms")                                                                                     \
    X(TRUNCATE_STREAM, "truncateStream", "stream.truncated_global", "stream.truncate_failed_global",                   \
      "stream.truncated_latency_ms")                                                                                   \
    X(CREATE_GROUP, "createReaderGroup", "stream.create_reader_group_global",                                          \
      "stream.create_reader_group_failed_global", "stream.create_reader_group_latency_ms")                             \
    X(DELETE_GROUP, "deleteReaderGroup", "stream.delete_reader_group_global",                                          \
      "stream.delete_reader_group_failed_global", "stream.delete_reader_group_latency_ms")                             \
    X(UPDATE_GROUP, "updateReaderGroup", "stream.update_reader_group_global",                                          \
      "stream.update_reader_group_failed_global", "stream.update_reader_group_latency_ms")                             \
    X(UPDATE_SUBSCRIBER, "updateSubscriberStreamCut", "stream.update_subscriber_streamcut_global",                     \
      "stream.update_subscriber_streamcut_failed_global", "stream.update_subscriber_streamcut_latency_ms")             \
    X(CREATE_TRANSACTION, "createTransaction", "transactions.created_global", "transactions.create_failed_global",     \
      "transactions.created_latency_ms")                                                                               \
    X(COMMIT_TRANSACTION, "commitTransaction", "transactions.committed_global", "transactions.commit_failed_global",   \
      "transactions.committed_latency_ms")                                                                             \
    X(ABORT_TRANSACTION, "abortTransaction", "transactions.aborted_global", "transactions.abort_failed_global",        \
      "transactions.aborted_latency_ms")

enum weir_measured_call {
#define X(id, name, done, failed, latency) WEIR_MEASURED_##id,
    WEIR_MEASURED_CALLS(X)
#undef X
        WEIR_MEASURED_COUNT
};

struct weir_call_figures {
    struct weir_counter done, failed;
    struct weir_histogram latency_ms;
};

struct weir_store_figures {
    struct weir_histogram log_write_us; /**< a group: handed to the pool until it is written and synced */
    struct weir_histogram log_group_bytes, log_group_records;
    struct weir_histogram flush_ms; /**< from its plan until its checkpoint is published */
    struct weir_counter calls;      /**< of the controller, all of them */
    struct weir_call_figures measured[WEIR_MEASURED_COUNT];
};

#endif
