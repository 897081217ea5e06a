/*
 * host.c - the host's public calls, handed to the implementation (real_host.c, sim_host.c).
 */
#include "weir/host.h"

#include "base/host_int.h"

void weir_host_free(struct weir_host *host)
{
    if (host != NULL)
        host->ops->free(host);
}

struct weir_fs *weir_host_fs(struct weir_host *host)
{
    return host->fs;
}

struct weir_log *weir_host_log(struct weir_host *host)
{
    return host->log;
}

void weir_host_submit(struct weir_host *host, struct weir_job *job)
{
    host->ops->submit(host, job);
}

bool weir_host_cancel(struct weir_host *host, struct weir_job *job)
{
    return host->ops->cancel(host, job);
}

uint64_t weir_host_random(struct weir_host *host)
{
    return host->ops->random(host);
}

int weir_host_cores(struct weir_host *host)
{
    return host->ops->cores(host);
}

const char *weir_host_env(struct weir_host *host, const char *name)
{
    return host->ops->env(host, name);
}
