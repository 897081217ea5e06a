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
#include "base/http_parser.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_LEN_CAP ((size_t)1 << 20)
#define LATE_LINE_LEN_MAX ((size_t)256) /* of a chunk's size and its extensions, which nobody uses, or of a trailer */

enum parser_state {
    STATE_REQUEST_LINE,
    STATE_HEADERS,
    STATE_BODY,
    STATE_CHUNK_SIZE,
    STATE_CHUNK_DATA,
    STATE_CHUNK_END,
    STATE_TRAILERS,
    STATE_WHOLE,
    STATE_DEAD,
};

struct weir_http_parser {
    struct weir_http_limits limits;
    enum parser_state state;
    enum weir_http_status refusal;
    uint8_t *head;                    /* the lines of the head, without their ends; behind them a later line */
    size_t head_len, line_at;         /* the line being read begins at line_at */
    struct weir_http_header *headers; /* limits.header_count_max of them, and one to try */
    struct weir_http_message message; /* its views point into head and body */
    struct weir_buf body;
    uint64_t left; /* bytes of the body, or of the chunk, that are still to come */
    size_t trailer_len;
    bool http_1_0, says_close, says_keep_alive; /* of the connection */
    bool has_length, chunked, has_host, expects, skipped_line;
};

/* --- Tables and small things -------------------------------------------------------------------------------------- */

const char *weir_http_reason(int status)
{
    switch (status) {
#define X(name, code, reason)                                                                                          \
    case code:                                                                                                         \
        return reason;
        WEIR_HTTP_STATUS_MAP(X)
#undef X
    default:
        return "";
    }
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool weir_http_name_equal(struct weir_view name, const char *other)
{
    size_t len = strlen(other);

    if (name.len != len)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (lower(name.ptr[i]) != lower((uint8_t)other[i]))
            return false;
    }
    return true;
}

static bool is_token_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_token(struct weir_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_token_char(text.ptr[i]))
            return false;
    }
    return text.len > 0;
}

static struct weir_view trimmed(struct weir_view text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* Takes what stands before `stop` from the front of `*text`, and `stop` with it. False: there is no such byte. */
static bool split(struct weir_view *text, char stop, struct weir_view *before)
{
    const uint8_t *at = text->len > 0 ? memchr(text->ptr, stop, text->len) : NULL;

    if (at == NULL)
        return false;
    *before = weir_view(text->ptr, (size_t)(at - text->ptr));
    text->len -= before->len + 1;
    text->ptr = at + 1;
    return true;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum weir_status refuse(struct weir_http_parser *parser, struct weir_error *err, enum weir_http_status refusal,
                               const char *words)
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

/* --- The request line --------------------------------------------------------------------------------------------- */

static enum weir_http_method method_of(struct weir_view word)
{
    static const char *const words[] = {[WEIR_HTTP_GET] = "GET",       [WEIR_HTTP_HEAD] = "HEAD",
                                        [WEIR_HTTP_POST] = "POST",     [WEIR_HTTP_PUT] = "PUT",
                                        [WEIR_HTTP_DELETE] = "DELETE", [WEIR_HTTP_PATCH] = "PATCH",
                                        [WEIR_HTTP_OPTIONS] = "OPTIONS"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (weir_view_equal(word, weir_view_str(words[i])))
            return (enum weir_http_method)i;
    }
    return WEIR_HTTP_OTHER;
}

/* "http://host/path" is "/path": what proxies are told. */
static struct weir_view without_authority(struct weir_view target)
{
    static const struct weir_view root = {(const uint8_t *)"/", 1};
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(schemes[i]);
        const uint8_t *slash;

        if (target.len <= len || !weir_http_name_equal(weir_view(target.ptr, len), schemes[i]))
            continue;
        slash = memchr(target.ptr + len, '/', target.len - len);
        return slash != NULL ? weir_view(slash, target.len - (size_t)(slash - target.ptr)) : root;
    }
    return target;
}

static bool target_valid(struct weir_view target, enum weir_http_method method)
{
    for (size_t i = 0; i < target.len; i++) {
        if (target.ptr[i] <= ' ' || target.ptr[i] >= 0x7f || target.ptr[i] == '#')
            return false;
    }
    if (target.len == 1 && target.ptr[0] == '*')
        return method == WEIR_HTTP_OPTIONS;
    return target.len > 0 && target.ptr[0] == '/';
}

static enum weir_status take_version(struct weir_http_parser *parser, struct weir_view version, struct weir_error *err)
{
    if (version.len != 8 || memcmp(version.ptr, "HTTP/", 5) != 0 || version.ptr[5] < '0' || version.ptr[5] > '9' ||
        version.ptr[6] != '.' || version.ptr[7] < '0' || version.ptr[7] > '9')
        return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "the request line does not end with a version of HTTP");
    if (version.ptr[5] != '1')
        return refuse(parser, err, WEIR_HTTP_VERSION_NOT_SUPPORTED, "this is a server of HTTP/1.1");
    parser->http_1_0 = version.ptr[7] == '0';
    return WEIR_OK;
}

static enum weir_status take_request_line(struct weir_http_parser *parser, struct weir_view line,
                                          struct weir_error *err)
{
    struct weir_http_message *message = &parser->message;
    struct weir_view method, target;
    enum weir_status status;

    if (!split(&line, ' ', &method) || !is_token(method) || !split(&line, ' ', &target))
        return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "the request line is not METHOD TARGET VERSION");
    status = take_version(parser, line, err);
    if (status != WEIR_OK)
        return status;
    message->method = method_of(method);
    target = without_authority(target);
    if (!target_valid(target, message->method))
        return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "the target of the request is not a path");
    message->query = target;
    if (!split(&message->query, '?', &message->path)) {
        message->path = target;
        message->query = weir_view(NULL, 0);
    }
    parser->state = STATE_HEADERS;
    return WEIR_OK;
}

/* --- Headers ------------------------------------------------------------------------------------------------------ */

static enum weir_status take_length(struct weir_http_parser *parser, struct weir_view value, struct weir_error *err)
{
    uint64_t length = 0;

    if (parser->has_length)
        return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "there are two Content-Length headers");
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9')
            return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "the Content-Length is not a number");
        length = length > parser->limits.body_len_max ? length : length * 10 + (uint64_t)(value.ptr[i] - '0');
    }
    if (value.len == 0)
        return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "the Content-Length is not a number");
    parser->has_length = true;
    parser->left = length; /* or something above the limit, which the end of the head refuses */
    return WEIR_OK;
}

static enum weir_status take_coding(struct weir_http_parser *parser, struct weir_view value, struct weir_error *err)
{
    if (parser->chunked)
        return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "there are two Transfer-Encoding headers");
    if (parser->http_1_0)
        return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "HTTP/1.0 has no transfer codings");
    parser->chunked = weir_http_name_equal(value, "chunked");
    if (!parser->chunked)
        return refuse(parser, err, WEIR_HTTP_NOT_IMPLEMENTED, "the only transfer coding is chunked");
    return WEIR_OK;
}

static void take_connection(struct weir_http_parser *parser, struct weir_view value)
{
    struct weir_view rest = value, word;

    while (rest.len > 0) {
        if (!split(&rest, ',', &word)) {
            word = rest;
            rest.len = 0;
        }
        word = trimmed(word);
        parser->says_close |= weir_http_name_equal(word, "close");
        parser->says_keep_alive |= weir_http_name_equal(word, "keep-alive");
    }
}

static enum weir_status take_host(struct weir_http_parser *parser, struct weir_error *err)
{
    if (parser->has_host)
        return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "there are two Host headers");
    parser->has_host = true;
    return WEIR_OK;
}

static enum weir_status take_meaning(struct weir_http_parser *parser, const struct weir_http_header *header,
                                     struct weir_error *err)
{
    if (weir_http_name_equal(header->name, "content-length"))
        return take_length(parser, header->value, err);
    if (weir_http_name_equal(header->name, "transfer-encoding"))
        return take_coding(parser, header->value, err);
    if (weir_http_name_equal(header->name, "host"))
        return take_host(parser, err);
    if (weir_http_name_equal(header->name, "connection"))
        take_connection(parser, header->value);
    if (weir_http_name_equal(header->name, "expect")) {
        if (!weir_http_name_equal(header->value, "100-continue"))
            return refuse(parser, err, WEIR_HTTP_EXPECTATION_FAILED, "the only expectation is 100-continue");
        parser->expects = true;
    }
    return WEIR_OK;
}

static bool split_header(struct weir_view line, struct weir_http_header *header)
{
    if (!split(&line, ':', &header->name) || !is_token(header->name))
        return false;
    for (size_t i = 0; i < line.len; i++) {
        if ((line.ptr[i] < ' ' && line.ptr[i] != '\t') || line.ptr[i] == 0x7f)
            return false;
    }
    header->value = trimmed(line);
    return true;
}

static enum weir_status end_head(struct weir_http_parser *parser, struct weir_error *err)
{
    if (!parser->has_host && !parser->http_1_0)
        return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "there is no Host header");
    if (parser->chunked && parser->has_length)
        return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "there are a Transfer-Encoding and a Content-Length");
    if (parser->left > parser->limits.body_len_max)
        return refuse(parser, err, WEIR_HTTP_CONTENT_TOO_LARGE, "the body is larger than this server takes");
    parser->message.keep_alive = !parser->says_close && (!parser->http_1_0 || parser->says_keep_alive);
    if (parser->chunked)
        parser->state = STATE_CHUNK_SIZE;
    else
        parser->state = parser->left > 0 ? STATE_BODY : STATE_WHOLE;
    parser->expects = parser->expects && parser->state != STATE_WHOLE;
    return WEIR_OK;
}

static enum weir_status take_header(struct weir_http_parser *parser, struct weir_view line, struct weir_error *err)
{
    struct weir_http_header *header = &parser->headers[parser->message.header_count];

    if (line.len == 0)
        return end_head(parser, err);
    if (parser->message.header_count == parser->limits.header_count_max)
        return refuse(parser, err, WEIR_HTTP_HEADERS_TOO_LARGE, "there are too many headers");
    if (!split_header(line, header))
        return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "a header is not NAME: VALUE");
    parser->message.header_count++;
    return take_meaning(parser, header, err);
}

/* --- Chunks ------------------------------------------------------------------------------------------------------- */

static enum weir_status take_chunk_size(struct weir_http_parser *parser, struct weir_view line, struct weir_error *err)
{
    struct weir_view digits, rest = line;
    uint64_t size = 0;

    if (!split(&rest, ';', &digits))
        digits = line;
    for (size_t i = 0; i < digits.len; i++) {
        int digit = hex_digit(digits.ptr[i]);

        if (digit < 0 || digits.len > 16)
            return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "the size of a chunk is not a number");
        size = size > parser->limits.body_len_max ? size : size * 16 + (uint64_t)digit;
    }
    if (digits.len == 0)
        return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "the size of a chunk is not a number");
    if (size > parser->limits.body_len_max - parser->body.len)
        return refuse(parser, err, WEIR_HTTP_CONTENT_TOO_LARGE, "the body is larger than this server takes");
    parser->left = size;
    parser->state = size > 0 ? STATE_CHUNK_DATA : STATE_TRAILERS;
    return WEIR_OK;
}

static enum weir_status take_trailer(struct weir_http_parser *parser, struct weir_view line, struct weir_error *err)
{
    struct weir_http_header dropped;

    if (line.len == 0) {
        parser->state = STATE_WHOLE;
        return WEIR_OK;
    }
    if (!split_header(line, &dropped))
        return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "a trailer is not NAME: VALUE");
    parser->trailer_len += line.len;
    if (parser->trailer_len > parser->limits.head_len_max)
        return refuse(parser, err, WEIR_HTTP_HEADERS_TOO_LARGE, "the trailers are too large");
    return WEIR_OK;
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
        return take_request_line(parser, line, err);
    case STATE_HEADERS:
        parser->line_at = parser->head_len;
        return take_header(parser, line, err);
    case STATE_CHUNK_SIZE:
        parser->head_len = parser->line_at;
        return take_chunk_size(parser, line, err);
    case STATE_CHUNK_END:
        parser->head_len = parser->line_at;
        parser->state = STATE_CHUNK_SIZE;
        return line.len == 0 ? WEIR_OK
                             : refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "a chunk is longer than its size");
    case STATE_TRAILERS:
        parser->head_len = parser->line_at;
        return take_trailer(parser, line, err);
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
        return refuse(parser, err, WEIR_HTTP_URI_TOO_LONG, "the request line is too long");
    if (parser->state == STATE_CHUNK_SIZE || parser->state == STATE_CHUNK_END)
        return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "the line of a chunk's size is too long");
    return refuse(parser, err, WEIR_HTTP_HEADERS_TOO_LARGE, "the headers are too large");
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
        return refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "a line does not end with CR LF, or has a NUL in it");
    if (of_head ? parser->head_len == parser->limits.head_len_max : len == LATE_LINE_LEN_MAX)
        return line_too_long(parser, err);
    parser->head[parser->head_len++] = byte;
    return WEIR_OK;
}

/* Bytes of the body, as many as there are. */
static enum weir_status take_body(struct weir_http_parser *parser, struct weir_view *in, struct weir_error *err)
{
    size_t len = in->len < parser->left ? in->len : (size_t)parser->left;

    weir_buf_append(&parser->body, in->ptr, len);
    if (parser->body.status != WEIR_OK)
        return refuse(parser, err, WEIR_HTTP_SERVICE_UNAVAILABLE, "no memory for the body");
    in->ptr += len;
    in->len -= len;
    parser->left -= len;
    if (parser->left == 0)
        parser->state = parser->state == STATE_BODY ? STATE_WHOLE : STATE_CHUNK_END;
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
            status = take_body(parser, in, err);
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
        parser->head = malloc(limits->head_len_max + LATE_LINE_LEN_MAX);
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

/* --- What a request has ------------------------------------------------------------------------------------------- */

struct weir_view weir_http_header(const struct weir_http_message *message, const char *name)
{
    for (size_t i = 0; i < message->header_count; i++) {
        if (weir_http_name_equal(message->headers[i].name, name))
            return message->headers[i].value;
    }
    return weir_view(NULL, 0);
}

/* The byte that "%XX" at `i` stands for; 0, which is never wanted, if it is malformed. */
static int escaped_byte(struct weir_view text, size_t i)
{
    int high, low;

    if (text.len - i < 3)
        return 0;
    high = hex_digit(text.ptr[i + 1]);
    low = hex_digit(text.ptr[i + 2]);
    return high < 0 || low < 0 ? 0 : high * 16 + low;
}

int weir_http_decode(struct weir_view text, bool plus, char *out, size_t cap)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        int byte = text.ptr[i];

        if (byte == '%') {
            byte = escaped_byte(text, i);
            i += 2;
        } else if (byte == '+' && plus) {
            byte = ' ';
        }
        if (byte == 0 || len + 1 >= cap)
            return -1;
        out[len++] = (char)byte;
    }
    if (len >= cap)
        return -1;
    out[len] = '\0';
    return (int)len;
}

bool weir_http_query_find(struct weir_view query, const char *name, struct weir_view *value)
{
    struct weir_view rest = query, pair, key;

    while (rest.len > 0) {
        if (!split(&rest, '&', &pair)) {
            pair = rest;
            rest.len = 0;
        }
        *value = pair;
        if (!split(value, '=', &key)) {
            key = pair;
            *value = weir_view(NULL, 0);
        }
        if (weir_view_equal(key, weir_view_str(name)))
            return true;
    }
    return false;
}
