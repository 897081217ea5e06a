/**
 * @file base/log_int.h
 * @brief What is inside a log, for the hosts that make one. Used by base/ only.
 */
#ifndef WEIR_BASE_LOG_INT_H
#define WEIR_BASE_LOG_INT_H

#include "base/log.h"

/** Constant once made, so that any thread may use it. */
struct weir_log {
    enum weir_log_level level;
    int fd;                        /**< borrowed */
    int64_t (*wall_ms)(void *arg); /**< the time in front of the line */
    void *arg;
};

#endif
