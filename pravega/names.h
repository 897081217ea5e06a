/**
 * @file pravega/names.h
 * @brief Names of scopes, streams and segments as parts of text, without copies: the other way of what types.h writes.
 */
#ifndef PRAVEGA_NAMES_H
#define PRAVEGA_NAMES_H

#include "pravega/types.h"

/** A segment's qualified name in its parts; the views are borrowed. */
struct pravega_segment_ref {
    struct weir_view scope, stream;
    pravega_segment_id id;
};

/** [A-Za-z0-9.-]+ after one leading '_' at most (an internal name), not longer than PRAVEGA_NAME_LEN_MAX. */
bool pravega_name_fits(struct weir_view name);
/** "scope/stream". */
bool pravega_scoped_name_parse(struct weir_view text, struct weir_view *scope, struct weir_view *stream);
/** "scope/stream/<number>.#epoch.<epoch>", or "scope/stream/<number>" of epoch 0, as old segments are called. */
bool pravega_segment_parse(struct weir_view text, struct pravega_segment_ref *segment);
/** All of `text` is a decimal number in 0..max. */
bool pravega_digits_parse(struct weir_view text, int64_t max, int64_t *value);
/** Upstream's HashHelper: the place in [0, 1) of UTF-8 text. Its seed is the String.hashCode() of a text, widened as
 *  Java widens an int. */
double pravega_seeded_hash(struct weir_view key, uint64_t seed);
/** The same, before it is made a place: the hash's first 64 bits. */
uint64_t pravega_seeded_hash_bits(struct weir_view key, uint64_t seed);

#endif
