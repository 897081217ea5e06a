/**
 * @file runtime/key.h
 * @brief How an element's key is found, and which key group and subtask it belongs to.
 *
 * As Flink: key group = murmur(hashCode) % max_parallelism; subtask i of p has the groups
 * [ceil(i * max / p), ceil((i + 1) * max / p)).
 */
#ifndef WEIR_RUNTIME_KEY_H
#define WEIR_RUNTIME_KEY_H

#include "base/hash.h"
#include "weir/stream.h"
#include "weir/type.h"

/** Either a field at an offset (fn is NULL) or a function that fills a key value. */
struct weir_key_selector {
    const struct weir_type *type;
    size_t field_offset;
    weir_key_fn *fn;
    void *arg;
};

#define WEIR_KEY_SIZE_MAX 256 /* sizeof the C value of a key */

/** The element's key: inside the element, or made in `scratch` (WEIR_KEY_SIZE_MAX bytes, aligned to 16). */
static inline const void *weir_key_of(const struct weir_key_selector *selector, const void *element, void *scratch)
{
    if (selector->fn == NULL)
        return (const uint8_t *)element + selector->field_offset;
    selector->fn(selector->arg, element, scratch);
    return scratch;
}

static inline int weir_key_group(const struct weir_type *key_type, const void *key, int max_parallelism)
{
    return weir_flink_murmur(weir_type_hash_code(key_type, key)) % max_parallelism;
}

static inline int weir_subtask_of_group(int key_group, int max_parallelism, int parallelism)
{
    return key_group * parallelism / max_parallelism;
}

#endif
