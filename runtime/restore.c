/*
 * restore.c - who gets which entry of a checkpoint, whatever the parallelism was when it was taken.
 *
 * KEYED entries go to the subtask whose key groups hold theirs, UNION entries to all. LIST entries are dealt out in
 * turn, for each state by itself, in the order of the old subtasks, so that every entry goes to exactly one.
 */
#include "runtime/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_STATES_MAX 32

enum weir_status weir_restore_load(struct weir_fs *fs, const char *path, struct weir_restore **out,
                                   struct weir_error *err)
{
    struct weir_restore *restore = calloc(1, sizeof(*restore));
    enum weir_status status;

    if (restore == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory while restoring %s", path);
    snprintf(restore->path, sizeof(restore->path), "%s", path);
    status = weir_checkpoint_open(fs, path, &restore->manifest, err);
    if (status != WEIR_OK) {
        free(restore);
        return status;
    }
    restore->entries = calloc(restore->manifest.file_count + 1, sizeof(*restore->entries));
    if (restore->entries == NULL)
        status = weir_fail(err, WEIR_E_NOMEM, "out of memory while restoring %s", path);
    for (size_t i = 0; status == WEIR_OK && i < restore->manifest.file_count; i++) {
        weir_buf_init(&restore->entries[i], WEIR_SNAPSHOT_LEN_MAX);
        status = weir_checkpoint_read(fs, path, &restore->manifest.files[i], &restore->entries[i], err);
    }
    if (status != WEIR_OK) {
        weir_restore_free(restore);
        return status;
    }
    *out = restore;
    return WEIR_OK;
}

void weir_restore_free(struct weir_restore *restore)
{
    if (restore == NULL)
        return;
    for (size_t i = 0; restore->entries != NULL && i < restore->manifest.file_count; i++)
        weir_buf_fini(&restore->entries[i]);
    free(restore->entries);
    weir_manifest_fini(&restore->manifest);
    free(restore);
}

static bool plan_has(const struct weir_plan *plan, const char *uid)
{
    for (size_t v = 0; v < plan->vertex_count; v++) {
        for (size_t i = 0; i < plan->vertices[v].link_count; i++) {
            if (strcmp(plan->vertices[v].links[i].node->uid, uid) == 0)
                return true;
        }
    }
    return false;
}

static bool same_uid(const char *uid, struct weir_view section)
{
    return weir_view_equal(weir_view_str(uid), section);
}

/* An operator without a single entry may leave a pipeline unnoticed. */
static bool has_entries(const struct weir_restore *restore, const struct weir_manifest_operator *op)
{
    for (size_t i = 0; i < restore->manifest.file_count; i++) {
        struct weir_snapshot_cursor cursor = weir_snapshot_cursor(weir_buf_view(&restore->entries[i]));
        struct weir_restored entry;
        char name[128];

        if (restore->manifest.files[i].vertex != op->vertex)
            continue;
        while (weir_snapshot_next(&cursor, &entry, name) == WEIR_OK) {
            if (same_uid(op->uid, cursor.uid))
                return true;
        }
    }
    return false;
}

enum weir_status weir_restore_check(const struct weir_restore *restore, const struct weir_plan *plan,
                                    const struct weir_env_options *options, struct weir_error *err)
{
    if (restore->manifest.max_parallelism != options->max_parallelism)
        return weir_fail(err, WEIR_E_STATE,
                         "cannot restore %s: it has %d key groups, this job has %d; set pipeline.max-parallelism=%d",
                         restore->path, restore->manifest.max_parallelism, options->max_parallelism,
                         restore->manifest.max_parallelism);
    for (size_t i = 0; i < restore->manifest.operator_count && !options->ignore_unclaimed_state; i++) {
        const struct weir_manifest_operator *op = &restore->manifest.operators[i];

        if (!plan_has(plan, op->uid) && has_entries(restore, op))
            return weir_fail(
                err, WEIR_E_STATE,
                "cannot restore %s: it has state of operator \"%s\" (uid %s), which this pipeline does not "
                "have; give operators fixed uids, or set execution.savepoint.ignore-unclaimed-state=true",
                restore->path, op->name, op->uid);
    }
    return WEIR_OK;
}

/* How many entries of each LIST state were dealt so far. */
struct dealer {
    char names[LIST_STATES_MAX][128];
    size_t dealt[LIST_STATES_MAX];
    size_t count;
};

/* The turn of the next entry of the state `name`. */
static bool next_turn(struct dealer *dealer, const char *name, size_t *turn)
{
    size_t i = 0;

    while (i < dealer->count && strcmp(dealer->names[i], name) != 0)
        i++;
    if (i == LIST_STATES_MAX)
        return false;
    if (i == dealer->count) {
        snprintf(dealer->names[i], sizeof(dealer->names[i]), "%s", name);
        dealer->dealt[i] = 0;
        dealer->count++;
    }
    *turn = dealer->dealt[i]++;
    return true;
}

static enum weir_status takes(const struct weir_restore_place *place, const struct weir_restored *entry,
                              struct dealer *dealer, bool *mine, struct weir_error *err)
{
    size_t turn;

    switch (entry->kind) {
    case WEIR_STATE_KEYED:
        *mine = weir_subtask_of_group(entry->key_group, place->max_parallelism, place->parallelism) == place->subtask;
        return WEIR_OK;
    case WEIR_STATE_UNION:
        *mine = true;
        return WEIR_OK;
    case WEIR_STATE_LIST:
        if (!next_turn(dealer, entry->state_name, &turn))
            return weir_fail(err, WEIR_E_LIMIT, "more than %d list states", LIST_STATES_MAX);
        *mine = (int)(turn % (size_t)place->parallelism) == place->subtask;
        return WEIR_OK;
    }
    return weir_fail(err, WEIR_E_DAMAGED, "an entry of state \"%s\" is of no known kind", entry->state_name);
}

/* The operator's entries in one file. */
static enum weir_status
each_of_file(struct weir_view entries, const struct weir_restore_place *place, struct dealer *dealer,
             enum weir_status (*each)(void *arg, const struct weir_restored *entry, struct weir_error *err), void *arg,
             struct weir_error *err)
{
    struct weir_snapshot_cursor cursor = weir_snapshot_cursor(entries);
    struct weir_restored entry;
    enum weir_status status;
    char name[128];

    while ((status = weir_snapshot_next(&cursor, &entry, name)) == WEIR_OK) {
        bool mine = false;

        if (!same_uid(place->uid, cursor.uid))
            continue;
        status = takes(place, &entry, dealer, &mine, err);
        if (status == WEIR_OK && mine)
            status = each(arg, &entry, err);
        if (status != WEIR_OK)
            return status;
    }
    if (status != WEIR_E_END)
        return weir_fail(err, WEIR_E_DAMAGED, "a snapshot's entries end in the middle");
    return WEIR_OK;
}

/* The file of an old subtask, or NULL: files may stand in any order. */
static const struct weir_buf *file_of(const struct weir_restore *restore, int vertex, int subtask)
{
    for (size_t i = 0; i < restore->manifest.file_count; i++) {
        if (restore->manifest.files[i].vertex == vertex && restore->manifest.files[i].subtask == subtask)
            return &restore->entries[i];
    }
    return NULL;
}

enum weir_status weir_restore_each(const struct weir_restore *restore, const struct weir_restore_place *place,
                                   enum weir_status (*each)(void *arg, const struct weir_restored *entry,
                                                            struct weir_error *err),
                                   void *arg, struct weir_error *err)
{
    struct dealer *dealer = calloc(1, sizeof(*dealer));
    enum weir_status status = WEIR_OK;

    if (dealer == NULL)
        return weir_fail(err, WEIR_E_NOMEM, "out of memory while restoring");
    for (size_t i = 0; i < restore->manifest.operator_count; i++) {
        const struct weir_manifest_operator *op = &restore->manifest.operators[i];

        if (strcmp(op->uid, place->uid) != 0)
            continue;
        for (int subtask = 0; subtask < op->parallelism && status == WEIR_OK; subtask++) {
            const struct weir_buf *entries = file_of(restore, op->vertex, subtask);

            if (entries != NULL)
                status = each_of_file(weir_buf_view(entries), place, dealer, each, arg, err);
        }
    }
    free(dealer);
    return status;
}
