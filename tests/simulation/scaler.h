/**
 * @file scaler.h
 * @brief Splits and merges a stream by hand, and knows which segments it must have.
 *
 * One scale at a time, until it is known whether it was carried out: a scale is there whole or not at all, and once it
 * was acknowledged, or seen, for good. What a rolled transaction changes are the epochs of the segments, and not their
 * numbers and keys.
 */
#ifndef WEIR_TEST_SCALER_H
#define WEIR_TEST_SCALER_H

#include "pravega/streams.h"
#include "progress.h"
#include "world.h"

#define SCALER_PIECES_MAX 8
#define SCALER_SHAPES_MAX 40
#define SCALER_NUMBERS_MAX (SCALER_PIECES_MAX + 2 * SCALER_SHAPES_MAX)

/* One segment, whatever its epoch. */
struct scaler_piece {
    int32_t number;
    double min_key, max_key;
};

struct scaler_shape {
    struct scaler_piece pieces[SCALER_PIECES_MAX]; /* in the order of their keys */
    size_t count;
    int32_t next_number; /* of the next segment that is made */
};

enum scaler_wish { SCALER_SPLIT, SCALER_MERGE, SCALER_ANY };

struct scaler {
    struct world *world;
    const struct pravega_stream_name *stream;
    size_t piece_count_min; /* no merge goes below it */
    struct scaler_shape shapes[SCALER_SHAPES_MAX];
    struct progress progress; /* through the shapes */
    struct weir_timer timer;
    int scales_left;
    int64_t pause_max_ns;
    enum scaler_wish wish;
    bool resting; /* nothing is under way, nor will be by itself */
    /* The scale under way. */
    bool asked, pausing;
    pravega_segment_id sealed[2];
    struct pravega_segment_range ranges[2];
    size_t sealed_count, range_count;
    uint64_t splits, merges; /* that were carried out */
    pravega_segment_id seen[SCALER_NUMBERS_MAX]; /* the newest segment of each number; 0: none, or the first */
    bool rolled; /* a segment came back in another epoch: a transaction has rolled */
};

/** @param stream    borrowed; it has just been made, with `segments` segments, which are the fewest that it may have */
void scaler_init(struct scaler *scaler, struct world *world, const struct pravega_stream_name *stream, size_t segments);
/** One scale, if the wish can be had: `resting` is false until it is known to be done or not. */
void scaler_step(struct scaler *scaler, enum scaler_wish wish);
/** So many scales, with pauses in between; then it rests. */
void scaler_play(struct scaler *scaler, int count, int64_t pause_max_ns);
/** No new scale; it rests when the one under way is done. */
void scaler_stop(struct scaler *scaler);
/** Asks for the stream's segments, and fails the run if they are others than they can be. */
void scaler_look(struct scaler *scaler);
/** Before the driver's client is gone. */
void scaler_fini(struct scaler *scaler);

#endif
