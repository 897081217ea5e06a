/*
 * msgpack_schema.c - a struct as a MessagePack map from field names to values.
 *
 * Written with msgpack-c's packer straight into the buffer; read by the cursor of msgpack_reader.h, so that text and
 * bytes stay views into the message. Unknown fields are skipped, missing ones are zero, and a number of the wrong kind
 * is taken if its value fits.
 */
#include "weir/schema.h"

#include <msgpack.h>
#include <string.h>

#include "base/utf8.h"
#include "serde/msgpack_reader.h"

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

/* Puts an item into a field; false if it is not of its kind. */
static bool store_item(const struct weir_field *field, struct weir_msgpack_item item, void *at)
{
    switch (field->kind) {
    case WEIR_FIELD_BOOL:
        *(bool *)at = item.integer != 0;
        return item.kind == WEIR_MSGPACK_BOOL;
    case WEIR_FIELD_INT:
        *(int32_t *)at = (int32_t)item.integer;
        return item.kind == WEIR_MSGPACK_INT && item.integer == (int32_t)item.integer;
    case WEIR_FIELD_LONG:
        *(int64_t *)at = item.integer;
        return item.kind == WEIR_MSGPACK_INT;
    case WEIR_FIELD_DOUBLE:
        *(double *)at = item.kind == WEIR_MSGPACK_INT ? (double)item.integer : item.number;
        return item.kind == WEIR_MSGPACK_DOUBLE || item.kind == WEIR_MSGPACK_INT;
    case WEIR_FIELD_STRING:
        *(struct weir_view *)at = item.bytes;
        return item.kind == WEIR_MSGPACK_STR && weir_utf8_valid_len(item.bytes) == item.bytes.len;
    case WEIR_FIELD_BYTES:
        *(struct weir_view *)at = item.bytes;
        return item.kind == WEIR_MSGPACK_BIN || item.kind == WEIR_MSGPACK_STR;
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
    struct weir_msgpack_item name = weir_msgpack_next(in), item;
    const struct weir_field *field = name.kind == WEIR_MSGPACK_STR ? field_of(type, name.bytes) : NULL;

    weir_msgpack_skip(in, name); /* a key may be anything */
    item = weir_msgpack_next(in);
    if (!in->bad && field != NULL && item.kind != WEIR_MSGPACK_NIL && !store_item(field, item, value + field->offset))
        return weir_fail(err, WEIR_E_DAMAGED, "MessagePack field \"%s\" of %s is not a %s", field->name, type->name,
                         weir_field_type(field)->name);
    weir_msgpack_skip(in, item);
    return WEIR_OK;
}

static enum weir_status msgpack_deserialize(const struct weir_deserialization_schema *schema, struct weir_view message,
                                            struct weir_collector *out, struct weir_error *err)
{
    const struct weir_type *type = schema->type;
    _Alignas(16) uint8_t value[1024];
    struct weir_in in = weir_in(message);
    struct weir_msgpack_item map = weir_msgpack_next(&in);
    enum weir_status status;

    if (type->size > sizeof(value))
        return weir_fail(err, WEIR_E_LIMIT, "type %s has %zu bytes: the MessagePack format takes up to %zu", type->name,
                         type->size, sizeof(value));
    if (in.bad || map.kind != WEIR_MSGPACK_MAP)
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
