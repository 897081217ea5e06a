/*
 * base64.c - three bytes are four digits of six bits; a last group of one or two bytes is padded with '='.
 */
#include "base/base64.h"

static char digit_of(unsigned value)
{
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[value & 63];
}

void weir_base64_append(struct weir_buf *out, struct weir_view bytes)
{
    for (size_t at = 0; at < bytes.len; at += 3) {
        size_t len = bytes.len - at < 3 ? bytes.len - at : 3;
        uint32_t bits = (uint32_t)bytes.ptr[at] << 16;

        if (len > 1)
            bits |= (uint32_t)bytes.ptr[at + 1] << 8;
        if (len > 2)
            bits |= bytes.ptr[at + 2];
        weir_buf_append(out,
                        (char[]){digit_of(bits >> 18), digit_of(bits >> 12), len > 1 ? digit_of(bits >> 6) : '=',
                                 len > 2 ? digit_of(bits) : '='},
                        4);
    }
}

static int value_of(uint8_t c, bool any_alphabet)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || (c == '-' && any_alphabet))
        return 62;
    return c == '/' || (c == '_' && any_alphabet) ? 63 : -1;
}

size_t weir_base64_group(const uint8_t *digits, size_t count, bool any_alphabet, uint8_t bytes[3])
{
    uint32_t bits = 0;

    for (size_t i = 0; i < count; i++) {
        int value = value_of(digits[i], any_alphabet);

        if (value < 0)
            return i;
        bits |= (uint32_t)value << (18 - 6 * i);
    }
    bytes[0] = (uint8_t)(bits >> 16);
    bytes[1] = (uint8_t)(bits >> 8);
    bytes[2] = (uint8_t)bits;
    return count;
}

size_t weir_base64_decode(struct weir_buf *out, struct weir_view text)
{
    size_t len = text.len, at = 0;

    if (len % 4 == 0) /* padding fills up the last group, or there is none */
        for (int pad = 0; pad < 2 && len > 0 && text.ptr[len - 1] == '='; pad++)
            len--;
    while (at < len) {
        size_t count = len - at < 4 ? len - at : 4, taken;
        uint8_t bytes[3];

        if (count == 1)
            return at;
        taken = weir_base64_group(text.ptr + at, count, false, bytes);
        if (taken < count)
            return at + taken;
        weir_buf_append(out, bytes, count - 1);
        at += count;
    }
    return text.len;
}
