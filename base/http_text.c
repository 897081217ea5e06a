/*
 * http_text.c - words of HTTP: names and tokens, what is cut out of a line, what is percent-encoded, a status's reason.
 */
#include "base/http_parser_int.h"

#include <string.h>

/* --- Words -------------------------------------------------------------------------------------------------------- */

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

bool weir_http_is_token(struct weir_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_token_char(text.ptr[i]))
            return false;
    }
    return text.len > 0;
}

struct weir_view weir_http_trimmed(struct weir_view text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
        text.len--;
    return text;
}

bool weir_http_split(struct weir_view *text, char stop, struct weir_view *before)
{
    const uint8_t *at = text->len > 0 ? memchr(text->ptr, stop, text->len) : NULL;

    if (at == NULL)
        return false;
    *before = weir_view(text->ptr, (size_t)(at - text->ptr));
    text->len -= before->len + 1;
    text->ptr = at + 1;
    return true;
}

int weir_http_hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
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
    high = weir_http_hex_digit(text.ptr[i + 1]);
    low = weir_http_hex_digit(text.ptr[i + 2]);
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
        if (!weir_http_split(&rest, '&', &pair)) {
            pair = rest;
            rest.len = 0;
        }
        *value = pair;
        if (!weir_http_split(value, '=', &key)) {
            key = pair;
            *value = weir_view(NULL, 0);
        }
        if (weir_view_equal(key, weir_view_str(name)))
            return true;
    }
    return false;
}
