/*
 * segment_request.c - questions to the segment store that owns a segment, over one line.
 *
 *     idle --start--> waiting (not sent) --link up--> waiting (sent) --answer--> idle, callback
 *                         ^------ lost, repeatable ------|
 *     waiting --lost and not repeatable, link given up--> ended --a turn later--> idle, callback
 *
 * Failures are reported one in a turn: a callback may end the line, so nothing is touched after it.
 */
#include "pravega/segment_request.h"

#include <assert.h>

#include "pravega/client_int.h"

/* ---- the two lists ---- */

static void push(struct pravega_segment_request ***end, struct pravega_segment_request *request)
{
    request->next = NULL;
    request->at = *end;
    **end = request;
    *end = &request->next;
}

static void take_out(struct pravega_segment_request *request)
{
    struct pravega_segment_line *line = request->line;

    *request->at = request->next;
    if (request->next != NULL)
        request->next->at = request->at;
    else if (line->waiting_end == &request->next)
        line->waiting_end = request->at;
    else
        line->ended_end = request->at;
    request->line = NULL;
}

/* ---- the end of a request: the last thing that a function does ---- */

static void finish(struct pravega_segment_request *request, enum weir_status status,
                   const struct pravega_wire_command *answer, const struct weir_error *why)
{
    take_out(request);
    request->done(request->arg, status, answer, why);
}

static void on_report(void *arg)
{
    struct pravega_segment_line *line = arg;
    struct pravega_segment_request *request = line->ended;
    struct weir_error why;

    if (request == NULL)
        return;
    why = request->why;
    if (request->next != NULL)
        weir_timer_start(line->client->loop, &line->report, 0);
    finish(request, why.status, NULL, &why);
}

static void fail_later(struct pravega_segment_request *request, const struct weir_error *why)
{
    struct pravega_segment_line *line = request->line;

    take_out(request);
    request->line = line;
    request->why = *why;
    push(&line->ended_end, request);
    if (!weir_timer_armed(&line->report))
        weir_timer_start(line->client->loop, &line->report, 0);
}

/* ---- answers ---- */

static enum weir_status status_of(const struct pravega_segment_request *request,
                                  const struct pravega_wire_command *answer, struct weir_error *why)
{
    const char *segment = request->line->link.segment_name;

    if (answer->type == request->question->answer)
        return WEIR_OK;
    switch (answer->type) {
    case PRAVEGA_WIRE_NO_SUCH_SEGMENT:
        return weir_fail(why, WEIR_E_NOT_FOUND, "segment %s does not exist", segment);
    case PRAVEGA_WIRE_SEGMENT_IS_SEALED:
        return weir_fail(why, WEIR_E_SEALED, "segment %s is sealed", segment);
    case PRAVEGA_WIRE_SEGMENT_IS_TRUNCATED:
        return weir_fail(why, WEIR_E_TRUNCATED, "segment %s is truncated", segment);
    case PRAVEGA_WIRE_SEGMENT_ALREADY_EXISTS:
        return weir_fail(why, WEIR_E_EXISTS, "segment %s exists already", segment);
    case PRAVEGA_WIRE_TABLE_KEY_BAD_VERSION:
        return weir_fail(why, WEIR_E_CONFLICT, "table segment %s: a key has another version than expected", segment);
    case PRAVEGA_WIRE_TABLE_KEY_DOES_NOT_EXIST:
        return weir_fail(why, WEIR_E_CONFLICT, "table segment %s: a key that was expected does not exist", segment);
    case PRAVEGA_WIRE_TABLE_SEGMENT_NOT_EMPTY:
        return weir_fail(why, WEIR_E_STATE, "table segment %s is not empty", segment);
    default:
        return weir_fail(why, WEIR_E_PROTO, "segment %s: the store answered %s where %s was due", segment,
                         pravega_wire_name(answer->type), pravega_wire_name(request->question->answer));
    }
}

/* Answers mostly come in the order of the questions, so that the first one is it. */
static struct pravega_segment_request *request_of(struct pravega_segment_line *line, int64_t request_id)
{
    struct pravega_segment_request *request = line->waiting;

    while (request != NULL && (request->request_id == 0 || request->request_id != request_id))
        request = request->next;
    return request;
}

static void on_reply(void *arg, const struct pravega_wire_command *reply, const struct pravega_wire_frame *frame)
{
    struct pravega_segment_line *line = arg;
    struct pravega_segment_request *request = request_of(line, pravega_wire_request_id(reply));
    struct weir_error why = {0};

    (void)frame;
    if (request == NULL)
        return; /* of a request that was cancelled */
    pravega_segment_link_works(&line->link);
    finish(request, status_of(request, reply, &why), reply, &why);
}

/* ---- the link ---- */

static void send(struct pravega_segment_line *line, struct pravega_segment_request *request)
{
    struct pravega_segment_link *link = &line->link;
    struct pravega_segment_asked asked = {link->flow.request_id + ++line->last_number,
                                          weir_view_str(link->segment_name), weir_buf_view(&link->token)};

    request->request_id = asked.request_id;
    request->question->encode(request->arg, &asked, pravega_connection_begin(link->flow.connection));
    pravega_connection_send(link->flow.connection);
}

static void on_up(void *arg)
{
    struct pravega_segment_line *line = arg;

    for (struct pravega_segment_request *request = line->waiting; request != NULL; request = request->next)
        send(line, request);
}

/* What the store refused to look at was not carried out, even if it is not repeatable. */
static void on_lost(void *arg)
{
    struct pravega_segment_line *line = arg;
    struct pravega_segment_request *request = line->waiting, *next;
    struct weir_error why = {0};

    weir_fail(&why, WEIR_E_CLOSED, "segment %s: %s; whether the request was carried out is not known",
              line->link.segment_name, line->link.why.message);
    for (; request != NULL; request = next) {
        bool refused = request->request_id == line->link.refused_id;

        next = request->next;
        if (request->request_id != 0 && !refused && !request->question->repeatable)
            fail_later(request, &why);
        request->request_id = 0;
    }
    line->last_number = 0;
    if (line->waiting == NULL)
        pravega_segment_link_stop(&line->link, false);
}

static void on_failed(void *arg, const struct weir_error *why)
{
    struct pravega_segment_line *line = arg;
    struct weir_error kept = *why;

    while (line->waiting != NULL)
        fail_later(line->waiting, &kept);
}

static const struct pravega_segment_link_handler handler = {on_up, on_reply, on_lost, on_failed};

/* ---- life ---- */

void pravega_segment_line_init(struct pravega_segment_line *line, struct pravega_client *client,
                               const struct pravega_stream_name *stream, pravega_segment_id segment,
                               enum pravega_access access)
{
    *line = (struct pravega_segment_line){.client = client};
    line->waiting_end = &line->waiting;
    line->ended_end = &line->ended;
    line->report = (struct weir_timer){.fn = on_report, .arg = line};
    line->broken =
        pravega_segment_link_init(&line->link, client, stream, segment, NULL, access, false, &handler, line, NULL);
}

static void make_idle(struct pravega_segment_request *request)
{
    while (request != NULL) {
        struct pravega_segment_request *next = request->next;

        request->line = NULL;
        request = next;
    }
}

void pravega_segment_line_fini(struct pravega_segment_line *line)
{
    if (line->client == NULL)
        return;
    weir_timer_stop(line->client->loop, &line->report);
    pravega_segment_link_fini(&line->link);
    make_idle(line->waiting);
    make_idle(line->ended);
    line->client = NULL;
}

void pravega_segment_request_start(struct pravega_segment_request *request, struct pravega_segment_line *line,
                                   const struct pravega_segment_question *question, pravega_segment_answer_fn *done,
                                   void *arg)
{
    assert(request->line == NULL);
    request->line = line;
    request->question = question;
    request->done = done;
    request->arg = arg;
    request->request_id = 0;
    push(&line->waiting_end, request);
    if (line->broken != WEIR_OK) {
        struct weir_error why = {0};

        weir_fail(&why, line->broken, "%s",
                  line->broken == WEIR_E_NOMEM ? "no memory for a question to a segment store"
                                               : "a segment's name is too long");
        fail_later(request, &why);
    } else if (pravega_segment_link_is_up(&line->link)) {
        send(line, request);
    } else if (line->link.state == PRAVEGA_LINK_IDLE) {
        pravega_segment_link_start(&line->link);
    }
}

void pravega_segment_request_cancel(struct pravega_segment_request *request)
{
    if (request->line != NULL)
        take_out(request);
}
