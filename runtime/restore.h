/**
 * @file runtime/restore.h
 * @brief A checkpoint in memory, from which subtasks take what is theirs: by key group, in turn, or all of it.
 *
 * Loaded once by a pool thread, then read by all tasks while they open; immutable meanwhile.
 */
#ifndef WEIR_RUNTIME_RESTORE_H
#define WEIR_RUNTIME_RESTORE_H

#include "runtime/checkpoint_storage.h"
#include "runtime/plan.h"

struct weir_restore {
    char path[WEIR_PATH_LEN_MAX];
    struct weir_manifest manifest;
    struct weir_buf *entries; /* of each file of the manifest */
};

/** Reads and verifies the checkpoint in the folder `path`. Blocks. */
enum weir_status weir_restore_load(struct weir_fs *fs, const char *path, struct weir_restore **out,
                                   struct weir_error *err);
void weir_restore_free(struct weir_restore *restore); /**< NULL is fine */

/**
 * @retval WEIR_E_STATE the checkpoint has state of an operator that the plan has not (unless `ignore_unclaimed`), or
 * other key groups than the plan: the message says what to do
 */
enum weir_status weir_restore_check(const struct weir_restore *restore, const struct weir_plan *plan,
                                    const struct weir_env_options *options, struct weir_error *err);

/** Which subtask asks. */
struct weir_restore_place {
    const char *uid;
    int subtask, parallelism, max_parallelism;
};

/** Calls `each` for every entry of the operator that belongs to the subtask. */
enum weir_status weir_restore_each(const struct weir_restore *restore, const struct weir_restore_place *place,
                                   enum weir_status (*each)(void *arg, const struct weir_restored *entry,
                                                            struct weir_error *err),
                                   void *arg, struct weir_error *err);

#endif
