/**
 * @file base/log.h
 * @brief Log lines with levels: "2026-01-02T03:04:05.678Z INFO  store: message". Thread: any; a line is one write.
 */
#ifndef WEIR_BASE_LOG_H
#define WEIR_BASE_LOG_H

#include <stdbool.h>

#include "weir/host.h"

struct weir_log; /* made by the host, lives as long */

bool weir_log_enabled(const struct weir_log *log, enum weir_log_level level);
/** `who` is the part of the system that speaks ("store", "checkpoint"). A NULL log says nothing. */
void weir_log_line(struct weir_log *log, enum weir_log_level level, const char *who, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#define weir_log_at(log, level, who, ...)                                                                              \
    do {                                                                                                               \
        if (weir_log_enabled(log, level))                                                                              \
            weir_log_line(log, level, who, __VA_ARGS__);                                                               \
    } while (0)
#define weir_log_error(log, who, ...) weir_log_at(log, WEIR_LOG_ERROR, who, __VA_ARGS__)
#define weir_log_warn(log, who, ...) weir_log_at(log, WEIR_LOG_WARN, who, __VA_ARGS__)
#define weir_log_info(log, who, ...) weir_log_at(log, WEIR_LOG_INFO, who, __VA_ARGS__)
#define weir_log_debug(log, who, ...) weir_log_at(log, WEIR_LOG_DEBUG, who, __VA_ARGS__)

/** For lines that a peer can cause: one of them in ten seconds. Zeroed, the first has its turn. */
struct weir_log_limit {
    int64_t next_ns;
};
static inline bool weir_log_turn(struct weir_log_limit *limit, int64_t now_ns)
{
    if (now_ns < limit->next_ns)
        return false;
    limit->next_ns = now_ns + 10 * WEIR_NS_PER_S;
    return true;
}

#endif
