/**
 * @file pravega/group/time_window.h
 * @brief Where a group's readers are in the time of one stream's writers: upstream's WatermarkReaderImpl without its
 *        I/O.
 *
 * Marks come in the order in which the controller wrote them. One that all readers have passed moves the lower bound;
 * those that they have not passed wait, and the last of them gives the upper bound.
 */
#ifndef PRAVEGA_GROUP_TIME_WINDOW_H
#define PRAVEGA_GROUP_TIME_WINDOW_H

#include "pravega/event_reader.h"
#include "pravega/format/watermark.h"

#define PRAVEGA_TIME_MARKS_MAX 256 /* that wait; beyond it some are left out, so that the lower bound moves in steps   \
                                    */

/** How far the group has read one segment. min_key < 0: its keys are not known. */
struct pravega_time_place {
    struct pravega_segment_range range;
    int64_t offset; /**< PRAVEGA_OFFSET_COMPLETED: to the end */
};

struct pravega_time_track {
    struct pravega_watermark waiting[PRAVEGA_TIME_MARKS_MAX]; /* in their order */
    size_t waiting_count;
    bool has_passed;
    int64_t passed;
};

void pravega_time_track_fini(struct pravega_time_track *track);
/** >0: everything there is at or behind the mark; <0: before it; 0: neither. Segments whose keys do not meet are not
 *  compared. */
int pravega_time_compare(const struct pravega_time_place *places, size_t count, const struct pravega_watermark *mark);
/** The group is at `places`: lets go of marks that are passed. @return whether a further mark is wanted */
bool pravega_time_track_advance(struct pravega_time_track *track, const struct pravega_time_place *places,
                                size_t count);
/** Takes the next mark, which was wanted, over. @return whether a further one is wanted */
bool pravega_time_track_add(struct pravega_time_track *track, const struct pravega_time_place *places, size_t count,
                            struct pravega_watermark *mark);
struct pravega_time_window pravega_time_track_window(const struct pravega_time_track *track);

#endif
