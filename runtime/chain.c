/*
 * chain.c - building a chain, and passing through it what is not an element.
 *
 * Elements take the shortest way: collecting into a link is a call of its operator's on_record. Everything else walks:
 * watermarks down the tree, the steps of a checkpoint along the array, in which an operator stands behind the one that
 * feeds it. A step that one operator cannot finish yet (AGAIN) is taken up at that operator when it is repeated.
 */
#include "runtime/chain.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum weir_status discard(struct weir_operator *op, const void *element, int64_t timestamp_ms,
                                struct weir_error *err)
{
    (void)op;
    (void)element;
    (void)timestamp_ms;
    (void)err;
    return WEIR_OK;
}

/* Remembers the first operator that failed: the innermost, since it returns first. */
static enum weir_status failed_in(struct weir_link *link, enum weir_status status, struct weir_error *err)
{
    if (link->chain->failed == NULL) {
        link->chain->failed = link;
        if (err != NULL && err->message[0] == '\0')
            weir_fail(err, status, "%s", weir_status_text(status));
    }
    return status;
}

static enum weir_status collect_link(struct weir_collector *into, const void *element, struct weir_error *err)
{
    struct weir_link *link = (struct weir_link *)into;
    enum weir_status status;

    link->record_count++;
    link->out->timestamp_ms = into->timestamp_ms;
    status = link->on_record(link->op, element, into->timestamp_ms, err);
    return __builtin_expect(status == WEIR_OK, 1) ? WEIR_OK : failed_in(link, status, err);
}

static enum weir_status collect_keyed_link(struct weir_collector *into, const void *element, struct weir_error *err)
{
    struct weir_link *link = (struct weir_link *)into;

    link->ctx.key = weir_key_of(link->ctx.selector, element, link->ctx.key_room);
    return collect_link(into, element, err);
}

static enum weir_status collect_all(struct weir_collector *collector, const void *element, struct weir_error *err)
{
    struct weir_link *link = (struct weir_link *)((char *)collector - offsetof(struct weir_link, fan_out));
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < link->next_count && status == WEIR_OK; i++) {
        link->next[i]->into.timestamp_ms = collector->timestamp_ms;
        status = weir_collect(&link->next[i]->into, element, err);
    }
    for (size_t i = 0; i < link->output_count && status == WEIR_OK; i++) {
        link->outputs[i]->collector.timestamp_ms = collector->timestamp_ms;
        status = weir_collect(&link->outputs[i]->collector, element, err);
    }
    return status;
}

static bool add_next(struct weir_link *link, struct weir_link *next)
{
    struct weir_link **list = realloc(link->next, (link->next_count + 1) * sizeof(*list));

    if (list == NULL)
        return false;
    link->next = list;
    list[link->next_count++] = next;
    return true;
}

static bool add_output(struct weir_link *link, struct weir_chain_output *output)
{
    struct weir_chain_output **list = realloc(link->outputs, (link->output_count + 1) * sizeof(*list));

    if (list == NULL)
        return false;
    link->outputs = list;
    list[link->output_count++] = output;
    return true;
}

static void choose_out(struct weir_link *link)
{
    link->fan_out.collect = collect_all;
    if (link->next_count == 1 && link->output_count == 0)
        link->out = &link->next[0]->into;
    else if (link->next_count == 0 && link->output_count == 1)
        link->out = &link->outputs[0]->collector;
    else
        link->out = &link->fan_out;
}

static enum weir_status out_of_memory(struct weir_error *err)
{
    return weir_fail(err, WEIR_E_NOMEM, "out of memory while making a chain of operators");
}

static enum weir_status wire(struct weir_chain *chain, const struct weir_vertex *vertex,
                             const struct weir_chain_exit *exits, size_t exit_count, struct weir_error *err)
{
    for (size_t i = 0; i < vertex->link_count; i++) {
        struct weir_link *link = &chain->links[i];

        link->chain = chain;
        link->node = vertex->links[i].node;
        link->ctx.host = &chain->host;
        link->ctx.link = link;
        link->ctx.name = link->node->name;
        link->ctx.uid = link->node->uid;
        link->ctx.selector = link->node->selector;
        link->into.collect = link->ctx.selector != NULL ? collect_keyed_link : collect_link;
        if (vertex->links[i].parent >= 0 && !add_next(&chain->links[vertex->links[i].parent], link))
            return out_of_memory(err);
    }
    for (size_t i = 0; i < exit_count; i++) {
        if (!add_output(&chain->links[exits[i].link], exits[i].output))
            return out_of_memory(err);
    }
    for (size_t i = 0; i < chain->link_count; i++)
        choose_out(&chain->links[i]);
    return WEIR_OK;
}

static enum weir_status make_operator(struct weir_link *link, struct weir_error *err)
{
    const struct weir_node *node = link->node;
    enum weir_status status;

    if (node->source != NULL) {
        status = node->source->create_reader(node->source, &link->ctx, &link->reader, err);
        if (status == WEIR_OK)
            link->reader->ctx = &link->ctx;
        return status == WEIR_OK ? WEIR_OK : failed_in(link, status, err);
    }
    status = node->factory->create(node->factory, &link->ctx, &link->op, err);
    if (status != WEIR_OK)
        return failed_in(link, status, err);
    link->op->ctx = &link->ctx;
    link->op->out = node->is_sink ? NULL : link->out;
    link->on_record = link->op->ops->on_record != NULL ? link->op->ops->on_record : discard;
    if (link->op->ops->ready != NULL)
        link->chain->pausers[link->chain->pauser_count++] = link;
    return WEIR_OK;
}

enum weir_status weir_chain_new(const struct weir_vertex *vertex, const struct weir_chain_host *host,
                                const struct weir_chain_exit *exits, size_t exit_count, struct weir_chain **out,
                                struct weir_error *err)
{
    struct weir_chain *chain = calloc(1, sizeof(*chain));
    enum weir_status status;

    if (chain == NULL)
        return out_of_memory(err);
    *out = chain;
    chain->host = *host;
    chain->watermark_ms = INT64_MIN;
    chain->links = aligned_alloc(_Alignof(struct weir_link), vertex->link_count * sizeof(*chain->links));
    chain->pausers = calloc(vertex->link_count, sizeof(*chain->pausers));
    if (chain->links == NULL || chain->pausers == NULL)
        return out_of_memory(err);
    memset(chain->links, 0, vertex->link_count * sizeof(*chain->links));
    chain->link_count = vertex->link_count;
    status = wire(chain, vertex, exits, exit_count, err);
    for (size_t i = 0; i < chain->link_count && status == WEIR_OK; i++)
        status = make_operator(&chain->links[i], err);
    return status;
}

bool weir_chain_close(struct weir_chain *chain)
{
    bool closed = true;

    for (size_t i = 0; i < chain->link_count; i++) {
        struct weir_operator *op = chain->links[i].op;

        if (op != NULL && op->ops->close != NULL && op->ops->close(op) == WEIR_E_AGAIN)
            closed = false;
    }
    return closed;
}

void weir_chain_free(struct weir_chain *chain)
{
    if (chain == NULL)
        return;
    for (size_t i = 0; i < chain->link_count; i++) {
        struct weir_link *link = &chain->links[i];

        if (link->op != NULL)
            link->op->ops->free(link->op);
        if (link->reader != NULL)
            link->reader->ops->free(link->reader);
        free(link->next);
        free(link->outputs);
    }
    free(chain->links);
    free(chain->pausers);
    free(chain);
}

void weir_chain_explain(const struct weir_chain *chain, struct weir_error *err)
{
    struct weir_error why = *err;

    if (chain == NULL || chain->failed == NULL)
        return;
    weir_fail(err, why.status, "operator \"%s\" (subtask %d/%d): %s", chain->failed->ctx.name, chain->host.subtask + 1,
              chain->host.parallelism, why.message);
    err->sys_errno = why.sys_errno;
}

static enum weir_status restore_link(void *arg, const struct weir_restored *entry, struct weir_error *err)
{
    struct weir_link *link = arg;

    if (link->reader != NULL && link->reader->ops->restore != NULL)
        return link->reader->ops->restore(link->reader, entry, err);
    if (link->op != NULL && link->op->ops->restore != NULL)
        return link->op->ops->restore(link->op, entry, err);
    return weir_fail(err, WEIR_E_STATE, "the checkpoint has its state \"%s\", which it cannot restore",
                     entry->state_name);
}

static enum weir_status open_link(struct weir_link *link, const struct weir_restore *restore, struct weir_error *err)
{
    const struct weir_chain_host *host = &link->chain->host;
    struct weir_restore_place place = {link->ctx.uid, host->subtask, host->parallelism, host->max_parallelism};
    enum weir_status status = WEIR_OK;

    if (restore != NULL)
        status = weir_restore_each(restore, &place, restore_link, link, err);
    if (status == WEIR_OK && link->op != NULL && link->op->ops->open != NULL)
        status = link->op->ops->open(link->op, err);
    return status == WEIR_OK ? WEIR_OK : failed_in(link, status, err);
}

enum weir_status weir_chain_open(struct weir_chain *chain, const struct weir_restore *restore, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    for (size_t i = chain->link_count; i > 0 && status == WEIR_OK; i--)
        status = open_link(&chain->links[i - 1], restore, err);
    return status;
}

enum weir_status weir_chain_start_reader(struct weir_chain *chain, bool restored, struct weir_error *err)
{
    struct weir_source_reader *reader = chain->links[0].reader;
    enum weir_status status;

    if (reader == NULL || reader->ops->start == NULL)
        return WEIR_OK;
    status = reader->ops->start(reader, restored, err);
    return status == WEIR_OK ? WEIR_OK : failed_in(&chain->links[0], status, err);
}

/* The watermark reaches an operator: first it, then what follows. */
static enum weir_status enter_watermark(struct weir_link *link, int64_t watermark_ms, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    link->out->timestamp_ms = WEIR_NO_TIMESTAMP;
    if (link->op->ops->on_watermark != NULL)
        status = link->op->ops->on_watermark(link->op, watermark_ms, err);
    if (status != WEIR_OK)
        return failed_in(link, status, err);
    if (link->node->makes_watermarks && watermark_ms != INT64_MAX)
        return WEIR_OK;
    return weir_link_watermark(link, watermark_ms, err);
}

enum weir_status weir_link_watermark(struct weir_link *link, int64_t watermark_ms, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < link->next_count && status == WEIR_OK; i++)
        status = enter_watermark(link->next[i], watermark_ms, err);
    for (size_t i = 0; i < link->output_count && status == WEIR_OK; i++)
        status = link->outputs[i]->watermark(link->outputs[i], watermark_ms, err);
    return status;
}

enum weir_status weir_chain_watermark(struct weir_chain *chain, int64_t watermark_ms, struct weir_error *err)
{
    chain->watermark_ms = watermark_ms;
    if (chain->links[0].reader != NULL)
        return weir_link_watermark(&chain->links[0], watermark_ms, err);
    return enter_watermark(&chain->links[0], watermark_ms, err);
}

static enum weir_status enter_idle(struct weir_link *link, bool idle, struct weir_error *err)
{
    return link->node->makes_watermarks ? WEIR_OK : weir_link_idle(link, idle, err);
}

enum weir_status weir_link_idle(struct weir_link *link, bool idle, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < link->next_count && status == WEIR_OK; i++)
        status = enter_idle(link->next[i], idle, err);
    for (size_t i = 0; i < link->output_count && status == WEIR_OK; i++)
        status = link->outputs[i]->idle(link->outputs[i], idle, err);
    return status;
}

enum weir_status weir_chain_idle(struct weir_chain *chain, bool idle, struct weir_error *err)
{
    if (chain->links[0].reader != NULL)
        return weir_link_idle(&chain->links[0], idle, err);
    return enter_idle(&chain->links[0], idle, err);
}

static enum weir_status prepare_link(struct weir_link *link, int64_t checkpoint_id, struct weir_error *err)
{
    if (link->reader != NULL)
        return link->reader->ops->prepare != NULL ? link->reader->ops->prepare(link->reader, checkpoint_id, err)
                                                  : WEIR_OK;
    link->out->timestamp_ms = WEIR_NO_TIMESTAMP;
    return link->op->ops->prepare != NULL ? link->op->ops->prepare(link->op, checkpoint_id, err) : WEIR_OK;
}

static enum weir_status commit_link(struct weir_link *link, int64_t checkpoint_id, struct weir_error *err)
{
    if (link->reader != NULL)
        return link->reader->ops->committed != NULL ? link->reader->ops->committed(link->reader, checkpoint_id, err)
                                                    : WEIR_OK;
    return link->op->ops->committed != NULL ? link->op->ops->committed(link->op, checkpoint_id, err) : WEIR_OK;
}

static enum weir_status end_link(struct weir_link *link, int64_t checkpoint_id, struct weir_error *err)
{
    (void)checkpoint_id;
    if (link->op == NULL || link->op->ops->end_input == NULL)
        return WEIR_OK;
    link->out->timestamp_ms = WEIR_NO_TIMESTAMP;
    return link->op->ops->end_input(link->op, err);
}

/* One step for every operator from `*at` on; stops at the first that is not done. */
static enum weir_status walk(struct weir_chain *chain, size_t *at,
                             enum weir_status (*step)(struct weir_link *link, int64_t checkpoint_id,
                                                      struct weir_error *err),
                             int64_t checkpoint_id, struct weir_error *err)
{
    for (; *at < chain->link_count; (*at)++) {
        enum weir_status status = step(&chain->links[*at], checkpoint_id, err);

        if (status == WEIR_E_AGAIN)
            return status;
        if (status != WEIR_OK)
            return failed_in(&chain->links[*at], status, err);
    }
    *at = 0;
    return WEIR_OK;
}

enum weir_status weir_chain_prepare(struct weir_chain *chain, int64_t checkpoint_id, struct weir_error *err)
{
    return walk(chain, &chain->prepared, prepare_link, checkpoint_id, err);
}

bool weir_chain_reader_prepares(const struct weir_chain *chain)
{
    return chain->links[0].reader != NULL && chain->prepared == 0;
}

enum weir_status weir_chain_commit(struct weir_chain *chain, int64_t checkpoint_id, struct weir_error *err)
{
    return walk(chain, &chain->committed, commit_link, checkpoint_id, err);
}

enum weir_status weir_chain_end_input(struct weir_chain *chain, struct weir_error *err)
{
    return walk(chain, &chain->ended, end_link, 0, err);
}

enum weir_status weir_chain_snapshot(struct weir_chain *chain, int64_t checkpoint_id, struct weir_snapshot *out,
                                     struct weir_error *err)
{
    for (size_t i = 0; i < chain->link_count; i++) {
        struct weir_link *link = &chain->links[i];
        enum weir_status status = WEIR_OK;

        weir_snapshot_begin_operator(out, link->ctx.uid);
        if (link->reader != NULL && link->reader->ops->snapshot != NULL)
            status = link->reader->ops->snapshot(link->reader, checkpoint_id, out, err);
        else if (link->op != NULL && link->op->ops->snapshot != NULL)
            status = link->op->ops->snapshot(link->op, checkpoint_id, out, err);
        assert(status != WEIR_E_AGAIN);
        if (status != WEIR_OK)
            return failed_in(link, status, err);
    }
    return WEIR_OK;
}

void weir_chain_abort(struct weir_chain *chain, int64_t checkpoint_id)
{
    chain->prepared = 0;
    for (size_t i = 0; i < chain->link_count; i++) {
        struct weir_link *link = &chain->links[i];

        if (link->reader != NULL && link->reader->ops->aborted != NULL)
            link->reader->ops->aborted(link->reader, checkpoint_id);
        if (link->op != NULL && link->op->ops->aborted != NULL)
            link->op->ops->aborted(link->op, checkpoint_id);
    }
}
