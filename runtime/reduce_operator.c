/*
 * reduce_operator.c - keeps one folded value for each key and emits it after each element.
 */
#include "runtime/keyed_operators.h"

#include <stdlib.h>

#include "runtime/keyed_table.h"

#define STATE_NAME "reduce" /* stands in checkpoints */

struct reduce_factory {
    struct weir_operator_factory base;
    struct weir_key_selector selector;
    struct weir_reducer reducer;
};

struct reduce_op {
    struct weir_operator base;
    const struct reduce_factory *factory;
    struct weir_keyed_table values; /* checkpointed as "reduce" */
};

static struct reduce_op *reduce_op(struct weir_operator *op)
{
    return (struct reduce_op *)op;
}

static enum weir_status reduce_on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                         struct weir_error *err)
{
    struct reduce_op *reduce = reduce_op(op);
    _Alignas(16) uint8_t scratch[WEIR_KEY_SIZE_MAX];
    const void *key = weir_key_of(&reduce->factory->selector, element, scratch);
    bool first;
    void *value = weir_keyed_table_get(&reduce->values, key, &first);

    if (value == NULL || weir_reducer_fold(&reduce->factory->reducer, value, first, element) != WEIR_OK)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for the state of %u keys", reduce->values.entry_count);
    op->out->timestamp_ms = timestamp_ms;
    return weir_collect(op->out, value, err);
}

static enum weir_status reduce_snapshot(struct weir_operator *op, int64_t checkpoint_id, struct weir_snapshot *out,
                                        struct weir_error *err)
{
    (void)checkpoint_id;
    (void)err;
    weir_keyed_table_snapshot(&reduce_op(op)->values, STATE_NAME, weir_view(NULL, 0),
                              weir_context_max_parallelism(op->ctx), out);
    return WEIR_OK;
}

static enum weir_status reduce_restore(struct weir_operator *op, const struct weir_restored *entry,
                                       struct weir_error *err)
{
    struct weir_in in = weir_in(entry->bytes);

    if (strcmp(entry->state_name, STATE_NAME) != 0)
        return weir_fail(err, WEIR_E_STATE, "the checkpoint has state \"%s\" here: was this operator something else?",
                         entry->state_name);
    return weir_keyed_table_restore(&reduce_op(op)->values, &in, err);
}

static void reduce_free(struct weir_operator *op)
{
    weir_keyed_table_fini(&reduce_op(op)->values);
    free(op);
}

static const struct weir_operator_ops reduce_ops = {.name = "reduce",
                                                    .on_record = reduce_on_record,
                                                    .snapshot = reduce_snapshot,
                                                    .restore = reduce_restore,
                                                    .free = reduce_free};

static enum weir_status reduce_create(const struct weir_operator_factory *base, struct weir_context *ctx,
                                      struct weir_operator **out, struct weir_error *err)
{
    const struct reduce_factory *factory = (const struct reduce_factory *)base;
    struct reduce_op *reduce = calloc(1, sizeof(*reduce));

    if (reduce == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for an operator");
    reduce->base.ops = &reduce_ops;
    reduce->base.ctx = ctx;
    reduce->factory = factory;
    weir_keyed_table_init(&reduce->values, factory->selector.type, factory->reducer.type);
    *out = &reduce->base;
    return WEIR_OK;
}

static void reduce_factory_free(struct weir_operator_factory *factory)
{
    free(factory);
}

enum weir_status weir_reduce_factory_new(const struct weir_key_selector *selector, const struct weir_reducer *reducer,
                                         struct weir_operator_factory **out, struct weir_error *err)
{
    struct reduce_factory *factory = calloc(1, sizeof(*factory));

    if (factory == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for an operator");
    factory->base = (struct weir_operator_factory){.create = reduce_create, .free = reduce_factory_free};
    factory->selector = *selector;
    factory->reducer = *reducer;
    *out = &factory->base;
    return WEIR_OK;
}
