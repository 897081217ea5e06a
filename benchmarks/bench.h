/**
 * @file benchmarks/bench.h
 * @brief What the benchmarks share: one JSON line for each figure, peak memory, arguments.
 */
#ifndef WEIR_BENCHMARKS_BENCH_H
#define WEIR_BENCHMARKS_BENCH_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/** Peak resident size of this process, MiB. */
static inline double bench_peak_mib(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024.0;
}

/** Processor seconds of this process so far, user and system. */
static inline double bench_cpu_s(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           ((double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec) / 1e6;
}

/** The value of `name=value` among the arguments, or `otherwise`. */
static inline const char *bench_text(int argc, char **argv, const char *name, const char *otherwise)
{
    size_t len = strlen(name);

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], name, len) == 0 && argv[i][len] == '=')
            return argv[i] + len + 1;
    }
    return otherwise;
}

static inline int64_t bench_number(int argc, char **argv, const char *name, int64_t otherwise)
{
    const char *text = bench_text(argc, argv, name, NULL);

    return text != NULL ? strtoll(text, NULL, 10) : otherwise;
}

#endif
