/*
 * filter_operator.c - passes on what the function says yes to.
 */
#include "runtime/operators.h"

#include <stdlib.h>

struct filter_factory {
    struct weir_operator_factory base;
    weir_filter_fn *fn;
    void *arg;
};

struct filter_operator {
    struct weir_operator base;
    weir_filter_fn *fn;
    void *arg;
};

static enum weir_status filter_on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                         struct weir_error *err)
{
    struct filter_operator *filter = (struct filter_operator *)op;

    (void)timestamp_ms; /* stands in op->out already */
    return filter->fn(filter->arg, element) ? weir_collect(op->out, element, err) : WEIR_OK;
}

static void filter_free(struct weir_operator *op)
{
    free(op);
}

static const struct weir_operator_ops filter_ops = {
    .name = "Filter", .on_record = filter_on_record, .free = filter_free};

static enum weir_status filter_create(const struct weir_operator_factory *factory, struct weir_context *ctx,
                                      struct weir_operator **out, struct weir_error *err)
{
    const struct filter_factory *made_by = (const struct filter_factory *)factory;
    struct filter_operator *filter = calloc(1, sizeof(*filter));

    if (filter == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for operator \"%s\"", weir_context_operator_name(ctx));
    *filter = (struct filter_operator){{&filter_ops, NULL, NULL}, made_by->fn, made_by->arg};
    *out = &filter->base;
    return WEIR_OK;
}

static void factory_free(struct weir_operator_factory *factory)
{
    free(factory);
}

struct weir_operator_factory *weir_filter_factory(weir_filter_fn *fn, void *arg)
{
    struct filter_factory *factory = calloc(1, sizeof(*factory));

    if (factory == NULL)
        return NULL;
    *factory = (struct filter_factory){{filter_create, factory_free}, fn, arg};
    return &factory->base;
}
