/*
 * revisioned_stream.c - one segment as a log with optimistic writes: a queue of calls, carried out one by one.
 *
 *     queued --its turn--> RUNNING --(segment looked up, once)--> question to the store, write, or reading --> callback
 *
 * A call is an op with what it needs copied in. perform() begins it, one of the on_*() functions ends it with end_op(),
 * which is the last thing that a function does: the callback may free the log. The next op starts in a later turn.
 */
#include "pravega/revisioned_stream.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pravega/client_int.h"
#include "pravega/controller.h"
#include "pravega/segment_info.h"
#include "pravega/segment_reader.h"
#include "pravega/sync/entry_writer.h"
#include "weir/endian.h"

#define NO_MARK PRAVEGA_WIRE_NEVER_WROTE

enum op_kind { OP_OLDEST, OP_LATEST, OP_WRITE_IF, OP_WRITE, OP_READ, OP_MARK, OP_SET_MARK, OP_TRUNCATE };

struct op {
    struct op *next;
    enum op_kind kind;
    struct pravega_revision at; /* to write after, to read from, to truncate at */
    int64_t expected_mark, mark;
    uint32_t sent_count; /* times that the question for a new mark went out */
    pravega_revision_fn *revision_done;
    pravega_done_fn *done; /* the one that is not NULL is called */
    pravega_entry_fn *on_entry;
    void *arg;
    size_t event_len;
    uint8_t event[]; /* header and payload of a write */
};

struct pravega_revisioned_stream {
    struct pravega_client *client;
    char *scope, *stream;
    bool resolved;
    pravega_segment_id segment;
    struct pravega_call call;
    struct pravega_segment_line line;
    struct pravega_segment_request request;
    struct pravega_entry_writer writer;
    struct pravega_segment_reader *reader;
    struct op *running, *first, **end;
    struct weir_timer next; /* starts the first op */
};

static struct pravega_stream_name name_of(const struct pravega_revisioned_stream *log)
{
    return (struct pravega_stream_name){log->scope, log->stream};
}

/* ---- the end of an op: the last thing that a function does ---- */

/* `why` is not looked at if status is WEIR_OK; `revision` may be NULL. */
static void end_op(struct pravega_revisioned_stream *log, enum weir_status status,
                   const struct pravega_revision *revision, const struct weir_error *why)
{
    struct op *op = log->running;
    struct weir_error copy = status != WEIR_OK ? *why : (struct weir_error){0};

    log->running = NULL;
    if (log->first != NULL)
        weir_timer_start(log->client->loop, &log->next, 0);
    if (op->revision_done != NULL)
        op->revision_done(op->arg, status, revision, &copy);
    else
        op->done(op->arg, status, &copy);
    free(op);
}

static void end_ok(struct pravega_revisioned_stream *log, int64_t offset)
{
    end_op(log, WEIR_OK, &(struct pravega_revision){log->segment, offset, 0}, NULL);
}

/* ---- reading ---- */

static void end_reading(struct pravega_revisioned_stream *log, enum weir_status status, const struct weir_error *why)
{
    pravega_segment_reader_free(log->reader);
    log->reader = NULL;
    end_op(log, status, NULL, why);
}

static void read_on(void *arg)
{
    struct pravega_revisioned_stream *log = arg;
    struct pravega_event event;
    struct weir_error why = {0};
    enum weir_status status;

    while ((status = pravega_segment_reader_next(log->reader, &event, &why)) == WEIR_OK) {
        struct pravega_revision revision = {log->segment, event.next_offset, 0};

        if (!log->running->on_entry(log->running->arg, &revision, event.payload)) {
            status =
                weir_fail(&why, WEIR_E_CANCELLED, "the reading of stream %s/%s was stopped", log->scope, log->stream);
            break;
        }
    }
    if (status != WEIR_E_AGAIN)
        end_reading(log, status == WEIR_E_END ? WEIR_OK : status, &why);
}

static void begin_reading(struct pravega_revisioned_stream *log, const struct pravega_segment_info *info)
{
    int64_t from = log->running->at.offset;
    struct pravega_segment_reader_options options = {
        .start_offset = from, .end_offset = info->write_offset, .on_ready = read_on, .arg = log};
    struct pravega_stream_name name = name_of(log);
    struct weir_error why = {0};
    enum weir_status status = WEIR_OK;

    if (from < info->start_offset)
        status = weir_fail(&why, WEIR_E_TRUNCATED, "stream %s/%s begins at %" PRId64 ", after %" PRId64, log->scope,
                           log->stream, info->start_offset, from);
    else if (from > info->write_offset)
        status = weir_fail(&why, WEIR_E_INVAL, "stream %s/%s ends at %" PRId64 ", before %" PRId64, log->scope,
                           log->stream, info->write_offset, from);
    else if (from < info->write_offset)
        status = pravega_segment_reader_new(log->client, &name, log->segment, &options, &log->reader, &why);
    if (log->reader != NULL)
        read_on(log); /* says AGAIN: nothing is read yet */
    else
        end_op(log, status, NULL, &why);
}

/* ---- questions ---- */

static void on_info(void *arg, enum weir_status status, const struct pravega_wire_command *answer,
                    const struct weir_error *why)
{
    struct pravega_revisioned_stream *log = arg;
    struct pravega_segment_info info;
    struct weir_error kept = *why;

    status = pravega_segment_info_take(status, answer, &info, &kept);
    if (status != WEIR_OK)
        end_op(log, status, NULL, &kept);
    else if (log->running->kind == OP_READ)
        begin_reading(log, &info);
    else
        end_ok(log, log->running->kind == OP_OLDEST ? info.start_offset : info.write_offset);
}

static void encode_mark(void *arg, const struct pravega_segment_asked *asked, struct weir_buf *out)
{
    struct pravega_wire_get_segment_attribute ask = {asked->request_id, asked->segment, PRAVEGA_WIRE_LOG_MARK,
                                                     asked->token};

    (void)arg;
    pravega_wire_encode_get_segment_attribute(out, &ask);
}

static const struct pravega_segment_question mark_question = {PRAVEGA_WIRE_SEGMENT_ATTRIBUTE, true, encode_mark};

static void on_mark(void *arg, enum weir_status status, const struct pravega_wire_command *answer,
                    const struct weir_error *why)
{
    struct pravega_revisioned_stream *log = arg;

    if (status != WEIR_OK || answer->segment_attribute.value == NO_MARK)
        end_op(log, status, NULL, why);
    else
        end_ok(log, answer->segment_attribute.value);
}

static void encode_set_mark(void *arg, const struct pravega_segment_asked *asked, struct weir_buf *out)
{
    struct op *op = ((struct pravega_revisioned_stream *)arg)->running;
    struct pravega_wire_update_segment_attribute ask = {asked->request_id, asked->segment,    PRAVEGA_WIRE_LOG_MARK,
                                                        op->mark,          op->expected_mark, asked->token};

    pravega_wire_encode_update_segment_attribute(out, &ask);
    op->sent_count++;
}

static const struct pravega_segment_question set_mark_question = {PRAVEGA_WIRE_SEGMENT_ATTRIBUTE_UPDATED, true,
                                                                  encode_set_mark};

static void end_with_another_mark(struct pravega_revisioned_stream *log)
{
    struct weir_error why = {0};

    weir_fail(&why, WEIR_E_CONFLICT, "stream %s/%s has another mark than expected", log->scope, log->stream);
    end_op(log, why.status, NULL, &why);
}

/* The mark was not the expected one when it was asked again: perhaps it is the new one, set the first time. */
static void on_mark_after_set(void *arg, enum weir_status status, const struct pravega_wire_command *answer,
                              const struct weir_error *why)
{
    struct pravega_revisioned_stream *log = arg;

    if (status != WEIR_OK || answer->segment_attribute.value == log->running->mark)
        end_op(log, status, NULL, why);
    else
        end_with_another_mark(log);
}

static void on_mark_set(void *arg, enum weir_status status, const struct pravega_wire_command *answer,
                        const struct weir_error *why)
{
    struct pravega_revisioned_stream *log = arg;

    if (status != WEIR_OK || answer->segment_attribute_updated.success)
        end_op(log, status, NULL, why);
    else if (log->running->sent_count > 1)
        pravega_segment_request_start(&log->request, &log->line, &mark_question, on_mark_after_set, log);
    else
        end_with_another_mark(log);
}

static void encode_truncate(void *arg, const struct pravega_segment_asked *asked, struct weir_buf *out)
{
    const struct op *op = ((struct pravega_revisioned_stream *)arg)->running;
    struct pravega_wire_truncate_segment ask = {asked->request_id, asked->segment, op->at.offset, asked->token};

    pravega_wire_encode_truncate_segment(out, &ask);
}

static const struct pravega_segment_question truncate_question = {PRAVEGA_WIRE_SEGMENT_TRUNCATED, true,
                                                                  encode_truncate};

/* An offset that cannot be truncated at is answered with where the segment begins: after it, or it is beyond the end.
 */
static void on_truncated(void *arg, enum weir_status status, const struct pravega_wire_command *answer,
                         const struct weir_error *why)
{
    struct pravega_revisioned_stream *log = arg;
    struct weir_error kept = *why;

    if (status == WEIR_E_TRUNCATED) {
        status = WEIR_OK;
        if (answer->segment_is_truncated.start_offset < log->running->at.offset)
            status = weir_fail(&kept, WEIR_E_INVAL, "stream %s/%s ends before %" PRId64, log->scope, log->stream,
                               log->running->at.offset);
    }
    end_op(log, status, NULL, &kept);
}

static void on_written(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_revisioned_stream *log = arg;
    const struct op *op = log->running;

    if (status != WEIR_OK)
        end_op(log, status, NULL, why);
    else
        end_ok(log, op->at.offset + (int64_t)op->event_len); /* nobody looks at it after an unconditional one */
}

/* ---- carrying out ---- */

static void put(struct pravega_revisioned_stream *log, const struct pravega_segment_question *question,
                pravega_segment_answer_fn *done)
{
    pravega_segment_request_start(&log->request, &log->line, question, done, log);
}

static bool names_a_revision(const struct op *op)
{
    return op->kind == OP_WRITE_IF || op->kind == OP_READ || op->kind == OP_TRUNCATE ||
           (op->kind == OP_SET_MARK && op->mark != NO_MARK);
}

static bool is_write(const struct op *op)
{
    return op->kind == OP_WRITE_IF || op->kind == OP_WRITE;
}

static enum weir_status check(const struct pravega_revisioned_stream *log, const struct op *op, struct weir_error *err)
{
    if (names_a_revision(op) && (op->at.segment != log->segment || op->at.offset < 0))
        return weir_fail(err, WEIR_E_INVAL,
                         "the revision at %" PRId64 " of segment %" PRId64 " is none of stream %s/%s", op->at.offset,
                         op->at.segment, log->scope, log->stream);
    if (is_write(op) && op->event_len == 0)
        return weir_fail(err, WEIR_E_LIMIT, "an entry for stream %s/%s is longer than %d bytes", log->scope,
                         log->stream, PRAVEGA_EVENT_LEN_MAX);
    return WEIR_OK;
}

static void perform(struct pravega_revisioned_stream *log)
{
    const struct op *op = log->running;
    struct weir_view event = weir_view(op->event, op->event_len);
    struct weir_error why = {0};

    if (check(log, op, &why) != WEIR_OK) {
        end_op(log, why.status, NULL, &why);
        return;
    }
    switch (op->kind) {
    case OP_OLDEST:
    case OP_LATEST:
    case OP_READ:
        put(log, &pravega_segment_info_question, on_info);
        break;
    case OP_WRITE_IF:
        pravega_entry_writer_write(&log->writer, event, op->at.offset, on_written, log);
        break;
    case OP_WRITE:
        pravega_entry_writer_write(&log->writer, event, PRAVEGA_ENTRY_UNCONDITIONAL, on_written, log);
        break;
    case OP_MARK:
        put(log, &mark_question, on_mark);
        break;
    case OP_SET_MARK:
        put(log, &set_mark_question, on_mark_set);
        break;
    case OP_TRUNCATE:
        put(log, &truncate_question, on_truncated);
        break;
    }
}

/* The segment that holds the key 0.0 is the log, as upstream has it. */
static enum weir_status resolve(struct pravega_revisioned_stream *log, const struct pravega_segment_range *segments,
                                size_t count, struct weir_error *err)
{
    struct pravega_stream_name name = name_of(log);
    enum weir_status status;

    if (count == 0)
        return weir_fail(err, WEIR_E_SEALED, "stream %s/%s is sealed", log->scope, log->stream);
    status = pravega_entry_writer_init(&log->writer, log->client, &name, segments[0].id, err);
    if (status != WEIR_OK)
        return status;
    pravega_segment_line_init(&log->line, log->client, &name, segments[0].id, PRAVEGA_ACCESS_READ_WRITE);
    log->segment = segments[0].id; /* they are sorted by their keys */
    log->resolved = true;
    return WEIR_OK;
}

static void on_segments(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                        const struct weir_error *why)
{
    struct pravega_revisioned_stream *log = arg;
    struct weir_error kept = *why;

    if (status == WEIR_OK)
        status = resolve(log, segments, count, &kept);
    if (status == WEIR_OK)
        perform(log);
    else
        end_op(log, status, NULL, &kept);
}

static void on_next(void *arg)
{
    struct pravega_revisioned_stream *log = arg;
    struct pravega_stream_name name = name_of(log);

    assert(log->running == NULL && log->first != NULL);
    log->running = log->first;
    log->first = log->running->next;
    if (log->first == NULL)
        log->end = &log->first;
    if (log->resolved)
        perform(log);
    else
        pravega_controller_current_segments(&log->call, log->client, &name, on_segments, log);
}

static void push(struct pravega_revisioned_stream *log, struct op *op)
{
    *log->end = op;
    log->end = &op->next;
    if (log->running == NULL && !weir_timer_armed(&log->next))
        weir_timer_start(log->client->loop, &log->next, 0);
}

/* ---- calls ---- */

static void refuse(const struct op *ask, enum weir_status status)
{
    struct weir_error why = {0};

    weir_fail(&why, status, "out of memory for a call on a revisioned stream");
    if (ask->revision_done != NULL)
        ask->revision_done(ask->arg, status, NULL, &why);
    else
        ask->done(ask->arg, status, &why);
}

/* An entry that is too long is not copied; perform() says so. */
static void make_write(struct pravega_revisioned_stream *log, const struct op *ask, struct weir_view entry)
{
    size_t event_len = is_write(ask) && entry.len <= PRAVEGA_EVENT_LEN_MAX ? PRAVEGA_EVENT_HEADER_LEN + entry.len : 0;
    struct op *op = malloc(sizeof(*op) + event_len);

    if (op == NULL) {
        refuse(ask, WEIR_E_NOMEM);
        return;
    }
    *op = *ask;
    op->event_len = event_len;
    if (event_len > 0) {
        weir_put_u32be(op->event, PRAVEGA_WIRE_EVENT);
        weir_put_u32be(op->event + 4, (uint32_t)entry.len);
        if (entry.len > 0)
            memcpy(op->event + PRAVEGA_EVENT_HEADER_LEN, entry.ptr, entry.len);
    }
    push(log, op);
}

static void make_call(struct pravega_revisioned_stream *log, const struct op *ask)
{
    make_write(log, ask, weir_view(NULL, 0));
}

void pravega_revisioned_stream_oldest(struct pravega_revisioned_stream *log, pravega_revision_fn *done, void *arg)
{
    make_call(log, &(struct op){.kind = OP_OLDEST, .revision_done = done, .arg = arg});
}

void pravega_revisioned_stream_latest(struct pravega_revisioned_stream *log, pravega_revision_fn *done, void *arg)
{
    make_call(log, &(struct op){.kind = OP_LATEST, .revision_done = done, .arg = arg});
}

void pravega_revisioned_stream_write_conditionally(struct pravega_revisioned_stream *log,
                                                   const struct pravega_revision *after, struct weir_view entry,
                                                   pravega_revision_fn *done, void *arg)
{
    make_write(log, &(struct op){.kind = OP_WRITE_IF, .at = *after, .revision_done = done, .arg = arg}, entry);
}

void pravega_revisioned_stream_write_unconditionally(struct pravega_revisioned_stream *log, struct weir_view entry,
                                                     pravega_done_fn *done, void *arg)
{
    make_write(log, &(struct op){.kind = OP_WRITE, .done = done, .arg = arg}, entry);
}

void pravega_revisioned_stream_read(struct pravega_revisioned_stream *log, const struct pravega_revision *from,
                                    pravega_entry_fn *on_entry, pravega_done_fn *done, void *arg)
{
    make_call(log, &(struct op){.kind = OP_READ, .at = *from, .on_entry = on_entry, .done = done, .arg = arg});
}

void pravega_revisioned_stream_mark(struct pravega_revisioned_stream *log, pravega_revision_fn *done, void *arg)
{
    make_call(log, &(struct op){.kind = OP_MARK, .revision_done = done, .arg = arg});
}

void pravega_revisioned_stream_set_mark(struct pravega_revisioned_stream *log, const struct pravega_revision *expected,
                                        const struct pravega_revision *mark, pravega_done_fn *done, void *arg)
{
    make_call(log, &(struct op){.kind = OP_SET_MARK,
                                .expected_mark = expected != NULL ? expected->offset : NO_MARK,
                                .mark = mark != NULL ? mark->offset : NO_MARK,
                                .done = done,
                                .arg = arg});
}

void pravega_revisioned_stream_truncate(struct pravega_revisioned_stream *log, const struct pravega_revision *revision,
                                        pravega_done_fn *done, void *arg)
{
    make_call(log, &(struct op){.kind = OP_TRUNCATE, .at = *revision, .done = done, .arg = arg});
}

/* ---- life ---- */

enum weir_status pravega_revisioned_stream_new(struct pravega_client *client, const struct pravega_stream_name *stream,
                                               struct pravega_revisioned_stream **out, struct weir_error *err)
{
    struct pravega_revisioned_stream *log = calloc(1, sizeof(*log));

    if (log != NULL) {
        log->client = client;
        log->end = &log->first;
        log->next = (struct weir_timer){.fn = on_next, .arg = log};
        log->scope = strdup(stream->scope);
        log->stream = strdup(stream->stream);
    }
    if (log == NULL || log->scope == NULL || log->stream == NULL) {
        pravega_revisioned_stream_free(log);
        return weir_fail(err, WEIR_E_NOMEM, "no memory for revisioned stream %s/%s", stream->scope, stream->stream);
    }
    *out = log;
    return WEIR_OK;
}

void pravega_revisioned_stream_free(struct pravega_revisioned_stream *log)
{
    if (log == NULL)
        return;
    weir_timer_stop(log->client->loop, &log->next);
    pravega_call_cancel(&log->call);
    pravega_segment_line_fini(&log->line);
    pravega_entry_writer_fini(&log->writer);
    pravega_segment_reader_free(log->reader);
    free(log->running);
    while (log->first != NULL) {
        struct op *op = log->first;

        log->first = op->next;
        free(op);
    }
    free(log->scope);
    free(log->stream);
    free(log);
}
