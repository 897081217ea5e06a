/*
 * http_headers.c - the headers of a request, and what they say about its body and its connection.
 *
 * Each header that has a meaning here is judged when its line comes; how they go together, at the end of the head.
 */
#include "base/http_parser_int.h"

static enum weir_status take_length(struct weir_http_parser *parser, struct weir_view value, struct weir_error *err)
{
    uint64_t length = 0;

    if (parser->has_length)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "there are two Content-Length headers");
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9')
            return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "the Content-Length is not a number");
        length = length > parser->limits.body_len_max ? length : length * 10 + (uint64_t)(value.ptr[i] - '0');
    }
    if (value.len == 0)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "the Content-Length is not a number");
    parser->has_length = true;
    parser->left = length; /* or something above the limit, which the end of the head refuses */
    return WEIR_OK;
}

static enum weir_status take_coding(struct weir_http_parser *parser, struct weir_view value, struct weir_error *err)
{
    if (parser->chunked)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "there are two Transfer-Encoding headers");
    if (parser->http_1_0)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "HTTP/1.0 has no transfer codings");
    parser->chunked = weir_http_name_equal(value, "chunked");
    if (!parser->chunked)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_NOT_IMPLEMENTED, "the only transfer coding is chunked");
    return WEIR_OK;
}

static void take_connection(struct weir_http_parser *parser, struct weir_view value)
{
    struct weir_view rest = value, word;

    while (rest.len > 0) {
        if (!weir_http_split(&rest, ',', &word)) {
            word = rest;
            rest.len = 0;
        }
        word = weir_http_trimmed(word);
        parser->says_close |= weir_http_name_equal(word, "close");
        parser->says_keep_alive |= weir_http_name_equal(word, "keep-alive");
    }
}

static enum weir_status take_host(struct weir_http_parser *parser, struct weir_error *err)
{
    if (parser->has_host)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "there are two Host headers");
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
            return weir_http_parser_refuse(parser, err, WEIR_HTTP_EXPECTATION_FAILED,
                                           "the only expectation is 100-continue");
        parser->expects = true;
    }
    return WEIR_OK;
}

bool weir_http_split_header(struct weir_view line, struct weir_http_header *header)
{
    if (!weir_http_split(&line, ':', &header->name) || !weir_http_is_token(header->name))
        return false;
    for (size_t i = 0; i < line.len; i++) {
        if ((line.ptr[i] < ' ' && line.ptr[i] != '\t') || line.ptr[i] == 0x7f)
            return false;
    }
    header->value = weir_http_trimmed(line);
    return true;
}

static enum weir_status end_head(struct weir_http_parser *parser, struct weir_error *err)
{
    if (!parser->has_host && !parser->http_1_0)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "there is no Host header");
    if (parser->chunked && parser->has_length)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST,
                                       "there are a Transfer-Encoding and a Content-Length");
    if (parser->left > parser->limits.body_len_max)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_CONTENT_TOO_LARGE,
                                       "the body is larger than this server takes");
    parser->message.keep_alive = !parser->says_close && (!parser->http_1_0 || parser->says_keep_alive);
    if (parser->chunked)
        parser->state = STATE_CHUNK_SIZE;
    else
        parser->state = parser->left > 0 ? STATE_BODY : STATE_WHOLE;
    parser->expects = parser->expects && parser->state != STATE_WHOLE;
    return WEIR_OK;
}

enum weir_status weir_http_take_header(struct weir_http_parser *parser, struct weir_view line, struct weir_error *err)
{
    struct weir_http_header *header = &parser->headers[parser->message.header_count];

    if (line.len == 0)
        return end_head(parser, err);
    if (parser->message.header_count == parser->limits.header_count_max)
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_HEADERS_TOO_LARGE, "there are too many headers");
    if (!weir_http_split_header(line, header))
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "a header is not NAME: VALUE");
    parser->message.header_count++;
    return take_meaning(parser, header, err);
}
