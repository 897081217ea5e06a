/*
 * seeds.c - the loop over the seeds.
 */
#include "seeds.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPEAT_EVERY 10

struct arguments {
    uint64_t seeds, first;
    const char *scenario;
    bool verbose;
};

void seed_fail(struct seed_run *run, const char *fmt, ...)
{
    va_list args;

    if (seed_failed(run))
        return;
    va_start(args, fmt);
    vsnprintf(run->failure, sizeof(run->failure), fmt, args);
    va_end(args);
}

void seed_tell(const struct seed_run *run, int64_t now_ns, const char *fmt, ...)
{
    va_list args;

    if (!run->verbose)
        return;
    printf("%12.6f  ", (double)now_ns / 1e9);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

static bool play_once(const struct scenario *scenario, uint64_t seed, bool verbose, struct seed_run *run)
{
    *run = (struct seed_run){.seed = seed, .verbose = verbose};
    scenario->play(run);
    return !seed_failed(run);
}

static bool play_seed(const struct scenario *scenario, const char *program, uint64_t seed, bool verbose,
                      struct seed_run *run)
{
    bool good = play_once(scenario, seed, verbose, run);
    struct seed_run again;

    if (good && seed % REPEAT_EVERY == 0) {
        play_once(scenario, seed, false, &again);
        if (again.trace != run->trace)
            seed_fail(run, "a second play has the trace %016" PRIx64 ": something here is not repeatable", again.trace);
    }
    if (!seed_failed(run))
        return true;
    printf("FAILED: %s, seed %" PRIu64 ", trace %016" PRIx64 ": %s\n", scenario->name, seed, run->trace, run->failure);
    printf("        again: %s --scenario %s --first %" PRIu64 " --seeds 1 --verbose\n", program, scenario->name, seed);
    fflush(stdout);
    return false;
}

struct tally {
    uint64_t played, failed, sightings;
};

static void play_and_count(const struct scenario *scenario, const char *program, uint64_t seed, bool verbose,
                           struct tally *tally)
{
    struct seed_run run;

    tally->played++;
    tally->failed += !play_seed(scenario, program, seed, verbose, &run);
    tally->sightings += run.sightings;
}

static uint64_t play_scenario(const struct scenario *scenario, const char *program, const struct arguments *args)
{
    struct tally tally = {0};

    for (const uint64_t *seed = scenario->known; seed != NULL && *seed != 0; seed++)
        play_and_count(scenario, program, *seed, false, &tally);
    for (uint64_t seed = args->first; seed < args->first + args->seeds; seed++) {
        if (seed % scenario->every == 0 || args->seeds == 1)
            play_and_count(scenario, program, seed, args->verbose, &tally);
    }
    printf("%s: %" PRIu64 " seeds, %" PRIu64 " failed", scenario->name, tally.played, tally.failed);
    if (scenario->must_see != NULL)
        printf(", %" PRIu64 " %s", tally.sightings, scenario->must_see);
    putchar('\n');
    fflush(stdout);
    if (scenario->must_see == NULL || tally.sightings > 0 || args->seeds < 10 * scenario->every)
        return tally.failed;
    printf("FAILED: %s: no %s in any seed: this test could not see them\n", scenario->name, scenario->must_see);
    return tally.failed + 1;
}

static bool take_number(int argc, char **argv, int *at, const char *name, uint64_t *value)
{
    char *end = NULL;

    if (strcmp(argv[*at], name) != 0 || *at + 1 >= argc)
        return false;
    *value = strtoull(argv[++*at], &end, 10);
    return *end == '\0';
}

static bool take_arguments(int argc, char **argv, struct arguments *args)
{
    for (int at = 1; at < argc; at++) {
        if (take_number(argc, argv, &at, "--seeds", &args->seeds) ||
            take_number(argc, argv, &at, "--first", &args->first))
            continue;
        if (strcmp(argv[at], "--verbose") == 0)
            args->verbose = true;
        else if (strcmp(argv[at], "--scenario") == 0 && at + 1 < argc)
            args->scenario = argv[++at];
        else
            return false;
    }
    return true;
}

int seeds_main(int argc, char **argv, const struct scenario *scenarios, uint64_t seeds)
{
    struct arguments args = {.seeds = seeds, .first = 1};
    uint64_t failed = 0;

    if (!take_arguments(argc, argv, &args)) {
        fprintf(stderr, "usage: %s [--seeds N] [--first S] [--scenario NAME] [--verbose]\n", argv[0]);
        return 2;
    }
    for (; scenarios->name != NULL; scenarios++) {
        if (args.scenario == NULL || strcmp(args.scenario, scenarios->name) == 0)
            failed += play_scenario(scenarios, argv[0], &args);
    }
    return failed == 0 ? 0 : 1;
}
