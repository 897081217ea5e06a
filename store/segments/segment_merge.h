/**
 * @file store/segments/segment_merge.h
 * @brief What the segment service has to tidy up: at a start, and of merges as time goes by.
 */
#ifndef WEIR_STORE_SEGMENT_MERGE_H
#define WEIR_STORE_SEGMENT_MERGE_H

#include "store/container/container.h"

/**
 * Removes transient segments whose connection ended with the process, and forgets merges that are too old to be asked
 * for again. Before anything is served.
 */
void weir_segment_merge_recover(struct weir_container *ctr, int64_t wall_ms);
/** Forgets merges that are too old to be asked for again. */
void weir_segment_merge_forget(struct weir_container *ctr, int64_t wall_ms);

#endif
