/**
 * @file runtime/stream_int.h
 * @brief What the graph-building files share.
 */
#ifndef WEIR_RUNTIME_STREAM_INT_H
#define WEIR_RUNTIME_STREAM_INT_H

#include "runtime/graph.h"

/** The handle of a node's output. */
weir_stream *weir_stream_of_node(struct weir_env *env, struct weir_node *node, const struct weir_type *type);
/** The same stream with another way to the next operator. The selector is borrowed from the graph. */
weir_stream *weir_stream_partitioned(weir_stream *in, enum weir_partition partition,
                                     const struct weir_key_selector *selector);
/** Refuses a strategy with negative times, in the name of the operator. */
bool weir_strategy_check(struct weir_graph *graph, const struct weir_watermark_strategy *strategy, const char *name);

#endif
