/*
 * worker.c - starting and stopping the threads of a job.
 */
#include "runtime/worker.h"

#include <stdio.h>
#include <stdlib.h>

enum weir_status weir_workers_start(struct weir_workers *workers, struct weir_host *host, int count,
                                    struct weir_error *err)
{
    workers->list = calloc((size_t)count, sizeof(*workers->list));
    if (workers->list == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for %d workers", count);
    for (int i = 0; i < count; i++) {
        struct weir_worker *worker = &workers->list[i];
        enum weir_status status;

        snprintf(worker->name, sizeof(worker->name), "worker-%d", i);
        status = weir_loop_new(host, worker->name, &worker->loop, err);
        if (status != WEIR_OK)
            return status;
        workers->count++;
        status = weir_loop_start(worker->loop, err);
        if (status != WEIR_OK)
            return status;
        worker->started = true;
    }
    return WEIR_OK;
}

void weir_workers_stop(struct weir_workers *workers)
{
    for (int i = 0; i < workers->count; i++) {
        if (workers->list[i].started)
            weir_loop_stop(workers->list[i].loop);
    }
    for (int i = 0; i < workers->count; i++) {
        if (workers->list[i].started)
            weir_loop_join(workers->list[i].loop);
        weir_loop_free(workers->list[i].loop);
    }
    free(workers->list);
    *workers = (struct weir_workers){0};
}
