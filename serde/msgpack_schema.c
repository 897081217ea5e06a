/*
 * msgpack_schema.c - a struct as a MessagePack map from field names to values.
 *
 * Written with msgpack-c's packer straight into the buffer; read by a small cursor of our own over the message, so that
 * text and bytes stay views into it and nothing is allocated. Unknown fields are skipped to a bounded depth, missing
 * ones are zero, and a number of the wrong kind is taken if its value fits.
 */
#include "weir/schema.h"

#include <msgpack.h>
#include <string.h>

#include "base/utf8.h"

#define DEPTH_MAX 32 /* of unknown fields that are skipped */

static int append(void *data, const char *bytes, size_t len)
{
    struct weir_buf *out = data;

    weir_buf_append(out, bytes, len);
    return out->status == WEIR_OK ? 0 : -1;
}

static void pack_text(msgpack_packer *packer, struct weir_view text)
{
    msgpack_pack_str(packer, text.len);
    msgpack_pack_str_body(packer, text.ptr, text.len);
}

static void pack_field(msgpack_packer *packer, const struct weir_field *field, const void *at)
{
    const struct weir_view *view = at;

    switch (field->kind) {
    case WEIR_FIELD_BOOL:
        *(const bool *)at ? msgpack_pack_true(packer) : msgpack_pack_false(packer);
        break;
    case WEIR_FIELD_INT:
        msgpack_pack_int32(packer, *(const int32_t *)at);
        break;
    case WEIR_FIELD_LONG:
        msgpack_pack_int64(packer, *(const int64_t *)at);
        break;
    case WEIR_FIELD_DOUBLE:
        msgpack_pack_double(packer, *(const double *)at);
        break;
    case WEIR_FIELD_STRING:
        pack_text(packer, *view);
        break;
    case WEIR_FIELD_BYTES:
        msgpack_pack_bin(packer, view->len);
        msgpack_pack_bin_body(packer, view->ptr, view->len);
        break;
    }
}

static enum weir_status msgpack_serialize(const struct weir_serialization_schema *schema, const void *element,
                                          struct weir_buf *out, struct weir_error *err)
{
    const struct weir_type *type = schema->type;
    msgpack_packer packer;

    (void)err;
    msgpack_packer_init(&packer, out, append);
    msgpack_pack_map(&packer, type->field_count);
    for (size_t i = 0; i < type->field_count; i++) {
        pack_text(&packer, weir_view_str(type->fields[i].name));
        pack_field(&packer, &type->fields[i], (const uint8_t *)element + type->fields[i].offset);
    }
    return out->status;
}

enum item_kind { ITEM_NIL, ITEM_BOOL, ITEM_INT, ITEM_DOUBLE, ITEM_STR, ITEM_BIN, ITEM_ARRAY, ITEM_MAP, ITEM_EXT };

/* One item's head; arrays and maps are followed by `count` items (twice as many for a map). */
struct item {
    enum item_kind kind;
    int64_t integer;
    double number;
    struct weir_view bytes;
    uint32_t count;
};

static struct item int_item(int64_t value)
{
    return (struct item){.kind = ITEM_INT, .integer = value};
}

static struct item bytes_item(struct weir_in *in, enum item_kind kind, size_t len)
{
    return (struct item){.kind = kind, .bytes = weir_in_take(in, len)};
}

static struct item float_item(struct weir_in *in)
{
    uint32_t bits = weir_in_u32be(in);
    float value;

    memcpy(&value, &bits, sizeof(value));
    return (struct item){.kind = ITEM_DOUBLE, .number = (double)value};
}

static struct item double_item(struct weir_in *in)
{
    uint64_t bits = weir_in_u64be(in);
    double value;

    memcpy(&value, &bits, sizeof(value));
    return (struct item){.kind = ITEM_DOUBLE, .number = value};
}

static struct item uint64_item(struct weir_in *in)
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

static struct item ext_item(struct weir_in *in, size_t len)
{
    weir_in_u8(in); /* the extension's type */
    return bytes_item(in, ITEM_EXT, len);
}

static struct item next_item(struct weir_in *in)
{
    uint8_t tag = weir_in_u8(in);

    if (tag < 0x80)
        return int_item(tag);
    if (tag < 0x90)
        return (struct item){.kind = ITEM_MAP, .count = tag & 0x0f};
    if (tag < 0xa0)
        return (struct item){.kind = ITEM_ARRAY, .count = tag & 0x0f};
    if (tag < 0xc0)
        return bytes_item(in, ITEM_STR, tag & 0x1f);
    if (tag >= 0xe0)
        return int_item((int8_t)tag);
    switch (tag) {
    case 0xc0:
        return (struct item){.kind = ITEM_NIL};
    case 0xc2:
    case 0xc3:
        return (struct item){.kind = ITEM_BOOL, .integer = tag == 0xc3};
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return bytes_item(in, ITEM_BIN, in_len(in, tag - 0xc4u));
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
        return bytes_item(in, ITEM_STR, in_len(in, tag - 0xd9u));
    case 0xdc:
    case 0xdd:
        return (struct item){.kind = ITEM_ARRAY, .count = (uint32_t)in_len(in, tag - 0xdbu)};
    case 0xde:
    case 0xdf:
        return (struct item){.kind = ITEM_MAP, .count = (uint32_t)in_len(in, tag - 0xddu)};
    default: /* 0xc1 is never used */
        in->bad = true;
        return (struct item){.kind = ITEM_NIL};
    }
}

/* Skips what follows an item's head. Each item takes a byte at least, so a lying count ends with the message. */
static void skip_rest(struct weir_in *in, struct item item, int depth)
{
    uint64_t left = item.kind == ITEM_MAP ? 2 * (uint64_t)item.count : item.kind == ITEM_ARRAY ? item.count : 0;

    if (depth == DEPTH_MAX)
        in->bad = true;
    for (; left > 0 && !in->bad; left--)
        skip_rest(in, next_item(in), depth + 1);
}

/* Puts an item into a field; false if it is not of its kind. */
static bool store_item(const struct weir_field *field, struct item item, void *at)
{
    switch (field->kind) {
    case WEIR_FIELD_BOOL:
        *(bool *)at = item.integer != 0;
        return item.kind == ITEM_BOOL;
    case WEIR_FIELD_INT:
        *(int32_t *)at = (int32_t)item.integer;
        return item.kind == ITEM_INT && item.integer == (int32_t)item.integer;
    case WEIR_FIELD_LONG:
        *(int64_t *)at = item.integer;
        return item.kind == ITEM_INT;
    case WEIR_FIELD_DOUBLE:
        *(double *)at = item.kind == ITEM_INT ? (double)item.integer : item.number;
        return item.kind == ITEM_DOUBLE || item.kind == ITEM_INT;
    case WEIR_FIELD_STRING:
        *(struct weir_view *)at = item.bytes;
        return item.kind == ITEM_STR && weir_utf8_valid_len(item.bytes) == item.bytes.len;
    case WEIR_FIELD_BYTES:
        *(struct weir_view *)at = item.bytes;
        return item.kind == ITEM_BIN || item.kind == ITEM_STR;
    }
    return false;
}

static const struct weir_field *field_of(const struct weir_type *type, struct weir_view name)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (weir_view_equal(weir_view_str(type->fields[i].name), name))
            return &type->fields[i];
    }
    return NULL;
}

static enum weir_status read_field(const struct weir_type *type, struct weir_in *in, uint8_t *value,
                                   struct weir_error *err)
{
    struct item name = next_item(in), item;
    const struct weir_field *field = name.kind == ITEM_STR ? field_of(type, name.bytes) : NULL;

    skip_rest(in, name, 0); /* a key may be anything */
    item = next_item(in);
    if (!in->bad && field != NULL && item.kind != ITEM_NIL && !store_item(field, item, value + field->offset))
        return weir_fail(err, WEIR_E_DAMAGED, "MessagePack field \"%s\" of %s is not a %s", field->name, type->name,
                         weir_field_type(field)->name);
    skip_rest(in, item, 0);
    return WEIR_OK;
}

static enum weir_status msgpack_deserialize(const struct weir_deserialization_schema *schema, struct weir_view message,
                                            struct weir_collector *out, struct weir_error *err)
{
    const struct weir_type *type = schema->type;
    _Alignas(16) uint8_t value[1024];
    struct weir_in in = weir_in(message);
    struct item map = next_item(&in);
    enum weir_status status;

    if (type->size > sizeof(value))
        return weir_fail(err, WEIR_E_LIMIT, "type %s has %zu bytes: the MessagePack format takes up to %zu", type->name,
                         type->size, sizeof(value));
    if (in.bad || map.kind != ITEM_MAP)
        return weir_fail(err, WEIR_E_DAMAGED, "message of %zu bytes is not a MessagePack map", message.len);
    memset(value, 0, type->size);
    for (uint32_t i = 0; i < map.count && !in.bad; i++) {
        status = read_field(type, &in, value, err);
        if (status != WEIR_OK)
            return status;
    }
    if (in.bad)
        return weir_fail(err, WEIR_E_DAMAGED, "MessagePack message of %zu bytes ends too early or is malformed",
                         message.len);
    if (weir_in_left(&in) != 0)
        return weir_fail(err, WEIR_E_DAMAGED, "MessagePack message of %zu bytes has %zu bytes after its map",
                         message.len, weir_in_left(&in));
    return weir_collect(out, value, err);
}

struct weir_deserialization_schema weir_msgpack_deserialization(const struct weir_type *type)
{
    return (struct weir_deserialization_schema){.type = type, .deserialize = msgpack_deserialize};
}

struct weir_serialization_schema weir_msgpack_serialization(const struct weir_type *type)
{
    return (struct weir_serialization_schema){.type = type, .serialize = msgpack_serialize};
}
