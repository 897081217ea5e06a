/*
 * watermark_operator.c - assignTimestampsAndWatermarks: gives each record its event time and makes watermarks of its
 * own.
 *
 * Those of its input stop here (the chain knows), but for the last one. Its own leave at a timer, between two records,
 * but not while a checkpoint is prepared: what they set off would come between a sink's flush and the snapshot.
 */
#include "runtime/operators.h"

#include <stdlib.h>

#include "runtime/context.h"
#include "runtime/watermark_generator.h"

struct watermark_factory {
    struct weir_operator_factory base;
    struct weir_watermark_strategy strategy;
};

struct watermark_operator {
    struct weir_operator base;
    struct weir_watermark_strategy strategy;
    struct weir_watermark_generator gen;
    struct weir_timer timer;
    int64_t emitted_ms;
    bool told_idle;
    bool preparing; /* a checkpoint: no watermark before the snapshot */
};

static enum weir_status on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                  struct weir_error *err)
{
    struct watermark_operator *self = (struct watermark_operator *)op;

    if (self->strategy.timestamp != NULL)
        timestamp_ms = self->strategy.timestamp(self->strategy.arg, element, timestamp_ms);
    if (weir_watermark_generator_record(&self->gen, timestamp_ms)) {
        enum weir_status status = weir_context_emit_idle(op->ctx, false, err);

        if (status != WEIR_OK)
            return status;
        self->told_idle = false;
    }
    op->out->timestamp_ms = timestamp_ms;
    return weir_collect(op->out, element, err);
}

static enum weir_status tick(struct watermark_operator *self, struct weir_error *err)
{
    struct weir_context *ctx = self->base.ctx;
    enum weir_status status = WEIR_OK;
    int64_t watermark_ms;

    weir_watermark_generator_tick(&self->gen, &self->strategy, weir_loop_now_ns(weir_context_loop(ctx)));
    watermark_ms = weir_watermark_generator_now(&self->gen, &self->strategy);
    if (watermark_ms > self->emitted_ms) {
        self->emitted_ms = watermark_ms;
        status = weir_context_emit_watermark(ctx, watermark_ms, err);
    }
    if (status == WEIR_OK && self->gen.idle && !self->told_idle) {
        self->told_idle = true;
        status = weir_context_emit_idle(ctx, true, err);
    }
    return status;
}

static void on_timer(void *arg)
{
    struct watermark_operator *self = arg;
    struct weir_context *ctx = self->base.ctx;
    struct weir_error err = {0};

    if (!self->preparing && tick(self, &err) != WEIR_OK) {
        weir_context_fail(ctx, &err);
        return;
    }
    weir_context_wake(ctx);
    weir_timer_start(weir_context_loop(ctx), &self->timer, ctx->host->auto_watermark_interval_ms * WEIR_NS_PER_MS);
}

static enum weir_status open_timer(struct weir_operator *op, struct weir_error *err)
{
    struct watermark_operator *self = (struct watermark_operator *)op;

    (void)err;
    self->timer.fn = on_timer;
    self->timer.arg = self;
    if (self->strategy.kind != WEIR_WATERMARK_NONE && op->ctx->host->auto_watermark_interval_ms > 0)
        weir_timer_start(weir_context_loop(op->ctx), &self->timer,
                         op->ctx->host->auto_watermark_interval_ms * WEIR_NS_PER_MS);
    return WEIR_OK;
}

static enum weir_status prepare(struct weir_operator *op, int64_t checkpoint_id, struct weir_error *err)
{
    (void)checkpoint_id;
    (void)err;
    ((struct watermark_operator *)op)->preparing = true;
    return WEIR_OK;
}

static enum weir_status snapshot(struct weir_operator *op, int64_t checkpoint_id, struct weir_snapshot *out,
                                 struct weir_error *err)
{
    (void)checkpoint_id;
    (void)out;
    (void)err;
    ((struct watermark_operator *)op)->preparing = false;
    return WEIR_OK;
}

static void aborted(struct weir_operator *op, int64_t checkpoint_id)
{
    (void)checkpoint_id;
    ((struct watermark_operator *)op)->preparing = false;
}

static enum weir_status close_timer(struct weir_operator *op)
{
    weir_timer_stop(weir_context_loop(op->ctx), &((struct watermark_operator *)op)->timer);
    return WEIR_OK;
}

static enum weir_status end_input(struct weir_operator *op, struct weir_error *err)
{
    (void)err;
    return close_timer(op);
}

static void operator_free(struct weir_operator *op)
{
    close_timer(op);
    free(op);
}

static const struct weir_operator_ops watermark_ops = {.name = "Timestamps/Watermarks",
                                                       .open = open_timer,
                                                       .on_record = on_record,
                                                       .prepare = prepare,
                                                       .snapshot = snapshot,
                                                       .aborted = aborted,
                                                       .end_input = end_input,
                                                       .close = close_timer,
                                                       .free = operator_free};

static enum weir_status operator_create(const struct weir_operator_factory *factory, struct weir_context *ctx,
                                        struct weir_operator **out, struct weir_error *err)
{
    const struct watermark_factory *made_by = (const struct watermark_factory *)factory;
    struct watermark_operator *self = calloc(1, sizeof(*self));

    if (self == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for operator \"%s\"", weir_context_operator_name(ctx));
    self->base.ops = &watermark_ops;
    self->strategy = made_by->strategy;
    self->emitted_ms = INT64_MIN;
    weir_watermark_generator_init(&self->gen);
    *out = &self->base;
    return WEIR_OK;
}

static void factory_free(struct weir_operator_factory *factory)
{
    free(factory);
}

struct weir_operator_factory *weir_watermark_factory(const struct weir_watermark_strategy *strategy)
{
    struct watermark_factory *factory = calloc(1, sizeof(*factory));

    if (factory == NULL)
        return NULL;
    *factory = (struct watermark_factory){{operator_create, factory_free}, *strategy};
    return &factory->base;
}
