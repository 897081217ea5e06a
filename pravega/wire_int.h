/**
 * @file pravega/wire_int.h
 * @brief One put, one get and one smallest size for each kind of field of the wire table. Used by wire*.c only.
 */
#ifndef PRAVEGA_WIRE_INT_H
#define PRAVEGA_WIRE_INT_H

#include "pravega/wire.h"

static inline void put_I8(struct weir_buf *buf, int8_t value)
{
    weir_buf_u8(buf, (uint8_t)value);
}
static inline void put_BOOL(struct weir_buf *buf, bool value)
{
    weir_buf_u8(buf, value ? 1 : 0);
}
static inline void put_I32(struct weir_buf *buf, int32_t value)
{
    weir_buf_u32be(buf, (uint32_t)value);
}
static inline void put_I64(struct weir_buf *buf, int64_t value)
{
    weir_buf_u64be(buf, (uint64_t)value);
}
static inline void put_ID(struct weir_buf *buf, int64_t value)
{
    put_I64(buf, value);
}
static inline void put_UUID(struct weir_buf *buf, struct weir_uuid value)
{
    weir_buf_u64be(buf, value.msb);
    weir_buf_u64be(buf, value.lsb);
}
static inline void put_bytes(struct weir_buf *buf, struct weir_view value)
{
    if (value.len > 0)
        weir_buf_append(buf, value.ptr, value.len);
}
static inline void put_len(struct weir_buf *buf, size_t len)
{
    if (len > PRAVEGA_WIRE_FRAME_LEN_MAX && buf->status == WEIR_OK)
        buf->status = WEIR_E_LIMIT;
    weir_buf_u32be(buf, (uint32_t)len);
}
static inline void put_STR(struct weir_buf *buf, struct weir_view value)
{
    if (value.len > UINT16_MAX && buf->status == WEIR_OK)
        buf->status = WEIR_E_LIMIT;
    weir_buf_u16be(buf, (uint16_t)value.len);
    put_bytes(buf, value);
}
static inline void put_BUF(struct weir_buf *buf, struct weir_view value)
{
    put_len(buf, value.len);
    put_bytes(buf, value);
}
static inline void put_REST(struct weir_buf *buf, struct weir_view value)
{
    put_bytes(buf, value);
}
static inline void put_EVENT(struct weir_buf *buf, struct weir_view value)
{
    put_I32(buf, 0);
    put_BUF(buf, value);
}
static inline void put_list(struct weir_buf *buf, struct pravega_wire_list value)
{
    put_I32(buf, value.count);
    put_bytes(buf, value.items);
}
#define put_NAMES put_list
#define put_NUMBERS put_list
#define put_KEYS put_list
#define put_ENTRIES put_list
#define put_MERGED put_list
#define put_UPDATES put_list
#define put_CHUNKS put_list

static inline int8_t get_I8(struct weir_in *in)
{
    return (int8_t)weir_in_u8(in);
}
static inline bool get_BOOL(struct weir_in *in)
{
    return weir_in_u8(in) != 0;
}
static inline int32_t get_I32(struct weir_in *in)
{
    return (int32_t)weir_in_u32be(in);
}
static inline int64_t get_I64(struct weir_in *in)
{
    return (int64_t)weir_in_u64be(in);
}
static inline int64_t get_ID(struct weir_in *in)
{
    return get_I64(in);
}
static inline struct weir_uuid get_UUID(struct weir_in *in)
{
    uint64_t msb = weir_in_u64be(in);

    return (struct weir_uuid){msb, weir_in_u64be(in)};
}
static inline struct weir_view get_STR(struct weir_in *in)
{
    return weir_in_take(in, weir_in_u16be(in));
}
/* A negative length is more than is left, so take() refuses it. */
static inline struct weir_view get_BUF(struct weir_in *in)
{
    return weir_in_take(in, weir_in_u32be(in));
}
static inline struct weir_view get_REST(struct weir_in *in)
{
    return weir_in_take(in, weir_in_left(in));
}
static inline struct weir_view get_EVENT(struct weir_in *in)
{
    if (get_I32(in) != 0)
        in->bad = true;
    return get_BUF(in);
}
struct pravega_wire_list pravega_wire_get_NAMES(struct weir_in *in);
struct pravega_wire_list pravega_wire_get_NUMBERS(struct weir_in *in);
struct pravega_wire_list pravega_wire_get_KEYS(struct weir_in *in);
struct pravega_wire_list pravega_wire_get_ENTRIES(struct weir_in *in);
struct pravega_wire_list pravega_wire_get_MERGED(struct weir_in *in);
struct pravega_wire_list pravega_wire_get_UPDATES(struct weir_in *in);
struct pravega_wire_list pravega_wire_get_CHUNKS(struct weir_in *in);
#define get_NAMES pravega_wire_get_NAMES
#define get_NUMBERS pravega_wire_get_NUMBERS
#define get_KEYS pravega_wire_get_KEYS
#define get_ENTRIES pravega_wire_get_ENTRIES
#define get_MERGED pravega_wire_get_MERGED
#define get_UPDATES pravega_wire_get_UPDATES
#define get_CHUNKS pravega_wire_get_CHUNKS

/* A trailing field with fewer bytes left than these is taken as absent, as upstream does. */
#define SIZE_MIN_I8 1
#define SIZE_MIN_BOOL 1
#define SIZE_MIN_I32 4
#define SIZE_MIN_I64 8
#define SIZE_MIN_ID 8
#define SIZE_MIN_STR 2
#define SIZE_MIN_BUF 4
#define SIZE_MIN_UPDATES 4

#endif
