/*
 * sim_host.c - a process of the simulated world, its pool of blocking work, and its end.
 *
 *     LIVE --silence--> SILENT --crash or free--> GONE --its owners' last object--> freed
 *     LIVE --free (an orderly end; the disk keeps what is unsynced, as an operating system does)--> GONE
 *
 * Silence is the instant of death: the disk forgets, the network breaks, callbacks end. What is left are shells that
 * the owners may free, or leave to weir_sim_free().
 */
#include "base/sim_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sim_disk.h"

#define CORES 2

/* Blocking work of the pool: all of it happens at one instant, some time after it was submitted. */
struct sim_job {
    struct sim_event due;
    struct sim_host *host;
    struct weir_job *job;
    TAILQ_ENTRY(sim_job) in_host;
};

static void job_done(struct weir_mail *mail)
{
    struct weir_job *job = SIM_CONTAINER(mail, struct weir_job, mail);

    job->done(job);
}

static void job_drop(struct sim_job *sim_job)
{
    weir_sim_event_stop(sim_job->host->sim, &sim_job->due);
    TAILQ_REMOVE(&sim_job->host->jobs, sim_job, in_host);
    free(sim_job);
}

/* Takes it off the pool and does it. The work may be the host's last. */
static void job_work(struct sim_job *sim_job)
{
    struct weir_job *job = sim_job->job;

    job_drop(sim_job);
    job->mail.fn = job_done;
    job->work(job);
}

static void job_due(struct sim_event *event)
{
    struct sim_job *sim_job = SIM_CONTAINER(event, struct sim_job, due);
    struct weir_job *job = sim_job->job;
    struct sim_host *host = sim_job->host;

    job_work(sim_job);
    if (!host->silent)
        weir_loop_post(job->loop, &job->mail);
}

static void host_submit(struct weir_host *base, struct weir_job *job)
{
    struct sim_host *host = weir_sim_host(base);
    const struct weir_sim_options *options = &host->sim->options;
    struct sim_job *sim_job;
    int64_t delay_ns;

    job->mail.fn = NULL; /* its work is not done */
    if (host->silent)
        return;
    sim_job = weir_sim_alloc(sizeof(*sim_job));
    sim_job->due.fn = job_due;
    sim_job->host = host;
    sim_job->job = job;
    TAILQ_INSERT_TAIL(&host->jobs, sim_job, in_host);
    delay_ns = weir_sim_between(host->sim, options->sync_delay_min_ns, options->sync_delay_max_ns);
    weir_sim_event_start(host->sim, &sim_job->due, host->sim->now_ns + delay_ns);
}

static struct sim_job *find_job(struct sim_host *host, const struct weir_job *job)
{
    struct sim_job *sim_job;

    TAILQ_FOREACH (sim_job, &host->jobs, in_host)
        if (sim_job->job == job)
            break;
    return sim_job;
}

/* A job that waits may be caught in time, or be running just now: the seed decides. */
static bool host_cancel(struct weir_host *base, struct weir_job *job)
{
    struct sim_host *host = weir_sim_host(base);
    struct sim_job *sim_job = find_job(host, job);

    if (sim_job != NULL && weir_rng_below(&host->sim->rng, 2) == 0)
        job_work(sim_job);
    else if (sim_job != NULL)
        job_drop(sim_job);
    else
        weir_sim_loop_unpost(job->loop, &job->mail);
    return job->mail.fn != NULL;
}

void weir_sim_host_drain(struct sim_host *host, struct weir_loop *loop)
{
    struct sim_job *sim_job = TAILQ_FIRST(&host->jobs);

    while (sim_job != NULL) {
        if (sim_job->job->loop == loop) {
            job_work(sim_job);
            sim_job = TAILQ_FIRST(&host->jobs); /* the work may have changed the list */
        } else {
            sim_job = TAILQ_NEXT(sim_job, in_host);
        }
    }
}

static uint64_t host_random(struct weir_host *base)
{
    return weir_rng_next(&weir_sim_host(base)->rng);
}

static int host_cores(struct weir_host *base)
{
    (void)base;
    return CORES;
}

/* ---- the environment ---- */

struct sim_variable {
    char *name, *value;
    TAILQ_ENTRY(sim_variable) in_host;
};

static struct sim_variable *find_variable(struct sim_host *host, const char *name)
{
    struct sim_variable *variable;

    TAILQ_FOREACH (variable, &host->variables, in_host)
        if (strcmp(variable->name, name) == 0)
            break;
    return variable;
}

static const char *host_env(struct weir_host *base, const char *name)
{
    struct sim_variable *variable = find_variable(weir_sim_host(base), name);

    return variable != NULL ? variable->value : NULL;
}

static void drop_variable(struct sim_host *host, struct sim_variable *variable)
{
    TAILQ_REMOVE(&host->variables, variable, in_host);
    free(variable->name);
    free(variable->value);
    free(variable);
}

static void drop_variables(struct sim_host *host)
{
    while (!TAILQ_EMPTY(&host->variables))
        drop_variable(host, TAILQ_FIRST(&host->variables));
}

void weir_sim_host_set_env(struct weir_host *base, const char *name, const char *value)
{
    struct sim_host *host = weir_sim_host(base);
    struct sim_variable *variable = find_variable(host, name);

    if (variable != NULL)
        drop_variable(host, variable);
    if (value == NULL)
        return;
    variable = weir_sim_alloc(sizeof(*variable));
    variable->name = weir_sim_strdup(name);
    variable->value = weir_sim_strdup(value);
    TAILQ_INSERT_TAIL(&host->variables, variable, in_host);
}

/* ---- the end, and the beginning ---- */

static int64_t log_wall_ms(void *arg)
{
    struct sim_host *host = arg;

    return SIM_WALL_START_MS + host->sim->now_ns / WEIR_NS_PER_MS;
}

void weir_sim_host_settle(struct sim_host *host)
{
    if (host->gone && TAILQ_EMPTY(&host->loops) && TAILQ_EMPTY(&host->files) && TAILQ_EMPTY(&host->locks) &&
        TAILQ_EMPTY(&host->shell_conns) && TAILQ_EMPTY(&host->shell_listeners))
        weir_sim_host_destroy(host);
}

void weir_sim_host_destroy(struct sim_host *host)
{
    struct sim_loop *loop;

    host->gone = false; /* so that what ends here does not settle it once more */
    while ((loop = TAILQ_FIRST(&host->loops)) != NULL)
        weir_sim_loop_free(&loop->base);
    weir_sim_net_destroy(host);
    weir_sim_fs_destroy(host);
    TAILQ_REMOVE(&host->sim->hosts, host, in_sim);
    drop_variables(host);
    free(host->name);
    free(host);
}

static void drop_jobs(struct sim_host *host)
{
    struct sim_job *sim_job;

    while ((sim_job = TAILQ_FIRST(&host->jobs)) != NULL)
        job_drop(sim_job);
}

void weir_sim_host_silence(struct weir_host *base)
{
    struct sim_host *host = weir_sim_host(base);
    struct sim_loop *loop;

    if (host->silent)
        return;
    host->silent = true;
    host->log.fd = -1; /* the dead say nothing */
    TAILQ_FOREACH (loop, &host->loops, in_host)
        weir_sim_loop_silence(loop);
    drop_jobs(host);
    weir_sim_fs_silence(host);
    weir_sim_disk_leave(host->disk, true);
}

void weir_sim_host_crash(struct weir_host *base)
{
    struct sim_host *host = weir_sim_host(base);

    weir_sim_host_silence(base);
    host->gone = true;
    weir_sim_host_settle(host);
}

static void host_free(struct weir_host *base)
{
    struct sim_host *host = weir_sim_host(base);

    assert(TAILQ_EMPTY(&host->loops) && "free all loops before their host");
    if (!host->silent) {
        host->silent = true;
        drop_jobs(host);
        weir_sim_fs_silence(host);
        weir_sim_disk_leave(host->disk, false);
    }
    host->gone = true;
    weir_sim_host_settle(host);
}

static const struct weir_host_ops sim_host_ops = {
    .free = host_free,
    .loop_new = weir_sim_loop_new,
    .submit = host_submit,
    .cancel = host_cancel,
    .random = host_random,
    .cores = host_cores,
    .env = host_env,
};

enum weir_status weir_sim_host_new(struct weir_sim *sim, const char *name, const char *disk_name,
                                   struct weir_host **out, struct weir_error *err)
{
    struct sim_host *host;

    (void)err;
    host = weir_sim_alloc(sizeof(*host));
    host->base.ops = &sim_host_ops;
    host->sim = sim;
    host->name = weir_sim_strdup(name);
    weir_rng_init(&host->rng, sim->options.seed ^ (++sim->host_count * UINT64_C(0x9E3779B97F4A7C15)));
    host->log = (struct weir_log){sim->options.log_level,
                                  sim->options.log_fd != 0 ? sim->options.log_fd : STDERR_FILENO, log_wall_ms, host};
    host->base.log = &host->log;
    TAILQ_INIT(&host->loops);
    TAILQ_INIT(&host->jobs);
    TAILQ_INIT(&host->files);
    TAILQ_INIT(&host->locks);
    TAILQ_INIT(&host->variables);
    TAILQ_INIT(&host->shell_conns);
    TAILQ_INIT(&host->shell_listeners);
    TAILQ_INSERT_TAIL(&sim->hosts, host, in_sim);
    host->disk = weir_sim_disk_join(sim, disk_name);
    weir_sim_fs_init(host);
    *out = &host->base;
    return WEIR_OK;
}
