/*
 * fuzz_table_keys.c - what users hand back that was given to them, or to somebody else: continuations of walks over a
 * table, and versions of keys as text and as bytes.
 *
 * Byte 0 picks the parser. Property: bytes that are taken come out again the same (a text: the same number), and a walk
 * that is taken goes on and ends.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "pravega/kvt/table_keys.h"

static void walk(struct weir_view bytes)
{
    struct pravega_table_walk walk = {0};
    struct weir_buf again;

    if (pravega_table_walk_get(&walk, bytes, NULL) == WEIR_OK) {
        weir_buf_init(&again, SIZE_MAX);
        pravega_table_walk_put(&walk, &again);
        assert(weir_view_equal(weir_buf_view(&again), bytes));
        if (!walk.is_over) {
            pravega_table_walk_after(&walk, weir_buf_view(&walk.to));
            assert(walk.is_over);
        }
        weir_buf_fini(&again);
    }
    pravega_table_walk_fini(&walk);
}

static void version_text(struct weir_view text)
{
    struct pravega_table_version version, again;
    char out[PRAVEGA_TABLE_VERSION_TEXT_CAP];

    if (pravega_table_version_parse(text, &version, NULL) != WEIR_OK)
        return;
    pravega_table_version_text(version, out);
    assert(pravega_table_version_parse(weir_view_str(out), &again, NULL) == WEIR_OK);
    assert(version.segment == again.segment && version.version == again.version);
}

static void version_bytes(struct weir_view bytes)
{
    struct pravega_table_version version, again;
    uint8_t out[PRAVEGA_TABLE_VERSION_BYTES_CAP];
    size_t len;

    if (pravega_table_version_from_bytes(bytes, 0, &version, NULL) != WEIR_OK)
        return;
    len = pravega_table_version_bytes(version, out);
    assert(pravega_table_version_from_bytes(weir_view(out, len), 0, &again, NULL) == WEIR_OK);
    assert(version.version == again.version);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_view rest = weir_view(data + 1, size > 0 ? size - 1 : 0);

    if (size == 0)
        return 0;
    if (data[0] % 3 == 0)
        walk(rest);
    else if (data[0] % 3 == 1)
        version_text(rest);
    else
        version_bytes(rest);
    return 0;
}
