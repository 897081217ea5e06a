/*
 * jwt.c - reads `exp` out of "header.claims.signature", each part base64.
 *
 * As upstream does it, the claims are not parsed as JSON: what counts is "exp", a colon and digits. They are decoded
 * four characters at a time and looked at byte by byte, so that nothing is allocated and no length is too long.
 */
#include "pravega/jwt.h"

#include <string.h>

#include "base/base64.h"

/* Finds `"exp" : digits` in bytes that come one by one. */
struct finder {
    enum { KEY, COLON, DIGITS, FOUND } state;
    size_t matched; /* of the key */
    int64_t value;
    bool any; /* digit */
};

static const char key[] = "\"exp\"";

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static void match_key(struct finder *finder, uint8_t byte)
{
    if (byte != (uint8_t)key[finder->matched])
        finder->matched = byte == '"'; /* only its first byte can begin it anew */
    else if (++finder->matched == sizeof(key) - 1)
        *finder = (struct finder){.state = COLON};
}

static void start_over(struct finder *finder, uint8_t byte)
{
    *finder = (struct finder){.state = KEY};
    match_key(finder, byte);
}

static void take_digit(struct finder *finder, uint8_t byte)
{
    if (byte >= '0' && byte <= '9' && finder->value <= (INT64_MAX - 9) / 10) {
        finder->value = finder->value * 10 + (byte - '0');
        finder->any = true;
    } else if (finder->any && !(byte >= '0' && byte <= '9')) {
        finder->state = FOUND;
    } else if (finder->any || !is_space(byte)) {
        start_over(finder, byte); /* a number that is none, or too long to be a time */
    }
}

static void look_at(struct finder *finder, uint8_t byte)
{
    switch (finder->state) {
    case KEY:
        match_key(finder, byte);
        break;
    case COLON:
        if (byte == ':')
            finder->state = DIGITS;
        else if (!is_space(byte))
            start_over(finder, byte);
        break;
    case DIGITS:
        take_digit(finder, byte);
        break;
    case FOUND:
        break;
    }
}

/* False if it is no base64; padding may be left out, as it is in web tokens. */
static bool decode(struct weir_view text, struct finder *finder)
{
    uint8_t bytes[3];

    while (text.len > 0 && text.ptr[text.len - 1] == '=')
        text.len--;
    for (size_t at = 0; at < text.len; at += 4) {
        size_t count = text.len - at < 4 ? text.len - at : 4;

        if (count == 1 || weir_base64_group(text.ptr + at, count, true, bytes) < count)
            return false;
        for (size_t i = 0; i + 1 < count; i++)
            look_at(finder, bytes[i]);
    }
    return true;
}

bool pravega_jwt_expiry(struct weir_view token, int64_t *expires_s)
{
    const uint8_t *bytes = token.ptr, *end = bytes + token.len;
    const uint8_t *first = token.len > 0 ? memchr(bytes, '.', token.len) : NULL;
    const uint8_t *second = first != NULL ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    struct finder finder = {.state = KEY};

    if (second == NULL || memchr(second + 1, '.', (size_t)(end - second - 1)) != NULL)
        return false;
    if (!decode(weir_view(first + 1, (size_t)(second - first - 1)), &finder))
        return false;
    look_at(&finder, '}'); /* what is cut off after its digits has ended, too */
    if (finder.state != FOUND)
        return false;
    *expires_s = finder.value;
    return true;
}
