/*
 * real_host.c - what a process has from its machine.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/fs_int.h"
#include "base/log_int.h"
#include "base/real_int.h"

#define POOL_THREADS_DEFAULT 4
#define POOL_THREADS_MAX 1024

static int64_t wall_ms(void *arg)
{
    struct timespec now;

    (void)arg;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / WEIR_NS_PER_MS;
}

static enum weir_status real_loop_new(struct weir_host *host, const char *name, struct weir_loop **out,
                                      struct weir_error *err)
{
    return weir_real_loop_new(host, name, out, err);
}

static void real_submit(struct weir_host *host, struct weir_job *job)
{
    weir_real_pool_submit(weir_real_pool(host), job);
}

static bool real_cancel(struct weir_host *base, struct weir_job *job)
{
    return weir_real_pool_cancel(weir_real_pool(base), job);
}

/* The n-th number of splitmix64 from the seed: no lock, and no number twice. Thread: any. */
static uint64_t real_random(struct weir_host *base)
{
    struct weir_real_host *host = (struct weir_real_host *)base;
    uint64_t n = atomic_fetch_add_explicit(&host->random_count, 1, memory_order_relaxed);
    uint64_t z = host->seed + (n + 1) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static int real_cores(struct weir_host *host)
{
    cpu_set_t set;
    long online;

    (void)host;
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        return CPU_COUNT(&set);
    online = sysconf(_SC_NPROCESSORS_ONLN); /* more processors than cpu_set_t has bits */
    return online > 0 ? (int)online : 1;
}

static const char *real_env(struct weir_host *host, const char *name)
{
    (void)host;
    return getenv(name);
}

static void real_free(struct weir_host *base)
{
    struct weir_real_host *host = (struct weir_real_host *)base;

    weir_real_pool_fini(&host->pool);
    if (base->fs != NULL)
        base->fs->ops->free(base->fs);
    free(base->log);
    free(host);
}

static const struct weir_host_ops real_host_ops = {
    .free = real_free,
    .loop_new = real_loop_new,
    .submit = real_submit,
    .cancel = real_cancel,
    .random = real_random,
    .cores = real_cores,
    .env = real_env,
};

static enum weir_status pick_seed(uint64_t *seed, struct weir_error *err)
{
    if (getrandom(seed, sizeof(*seed), 0) != (ssize_t)sizeof(*seed))
        return weir_fail_sys(err, WEIR_E_IO, errno, "cannot get a random seed from the kernel");
    return WEIR_OK;
}

enum weir_status weir_host_new(const struct weir_host_options *options, struct weir_host **out, struct weir_error *err)
{
    static const struct weir_host_options defaults;
    struct weir_real_host *host = calloc(1, sizeof(*host));
    struct weir_log *log = malloc(sizeof(*log));
    enum weir_status status = WEIR_OK;
    int pool_threads;

    if (options == NULL)
        options = &defaults;
    pool_threads = options->pool_threads == 0 ? POOL_THREADS_DEFAULT : options->pool_threads;
    if (host == NULL || log == NULL)
        status = weir_fail(err, WEIR_E_NOMEM, "cannot make a host: out of memory");
    else if (pool_threads < 1 || pool_threads > POOL_THREADS_MAX)
        status = weir_fail(err, WEIR_E_INVAL, "pool_threads is %d, not 1..%d", pool_threads, POOL_THREADS_MAX);
    else if (options->seed != 0)
        host->seed = options->seed;
    else
        status = pick_seed(&host->seed, err);
    if (status == WEIR_OK)
        status = weir_real_pool_init(&host->pool, pool_threads, err);
    if (status != WEIR_OK) {
        free(log);
        free(host);
        return status;
    }
    *log = (struct weir_log){
        .level = options->log_level, .fd = options->log_fd == 0 ? STDERR_FILENO : options->log_fd, .wall_ms = wall_ms};
    host->base.ops = &real_host_ops;
    host->base.log = log;
    status = weir_posix_fs_new(&host->base.fs, err);
    if (status != WEIR_OK) {
        real_free(&host->base);
        return status;
    }
    *out = &host->base;
    return WEIR_OK;
}
