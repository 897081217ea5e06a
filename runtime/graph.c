/*
 * graph.c - building the graph, naming its nodes, and refusing what cannot run.
 *
 * An uid that the author did not give is a hash of what the node is and what the uids of its inputs are, so that it is
 * the same in every run of the same program; a program that changes should give uids.
 */
#include "runtime/graph.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const partition_names[] = {
    [WEIR_PARTITION_DEFAULT] = "DEFAULT",     [WEIR_PARTITION_FORWARD] = "FORWARD",
    [WEIR_PARTITION_REBALANCE] = "REBALANCE", [WEIR_PARTITION_HASH] = "HASH",
    [WEIR_PARTITION_BROADCAST] = "BROADCAST", [WEIR_PARTITION_GLOBAL] = "GLOBAL",
};

const char *weir_partition_name(enum weir_partition partition)
{
    return partition_names[partition];
}

void weir_graph_init(struct weir_graph *graph)
{
    *graph = (struct weir_graph){0};
}

static void node_free(struct weir_node *node)
{
    if (node->source != NULL && node->source->free != NULL)
        node->source->free(node->source);
    if (node->factory != NULL && node->factory->free != NULL)
        node->factory->free(node->factory);
    free(node->edges);
    free(node->name);
    free(node->uid);
    free(node);
}

void weir_graph_fini(struct weir_graph *graph)
{
    for (size_t i = 0; i < graph->node_count; i++)
        node_free(graph->nodes[i]);
    for (size_t i = 0; i < graph->handle_count; i++)
        free(graph->handles[i]);
    free(graph->nodes);
    free(graph->handles);
    *graph = (struct weir_graph){0};
}

void weir_graph_fail(struct weir_graph *graph, enum weir_status status, const char *fmt, ...)
{
    va_list args;

    if (graph->error.status != WEIR_OK)
        return;
    graph->error.status = status;
    va_start(args, fmt);
    vsnprintf(graph->error.message, sizeof(graph->error.message), fmt, args);
    va_end(args);
}

bool weir_graph_ok(const struct weir_graph *graph)
{
    return graph->error.status == WEIR_OK;
}

static bool append(struct weir_graph *graph, void ***list, size_t *count, void *item)
{
    void **grown = item != NULL ? realloc(*list, (*count + 1) * sizeof(*grown)) : NULL;

    if (grown == NULL) {
        weir_graph_fail(graph, WEIR_E_NOMEM, "out of memory while building the pipeline");
        return false;
    }
    *list = grown;
    grown[(*count)++] = item;
    return true;
}

void *weir_graph_handle(struct weir_graph *graph, size_t size)
{
    void *handle = calloc(1, size);

    if (!append(graph, &graph->handles, &graph->handle_count, handle)) {
        free(handle);
        return NULL;
    }
    return handle;
}

struct weir_node *weir_graph_node(struct weir_graph *graph, const char *name, const struct weir_edge *edges,
                                  size_t edge_count)
{
    struct weir_node *node = calloc(1, sizeof(*node));
    void **nodes = (void **)graph->nodes;

    if (node != NULL) {
        node->id = (int)graph->node_count;
        node->name = strdup(name);
        node->edges = edge_count > 0 ? malloc(edge_count * sizeof(*edges)) : NULL;
    }
    if (node == NULL || node->name == NULL || (edge_count > 0 && node->edges == NULL)) {
        weir_graph_fail(graph, WEIR_E_NOMEM, "out of memory while building the pipeline");
        if (node != NULL)
            node_free(node);
        return NULL;
    }
    if (edge_count > 0)
        memcpy(node->edges, edges, edge_count * sizeof(*edges));
    node->edge_count = edge_count;
    if (!append(graph, &nodes, &graph->node_count, node)) {
        node_free(node);
        return NULL;
    }
    graph->nodes = (struct weir_node **)nodes;
    return node;
}

/* Flink hashes the position among the nodes and the hashes of the inputs; so do we. */
static enum weir_status make_uid(struct weir_node *node, struct weir_error *err)
{
    uint64_t hash = weir_hash64(weir_view(&node->id, sizeof(node->id)), node->is_sink);
    char text[17];

    for (size_t i = 0; i < node->edge_count; i++)
        hash = weir_hash64(weir_view_str(node->edges[i].from->uid), hash);
    snprintf(text, sizeof(text), "%016llx", (unsigned long long)hash);
    node->uid = strdup(text);
    if (node->uid == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory while building the pipeline");
    return WEIR_OK;
}

static enum weir_status check_node(const struct weir_node *node, const struct weir_env_options *options,
                                   struct weir_error *err)
{
    int parallelism = weir_node_parallelism(node, options);

    if (parallelism < 1)
        return weir_fail(err, WEIR_E_INVAL, "operator \"%s\": parallelism %d is not positive; set 1 or more",
                         node->name, parallelism);
    if (parallelism > options->max_parallelism)
        return weir_fail(err, WEIR_E_INVAL,
                         "operator \"%s\": parallelism %d is above pipeline.max-parallelism %d; lower the one or raise "
                         "the other",
                         node->name, parallelism, options->max_parallelism);
    for (size_t i = 0; i < node->edge_count; i++) {
        const struct weir_edge *edge = &node->edges[i];

        if (edge->partition == WEIR_PARTITION_FORWARD && weir_node_parallelism(edge->from, options) != parallelism)
            return weir_fail(err, WEIR_E_INVAL,
                             "operator \"%s\": cannot forward from \"%s\" of another parallelism; use weir_rebalance()",
                             node->name, edge->from->name);
    }
    return WEIR_OK;
}

static enum weir_status check_uids(const struct weir_graph *graph, struct weir_error *err)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct weir_node *a = graph->nodes[k], *b = graph->nodes[i];

            if (strcmp(a->uid, b->uid) == 0)
                return weir_fail(err, WEIR_E_EXISTS,
                                 "operators \"%s\" and \"%s\" both have the uid \"%s\"; give each its own", a->name,
                                 b->name, a->uid);
        }
    }
    return WEIR_OK;
}

enum weir_status weir_graph_finish(struct weir_graph *graph, const struct weir_env_options *options,
                                   struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    if (graph->error.status != WEIR_OK) {
        if (err != NULL)
            *err = graph->error;
        return graph->error.status;
    }
    if (graph->node_count == 0)
        return weir_fail(err, WEIR_E_INVAL, "the pipeline has no operators; begin with weir_env_add_source()");
    for (size_t i = 0; i < graph->node_count && status == WEIR_OK; i++) {
        struct weir_node *node = graph->nodes[i];

        status = check_node(node, options, err);
        if (status == WEIR_OK && node->uid == NULL)
            status = make_uid(node, err);
    }
    return status != WEIR_OK ? status : check_uids(graph, err);
}

void weir_node_set_uid(struct weir_node *node, char *uid)
{
    free(node->uid);
    node->uid = uid;
    node->uid_given = true;
}
