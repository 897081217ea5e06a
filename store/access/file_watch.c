/*
 * file_watch.c - files read and compared on the pool, every so often.
 */
#include "store/access/file_watch.h"

#include "base/hash.h"
#include "weir/fs.h"

#define READ_LEN 65536
#define WATCHED_LEN_MAX ((uint64_t)32 << 20) /* nobody's certificates are longer; what is behind it is not looked at */

static uint64_t digest_of(struct weir_fs *fs, const char *path, uint64_t digest)
{
    struct weir_file *file = NULL;
    uint8_t bytes[READ_LEN];
    size_t got = READ_LEN;

    if (weir_fs_open(fs, path, WEIR_OPEN_READ, &file, NULL) != WEIR_OK)
        return digest + 1; /* it is missing: something else than empty */
    for (uint64_t at = 0; got == READ_LEN && at < WATCHED_LEN_MAX; at += got) {
        if (weir_file_read_at(file, bytes, sizeof(bytes), at, &got, NULL) != WEIR_OK)
            got = 0;
        digest = weir_hash64(weir_view(bytes, got), digest);
    }
    weir_file_close(file);
    return digest;
}

static uint64_t look(const struct weir_file_watch *watch)
{
    uint64_t digest = 0;

    for (size_t i = 0; i < WEIR_WATCHED_FILES_MAX && watch->paths[i] != NULL; i++)
        digest = digest_of(watch->fs, watch->paths[i], digest);
    return digest;
}

static void look_on_pool(struct weir_job *job)
{
    struct weir_file_watch *watch = (struct weir_file_watch *)job;

    watch->found = look(watch);
}

static void begin_look(struct weir_file_watch *watch)
{
    watch->looking = true;
    watch->tells = watch->asked;
    watch->asked = false;
    weir_host_submit(weir_loop_host(watch->job.loop), &watch->job);
}

static void looked(struct weir_job *job)
{
    struct weir_file_watch *watch = (struct weir_file_watch *)job;
    bool tells = watch->tells || watch->found != watch->seen;

    watch->looking = false;
    watch->seen = watch->found;
    if (watch->asked) /* while it was looking: what it found may be older */
        begin_look(watch);
    else
        weir_timer_start(job->loop, &watch->timer, watch->every_ms * WEIR_NS_PER_MS);
    if (tells)
        watch->changed(watch->arg);
}

static void on_timer(void *arg)
{
    begin_look(arg);
}

void weir_file_watch_begin(struct weir_file_watch *watch, struct weir_loop *loop)
{
    watch->job = (struct weir_job){.work = look_on_pool, .done = looked, .loop = loop};
    watch->fs = weir_host_fs(weir_loop_host(loop));
    watch->timer = (struct weir_timer){.fn = on_timer, .arg = watch};
    watch->seen = look(watch);
}

void weir_file_watch_start(struct weir_file_watch *watch)
{
    weir_timer_start(watch->job.loop, &watch->timer, watch->every_ms * WEIR_NS_PER_MS);
}

void weir_file_watch_ask(struct weir_file_watch *watch)
{
    watch->asked = true;
    if (watch->looking)
        return;
    weir_timer_stop(watch->job.loop, &watch->timer);
    begin_look(watch);
}

void weir_file_watch_stop(struct weir_file_watch *watch)
{
    if (watch->job.loop == NULL)
        return;
    weir_timer_stop(watch->job.loop, &watch->timer);
    if (watch->looking)
        weir_host_cancel(weir_loop_host(watch->job.loop), &watch->job);
    watch->looking = false;
}
