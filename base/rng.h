/**
 * @file base/rng.h
 * @brief The only randomness: a generator seeded by whoever passes it in (splitmix64 into xoshiro256**).
 */
#ifndef WEIR_BASE_RNG_H
#define WEIR_BASE_RNG_H

#include <stdint.h>

struct weir_rng {
    uint64_t state[4];
};

void weir_rng_init(struct weir_rng *rng, uint64_t seed);
uint64_t weir_rng_next(struct weir_rng *rng);
/** 0..bound-1 without bias; bound > 0. */
uint64_t weir_rng_below(struct weir_rng *rng, uint64_t bound);
/** [0, 1). */
double weir_rng_double(struct weir_rng *rng);

#endif
