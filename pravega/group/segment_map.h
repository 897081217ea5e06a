/**
 * @file pravega/group/segment_map.h
 * @brief Segments of several streams and an offset for each, cheap to compare: what a group's state is made of.
 *
 * A segment is known by its stream and id, as upstream's SegmentWithRange is; its key range only goes along. Stream
 * names are interned: within one pool, entries of the same stream share their `scope` pointer, so that two segments are
 * compared by a pointer and a number. Thread: any, one at a time.
 */
#ifndef PRAVEGA_GROUP_SEGMENT_MAP_H
#define PRAVEGA_GROUP_SEGMENT_MAP_H

#include "pravega/position.h"

/** Names of streams; those that were handed out live as long as the pool. Zeroed it is empty. */
struct pravega_stream_names {
    struct pravega_stream_name *names; /* sorted */
    size_t count, cap;
};
void pravega_stream_names_fini(struct pravega_stream_names *names);
#define PRAVEGA_STREAM_NAMES_MAX 16384
/** The pool's own copy, made if it is not there; good until the next one is added, but for the strings. NULL: out of
 *  memory, or more than PRAVEGA_STREAM_NAMES_MAX. */
const struct pravega_stream_name *pravega_stream_names_add(struct pravega_stream_names *names, struct weir_view scope,
                                                           struct weir_view stream);
/** NULL: not in the pool. */
const struct pravega_stream_name *pravega_stream_names_find(const struct pravega_stream_names *names,
                                                            const struct pravega_stream_name *stream);
/** Fills `entry` with a segment: an interned stream, the id, no range, offset 0. @retval WEIR_E_NOMEM */
enum weir_status pravega_segment_entry(struct pravega_stream_names *names, struct weir_view scope,
                                       struct weir_view stream, pravega_segment_id id,
                                       struct pravega_position_entry *entry);

/** In the order of scope, stream, id; or, if `keeps_order`, in that of insertion. Zeroed it is empty and sorted. */
struct pravega_segment_map {
    struct pravega_position_entry *entries; /**< each segment once; streams interned in one pool */
    size_t count, cap;
    bool keeps_order;
};
void pravega_segment_map_fini(struct pravega_segment_map *map);
void pravega_segment_map_clear(struct pravega_segment_map *map);
/** NULL: not there. Valid until the map changes; only its offset may be written. */
struct pravega_position_entry *pravega_segment_map_find(const struct pravega_segment_map *map,
                                                        const struct pravega_position_entry *segment);
/** Sets the offset of a segment that is there, else adds the entry. @retval WEIR_E_NOMEM nothing has changed */
enum weir_status pravega_segment_map_put(struct pravega_segment_map *map, const struct pravega_position_entry *entry);
/** Room for `count` more, so that as many puts cannot fail. @retval WEIR_E_NOMEM */
enum weir_status pravega_segment_map_reserve(struct pravega_segment_map *map, size_t count);
/** @return whether it was there */
bool pravega_segment_map_remove(struct pravega_segment_map *map, const struct pravega_position_entry *segment);
/** Adds without looking whether it is there: to be followed by settle before anything else. @retval WEIR_E_NOMEM */
enum weir_status pravega_segment_map_append(struct pravega_segment_map *map,
                                            const struct pravega_position_entry *entry);
/** Puts what was appended in order: of a segment that is there twice the last one stays; in a map that keeps its order
 *  there is none twice. @retval WEIR_E_INVAL there is @retval WEIR_E_NOMEM */
enum weir_status pravega_segment_map_settle(struct pravega_segment_map *map);
/** Makes `map` (zeroed) a copy, with the order and the interned names of `from`. @retval WEIR_E_NOMEM */
enum weir_status pravega_segment_map_copy(struct pravega_segment_map *map, const struct pravega_segment_map *from);
/** Same segments, same offsets and ranges (and same order, if it counts); names are compared as text. */
bool pravega_segment_map_equal(const struct pravega_segment_map *a, const struct pravega_segment_map *b);

/**
 * A cut for each stream that has entries here, sorted by scope and stream.
 * @param cuts receives an array to be ended with pravega_stream_cuts_free(); NULL if there are none
 * @retval WEIR_E_NOMEM @retval WEIR_E_INVAL an entry below -1
 */
enum weir_status pravega_segment_map_cuts(const struct pravega_segment_map *map, struct pravega_stream_cut **cuts,
                                          size_t *count, struct weir_error *err);
void pravega_stream_cuts_free(struct pravega_stream_cut *cuts, size_t count);

#endif
