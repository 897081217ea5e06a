/*
 * flat_map_operator.c - one element in, any number out.
 */
#include "runtime/operators.h"

#include <stdlib.h>

struct flat_map_factory {
    struct weir_operator_factory base;
    weir_flat_map_fn *fn;
    void *arg;
};

struct flat_map_operator {
    struct weir_operator base;
    weir_flat_map_fn *fn;
    void *arg;
};

static enum weir_status flat_map_on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                           struct weir_error *err)
{
    struct flat_map_operator *flat_map = (struct flat_map_operator *)op;

    (void)timestamp_ms; /* stands in op->out already */
    return flat_map->fn(flat_map->arg, element, op->out, err);
}

static void flat_map_free(struct weir_operator *op)
{
    free(op);
}

static const struct weir_operator_ops flat_map_ops = {
    .name = "Flat Map", .on_record = flat_map_on_record, .free = flat_map_free};

static enum weir_status flat_map_create(const struct weir_operator_factory *factory, struct weir_context *ctx,
                                        struct weir_operator **out, struct weir_error *err)
{
    const struct flat_map_factory *made_by = (const struct flat_map_factory *)factory;
    struct flat_map_operator *flat_map = calloc(1, sizeof(*flat_map));

    if (flat_map == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for operator \"%s\"", weir_context_operator_name(ctx));
    *flat_map = (struct flat_map_operator){{&flat_map_ops, NULL, NULL}, made_by->fn, made_by->arg};
    *out = &flat_map->base;
    return WEIR_OK;
}

static void factory_free(struct weir_operator_factory *factory)
{
    free(factory);
}

struct weir_operator_factory *weir_flat_map_factory(weir_flat_map_fn *fn, void *arg)
{
    struct flat_map_factory *factory = calloc(1, sizeof(*factory));

    if (factory == NULL)
        return NULL;
    *factory = (struct flat_map_factory){{flat_map_create, factory_free}, fn, arg};
    return &factory->base;
}
