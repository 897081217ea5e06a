/*
 * figures.h - runs an example's job, with a line of progress on standard error now and then, and at its end one line of
 * figures on standard output: JSON, for people and for scripts.
 */
#ifndef WEIR_EXAMPLES_FIGURES_H
#define WEIR_EXAMPLES_FIGURES_H

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "weir/env.h"

#define FIGURES_INTERVAL_MS 250

/* Milliseconds since 1970. */
static int64_t figures_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void figures_progress(void *arg, const struct weir_job_result *so_far)
{
    fprintf(stderr, "%s: %.1f s, %" PRIu64 " events in, %" PRIu64 " out, %" PRIu64 " checkpoints\n", (const char *)arg,
            (double)so_far->runtime_ns / 1e9, so_far->records_in, so_far->records_out, so_far->checkpoints_completed);
}

static void figures_print(const char *job_name, int64_t start_ms, const struct weir_job_result *result)
{
    double seconds = (double)result->runtime_ns / 1e9;
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    printf("{\"job\":\"%s\",\"events\":%" PRIu64 ",\"events_per_s\":%.0f,\"out\":%" PRIu64 ",\"late\":%" PRIu64
           ",\"checkpoints\":%" PRIu64 ",\"restarts\":%" PRIu64 ",\"runtime_ms\":%.0f,\"first_record_at_ms\":%" PRId64
           ",\"peak_memory_kib\":%ld}\n",
           job_name, result->records_in, seconds > 0 ? (double)result->records_in / seconds : 0, result->records_out,
           result->late_records_dropped, result->checkpoints_completed, result->restarts, seconds * 1e3,
           result->first_record_ns < 0 ? -1 : start_ms + result->first_record_ns / 1000000, usage.ru_maxrss);
}

/* As weir_env_execute. */
static enum weir_status figures_execute(weir_env *env, const char *job_name, struct weir_error *err)
{
    struct weir_job_result result = {0};
    int64_t start_ms = figures_now_ms();
    enum weir_status status;

    weir_env_on_progress(env, FIGURES_INTERVAL_MS, figures_progress, (void *)job_name);
    status = weir_env_execute(env, job_name, &result, err);
    if (status == WEIR_OK)
        figures_print(job_name, start_ms, &result);
    return status;
}

#endif
