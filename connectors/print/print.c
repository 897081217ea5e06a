/*
 * print.c - one line for each element on standard output; and the sink that takes everything and keeps nothing.
 *
 * Lines are gathered and written when there are many, at each barrier, at the end, and when the task is idle for a
 * moment.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/console.h"
#include "weir/connectors.h"

#define FLUSH_LEN 65536
#define IDLE_FLUSH_NS (100 * WEIR_NS_PER_MS)

struct type_sink {
    struct weir_sink base;
    const struct weir_operator_ops *ops;
};

struct print_op {
    struct weir_operator base;
    const struct weir_type *type;
    struct weir_buf lines;
    struct weir_timer timer;
};

static struct print_op *print_op(struct weir_operator *op)
{
    return (struct print_op *)op;
}

static void print_value(const struct weir_type *type, const void *value, struct weir_buf *out)
{
    if (type == weir_int_type())
        weir_buf_printf(out, "%" PRId32, *(const int32_t *)value);
    else if (type == weir_long_type())
        weir_buf_printf(out, "%" PRId64, *(const int64_t *)value);
    else if (type == weir_double_type())
        weir_buf_printf(out, "%.17g", *(const double *)value);
    else if (type == weir_bool_type())
        weir_buf_printf(out, "%s", *(const bool *)value ? "true" : "false");
    else
        weir_buf_append(out, ((const struct weir_view *)value)->ptr, ((const struct weir_view *)value)->len);
}

static void print_element(const struct weir_type *type, const void *element, struct weir_buf *out)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const struct weir_field *field = &type->fields[i];

        weir_buf_printf(out, "%s%s=", i > 0 ? ", " : "", field->name);
        print_value(weir_field_type(field), (const uint8_t *)element + field->offset, out);
    }
    if (type->fields == NULL)
        print_value(type, element, out);
    weir_buf_u8(out, '\n');
}

static enum weir_status flush(struct print_op *print, struct weir_error *err)
{
    enum weir_status status = weir_console_out(weir_buf_view(&print->lines), err);

    weir_buf_reset(&print->lines);
    return status;
}

static void on_idle(void *arg)
{
    struct print_op *print = arg;
    struct weir_error err = {0};

    if (flush(print, &err) != WEIR_OK)
        weir_context_fail(print->base.ctx, &err);
}

static enum weir_status print_on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                        struct weir_error *err)
{
    struct print_op *print = print_op(op);

    (void)timestamp_ms;
    print_element(print->type, element, &print->lines);
    if (print->lines.status != WEIR_OK)
        return weir_fail(err, print->lines.status, "an element is too long to print");
    if (print->lines.len >= FLUSH_LEN)
        return flush(print, err);
    if (!weir_timer_armed(&print->timer))
        weir_timer_start(weir_context_loop(op->ctx), &print->timer, IDLE_FLUSH_NS);
    return WEIR_OK;
}

static enum weir_status print_prepare(struct weir_operator *op, int64_t checkpoint_id, struct weir_error *err)
{
    (void)checkpoint_id;
    return flush(print_op(op), err);
}

static enum weir_status print_end_input(struct weir_operator *op, struct weir_error *err)
{
    return flush(print_op(op), err);
}

static void print_free(struct weir_operator *op)
{
    struct print_op *print = print_op(op);

    weir_timer_stop(weir_context_loop(op->ctx), &print->timer);
    weir_buf_fini(&print->lines);
    free(print);
}

static const struct weir_operator_ops print_ops = {.name = "print",
                                                   .on_record = print_on_record,
                                                   .prepare = print_prepare,
                                                   .end_input = print_end_input,
                                                   .free = print_free};

static enum weir_status blackhole_on_record(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                            struct weir_error *err)
{
    (void)op;
    (void)element;
    (void)timestamp_ms;
    (void)err;
    return WEIR_OK;
}

static const struct weir_operator_ops blackhole_ops = {
    .name = "blackhole", .on_record = blackhole_on_record, .free = print_free};

static enum weir_status create(const struct weir_operator_factory *factory, struct weir_context *ctx,
                               struct weir_operator **out, struct weir_error *err)
{
    const struct type_sink *sink = (const struct type_sink *)factory;
    struct print_op *print = calloc(1, sizeof(*print));

    if (print == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a sink");
    print->base = (struct weir_operator){.ops = sink->ops, .ctx = ctx};
    print->type = sink->base.type;
    print->timer = (struct weir_timer){.fn = on_idle, .arg = print};
    weir_buf_init(&print->lines, (size_t)64 << 20);
    *out = &print->base;
    return WEIR_OK;
}

static void sink_free(struct weir_operator_factory *factory)
{
    free(factory);
}

static bool is_printable(const struct weir_type *type)
{
    return type->fields != NULL || type == weir_int_type() || type == weir_long_type() || type == weir_double_type() ||
           type == weir_bool_type() || type == weir_string_type() || type == weir_bytes_type();
}

static struct weir_sink *type_sink_new(weir_env *env, const struct weir_type *type, const char *name,
                                       const struct weir_operator_ops *ops)
{
    struct type_sink *sink = calloc(1, sizeof(*sink));
    struct weir_error err = {0};

    if (sink == NULL) {
        weir_fail(&err, WEIR_E_NOMEM, "no memory for a sink");
        weir_env_fail(env, &err);
        return NULL;
    }
    sink->base = (struct weir_sink){.factory = {create, sink_free}, .type = type, .name = name};
    sink->ops = ops;
    return &sink->base;
}

struct weir_sink *weir_print_sink(weir_env *env, const struct weir_type *type)
{
    struct weir_error err = {0};

    if (!is_printable(type)) {
        weir_fail(&err, WEIR_E_INVAL, "Print: type %s has no fields and is no basic type: map it to one", type->name);
        weir_env_fail(env, &err);
        return NULL;
    }
    return type_sink_new(env, type, "Print", &print_ops);
}

struct weir_sink *weir_blackhole_sink(weir_env *env, const struct weir_type *type)
{
    return type_sink_new(env, type, "Blackhole", &blackhole_ops);
}
