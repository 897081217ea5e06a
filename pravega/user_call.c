/*
 * user_call.c - a public one-shot call: new --> under way --end--> (the user's callback) --free--> gone
 */
#include "pravega/user_call.h"

#include <stdlib.h>

/* The client is being freed, and has taken the op out. */
static void on_client_freed(struct pravega_op *op)
{
    struct pravega_user_call *user = (struct pravega_user_call *)op;

    user->ended = true;
    pravega_user_call_free(user);
}

void *pravega_user_call_new(struct pravega_client *client, size_t size, void (*done)(void), void *arg,
                            void (*fini)(struct pravega_user_call *user), struct weir_error *why)
{
    struct pravega_user_call *user = calloc(1, size);

    if (user == NULL) {
        weir_fail(why, WEIR_E_NOMEM, "out of memory for a call to the controller");
        return NULL;
    }
    user->op.free = on_client_freed;
    user->client = client;
    user->done = done;
    user->arg = arg;
    user->fini = fini;
    pravega_op_start(client, &user->op);
    return user;
}

void pravega_user_call_end(struct pravega_user_call *user)
{
    if (user->ended)
        return;
    user->ended = true;
    pravega_call_cancel(&user->call);
    pravega_op_end(&user->op);
}

void pravega_user_call_free(struct pravega_user_call *user)
{
    pravega_user_call_end(user);
    pravega_call_cancel(&user->call);
    if (user->fini != NULL)
        user->fini(user);
    free(user);
}
