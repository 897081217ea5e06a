/*
 * real_loop.c - the loop over libevent and the system's clocks.
 *
 * A turn: poll descriptors (asleep, if there is nothing else to do) - read the clock - due timers - ready connections -
 * mail - deferred work. libevent only finds out which descriptors are ready; their events put connections in `ready`,
 * and nothing else of ours runs inside it (but for signals, real_signals.c).
 *
 * Going to sleep: the loop sets `sleeps`, then looks at its mail once more; a sender leaves its mail, then looks at
 * `sleeps`. All four are sequentially consistent, so one of the two sees the other, and an awake loop costs its senders
 * no system call. The eventfd and the timerfd are edge-triggered and never read, which saves a call per wake-up.
 */
#include "base/real_int.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int64_t monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * WEIR_NS_PER_S + now.tv_nsec;
}

static int64_t real_now_ns(struct weir_loop *base)
{
    struct weir_real_loop *loop = weir_real_loop(base);

    return loop->in_turn ? loop->now_ns : monotonic_ns();
}

static int64_t real_wall_ms(struct weir_loop *base)
{
    struct timespec now;

    (void)base;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / WEIR_NS_PER_MS;
}

static void real_timer_start(struct weir_loop *base, struct weir_timer *timer, int64_t delay_ns)
{
    weir_timer_heap_start(&weir_real_loop(base)->timers, timer, weir_timer_deadline(real_now_ns(base), delay_ns));
}

static void real_timer_stop(struct weir_loop *base, struct weir_timer *timer)
{
    weir_timer_heap_stop(&weir_real_loop(base)->timers, timer);
}

/* Thread: any. */
static void wake(struct weir_real_loop *loop)
{
    if (atomic_load(&loop->sleeps) && atomic_exchange(&loop->sleeps, false))
        eventfd_write(loop->wake_fd, 1);
}

/* Thread: any. */
static void real_post(struct weir_loop *base, struct weir_mail *mail)
{
    weir_mailbox_push(&weir_real_loop(base)->mail, mail);
    wake(weir_real_loop(base));
}

/* Thread: any. */
static void real_stop(struct weir_loop *base)
{
    atomic_store(&weir_real_loop(base)->stops, true);
    wake(weir_real_loop(base));
}

/* An alarm that rings too early costs a turn, one that is moved costs a system call: it is only moved forward in time
 * once it has rung. */
static void set_alarm(struct weir_real_loop *loop)
{
    struct itimerspec at = {0};
    int64_t deadline_ns;

    if (loop->timers.root == NULL)
        return;
    deadline_ns = loop->timers.root->deadline_ns;
    if (loop->alarm_ns > loop->now_ns && loop->alarm_ns <= deadline_ns)
        return;
    loop->alarm_ns = deadline_ns;
    at.it_value.tv_sec = deadline_ns / WEIR_NS_PER_S;
    at.it_value.tv_nsec = deadline_ns % WEIR_NS_PER_S;
    timerfd_settime(loop->alarm_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static bool has_work(const struct weir_real_loop *loop)
{
    return !weir_deferred_queue_empty(&loop->base.deferred) || !weir_deferred_queue_empty(&loop->ready) ||
           (loop->timers.root != NULL && loop->timers.root->deadline_ns <= loop->now_ns);
}

static void poll_descriptors(struct weir_real_loop *loop)
{
    int flags = EVLOOP_ONCE | EVLOOP_NONBLOCK;

    if (!has_work(loop)) {
        atomic_store(&loop->sleeps, true);
        if (weir_mailbox_empty(&loop->mail) && !atomic_load(&loop->stops)) {
            set_alarm(loop);
            flags = EVLOOP_ONCE;
        }
    }
    loop->in_turn = false; /* a signal's callback, which comes from within, gets the time after the sleep */
    event_base_loop(loop->events, flags);
    loop->in_turn = true;
    atomic_store_explicit(&loop->sleeps, false, memory_order_relaxed);
}

static void real_run(struct weir_loop *base)
{
    struct weir_real_loop *loop = weir_real_loop(base);

    loop->in_turn = true;
    loop->now_ns = monotonic_ns();
    while (!atomic_load_explicit(&loop->stops, memory_order_acquire)) {
        poll_descriptors(loop);
        loop->now_ns = monotonic_ns();
        weir_timer_heap_fire(&loop->timers, loop->now_ns);
        weir_deferred_queue_run(&loop->ready);
        weir_mailbox_deliver(&loop->mail);
        weir_deferred_queue_run(&loop->base.deferred);
    }
    atomic_store(&loop->stops, false);
    loop->in_turn = false;
}

static void *thread_main(void *arg)
{
    real_run(arg);
    return NULL;
}

static enum weir_status real_start(struct weir_loop *base, struct weir_error *err)
{
    int error = weir_real_thread_start(&weir_real_loop(base)->thread, base->name, thread_main, base);

    if (error != 0)
        return weir_fail_sys(err, error == ENOMEM ? WEIR_E_NOMEM : WEIR_E_IO, error,
                             "cannot start the thread of loop %s (check the limits on threads, ulimit -u)", base->name);
    return WEIR_OK;
}

static void real_join(struct weir_loop *base)
{
    pthread_join(weir_real_loop(base)->thread, NULL);
}

static void real_free(struct weir_loop *base)
{
    struct weir_real_loop *loop = weir_real_loop(base);

    weir_real_pool_drain(weir_real_pool(base->host), loop);
    weir_real_resolves_free(loop);
    weir_timer_heap_clear(&loop->timers);
    weir_deferred_queue_clear(&loop->ready);
    weir_deferred_queue_clear(&base->deferred);
    if (loop->events != NULL) {
        if (event_initialized(&loop->wake))
            event_del(&loop->wake);
        if (event_initialized(&loop->alarm))
            event_del(&loop->alarm);
        event_base_free(loop->events);
    }
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    if (loop->alarm_fd >= 0)
        close(loop->alarm_fd);
    free(loop);
}

static const struct weir_loop_ops real_loop_ops = {
    .free = real_free,
    .now_ns = real_now_ns,
    .wall_ms = real_wall_ms,
    .timer_start = real_timer_start,
    .timer_stop = real_timer_stop,
    .post = real_post,
    .run = real_run,
    .stop = real_stop,
    .start = real_start,
    .join = real_join,
    .connect = weir_real_connect,
    .listen = weir_real_listen,
};

/* Waking up was all it was for. */
static void woken(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

static int watch(struct weir_real_loop *loop, struct event *event, int fd)
{
    if (fd < 0 || event_assign(event, loop->events, fd, EV_READ | EV_PERSIST | EV_ET, woken, loop) != 0)
        return -1;
    return event_add(event, NULL);
}

/* One thread uses it, so it needs no locks; edges need epoll. */
static struct event_base *new_event_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *events = NULL;

    if (config == NULL)
        return NULL;
    if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV) == 0 &&
        event_config_require_features(config, EV_FEATURE_ET) == 0)
        events = event_base_new_with_config(config);
    event_config_free(config);
    return events;
}

bool weir_loop_is_real(const struct weir_loop *loop)
{
    return loop->ops == &real_loop_ops;
}

enum weir_status weir_real_loop_new(struct weir_host *host, const char *name, struct weir_loop **out,
                                    struct weir_error *err)
{
    struct weir_real_loop *loop = aligned_alloc(_Alignof(struct weir_real_loop), sizeof(*loop));

    if (loop == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "cannot make loop %s: out of memory", name);
    *loop = (struct weir_real_loop){
        .base = {.ops = &real_loop_ops, .host = host, .name = name}, .alarm_fd = -1, .wake_fd = -1};
    weir_deferred_queue_init(&loop->base.deferred);
    weir_deferred_queue_init(&loop->ready);
    weir_mailbox_init(&loop->mail);
    loop->events = new_event_base();
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    loop->alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (loop->events == NULL || watch(loop, &loop->wake, loop->wake_fd) != 0 ||
        watch(loop, &loop->alarm, loop->alarm_fd) != 0) {
        int error = errno;

        real_free(&loop->base);
        return weir_fail_sys(err, WEIR_E_IO, error, "cannot make loop %s (check the limit on open files, ulimit -n)",
                             name);
    }
    *out = &loop->base;
    return WEIR_OK;
}
