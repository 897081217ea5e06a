/**
 * @file runtime/deployment.h
 * @brief The tasks of one attempt to run a plan, and the channels between them.
 *
 * Made by the coordinator before any task gets an order, freed when all are synced.
 */
#ifndef WEIR_RUNTIME_DEPLOYMENT_H
#define WEIR_RUNTIME_DEPLOYMENT_H

#include "runtime/task.h"
#include "runtime/worker.h"

struct weir_deployment {
    const struct weir_plan *plan;
    struct weir_task **tasks; /* vertex by vertex, subtask by subtask */
    size_t task_count;
    struct weir_channel *channels; /* edge by edge, producer by producer */
    size_t channel_count;
};

struct weir_deployment_options {
    const struct weir_plan *plan;
    const struct weir_env_options *env;
    struct weir_workers *workers;
    struct weir_postbox *reports; /* the coordinator's */
    int attempt;
};

enum weir_status weir_deployment_new(const struct weir_deployment_options *options, struct weir_deployment **out,
                                     struct weir_error *err);
void weir_deployment_free(struct weir_deployment *deployment); /**< NULL is fine */

#endif
