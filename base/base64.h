/**
 * @file base/base64.h
 * @brief Base64 of RFC 4648: the standard alphabet, no line breaks; the URL-safe one of web tokens; and groups of any
 *        alphabet for those who decode without memory.
 */
#ifndef WEIR_BASE_BASE64_H
#define WEIR_BASE_BASE64_H

#include "weir/buf.h"

/** Appends the digits of `bytes` and their padding. */
void weir_base64_append(struct weir_buf *out, struct weir_view bytes);
/** The same in the URL-safe alphabet and without padding, as web tokens have it. */
void weir_base64_append_url(struct weir_buf *out, struct weir_view bytes);
/**
 * Appends the bytes that `text` stands for; `out->status` tells whether there was room. The padding may be missing.
 * @return how many characters were taken: text.len, or where it stops being base64
 */
size_t weir_base64_decode(struct weir_buf *out, struct weir_view text);
/**
 * One group of 2 to 4 digits, which stand for 1 to 3 bytes.
 * @param any_alphabet digits of the URL-safe one are taken as well, whichever the others are of
 * @return how many digits were taken: `count`, or where they stop being digits
 */
size_t weir_base64_group(const uint8_t *digits, size_t count, bool any_alphabet, uint8_t bytes[3]);

#endif
