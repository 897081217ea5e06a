/**
 * @file hex.h
 * @brief Recorded bytes, written as hexadecimal digits, with blanks anywhere between bytes.
 */
#ifndef HEX_H
#define HEX_H

#include <check.h>
#include <stdio.h>

#include "weir/buf.h"

static inline struct weir_buf hex_bytes(const char *hex)
{
    struct weir_buf buf;

    weir_buf_init(&buf, 1 << 20);
    while (*hex != '\0') {
        unsigned byte;

        if (*hex == ' ') {
            hex++;
            continue;
        }
        ck_assert(sscanf(hex, "%2x", &byte) == 1);
        weir_buf_u8(&buf, (uint8_t)byte);
        hex += 2;
    }
    return buf;
}

/** The bytes are those, and the failure shows both. */
static inline void assert_hex(const struct weir_buf *buf, const char *hex)
{
    struct weir_buf expected = hex_bytes(hex), shown;

    weir_buf_init(&shown, 1 << 20);
    for (size_t i = 0; i < buf->len; i++)
        weir_buf_printf(&shown, "%02x", buf->ptr[i]);
    ck_assert_int_eq(buf->status, WEIR_OK);
    ck_assert_msg(weir_view_equal(weir_buf_view(buf), weir_buf_view(&expected)), "%.*s\nis not\n%s", (int)shown.len,
                  (const char *)shown.ptr, hex);
    weir_buf_fini(&shown);
    weir_buf_fini(&expected);
}

#endif
