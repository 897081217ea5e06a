/*
 * console.c - standard input, output and error through plain read and write.
 */
#include "base/console.h"

#include <errno.h>
#include <unistd.h>

/* 0, or the errno of what could not be written. */
static int write_all(int fd, struct weir_view text)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.ptr, text.len);

        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0)
            text = weir_view(text.ptr + n, text.len - (size_t)n);
    }
    return 0;
}

enum weir_status weir_console_out(struct weir_view text, struct weir_error *err)
{
    int failed = write_all(STDOUT_FILENO, text);

    if (failed == 0)
        return WEIR_OK;
    return weir_fail_sys(err,
                         failed == EPIPE    ? WEIR_E_CLOSED
                         : failed == ENOSPC ? WEIR_E_FULL
                                            : WEIR_E_IO,
                         failed, "cannot write to standard output");
}

void weir_console_err(struct weir_view text)
{
    write_all(STDERR_FILENO, text);
}

enum weir_status weir_console_in(void *buf, size_t cap, size_t *got, struct weir_error *err)
{
    ssize_t n;

    do {
        n = read(STDIN_FILENO, buf, cap);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return weir_fail_sys(err, WEIR_E_IO, errno, "cannot read standard input");
    *got = (size_t)n;
    return n == 0 ? WEIR_E_END : WEIR_OK;
}
