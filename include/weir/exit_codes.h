/**
 * @file weir/exit_codes.h
 * @brief What a program of ours says when it ends: `weir` and every job made with WEIR_JOB_MAIN.
 */
#ifndef WEIR_EXIT_CODES_H
#define WEIR_EXIT_CODES_H

#include "weir/error.h"

enum weir_exit_code {
    WEIR_EXIT_OK = 0,
    WEIR_EXIT_FAILED = 1,        /**< the job or the command failed; the line on standard error says of what */
    WEIR_EXIT_USAGE = 2,         /**< the command line, a setting or the pipeline itself is wrong; nothing was done */
    WEIR_EXIT_UNREACHABLE = 3,   /**< nobody answers: refused, timed out, or not allowed in */
    WEIR_EXIT_NOT_FOUND = 4,     /**< a scope, stream, file or checkpoint that is not there */
    WEIR_EXIT_EXISTS = 5,        /**< it is there already, or is held by another process */
    WEIR_EXIT_DAMAGED = 6,       /**< stored data is damaged: the line names file and place */
    WEIR_EXIT_FULL = 7,          /**< no space left on a disk */
    WEIR_EXIT_INTERRUPTED = 130, /**< Ctrl-C or SIGTERM, after a stop in order */
};

/** The code for a status. */
enum weir_exit_code weir_exit_code(enum weir_status status);

#endif
