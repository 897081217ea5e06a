/**
 * @file base/open_files.h
 * @brief How many files and connections the process may have open: what the system gives without being asked is little.
 */
#ifndef WEIR_BASE_OPEN_FILES_H
#define WEIR_BASE_OPEN_FILES_H

#include <stdint.h>

/**
 * Raises the process's limit to what the system lets it have (RLIMIT_NOFILE, soft to hard). For programs as they start;
 * not for libraries, whose process is somebody else's.
 * @return the limit from now on
 */
uint64_t weir_open_files_raise(void);

#endif
