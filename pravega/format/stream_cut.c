/*
 * stream_cut.c - stream cuts in memory and as bytes.
 *
 *     envelope of version 1: utf "scope/stream" | map { clong segment id : cslong offset }
 *
 * Version 0 had unsigned offsets; it is read, not written. UNBOUNDED is no bytes at all.
 */
#include "pravega/stream_cut.h"

#include <inttypes.h>
#include <stdlib.h>

#include "pravega/format/objects.h"

#define VERSION_SIGNED 1
#define POSITION_LEN_MIN 2

void pravega_stream_cut_fini(struct pravega_stream_cut *cut)
{
    free(cut->scope);
    free(cut->stream);
    free(cut->positions);
    *cut = (struct pravega_stream_cut){0};
}

static int compare_positions(const void *a, const void *b)
{
    pravega_segment_id left = ((const struct pravega_segment_offset *)a)->id;
    pravega_segment_id right = ((const struct pravega_segment_offset *)b)->id;

    return (left > right) - (left < right);
}

bool pravega_stream_cut_arrange(struct pravega_stream_cut *cut)
{
    if (cut->position_count > 0)
        qsort(cut->positions, cut->position_count, sizeof(*cut->positions), compare_positions);
    for (size_t i = 0; i < cut->position_count; i++) {
        const struct pravega_segment_offset *at = &cut->positions[i];

        if (!pravega_segment_id_fits(at->id) || at->offset < PRAVEGA_OFFSET_COMPLETED || (i > 0 && at->id == at[-1].id))
            return false;
    }
    return true;
}

const struct pravega_segment_offset *pravega_stream_cut_find(const struct pravega_stream_cut *cut,
                                                             pravega_segment_id id)
{
    size_t low = 0, high = cut->position_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (cut->positions[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < cut->position_count && cut->positions[low].id == id ? &cut->positions[low] : NULL;
}

static bool copy_into(struct pravega_stream_cut *cut, const char *scope, const char *stream,
                      const struct pravega_segment_offset *positions, size_t count)
{
    *cut = (struct pravega_stream_cut){strdup(scope), strdup(stream), NULL, count};
    if (count > 0)
        cut->positions = calloc(count, sizeof(*positions));
    if (cut->scope == NULL || cut->stream == NULL || (count > 0 && cut->positions == NULL)) {
        pravega_stream_cut_fini(cut);
        return false;
    }
    if (count > 0)
        memcpy(cut->positions, positions, count * sizeof(*positions));
    return true;
}

enum weir_status pravega_stream_cut_set(struct pravega_stream_cut *cut, const struct pravega_stream_name *stream,
                                        const struct pravega_segment_offset *positions, size_t count,
                                        struct weir_error *err)
{
    *cut = (struct pravega_stream_cut){0};
    if (!pravega_name_fits(weir_view_str(stream->scope)) || !pravega_name_fits(weir_view_str(stream->stream)))
        return weir_fail(err, WEIR_E_INVAL, "a stream cut needs a stream: \"%s/%s\" is no name of one",
                         stream->scope != NULL ? stream->scope : "", stream->stream != NULL ? stream->stream : "");
    if (!copy_into(cut, stream->scope, stream->stream, positions, count))
        return weir_fail(err, WEIR_E_NOMEM, "out of memory for a stream cut of %zu segments", count);
    if (pravega_stream_cut_arrange(cut))
        return WEIR_OK;
    pravega_stream_cut_fini(cut);
    return weir_fail(err, WEIR_E_INVAL,
                     "a stream cut of %s/%s has a segment twice, one that is none, or an offset below -1",
                     stream->scope, stream->stream);
}

enum weir_status pravega_stream_cut_copy(struct pravega_stream_cut *cut, const struct pravega_stream_cut *from,
                                         struct weir_error *err)
{
    *cut = (struct pravega_stream_cut){0};
    if (pravega_stream_cut_is_unbounded(from) ||
        copy_into(cut, from->scope, from->stream, from->positions, from->position_count))
        return WEIR_OK;
    return weir_fail(err, WEIR_E_NOMEM, "out of memory for a stream cut of %zu segments", from->position_count);
}

bool pravega_stream_cut_equal(const struct pravega_stream_cut *a, const struct pravega_stream_cut *b)
{
    if (pravega_stream_cut_is_unbounded(a) || pravega_stream_cut_is_unbounded(b))
        return pravega_stream_cut_is_unbounded(a) && pravega_stream_cut_is_unbounded(b);
    if (!pravega_stream_cut_is_of(a, b->scope, b->stream) || a->position_count != b->position_count)
        return false;
    for (size_t i = 0; i < a->position_count; i++)
        if (a->positions[i].id != b->positions[i].id || a->positions[i].offset != b->positions[i].offset)
            return false;
    return true;
}

void pravega_stream_cut_print(const struct pravega_stream_cut *cut, struct weir_buf *out)
{
    if (pravega_stream_cut_is_unbounded(cut)) {
        weir_buf_printf(out, "UNBOUNDED");
        return;
    }
    weir_buf_printf(out, "%s/%s:", cut->scope, cut->stream);
    for (size_t i = 0; i < cut->position_count; i++)
        weir_buf_printf(out, "%s%" PRId64 "=%" PRId64, i > 0 ? ", " : "", cut->positions[i].id,
                        cut->positions[i].offset);
}

/* ---- bytes */

void pravega_put_stream_cut(struct weir_buf *out, const struct pravega_stream_cut *cut)
{
    struct pravega_stream_name name = {cut->scope, cut->stream};
    size_t revision;

    pravega_put_version(out, VERSION_SIGNED, 1);
    revision = pravega_put_revision(out, 0);
    pravega_put_stream(out, &name);
    pravega_put_count(out, cut->position_count);
    for (size_t i = 0; i < cut->position_count; i++) {
        pravega_put_clong(out, cut->positions[i].id);
        pravega_put_cslong(out, cut->positions[i].offset);
    }
    pravega_end_revision(out, revision);
}

static void get_positions(struct pravega_in *in, bool is_signed, struct pravega_stream_cut *cut)
{
    struct pravega_segment_offset *positions;
    void *items;

    cut->position_count = pravega_get_items(in, POSITION_LEN_MIN, sizeof(*positions), &items);
    cut->positions = positions = items;
    for (size_t i = 0; i < cut->position_count && pravega_get_more(in); i++) {
        positions[i].id = pravega_get_clong(in);
        positions[i].offset = is_signed ? pravega_get_cslong(in) : pravega_get_clong(in);
    }
}

void pravega_get_stream_cut(struct pravega_in *in, struct pravega_stream_cut *cut)
{
    struct pravega_version version;
    struct weir_view scope, stream;

    pravega_get_version(in, VERSION_SIGNED, &version);
    if (pravega_get_revision(&version)) {
        pravega_get_stream(in, &scope, &stream);
        cut->scope = pravega_in_strdup(in, scope);
        cut->stream = pravega_in_strdup(in, stream);
        get_positions(in, version.version >= VERSION_SIGNED, cut);
    }
    pravega_end_version(&version);
    if (cut->stream == NULL || !pravega_stream_cut_arrange(cut))
        pravega_in_refuse(in);
}

void pravega_put_stream_cut_bytes(struct weir_buf *out, const struct pravega_stream_cut *cut)
{
    size_t begin = pravega_put_bytes_begin(out);

    pravega_stream_cut_to_bytes(cut, out);
    pravega_end_bytes(out, begin);
}

void pravega_get_stream_cut_bytes(struct pravega_in *in, struct pravega_stream_cut *cut)
{
    const uint8_t *outer_end = pravega_enter_bytes(in);

    if (weir_in_left(&in->bytes) > 0)
        pravega_get_stream_cut(in, cut);
    pravega_leave_bytes(in, outer_end);
}

void pravega_stream_cut_to_bytes(const struct pravega_stream_cut *cut, struct weir_buf *out)
{
    if (!pravega_stream_cut_is_unbounded(cut))
        pravega_put_stream_cut(out, cut);
}

enum weir_status pravega_stream_cut_from_bytes(struct weir_view bytes, struct pravega_stream_cut *cut,
                                               struct weir_error *err)
{
    struct pravega_in in = pravega_in(bytes);
    enum weir_status status;

    *cut = (struct pravega_stream_cut){0};
    if (bytes.len == 0)
        return WEIR_OK;
    pravega_get_stream_cut(&in, cut);
    status = pravega_in_finish(&in, bytes.len, "stream cut", err);
    if (status != WEIR_OK)
        pravega_stream_cut_fini(cut);
    return status;
}

/* ---- what the objects share */

int pravega_stream_compare(const char *scope_a, const char *stream_a, const char *scope_b, const char *stream_b)
{
    int order = strcmp(scope_a, scope_b);

    return order != 0 ? order : strcmp(stream_a, stream_b);
}

enum weir_status pravega_in_finish(const struct pravega_in *in, size_t len, const char *what, struct weir_error *err)
{
    enum weir_status status = pravega_in_status(in);

    if (status == WEIR_E_NOMEM)
        return weir_fail(err, status, "out of memory for a %s of %zu bytes", what, len);
    if (status != WEIR_OK)
        return weir_fail(err, status, "%zu bytes are no %s in Pravega's binary form, or are cut short", len, what);
    return WEIR_OK;
}
