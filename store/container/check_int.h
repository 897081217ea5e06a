/**
 * @file store/container/check_int.h
 * @brief The check of a folder, as its two files know it: check.c (checkpoint, log, the report), check_chunks.c.
 */
#ifndef WEIR_STORE_CHECK_INT_H
#define WEIR_STORE_CHECK_INT_H

#include "store/container/check.h"
#include "store/container/folder.h"
#include "store/container/state.h"

#define WEIR_CHECK_FEW 20u /**< lines of one kind, unless all are asked for */

struct weir_check {
    struct weir_fs *fs;
    const char *dir;
    const struct weir_check_options *options;
    struct weir_check_result result;
    struct weir_folder folder;
    struct weir_state state;
    uint64_t published_lsn; /**< of the newest checkpoint; 0: there is none, or it cannot be read */
    bool state_whole;       /**< all records so far are in the state */
};

/** Tells one line. */
void weir_check_say(struct weir_check *check, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** The name of a file of this folder, for people: without the folder. */
const char *weir_check_name(const struct weir_check *check, const char *path);
/** One file that a restart needs is damaged, as `why` says. */
void weir_check_damaged(struct weir_check *check, const struct weir_error *why);

/** Looks at the chunks that the state refers to, page by page. @retval WEIR_E_NOMEM */
enum weir_status weir_check_chunks(struct weir_check *check, struct weir_error *err);

#endif
