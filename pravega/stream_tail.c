/*
 * stream_tail.c - the tail of a stream: its current segments from the controller, then how far each is written, from
 * the segment stores, all asked at once.
 *
 *     SEGMENTS --none--> end
 *     SEGMENTS --some--> OFFSETS --the last answer, or the first failure--> end
 *
 * A segment that is replaced or deleted between the two questions fails with NOT_FOUND at its store; the tail is then
 * asked for from the start, some times.
 */
#include "pravega/streams.h"

#include <stdlib.h>
#include <string.h>

#include "pravega/segment_info.h"
#include "pravega/user_call.h"

#define AGAIN_MAX 3

struct tail_part {
    struct tail *tail;
    size_t at;
    struct pravega_segment_query query;
};

struct tail {
    struct pravega_user_call user; /* first; its call asks for the segments */
    struct tail_part *parts;
    struct pravega_segment_offset *cut;
    size_t count, awaited;
    int tries;
};

static void cancel_parts(struct tail *tail)
{
    for (size_t i = 0; i < tail->count; i++)
        pravega_segment_query_cancel(&tail->parts[i].query);
}

static void drop_parts(struct tail *tail)
{
    cancel_parts(tail);
    free(tail->parts);
    free(tail->cut);
    tail->parts = NULL;
    tail->cut = NULL;
    tail->count = 0;
}

static void tail_fini(struct pravega_user_call *user)
{
    drop_parts((struct tail *)user);
}

static int by_id(const void *a, const void *b)
{
    const struct pravega_segment_offset *left = a, *right = b;

    return (left->id > right->id) - (left->id < right->id);
}

/* `why` is not looked at if status is WEIR_OK. */
static void tail_end(struct tail *tail, enum weir_status status, const struct weir_error *why)
{
    struct weir_error copy = status != WEIR_OK ? *why : (struct weir_error){0}; /* it may be in a query, which ends */
    size_t count = status == WEIR_OK ? tail->count : 0;

    cancel_parts(tail); /* the callback may free the client */
    pravega_user_call_end(&tail->user);
    if (count != 0)
        qsort(tail->cut, count, sizeof(*tail->cut), by_id);
    ((pravega_cut_fn *)tail->user.done)(tail->user.arg, status, status == WEIR_OK ? tail->cut : NULL, count, &copy);
    pravega_user_call_free(&tail->user);
}

static void ask_segments(struct tail *tail);

static void on_info(void *arg, enum weir_status status, const struct pravega_segment_info *info,
                    const struct weir_error *why)
{
    struct tail_part *part = arg;
    struct tail *tail = part->tail;

    if (status == WEIR_E_NOT_FOUND && ++tail->tries < AGAIN_MAX) {
        drop_parts(tail);
        ask_segments(tail);
        return;
    }
    if (status != WEIR_OK) {
        tail_end(tail, status, why);
        return;
    }
    tail->cut[part->at].offset = info->write_offset;
    if (--tail->awaited == 0)
        tail_end(tail, WEIR_OK, NULL);
}

static void on_segments(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                        const struct weir_error *why)
{
    struct tail *tail = arg;
    struct pravega_stream_name stream = pravega_user_call_stream(&tail->user);
    struct weir_error err = *why;

    if (status == WEIR_OK && count != 0) {
        tail->parts = calloc(count, sizeof(*tail->parts));
        tail->cut = calloc(count, sizeof(*tail->cut));
        if (tail->parts == NULL || tail->cut == NULL)
            status = weir_fail(&err, WEIR_E_NOMEM, "out of memory for the tail of %zu segments", count);
    }
    if (status != WEIR_OK || count == 0) {
        tail_end(tail, status, &err);
        return;
    }
    tail->count = tail->awaited = count;
    for (size_t i = 0; i < count; i++) {
        tail->cut[i].id = segments[i].id;
        tail->parts[i].tail = tail;
        tail->parts[i].at = i;
        pravega_segment_query_start(&tail->parts[i].query, tail->user.client, &stream, segments[i].id, on_info,
                                    &tail->parts[i]);
    }
}

static void ask_segments(struct tail *tail)
{
    struct pravega_stream_name stream = pravega_user_call_stream(&tail->user);

    pravega_controller_current_segments(&tail->user.call, tail->user.client, &stream, on_segments, tail);
}

void pravega_stream_tail(struct pravega_client *client, const struct pravega_stream_name *stream, pravega_cut_fn *done,
                         void *arg)
{
    struct weir_error why;
    struct tail *tail =
        pravega_user_call_new(client, sizeof(*tail), stream, (void (*)(void))done, arg, tail_fini, &why);

    if (tail != NULL)
        ask_segments(tail);
    else
        done(arg, why.status, NULL, 0, &why);
}
