/*
 * peer_logs.c - the verbs on revisioned streams; revisions are in their text form, "-" is none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"
#include "pravega/revisioned_stream.h"

struct log {
    struct pravega_session *session;
    struct pravega_revisioned_stream *stream;
    struct peer_name room;
    struct pravega_stream_name name;
    struct pravega_revision found;
    bool has_found;
};

/* ---- calls, awaited */

static void on_revision(void *arg, enum weir_status status, const struct pravega_revision *revision,
                        const struct weir_error *why)
{
    struct log *log = pravega_await_out(arg);

    if (log != NULL) {
        log->has_found = status == WEIR_OK && revision != NULL;
        if (log->has_found)
            log->found = *revision;
    }
    pravega_await_done(arg, status, why);
}

#define AWAIT(log, err, ...)                                                                                           \
    do {                                                                                                               \
        struct pravega_await *await = pravega_await_begin((log)->session, log);                                        \
        if (await != NULL)                                                                                             \
            __VA_ARGS__;                                                                                               \
        status = pravega_await_end((log)->session, await, err);                                                        \
    } while (0)

static void print_revision(const struct log *log, const struct pravega_revision *revision)
{
    char text[PRAVEGA_SEGMENT_NAME_LEN_MAX + 40];

    pravega_revision_text(&log->name, revision, text, sizeof(text));
    printf("%s", text);
}

/* `*revision` is `room`, or NULL for "-". */
static enum weir_status parse(const struct log *log, const char *text, struct pravega_revision *room,
                              const struct pravega_revision **revision, struct weir_error *err)
{
    *revision = strcmp(text, "-") == 0 ? NULL : room;
    return *revision == NULL ? WEIR_OK : pravega_revision_parse(text, &log->name, room, err);
}

/* ---- verbs */

static enum weir_status append(struct log *log, char **arguments, struct weir_error *err)
{
    enum weir_status status;

    AWAIT(log, err,
          pravega_revisioned_stream_write_unconditionally(log->stream, weir_view_str(arguments[0]), pravega_await_done,
                                                          await));
    return status;
}

static enum weir_status append_after(struct log *log, char **arguments, struct weir_error *err)
{
    struct pravega_revision room;
    const struct pravega_revision *after;
    enum weir_status status = parse(log, arguments[0], &room, &after, err);

    if (status != WEIR_OK || after == NULL)
        return WEIR_E_INVAL;
    AWAIT(log, err,
          pravega_revisioned_stream_write_conditionally(log->stream, after, weir_view_str(arguments[1]), on_revision,
                                                        await));
    if (status == WEIR_OK)
        print_revision(log, &log->found);
    printf("%s\n", status == WEIR_E_CONFLICT ? "conflict" : "");
    return status == WEIR_E_CONFLICT ? WEIR_OK : status;
}

static bool on_entry(void *arg, const struct pravega_revision *revision, struct weir_view entry)
{
    const struct log *log = pravega_await_out(arg);

    print_revision(log, revision);
    printf(" %.*s\n", (int)entry.len, (const char *)entry.ptr);
    return true;
}

static enum weir_status oldest(struct log *log, struct weir_error *err)
{
    enum weir_status status;

    AWAIT(log, err, pravega_revisioned_stream_oldest(log->stream, on_revision, await));
    return status;
}

static enum weir_status read_on(struct log *log, char **arguments, struct weir_error *err)
{
    struct pravega_revision room;
    const struct pravega_revision *from;
    enum weir_status status = parse(log, arguments[0], &room, &from, err);

    if (status == WEIR_OK && from == NULL) {
        status = oldest(log, err);
        room = log->found;
    }
    if (status == WEIR_OK)
        AWAIT(log, err, pravega_revisioned_stream_read(log->stream, &room, on_entry, pravega_await_done, await));
    return status;
}

static enum weir_status bounds(struct log *log, char **arguments, struct weir_error *err)
{
    enum weir_status status = oldest(log, err);

    (void)arguments;
    if (status != WEIR_OK)
        return status;
    print_revision(log, &log->found);
    AWAIT(log, err, pravega_revisioned_stream_latest(log->stream, on_revision, await));
    printf(" ");
    print_revision(log, &log->found);
    printf("\n");
    return status;
}

static enum weir_status show_mark(struct log *log, char **arguments, struct weir_error *err)
{
    enum weir_status status;

    (void)arguments;
    AWAIT(log, err, pravega_revisioned_stream_mark(log->stream, on_revision, await));
    if (log->has_found)
        print_revision(log, &log->found);
    printf("%s\n", log->has_found ? "" : "-");
    return status;
}

static enum weir_status set_mark(struct log *log, char **arguments, struct weir_error *err)
{
    struct pravega_revision rooms[2];
    const struct pravega_revision *expected, *mark;
    enum weir_status status = parse(log, arguments[0], &rooms[0], &expected, err);

    if (status == WEIR_OK)
        status = parse(log, arguments[1], &rooms[1], &mark, err);
    if (status == WEIR_OK)
        AWAIT(log, err, pravega_revisioned_stream_set_mark(log->stream, expected, mark, pravega_await_done, await));
    if (status == WEIR_OK || status == WEIR_E_CONFLICT)
        printf("%s\n", status == WEIR_OK ? "set" : "conflict");
    return status == WEIR_E_CONFLICT ? WEIR_OK : status;
}

static enum weir_status truncate_to(struct log *log, char **arguments, struct weir_error *err)
{
    struct pravega_revision room;
    const struct pravega_revision *to;
    enum weir_status status = parse(log, arguments[0], &room, &to, err);

    if (status == WEIR_OK && to != NULL)
        AWAIT(log, err, pravega_revisioned_stream_truncate(log->stream, to, pravega_await_done, await));
    return status;
}

/* Opens the log, runs `run`, closes it. */
static int on_log(struct pravega_session *session, char **arguments,
                  enum weir_status (*run)(struct log *log, char **arguments, struct weir_error *err))
{
    struct log log = {.session = session};
    struct weir_error err = {0};
    enum weir_status status;

    if (!peer_stream(arguments[0], &log.room, &log.name))
        return 2;
    status = pravega_revisioned_stream_new(pravega_session_client(session), &log.name, &log.stream, &err);
    if (status == WEIR_OK)
        status = run(&log, arguments + 1, &err);
    pravega_revisioned_stream_free(log.stream);
    return peer_end(status, &err);
}

static int log_append(struct pravega_session *session, char **arguments, int count)
{
    return on_log(session, arguments, count == 2 ? append : append_after);
}

static int log_read(struct pravega_session *session, char **arguments, int count)
{
    (void)count;
    return on_log(session, arguments, read_on);
}

static int log_bounds(struct pravega_session *session, char **arguments, int count)
{
    (void)count;
    return on_log(session, arguments, bounds);
}

static int log_mark(struct pravega_session *session, char **arguments, int count)
{
    return on_log(session, arguments, count == 1 ? show_mark : set_mark);
}

static int log_truncate(struct pravega_session *session, char **arguments, int count)
{
    (void)count;
    return on_log(session, arguments, truncate_to);
}

const struct peer_verb peer_log_verbs[] = {
    {"log-append", "SCOPE/STREAM [REVISION] TEXT     if it ends there: the new revision, or \"conflict\"", 2, 3,
     log_append},
    {"log-read", "SCOPE/STREAM REVISION              entries after it, or all", 2, 2, log_read},
    {"log-bounds", "SCOPE/STREAM                     oldest and latest revision", 1, 1, log_bounds},
    {"log-mark", "SCOPE/STREAM [EXPECTED MARK]       what it is, or sets it: \"set\" or \"conflict\"", 1, 3, log_mark},
    {"log-truncate", "SCOPE/STREAM REVISION", 2, 2, log_truncate},
    {0},
};
