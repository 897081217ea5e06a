/*
 * segment_link.c - from a segment's name to a connection on which it can be spoken of; see the states in the header.
 *
 * Replies that mean the same to every user of a segment end here: a wrong host is forgotten and asked for again, an
 * expired token is replaced, a refused one ends the link. All others go to the user.
 */
#include "pravega/segment_link.h"

#include <assert.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/wipe.h"
#include "pravega/segment_stores.h"

#define WHO "pravega"
#define TOKEN_LEN_MAX UINT16_MAX

static void ask_endpoint(struct pravega_segment_link *link);

/* ---- giving up, and trying again ---- */

static void let_go(struct pravega_segment_link *link, bool clean)
{
    pravega_call_cancel(&link->call);
    weir_timer_stop(link->client->loop, &link->backoff);
    pravega_segment_stores_detach(link->client->stores, &link->flow, clean);
    link->state = PRAVEGA_LINK_IDLE;
}

/* Always the last thing that a function does: the user may free the link in on_failed. */
static void give_up(struct pravega_segment_link *link, enum weir_status status, const struct weir_error *cause)
{
    struct weir_error why = {0};

    let_go(link, false);
    pravega_token_leave(&link->token_user);
    weir_fail(&why, status, "segment %s: %s", link->segment_name, cause->message);
    link->handler->on_failed(link->arg, &why);
}

static int64_t backoff_ms(const struct pravega_retry *retry, int32_t attempt)
{
    int64_t ms = retry->initial_backoff_ms;

    for (int32_t i = 1; i < attempt && ms < retry->max_backoff_ms; i++)
        ms *= retry->backoff_multiple;
    return ms < retry->max_backoff_ms ? ms : retry->max_backoff_ms;
}

/* The connection is let go already; waits, or gives up. Like give_up, the last thing that a function does. */
static void try_again(struct pravega_segment_link *link, const struct weir_error *why)
{
    const struct pravega_retry *retry = link->retry;

    link->attempts++;
    link->why = *why;
    if (link->attempts >= retry->retry_attempts) {
        give_up(link, why->status, why);
        return;
    }
    weir_log_debug(weir_loop_log(link->client->loop), WHO, "segment %s: %s; attempt %d of %d follows",
                   link->segment_name, why->message, (int)link->attempts + 1, (int)retry->retry_attempts);
    link->state = PRAVEGA_LINK_WAITING;
    weir_timer_start(link->client->loop, &link->backoff, backoff_ms(retry, link->attempts) * WEIR_NS_PER_MS);
}

static void forget_endpoint(struct pravega_segment_link *link)
{
    pravega_segment_stores_forget(link->client->stores, link->scope, link->stream, link->segment);
}

void pravega_segment_link_retry(struct pravega_segment_link *link, const struct weir_error *why)
{
    let_go(link, false);
    try_again(link, why);
}

/* As retry, and the user hears of it first; that may be the end of the link. */
static void lose(struct pravega_segment_link *link, int64_t refused_id, const struct weir_error *why)
{
    struct weir_error kept = *why;

    let_go(link, false);
    link->refused_id = refused_id;
    link->why = kept;
    link->state = PRAVEGA_LINK_WAITING;
    link->ended = NULL;
    if (link->handler->on_lost != NULL) {
        bool ended = false;

        link->ended = &ended;
        link->handler->on_lost(link->arg);
        if (ended)
            return;
        link->ended = NULL;
    }
    if (link->state == PRAVEGA_LINK_WAITING)
        try_again(link, &kept);
}

/* ---- what the connection says ---- */

#define NOTHING_REFUSED (-1)

static void on_auth_failed(struct pravega_segment_link *link, const struct pravega_wire_auth_token_check_failed *reply)
{
    struct weir_error why = {0};

    if (reply->error_code == PRAVEGA_WIRE_AUTH_EXPIRED) {
        pravega_token_expired(&link->token_user);
        weir_fail(&why, WEIR_E_AUTH, "the delegation token has expired");
        lose(link, reply->request_id, &why);
    } else {
        weir_fail(&why, WEIR_E_AUTH, "the segment store refused the delegation token");
        give_up(link, WEIR_E_AUTH, &why);
    }
}

static void on_reply(void *arg, const struct pravega_wire_command *reply, const struct pravega_wire_frame *frame)
{
    struct pravega_segment_link *link = arg;
    struct weir_error why = {0};

    switch (reply->type) {
    case PRAVEGA_WIRE_WRONG_HOST:
        forget_endpoint(link);
        weir_fail(&why, WEIR_E_CLOSED, "the segment store does not own it");
        lose(link, reply->wrong_host.request_id, &why);
        break;
    case PRAVEGA_WIRE_AUTH_TOKEN_CHECK_FAILED:
        on_auth_failed(link, &reply->auth_token_check_failed);
        break;
    case PRAVEGA_WIRE_ERROR_MESSAGE:
        weir_fail(&why, WEIR_E_IO, "the segment store says: %.*s", (int)reply->error_message.message.len,
                  (const char *)reply->error_message.message.ptr);
        lose(link, NOTHING_REFUSED, &why);
        break;
    case PRAVEGA_WIRE_INVALID_EVENT_NUMBER:
        weir_fail(&why, WEIR_E_CLOSED, "the segment store expected another event number");
        lose(link, NOTHING_REFUSED, &why);
        break;
    case PRAVEGA_WIRE_OPERATION_UNSUPPORTED:
        weir_fail(&why, WEIR_E_UNSUPPORTED, "the segment store does not support this operation");
        give_up(link, WEIR_E_UNSUPPORTED, &why);
        break;
    default:
        link->handler->on_reply(link->arg, reply, frame);
    }
}

static void on_down(void *arg, const struct weir_error *why)
{
    struct pravega_segment_link *link = arg;

    forget_endpoint(link);
    if (why->status == WEIR_E_UNSUPPORTED)
        give_up(link, why->status, why);
    else
        lose(link, NOTHING_REFUSED, why);
}

static const struct pravega_flow_handler flow_handler = {on_reply, on_down};

/* ---- the way up ---- */

static void connect_to(struct pravega_segment_link *link)
{
    const char *host;
    uint16_t port;
    struct weir_error why = {0};
    enum weir_status status;

    if (!pravega_segment_stores_endpoint(link->client->stores, link->scope, link->stream, link->segment, &host,
                                         &port)) {
        ask_endpoint(link); /* grew old while the token came */
        return;
    }
    status = pravega_segment_stores_attach(link->client->stores, host, port, link->exclusive, &link->flow, &why);
    if (status != WEIR_OK) {
        give_up(link, status, &why);
        return;
    }
    link->state = PRAVEGA_LINK_UP;
    link->handler->on_up(link->arg);
}

/* The answer to ask_token; in any other state, a token that replaces the one before it. */
static void on_token(void *arg, enum weir_status status, struct weir_view token, const struct weir_error *why)
{
    struct pravega_segment_link *link = arg;
    struct weir_error too_long = {0};

    if (status == WEIR_OK) {
        weir_wipe_buf(&link->token);
        weir_buf_append(&link->token, token.ptr, token.len);
        status = link->token.status;
        why = &too_long;
        if (status != WEIR_OK)
            weir_fail(&too_long, status, "the controller's delegation token has %zu bytes", token.len);
    }
    if (status != WEIR_OK)
        give_up(link, status, why);
    else if (link->state == PRAVEGA_LINK_TOKEN)
        connect_to(link);
}

static void ask_token(struct pravega_segment_link *link)
{
    struct pravega_stream_name stream = {link->scope, link->stream};
    struct weir_error why = {0};

    link->state = PRAVEGA_LINK_TOKEN;
    if (pravega_tokens_ask(link->client->tokens, &link->token_user, &stream, link->access, &why) != WEIR_OK)
        give_up(link, WEIR_E_NOMEM, &why);
}

static void on_endpoint(void *arg, enum weir_status status, const char *host, uint16_t port,
                        const struct weir_error *why)
{
    struct pravega_segment_link *link = arg;

    if (status != WEIR_OK) {
        give_up(link, status, why);
        return;
    }
    if (strcmp(host, "0.0.0.0") == 0)
        host = pravega_controllers_host(link->client->controllers); /* the store is where its controller is */
    pravega_segment_stores_remember(link->client->stores, link->scope, link->stream, link->segment, host, port);
    ask_token(link);
}

static void ask_endpoint(struct pravega_segment_link *link)
{
    struct pravega_stream_name stream = {link->scope, link->stream};
    const char *host;
    uint16_t port;

    link->state = PRAVEGA_LINK_ENDPOINT;
    if (pravega_segment_stores_endpoint(link->client->stores, link->scope, link->stream, link->segment, &host, &port))
        ask_token(link);
    else
        pravega_controller_segment_endpoint(&link->call, link->client, &stream, link->segment, on_endpoint, link);
}

static void on_backoff(void *arg)
{
    ask_endpoint(arg);
}

/* ---- life ---- */

/* The segment's qualified name; < 0: it is too long. */
static int put_name(const struct pravega_stream_name *stream, pravega_segment_id segment,
                    const struct pravega_txn_id *txn, char *out, size_t cap)
{
    return txn != NULL ? pravega_txn_segment_name(stream, segment, *txn, out, cap)
                       : pravega_segment_name(stream, segment, out, cap);
}

enum weir_status pravega_segment_link_init(struct pravega_segment_link *link, struct pravega_client *client,
                                           const struct pravega_stream_name *stream, pravega_segment_id segment,
                                           const struct pravega_txn_id *txn, enum pravega_access access, bool exclusive,
                                           const struct pravega_segment_link_handler *handler, void *arg,
                                           struct weir_error *err)
{
    char name[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1];
    bool fits = put_name(stream, segment, txn, name, sizeof(name)) >= 0;

    *link = (struct pravega_segment_link){.client = client,
                                          .retry = &client->retry,
                                          .segment = segment,
                                          .access = access,
                                          .exclusive = exclusive,
                                          .handler = handler,
                                          .arg = arg,
                                          .flow = {.handler = &flow_handler, .arg = link},
                                          .token_user = {.on_token = on_token, .arg = link},
                                          .backoff = {.fn = on_backoff, .arg = link}};
    link->segment_name = fits ? strdup(name) : NULL;
    link->scope = strdup(stream->scope);
    link->stream = strdup(stream->stream);
    weir_buf_init(&link->token, TOKEN_LEN_MAX);
    if (link->segment_name != NULL && link->scope != NULL && link->stream != NULL)
        return WEIR_OK;
    pravega_segment_link_fini(link);
    if (!fits)
        return weir_fail(err, WEIR_E_INVAL, "stream %s/%s: its name is too long", stream->scope, stream->stream);
    return weir_fail(err, WEIR_E_NOMEM, "stream %s/%s: no memory for a connection", stream->scope, stream->stream);
}

void pravega_segment_link_fini(struct pravega_segment_link *link)
{
    if (link->client == NULL)
        return;
    pravega_segment_link_stop(link, false);
    weir_wipe_buf(&link->token);
    free(link->segment_name);
    free(link->scope);
    free(link->stream);
    link->client = NULL;
}

void pravega_segment_link_start(struct pravega_segment_link *link)
{
    assert(link->state == PRAVEGA_LINK_IDLE);
    link->attempts = 0;
    link->state =
        PRAVEGA_LINK_WAITING; /* the first step is taken in a later turn, so that nothing calls back from here */
    weir_timer_start(link->client->loop, &link->backoff, 0);
}

void pravega_segment_link_stop(struct pravega_segment_link *link, bool clean)
{
    if (link->ended != NULL)
        *link->ended = true;
    link->ended = NULL;
    let_go(link, clean);
    pravega_token_leave(&link->token_user);
}

void pravega_segment_link_works(struct pravega_segment_link *link)
{
    link->attempts = 0;
}
