/*
 * plan.c - puts nodes that may call each other directly into one vertex; what remains are edges between vertices.
 */
#include "runtime/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a node ended up. */
struct place {
    int vertex, link;
};

static enum weir_partition resolve(const struct weir_edge *edge, const struct weir_node *to,
                                   const struct weir_env_options *options)
{
    if (edge->partition != WEIR_PARTITION_DEFAULT)
        return edge->partition;
    return weir_node_parallelism(edge->from, options) == weir_node_parallelism(to, options) ? WEIR_PARTITION_FORWARD
                                                                                            : WEIR_PARTITION_REBALANCE;
}

static bool chainable(const struct weir_node *node, const struct weir_env_options *options)
{
    return node->edge_count == 1 && resolve(&node->edges[0], node, options) == WEIR_PARTITION_FORWARD &&
           !options->disable_chaining && !node->chaining_disabled && !node->edges[0].from->chaining_disabled;
}

static enum weir_status out_of_memory(struct weir_error *err)
{
    return weir_fail(err, WEIR_E_NOMEM, "out of memory while planning the job");
}

static bool add_link(struct weir_vertex *vertex, const struct weir_node *node, int parent)
{
    struct weir_vertex_link *links = realloc(vertex->links, (vertex->link_count + 1) * sizeof(*links));
    char *name = NULL;

    if (links == NULL)
        return false;
    vertex->links = links;
    links[vertex->link_count++] = (struct weir_vertex_link){node, parent};
    if (asprintf(&name, "%s%s%s", vertex->name != NULL ? vertex->name : "", vertex->name != NULL ? " -> " : "",
                 node->name) < 0)
        return false;
    free(vertex->name);
    vertex->name = name;
    return true;
}

static bool add_vertex(struct weir_plan *plan, const struct weir_node *node, const struct weir_env_options *options)
{
    struct weir_vertex *vertices = realloc(plan->vertices, (plan->vertex_count + 1) * sizeof(*vertices));

    if (vertices == NULL)
        return false;
    plan->vertices = vertices;
    vertices[plan->vertex_count] =
        (struct weir_vertex){.id = (int)plan->vertex_count, .parallelism = weir_node_parallelism(node, options)};
    plan->task_count += (size_t)vertices[plan->vertex_count].parallelism;
    return add_link(&vertices[plan->vertex_count++], node, -1);
}

static bool add_edges(struct weir_plan *plan, const struct weir_node *node, const struct place *places,
                      const struct weir_env_options *options)
{
    struct weir_plan_edge *edges = realloc(plan->edges, (plan->edge_count + node->edge_count + 1) * sizeof(*edges));

    if (edges == NULL)
        return false;
    plan->edges = edges;
    for (size_t i = 0; i < node->edge_count; i++) {
        const struct weir_edge *edge = &node->edges[i];
        struct place from = places[edge->from->id];

        edges[plan->edge_count++] = (struct weir_plan_edge){.from = from.vertex,
                                                            .to = places[node->id].vertex,
                                                            .from_link = from.link,
                                                            .partition = resolve(edge, node, options),
                                                            .selector = edge->selector,
                                                            .type = edge->from->out_type};
    }
    return true;
}

static enum weir_status place_node(struct weir_plan *plan, const struct weir_node *node, struct place *places,
                                   const struct weir_env_options *options, struct weir_error *err)
{
    if (chainable(node, options)) {
        struct place at = places[node->edges[0].from->id];
        struct weir_vertex *vertex = &plan->vertices[at.vertex];

        places[node->id] = (struct place){at.vertex, (int)vertex->link_count};
        return add_link(vertex, node, at.link) ? WEIR_OK : out_of_memory(err);
    }
    places[node->id] = (struct place){(int)plan->vertex_count, 0};
    if (!add_vertex(plan, node, options) || !add_edges(plan, node, places, options))
        return out_of_memory(err);
    return WEIR_OK;
}

enum weir_status weir_plan_new(const struct weir_graph *graph, const struct weir_env_options *options,
                               struct weir_plan **out, struct weir_error *err)
{
    struct weir_plan *plan = calloc(1, sizeof(*plan));
    struct place *places = calloc(graph->node_count, sizeof(*places));
    enum weir_status status = plan != NULL && places != NULL ? WEIR_OK : out_of_memory(err);

    for (size_t i = 0; i < graph->node_count && status == WEIR_OK; i++)
        status = place_node(plan, graph->nodes[i], places, options, err);
    free(places);
    if (status != WEIR_OK) {
        weir_plan_free(plan);
        return status;
    }
    *out = plan;
    return WEIR_OK;
}

void weir_plan_free(struct weir_plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->vertex_count; i++) {
        free(plan->vertices[i].links);
        free(plan->vertices[i].name);
    }
    free(plan->vertices);
    free(plan->edges);
    free(plan);
}
