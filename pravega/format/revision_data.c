/*
 * revision_data.c - upstream's revision data and versioned envelopes, written to a buffer and read from a view.
 *
 * A reader that is inside something of a stated length (a revision, a byte array) has its end moved there and moved
 * back when it leaves: everything nested is bounded by what it is nested in. A compact number says in its first bits
 * how long it is; writers take the shortest form, readers take any.
 */
#include "pravega/format/revision_data.h"

#include <stdio.h>
#include <stdlib.h>

#define UTF_LEN_MAX UINT16_MAX

static void over_limit(struct weir_buf *out)
{
    if (out->status == WEIR_OK)
        out->status = WEIR_E_LIMIT;
}

/* ---- compact numbers: sizes of 1, 2, 4 and 8 bytes, marked in the first bits */

void pravega_put_cint(struct weir_buf *out, int64_t value)
{
    if (value < 0 || value > PRAVEGA_CINT_MAX)
        over_limit(out);
    else if (value < 0x80)
        weir_buf_u8(out, (uint8_t)value);
    else if (value < 0x4000)
        weir_buf_u16be(out, (uint16_t)(0x8000 | value));
    else
        weir_buf_u32be(out, UINT32_C(0xc0000000) | (uint32_t)value);
}

int32_t pravega_get_cint(struct pravega_in *in)
{
    uint32_t first = weir_in_u8(&in->bytes), next;

    if (first < 0x80)
        return (int32_t)first;
    next = weir_in_u8(&in->bytes);
    if (first < 0xc0)
        return (int32_t)((first & 0x3f) << 8 | next);
    return (int32_t)((first & 0x3f) << 24 | next << 16 | weir_in_u16be(&in->bytes));
}

/* A number of 6, 14, 30 or 62 bits, less those of a sign, after two bits that tell which; `sign` is in the top bit. */
static void put_sized(struct weir_buf *out, uint64_t value, int bits_less, uint64_t sign)
{
    int size = 0;

    while (size < 3 && value >> ((8 << size) - 2 - bits_less) != 0)
        size++;
    value |= ((uint64_t)size << ((8 << size) - 2 - bits_less)) | sign << ((8 << size) - 1);
    switch (size) {
    case 0:
        weir_buf_u8(out, (uint8_t)value);
        break;
    case 1:
        weir_buf_u16be(out, (uint16_t)value);
        break;
    case 2:
        weir_buf_u32be(out, (uint32_t)value);
        break;
    default:
        weir_buf_u64be(out, value);
    }
}

static uint64_t get_sized(struct pravega_in *in, int bits_less, uint64_t *sign)
{
    uint64_t value = weir_in_u8(&in->bytes);
    int size = (int)(value >> (6 - bits_less)) & 3;

    *sign = value >> 7;
    for (int i = 1; i < 1 << size; i++)
        value = value << 8 | weir_in_u8(&in->bytes);
    return value & ((UINT64_C(1) << ((8 << size) - 2 - bits_less)) - 1);
}

void pravega_put_clong(struct weir_buf *out, int64_t value)
{
    if (value < 0 || value > PRAVEGA_CLONG_MAX)
        over_limit(out);
    else
        put_sized(out, (uint64_t)value, 0, 0);
}

int64_t pravega_get_clong(struct pravega_in *in)
{
    uint64_t sign;

    return (int64_t)get_sized(in, 0, &sign);
}

void pravega_put_cslong(struct weir_buf *out, int64_t value)
{
    if (value < PRAVEGA_CSLONG_MIN || value > PRAVEGA_CSLONG_MAX)
        over_limit(out);
    else
        put_sized(out, (uint64_t)(value < 0 ? -value - 1 : value), 1, value < 0);
}

int64_t pravega_get_cslong(struct pravega_in *in)
{
    uint64_t sign, value = get_sized(in, 1, &sign);

    return sign != 0 ? -(int64_t)value - 1 : (int64_t)value;
}

size_t pravega_get_count(struct pravega_in *in, size_t item_len_min)
{
    size_t count = (size_t)pravega_get_cint(in);

    if (count > weir_in_left(&in->bytes) / item_len_min) {
        pravega_in_refuse(in);
        return 0;
    }
    return count;
}

size_t pravega_get_items(struct pravega_in *in, size_t item_len_min, size_t item_size, void **items)
{
    size_t count = pravega_get_count(in, item_len_min);

    *items = NULL;
    if (count == 0)
        return 0;
    *items = calloc(count, item_size);
    if (*items != NULL)
        return count;
    pravega_in_refuse(in);
    in->status = WEIR_E_NOMEM;
    return 0;
}

/* ---- text. Java's writeUTF is UTF-8 over UTF-16 units: what takes four bytes in UTF-8 is two units of three bytes
 * each, and NUL takes two. Anything else of at most three bytes passes as it is, lone surrogates too. */

/* The code point of a four-byte sequence at `at`; 0 if there is none. */
static uint32_t four_byte_point(const uint8_t *at, const uint8_t *end)
{
    uint32_t point;

    if (end - at < 4 || (at[0] & 0xf8) != 0xf0 || (at[1] & 0xc0) != 0x80 || (at[2] & 0xc0) != 0x80 ||
        (at[3] & 0xc0) != 0x80)
        return 0;
    point =
        (uint32_t)(at[0] & 7) << 18 | (uint32_t)(at[1] & 0x3f) << 12 | (uint32_t)(at[2] & 0x3f) << 6 | (at[3] & 0x3f);
    return point >= 0x10000 && point <= 0x10ffff ? point : 0;
}

static void put_unit(struct weir_buf *out, uint32_t unit)
{
    const uint8_t bytes[] = {(uint8_t)(0xe0 | unit >> 12), (uint8_t)(0x80 | (unit >> 6 & 0x3f)),
                             (uint8_t)(0x80 | (unit & 0x3f))};

    weir_buf_append(out, bytes, sizeof(bytes));
}

static void put_modified(struct weir_buf *out, struct weir_view utf8)
{
    const uint8_t *at = utf8.ptr, *end = utf8.ptr + utf8.len;

    while (at < end) {
        uint32_t point = four_byte_point(at, end);

        if (point != 0) {
            put_unit(out, 0xd800 + ((point - 0x10000) >> 10));
            put_unit(out, 0xdc00 + ((point - 0x10000) & 0x3ff));
            at += 4;
        } else if (*at == 0) {
            weir_buf_append(out, "\xc0\x80", 2);
            at++;
        } else {
            weir_buf_u8(out, *at++);
        }
    }
}

void pravega_put_utf(struct weir_buf *out, struct weir_view utf8)
{
    size_t begin = out->len;

    if (utf8.len > UTF_LEN_MAX) {
        over_limit(out);
        return;
    }
    weir_buf_u16be(out, 0);
    put_modified(out, utf8);
    if (out->status == WEIR_OK && out->len - begin - 2 > UTF_LEN_MAX)
        over_limit(out);
    if (out->status == WEIR_OK)
        weir_put_u16be(out->ptr + begin, (uint16_t)(out->len - begin - 2));
}

void pravega_put_stream(struct weir_buf *out, const struct pravega_stream_name *stream)
{
    size_t scope_len = strlen(stream->scope), stream_len = strlen(stream->stream);

    if (scope_len + 1 + stream_len > UTF_LEN_MAX)
        over_limit(out);
    weir_buf_u16be(out, (uint16_t)(scope_len + 1 + stream_len));
    weir_buf_append(out, stream->scope, scope_len);
    weir_buf_u8(out, '/');
    weir_buf_append(out, stream->stream, stream_len);
}

void pravega_put_segment(struct weir_buf *out, const struct pravega_stream_name *stream, pravega_segment_id id)
{
    char name[PRAVEGA_SEGMENT_NAME_LEN_MAX];
    int len = pravega_segment_name(stream, id, name, sizeof(name));

    if (len < 0)
        over_limit(out);
    else
        pravega_put_utf(out, weir_view(name, (size_t)len));
}

/* Bytes of the character at `at` as Java reads it: 1 to 3, 0 if it is malformed. */
static size_t modified_char_len(const uint8_t *at, const uint8_t *end)
{
    size_t len = at[0] < 0x80 ? 1 : (at[0] & 0xe0) == 0xc0 ? 2 : (at[0] & 0xf0) == 0xe0 ? 3 : 0;

    if ((size_t)(end - at) < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

struct weir_view pravega_get_utf(struct pravega_in *in)
{
    struct weir_view text = weir_in_take(&in->bytes, weir_in_u16be(&in->bytes));

    for (size_t at = 0, len; at < text.len; at += len) {
        len = modified_char_len(text.ptr + at, text.ptr + text.len);
        if (len == 0) {
            pravega_in_refuse(in);
            return (struct weir_view){NULL, 0};
        }
    }
    return text;
}

/* The code point of two surrogates of three bytes each at `at`; 0 if there are none. */
static uint32_t surrogates_point(const uint8_t *at, const uint8_t *end)
{
    if (end - at < 6 || at[0] != 0xed || (at[1] & 0xf0) != 0xa0 || at[3] != 0xed || (at[4] & 0xf0) != 0xb0)
        return 0;
    return 0x10000 + ((uint32_t)(at[1] & 0xf) << 16 | (uint32_t)(at[2] & 0x3f) << 10 | (uint32_t)(at[4] & 0xf) << 6 |
                      (at[5] & 0x3f));
}

/* UTF-8 of checked text to `to`, which has twice the room (a NUL takes two); returns its end. */
static char *to_utf8(struct weir_view text, char *to)
{
    const uint8_t *at = text.ptr, *end = text.ptr + text.len;

    while (at < end) {
        uint32_t point = surrogates_point(at, end);

        if (point != 0) {
            *to++ = (char)(0xf0 | point >> 18);
            *to++ = (char)(0x80 | (point >> 12 & 0x3f));
            *to++ = (char)(0x80 | (point >> 6 & 0x3f));
            *to++ = (char)(0x80 | (point & 0x3f));
            at += 6;
        } else if (*at == 0) {
            *to++ = (char)0xc0;
            *to++ = (char)0x80;
            at++;
        } else {
            *to++ = (char)*at++;
        }
    }
    return to;
}

static char *allocate_text(struct pravega_in *in, size_t len)
{
    char *text = malloc(len + 1);

    if (text == NULL) {
        pravega_in_refuse(in);
        in->status = WEIR_E_NOMEM;
    }
    return text;
}

char *pravega_in_strdup(struct pravega_in *in, struct weir_view view)
{
    char *copy = in->bytes.bad ? NULL : allocate_text(in, view.len);

    if (copy == NULL)
        return NULL;
    if (view.len > 0)
        memcpy(copy, view.ptr, view.len);
    copy[view.len] = '\0';
    return copy;
}

char *pravega_get_str(struct pravega_in *in)
{
    struct weir_view text = pravega_get_utf(in);
    char *copy = in->bytes.bad ? NULL : allocate_text(in, 2 * text.len);

    if (copy != NULL)
        *to_utf8(text, copy) = '\0';
    return copy;
}

struct pravega_segment_ref pravega_get_segment(struct pravega_in *in)
{
    struct pravega_segment_ref segment = {0};

    if (!pravega_segment_parse(pravega_get_utf(in), &segment)) {
        pravega_in_refuse(in);
        return (struct pravega_segment_ref){0};
    }
    return segment;
}

void pravega_get_stream(struct pravega_in *in, struct weir_view *scope, struct weir_view *stream)
{
    if (pravega_scoped_name_parse(pravega_get_utf(in), scope, stream))
        return;
    pravega_in_refuse(in);
    *scope = *stream = (struct weir_view){NULL, 0};
}

/* ---- byte arrays */

void pravega_put_bytes(struct weir_buf *out, struct weir_view bytes)
{
    pravega_put_count(out, bytes.len);
    if (bytes.len > 0)
        weir_buf_append(out, bytes.ptr, bytes.len);
}

size_t pravega_put_bytes_begin(struct weir_buf *out)
{
    return out->len;
}

/* The length before the bytes takes as much room as it needs: they move up by that. */
void pravega_end_bytes(struct weir_buf *out, size_t begin)
{
    size_t end = out->len, prefix_len;
    uint8_t prefix[4];

    pravega_put_count(out, end - begin);
    if (out->status != WEIR_OK)
        return;
    prefix_len = out->len - end;
    memcpy(prefix, out->ptr + end, prefix_len);
    memmove(out->ptr + begin + prefix_len, out->ptr + begin, end - begin);
    memcpy(out->ptr + begin, prefix, prefix_len);
}

struct weir_view pravega_get_bytes(struct pravega_in *in)
{
    return weir_in_take(&in->bytes, (size_t)pravega_get_cint(in));
}

/* ---- what is nested is bounded by what it is nested in */

void pravega_in_refuse(struct pravega_in *in)
{
    in->bytes.bad = true;
    in->bytes.ptr = in->bytes.end;
}

/* The end of the next `len` bytes becomes the reader's. */
static void narrow(struct pravega_in *in, size_t len)
{
    if (len > weir_in_left(&in->bytes))
        pravega_in_refuse(in);
    else
        in->bytes.end = in->bytes.ptr + len;
}

static void widen(struct pravega_in *in, const uint8_t *outer_end)
{
    in->bytes.ptr = in->bytes.bad ? outer_end : in->bytes.end;
    in->bytes.end = outer_end;
}

const uint8_t *pravega_enter_bytes(struct pravega_in *in)
{
    size_t len = (size_t)pravega_get_cint(in);
    const uint8_t *outer_end = in->bytes.end;

    narrow(in, len);
    return outer_end;
}

void pravega_leave_bytes(struct pravega_in *in, const uint8_t *outer_end)
{
    widen(in, outer_end);
}

/* ---- envelopes */

void pravega_put_version(struct weir_buf *out, uint8_t version, uint8_t revision_count)
{
    weir_buf_u8(out, 0);
    weir_buf_u8(out, version);
    weir_buf_u8(out, revision_count);
}

void pravega_put_typed_version(struct weir_buf *out, uint8_t type_id, uint8_t version, uint8_t revision_count)
{
    weir_buf_u8(out, 0);
    weir_buf_u8(out, type_id);
    weir_buf_u8(out, version);
    weir_buf_u8(out, revision_count);
}

size_t pravega_put_revision(struct weir_buf *out, uint8_t number)
{
    weir_buf_u8(out, number);
    weir_buf_u32be(out, 0);
    return out->len;
}

void pravega_end_revision(struct weir_buf *out, size_t begin)
{
    if (out->status == WEIR_OK && out->len - begin > INT32_MAX)
        over_limit(out);
    if (out->status == WEIR_OK)
        weir_put_u32be(out->ptr + begin - 4, (uint32_t)(out->len - begin));
}

static void get_version(struct pravega_in *in, bool typed, uint8_t version_max, struct pravega_version *version)
{
    uint8_t format = weir_in_u8(&in->bytes);

    *version = (struct pravega_version){.in = in, .outer_end = in->bytes.end};
    version->type_id = typed ? weir_in_u8(&in->bytes) : 0;
    version->version = weir_in_u8(&in->bytes);
    version->revision_count = weir_in_u8(&in->bytes);
    if (format != 0 || version->version > version_max || version->revision_count > INT8_MAX)
        pravega_in_refuse(in);
}

void pravega_get_version(struct pravega_in *in, uint8_t version_max, struct pravega_version *version)
{
    get_version(in, false, version_max, version);
}

void pravega_get_typed_version(struct pravega_in *in, uint8_t version_max, struct pravega_version *version)
{
    get_version(in, true, version_max, version);
}

static void leave_revision(struct pravega_version *version)
{
    if (version->within)
        widen(version->in, version->outer_end);
    version->within = false;
}

/* The header of the next revision; its number. */
static uint8_t enter_revision(struct pravega_version *version)
{
    uint8_t number = weir_in_u8(&version->in->bytes);

    narrow(version->in, weir_in_u32be(&version->in->bytes));
    version->within = true;
    version->revision_next++;
    return number;
}

bool pravega_get_revision(struct pravega_version *version)
{
    uint8_t expected = version->revision_next;

    leave_revision(version);
    if (version->in->bytes.bad || expected == version->revision_count)
        return false;
    if (enter_revision(version) != expected)
        pravega_in_refuse(version->in);
    return !version->in->bytes.bad;
}

void pravega_end_version(struct pravega_version *version)
{
    leave_revision(version);
    while (!version->in->bytes.bad && version->revision_next < version->revision_count) {
        (void)enter_revision(version);
        leave_revision(version);
    }
}
