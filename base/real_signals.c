/*
 * real_signals.c - SIGINT, SIGTERM and SIGHUP through libevent's signal events.
 */
#include "base/signals.h"

#include <signal.h>
#include <stdlib.h>

#include "base/real_int.h"

struct weir_signals {
    void (*fn)(void *arg, int signo);
    void *arg;
    struct weir_loop *loop;
    struct event *interrupt, *terminate; /* NULL on a simulated loop, and after the first signal */
    void (*on_hangup)(void *arg);
    void *hangup_arg;
    struct event *hangup; /* NULL while nobody asked for it */
};

static void unwatch(struct weir_signals *signals)
{
    if (signals->interrupt != NULL)
        event_free(signals->interrupt);
    if (signals->terminate != NULL)
        event_free(signals->terminate);
    signals->interrupt = signals->terminate = NULL;
}

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
    struct weir_signals *signals = arg;

    (void)what;
    unwatch(signals); /* who asks twice does not want to wait */
    signals->fn(signals->arg, (int)signo);
}

static bool watch(struct weir_signals *signals, struct weir_real_loop *loop)
{
    signals->interrupt = evsignal_new(loop->events, SIGINT, on_signal, signals);
    signals->terminate = evsignal_new(loop->events, SIGTERM, on_signal, signals);
    return signals->interrupt != NULL && signals->terminate != NULL && evsignal_add(signals->interrupt, NULL) == 0 &&
           evsignal_add(signals->terminate, NULL) == 0;
}

enum weir_status weir_signals_watch(struct weir_loop *loop, void (*fn)(void *arg, int signo), void *arg,
                                    struct weir_signals **out, struct weir_error *err)
{
    struct weir_signals *signals = calloc(1, sizeof(*signals));

    if (signals == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "no memory to watch for signals");
    signals->fn = fn;
    signals->arg = arg;
    signals->loop = loop;
    if (weir_loop_is_real(loop) && !watch(signals, weir_real_loop(loop))) {
        weir_signals_free(signals);
        return weir_fail(err, WEIR_E_IO, "cannot watch for SIGINT and SIGTERM");
    }
    *out = signals;
    return WEIR_OK;
}

static void on_hangup(evutil_socket_t signo, short what, void *arg)
{
    struct weir_signals *signals = arg;

    (void)signo, (void)what;
    signals->on_hangup(signals->hangup_arg);
}

enum weir_status weir_signals_on_hangup(struct weir_signals *signals, void (*fn)(void *arg), void *arg,
                                        struct weir_error *err)
{
    signals->on_hangup = fn;
    signals->hangup_arg = arg;
    if (!weir_loop_is_real(signals->loop))
        return WEIR_OK;
    signals->hangup = evsignal_new(weir_real_loop(signals->loop)->events, SIGHUP, on_hangup, signals);
    if (signals->hangup == NULL || evsignal_add(signals->hangup, NULL) != 0)
        return weir_fail(err, WEIR_E_IO, "cannot watch for SIGHUP");
    return WEIR_OK;
}

void weir_signals_free(struct weir_signals *signals)
{
    if (signals == NULL)
        return;
    unwatch(signals);
    if (signals->hangup != NULL)
        event_free(signals->hangup);
    free(signals);
}
