/**
 * @file base/http_parser.h
 * @brief Incremental parser of HTTP/1.1 requests (RFC 9112): bytes in, a whole request out.
 *
 * Does no I/O and reads no clock. What two parties could read in two ways is refused, not repaired: a bare LF, a folded
 * header, space before a colon, two lengths, a length beside a transfer coding. How bytes are cut makes no difference.
 *
 * Thread-safety: one parser belongs to one thread at a time; two parsers share nothing.
 */
#ifndef WEIR_BASE_HTTP_PARSER_H
#define WEIR_BASE_HTTP_PARSER_H

#include <stdbool.h>

#include "weir/buf.h"
#include "weir/error.h"
#include "weir/view.h"

/* NAME, code, reason: every status that this tree sends. */
#define WEIR_HTTP_STATUS_MAP(X)                                                                                        \
    X(CONTINUE, 100, "Continue")                                                                                       \
    X(OK, 200, "OK")                                                                                                   \
    X(CREATED, 201, "Created")                                                                                         \
    X(ACCEPTED, 202, "Accepted")                                                                                       \
    X(NO_CONTENT, 204, "No Content")                                                                                   \
    X(NOT_MODIFIED, 304, "Not Modified")                                                                               \
    X(BAD_REQUEST, 400, "Bad Request")                                                                                 \
    X(UNAUTHORIZED, 401, "Unauthorized")                                                                               \
    X(FORBIDDEN, 403, "Forbidden")                                                                                     \
    X(NOT_FOUND, 404, "Not Found")                                                                                     \
    X(METHOD_NOT_ALLOWED, 405, "Method Not Allowed")                                                                   \
    X(REQUEST_TIMEOUT, 408, "Request Timeout")                                                                         \
    X(CONFLICT, 409, "Conflict")                                                                                       \
    X(PRECONDITION_FAILED, 412, "Precondition Failed")                                                                 \
    X(CONTENT_TOO_LARGE, 413, "Content Too Large")                                                                     \
    X(URI_TOO_LONG, 414, "URI Too Long")                                                                               \
    X(UNSUPPORTED_MEDIA_TYPE, 415, "Unsupported Media Type")                                                           \
    X(EXPECTATION_FAILED, 417, "Expectation Failed")                                                                   \
    X(TOO_MANY_REQUESTS, 429, "Too Many Requests")                                                                     \
    X(HEADERS_TOO_LARGE, 431, "Request Header Fields Too Large")                                                       \
    X(INTERNAL_SERVER_ERROR, 500, "Internal Server Error")                                                             \
    X(NOT_IMPLEMENTED, 501, "Not Implemented")                                                                         \
    X(SERVICE_UNAVAILABLE, 503, "Service Unavailable")                                                                 \
    X(VERSION_NOT_SUPPORTED, 505, "HTTP Version Not Supported")                                                        \
    X(INSUFFICIENT_STORAGE, 507, "Insufficient Storage")

enum weir_http_status {
#define X(name, code, reason) WEIR_HTTP_##name = (code),
    WEIR_HTTP_STATUS_MAP(X)
#undef X
};
/** "Not Found"; "" for a code outside the map. Static string. */
const char *weir_http_reason(int status);

enum weir_http_method {
    WEIR_HTTP_GET,
    WEIR_HTTP_HEAD,
    WEIR_HTTP_POST,
    WEIR_HTTP_PUT,
    WEIR_HTTP_DELETE,
    WEIR_HTTP_PATCH,
    WEIR_HTTP_OPTIONS,
    WEIR_HTTP_OTHER, /**< a well-formed word that is none of these */
};

struct weir_http_header {
    struct weir_view name, value; /**< value: without the white space around it */
};

/** A request. Every view is borrowed from the parser, until its next weir_http_parser_next(). */
struct weir_http_message {
    enum weir_http_method method;
    struct weir_view path;  /**< begins with '/' (or is "*", of OPTIONS), still percent-encoded */
    struct weir_view query; /**< what follows '?', still encoded; empty if there is none */
    const struct weir_http_header *headers;
    size_t header_count;
    struct weir_view body; /**< without its chunks */
    bool keep_alive;       /**< the client wants to go on with this connection */
};

struct weir_http_limits {
    size_t head_len_max; /**< bytes of request line and headers, 1..1 MiB; the parser holds them from its birth */
    size_t header_count_max;
    size_t body_len_max; /**< bytes of a body, chunks unpacked */
};

struct weir_http_parser; /* opaque */

/** @param out owned by the caller @retval WEIR_E_NOMEM @retval WEIR_E_INVAL a limit is out of range */
enum weir_status weir_http_parser_new(const struct weir_http_limits *limits, struct weir_http_parser **out,
                                      struct weir_error *err);
void weir_http_parser_free(struct weir_http_parser *parser); /**< NULL is fine */

/**
 * Takes bytes from the front of `*in` until a request is whole.
 * @retval WEIR_OK        *message is set; `*in` may hold the beginning of the next one
 * @retval WEIR_E_AGAIN   `*in` is used up in the middle of a request, or before one
 * @retval WEIR_E_PROTO, WEIR_E_LIMIT, WEIR_E_UNSUPPORTED, WEIR_E_NOMEM
 *                        weir_http_parser_refusal() says what to answer; the parser stays dead, the connection ends
 */
enum weir_status weir_http_parser_next(struct weir_http_parser *parser, struct weir_view *in,
                                       struct weir_http_message *message, struct weir_error *err);
/** The status to answer a dead parser's request with. */
enum weir_http_status weir_http_parser_refusal(const struct weir_http_parser *parser);
/** Something of a request is there, and it is not whole. */
bool weir_http_parser_begun(const struct weir_http_parser *parser);
/** Bytes of memory for a body, which grows as it comes. The rest of a parser's memory is as large as its limits say. */
size_t weir_http_parser_held(const struct weir_http_parser *parser);
/** Frees the memory of a body that nobody looks at any more: the message's, or one that was refused half-way. */
void weir_http_parser_drop(struct weir_http_parser *parser);
/** True once for a request whose client waits for "100 Continue" before it sends the body. */
bool weir_http_parser_take_expectation(struct weir_http_parser *parser);

/** The value of a header by its name in any case; {NULL, 0} if there is none. The first of several. */
struct weir_view weir_http_header(const struct weir_http_message *message, const char *name);
/** Whether two names are the same but for upper and lower case. */
bool weir_http_name_equal(struct weir_view name, const char *other);
/**
 * Percent-decodes a part of a path or a query. @param plus whether '+' is a space (in a query)
 * @return its length, NUL-terminated in `out`; -1 if it is malformed, has a NUL or does not fit
 */
int weir_http_decode(struct weir_view text, bool plus, char *out, size_t cap);
/** The raw value of `name` in a query; false if it is not there. */
bool weir_http_query_find(struct weir_view query, const char *name, struct weir_view *value);

#endif
