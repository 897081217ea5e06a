/**
 * @file pravega/user_call.h
 * @brief A public one-shot call: it remembers the user's callback, ends with the client, and frees itself.
 *
 * A kind of its own embeds it first, and sets `fini` to end what it added. Thread: the client's loop.
 */
#ifndef PRAVEGA_USER_CALL_H
#define PRAVEGA_USER_CALL_H

#include "pravega/client_int.h"
#include "pravega/controller.h"

struct pravega_user_call {
    struct pravega_op op; /* first */
    struct pravega_client *client;
    struct pravega_call call;
    char *scope, *stream; /**< copies of the names, behind the kind's struct; NULL: it has none */
    void (*done)(void);   /**< the user's callback, cast to its type where it is called */
    void *arg;
    void (*fini)(struct pravega_user_call *user); /**< NULL: nothing was added */
    bool ended;                                   /**< the client may be gone */
};

/**
 * @param size   of the kind's struct, which is zeroed
 * @param stream that it is about: the names are copied; NULL is fine
 * @param fini   frees what the kind holds, but not the struct, and stops what is still under way (then, and only then,
 * the client is still there); NULL is fine
 * @return NULL: out of memory, `why` has the words
 */
void *pravega_user_call_new(struct pravega_client *client, size_t size, const struct pravega_stream_name *stream,
                            void (*done)(void), void *arg, void (*fini)(struct pravega_user_call *user),
                            struct weir_error *why);
static inline struct pravega_stream_name pravega_user_call_stream(const struct pravega_user_call *user)
{
    return (struct pravega_stream_name){user->scope, user->stream};
}
/** Nothing is asked: `then` is called in a later turn, with `user` and with `why`, which may be of WEIR_OK. */
void pravega_user_call_later(struct pravega_user_call *user, const struct weir_error *why, pravega_done_fn *then);
/** Takes it out of the client and stops its call: the user's callback, which comes next, may free the client. */
void pravega_user_call_end(struct pravega_user_call *user);
/** Ends it, if it has not ended, and frees it. */
void pravega_user_call_free(struct pravega_user_call *user);

#endif
