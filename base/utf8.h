/**
 * @file base/utf8.h
 * @brief UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef WEIR_BASE_UTF8_H
#define WEIR_BASE_UTF8_H

#include <stdint.h>

#include "weir/view.h"

/** How many bytes from the front are valid UTF-8: text.len if all are. */
size_t weir_utf8_valid_len(struct weir_view text);
/** The code point at *at, which moves on; U+FFFD for each malformed part, as Java's decoder has it. *at is before end.
 */
uint32_t weir_utf8_next(const uint8_t **at, const uint8_t *end);

#endif
