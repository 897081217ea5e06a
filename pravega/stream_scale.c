/*
 * stream_scale.c - scaling by hand.
 *
 *     start_scale:  START --the controller's answer--> end
 *     scale:        START --it has begun--> CHECK --not yet: a wait, twice as long each time--> CHECK --done--> end
 */
#include "pravega/streams.h"

#include <stdlib.h>

#include "pravega/user_call.h"

#define WAIT_MIN_MS 10
#define WAIT_MAX_MS 1000

struct scale {
    struct pravega_user_call user; /* first */
    bool awaited;                  /* until it is done; or only begun */
    int32_t epoch;
    struct pravega_segment_range *segments; /* the new ones */
    size_t count;
    struct weir_timer timer;
    int64_t wait_ms;
};

static void scale_fini(struct pravega_user_call *user)
{
    struct scale *scale = (struct scale *)user;

    if (weir_timer_armed(&scale->timer))
        weir_timer_stop(user->client->loop, &scale->timer);
    free(scale->segments);
}

static void scale_end(struct scale *scale, enum weir_status status, const struct weir_error *why)
{
    bool ok = status == WEIR_OK;

    pravega_user_call_end(&scale->user);
    ((pravega_scale_fn *)scale->user.done)(scale->user.arg, status, ok ? scale->epoch : 0, ok ? scale->segments : NULL,
                                           ok ? scale->count : 0, why);
    pravega_user_call_free(&scale->user);
}

static void on_checked(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct scale *scale = arg;

    if (status != WEIR_E_AGAIN) {
        scale_end(scale, status, why);
        return;
    }
    weir_timer_start(scale->user.client->loop, &scale->timer, scale->wait_ms * WEIR_NS_PER_MS);
    scale->wait_ms = scale->wait_ms < WAIT_MAX_MS / 2 ? scale->wait_ms * 2 : WAIT_MAX_MS;
}

static void check(void *arg)
{
    struct scale *scale = arg;
    struct pravega_stream_name stream = pravega_user_call_stream(&scale->user);

    pravega_controller_check_scale(&scale->user.call, scale->user.client, &stream, scale->epoch, on_checked, scale);
}

static void on_started(void *arg, enum weir_status status, int32_t epoch, const struct pravega_segment_range *segments,
                       size_t count, const struct weir_error *why)
{
    struct scale *scale = arg;
    struct weir_error err = *why;

    if (status == WEIR_OK) {
        scale->segments = calloc(count + 1, sizeof(*scale->segments));
        if (scale->segments == NULL)
            status = weir_fail(&err, WEIR_E_NOMEM, "out of memory for %zu segments", count);
    }
    if (status == WEIR_OK) {
        scale->epoch = epoch;
        scale->count = count;
        for (size_t i = 0; i < count; i++)
            scale->segments[i] = segments[i];
    }
    if (status != WEIR_OK || !scale->awaited)
        scale_end(scale, status, &err);
    else
        check(scale);
}

static void scale_start(struct pravega_client *client, const struct pravega_stream_name *stream,
                        const struct pravega_scale *what, bool awaited, pravega_scale_fn *done, void *arg)
{
    struct weir_error why;
    struct scale *scale =
        pravega_user_call_new(client, sizeof(*scale), stream, (void (*)(void))done, arg, scale_fini, &why);

    if (scale == NULL) {
        done(arg, why.status, 0, NULL, 0, &why);
        return;
    }
    scale->awaited = awaited;
    scale->wait_ms = WAIT_MIN_MS;
    scale->timer = (struct weir_timer){.fn = check, .arg = scale};
    pravega_controller_scale(&scale->user.call, client, stream, what->sealed, what->sealed_count, what->ranges,
                             what->range_count, on_started, scale);
}

void pravega_stream_start_scale(struct pravega_client *client, const struct pravega_stream_name *stream,
                                const struct pravega_scale *scale, pravega_scale_fn *done, void *arg)
{
    scale_start(client, stream, scale, false, done, arg);
}

void pravega_stream_scale(struct pravega_client *client, const struct pravega_stream_name *stream,
                          const struct pravega_scale *scale, pravega_scale_fn *done, void *arg)
{
    scale_start(client, stream, scale, true, done, arg);
}
