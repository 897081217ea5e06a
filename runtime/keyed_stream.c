/*
 * keyed_stream.c - the graph-building calls on streams with a key, and on their windows.
 */
#include <stdio.h>

#include "runtime/env_int.h"
#include "runtime/stream_int.h"

static bool usable(weir_stream *in)
{
    return in != NULL && weir_graph_ok(&in->env->graph);
}

static weir_keyed *keyed(weir_stream *in, const struct weir_key_selector *selector)
{
    struct weir_keyed *out;

    if (selector->type->size > WEIR_KEY_SIZE_MAX) {
        weir_graph_fail(&in->env->graph, WEIR_E_LIMIT, "a key of type %s has %zu bytes; keys may have %d",
                        selector->type->name, selector->type->size, WEIR_KEY_SIZE_MAX);
        return NULL;
    }
    out = weir_graph_handle(&in->env->graph, sizeof(*out));
    if (out == NULL)
        return NULL;
    out->selector = *selector;
    out->stream = weir_stream_partitioned(in, WEIR_PARTITION_HASH, &out->selector);
    return out->stream != NULL ? out : NULL;
}

weir_keyed *weir_key_by(weir_stream *in, const struct weir_type *key_type, weir_key_fn *fn, void *arg)
{
    if (!usable(in))
        return NULL;
    if (key_type == NULL || fn == NULL) {
        weir_graph_fail(&in->env->graph, WEIR_E_INVAL,
                        "weir_key_by() needs the key's type and a function that makes it");
        return NULL;
    }
    return keyed(in, &(struct weir_key_selector){.type = key_type, .fn = fn, .arg = arg});
}

/* "word, count": what there is instead of the field that there is not. */
static void list_fields(const struct weir_type *type, char *text, size_t len)
{
    size_t at = 0;

    text[0] = '\0';
    for (size_t i = 0; i < type->field_count && at < len; i++)
        at += (size_t)snprintf(text + at, len - at, "%s%s", i > 0 ? ", " : "", type->fields[i].name);
}

weir_keyed *weir_key_by_field(weir_stream *in, const char *field)
{
    const struct weir_field *found;
    char fields[128];

    if (!usable(in))
        return NULL;
    found = field != NULL ? weir_type_field(in->type, field) : NULL;
    if (found == NULL) {
        list_fields(in->type, fields, sizeof(fields));
        weir_graph_fail(&in->env->graph, WEIR_E_INVAL, "weir_key_by_field(): %s has no field \"%s\"; it has: %s",
                        in->type->name, field != NULL ? field : "",
                        fields[0] != '\0' ? fields : "none, use weir_key_by()");
        return NULL;
    }
    return keyed(in, &(struct weir_key_selector){.type = weir_field_type(found), .field_offset = found->offset});
}

/* Adds the operator of a factory that was made, or the words of why it could not be. */
static weir_stream *add(weir_stream *in, const struct weir_type *out_type, enum weir_status status,
                        struct weir_operator_factory *factory, const struct weir_error *why, const char *name)
{
    if (status != WEIR_OK) {
        weir_graph_fail(&in->env->graph, status, "operator \"%s\": %s", name, why->message);
        return NULL;
    }
    return weir_transform(in, out_type, factory, name);
}

static weir_stream *add_reduce(weir_keyed *in, const struct weir_reducer *reducer, const char *name)
{
    struct weir_operator_factory *factory = NULL;
    struct weir_error why = {0};
    enum weir_status status = weir_reduce_factory_new(&in->selector, reducer, &factory, &why);

    return add(in->stream, in->stream->type, status, factory, &why, name);
}

static bool usable_keyed(weir_keyed *in)
{
    return in != NULL && usable(in->stream);
}

weir_stream *weir_reduce(weir_keyed *in, weir_reduce_fn *fn, void *arg, const char *name)
{
    name = name != NULL ? name : "Keyed Reduce";
    if (!usable_keyed(in))
        return NULL;
    if (fn == NULL) {
        weir_graph_fail(&in->stream->env->graph, WEIR_E_INVAL, "operator \"%s\": no function; weir_reduce needs one",
                        name);
        return NULL;
    }
    return add_reduce(in, &(struct weir_reducer){.type = in->stream->type, .fn = fn, .arg = arg}, name);
}

weir_stream *weir_sum(weir_keyed *in, const char *field)
{
    struct weir_reducer reducer;
    struct weir_error why = {0};
    enum weir_status status;

    if (!usable_keyed(in))
        return NULL;
    status = weir_reducer_sum(in->stream->type, field, &reducer, &why);
    if (status != WEIR_OK)
        return add(in->stream, NULL, status, NULL, &why, "Keyed Aggregation");
    return add_reduce(in, &reducer, "Keyed Aggregation");
}

weir_stream *weir_keyed_transform(weir_keyed *in, const struct weir_type *out_type,
                                  struct weir_operator_factory *factory, const char *name)
{
    weir_stream *out;

    if (in == NULL) {
        if (factory != NULL && factory->free != NULL)
            factory->free(factory);
        return NULL;
    }
    out = weir_transform(in->stream, out_type, factory, name);
    if (out != NULL)
        out->node->selector = &in->selector;
    return out;
}

struct weir_window_assigner weir_tumbling_event_time(int64_t size_ms)
{
    return (struct weir_window_assigner){.size_ms = size_ms};
}

weir_windowed *weir_window(weir_keyed *in, struct weir_window_assigner assigner)
{
    struct weir_windowed *out;

    if (!usable_keyed(in))
        return NULL;
    if (assigner.size_ms < 1) {
        weir_graph_fail(&in->stream->env->graph, WEIR_E_INVAL, "weir_window(): a window of %lld ms; set 1 or more",
                        (long long)assigner.size_ms);
        return NULL;
    }
    out = weir_graph_handle(&in->stream->env->graph, sizeof(*out));
    if (out != NULL)
        *out = (struct weir_windowed){in->stream, {.selector = in->selector, .assigner = assigner}};
    return out;
}

weir_windowed *weir_allowed_lateness(weir_windowed *in, int64_t lateness_ms)
{
    if (in == NULL || !usable(in->stream))
        return in;
    if (lateness_ms < 0)
        weir_graph_fail(&in->stream->env->graph, WEIR_E_INVAL,
                        "weir_allowed_lateness(): %lld ms is negative; set 0 or more", (long long)lateness_ms);
    in->spec.allowed_lateness_ms = lateness_ms;
    return in;
}

weir_stream *weir_window_aggregate(weir_windowed *in, const struct weir_aggregate *aggregate, const char *name)
{
    struct weir_operator_factory *factory = NULL;
    struct weir_error why = {0};
    enum weir_status status;

    name = name != NULL ? name : "Window";
    if (in == NULL || !usable(in->stream))
        return NULL;
    status = weir_window_aggregate_factory_new(&in->spec, aggregate, &factory, &why);
    return add(in->stream, status == WEIR_OK ? aggregate->out_type : NULL, status, factory, &why, name);
}

static weir_stream *add_window_reduce(weir_windowed *in, const struct weir_reducer *reducer, const char *name)
{
    struct weir_operator_factory *factory = NULL;
    struct weir_error why = {0};
    enum weir_status status = weir_window_reduce_factory_new(&in->spec, reducer, &factory, &why);

    return add(in->stream, in->stream->type, status, factory, &why, name);
}

weir_stream *weir_window_reduce(weir_windowed *in, weir_reduce_fn *fn, void *arg, const char *name)
{
    name = name != NULL ? name : "Window";
    if (in == NULL || !usable(in->stream))
        return NULL;
    if (fn == NULL) {
        weir_graph_fail(&in->stream->env->graph, WEIR_E_INVAL,
                        "operator \"%s\": no function; weir_window_reduce needs one", name);
        return NULL;
    }
    return add_window_reduce(in, &(struct weir_reducer){.type = in->stream->type, .fn = fn, .arg = arg}, name);
}

weir_stream *weir_window_sum(weir_windowed *in, const char *field)
{
    struct weir_reducer reducer;
    struct weir_error why = {0};
    enum weir_status status;

    if (in == NULL || !usable(in->stream))
        return NULL;
    status = weir_reducer_sum(in->stream->type, field, &reducer, &why);
    if (status != WEIR_OK)
        return add(in->stream, NULL, status, NULL, &why, "Window");
    return add_window_reduce(in, &reducer, "Window");
}
