/*
 * copy_job.c - copies a stream, exactly once, until it is stopped; says so when it has passed a number of events on.
 *
 *     copy_job COUNT INPUT OUTPUT
 *
 * Between two checkpoints what it writes is in an open transaction: a test that knows that all events are in one, and
 * that no checkpoint is near, can look at what others see.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weir/env.h"
#include "weir/pravega.h"

struct progress {
    long passed, wanted; /* written by the only subtask of the map */
};

static enum weir_status count(void *arg, const void *in, void *out, struct weir_error *err)
{
    struct progress *progress = arg;

    (void)err;
    *(struct weir_view *)out = *(const struct weir_view *)in;
    if (++progress->passed == progress->wanted) {
        printf("%ld events have passed\n", progress->wanted);
        fflush(stdout);
    }
    return WEIR_OK;
}

/* "k3 17" is routed by its first word. */
static struct weir_view key_of(void *arg, const void *element)
{
    const struct weir_view *event = element;
    const uint8_t *space = event->len > 0 ? memchr(event->ptr, ' ', event->len) : NULL;

    (void)arg;
    return weir_view(event->ptr, space != NULL ? (size_t)(space - event->ptr) : event->len);
}

static enum weir_status run(weir_env *env, const struct weir_pravega_config *pravega, char **args,
                            struct weir_error *err)
{
    struct progress progress = {.wanted = atol(args[0])};
    struct weir_pravega_reader_options reader = {
        .config = pravega, .streams = {args[1]}, .deserialization_schema = weir_string_deserialization()};
    struct weir_pravega_writer_options writer = {.config = pravega,
                                                 .stream = args[2],
                                                 .writer_mode = WEIR_PRAVEGA_EXACTLY_ONCE,
                                                 .serialization_schema = weir_string_serialization(),
                                                 .event_router = key_of};
    weir_stream *events = weir_env_add_source(env, weir_pravega_reader(env, &reader), NULL, "events");

    weir_add_sink(weir_map(events, weir_string_type(), count, &progress, "count"), weir_pravega_writer(env, &writer),
                  "copies");
    return weir_env_execute(env, "copy", NULL, err);
}

static enum weir_status copy(int argc, char **argv, struct weir_error *err)
{
    struct weir_env_options defaults = {.parallelism = 1};
    weir_env *env = weir_env_from_args(&defaults, &argc, argv);
    struct weir_pravega_config pravega = weir_pravega_config_from_args(&argc, argv);
    enum weir_status status;

    if (argc != 4 || atol(argv[1]) <= 0)
        status = weir_fail(err, WEIR_E_INVAL, "want: COUNT INPUT OUTPUT");
    else
        status = run(env, &pravega, argv + 1, err);
    weir_env_free(env);
    return status;
}

WEIR_JOB_MAIN(copy)
