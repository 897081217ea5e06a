/**
 * @file base/wipe.h
 * @brief Memory that held a secret is wiped before it is given back.
 *
 * A buffer that grows leaves what it outgrew behind: give it its room at once.
 */
#ifndef WEIR_BASE_WIPE_H
#define WEIR_BASE_WIPE_H

#include <stdlib.h>
#include <string.h>

#include "weir/buf.h"

/** Wipes and frees a string; NULL is fine. */
static inline void weir_wipe_str(char *text)
{
    if (text == NULL)
        return;
    explicit_bzero(text, strlen(text));
    free(text);
}

/** As weir_buf_fini(), all of the buffer's memory wiped. */
static inline void weir_wipe_buf(struct weir_buf *buf)
{
    if (buf->ptr != NULL)
        explicit_bzero(buf->ptr, buf->cap);
    weir_buf_fini(buf);
}

#endif
