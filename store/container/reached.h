/**
 * @file store/container/reached.h
 * @brief The file `reached`: an LSN that was acknowledged, so that a folder which ends before it is known to lack
 * files.
 *
 * A log that is gone, cut or put back from an older copy looks like one that a crash cut short; so does a copy of a
 * folder that stopped in the middle. This file tells them apart: it is a file header (record.h) whose number is an LSN
 * that every later start has to find. It is replaced as a whole when the first group of a log file is durable, and at
 * an orderly end.
 */
#ifndef WEIR_STORE_REACHED_H
#define WEIR_STORE_REACHED_H

#include "store/container/folder.h"

struct weir_reached {
    uint64_t lsn; /**< 0: nothing was */
    bool missing; /**< and the other files can't be there without it */
};

/** Blocks until it is on the disk. @retval WEIR_E_FULL, WEIR_E_IO the file before it may still be there */
enum weir_status weir_reached_write(struct weir_fs *fs, const char *dir, uint32_t store, uint64_t lsn,
                                    struct weir_error *err);
/** @param store see weir_file_header_join() @retval WEIR_E_DAMAGED, WEIR_E_UNSUPPORTED, WEIR_E_IO */
enum weir_status weir_reached_read(struct weir_fs *fs, const char *dir, const struct weir_folder *folder,
                                   uint32_t *store, struct weir_reached *out, struct weir_error *err);
/**
 * Whether what was found is all that has to be there.
 * @param last_lsn  the last LSN found
 * @param path      the newest log file, NULL if there is none
 * @param offset    where its whole records end
 * @retval WEIR_E_DAMAGED it is not
 */
enum weir_status weir_reached_check(const struct weir_reached *reached, const char *dir, uint64_t last_lsn,
                                    const char *path, uint64_t offset, struct weir_error *err);

#endif
