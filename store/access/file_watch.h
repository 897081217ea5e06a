/**
 * @file store/access/file_watch.h
 * @brief Looks at small files again and again, and tells when their bytes are others.
 *
 * Not their times: a file that is replaced by a link, or mounted over, is seen as well. The pool reads them. Thread:
 * the loop's.
 */
#ifndef WEIR_STORE_FILE_WATCH_H
#define WEIR_STORE_FILE_WATCH_H

#include "weir/host.h"
#include "weir/loop.h"

#define WEIR_WATCHED_FILES_MAX 4

struct weir_file_watch {
    struct weir_job job; /* first */
    struct weir_fs *fs;
    const char *paths[WEIR_WATCHED_FILES_MAX]; /**< NULL ends them; borrowed */
    int64_t every_ms;
    void (*changed)(void *arg); /**< on the loop; what the files were at the start is what they are compared to */
    void *arg;
    /* Private. */
    struct weir_timer timer;
    uint64_t seen, found;
    bool looking;
    bool asked; /* for a look that is still to begin */
    bool tells; /* the look under way was asked for */
};

/** Remembers what the files hold now; blocks for it. To be done before their content is used. */
void weir_file_watch_begin(struct weir_file_watch *watch, struct weir_loop *loop);
/** Looks from now on. */
void weir_file_watch_start(struct weir_file_watch *watch);
/** Looks now, and calls `changed` whatever it finds: somebody says that the files are others. After start. */
void weir_file_watch_ask(struct weir_file_watch *watch);
/** Fine for a zeroed one. */
void weir_file_watch_stop(struct weir_file_watch *watch);

#endif
