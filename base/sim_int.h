/**
 * @file base/sim_int.h
 * @brief What the parts of a simulated world share: the schedule, hosts, loops, connections and disks.
 *
 * Everything runs in one thread. What happens next follows from the seed and the calls made so far, never from an
 * address, a hash order or a clock: lists are walked in the order they were filled, ties go by sequence number.
 * Out of memory ends the program: a simulation is a test.
 */
#ifndef WEIR_BASE_SIM_INT_H
#define WEIR_BASE_SIM_INT_H

#include <sys/queue.h>

#include "base/fs_int.h"
#include "base/host_int.h"
#include "base/log_int.h"
#include "base/loop_int.h"
#include "base/net_int.h"
#include "base/rng.h"
#include "base/timer_heap.h"
#include "weir/sim.h"
#include "weir/view.h"

#define SIM_CONTAINER(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/** Something at an instant of virtual time, embedded in what it happens to. Zero it and set fn. */
struct sim_event {
    void (*fn)(struct sim_event *event);
    size_t slot; /* 1 + its place in the schedule, 0 if it is not in it */
};

struct sim_slot { /* ordered by (at_ns, seq) */
    int64_t at_ns;
    uint64_t seq;
    struct sim_event *event;
};

TAILQ_HEAD(sim_conn_queue, sim_conn);

struct sim_loop {
    struct weir_loop base;
    struct weir_sim *sim;
    uint32_t id;
    struct weir_timer_heap timers;
    struct sim_event wake; /* at the next timer or earlier; while active */
    struct weir_mail *mail, **mail_tail;
    struct weir_mail *mail_now;             /* rest of the mail that this turn delivers */
    struct weir_deferred *deferred_now;     /* rest of the deferred work that this turn does */
    struct sim_conn_queue ready, ready_now; /* connections with news; those of this turn */
    struct sim_conn *telling;               /* whose callback runs; NULL again once it is closed */
    TAILQ_HEAD(, sim_conn) conns;
    TAILQ_HEAD(, sim_listener) listeners;
    TAILQ_ENTRY(sim_loop) in_host;
    bool active;   /* running or started, and not yet stopped */
    bool runnable; /* in the world's list */
    bool in_turn;
    bool stop;
    bool freed;       /* while held */
    unsigned holders; /* a turn or a run of it is on the stack; the last one out frees its memory */
};

struct sim_fs {
    struct weir_fs base;
    struct sim_host *host;
};

struct sim_host {
    struct weir_host base;
    struct weir_sim *sim;
    char *name;
    uint32_t loop_count;
    struct weir_rng rng;
    struct weir_log log;
    struct sim_fs fs;
    struct sim_disk *disk;
    TAILQ_HEAD(, sim_loop) loops;
    TAILQ_HEAD(, sim_job) jobs;
    TAILQ_HEAD(, sim_file) files;
    TAILQ_HEAD(, sim_lock) locks;
    TAILQ_HEAD(, sim_variable) variables; /* its environment */
    /* What outlives its loop until its owner closes it: cut from everything, safe to call. */
    TAILQ_HEAD(, sim_conn) shell_conns;
    TAILQ_HEAD(, sim_listener) shell_listeners;
    TAILQ_ENTRY(sim_host) in_sim;
    bool silent;
    bool gone; /* crashed or freed: freed with the last object that its owner still holds, or with the world */
};

struct weir_sim {
    struct weir_sim_options options;
    struct weir_rng rng;     /* of the world */
    struct weir_rng choices; /* of weir_sim_below(), apart, so that a test's choices do not move the world's */
    int64_t now_ns;
    uint64_t event_seq;
    uint64_t trace;
    struct sim_slot *slots; /* a binary heap */
    size_t slot_count, slot_cap;
    struct sim_loop **runnable;
    size_t runnable_count, runnable_cap;
    uint32_t turn_count; /* at this instant */
    uint32_t host_count, loop_count;
    uint16_t next_port;
    TAILQ_HEAD(, sim_host) hosts;
    TAILQ_HEAD(, sim_disk) disks;
    TAILQ_HEAD(, sim_listener) listeners;
};

/* The world: sim_world.c */

void *weir_sim_alloc(size_t size); /**< zeroed; ends the program if there is none */
void *weir_sim_realloc(void *ptr, size_t size);
char *weir_sim_strdup(const char *str);

/** Puts `event` into the schedule, or moves it. */
void weir_sim_event_start(struct weir_sim *sim, struct sim_event *event, int64_t at_ns);
void weir_sim_event_stop(struct weir_sim *sim, struct sim_event *event);
/** One turn or event up to `end_ns`; false if nothing is left to happen by then. */
bool weir_sim_step(struct weir_sim *sim, int64_t end_ns);
void weir_sim_loop_ready(struct sim_loop *loop); /**< it has something to do */
void weir_sim_loop_unready(struct sim_loop *loop);
int64_t weir_sim_between(struct weir_sim *sim, int64_t min, int64_t max);
bool weir_sim_chance(struct weir_sim *sim, uint32_t per_million);
/** Adds to the digest of all that happened. */
void weir_sim_note(struct weir_sim *sim, uint64_t what, struct weir_view bytes);

/* Hosts: sim_host.c */

static inline struct sim_host *weir_sim_host(struct weir_host *host)
{
    return SIM_CONTAINER(host, struct sim_host, base);
}
/** Takes the jobs of a loop that ends off the pool, as a real pool does: their work is done, nobody hears of it. */
void weir_sim_host_drain(struct sim_host *host, struct weir_loop *loop);
/** Frees a host that is gone once nothing of it is held any more. */
void weir_sim_host_settle(struct sim_host *host);
void weir_sim_host_destroy(struct sim_host *host); /**< with all that its owners abandoned */

/* Loops: sim_loop.c */

#define SIM_WALL_START_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z, at virtual time 0 */

enum weir_status weir_sim_loop_new(struct weir_host *host, const char *name, struct weir_loop **out,
                                   struct weir_error *err);
void weir_sim_loop_turn(struct sim_loop *loop);
void weir_sim_loop_silence(struct sim_loop *loop);
/** Takes back mail that is not delivered yet; false if it is not there. */
bool weir_sim_loop_unpost(struct weir_loop *loop, struct weir_mail *mail);
void weir_sim_loop_free(struct weir_loop *loop);

/* The network: sim_net.c */

enum weir_status weir_sim_connect(struct weir_loop *loop, const struct weir_target *target,
                                  const struct weir_conn_handler *handler, void *arg, struct weir_conn **out,
                                  struct weir_error *err);
enum weir_status weir_sim_listen(struct weir_loop *loop, const struct weir_target *at,
                                 void (*on_accept)(void *arg, struct weir_conn *conn), void *arg,
                                 struct weir_listener **out, struct weir_error *err);
void weir_sim_net_turn(struct sim_loop *loop);    /**< tells the connections of `ready_now` their news */
void weir_sim_net_silence(struct sim_loop *loop); /**< its connections break, its listeners end */
void weir_sim_net_destroy(struct sim_host *host); /**< the shells that are left */

/* Disks: sim_fs.c over sim_disk.c */

void weir_sim_fs_init(struct sim_host *host);
void weir_sim_fs_silence(struct sim_host *host); /**< open files and locks become shells */
void weir_sim_fs_destroy(struct sim_host *host); /**< the shells that are left */

#endif
