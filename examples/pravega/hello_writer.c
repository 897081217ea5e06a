/*
 * hello_writer.c - writes events to a stream.
 *
 *   hello_writer SCOPE/STREAM KEY MESSAGE...
 *
 * The messages have one routing key, so whoever reads them sees them in this order.
 */
#include "example.h"

int main(int argc, char **argv)
{
    struct example_session example;
    struct pravega_stream_name_room room;
    struct pravega_stream_name stream;
    struct pravega_writer *writer;
    struct weir_error err = {0};
    struct weir_view key;

    usage_unless(argc > 3, "hello_writer SCOPE/STREAM KEY MESSAGE...");
    example = open_session();
    stream = make_stream(example.session, argv[1], &room, 1);
    key = weir_view_str(argv[2]);
    check(pravega_await_writer_new(example.session, &stream, NULL, &writer, &err), &err);
    for (int i = 3; i < argc; i++)
        check(pravega_await_write(example.session, writer, &key, weir_view_str(argv[i]), &err), &err);
    check(pravega_await_flush(example.session, writer, &err), &err); /* durable now, not before */
    printf("%d events written to %s\n", argc - 3, argv[1]);
    pravega_writer_free(writer);
    close_session(&example);
    return 0;
}
