/*
 * batch.c - counts the events and bytes of a stream, all of its segments at once, without a reader group.
 *
 *   batch SCOPE/STREAM
 *
 * Each range is plain numbers and could be read by another process. It is all done on one loop: a reader that has
 * nothing says AGAIN and calls on_ready when it has.
 */
#include "example.h"

struct count {
    struct weir_loop *loop;
    struct pravega_batch_reader **readers; /* one for each range; NULL once it is read */
    size_t reader_count, open_count;
    struct weir_deferred turn;
    unsigned long long events, bytes;
};

/* Takes what each reader has. Runs when one of them has something new. */
static void read_some(void *arg)
{
    struct count *count = arg;
    struct pravega_event event;
    struct weir_error err = {0};

    for (size_t i = 0; i < count->reader_count; i++) {
        enum weir_status status = count->readers[i] != NULL ? WEIR_OK : WEIR_E_AGAIN;

        while (status == WEIR_OK) {
            status = pravega_batch_reader_next(count->readers[i], &event, &err);
            if (status == WEIR_OK) {
                count->events++;
                count->bytes += event.payload.len;
            }
        }
        if (status == WEIR_E_END) {
            pravega_batch_reader_free(count->readers[i]);
            count->readers[i] = NULL;
            count->open_count--;
        } else if (status != WEIR_E_AGAIN) {
            check(status, &err);
        }
    }
    if (count->open_count == 0)
        weir_loop_stop(count->loop);
}

static void on_ready(void *arg)
{
    struct count *count = arg;

    weir_loop_defer(count->loop, &count->turn);
}

int main(int argc, char **argv)
{
    struct example_session example;
    struct pravega_stream_name_room room;
    struct pravega_stream_name stream;
    struct pravega_batch_segments *segments;
    struct pravega_batch_reader_options options = {.on_ready = on_ready};
    struct count count = {.turn = {.fn = read_some}};
    struct weir_error err = {0};

    usage_unless(argc == 2, "batch SCOPE/STREAM");
    example = open_session();
    stream = make_stream(example.session, argv[1], &room, 1);
    check(pravega_await_batch_segments(example.session, &stream, NULL, NULL, &segments, &err), &err);

    count.loop = pravega_session_loop(example.session);
    count.turn.arg = options.arg = &count;
    count.readers = calloc(segments->range_count + 1, sizeof(*count.readers));
    for (size_t i = 0; count.readers != NULL && i < segments->range_count; i++) {
        check(pravega_batch_reader_new(pravega_session_client(example.session), &stream, &segments->ranges[i], &options,
                                       &count.readers[i], &err),
              &err);
        count.reader_count = ++count.open_count;
    }
    if (count.open_count > 0) {
        weir_loop_defer(count.loop, &count.turn);
        weir_loop_run(count.loop);
    }
    printf("%llu events, %llu bytes in %zu segments\n", count.events, count.bytes, segments->range_count);
    free(count.readers);
    free(segments);
    close_session(&example);
    return 0;
}
