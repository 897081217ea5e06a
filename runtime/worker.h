/**
 * @file runtime/worker.h
 * @brief The threads of a job, each with one loop. They live through restarts; tasks come and go as mail.
 */
#ifndef WEIR_RUNTIME_WORKER_H
#define WEIR_RUNTIME_WORKER_H

#include "weir/host.h"

struct weir_worker {
    struct weir_loop *loop;
    char name[24]; /* of the thread */
    bool started;
};

struct weir_workers {
    struct weir_worker *list;
    int count;
};

enum weir_status weir_workers_start(struct weir_workers *workers, struct weir_host *host, int count,
                                    struct weir_error *err);
/** Stops and joins them. None has a task any more. A zeroed struct is fine. */
void weir_workers_stop(struct weir_workers *workers);

/** Where a subtask lives. */
static inline struct weir_loop *weir_workers_loop(const struct weir_workers *workers, int subtask)
{
    return workers->list[subtask % workers->count].loop;
}

#endif
