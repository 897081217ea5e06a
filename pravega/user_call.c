/*
 * user_call.c - a public one-shot call: new --> under way --end--> (the user's callback) --free--> gone
 */
#include "pravega/user_call.h"

#include <stdlib.h>
#include <string.h>

#include "pravega/controller_int.h"

/* The client is being freed, and has taken the op out. */
static void on_client_freed(struct pravega_op *op)
{
    struct pravega_user_call *user = (struct pravega_user_call *)op;

    user->ended = true;
    pravega_user_call_free(user);
}

void *pravega_user_call_new(struct pravega_client *client, size_t size, const struct pravega_stream_name *stream,
                            void (*done)(void), void *arg, void (*fini)(struct pravega_user_call *user),
                            struct weir_error *why)
{
    size_t scope_size = stream != NULL ? strlen(stream->scope) + 1 : 0;
    size_t stream_size = stream != NULL ? strlen(stream->stream) + 1 : 0;
    struct pravega_user_call *user = calloc(1, size + scope_size + stream_size);

    if (user == NULL) {
        weir_fail(why, WEIR_E_NOMEM, "out of memory for a call to the controller");
        return NULL;
    }
    if (stream != NULL) {
        user->scope = memcpy((char *)user + size, stream->scope, scope_size);
        user->stream = memcpy((char *)user + size + scope_size, stream->stream, stream_size);
    }
    user->op.free = on_client_freed;
    user->client = client;
    user->done = done;
    user->arg = arg;
    user->fini = fini;
    pravega_op_start(client, &user->op);
    return user;
}

static const struct pravega_rpc nothing = {.name = "none", .verb = "call", .finish = pravega_finish_done};

void pravega_user_call_later(struct pravega_user_call *user, const struct weir_error *why, pravega_done_fn *then)
{
    pravega_call_reject(&user->call, user->client, &nothing, why, (void (*)(void))then, user);
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
