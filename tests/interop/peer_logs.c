/*
 * peer_logs.c - the verbs on revisioned streams; revisions are in their text form, "-" is none.
 */
#include <stdio.h>
#include <string.h>

#include "peer.h"

struct log {
    struct pravega_session *session;
    struct pravega_revisioned_stream *stream;
    struct peer_name room;
    struct pravega_stream_name name;
};

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

static enum weir_status append(struct log *log, char **arguments, struct weir_error *err)
{
    return pravega_await_revisioned_write(log->session, log->stream, weir_view_str(arguments[0]), err);
}

static enum weir_status append_after(struct log *log, char **arguments, struct weir_error *err)
{
    struct pravega_revision after, revision;
    enum weir_status status = pravega_revision_parse(arguments[0], &log->name, &after, err);

    if (status != WEIR_OK)
        return status;
    status = pravega_await_revisioned_write_conditionally(log->session, log->stream, &after,
                                                          weir_view_str(arguments[1]), &revision, err);
    if (status == WEIR_OK)
        print_revision(log, &revision);
    printf("%s\n", status == WEIR_E_CONFLICT ? "conflict" : "");
    return status == WEIR_E_CONFLICT ? WEIR_OK : status;
}

static bool on_entry(void *arg, const struct pravega_revision *revision, struct weir_view entry)
{
    print_revision(arg, revision);
    printf(" %.*s\n", (int)entry.len, (const char *)entry.ptr);
    return true;
}

static enum weir_status read_on(struct log *log, char **arguments, struct weir_error *err)
{
    struct pravega_revision room;
    const struct pravega_revision *from;
    enum weir_status status = parse(log, arguments[0], &room, &from, err);

    if (status == WEIR_OK && from == NULL)
        status = pravega_await_revisioned_oldest(log->session, log->stream, &room, err);
    if (status == WEIR_OK)
        status = pravega_await_revisioned_read(log->session, log->stream, &room, on_entry, log, err);
    return status;
}

static enum weir_status bounds(struct log *log, char **arguments, struct weir_error *err)
{
    struct pravega_revision oldest, latest;
    enum weir_status status = pravega_await_revisioned_oldest(log->session, log->stream, &oldest, err);

    (void)arguments;
    if (status == WEIR_OK)
        status = pravega_await_revisioned_latest(log->session, log->stream, &latest, err);
    if (status != WEIR_OK)
        return status;
    print_revision(log, &oldest);
    printf(" ");
    print_revision(log, &latest);
    printf("\n");
    return WEIR_OK;
}

static enum weir_status show_mark(struct log *log, char **arguments, struct weir_error *err)
{
    struct pravega_revision mark;
    bool is_set = false;
    enum weir_status status = pravega_await_revisioned_mark(log->session, log->stream, &mark, &is_set, err);

    (void)arguments;
    if (is_set)
        print_revision(log, &mark);
    printf("%s\n", is_set ? "" : "-");
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
        status = pravega_await_revisioned_set_mark(log->session, log->stream, expected, mark, err);
    if (status == WEIR_OK || status == WEIR_E_CONFLICT)
        printf("%s\n", status == WEIR_OK ? "set" : "conflict");
    return status == WEIR_E_CONFLICT ? WEIR_OK : status;
}

static enum weir_status truncate_to(struct log *log, char **arguments, struct weir_error *err)
{
    struct pravega_revision to;
    enum weir_status status = pravega_revision_parse(arguments[0], &log->name, &to, err);

    return status == WEIR_OK ? pravega_await_revisioned_truncate(log->session, log->stream, &to, err) : status;
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
    return count == 2 ? 2 : on_log(session, arguments, count == 1 ? show_mark : set_mark);
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
