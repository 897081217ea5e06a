/*
 * names.c - streams, segments, routing keys and transaction ids as upstream writes them.
 *
 * A segment's qualified name is "scope/stream/<number>.#epoch.<epoch>"; the shadow segment of a transaction has
 * "#transaction." and the id's 32 hexadecimal digits appended.
 */
#include "pravega/names.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "weir/endian.h"

#define ROUTING_SEED UINT64_C(1741865571)
#define UNITS_LEN 512 /* bytes hashed at once: a multiple of the hash's blocks */

static bool name_char_fits(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

bool pravega_name_fits(struct weir_view name)
{
    size_t from = name.len > 0 && name.ptr[0] == '_' ? 1 : 0;

    if (name.len <= from || name.len > PRAVEGA_NAME_LEN_MAX)
        return false;
    for (size_t i = from; i < name.len; i++)
        if (!name_char_fits(name.ptr[i]))
            return false;
    return true;
}

static void copy_name(struct weir_view name, char *out)
{
    memcpy(out, name.ptr, name.len);
    out[name.len] = '\0';
}

enum weir_status pravega_stream_parse(const char *text, const char *default_scope, char scope[PRAVEGA_NAME_LEN_MAX + 1],
                                      char stream[PRAVEGA_NAME_LEN_MAX + 1], struct weir_error *err)
{
    const char *slash = strchr(text, '/');
    struct weir_view scope_part =
        slash != NULL ? weir_view(text, (size_t)(slash - text)) : weir_view_str(default_scope);
    struct weir_view stream_part = weir_view_str(slash != NULL ? slash + 1 : text);

    if (slash == NULL && default_scope == NULL)
        return weir_fail(err, WEIR_E_INVAL, "stream \"%s\" has no scope: write scope/stream, or set a default scope",
                         text);
    if (!pravega_name_fits(scope_part) || !pravega_name_fits(stream_part))
        return weir_fail(err, WEIR_E_INVAL, "stream \"%s\" is not scope/stream of letters, digits, '.' and '-'", text);
    copy_name(scope_part, scope);
    copy_name(stream_part, stream);
    return WEIR_OK;
}

bool pravega_scoped_name_parse(struct weir_view text, struct weir_view *scope, struct weir_view *stream)
{
    const uint8_t *slash = text.len > 0 ? memchr(text.ptr, '/', text.len) : NULL;

    if (slash == NULL)
        return false;
    *scope = weir_view(text.ptr, (size_t)(slash - text.ptr));
    *stream = weir_view(slash + 1, text.len - scope->len - 1);
    return pravega_name_fits(*scope) && pravega_name_fits(*stream);
}

bool pravega_digits_parse(struct weir_view text, int64_t max, int64_t *value)
{
    int64_t number = 0;

    for (size_t i = 0; i < text.len; i++) {
        int digit = text.ptr[i] - '0';

        if (digit < 0 || digit > 9 || number > (max - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *value = number;
    return text.len > 0;
}

bool pravega_segment_parse(struct weir_view text, struct pravega_segment_ref *segment)
{
    static const char delimiter[] = ".#epoch.";
    const uint8_t *slash = text.len > 0 ? memrchr(text.ptr, '/', text.len) : NULL, *mark;
    struct weir_view number, epoch_text;
    int64_t epoch = 0, low;

    if (slash == NULL)
        return false;
    number = weir_view(slash + 1, text.len - (size_t)(slash + 1 - text.ptr));
    mark = memmem(number.ptr, number.len, delimiter, sizeof(delimiter) - 1);
    if (mark != NULL) {
        epoch_text =
            weir_view(mark + sizeof(delimiter) - 1, number.len - (size_t)(mark - number.ptr) - sizeof(delimiter) + 1);
        number.len = (size_t)(mark - number.ptr);
        if (!pravega_digits_parse(epoch_text, INT32_MAX, &epoch))
            return false;
    }
    if (!pravega_digits_parse(number, INT32_MAX, &low))
        return false;
    segment->id = epoch << 32 | low;
    return pravega_scoped_name_parse(weir_view(text.ptr, (size_t)(slash - text.ptr)), &segment->scope,
                                     &segment->stream);
}

static int length_if_whole(int len, size_t cap)
{
    return len >= 0 && (size_t)len < cap ? len : -1;
}

int pravega_segment_name(const struct pravega_stream_name *stream, pravega_segment_id id, char *out, size_t cap)
{
    return length_if_whole(snprintf(out, cap, "%s/%s/%" PRId32 ".#epoch.%" PRId32, stream->scope, stream->stream,
                                    pravega_segment_number(id), pravega_segment_epoch(id)),
                           cap);
}

int pravega_txn_segment_name(const struct pravega_stream_name *stream, pravega_segment_id id, struct pravega_txn_id txn,
                             char *out, size_t cap)
{
    return length_if_whole(
        snprintf(out, cap, "%s/%s/%" PRId32 ".#epoch.%" PRId32 "#transaction.%016" PRIx64 "%016" PRIx64, stream->scope,
                 stream->stream, pravega_segment_number(id), pravega_segment_epoch(id), txn.msb, txn.lsb),
        cap);
}

/* A key's UTF-16 code units on their way into the hash. */
struct units {
    struct weir_murmur3 hash;
    uint8_t bytes[UNITS_LEN];
    size_t len;
};

static void put_unit(struct units *units, uint32_t unit)
{
    if (units->len == UNITS_LEN) {
        weir_murmur3_add(&units->hash, weir_view(units->bytes, UNITS_LEN));
        units->len = 0;
    }
    weir_put_u16le(units->bytes + units->len, (uint16_t)unit);
    units->len += 2;
}

uint64_t pravega_seeded_hash_bits(struct weir_view key, uint64_t seed)
{
    const uint8_t *at = key.ptr, *end = key.ptr + key.len;
    struct units units;
    uint64_t hash[2];

    units.hash = weir_murmur3(seed);
    units.len = 0;
    for (; at < end && *at < 0x80 && units.len < UNITS_LEN; units.len += 2) /* most keys are this and no more */
        weir_put_u16le(units.bytes + units.len, *at++);
    while (at < end) {
        uint32_t point = weir_utf8_next(&at, end);

        if (point >= 0x10000) { /* a pair of surrogates */
            put_unit(&units, 0xd800 + ((point - 0x10000) >> 10));
            point = 0xdc00 + (point & 0x3ff);
        }
        put_unit(&units, point);
    }
    weir_murmur3_end(&units.hash, weir_view(units.bytes, units.len), hash);
    return hash[0];
}

double pravega_seeded_hash(struct weir_view key, uint64_t seed)
{
    return (double)(pravega_seeded_hash_bits(key, seed) >> 12) / (double)(UINT64_C(1) << 52);
}

double pravega_routing_hash(struct weir_view key)
{
    return pravega_seeded_hash(key, ROUTING_SEED);
}

void pravega_txn_id_text(struct pravega_txn_id id, char out[37])
{
    weir_uuid_text((struct weir_uuid){id.msb, id.lsb}, out);
}
