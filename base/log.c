/*
 * log.c - a log line is formatted on the stack and leaves in one write, so that lines of several threads never mix.
 */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/log_int.h"

#define LINE_LEN_MAX 1024 /* longer ones are cut */

static const char *const level_names[] = {
    [WEIR_LOG_ERROR] = "ERROR", [WEIR_LOG_WARN] = "WARN", [WEIR_LOG_INFO] = "INFO", [WEIR_LOG_DEBUG] = "DEBUG"};

bool weir_log_enabled(const struct weir_log *log, enum weir_log_level level)
{
    return log != NULL && level <= log->level;
}

static size_t format_head(char *line, size_t cap, int64_t wall_ms, enum weir_log_level level, const char *who)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    int len;

    gmtime_r(&seconds, &utc);
    len = snprintf(line, cap, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %-5s %s: ", utc.tm_year + 1900, utc.tm_mon + 1,
                   utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, (int)(wall_ms % 1000), level_names[level], who);
    return len < 0 ? 0 : (size_t)len < cap ? (size_t)len : cap - 1;
}

/* One line stays one line: what a peer sent may be in it. */
static void blank_control_bytes(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = ' ';
}

void weir_log_line(struct weir_log *log, enum weir_log_level level, const char *who, const char *fmt, ...)
{
    char line[LINE_LEN_MAX];
    size_t len;
    va_list args;
    int more;

    if (!weir_log_enabled(log, level))
        return;
    len = format_head(line, sizeof(line) - 1, log->wall_ms(log->arg), level, who);
    va_start(args, fmt);
    more = vsnprintf(line + len, sizeof(line) - 1 - len, fmt, args);
    va_end(args);
    if (more > 0)
        len += (size_t)more < sizeof(line) - 1 - len ? (size_t)more : sizeof(line) - 2 - len;
    blank_control_bytes(line, len);
    line[len++] = '\n';
    while (write(log->fd, line, len) < 0 && errno == EINTR)
        ; /* a log that cannot be written has nowhere to say so */
}
