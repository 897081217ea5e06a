/*
 * blocking.c - a session, and waiting in it for calls and for objects that are not ready.
 *
 *     begin --> WAITED_FOR --done--> ENDED --end--> gone
 *               WAITED_FOR --time is up, interrupted--> LEFT --done, or the session is closed--> gone
 *
 * A call that was left still has its await as its argument. So the await lives on, in the session's list, until the
 * call's callback comes or the client, and the call with it, is no more.
 */
#include "pravega/blocking.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

struct pravega_session {
    struct weir_host *own_host; /* NULL: it is somebody else's */
    struct weir_loop *loop;
    struct pravega_client *client;
    struct weir_timer timer;
    int64_t timeout_ms; /* 0: none */
    bool time_is_up;
    bool ready; /* an on_ready has come */
    bool waits; /* a call blocks */
    atomic_bool interrupted;
    struct pravega_await *left; /* list of those that nobody waits for any more */
};

struct pravega_await {
    struct pravega_session *session;
    void *out;
    bool ended, is_left;
    enum weir_status status;
    struct weir_error why;
    struct pravega_await *next, **link; /* in session->left */
};

/* ---- the session */

static void on_time_up(void *arg)
{
    struct pravega_session *session = arg;

    session->time_is_up = true;
    weir_loop_stop(session->loop);
}

enum weir_status pravega_session_open(struct weir_host *host, const struct pravega_client_options *options,
                                      struct pravega_session **out, struct weir_error *err)
{
    struct pravega_session *session = calloc(1, sizeof(*session));
    enum weir_status status = WEIR_OK;

    if (session == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a session");
    session->timer = (struct weir_timer){.fn = on_time_up, .arg = session};
    if (host == NULL) {
        status = weir_host_new(NULL, &session->own_host, err);
        host = session->own_host;
    }
    if (status == WEIR_OK)
        status = weir_loop_new(host, "session", &session->loop, err);
    if (status == WEIR_OK)
        status = pravega_client_new(session->loop, options, &session->client, err);
    if (status != WEIR_OK) {
        pravega_session_close(session);
        return status;
    }
    *out = session;
    return WEIR_OK;
}

static void await_free(struct pravega_await *await)
{
    if (await->is_left) {
        *await->link = await->next;
        if (await->next != NULL)
            await->next->link = await->link;
    }
    free(await);
}

void pravega_session_close(struct pravega_session *session)
{
    if (session == NULL)
        return;
    assert(!session->waits);
    pravega_client_free(session->client);
    while (session->left != NULL)
        await_free(session->left);
    weir_loop_free(session->loop);
    weir_host_free(session->own_host);
    free(session);
}

struct pravega_client *pravega_session_client(struct pravega_session *session)
{
    return session->client;
}

struct weir_loop *pravega_session_loop(struct pravega_session *session)
{
    return session->loop;
}

void pravega_session_set_timeout(struct pravega_session *session, int64_t timeout_ms)
{
    session->timeout_ms = timeout_ms > 0 ? timeout_ms : 0;
}

int64_t pravega_session_timeout(const struct pravega_session *session)
{
    return session->timeout_ms != 0 ? session->timeout_ms : -1;
}

void pravega_session_interrupt(struct pravega_session *session)
{
    atomic_store(&session->interrupted, true);
    weir_loop_stop(session->loop);
}

/* Runs the loop until `*flag`, which its callbacks set. @param deadline_ns of the loop's clock; INT64_MAX: none */
static enum weir_status run_until(struct pravega_session *session, const bool *flag, int64_t deadline_ns,
                                  struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    assert(!session->waits); /* from within a callback nothing can block */
    session->waits = true;
    session->time_is_up = false;
    if (deadline_ns != INT64_MAX)
        weir_timer_start(session->loop, &session->timer, deadline_ns - weir_loop_now_ns(session->loop));
    while (!*flag && status == WEIR_OK) {
        if (atomic_exchange(&session->interrupted, false))
            status = weir_fail(err, WEIR_E_CANCELLED, "interrupted");
        else if (session->time_is_up)
            status = weir_fail(err, WEIR_E_TIMEOUT, "not done in time");
        else
            weir_loop_run(session->loop);
    }
    weir_timer_stop(session->loop, &session->timer);
    session->waits = false;
    return status;
}

/* @param timeout_ms < 0: none */
static int64_t deadline_of(struct pravega_session *session, int64_t timeout_ms)
{
    int64_t now_ns = weir_loop_now_ns(session->loop);

    if (timeout_ms < 0)
        return INT64_MAX;
    return timeout_ms < (INT64_MAX - now_ns) / WEIR_NS_PER_MS ? now_ns + timeout_ms * WEIR_NS_PER_MS : INT64_MAX;
}

/* ---- calls */

struct pravega_await *pravega_await_begin(struct pravega_session *session, void *out)
{
    struct pravega_await *await = calloc(1, sizeof(*await));

    if (await != NULL) {
        await->session = session;
        await->out = out;
    }
    return await;
}

void *pravega_await_out(struct pravega_await *await)
{
    return await->is_left ? NULL : await->out;
}

void pravega_await_done(void *arg, enum weir_status status, const struct weir_error *why)
{
    struct pravega_await *await = arg;

    if (await->is_left) {
        await_free(await);
        return;
    }
    assert(!await->ended);
    await->ended = true;
    await->status = status;
    if (status != WEIR_OK && why != NULL)
        await->why = *why;
    weir_loop_stop(await->session->loop);
}

enum weir_status pravega_await_end(struct pravega_session *session, struct pravega_await *await, struct weir_error *err)
{
    enum weir_status status;

    if (await == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory for a call");
    status = run_until(session, &await->ended, deadline_of(session, pravega_session_timeout(session)), err);
    if (status != WEIR_OK) {
        await->is_left = true;
        await->next = session->left;
        await->link = &session->left;
        if (await->next != NULL)
            await->next->link = &await->next;
        session->left = await;
        return status;
    }
    status = await->status;
    if (status != WEIR_OK && err != NULL)
        *err = await->why;
    await_free(await);
    return status;
}

/* ---- objects that say AGAIN */

void pravega_session_ready(void *arg)
{
    struct pravega_session *session = arg;

    session->ready = true;
    if (session->waits)
        weir_loop_stop(session->loop);
}

enum weir_status pravega_await_ready(struct pravega_session *session, int64_t timeout_ms, int64_t *deadline_ns,
                                     struct weir_error *err)
{
    enum weir_status status;

    if (*deadline_ns == 0)
        *deadline_ns = deadline_of(session, timeout_ms);
    status = run_until(session, &session->ready, *deadline_ns, err);
    session->ready = false;
    return status;
}
