/*
 * msgpack_reader.c - one item after the other, bounded by the bytes that are there.
 */
#include "serde/msgpack_reader.h"

#define DEPTH_MAX 32 /* of items that are skipped */

static struct weir_msgpack_item int_item(int64_t value)
{
    return (struct weir_msgpack_item){.kind = WEIR_MSGPACK_INT, .integer = value};
}

static struct weir_msgpack_item bytes_item(struct weir_in *in, enum weir_msgpack_kind kind, size_t len)
{
    return (struct weir_msgpack_item){.kind = kind, .bytes = weir_in_take(in, len)};
}

static struct weir_msgpack_item float_item(struct weir_in *in)
{
    uint32_t bits = weir_in_u32be(in);
    float value;

    memcpy(&value, &bits, sizeof(value));
    return (struct weir_msgpack_item){.kind = WEIR_MSGPACK_DOUBLE, .number = (double)value};
}

static struct weir_msgpack_item double_item(struct weir_in *in)
{
    uint64_t bits = weir_in_u64be(in);
    double value;

    memcpy(&value, &bits, sizeof(value));
    return (struct weir_msgpack_item){.kind = WEIR_MSGPACK_DOUBLE, .number = value};
}

static struct weir_msgpack_item uint64_item(struct weir_in *in)
{
    uint64_t value = weir_in_u64be(in);

    if (value > INT64_MAX)
        in->bad = true; /* no field holds it */
    return int_item((int64_t)value);
}

static size_t in_len(struct weir_in *in, unsigned width)
{
    return width == 0 ? weir_in_u8(in) : width == 1 ? weir_in_u16be(in) : weir_in_u32be(in);
}

static struct weir_msgpack_item ext_item(struct weir_in *in, size_t len)
{
    weir_in_u8(in); /* the extension's type */
    return bytes_item(in, WEIR_MSGPACK_EXT, len);
}

struct weir_msgpack_item weir_msgpack_next(struct weir_in *in)
{
    uint8_t tag = weir_in_u8(in);

    if (tag < 0x80)
        return int_item(tag);
    if (tag < 0x90)
        return (struct weir_msgpack_item){.kind = WEIR_MSGPACK_MAP, .count = tag & 0x0f};
    if (tag < 0xa0)
        return (struct weir_msgpack_item){.kind = WEIR_MSGPACK_ARRAY, .count = tag & 0x0f};
    if (tag < 0xc0)
        return bytes_item(in, WEIR_MSGPACK_STR, tag & 0x1f);
    if (tag >= 0xe0)
        return int_item((int8_t)tag);
    switch (tag) {
    case 0xc0:
        return (struct weir_msgpack_item){.kind = WEIR_MSGPACK_NIL};
    case 0xc2:
    case 0xc3:
        return (struct weir_msgpack_item){.kind = WEIR_MSGPACK_BOOL, .integer = tag == 0xc3};
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return bytes_item(in, WEIR_MSGPACK_BIN, in_len(in, tag - 0xc4u));
    case 0xc7:
    case 0xc8:
    case 0xc9:
        return ext_item(in, in_len(in, tag - 0xc7u));
    case 0xca:
        return float_item(in);
    case 0xcb:
        return double_item(in);
    case 0xcc:
        return int_item(weir_in_u8(in));
    case 0xcd:
        return int_item(weir_in_u16be(in));
    case 0xce:
        return int_item(weir_in_u32be(in));
    case 0xcf:
        return uint64_item(in);
    case 0xd0:
        return int_item((int8_t)weir_in_u8(in));
    case 0xd1:
        return int_item((int16_t)weir_in_u16be(in));
    case 0xd2:
        return int_item((int32_t)weir_in_u32be(in));
    case 0xd3:
        return int_item((int64_t)weir_in_u64be(in));
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
        return ext_item(in, (size_t)1 << (tag - 0xd4));
    case 0xd9:
    case 0xda:
    case 0xdb:
        return bytes_item(in, WEIR_MSGPACK_STR, in_len(in, tag - 0xd9u));
    case 0xdc:
    case 0xdd:
        return (struct weir_msgpack_item){.kind = WEIR_MSGPACK_ARRAY, .count = (uint32_t)in_len(in, tag - 0xdbu)};
    case 0xde:
    case 0xdf:
        return (struct weir_msgpack_item){.kind = WEIR_MSGPACK_MAP, .count = (uint32_t)in_len(in, tag - 0xddu)};
    default: /* 0xc1 is never used */
        in->bad = true;
        return (struct weir_msgpack_item){.kind = WEIR_MSGPACK_NIL};
    }
}

/* Skips what follows an item's head. Each item takes a byte at least, so a lying count ends with the message. */
static void skip_to_depth(struct weir_in *in, struct weir_msgpack_item item, int depth)
{
    uint64_t left = item.kind == WEIR_MSGPACK_MAP     ? 2 * (uint64_t)item.count
                    : item.kind == WEIR_MSGPACK_ARRAY ? item.count
                                                      : 0;

    if (depth == DEPTH_MAX)
        in->bad = true;
    for (; left > 0 && !in->bad; left--)
        skip_to_depth(in, weir_msgpack_next(in), depth + 1);
}

void weir_msgpack_skip(struct weir_in *in, struct weir_msgpack_item item)
{
    skip_to_depth(in, item, 0);
}
