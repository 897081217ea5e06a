/*
 * map_operator.c - one element in, one out; the result's room belongs to the operator and is used again each time.
 */
#include "runtime/operators.h"

#include <stdlib.h>

struct map_factory {
    struct weir_operator_factory base;
    weir_map_fn *fn;
    void *arg;
    const struct weir_type *out_type;
};

struct map_operator {
    struct weir_operator base;
    weir_map_fn *fn;
    void *arg;
    _Alignas(max_align_t) unsigned char result[];
};

static enum weir_status map_on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                      struct weir_error *err)
{
    struct map_operator *map = (struct map_operator *)op;
    enum weir_status status = map->fn(map->arg, element, map->result, err);

    (void)timestamp_ms;
    return status == WEIR_OK ? weir_collect(op->out, map->result, err) : status;
}

static void map_free(struct weir_operator *op)
{
    free(op);
}

static const struct weir_operator_ops map_ops = {.name = "Map", .on_record = map_on_record, .free = map_free};

static enum weir_status map_create(const struct weir_operator_factory *factory, struct weir_context *ctx,
                                   struct weir_operator **out, struct weir_error *err)
{
    const struct map_factory *made_by = (const struct map_factory *)factory;
    struct map_operator *map = calloc(1, sizeof(*map) + made_by->out_type->size);

    if (map == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for operator \"%s\"", weir_context_operator_name(ctx));
    map->base.ops = &map_ops;
    map->fn = made_by->fn;
    map->arg = made_by->arg;
    *out = &map->base;
    return WEIR_OK;
}

static void factory_free(struct weir_operator_factory *factory)
{
    free(factory);
}

struct weir_operator_factory *weir_map_factory(const struct weir_type *out_type, weir_map_fn *fn, void *arg)
{
    struct map_factory *factory = calloc(1, sizeof(*factory));

    if (factory == NULL)
        return NULL;
    *factory = (struct map_factory){{map_create, factory_free}, fn, arg, out_type};
    return &factory->base;
}
