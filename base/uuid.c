/*
 * uuid.c - identifiers as text and by chance.
 */
#include "base/uuid.h"

static const uint8_t dash_after_byte[16] = {[3] = 1, [5] = 1, [7] = 1, [9] = 1};

struct weir_uuid weir_uuid_random(struct weir_rng *rng)
{
    struct weir_uuid uuid = {weir_rng_next(rng), weir_rng_next(rng)};

    uuid.msb = (uuid.msb & ~UINT64_C(0xf000)) | UINT64_C(0x4000);                /* version 4 */
    uuid.lsb = (uuid.lsb & ~(UINT64_C(3) << 62)) | UINT64_C(0x8000000000000000); /* variant 2 */
    return uuid;
}

void weir_uuid_text(struct weir_uuid uuid, char out[WEIR_UUID_TEXT_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 0; i < 16; i++) {
        uint64_t half = i < 8 ? uuid.msb : uuid.lsb;
        unsigned byte = (half >> (56 - 8 * (i % 8))) & 0xff;

        *out++ = digits[byte >> 4];
        *out++ = digits[byte & 15];
        if (dash_after_byte[i])
            *out++ = '-';
    }
    *out = '\0';
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool weir_uuid_parse(struct weir_view text, struct weir_uuid *out)
{
    uint64_t halves[2] = {0, 0};
    const uint8_t *at = text.ptr;

    if (text.len != WEIR_UUID_TEXT_LEN)
        return false;
    for (int i = 0; i < 16; i++) {
        int high = hex_value(at[0]), low = hex_value(at[1]);

        if (high < 0 || low < 0)
            return false;
        halves[i / 8] = halves[i / 8] << 8 | (uint64_t)(high << 4 | low);
        at += 2;
        if (dash_after_byte[i] && *at++ != '-')
            return false;
    }
    *out = (struct weir_uuid){halves[0], halves[1]};
    return true;
}
