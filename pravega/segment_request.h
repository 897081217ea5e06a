/**
 * @file pravega/segment_request.h
 * @brief One question to the segment store that owns a segment, and the line to a segment that questions go over.
 *
 * A *line* holds the way to one segment (a segment_link): made at the first question, kept until fini, so that the next
 * question costs one round trip. Questions of a line are sent at once, one behind the other; answers are told apart by
 * their request id.
 *
 * A *request* is one question, embedded in the struct of whoever asks, like a controller call: zero it, start it, and
 * it ends in its callback in a later turn, once. The callback may start it again, free the memory that it is in, or end
 * the line. What it asks is a row of constants (what to encode, which answer is the good one), so that a new command
 * needs an encode function and nothing else:
 *
 *     static void encode_seal(void *arg, const struct pravega_segment_asked *asked, struct weir_buf *out)
 *     {
 *         struct pravega_wire_seal_segment ask = {asked->request_id, asked->segment, asked->token};
 *
 *         pravega_wire_encode_seal_segment(out, &ask);
 *     }
 *     static const struct pravega_segment_question seal = {PRAVEGA_WIRE_SEGMENT_SEALED, true, encode_seal};
 *
 *     pravega_segment_line_init(&line, client, &stream, segment, PRAVEGA_ACCESS_WRITE);
 *     pravega_segment_request_start(&request, &line, &seal, on_sealed, arg);
 *
 * A table segment is named as one of the stream "<table>_kvtable". Thread: the client's loop.
 */
#ifndef PRAVEGA_SEGMENT_REQUEST_H
#define PRAVEGA_SEGMENT_REQUEST_H

#include "pravega/segment_link.h"

struct pravega_segment_request;

/** The line; embedded. */
struct pravega_segment_line {
    /* Private. */
    struct pravega_client *client;
    struct pravega_segment_link link;
    struct pravega_segment_request *waiting, **waiting_end; /* not answered, in the order they were started */
    struct pravega_segment_request *ended, **ended_end;     /* failed, to be told so in later turns */
    struct weir_timer report;
    uint32_t last_number;
    enum weir_status broken; /* the link could not be made */
};

/** Always succeeds; if the segment's name is too long, or memory is out, each request on the line ends saying so. */
void pravega_segment_line_init(struct pravega_segment_line *line, struct pravega_client *client,
                               const struct pravega_stream_name *stream, pravega_segment_id segment,
                               enum pravega_access access);
/** Its requests are idle then; their callbacks do not run. Fine for a zeroed one. */
void pravega_segment_line_fini(struct pravega_segment_line *line);

/** What goes into every command. Borrowed for the call. */
struct pravega_segment_asked {
    int64_t request_id;
    struct weir_view segment; /**< its qualified name */
    struct weir_view token;
};

struct pravega_segment_question {
    enum pravega_wire_type answer; /**< the reply that means success */
    /** Asked again if the connection is lost before the answer: asking twice is as good as once, or the asker can tell
     *  from the second answer. Otherwise such a request ends with WEIR_E_CLOSED, and may have been carried out. */
    bool repeatable;
    /** Appends one whole frame; called each time the question is sent. `arg` is the request's. */
    void (*encode)(void *arg, const struct pravega_segment_asked *asked, struct weir_buf *out);
};

/**
 * @param answer what the store said: of the question's type if status is WEIR_OK, or the error that made the status;
 *               NULL if it said nothing. Borrowed for the call.
 * Statuses: WEIR_E_NOT_FOUND (NO_SUCH_SEGMENT), WEIR_E_SEALED, WEIR_E_TRUNCATED, WEIR_E_EXISTS
 * (SEGMENT_ALREADY_EXISTS), WEIR_E_CONFLICT (TABLE_KEY_BAD_VERSION, TABLE_KEY_DOES_NOT_EXIST), WEIR_E_STATE
 * (TABLE_SEGMENT_NOT_EMPTY), WEIR_E_PROTO (another answer), WEIR_E_CLOSED (lost, see `repeatable`), and those of a
 * segment_link that gives up.
 */
typedef void pravega_segment_answer_fn(void *arg, enum weir_status status, const struct pravega_wire_command *answer,
                                       const struct weir_error *why);

struct pravega_segment_request {
    /* Private. Idle when `line` is NULL. */
    struct pravega_segment_line *line;
    struct pravega_segment_request *next, **at;
    const struct pravega_segment_question *question;
    pravega_segment_answer_fn *done;
    void *arg;
    int64_t request_id; /* 0: not sent, or to be sent again */
    struct weir_error why;
};

/** @param question borrowed until the end @param arg of `done` and of question->encode */
void pravega_segment_request_start(struct pravega_segment_request *request, struct pravega_segment_line *line,
                                   const struct pravega_segment_question *question, pravega_segment_answer_fn *done,
                                   void *arg);
/** Its callback will not run; it may be carried out all the same. Fine for an idle (zeroed or ended) one. */
void pravega_segment_request_cancel(struct pravega_segment_request *request);
static inline bool pravega_segment_request_busy(const struct pravega_segment_request *request)
{
    return request->line != NULL;
}

#endif
