/*
 * byte_stream.c - a stream of Pravega as a file: bytes go in from standard input and come out on standard output.
 *
 *     byte_stream [--controller URI] SCOPE/STREAM COMMAND [ARGUMENT...]
 *       append                 all of standard input; prints the offset after it
 *       read [OFFSET]          from OFFSET or the head, to the tail as of now, or the end if it is sealed
 *       truncate OFFSET        drops what is before it
 *       seal                   nothing can be appended any more
 *       bounds                 prints the offsets of head and tail
 *
 * The stream must have one segment. Exit status: 0 done, 1 an error, 2 wrong usage.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/blocking.h"
#include "pravega/byte_stream.h"

#define PIECE_LEN 65536

enum { DONE = 0, FAILED = 1, WRONG_USAGE = 2 };

struct program {
    struct pravega_session *session;
    struct pravega_client *client;
    struct pravega_stream_name name;
    struct pravega_byte_writer *writer; /* of the commands that need one */
    const char *argument;
};

static int report(enum weir_status status, const struct weir_error *err)
{
    if (status == WEIR_OK)
        return DONE;
    fprintf(stderr, "byte_stream: %s\n", err->message);
    return FAILED;
}

/* What every on_ready of this program does: ends the wait below. */
static enum weir_status wait_until_ready(struct program *program, struct weir_error *err)
{
    int64_t deadline_ns = 0;

    return pravega_await_ready(program->session, -1, &deadline_ns, err);
}

/* ---- writing ---- */

static enum weir_status open_writer(struct program *program, struct weir_error *err)
{
    struct pravega_byte_writer_options options = {.on_ready = pravega_session_ready, .arg = program->session};

    return pravega_byte_writer_new(program->client, &program->name, &options, &program->writer, err);
}

/* Waits as long as the window is full, so that memory is bounded whatever the speed of the two sides. */
static enum weir_status write_piece(struct program *program, struct weir_view piece, struct weir_error *err)
{
    enum weir_status status;

    while ((status = pravega_byte_writer_write(program->writer, piece, err)) == WEIR_E_AGAIN) {
        status = wait_until_ready(program, err);
        if (status != WEIR_OK)
            return status;
    }
    return status;
}

static enum weir_status flush(struct program *program, struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(program->session, NULL);

    if (await != NULL)
        pravega_byte_writer_flush(program->writer, pravega_await_done, await);
    return pravega_await_end(program->session, await, err);
}

static enum weir_status append(struct program *program, struct weir_error *err)
{
    static uint8_t piece[PIECE_LEN];
    enum weir_status status = open_writer(program, err);
    size_t len;

    while (status == WEIR_OK && (len = fread(piece, 1, sizeof(piece), stdin)) > 0)
        status = write_piece(program, weir_view(piece, len), err);
    if (status == WEIR_OK)
        status = flush(program, err); /* now it is durable */
    if (status == WEIR_OK)
        printf("%" PRId64 "\n", pravega_byte_writer_position(program->writer));
    return status;
}

static enum weir_status truncate_before(struct program *program, struct weir_error *err)
{
    enum weir_status status = open_writer(program, err);
    struct pravega_await *await;

    if (status != WEIR_OK)
        return status;
    await = pravega_await_begin(program->session, NULL);
    if (await != NULL)
        pravega_byte_writer_truncate_before(program->writer, strtoll(program->argument, NULL, 10), pravega_await_done,
                                            await);
    return pravega_await_end(program->session, await, err);
}

static enum weir_status seal(struct program *program, struct weir_error *err)
{
    enum weir_status status = open_writer(program, err);
    struct pravega_await *await;

    if (status != WEIR_OK)
        return status;
    await = pravega_await_begin(program->session, NULL);
    if (await != NULL)
        pravega_byte_writer_close_and_seal(program->writer, pravega_await_done, await);
    return pravega_await_end(program->session, await, err);
}

/* ---- reading ---- */

static void on_offset(void *await, enum weir_status status, int64_t offset, const struct weir_error *why)
{
    int64_t *out = pravega_await_out(await);

    if (out != NULL)
        *out = offset;
    pravega_await_done(await, status, why);
}

static enum weir_status fetch(struct program *program, struct pravega_byte_reader *reader, bool head, int64_t *offset,
                              struct weir_error *err)
{
    struct pravega_await *await = pravega_await_begin(program->session, offset);

    if (await != NULL && head)
        pravega_byte_reader_fetch_head(reader, on_offset, await);
    else if (await != NULL)
        pravega_byte_reader_fetch_tail(reader, on_offset, await);
    return pravega_await_end(program->session, await, err);
}

static enum weir_status copy_out(struct program *program, struct pravega_byte_reader *reader, int64_t end,
                                 struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    while (status == WEIR_OK && pravega_byte_reader_offset(reader) < end) {
        struct weir_view bytes;

        status = pravega_byte_reader_read(reader, (size_t)(end - pravega_byte_reader_offset(reader)), &bytes, err);
        if (status == WEIR_OK)
            fwrite(bytes.ptr, 1, bytes.len, stdout);
        else if (status == WEIR_E_AGAIN)
            status = wait_until_ready(program, err);
    }
    return status == WEIR_E_END ? WEIR_OK : status;
}

static enum weir_status with_reader(struct program *program, bool bounds, struct weir_error *err)
{
    struct pravega_byte_reader_options options = {.on_ready = pravega_session_ready, .arg = program->session};
    struct pravega_byte_reader *reader;
    int64_t head = 0, tail = 0;
    enum weir_status status;

    if (program->argument != NULL)
        options.start_offset = strtoll(program->argument, NULL, 10);
    status = pravega_byte_reader_new(program->client, &program->name, &options, &reader, err);
    if (status != WEIR_OK)
        return status;
    status = fetch(program, reader, true, &head, err);
    if (status == WEIR_OK)
        status = fetch(program, reader, false, &tail, err);
    if (status == WEIR_OK && bounds)
        printf("%" PRId64 " %" PRId64 "\n", head, tail);
    else if (status == WEIR_OK)
        status = copy_out(program, reader, tail, err);
    pravega_byte_reader_free(reader);
    return status;
}

static enum weir_status read_bytes(struct program *program, struct weir_error *err)
{
    return with_reader(program, false, err);
}

static enum weir_status bounds(struct program *program, struct weir_error *err)
{
    return with_reader(program, true, err);
}

/* ---- the program ---- */

static const struct command {
    const char *name;
    int argc_min, argc_max;
    enum weir_status (*run)(struct program *program, struct weir_error *err);
} commands[] = {
    {"append", 0, 0, append}, {"read", 0, 1, read_bytes}, {"truncate", 1, 1, truncate_before},
    {"seal", 0, 0, seal},     {"bounds", 0, 0, bounds},
};

static int run(struct program *program, const struct command *command, const char *controller)
{
    struct pravega_client_options options = {.controller_uri = controller};
    struct weir_host *host = NULL;
    struct weir_error err = {0};
    enum weir_status status = weir_host_new(NULL, &host, &err);

    /* URI, credentials and what certificates to trust come from the environment, as far as they are not given. */
    if (status == WEIR_OK)
        status = pravega_client_options_from_environment(host, &options, &err);
    if (status == WEIR_OK)
        status = pravega_session_open(host, &options, &program->session, &err);
    if (status == WEIR_OK) {
        program->client = pravega_session_client(program->session);
        status = command->run(program, &err);
    }
    pravega_byte_writer_free(program->writer);
    pravega_session_close(program->session);
    weir_host_free(host);
    return report(status, &err);
}

int main(int argc, char **argv)
{
    const char *controller = NULL;
    char scope[PRAVEGA_NAME_LEN_MAX + 1], stream[PRAVEGA_NAME_LEN_MAX + 1];
    struct program program = {.name = {scope, stream}};
    const struct command *command = NULL;
    struct weir_error err = {0};

    if (argc > 2 && strcmp(argv[1], "--controller") == 0) {
        controller = argv[2];
        argv += 2;
        argc -= 2;
    }
    for (size_t i = 0; argc > 2 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i].name, argv[2]) == 0 && argc - 3 >= commands[i].argc_min &&
            argc - 3 <= commands[i].argc_max)
            command = &commands[i];
    if (command == NULL) {
        fprintf(stderr,
                "usage: byte_stream [--controller URI] SCOPE/STREAM append | read [OFFSET] | truncate OFFSET | seal "
                "| bounds\n");
        return WRONG_USAGE;
    }
    if (pravega_stream_parse(argv[1], NULL, scope, stream, &err) != WEIR_OK) {
        report(err.status, &err);
        return WRONG_USAGE;
    }
    program.argument = argc > 3 ? argv[3] : NULL;
    return run(&program, command, controller);
}
