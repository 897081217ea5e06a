/**
 * @file store/container/paths.h
 * @brief Names of the files in a container's folder.
 *
 *     lock                         held while a process has the folder open
 *     log-<first LSN>              16 hexadecimal digits each
 *     checkpoint-<last LSN>
 *     chunk-<id>
 *     reached                      an LSN that was acknowledged
 *     checkpoint.tmp, reached.tmp  being written; mean nothing
 */
#ifndef WEIR_STORE_PATHS_H
#define WEIR_STORE_PATHS_H

#include <stdbool.h>
#include <stdint.h>

#define WEIR_STORE_DIR_LEN_MAX 4000
#define WEIR_STORE_PATH_LEN_MAX (WEIR_STORE_DIR_LEN_MAX + 64)

#define WEIR_STORE_CHECKPOINT_TEMPORARY "checkpoint.tmp"
#define WEIR_STORE_REACHED "reached"
#define WEIR_STORE_REACHED_TEMPORARY "reached.tmp"

enum weir_path_kind { WEIR_PATH_LOG, WEIR_PATH_CHECKPOINT, WEIR_PATH_CHUNK };

/** `dir` has at most WEIR_STORE_DIR_LEN_MAX bytes. */
void weir_store_path(char out[WEIR_STORE_PATH_LEN_MAX], const char *dir, enum weir_path_kind kind, uint64_t number);
void weir_store_path_named(char out[WEIR_STORE_PATH_LEN_MAX], const char *dir, const char *name);
/** Whether `name` is the name of a file of `kind`, exactly as weir_store_path() makes it. */
bool weir_store_path_parse(const char *name, enum weir_path_kind kind, uint64_t *number);

#endif
