/*
 * follow.c - prints the events of a stream as they come, without ever blocking: the shape of a program with a loop of
 * its own. The other examples use pravega/blocking.h, which is built on these same calls.
 *
 *   follow SCOPE/STREAM     ends with Ctrl-C
 *
 *     client -> reader group -> reader -> next() until AGAIN -> on_ready -> next() until AGAIN -> ...
 */
#include <pravega/event_reader.h>
#include <stdio.h>
#include <stdlib.h>
#include <weir/exit_codes.h>
#include <weir/host.h>

struct follow {
    struct weir_loop *loop;
    struct pravega_client *client;
    struct pravega_event_reader *reader;
    struct pravega_stream_name stream;
    char group[64];
    enum weir_status status;
};

static void give_up(struct follow *follow, enum weir_status status, const struct weir_error *why)
{
    fprintf(stderr, "%s\n", why->message);
    follow->status = status;
    weir_loop_stop(follow->loop);
}

static void on_ready(void *arg)
{
    struct follow *follow = arg;
    struct pravega_event_read read;
    struct weir_error err = {0};
    enum weir_status status;

    while ((status = pravega_event_reader_next(follow->reader, &read, &err)) == WEIR_OK) {
        if (read.kind == PRAVEGA_READ_EVENT)
            printf("%.*s\n", (int)read.payload.len, (const char *)read.payload.ptr);
    }
    fflush(stdout);
    if (status != WEIR_E_AGAIN)
        give_up(follow, status, &err);
}

static void on_joined(void *arg, enum weir_status status, struct pravega_event_reader *reader,
                      const struct weir_error *why)
{
    struct follow *follow = arg;

    follow->reader = reader;
    if (status == WEIR_OK)
        on_ready(follow); /* the first next() starts it */
    else
        give_up(follow, status, why);
}

static void on_group(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct follow *follow = arg;
    struct pravega_group_name group = {follow->stream.scope, follow->group};
    struct pravega_event_reader_options options = {.on_ready = on_ready, .arg = follow};

    if (status == WEIR_OK)
        pravega_event_reader_new(follow->client, &group, "follower", &options, on_joined, follow);
    else
        give_up(follow, status, why);
}

static void begin(struct follow *follow)
{
    struct pravega_group_stream stream = {.stream = follow->stream};
    struct pravega_reader_group_config config = {.streams = &stream, .stream_count = 1};
    struct pravega_group_name group = {follow->stream.scope, follow->group};

    snprintf(follow->group, sizeof(follow->group), "follow-%016llx",
             (unsigned long long)weir_host_random(weir_loop_host(follow->loop)));
    pravega_reader_group_create(follow->client, &group, &config, on_group, follow);
}

int main(int argc, char **argv)
{
    struct follow follow = {0};
    struct pravega_client_options options = {0};
    struct pravega_stream_name_room room;
    struct weir_host *host = NULL;
    struct weir_error err = {0};

    if (argc != 2) {
        fprintf(stderr, "usage: follow SCOPE/STREAM\n");
        return WEIR_EXIT_USAGE;
    }
    if (pravega_stream_parse(argv[1], NULL, room.scope, room.stream, &err) == WEIR_OK &&
        weir_host_new(NULL, &host, &err) == WEIR_OK &&
        pravega_client_options_from_environment(host, &options, &err) == WEIR_OK &&
        weir_loop_new(host, "follow", &follow.loop, &err) == WEIR_OK &&
        pravega_client_new(follow.loop, &options, &follow.client, &err) == WEIR_OK) {
        follow.stream = (struct pravega_stream_name){room.scope, room.stream};
        begin(&follow);
        weir_loop_run(follow.loop);
    } else {
        fprintf(stderr, "%s\n", err.message);
        follow.status = err.status;
    }
    pravega_event_reader_free(follow.reader);
    pravega_client_free(follow.client);
    weir_loop_free(follow.loop);
    weir_host_free(host);
    return (int)weir_exit_code(follow.status);
}
