/**
 * @file runtime/graph.h
 * @brief What a pipeline's author said: nodes (operators), the edges into them, and the first error.
 *
 * A node is made for each source, operator and sink; a stream handle names the nodes whose output it is and how that
 * output is to be partitioned. The graph is built by one thread and is immutable while a job runs.
 */
#ifndef WEIR_RUNTIME_GRAPH_H
#define WEIR_RUNTIME_GRAPH_H

#include "runtime/keyed_operators.h"
#include "weir/env.h"

enum weir_partition {
    WEIR_PARTITION_DEFAULT, /* forward if both sides have the same parallelism, else rebalance */
    WEIR_PARTITION_FORWARD,
    WEIR_PARTITION_REBALANCE,
    WEIR_PARTITION_HASH,
    WEIR_PARTITION_BROADCAST,
    WEIR_PARTITION_GLOBAL,
};

/** "REBALANCE": Flink's name, for messages and the plan. */
const char *weir_partition_name(enum weir_partition partition);

struct weir_edge {
    struct weir_node *from;
    enum weir_partition partition;
    const struct weir_key_selector *selector; /* of HASH */
};

struct weir_node {
    int id; /* position in the graph, in the order of building: inputs come first */
    char *name, *uid;
    bool uid_given;
    int parallelism; /* 0: the environment's */
    bool chaining_disabled;
    bool makes_watermarks;
    const struct weir_type *in_type, *out_type; /* NULL: none */
    struct weir_source *source;                 /* of a source */
    struct weir_watermark_strategy strategy;    /* of a source */
    struct weir_operator_factory *factory;      /* of the others */
    bool is_sink;
    const struct weir_key_selector *selector; /* of weir_keyed_transform: its context shows the key */
    struct weir_edge *edges;                  /* into it */
    size_t edge_count;
};

/* The handles of the public interface. */
struct weir_stream {
    struct weir_env *env;
    const struct weir_type *type;
    struct weir_node *node; /* whose output it is; NULL of a union */
    struct weir_edge *edges;
    size_t edge_count;
};

struct weir_keyed {
    struct weir_stream *stream; /* partitioned by the selector */
    struct weir_key_selector selector;
};

struct weir_windowed {
    struct weir_stream *stream;
    struct weir_window_spec spec;
};

struct weir_graph {
    struct weir_node **nodes;
    size_t node_count;
    void **handles; /* streams, keyed and windowed handles: freed with the graph */
    size_t handle_count;
    struct weir_error error; /* the first */
};

void weir_graph_init(struct weir_graph *graph);
void weir_graph_fini(struct weir_graph *graph);
/** Keeps the first failure. */
void weir_graph_fail(struct weir_graph *graph, enum weir_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
bool weir_graph_ok(const struct weir_graph *graph);
/** A zeroed handle that lives as long as the graph; NULL (and a failed graph) if memory is out. */
void *weir_graph_handle(struct weir_graph *graph, size_t size);
/** A new node with copies of name and edges; NULL (and a failed graph) if memory is out. */
struct weir_node *weir_graph_node(struct weir_graph *graph, const char *name, const struct weir_edge *edges,
                                  size_t edge_count);
/** Takes `uid` over. */
void weir_node_set_uid(struct weir_node *node, char *uid);
/** Gives each node without one an uid made of its position in the topology; refuses what cannot run. */
enum weir_status weir_graph_finish(struct weir_graph *graph, const struct weir_env_options *options,
                                   struct weir_error *err);

/** The node's parallelism, the environment's if it has none of its own. */
static inline int weir_node_parallelism(const struct weir_node *node, const struct weir_env_options *options)
{
    return node->parallelism > 0 ? node->parallelism : options->parallelism;
}

#endif
