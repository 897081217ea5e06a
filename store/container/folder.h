/**
 * @file store/container/folder.h
 * @brief What is in a container's folder: its files by kind, and a whole file in memory.
 */
#ifndef WEIR_STORE_FOLDER_H
#define WEIR_STORE_FOLDER_H

#include "store/container/block.h"
#include "store/container/paths.h"
#include "weir/fs.h"

struct weir_file_numbers {
    uint64_t *items; /**< ascending, because names are listed in byte order */
    size_t count, cap;
};

struct weir_folder {
    struct weir_file_numbers kinds[3]; /**< by weir_path_kind */
    bool has_temporary;                /**< a checkpoint that was being written */
    bool has_reached, has_reached_temporary;
};

/** @param out to be zeroed before, and given to fini after success and failure alike */
enum weir_status weir_folder_list(struct weir_fs *fs, const char *dir, struct weir_folder *out, struct weir_error *err);
void weir_folder_fini(struct weir_folder *folder);
/**
 * Whether something is there that refers to the chunks, if there are any. No crash takes that away: a chunk is written
 * after the log of what it holds, which goes only when a checkpoint is in its place.
 * @retval WEIR_E_DAMAGED nothing is: the files were removed, or are not all of a copy
 */
enum weir_status weir_folder_check_roots(const struct weir_folder *folder, const char *dir, struct weir_error *err);
/** The whole file; the block is the caller's. */
enum weir_status weir_folder_read(struct weir_fs *fs, const char *path, struct weir_block **out,
                                  struct weir_error *err);

#endif
