/**
 * @file runtime/chain.h
 * @brief A chain of operators that call each other directly, driven from outside.
 *
 * In go elements, watermarks, idleness, barriers (prepare, then snapshot) and the end; out comes what its outputs take.
 * A task drives it, and so can a test or another engine. A chain is a tree: an operator's results may go to several
 * operators of the chain and to several outputs. Thread: the driver's.
 */
#ifndef WEIR_RUNTIME_CHAIN_H
#define WEIR_RUNTIME_CHAIN_H

#include "runtime/context.h"
#include "runtime/plan.h"
#include "runtime/restore.h"
#include "runtime/snapshot.h"
#include "weir/source.h"

/** Where results leave the chain. First member of every kind of output. */
struct weir_chain_output {
    struct weir_collector collector;
    enum weir_status (*watermark)(struct weir_chain_output *out, int64_t watermark_ms, struct weir_error *err);
    enum weir_status (*idle)(struct weir_chain_output *out, bool idle, struct weir_error *err);
};

/** Which operator of the chain an output follows. */
struct weir_chain_exit {
    int link;
    struct weir_chain_output *output;
};

/** One operator (or, at the head of a source's chain, the reader) and where its results go. */
struct weir_link {
    struct weir_collector into; /* collecting here is a call of the operator */
    enum weir_status (*on_record)(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                  struct weir_error *err);
    struct weir_operator *op;
    struct weir_collector *out;        /* never NULL; op->out is, of a sink */
    struct weir_source_reader *reader; /* instead of op */
    struct weir_chain *chain;
    const struct weir_node *node;
    uint64_t record_count; /* that it took */
    struct weir_link **next;
    size_t next_count;
    struct weir_chain_output **outputs;
    size_t output_count;
    struct weir_collector fan_out; /* used as `out` if there is not just one way on */
    struct weir_context ctx;
};

struct weir_chain {
    struct weir_link *links; /* an operator comes after the one that feeds it */
    size_t link_count;
    struct weir_chain_host host;
    struct weir_link *failed;   /* the operator in which the first failure was seen */
    struct weir_link **pausers; /* those that may say they are not ready */
    size_t pauser_count;
    /* How far a call that may have to be repeated has come. */
    size_t prepared, committed, ended;
    int64_t watermark_ms; /* the latest that went in */
};

/**
 * Makes the operators of a vertex's chain. @param host copied @param exits copied; their outputs outlive the chain
 * On failure `*out` may be set as well, for weir_chain_explain().
 */
enum weir_status weir_chain_new(const struct weir_vertex *vertex, const struct weir_chain_host *host,
                                const struct weir_chain_exit *exits, size_t exit_count, struct weir_chain **out,
                                struct weir_error *err);
/** Lets the operators give up what is open elsewhere; false: not all have yet, call again when one wakes the host. */
bool weir_chain_close(struct weir_chain *chain);
void weir_chain_free(struct weir_chain *chain); /**< NULL is fine */
/** Puts `operator "name" (subtask 2/4): ` before the message, if an operator is known to have failed. */
void weir_chain_explain(const struct weir_chain *chain, struct weir_error *err);

/** Restores (restore may be NULL) and opens every operator, the last of the chain first. Readers are started after. */
enum weir_status weir_chain_open(struct weir_chain *chain, const struct weir_restore *restore, struct weir_error *err);
enum weir_status weir_chain_start_reader(struct weir_chain *chain, bool restored, struct weir_error *err);

/** One element for the head. */
static inline enum weir_status weir_chain_element(struct weir_chain *chain, const void *element, int64_t timestamp_ms,
                                                  struct weir_error *err)
{
    struct weir_collector *into = &chain->links[0].into;

    into->timestamp_ms = timestamp_ms;
    return into->collect(into, element, err);
}
enum weir_status weir_chain_watermark(struct weir_chain *chain, int64_t watermark_ms, struct weir_error *err);
enum weir_status weir_chain_idle(struct weir_chain *chain, bool idle, struct weir_error *err);
/** What the operator at `link` lets through to those after it. */
enum weir_status weir_link_watermark(struct weir_link *link, int64_t watermark_ms, struct weir_error *err);
enum weir_status weir_link_idle(struct weir_link *link, bool idle, struct weir_error *err);

/** False: no element now. */
static inline bool weir_chain_ready(const struct weir_chain *chain)
{
    for (size_t i = 0; i < chain->pauser_count; i++) {
        if (!chain->pausers[i]->op->ops->ready(chain->pausers[i]->op))
            return false;
    }
    return true;
}

/* These may return WEIR_E_AGAIN; the same call, repeated, goes on where it stopped. No element goes in between prepare
 * and snapshot, but while the reader itself is what is not ready. */
enum weir_status weir_chain_prepare(struct weir_chain *chain, int64_t checkpoint_id, struct weir_error *err);
bool weir_chain_reader_prepares(const struct weir_chain *chain);
enum weir_status weir_chain_commit(struct weir_chain *chain, int64_t checkpoint_id, struct weir_error *err);
enum weir_status weir_chain_end_input(struct weir_chain *chain, struct weir_error *err);

enum weir_status weir_chain_snapshot(struct weir_chain *chain, int64_t checkpoint_id, struct weir_snapshot *out,
                                     struct weir_error *err);
void weir_chain_abort(struct weir_chain *chain, int64_t checkpoint_id);

#endif
