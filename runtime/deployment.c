/*
 * deployment.c - makes the tasks of a plan and lays channels between them.
 *
 * The channel from subtask i of an edge's producer (of p) to subtask k of its consumer (of q) is number
 * first + i * q + k; of a pointwise edge there is only the channel from i to i, number first + i.
 */
#include "runtime/deployment.h"

#include <stdlib.h>
#include <string.h>

static enum weir_status out_of_memory(const struct weir_vertex *vertex, struct weir_error *err)
{
    return weir_fail(err, WEIR_E_NOMEM, "out of memory while deploying \"%s\"", vertex->name);
}

static size_t edge_channels(const struct weir_plan *plan, const struct weir_plan_edge *edge)
{
    size_t from = (size_t)plan->vertices[edge->from].parallelism, to = (size_t)plan->vertices[edge->to].parallelism;

    return weir_plan_edge_pointwise(edge) ? from : from * to;
}

static size_t depth_of(const struct weir_env_options *env)
{
    size_t depth = 2;

    while (depth < (size_t)env->buffers_per_channel)
        depth *= 2;
    return depth;
}

static struct weir_task *task_at(const struct weir_deployment *deployment, int vertex, int subtask)
{
    size_t at = (size_t)subtask;

    for (int v = 0; v < vertex; v++)
        at += (size_t)deployment->plan->vertices[v].parallelism;
    return deployment->tasks[at];
}

static size_t count_edges_from(const struct weir_plan *plan, int vertex)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->edge_count; i++)
        count += plan->edges[i].from == vertex;
    return count;
}

static enum weir_status make_tasks(struct weir_deployment *deployment, const struct weir_deployment_options *options,
                                   struct weir_error *err)
{
    enum weir_status status = WEIR_OK;

    for (size_t v = 0; v < options->plan->vertex_count; v++) {
        const struct weir_vertex *vertex = &options->plan->vertices[v];

        for (int i = 0; i < vertex->parallelism && status == WEIR_OK; i++) {
            struct weir_task_options task = {.vertex = vertex,
                                             .env = options->env,
                                             .subtask = i,
                                             .attempt = options->attempt,
                                             .loop = weir_workers_loop(options->workers, i),
                                             .reports = options->reports,
                                             .output_count = count_edges_from(options->plan, (int)v)};

            status = weir_task_new(&task, &deployment->tasks[deployment->task_count], err);
            deployment->task_count += deployment->tasks[deployment->task_count] != NULL;
        }
    }
    return status;
}

/* One producing subtask's end of an edge. */
static enum weir_status lay_output(struct weir_deployment *deployment, const struct weir_plan_edge *edge, size_t first,
                                   int subtask, const struct weir_env_options *env, struct weir_error *err)
{
    const struct weir_plan *plan = deployment->plan;
    struct weir_task *task = task_at(deployment, edge->from, subtask);
    int width = weir_plan_edge_pointwise(edge) ? 1 : plan->vertices[edge->to].parallelism;
    struct weir_channel **channels = calloc((size_t)width, sizeof(struct weir_channel *));
    struct weir_chain_exit *exits = realloc(task->exits, (task->exit_count + 1) * sizeof(*exits));
    enum weir_status status;

    if (exits != NULL)
        task->exits = exits;
    if (channels == NULL || exits == NULL) {
        free(channels);
        return out_of_memory(task->vertex, err);
    }
    for (int k = 0; k < width; k++) {
        channels[k] = &deployment->channels[first + (size_t)subtask * (size_t)width + (size_t)k];
        channels[k]->producer = &task->waker;
    }
    status = weir_output_init(&task->outbox, task->exit_count,
                              &(struct weir_output_options){.edge = edge,
                                                            .channels = channels,
                                                            .channel_count = width,
                                                            .first = subtask,
                                                            .max_parallelism = env->max_parallelism,
                                                            .buffer_len = (uint32_t)env->buffer_bytes},
                              err);
    exits[task->exit_count] = (struct weir_chain_exit){edge->from_link, &task->outbox.outputs[task->exit_count].base};
    task->exit_count++;
    free(channels);
    return status;
}

static enum weir_status lay_outputs(struct weir_deployment *deployment, const struct weir_env_options *env,
                                    struct weir_error *err)
{
    enum weir_status status = WEIR_OK;
    size_t first = 0;

    for (size_t e = 0; e < deployment->plan->edge_count; e++) {
        const struct weir_plan_edge *edge = &deployment->plan->edges[e];

        for (int i = 0; i < deployment->plan->vertices[edge->from].parallelism && status == WEIR_OK; i++)
            status = lay_output(deployment, edge, first, i, env, err);
        first += edge_channels(deployment->plan, edge);
    }
    return status;
}

/* Appends the channels of an edge that end at a consuming subtask; returns how many. */
static int gather(struct weir_deployment *deployment, const struct weir_plan_edge *edge, size_t first,
                  struct weir_task *task, struct weir_channel **channels)
{
    int p = deployment->plan->vertices[edge->from].parallelism, q = task->vertex->parallelism;
    int count = 0;

    for (int i = 0; i < p; i++) {
        if (weir_plan_edge_pointwise(edge) && i != task->host.subtask)
            continue;
        channels[count] = &deployment->channels[first + (weir_plan_edge_pointwise(edge)
                                                             ? (size_t)i
                                                             : (size_t)i * (size_t)q + (size_t)task->host.subtask)];
        channels[count++]->consumer = &task->waker;
    }
    return count;
}

static enum weir_status lay_input(struct weir_deployment *deployment, struct weir_task *task,
                                  const struct weir_env_options *env, struct weir_error *err)
{
    const struct weir_plan *plan = deployment->plan;
    struct weir_input_options options = {.loop = task->loop,
                                         .buffer_len = (uint32_t)env->buffer_bytes,
                                         .exactly_once = env->checkpoint_mode == WEIR_EXACTLY_ONCE};
    enum weir_status status;
    size_t first = 0;

    options.channels = calloc(deployment->channel_count + 1, sizeof(struct weir_channel *));
    if (options.channels == NULL)
        return out_of_memory(task->vertex, err);
    for (size_t e = 0; e < plan->edge_count; e++) {
        const struct weir_plan_edge *edge = &plan->edges[e];

        if (edge->to == task->vertex->id) {
            options.type = edge->type;
            options.channel_count += gather(deployment, edge, first, task, options.channels + options.channel_count);
        }
        first += edge_channels(plan, edge);
    }
    status = weir_input_init(&task->input, &options, err);
    free(options.channels);
    return status;
}

static enum weir_status make_channels(struct weir_deployment *deployment, const struct weir_env_options *env,
                                      struct weir_error *err)
{
    enum weir_status status = WEIR_OK;
    size_t count = 0, size;

    for (size_t e = 0; e < deployment->plan->edge_count; e++)
        count += edge_channels(deployment->plan, &deployment->plan->edges[e]);
    size = (count + 1) * sizeof(*deployment->channels);
    deployment->channels = aligned_alloc(_Alignof(struct weir_channel), size);
    if (deployment->channels == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for %zu channels between tasks", count);
    memset(deployment->channels, 0, size);
    deployment->channel_count = count;
    for (size_t i = 0; i < count && status == WEIR_OK; i++)
        status = weir_channel_init(&deployment->channels[i], depth_of(env), err);
    return status;
}

enum weir_status weir_deployment_new(const struct weir_deployment_options *options, struct weir_deployment **out,
                                     struct weir_error *err)
{
    struct weir_deployment *deployment = calloc(1, sizeof(*deployment));
    enum weir_status status;

    if (deployment == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory while deploying the job");
    deployment->plan = options->plan;
    deployment->tasks = calloc(options->plan->task_count, sizeof(struct weir_task *));
    status = deployment->tasks != NULL ? make_channels(deployment, options->env, err)
                                       : weir_fail(err, WEIR_E_NOMEM, "out of memory while deploying the job");
    if (status == WEIR_OK)
        status = make_tasks(deployment, options, err);
    if (status == WEIR_OK)
        status = lay_outputs(deployment, options->env, err);
    for (size_t i = 0; i < deployment->task_count && status == WEIR_OK; i++) {
        if (!deployment->tasks[i]->is_source)
            status = lay_input(deployment, deployment->tasks[i], options->env, err);
    }
    if (status != WEIR_OK) {
        weir_deployment_free(deployment);
        return status;
    }
    *out = deployment;
    return WEIR_OK;
}

void weir_deployment_free(struct weir_deployment *deployment)
{
    if (deployment == NULL)
        return;
    for (size_t i = 0; i < deployment->task_count; i++)
        weir_task_free(deployment->tasks[i]);
    for (size_t i = 0; i < deployment->channel_count; i++)
        weir_channel_fini(&deployment->channels[i]);
    free(deployment->tasks);
    free(deployment->channels);
    free(deployment);
}
