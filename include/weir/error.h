/**
 * @file weir/error.h
 * @brief The one status enum and the caller-owned error detail that every Weir and Pravega call shares.
 *
 * A call returns a status; the words go to a `struct weir_error` that the caller owns and that needs no memory. The
 * function that detects a failure words it, those above pass it on.
 */
#ifndef WEIR_ERROR_H
#define WEIR_ERROR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a caller can do about a status. */
enum weir_status_class {
    WEIR_CLASS_OK,        /**< nothing to do */
    WEIR_CLASS_RETRIABLE, /**< the same call can succeed later */
    WEIR_CLASS_CALLER,    /**< the call or the configuration has to change */
    WEIR_CLASS_FATAL,     /**< this object is finished; restart from a checkpoint */
};

/* NAME, value, class, text: feeds the enum, weir_status_name(), weir_status_class() and the docs. */
#define WEIR_STATUS_MAP(X)                                                                                             \
    X(AGAIN, -1, RETRIABLE, "not ready yet")                                                                           \
    X(INVAL, -2, CALLER, "invalid argument")                                                                           \
    X(NOMEM, -3, FATAL, "out of memory")                                                                               \
    X(IO, -4, FATAL, "input/output error")                                                                             \
    X(CLOSED, -5, RETRIABLE, "connection closed")                                                                      \
    X(PROTO, -6, FATAL, "peer broke the protocol")                                                                     \
    X(END, -7, CALLER, "end of data")                                                                                  \
    X(TIMEOUT, -8, RETRIABLE, "timed out")                                                                             \
    X(NOT_FOUND, -9, CALLER, "not found")                                                                              \
    X(EXISTS, -10, CALLER, "already exists")                                                                           \
    X(SEALED, -11, CALLER, "sealed")                                                                                   \
    X(TRUNCATED, -12, CALLER, "truncated")                                                                             \
    X(BUSY, -13, CALLER, "held by another process")                                                                    \
    X(DAMAGED, -14, FATAL, "stored data is damaged")                                                                   \
    X(FULL, -15, RETRIABLE, "no space left")                                                                           \
    X(UNSUPPORTED, -16, CALLER, "not supported")                                                                       \
    X(AUTH, -17, CALLER, "authentication failed")                                                                      \
    X(DENIED, -18, CALLER, "permission denied")                                                                        \
    X(CANCELLED, -19, CALLER, "cancelled")                                                                             \
    X(CONFLICT, -20, RETRIABLE, "condition not met")                                                                   \
    X(REFUSED, -21, RETRIABLE, "connection refused")                                                                   \
    X(TXN_FAILED, -22, FATAL, "transaction is gone")                                                                   \
    X(USER, -23, FATAL, "user function failed")                                                                        \
    X(STATE, -24, CALLER, "not allowed in this state")                                                                 \
    X(LIMIT, -25, CALLER, "over a limit")

enum weir_status {
    WEIR_OK = 0,
#define X(name, value, class, text) WEIR_E_##name = (value),
    WEIR_STATUS_MAP(X)
#undef X
};

#define WEIR_ERROR_MESSAGE_LEN_MAX 384

/** Details of a failure. Start from {0}. */
struct weir_error {
    enum weir_status status;
    int sys_errno;                            /**< errno behind the failure, 0 if none */
    char message[WEIR_ERROR_MESSAGE_LEN_MAX]; /**< one line: what could not be done, to what; no full stop */
};

/** An empty one without the price of zeroing its message: for calls that are made for each record. */
static inline void weir_error_init(struct weir_error *err)
{
    err->status = WEIR_OK;
    err->sys_errno = 0;
    err->message[0] = '\0';
}

/** "OK", "AGAIN", ...; "?" for a value outside the enum. Static string. */
const char *weir_status_name(enum weir_status status);
/** The text of the map above. Static string. */
const char *weir_status_text(enum weir_status status);
enum weir_status_class weir_status_class(enum weir_status status);

/** Words a failure into `err` (NULL is fine) and returns `status`, so that `return weir_fail(...)` reads well. */
enum weir_status weir_fail(struct weir_error *err, enum weir_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/** As weir_fail, with `sys_errno` kept and its strerror(3) text appended after ": ". */
enum weir_status weir_fail_sys(struct weir_error *err, enum weir_status status, int sys_errno, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#ifdef __cplusplus
}
#endif

#endif
