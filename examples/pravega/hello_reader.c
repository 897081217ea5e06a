/*
 * hello_reader.c - reads a stream from its head through a reader group of its own, until nothing comes for two seconds.
 *
 *   hello_reader SCOPE/STREAM
 */
#include "example.h"

static void read_all(struct pravega_session *session, struct pravega_event_reader *reader)
{
    struct pravega_event_read read;
    struct weir_error err = {0};
    enum weir_status status;

    while ((status = pravega_await_event_next(session, reader, 2000, &read, &err)) == WEIR_OK) {
        if (read.kind == PRAVEGA_READ_EVENT)
            printf("%.*s\n", (int)read.payload.len, (const char *)read.payload.ptr);
    }
    if (status != WEIR_E_TIMEOUT && status != WEIR_E_END)
        check(status, &err);
}

int main(int argc, char **argv)
{
    struct example_session example;
    struct pravega_stream_name_room room;
    struct pravega_event_reader *reader;
    char group_name[64];
    struct pravega_group_name group;
    struct pravega_group_stream streams;
    struct pravega_reader_group_config config = {.streams = &streams, .stream_count = 1};
    struct weir_error err = {0};

    usage_unless(argc == 2, "hello_reader SCOPE/STREAM");
    example = open_session();
    streams = (struct pravega_group_stream){.stream = make_stream(example.session, argv[1], &room, 1)};
    snprintf(group_name, sizeof(group_name), "hello-%016llx", (unsigned long long)weir_host_random(example.host));
    group = (struct pravega_group_name){room.scope, group_name};

    check(pravega_await_reader_group_create(example.session, &group, &config, &err), &err);
    check(pravega_await_event_reader_new(example.session, &group, "hello-reader", NULL, &reader, &err), &err);
    read_all(example.session, reader);
    check(pravega_await_event_reader_close(example.session, reader, NULL, &err), &err);
    pravega_event_reader_free(reader);
    check(pravega_await_reader_group_delete(example.session, &group, &err), &err);
    close_session(&example);
    return 0;
}
