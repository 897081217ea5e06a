/*
 * hash.c - MurmurHash3 x64 128 (Austin Appleby, public domain), Flink's 32-bit murmur, Java's string hash, XXH3.
 */
#include "base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "weir/endian.h"

#define MURMUR_C1 UINT64_C(0x87c37b91114253d5)
#define MURMUR_C2 UINT64_C(0x4cf5ad432745937f)

static uint64_t rotl64(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static uint32_t rotl32(uint32_t x, int bits)
{
    return (x << bits) | (x >> (32 - bits));
}

static uint64_t mix_low(uint64_t k)
{
    return rotl64(k * MURMUR_C1, 31) * MURMUR_C2;
}

static uint64_t mix_high(uint64_t k)
{
    return rotl64(k * MURMUR_C2, 33) * MURMUR_C1;
}

static uint64_t finish64(uint64_t k)
{
    k ^= k >> 33;
    k *= UINT64_C(0xff51afd7ed558ccd);
    k ^= k >> 33;
    k *= UINT64_C(0xc4ceb9fe1a85ec53);
    return k ^ k >> 33;
}

void weir_murmur3_x64_128(struct weir_view bytes, uint64_t seed, uint64_t out[2])
{
    const uint8_t *at = bytes.ptr;
    uint64_t low = seed, high = seed;
    uint8_t rest[16] = {0};
    size_t left = bytes.len;

    for (; left >= 16; left -= 16, at += 16) {
        low = rotl64(low ^ mix_low(weir_get_u64le(at)), 27) + high;
        low = low * 5 + 0x52dce729;
        high = rotl64(high ^ mix_high(weir_get_u64le(at + 8)), 31) + low;
        high = high * 5 + 0x38495ab5;
    }
    if (left > 0) {
        memcpy(rest, at, left); /* zero bytes mix to nothing, so the tail needs no switch */
        low ^= mix_low(weir_get_u64le(rest));
        high ^= mix_high(weir_get_u64le(rest + 8));
    }
    low ^= bytes.len;
    high ^= bytes.len;
    low += high;
    high += low;
    low = finish64(low);
    high = finish64(high);
    low += high;
    out[0] = low;
    out[1] = high + low;
}

/* One 4-byte round of MurmurHash3 x86 32 with seed 0, then the absolute value as MathUtils takes it. */
int32_t weir_flink_murmur(int32_t code)
{
    uint32_t h = rotl32((uint32_t)code * 0xcc9e2d51u, 15) * 0x1b873593u;

    h = rotl32(h, 13) * 5 + 0xe6546b64u;
    h ^= 4;
    h ^= h >> 16;
    h *= 0x85ebca6bu;
    h ^= h >> 13;
    h *= 0xc2b2ae35u;
    h ^= h >> 16;
    if (h == 0x80000000u) /* Integer.MIN_VALUE has no absolute value */
        return 0;
    return (int32_t)(h > 0x80000000u ? -h : h);
}

/* The next code point, or U+FFFD for each malformed part that Java's decoder replaces by one. */
static uint32_t next_code_point(const uint8_t **at, const uint8_t *end)
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

int32_t weir_java_string_hash(struct weir_view utf8)
{
    const uint8_t *at = utf8.ptr, *end = utf8.ptr + utf8.len;
    uint32_t hash = 0;

    while (at != end) {
        uint32_t code = next_code_point(&at, end);

        if (code >= 0x10000) { /* a pair of surrogates */
            hash = 31 * hash + (0xd800 + ((code - 0x10000) >> 10));
            code = 0xdc00 + (code & 0x3ff);
        }
        hash = 31 * hash + code;
    }
    return (int32_t)hash;
}

uint64_t weir_hash64(struct weir_view bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.ptr, bytes.len, seed);
}
