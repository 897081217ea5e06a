/**
 * @file pravega/group/group_format.h
 * @brief Fields that several objects of a group's state have. For the codecs in this folder.
 */
#ifndef PRAVEGA_GROUP_GROUP_FORMAT_H
#define PRAVEGA_GROUP_GROUP_FORMAT_H

#include "pravega/format/revision_data.h"
#include "pravega/group/segment_map.h"

/* The least that one takes: a name of "a/b/0" with its length, an offset, a range. */
#define GROUP_SEGMENT_LEN_MIN ((size_t)7)
#define GROUP_ENTRY_LEN_MIN (GROUP_SEGMENT_LEN_MIN + 8)
#define GROUP_RANGE_LEN_MIN (GROUP_SEGMENT_LEN_MIN + 16)

/** A segment's qualified name. */
void pravega_put_entry_name(struct weir_buf *out, const struct pravega_position_entry *entry);
/** A map of names, with their ranges or not, to offsets. */
void pravega_put_entries(struct weir_buf *out, const struct pravega_position_entry *entries, size_t count,
                         bool with_ranges);
/** As above; `entry` gets no range and offset 0, `map` loses what it had. */
void pravega_get_entry_name(struct pravega_in *in, struct pravega_stream_names *names,
                            struct pravega_position_entry *entry);
void pravega_get_entry_range(struct pravega_in *in, struct pravega_position_entry *entry);
void pravega_get_entries(struct pravega_in *in, struct pravega_stream_names *names, bool with_ranges,
                         struct pravega_segment_map *map);

/** Ends the reading for want of memory. */
void pravega_in_no_memory(struct pravega_in *in);
/** pravega_segment_map_settle() for entries that were read. */
void pravega_settle_entries(struct pravega_in *in, struct pravega_segment_map *map);

#endif
