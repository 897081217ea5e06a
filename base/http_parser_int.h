/**
 * @file base/http_parser_int.h
 * @brief The inside of the parser of HTTP requests: its states, and its parts by what they read.
 *
 * http_parser.c gathers lines; each kind of line, and the body, has a file that takes it. Whoever takes something moves
 * the parser on, or refuses.
 */
#ifndef WEIR_BASE_HTTP_PARSER_INT_H
#define WEIR_BASE_HTTP_PARSER_INT_H

#include "base/http_parser.h"

/** Bytes of a line behind the head: a chunk's size and its extensions, which nobody uses, or a trailer. */
#define WEIR_HTTP_LATE_LINE_LEN_MAX ((size_t)256)

enum weir_http_parser_state {
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
    enum weir_http_parser_state state;
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

/** The parser is dead from here on; `refusal` is what to answer, `words` why. @return the class of failure */
enum weir_status weir_http_parser_refuse(struct weir_http_parser *parser, struct weir_error *err,
                                         enum weir_http_status refusal, const char *words);

/** http_request_line.c. @param line without its CRLF, here and below */
enum weir_status weir_http_take_request_line(struct weir_http_parser *parser, struct weir_view line,
                                             struct weir_error *err);
/** http_headers.c: a header, or the empty line that ends the head. */
enum weir_status weir_http_take_header(struct weir_http_parser *parser, struct weir_view line, struct weir_error *err);
/** "NAME: VALUE" apart; false if it is not that. */
bool weir_http_split_header(struct weir_view line, struct weir_http_header *header);

/** http_body.c: bytes of the body or of a chunk, as many as there are. */
enum weir_status weir_http_take_body(struct weir_http_parser *parser, struct weir_view *in, struct weir_error *err);
enum weir_status weir_http_take_chunk_size(struct weir_http_parser *parser, struct weir_view line,
                                           struct weir_error *err);
/** A trailer, which nobody uses, or the empty line that ends the request. */
enum weir_status weir_http_take_trailer(struct weir_http_parser *parser, struct weir_view line, struct weir_error *err);

/* http_text.c */
bool weir_http_is_token(struct weir_view text);
struct weir_view weir_http_trimmed(struct weir_view text); /**< without spaces and tabs around it */
/** Takes what stands before `stop` from the front of `*text`, and `stop` with it. False: there is no such byte. */
bool weir_http_split(struct weir_view *text, char stop, struct weir_view *before);
int weir_http_hex_digit(uint8_t c); /**< 0..15, or -1 */

#endif
