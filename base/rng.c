/*
 * rng.c - xoshiro256** by Blackman and Vigna, seeded through splitmix64 as its authors advise.
 */
#include "base/rng.h"

#include <assert.h>

static uint64_t rotl(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void weir_rng_init(struct weir_rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        rng->state[i] = splitmix64(&seed);
}

uint64_t weir_rng_next(struct weir_rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t weir_rng_below(struct weir_rng *rng, uint64_t bound)
{
    uint64_t skip, x;

    assert(bound > 0);
    skip = -bound % bound; /* 2^64 mod bound: as many of the lowest values are one too many */
    do
        x = weir_rng_next(rng);
    while (x < skip);
    return x % bound;
}

double weir_rng_double(struct weir_rng *rng)
{
    return (double)(weir_rng_next(rng) >> 11) * 0x1.0p-53;
}
