/**
 * @file base/mailbox.h
 * @brief Mail from any thread to one loop: a stack that senders push on and the loop takes whole.
 *
 * Nobody waits for anybody: a sender swaps its mail in, the loop swaps the stack for an empty one and turns it round,
 * so that the mail of each sender comes in the order it was sent. Used by base/ only.
 */
#ifndef WEIR_BASE_MAILBOX_H
#define WEIR_BASE_MAILBOX_H

#include <stdatomic.h>
#include <stddef.h>

#include "weir/loop.h"

struct weir_mailbox {
    _Atomic(struct weir_mail *) top; /* the latest mail */
    struct weir_mail *batch;         /* taken, the oldest first, to be delivered. Thread: the loop's */
};

static inline void weir_mailbox_init(struct weir_mailbox *box)
{
    atomic_init(&box->top, NULL);
    box->batch = NULL;
}

/* Thread: any. Sequentially consistent, because a sender looks next whether the loop sleeps, and a loop that goes to
 * sleep says so before it looks here: one of the two sees the other. */
static inline void weir_mailbox_push(struct weir_mailbox *box, struct weir_mail *mail)
{
    mail->next = atomic_load_explicit(&box->top, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&box->top, &mail->next, mail))
        ;
}

/* Thread: the loop's. */
static inline bool weir_mailbox_empty(struct weir_mailbox *box)
{
    return box->batch == NULL && atomic_load(&box->top) == NULL;
}

/** All mail, the oldest first, linked by `next`; NULL if there is none. Thread: the loop's. */
static inline struct weir_mail *weir_mailbox_take(struct weir_mailbox *box)
{
    struct weir_mail *newest, *oldest = NULL;

    if (atomic_load_explicit(&box->top, memory_order_relaxed) == NULL)
        return NULL;
    newest = atomic_exchange(&box->top, NULL);
    while (newest != NULL) {
        struct weir_mail *older = newest->next;

        newest->next = oldest;
        oldest = newest;
        newest = older;
    }
    return oldest;
}

/** Puts what has come behind what waits in the batch. Thread: the loop's. */
static inline void weir_mailbox_fetch(struct weir_mailbox *box)
{
    struct weir_mail **end = &box->batch;

    while (*end != NULL)
        end = &(*end)->next;
    *end = weir_mailbox_take(box);
}

/** Calls every mail that is there now. Each may be freed or sent again by its own function. Thread: the loop's. */
static inline void weir_mailbox_deliver(struct weir_mailbox *box)
{
    struct weir_mail *mail;

    weir_mailbox_fetch(box);
    while ((mail = box->batch) != NULL) {
        box->batch = mail->next;
        mail->fn(mail);
    }
}

/** Takes one mail out, wherever it is. @return whether it was there. Thread: the loop's; from a mail's function too. */
static inline bool weir_mailbox_remove(struct weir_mailbox *box, struct weir_mail *mail)
{
    weir_mailbox_fetch(box);
    for (struct weir_mail **link = &box->batch; *link != NULL; link = &(*link)->next) {
        if (*link == mail) {
            *link = mail->next;
            return true;
        }
    }
    return false;
}

#endif
