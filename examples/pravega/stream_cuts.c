/*
 * stream_cuts.c - a place in a stream, kept as text, and what was written since.
 *
 *   stream_cuts SCOPE/STREAM             prints where the stream's tail is now
 *   stream_cuts SCOPE/STREAM FROM        prints the events between that place and the tail
 *   stream_cuts SCOPE/STREAM FROM TO     or between two places
 *
 *   here=$(stream_cuts demo/text); hello_writer demo/text key more; stream_cuts demo/text "$here"
 */
#include "example.h"

static void print_tail(struct pravega_session *session, const struct pravega_stream_name *stream)
{
    struct pravega_stream_info *info;
    struct weir_error err = {0};
    char *text;

    check(pravega_await_stream_info(session, stream, &info, &err), &err);
    check(pravega_stream_cut_to_text(info->tail, &text, &err), &err);
    puts(text);
    free(text);
    free(info);
}

/* A reader group that begins and ends where it is told: its reader says END when all of it is read. */
static void print_between(struct pravega_session *session, const struct pravega_stream_name *stream,
                          const struct pravega_stream_cut *from, const struct pravega_stream_cut *to,
                          const struct pravega_group_name *group)
{
    struct pravega_group_stream streams = {.stream = *stream, .from = from, .to = to};
    struct pravega_reader_group_config config = {.streams = &streams, .stream_count = 1};
    struct pravega_event_reader *reader;
    struct pravega_event_read read;
    struct weir_error err = {0};
    enum weir_status status;

    check(pravega_await_reader_group_create(session, group, &config, &err), &err);
    check(pravega_await_event_reader_new(session, group, "reader", NULL, &reader, &err), &err);
    while ((status = pravega_await_event_next(session, reader, -1, &read, &err)) == WEIR_OK) {
        if (read.kind == PRAVEGA_READ_EVENT)
            printf("%.*s\n", (int)read.payload.len, (const char *)read.payload.ptr);
    }
    if (status != WEIR_E_END)
        check(status, &err);
    check(pravega_await_event_reader_close(session, reader, NULL, &err), &err);
    pravega_event_reader_free(reader);
    check(pravega_await_reader_group_delete(session, group, &err), &err);
}

int main(int argc, char **argv)
{
    struct example_session example;
    struct pravega_stream_name_room room;
    struct pravega_stream_name stream;
    struct pravega_stream_cut from = {0}, to = {0};
    struct pravega_group_name group;
    struct pravega_stream_info *info;
    struct weir_error err = {0};
    char name[64];

    usage_unless(argc > 1 && argc < 5, "stream_cuts SCOPE/STREAM [FROM [TO]]");
    example = open_session();
    stream = make_stream(example.session, argv[1], &room, 2);
    if (argc == 2) {
        print_tail(example.session, &stream);
    } else {
        check(pravega_stream_cut_from_text(argv[2], &from, &err), &err);
        if (argc == 4) {
            check(pravega_stream_cut_from_text(argv[3], &to, &err), &err);
        } else {
            check(pravega_await_stream_info(example.session, &stream, &info, &err), &err);
            check(pravega_stream_cut_copy(&to, info->tail, &err), &err);
            free(info);
        }
        snprintf(name, sizeof(name), "cuts-%016llx", (unsigned long long)weir_host_random(example.host));
        group = (struct pravega_group_name){room.scope, name};
        print_between(example.session, &stream, &from, &to, &group);
    }
    pravega_stream_cut_fini(&from);
    pravega_stream_cut_fini(&to);
    close_session(&example);
    return 0;
}
