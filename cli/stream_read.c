/*
 * stream_read.c - `weir stream read`: events on standard output, one a line.
 *
 * From the head to the tail as of the start; with --follow it goes on with what comes. Segments are read side by side,
 * so there is no order between them; but a successor is begun when all that it follows are read to their ends.
 *
 *     WAITING --all predecessors have ended--> OPEN --its end--> ENDED, and its successors are asked for
 *                                              OPEN --the tail as of the start--> ENDED
 */
#include <stdlib.h>
#include <string.h>

#include "base/console.h"
#include "base/signals.h"
#include "cli/command.h"
#include "pravega/controller.h"
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

enum segment_state { SEGMENT_WAITING, SEGMENT_OPEN, SEGMENT_ENDED };

struct segment {
    pravega_segment_id id;
    enum segment_state state;
    int64_t start_offset, end_offset;
    bool leads_on;                         /* ENDED, and its successors are not known yet */
    struct pravega_segment_reader *reader; /* in OPEN */
};

struct line_reader {
    struct cli_session session;
    const struct read_args *args;
    struct pravega_stream_name name;
    struct segment *segments; /* of the head, of the tail, and whatever lies between or follows */
    size_t segment_count, segment_cap, open_count;
    struct pravega_call call; /* for successors, of one segment at a time */
    pravega_segment_id asked; /* that one */
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

/* ---- which segments there are */

static struct segment *find(struct line_reader *reader, pravega_segment_id id)
{
    for (size_t i = 0; i < reader->segment_count; i++) {
        if (reader->segments[i].id == id)
            return &reader->segments[i];
    }
    return NULL;
}

/* The one of that id, WAITING if it is new; NULL: out of memory. */
static struct segment *find_or_add(struct line_reader *reader, pravega_segment_id id, struct weir_error *err)
{
    struct segment *segment = find(reader, id);

    if (segment != NULL)
        return segment;
    if (reader->segment_count == reader->segment_cap) {
        size_t cap = reader->segment_cap > 0 ? 2 * reader->segment_cap : 16;
        struct segment *segments = realloc(reader->segments, cap * sizeof(*segments));

        if (segments == NULL) {
            weir_fail(err, WEIR_E_NOMEM, "no memory for %zu segments", cap);
            return NULL;
        }
        reader->segments = segments;
        reader->segment_cap = cap;
    }
    segment = &reader->segments[reader->segment_count++];
    *segment = (struct segment){.id = id, .end_offset = PRAVEGA_OFFSET_UNBOUNDED};
    return segment;
}

static void end_segment(struct line_reader *reader, struct segment *segment)
{
    pravega_segment_reader_free(segment->reader);
    segment->reader = NULL;
    segment->state = SEGMENT_ENDED;
    segment->leads_on = segment->end_offset == PRAVEGA_OFFSET_UNBOUNDED;
    reader->open_count--;
}

static void on_segment_ready(void *arg)
{
    struct line_reader *reader = arg;

    weir_loop_defer(reader->session.loop, &reader->turn);
}

static enum weir_status open_segment(struct line_reader *reader, struct segment *segment, struct weir_error *err)
{
    struct pravega_segment_reader_options reader_options = {.start_offset = segment->start_offset,
                                                            .end_offset = segment->end_offset,
                                                            .on_ready = on_segment_ready,
                                                            .arg = reader};
    enum weir_status status;

    if (segment->start_offset >= segment->end_offset) {
        segment->state = SEGMENT_ENDED;
        return WEIR_OK;
    }
    status = pravega_segment_reader_new(reader->session.client, &reader->name, segment->id, &reader_options,
                                        &segment->reader, err);
    if (status == WEIR_OK) {
        segment->state = SEGMENT_OPEN;
        reader->open_count++;
    }
    return status;
}

static bool has_ended(struct line_reader *reader, pravega_segment_id id)
{
    struct segment *segment = find(reader, id);

    return segment != NULL && segment->state == SEGMENT_ENDED;
}

/* A successor, which is opened if nothing that it follows is left to read. */
static enum weir_status meet(struct line_reader *reader, const struct pravega_successor *successor,
                             struct weir_error *err)
{
    struct segment *segment = find_or_add(reader, successor->range.id, err);

    if (segment == NULL)
        return WEIR_E_NOMEM;
    if (segment->state != SEGMENT_WAITING)
        return WEIR_OK;
    for (size_t i = 0; i < successor->predecessor_count; i++) {
        if (!has_ended(reader, successor->predecessors[i]))
            return WEIR_OK;
    }
    return open_segment(reader, segment, err);
}

static void on_successors(void *arg, enum weir_status status, const struct pravega_successor *successors, size_t count,
                          const struct weir_error *why)
{
    struct line_reader *reader = arg;
    struct weir_error err = *why;

    for (size_t i = 0; i < count && status == WEIR_OK; i++)
        status = meet(reader, &successors[i], &err);
    if (status != WEIR_OK) {
        finish(reader, status, &err);
        return;
    }
    find(reader, reader->asked)->leads_on = false;
    weir_loop_defer(reader->session.loop, &reader->turn);
}

/* False: there is nothing to ask. */
static bool ask_successors(struct line_reader *reader)
{
    if (pravega_call_busy(&reader->call))
        return true;
    for (size_t i = 0; i < reader->segment_count; i++) {
        if (!reader->segments[i].leads_on)
            continue;
        reader->asked = reader->segments[i].id;
        pravega_controller_successors(&reader->call, reader->session.client, &reader->name, reader->asked,
                                      on_successors, reader);
        return true;
    }
    return false;
}

/* ---- reading them */

static void on_turn(void *arg)
{
    struct line_reader *reader = arg;
    enum weir_status status = WEIR_OK;
    struct weir_error err = {0};
    bool more = false;

    for (size_t i = 0; i < reader->segment_count; i++) {
        if (reader->segments[i].state != SEGMENT_OPEN)
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
    if (status != WEIR_OK || (!ask_successors(reader) && reader->open_count == 0))
        finish(reader, status, &err);
}

/* ---- beginning */

/* Where to stop, if nothing is to be followed; and the head's segments begin, which stand first. */
static void on_tail(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                    const struct weir_error *why)
{
    struct line_reader *reader = arg;
    size_t head_count = reader->segment_count;
    struct weir_error err = *why;

    for (size_t i = 0; status == WEIR_OK && i < count && !reader->args->follow; i++) {
        struct segment *segment = find_or_add(reader, cut[i].id, &err);

        if (segment != NULL)
            segment->end_offset = cut[i].offset;
        else
            status = WEIR_E_NOMEM;
    }
    for (size_t i = 0; status == WEIR_OK && i < head_count; i++)
        status = open_segment(reader, &reader->segments[i], &err);
    if (status != WEIR_OK)
        finish(reader, status, &err);
    else
        weir_loop_defer(reader->session.loop, &reader->turn);
}

/* The head is asked for first: whatever is scaled meanwhile, its segments lead to those of the tail. */
static void on_head(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                    const struct weir_error *why)
{
    struct line_reader *reader = arg;
    struct weir_error err = *why;

    for (size_t i = 0; status == WEIR_OK && i < count; i++) {
        struct segment *segment = find_or_add(reader, cut[i].id, &err);

        if (segment != NULL)
            segment->start_offset = cut[i].offset;
        else
            status = WEIR_E_NOMEM;
    }
    if (status != WEIR_OK)
        finish(reader, status, &err);
    else
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
    pravega_call_cancel(&reader->call);
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
    .details = "Events of one routing key come in their order, whatever was scaled; there is none between others.",
    .options = options,
    .run = run,
};
