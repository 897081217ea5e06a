/*
 * stream.c - the graph-building calls on streams that have no key. Each checks what it is given, adds a node, and gives
 * back a handle; after the first failure they do nothing.
 */
#include "weir/stream.h"

#include <string.h>

#include "runtime/env_int.h"
#include "runtime/operators.h"
#include "runtime/stream_int.h"

weir_stream *weir_stream_of_node(struct weir_env *env, struct weir_node *node, const struct weir_type *type)
{
    struct weir_stream *stream = weir_graph_handle(&env->graph, sizeof(*stream));
    struct weir_edge *edge = weir_graph_handle(&env->graph, sizeof(*edge));

    if (stream == NULL || edge == NULL)
        return NULL;
    edge->from = node;
    *stream = (struct weir_stream){env, type, node, edge, 1};
    return stream;
}

static void drop_factory(struct weir_operator_factory *factory)
{
    if (factory != NULL && factory->free != NULL)
        factory->free(factory);
}

/* The node of an operator that follows `in`; takes the factory over. */
static struct weir_node *operator_node(weir_stream *in, struct weir_operator_factory *factory, const char *name)
{
    struct weir_node *node;

    if (in == NULL || !weir_graph_ok(&in->env->graph)) {
        drop_factory(factory);
        return NULL;
    }
    if (factory == NULL) {
        weir_graph_fail(&in->env->graph, WEIR_E_NOMEM, "operator \"%s\": no factory; out of memory?", name);
        return NULL;
    }
    node = weir_graph_node(&in->env->graph, name, in->edges, in->edge_count);
    if (node == NULL) {
        drop_factory(factory);
        return NULL;
    }
    node->factory = factory;
    node->in_type = in->type;
    return node;
}

weir_stream *weir_transform(weir_stream *in, const struct weir_type *out_type, struct weir_operator_factory *factory,
                            const char *name)
{
    struct weir_node *node;

    if (in != NULL && out_type == NULL)
        weir_graph_fail(&in->env->graph, WEIR_E_INVAL, "operator \"%s\": no output type; pass the type of its results",
                        name);
    node = operator_node(in, factory, name);
    if (node == NULL)
        return NULL;
    node->out_type = out_type;
    return weir_stream_of_node(in->env, node, out_type);
}

/* True if the call can go on: there is a stream, nothing failed before, and the function is given. */
static bool may_add(weir_stream *in, const struct weir_type *out_type, bool has_fn, const char *call, const char *name)
{
    if (in == NULL || !weir_graph_ok(&in->env->graph))
        return false;
    if (!has_fn)
        weir_graph_fail(&in->env->graph, WEIR_E_INVAL, "operator \"%s\": no function; %s needs one", name, call);
    else if (out_type == NULL)
        weir_graph_fail(&in->env->graph, WEIR_E_INVAL, "operator \"%s\": no output type; pass the type of its results",
                        name);
    return weir_graph_ok(&in->env->graph);
}

weir_stream *weir_map(weir_stream *in, const struct weir_type *out_type, weir_map_fn *fn, void *arg, const char *name)
{
    name = name != NULL ? name : "Map";
    if (!may_add(in, out_type, fn != NULL, "weir_map", name))
        return NULL;
    return weir_transform(in, out_type, weir_map_factory(out_type, fn, arg), name);
}

weir_stream *weir_flat_map(weir_stream *in, const struct weir_type *out_type, weir_flat_map_fn *fn, void *arg,
                           const char *name)
{
    name = name != NULL ? name : "Flat Map";
    if (!may_add(in, out_type, fn != NULL, "weir_flat_map", name))
        return NULL;
    return weir_transform(in, out_type, weir_flat_map_factory(fn, arg), name);
}

weir_stream *weir_filter(weir_stream *in, weir_filter_fn *fn, void *arg, const char *name)
{
    name = name != NULL ? name : "Filter";
    if (!may_add(in, in != NULL ? in->type : NULL, fn != NULL, "weir_filter", name))
        return NULL;
    return weir_transform(in, in->type, weir_filter_factory(fn, arg), name);
}

weir_stream *weir_assign_watermarks(weir_stream *in, const struct weir_watermark_strategy *strategy)
{
    const char *name = "Timestamps/Watermarks";
    weir_stream *out;

    if (!may_add(in, in != NULL ? in->type : NULL, strategy != NULL, "weir_assign_watermarks", name))
        return NULL;
    if (!weir_strategy_check(&in->env->graph, strategy, name))
        return NULL;
    out = weir_transform(in, in->type, weir_watermark_factory(strategy), name);
    if (out != NULL)
        out->node->makes_watermarks = true;
    return out;
}

bool weir_strategy_check(struct weir_graph *graph, const struct weir_watermark_strategy *strategy, const char *name)
{
    if (strategy->bound_ms < 0 || strategy->idle_timeout_ms < 0)
        weir_graph_fail(graph, WEIR_E_INVAL,
                        "operator \"%s\": the watermark strategy's bound_ms and idle_timeout_ms must not be negative",
                        name);
    return weir_graph_ok(graph);
}

weir_stream *weir_stream_partitioned(weir_stream *in, enum weir_partition partition,
                                     const struct weir_key_selector *selector)
{
    struct weir_stream *out;

    if (in == NULL || !weir_graph_ok(&in->env->graph))
        return NULL;
    out = weir_graph_handle(&in->env->graph, sizeof(*out));
    if (out == NULL)
        return NULL;
    *out = *in;
    out->edges = weir_graph_handle(&in->env->graph, in->edge_count * sizeof(*out->edges));
    if (out->edges == NULL)
        return NULL;
    for (size_t i = 0; i < in->edge_count; i++)
        out->edges[i] = (struct weir_edge){in->edges[i].from, partition, selector};
    return out;
}

weir_stream *weir_rebalance(weir_stream *in)
{
    return weir_stream_partitioned(in, WEIR_PARTITION_REBALANCE, NULL);
}

weir_stream *weir_broadcast(weir_stream *in)
{
    return weir_stream_partitioned(in, WEIR_PARTITION_BROADCAST, NULL);
}

weir_stream *weir_global(weir_stream *in)
{
    return weir_stream_partitioned(in, WEIR_PARTITION_GLOBAL, NULL);
}

weir_stream *weir_union(weir_stream *a, weir_stream *b)
{
    struct weir_stream *out;

    if (a == NULL || b == NULL || !weir_graph_ok(&a->env->graph))
        return NULL;
    if (a->env != b->env || a->type != b->type) {
        weir_graph_fail(&a->env->graph, WEIR_E_INVAL,
                        "cannot unite a stream of %s with one of %s; map one of them to the other's type",
                        a->type->name, b->type->name);
        return NULL;
    }
    out = weir_graph_handle(&a->env->graph, sizeof(*out));
    if (out == NULL)
        return NULL;
    *out = (struct weir_stream){a->env, a->type, NULL, NULL, a->edge_count + b->edge_count};
    out->edges = weir_graph_handle(&a->env->graph, out->edge_count * sizeof(*out->edges));
    if (out->edges == NULL)
        return NULL;
    memcpy(out->edges, a->edges, a->edge_count * sizeof(*a->edges));
    memcpy(out->edges + a->edge_count, b->edges, b->edge_count * sizeof(*b->edges));
    return out;
}

static void drop_sink(struct weir_sink *sink)
{
    if (sink != NULL)
        drop_factory(&sink->factory);
}

void weir_add_sink(weir_stream *in, struct weir_sink *sink, const char *name)
{
    struct weir_node *node;

    if (in == NULL || sink == NULL || !weir_graph_ok(&in->env->graph)) {
        if (in != NULL && sink == NULL)
            weir_graph_fail(&in->env->graph, WEIR_E_INVAL, "operator \"%s\": the sink could not be made",
                            name != NULL ? name : "Sink");
        drop_sink(sink);
        return;
    }
    name = name != NULL ? name : sink->name;
    if (sink->type != NULL && sink->type != in->type) {
        weir_graph_fail(&in->env->graph, WEIR_E_INVAL,
                        "operator \"%s\": the sink takes %s but its input is of %s; map it to the sink's type", name,
                        sink->type->name, in->type->name);
        drop_sink(sink);
        return;
    }
    node = operator_node(in, &sink->factory, name);
    if (node != NULL)
        node->is_sink = true;
}

/* The node whose setting is changed, or NULL (a union has none of its own). */
static struct weir_node *setting_node(weir_stream *stream, const char *call)
{
    if (stream == NULL || !weir_graph_ok(&stream->env->graph))
        return NULL;
    if (stream->node == NULL)
        weir_graph_fail(&stream->env->graph, WEIR_E_INVAL,
                        "%s cannot be called on a union, which is no operator; call it on the united streams", call);
    return stream->node;
}

weir_stream *weir_uid(weir_stream *stream, const char *uid)
{
    struct weir_node *node = setting_node(stream, "weir_uid()");
    char *copy;

    if (node == NULL)
        return stream;
    if (uid == NULL || uid[0] == '\0') {
        weir_graph_fail(&stream->env->graph, WEIR_E_INVAL, "operator \"%s\": an uid cannot be empty", node->name);
        return stream;
    }
    copy = strdup(uid);
    if (copy == NULL) {
        weir_graph_fail(&stream->env->graph, WEIR_E_NOMEM, "out of memory while building the pipeline");
        return stream;
    }
    weir_node_set_uid(node, copy);
    return stream;
}

weir_stream *weir_set_parallelism(weir_stream *stream, int parallelism)
{
    struct weir_node *node = setting_node(stream, "weir_set_parallelism()");

    if (node == NULL)
        return stream;
    if (parallelism < 1)
        weir_graph_fail(&stream->env->graph, WEIR_E_INVAL,
                        "operator \"%s\": parallelism %d is not positive; set 1 or more", node->name, parallelism);
    else
        node->parallelism = parallelism;
    return stream;
}

weir_stream *weir_disable_chaining(weir_stream *stream)
{
    struct weir_node *node = setting_node(stream, "weir_disable_chaining()");

    if (node != NULL)
        node->chaining_disabled = true;
    return stream;
}

weir_env *weir_stream_env(weir_stream *stream)
{
    return stream != NULL ? stream->env : NULL;
}

const struct weir_type *weir_stream_type(weir_stream *stream)
{
    return stream != NULL ? stream->type : NULL;
}
