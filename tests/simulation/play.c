/*
 * play.c - trials, processes, and time that passes.
 */
#include "play.h"

#include <assert.h>
#include <stdlib.h>

#include "pravega/streams.h"

#define LIMIT_NS (1200 * WEIR_NS_PER_S)

void play_trial(struct seed_run *run, const struct play *play)
{
    void *trial = calloc(1, play->trial_size);
    struct world *world = trial;

    assert(trial != NULL);
    world->run = run;
    world->store_settings = play->store_settings;
    if (play->open != NULL)
        play->open(trial);
    world_open(world, run);
    if (!seed_failed(run))
        play->body(trial);
    play->stop(trial);
    world_close(world);
    free(trial);
}

/* --- processes -------------------------------------------------------------------------------------------------- */

void process_start(struct process *process, const struct world *world, const char *name, const char *disk)
{
    struct pravega_client_options options = {.controller_uri = STORE_URI,
                                             .retry = {.max_backoff_ms = 300, .retry_attempts = 1000}};

    must(weir_sim_host_new(world->sim, name, disk, &process->host, NULL));
    must(weir_loop_new(process->host, name, &process->loop, NULL));
    must(weir_loop_start(process->loop, NULL));
    must(pravega_client_new(process->loop, &options, &process->client, NULL));
}

static void on_segments(void *arg, enum weir_status status, const struct pravega_segment_range *segments, size_t count,
                        const struct weir_error *why)
{
    struct process *process = arg;

    (void)segments, (void)count, (void)why;
    if (status == WEIR_OK)
        process->on_reached(process->reached_arg);
    else
        pravega_stream_current_segments(process->client, process->sought, on_segments, process);
}

void process_reach(struct process *process, const struct pravega_stream_name *stream, void (*reached)(void *arg),
                   void *arg)
{
    process->sought = stream;
    process->on_reached = reached;
    process->reached_arg = arg;
    pravega_stream_current_segments(process->client, stream, on_segments, process);
}

void process_silence(struct process *process)
{
    weir_sim_host_silence(process->host);
}

void process_crash(struct process *process)
{
    pravega_client_free(process->client);
    weir_loop_free(process->loop);
    weir_sim_host_crash(process->host);
    *process = (struct process){0};
}

void process_end(struct process *process)
{
    pravega_client_free(process->client);
    weir_loop_stop(process->loop);
    weir_loop_join(process->loop);
    weir_loop_free(process->loop);
    weir_host_free(process->host);
    *process = (struct process){0};
}

/* --- time ------------------------------------------------------------------------------------------------------- */

struct passing {
    const struct world *world;
    bool (*over)(const void *trial);
    const void *trial;
};

static bool is_over(const struct passing *passing)
{
    return seed_failed(passing->world->run) || passing->over(passing->trial);
}

static bool over_or_due(void *arg)
{
    const struct passing *passing = arg;

    return is_over(passing) ||
           fate_due(passing->world, &passing->world->store_fate, passing->world->store_host != NULL);
}

void play_through_crashes(struct world *world, int crashes, int64_t down_max_ns, bool (*over)(const void *trial),
                          const void *trial, const char *what)
{
    struct passing passing = {world, over, trial};
    int64_t end_ns = world_now(world) + LIMIT_NS;

    world->store_fate.crashes_left = crashes;
    fate_up(world, &world->store_fate);
    while (!is_over(&passing) && world_now(world) < end_ns) {
        int64_t until_ns = world->store_fate.next_ns < end_ns ? world->store_fate.next_ns : end_ns;

        weir_sim_run(world->sim, over_or_due, &passing, until_ns - world_now(world));
        if (fate_due(world, &world->store_fate, world->store_host != NULL))
            store_turn(world, down_max_ns);
    }
    if (!is_over(&passing))
        seed_fail(world->run, "%s: no end of it", what);
    world_calm(world);
}
