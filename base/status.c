/*
 * status.c - names, classes and words of the one status enum, and the wording of failures.
 */
#include "weir/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *weir_status_name(enum weir_status status)
{
    switch (status) {
    case WEIR_OK:
        return "OK";
#define X(name, value, class, text)                                                                                    \
    case WEIR_E_##name:                                                                                                \
        return #name;
        WEIR_STATUS_MAP(X)
#undef X
    }
    return "?";
}

const char *weir_status_text(enum weir_status status)
{
    switch (status) {
    case WEIR_OK:
        return "ok";
#define X(name, value, class, text)                                                                                    \
    case WEIR_E_##name:                                                                                                \
        return text;
        WEIR_STATUS_MAP(X)
#undef X
    }
    return "unknown status";
}

enum weir_status_class weir_status_class(enum weir_status status)
{
    switch (status) {
    case WEIR_OK:
        return WEIR_CLASS_OK;
#define X(name, value, class, text)                                                                                    \
    case WEIR_E_##name:                                                                                                \
        return WEIR_CLASS_##class;
        WEIR_STATUS_MAP(X)
#undef X
    }
    return WEIR_CLASS_FATAL;
}

enum weir_status weir_fail(struct weir_error *err, enum weir_status status, const char *fmt, ...)
{
    va_list args;

    if (err == NULL)
        return status;
    err->status = status;
    err->sys_errno = 0;
    va_start(args, fmt);
    vsnprintf(err->message, sizeof(err->message), fmt, args);
    va_end(args);
    return status;
}

enum weir_status weir_fail_sys(struct weir_error *err, enum weir_status status, int sys_errno, const char *fmt, ...)
{
    char text[128];
    va_list args;
    size_t len;

    if (err == NULL)
        return status;
    err->status = status;
    err->sys_errno = sys_errno;
    va_start(args, fmt);
    vsnprintf(err->message, sizeof(err->message), fmt, args);
    va_end(args);
    len = strlen(err->message);
    snprintf(err->message + len, sizeof(err->message) - len, ": %s", strerror_r(sys_errno, text, sizeof(text)));
    return status;
}
