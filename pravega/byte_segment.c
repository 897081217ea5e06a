/*
 * byte_segment.c - see byte_segment.h.
 */
#include "pravega/byte_segment.h"

#include <inttypes.h>
#include <stdlib.h>

#include "pravega/client_int.h"
#include "pravega/segment_info.h"

struct pravega_byte_question {
    struct pravega_byte_question *next, **at;
    struct pravega_byte_segment *segment;
    enum pravega_byte_question_kind kind;
    int64_t offset;
    void (*done)(void);
    void *arg;
    struct pravega_segment_request request;
};

/* ---- the end of a question: the last thing that a function does ---- */

static void call_back(enum pravega_byte_question_kind kind, void (*done)(void), void *arg, enum weir_status status,
                      int64_t offset, const struct weir_error *why)
{
    if (kind == PRAVEGA_BYTES_HEAD || kind == PRAVEGA_BYTES_TAIL)
        ((pravega_offset_fn *)done)(arg, status, status == WEIR_OK ? offset : -1, why);
    else
        ((pravega_done_fn *)done)(arg, status, why);
}

static void drop(struct pravega_byte_question *question)
{
    pravega_segment_request_cancel(&question->request);
    *question->at = question->next;
    if (question->next != NULL)
        question->next->at = question->at;
    free(question);
}

static void finish(struct pravega_byte_question *question, enum weir_status status, int64_t offset,
                   const struct weir_error *why)
{
    struct pravega_byte_question ended = *question;
    struct weir_error kept = *why;

    drop(question);
    call_back(ended.kind, ended.done, ended.arg, status, offset, &kept);
}

/* One in a turn: its callback may free everything. */
static void on_refuse(void *arg)
{
    struct pravega_byte_segment *segment = arg;

    if (segment->questions == NULL)
        return;
    if (segment->questions->next != NULL)
        weir_loop_defer(segment->client->loop, &segment->refuse);
    finish(segment->questions, segment->why.status, -1, &segment->why);
}

/* ---- questions ---- */

static void encode_truncate(void *arg, const struct pravega_segment_asked *asked, struct weir_buf *out)
{
    const struct pravega_byte_question *question = arg;

    pravega_wire_encode_truncate_segment(out, &(struct pravega_wire_truncate_segment){asked->request_id, asked->segment,
                                                                                      question->offset, asked->token});
}

static void encode_seal(void *arg, const struct pravega_segment_asked *asked, struct weir_buf *out)
{
    (void)arg;
    pravega_wire_encode_seal_segment(
        out, &(struct pravega_wire_seal_segment){asked->request_id, asked->segment, asked->token});
}

static const struct pravega_segment_question truncate_question = {PRAVEGA_WIRE_SEGMENT_TRUNCATED, true,
                                                                  encode_truncate};
static const struct pravega_segment_question seal_question = {PRAVEGA_WIRE_SEGMENT_SEALED, true, encode_seal};

static void on_info(void *arg, enum weir_status status, const struct pravega_wire_command *answer,
                    const struct weir_error *why)
{
    struct pravega_byte_question *question = arg;
    struct pravega_segment_info info = {0};
    struct weir_error kept = *why;

    status = pravega_segment_info_take(status, answer, &info, &kept);
    finish(question, status, question->kind == PRAVEGA_BYTES_HEAD ? info.start_offset : info.write_offset, &kept);
}

/* What is truncated already further than asked for is fine, as upstream has it. */
static void on_truncated(void *arg, enum weir_status status, const struct pravega_wire_command *answer,
                         const struct weir_error *why)
{
    struct pravega_byte_question *question = arg;
    struct weir_error kept = *why;

    if (status == WEIR_E_TRUNCATED && answer->segment_is_truncated.start_offset >= question->offset)
        status = WEIR_OK;
    else if (status == WEIR_E_TRUNCATED)
        status = weir_fail(&kept, WEIR_E_INVAL, "stream %s/%s cannot be truncated at %" PRId64 ", beyond its tail",
                           question->segment->scope, question->segment->stream, question->offset);
    finish(question, status, -1, &kept);
}

static void on_sealed(void *arg, enum weir_status status, const struct pravega_wire_command *answer,
                      const struct weir_error *why)
{
    (void)answer;
    finish(arg, status == WEIR_E_SEALED ? WEIR_OK : status, -1, why);
}

static void send(struct pravega_byte_question *question)
{
    struct pravega_segment_line *line = &question->segment->line;

    switch (question->kind) {
    case PRAVEGA_BYTES_HEAD:
    case PRAVEGA_BYTES_TAIL:
        pravega_segment_request_start(&question->request, line, &pravega_segment_info_question, on_info, question);
        break;
    case PRAVEGA_BYTES_TRUNCATE:
        pravega_segment_request_start(&question->request, line, &truncate_question, on_truncated, question);
        break;
    case PRAVEGA_BYTES_SEAL:
        pravega_segment_request_start(&question->request, line, &seal_question, on_sealed, question);
        break;
    }
}

void pravega_byte_segment_ask(struct pravega_byte_segment *segment, enum pravega_byte_question_kind kind,
                              int64_t offset, void (*done)(void), void *arg)
{
    struct pravega_byte_question *question = calloc(1, sizeof(*question)), **at = &segment->questions;
    struct weir_error why = {0};

    if (question == NULL) {
        weir_fail(&why, WEIR_E_NOMEM, "stream %s/%s: no memory for a question", segment->scope, segment->stream);
        call_back(kind, done, arg, why.status, -1, &why);
        return;
    }
    while (*at != NULL)
        at = &(*at)->next;
    *question = (struct pravega_byte_question){
        .at = at, .segment = segment, .kind = kind, .offset = offset, .done = done, .arg = arg};
    *at = question;
    if (segment->state == BYTE_SEGMENT_KNOWN)
        send(question);
    else if (segment->state == BYTE_SEGMENT_FAILED)
        weir_loop_defer(segment->client->loop, &segment->refuse);
}

/* ---- finding it ---- */

static void fail(struct pravega_byte_segment *segment, const struct weir_error *why)
{
    segment->state = BYTE_SEGMENT_FAILED;
    segment->why = *why;
    weir_loop_defer(segment->client->loop, &segment->refuse);
    segment->found(segment->arg, why->status, why);
}

static void know(struct pravega_byte_segment *segment, pravega_segment_id id, int64_t head_offset)
{
    struct pravega_stream_name stream = {segment->scope, segment->stream};
    struct weir_error fine = {0};

    segment->state = BYTE_SEGMENT_KNOWN;
    segment->id = id;
    segment->head_offset = head_offset;
    pravega_segment_line_init(&segment->line, segment->client, &stream, id, segment->access);
    segment->line.link.retry = &segment->retry;
    for (struct pravega_byte_question *question = segment->questions; question != NULL; question = question->next)
        send(question);
    segment->found(segment->arg, WEIR_OK, &fine);
}

static void refuse_count(struct pravega_byte_segment *segment, size_t count)
{
    struct weir_error why = {0};

    if (count == 0)
        weir_fail(&why, WEIR_E_SEALED, "stream %s/%s is sealed", segment->scope, segment->stream);
    else
        weir_fail(&why, WEIR_E_STATE, "stream %s/%s has %zu segments; a byte stream has one", segment->scope,
                  segment->stream, count);
    fail(segment, &why);
}

static void on_current(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                       const struct weir_error *why)
{
    struct pravega_byte_segment *segment = arg;

    if (status != WEIR_OK)
        fail(segment, why);
    else if (count != 1)
        refuse_count(segment, count);
    else
        know(segment, segments[0].id, 0);
}

static void on_head(void *arg, enum weir_status status, const struct pravega_segment_offset *cut, size_t count,
                    const struct weir_error *why)
{
    struct pravega_byte_segment *segment = arg;

    if (status != WEIR_OK)
        fail(segment, why);
    else if (count != 1)
        refuse_count(segment, count);
    else
        know(segment, cut[0].id, cut[0].offset > 0 ? cut[0].offset : 0);
}

/* ---- life ---- */

enum weir_status pravega_byte_segment_init(struct pravega_byte_segment *segment, struct pravega_client *client,
                                           const struct pravega_stream_name *stream, enum pravega_access access,
                                           void (*found)(void *arg, enum weir_status status,
                                                         const struct weir_error *why),
                                           void *arg, struct weir_error *err)
{
    *segment = (struct pravega_byte_segment){.client = client, .access = access, .found = found, .arg = arg};
    segment->retry = client->retry;
    segment->retry.retry_attempts = INT32_MAX;
    segment->refuse = (struct weir_deferred){.fn = on_refuse, .arg = segment};
    segment->scope = strdup(stream->scope);
    segment->stream = strdup(stream->stream);
    if (segment->scope == NULL || segment->stream == NULL) {
        free(segment->scope);
        free(segment->stream);
        segment->client = NULL;
        return weir_fail(err, WEIR_E_NOMEM, "no memory for stream %s/%s", stream->scope, stream->stream);
    }
    if (access == PRAVEGA_ACCESS_READ)
        pravega_controller_head_segments(&segment->call, client, stream, on_head, segment);
    else
        pravega_controller_current_segments(&segment->call, client, stream, on_current, segment);
    return WEIR_OK;
}

void pravega_byte_segment_fini(struct pravega_byte_segment *segment)
{
    if (segment->client == NULL)
        return;
    pravega_call_cancel(&segment->call);
    weir_deferred_cancel(segment->client->loop, &segment->refuse);
    while (segment->questions != NULL)
        drop(segment->questions);
    pravega_segment_line_fini(&segment->line);
    free(segment->scope);
    free(segment->stream);
    segment->client = NULL;
}
