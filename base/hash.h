/**
 * @file base/hash.h
 * @brief Hashes that others chose, and one that we chose.
 *
 * Pravega routes by MurmurHash3 x64 128; Flink spreads keys over key groups by the 32-bit murmur of Java hash codes.
 * Where nobody else looks (hash tables, checksums), it is XXH3.
 */
#ifndef WEIR_BASE_HASH_H
#define WEIR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "weir/view.h"

/** MurmurHash3 x64 128 of bytes that are not there at once: blocks, then the rest. */
#define WEIR_MURMUR3_BLOCK_LEN 16
struct weir_murmur3 {
    uint64_t low, high, len;
};
static inline struct weir_murmur3 weir_murmur3(uint64_t seed)
{
    return (struct weir_murmur3){seed, seed, 0};
}
/** bytes.len is a multiple of WEIR_MURMUR3_BLOCK_LEN. */
void weir_murmur3_add(struct weir_murmur3 *hash, struct weir_view bytes);
/** Of any length; nothing is added after it. */
void weir_murmur3_end(struct weir_murmur3 *hash, struct weir_view bytes, uint64_t out[2]);
/** MurmurHash3 x64 128; both lanes start from `seed`. */
void weir_murmur3_x64_128(struct weir_view bytes, uint64_t seed, uint64_t out[2]);
/** Flink's MathUtils.murmurHash of a Java hash code: 0..INT32_MAX. */
int32_t weir_flink_murmur(int32_t code);
/** Java's String.hashCode of UTF-8 text (over its UTF-16 code units; malformed bytes count as U+FFFD). */
int32_t weir_java_string_hash(struct weir_view utf8);
/** Java's Long.hashCode. */
static inline int32_t weir_java_long_hash(int64_t value)
{
    return (int32_t)((uint64_t)value ^ ((uint64_t)value >> 32));
}
/** The bucket of a hash code in a java.util.HashMap that `count` keys were put into one by one: what it is walked
 * by. */
uint32_t weir_java_map_bucket(int32_t hash, size_t count);
/** XXH3 64: hash tables and checksums of our own files. */
uint64_t weir_hash64(struct weir_view bytes, uint64_t seed);
/** SHA-256: Pravega orders the keys of its hash tables by it. */
#define WEIR_SHA256_LEN 32
void weir_sha256(struct weir_view bytes, uint8_t out[WEIR_SHA256_LEN]);

#endif
