/**
 * @file weir/loop.h
 * @brief One thread's event loop: now, timers, mail, deferred work, run.
 *
 * All waiting and all time pass through here. A loop has two implementations: the real one (a libevent base and the
 * system clocks) and the simulated one (virtual time, see weir/sim.h). weir_loop_new() makes the kind its host is of.
 *
 * A turn of the loop: due timers, ready connections, mail; then the deferred work of this turn; then, if nothing was
 * deferred meanwhile, the loop sleeps until something happens.
 *
 * Thread: everything belongs to the loop's thread, but weir_loop_post() and weir_loop_stop(), which any thread may
 * call.
 */
#ifndef WEIR_LOOP_H
#define WEIR_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "weir/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct weir_host;
struct weir_log;
struct weir_loop; /* opaque; implementations see base/loop_int.h */

/**
 * A timer, embedded in the object that it wakes. Zero it, set fn and arg, and start it. It fires once; a periodic
 * timer starts itself again. Stop it before its memory goes.
 */
struct weir_timer {
    void (*fn)(void *arg);
    void *arg;
    /* Private: a node of the loop's pairing heap. */
    struct weir_timer *child, *next, *prev;
    int64_t deadline_ns;
    uint64_t seq; /* starts break ties, so that equal deadlines fire in the order they were started */
    bool armed;
};

/** A message to a loop, embedded in the sender's own struct. Not touched by the loop again once `fn` is called. */
struct weir_mail {
    void (*fn)(struct weir_mail *mail);
    struct weir_mail *next; /* private */
};

/** Work for the end of the turn. Queued at most once at a time. Cancel it before its memory goes. */
struct weir_deferred {
    void (*fn)(void *arg);
    void *arg;
    struct weir_deferred *next, **link; /* private */
};

/**
 * Makes a loop of `host`. @param name borrowed, outlives the loop; names the thread and the log lines
 * @retval WEIR_E_NOMEM, WEIR_E_IO  nothing was made
 */
enum weir_status weir_loop_new(struct weir_host *host, const char *name, struct weir_loop **out,
                               struct weir_error *err);
/** The loop must not be running. Pending timers and deferred work are forgotten, pending mail is dropped. NULL is fine.
 */
void weir_loop_free(struct weir_loop *loop);

/** Monotonic nanoseconds, as of the start of this turn or later. */
int64_t weir_loop_now_ns(struct weir_loop *loop);
/** Wall-clock milliseconds since 1970. */
int64_t weir_loop_wall_ms(struct weir_loop *loop);
/** The host that made the loop; lives longer than it. */
struct weir_host *weir_loop_host(struct weir_loop *loop);
/** The log lines of this loop go here. */
struct weir_log *weir_loop_log(struct weir_loop *loop);
const char *weir_loop_name(struct weir_loop *loop);

/** Starts or restarts a timer; a delay <= 0 fires in the next turn. */
void weir_timer_start(struct weir_loop *loop, struct weir_timer *timer, int64_t delay_ns);
/** Nothing happens if it is not armed. */
void weir_timer_stop(struct weir_loop *loop, struct weir_timer *timer);
static inline bool weir_timer_armed(const struct weir_timer *timer)
{
    return timer->armed;
}

/** Queues `work` for the end of this turn; queued during that phase, it runs in the next turn, which does not sleep. */
void weir_loop_defer(struct weir_loop *loop, struct weir_deferred *work);
void weir_deferred_cancel(struct weir_loop *loop, struct weir_deferred *work);

/** Hands `mail` to the loop and wakes it. Any thread. Mail of one sender arrives in order. */
void weir_loop_post(struct weir_loop *loop, struct weir_mail *mail);

/** Turns until weir_loop_stop(). A simulated loop runs its whole simulation meanwhile. */
void weir_loop_run(struct weir_loop *loop);
/** Makes run return after the current turn, or the next run at once. Any thread. */
void weir_loop_stop(struct weir_loop *loop);

/** Runs the loop in a thread of its own. @retval WEIR_E_NOMEM, WEIR_E_IO no thread could be had */
enum weir_status weir_loop_start(struct weir_loop *loop, struct weir_error *err);
/** Waits until a started loop has stopped and its thread is gone. Not from the loop's own thread. */
void weir_loop_join(struct weir_loop *loop);

#define WEIR_NS_PER_MS INT64_C(1000000)
#define WEIR_NS_PER_S INT64_C(1000000000)

#ifdef __cplusplus
}
#endif

#endif
