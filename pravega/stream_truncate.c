/*
 * stream_truncate.c - a stream truncated at a cut, which may be a checkpoint's.
 *
 *     ENDS --each segment with an offset of -1 asked for its length--> TRUNCATING --the controller's answer--> end
 *
 * In the cut of a reader -1 stands for the end of a segment that is read to there. To a controller it means a segment
 * that has not begun: a controller of 0.13 takes such a cut, never gets done with it, nor with any other truncation of
 * the stream, and upstream's client sends it. The length of a sealed segment is that end in a way that both understand.
 * UNBOUNDED and a cut of nothing would drop nothing, and a controller takes them; they are refused.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/segment_info.h"
#include "pravega/streams.h"
#include "pravega/user_call.h"

struct truncation {
    struct pravega_user_call user; /* first; its call is the truncation */
    struct pravega_segment_offset *positions;
    size_t count, at; /* that is asked for */
    struct pravega_segment_query query;
};

static enum weir_status check_cut(const struct pravega_stream_name *stream, const struct pravega_stream_cut *cut,
                                  struct weir_error *err)
{
    const char *what = NULL;

    if (pravega_stream_cut_is_unbounded(cut) || cut->position_count == 0)
        what = "the stream cut has no positions";
    else if (strcmp(cut->scope, stream->scope) != 0 || strcmp(cut->stream, stream->stream) != 0)
        what = "the stream cut is of another stream";
    for (size_t i = 0; i < cut->position_count && what == NULL; i++)
        if (cut->positions[i].offset < PRAVEGA_OFFSET_COMPLETED)
            what = "the stream cut has an offset below -1";
    if (what == NULL)
        return WEIR_OK;
    return weir_fail(err, WEIR_E_INVAL, "cannot truncate stream %s/%s: %s", stream->scope, stream->stream, what);
}

static void truncation_fini(struct pravega_user_call *user)
{
    free(((struct truncation *)user)->positions);
}

static void on_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct truncation *truncation = arg;
    struct weir_error copy = *why; /* it may be in the query, which ends */

    pravega_segment_query_cancel(&truncation->query); /* the callback may free the client */
    pravega_user_call_end(&truncation->user);
    ((pravega_done_fn *)truncation->user.done)(truncation->user.arg, status, &copy);
    pravega_user_call_free(&truncation->user);
}

static void go_on(struct truncation *truncation);

static void on_info(void *arg, enum weir_status status, const struct pravega_segment_info *info,
                    const struct weir_error *why)
{
    struct truncation *truncation = arg;
    struct pravega_segment_offset *position = &truncation->positions[truncation->at];
    const char *scope = truncation->user.scope, *stream = truncation->user.stream;
    struct weir_error err = *why;

    if (status == WEIR_E_NOT_FOUND)
        status = weir_fail(&err, WEIR_E_CONFLICT,
                           "cannot truncate stream %s/%s: it begins behind segment %" PRId32 " of epoch %" PRId32
                           " already, to whose end the cut leads",
                           scope, stream, pravega_segment_number(position->id), pravega_segment_epoch(position->id));
    else if (status == WEIR_OK && !info->is_sealed)
        status = weir_fail(&err, WEIR_E_INVAL,
                           "cannot truncate stream %s/%s: the stream cut has no offset (-1) in segment %" PRId32
                           " of epoch %" PRId32 ", which has no end yet",
                           scope, stream, pravega_segment_number(position->id), pravega_segment_epoch(position->id));
    if (status != WEIR_OK) {
        on_done(truncation, status, &err);
        return;
    }
    position->offset = info->write_offset;
    go_on(truncation);
}

/* Asks for the next end that is not known, or truncates. */
static void go_on(struct truncation *truncation)
{
    struct pravega_stream_name stream = pravega_user_call_stream(&truncation->user);
    size_t *at = &truncation->at;

    while (*at < truncation->count && truncation->positions[*at].offset != PRAVEGA_OFFSET_COMPLETED)
        ++*at;
    if (*at < truncation->count)
        pravega_segment_query_start(&truncation->query, truncation->user.client, &stream, truncation->positions[*at].id,
                                    on_info, truncation);
    else
        pravega_controller_truncate_stream(&truncation->user.call, truncation->user.client, &stream,
                                           truncation->positions, truncation->count, on_done, truncation);
}

static enum weir_status keep_positions(struct truncation *truncation, const struct pravega_stream_cut *cut,
                                       struct weir_error *err)
{
    truncation->count = cut->position_count;
    truncation->positions = calloc(cut->position_count, sizeof(*truncation->positions));
    if (truncation->positions == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a stream cut of %zu segments", cut->position_count);
    memcpy(truncation->positions, cut->positions, cut->position_count * sizeof(*truncation->positions));
    return WEIR_OK;
}

void pravega_stream_truncate(struct pravega_client *client, const struct pravega_stream_name *stream,
                             const struct pravega_stream_cut *cut, pravega_done_fn *done, void *arg)
{
    struct weir_error why = {0};
    struct truncation *truncation =
        pravega_user_call_new(client, sizeof(*truncation), stream, (void (*)(void))done, arg, truncation_fini, &why);

    if (truncation == NULL)
        done(arg, why.status, &why);
    else if (check_cut(stream, cut, &why) == WEIR_OK && keep_positions(truncation, cut, &why) == WEIR_OK)
        go_on(truncation);
    else
        pravega_user_call_later(&truncation->user, &why, on_done);
}
