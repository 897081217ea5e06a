/*
 * base64.c - three bytes are four digits of six bits; a last group of one or two bytes is padded with '='.
 */
#include "base/base64.h"

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The digits of one to three bytes, one more than there are bytes. */
static size_t group_of(const char *alphabet, const uint8_t *bytes, size_t len, char digits[4])
{
    uint32_t bits = (uint32_t)bytes[0] << 16;

    if (len > 1)
        bits |= (uint32_t)bytes[1] << 8;
    if (len > 2)
        bits |= bytes[2];
    for (size_t i = 0; i <= len; i++)
        digits[i] = alphabet[bits >> (18 - 6 * i) & 63];
    return len + 1;
}

static void append(struct weir_buf *out, struct weir_view bytes, const char *alphabet, bool pads)
{
    for (size_t at = 0; at < bytes.len; at += 3) {
        char digits[4];
        size_t count = group_of(alphabet, bytes.ptr + at, bytes.len - at < 3 ? bytes.len - at : 3, digits);

        while (pads && count < 4)
            digits[count++] = '=';
        weir_buf_append(out, digits, count);
    }
}

void weir_base64_append(struct weir_buf *out, struct weir_view bytes)
{
    append(out, bytes, standard, true);
}

void weir_base64_append_url(struct weir_buf *out, struct weir_view bytes)
{
    append(out, bytes, url_safe, false);
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
