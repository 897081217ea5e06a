/*
 * bench_startup.c - executes a program with exec_ns=NOW behind its arguments: the time from exec counts from there.
 *
 *   bench_startup PROGRAM [ARGUMENT...]
 */
#include <time.h>
#include <unistd.h>

#include "benchmarks/bench.h"

int main(int argc, char **argv)
{
    char **args = calloc((size_t)argc + 2, sizeof(*args));
    char exec_ns[64];
    struct timespec now;

    if (argc < 2 || args == NULL) {
        fprintf(stderr, "usage: bench_startup PROGRAM [ARGUMENT...]\n");
        return EXIT_FAILURE;
    }
    memcpy(args, argv + 1, (size_t)(argc - 1) * sizeof(*args));
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(exec_ns, sizeof(exec_ns), "exec_ns=%" PRId64, now.tv_sec * INT64_C(1000000000) + now.tv_nsec);
    args[argc - 1] = exec_ns;
    execv(args[0], args);
    perror(args[0]);
    return EXIT_FAILURE;
}
