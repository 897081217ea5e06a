/*
 * checkpoints.c - the state machine of checkpoints.h. One pool job makes the folder; each acknowledged snapshot is
 * written by one of its own; one completes or discards. Jobs in flight are counted, and a checkpoint that was given up
 * is discarded when none is left.
 */
#include "runtime/checkpoints.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define BIT(state) (1u << (state))

/* Writes one task's snapshot. */
struct write_job {
    struct weir_job job;
    struct weir_checkpoints *cps;
    struct weir_snapshot snapshot;
    struct weir_state_file file;
    bool acknowledged, busy;
    struct weir_error err; /* status OK: written */
};

struct weir_checkpoints {
    struct weir_loop *loop;
    struct weir_host *host;
    const struct weir_env_options *env;
    const struct weir_plan *plan;
    const char *job_name;
    struct weir_checkpoints_owner owner;
    enum weir_checkpoints_state state;

    int64_t id;        /* in progress, or the last one */
    int64_t last_used; /* greatest number so far */
    int64_t final_id;
    bool final_wanted, stopping;
    int64_t triggered_ns, triggered_ms;
    struct weir_timer interval_timer, timeout_timer;

    struct weir_job folder_job; /* begin, complete or discard */
    struct weir_error folder_err;
    bool folder_busy;
    struct write_job *writes; /* one for each task, in the plan's order */
    size_t written_count;
    int jobs_in_flight;
    struct weir_error failure;

    struct weir_manifest manifest;
    struct weir_checkpoints_figures figures;
};

static const unsigned legal_moves[] = {
    [WEIR_CHECKPOINTS_OFF] = BIT(WEIR_CHECKPOINTS_RESTING),
    [WEIR_CHECKPOINTS_RESTING] = BIT(WEIR_CHECKPOINTS_BEGINNING) | BIT(WEIR_CHECKPOINTS_OFF),
    [WEIR_CHECKPOINTS_BEGINNING] = BIT(WEIR_CHECKPOINTS_COLLECTING) | BIT(WEIR_CHECKPOINTS_DISCARDING),
    [WEIR_CHECKPOINTS_COLLECTING] = BIT(WEIR_CHECKPOINTS_COMPLETING) | BIT(WEIR_CHECKPOINTS_DISCARDING),
    [WEIR_CHECKPOINTS_COMPLETING] = BIT(WEIR_CHECKPOINTS_RESTING) | BIT(WEIR_CHECKPOINTS_DISCARDING),
    [WEIR_CHECKPOINTS_DISCARDING] = BIT(WEIR_CHECKPOINTS_RESTING),
};

static void enter(struct weir_checkpoints *cps, enum weir_checkpoints_state state)
{
    assert((legal_moves[cps->state] & BIT(state)) != 0);
    cps->state = state; /* written nowhere else */
}

static struct weir_fs *fs_of(const struct weir_checkpoints *cps)
{
    return weir_host_fs(cps->host);
}

static void submit(struct weir_checkpoints *cps, struct weir_job *job, bool *busy, void (*work)(struct weir_job *job),
                   void (*done)(struct weir_job *job))
{
    *job = (struct weir_job){.work = work, .done = done, .loop = cps->loop};
    *busy = true;
    cps->jobs_in_flight++;
    weir_host_submit(cps->host, job);
}

static struct weir_checkpoints *of_folder_job(struct weir_job *job)
{
    return (struct weir_checkpoints *)((char *)job - offsetof(struct weir_checkpoints, folder_job));
}

static void begin_one(struct weir_checkpoints *cps);

/* --- between checkpoints -------------------------------------------------------------------------------------------
 */

static void rest(struct weir_checkpoints *cps)
{
    int64_t delay_ns, pause_ns;

    enter(cps, WEIR_CHECKPOINTS_RESTING);
    if (cps->stopping) {
        cps->stopping = false;
        enter(cps, WEIR_CHECKPOINTS_OFF);
        cps->owner.stopped(cps->owner.arg);
        return;
    }
    if (cps->final_id != 0) /* that was it */
        return;
    delay_ns = cps->env->checkpoint_interval_ms * WEIR_NS_PER_MS - (weir_loop_now_ns(cps->loop) - cps->triggered_ns);
    pause_ns = cps->env->checkpoint_min_pause_ms * WEIR_NS_PER_MS;
    delay_ns = delay_ns > pause_ns ? delay_ns : pause_ns;
    weir_timer_start(cps->loop, &cps->interval_timer, cps->final_wanted ? 0 : delay_ns);
}

static void forget_snapshots(struct weir_checkpoints *cps)
{
    for (size_t i = 0; i < cps->plan->task_count; i++) {
        if (cps->writes[i].acknowledged)
            weir_snapshot_fini(&cps->writes[i].snapshot);
        cps->writes[i].acknowledged = false;
    }
}

/* --- giving up -----------------------------------------------------------------------------------------------------
 */

static void discard_work(struct weir_job *job)
{
    struct weir_checkpoints *cps = of_folder_job(job);

    weir_checkpoint_discard(fs_of(cps), cps->env->checkpoints_dir, cps->id);
}

static void discard_done(struct weir_job *job)
{
    struct weir_checkpoints *cps = of_folder_job(job);
    struct weir_error why = cps->failure;
    bool told = cps->stopping;
    int64_t id = cps->id;

    cps->folder_busy = false;
    cps->jobs_in_flight--;
    if (cps->final_id == id)
        cps->final_id = 0;
    rest(cps);
    if (!told)
        cps->owner.failed(cps->owner.arg, id, &why);
}

/* Once no job writes into the folder any more. */
static void discard_if_quiet(struct weir_checkpoints *cps)
{
    if (cps->jobs_in_flight > 0)
        return;
    forget_snapshots(cps);
    submit(cps, &cps->folder_job, &cps->folder_busy, discard_work, discard_done);
}

static void give_up(struct weir_checkpoints *cps, const struct weir_error *why)
{
    cps->failure = *why;
    cps->figures.failed += !cps->stopping;
    weir_timer_stop(cps->loop, &cps->timeout_timer);
    enter(cps, WEIR_CHECKPOINTS_DISCARDING);
    if (!cps->stopping)
        weir_log_warn(weir_loop_log(cps->loop), "checkpoint", "%lld given up: %s", (long long)cps->id, why->message);
    discard_if_quiet(cps);
}

static void on_timeout(void *arg)
{
    struct weir_checkpoints *cps = arg;
    struct weir_error why = {0};
    size_t missing = 0;

    for (size_t i = 0; i < cps->plan->task_count; i++)
        missing += !cps->writes[i].acknowledged;
    weir_fail(&why, WEIR_E_TIMEOUT,
              "checkpoint %lld did not complete within %lld ms (%zu of %zu tasks did not acknowledge it); raise "
              "execution.checkpointing.timeout",
              (long long)cps->id, (long long)cps->env->checkpoint_timeout_ms, missing, cps->plan->task_count);
    if (cps->state == WEIR_CHECKPOINTS_BEGINNING || cps->state == WEIR_CHECKPOINTS_COLLECTING)
        give_up(cps, &why);
}

/* --- completing ----------------------------------------------------------------------------------------------------
 */

static void complete_work(struct weir_job *job)
{
    struct weir_checkpoints *cps = of_folder_job(job);
    enum weir_status status;

    status = weir_checkpoint_complete(fs_of(cps), cps->env->checkpoints_dir, &cps->manifest, &cps->folder_err);
    cps->folder_err.status = status;
    if (status == WEIR_OK) /* one that cannot be removed is only in the way */
        weir_checkpoint_retain(fs_of(cps), cps->env->checkpoints_dir, cps->env->checkpoints_retained, NULL);
}

static void complete_done(struct weir_job *job)
{
    struct weir_checkpoints *cps = of_folder_job(job);
    int64_t id = cps->id;

    cps->folder_busy = false;
    cps->jobs_in_flight--;
    if (cps->folder_err.status != WEIR_OK) {
        give_up(cps, &cps->folder_err);
        return;
    }
    forget_snapshots(cps);
    cps->figures.completed++;
    cps->figures.last_id = id;
    cps->figures.last_duration_ms = (weir_loop_now_ns(cps->loop) - cps->triggered_ns) / WEIR_NS_PER_MS;
    weir_log_info(weir_loop_log(cps->loop), "checkpoint", "%lld complete: %lld bytes in %lld ms", (long long)id,
                  (long long)cps->figures.last_bytes, (long long)cps->figures.last_duration_ms);
    cps->owner.completed(cps->owner.arg, id);
    rest(cps);
}

static void complete(struct weir_checkpoints *cps)
{
    cps->figures.last_bytes = 0;
    for (size_t i = 0; i < cps->plan->task_count; i++) {
        cps->manifest.files[i] = cps->writes[i].file;
        cps->figures.last_bytes += (int64_t)cps->writes[i].file.len;
    }
    cps->manifest.checkpoint_id = cps->id;
    cps->manifest.triggered_ms = cps->triggered_ms;
    cps->manifest.completed_ms = weir_loop_wall_ms(cps->loop);
    weir_timer_stop(cps->loop, &cps->timeout_timer); /* from here on it is not given up, whatever it takes */
    enter(cps, WEIR_CHECKPOINTS_COMPLETING);
    cps->folder_err = (struct weir_error){0};
    submit(cps, &cps->folder_job, &cps->folder_busy, complete_work, complete_done);
}

/* --- collecting ----------------------------------------------------------------------------------------------------
 */

static void write_work(struct weir_job *job)
{
    struct write_job *write = (struct write_job *)job;
    struct weir_checkpoints *cps = write->cps;

    write->err.status = weir_checkpoint_write(fs_of(cps), cps->env->checkpoints_dir, cps->id, &write->snapshot,
                                              &write->file, &write->err);
}

static void write_done(struct weir_job *job)
{
    struct write_job *write = (struct write_job *)job;
    struct weir_checkpoints *cps = write->cps;

    write->busy = false;
    cps->jobs_in_flight--;
    if (cps->state == WEIR_CHECKPOINTS_DISCARDING) {
        discard_if_quiet(cps);
        return;
    }
    if (write->err.status != WEIR_OK)
        give_up(cps, &write->err);
    else if (++cps->written_count == cps->plan->task_count)
        complete(cps);
}

static struct write_job *write_job_of(struct weir_checkpoints *cps, int vertex, int subtask)
{
    size_t at = (size_t)subtask;

    for (int v = 0; v < vertex; v++)
        at += (size_t)cps->plan->vertices[v].parallelism;
    return &cps->writes[at];
}

void weir_checkpoints_snapshot(struct weir_checkpoints *cps, int64_t checkpoint_id, int vertex, int subtask,
                               struct weir_snapshot *snapshot)
{
    struct write_job *write = write_job_of(cps, vertex, subtask);
    enum weir_status status = weir_snapshot_status(snapshot);

    if (cps->state != WEIR_CHECKPOINTS_COLLECTING || checkpoint_id != cps->id || write->acknowledged) {
        weir_snapshot_fini(snapshot);
        return;
    }
    write->acknowledged = true;
    write->snapshot = *snapshot;
    write->file = (struct weir_state_file){.vertex = vertex, .subtask = subtask};
    write->err = (struct weir_error){0};
    write->cps = cps;
    if (status != WEIR_OK) {
        weir_fail(&write->err, status, "the snapshot of \"%s\" (subtask %d/%d) could not be taken: %s",
                  cps->plan->vertices[vertex].name, subtask + 1, cps->plan->vertices[vertex].parallelism,
                  weir_status_text(status));
        give_up(cps, &write->err);
        return;
    }
    submit(cps, &write->job, &write->busy, write_work, write_done);
}

/* --- beginning -----------------------------------------------------------------------------------------------------
 */

static void begin_work(struct weir_job *job)
{
    struct weir_checkpoints *cps = of_folder_job(job);

    cps->folder_err.status = weir_checkpoint_start(fs_of(cps), cps->env->checkpoints_dir, cps->id, &cps->folder_err);
}

static void begin_done(struct weir_job *job)
{
    struct weir_checkpoints *cps = of_folder_job(job);

    cps->folder_busy = false;
    cps->jobs_in_flight--;
    if (cps->state == WEIR_CHECKPOINTS_DISCARDING) {
        discard_if_quiet(cps);
        return;
    }
    if (cps->folder_err.status != WEIR_OK) {
        give_up(cps, &cps->folder_err);
        return;
    }
    enter(cps, WEIR_CHECKPOINTS_COLLECTING);
    cps->owner.trigger(cps->owner.arg, cps->id);
}

static void begin_one(struct weir_checkpoints *cps)
{
    weir_timer_stop(cps->loop, &cps->interval_timer);
    enter(cps, WEIR_CHECKPOINTS_BEGINNING);
    cps->id = ++cps->last_used;
    if (cps->final_wanted) {
        cps->final_wanted = false;
        cps->final_id = cps->id;
    }
    cps->written_count = 0;
    cps->triggered_ns = weir_loop_now_ns(cps->loop);
    cps->triggered_ms = weir_loop_wall_ms(cps->loop);
    cps->folder_err = (struct weir_error){0};
    weir_timer_start(cps->loop, &cps->timeout_timer, cps->env->checkpoint_timeout_ms * WEIR_NS_PER_MS);
    submit(cps, &cps->folder_job, &cps->folder_busy, begin_work, begin_done);
}

static void on_interval(void *arg)
{
    begin_one(arg);
}

void weir_checkpoints_start(struct weir_checkpoints *cps, int64_t last_id)
{
    if (last_id > cps->last_used)
        cps->last_used = last_id;
    cps->final_id = 0;
    cps->final_wanted = false;
    cps->triggered_ns = weir_loop_now_ns(cps->loop);
    rest(cps);
}

void weir_checkpoints_finish(struct weir_checkpoints *cps)
{
    cps->final_wanted = true;
    if (cps->state == WEIR_CHECKPOINTS_RESTING)
        weir_timer_start(cps->loop, &cps->interval_timer, 0);
}

int64_t weir_checkpoints_final_id(const struct weir_checkpoints *cps)
{
    return cps->final_id;
}

void weir_checkpoints_stop(struct weir_checkpoints *cps)
{
    struct weir_error why = {.status = WEIR_E_CANCELLED, .message = "the job stops"};

    weir_timer_stop(cps->loop, &cps->interval_timer);
    cps->stopping = true;
    switch (cps->state) {
    case WEIR_CHECKPOINTS_OFF:
        cps->stopping = false;
        cps->owner.stopped(cps->owner.arg);
        break;
    case WEIR_CHECKPOINTS_RESTING:
        cps->stopping = false;
        enter(cps, WEIR_CHECKPOINTS_OFF);
        cps->owner.stopped(cps->owner.arg);
        break;
    case WEIR_CHECKPOINTS_BEGINNING:
    case WEIR_CHECKPOINTS_COLLECTING:
        give_up(cps, &why);
        break;
    case WEIR_CHECKPOINTS_COMPLETING: /* it may well become durable: wait and see */
    case WEIR_CHECKPOINTS_DISCARDING:
        break;
    }
}

/* --- making one ----------------------------------------------------------------------------------------------------
 */

static void describe_operators(struct weir_checkpoints *cps)
{
    struct weir_manifest_operator *op = cps->manifest.operators;

    for (size_t v = 0; v < cps->plan->vertex_count; v++) {
        const struct weir_vertex *vertex = &cps->plan->vertices[v];

        for (size_t i = 0; i < vertex->link_count; i++, op++) {
            op->vertex = vertex->id;
            op->parallelism = vertex->parallelism;
            snprintf(op->uid, sizeof(op->uid), "%s", vertex->links[i].node->uid);
            snprintf(op->name, sizeof(op->name), "%s", vertex->links[i].node->name);
        }
    }
}

enum weir_status weir_checkpoints_new(const struct weir_checkpoints_options *options, struct weir_checkpoints **out,
                                      struct weir_error *err)
{
    struct weir_checkpoints *cps = calloc(1, sizeof(*cps));

    if (cps == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for the job's checkpoints");
    cps->loop = options->loop;
    cps->host = weir_loop_host(options->loop);
    cps->env = options->env;
    cps->plan = options->plan;
    cps->owner = options->owner;
    cps->interval_timer = (struct weir_timer){.fn = on_interval, .arg = cps};
    cps->timeout_timer = (struct weir_timer){.fn = on_timeout, .arg = cps};
    cps->writes = calloc(cps->plan->task_count, sizeof(*cps->writes));
    for (size_t v = 0; v < cps->plan->vertex_count; v++)
        cps->manifest.operator_count += cps->plan->vertices[v].link_count;
    cps->manifest.file_count = cps->plan->task_count;
    cps->manifest.operators = calloc(cps->manifest.operator_count, sizeof(*cps->manifest.operators));
    cps->manifest.files = calloc(cps->manifest.file_count, sizeof(*cps->manifest.files));
    cps->manifest.max_parallelism = options->env->max_parallelism;
    snprintf(cps->manifest.job_name, sizeof(cps->manifest.job_name), "%s", options->job_name);
    if (cps->writes == NULL || cps->manifest.operators == NULL || cps->manifest.files == NULL) {
        weir_checkpoints_free(cps);
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for the job's checkpoints");
    }
    describe_operators(cps);
    *out = cps;
    return WEIR_OK;
}

/* After a simulated crash: takes back what is under way. */
static void abandon(struct weir_checkpoints *cps)
{
    weir_timer_stop(cps->loop, &cps->interval_timer);
    weir_timer_stop(cps->loop, &cps->timeout_timer);
    if (cps->folder_busy)
        weir_host_cancel(cps->host, &cps->folder_job);
    for (size_t i = 0; i < cps->plan->task_count; i++) {
        if (cps->writes[i].busy)
            weir_host_cancel(cps->host, &cps->writes[i].job);
    }
    forget_snapshots(cps);
}

void weir_checkpoints_free(struct weir_checkpoints *cps)
{
    if (cps == NULL)
        return;
    if (cps->state != WEIR_CHECKPOINTS_OFF)
        abandon(cps);
    free(cps->writes);
    weir_manifest_fini(&cps->manifest);
    free(cps);
}

const struct weir_checkpoints_figures *weir_checkpoints_figures(const struct weir_checkpoints *cps)
{
    return &cps->figures;
}

int64_t weir_checkpoints_last_used(const struct weir_checkpoints *cps)
{
    return cps->last_used;
}
