/*
 * schemas.c - bytes, UTF-8 text, integers and plain structs as messages.
 */
#include "weir/schema.h"

#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"
#include "weir/endian.h"

static enum weir_status bytes_deserialize(const struct weir_deserialization_schema *schema, struct weir_view message,
                                          struct weir_collector *out, struct weir_error *err)
{
    (void)schema;
    return weir_collect(out, &message, err);
}

static enum weir_status string_deserialize(const struct weir_deserialization_schema *schema, struct weir_view message,
                                           struct weir_collector *out, struct weir_error *err)
{
    size_t valid_len = weir_utf8_valid_len(message);

    (void)schema;
    if (valid_len != message.len)
        return weir_fail(err, WEIR_E_DAMAGED, "message of %zu bytes is not UTF-8: bad byte 0x%02x at %zu", message.len,
                         message.ptr[valid_len], valid_len);
    return weir_collect(out, &message, err);
}

static enum weir_status view_serialize(const struct weir_serialization_schema *schema, const void *element,
                                       struct weir_buf *out, struct weir_error *err)
{
    const struct weir_view *view = element;

    (void)schema;
    (void)err;
    weir_buf_append(out, view->ptr, view->len);
    return out->status;
}

static enum weir_status int_deserialize(const struct weir_deserialization_schema *schema, struct weir_view message,
                                        struct weir_collector *out, struct weir_error *err)
{
    int32_t value;

    (void)schema;
    if (message.len != sizeof(value))
        return weir_fail(err, WEIR_E_DAMAGED, "message of %zu bytes is not an INT: it has to have 4", message.len);
    value = (int32_t)weir_get_u32be(message.ptr);
    return weir_collect(out, &value, err);
}

static enum weir_status int_serialize(const struct weir_serialization_schema *schema, const void *element,
                                      struct weir_buf *out, struct weir_error *err)
{
    (void)schema;
    (void)err;
    weir_buf_u32be(out, (uint32_t) * (const int32_t *)element);
    return out->status;
}

static enum weir_status long_deserialize(const struct weir_deserialization_schema *schema, struct weir_view message,
                                         struct weir_collector *out, struct weir_error *err)
{
    int64_t value;

    (void)schema;
    if (message.len != sizeof(value))
        return weir_fail(err, WEIR_E_DAMAGED, "message of %zu bytes is not a LONG: it has to have 8", message.len);
    value = (int64_t)weir_get_u64be(message.ptr);
    return weir_collect(out, &value, err);
}

static enum weir_status long_serialize(const struct weir_serialization_schema *schema, const void *element,
                                       struct weir_buf *out, struct weir_error *err)
{
    (void)schema;
    (void)err;
    weir_buf_u64be(out, (uint64_t) * (const int64_t *)element);
    return out->status;
}

/* The struct may lie anywhere in the message, so it is handed on where it stands only if it is aligned there. */
static enum weir_status pod_deserialize(const struct weir_deserialization_schema *schema, struct weir_view message,
                                        struct weir_collector *out, struct weir_error *err)
{
    _Alignas(16) uint8_t value[1024];

    if (message.len != schema->type->size)
        return weir_fail(err, WEIR_E_DAMAGED, "message of %zu bytes is not a %s: it has to have %zu", message.len,
                         schema->type->name, schema->type->size);
    if ((uintptr_t)message.ptr % 16 == 0)
        return weir_collect(out, message.ptr, err);
    if (message.len > sizeof(value))
        return weir_fail(err, WEIR_E_LIMIT, "type %s has %zu bytes: the pod format takes up to %zu", schema->type->name,
                         schema->type->size, sizeof(value));
    memcpy(value, message.ptr, message.len);
    return weir_collect(out, value, err);
}

static enum weir_status pod_serialize(const struct weir_serialization_schema *schema, const void *element,
                                      struct weir_buf *out, struct weir_error *err)
{
    (void)err;
    weir_buf_append(out, element, schema->type->size);
    return out->status;
}

#define SCHEMA_PAIR(name, basic_type, deserialize_fn, serialize_fn)                                                    \
    struct weir_deserialization_schema weir_##name##_deserialization(void)                                             \
    {                                                                                                                  \
        return (struct weir_deserialization_schema){.type = weir_##basic_type##_type(),                                \
                                                    .deserialize = deserialize_fn};                                    \
    }                                                                                                                  \
    struct weir_serialization_schema weir_##name##_serialization(void)                                                 \
    {                                                                                                                  \
        return (struct weir_serialization_schema){.type = weir_##basic_type##_type(), .serialize = serialize_fn};      \
    }

SCHEMA_PAIR(bytes, bytes, bytes_deserialize, view_serialize)
SCHEMA_PAIR(string, string, string_deserialize, view_serialize)
SCHEMA_PAIR(int, int, int_deserialize, int_serialize)
SCHEMA_PAIR(long, long, long_deserialize, long_serialize)

struct weir_deserialization_schema weir_pod_deserialization(const struct weir_type *type)
{
    return (struct weir_deserialization_schema){.type = type, .deserialize = pod_deserialize};
}

struct weir_serialization_schema weir_pod_serialization(const struct weir_type *type)
{
    return (struct weir_serialization_schema){.type = type, .serialize = pod_serialize};
}
