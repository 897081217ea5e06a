/*
 * execute.c - from a finished graph to a running job and back: weir_env_start, weir_env_execute, weir_env_cancel.
 *
 * A cancel may come from any thread at any time, also while the job ends. It is one mail, embedded in the environment;
 * the end of a job is not told before that mail, if it was sent, has arrived, since the environment may be freed then.
 */
#include <stdlib.h>

#include "base/signals.h"
#include "runtime/coordinator.h"

/* Whom the end of the running job is told. */
struct weir_start {
    void (*done)(void *arg, enum weir_status status, const struct weir_job_result *result,
                 const struct weir_error *why);
    void *arg;
    bool over;      /* the job is; if a cancel was posted, its mail is awaited */
    bool cancelled; /* the cancel's mail has come */
    struct weir_job_result result;
    struct weir_error why;
};

static void tell_end(struct weir_env *env)
{
    struct weir_start start = *env->start;

    free(env->start);
    env->start = NULL;
    env->loop = NULL;
    atomic_store(&env->cancel_state, WEIR_CANCEL_NO_JOB);
    start.done(start.arg, start.why.status, &start.result, start.why.status != WEIR_OK ? &start.why : NULL);
}

static void on_job_done(void *arg, enum weir_status status, const struct weir_job_result *result,
                        const struct weir_error *why)
{
    struct weir_env *env = arg;
    int running = WEIR_CANCEL_RUNNING;

    env->start->over = true;
    env->start->result = *result;
    if (status != WEIR_OK)
        env->start->why = *why;
    if (env->start->cancelled || atomic_compare_exchange_strong(&env->cancel_state, &running, WEIR_CANCEL_NO_JOB))
        tell_end(env);
}

static void on_cancel_mail(struct weir_mail *mail)
{
    struct weir_env *env = (struct weir_env *)((char *)mail - offsetof(struct weir_env, cancel_mail));

    env->start->cancelled = true; /* the state stays POSTED: no second mail is sent */
    if (env->start->over)
        tell_end(env);
    else
        weir_coordinator_cancel(env->coordinator);
}

void weir_env_cancel(weir_env *env)
{
    int running = WEIR_CANCEL_RUNNING;

    atomic_store(&env->cancelled, true);
    if (atomic_compare_exchange_strong(&env->cancel_state, &running, WEIR_CANCEL_POSTED))
        weir_loop_post(env->loop, &env->cancel_mail);
}

void weir_env_progress(weir_env *env, struct weir_job_result *out)
{
    if (env->coordinator != NULL)
        weir_coordinator_progress(env->coordinator, out);
    else
        *out = env->result;
}

enum weir_status weir_env_start(weir_env *env, struct weir_loop *loop, const char *job_name,
                                void (*done)(void *arg, enum weir_status status, const struct weir_job_result *result,
                                             const struct weir_error *why),
                                void *arg, struct weir_error *err)
{
    struct weir_coordinator_options options = {env, loop, job_name != NULL ? job_name : "Weir job", on_job_done, env};
    enum weir_status status;

    if (env->start != NULL)
        return weir_fail(err, WEIR_E_STATE, "the environment runs a job already");
    status = weir_graph_finish(&env->graph, &env->options, err);
    if (status != WEIR_OK)
        return status;
    env->start = calloc(1, sizeof(*env->start));
    if (env->start == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for job \"%s\"", options.job_name);
    env->start->done = done;
    env->start->arg = arg;
    env->loop = loop;
    env->cancel_mail.fn = on_cancel_mail;
    status = weir_coordinator_start(&options, &env->coordinator, err);
    if (status != WEIR_OK) {
        free(env->start);
        env->start = NULL;
        return status;
    }
    atomic_store(&env->cancel_state, WEIR_CANCEL_RUNNING);
    if (atomic_load(&env->cancelled))
        weir_env_cancel(env);
    return WEIR_OK;
}

/* --- executing on a loop of our own --------------------------------------------------------------------------------
 */

struct execution {
    struct weir_env *env;
    struct weir_loop *loop;
    enum weir_status status;
    struct weir_job_result result;
    struct weir_error why;
};

static void on_execution_done(void *arg, enum weir_status status, const struct weir_job_result *result,
                              const struct weir_error *why)
{
    struct execution *execution = arg;

    execution->status = status;
    execution->result = *result;
    if (why != NULL)
        execution->why = *why;
    weir_loop_stop(execution->loop);
}

static void on_signal(void *arg, int signo)
{
    (void)signo;
    weir_env_cancel(arg);
}

static enum weir_status run_on_loop(struct execution *execution, const char *job_name, struct weir_error *err)
{
    struct weir_env *env = execution->env;
    struct weir_signals *signals = NULL;
    enum weir_status status = WEIR_OK;

    if (env->options.cancel_on_signals)
        status = weir_signals_watch(execution->loop, on_signal, env, &signals, err);
    if (status == WEIR_OK)
        status = weir_env_start(env, execution->loop, job_name, on_execution_done, execution, err);
    if (status == WEIR_OK) {
        weir_loop_run(execution->loop);
        status = execution->status;
        if (status != WEIR_OK && err != NULL)
            *err = execution->why;
    }
    weir_signals_free(signals);
    return status;
}

static enum weir_status host_of(struct weir_env *env, struct weir_host **host, struct weir_error *err)
{
    struct weir_host_options options = {.log_level = WEIR_LOG_WARN};
    enum weir_status status = WEIR_OK;

    if (env->options.host == NULL && env->own_host == NULL)
        status = weir_host_new(&options, &env->own_host, err);
    *host = env->options.host != NULL ? env->options.host : env->own_host;
    return status;
}

enum weir_status weir_env_execute(weir_env *env, const char *job_name, struct weir_job_result *result,
                                  struct weir_error *err)
{
    struct execution execution = {.env = env, .result.first_record_ns = -1};
    struct weir_host *host = NULL;
    enum weir_status status;

    if (env == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for the environment");
    status = host_of(env, &host, err);
    if (status == WEIR_OK)
        status = weir_loop_new(host, "coordinator", &execution.loop, err);
    if (status == WEIR_OK)
        status = run_on_loop(&execution, job_name, err);
    weir_loop_free(execution.loop);
    if (result != NULL)
        *result = execution.result;
    return status;
}
