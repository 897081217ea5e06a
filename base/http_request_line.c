/*
 * http_request_line.c - the first line of a request: METHOD TARGET VERSION.
 */
#include "base/http_parser_int.h"

#include <string.h>

static enum weir_http_method method_of(struct weir_view word)
{
    static const char *const words[] = {
        [WEIR_HTTP_GET] = "GET",        [WEIR_HTTP_HEAD] = "HEAD",     [WEIR_HTTP_POST] = "POST",
        [WEIR_HTTP_PUT] = "PUT",        [WEIR_HTTP_DELETE] = "DELETE", [WEIR_HTTP_PATCH] = "PATCH",
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
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST,
                                       "the request line does not end with a version of HTTP");
    if (version.ptr[5] != '1')
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_VERSION_NOT_SUPPORTED, "this is a server of HTTP/1.1");
    parser->http_1_0 = version.ptr[7] == '0';
    return WEIR_OK;
}

enum weir_status weir_http_take_request_line(struct weir_http_parser *parser, struct weir_view line,
                                             struct weir_error *err)
{
    struct weir_http_message *message = &parser->message;
    struct weir_view method, target;
    enum weir_status status;

    if (!weir_http_split(&line, ' ', &method) || !weir_http_is_token(method) || !weir_http_split(&line, ' ', &target))
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST,
                                       "the request line is not METHOD TARGET VERSION");
    status = take_version(parser, line, err);
    if (status != WEIR_OK)
        return status;
    message->method = method_of(method);
    target = without_authority(target);
    if (!target_valid(target, message->method))
        return weir_http_parser_refuse(parser, err, WEIR_HTTP_BAD_REQUEST, "the target of the request is not a path");
    message->query = target;
    if (!weir_http_split(&message->query, '?', &message->path)) {
        message->path = target;
        message->query = weir_view(NULL, 0);
    }
    parser->state = STATE_HEADERS;
    return WEIR_OK;
}
