/*
 * sim_loop.c - a loop in virtual time.
 *
 * A turn does what a real loop's turn does, in the same order: due timers, connections, mail, deferred work. A loop
 * takes part in the world while it is active:
 *
 *     IDLE --run or start--> ACTIVE --stop, at the end of the turn--> IDLE
 *     any  --the host goes silent--> IDLE for good, empty
 *
 * What a turn still has to do hangs on the loop, not on the stack, so that a crash from within a callback ends it.
 */
#include "base/sim_int.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static struct sim_loop *sim_loop(struct weir_loop *loop)
{
    return SIM_CONTAINER(loop, struct sim_loop, base);
}

static bool silent(const struct sim_loop *loop)
{
    return weir_sim_host(loop->base.host)->silent;
}

static bool timer_due(const struct sim_loop *loop)
{
    return loop->timers.root != NULL && loop->timers.root->deadline_ns <= loop->sim->now_ns;
}

static bool has_work(struct sim_loop *loop)
{
    return loop->stop || loop->mail != NULL || !TAILQ_EMPTY(&loop->ready) ||
           !weir_deferred_queue_empty(&loop->base.deferred) || timer_due(loop);
}

/* Makes the world come back to this loop when it has something to do: now, or at its next timer. */
static void resume(struct sim_loop *loop)
{
    if (!loop->active || loop->in_turn)
        return;
    if (has_work(loop))
        weir_sim_loop_ready(loop);
    else if (loop->timers.root != NULL &&
             (loop->wake.slot == 0 || loop->sim->slots[loop->wake.slot - 1].at_ns > loop->timers.root->deadline_ns))
        weir_sim_event_start(loop->sim, &loop->wake, loop->timers.root->deadline_ns);
}

static void wake(struct sim_event *event)
{
    resume(SIM_CONTAINER(event, struct sim_loop, wake));
}

static void deliver_mail(struct sim_loop *loop)
{
    loop->mail_now = loop->mail;
    loop->mail = NULL;
    loop->mail_tail = &loop->mail;
    while (loop->mail_now != NULL) {
        struct weir_mail *mail = loop->mail_now;

        loop->mail_now = mail->next;
        mail->fn(mail);
    }
}

static bool unlink_mail(struct weir_mail **link, struct weir_mail *mail)
{
    while (*link != NULL && *link != mail)
        link = &(*link)->next;
    if (*link == NULL)
        return false;
    *link = mail->next;
    return true;
}

bool weir_sim_loop_unpost(struct weir_loop *base, struct weir_mail *mail)
{
    struct sim_loop *loop = sim_loop(base);

    if (unlink_mail(&loop->mail_now, mail))
        return true;
    if (!unlink_mail(&loop->mail, mail))
        return false;
    for (loop->mail_tail = &loop->mail; *loop->mail_tail != NULL;)
        loop->mail_tail = &(*loop->mail_tail)->next;
    return true;
}

static void do_deferred(struct sim_loop *loop)
{
    loop->deferred_now = loop->base.deferred.head;
    if (loop->deferred_now == NULL)
        return;
    loop->deferred_now->link = &loop->deferred_now;
    weir_deferred_queue_init(&loop->base.deferred);
    while (loop->deferred_now != NULL) {
        struct weir_deferred *work = loop->deferred_now;

        weir_deferred_queue_remove(&loop->base.deferred, work);
        work->fn(work->arg);
    }
}

/* A crash may free the loop below its own feet. */
static void let_go(struct sim_loop *loop)
{
    if (--loop->holders == 0 && loop->freed)
        free(loop);
}

void weir_sim_loop_turn(struct sim_loop *loop)
{
    loop->holders++;
    loop->in_turn = true;
    weir_timer_heap_fire(&loop->timers, loop->sim->now_ns);
    weir_sim_net_turn(loop);
    deliver_mail(loop);
    do_deferred(loop);
    loop->in_turn = false;
    if (loop->stop) {
        loop->stop = false;
        loop->active = false;
        weir_sim_event_stop(loop->sim, &loop->wake);
    }
    resume(loop);
    let_go(loop);
}

void weir_sim_loop_silence(struct sim_loop *loop)
{
    loop->active = false;
    weir_sim_loop_unready(loop);
    weir_sim_event_stop(loop->sim, &loop->wake);
    weir_timer_heap_clear(&loop->timers);
    loop->mail = loop->mail_now = NULL;
    loop->mail_tail = &loop->mail;
    while (loop->deferred_now != NULL)
        weir_deferred_queue_remove(&loop->base.deferred, loop->deferred_now);
    weir_deferred_queue_clear(&loop->base.deferred);
    weir_sim_net_silence(loop);
}

void weir_sim_loop_free(struct weir_loop *base)
{
    struct sim_loop *loop = sim_loop(base);
    struct sim_host *host = weir_sim_host(base->host);

    assert((!loop->active || silent(loop)) && "stop and join a loop before it is freed");
    weir_sim_host_drain(host, base);
    weir_sim_loop_silence(loop);
    TAILQ_REMOVE(&host->loops, loop, in_host);
    loop->freed = true;
    loop->holders++;
    let_go(loop);
    weir_sim_host_settle(host);
}

static int64_t loop_now_ns(struct weir_loop *base)
{
    return sim_loop(base)->sim->now_ns;
}

static int64_t loop_wall_ms(struct weir_loop *base)
{
    return SIM_WALL_START_MS + sim_loop(base)->sim->now_ns / WEIR_NS_PER_MS;
}

static void loop_timer_start(struct weir_loop *base, struct weir_timer *timer, int64_t delay_ns)
{
    struct sim_loop *loop = sim_loop(base);

    if (silent(loop))
        return;
    weir_timer_heap_start(&loop->timers, timer, weir_timer_deadline(loop->sim->now_ns, delay_ns));
    resume(loop);
}

static void loop_timer_stop(struct weir_loop *base, struct weir_timer *timer)
{
    weir_timer_heap_stop(&sim_loop(base)->timers, timer);
}

static void loop_deferred(struct weir_loop *base)
{
    if (silent(sim_loop(base)))
        weir_deferred_queue_clear(&base->deferred);
    else
        resume(sim_loop(base));
}

static void loop_post(struct weir_loop *base, struct weir_mail *mail)
{
    struct sim_loop *loop = sim_loop(base);

    if (silent(loop))
        return;
    mail->next = NULL;
    *loop->mail_tail = mail;
    loop->mail_tail = &mail->next;
    resume(loop);
}

static void activate(struct sim_loop *loop)
{
    loop->active = true;
    resume(loop);
}

/* A real loop would wait here for ever. */
static void stuck(const struct sim_loop *loop)
{
    fprintf(stderr, "simulation: loop '%s' is not stopped, and nothing is left to happen\n", loop->base.name);
    abort();
}

static void run_until_idle(struct sim_loop *loop)
{
    loop->holders++;
    while (loop->active)
        if (!weir_sim_step(loop->sim, INT64_MAX))
            stuck(loop);
    let_go(loop);
}

static void loop_run(struct weir_loop *base)
{
    struct sim_loop *loop = sim_loop(base);

    assert(!loop->active && !loop->in_turn);
    if (silent(loop))
        return;
    if (loop->stop) {
        loop->stop = false;
        return;
    }
    activate(loop);
    run_until_idle(loop);
}

static void loop_stop(struct weir_loop *base)
{
    struct sim_loop *loop = sim_loop(base);

    if (silent(loop))
        return;
    loop->stop = true;
    resume(loop);
}

static enum weir_status loop_start(struct weir_loop *base, struct weir_error *err)
{
    struct sim_loop *loop = sim_loop(base);

    (void)err;
    assert(!loop->active && !loop->in_turn);
    if (!silent(loop))
        activate(loop);
    return WEIR_OK;
}

static void loop_join(struct weir_loop *base)
{
    assert(!sim_loop(base)->in_turn && "a loop cannot wait for itself");
    run_until_idle(sim_loop(base));
}

static const struct weir_loop_ops sim_loop_ops = {
    .free = weir_sim_loop_free,
    .now_ns = loop_now_ns,
    .wall_ms = loop_wall_ms,
    .timer_start = loop_timer_start,
    .timer_stop = loop_timer_stop,
    .deferred = loop_deferred,
    .post = loop_post,
    .run = loop_run,
    .stop = loop_stop,
    .start = loop_start,
    .join = loop_join,
    .connect = weir_sim_connect,
    .listen = weir_sim_listen,
};

enum weir_status weir_sim_loop_new(struct weir_host *base, const char *name, struct weir_loop **out,
                                   struct weir_error *err)
{
    struct sim_host *host = weir_sim_host(base);
    struct sim_loop *loop = weir_sim_alloc(sizeof(*loop));

    (void)err;
    loop->base.ops = &sim_loop_ops;
    loop->base.host = base;
    loop->base.name = name;
    weir_deferred_queue_init(&loop->base.deferred);
    loop->sim = host->sim;
    loop->id = ++host->sim->loop_count;
    loop->wake.fn = wake;
    loop->mail_tail = &loop->mail;
    TAILQ_INIT(&loop->ready);
    TAILQ_INIT(&loop->ready_now);
    TAILQ_INIT(&loop->conns);
    TAILQ_INIT(&loop->listeners);
    TAILQ_INSERT_TAIL(&host->loops, loop, in_host);
    *out = &loop->base;
    return WEIR_OK;
}
