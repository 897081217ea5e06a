/*
 * postbox.c - a stack of letters and one mail that says there are some.
 *
 * `posted` is cleared before the stack is taken, so that a letter pushed after that brings a mail of its own. If the
 * letter was taken all the same, that mail finds an empty box: who frees a box makes sure that it has arrived
 * (weir_task_sync).
 */
#include "runtime/postbox.h"

#include <stddef.h>

static void take(struct weir_postbox *box)
{
    struct weir_letter *letter = atomic_exchange(&box->latest, NULL), *oldest = NULL;
    struct weir_letter **end = &box->taken;

    while (letter != NULL) {
        struct weir_letter *older = letter->next;

        letter->next = oldest;
        oldest = letter;
        letter = older;
    }
    while (*end != NULL)
        end = &(*end)->next;
    *end = oldest;
}

static void on_mail(struct weir_mail *mail)
{
    struct weir_postbox *box = (struct weir_postbox *)((char *)mail - offsetof(struct weir_postbox, mail));
    atomic_store(&box->posted, false);
    take(box);
    while (box->taken != NULL) {
        struct weir_letter *letter = box->taken;

        box->taken = letter->next;
        box->deliver(box->arg, letter);
    }
}

void weir_postbox_init(struct weir_postbox *box, struct weir_loop *loop,
                       void (*deliver)(void *arg, struct weir_letter *letter), void *arg)
{
    *box = (struct weir_postbox){.mail = {.fn = on_mail}, .loop = loop, .deliver = deliver, .arg = arg};
}

void weir_postbox_fini(struct weir_postbox *box, void (*letter_free)(struct weir_letter *letter))
{
    take(box);
    while (box->taken != NULL) {
        struct weir_letter *letter = box->taken;

        box->taken = letter->next;
        letter_free(letter);
    }
}

void weir_postbox_send(struct weir_postbox *box, struct weir_letter *letter)
{
    letter->next = atomic_load_explicit(&box->latest, memory_order_relaxed);
    while (!atomic_compare_exchange_weak(&box->latest, &letter->next, letter))
        ;
    if (!atomic_exchange(&box->posted, true))
        weir_loop_post(box->loop, &box->mail);
}
