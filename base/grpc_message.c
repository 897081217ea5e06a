/*
 * grpc_message.c - the parts of gRPC that are neither HTTP/2 nor anybody's state.
 *
 *     message on the wire: u8 compressed (0) | u32 length, big-endian | message
 */
#include "base/grpc_message.h"

#include <stdio.h>

#include <nghttp2/nghttp2.h>

#define TIMEOUT_DIGITS_MAX 8
#define TIMEOUT_NS_MAX (365 * 24 * 3600 * WEIR_NS_PER_S)

/* --- framing --- */

void weir_grpc_inbox_init(struct weir_grpc_inbox *inbox)
{
    *inbox = (struct weir_grpc_inbox){0};
    weir_buf_init(&inbox->message, WEIR_GRPC_MESSAGE_LEN_MAX);
}

void weir_grpc_inbox_fini(struct weir_grpc_inbox *inbox)
{
    weir_buf_fini(&inbox->message);
}

static enum weir_grpc_code check_prefix(struct weir_grpc_inbox *inbox, struct weir_error *why)
{
    inbox->message_len = weir_get_u32be(inbox->prefix + 1);
    if (inbox->prefix[0] == 1) {
        weir_fail(why, WEIR_E_UNSUPPORTED, "the message is compressed, which is not supported");
        return WEIR_GRPC_UNIMPLEMENTED;
    }
    if (inbox->prefix[0] != 0) {
        weir_fail(why, WEIR_E_PROTO, "the message begins with the flag %u", inbox->prefix[0]);
        return WEIR_GRPC_INTERNAL;
    }
    if (inbox->message_len > WEIR_GRPC_MESSAGE_LEN_MAX) {
        weir_fail(why, WEIR_E_LIMIT, "the message has %zu bytes, at most %u are taken", inbox->message_len,
                  WEIR_GRPC_MESSAGE_LEN_MAX);
        return WEIR_GRPC_RESOURCE_EXHAUSTED;
    }
    return WEIR_GRPC_OK;
}

enum weir_grpc_code weir_grpc_inbox_feed(struct weir_grpc_inbox *inbox, struct weir_view data, struct weir_error *why)
{
    while (data.len > 0) {
        size_t take;

        if (inbox->prefix_len < WEIR_GRPC_PREFIX_LEN) {
            inbox->prefix[inbox->prefix_len++] = *data.ptr++;
            data.len--;
            if (inbox->prefix_len == WEIR_GRPC_PREFIX_LEN) {
                enum weir_grpc_code code = check_prefix(inbox, why);

                if (code != WEIR_GRPC_OK)
                    return code;
            }
            continue;
        }
        if (inbox->message.len == inbox->message_len) {
            weir_fail(why, WEIR_E_PROTO, "more than one message in a unary call");
            return WEIR_GRPC_INTERNAL;
        }
        take = inbox->message_len - inbox->message.len;
        if (take > data.len)
            take = data.len;
        weir_buf_append(&inbox->message, data.ptr, take);
        if (inbox->message.status != WEIR_OK) {
            weir_fail(why, inbox->message.status, "no memory for a message of %zu bytes", inbox->message_len);
            return WEIR_GRPC_RESOURCE_EXHAUSTED;
        }
        data.ptr += take;
        data.len -= take;
    }
    return WEIR_GRPC_OK;
}

bool weir_grpc_inbox_whole(const struct weir_grpc_inbox *inbox)
{
    return inbox->prefix_len == WEIR_GRPC_PREFIX_LEN && inbox->message.len == inbox->message_len;
}

void weir_grpc_frame(struct weir_buf *out, struct weir_view message)
{
    weir_buf_u8(out, 0);
    weir_buf_u32be(out, (uint32_t)message.len);
    weir_buf_append(out, message.ptr, message.len);
}

/* --- timeouts --- */

static const struct {
    char name;
    int64_t ns;
} units[] = {{'n', 1},
             {'u', 1000},
             {'m', WEIR_NS_PER_MS},
             {'S', WEIR_NS_PER_S},
             {'M', 60 * WEIR_NS_PER_S},
             {'H', 3600 * WEIR_NS_PER_S}};

bool weir_grpc_timeout_parse(struct weir_view text, int64_t *timeout_ns)
{
    int64_t value = 0;

    if (text.len < 2 || text.len > TIMEOUT_DIGITS_MAX + 1)
        return false;
    for (size_t i = 0; i < text.len - 1; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        value = value * 10 + (text.ptr[i] - '0');
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].name != (char)text.ptr[text.len - 1])
            continue;
        *timeout_ns = value > TIMEOUT_NS_MAX / units[i].ns ? TIMEOUT_NS_MAX : value * units[i].ns;
        return true;
    }
    return false;
}

size_t weir_grpc_timeout_format(int64_t timeout_ns, char out[WEIR_GRPC_TIMEOUT_LEN_MAX])
{
    size_t i = 2; /* milliseconds at the finest */
    int64_t value;
    char text[32];
    int len;

    if (timeout_ns > TIMEOUT_NS_MAX)
        timeout_ns = TIMEOUT_NS_MAX;
    for (;; i++) {
        value = (timeout_ns + units[i].ns - 1) / units[i].ns;
        if (value <= 99999999)
            break;
    }
    len = snprintf(text, sizeof(text), "%lld%c", (long long)(value > 0 ? value : 1), units[i].name);
    memcpy(out, text, (size_t)len);
    return (size_t)len;
}

/* --- words --- */

size_t weir_grpc_words_encode(const char *words, char *out, size_t cap)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t len = 0;

    for (const uint8_t *at = (const uint8_t *)words; *at != '\0'; at++) {
        bool plain = *at >= 0x20 && *at <= 0x7e && *at != '%';

        if (cap - len < (plain ? 1u : 3u))
            break;
        if (plain) {
            out[len++] = (char)*at;
            continue;
        }
        out[len++] = '%';
        out[len++] = digits[*at >> 4];
        out[len++] = digits[*at & 15];
    }
    return len;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

void weir_grpc_words_decode(struct weir_view text, char *out, size_t cap)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len && len + 1 < cap; i++) {
        int high = -1, low = -1;

        if (text.ptr[i] == '%' && text.len - i > 2) {
            high = hex_digit(text.ptr[i + 1]);
            low = hex_digit(text.ptr[i + 2]);
        }
        if (high >= 0 && low >= 0 && (high | low) != 0) {
            out[len++] = (char)(high << 4 | low);
            i += 2;
        } else {
            out[len++] = (char)text.ptr[i];
        }
    }
    out[len] = '\0';
}

/* --- codes --- */

/* NAME, the status that callers branch on. Numbers: enum weir_grpc_code. */
#define CODE_MAP(X)                                                                                                    \
    X(CANCELLED, CANCELLED)                                                                                            \
    X(UNKNOWN, IO)                                                                                                     \
    X(INVALID_ARGUMENT, INVAL)                                                                                         \
    X(DEADLINE_EXCEEDED, TIMEOUT)                                                                                      \
    X(NOT_FOUND, NOT_FOUND)                                                                                            \
    X(ALREADY_EXISTS, EXISTS)                                                                                          \
    X(PERMISSION_DENIED, DENIED)                                                                                       \
    X(RESOURCE_EXHAUSTED, LIMIT)                                                                                       \
    X(FAILED_PRECONDITION, CONFLICT)                                                                                   \
    X(ABORTED, CONFLICT)                                                                                               \
    X(OUT_OF_RANGE, INVAL)                                                                                             \
    X(UNIMPLEMENTED, UNSUPPORTED)                                                                                      \
    X(INTERNAL, IO)                                                                                                    \
    X(UNAVAILABLE, CLOSED)                                                                                             \
    X(DATA_LOSS, DAMAGED)                                                                                              \
    X(UNAUTHENTICATED, AUTH)

const char *weir_grpc_code_name(enum weir_grpc_code code)
{
    switch (code) {
    case WEIR_GRPC_OK:
        return "OK";
#define X(name, status)                                                                                                \
    case WEIR_GRPC_##name:                                                                                             \
        return #name;
        CODE_MAP(X)
#undef X
    }
    return "?";
}

enum weir_status weir_grpc_code_status(enum weir_grpc_code code)
{
    switch (code) {
    case WEIR_GRPC_OK:
        return WEIR_OK;
#define X(name, status)                                                                                                \
    case WEIR_GRPC_##name:                                                                                             \
        return WEIR_E_##status;
        CODE_MAP(X)
#undef X
    }
    return WEIR_E_IO;
}

enum weir_grpc_code weir_grpc_code_parse(struct weir_view text)
{
    unsigned value = 0;

    if (text.len == 0 || text.len > 2)
        return WEIR_GRPC_UNKNOWN;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return WEIR_GRPC_UNKNOWN;
        value = value * 10 + (text.ptr[i] - '0');
    }
    return value <= WEIR_GRPC_UNAUTHENTICATED ? (enum weir_grpc_code)value : WEIR_GRPC_UNKNOWN;
}

enum weir_grpc_code weir_grpc_code_of_http(int http_status)
{
    switch (http_status) {
    case 400:
    case 431:
        return WEIR_GRPC_INTERNAL;
    case 401:
        return WEIR_GRPC_UNAUTHENTICATED;
    case 403:
        return WEIR_GRPC_PERMISSION_DENIED;
    case 404:
        return WEIR_GRPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return WEIR_GRPC_UNAVAILABLE;
    default:
        return WEIR_GRPC_UNKNOWN;
    }
}

enum weir_grpc_code weir_grpc_code_of_reset(uint32_t http2_code)
{
    switch (http2_code) {
    case NGHTTP2_REFUSED_STREAM:
        return WEIR_GRPC_UNAVAILABLE;
    case NGHTTP2_CANCEL:
        return WEIR_GRPC_CANCELLED;
    case NGHTTP2_ENHANCE_YOUR_CALM:
        return WEIR_GRPC_RESOURCE_EXHAUSTED;
    case NGHTTP2_INADEQUATE_SECURITY:
        return WEIR_GRPC_PERMISSION_DENIED;
    default:
        return WEIR_GRPC_INTERNAL;
    }
}
