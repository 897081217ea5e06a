/*
 * peer_reader.c - a reader of a group as a process, and the scaling that goes on around it.
 *
 * What it is given goes to standard output at once, a line each, with the microsecond: "123 event TEXT", "123
 * checkpoint NAME", "123 offline", "123 end". SIGTERM closes the reader in order.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "peer.h"
#include "pravega/event_reader.h"

#define LOOK_MS 100 /* for SIGTERM */
#define SEGMENTS_MAX 64

static volatile sig_atomic_t is_ending;

static void on_signal(int number)
{
    (void)number;
    is_ending = 1;
}

static void say(const char *kind, struct weir_view text)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    printf("%" PRId64 " %s %.*s\n", (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, kind, (int)text.len,
           (const char *)text.ptr);
    fflush(stdout);
}

static enum weir_status read_on(struct pravega_session *session, struct pravega_event_reader *reader,
                                struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    while (!is_ending && (status == WEIR_OK || status == WEIR_E_TIMEOUT)) {
        struct pravega_event_read event;

        status = pravega_await_event_next(session, reader, LOOK_MS, &event, err);
        if (status == WEIR_OK && event.kind == PRAVEGA_READ_EVENT)
            say("event", event.payload);
        else if (status == WEIR_OK)
            say("checkpoint", weir_view_str(event.checkpoint));
    }
    return is_ending || status == WEIR_E_TIMEOUT ? WEIR_OK : status;
}

static int group_share(struct pravega_session *session, char **arguments, int count)
{
    struct peer_name room;
    struct pravega_group_name name;
    struct pravega_event_reader *reader = NULL;
    struct weir_error err = {0};
    enum weir_status status;

    (void)count;
    if (!peer_group(arguments[0], &room, &name))
        return 2;
    signal(SIGTERM, on_signal);
    status = pravega_await_event_reader_new(session, &name, arguments[1], NULL, &reader, &err);
    if (status == WEIR_OK) {
        say("joined", weir_view_str(arguments[1]));
        status = read_on(session, reader, &err);
    }
    if (status == WEIR_E_STATE)
        say("offline", weir_view_str(err.message));
    else if (status == WEIR_E_END)
        say("end", weir_view_str(""));
    if (status == WEIR_OK || status == WEIR_E_END)
        status = pravega_await_event_reader_close(session, reader, NULL, &err);
    pravega_event_reader_free(reader);
    return status == WEIR_E_STATE ? 0 : peer_end(status, &err);
}

/* ---- scaling */

struct current {
    pravega_segment_id ids[SEGMENTS_MAX];
    size_t count;
};

static void take_current(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                         const struct weir_error *why)
{
    struct current *current = pravega_await_out(arg);

    for (size_t i = 0; current != NULL && i < count && i < SEGMENTS_MAX; i++)
        current->ids[current->count++] = segments[i].id;
    pravega_await_done(arg, status, why);
}

static void scaled(void *arg, enum weir_status status, int32_t epoch, const struct pravega_segment_range *segments,
                   size_t count, const struct weir_error *why)
{
    (void)epoch, (void)segments, (void)count;
    pravega_await_done(arg, status, why);
}

static enum weir_status scale_to(struct pravega_session *session, const struct pravega_stream_name *stream, size_t want,
                                 struct weir_error *err)
{
    struct pravega_segment_range ranges[SEGMENTS_MAX];
    struct current current = {.count = 0};
    struct pravega_scale scale = {current.ids, 0, ranges, want};
    struct pravega_await *await = pravega_await_begin(session, &current);
    enum weir_status status;

    if (await != NULL)
        pravega_stream_current_segments(pravega_session_client(session), stream, take_current, await);
    status = pravega_await_end(session, await, err);
    if (status != WEIR_OK)
        return status;
    for (size_t i = 0; i < want; i++)
        ranges[i] = (struct pravega_segment_range){0, (double)i / (double)want,
                                                   i + 1 == want ? 1 : (double)(i + 1) / (double)want};
    scale.sealed_count = current.count;
    await = pravega_await_begin(session, NULL);
    if (await != NULL)
        pravega_stream_scale(pravega_session_client(session), stream, &scale, scaled, await);
    return pravega_await_end(session, await, err);
}

static int stream_scale(struct pravega_session *session, char **arguments, int count)
{
    struct peer_name room;
    struct pravega_stream_name stream;
    struct weir_error err = {0};
    int want = atoi(arguments[1]);

    (void)count;
    if (!peer_stream(arguments[0], &room, &stream) || want < 1 || want > SEGMENTS_MAX)
        return 2;
    return peer_end(scale_to(session, &stream, (size_t)want, &err), &err);
}

const struct peer_verb peer_reader_verbs[] = {
    {"group-share", "SCOPE/GROUP READER             until SIGTERM, the end, or offline", 2, 2, group_share},
    {"stream-scale", "SCOPE/STREAM SEGMENTS", 2, 2, stream_scale},
    {0},
};
