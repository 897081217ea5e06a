/*
 * hash.c - MurmurHash3 x64 128 (Austin Appleby, public domain), Flink's 32-bit murmur, Java's string hash, XXH3,
 * SHA-256.
 */
#include "base/hash.h"

#include <assert.h>

#include <openssl/sha.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/utf8.h"
#include "weir/endian.h"

#define MURMUR_C1 UINT64_C(0x87c37b91114253d5)
#define MURMUR_C2 UINT64_C(0x4cf5ad432745937f)
#define JAVA_MAP_CAPACITY_MIN ((size_t)16)

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

void weir_murmur3_add(struct weir_murmur3 *hash, struct weir_view bytes)
{
    const uint8_t *at = bytes.ptr, *end = bytes.ptr + bytes.len;
    uint64_t low = hash->low, high = hash->high;

    assert(bytes.len % WEIR_MURMUR3_BLOCK_LEN == 0);
    for (; at < end; at += WEIR_MURMUR3_BLOCK_LEN) {
        low = rotl64(low ^ mix_low(weir_get_u64le(at)), 27) + high;
        low = low * 5 + 0x52dce729;
        high = rotl64(high ^ mix_high(weir_get_u64le(at + 8)), 31) + low;
        high = high * 5 + 0x38495ab5;
    }
    hash->low = low;
    hash->high = high;
    hash->len += bytes.len;
}

void weir_murmur3_end(struct weir_murmur3 *hash, struct weir_view bytes, uint64_t out[2])
{
    size_t left = bytes.len % WEIR_MURMUR3_BLOCK_LEN, whole = bytes.len - left;
    uint8_t rest[WEIR_MURMUR3_BLOCK_LEN] = {0};
    uint64_t low, high;

    weir_murmur3_add(hash, weir_view(bytes.ptr, whole));
    low = hash->low;
    high = hash->high;
    if (left > 0) {
        memcpy(rest, bytes.ptr + whole, left); /* zero bytes mix to nothing, so the tail needs no switch */
        low ^= mix_low(weir_get_u64le(rest));
        high ^= mix_high(weir_get_u64le(rest + 8));
    }
    low ^= hash->len + left;
    high ^= hash->len + left;
    low += high;
    high += low;
    low = finish64(low);
    high = finish64(high);
    low += high;
    out[0] = low;
    out[1] = high + low;
}

void weir_murmur3_x64_128(struct weir_view bytes, uint64_t seed, uint64_t out[2])
{
    struct weir_murmur3 hash = weir_murmur3(seed);

    weir_murmur3_end(&hash, bytes, out);
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

int32_t weir_java_string_hash(struct weir_view utf8)
{
    const uint8_t *at = utf8.ptr, *end = utf8.ptr + utf8.len;
    uint32_t hash = 0;

    while (at != end) {
        uint32_t code = weir_utf8_next(&at, end);

        if (code >= 0x10000) { /* a pair of surrogates */
            hash = 31 * hash + (0xd800 + ((code - 0x10000) >> 10));
            code = 0xdc00 + (code & 0x3ff);
        }
        hash = 31 * hash + code;
    }
    return (int32_t)hash;
}

uint32_t weir_java_map_bucket(int32_t hash, size_t count)
{
    uint32_t code = (uint32_t)hash;
    size_t capacity = JAVA_MAP_CAPACITY_MIN;

    while (count > capacity / 4 * 3) /* it doubles when it is three quarters full */
        capacity *= 2;
    return (code ^ code >> 16) & (uint32_t)(capacity - 1);
}

uint64_t weir_hash64(struct weir_view bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.ptr, bytes.len, seed);
}

void weir_sha256(struct weir_view bytes, uint8_t out[WEIR_SHA256_LEN])
{
    static const uint8_t nothing;

    SHA256(bytes.len > 0 ? bytes.ptr : &nothing, bytes.len, out);
}
