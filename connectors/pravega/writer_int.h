/**
 * @file connectors/pravega/writer_int.h
 * @brief What the plain and the transactional writer share: the sink's description, and the records that wait.
 */
#ifndef WEIR_CONNECTORS_PRAVEGA_WRITER_INT_H
#define WEIR_CONNECTORS_PRAVEGA_WRITER_INT_H

#include "connectors/pravega/config.h"
#include "weir/buf.h"

/** The description, shared by the subtasks. */
struct weir_pravega_sink {
    struct weir_sink base;
    struct weir_pravega_config config;
    struct weir_pravega_writer_options options;
    struct weir_pravega_stream stream;
};

/** First member of both writers. */
struct weir_pravega_writer_op {
    struct weir_operator base;
    const struct weir_pravega_sink *sink;
    struct pravega_client *client;
    struct weir_buf event;   /**< the record being written */
    struct weir_buf waiting; /**< those that there was no room for, in order: what one call (a window that fires) emits
                                  before `ready` is asked again can be many */
    size_t waiting_at;       /**< those before are taken */
    enum weir_status status; /**< what a write failed of while it was tried again outside of a call; sticks */
    struct weir_error error;
};

/** Hands one event to the store's side: OK, AGAIN (no room), or a failure. */
typedef enum weir_status weir_pravega_put_fn(struct weir_pravega_writer_op *op, const struct weir_view *key,
                                             struct weir_view event, struct weir_error *err);

void weir_pravega_writer_init(struct weir_pravega_writer_op *op, const struct weir_pravega_sink *sink,
                              const struct weir_operator_ops *ops, struct weir_context *ctx);
void weir_pravega_writer_fini(struct weir_pravega_writer_op *op);
/** Serializes, routes and puts an element; keeps it behind those that wait if there is no room. */
enum weir_status weir_pravega_writer_take(struct weir_pravega_writer_op *op, const void *element,
                                          weir_pravega_put_fn *put, struct weir_error *err);
/** Tries the waiting records again. True if none waits any more: also after a failure, which is kept in op->status. */
bool weir_pravega_writer_retry(struct weir_pravega_writer_op *op, weir_pravega_put_fn *put);
/** Words a failure with the stream's name. */
enum weir_status weir_pravega_writer_failure(const struct weir_pravega_writer_op *op, enum weir_status status,
                                             const struct weir_error *why, struct weir_error *err);

enum weir_status weir_pravega_plain_writer_new(const struct weir_pravega_sink *sink, struct weir_context *ctx,
                                               struct weir_operator **out, struct weir_error *err);
enum weir_status weir_pravega_txn_writer_new(const struct weir_pravega_sink *sink, struct weir_context *ctx,
                                             struct weir_operator **out, struct weir_error *err);

#endif
