/*
 * sweep.c - removal of files that nothing needs any more: log and checkpoints from before the newest checkpoint, and
 * chunks of which nothing lives once the record that ended it is safe.
 *
 * One sweep is on the pool at a time. A file that it cannot remove is removed by a later one or by the next open.
 */
#include <stdlib.h>

#include "store/container/container_int.h"
#include "store/container/paths.h"

struct weir_sweep {
    struct weir_job job;
    struct weir_container *ctr;
    uint64_t published_lsn;
    uint64_t *chunks;
    size_t chunk_count;
    bool logs; /* files from before the checkpoint too */
};

struct name_list {
    char (*names)[32];
    size_t count, cap;
    uint64_t published_lsn;
};

static enum weir_status note_old_file(void *arg, const char *name, bool is_dir)
{
    struct name_list *list = arg;
    uint64_t number;
    bool old =
        !is_dir && ((weir_store_path_parse(name, WEIR_PATH_LOG, &number) && number <= list->published_lsn) ||
                    (weir_store_path_parse(name, WEIR_PATH_CHECKPOINT, &number) && number < list->published_lsn));

    if (!old)
        return WEIR_OK;
    if (list->count == list->cap) {
        size_t cap = list->cap > 0 ? list->cap * 2 : 16;
        void *names = realloc(list->names, cap * sizeof(*list->names));

        if (names == NULL)
            return WEIR_E_NOMEM;
        list->names = names;
        list->cap = cap;
    }
    memcpy(list->names[list->count++], name, strlen(name) + 1); /* both kinds of name are shorter than 32 */
    return WEIR_OK;
}

/* Thread: the pool's. A file that stays is removed by the next sweep or the next open. */
static void sweep_work(struct weir_job *job)
{
    struct weir_sweep *sweep = (struct weir_sweep *)job; /* its first member */
    struct weir_container *ctr = sweep->ctr;
    struct name_list list = {.published_lsn = sweep->published_lsn};
    char path[WEIR_STORE_PATH_LEN_MAX];

    for (size_t i = 0; i < sweep->chunk_count; i++) {
        weir_store_path(path, ctr->dir, WEIR_PATH_CHUNK, sweep->chunks[i]);
        weir_fs_remove(ctr->fs, path, NULL);
    }
    if (sweep->logs)
        weir_fs_list(ctr->fs, ctr->dir, note_old_file, &list, NULL);
    for (size_t i = 0; i < list.count; i++) {
        weir_store_path_named(path, ctr->dir, list.names[i]);
        weir_fs_remove(ctr->fs, path, NULL);
    }
    free(list.names);
}

static void sweep_free(struct weir_sweep *sweep)
{
    sweep->ctr->sweep = NULL;
    free(sweep->chunks);
    free(sweep);
}

static void sweep_done(struct weir_job *job)
{
    struct weir_sweep *sweep = (struct weir_sweep *)job;
    struct weir_container *ctr = sweep->ctr;

    sweep_free(sweep);
    weir_flush_step(ctr);
}

/* Nothing refers to it, nor will after a crash, and nobody is reading it. */
static bool removable(const struct weir_container *ctr, const struct weir_chunk *chunk)
{
    return chunk->published && chunk->live_len == 0 && chunk->readers == 0 &&
           chunk->dead_lsn <= weir_container_safe_lsn(ctr);
}

static size_t removable_count(const struct weir_container *ctr)
{
    const struct weir_chunk_set *chunks = &ctr->state.chunks;
    size_t count = 0;

    for (size_t i = 0; chunks->dead_count > 0 && i < chunks->count; i++)
        count += removable(ctr, chunks->items[i]);
    return count;
}

static void begin_sweep(struct weir_container *ctr, size_t count)
{
    struct weir_chunk_set *chunks = &ctr->state.chunks;
    struct weir_sweep *sweep = calloc(1, sizeof(*sweep));

    if (sweep == NULL)
        return; /* the next one */
    sweep->chunks = malloc((count + 1) * sizeof(*sweep->chunks));
    if (sweep->chunks == NULL) {
        free(sweep);
        return;
    }
    for (size_t i = chunks->count; i-- > 0;) {
        if (removable(ctr, chunks->items[i])) {
            sweep->chunks[sweep->chunk_count++] = chunks->items[i]->id;
            weir_chunk_set_remove(chunks, chunks->items[i]);
        }
    }
    sweep->job = (struct weir_job){.work = sweep_work, .done = sweep_done, .loop = ctr->loop};
    sweep->ctr = ctr;
    sweep->published_lsn = ctr->published_lsn;
    sweep->logs = !ctr->swept;
    ctr->swept = true;
    ctr->sweep = sweep;
    weir_host_submit(weir_loop_host(ctr->loop), &sweep->job);
}

void weir_sweep_step(struct weir_container *ctr)
{
    size_t dead;

    if (ctr->sweep != NULL)
        return;
    dead = removable_count(ctr);
    if (dead > 0 || !ctr->swept)
        begin_sweep(ctr, dead);
}

void weir_sweep_stop(struct weir_container *ctr)
{
    if (ctr->sweep == NULL)
        return;
    weir_host_cancel(weir_loop_host(ctr->loop), &ctr->sweep->job);
    sweep_free(ctr->sweep);
}
