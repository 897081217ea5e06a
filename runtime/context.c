/*
 * context.c - the public calls on an operator's context.
 */
#include "runtime/context.h"

#include <string.h>

#include "runtime/chain.h"

struct weir_loop *weir_context_loop(struct weir_context *ctx)
{
    return ctx->host->loop;
}

const char *weir_context_operator_name(const struct weir_context *ctx)
{
    return ctx->name;
}

const char *weir_context_uid(const struct weir_context *ctx)
{
    return ctx->uid;
}

int weir_context_subtask_index(const struct weir_context *ctx)
{
    return ctx->host->subtask;
}

int weir_context_parallelism(const struct weir_context *ctx)
{
    return ctx->host->parallelism;
}

int weir_context_max_parallelism(const struct weir_context *ctx)
{
    return ctx->host->max_parallelism;
}

int weir_context_attempt(const struct weir_context *ctx)
{
    return ctx->host->attempt;
}

bool weir_context_checkpointing(const struct weir_context *ctx)
{
    return ctx->host->checkpointing;
}

const void *weir_context_key(const struct weir_context *ctx)
{
    return ctx->key;
}

void weir_context_wake(struct weir_context *ctx)
{
    ctx->host->wake(ctx->host->arg);
}

void weir_context_fail(struct weir_context *ctx, const struct weir_error *why)
{
    if (ctx->link->chain->failed == NULL)
        ctx->link->chain->failed = ctx->link;
    ctx->host->fail(ctx->host->arg, why);
}

/* Thread: the task's worker writes, any reads: a counter is complete before the count says that it is there. */
void weir_context_count(struct weir_context *ctx, const char *name, int64_t add)
{
    int count = atomic_load_explicit(&ctx->counter_count, memory_order_relaxed);
    int i = 0;

    while (i < count && ctx->counters[i].name != name && strcmp(ctx->counters[i].name, name) != 0)
        i++;
    if (i == WEIR_COUNTERS_MAX)
        return;
    if (i == count) {
        ctx->counters[i].name = name;
        atomic_store_explicit(&ctx->counter_count, count + 1, memory_order_release);
    }
    atomic_store_explicit(&ctx->counters[i].value,
                          atomic_load_explicit(&ctx->counters[i].value, memory_order_relaxed) + add,
                          memory_order_relaxed);
}

enum weir_status weir_context_emit_watermark(struct weir_context *ctx, int64_t watermark_ms, struct weir_error *err)
{
    return weir_link_watermark(ctx->link, watermark_ms, err);
}

enum weir_status weir_context_emit_idle(struct weir_context *ctx, bool idle, struct weir_error *err)
{
    return weir_link_idle(ctx->link, idle, err);
}
