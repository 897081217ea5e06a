/*
 * stream_cut_text.c - stream cuts as text: base64(gzip("0:scope/stream:<numbers>:<epochs>:<offsets>")).
 *
 * The three lists are parallel and separated by commas: "0:s/t:0,1:0,0:2415,3276". The cut of a stream without open
 * segments has three empty ones, which upstream writes but cannot read.
 */
#include "pravega/stream_cut.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/base64.h"
#include "pravega/format/gzip.h"
#include "pravega/format/objects.h"

static const char unbounded_text[] = "UNBOUNDED";

#define FIELD_COUNT 5
enum field { FIELD_VERSION, FIELD_STREAM, FIELD_NUMBERS, FIELD_EPOCHS, FIELD_OFFSETS };

/* ---- writing */

static void put_plain(const struct pravega_stream_cut *cut, struct weir_buf *out)
{
    weir_buf_printf(out, "0:%s/%s", cut->scope, cut->stream);
    for (size_t i = 0; i < cut->position_count; i++)
        weir_buf_printf(out, "%c%" PRId32, i > 0 ? ',' : ':', pravega_segment_number(cut->positions[i].id));
    for (size_t i = 0; i < cut->position_count; i++)
        weir_buf_printf(out, "%c%" PRId32, i > 0 ? ',' : ':', pravega_segment_epoch(cut->positions[i].id));
    for (size_t i = 0; i < cut->position_count; i++)
        weir_buf_printf(out, "%c%" PRId64, i > 0 ? ',' : ':', cut->positions[i].offset);
    if (cut->position_count == 0)
        weir_buf_printf(out, ":::");
}

static enum weir_status pack(const struct pravega_stream_cut *cut, struct weir_buf *text)
{
    struct weir_buf plain, packed;

    weir_buf_init(&plain, PRAVEGA_STREAM_CUT_TEXT_MAX);
    weir_buf_init(&packed, PRAVEGA_STREAM_CUT_TEXT_MAX);
    put_plain(cut, &plain);
    packed.status = plain.status;
    if (packed.status == WEIR_OK && pravega_gzip(weir_buf_view(&plain), &packed) == WEIR_OK)
        weir_base64_append(text, weir_buf_view(&packed));
    else
        text->status = packed.status;
    weir_buf_u8(text, '\0');
    weir_buf_fini(&packed);
    weir_buf_fini(&plain);
    return text->status;
}

enum weir_status pravega_stream_cut_to_text(const struct pravega_stream_cut *cut, char **text, struct weir_error *err)
{
    struct weir_buf packed;
    enum weir_status status;

    weir_buf_init(&packed, 2 * PRAVEGA_STREAM_CUT_TEXT_MAX);
    if (pravega_stream_cut_is_unbounded(cut)) {
        weir_buf_append(&packed, unbounded_text, sizeof(unbounded_text));
        status = packed.status;
    } else {
        status = pack(cut, &packed);
    }
    if (status == WEIR_OK) {
        *text = (char *)packed.ptr;
        return WEIR_OK;
    }
    weir_buf_fini(&packed);
    return weir_fail(err, status, "no text of a stream cut of %zu segments: %s", cut->position_count,
                     status == WEIR_E_LIMIT ? "it would be too long" : weir_status_text(status));
}

/* ---- reading */

static size_t count_of(struct weir_view list)
{
    size_t count = list.len > 0;

    for (size_t i = 0; i < list.len; i++)
        count += list.ptr[i] == ',';
    return count;
}

/* The next number of a list, taken from its front. */
static bool next_number(struct weir_view *list, int64_t min, int64_t max, int64_t *value)
{
    const uint8_t *comma = list->len > 0 ? memchr(list->ptr, ',', list->len) : NULL;
    struct weir_view digits = {list->ptr, comma != NULL ? (size_t)(comma - list->ptr) : list->len};
    bool negative = digits.len > 0 && digits.ptr[0] == '-';

    *list = comma != NULL ? weir_view(comma + 1, list->len - digits.len - 1) : weir_view(NULL, 0);
    if (negative)
        digits = weir_view(digits.ptr + 1, digits.len - 1);
    if (!pravega_digits_parse(digits, max, value))
        return false;
    if (negative)
        *value = -*value;
    return *value >= min;
}

static enum weir_status parse_positions(const struct weir_view fields[FIELD_COUNT], struct pravega_stream_cut *cut,
                                        struct weir_error *err)
{
    struct weir_view numbers = fields[FIELD_NUMBERS], epochs = fields[FIELD_EPOCHS], offsets = fields[FIELD_OFFSETS];

    for (size_t i = 0; i < cut->position_count; i++) {
        int64_t number, epoch, offset;

        if (!next_number(&numbers, 0, INT32_MAX, &number) || !next_number(&epochs, 0, INT32_MAX, &epoch) ||
            !next_number(&offsets, PRAVEGA_OFFSET_COMPLETED, INT64_MAX, &offset))
            return weir_fail(err, WEIR_E_INVAL,
                             "no stream cut: position %zu of %zu is not a segment's number, its epoch and an offset",
                             i + 1, cut->position_count);
        cut->positions[i] = (struct pravega_segment_offset){epoch << 32 | number, offset};
    }
    if (!pravega_stream_cut_arrange(cut))
        return weir_fail(err, WEIR_E_INVAL, "no stream cut: it has the same segment twice");
    return WEIR_OK;
}

static bool split(struct weir_view text, struct weir_view fields[FIELD_COUNT])
{
    for (int i = 0; i < FIELD_COUNT - 1; i++) {
        const uint8_t *colon = text.len > 0 ? memchr(text.ptr, ':', text.len) : NULL;

        if (colon == NULL)
            return false;
        fields[i] = weir_view(text.ptr, (size_t)(colon - text.ptr));
        text = weir_view(colon + 1, text.len - fields[i].len - 1);
    }
    fields[FIELD_COUNT - 1] = text;
    return true;
}

static enum weir_status parse_plain(struct weir_view text, struct pravega_stream_cut *cut, struct weir_error *err)
{
    struct weir_view fields[FIELD_COUNT], scope, stream;
    size_t count;

    if (!split(text, fields))
        return weir_fail(err, WEIR_E_INVAL, "no stream cut: what is packed has not five parts with ':' between them");
    if (!weir_view_equal(fields[FIELD_VERSION], weir_view_str("0")))
        return weir_fail(err, WEIR_E_INVAL, "a stream cut of version \"%.*s\"; this client reads version 0",
                         (int)(fields[0].len < 20 ? fields[0].len : 20), (const char *)fields[0].ptr);
    if (!pravega_scoped_name_parse(fields[FIELD_STREAM], &scope, &stream))
        return weir_fail(err, WEIR_E_INVAL, "no stream cut: its second part is not scope/stream");
    count = count_of(fields[FIELD_NUMBERS]);
    if (count_of(fields[FIELD_EPOCHS]) != count || count_of(fields[FIELD_OFFSETS]) != count)
        return weir_fail(err, WEIR_E_INVAL, "no stream cut: %zu segments, %zu epochs and %zu offsets", count,
                         count_of(fields[FIELD_EPOCHS]), count_of(fields[FIELD_OFFSETS]));
    cut->scope = strndup((const char *)scope.ptr, scope.len);
    cut->stream = strndup((const char *)stream.ptr, stream.len);
    cut->positions = count > 0 ? calloc(count, sizeof(*cut->positions)) : NULL;
    if (cut->scope == NULL || cut->stream == NULL || (count > 0 && cut->positions == NULL))
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a stream cut of %zu segments", count);
    cut->position_count = count;
    return parse_positions(fields, cut, err);
}

/* `plain` has room for one byte more than is allowed. */
static enum weir_status unpack(const char *text, struct weir_buf *plain, struct weir_error *err)
{
    struct weir_view digits = weir_view_str(text);
    enum weir_status status;
    struct weir_buf packed;
    size_t taken;

    weir_buf_init(&packed, digits.len);
    taken = weir_base64_decode(&packed, digits);
    if (taken < digits.len)
        status =
            weir_fail(err, WEIR_E_INVAL, "no stream cut: character %zu of %zu is not base64", taken + 1, digits.len);
    else if (packed.status != WEIR_OK)
        status = weir_fail(err, packed.status, "out of memory for a stream cut");
    else
        status = pravega_gunzip(weir_buf_view(&packed), plain);
    weir_buf_fini(&packed);
    if (taken == digits.len && status == WEIR_E_INVAL)
        return weir_fail(err, status, "no stream cut: what the base64 holds is no gzip, or is damaged or cut short");
    if (status == WEIR_E_LIMIT || plain->len > PRAVEGA_STREAM_CUT_TEXT_MAX)
        return weir_fail(err, WEIR_E_LIMIT, "a stream cut of more than %d bytes when unpacked is refused",
                         PRAVEGA_STREAM_CUT_TEXT_MAX);
    if (status == WEIR_E_NOMEM)
        return weir_fail(err, status, "out of memory for a stream cut");
    return status;
}

enum weir_status pravega_stream_cut_from_text(const char *text, struct pravega_stream_cut *cut, struct weir_error *err)
{
    enum weir_status status;
    struct weir_buf plain;

    *cut = (struct pravega_stream_cut){0};
    if (strcmp(text, unbounded_text) == 0)
        return WEIR_OK;
    weir_buf_init(&plain, PRAVEGA_STREAM_CUT_TEXT_MAX + 1);
    status = unpack(text, &plain, err);
    if (status == WEIR_OK)
        status = parse_plain(weir_buf_view(&plain), cut, err);
    weir_buf_fini(&plain);
    if (status != WEIR_OK)
        pravega_stream_cut_fini(cut);
    return status;
}
