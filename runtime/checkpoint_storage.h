/**
 * @file runtime/checkpoint_storage.h
 * @brief Checkpoints in a folder: written aside, made visible by one rename, verified when read.
 *
 *     DIR/chk-7.inprogress/   state files, then _metadata; everything synced; then renamed to
 *     DIR/chk-7/              a complete checkpoint: appears whole or not at all
 *
 * All calls block (pool threads, or before a job runs). Thread: any; one checkpoint's files may be written in parallel.
 */
#ifndef WEIR_RUNTIME_CHECKPOINT_STORAGE_H
#define WEIR_RUNTIME_CHECKPOINT_STORAGE_H

#include "runtime/snapshot.h"
#include "weir/fs.h"

#define WEIR_UID_LEN_MAX 127
#define WEIR_PATH_LEN_MAX 1024

/** One subtask's state file. */
struct weir_state_file {
    char name[40]; /**< "vertex-subtask" within the checkpoint's folder */
    int vertex;    /**< number of the task's vertex in the manifest */
    int subtask;
    uint64_t len, hash; /**< of the file's bytes */
};

/** An operator that the job had; its entries are in the files of its vertex. */
struct weir_manifest_operator {
    char uid[WEIR_UID_LEN_MAX + 1];
    char name[WEIR_UID_LEN_MAX + 1];
    int vertex;
    int parallelism;
};

struct weir_manifest {
    int64_t checkpoint_id;
    int64_t triggered_ms, completed_ms; /**< wall clock */
    char job_name[WEIR_UID_LEN_MAX + 1];
    int max_parallelism;
    struct weir_manifest_operator *operators;
    size_t operator_count;
    struct weir_state_file *files;
    size_t file_count;
};

void weir_manifest_fini(struct weir_manifest *manifest);

/** Makes DIR and an empty chk-N.inprogress (one left by a crash is removed). Errors name the folder and the remedy. */
enum weir_status weir_checkpoint_start(struct weir_fs *fs, const char *dir, int64_t checkpoint_id,
                                       struct weir_error *err);
/** Packs, writes and syncs one state file; fills file->name, len and hash from file->vertex and subtask. */
enum weir_status weir_checkpoint_write(struct weir_fs *fs, const char *dir, int64_t checkpoint_id,
                                       const struct weir_snapshot *snapshot, struct weir_state_file *file,
                                       struct weir_error *err);
/** Writes _metadata, syncs, renames, syncs DIR: after WEIR_OK the checkpoint is durable and complete. */
enum weir_status weir_checkpoint_complete(struct weir_fs *fs, const char *dir, const struct weir_manifest *manifest,
                                          struct weir_error *err);
/** Removes chk-N.inprogress, if it is there. */
void weir_checkpoint_discard(struct weir_fs *fs, const char *dir, int64_t checkpoint_id);
/** Removes complete checkpoints but the `keep` newest (0: all), and leftovers in progress: not while one is being
 * written. */
enum weir_status weir_checkpoint_retain(struct weir_fs *fs, const char *dir, int keep, struct weir_error *err);

/**
 * The newest checkpoint of DIR that is whole; damaged ones are passed over, each with its reason in `refused`.
 * @param path     receives its folder (WEIR_PATH_LEN_MAX)
 * @param refused  called with the path and the reason of each that was passed over; may be NULL
 * @retval WEIR_E_NOT_FOUND there is none
 * @retval WEIR_E_DAMAGED   there are some, and none is whole: to begin anew would lose what they hold
 */
enum weir_status weir_checkpoint_latest(struct weir_fs *fs, const char *dir,
                                        void (*refused)(void *arg, const char *path, const struct weir_error *why),
                                        void *arg, char *path, struct weir_error *err);
/**
 * Reads and verifies the manifest of one checkpoint folder and that every state file is as the manifest says.
 * @retval WEIR_E_NOT_FOUND, WEIR_E_DAMAGED the message names the file
 */
enum weir_status weir_checkpoint_open(struct weir_fs *fs, const char *path, struct weir_manifest *out,
                                      struct weir_error *err);
/** Appends the entries of one state file to `entries`. */
enum weir_status weir_checkpoint_read(struct weir_fs *fs, const char *path, const struct weir_state_file *file,
                                      struct weir_buf *entries, struct weir_error *err);
/** The greatest checkpoint number in DIR, in progress or damaged ones included; 0 if there is none. New ones go on
 * after it. */
int64_t weir_checkpoint_last_id(struct weir_fs *fs, const char *dir);

#endif
