/**
 * @file runtime/waker.h
 * @brief Wakes a task from any thread, at most one message at a time in its loop's mailbox.
 *
 * Many channels share one waker: whoever finds it not posted posts it. From the task's own loop no message is needed.
 */
#ifndef WEIR_RUNTIME_WAKER_H
#define WEIR_RUNTIME_WAKER_H

#include <stdatomic.h>
#include <stddef.h>

#include "weir/loop.h"

struct weir_waker {
    struct weir_mail mail;
    struct weir_loop *loop;
    struct weir_deferred *turn; /* what is to run */
    _Atomic bool posted;
};

static inline void weir_waker_deliver(struct weir_mail *mail)
{
    struct weir_waker *waker = (struct weir_waker *)((char *)mail - offsetof(struct weir_waker, mail));

    atomic_store(&waker->posted, false); /* before the turn: what comes from now on needs another one */
    weir_loop_defer(waker->loop, waker->turn);
}

static inline void weir_waker_init(struct weir_waker *waker, struct weir_loop *loop, struct weir_deferred *turn)
{
    *waker = (struct weir_waker){.mail = {.fn = weir_waker_deliver}, .loop = loop, .turn = turn};
}

/** @param from the loop whose thread calls */
static inline void weir_waker_wake(struct weir_waker *waker, struct weir_loop *from)
{
    if (waker->loop == from)
        weir_loop_defer(waker->loop, waker->turn);
    else if (!atomic_exchange(&waker->posted, true))
        weir_loop_post(waker->loop, &waker->mail);
}

#endif
