/**
 * @file runtime/postbox.h
 * @brief Letters from any thread to one loop, in the order they were sent. Unlike mail they are never lost: what has
 * not been delivered when the box is freed is freed with it, also after a simulated crash.
 */
#ifndef WEIR_RUNTIME_POSTBOX_H
#define WEIR_RUNTIME_POSTBOX_H

#include <stdatomic.h>
#include <stdbool.h>

#include "weir/loop.h"

/** First member of every letter, which came from malloc(3). */
struct weir_letter {
    struct weir_letter *next;
};

struct weir_postbox {
    struct weir_mail mail;
    struct weir_loop *loop;
    void (*deliver)(void *arg, struct weir_letter *letter); /* the letter is the receiver's to free */
    void *arg;
    _Atomic(struct weir_letter *) latest; /* a stack: senders push, the loop takes it whole */
    _Atomic bool posted;                  /* the mail is under way */
    struct weir_letter *taken;            /* in order, being delivered */
};

void weir_postbox_init(struct weir_postbox *box, struct weir_loop *loop,
                       void (*deliver)(void *arg, struct weir_letter *letter), void *arg);
/** Frees what is left by `letter_free`. None of its mail is under way, or its loop is silent for ever. */
void weir_postbox_fini(struct weir_postbox *box, void (*letter_free)(struct weir_letter *letter));
/** Thread: any. */
void weir_postbox_send(struct weir_postbox *box, struct weir_letter *letter);

#endif
