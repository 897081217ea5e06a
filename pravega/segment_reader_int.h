/**
 * @file pravega/segment_reader_int.h
 * @brief What this library's own users of a segment reader may do besides.
 */
#ifndef PRAVEGA_SEGMENT_READER_INT_H
#define PRAVEGA_SEGMENT_READER_INT_H

#include "pravega/segment_reader.h"
#include "weir/buf.h"

/**
 * Right after an event was handed out: the memory it lies in becomes the caller's, and its payload stays where it is.
 * @return false: it shares its memory with others, and `out` is untouched
 */
bool pravega_segment_reader_take_joined(struct pravega_segment_reader *reader, struct weir_buf *out);

#endif
