/**
 * @file store/container/check.h
 * @brief Looks a container's folder over, without opening it: what is good, what is damaged, and what that touches.
 *
 * It reads every file that a restart would read, and every page of the chunks besides, which a restart does not.
 * Nothing is written but the lock file. In memory are what the store itself would hold (the state, and the log that no
 * checkpoint covers) and one page: segment data is read page by page.
 */
#ifndef WEIR_STORE_CHECK_H
#define WEIR_STORE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "weir/fs.h"

struct weir_check_options {
    bool verbose; /**< every file, segment and damaged range; else the first of them and how many more there are */
    void (*line)(void *arg, const char *text); /**< hears the report, a line without its end at a time */
    void *arg;
};

struct weir_check_result {
    uint64_t file_count;    /**< that a restart needs */
    uint64_t damaged_count; /**< of these; a missing one counts */
    uint64_t dead_count;    /**< further ones of these, with damage in nothing but what nobody refers to any more */
    bool refused;           /**< the store would not open the folder. False with damage: some reads would fail */
};

/**
 * @retval WEIR_OK           it was looked over; `out` says with what result
 * @retval WEIR_E_BUSY       a process has the folder open: the message names it
 * @retval WEIR_E_NOT_FOUND  there is no such folder, or no store in it
 * @retval WEIR_E_IO, WEIR_E_DENIED, WEIR_E_NOMEM  it could not be looked over
 */
enum weir_status weir_store_check(struct weir_fs *fs, const char *dir, const struct weir_check_options *options,
                                  struct weir_check_result *out, struct weir_error *err);

#endif
