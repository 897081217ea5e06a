/*
 * names.c - which names the services take.
 */
#include "store/rules/names.h"

#include <inttypes.h>
#include <stdio.h>

static bool is_name_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

bool weir_name_valid_for_user(struct weir_view name, size_t prefix_len)
{
    if (name.len == 0 || name.len + prefix_len > PRAVEGA_NAME_LEN_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        if (!is_name_char(name.ptr[i]))
            return false;
    }
    return true;
}

bool weir_name_valid(struct weir_view name)
{
    if (name.len > 0 && name.ptr[0] == '_')
        return weir_name_valid_for_user(weir_view(name.ptr + 1, name.len - 1), 1);
    return weir_name_valid_for_user(name, 0);
}

bool weir_transient_name(struct weir_view parent, struct weir_uuid writer, struct weir_uuid random,
                         char out[PRAVEGA_SEGMENT_NAME_LEN_MAX + 1])
{
    int len;

    if (parent.len > PRAVEGA_SEGMENT_NAME_LEN_MAX)
        return false;
    len = snprintf(out, PRAVEGA_SEGMENT_NAME_LEN_MAX + 1,
                   "%.*s#transient.%016" PRIx64 "%016" PRIx64 ".%016" PRIx64 "%016" PRIx64, (int)parent.len,
                   (const char *)parent.ptr, writer.msb, writer.lsb, random.msb, random.lsb);
    return len > 0 && len <= PRAVEGA_SEGMENT_NAME_LEN_MAX;
}
