/*
 * sink.c - the Pravega writer's description, and what both of its kinds do with a record.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "connectors/pravega/writer_int.h"
#include "pravega/client.h"

#define LEASE_MIN_MS 10000
#define LEASE_MAX_MS 600000
#define NO_KEY UINT32_MAX

void weir_pravega_writer_init(struct weir_pravega_writer_op *op, const struct weir_pravega_sink *sink,
                              const struct weir_operator_ops *ops, struct weir_context *ctx)
{
    op->base = (struct weir_operator){.ops = ops, .ctx = ctx};
    op->sink = sink;
    weir_buf_init(&op->event, PRAVEGA_EVENT_LEN_MAX + 1);
    weir_buf_init(&op->waiting, SIZE_MAX);
}

void weir_pravega_writer_fini(struct weir_pravega_writer_op *op)
{
    pravega_client_free(op->client);
    weir_buf_fini(&op->event);
    weir_buf_fini(&op->waiting);
}

enum weir_status weir_pravega_writer_failure(const struct weir_pravega_writer_op *op, enum weir_status status,
                                             const struct weir_error *why, struct weir_error *err)
{
    const struct weir_pravega_stream *stream = &op->sink->stream;

    if (status == WEIR_E_NOT_FOUND)
        return weir_fail(err, status,
                         "stream %s/%s does not exist: create it with \"weir stream create %s/%s --segments N\"",
                         stream->scope, stream->stream, stream->scope, stream->stream);
    return weir_fail(err, status, "cannot write to stream %s/%s: %s", stream->scope, stream->stream, why->message);
}

static enum weir_status serialize(struct weir_pravega_writer_op *op, const void *element, struct weir_error *err)
{
    const struct weir_serialization_schema *schema = &op->sink->options.serialization_schema;
    enum weir_status status;

    weir_buf_reset(&op->event);
    status = schema->serialize(schema, element, &op->event, err);
    if (status == WEIR_E_LIMIT || op->event.len > PRAVEGA_EVENT_LEN_MAX)
        return weir_fail(err, WEIR_E_LIMIT, "an event for stream %s/%s has more than the %d bytes that Pravega takes",
                         op->sink->stream.scope, op->sink->stream.stream, PRAVEGA_EVENT_LEN_MAX);
    return status;
}

/* Puts a record behind those that wait: u32 key length (NO_KEY: none) | u32 event length | key | event. */
static enum weir_status keep(struct weir_pravega_writer_op *op, const struct weir_view *key, struct weir_error *err)
{
    if (key != NULL && key->len > UINT16_MAX)
        return weir_fail(err, WEIR_E_LIMIT, "a routing key of %zu bytes: it can have %d", key->len, UINT16_MAX);
    weir_buf_u32be(&op->waiting, key != NULL ? (uint32_t)key->len : NO_KEY);
    weir_buf_u32be(&op->waiting, (uint32_t)op->event.len);
    if (key != NULL)
        weir_buf_append(&op->waiting, key->ptr, key->len);
    weir_buf_append(&op->waiting, op->event.ptr, op->event.len);
    return op->waiting.status == WEIR_OK ? WEIR_OK
                                         : weir_fail(err, op->waiting.status,
                                                     "no memory for the records that wait for "
                                                     "stream %s/%s to take them",
                                                     op->sink->stream.scope, op->sink->stream.stream);
}

/* The key and the event are copied only if the record has to wait: until then they may stand in the element. */
enum weir_status weir_pravega_writer_take(struct weir_pravega_writer_op *op, const void *element,
                                          weir_pravega_put_fn *put, struct weir_error *err)
{
    const struct weir_pravega_writer_options *options = &op->sink->options;
    struct weir_error why;
    struct weir_view routed, *key = NULL;
    enum weir_status status = op->status == WEIR_OK ? serialize(op, element, err)
                                                    : weir_pravega_writer_failure(op, op->status, &op->error, err);

    if (status != WEIR_OK)
        return status;
    if (options->event_router != NULL) {
        routed = options->event_router(options->arg, element);
        key = &routed;
    }
    if (op->waiting.len > 0)
        return keep(op, key, err);
    weir_error_init(&why);
    status = put(op, key, weir_buf_view(&op->event), &why);
    if (status == WEIR_E_AGAIN)
        return keep(op, key, err);
    return status == WEIR_OK ? WEIR_OK : weir_pravega_writer_failure(op, status, &why, err);
}

/* The first of `in`. */
static enum weir_status put_waiting(struct weir_pravega_writer_op *op, struct weir_in *in, weir_pravega_put_fn *put)
{
    uint32_t key_len = weir_in_u32be(in), event_len = weir_in_u32be(in);
    struct weir_view key = weir_in_take(in, key_len != NO_KEY ? key_len : 0), event = weir_in_take(in, event_len);

    return put(op, key_len != NO_KEY ? &key : NULL, event, &op->error);
}

static void forget_waiting(struct weir_pravega_writer_op *op)
{
    weir_buf_reset(&op->waiting);
    op->waiting_at = 0;
}

/* What a waiting record failed of, kept and told. */
static void fail_waiting(struct weir_pravega_writer_op *op, enum weir_status status)
{
    struct weir_error worded = {0};

    if (op->status != WEIR_OK)
        return;
    op->status = status;
    weir_pravega_writer_failure(op, status, &op->error, &worded);
    weir_context_fail(op->base.ctx, &worded);
}

bool weir_pravega_writer_retry(struct weir_pravega_writer_op *op, weir_pravega_put_fn *put)
{
    enum weir_status status = WEIR_OK;

    if (op->waiting.len == 0) /* the usual case, asked before each record */
        return true;
    while (status == WEIR_OK && op->waiting_at < op->waiting.len) {
        struct weir_in in = weir_in(weir_view(op->waiting.ptr + op->waiting_at, op->waiting.len - op->waiting_at));

        status = put_waiting(op, &in, put);
        if (status == WEIR_OK)
            op->waiting_at = (size_t)(in.ptr - op->waiting.ptr);
    }
    if (status == WEIR_E_AGAIN)
        return false;
    forget_waiting(op);
    if (status != WEIR_OK)
        fail_waiting(op, status);
    return true;
}

static enum weir_status create_writer(const struct weir_operator_factory *factory, struct weir_context *ctx,
                                      struct weir_operator **out, struct weir_error *err)
{
    const struct weir_pravega_sink *sink = (const struct weir_pravega_sink *)factory;

    if (sink->options.writer_mode != WEIR_PRAVEGA_EXACTLY_ONCE)
        return weir_pravega_plain_writer_new(sink, ctx, out, err);
    if (!weir_context_checkpointing(ctx))
        return weir_fail(err, WEIR_E_INVAL,
                         "EXACTLY_ONCE needs checkpoints, which commit its transactions: set checkpoint_interval_ms "
                         "(execution.checkpointing.interval), or write ATLEAST_ONCE");
    return weir_pravega_txn_writer_new(sink, ctx, out, err);
}

static void sink_free(struct weir_operator_factory *factory)
{
    free(factory);
}

static enum weir_status check_options(struct weir_pravega_sink *sink, struct weir_error *err)
{
    struct weir_pravega_writer_options *options = &sink->options;

    if (options->stream == NULL)
        return weir_fail(err, WEIR_E_INVAL, "Pravega Writer: a stream must be supplied (.stream)");
    if (options->serialization_schema.serialize == NULL)
        return weir_fail(err, WEIR_E_INVAL, "Pravega Writer: a serialization schema must be supplied");
    if (options->txn_lease_renewal_period_ms == 0)
        options->txn_lease_renewal_period_ms = LEASE_MAX_MS;
    if (options->txn_lease_renewal_period_ms < LEASE_MIN_MS || options->txn_lease_renewal_period_ms > LEASE_MAX_MS)
        return weir_fail(err, WEIR_E_INVAL,
                         "Pravega Writer: txn_lease_renewal_period_ms is %" PRId64 ": Pravega takes %d to %d",
                         options->txn_lease_renewal_period_ms, LEASE_MIN_MS, LEASE_MAX_MS);
    return weir_pravega_resolve_stream(&sink->config, options->stream, &sink->stream, err);
}

struct weir_sink *weir_pravega_writer(weir_env *env, const struct weir_pravega_writer_options *options)
{
    struct weir_pravega_sink *sink = calloc(1, sizeof(*sink));
    struct weir_error err = {0};

    if (sink == NULL) {
        weir_fail(&err, WEIR_E_NOMEM, "no memory for a Pravega writer");
        weir_env_fail(env, &err);
        return NULL;
    }
    sink->options = *options;
    sink->config = weir_pravega_config_resolve(options->config);
    sink->base = (struct weir_sink){.factory = {.create = create_writer, .free = sink_free},
                                    .type = options->serialization_schema.type,
                                    .name = "Pravega Writer"};
    if (check_options(sink, &err) == WEIR_OK)
        return &sink->base;
    weir_env_fail(env, &err);
    free(sink);
    return NULL;
}
