/**
 * @file pravega/tokens.h
 * @brief Delegation tokens: one for each (stream, access), shared by all links of the stream.
 *
 *     NONE --asked--> FETCHING --answer--> GOOD --5 s before its `exp`, or the store says it is over--> FETCHING
 *                     FETCHING --failure--> NONE, or GOOD again as long as the old one lasts
 *
 * While it has users a token is replaced before it ends, and each user gets the new one; what is under way with the old
 * one goes on. A token that does not say when it ends ("" where authorization is off) stays until a store refuses it.
 * Mirrors upstream's JwtTokenProviderImpl. Thread: the client's loop.
 */
#ifndef PRAVEGA_TOKENS_H
#define PRAVEGA_TOKENS_H

#include "pravega/controller.h"

#define PRAVEGA_TOKEN_RENEW_BEFORE_MS 5000 /* upstream's refresh threshold */

struct pravega_tokens; /* opaque; of one client */
struct pravega_token;  /* of one stream and access */

/** Who needs a token; embedded. */
struct pravega_token_user {
    /**
     * The answer to ask(), once, in a later turn; then, without being asked, each token that replaces it (WEIR_OK). It
     * may leave, and free itself. `token` is borrowed for the call.
     */
    void (*on_token)(void *arg, enum weir_status status, struct weir_view token, const struct weir_error *why);
    void *arg;
    /* Private. Nobody's when `of` is NULL. */
    struct pravega_token *of;
    struct pravega_token_user *next, **link;
    uint64_t version; /* that it was given */
    uint64_t round;   /* of telling that it heard last */
    bool asks;
};

enum weir_status pravega_tokens_new(struct pravega_client *client, struct pravega_tokens **out, struct weir_error *err);
/** All users have left. NULL is fine. */
void pravega_tokens_free(struct pravega_tokens *tokens);

/** Asks for the stream's token; asking again is fine. @retval WEIR_E_NOMEM no answer will come */
enum weir_status pravega_tokens_ask(struct pravega_tokens *tokens, struct pravega_token_user *user,
                                    const struct pravega_stream_name *stream, enum pravega_access access,
                                    struct weir_error *err);
/** No callback any more. Fine for one that never asked. */
void pravega_token_leave(struct pravega_token_user *user);
/** A store says that the token which the user was given last has expired: the next question gets another one. */
void pravega_token_expired(struct pravega_token_user *user);

#endif
