/**
 * @file base/real_int.h
 * @brief The real host's parts as they know each other: loop, connections, resolver, pool. Used by base/real_*.c only.
 */
#ifndef WEIR_BASE_REAL_INT_H
#define WEIR_BASE_REAL_INT_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/host_int.h"
#include "base/loop_int.h"
#include "base/mailbox.h"
#include "base/net_int.h"
#include "base/timer_heap.h"

struct weir_resolve;

/** A loop over a libevent base. Everything but `mail`, `sleeps` and `stops` belongs to its thread. */
struct weir_real_loop {
    struct weir_loop base;
    struct event_base *events;
    struct weir_deferred_queue ready; /* connections and listeners with something to tell, found by this turn's poll */
    struct weir_timer_heap timers;
    int64_t now_ns; /* of this turn */
    bool in_turn;   /* outside of one, nobody keeps now_ns up to date */
    int alarm_fd;   /* timerfd: nanoseconds, and armed only when the next deadline has come nearer */
    int64_t alarm_ns;
    struct event alarm;
    int wake_fd; /* eventfd, written only while the loop sleeps */
    struct event wake;
    struct weir_resolve *resolves; /* names being looked up on the pool */
    int job_count;                 /* on the pool for this loop; under the pool's lock */
    pthread_t thread;
    _Alignas(64) struct weir_mailbox mail;
    _Atomic bool sleeps; /* mail needs a wake-up */
    _Atomic bool stops;
};

static inline struct weir_real_loop *weir_real_loop(struct weir_loop *loop)
{
    return (struct weir_real_loop *)loop;
}

/** False for a loop of a simulation. */
bool weir_loop_is_real(const struct weir_loop *loop);
enum weir_status weir_real_loop_new(struct weir_host *host, const char *name, struct weir_loop **out,
                                    struct weir_error *err);

/* real_connect.c */
enum weir_status weir_real_connect(struct weir_loop *loop, const struct weir_target *target,
                                   const struct weir_conn_handler *handler, void *arg, struct weir_conn **out,
                                   struct weir_error *err);
/** Frees what is left of a loop's look-ups, none of which is on the pool any more. */
void weir_real_resolves_free(struct weir_real_loop *loop);

/* real_listen.c */
enum weir_status weir_real_listen(struct weir_loop *loop, const struct weir_target *at,
                                  void (*on_accept)(void *arg, struct weir_conn *conn), void *arg,
                                  struct weir_listener **out, struct weir_error *err);

/* real_pool.c: threads that may block. */
struct weir_real_pool {
    pthread_mutex_t lock;
    pthread_cond_t work;             /* a job came, or the end */
    pthread_cond_t left;             /* a job left the pool */
    struct weir_mail *first, **last; /* waiting jobs, linked by their mail */
    pthread_t *threads;
    int waiting_count, idle_count; /* jobs, threads */
    int thread_count, thread_count_max;
    bool ends;
};

enum weir_status weir_real_pool_init(struct weir_real_pool *pool, int thread_count_max, struct weir_error *err);
/** Joins the threads. No job may be waiting. */
void weir_real_pool_fini(struct weir_real_pool *pool);
void weir_real_pool_submit(struct weir_real_pool *pool, struct weir_job *job);
/** See weir_host_cancel(). */
bool weir_real_pool_cancel(struct weir_real_pool *pool, struct weir_job *job);
/** Returns when no job of `loop` is on the pool; all of them are in its mail then. */
void weir_real_pool_drain(struct weir_real_pool *pool, struct weir_real_loop *loop);

struct weir_real_host {
    struct weir_host base;
    struct weir_real_pool pool;
    uint64_t seed;
    _Atomic uint64_t random_count;
};

/** The host's pool; `host` is a real one. */
static inline struct weir_real_pool *weir_real_pool(struct weir_host *host)
{
    return &((struct weir_real_host *)host)->pool;
}

/** A thread that takes no signal sent to the process. @param name cut to 15 bytes @return 0 or an errno */
int weir_real_thread_start(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg);

/** The POSIX file system. */
enum weir_status weir_posix_fs_new(struct weir_fs **out, struct weir_error *err);

#endif
