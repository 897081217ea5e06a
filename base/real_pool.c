/*
 * real_pool.c - the threads of a real host that may block. The first is there from the beginning, so that every job
 * will be done; the others are started one by one as jobs find none idle. All end with the host.
 */
#include "base/real_int.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int weir_real_thread_start(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg)
{
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP}; /* a thread's own faults */
    char short_name[16] = "";
    sigset_t blocked, before;
    int error;

    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        sigdelset(&blocked, own[i]);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    error = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        return error;
    memcpy(short_name, name, strnlen(name, sizeof(short_name) - 1));
    pthread_setname_np(*thread, short_name);
    return 0;
}

static struct weir_job *job_of(struct weir_mail *mail)
{
    return (struct weir_job *)((char *)mail - offsetof(struct weir_job, mail));
}

/* Thread: the job's loop. */
static void deliver(struct weir_mail *mail)
{
    struct weir_job *job = job_of(mail);

    job->done(job);
}

static void run_job(struct weir_job *job)
{
    job->work(job);
    job->mail.fn = deliver;
    weir_loop_post(job->loop, &job->mail);
}

/* With the lock. */
static void job_left(struct weir_real_pool *pool, struct weir_real_loop *loop)
{
    loop->job_count--;
    pthread_cond_broadcast(&pool->left);
}

static struct weir_job *take_job(struct weir_real_pool *pool)
{
    struct weir_mail *mail = pool->first;

    pool->first = mail->next;
    if (pool->first == NULL)
        pool->last = &pool->first;
    pool->waiting_count--;
    return job_of(mail);
}

static void *pool_main(void *arg)
{
    struct weir_real_pool *pool = arg;

    pthread_mutex_lock(&pool->lock);
    for (;;) {
        struct weir_real_loop *loop;
        struct weir_job *job;

        while (pool->first == NULL && !pool->ends) {
            pool->idle_count++;
            pthread_cond_wait(&pool->work, &pool->lock);
            pool->idle_count--;
        }
        if (pool->first == NULL)
            break;
        job = take_job(pool);
        loop = weir_real_loop(job->loop); /* the job is its owner's again once it is posted */
        pthread_mutex_unlock(&pool->lock);
        run_job(job);
        pthread_mutex_lock(&pool->lock);
        job_left(pool, loop);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* With the lock. */
static int add_thread(struct weir_real_pool *pool)
{
    int error = weir_real_thread_start(&pool->threads[pool->thread_count], "weir-pool", pool_main, pool);

    if (error == 0)
        pool->thread_count++;
    return error;
}

void weir_real_pool_submit(struct weir_real_pool *pool, struct weir_job *job)
{
    struct weir_real_loop *loop = weir_real_loop(job->loop);

    pthread_mutex_lock(&pool->lock);
    loop->job_count++;
    job->mail.next = NULL;
    *pool->last = &job->mail;
    pool->last = &job->mail.next;
    pool->waiting_count++;
    if (pool->waiting_count > pool->idle_count && pool->thread_count < pool->thread_count_max)
        add_thread(pool); /* or wait for those that are there */
    pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->lock);
}

/* With the lock. */
static bool take_waiting(struct weir_real_pool *pool, const struct weir_job *job)
{
    for (struct weir_mail **link = &pool->first; *link != NULL; link = &(*link)->next) {
        if (*link != &job->mail)
            continue;
        *link = job->mail.next;
        if (job->mail.next == NULL)
            pool->last = link;
        pool->waiting_count--;
        return true;
    }
    return false;
}

bool weir_real_pool_cancel(struct weir_real_pool *pool, struct weir_job *job)
{
    struct weir_real_loop *loop = weir_real_loop(job->loop);
    bool done = true;

    pthread_mutex_lock(&pool->lock);
    if (take_waiting(pool, job)) {
        job_left(pool, loop);
        done = false;
    } else {
        while (!weir_mailbox_remove(&loop->mail, &job->mail)) /* posted before it leaves, so no wake-up is missed */
            pthread_cond_wait(&pool->left, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return done;
}

void weir_real_pool_drain(struct weir_real_pool *pool, struct weir_real_loop *loop)
{
    pthread_mutex_lock(&pool->lock);
    while (loop->job_count > 0)
        pthread_cond_wait(&pool->left, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

void weir_real_pool_fini(struct weir_real_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    assert(pool->first == NULL);
    pool->ends = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->left);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool->threads);
}

enum weir_status weir_real_pool_init(struct weir_real_pool *pool, int thread_count_max, struct weir_error *err)
{
    int error;

    *pool = (struct weir_real_pool){.thread_count_max = thread_count_max};
    pool->last = &pool->first;
    pool->threads = calloc((size_t)thread_count_max, sizeof(*pool->threads));
    if (pool->threads == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "cannot make a pool of %d threads: out of memory", thread_count_max);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->left, NULL);
    pthread_mutex_lock(&pool->lock);
    error = add_thread(pool);
    pthread_mutex_unlock(&pool->lock);
    if (error == 0)
        return WEIR_OK;
    weir_real_pool_fini(pool);
    return weir_fail_sys(err, error == ENOMEM ? WEIR_E_NOMEM : WEIR_E_IO, error,
                         "cannot start a thread (check the limits on threads, ulimit -u)");
}
