/**
 * @file runtime/plan.h
 * @brief What is executed: vertices (chains of operators, one task for each subtask) and the edges between them.
 *
 * Two operators are chained, as in Flink, if the second has no other input, the edge is forward, both have the same
 * parallelism, and neither they nor the environment forbid it. Immutable; shared by all threads while the job runs.
 */
#ifndef WEIR_RUNTIME_PLAN_H
#define WEIR_RUNTIME_PLAN_H

#include "runtime/graph.h"

struct weir_vertex_link {
    const struct weir_node *node;
    int parent; /* index in the chain; -1 of the head */
};

struct weir_vertex {
    int id;
    int parallelism;
    struct weir_vertex_link *links;
    size_t link_count;
    char *name; /* "words -> split -> print" */
};

struct weir_plan_edge {
    int from, to;  /* vertices */
    int from_link; /* whose output it is */
    enum weir_partition partition;
    const struct weir_key_selector *selector;
    const struct weir_type *type;
};

struct weir_plan {
    struct weir_vertex *vertices;
    size_t vertex_count;
    struct weir_plan_edge *edges;
    size_t edge_count;
    size_t task_count; /* of all vertices */
};

/** @param graph finished; outlives the plan */
enum weir_status weir_plan_new(const struct weir_graph *graph, const struct weir_env_options *options,
                               struct weir_plan **out, struct weir_error *err);
void weir_plan_free(struct weir_plan *plan); /**< NULL is fine */

/** Each subtask of `edge` is joined to one of the other side only. */
static inline bool weir_plan_edge_pointwise(const struct weir_plan_edge *edge)
{
    return edge->partition == WEIR_PARTITION_FORWARD;
}

#endif
