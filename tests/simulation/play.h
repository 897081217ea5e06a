/**
 * @file play.h
 * @brief What most scenarios are made of: a trial in a world of its own, processes with a client, and the time in which
 *        they do their work while the store goes down and comes up.
 */
#ifndef WEIR_TEST_PLAY_H
#define WEIR_TEST_PLAY_H

#include "world.h"

/** A scenario's trial: a struct that begins with its world, all zero when it begins. */
struct play {
    size_t trial_size;
    const char *const *store_settings; /**< of struct world */
    void (*open)(void *trial);         /**< before the world is there, but for its run; NULL is fine */
    void (*body)(void *trial);
    void (*stop)(void *trial); /**< ends what the body has begun, however far it came */
};
/** For a scenario's play(). */
void play_trial(struct seed_run *run, const struct play *play);

/** A process with a client that does not give up once it has met its controller. */
struct process {
    struct weir_host *host; /* NULL: it does not run */
    struct weir_loop *loop;
    struct pravega_client *client;
    const struct pravega_stream_name *sought; /* by process_reach() */
    void (*on_reached)(void *arg);
    void *reached_arg;
};
void process_start(struct process *process, const struct world *world, const char *name, const char *disk);
/** Calls `reached` once the controller has told of the stream: a client that has not met one yet gives up soon, and
 * asks again here. */
void process_reach(struct process *process, const struct pravega_stream_name *stream, void (*reached)(void *arg),
                   void *arg);
/** Its last callback has run, as at a kill. What it has made is freed after this, and before one of the next two. */
void process_silence(struct process *process);
/** A silent process is gone, and its disk has forgotten what was not synced. */
void process_crash(struct process *process);
/** A silent process is shut down in order. */
void process_end(struct process *process);

/**
 * Lets the store crash so often, by its fate, until the trial is over or has failed. Then nothing fails any more.
 * @param what comes to no end, if it is not over after a very long time
 */
void play_through_crashes(struct world *world, int crashes, int64_t down_max_ns, bool (*over)(const void *trial),
                          const void *trial, const char *what);

#endif
