/*
 * http_body.c - the bytes behind the head: a body of a known length, or chunks and their trailers.
 */
#include "base/http_parser_int.h"

enum weir_status weir_http_take_body(struct weir_http_parser *parser, struct weir_view *in, struct weir_error *err)
{
    size_t len = in->len < parser->left ? in->len : (size_t)parser->left;

    weir_buf_append(&parser->body, in->ptr, len);
    if (parser->body.status != WEIR_OK)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_SERVICE_UNAVAILABLE, "no memory for the body");
    in->ptr += len;
    in->len -= len;
    parser->left -= len;
    if (parser->left == 0)
        parser->state = parser->state == STATE_BODY ? STATE_WHOLE : STATE_CHUNK_END;
    return WEIR_OK;
}

enum weir_status weir_http_take_chunk_size(struct weir_http_parser *parser, struct weir_view line,
                                           struct weir_error *err)
{
    struct weir_view digits, rest = line;
    uint64_t size = 0;

    if (!weir_http_split(&rest, ';', &digits))
        digits = line;
    for (size_t i = 0; i < digits.len; i++) {
        int digit = weir_http_hex_digit(digits.ptr[i]);

        if (digit < 0 || digits.len > 16)
            return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "the size of a chunk is not a number");
        size = size > parser->limits.body_len_max ? size : size * 16 + (uint64_t)digit;
    }
    if (digits.len == 0)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "the size of a chunk is not a number");
    if (size > parser->limits.body_len_max - parser->body.len)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_CONTENT_TOO_LARGE,
                                       "the body is larger than this server takes");
    parser->left = size;
    parser->state = size > 0 ? STATE_CHUNK_DATA : STATE_TRAILERS;
    return WEIR_OK;
}

enum weir_status weir_http_take_trailer(struct weir_http_parser *parser, struct weir_view line, struct weir_error *err)
{
    struct weir_http_header dropped;

    if (line.len == 0) {
        parser->state = STATE_WHOLE;
        return WEIR_OK;
    }
    if (!weir_http_split_header(line, &dropped))
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "a trailer is not NAME: VALUE");
    parser->trailer_len += line.len;
    if (parser->trailer_len > parser->limits.head_len_max)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_HEADERS_TOO_LARGE, "the trailers are too large");
    return WEIR_OK;
}
