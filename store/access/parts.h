/**
 * @file store/access/parts.h
 * @brief Text in parts: the lines of an accounts file, the entries of a list of rights, the parts of a token.
 */
#ifndef WEIR_STORE_PARTS_H
#define WEIR_STORE_PARTS_H

#include "weir/view.h"

/** What stands before the next `separator`, or all that is left; it and the separator are taken off the front. */
static inline struct weir_view weir_part_next(struct weir_view *text, char separator)
{
    const uint8_t *at = text->len > 0 ? (const uint8_t *)memchr(text->ptr, separator, text->len) : NULL;
    struct weir_view part = weir_view(text->ptr, at != NULL ? (size_t)(at - text->ptr) : text->len);
    size_t taken = at != NULL ? part.len + 1 : part.len;

    if (taken > 0)
        *text = weir_view(text->ptr + taken, text->len - taken);
    return part;
}

static inline bool weir_part_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/** Without blanks at its ends. */
static inline struct weir_view weir_part_trim(struct weir_view text)
{
    while (text.len > 0 && weir_part_is_blank(text.ptr[0]))
        text = weir_view(text.ptr + 1, text.len - 1);
    while (text.len > 0 && weir_part_is_blank(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

#endif
