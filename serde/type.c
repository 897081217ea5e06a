/*
 * type.c - the operations of a type with the fixed case taken first.
 */
#include "weir/type.h"

#include <string.h>

#include "base/hash.h"

const struct weir_field *weir_type_field(const struct weir_type *type, const char *name)
{
    for (size_t i = 0; i < type->field_count; i++) {
        if (strcmp(type->fields[i].name, name) == 0)
            return &type->fields[i];
    }
    return NULL;
}

void weir_type_serialize(const struct weir_type *type, const void *value, struct weir_buf *out)
{
    if (type->fixed)
        weir_buf_append(out, value, type->size);
    else
        type->ops->serialize(type, value, out);
}

void weir_type_deserialize(const struct weir_type *type, struct weir_in *in, void *value)
{
    struct weir_view bytes;

    if (!type->fixed) {
        type->ops->deserialize(type, in, value);
        return;
    }
    bytes = weir_in_take(in, type->size);
    if (bytes.ptr != NULL)
        memcpy(value, bytes.ptr, type->size);
    else
        memset(value, 0, type->size);
}

enum weir_status weir_type_copy(const struct weir_type *type, void *to, const void *from)
{
    if (!type->fixed)
        return type->ops->copy(type, to, from);
    memcpy(to, from, type->size);
    return WEIR_OK;
}

void weir_type_destroy(const struct weir_type *type, void *value)
{
    if (!type->fixed)
        type->ops->destroy(type, value);
}

int32_t weir_type_hash_code(const struct weir_type *type, const void *value)
{
    return type->ops->hash_code(type, value);
}

bool weir_type_equal(const struct weir_type *type, const void *a, const void *b)
{
    return type->ops->equal(type, a, b);
}
