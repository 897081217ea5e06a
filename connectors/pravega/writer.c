/*
 * writer.c - the Pravega writer, at least once: what a checkpoint covers is durable before the checkpoint is.
 *
 * Records that the window has no room for are kept, serialized, and `ready` says no until they are taken.
 */
#include "connectors/pravega/writer_int.h"

#include <stdlib.h>

#include "pravega/writer.h"

struct plain_writer {
    struct weir_pravega_writer_op base;
    struct pravega_writer *writer;
    enum { FLUSH_NONE, FLUSH_RUNNING, FLUSH_DONE } flush;
    bool flush_stale; /* something was written since it began: its checkpoint was given up */
    enum weir_status flush_status;
    struct weir_error flush_error;
};

static struct plain_writer *plain_writer(struct weir_operator *op)
{
    return (struct plain_writer *)op;
}

static void on_ready(void *arg)
{
    struct plain_writer *plain = arg;

    weir_context_wake(plain->base.base.ctx);
}

static enum weir_status plain_open(struct weir_operator *op, struct weir_error *err)
{
    struct plain_writer *plain = plain_writer(op);
    const struct weir_pravega_sink *sink = plain->base.sink;
    struct pravega_stream_name name = weir_pravega_stream_name(&sink->stream);
    struct pravega_writer_options options = {
        .window_bytes = sink->options.window_bytes, .on_ready = on_ready, .arg = plain};
    enum weir_status status = weir_pravega_connect(&sink->config, weir_context_loop(op->ctx), &plain->base.client, err);

    if (status == WEIR_OK)
        status = pravega_writer_new(plain->base.client, &name, &options, &plain->writer, err);
    return status;
}

static enum weir_status put(struct weir_pravega_writer_op *op, const struct weir_view *key, struct weir_view event,
                            struct weir_error *err)
{
    struct plain_writer *plain = (struct plain_writer *)op;

    plain->flush_stale = plain->flush != FLUSH_NONE;
    return pravega_writer_write(plain->writer, key, event, NULL, NULL, err);
}

static enum weir_status plain_on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                        struct weir_error *err)
{
    (void)timestamp_ms;
    return weir_pravega_writer_take(&plain_writer(op)->base, element, put, err);
}

static bool plain_ready(struct weir_operator *op)
{
    return weir_pravega_writer_retry(&plain_writer(op)->base, put);
}

static void on_flushed(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct plain_writer *plain = arg;

    plain->flush = FLUSH_DONE;
    plain->flush_status = status;
    if (status != WEIR_OK)
        plain->flush_error = *why;
    weir_context_wake(plain->base.base.ctx);
}

/* AGAIN until everything that was taken is durable. */
static enum weir_status flush(struct plain_writer *plain, struct weir_error *err)
{
    enum weir_status status;

    if (!weir_pravega_writer_retry(&plain->base, put))
        return WEIR_E_AGAIN;
    if (plain->base.status != WEIR_OK)
        return weir_pravega_writer_failure(&plain->base, plain->base.status, &plain->base.error, err);
    if (plain->flush == FLUSH_NONE || (plain->flush == FLUSH_DONE && plain->flush_stale)) {
        plain->flush = FLUSH_RUNNING;
        plain->flush_stale = false;
        pravega_writer_flush(plain->writer, on_flushed, plain);
    }
    if (plain->flush == FLUSH_RUNNING)
        return WEIR_E_AGAIN;
    plain->flush = FLUSH_NONE;
    status = plain->flush_status;
    return status == WEIR_OK ? WEIR_OK : weir_pravega_writer_failure(&plain->base, status, &plain->flush_error, err);
}

static enum weir_status plain_prepare(struct weir_operator *op, int64_t checkpoint_id, struct weir_error *err)
{
    struct plain_writer *plain = plain_writer(op);

    (void)checkpoint_id;
    return plain->base.sink->options.writer_mode == WEIR_PRAVEGA_BEST_EFFORT ? WEIR_OK : flush(plain, err);
}

static enum weir_status plain_end_input(struct weir_operator *op, struct weir_error *err)
{
    return flush(plain_writer(op), err);
}

static void plain_free(struct weir_operator *op)
{
    struct plain_writer *plain = plain_writer(op);

    pravega_writer_free(plain->writer);
    weir_pravega_writer_fini(&plain->base);
    free(plain);
}

static const struct weir_operator_ops plain_ops = {.name = "Pravega Writer",
                                                   .open = plain_open,
                                                   .on_record = plain_on_record,
                                                   .ready = plain_ready,
                                                   .prepare = plain_prepare,
                                                   .end_input = plain_end_input,
                                                   .free = plain_free};

enum weir_status weir_pravega_plain_writer_new(const struct weir_pravega_sink *sink, struct weir_context *ctx,
                                               struct weir_operator **out, struct weir_error *err)
{
    struct plain_writer *plain = calloc(1, sizeof(*plain));

    if (plain == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a Pravega writer");
    weir_pravega_writer_init(&plain->base, sink, &plain_ops, ctx);
    *out = &plain->base.base;
    return WEIR_OK;
}
