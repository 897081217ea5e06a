/*
 * stream_write.c - `weir stream write`: lines of standard input become events.
 *
 *     READING --a chunk is here--> WRITING --every line of it is taken--> READING ...
 *             --end of input--> FLUSHING --all is durable--> done
 *
 * Reading blocks, so it happens on the pool; the loop meanwhile hears acknowledgements. A full window stops WRITING
 * until the writer has room, so memory stays bounded whatever the input.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/console.h"
#include "base/signals.h"
#include "cli/command.h"
#include "pravega/writer.h"
#include "weir/buf.h"
#include "weir/exit_codes.h"

#define CHUNK_LEN ((size_t)256 << 10)

struct write_args {
    const char *controller, *key, *delimiter;
    int64_t key_field;
};

struct line_writer {
    struct cli_session session;
    const struct write_args *args;
    struct pravega_writer *writer;
    struct weir_job job;
    uint8_t chunk[CHUNK_LEN];
    size_t chunk_len;
    enum weir_status read_status;
    struct weir_error read_error;
    struct weir_buf text; /* lines not written yet, and the start of one */
    size_t text_at;
    bool at_end, interrupted, waits; /* waits: for room in the window */
    uint64_t event_count;
};

static size_t options(struct cli_option *table, void *to)
{
    struct write_args *args = to;
    const struct cli_option all[] = {
        CLI_CONTROLLER_OPTION(args->controller),
        {"--key", "K", "the routing key of every event", CLI_TEXT, &args->key, 0, 0},
        {"--key-field", "N", "the key is the N-th field of the line, from 1", CLI_NUMBER, &args->key_field, 1, 10000},
        {"--delimiter", "C", "what is between fields (default: white space)", CLI_TEXT, &args->delimiter, 0, 0},
    };

    memcpy(table, all, sizeof(all));
    return sizeof(all) / sizeof(all[0]);
}

static bool is_delimiter(const struct write_args *args, uint8_t byte)
{
    return args->delimiter != NULL ? byte == (uint8_t)args->delimiter[0] : isspace(byte) != 0;
}

/* The wanted field of a line; the empty view if it has fewer. Runs of white space are one delimiter. */
static struct weir_view key_field(const struct write_args *args, struct weir_view line)
{
    size_t at = 0, begin;

    for (int64_t field = 1;; field++) {
        while (args->delimiter == NULL && at < line.len && is_delimiter(args, line.ptr[at]))
            at++;
        begin = at;
        while (at < line.len && !is_delimiter(args, line.ptr[at]))
            at++;
        if (field == args->key_field)
            return weir_view(line.ptr + begin, at - begin);
        if (at == line.len)
            return weir_view(line.ptr, 0);
        at++;
    }
}

static enum weir_status write_line(struct line_writer *lines, struct weir_view line, struct weir_error *err)
{
    struct weir_view key = {0};
    bool has_key = lines->args->key != NULL || lines->args->key_field > 0;

    if (lines->args->key != NULL)
        key = weir_view_str(lines->args->key);
    else if (has_key)
        key = key_field(lines->args, line);
    return pravega_writer_write(lines->writer, has_key ? &key : NULL, line, NULL, NULL, err);
}

static bool next_line(const struct line_writer *lines, struct weir_view *line, size_t *taken)
{
    const uint8_t *from = lines->text.ptr + lines->text_at;
    size_t left = lines->text.len - lines->text_at;
    const uint8_t *end = left > 0 ? memchr(from, '\n', left) : NULL;

    if (end == NULL && (left == 0 || !lines->at_end))
        return false;
    *line = weir_view(from, end != NULL ? (size_t)(end - from) : left);
    *taken = line->len + (end != NULL);
    return true;
}

static void read_work(struct weir_job *job)
{
    struct line_writer *lines = (struct line_writer *)((char *)job - offsetof(struct line_writer, job));

    lines->read_status = weir_console_in(lines->chunk, CHUNK_LEN, &lines->chunk_len, &lines->read_error);
}

static void write_lines(struct line_writer *lines);

static void read_done(struct weir_job *job)
{
    struct line_writer *lines = (struct line_writer *)((char *)job - offsetof(struct line_writer, job));

    if (lines->read_status != WEIR_OK && lines->read_status != WEIR_E_END) {
        cli_session_done(&lines->session, lines->read_status, &lines->read_error);
        return;
    }
    lines->at_end = lines->read_status == WEIR_E_END || lines->interrupted;
    weir_buf_consume(&lines->text, lines->text_at);
    lines->text_at = 0;
    if (lines->read_status == WEIR_OK)
        weir_buf_append(&lines->text, lines->chunk, lines->chunk_len);
    write_lines(lines);
}

static void read_chunk(struct line_writer *lines)
{
    lines->job = (struct weir_job){.work = read_work, .done = read_done, .loop = lines->session.loop};
    weir_host_submit(lines->session.host, &lines->job);
}

static void fail(struct line_writer *lines, enum weir_status status, const struct weir_error *why)
{
    cli_session_done(&lines->session, status, why);
}

/* Writes what is whole; then reads on, or flushes at the end. */
static void write_lines(struct line_writer *lines)
{
    struct weir_error err = {0};
    enum weir_status status = lines->text.status;
    struct weir_view line;
    size_t taken;

    if (status != WEIR_OK)
        weir_fail(&err, status, "a line is longer than the %d bytes that an event can have", PRAVEGA_EVENT_LEN_MAX);
    while (status == WEIR_OK && next_line(lines, &line, &taken)) {
        status = write_line(lines, line, &err);
        if (status == WEIR_OK) {
            lines->text_at += taken;
            lines->event_count++;
        }
    }
    lines->waits = status == WEIR_E_AGAIN;
    if (status != WEIR_OK && status != WEIR_E_AGAIN)
        fail(lines, status, &err);
    else if (status == WEIR_OK && lines->at_end)
        pravega_writer_flush(lines->writer, cli_session_done, &lines->session);
    else if (status == WEIR_OK)
        read_chunk(lines);
}

static void on_room(void *arg)
{
    struct line_writer *lines = arg;

    if (lines->waits)
        write_lines(lines);
}

static void on_signal(void *arg, int signo)
{
    struct line_writer *lines = arg;

    (void)signo;
    lines->interrupted = true; /* what was read is flushed; no more is read */
    pravega_writer_flush(lines->writer, cli_session_done, &lines->session);
}

static int write_all(struct line_writer *lines, const struct pravega_stream_name *name)
{
    struct pravega_writer_options writer_options = {.on_ready = on_room, .arg = lines};
    struct weir_signals *signals = NULL;
    struct weir_error err = {0};
    char line[96];
    int code;

    if (pravega_writer_new(lines->session.client, name, &writer_options, &lines->writer, &err) != WEIR_OK ||
        weir_signals_watch(lines->session.loop, on_signal, lines, &signals, &err) != WEIR_OK)
        return cli_failed(&err);
    weir_buf_init(&lines->text, PRAVEGA_EVENT_LEN_MAX + 2 * CHUNK_LEN);
    read_chunk(lines);
    code = cli_session_wait(&lines->session);
    snprintf(line, sizeof(line), "weir: %llu events written\n", (unsigned long long)lines->event_count);
    if (code == WEIR_EXIT_OK)
        weir_console_err(weir_view_str(line));
    if (lines->interrupted)
        _exit(code == WEIR_EXIT_OK ? WEIR_EXIT_INTERRUPTED
                                   : code); /* a pool thread may be blocked in read(2) for good */
    weir_signals_free(signals);
    pravega_writer_free(lines->writer);
    weir_buf_fini(&lines->text);
    return code;
}

static int run(int argc, char **argv, const void *args)
{
    static struct line_writer lines;
    char scope[PRAVEGA_NAME_LEN_MAX + 1], stream[PRAVEGA_NAME_LEN_MAX + 1];
    struct weir_error err = {0};
    int code;

    lines.args = args;
    if (argc != 2)
        return cli_usage(&cli_stream_write_command, "which stream? it is named SCOPE/STREAM");
    if (pravega_stream_parse(argv[1], NULL, scope, stream, &err) != WEIR_OK)
        return cli_usage(&cli_stream_write_command, "%s", err.message);
    if (lines.args->key != NULL && lines.args->key_field > 0)
        return cli_usage(&cli_stream_write_command, "--key and --key-field exclude each other");
    code = cli_session_open(&lines.session, lines.args->controller);
    if (code != WEIR_EXIT_OK)
        return code;
    code = write_all(&lines, &(struct pravega_stream_name){scope, stream});
    cli_session_close(&lines.session);
    return code;
}

const struct cli_command cli_stream_write_command = {
    .words = "stream write",
    .operands = "SCOPE/STREAM",
    .summary = "write the lines of standard input, one event each",
    .details = "Ends when everything is durable in the store. Without a key, segments are picked at random.",
    .options = options,
    .run = run,
};
