/**
 * @file store/container/check_int.h
 * @brief The check of a folder, as its files know it: check.c (checkpoint, log, the report), check_chunks.c (which
 * chunks), check_pages.c (one of them).
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

/** Live bytes in a chunk: an extent, and the segment that has it. */
struct weir_check_live {
    const struct weir_extent *extent;
    const struct weir_segment *seg;
};

/** One chunk file, and what was found in it. */
struct weir_check_chunk {
    struct weir_check *check;
    const char *path;
    struct weir_file *file;
    uint64_t salt, end; /**< file offset up to which there are pages */
    uint8_t *page;      /**< room for one: WEIR_CHUNK_PAGE_FILE_LEN bytes */
    uint64_t page_count;
    uint64_t damage_count, range_count; /**< pages with live data, and how many runs of bytes that takes */
    uint64_t dead_count;                /**< damaged pages that nothing refers to */
};

/** Looks at all pages. @param lives what lives in the file, by run and place in it */
void weir_check_pages(struct weir_check_chunk *chunk, const struct weir_check_live *lives, size_t count);

/**
 * Looks at the chunks with live data, page by page; if it is not known what lives, at all that there are.
 * @retval WEIR_E_NOMEM, WEIR_E_UNSUPPORTED
 */
enum weir_status weir_check_chunks(struct weir_check *check, struct weir_error *err);

#endif
