/**
 * @file base/uuid.h
 * @brief 128-bit identifiers as Java's UUID: two 64-bit halves, and their text.
 */
#ifndef WEIR_BASE_UUID_H
#define WEIR_BASE_UUID_H

#include <stdbool.h>

#include "base/rng.h"
#include "weir/view.h"

struct weir_uuid {
    uint64_t msb, lsb;
};

#define WEIR_UUID_TEXT_LEN 36

/** A random (version 4) one. */
struct weir_uuid weir_uuid_random(struct weir_rng *rng);
/** "00112233-4455-6677-8899-aabbccddeeff" and a NUL. */
void weir_uuid_text(struct weir_uuid uuid, char out[WEIR_UUID_TEXT_LEN + 1]);
bool weir_uuid_parse(struct weir_view text, struct weir_uuid *out);
static inline bool weir_uuid_equal(struct weir_uuid a, struct weir_uuid b)
{
    return a.msb == b.msb && a.lsb == b.lsb;
}

#endif
