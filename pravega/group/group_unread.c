/*
 * group_unread.c - how many bytes a group has before it: from its last checkpoint, or from where it was, to the tails.
 *
 * For each stream the segments from there to the end cut, or to the current ones, are asked for, then each segment
 * where it begins and ends; one question after the other. A segment counts from the group's place in it, or from its
 * beginning, to its tail, or to the group's end in it. Upstream adds what is truncated, and segments that are read to
 * their end; these are not unread, and do not count here.
 */
#include "pravega/reader_group.h"

#include <stdlib.h>
#include <string.h>

#include "pravega/group/reader_group_int.h"
#include "pravega/segment_info.h"

struct unread_op {
    struct group_op op; /* first */
    struct pravega_group_config config;
    struct pravega_stream_cut *from;
    size_t from_count, at; /* the stream at hand */
    pravega_segment_id *segments;
    size_t segment_count, segment_at;
    struct pravega_call call;
    struct pravega_segment_query query;
    int64_t bytes;
};

static void next_stream(struct unread_op *unread);
static void next_segment(struct unread_op *unread);

static void fini_unread(struct group_op *op)
{
    struct unread_op *unread = (struct unread_op *)op;

    pravega_call_cancel(&unread->call);
    pravega_segment_query_cancel(&unread->query);
    pravega_stream_cuts_free(unread->from, unread->from_count);
    pravega_group_config_fini(&unread->config);
    free(unread->segments);
}

static void end_unread(struct group_op *op, enum weir_status status, const struct weir_error *why)
{
    pravega_bytes_fn *done = (pravega_bytes_fn *)op->done;
    void *arg = op->arg;

    group_op_end(op);
    done(arg, status, 0, why);
}

/* The offset that a cut has of a segment; `otherwise` if none. */
static int64_t offset_in(const struct pravega_stream_cut *cut, pravega_segment_id segment, int64_t otherwise)
{
    for (size_t i = 0; i < cut->position_count; i++)
        if (cut->positions[i].id == segment)
            return cut->positions[i].offset;
    return otherwise;
}

/* Where the group stops in the stream at hand; unbounded if it does not. */
static const struct pravega_stream_cut *end_cut(const struct unread_op *unread)
{
    static const struct pravega_stream_cut unbounded;
    const struct pravega_stream_cut *from = &unread->from[unread->at];

    for (size_t i = 0; i < unread->config.stream_count; i++)
        if (strcmp(unread->config.streams[i].scope, from->scope) == 0 &&
            strcmp(unread->config.streams[i].stream, from->stream) == 0)
            return &unread->config.streams[i].to;
    return &unbounded;
}

static void on_info(void *arg, enum weir_status status, const struct pravega_segment_info *info,
                    const struct weir_error *why)
{
    struct unread_op *unread = arg;
    pravega_segment_id segment = unread->segments[unread->segment_at];

    if (status != WEIR_OK && status != WEIR_E_NOT_FOUND) {
        group_op_failed(&unread->op, status, why);
        return;
    }
    if (status == WEIR_OK) { /* what is not there is truncated */
        int64_t from = offset_in(&unread->from[unread->at], segment, 0);
        int64_t to = offset_in(end_cut(unread), segment, PRAVEGA_OFFSET_COMPLETED);

        if (to == PRAVEGA_OFFSET_COMPLETED || to > info->write_offset)
            to = info->write_offset;
        if (from < info->start_offset)
            from = info->start_offset;
        unread->bytes += to > from ? to - from : 0;
    }
    unread->segment_at++;
    next_segment(unread);
}

static void next_segment(struct unread_op *unread)
{
    const struct pravega_stream_cut *from = &unread->from[unread->at];

    while (unread->segment_at < unread->segment_count &&
           offset_in(from, unread->segments[unread->segment_at], 0) == PRAVEGA_OFFSET_COMPLETED)
        unread->segment_at++;
    if (unread->segment_at < unread->segment_count) {
        pravega_segment_query_start(&unread->query, unread->op.group->client,
                                    &(struct pravega_stream_name){from->scope, from->stream},
                                    unread->segments[unread->segment_at], on_info, unread);
        return;
    }
    unread->at++;
    next_stream(unread);
}

static void on_segments(void *arg, enum weir_status status, const pravega_segment_id *ids, size_t count,
                        const struct weir_error *why)
{
    struct unread_op *unread = arg;

    if (status != WEIR_OK) {
        group_op_failed(&unread->op, status, why);
        return;
    }
    free(unread->segments);
    unread->segments = calloc(count + 1, sizeof(*unread->segments));
    if (unread->segments == NULL) {
        group_op_failed(&unread->op, WEIR_E_NOMEM, &(struct weir_error){.message = "out of memory"});
        return;
    }
    if (count > 0)
        memcpy(unread->segments, ids, count * sizeof(*ids));
    unread->segment_count = count;
    unread->segment_at = 0;
    next_segment(unread);
}

static void next_stream(struct unread_op *unread)
{
    const struct pravega_stream_cut *from = &unread->from[unread->at], *to;
    pravega_bytes_fn *done = (pravega_bytes_fn *)unread->op.done;
    void *arg = unread->op.arg;
    int64_t bytes = unread->bytes;

    if (unread->at == unread->from_count) {
        group_op_end(&unread->op);
        done(arg, WEIR_OK, bytes, &(struct weir_error){0});
        return;
    }
    to = end_cut(unread);
    pravega_controller_segments_between(&unread->call, unread->op.group->client,
                                        &(struct pravega_stream_name){from->scope, from->stream}, from->positions,
                                        from->position_count, to->positions, to->position_count, on_segments, unread);
}

static void have_state(struct group_op *op, const struct pravega_group_state *state)
{
    struct unread_op *unread = (struct unread_op *)op;
    const struct pravega_segment_map *last = pravega_group_state_last_checkpoint(state);
    struct pravega_segment_map positions = {0};
    struct weir_error why = {.message = "out of memory"};
    enum weir_status status = pravega_group_config_copy(&unread->config, &state->config, &why);

    if (status == WEIR_OK)
        status = last != NULL ? pravega_segment_map_copy(&positions, last)
                              : pravega_group_state_positions(state, &positions);
    if (status == WEIR_OK)
        status = pravega_segment_map_cuts(&positions, &unread->from, &unread->from_count, &why);
    pravega_segment_map_fini(&positions);
    if (status != WEIR_OK)
        group_op_failed(op, status, &why);
    else
        next_stream(unread);
}

void pravega_reader_group_unread_bytes(struct pravega_reader_group *group, pravega_bytes_fn *done, void *arg)
{
    struct weir_error why;
    struct unread_op *unread = group_op_new(group, sizeof(*unread), (void (*)(void))done, arg, end_unread, &why);

    if (unread == NULL) {
        done(arg, why.status, 0, &why);
        return;
    }
    unread->op.fini = fini_unread;
    group_op_fetch(&unread->op, have_state);
}
