/*
 * peer_reader.c - a reader of a group as a process.
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

const struct peer_verb peer_reader_verbs[] = {
    {"group-share", "SCOPE/GROUP READER             until SIGTERM, the end, or offline", 2, 2, group_share},
    {0},
};
