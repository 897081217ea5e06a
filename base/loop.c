/*
 * loop.c - the loop's public calls, handed to the implementation that the loop's host made. What both kinds do alike
 * (deferred work) is here.
 */
#include "weir/loop.h"

#include "base/host_int.h"
#include "base/loop_int.h"

enum weir_status weir_loop_new(struct weir_host *host, const char *name, struct weir_loop **out, struct weir_error *err)
{
    return host->ops->loop_new(host, name, out, err);
}

void weir_loop_free(struct weir_loop *loop)
{
    if (loop != NULL)
        loop->ops->free(loop);
}

int64_t weir_loop_now_ns(struct weir_loop *loop)
{
    return loop->ops->now_ns(loop);
}

int64_t weir_loop_wall_ms(struct weir_loop *loop)
{
    return loop->ops->wall_ms(loop);
}

struct weir_host *weir_loop_host(struct weir_loop *loop)
{
    return loop->host;
}

struct weir_log *weir_loop_log(struct weir_loop *loop)
{
    return loop->host->log;
}

const char *weir_loop_name(struct weir_loop *loop)
{
    return loop->name;
}

void weir_timer_start(struct weir_loop *loop, struct weir_timer *timer, int64_t delay_ns)
{
    loop->ops->timer_start(loop, timer, delay_ns);
}

void weir_timer_stop(struct weir_loop *loop, struct weir_timer *timer)
{
    loop->ops->timer_stop(loop, timer);
}

void weir_loop_defer(struct weir_loop *loop, struct weir_deferred *work)
{
    weir_deferred_queue_push(&loop->deferred, work);
    if (loop->ops->deferred != NULL)
        loop->ops->deferred(loop);
}

void weir_deferred_cancel(struct weir_loop *loop, struct weir_deferred *work)
{
    weir_deferred_queue_remove(&loop->deferred, work);
}

void weir_loop_post(struct weir_loop *loop, struct weir_mail *mail)
{
    loop->ops->post(loop, mail);
}

void weir_loop_run(struct weir_loop *loop)
{
    loop->ops->run(loop);
}

void weir_loop_stop(struct weir_loop *loop)
{
    loop->ops->stop(loop);
}

enum weir_status weir_loop_start(struct weir_loop *loop, struct weir_error *err)
{
    return loop->ops->start(loop, err);
}

void weir_loop_join(struct weir_loop *loop)
{
    loop->ops->join(loop);
}
