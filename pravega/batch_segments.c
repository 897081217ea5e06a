/*
 * batch_segments.c - what there is to read between two stream cuts.
 *
 *     CUTS --both are known--> SEGMENTS --ids--> OFFSETS --the last answer--> end
 *
 * CUTS asks for the head and the tail where no cut was given. SEGMENTS asks the controller which segments lie between.
 * OFFSETS asks the stores where those begin and end that are not in both cuts, a few at a time. A segment that is not
 * there any more was truncated meanwhile: with a head of our own all is asked for again, some times.
 */
#include "pravega/batch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/format/objects.h"
#include "pravega/segment_info.h"
#include "pravega/user_call.h"

#define AGAIN_MAX 3
#define QUERIES_MAX 16 /* under way at once */

struct batch;

/* One of the questions under way. */
struct slot {
    struct batch *batch;
    size_t at; /* the range that it is about */
    struct pravega_segment_query query;
};

struct batch {
    struct pravega_user_call user;      /* first; its call asks for the segments */
    struct pravega_stream_cut from, to; /* their names are the call's */
    bool head_asked, tail_asked;        /* no cut was given */
    int awaited;                        /* cuts */
    struct weir_error why;              /* of the first that failed */
    struct pravega_batch_range *ranges;
    size_t count, next; /* ranges before `next` are known, or asked for */
    size_t busy_count;  /* slots */
    struct slot slots[QUERIES_MAX];
    int tries;
};

static void drop_ranges(struct batch *batch)
{
    for (size_t i = 0; i < QUERIES_MAX; i++) {
        pravega_segment_query_cancel(&batch->slots[i].query);
        batch->slots[i].batch = NULL;
    }
    free(batch->ranges);
    batch->ranges = NULL;
    batch->count = batch->next = batch->busy_count = 0;
}

static void batch_fini(struct pravega_user_call *user)
{
    struct batch *batch = (struct batch *)user;

    drop_ranges(batch);
    free(batch->from.positions);
    free(batch->to.positions);
}

/* `why` may be in a query, which ends. */
static void batch_end(struct batch *batch, enum weir_status status, const struct weir_error *why)
{
    struct weir_error copy = status != WEIR_OK ? *why : (struct weir_error){0};
    struct pravega_batch_segments result = {batch->ranges, batch->count, &batch->from, &batch->to};

    for (size_t i = 0; i < QUERIES_MAX; i++)
        pravega_segment_query_cancel(&batch->slots[i].query); /* the callback may free the client */
    pravega_user_call_end(&batch->user);
    ((pravega_batch_segments_fn *)batch->user.done)(batch->user.arg, status, status == WEIR_OK ? &result : NULL, &copy);
    pravega_user_call_free(&batch->user);
}

/* ---- OFFSETS */

static void ask_cuts(struct batch *batch);
static void ask_offsets(struct batch *batch);

/* A cut before the head was one that could be read to, once. */
static enum weir_status wrong_order(const struct batch *batch, pravega_segment_id segment, int64_t from, int64_t to,
                                    struct weir_error *err)
{
    if (batch->head_asked)
        return weir_fail(err, WEIR_E_TRUNCATED,
                         "segment %d.#epoch.%d of stream %s/%s is truncated before offset %" PRId64
                         ", and was to be read to %" PRId64,
                         pravega_segment_number(segment), pravega_segment_epoch(segment), batch->user.scope,
                         batch->user.stream, from, to);
    return weir_fail(err, WEIR_E_INVAL,
                     "the stream cuts of %s/%s are in the wrong order: segment %d.#epoch.%d would be read from %" PRId64
                     " to %" PRId64,
                     batch->user.scope, batch->user.stream, pravega_segment_number(segment),
                     pravega_segment_epoch(segment), from, to);
}

/* @param info of the segment; NULL: not asked for, as both cuts have offsets of it */
static enum weir_status set_range(struct batch *batch, struct pravega_batch_range *range,
                                  const struct pravega_segment_info *info, struct weir_error *err)
{
    const struct pravega_segment_offset *from = pravega_stream_cut_find(&batch->from, range->segment);
    const struct pravega_segment_offset *to = pravega_stream_cut_find(&batch->to, range->segment);

    range->end_offset = to != NULL && to->offset >= 0 ? to->offset : info->write_offset;
    if (from == NULL)
        range->start_offset = info->start_offset;
    else
        range->start_offset = from->offset >= 0 ? from->offset : range->end_offset; /* read to its end already */
    if (info != NULL && range->start_offset < info->start_offset && range->end_offset > range->start_offset)
        return weir_fail(err, WEIR_E_TRUNCATED,
                         "segment %d.#epoch.%d of stream %s/%s is truncated before offset %" PRId64,
                         pravega_segment_number(range->segment), pravega_segment_epoch(range->segment),
                         batch->user.scope, batch->user.stream, info->start_offset);
    if (range->start_offset <= range->end_offset)
        return WEIR_OK;
    return wrong_order(batch, range->segment, range->start_offset, range->end_offset, err);
}

static void on_segment_gone(struct batch *batch, pravega_segment_id segment)
{
    struct weir_error err = {0};

    if (batch->head_asked && ++batch->tries < AGAIN_MAX) {
        drop_ranges(batch);
        ask_cuts(batch);
        return;
    }
    weir_fail(&err, WEIR_E_TRUNCATED, "segment %d.#epoch.%d of stream %s/%s is gone: the stream is truncated",
              pravega_segment_number(segment), pravega_segment_epoch(segment), batch->user.scope, batch->user.stream);
    batch_end(batch, WEIR_E_TRUNCATED, &err);
}

static void on_info(void *arg, enum weir_status status, const struct pravega_segment_info *info,
                    const struct weir_error *why)
{
    struct slot *slot = arg;
    struct batch *batch = slot->batch;
    struct weir_error err = *why;

    if (status == WEIR_E_NOT_FOUND) {
        on_segment_gone(batch, batch->ranges[slot->at].segment);
        return;
    }
    if (status == WEIR_OK)
        status = set_range(batch, &batch->ranges[slot->at], info, &err);
    batch->busy_count--;
    slot->batch = NULL;
    if (status != WEIR_OK)
        batch_end(batch, status, &err);
    else
        ask_offsets(batch);
}

static void ask_offset(struct batch *batch, size_t at)
{
    struct pravega_stream_name stream = pravega_user_call_stream(&batch->user);
    struct slot *slot = batch->slots;

    while (slot->batch != NULL)
        slot++;
    slot->batch = batch;
    slot->at = at;
    batch->busy_count++;
    pravega_segment_query_start(&slot->query, batch->user.client, &stream, batch->ranges[at].segment, on_info, slot);
}

/* Fills ranges, and asks about those that need it, while there are slots. */
static void ask_offsets(struct batch *batch)
{
    struct weir_error err;

    for (; batch->next < batch->count && batch->busy_count < QUERIES_MAX; batch->next++) {
        struct pravega_batch_range *range = &batch->ranges[batch->next];
        const struct pravega_segment_offset *from = pravega_stream_cut_find(&batch->from, range->segment);
        const struct pravega_segment_offset *to = pravega_stream_cut_find(&batch->to, range->segment);
        enum weir_status status = WEIR_OK;

        if (from != NULL && to != NULL && to->offset >= 0)
            status = set_range(batch, range, NULL, &err);
        else
            ask_offset(batch, batch->next);
        if (status != WEIR_OK) {
            batch_end(batch, status, &err);
            return;
        }
    }
    if (batch->busy_count == 0)
        batch_end(batch, WEIR_OK, NULL);
}

/* ---- SEGMENTS */

static void on_ids(void *arg, enum weir_status status, const pravega_segment_id *ids, size_t count,
                   const struct weir_error *why)
{
    struct batch *batch = arg;
    struct weir_error err = *why;

    if (status == WEIR_OK) {
        batch->ranges = calloc(count + 1, sizeof(*batch->ranges));
        if (batch->ranges == NULL)
            status = weir_fail(&err, WEIR_E_NOMEM, "out of memory for %zu segments", count);
    }
    if (status != WEIR_OK) {
        batch_end(batch, status, &err);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (i == 0 || ids[i] != ids[i - 1])
            batch->ranges[batch->count++].segment = ids[i];
    ask_offsets(batch);
}

/* A segment is newer than what it replaced. So where the oldest segment of `from`, or its newest, is newer than that of
 * `to`, a segment of `to` was replaced by one of `from`: it lies before it. */
static bool is_older(const struct pravega_stream_cut *to, const struct pravega_stream_cut *from)
{
    return to->position_count > 0 && from->position_count > 0 &&
           (to->positions[0].id < from->positions[0].id ||
            to->positions[to->position_count - 1].id < from->positions[from->position_count - 1].id);
}

/* A controller of 0.13 fails, again and again, of cuts in the wrong order. */
static enum weir_status check_order(const struct batch *batch, struct weir_error *err)
{
    for (size_t i = 0; i < batch->from.position_count; i++) {
        const struct pravega_segment_offset *from = &batch->from.positions[i];
        const struct pravega_segment_offset *to = pravega_stream_cut_find(&batch->to, from->id);

        if (to != NULL && to->offset >= 0 && from->offset > to->offset)
            return wrong_order(batch, from->id, from->offset, to->offset, err);
    }
    if (!is_older(&batch->to, &batch->from))
        return WEIR_OK;
    if (batch->head_asked)
        return weir_fail(err, WEIR_E_TRUNCATED, "stream %s/%s is truncated past the cut that it was to be read to",
                         batch->user.scope, batch->user.stream);
    return weir_fail(err, WEIR_E_INVAL,
                     "the stream cuts of %s/%s are in the wrong order: the first has newer segments than the second",
                     batch->user.scope, batch->user.stream);
}

static void ask_segments(struct batch *batch)
{
    struct pravega_stream_name stream = pravega_user_call_stream(&batch->user);
    struct weir_error err;
    enum weir_status status = check_order(batch, &err);

    if (status != WEIR_OK) {
        batch_end(batch, status, &err);
        return;
    }

    if (batch->from.position_count == 0) { /* the end of a sealed stream: nothing follows it */
        batch_end(batch, WEIR_OK, NULL);
        return;
    }
    pravega_controller_segments_between(&batch->user.call, batch->user.client, &stream, batch->from.positions,
                                        batch->from.position_count, batch->to.positions, batch->to.position_count,
                                        on_ids, batch);
}

/* ---- CUTS */

static void on_cut(struct batch *batch, struct pravega_stream_cut *cut, enum weir_status status,
                   const struct pravega_segment_offset *positions, size_t count, const struct weir_error *why)
{
    struct weir_error err = *why;

    free(cut->positions);
    cut->position_count = 0;
    cut->positions = calloc(count + 1, sizeof(*cut->positions));
    if (status == WEIR_OK && cut->positions == NULL)
        status = weir_fail(&err, WEIR_E_NOMEM, "out of memory for a stream cut of %zu segments", count);
    if (batch->why.status == WEIR_OK && status != WEIR_OK)
        batch->why = err;
    for (; status == WEIR_OK && cut->position_count < count; cut->position_count++)
        cut->positions[cut->position_count] = positions[cut->position_count];
    if (--batch->awaited > 0)
        return;
    if (batch->why.status != WEIR_OK)
        batch_end(batch, batch->why.status, &batch->why);
    else
        ask_segments(batch);
}

static void on_head(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                    const struct weir_error *why)
{
    struct batch *batch = arg;

    on_cut(batch, &batch->from, status, cut, count, why);
}

static void on_tail(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                    const struct weir_error *why)
{
    struct batch *batch = arg;

    on_cut(batch, &batch->to, status, cut, count, why);
}

/* Without memory a question ends within the call, and the last one awaited is the batch's end. */
static void ask_cuts(struct batch *batch)
{
    struct pravega_stream_name stream = pravega_user_call_stream(&batch->user);
    bool asks_tail = batch->tail_asked;

    batch->awaited = batch->head_asked + batch->tail_asked;
    if (batch->head_asked)
        pravega_stream_head(batch->user.client, &stream, on_head, batch);
    if (asks_tail)
        pravega_stream_tail(batch->user.client, &stream, on_tail, batch);
}

/* ---- the start */

static bool no_cut(const struct pravega_stream_cut *cut)
{
    return cut == NULL || pravega_stream_cut_is_unbounded(cut);
}

static enum weir_status keep_cut(struct batch *batch, const struct pravega_stream_cut *from,
                                 struct pravega_stream_cut *to, struct weir_error *err)
{
    to->scope = batch->user.scope;
    to->stream = batch->user.stream;
    if (no_cut(from))
        return WEIR_OK;
    if (strcmp(from->scope, to->scope) != 0 || strcmp(from->stream, to->stream) != 0)
        return weir_fail(err, WEIR_E_INVAL, "cannot read stream %s/%s between cuts of stream %s/%s", to->scope,
                         to->stream, from->scope, from->stream);
    to->positions = calloc(from->position_count + 1, sizeof(*to->positions));
    if (to->positions == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a stream cut of %zu segments", from->position_count);
    for (; to->position_count < from->position_count; to->position_count++)
        to->positions[to->position_count] = from->positions[to->position_count];
    return WEIR_OK;
}

static void on_refused(void *arg, enum weir_status status, const struct weir_error *why)
{
    batch_end(arg, status, why);
}

/* Nothing had to be asked for; what follows can end the call, so it is done in a later turn. */
static void on_cuts_given(void *arg, enum weir_status status, const struct weir_error *why)
{
    (void)status;
    (void)why;
    ask_segments(arg);
}

void pravega_batch_segments(struct pravega_client *client, const struct pravega_stream_name *stream,
                            const struct pravega_stream_cut *from, const struct pravega_stream_cut *to,
                            pravega_batch_segments_fn *done, void *arg)
{
    struct weir_error why;
    struct batch *batch =
        pravega_user_call_new(client, sizeof(*batch), stream, (void (*)(void))done, arg, batch_fini, &why);

    if (batch == NULL) {
        done(arg, why.status, NULL, &why);
        return;
    }
    batch->head_asked = no_cut(from);
    batch->tail_asked = no_cut(to);
    if (keep_cut(batch, from, &batch->from, &why) != WEIR_OK || keep_cut(batch, to, &batch->to, &why) != WEIR_OK)
        pravega_user_call_later(&batch->user, &why, on_refused);
    else if (batch->head_asked || batch->tail_asked)
        ask_cuts(batch);
    else
        pravega_user_call_later(&batch->user, &(struct weir_error){0}, on_cuts_given);
}
