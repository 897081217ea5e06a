/*
 * tokens.c - delegation tokens, fetched once for all that use them and replaced in time.
 */
#include "pravega/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/wipe.h"
#include "pravega/client_int.h"
#include "pravega/jwt.h"

#define SLOTS 64
#define UNUSED_MAX 64       /* tokens that are kept though nobody uses them */
#define FETCH_AGAIN_MS 1000 /* after a failure, and at least between two tokens that are over when they come */
#define RENEW_IN_MAX_MS (INT64_C(24) * 3600 * 1000) /* looked at again then, however long it lasts */

struct pravega_token {
    struct pravega_tokens *owner;
    struct pravega_token *next; /* of the slot */
    char *scope, *stream;
    enum pravega_access access;
    char *text; /* NULL: none yet */
    bool ends, stale;
    int64_t ends_ms;  /* by the wall clock, if it ends */
    uint64_t version; /* counts texts */
    struct pravega_token_user *users;
    struct pravega_call call;
    struct weir_timer timer; /* to answer those who ask, or to fetch in time */
    uint64_t round;          /* counts tellings */
    bool telling, doomed;    /* freed while users are told: its memory goes when that ends */
};

struct pravega_tokens {
    struct pravega_client *client;
    struct pravega_token *slots[SLOTS];
    size_t unused_count;
};

static struct weir_loop *loop_of(const struct pravega_token *token)
{
    return token->owner->client->loop;
}

/* Whether it can be used for a while yet. */
static bool is_good(const struct pravega_token *token)
{
    return token->text != NULL && !token->stale &&
           (!token->ends || token->ends_ms - weir_loop_wall_ms(loop_of(token)) > PRAVEGA_TOKEN_RENEW_BEFORE_MS);
}

/* ---- fetching */

static void on_fetched(void *arg, enum weir_status status, const char *text, const struct weir_error *why);

static void fetch(struct pravega_token *token)
{
    struct pravega_stream_name stream = {token->scope, token->stream};

    if (!pravega_call_busy(&token->call))
        pravega_controller_delegation_token(&token->call, token->owner->client, &stream, token->access, on_fetched,
                                            token);
}

static void look_in(struct pravega_token *token, int64_t delay_ms)
{
    weir_timer_start(loop_of(token), &token->timer, delay_ms * WEIR_NS_PER_MS);
}

static bool anybody_asks(const struct pravega_token *token)
{
    for (const struct pravega_token_user *user = token->users; user != NULL; user = user->next)
        if (user->asks)
            return true;
    return false;
}

/* When to look at it next: at once for those who ask; a token with users that ends is fetched before it does. */
static void look_in_time(struct pravega_token *token)
{
    int64_t left_ms = token->ends_ms - weir_loop_wall_ms(loop_of(token)) - PRAVEGA_TOKEN_RENEW_BEFORE_MS;

    if (anybody_asks(token)) {
        look_in(token, 0);
        return;
    }
    if (!token->ends || token->users == NULL)
        return;
    if (left_ms > RENEW_IN_MAX_MS)
        left_ms = RENEW_IN_MAX_MS;
    look_in(token, left_ms > FETCH_AGAIN_MS ? left_ms : FETCH_AGAIN_MS);
}

/* The next user that this round has something to say to. */
static struct pravega_token_user *next_to_tell(const struct pravega_token *token, enum weir_status status)
{
    for (struct pravega_token_user *user = token->users; user != NULL; user = user->next)
        if (user->round != token->round && (user->asks || (status == WEIR_OK && user->version != token->version)))
            return user;
    return NULL;
}

/* Those who ask hear how it ended, the others of a token that is new to them. Any may leave, ask again (and be answered
 * in a later round), or free the client: false if it did. */
static bool tell(struct pravega_token *token, enum weir_status status, const struct weir_error *why)
{
    struct pravega_token_user *user;

    token->round++;
    token->telling = true;
    while (!token->doomed && (user = next_to_tell(token, status)) != NULL) {
        user->round = token->round;
        user->asks = false;
        user->version = token->version;
        user->on_token(user->arg, status, status == WEIR_OK ? weir_view_str(token->text) : weir_view(NULL, 0), why);
    }
    token->telling = false;
    if (!token->doomed)
        return true;
    free(token);
    return false;
}

/* ---- answers */

static enum weir_status keep(struct pravega_token *token, const char *text, struct weir_error *err)
{
    char *copy = strdup(text);
    int64_t expires_s;

    if (copy == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a delegation token");
    weir_wipe_str(token->text);
    token->text = copy;
    token->version++;
    token->stale = false;
    token->ends = pravega_jwt_expiry(weir_view_str(text), &expires_s);
    if (token->ends)
        token->ends_ms = expires_s <= INT64_MAX / 1000 ? expires_s * 1000 : INT64_MAX;
    return WEIR_OK;
}

/* A failure to replace a token that lasts for a while hurts nobody yet. */
static void on_fetched(void *arg, enum weir_status status, const char *text, const struct weir_error *why)
{
    struct pravega_token *token = arg;
    struct weir_error err = {0};

    if (status == WEIR_OK) {
        status = keep(token, text, &err);
        why = &err;
    }
    if (status != WEIR_OK)
        weir_log_info(weir_loop_log(loop_of(token)), "pravega", "%s", why->message);
    if (!tell(token, status, why))
        return;
    if (status == WEIR_OK)
        look_in_time(token);
    else if (token->users != NULL && token->text != NULL)
        look_in(token, FETCH_AGAIN_MS);
}

static void on_timer(void *arg)
{
    struct pravega_token *token = arg;

    if (token->users == NULL)
        return;
    if (!is_good(token))
        fetch(token);
    else if (!anybody_asks(token) || tell(token, WEIR_OK, NULL))
        look_in_time(token);
}

/* ---- one token for each stream and access */

static struct pravega_token **slot_of(struct pravega_tokens *tokens, const struct pravega_stream_name *stream,
                                      enum pravega_access access)
{
    uint64_t hash = weir_hash64(weir_view_str(stream->scope), (uint64_t)access);

    return &tokens->slots[weir_hash64(weir_view_str(stream->stream), hash) % SLOTS];
}

static void token_free(struct pravega_token *token)
{
    token->doomed = true;
    pravega_call_cancel(&token->call);
    weir_timer_stop(loop_of(token), &token->timer);
    free(token->scope);
    free(token->stream);
    weir_wipe_str(token->text);
    if (!token->telling)
        free(token);
}

/* Makes room: a token that nobody uses costs one question when somebody does again. */
static void drop_unused(struct pravega_tokens *tokens)
{
    size_t kept_count = 0;

    for (size_t i = 0; i < SLOTS; i++) {
        struct pravega_token **at = &tokens->slots[i];

        while (*at != NULL) {
            struct pravega_token *token = *at;

            if (token->users != NULL || token->telling) {
                kept_count += token->users == NULL;
                at = &token->next;
                continue;
            }
            *at = token->next;
            token_free(token);
        }
    }
    tokens->unused_count = kept_count;
}

static struct pravega_token *token_new(struct pravega_tokens *tokens, const struct pravega_stream_name *stream,
                                       enum pravega_access access)
{
    struct pravega_token **slot = slot_of(tokens, stream, access);
    struct pravega_token *token = calloc(1, sizeof(*token));

    if (token == NULL)
        return NULL;
    token->owner = tokens;
    token->access = access;
    token->timer = (struct weir_timer){.fn = on_timer, .arg = token};
    token->scope = strdup(stream->scope);
    token->stream = strdup(stream->stream);
    if (token->scope == NULL || token->stream == NULL) {
        token_free(token);
        return NULL;
    }
    token->next = *slot;
    *slot = token;
    tokens->unused_count++;
    return token;
}

static struct pravega_token *find(struct pravega_tokens *tokens, const struct pravega_stream_name *stream,
                                  enum pravega_access access)
{
    struct pravega_token *token = *slot_of(tokens, stream, access);

    while (token != NULL && (token->access != access || strcmp(token->scope, stream->scope) != 0 ||
                             strcmp(token->stream, stream->stream) != 0))
        token = token->next;
    return token;
}

/* ---- users */

static void join(struct pravega_token *token, struct pravega_token_user *user)
{
    if (token->users == NULL)
        token->owner->unused_count--;
    user->of = token;
    user->next = token->users;
    user->link = &token->users;
    if (user->next != NULL)
        user->next->link = &user->next;
    token->users = user;
    user->round = token->round;
    user->version = token->version;
}

enum weir_status pravega_tokens_ask(struct pravega_tokens *tokens, struct pravega_token_user *user,
                                    const struct pravega_stream_name *stream, enum pravega_access access,
                                    struct weir_error *err)
{
    struct pravega_token *token = user->of;

    if (token == NULL) {
        token = find(tokens, stream, access);
        if (token == NULL) {
            if (tokens->unused_count >= UNUSED_MAX)
                drop_unused(tokens);
            token = token_new(tokens, stream, access);
        }
        if (token == NULL)
            return weir_fail(err, WEIR_E_NOMEM, "no memory for a delegation token");
        join(token, user);
    }
    user->asks = true;
    look_in(token, 0);
    return WEIR_OK;
}

void pravega_token_leave(struct pravega_token_user *user)
{
    struct pravega_token *token = user->of;

    if (token == NULL)
        return;
    *user->link = user->next;
    if (user->next != NULL)
        user->next->link = user->link;
    user->of = NULL;
    user->asks = false;
    if (token->users == NULL)
        token->owner->unused_count++;
}

void pravega_token_expired(struct pravega_token_user *user)
{
    if (user->of != NULL && user->version == user->of->version)
        user->of->stale = true;
}

/* ---- life */

enum weir_status pravega_tokens_new(struct pravega_client *client, struct pravega_tokens **out, struct weir_error *err)
{
    struct pravega_tokens *tokens = calloc(1, sizeof(*tokens));

    if (tokens == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a Pravega client");
    tokens->client = client;
    *out = tokens;
    return WEIR_OK;
}

void pravega_tokens_free(struct pravega_tokens *tokens)
{
    if (tokens == NULL)
        return;
    for (size_t i = 0; i < SLOTS; i++) {
        struct pravega_token *token = tokens->slots[i];

        while (token != NULL) {
            struct pravega_token *next = token->next;

            token_free(token);
            token = next;
        }
    }
    free(tokens);
}
