/**
 * @file weir/buf.h
 * @brief A growing byte buffer with a cap given at birth, and bounded cursors that write and read its bytes.
 *
 * Writers append to a `weir_buf` and check once at the end: the first failure sticks in `buf->status`. Readers take
 * from the front of a view; a read past the end sets `in->bad` and yields zeros, so a parser checks once as well.
 */
#ifndef WEIR_BUF_H
#define WEIR_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weir/endian.h"
#include "weir/error.h"
#include "weir/view.h"

struct weir_buf {
    uint8_t *ptr;
    size_t len, cap, len_max;
    enum weir_status status; /**< WEIR_OK, or why an append did not happen: NOMEM or LIMIT */
};

void weir_buf_init(struct weir_buf *buf, size_t len_max);
void weir_buf_fini(struct weir_buf *buf);
/** Room for `len` more bytes at the returned address, uncommitted; NULL (and status set) if they can't be had. */
uint8_t *weir_buf_reserve(struct weir_buf *buf, size_t len);
/** Room for `len` bytes, counted in; NULL as above. */
uint8_t *weir_buf_extend(struct weir_buf *buf, size_t len);
void weir_buf_append(struct weir_buf *buf, const void *ptr, size_t len);
/** Forgets the content and the status, keeps the memory. */
static inline void weir_buf_reset(struct weir_buf *buf)
{
    buf->len = 0;
    buf->status = WEIR_OK;
}
/** Drops the first `len` bytes (memmove). */
void weir_buf_consume(struct weir_buf *buf, size_t len);
static inline struct weir_view weir_buf_view(const struct weir_buf *buf)
{
    return weir_view(buf->ptr, buf->len);
}

void weir_buf_u8(struct weir_buf *buf, uint8_t value);
void weir_buf_u16be(struct weir_buf *buf, uint16_t value);
void weir_buf_u32be(struct weir_buf *buf, uint32_t value);
void weir_buf_u64be(struct weir_buf *buf, uint64_t value);
/** LEB128. */
void weir_buf_varint(struct weir_buf *buf, uint64_t value);
/** LEB128 length, then the bytes. */
void weir_buf_view_append(struct weir_buf *buf, struct weir_view view);
/** Like printf, appended without the NUL. */
void weir_buf_printf(struct weir_buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** A reader: takes from the front of [ptr, end). */
struct weir_in {
    const uint8_t *ptr, *end;
    bool bad; /**< something was asked for that is not there */
};

static inline struct weir_in weir_in(struct weir_view view)
{
    return (struct weir_in){view.ptr, view.len > 0 ? view.ptr + view.len : view.ptr,
                            false}; /* NULL may be an empty one */
}
static inline size_t weir_in_left(const struct weir_in *in)
{
    return (size_t)(in->end - in->ptr);
}
/** The next `len` bytes, borrowed from the view; {NULL, 0} and bad if they are not there. */
static inline struct weir_view weir_in_take(struct weir_in *in, size_t len)
{
    struct weir_view view = {in->ptr, len};

    if (weir_in_left(in) < len) {
        in->bad = true;
        in->ptr = in->end;
        return (struct weir_view){NULL, 0};
    }
    in->ptr += len;
    return view;
}
static inline uint8_t weir_in_u8(struct weir_in *in)
{
    struct weir_view view = weir_in_take(in, 1);

    return view.ptr != NULL ? view.ptr[0] : 0;
}
static inline uint16_t weir_in_u16be(struct weir_in *in)
{
    struct weir_view view = weir_in_take(in, 2);

    return view.ptr != NULL ? weir_get_u16be(view.ptr) : 0;
}
static inline uint32_t weir_in_u32be(struct weir_in *in)
{
    struct weir_view view = weir_in_take(in, 4);

    return view.ptr != NULL ? weir_get_u32be(view.ptr) : 0;
}
static inline uint64_t weir_in_u64be(struct weir_in *in)
{
    struct weir_view view = weir_in_take(in, 8);

    return view.ptr != NULL ? weir_get_u64be(view.ptr) : 0;
}
uint64_t weir_in_varint(struct weir_in *in);
/** What weir_buf_view_append wrote; borrowed. */
struct weir_view weir_in_view(struct weir_in *in);

#endif
