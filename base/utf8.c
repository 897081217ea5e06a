/*
 * utf8.c - checks and decodes UTF-8; runs of ASCII are skipped eight bytes at a time, since most text is that.
 */
#include "base/utf8.h"

static bool is_tail(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* Bytes of the valid character at the front of `text`, 0 if there is none. */
static size_t char_len(struct weir_view text)
{
    const uint8_t *p = text.ptr;
    uint8_t low = 0x80, high = 0xbf; /* what the second byte may be */
    size_t len;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (text.len < len)
        return 0;
    if (p[0] == 0xe0)
        low = 0xa0; /* no overlong form */
    else if (p[0] == 0xed)
        high = 0x9f; /* no surrogate */
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f; /* nothing above U+10FFFF */
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if (!is_tail(p[i]))
            return 0;
    }
    return len;
}

size_t weir_utf8_valid_len(struct weir_view text)
{
    size_t at = 0, len;
    uint64_t eight;

    while (at < text.len) {
        if (text.len - at >= sizeof(eight)) {
            memcpy(&eight, text.ptr + at, sizeof(eight));
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                at += sizeof(eight);
                continue;
            }
        }
        len = char_len(weir_view(text.ptr + at, text.len - at));
        if (len == 0)
            break;
        at += len;
    }
    return at;
}

uint32_t weir_utf8_next(const uint8_t **at, const uint8_t *end)
{
    uint8_t lead = *(*at)++;
    uint32_t code;
    uint8_t low = 0x80, high = 0xbf; /* what the second byte may be */
    int more;

    if (lead < 0x80)
        return lead;
    if (lead >= 0xc2 && lead <= 0xdf) {
        more = 1;
        code = lead & 0x1f;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        more = 2;
        code = lead & 0x0f;
        low = lead == 0xe0 ? 0xa0 : low; /* not overlong */
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        more = 3;
        code = lead & 0x07;
        low = lead == 0xf0 ? 0x90 : low;
        high = lead == 0xf4 ? 0x8f : high; /* not above U+10FFFF */
    } else {
        return 0xfffd;
    }
    for (; more > 0; more--) {
        if (*at == end || **at < low || **at > high)
            return 0xfffd;
        code = code << 6 | (*(*at)++ & 0x3f);
        low = 0x80;
        high = 0xbf;
    }
    if (code >= 0xd800 && code <= 0xdfff) /* three bytes for a surrogate: one replacement */
        return 0xfffd;
    return code;
}
