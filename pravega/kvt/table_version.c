/*
 * table_version.c - the version of a key as text and as bytes, as Java clients write them.
 *
 * The bytes are upstream's TableSegmentKeyVersion: version 0, one revision with an i64.
 */
#include <inttypes.h>
#include <stdio.h>

#include "pravega/format/revision_data.h"
#include "pravega/key_value_table.h"

#define NOT_EXISTS (-1)

void pravega_table_version_text(struct pravega_table_version version, char out[PRAVEGA_TABLE_VERSION_TEXT_CAP])
{
    snprintf(out, PRAVEGA_TABLE_VERSION_TEXT_CAP, "%" PRId64 ":%" PRId64, version.segment, version.version);
}

/* A decimal number as Long.parseLong takes it, from the front of `text`; false if there is none. */
static bool take_number(struct weir_in *text, int64_t *out)
{
    bool is_negative = false;
    int64_t value = 0;
    int digit_count = 0;

    if (weir_in_left(text) > 0 && (*text->ptr == '-' || *text->ptr == '+'))
        is_negative = weir_in_u8(text) == '-';
    for (; weir_in_left(text) > 0 && *text->ptr >= '0' && *text->ptr <= '9'; digit_count++) {
        int digit = weir_in_u8(text) - '0';

        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, is_negative ? -digit : digit, &value))
            return false;
    }
    *out = value;
    return digit_count > 0;
}

enum weir_status pravega_table_version_parse(struct weir_view text, struct pravega_table_version *out,
                                             struct weir_error *err)
{
    struct weir_in in = weir_in(text);
    struct pravega_table_version version;

    if (!take_number(&in, &version.segment) || weir_in_u8(&in) != ':' || !take_number(&in, &version.version) ||
        weir_in_left(&in) > 0)
        return weir_fail(err, WEIR_E_INVAL, "\"%.*s\" is no version of a table's key: it looks like \"0:25\"",
                         (int)(text.len < 60 ? text.len : 60), (const char *)text.ptr);
    *out = version;
    return WEIR_OK;
}

size_t pravega_table_version_bytes(struct pravega_table_version version, uint8_t out[PRAVEGA_TABLE_VERSION_BYTES_CAP])
{
    static const uint8_t head[] = {0, 0, 1, 0, 0, 0, 0, 8}; /* envelope; revision 0 of 8 bytes */

    if (version.version == NOT_EXISTS)
        return 0;
    memcpy(out, head, sizeof(head));
    weir_put_u64be(out + sizeof(head), (uint64_t)version.version);
    return PRAVEGA_TABLE_VERSION_BYTES_CAP;
}

enum weir_status pravega_table_version_from_bytes(struct weir_view bytes, pravega_segment_id segment,
                                                  struct pravega_table_version *out, struct weir_error *err)
{
    struct pravega_in in = pravega_in(bytes);
    struct pravega_version envelope;
    int64_t version = NOT_EXISTS;
    bool is_there;

    if (bytes.len == 0) {
        *out = PRAVEGA_TABLE_NOT_EXISTS;
        return WEIR_OK;
    }
    pravega_get_version(&in, 0, &envelope);
    is_there = pravega_get_revision(&envelope);
    if (is_there)
        version = pravega_get_i64(&in);
    pravega_end_version(&envelope);
    if (!is_there || pravega_in_status(&in) != WEIR_OK)
        return weir_fail(err, WEIR_E_INVAL, "%zu bytes that are no version of a table's key", bytes.len);
    *out = (struct pravega_table_version){segment, version};
    return WEIR_OK;
}
