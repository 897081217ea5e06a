/*
 * basic_types.c - int, long, double, bool, string and bytes, with Java's hash codes.
 *
 * Numbers are fixed: their C bytes are their serialized form. Text and bytes are views; a copy owns its bytes.
 */
#include "weir/type.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static int32_t int_hash(const struct weir_type *type, const void *value)
{
    int32_t number;

    (void)type;
    memcpy(&number, value, sizeof(number));
    return number;
}

static int32_t long_hash(const struct weir_type *type, const void *value)
{
    int64_t number;

    (void)type;
    memcpy(&number, value, sizeof(number));
    return weir_java_long_hash(number);
}

/* Java's Double.hashCode: all NaNs are one. */
static int32_t double_hash(const struct weir_type *type, const void *value)
{
    double number;
    int64_t bits;

    (void)type;
    memcpy(&number, value, sizeof(number));
    if (number != number)
        bits = INT64_C(0x7ff8000000000000);
    else
        memcpy(&bits, &number, sizeof(bits));
    return weir_java_long_hash(bits);
}

static int32_t bool_hash(const struct weir_type *type, const void *value)
{
    (void)type;
    return *(const bool *)value ? 1231 : 1237;
}

static bool bytes_of_size_equal(const struct weir_type *type, const void *a, const void *b)
{
    return memcmp(a, b, type->size) == 0;
}

static void view_serialize(const struct weir_type *type, const void *value, struct weir_buf *out)
{
    (void)type;
    weir_buf_view_append(out, *(const struct weir_view *)value);
}

static void view_deserialize(const struct weir_type *type, struct weir_in *in, void *value)
{
    (void)type;
    *(struct weir_view *)value = weir_in_view(in);
}

static enum weir_status view_copy(const struct weir_type *type, void *to, const void *from)
{
    const struct weir_view *view = from;
    uint8_t *bytes = NULL;

    (void)type;
    if (view->len > 0) {
        bytes = malloc(view->len);
        if (bytes == NULL)
            return WEIR_E_NOMEM;
        memcpy(bytes, view->ptr, view->len);
    }
    *(struct weir_view *)to = weir_view(bytes, view->len);
    return WEIR_OK;
}

static void view_destroy(const struct weir_type *type, void *value)
{
    struct weir_view *view = value;

    (void)type;
    free((void *)view->ptr);
    *view = (struct weir_view){NULL, 0};
}

static int32_t string_hash(const struct weir_type *type, const void *value)
{
    (void)type;
    return weir_java_string_hash(*(const struct weir_view *)value);
}

/* Java's Arrays.hashCode(byte[]). */
static int32_t bytes_hash(const struct weir_type *type, const void *value)
{
    const struct weir_view *view = value;
    uint32_t hash = 1;

    (void)type;
    for (size_t i = 0; i < view->len; i++)
        hash = 31 * hash + (uint32_t)(int32_t)(int8_t)view->ptr[i];
    return (int32_t)hash;
}

static bool view_equal(const struct weir_type *type, const void *a, const void *b)
{
    (void)type;
    return weir_view_equal(*(const struct weir_view *)a, *(const struct weir_view *)b);
}

static const struct weir_type_ops int_ops = {.hash_code = int_hash, .equal = bytes_of_size_equal};
static const struct weir_type_ops long_ops = {.hash_code = long_hash, .equal = bytes_of_size_equal};
static const struct weir_type_ops double_ops = {.hash_code = double_hash, .equal = bytes_of_size_equal};
static const struct weir_type_ops bool_ops = {.hash_code = bool_hash, .equal = bytes_of_size_equal};
static const struct weir_type_ops string_ops = {.serialize = view_serialize,
                                                .deserialize = view_deserialize,
                                                .copy = view_copy,
                                                .destroy = view_destroy,
                                                .hash_code = string_hash,
                                                .equal = view_equal};
static const struct weir_type_ops bytes_ops = {.serialize = view_serialize,
                                               .deserialize = view_deserialize,
                                               .copy = view_copy,
                                               .destroy = view_destroy,
                                               .hash_code = bytes_hash,
                                               .equal = view_equal};

#define BASIC_TYPE(fn, type_name, c_type, is_fixed, type_ops)                                                          \
    const struct weir_type *weir_##fn##_type(void)                                                                     \
    {                                                                                                                  \
        static const struct weir_type type = {                                                                         \
            .name = type_name, .size = sizeof(c_type), .fixed = is_fixed, .ops = &type_ops};                           \
                                                                                                                       \
        return &type;                                                                                                  \
    }

BASIC_TYPE(int, "INT", int32_t, true, int_ops)
BASIC_TYPE(long, "LONG", int64_t, true, long_ops)
BASIC_TYPE(double, "DOUBLE", double, true, double_ops)
BASIC_TYPE(bool, "BOOLEAN", bool, true, bool_ops)
BASIC_TYPE(string, "STRING", struct weir_view, false, string_ops)
BASIC_TYPE(bytes, "BYTES", struct weir_view, false, bytes_ops)

const struct weir_type *weir_field_type(const struct weir_field *field)
{
    switch (field->kind) {
    case WEIR_FIELD_BOOL:
        return weir_bool_type();
    case WEIR_FIELD_INT:
        return weir_int_type();
    case WEIR_FIELD_LONG:
        return weir_long_type();
    case WEIR_FIELD_DOUBLE:
        return weir_double_type();
    case WEIR_FIELD_STRING:
        return weir_string_type();
    case WEIR_FIELD_BYTES:
        return weir_bytes_type();
    }
    return NULL;
}
