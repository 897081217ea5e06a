/*
 * buf.c - the growing buffer: doubling up to its cap, and a first failure that sticks.
 */
#include "weir/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CAP_MIN 64
#define VARINT_LEN_MAX 10

void weir_buf_init(struct weir_buf *buf, size_t len_max)
{
    *buf = (struct weir_buf){.len_max = len_max};
}

void weir_buf_fini(struct weir_buf *buf)
{
    free(buf->ptr);
    *buf = (struct weir_buf){.len_max = buf->len_max};
}

/* cap >= need, doubled as long as that stays within len_max. */
static bool grow(struct weir_buf *buf, size_t need)
{
    size_t cap = buf->cap < CAP_MIN ? CAP_MIN : buf->cap;
    uint8_t *ptr;

    while (cap < need)
        cap = cap > buf->len_max / 2 ? buf->len_max : cap * 2;
    if (cap > buf->len_max)
        cap = buf->len_max;
    ptr = realloc(buf->ptr, cap);
    if (ptr == NULL) {
        buf->status = WEIR_E_NOMEM;
        return false;
    }
    buf->ptr = ptr;
    buf->cap = cap;
    return true;
}

uint8_t *weir_buf_reserve(struct weir_buf *buf, size_t len)
{
    if (buf->status != WEIR_OK)
        return NULL;
    if (len > buf->len_max - buf->len) {
        buf->status = WEIR_E_LIMIT;
        return NULL;
    }
    if ((len > buf->cap - buf->len || buf->ptr == NULL) && !grow(buf, buf->len + len))
        return NULL;
    return buf->ptr + buf->len;
}

uint8_t *weir_buf_extend(struct weir_buf *buf, size_t len)
{
    uint8_t *at = weir_buf_reserve(buf, len);

    if (at != NULL)
        buf->len += len;
    return at;
}

void weir_buf_append(struct weir_buf *buf, const void *ptr, size_t len)
{
    uint8_t *at = weir_buf_extend(buf, len);

    if (at != NULL && len > 0)
        memcpy(at, ptr, len);
}

void weir_buf_consume(struct weir_buf *buf, size_t len)
{
    assert(len <= buf->len);
    buf->len -= len;
    if (len > 0 && buf->len > 0)
        memmove(buf->ptr, buf->ptr + len, buf->len);
}

void weir_buf_u8(struct weir_buf *buf, uint8_t value)
{
    weir_buf_append(buf, &value, sizeof(value));
}

void weir_buf_u16be(struct weir_buf *buf, uint16_t value)
{
    uint8_t *at = weir_buf_extend(buf, sizeof(value));

    if (at != NULL)
        weir_put_u16be(at, value);
}

void weir_buf_u32be(struct weir_buf *buf, uint32_t value)
{
    uint8_t *at = weir_buf_extend(buf, sizeof(value));

    if (at != NULL)
        weir_put_u32be(at, value);
}

void weir_buf_u64be(struct weir_buf *buf, uint64_t value)
{
    uint8_t *at = weir_buf_extend(buf, sizeof(value));

    if (at != NULL)
        weir_put_u64be(at, value);
}

void weir_buf_varint(struct weir_buf *buf, uint64_t value)
{
    uint8_t bytes[VARINT_LEN_MAX];
    size_t len = 0;

    while (value >= 0x80) {
        bytes[len++] = (uint8_t)value | 0x80;
        value >>= 7;
    }
    bytes[len++] = (uint8_t)value;
    weir_buf_append(buf, bytes, len);
}

void weir_buf_view_append(struct weir_buf *buf, struct weir_view view)
{
    weir_buf_varint(buf, view.len);
    weir_buf_append(buf, view.ptr, view.len);
}

void weir_buf_printf(struct weir_buf *buf, const char *fmt, ...)
{
    va_list args, again;
    uint8_t *at;
    int len;

    va_start(args, fmt);
    va_copy(again, args);
    len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(len >= 0);
    at = weir_buf_reserve(buf, (size_t)len + 1); /* vsnprintf wants room for its NUL */
    if (at != NULL) {
        vsnprintf((char *)at, (size_t)len + 1, fmt, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

uint64_t weir_in_varint(struct weir_in *in)
{
    uint64_t value = 0;

    for (int i = 0; i < VARINT_LEN_MAX; i++) {
        uint8_t byte = weir_in_u8(in);

        if (i == VARINT_LEN_MAX - 1 && byte > 1) /* bits above the 64th */
            break;
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80)
            return in->bad ? 0 : value;
    }
    in->bad = true;
    in->ptr = in->end;
    return 0;
}

struct weir_view weir_in_view(struct weir_in *in)
{
    uint64_t len = weir_in_varint(in);

    return weir_in_take(in, len);
}
