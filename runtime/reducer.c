/*
 * reducer.c - how two elements become one: a user's function, or the sum of a field.
 */
#include "runtime/reducer.h"

#include <stdio.h>

static bool is_number(const struct weir_field *field)
{
    return field->kind == WEIR_FIELD_INT || field->kind == WEIR_FIELD_LONG || field->kind == WEIR_FIELD_DOUBLE;
}

/* "count, share": what could have been asked for. */
static void list_numbers(const struct weir_type *type, char *out, size_t cap)
{
    size_t len = 0;

    snprintf(out, cap, "none");
    for (size_t i = 0; i < type->field_count && len < cap; i++) {
        if (is_number(&type->fields[i]))
            len += (size_t)snprintf(out + len, cap - len, "%s%s", len > 0 ? ", " : "", type->fields[i].name);
    }
}

enum weir_status weir_reducer_sum(const struct weir_type *type, const char *field, struct weir_reducer *out,
                                  struct weir_error *err)
{
    const struct weir_field *found = weir_type_field(type, field);
    char numbers[160];

    *out = (struct weir_reducer){.type = type, .sum_field = found};
    if (found != NULL && is_number(found))
        return WEIR_OK;
    list_numbers(type, numbers, sizeof(numbers));
    return weir_fail(err, WEIR_E_INVAL,
                     "cannot sum \"%s\" of %s: it has to be an INT, LONG or DOUBLE field (there: %s)", field,
                     type->name, numbers);
}

static void add_field(const struct weir_field *field, void *acc, const void *value)
{
    void *to = (uint8_t *)acc + field->offset;
    const void *from = (const uint8_t *)value + field->offset;

    switch (field->kind) {
    case WEIR_FIELD_INT: /* as Java: overflow wraps */
        *(int32_t *)to = (int32_t)((uint32_t) * (int32_t *)to + (uint32_t) * (const int32_t *)from);
        break;
    case WEIR_FIELD_LONG:
        *(int64_t *)to = (int64_t)((uint64_t) * (int64_t *)to + (uint64_t) * (const int64_t *)from);
        break;
    case WEIR_FIELD_DOUBLE:
        *(double *)to += *(const double *)from;
        break;
    case WEIR_FIELD_BOOL:
    case WEIR_FIELD_STRING:
    case WEIR_FIELD_BYTES: /* refused by weir_reducer_sum */
        break;
    }
}

enum weir_status weir_reducer_fold(const struct weir_reducer *reducer, void *acc, bool first, const void *element)
{
    if (first)
        return weir_type_copy(reducer->type, acc, element);
    if (reducer->sum_field != NULL)
        add_field(reducer->sum_field, acc, element);
    else
        reducer->fn(reducer->arg, acc, element);
    return WEIR_OK;
}
