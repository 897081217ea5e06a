/*
 * reader_group.c - one of several readers that share a stream, in as many processes as you like; Java's may be among
 * them.
 *
 *   reader_group SCOPE/STREAM GROUP READER            reads its share until Ctrl-C; prints events and checkpoints
 *   reader_group SCOPE/STREAM GROUP --checkpoint NAME asks all readers for a checkpoint, prints where they were
 *   reader_group SCOPE/STREAM GROUP --offline READER  says that a reader is dead, so that others take its share over
 */
#include "example.h"

#include <signal.h>

static struct pravega_session *interrupted; /* by Ctrl-C */

static void on_signal(int number)
{
    (void)number;
    pravega_session_interrupt(interrupted);
}

static void read_share(struct pravega_session *session, const struct pravega_group_name *group, const char *reader_id)
{
    struct pravega_event_reader *reader;
    struct pravega_event_read read;
    struct weir_error err = {0};
    enum weir_status status;

    check(pravega_await_event_reader_new(session, group, reader_id, NULL, &reader, &err), &err);
    interrupted = session;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    while ((status = pravega_await_event_next(session, reader, -1, &read, &err)) == WEIR_OK ||
           status == WEIR_E_TRUNCATED) {
        if (status == WEIR_E_TRUNCATED)
            fprintf(stderr, "%s\n", err.message); /* retention was faster than this group; it goes on behind the gap */
        else if (read.kind == PRAVEGA_READ_CHECKPOINT)
            printf("checkpoint %s\n", read.checkpoint); /* it is recorded by the next call: first keep what was read */
        else
            printf("%.*s\n", (int)read.payload.len, (const char *)read.payload.ptr);
        fflush(stdout);
    }
    if (status != WEIR_E_CANCELLED && status != WEIR_E_END)
        check(status, &err);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    check(pravega_await_event_reader_close(session, reader, NULL, &err), &err);
    pravega_event_reader_free(reader);
}

static void take_checkpoint(struct pravega_session *session, const struct pravega_group_name *name,
                            const char *checkpoint_name)
{
    struct pravega_reader_group *group;
    struct pravega_checkpoint checkpoint = {0};
    struct weir_error err = {0};
    char *text;

    check(pravega_await_reader_group_open(session, name, &group, &err), &err);
    check(pravega_await_reader_group_checkpoint(session, group, checkpoint_name, &checkpoint, &err), &err);
    for (size_t i = 0; i < checkpoint.cut_count; i++) {
        check(pravega_stream_cut_to_text(&checkpoint.cuts[i], &text, &err), &err);
        printf("%s/%s %s\n", checkpoint.cuts[i].scope, checkpoint.cuts[i].stream, text);
        free(text);
    }
    pravega_checkpoint_fini(&checkpoint);
    pravega_reader_group_free(group);
}

static void declare_offline(struct pravega_session *session, const struct pravega_group_name *name,
                            const char *reader_id)
{
    struct pravega_reader_group *group;
    struct weir_error err = {0};

    check(pravega_await_reader_group_open(session, name, &group, &err), &err);
    check(pravega_await_reader_group_reader_offline(session, group, reader_id, NULL, &err), &err);
    pravega_reader_group_free(group);
}

int main(int argc, char **argv)
{
    struct example_session example;
    struct pravega_stream_name_room room;
    struct pravega_group_stream streams;
    struct pravega_reader_group_config config = {.streams = &streams, .stream_count = 1};
    struct pravega_group_name group;
    struct weir_error err = {0};

    usage_unless(argc == 4 || (argc == 5 && strncmp(argv[3], "--", 2) == 0),
                 "reader_group SCOPE/STREAM GROUP READER | --checkpoint NAME | --offline READER");
    example = open_session();
    streams = (struct pravega_group_stream){.stream = make_stream(example.session, argv[1], &room, 4)};
    group = (struct pravega_group_name){room.scope, argv[2]};
    check(pravega_await_reader_group_create(example.session, &group, &config, &err), &err); /* fine if it is there */
    if (argc == 4)
        read_share(example.session, &group, argv[3]);
    else if (strcmp(argv[3], "--checkpoint") == 0)
        take_checkpoint(example.session, &group, argv[4]);
    else
        declare_offline(example.session, &group, argv[4]);
    close_session(&example);
    return 0;
}
