/*
 * stream_read.c - `weir stream read`: events on standard output, one a line.
 *
 * From the head to the tail as of the start; with --follow it goes on with what comes. Segments are read side by side,
 * so there is no order between them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/signals.h"
#include "cli/command.h"
#include "pravega/segment_reader.h"
#include "pravega/streams.h"
#include "weir/buf.h"
#include "weir/exit_codes.h"

#define FLUSH_LEN ((size_t)256 << 10)
#define TURN_EVENTS 4096 /* of one segment before the next has its turn */

struct read_args {
    const char *controller;
    bool follow;
};

struct segment {
    pravega_segment_id id;
    int64_t start_offset, end_offset;
    struct pravega_segment_reader *reader; /* NULL once it has ended */
};

struct line_reader {
    struct cli_session session;
    const struct read_args *args;
    struct pravega_stream_name name;
    struct segment *segments;
    size_t segment_count, open_count;
    struct weir_deferred turn;
    struct weir_buf lines;
    bool interrupted;
};

static size_t options(struct cli_option *table, void *to)
{
    struct read_args *args = to;

    table[0] = CLI_CONTROLLER_OPTION(args->controller);
    table[1] = (struct cli_option){
        "--follow", NULL, "go on at the tail with what comes, until Ctrl-C", CLI_FLAG, &args->follow, 0, 0};
    return 2;
}

static void finish(struct line_reader *reader, enum weir_status status, const struct weir_error *why)
{
    weir_deferred_cancel(reader->session.loop, &reader->turn);
    cli_session_done(&reader->session, status, why);
}

static enum weir_status flush(struct line_reader *reader, struct weir_error *err)
{
    enum weir_status status = weir_console_out(weir_buf_view(&reader->lines), err);

    weir_buf_reset(&reader->lines);
    return status;
}

/* Prints what one segment has; AGAIN and END are normal ends. */
static enum weir_status read_segment(struct line_reader *reader, struct segment *segment, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;
    struct pravega_event event;

    for (int i = 0; i < TURN_EVENTS && (status == WEIR_OK || status == WEIR_E_TRUNCATED); i++) {
        status = pravega_segment_reader_next(segment->reader, &event, err);
        if (status != WEIR_OK)
            continue;
        weir_buf_append(&reader->lines, event.payload.ptr, event.payload.len);
        weir_buf_u8(&reader->lines, '\n');
        if (reader->lines.status != WEIR_OK)
            return weir_fail(err, reader->lines.status, "no memory for an event of %zu bytes", event.payload.len);
        if (reader->lines.len >= FLUSH_LEN)
            status = flush(reader, err);
    }
    return status;
}

static void end_segment(struct line_reader *reader, struct segment *segment)
{
    pravega_segment_reader_free(segment->reader);
    segment->reader = NULL;
    reader->open_count--;
}

static void on_turn(void *arg)
{
    struct line_reader *reader = arg;
    enum weir_status status = WEIR_OK;
    struct weir_error err = {0};
    bool more = false;

    for (size_t i = 0; i < reader->segment_count; i++) {
        if (reader->segments[i].reader == NULL)
            continue;
        status = read_segment(reader, &reader->segments[i], &err);
        if (status == WEIR_E_END)
            end_segment(reader, &reader->segments[i]);
        else if (status == WEIR_OK || status == WEIR_E_TRUNCATED)
            more = true;
        else if (status != WEIR_E_AGAIN) {
            finish(reader, status, &err);
            return;
        }
    }
    if (more) {
        weir_loop_defer(reader->session.loop, &reader->turn);
        return;
    }
    status = flush(reader, &err);
    if (status != WEIR_OK || reader->open_count == 0)
        finish(reader, status, &err);
}

static void on_segment_ready(void *arg)
{
    struct line_reader *reader = arg;

    weir_loop_defer(reader->session.loop, &reader->turn);
}

static enum weir_status open_segments(struct line_reader *reader, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    for (size_t i = 0; i < reader->segment_count && status == WEIR_OK; i++) {
        struct segment *segment = &reader->segments[i];
        struct pravega_segment_reader_options reader_options = {.start_offset = segment->start_offset,
                                                                .end_offset = segment->end_offset,
                                                                .on_ready = on_segment_ready,
                                                                .arg = reader};

        if (segment->start_offset >= segment->end_offset)
            continue;
        status = pravega_segment_reader_new(reader->session.client, &reader->name, segment->id, &reader_options,
                                            &segment->reader, err);
        reader->open_count += status == WEIR_OK;
    }
    return status;
}

static void begin(struct line_reader *reader)
{
    struct weir_error err = {0};
    enum weir_status status = open_segments(reader, &err);

    if (status != WEIR_OK)
        finish(reader, status, &err);
    else
        weir_loop_defer(reader->session.loop, &reader->turn);
}

static struct segment *find(struct line_reader *reader, pravega_segment_id id)
{
    for (size_t i = 0; i < reader->segment_count; i++) {
        if (reader->segments[i].id == id)
            return &reader->segments[i];
    }
    return NULL;
}

static void on_tail(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                    const struct weir_error *why)
{
    struct line_reader *reader = arg;
    struct weir_error err = {0};

    for (size_t i = 0; status == WEIR_OK && i < count; i++) {
        struct segment *segment = find(reader, cut[i].id);

        if (segment == NULL) {
            status = weir_fail(&err, WEIR_E_UNSUPPORTED,
                               "stream %s/%s was scaled: this command reads streams of fixed segments",
                               reader->name.scope, reader->name.stream);
            why = &err;
        } else if (!reader->args->follow) {
            segment->end_offset = cut[i].offset;
        }
    }
    if (status != WEIR_OK)
        finish(reader, status, why);
    else
        begin(reader);
}

static void on_head(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                    const struct weir_error *why)
{
    struct line_reader *reader = arg;
    struct weir_error err = {0};

    if (status == WEIR_OK) {
        reader->segments = calloc(count + 1, sizeof(*reader->segments));
        if (reader->segments == NULL) {
            status = weir_fail(&err, WEIR_E_NOMEM, "no memory for %zu segments", count);
            why = &err;
        }
    }
    if (status != WEIR_OK) {
        finish(reader, status, why);
        return;
    }
    for (size_t i = 0; i < count; i++)
        reader->segments[reader->segment_count++] =
            (struct segment){.id = cut[i].id, .start_offset = cut[i].offset, .end_offset = PRAVEGA_OFFSET_UNBOUNDED};
    pravega_stream_tail(reader->session.client, &reader->name, on_tail, reader);
}

static void on_signal(void *arg, int signo)
{
    struct line_reader *reader = arg;
    struct weir_error err = {0};
    enum weir_status status = flush(reader, &err);

    (void)signo;
    reader->interrupted = true;
    finish(reader, status, &err);
}

static int read_all(struct line_reader *reader)
{
    struct weir_signals *signals = NULL;
    struct weir_error err = {0};
    int code;

    if (weir_signals_watch(reader->session.loop, on_signal, reader, &signals, &err) != WEIR_OK)
        return cli_failed(&err);
    reader->turn = (struct weir_deferred){.fn = on_turn, .arg = reader};
    weir_buf_init(&reader->lines, FLUSH_LEN + PRAVEGA_EVENT_LEN_MAX + 1);
    pravega_stream_head(reader->session.client, &reader->name, on_head, reader);
    code = cli_session_wait(&reader->session);
    for (size_t i = 0; i < reader->segment_count; i++)
        pravega_segment_reader_free(reader->segments[i].reader);
    free(reader->segments);
    weir_buf_fini(&reader->lines);
    weir_signals_free(signals);
    return code == WEIR_EXIT_OK && reader->interrupted ? WEIR_EXIT_INTERRUPTED : code;
}

static int run(int argc, char **argv, const void *args)
{
    struct line_reader reader = {.args = args};
    char scope[PRAVEGA_NAME_LEN_MAX + 1], stream[PRAVEGA_NAME_LEN_MAX + 1];
    struct weir_error err = {0};
    int code;

    if (argc != 2)
        return cli_usage(&cli_stream_read_command, "which stream? it is named SCOPE/STREAM");
    if (pravega_stream_parse(argv[1], NULL, scope, stream, &err) != WEIR_OK)
        return cli_usage(&cli_stream_read_command, "%s", err.message);
    code = cli_session_open(&reader.session, reader.args->controller);
    if (code != WEIR_EXIT_OK)
        return code;
    reader.name = (struct pravega_stream_name){scope, stream};
    code = read_all(&reader);
    cli_session_close(&reader.session);
    return code;
}

const struct cli_command cli_stream_read_command = {
    .words = "stream read",
    .operands = "SCOPE/STREAM",
    .summary = "print events, one a line, from the head to the tail as of now",
    .details = "Events of one routing key come in their order; there is none between segments.",
    .options = options,
    .run = run,
};
