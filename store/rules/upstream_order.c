/*
 * upstream_order.c - the order in which upstream's controller tells what it keeps in hash maps and by hash.
 */
#include "store/rules/upstream_order.h"

#include <string.h>

#include "base/hash.h"
#include "pravega/names.h"

/* String.hashCode() of "StreamTags", upstream's seed. */
#define TAG_SEED UINT64_C(798692313)

/*
 * Guava's Hashing.consistentHash: jumps from part to part, each time with a smaller chance to jump again, so that few
 * names move when a part is added.
 */
static int consistent_hash(uint64_t state, int parts)
{
    int candidate = 0;

    for (;;) {
        double next;

        state = state * UINT64_C(2862933555777941757) + 1;
        next = (candidate + 1) / ((double)((state >> 33) + 1) / (double)(UINT64_C(1) << 31));
        if (next >= parts)
            return candidate;
        candidate = (int)next;
    }
}

int weir_tag_part(struct weir_view stream)
{
    return consistent_hash(pravega_seeded_hash_bits(stream, TAG_SEED), WEIR_TAG_PARTS);
}

uint32_t weir_txn_list_place(struct weir_uuid txn, size_t count)
{
    return weir_java_map_bucket(weir_java_long_hash((int64_t)(txn.msb ^ txn.lsb)), count);
}

uint32_t weir_range_place(double start, size_t count)
{
    int64_t bits;

    memcpy(&bits, &start, sizeof(bits));
    return weir_java_map_bucket(weir_java_long_hash(bits), count);
}
