/*
 * coordinator.c - the life of a job.
 *
 * A task that fails takes the whole attempt down: all tasks are closed, and all start again from the newest complete
 * checkpoint. Memory of an attempt is freed when every task has said CLOSED (it touches no channel any more), a last
 * mail has gone to each and come back (what was sent between the two before has arrived), and no pool job is left.
 */
#include "runtime/coordinator.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "runtime/checkpoints.h"
#include "runtime/deployment.h"

#define BIT(state) (1u << (state))

enum coordinator_state {
    COORD_NEW,
    COORD_LOADING,
    COORD_DEPLOYING,
    COORD_RUNNING,
    COORD_FINISHING,
    COORD_STOPPING,
    COORD_RESTARTING,
    COORD_DONE,
};

static const char *const state_names[] = {"NEW",       "LOADING",  "DEPLOYING",  "RUNNING",
                                          "FINISHING", "STOPPING", "RESTARTING", "DONE"};

static const unsigned legal_moves[] = {
    [COORD_NEW] = BIT(COORD_LOADING),
    [COORD_LOADING] = BIT(COORD_DEPLOYING) | BIT(COORD_STOPPING),
    [COORD_DEPLOYING] = BIT(COORD_RUNNING) | BIT(COORD_STOPPING),
    [COORD_RUNNING] = BIT(COORD_FINISHING) | BIT(COORD_STOPPING),
    [COORD_FINISHING] = BIT(COORD_STOPPING),
    [COORD_STOPPING] = BIT(COORD_RESTARTING) | BIT(COORD_DONE),
    [COORD_RESTARTING] = BIT(COORD_LOADING) | BIT(COORD_STOPPING),
    [COORD_DONE] = 0,
};

/* Finds and reads the checkpoint to start from. */
struct load_job {
    struct weir_job job;
    struct weir_coordinator *coord;
    bool wanted;                  /* else only the numbers used so far are looked up */
    char from[WEIR_PATH_LEN_MAX]; /* a folder; "" means the newest of the checkpoints' folder, if there is one */
    struct weir_restore *restore; /* what was found */
    int64_t last_id;
    struct weir_error err;
};

struct weir_coordinator {
    struct weir_env *env;
    const struct weir_env_options *options;
    struct weir_loop *loop;
    struct weir_log *log;
    char job_name[WEIR_UID_LEN_MAX + 1];
    void (*done)(void *arg, enum weir_status status, const struct weir_job_result *result,
                 const struct weir_error *why);
    void *arg;
    enum coordinator_state state;
    struct weir_postbox reports; /* from the tasks */

    struct weir_plan *plan;
    struct weir_workers workers;
    struct weir_deployment *deployment;
    struct weir_checkpoints *cps;
    struct load_job load;
    bool loading;

    size_t opened, ended, closed, synced, committed; /* tasks that reported it */
    int64_t final_id;                                /* the checkpoint whose commits end the job */
    bool checkpoints_stopped;

    int attempt, failed_in_a_row; /* restarts so far; checkpoints */
    int64_t restored_id;          /* the checkpoint this attempt, or one before, is based on; 0: none */
    bool cancelled, finished;
    struct weir_error failure; /* why the attempt stops; status OK: it has not failed */
    struct weir_timer restart_timer, progress_timer;
    struct weir_deferred advance_later;

    int64_t started_ns;
    struct weir_job_result before; /* what earlier attempts did */
};

static void enter(struct weir_coordinator *coord, enum coordinator_state state)
{
    assert((legal_moves[coord->state] & BIT(state)) != 0);
    weir_log_debug(coord->log, "job", "%s: %s -> %s", coord->job_name, state_names[coord->state], state_names[state]);
    coord->state = state; /* written nowhere else */
}

static bool checkpointing(const struct weir_coordinator *coord)
{
    return coord->options->checkpoint_interval_ms > 0;
}

static void order_all(struct weir_coordinator *coord, enum weir_order_kind kind, int64_t checkpoint_id)
{
    for (size_t i = 0; i < coord->deployment->task_count; i++)
        weir_order_send(coord->deployment->tasks[i], kind, checkpoint_id, coord->load.restore);
}

/* --- figures -------------------------------------------------------------------------------------------------------
 */

static void add_task_figures(const struct weir_task *task, int64_t started_ns, struct weir_job_result *sum)
{
    int64_t first_ns = atomic_load_explicit(&task->figures.first_record_ns, memory_order_relaxed);

    sum->records_in += atomic_load_explicit(&task->figures.records_in, memory_order_relaxed);
    sum->records_out += atomic_load_explicit(&task->figures.records_out, memory_order_relaxed);
    sum->late_records_dropped += atomic_load_explicit(&task->figures.late_records, memory_order_relaxed);
    if (first_ns >= 0 && (sum->first_record_ns < 0 || first_ns - started_ns < sum->first_record_ns))
        sum->first_record_ns = first_ns > started_ns ? first_ns - started_ns : 0;
}

void weir_coordinator_progress(const struct weir_coordinator *coord, struct weir_job_result *out)
{
    const struct weir_checkpoints_figures *figures;

    *out = coord->before;
    for (size_t i = 0; coord->deployment != NULL && i < coord->deployment->task_count; i++)
        add_task_figures(coord->deployment->tasks[i], coord->started_ns, out);
    out->restarts = (uint64_t)coord->attempt;
    out->runtime_ns = weir_loop_now_ns(coord->loop) - coord->started_ns;
    if (coord->cps == NULL)
        return;
    figures = weir_checkpoints_figures(coord->cps);
    out->checkpoints_completed = figures->completed;
    out->checkpoints_failed = figures->failed;
    out->last_checkpoint_id = figures->last_id;
    out->last_checkpoint_duration_ms = figures->last_duration_ms;
    out->last_checkpoint_bytes = figures->last_bytes;
}

static void on_progress_timer(void *arg)
{
    struct weir_coordinator *coord = arg;
    struct weir_job_result so_far;

    weir_timer_start(coord->loop, &coord->progress_timer, coord->env->progress_interval_ms * WEIR_NS_PER_MS);
    weir_coordinator_progress(coord, &so_far);
    coord->env->progress_fn(coord->env->progress_arg, &so_far);
}

/* --- the end -------------------------------------------------------------------------------------------------------
 */

static void coordinator_free(struct weir_coordinator *coord)
{
    if (coord == NULL)
        return;
    weir_timer_stop(coord->loop, &coord->restart_timer);
    weir_timer_stop(coord->loop, &coord->progress_timer);
    weir_deferred_cancel(coord->loop, &coord->advance_later);
    if (coord->loading)
        weir_host_cancel(weir_loop_host(coord->loop), &coord->load.job);
    weir_deployment_free(coord->deployment); /* of an abandoned job; else there is none any more */
    weir_workers_stop(&coord->workers);
    weir_postbox_fini(&coord->reports, weir_report_free);
    weir_checkpoints_free(coord->cps);
    weir_restore_free(coord->load.restore);
    weir_plan_free(coord->plan);
    free(coord);
}

void weir_coordinator_abandon(struct weir_coordinator *coord)
{
    if (coord == NULL)
        return;
    coord->env->coordinator = NULL;
    coordinator_free(coord);
}

static void finish_job(struct weir_coordinator *coord)
{
    void (*done)(void *arg, enum weir_status status, const struct weir_job_result *result,
                 const struct weir_error *why) = coord->done;
    struct weir_job_result result;
    struct weir_error why = coord->failure;
    void *arg = coord->arg;

    enter(coord, COORD_DONE);
    if (coord->finished)
        why = (struct weir_error){0};
    else if (coord->cancelled)
        weir_fail(&why, WEIR_E_CANCELLED, "job \"%s\" was cancelled", coord->job_name);
    weir_coordinator_progress(coord, &result);
    if (coord->finished && coord->options->delete_on_success && checkpointing(coord))
        weir_checkpoint_retain(weir_host_fs(weir_loop_host(coord->loop)), coord->options->checkpoints_dir, 0, NULL);
    coord->env->coordinator = NULL;
    coord->env->result = result;
    coordinator_free(coord);
    done(arg, why.status, &result, why.status != WEIR_OK ? &why : NULL);
}

static void drop_deployment(struct weir_coordinator *coord)
{
    struct weir_job_result sum = coord->before;

    for (size_t i = 0; coord->deployment != NULL && i < coord->deployment->task_count; i++)
        add_task_figures(coord->deployment->tasks[i], coord->started_ns, &sum);
    coord->before = sum;
    weir_deployment_free(coord->deployment);
    coord->deployment = NULL;
    weir_restore_free(coord->load.restore);
    coord->load.restore = NULL;
}

/* What only a change of the job or of its surroundings mends (a missing stream, a wrong URI, a malformed event, a
 * damaged checkpoint) would meet every attempt again. */
static bool restart_is_vain(enum weir_status status)
{
    return status == WEIR_E_DAMAGED || weir_status_class(status) == WEIR_CLASS_CALLER;
}

static bool may_restart(const struct weir_coordinator *coord)
{
    return !coord->cancelled && !coord->finished && coord->attempt < coord->options->restart_attempts &&
           !restart_is_vain(coord->failure.status);
}

/* Everything of the attempt is at rest. */
static void attempt_over(struct weir_coordinator *coord)
{
    drop_deployment(coord);
    if (!may_restart(coord)) {
        finish_job(coord);
        return;
    }
    weir_log_warn(coord->log, "job", "%s: restart %d in %lld ms after: %s", coord->job_name, coord->attempt + 1,
                  (long long)coord->options->restart_delay_ms, coord->failure.message);
    coord->failure = (struct weir_error){0};
    coord->attempt++;
    enter(coord, COORD_RESTARTING);
    weir_timer_start(coord->loop, &coord->restart_timer, coord->options->restart_delay_ms * WEIR_NS_PER_MS);
}

/* STOPPING waits for all tasks to be closed and synced, for the checkpoints and a load; this looks how far it is. */
static void advance_stop(void *arg)
{
    struct weir_coordinator *coord = arg;

    if (coord->state != COORD_STOPPING || coord->loading || !coord->checkpoints_stopped)
        return;
    if (coord->deployment == NULL || coord->synced == coord->deployment->task_count)
        attempt_over(coord);
}

static void on_checkpoints_stopped(void *arg)
{
    struct weir_coordinator *coord = arg;

    coord->checkpoints_stopped = true;
    weir_loop_defer(coord->loop, &coord->advance_later);
}

static void stop(struct weir_coordinator *coord)
{
    if (coord->state == COORD_STOPPING || coord->state == COORD_DONE)
        return;
    weir_timer_stop(coord->loop, &coord->restart_timer);
    enter(coord, COORD_STOPPING);
    coord->checkpoints_stopped = coord->cps == NULL;
    if (coord->deployment != NULL)
        order_all(coord, WEIR_ORDER_CLOSE, 0);
    if (coord->cps != NULL)
        weir_checkpoints_stop(coord->cps);
    weir_loop_defer(coord->loop, &coord->advance_later);
}

static void fail(struct weir_coordinator *coord, const struct weir_error *why)
{
    if (coord->failure.status == WEIR_OK && coord->state != COORD_STOPPING)
        coord->failure = *why;
    stop(coord);
}

void weir_coordinator_cancel(struct weir_coordinator *coord)
{
    if (!coord->finished)
        coord->cancelled = true;
    stop(coord);
}

/* --- loading and deploying -----------------------------------------------------------------------------------------
 */

static void refused(void *arg, const char *path, const struct weir_error *why)
{
    struct weir_coordinator *coord = arg;

    weir_log_warn(coord->log, "checkpoint", "%s is passed over: %s", path, why->message);
}

static enum weir_status load_latest(struct load_job *load, struct weir_fs *fs, struct weir_error *err)
{
    char path[WEIR_PATH_LEN_MAX];
    enum weir_status status =
        weir_checkpoint_latest(fs, load->coord->options->checkpoints_dir, refused, load->coord, path, err);

    if (status == WEIR_E_NOT_FOUND) {
        *err = (struct weir_error){0};
        return WEIR_OK;
    }
    return status == WEIR_OK ? weir_restore_load(fs, path, &load->restore, err) : status;
}

/* Thread: the pool's. */
static void load_work(struct weir_job *job)
{
    struct load_job *load = (struct load_job *)job;
    struct weir_fs *fs = weir_host_fs(weir_loop_host(load->coord->loop));
    enum weir_status status = WEIR_OK;

    if (load->wanted && load->from[0] != '\0')
        status = weir_restore_load(fs, load->from, &load->restore, &load->err);
    else if (load->wanted)
        status = load_latest(load, fs, &load->err);
    load->err.status = status;
    if (status == WEIR_OK && checkpointing(load->coord))
        load->last_id = weir_checkpoint_last_id(fs, load->coord->options->checkpoints_dir);
}

static void deploy(struct weir_coordinator *coord)
{
    struct weir_deployment_options options = {.plan = coord->plan,
                                              .env = coord->options,
                                              .workers = &coord->workers,
                                              .reports = &coord->reports,
                                              .attempt = coord->attempt};
    struct weir_error err = {0};

    coord->opened = coord->ended = coord->closed = coord->synced = coord->committed = 0;
    coord->final_id = 0;
    if (weir_deployment_new(&options, &coord->deployment, &err) != WEIR_OK) {
        fail(coord, &err);
        return;
    }
    enter(coord, COORD_DEPLOYING);
    order_all(coord, WEIR_ORDER_OPEN, 0);
}

static void load_done(struct weir_job *job)
{
    struct load_job *load = (struct load_job *)job;
    struct weir_coordinator *coord = load->coord;
    struct weir_error err = load->err;

    coord->loading = false;
    if (coord->state == COORD_STOPPING) {
        advance_stop(coord);
        return;
    }
    if (err.status == WEIR_OK && load->restore != NULL) {
        weir_log_info(coord->log, "job", "%s: starts from %s", coord->job_name, load->restore->path);
        coord->restored_id = load->restore->manifest.checkpoint_id;
        err.status = weir_restore_check(load->restore, coord->plan, coord->options, &err);
    }
    if (err.status != WEIR_OK)
        fail(coord, &err);
    else
        deploy(coord);
}

/* Where this attempt starts from: what the user said, or, after this job has completed a checkpoint, its newest. */
static bool choose_checkpoint(struct weir_coordinator *coord)
{
    const char *from = coord->options->from_checkpoint;
    bool own = coord->cps != NULL && weir_checkpoints_figures(coord->cps)->completed > 0;

    coord->load.from[0] = '\0';
    if (own || (from != NULL && strcmp(from, "latest") == 0))
        return true;
    if (from == NULL)
        return false;
    snprintf(coord->load.from, sizeof(coord->load.from), "%s", from);
    return true;
}

static void load(struct weir_coordinator *coord)
{
    enter(coord, COORD_LOADING);
    coord->load.wanted = choose_checkpoint(coord);
    if (!coord->load.wanted && !checkpointing(coord)) {
        deploy(coord);
        return;
    }
    coord->load.coord = coord;
    coord->load.err = (struct weir_error){0};
    coord->load.job = (struct weir_job){.work = load_work, .done = load_done, .loop = coord->loop};
    coord->loading = true;
    weir_host_submit(weir_loop_host(coord->loop), &coord->load.job);
}

static void on_restart_timer(void *arg)
{
    load(arg);
}

/* --- checkpoints ---------------------------------------------------------------------------------------------------
 */

static void on_trigger(void *arg, int64_t checkpoint_id)
{
    struct weir_coordinator *coord = arg;

    for (size_t i = 0; i < coord->deployment->task_count; i++) {
        if (coord->deployment->tasks[i]->is_source)
            weir_order_send(coord->deployment->tasks[i], WEIR_ORDER_TRIGGER, checkpoint_id, NULL);
    }
}

static void on_completed(void *arg, int64_t checkpoint_id)
{
    struct weir_coordinator *coord = arg;

    coord->failed_in_a_row = 0;
    if (coord->state != COORD_RUNNING && coord->state != COORD_FINISHING)
        return;
    if (checkpoint_id == weir_checkpoints_final_id(coord->cps)) {
        coord->final_id = checkpoint_id;
        coord->committed = 0;
    }
    order_all(coord, WEIR_ORDER_COMMITTED, checkpoint_id);
}

static void on_failed(void *arg, int64_t checkpoint_id, const struct weir_error *why)
{
    struct weir_coordinator *coord = arg;

    if (coord->state != COORD_RUNNING && coord->state != COORD_FINISHING)
        return;
    order_all(coord, WEIR_ORDER_ABORTED, checkpoint_id);
    if (coord->failed_in_a_row++ >= coord->options->tolerable_failed_checkpoints)
        fail(coord, why);
    else if (coord->state == COORD_FINISHING)
        weir_checkpoints_finish(coord->cps);
}

/* --- reports -------------------------------------------------------------------------------------------------------
 */

static void all_opened(struct weir_coordinator *coord)
{
    weir_restore_free(coord->load.restore);
    coord->load.restore = NULL;
    enter(coord, COORD_RUNNING);
    order_all(coord, WEIR_ORDER_RUN, 0);
    if (coord->cps != NULL)
        weir_checkpoints_start(coord->cps, coord->load.last_id);
}

static void all_ended(struct weir_coordinator *coord)
{
    enter(coord, COORD_FINISHING);
    if (coord->cps != NULL) {
        weir_checkpoints_finish(coord->cps);
        return;
    }
    coord->finished = true;
    stop(coord);
}

static void on_committed(struct weir_coordinator *coord, int64_t checkpoint_id)
{
    if (checkpoint_id != coord->final_id || ++coord->committed < coord->deployment->task_count)
        return;
    coord->finished = true;
    stop(coord);
}

static void on_synced(struct weir_task *task)
{
    struct weir_coordinator *coord = task->reports->arg;

    if (++coord->synced == coord->deployment->task_count)
        advance_stop(coord);
}

static void sync_all(struct weir_coordinator *coord)
{
    for (size_t i = 0; i < coord->deployment->task_count; i++)
        weir_task_sync(coord->deployment->tasks[i], on_synced);
}

static void take_report(struct weir_coordinator *coord, struct weir_report *report)
{
    size_t all = coord->deployment->task_count;

    switch (report->kind) {
    case WEIR_REPORT_OPENED:
        if (++coord->opened == all && coord->state == COORD_DEPLOYING)
            all_opened(coord);
        break;
    case WEIR_REPORT_FAILED:
        fail(coord, &report->error);
        break;
    case WEIR_REPORT_ENDED:
        if (++coord->ended == all && coord->state == COORD_RUNNING)
            all_ended(coord);
        break;
    case WEIR_REPORT_SNAPSHOT:
        weir_checkpoints_snapshot(coord->cps, report->checkpoint_id, report->task->vertex->id,
                                  report->task->host.subtask, &report->snapshot);
        weir_snapshot_init(&report->snapshot); /* taken over */
        break;
    case WEIR_REPORT_COMMITTED:
        if (coord->state == COORD_FINISHING)
            on_committed(coord, report->checkpoint_id);
        break;
    case WEIR_REPORT_CLOSED:
        if (++coord->closed == all)
            sync_all(coord);
        break;
    }
}

static void deliver_report(void *arg, struct weir_letter *letter)
{
    take_report(arg, (struct weir_report *)letter);
    weir_report_free(letter);
}

/* --- beginning -----------------------------------------------------------------------------------------------------
 */

static int worker_count(const struct weir_coordinator *coord)
{
    int most = 1, cores = weir_host_cores(weir_loop_host(coord->loop));

    if (coord->options->workers > 0)
        return coord->options->workers;
    for (size_t v = 0; v < coord->plan->vertex_count; v++) {
        if (coord->plan->vertices[v].parallelism > most)
            most = coord->plan->vertices[v].parallelism;
    }
    return most < cores ? most : cores;
}

static enum weir_status make_parts(struct weir_coordinator *coord, struct weir_error *err)
{
    enum weir_status status = weir_plan_new(&coord->env->graph, coord->options, &coord->plan, err);

    if (status == WEIR_OK && checkpointing(coord)) {
        struct weir_checkpoints_options options = {
            .loop = coord->loop,
            .env = coord->options,
            .plan = coord->plan,
            .job_name = coord->job_name,
            .owner = {on_trigger, on_completed, on_failed, on_checkpoints_stopped, coord},
        };

        status = weir_checkpoints_new(&options, &coord->cps, err);
    }
    if (status == WEIR_OK)
        status = weir_workers_start(&coord->workers, weir_loop_host(coord->loop), worker_count(coord), err);
    return status;
}

enum weir_status weir_coordinator_start(const struct weir_coordinator_options *options, struct weir_coordinator **out,
                                        struct weir_error *err)
{
    struct weir_coordinator *coord = calloc(1, sizeof(*coord));
    enum weir_status status;

    if (coord == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for job \"%s\"", options->job_name);
    coord->env = options->env;
    coord->options = &options->env->options;
    coord->loop = options->loop;
    coord->log = weir_loop_log(options->loop);
    coord->done = options->done;
    coord->arg = options->arg;
    coord->started_ns = weir_loop_now_ns(options->loop);
    weir_postbox_init(&coord->reports, options->loop, deliver_report, coord);
    coord->before.first_record_ns = -1;
    coord->restart_timer = (struct weir_timer){.fn = on_restart_timer, .arg = coord};
    coord->progress_timer = (struct weir_timer){.fn = on_progress_timer, .arg = coord};
    coord->advance_later = (struct weir_deferred){.fn = advance_stop, .arg = coord};
    snprintf(coord->job_name, sizeof(coord->job_name), "%s", options->job_name);
    status = make_parts(coord, err);
    if (status != WEIR_OK) {
        coordinator_free(coord);
        return status;
    }
    if (coord->env->progress_fn != NULL && coord->env->progress_interval_ms > 0)
        weir_timer_start(coord->loop, &coord->progress_timer, coord->env->progress_interval_ms * WEIR_NS_PER_MS);
    *out = coord;
    load(coord);
    return WEIR_OK;
}
