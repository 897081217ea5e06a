/**
 * @file base/utf8.h
 * @brief UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef WEIR_BASE_UTF8_H
#define WEIR_BASE_UTF8_H

#include "weir/view.h"

/** How many bytes from the front are valid UTF-8: text.len if all are. */
size_t weir_utf8_valid_len(struct weir_view text);

#endif
