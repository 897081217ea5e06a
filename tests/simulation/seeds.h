/**
 * @file seeds.h
 * @brief Plays scenarios, each for many seeds, and says which seeds failed and how to play one of them again.
 */
#ifndef WEIR_TEST_SEEDS_H
#define WEIR_TEST_SEEDS_H

#include <stdbool.h>
#include <stdint.h>

/** One scenario being played with one seed. */
struct seed_run {
    uint64_t seed;
    bool verbose;
    char failure[600];  /**< the first one; empty: none */
    uint64_t trace;     /**< the scenario leaves weir_sim_trace() here at its end */
    uint64_t sightings; /**< what the scenario has seen of what it must be able to see */
};

/** Keeps the first failure. The scenario then ends early, in order, so that leaks show even so. */
void seed_fail(struct seed_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline bool seed_failed(const struct seed_run *run)
{
    return run->failure[0] != '\0';
}
/** A line for --verbose. */
void seed_tell(const struct seed_run *run, int64_t now_ns, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

struct scenario {
    const char *name;
    void (*play)(struct seed_run *run);
    uint64_t every;        /**< it plays the seeds that this divides */
    const char *must_see;  /**< if not NULL: over all seeds there must be sightings of it */
    const uint64_t *known; /**< seeds that failed once; played always. Ends with 0. NULL is fine */
};

/**
 * Arguments: --seeds N --first S --scenario NAME --verbose. One seed in ten is played twice, and both plays must leave
 * the same trace.
 * @param scenarios ends with a nameless one
 * @param seeds     how many without --seeds
 * @return the exit status
 */
int seeds_main(int argc, char **argv, const struct scenario *scenarios, uint64_t seeds);

#endif
