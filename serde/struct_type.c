/*
 * struct_type.c - C structs described by a table of fields: upstream's POJO types.
 *
 * A struct without views is fixed: its bytes are its form. With views, its serialized form is its fields in the table's
 * order, each as its basic type writes it; bytes of the struct that no field covers are zero after a read or a copy.
 */
#include "weir/type.h"

#include <string.h>

static const void *field_at(const struct weir_field *field, const void *value)
{
    return (const uint8_t *)value + field->offset;
}

static void *field_to(const struct weir_field *field, void *value)
{
    return (uint8_t *)value + field->offset;
}

static void struct_serialize(const struct weir_type *type, const void *value, struct weir_buf *out)
{
    for (size_t i = 0; i < type->field_count; i++)
        weir_type_serialize(weir_field_type(&type->fields[i]), field_at(&type->fields[i], value), out);
}

static void struct_deserialize(const struct weir_type *type, struct weir_in *in, void *value)
{
    memset(value, 0, type->size);
    for (size_t i = 0; i < type->field_count; i++)
        weir_type_deserialize(weir_field_type(&type->fields[i]), in, field_to(&type->fields[i], value));
}

static void struct_destroy(const struct weir_type *type, void *value)
{
    for (size_t i = 0; i < type->field_count; i++)
        weir_type_destroy(weir_field_type(&type->fields[i]), field_to(&type->fields[i], value));
}

static enum weir_status struct_copy(const struct weir_type *type, void *to, const void *from)
{
    enum weir_status status;

    memset(to, 0, type->size);
    for (size_t i = 0; i < type->field_count; i++) {
        status = weir_type_copy(weir_field_type(&type->fields[i]), field_to(&type->fields[i], to),
                                field_at(&type->fields[i], from));
        if (status != WEIR_OK) {
            struct_destroy(type, to); /* fields not reached yet are empty */
            return status;
        }
    }
    return WEIR_OK;
}

/* As Java's Objects.hash over the fields. */
static int32_t struct_hash(const struct weir_type *type, const void *value)
{
    uint32_t hash = 1;

    for (size_t i = 0; i < type->field_count; i++)
        hash = 31 * hash +
               (uint32_t)weir_type_hash_code(weir_field_type(&type->fields[i]), field_at(&type->fields[i], value));
    return (int32_t)hash;
}

static bool struct_equal(const struct weir_type *type, const void *a, const void *b)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (!weir_type_equal(weir_field_type(&type->fields[i]), field_at(&type->fields[i], a),
                             field_at(&type->fields[i], b)))
            return false;
    }
    return true;
}

const struct weir_type_ops weir_struct_type_ops = {.serialize = struct_serialize,
                                                   .deserialize = struct_deserialize,
                                                   .copy = struct_copy,
                                                   .destroy = struct_destroy,
                                                   .hash_code = struct_hash,
                                                   .equal = struct_equal};
