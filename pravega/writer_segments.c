/*
 * writer_segments.c - which segment an event goes to, and how a sealed segment is replaced.
 *
 * A scale seals segments and puts others in their place. Sealed segments are replaced one at a time, in the order in
 * which we hear of them: the controller names the successors, the sealed segment's own part of the key space goes to
 * them (and only that part: a neighbour that merged into the same successor keeps its part until its own seal is seen),
 * and what it had not acknowledged is written to them in the same order. The next one waits until all of that is
 * durable. So events of one key never overtake each other.
 */
#include <stdlib.h>

#include "base/log.h"
#include "pravega/client_int.h"
#include "pravega/writer_int.h"

static struct pravega_stream_name stream_of(const struct pravega_writer *writer)
{
    return (struct pravega_stream_name){writer->scope, writer->stream};
}

struct pravega_segment_writer *pravega_writer_route(const struct pravega_writer *writer, double position)
{
    size_t low = 0, high = writer->route_count - 1;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (position <= writer->routes[middle].max_key)
            high = middle;
        else
            low = middle + 1;
    }
    return writer->routes[low].segment_writer;
}

static void fail_nomem(struct pravega_writer *writer)
{
    struct weir_error why = {0};

    weir_fail(&why, WEIR_E_NOMEM, "stream %s/%s: no memory to go on writing", writer->scope, writer->stream);
    pravega_writer_fail(writer, why.status, &why);
}

/* ---- segment writers ---- */

struct pravega_segment_writer *pravega_writer_find(const struct pravega_writer *writer, pravega_segment_id segment)
{
    struct pravega_segment_writer *w = writer->segment_writers;

    while (w != NULL && pravega_segment_writer_segment(w) != segment)
        w = pravega_segment_writer_node(w)->next;
    return w;
}

/* The one of that segment, made if need be; NULL: the writer has failed. */
static struct pravega_segment_writer *find_or_make(struct pravega_writer *writer, pravega_segment_id segment,
                                                   bool eager)
{
    struct pravega_stream_name stream = stream_of(writer);
    struct pravega_segment_writer_options options = {
        .stream = &stream,
        .segment = segment,
        .txn = writer->is_txn ? &writer->txn : NULL,
        .pool = &writer->pool,
        .retry = &writer->retry,
        .handler = &pravega_writer_handler,
        .arg = writer,
    };
    struct pravega_segment_writer *w = pravega_writer_find(writer, segment);
    struct weir_error why = {0};

    if (w != NULL)
        return w;
    if (pravega_segment_writer_new(writer->client, &options, &w, &why) != WEIR_OK) {
        pravega_writer_fail(writer, why.status, &why);
        return NULL;
    }
    pravega_segment_writer_node(w)->next = writer->segment_writers;
    writer->segment_writers = w;
    if (eager)
        pravega_segment_writer_start(w);
    return w;
}

static void remove_segment_writer(struct pravega_writer *writer, struct pravega_segment_writer *w)
{
    struct pravega_segment_writer **at = &writer->segment_writers;

    while (*at != w)
        at = &pravega_segment_writer_node(*at)->next;
    *at = pravega_segment_writer_node(w)->next;
    pravega_segment_writer_free(w);
}

void pravega_writer_drop_segments(struct pravega_writer *writer)
{
    while (writer->segment_writers != NULL)
        remove_segment_writer(writer, writer->segment_writers);
    pravega_block_list_recycle(&writer->pool, &writer->waiting);
    writer->sealed = NULL;
    writer->route_count = 0;
}

/* Writes the events of `blocks` again, by the routes of now. False: the writer has failed. */
static bool write_again(struct pravega_writer *writer, struct pravega_block_list *blocks)
{
    struct pravega_append_block *block;

    while ((block = pravega_block_list_pop(blocks)) != NULL) {
        struct pravega_block_cursor cursor = {block};
        struct pravega_outgoing event;

        while (pravega_block_next(&cursor, &event)) {
            if (pravega_segment_writer_append(pravega_writer_route(writer, event.position), &event) != WEIR_OK) {
                pravega_block_forget(block, &cursor);
                pravega_block_list_push(&writer->lost, block);
                pravega_block_list_move(&writer->lost, blocks);
                fail_nomem(writer);
                return false;
            }
        }
        pravega_block_recycle(&writer->pool, block);
    }
    return true;
}

/* ---- the first segments ---- */

bool pravega_writer_set_segments(struct pravega_writer *writer, const struct pravega_segment_range *ranges,
                                 size_t count, bool eager)
{
    writer->routes = calloc(count, sizeof(*writer->routes));
    if (writer->routes == NULL) {
        fail_nomem(writer);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct pravega_segment_writer *w = find_or_make(writer, ranges[i].id, eager);

        if (w == NULL)
            return false;
        writer->routes[i] = (struct pravega_route){ranges[i].min_key, ranges[i].max_key, w};
    }
    writer->route_count = count;
    pravega_writer_settle_later(writer);
    return write_again(writer, &writer->waiting);
}

static void fail_sealed(struct pravega_writer *writer)
{
    struct weir_error why = {0};

    weir_fail(&why, WEIR_E_SEALED, "stream %s/%s is sealed and takes no more events", writer->scope, writer->stream);
    pravega_writer_fail(writer, why.status, &why);
}

static void on_segments(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                        const struct weir_error *why)
{
    struct pravega_writer *writer = arg;

    if (status != WEIR_OK)
        pravega_writer_fail(writer, status, why);
    else if (count == 0)
        fail_sealed(writer);
    else
        pravega_writer_set_segments(writer, segments, count, true);
}

void pravega_writer_find_segments(struct pravega_writer *writer)
{
    struct pravega_stream_name stream = stream_of(writer);

    pravega_controller_current_segments(&writer->call, writer->client, &stream, on_segments, writer);
}

/* ---- sealed ones ---- */

static double max_of(double a, double b)
{
    return a > b ? a : b;
}

static double min_of(double a, double b)
{
    return a < b ? a : b;
}

/*
 * The part of one route, cut among the successors (sorted by min_key), to the end of `routes`. False: they leave a
 * hole, or the writer has failed.
 */
static bool split_route(struct pravega_writer *writer, const struct pravega_route *old,
                        const struct pravega_successor *successors, size_t count, struct pravega_route *routes,
                        size_t *route_count)
{
    double covered = old->min_key;

    for (size_t i = 0; i < count; i++) {
        double from = max_of(old->min_key, successors[i].range.min_key);
        double to = min_of(old->max_key, successors[i].range.max_key);
        struct pravega_segment_writer *w;

        if (from >= to)
            continue;
        if (from > covered)
            return false;
        w = find_or_make(writer, successors[i].range.id, true);
        if (w == NULL)
            return false;
        routes[(*route_count)++] = (struct pravega_route){from, to, w};
        covered = to;
    }
    return covered >= old->max_key;
}

/* Neighbouring routes to one segment are one. */
static void merge_routes(struct pravega_writer *writer)
{
    size_t count = 0;

    for (size_t i = 0; i < writer->route_count; i++) {
        if (count > 0 && writer->routes[count - 1].segment_writer == writer->routes[i].segment_writer)
            writer->routes[count - 1].max_key = writer->routes[i].max_key;
        else
            writer->routes[count++] = writer->routes[i];
    }
    writer->route_count = count;
}

/* False: the writer has failed. */
static bool replace_routes(struct pravega_writer *writer, const struct pravega_segment_writer *sealed,
                           const struct pravega_successor *successors, size_t count)
{
    struct pravega_route *routes = calloc(writer->route_count * (count + 1), sizeof(*routes)), *old = writer->routes;
    size_t old_count = writer->route_count, route_count = 0;
    bool whole = routes != NULL;

    for (size_t i = 0; i < old_count && whole; i++) {
        if (old[i].segment_writer != sealed)
            routes[route_count++] = old[i];
        else
            whole = split_route(writer, &old[i], successors, count, routes, &route_count);
    }
    if (!whole) {
        struct weir_error why = {0};

        free(routes);
        weir_fail(&why, WEIR_E_PROTO, "the successors of segment %s do not cover its keys, or memory is out",
                  pravega_segment_writer_name(sealed));
        pravega_writer_fail(writer, why.status, &why);
        return false;
    }
    free(old);
    writer->routes = routes;
    writer->route_count = route_count;
    merge_routes(writer);
    return true;
}

static void on_successors(void *arg, enum weir_status status, const struct pravega_successor *successors, size_t count,
                          const struct weir_error *why)
{
    struct pravega_writer *writer = arg;
    struct pravega_segment_writer *sealed = writer->sealed;
    struct pravega_block_list left = {0};

    if (status != WEIR_OK) {
        pravega_writer_fail(writer, status, why);
        return;
    }
    if (count == 0) {
        fail_sealed(writer);
        return;
    }
    if (!replace_routes(writer, sealed, successors, count))
        return;
    weir_log_info(weir_loop_log(writer->client->loop), "pravega", "segment %s is sealed; its %zu successors go on",
                  pravega_segment_writer_name(sealed), count);
    writer->sealed = pravega_segment_writer_node(sealed)->next_sealed;
    pravega_segment_writer_take(sealed, &left);
    remove_segment_writer(writer, sealed);
    if (!write_again(writer, &left))
        return;
    writer->barrier = writer->next_ordinal;
    pravega_writer_settle_later(writer);
    pravega_writer_go_on_sealed(writer);
}

uint64_t pravega_writer_oldest(const struct pravega_writer *writer, bool sealed_too)
{
    uint64_t oldest = UINT64_MAX;

    for (struct pravega_segment_writer *w = writer->segment_writers; w != NULL;
         w = pravega_segment_writer_node(w)->next) {
        uint64_t its =
            sealed_too || !pravega_segment_writer_is_sealed(w) ? pravega_segment_writer_oldest(w) : UINT64_MAX;

        oldest = its < oldest ? its : oldest;
    }
    for (const struct pravega_append_block *block = writer->waiting.first; block != NULL; block = block->next)
        oldest = block->oldest < oldest ? block->oldest : oldest;
    return oldest;
}

void pravega_writer_go_on_sealed(struct pravega_writer *writer)
{
    struct pravega_stream_name stream = stream_of(writer);

    if (writer->failed || writer->sealed == NULL || pravega_call_busy(&writer->call) ||
        pravega_writer_oldest(writer, false) < writer->barrier)
        return;
    pravega_controller_successors(&writer->call, writer->client, &stream,
                                  pravega_segment_writer_segment(writer->sealed), on_successors, writer);
}
