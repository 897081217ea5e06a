/*
 * http_parser.c - incremental parser of HTTP/1.1 requests.
 *
 * Lines gather in one buffer that is there from the start, so that a peer cannot make us allocate before it has sent a
 * whole head; the body has a buffer with a cap. A line is judged when its LF comes.
 *
 *     REQUEST_LINE --line--> HEADERS --empty line, no body--> WHOLE
 *     HEADERS --Content-Length--> BODY --all of it--> WHOLE
 *     HEADERS --chunked--> CHUNK_SIZE --size > 0--> CHUNK_DATA --all of it--> CHUNK_END --CRLF--> CHUNK_SIZE
 *     CHUNK_SIZE --size 0--> TRAILERS --empty line--> WHOLE
 *     any --refused--> DEAD (final)         WHOLE --next()--> REQUEST_LINE
 */
#include "base/http_parser_int.h"

#include <assert.h>
#include <stdlib.h>

#define HEAD_LEN_CAP ((size_t)1 << 20)

enum weir_status weir_http_parser_refuse(struct weir_http_parser *parser, struct weir_error *err,
                                         enum weir_http_status refusal, const char *words)
{
    enum weir_status status = WEIR_E_PROTO;

    parser->state = STATE_DEAD;
    parser->refusal = refusal;
    if (refusal == WEIR_HTTP_URI_TOO_LONG || refusal == WEIR_HTTP_HEADERS_TOO_LARGE ||
        refusal == WEIR_HTTP_CONTENT_TOO_LARGE)
        status = WEIR_E_LIMIT;
    else if (refusal == WEIR_HTTP_NOT_IMPLEMENTED || refusal == WEIR_HTTP_VERSION_NOT_SUPPORTED ||
             refusal == WEIR_HTTP_EXPECTATION_FAILED)
        status = WEIR_E_UNSUPPORTED;
    else if (refusal == WEIR_HTTP_SERVICE_UNAVAILABLE)
        status = WEIR_E_NOMEM;
    return weir_fail(err, status, "%s", words);
}

/* --- Lines and bytes ---------------------------------------------------------------------------------------------- */

/* A line is there, without its CRLF. Lines of the head stay, for what points into them. */
static enum weir_status take_line(struct weir_http_parser *parser, struct weir_view line, struct weir_error *err)
{
    switch (parser->state) {
    case STATE_REQUEST_LINE:
        parser->line_at = parser->head_len;
        if (line.len == 0 && !parser->skipped_line) { /* old clients sent one too many after a body */
            parser->skipped_line = true;
            return WEIR_OK;
        }
        return weir_http_take_request_line(parser, line, err);
    case STATE_HEADERS:
        parser->line_at = parser->head_len;
        return weir_http_take_header(parser, line, err);
    case STATE_CHUNK_SIZE:
        parser->head_len = parser->line_at;
        return weir_http_take_chunk_size(parser, line, err);
    case STATE_CHUNK_END:
        parser->head_len = parser->line_at;
        parser->state = STATE_CHUNK_SIZE;
        return line.len == 0
                   ? WEIR_OK
                   : weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "a chunk is longer than its size");
    case STATE_TRAILERS:
        parser->head_len = parser->line_at;
        return weir_http_take_trailer(parser, line, err);
    case STATE_BODY:
    case STATE_CHUNK_DATA:
    case STATE_WHOLE:
    case STATE_DEAD:
        break;
    }
    assert(!"no line is read in this state");
    return WEIR_E_STATE;
}

static enum weir_status line_too_long(struct weir_http_parser *parser, struct weir_error *err)
{
    if (parser->state == STATE_REQUEST_LINE)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_URI_TOO_LONG, "the request line is too long");
    if (parser->state == STATE_CHUNK_SIZE || parser->state == STATE_CHUNK_END)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "the line of a chunk's size is too long");
    return weir_http_parser_refuse(parser, err, WEIR_HTTP_HEADERS_TOO_LARGE, "the headers are too large");
}

/* One byte of a line. CR is kept until LF shows that it was the line's end. */
static enum weir_status take_line_byte(struct weir_http_parser *parser, uint8_t byte, struct weir_error *err)
{
    size_t len = parser->head_len - parser->line_at;
    bool after_cr = len > 0 && parser->head[parser->head_len - 1] == '\r';
    bool of_head = parser->state == STATE_REQUEST_LINE || parser->state == STATE_HEADERS;

    if (byte == '\n' && after_cr) {
        parser->head_len--;
        return take_line(parser, weir_view(parser->head + parser->line_at, len - 1), err);
    }
    if (byte == '\n' || after_cr || byte == '\0')
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST,
                                       "a line does not end with CR LF, or has a NUL in it");
    if (of_head ? parser->head_len == parser->limits.head_len_max : len == WEIR_HTTP_LATE_LINE_LEN_MAX)
        return line_too_long(parser, err);
    parser->head[parser->head_len++] = byte;
    return WEIR_OK;
}

static void begin(struct weir_http_parser *parser)
{
    weir_buf_reset(&parser->body);
    parser->state = STATE_REQUEST_LINE;
    parser->head_len = parser->line_at = parser->trailer_len = 0;
    parser->left = 0;
    parser->message = (struct weir_http_message){.headers = parser->headers};
    parser->http_1_0 = parser->says_close = parser->says_keep_alive = false;
    parser->has_length = parser->chunked = parser->has_host = parser->expects = parser->skipped_line = false;
}

enum weir_status weir_http_parser_next(struct weir_http_parser *parser, struct weir_view *in,
                                       struct weir_http_message *message, struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    if (parser->state == STATE_WHOLE)
        begin(parser);
    if (parser->state == STATE_DEAD)
        return weir_fail(err, WEIR_E_STATE, "this connection sent a request that was refused");
    while (status == WEIR_OK && in->len > 0 && parser->state != STATE_WHOLE) {
        if (parser->state == STATE_BODY || parser->state == STATE_CHUNK_DATA) {
            status = weir_http_take_body(parser, in, err);
            continue;
        }
        status = take_line_byte(parser, in->ptr[0], err);
        in->ptr++;
        in->len--;
    }
    if (status != WEIR_OK)
        return status;
    if (parser->state != STATE_WHOLE)
        return WEIR_E_AGAIN;
    parser->message.body = weir_buf_view(&parser->body);
    *message = parser->message;
    return WEIR_OK;
}

enum weir_http_status weir_http_parser_refusal(const struct weir_http_parser *parser)
{
    return parser->refusal;
}

bool weir_http_parser_begun(const struct weir_http_parser *parser)
{
    return parser->state != STATE_WHOLE && (parser->state != STATE_REQUEST_LINE || parser->head_len > 0);
}

size_t weir_http_parser_held(const struct weir_http_parser *parser)
{
    return parser->body.cap;
}

void weir_http_parser_drop(struct weir_http_parser *parser)
{
    weir_buf_fini(&parser->body);
}

bool weir_http_parser_take_expectation(struct weir_http_parser *parser)
{
    bool expects = parser->expects && (parser->state == STATE_BODY || parser->state == STATE_CHUNK_SIZE);

    parser->expects = parser->expects && !expects;
    return expects;
}

/* --- Life --------------------------------------------------------------------------------------------------------- */

enum weir_status weir_http_parser_new(const struct weir_http_limits *limits, struct weir_http_parser **out,
                                      struct weir_error *err)
{
    struct weir_http_parser *parser;

    if (limits->head_len_max < 1 || limits->head_len_max > HEAD_LEN_CAP || limits->header_count_max > HEAD_LEN_CAP)
        return weir_fail(err, WEIR_E_INVAL, "the limits of HTTP requests are out of range");
    parser = calloc(1, sizeof(*parser));
    if (parser != NULL) {
        parser->head = malloc(limits->head_len_max + WEIR_HTTP_LATE_LINE_LEN_MAX);
        parser->headers = calloc(limits->header_count_max + 1, sizeof(*parser->headers));
    }
    if (parser == NULL || parser->head == NULL || parser->headers == NULL) {
        weir_http_parser_free(parser);
        return weir_fail(err, WEIR_E_NOMEM, "no memory for an HTTP connection");
    }
    parser->limits = *limits;
    weir_buf_init(&parser->body, limits->body_len_max);
    begin(parser);
    *out = parser;
    return WEIR_OK;
}

void weir_http_parser_free(struct weir_http_parser *parser)
{
    if (parser == NULL)
        return;
    weir_buf_fini(&parser->body);
    free(parser->head);
    free(parser->headers);
    free(parser);
}
